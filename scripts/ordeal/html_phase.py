# SPDX-License-Identifier: BSD-2-Clause
"""A sweep as a phase diagram: the arrival moves to the right, each legal order is a band.

Bands stand in the order in which the case lists them, which is the order of arrival. Widths go by
the square root of the count, so that an order that was seen once can still be seen. A dashed line
stands where the order of the events flips. Orders that are legal but were not met keep an empty band.
"""
import math
from typing import List, Sequence, Tuple

from .html_lanes import kind
from .html_svg import Drawing, text_width
from .timeline import Band, bands, events, flips, order_of, split_event

LEFT, RIGHT, HEAD, ROW, FOOT, PLOT = 14, 14, 34, 42, 34, 452


def label(trace: str) -> Tuple[str, str]:
    """('IRQ(0x60), then #GP(0x0)', 'lands: before RDMSR')."""
    names = order_of(trace)
    moved = next((event for event in events(trace) if not event.startswith("#")), "")
    where = split_event(moved)[1].partition("[")[0]
    return ", then ".join(names) or "nothing", "lands: " + where if where else ""


def _edges(rows: Sequence[Band]) -> List[int]:
    """x of the beginning of every band, and of the end of the last; a band is never under 6 px."""
    roots = [math.isqrt(count * 10000) for count, _ in rows]
    total, least = max(1, sum(roots)), 6
    spare = PLOT - least * sum(1 for root in roots if root)
    edges = [LEFT]
    so_far = seen = 0
    for root in roots:
        so_far, seen = so_far + root, seen + (1 if root else 0)
        edges.append(LEFT + seen * least + spare * so_far // total)
    return edges


def _css(trace: str, legal: bool) -> str:
    """Coloured by what comes first."""
    return kind(trace) if legal else "illegal"


def phase(histogram: Sequence[Tuple[int, str]], expected: Sequence[str], passed: bool) -> Drawing:
    """The picture of one sweep."""
    rows = bands(histogram, expected)
    total = sum(count for count, _ in rows)
    words = "%d samples. " % total + " ".join("%d: %s." % row for row in rows)
    picture = Drawing(LEFT + PLOT + RIGHT, HEAD + ROW * len(rows) + FOOT, words)
    edges = _edges(rows)
    bottom = HEAD + ROW * len(rows) + 4
    picture.line("axis", LEFT, bottom, LEFT + PLOT - 8, bottom)
    picture.add("path", "axis-head", d="M%d %dl-9 -4l0 8z" % (LEFT + PLOT, bottom))
    picture.text("where", LEFT, bottom + 19, "the interrupt arrives ever later: %d samples" % total)
    for at in flips(rows):
        picture.line("flip", edges[at], 22, edges[at], bottom)
        text = "the order flips here"
        x = min(edges[at] + 6, LEFT + PLOT - text_width(text))
        picture.text("flip-name", x, 20, text)
    for index, (count, trace) in enumerate(rows):
        _band(picture, HEAD + ROW * index, edges[index:index + 2], count, trace,
              _css(trace, passed or trace in expected))
    return picture


def _band(picture: Drawing, y: int, edge: List[int], count: int, trace: str, css: str) -> None:
    """One order: its name, a track, the bar, the count behind it (or before it, at the right end)."""
    order, where = label(trace)
    if len(order) > 34:
        order = order[:31] + "..."
    width = text_width(order)
    picture.text("band-name " + ("none" if not count else css), LEFT, y + 12, order)
    picture.text("where lands", LEFT + width + 12, y + 12, where[:max(0, 60 - len(order))])
    picture.add("rect", "track", x=LEFT, y=y + 19, width=PLOT, height=14, rx=3)
    if count:
        picture.add("rect", "band " + css, x=edge[0], y=y + 19, width=edge[1] - edge[0], height=14,
                    rx=2)
    number = str(count) if count else "not met"
    x = edge[1] + 6 if count else LEFT + 6
    if x + text_width(number) > LEFT + PLOT - 2:
        x = edge[0] - 6 - text_width(number)
    if x < LEFT:
        x = LEFT + 6
    picture.text("count" + ("" if count else " none"), x, y + 30, number)
