# SPDX-License-Identifier: BSD-2-Clause
"""The judge, one table row for each way a log can be: what it proves, and whom it charges."""
import loglib
import pytest
from ordeal.judge.session import BootPlan, CaseLog, Ending, Session, judge

OK = Ending("exit", 0)
NAMES = ("a", "b", "c")


def verdicts(lines, ending=OK, names=NAMES, raw=None):
    """The judgement as {case: verdict}, and the rest."""
    data = loglib.data(lines) if raw is None else raw
    judgement = judge(data, ending, BootPlan("n1", names))
    return {n: c.verdict for n, c in judgement.cases.items()}, judgement.rest, judgement


def good(**cases):
    """A whole log of a, b and c."""
    return loglib.good_log(dict({"a": "PASS", "b": "PASS", "c": "PASS"}, **cases))


@pytest.mark.parametrize("cases,code", [
    ({}, 0), ({"b": "FAIL"}, 1), ({"a": "ERROR", "c": "SKIP"}, 1), ({"b": "SKIP"}, 0),
    ({"a": "SKIP", "b": "SKIP", "c": "SKIP"}, 77)])
def test_a_whole_log_is_believed(cases, code):
    found, rest, judgement = verdicts(good(**cases), Ending("exit", code))
    assert found == dict({"a": "PASS", "b": "PASS", "c": "PASS"}, **cases)
    assert rest == [] and judgement.why == ""


def test_what_a_case_said_is_kept():
    lines = loglib.head_lines(1)
    lines += loglib.case_lines("a", want="#UD@L || #GP(0)@L", extra=[
        "HIST: a: 12 #UD@L", "OBSERVED: a: MSR 0x10 reads 0", "NOTE: a: look: here"])
    lines += loglib.close_lines(lines, ["PASS"], "n1")
    _, _, judgement = verdicts(lines, names=("a",))
    case = judgement.cases["a"]
    assert case.want == ["#UD@L", "#GP(0)@L"] and case.seen == ["#UD@L"]
    assert case.hist == [(12, "#UD@L")] and case.notes == ["look: here"]
    assert case.fingerprints == ["MSR 0x10 reads 0"]
    assert judgement.env == ["cpu=Fake vendor=Fake"]


def replayed(times, seen="#GP(0)@M"):
    """A log whose one case begins anew so often, each time after it has seen this."""
    lines = loglib.head_lines(1)
    again = []
    for _ in range(times):
        again += ["WANT: a: #UD@L", "SEEN: a: " + seen, "REPLAY: a: strays=1 last_vector=0x2"]
    case = ["CASE: a"] + again + ["WANT: a: #UD@L", "SEEN: a: #UD@L", "PASS: fake: a: the sentence"]
    lines += case + ["DONE: a crc=" + loglib.crc("n1", case)]
    return lines + loglib.close_lines(lines, ["PASS"], "n1")


@pytest.mark.parametrize("times", [1, 3])
def test_what_a_case_showed_before_it_began_anew_does_not_count(times):
    found, _, judgement = verdicts(replayed(times), names=("a",))
    case = judgement.cases["a"]
    assert found == {"a": "PASS"} and case.seen == ["#UD@L"] and case.want == ["#UD@L"]
    assert case.notes == times * ["played again: strays=1 last_vector=0x2"]


def test_a_case_begins_anew_three_times_and_no_more():
    found, _, judgement = verdicts(replayed(4), names=("a",))
    assert found == {"a": "ERROR"} and "played again for the 4th time" in judgement.why


def test_a_verdict_needs_what_came_after_the_replay():
    lines = [line for line in replayed(1) if line != "SEEN: a: #UD@L"]
    found, _, _ = verdicts(lines, names=("a",))
    assert found == {"a": "ERROR"}


def test_reasons_come_without_the_sentence():
    _, _, judgement = verdicts(good(a="FAIL", b="SKIP"), Ending("exit", 1))
    assert judgement.cases["a"].reason == "event 1 differs"
    assert judgement.cases["b"].reason == "needs x2apic"


@pytest.mark.parametrize("eol", ["\n", "\r\n"])
def test_noise_and_line_ends_do_not_matter(eol):
    text = eol.join("noise %s\x1b[2J%s%s" % (i, eol, line) for i, line in enumerate(good())) + eol
    found, _, judgement = verdicts([], raw=text.encode("latin-1"))
    assert set(found.values()) == {"PASS"} and judgement.why == ""


CUTS = [(Ending("timeout", None, "30 s"), "TIMEOUT"), (Ending("signal", None, "SEGV"), "CRASH"),
        (Ending("off"), "CRASH"), (Ending("vmm", None, "no such device"), "ERROR"),
        (Ending("exit", 0), "ERROR"), (Ending("exit", 1), "ERROR"),
        (Ending("exit", 127), "ERROR"), (Ending("stopped"), "ERROR")]


@pytest.mark.parametrize("ending,verdict", CUTS)
def test_a_cut_is_charged_to_the_case_that_ran(ending, verdict):
    lines = good()
    at = lines.index("CASE: b") + 2
    found, rest, judgement = verdicts(lines[:at], ending)
    assert found == {"a": "PASS", "b": verdict} and rest == ["c"] and judgement.started
    assert "in case b" in judgement.why


@pytest.mark.parametrize("ending,verdict", CUTS)
def test_a_cut_between_two_cases_is_charged_to_the_one_before(ending, verdict):
    lines = good()
    found, rest, _ = verdicts(lines[:lines.index("CASE: b")], ending)
    assert found == {"a": verdict} and rest == ["b", "c"]


def test_a_cut_is_not_charged_to_a_case_that_was_skipped():
    judgement = Session(BootPlan("n", ("a", "b", "c")))
    judgement.done = [CaseLog("a", "FAIL"), CaseLog("b", "SKIP")]
    judgement.state = "between"
    assert judgement.finish(Ending("timeout")).charged == "a"
    judgement.done = [CaseLog("a", "SKIP"), CaseLog("b", "SKIP")]
    assert judgement.finish(Ending("timeout")).charged == "b", "if there is no other"


@pytest.mark.parametrize("ending,verdict", CUTS)
def test_a_log_without_its_end_is_never_all_green(ending, verdict):
    for drop in (1, 2):
        found, _, _ = verdicts(good()[:-drop], ending)
        assert found == {"a": "PASS", "b": "PASS", "c": verdict}


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_a_boot_that_reaches_no_case_charges_the_first(count):
    found, rest, judgement = verdicts(good()[:count], Ending("timeout"))
    assert found == {"a": "TIMEOUT"} and rest == ["b", "c"] and not judgement.started


def broken(change):
    """The verdicts after change() has edited the lines."""
    lines = good()
    change(lines)
    found, rest, judgement = verdicts(lines)
    return found, rest, judgement.why


def at(lines, start):
    """The index of the first line that begins so."""
    return next(i for i, line in enumerate(lines) if line.startswith(start))


VIOLATIONS = [
    ("wrong nonce", lambda x: x.__setitem__(0, "ORDEAL 1 suite=fake nonce=n2"), {"a": "ERROR"}),
    ("wrong version", lambda x: x.__setitem__(0, "ORDEAL 2 suite=fake nonce=n1"), {"a": "ERROR"}),
    ("no ORDEAL", lambda x: x.pop(0), {"a": "ERROR"}),
    ("plan too small", lambda x: x.__setitem__(2, "PLAN: 2"), {"a": "ERROR"}),
    ("no plan", lambda x: x.pop(2), {"a": "ERROR"}),
    ("case missing", lambda x: x.__delitem__(slice(at(x, "CASE: b"), at(x, "CASE: c"))),
     {"a": "PASS", "b": "ERROR"}),
    ("case twice", lambda x: x.insert(at(x, "CASE: b"), "CASE: a"), {"a": "PASS", "b": "ERROR"}),
    ("line lost", lambda x: x.pop(at(x, "SEEN: b")), {"a": "PASS", "b": "ERROR"}),
    ("line altered", lambda x: x.__setitem__(at(x, "SEEN: b"), "SEEN: b: #GP(0)@L"),
     {"a": "PASS", "b": "ERROR"}),
    ("no DONE", lambda x: x.pop(at(x, "DONE: b")), {"a": "PASS", "b": "ERROR"}),
    ("no verdict", lambda x: x.pop(at(x, "PASS: fake: b")), {"a": "PASS", "b": "ERROR"}),
    ("two verdicts", lambda x: x.insert(at(x, "DONE: b"), "PASS: fake: b: x"),
     {"a": "PASS", "b": "ERROR"}),
    ("other suite", lambda x: x.__setitem__(at(x, "PASS: fake: b"), "PASS: f: b: x"),
     {"a": "PASS", "b": "ERROR"}),
    ("a line of another case", lambda x: x.insert(at(x, "SEEN: b"), "NOTE: a: x"),
     {"a": "PASS", "b": "ERROR"}),
    ("control byte", lambda x: x.insert(at(x, "SEEN: b"), "NOTE: b: \x1b[2J"),
     {"a": "PASS", "b": "ERROR"}),
    ("booted again", lambda x: x.insert(at(x, "SEEN: b"), x[0]), {"a": "PASS", "b": "CRASH"}),
    ("booted again at the end", lambda x: x.append(x[0]),
     {"a": "PASS", "b": "PASS", "c": "CRASH"}),
    ("gave up", lambda x: x.insert(at(x, "SEEN: b"), "ABORT: #PF"), {"a": "PASS", "b": "ERROR"}),
    ("wrong summary", lambda x: x.__setitem__(-2, "SUMMARY: 2 tests"),
     {"a": "PASS", "b": "PASS", "c": "ERROR"}),
    ("END twice", lambda x: x.append(x[-1]), {"a": "PASS", "b": "PASS", "c": "ERROR"}),
    ("END of another run", lambda x: x.__setitem__(-1, x[-1].replace("n1", "n2")),
     {"a": "PASS", "b": "PASS", "c": "ERROR"}),
    ("END too early", lambda x: x.insert(at(x, "CASE: b"), x[-1]), {"a": "PASS", "b": "ERROR"}),
    ("END with wrong crc", lambda x: x.__setitem__(-1, x[-1][:-8] + "00000000"),
     {"a": "PASS", "b": "PASS", "c": "ERROR"}),
    ("ENV changed afterwards", lambda x: x.__setitem__(1, "ENV: cpu=Other"),
     {"a": "PASS", "b": "PASS", "c": "ERROR"}),
]


@pytest.mark.parametrize("change,want", [v[1:] for v in VIOLATIONS], ids=[v[0] for v in VIOLATIONS])
def test_a_log_is_believed_up_to_its_first_violation(change, want):
    found, rest, why = broken(change)
    assert found == want and why
    assert rest == [name for name in NAMES if name not in want]


@pytest.mark.parametrize("seen,want", [("", "#UD@L"), ("#UD@L", ""), (" ", "#UD@L")])
def test_a_pass_that_recorded_or_claimed_nothing_does_not_exist(seen, want):
    lines = loglib.head_lines(1) + loglib.case_lines("a", seen=seen, want=want)
    lines += loglib.close_lines(lines, ["PASS"], "n1")
    assert verdicts(lines, names=("a",))[0] == {"a": "ERROR"}


@pytest.mark.parametrize("ending,verdict", [
    (Ending("exit", 1), "ERROR"), (Ending("exit", 77), "ERROR"), (Ending("signal"), "CRASH"),
    (Ending("timeout"), "TIMEOUT"), (Ending("vmm"), "ERROR")])
def test_the_exit_status_must_agree_with_the_log(ending, verdict):
    found, rest, _ = verdicts(good(), ending)
    assert found == {"a": "PASS", "b": "PASS", "c": verdict} and rest == []


@pytest.mark.parametrize("ending", [Ending("off"), Ending("stopped")])
def test_where_there_is_no_exit_status_the_end_line_alone_tells(ending):
    assert set(verdicts(good(), ending)[0].values()) == {"PASS"}


def test_a_line_that_never_ends_is_no_line():
    raw = loglib.data(good()[:5]) + b"NOTE: a: " + 3_000_000 * b"x" + loglib.data(good()[5:])
    found, _, judgement = verdicts([], raw=raw)
    assert found == {"a": "ERROR"} and "too long" in judgement.why and len(judgement.why) < 400


def lying(edit, names=NAMES):
    """A guest that is wrong itself: every checksum fits, the log does not."""
    lines, verdicts_, done = loglib.head_lines(len(NAMES)), [], []
    for name in NAMES:
        block = loglib.case_lines(name)[:-1]
        block = edit(name, block) or block
        if block == "stop":
            break
        lines += block + ["DONE: %s crc=%s" % (name, loglib.crc("n1", block))]
        verdicts_.append("PASS")
        done.append(name)
    closing = loglib.close_lines(lines, verdicts_, "n1")
    closing = edit("end", closing) or closing
    if closing[0].startswith("SUMMARY"):
        closing[1] = closing[1].rsplit("=", 1)[0] + "=" + loglib.crc(None, lines + closing[:1])
    return verdicts(lines + closing, names=names)


LIES = [
    ("two verdicts", lambda n, b: b + [b[-1]] if n == "b" else None, "b"),
    ("a verdict that changes its mind",
     lambda n, b: b[:-1] + ["FAIL: fake: b: x", b[-1]] if n == "b" else None, "b"),
    ("no verdict", lambda n, b: b[:-1] if n == "b" else None, "b"),
    ("a line after the verdict", lambda n, b: b + ["NOTE: b: x"] if n == "b" else None, "b"),
    ("fewer cases than planned, properly closed",
     lambda n, b: "stop" if n == "c" else None, "c"),
    ("a summary of something else",
     lambda n, b: ["SUMMARY: 4 tests"] + b[1:] if n == "end" else None, "c"),
    ("hidden failures in the summary",
     lambda n, b: ["SUMMARY: 3 tests, 1 unexpected failures"] + b[1:] if n == "end" else None, "c"),
    ("no summary", lambda n, b: b[1:] if n == "end" else None, "c"),
    ("an END of other counts",
     lambda n, b: [b[0], b[1].replace("pass=3 fail=0", "pass=2 fail=1")] if n == "end" else None,
     "c"),
]


@pytest.mark.parametrize("edit,charged", [x[1:] for x in LIES], ids=[x[0] for x in LIES])
def test_checksums_that_fit_do_not_make_a_log_right(edit, charged):
    found, _, judgement = lying(edit)
    before = NAMES[:NAMES.index(charged)]
    assert found == dict({name: "PASS" for name in before}, **{charged: "ERROR"})
    assert judgement.why


def test_the_lying_guest_tells_the_truth_when_nothing_is_edited():
    assert lying(lambda name, block: None)[0] == {"a": "PASS", "b": "PASS", "c": "PASS"}
