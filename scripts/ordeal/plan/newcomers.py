# SPDX-License-Identifier: BSD-2-Clause
"""New sections of expected/PLATFORM.cfg, for cases that went wrong and that no section lists: one
for each kind of difference. Pure; for scripts/known."""
from typing import AbstractSet, Dict, List, Sequence, Set, Tuple

from ..judge.pattern import ANY, parse_pattern, spelt
from ..model import PASS, Result
from ..record import dataclass
from .edit import block
from .evidence import Evidence, Ran
from .kinds import Kinship, kinship
from .known import UNEXPLAINED
from .scopes import Spot, lines, of_platforms

_MAX_CITATIONS = 3


@dataclass(frozen=True)
class Newcomer:
    """A new section, and what is to be said of it."""
    lines: List[str]
    remark: str


@dataclass(frozen=True)
class _Group:
    """What the cases of one new section share. only: the platforms of the run to which the section
    has to be limited, because the cases pass on another. varies: whether they also pass there."""
    kin: Kinship
    only: Tuple[str, ...]
    varies: bool


def new_sections(evidence: Evidence) -> List[Newcomer]:
    """A section for each kind of difference, in the order in which the run met them. A case that
    went wrong in several ways on one platform is of the kind that was met first."""
    passed = {(ran.platform, result.case) for ran in evidence.runs for result in ran.results
              if result.verdict == PASS}
    wrong = {(ran.platform, result.case) for ran, result in evidence.strange}
    kinds: Dict[Spot, Kinship] = {}
    groups: Dict[_Group, List[Tuple[Ran, Result]]] = {}
    for ran, result in evidence.strange:
        mine = {spot for spot in wrong if spot[1] == result.case}
        elsewhere = {spot for spot in passed - mine if spot[1] == result.case}
        group = _Group(kinds.setdefault((ran.platform, result.case), kinship(result)),
                       tuple(sorted(name for name, _ in mine)) if elsewhere else (),
                       bool(passed & mine))
        groups.setdefault(group, []).append((ran, result))
    names = list(evidence.sections)
    return [_newcomer(evidence, group, members, names) for group, members in groups.items()]


def _newcomer(evidence: Evidence, group: _Group, members: Sequence[Tuple[Ran, Result]],
              names: List[str]) -> Newcomer:
    """The section of one group. names: those that are taken; the new one is added."""
    name, count = group.kin.name, 1
    while name in names:
        count += 1
        name = "%s-%d" % (group.kin.name, count)
    names.append(name)
    spots: Set[Spot] = {(ran.platform, result.case) for ran, result in members}
    seen: Dict[str, Set[Spot]] = {}
    for ran, result in members:
        for pattern in spelt(result):
            seen.setdefault(safe(pattern), set()).add((ran.platform, result.case))
    cases = list(dict.fromkeys(result.case for _, result in members))
    verdicts = dict.fromkeys(result.verdict for _, result in members)
    failed = {(ran.platform, result.case) for ran, result in evidence.strange
              if result.case in cases}
    text = ["[%s]" % name, "cases = " + " ".join(cases)]
    if group.only:
        scope = of_platforms(group.only, {ran.platform: ran.version for ran in evidence.runs})
        text.append("versions = " + scope if scope.startswith("=")
                    else "platforms = " + " ".join(group.only))
    text += ["verdict = " + " ".join(verdicts), "reason = %s: %s" % (UNEXPLAINED, group.kin.text),
             "cite = " + _citations([result for _, result in members])]
    text += block("seen", lines(seen, evidence.field_of(failed, True)))
    text += ["intermittent = yes"] if group.varies else []
    return Newcomer(text, "[%s]: new, not explained, lists %s" % (name, who(spots)))


def _citations(results: Sequence[Result]) -> str:
    """The sections of the manuals that the cases name."""
    cites = list(dict.fromkeys(result.citation for result in results if result.citation))
    return "; ".join(cites[:_MAX_CITATIONS]) or "the cases name no source"


def safe(pattern: str) -> str:
    """The pattern as a line may have it: with a reason, if it has a sign that is a wildcard."""
    if not parse_pattern(pattern).wild:
        return pattern
    return pattern + (" -- the log cuts the trace here" if "; " + ANY in pattern
                      else " -- the log itself has a *")


def who(spots: AbstractSet[Spot], limit: int = 0) -> str:
    """The cases and the platforms, for a remark; the first cases of more than a limit."""
    cases = sorted({case for _, case in spots})
    shown = cases[:limit or None]
    more = " and %d more" % (len(cases) - len(shown)) if len(shown) < len(cases) else ""
    return "%s%s on %s" % (" ".join(shown), more, ", ".join(sorted({name for name, _ in spots})))
