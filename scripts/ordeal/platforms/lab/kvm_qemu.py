# SPDX-License-Identifier: BSD-2-Clause
"""kvm-amd@tcg+qemu: the lab's KVM with QEMU as its VMM, as users run it, instead of the launcher.

This machine's own QEMU goes into the initramfs with its libraries and firmware. QEMU is slower than
the launcher. The platform exists because another VMM may set up KVM in another way.
"""
import os
import subprocess
from typing import Dict, List

from ...host import Host, which
from ...model import UserError
from ...text import shell_quote
from ..base import Need
from ..identity import libraries
from ..qemu import QBOOT
from .kvm import DEFAULT_KERNEL, PORT, KvmAmdTcg

PROGRAM = "qemu-system-x86_64"
#: The firmware files that QEMU reads for a machine with a kernel and without a display.
FIRMWARE = (QBOOT,) + tuple("/usr/share/qemu/" + name for name in (
    "kvmvapic.bin", "multiboot_dma.bin", "linuxboot_dma.bin"))
#: The shell function that replaces scripts/lab/launcher; its arguments are TAG IMAGE ARGUMENT...
VMM = """vmm() {
	tag=$1 image=$2
	shift 2
	/bin/fetch -o %(port)s "
$tag BEGIN"
	{
		%(program)s -accel kvm -cpu max -M pc -m 64M -bios %(bios)s -nodefaults \\
			-no-reboot -display none -serial stdio \\
			-device isa-debug-exit,iobase=0xf4,iosize=4 \\
			-kernel "$image" -append "$*" 2>/errors
		echo $? >/status
	} </dev/null | /bin/fetch -c %(port)s
	read -r status </status
	said=$(/bin/busybox grep -v -i warning /errors | /bin/busybox tail -n 1)
	case $status:$said in
	0:*) end="off 126 power-off or reset" ;;
	*[13579]:) end="exit $((status / 2)) by the guest" ;;
	*) end="vmm 125 QEMU: status $status: $said" ;;
	esac
	/bin/fetch -o %(port)s "
$tag EXIT $end"
}
"""


class KvmAmdTcgQemu(KvmAmdTcg):
    """KVM-AMD as on kvm-amd@tcg, with its guests run by QEMU."""

    name = accel = "kvm-amd@tcg+qemu"
    about = "KVM-AMD of a stock Linux, on QEMU TCG, its guests in QEMU"
    guest_args = ()
    memory = "640M"
    time_scale = 10.0

    def __init__(self) -> None:
        super().__init__(DEFAULT_KERNEL)

    def expectations(self, host: Host) -> str:
        return KvmAmdTcg.name

    def needs(self, host: Host) -> List[Need]:
        missing = super().needs(host)
        if not which(PROGRAM) or not which("ldd"):
            missing.append(Need("%s or ldd is not installed" % PROGRAM,
                                "apt-get install qemu-system-x86 libc-bin"))
        return missing + [Need("no " + path, "apt-get install qemu-system-data")
                          for path in FIRMWARE if not os.path.exists(path)]

    def vmm(self, host: Host) -> Dict[str, bytes]:
        program = which(PROGRAM)
        done = subprocess.run(["ldd", program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        if done.returncode:
            raise UserError("ldd %s failed; if it is a script, put the real QEMU first on PATH"
                            % program)
        files = {}
        for path in (program, *libraries(done.stdout.decode("utf-8", "replace")), *FIRMWARE):
            with open(path, "rb") as stream:
                files[path.lstrip("/")] = stream.read()
        return files

    def prelude(self) -> str:
        return VMM % {"port": PORT, "program": which(PROGRAM), "bios": QBOOT}

    def command(self, tag: str, image: str, args: List[str]) -> str:
        return "vmm " + shell_quote([tag, image] + args)
