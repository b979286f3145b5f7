# SPDX-License-Identifier: BSD-2-Clause
"""Which situations of a block end the boot: the block is halved until each is named, and all others
are played. Pure: the runner boots what ahead() names, and take() is told what came of it.
"""
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

from ..judge.blocks import classes, total
from ..judge.session import CaseLog
from ..model import FAIL, FLAKY, PASS, SKIP
from ..text import plural

#: When so many situations of a block have ended a boot, the rest of it is left out.
MOST = 8


class Dead(NamedTuple):
    """A situation that ended a boot. again: the second try ended it, too."""
    name: str
    verdict: str
    reason: str
    again: bool


class Search:
    """The search in one block. names: its situations, in the guest's order; first: what its boot
    proved of it before it ended."""

    def __init__(self, names: Sequence[str], first: CaseLog) -> None:
        self.case, self.names = first.name, list(names)
        self.parts: List[CaseLog] = []
        self.dead: List[Dead] = []
        #: Ranges that ended a boot, each with what was said of it.
        self.ended: List[Tuple[int, int, CaseLog]] = [(0, len(self.names), first)]
        self._ahead: List[Tuple[int, int]] = []
        self._left_out = 0
        self._stuck = ""
        self._split(0, len(self.names))

    @property
    def over(self) -> bool:
        """Whether nothing is left to boot."""
        return not self._ahead

    def ahead(self) -> Tuple[int, int]:
        """The next range: from= and to= of its boot."""
        first, end = self._ahead[0]
        return first + 1, end

    def _split(self, first: int, end: int) -> None:
        half = (first + end) // 2
        halves = [pair for pair in ((first, half), (half, end)) if pair[0] < pair[1]]
        self._ahead = halves + self._ahead

    def take(self, log: CaseLog, whole: bool) -> None:
        """What the boot of ahead() proved. whole: it did not end in this block."""
        first, end = self._ahead.pop(0)
        tried = [entry for entry in self.ended if entry[:2] == (first, end)]
        if whole:
            log.block = log.block or {**total([]), "situations": end - first, "unplayed": end - first}
            self.parts.append(log)
            if tried:
                shown = [one.trace for one in log.played] or log.seen or [log.verdict]
                self.dead.append(Dead(self.names[first], FLAKY, "%s; and on the second try: %s" % (
                    tried[0][2].reason, shown[0]), False))
            return
        self.ended.append((first, end, log))
        if end - first > 1:
            self._split(first, end)
        elif not tried and len(self.names) > 1:
            self._ahead.insert(0, (first, end))  # a second try
        else:
            self.dead.append(Dead(self.names[first], log.verdict, log.reason, True))
            if len([dead for dead in self.dead if dead.again]) == MOST:
                self._left_out = sum(pair[1] - pair[0] for pair in self._ahead)
                self._ahead = []

    def give_up(self, why: str) -> None:
        """The guest does not even begin any more."""
        self._left_out = sum(pair[1] - pair[0] for pair in self._ahead)
        self._ahead = []
        self._stuck = why

    def _not_named(self) -> List[str]:
        """Ranges that ended a boot, but no part of which did."""
        found = []
        smallest = [e for e in self.ended if not any(
            o is not e and e[0] <= o[0] and o[1] <= e[1] for o in self.ended)]
        for first, end, log in smallest:
            names = self.names[first:end]
            if not any(dead.name in names for dead in self.dead) and not self._left_out:
                found.append("%s to %s together, but no part of them alone: %s"
                             % (names[0], names[-1], log.reason))
        return found

    def result(self) -> CaseLog:
        """All that is known of the block."""
        log = CaseLog(self.case)
        log.block = total([part.block for part in self.parts])
        killed = {dead.name: dead.verdict for dead in self.dead if dead.again}
        log.block["situations"] += len(killed) + self._left_out
        log.block["ended"] = killed
        if self._left_out:
            log.block["left_out"] = self._left_out
        found: Dict[str, Dict[str, Any]] = {}
        for part in self.parts:
            for one in part.block.get("classes", []):
                kept = found.setdefault(one["name"] + one.get("quirks", ""), {**one, "count": 0})
                kept["count"] += one["count"]
            log.notes += [note for note in part.notes
                          if note not in log.notes and not classes([note])]
            log.fingerprints += [text for text in part.fingerprints if text not in log.fingerprints]
            log.played += part.played
            if part.want and not log.want:
                log.want, log.seen = part.want, part.seen
        log.block["classes"] = list(found.values())
        log.block["rejudged"] = sum(part.block.get("rejudged", 0) for part in self.parts)
        log.notes[:0] = ["class of %d: %s" % (one["count"], one["name"])
                         for one in found.values() if "quirks" not in one]
        self._conclude(log)
        return log

    def _conclude(self, log: CaseLog) -> None:
        strange = self._not_named()
        sure = [dead for dead in self.dead if dead.again]
        first = self.ended[0][2]
        if self._stuck:
            log.verdict, log.reason = first.verdict, "%s; and then: %s" % (first.reason, self._stuck)
        elif sure:
            log.verdict = sure[0].verdict
            log.reason = "%s: %s" % (sure[0].name, sure[0].reason)
            if len(sure) > 1:
                log.reason = "%s end the boot; %s" % (plural(len(sure), "situation"), log.reason)
        else:
            log.verdict = FLAKY
            log.reason = "; ".join(["%s: %s" % dead[:3:2] for dead in self.dead] + strange)
        log.notes = ["ends the boot: %s: %s" % (dead.name, dead.reason) for dead in self.dead] \
            + ["ends the boot: " + text for text in strange] + log.notes
        if self._left_out:
            log.notes.append("%s left out, because %d before them end the boot" % (
                plural(self._left_out, "situation") + " of the block were", MOST))
        worse = [part for part in self.parts if part.verdict not in (PASS, SKIP, FAIL)]
        if worse:
            log.notes.insert(0, "of the rest: %s %s" % (worse[0].verdict, worse[0].reason))
        elif log.block["illegal"]:
            log.notes.insert(0, "of the rest, %d of %d situations are illegal" % (
                log.block["illegal"], log.block["situations"] - len(sure)))
