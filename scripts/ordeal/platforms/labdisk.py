# SPDX-License-Identifier: BSD-2-Clause
"""The disk that Bochs boots in the lab: our loader, a Linux kernel laid out for it, and the payload.

A kernel of today is entered by its PVH note, uncompressed: its own decompression would take Bochs six
seconds. One without that note, or compressed as we cannot undo, is entered as a boot loader would, by
Linux's 32-bit boot protocol, and unpacks itself. scripts/lab/bootdisk.h has the layout.
"""
import lzma
import struct
import subprocess
import zlib
from dataclasses import dataclass
from typing import List, Optional, Tuple

from ..model import UserError

SECTOR, CODE_SECTORS, HEADS, TRACK = 512, 17, 16, 63
CYLINDER = HEADS * TRACK * SECTOR
MAGIC = b"ordeal\0\0"
MOST_PARTS = 16

# Where what a kernel is told lies: below it, above the loader.
_INFORMATION, _COMMAND_LINE, _MEMORY_MAP = 0x10000, 0x11000, 0x13000
_COMMAND_LINE_MAX = 2047
_MIB = 1 << 20
#: What Bochs' BIOS keeps at the end of memory: its ACPI tables.
_TABLES = 0x10000
_RAM, _RESERVED, _ACPI = 1, 2, 3

# Of Linux's boot_params (Documentation/arch/x86/zero-page.rst) and its setup header (boot.rst).
_HEADER, _HEADER_MAGIC, _PAYLOAD_SINCE, _BOOT_PARAMS_SIZE = 0x1f1, b"HdrS", 0x208, 4096
_E820_COUNT, _E820_TABLE = 0x1e8, 0x2d0
_BZIMAGE_ADDRESS, _BZIMAGE_LEAST = 0x100000, 0x400

# Of an ELF file, and Xen's start_info (xen/include/public/arch-x86/hvm/start_info.h).
_PT_LOAD, _PT_NOTE, _PHYS32_ENTRY = 1, 4, 18
_START_MAGIC, _START_SIZE, _MODULE_SIZE = 0x336ec578, 56, 32


@dataclass(frozen=True)
class Loadable:
    """What goes where in memory, and how it is entered."""
    parts: Tuple[Tuple[int, bytes], ...]
    entry: int
    information: int


def memory_map(mib: int) -> List[Tuple[int, int, int]]:
    """Start, length and type, as the BIOS would say it."""
    end = mib * _MIB
    return [(0, 0x9f000, _RAM), (0xe0000, 0x20000, _RESERVED),
            (_MIB, end - _TABLES - _MIB, _RAM), (end - _TABLES, _TABLES, _ACPI)]


def _initrd_address(mib: int, initrd: bytes) -> int:
    return (mib * _MIB - _TABLES - len(initrd)) & ~0xfff


def _setup(kernel: bytes) -> Tuple[int, int]:
    """The end of the setup header and the offset of the protected-mode part."""
    if len(kernel) < _BZIMAGE_LEAST or kernel[0x202:0x206] != _HEADER_MAGIC:
        raise UserError("the kernel is no bzImage")
    return 0x202 + kernel[0x201], ((kernel[_HEADER] or 4) + 1) * SECTOR


def unpacked(kernel: bytes) -> Optional[bytes]:
    """The ELF file in a bzImage; None if we cannot get at it."""
    _, start = _setup(kernel)
    version, = struct.unpack_from("<H", kernel, 0x206)
    offset, length = struct.unpack_from("<II", kernel, 0x248)
    if version < _PAYLOAD_SINCE or not length:
        return None
    data = kernel[start + offset:start + offset + length]
    try:
        if data[:6] == b"\xfd7zXZ\0":
            elf = lzma.LZMADecompressor().decompress(data)
        elif data[:2] == b"\x1f\x8b":
            elf = zlib.decompressobj(31).decompress(data)
        elif data[:4] == b"\x28\xb5\x2f\xfd":
            # The last four bytes are the length, which zstd takes for another frame.
            elf = subprocess.run(["zstd", "-dcq"], input=data[:-4], stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, check=False).stdout
        else:
            return None
    except (lzma.LZMAError, zlib.error, OSError):
        return None
    return elf if elf[:4] == b"\x7fELF" else None


def _segments(elf: bytes) -> List[Tuple[int, int, int, int]]:
    """Type, file offset, physical address and file size of each."""
    phoff, = struct.unpack_from("<Q", elf, 32)
    size, count = struct.unpack_from("<HH", elf, 54)
    found = []
    for number in range(count):
        kind, _, offset, _, address, length, _, _ = struct.unpack_from("<IIQQQQQQ", elf,
                                                                       phoff + number * size)
        found.append((kind, offset, address, length))
    return found


def pvh_entry(elf: bytes) -> int:
    """Where its PVH note says to enter it; 0 without one."""
    for kind, offset, _, length in _segments(elf):
        at = offset
        while kind == _PT_NOTE and at + 12 <= offset + length:
            name, size, number = struct.unpack_from("<III", elf, at)
            body = at + 12 + (name + 3 & ~3)
            if elf[at + 12:at + 16] == b"Xen\0" and number == _PHYS32_ENTRY:
                return int.from_bytes(elf[body:body + min(size, 4)], "little")
            at = body + (size + 3 & ~3)
    return 0


def _by_pvh(elf: bytes, initrd: bytes, line: bytes, mib: int) -> Loadable:
    address = _initrd_address(mib, initrd)
    table = b"".join(struct.pack("<QQII", *entry, 0) for entry in memory_map(mib))
    # struct hvm_start_info, then its one module: the initramfs.
    info = struct.pack("<IIIIQQQQII", _START_MAGIC, 1, 0, 1, _INFORMATION + _START_SIZE,
                       _COMMAND_LINE, 0, _MEMORY_MAP, len(memory_map(mib)), 0)
    info += struct.pack("<QQQQ", address, len(initrd), 0, 0)
    segments = tuple((at, elf[offset:offset + length])
                     for kind, offset, at, length in _segments(elf) if kind == _PT_LOAD and length)
    return Loadable(((_INFORMATION, info), (_COMMAND_LINE, line), (_MEMORY_MAP, table))
                    + segments + ((address, initrd),), pvh_entry(elf), _INFORMATION)


def _by_boot_protocol(kernel: bytes, initrd: bytes, line: bytes, mib: int) -> Loadable:
    end, start = _setup(kernel)
    address = _initrd_address(mib, initrd)
    params = bytearray(_BOOT_PARAMS_SIZE)
    params[_HEADER:end] = kernel[_HEADER:end]
    params[0x210] = 0xff  # a boot loader without a number
    struct.pack_into("<II", params, 0x218, address, len(initrd))
    struct.pack_into("<I", params, 0x228, _COMMAND_LINE)
    params[_E820_COUNT] = len(memory_map(mib))
    for number, entry in enumerate(memory_map(mib)):
        struct.pack_into("<QQI", params, _E820_TABLE + 20 * number, *entry)
    return Loadable(((_INFORMATION, bytes(params)), (_COMMAND_LINE, line),
                     (_BZIMAGE_ADDRESS, kernel[start:]), (address, initrd)),
                    _BZIMAGE_ADDRESS, _INFORMATION)


def linux(kernel: bytes, initrd: bytes, args: str, mib: int) -> Loadable:
    """A bzImage, its initramfs and its command line in this much memory."""
    line = args.encode() + b"\0"
    if len(line) > _COMMAND_LINE_MAX:
        raise UserError("the kernel's command line is too long: %d bytes" % len(line))
    elf = unpacked(kernel)
    load = _by_pvh if elf and pvh_entry(elf) else _by_boot_protocol
    found = load(elf if elf and load is _by_pvh else kernel, initrd, line, mib)
    if sum(len(data) for _, data in found.parts) > (mib - 32) * _MIB:
        raise UserError("the kernel and its initramfs do not fit in %d MiB" % mib)
    return found


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % SECTOR)


def bootable(code: bytes, load: Loadable) -> bytes:
    """The disk but its payload."""
    if len(code) > CODE_SECTORS * SECTOR or len(load.parts) > MOST_PARTS:
        raise UserError("the lab's disk has no room for its loader or its kernel's parts")
    body, parts = [], []
    sector = CODE_SECTORS + 1
    for address, data in load.parts:
        parts.append(struct.pack("<III", sector, len(data), address))
        body.append(_padded(data))
        sector += len(_padded(data)) // SECTOR
    head = struct.pack("<III", load.entry, load.information, len(parts)) + b"".join(parts)
    return b"".join([code.ljust(CODE_SECTORS * SECTOR, b"\0"), _padded(MAGIC + b"\0" * 8 + head)]
                    + body)


def with_payload(disk: bytes, payload: bytes) -> bytes:
    """The whole disk, in whole cylinders."""
    at = CODE_SECTORS * SECTOR + len(MAGIC)
    head = struct.pack("<II", len(disk) // SECTOR, len(payload))
    whole = disk[:at] + head + disk[at + len(head):] + payload
    return whole + b"\0" * (-len(whole) % CYLINDER)
