# SPDX-License-Identifier: BSD-2-Clause
"""Judges migrated cases: what the launcher says of the plays of a case, and what that makes of it.

A case is played as it comes, and then again, migrated (scripts/lab/vmm/replay.h has the lines). The
log of the first play says what the others have to be: no expectation is needed, and one that a
known deviation excuses says nothing here. The functions are pure.
"""
import re
from typing import Any, Dict, Iterable, List

from ..model import FAIL, PASS, SKIP
from ..record import dataclass, field
from .session import CaseLog

#: Everything that can be true of a virtual CPU when it is saved (scripts/lab/vmm/moments.def).
MOMENTS = ("shadow", "exception-pending", "exception-injected", "interrupt-injected",
           "interrupt-pending", "interrupt-in-service", "nmi-injected", "nmi-pending", "nmi-blocked",
           "halted", "nested-guest", "nested-entry-pending", "nested-shadow")
_NUMBERS = ("plays", "moves", "inside", "boundaries", "differ", "kicked",
            "incomplete", "ns")
_EVERY_EXIT, _SWEEP = "every-exit", "sweep"


def launcher_words(when: str) -> List[str]:
    """The launcher's words for a value of --migrate; '' is every-exit."""
    word, _, wrong = when.partition(",wrong=")
    return ["-m", word or _EVERY_EXIT] + (["-w", wrong] if wrong else [])


@dataclass
class Differs:
    """One play that was not as the first. at: exit:N, a time, or start; fields: what the new virtual
    machine did not keep."""
    at: str
    rip: str
    moments: str
    fields: str
    what: str
    trace: str


@dataclass
class CaseMoves:
    """What the launcher says of the plays of one case."""
    numbers: Dict[str, int] = field(default_factory=dict)
    moments: Dict[str, int] = field(default_factory=dict)
    differs: List[Differs] = field(default_factory=list)
    #: One that differs, kicked at the same time, without a migration either.
    kicked: List[Differs] = field(default_factory=list)

    def record(self) -> Dict[str, Any]:
        """The field `migration` of a result."""
        return {**self.numbers, "moments": dict(self.moments)}


@dataclass
class Moves:
    """What the launcher says of the plays of one image. lacks: the ioctl that the kernel lacks."""
    cases: Dict[str, CaseMoves] = field(default_factory=dict)
    lacks: str = ""

    def mark(self, what: str, text: str) -> bool:
        """Read a mark of the launcher; False if it is none of these."""
        if what == "UNABLE":
            self.lacks = text
        elif what == "MOVED":
            self._moved(text)
        elif what in ("DIFFERS", "KICKED"):
            self._differs(text, what == "KICKED")
        else:
            return False
        return True

    def _moved(self, text: str) -> None:
        name, *words = text.split()
        case = self.cases.setdefault(name, CaseMoves())
        for word in words:
            key, _, value = word.partition("=")
            if value.isdigit():
                (case.numbers if key in _NUMBERS else case.moments)[key] = int(value)

    def _differs(self, text: str, kicked: bool) -> None:
        head, fields, what, trace = (text.split(" | ", 3) + ["", "", ""])[:4]
        # A verdict's line of the guest: its word, and what follows its sentence.
        verdict = re.match("(PASS|FAIL|SKIP|ERROR|ABORT): ", what)
        if verdict:
            what = verdict.group(1) + "".join(": " + part for part in what.split(" -- ")[1:2])
        name, at, rip, moments = (head.split() + ["", "", "", ""])[:4]
        case = self.cases.setdefault(name, CaseMoves())
        (case.kicked if kicked else case.differs).append(
            Differs(at, rip, moments, fields.strip(), what, trace))


def total(records: Iterable[Dict[str, Any]]) -> Dict[str, Any]:
    """The sum of fields `migration`."""
    found: Dict[str, Any] = {name: 0 for name in _NUMBERS}
    found["moments"] = {name: 0 for name in MOMENTS}
    for record in records:
        for key, value in record.items():
            if key != "moments":
                found[key] += value
        for key, value in record.get("moments", {}).items():
            found["moments"][key] = found["moments"].get(key, 0) + value
    return found


def told(sum_: Dict[str, Any]) -> List[str]:
    """A total in lines for people."""
    met = ["%s %d" % pair for pair in sum_["moments"].items() if pair[1]]
    lines = ["%d plays, %d migrations, %d of them in a scene%s" % (
        sum_["plays"], sum_["moves"], sum_["inside"], ": " + ", ".join(met) if met else "")]
    if sum_["boundaries"]:
        lines.append("%d boundaries of scenes" % sum_["boundaries"])
    if sum_["incomplete"]:
        lines.append("%d cases have more boundaries than a sweep's budget" % sum_["incomplete"])
    if sum_["kicked"]:
        lines.append("%d plays differ, and do so without a migration, too" % sum_["kicked"])
    return lines


def never_met(sum_: Dict[str, Any]) -> List[str]:
    """What was never true of a virtual CPU when it was migrated in a scene."""
    return [name for name in MOMENTS if not sum_["moments"].get(name)]


def is_over(log: CaseLog, moves: Moves, why: str) -> bool:
    """Whether the case's own play came to its end. why: why the boot's log ended early, or ''. A
    guest that gives up in a case ends both, and may do so in every play."""
    return not why or log.reason != why or (
        why.startswith("the guest gave up") and log.name in moves.cases)


def apply(log: CaseLog, moves: Moves, when: str) -> None:
    """Turn the verdict of a case, which is whole, into that of its plays."""
    if log.verdict == SKIP:
        return
    if moves.lacks:
        log.verdict, log.reason = SKIP, "needs %s, which this kernel lacks" % moves.lacks
        return
    case = moves.cases.get(log.name)
    if case is None or not case.numbers.get("plays"):
        log.verdict, log.reason = "ERROR", "the launcher did not play the case again: run make lab"
        return
    log.migration = case.record()
    first = log.seen[:1]
    log.want = first or ["nothing"]
    log.hist, log.sweep = [], {}
    log.seen = list(log.want)
    log.notes = ["%d plays differ, but not by the migration, because a kick alone does it; one: %s; %s"
                 % (case.numbers.get("kicked", 0), reason(one, {}), one.trace)
                 for one in case.kicked]
    if not case.differs:
        log.verdict, log.reason = PASS, ""
        return
    log.verdict = FAIL
    log.seen = list(dict.fromkeys(d.trace or "nothing" for d in case.differs))
    log.reason = reason(case.differs[0], case.numbers)
    log.notes += [reason(other, {}) for other in case.differs[1:]]
    if when == _SWEEP and case.differs[0].at.isdigit():
        log.notes.append("--migrate %s plays the case once, migrated at this time"
                         % case.differs[0].at)


def reason(differs: Differs, numbers: Dict[str, int]) -> str:
    """What is said of a play that was not as the first."""
    text = "migrated at %s" % differs.at if differs.at != "start" else "only restored"
    if differs.rip != "0":
        text += ", RIP %s" % differs.rip
    if differs.moments not in ("", "-"):
        text += " (%s)" % differs.moments.replace(",", ", ")
    text += ": " + differs.what
    if differs.fields:
        text += "; not kept: " + differs.fields
    if numbers.get("differ", 0) > 1:
        text += "; so in %d of %d plays" % (numbers["differ"], numbers["plays"])
    return text
