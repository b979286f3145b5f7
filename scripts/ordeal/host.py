# SPDX-License-Identifier: BSD-2-Clause
"""What the runner knows about this machine: directories, environment, programs and their versions.

Asking an emulator for its version takes longer than booting a guest, so answers are kept in the
cache directory under the program's path, size and time of change.
"""
import json
import os
import subprocess
from typing import Dict, List, Sequence, Tuple

from .model import UserError
from .record import dataclass, field

#: The environment variables that change a run.
VARIABLES = ("QEMU", "BOCHS", "ACCEL", "MACHINE", "TIMEOUT", "CHECK", "ORDEAL_ROOTS")


def which(name: str) -> str:
    """The path of a program as a shell finds it, '' if there is none."""
    places = [""] if "/" in name else os.environ.get("PATH", os.defpath).split(os.pathsep)
    for place in places:
        path = os.path.join(place, name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return ""


@dataclass
class Host:
    """The directories and environment of a run. root: the source tree; build: where make put the
    images."""
    root: str
    build: str
    env: Dict[str, str]
    config: Dict[str, str] = field(default_factory=dict)
    #: The lab's options of the command line: kernel, modules, kernel-args, module-args, xen.
    lab: Dict[str, str] = field(default_factory=dict)
    _versions: Dict[str, str] = field(default_factory=dict)
    _digests: Dict[str, str] = field(default_factory=dict)

    @property
    def cache(self) -> str:
        """A directory for files that can be made again."""
        return os.path.join(self.build, ".cache", "ordeal")

    def changed(self) -> Dict[str, str]:
        """The variables of VARIABLES that are set."""
        return {name: self.env[name] for name in VARIABLES if self.env.get(name)}

    def program(self, variable: str, names: Tuple[str, ...]) -> str:
        """The program that the variable names, or the first of names that is on PATH; '' if none is."""
        chosen = self.env.get(variable, "")
        if chosen:
            found = which(chosen)
            if not found:
                raise UserError("%s=%s: no such program; correct or unset %s"
                                % (variable, chosen, variable))
            return os.path.abspath(found)
        for name in names:
            found = which(name)
            if found:
                return found
        return ""

    def ask(self, argv: List[str]) -> str:
        """The output of a command that asks a program about itself, from the cache if it is there."""
        try:
            stat = os.stat(argv[0])
        except OSError:
            return ""
        key = "%s %d %d" % (" ".join(argv), stat.st_size, stat.st_mtime_ns)
        path = os.path.join(self.cache, "programs.json")
        if not self._versions:
            try:
                with open(path, encoding="utf-8") as stream:
                    self._versions.update(json.load(stream))
            except (OSError, ValueError):
                pass
        if key not in self._versions:
            try:
                done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, timeout=20, check=False)
                answer = done.stdout[:4000].decode("utf-8", "replace")
            except (OSError, subprocess.TimeoutExpired) as error:
                return "cannot be run: %s" % error
            self._versions[key] = answer
            self._write(path, self._versions)
        return self._versions[key]

    def digests(self, paths: Sequence[str]) -> Dict[str, str]:
        """The SHA-256 of each file, from the cache if its size and time of change are the same."""
        path = os.path.join(self.cache, "digests.json")
        if not self._digests:
            try:
                with open(path, encoding="utf-8") as stream:
                    self._digests.update(json.load(stream))
            except (OSError, ValueError):
                pass
        known, found = len(self._digests), {}
        for name in paths:
            stat = os.stat(name)
            key = "%s %d %d %d" % (name, stat.st_size, stat.st_mtime_ns, stat.st_ino)
            if key not in self._digests:
                self._digests[key] = sha256(name)
            found[name] = self._digests[key]
        if len(self._digests) != known:
            self._write(path, self._digests)
        return found

    def _write(self, path: str, answers: Dict[str, str]) -> None:
        try:
            os.makedirs(self.cache, exist_ok=True)
            part = "%s.%d" % (path, os.getpid())
            with open(part, "w", encoding="utf-8") as stream:
                json.dump(answers, stream)
            os.replace(part, path)
        except OSError:
            pass  # without a cache a run takes longer, and nothing else changes


def read_config(path: str) -> Dict[str, str]:
    """The KEY=VALUE lines of config.mak; nothing if there is none."""
    config: Dict[str, str] = {}
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            for line in stream:
                key, equals, value = line.partition("=")
                key = key.rstrip(":? \t")
                if equals and key.replace("_", "").isalnum():
                    config[key] = value.strip()
    except OSError:
        pass
    return config


def find_host(root: str, environ: Dict[str, str]) -> Host:
    """The build directory is the current one if it was configured, else the source tree."""
    here = os.getcwd()
    build = here if os.path.exists(os.path.join(here, "config.mak")) else root
    return Host(root, build, dict(environ), read_config(os.path.join(build, "config.mak")))


def version_of(text: str) -> Tuple[int, ...]:
    """The first dotted number in a text: (7, 2, 22); () if there is none."""
    for word in text.replace("(", " ").replace(",", " ").replace("-", " ").split():
        parts = word.lstrip("v").split(".")
        if parts[-1:] == ["devel"]:  # Bochs from its repository calls itself 3.0.devel
            parts = parts[:-1]
        if len(parts) > 1 and all(part.isdigit() for part in parts):
            return tuple(int(part) for part in parts)
    return ()


def sha256(path: str) -> str:
    """The SHA-256 of a file, in hex."""
    import hashlib
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        for chunk in iter(lambda: stream.read(1 << 20), b""):
            digest.update(chunk)
    return digest.hexdigest()


def prune(directory: str, keep: int) -> None:
    """Remove all files but the most recently used, so that a cache does not grow without limit."""
    files = [os.path.join(directory, name) for name in os.listdir(directory)]
    for path in sorted(files, key=os.path.getmtime)[:-keep]:
        os.unlink(path)
