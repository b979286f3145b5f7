# SPDX-License-Identifier: BSD-2-Clause
"""Sweeps in the log: the lines SWEEP, SAMPLE and HIST, and the results made from them."""
import pytest
from loglib import case_lines, data, good_log, head_lines, close_lines
from ordeal.judge.session import BootPlan, Ending, Session
from ordeal.judge.sweeps import first_in, parse_hist, parse_sample, parse_sweep, ranges
from ordeal.model import Result, result_from_record
from ordeal.report.person import failure
from ordeal.report.timeline import of_case, window

BEFORE, LATER = "IRQ(0x60)@before UD2; #UD@UD2", "#UD@UD2; IRQ(0x60)@later"
WHOLE = "92-245 unit=tick step=1 repeat=1 samples=154 searched=36"
LINES = ["SAMPLE: a: 92 IRQ(0x60)@NOP#24[if=1]; #UD@UD2", "SAMPLE: a: 93 #UD@UD2",
         "SWEEP: a: " + WHOLE, "HIST: a: 1 ticks=92 " + BEFORE, "HIST: a: 153 ticks=93-245 " + LATER]


def judged(extra):
    """The one case of a log with these lines."""
    lines = head_lines(1) + case_lines("a", extra=extra)
    session = Session(BootPlan("n1", ("a",)))
    session.feed(data(lines + close_lines(lines, ["PASS"], "n1")))
    return session.finish(Ending("exit", 0)).cases["a"]


def test_a_sweep_is_read_whole():
    case = judged(LINES)
    assert case.verdict == "PASS" and case.hist == [(1, BEFORE), (153, LATER)]
    assert case.sweep["from"] == 92 and case.sweep["to"] == 245 and case.sweep["incomplete"] == ""
    assert case.sweep["ticks"] == ["92", "93-245"] and case.sweep["first"][1] == [93, "#UD@UD2"]
    assert first_in(case.sweep, "93-245") == "#UD@UD2" and first_in(case.sweep, "300") == ""


def test_a_histogram_without_ticks_is_still_one():
    assert judged(["HIST: a: 12 #UD@L"]).hist == [(12, "#UD@L")]


@pytest.mark.parametrize("line", [
    "SWEEP: a: ", "SWEEP: a: 92-245", "SWEEP: a: 245-92 unit=tick step=1 repeat=1 samples=1 searched=1",
    "SWEEP: a: %s incomplete: " % WHOLE, "SWEEP: a: %s and more" % WHOLE, "HIST: a: x #UD@L", "HIST: a: 3",
    "HIST: a: 3 ticks=9- #UD@L", "HIST: a: 3 ticks=1,,2 #UD@L", "SAMPLE: a: #UD@L", "SAMPLE: a: 9",
    "HIST: a: 99999999999 #UD@L"])
def test_lines_that_do_not_fit_are_violations(line):
    assert judged([line]).verdict == "ERROR"


def test_a_second_sweep_in_a_case_is_a_violation():
    assert judged(["SWEEP: a: " + WHOLE] * 2).verdict == "ERROR"


def test_ranges():
    assert ranges("") == [] and ranges("~5-90") == [(5, 90)]
    assert ranges("1-90,93") == [(1, 90), (93, 93)]
    assert parse_hist("3 ticks=1 #UD@L") == (3, "1", "#UD@L") and parse_sample("7 x y") == (7, "x y")


def test_an_incomplete_sweep_is_loud():
    sweep = parse_sweep(WHOLE.replace("step=1", "step=7") + " incomplete: its budget was used up")
    result = Result("tcg", "s/c", "PASS", expected=[BEFORE, LATER], histogram=[(1, BEFORE), (22, LATER)],
                    sweep={**sweep, "ticks": ["92", "93-245"]})
    again = result_from_record(result.to_record())
    assert again.sweep == result.sweep
    assert window(again) == "ticks 92-245, one in 7: 154 samples; INCOMPLETE: its budget was used up"
    lines = of_case(again, [])
    assert "INCOMPLETE" in lines[0] and lines[1].endswith("92     " + BEFORE)
    assert any("incomplete: its budget" in line for line in failure(again))


def test_a_good_log_has_no_sweep():
    session = Session(BootPlan("n1", ("a",)))
    session.feed(data(good_log({"a": "PASS"})))
    assert session.finish(Ending("exit", 0)).cases["a"].sweep == {}
