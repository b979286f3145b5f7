# SPDX-License-Identifier: BSD-2-Clause
"""The consoles of a guest: the log is the same on each, a console that is not there is found out
before the first case, and a slow reader loses nothing."""
import fcntl
import os
import re
import shutil
import subprocess
import time
from typing import List, Tuple

import pytest
from conftest import ROOT
from ordeal.platforms.qemu import Tcg

BUILD = os.environ.get("ORDEAL_BUILD", ROOT)
F_SETPIPE_SZ = 1031
QEMU = ["qemu-system-x86_64", "-nodefaults", "-no-reboot", "-display", "none", "-accel", "tcg",
        "-cpu", "max", "-device", "isa-debug-exit,iobase=0xf4,iosize=0x4", *Tcg.extra]
COM1 = ["-serial", "stdio"]
E9 = ["-serial", "null", "-chardev", "stdio,id=e9", "-device", "isa-debugcon,iobase=0xe9,chardev=e9"]
VIRTIO = Tcg.console(["console=virtio"])

pytestmark = pytest.mark.skipif(
    not shutil.which(QEMU[0]) or not os.path.exists(os.path.join(BUILD, "x86", "native.flat")),
    reason="needs qemu-system-x86_64, and images: run make")


def command(console: List[str], *args: str) -> List[str]:
    """QEMU with a console and the native image with arguments."""
    return QEMU + console + ["-kernel", os.path.join(BUILD, "x86", "native.flat"),
                             "-append", " ".join(args)]


def boot(console: List[str], *args: str) -> Tuple[int, List[str]]:
    """The exit status and the lines of the log."""
    done = subprocess.run(command(console, *args), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          timeout=120, check=False)
    return done.returncode, done.stdout.decode("ascii").splitlines()


def test_the_log_is_the_same_on_every_console():
    first = boot(COM1, "shadow.*", "settle=exact")
    assert re.match(r"END - cases=\d\d pass=", first[1][-1])
    assert boot(E9, "shadow.*", "settle=exact", "console=e9") == first
    assert boot(VIRTIO, "shadow.*", "settle=exact", "console=virtio") == first


@pytest.mark.parametrize("console, says", [
    ("e9", "port 0xe9 does not read as 0xe9"),
    ("virtio", "there is no legacy virtio serial device"),
])
def test_a_console_that_is_not_there_is_found_out_before_the_first_case(console, says):
    status, log = boot(COM1, "console=" + console)
    assert status == 127 << 1 | 1
    assert log[0].startswith("ORDEAL 1 ") and log[1].startswith("ABORT: argument console=: " + says)
    assert not [line for line in log if line.startswith(("PLAN", "CASE"))]


def test_com1_still_shows_what_goes_there_first():
    """A guest without long mode speaks before it reads its arguments."""
    argv = command(VIRTIO, "console=virtio")
    argv[argv.index("max")] = "qemu32"
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=60,
                          check=False)
    assert b"ABORT: this CPU has no long mode" in done.stdout


@pytest.mark.parametrize("console, word", [(E9, "e9"), (VIRTIO, "virtio")])
def test_a_slow_reader_loses_nothing(console, word):
    """The pipe holds a page, and is full for most of the boot. Of COM1 that cannot be asked: QEMU's
    UART drops a byte that its reader has refused a few times, and the checksums find that."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, F_SETPIPE_SZ, 4096)
    with subprocess.Popen(command(console, "shadow.*", "console=" + word), stdin=subprocess.DEVNULL,
                          stdout=writing) as process:
        os.close(writing)
        log = b""
        while True:
            time.sleep(0.02)
            chunk = os.read(reading, 1000)
            if not chunk:
                break
            log += chunk
        process.wait(60)
    os.close(reading)
    assert log.decode("ascii").splitlines() == boot(COM1, "shadow.*")[1]


def test_an_exact_platform_must_prove_it():
    """The argument alone is not believed, and a value that does not exist is named."""
    assert boot(COM1, "settle=perhaps")[1][1].startswith(
        'ABORT: argument "settle=perhaps": settle= takes')
    assert boot(COM1, "settle=exact", "shadow.sti_nop")[1][-1].startswith("END - cases=1 pass=1 ")
