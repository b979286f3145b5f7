# SPDX-License-Identifier: BSD-2-Clause
"""Console bytes made harmless, and the few ways this package shapes text.

Whatever a guest prints can reach a report, so every byte that is not printable ASCII is spelt
\\xNN before it gets there: no terminal escape, no NUL, no broken UTF-8.
"""
from typing import Iterable, List, Sequence, Tuple

_SAFE = frozenset(range(0x20, 0x7F))
#: What a shell leaves as it is.
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./_-")


def clean(data: bytes, limit: int = 4000) -> str:
    """Printable ASCII for these bytes, cut at limit characters."""
    short = data[:limit]
    if _SAFE.issuperset(short):
        text = short.decode("ascii")
    else:
        text = "".join(chr(b) if b in _SAFE else "\\x%02x" % b for b in short)
    return text if len(data) <= limit else text + " ... (%d bytes)" % len(data)


def clean_text(text: str) -> str:
    """Text from a file or a person made printable; non-ASCII letters may stay."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else "\\x%02x" % ord(c) for c in text)


def fits(glob: str, text: str) -> bool:
    """Whether the text is as the glob says, in which * stands for any characters, also none."""
    if "*" not in glob:
        return glob == text
    first, *middle, last = glob.split("*")
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for part in middle:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def columns(rows: Sequence[Tuple[str, str, bool]], heads: Sequence[str]) -> List[str]:
    """Two columns from rows (left, right, differs): a mark stands between two that differ, a dash in
    place of an empty one."""
    width = min(60, max([len(heads[0])] + [len(left) for left, _, _ in rows]))
    return ["    %-*s   %s" % (width, *heads)] + [
        "    %-*s %s %s" % (width, left or "-", "|" if differs else " ", right or "-")
        for left, right, differs in rows]


def table(rows: Sequence[Tuple[str, bool, str, bool, str]], heads: Sequence[str]) -> List[str]:
    """Three columns from rows (left, left differs from right, middle, middle differs from right,
    right), marked as columns() marks two."""
    wide = [min(60, max([len(heads[i])] + [len(row[2 * i]) for row in rows])) for i in (0, 1)]
    return ["    %-*s   %-*s   %s" % (wide[0], heads[0], wide[1], heads[1], heads[2])] + [
        "    %-*s %s %-*s %s %s" % (wide[0], left or "-", "|" if far else " ", wide[1], middle or "-",
                                    "|" if near_by else " ", right or "-")
        for left, far, middle, near_by, right in rows]


def plural(count: int, noun: str) -> str:
    """'1 case', '2 cases'."""
    return "%d %s%s" % (count, noun, "" if count == 1 else "s")


def near(word: str, known: Iterable[str]) -> str:
    """' (did you mean X?)' when a known word is close, else ''."""
    import difflib
    found = difflib.get_close_matches(word, list(known), 1)
    return " (did you mean %s?)" % found[0] if found else ""


def shell_quote(words: Iterable[str]) -> str:
    """One line that a POSIX shell reads back as these words."""
    return " ".join(w if w and _PLAIN.issuperset(w) else "'" + w.replace("'", "'\\''") + "'"
                    for w in words)
