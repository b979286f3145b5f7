# SPDX-License-Identifier: BSD-2-Clause
"""docs/stability.md promises what the runner does, neither more nor less, and docs/kvm-patch.md shows
commands and cases that there are."""
import os
import re
from typing import Any, Dict, List, Set

import pytest
from conftest import ROOT
from ordeal import options
from ordeal.model import VERDICTS, Result
from ordeal.plan import known
from ordeal.plan.image import read_cases
from ordeal.report.stream import SCHEMA

BUILD = os.environ.get("ORDEAL_BUILD", ROOT)


def page(name: str) -> str:
    """A page of docs/."""
    with open(os.path.join(ROOT, "docs", name), encoding="utf-8") as stream:
        return stream.read()


def words(text: str) -> List[str]:
    """The words in backquotes."""
    return re.findall(r"`([^`]+)`", text)


def promised() -> Dict[str, Set[str]]:
    """The fields of each type of record."""
    rows = re.findall(r"^\| `(\w+)` \| (`.*) \|$", page("stability.md"), re.M)
    return {kind: set(words(fields)) for kind, fields in rows}


def fields_of(records: Dict[str, Set[str]]) -> Set[str]:
    """"result.case": every field with its record's type, so that one too many or too few is named."""
    return {"%s.%s" % (kind, name) for kind, names in records.items() for name in names}


def full_result() -> Dict[str, Any]:
    """A result in which no field is empty, so that none is left out."""
    empty = Result("p", "s/c", "PASS")
    filled = {name: {str: "x", int: 1, float: 1.0, bool: True, list: [("1", "x")], dict: {"x": 1}}[
        type(getattr(empty, name))] for name in Result.__dataclass_fields__}
    return Result(**filled).to_record()


def test_the_stream_has_exactly_the_records_and_fields_that_are_promised(tree):
    tree.image("pass_a", "fail_b")
    saved = os.path.join(tree.path, "saved")
    tree.run("--save-baseline", saved)
    found: Dict[str, Set[str]] = {"result": set(full_result())}
    for record in tree.run("--baseline", saved).records():
        found.setdefault(record["type"], set()).update(record)
    found = {kind: names - {"type"} for kind, names in found.items()}
    assert fields_of(found) ^ fields_of(promised()) == set()
    assert "`schema` is %d." % SCHEMA in page("stability.md")


def listed(begin: str) -> List[str]:
    """The words of the sentence that begins so, to its full stop."""
    found = re.search(re.escape(begin) + r"((?:[^.`]|`[^`]*`)*)\.", page("stability.md"))
    assert found, begin
    return words(found.group(1))


def test_verdicts_keys_and_classes_are_those_that_are_promised():
    assert listed("- Verdicts:") == list(VERDICTS)
    assert set(listed("- The keys of an entry stay:")) == set(known.KEYS)
    row = re.search(r"^\| `--require`.*$", page("stability.md"), re.M)
    assert row and set(words(row.group(0).partition("classes")[2])) == set(options.CLASSES)


def test_every_option_is_promised_or_said_to_change():
    table = page("stability.md").partition("| option | promise |\n|---|---|\n")[2].partition("\n\n")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines()]
    assert all(promise.startswith(("stays", "may change")) for _, promise in rows)
    found = [word for names, _ in rows for word in words(names)]
    there = ["--" + option.name for option in options.TABLE] \
        + ["-" + option.letter for option in options.TABLE if option.letter]
    assert len(set(found)) == len(found) and set(found) ^ set(there) == set()
    assert set(re.findall(r"(?<!\w)--[a-z][a-z0-9-]+", options.USAGE)) == {
        word for word in found if word.startswith("--")}


def commands() -> List[str]:
    """The command lines of docs/kvm-patch.md."""
    text = re.sub(r" \\\n\s*", " ", page("kvm-patch.md"))
    return re.findall(r"^(?:\$ |\s*exec )(.*(?:run_tests\.sh|bisect) .*)$", text, re.M)


def test_the_page_shows_commands():
    assert len(commands()) >= 7


@pytest.mark.parametrize("command", commands())
def test_the_options_and_cases_of_the_page_exist(command):
    for word in re.findall(r"(?<=\s)--[a-z-]+", command):
        assert word in {"--" + option.name for option in options.TABLE}, word
    for suite, glob in re.findall(r"\b([a-z]+)/([a-z_]+\.[\w.*]+)", command):
        if suite == "x86":
            continue
        names = [case.name for case in read_cases(os.path.join(BUILD, "x86", suite + ".flat"))]
        pattern = glob.replace(".", r"\.").replace("*", ".*")
        assert any(re.fullmatch(pattern, name) for name in names), glob
