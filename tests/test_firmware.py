# SPDX-License-Identifier: BSD-2-Clause
"""What firmware leaves, and what a machine raises by itself, changes no verdict: control registers,
open pins, messages of devices, stray NMIs and interrupts (docs/results.md, section 11)."""
import os
import re
import shutil
import subprocess

import pytest
from conftest import HERE, ROOT

BUILD = os.environ.get("ORDEAL_BUILD", ROOT)
NATIVE = os.path.join(BUILD, "x86", "native.flat")
QEMU = os.environ.get("QEMU") or shutil.which("qemu-system-x86_64")
pytestmark = pytest.mark.skipif(QEMU is None, reason="no qemu-system-x86_64 here")
LOADER = ["gcc", "-m32", "-O1", "-ffreestanding", "-fno-pic", "-fno-stack-protector", "-mno-sse",
          "-nostdlib", "-static", "-Wl,-Ttext=0x1000000", "-Wl,--build-id=none"]


def boot(*words: str, loader: str = "", arguments: str = "", image: str = NATIVE) -> str:
    """The console of a machine that starts the image, by itself or by a loader."""
    how = ["-kernel", image, "-append", arguments]
    if loader:
        how = ["-kernel", loader, "-initrd", "%s %s" % (image, arguments)]
    done = subprocess.run(
        [QEMU, "-nodefaults", "-no-reboot", "-display", "none", "-serial", "stdio", "-accel", "tcg",
         "-cpu", "max", "-device", "isa-debug-exit,iobase=0xf4,iosize=0x4", *words, *how],
        stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, timeout=90, check=False)
    return done.stdout


def verdicts(log: str):
    """The verdict lines, and whether the log is whole."""
    assert re.search(r"^END ", log, re.M), log[-2000:]
    return re.findall(r"^(?:PASS|FAIL|SKIP|ERROR): .*", log, re.M)


@pytest.fixture(scope="module")
def undisturbed():
    """The verdicts of a machine without noise."""
    return verdicts(boot())


@pytest.fixture
def careless(tmp_path):
    """Builds tests/guests/careless.c with these macros."""
    def build(*macros: str) -> str:
        path = str(tmp_path / "loader")
        subprocess.run(LOADER + ["-D" + macro for macro in macros]
                       + [os.path.join(HERE, "guests", "careless.c"), "-o", path], check=True)
        return path
    return build


@pytest.mark.parametrize("macros", [(), ("LEVEL",)])
def test_what_firmware_leaves_changes_no_verdict(careless, undisturbed, macros):
    log = boot(loader=careless(*macros))
    assert verdicts(log) == undisturbed
    inherited = dict(re.findall(r"inherited_(\w+)=(0x\w+)", log))
    assert int(inherited["cr4"], 16) & (1 << 12 | 1 << 20 | 1 << 21), "LA57, SMEP and SMAP were left"
    assert inherited["efer"] == "0x1" and inherited["xcr0"] == "0x3"
    assert inherited["pat"] == "0x7010600070106"


def test_a_device_that_sends_messages_is_named(careless):
    log = boot("-machine", "pc,hpet=on", "-global", "hpet.msi=on", "-icount", "shift=0",
               loader=careless("MESSAGES"))
    assert "ABORT: vector 0x99 is requested although every source" in log, log[-2000:]
    assert "CASE:" not in log


@pytest.mark.parametrize("noise,vector", [("nmi", "0x2"), ("vector", "0xee")])
def test_a_disturbed_case_is_played_again(undisturbed, noise, vector):
    log = boot(arguments="noise=" + noise)
    assert verdicts(log) == undisturbed
    again = re.findall(r"^REPLAY: (\S+): strays=1 last_vector=(\S+)$", log, re.M)
    assert len(again) == len(undisturbed) and {found for _, found in again} == {vector}


@pytest.mark.parametrize("noise", ["nmis", "vectors"])
def test_a_machine_that_never_leaves_a_case_alone_passes_none(noise):
    log = boot(arguments="noise=%s shadow.sti_nop shadow.sti_cli" % noise)
    for line in verdicts(log):
        assert line.startswith("ERROR: ") and "strays in each of 4 attempts" in line
    assert len(re.findall("^REPLAY: ", log, re.M)) == 6


def test_the_runner_believes_a_case_that_was_played_again(tmp_path):
    logs = str(tmp_path / "logs")
    done = subprocess.run([os.path.join(ROOT, "run_tests.sh"), "-p", "tcg", "--logs", logs, "--set",
                           "native.test_args=noise=vector", "native/shadow.sti_*"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0 and "0 unexpected" in done.stdout, done.stdout
    with open(os.path.join(logs, "results.jsonl"), encoding="ascii") as stream:
        assert "played again: strays=1 last_vector=0xee" in stream.read()


@pytest.mark.parametrize("cpu,arguments,reason", [
    ("max,-hypervisor", "", "needs leave to send INIT on hardware"),
    ("max,-hypervisor", " dangerous=yes", "needs VMX"), ("max", "", "needs VMX")])
def test_init_needs_leave_on_hardware(cpu, arguments, reason):
    entry = os.path.join(BUILD, "x86", "entry.flat")
    log = boot("-cpu", cpu, arguments="vmx_root.init vmx_ladder.init_first" + arguments, image=entry)
    assert [line.startswith("SKIP: ") and reason in line for line in verdicts(log)] == [True, True]
