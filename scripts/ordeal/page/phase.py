# SPDX-License-Identifier: BSD-2-Clause
"""Draws a sweep as a phase diagram: the arrival moves to the right, and each legal order is a band.

Bands stand in the order in which the case lists them, which is the order of arrival. The axis shows
the timer's ticks, stretched where the order changes: the width of a stretch within one order grows
with the square root of its ticks, so that an order that was met at only one tick can be seen. Under
the axis stand the tick at which each order begins, and the instruction before which the event came
at that tick. A dashed line marks where the order of the events flips. Legal orders that were not
met keep an empty band.
"""
import math
from typing import Dict, List, Optional, Sequence, Tuple

from ..judge.sweeps import Sweep, first_in, ranges
from ..judge.trace import Kind, parse
from ..report.timeline import Band, bands, flips, order_of
from .lanes import css_of
from .svg import Drawing, text_width, wrap

LEFT, RIGHT, HEAD, ROW, FOOT, PLOT, LABEL, LEAST, CHARS = 14, 14, 34, 42, 34, 452, 16, 14, 60
Span = Tuple[int, int]


def _place(trace: str) -> str:
    """The place of the arriving event, which is the first event that is neither an exception nor an
    act of the hypervisor."""
    return next((event.place for event in parse(trace)
                 if not event.in_root and event.kind is not Kind.EXCEPTION), "")


def label(trace: str) -> Tuple[str, str]:
    """The two labels of a band, such as ('IRQ(0x60), then #GP(0x0)', 'lands: before RDMSR')."""
    where = _place(trace)
    return ", then ".join(order_of(trace)) or "nothing", "lands: " + where if where else ""


def _spans(rows: Sequence[Band], ticks: Dict[str, str]) -> List[List[Span]]:
    """The ticks of every band as (first, last + 1). Without ticks the bands follow each other."""
    found: List[List[Span]] = []
    so_far = 0
    for count, trace in rows:
        own = [(first, last + 1) for first, last in ranges(ticks.get(trace, ""))]
        if not ticks and count:
            own = [(so_far, so_far + count)]
            so_far += count
        found.append(own)
    return found


def _scale(spans: Sequence[Sequence[Span]]) -> Dict[int, int]:
    """x for every tick at which a stretch begins or ends."""
    ticks = sorted({tick for own in spans for span in own for tick in span})
    roots = [math.isqrt((b - a) * 10000) for a, b in zip(ticks, ticks[1:])]
    least = min(LEAST, PLOT // max(1, 2 * len(roots)))
    spare, total = PLOT - least * len(roots), max(1, sum(roots))
    scale, so_far = {ticks[0]: LEFT} if ticks else {}, 0
    for index, root in enumerate(roots):
        so_far += root
        scale[ticks[index + 1]] = LEFT + (index + 1) * least + spare * so_far // total
    return scale


def _starts(rows: Sequence[Band], spans: Sequence[Sequence[Span]], sweep: Sweep,
            ticks: Dict[str, str]) -> List[Tuple[int, str]]:
    """(tick, '93 RDMSR') for each order that was met: the tick at which it begins, and the label with
    the instruction before which the event came."""
    found = []
    for (_, trace), own in zip(rows, spans):
        if own:
            where, first = _place(trace), first_in(sweep, ticks.get(trace, ""))
            if first and not where.startswith("root"):
                where = _place(first) or "later"
            found.append((own[0][0], "%d %s" % (own[0][0], where)))
    return found


def _labels(picture: Drawing, starts: Sequence[Tuple[int, str]], scale: Dict[int, int],
            top: int) -> None:
    """Draw the labels under the axis, each in the first line with room for it; a thin line leads up
    to its tick."""
    ends: List[int] = []
    texts = []
    for tick, text in starts:
        text = text if len(text) <= 30 else text[:27] + "..."
        x = min(scale[tick], LEFT + PLOT - text_width(text))
        line = next((i for i, end in enumerate(ends) if end + 8 <= x), len(ends))
        ends[line:line + 1] = [x + text_width(text)]
        picture.line("lead", scale[tick], top, scale[tick], top + 4 + LABEL * line)
        texts.append((x, top + 15 + LABEL * line, text))
    for x, y, text in texts:
        picture.text("tick", x, y, text)


def _lines(starts: Sequence[Tuple[int, str]], scale: Dict[int, int]) -> int:
    """The number of lines that these labels take."""
    scratch = Drawing(0, 0, [])
    _labels(scratch, starts, scale, 0)
    return max([(shape[1]["y"] - 15) // LABEL + 1
                for shape in scratch.shapes if shape[0] == "text"] + [0])


def _footer(sweep: Sweep, total: int) -> List[str]:
    """The lines below the axis: what the axis shows, and whether the sweep is incomplete."""
    text = "the interrupt arrives ever later: %d samples" % total
    if "from" not in sweep:
        return [text]
    text += ", %ss %d-%d" % (sweep["unit"], sweep["from"], sweep["to"])
    if sweep["step"] > 1:
        text += ", one in %d" % sweep["step"]
    if sweep["repeat"] > 1:
        text += ", %d times" % sweep["repeat"]
    return wrap(text, CHARS) + (wrap("INCOMPLETE: " + sweep["incomplete"], CHARS)
                                if sweep["incomplete"] else [])


def phase(histogram: Sequence[Tuple[int, str]], expected: Sequence[str], passed: bool,
          sweep: Optional[Sweep] = None) -> Drawing:
    """The picture of one sweep."""
    sweep = sweep or {}
    rows = bands(histogram, expected)
    ticks = {trace: text for (_, trace), text in zip(histogram, sweep.get("ticks", ())) if text}
    spans = _spans(rows, ticks)
    scale = _scale(spans)
    starts = _starts(rows, spans, sweep, ticks) if ticks else []
    total = sum(count for count, _ in rows)
    footer = _footer(sweep, total)
    words = footer[:1]
    for count, trace in rows:
        words += [" %d%s: " % (count, " (%s)" % ticks[trace] if trace in ticks else ""), trace, "."]
    words += [" " + text for text in footer[1:]]
    bottom = HEAD + ROW * len(rows) + 4
    foot = bottom + (4 + LABEL * _lines(starts, scale) if starts else 0)
    picture = Drawing(LEFT + PLOT + RIGHT, foot + FOOT - 4 + LABEL * (len(footer) - 1), words)
    picture.line("axis", LEFT, bottom, LEFT + PLOT - 8, bottom)
    picture.add("path", "axis-head", d="M%d %dl-9 -4l0 8z" % (LEFT + PLOT, bottom))
    for number, text in enumerate(footer):
        picture.text("where" if not text.startswith("INCOMPLETE") else "where incomplete", LEFT,
                     foot + 19 + LABEL * number, text)
    for at in flips(rows):
        if spans[at]:
            x = scale[spans[at][0][0]]
            picture.line("flip", x, 22, x, bottom)
            name = "the order flips here"
            picture.text("flip-name", min(x + 6, LEFT + PLOT - text_width(name)), 20, name)
    for index, (count, trace) in enumerate(rows):
        first = parse(trace)[:1]
        css = "illegal" if not passed and trace not in expected else css_of(first[0]) if first else "irq"
        _band(picture, HEAD + ROW * index, [(scale[a], scale[b]) for a, b in spans[index]], count,
              trace, css + (" mixed" if ticks.get(trace, "").startswith("~") else ""))
    _labels(picture, starts, scale, bottom)
    return picture


def _band(picture: Drawing, y: int, bars: Sequence[Span], count: int, trace: str, css: str) -> None:
    """Draw one order: its name, a track, its bars, and the count to the right of the bars, or to the
    left if there is no room."""
    order, where = label(trace)
    if len(order) > 34:
        order = order[:31] + "..."
    width = text_width(order)
    picture.text("band-name " + ("none" if not count else css), LEFT, y + 12, order)
    picture.text("where lands", LEFT + width + 12, y + 12, where[:max(0, CHARS - len(order))])
    picture.add("rect", "track", x=LEFT, y=y + 19, width=PLOT, height=14, rx=3)
    for left, right in bars:
        picture.add("rect", "band " + css, x=left, y=y + 19, width=right - left, height=14, rx=2)
    number = str(count) if count else "not met"
    x = bars[-1][1] + 6 if bars else LEFT + 6
    if bars and x + text_width(number) > LEFT + PLOT - 2:
        x = bars[0][0] - 6 - text_width(number)
    if x < LEFT:
        x = LEFT + 6
    picture.text("count" + ("" if count else " none"), x, y + 30, number)
