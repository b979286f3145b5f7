# SPDX-License-Identifier: BSD-2-Clause
"""The generated world, when something goes wrong in it: a situation that ends the boot costs itself
and nothing else, and what varies, or what guest and host do not agree on, is said."""
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any, Dict, List, Sequence, Tuple

import pytest
from ordeal.judge.blocks import (Played, classes, hash_of, is_among, miscount, objection,
                                 parse_played, total)
from ordeal.judge.session import CaseLog
from ordeal.model import Case, Stanza
from ordeal.plan.world import names
from ordeal.plan.suites import time_limit
from ordeal.plan.select import MAX_GLOBS, MAX_TEXT, Suite, fitting, guest_args
from ordeal.report.worlds import told
from ordeal.model import Result
from ordeal.run.opinion import processor
from ordeal.host import find_host
from ordeal.platforms.base import Platform
from ordeal.run.runner import Runner
from ordeal.run.search import MOST, Search
from ordeal.run.unit import Unit

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("ORDEAL_BUILD", ROOT))


# -- the search, without a guest ----------------------------------------------------------------

def block(count: int, **more: int) -> Dict[str, Any]:
    return {**total([]), "situations": count, "legal": count - sum(more.values()),
            "hash": "00000001", **more}


def search(count: int, killers: Sequence[int], once: Sequence[int] = (), strange: bool = False) \
        -> Tuple[CaseLog, List[Tuple[int, int]]]:
    """A block of so many situations, numbered from 0. once: end a boot only the first time that they
    are alone; strange: the whole block ends a boot, but no part of it does."""
    found = Search(["s%d" % i for i in range(count)], CaseLog("B", "CRASH", "all"))
    booted: List[Tuple[int, int]] = []
    survived = set()
    while not found.over:
        first, last = found.ahead()
        booted.append((first, last))
        inside = [i for i in list(killers) + list(once)
                  if first - 1 <= i < last and i not in survived]
        if inside and not strange:
            if first == last and inside[0] in once:
                survived.add(inside[0])
            found.take(CaseLog("B", "CRASH", "dead in %s" % inside[0]), False)
        else:
            log = CaseLog("B", "PASS", block=block(last - first + 1))
            log.played = [Played("s%d" % (first - 1), "legal", 1, "NMI@L")] if first == last else []
            found.take(log, True)
    return found.result(), booted


@pytest.mark.parametrize("killer", range(7))
def test_the_range_is_halved_until_the_killer_is_named(killer: int):
    log, booted = search(7, [killer])
    assert log.verdict == "CRASH" and log.reason == "s%d: dead in %d" % (killer, killer)
    assert log.block["ended"] == {"s%d" % killer: "CRASH"}
    assert log.block["situations"] == 7 and log.block["legal"] == 6
    assert booted.count((killer + 1, killer + 1)) == 2, "it is tried a second time"
    assert len(booted) <= 2 * 3 + 2


def test_each_of_several_killers_is_named_up_to_a_limit():
    log, _ = search(100, [3, 4, 99])
    assert sorted(log.block["ended"]) == ["s3", "s4", "s99"] and log.block["legal"] == 97
    assert log.reason.startswith("3 situations end the boot; s3: ")
    log, booted = search(100, range(100))
    assert len(log.block["ended"]) == MOST and log.block["left_out"] == 100 - MOST
    assert any("left out" in note for note in log.notes) and len(booted) < 40


def test_a_killer_that_kills_only_once_is_flaky_with_both_answers():
    log, _ = search(8, [], once=[5])
    assert log.verdict == "FLAKY" and log.block["ended"] == {} and log.block["situations"] == 8
    assert log.reason == "s5: dead in 5; and on the second try: NMI@L"


def test_a_block_that_ends_the_boot_only_as_a_whole_is_flaky():
    log, booted = search(8, [], strange=True)
    assert log.verdict == "FLAKY" and booted == [(1, 4), (5, 8)]
    assert log.reason == "s0 to s7 together, but no part of them alone: all"


def test_a_guest_that_does_not_begin_any_more_ends_the_search():
    found = Search(["a", "b", "c"], CaseLog("B", "CRASH", "all"))
    found.take(CaseLog("B", "PASS", block=block(1)), True)
    found.give_up("no machine")
    assert found.over and found.result().verdict == "CRASH"
    assert found.result().reason == "all; and then: no machine" and found.result().block["left_out"] == 2


def test_parts_add_up_and_so_do_their_classes():
    found = Search(["a", "b", "c"], CaseLog("B", "TIMEOUT", "slow"))
    for count in (1, 2):
        log = CaseLog("B", "FAIL", "r", ["W"], ["S"], block=block(count, illegal=1))
        log.notes = ["class of %d: X.tf" % count, "profile"]
        log.block["classes"] = [{"name": "X.tf", "count": count}]
        found.take(log, True)
    log = found.result()
    assert log.block["illegal"] == 2 and log.block["hash"] == "00000002"
    assert log.block["classes"] == [{"name": "X.tf", "count": 3}]
    assert classes(log.notes) == [(3, "X.tf")] and log.notes.count("profile") == 1
    assert log.want == ["W"] and log.seen == ["S"]


# -- what one boot can be asked for --------------------------------------------------------------

def suite_of(names: Sequence[str], words: Sequence[str] = ()) -> Suite:
    return Suite(Stanza("world", "cfg:1", groups=("world",)), "x", False,
                 tuple(Case(name) for name in names), tuple(words))


@pytest.mark.parametrize("skipped", [0, 1, 3, 500, 1000, 1190])
def test_a_boot_gets_as_many_cases_as_its_arguments_hold(skipped: int):
    names = ["OPENER%02d.INSTRUCTION_%02d" % (i % 19, i // 19) for i in range(1197)]
    suite = suite_of(names, ["sample=16"])
    left, boots = names[skipped:], 0
    if skipped == 3:
        left = names[::2]
    while left:
        part = fitting(suite, left, ("quirks=" + "x" * 200,))
        args = guest_args(suite, part, ("quirks=" + "x" * 200,))
        excluded = [word for word in args if word.startswith("exclude=")]
        assert part == left[:len(part)] and part
        assert len(" ".join(args)) <= MAX_TEXT or len(part) == 1
        assert len([word for word in args if "=" not in word]) <= MAX_GLOBS
        assert not excluded or len(excluded[0].split(",")) <= MAX_GLOBS
        left, boots = left[len(part):], boots + 1
    assert boots == 1 if skipped in (0, 1, 1190) else 1 < boots <= 30


# -- the host's opinion --------------------------------------------------------------------------

def test_a_trace_is_among_the_legal_ones_to_the_letter():
    legal = ["#UD@UD2[if=1,rf=1]; NMI@0x0 (outside the scene)[if=0,rf=0,ist=1]", "nothing"]
    assert is_among(legal, "nothing")
    assert is_among(legal, "#UD@UD2[if=1,rf=1]; NMI@0x1039db (outside the scene)[if=0,rf=0,ist=1]")
    assert is_among(legal, "#UD@UD2[if=1,rf=1]; NMI@UD_ENTRY+4[if=0,rf=0,ist=1]")
    assert not is_among(legal, "#UD@UD2[if=1,rf=1]; NMI@UD_ENTRY[if=0,rf=0,ist=1]")
    assert not is_among(legal, "#UD@UD2[if=1,rf=1]; NMI@0x1039db (outside the scene)[if=1,rf=0,ist=1]")
    assert not is_among(legal, "#UD@UD2[if=1,rf=1]")
    assert not is_among(["#DB@L[dr6=0x1]"], "#DB@L[dr6=0x3]")


def test_the_host_objects_both_ways():
    legal = ["NMI@L"]
    assert not objection(Played("N", "legal", 1, "NMI@L"), legal, "")
    assert not objection(Played("N", "illegal", 1, "NMI@M"), legal, "")
    assert not objection(Played("N", "flaky", 1, "NMI@L"), legal, "")
    assert "no legal order" in objection(Played("N", "legal", 1, "NMI@M"), legal, "")
    assert "order is legal" in objection(Played("N", "illegal", 1, "NMI@L"), legal, "")
    assert "does not know it: why" in objection(Played("N", "legal", 1, "NMI@L"), [], "why")


def test_the_host_objects_to_quirks_that_do_not_explain():
    played = Played("N", "by=a+b-c", 1, "NMI@M")
    assert played.quirks == ["a", "b-c"]
    assert not objection(played, ["NMI@L"], "", ["NMI@L", "NMI@M"])
    assert "explains N by a and b-c, but" in objection(played, ["NMI@L"], "", ["NMI@L"])
    assert "legal only with quirks, but" in objection(played, ["NMI@M"], "", ["NMI@M"])


def test_a_trace_without_end():
    allowed = ["NMI@L[if=0]; ..."]
    again = ["#DB@DB_ENTRY[dr6=0x4001]"] * 3
    assert is_among(allowed, "; ".join(["NMI@L[if=0]", *again]))
    assert is_among(allowed, "; ".join(["NMI@L[if=0]", *again, "#DB@DB_EN...(cut)"]))
    assert not is_among(allowed, "NMI@L[if=0]")
    assert not is_among(allowed, "; ".join(["NMI@L[if=0]", *again, "#DB@M[dr6=0x1]"]))
    assert not is_among(allowed, "NMI@L[if=0]; NMI@M[if=0]")
    late = again[:1] + ["NMI@0x1139 (outside the scene)[if=1]"] + again
    assert is_among(allowed, "; ".join(["NMI@L[if=0]", *late])), "an NMI that was held back"
    assert not is_among(["...", "STOPPED"], "STOPPED; #DB@L[dr6=0x1]")


def test_the_host_counts_too():
    assert not miscount(block(5, unplayed=1), 5, 1)
    assert "has 5 situations in the block, the host 6" in miscount(block(5), 6, 0)
    assert "left 2 situations unplayed, but only 1" in miscount(block(5, unplayed=2), 5, 1)


def test_a_played_line():
    assert parse_played("STI.RDMSR.irq60+irq90 legal 0123abcd IRQ(0x60)@L; NMI@M") == Played(
        "STI.RDMSR.irq60+irq90", "legal", 0x0123abcd, "IRQ(0x60)@L; NMI@M")
    assert parse_played("A.B by=a+b-c 0123abcd NMI@M").said == "by=a+b-c"
    for line in ("", "A.B legal 123 NMI@L", "A.B fine 0123abcd NMI@L", "A.B legal 0123abcd ",
                 "A.B by= 0123abcd NMI@L", "A.B legala+b 0123abcd NMI@L"):
        with pytest.raises(ValueError):
            parse_played(line)


def test_the_hash_of_a_block_does_not_depend_on_the_order():
    pairs = [(1, 2), (3, 4), (0xffffffff, 0)]
    assert hash_of(pairs) == hash_of(pairs[::-1]) != hash_of([(1, 4), (3, 2), (0xffffffff, 0)])


def test_the_processor_is_that_of_the_guest():
    assert processor(["cpu=AuthenticAMD family=15", "boot=pvh nxe=1"]) == (
        "amd", ["--vendor", "amd", "--state", "nxe"])
    assert processor(["cpu=GenuineIntel", "nxe=0"]) == ("intel", ["--vendor", "intel"])


def test_the_report_says_what_is_a_sample_in_numbers():
    start = {"type": "start", "worlds": [{"suite": "world", "situations": 12, "all": 4000,
                                          "words": ["sample=8"]}]}
    found = [Result("tcg", "world/A.B", "FAIL", block={
        **block(10, illegal=2), "classes": [{"name": "A.B", "count": 2}], "rejudged": 3})]
    assert told([start], found) == ["", "Generated world:", "  tcg: 12 of 4,000 situations (sample=8): 8 legal, "
                                    "2 illegal in 1 classes, 2 not reached; the host judged 3 again"]
    assert told([{"type": "start"}], found) == []


# -- with a guest -------------------------------------------------------------------------------

def play(directory: Path, *arguments: str) \
        -> Tuple[Dict[str, Dict[str, Any]], List[Dict[str, Any]], str]:
    """Results by block, boots, and the report."""
    stream = directory / "results.jsonl"
    done = subprocess.run([str(BUILD / "run_tests.sh"), "--jsonl", str(stream), "--logs", str(directory / "logs"),
                           *arguments], stdout=subprocess.PIPE, text=True, check=False, timeout=120)
    records = [json.loads(line) for line in stream.read_text().splitlines()]
    return ({r["case"].partition("/")[2]: r for r in records if r["type"] == "result"},
            [r for r in records if r["type"] == "boot"], done.stdout)


def planted(what: str) -> str:
    return "world.test_args=depth=1 plant=%s:STI.NOP.irq60" % what


@pytest.mark.parametrize("what,verdict,why", [
    ("reset", "CRASH", "the machine reset"),
    ("abort", "ERROR", "the guest gave up: plant=abort")])
def test_a_killer_costs_itself_and_nothing_else(tmp_path: Path, what: str, verdict: str, why: str):
    """In the second of three blocks, each of whose other situations is played."""
    found, boots, report = play(tmp_path, "-p", "tcg", "--set", planted(what), "world/STI_STI.NOP",
                                "world/STI.NOP", "world/STI_NOP.NOP")
    sound, _, _ = play(tmp_path, "-p", "tcg", "--depth", "1", "world/STI*.NOP")
    killed = found["STI.NOP"]
    assert killed["verdict"] == verdict and killed["reason"].startswith("STI.NOP.irq60: ") \
        and why in killed["reason"]
    assert killed["block"]["ended"] == {"STI.NOP.irq60": verdict}
    assert killed["block"]["situations"] == sound["STI.NOP"]["block"]["situations"]
    assert killed["block"]["illegal"] == sound["STI.NOP"]["block"]["illegal"]
    assert killed["block"]["legal"] == sound["STI.NOP"]["block"]["legal"] - 1
    for other in ("STI_STI.NOP", "STI_NOP.NOP"):
        assert found[other]["block"]["hash"] == sound[other]["block"]["hash"]
    assert 4 < len(boots) < 14
    assert "1 that end the boot" in report
    line = next(note for note in killed["notes"] if note.startswith("alone: "))
    assert line.endswith("-p tcg --only STI.NOP.irq60") and "plant=" in line


def test_a_hang_is_ended_by_the_time_limit_and_tried_twice(tmp_path: Path):
    found, boots, _ = play(tmp_path, "-p", "tcg", "--set", "world.test_args=plant=hang:STI.NOP.irq60",
                           "--set", "world.timeout=6", "--only", "STI.NOP.irq60")
    assert found["STI.NOP"]["verdict"] == "TIMEOUT" and len(boots) == 2
    assert found["STI.NOP"]["block"]["ended"] == {"STI.NOP.irq60": "TIMEOUT"}


def test_what_comes_when_no_scene_plays_costs_one_block_its_verdict(tmp_path: Path):
    """It names the situation that sent it; all are played, in one boot."""
    args = "world.test_args=depth=1 plant=stray:STI_STI.NOP.irq60"
    found, boots, _ = play(tmp_path, "-p", "tcg", "--set", args, "world/STI.NOP", "world/STI_STI.NOP")
    sound, _, _ = play(tmp_path, "-p", "tcg", "--depth", "1", "world/STI*.NOP")
    stray = found["STI_STI.NOP"]
    assert stray["verdict"] == "FAIL" and stray["unexpected"]
    assert re.fullmatch(r"vector 2 came when no scene played, after STI\.NOP\.nmi\S*; 1 such events in all",
                        stray["reason"])
    for name in ("STI_STI.NOP", "STI.NOP"):
        assert found[name]["block"]["hash"] == sound[name]["block"]["hash"]
    assert found["STI.NOP"]["verdict"] == sound["STI.NOP"]["verdict"] and len(boots) == 1


@pytest.mark.parametrize("plant,seen", [("stuck", "STOPPED"), ("", "#DB@NOP")])
def test_a_platform_that_stands_still_with_if_1_costs_one_situation(plant: str, seen: str):
    """The watchdog's interrupt gets it out. On an exact platform there is none, and the runner says
    that tcg is one."""
    done = subprocess.run([str(BUILD / "x86/run"), str(BUILD / "x86/world.flat"), "STI.NOP",
                           "settle=time", "only=STI.NOP.tf", *(["plant=%s:STI.NOP.tf" % plant] if plant else [])],
                          stdout=subprocess.PIPE, text=True, check=False, timeout=120)
    assert done.returncode == 1 and "\nSEEN: STI.NOP: " + seen in done.stdout, done.stdout
    assert ("left the scene: it does not end" in done.stdout) == (plant == "stuck")


def test_a_block_that_has_no_situations_is_not_searched():
    """A boot may end while it is the last that ran."""
    host = find_host(str(ROOT), {})
    assert names(host, "IRETQ_CPL3.MOVSB_INSIDE", ["depth=1"]) == []
    assert names(host, "STI.NOP", ["depth=1"])[0] == "STI.NOP"


def test_how_long_a_guest_may_say_nothing():
    """As long as its largest block may take; a foreign image, or another suite, as long as it likes."""
    runner = Runner(find_host(str(ROOT), {}), "", 1, lambda *_: None, lambda *_: None)
    unit = Unit(Platform(), suite_of(["STI.NOP"], ["depth=1"]), [], 0, 1, None)
    assert 10 < runner._patience(unit) < 15
    unit.suite = suite_of(["STI.NOP"], ["depth=4"])
    assert 60 < runner._patience(unit) < 300
    quick = Platform()
    quick.time_scale = 0.1
    unit.platform = quick
    assert 60 < runner._patience(unit) < 300, "its images are quick, but not the machine that it runs on"
    unit.suite = Suite(Stanza("native", "cfg:1"), "x", False, (), ())
    assert runner._patience(unit) == 0
    host = find_host(str(ROOT), {})
    assert time_limit(Stanza("native", "cfg:1"), quick, host) * 10 == time_limit(
        Stanza("world", "cfg:1", groups=("world",)), quick, host)


def test_what_varies_is_flaky_with_both_traces(tmp_path: Path):
    found = play(tmp_path, "-p", "bochs-intel", "--set", planted("waver"), "world/STI.NOP")[0]["STI.NOP"]
    assert found["verdict"] == "FLAKY" and found["block"]["flaky"] == 1 and not found["block"]["illegal"]
    note = next(note for note in found["notes"] if note.startswith("flaky: STI.NOP.irq60: "))
    first, second = note.split(": ", 2)[2].split(" || ")
    assert first == "nothing" and second.startswith("IRQ(0x60)@")


def test_a_model_without_a_legal_trace_is_an_error(tmp_path: Path):
    found = play(tmp_path, "-p", "bochs-intel", "--set", planted("no-trace"), "world/STI.NOP")[0]["STI.NOP"]
    assert found["verdict"] == "ERROR"
    assert found["reason"] == "the model finds no legal trace of STI.NOP.irq60"


@pytest.mark.parametrize("name", ["STI.NOP.irq60", "STI.UD2.irq60.tg"])
def test_the_host_notices_a_guest_that_misjudges(tmp_path: Path, name: str):
    args = "world.test_args=plant=misjudge:" + name
    found = list(play(tmp_path, "-p", "bochs-intel", "--set", args, "--only", name)[0].values())[0]
    assert found["verdict"] == "ERROR" and "guest and host disagree" in found["reason"]
    assert name + " illegal, but on the host this order is legal" in found["reason"]


def test_the_host_notices_a_guest_that_names_another_quirk(tmp_path: Path):
    name = "STI.RDMSR.irq60.tg"
    args = "world.test_args=plant=misname:" + name
    found = play(tmp_path, "-p", "tcg", "--set", args, "--only", name)[0]["STI.RDMSR"]
    assert found["verdict"] == "ERROR" and found["unexpected"]
    assert re.search(r"guest and host disagree: the guest explains %s by [a-z0-9-]+, but on the host "
                     r"these allow no order" % re.escape(name), found["reason"])


@pytest.mark.parametrize("platform", ["tcg", "bochs-amd", "bochs-intel"])
def test_guest_and_host_agree_on_each_trace(tmp_path: Path, platform: str):
    """And on the hash of the block, because all traces are logged."""
    found, _, _ = play(tmp_path, "-p", platform, "--set", "world.test_args=show=1", "--depth", "2",
                       "world/STI.REP_MOVSB_3", "world/SYSCALL.LOAD", "world/IRETQ_CPL3.INT3")
    assert {r["verdict"] for r in found.values()} <= {"PASS", "FAIL", "XFAIL"}
    for result in found.values():
        known = result["block"]
        assert known["rejudged"] >= known["situations"] - known["unplayed"] > 40


def test_an_event_that_no_manual_places_may_come_anywhere_in_its_handler(tmp_path: Path):
    found = play(tmp_path, "-p", "bochs-intel", "--only", "STI.UD2.nmi@fault")[0]["STI.UD2"]
    assert found["verdict"] == "PASS" and found["block"]["rejudged"] == 1
    assert found["observed"] != found["expected"]


def test_more_blocks_than_one_command_line_holds(tmp_path: Path):
    found, boots, report = play(tmp_path, "-p", "tcg", "--sample", "4096", "world/STI*.*")
    assert len(found) == 4 * 63 and len(boots) > 1
    assert {r["verdict"] for r in found.values()} <= {"PASS", "FAIL", "XFAIL", "SKIP"}
    assert " of 463,746 situations (sample=4096)" in report and "not reached" not in report


# -- bad input ----------------------------------------------------------------------------------

@pytest.mark.parametrize("words,said", [
    (["--only", "STJ.NOP"], 'opener "STJ" is unknown; perhaps STI'),
    (["--only", "STI.NOPE"], 'instruction "NOPE" is unknown; perhaps NOP'),
    (["--only", "STI.NOP.irq61"], 'word of an axis "irq61" is unknown; perhaps irq60'),
    (["--only", "STI.NOP.watch"], "STI.NOP.watch is no situation: the instruction accesses nothing"),
    (["--only", "STI.NOP.tf.irq60"], "words in another order"),
    (["--set", "world.test_args=only=STI.NOPE", "world"], 'instruction "NOPE" is unknown; perhaps NOP'),
    (["--axes", "PENDIN,TF", "world"], 'axis "PENDIN" is unknown; perhaps PENDING'),
    (["--sample", "0", "world"], "sample=0: give a number from 1"),
    (["--seed", "x", "world"], "seed=x: give a number from 1"),
    (["--depth", "99999999999", "world"], "give a number from 1"),
    (["--sample", "16"], "--sample is for the generated world, which this run leaves out"),
    (["--sample", "16", "native"], "--sample is for the generated world, which this run leaves out")])
def test_bad_input_ends_before_any_boot(tmp_path: Path, words: List[str], said: str):
    done = subprocess.run([str(BUILD / "run_tests.sh"), "-p", "tcg", "--logs", str(tmp_path / "logs"), *words],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2 and said in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / "logs").exists()
