# SPDX-License-Identifier: BSD-2-Clause
"""Bochs as a platform: `bochs-intel` (VMX), `bochs-amd` (SVM), and each with another CPU model.

Bochs loads no ELF file, so the image and its arguments go into a ROM that takes the BIOS's place
(bochs_rom.py), or, if the image has no PVH entry, into a GRUB ISO (grub_iso.py). The console is
port 0xe9, which Bochs writes to its standard output at once; what else Bochs says there is noise to
the judge. COM1, written into a FIFO, is for images that do not know the port, and for a guest that
does not find it. The guest ends by writing "Shutdown" to port 0x8900, which Bochs reports
as a panic; only this panic is a normal end.
"""
import os
from typing import Dict, List, Tuple

from ..host import Host, version_of
from ..judge.session import Ending
from ..text import clean
from . import bochs_disk, bochs_plugins, bochs_rom, grub_iso, identity, toolbox
from .base import Job, Launch, Need, Platform

OLDEST = (2, 7)
ROMS = (("BIOS-bochs-latest", ("/usr/share/bochs/BIOS-bochs-latest",
                               "/usr/local/share/bochs/BIOS-bochs-latest"), "bochsbios"),
        ("vgabios.bin", ("/usr/share/vgabios/vgabios.bin",
                         "/usr/share/bochs/VGABIOS-lgpl-latest"), "vgabios"))
MEMORY_MIB = 64
PLUGINS = "/usr/lib/x86_64-linux-gnu/bochs/plugins"
#: Words in Bochs' panic line after a triple fault.
_TRIPLE_FAULT = ("exception with no resolution", "shutdown state", "triple fault")
_END = b"Shutdown port: shutdown requested"


def rom(paths: tuple, root: str = "") -> str:
    """The first of these paths that exists, or ''. root: the directory that stands for /."""
    return next((root + path for path in paths if os.path.exists(root + path)), "")


def boot_rom(host: Host, image: str, args: List[str]) -> bytes:
    """A ROM with the image; b"" for one that has no PVH entry or is too large, or before `make`."""
    path = os.path.join(host.build, "scripts", "lab", "rom")
    with open(image, "rb") as stream:
        content = stream.read()
    if not os.path.exists(path) or not bochs_disk.has_pvh_entry(content):
        return b""
    line = bochs_disk.command_line(" ".join(args), bochs_disk.MEMORY_MAP - bochs_disk.COMMAND_LINE)
    load = bochs_disk.by_pvh(content, line, MEMORY_MIB)
    if not bochs_rom.fits(load):
        return b""
    with open(path, "rb") as stream:
        return bochs_rom.rom(stream.read(), load)


def machine(cpu: str, memory_mib: int, roms: Tuple[str, str], lines: List[str], work: str) -> str:
    """A bochsrc for a machine in which nothing depends on the host's time or terminal. lines: the
    lines for its console and its boot medium."""
    return "\n".join((
        'display_library: rfb, options="timeout=0"', "cpu: %s, reset_on_triple_fault=0" % cpu,
        "memory: guest=%d, host=%d" % (memory_mib, memory_mib),
        'romimage: file="%s"' % roms[0], 'vgaromimage: file="%s"' % roms[1],
        "clock: sync=none, time0=1", *lines,
        "panic: action=fatal", "error: action=report", "info: action=ignore",
        "debug: action=ignore", "speaker: enabled=0",
        # Bochs' default sound driver aborts where there is no sound card.
        "sound: driver=dummy, waveoutdrv=dummy", 'log: "%s/bochs.log"' % work, ""))


def command(program: str, bochsrc: str, work: str) -> List[str]:
    """The command that starts this machine at once and ends Bochs with the machine. Its files are
    written into work."""
    config, commands = os.path.join(work, "bochsrc"), os.path.join(work, "commands")
    with open(config, "w", encoding="utf-8") as out:
        out.write(bochsrc)
    with open(commands, "w", encoding="ascii") as out:
        out.write("c\nq\n")
    return [program, "-q", "-f", config, "-rc", commands]


class Bochs(Platform):
    """The common part of both vendors. model: the name of another CPU model, bochs_models.py."""

    model = ""
    time_scale = 3.0
    guest_args = ("exit=bochs", "console=e9", "settle=exact")
    # Two Bochs that start at once may both bind a port before either listens on it (SO_REUSEADDR);
    # the one that listens second then finds no port at all.
    stumbles = ("RFB could not bind any port",)

    def __init__(self, root: str = "", model: str = "") -> None:
        if model:
            self.model = model
            self.name += "+" + model
            self.about = "Bochs, CPU model " + model
            self.slow = True
        toolbox.use_root(self, root)
        self.variant_of = self.name.replace("+" + model, "", 1) if model else ""

    def expectations(self, host: Host) -> str:
        return self.accel

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

    def models(self, host: Host) -> List[str]:
        """The CPU models of this Bochs, one a line of its answer."""
        program = self.program(host)
        lines = host.ask([program, "--help", "cpu"]).splitlines() if program else []
        return [line for line in lines if line.replace("_", "").isalnum()]

    def roms(self, host: Host) -> Tuple[str, str]:
        """The paths of the BIOS and the VGA BIOS; '' for one that is missing."""
        root = toolbox.place_of(host, self.root) if self.root else ""
        return rom(ROMS[0][1], root), rom(ROMS[1][1], root)

    def needs(self, host: Host) -> List[Need]:
        program = self.program(host)
        if not program and self.root:
            return [toolbox.need(host, self.root)]
        missing = [] if program else [Need("bochs is not installed", "apt-get install bochs")]
        if program:
            number = version_of(self.version(host))
            if not number or number < OLDEST:
                missing.append(Need("%s is %s, not Bochs %s or later" % (
                    program, self.version(host) or "of no known version",
                    ".".join(map(str, OLDEST))), "set BOCHS to a newer one"))
            elif self.model not in self.models(host):
                missing.append(Need("%s has no CPU model %s" % (program, self.model),
                                    "set BOCHS to one built with it"))
        for path, (what, _, package) in zip(self.roms(host), ROMS):
            if not path:
                missing.append(Need("no " + what, "apt-get install " + package))
        return missing

    def digest(self, host: Host) -> str:
        """The digest of the emulator with its plugins and ROMs."""
        return identity.emulator(host, self.program(host), self.root,
                                 (PLUGINS, *self.roms(host)))

    def identity(self, host: Host) -> Dict[str, str]:
        return {"emulator": self.digest(host), "version": self.version(host),
                "loader": identity.digest(host, [os.path.join(host.build, "scripts", "lab", "rom")],
                                          host.build)}

    def bochsrc(self, roms: Tuple[str, str], drive: List[str], work: str, cpus: str) -> str:
        """The bochsrc of the machine.

        The waits of the firmware and of the UART last emulated time, so few instructions a second
        make them short: at 50 million, the wait for a boot menu alone was two thirds of a boot.
        """
        return machine("model=%s, count=%s, ips=4000000, ignore_bad_msrs=0" % (self.model, cpus),
                       MEMORY_MIB, roms,
                       ['com1: enabled=1, mode=file, dev="%s/com1"' % work,
                        "port_e9_hack: enabled=1", *drive], work)

    def launch(self, host: Host, job: Job, args: List[str], work: str) -> Launch:
        if self.defers:
            self.check(host)
        # Bochs misreads quotes and non-ASCII letters in paths, so it gets short plain ones.
        os.mkfifo(os.path.join(work, "com1"))
        roms, drive = self.medium(host, job.image, args, work)
        bochsrc = self.bochsrc(roms, drive, work, job.smp[0] if job.smp else "1")
        return Launch(command(self.program(host), bochsrc, work),
                      console=os.path.join(work, "com1"), both="console=e9" in args,
                      keep=[os.path.join(work, "bochs.log")],
                      env=bochs_plugins.environment(self.program(host), work, host.env))

    def medium(self, host: Host, image: str, args: List[str],
               work: str) -> Tuple[Tuple[str, str], List[str]]:
        """Write what boots the image into the directory work; returns the ROMs of the machine, and
        the lines of the bochsrc for its drive."""
        bios, vga_bios = self.roms(host)
        content = boot_rom(host, image, args)
        if content:
            path = os.path.join(work, "rom")
            with open(path, "wb") as out:
                out.write(content)
            # Only a BIOS would use the extensions, which take Bochs a sixth of its start.
            return (path, vga_bios), ["vga: extension=none"]
        path = os.path.join(work, "image.iso")
        grub_iso.boot_iso(host, image, args, path)
        return (bios, vga_bios), [
            'ata0-master: type=cdrom, path="%s", status=inserted' % path, "boot: cdrom"]

    def ending(self, status: int, stderr: bytes, kept: bytes) -> Ending:
        panics = [line for line in kept.splitlines() if b"p[" in line[:24]]
        # A line begins with Bochs' clock, which is another one whenever an image changes.
        last = clean(panics[-1].lstrip(b"0123456789"), 300) if panics else ""
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
