# SPDX-License-Identifier: BSD-2-Clause
"""Prepares a Linux kernel for the loader of our boot disk (bochs_disk.py).

A kernel with a PVH note is decompressed here and entered by that note: its own decompression would
take Bochs six seconds. A kernel without the note, or in a compression that we do not know, is
entered by Linux's 32-bit boot protocol and decompresses itself.
"""
import lzma
import struct
import subprocess
import zlib
from typing import Optional, Tuple

from ...model import UserError
from ...text import clean
from ..bochs_disk import (COMMAND_LINE, INFORMATION, MIB, SECTOR, TABLES, Loadable, by_pvh,
                          command_line, memory_map, pvh_entry)

_COMMAND_LINE_MAX = 2048

# Offsets and values of Linux's boot_params (Documentation/arch/x86/zero-page.rst) and of its setup
# header (boot.rst).
_HEADER, _HEADER_MAGIC, _PAYLOAD_SINCE, _BOOT_PARAMS_SIZE = 0x1f1, b"HdrS", 0x208, 4096
_E820_COUNT, _E820_TABLE, _KERNEL_VERSION = 0x1e8, 0x2d0, 0x20e
_BZIMAGE_ADDRESS, _BZIMAGE_LEAST = 0x100000, 0x400


def _initrd_address(mib: int, initrd: bytes) -> int:
    return (mib * MIB - TABLES - len(initrd)) & ~0xfff


def _setup(kernel: bytes) -> Tuple[int, int]:
    """The end of the setup header and the offset of the protected-mode part."""
    if len(kernel) < _BZIMAGE_LEAST or kernel[0x202:0x206] != _HEADER_MAGIC:
        raise UserError("the kernel is not a bzImage")
    return 0x202 + kernel[0x201], ((kernel[_HEADER] or 4) + 1) * SECTOR


def version(kernel: bytes) -> str:
    """The version that a bzImage contains, such as 6.12.117-amd64; '' if it has none."""
    if kernel[0x202:0x206] != _HEADER_MAGIC:
        return ""
    offset, = struct.unpack_from("<H", kernel, _KERNEL_VERSION)
    words = clean(kernel[offset + 0x200:][:200].split(b"\0")[0]).split() if offset else []
    return words[0] if words else ""


def unpacked(kernel: bytes) -> Optional[bytes]:
    """The ELF file in a bzImage; None if it cannot be unpacked here."""
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
            # The last four bytes are the length; zstd would take them for another frame.
            elf = subprocess.run(["zstd", "-dcq"], input=data[:-4], stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, check=False).stdout
        else:
            return None
    except (lzma.LZMAError, zlib.error, OSError):
        return None
    return elf if elf[:4] == b"\x7fELF" else None


def _by_boot_protocol(kernel: bytes, initrd: bytes, line: bytes, mib: int) -> Loadable:
    end, start = _setup(kernel)
    address = _initrd_address(mib, initrd)
    params = bytearray(_BOOT_PARAMS_SIZE)
    params[_HEADER:end] = kernel[_HEADER:end]
    params[0x210] = 0xff  # type_of_loader: a boot loader without an assigned number
    struct.pack_into("<II", params, 0x218, address, len(initrd))
    struct.pack_into("<I", params, 0x228, COMMAND_LINE)
    params[_E820_COUNT] = len(memory_map(mib))
    for number, entry in enumerate(memory_map(mib)):
        struct.pack_into("<QQI", params, _E820_TABLE + 20 * number, *entry)
    return Loadable(((INFORMATION, bytes(params)), (COMMAND_LINE, line),
                     (_BZIMAGE_ADDRESS, kernel[start:]), (address, initrd)),
                    _BZIMAGE_ADDRESS, INFORMATION)


def linux(kernel: bytes, initrd: bytes, args: str, mib: int) -> Loadable:
    """A bzImage with its initramfs and command line, for a machine with mib MiB of memory."""
    line = command_line(args, _COMMAND_LINE_MAX)
    elf = unpacked(kernel)
    if elf and pvh_entry(elf):
        found = by_pvh(elf, line, mib, [(_initrd_address(mib, initrd), initrd)])
    else:
        found = _by_boot_protocol(kernel, initrd, line, mib)
    if sum(len(data) for _, data in found.parts) > (mib - 32) * MIB:
        raise UserError("the kernel and its initramfs do not fit in %d MiB" % mib)
    return found
