# SPDX-License-Identifier: BSD-2-Clause
"""Selects the cases that run, by groups, globs, exclusion and shards. Pure functions.

A stanza's cases are those of its image, narrowed by the globs in the stanza's test_args. A pattern
without a slash names stanzas, a pattern with a slash names cases. A pattern that matches nothing is
an error, so that a typing mistake never silently shrinks a run.
"""
from fnmatch import fnmatchcase
from typing import Callable, List, Optional, Sequence, Tuple

from ..judge.kut import WHOLE
from ..model import Case, Stanza, UserError
from ..record import dataclass
from ..text import near
from . import renamed

#: What a guest's arguments hold (lib/x86/boot/args.h): globs, and characters, of which some are for
#: the nonce and the name of the image.
MAX_GLOBS, MAX_TEXT = 64, 1900


@dataclass(frozen=True)
class Suite:
    """A stanza with its image and cases. foreign: the image does not list its cases. quirks: those
    that its model knows; none if it has no model."""
    stanza: Stanza
    image: str
    foreign: bool
    carried: Tuple[Case, ...]
    words: Tuple[str, ...]
    quirks: Tuple[str, ...] = ()

    @property
    def cases(self) -> List[Case]:
        """The cases that the stanza's arguments leave, in the order in which the image runs them. A
        foreign image has one case, the image as a whole, and its arguments do not select."""
        globs, excluded = own_globs(self.words)
        if self.foreign or not globs and not excluded:
            return list(self.carried)
        left = [case for case in self.carried if not matches(case.name, excluded)]
        return in_order_of(globs, left) if globs else left


@dataclass(frozen=True)
class Selection:
    """What the command line asks for."""
    patterns: Tuple[str, ...] = ()
    excluded: Tuple[str, ...] = ()
    groups: Tuple[str, ...] = ()
    everything: bool = False
    shard: Tuple[int, int] = (1, 1)


def matches(name: str, globs: Sequence[str]) -> bool:
    """Whether one of the globs matches the name."""
    return any(fnmatchcase(name, glob) for glob in globs)


def in_order_of(globs: Sequence[str], cases: Sequence[Case]) -> List[Case]:
    """The cases that match a glob, ordered by the first that they match, as an image runs them."""
    first = [(next((i for i, glob in enumerate(globs) if fnmatchcase(case.name, glob)), -1), case)
             for case in cases]
    return [case for i, case in sorted(first, key=lambda pair: pair[0]) if i >= 0]


def own_globs(words: Sequence[str]) -> Tuple[List[str], List[str]]:
    """The case globs and exclusions among a guest's arguments."""
    globs = [word for word in words if "=" not in word]
    excluded = [glob for word in words if word.startswith("exclude=")
                for glob in word[len("exclude="):].split(",") if glob]
    return globs, excluded


def guest_args(suite: Suite, names: Sequence[str], extra: Sequence[str]) -> List[str]:
    """The words that make the image run exactly these of its cases."""
    globs, excluded = own_globs(suite.words)
    keys = [word for word in suite.words if "=" in word and not word.startswith("exclude=")]
    planned = [case.name for case in suite.cases]
    if list(names) != planned:
        left = [name for name in planned if name not in set(names)]
        if sum(map(len, names)) <= sum(map(len, left)):
            globs, excluded = list(names), []
        else:
            excluded = excluded + left
    return globs + keys + (["exclude=" + ",".join(excluded)] if excluded else []) + list(extra)


def fitting(suite: Suite, names: Sequence[str], extra: Sequence[str]) -> List[str]:
    """As many of these cases, from the first, as one boot can be asked for with these words."""
    count = len(names)
    while count > 1 and not _fits(guest_args(suite, names[:count], extra)):
        count = min(count - 1, MAX_GLOBS)
    return list(names[:count])


def _fits(args: Sequence[str]) -> bool:
    globs, excluded = own_globs(args)
    return max(len(globs), len(excluded)) <= MAX_GLOBS and len(" ".join(args)) <= MAX_TEXT


def wanted(stanza: Stanza, selection: Selection) -> bool:
    """Whether a stanza is selected by groups, nodefault and the stanza part of the patterns. The
    image is not read."""
    heads = [pattern.split("/", 1)[0] for pattern in selection.patterns]
    if heads and not matches(stanza.name, heads):
        return False
    if selection.groups and not set(stanza.groups) & set(selection.groups):
        return False
    return ("nodefault" not in stanza.groups or selection.everything or bool(selection.groups)
            or stanza.name in heads)


def check_stanzas(stanzas: Sequence[Stanza], selection: Selection) -> None:
    """Raise UserError if the stanza part of a pattern, or a group, matches no stanza."""
    names = [stanza.name for stanza in stanzas]
    for what, patterns in (("test", selection.patterns), ("-x test", selection.excluded)):
        for pattern in patterns:
            head, slash, _ = pattern.partition("/")
            if not matches_any(names, head):
                raise UserError("unknown %s %s%s; -l lists the tests%s" % (
                    what.replace("test", "case") if slash else what, pattern, near(head, names),
                    renamed.hint([pattern])))
    groups = sorted({group for stanza in stanzas for group in stanza.groups})
    for group in selection.groups:
        if group not in groups:
            raise UserError("unknown group %s%s; there are: %s%s" % (
                group, near(group, groups), " ".join(groups) or "none", renamed.hint([group])))


def _check_cases(suites: Sequence[Suite], selection: Selection) -> None:
    """Raise UserError if a pattern for cases matches none, unless its image does not list its cases."""
    ids = [ident(suite, case) for suite in suites for case in suite.cases]
    foreign = [suite.stanza.name for suite in suites if suite.foreign]
    loaded = [suite.stanza.name for suite in suites]
    for what, patterns in (("test", selection.patterns), ("-x test", selection.excluded)):
        for pattern in patterns:
            head, slash, _ = pattern.partition("/")
            if slash and matches_any(loaded, head) and not matches_any(ids, pattern) \
                    and not matches_any(foreign, head):
                raise UserError("unknown %s %s%s; --list-cases lists the cases%s" % (
                    what.replace("test", "case"), pattern, near(pattern, ids),
                    renamed.hint([pattern])))


def matches_any(names: Sequence[str], glob: str) -> bool:
    """Whether the glob matches one of the names."""
    return any(fnmatchcase(name, glob) for name in names)


def ident(suite: Suite, case: Case) -> str:
    """A case's id."""
    return "%s/%s" % (suite.stanza.name, case.name)


def _case_filter(selection: Selection) -> Callable[[Suite, Case], bool]:
    def wanted(suite: Suite, case: Case) -> bool:
        name, full = suite.stanza.name, ident(suite, case)
        for pattern in selection.excluded:
            if fnmatchcase(full if "/" in pattern else name, pattern):
                return False
        if not selection.patterns:
            return True
        return any(fnmatchcase(full if "/" in pattern else name, pattern)
                   for pattern in selection.patterns)
    return wanted


def select(suites: Sequence[Suite], selection: Selection) -> List[Tuple[Suite, List[Case]]]:
    """What runs on each platform: the suites that have cases to run, with these cases."""
    _check_cases(suites, selection)
    case_wanted = _case_filter(selection)
    found: List[Tuple[Suite, List[Case]]] = []
    counter = 0
    index, count = selection.shard
    for suite in suites:
        chosen = []
        for case in suite.cases:
            # A foreign image runs as one unit: its subtests are known only afterwards.
            if not (_foreign_wanted(suite, selection) if suite.foreign
                    else case_wanted(suite, case)):
                continue
            if counter % count == index - 1:
                chosen.append(case)
            counter += 1
        if chosen:
            found.append((suite, chosen))
    return found


def _foreign_wanted(suite: Suite, selection: Selection) -> bool:
    name = suite.stanza.name
    return not any("/" not in x and fnmatchcase(name, x) for x in selection.excluded)


def result_filter(suite: Suite, selection: Selection) -> Optional[Callable[[str], bool]]:
    """For a foreign image: a function that says whether a subtest found in its log is reported; None
    if all are."""
    patterns = [p for p in selection.patterns if fnmatchcase(suite.stanza.name, p.split("/", 1)[0])]
    excluded = [x for x in selection.excluded if "/" in x]
    if not excluded and (not patterns or any("/" not in p for p in patterns)):
        return None

    def wanted(name: str) -> bool:
        full = "%s/%s" % (suite.stanza.name, name)
        if matches(full, excluded):
            return False
        return name == WHOLE or not patterns or matches(full, patterns)
    return wanted
