# SPDX-License-Identifier: BSD-2-Clause
"""What the documentation shows is what the project does: its example compiles and passes, its names
and links exist."""
import glob
import os
import re
import shlex
import shutil
import subprocess
from typing import Dict, List, Tuple

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGES = sorted(os.path.relpath(p, ROOT) for p in glob.glob(os.path.join(ROOT, "docs", "*.md"))
               + glob.glob(os.path.join(ROOT, "*.md")))


def read(*path: str) -> str:
    """A file of the project."""
    with open(os.path.join(ROOT, *path), encoding="utf-8") as stream:
        return stream.read()


def example() -> Dict[str, str]:
    """The files that docs/writing-a-test.md spells out."""
    found = re.findall(r"<!-- file: (\S+) -->\n```\w*\n(.*?)^```$",
                       read("docs", "writing-a-test.md"), re.S | re.M)
    assert {name for name, _ in found} == {"x86/example.c", "unittests.cfg"}
    return dict(found)


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> str:
    """A copy of the tree with the example in it, built."""
    where = str(tmp_path_factory.mktemp("example") / "tree")
    os.mkdir(where)
    for name in ("lib", "Makefile", "configure", "run_tests.sh", "scripts", "expected"):
        source, target = os.path.join(ROOT, name), os.path.join(where, name)
        if os.path.isdir(source):
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.o", "*.d", "build_id.h"))
        else:
            shutil.copy(source, target)
    os.mkdir(os.path.join(where, "x86"))
    shutil.copy(os.path.join(ROOT, "x86", "run"), os.path.join(where, "x86", "run"))
    for name, text in example().items():
        with open(os.path.join(where, name), "w", encoding="utf-8") as stream:
            stream.write(text)
    env = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(["make", "-j2"], cwd=where, env=env, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=300, check=False)
    assert done.returncode == 0 and "warning" not in done.stdout, done.stdout
    return where


def test_the_example_passes_in_the_runner(built):
    done = subprocess.run(["./run_tests.sh", "-p", "tcg", "example"], cwd=built, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
                          check=False)
    assert done.returncode == 0, done.stdout
    assert "PASS tcg example (3 passed)" in done.stdout


def test_the_example_prints_what_the_page_shows(built):
    done = subprocess.run(["x86/run", "x86/example.flat", "example.*"], cwd=built, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
                          check=False)
    assert done.returncode == 0
    shown = re.search(r"^```\n(CASE: example.*?)^```$", read("docs", "writing-a-test.md"),
                      re.S | re.M).group(1)
    assert shown in done.stdout.replace("\r", "").replace("DONE:", "```\nDONE:")


def table(page: str, header: str) -> str:
    """The table below a header row."""
    return re.search(r"^\| %s \|.*?\n\n" % re.escape(header), page, re.S | re.M).group(0)


def test_the_names_on_the_page_exist():
    page = read("docs", "writing-a-test.md")
    fragments = set(re.findall(r"^FRAGMENT\((\w+),", read("lib", "x86", "order", "fragments.def"), re.M))
    for name in re.findall(r"`([A-Z_0-9]+)`", table(page, "kind | fragments")):
        assert name in fragments, name
    macros = set(re.findall(r"^#define (\w+)", read("lib", "x86", "stage", "dialect.h")
                            + read("lib", "x86", "stage", "case.h"), re.M))
    for header in ("event | want", "modifier | asserts", "place | is", "macro | for"):
        for name in re.findall(r"`([A-Z_0-9]+)", table(page, header)):
            assert name in macros, name


@pytest.mark.parametrize("page", PAGES)
def test_links_and_paths(page):
    text = read(page)
    here = os.path.dirname(os.path.join(ROOT, page))
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert os.path.exists(os.path.join(here, link)), link
    for path in re.findall(r"`((?:lib|x86|docs|scripts|tests|expected)/[\w./-]+"
                           r"\.(?:[chS]|md|py|def|cfg))`", text):
        made_up = re.search(r"/(foo|example|[A-Z]+)\.", path)
        assert made_up or os.path.exists(os.path.join(ROOT, path)), path


def shown_runs() -> List[Tuple[str, List[str]]]:
    """The commands that README.md shows with their output, and that output's lines."""
    found = re.findall(r"^```\n\$ (\./run_tests\.sh .*?)\n(.*?)^```$", read("README.md"), re.S | re.M)
    return [(command, shown.splitlines()) for command, shown in found]


def test_the_readme_shows_runs():
    assert len(shown_runs()) >= 2


@pytest.mark.parametrize("command,shown", shown_runs())
def test_a_run_of_today_says_what_the_readme_shows(command, shown, tmp_path):
    env = {k: v for k, v in os.environ.items() if k not in ("QEMU", "BOCHS", "CHECK", "TIMEOUT")}
    if " tcg" in command and " 7.2." not in subprocess.run(
            ["qemu-system-x86_64", "--version"], stdout=subprocess.PIPE, text=True, check=False).stdout:
        pytest.skip("README.md shows what QEMU TCG 7.2 says; this is another one")
    done = subprocess.run(shlex.split(command) + ["--logs", str(tmp_path / "logs")], cwd=ROOT, env=env,
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300,
                          check=False)
    lines = done.stdout.splitlines()
    for line in shown:
        begin, _, end = line.partition("[…]")
        assert any(seen.startswith(begin) and seen.endswith(end) for seen in lines), \
            "README.md shows %r, but %s says:\n%s" % (line, command, done.stdout)
