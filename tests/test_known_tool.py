# SPDX-License-Identifier: BSD-2-Clause
"""scripts/known as a user runs it: the diff applies and makes the run green, its input is checked,
and what nobody has explained stays in sight."""
import json
import os
import subprocess
from typing import List

import pytest
from conftest import ROOT

KNOWN = os.path.join(ROOT, "scripts", "known")


def known(tree, *args: str, env=None) -> subprocess.CompletedProcess:
    """scripts/known in the tree."""
    return subprocess.run([KNOWN, *args], cwd=tree.path, stdout=subprocess.PIPE, encoding="utf-8",
                          stderr=subprocess.PIPE, timeout=60, check=False, env=env)


def apply(tree, diff: str) -> None:
    """patch -p1 in the tree."""
    subprocess.run(["patch", "-s", "-p1"], input=diff, cwd=tree.path, text=True, check=True)


@pytest.fixture(name="ran")
def _ran(tree):
    """A tree that has run, with a failure of each sort and no list of any."""
    tree.image("pass_a", "fail_b", "skip_c", "segv_d", "fail_e", "pass_f")
    assert tree.run().status == 1
    os.mkdir(os.path.join(tree.path, "expected"))
    return tree


def test_the_first_list_of_a_platform_makes_its_run_green_and_excuses_nothing_else(ran):
    done = known(ran, "logs/results.jsonl")
    assert done.returncode == 0
    assert done.stdout.startswith("--- /dev/null\n+++ b/expected/tcg.cfg\n")
    assert "2 changes, 0 not mended" in done.stderr
    assert "fake/fail_b fake/fail_e on tcg" in done.stderr
    apply(ran, done.stdout)
    again = ran.run("--fail-on", "unexpected,blank")
    assert again.status == 0, again.out
    assert [r["case"] for r in again.records() if r.get("verdict") == "XFAIL"] == [
        "fake/fail_b", "fake/segv_d", "fake/fail_e"]
    assert "tcg.cfg: 2 not explained yet: " in again.out
    done = known(ran, "logs/results.jsonl")
    assert (done.returncode, done.stdout) == (0, "") and "0 changes, 0 not mended" in done.stderr


def test_rounds_that_differ(tree):
    tree.image("flaky_a", "pass_b")
    os.mkdir(os.path.join(tree.path, "expected"))
    first = tree.run("--repeat", "4")
    assert first.status == 1
    assert [one["times"] for one in first.result("fake/flaky_a")["rounds"]] == [2, 2]
    assert "rounds" not in first.result("fake/pass_b")
    done = known(tree, "logs/results.jsonl")
    assert "+intermittent = yes\n" in done.stdout
    apply(tree, done.stdout)
    assert tree.run("--repeat", "4").verdicts() == {"fake/flaky_a": "XFAIL", "fake/pass_b": "PASS"}


def test_git_takes_the_diff_as_well(ran):
    done = known(ran, "logs/results.jsonl")
    subprocess.run(["git", "apply", "-"], input=done.stdout, cwd=ran.path, text=True, check=True)
    assert os.path.exists(os.path.join(ran.path, "expected", "tcg.cfg"))


def test_a_line_that_was_not_needed_is_reported(ran):
    apply(ran, known(ran, "logs/results.jsonl").stdout)
    path = os.path.join(ran.path, "expected", "tcg.cfg")
    with open(path, encoding="ascii") as stream:
        text = stream.read()
    line = "#UD@M[if=1,rf=0] with check: event 1 differs"
    assert text.count("seen = " + line) == 1
    ran.write("expected/tcg.cfg", text.replace(
        "seen = " + line, 'seen = """\n%s\n#GP(0x0)@M[if=1,rf=0]\n"""' % line))
    out = ran.run().out
    assert "this line was not needed: #GP(0x0)@M[if=1,rf=0]" in out and out.count("not needed") == 1
    assert "not needed" not in ran.run("fake/fail_b").out, "fake/fail_e did not run"


def bad_streams(tree) -> List[List[str]]:
    """Arguments, and a word of the one line that each gets."""
    other = tree.write("other.jsonl", json.dumps({"type": "start", "schema": 99}) + "\n")
    none = tree.write("none.jsonl", json.dumps(
        {"type": "start", "schema": 1, "argv": [], "platforms": [
            {"name": "tcg", "version": "7.2", "expectations": "tcg"}]}) + "\n")
    return [
        [], ["missing.jsonl", "cannot read missing.jsonl"], [other, "schema 99"],
        [tree.write("text", "hello\n"), "not a line of JSON"], [none, "no results of tcg"],
        [tree.write("half", json.dumps({"type": "summary"}) + "\n"), "--jsonl"],
        ["-p", "kvm", "logs/results.jsonl", "no results of kvm"], ["-x", "unknown option -x"],
        ["-p", "needs a value"],
        ["--expected", "nowhere", "logs/results.jsonl", "no directory nowhere"]]


def test_bad_input_is_one_line(ran):
    for *args, word in [words or ["name the stream"] for words in bad_streams(ran)]:
        done = known(ran, *args)
        assert done.returncode == 2 and done.stdout == "", args
        assert word in done.stderr and done.stderr.count("\n") == 1, done.stderr


def test_a_list_whose_last_line_has_no_end(ran):
    text = "[gone]\ncases = fake/pass_a\nverdict = FAIL\nreason = r\u00e4\ncite = c\nseen = nothing"
    for tool in (["patch", "-s", "-p1"], ["git", "apply", "-"]):
        ran.write("expected/tcg.cfg", text)
        done = known(ran, "logs/results.jsonl", env={**os.environ, "PYTHONIOENCODING": "ascii"})
        assert done.returncode == 0 and "\\ No newline at end of file\n" in done.stdout
        subprocess.run(tool, input=done.stdout, cwd=ran.path, text=True, check=True)
        assert known(ran, "logs/results.jsonl").stdout == ""


@pytest.mark.parametrize("end", ["\r\n", "\n# a\fb\n"])
def test_line_ends_that_no_diff_keeps_are_bad_input(ran, end):
    with open(os.path.join(ran.path, "expected", "tcg.cfg"), "w", newline="",
              encoding="ascii") as stream:
        stream.write("# A list." + end)
    done = known(ran, "logs/results.jsonl")
    assert done.returncode == 2 and "no diff could keep them" in done.stderr


def test_a_run_of_changed_scenes_proposes_nothing(ran):
    lines = stream_of(ran)
    lines[0]["argv"] += ["--set", "fake.test_args=mutate=late"]
    done = known(ran, write_stream(ran, lines))
    assert done.returncode == 2 and "mutate=late" in done.stderr and done.stdout == ""


@pytest.mark.parametrize("kind,key,value", [
    ("start", "platforms", "tcg"), ("start", "argv", None), ("start", "platforms", [{"name": "tcg"}]),
    ("start", "platforms", [{"name": "tcg", "version": "7", "expectations": "../tcg"}]),
    ("boot", "env", None), ("result", "case", None), ("result", "rounds", [1]),
    ("result", "observed", "nothing")])
def test_a_damaged_stream_is_one_line(ran, kind, key, value):
    lines = stream_of(ran)
    for line in lines:
        if line["type"] == kind:
            line[key] = value
    done = known(ran, write_stream(ran, lines))
    assert done.returncode == 2 and done.stdout == "" and "Traceback" not in done.stderr
    assert "damaged" in done.stderr and done.stderr.count("\n") == 1


def test_a_run_of_some_cases_is_no_reason_to_blame_the_list(ran):
    apply(ran, known(ran, "logs/results.jsonl").stdout)
    assert ran.run("fake/fail_b").status == 0
    done = known(ran, "logs/results.jsonl")
    assert done.stdout == "" and "0 changes, 0 not mended" in done.stderr


def stream_of(tree) -> List[dict]:
    """The records of the tree's last run."""
    with open(os.path.join(tree.path, "logs", "results.jsonl"), encoding="ascii") as stream:
        return [json.loads(line) for line in stream]


def write_stream(tree, records: List[dict]) -> str:
    """The path of a stream with these records."""
    return tree.write("odd.jsonl", "".join(json.dumps(record) + "\n" for record in records))


def test_a_list_that_cannot_be_read_or_is_wrong(ran):
    ran.write("expected/tcg.cfg", "[a]\ncases = x\n")
    assert "lacks verdict" in known(ran, "logs/results.jsonl").stderr
    os.unlink(os.path.join(ran.path, "expected", "tcg.cfg"))
    os.mkdir(os.path.join(ran.path, "expected", "tcg.cfg"))
    done = known(ran, "logs/results.jsonl")
    assert done.returncode == 2 and "cannot read" in done.stderr
