# SPDX-License-Identifier: BSD-2-Clause
"""Campaigns: files into plans, units run and not run again. The units boot the fake emulator."""
import os
import signal
import subprocess
import time

import pytest
from campaign_tree import SCRIPT, Campaign, timeless

from campaigning import expand, plan
from ordeal.model import UserError


@pytest.fixture
def campaign(tree):
    return Campaign(tree)


# -- files and plans ----------------------------------------------------------------------------


def expanded(tmp_path, text):
    path = tmp_path / "x.campaign"
    path.write_text(text)
    _, options, sections = expand.read(str(path))
    return list(expand.units(options, sections))


def test_every_combination_is_a_unit(tmp_path):
    units = expanded(tmp_path, "[campaign]\nname = n\noptions = --cache '/a b'\n"
                     "[emulators]\nplatforms = tcg bochs-intel\nversions = - trixie\n"
                     "suites = native hv\nmodes = | --isolate -v\nshards = 2\n"
                     "[world]\nplatforms = tcg\nsuites = world\n"
                     "set = world.test_args=sample=400 seed=9..11\n")
    assert len(units) == 2 * 2 * 2 * 2 * 2 + 3
    assert [unit.number for unit in units] == list(range(len(units)))
    assert len({unit.name for unit in units}) == len({unit.argv for unit in units}) == len(units)
    assert units[0].argv == ("--cache", "/a b", "-p", "tcg", "--shard", "1/2", "native")
    assert units[3].argv == ("--cache", "/a b", "-p", "tcg", "--isolate", "-v", "--shard", "2/2",
                             "native")
    assert units[8].argv[3] == "tcg+trixie" and units[8].name == "emulators/tcg+trixie/native/1of2"
    assert units[-1].argv[4:] == ("--set", "world.test_args=sample=400 seed=11", "world")


@pytest.mark.parametrize("text,said", [
    ("", "has no section"), ("[campaign]\nname = x\n", "has no section"), ("nonsense\n", "is no campaign file"),
    ("[s]\nsuites = a\n", "names no platforms"), ("[s]\nplatform = tcg\n", "unknown key platform"),
    ("[campaign]\nspeed = 1\n[s]\nplatforms = tcg\n", "unknown key speed"),
    ("[s]\nplatforms = tcg\nshards = 0\n", "give a number"),
    ("[s]\nplatforms = tcg\nset = x=3..2\n", "holds no number")])
def test_campaign_files_that_are_wrong(tmp_path, text, said):
    with pytest.raises(UserError, match=said):
        expanded(tmp_path, text)


def test_a_platform_that_cannot_be_is_found_before_anything_runs(campaign):
    path = campaign.tree.write("c.campaign", "[s]\nplatforms = tcg\nversions = trixy\n")
    done = campaign.call("plan", path, "-o", campaign.plan)
    assert done.returncode == 2 and "unknown platform tcg+trixy" in done.stderr
    assert not os.path.exists(campaign.plan)


@pytest.mark.parametrize("words,said", [
    ((), "name a command"), (("go",), "name a command"), (("run", "p"), "run needs --results"),
    (("plan", "-o", "x"), "wrong number of words"), (("run", "p", "--fast", "1"), "takes no option"),
    (("run", "p", "--results"), "needs a value"), (("run", "nowhere", "--results", "r"), "cannot read"),
    (("engine", "pbs", "p", "--results", "r"), "no engine pbs; there are: parallel slurm gitlab"),
    (("status", "p", "q"), "cannot read p")])
def test_command_lines_that_are_wrong(campaign, words, said):
    done = campaign.call(*words)
    assert done.returncode == 2 and said in done.stderr and len(done.stderr.splitlines()) == 1


def test_lists_of_units():
    assert plan.numbers("3,7-9", 10) == [(3, 3), (7, 9)]
    for bad in ("", "x", "3-", "5-4", "10", "-1", "1,,2"):
        with pytest.raises(UserError, match="give numbers from 0 to 9"):
            plan.numbers(bad, 10)
    ranges = plan.Ranges()
    for number in (0, 3, 4, 5, 9):
        ranges.add(number)
    assert ranges.text() == "0,3-5,9" and plan.Ranges().text() == ""


# -- running ------------------------------------------------------------------------------------


def test_merged_it_is_the_run_of_one_machine(campaign):
    """Line by line but for times; the units ran in another order, on two `machines`."""
    campaign.make()
    assert campaign.run("--units", "2").returncode == 0
    assert campaign.run("--part", "1/2", "-j", "2").returncode == 0
    assert "1 units ran, 0 of them without a result; 0 were" in campaign.run("--part", "2/2").stdout
    done, records = campaign.merge()
    single = campaign.tree.run("--cache", "none", "a", "b", "c")
    assert timeless(records) == timeless(single.records()) and len(timeless(records)) == 9
    assert done.returncode == single.status == 1 and campaign.missing == ""
    assert records[0]["type"] == "start" and records[0]["platforms"] == single.records()[0]["platforms"]
    ours, theirs = records[-1], single.records()[-1]
    for key in ("total", "unexpected", "counts", "exit", "interrupted"):
        assert ours[key] == theirs[key], key
    # The stream is one that the runner itself compares with.
    again = campaign.tree.run("a", "b", "c", "--baseline", os.path.join(campaign.path, "merged"),
                              "--fail-on", "new-fail")
    assert again.status == 0, again.err


def test_what_is_done_is_not_done_again(campaign):
    campaign.make()
    campaign.run("--units", "0-1")
    state = os.path.join(campaign.path, "when")
    before = os.stat(campaign.place(0)).st_mtime_ns
    assert "1 units ran, 0 of them without a result; 2 were there already" in campaign.run().stdout
    assert os.stat(campaign.place(0)).st_mtime_ns == before and not os.path.exists(state)


def test_a_unit_that_cannot_run_leaves_no_result(campaign):
    """The worker names it; the merge plans it again."""
    campaign.make()
    done = campaign.run(env={"QEMU": "/nowhere/qemu"})
    assert done.returncode == 1 and "3 units ran, 3 of them without a result" in done.stdout
    assert "unit 0, s/tcg/a: run_tests.sh ended with status 2: run_tests.sh: QEMU=" in done.stderr
    merged, _ = campaign.merge()
    assert merged.returncode == 1 and campaign.missing == "0-2"
    assert campaign.run("--units", campaign.missing).returncode == 0


def test_a_machine_without_the_emulator_says_nothing_of_the_unit(campaign):
    """NOTRUN everywhere is no result."""
    campaign.make("platforms = tcg+sid\nsuites = a\n")
    done = campaign.run(env={"ORDEAL_ROOTS": campaign.path})
    assert done.returncode == 1 and "nothing ran: " in done.stderr and "make-root sid" in done.stderr
    assert not os.path.exists(campaign.place(0))


def test_a_worker_that_is_killed(campaign):
    """Its unit has no result, half a one never gets the name, and the next worker makes it."""
    campaign.tree.image("pass_x", "hang_y", name="b.flat")
    campaign.make()
    for number, status in ((signal.SIGTERM, 130), (signal.SIGKILL, -9)):
        worker = subprocess.Popen([SCRIPT, "run", campaign.plan, "--results", campaign.results],
                                  env=campaign.tree.environment({}), cwd=campaign.path,
                                  stdout=subprocess.DEVNULL, start_new_session=True)
        deadline = time.monotonic() + 30
        while not os.path.exists(os.path.join(campaign.results, "logs", "0000001", "results.jsonl")):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        if number == signal.SIGTERM:
            worker.terminate()
        else:
            os.killpg(worker.pid, number)
        assert worker.wait(20) == status
        assert not os.path.exists(campaign.place(1)) and os.path.exists(campaign.place(0))
    campaign.merge()
    assert campaign.missing == "1-2"
