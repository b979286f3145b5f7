# SPDX-License-Identifier: BSD-2-Clause
"""The scopes that the lines of `seen` need: as few as say exactly where each pattern was seen. Pure
functions.
"""
from typing import AbstractSet, Collection, Dict, FrozenSet, List, Mapping, Sequence, Tuple

from ..host import version_of
from ..record import dataclass

Spot = Tuple[str, str]  # platform, case


@dataclass(frozen=True)
class Field:
    """The cases of one section in a run. failed: where they went wrong. versions: the version of
    each platform, as text. every: all ids of the run, () if the run did not have every case.
    closed: whether all cases that the section lists ran."""
    failed: AbstractSet[Spot]
    versions: Mapping[str, str]
    every: Tuple[str, ...] = ()
    closed: bool = True


def lines(patterns: Mapping[str, AbstractSet[Spot]], field: Field) -> List[str]:
    """A line of `seen` for each pattern, with its scope; several where the platforms differ."""
    return ["%s: %s" % (scope, pattern) if scope else pattern
            for pattern, seen in patterns.items() for scope in scopes(seen, field)]


def scopes(seen: AbstractSet[Spot], field: Field) -> List[str]:
    """The scopes of a pattern that was seen there; '' stands for none."""
    cases = frozenset(case for _, case in seen)
    if all(spot in seen for spot in field.failed if spot[1] in cases):
        return [_of_cases(cases, list(field.versions), field)]
    by_platform = {name: frozenset(c for p, c in seen if p == name)
                   for name in dict.fromkeys(sorted(p for p, _ in seen))}
    groups: Dict[FrozenSet[str], List[str]] = {}
    for name, some in by_platform.items():
        groups.setdefault(some, []).append(name)
    return [" ".join(filter(None, (of_platforms(names, field.versions),
                                   _of_cases(some, names, field))))
            for some, names in groups.items()]


def of_platforms(names: Sequence[str], versions: Mapping[str, str]) -> str:
    """The scope of these platforms: a version, if one tells them from all others of the run."""
    numbers = {name: version_of(version)[:2] for name, version in versions.items()}
    mine = {numbers.get(name, ()) for name in names}
    others = {number for name, number in numbers.items() if name not in names}
    if len(mine) == 1 and len(min(mine)) == 2 and not mine & others:
        return "=%d.%d" % tuple(min(mine))
    return " ".join("on=" + name for name in names)


def _of_cases(cases: FrozenSet[str], names: Sequence[str], field: Field) -> str:
    whole = field.closed and all(case in cases for name, case in field.failed if name in names)
    return "" if whole else cover(cases, field.every)


def cover(cases: Collection[str], every: Sequence[str]) -> str:
    """The ids. A glob stands for two or more that are all cases of a table, as `every` says."""
    left, found = sorted(cases), []
    while left:
        stem = left[0].rpartition(".")[0] + "."
        table = [case for case in every if case.startswith(stem)]
        if len(table) > 1 and stem.count(".") > 1 and set(table) <= set(left):
            found.append(stem + "*")
            left = [case for case in left if case not in table]
        else:
            found.append(left.pop(0))
    return " ".join(found)
