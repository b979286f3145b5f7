# SPDX-License-Identifier: BSD-2-Clause
"""kvm-unit-tests' trees: their images, cfg keys and lines, with small images of our own in QEMU."""
import os
import shutil
import subprocess

import pytest
from conftest import HERE, ROOT
from ordeal.judge.kut import KutSession, slug
from ordeal.judge.session import Ending

QEMU = shutil.which("qemu-system-x86_64")
needs_qemu = pytest.mark.skipif(QEMU is None, reason="no qemu-system-x86_64 here")
LINES = "PASS: first thing\\nFAIL: second: it's 5\\nSKIP: third\\nXFAIL: known\\n"


@pytest.fixture
def kut(tree):
    """A tree like kvm-unit-tests': cfg and images both in x86/."""
    tree.cfg = os.path.join(tree.path, "x86", "unittests.cfg")
    del tree.env["QEMU"]

    def image(name, text, code, *more):
        subprocess.run(["gcc", "-m32", "-nostdlib", "-static", "-Wl,-Ttext=0x100000",
                        "-Wl,--build-id=none", "-DTEXT=\"%s\"" % text, "-DCODE=%d" % code,
                        *more, os.path.join(HERE, "guests", "foreign.S"), "-o",
                        os.path.join(tree.path, "x86", name)], check=True)
    tree.build = image
    return tree


@needs_qemu
def test_a_verdict_for_each_line_and_one_for_the_image(kut):
    kut.build("a.flat", LINES + "SUMMARY: 4 tests, 1 unexpected failures\\n", 1)
    kut.write("x86/unittests.cfg", "[a]\nfile = a.flat\n")
    done = kut.run()
    assert done.status == 1
    assert done.verdicts() == {"a/first_thing": "PASS", "a/second_it_s_5": "FAIL",
                               "a/third": "SKIP", "a/known": "XFAIL", "a/exit": "FAIL"}
    assert "4 tests, 1 unexpected failures" in done.result("a/exit")["reason"]


@needs_qemu
@pytest.mark.parametrize("text,code,verdict", [
    ("PASS: x\\n", 0, "PASS"), ("SKIP: x\\n", 77, "SKIP"), ("", 127, "CRASH"),
    ("PASS: x\\nFAIL: y\\n", 0, "ERROR"), ("", 5, "FAIL")])
def test_the_image_as_a_whole(kut, text, code, verdict):
    kut.build("a.flat", text, code)
    kut.write("x86/unittests.cfg", "[a]\nfile = a.flat\n")
    done = kut.run()
    assert done.verdicts()["a/exit"] == verdict
    assert done.status == (0 if verdict in ("PASS", "SKIP") else 1)


@needs_qemu
def test_keys_are_honoured(kut):
    kut.build("e.flat", "PASS: x\\nargs:", 0, "-DECHO")
    kut.write("x86/unittests.cfg", '''
# a comment
[echo]
file = e.flat
smp = 2
test_args = "one 'two' `echo three` $((MAX_SMP * 0))"
extra_params = """-m 48 \\
-cpu qemu64"""
groups = alpha beta
[kvmonly]
file = e.flat
accel = kvm
[thirtytwo]
file = e.flat
arch = i386
[checked]
file = e.flat
check = /proc/sys/kernel/ostype=Plan9
[off]
file = e.flat
disabled_if = [[ 1 -eq 1 ]]
[manual]
file = e.flat
groups = nodefault
''')
    done = kut.run("-v")
    assert done.status == 0, done.out + done.err
    assert done.verdicts() == {"echo/x": "PASS", "echo/exit": "PASS", "kvmonly/exit": "SKIP",
                               "thirtytwo/exit": "SKIP", "checked/exit": "SKIP",
                               "off/exit": "SKIP"}
    argv = done.boots()[0]["argv"]
    assert argv[argv.index("-smp") + 1] == "2" and argv[-4:] == ["-m", "48", "-cpu", "qemu64"]
    with open(os.path.join(kut.logs, "tcg", "echo.log"), encoding="ascii") as stream:
        assert "one 'two' three 0" in stream.read()
    assert kut.run("-g", "beta").verdicts() == {"echo/x": "PASS", "echo/exit": "PASS"}
    assert kut.run("-l").out.split() == ["echo", "kvmonly", "thirtytwo", "checked", "off",
                                         "manual"]


@needs_qemu
def test_blanks_in_a_path_do_not_reach_the_guests_arguments(kut):
    kut.build("e.flat", "PASS: x\\nargs:", 0, "-DECHO")
    where = os.path.join(kut.path, "a b \u00e9")
    os.makedirs(os.path.join(where, "x86"))
    os.rename(os.path.join(kut.path, "x86", "e.flat"), os.path.join(where, "x86", "e.flat"))
    cfg = kut.write("a b \u00e9/x86/unittests.cfg", "[e]\nfile = e.flat\ntest_args = one\n")
    assert kut.run("--cfg", cfg).status == 0
    with open(os.path.join(kut.logs, "tcg", "e.log"), encoding="utf-8") as stream:
        line = next(line for line in stream if line.startswith("args:"))
    assert len(line.split()) == 2 and line.split()[1] == "one"
    done = subprocess.run([os.path.join(ROOT, "x86", "run"), where + "/x86/e.flat", "two"],
                          stdout=subprocess.PIPE, text=True, check=True)
    line = next(line for line in done.stdout.splitlines() if line.startswith("args:"))
    assert len(line.split()) == 2 and line.split()[1] == "two"


@needs_qemu
def test_one_subtest_can_be_chosen_afterwards(kut):
    kut.build("a.flat", "PASS: one\\nFAIL: two\\n", 1)
    kut.write("x86/unittests.cfg", "[a]\nfile = a.flat\n")
    assert set(kut.run("a/one").verdicts()) == {"a/one", "a/exit"}
    assert set(kut.run("-x", "a/exit", "-x", "a/two").verdicts()) == {"a/one"}


@pytest.mark.parametrize("ending,verdict", [
    (Ending("timeout"), "TIMEOUT"), (Ending("off"), "CRASH"), (Ending("signal"), "CRASH"),
    (Ending("vmm", None, "no such cpu"), "ERROR"), (Ending("exit", 0), "PASS")])
def test_how_it_ended(ending, verdict):
    session = KutSession()
    session.feed(b"PASS: a\nSUMMARY: 1 tests\n")
    judgement = session.finish(ending)
    assert judgement.cases["exit"].verdict == verdict and judgement.cases["a"].verdict == "PASS"


def test_names_are_stable_and_unique():
    taken = {}
    assert [slug(t, taken) for t in ("a: b", "a b", "a: b", "", "exit", "\u00e9")] == [
        "a_b", "a_b.2", "a_b.3", "unnamed", "exit_", "unnamed.2"]
