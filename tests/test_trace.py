# SPDX-License-Identifier: BSD-2-Clause
"""The one reader of traces: what it reads, that it agrees with the guest's matcher, and that whoever compares asks it."""
import os
import subprocess

import html_fixture as made
import pytest
from ordeal.judge.recheck import contradiction
from ordeal.judge.trace import Kind, closest, first_difference, orders, parse, rows
from ordeal.model import Result
from ordeal.page.data import compact
from ordeal.report.person import failure
from test_images import BUILD

SEEN = "IRQ(0x60)@RDMSR[if=1,rf=0]; #GP(0x0)@RDMSR[if=1,rf=1]"
#: A want, a trace that it allows although the texts differ, a trace that it does not allow, and the
#: difference of that trace.
PROBES = [
    ("#DB@NOP[dr6=0x1]", "#DB@NOP[if=1,rf=0,dr6=0xffff0ff1]", "#DB@NOP[if=1,rf=0,dr6=0xffff0ff2]", "DR6"),
    ("#DB[dr6 without=0x4000]", "#DB@NOP[dr6=0xffff0ff1]", "#DB@NOP[dr6=0xffff4ff1]", "DR6"),
    ("EXIT(NESTED_PAGE_FAULT)", "EXIT(NESTED_PAGE_FAULT during NMI)@NOP", "EXIT(NMI)@NOP", "exit reason"),
    ("#GP@RDMSR", "#GP(0x0)@RDMSR[if=1,rf=1]", "#GP(0x0)@NOP[if=1,rf=1]", "place"),
    ("#PF(0x2)[page of cr2=0x5000]", "#PF(0x2)@NOP[if=1,rf=1,cr2=0x5ff8]", "#PF(0x2)@NOP[if=1,rf=1,cr2=0x6000]", "CR2"),
    ("EXIT(RDMSR)@RDMSR[sti=0]", "EXIT(RDMSR)@RDMSR", "EXIT(RDMSR)@RDMSR[sti=1]", "interruptibility"),
    ("#GP(0x0)[ist=5]", "#GP(0x0)@RDMSR[if=1,rf=1,ist=5]", "#GP(0x0)@RDMSR[if=1,rf=1,ist=6]", "stack"),
    ("NMI@landing", "NMI@landing[if=1,rf=0]", "#UD@landing[if=1,rf=0]", "event"),
    ("NMI[tf=0,cpl=0]", "NMI@L[if=1,rf=0]", "NMI@L[if=1,rf=0,tf=1]", "saved TF"),
    ("EXIT(IO)[sti=0][movss=1]", "EXIT(IO)@OUT[movss=1]", "EXIT(IO)@OUT", "interruptibility")]


@pytest.mark.parametrize("text,kind,subject,rest", [
    ("IRQ(0x60)", Kind.IRQ, "0x60", ""), ("INT(0x50)", Kind.INT, "0x50", ""), ("NMI", Kind.NMI, "", ""),
    ("#GP(0x18)", Kind.EXCEPTION, "GP", "0x18"), ("#UD", Kind.EXCEPTION, "UD", ""),
    ("EXIT(RDMSR)", Kind.EXIT, "RDMSR", ""), ("EXIT(NPF during INTR(0x40))", Kind.EXIT, "NPF", "INTR(0x40)"),
    ("EXIT(?)", Kind.EXIT, "?", ""), ("ENTRY", Kind.ENTRY, "", ""), ("ENTRY(#?)", Kind.ENTRY, "", "#?"),
    ("ENTRY(#GP(0x0))", Kind.ENTRY, "", "#GP(0x0)"), ("?", Kind.OTHER, "?", ""), ("EXIT(", Kind.OTHER, "EXIT(", "")])
def test_names(text, kind, subject, rest):
    for written in (text, text + "@L", text + "@L[if=1]", text + "[if=1]"):
        event, = parse(written)
        assert (event.text, event.name) == (written, text)
        assert (event.kind, event.subject, event.rest) == (kind, subject, rest)
        assert event.place == ("L" if "@" in written else "")
        assert bool(event.details) == ("[" in written)
        assert event.in_root == (kind in (Kind.EXIT, Kind.ENTRY))


@pytest.mark.parametrize("text,place,details,where", [
    ("#PF(0x0)@MOV from a not-present page[rf=1]", "MOV from a not-present page", {"rf": "1"}, None),
    ("NMI@load ECX[0]=1 and no hints", "load ECX[0]=1 and no hints", {}, None),
    ("NMI@load ECX[0]=1 and no hints[if=1,rf=0]", "load ECX[0]=1 and no hints", {"if": "1", "rf": "0"}, None),
    ("NMI@REP INSB, between iterations", "REP INSB, between iterations", {}, None),
    ("NMI@0x1234 (outside the scene)[dr6 without=2]", "0x1234 (outside the scene)", {"dr6 without": "2"}, None),
    ("EXIT(IO)[sti=0][movss=1]", "", {"sti": "0", "movss": "1"}, "[sti=0][movss=1]"),
    ("NMI@REP MOVSB[if=1,rf=1,...(cut)", "REP MOVSB[if=1,rf=1,...(cut)", {}, None)])
def test_places_and_details(text, place, details, where):
    event, = parse(text)
    assert (event.place, event.details) == (place, details)
    assert event.where == (where or text.partition("@")[2])


def test_traces():
    assert parse("nothing") == [] == parse("")
    assert [event.name for event in parse(SEEN)] == ["IRQ(0x60)", "#GP(0x0)"]
    assert orders("nothing") == ["nothing"] and orders("NMI@a || #UD; NMI@b") == ["NMI@a", "#UD; NMI@b"]


@pytest.mark.parametrize("text", [*made.HOSTILE, "@", "[", "]@[", "; ", "[=]", "[a=]", "#", "IRQ()"])
def test_any_text_can_be_read_and_equals_itself(text):
    assert "; ".join(event.text for event in parse(text)) == text
    assert all(row.differs == "" or row.wanted.unknown_claim() for row in rows(text, text))


@pytest.mark.parametrize("want", [
    "#GP(0x0)@RDMSR; IRQ(0x60)@RDMSR", "IRQ(0x60)@RDMSR", SEEN + "; IRQ(0x60)@after IRET", "nothing",
    "IRQ(0x61)@RDMSR; #GP(0x0)@RDMSR", "INT(0x60)@RDMSR; #GP(0x0)@RDMSR",
    "IRQ(0x60)@NOP; #GP(0x0)@RDMSR", "IRQ(0x60)@RDMSR[if=0]; #GP(0x0)@RDMSR",
    "IRQ(0x60)@RDMSR; #GP(0x0)@RDMSR[rf=0]", "IRQ(0x60)@RDMSR; #GP(0x10)@RDMSR",
    "IRQ(0x60)@RDMSR[tf=1]; #GP(0x0)@RDMSR", "IRQ(0x60)@RDMSR; #GP(0x0)@RDMSR[cpl=3]",
    "IRQ(0x60)@RDMSR; #GP(0x0)@RDMSR[colour=0]"])
def test_any_claim_that_does_not_hold_is_found(want):
    assert first_difference(want, SEEN) and not first_difference("IRQ(0x60)@RDMSR; #GP(0x0)@RDMSR", SEEN)


def test_rows():
    assert [row.differs for row in rows("NMI@L; #UD; #BP", "NMI@L[if=1]; #GP(0x0)@L")] == ["", "vector", "missing"]
    assert first_difference("NMI@L; #UD; #BP", "NMI@L[if=1]; #GP(0x0)@L") == "event 2: vector"
    assert [row.differs for row in rows("nothing", "NMI@L")] == ["not expected"]
    assert rows("nothing", "nothing") == []


def test_the_closest_want():
    wants = ["#UD; NMI", "IRQ(0x60); #UD", "IRQ(0x60)[if=0]; #GP"]
    assert closest(wants, SEEN) == wants[1] and closest(wants, "#UD@L") == wants[0]
    assert closest([], SEEN) == ""
    assert closest(["IRQ(0x60)", "IRQ(0x60); #GP"], SEEN) == "IRQ(0x60); #GP"


def test_the_guests_matcher_finds_the_same_first_difference():
    """Every comparison of tests/c/expect.c made again from its text, but for what the text does not show."""
    subprocess.run(["make", "-s", "-C", BUILD, "tests/c/obj/expect.test"], check=True)
    lines = subprocess.run([os.path.join(BUILD, "tests/c/obj/expect.test"), "print"], check=True, text=True,
                           stdout=subprocess.PIPE).stdout.split("\n")
    found = [line.split("\t") for line in lines if line.count("\t") == 2]
    unseen = 0
    for want, seen, word in found:
        row, = rows(want, seen)
        hidden = word == "event being delivered" and "during" not in want
        assert row.differs == word or hidden and not row.differs, (want, seen, word)
        unseen += row.differs != word
    assert unseen == 1
    assert {word for _, _, word in found} == {
        "", "event", "vector", "error code", "saved IF", "saved RF", "saved TF", "saved CPL", "CR2",
        "DR6", "stack", "place", "exit reason", "event being delivered", "injected event",
        "interruptibility"}


def judged(want, seen):
    """Does the judge's second look find a difference?"""
    return bool(contradiction([want], [seen]))


def shaded(want, seen):
    """Does the page paint one, in the data from which it makes its drawings?"""
    data = compact([Result("tcg", "s/c", "FAIL", expected=[want], observed=[seen])], {})
    (_, _, _, _, shapes), = data["cases"][0]["outcomes"][0]["figures"]
    return "differs" in [data["kinds"][data["shapes"][number][0]][1] for number in shapes]


def marked(want, seen):
    """Does the report for people mark one?"""
    lines = failure(Result("tcg", "s/c", "FAIL", expected=[want], observed=[seen]))
    return any(" | " in line for line in lines)


@pytest.mark.parametrize("want,good,bad,word", PROBES)
def test_the_judge_the_page_and_the_report_agree(want, good, bad, word):
    for look in (judged, shaded, marked):
        assert (look(want, good), look(want, bad)) == (False, True), look
    assert [row.differs for row in rows(want, bad)] == [word]
