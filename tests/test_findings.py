# SPDX-License-Identifier: BSD-2-Clause
"""docs/findings/ and expected/ say the same: what is excused is explained, and the other way round;
every entry names the rule, the command that shows it, and whose fault it is."""
import glob
import os
import re
import sys
from typing import Dict, List, Set

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "scripts"))
import findings as writer  # noqa: E402
from ordeal.judge.trace import Kind, parse  # noqa: E402
from ordeal.plan.known import UNEXPLAINED, Deviation  # noqa: E402


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


def lists_of(page: str) -> writer.Listed:
    """The sections that a page explains."""
    return writer.assigned(writer.read_pages())[page[:-len(".md")]]


@pytest.mark.parametrize("page", sorted(findings()))
def test_a_page_shows_the_patterns_of_today(page):
    text, listed = findings()[page], lists_of(page)
    assert text == writer.rewritten(text, listed), "run scripts/findings.py"
    said = [d for pairs in listed.values() for _, d in pairs if d.seen]
    missing = [d.name for d in said if "`%s`" % writer.telling(d) not in text]
    assert not missing, "no entry, or one without **Seen.**: " + ", ".join(missing)
    assert len(re.findall(r"^ *- \*\*Pattern", text, re.M)) == len(said), \
        "two entries, or none: %s" % " ".join(d.name for d in said)


def test_every_section_has_its_page_and_none_waits_for_a_reason():
    every = [d for listed in writer.assigned(writer.read_pages()).values()
             for pairs in listed.values() for _, d in pairs]
    assert {d.name for d in every} == set(excused())
    assert not [d.where for d in every if d.reason.startswith(UNEXPLAINED)]


def evidence(text: str) -> List[str]:
    """The traces that the evidence of an entry shows: what stands in its **Seen.**, but for what the
    architecture has instead."""
    seen = re.search(r"^- \*\*Seen\.\*\*(.*?)(?=^- |\Z)", text, re.M | re.S)
    shown = re.sub(r"(instead of|not) `[^`]*`", "", re.sub(r"\s+", " ", seen.group(1))) if seen else ""
    return [word for word in re.findall(r"`([^`]+)`", shown)
            if "@" in word and parse(word)[0].kind is not Kind.OTHER]


def contains(deviation: Deviation, trace: str) -> bool:
    """Whether one line has all events of the trace, in places and order."""
    def names(text: str) -> List[str]:
        return [event.name + "@" + event.place for event in parse(text)]
    for line in deviation.lines():
        left = iter(names(line.text.partition(" with check: ")[0]))
        if all(name in left for name in names(trace)):
            return True
    return False


@pytest.mark.parametrize("name", sorted(n for n, text in headed().items() if evidence(text)))
def test_the_evidence_is_what_is_listed(name):
    page = next(page for page, text in findings().items() if "\n## %s\n" % name in text)
    mine = [d for _, d in lists_of(page)[name]]
    for trace in evidence(headed()[name]):
        assert any(contains(d, trace) for d in mine if d.seen), trace


def test_some_evidence_shows_a_trace():
    assert evidence(headed()["shadow-outlives-exception"]) == ["IRQ(0x60)@BP_ENTRY+2"]


PAGE = """\
## one

- **Rule.** A rule.
- **Seen.** Something, in
  two lines.
  - **Pattern.** `of before`
- **Show.** How.

# A list

- **two, three.** A text
  that goes on.
- **four.** Not listed.
"""


def test_the_patterns_are_written_and_written_again():
    def section(name: str, seen: str) -> Deviation:
        return Deviation(name, "f:1", ("s/*",), ("FAIL",), "r", "c", seen=seen, seen_at=1)
    one = section("one", "<9.1 s/a: IRQ(0x60)@A[if=1,rf=0]\nnothing\n")
    two, three = section("two", "check: a"), section("three", "")
    listed = {"one": [("p", one), ("q", one)], "two": [("p", two)], "three": [("p", three)]}
    new = writer.rewritten(PAGE, listed)
    assert "  two lines.\n- **Pattern on `p`.** `<9.1 s/a: IRQ(0x60)@A[if=1,rf=0]` and 1 more\n" \
        "- **Pattern on `q`.** `<9.1 s/a: IRQ(0x60)@A[if=1,rf=0]` and 1 more\n- **Show.**" in new
    assert "that goes on.\n  - **Pattern of `two`.** `check: a`\n- **four.**" in new
    assert "of before" not in new and writer.rewritten(new, listed) == new
