# SPDX-License-Identifier: BSD-2-Clause
"""scripts/profile.py: the table of what a case costs, and that no boot without a whole profile makes one."""
import importlib.util
import os
import subprocess

import pytest
from conftest import ROOT
from ordeal.model import UserError

SCRIPT = os.path.join(ROOT, "scripts", "profile.py")
SPEC = importlib.util.spec_from_file_location("ordeal_profile", SCRIPT)
profile = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(profile)

NAMES = ["firmware", "body", "console"]
LOG = ("PROFILE firmware: ticks=1000 entered=0\r\nPROFILE body: ticks=90 entered=3\r\n"
       "PROFILE console: ticks=6 entered=30\r\nSUMMARY: 3 tests\r\nEND - cases=3 pass=3 fail=0\r\n")


def test_ticks_are_divided_by_the_cases_but_for_those_of_a_boot():
    lines = profile.table({"tcg native": profile.read_profile(LOG, NAMES)},
                          [(name, "what") for name in NAMES])
    assert lines[2:] == ["| firmware, once | what | 1,000 |", "| body | what | 30 |", "| console | what | 2 |",
                         "| **a case** | all sections but those that happen once | 32 |"]


def test_of_the_generated_world_the_ticks_of_a_situation_are_told():
    log = LOG + "BLOCK: a.b: situations=4 legal=4\nBLOCK: a.c: situations=2 legal=2\n"
    assert profile.per_case(profile.read_profile(log, NAMES), "body") == 15


@pytest.mark.parametrize("text,says", [
    ("", "0 of 3 lines PROFILE, and no line END"),
    (LOG.replace("PROFILE body", "body"), "2 of 3 lines PROFILE"),
    (LOG.replace("END", "end"), "3 of 3 lines PROFILE, and no line END"),
    (LOG.replace("body", "bodies"), "3 of 3 lines PROFILE"),
])
def test_a_profile_that_is_not_whole_is_refused(text, says):
    with pytest.raises(UserError, match=says):
        profile.read_profile(text, NAMES)


def run(*words: str) -> subprocess.CompletedProcess:
    """scripts/profile.py with these arguments."""
    return subprocess.run([SCRIPT, *words], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120, check=False)


@pytest.mark.parametrize("words,says", [
    (("-p",), "usage:"), (("--help",), "usage:"), (("-p", "tcg", "nosuite"), "no suite nosuite"),
    (("-p", "nowhere", "native"), "unknown platform nowhere"),
])
def test_bad_arguments_are_named(words, says):
    done = run(*words)
    assert done.returncode == 2 and says in done.stderr and not done.stdout


def test_the_sections_add_up_to_the_boot():
    if not os.path.exists(os.path.join(os.environ.get("ORDEAL_BUILD", ROOT), "x86", "hv.flat")):
        pytest.skip("nothing is built: run make")
    done = run("-p", "tcg", "hv")
    assert done.returncode == 0, done.stderr
    cells = [line.split("|")[-2].strip().replace(",", "") for line in done.stdout.splitlines()[2:]]
    assert abs(sum(map(int, cells[2:-1])) - int(cells[-1])) < len(cells)
