# SPDX-License-Identifier: BSD-2-Clause
"""The lab's KVM-Intel: a stock Linux kernel's KVM on the VMX of Bochs.

The small Linux that runs on TCG (lab/kvm.py) boots here from a disk with our own loader
(lab/disk.py); the payload is at the end of the disk. The images' consoles go to Bochs' port 0xe9.
Bochs cannot continue from a saved state of such a machine, so every run boots Linux, and the boot
has to be short.
"""
import os
from typing import Dict, List, Tuple

from ...host import Host, prune, version_of
from ...judge.session import Ending
from ...model import UserError
from .. import bochs_disk, identity
from ..base import Job, Launch, Need
from ..bochs import BochsIntel, command, machine
from . import stock
from .kvm import KERNEL_ARGS, PROGRAMS, KvmAmdTcg, read_file, write_file

MODEL = "corei7_skylake_x"
#: The most expensive parts of the kernel's initialization that the lab does not need: a noise
#: source's health test, the keys for signatures of modules, registrations of the tracer and of BPF.
NOT_CALLED = ("jent_mod_init", "load_system_certificate_list", "trace_eval_init",
              "bpf_tcp_ca_kfunc_init")
#: Bochs is slow, so these arguments leave out all that Linux can do without.
MORE_ARGS = ("mitigations=off tsc=reliable no_timer_check nosmp lpj=1000000 cryptomgr.notests "
             "initcall_blacklist=" + ",".join(NOT_CALLED))
MEMORY_MIB = 256
POWER_OFF = b"soft power off"


class KvmIntelBochs(KvmAmdTcg):
    """KVM-Intel on Bochs."""

    name = accel = "kvm-intel@bochs"
    about = "KVM-Intel of a stock Linux, on Bochs"
    vendor = "kvm-intel"
    time_scale = 10.0
    boot_limit = 400.0

    def __init__(self, *args: str) -> None:
        super().__init__(*args)
        self.bochs = BochsIntel(self.root, MODEL)

    def needs(self, host: Host) -> List[Need]:
        return self.bochs.needs(host) + self.programs(host, PROGRAMS + ("bootdisk",)) \
            + self.unfetched(host, self.parts(host))

    def emulator(self, host: Host) -> str:
        return "Bochs " + ".".join(map(str, version_of(self.bochs.version(host))))

    def below(self, host: Host) -> Tuple[str, str]:
        return "bochs-intel", self.bochs.version(host)

    def module_words(self, host: Host) -> str:
        # Bochs 3.0 demands KVM's posted-interrupt descriptor on a page boundary (docs/findings.md).
        return ("kvm_intel enable_apicv=0 " if self.root else "") + super().module_words(host)

    def modules(self, host: Host) -> Dict[str, bytes]:
        return {name: stock.without_signature(data)
                for name, data in super().modules(host).items()}

    def identity(self, host: Host) -> Dict[str, str]:
        kernel = self.kernel_path(host)
        code = os.path.join(host.build, "scripts", "lab", "bootdisk")
        found = host.digests([kernel, code])
        return {"emulator": self.bochs.digest(host), "version": self.version(host),
                "kernel": found[kernel], "boot disk": found[code],
                "initramfs": identity.of_bytes(self.initramfs(host, "ata"))}

    def boot_disk(self, host: Host) -> bytes:
        """The boot disk without its payload, from the cache if nothing that it depends on has
        changed."""
        import hashlib
        from . import state
        code = read_file(os.path.join(host.build, "scripts", "lab", "bootdisk"))
        kernel = read_file(self.kernel_path(host))
        initramfs = self.initramfs(host, "ata")
        args = " ".join([KERNEL_ARGS, MORE_ARGS, host.lab.get("kernel-args", "")]).strip()
        key = hashlib.sha256(b"\0".join((code, kernel, initramfs, args.encode()))).hexdigest()[:32]
        directory = os.path.join(host.cache, "lab", "disks")
        path = state.cached(directory, key)
        if path:
            os.utime(path)
            return read_file(path)
        try:
            from . import disk
            content = bochs_disk.bootable(code, disk.linux(kernel, initramfs, args, MEMORY_MIB))
        except UserError as error:
            raise UserError("%s: %s" % (self.kernel_path(host), error)) from None
        os.makedirs(directory, exist_ok=True)
        write_file(os.path.join(directory, key), content)
        state.whole(os.path.join(directory, key), os.path.join(directory, key))
        prune(directory, state.KEPT)
        return content

    @staticmethod
    def bochsrc(roms: Tuple[str, str], work: str, size: int) -> str:
        """The bochsrc of the machine. Unlike bochs-intel it ignores unknown MSRs, because Linux
        accesses some that Bochs lacks."""
        return machine("model=%s, count=1, ips=50000000, ignore_bad_msrs=1" % MODEL, MEMORY_MIB,
                       roms,
                       ["port_e9_hack: enabled=1",
                        'com1: enabled=1, mode=file, dev="%s/kernel.log"' % work,
                        bochs_disk.drive(work + "/disk", size), "boot: disk"], work)

    def launch_many(self, host: Host, parts: List[Tuple[Job, List[str]]], word: str,
                    work: str) -> Launch:
        self.check(host)
        content = bochs_disk.with_payload(self.boot_disk(host), self.archive(parts, word))
        write_file(os.path.join(work, "disk"), content)
        bochsrc = self.bochsrc(self.bochs.roms(host), work, len(content))
        return Launch(command(self.bochs.program(host), bochsrc, work),
                      keep=[os.path.join(work, name) for name in ("kernel.log", "bochs.log")])

    def ending(self, status: int, stderr: bytes, kept: bytes) -> Ending:
        ending = self.bochs.ending(status, stderr, kept)
        if ending.kind == "vmm" and POWER_OFF in kept:
            ending = Ending("off")
        return self.stops(kept, ending)
