# SPDX-License-Identifier: BSD-2-Clause
"""Hard times: killed, interrupted, a full disk, two runs at once, a quarter of a gigabyte of console."""
import json
import os
import resource
import signal
import subprocess
import time
from pathlib import Path

import pytest
from conftest import ROOT, Outcome

from ordeal.host import Host
from ordeal.judge.session import Ending
from ordeal.model import Case, Stanza
from ordeal.plan.select import Suite
from ordeal.platforms.base import Job, Launch, Platform
from ordeal.run.runner import Runner
from ordeal.run.unit import Unit


def start(tree, *args, env=(), **more):
    """run_tests.sh in the background."""
    return subprocess.Popen(tree.command(*args), env=tree.environment(dict(env)), cwd=tree.path,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def machines(tree):
    """The processes whose command line boots an image of this tree (the runner's has a --cfg)."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid, "rb") as stream:
                words = stream.read().split(b"\0")
        except OSError:
            continue
        if b"-kernel" in words and any(tree.path.encode() in word for word in words):
            found.append(int(pid))
    return found


def wait_for(condition, seconds=10.0):
    """Until it holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited %g s in vain" % seconds
        time.sleep(0.02)


@pytest.fixture
def hanging(tree):
    """A tree whose second case hangs for longer than any test."""
    tree.write("unittests.cfg", "[fake]\nfile = fake.flat\ntimeout = 100\n"
                                "[more]\nfile = fake.flat\ntimeout = 100\n")
    return tree.image("pass_a", "hang_b", "pass_c")


@pytest.mark.parametrize("number,status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_it_reports_what_it_knows_and_leaves_nothing(hanging, number, status):
    tap = os.path.join(hanging.path, "out.tap")
    run = start(hanging, "--tap", tap, "--junit", tap + ".xml")
    wait_for(lambda: machines(hanging))
    time.sleep(0.3)
    run.send_signal(number)
    out, err = run.communicate(timeout=10)
    assert run.returncode == status, err
    assert not machines(hanging) and "interrupted" in out
    with open(tap, encoding="ascii") as stream:
        text = stream.read()
    assert "1..6" in text and text.count("not ok") == 6 and "Bail out!" in text
    with open(os.path.join(hanging.logs, "results.jsonl"), encoding="ascii") as stream:
        last = json.loads(stream.read().splitlines()[-1])
    assert last["interrupted"] is True and last["counts"] == {"NOTRUN": 6}


def test_a_killed_runner_leaves_no_machine_and_a_valid_stream(hanging):
    run = start(hanging, "-j", "2", env=[("FAKE_SPAWN", "1")])
    wait_for(lambda: len(machines(hanging)) == 4)  # two machines, each with a child
    run.kill()
    run.communicate(timeout=10)
    wait_for(lambda: not machines(hanging))
    wait_for(lambda: not os.listdir(hanging.temporary))
    with open(os.path.join(hanging.logs, "results.jsonl"), encoding="ascii") as stream:
        kinds = [json.loads(line)["type"] for line in stream]
    assert kinds[0] == "start"
    # And the tree can be used again at once.
    done = hanging.run("fake/pass_a")
    assert done.status == 0, done.err


def test_what_a_dead_machine_leaves_behind_is_ended(tree):
    done = tree.image("pass_a").run(env=[("FAKE_SPAWN", "1")])
    assert done.status == 0 and not machines(tree)


def test_two_runs_in_one_tree_the_second_says_so(hanging):
    run = start(hanging)
    wait_for(lambda: machines(hanging))
    done = hanging.run("fake/pass_a")
    assert done.status == 2 and "another run (process %d)" % run.pid in done.err
    assert "--logs" in done.err
    other = hanging.run("fake/pass_a", "--logs", os.path.join(hanging.path, "logs2"))
    assert other.status == 0, other.err
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=10)


def test_the_previous_run_is_kept(tree):
    tree.image("pass_a").run()
    tree.run()
    assert os.path.exists(os.path.join(tree.path, "logs.old", "tcg", "fake.log"))


def test_a_directory_of_the_users_is_never_moved_away(tree):
    tree.image("pass_a")
    tree.write("mine/thesis.txt", "irreplaceable")
    done = tree.run("--logs", os.path.join(tree.path, "mine"))
    assert done.status == 2 and "not empty" in done.err
    assert os.path.exists(os.path.join(tree.path, "mine", "thesis.txt"))


@pytest.mark.parametrize("option", ["--jsonl", "--tap", "--junit", "--save-baseline"])
def test_a_full_disk_under_a_report(tree, option):
    done = tree.image("pass_a").run(option, "/dev/full")
    assert done.status == 2 and "cannot write /dev/full: No space left" in done.err
    assert not machines(tree)


def test_a_full_disk_under_the_logs(tree):
    tree.image("pass_a", "flood_b", "hang_c")

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (300000, 300000))
    run = start(tree, env=[("FAKE_FLOOD", "3000000")], preexec_fn=limit)
    _, err = run.communicate(timeout=20)
    assert run.returncode == 2 and "cannot write" in err and "fake.log" in err
    wait_for(lambda: not machines(tree))


def test_a_source_tree_and_logs_that_may_not_be_written(tree):
    if os.getuid() != 0:
        pytest.skip("needs root to become somebody who may not write")
    closed = [str(up) for up in Path(ROOT).resolve().parents if not os.stat(up).st_mode & 0o001]
    if closed:
        pytest.skip("somebody else cannot reach this tree: %s is closed to others" % closed[0])
    tree.image("pass_a")
    os.chmod(tree.path, 0o555)
    for up in (tree.path, os.path.dirname(tree.path), os.path.dirname(os.path.dirname(tree.path))):
        os.chmod(up, os.stat(up).st_mode | 0o555)

    def nobody():
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    run = start(tree, preexec_fn=nobody)
    _, err = run.communicate(timeout=20)
    assert run.returncode == 2 and "cannot make the log directory" in err and "--logs" in err
    # With logs elsewhere a tree that is read-only runs.
    logs = "/tmp/ordeal-test-%d" % os.getpid()
    run = start(tree, "--logs", logs, preexec_fn=nobody)
    out, err = run.communicate(timeout=20)
    subprocess.run(["rm", "-rf", logs, "/tmp/.%s.lock" % os.path.basename(logs)], check=True)
    assert run.returncode == 0, err + out


def test_much_console_flat_memory_and_a_capped_log(tree):
    tree.image("pass_a", "flood_b", "pass_c")
    tree.write("unittests.cfg", "[fake]\nfile = fake.flat\ntimeout = 60\n")
    run = start(tree, env=[("FAKE_FLOOD", str(1 << 28))])
    peak = 0
    while run.poll() is None:
        try:
            with open("/proc/%d/status" % run.pid, encoding="ascii") as stream:
                text = stream.read()
            peak = max([peak] + [int(line.split()[1]) for line in text.splitlines()
                                 if line.startswith("VmRSS")])
        except OSError:
            pass
        time.sleep(0.05)
    out = Outcome(subprocess.CompletedProcess([], run.returncode, *run.communicate()), tree.logs)
    assert out.status == 0, out.out + out.err
    assert set(out.verdicts().values()) == {"PASS"}
    assert 0 < peak < 64 * 1024, "%d KiB" % peak
    log = os.path.join(tree.logs, "tcg", "fake.log")
    assert os.path.getsize(log) < 10 << 20
    with open(log, "rb") as stream:
        assert b"more bytes of console were not stored" in stream.read()


@pytest.mark.parametrize("script, text", [
    ("echo; sleep 20", "0.5 s of silence"), ("sleep 20", "3 s"),
    ("while :; do echo; sleep 0.1; done", "3 s")])
def test_a_guest_that_falls_silent(tmp_path, script, text):
    """It is ended before its time limit, but only after its first output."""
    class Quiet(Platform):
        """Starts a shell."""
        name, silence = "quiet", 0.5

        def launch(self, host, job, args, work):
            return Launch(["sh", "-c", script])
    stanza, boots = Stanza("s", "f:1"), []
    unit = Unit(Quiet(), Suite(stanza, "image", False, (Case("a"),), ()), [Case("a")], 0, 1,
                Job(stanza, "image", False, ("1",), ()), limit=3.0)
    Runner(Host(ROOT, str(tmp_path), {}), str(tmp_path / "logs"), 1,
           lambda _, boot: boots.append(boot.ending), lambda _: None).run([unit])
    assert [(ending.kind, ending.text) for ending in boots] == [("timeout", text)]


def test_a_machine_boots_while_what_is_over_is_recorded(tmp_path):
    class Slow(Platform):
        """Takes 0.4 s."""
        name = "slow"

        def launch(self, host, job, args, work):
            return Launch(["sh", "-c", "sleep 0.4"])

        def ending(self, status, stderr, kept):
            return Ending("off")
    stanza, recorded = Stanza("s", "f:1"), []
    units = [Unit(Slow(), Suite(stanza, "image", False, (Case("a"),), ()), [Case("a")], index, 1,
                  Job(stanza, "image", False, ("1",), ())) for index in range(4)]
    runner = Runner(Host(ROOT, str(tmp_path), {}), str(tmp_path / "logs"), 1,
                    lambda unit, _: (recorded.append(unit.index), time.sleep(0.4)), lambda _: None)
    began = time.monotonic()
    runner.run(units)
    assert recorded == [0, 1, 2, 3] and time.monotonic() - began < 2.9, "3.2 s one after the other"


def test_hostile_bytes_reach_no_report(tree):
    files = {n: os.path.join(tree.path, n) for n in ("tap", "ktap", "junit", "lava", "jsonl")}
    done = tree.image("evil_a", "pass_b").run("-v", *["--%s=%s" % item for item in files.items()])
    assert done.status == 0
    for text in [done.out] + [open(path, encoding="utf-8").read() for path in files.values()]:
        assert not set(text) & {chr(i) for i in range(32) if i != 10}
        assert "<b>" not in text


def test_nothing_is_coloured_and_no_progress_is_shown_off_a_terminal(tree):
    done = tree.image("pass_a", "fail_b").run("-v")
    assert "\x1b" not in done.out + done.err and "\r" not in done.out + done.err


def test_the_temporary_files_are_gone(tree):
    tree.image("pass_a", "crash_b", "hang_c").run()
    assert os.listdir(tree.temporary) == []


def test_what_is_known_is_in_the_stream_before_the_suite_is_over(tree):
    tree.write("unittests.cfg", "[fake]\nfile = fake.flat\ntimeout = 30\n")
    run = start(tree.image("pass_a", "crash_b", "hang_c"))

    def settled():
        try:
            with open(os.path.join(tree.logs, "results.jsonl"), encoding="ascii") as stream:
                return [r["case"] for r in map(json.loads, stream) if r["type"] == "result"]
        except (OSError, ValueError):
            return []
    wait_for(lambda: settled() == ["fake/pass_a", "fake/crash_b"])
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=10)
    assert settled() == ["fake/pass_a", "fake/crash_b", "fake/hang_c"]
