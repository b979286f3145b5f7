# SPDX-License-Identifier: BSD-2-Clause
"""The lab's KVM-Intel: a stock Linux kernel's KVM on the VMX of Bochs.

The same little Linux as on TCG (lab.py), booted by GRUB from an ISO that depends on the kernel alone
and is kept in the cache; the payload is a disk. The images' consoles come out of Bochs' port 0xe9.
"""
import os
import subprocess
from typing import List, Tuple

from ..host import Host, version_of
from ..judge import Ending
from ..model import UserError
from ..text import clean
from .base import Job, Launch, Need
from .bochs import GRUB_PC, BochsIntel
from .lab import KERNEL_ARGS, KvmAmdTcg, payload, write_file

MODEL = "corei7_skylake_x"
#: Bochs lacks some MSRs that Linux touches early, and is slow: what can be left out is.
MORE_ARGS = "mitigations=off tsc=reliable no_timer_check nosmp lpj=1000000"
SECTOR, HEADS, TRACK = 512, 16, 63
MEMORY_MIB = 256
POWER_OFF = b"soft power off"


def disk(archive: bytes) -> Tuple[bytes, int]:
    """The payload as scripts/lab/fetch.c reads it from a disk, and the disk's cylinders."""
    data = (b"ordeal\0%d" % len(archive)).ljust(SECTOR, b"\0") + archive
    cylinder = HEADS * TRACK * SECTOR
    count = -(-len(data) // cylinder)
    return data.ljust(count * cylinder, b"\0"), count


class KvmIntelBochs(KvmAmdTcg):
    """KVM-Intel on Bochs."""

    name = accel = "kvm-intel@bochs"
    about = "KVM-Intel of a stock Linux, on Bochs"
    vendor = "kvm-intel"
    time_scale = 10.0
    boot_limit = 400.0

    def __init__(self, *args: str) -> None:
        super().__init__(*args)
        self.bochs = BochsIntel(self.root)
        self.bochs.model = MODEL

    def needs(self, host: Host) -> List[Need]:
        return self.bochs.needs(host) + self.programs(host) + self.stock(host, self.parts(host))

    def emulator(self, host: Host) -> str:
        return "Bochs " + ".".join(map(str, version_of(self.bochs.version(host))))

    def below(self, host: Host) -> Tuple[str, str]:
        return "bochs-intel", self.bochs.version(host)

    def iso(self, host: Host) -> str:
        """The path of the ISO with the kernel and its initramfs."""
        import hashlib
        import tempfile
        from . import labstate
        initramfs = self.initramfs(host, "ata")
        with open(self.kernel_path(host), "rb") as stream:
            kernel = stream.read()
        args = " ".join([KERNEL_ARGS, MORE_ARGS, host.lab.get("kernel-args", "")]).strip()
        config = ("set timeout=0\nmenuentry lab {\n\tlinux /boot/linux %s\n"
                  "\tinitrd /boot/initrd\n\tboot\n}\n" % args).encode()
        key = hashlib.sha256(b"\0".join((kernel, initramfs, config))).hexdigest()[:32]
        directory = os.path.join(host.cache, "lab", "isos")
        path = os.path.join(directory, key + ".iso")
        if os.path.exists(path):
            os.utime(path)
            return path
        os.makedirs(directory, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=host.cache) as tree:
            os.makedirs(os.path.join(tree, "boot", "grub"))
            for name, content in (("linux", kernel), ("initrd", initramfs),
                                  ("grub/grub.cfg", config)):
                write_file(os.path.join(tree, "boot", name), content)
            part = "%s.part.%d" % (path, os.getpid())
            done = subprocess.run(
                ["grub-mkrescue", "--locales=", "--fonts=", "--themes=",
                 "--install-modules=linux iso9660 normal", "-d", GRUB_PC, "-o", part, tree],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                check=False)
            if done.returncode or not os.path.exists(part):
                raise UserError("grub-mkrescue failed (%d): %s" % (
                    done.returncode, clean(done.stdout[-200:], 200)))
            os.replace(part, path)
        labstate.prune(directory)
        return path

    @staticmethod
    def bochsrc(roms: Tuple[str, str], iso: str, work: str, cylinders: int) -> str:
        """The machine. Unlike that of bochs-intel it ignores unknown MSRs: Linux needs that."""
        return "\n".join((
            'display_library: rfb, options="timeout=0"',
            "cpu: model=%s, count=1, ips=50000000, reset_on_triple_fault=0, ignore_bad_msrs=1"
            % MODEL,
            "memory: guest=%d, host=%d" % (MEMORY_MIB, MEMORY_MIB),
            'romimage: file="%s"' % roms[0], 'vgaromimage: file="%s"' % roms[1],
            "clock: sync=none, time0=1", "port_e9_hack: enabled=1",
            'com1: enabled=1, mode=file, dev="%s/kernel.log"' % work,
            'ata0-master: type=disk, path="%s/disk", mode=flat, cylinders=%d, heads=%d, spt=%d'
            % (work, cylinders, HEADS, TRACK),
            "ata1: enabled=1, ioaddr1=0x170, ioaddr2=0x370, irq=15",
            'ata1-master: type=cdrom, path="%s", status=inserted' % iso,
            "boot: cdrom", "panic: action=fatal", "error: action=report", "info: action=ignore",
            "debug: action=ignore", "speaker: enabled=0",
            "sound: driver=dummy, waveoutdrv=dummy", 'log: "%s/bochs.log"' % work, ""))

    def launch_many(self, host: Host, parts: List[Tuple[Job, List[str]]], word: str,
                    work: str) -> Launch:
        self.check(host)
        # Bochs reads neither quotes nor blanks in paths well: give it short plain ones.
        iso = os.path.join(work, "linux.iso")
        os.symlink(os.path.abspath(self.iso(host)), iso)
        content, cylinders = disk(payload(parts, word))
        write_file(os.path.join(work, "disk"), content)
        write_file(os.path.join(work, "bochsrc"), self.bochsrc(
            self.bochs.roms(host), iso, work, cylinders).encode())
        write_file(os.path.join(work, "commands"), b"c\nq\n")
        return Launch([self.bochs.program(host), "-q", "-f", os.path.join(work, "bochsrc"), "-rc",
                       os.path.join(work, "commands")],
                      keep=[os.path.join(work, name) for name in ("kernel.log", "bochs.log")])

    def ending(self, status: int, stderr: bytes, kept: bytes) -> Ending:
        ending = self.bochs.ending(status, stderr, kept)
        if ending.kind == "vmm" and POWER_OFF in kept:
            ending = Ending("off")
        return self.stops(kept, ending)
