# SPDX-License-Identifier: BSD-2-Clause
"""What Debian's archive serves of the lab's kernels and Xens, and of the emulators.

apt keeps lists of its own for all suites that the archive has, beside this machine's, and checks
their signatures as always. A catalog is made of them: a few hundred packages. Debian splits newer
kernels: linux-image-ABI is empty and depends on linux-binary-ABI and linux-modules-ABI, and the
archive may drop one of these two before the other.
"""
import json
import os
import re
import time
from typing import Any, Dict, Iterator, List, Sequence, Tuple

from ...host import Host, which
from ...model import UserError
from ...record import dataclass
from ...text import clean
from .. import make_root

#: Suites of the archive, and those of its security archive.
SUITES = ("bookworm", "bookworm-updates", "bookworm-backports", "trixie", "trixie-updates",
          "trixie-backports", "forky", "sid", "experimental")
SECURITY = ("bookworm-security", "trixie-security")
#: The emulators' packages, whose versions --versions shows for each suite.
EMULATORS = ("qemu-system-x86", "bochs")
FLAVOUR = "-cloud-amd64"
_WANTED = re.compile(
    r"linux-(?:image|binary|modules)-[0-9]\S*-cloud-amd64|xen-hypervisor-[0-9.]+-amd64|"
    + "|".join(EMULATORS))
_HELPER = "/usr/lib/apt/apt-helper"
CATALOG = "catalog.json"
#: For how many seconds an answer of the archive is believed; asking takes half a minute.
FRESH = 3600


@dataclass(frozen=True)
class Package:
    """One version of a package. suites: where the archive serves it."""
    name: str
    version: str
    depends: str = ""
    sha256: str = ""
    suites: Tuple[str, ...] = ()

    @property
    def wanted(self) -> str:
        """What apt-get downloads."""
        return "%s=%s" % (self.name, self.version)


@dataclass(frozen=True)
class Catalog:
    """The packages, when the archive was asked (seconds of time.time()), and the suites that it did
    not serve, with apt's reason."""
    packages: Tuple[Package, ...]
    asked: float
    problem: str = ""

    @property
    def fresh(self) -> bool:
        """Whether the archive need not be asked again."""
        return 0 <= time.time() - self.asked < FRESH


@dataclass(frozen=True)
class Build:
    """A kernel or Xen that a suffix can name. number: the version of its source; name: the suffix
    that says it (linux-7.2.12, xen-4.17.7), which several builds may share; exact: the suffix of
    this build alone; lacks: what the archive does not have of it, '' if it is whole."""
    number: str
    name: str
    exact: str
    packages: Tuple[Package, ...]
    lacks: str = ""


# -- pure ---------------------------------------------------------------------------------------


def version_key(version: str) -> Tuple[Any, ...]:
    """A key that sorts versions as Debian's policy says: ~ before the end, letters before the rest,
    and numbers by their value."""
    def part(text: str) -> Tuple[Any, ...]:
        key: List[Any] = []
        for word, number in re.findall(r"([^0-9]*)([0-9]*)", text):
            key += [tuple(-1 if c == "~" else ord(c) if c.isalpha() else ord(c) + 256
                          for c in word) + (0,), int(number or 0)]
        return tuple(key)
    epoch, _, rest = version.rpartition(":")
    source, dash, revision = rest.rpartition("-")
    return (int(epoch) if epoch.isdigit() else 0, part(source if dash else rest),
            part(revision if dash else "0"))


def number_of(version: str) -> str:
    """The version of the source: 7.3-rc7 of 7.3~rc7-1~exp1, 4.17.7 of 4.17.7+13-g2445b30a44-0."""
    return re.split(r"[+]", version.rpartition(":")[2].rpartition("-")[0])[0].replace("~", "-")


def parse(text: str, suite: str) -> Iterator[Package]:
    """The packages of one Packages file that the lab can use."""
    for stanza in re.finditer(r"^Package: (\S+)\n(?:\S.*\n|[ \t].*\n)*", text, re.MULTILINE):
        if not _WANTED.fullmatch(stanza.group(1)):
            continue
        fields = dict(re.findall(r"^(\w+): (.*)$", stanza.group(0), re.MULTILINE))
        yield Package(stanza.group(1), fields.get("Version", ""), fields.get("Depends", ""),
                      fields.get("SHA256", ""), (suite,))


def merged(packages: Sequence[Package]) -> List[Package]:
    """Each version of a package once, with all its suites."""
    found: Dict[Tuple[str, str], Package] = {}
    for package in packages:
        key = (package.name, package.version)
        suites = (found[key].suites if key in found else ()) + package.suites
        found[key] = Package(package.name, package.version, package.depends, package.sha256,
                             tuple(dict.fromkeys(suites)))
    return sorted(found.values(), key=lambda p: (p.name, version_key(p.version)))


def kernels(packages: Sequence[Package]) -> List[Build]:
    """Every kernel that has a package of its own, oldest first. A package that only depends on
    another image is none."""
    have = {(p.name, p.version): p for p in packages}
    found = []
    for package in packages:
        abi = package.name[len("linux-image-"):-len(FLAVOUR)]
        if not package.name.startswith("linux-image-") or "linux-image-" in package.depends:
            continue
        split = ["linux-%s-%s%s" % (kind, abi, FLAVOUR) for kind in ("binary", "modules")]
        if any(name in package.depends for name in split):
            lacking = [name for name in split if (name, package.version) not in have]
            parts = [have[name, package.version] for name in split if name not in lacking]
        else:
            lacking, parts = [], [package]
        number = number_of(package.version)
        found.append(Build(number, "linux-" + number, "linux-" + abi.replace("+", "-"),
                           tuple(parts), "the archive has no %s" % " and no ".join(lacking)
                           if lacking else ""))
    return sorted(found, key=lambda b: (version_key(b.number.replace("-rc", "~rc")), version_key(
        b.packages[0].version if b.packages else "0")))


def xens(packages: Sequence[Package]) -> List[Build]:
    """Every Xen, oldest first."""
    found = []
    for package in packages:
        if package.name.startswith("xen-hypervisor-"):
            number, whole = number_of(package.version), package.version.rpartition("-")[0]
            found.append(Build(number, "xen-" + number, "xen-" + whole.replace("+", "-"),
                               (package,)))
    return sorted(found, key=lambda b: version_key(b.packages[0].version))


def builds(packages: Sequence[Package], kind: str) -> List[Build]:
    """The builds of this kind: linux or xen."""
    return kernels(packages) if kind == "linux" else xens(packages)


def choose(packages: Sequence[Package], name: str) -> Build:
    """The build that the suffix names: this one exactly, or the newest whole one of that version of
    the source. A UserError names what there is instead."""
    kind = name.partition("-")[0]
    every = builds(packages, kind)
    mine = [b for b in every if b.exact == name] or [b for b in every if b.name == name]
    if any(not build.lacks for build in mine):
        return [build for build in mine if not build.lacks][-1]
    if mine:
        raise UserError("cannot fetch %s: %s" % (name, mine[-1].lacks))
    series = [b.name for b in every if b.name.startswith(name + ".") or b.name.startswith(name + "-")]
    from ...text import near
    raise UserError("cannot fetch %s: the archive does not serve it%s; --versions lists what it has"
                    % (name, "; it has %s" % " ".join(dict.fromkeys(series)) if series
                       else near(name, [b.name for b in every])))


# -- apt ----------------------------------------------------------------------------------------


def directory(host: Host) -> str:
    """Where the lists and the catalog are kept."""
    return os.path.join(host.cache, "archive")


def settings(host: Host) -> str:
    """The path of the configuration with which apt sees all suites."""
    return os.path.join(directory(host), "apt.conf")


def sources(targets: str, mirror: str) -> List[str]:
    """The lines of sources.list. targets: this machine's own, in the format make_root.TARGET, which
    alone say where the security archive is. mirror: the archive to use, '' for this machine's."""
    signed = " signed-by=" + make_root.KEYRING if os.path.exists(make_root.KEYRING) else ""
    line = "deb [arch=amd64%s] %%s %%s main" % signed
    found = [line % (uri, suite) for uri in ([mirror] if mirror else make_root.mirrors(targets)[:1])
             for suite in SUITES]
    security = [words[0] for words in (row.split("|") for row in targets.splitlines())
                if len(words) > 1 and words[1].endswith("-security")]
    return found + [line % (uri, suite) for uri in security[:1] for suite in SECURITY]


def _update(host: Host) -> str:
    """Fetch the lists; returns apt's complaint, '' if it has none."""
    place = directory(host)
    for sub in ("state/lists/partial", "cache/archives/partial"):
        os.makedirs(os.path.join(place, sub), exist_ok=True)
    if '"' in place or "\n" in place:
        raise UserError("apt.conf cannot hold the quote or the line end in %s" % clean(
            place.encode(), 200))
    targets = make_root.run(["apt-get", "indextargets", "--format", make_root.TARGET,
                             "Created-By: Packages"])[1]
    lines = sources(targets, host.env.get("ORDEAL_MIRROR", ""))
    if not lines:
        raise UserError("apt has no source here that may be a Debian archive; set ORDEAL_MIRROR to "
                        "the URL of one")
    for name, text in (("apt.conf", make_root.SETTINGS.replace(
            'APT::Update::Error-Mode "any";\n', 'Acquire::Languages "none";\n') % {"work": place}),
                       ("status", ""), ("sources.list", "\n".join(lines) + "\n")):
        with open(os.path.join(place, name), "w", encoding="utf-8") as out:
            out.write(text)
    status, text = make_root.run(["apt-get", "-c", settings(host), "update"])
    return make_root.complaint(text) if status else ""


def _read(host: Host) -> List[Package]:
    """The packages of all lists that apt has fetched."""
    _, text = make_root.run(["apt-get", "-c", settings(host), "indextargets", "--format",
                             "$(RELEASE)|$(FILENAME)", "Created-By: Packages"])
    found: List[Package] = []
    for line in text.splitlines():
        suite, _, path = line.partition("|")
        if path and os.path.exists(path):
            _, listed = make_root.run([_HELPER, "cat-file", path])
            found += parse(listed, suite)
    return merged(found)


def ask(host: Host) -> Catalog:
    """Ask the archive, and keep its answer. A UserError says why it gave none."""
    for tool in ("apt-get", _HELPER):
        if not which(tool):
            raise UserError("the archive cannot be asked: %s is not installed" % tool)
    problem = _update(host)
    packages = _read(host)
    if not packages:
        raise UserError("the archive gave no list: " + (problem or "no output"))
    catalog = Catalog(tuple(packages), time.time(), problem)
    path = os.path.join(directory(host), CATALOG)
    part = "%s.%d" % (path, os.getpid())
    with open(part, "w", encoding="utf-8") as out:
        json.dump({"asked": catalog.asked, "problem": problem, "packages": [
            [p.name, p.version, p.depends, p.sha256, list(p.suites)] for p in packages]}, out)
    os.replace(part, path)
    return catalog


def kept(host: Host) -> Catalog:
    """The answer of the last time; an empty one if the archive was never asked from here."""
    try:
        with open(os.path.join(directory(host), CATALOG), encoding="utf-8") as stream:
            data = json.load(stream)
        return Catalog(tuple(Package(*row[:4], tuple(row[4])) for row in data["packages"]),
                       data["asked"], data["problem"])
    except (OSError, ValueError, KeyError, TypeError):
        return Catalog((), 0.0)


def build_of(host: Host, name: str) -> Build:
    """The build that the suffix names, as the archive served it the last time, or serves it now."""
    old = kept(host)
    try:
        return choose(old.packages, name)
    except UserError:
        if old.fresh:
            raise
        return choose(ask(host).packages, name)
