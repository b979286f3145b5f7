# SPDX-License-Identifier: BSD-2-Clause
"""Toolbox roots: the emulators of another release of the distribution, beside this machine's own.

A platform whose name ends in +ROOT takes its emulator from that root. A root is a directory in the
cache with the release's programs, libraries and firmware (make_root.py makes it). Nothing of it is
installed, and no chroot is needed: bin/PROGRAM starts each program with the root's own loader and
libraries, under any user who may read the root.
"""
import os
from typing import Dict, Tuple

from ..host import Host
from ..record import dataclass
from ..text import clean_text
from .base import Need, Platform

#: The file that is written last, with FORMAT as its first line. A root without this file, or with
#: another format, does not count. Change FORMAT whenever make_root.py makes a different root.
COMPLETE, FORMAT = "complete", "toolbox root, format 1"
#: The file of a root that says which packages it is made of: SHA-256 and name of each.
SUMS = "packages"
#: Characters that the root's loader, apt or Bochs does not take literally in a path.
UNUSABLE = ":;\"$\\\n"


@dataclass(frozen=True)
class Root:
    """A kind of root. suite: the release's name in the archive; packages: the packages to take, with
    all that they depend on."""
    suite: str
    about: str
    packages: Tuple[str, ...]


#: bochs depends on a display package; bochs-term depends on the least.
_PACKAGES = ("qemu-system-x86", "bochs", "bochs-term", "bochsbios", "vgabios")
#: By the suffix. What the archive serves under these names changes; --versions says what it is now.
ROOTS: Dict[str, Root] = {suite: Root(suite, about, _PACKAGES) for suite, about in (
    ("trixie", "Debian 13"), ("forky", "Debian 14"), ("sid", "Debian unstable"))}
#: The root whose platforms --platforms lists; those of the others are made when they are named.
LISTED = ("trixie",)


def roots_of(name: str) -> Tuple[str, ...]:
    """The roots in a platform's name: tcg+trixie has trixie."""
    return tuple(word for word in name.split("+")[1:] if word in ROOTS)


def place_of(host: Host, root: str) -> str:
    """The path of the root, whether it exists or not."""
    return os.path.join(os.path.abspath(host.env.get("ORDEAL_ROOTS")
                                        or os.path.join(host.cache, "roots")), root)


def complete(place: str) -> bool:
    """Whether the root is complete and of today's format."""
    try:
        with open(os.path.join(place, COMPLETE), encoding="ascii", errors="replace") as stream:
            return stream.readline().rstrip("\n") == FORMAT
    except OSError:
        return False


def unusable(place: str) -> str:
    """Why no root can be at this path; '' if one can."""
    found = next((sign for sign in UNUSABLE if sign in place), "")
    return "its path contains %s, at which its loader, apt or Bochs splits it" % (
        "a line end" if found == "\n" else found) if found else ""


def program(host: Host, root: str, name: str) -> str:
    """The path that starts the root's program of this name; '' if the root cannot be used."""
    place = place_of(host, root)
    return os.path.join(place, "bin", name) if complete(place) and not unusable(place) else ""


def need(host: Host, root: str) -> Need:
    """The need to report after program() has returned ''."""
    place = place_of(host, root)
    if unusable(place):
        return Need("the toolbox root %s cannot be used: %s" % (clean_text(place), unusable(place)),
                    "set ORDEAL_ROOTS to another directory")
    what = "is incomplete or out of date" if os.path.exists(place) else "is not built"
    return Need("the toolbox root %s (%s) %s" % (place, ROOTS[root].about, what),
                "scripts/make-root %s, or ./run_tests.sh --setup -p ...+%s" % (root, root))


def use_root(platform: Platform, root: str) -> None:
    """Make the platform use this root. It then runs only if -p names it, and if it cannot run, the
    other platforms still do."""
    platform.root = root
    if root:
        platform.name += "+" + root
        platform.about += ", of %s" % ROOTS[root].about
        platform.slow = platform.defers = True
