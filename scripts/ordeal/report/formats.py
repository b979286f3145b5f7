# SPDX-License-Identifier: BSD-2-Clause
"""TAP 14, KTAP 1, JUnit XML and LAVA signals, each a pure function of a run's records.

These functions decide nothing: verdicts come from the stream. Text from a console is already
printable ASCII; the characters that a format reserves are escaped here.
"""
import json
from typing import Any, Callable, Dict, List

from ..model import (CRASH, ERROR, FAIL, FLAKY, NOTRUN, PASS, SKIP, TIMEOUT, XFAIL, XPASS, Result,
                     result_from_record)
from ..text import clean_text

Record = Dict[str, Any]


def results(records: List[Record]) -> List[Result]:
    """The results of a run in the order of the plan, whatever order they were written in."""
    found = [result_from_record(r) for r in records if r["type"] == "result"]
    return sorted(found, key=lambda result: result.index)


def blank(found: List[Result]) -> List[Result]:
    """The results that were excused by an entry that does not say what is seen."""
    return [result for result in found if result.deviation and not result.pattern
            and result.verdict in (XFAIL, SKIP)]


def interrupted(records: List[Record]) -> bool:
    """Whether the run did not reach its end."""
    ends = [r for r in records if r["type"] == "summary"]
    return not ends or bool(ends[-1].get("interrupted"))


def _diagnostics(result: Result) -> List[str]:
    """A YAML block with the details of a result. Every value is JSON, which YAML can read."""
    fields = {"verdict": result.verdict, "reason": result.reason, "sentence": result.sentence,
              "citation": result.citation, "expected": result.expected,
              "observed": result.observed, "deviation": result.deviation,
              "pattern": result.pattern, "listed": result.listed, "log": result.log,
              "repro": result.repro, "runs": result.runs}
    lines = ["%s: %s" % (key, json.dumps(value)) for key, value in fields.items() if value]
    return ["  ---"] + ["  " + line for line in lines] + ["  ..."]


def _tap_escape(text: str) -> str:
    return clean_text(text).replace("\\", "\\\\").replace("#", "\\#")


def tap(records: List[Record]) -> str:
    """TAP 14. A known deviation is TODO; an unexpected pass is "not ok"."""
    found = results(records)
    lines = ["TAP version 14", "1..%d" % len(found)]
    for number, result in enumerate(found, 1):
        good = result.verdict in (PASS, SKIP) and not result.unexpected
        line = "%s %d - %s" % ("ok" if good else "not ok", number,
                               _tap_escape("%s %s" % (result.platform, result.case)))
        if result.verdict == SKIP and good:
            line += " # SKIP " + _tap_escape(result.reason)
        elif result.verdict == XFAIL:
            line += " # TODO " + _tap_escape(result.deviation)
        lines.append(line)
        if not good:
            lines += _diagnostics(result)
    if interrupted(records):
        lines.append("Bail out! The run was interrupted.")
    return "\n".join(lines) + "\n"


def ktap(records: List[Record]) -> str:
    """KTAP 1, as the kernel's tools read it; XFAIL is written as kselftest writes it."""
    found = results(records)
    lines = ["KTAP version 1", "1..%d" % len(found)]
    directives = {SKIP: "SKIP", TIMEOUT: "TIMEOUT", ERROR: "ERROR", CRASH: "ERROR",
                  NOTRUN: "ERROR", XFAIL: "XFAIL"}
    for number, result in enumerate(found, 1):
        good = result.verdict in (PASS, SKIP, XFAIL) and not result.unexpected
        if not good:
            lines += ["# %s: %s" % (result.verdict, clean_text(result.reason))]
            lines += ["# expected: " + clean_text(trace) for trace in result.expected]
            lines += ["# known: " + clean_text(result.pattern)] if result.listed else []
            lines += ["# observed: " + clean_text(trace) for trace in result.observed]
            lines += ["# listed: " + clean_text(result.listed)] if result.listed else []
            lines += ["# repro: " + clean_text(result.repro)]
        line = "%s %d %s/%s" % ("ok" if good else "not ok", number, result.platform, result.case)
        directive = directives.get(result.verdict, "")
        if directive and not (directive == "SKIP" and not good):
            why = result.deviation if result.verdict == XFAIL else result.reason
            line += " # %s %s" % (directive, clean_text(why).replace("#", " "))
        lines.append(line.rstrip())
    lines.append("# Totals: pass:%d fail:%d xfail:%d xpass:%d skip:%d error:%d" % _totals(found))
    if interrupted(records):
        lines.append("Bail out! The run was interrupted.")
    return "\n".join(lines) + "\n"


def _totals(found: List[Result]) -> tuple:
    count = [result.verdict for result in found].count
    return (count(PASS), count(FAIL) + count(FLAKY), count(XFAIL), count(XPASS), count(SKIP),
            count(ERROR) + count(CRASH) + count(TIMEOUT) + count(NOTRUN))


def _xml(text: str) -> str:
    """Text escaped for XML 1.0, for an attribute as well as for a text node."""
    safe = "".join(c if c in "\n\t" or c.isprintable() else "\\x%02x" % ord(c) for c in text)
    for char, name in (("&", "amp"), ("<", "lt"), (">", "gt"), ('"', "quot")):
        safe = safe.replace(char, "&%s;" % name)
    return safe


def _junit_case(result: Result) -> List[str]:
    suite, _, name = result.case.partition("/")
    head = '    <testcase classname="%s" name="%s" time="%.3f"' % (
        _xml("%s.%s" % (result.platform, suite)), _xml(name), result.seconds)
    body = "\n".join(
        ["%s: %s" % (result.verdict, result.reason), result.sentence, result.citation]
        + ["expected: " + trace for trace in result.expected]
        + (["known: " + result.pattern] if result.listed else [])
        + ["observed: " + trace for trace in result.observed]
        + (["listed: " + result.listed] if result.listed else [])
        + ["log: " + result.log, "again: " + result.repro])
    if result.verdict in (SKIP, XFAIL) and not result.unexpected:
        return [head + ">", '      <skipped message="%s"/>' % _xml(
            ("known deviation: " + result.deviation) if result.verdict == XFAIL
            else result.reason), "    </testcase>"]
    if result.verdict == PASS:
        return [head + "/>"]
    tag = "failure" if result.verdict in (FAIL, XPASS, FLAKY, SKIP) else "error"
    return [head + ">", '      <%s type="%s" message="%s">%s</%s>' % (
        tag, result.verdict, _xml(result.reason), _xml(body), tag), "    </testcase>"]


def junit(records: List[Record]) -> str:
    """JUnit XML, with a testsuite for each suite on each platform."""
    groups: Dict[str, List[Result]] = {}
    for result in results(records):
        groups.setdefault("%s.%s" % (result.platform, result.case.split("/")[0]), []).append(result)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>"]
    for name, members in groups.items():
        bodies = [_junit_case(result) for result in members]
        text = ["\n".join(body) for body in bodies]
        lines.append('  <testsuite name="%s" tests="%d" failures="%d" errors="%d" skipped="%d" '
                     'time="%.3f">' % (_xml(name), len(members),
                                       sum("<failure " in t for t in text),
                                       sum("<error " in t for t in text),
                                       sum("<skipped " in t for t in text),
                                       sum(result.seconds for result in members)))
        lines += text + ["  </testsuite>"]
    return "\n".join(lines + ["</testsuites>"]) + "\n"


def lava(records: List[Record]) -> str:
    """LAVA's test case signals, which a LAVA job prints on its console."""
    lines = []
    for result in results(records):
        outcome = "pass"
        if result.unexpected:
            outcome = "fail"
        elif result.verdict in (SKIP, XFAIL):
            outcome = "skip"
        lines.append("<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=%s/%s RESULT=%s>"
                     % (result.platform, result.case, outcome))
    return "\n".join(lines) + "\n"


FORMATS: Dict[str, Callable[[List[Record]], str]] = {
    "tap": tap, "ktap": ktap, "junit": junit, "lava": lava}
