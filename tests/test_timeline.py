# SPDX-License-Identifier: BSD-2-Clause
"""The timeline of a case: lanes, arrows, and the twin's events on the lines of the guest's own."""
from ordeal.model import Result
from ordeal.report.timeline import (bands, draw, find_twin, flips, of_case, rows, twin_name,
                                    twin_trace)

S2 = ("EXIT(RDMSR)@RDMSR; ENTRY(#GP(0x0))@RDMSR; #GP(0x0)@RDMSR[if=1,rf=1]; "
      "IRQ(0x60)@GP_ENTRY[if=1,rf=0]")
N1 = "#GP(0x0)@RDMSR[if=1,rf=1]; IRQ(0x60)@GP_ENTRY[if=1,rf=0]"


def test_exits_and_entries_stand_in_the_hypervisors_lane():
    table = rows(S2, None)
    assert table[0] == ("RDMSR -->", "EXIT(RDMSR)", "")
    assert table[1] == ("<--", "ENTRY(#GP(0x0))", "")
    assert table[2] == ("#GP(0x0)@RDMSR[if=1,rf=1]", "", "")


def test_the_twin_stands_beside_the_guests_deliveries():
    assert [twin for _, _, twin in rows(S2, N1)] == ["", "", *N1.split("; ")]


def test_what_only_the_twin_has_is_not_lost():
    assert rows("IRQ(0x60)@NOP", N1)[-1] == ("", "", N1.split("; ")[1])


def test_drawing():
    lines = draw(S2, "native/n1", N1)
    assert lines[0].split() == ["guest", "hypervisor", "native", "twin:", "native/n1"]
    assert set(lines[1]) == {"-"}
    assert lines[2].split() == ["RDMSR", "-->", "EXIT(RDMSR)"]
    guest, twin = lines[4].split()
    assert guest == twin == "#GP(0x0)@RDMSR[if=1,rf=1]"
    assert len({line.find("IRQ") for line in lines[5:]}) == 1


def test_a_native_trace_has_one_lane():
    assert draw(N1)[0] == "events"


def test_a_twin_outside_the_run_is_named():
    assert draw(S2, "native/n1", None)[-1] == "(native twin native/n1: not in this run)"


def test_a_want_without_a_place():
    assert rows("EXIT(RDMSR)[sti=0]; NMI[if=1]", None) == [("[sti=0] -->", "EXIT(RDMSR)", ""), ("NMI[if=1]", "", "")]


def test_find_twin():
    found = [Result("tcg", "native/n1", "FAIL", observed=["#UD@UD2"]),
             Result("bochs", "native/n1", "PASS", observed=[N1])]
    twins = [find_twin(Result(*words, "PASS", twin=twin), found) for *words, twin in (
        ("bochs", "hv/a", "n1"), ("tcg", "hv/a", "native/n1"), ("tcg", "hv/a", "other"), ("tcg", "hv/a", ""))]
    assert twins == [found[1], found[0], None, None]
    assert [(twin_name(twin), twin_trace(twin)) for twin in found] == [
        ("native/n1 (FAIL)", "#UD@UD2"), ("native/n1", N1)]
    assert twin_trace(Result("tcg", "s/c", "SKIP")) is None
    assert twin_trace(Result("tcg", "s/c", "PASS", observed=["x"], histogram=[(1, "x")])) is None


EARLY, AT, LATE = "IRQ@before UD2; #UD@UD2", "IRQ@UD2; #UD@UD2", "#UD@UD2; IRQ@later"


def test_orders_that_were_not_met_and_orders_that_are_not_legal():
    found = bands([(3, AT), (2, "NMI@L")], [EARLY, AT])
    assert found == [(0, EARLY), (3, AT), (2, "NMI@L")]


def test_the_flip_is_between_two_orders_that_were_met():
    assert flips([(3, EARLY), (1, AT), (9, LATE)]) == [2]
    assert flips([(3, EARLY), (0, LATE), (9, AT)]) == [] == flips([(3, EARLY)])


def test_a_sweep_has_a_line_for_each_order():
    result = Result("tcg", "s/c", "PASS", expected=[EARLY, AT, LATE], observed=["x"],
                    histogram=[(120, EARLY), (1, AT), (60, LATE)])
    assert of_case(result, []) == [
        "120 " + "#" * 24 + " " + EARLY, "  1 #" + " " * 23 + " " + AT,
        "-" * 28 + " the order flips", " 60 " + "#" * 12 + " " * 12 + " " + LATE]
    assert of_case(Result("tcg", "s/c", "PASS", histogram=[(1, EARLY)]), [])[0].startswith("1 ###")
