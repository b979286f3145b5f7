# SPDX-License-Identifier: BSD-2-Clause
"""Puts the results of a plan's units together, in the order of the plan, as the stream of one run.

Two passes, and neither holds results: the first notes in a file of slots where each unit's whole
result is, the second copies them in order. What is lost, damaged, of another plan, or of a worker
with another commit or compiler is named, and becomes the list of units to run again. A unit that
came twice counts once if both say the same but for times; if not, it is run again.
"""
import json
import os
import re
import struct
import tempfile
import time
from typing import Any, BinaryIO, Dict, Iterator, List, Sequence, Tuple

from ordeal.model import UserError, VERDICTS
from ordeal.report.stream import SCHEMA

from . import frames, plan

#: A slot: state, file, offset, length.
_SLOT = struct.Struct("<IIQQ")
MISSING, WHOLE, DIFFERS = 0, 1, 2
#: Fields of a line that may differ between two runs of one unit: how long it took, where its log
#: is, and where the files of the boot were.
_TIMES = re.compile(rb'"(?:seconds|time|log|argv|cached)":(?:"[^"]*"|[0-9.]+|\[[^]]*\]|\{[^}]*\})')
_INDEX = re.compile(rb',"index":([0-9]+),"seconds":')
_VERDICT = re.compile(rb'"verdict":"([A-Z]+)","unexpected":(true|false)')
#: How many files of results are open at once.
OPEN = 64
#: How many lines about damage are printed; the rest is counted.
TOLD = 20


class Found:
    """What a first pass found. allowed: commits and compilers of other workers that are accepted."""

    def __init__(self, path: str, places: Sequence[str], allowed: Sequence[str],
                 slots: BinaryIO) -> None:
        self.head = plan.head_of(path)
        self.path, self.allowed = path, allowed
        self.files = list(_files(places))
        self.told: List[str] = []
        self.counts = dict.fromkeys(("whole", "missing", "damaged", "doubled", "differing", "foreign",
                                     "refused"), 0)
        self.platforms: Dict[str, Any] = {}
        self._slots = slots
        slots.truncate(self.head.units * _SLOT.size)
        for number, name in enumerate(self.files):
            with open(name, "rb") as stream:
                for item in frames.scan(stream):
                    self._take(item, number, stream.fileno())

    def _tell(self, kind: str, text: str) -> None:
        self.counts[kind] += 1
        if len(self.told) < TOLD:
            self.told.append(text)

    def _take(self, item: Any, file: int, fd: int) -> None:
        """Note one item of a file."""
        where = "%s: " % self.files[file]
        if isinstance(item, frames.Damage):
            self._tell("damaged", where + "%s%s" % (
                "unit %d: " % item.number if item.number >= 0 else "at byte %d: " % item.offset,
                item.why))
            return
        if item.plan != self.head.digest or item.number >= self.head.units:
            self._tell("foreign", where + "unit %d is of another plan" % item.number)
            return
        why = self._other(item)
        if why:
            self._tell("refused", where + "unit %d: %s" % (item.number, why))
            return
        state, old_file, offset, length = self.slot(item.number)
        if state == MISSING:
            self._put(item.number, WHOLE, file, item.offset, item.length)
            for platform in item.start.get("platforms", []):
                self.platforms.setdefault(str(platform.get("name")), platform)
            return
        with open(self.files[old_file], "rb") as stream:
            same = timeless(os.pread(stream.fileno(), length, offset)) == timeless(
                os.pread(fd, item.length, item.offset))
        if same:
            self.counts["doubled"] += 1
        else:
            self._tell("differing", where + "unit %d differs from its result in %s" % (
                item.number, self.files[old_file]))
            self._put(item.number, DIFFERS, file, 0, 0)

    def _other(self, item: frames.Frame) -> str:
        """Why a result of another tree is refused; '' if it is of this one, or allowed by name."""
        if item.commit != self.head.commit and item.commit not in self.allowed:
            return "its worker has commit %s, the plan %s; --allow %s takes it" % (
                item.commit or "none", self.head.commit, item.commit)
        for name in item.compilers:
            if name != self.head.compiler and name not in self.allowed:
                return "its images are of %s, the plan's of %s; --allow %s takes it" % (
                    name, self.head.compiler, name)
        return ""

    def slot(self, number: int) -> Tuple[int, int, int, int]:
        """State, file, offset and length of a unit's result."""
        state, file, offset, length = _SLOT.unpack(os.pread(
            self._slots.fileno(), _SLOT.size, number * _SLOT.size))
        return state, file, offset, length

    def _put(self, number: int, *slot: int) -> None:
        os.pwrite(self._slots.fileno(), _SLOT.pack(*slot), number * _SLOT.size)

    def left(self) -> str:
        """The units that are to be run again, as 3,7-9; counts the others."""
        found = plan.Ranges()
        self.counts["whole"] = self.counts["missing"] = 0
        for number in range(self.head.units):
            state = self.slot(number)[0]
            if state == WHOLE:
                self.counts["whole"] += 1
            else:
                self.counts["missing"] += state == MISSING
                found.add(number)
        return found.text()

    def lines(self) -> List[str]:
        """What to tell a person."""
        more = sum(self.counts[kind] for kind in ("damaged", "differing", "foreign", "refused"))
        return self.told + (["%d more of this kind" % (more - len(self.told))]
                            if more > len(self.told) else []) + [
            "campaign %s: %d units: %s" % (self.head.name, self.head.units, ", ".join(
                "%d %s" % (count, kind) for kind, count in self.counts.items()
                if count or kind in ("whole", "missing")))]


def _files(places: Sequence[str]) -> Iterator[str]:
    """The files of results: those that are named, and all *.jsonl in the units/ of directories."""
    for place in places:
        if os.path.isdir(place):
            for where, below, names in os.walk(os.path.join(place, "units")):
                below.sort()
                yield from (os.path.join(where, name) for name in sorted(names)
                            if name.endswith(".jsonl"))
        elif os.path.exists(place):
            yield place
        else:
            raise UserError("%s: no such file or directory" % place)


def timeless(data: bytes) -> List[bytes]:
    """The lines of a result without what may differ between two runs of the unit; the lines of the
    worker and of the end are left out."""
    return [_TIMES.sub(b"", line) for line in data.splitlines()
            if line.startswith((b'{"type":"result"', b'{"type":"boot"'))]


class _Writer:
    """Copies whole results into the merged stream, one at a time."""

    def __init__(self, out: BinaryIO) -> None:
        self.out, self.base, self.total, self.unexpected = out, 0, 0, 0
        self.counts = dict.fromkeys(VERDICTS, 0)
        self.print = b""

    def copy(self, data: bytes) -> None:
        """The lines of one unit: boots as they are, results with their place in the whole plan."""
        most = -1
        for line in data.splitlines(keepends=True):
            if line.startswith(b'{"type":"result"'):
                found = _INDEX.search(line)
                if found:
                    most = max(most, int(found.group(1)))
                    line = line[:found.start(1)] + b"%d" % (
                        self.base + int(found.group(1))) + line[found.end(1):]
                self._count(line)
                self.out.write(line)
            elif line.startswith(b'{"type":"boot"'):
                self.out.write(line)
            elif line.startswith(b'{"type":"fingerprint"') and not self.print:
                self.print = line
                self.out.write(line)
        self.base += most + 1

    def _count(self, line: bytes) -> None:
        found = _VERDICT.search(line)
        self.total += 1
        if found:
            self.counts[found.group(1).decode()] += 1
            self.unexpected += found.group(2) == b"true"


def write(found: Found, out: str, left: str) -> Dict[str, Any]:
    """Write the merged stream; returns its summary record."""
    part = "%s.%d.part" % (out, os.getpid())
    try:
        with open(part, "wb") as stream:
            start = {"type": "start", "schema": SCHEMA, "tool": "ordeal", "time": time.strftime(
                "%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "argv": ["campaign", found.head.name],
                "cfg": "unittests.cfg", "environment": {}, "platforms": list(found.platforms.values()),
                "planned": 0, "repeat": 1, "shard": [1, 1]}
            stream.write(json.dumps(start, separators=(",", ":")).encode() + b"\n")
            writer = _Writer(stream)
            inputs: Dict[int, int] = {}
            for number in range(found.head.units):
                state, file, offset, length = found.slot(number)
                if state == WHOLE:
                    if file not in inputs:
                        if len(inputs) == OPEN:  # there may be as many files as units
                            os.close(inputs.pop(next(iter(inputs))))
                        inputs[file] = os.open(found.files[file], os.O_RDONLY)
                    writer.copy(os.pread(inputs[file], length, offset))
            for fd in inputs.values():
                os.close(fd)
            summary = {"type": "summary", "total": writer.total, "unexpected": writer.unexpected,
                       "counts": {name: count for name, count in writer.counts.items() if count},
                       "seconds": 0.0, "interrupted": bool(left), "complaints": [
                           "units without a result: " + left] if left else [],
                       "blank": 0, "exit": 1 if writer.unexpected or left else 0}
            stream.write(json.dumps(summary, separators=(",", ":")).encode() + b"\n")
        os.replace(part, out)
        return summary
    except OSError as error:
        raise UserError("cannot write %s: %s" % (out, error.strerror)) from None
    finally:
        if os.path.exists(part):
            os.unlink(part)


def merge(path: str, places: Sequence[str], allowed: Sequence[str], out: str, missing: str) -> int:
    """`campaign merge`, and `campaign status` without out: prints what was found; the exit status is
    0 if every unit has its result, and all that was found is as expected."""
    with tempfile.TemporaryFile() as slots:
        found = Found(path, places, allowed, slots)
        left = found.left()
        for line in found.lines():
            print(line)
        if missing:
            with open(missing, "w", encoding="ascii") as stream:
                stream.write(left + "\n" if left else "")
        if left:
            print("to run again: --units %s" % (left if len(left) < 2000 else left[:2000] + "..."))
        if not out:
            return 1 if left else 0
        summary = write(found, out, left)
        print("%s: %d results, %d unexpected: %s" % (out, summary["total"], summary["unexpected"], " ".join(
            "%s=%d" % pair for pair in summary["counts"].items())))
        return int(summary["exit"])
