# SPDX-License-Identifier: BSD-2-Clause
"""The report for people: failures first, each with both traces and the command that repeats it.

These are pure functions from records to lines. Skips and known deviations are grouped by reason and
always counted, so that everything that did not pass is mentioned.
"""
from typing import Any, Dict, List, Optional, Sequence

from ..judge.trace import Event, closest, first_difference, rows
from ..model import PASS, SKIP, XFAIL, Result, worst
from ..text import clean_text, columns, plural
from . import listed
from .formats import blank, results

_WORDS = {"PASS": "passed", "FAIL": "failed", "SKIP": "skipped", "XFAIL": "as listed",
          "XPASS": "passed unexpectedly", "ERROR": "in error", "CRASH": "crashed",
          "TIMEOUT": "timed out", "NOTRUN": "not run", "FLAKY": "flaky"}


def counts(found: Sequence[Result]) -> str:
    """'3 passed, 1 failed'."""
    verdicts = [result.verdict for result in found]
    return ", ".join("%d %s" % (verdicts.count(v), word) for v, word in _WORDS.items()
                     if v in verdicts) or "nothing ran"


def unit_line(label: str, found: Sequence[Result]) -> str:
    """One line for a suite on a platform, in the format of kvm-unit-tests."""
    unexpected = [result for result in found if result.unexpected]
    verdict = worst([result.verdict for result in unexpected or found])
    if verdict in (SKIP, XFAIL) and any(result.verdict == PASS for result in found):
        verdict = PASS
    return "%s %s (%s)" % (verdict, label, counts(found))


def case_line(result: Result) -> str:
    """The line that -v prints for a case."""
    why = result.deviation if result.verdict == XFAIL else result.reason
    return "  %-7s %s%s" % (result.verdict, result.case,
                            "  (%s)" % clean_text(why) if why else "")


def known_lines(result: Result) -> List[str]:
    """What -v prints of a known deviation: what was wanted, what is known, what was seen."""
    return listed.columns(result) if result.verdict == XFAIL and result.pattern else []


def _text(event: Optional[Event]) -> str:
    return event.text if event else ""


def failure(result: Result) -> List[str]:
    """Everything a person needs to know about one case that went wrong."""
    head = "%s %s %s" % (result.verdict, result.platform, result.case)
    lines = [head + (" (%s)" % result.row if result.row.strip("-") else "")]
    for text in (result.sentence, result.citation):
        if text:
            lines.append("    " + clean_text(text))
    if result.reason:
        lines.append("    reason: " + clean_text(result.reason))
    if result.listed:
        lines += listed.columns(result) + ["    listed: " + clean_text(result.listed)]
    elif result.expected or result.observed:
        seen = result.observed[0] if result.observed else ""
        want = closest(result.expected, seen)
        lines += columns([(_text(row.wanted), _text(row.seen), bool(row.differs))
                          for row in rows(want, seen)], ("expected", "seen"))
        if want and seen and not result.sweep and first_difference(want, seen):
            lines.append("    first difference: " + first_difference(want, seen))
        if len(result.expected) > 1:
            lines.append("    (%d orders are legal; the closest is shown)" % len(result.expected))
        for trace in result.observed[1:]:
            lines.append("    also seen: " + trace)
    for count, trace in result.histogram:
        lines.append("    %7d x %s" % (count, trace))
    if result.sweep.get("incomplete"):
        lines.append("    the sweep is incomplete: " + clean_text(result.sweep["incomplete"]))
    lines += ["    note: " + note for note in result.notes if " | " not in note]
    if result.deviation:
        lines.append("    listed: " + result.deviation)
    if result.log:
        lines.append("    log:    " + result.log)
    if result.repro:
        lines.append("    again:  " + result.repro)
    return lines


def _grouped(title: str, found: Sequence[Result], key: str) -> List[str]:
    groups: Dict[str, List[Result]] = {}
    for result in found:
        groups.setdefault("%s: %s" % (result.platform, getattr(result, key)), []).append(result)
    lines = ["", title] if groups else []
    for reason, members in groups.items():
        names = [member.case for member in members]
        shown = " ".join(names[:4]) + (" ..." if len(names) > 4 else "")
        lines += ["  %s" % clean_text(reason), "    %s: %s" % (plural(len(names), "case"), shown)]
    return lines


def _blank_line(excused: Sequence[Result]) -> List[str]:
    names = list(dict.fromkeys(result.deviation.partition(": ")[0] for result in excused))
    return ["", "%s excused by blank entries, which do not say what is seen: %s" % (
        plural(len(excused), "result") + (" was" if len(excused) == 1 else " were"),
        " ".join(names))] if excused else []


def _migrations(found: Sequence[Result]) -> List[str]:
    """How often virtual machines were migrated, and what was true of their CPU then."""
    lines: List[str] = []
    for platform in dict.fromkeys(result.platform for result in found if result.migration):
        from ..judge import moves
        text = moves.told(moves.total(r.migration for r in found if r.platform == platform))
        lines += ["", "Migrations, %s:" % platform] + ["  " + line for line in text]
    return lines


def summary(records: List[Dict[str, Any]]) -> List[str]:
    """The lines that end the run, failures first."""
    found = results(records)
    lines: List[str] = []
    for result in found:
        if result.unexpected:
            lines += [""] + failure(result)
    lines += _grouped("Known deviations:", [r for r in found if r.verdict == XFAIL], "deviation")
    lines += _grouped("Skipped:", [r for r in found if r.verdict == SKIP and not r.unexpected],
                      "reason")
    lines += _migrations(found)
    if any(result.block for result in found):
        from .worlds import told
        lines += told(records, found)
    end: Dict[str, Any] = next((r for r in reversed(records) if r["type"] == "summary"), {})
    if end.get("complaints"):
        lines += ["", "To look at:"] + ["  " + c for c in end["complaints"]]
    lines += _blank_line(blank(found))
    bad = sum(result.unexpected for result in found)
    lines += ["", "%s: %s; %d unexpected; %.1f s" % (plural(len(found), "case"), counts(found), bad,
                                                   end.get("seconds", 0.0))]
    if found and not any(result.verdict == PASS for result in found):
        lines.append("Nothing passed in this run.")
    if end.get("interrupted"):
        lines.append("The run was interrupted.")
    # Nearly always all of it is clean, and one look at all of it is quick.
    return lines if "".join(lines).isprintable() else [clean_text(line) for line in lines]
