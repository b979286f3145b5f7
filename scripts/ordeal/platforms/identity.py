# SPDX-License-Identifier: BSD-2-Clause
"""What a boot depends on besides its image and its arguments, as digests: programs and firmware.

The digests are of contents, so that two machines with the same packages agree, and an emulator that
was built here and put in place of another does not.
"""
import json
import os
import subprocess
from typing import Dict, Iterable, List

from ..host import Host, which
from . import toolbox

#: What of the runner decides how a machine is started and what its end means.
RUNNER = ("judge", "platforms", "run")


def libraries(text: str) -> List[str]:
    """The paths that ldd names, that of the loader included."""
    found = []
    for line in text.splitlines():
        words = line.replace("=>", " ").split()
        found += [word for word in words[:2] if word.startswith("/")][-1:]
    return found


def files_below(places: Iterable[str]) -> List[str]:
    """Every file of these directories, and those of the places that are files, links followed."""
    found = []
    for place in places:
        if os.path.isfile(place):
            found.append(place)
        for directory, _, names in os.walk(place):
            found += [path for path in (os.path.join(directory, name) for name in names)
                      if os.path.isfile(path)]
    return sorted(found)


def digest(host: Host, paths: Iterable[str], prefix: str = "") -> str:
    """One digest of the names and contents of files. prefix: the part of their paths that does not
    matter."""
    sums = host.digests(sorted(set(paths)))
    return of_bytes(json.dumps([[path[len(prefix):] if path.startswith(prefix) else path, value]
                                for path, value in sorted(sums.items())]).encode())


def of_bytes(data: bytes) -> str:
    """The digest of something that is in no file."""
    import hashlib  # which takes as long to load as a tenth of the runner, and few runs need it
    return hashlib.sha256(data).hexdigest()


def emulator(host: Host, program: str, root: str, places: Iterable[str]) -> str:
    """The digest of an emulator: of a toolbox root its packages, or its files; of this machine's own
    the program, its libraries, and the directories of its modules and firmware (places)."""
    if root:
        place = toolbox.place_of(host, root)
        sums = os.path.join(place, toolbox.SUMS)
        return digest(host, [sums] if os.path.exists(sums) else files_below([place]), place)
    done = subprocess.run(["ldd", program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=False) if which("ldd") else None
    linked = libraries(done.stdout.decode("utf-8", "replace")) if done and not done.returncode else []
    return digest(host, [program, *linked, *files_below(places)])


def runner(host: Host) -> str:
    """The digest of the rooms of RUNNER."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return digest(host, [path for path in files_below(os.path.join(package, room)
                                                      for room in RUNNER)
                         if path.endswith((".py", ".tsv"))], package)


def settings(host: Host) -> Dict[str, str]:
    """The words of the environment and of the lab's options that change a machine."""
    return {**{name: host.env[name] for name in ("ACCEL", "MACHINE") if host.env.get(name)},
            **{name: host.lab[name] for name in ("kernel-args", "module-args", "migrate")
               if host.lab.get(name)}}
