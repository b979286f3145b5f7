# SPDX-License-Identifier: BSD-2-Clause
"""The build: out of the tree, with each compiler, and only what changed."""
import os
import shutil
import subprocess
from typing import List, Set

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("ORDEAL_BUILD", ROOT)


def run(where: str, *command: str) -> subprocess.CompletedProcess:
    """A command with its output together."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(list(command), cwd=where, stdout=subprocess.PIPE, timeout=300, env=env,
                          stderr=subprocess.STDOUT, text=True, errors="surrogateescape", check=False)


def built(where: str, *targets: str) -> Set[str]:
    """The names of the files that make made."""
    done = run(where, "make", "-j2", *targets)
    assert done.returncode == 0, done.stdout
    lines = [line.split() for line in done.stdout.splitlines()]
    return {words[words.index("-o") + 1] for words in lines if "-o" in words}


def tree(path: str) -> str:
    """A copy of the sources to build in."""
    keep: List[str] = ["lib", "x86", "Makefile", "configure", "tests/c", "scripts/lab",
                       "scripts/explain"]
    for name in keep:
        source, target = os.path.join(ROOT, name), os.path.join(path, name)
        if os.path.isdir(source):
            shutil.copytree(source, target, ignore=shutil.ignore_patterns(
                "*.o", "*.d", "*.elf", "*.flat", "obj", "build_id.h", "bootdisk", "rom"))
        else:
            shutil.copy(source, target)
    if os.path.exists(os.path.join(path, "x86", "explain")):
        os.unlink(os.path.join(path, "x86", "explain"))
    return path


@pytest.fixture(scope="module", name="in_tree")
def _in_tree(tmp_path_factory) -> str:
    """A tree that is built in place."""
    where = tree(str(tmp_path_factory.mktemp("in") / "t"))
    assert run(where, "./configure").returncode == 0
    assert "x86/native.elf" in built(where)
    return where


def same_images(one: str, other: str) -> int:
    """The number of images, each of which is the same in two build directories."""
    names = [name for name in os.listdir(os.path.join(one, "x86")) if name.endswith(".flat")]
    for name in names:
        pair = [open(os.path.join(where, "x86", name), "rb").read() for where in (one, other)]
        assert pair[0] == pair[1], name
    return len(names)


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_out_of_tree_without_a_warning(tmp_path, in_tree, compiler):
    """With gcc, each image is the same as one that is built in the tree, in another directory."""
    if not shutil.which(compiler):
        pytest.skip("%s is not installed" % compiler)
    source = tree(str(tmp_path / "source"))
    where = str(tmp_path / "build")
    os.mkdir(where)
    done = run(where, source + "/configure", "--cc=" + compiler)
    assert done.returncode == 0, done.stdout
    done = run(where, "make", "-j2", "all")
    assert done.returncode == 0 and "warning" not in done.stdout, done.stdout
    left = [f for d, _, files in os.walk(source) for f in files if f.endswith((".o", ".d", ".mak"))]
    assert not left, "out-of-tree build wrote into the source tree"
    assert built(where) == set()
    if compiler == "clang":  # `make check` has a part that does it with the compiler of the tree
        done = run(where, "make", "-s", "-j2", "check-headers")
        assert done.returncode == 0, done.stdout
    else:
        assert same_images(where, in_tree) > 10
    assert run(where, "make", "clean").returncode == 0
    left = [f for d, _, files in os.walk(where) for f in files if f.endswith((".o", ".flat"))]
    assert not left


def test_the_runner_works_through_the_link_in_a_build_directory(tmp_path):
    os.symlink(os.path.join(ROOT, "run_tests.sh"), str(tmp_path / "run_tests.sh"))
    shutil.copy(os.path.join(BUILD, "config.mak"), str(tmp_path))
    os.symlink(os.path.join(BUILD, "x86"), str(tmp_path / "x86"))
    done = run(str(tmp_path), "./run_tests.sh", "--list-cases")
    assert done.returncode == 0 and "native/stories.sti_rdmsr.trap_gate" in done.stdout, done.stdout


def test_rebuilds_exactly_what_changed(in_tree):
    where = in_tree
    assert built(where) == set(), "the second make rebuilt something"

    os.utime(os.path.join(where, "x86", "native", "stories.c"))
    assert built(where) == {"x86/native/stories.o", "x86/native.elf", "x86/native.model.elf"}

    os.utime(os.path.join(where, "lib", "x86", "sweep", "across.h"))
    users = {os.path.splitext(os.path.relpath(os.path.join(d, f), where))[0] + ".o"
             for top in ("lib", "x86") for d, _, files in os.walk(os.path.join(where, top))
             for f in files if f.endswith(".c")
             and '#include "sweep/across.h"' in open(os.path.join(d, f), encoding="utf-8").read()}
    assert len(users) >= 3
    again = built(where)
    assert {f for f in again if f.endswith(".o")} == users
    assert "x86/empty.elf" in again


@pytest.mark.parametrize("there, option, says", [
    (True, [], "ccache"), (True, ["--disable-ccache"], ""), (False, [], ""),
    (False, ["--enable-ccache"], "")])
def test_ccache_is_used_if_it_is_there(tmp_path, monkeypatch, there, option, says):
    """For what is compiled; what only asks the compiler a question asks it directly."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("gcc", "ld", "objcopy", "mktemp", "rm", "cat", "ln", "dirname", "head", "git", "make",
                 "sh", "mkdir", "mv", "cmp", "grep", "tr", "cut", "as", "find", "echo", "true"):
        os.symlink(shutil.which(name), str(tools / name))
    if there:
        (tools / "ccache").write_text('#!/bin/sh\necho "$*" >>%s\nexec "$@"\n' % (tmp_path / "calls"))
        (tools / "ccache").chmod(0o755)
    monkeypatch.setenv("PATH", str(tools))
    where = str(tmp_path / "build")
    os.mkdir(where)
    assert run(where, ROOT + "/configure", *option).returncode == 0
    with open(os.path.join(where, "config.mak"), encoding="utf-8") as stream:
        assert ("CCACHE = %s\n" % says) in stream.read()
    assert "lib/x86/base/text.o" in built(where, "lib/x86/base/text.o")
    calls = (tmp_path / "calls").read_text().splitlines() if says else []
    assert len(calls) == bool(says) == (tmp_path / "calls").exists()
    assert all(" -c " in call for call in calls)


def test_each_header_is_tried_alone(tmp_path):
    """A header that lacks an include is named, and the others are tried all the same; what was tried
    is not tried again."""
    where = tree(str(tmp_path / "t"))
    assert run(where, "./configure").returncode == 0
    for name, text in (("lacks", "bool f(u64 x);\n"), ("whole", '#include "base/types.h"\n')):
        with open(os.path.join(where, "lib/x86/base", name + ".h"), "w", encoding="ascii") as stream:
            stream.write(text)
    done = run(where, "make", "-s", "-k", "-j2", "check-headers")
    assert done.returncode != 0
    assert done.stdout.count("does not compile alone") == 1
    assert "lib/x86/base/lacks.h: does not compile alone" in done.stdout
    os.unlink(os.path.join(where, "lib/x86/base/lacks.h"))
    assert run(where, "make", "-s", "check-headers").returncode == 0
    again = run(where, "make", "check-headers")
    assert again.returncode == 0 and " -include " not in again.stdout


def test_bad_configure_options(tmp_path):
    for option, says in (("--cc=no-such-cc", "no-such-cc"), ("--colour", "--colour")):
        done = run(str(tmp_path), ROOT + "/configure", option)
        assert done.returncode == 2
        assert says in done.stdout and done.stdout.count("\n") == 1
    assert not os.path.exists(str(tmp_path / "config.mak"))


SETUP = """#!/bin/sh
echo "$@" >>calls
case $1 in --check) exit %d ;; --packages) echo "cannot install" >&2; exit %d ;; esac
"""


@pytest.mark.parametrize("check, install, calls, says", [
    (0, 1, ["--check"], "the tests ran"),
    (2, 0, ["--check", "--packages"], "the tests ran"),
    (2, 2, ["--check", "--packages"], "set-up failed"),
])
def test_make_check_sets_itself_up(tmp_path, check, install, calls, says):
    where = tree(str(tmp_path / "t"))
    assert run(where, "./configure").returncode == 0
    for name, text in (("setup.sh", SETUP % (check, install)),
                       ("check", "#!/bin/sh\necho the tests ran\n")):
        path = os.path.join(where, "scripts", name)
        with open(path, "w", encoding="ascii") as stream:
            stream.write(text)
        os.chmod(path, 0o755)
    done = run(where, "make", "-o", "all", "check")
    assert says in done.stdout
    assert (done.returncode == 0) == (says == "the tests ran")
    with open(os.path.join(where, "calls"), encoding="ascii") as stream:
        assert stream.read().split() == calls


def test_make_alone_sets_nothing_up(tmp_path):
    where = tree(str(tmp_path / "t"))
    assert run(where, "./configure").returncode == 0
    done = run(where, "make", "-n", "help")
    assert done.returncode == 0 and "setup.sh" not in done.stdout
