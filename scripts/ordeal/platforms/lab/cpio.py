# SPDX-License-Identifier: BSD-2-Clause
"""cpio archives (format newc), which the kernel and busybox unpack. The same files always give the
same bytes."""
from typing import List, Mapping, Tuple

_FILE, _DIRECTORY, _DEVICE = 0o100000, 0o040000, 0o020000


def _entry(number: int, name: str, mode: int, data: bytes, device: Tuple[int, int]) -> bytes:
    encoded = name.encode() + b"\0"
    head = b"070701" + b"".join(b"%08X" % value for value in (
        number, mode, 0, 0, 1, 0, len(data), 0, 0, device[0], device[1], len(encoded), 0))
    return _pad(head + encoded) + _pad(data)


def _pad(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)


def archive(files: Mapping[str, bytes], programs: Tuple[str, ...] = (),
            console: bool = False) -> bytes:
    """An archive of these files with the directories they need. programs: the executable files.
    console: add /dev/console, without which an early init has no standard output."""
    entries: List[bytes] = []
    made = set()

    def add(name: str, mode: int, data: bytes = b"", device: Tuple[int, int] = (0, 0)) -> None:
        entries.append(_entry(len(entries) + 1, name, mode, data, device))

    def directory(name: str) -> None:
        if name and name not in made:
            directory(name.rpartition("/")[0])
            made.add(name)
            add(name, _DIRECTORY | 0o755)
    for name, data in files.items():
        directory(name.rpartition("/")[0])
        add(name, _FILE | (0o755 if name in programs else 0o644), data)
    if console:
        directory("dev")
        add("dev/console", _DEVICE | 0o600, b"", (5, 1))
    return b"".join(entries) + _entry(0, "TRAILER!!!", 0, b"", (0, 0))
