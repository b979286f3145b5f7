# SPDX-License-Identifier: BSD-2-Clause
"""The matrix of docs/platforms.md."""
import json
import os
import subprocess
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "scripts"))
import matrix  # noqa: E402
from ordeal.model import UserError  # noqa: E402


def result(platform, case, verdict):
    """A record of a run."""
    return {"type": "result", "platform": platform, "case": case, "verdict": verdict}


RECORDS = [
    {"type": "start", "platforms": [{"name": "tcg", "version": "QEMU 7.2 (Debian)"},
                                    {"name": "lab", "version": "Linux 6.12 on QEMU: more"}]},
    result("tcg", "native/a.one", "PASS"), result("tcg", "hv/b.one", "SKIP"),
    result("tcg", "native/c.one", "XPASS"), result("tcg", "native/a.two", "XFAIL"),
    result("lab", "native/a.one", "PASS"), result("lab", "native/a.two", "PASS")]


@pytest.mark.parametrize("counts, text", [
    ([3, 0, 0, 0], "3"), ([3, 0, 0, 4], "3"), ([2, 1, 0, 0], "2/3"), ([0, 0, 0, 4], "-"),
    ([0, 0, 0, 0], "-"), ([2, 0, 1, 0], "2/3!"), ([0, 0, 2, 0], "0/2!")])
def test_cells(counts, text):
    """How many of the cases that ran obey; an unexpected verdict is marked."""
    assert matrix.cell(counts) == text


def test_table():
    """Families of a suite stay together, platforms keep their order, the last row counts all."""
    lines = matrix.table(RECORDS).splitlines()
    assert lines[0] == "| family | `tcg` | `lab` |"
    assert lines[2:6] == ["| native/a | 1/2 | 2 |", "| native/c | 0/1! | - |", "| hv/b | - | - |",
                          "| **all** | **1/3!** | **2** |"]
    assert lines[-1] == "These were: `tcg`: QEMU 7.2; `lab`: Linux 6.12 on QEMU."


def test_page():
    """Only the text between the marks is replaced; a page without the marks is refused."""
    page = "a\n" + matrix.BEGIN + "old\n" + matrix.END + "z\n"
    assert matrix.insert(page, "new\n") == "a\n" + matrix.BEGIN + "new\n" + matrix.END + "z\n"
    for bad in ("a\n", matrix.END + matrix.BEGIN, page + page):
        with pytest.raises(UserError):
            matrix.insert(bad, "new\n")


def test_program(tmp_path):
    """From a file of results into the page; bad input is one line and status 2."""
    results, page = tmp_path / "r.jsonl", tmp_path / "page.md"
    results.write_text("".join(json.dumps(record) + "\n" for record in RECORDS))
    page.write_text(matrix.BEGIN + matrix.END)
    program = os.path.join(ROOT, "scripts", "matrix.py")
    subprocess.run([program, str(results), str(page)], check=True)
    assert "| native/a | 1/2 | 2 |" in page.read_text()
    done = subprocess.run([program, str(tmp_path / "none")], stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2 and done.stderr.count(b"\n") == 1


def test_the_real_page_has_the_marks():
    """docs/platforms.md can be written by make matrix."""
    with open(os.path.join(ROOT, "docs", "platforms.md"), encoding="utf-8") as stream:
        matrix.insert(stream.read(), "")
