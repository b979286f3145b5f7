# SPDX-License-Identifier: BSD-2-Clause
"""From a campaign file to the units of a plan: every combination of what its sections list."""
import configparser
import hashlib
import itertools
import json
import os
import re
import shlex
from typing import Dict, Iterator, List, Sequence, Tuple

from ordeal import platforms
from ordeal.host import Host
from ordeal.model import UserError
from ordeal.record import dataclass
from ordeal.run.fingerprint import tree

from .plan import SCHEMA, Head, Unit, commit_name, line

KEYS = ("platforms", "versions", "suites", "shards", "modes", "set")
#: In `versions`: the platform without a suffix.
PLAIN = "-"
_RANGE = re.compile(r"(\d+)\.\.(\d+)")


@dataclass(frozen=True)
class Section:
    """A section of a campaign file: each combination of these is a unit."""
    name: str
    platforms: Tuple[str, ...]
    versions: Tuple[str, ...]
    suites: Tuple[str, ...]
    shards: int
    modes: Tuple[Tuple[str, ...], ...]
    settings: Tuple[str, ...]


def ranges(text: str) -> List[str]:
    """The texts that this one stands for: A..B in it stands for each number from A to B."""
    found = _RANGE.search(text)
    if not found:
        return [text]
    first, last = int(found.group(1)), int(found.group(2))
    if last < first:
        raise UserError("%s: %s holds no number" % (text, found.group(0)))
    return [text[:found.start()] + str(number) + rest for rest in ranges(text[found.end():])
            for number in range(first, last + 1)]


def _section(name: str, keys: Dict[str, str], where: str) -> Section:
    for key in keys:
        if key not in KEYS:
            raise UserError("%s: [%s]: unknown key %s; there are: %s"
                            % (where, name, key, " ".join(KEYS)))
    shards = keys.get("shards", "1")
    if not shards.isdigit() or not int(shards):
        raise UserError("%s: [%s]: shards = %s: give a number from 1" % (where, name, shards))
    if not keys.get("platforms", "").split():
        raise UserError("%s: [%s] names no platforms" % (where, name))
    return Section(name, tuple(keys["platforms"].split()),
                   tuple(keys.get("versions", PLAIN).split()) or (PLAIN,),
                   tuple(keys.get("suites", "").split()) or ("",), int(shards),
                   tuple(tuple(shlex.split(mode)) for mode in keys.get("modes", "").split("|")),
                   tuple(ranges(keys.get("set", ""))))


def read(path: str) -> Tuple[str, Tuple[str, ...], List[Section]]:
    """The campaign file: its name, the options of every unit, its sections."""
    parser = configparser.ConfigParser(interpolation=None, default_section="")
    try:
        with open(path, encoding="utf-8") as stream:
            parser.read_file(stream)
    except OSError as error:
        raise UserError("cannot read %s: %s" % (path, error.strerror)) from None
    except (configparser.Error, UnicodeDecodeError) as error:
        raise UserError("%s is no campaign file: %s" % (path, str(error).splitlines()[0])) from None
    name = os.path.splitext(os.path.basename(path))[0]
    options: Tuple[str, ...] = ()
    if parser.has_section("campaign"):
        head = dict(parser["campaign"])
        name, options = head.pop("name", name), tuple(shlex.split(head.pop("options", "")))
        if head:
            raise UserError("%s: [campaign]: unknown key %s; there are: name options"
                            % (path, next(iter(head))))
    sections = [_section(section, dict(parser[section]), path) for section in parser.sections()
                if section != "campaign"]
    if not sections:
        raise UserError("%s has no section with platforms" % path)
    return name, options, sections


def _of(section: Section) -> Iterator[Tuple[str, Tuple[str, ...]]]:
    """The name and the words of each unit of a section."""
    for platform, version, suite, setting, mode, shard in itertools.product(
            section.platforms, section.versions, section.suites, section.settings, section.modes,
            range(1, section.shards + 1)):
        full = platform if version == PLAIN else "%s+%s" % (platform, version)
        name, words = [section.name, full, suite or "all"], ["-p", full]
        if setting:
            name.append(setting.partition("=")[2].replace(" ", ","))
            words += ["--set", setting]
        if mode:
            name.append(",".join(mode))
            words += mode
        if section.shards > 1:
            name.append("%dof%d" % (shard, section.shards))
            words += ["--shard", "%d/%d" % (shard, section.shards)]
        yield "/".join(name), tuple(words + ([suite] if suite else []))


def units(options: Sequence[str], sections: Sequence[Section]) -> Iterator[Unit]:
    """Every unit, in the order of the file."""
    pairs = itertools.chain.from_iterable(map(_of, sections))
    return (Unit(number, name, (*options, *words)) for number, (name, words) in enumerate(pairs))


def check_platforms(sections: Sequence[Section]) -> None:
    """A UserError for a platform that there cannot be."""
    for section in sections:
        for platform, version in itertools.product(section.platforms, section.versions):
            full = platform if version == PLAIN else "%s+%s" % (platform, version)
            if not (platforms.named(full) or full == "kvm"):
                raise UserError("[%s]: %s" % (section.name, platforms.unknown(full, platforms.known())))


def compiler_of(host: Host) -> str:
    """The compiler of the images, as their logs name it."""
    path = os.path.join(host.build, "lib", "x86", "boot", "build_id.h")
    try:
        with open(path, encoding="ascii") as stream:
            found = re.search(r'BUILD_COMPILER "([^"]*)"', stream.read())
    except OSError:
        found = None
    if not found:
        raise UserError("%s: the images are not built; run make" % path)
    return found.group(1)


def make(host: Host, path: str, out: str) -> Head:
    """Write the plan of a campaign file to out; returns its head."""
    name, options, sections = read(path)
    check_platforms(sections)
    digest, count = hashlib.sha256(), 0
    for unit in units(options, sections):
        digest.update(line(unit).encode())
        count += 1
    head = Head(name, count, digest.hexdigest(), commit_name(*tree(host.root)), compiler_of(host))
    part = "%s.%d" % (out, os.getpid())
    with open(part, "w", encoding="utf-8") as stream:
        stream.write(json.dumps({"type": "plan", "schema": SCHEMA, "name": head.name,
                                 "units": head.units, "digest": head.digest,
                                 "commit": head.commit, "compiler": head.compiler}) + "\n")
        stream.writelines(map(line, units(options, sections)))
    os.replace(part, out)
    return head
