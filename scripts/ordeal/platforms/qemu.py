# SPDX-License-Identifier: BSD-2-Clause
"""QEMU as a platform: `tcg`, `tcg-intel` and `kvm`.

The guest ends the machine through isa-debug-exit, so QEMU's status is (code << 1) | 1; status 0
means a power-off or, with -no-reboot, a reset. Status 1 also means that QEMU itself failed; then
QEMU has written to standard error.
"""
import os
from typing import Dict, List

from ..host import Host, version_of
from ..judge.session import Ending
from ..text import clean
from . import identity, toolbox
from .base import Job, Launch, Need, Platform

OLDEST = (6, 0)
#: The first QEMU whose translator has an x2APIC.
FIRST_X2APIC = (9, 0)
QBOOT = "/usr/share/qemu/qboot.rom"
#: Where this machine's QEMU has its modules and its firmware.
PLACES = ("/usr/lib/x86_64-linux-gnu/qemu", "/usr/share/qemu", "/usr/share/seabios")
_PACKAGE = "apt-get install qemu-system-x86"
#: Modules that provide /dev/kvm, and this project's name for each.
FLAVOURS = (("kvm_pvm", "kvm-pvm"), ("kvm_intel", "kvm-intel"), ("kvm_amd", "kvm-amd"))


def kvm_flavour(modules: str = "/sys/module") -> str:
    """kvm-pvm, kvm-intel or kvm-amd, by the loaded module; kvm if none of these is loaded."""
    for module, flavour in FLAVOURS:
        if os.path.isdir(os.path.join(modules, module)):
            return flavour
    return "kvm"


class Qemu(Platform):
    """The common part of tcg and kvm."""

    cpu = "max"
    extra: tuple = ()

    def __init__(self, root: str = "") -> None:
        toolbox.use_root(self, root)

    def program(self, host: Host) -> str:
        """QEMU's path, '' if there is none."""
        if self.root:
            return toolbox.program(host, self.root, "qemu-system-x86_64")
        return host.program("QEMU", ("qemu-system-x86_64", "qemu-kvm"))

    def version(self, host: Host) -> str:
        program = self.program(host)
        text = host.ask([program, "--version"]) if program else ""
        return clean(text.splitlines()[0].encode() if text else b"", 200)

    def needs(self, host: Host) -> List[Need]:
        program = self.program(host)
        if not program and self.root:
            return [toolbox.need(host, self.root)]
        if not program:
            return [Need("qemu-system-x86_64 is not installed", _PACKAGE)]
        version = self.version(host)
        number = version_of(version)
        if "QEMU" not in version or not number:
            return [Need("%s does not say its version (%s)" % (program, version or "no output"),
                         "set QEMU to a working one, or " + _PACKAGE)]
        if number < OLDEST:
            return [Need("%s is too old: %s, not %s or later" % (program, version,
                                                                 ".".join(map(str, OLDEST))),
                         "set QEMU to a newer one")]
        return []

    def digest(self, host: Host) -> str:
        """The digest of the emulator with its modules and firmware."""
        return identity.emulator(host, self.program(host), self.root, PLACES)

    def accelerator(self, host: Host) -> str:
        """The argument of -accel. ACCEL may add properties, as in ACCEL=kvm,kernel_irqchip=split."""
        wanted = host.env.get("ACCEL", "")
        return wanted if wanted.split(",")[0] == self.accel else self.accel

    @staticmethod
    def console(args: List[str]) -> List[str]:
        """COM1, and a virtio serial port if the guest is told of it, both on standard output.

        The port closes when its chardev's input ends, so that is a file, which has none. Without
        ioeventfd a line is written before the guest's next instruction.
        """
        if "console=virtio" not in args:
            return ["-serial", "stdio"]
        return ["-chardev", "file,path=/dev/stdout,id=console,mux=on", "-serial", "chardev:console",
                "-device",
                "virtio-serial-pci,disable-modern=on,ioeventfd=off,vectors=0,max_ports=2",
                "-device", "virtserialport,chardev=console,nr=1"]

    def launch(self, host: Host, job: Job, args: List[str], work: str) -> Launch:
        if self.defers:
            self.check(host)
        argv = [self.program(host), "-nodefaults", "-no-reboot", "-display", "none",
                *self.console(args), "-device", "isa-debug-exit,iobase=0xf4,iosize=0x4"]
        if job.foreign:
            argv += ["-device", "pc-testdev", "-device", "pci-testdev",
                     "-global", "kvm-pit.lost_tick_policy=discard"]
        else:
            argv += ["-cpu", self.cpu, *self.extra]
        if job.machine:
            argv += ["-machine", job.machine]
        image = job.image
        if " " in image or "\t" in image:
            # QEMU puts the file's name before the arguments, and the guest drops only one word.
            image = os.path.join(work, os.path.basename(image).replace(" ", "_"))
            os.symlink(job.image, image)
        argv += ["-accel", self.accelerator(host), "-smp", *job.smp, "-kernel", image]
        if args:
            argv += ["-append", " ".join(args)]
        return Launch(argv + list(job.params))

    def ending(self, status: int, stderr: bytes, kept: bytes) -> Ending:
        said = [line for line in stderr.splitlines() if line and b"warning" not in line.lower()]
        last = clean(said[-1], 300) if said else ""
        if status < 0 or b"terminating on signal" in stderr:
            return Ending("signal", None, "by signal %d" % -status if status < 0 else last)
        if status == 0:
            return Ending("off", None, last)
        if status == 1 and said:
            return Ending("vmm", None, last)
        if status & 1 == 0:
            return Ending("vmm", None, "status %d%s" % (status, ": " + last if last else ""))
        return Ending("exit", status >> 1)


class Tcg(Qemu):
    """QEMU's own translator, which has SVM but not VMX.

    With -icount, time is the number of executed instructions: all runs are the same, and one tick
    of the guest's timer is one instruction.
    """

    name = accel = "tcg"
    about = "QEMU TCG"
    extra = ("-icount", "shift=0,sleep=off")
    guest_args = ("console=virtio", "settle=exact")

    def identity(self, host: Host) -> Dict[str, str]:
        return {"emulator": self.digest(host), "version": self.version(host)}

    def launch(self, host: Host, job: Job, args: List[str], work: str) -> Launch:
        # QEMU aborts when RDMSR reads the timer's count (docs/findings.md, Not deviations). Sweeps
        # read the count, so they run without the x2APIC; the cases about the x2APIC keep it.
        if "sweeps" in job.stanza.groups and not any(word.startswith("apic=") for word in args) \
                and version_of(self.version(host)) >= FIRST_X2APIC:
            args = args + ["apic=xapic"]
        return super().launch(host, job, args, work)


class TcgIntel(Tcg):
    """The translator as an Intel CPU, whose rules for shadows and NMIs are not AMD's.

    A named model and not `max` with another vendor: that would be an Intel CPU with SVM. With its
    version the name means the same CPU in every QEMU; what the translator lacks is left out of it.
    """

    name = "tcg-intel"
    about = "QEMU TCG as an Intel CPU"
    slow = True
    cpu = "Skylake-Server-v1"

    def __init__(self, root: str = "") -> None:
        super().__init__(root)
        self.variant_of = self.name.replace(TcgIntel.name, Tcg.name)

    def expectations(self, host: Host) -> str:
        return Tcg.name


class Kvm(Qemu):
    """QEMU on /dev/kvm, whatever implements it."""

    name = accel = "kvm"
    about = "QEMU on /dev/kvm"

    def __init__(self) -> None:
        super().__init__()
        self.flavour = kvm_flavour()
        # kvm_pvm refuses -cpu host and max, and needs seconds to run SeaBIOS.
        self.cpu = "qemu64" if self.flavour == "kvm-pvm" else "max"
        self.extra = ("-bios", QBOOT) if os.path.exists(QBOOT) else ()
        # What kvm_pvm delivers, and where, varies from run to run.
        self.slow = self.flavour == "kvm-pvm"
        # Some cases hang on kvm_pvm; the others print their block within milliseconds.
        self.time_scale = 0.3 if self.flavour == "kvm-pvm" else 1.0
        self.silence = 2.0 if self.flavour == "kvm-pvm" else 0.0

    def expectations(self, host: Host) -> str:
        return self.flavour

    def needs(self, host: Host) -> List[Need]:
        missing = super().needs(host)
        if not os.path.exists("/dev/kvm"):
            missing.append(Need("there is no /dev/kvm",
                                "load kvm_intel or kvm_amd, or enable nested virtualization"))
        elif not os.access("/dev/kvm", os.R_OK | os.W_OK):
            missing.append(Need("this user may not open /dev/kvm", "add the user to the group kvm"))
        return missing
