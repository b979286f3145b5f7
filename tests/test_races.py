# SPDX-License-Identifier: BSD-2-Clause
"""Sweeps on real images in QEMU: they show the flip at one instruction, and give the same result each
time. If the timer does not fire, is far too fast, or the machine lacks a feature, they end with a
message about what was seen."""
import os
import re
import time

import pytest
from ordeal.judge.sweeps import parse_hist, parse_sweep, ranges
from test_images import BUILD, boot

ICOUNT = ("-icount", "shift=0,sleep=off")


def log_of(name, cases, *options):
    """The log of these cases of an image, as text; it must come to its end."""
    done = boot(os.path.join(BUILD, "x86", name + ".flat"), "-cpu", "max", "-append", cases, *options)
    text = done.stdout
    assert re.search("^END ", text, re.M), text[-400:]
    return text


def lines(text, word):
    """The text after `WORD: case: `."""
    return re.findall("^%s: [^:]*: (.*)$" % word, text, re.M)


def test_the_order_flips_between_two_ticks():
    text = log_of("sweeps", "fault.ud.trap_gate", *ICOUNT)
    found = {trace: ranges(ticks) for _, ticks, trace in map(parse_hist, lines(text, "HIST"))}
    sweep = parse_sweep(lines(text, "SWEEP")[0])
    at = found["IRQ(0x60)@UD2; #UD@UD2"]
    after = found["#UD@UD2; IRQ(0x60)@UD_ENTRY"]
    assert at[0][0] == at[0][1] and after[0][0] == at[0][1] + 1, "one tick is one instruction here"
    assert sweep["step"] == sweep["repeat"] == 1 and not sweep["incomplete"]
    assert sweep["samples"] == sweep["to"] - sweep["from"] + 1
    assert "%d IRQ(0x60)@UD2[" % at[0][0] in "\n".join(lines(text, "SAMPLE"))


@pytest.mark.parametrize("name,cases", [("sweeps", "*"), ("arrivals", "*")])
def test_a_second_run_is_the_same(name, cases):
    assert log_of(name, cases, *ICOUNT) == log_of(name, cases, *ICOUNT)


def test_a_timer_that_never_fires():
    text = log_of("sweeps", "fault.ud.trap_gate rep.movsb mutate=no-event", *ICOUNT)
    assert len(re.findall("^ERROR: .*armed for 1 tick, .* has not fired$", text, re.M)) == 2


@pytest.mark.parametrize("shift,verdict", [(8, "PASS"), (10, "ERROR")])
def test_a_timer_of_absurd_frequency(shift, verdict):
    """256 or 1024 ticks an instruction: it ends within its budget, and says that it is not whole."""
    began = time.monotonic()
    text = log_of("sweeps", "fault.ud.trap_gate", "-icount", "shift=%d,sleep=off" % shift)
    assert re.search("^%s: " % verdict, text, re.M) and time.monotonic() - began < 20
    sweeps = [parse_sweep(line) for line in lines(text, "SWEEP")]
    assert all("its budget" in sweep["incomplete"] for sweep in sweeps)
    assert (verdict == "ERROR") == (not sweeps) and (sweeps or "its budget was used up" in text)


def test_a_lost_wake_up_fails_instead_of_hanging():
    text = log_of("sweeps", "halt.sti_hlt mutate=if-clear", *ICOUNT)
    assert re.search("^FAIL: .*HLT slept until the guard woke it: the wake-up was lost$", text, re.M)


def test_without_a_device_that_sends_nmis():
    text = log_of("sweeps", "halt.* nmi.* window.mov_ss", *ICOUNT, "-M", "pc,pit=off")
    assert len(re.findall("^SKIP: .*no NMI comes from the PIT", text, re.M)) == 8
    assert re.search("^PASS: .*window.mov_ss", text, re.M)


@pytest.mark.parametrize("name", ["sweeps", "arrivals"])
def test_where_time_is_not_instructions(name):
    """Arrivals are random then: what is asserted must hold for all of them. A host that takes the
    processor away during a sample ends the sweep, which says so; then it is played again."""
    for _ in range(5):
        text = log_of(name, "*.ud.* *.load* exclude=*deadline")
        errors = re.findall("^ERROR: .*", text, re.M)
        assert not re.search("^FAIL: ", text, re.M), text
        assert all(re.search(" the TSC jumped from ", error) for error in errors), text
        if not errors:
            return
    pytest.fail("in each of five runs the host took the processor away: " + text)
