# SPDX-License-Identifier: BSD-2-Clause
"""The second opinion on a PASS: what it lets through, and everything that it must not."""
import loglib
import pytest
from ordeal.judge.recheck import contradiction, matches, parse
from ordeal.judge.session import BootPlan, Ending, judge

SEEN = "IRQ(0x60)@RDMSR[if=1,rf=0]; #GP(0x0)@RDMSR[if=1,rf=1]"


@pytest.mark.parametrize("want", [
    SEEN, "IRQ(0x60)@RDMSR; #GP(0x0)@RDMSR", "IRQ(0x60)[if=1]; #GP(0x0)[rf=1]",
    "IRQ(0x60)@RDMSR[tf=0]; #GP@RDMSR[cpl=0]", "IRQ(0x60)@RDMSR[ist=2,page of cr2=0x5000]; #GP(0x0)"])
def test_what_is_not_claimed_is_not_compared(want):
    assert matches(want, SEEN)


@pytest.mark.parametrize("want", [
    "#GP(0x0)@RDMSR; IRQ(0x60)@RDMSR", "IRQ(0x60)@RDMSR", SEEN + "; IRQ(0x60)@after IRET", "nothing",
    "IRQ(0x61)@RDMSR; #GP(0x0)@RDMSR", "INT(0x60)@RDMSR; #GP(0x0)@RDMSR",
    "IRQ(0x60)@NOP; #GP(0x0)@RDMSR", "IRQ(0x60)@RDMSR[if=0]; #GP(0x0)@RDMSR",
    "IRQ(0x60)@RDMSR; #GP(0x0)@RDMSR[rf=0]", "IRQ(0x60)@RDMSR; #GP(0x10)@RDMSR",
    "IRQ(0x60)@RDMSR[tf=1]; #GP(0x0)@RDMSR", "IRQ(0x60)@RDMSR; #GP(0x0)@RDMSR[cpl=3]"])
def test_any_claim_that_does_not_hold_is_found(want):
    assert not matches(want, SEEN)


@pytest.mark.parametrize("want,seen,good", [
    ("#DB[dr6=0x4000]", "#DB@NOP[dr6=0xffff4ff0]", True),
    ("#DB[dr6=0x4001]", "#DB@NOP[dr6=0xffff4ff0]", False),
    ("#DB[dr6 without=0x4000]", "#DB@NOP[dr6=0xffff4ff0]", False),
    ("#DB[dr6 without=1]", "#DB@NOP[dr6=0xffff4ff0]", True),
    ("#PF(0x0)[cr2=0x1000]", "#PF(0x0)@NOP[cr2=0x2000]", False),
    ("EXIT(NPF)@NOP", "EXIT(NPF during IRQ(0x60))@NOP", True),
    ("EXIT(NPF during NMI)@NOP", "EXIT(NPF during IRQ(0x60))@NOP", False),
    ("ENTRY@NOP", "ENTRY(#GP(0x0))@NOP", False),
    ("ENTRY(#GP(0x0))@NOP[shadow=1]", "ENTRY(#GP(0x0))@NOP", False),
    ("EXIT(RDMSR)@NOP[sti=0]", "EXIT(RDMSR)@NOP[sti=1]", False),
    ("EXIT(RDMSR)@NOP[sti=0,movss=0]", "EXIT(RDMSR)@NOP", True),
    ("nothing", "nothing", True), ("nothing", "NMI@NOP", False)])
def test_details(want, seen, good):
    assert matches(want, seen) is good


def test_names_may_have_blanks():
    event = parse("#PF(0x0)@MOV from a not-present page[rf=1]")[0]
    assert (event.name, event.place, event.details) == (
        "#PF(0x0)", "MOV from a not-present page", {"rf": "1"})


def test_each_order_of_a_sweep_must_be_a_legal_one():
    wants = ["IRQ(0x60)@before L; #UD@L", "#UD@L; IRQ(0x60)@later"]
    assert contradiction(wants, [" || ".join(wants)]) == ""
    assert "IRQ(0x60)@after L" in contradiction(wants, [wants[0] + " || IRQ(0x60)@after L; #UD@L"])


def test_a_guest_that_passes_what_it_did_not_want_is_an_error():
    lines = loglib.head_lines(2) + loglib.case_lines("a", seen="NMI@L") + loglib.case_lines("b")
    lines += loglib.close_lines(lines, ["PASS", "PASS"], "n1")
    judgement = judge(loglib.data(lines), Ending("exit", 0), BootPlan("n1", ("a", "b")))
    assert [case.verdict for case in judgement.cases.values()] == ["ERROR", "PASS"]
    assert "none of its WANT: NMI@L" in judgement.cases["a"].reason
