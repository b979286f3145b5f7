# SPDX-License-Identifier: BSD-2-Clause
"""Paths that tools dislike: a tree with such a path builds and runs all the same, in the tree and out
of the tree, or one line says what is not possible; nothing succeeds without building anything."""
import os
import shutil

import pytest
from conftest import ROOT
from ordeal.host import Host
from ordeal.model import UserError
from ordeal.platforms import grub_iso, make_root, toolbox
from ordeal.platforms.lab.xen import plain_name
from test_build import run, tree

#: Names of directories that make, the shell, QEMU, Bochs, apt, xorriso or ld.so dislikes.
ODD = ("a b", " two  blanks ", "co:lon", "quo'te", 'quo"te', "$HOME", "$(id)", "back\\slash", "#hash",
       "per%cent", "a,b;c=d", "a&b|c>d", "st*r[a-z]?", "~", "-C", "`id`", "na\u00efve",
       os.fsdecode(b"\xff"), "new\nline", "tab\tx", "source")
#: The last steps of building the image hv.
LAST = ("x86/hv/stories.o", "x86/hv.elf", "x86/hv.flat")


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> str:
    """A tree, `in`, and a build directory of it, `out`, with the image hv built but for its last steps."""
    top = str(tmp_path_factory.mktemp("paths"))
    source, out = tree(os.path.join(top, "in")), os.path.join(top, "out")
    for name in ("run_tests.sh", "unittests.cfg"):
        shutil.copy(os.path.join(ROOT, name), source)
    shutil.copytree(os.path.join(ROOT, "scripts"), os.path.join(source, "scripts"), dirs_exist_ok=True)
    os.mkdir(out)
    for where in (source, out):
        assert run(where, source + "/configure").returncode == 0
        done = run(where, "make", "-j2", "x86/hv.flat")
        assert done.returncode == 0, done.stdout
        for name in LAST:
            os.unlink(os.path.join(where, name))
    return top


@pytest.mark.parametrize("name", ODD)
def test_a_tree_with_an_odd_path_builds_and_runs(built, tmp_path, name):
    source, out = str(tmp_path / name), str(tmp_path / ("build " + name))
    shutil.copytree(built + "/in", source)
    shutil.copytree(built + "/out", out, symlinks=True)
    for where in (source, out):
        done = run(where, source + "/configure")
        assert done.returncode == 0, done.stdout
        for made in ("config.mak", "Makefile"):
            os.utime(os.path.join(where, made), (0, 0))  # what is built stays
        done = run(str(tmp_path), "make", "-C", where, "x86/hv.flat")
        assert done.returncode == 0, done.stdout
        assert all(os.path.exists(os.path.join(where, made)) for made in LAST)
        assert done.stdout.count(" -c ") == 1, "it built more than was missing"
        done = run(where, "./run_tests.sh", "-p", "tcg", "hv/stories.*")
        assert done.returncode == 0 and "PASS tcg hv (" in done.stdout, done.stdout


def test_a_tree_behind_a_symbolic_link(built, tmp_path):
    source, link = str(tmp_path / "tree"), str(tmp_path / "link")
    shutil.copytree(built + "/in", source)
    os.symlink("tree", link)
    with open(source + "/Makefile", encoding="utf-8") as stream:
        makefile = stream.read()
    for where, way in ((link, source), (source, link), (link, "."), (link, link)):
        done = run(where, way + "/configure")
        assert done.returncode == 0, done.stdout
        with open(source + "/Makefile", encoding="utf-8") as stream:
            assert stream.read() == makefile
        assert not os.path.lexists(source + "/source")
        done = run(where, "make", "-n", "x86/hv.flat")
        assert done.returncode == 0 and " source/" not in done.stdout
    os.mkdir(str(tmp_path / "out"))
    assert run(str(tmp_path / "out"), link + "/configure").returncode == 0
    done = run(str(tmp_path / "out"), "make", "-n", "x86/hv.flat")
    assert done.returncode == 0 and "-c -o lib/x86/hv/vcpu.o source/lib" in done.stdout


def refused(done, *words: str) -> None:
    """Status 2 and one line with these words."""
    assert done.returncode == 2, done.stdout
    assert done.stdout.count("\n") == 1, done.stdout
    for word in words:
        assert word in done.stdout


def test_no_image_is_an_error(tmp_path):
    where = tree(str(tmp_path / "a b"))
    assert run(where, "./configure").returncode == 0
    with open(where + "/config.mak", encoding="utf-8") as stream:
        config = stream.read()
    # As an earlier configure wrote it.
    with open(where + "/config.mak", "w", encoding="utf-8") as stream:
        stream.write(config.replace("SRCDIR = .", "SRCDIR = " + where))
    for goal in ("all", "check", "lab", "x86/empty.flat"):
        refused(run(where, "make", "-s", "MAKELEVEL=1", goal), "no image to build", where)
    with open(where + "/config.mak", "w", encoding="utf-8") as stream:
        stream.write(config)
    shutil.rmtree(where + "/x86")
    refused(run(where, "make"), "no image to build", "./x86")


def test_make_f_with_a_blank_is_refused(tmp_path):
    where = tree(str(tmp_path / "a b"))
    refused(run(str(tmp_path), "make", "-f", where + "/Makefile"), "blank", "make -C")
    assert os.listdir(str(tmp_path)) == ["a b"]


def test_a_build_directory_with_a_source_of_its_own_is_refused(tmp_path):
    os.mkdir(str(tmp_path / "source"))
    refused(run(str(tmp_path), ROOT + "/configure"), str(tmp_path) + "/source", "empty directory")
    assert os.listdir(str(tmp_path)) == ["source"]


@pytest.mark.parametrize("sign", toolbox.UNUSABLE)
def test_no_toolbox_root_where_its_tools_take_the_path_apart(tmp_path, sign):
    host = Host(ROOT, ROOT, {"ORDEAL_ROOTS": str(tmp_path / ("a%sb" % sign))})
    with pytest.raises(UserError, match="set ORDEAL_ROOTS"):
        make_root.make(host, "trixie")
    place = toolbox.place_of(host, "trixie")
    os.makedirs(place)
    with open(os.path.join(place, toolbox.COMPLETE), "w", encoding="ascii") as stream:
        stream.write(toolbox.FORMAT + "\n")  # a root that was moved there
    assert toolbox.program(host, "trixie", "bochs-bin") == ""
    need = toolbox.need(host, "trixie")
    assert "cannot be used" in need.what and "ORDEAL_ROOTS" in need.fix and "\n" not in need.what


def test_xen_is_named_so_that_qemu_leaves_its_name_whole(tmp_path, monkeypatch):
    for name in ("a b", "a,b"):
        where = tmp_path / name
        where.mkdir()
        monkeypatch.chdir(where)
        assert plain_name(str(where / "lab" / "xen")) == "lab/xen"
        monkeypatch.chdir(tmp_path)
        with pytest.raises(UserError, match="run from the build directory"):
            plain_name(str(where / "lab" / "xen"))
    assert plain_name("/plain/xen") == "/plain/xen"


@pytest.mark.parametrize("name", ["a b", "a,b;c=d"])
def test_an_iso_can_be_made_there(tmp_path, name):
    host = Host(ROOT, str(tmp_path / name), dict(os.environ))
    os.makedirs(host.cache)
    image = os.path.join(os.environ.get("ORDEAL_BUILD", ROOT), "x86", "empty.flat")
    assert os.path.getsize(grub_iso.make_iso(host, image, ["word"])) > 1 << 19
