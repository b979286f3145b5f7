# SPDX-License-Identifier: BSD-2-Clause
"""docs/findings.md and expected/ say the same: what is excused is explained, and the other way round;
every entry names the rule, the command that shows it, and whose fault it is."""
import glob
import os
import re
from typing import Dict, List, Set

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def read(path: str) -> str:
    """A file of the project."""
    with open(os.path.join(ROOT, path), encoding="utf-8") as stream:
        return stream.read()


def excused() -> Dict[str, List[str]]:
    """Name of a section in expected/ -> the files it is in."""
    names: Dict[str, List[str]] = {}
    for path in sorted(glob.glob(os.path.join(ROOT, "expected", "*.cfg"))):
        for name in re.findall(r"^\[([^]]+)\]", read(path), re.M):
            names.setdefault(name, []).append(os.path.basename(path))
    return names


def headed() -> Dict[str, str]:
    """Name -> text of each entry of docs/findings.md with a heading of its own."""
    parts = re.split(r"^### (\S+)\n", read("docs/findings.md"), flags=re.M)
    return {name: re.split(r"^## ", text, maxsplit=1, flags=re.M)[0]
            for name, text in zip(parts[1::2], parts[2::2])}


def by_another_name() -> Set[str]:
    """Sections that share an entry, as in: Sections `one`, `two` of the cfg.
    And the entries of a list, which begin with their names: **one, two.**"""
    text = read("docs/findings.md")
    bold = re.findall(r"\*\*([a-z0-9, -]+?)\.?\*\*", text)
    shared = re.findall(r"^Sections? (`.*?) of the cfg", text, re.M | re.S)
    return {name for group in bold for name in group.split(", ")} | \
        {name for group in shared for name in re.findall(r"`([^`]+)`", group)}


def test_what_is_excused_is_explained():
    explained = set(headed()) | by_another_name()
    missing = ["%s (%s)" % (name, ", ".join(where)) for name, where in excused().items()
               if name not in explained]
    assert not missing, "no entry in docs/findings.md: " + "; ".join(missing)


def test_what_is_explained_still_happens():
    stale = sorted(set(headed()) - set(excused()))
    assert not stale, "in docs/findings.md, but in no file of expected/: " + " ".join(stale)


@pytest.mark.parametrize("name", sorted(headed()))
def test_an_entry_is_whole(name):
    text = headed()[name]
    assert re.search(r"\b(SDM|APM)\b", text), "cites no manual"
    assert "./run_tests.sh" in text, "has no command that shows it"
    assert re.search(r"\*\*(Cause|Second platform|Whose)", text), "names no cause and no witness"
