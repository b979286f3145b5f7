# SPDX-License-Identifier: BSD-2-Clause
"""Bochs going wrong, played by a script: it dies, hangs, is too old, or has not the model."""
import os
import shutil

import pytest

from ordeal.platforms import bochs_plugins

BUILD = os.environ.get("ORDEAL_BUILD",
                       os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VERSION = "                        Bochs x86 Emulator 2.7\n"
needs_grub = pytest.mark.skipif(shutil.which("grub-mkrescue") is None
                                or not os.path.isdir("/usr/lib/grub/i386-pc"),
                                reason="no GRUB here to make an ISO with")


def bochs(tree, script, version=VERSION, models="corei7_haswell_4770"):
    """BOCHS=this script; a file name of its own each time, since answers are remembered."""
    path = tree.write("bochs-%d" % len(os.listdir(tree.path)), (
        "#!/bin/sh\ncase $* in *--help*) printf '%%s\\n' '%s' '%s'; exit 0 ;; esac\n%s\n"
        % (version.strip(), models, script)))
    os.chmod(path, 0o755)
    tree.env["BOCHS"] = path
    return tree.image("pass_a", "pass_b")


@needs_grub
@pytest.mark.parametrize("script,verdict,words", [
    ("kill -SEGV $$", "CRASH", "by signal 11"),
    ("sleep 1000", "TIMEOUT", "time limit"),
    ("echo no such plugin >&2; exit 1", "ERROR", "no such plugin"),
    ("exit 0", "ERROR", "without a panic line"),
    ("echo 'p[UNMAP ] >>PANIC<< Shutdown port: shutdown requested' >${3%bochsrc}bochs.log; exit 1",
     "CRASH", "before the first line"),
    ("echo '00019354008p[X ] >>PANIC<< what' >${3%bochsrc}bochs.log; exit 1", "ERROR",
     "of its log: p[X ] >>PANIC<< what"),
    ("echo PASS: fake: pass_a >${3%bochsrc}com1; exit 1", "ERROR", "does not begin with ORDEAL")])
def test_a_boot_that_goes_wrong(tree, script, verdict, words):
    done = bochs(tree, script).run("-p", "bochs-intel", "--set", "fake.timeout=0.3s")
    assert done.status == 1, done.err
    assert done.verdicts() == {"fake/pass_a": verdict, "fake/pass_b": "NOTRUN"}
    assert words in done.result("fake/pass_a")["reason"]
    assert os.listdir(tree.temporary) == []


@pytest.mark.parametrize("version,models,words", [
    ("Bochs x86 Emulator 2.6.11", "corei7_haswell_4770", "not Bochs 2.7"),
    ("something else", "corei7_haswell_4770", "no known version"),
    ("Bochs x86 Emulator 2.7", "pentium", "no CPU model corei7_haswell_4770")])
def test_a_bochs_that_will_not_do(tree, version, models, words):
    done = bochs(tree, "exit 1", version, models).run("-p", "bochs-intel")
    assert done.status == 2 and words in done.err and "BOCHS" in done.err
    assert len(done.err.splitlines()) == 1


@needs_grub
def test_the_iso_is_made_once_and_each_boot_gets_its_nonce(tree):
    script = "cp ${3%bochsrc}image.iso KEEP$(ls KEEP* 2>/dev/null | wc -l); exit 1"
    bochs(tree, script.replace("KEEP", os.path.join(tree.path, "iso")))
    for _ in (1, 2):
        tree.run("-p", "bochs-intel")
    nonces = set()
    for name in ("iso0", "iso1"):
        with open(os.path.join(tree.path, name), "rb") as stream:
            data = stream.read()
        at = data.index(b"nonce=")
        nonces.add(data[at:at + 14])
        assert b"nonce=____" not in data and b"exit=bochs" in data
    assert len(nonces) == 2


@needs_grub
@pytest.mark.skipif(shutil.which("bochs-bin") is None, reason="no Bochs here")
@pytest.mark.parametrize("note,boot", [(b"Xen\0", "pvh"), (b"Xex\0", "multiboot")])
def test_both_ways_to_boot(tree, note, boot):
    """The disk for an image with a PVH note, GRUB's ISO for one without."""
    with open(os.path.join(BUILD, "x86", "native.flat"), "rb") as stream:
        content = stream.read()
    assert content.count(b"Xen\0") == 1
    os.makedirs(os.path.join(tree.path, "x86"), exist_ok=True)
    with open(os.path.join(tree.path, "x86", "fake.flat"), "wb") as stream:
        stream.write(content.replace(b"Xen\0", note))
    tree.write("unittests.cfg", "[fake]\nfile = fake.flat\ntimeout = 20\n")
    done = tree.run("-p", "bochs-intel", "fake/shadow.sti_nop")
    assert done.verdicts() == {"fake/shadow.sti_nop": "PASS"}, done.out + done.err
    with open(os.path.join(tree.logs, "bochs-intel", "fake.log"), encoding="ascii") as stream:
        assert " boot=%s " % boot in stream.read()


@needs_grub
def test_a_machine_that_found_no_port_is_made_again(tree):
    """Bochs loses a race for its display's port; the boot is shown, and made once more."""
    script = ("echo x >>STATE; [ $(wc -l <STATE) -gt 1 ] && exit 0; echo 'p[RFB   ] >>PANIC<< RFB could"
              " not bind any port between 5900 and 5949' >${3%bochsrc}bochs.log; kill -SEGV $$")
    done = bochs(tree, script.replace("STATE", os.path.join(tree.path, "starts"))).run("-p", "bochs-intel")
    assert done.verdicts() == {"fake/pass_a": "ERROR", "fake/pass_b": "NOTRUN"}
    assert "without a panic line" in done.result("fake/pass_a")["reason"]
    assert len(done.boots()) == 2


def plugins_of(tree, *names):
    """A Bochs in a directory of its own, with these plugins."""
    program = tree.write("usr/bin/bochs-bin", "")
    for name in names:
        tree.write("usr/lib/x86_64-linux-gnu/bochs/plugins/libbx_%s.so" % name, name)
    return program


def test_bochs_is_shown_the_plugins_that_it_needs(tree):
    """One that nobody knows may be needed."""
    program = plugins_of(tree, "vga", "rfb_gui", "wx_gui", "usb_uhci", "usb_xhci", "new")
    work = os.path.join(tree.path, "tmp")
    found = bochs_plugins.environment(program, work, {})
    assert found["GLIBC_TUNABLES"] == "glibc.malloc.hugetlb=1"
    links = found["LTDL_LIBRARY_PATH"]
    assert sorted(os.listdir(links)) == [
        "libbx_%s.so" % name for name in ("new", "rfb_gui", "usb_uhci", "vga")]
    with open(os.path.join(links, "libbx_vga.so"), encoding="ascii") as stream:
        assert stream.read() == "vga"


def test_what_the_user_sets_stays(tree):
    program = plugins_of(tree, "vga")
    mine = {"LTDL_LIBRARY_PATH": "/mine", "GLIBC_TUNABLES": ""}
    assert bochs_plugins.environment(program, tree.path, mine) == {}


def test_a_bochs_without_plugins(tree):
    assert "LTDL_LIBRARY_PATH" not in bochs_plugins.environment(
        tree.write("bin/bochs", ""), tree.path, {})


@needs_grub
def test_the_environment_of_a_boot_is_in_its_log(tree):
    done = bochs(tree, "echo tunables=$GLIBC_TUNABLES >&2; exit 1").run(
        "-p", "bochs-intel", env={"GLIBC_TUNABLES": "glibc.malloc.check=0"}.items())
    with open(os.path.join(done.logs, "bochs-intel", "fake.log"), encoding="ascii") as stream:
        log = stream.read()
    assert "tunables=glibc.malloc.check=0" in log and not log.startswith("--- GLIBC")
    done = tree.run("-p", "bochs-intel")
    with open(os.path.join(done.logs, "bochs-intel", "fake.log"), encoding="ascii") as stream:
        log = stream.read()
    assert "tunables=glibc.malloc.hugetlb=1" in log
    assert log.startswith("--- GLIBC_TUNABLES=glibc.malloc.hugetlb=1 /")
