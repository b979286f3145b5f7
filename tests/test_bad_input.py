# SPDX-License-Identifier: BSD-2-Clause
"""Bad input: each gives one line that names the thing, and exit status 2; nothing boots."""
import os
import subprocess

import pytest
from conftest import FAKE, ROOT


def refused(done, *words):
    """One line on standard error with these words, status 2, no logs."""
    assert done.status == 2, done.out + done.err
    assert len(done.err.splitlines()) == 1 and done.err.startswith("run_tests.sh: "), done.err
    for word in words:
        assert word in done.err
    assert "Traceback" not in done.err
    assert not os.path.exists(os.path.join(done.logs, "tcg"))


@pytest.mark.parametrize("args,words", [
    (["--bogus"], ["--bogus"]), (["--juint", "x"], ["--juint", "did you mean --junit"]),
    (["-Z"], ["-Z"]), (["-j"], ["-j", "value"]), (["-j", "0"], ["-j 0"]),
    (["-j", "x"], ["-j x"]), (["--repeat", "-1"], ["--repeat -1"]),
    (["--list=yes"], ["--list", "no value"]), (["--shard", "3/2"], ["3/2"]),
    (["--shard", "1"], ["--shard 1"]), (["--fail-on", "sadness"], ["sadness"]),
    (["--fail-on", "fixed"], ["--baseline"]), (["--html", "/proc/d"], ["--html", "/proc/d"]),
    (["nosuch"], ["unknown test nosuch"]), (["fake/nosuch"], ["unknown case fake/nosuch"]),
    (["nosuch/*"], ["unknown case nosuch"]), (["-x", "nosuch"], ["-x", "nosuch"]),
    (["-g", "nosuch"], ["unknown group nosuch"]), (["-p", "vax"], ["unknown platform vax"]),
    (["-x", "fake"], ["nothing to run"]), (["--differential", "tcg"], ["two platforms"]),
    (["--set", "fake"], ["TEST.KEY=VALUE"]), (["--set", "nosuch.smp=1"], ["no test nosuch"]),
    (["--set", "fake.smpp=1"], ["unknown key smpp", "smp"]),
    (["--set", "fake.timeout=soon"], ["soon"]), (["--baseline", "/nonexistent"], ["/nonexistent"]),
    (["--cfg", "/nonexistent.cfg"], ["/nonexistent.cfg"]),
    (["--tap"], ["--tap"]), (["--jsonl", "/nonexistent/f"], ["/nonexistent/f"])])
def test_command_line(tree, args, words):
    refused(tree.image("pass_a").run(*args), *words)


@pytest.mark.parametrize("text,words", [
    ("", ["no [section]"]), ("file = x\n", [":1:", "file", "before the first"]),
    ("[a\nfile = x\n", [":1:", "malformed"]), ("[]\n", [":1:"]),
    ("[a]\nfile = fake.flat\nnonsense\n", [":3:", "nonsense"]),
    ("[a]\nfile = fake.flat\nfil = x\n", [":3:", "unknown key fil", "did you mean file"]),
    ("[a]\nfile = fake.flat\nfile = fake.flat\n", [":3:", "twice"]),
    ("[a]\nfile = fake.flat\n[a]\nfile = fake.flat\n", [":3:", "[a]", "line 1"]),
    ("[a]\nsmp = 1\n", ["[a]", "lacks file"]),
    ("[a]\nfile = fake.flat\ntimeout = later\n", [":3:", "later"]),
    ("[a b]\nfile = fake.flat\n", [":1:", "[a b]"]),
    ("[a]\nfile = nosuch.flat\n", ["[a]", "nosuch.flat", "make"]),
    ("[a]\nfile = fake.flat\nqemu_params = \"\"\"\n-m 1\n", [":3:", "never closed"]),
    ("[a]\nfile = fake.flat\ntest_args = 'a\n", [":1", "quotation"]),
    ("[a]\nfile = fake.flat\ntest_args = nosuch\n", ["no case of fake.flat"]),
    ("[a]\nfile = fake.flat\ncheck = /proc/version\n", ["PATH=VALUE"]),
    ("[a]\nfile = fake.flat\ndisabled_if = [[\n", ["disabled_if"])])
def test_cfg(tree, text, words):
    tree.write("unittests.cfg", text)
    refused(tree.image("pass_a").run(), *words)


def test_cfg_that_is_not_text(tree):
    tree.image("pass_a")
    with open(tree.cfg, "wb") as stream:
        stream.write(b"[a]\nfile = \xff\xfe\n")
    refused(tree.run(), "unittests.cfg", "UTF-8")


def test_cfg_that_may_not_be_read(tree):
    tree.image("pass_a")
    refused(tree.run("--cfg", tree.path), tree.path)


@pytest.mark.parametrize("text,words", [
    ("[a]\ncases = *\nverdict = FAIL\nreason = r\n", ["[a]", "cite"]),
    ("[a]\ncases = *\nverdict = BAD\nreason = r\ncite = c\n", ["BAD"]),
    ("[a]\ncases = *\nverdict = FAIL\nreason = r\ncite = c\nwhy = x\n", [":6:", "why"]),
    ("[a]\ncases = *\nverdict = FAIL\nreason = r\ncite = c\nversions = new\n", ["new"]),
    ("[a]\ncases = *\nverdict = FAIL\nreason = r\ncite = c\nexpires = soon\n", ["soon"]),
    ("[a]\ncases = *\nverdict = FAIL\nreason = r\ncite = c\nintermittent = 1\n", ["yes or no"])])
def test_expectations(tree, text, words):
    tree.write("expected/tcg.cfg", text)
    refused(tree.image("pass_a").run(), "tcg.cfg", *words)


def test_images(tree):
    tree.image("pass_a")
    path = os.path.join(tree.path, "x86", "fake.flat")
    with open(path, "rb") as stream:
        good = stream.read()
    for data, word in ((good[:-70], "truncated"), (good.replace(b"pass_a\0", b"pa s_a\0"), "name")):
        with open(path, "wb") as stream:
            stream.write(data)
        refused(tree.run(), "fake.flat", word)


@pytest.mark.parametrize("env,words", [
    ({"QEMU": "/nonexistent/qemu"}, ["QEMU=/nonexistent/qemu"]),
    ({"QEMU": FAKE, "FAKE_VERSION": "QEMU emulator version 2.5.0"}, ["too old", "2.5.0"]),
    ({"QEMU": "/bin/true"}, ["/bin/true", "does not say its version"]),
    ({"TIMEOUT": "soon"}, ["TIMEOUT=soon"]), ({"CHECK": "what"}, ["PATH=VALUE"]),
    ({"BOCHS": "/nonexistent/bochs"}, ["BOCHS=/nonexistent/bochs"])])
def test_environment(tree, env, words, tmp_path):
    args = ["-p", "bochs-intel"] if "BOCHS" in env else []
    if "FAKE_VERSION" in env:  # a name of its own, since versions are remembered by file
        env = dict(env, QEMU=os.path.join(str(tmp_path), "old-qemu"))
        with open(env["QEMU"], "w", encoding="ascii") as stream:
            stream.write("#!/bin/sh\necho QEMU emulator version 2.5.0\n")
        os.chmod(env["QEMU"], 0o755)
    refused(tree.image("pass_a").run(*args, env=list(env.items())), *words)


def test_platforms_says_what_is_missing_and_which_package_gives_it(tmp_path):
    env = {"PATH": str(tmp_path), "HOME": str(tmp_path), "ORDEAL_ROOTS": str(tmp_path)}
    done = subprocess.run(["/usr/bin/python3", "-I", "-S", os.path.join(ROOT, "scripts", "ordeal", "__main__.py"),
                           "--platforms"], env=env, stdout=subprocess.PIPE, text=True, check=True)
    for word in ("qemu-system-x86", "apt-get install bochs", "scripts/make-root trixie"):
        assert word in done.stdout


def test_set_up_names_the_missing_packages_and_installs_nothing(tmp_path):
    for tool in ("sh", "dirname", "sed", "cut", "sort", "id", "cat"):
        os.symlink("/bin/" + tool, os.path.join(str(tmp_path), tool))
    done = subprocess.run(["/bin/sh", os.path.join(ROOT, "scripts", "setup.sh"), "--check"],
                          env={"PATH": str(tmp_path)}, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2 and "qemu-system-x86: platforms tcg and kvm" in done.stderr


@pytest.mark.parametrize("args,status,words", [
    ([], 2, ""), (["-h"], 0, ""), (["/nonexistent.flat"], 2, "run make")])
def test_x86_run(args, status, words):
    done = subprocess.run([os.path.join(ROOT, "x86", "run")] + args, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == status and words in done.stdout and done.stdout


def test_x86_run_gives_the_guests_status(tree):
    tree.image("pass_a", "fail_b")
    for glob, status in (("pass_*", 0), ("fail_*", 1), ("hang_*", 77)):
        done = subprocess.run([os.path.join(ROOT, "x86", "run"), "x86/fake.flat", glob],
                              cwd=tree.path, env=tree.environment({}), stdout=subprocess.PIPE,
                              text=True, check=False)
        assert "ORDEAL 1" in done.stdout
        assert done.returncode == status
