# SPDX-License-Identifier: BSD-2-Clause
"""The lab's stock parts: kernels, hypervisors and busybox, from the distribution's own packages.

apt-get downloads a package into the cache and checks its signature; dpkg-deb unpacks it there.
Nothing is installed. A part is a directory that gets its final name when it is complete, so that
half a part never counts.
"""
import os
import re
import subprocess
from typing import Callable, Dict, List, Sequence, Tuple

from ...host import Host, sha256, which
from ...model import UserError
from ...record import dataclass
from ...text import clean

#: KVM's modules, in the order in which they are loaded.
MODULES = ("irqbypass", "kvm", "kvm-amd", "kvm-intel")
_SIGNED, _SIGNATURE_HEAD = b"~Module signature appended~\n", 12
#: The file of a part that says which packages it is made of: SHA-256 and name of each.
SUMS = "packages"
#: Free space that fetching needs, in MiB: an unpacked kernel package, and a saved machine state.
ROOM_MIB = 600


@dataclass(frozen=True)
class Part:
    """A stock part. packages: names to try in turn, meta packages included. take: copies the part
    from the unpacked package. real: the beginning of the name of the real package that a meta
    package depends on. elsewhere: the release of Debian to ask if this machine's apt has no such
    package. exact: instead of packages, those of one version, NAME=VERSION, which archive.py found;
    all of them make the part."""
    name: str
    packages: Tuple[str, ...]
    take: Callable[[str, str], None]
    real: str = ""
    elsewhere: str = ""
    exact: Tuple[str, ...] = ()


def _only(tree: str, *patterns: str) -> str:
    """The one file whose path in the tree matches a pattern."""
    for pattern in patterns:
        for directory, below, names in os.walk(tree):
            below.sort()  # sorts the walk itself, so that a large tree need not be read to its end
            for name in sorted(names):
                path = os.path.join(directory, name)
                if re.search(pattern, path[len(tree):]) and not os.path.islink(path):
                    return path
    raise UserError("holds no %s" % " or ".join(patterns))


def unpack_module(path: str) -> bytes:
    """A module's ELF bytes, from .ko, .ko.xz or .ko.zst."""
    with open(path, "rb") as stream:
        data = stream.read()
    if data[:6] == b"\xfd7zXZ\0":
        import lzma
        data = lzma.decompress(data)
    elif data[:4] == b"\x28\xb5\x2f\xfd":
        done = subprocess.run(["zstd", "-dcq"], input=data, stdout=subprocess.PIPE, check=False)
        data = done.stdout
    if data[:4] != b"\x7fELF":
        raise UserError("%s is not a kernel module" % path)
    return data


def without_signature(module: bytes) -> bytes:
    """The module without the signature at its end (Documentation/admin-guide/module-signing.rst of
    Linux), whose check takes an emulator seconds."""
    if not module.endswith(_SIGNED):
        return module
    length = int.from_bytes(module[-len(_SIGNED) - 4:-len(_SIGNED)], "big")
    return module[:len(module) - len(_SIGNED) - _SIGNATURE_HEAD - length]


def take_modules(tree: str, place: str) -> None:
    """Unpack KVM's modules from a tree into the directory place. Modules may be missing because they
    are built in."""
    for name in MODULES:
        try:
            path = _only(tree, "/%s\\.ko(\\.xz|\\.zst)?$" % name.replace("-", "[-_]"))
        except UserError:
            continue
        with open(os.path.join(place, name + ".ko"), "wb") as out:
            out.write(unpack_module(path))
    if not os.path.exists(os.path.join(place, "kvm.ko")):
        raise UserError("holds no KVM modules (kvm.ko)")


def _take_kernel(tree: str, place: str, series: str = "", number: str = "") -> None:
    """series: the kernel's release begins so. number: the version of its source, which a release such
    as 6.1.0-47 does not tell."""
    import shutil
    path = _only(tree, "^/boot/vmlinuz-%s" % series.replace(".", "\\."),
                 "^(/usr)?/lib/modules/[^/]+/vmlinuz$")
    shutil.copyfile(path, os.path.join(place, "vmlinuz"))
    release = os.path.basename(path)[len("vmlinuz-"):] or os.path.basename(os.path.dirname(path))
    with open(os.path.join(place, "version"), "w", encoding="ascii") as out:
        out.write("Linux " + (release if release.startswith(number) else number + ", " + release))
    take_modules(tree, place)


def _take_xen(tree: str, place: str, number: str = "") -> None:
    """number: as for _take_kernel()."""
    import gzip
    import shutil
    path = _only(tree, "^/boot/xen-[0-9.]+-amd64\\.gz$")
    with gzip.open(path) as stream, open(os.path.join(place, "xen"), "wb") as out:
        shutil.copyfileobj(stream, out)
    release = os.path.basename(path)[len("xen-"):-len("-amd64.gz")]
    with open(os.path.join(place, "version"), "w", encoding="ascii") as out:
        out.write("Xen " + (number if number.startswith(release) else release))


def _take_busybox(tree: str, place: str) -> None:
    import shutil
    shutil.copyfile(_only(tree, "^(/usr)?/bin/busybox$"), os.path.join(place, "busybox"))


PARTS: Dict[str, Part] = {part.name: part for part in (
    Part("linux-6.12", ("linux-image-6.12-cloud-amd64", "linux-image-cloud-amd64"),
         lambda tree, place: _take_kernel(tree, place, "6.12."), "linux-image-6.12", "trixie"),
    Part("linux-6.1", ("linux-image-6.1-cloud-amd64", "linux-image-cloud-amd64"),
         lambda tree, place: _take_kernel(tree, place, "6.1."), "linux-image-6.1.", "bookworm"),
    Part("xen", ("xen-hypervisor-4.17-amd64", "xen-hypervisor-4.20-amd64",
                 "xen-hypervisor-common"), _take_xen),
    Part("busybox", ("busybox-static",), _take_busybox))}


#: A suffix that names one version: linux-7.2.12, linux-6.12.117-deb12, xen-4.17.7.
VERSION = re.compile(r"(linux|xen)-[0-9]+(\.[0-9]+)+(-[a-z0-9.]+)*")


def part_of(host: Host, name: str) -> Part:
    """The part of this name: one of PARTS, or a version that the archive serves."""
    if name in PARTS:
        return PARTS[name]
    from . import archive
    build = archive.build_of(host, name)
    take = _take_xen if name.startswith("xen-") else _take_kernel
    return Part(name, (), lambda tree, place: take(tree, place, number=build.number),
                exact=tuple(package.wanted for package in build.packages))


def place_of(host: Host, name: str) -> str:
    """The path of the part, whether it exists or not."""
    return os.path.join(host.cache, "lab", name)


def have(host: Host, name: str) -> bool:
    """Whether the part is in the cache."""
    return os.path.exists(os.path.join(place_of(host, name), "package"))


def version(host: Host, name: str) -> str:
    """The part's own version, with that of its package."""
    words = []
    for file in ("version", "package"):
        try:
            with open(os.path.join(place_of(host, name), file), encoding="ascii",
                      errors="replace") as stream:
                words.append(stream.read().strip())
        except OSError:
            pass
    return "%s (%s)" % (words[0], words[1]) if len(words) == 2 else "".join(words)


# -- fetching ---------------------------------------------------------------------------------


def _ask(argv: List[str], cwd: str = "/") -> Tuple[int, str]:
    done = subprocess.run(argv, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False,
                          env=dict(os.environ, LC_ALL="C.UTF-8", DEBIAN_FRONTEND="noninteractive"))
    return done.returncode, done.stdout.decode("utf-8", "replace")


def real_package(name: str, depends: str) -> str:
    """The real package that a meta package depends on, from the output of apt-cache depends."""
    match = re.search(r"^\s*\|?Depends: (%s\S*)$" % "linux-image-[0-9]", depends, re.MULTILINE)
    return match.group(1) if match else name


class Apt:
    """apt with this machine's sources, and with lists of its own where the machine's are missing."""

    def __init__(self, host: Host) -> None:
        self.options: List[str] = []
        self.private = os.path.join(host.cache, "apt")

    def knows(self, package: str) -> bool:
        """Whether apt has a candidate to download."""
        status, text = _ask(["apt-cache", *self.options, "policy", package])
        return status == 0 and bool(re.search(r"Candidate: [^(\s]", text))

    def real(self, package: str) -> str:
        """The package itself, or the real package if it is a meta package."""
        return real_package(package, _ask(["apt-cache", *self.options, "depends", package])[1])

    def choose(self, part: Part) -> str:
        """The first package of the part that apt knows and whose real package fits; '' for none."""
        return next((name for name in part.packages if self.knows(name)
                     and self.real(name).startswith(part.real)), "")

    def ask_release(self, release: str, work: str, mirror: str) -> str:
        """Use, from now on, the lists of that release, from this machine's mirror. Returns '' or what
        went wrong."""
        from .. import make_root
        from ..toolbox import Root
        os.makedirs(work)
        try:
            other = make_root.Apt(work, Root(release, release, ()))
            other.update(mirror)
        except UserError as error:
            return str(error)
        self.options = ["-c", other.settings]
        return ""

    def update(self) -> str:
        """Fetch lists of our own; the machine's lists stay as they are. Returns '' or what went
        wrong."""
        for sub in ("state/lists/partial", "cache/archives/partial"):
            os.makedirs(os.path.join(self.private, sub), exist_ok=True)
        self.options = ["-o", "Dir::State=%s/state" % self.private,
                        "-o", "Dir::Cache=%s/cache" % self.private,
                        "-o", "Dir::State::status=/var/lib/dpkg/status",
                        "-o", "APT::Sandbox::User=root"]
        status, text = _ask(["apt-get", *self.options, "update"])
        return "" if status == 0 else clean(text.strip().splitlines()[-1].encode(), 200)

    def download(self, packages: Sequence[str], directory: str) -> Tuple[List[str], str]:
        """Download packages; returns the paths of their files, and '' or what went wrong."""
        names = [self.real(name) if name.startswith("linux-image-") and "=" not in name else name
                 for name in packages]
        status, text = _ask(["apt-get", *self.options, "-q", "download", *names], directory)
        found = [name for name in os.listdir(directory) if name.endswith(".deb")]
        if status or len(found) != len(names):
            lines = [line for line in text.splitlines() if line.startswith("E:")] or ["no output"]
            return [], clean(lines[-1].encode(), 200)
        return [os.path.join(directory, name) for name in sorted(found)], ""


def fetch(host: Host, name: str) -> str:
    """Fetch the part if it is not in the cache; returns its version."""
    import shutil
    place = place_of(host, name)
    if have(host, name):
        return version(host, name)
    for tool in ("apt-get", "dpkg-deb"):
        if not which(tool):
            raise UserError("cannot fetch %s: %s is not installed" % (name, tool))
    os.makedirs(os.path.dirname(place), exist_ok=True)
    free = shutil.disk_usage(os.path.dirname(place)).free >> 20
    if free < ROOM_MIB:
        raise UserError("cannot fetch %s: %d MiB free in %s, want %d"
                        % (name, free, os.path.dirname(place), ROOM_MIB))
    work = "%s.part.%d" % (place, os.getpid())
    shutil.rmtree(work, ignore_errors=True)
    try:
        for sub in ("deb", "tree", "part"):
            os.makedirs(os.path.join(work, sub))
        _fill(host, part_of(host, name), work)
        shutil.rmtree(place, ignore_errors=True)
        os.rename(os.path.join(work, "part"), place)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return version(host, name)


def _fill(host: Host, part: Part, work: str) -> None:
    """Make the whole part in work/part."""
    files = (_exact if part.exact else _chosen)(host, part, work)
    tree, made = os.path.join(work, "tree"), os.path.join(work, "part")
    for path in files:
        status, text = _ask(["dpkg-deb", "-x", path, tree])
        if status:
            raise UserError("cannot unpack %s: %s" % (path, clean(text.encode(), 200)))
    names = [os.path.basename(path).replace("%3a", ":")[:-len(".deb")] for path in files]
    try:
        part.take(tree, made)
    except UserError as error:
        raise UserError("package %s %s" % (" ".join(names), error)) from None
    with open(os.path.join(made, SUMS), "w", encoding="ascii") as out:
        out.writelines("%s  %s\n" % (sha256(path), name) for path, name in zip(files, names))
    with open(os.path.join(made, "package"), "w", encoding="ascii") as out:
        out.write(" ".join(names))


def _exact(host: Host, part: Part, work: str) -> List[str]:
    """The files of exactly these packages, by the lists of archive.py."""
    from . import archive
    apt, deb = Apt(host), os.path.join(work, "deb")
    apt.options = ["-c", archive.settings(host)]
    files, problem = apt.download(part.exact, deb)
    if problem:
        # The archive may have dropped the version since it was asked.
        newer = [package.wanted for package in archive.choose(
            archive.ask(host).packages, part.name).packages]
        files, problem = apt.download(newer, deb)
    if problem:
        raise UserError("cannot fetch %s: %s" % (part.name, problem))
    return files


def _chosen(host: Host, part: Part, work: str) -> List[str]:
    """The file of the first package of the part that apt knows."""
    apt, mirror = Apt(host), host.env.get("ORDEAL_MIRROR", "")
    package = apt.choose(part)
    problem = ""
    if not package:
        problem = apt.update()
        package = apt.choose(part)
    if not package and part.elsewhere:
        later = apt.ask_release(part.elsewhere, os.path.join(work, "apt"), mirror)
        problem = problem or later
        package = apt.choose(part)
    if not package:
        raise UserError("cannot fetch %s: apt knows no package %s%s" % (
            part.name, " or ".join(part.packages), ": " + problem if problem else ""))
    files, problem = apt.download([package], os.path.join(work, "deb"))
    if problem:
        # The lists may be older than the archive, so try once more with fresh ones.
        problem = apt.update() or problem
        files, again = apt.download([package], os.path.join(work, "deb"))
        if again:
            raise UserError("cannot fetch %s: %s" % (part.name, again or problem))
    return files
