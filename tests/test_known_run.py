# SPDX-License-Identifier: BSD-2-Clause
"""Known deviations that say what is seen, in whole runs: what is excused, what is shown, which status
the run ends with. The guests are fake: fail_ shows #UD@M where #UD@L is wanted."""
import json
import os

import pytest

HEAD = "[known]\ncases = fake/*_b\nverdict = FAIL\nreason = it comes late\ncite = its source\n"
LINE = "#UD@M[if=1,rf=0] with check: event 1 differs"
SEEN = "seen = " + LINE + "\n"
OTHER = "seen = #GP(0x0)@M[if=1,rf=0]\n"


def run(tree, text, *args, cases=("pass_a", "fail_b"), env=()):
    """A run with this expected/tcg.cfg."""
    tree.write("expected/tcg.cfg", text)
    return tree.image(*cases).run(*args, env=env)


def test_as_listed(tree):
    done = run(tree, HEAD + SEEN, "-v")
    assert done.status == 0 and done.verdicts()["fake/fail_b"] == "XFAIL"
    assert done.result("fake/fail_b")["pattern"] == LINE
    lines = [line.split() for line in done.out.splitlines()]
    assert ["#UD@L", "|", "#UD@M[if=1,rf=0]", "#UD@M[if=1,rf=0]"] in lines, "the three columns"
    assert "blank" not in done.out and done.records()[-1]["blank"] == 0


def test_not_as_listed(tree):
    reports = {name: os.path.join(tree.path, name) for name in ("tap", "ktap", "junit")}
    done = run(tree, HEAD + OTHER, "--html", os.path.join(tree.path, "page"), *[
        word for name, path in reports.items() for word in ("--" + name, path)])
    record = done.result("fake/fail_b")
    assert done.status == 1 and record["verdict"] == "FAIL" and record["unexpected"]
    assert "tcg.cfg:6: [known] lists this case" in record["listed"] and "deviation" not in record
    assert ["#UD@L", "|", "#GP(0x0)@M[if=1,rf=0]", "|", "#UD@M[if=1,rf=0]"] in [
        line.split() for line in done.out.splitlines()]
    for path in list(reports.values()) + [os.path.join(tree.path, "page", "index.html")]:
        with open(path, encoding="utf-8") as stream:
            text = stream.read()
        assert "#GP(0x0)@M[if=1,rf=0]" in text and "lists this case" in text, path


def test_blank_entries_are_counted(tree):
    done = run(tree, HEAD)
    assert done.status == 0 and done.records()[-1]["blank"] == 1
    assert "1 result was excused by blank entries, which do not say what is seen: known" in done.out
    done = tree.run("--fail-on", "blank,unexpected")
    assert done.status == 1


@pytest.mark.parametrize("line, words", [
    ("#UD@M[if=1,rf=0,zf=1]", "no detail zf"), ("FOO@M[if=1]", "no event"), ("*", "no event"),
    ("...", "wildcards only"), ("#UD@M[*]", "needs a reason"), ("CRASH: by signal 6", "about CRASH"),
    ("fake/gone_*: nothing", "fits no case of [known]"), ("fake/fail_b here: nothing", "bad scope")])
def test_bad_lines(tree, line, words):
    done = run(tree, HEAD + "seen = " + line + "\n")
    assert done.status == 2 and "tcg.cfg:6: " in done.err and words in done.err
    assert done.err.count("\n") == 1, "one line"


def test_two_entries_that_claim_the_case_differently(tree):
    done = run(tree, HEAD + SEEN + HEAD.replace("known", "also") + OTHER)
    assert done.status == 2 and "tcg.cfg:6 and " in done.err and "tcg.cfg:12: " in done.err


@pytest.mark.parametrize("line, words", [
    ("#UD@L[*] -- the flags are left open", "also fits what is legal there: #UD@L"),
    ("order: #UD@never", "the case is none")])
def test_what_only_the_run_shows(tree, line, words):
    done = run(tree, HEAD + "seen = \"\"\"\n" + SEEN[7:] + line + "\n\"\"\"\n")
    assert done.status == 2 and words in done.err
    assert "tcg.cfg:8: [known], case fake/fail_b: " in done.err
    assert done.verdicts()["fake/fail_b"] == "XFAIL" and done.records()[-1]["exit"] == 2
    assert any(words in line for line in done.records()[-1]["complaints"])


@pytest.mark.parametrize("text, verdict, status", [
    (HEAD + SEEN + "intermittent = yes\n", "XFAIL", 0), (HEAD + SEEN, "FLAKY", 1),
    (HEAD + OTHER + "intermittent = yes\n", "FLAKY", 1)])
def test_rounds_that_differ(tree, text, verdict, status):
    done = run(tree, text, "--repeat", "2", cases=("flaky_b",))
    record = done.result("fake/flaky_b")
    assert (record["verdict"], done.status) == (verdict, status), json.dumps(record)
    assert record["runs"] == {"PASS": 1, "FAIL": 1} and record["raw"] == "FLAKY"
