# SPDX-License-Identifier: BSD-2-Clause
"""Finds the messages with which the hypervisors of the lab report on their console that they died."""
from ...text import clean

#: The words of such messages, of Linux and of Xen.
PANICS = (b"Kernel panic", b"Oops:", b"BUG: ", b"general protection fault", b"kernel BUG at",
          b"unable to handle", b"Panic on CPU", b"FATAL TRAP", b"Xen BUG at", b"FATAL PAGE FAULT")


def panic_of(console: bytes) -> str:
    """The first line of the console with such a message; '' if there is none."""
    for line in console.splitlines():
        if any(word in line for word in PANICS):
            return clean(line.strip(), 300)
    return ""
