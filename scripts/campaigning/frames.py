# SPDX-License-Identifier: BSD-2-Clause
"""The result of a unit: the JSONL stream of its run between two lines that prove it whole.

The first line names plan and unit, the last one has the number of lines between and their SHA-256.
A file may hold the results of many units, in any order; whatever is not a whole result is damage.
"""
import hashlib
import json
import os
import re
from typing import Any, BinaryIO, Dict, Iterator, List, Optional, Set, Tuple

from ordeal.record import dataclass

from .plan import commit_name

#: The compiler in the ENV lines of a boot record.
_COMPILER = re.compile(rb'build=[^" ]* compiler=([^" ]+)"')
FIRST, LAST = b'{"type":"unit",', b'{"type":"unit-end",'


@dataclass(frozen=True)
class Frame:
    """A whole result in a file. offset, length: where all its lines are. commit: of the worker's
    tree; compilers: of the images that it booted; start: the run's first record."""
    plan: str
    number: int
    offset: int
    length: int
    commit: str
    compilers: Tuple[str, ...]
    start: Dict[str, Any]


@dataclass(frozen=True)
class Damage:
    """Lines that are no whole result. number: of the unit whose result began so, or -1."""
    number: int
    offset: int
    why: str


def _encode(data: Dict[str, Any]) -> bytes:
    return json.dumps(data, separators=(",", ":")).encode() + b"\n"


def place_of(directory: str, number: int) -> str:
    """The path of a unit's result."""
    return os.path.join(directory, "units", "%04d" % (number // 1000), "%07d.jsonl" % number)


def framed(plan: str, number: int, name: str, lines: List[bytes]) -> bytes:
    """The result of a unit from the lines of its run."""
    body = b"".join(lines)
    return _encode({"type": "unit", "plan": plan, "n": number, "name": name}) + body + _encode(
        {"type": "unit-end", "n": number, "lines": len(lines),
         "sha256": hashlib.sha256(body).hexdigest()})


class _Open:
    """A result whose last line has not come yet."""

    def __init__(self, offset: int, line: bytes) -> None:
        self.offset, self.count, self.sum = offset, 0, hashlib.sha256()
        self.number, self.plan, self.head = -1, "", line
        self.start: Dict[str, Any] = {}
        self.print: Dict[str, Any] = {}
        self.compilers: Set[str] = set()
        try:
            data = json.loads(line)
            self.number, self.plan = int(data["n"]), str(data["plan"])
        except (ValueError, KeyError, TypeError):
            pass

    def add(self, line: bytes) -> None:
        """One line of the run."""
        self.sum.update(line)
        self.count += 1
        if line.startswith(b'{"type":"start"'):
            self.start = _loaded(line)
        elif line.startswith(b'{"type":"fingerprint"'):
            self.print = _loaded(line)
        elif line.startswith(b'{"type":"boot"'):
            self.compilers.update(name.decode("ascii", "replace")
                                  for name in _COMPILER.findall(line))

    def why_not(self, last: bytes) -> str:
        """Why this is no whole result; '' if it is one."""
        end = _loaded(last)
        if self.number < 0:
            return "its first line cannot be read"
        if end.get("n") != self.number:
            return "its last line is of another unit"
        if end.get("lines") != self.count:
            return "it has %d lines, not %s" % (self.count, end.get("lines"))
        if end.get("sha256") != self.sum.hexdigest():
            return "its lines are not those that were written, or in another order"
        return "" if self.start and self.print else "it has no start or no fingerprint"

    def frame(self, end: int) -> Frame:
        """The whole result."""
        return Frame(self.plan, self.number, self.offset, end - self.offset,
                     commit_name(str(self.print.get("commit", "")), bool(self.print.get("dirty"))),
                     tuple(sorted(self.compilers)), self.start)


def _loaded(line: bytes) -> Dict[str, Any]:
    try:
        data = json.loads(line)
        return data if isinstance(data, dict) else {}
    except ValueError:
        return {}


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """The lines of a file. What was cut off may be followed by the first line of another result, in
    the same line; no string of JSON can contain that."""
    for line in stream:
        at = line.find(FIRST, 1)
        if at > 0:
            yield line[:at]
            line = line[at:]
        yield line


def scan(stream: BinaryIO) -> Iterator[Any]:
    """Every Frame and Damage of a file, in its order."""
    open_: Optional[_Open] = None
    offset, outside = 0, False
    for line in _lines(stream):
        end = offset + len(line)
        if line.startswith(FIRST):
            if open_:
                yield Damage(open_.number, open_.offset, "it ends before its last line")
            open_, outside = _Open(offset, line), False
        elif open_ is None:
            if not outside:
                yield Damage(-1, offset, "lines outside of any result")
            outside = True
        elif line.startswith(LAST) and line.endswith(b"\n"):
            why = open_.why_not(line)
            yield Damage(open_.number, open_.offset, why) if why else open_.frame(end)
            open_ = None
        else:
            open_.add(line)
        offset = end
    if open_:
        yield Damage(open_.number, open_.offset, "it ends before its last line")
