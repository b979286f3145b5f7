# SPDX-License-Identifier: BSD-2-Clause
"""Results by content: a boot that was made before, of the same image by the same machine, is not made
again.

On a deterministic platform a boot is a function of its image, its arguments and its machine. The
key is a digest of these; the commit in the image and the nonce do not count, and the nonce follows
from the key. What is kept is what the machine printed and how it ended: every hit is judged as a
boot is. Some hits, chosen at random, are booted all the same, and must print the same bytes.
"""
import hashlib
import json
import os
import random
import re
import time
import zlib
from typing import Any, Dict, List, Optional, Sequence, Tuple

from ..host import Host
from ..model import UserError
from ..plan.image import masked
from ..platforms import identity
from ..platforms.base import Platform
from ..record import dataclass
from ..text import plural
from .engine import Boot
from .unit import Unit

MAGIC = b"ordeal cache 1\n"
#: For --cache: no directory, but nonces that follow from the plan.
NOWHERE = "none"
#: Bytes of a console that are kept; a boot with a longer one is made again each time.
MOST = 64 << 20
_END = re.compile(rb"^(END \S+ cases=.* crc=)[0-9a-f]{8}", re.MULTILINE)


@dataclass(frozen=True)
class Entry:
    """A boot that is kept. build: the image's commit at that time."""
    argv: List[str]
    status: int
    seconds: float
    recorded: str
    build: str
    console: bytes
    kept: bytes
    stderr: bytes


class Broken(Exception):
    """A file in the cache that is no entry of ours, or not a whole one."""


def pack(key: str, entry: Entry) -> bytes:
    """The file of an entry."""
    body = zlib.compress(entry.console + entry.kept + entry.stderr, 6)
    head = {"key": key, "sha256": hashlib.sha256(body).hexdigest(), "argv": entry.argv,
            "status": entry.status, "seconds": round(entry.seconds, 3), "recorded": entry.recorded,
            "build": entry.build,
            "sizes": [len(entry.console), len(entry.kept), len(entry.stderr)]}
    return MAGIC + json.dumps(head, separators=(",", ":")).encode() + b"\n" + body


def unpack(key: str, data: bytes) -> Entry:
    """The entry in a file; Broken, with the reason, for anything else."""
    if not data.startswith(MAGIC):
        raise Broken("not an entry of this version")
    line, _, body = data[len(MAGIC):].partition(b"\n")
    try:
        head = json.loads(line)
        if head["key"] != key:
            raise Broken("an entry of another boot")
        if head["sha256"] != hashlib.sha256(body).hexdigest():
            raise Broken("its checksum does not fit")
        data, (first, second, third) = zlib.decompress(body), head["sizes"]
        if len(data) != first + second + third:
            raise Broken("its length does not fit")
        return Entry([str(word) for word in head["argv"]], int(head["status"]),
                     float(head["seconds"]), str(head["recorded"]), str(head["build"]),
                     data[:first], data[first:first + second], data[first + second:])
    except (ValueError, KeyError, TypeError, zlib.error):
        raise Broken("cut off, or not written by this runner") from None


def plain(console: bytes, build: str) -> bytes:
    """The console without the commit of its image, nor END's checksum, which covers the commit."""
    return _END.sub(rb"\1", console.replace(b"ENV: build=%s " % build.encode(), b"ENV: build= "))


def difference(entry: Entry, console: bytes, build: str) -> str:
    """Where a second boot differs from the entry; '' if nowhere."""
    old, new = entry.console, console
    if entry.build != build:
        old, new = plain(old, entry.build), plain(new, build)
    if old == new:
        return ""
    at = next((i for i, pair in enumerate(zip(old, new)) if pair[0] != pair[1]),
              min(len(old), len(new)))
    return "byte %d of %d and %d" % (at, len(old), len(new))


class Cache:
    """The cache of a run. directory: '' if nothing is kept. rate: one hit in so many is booted
    all the same."""

    def __init__(self, host: Host, directory: str, rate: int) -> None:
        self.host, self.rate = host, rate
        self.directory = "" if directory == NOWHERE else os.path.abspath(directory)
        self.hits = self.checked = self.stored = 0
        #: Lines for a person that were not printed yet, and faults that make the run fail.
        self.unsaid: List[str] = []
        self.faults: List[str] = []
        self._random = random.SystemRandom()
        self._full = False
        self._machines: Dict[str, Dict[str, str]] = {}
        self._images: Dict[str, Tuple[str, str]] = {}
        if self.directory:
            try:
                os.makedirs(self.directory, exist_ok=True)
            except OSError as error:
                raise UserError("--cache %s: %s; name a directory, or `%s`"
                                % (directory, error.strerror, NOWHERE)) from None

    # -- keys -------------------------------------------------------------------------------

    def key(self, units: Sequence[Unit]) -> str:
        """The key of the next boot of these units; '' if it cannot be kept."""
        platform = units[0].platform
        if not platform.deterministic or any(unit.suite.foreign for unit in units):
            return ""
        machine = self._machine(platform)
        parts = [[self.image(unit.job.image)[0], unit.arguments(), unit.job.smp,
                  unit.job.params, unit.job.machine, unit.round,
                  sorted(unit.job.stanza.groups)] for unit in units]
        return identity.of_bytes(json.dumps([machine, parts]).encode()) if machine else ""

    def _machine(self, platform: Platform) -> Dict[str, str]:
        """The identity of the platform; {} if a part of it is missing, of which launch() says more."""
        if platform.name not in self._machines:
            try:
                found = platform.identity(self.host)
            except (UserError, OSError):
                found = {}
            self._machines[platform.name] = {
                "platform": platform.name, "runner": identity.runner(self.host), **found,
                **identity.settings(self.host)} if found else {}
        return self._machines[platform.name]

    def image(self, path: str) -> Tuple[str, str]:
        """The digest of an image without its commit, and its commit."""
        if path not in self._images:
            with open(path, "rb") as stream:
                data, build = masked(stream.read(), path)
            self._images[path] = (hashlib.sha256(data).hexdigest(), build)
        return self._images[path]

    # -- entries ----------------------------------------------------------------------------

    def _path(self, key: str) -> str:
        return os.path.join(self.directory, key[:2], key)

    def find(self, key: str, limit: float) -> Optional[Entry]:
        """The entry with this key, unless that boot took longer than limit seconds (0: no limit)."""
        if not key or not self.directory:
            return None
        try:
            with open(self._path(key), "rb") as stream:
                entry = unpack(key, stream.read())
            os.utime(self._path(key))
        except FileNotFoundError:
            return None
        except OSError as error:
            self.unsaid.append("cache: %s: %s; ignored" % (self._path(key), error.strerror))
            return None
        except Broken as error:
            self.unsaid.append("cache: %s: %s; ignored" % (self._path(key), error))
            return None
        return entry if not limit or entry.seconds <= limit else None

    def doubted(self) -> bool:
        """Whether this hit is to be booted all the same."""
        return self._random.randrange(self.rate) == 0

    def agrees(self, entry: Entry, boot: Boot, build: str, label: str) -> bool:
        """Whether a boot that was made although there is an entry is as that says."""
        self.checked += 1
        assert boot.console is not None
        where = "it did not end by itself" if not _whole(boot) else difference(
            entry, bytes(boot.console), build)
        if not where and entry.status == boot.status:
            return True
        self.faults.append(
            "the cache is not to be trusted: %s: booted again, it differs from what %s kept on %s: "
            "%s; the log and the results are the new ones" % (
                label, self.directory, entry.recorded,
                where or "status %d, not %d" % (boot.status, entry.status)))
        return False

    def keep(self, key: str, boot: Boot, build: str) -> None:
        """Keep a boot that ended by itself. What cannot be written is said once."""
        if not key or not self.directory or self._full or not _whole(boot):
            return
        assert boot.console is not None
        data = pack(key, Entry(boot.launch.argv, boot.status, boot.seconds,
                               time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), build,
                               bytes(boot.console), boot.kept, boot.stderr))
        path = self._path(key)
        part = "%s.%d.part" % (path, os.getpid())
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(part, "wb") as out:
                out.write(data)
            os.replace(part, path)
            self.stored += 1
        except OSError as error:
            self._full = True
            self.unsaid.append("cache: cannot write into %s: %s; nothing more is kept in this run"
                               % (self.directory, error.strerror))
            if os.path.exists(part):
                os.unlink(part)

    def counts(self) -> Dict[str, Any]:
        """For the summary record."""
        return {"directory": self.directory or NOWHERE, "hits": self.hits, "checked": self.checked,
                "stored": self.stored}

    def line(self) -> str:
        """For a person."""
        return "cache: %s from it, %d booted again as a check, %d new" % (
            plural(self.hits, "boot"), self.checked, self.stored)


def _whole(boot: Boot) -> bool:
    """Whether the boot ended by itself, and everything that it said is there."""
    return boot.console is not None and not boot.overdue and boot.status >= 0 \
        and len(boot.console) <= MOST and boot.judgement is not None and boot.judgement.started
