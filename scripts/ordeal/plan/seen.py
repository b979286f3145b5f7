# SPDX-License-Identifier: BSD-2-Clause
"""Reads the key `seen` of expected/PLATFORM.cfg: what a known deviation looks like in each case
(docs/results.md, section 7).

Each line is [SCOPE: ]PATTERN[ -- WHY]. The scope is read here, the pattern by judge/pattern.py.
"""
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Dict, List, Sequence, Tuple

from ..judge.pattern import BadPattern, Pattern, parse_pattern
from ..model import UserError
from ..platforms import named
from ..record import dataclass
from ..text import fits, near
from .versions import OPERATORS, check_term, version_fits

_ON = "on="


def _is_like(name: str, glob: str) -> bool:
    """fnmatchcase(), without a regular expression to compile where * is the only wildcard."""
    return fnmatchcase(name, glob) if "?" in glob or "[" in glob else fits(glob, name)


@dataclass(frozen=True)
class Line:
    """One line of `seen`. where: its file and line. An empty scope serves every case."""
    where: str
    text: str  # the pattern, as it was written
    pattern: Pattern
    why: str
    cases: Tuple[str, ...] = ()
    versions: Tuple[str, ...] = ()
    platforms: Tuple[str, ...] = ()

    def holds_on(self, platform: str, version: Tuple[int, ...]) -> bool:
        """Whether the line is meant for this platform and version."""
        return (not self.platforms or any(_is_like(platform, glob) for glob in self.platforms)) \
            and version_fits(self.versions, version, self.where)

    def serves(self, case: str) -> bool:
        """Whether the line is meant for this case of its section."""
        return not self.cases or any(_is_like(case, glob) for glob in self.cases)


def _is_scope(word: str) -> bool:
    return word.startswith(_ON) or word.startswith(OPERATORS) or ("/" in word and "@" not in word)


def _split(text: str, where: str) -> Tuple[List[str], str]:
    """The words of the scope, and the rest."""
    head, colon, rest = text.partition(": ")
    words = head.split()
    if not colon or not words or not _is_scope(words[0]):
        return [], text
    for word in words:
        if not _is_scope(word):
            raise UserError("%s: bad scope %r: write case globs (SUITE/CASE), versions (>=9.1) or "
                            "on=PLATFORM" % (where, word))
        if word == _ON:
            raise UserError("%s: bad scope: on= needs a platform glob, as in on=tcg+*" % where)
        if word.startswith(OPERATORS):
            check_term(word, where)
    return words, rest


def _line(text: str, where: str) -> Line:
    words, rest = _split(text, where)
    written, dashes, why = rest.partition(" -- ")
    written, why = written.strip(), why.strip()
    if dashes and not why or written.endswith(" --"):
        raise UserError("%s: nothing follows --" % where)
    try:
        pattern = parse_pattern(written)
    except BadPattern as error:
        raise UserError("%s: %s" % (where, error)) from None
    if pattern.wild and not why:
        raise UserError("%s: a wildcard needs a reason: end the line with ' -- ' and what varies, and "
                        "why" % where)
    return Line(where, written, pattern, why,
                tuple(word for word in words if not word.startswith(OPERATORS + (_ON,))),
                tuple(word for word in words if word.startswith(OPERATORS)),
                tuple(word[len(_ON):] for word in words if word.startswith(_ON)))


@lru_cache(None)
def read(value: str, number: int, path: str, name: str,
         verdicts: Tuple[str, ...]) -> Tuple[Line, ...]:
    """The lines of `seen` in the section `name`, which lists these verdicts. number: the line of the
    file in which the value begins. A UserError names the file and the line of what is wrong."""
    found: List[Line] = []
    written: Dict[object, str] = {}
    for place, text in enumerate(value.splitlines(), number):
        text, where = text.strip(), "%s:%d" % (path, place)
        if not text or text == "#" or text.startswith("# "):
            continue
        line = _line(text, where)
        key = (line.text, line.cases, line.versions, line.platforms)
        if key in written:
            raise UserError("%s: the same line as in %s" % (where, written[key]))
        written[key] = where
        if line.pattern.form.verdict not in verdicts:
            raise UserError("%s: [%s]: this line is about %s, but the verdict of the section is %s"
                            % (where, name, line.pattern.form.verdict, " ".join(verdicts)))
        found.append(line)
    lacking = [v for v in verdicts if v not in [line.pattern.form.verdict for line in found]]
    if lacking:
        raise UserError("%s:%d: [%s]: no line of seen says what %s looks like" % (
            path, number, name, " and ".join(lacking)))
    return tuple(found)


def check_scopes(lines: Sequence[Line], name: str, globs: Sequence[str], cases: Sequence[str],
                 ids: "Ids") -> None:
    """A UserError for a scope that fits no case of its section, and for a case that no line serves.
    globs: the `cases` of the section; cases: those of the run that they match."""
    for line in lines:
        for glob in line.cases:
            if ids.knows_suite(glob) and not any(_is_like(case, glob) for case in cases) and \
                    not ids.may_overlap(glob, globs):
                raise UserError("%s: the scope %s fits no case of [%s]" % (line.where, glob, name))
    if all(line.cases for line in lines):
        for case in cases:
            if not any(line.serves(case) for line in lines):
                raise UserError("%s: [%s] lists %s, but no line of its seen serves that case"
                                % (lines[0].where, name, case))


def check_platforms(where: str, globs: Sequence[str], names: Sequence[str]) -> None:
    """A UserError for a glob that fits no platform. names: those that are listed, () if unknown;
    others can be named."""
    for glob in globs if names else ():
        if not any(_is_like(name, glob) for name in names) and not named(glob):
            raise UserError("%s: no platform is called %s%s; --platforms lists them" % (
                where, glob, near(glob, names)))


class Ids:
    """The ids of all cases. SUITE/* stands for a suite whose cases were not read."""

    def __init__(self, names: Sequence[str]) -> None:
        self._read: Dict[str, List[str]] = {}
        for name in names:
            if not name.endswith("/*"):
                self._read.setdefault(name.partition("/")[0], []).append(name)
        self._unread = [name[:-2] for name in names if name.endswith("/*")]
        self._matches: Dict[str, List[str]] = {}

    def matching(self, glob: str) -> List[str]:
        """The ids that a glob matches."""
        found = self._matches.get(glob)
        if found is None:
            suite = glob.partition("/")[0]
            found = self._matches[glob] = [
                name for known, names in self._read.items() if _is_like(known, suite)
                for name in names if _is_like(name, glob)]
        return found

    def may_fit(self, glob: str) -> bool:
        """Whether the glob matches a case, or may match one of a suite that was not read."""
        return bool(self.matching(glob)) or self.unread(glob)

    def unread(self, glob: str) -> bool:
        """Whether the glob may match a case of a suite that was not read."""
        return any(fnmatchcase(suite, glob.split("/", 1)[0]) for suite in self._unread)

    def knows_suite(self, glob: str) -> bool:
        """Whether the cases of the glob's suite are known."""
        return glob.partition("/")[0] in self._read

    def may_overlap(self, glob: str, others: Sequence[str]) -> bool:
        """Whether the glob may match cases of a suite that was not read, as one of the others may."""
        suites = [suite for suite in self._unread if fnmatchcase(suite, glob.split("/", 1)[0])]
        return any(fnmatchcase(suite, other.split("/", 1)[0]) for suite in suites for other in others)
