# SPDX-License-Identifier: BSD-2-Clause
"""From the results of a run, the text that expected/PLATFORM.cfg needs for the run to be as
expected (scripts/known). Pure functions.

What is there stays: sections, their order, reasons, citations, comments, and every line of `seen`
that was seen. A listed case that shows something else gets a line of its own, in full, never a
wildcard. A case that is not listed goes into a new section, with the cases that went wrong in the
same way; its reason says that nobody has explained it. Every change is also a remark for a person.
"""
from fnmatch import fnmatchcase
from typing import AbstractSet, List, Sequence, Set, Tuple

from ..model import UserError
from ..record import dataclass, field, replace
from . import known
from .edit import Editor
from .evidence import Evidence, Ran, Section, number
from .excuse import Deviations
from .newcomers import new_sections, safe, who
from .scopes import Spot, lines
from .seen import Ids

_WILD = set("*?[")
#: So many cases are named that cannot be listed for the same reason.
_MAX_NAMES = 12


@dataclass
class Proposal:
    """The new text. remarks: each change in it. undone: what it cannot mend."""
    text: str = ""
    remarks: List[str] = field(default_factory=list)
    undone: List[str] = field(default_factory=list)


def propose(text: str, path: str, title: str, runs: Sequence[Ran], today: str) -> Proposal:
    """The new text of the file at this path, which has this text now ('': there is none). title:
    what the platform is called in the first line of a new file. today: YYYY-MM-DD."""
    listed = known.parse(text, path) if text else []
    evidence, found, edit = Evidence(listed, runs, today), Proposal(), Editor(text, path)
    if not text:
        edit.append(["# Known deviations of %s." % title,
                     "# docs/results.md, section 7, describes the format.",
                     "# What is not explained yet needs a reason, and the source of the cause."])
    for section in evidence.sections.values():
        _change(edit, evidence, section, found)
    for new in new_sections(evidence):
        edit.append(new.lines)
        found.remarks.append(new.remark)
    found.text = edit.text() if found.remarks else text
    hopeless = {spot for spots in evidence.hopeless.values() for spot in spots}
    found.undone += ["%s cannot be listed: %s" % (who(spots, _MAX_NAMES), why)
                     for why, spots in evidence.hopeless.items()]
    found.undone += _still_wrong(found, path, runs, today, hopeless)
    return found


def _still_wrong(found: Proposal, path: str, runs: Sequence[Ran], today: str,
                 said: AbstractSet[Spot]) -> List[str]:
    """A line for each result that the new text does not excuse either, for a reason not yet said.
    said: where it was."""
    listed = known.parse(found.text, path) if found.text else []
    wrong = []
    for ran in runs:
        applied = Deviations(listed, ran.platform, ran.version, today)
        try:
            applied.check(Ids(_ids(ran)))
        except UserError as error:
            wrong.append("the new text has to be put right: %s" % error)
        for result in ran.results:
            judged = replace(result)
            applied.apply(judged, ran.cpu)
            if judged.unexpected and (ran.platform, result.case) not in said and \
                    not any(result.case in line for line in found.undone):
                wrong.append("%s on %s would still be %s" % (result.case, ran.platform,
                                                             judged.verdict))
    return list(dict.fromkeys(wrong))


def _ids(ran: Ran) -> List[str]:
    """The ids of all cases. What a run shows that did not have every case is not all of a suite."""
    cases = [result.case for result in ran.results]
    if not ran.whole:
        cases += sorted({case.partition("/")[0] + "/*" for case in cases})
    return cases


def _change(edit: Editor, evidence: Evidence, section: Section, found: Proposal) -> None:
    """Everything that changes in a section that is there."""
    d = section.deviation
    gone = _now_passing(section, found)
    left = [case for case in d.cases if case not in gone]
    if not left and d.quirk:
        found.undone += ["[%s]: no case is left in it, but its quirk: take out cases, verdict and seen"
                         % d.name] if d.cases else []
        return
    if not left:
        edit.remove(d.name)
        found.remarks.append("[%s]: goes, because no case is left in it" % d.name)
        return
    if gone:
        edit.set_lines(d.name, "cases", [" ".join(left)])
    seen = ["for %s: %s" % (who(spots), pattern) for pattern, spots in section.new.items()]
    if not d.seen and section.new and not _closed(evidence, section, left):
        found.undone += ["[%s] stays blank, because not all its cases went wrong in this run; seen "
                         "was, %s" % (d.name, line) for line in seen]
        return
    stale = _stale(section, evidence.whole)
    inside = edit.inside(d.name, "seen") if d.seen else []
    lines_ = _old_lines(inside, stale, gone) + _new_lines(evidence, section)
    if lines_ != [line for _, line in inside]:
        edit.set_lines(d.name, "seen", lines_)
    word = "a new line" if d.seen else "was blank, gets a line"
    found.remarks += ["[%s]: %s, %s" % (d.name, word, line) for line in seen]
    found.remarks += [
        "[%s]: a line goes, because its cases ran and none showed it: %s" % (d.name, line.text)
        for line in d.lines() if number(line) in stale]
    _set_verdicts(edit, section, {line.pattern.form.verdict for line in d.lines()
                                  if number(line) not in stale}, found)


def _set_verdicts(edit: Editor, section: Section, kept: AbstractSet[str], found: Proposal) -> None:
    """The verdicts are those that the lines are about. kept: those of the old lines."""
    d = section.deviation
    if not kept and not section.new:
        return
    now = [v for v in d.verdicts if v in kept | section.verdicts] + \
        sorted(section.verdicts - set(d.verdicts))
    if now != list(d.verdicts):
        edit.set_lines(d.name, "verdict", [" ".join(now)])
        found.remarks.append("[%s]: the verdicts were %s, and are %s" % (
            d.name, " ".join(d.verdicts), " ".join(now)))


def _closed(evidence: Evidence, section: Section, cases: Sequence[str]) -> bool:
    """Whether every case that the section lists went wrong in the run."""
    wrong = {case for _, case in section.failed}
    ids = {result.case for ran in evidence.runs for result in ran.results}
    return all({name for name in ids if fnmatchcase(name, case)} <= wrong and evidence.whole
               if set(case) & _WILD else case in wrong for case in cases)


def _new_lines(evidence: Evidence, section: Section) -> List[str]:
    """The lines for what the section does not say is seen."""
    closed = _closed(evidence, section, section.deviation.cases)
    return lines({safe(pattern): spots for pattern, spots in section.new.items()},
                 evidence.field_of(section.failed, closed))


def _old_lines(inside: Sequence[Tuple[int, str]], stale: Sequence[int],
               gone: AbstractSet[str]) -> List[str]:
    """What stays of a section's lines, comments included: those that were seen, without the cases
    that are gone in their scopes."""
    found = []
    for at, line in inside:
        head, colon, rest = line.partition(": ")
        words = [word for word in head.split() if word not in gone]
        narrowed = bool(colon) and len(words) < len(head.split())
        if at in stale or narrowed and not any("/" in word for word in words):
            continue
        found.append(" ".join(words) + colon + rest if narrowed else line)
    return found


def _stale(section: Section, whole: bool) -> List[int]:
    """The numbers of the lines that were not seen, although every case that could show them ran. A
    line that says why a run may show something else does not count, as at the end of a run."""
    d, unseen = section.deviation, []
    for line in () if d.intermittent else [line for line in d.lines() if not line.why]:
        globs = [g for g in d.cases if not line.cases or any(
            fnmatchcase(g, scope) or fnmatchcase(scope, g) for scope in line.cases)]
        ran = all(g in section.ids or whole and set(g) & _WILD for g in globs)
        if ran and number(line) in section.possible - section.used:
            unseen.append(number(line))
    return unseen if len(unseen) < len(d.lines()) or section.new else []


def _now_passing(section: Section, found: Proposal) -> Set[str]:
    """The listed cases that pass, and that the section can do without."""
    d, gone = section.deviation, set()
    for case in sorted({case for _, case in section.passed}):
        good = ", ".join(sorted(name for name, c in section.passed if c == case))
        bad = ", ".join(sorted(name for name, c in section.failed if c == case))
        if bad:
            found.undone.append("[%s]: %s passes on %s and goes wrong on %s: the section "
                                "needs `intermittent`, `versions` or `platforms`" % (
                                    d.name, case, good, bad))
        elif case not in d.cases:
            found.undone.append("[%s]: %s passes on %s: write out the glob that lists it"
                                % (d.name, case, good))
        else:
            gone.add(case)
            found.remarks.append("[%s]: no longer lists %s, which passes on %s" % (
                d.name, case, good))
    return gone
