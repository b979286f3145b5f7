# SPDX-License-Identifier: BSD-2-Clause
"""One case as a timeline: what the guest took, what the hypervisor did, and the native twin beside.

Time runs downwards, one line for an event. Exits point from the guest to the hypervisor, entries
back. The twin's deliveries stand on the lines of the guest's own: a guest must see what bare hardware
would have shown it, so the two columns read alike. Pure functions from traces to lines.
"""
from typing import Iterable, List, Optional, Tuple

from .model import Result

GUEST, ROOT = "guest", "hypervisor"
_GAP = "   "


def events(trace: str) -> List[str]:
    """The events of a trace of the log's grammar; none for `nothing`."""
    return [] if trace in ("", "nothing") else trace.split("; ")


def split_event(event: str) -> Tuple[str, str]:
    """('IRQ(0x60)', 'RDMSR[if=1]') for IRQ(0x60)@RDMSR[if=1]."""
    what, _, where = event.partition("@")
    return what, where


def is_root(event: str) -> bool:
    """Did the hypervisor do it, and not the guest take it?"""
    return event.startswith(("EXIT(", "ENTRY"))


def rows(trace: str, twin: Optional[str]) -> List[Tuple[str, str, str]]:
    """(guest, hypervisor, twin) cells, top to bottom; what twin has more of comes last."""
    left = events(twin or "")
    table = []
    for event in events(trace):
        what, where = split_event(event)
        if event.startswith("EXIT("):
            table.append((where + " -->", what, ""))
        elif event.startswith("ENTRY"):
            table.append(("<--", what, ""))
        else:
            table.append((event, "", left.pop(0) if left else ""))
    return table + [("", "", event) for event in left]


def draw(trace: str, twin_name: str = "", twin: Optional[str] = None) -> List[str]:
    """The timeline as lines without indentation. twin None: it is not in this run."""
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
    """The timeline of a result, beside that of its twin among `results`; none for a sweep."""
    if not result.observed or result.histogram:
        return []
    if not result.twin:
        return draw(result.observed[0])
    name, twin = find_twin(result.twin, result.platform, results)
    return draw(result.observed[0], name, twin)


def find_twin(twin: str, platform: str,
              results: Iterable[Result]) -> Tuple[str, Optional[str]]:
    """The id and the trace of the case named `twin` on the same platform; its verdict if it failed."""
    for result in results:
        if result.platform == platform and result.case.partition("/")[2] == twin:
            if result.histogram or not result.observed:
                return result.case, None
            mark = "" if result.verdict == "PASS" else " (%s)" % result.verdict
            return result.case + mark, result.observed[0]
    return twin, None
