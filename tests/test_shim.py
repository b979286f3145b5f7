# SPDX-License-Identifier: BSD-2-Clause
"""Guests that go wrong inside the shim (x86/shimtest.c): the shim names and dumps each, and the cases
after it still run. And one whose handlers overwrite each other's frames (x86/selftest.c)."""
import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("ORDEAL_BUILD", ROOT))


def results(platform: str, work: Path, suite: str = "shimtest") -> dict:
    """Case name -> its record."""
    stream = work / "results.jsonl"
    subprocess.run([str(BUILD / "run_tests.sh"), "-p", platform, "--jsonl", str(stream),
                    "--logs", str(work / "logs"), suite],
                   stdout=subprocess.DEVNULL, check=False, timeout=200)
    records = [json.loads(line) for line in stream.read_text().splitlines()]
    return {r["case"].split(".")[-1]: r for r in records if r["type"] == "result"}


@pytest.mark.parametrize("platform", ["tcg", "bochs-intel"])
def test_what_goes_wrong_in_the_shim_is_named(platform: str, tmp_path: Path):
    found = results(platform, tmp_path)
    vendor = "SVM" if platform == "tcg" else "VMX"
    exit_, triple = found["unexpected_exit"], found["triple_fault"]
    assert exit_["verdict"] == "FAIL" and "RDMSR" in exit_["reason"]
    assert any("exit RDMSR (%s" % vendor in note for note in exit_["notes"])
    assert triple["verdict"] == "ERROR" and "TRIPLE_FAULT" in triple["reason"]
    refused = found["bad_guest_state"]
    assert refused["verdict"] == "ERROR"
    assert ("EVENTINJ: a reserved type" if vendor == "SVM" else
            "VM-instruction error 7, entry with invalid control field(s)") in refused["reason"]
    circle = found["never_exits"]
    assert circle["verdict"] == ("SKIP" if vendor == "SVM" else "ERROR")
    assert "preemption timer" in circle["reason"].lower().replace("_", " ")
    full = found["exits_without_end"]
    assert full["verdict"] == "ERROR" and "the event log holds 256 entries" in full["reason"]
    assert found["goes_on"]["verdict"] == "PASS"


@pytest.mark.parametrize("platform", ["tcg", "bochs-intel"])
def test_more_nmis_at_once_than_their_stack_holds(platform: str, tmp_path: Path):
    found = results(platform, tmp_path, "selftest/selftest.nmis_without_end")["nmis_without_end"]
    assert found["verdict"] == "ERROR", found
    assert "too many handlers at once are on one interrupt stack" in found["reason"]


def test_without_virtualization_the_skip_says_which_bit_forbids_it():
    done = subprocess.run(
        ["qemu-system-x86_64", "-nodefaults", "-no-reboot", "-display", "none", "-serial",
         "stdio", "-device", "isa-debug-exit,iobase=0xf4,iosize=0x4", "-accel", "tcg", "-cpu",
         "qemu64,-svm", "-kernel", "x86/shimtest.flat", "-append", "shimtest.goes_on"], cwd=str(BUILD),
        stdout=subprocess.PIPE, check=False, timeout=60, text=True)
    assert "SKIP: shimtest: shimtest.goes_on: no VMX (CPUID 1 ECX bit 5 is clear); no SVM" in done.stdout
    assert done.returncode == 155
