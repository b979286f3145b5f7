# SPDX-License-Identifier: BSD-2-Clause
"""Bochs going wrong, played by a script: it dies, hangs, is too old, or has not the model."""
import os
import shutil

import pytest

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
    ("echo PASS: fake: pass_a >${3%bochsrc}com1; exit 1", "ERROR", "does not begin with ORDEAL")])
def test_a_boot_that_goes_wrong(tree, script, verdict, words):
    done = bochs(tree, script).run("-p", "bochs-intel", "--set", "fake.timeout=0.3s")
    assert done.status == 1, done.err
    assert done.verdicts() == {"fake/pass_a": verdict, "fake/pass_b": "NOTRUN"}
    assert words in done.result("fake/pass_a")["reason"]
    assert os.listdir(tree.temporary) == []


@pytest.mark.parametrize("version,models,words", [
    ("Bochs x86 Emulator 2.6.11", "corei7_haswell_4770", "want Bochs 2.7"),
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
