# SPDX-License-Identifier: BSD-2-Clause
"""Finds the logs of boots in a file that somebody captured: of a serial port, a cloud's console, a
terminal. Around and between them stand other lines, and each line may have a stamp before it.

A stamp is taken away where it has the shape of the one before the log's own header; anything else
is left as it is, for the judge to believe or not. Pure functions.
"""
import json
import re
from typing import List, NamedTuple, Optional, Sequence, Tuple

from ..text import clean

#: How long a stamp can be.
MOST_STAMP = 120
_BEGIN = re.compile(rb"(?<![A-Za-z0-9_])ORDEAL [0-9].*")
_HEAD = re.compile(rb"ORDEAL [0-9]+ suite=([A-Za-z0-9_.-]+) nonce=(\S+)")
#: What stands right behind ORDEAL in each log.
_SECOND = re.compile(rb"(?<![A-Za-z0-9_])(?:ENV: [a-z0-9_]+=|PLAN: [0-9]+$)")
#: Lines that are left over where the beginning of a log is lost.
_PART = re.compile(rb"(?<![A-Za-z0-9_])(?:CASE: \S+$|DONE: \S+ crc=[0-9A-Fa-f]{8}$"
                   rb"|SUMMARY: [0-9]+ tests|END \S+ cases=[0-9]+ |PLAN: [0-9]+$)")
#: The loader's mark behind an image.
_EXIT = re.compile(rb"LAB \S+ [0-9]+ EXIT (.+)")
_TOKEN = re.compile(rb"[0-9]+|[A-Za-z]+|\s+|.", re.DOTALL)


class Captured(NamedTuple):
    """The log of one boot, from its first line to before the next one's. plan: how many cases it
    says it plans, -1 if it does not; names: the cases that it began; how: how the loader says that
    it ended, '' if it does not; where: the file and the line."""
    suite: str
    nonce: str
    data: bytes
    plan: int
    names: Tuple[str, ...]
    how: str
    where: str


class Found(NamedTuple):
    """The logs in one file, and what is wrong with the rest of it."""
    logs: List[Captured]
    faults: List[str]


def plain(data: bytes) -> bytes:
    """The bytes of the console in a file that a tool may have wrapped: UTF-16, as PowerShell writes
    it, or JSON, as `aws ec2 get-console-output` does."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        data = data.decode("utf-16", "replace").encode()
    data = data[3:] if data.startswith(b"\xef\xbb\xbf") else data
    if data.lstrip()[:1] == b"{":
        try:
            output = json.loads(data)["Output"]
            return str(output).encode()
        except (ValueError, KeyError, TypeError):
            pass
    return data


def _shape(stamp: bytes) -> "re.Pattern[bytes]":
    """What a stamp like this one looks like: other numbers, of any width, and other letters."""
    parts = []
    for token in _TOKEN.findall(stamp):
        if token.isdigit():
            parts.append(rb"[0-9]+")
        elif token.isalpha():
            parts.append(rb"[A-Za-z]+")
        else:
            parts.append(rb"\s*" if token.isspace() else rb"\s*" + re.escape(token) + rb"\s*")
    return re.compile(b"".join(parts))


def _without_stamps(lines: Sequence[bytes]) -> List[bytes]:
    """The lines of one boot, the first of which begins with ORDEAL."""
    second = next((found for found in map(_SECOND.search, lines[1:]) if found), None)
    stamp = second.string[:second.start()] if second else b""
    if not stamp or len(stamp) > MOST_STAMP:
        return list(lines)
    shape, kept = _shape(stamp), [lines[0]]
    for line in lines[1:]:
        match = shape.match(line)
        # A line without the stamp is not the guest's: the capturing program stamps each of those.
        kept.append(line[match.end():] if match else b"| " + line)
    return kept


def _log(lines: Sequence[bytes], where: str) -> Tuple[Optional[Captured], str]:
    head = _HEAD.fullmatch(lines[0])
    if not head:
        return None, "%s: a damaged first line of a log: %s" % (where, clean(lines[0], 120))
    lines = _without_stamps(lines)
    plan = next((line[6:] for line in lines if line.startswith(b"PLAN: ")), b"")
    names = tuple(dict.fromkeys(clean(line[6:]) for line in lines if line.startswith(b"CASE: ")))
    how = next((found.group(1) for found in map(_EXIT.fullmatch, lines) if found), b"")
    return Captured(head.group(1).decode(), clean(head.group(2)), b"\n".join(lines) + b"\n",
                    int(plan) if plan.isdigit() and len(plan) < 6 else -1, names, clean(how),
                    where), ""


def logs(data: bytes, path: str) -> Found:
    """All logs in a captured file, in its order."""
    lines = [line.rstrip(b"\r") for line in plain(data).split(b"\n")]
    starts = [number for number, line in enumerate(lines)
              if b"ORDEAL " in line and _BEGIN.search(line)]
    before = lines[:starts[0]] if starts else lines
    lost = next((number for number, line in enumerate(before, 1) if _PART.search(line)), 0)
    faults, found = [], []
    if lost:
        faults.append("%s:%d: a line of a log whose beginning is lost: %s" % (
            path, lost, clean(lines[lost - 1], 120)))
    for start, end in zip(starts, starts[1:] + [len(lines)]):
        begin = _BEGIN.search(lines[start])
        assert begin
        log, fault = _log([begin.group()] + lines[start + 1:end], "%s:%d" % (path, start + 1))
        found += [log] if log else []
        faults += [fault] if fault else []
    if not found and not faults:
        faults.append("%s: %s" % (path, "the file is empty" if not data.strip() else
                                  "there is no log in it: no line begins with ORDEAL"))
    return Found(found, faults)


def planned(log: Captured, known: Sequence[str]) -> List[str]:
    """The cases that a boot was asked for, as far as its log shows it. known: those that it may have
    been asked for, in the image's order. A log that was cut off does not name all: for the rest
    stand the cases that follow in the image."""
    if log.plan in (-1, len(known)):
        return list(known)
    names = [name for name in log.names if name in known]
    if log.plan > len(names):
        last = known.index(names[-1]) + 1 if names else 0
        rest = [name for name in list(known[last:]) + list(known[:last]) if name not in names]
        names += rest[:log.plan - len(names)]
    return names[:log.plan]
