# SPDX-License-Identifier: BSD-2-Clause
"""The generated world: its blocks as the judge believes them, a fixed sample of it on the emulators,
and that a stage which is changed turns it red."""
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any, Dict, Sequence

import loglib
import pytest
from ordeal.judge.blocks import parse_block
from ordeal.judge.session import BootPlan, Ending, judge

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("ORDEAL_BUILD", ROOT))
LINE = "situations=9 legal=4 quirks=a-b:1,a-b+c:2 ambiguous=1 illegal=1 flaky=1 unplayed=0 hash=0123abcd"
GOOD = "situations=9 legal=8 quirks= ambiguous=0 illegal=0 flaky=0 unplayed=1 hash=0123abcd"


def test_the_fields_of_a_block():
    assert parse_block(LINE, {}) == {
        "situations": 9, "legal": 4, "quirks": {"a-b": 1, "a-b+c": 2}, "ambiguous": 1, "illegal": 1,
        "flaky": 1, "unplayed": 0, "hash": "0123abcd"}


@pytest.mark.parametrize("line", [
    "", LINE.replace("legal=4", "legal=6"), LINE.replace("=9", "=8"), LINE + " ",
    LINE.replace("hash", "hush"),
    LINE.replace("0123abcd", "0123ABCD"), LINE.replace("c:2", "c:"),
    LINE.replace(" quirks=a-b:1,a-b+c:2", ""), LINE.replace(" ambiguous=1", ""),
    LINE.replace("ambiguous=1", "ambiguous=4"), LINE.replace("a-b:1,a-b+c:2", "a-b:0,a-b+c:3"),
    LINE.replace("+c", "+"), LINE.replace(" flaky=1", ""),
    LINE.replace("a-b+c:2", ":2"), LINE.replace("a-b:1,", ",a-b:1,"),
    LINE.replace("illegal=1", "illegal=-1"), LINE.replace("0123abcd", "0123abc")])
def test_a_mutilated_block_is_no_block(line: str):
    with pytest.raises(ValueError):
        parse_block(line, {})


def judged(verdict: str, *blocks: str) -> str:
    """The verdict of a case with these BLOCK lines, and no WANT and SEEN."""
    lines = loglib.head_lines(1)
    lines += loglib.case_lines("a", verdict, want="", seen="", extra=["BLOCK: a: " + line for line in blocks])
    lines += loglib.close_lines(lines, [verdict], "n1")
    ending = Ending("exit", 0 if verdict == "PASS" else 1)
    return judge(loglib.data(lines), ending, BootPlan("n1", ("a",))).cases["a"].verdict


def test_what_a_block_proves():
    assert judged("PASS", GOOD) == "PASS"
    assert judged("FAIL", LINE) == "FAIL"
    assert judged("PASS") == "ERROR"
    assert judged("PASS", LINE) == "ERROR"
    assert judged("PASS", GOOD, GOOD) == "ERROR"
    assert judged("PASS", GOOD.replace("legal=8", "legal=7").replace("flaky=0", "flaky=1")) == "ERROR"
    assert judged("PASS", GOOD.replace("legal=8", "legal=0").replace("unplayed=1", "unplayed=9")) == "ERROR"
    assert judged("PASS", "situations=0 legal=0 quirks= ambiguous=0 illegal=0 flaky=0 unplayed=0 hash=00000000") == "ERROR"


def play(directory: Path, platform: str, arguments: str, *cases: str,
         options: Sequence[str] = ()) -> Dict[str, Dict[str, Any]]:
    """The results of these blocks by the rest of their ids."""
    stream = directory / "results.jsonl"
    subprocess.run([str(BUILD / "run_tests.sh"), "-p", platform, "--jsonl", str(stream), "--logs",
                    str(directory / "logs"), "--set", "world.test_args=" + arguments, *options,
                    *("world/" + case for case in cases)],
                   stdout=subprocess.DEVNULL, check=False, timeout=120)
    records = [json.loads(line) for line in stream.read_text().splitlines()]
    return {r["case"].partition("/")[2]: r for r in records if r["type"] == "result"}


@pytest.mark.parametrize("platform", ["bochs-intel", "bochs-amd"])
def test_a_sample_is_legal_on_bochs(tmp_path: Path, platform: str):
    """But for REP MOVSB, whose RF is a known deviation there, and a quirk of the model."""
    found = play(tmp_path, platform, "depth=1 quirks=rep-saves-rf-0", "STI.*")
    assert len(found) > 50
    wrong = {name: r["block"]["quirks"] for name, r in found.items() if r["verdict"] != "PASS"}
    assert set(wrong) <= {"STI.REP_MOVSB_3"}
    assert all(set(names) == {"rep-saves-rf-0"} for names in wrong.values())
    assert sum(r["block"]["situations"] for r in found.values() if "block" in r) > 600


def test_tcg_shows_its_known_deviations_and_nothing_costs_the_boot(tmp_path: Path):
    found = play(tmp_path, "tcg", "sample=8 seed=7", "STI.*")
    assert {r["verdict"] for r in found.values()} <= {"PASS", "FAIL", "SKIP", "XFAIL"}
    assert {r["boot"] for r in found.values()} == {1}
    assert "unknown-msr-reads-zero" in found["STI.RDMSR"]["block"]["quirks"]


@pytest.mark.parametrize("platform", ["tcg", "bochs-intel", "bochs-amd"])
def test_pairs_of_instructions(tmp_path: Path, platform: str):
    """Each instruction with another one behind it: as deviations are known, and nothing is illegal."""
    found = play(tmp_path, platform, "depth=1 then=INT3,RDMSR,STI sample=4 seed=3", "IF?.*")
    assert {r["verdict"] for r in found.values()} <= {"PASS", "SKIP", "XFAIL"}
    assert sum(r["block"]["situations"] for r in found.values() if "block" in r) > 300


def test_of_a_pair_the_second_instruction_is_played(tmp_path: Path):
    (result,) = play(tmp_path, "bochs-intel", "only=STI.CPUID.then-INT3.irq60", "STI.CPUID").values()
    assert result["verdict"] == "PASS"
    assert result["observed"] == ["IRQ(0x60)@INT3[if=1,rf=0]; #BP@landing[if=1,rf=0]"]


def test_a_known_deviation_is_expected(tmp_path: Path):
    found = play(tmp_path, "tcg", "only=STI.RDMSR.irq60.tg", "STI.RDMSR")["STI.RDMSR"]
    assert found["verdict"] == "XFAIL" and not found["unexpected"]
    assert found["block"]["quirks"] == {"unknown-msr-reads-zero": 1}
    assert found["deviation"].startswith("unknown-msr-reads-zero: ")


def test_without_its_quirks_tcg_is_red(tmp_path: Path):
    found = play(tmp_path, "tcg", "sample=8 seed=7 quirks=fault-saves-rf-0", "STI.RDMSR")["STI.RDMSR"]
    assert found["verdict"] == "FAIL" and found["unexpected"] and found["block"]["illegal"]


@pytest.mark.parametrize("names,said", [
    ("fault-saves-rf-1", "fault-saves-rf-1 is no quirk"),
    ("fault-saves-rf-0,fault-saves-rf-0", "fault-saves-rf-0 is given twice")])
def test_quirks_that_there_are_not(tmp_path: Path, names: str, said: str):
    found = play(tmp_path, "bochs-intel", "depth=1 quirks=" + names, "STI.UD2")["STI.UD2"]
    assert found["verdict"] == "ERROR" and said in found["reason"]


@pytest.mark.parametrize("platform", ["tcg", "bochs-intel", "bochs-amd"])
def test_no_situation_leaves_anything_to_the_next(tmp_path: Path, platform: str):
    found = play(tmp_path, platform, "sample=8 seed=5 check=clean", "STI.*")
    assert "ERROR" not in {r["verdict"] for r in found.values()}
    assert sum(r["block"]["situations"] for r in found.values() if "block" in r) > 2000


@pytest.mark.parametrize("platform", ["tcg", "bochs-intel"])
def test_an_x87_error_is_not_left_to_the_next_block(tmp_path: Path, platform: str):
    """Each FWAIT leaves one; shuffled, some FNOPs come after them."""
    found = play(tmp_path, platform, "depth=1", "*.FWAIT_WITH_ERROR", "*.FNOP",
                 options=("--shuffle", "1"))
    assert {r["verdict"] for r in found.values()} <= {"PASS", "XFAIL", "SKIP"}
    assert sum(name.endswith(".FNOP") for name in found) > 10


@pytest.mark.parametrize("case", ["IF0.RDMSR", "STI_MOV_SS.INT3", "MOV_CR8.NOP"])
def test_what_is_left_is_named(tmp_path: Path, case: str):
    found = play(tmp_path, "bochs-intel", "depth=2 check=dirty", case)[case]
    assert found["verdict"] == "ERROR"
    assert re.match(r"check=clean: (a gate|IRR|ISR|TPR|dr7|cr0) is not as it was", found["reason"])


@pytest.mark.parametrize("mutation", ["no-event", "late", "no-instruction", "other-gate", "if-clear",
                                      "no-breakpoint"])
def test_a_changed_stage_turns_the_world_red(tmp_path: Path, mutation: str):
    found = play(tmp_path, "bochs-intel", "depth=2 mutate=" + mutation, "STI.UD2")
    assert found["STI.UD2"]["verdict"] == "FAIL"


@pytest.mark.parametrize("mutation", ["no-event", "late", "no-instruction", "other-gate", "if-clear",
                                      "no-breakpoint"])
def test_quirks_do_not_excuse_a_changed_stage(tmp_path: Path, mutation: str):
    """On the platform that has most of them."""
    found = play(tmp_path, "tcg", "depth=1 mutate=" + mutation, "STI.UD2")["STI.UD2"]
    assert found["block"]["illegal"]
    assert found["verdict"] == "FAIL" and found["unexpected"]


def test_an_nmi_may_come_in_the_handler_of_another(tmp_path: Path):
    """On the interrupt stack where that one's frame is. Here a quirk lets it come."""
    name = "STI.IRETQ_BAD_CS.nmib+irq60.tn.nmi@nmi"
    found = play(tmp_path, "tcg-intel", "only=" + name, "STI.IRETQ_BAD_CS")["STI.IRETQ_BAD_CS"]
    assert found["verdict"] == "XFAIL", found
    assert found["block"]["quirks"] == {"faulting-iret-keeps-nmis-blocked+fault-saves-rf-0": 1}


def test_one_situation_is_played_alone(tmp_path: Path):
    found = play(tmp_path, "bochs-intel", "only=STI.UD2.irq60.tg", "STI.UD2")["STI.UD2"]
    assert found["verdict"] == "PASS" and found["block"]["situations"] == 1
    assert found["observed"] == ["#UD@UD2[if=1,rf=1]; IRQ(0x60)@UD_ENTRY[if=1,rf=0]"]
    assert found["observed"][0] in found["expected"]
