# SPDX-License-Identifier: BSD-2-Clause
"""What a run shows about each section of expected/PLATFORM.cfg: which of its cases ran, went wrong
and passed, which of its lines were seen, and what no section lists. Pure; for scripts/known."""
from fnmatch import fnmatchcase
from typing import Dict, List, Optional, Sequence, Set, Tuple

from ..judge.pattern import BadPattern, Form, parse_pattern, spelt
from ..judge.session import NOT_BEGUN
from ..model import NOTRUN, PASS, SKIP, XPASS, Result
from ..record import dataclass, field, replace
from ..text import fits
from .excuse import Deviations
from .known import LISTABLE, Deviation
from .scopes import Field, Spot
from .seen import Line


@dataclass(frozen=True)
class Ran:
    """A platform of a run, with what its cases showed before anything was excused. A case of
    several rounds has several results. whole: whether every case was to boot, and the run ended."""
    platform: str
    version: str
    cpu: str
    results: Tuple[Result, ...]
    whole: bool = True


@dataclass
class Section:
    """What happened to the cases of one section."""
    deviation: Deviation
    ran: Set[Spot] = field(default_factory=set)
    failed: Set[Spot] = field(default_factory=set)
    #: Cases that are listed as always going wrong, and passed.
    passed: Set[Spot] = field(default_factory=set)
    #: What the section does not say is seen: where each pattern was, and the verdicts.
    new: Dict[str, Set[Spot]] = field(default_factory=dict)
    verdicts: Set[str] = field(default_factory=set)
    #: The lines that hold on a platform of the run and serve a case that ran, and those that were
    #: seen; by their numbers in the file.
    possible: Set[int] = field(default_factory=set)
    used: Set[int] = field(default_factory=set)

    @property
    def ids(self) -> Set[str]:
        """The cases that ran."""
        return {case for _, case in self.ran}


def number(line: Line) -> int:
    """The line's number in the file."""
    return int(line.where.rpartition(":")[2])


class Evidence:
    """A run, sorted by the sections of one file."""

    def __init__(self, listed: Sequence[Deviation], runs: Sequence[Ran], today: str) -> None:
        self.runs, self.whole = runs, all(ran.whole for ran in runs)
        self.sections = {d.name: Section(d) for d in listed}
        #: What no section lists, and what none can list, by the reason.
        self.strange: List[Tuple[Ran, Result]] = []
        self.hopeless: Dict[str, Set[Spot]] = {}
        for ran in runs:
            applied = Deviations(listed, ran.platform, ran.version, today)
            for result in ran.results:
                self._sort(ran, applied, result)

    def field_of(self, failed: Set[Spot], closed: bool) -> Field:
        """The run, for the scopes of a section's lines."""
        every = sorted({r.case for ran in self.runs for r in ran.results}) if self.whole else []
        return Field(failed, {ran.platform: ran.version for ran in self.runs}, tuple(every), closed)

    def _sort(self, ran: Ran, applied: Deviations, result: Result) -> None:
        section, spot = self._owner(ran, applied, result), (ran.platform, result.case)
        if section is not None and result.verdict not in (SKIP, NOTRUN):
            self._mark(section, spot, applied.lines(section.deviation, result.case), result)
        judged = replace(result)
        applied.apply(judged, ran.cpu)
        blank = bool(judged.deviation and not judged.pattern and not judged.unexpected)
        if not judged.unexpected and not blank:
            return
        if judged.verdict == XPASS and section is not None:
            section.passed.add(spot)
        elif why_not(result):
            self.hopeless.setdefault(why_not(result), set()).add(spot)
        elif section is None:
            self.strange.append((ran, result))
        else:
            self._add(section, spot, applied.lines(section.deviation, result.case), result)

    def _owner(self, ran: Ran, applied: Deviations, result: Result) -> Optional[Section]:
        """The section that lists the case here; of several, the first that lists the verdict. One
        that only says what may befall any case lists none."""
        mine = [d for d in applied.deviations if any(fnmatchcase(result.case, g) for g in d.cases)
                and d.is_of(ran.cpu) and not d.anywhere]
        chosen = next((d for d in mine if result.verdict in d.verdicts), mine[0] if mine else None)
        return self.sections[chosen.name] if chosen else None

    @staticmethod
    def _mark(section: Section, spot: Spot, lines: Sequence[Line], result: Result) -> None:
        """Note that the case ran, whether it went wrong, and which lines it showed."""
        section.ran.add(spot)
        if result.verdict != PASS:
            section.failed.add(spot)
        section.possible |= {number(line) for line in lines}
        section.used |= {number(line) for line in lines if line.pattern.fits(result)}

    @staticmethod
    def _add(section: Section, spot: Spot, lines: Sequence[Line], result: Result) -> None:
        """Note what the section does not say is seen."""
        section.verdicts.add(result.verdict)
        orders = [line.pattern.message for line in lines if line.pattern.form is Form.ORDER]
        for pattern in spelt(result):
            word, _, order = pattern.partition(": ")
            if word != Form.ORDER.value or not any(fits(listed, order) for listed in orders):
                section.new.setdefault(pattern, set()).add(spot)


def why_not(result: Result) -> str:
    """Why no entry can, or should, list what this result shows; '' if one can."""
    if result.verdict not in LISTABLE:
        return "%s: %s" % (result.verdict, result.reason)
    if any(place in result.reason for place in NOT_BEGUN):
        return "no case began: " + result.reason
    if result.block:
        return "known deviations of the generated world are quirks of its model (docs/model.md)"
    if any(char.isspace() or char in "*?[" for char in result.case):
        return "its name has a blank or a wildcard"
    try:
        for pattern in spelt(result):
            parse_pattern(pattern)
    except BadPattern as error:
        return str(error)
    return ""
