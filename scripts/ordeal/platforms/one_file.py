# SPDX-License-Identifier: BSD-2-Clause
"""The file for any machine as a platform: `uefi@tcg` and `bios@tcg` start it from the disk of
`make image`, as a PC does, in QEMU TCG.

One boot plays all suites. The loader's marks (loader/script.c) are those of the lab, so that its
relay divides the console among the suites. The script on the disk names the images of a run, with
their arguments.
"""
import os
from typing import Dict, List, Tuple

from ..host import Host
from ..model import UserError
from . import packed
from .base import Job, Launch, Need
from .qemu import Tcg

OVMF = "/usr/share/ovmf/OVMF.fd"
#: A person has time to choose; a machine has not.
_MENU, _NO_MENU = b"set timeout=3", b"set timeout=0"


def name_of(image: str) -> str:
    """The name of an image in the file."""
    return os.path.basename(image).rsplit(".", 1)[0]


class BiosTcg(Tcg):
    """Started by SeaBIOS, through GRUB.

    An instruction takes 16 ns, because firmware waits for times: with one of 1 ns, as on tcg, OVMF
    takes ten times as long. What the cases show is the same.
    """

    name = "bios@tcg"
    accel = "tcg"
    about = "the disk of make image, started by SeaBIOS, on QEMU TCG"
    extra = ("-icount", "shift=4,sleep=off", "-M", "pc,smm=off")
    guest_args = ("settle=exact",)
    slow = shares_boot = defers = True
    #: Its last case does harm to QEMU (docs/layout.md).
    last = ("debug",)
    #: The firmware, '' for QEMU's own.
    firmware = ""

    def disk(self, host: Host) -> str:
        """The path of the disk."""
        return os.path.join(host.build, "ordeal.img")

    def needs(self, host: Host) -> List[Need]:
        missing = super().needs(host)
        if not os.path.exists(self.disk(host)):
            missing.append(Need("ordeal.img is not built", "make image"))
        if self.firmware and not os.path.exists(self.firmware):
            missing.append(Need("there is no %s" % self.firmware, "apt-get install ovmf"))
        return missing

    def expectations(self, host: Host) -> str:
        return Tcg.name

    def identity(self, host: Host) -> Dict[str, str]:
        paths = [self.disk(host)] + ([self.firmware] if self.firmware else [])
        return {**super().identity(host), **host.digests(paths)}

    def contents(self, host: Host, parts: List[Tuple[Job, List[str]]], word: str) -> bytes:
        """The disk with a script for this run. UserError if it holds an image of another build."""
        with open(self.disk(host), "rb") as stream:
            disk = stream.read()
        held = packed.images(disk)
        for job, _ in parts:
            name = name_of(job.image)
            with open(job.image, "rb") as stream:
                if held.get(name) != stream.read():
                    raise UserError("ordeal.img holds %s %s.flat: make image" % (
                        "another" if name in held else "no", name))
        if disk.count(_MENU) != 1:
            raise UserError("ordeal.img has another GRUB menu than this runner knows: make image")
        return packed.with_script(disk.replace(_MENU, _NO_MENU), [word] + [
            " ".join([name_of(job.image)] + args) for job, args in parts])

    def launch_many(self, host: Host, parts: List[Tuple[Job, List[str]]], word: str,
                    work: str) -> Launch:
        self.check(host)
        path = os.path.join(work, "disk")
        with open(path, "wb") as out:
            out.write(self.contents(host, parts, word))
        argv = [self.program(host), "-nodefaults", "-no-reboot", "-display", "none", "-serial",
                "stdio", "-device", "isa-debug-exit,iobase=0xf4,iosize=0x4", "-cpu", self.cpu,
                *self.extra, "-accel", self.accelerator(host)]
        argv += ["-bios", self.firmware] if self.firmware else []
        return Launch(argv + ["-drive", "format=raw,file=%s" % path.replace(",", ",,")])


class UefiTcg(BiosTcg):
    """Started by OVMF, without SMM."""

    name = "uefi@tcg"
    about = "the disk of make image, started by OVMF, on QEMU TCG"
    firmware = OVMF
