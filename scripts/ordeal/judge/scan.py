# SPDX-License-Identifier: BSD-2-Clause
"""Finds the protocol lines in console bytes, in bounded memory.

The scanner takes chunks of any size and returns the lines that begin with a word of the grammar
(docs/results.md, section 1). It drops everything else, so a gigabyte of noise costs time, not
memory. A line that never ends is cut at MAX_LINE and marked.
"""
from typing import Iterator, List, NamedTuple, Tuple

WORDS = (b"ORDEAL ", b"ENV:", b"PLAN:", b"CASE:", b"WANT:", b"SEEN:", b"BLOCK:", b"PLAYED:", b"SWEEP:",
         b"SAMPLE:", b"HIST:", b"OBSERVED:", b"NOTE:", b"PASS:", b"FAIL:", b"SKIP:", b"ERROR:", b"DONE:",
         b"REPLAY:", b"ABORT:", b"SUMMARY:", b"END ")
MAX_LINE = 65536


class Line(NamedTuple):
    """One protocol line without its line end; whole is False when it was too long."""
    data: bytes
    whole: bool


class LineScanner:
    """Keeps at most MAX_LINE bytes between two calls of feed()."""

    def __init__(self, words: Tuple[bytes, ...] = WORDS) -> None:
        self._words = words
        self._held: List[bytes] = []
        self._size = 0
        self._overflow = False

    def _hold(self, piece: bytes) -> None:
        room = MAX_LINE - self._size
        if len(piece) > room:
            self._overflow = True
            piece = piece[:room]
        if piece:
            self._held.append(piece)
            self._size += len(piece)

    def feed(self, chunk: bytes) -> Iterator[Line]:
        """The protocol lines that this chunk completes."""
        pieces = chunk.split(b"\n")
        self._hold(pieces[0])
        for piece in pieces[1:]:
            line = b"".join(self._held)
            if line.startswith(self._words):
                yield Line(line[:-1] if line.endswith(b"\r") else line, not self._overflow)
            self._held, self._size, self._overflow = [], 0, False
            self._hold(piece)

    def rest(self) -> bytes:
        """The bytes after the last line end: a line that was cut off, which is never judged."""
        return b"".join(self._held)
