# SPDX-License-Identifier: BSD-2-Clause
"""Baselines, differences between platforms, and the small parts of planning."""
import os
import subprocess

import pytest
from conftest import ROOT
from ordeal import platforms
from ordeal.host import Host
from ordeal.model import Case, Result, Stanza
from ordeal.plan.select import Suite, guest_args
from ordeal.platforms import qemu
from ordeal.platforms.bochs import Bochs, BochsIntel
from ordeal.platforms.grub_iso import grub_config
from ordeal.platforms.qemu import Tcg, kvm_flavour
from ordeal.report import compare


def result(case, verdict, platform="tcg", **more):
    """A result as a run leaves it."""
    return Result(platform, case, verdict, **more)


@pytest.mark.parametrize("was,now,name", [
    ("PASS", "FAIL", "new-fail"), ("PASS", "CRASH", "new-fail"), ("SKIP", "FAIL", "new-fail"),
    ("XFAIL", "XPASS", "new-fail"), ("PASS", "XFAIL", "new-fail"), ("FAIL", "PASS", "fixed"),
    ("XFAIL", "PASS", "fixed"), ("CRASH", "XFAIL", "fixed"), ("PASS", "SKIP", "new-skip"),
    ("FAIL", "SKIP", "new-skip"), ("PASS", "PASS", ""), ("FAIL", "CRASH", ""),
    ("SKIP", "PASS", ""), ("XFAIL", "XFAIL", ""), ("SKIP", "SKIP", "")])
def test_changes(was, now, name):
    classes = compare.classify([result("s/a", was)], [result("s/a", now)])
    assert [key for key, members in classes.items() if members] == ([name] if name else [])


def test_vanished_and_appeared():
    old, new = [result("s/a", "PASS")], [result("s/b", "PASS")]
    classes = compare.classify(old, new)
    assert classes["vanished"] == ["tcg s/a: was PASS"]
    assert classes["appeared"] == ["tcg s/b: PASS"]
    # A selection of the cases is no evidence that the others are gone.
    assert compare.classify(old, new, False)["vanished"] == []
    assert compare.classify(old, new, True, ["bochs-amd"])["vanished"] == []
    assert compare.classify(old, new, True, ["tcg"])["vanished"] == ["tcg s/a: was PASS"]


def test_slower():
    old = [result("s/a", "PASS", seconds=1.0), result("s/b", "PASS", seconds=0.01)]
    new = [result("s/a", "PASS", seconds=2.6), result("s/b", "PASS", seconds=0.1)]
    assert compare.classify(old, new)["slower"] == ["tcg s/a: was 1.00 s, is 2.60 s"]


def test_differential_shows_traces_side_by_side():
    found = [result("s/a", "PASS", "p", observed=["x; y"]), result("s/a", "PASS", "q",
                                                                   observed=["y; x"]),
             result("s/b", "PASS", "p", observed=["x"]), result("s/b", "FAIL", "q",
                                                                observed=["x"]),
             result("s/c", "PASS", "p", observed=["x"])]
    lines, count = compare.differing(found, "p", "q")
    assert count == 1 and "    x       | y" in lines and "    y       | x" in lines
    assert lines[-1] == \
        "Traces of p and q: 1 differ, 1 are the same, 1 case ran on one of them only"


def suite(words=()):
    """A suite of five cases."""
    return Suite(Stanza("s", "f:1"), "x", False, tuple(Case(n) for n in ("a", "b", "c", "dd", "e")),
                 tuple(words))


@pytest.mark.parametrize("words,names,want", [
    ((), ["a", "b", "c", "dd", "e"], []), ((), ["a"], ["a"]),
    ((), ["a", "b", "c", "e"], ["exclude=dd"]), (("a", "b"), ["a", "b"], ["a", "b"]),
    (("[ab]", "k=v"), ["b"], ["b", "k=v"]), (("exclude=a",), ["b", "c", "dd", "e"], ["exclude=a"]),
    (("exclude=a",), ["b", "c", "dd"], ["exclude=a,e"])])
def test_guest_arguments_select_exactly_the_cases_wanted(words, names, want):
    assert guest_args(suite(words), names, ()) == want


@pytest.mark.parametrize("status,stderr,kind,code", [
    (1, b"", "exit", 0), (3, b"", "exit", 1), (155, b"", "exit", 77), (255, b"", "exit", 127),
    (0, b"", "off", None), (1, b"qemu: no such device", "vmm", None), (2, b"", "vmm", None),
    (1, b"qemu: warning: slow", "exit", 0), (-11, b"", "signal", None),
    (0, b"qemu: terminating on signal 15", "signal", None)])
def test_what_qemus_status_means(status, stderr, kind, code):
    ending = Tcg().ending(status, stderr, b"")
    assert (ending.kind, ending.code) == (kind, code)


@pytest.mark.parametrize("status,kept,kind", [
    (1, b"00201p[UNMAP ] >>PANIC<< Shutdown port: shutdown requested\n", "off"),
    (1, b"00201p[CPU0  ] >>PANIC<< bad thing\n", "vmm"),
    (1, b"1p[CPU0  ] >>PANIC<< exception(): 3rd (13) exception with no resolution\n", "off"),
    (-6, b"", "signal"), (0, b"", "vmm"),
    (1, b"noise Shutdown port: shutdown requested\n", "vmm")])
def test_what_the_end_of_bochs_means(status, kept, kind):
    assert Bochs().ending(status, b"", kept).kind == kind


def test_the_machine_bochs_is_told_to_be_has_no_clock_but_its_own():
    text = BochsIntel().bochsrc(("bios", "vga"), ["boot: disk"], "work", "1")
    assert "ignore_bad_msrs=0" in text and "clock: sync=none, time0=1" in text


def test_grub_does_not_interpret_what_the_guest_is_told():
    assert "'*' 'it'\\''s' 'a;b'" in grub_config("x", ["*", "it's", "a;b"])


def test_the_flavour_of_kvm_is_found_by_its_module(tmp_path):
    assert kvm_flavour(str(tmp_path)) == "kvm"
    for module, flavour in (("kvm_amd", "kvm-amd"), ("kvm_pvm", "kvm-pvm")):
        (tmp_path / module).mkdir()
        assert kvm_flavour(str(tmp_path)) == flavour


@pytest.mark.parametrize("flavour,accel,runs", [
    ("kvm-intel", "", True), ("kvm-pvm", "", False), ("kvm-pvm", "kvm", True),
    ("kvm-intel", "tcg", False)])
def test_a_kvm_whose_results_vary_runs_only_by_name(monkeypatch, flavour, accel, runs):
    monkeypatch.setattr(qemu, "kvm_flavour", lambda: flavour)
    monkeypatch.setattr(qemu.Kvm, "needs", lambda self, host: [])
    monkeypatch.setattr(qemu.Tcg, "needs", lambda self, host: [])
    host = Host(ROOT, ROOT, {"ACCEL": accel})
    assert ("kvm" in [p.name for p in platforms.choose(host, [])]) is runs


@pytest.mark.parametrize("verdict,args,status", [
    ("PASS", [], 0), ("XPASS", [], 0), ("FAIL", [], 1), ("XFAIL", [], 1), ("CRASH", [], 1),
    ("FAIL", ["-n", "2", "-p", "tcg"], 1), ("FLAKY", [], 1), ("FLAKY", ["-f"], 125), ("SKIP", [], 125),
    ("ERROR", [], 125), ("", [], 125)])
def test_bisect(tmp_path, verdict, args, status):
    for name, text in (("run_tests.sh", "printf '%s\\n' \"$LINE\" >\"$4\""), ("configure", "exit 9"),
                       ("make", "exit 0")):
        path = tmp_path / name
        path.write_text("#!/bin/sh\n%s\n" % text)
        path.chmod(0o755)
    (tmp_path / "config.mak").write_text("")
    env = dict(os.environ, ROOT=str(tmp_path), PATH="%s:%s" % (tmp_path, os.environ["PATH"]),
               LINE='{"type":"result","case":"s/a","verdict":"%s"}' % verdict)
    done = subprocess.run([os.path.join(ROOT, "scripts", "bisect"), *args, "s/a"], env=env,
                          check=False)
    assert done.returncode == status
    (tmp_path / "make").write_text("#!/bin/sh\nexit 2\n")
    for bad in ([], ["-n"], ["-n", "2"], ["-n", "x", "s/a"], ["-f"]):
        assert subprocess.run([os.path.join(ROOT, "scripts", "bisect"), *bad], env=env,
                              check=False).returncode == 128, bad
    done = subprocess.run([os.path.join(ROOT, "scripts", "bisect"), "s/a"], env=env, check=False)
    assert done.returncode == 125
