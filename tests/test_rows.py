# SPDX-License-Identifier: BSD-2-Clause
"""docs/rows.md: every row that a case of the built images names stands there, says one thing in one
sentence of its own, and cites the manuals by volume and title; every row has a case or a reason."""
import glob
import os
import re
from typing import Dict, List

import coverage as cover
import pytest
from ordeal.model import Case
from ordeal.plan.image import read_cases

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("ORDEAL_BUILD", ROOT)
TABLE = cover.case_table()
CITATION = re.compile(r"(SDM (1|[23][A-D])|APM [23]|Revision Guide for AMD Family 10h Processors), [A-Z#].+")
#: "6.9", "Section 25", "Table 6-2", "ch. 15": such numbers change with every edition.
NUMBER = re.compile(r"\d\.\d|§|\b([Ss]ections?|[Tt]able|[Cc]hapter|ch\.) \d")


def page(name: str) -> str:
    """A page of docs/."""
    with open(os.path.join(ROOT, "docs", name), encoding="utf-8") as stream:
        return stream.read()


@pytest.fixture(scope="module")
def cases() -> Dict[str, List[Case]]:
    """The cases of all built images by the rows that they name."""
    by_row: Dict[str, List[Case]] = {}
    for image in glob.glob(os.path.join(BUILD, "x86", "*.flat")):
        for case in read_cases(image) or ():
            for row in case.row.split(","):
                by_row.setdefault(row, []).append(case)
    assert len(by_row) > 300, "not built: run make"
    return by_row


def test_each_letter_counts_from_one():
    rows = [claim.row for claim in TABLE.claims]
    for letter in TABLE.families:
        own = [row for row in rows if row[0] == letter]
        assert own == ["%s%02d" % (letter, i) for i in range(1, len(own) + 1)]
    assert rows == sorted(rows, key=lambda row: list(TABLE.families).index(row[0]))
    assert len(rows) >= 332


def test_every_row_that_a_case_names_stands_in_the_table(cases):
    assert set(cases) - {claim.row for claim in TABLE.claims} == {"-"}


def test_every_row_has_a_case_or_a_reason(cases):
    rows = {claim.row for claim in TABLE.claims}
    assert rows - set(cases) == set(TABLE.reasons)
    assert len(set(TABLE.reasons)) == len(re.findall(r"^- \w+: ", page("rows.md"), re.M))


def test_a_row_rests_on_a_section_that_its_cases_cite(cases):
    for claim in TABLE.claims:
        cited = {section for case in cases.get(claim.row, ()) for section in case.citation.split("; ")}
        assert not cited or cited & set(claim.sections), (claim, cited)


def test_no_two_rows_share_a_sentence():
    sentences = [claim.sentence for claim in TABLE.claims]
    assert not {sentence for sentence in sentences if sentences.count(sentence) > 1}


@pytest.mark.parametrize("claim", TABLE.claims, ids=lambda claim: claim.row)
def test_a_claim_is_one_sentence_that_makes_sense_alone(claim):
    vendor = {"V": "VMX: ", "S": "SVM: "}.get(claim.row[0], "")
    assert claim.sentence.startswith(vendor)
    assert claim.sentence.endswith(".") and ". " not in claim.sentence and len(claim.sentence) > 40
    assert not re.search(r"\b[Tt]he same\b|\b[A-Z]\d\d+\b", claim.sentence), "it leans on another row"
    assert not NUMBER.search(claim.sentence)


@pytest.mark.parametrize("claim", TABLE.claims, ids=lambda claim: claim.row)
def test_sections_are_cited_by_volume_and_title(claim):
    for section in claim.sections:
        assert CITATION.fullmatch(section) and not NUMBER.search(section), section
    assert len(set(claim.sections)) == len(claim.sections)


def test_coverage_links_every_row_to_its_claim():
    anchors = re.findall(r'<a id="(\w+)"></a>', page("rows.md"))
    links = re.findall(r"\[(\w+)\]\(rows\.md#(\w+)\)", page("coverage.md"))
    assert sorted(anchor for _, anchor in links) == sorted(anchors)
    assert all(row.lower() == anchor for row, anchor in links)
