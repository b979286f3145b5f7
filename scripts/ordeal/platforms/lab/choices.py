# SPDX-License-Identifier: BSD-2-Clause
"""The versions that a platform can have: in the cache, in the archive, or neither, and why."""
import os
import time
from typing import Dict, List, Tuple

from ...host import Host
from ...model import UserError
from ...record import dataclass
from .. import toolbox
from . import archive, names, stock

HERE, SERVED, GONE = "here", "archive", "missing"


@dataclass(frozen=True)
class Choice:
    """One suffix. name: the whole platform's name; state: HERE, SERVED or GONE; about: the packages,
    or why there are none."""
    name: str
    state: str
    about: str


def catalog(host: Host) -> Tuple[archive.Catalog, str]:
    """What the archive serves now, or served when it was last asked, and a line that says which."""
    old = archive.kept(host)
    if old.fresh:
        return old, "the archive was asked at %s" % time.strftime("%H:%M", time.localtime(old.asked))
    try:
        asked = archive.ask(host)
        return asked, "the archive was asked now%s" % (
            "; not all of it: " + asked.problem if asked.problem else "")
    except UserError as error:
        when = "; this was so on " + time.strftime("%Y-%m-%d", time.gmtime(old.asked)) \
            if old.packages else "; only what is in the cache is listed"
        return old, "%s%s" % (error, when)


def fetched(host: Host, kind: str) -> List[str]:
    """The suffixes of this kind (linux, xen) whose parts are in the cache."""
    place = os.path.dirname(stock.place_of(host, "x"))
    return sorted(name for name in (os.listdir(place) if os.path.isdir(place) else ())
                  if stock.VERSION.fullmatch(name) and name.startswith(kind + "-")
                  and name not in stock.PARTS and stock.have(host, name))


def parts(host: Host, base: str, kind: str, packages: Tuple[archive.Package, ...]) -> List[Choice]:
    """A line for each version of the source, newest last, and one for each further build of it."""
    here, found = fetched(host, kind), []
    every = archive.builds(packages, kind)
    for build in every:
        same = [other for other in every if other.name == build.name]
        best = ([other for other in same if not other.lacks] or same)[-1]
        name = build.name if build is best else build.exact
        about = "%s %s in %s" % (build.exact, build.packages[-1].version, " ".join(
            dict.fromkeys(s for p in build.packages for s in p.suites))) if build.packages else ""
        found.append(Choice(base + "+" + name, HERE if name in here else GONE if build.lacks
                            else SERVED, build.lacks or about))
    listed = {choice.name for choice in found}
    return [Choice(base + "+" + name, HERE, stock.version(host, name)) for name in here
            if base + "+" + name not in listed] + found


def roots(host: Host, base: str, packages: Tuple[archive.Package, ...]) -> List[Choice]:
    """A line for each toolbox root, with its emulator's version where the archive says it."""
    emulator = "bochs" if "bochs" in base else "qemu-system-x86"
    served: Dict[str, str] = {suite: package.version for package in packages
                              if package.name == emulator for suite in package.suites}
    return [Choice("%s+%s" % (base, root), HERE if toolbox.complete(toolbox.place_of(host, root))
                   else SERVED if root in served else GONE, "%s: %s" % (
                       toolbox.ROOTS[root].about, "%s %s" % (emulator, served[root])
                       if root in served else "the archive gave no version"))
            for root in toolbox.ROOTS]


def of(host: Host, base: str) -> Tuple[List[Choice], str]:
    """The choices for this platform, and a line about the archive's answer."""
    found, said = catalog(host)
    kind = names.kind_of(base)
    return (parts(host, base, kind, found.packages) if kind else []) + roots(
        host, base, found.packages), said
