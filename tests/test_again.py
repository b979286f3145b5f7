# SPDX-License-Identifier: BSD-2-Clause
"""The lines `again:` of expected/: an event that was delivered once more, in any case at all."""
import pytest
from ordeal.judge.pattern import parse_pattern
from ordeal.model import Result
from ordeal.plan import known
from ordeal.plan.excuse import Deviations

WANT = "#GP(0x0)@RDMSR[if=1,rf=1]; IRQ(0x60)@after IRET[if=1]"
ONCE = "#GP(0x0)@RDMSR[if=1,rf=1]; IRQ(0x60)@after IRET[if=1,rf=1]"
MORE = "IRQ(0x60)@0x1097f0 (outside the scene)[if=0,rf=0]"
LINE = "again: IRQ(0x60)@*[if=0,rf=*]"
NEVER = "event 3 is not as the architecture orders it"
ENTRY = "[twice]\ncases = s/* t/*\nverdict = FAIL\nreason = r\ncite = c\nintermittent = yes\nseen = " + \
    LINE + " -- anywhere\n"
SINGLE = "[single]\ncases = s/a\nverdict = FAIL\nreason = r\ncite = c\nseen = NMI@NOP#1[if=1,rf=0]\n"


def failed(trace, reason=NEVER, **more):
    """A FAIL with this trace."""
    return Result("tcg", "s/a", "FAIL", reason, expected=[WANT, "NMI@NOP#1[if=1]"], observed=[trace],
                  **more)


def applied(result, text=ENTRY):
    """The result after these entries were applied."""
    Deviations(known.parse(text, "f"), "tcg", "QEMU emulator version 7.2.22", "2026-01-01").apply(
        result, "")
    return result


def test_a_legal_trace_with_the_event_once_more():
    result = applied(failed(ONCE + "; " + MORE))
    assert (result.verdict, result.unexpected, result.pattern) == ("XFAIL", False, LINE)


@pytest.mark.parametrize("trace", [
    ONCE,                                                   # legal: only a check can have failed
    ONCE + "; " + MORE.replace("if=0", "if=1"),             # with IF=1
    ONCE + "; " + MORE.replace("0x60", "0x61"),             # another interrupt
    ONCE.replace("rf=1];", "rf=0];") + "; " + MORE,         # the rest is not legal
    MORE + "; " + ONCE,                                     # before, not behind
    ONCE + "; NMI@NOP#1[if=0,rf=0]; " + MORE,               # not right behind
    ONCE + "; " + MORE + "; " + MORE,                       # twice more
    "NMI@NOP#1[if=1,rf=0]; " + MORE,                        # behind an event of another kind
    "IRQ(0x60)@after IRET[if=1,rf=1]; " + MORE])            # an event is missing
def test_anything_else_stays_red(trace):
    result = applied(failed(trace))
    assert (result.verdict, result.unexpected) == ("FAIL", True)


def test_a_check_that_failed_or_a_sweep_is_not_excused():
    assert applied(failed(ONCE + "; " + MORE, reason="CR2 was 0x0 and became 0x8")).unexpected
    assert applied(failed(ONCE + "; " + MORE, sweep={"from": 1})).unexpected


def test_such_an_entry_lists_no_case():
    """What is seen beside it is as unexpected as if there were no such entry."""
    result = applied(failed("nothing"))
    assert result.unexpected and not result.listed and not result.pattern
    result = applied(failed("nothing"), ENTRY + SINGLE)
    assert "[single] lists this case" in result.listed
    assert [d.anywhere for d in known.parse(ENTRY + SINGLE, "f")] == [True, False]


def test_bad_lines():
    for text, says in (("again: NMI@A[if=1,rf=0]; NMI@B[if=1,rf=0]", "one event"),
                       ("again: ...", "one event"), ("again: nothing", "one event"),
                       ("again: IRQ@NOP", ""),
                       ("again: IRQ(0x60)@*[*]", "wildcards only")):
        with pytest.raises(ValueError) as error:
            parse_pattern(text)
        assert says in str(error.value)
