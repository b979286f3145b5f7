# SPDX-License-Identifier: BSD-2-Clause
"""A disk that Bochs boots: our loader (scripts/lab/mbr.S, loader.c), what it loads, and a payload.

The loader enters an ELF file with a PVH note: a Linux kernel of the lab (lab/disk.py), which GRUB
cannot enter so. What PVH wants in memory is the same for an image of this suite in a ROM
(bochs_rom.py). scripts/lab/bootdisk.h describes the layout. The functions here are pure.
"""
import struct
from typing import List, Sequence, Tuple

from ..model import UserError
from ..record import dataclass

SECTOR, CODE_SECTORS, HEADS, TRACK = 512, 17, 16, 63
CYLINDER = HEADS * TRACK * SECTOR
MAGIC = b"ordeal\0\0"
MOST_PARTS = 16

# Addresses of the information for the entered file: below that file, above the loader.
INFORMATION, COMMAND_LINE, MEMORY_MAP = 0x10000, 0x11000, 0x13000
MIB = 1 << 20
#: The size of the ACPI tables that Bochs' BIOS keeps at the end of memory.
TABLES = 0x10000
_RAM, _RESERVED, _ACPI = 1, 2, 3

# Constants of ELF files and of Xen's start_info (xen/include/public/arch-x86/hvm/start_info.h).
_ELF64, _PT_LOAD, _PT_NOTE, _PHYS32_ENTRY = b"\x7fELF\x02", 1, 4, 18
_START_MAGIC, _START_SIZE = 0x336ec578, 56


@dataclass(frozen=True)
class Loadable:
    """The parts to load, each with its address; the entry point; the address of the information that
    the entered file gets."""
    parts: Tuple[Tuple[int, bytes], ...]
    entry: int
    information: int


def memory_map(mib: int) -> List[Tuple[int, int, int]]:
    """Start, length and type of each range of memory, as the BIOS would report them."""
    end = mib * MIB
    return [(0, 0x9f000, _RAM), (0xe0000, 0x20000, _RESERVED),
            (MIB, end - TABLES - MIB, _RAM), (end - TABLES, TABLES, _ACPI)]


def command_line(args: str, most: int) -> bytes:
    """The command line with its NUL; UserError if it is longer than most bytes."""
    line = args.encode() + b"\0"
    if len(line) > most:
        raise UserError("the command line is too long: %d bytes, %d fit" % (len(line), most))
    return line


def _segments(elf: bytes) -> List[Tuple[int, int, int, int]]:
    """Type, file offset, physical address and file size of each segment."""
    phoff, = struct.unpack_from("<Q", elf, 32)
    size, count = struct.unpack_from("<HH", elf, 54)
    found = []
    for number in range(count):
        kind, _, offset, _, address, length, _, _ = struct.unpack_from("<IIQQQQQQ", elf,
                                                                       phoff + number * size)
        found.append((kind, offset, address, length))
    return found


def pvh_entry(elf: bytes) -> int:
    """The entry point that the file's PVH note names; 0 without a note."""
    for kind, offset, _, length in _segments(elf):
        at = offset
        while kind == _PT_NOTE and at + 12 <= offset + length:
            name, size, number = struct.unpack_from("<III", elf, at)
            body = at + 12 + (name + 3 & ~3)
            if elf[at + 12:at + 16] == b"Xen\0" and number == _PHYS32_ENTRY:
                return int.from_bytes(elf[body:body + min(size, 4)], "little")
            at = body + (size + 3 & ~3)
    return 0


def by_pvh(elf: bytes, line: bytes, mib: int, modules: Sequence[Tuple[int, bytes]] = (),
           at: int = INFORMATION) -> Loadable:
    """An ELF file to be entered by PVH, with start_info, modules, command line and memory map. at:
    where these begin, if not where the loader of this disk expects nothing else."""
    command, memory = (at + place - INFORMATION for place in (COMMAND_LINE, MEMORY_MAP))
    table = b"".join(struct.pack("<QQII", *entry, 0) for entry in memory_map(mib))
    info = struct.pack("<IIIIQQQQII", _START_MAGIC, 1, 0, len(modules),
                       at + _START_SIZE if modules else 0,
                       command, 0, memory, len(memory_map(mib)), 0)
    info += b"".join(struct.pack("<QQQQ", place, len(data), 0, 0) for place, data in modules)
    segments = tuple((place, elf[offset:offset + length])
                     for kind, offset, place, length in _segments(elf)
                     if kind == _PT_LOAD and length)
    return Loadable(((at, info), (command, line), (memory, table))
                    + segments + tuple(modules), pvh_entry(elf), at)


def has_pvh_entry(content: bytes) -> bool:
    """Whether this is a whole ELF file with a PVH note; on Bochs anything else is left to GRUB."""
    try:
        return content[:5] == _ELF64 and pvh_entry(content) != 0
    except struct.error:
        return False


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % SECTOR)


def bootable(code: bytes, load: Loadable) -> bytes:
    """The disk without its payload."""
    if len(code) > CODE_SECTORS * SECTOR or len(load.parts) > MOST_PARTS:
        raise UserError("the boot disk has no room for its loader or for what it loads")
    body, parts = [], []
    sector = CODE_SECTORS + 1
    for address, data in load.parts:
        parts.append(struct.pack("<III", sector, len(data), address))
        body.append(_padded(data))
        sector += len(_padded(data)) // SECTOR
    head = struct.pack("<III", load.entry, load.information, len(parts)) + b"".join(parts)
    return b"".join([code.ljust(CODE_SECTORS * SECTOR, b"\0"), _padded(MAGIC + b"\0" * 8 + head)]
                    + body)


def with_payload(disk: bytes, payload: bytes = b"") -> bytes:
    """The disk with its payload, padded to whole cylinders."""
    at = CODE_SECTORS * SECTOR + len(MAGIC)
    head = struct.pack("<II", len(disk) // SECTOR, len(payload))
    whole = disk[:at] + head + disk[at + len(head):] + payload
    return whole + b"\0" * (-len(whole) % CYLINDER)


def drive(path: str, size: int) -> str:
    """The line of the bochsrc for a disk of this size."""
    return 'ata0-master: type=disk, path="%s", mode=flat, cylinders=%d, heads=%d, spt=%d' % (
        path, size // CYLINDER, HEADS, TRACK)
