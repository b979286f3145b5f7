# SPDX-License-Identifier: BSD-2-Clause
"""Changes the text of expected/PLATFORM.cfg: keys grow and shrink, sections come and go, everything
else stays as it is, comments and order included. Pure.
"""
from typing import Dict, List, Sequence, Tuple

from . import cfg

_QUOTES = '"""'


class Editor:
    """A file that is being changed. The edits are made on the original's line numbers, and text()
    applies them all. path: for error messages."""

    def __init__(self, text: str, path: str) -> None:
        self._lines = text.splitlines()
        self._sections = {entry.name: entry for entry in cfg.sections(text, path, comments=False)}
        #: What replaces the lines from the first to before the second (from 0); by those two.
        self._edits: Dict[Tuple[int, int], List[str]] = {}
        self._new: List[str] = []

    @property
    def names(self) -> List[str]:
        """The names of the original's sections."""
        return list(self._sections)

    def _span(self, section: str, key: str) -> Tuple[int, int]:
        """The lines of a key: from the first to before the second."""
        first = self._sections[section].keys[key][1] - 1
        end = first + 1
        _, opening, rest = self._lines[first].partition("=")[2].partition(_QUOTES)
        if opening and _QUOTES not in rest:
            end += next(n for n, line in enumerate(self._lines[end:], 1) if _QUOTES in line)
        return first, end

    def set(self, section: str, key: str, value: str) -> None:
        """Give a key of one line another value."""
        self.set_lines(section, key, [value])

    def inside(self, section: str, key: str) -> List[Tuple[int, str]]:
        """The lines of a key's value, comments included, with their numbers in the file, from 1."""
        first, end = self._span(section, key)
        found = []
        for number, line in enumerate(self._lines[first:end], first + 1):
            if number == first + 1:
                line = line.partition("=")[2].strip()
                line = line[len(_QUOTES):] if line.startswith(_QUOTES) else line
            line = line.strip()
            if number == end and line.endswith(_QUOTES):
                line = line[:-len(_QUOTES)].rstrip()
            if line:
                found.append((number, line))
        return found

    def set_lines(self, section: str, key: str, lines: Sequence[str]) -> None:
        """Give a key these lines; a key that the section lacks is added at its end."""
        keys = self._sections[section].keys
        if key in keys:
            span = self._span(section, key)
        else:
            span = (max(self._span(section, name)[1] for name in keys),) * 2
        self._edits[span] = block(key, lines)

    def remove(self, section: str) -> None:
        """Take out a section, with the comment right above its head."""
        first = self._sections[section].line - 1
        while first and self._lines[first - 1].startswith("#"):
            first -= 1
        following = [e.line - 1 for e in self._sections.values() if e.line - 1 > first
                     and e.name != section]
        end = min(following, default=len(self._lines))
        while following and end and self._lines[end - 1].startswith("#"):
            end -= 1
        for span in [span for span in self._edits if first <= span[0] < end]:
            del self._edits[span]
        self._edits[first, end] = []

    def append(self, lines: Sequence[str]) -> None:
        """Add a section, or a comment, at the end of the file."""
        self._new += ([""] if self._new else []) + list(lines)

    def text(self) -> str:
        """The changed file."""
        lines = list(self._lines)
        for (first, end), new in sorted(self._edits.items(), reverse=True):
            lines[first:end] = new
        while lines and not lines[-1].strip():
            lines.pop()
        if self._new:
            lines += ([""] if lines else []) + self._new
        return "".join(line + "\n" for line in lines)


def block(key: str, lines: Sequence[str]) -> List[str]:
    """A key with one line, or with several."""
    if len(lines) == 1 and lines[0].split()[0] != "#":
        return ["%s = %s" % (key, lines[0])]
    return ["%s = %s" % (key, _QUOTES), *lines, _QUOTES]
