# SPDX-License-Identifier: BSD-2-Clause
"""The stories of docs/ordering.md in pictures made from a run's own results.

What a trace cannot say, because no event of it tells, is when the interrupt arrived: that is what the
case does, so it is written here beside the case's name, with the reason for the order in two sentences.
"""
from dataclasses import dataclass
from typing import List, Optional, Sequence

from ..judge.trace import Kind, parse
from ..model import PASS, Result
from ..report.timeline import find_twin, twin_trace
from .lanes import lanes
from .phase import phase
from .svg import Drawing


@dataclass(frozen=True)
class Story:
    """One of the stories: its case, when the interrupt arrives, and why the order is what it is."""
    key: str
    case: str
    title: str
    why: str
    after_exit: bool = False


STORIES = (
    Story("S1", "native/stories.irq_before_rdmsr_trap_gate",
          "Native: the interrupt is pending before RDMSR",
          "At the boundary before RDMSR the interrupt is pending and nothing holds it back, so it is "
          "served first, with saved RIP = RDMSR. RDMSR has not been executed yet; when the handler "
          "returns to it, it is, and raises #GP."),
    Story("S2", "hv/stories.s2_trap_gate",
          "Guest: it arrives in the hypervisor, after RDMSR has exited",
          "At RDMSR's boundary nothing was pending, so RDMSR was executed and exited: its boundary is "
          "over. The #GP that the hypervisor injects is delivered by the entry itself, before any "
          "interrupt that waits. So the guest takes #GP first, and the interrupt at the next "
          "boundary with IF=1: the first instruction of the #GP handler, behind a trap gate. Bare "
          "hardware shows the guest's order, too, when the shadow of STI holds the interrupt back "
          "past RDMSR: that is the native twin.", after_exit=True),
    Story("S3", "hv/stories.s3_trap_gate",
          "Guest: the interrupt is pending before RDMSR exits",
          "The interrupt is pending at RDMSR's boundary, so the guest takes it there by itself, "
          "without an exit. Its handler returns to RDMSR, which only now exits, once, and #GP is "
          "injected. To the guest this is S1, its native twin."),
    Story("S4", "hv/stories.s4_trap_gate",
          "Guest: it is pending, but RDMSR is in the shadow of STI",
          "The shadow keeps the interrupt out of RDMSR's boundary, so RDMSR is executed first and "
          "exits, and #GP is injected. Its delivery ends the shadow, and the interrupt follows at "
          "the first instruction of the handler, exactly as in the native twin."),
)
SWEEP = "sweeps/timer.rdmsr_trap_gate"


def story_of(case: str) -> Optional[Story]:
    """The story that this case tells, if it is one of them."""
    return next((story for story in STORIES if story.case == case), None)


def arrival(story: Optional[Story], trace: str) -> Optional[int]:
    """Before which event of the trace the interrupt arrives; None where that cannot be said."""
    if story is None:
        return None
    if not story.after_exit:
        return 0
    return next((i for i, event in enumerate(parse(trace))
                 if event.kind is Kind.ENTRY and event.rest), None)


def vector_of(trace: str) -> str:
    """IRQ(0x60), as the trace calls it."""
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
    """The story as this run saw it, its twin beside it; None if it did not pass there."""
    result = find(results, story.case, platform)
    if result is None or result.verdict != PASS or not result.observed:
        return None
    trace = result.observed[0]
    twin = find_twin(result, results)
    return lanes(trace, None, twin_trace(twin) if twin else None, arrival(story, trace), vector_of(trace))


def sweep_picture(results: Sequence[Result], platform: str) -> Optional[Drawing]:
    """The phase diagram of RDMSR."""
    result = find(results, SWEEP, platform)
    if result is None or not result.histogram:
        return None
    return phase(result.histogram, result.expected, result.verdict == PASS, result.sweep)


def pictures(results: Sequence[Result], platform: str) -> List[tuple]:
    """(file name, drawing) of everything that docs/ shows; what is missing is left out."""
    found = [(story.key.lower() + ".svg", picture(results, story, platform)) for story in STORIES]
    found.append(("rdmsr-sweep.svg", sweep_picture(results, platform)))
    return [(name, drawing) for name, drawing in found if drawing is not None]
