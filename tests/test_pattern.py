# SPDX-License-Identifier: BSD-2-Clause
"""The patterns of known deviations: what a line of `seen` fits, and which lines are bad input."""
import os
import re

import pytest
from conftest import ROOT
from ordeal.judge import grammar, pattern
from ordeal.judge.pattern import parse_pattern
from ordeal.model import Result, UserError
from ordeal.plan import known, seen
from ordeal.plan.excuse import Deviations
from ordeal.plan.seen import Ids
from ordeal.report import formats, person
from ordeal.run.unit import merge_rounds

TRACE = "IRQ(0x60)@RDMSR[if=1,rf=0]; #GP(0x0)@RDMSR[if=1,rf=1,ist=6]"
WANT = "IRQ(0x60)@RDMSR[if=1]; #GP(0x0)@RDMSR[rf=1]"
NEVER = "event 2 is not as the architecture orders it"


def failed(trace=TRACE, reason=NEVER, want="#UD@UD2", verdict="FAIL", **more):
    """A result; its trace is not legal unless want says so."""
    return Result("tcg", "s/a", verdict, reason, expected=[want], observed=[trace] if trace else [],
                  **more)


@pytest.mark.parametrize("text", [
    TRACE, "IRQ(0x60)@RDMSR[rf=0x0,if=1]; #GP(0)@RDMSR[ist=6,if=1,rf=1]".replace("(0)", "(0x0)"),
    "...; #GP(0x0)@RDMSR[if=1,rf=1,ist=6]", "IRQ(0x60)@RDMSR[if=1,rf=0]; ...", TRACE + "; ...",
    "IRQ(0x60)@RDMSR[*]; ...", "IRQ(*)@RD*R[if=1,rf=0]; #GP(*)@*[if=1,rf=*,ist=6]",
    "IRQ(0x60)@RDMSR[if=1,rf=0,tf=*]; #GP(0x0)@RDMSR[if=1,rf=1,ist=*]"])
def test_a_trace_that_fits(text):
    assert parse_pattern(text).fits(failed())


@pytest.mark.parametrize("text", [
    "nothing", "IRQ(0x60)@RDMSR[if=1,rf=0]", TRACE + "; NMI@NOP#1[if=1,rf=0]",
    TRACE.replace("rf=0", "rf=1"), TRACE.replace(",ist=6", ""), TRACE.replace("ist=6", "ist=5"),
    TRACE.replace("0x60", "0x61"), TRACE.replace("IRQ", "INT"), TRACE.replace("#GP", "#NP"),
    TRACE.replace("(0x0)", "(0x8)"), TRACE.replace("@RDMSR", "@NOP#1"), TRACE + " with check: x",
    "check: x", "ERROR: " + NEVER, "order: " + TRACE, "#GP(0x0)@RDMSR[*]; ..."])
def test_a_trace_that_does_not_fit(text):
    assert not parse_pattern(text).fits(failed())


def test_a_second_trace_is_not_passed_over():
    shown = failed()
    shown.observed.append("NMI@NOP#1[if=1,rf=0]")
    assert not parse_pattern(TRACE).fits(shown)


def test_nothing():
    assert parse_pattern("nothing").fits(failed("nothing", "nothing was recorded"))
    assert not parse_pattern("nothing").fits(failed("nothing", "V_IRQ is still set"))
    assert parse_pattern("nothing with check: V_IRQ is still *").fits(
        failed("nothing", "V_IRQ is still set"))


def test_a_check_alone_fits_only_where_the_trace_is_legal():
    said = "LSTAR was 0x0 and became 0x8"
    assert parse_pattern("check: LSTAR was 0x0 and became *").fits(failed(reason=said, want=WANT))
    assert parse_pattern("check: " + said).fits(failed("", said))
    assert not parse_pattern("check: " + said).fits(failed(reason=said))
    assert not parse_pattern(TRACE).fits(failed(reason=said))
    assert not parse_pattern(TRACE).fits(failed(reason=said, want=WANT))
    assert parse_pattern(TRACE + " with check: " + said).fits(failed(reason=said))


@pytest.mark.parametrize("verdict", ["ERROR", "CRASH", "TIMEOUT", "SKIP"])
def test_the_reason_of_another_verdict(verdict):
    shown = failed("", "died of signal 6", verdict=verdict)
    assert parse_pattern(verdict + ": died of signal *").fits(shown)
    assert not parse_pattern(verdict + ": died of signal 11").fits(shown)
    assert not parse_pattern("check: died of signal 6").fits(shown)


def test_a_sweep():
    """Its sample, the message without the timer count; or its illegal orders."""
    sample = failed("IRQ(0x60)@CLI#4[if=1,rf=0]", "timer count 812: the interrupt was lost")
    assert parse_pattern("IRQ(0x60)@CLI#*[if=1,rf=0] with check: the interrupt was lost").fits(sample)
    assert not parse_pattern("check: the interrupt was lost").fits(sample)
    orders = failed("a", "illegal", "IRQ(0x60)@before", histogram=[
        (3, "IRQ(0x60)@before"), (1, "IRQ(0x60)@never"), (1, "#GP(0x0)@never")])
    one, other = parse_pattern("order: IRQ(0x60)@never"), parse_pattern("order: #GP(*)@never")
    assert pattern.explains([one], orders) is None
    assert pattern.explains([one, other], orders) == one
    assert pattern.spelt(orders) == ["order: IRQ(0x60)@never", "order: #GP(0x0)@never"]


@pytest.mark.parametrize("shown", [
    failed(), failed(reason="V_IRQ is still set"), failed(reason="x is 3", want=WANT),
    failed("nothing", "nothing was recorded"), failed("", "by signal 6", verdict="CRASH"),
    failed("EXIT(RDMSR)@RDMSR[sti=1]; ENTRY(#GP(0x0))@NOP#1; #GP(0x0)@NOP#1[if=0,rf=1]"),
    failed("IRQ(0x60)@NOP#1[if=1,rf=0]; #DB@R[if=1,rf=0,dr6=0x1]; #DB@R...(cut)"),
    failed(reason="timer count 3: x")])
def test_what_a_result_shows_is_spelt_so_that_it_fits(shown):
    (text,) = pattern.spelt(shown)
    assert parse_pattern(text).fits(shown)


@pytest.mark.parametrize("text, legal", [
    (TRACE, True), (TRACE.replace("rf=1", "rf=0"), False), ("...; " + TRACE, True), ("nothing", False),
    (TRACE.replace("rf=1", "rf=*"), True), ("IRQ(0x60)@*[if=1,rf=0]; ...", True),
    ("IRQ(0x60)@RDMSR[*]; ...", True), ("IRQ(0x60)@NOP*[*]; ...", False), (TRACE + "; ...", True)])
def test_a_pattern_that_fits_a_legal_trace_is_found(text, legal):
    assert bool(parse_pattern(text).legal(failed(want=WANT))) == legal


BAD = [
    ("seen = *", "no event"), ("seen = ...", "wildcards only"), ("seen = IRQ(*)@*[*] -- w", "wildcards"),
    ("seen = check: *", "says nothing"), ("seen = IRQ(0x60)@NOP[if=1,rf=0,zf=1]", "no detail zf"),
    ("seen = #GP(0x0)@NOP[if=1,rf=0,cr2=0x0]", "no detail cr2"),
    ("seen = EXIT(RDMSR)@NOP[if=1]", "no detail if"), ("seen = IRQ(0x60)@NOP[if=1]", "no rf"),
    ("seen = IRQ(0x60)@NOP[if=yes,rf=0]", "no number"), ("seen = FOO@NOP[if=1,rf=0]", "no event"),
    ("seen = #UD[if=1,rf=0]", "no place"), ("seen = #UD@NOP[if=1,rf=*]", "needs a reason"),
    ("seen = #UD@NOP[if=1,rf=0] -- ", "nothing follows"), ("seen = ERROR: x", "verdict of the section"),
    ("seen = s/a here: #UD@NOP[if=1,rf=0]", "bad scope 'here'"),
    ("seen = >=x: #UD@NOP[if=1,rf=0]", "bad version"), ("seen = on=: #UD@NOP[if=1,rf=0]", "bad scope"),
    ("seen = s/z: #UD@NOP[if=1,rf=0]", "fits no case"), ("seen =", "seen is empty"),
    ("seen = s/a1: #UD@NOP[if=1,rf=0]", "lists s/b, but no line"),
    ('seen = """\n#UD@NOP[if=1,rf=0]\n#UD@NOP[if=1,rf=0]"""', "f:8: the same line as in f:7"),
    ('seen = """nothing\n#UD@NOP"""', "f:7: #UD@NOP: it says no if and no rf")]
#: Events that no trace shows, and a word of what is said of them.
NEVER_SHOWN = [
    ("nothing; #UD@A[if=1,rf=0]", "no event"), ("#ZZ@A[if=1,rf=0]", "no exception #ZZ"),
    ("#GP@A[if=1,rf=0]", "#GP has an error code"), ("#UD(0x0)@A[if=1,rf=0]", "has no error code"),
    ("#GP(0)@A[if=1,rf=0]", "not written as 0x18"), ("IRQ(96)@A[if=1,rf=0]", "not written as 0x60"),
    ("IRQ(0x160)@A[if=1,rf=0]", "not written as"), ("INT(0x6F)@A[if=1,rf=0]", "not written as"),
    ("#UD@A[if=2,rf=0]", "if is never 2"), ("#UD@A[if=1,rf=0,tf=0]", "tf is never 0"),
    ("#UD@A[if=1,rf=0,cpl=4]", "cpl is never 4"), ("#UD@A[if=1,rf=0,ist=0]", "ist is never 0"),
    ("#UD@A[if=1*,rf=0] -- w", "no number"), ("#UD@A[if=1,rf=0,rf=1]", "stands twice"),
    ("#PF(0x0)@A[if=1,rf=0]", "no cr2"), ("#DB@A[if=1,rf=0]", "no dr6"),
    ("#PF(0x0)@A[if=1,rf=0,cr2=4096]", "not written as 0x1000"),
    ("#PF(0x0)@A[if=1,rf=0,cr2=0xzz]", "no number"), ("EXIT(FOO)@A", "no exit FOO"),
    ("EXIT(RDMSR)@A[sti=0]", "sti is never 0"), ("EXIT(RDMSR during FOO)@A", "no event is called FOO"),
    ("ENTRY(#ZZ)@A", "no exception #ZZ"), ("ENTRY(INTR(96))@A", "not written as 0x60"),
    ("ENTRY(#GP(0))@A", "not written as 0x18"), ("NMI@A[if=1,rf=0];NMI@B[if=1,rf=0]", "semicolon"),
    ("check: *e* -- w", "says nothing"), ("NMI@A[if=1,rf=0] with check: *e* -- w", "no text")]
BAD += [("seen = " + text, said) for text, said in NEVER_SHOWN]
HEAD = "[d]\ncases = s/a* s/b\nverdict = FAIL\nreason = r\ncite = c\n"


@pytest.mark.parametrize("text, said", BAD)
def test_bad_input(text, said):
    with pytest.raises(UserError) as error:
        Deviations(known.parse(HEAD + text + "\n", "f"), "tcg", "1.0", "2026-01-01").check(
            Ids(["s/a1", "s/b", "s/c"]))
    assert said in str(error.value) and str(error.value).startswith("f:")


def test_the_names_are_those_of_the_guest():
    def words(path, shape):
        with open(os.path.join(ROOT, "lib", "x86", path), encoding="ascii") as stream:
            return set(re.findall(shape, stream.read(), re.M))
    assert grammar.EXCEPTIONS == words("order/vectors.c", r'"#(\w+)"')
    assert grammar.EXITS == words("order/exits.def", r"^EXIT_NAME\((\w+)\)$") | {"?", "NONE"}
    numbers = words("order/log_layout.h", r"\(1 << (\d+)\)")
    vectors = {number: name for path in ("base/bits.h", "order/log_layout.h") for name, number in words(
        path, r"\b(\w+)_VECTOR\s*=?\s*(\d+)")}
    assert grammar.WITH_CODE == {vectors[number] for number in numbers}


def test_each_verdict_needs_a_line():
    text = HEAD.replace("= FAIL", "= FAIL CRASH") + "seen = nothing\n"
    with pytest.raises(UserError, match="says what CRASH looks like"):
        known.parse(text, "f")[0].lines()


@pytest.mark.parametrize("more, clash", [
    ("", "both say how s/b always fails"), ("versions = <1.0\n", ""), ("platforms = kvm\n", ""),
    ("intermittent = yes\n", "")])
def test_two_entries_that_claim_one_case(more, clash):
    text = HEAD + "seen = nothing\n[e]\ncases = s/b\nverdict = FAIL\nreason = r\ncite = c\n" + more
    text += "seen = #UD@NOP[if=1,rf=0]\n"
    listed = Deviations(known.parse(text, "f"), "tcg", "1.0", "2026-01-01")
    if not clash:
        listed.check(Ids(["s/a1", "s/b"]))
        return
    with pytest.raises(UserError) as error:
        listed.check(Ids(["s/a1", "s/b"]))
    assert clash in str(error.value) and "f:6 and f:" in str(error.value)


def applied(seen_text, result, platform="tcg", version="QEMU emulator version 7.2.22", more=""):
    """The result after an entry with these lines was applied, and the faults that it showed."""
    result.platform, result.case = platform, "s/a1"
    listed = Deviations(known.parse(HEAD + more + seen_text + "\n", "f"), platform, version,
                        "2026-01-01")
    listed.apply(result, "")
    return result, listed.faults


def test_a_deviation_that_is_as_listed():
    result, _ = applied("seen = " + TRACE, failed())
    assert (result.verdict, result.unexpected, result.pattern, result.listed) == (
        "XFAIL", False, TRACE, "")


def test_another_trace_is_not_excused():
    result, _ = applied("seen = nothing", failed())
    assert (result.verdict, result.unexpected, result.pattern) == ("FAIL", True, "nothing")
    assert result.listed.startswith("f:6: [d] lists this case") and not result.deviation


@pytest.mark.parametrize("scope, verdict", [
    ("<9.1: ", "XFAIL"), (">=9.1: ", "FAIL"), ("on=tcg: ", "XFAIL"), ("on=tcg+* <9: ", "FAIL"),
    ("s/a*: ", "XFAIL"), ("s/b: ", "FAIL")])
def test_the_scope_of_a_line(scope, verdict):
    assert applied("seen = " + scope + TRACE, failed())[0].verdict == verdict


def test_a_case_that_no_line_serves_here_is_not_listed_here():
    assert applied("seen = >=9.1: " + TRACE, failed(verdict="PASS"))[0].verdict == "PASS"
    assert applied("seen = " + TRACE, failed(verdict="PASS"))[0].verdict == "XPASS"


def test_a_wildcard_that_fits_the_result_and_what_is_legal_is_a_fault():
    """The FAIL shows RF=0, and RF=1 is legal: the line would not tell them apart."""
    text = "seen = IRQ(0x60)@RDMSR[if=1,rf=*] -- why"
    shown = failed("IRQ(0x60)@RDMSR[if=1,rf=0]", want="IRQ(0x60)@RDMSR[rf=1]")
    result, faults = applied(text, shown)
    assert result.verdict == "XFAIL" and "also fits what is legal there: IRQ" in str(faults)


def test_a_legal_trace_with_the_text_of_a_check_never_fits():
    text = "seen = " + TRACE + " with check: x is 3"
    result, faults = applied(text, failed(want=WANT, reason="x is 3"))
    assert result.unexpected and "only the check tells: write 'check: x is 3'" in str(faults)
    assert not applied("seen = check: x is 3", failed(want=WANT, reason="x is 3"))[1]
    assert not applied(text, failed(reason="x is 3"))[1]


@pytest.mark.parametrize("reason, unexpected", [("needs SVM", False), ("needs VMX", True)])
def test_a_skip_that_is_listed_with_another_reason_is_unexpected(reason, unexpected):
    head = HEAD.replace("= FAIL", "= SKIP") + "seen = SKIP: needs SVM\n"
    result = failed("", reason, verdict="SKIP")
    result.case = "s/b"
    Deviations(known.parse(head, "f"), "tcg", "1.0", "2026-01-01").apply(result, "")
    assert (result.verdict, result.unexpected, bool(result.listed)) == (
        "SKIP", unexpected, unexpected)


def test_two_entries_of_which_only_the_cpu_tells_that_both_are_meant():
    one = HEAD + "cpu = Genuine*\nseen = nothing\n"
    listed = Deviations(known.parse(one + one.replace("[d]", "[e]").replace("*\nseen", "Intel\nseen"),
                                    "f"), "tcg", "1.0", "2026-01-01")
    listed.check(Ids(["s/a1", "s/b"]))
    result = failed("nothing")
    result.case = "s/b"
    listed.apply(result, "GenuineIntel")
    assert listed.faults == {
        "f:1 and f:8: [d] and [e] both say how s/b always fails on tcg"}


@pytest.mark.parametrize("text, where", [
    ("platforms = kvm tgc\nseen = nothing\n", "f:1: "), ("seen = on=tgc+*: nothing\n", "f:6: ")])
def test_a_platform_that_there_is_not(text, where):
    listed = Deviations(known.parse(HEAD + text, "f"), "tcg", "1.0", "2026-01-01")
    with pytest.raises(UserError, match=where + "no platform is called tgc"):
        listed.check(Ids(["s/a1", "s/b"]), ["tcg", "kvm", "tcg+trixie"])
    listed.check(Ids(["s/a1", "s/b"]))


def test_an_entry_of_the_old_form_may_name_any_platform():
    listed = Deviations(known.parse(HEAD + "platforms = gone\n", "f"), "tcg", "1.0", "2026-01-01")
    listed.check(Ids(["s/a1", "s/b"]), ["tcg"])


def test_an_emulators_entry_for_named_platforms_does_not_shine_through_on_others():
    below = known.seen_through(known.parse(HEAD + "platforms = tcg+* lab\nseen = nothing\n", "f"),
                               "QEMU 7.2", "tcg")
    for platform, verdict in (("lab", "XFAIL"), ("other", "FAIL")):
        result = failed("nothing")
        result.case = "s/b"
        Deviations(below, platform, "Linux 6", "2026-01-01").apply(result, "")
        assert result.verdict == verdict


def test_faults_that_only_a_result_shows():
    assert "f:6: [d], case s/a1: this line also fits what is legal there" in str(
        applied("seen = " + TRACE, failed(want=WANT, verdict="PASS"))[1])
    assert "also fits what is legal" in str(
        applied("seen = " + TRACE, failed("nothing", want=WANT))[1])
    assert not applied("seen = " + TRACE, failed(want=WANT))[1]  # the guest compares more than text
    assert "the case is none" in str(applied("seen = order: x", failed())[1])
    assert "has a message" in str(applied("seen = " + TRACE, failed(reason="timer count 3: x"))[1])
    assert not applied("seen = nothing", failed())[1]


def test_the_emulators_lines_are_read_with_its_own_version():
    below = known.seen_through(known.parse(HEAD + "seen = <9.1: " + TRACE + "\n", "f"),
                               "QEMU emulator version 7.2.22", "tcg")
    result = failed()
    result.case = "s/b"
    Deviations(below, "kvm-amd@tcg", "Linux 6.12.1", "2026-01-01").apply(result, "")
    assert result.verdict == "XFAIL" and result.deviation.startswith("tcg:d: ")


def test_a_line_is_found_in_its_place():
    lines = seen.read("\nnothing\n# why\n\n#UD@NOP[if=1,rf=0]\n", 7, "f", "d", ("FAIL",))
    assert [line.where for line in lines] == ["f:8", "f:11"]


@pytest.mark.parametrize("text, rows", [
    (TRACE, [("IRQ(0x60)@RDMSR[if=1,rf=0]", False), ("#GP(0x0)@RDMSR[if=1,rf=1,ist=6]", False)]),
    ("nothing", [("", True), ("", True)]), ("...; " + TRACE.split("; ")[1], [
        ("...", False), ("#GP(0x0)@RDMSR[if=1,rf=1,ist=6]", False)]),
    ("NMI@NOP*[*]; ...", [("NMI@NOP*[*]", True), ("...", False)]),
    (TRACE + "; #UD@UD2[if=1,rf=0]", [("IRQ(0x60)@RDMSR[if=1,rf=0]", False), (
        "#GP(0x0)@RDMSR[if=1,rf=1,ist=6]", False), ("#UD@UD2[if=1,rf=0]", True)])])
def test_a_pattern_beside_a_trace(text, rows):
    assert pattern.beside(parse_pattern(text).trace, pattern.parse(TRACE)) == rows


def test_the_three_columns_of_a_result_that_is_not_as_listed():
    result, _ = applied("seen = IRQ(0x60)@NOP#1[if=1,rf=0] with check: x is 3", failed(want=WANT))
    lines = [line.split() for line in person.failure(result)]
    assert ["the", "architecture", "known", "deviation", "seen", "now"] in lines
    assert ["IRQ(0x60)@RDMSR[if=1]", "IRQ(0x60)@NOP#1[if=1,rf=0]", "|",
            "IRQ(0x60)@RDMSR[if=1,rf=0]"] in lines
    assert "known deviation: with check: x is 3" in " ".join(" ".join(line) for line in lines)
    assert "f:6: [d] lists this case" in "\n".join(person.failure(result))


def test_the_columns_where_no_trace_is_known():
    result = failed("", "by signal 11", verdict="CRASH")
    head = HEAD.replace("= FAIL", "= FAIL CRASH")
    listed = Deviations(known.parse(head + 'seen = """CRASH: by signal 6\nnothing"""\n', "f"), "tcg",
                        "1.0", "2026-01-01")
    result.case = "s/b"
    listed.apply(result, "")
    assert "    known deviation: CRASH: by signal 6" in person.failure(result)


def test_the_wanted_trace_of_a_known_deviation_is_shown():
    result, _ = applied("seen = " + TRACE, failed())
    (head, *rows) = [line.split() for line in person.known_lines(result)]
    assert head[:2] == ["the", "architecture"]
    assert rows[0] == ["#UD@UD2", "|", "IRQ(0x60)@RDMSR[if=1,rf=0]", "IRQ(0x60)@RDMSR[if=1,rf=0]"]


def rounds(*seen_texts):
    """The result of --repeat with these traces, a PASS for '', each after an intermittent entry."""
    attempts = []
    for text in seen_texts:
        result, _ = applied("seen = " + TRACE, failed(text, verdict="FAIL" if text else "PASS"),
                            more="intermittent = yes\n")
        attempts.append([result])
    (merged,) = merge_rounds(attempts)
    return merged.verdict, merged.raw, merged.unexpected, merged.runs


@pytest.mark.parametrize("exact, second, verdict", [
    (True, ["NMI@L"], "FLAKY"), (True, ["NMI@M"], "PASS"), (False, ["NMI@L"], "PASS")])
def test_a_platform_that_calls_itself_exact_and_is_not(exact, second, verdict):
    """Both rounds pass; only the traces tell."""
    first, other = (Result("p", "s/c", "PASS", observed=seen) for seen in (["NMI@M"], second))
    (merged,) = merge_rounds([[first], [other]], exact)
    assert (merged.verdict, merged.unexpected) == (verdict, verdict == "FLAKY")
    assert ("NMI@L / NMI@M" in merged.reason) == (verdict == "FLAKY")


def test_an_intermittent_deviation_may_come_and_go_on_an_exact_platform():
    rounds_ = [[applied("seen = " + TRACE, result, more="intermittent = yes\n")[0]] for result in (
        failed(), failed("nothing", verdict="PASS"))]
    (merged,) = merge_rounds(rounds_, True)
    assert (merged.verdict, merged.raw, merged.unexpected) == ("XFAIL", "FLAKY", False)


def test_a_round_that_a_blank_entry_excused_is_counted():
    """Another round of the case was excused by a line."""
    listed, blank = (Result("p", "s/c", "XFAIL", raw="FAIL", deviation="d: r [c]", pattern=line)
                     for line in (TRACE, ""))
    (merged,) = merge_rounds([[listed], [blank]])
    assert not merged.pattern and formats.blank([merged])


def test_the_orders_of_a_sweep_may_differ_on_an_exact_platform():
    swept = [Result("p", "s/c", "PASS", observed=[order], histogram=[(1, order)]) for order in "ab"]
    (merged,) = merge_rounds([[result] for result in swept], True)
    assert merged.verdict == "PASS"


@pytest.mark.parametrize("texts, verdict, raw", [
    (("", TRACE), "XFAIL", "FLAKY"), ((TRACE, TRACE), "XFAIL", "FAIL"), (("", ""), "PASS", "PASS"),
    (("", TRACE, "nothing"), "FLAKY", "FLAKY"), ((TRACE, "nothing"), "FAIL", "FAIL")])
def test_each_round_is_compared_by_itself(texts, verdict, raw):
    runs = {v: n for v, n in (("PASS", texts.count("")), ("FAIL", len(texts) - texts.count(""))) if n}
    assert rounds(*texts) == (verdict, raw, verdict in ("FLAKY", "FAIL"), runs)
