# SPDX-License-Identifier: BSD-2-Clause
"""Known deviations: what they match, what they turn a verdict into, when they are complained of."""
import os

import pytest
from conftest import ROOT
from ordeal.model import Result, UserError
from ordeal.plan import known
from ordeal.plan.excuse import Deviations
from ordeal.plan.seen import Ids

HEAD = "[d]\ncases = s/a* s/b\nverdict = FAIL CRASH\nreason = r\ncite = c\n"


def judged(verdict, extra="", case="s/a1", platform="tcg", version="QEMU emulator version 7.2.22",
           cpu="AuthenticAMD", today="2026-11-22"):
    """(verdict, unexpected, complaints)."""
    listed = Deviations(known.parse(HEAD + extra, "f"), platform, version, today)
    result = Result(platform, case, verdict)
    listed.apply(result, cpu)
    assert result.raw == verdict
    return result.verdict, result.unexpected, listed.complaints(Ids(["s/a1", "s/b", "s/c"]))


@pytest.mark.parametrize("verdict,want", [
    ("FAIL", ("XFAIL", False)), ("CRASH", ("XFAIL", False)), ("PASS", ("XPASS", True)),
    ("ERROR", ("ERROR", True)), ("TIMEOUT", ("TIMEOUT", True)), ("NOTRUN", ("NOTRUN", True)),
    ("SKIP", ("SKIP", False))])
def test_a_listed_case(verdict, want):
    assert judged(verdict)[:2] == want


@pytest.mark.parametrize("verdict,want", [
    ("FAIL", ("FAIL", True)), ("PASS", ("PASS", False)), ("SKIP", ("SKIP", False))])
def test_a_case_that_is_not_listed(verdict, want):
    assert judged(verdict, case="s/c")[:2] == want


@pytest.mark.parametrize("verdict,want", [
    ("FAIL", ("XFAIL", False)), ("PASS", ("PASS", False)), ("ERROR", ("ERROR", True))])
def test_an_intermittent_deviation_may_pass(verdict, want):
    assert judged(verdict, "intermittent = yes\n")[:2] == want
    assert judged(verdict, "intermittent = yes\n")[2] == []


@pytest.mark.parametrize("terms,fits", [
    ("=7.2", True), ("<=7.2", True), ("<7.2", False), (">=7.2.22", True), (">7.2.22", False),
    (">=7 <8", True), (">=6.0, <7.2.23", True), ("<= 9.2", True), (">= 8", False), ("=7", True)])
def test_version_ranges(terms, fits):
    want = ("XFAIL", False) if fits else ("FAIL", True)
    assert judged("FAIL", "versions = %s\n" % terms)[:2] == want


@pytest.mark.parametrize("line,said", [
    ("expires = 2027-02-30", "bad date"), ("expires = 2027-1-1", "bad date"),
    ("expires = soon", "bad date"), ("versions = >=\u00b2", "bad version"),
    ("versions = 7.2", "bad version"), ("intermittent = maybe", "write yes or no"),
    ("seen = \"\"\"\n\"\"\"", "seen is empty")])
def test_bad_input_names_the_line_of_the_key(line, said):
    with pytest.raises(UserError, match="^f:6: .*" + said):
        known.parse(HEAD + line + "\n", "f")


def test_an_unknown_version_fits_no_range():
    assert judged("FAIL", "versions = >=1\n", version="")[0] == "FAIL"


@pytest.mark.parametrize("extra,fits", [
    ("cpu = AuthenticAMD\n", True), ("cpu = Genuine*\n", False),
    ("cpu = Genuine*|Auth*\n", True), ("platforms = tcg+*\n", False),
    ("platforms = tcg kvm\n", True), ("expires = 2026-11-22\n", True),
    ("expires = 2026-11-21\n", False)])
def test_conditions(extra, fits):
    assert judged("FAIL", extra)[0] == ("XFAIL" if fits else "FAIL")


def test_complaints():
    assert judged("FAIL")[2] == []
    assert "was not needed" in judged("PASS")[2][0]
    assert judged("SKIP")[2] == [] and judged("NOTRUN")[2] == []
    assert "was not needed" not in str(judged("FAIL", case="s/c")[2])
    assert "expired on 2020-01-01" in judged("FAIL", "expires = 2020-01-01\n")[2][0]
    listed = Deviations(known.parse(HEAD, "f"), "tcg", "1.0", "2026-11-22")
    assert "matches no existing case" in listed.complaints(Ids(["t/a"]))[0]
    assert listed.complaints(Ids(["s/*"])) == []  # a suite that nobody has read


def test_the_projects_own_files_are_well_formed_and_cite():
    directory = os.path.join(ROOT, "expected")
    names = [name for name in os.listdir(directory) if name.endswith(".cfg")]
    assert names
    for name in names:
        for deviation in known.load(directory, name[:-4]):
            assert len(deviation.cite) > 8 and len(deviation.reason) > 8


def test_no_entry_of_the_projects_own_files_is_blank_and_every_line_can_be_read():
    directory = os.path.join(ROOT, "expected")
    for name in sorted(os.listdir(directory)):
        for deviation in known.load(directory, name[:-4]) if name.endswith(".cfg") else ():
            # A quirk that only the generated world shows lists no case, and so excuses none.
            named = deviation.lines() if deviation.cases else deviation.quirk
            assert named, "%s: [%s] is blank" % (deviation.where, deviation.name)


LINES = HEAD + 'seen = """\ns/a1: #UD@A[if=1,rf=0]\ns/a1 s/b: #UD@B[if=1,rf=0]\nCRASH: it died\n"""\n'


@pytest.mark.parametrize("shown,missing", [
    ({"s/a1": "#UD@A[if=1,rf=0]", "s/b": "#UD@B[if=1,rf=0]"}, ["CRASH: it died"]),
    ({"s/a1": "#UD@B[if=1,rf=0]", "s/b": ""}, ["#UD@A[if=1,rf=0]", "CRASH: it died"]),
    ({"s/a1": "#UD@A[if=1,rf=0]"}, []), ({"s/a1": "", "s/b": ""}, [])])
def test_a_line_that_was_not_needed(shown, missing):
    """A case that shows nothing was skipped; one that is not there did not run."""
    listed = Deviations(known.parse(LINES, "f"), "tcg", "1.0", "2026-11-22")
    for case, trace in shown.items():
        listed.apply(Result("tcg", case, "FAIL" if trace else "SKIP", expected=["NMI@A"],
                            observed=[trace]), "")
    said = listed.complaints(Ids(["s/a1", "s/b"]))
    assert [line.partition("not needed: ")[2] for line in said] == missing
    assert listed.complaints(Ids(["s/a1", "s/*"])) == [], "a suite that nobody has read"


def test_a_line_for_another_cpu_or_version_is_not_missed():
    for extra in ("cpu = Genuine*\n", "versions = >=2\n", "intermittent = yes\n"):
        listed = Deviations(known.parse(LINES + extra, "f"), "tcg", "1.0", "2026-11-22")
        for case in ("s/a1", "s/b"):
            listed.apply(Result("tcg", case, "FAIL", observed=["#UD@B[if=1,rf=0]"]), "Authentic")
        assert listed.complaints(Ids(["s/a1", "s/b"])) == []
