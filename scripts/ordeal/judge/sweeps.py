# SPDX-License-Identifier: BSD-2-Clause
"""What a log says about a sweep: its window, and for each order how often and where it was met, and
its first sample.

These are pure functions from the text of SWEEP, HIST and SAMPLE lines (docs/results.md, section 1)
to plain data, which is the field `sweep` of a result line. A malformed text is a ValueError.
"""
import re
from typing import Any, Dict, List, Tuple

Sweep = Dict[str, Any]
_SWEEP = re.compile(r"(\d{1,10})-(\d{1,10}) unit=([\w-]{1,20}) step=(\d{1,10}) repeat=(\d{1,10})"
                    r" samples=(\d{1,10}) searched=(\d{1,10})(?: incomplete: (.+))?")
_HIST = re.compile(r"(\d{1,10}) (?:ticks=(\S+) )?(.+)")
_SAMPLE = re.compile(r"(\d{1,10}) (.+)")
_TICKS = re.compile(r"~?\d{1,10}(?:-\d{1,10})?(?:,\d{1,10}(?:-\d{1,10})?)*")


def parse_sweep(text: str) -> Sweep:
    """The fields of a SWEEP line: from, to, unit, step, repeat, samples, searched and incomplete (why
    the sweep is incomplete, or '')."""
    found = _SWEEP.fullmatch(text)
    if not found or int(found.group(2)) < int(found.group(1)):
        raise ValueError("SWEEP without window, unit and counts")
    keys = ("from", "to", "unit", "step", "repeat", "samples", "searched", "incomplete")
    return {key: value if key == "unit" else value or "" if key == "incomplete" else int(value)
            for key, value in zip(keys, found.groups())}


def parse_hist(text: str) -> Tuple[int, str, str]:
    """The fields of a HIST line: count, ticks ('' if the line gives none), trace."""
    found = _HIST.fullmatch(text)
    if not found:
        raise ValueError("HIST without a count")
    count, ticks, trace = found.groups()
    if ticks is not None and not _TICKS.fullmatch(ticks):
        raise ValueError("HIST with bad ticks")
    return int(count), ticks or "", trace


def parse_sample(text: str) -> Tuple[int, str]:
    """The fields of a SAMPLE line: tick, trace."""
    found = _SAMPLE.fullmatch(text)
    if not found:
        raise ValueError("SAMPLE without a tick")
    return int(found.group(1)), found.group(2)


def ranges(ticks: str) -> List[Tuple[int, int]]:
    """[(1, 90), (93, 93)] for '1-90,93'. '~1-90', ticks that other orders share, is a range as well."""
    found = []
    for part in ticks.lstrip("~").split(",") if ticks else []:
        first, _, last = part.partition("-")
        found.append((int(first), int(last or first)))
    return found


def first_in(sweep: Sweep, ticks: str) -> str:
    """The full trace of the first sample within these ticks; '' if the log has none."""
    spans = ranges(ticks)
    return next((trace for tick, trace in sweep.get("first", ())
                 if any(first <= tick <= last for first, last in spans)), "")
