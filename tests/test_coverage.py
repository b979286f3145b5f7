# SPDX-License-Identifier: BSD-2-Clause
"""docs/coverage.md: rows, verdicts and citations come from a run; rows without a case are listed."""
import coverage as cover
import pytest

RESULTS = [
    {"type": "result", "platform": "tcg", "case": "native/a", "row": "A01,S30", "verdict": "PASS",
     "citation": "SDM 3A, One; APM 2, Two"},
    {"type": "result", "platform": "tcg", "case": "native/b", "row": "A01", "verdict": "XFAIL",
     "citation": "SDM 3A, One"},
    {"type": "result", "platform": "bochs-amd", "case": "native/a", "row": "A01,S30",
     "verdict": "SKIP", "citation": "SDM 3A, One; APM 2, Two"},
    {"type": "summary"}]
TABLE = cover.read_table("""## A: faults

| row | claim | sections |
|---|---|---|
| <a id="a01"></a>A01 | An interrupt comes first. | SDM 3A, One; APM 2, Two |
| <a id="a02"></a>A02 | A fault comes last. | SDM 3A, One |
| <a id="a03"></a>A03 | A trap comes never. | SDM 3A, One |

## S: SVM

| <a id="s30"></a>S30 | SVM: an exit comes late. | APM 2, Two |

## Rows without a case

- A02: there is no way to raise it.
""")


def test_the_table_is_read_from_the_page():
    assert TABLE.families == {"A": "faults", "S": "SVM"}
    assert TABLE.claims[0] == cover.Claim("A01", "An interrupt comes first.",
                                          ("SDM 3A, One", "APM 2, Two"))
    assert [claim.row for claim in TABLE.claims] == ["A01", "A02", "A03", "S30"]
    assert TABLE.reasons == {"A02": "there is no way to raise it."}


@pytest.mark.parametrize("line", [
    "| A01 | without an anchor | SDM 3A, One |",
    '| <a id="a02"></a>A01 | with the anchor of another row | SDM 3A, One |',
    '| <a id="b01"></a>B01 | below the heading of another letter | SDM 3A, One |',
    '| <a id="a01"></a>A01 | without sections |'])
def test_a_line_that_is_no_row_is_an_error(line):
    with pytest.raises(ValueError, match="docs/rows.md:3 is not a row"):
        cover.read_table("## A: faults\n\n" + line)


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
    text = "\n".join(cover.page(RESULTS, TABLE))
    assert "2 of the 4 rows" in text and "## A: faults (1 of 3)" in text
    assert "| [A01](rows.md#a01) | Pf | - | `native/a` `native/b` |" in text
    missing = text.split("## Rows without a case")[1]
    assert "- [A02](rows.md#a02): there is no way to raise it." in missing
    assert "- not in this run: [A03](rows.md#a03)" in missing and "A01" not in missing


def test_a_section_has_its_cases_and_their_verdicts_on_each_platform():
    text = "\n".join(cover.page([dict(r, case=r["case"].replace("/", "/x.")) if "case" in r else r
                                 for r in RESULTS], TABLE))
    assert "| SDM 3A, One | 1 P, 1 f | 1 - | `native/x` 2 |" in text
    assert "| APM 2, Two | 1 P | 1 - | `native/x` 1 |" in text
