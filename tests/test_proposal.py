# SPDX-License-Identifier: BSD-2-Clause
"""scripts/known, without its files: what a run adds to a list of known deviations, what it takes
out, what stays as it is, and that every change is said."""
from typing import Dict, List

import pytest
from ordeal.model import CRASH, FAIL, PASS, SKIP, Result
from ordeal.plan import kinds
from ordeal.plan.cfg import sections
from ordeal.plan.evidence import Ran
from ordeal.plan.proposal import Proposal, propose
from ordeal.plan.scopes import Field, cover, lines

TODAY = "2026-11-27"
WANT = "IRQ(0x60)@A[if=1]; #GP(0x0)@A"
LATE, LOST = "IRQ(0x60)@B[if=1,rf=0]; #GP(0x0)@A[if=1,rf=1]", "IRQ(0x60)@A[if=1,rf=0]"
CFG = """\
# The head.

# About the first.
[first]
cases = s/t.one s/t.two
verdict = FAIL
reason = the reason
cite = the source
seen = \"\"\"
# why there are two
s/t.one: %s
s/t.two: %s
\"\"\"

[second]
cases = s/u
verdict = CRASH
reason = the other reason
cite = the other source
seen = CRASH: it died
# The tail.
""" % (LATE, LOST)


def result(case: str, seen: str = "", verdict: str = FAIL,
           reason: str = "nothing was recorded") -> Result:
    """What a run shows of a case."""
    reason = reason if verdict != PASS else ""
    return Result("p", case, verdict, reason, citation="SDM, of " + case, expected=[WANT],
                  observed=[seen] if seen else [])


AS_LISTED = (result("s/t.one", LATE), result("s/t.two", LOST),
             result("s/u", verdict=CRASH, reason="it died"), result("s/v", WANT, PASS))


def run(*results: Result, cfg: str = CFG, whole: bool = True) -> Proposal:
    """The proposal for a run with these results, and where there are none, those that are
    listed."""
    cases = {r.case: r for r in AS_LISTED if r.case not in [new.case for new in results]}
    ran = Ran("p", "P 1.5", "", tuple(cases.values()) + results, whole)
    return propose(cfg, "f.cfg", "p", [ran], TODAY)


def keys(text: str, name: str) -> Dict[str, str]:
    """The keys of a section."""
    section = next(s for s in sections(text, "f", comments=False) if s.name == name)
    return {key: value for key, (value, _) in section.keys.items()}


def seen(text: str, name: str) -> List[str]:
    """The lines of a section."""
    return [line.strip() for line in keys(text, name)["seen"].strip().splitlines()]


def test_a_run_that_is_as_listed_changes_nothing():
    assert run() == Proposal(CFG, [], [])


def test_a_new_trace_of_a_listed_case_gets_a_line_of_its_own():
    found = run(result("s/t.one", "nothing"))
    assert seen(found.text, "first") == [
        "# why there are two", "s/t.two: " + LOST, "s/t.one: nothing"]
    assert found.remarks == [
        "[first]: a new line, for s/t.one on p: nothing",
        "[first]: a line goes, because its cases ran and none showed it: " + LATE]
    assert found.text.startswith(CFG[:CFG.index("s/t.one: ")])
    assert found.text.endswith("seen = CRASH: it died\n# The tail.\n") and not found.undone


def test_a_line_stays_if_the_run_could_not_see_it():
    ran = Ran("p", "P 1.5", "", (result("s/t.two", "nothing"),), False)
    found = propose(CFG.replace("s/t.two: ", ""), "f.cfg", "p", [ran], TODAY)
    assert "# why there are two" in found.text and LOST in found.text
    assert seen(found.text, "first")[-1] == "s/t.two: nothing", "the other case did not run"


def test_a_line_that_says_why_it_may_not_be_seen_stays():
    cfg = CFG.replace("s/t.one: " + LATE, "s/t.one: %s\ns/t.one: nothing -- if it runs alone" % LATE)
    assert run(cfg=cfg).text == cfg


def test_an_intermittent_section_loses_no_line():
    cfg = CFG.replace("cite = the source\n", "cite = the source\nintermittent = yes\n")
    found = run(result("s/t.one", WANT, PASS), result("s/t.one", "nothing"), cfg=cfg)
    assert LATE in found.text and "s/t.one: nothing" in found.text


def test_another_verdict_is_added_and_said():
    found = run(result("s/t.one", LATE), result("s/t.one", verdict=CRASH, reason="died, too"))
    assert keys(found.text, "first")["verdict"] == "FAIL CRASH"
    assert "s/t.one: CRASH: died, too" in seen(found.text, "first")
    assert any("the verdicts were FAIL, and are FAIL CRASH" in line for line in found.remarks)


def test_a_case_that_passes_is_taken_out_with_its_scope():
    found = run(result("s/t.two", WANT, PASS))
    assert keys(found.text, "first")["cases"] == "s/t.one" and LOST not in found.text
    assert found.remarks[0] == "[first]: no longer lists s/t.two, which passes on p"


def test_a_section_without_cases_goes_and_the_comments_of_others_stay():
    found = run(result("s/t.one", WANT, PASS), result("s/t.two", WANT, PASS))
    assert found.text == "# The head.\n\n" + CFG[CFG.index("[second]"):]
    assert "[first]: goes, because no case is left in it" in found.remarks


def test_a_glob_whose_case_passes_is_left_to_a_person():
    cfg = CFG.replace("cases = s/t.one s/t.two", "cases = s/t.*")
    found = run(result("s/t.two", WANT, PASS), cfg=cfg)
    assert "cases = s/t.*" in found.text and "write out the glob" in found.undone[0]


def test_cases_that_are_not_listed_are_grouped_by_what_differs():
    found = run(result("s/x1", LOST), result("s/x2", LOST), result("s/x3", LATE),
                result("s/x4", verdict=CRASH, reason="the emulator died in case x4: by signal 6"))
    assert found.text.startswith(CFG) and not found.undone
    assert keys(found.text, "gp-missing") == {
        "cases": "s/x1 s/x2", "verdict": "FAIL", "reason": "not explained yet: #GP is missing",
        "cite": "SDM, of s/x1; SDM, of s/x2", "seen": LOST}
    assert keys(found.text, "interrupt-comes-at-another-place")["cases"] == "s/x3"
    assert seen(found.text, "crash-emulator-died-by-signal-n") == [
        "CRASH: the emulator died in case x4: by signal 6"]
    assert [line for line in found.remarks if "s/x1 s/x2" in line] == [
        "[gp-missing]: new, not explained, lists s/x1 s/x2 on p"]


def test_the_names_of_new_sections_are_new():
    found = run(result("s/x", LOST), cfg=CFG.replace("[first]", "[gp-missing]"))
    assert keys(found.text, "gp-missing-2")["cases"] == "s/x"


def test_rounds_that_differ_make_an_intermittent_section():
    found = run(result("s/x", LOST), result("s/x", WANT, PASS), result("s/x", LATE))
    assert keys(found.text, "gp-missing")["intermittent"] == "yes" and not found.undone
    assert seen(found.text, "gp-missing") == [LOST, LATE]


def test_a_platform_without_a_list_gets_one_that_is_complete():
    found = run(result("s/w", verdict=SKIP, reason="no"), cfg="")
    assert found.text.startswith("# Known deviations of p.\n") and not found.undone
    again = propose(found.text, "f.cfg", "p", [Ran("p", "P 1.5", "", AS_LISTED)], TODAY)
    assert again == Proposal(found.text, [], [])


def test_a_blank_section_says_what_it_saw():
    cfg = CFG[:CFG.index("seen = ")] + CFG[CFG.index("\n[second]"):]
    found = run(cfg=cfg)
    assert seen(found.text, "first") == ["s/t.one: " + LATE, "s/t.two: " + LOST]
    found = run(result("s/t.two", verdict=SKIP, reason="no"), cfg=cfg)
    assert found.text == cfg and "stays blank" in found.undone[0] and LATE in found.undone[0]


def test_platforms_that_share_a_list_are_told_apart():
    y = result("s/y", LOST)
    runs = [Ran("p", "P 1.5", "", (result("s/x", LOST), y, result("s/z", WANT, PASS))),
            Ran("q", "P 2.0", "", (result("s/x", LATE), y, result("s/z", LOST)))]
    found = propose("", "f.cfg", "p", runs, TODAY)
    assert seen(found.text, "gp-missing") == ["=1.5: " + LOST, "=2.0 s/y: " + LOST]
    assert seen(found.text, "interrupt-comes-at-another-place") == ["=2.0: " + LATE]
    assert keys(found.text, "gp-missing-2")["versions"] == "=2.0"
    assert not found.undone


def test_what_cannot_be_listed_is_said():
    found = run(result("s/x y", LOST), result("s/n", verdict="NOTRUN", reason="never reached"),
                result("s/b", "IRQ(0x60)@A"), result("s/m", verdict="ERROR", reason="the emulator "
                                                     "failed before the first line of its log"))
    assert found.text == CFG and found.undone == [
        "s/x y on p cannot be listed: its name has a blank or a wildcard",
        "s/n on p cannot be listed: NOTRUN: never reached",
        "s/b on p cannot be listed: IRQ(0x60)@A: it says no if and no rf: a trace shows it of every "
        "delivery", "s/m on p cannot be listed: no case began: the emulator failed before the "
        "first line of its log"]


FIELD = Field({("p", "s/t.a"), ("p", "s/t.b"), ("p", "s/u"), ("q", "s/t.a")},
              {"p": "P 1.5", "q": "P 2"}, ("s/t.a", "s/t.b", "s/u"))


@pytest.mark.parametrize("spots,want", [
    (FIELD.failed, ["x"]),
    ({("p", "s/t.a"), ("q", "s/t.a"), ("p", "s/t.b")}, ["s/t.a s/t.b: x"]),
    ({("p", "s/t.a")}, ["=1.5 s/t.a: x"]),
    ({("q", "s/t.a")}, ["on=q: x"])])
def test_a_scope_says_no_more_than_it_must(spots, want):
    assert lines({"x": spots}, FIELD) == want


def test_a_glob_stands_for_all_cases_of_a_table_only():
    every = ("s/t.a.x", "s/t.a.y", "s/t.b", "s/u.c.x", "s/u.c.y")
    assert cover(["s/t.a.y", "s/t.a.x", "s/u.c.x"], every) == "s/t.a.* s/u.c.x"
    assert cover(["s/t.a.y", "s/t.a.x"], ()) == "s/t.a.x s/t.a.y"


@pytest.mark.parametrize("trace,text", [
    (LATE, "an interrupt comes at another place"), (LOST, "#GP is missing"),
    ("#UD@A[if=0,rf=0]", "#UD comes instead of IRQ"), ("nothing", "IRQ is missing"),
    (LOST.replace("if=1", "if=0"), "saved IF of an interrupt differs"),
    ("IRQ(0x60)@A[if=1,rf=0]; #GP(0x0)@A[if=1,rf=1]; NMI@B[if=0,rf=0]", "NMI comes in addition")])
def test_the_kind_of_a_difference(trace, text):
    assert kinds.kinship(Result("p", "s/x", FAIL, expected=[WANT], observed=[trace])).text == text


def test_the_kind_of_a_message_is_without_numbers():
    one, two = [kinds.kinship(Result("p", "s/" + name, FAIL, "timer count %d: DR6 is 0x%x" % (
        n, n))) for name, n in (("a", 5), ("b", 77))]
    assert one == two and one.name == "dr6-n"
