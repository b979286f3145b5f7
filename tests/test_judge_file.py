# SPDX-License-Identifier: BSD-2-Clause
"""--judge: captured consoles get the verdicts of a live run, and nothing damaged or missing is green."""
import json
import re
import subprocess
from types import SimpleNamespace

import pytest

import loglib
from conftest import ROOT
from ordeal.judge import captured
from ordeal.model import Case
from ordeal.options import USAGE, parse
from ordeal.run.captured import Judge

CASES = {"pass_a": "PASS", "fail_b": "FAIL", "skip_c": "SKIP"}
GREEN = {"pass_a": "PASS", "pass_b": "PASS", "pass_c": "PASS"}


def judge(tree, data, *args, **cases):
    """A run with --judge on these bytes; the image has these cases."""
    tree.image(*(cases or GREEN))
    with open(tree.path + "/console", "wb") as stream:
        stream.write(data)
    command = tree.command("--judge", tree.path + "/console", *args)
    if "-p" not in args:
        at = command.index("-p")
        del command[at:at + 2]
    done = subprocess.run(command, env=tree.environment({}), cwd=tree.path, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=60)
    return done


def records(tree, kind="result"):
    with open(tree.logs + "/results.jsonl", encoding="ascii") as stream:
        return [r for r in map(json.loads, stream) if r["type"] == kind]


def verdicts(tree):
    return {r["case"][len("fake/"):]: r["verdict"] for r in records(tree)}


def log(cases, **how):
    return loglib.data(loglib.good_log(cases, **how))


def test_the_verdicts_are_those_of_the_live_run(tree):
    """Judged from the log that the live run stored, into the same reports."""
    live = tree.image(*CASES).run()
    kept = [("platform", "case", "verdict", "expected", "observed", "reason", "unexpected")]
    before = [[r.get(key) for key in kept[0]] for r in live.records() if r["type"] == "result"]
    with open(tree.logs + "/tcg/fake.log", "rb") as stream:
        console = stream.read()
    done = judge(tree, console, "-p", "tcg", "--junit", tree.path + "/junit", **CASES)
    assert done.returncode == live.status == 1 and done.stderr == ""
    assert [[r.get(key) for key in kept[0]] for r in records(tree)] == before
    with open(tree.path + "/junit", encoding="utf-8") as stream:
        assert "fail_b" in stream.read()
    again = next(line for line in done.stdout.splitlines() if "again:" in line)
    assert "--judge" in again and "fake/fail_b" in again


@pytest.mark.parametrize("dress", [
    lambda data: data,
    lambda data: data.replace(b"\n", b"\r\n"),
    lambda data: b"\x1b[2J\x1b[01;01HBdsDxe: starting Boot0001\r\nLAB w 0 BEGIN\r\n" + data
    + b"LAB w 0 EXIT exit 0\r\nLAB w OVER\r\n",
    lambda data: b"".join(b"[%5d.%06d] " % (n, 7 * n) + line + b"\n"
                          for n, line in enumerate(data.splitlines())),
    lambda data: b"\xef\xbb\xbf" + data,
    lambda data: data.decode().encode("utf-16"),
    lambda data: json.dumps({"InstanceId": "i-1", "Output": data.decode()}).encode(),
    lambda data: data.replace(b"CASE: pass_b", b"kernel: something else\nCASE: pass_b")])
def test_what_stands_around_a_log_does_not_matter(tree, dress):
    done = judge(tree, dress(log(GREEN)))
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert verdicts(tree) == GREEN and records(tree)[0]["platform"] == "machine"


def found_in(data):
    """The verdicts of the cases in a log of one suite, without a process; None if there is no log.
    The second is whether anything else is wrong."""
    cases = [Case(name) for name in GREEN]
    unit = SimpleNamespace(suite=SimpleNamespace(carried=cases))
    found = captured.logs(data, "f")
    if not found.logs:
        return None, True
    runner = Judge(found, True, SimpleNamespace(), "", 1, None, None)
    judgement, _ = runner._judged(unit, found.logs)
    return {name: judgement.cases[name].verdict if name in judgement.cases else "NOTRUN"
            for name in GREEN}, bool(runner.faults)


def green(data):
    found, faults = found_in(data)
    return found == GREEN and not faults


def test_a_log_that_is_cut_off_is_never_green(tree):
    """Wherever it ends. What was over before is judged."""
    whole = log(GREEN)
    assert green(whole)
    assert not any(green(whole[:size]) for size in range(len(whole) - 1))
    lines = loglib.good_log(GREEN)
    done = judge(tree, loglib.data(lines[:-1]))
    assert done.returncode == 1 and "its log ends there" in done.stdout
    assert verdicts(tree) == {**GREEN, "pass_c": "ERROR"}
    assert judge(tree, loglib.data(lines[:5])).returncode == 1
    assert verdicts(tree) == {"pass_a": "ERROR", "pass_b": "NOTRUN", "pass_c": "NOTRUN"}


def test_no_damaged_byte_is_green():
    """The CRC, the order or the counts notice it."""
    whole = log(GREEN)
    for place, byte in enumerate(whole):
        for bit in (1, 4, 8):  # of a hex digit 0x20 is its case
            assert not green(whole[:place] + bytes([byte ^ bit]) + whole[place + 1:]), place


def test_no_lost_or_repeated_line_is_green():
    lines = loglib.good_log(GREEN)
    for number in range(len(lines)):
        assert not green(loglib.data(lines[:number] + lines[number + 1:]))
        assert not green(loglib.data(lines[:number + 1] + lines[number:]))


def test_a_wrong_checksum_is_named(tree):
    data = log(GREEN).replace(b"PASS: fake: pass_b: the", b"PASS: fake: pass_b: one")
    assert judge(tree, data).returncode == 1
    assert verdicts(tree) == {"pass_a": "PASS", "pass_b": "ERROR", "pass_c": "NOTRUN"}
    reason = next(r["reason"] for r in records(tree) if r["verdict"] == "ERROR")
    assert "the checksum of case pass_b is wrong" in reason


def test_suites_follow_one_another_and_a_missing_one_is_notrun(tree):
    tree.image(*GREEN).write("unittests.cfg", "[fake]\nfile = fake.flat\n[other]\nfile = fake.flat\n")
    both = log(GREEN) + b"noise\n" + log(GREEN, suite="other", nonce="n2")
    assert judge(tree, both).returncode == 0 and len(records(tree)) == 6
    done = judge(tree, log(GREEN))
    assert done.returncode == 1 and "there is no log of suite other" in done.stdout
    assert [r["verdict"] for r in records(tree)] == ["PASS"] * 3 + ["NOTRUN"] * 3
    assert judge(tree, log(GREEN), "fake").returncode == 0


def gave_up(cases, total):
    """The log of a boot that planned so many cases, and gave up in case abort_x behind these."""
    lines = loglib.head_lines(total)
    for name, verdict in cases.items():
        lines += loglib.case_lines(name, verdict)
    return loglib.data(lines + ["CASE: abort_x", "ABORT: no more"])


def test_a_suite_goes_on_behind_a_case_that_gave_up(tree):
    cases = ("pass_a", "abort_x", "pass_c")
    done = judge(tree, gave_up({"pass_a": "PASS"}, 3) + b"LAB w 0 EXIT exit 127\n"
                 + log({"pass_c": "PASS"}), **dict.fromkeys(cases, ""))
    assert done.returncode == 1
    assert verdicts(tree) == {"pass_a": "PASS", "abort_x": "ERROR", "pass_c": "PASS"}
    assert "the guest gave up: no more" in done.stdout


def test_a_machine_that_began_anew_was_reset(tree):
    lines = loglib.good_log(GREEN)
    done = judge(tree, loglib.data(lines[:5]) + log(GREEN))
    assert done.returncode == 1
    assert verdicts(tree) == {"pass_a": "CRASH", "pass_b": "NOTRUN", "pass_c": "NOTRUN"}
    assert "another log of suite fake is not judged" in done.stdout


def test_a_second_whole_log_is_not_green(tree):
    """Which of them was meant?"""
    done = judge(tree, log(GREEN) + log({**GREEN, "pass_b": "FAIL"}))
    assert done.returncode == 1 and verdicts(tree) == GREEN
    assert "console:%d: another log of suite fake is not judged" % (len(loglib.good_log(GREEN)) + 1) in done.stdout


def test_what_is_left_over_is_said(tree):
    lines = loglib.good_log(GREEN)
    done = judge(tree, loglib.data(lines[3:]) + log(GREEN))
    assert done.returncode == 1 and "whose beginning is lost" in done.stdout
    done = judge(tree, log(GREEN) + log({"z": "PASS"}, suite="stranger"))
    assert done.returncode == 1 and "a log of suite stranger is not judged" in done.stdout


@pytest.mark.parametrize("data,said", [
    (b"", "the file is empty"), (b"SeaBIOS\nno log\n", "no line begins with ORDEAL"),
    (b"CASE: a\n", "whose beginning is lost"), (b"ORDEAL 1 suite=\n", "a damaged first line")])
def test_a_file_without_a_log(tree, data, said):
    done = judge(tree, data)
    assert done.returncode == 2 and said in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize("args,said", [
    (("--repeat", "2"), "leave out --repeat"), (("--isolate",), "leave out --isolate"),
    (("-p", "tcg,bochs-amd"), "name one with -p"), (("-p", "nosuch"), "unknown platform nosuch"),
    (("--judge", "/nonexistent"), "--judge /nonexistent: No such file"),
    (("--judge", "/"), "--judge /: Is a directory")])
def test_bad_command_lines(tree, args, said):
    done = judge(tree, log(GREEN), *args)
    assert done.returncode == 2 and said in done.stderr and done.stderr.count("\n") == 1


def test_known_deviations_are_those_of_the_named_platform(tree):
    tree.write("expected/tcg.cfg", "[known]\ncases = fake/fail_b\nverdict = FAIL\nreason = r\n"
               "cite = c\nseen = #UD@M[if=1,rf=0] with check: event 1 differs -- always\n")
    cases = {"pass_a": "PASS", "fail_b": "FAIL"}
    lines = loglib.head_lines(2)
    lines += loglib.case_lines("pass_a") + loglib.case_lines("fail_b", "FAIL", seen="#UD@M[if=1,rf=0]")
    data = loglib.data(lines + loglib.close_lines(lines, list(cases.values()), "n1"))
    assert judge(tree, data, "-p", "tcg", **cases).returncode == 0
    assert verdicts(tree) == {"pass_a": "PASS", "fail_b": "XFAIL"}
    assert judge(tree, data, **cases).returncode == 1


def test_a_plan_that_names_only_some_cases():
    known = ["a", "b", "c", "d"]
    some = captured.logs(log({"b": "PASS", "c": "PASS"}), "f").logs[0]
    assert captured.planned(some, known) == ["b", "c"]
    cut = some._replace(names=("b",))
    assert captured.planned(cut, known) == ["b", "c"]
    assert captured.planned(some._replace(plan=4), known) == known


def test_the_page_for_people_shows_commands_that_there_are():
    with open(ROOT + "/docs/your-machine.md", encoding="utf-8") as stream:
        text = stream.read()
    with open(ROOT + "/unittests.cfg", encoding="utf-8") as stream:
        suites = re.findall(r"^\[(.*)\]", stream.read(), re.M)
    shown = re.findall(r"^\./run_tests\.sh (--judge .*?)(?: +#.*)?$", text, re.M)
    assert len(shown) == 3
    for command in shown:
        options = parse(command.split())
        assert options.one("judge") and set(options.patterns) <= set(suites)
    for word in re.findall(r"`(--[a-z-]+)", text):
        assert word[2:] in USAGE
    with open(ROOT + "/scripts/make-image", encoding="utf-8") as stream:
        assert "set timeout=3" in stream.read() and "after 3 seconds" in text
