# SPDX-License-Identifier: BSD-2-Clause
"""One run: every planned case booted, judged, and given exactly one verdict.

A Unit is one suite on one platform (once per --repeat). It boots all its cases; when a boot breaks,
the judge names the case to blame and the unit boots again without it, until every case has a
verdict or a boot reaches none: the rest are NOTRUN.
"""
import os
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Callable, Deque, Dict, List, Optional, Tuple

from .engine import Boot, Engine
from .host import Host
from .judge import CaseLog, Plan, Session
from .kut import WHOLE, KutSession
from .model import ERROR, FLAKY, NOTRUN, SKIP, Case, Result
from .plan import Suite, guest_args
from .platforms.base import Job, Platform


def make_directory(prefix: str) -> str:
    """A new private directory. (tempfile takes longer to load than a guest to boot.)"""
    path = prefix + os.urandom(4).hex()
    os.mkdir(path, 0o700)
    return path


def remove_directory(path: str) -> None:
    """With the files in it and in its sub-directories; what cannot be removed stays."""
    try:
        for entry in list(os.scandir(path)):
            if entry.is_dir(follow_symlinks=False):
                remove_directory(entry.path)
            else:
                os.unlink(entry.path)
        os.rmdir(path)
    except OSError:
        pass


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
    keep: Optional[Callable[[str], bool]] = None
    left: List[str] = field(default_factory=list)
    verdicts: Dict[str, Tuple[CaseLog, int, float]] = field(default_factory=dict)
    boots: int = 0
    over: bool = False
    why: str = ""

    @property
    def label(self) -> str:
        """How a person calls it."""
        return "%s %s" % (self.platform.name, self.suite.stanza.name)


class Runner:
    """run() takes units through the engine. Results leave through the three callbacks."""

    def __init__(self, host: Host, logs: str, slots: int,
                 on_boot: Callable[[Unit, Boot], None],
                 on_unit: Callable[[Unit], None]) -> None:
        self.host, self.logs = host, logs
        self.engine = Engine(slots)
        self.on_boot, self.on_unit = on_boot, on_unit
        self.work = ""
        self._queue: Deque[Unit] = deque()

    def run(self, units: List[Unit]) -> None:
        """All units, in order; -j many at a time."""
        for unit in units:
            unit.left = [case.name for case in unit.cases]
            if unit.skip:
                unit.verdicts = {name: (CaseLog(name, SKIP, unit.skip), 0, 0.0)
                                 for name in unit.left}
                unit.left = []
        self.work = make_directory(os.path.join(os.environ.get("TMPDIR", "/tmp"), "ordeal-"))
        self.engine.guard.sweep(self.work)
        try:
            for unit in units:
                if unit.left:
                    self._queue.append(unit)
                else:
                    self._close(unit)
            self.engine.run(self._queue, self._boot, self._finished)
        finally:
            self.engine.stop()
            remove_directory(self.work)
        for unit in units:
            if not unit.over:
                for name in unit.left:
                    unit.verdicts[name] = (CaseLog(name, NOTRUN, "the run was interrupted"), 0, 0.0)
                self._close(unit)

    def log_path(self, unit: Unit) -> str:
        """logs/PLATFORM/NAME.log."""
        return os.path.join(self.logs, unit.platform.name, unit.suite.stanza.name + ".log")

    def _boot(self, unit: Unit) -> Boot:
        unit.boots += 1
        work = make_directory(self.work + "/")
        suite, platform = unit.suite, unit.platform
        session: Any
        if suite.foreign:
            args, session = list(suite.words), KutSession()
        else:
            nonce = os.urandom(4).hex()
            args = guest_args(suite, unit.left, platform.guest_args + ("nonce=" + nonce,))
            session = Session(Plan(nonce, tuple(unit.left)))
        launch = platform.launch(self.host, unit.job, args, work)
        path = self.log_path(unit)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return Boot(platform, launch, session, unit.limit, path,
                    unit.boots > 1 or unit.round > 1, (unit, work))

    def _finished(self, boot: Boot) -> None:
        unit, work = boot.tag
        remove_directory(work)
        judgement = boot.judgement
        assert judgement is not None
        share = boot.seconds / max(1, len(judgement.cases))
        for name, log in judgement.cases.items():
            if unit.keep is None or unit.keep(name):
                unit.verdicts[name] = (log, unit.boots, share)
        unit.left = [name for name in judgement.rest if name not in unit.verdicts]
        unit.why = judgement.why or unit.why
        self.on_boot(unit, boot)
        if unit.left and judgement.started:
            self._queue.appendleft(unit)
            return
        for name in unit.left:
            unit.verdicts[name] = (CaseLog(name, NOTRUN, "its boot never reached it: "
                                           + judgement.why), unit.boots, 0.0)
        unit.left = []
        self._close(unit)

    def _close(self, unit: Unit) -> None:
        unit.over = True
        self.on_unit(unit)


def results_of(unit: Unit, repro: Callable[[str, str], str], log: str) -> List[Result]:
    """The verdicts the unit has so far, in the order of the image (foreign: of the log)."""
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
            [trace for _, trace in case_log.hist], case_log.hist, case_log.fingerprints,
            case_log.notes, seconds=seconds, boot=boot, log=log if boot else "",
            repro=repro(unit.platform.name, full), index=unit.index + place))
    return results


def merge_rounds(rounds: List[List[Result]]) -> List[Result]:
    """One result a case out of --repeat N: the same verdict every time, or FLAKY."""
    if len(rounds) == 1:
        return rounds[0]
    by_case: Dict[str, List[Result]] = {}
    for results in rounds:
        for result in results:
            by_case.setdefault(result.case, []).append(result)
    merged = []
    for attempts in by_case.values():
        counts: Dict[str, int] = {}
        for attempt in attempts:
            counts[attempt.verdict] = counts.get(attempt.verdict, 0) + 1
        result = next((a for a in attempts if a.verdict not in ("PASS", "SKIP")), attempts[0])
        result.runs = counts
        result.seconds = sum(attempt.seconds for attempt in attempts)
        if len(counts) > 1:
            result.reason = "%s; once: %s" % (
                ", ".join("%s %d of %d" % (v, n, len(attempts)) for v, n in sorted(counts.items())),
                result.reason or result.verdict)
            result.verdict = FLAKY
        merged.append(result)
    return merged
