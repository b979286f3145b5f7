# SPDX-License-Identifier: BSD-2-Clause
"""scripts/export --as report: the command in the directory, run as it is, shows the trace that the
suite saw, and needs no file of this tree."""
import os
import shutil
import subprocess

import pytest
from conftest import ROOT
from exporting import baked, report
from ordeal.model import Result, UserError
from ordeal.platforms import bochs_disk

BUILD = os.environ.get("ORDEAL_BUILD", ROOT)
EXPORT = os.path.join(ROOT, "scripts", "export")
EMULATORS = {"tcg": ("qemu-system-x86_64",), "bochs-intel": ("bochs-bin", "bochs")}


def export(*words: str) -> subprocess.CompletedProcess:
    """scripts/export with these words."""
    return subprocess.run([EXPORT, *words], cwd=BUILD, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)


def ran(version: str, verdict: str, trace: str = "IRQ(0x60)@NOP#1") -> report.Ran:
    """A result on a version of QEMU."""
    return report.Ran(Result("tcg", "native/a.b", verdict, observed=[trace]),
                      "QEMU emulator version " + version)


@pytest.mark.parametrize("platform, case, verdict", [
    ("tcg", "native/instructions.pause", "FAIL"), ("tcg", "native/nmi.before_irq", "PASS"),
    ("bochs-intel", "debug/breakpoints.irq_first", "FAIL"),
    ("bochs-intel", "hv/stories.s2.trap_gate", "PASS")])
def test_the_directory_alone_reproduces_the_trace(tmp_path, platform, case, verdict):
    if not any(map(shutil.which, EMULATORS[platform])):
        pytest.skip("%s is not installed" % EMULATORS[platform][0])
    made = str(tmp_path / "made")
    done = export(case, "--as", "report", "-p", platform, "-o", made)
    assert done.returncode == 0 and ": %s on " % verdict in done.stdout, done.stderr
    elsewhere = str(tmp_path / "elsewhere")
    os.rename(made, elsewhere)
    said = subprocess.run([os.path.join(elsewhere, "run")], cwd="/", stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=120, check=False).stdout
    with open(os.path.join(elsewhere, "log"), "rb") as stream:
        log = stream.read()
    seen = [line.strip() for line in log.splitlines() if line.startswith((b"SEEN:", b"WANT:"))]
    assert len(seen) == 2 and set(seen) <= {line.strip() for line in said.splitlines()}
    with open(os.path.join(elsewhere, "README"), encoding="utf-8") as stream:
        text = stream.read()
    assert "The manual: " in text and "\t./run\n" in text and "Versions tried:" in text
    assert "First bad version: not known" in text and ("What goes wrong" in text) == (verdict == "FAIL")
    for name in os.listdir(elsewhere):
        if name not in ("image", "disk.img", "log"):
            with open(os.path.join(elsewhere, name), encoding="utf-8") as stream:
                assert ROOT not in stream.read(), name


def test_the_disk_boots_in_another_machine_than_bochs(tmp_path):
    """SeaBIOS loads it as well: nothing in it is Bochs' own but the way in which the guest ends."""
    if not shutil.which("qemu-system-x86_64"):
        pytest.skip("qemu-system-x86_64 is not installed")
    made = str(tmp_path / "made")
    assert export("native/nmi.before_irq", "--as", "report", "-p", "tcg", "-o", made).returncode == 0
    done = subprocess.run(
        ["qemu-system-x86_64", "-nodefaults", "-display", "none", "-no-reboot", "-accel", "tcg", "-cpu",
         "max", "-icount", "shift=0,sleep=off", "-debugcon", "stdio", "-device",
         "isa-debug-exit,iobase=0xf4,iosize=0x4", "-drive", "format=raw,file=disk.img"], cwd=made,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=120, check=False)
    assert b"SEEN: nmi.before_irq: NMI@NOP#1" in done.stdout and b"\nEND - cases=1 pass=1" in done.stdout


@pytest.mark.parametrize("versions, found", [
    ((("7.2.22", "PASS"), ("10.0.13", "XFAIL"), ("11.1.3", "FAIL")), "10.0.13"),
    ((("11.1.3", "FAIL"), ("10.0.13", "PASS"), ("7.2.22", "PASS")), "11.1.3"),
    ((("7.2.22", "FAIL"), ("10.0.13", "FAIL")), ""), ((("7.2.22", "FAIL"), ("10.0.13", "PASS")), ""),
    ((("7.2.22", "SKIP"), ("10.0.13", "FAIL")), ""), ((), "")])
def test_the_first_bad_version(versions, found):
    tried = []
    for version, verdict in versions:
        one = ran(version, verdict)
        one.result.raw = "FAIL" if verdict == "XFAIL" else ""
        tried.append(one)
    assert report.first_bad(tried).startswith("QEMU emulator version " + found if found else "")
    assert bool(report.first_bad(tried)) == bool(found)


def test_versions_come_from_streams(tmp_path):
    stream = str(tmp_path / "other.jsonl")
    with open(stream, "w", encoding="ascii") as out:
        out.write('{"type":"start","schema":1,"platforms":[{"name":"tcg","version":"QEMU 6.9"}]}\n'
                  '{"type":"result","platform":"tcg","case":"native/a.b","verdict":"PASS"}\n'
                  '{"type":"result","platform":"tcg","case":"native/other.c","verdict":"FAIL"}\n')
    assert [(one.version, one.result.verdict) for one in report.from_stream(stream, "native/a.b")] == [
        ("QEMU 6.9", "PASS")]


@pytest.mark.parametrize("verdict, observed, script, wrong", [
    ("FAIL", ["IRQ(0x60)@NOP#1"], "echo 'SEEN: a.b: IRQ(0x60)@NOP#2'", "the command shows IRQ(0x60)@NOP#2"),
    ("FAIL", ["IRQ(0x60)@NOP#1"], "echo nothing", "the command shows no SEEN line"),
    ("CRASH", [], "echo; echo 'END - cases=1'", "the command ends as it should"),
    ("FAIL", ["IRQ(0x60)@NOP#1"], "echo 'SEEN: a.b: IRQ(0x60)@NOP#1'", ""),
    ("CRASH", [], "exit 3", "")])
def test_a_command_that_shows_something_else_is_wrong(tmp_path, verdict, observed, script,
                                                      wrong):
    (tmp_path / "run").write_text("#!/bin/sh\n%s\n" % script, encoding="ascii")
    (tmp_path / "run").chmod(0o755)
    result = Result("tcg", "native/a.b", verdict, observed=observed)
    if wrong:
        with pytest.raises(UserError, match=wrong.replace("(", r"\(").replace(")", r"\)")):
            report.reproduces(str(tmp_path), result)
    else:
        report.reproduces(str(tmp_path), result)


@pytest.mark.parametrize("words, wrong", [
    ((), "--as report needs -p PLATFORM and -o DIR"), (("-p", "tgc", "-o", "x"), "unknown platform tgc"),
    (("-p", "kvm-amd@tcg", "-o", "x"), "its guests run in the lab"), (("-p", "tcg", "-o", "/"), "not empty"),
    (("-p", "tcg", "-o", "x", "--results", "/nowhere"), "/nowhere")])
def test_bad_input_is_one_line(tmp_path, words, wrong):
    words = tuple(str(tmp_path / "x") if word == "x" else word for word in words)
    done = export("native/nmi.before_irq", "--as", "report", *words)
    assert done.returncode == 2 and wrong in done.stderr and done.stderr.count("\n") == 1, done.stderr
    assert not os.path.exists(str(tmp_path / "x"))


def test_a_baked_image_keeps_its_segments_and_has_no_multiboot_header():
    with open(os.path.join(BUILD, "x86", "native.flat"), "rb") as stream:
        image = stream.read()
    made = baked.elf(image, "nmi.before_irq settle=exact")
    assert b"\x02\xb0\xad\x1b" in image[:8192] and b"\x02\xb0\xad\x1b" not in made
    assert b"nmi.before_irq settle=exact\0" in made
    assert bochs_disk.pvh_entry(made) == baked.STUB
