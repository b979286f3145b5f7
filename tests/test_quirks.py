# SPDX-License-Identifier: BSD-2-Clause
"""Known deviations as quirks of the model: what each makes of a situation that shows it, and of
one that does not; how sections of expected/ list them; what the runner passes on, and believes."""
import os
import re
import subprocess
from pathlib import Path
from typing import Dict, List

import pytest
from conftest import ROOT
from ordeal.model import Result, UserError
from ordeal.judge.blocks import TRACELESS
from ordeal.plan import known, quirks
from ordeal.plan.excuse import Deviations
from ordeal.plan.image import read_image
from ordeal.plan.seen import Ids
from ordeal.report.listed import columns

BUILD = Path(os.environ.get("ORDEAL_BUILD", ROOT))
NAMES = re.findall(r'^QUIRK\(\w+, "([a-z0-9-]+)"', (Path(ROOT) / "lib/x86/model/quirks.def").read_text(),
                   re.M)
LISTED = {d.name for path in (Path(ROOT) / "expected").glob("*.cfg")
          for d in known.parse(path.read_text(), path.name) if d.quirk}
QEMU = "QEMU emulator version 7.2.22"


# --- The model: what quirks.tsv has for each quirk.

SHOWN: Dict[str, List[str]] = {
    line.split("\t")[0]: line.split("\t")[1:]
    for line in (Path(ROOT) / "tests/quirks.tsv").read_text().splitlines() if line[0] != "#"}


def orders(words: str, *extra: str) -> List[str]:
    """The traces of a situation, as x86/explain --batch has them."""
    done = subprocess.run([str(BUILD / "x86/explain"), "--batch"], text=True, check=False,
                          input=" ".join((words,) + extra) + "\n", stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    return done.stdout.strip().split(" || ")


def test_every_quirk_is_shown_and_listed():
    assert list(SHOWN) == [name for name in NAMES if name not in TRACELESS]
    assert LISTED <= set(NAMES) and set(NAMES) <= LISTED


@pytest.mark.parametrize("name", [name for name in NAMES if name not in TRACELESS])
def test_a_quirk_makes_what_the_platform_shows_and_nothing_elsewhere(name: str):
    words, trace, other = SHOWN[name]
    assert trace not in orders(words)
    found = orders(words, "--quirk", name)
    assert trace in found and found[:len(orders(words))] == orders(words), found
    assert orders(other, "--quirk", name) == orders(other)


def test_the_explanation_says_which_event_is_a_quirks():
    done = subprocess.run([str(BUILD / "x86/explain"), "L: UD2", "--quirk", "fault-saves-rf-0"],
                          text=True, check=True, stdout=subprocess.PIPE)
    legal, _, other = done.stdout.partition("or order 2, which is not legal\n")
    assert "fault-saves-rf-0" not in legal
    assert re.search(r"#UD@UD2\[if=0,rf=0\]\n.*\n.*\n +Not as the manuals say: a fault saves.*\n"
                     r" +\[fault-saves-rf-0\]", other)


@pytest.mark.parametrize("words,said", [
    (["--quirk", "fault-saves-rf-1"], "perhaps fault-saves-rf-0"),
    (["--quirk", "fault-saves-rf-0"] * 2, "fault-saves-rf-0 is given twice")])
def test_bad_quirks_of_explain(words: List[str], said: str):
    done = subprocess.run([str(BUILD / "x86/explain"), "UD2", *words], text=True, check=False,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert done.returncode == 2 and said in done.stderr


def test_the_image_names_its_quirks():
    assert list(read_image(str(BUILD / "x86/world.flat"))[1]) == NAMES
    assert read_image(str(BUILD / "x86/native.flat"))[1] == ()


# --- Sections of expected/

HEAD = "[%s]\nreason = r\ncite = c\n%s\n"


def sections(*pairs: str) -> List[known.Deviation]:
    """Each a name, and its further lines."""
    split = [pair.partition(" ") for pair in pairs]
    return known.parse("".join(HEAD % (name, rest) for name, _, rest in split), "d/f.cfg")


@pytest.mark.parametrize("text,said", [
    ("quirk = maybe", "f.cfg:4: .*write yes, no or guest"), ("quirk = no", "f.cfg:1: .*lacks cases"),
    ("quirk = yes\nverdict = FAIL", "f.cfg:5: .*verdict needs cases"),
    ("quirk = yes\nseen = nothing", "f.cfg:5: .*seen needs cases"),
    ("quirk = yes\nquirk = yes", "f.cfg:5: .*set twice")])
def test_bad_sections(text: str, said: str):
    with pytest.raises(UserError, match=said):
        sections("x " + text)


def test_a_name_that_the_model_does_not_know():
    listed = sections("fault-saves-rf-1 quirk = yes")
    with pytest.raises(UserError, match="f.cfg:1: .*fault-saves-rf-1.*did you mean fault-saves-rf-0"):
        quirks.check(listed, NAMES)
    quirks.check(sections("fault-saves-rf-0 quirk = yes", "z cases = s/z\nverdict = FAIL"), NAMES)


def test_the_argument_has_what_holds_here():
    listed = sections("a quirk = yes", "b quirk = yes\nversions = <9.1", "c quirk = yes\nversions = >=9.1",
                      "d quirk = yes\nplatforms = other", "e cases = s/e\nverdict = FAIL",
                      "f quirk = yes\nexpires = 2026-01-01")
    held = Deviations(listed, "tcg", QEMU, "2026-11-27").quirks
    assert quirks.argument(held, ["sample=4"]) == ("quirks=a,b",)
    assert quirks.argument(held, ["quirks=c"]) == ()
    assert quirks.argument([], []) == ()


def test_those_of_the_emulator_below_are_passed_once():
    below = known.seen_through(sections("a quirk = yes", "b quirk = yes\nversions = >=9.1"), QEMU, "tcg")
    held = Deviations(sections("a quirk = yes") + below, "kvm@tcg", "Linux 6.1", "2026-11-27")
    assert quirks.argument(held.quirks, []) == ("quirks=a",)
    assert quirks.idle(held.quirks, {"a"}) == []
    quirks.check(held.listed, ["a"])


# --- Verdicts

def judged(block: Dict[str, object], reason: str, *, verdict: str = "FAIL") -> Result:
    """The result of this block after a file that lists the quirks a and b."""
    result = Result("tcg", "world/X", verdict, reason, block={
        "situations": 9, "legal": 9, "quirks": {}, "ambiguous": 0, "illegal": 0, "flaky": 0,
        "unplayed": 0, **block})
    Deviations(sections("a quirk = yes", "b quirk = yes"), "tcg", QEMU, "2026-11-27").apply(result, "")
    return result


ONLY_QUIRKS = "3 of 9 situations are legal only with quirks"


def test_a_block_that_quirks_explain_is_expected():
    result = judged({"legal": 6, "quirks": {"a": 2, "a+b": 1}}, ONLY_QUIRKS)
    assert (result.verdict, result.raw, result.unexpected) == ("XFAIL", "FAIL", False)
    assert result.deviation == "a, b: quirks of this platform [f.cfg]"
    assert result.pattern == "quirks: a 2, a+b 1"
    assert columns(result) == ["    known deviation: quirks: a 2, a+b 1"]


@pytest.mark.parametrize("block,reason", [
    ({"legal": 5, "quirks": {"a": 3}, "illegal": 1}, "1 of 9 situations are illegal, in 1 classes"),
    ({"legal": 5, "quirks": {"a": 3}, "illegal": 1}, ONLY_QUIRKS),
    ({"legal": 6, "quirks": {"a": 2, "a+c": 1}}, ONLY_QUIRKS),
    ({"legal": 6, "quirks": {"a": 3}}, "another check"),
    ({}, "0 of 9 situations are legal only with quirks")])
def test_what_quirks_do_not_excuse(block: Dict[str, object], reason: str):
    result = judged(block, reason)
    assert result.verdict == "FAIL" and result.unexpected


@pytest.mark.parametrize("cpu,verdict", [("GenuineIntel", "XFAIL"), ("AuthenticAMD", "FAIL")])
def test_a_quirk_of_another_cpu_excuses_nothing(cpu: str, verdict: str):
    result = Result("tcg", "world/X", "FAIL", "1 of 9 situations are legal only with quirks", block={
        "situations": 9, "legal": 8, "quirks": {"a": 1}, "illegal": 0, "flaky": 0})
    held = Deviations(sections("a quirk = yes\ncpu = Genuine*"), "tcg", QEMU, "2026-11-27")
    held.apply(result, cpu)
    assert (result.verdict, result.unexpected) == (verdict, verdict == "FAIL")
    assert quirks.idle(held.quirks, set()) == []


def test_a_quirk_of_one_vendor_is_given_with_its_vendor():
    listed = sections("a quirk = yes\ncpu = GenuineIntel", "b quirk = yes", "c quirk = yes\ncpu = AuthenticAMD")
    assert quirks.argument(listed, []) == ("quirks=intel:a,b,amd:c",)


@pytest.mark.parametrize("illegal,verdict", [(0, "XFAIL"), (1, "CRASH")])
def test_an_entry_excuses_what_ended_the_boot_and_nothing_illegal(illegal: int, verdict: str):
    result = Result("tcg", "world/X", "CRASH", "by signal 6", block={"illegal": illegal, "flaky": 0})
    listed = known.parse("[a]\ncases = world/*\nverdict = CRASH\nreason = r\ncite = c\n", "f.cfg")
    Deviations(listed, "tcg", QEMU, "2026-11-27").apply(result, "")
    assert (result.verdict, result.unexpected) == (verdict, verdict == "CRASH")


def test_a_legal_block_passes():
    assert judged({}, "", verdict="PASS").verdict == "PASS"


def test_a_quirk_that_a_whole_world_did_not_need_is_reported():
    held = sections("a quirk = yes", "b quirk = yes", "c quirk = yes\nintermittent = yes")
    assert quirks.idle(held, {"a"}) == [
        "d/f.cfg:5: [b] was not needed: the generated world shows nothing that its quirk explains"]
    cases = ["w/x", "w/y"]
    assert quirks.is_whole(cases, ["timeout"], {"w/x": "PASS", "w/y": "SKIP", "w/z": "FAIL"})
    assert not quirks.is_whole(cases, [], {"w/x": "PASS"})
    assert not quirks.is_whole(cases, [], {"w/x": "PASS", "w/y": "NOTRUN"})
    for word in ("sample=2", "only=A.B", "depth=2", "mutate=late", "quirks=a"):
        assert not quirks.is_whole(cases, [word], {"w/x": "PASS", "w/y": "PASS"})


def test_entries_without_cases_are_not_stale():
    listed = Deviations(sections("a quirk = yes"), "tcg", QEMU, "2026-11-27")
    listed.check(Ids(["s/a"]))
    assert listed.complaints(Ids(["s/a"])) == []
