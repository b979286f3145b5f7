# SPDX-License-Identifier: BSD-2-Clause
"""The lab's KVM: a stock Linux kernel's KVM as the hypervisor under test, inside an emulator.

Linux boots with a small init (lab_init below) that loads KVM's modules and waits for a payload: the
images of a run, and a script that starts each in the launcher (scripts/lab). The images' consoles
go to the machine's debug console, port 0xe9, between marks (lab/relay.py). The kernel's own console
is kept as well, because it shows a panic of the kernel.
"""
import os
import re
import zlib
from typing import Callable, Dict, List, Optional, Tuple

from ...host import Host, prune, version_of
from ...judge.session import Ending
from ...model import UserError
from ...text import shell_quote
from .. import identity, toolbox
from ..base import Job, Launch, Need, Platform
from ..qemu import Qemu
from . import cpio, stock
from .panic import panic_of
from .relay import over_of, tag_of

PORT = "0xe9"
PROGRAMS = ("launcher", "fetch")
#: QEMU without randomness and without this machine's time, so that every run is the same. It has no
#: x2APIC: QEMU 7.2 lacks one, and QEMU 10.0 aborts when its timer's count is read
#: (docs/findings.md, Not deviations).
REPEATABLE = ("-accel", "tcg", "-cpu", "max,-rdrand,-rdseed,-x2apic", "-nodefaults", "-display",
              "none", "-no-reboot", "-icount", "shift=0,sleep=off",
              "-rtc", "clock=vm,base=2026-01-01", "-seed", "42")
#: Memory for Linux, its initramfs, the payload, and the 64 MiB of its guest.
MEMORY = "256M"
KERNEL_ARGS = "console=ttyS0 quiet panic=-1 oops=panic nokaslr"
DEFAULT_KERNEL = "linux-6.12"
#: How many initramfs files the cache keeps, of about 5 MB each.
KEPT = 10
#: The word of a boot without an image, which tests a saved state.
EMPTY = "empty"
#: The delay, in microseconds, that each round of --repeat adds, to shift the images against the
#: kernel's 4 ms tick. The two numbers are coprime, so that every round has another phase.
PHASE_US = 241


def lab_init(modules: List[str], source: str) -> str:
    """The init script of the lab's Linux. modules: the arguments of insmod, one item a module.
    source: where /bin/fetch finds the payload (scripts/lab/fetch.c)."""
    lines = ["#!/bin/busybox sh", "/bin/busybox mount -t devtmpfs d /dev"]
    for words in modules:
        lines.append("x=$(/bin/busybox insmod /lib/%s 2>&1) || trouble=\"$trouble; $x\"" % words)
    return "\n".join(lines + [
        "[ -e /dev/kvm ] || {",
        "\tx=$(/bin/busybox dmesg | /bin/busybox grep -i -E 'kvm|svm|vmx' | "
        "/bin/busybox tail -n 1)",
        "\t/bin/fetch -o %s \"TROUBLE no /dev/kvm in the lab's Linux: $x$trouble\"" % PORT,
        "\t/bin/busybox poweroff -f",
        "}",
        "cd /run",
        # For the tests: the kernel passes --kernel-args LAB_PANIC_US=N on as a variable.
        "lose() { /bin/busybox mkdir /proc; /bin/busybox mount -t proc p /proc",
        "\t/bin/busybox usleep $LAB_PANIC_US; echo c >/proc/sysrq-trigger; }",
        "/bin/fetch -o %s READY %s | /bin/busybox cpio -i 2>/dev/null" % (PORT, source),
        "[ -z \"$LAB_PANIC_US\" ] || lose &",
        ". ./go",
        "/bin/busybox poweroff -f", ""])


def payload(parts: List[Tuple[Job, List[str]]], word: str,
            command: Callable[[str, str, List[str]], str], prelude: str = "") -> bytes:
    """The archive with the images and the script that runs them in turn. command: returns the shell
    command for a tag, an image and its arguments; prelude: the beginning of the script."""
    files: Dict[str, bytes] = {}
    names: Dict[str, str] = {}
    # In each round of --repeat the images meet the kernel's timer in another phase; otherwise the
    # rounds on a repeatable platform would all be the same.
    lines = ["/bin/busybox usleep %d" % ((job.round - 1) * PHASE_US)
             for job, _ in parts[:1] if job.round > 1]
    for number, (job, args) in enumerate(parts):
        if job.image not in names:
            names[job.image] = "%d/%s" % (len(names), os.path.basename(job.image))
            with open(job.image, "rb") as stream:
                files[names[job.image]] = stream.read()
        lines.append(command(tag_of(word, number), names[job.image], args))
    lines.append("/bin/fetch -o %s '%s'" % (PORT, over_of(word)))
    files["go"] = (prelude + "\n".join(lines) + "\n").encode()
    return cpio.archive(files)


class Lab(Platform):
    """The common part of the lab's platforms."""

    slow = True
    shares_boot = True
    defers = True
    time_scale = 3.0

    def programs(self, host: Host, names: Tuple[str, ...] = PROGRAMS) -> List[Need]:
        """The needs for those of the lab's own programs that are not built."""
        missing = [name for name in names
                   if not os.path.exists(os.path.join(host.build, "scripts", "lab", name))]
        return [Need("%s is not built" % " and ".join(missing), "make lab")] if missing else []

    @staticmethod
    def unfetched(host: Host, names: List[str]) -> List[Need]:
        """The needs for stock parts that are not in the cache."""
        return [Need("%s is not in the cache" % name, "./run_tests.sh --setup -p ...@...")
                for name in names if not stock.have(host, name)]

    def stops(self, kept: bytes, ending: Ending) -> Ending:
        """The ending; if the console shows a panic of the hypervisor under test, that is the ending."""
        panic = panic_of(kept)
        return Ending("dead", None, panic) if panic else ending


class KvmAmdTcg(Lab):
    """KVM-AMD on the SVM of QEMU's TCG, from a saved state of the booted kernel.

    Time is the number of instructions (-icount), and nothing depends on randomness or on this
    machine's time, so that all runs are the same, the hypervisor's instructions included.
    """

    name = accel = "kvm-amd@tcg"
    about = "KVM-AMD of a stock Linux, on QEMU TCG"
    guest_args = ("console=block",)
    repeatable = True
    vendor = "kvm-amd"
    memory = MEMORY
    #: More words for the launcher.
    launcher_words: Tuple[str, ...] = ()

    def __init__(self, kernel: str = DEFAULT_KERNEL, root: str = "") -> None:
        self.kernel = kernel
        if kernel != DEFAULT_KERNEL:
            self.name += "+" + kernel
            self.about += ", " + kernel
        toolbox.use_root(self, root)
        #: The platform's name, also where a subclass has another: both start from the same state.
        self.initramfs_name = self.name
        self.qemu = Qemu(root)

    def needs(self, host: Host) -> List[Need]:
        return self.qemu.needs(host) + self.programs(host) \
            + self.unfetched(host, self.parts(host))

    def parts(self, host: Host) -> List[str]:
        """The stock parts that the platform needs; the user's own kernel is not one."""
        return ["busybox"] + ([] if host.lab.get("kernel") else [self.kernel])

    def version(self, host: Host) -> str:
        text = self.own_version(host) or stock.version(host, self.kernel)
        # Not the emulator's number, which comes next, for a kernel that does not say its own.
        number = version_number(text) or "0.0"
        return "Linux %s on %s: %s" % (number, self.emulator(host), text)

    @staticmethod
    def own_version(host: Host) -> str:
        """The version that the user's kernel contains; '' if the kernel is the stock one."""
        own = host.lab.get("kernel", "")
        if not os.path.isfile(own):
            return own
        from .disk import version
        with open(own, "rb") as stream:
            return "Linux %s (%s)" % (version(stream.read(1 << 16)) or "0.0", own)

    def emulator(self, host: Host) -> str:
        """Name and version of the emulator."""
        return "QEMU " + ".".join(map(str, version_of(self.qemu.version(host))))

    def expectations(self, host: Host) -> str:
        return type(self).name  # all kernels share one file, whose entries name versions

    def below(self, host: Host) -> Tuple[str, str]:
        return "tcg", self.qemu.version(host)

    def modules(self, host: Host) -> Dict[str, bytes]:
        """KVM's modules by name, from the stock kernel or from --modules."""
        place = stock.place_of(host, self.kernel)
        if host.lab.get("modules"):
            import tempfile
            with tempfile.TemporaryDirectory() as place:
                try:
                    stock.take_modules(host.lab["modules"], place)
                except UserError as error:
                    raise UserError("--modules %s %s" % (host.lab["modules"], error)) from None
                return self._read_modules(place)
        return self._read_modules(place)

    def _read_modules(self, place: str) -> Dict[str, bytes]:
        found = {}
        for name in stock.MODULES:
            path = os.path.join(place, name + ".ko")
            if os.path.exists(path) and (name == self.vendor or not name.startswith("kvm-")):
                with open(path, "rb") as stream:
                    found[name] = stream.read()
        return found

    def module_words(self, host: Host) -> str:
        """The modules' arguments, in the format of --module-args."""
        return host.lab.get("module-args", "")

    def initramfs(self, host: Host, source: str) -> bytes:
        """The initramfs of the lab's Linux. source: as for lab_init()."""
        modules = self.modules(host)
        args = module_args(self.module_words(host), list(modules))
        files = {"lib/%s.ko" % name: data for name, data in modules.items()}
        files["init"] = lab_init(["%s.ko %s" % (name, args.get(name, "")) for name in modules],
                                 source).encode()
        programs = {"bin/busybox": read_file(os.path.join(stock.place_of(host, "busybox"),
                                                       "busybox")),
                    "bin/fetch": read_file(os.path.join(host.build, "scripts", "lab", "fetch")),
                    **self.vmm(host)}
        files.update(programs)
        files["run/.keep"] = b""
        return cpio.archive(files, ("init", *programs), console=True)

    def vmm(self, host: Host) -> Dict[str, bytes]:
        """The VMM that runs the images on /dev/kvm, as files of the initramfs."""
        return {"bin/launcher": read_file(os.path.join(host.build, "scripts", "lab", "launcher"))}

    def prelude(self) -> str:
        """The shell functions that command() needs."""
        return ""

    def command(self, tag: str, image: str, args: List[str]) -> str:
        """The shell command that runs an image with its output marked with this tag."""
        return "/bin/launcher -o %s %s" % (PORT, shell_quote(
            [*self.launcher_words, "-t", tag, image] + args))

    def archive(self, parts: List[Tuple[Job, List[str]]], word: str) -> bytes:
        """The payload of one boot."""
        return payload(parts, word, self.command, self.prelude())

    def identity(self, host: Host) -> Dict[str, str]:
        return {"emulator": self.qemu.digest(host), "version": self.version(host),
                "kernel": host.digests([self.kernel_path(host)])[self.kernel_path(host)],
                "initramfs": identity.of_bytes(self.initramfs(host, "fw_cfg"))}

    def kernel_path(self, host: Host) -> str:
        """The path of the stock bzImage, or of the user's."""
        kernel = host.lab.get("kernel") or os.path.join(
            stock.place_of(host, self.kernel), "vmlinuz")
        if not os.path.isfile(kernel):
            raise UserError("--kernel %s: no such file" % kernel)
        return kernel

    def machine(self, host: Host, initramfs: str) -> List[str]:
        """The part of QEMU's command line that the saved state depends on."""
        return [self.qemu.program(host), "-M", "pc", "-m", self.memory, *REPEATABLE,
                "-chardev", "stdio,id=guests", "-device",
                "isa-debugcon,iobase=%s,chardev=guests" % PORT,
                "-kernel", self.kernel_path(host), "-initrd", initramfs,
                "-append", " ".join([KERNEL_ARGS, host.lab.get("kernel-args", "")]).strip()]

    def launch_many(self, host: Host, parts: List[Tuple[Job, List[str]]], word: str,
                    work: str) -> Launch:
        """The command for one boot that runs all parts in turn."""
        from .state import Machine, start, state_of
        self.check(host)
        initramfs = kept_initramfs(os.path.join(host.cache, "lab", "initramfs"), self.initramfs_name,
                                   self.initramfs(host, "fw_cfg"))
        argv = self.machine(host, initramfs)
        state = state_of(os.path.join(host.cache, "lab", "states"), Machine(
            argv, [argv[argv.index("-kernel") + 1], initramfs],
            self.archive([], EMPTY), over_of(EMPTY).encode()))
        archive, console = os.path.join(work, "payload"), os.path.join(work, "kernel.log")
        write_file(archive, self.archive(parts, word))
        return Launch(start(argv, console, archive, state.path), keep=[console], note=state.note,
                      mend=state.mend)

    def ending(self, status: int, stderr: bytes, kept: bytes) -> Ending:
        return self.stops(kept, self.qemu.ending(status, stderr, b""))


def kept_initramfs(directory: str, name: str, content: bytes) -> str:
    """The path of this initramfs in the cache. The content is part of the name, so that two runs with
    different modules at the same time do not use each other's initramfs."""
    path = os.path.join(directory, "%s-%08x" % (name, zlib.crc32(content)))
    os.makedirs(directory, exist_ok=True)
    if not os.path.exists(path):
        write_file(path, content)
    os.utime(path)
    prune(directory, KEPT)
    return path


def read_file(path: str) -> bytes:
    """The content of a file."""
    with open(path, "rb") as stream:
        return stream.read()


def write_file(path: str, content: bytes) -> None:
    """Write a file whole or not at all."""
    part = "%s.%d" % (path, os.getpid())
    with open(part, "wb") as out:
        out.write(content)
    os.replace(part, path)


def version_number(text: str) -> str:
    """The first dotted number in a text; '' if there is none."""
    match = re.search(r"[0-9]+(\.[0-9]+)+", text)
    return match.group(0) if match else ""


def module_args(text: str, known: List[str]) -> Dict[str, str]:
    """The arguments of each module, from --module-args "kvm_amd nested=0 kvm ignore_msrs=1"."""
    args: Dict[str, str] = {}
    current: Optional[str] = None
    for word in text.split():
        if "=" in word:
            if current is None:
                raise UserError("--module-args %s: name a module before %s" % (text, word))
            args[current] = (args[current] + " " + word).strip()
            continue
        current = word.replace("_", "-")
        if current not in known:
            raise UserError("--module-args: the kernel has no module %s; it has %s"
                            % (word, " ".join(known)))
        args.setdefault(current, "")
    return args
