# SPDX-License-Identifier: BSD-2-Clause
"""TAP, KTAP, JUnit, LAVA and the report for people; judged by parsers that others keep.

Perl's TAP::Parser (as in prove) and junitparser are Debian packages that set-up installs; a test
that lacks its validator fails rather than passing unseen.
"""
import subprocess
import xml.dom.minidom

import pytest
from ordeal.model import VERDICTS, Result
from ordeal.report import formats, person
from ordeal.text import clean, columns, shell_quote

NASTY = "a#b \\ <x>&\"' ]]> \x1b[31m \x00 \x7f \u00e9 \ud800 # SKIP not ok 3 \\x1b"


def record(index, verdict, **more):
    """One result record, unexpected as the judge would have it."""
    fields = dict(platform="tcg", case="s/c%d" % index, verdict=verdict, index=index,
                  unexpected=verdict not in ("PASS", "SKIP", "XFAIL"), reason="because of %d" % index,
                  sentence="it holds", expected=["#UD@L; IRQ(0x60)@M"], observed=["#UD@L"],
                  deviation="known: why [where]" if verdict in ("XFAIL", "XPASS") else "",
                  repro="./run_tests.sh -p tcg s/c%d" % index, log="logs/tcg/s.log", seconds=0.5)
    fields.update(more)
    return Result(**fields).to_record()


@pytest.fixture
def run():
    """A run with every verdict, and a nasty one."""
    records = [{"type": "start", "schema": 1}]
    records += [record(i, verdict) for i, verdict in enumerate(VERDICTS)]
    records.append(record(99, "FAIL", reason=NASTY, sentence=NASTY, observed=[NASTY],
                          expected=[NASTY], deviation=NASTY))
    records.append(record(100, "SKIP", reason=NASTY))
    records.append({"type": "summary", "seconds": 1.0, "interrupted": False})
    return records


def perl_tap(text, tmp_path):
    """The result of TAP::Parser: {number: (ok, directive)}, plan, errors."""
    path = tmp_path / "x.tap"
    path.write_text(text, encoding="utf-8")
    program = r'''
        my $p = TAP::Parser->new({source => $ARGV[0]});
        while (my $r = $p->next) {
            next unless $r->is_test;
            print join("\t", $r->number, $r->is_actual_ok ? 1 : 0, $r->directive), "\n";
        }
        print "plan\t", $p->tests_planned, "\n", map { "error\t$_\n" } $p->parse_errors;'''
    done = subprocess.run(["perl", "-MTAP::Parser", "-e", program, str(path)],
                          stdout=subprocess.PIPE, text=True, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


def test_tap_is_accepted_by_perls_parser(run, tmp_path):
    text = formats.tap(run)
    assert text.startswith("TAP version 14\n")
    # The parser knows TAP 13, of which our TAP 14 uses no more than what 13 has.
    rows = perl_tap(text.replace("TAP version 14", "TAP version 13", 1), tmp_path)
    assert rows[-1] == ["plan", str(len(VERDICTS) + 2)]
    got = {row[0]: row[1:] for row in rows[:-1]}
    for number, verdict in enumerate(VERDICTS, 1):
        want = {"PASS": ["1", ""], "SKIP": ["1", "SKIP"], "XFAIL": ["0", "TODO"]}
        assert got[str(number)] == want.get(verdict, ["0", ""]), verdict
    assert got[str(len(VERDICTS) + 1)] == ["0", ""]


def test_an_interrupted_run_bails_out(run):
    run[-1]["interrupted"] = True
    assert formats.tap(run).endswith("Bail out! The run was interrupted.\n")
    assert "Bail out!" in formats.ktap(run[:-1])


def test_junit_is_accepted_by_junitparser(run, tmp_path):
    import junitparser
    path = tmp_path / "x.xml"
    path.write_text(formats.junit(run), encoding="utf-8", errors="backslashreplace")
    suites = junitparser.JUnitXml.fromfile(str(path))
    total = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for suite in suites:
        claimed = {name: getattr(suite, name) for name in total}
        suite.update_statistics()
        assert claimed == {name: getattr(suite, name) for name in total}
        for name in total:
            total[name] += claimed[name]
        names = [(case.classname, case.name) for case in suite]
        assert len(names) == len(set(names)) and names[0] == ("tcg.s", "c0")
    assert total == {"tests": len(VERDICTS) + 2, "failures": 4, "errors": 4, "skipped": 3}


def test_junit_is_well_formed_and_holds_no_control_character(run):
    text = formats.junit(run)
    xml.dom.minidom.parseString(text.encode("utf-8", "backslashreplace"))
    assert not [c for c in text if ord(c) < 32 and c != "\n"]


def test_ktap_lines(run):
    lines = formats.ktap(run).splitlines()
    assert lines[:2] == ["KTAP version 1", "1..%d" % (len(VERDICTS) + 2)]
    assert "ok 1 tcg/s/c0" in lines
    assert "not ok 8 tcg/s/c7 # TIMEOUT because of 7" not in lines[:3]
    by = {line.split()[1 if line.startswith("ok") else 2]: line for line in lines
          if line.startswith(("ok", "not ok"))}
    for number, verdict in enumerate(VERDICTS, 1):
        good = verdict in ("PASS", "SKIP", "XFAIL")
        assert by[str(number)].startswith("ok" if good else "not ok"), verdict
    assert "# TIMEOUT" in by[str(VERDICTS.index("TIMEOUT") + 1)]
    assert "# ERROR" in by[str(VERDICTS.index("CRASH") + 1)]


def test_lava_signals(run):
    lines = formats.lava(run).splitlines()
    assert lines[0] == "<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=tcg/s/c0 RESULT=pass>"
    assert len(lines) == len(VERDICTS) + 2
    results = [line.rsplit("=", 1)[1][:-1] for line in lines]
    assert results.count("skip") == 3 and results.count("pass") == 1


def test_reports_are_in_plan_order_whatever_the_streams_order(run):
    backwards = [run[0]] + run[-2:0:-1] + [run[-1]]
    for form in formats.FORMATS.values():
        assert form(backwards) == form(run)


def test_no_report_lets_a_control_byte_through(run):
    for form in list(formats.FORMATS.values()) + [lambda r: "\n".join(person.summary(r))]:
        text = form(run)
        assert not [c for c in text if ord(c) < 32 and c != "\n" or ord(c) == 127], form
        assert "\x1b" not in text


def test_people_see_failures_first_with_both_traces_and_the_command(run):
    lines = person.summary(run)
    text = "\n".join(lines)
    first = lines[1]
    assert first.startswith("FAIL tcg s/c1")
    assert "again:  ./run_tests.sh -p tcg s/c1" in text
    assert text.index("FAIL tcg") < text.index("Known deviations:") < text.index("Skipped:")
    assert "    #UD@L         #UD@L" in text and "    IRQ(0x60)@M | -" in text
    assert "    first difference: event 2: missing" in lines


def test_a_run_in_which_nothing_passed_says_so():
    assert person.summary([record(1, "SKIP")])[-1] == "Nothing passed in this run."


@pytest.mark.parametrize("data,want", [
    (b"abc", "abc"), (b"\x1b[2J", "\\x1b[2J"), (b"\xff\x00", "\\xff\\x00"), (b"", "")])
def test_clean(data, want):
    assert clean(data) == want


def test_clean_is_bounded():
    assert len(clean(b"\x00" * 10000000, 100)) < 500


def test_columns_mark_what_differs():
    assert columns([("a", "a", False), ("b", "c", True), ("d", "", True)], ("l", "r")) == [
        "    l   r", "    a   a", "    b | c", "    d | -"]


@pytest.mark.parametrize("word", ["a b", "it's", "$x", "", "*", "\u00e9", "a\nb"])
def test_quoted_words_survive_a_shell(word):
    done = subprocess.run(["sh", "-c", "printf %s " + shell_quote([word])],
                          stdout=subprocess.PIPE, check=True)
    assert done.stdout.decode() == word
