# SPDX-License-Identifier: BSD-2-Clause
"""What makes Bochs start faster: the plugins that it finds, and large pages.

Bochs loads every plugin that it finds before it reads its bochsrc, with the libraries of each; one
of them brings those of a whole desktop. So it is shown a directory of links to those that this
machine can use.
"""
import os
from fnmatch import fnmatchcase
from typing import Dict, List, Mapping, Sequence

#: The name of a plugin's file, and those that no machine of bochs.py has.
FILE = "libbx_%s.so"
NEEDLESS = ("*_gui", "eth_*", "*_img", "sound*", "usb_*", "voodoo", "svga_cirrus", "geforce", "ne2k",
            "e1000", "pcipnic", "pcidev", "sb16", "es1370", "busmouse")
#: Those of them that it has nevertheless: its display, its sound, and a part of its chip set.
NEEDED = ("rfb_gui", "sounddummy", "usb_uhci")
#: Half of a start's page faults are in what Bochs allocates at once; glibc knows this since 2.35.
LARGE_PAGES = "glibc.malloc.hugetlb=1"


def chosen(names: Sequence[str]) -> List[str]:
    """The plugins among these that Bochs is shown; one that is not known here is shown, too."""
    return [name for name in names
            if name in NEEDED or not any(fnmatchcase(name, glob) for glob in NEEDLESS)]


def directory(program: str) -> str:
    """Where this Bochs looks for its plugins; '' if it has none, or they are not there."""
    library = os.path.join(os.path.dirname(os.path.dirname(program)), "lib")
    try:
        names = ["", *os.listdir(library)]
    except OSError:
        return ""
    places = [os.path.join(library, name, "bochs", "plugins") for name in names
              if not name or "-linux-" in name]
    return next((place for place in places if os.path.isdir(place)), "")


def environment(program: str, work: str, env: Mapping[str, str]) -> Dict[str, str]:
    """The variables to start this Bochs with. env: the user's, which stays as it is."""
    found: Dict[str, str] = {}
    if "GLIBC_TUNABLES" not in env:
        found["GLIBC_TUNABLES"] = LARGE_PAGES
    place = directory(program)
    if not place or "LTDL_LIBRARY_PATH" in env:
        return found
    head, tail = FILE.split("%s")
    names = [name[len(head):-len(tail)] for name in os.listdir(place)
             if name.startswith(head) and name.endswith(tail)]
    links = os.path.join(work, "plugins")
    os.mkdir(links)
    for name in chosen(names):
        os.symlink(os.path.join(place, FILE % name), os.path.join(links, FILE % name))
    return {**found, "LTDL_LIBRARY_PATH": links}
