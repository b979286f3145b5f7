# SPDX-License-Identifier: BSD-2-Clause
"""A ROM that Bochs starts instead of its BIOS: an image, what PVH wants to be in memory beside it,
and scripts/lab/rom.S, which copies both into memory and enters the image.

The BIOS took ten times as many instructions as a suite does. The functions here are pure.
"""
import struct

from ..model import UserError
from .bochs_disk import Loadable

#: Bytes of rom.S; the place of its head, and how many parts it may list.
CODE, HEAD, PARTS = 0x200, 0x100, 16
#: Bochs maps a ROM of up to 2 MiB so that it ends at 4 GiB.
END, SMALLEST, LARGEST = 1 << 32, 1 << 16, 1 << 21


def fits(load: Loadable) -> bool:
    """Whether there is a ROM that holds all of this."""
    return CODE + sum(len(_padded(data)) for _, data in load.parts) <= LARGEST


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)


def rom(code: bytes, load: Loadable) -> bytes:
    """The ROM. Its size is a power of two, and its last bytes are the code."""
    if len(code) != CODE or len(load.parts) > PARTS or not fits(load):
        raise UserError("the ROM has no room for its code or for what it loads")
    body = b"".join(_padded(data) for _, data in load.parts)
    size = SMALLEST
    while size < CODE + len(body):
        size *= 2
    at = END - size
    head = struct.pack("<III", load.entry, load.information, len(load.parts))
    for address, data in load.parts:
        head += struct.pack("<III", at, len(_padded(data)) // 4, address)
        at += len(_padded(data))
    return b"".join([body, b"\0" * (size - CODE - len(body)),
                     code[:HEAD], head, code[HEAD + len(head):]])
