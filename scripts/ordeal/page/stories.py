# SPDX-License-Identifier: BSD-2-Clause
"""The stories of docs/ordering.md as pictures, drawn from a run's own results.

A trace does not show when the interrupt arrived, because the arrival is no event. The case
determines it, so it is written here beside the case's name, with the reason for the order.
"""
from typing import List, Optional, Sequence

from ..judge.trace import Kind, parse
from ..model import PASS, Result
from ..record import dataclass
from ..report.timeline import find_twin, twin_trace
from .lanes import lanes
from .phase import phase
from .svg import Drawing


@dataclass(frozen=True)
class Story:
    """One of the stories: its case, when the interrupt arrives, and the reason for the order."""
    key: str
    case: str
    title: str
    why: str
    after_exit: bool = False


STORIES = (
    Story("S1", "native/stories.irq_before_rdmsr.trap_gate",
          "Native: the interrupt is pending before RDMSR",
          "At the boundary before RDMSR the interrupt is pending and not blocked, so it is delivered "
          "first, with saved RIP = RDMSR. RDMSR has not been executed yet. The handler returns to "
          "RDMSR, which is executed then and raises #GP."),
    Story("S2", "hv/stories.s2.trap_gate",
          "Guest: the interrupt arrives in the hypervisor, after RDMSR has exited",
          "At the boundary before RDMSR nothing was pending, so RDMSR began to execute and exited: "
          "that boundary is past. The VM entry itself delivers the #GP that the hypervisor injects, "
          "before any pending interrupt. So the guest takes #GP first, and the interrupt at the next "
          "boundary with IF=1, which is the first instruction of the #GP handler if #GP goes through "
          "a trap gate. Bare hardware shows the same order when the shadow of STI blocks the "
          "interrupt at RDMSR's boundary: this is the native twin.", after_exit=True),
    Story("S3", "hv/stories.s3.trap_gate",
          "Guest: the interrupt is pending before RDMSR exits",
          "The interrupt is pending at RDMSR's boundary, so the guest takes it there, without an "
          "exit. The handler returns to RDMSR, which exits only then, once, and #GP is injected. The "
          "guest sees the order of S1, which is its native twin."),
    Story("S4", "hv/stories.s4.trap_gate",
          "Guest: the interrupt is pending, but RDMSR is in the shadow of STI",
          "The shadow blocks the interrupt at RDMSR's boundary, so RDMSR is executed first and exits, "
          "and #GP is injected. The delivery of #GP ends the shadow, and the interrupt follows at the "
          "first instruction of the #GP handler, exactly as in the native twin."),
)
SWEEP = "sweeps/fault.rdmsr.trap_gate"


def story_of(case: str) -> Optional[Story]:
    """The story that this case tells, if it is one of them."""
    return next((story for story in STORIES if story.case == case), None)


def arrival(story: Optional[Story], trace: str) -> Optional[int]:
    """The index of the event before which the interrupt arrives; None if that is not known."""
    if story is None:
        return None
    if not story.after_exit:
        return 0
    return next((i for i, event in enumerate(parse(trace))
                 if event.kind is Kind.ENTRY and event.rest), None)


def vector_of(trace: str) -> str:
    """The interrupt's name in the trace, such as IRQ(0x60)."""
    return next((event.name for event in parse(trace) if event.kind is Kind.IRQ), "the interrupt")


def find(results: Sequence[Result], case: str, platform: str) -> Optional[Result]:
    """The result of this case on this platform."""
    return next((r for r in results if r.case == case and r.platform == platform), None)


def best_platform(results: Sequence[Result]) -> str:
    """The first platform on which most of the stories passed; '' if none passed anywhere."""
    names = list(dict.fromkeys(r.platform for r in results))
    cases = {story.case for story in STORIES} | {SWEEP}
    passed = {name: sum(r.platform == name and r.case in cases and r.verdict == PASS
                        for r in results) for name in names}
    best = max(names, key=lambda name: passed[name], default="")
    return best if best and passed[best] else ""


def picture(results: Sequence[Result], story: Story, platform: str) -> Optional[Drawing]:
    """The picture of the story on this platform, beside its twin; None if its case did not pass."""
    result = find(results, story.case, platform)
    if result is None or result.verdict != PASS or not result.observed:
        return None
    trace = result.observed[0]
    twin = find_twin(result, results)
    return lanes(trace, None, twin_trace(twin) if twin else None, arrival(story, trace),
                 vector_of(trace))


def sweep_picture(results: Sequence[Result], platform: str) -> Optional[Drawing]:
    """The phase diagram of the sweep of RDMSR."""
    result = find(results, SWEEP, platform)
    if result is None or not result.histogram:
        return None
    return phase(result.histogram, result.expected, result.verdict == PASS, result.sweep)


def pictures(results: Sequence[Result], platform: str) -> List[tuple]:
    """(file name, drawing) for every picture of docs/ that this run can give."""
    found = [(story.key.lower() + ".svg", picture(results, story, platform)) for story in STORIES]
    found.append(("rdmsr-sweep.svg", sweep_picture(results, platform)))
    return [(name, drawing) for name, drawing in found if drawing is not None]
