# SPDX-License-Identifier: BSD-2-Clause
"""`make bench`: a figure is worse only beyond the noise that was measured, aims that are missed are
named, and two trees are measured in turns."""
import os
import subprocess
import sys

import pytest
from conftest import ROOT

import bench
from benching import figures, tree
from ordeal.model import UserError

BENCH = os.path.join(ROOT, "scripts", "bench.py")


@pytest.mark.parametrize("key, new, old, verdict", [
    ("bochs.native", [21000.0], [20000.0], "WORSE"),
    ("bochs.native", [20100.0], [20000.0], "no change"),
    ("bochs.native", [19000.0], [20000.0], "better"),
    ("entries.tcg", [240e3] * 3, [250e3] * 3, "WORSE"),
    ("entries.tcg", [260e3] * 3, [250e3] * 3, "better"),
    ("tcg.native_ratio", [2.2, 2.0, 2.4], [2.0, 1.8, 2.2], "no change"),
    ("tcg.native_ratio", [3.20, 3.22, 3.21], [2.00, 2.01, 2.00], "WORSE")])
def test_only_what_is_beyond_the_noise_is_a_change(key, new, old, verdict):
    (found,) = figures.compare({key: new}, {key: old})
    assert str(found).endswith(": " + verdict) and found.worse == (verdict == "WORSE")


def test_drift_of_both_trees_is_no_change():
    """The machine becomes slower while both are measured: the pairs do not show it."""
    old = [10.0, 12.0, 14.0, 16.0]
    (found,) = figures.compare({"bochs.rows": [v * 1.01 for v in old]}, {"bochs.rows": old})
    assert not found.worse and not found.better and abs(found.ratio - 1.01) < 1e-9


def test_a_figure_of_one_tree_is_not_compared():
    assert figures.compare({"bochs.rows": [1.0]}, {}) == []


def test_a_missed_aim_is_named_and_only_a_limit_fails():
    assert "MISSED: the aim is 1.50" in figures.line("bochs.rows", [1.6])
    assert "MISSED" not in figures.line("bochs.rows", [1.4])
    assert "MISSED: the aim is 250,000" in figures.line("entries.tcg", [200e3])
    assert "MISSED" not in figures.line("entries.tcg", [260e3])
    assert "FAILED: the limit is 98,304" in figures.line("image.native", [99e3])
    assert figures.over_limit({"image.native": [99e3], "bochs.rows": [9.0]}) == ["image.native"]


def test_the_median_is_printed_with_its_spread():
    shown = figures.line("runner.start", [52.0, 41.0, 44.0])
    assert " 44 ms " in shown and "41 to 52" in shown


@pytest.mark.parametrize("words, says", [
    (["nonsense"], "no part nonsense; there are: size"), (["-n"], "-n needs a value"),
    (["-n", "0"], "-n 0: give a number"), (["--against"], "--against needs a value"),
    (["--against", "no-such-commit", "size"], "there is no such commit")])
def test_bad_input(words, says):
    done = subprocess.run([sys.executable, BENCH, *words], stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.PIPE, check=False, timeout=60)
    assert done.returncode == 2 and says in done.stderr and done.stderr.count("\n") == 1


def test_trees_take_turns(monkeypatch, tmp_path):
    """Trees take turns, exact parts have one turn, and no figure is unknown."""
    calls = []

    def part(name):
        def run(of):
            calls.append((name, of.work))
            return {"bochs.rows": float(len(calls))} if name == "rows" else {"trip.amd": 7.0}
        return run
    monkeypatch.setattr(bench, "PARTS", {"rows": part("rows"), "exact": part("exact")})
    found = bench.measure(["rows", "exact"], 2, [tree.Tree(ROOT, "new"), tree.Tree(ROOT, "old")])
    assert calls == [("rows", "new"), ("rows", "old")] * 2 + [("exact", "new"), ("exact", "old")]
    assert found == [{"bochs.rows": [1.0, 3.0], "trip.amd": [7.0]},
                     {"bochs.rows": [2.0, 4.0], "trip.amd": [7.0]}]


def test_what_hangs_ends_the_bench(monkeypatch):
    monkeypatch.setattr(tree, "LIMIT", 1)
    with pytest.raises(UserError, match="no end within 1 s: sleep 30"):
        tree.timed(["sleep", "30"])


def test_a_command_line_without_icount_promises_none():
    made = tree.Tree(ROOT, "w")
    made._argv["native",] = ["qemu", "-icount", "shift=0,sleep=off", "-cpu", "max", "-append",
                             "console=e9 settle=exact nonce=1"]
    assert made.plain("native") == ["qemu", "-cpu", "max", "-append", "console=e9 nonce=1"]
    assert "-icount" in made.guest("native")


def test_it_runs():
    done = subprocess.run([sys.executable, BENCH, "-n", "1", "size", "tcg"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "size of native" in done.stdout and "to an empty guest on tcg" in done.stdout
