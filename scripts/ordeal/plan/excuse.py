# SPDX-License-Identifier: BSD-2-Clause
"""Applies the known deviations of a platform to its results (docs/results.md, section 7).

Both directions are strict: a listed case that passes is XPASS; a result that is not listed, or is
not what its entry says is seen, is unexpected; and an entry that excuses nothing any more, or has
expired, is reported.
"""
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Dict, Iterable, List, Optional, Sequence, Set, Tuple

from ..host import version_of
from ..model import FAIL, NOTRUN, PASS, SKIP, XFAIL, XPASS, Result, UserError
from . import quirks, renamed
from .known import UNEXPLAINED, Deviation
from .versions import version_fits

if TYPE_CHECKING:
    from .seen import Ids, Line


_CLAIMED = "%s and %s: [%s] and [%s] both say how %s always fails on %s"


class Deviations:
    """The deviations that apply to one platform in this run, and which of them were used."""

    def __init__(self, deviations: Iterable[Deviation], platform: str, version: str,
                 today: str) -> None:
        self.platform, self.version, self.today = platform, version, today
        self.used: Dict[str, int] = {}
        self.touched: Dict[str, int] = {}
        #: Which entry's cases ran, which were skipped (for example because the file has entries for
        #: what another CPU model offers), and which lines of `seen` were shown, by file and line.
        self.ran: Set[Tuple[str, str]] = set()
        self.skipped: Set[Tuple[str, str]] = set()
        self.shown: Set[str] = set()
        #: What is wrong with lines of `seen`, as far as only the results show it.
        self.faults: Set[str] = set()
        #: The raw verdicts of the blocks of the generated world, and the quirks that they needed.
        self.blocks: Dict[str, str] = {}
        self.needed: Set[str] = set()
        self.listed = list(deviations)
        self.deviations = [
            d for d in self.listed
            if (not d.platforms or any(fnmatchcase(platform, p) for p in d.platforms))
            and version_fits(d.versions, version_of(version), d.where)]

    @property
    def quirks(self) -> List[Deviation]:
        """The entries whose quirks the model may use."""
        return [d for d in self.deviations if d.quirk and not self._expired(d)]

    def _expired(self, deviation: Deviation) -> bool:
        return bool(deviation.expires) and deviation.expires < self.today

    def lines(self, deviation: Deviation, case: str) -> List["Line"]:
        """The lines of an entry that serve this case on this platform and version."""
        version = version_of(deviation.version or self.version)
        return [line for line in deviation.lines()
                if line.serves(case) and line.holds_on(self.platform, version)]

    def _match(self, case: str, cpu: str) -> List[Tuple[Deviation, List["Line"]]]:
        """The entries that list the case, each with its lines for it; a blank entry has none."""
        found = [(d, self.lines(d, case)) for d in self.deviations
                 if any(fnmatchcase(case, g) for g in d.cases)
                 and d.is_of(cpu)]
        return [(d, lines) for d, lines in found if lines or not d.seen]

    def apply(self, result: Result, cpu: str) -> None:
        """Replace the raw verdict by XFAIL or XPASS where a deviation says so, and set unexpected."""
        result.raw = result.verdict
        holding = [(d, lines) for d, lines in self._match(result.case, cpu)
                   if not self._expired(d)]
        for deviation, lines in holding:
            if result.raw not in (SKIP, NOTRUN):
                self.touched[deviation.name] = self.touched.get(deviation.name, 0) + 1
            if result.raw != NOTRUN:
                (self.skipped if result.raw == SKIP else self.ran).add(
                    (deviation.name, result.case))
            self._find_faults(deviation, lines, result)
            self.shown.update(line.where for line in lines if line.pattern.fits(result))
        self._find_rivals([d for d, lines in holding if lines and not d.intermittent], result.case)
        named = [(d, lines) for d, lines in holding if result.raw in d.verdicts
                 and not quirks.unexplained(result)]
        strict = [d for d, _ in holding if not d.intermittent]
        if not self._by_quirks(result, cpu) and not self._excuse(named, result):
            if named:
                self._not_as_listed(named, result)
            elif result.raw == PASS and strict:
                result.verdict = XPASS
                result.deviation = _title(strict[0])
                result.reason = "passes, but %s lists it as %s" % (
                    strict[0].where, " ".join(strict[0].verdicts))
        result.unexpected = result.verdict not in (PASS, SKIP, XFAIL) or bool(result.listed)

    def _by_quirks(self, result: Result, cpu: str) -> bool:
        """Whether quirks explain everything that is not legal in a block of the generated world."""
        self.blocks[result.case] = result.raw
        self.needed.update(quirks.used(result.block))
        found = quirks.excused(result, self.quirks, cpu)
        if found:
            result.deviation, result.pattern = quirks.title(found, result.block)
            result.verdict = XFAIL
        return bool(found)

    def _excuse(self, named: Sequence[Tuple[Deviation, List["Line"]]], result: Result) -> bool:
        """Whether one of these entries excuses the result: by one of its lines, or blank."""
        chosen: Optional[Deviation] = None
        for deviation, lines in named:
            if lines and not chosen:
                from ..judge.pattern import explains
                found = explains([line.pattern for line in lines], result)
                if found:
                    chosen = deviation
                    result.pattern = next(line.text for line in lines if line.pattern == found)
        chosen = chosen or next((d for d, lines in named if not lines), None)
        if not chosen:
            return False
        self.used[chosen.name] = self.used.get(chosen.name, 0) + 1
        result.deviation = _title(chosen)
        if result.raw != SKIP:
            result.verdict = XFAIL
        return True

    @staticmethod
    def _not_as_listed(named: Sequence[Tuple[Deviation, List["Line"]]], result: Result) -> None:
        """Say that entries list the case, but not what was seen."""
        from ..judge.pattern import nearest
        lines = [line for _, some in named for line in some if not line.pattern.anywhere]
        if not lines:
            return
        line = lines[nearest([line.pattern for line in lines], result)]
        owner = next(d for d, some in named if line in some)
        result.pattern = line.text
        result.listed = "%s: [%s] lists this case, but this is not what it says is seen" % (
            line.where, owner.name)

    def _find_faults(self, deviation: Deviation, lines: Sequence["Line"], result: Result) -> None:
        """Note lines that fit a legal trace of this case, or that cannot fit anything it shows."""
        if not lines or result.raw not in (PASS, FAIL):
            return
        from ..judge.pattern import unfit
        for line in lines:
            why = unfit(line.pattern, result)
            if why:
                self.faults.add("%s: [%s], case %s: %s" % (line.where, deviation.name, result.case,
                                                           why))

    def _find_rivals(self, strict: Sequence[Deviation], case: str) -> None:
        """Note two entries that both list the case. check() finds them, unless it takes the CPU to
        tell that both are meant."""
        for one, other in zip(strict, strict[1:]):
            self.faults.add(_CLAIMED % (one.where, other.where, one.name, other.name, case,
                                        self.platform))

    def check(self, ids: "Ids", platforms: Sequence[str] = ()) -> None:
        """Read every line of `seen`, also of entries for other platforms and versions. A UserError
        names the first that is wrong, or two lines that contradict each other. platforms: the names
        of all that there are, if they are known."""
        from .seen import check_platforms, check_scopes
        for deviation in self.listed:
            if deviation.seen:
                check_platforms(deviation.where, deviation.platforms, platforms)
                for line in deviation.lines():
                    check_platforms(line.where, line.platforms, platforms)
                check_scopes(deviation.lines(), deviation.name, deviation.cases,
                             _cases(deviation, ids), ids)
        claims: Dict[str, List[Deviation]] = {}
        for deviation in self.deviations:
            if deviation.seen and deviation.version == "":
                for case in _cases(deviation, ids):
                    claims.setdefault(case, []).append(deviation)
        for case, some in claims.items():
            if len(some) > 1:
                self._check_pairs(case, some)

    def _check_pairs(self, case: str, some: Sequence[Deviation]) -> None:
        served = [(d, self.lines(d, case)) for d in some]
        for n, (one, mine) in enumerate(served):
            for other, theirs in served[n + 1:]:
                if not mine or not theirs or _apart(one.cpu, other.cpu):
                    continue
                if not one.intermittent and not other.intermittent:
                    raise UserError(_CLAIMED % (mine[0].where, theirs[0].where, one.name,
                                                other.name, case, self.platform))
                twice = [(a, b) for a in mine for b in theirs if a.pattern == b.pattern]
                if twice:
                    raise UserError("%s and %s: [%s] and [%s] list the same for %s on %s" % (
                        twice[0][0].where, twice[0][1].where, one.name, other.name, case,
                        self.platform))

    def complaints(self, ids: "Ids") -> List[str]:
        """A line for each entry that has expired, matches no existing case, or excused nothing
        although its cases ran."""
        said = []
        for d in self.deviations:
            if self._expired(d):
                said.append("%s: [%s] expired on %s and excuses nothing" % (d.where, d.name,
                                                                          d.expires))
                continue
            idle = [glob for glob in d.cases if not ids.may_fit(glob)]
            if idle:
                said.append("%s: [%s] matches no existing case: %s%s" % (
                    d.where, d.name, " ".join(idle),
                    renamed.hint(idle, d.where.rpartition(":")[0])))
            elif self.touched.get(d.name) and not self.used.get(d.name) and not d.intermittent:
                said.append("%s: [%s] was not needed" % (d.where, d.name))
            elif not d.intermittent:
                said += ["%s: [%s]: this line was not needed: %s" % (line.where, d.name, line.text)
                         for line in self.unshown(d, ids)]
        return said + self._unexplained()

    def unshown(self, deviation: Deviation, ids: "Ids") -> List["Line"]:
        """The lines of an entry that no case showed, although all cases that they serve ran, or were
        skipped. Lines that say why a run may show something else do not count."""
        if any(ids.unread(glob) for glob in deviation.cases):
            return []
        version, found = version_of(deviation.version or self.version), []
        for line in deviation.lines():
            mine = {(deviation.name, case) for case in filter(line.serves, _cases(deviation, ids))}
            if not line.why and line.holds_on(self.platform, version) and \
                    line.where not in self.shown and \
                    mine & self.ran and mine <= self.ran | self.skipped:
                found.append(line)
        return found

    def _unexplained(self) -> List[str]:
        """A line that says how many entries wait for a person."""
        names = [d.name for d in self.listed if d.reason.startswith(UNEXPLAINED)]
        return ["%s: %d not explained yet: %s" % (
            self.listed[0].where.rpartition(":")[0], len(names), " ".join(names))] if names else []


def _title(deviation: Deviation) -> str:
    return "%s: %s [%s]" % (deviation.name, deviation.reason, deviation.cite)


def _cases(deviation: Deviation, ids: "Ids") -> List[str]:
    return list(dict.fromkeys(case for glob in deviation.cases for case in ids.matching(glob)))


def _apart(one: str, other: str) -> bool:
    """Whether two entries are for different CPUs, as far as their globs show it."""
    return bool(one and other and one != other)
