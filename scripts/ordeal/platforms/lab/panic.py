# SPDX-License-Identifier: BSD-2-Clause
"""How the hypervisors of the lab say on their console that they are lost."""
from ...text import clean

#: Of Linux and of Xen.
PANICS = (b"Kernel panic", b"Oops:", b"BUG: ", b"general protection fault", b"kernel BUG at",
          b"unable to handle", b"Panic on CPU", b"FATAL TRAP", b"Xen BUG at", b"FATAL PAGE FAULT")


def panic_of(console: bytes) -> str:
    """The first line that says so; '' if none does."""
    for line in console.splitlines():
        if any(word in line for word in PANICS):
            return clean(line.strip(), 300)
    return ""
