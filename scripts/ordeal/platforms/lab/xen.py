# SPDX-License-Identifier: BSD-2-Clause
"""The lab's Xen: each image as the PVH dom0 of a stock Xen, inside an emulator.

Xen boots once with the stage (scripts/lab/stage.c) as dom0, which waits for its payload, and QEMU
saves that state. Every boot continues from it: the stage loads and enters the image. Xen owns COM1,
so the image's console is COM2; port 0xf4 is passed through to QEMU.
"""
import os
from typing import Dict, List, Tuple

from ...host import Host, version_of
from ...judge.session import Ending
from ...model import UserError
from ...text import clean, clean_text
from .. import toolbox
from ..base import Job, Launch, Need
from ..qemu import Qemu
from . import stock
from .kvm import REPEATABLE, Lab, version_number, write_file

#: The memory of the machine, and the part of it that dom0 gets.
MEMORY, DOM0_MEMORY = "192M", "64M"
XEN_ARGS = ("console=com1 com1=115200,8n1 dom0=pvh dom0_mem=%s loglvl=error guest_loglvl=error "
            "vga=none cpufreq=none cpuidle=0" % DOM0_MEMORY)
DEFAULT_XEN = "xen"
#: The space that the stage reserves for the command line.
ARGS_SIZE = 4096
#: The stage's answer to a payload without an image.
OVER = b"OVER"
#: Words of Xen's messages about the end of dom0.
GONE = (b"crashed", b"riple fault", b"shutdown")


def payload(args: List[str], image: bytes) -> bytes:
    """The payload that the stage reads."""
    line = " ".join(args).encode()
    if len(line) >= ARGS_SIZE:
        raise UserError("the image's arguments are too long for the lab's stage")
    return line.ljust(ARGS_SIZE, b"\0") + image


def plain_name(path: str) -> str:
    """A name of this file that QEMU does not split. QEMU splits the names of Xen and of dom0, which
    are words of a command line and of a list, at blanks and commas."""
    for name in (path, os.path.relpath(path)):
        if not any(sign in name for sign in ", \t\n"):
            return name
    raise UserError("QEMU would split %s at its blank or comma; run from the build directory, or move "
                    "the file" % clean_text(path))


class XenAmdTcg(Lab):
    """Xen on the SVM of QEMU's TCG."""

    name = accel = "xen-amd@tcg"
    about = "stock Xen, the image as its PVH dom0, on QEMU TCG"
    guest_args = ("console=com2",)
    shares_boot = False
    #: Images take half a second here, so a tenth of the time limit is plenty, and the one case that
    #: hangs costs little.
    time_scale = 0.1
    #: A situation costs many exits.
    world_scale = 3.0
    repeatable = True

    def __init__(self, root: str = "", xen: str = DEFAULT_XEN) -> None:
        self.xen = xen
        if xen != DEFAULT_XEN:
            self.name += "+" + xen
            self.about += ", " + xen
        toolbox.use_root(self, root)
        self.qemu = Qemu(root)

    def expectations(self, host: Host) -> str:
        return type(self).name  # all Xens share one file, whose entries name versions

    def needs(self, host: Host) -> List[Need]:
        return self.qemu.needs(host) + self.programs(host, ("stage",)) \
            + self.unfetched(host, self.parts(host))

    def parts(self, host: Host) -> List[str]:
        """The stock parts that the platform needs; the user's own Xen is not one."""
        return [] if host.lab.get("xen") else [self.xen]

    def version(self, host: Host) -> str:
        own = host.lab.get("xen", "")
        text = "Xen " + own if own else stock.version(host, self.xen)
        emulator = ".".join(map(str, version_of(self.qemu.version(host))))
        return "Xen %s on QEMU %s: %s" % (version_number(text) or "?", emulator, text)

    def below(self, host: Host) -> Tuple[str, str]:
        return "tcg", self.qemu.version(host)

    def xen_path(self, host: Host) -> str:
        """The path of the stock Xen, or of the user's."""
        xen = host.lab.get("xen") or os.path.join(stock.place_of(host, self.xen), "xen")
        if not os.path.isfile(xen):
            raise UserError("--xen %s: no such file" % xen)
        return xen

    def identity(self, host: Host) -> Dict[str, str]:
        xen, stage = self.xen_path(host), os.path.join(host.build, "scripts", "lab", "stage")
        found = host.digests([xen, stage])
        return {"emulator": self.qemu.digest(host), "version": self.version(host),
                "xen": found[xen], "stage": found[stage]}

    def machine(self, host: Host) -> List[str]:
        """The part of QEMU's command line that the saved state depends on."""
        xen, stage = plain_name(self.xen_path(host)), plain_name(
            os.path.join(host.build, "scripts", "lab", "stage"))
        return [self.qemu.program(host), "-M", "q35", "-m", MEMORY, *REPEATABLE,
                "-device", "intel-iommu", "-serial", "stdio",
                "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-kernel", xen,
                "-initrd", stage,
                "-append", " ".join([XEN_ARGS, host.lab.get("kernel-args", "")]).strip()]

    def launch(self, host: Host, job: Job, args: List[str], work: str) -> Launch:
        from .state import Machine, start, state_of
        self.check(host)
        argv = self.machine(host)
        state = state_of(os.path.join(host.cache, "lab", "states"), Machine(
            argv, [argv[argv.index(word) + 1] for word in ("-kernel", "-initrd")],
            payload([], b""), OVER))
        archive, console = os.path.join(work, "payload"), os.path.join(work, "xen.log")
        with open(job.image, "rb") as stream:
            write_file(archive, payload(args, stream.read()))
        return Launch(start(argv, console, archive, state.path), keep=[console], note=state.note,
                      mend=state.mend)

    def ending(self, status: int, stderr: bytes, kept: bytes) -> Ending:
        found = self.qemu.ending(status, stderr, b"")
        if found.kind == "off":
            said = [line for line in kept.splitlines() if any(word in line for word in GONE)]
            found = Ending("off", None, clean(said[-1].strip(), 200) if said else "")
        return self.stops(kept, found)
