# SPDX-License-Identifier: BSD-2-Clause
"""The lab when something is missing or wrong, or dies: one line says so, and other platforms run.

What needs the real thing is skipped where the stock parts are not in the cache.
"""
import os

import pytest

from ordeal import platforms
from ordeal.host import Host, find_host
from ordeal.model import UserError
from ordeal.platforms.lab import kvm_qemu, state, stock

from test_lab import ROOT, lab_or_skip, run


def script(path, text):
    """An executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)


def verdicts(records):
    """Of each platform: a verdict and its reason."""
    return {r["platform"]: (r["verdict"], r["reason"]) for r in records if r["type"] == "result"}


# -- fetching ---------------------------------------------------------------------------------


def fake_apt(tmp_path, monkeypatch, policy, get):
    """apt-cache and apt-get as scripts; the machine they fetch for."""
    script(tmp_path / "bin" / "apt-cache", policy)
    script(tmp_path / "bin" / "apt-get", get)
    monkeypatch.setenv("PATH", "%s:%s" % (tmp_path / "bin", os.environ["PATH"]))
    return Host(str(tmp_path), str(tmp_path), {})


def test_no_network(tmp_path, monkeypatch):
    """apt knows nothing and cannot update."""
    host = fake_apt(tmp_path, monkeypatch, "echo '  Candidate: (none)'\n",
                    "echo \"E: Could not resolve 'deb.debian.org'\"; exit 100\n")
    with pytest.raises(UserError, match="cannot fetch linux-6.12: apt knows no package .*resolve"):
        stock.fetch(host, "linux-6.12")
    assert not stock.have(host, "linux-6.12")


def test_a_kernel_that_only_another_release_has(tmp_path, monkeypatch):
    """The machine's meta package leads to another kernel: then that release's lists are asked."""
    host = fake_apt(tmp_path, monkeypatch, """case $* in
'-c '*depends*) echo '  Depends: linux-image-6.12.9-cloud-amd64' ;;
*depends*) echo '  Depends: linux-image-6.1.0-50-cloud-amd64' ;;
*policy*linux-image-cloud*) echo '  Candidate: 1.0' ;;
*) echo '  Candidate: (none)' ;;
esac
""", "exit 0\n")
    part, apt = stock.PARTS["linux-6.12"], stock.Apt(host)
    assert apt.choose(part) == ""
    assert apt.ask_release(part.elsewhere, str(tmp_path / "apt"), "http://mirror/debian") == ""
    assert apt.choose(part) == "linux-image-cloud-amd64"
    assert "http://mirror/debian trixie main" in (tmp_path / "apt" / "sources.list").read_text()


def test_download_fails(tmp_path, monkeypatch):
    """apt has a candidate and cannot get it, with fresh lists neither."""
    host = fake_apt(tmp_path, monkeypatch, "echo '  Candidate: 1.0'\n",
                    "case $* in *download*) echo 'E: Failed to fetch, 404'; exit 100; esac\n")
    with pytest.raises(UserError, match="cannot fetch busybox: E: Failed to fetch, 404"):
        stock.fetch(host, "busybox")


def test_no_room_to_fetch(tmp_path, monkeypatch):
    """Less disk than a kernel and a state want."""
    host = fake_apt(tmp_path, monkeypatch, "", "")
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("D", (), {"free": 5 << 20})())
    with pytest.raises(UserError, match="cannot fetch xen: 5 MiB free in .*, want 600"):
        stock.fetch(host, "xen")


# -- emulators and caches -----------------------------------------------------------------------


def test_emulator_too_old(tmp_path):
    """NOTRUN with the version found and the one wanted."""
    old = tmp_path / "qemu"
    script(old, "echo 'QEMU emulator version 5.2.0'\n")
    host = Host(ROOT, str(tmp_path), {"QEMU": str(old)})
    need = platforms.known()["kvm-amd@tcg"].needs(host)[0]
    assert "too old: QEMU emulator version 5.2.0, not 6.0" in need.what


def test_no_memory_for_the_machine(tmp_path):
    """The reason repeats QEMU's message."""
    bad = tmp_path / "qemu"
    script(bad, "echo \"qemu: cannot set up guest memory 'pc.ram': Cannot allocate memory\" >&2\n"
                "exit 1\n")
    with pytest.raises(UserError, match="before it had booted.*Cannot allocate memory"):
        state.save([str(bad)], str(tmp_path / "states" / "x"))


def test_no_room_for_a_state(tmp_path, monkeypatch):
    """The disk is full when the state moves into the cache; no part of it stays."""
    def full(*_):
        raise OSError(28, "No space left on device")
    monkeypatch.setattr("shutil.move", full)
    with pytest.raises(UserError, match="cannot keep the machine's state: No space left"):
        state._move(str(tmp_path / "part"), str(tmp_path / "state"))


def test_file_cut_short_does_not_count(tmp_path):
    """A state, or a disk, whose name gives another size is removed."""
    (tmp_path / "key").write_bytes(b"x" * 100)
    path = state.whole(str(tmp_path / "key"), str(tmp_path / "key"))
    assert state.cached(str(tmp_path), "key") == path
    assert state.cached(str(tmp_path), "ke") == ""
    with open(path, "r+b") as stream:
        stream.truncate(60)
    assert state.cached(str(tmp_path), "key") == "" and not os.path.exists(path)
    assert state.cached(str(tmp_path / "none"), "key") == ""


def test_libraries_of_a_program():
    """ldd's lines: with a path, without (the kernel's), and the loader."""
    text = ("\tlinux-vdso.so.1 (0x1)\n\tlibz.so.1 => /lib/x/libz.so.1 (0x2)\n"
            "\t/lib64/ld-linux-x86-64.so.2 (0x3)\n\tlibno.so => not found\n")
    assert kvm_qemu.libraries(text) == ["/lib/x/libz.so.1", "/lib64/ld-linux-x86-64.so.2"]


# -- the real thing -----------------------------------------------------------------------------


@pytest.mark.parametrize("option, value, reason", [
    ("--modules", "{}", "holds no KVM modules"), ("--kernel", "{}/none", "no such file"),
    ("--module-args", "kvm_intel nested=0", "the kernel has no module kvm_intel"),
    ("--kernel-args", "mem=20M", "Kernel panic - not syncing: System is deadlocked on memory")])
def test_one_line_and_the_others_run(tmp_path, option, value, reason):
    """Of the user's own kernel: without modules, missing, a wrong argument, a panic in its boot."""
    lab_or_skip("kvm-amd@tcg")
    done, records = run("-p", "kvm-amd@tcg,tcg", option, value.format(tmp_path), "--logs",
                        str(tmp_path / "l"), "native/flags.rf_of_irq")
    found = verdicts(records)
    assert found["kvm-amd@tcg"][0] == "NOTRUN" and reason in found["kvm-amd@tcg"][1], done.stdout
    assert "\n" not in found["kvm-amd@tcg"][1] and found["tcg"][0] == "PASS"


def test_modules_of_another_kernel(tmp_path):
    """The kernel refuses them; what it says is the reason."""
    lab_or_skip("kvm-amd@tcg")
    lab_or_skip("kvm-amd@tcg+linux-6.1")
    place = stock.place_of(find_host(ROOT, dict(os.environ)), "linux-6.1")
    _, records = run("-p", "kvm-amd@tcg", "--modules", place, "--logs", str(tmp_path / "l"),
                     "native/flags.rf_of_irq")
    verdict, reason = verdicts(records)["kvm-amd@tcg"]
    assert verdict == "NOTRUN" and reason.startswith("no /dev/kvm in the lab's Linux")


def test_panic_is_the_verdict(tmp_path):
    """The kernel under test panics while an image runs: the case that ran is CRASH with the panic's
    first line, the image before it and the cases after it get verdicts of their own, and other
    platforms run."""
    lab_or_skip("kvm-amd@tcg")
    _, records = run("-p", "kvm-amd@tcg,tcg", "--kernel-args", "LAB_PANIC_US=140000", "--logs",
                     str(tmp_path / "l"), "native/stories.sti_*", "sweeps/fault.ud.trap_gate",
                     "sweeps/fault.load.trap_gate", "hv/stories.s2.trap_gate")
    found = {(r["platform"], r["case"]): (r["verdict"], r["reason"])
             for r in records if r["type"] == "result"}
    verdict, reason = found["kvm-amd@tcg", "sweeps/fault.ud.trap_gate"]
    assert verdict == "CRASH" and "Kernel panic - not syncing: sysrq triggered crash" in reason
    assert found["kvm-amd@tcg", "native/stories.sti_rdmsr.trap_gate"][0] == "PASS"
    assert found["kvm-amd@tcg", "hv/stories.s2.trap_gate"][0] == "PASS"
    # Of the image that crashed: a sweep skips where the kernel's tick leaves it no sample.
    assert found["kvm-amd@tcg", "sweeps/fault.load.trap_gate"][0] in ("PASS", "SKIP")
    assert {v for (platform, _), (v, _) in found.items() if platform == "tcg"} <= {"PASS", "XFAIL"}


def test_qemu_as_inner_vmm(tmp_path):
    """The cases pass with QEMU instead of the launcher as the VMM."""
    if not os.environ.get("ORDEAL_SLOW"):
        pytest.skip("kvm-amd@tcg+qemu takes a minute the first time; ORDEAL_SLOW=1 runs it")
    lab_or_skip("kvm-amd@tcg+qemu")
    _, records = run("-p", "kvm-amd@tcg+qemu", "--logs", str(tmp_path / "l"), "native/stories.*",
                     "hv/stories.s2.trap_gate")
    assert {r["verdict"] for r in records if r["type"] == "result"} == {"PASS"}
