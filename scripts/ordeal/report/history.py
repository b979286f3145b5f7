# SPDX-License-Identifier: BSD-2-Clause
"""One platform in many versions: which cases changed their verdict, and between which two versions.
Pure functions.

Raw verdicts count, before known deviations are applied: an entry of expected/ may name versions.
"""
from typing import Dict, List, Sequence, Tuple

from ..model import (CRASH, ERROR, FAIL, FLAKY, NOTRUN, PASS, SKIP, TIMEOUT, Result)
from ..record import dataclass
from ..text import plural

MARKS = {PASS: ".", FAIL: "F", SKIP: "s", ERROR: "E", CRASH: "C", TIMEOUT: "T", FLAKY: "~",
         NOTRUN: "-"}
LEGEND = ". PASS, F FAIL, s SKIP, E ERROR, C CRASH, T TIMEOUT, ~ FLAKY, - not run"
#: Verdicts that say nothing of a version.
_UNKNOWN = (NOTRUN, "")


@dataclass(frozen=True)
class Row:
    """One case. verdicts: in the order of the versions, '' where there is no result; traces: what was
    seen, as one text."""
    case: str
    verdicts: Tuple[str, ...]
    traces: Tuple[str, ...]

    @property
    def marks(self) -> str:
        """A character for each version."""
        return "".join(MARKS.get(verdict, "-") for verdict in self.verdicts)

    def changes(self) -> List[Tuple[int, int]]:
        """The last version before each change of the verdict, and the first after it."""
        known = [n for n, verdict in enumerate(self.verdicts) if verdict not in _UNKNOWN]
        return [(a, b) for a, b in zip(known, known[1:]) if self.verdicts[a] != self.verdicts[b]]

    def seen_changes(self) -> bool:
        """Whether the verdict is always the same, but not what was seen."""
        traces = {trace for verdict, trace in zip(self.verdicts, self.traces)
                  if verdict not in _UNKNOWN}
        return not self.changes() and len(traces) > 1


def rows(results: Sequence[Result], names: Sequence[str]) -> List[Row]:
    """A row for each case. names: the platforms, oldest first."""
    found: Dict[str, Dict[str, Result]] = {}
    for result in results:
        found.setdefault(result.case, {})[result.platform] = result
    def verdict(result: Result) -> str:
        return result.raw or result.verdict
    return [Row(case, tuple(verdict(by[n]) if n in by else "" for n in names),
                tuple(" || ".join(by[n].observed) if n in by else "" for n in names))
            for case, by in found.items()]


def version_in(name: str) -> str:
    """What tells this platform from the others of its history; its name for this machine's own."""
    return name.partition("+")[2] or name


def told(row: Row, names: Sequence[str]) -> str:
    """The changes of a case in words: first bad, first good."""
    return "; ".join("%s since %s (%s until %s)" % (
        row.verdicts[b], version_in(names[b]), row.verdicts[a], version_in(names[a]))
        for a, b in row.changes())


def lines(results: Sequence[Result], names: Sequence[str]) -> List[str]:
    """The matrix for people: only cases whose verdict changed."""
    every = rows(results, names)
    changed = [row for row in every if row.changes()]
    said = ["", "History, oldest first (%s):" % LEGEND]
    said += ["  %2d %s" % (number, name) for number, name in enumerate(names, 1)]
    width = max([len(row.case) for row in changed] or [0])
    said += ["  %-*s  %s  %s" % (width, row.case, row.marks, told(row, names)) for row in changed]
    return said + ["%s: %d changed their verdict; %d only what was seen" % (
        plural(len(every), "case"), len(changed), sum(row.seen_changes() for row in every))]
