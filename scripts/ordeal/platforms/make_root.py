# SPDX-License-Identifier: BSD-2-Clause
"""Makes a toolbox root (toolbox.py): apt-get downloads and dpkg-deb unpacks; nothing is installed.

apt runs with its own lists, package cache and status: it sees a machine of the other release on
which nothing is installed, so it downloads every library. Mirror, proxy and credentials are those
of this machine's apt, and apt checks the signatures as always. No script of a package runs, so
neither root nor a chroot is needed. Only what the emulators need is kept. The root gets its final
name when it is complete.
"""
import os
import re
import shutil
import subprocess
import sys
import time
from typing import Any, Callable, Iterator, List, Tuple

from ..host import Host, sha256, which
from ..model import UserError
from ..text import clean, clean_text
from .toolbox import COMPLETE, FORMAT, ROOTS, SUMS, Root, complete, place_of, unusable

#: Free space that making a root needs, in MiB: the packages, their unpacked files, and the root.
ROOM_MIB = 700
LIBRARIES = "usr/lib/x86_64-linux-gnu"
LOADER = LIBRARIES + "/ld-linux-x86-64.so.2"
#: For each program, the environment and the first arguments that point it to the root ($r).
PROGRAMS = {
    "qemu-system-x86_64": ('QEMU_MODULE_DIR="$r/%s/qemu"' % LIBRARIES,
                           ' -L "$r/usr/share/qemu" -L "$r/usr/share/seabios"'),
    "bochs-bin": ('LTDL_LIBRARY_PATH="$r/%s/bochs/plugins" BXSHARE="$r/usr/share/bochs"'
                  % LIBRARIES, "")}
#: The unpacked files that the root keeps.
KEPT = tuple("usr/bin/" + name for name in PROGRAMS) + (
    LIBRARIES, "usr/share/qemu", "usr/share/seabios", "usr/share/bochs", "usr/share/vgabios")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
#: The format of each line of `apt-get indextargets`.
TARGET = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)"
SETTINGS = """\
#clear APT::Update;
#clear DPkg;
#clear APT::Default-Release;
Dir::State "%(work)s/state";
Dir::State::status "%(work)s/status";
Dir::Cache "%(work)s/cache";
Dir::Etc::sourcelist "%(work)s/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
APT::Install-Recommends "false";
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
"""


def wrapper(name: str) -> str:
    """The text of bin/NAME. It finds the root by its own path, so the root may be moved."""
    environment, arguments = PROGRAMS[name]
    return """#!/bin/sh
# Starts this root's own program with its own loader, libraries and firmware.
r=${0%%/*}/..
export %s
exec "$r/%s" --inhibit-cache --library-path "$r/%s" \\
	--argv0 %s "$r/usr/bin/%s"%s "$@"
""" % (environment, LOADER, LIBRARIES, name, name, arguments)


def mirrors(targets: str) -> List[str]:
    """The archives that may have another release, from lines in the format TARGET: the archives of
    whole releases, Debian's own first."""
    ours, others = [], []
    for line in targets.splitlines():
        uri, release, component, origin = (line.split("|") + 4 * [""])[:4]
        if component != "main" or "-" in release or not re.match(r"[a-z+]+:", uri) \
                or uri.startswith("cdrom:"):
            continue
        if origin == "Debian":
            ours.append(uri)
        elif origin in ("", "$(ORIGIN)"):  # apt has not read its lists yet
            others.append(uri)
    return list(dict.fromkeys(ours + others))


def complaint(text: str) -> str:
    """The most telling line of apt's output."""
    lines = [line[2:].strip() for line in text.splitlines() if line.startswith("E:")]
    return clean((lines or text.strip().splitlines()[-1:] or ["no output"])[0].encode(), 300)


def outside(listed: str, root: str) -> List[str]:
    """The libraries in the output of `ld.so --list` that are not the root's."""
    bad = []
    for line in listed.splitlines():
        name, arrow, path = line.strip().partition(" => ")
        if arrow and not path.startswith(root + "/"):
            bad.append(name)
    return bad


class Progress:
    """Shows the progress of a long job: in place on a terminal, elsewhere as a line now and then."""

    def __init__(self, name: str) -> None:
        self.name, self.tty, self.last = name, sys.stdout.isatty(), time.monotonic()

    def step(self, text: str) -> None:
        """Say that a new step begins."""
        sys.stdout.write("%s%s: %s\n" % ("\r\033[K" if self.tty else "", self.name, text))
        sys.stdout.flush()
        self.last = time.monotonic()

    def tick(self, text: str) -> None:
        """Show how far the current step is, unless that was shown just now."""
        now = time.monotonic()
        if now - self.last < (0.2 if self.tty else 10):
            return
        self.last = now
        sys.stdout.write(("\r\033[K%s: %s" if self.tty else "%s: %s\n") % (self.name, text[:70]))
        sys.stdout.flush()


def run(argv: List[str], watch: Callable[[], Any] = lambda: None) -> Tuple[int, str]:
    """Run a command; returns exit status and output. watch is called while the command runs. The
    process does not outlive this call."""
    import tempfile
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.STDOUT, env=dict(
                                       os.environ, LC_ALL="C.UTF-8",
                                       DEBIAN_FRONTEND="noninteractive"))
        try:
            while process.poll() is None:
                watch()
                time.sleep(0.02)
        finally:
            process.kill()
            process.wait()
        output.seek(0)
        return process.returncode, output.read().decode("utf-8", "replace")


class Apt:
    """apt for a machine of the root's release, with all its files in the directory work."""

    def __init__(self, work: str, root: Root) -> None:
        self.work, self.root = work, root
        self.settings = os.path.join(work, "apt.conf")
        if '"' in work or "\n" in work:
            raise UserError("apt.conf cannot hold the quote or the line end in %s; build in another "
                            "directory" % clean_text(work))
        for sub in ("state/lists/partial", "cache/archives/partial"):
            os.makedirs(os.path.join(work, sub))
        self._write("apt.conf", SETTINGS % {"work": work})
        self._write("status", "")

    def _write(self, name: str, text: str) -> None:
        with open(os.path.join(self.work, name), "w", encoding="utf-8") as out:
            out.write(text)

    def update(self, chosen: str) -> str:
        """Fetch the release's lists from the chosen mirror, or from the first of this machine's
        mirrors that has the release; returns the mirror."""
        found = [chosen] if chosen else mirrors(
            run(["apt-get", "indextargets", "--format", TARGET, "Created-By: Packages"])[1])
        if not found:
            raise UserError("apt has no source here that may be a Debian archive; set ORDEAL_MIRROR"
                            " to the URL of one")
        said = ""
        for uri in found:
            signed = " signed-by=" + KEYRING if os.path.exists(KEYRING) else ""
            self._write("sources.list", "deb [arch=amd64%s] %s %s main\n"
                        % (signed, uri, self.root.suite))
            status, text = run(["apt-get", "-c", self.settings, "update"])
            if not status:
                return uri
            said = said or complaint(text)
        raise UserError("%s; %s" % (said, "install debian-archive-keyring" if "NO_PUBKEY" in said
                                    or "not signed" in said else
                                    "repair the network or apt's sources, or set ORDEAL_MIRROR to"
                                    " the URL of a Debian archive, and run this again"))

    def download(self, progress: Progress) -> List[str]:
        """Download the packages and all that they depend on; returns the paths of their files."""
        command = ["apt-get", "-c", self.settings, "-q", "-y", "install", *self.root.packages]
        status, text = run(command[:4] + ["--print-uris"] + command[4:])
        sizes = [int(size) for size in re.findall(r"^'\S+ \S+ (\d+) ", text, re.M)]
        if status or not sizes:
            raise UserError(complaint(text))
        total = sum(sizes) >> 20
        progress.step("downloading %d packages, %d MB" % (len(sizes), total))
        archives = os.path.join(self.work, "cache", "archives")
        status, text = run(command[:4] + ["--download-only"] + command[4:], lambda: progress.tick(
            "%d of %d MB" % (size_of(archives) >> 20, total)))
        if status:
            raise UserError(complaint(text) + "; run this again")
        return sorted(os.path.join(archives, name) for name in os.listdir(archives)
                      if name.endswith(".deb"))


def size_of(directory: str) -> int:
    """The size in bytes of all files in the directory and below."""
    def files(path: str) -> Iterator[int]:
        for entry in os.scandir(path):
            try:
                yield entry.stat().st_size if entry.is_file() else sum(files(entry.path))
            except OSError:
                pass  # apt has renamed the file meanwhile
    return sum(files(directory))


def check(root: str) -> None:
    """Raise UserError unless every program finds all its libraries in the root, and starts."""
    for name in PROGRAMS:
        status, text = run([os.path.join(root, LOADER), "--inhibit-cache", "--library-path",
                            os.path.join(root, LIBRARIES), "--list",
                            os.path.join(root, "usr/bin", name)])
        bad = outside(text, root)
        if status or bad:
            raise UserError("%s does not find %s in the root" % (
                name, " ".join(bad) or "its libraries: " + complaint(text)))
        question = ["--version"] if name.startswith("qemu") else ["--help", "cpu"]
        status, text = run([os.path.join(root, "bin", name)] + question)
        if status:
            raise UserError("%s does not start in the root: %s" % (name, complaint(text)))


def _fill(work: str, root: Root, mirror: str, progress: Progress) -> None:
    """Make the complete root in work/root."""
    apt = Apt(work, root)
    progress.step("reading the package lists of %s" % root.about)
    progress.step("from " + apt.update(mirror))
    files = apt.download(progress)
    progress.step("unpacking")
    tree, new = os.path.join(work, "tree"), os.path.join(work, "root")
    for number, path in enumerate(files):
        progress.tick("unpacking %d of %d" % (number, len(files)))
        status, text = run(["dpkg-deb", "-x", path, tree])
        if status:
            raise UserError("cannot unpack %s: %s" % (os.path.basename(path), complaint(text)))
    for path in KEPT:
        if not os.path.exists(os.path.join(tree, path)):
            raise UserError("the packages hold no " + path)
        os.makedirs(os.path.dirname(os.path.join(new, path)), exist_ok=True)
        os.rename(os.path.join(tree, path), os.path.join(new, path))
    os.mkdir(os.path.join(new, "bin"))
    for name in PROGRAMS:
        path = os.path.join(new, "bin", name)
        with open(path, "w", encoding="ascii") as out:
            out.write(wrapper(name))
        os.chmod(path, 0o755)
    check(new)
    names = [os.path.basename(path)[:-len(".deb")].replace("%3a", ":") for path in files]
    with open(os.path.join(new, SUMS), "w", encoding="ascii") as out:
        out.writelines("%s  %s\n" % (sha256(path), name) for path, name in zip(files, names))
    with open(os.path.join(new, COMPLETE), "w", encoding="ascii") as out:
        out.write("\n".join([FORMAT] + names) + "\n")


def make(host: Host, name: str) -> str:
    """Make the root if it does not exist; returns its path. UserError if it cannot be made."""
    import fcntl
    place = place_of(host, name)
    if complete(place):
        return place
    for tool in ("apt-get", "dpkg-deb"):
        if not which(tool):
            raise UserError("no %s here; a root is made of Debian's packages by apt itself" % tool)
    if unusable(place):
        raise UserError("%s: %s; set ORDEAL_ROOTS to another directory"
                        % (clean_text(place), unusable(place)))
    above = os.path.dirname(place)
    os.makedirs(above, exist_ok=True)
    free = shutil.disk_usage(above).free >> 20
    if free < ROOM_MIB:
        raise UserError("%d MiB free in %s, want %d; make room, or set ORDEAL_ROOTS to another "
                        "directory" % (free, above, ROOM_MIB))
    with open(place + ".lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if complete(place):
            return place
        # A runner that still used this directory would hold the lock.
        work = place + ".part"
        shutil.rmtree(work, ignore_errors=True)
        old = os.umask(0o022)
        try:
            os.mkdir(work)
            _fill(work, ROOTS[name], host.env.get("ORDEAL_MIRROR", ""), Progress(name))
            shutil.rmtree(place, ignore_errors=True)
            os.rename(os.path.join(work, "root"), place)
        finally:
            os.umask(old)
            shutil.rmtree(work, ignore_errors=True)
    return place
