# SPDX-License-Identifier: BSD-2-Clause
"""Reads the cases of an image from its ELF section .ordeal.cases.

So the runner knows the case ids before anything boots (docs/results.md, section 3); and from
.ordeal.quirks, which quirks the image's model knows. An image that is not ELF64 or lacks
.ordeal.cases is foreign (one of kvm-unit-tests'): only its log tells its cases.
"""
import struct
from typing import List, NamedTuple, Optional, Tuple

from ..model import Case, UserError

SECTION = b".ordeal.cases"
#: The section with the commit that the image was built from (lib/x86/boot/env.c).
BUILD = b".ordeal.build"
QUIRKS = b".ordeal.quirks"
RECORD = 64
_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")


class _Elf(NamedTuple):
    data: bytes
    sections: List[Tuple[int, ...]]
    segments: List[Tuple[int, int, int]]


def _parse(data: bytes, path: str) -> Optional[_Elf]:
    """Section and PT_LOAD tables of an ELF64 file; None for any other file."""
    if data[:5] != b"\x7fELF\x02":
        return None
    try:
        phoff, shoff = struct.unpack_from("<QQ", data, 32)
        phentsize, phnum, shentsize, shnum, _ = struct.unpack_from("<HHHHH", data, 54)
        sections = [struct.unpack_from("<IIQQQQIIQQ", data, shoff + i * shentsize)
                    for i in range(shnum)]
        heads = [struct.unpack_from("<IIQQQQQQ", data, phoff + i * phentsize)
                 for i in range(phnum)]
    except struct.error:
        raise UserError("%s: truncated ELF file; run make" % path) from None
    return _Elf(data, sections, [(h[3], h[2], h[5]) for h in heads if h[0] == 1])


def _name(elf: _Elf, head: Tuple[int, ...]) -> bytes:
    """The name of a section; b"" if the file has no names."""
    shstrndx = struct.unpack_from("<H", elf.data, 62)[0]
    if shstrndx >= len(elf.sections):
        return b""
    start = elf.sections[shstrndx][4] + head[0]
    return elf.data[start:elf.data.find(b"\0", start)]


def _section(elf: _Elf, name: bytes) -> Optional[bytes]:
    return next((elf.data[head[4]:head[4] + head[5]] for head in elf.sections
                 if _name(elf, head) == name), None)


def _string(elf: _Elf, address: int, path: str) -> str:
    for vaddr, offset, size in elf.segments:
        if vaddr <= address < vaddr + size:
            start = offset + address - vaddr
            end = elf.data.find(b"\0", start, offset + size)
            if end >= 0:
                return elf.data[start:end].decode("utf-8", "backslashreplace")
    raise UserError("%s: .ordeal.cases points outside the image (0x%x); run make clean, make"
                    % (path, address))


def parse_cases(data: bytes, path: str) -> Optional[List[Case]]:
    """The cases of this image in boot order; None for an image without the section."""
    elf = _parse(data, path)
    table = _section(elf, SECTION) if elf else None
    if elf is None or table is None:
        return None
    if not table or len(table) % RECORD:
        raise UserError("%s: .ordeal.cases has %d bytes, not a multiple of %d (at least one case)"
                        % (path, len(table), RECORD))
    cases: List[Case] = []
    seen = set()
    for start in range(0, len(table), RECORD):
        words = struct.unpack_from("<5Q", table, start)
        texts = [_string(elf, word, path) if word else "" for word in words]
        case = Case(*texts)
        if not case.name or not set(case.name) <= _NAME:
            raise UserError("%s: bad case name %r: letters, digits and _ . -" % (path, case.name))
        if case.name in seen:
            raise UserError("%s: two cases are called %s" % (path, case.name))
        seen.add(case.name)
        cases.append(case)
    return cases


def masked(data: bytes, path: str) -> Tuple[bytes, str]:
    """The image with the characters of its commit replaced, and its commit, '' if it names none. Its
    length stays: it takes part in how long the image prints."""
    elf = _parse(data, path)
    for head in elf.sections if elf else ():
        text = data[head[4]:head[4] + head[5]]
        if _name(elf, head) == BUILD:
            build = text.split(b"\0")[0]
            return (data[:head[4]] + b"*" * len(build) + data[head[4] + len(build):],
                    build.decode("ascii", "replace"))
    return data, ""


def parse_quirks(data: bytes, path: str) -> Tuple[str, ...]:
    """The quirks of the model in this image; none for an image without one."""
    elf = _parse(data, path)
    table = _section(elf, QUIRKS) if elf else None
    return tuple(word.decode("ascii", "replace") for word in (table or b"").split(b"\0") if word)


def read_image(path: str) -> Tuple[Optional[List[Case]], Tuple[str, ...]]:
    """parse_cases() and parse_quirks() of the file at path."""
    try:
        with open(path, "rb") as stream:
            data = stream.read()
    except OSError as error:
        raise UserError("cannot read image %s: %s; run make" % (path, error.strerror)) from None
    cases = parse_cases(data, path)
    return cases, parse_quirks(data, path) if cases else ()


def read_cases(path: str) -> Optional[List[Case]]:
    """parse_cases() of the file at path."""
    return read_image(path)[0]


def compiler(path: str) -> str:
    """The compiler that the image's .comment section names, '' if it names none."""
    for name in (path, path.rsplit(".", 1)[0] + ".elf"):
        try:
            with open(name, "rb") as stream:
                elf = _parse(stream.read(), name)
        except (OSError, UserError):
            continue
        text = _section(elf, b".comment") if elf else None
        if text:
            parts = [part.decode("ascii", "replace") for part in text.split(b"\0") if part]
            return "; ".join(dict.fromkeys(parts))
    return ""
