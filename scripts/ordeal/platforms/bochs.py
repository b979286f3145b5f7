# SPDX-License-Identifier: BSD-2-Clause
"""Bochs as a platform: `bochs-intel` (VMX) and `bochs-amd` (SVM).

Bochs loads no ELF file, so the image and its arguments go into a GRUB ISO, kept in the cache under
a name made from both. The console is COM1 written into a FIFO. The guest's last word is "Shutdown"
on port 0x8900, which Bochs calls a panic: that, and only that, is the normal end.
"""
import os
import subprocess
from typing import List, Tuple

from ..host import Host, version_of, which
from ..judge import Ending
from ..model import UserError
from ..text import clean
from . import toolbox
from .base import Job, Launch, Need, Platform

OLDEST = (2, 7)
ROMS = (("BIOS-bochs-latest", ("/usr/share/bochs/BIOS-bochs-latest",
                               "/usr/local/share/bochs/BIOS-bochs-latest"), "bochsbios"),
        ("vgabios.bin", ("/usr/share/vgabios/vgabios.bin",
                         "/usr/share/bochs/VGABIOS-lgpl-latest"), "vgabios"))
TOOLS = (("grub-mkrescue", "grub-common"), ("xorriso", "xorriso"), ("mformat", "mtools"))
GRUB_PC = "/usr/lib/grub/i386-pc"
#: How many ISOs the cache keeps.
ISO_LIMIT = 200
#: Stands for the nonce in a cached ISO; the copy that boots gets the real one in its place.
_BLANK = "nonce=" + 8 * "_"
#: What its panic line says of a triple fault.
_TRIPLE_FAULT = ("exception with no resolution", "shutdown state", "triple fault")
_END = b"Shutdown port: shutdown requested"


def rom(paths: tuple, root: str = "") -> str:
    """The first of these that is there, or ''; root: the directory that stands for /."""
    return next((root + path for path in paths if os.path.exists(root + path)), "")


def grub_config(name: str, args: List[str]) -> str:
    """The grub.cfg that boots the image at once. Words are quoted: GRUB has a shell of its own."""
    words = " ".join("'%s'" % word.replace("'", "'\\''") for word in args)
    return ("set timeout=0\nset default=0\nmenuentry ordeal {\n"
            "\tmultiboot /boot/image %s %s\n\tboot\n}\n" % (name, words))


def _prune(directory: str) -> None:
    """Keep the cache from growing for ever."""
    files = [os.path.join(directory, name) for name in os.listdir(directory)]
    for path in sorted(files, key=os.path.getmtime)[:-ISO_LIMIT]:
        os.unlink(path)


def make_iso(host: Host, image: str, args: List[str]) -> str:
    """The path of an ISO with this image and these arguments, made if it is not in the cache."""
    import hashlib  # these two cost more than a runner that boots no Bochs should pay
    import tempfile
    with open(image, "rb") as stream:
        content = stream.read()
    config = grub_config(os.path.basename(image).rsplit(".", 1)[0], args).encode()
    key = hashlib.sha256(content + b"\0" + config).hexdigest()[:32]
    directory = os.path.join(host.cache, "iso")
    path = os.path.join(directory, key + ".iso")
    if os.path.exists(path):
        os.utime(path)
        return path
    os.makedirs(directory, exist_ok=True)
    _prune(directory)
    with tempfile.TemporaryDirectory(dir=host.cache) as tree:
        os.makedirs(os.path.join(tree, "boot", "grub"))
        with open(os.path.join(tree, "boot", "image"), "wb") as out:
            out.write(content)
        with open(os.path.join(tree, "boot", "grub", "grub.cfg"), "wb") as out:
            out.write(config)
        part = "%s.%d" % (path, os.getpid())
        done = subprocess.run(
            ["grub-mkrescue", "--locales=", "--fonts=", "--themes=",
             "--install-modules=multiboot iso9660 normal", "-d", GRUB_PC, "-o", part, tree],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            check=False, start_new_session=True)
        if done.returncode or not os.path.exists(part):
            raise UserError("grub-mkrescue failed (%d): %s" % (
                done.returncode, clean(done.stdout.strip().splitlines()[-1:][0]
                                       if done.stdout.strip() else b"no output", 300)))
        os.replace(part, path)
    return path


def boot_iso(host: Host, image: str, args: List[str], path: str) -> None:
    """An ISO for one boot at path: the cached one with this boot's nonce written into it."""
    nonce = next((word for word in args if word.startswith("nonce=")), "")
    if len(nonce) != len(_BLANK):
        os.symlink(make_iso(host, image, args), path)
        return
    cached = make_iso(host, image, [_BLANK if word == nonce else word for word in args])
    with open(cached, "rb") as stream:
        data = stream.read()
    if data.count(_BLANK.encode()) != 1:
        raise UserError("%s: the image itself holds %s; rename that" % (image, _BLANK))
    with open(path, "wb") as out:
        out.write(data.replace(_BLANK.encode(), nonce.encode()))


class Bochs(Platform):
    """What both models have in common."""

    model = ""
    time_scale = 3.0
    guest_args = ("exit=bochs",)

    def __init__(self, root: str = "") -> None:
        toolbox.dress(self, root)

    def program(self, host: Host) -> str:
        """The emulator itself; Debian's `bochs` is a wrapper around it."""
        if self.root:
            return toolbox.program(host, self.root, "bochs-bin")
        return host.program("BOCHS", ("bochs-bin", "bochs"))

    def version(self, host: Host) -> str:
        program = self.program(host)
        text = host.ask([program, "--help", "cpu"]) if program else ""
        return next((line.strip() for line in text.splitlines() if "Bochs x86 Emulator" in line),
                    "")

    def roms(self, host: Host) -> Tuple[str, str]:
        """The paths of the BIOS and the VGA BIOS; '' for one that is not there."""
        root = toolbox.place_of(host, self.root) if self.root else ""
        return rom(ROMS[0][1], root), rom(ROMS[1][1], root)

    def needs(self, host: Host) -> List[Need]:
        program = self.program(host)
        if not program and self.root:
            return [toolbox.need(host, self.root)] + self._tools()
        missing = [] if program else [Need("bochs is not installed", "apt-get install bochs")]
        if program:
            number = version_of(self.version(host))
            if not number or number < OLDEST:
                missing.append(Need("%s is %s, want Bochs %s or later" % (
                    program, self.version(host) or "of no known version",
                    ".".join(map(str, OLDEST))), "set BOCHS to a newer one"))
            elif self.model not in host.ask([program, "--help", "cpu"]).split():
                missing.append(Need("%s has no CPU model %s" % (program, self.model),
                                    "set BOCHS to one built with it"))
        for path, (what, _, package) in zip(self.roms(host), ROMS):
            if not path:
                missing.append(Need("no " + what, "apt-get install " + package))
        return missing + self._tools()

    @staticmethod
    def _tools() -> List[Need]:
        missing = []
        for tool, package in TOOLS:
            if not which(tool):
                missing.append(Need(tool + " is not installed", "apt-get install " + package))
        if not os.path.isdir(GRUB_PC):
            missing.append(Need("GRUB for BIOS is not installed", "apt-get install grub-pc-bin"))
        return missing

    def bochsrc(self, roms: Tuple[str, str], iso: str, console: str, log: str, cpus: str) -> str:
        """The machine: nothing in it depends on the host's time or terminal.

        Few instructions a second, because the firmware's waits and the UART's last emulated time:
        at 50 million, the wait for a boot menu alone was two thirds of a boot.
        """
        return "\n".join((
            'display_library: rfb, options="timeout=0"',
            "cpu: model=%s, count=%s, ips=4000000, reset_on_triple_fault=0, ignore_bad_msrs=0"
            % (self.model, cpus),
            "memory: guest=64, host=64",
            "romimage: file=\"%s\"" % roms[0],
            "vgaromimage: file=\"%s\"" % roms[1],
            "clock: sync=none, time0=1",
            "com1: enabled=1, mode=file, dev=\"%s\"" % console,
            "ata0-master: type=cdrom, path=\"%s\", status=inserted" % iso,
            "boot: cdrom", "panic: action=fatal", "error: action=report", "info: action=ignore",
            "debug: action=ignore", "speaker: enabled=0",
            # Its default sound driver aborts Bochs where there is no sound card.
            "sound: driver=dummy, waveoutdrv=dummy", "log: \"%s\"" % log, ""))

    def launch(self, host: Host, job: Job, args: List[str], work: str) -> Launch:
        if self.defers:
            self.check(host)
        # Bochs reads neither quotes nor non-ASCII in paths well: give it short plain ones.
        console, log = os.path.join(work, "com1"), os.path.join(work, "bochs.log")
        iso = os.path.join(work, "image.iso")
        boot_iso(host, job.image, args, iso)
        os.mkfifo(console)
        config, commands = os.path.join(work, "bochsrc"), os.path.join(work, "commands")
        with open(config, "w", encoding="utf-8") as out:
            out.write(self.bochsrc(self.roms(host), iso, console, log,
                                   job.smp[0] if job.smp else "1"))
        with open(commands, "w", encoding="ascii") as out:
            out.write("c\nq\n")
        argv = [self.program(host), "-q", "-f", config, "-rc", commands]
        return Launch(argv, console=console, keep=[log])

    def ending(self, status: int, stderr: bytes, kept: bytes) -> Ending:
        panics = [line for line in kept.splitlines() if b"p[" in line[:24]]
        last = clean(panics[-1], 300) if panics else ""
        if panics and _END in panics[-1]:
            return Ending("off")
        if any(word in last for word in _TRIPLE_FAULT):
            return Ending("off", None, last)
        if status < 0:
            return Ending("signal", None, "by signal %d%s" % (-status, ": " + last if last else ""))
        said = clean(stderr.strip().splitlines()[-1], 300) if stderr.strip() else ""
        return Ending("vmm", None, last or said or "status %d without a panic line" % status)


class BochsIntel(Bochs):
    """An Intel model, with VMX."""

    name = accel = "bochs-intel"
    about = "Bochs, Intel CPU with VMX"
    model = "corei7_haswell_4770"


class BochsAmd(Bochs):
    """An AMD model, with SVM."""

    name = accel = "bochs-amd"
    about = "Bochs, AMD CPU with SVM"
    model = "ryzen"
