# SPDX-License-Identifier: BSD-2-Clause
"""Migration in the lab: what its lines make of a case, and that a wrong migration is noticed."""
import json
import os
import re
import subprocess

import pytest

from ordeal import options, platforms
from ordeal.host import find_host
from ordeal.judge import moves
from ordeal.judge.session import BootPlan, CaseLog, Ending, Session
from ordeal.model import UserError
from ordeal.platforms.lab import relay

import loglib

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MOVED = "c plays=%d moves=7 inside=2 boundaries=1 differ=%d kicked=0 incomplete=0 ns=1 shadow=2"
DIFFERS = "c exit:3 0x1050c7 shadow,halted | debug.dr7 0x1 -> 0x0 | FAIL: native: c: a sentence -- so | IRQ(0x60)@NOP#1"


def judged(*marks, verdict="PASS", when="every-exit"):
    """A case that was played, with these marks of the launcher."""
    log = CaseLog("c", verdict, "why", ["#UD@UD2"], ["#UD@UD2[if=1]"])
    said = moves.Moves()
    for mark in marks:
        assert said.mark(*mark.split(" ", 1))
    moves.apply(log, said, when)
    return log


@pytest.mark.parametrize("verdict", ["PASS", "FAIL", "ERROR"])
def test_the_first_play_is_the_expectation(verdict):
    """Whatever it was, the migrated plays were the same."""
    log = judged("MOVED " + MOVED % (1, 0), verdict=verdict)
    assert (log.verdict, log.want, log.seen) == ("PASS", ["#UD@UD2[if=1]"], ["#UD@UD2[if=1]"])
    assert log.migration["moves"] == 7 and log.migration["moments"] == {"shadow": 2}


def test_a_play_that_differs_fails_the_case():
    """The boundary, what was true there, and the lost field are named."""
    log = judged("DIFFERS " + DIFFERS, "MOVED " + MOVED % (4, 2))
    assert (log.verdict, log.seen) == ("FAIL", ["IRQ(0x60)@NOP#1"])
    assert log.reason == ("migrated at exit:3, RIP 0x1050c7 (shadow, halted): FAIL: so; not kept: "
                          "debug.dr7 0x1 -> 0x0; so in 2 of 4 plays")


def test_a_kick_that_does_it_alone_is_a_note():
    """It is not the migration's doing, but it is not silent either."""
    log = judged("KICKED " + DIFFERS, "MOVED " + MOVED % (9, 0))
    assert log.verdict == "PASS" and "a kick alone does it" in log.notes[0]


def test_a_sweep_says_how_to_play_one_time_again():
    log = judged("DIFFERS " + DIFFERS.replace("exit:3", "815"), "MOVED " + MOVED % (4, 1),
                 when="sweep")
    assert any("--migrate 815 " in note for note in log.notes)


@pytest.mark.parametrize("marks", [(), ("MOVED c plays=0",), ("MOVED other plays=3",)])
def test_a_case_that_was_not_played_again_is_an_error(marks):
    assert judged(*marks).verdict == "ERROR"


def test_a_missing_ioctl_is_a_skip_that_names_it():
    log = judged("UNABLE KVM_GET_NESTED_STATE")
    assert (log.verdict, log.reason) == (
        "SKIP", "needs KVM_GET_NESTED_STATE, which this kernel lacks")


def test_a_skipped_case_stays_one():
    assert judged(verdict="SKIP").reason == "why"


def test_totals_name_what_was_never_met():
    found = moves.total([judged("MOVED " + MOVED % (1, 0)).migration] * 2)
    assert found["moves"] == 14 and found["moments"]["shadow"] == 4
    assert moves.never_met(found) == [name for name in moves.MOMENTS if name != "shadow"]
    assert moves.told(found)[0] == "2 plays, 14 migrations, 4 of them in a scene: shadow 4"


def test_the_moments_are_the_launcher_s():
    with open(os.path.join(ROOT, "scripts/lab/vmm/moments.def"), encoding="ascii") as stream:
        assert tuple(re.findall(r'^MOMENT\("([a-z-]+)"', stream.read(), re.M)) == moves.MOMENTS


# -- the relay --------------------------------------------------------------------------------


def relayed(*texts):
    """A relay for two images of one case, told these texts."""
    slices = [relay.Slice(Session(BootPlan("%08x" % n, ("pass_%d" % n,))), 30.0) for n in (0, 1)]
    limits = []
    found = relay.Relay("w", slices, "every-exit")
    found.on_begin = limits.append
    for text in texts:
        found.feed(text)
    found.finish(Ending("off"))
    return slices, limits


def console(number):
    return loglib.data(loglib.good_log({"pass_%d" % number: "PASS"}, nonce="%08x" % number))


def test_the_relay_passes_marks_to_the_cases():
    """Every case that is over starts the time limit anew."""
    moved = b"LAB w 0 MOVED pass_0 plays=3 moves=9\n"
    slices, limits = relayed(b"LAB w 0 BEGIN\n", console(0) + moved,
                             b"LAB w 0 EXIT exit 0 by the guest\n")
    log = slices[0].judgement.cases["pass_0"]
    assert log.verdict == "PASS" and log.migration["plays"] == 3 and limits == [30.0, 30.0]


def test_a_launcher_that_dies_is_an_error_of_its_case():
    """The next image is judged by its own log."""
    cut = console(0)[:console(0).index(b"SEEN")]
    slices, _ = relayed(
        b"LAB w 0 BEGIN\n", cut + b"\nLAB w 1 BEGIN\n", console(1),
        b"LAB w 1 MOVED pass_1 plays=1\nLAB w 1 EXIT exit 0 by the guest\nLAB w OVER\n")
    log = slices[0].judgement.cases["pass_0"]
    assert log.verdict == "ERROR" and "the launcher died" in log.reason
    assert slices[1].judgement.cases["pass_1"].verdict == "PASS"


# -- the command line -------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["every-exit", "sweep", "exit:12", "90210", "sweep,wrong=dies"])
def test_when(when):
    words = moves.launcher_words(when)
    assert words[:2] == ["-m", when.partition(",")[0]]
    assert options.parse(["--migrate", when, "-p", "kvm-amd@tcg+migrate"]).one("migrate") == when


@pytest.mark.parametrize("argv, text", [
    (["--migrate", "often", "-p", "kvm-amd@tcg+migrate"], "give every-exit, sweep"),
    (["--migrate", "sweep", "-p", "kvm-amd@tcg"], "no platform of this run migrates"),
    (["--migrate", "sweep"], "no platform of this run migrates")])
def test_a_bad_when_is_refused(argv, text):
    with pytest.raises(UserError, match=text):
        options.parse(argv)


def test_names():
    """The suffix stands before that of the root, and the saved state is shared."""
    known = platforms.known()
    for name in ("kvm-amd@tcg+migrate", "kvm-amd@tcg+linux-6.1+migrate+trixie",
                 "kvm-intel@bochs+migrate"):
        platform = known[name]
        assert platform.initramfs_name == name.replace("+migrate", "")
        assert platform.expectations(find_host(ROOT, {})) == name[:3] + {
            "amd": "-amd@tcg", "int": "-intel@bochs"}[name[4:7]] + "+migrate"


# -- the real thing ---------------------------------------------------------------------------

PLATFORM = "kvm-amd@tcg+migrate+trixie"


def lab_or_skip(name):
    """Skip, and say what is missing."""
    needs = platforms.known()[name].needs(find_host(ROOT, dict(os.environ)))
    if needs:
        pytest.skip("%s: %s; %s" % (name, needs[0].what, needs[0].fix))


def run(tmp_path, when, *cases):
    """The results of these cases, by id, and the exit status."""
    lab_or_skip(PLATFORM)
    logs = str(tmp_path / "logs")
    done = subprocess.run(
        [os.path.join(ROOT, "run_tests.sh"), "--logs", logs, "-p", PLATFORM, "--migrate", when, *cases],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        timeout=600)
    with open(os.path.join(logs, "results.jsonl"), encoding="utf-8") as stream:
        records = [json.loads(line) for line in stream]
    return done.returncode, {r["case"]: r for r in records if r["type"] == "result"}


def slow(what):
    """Skip what takes long, unless ORDEAL_SLOW=1 asks for it, as make check-all does."""
    if not os.environ.get("ORDEAL_SLOW"):
        pytest.skip("%s takes up to a minute; ORDEAL_SLOW=1 runs it" % what)


UD, STORY = "native/faults.irq_before_ud", "native/stories.sti_rdmsr.trap_gate"


def test_every_exit_and_one(tmp_path):
    status, found = run(tmp_path, "every-exit", UD, STORY, "hv/stories.s2.trap_gate")
    assert status == 0 and {r["verdict"] for r in found.values()} == {"PASS"}
    assert all(r["migration"]["moves"] >= 2 and r["migration"]["plays"] == 1
               for r in found.values())
    _, found = run(tmp_path, "exit:2", UD)
    assert found[UD]["migration"]["moves"] == 1


def test_a_sweep_meets_every_instruction(tmp_path):
    """At some of its boundaries the interrupt is pending, injected, or in service."""
    slow("a sweep")
    status, found = run(tmp_path, "sweep", UD)
    record = found[UD]["migration"]
    assert status == 0 and found[UD]["verdict"] == "PASS"
    assert record["boundaries"] > 40 and record["inside"] > 100
    assert {"interrupt-pending", "interrupt-in-service"} <= set(record["moments"])


@pytest.mark.parametrize("when, verdict, text", [
    ("every-exit,wrong=half-access", "FAIL", "the guest does the same again and again"),
    ("every-exit,wrong=refused", "FAIL", "KVM_SET_VCPU_EVENTS: Invalid argument"),
    ("8000,wrong=forget-lapic", "FAIL", "not kept: lapic+"),
    ("every-exit,wrong=no-ioctl", "SKIP", "needs KVM_GET_NESTED_STATE, which this kernel lacks"),
    ("every-exit,wrong=dies", "FAIL", "the launcher died of signal 6"),
    ("every-exit,wrong=hangs", "FAIL", "the guest never ended the case"),
    ("every-exit,wrong=launcher-dies", "ERROR", "the launcher died")])
def test_what_goes_wrong_is_said(tmp_path, when, verdict, text):
    """The case has the verdict, and the run goes on."""
    if when.endswith(("half-access", "forget-lapic")):
        slow(when)
    status, found = run(tmp_path, when, UD, STORY, "hv/stories.s4.trap_gate")
    assert status == (verdict != "SKIP")
    for case in (UD,) if when[0] == "8" else (UD, "hv/stories.s4.trap_gate"):
        assert found[case]["verdict"] == verdict and text in found[case]["reason"], case
