# SPDX-License-Identifier: BSD-2-Clause
"""The file for any machine as bytes: the images that are packed in it, and the script that says
which of them run (loader/script.c). Pure functions.
"""
import lzma
import struct
import zlib
from typing import Dict, Sequence

from ..model import UserError

#: Images that the table has room for, and the properties that loader/lzma.c is written for.
MOST, NAME = 32, 16
FILTERS = [{"id": lzma.FILTER_LZMA1, "dict_size": 4 << 20, "lc": 3, "lp": 0, "pb": 2,
            "mode": lzma.MODE_NORMAL, "nice_len": 273, "mf": lzma.MF_BT4, "depth": 512}]
#: How the packed images begin, so that they are found in a disk, too.
MAGIC = b"#packed\n"
_HEAD, _ENTRY = struct.Struct("<8sIII"), struct.Struct("<%dsII" % NAME)
_TABLE = MOST * _ENTRY.size
#: The first line of the script, and the room for it.
TITLE, ROOM = b"#ordeal script\n", 0x8000


def blob(images: Dict[str, bytes]) -> bytes:
    """Packed images: the head, the table, the stream. Each image begins at a multiple of 16."""
    table, body = b"", b""
    for name, content in images.items():
        if len(name) >= NAME or len(images) > MOST:
            raise UserError("too many images, or the name %s is too long" % name)
        table += _ENTRY.pack(name.encode(), len(body), len(content))
        body += content + b"\0" * (-len(content) % 16)
    head = _HEAD.pack(MAGIC, len(body), len(images), zlib.adler32(body))
    return head + table.ljust(_TABLE, b"\0") + lzma.compress(
        body, format=lzma.FORMAT_RAW, filters=FILTERS)


def images(data: bytes) -> Dict[str, bytes]:
    """The images that are packed in a file, or in a disk with that file, by name; {} if they are
    not whole."""
    at = data.find(MAGIC)
    if at < 0:
        return {}
    _, size, count, check = _HEAD.unpack_from(data, at)
    try:
        body = lzma.LZMADecompressor(lzma.FORMAT_RAW, None, FILTERS).decompress(
            data[at + _HEAD.size + _TABLE:], size)
    except lzma.LZMAError:
        return {}
    if len(body) != size or zlib.adler32(body) != check or count > MOST:
        return {}
    entries = [_ENTRY.unpack_from(data, at + _HEAD.size + i * _ENTRY.size) for i in range(count)]
    return {name.rstrip(b"\0").decode(): body[start:start + length]
            for name, start, length in entries}


def with_script(data: bytes, lines: Sequence[str]) -> bytes:
    """The file, or the disk, with another script: the marks' word, then a line for each image with
    its arguments."""
    at = data.find(TITLE)
    text = TITLE + "".join(line + "\n" for line in lines).encode()
    if at < 0 or data.find(TITLE, at + 1) >= 0:
        raise UserError("the file for any machine has no script, or two: make image")
    if len(text) > ROOM:
        raise UserError("the script for all images has %d bytes, and there is room for %d"
                        % (len(text), ROOM))
    return data[:at] + text.ljust(ROOM, b"\0") + data[at + ROOM:]
