# SPDX-License-Identifier: BSD-2-Clause
"""A unit of a run, which is one suite on one platform in one round of --repeat, and its results."""
import os
from typing import Any, Callable, Dict, List, Optional, Tuple

from ..judge.kut import WHOLE
from ..judge.session import CaseLog
from ..model import ERROR, FLAKY, PASS, SKIP, XFAIL, Case, Result
from ..plan import world
from ..plan.select import Suite, fitting, guest_args
from ..plan.shuffle import shuffled
from ..platforms.base import Job, Platform
from ..record import dataclass, field
from .search import Search

#: Of the generated world, one trace of so many is logged, and judged again by the host.
SHOW = "show=64"


@dataclass
class Unit:
    """One suite on one platform in one round."""
    platform: Platform
    suite: Suite
    cases: List[Case]
    index: int
    round: int
    job: Job
    limit: float = 0.0
    skip: str = ""
    told: Tuple[str, ...] = ()  # what the guest is told besides the stanza's words
    keep: Optional[Callable[[str], bool]] = None
    #: The cases of the next boot, and those that wait for a boot after it.
    left: List[str] = field(default_factory=list)
    later: List[str] = field(default_factory=list)
    #: The seed of their order, 0 for the usual one.
    seed: int = 0
    #: The blocks of the generated world that ended a boot, and the first of which is searched once
    #: nothing else is left.
    searches: List[Search] = field(default_factory=list)
    verdicts: Dict[str, Tuple[CaseLog, int, float]] = field(default_factory=dict)
    boots: int = 0
    over: bool = False
    why: str = ""

    @property
    def label(self) -> str:
        """The unit's name in lines for people."""
        return "%s %s" % (self.platform.name, self.suite.stanza.name)

    def plan(self, seed: int, alone: bool) -> None:
        """Choose the cases of the next boot among those without a verdict. seed: of their order, 0
        for the usual one; alone: the boot has one case."""
        self.seed = seed
        names = self.left + self.later
        if seed:
            names = [c.name for c in self.cases if c.name in set(names)]
            names = shuffled(names, seed) if alone else names
        if not self.suite.foreign:
            self.left = names[:1] if alone else fitting(
                self.suite, names, self.platform.guest_args + self.told + self._of_world())
            self.later = names[len(self.left):]
        if seed:
            self.left = shuffled(self.left, seed)

    def arguments(self, *more: str) -> List[str]:
        """The guest's arguments for the next boot. more: words of this boot alone."""
        chosen = set(self.left or [self.searches[0].case])
        order = ("shuffle=%d" % self.seed,) if self.seed else ()
        return guest_args(self.suite, [c.name for c in self.cases if c.name in chosen],
                          self.platform.guest_args + self.told + order + self._of_world() + more)

    @property
    def search(self) -> Optional[Search]:
        """The search of which the next boot is a part, if it is one."""
        return self.searches[0] if self.searches and not self.left + self.later else None

    @property
    def unsettled(self) -> List[str]:
        """The cases that have no verdict."""
        return self.left + self.later + [search.case for search in self.searches]

    def _of_world(self) -> Tuple[str, ...]:
        """What a guest of the generated world is told besides."""
        if not world.is_world(self.suite.stanza):
            return ()
        first, last = self.search.ahead() if self.search else (0, 0)
        alone = world.named(self.suite.words) or first and first == last
        shown = () if any(word.startswith("show=") for word in self.suite.words) else \
            ("show=1" if alone else SHOW,)
        return shown + (("from=%d" % first, "to=%d" % last) if first else ())

    def log_path(self, logs: str) -> str:
        """LOGS/PLATFORM/SUITE.log; LOGS/PLATFORM/boot.log where images share boots."""
        name = "boot" if self.platform.shares_boot else self.suite.stanza.name
        return os.path.join(logs, self.platform.name, name + ".log")


def results_of(unit: Unit, repro: Callable[[str, str], str], log: str) -> List[Result]:
    """The results that the unit has so far, in the order of the image's cases; for a foreign image in
    the order of the log."""
    described = {case.name: case for case in unit.cases}
    names = sorted(unit.verdicts, key=WHOLE.__eq__) if unit.suite.foreign \
        else [case.name for case in unit.cases]
    results = []
    for place, name in enumerate(names):
        if name not in unit.verdicts:
            continue
        case_log, boot, seconds = unit.verdicts[name]
        case = described.get(name, Case(name))
        full = "%s/%s" % (unit.suite.stanza.name, name)
        reason = case_log.reason
        if not case_log.verdict:
            reason = "no verdict was found for this case"
        results.append(Result(
            unit.platform.name, full, case_log.verdict or ERROR, reason, case.row, case.sentence,
            case.citation, case.twin, "", case_log.want, case_log.seen or
            [trace for _, trace in case_log.hist], case_log.hist, case_log.sweep,
            case_log.fingerprints, _with_commands(case_log, unit, repro),
            seconds=seconds, boot=boot,
            log=log if boot else "", repro=repro(unit.platform.name, full),
            index=unit.index + place, migration=case_log.migration,
            block=case_log.block))
    return results


def _with_commands(log: CaseLog, unit: Unit, repro: Callable[[str, str], str]) -> List[str]:
    """The notes of a case. The guest does not know the whole command that plays one situation of the
    generated world alone."""
    def alone(situation: str) -> str:
        stanza = unit.suite.stanza
        suite = " " + stanza.name if world.is_guest(stanza) else ""
        return "alone: " + repro(unit.platform.name, situation) + suite
    head = "alone: ./run_tests.sh --only "
    notes = [alone(note[len(head):].split()[0]) if note.startswith(head) else note
             for note in log.notes]
    return [alone(name) for name in log.block.get("ended", {})] + notes


def merge_rounds(rounds: List[List[Result]], exact: bool = False) -> List[Result]:
    """One result for each case of the rounds of --repeat, in each of which the known deviations were
    applied. exact: the platform calls itself so, and its traces must not differ either."""
    if len(rounds) == 1:
        return rounds[0]
    by_case: Dict[str, List[Result]] = {}
    for results in rounds:
        for result in results:
            by_case.setdefault(result.case, []).append(result)
    merged = [_merged(attempts) for attempts in by_case.values()]
    for result, attempts in zip(merged, by_case.values() if exact else ()):
        _hold_exact(result, attempts)
    return merged


def _hold_exact(result: Result, attempts: List[Result]) -> None:
    """FLAKY if the traces of the rounds that passed differ; what the others show is compared with the
    lines of `seen`. A sweep's orders may differ: they depend on the phase of a device's clock when
    the sweep begins, and that on the digits of the nonce."""
    traces = sorted({" || ".join(a.observed) for a in attempts if (a.raw or a.verdict) == PASS})
    if len(traces) < 2 or any(attempt.histogram for attempt in attempts) \
            or result.verdict == FLAKY:
        return
    result.reason = "the traces of %d rounds differ, but the platform is run with settle=exact: %s" \
        % (len(attempts), " / ".join(trace or "none" for trace in traces))
    result.raw = result.verdict = FLAKY
    result.unexpected = True


def _merged(attempts: List[Result]) -> Result:
    """The verdict that all rounds gave, or FLAKY. XFAIL: the rounds differ, but each that went
    wrong did so as a deviation lists it."""
    counts: Dict[str, int] = {}
    for attempt in attempts:
        raw = attempt.raw or attempt.verdict
        counts[raw] = counts.get(raw, 0) + 1
    result = max(attempts, key=lambda a: (
        a.unexpected, a.raw not in (PASS, SKIP), bool(a.deviation and not a.pattern)))
    result.runs, result.rounds = counts, _rounds(attempts)
    result.seconds = sum(attempt.seconds for attempt in attempts)
    if len(counts) > 1:
        result.reason = "%s; once: %s" % (
            ", ".join("%s %d of %d" % (v, n, len(attempts)) for v, n in sorted(counts.items())),
            result.reason or result.verdict)
        result.raw = FLAKY
        if result.verdict != XFAIL:
            result.verdict, result.unexpected = FLAKY, True
    return result


def _rounds(attempts: List[Result]) -> List[Dict[str, Any]]:
    """What was seen in the rounds, and how often; nothing if all rounds were good or skipped."""
    found: List[Dict[str, Any]] = []
    for attempt in attempts:
        raw = attempt.raw or attempt.verdict
        shown: Dict[str, Any] = {"verdict": raw}
        if raw != PASS:
            shown.update({"reason": attempt.reason, "expected": attempt.expected,
                          "observed": attempt.observed})
            shown.update({"histogram": [list(pair) for pair in attempt.histogram]}
                         if attempt.histogram else {})
        same = next((one for one in found if {**one, "times": 0} == {**shown, "times": 0}), None)
        if same:
            same["times"] += 1
        else:
            found.append({"times": 1, **shown})
    return found if any(one["verdict"] not in (PASS, SKIP) for one in found) else []
