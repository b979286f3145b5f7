# SPDX-License-Identifier: BSD-2-Clause
"""Console bytes made harmless, and the few ways this package shapes text.

Whatever a guest prints can reach a report, so every byte that is not printable ASCII is spelt
\\xNN before it gets there: no terminal escape, no NUL, no broken UTF-8.
"""
from typing import Iterable, List, Sequence, Tuple

_SAFE = frozenset(range(0x20, 0x7F))


def clean(data: bytes, limit: int = 4000) -> str:
    """Printable ASCII for these bytes, cut at limit characters."""
    short = data[:limit]
    if all(byte in _SAFE for byte in short):
        text = short.decode("ascii")
    else:
        text = "".join(chr(b) if b in _SAFE else "\\x%02x" % b for b in short)
    return text if len(data) <= limit else text + " ... (%d bytes)" % len(data)


def clean_text(text: str) -> str:
    """Text from a file or a person made printable; non-ASCII letters may stay."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else "\\x%02x" % ord(c) for c in text)


def columns(rows: Sequence[Tuple[str, str, bool]], heads: Sequence[str]) -> List[str]:
    """Two columns from rows (left, right, differs): a mark stands between two that differ, a dash in
    place of an empty one."""
    width = min(60, max([len(heads[0])] + [len(left) for left, _, _ in rows]))
    return ["    %-*s   %s" % (width, *heads)] + [
        "    %-*s %s %s" % (width, left or "-", "|" if differs else " ", right or "-")
        for left, right, differs in rows]


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
    safe = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./_-")
    return " ".join(w if w and all(c in safe for c in w) else "'" + w.replace("'", "'\\''") + "'"
                    for w in words)
