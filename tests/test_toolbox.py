# SPDX-License-Identifier: BSD-2-Clause
"""Toolbox roots: what counts as a root, how a root is made, what can stop that, and the real root.

The tests make roots with an apt-get and a dpkg-deb of our own, so none needs the network. The last
tests need a real root (scripts/make-root trixie); without one they are skipped, and say so.
"""
import os
import signal
import subprocess
import time

import pytest
from conftest import ROOT

from ordeal import platforms
from ordeal.host import Host, find_host, version_of
from ordeal.plan import known
from ordeal.plan.excuse import Deviations
from ordeal.platforms import make_root, toolbox

APT = """#!/bin/sh
echo "$*" >>"$FAKE/calls"
for word in "$@"; do [ "$last" != -c ] || conf=$word; last=$word; done
case "$*" in
*indextargets*) cat "$FAKE/targets" ;;
*update*) work=${conf%/*}; read -r line <"$work/sources.list"
	case $line in *" $(cat "$FAKE/good") trixie main") exit 0 ;; esac
	echo "E: Failed to fetch ${line##*] }: Could not resolve"; exit 100 ;;
*--print-uris*) echo "'http://m/a.deb' a_1_all.deb 3 SHA256:x" ;;
*--download-only*) sleep "$(cat "$FAKE/sleep")"
	[ ! -e "$FAKE/broken" ] || { echo 'E: Hash Sum mismatch'; exit 100; }
	echo deb >"${conf%/*}/cache/archives/a_1_all.deb" ;;
esac
"""
DPKG = """#!/bin/sh
[ ! -e "$FAKE/full" ] || { echo 'dpkg-deb: error: No space left on device' >&2; exit 2; }
lib=$3/usr/lib/x86_64-linux-gnu
mkdir -p "$3/usr/bin" "$lib" "$3/usr/share/games"
for name in qemu seabios bochs vgabios; do mkdir "$3/usr/share/$name"; done
touch "$3/usr/bin/qemu-system-x86_64" "$3/usr/share/games/chess"
[ -e "$FAKE/no-bochs" ] || touch "$3/usr/bin/bochs-bin"
cp "$FAKE/loader" "$lib/ld-linux-x86-64.so.2"
"""
#: Stands for the root's own loader: says what it was asked to start.
LOADER = """#!/bin/sh
case $* in
*--list*) echo "	linux-vdso.so.1 (0x0)"; echo "	libc.so.6 => $3/libc.so.6 (0x0)"
	[ ! -e "$FAKE/hostlib" ] || echo "	libz.so.1 => /lib/libz.so.1 (0x0)" ;;
*--version) echo 'QEMU emulator version 10.0.13 (fake)' ;;
*"--help cpu") printf '%s\\n' 'Bochs x86 Emulator 3.0' corei7_haswell_4770 ryzen ;;
*) echo "$QEMU_MODULE_DIR $LTDL_LIBRARY_PATH $*" ;;
esac
"""


@pytest.fixture
def made(tmp_path, monkeypatch):
    """make-root with the fakes above on its PATH: call it with a word, files in FAKE change it."""
    fake, bin_ = tmp_path / "fake", tmp_path / "bin"
    fake.mkdir()
    bin_.mkdir()
    for name, text in (("apt-get", APT), ("dpkg-deb", DPKG)):
        (bin_ / name).write_text(text)
        (bin_ / name).chmod(0o755)
    (fake / "loader").write_text(LOADER)
    (fake / "loader").chmod(0o755)
    (fake / "targets").write_text("http://m/debian/|bookworm|main|Debian\n")
    (fake / "good").write_text("http://m/debian/")
    (fake / "sleep").write_text("0")
    monkeypatch.setenv("FAKE", str(fake))
    monkeypatch.setenv("PATH", "%s:%s" % (bin_, os.environ["PATH"]))
    monkeypatch.setenv("ORDEAL_ROOTS", str(tmp_path / "roots of mine"))
    monkeypatch.delenv("ORDEAL_MIRROR", raising=False)

    def call(*words, start=False):
        command = [os.path.join(ROOT, "scripts", "make-root"), *words]
        if start:
            return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              check=False, timeout=60)
    call.fake, call.roots = fake, tmp_path / "roots of mine"
    return call


def left(made):
    """The files other than the lock."""
    return sorted(name for name in os.listdir(made.roots) if not name.endswith(".lock"))


# -- pure ---------------------------------------------------------------------------------------


def test_a_root_is_asked_for_by_its_suffix():
    assert toolbox.roots_of("tcg+trixie") == ("trixie",)
    assert toolbox.roots_of("kvm-amd@tcg+linux-6.1+trixie") == ("trixie",)
    for name in ("tcg", "trixie", "kvm-amd@tcg+linux-6.1", "tcg+buzz", ""):
        assert toolbox.roots_of(name) == ()


def test_every_emulator_platform_has_its_twin_in_each_root():
    """A platform with a root shares expectations and accel with the one without, and runs only if named."""
    known = platforms.known()
    host = Host(ROOT, ROOT, {})
    for name, platform in known.items():
        if name.startswith("kvm+") or platform.root or name in (
                "kvm", "kvm-amd@tcg+qemu", "uefi@tcg", "bios@tcg"):  # only this machine's QEMU
            continue
        for root in toolbox.ROOTS:
            twin = platforms.named("%s+%s" % (name, root))
            assert ("%s+%s" % (name, root) in known) == (root in toolbox.LISTED)
            assert twin.root == root and twin.slow and twin.defers
            assert twin.accel == platform.accel and root not in twin.expectations(host)
            assert twin.expectations(host) == platform.expectations(host)


def test_where_a_root_is(tmp_path):
    host = Host("/s", "/b", {})
    assert toolbox.place_of(host, "trixie") == "/b/.cache/ordeal/roots/trixie"
    host.env["ORDEAL_ROOTS"] = str(tmp_path)
    assert toolbox.place_of(host, "trixie") == str(tmp_path / "trixie")


def test_half_a_root_does_not_count(tmp_path):
    """Neither a directory without its last file, nor one made by other rules."""
    host = Host("/s", "/b", {"ORDEAL_ROOTS": str(tmp_path)})
    assert "is not built" in toolbox.need(host, "trixie").what
    (tmp_path / "trixie" / "bin").mkdir(parents=True)
    (tmp_path / "trixie" / "bin" / "bochs-bin").touch()
    for text in (None, "", "toolbox root, format 0\n", toolbox.FORMAT + "x\n"):
        if text is not None:
            (tmp_path / "trixie" / toolbox.COMPLETE).write_text(text)
        assert toolbox.program(host, "trixie", "bochs-bin") == ""
        assert "incomplete or out of date" in toolbox.need(host, "trixie").what
    (tmp_path / "trixie" / toolbox.COMPLETE).write_text(toolbox.FORMAT + "\n")
    assert toolbox.program(host, "trixie", "bochs-bin") == str(tmp_path / "trixie/bin/bochs-bin")


@pytest.mark.parametrize("targets,want", [
    ("http://m/debian/|bookworm|main|Debian", ["http://m/debian/"]),
    ("http://m/debian/|bookworm-updates|main|Debian\nhttp://s/|bookworm-security|main|Debian", []),
    ("http://x/|nodistro|main|$(ORIGIN)\nhttp://m/debian/|stable|main|Debian",
     ["http://m/debian/", "http://x/"]),
    ("http://u/|noble|main|Ubuntu\nhttp://m/|bookworm|contrib|Debian\ncdrom:x|bookworm|main|Debian",
     []),
    ("http://m/|a|main|Debian\nhttp://m/|b|main|Debian\nmirror+file:/m|a|main|", ["http://m/",
                                                                               "mirror+file:/m"]),
    ("\nnonsense\nE: what\n", [])])
def test_mirrors_are_those_of_this_machines_apt(targets, want):
    assert make_root.mirrors(targets) == want


def test_libraries_of_the_host_are_seen():
    listed = ("\tlinux-vdso.so.1 (0x1)\n\tlibc.so.6 => /r/usr/lib/libc.so.6 (0x2)\n"
              "\tlibz.so.1 => /lib/libz.so.1 (0x3)\n\tliba.so => not found\n\t/r/ld.so (0x4)\n"
              "\tlibq.so => /rr/libq.so (0x5)\n")
    assert make_root.outside(listed, "/r") == ["libz.so.1", "liba.so", "libq.so"]


def test_what_apt_complains_of():
    assert make_root.complaint("W: a\nE: Unable to x\nE: more\n") == "Unable to x"
    assert make_root.complaint("a\nlast\n") == "last" and make_root.complaint("") == "no output"


# -- making -------------------------------------------------------------------------------------


def test_a_root_is_made_once(made):
    """Whole, without what nobody needs; the second call changes nothing."""
    done = made("tcg+trixie", "trixie")
    assert done.returncode == 0, done.stderr
    place = made.roots / "trixie"
    assert left(made) == ["trixie"] and toolbox.complete(str(place))
    assert not (place / "usr/share/games").exists()
    assert (place / toolbox.COMPLETE).read_text().splitlines()[1:] == ["a_1_all"]
    calls = (made.fake / "calls").read_text()
    assert made("trixie").returncode == 0 and (made.fake / "calls").read_text() == calls
    (place / toolbox.COMPLETE).unlink()
    assert made("trixie").returncode == 0 and toolbox.complete(str(place))


def test_programs_start_with_what_is_the_roots_own(made):
    """From any directory, also when the root has moved, arguments untouched."""
    assert made("trixie").returncode == 0
    os.rename(made.roots / "trixie", made.roots / "moved")
    said = subprocess.run([str(made.roots / "moved/bin/qemu-system-x86_64"), "-x", "a  b"], cwd="/",
                          stdout=subprocess.PIPE, text=True, check=True).stdout
    root = str(made.roots / "moved/bin/..")
    assert said.startswith(root + "/usr/lib/x86_64-linux-gnu/qemu")
    assert "--library-path %s/usr/lib/x86_64-linux-gnu" % root in said
    assert "-L %s/usr/share/qemu -L %s/usr/share/seabios -x a  b" % (root, root) in said
    said = subprocess.run([str(made.roots / "moved/bin/bochs-bin"), "-q"], stdout=subprocess.PIPE,
                          text=True, check=True).stdout
    assert said.startswith(" %s/usr/lib/x86_64-linux-gnu/bochs/plugins" % root)


@pytest.mark.parametrize("file,text,words", [
    ("good", "http://other/", "Failed to fetch http://m/debian/ trixie main"),
    ("targets", "http://u/|noble|main|Ubuntu\n", "set ORDEAL_MIRROR"),
    ("broken", "", "Hash Sum mismatch; run this again"),
    ("full", "", "No space left on device"),
    ("no-bochs", "", "the packages hold no usr/bin/bochs-bin"),
    ("hostlib", "", "does not find libz.so.1 in the root"),
    ("loader", "#!/bin/sh\nexit 1\n", "its libraries")])
def test_what_goes_wrong_is_one_line_and_leaves_nothing(made, file, text, words):
    (made.fake / file).write_text(text)
    done = made("trixie")
    assert done.returncode == 1 and words in done.stderr, done.stderr
    assert len(done.stderr.splitlines()) == 1 and left(made) == []


def test_a_mirror_of_ones_own(made, monkeypatch):
    """ORDEAL_MIRROR comes before what apt's sources say."""
    (made.fake / "good").write_text("http://mine/debian")
    assert made("trixie").returncode == 1
    monkeypatch.setenv("ORDEAL_MIRROR", "http://mine/debian")
    assert made("trixie").returncode == 0


def test_too_little_room_and_bad_paths(made, monkeypatch):
    monkeypatch.setattr(make_root, "ROOM_MIB", 1 << 40)
    host = Host(ROOT, ROOT, {"ORDEAL_ROOTS": str(made.roots)})
    with pytest.raises(make_root.UserError, match="MiB free in .* make room"):
        make_root.make(host, "trixie")
    for bad in ("a:b", "a;b", 'a"b'):
        monkeypatch.setenv("ORDEAL_ROOTS", str(made.roots / bad))
        done = made("trixie")
        assert done.returncode == 1 and "set ORDEAL_ROOTS" in done.stderr
    monkeypatch.setenv("ORDEAL_ROOTS", os.devnull)
    done = made("trixie")
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("words", [(), ("buzz",), ("trixie", "-x"), ("tcg",)])
def test_words_that_are_no_root(made, words):
    done = made(*words)
    assert done.returncode == 2 and "the roots are: trixie forky sid" in done.stderr
    assert made("kvm-amd@tcg+linux-6.1").returncode == 0  # a suffix, but of a kernel


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_nothing_is_left(made, number):
    (made.fake / "sleep").write_text("30")
    process = made("trixie", start=True)
    deadline = time.monotonic() + 20
    while "download-only" not in ((made.fake / "calls").read_text()
                                  if (made.fake / "calls").exists() else ""):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(number)
    _, err = process.communicate(timeout=10)
    assert process.returncode == 130 and b"run make-root again" in err and left(made) == []


def test_what_a_killed_one_left_is_no_obstacle(made):
    part = made.roots / "trixie.part" / "cache"
    part.mkdir(parents=True)
    (part / "half").touch()
    assert made("trixie").returncode == 0 and left(made) == ["trixie"]


# -- in a run -----------------------------------------------------------------------------------


def test_without_the_root_others_run(tree, monkeypatch):
    """NOTRUN with the one line that says what to do; never silently left out."""
    done = tree.image("pass_a").run("-p", "tcg+trixie,tcg", env={"ORDEAL_ROOTS": tree.path})
    found = {r["platform"]: r for r in done.records() if r["type"] == "result"}
    assert done.status == 1 and found["tcg"]["verdict"] == "PASS"
    assert found["tcg+trixie"]["verdict"] == "NOTRUN"
    assert "scripts/make-root trixie" in found["tcg+trixie"]["reason"]
    done = tree.run("-p", "tcg+buzz")
    assert done.status == 2 and "unknown platform tcg+buzz" in done.err


def test_entries_with_versions_hold_for_the_roots_version():
    """One file for both: what was mended is no excuse for the newer one."""
    listed = known.parse("[a]\ncases = *\nverdict = FAIL\nreason = r\ncite = c\nversions = <9.1\n",
                         "x")
    for version, count in (("QEMU emulator version 7.2.22 (Debian)", 1),
                           ("QEMU emulator version 10.0.13 (Debian)", 0)):
        assert len(Deviations(listed, "tcg+trixie", version, "2026-01-01").deviations) == count


def real(name):
    """The platform, if this machine has its root."""
    host = find_host(ROOT, dict(os.environ))
    platform = platforms.known()[name]
    needs = platform.needs(host)
    if needs:
        pytest.skip("%s: %s; %s" % (name, needs[0].what, needs[0].fix))
    return platform.version(host)


@pytest.mark.parametrize("name,oldest", [("tcg+trixie", (10, 0)), ("bochs-intel+trixie", (3, 0)),
                                         ("bochs-amd+trixie", (3, 0))])
def test_the_real_one(tmp_path, name, oldest):
    """The root's emulator boots, with the root's firmware, and is newer than Debian 12's."""
    assert version_of(real(name))[:2] >= oldest
    done = subprocess.run([os.path.join(ROOT, "run_tests.sh"), "-p", name, "--logs",
                           str(tmp_path / "l"), "native/faults.irq_before_ud"], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout
