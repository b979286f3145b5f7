# SPDX-License-Identifier: BSD-2-Clause
"""make mutants, on a small scale: a case that hangs costs only itself, and a mutation that changes
what is seen in a listed case is noticed. The scores themselves are tested with results that are
made up."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("ORDEAL_BUILD", ROOT))
sys.path.insert(0, str(ROOT / "scripts"))
import mutants  # noqa: E402
from ordeal.model import CRASH, FAIL, PASS, SKIP, XFAIL, Result  # noqa: E402
from ordeal.report.mutated import Score, Scores, judge, listed  # noqa: E402

LINE = "IRQ(0x60)@A[if=1,rf=0]"


def test_a_case_that_hangs_when_mutated_is_killed_and_the_rest_runs(tmp_path: Path):
    stream = tmp_path / "results.jsonl"
    subprocess.run([str(BUILD / "run_tests.sh"), "-p", "tcg", "--jsonl", str(stream), "--logs",
                    str(tmp_path / "logs"), "--set", "native.test_args=mutate=if-clear", "--set",
                    "native.timeout=5", "native/halt.*", "native/flags.*"],
                   stdout=subprocess.DEVNULL, check=False, timeout=100)
    records = [json.loads(line) for line in stream.read_text().splitlines()]
    verdicts = {r["case"]: r["verdict"] for r in records if r["type"] == "result"}
    assert verdicts["native/halt.sti_hlt"] == "TIMEOUT"
    assert not set(verdicts.values()) & {"NOTRUN", "CRASH"}
    assert any(case.startswith("native/flags.") for case in verdicts)
    reasons = [r["reason"] for r in records if r["type"] == "result" and r["verdict"] == "TIMEOUT"]
    assert all("no end within the time limit" in reason for reason in reasons)


def test_a_listed_case_that_a_mutation_changes_is_noticed(tmp_path: Path):
    """A sample of the second score of make mutants: one suite, one platform, two mutations."""
    honest = listed(mutants.run(["debug"], "tcg", "", str(tmp_path)))
    scores = Scores(honest)
    for mutation in ("mutate=no-event", "mutate=late"):
        cases = sorted(case for _, case in honest)
        scores.add(mutation, ["debug"], mutants.run(cases, "tcg", mutation, str(tmp_path)))
    assert all(score.changed >= 5 for score in scores.by_mutation.values()), scores.lines()
    assert not scores.holes, "\n".join(scores.lines())


def result(verdict: str, seen: str = LINE, **fields) -> Result:
    """A result of a listed case."""
    raw = {XFAIL: FAIL}.get(verdict, verdict)
    return Result("p", "s/a", verdict, expected=["NMI@A"], observed=[seen], raw=raw, **fields)


@pytest.mark.parametrize("after,word", [
    (result(XFAIL, pattern=LINE), "same"),
    (result(XFAIL, "nothing", pattern="nothing"), "known"),
    (result(XFAIL, "nothing", pattern="IRQ(0x60)@A*[if=1,rf=0]"), "holes"),
    (result(XFAIL, "nothing", pattern="IRQ(0x60)@A[if=1,rf=0]; ..."), "holes"),
    (result(XFAIL, "nothing", deviation="a blank entry"), "holes"),
    (result(PASS, "IRQ(0x60)@NOP[if=1,rf=0]"), "passes"),  # the entry is intermittent
    (result(SKIP, "nothing"), "skipped"),
    (result(FAIL, "nothing", unexpected=True), "unexpected"),
    (result(CRASH, unexpected=True), "unexpected"),
    (result(XFAIL, pattern=LINE, reason="another check"), "known"),
    (result(XFAIL, pattern=LINE, reason="event 7 is not as the architecture orders it"), "same")])
def test_what_becomes_of_a_listed_case(after: Result, word: str):
    assert judge(result(XFAIL, pattern=LINE), after) == word


def test_the_count_of_a_sweep_is_no_change():
    one, two = (result(XFAIL, reason="timer count %d: lost" % count) for count in (5, 77))
    assert judge(one, two) == "same"


def test_the_scores_count_what_is_listed_and_say_what_is_excused():
    honest = {("p", "s/a"): result(XFAIL), ("p", "s/b"): result(XFAIL), ("q", "t/a"): result(XFAIL)}
    assert listed({**honest, ("p", "s/c"): result(PASS)}) == honest
    scores = Scores(honest)
    scores.add("mutate=x", ["s"], {("p", "s/a"): result(XFAIL, "nothing", deviation="blank")})
    assert scores.by_mutation["mutate=x"] == Score(2, 2, holes=2), "s/b did not run"
    assert list(scores.by_platform) == ["p"] and len(scores.holes) == 2
    assert "excused by blank" in scores.holes[0] and "did not run" in scores.holes[1]
    assert "0 of 2 changes" in scores.last_line()
    scores = Scores(honest)
    scores.add("mutate=x", ["t"], {("q", "t/a"): result(FAIL, "nothing", unexpected=True)})
    assert not scores.holes and "1 of 1 changes" in scores.last_line()


def test_a_suite_that_there_is_not_is_bad_input():
    done = subprocess.run([str(ROOT / "scripts/mutants.py"), "natve"], text=True,
                          stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2 and "natve is no suite" in done.stderr
