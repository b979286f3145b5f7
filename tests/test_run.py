# SPDX-License-Identifier: BSD-2-Clause
"""Whole runs against a fake emulator: every verdict, every way to die, every planned case counted."""
import json
import os
import subprocess

import pytest
from conftest import ROOT


def test_all_green(tree):
    done = tree.image("pass_a", "pass_b", "skip_c").run()
    assert done.status == 0 and done.err == ""
    assert done.verdicts() == {"fake/pass_a": "PASS", "fake/pass_b": "PASS", "fake/skip_c": "SKIP"}
    assert "PASS tcg fake (2 passed, 1 skipped)" in done.out
    assert "needs x2apic" in done.out
    assert len(done.boots()) == 1


def test_a_failure_shows_both_traces_and_the_command_that_repeats_it(tree):
    done = tree.image("pass_a", "fail_b").run()
    assert done.status == 1
    lines = done.out.splitlines()
    at = lines.index("FAIL tcg fake/fail_b (A02)")
    text = "\n".join(lines[at:at + 10])
    assert "the sentence of fail_b" in text and "event 1 differs" in text
    assert "expected" in text and "#UD@L" in text and "#UD@M" in text
    again = next(line for line in lines if "again:" in line).split("again:")[1].strip()
    repeat = subprocess.run(["sh", "-c", again], cwd=tree.path, env=tree.environment({}),
                            stdout=subprocess.PIPE, text=True, check=False)
    assert repeat.returncode == 1 and "1 case: 1 failed" in repeat.stdout


BREAKS = [("crash_b", "CRASH"), ("segv_b", "CRASH"), ("hang_b", "TIMEOUT"), ("abort_b", "ERROR"),
          ("again_b", "CRASH"), ("stop_b", "ERROR"), ("error_b", "ERROR")]


@pytest.mark.parametrize("name,verdict", BREAKS)
def test_the_dead_is_named_and_the_rest_still_runs(tree, name, verdict):
    done = tree.image("pass_a", name, "pass_c", "fail_d").run()
    assert done.status == 1
    assert done.verdicts() == {"fake/pass_a": "PASS", "fake/" + name: verdict,
                               "fake/pass_c": "PASS", "fake/fail_d": "FAIL"}
    assert done.out.count(name) >= 1 and done.result("fake/" + name)["reason"]
    assert len(done.boots()) == (1 if name == "error_b" else 2)


def test_several_deaths_in_one_image(tree):
    done = tree.image("crash_a", "abort_b", "pass_c", "segv_d", "pass_e").run()
    assert list(done.verdicts().values()) == ["CRASH", "ERROR", "PASS", "CRASH", "PASS"]
    assert len(done.boots()) == 4


def test_a_guest_that_says_nothing_is_never_green(tree):
    for status in ("1", "0", "155"):
        done = tree.image("pass_a", "pass_b").run(env=[("FAKE_SILENT", status)])
        assert done.status == 1
        assert "PASS" not in done.verdicts().values()
        assert done.verdicts()["fake/pass_b"] == "NOTRUN" and len(done.boots()) == 1


def test_an_emulator_that_refuses_is_an_error_with_its_words(tree):
    done = tree.image("pass_a", "pass_b").run(env=[("FAKE_REFUSE", "1")])
    assert done.verdicts() == {"fake/pass_a": "ERROR", "fake/pass_b": "NOTRUN"}
    assert "could not do that" in done.out and done.status == 1


def test_a_wrong_exit_status_is_never_green(tree):
    done = tree.image("pass_a", "late_b").run()
    assert done.status == 1 and done.verdicts() == {"fake/pass_a": "PASS", "fake/late_b": "ERROR"}


def test_output_order_does_not_depend_on_j(tree):
    tree.write("unittests.cfg", "".join("[t%d]\nfile = fake.flat\ntimeout = 5\n" % i
                                        for i in range(6)))
    tree.image("pass_a", "fail_b", "crash_c")
    outs = []
    for jobs in ("1", "4"):
        done = tree.run("-j", jobs)
        outs.append([line for line in done.out.splitlines() if " s" not in line])
        assert len(done.verdicts()) == 18
    assert outs[0] == outs[1]
    index = [r["index"] for r in done.records() if r["type"] == "result"]
    assert sorted(index) == list(range(18))


@pytest.mark.parametrize("args,want", [
    (("fake",), 3), (("fake/fail_*",), 1), (("fake/pass_a", "fake/skip_c"), 2), (("f*",), 3),
    (("-x", "fake/fail_b"), 2), (("-x", "fake/*a", "fake"), 2), (("--shard", "1/2"), 2),
    (("--shard", "2/2"), 1), (("-g", "one"), 3), (("-a",), 6), (("nod",), 3), (("nod/pass_a",), 1)])
def test_selection(tree, args, want):
    tree.write("unittests.cfg", "[fake]\nfile = fake.flat\ngroups = one\n"
                                "[nod]\nfile = fake.flat\ngroups = nodefault\n")
    done = tree.image("pass_a", "fail_b", "skip_c").run(*args)
    assert len(done.verdicts()) == want, done.err


def test_shards_together_are_the_whole(tree):
    tree.image(*["pass_%d" % i for i in range(10)])
    cases = []
    for i in (1, 2, 3):
        cases += tree.run("--shard", "%d/3" % i).verdicts()
    assert sorted(cases) == sorted("fake/pass_%d" % i for i in range(10))


def test_list_cases_and_list(tree):
    tree.image("pass_a", "fail_b")
    assert tree.run("--list-cases").out == (
        "fake/pass_a\tA01\tthe sentence of pass_a\nfake/fail_b\tA02\tthe sentence of fail_b\n")
    assert tree.run("-l").out == "fake\n"


def test_test_args_narrow_a_stanza(tree):
    tree.write("unittests.cfg", "[p]\nfile = fake.flat\ntest_args = 'pass_* exclude=pass_b'\n")
    done = tree.image("pass_a", "pass_b", "fail_c").run()
    assert done.verdicts() == {"p/pass_a": "PASS"}


def test_set_overrides_a_key(tree):
    done = tree.image("hang_a").run("--set", "fake.timeout=1")
    assert done.verdicts() == {"fake/hang_a": "TIMEOUT"} and "1 s" in done.result("fake/hang_a")[
        "reason"]


def test_environment_is_honoured_and_printed(tree):
    done = tree.image("hang_a").run(env=[("TIMEOUT", "1s"), ("ACCEL", "tcg,thread=single")])
    assert "TIMEOUT=1s" in done.out and "ACCEL=tcg,thread=single" in done.out
    assert done.records()[0]["environment"]["TIMEOUT"] == "1s"
    assert "tcg,thread=single" in done.boots()[0]["argv"]


def test_repeat_finds_the_flaky(tree):
    done = tree.image("pass_a", "flaky_b").run("--repeat", "4")
    assert done.status == 1
    assert done.verdicts() == {"fake/pass_a": "PASS", "fake/flaky_b": "FLAKY"}
    assert done.result("fake/flaky_b")["runs"] == {"PASS": 2, "FAIL": 2}
    assert "FAIL 2 of 4" in done.out and "PASS 2 of 4" in done.out


def test_require_makes_a_skip_unexpected(tree):
    tree.image("pass_a", "skip_b")
    assert tree.run("--require", "smp").status == 0
    done = tree.run("--require", "smp,x2apic")
    assert done.status == 1 and done.result("fake/skip_b")["unexpected"] is True


def test_tap_on_standard_output_and_all_reports_at_once(tree):
    tree.image("pass_a", "fail_b")
    files = {n: os.path.join(tree.path, n) for n in ("tap", "ktap", "junit", "lava", "jsonl")}
    done = tree.run("-t", *["--%s=%s" % item for item in files.items()])
    assert done.out.startswith("TAP version 14\n1..2\nok 1 - tcg fake/pass_a\nnot ok 2")
    for path in files.values():
        assert os.path.getsize(path) > 50
    with open(files["tap"], encoding="utf-8") as stream:
        assert stream.read() == done.out


def test_the_stream_has_everything_a_result_depends_on(tree):
    records = tree.image("pass_a").run().records()
    kinds = [record["type"] for record in records]
    assert kinds == ["start", "fingerprint", "boot", "result", "summary"]
    assert records[0]["schema"] == 1 and records[0]["planned"] == 1
    assert records[1]["emulators"] == {"tcg": "QEMU emulator version 7.2.0 (fake)"}
    assert "commit" in records[1] and "kernel" in records[1]
    assert "-kernel" in records[2]["argv"] and records[2]["env"] == ["cpu=Fake vendor=Fake"]
    assert records[4]["exit"] == 0 and records[4]["counts"] == {"PASS": 1}


EXPECT = """
[known]
cases = fake/fail_*
verdict = FAIL
reason = it reads zero
cite = its source
"""


def test_known_deviations_are_green_listed_and_strict(tree):
    tree.write("expected/tcg.cfg", EXPECT)
    done = tree.image("pass_a", "fail_b").run()
    assert done.status == 0 and done.verdicts()["fake/fail_b"] == "XFAIL"
    assert "it reads zero" in done.out
    tree.write("expected/tcg.cfg", EXPECT.replace("fail_*", "*"))
    done = tree.run()
    assert done.status == 1 and done.verdicts()["fake/pass_a"] == "XPASS"


def test_stale_expectations_are_reported(tree):
    tree.write("expected/tcg.cfg", EXPECT + EXPECT.replace("known", "gone").replace(
        "fail_*", "never_*") + EXPECT.replace("known", "old") + "expires = 2020-01-01\n")
    done = tree.image("pass_a", "fail_b").run()
    assert "[gone] matches no existing case" in done.out and "[old] expired" in done.out


def test_baseline_and_fail_on(tree):
    tree.image("pass_a", "fail_b")
    base = os.path.join(tree.path, "base.jsonl")
    tree.run("--save-baseline", base)
    done = tree.run("--baseline", base, "--fail-on", "new-fail")
    assert done.status == 0 and "no change" in done.out
    with open(base, encoding="ascii") as stream:
        text = stream.read().replace('"case":"fake/fail_b","row":"A02","verdict":"FAIL"',
                                     '"case":"fake/fail_b","row":"A02","verdict":"PASS"')
    tree.write("base.jsonl", text)
    done = tree.run("--baseline", base, "--fail-on", "new-fail")
    assert done.status == 1 and "was PASS, is FAIL" in done.out


def test_out_of_tree_paths_with_blanks_and_letters(tmp_path):
    from conftest import Tree
    tree = Tree(str(tmp_path / "a b \u00e9\u4e2d 'q'"))
    done = tree.image("pass_a", "fail_b").run("--junit", os.path.join(tree.path, "j \u00e9.xml"))
    assert done.status == 1, done.err
    assert done.verdicts() == {"fake/pass_a": "PASS", "fake/fail_b": "FAIL"}


def test_help_names_every_option():
    from ordeal.options import TABLE
    done = subprocess.run([os.path.join(ROOT, "run_tests.sh"), "-h"], stdout=subprocess.PIPE,
                          text=True, check=True)
    for option in TABLE:
        assert "--" + option.name in done.stdout, option
        assert not option.letter or "-%s" % option.letter in done.stdout


def test_jsonl_to_standard_output_is_nothing_else(tree):
    done = tree.image("pass_a").run("--jsonl", "-")
    assert [json.loads(line)["type"] for line in done.out.splitlines()][-1] == "summary"
