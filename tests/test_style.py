# SPDX-License-Identifier: BSD-2-Clause
"""The house rules that a machine can check: licence line, opening comment, sizes, blanks."""
import os
import re
import shutil
import subprocess
from typing import Callable, Iterator, List, Tuple

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
#: A line may be wider only for the sake of one string, which stays whole so that grep finds it.
MAX_LINES, MAX_FUNCTION, MAX_COLUMNS = 400, 60, 100
SOURCES = (".c", ".h", ".S", ".def", ".lds", ".py", ".sh")


def files() -> List[str]:
    """Every file of the project that git knows."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, text=True,
                            stdout=subprocess.PIPE, check=False).stdout.split("\n")
    return sorted(f for f in listed if f and os.path.isfile(os.path.join(ROOT, f)))


def is_source(path: str) -> bool:
    """Whether a file is code, and neither documentation nor data."""
    if path.endswith(SOURCES) or path in ("Makefile", "configure"):
        return True
    with open(os.path.join(ROOT, path), "rb") as stream:
        return stream.read(2) == b"#!"


ALL = [f for f in files() if not f.startswith("tests/guests/")]
CODE = [f for f in ALL if is_source(f)]


def lines(path: str) -> List[str]:
    """The lines of a file, without their ends."""
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="surrogateescape") as stream:
        return stream.read().split("\n")


def columns(line: str) -> int:
    """The width of a line; that of a wide line is counted without its longest string."""
    line = line.expandtabs(8)
    strings = re.findall(r'"(?:\\.|[^"\\])*"', line)
    return len(line) - (max(map(len, strings), default=0) if len(line) > MAX_COLUMNS else 0)


def functions(text: List[str]) -> Iterator[Tuple[int, int]]:
    """Line number and length of each function of a C file: from its opening brace in column 0."""
    start = None
    for number, line in enumerate(text, 1):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            yield start, number - start
            start = None


def test_there_is_something_to_check():
    if not ALL:
        pytest.skip("not a git checkout")
    assert "lib/x86/stage/case.h" in CODE and "configure" in CODE


def all_hold(paths: List[str], problem: Callable[[str], str]) -> None:
    """Fails with one line for each file that has a problem."""
    found = ["%s: %s" % (path, what) for path in paths for what in [problem(path)] if what]
    assert not found, "\n" + "\n".join(found)


def test_licence_line_and_opening_comment():
    def problem(path: str) -> str:
        text = lines(path)
        if not any("SPDX-License-Identifier: BSD-2-Clause" in line for line in text[:2]):
            return "no SPDX line"
        c = path.endswith((".c", ".h", ".S", ".def", ".lds"))
        return "no opening comment" if c and not text[1].startswith("/*") else ""
    all_hold(CODE, problem)


def test_sizes():
    def problem(path: str) -> str:
        text = lines(path)
        if len(text) > MAX_LINES + 1:
            return "%d lines" % len(text)
        if path.endswith(".c"):
            for at, length in functions(text):
                if length > MAX_FUNCTION:
                    return "line %d: a function of %d lines" % (at, length)
        wide = [i for i, line in enumerate(text, 1) if columns(line) > MAX_COLUMNS]
        return "lines wider than %d columns: %r" % (MAX_COLUMNS, wide) if wide else ""
    all_hold(CODE, problem)


def clang_format() -> str:
    """The clang-format that .clang-format is written for; other versions break lines elsewhere."""
    for name in ("clang-format-14", "clang-format"):
        if shutil.which(name):
            said = subprocess.run([name, "--version"], text=True, stdout=subprocess.PIPE,
                                  check=True).stdout
            if re.search(r"version 14\.", said):
                return name
    return ""


def test_clang_format_changes_nothing():
    program = clang_format()
    if not program:
        pytest.skip("clang-format 14 is not here: install clang-format-14")
    done = subprocess.run([program, "--dry-run", "-Werror", "--ferror-limit=1"]
                          + [f for f in CODE if f.endswith((".c", ".h"))],
                          cwd=ROOT, text=True, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 0, done.stderr + "run: %s -i FILE" % program


def test_blanks():
    def problem(path: str) -> str:
        text = lines(path)
        if text[-1] != "" or len(text) > 2 and text[-2] == "":
            return "does not end with exactly one newline"
        bad = [i for i, line in enumerate(text, 1) if re.search(r"[ \t\r]$", line)]
        return "blanks at the end of lines %r" % bad if bad else ""
    all_hold(ALL, problem)


def test_include_guards():
    def problem(path: str) -> str:
        text = "\n".join(lines(path))
        guard = re.search(r"^#ifndef (ORDEAL_\w+_H)\n#define (ORDEAL_\w+_H)$", text, re.M)
        if not guard or guard.group(1) != guard.group(2):
            return "no include guard ORDEAL_..._H"
        return "its guard appears elsewhere" if text.count(guard.group(1)) != 2 else ""
    all_hold([f for f in CODE if f.endswith(".h")], problem)
    guards = [g for f in CODE if f.endswith(".h")
              for g in re.findall(r"^#ifndef (ORDEAL_\w+_H)$", "\n".join(lines(f)), re.M)]
    assert len(guards) == len(set(guards)), "two headers share a guard"
