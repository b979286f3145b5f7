# SPDX-License-Identifier: BSD-2-Clause
"""docs/coverage.md: rows, verdicts and citations come from a run; rows without a case are listed."""
import coverage as cover

RESULTS = [
    {"type": "result", "platform": "tcg", "case": "native/a", "row": "A01,S30", "verdict": "PASS",
     "citation": "SDM 3A, One; APM 2, Two"},
    {"type": "result", "platform": "tcg", "case": "native/b", "row": "A01", "verdict": "XFAIL",
     "citation": "SDM 3A, One"},
    {"type": "result", "platform": "bochs-amd", "case": "native/a", "row": "A01,S30",
     "verdict": "SKIP", "citation": "SDM 3A, One; APM 2, Two"},
    {"type": "summary"}]


def test_rows_are_those_of_the_case_table():
    assert len(cover.all_rows()) == 332 and cover.all_rows()[0] == "A01"


def test_a_case_may_cover_several_rows_and_a_row_have_several_cases():
    rows, sections, platforms = cover.collect(RESULTS)
    assert rows["A01"].cases == ["native/a", "native/b"] and rows["S30"].cases == ["native/a"]
    assert sections["SDM 3A, One"].cases == ["native/a", "native/b"]
    assert platforms == ["tcg", "bochs-amd"]


def test_a_deviation_is_not_hidden_behind_a_pass():
    assert cover.cell(["PASS", "XFAIL"]) == "Pf"
    assert cover.cell(["SKIP"]) == "-" and cover.cell(["SKIP", "PASS"]) == "P"
    assert cover.cell([]) == ""


def test_the_page_names_what_is_missing():
    text = "\n".join(cover.page(RESULTS))
    assert "2 of the 332 rows" in text
    assert "| A01 | Pf | - | `native/a` `native/b` |" in text
    assert " A02" in text.split("## Rows without a case")[1]


def test_a_section_has_its_cases_and_their_verdicts_on_each_platform():
    text = "\n".join(cover.page([dict(r, case=r["case"].replace("/", "/x.")) if "case" in r else r
                                 for r in RESULTS]))
    assert "| SDM 3A, One | 1 P, 1 f | 1 - | `native/x` 2 |" in text
    assert "| APM 2, Two | 1 P | 1 - | `native/x` 1 |" in text
