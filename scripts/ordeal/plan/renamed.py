# SPDX-License-Identifier: BSD-2-Clause
"""Translates old case ids: the suites were divided anew, by question, and every case has a new id.

The map is scripts/renamed-cases.tsv (old, tab, new); scripts/renamed-cases rewrites users' files
with it. The runner reads the map only to explain why a pattern, an expectation or a baseline
matches no case.
"""
import os
import re
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Dict, Iterable, List, NamedTuple, Tuple

TABLE = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))),
                     "renamed-cases.tsv")
_GATE = re.compile(r"_(interrupt|trap|\*)_gate$|_\*(gate)?$")
#: SUITE/FILE.CASE, or a glob of such ids, anywhere in a text.
_IDS = re.compile(r"(?<![\w./*-])[a-z*?]+/[a-z_*?]+\.[a-z0-9_*?]+(?:\.[a-z0-9_*?]+)*(?![\w/])")
#: SUITE/GLOB without a case: a whole suite, or files in it.
_WIDE = re.compile(r"(?<![\w./*-])[a-z]+/[a-z_?]*\*[a-z_*?]*(?![\w/.])")
#: FILE.CASE, the form that guests and twins use.
_NAMES = re.compile(r"(?<![\w./*-])[a-z_]+\.[a-z0-9_]+(?![\w/.*(])")


class Translation(NamedTuple):
    """The new patterns for an old one. written_out: the pattern had to be written out, id by id."""
    patterns: Tuple[str, ...]
    written_out: bool


@lru_cache(maxsize=None)
def table() -> Dict[str, str]:
    """The new id of every old id."""
    with open(TABLE, encoding="ascii") as stream:
        return dict(line.rstrip("\n").split("\t") for line in stream)


@lru_cache(maxsize=None)
def names() -> Dict[str, str]:
    """The new name of every old name without a suite, if it is unambiguous and has changed."""
    found: Dict[str, List[str]] = {}
    for old, new in table().items():
        found.setdefault(old.partition("/")[2], []).append(new.partition("/")[2])
    taken = {new.partition("/")[2] for new in table().values()}
    return {old: new[0] for old, new in found.items()
            if len(new) == 1 and old != new[0] and old not in taken}


def _in_file(name: str, tail: str, wanted: List[str], every: Iterable[str]) -> Tuple[str, ...]:
    """One glob that matches exactly these cases of the file, or all of them written out."""
    of_file = [new for new in every if new.startswith(name + ".")]
    tails = [tail, _GATE.sub(lambda m: "." + m.group(0)[1:], tail), "vmx_" + tail, "*"]
    for candidate in ["%s.%s" % (name, t) for t in tails]:
        if [new for new in of_file if fnmatchcase(new, candidate)] == wanted:
            return (candidate,)
    return tuple(wanted)


def translate(pattern: str) -> Translation:
    """The patterns that match the cases that this one used to match. A pattern that matched no old
    case stays."""
    if pattern in table():
        return Translation((table()[pattern],), False)
    every = list(table().values())
    fitted = {table()[old] for old in table() if fnmatchcase(old, pattern)}
    if not fitted or {new for new in every if fnmatchcase(new, pattern)} == fitted:
        return Translation((pattern,), False)
    result: List[str] = []
    tail = pattern.partition("/")[2].partition(".")[2] or "*"
    for name in dict.fromkeys(new.partition(".")[0] for new in every if new in fitted):
        wanted = [new for new in every if new in fitted and new.startswith(name + ".")]
        result += _in_file(name, tail, wanted, every)
    return Translation(tuple(result), "*" in pattern and not any("*" in p for p in result))


def is_old(pattern: str) -> bool:
    """Whether the pattern matches old cases, and none of today's."""
    return any(fnmatchcase(old, pattern) for old in table()) \
        and not any(fnmatchcase(new, pattern) for new in table().values())


def hint(patterns: Iterable[str], where: str = "") -> str:
    """'; renamed: ...' if these patterns are of before; where: the file that holds them. A word
    without a slash is a suite."""
    old = [pattern for pattern in (p if "/" in p else p + "/*" for p in patterns) if is_old(pattern)]
    if not old:
        return ""
    if where:
        return "; these ids are from before the suites were cut anew: scripts/renamed-cases %s " \
            "rewrites them" % where
    now = translate(old[0]).patterns
    return "; renamed, see scripts/renamed-cases: %s%s" % (now[0], " ..." if len(now) > 1 else "")


def rewrite(text: str) -> Tuple[str, List[str]]:
    """The text with new ids for old ones, and remarks: a glob that had to be written out, and one
    that fits other cases today, which is right only in a text from before. Where one quoted glob
    becomes several, each is quoted."""
    remarks: List[str] = []

    def ident(match: "re.Match[str]") -> str:
        found, glob = translate(match.group(0)), match.group(0)
        if found.written_out:
            remarks.append("no glob of today fits the cases of %s: now %s" % (
                glob, " ".join(found.patterns)))
        elif found.patterns != (glob,) and any(fnmatchcase(new, glob) for new in table().values()):
            remarks.append("%s fits other cases today, and was taken as it was before: now %s" % (
                glob, " ".join(found.patterns)))
        around = text[match.start() - 1:match.start()] + text[match.end():match.end() + 1]
        return ("' '" if around == "''" else " ").join(found.patterns)
    # One after the other would translate twice: what is wide today has been written as FILE.*.
    both = re.compile("%s|%s" % (_IDS.pattern, _WIDE.pattern))
    new = both.sub(ident, text)
    return _NAMES.sub(lambda m: names().get(m.group(0), m.group(0)), new), remarks
