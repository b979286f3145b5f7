# SPDX-License-Identifier: BSD-2-Clause
"""docs/findings/ and expected/ say the same: what is excused is explained, and the other way round;
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


def findings() -> Dict[str, str]:
    """The pages of findings: name -> text."""
    paths = sorted(glob.glob(os.path.join(ROOT, "docs", "findings", "*.md")))
    return {os.path.basename(path): read(path) for path in paths}


def excused() -> Dict[str, List[str]]:
    """Name of a section in expected/ -> the files it is in."""
    names: Dict[str, List[str]] = {}
    for path in sorted(glob.glob(os.path.join(ROOT, "expected", "*.cfg"))):
        for name in re.findall(r"^\[([^]]+)\]", read(path), re.M):
            names.setdefault(name, []).append(os.path.basename(path))
    return names


def headed() -> Dict[str, str]:
    """Name -> text of each entry with a heading of its own."""
    entries: Dict[str, str] = {}
    for page in findings().values():
        parts = re.split(r"^## (\S+)\n", page, flags=re.M)
        entries.update(zip(parts[1::2], parts[2::2]))
    return entries


def by_another_name() -> Set[str]:
    """Sections that share an entry and are named in it, and the entries of lists, which begin with
    their names: **one, two.**"""
    text = "\n".join(findings().values())
    bold = re.findall(r"\*\*([a-z0-9, -]+?)\.?\*\*", text)
    return {name for group in bold for name in group.split(", ")} | \
        set(re.findall(r"`([a-z0-9-]+)`", text))


def test_what_is_excused_is_explained():
    explained = set(headed()) | by_another_name()
    missing = ["%s (%s)" % (name, ", ".join(where)) for name, where in excused().items()
               if name not in explained]
    assert not missing, "no entry in docs/findings/: " + "; ".join(missing)


def test_what_is_explained_still_happens():
    stale = sorted(set(headed()) - set(excused()))
    assert not stale, "in docs/findings/, but in no file of expected/: " + " ".join(stale)


@pytest.mark.parametrize("name", sorted(headed()))
def test_an_entry_is_whole(name):
    text = headed()[name]
    assert re.search(r"\b(SDM|APM)\b", text), "cites no manual"
    assert "./run_tests.sh" in text, "has no command that shows it"
    assert re.search(r"\*\*(Cause|Mended|Second platform|Whose)", text), "names no cause and no witness"


def test_the_overview_lists_every_entry():
    overview = read("docs/findings.md")
    missing = [name for name in headed() if "#%s)" % name not in overview]
    assert not missing, "not in the tables of docs/findings.md: " + " ".join(missing)
