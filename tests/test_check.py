# SPDX-License-Identifier: BSD-2-Clause
"""`make check` itself: every test file is in one part, parts run side by side and once, and whatever
goes wrong in a part, even silence, counts as failed."""
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from conftest import ROOT

from checking import count, parts
from checking.graph import Graph, Part, Tally, check_order, ways
from ordeal.host import find_host

CHECK = os.path.join(ROOT, "scripts", "check")


@pytest.fixture(name="plan")
def _plan(tmp_path) -> parts.Plan:
    env = {key: value for key, value in os.environ.items() if key not in ("QEMU", "ACCEL")}
    return parts.Plan(find_host(ROOT, env), str(tmp_path / "w"), str(tmp_path / "t"), 2)


def sh(name, script, counted=count.one, **more) -> Part:
    """A part that is a shell script."""
    return Part(name, ("sh", "-c", script), counted, "/", **more)


def run(tmp_path, *those, slots=2):
    """What became of these parts, by their names, and the graph."""
    told = []
    graph = Graph(those, slots, str(tmp_path), dict(os.environ), told.append)
    found = graph.run()
    assert told == found
    return {done.part.name: done for done in found}, graph


def test_every_test_file_runs_once(plan):
    files = sorted(name for name in os.listdir(os.path.join(ROOT, "tests"))
                   if name.startswith("test_") and name.endswith(".py"))
    for found in (plan.check(), plan.whole(), plan.only(["-p", "tcg"])):
        ran = [os.path.basename(word) for part in found for word in part.argv
               if word.startswith("tests/")]
        assert sorted(ran) == files
        check_order(found)
    assert set(parts.FILES) <= set(files) and set(parts.QUICK) <= set(files)
    check_order(plan.quick())


def test_the_tests_that_tear_the_lab_run_alone(plan):
    """After the suites that use the same states, and one after the other."""
    found = {part.name: part for part in plan.check()}
    for name in ("test_lab", "test_lab_state", "test_lab_trouble"):
        assert {"suite " + lab for lab in parts.LAB} <= set(found[name].after)
    assert "test_lab" in found["test_lab_state"].after
    assert {"test_lab", "test_lab_state"} <= set(found["test_lab_trouble"].after)


def test_check_all_has_everything_that_check_samples(plan):
    sample, whole = ({part.name: part.argv for part in made}
                     for made in (plan.check(), plan.whole()))
    assert set(sample) < set(whole) and "mutants" in whole
    for name in parts.SAMPLE:
        words = set(parts.SAMPLE[name])
        assert words <= set(sample["suite " + name]) and not words & set(whole["suite " + name])
    assert "suite kvm-amd@tcg+linux-6.1" in whole and "20 times tcg" in whole


def test_a_sample_of_the_generated_world_in_check_and_all_of_it_in_check_all(plan):
    """Nothing of the sample is left out, and no ordinary suite plays any of it."""
    for found in (plan.check(), plan.whole()):
        argv = {part.name: part.argv for part in found if "world" in part.argv}
        pairs, sample = argv.pop("suite pairs"), argv.pop("suite world")
        assert pairs[-len(parts.PAIRS_SAMPLE):] == parts.PAIRS_SAMPLE and "-x" not in pairs
        assert sample[sample.index("-p") + 1] == "tcg,bochs-intel,bochs-amd"
        assert sample[-5:] == ("--sample", parts.WORLD_SAMPLE[1], "--seed", "1", "world")
        assert "-x" not in sample and list(argv) in ([], ["whole world"])
        assert all(words[-1] == "world" and words[0] == "make" for words in argv.values())
    assert argv


def test_the_longest_way_first():
    chain = [sh("a", "", seconds=1), sh("b", "", seconds=9), sh("c", "", after=("a",), seconds=20),
             sh("d", "", needs=("c",), seconds=5)]
    assert ways(chain) == {"a": 26, "b": 9, "c": 25, "d": 5}
    with pytest.raises(ValueError, match="c waits for a"):
        check_order(chain[2:])
    with pytest.raises(ValueError, match="two parts are called a"):
        check_order(chain[:1] * 2)


def test_side_by_side_each_once_and_in_order(tmp_path):
    log = tmp_path / "log"
    script = "echo $0 >>%s; sleep 0.3" % log
    those = [Part(name, ("sh", "-c", script, name), count.one, "/", after=after, slotless=slotless)
             for name, after, slotless in (("a", (), False), ("b", (), False), ("net", (), True),
                                           ("c", ("a", "net"), False))]
    began = time.monotonic()
    found, _ = run(tmp_path, *those)
    assert time.monotonic() - began < 1.1, "not side by side"
    assert sorted(log.read_text().split()) == sorted(found) == ["a", "b", "c", "net"]
    assert log.read_text().split()[-1] == "c" and not any(d.tally.failed for d in found.values())


@pytest.mark.parametrize("script, counted", [
    ("exit 3", count.one), ("kill -9 $$", count.one), ("exit 1", count.prepares),
    ("exit 0", count.compiled), ("echo 'a: 7 checks, 1 failed'; exit 1", count.compiled),
    ("echo 'a: 7 checks, 0 failed'; exit 1", count.compiled),
    ("exit 0", count.pytest("/nonexistent")), ("exit 0", count.suite("/nonexistent"))])
def test_whatever_goes_wrong_counts_as_failed(tmp_path, script, counted):
    found, _ = run(tmp_path, sh("a", script, counted), sh("b", "echo b"))
    assert found["a"].tally.failed == 1 and str(found["b"].tally) == "1 passed"


def test_what_needs_a_part_that_failed_does_not_run(tmp_path):
    found, _ = run(tmp_path, sh("a", "exit 1", count.prepares), sh("b", "echo ran", needs=("a",)),
                   sh("c", "echo ran", after=("a",)))
    assert found["b"].tally.failed == 1 and "because a failed" in found["b"].output
    assert found["c"].output == "ran\n" and found["c"].tally.passed == 1


def test_interrupted_everything_is_ended(tmp_path):
    """Also what a part started, and what does not listen."""
    script = "trap '' INT TERM; sleep 97.5 & sleep 97.5"
    program = ("import os, signal, sys, threading\n"
               "sys.path[:0] = [%r]\n"
               "from checking import count, graph\n"
               "graph.GRACE = 0.3\n"
               "part = graph.Part('a', ('sh', '-c', %r), count.one, '/')\n"
               "later = graph.Part('b', ('true',), count.one, '/', after=('a',))\n"
               "threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM)).start()\n"
               "g = graph.Graph([part, later], 2, %r, dict(os.environ), lambda done: None)\n"
               "print(len(g.run()), g.interrupted)\n"
               % (os.path.join(ROOT, "scripts"), script, str(tmp_path)))
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True,
                          check=False, timeout=30)
    assert done.stdout.split() == ["0", str(int(signal.SIGTERM))]
    assert subprocess.run(["pgrep", "-f", "sleep 97.5"], stdout=subprocess.DEVNULL,
                          check=False).returncode == 1


def test_counts_of_pytest(tmp_path):
    report = tmp_path / "r.xml"
    report.write_text('<testsuites><testsuite>'
                      '<testcase classname="tests.test_a" name="t[1]" time="2.5"/>'
                      '<testcase classname="tests.test_a" name="u"><failure message="m"/></testcase>'
                      '<testcase classname="tests.test_a" name="v"><error message="m"/></testcase>'
                      '<testcase classname="tests.test_a" name="w"><skipped message="no x"/></testcase>'
                      '</testsuite></testsuites>')
    tally = count.pytest(str(report))(1, "")
    assert (tally.passed, tally.failed, tally.skipped) == (1, 2, 1)
    assert tally.skips == ["tests/test_a.py::w: no x"]
    assert max(tally.slowest) == (2.5, "tests/test_a.py::t[1]")
    report.write_text("<testsuites/>")
    assert count.pytest(str(report))(0, "").failed == 1
    report.write_text("<testsui")
    graph = Graph([], 1, str(tmp_path), {}, lambda done: None)
    assert graph._counted(sh("a", "", count.pytest(str(report))), 0).failed == 1


def test_counts_of_a_suite(tmp_path):
    stream = tmp_path / "r.jsonl"
    boot = {"type": "boot", "suite": "s", "platform": "p", "log": "l", "round": 1, "boot": 1,
            "seconds": 1.5}
    results = [{"type": "result", "verdict": verdict, "unexpected": unexpected}
               for verdict, unexpected in (("PASS", False), ("XFAIL", False), ("SKIP", False),
                                           ("SKIP", True), ("FAIL", True))]
    summary = {"type": "summary", "total": 5, "unexpected": 2, "interrupted": False,
               "complaints": []}

    def tally(*records) -> Tally:
        stream.write_text("".join(json.dumps(record) + "\n" for record in records))
        return count.suite(str(stream))(1, "")
    found = tally(boot, dict(boot, boot=2, seconds=2.0), *results, summary)
    assert (found.passed, found.failed, found.skipped) == (2, 2, 1)
    assert found.slowest == [(3.5, "s on p")]
    shared = tally(boot, dict(boot, suite="t"), *results, summary)
    assert shared.slowest == [(1.5, "a machine on p")]
    stale = tally(boot, *results, dict(summary, complaints=["a line was not needed"]))
    assert (stale.passed, stale.failed) == (2, 3)
    for bad in ([boot], [], [dict(summary, total=0)], [dict(summary, interrupted=True)]):
        assert tally(*bad).failed == 1


def test_last_line_and_status(tmp_path):
    """A check whose build fails: all that needs it is counted, and the last line says so."""
    (tmp_path / "config.mak").write_text("")
    (tmp_path / "Makefile").write_text("all lab check-shell:\n\tfalse\n")
    done = subprocess.run([CHECK, "--quick"], cwd=tmp_path, stdout=subprocess.PIPE, text=True,
                          check=False, timeout=60)
    last = done.stdout.splitlines()[-1]
    assert last == "0 passed, 6 failed, 0 skipped" and done.returncode == 1
    assert "not run, because build failed" in done.stdout
