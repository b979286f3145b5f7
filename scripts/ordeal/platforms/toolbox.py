# SPDX-License-Identifier: BSD-2-Clause
"""Toolbox roots: the emulators of another release of the distribution, beside this machine's own.

A platform whose name ends in +ROOT takes its emulator from there. A root is a directory in the
cache with that release's programs, libraries and firmware (make_root.py makes it). Nothing of it is
installed, and no chroot is needed to use it: bin/PROGRAM starts each program with the root's own
loader and libraries, as whoever may read the root.
"""
import os
from dataclasses import dataclass
from typing import Dict, Tuple

from ..host import Host
from ..text import clean_text
from .base import Need, Platform

#: Written last, with FORMAT as its first line; a root without it, or of another format, does not
#: count. A new FORMAT is due when what make_root.py makes changes.
COMPLETE, FORMAT = "complete", "toolbox root, format 1"
#: What the root's loader, apt or Bochs takes for something else in a path.
UNUSABLE = ":;\"$\\\n"


@dataclass(frozen=True)
class Root:
    """suite: the release as the archive calls it; packages: what is taken from it, with all that
    they depend on."""
    suite: str
    about: str
    packages: Tuple[str, ...]


ROOTS: Dict[str, Root] = {
    # bochs wants some display package; this one brings the least.
    "trixie": Root("trixie", "Debian 13", ("qemu-system-x86", "bochs", "bochs-term", "bochsbios",
                                           "vgabios"))}


def roots_of(name: str) -> Tuple[str, ...]:
    """The roots that a platform's name asks for: tcg+trixie asks for trixie."""
    return tuple(word for word in name.split("+")[1:] if word in ROOTS)


def place_of(host: Host, root: str) -> str:
    """Where the root is, or would be."""
    return os.path.join(os.path.abspath(host.env.get("ORDEAL_ROOTS")
                                        or os.path.join(host.cache, "roots")), root)


def complete(place: str) -> bool:
    """The root is there as a whole, made by the rules of today."""
    try:
        with open(os.path.join(place, COMPLETE), encoding="ascii", errors="replace") as stream:
            return stream.readline().rstrip("\n") == FORMAT
    except OSError:
        return False


def unusable(place: str) -> str:
    """Why no root can be there; '' if one can."""
    found = next((sign for sign in UNUSABLE if sign in place), "")
    return "its path holds %s, where its loader, apt or Bochs takes it apart" % (
        "a line end" if found == "\n" else found) if found else ""


def program(host: Host, root: str, name: str) -> str:
    """The path that starts the root's program of this name; '' if the root is of no use."""
    place = place_of(host, root)
    return os.path.join(place, "bin", name) if complete(place) and not unusable(place) else ""


def need(host: Host, root: str) -> Need:
    """What to say when program() has found nothing."""
    place = place_of(host, root)
    if unusable(place):
        return Need("the toolbox root %s cannot be used: %s" % (clean_text(place), unusable(place)),
                    "set ORDEAL_ROOTS to another directory")
    what = "is incomplete or out of date" if os.path.exists(place) else "is not built"
    return Need("the toolbox root %s (%s) %s" % (place, ROOTS[root].about, what),
                "scripts/make-root %s, or ./run_tests.sh --setup -p ...+%s" % (root, root))


def use_root(platform: Platform, root: str) -> None:
    """Make it the platform of this root: it runs only when -p names it, and where it cannot run
    the others do."""
    platform.root = root
    if root:
        platform.name += "+" + root
        platform.about += ", of %s" % ROOTS[root].about
        platform.slow = platform.defers = True
