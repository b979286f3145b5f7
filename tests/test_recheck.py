# SPDX-License-Identifier: BSD-2-Clause
"""The second opinion on a PASS: what it lets through, and what it makes an ERROR. How events are compared: test_trace.py."""
import loglib
import pytest
from ordeal.judge.recheck import contradiction
from ordeal.judge.session import BootPlan, Ending, judge

SEEN = "IRQ(0x60)@RDMSR[if=1,rf=0]; #GP(0x0)@RDMSR[if=1,rf=1]"


def test_one_of_several_wants_is_enough():
    assert contradiction([SEEN], [SEEN]) == contradiction(["nothing", "IRQ(0x60); #GP"], [SEEN]) == ""


def test_a_contradiction_says_where_the_closest_want_differs():
    assert contradiction(["NMI@RDMSR", "IRQ(0x60); #GP(0x0)[rf=0]"], [SEEN]) == \
        "the guest says PASS, but its SEEN is none of its WANT: %s (event 2: saved RF)" % SEEN


def test_each_order_of_a_sweep_must_be_a_legal_one():
    wants = ["IRQ(0x60)@before L; #UD@L", "#UD@L; IRQ(0x60)@later"]
    assert contradiction(wants, [" || ".join(wants)]) == ""
    assert "IRQ(0x60)@after L" in contradiction(wants, [wants[0] + " || IRQ(0x60)@after L; #UD@L"])


@pytest.mark.parametrize("claim", ["colour=1", "if=x", "ist=", "page of dr6=0x1000"])
def test_a_claim_that_nobody_can_compare_is_an_error_even_beside_a_want_that_is_met(claim):
    found = contradiction([SEEN, "NMI[%s]" % claim], [SEEN])
    assert "claims [%s] of NMI" % claim in found and "judge/trace.py" in found


def test_what_only_a_delivery_has_cannot_be_claimed_of_an_exit():
    assert "[if=1]" in contradiction(["EXIT(RDMSR)[if=1]"], ["EXIT(RDMSR)@RDMSR"])


def test_a_detail_that_nobody_claims_may_be_anything():
    assert contradiction(["NMI@L"], ["NMI@L[if=1,colour=blue]"]) == ""


def test_a_guest_that_passes_what_it_did_not_want_is_an_error():
    lines = loglib.head_lines(2) + loglib.case_lines("a", seen="NMI@L") + loglib.case_lines("b")
    lines += loglib.close_lines(lines, ["PASS", "PASS"], "n1")
    judgement = judge(loglib.data(lines), Ending("exit", 0), BootPlan("n1", ("a", "b")))
    assert [case.verdict for case in judgement.cases.values()] == ["ERROR", "PASS"]
    assert "none of its WANT: NMI@L (event 1: event)" in judgement.cases["a"].reason
