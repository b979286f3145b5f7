# SPDX-License-Identifier: BSD-2-Clause
"""Compares two runs, or two platforms of one run. Pure functions.

A baseline is the records of a run, so any --jsonl file is a baseline.
"""
from itertools import zip_longest
from typing import Collection, Dict, List, Sequence, Tuple

from ..judge.trace import parse
from ..model import PASS, SKIP, XFAIL, Result
from ..text import clean_text, columns, plural

#: A case is slower when it took this much longer, and at least MIN_SECONDS longer.
FACTOR, MIN_SECONDS = 2.0, 0.5
Classes = Dict[str, List[str]]


def _good(result: Result) -> bool:
    return result.verdict in (PASS, XFAIL)


def classify(old: Sequence[Result], new: Sequence[Result], ran_all: bool = True,
             asked: Collection[str] = ()) -> Classes:
    """What changed from old to new, as lines in each class. Results that the new run was told to
    leave out do not count as vanished: ran_all is false if it ran a selection of the cases, and
    asked names the platforms if it ran a selection of them."""
    before = {(r.platform, r.case): r for r in old}
    after = {(r.platform, r.case): r for r in new}
    classes: Classes = {name: [] for name in
                        ("new-fail", "fixed", "new-skip", "vanished", "appeared", "slower")}
    for key, now in after.items():
        name = "%s %s" % key
        was = before.get(key)
        if was is None:
            classes["appeared"].append("%s: %s" % (name, now.verdict))
            continue
        change = "%s: was %s, is %s" % (name, was.verdict, now.verdict)
        if now.verdict == SKIP and was.verdict != SKIP:
            classes["new-skip"].append("%s (%s)" % (change, clean_text(now.reason)))
        elif not _good(now) and now.verdict != SKIP and (_good(was) or was.verdict == SKIP):
            classes["new-fail"].append("%s (%s)" % (change, clean_text(now.reason)))
        elif was.verdict == PASS and now.verdict == XFAIL:
            classes["new-fail"].append("%s (now listed as a deviation)" % change)
        elif (now.verdict == PASS and was.verdict not in (PASS, SKIP)) or \
                (_good(now) and not _good(was) and was.verdict != SKIP):
            classes["fixed"].append(change)
        if now.seconds > was.seconds * FACTOR and now.seconds - was.seconds > MIN_SECONDS:
            classes["slower"].append("%s: was %.2f s, is %.2f s" % (name, was.seconds, now.seconds))
    for key, was in before.items():
        if key not in after and ran_all and (not asked or key[0] in asked):
            classes["vanished"].append("%s %s: was %s" % (key + (was.verdict,)))
    return classes


def baseline_lines(classes: Classes) -> List[str]:
    """The comparison as lines for people."""
    lines = ["", "Against the baseline: " + ", ".join(
        "%d %s" % (len(members), name) for name, members in classes.items() if members)
        if any(classes.values()) else "Against the baseline: no change"]
    for name, members in classes.items():
        lines += ["  %-8s %s" % (name, member) for member in members]
    return lines


def differing(found: Sequence[Result], first: str, second: str) -> Tuple[List[str], int]:
    """The cases whose traces differ between two platforms, side by side, and how many."""
    sides = [{r.case: r for r in found if r.platform == name} for name in (first, second)]
    lines: List[str] = []
    count = same = 0
    for case, left in sides[0].items():
        right = sides[1].get(case)
        if right is None:
            continue
        if left.observed == right.observed:
            same += 1
            continue
        count += 1
        heads = ("%s: %s" % (first, left.verdict), "%s: %s" % (second, right.verdict))
        lines += ["", case + ("  " + clean_text(left.sentence) if left.sentence else "")]
        lines += columns([(a, b, a != b) for a, b in zip_longest(
            _events(left), _events(right), fillvalue="")], heads)
    alone = set(sides[0]) ^ set(sides[1])
    lines += ["", "Traces of %s and %s: %d differ, %d are the same%s" % (
        first, second, count, same,
        ", %s ran on one of them only" % plural(len(alone), "case") if alone else "")]
    return lines, count


def _events(result: Result) -> List[str]:
    """The observed trace, one row for each event; several traces (a sweep), one row for each trace."""
    if len(result.observed) == 1:
        return [event.text for event in parse(result.observed[0])] or ["nothing"]
    return list(result.observed) or ["(%s: %s)" % (result.verdict, result.reason or "no trace")]
