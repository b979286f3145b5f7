# SPDX-License-Identifier: BSD-2-Clause
"""An image with its arguments in it: an ELF file that a PVH loader (QEMU's -kernel) enters, and a
disk that a BIOS boots. Pure functions.

Around the image stand what a loader would have told it (start_info, command line, memory map) and
six instructions that point at it. The file has no Multiboot header, because a Multiboot loader
would pass words of its own.
"""
import struct
from typing import Dict

from ordeal.platforms import bochs_disk

#: Above any image, which ends below 2 MiB.
INFORMATION, STUB = 0x300000, 0x304000
#: Memory that any machine has.
MIB = 64
_MULTIBOOT = struct.pack("<I", 0x1badb002)
_HEADERS = 0x1000


def _stub(load: bochs_disk.Loadable) -> bytes:
    """mov $information, %ebx; mov $entry, %eax; jmp *%eax"""
    return b"\xbb" + struct.pack("<I", load.information) + b"\xb8" + \
        struct.pack("<I", load.entry) + b"\xff\xe0"


def _in_memory(image: bytes) -> Dict[int, int]:
    """By its address, how much memory a segment takes, with what the file does not hold of it."""
    phoff, = struct.unpack_from("<Q", image, 32)
    count, = struct.unpack_from("<H", image, 56)
    heads = (struct.unpack_from("<IIQQQQQQ", image, phoff + 56 * n) for n in range(count))
    return {head[4]: head[6] for head in heads}


def elf(image: bytes, arguments: str) -> bytes:
    """The ELF file."""
    line = bochs_disk.command_line(arguments, bochs_disk.MEMORY_MAP - bochs_disk.COMMAND_LINE)
    load = bochs_disk.by_pvh(image, line, MIB, at=INFORMATION)
    # Whoever looks for a Multiboot header looks at the first 8 KiB.
    parts = [(at, data.replace(_MULTIBOOT, bytes(4), 1) if data[:4] == b"\x7fELF" else data)
             for at, data in load.parts] + [(STUB, _stub(load))]
    note = struct.pack("<III4sI", 4, 4, 18, b"Xen\0", STUB)
    heads, body, at, sizes = b"", b"", 2 * _HEADERS, _in_memory(image)
    for place, data in parts:
        size = sizes.get(place, len(data))
        heads += struct.pack("<IIQQQQQQ", 1, 7, at + len(body), place, place, len(data), size, 0x1000)
        body += data + bytes(-len(data) % 0x1000)
    heads += struct.pack("<IIQQQQQQ", 4, 4, _HEADERS, 0, 0, len(note), len(note), 4)
    head = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 2, 62, 1, STUB, 64, 0, 0, 64, 56,
                       len(parts) + 1, 0, 0, 0)
    return (head + heads).ljust(_HEADERS, b"\0") + note.ljust(_HEADERS, b"\0") + body


def disk(code: bytes, image: bytes, arguments: str) -> bytes:
    """The disk. code: scripts/lab/bootdisk as it is built."""
    line = bochs_disk.command_line(arguments, bochs_disk.MEMORY_MAP - bochs_disk.COMMAND_LINE)
    load = bochs_disk.by_pvh(image, line, MIB)
    return bochs_disk.with_payload(bochs_disk.bootable(code, load))
