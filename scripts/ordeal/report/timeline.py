# SPDX-License-Identifier: BSD-2-Clause
"""Draws a case as a timeline: deliveries to the guest, acts of the hypervisor, and the native twin.

Time runs downwards, with one line for an event. Exits point from the guest to the hypervisor,
entries point back. Each delivery of the twin stands beside one of the guest: a guest must see what
bare hardware would have shown it, so the two columns read alike. Pure functions from traces to
lines.
"""
from typing import Dict, Iterable, List, Optional, Sequence, Tuple

from ..judge.trace import Kind, parse
from ..model import PASS, Result

GUEST, ROOT = "guest", "hypervisor"
_GAP = "   "
#: One order of a sweep: how many samples had it, and its trace.
Band = Tuple[int, str]
_BAR = 24


def rows(trace: str, twin: Optional[str]) -> List[Tuple[str, str, str]]:
    """The rows of cells (guest, hypervisor, twin), top to bottom; surplus events of the twin come
    last."""
    left = [event.text for event in parse(twin or "")]
    table = []
    for event in parse(trace):
        if event.kind is Kind.EXIT:
            table.append((event.where + " -->", event.name, ""))
        elif event.kind is Kind.ENTRY:
            table.append(("<--", event.name, ""))
        else:
            table.append((event.text, "", left.pop(0) if left else ""))
    return table + [("", "", text) for text in left]


def draw(trace: str, twin_name: str = "", twin: Optional[str] = None) -> List[str]:
    """The timeline as lines without indentation. twin is None if the twin is not in this run."""
    table = rows(trace, twin)
    with_root = any(cell for _, cell, _ in table)
    heads = [GUEST if with_root else "events"]
    picks = [0]
    if with_root:
        heads.append(ROOT)
        picks.append(1)
    if twin_name and twin is not None:
        heads.append("native twin: " + twin_name)
        picks.append(2)
    cells = [heads] + [[row[i] for i in picks] for row in table]
    lines = _align(cells)
    lines.insert(1, "-" * len(lines[0]))
    if twin_name and twin is None:
        lines.append("(native twin %s: not in this run)" % twin_name)
    return lines


def _align(cells: List[List[str]]) -> List[str]:
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    return [_GAP.join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
            for row in cells]


def of_case(result: Result, results: Iterable[Result]) -> List[str]:
    """The timeline of a result beside that of its twin among `results`; for a sweep its histogram."""
    if result.histogram:
        return histogram(bands(result.histogram, result.expected), window(result),
                         {trace: ticks for (_, trace), ticks in
                          zip(result.histogram, result.sweep.get("ticks", ()))})
    if not result.observed:
        return []
    if not result.twin:
        return draw(result.observed[0])
    twin = find_twin(result, results)
    return draw(result.observed[0], twin_name(twin) if twin else result.twin,
                twin_trace(twin) if twin else None)


def window(result: Result) -> str:
    """'ticks 92-245, every one: 154 samples', and INCOMPLETE if the sweep is; '' without a window."""
    sweep = result.sweep
    if "from" not in sweep:
        return ""
    every = "every one" if sweep["step"] == 1 else "one in %d" % sweep["step"]
    if sweep["repeat"] > 1:
        every += ", %d times" % sweep["repeat"]
    text = "%ss %d-%d, %s: %d samples" % (sweep["unit"], sweep["from"], sweep["to"], every,
                                         sweep["samples"])
    return text + ("; INCOMPLETE: " + sweep["incomplete"] if sweep["incomplete"] else "")


def bands(histogram: Sequence[Tuple[int, str]], expected: Sequence[str]) -> List[Band]:
    """The bands in order of arrival: the legal orders as listed, then any others that were seen."""
    counts = {trace: count for count, trace in histogram}
    listed = [(counts.pop(trace, 0), trace) for trace in expected]
    return listed + [(count, trace) for trace, count in counts.items()]


def order_of(trace: str) -> List[str]:
    """The names of a trace's events, without their places."""
    return [event.name for event in parse(trace)]


def flips(rows: Sequence[Band]) -> List[int]:
    """The indices of the bands at which the order changes, among the bands that were met."""
    met = [i for i, (count, _) in enumerate(rows) if count]
    return [b for a, b in zip(met, met[1:]) if order_of(rows[a][1]) != order_of(rows[b][1])]


def histogram(rows: Sequence[Band], title: str = "",
              ticks: Optional[Dict[str, str]] = None) -> List[str]:
    """A line for each order: its count, a bar (at least one # if the order was met), its ticks, the
    order. A line between two of them says where the order of the events flips."""
    spans = [(ticks or {}).get(trace, "") for _, trace in rows]
    column = max([len(span) for span in spans] + [0])
    most = max([count for count, _ in rows] + [1])
    width = len(str(most))
    lines = [title] if title else []
    turns = flips(rows)
    for index, (count, trace) in enumerate(rows):
        if index in turns:
            lines.append("%s %s" % ("-" * (width + 1 + _BAR + (column + 1 if column else 0)),
                                    "the order flips"))
        bar = "#" * max(1 if count else 0, count * _BAR // most)
        span = "%-*s " % (column, spans[index]) if column else ""
        lines.append("%*d %-*s %s%s" % (width, count, _BAR, bar, span, trace))
    return lines


def find_twin(result: Result, results: Iterable[Result]) -> Optional[Result]:
    """The result of a case's native twin on the same platform, if it is among `results`."""
    return next((other for other in results if result.twin and other.platform == result.platform and
                 result.twin in (other.case, other.case.partition("/")[2])), None)


def twin_name(twin: Result) -> str:
    """The twin's id, and its verdict if it did not pass."""
    return twin.case + ("" if twin.verdict == PASS else " (%s)" % twin.verdict)


def twin_trace(twin: Result) -> Optional[str]:
    """The trace that the twin recorded; None if it is a sweep, or recorded nothing."""
    return None if twin.histogram or not twin.observed else twin.observed[0]
