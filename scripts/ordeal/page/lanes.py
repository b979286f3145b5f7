# SPDX-License-Identifier: BSD-2-Clause
"""Draws a case as lanes of guest and hypervisor: the expected trace beside the one that was seen, if
they differ, and the native twin beside them.

Time runs downwards, with one row for an event. Corresponding events stand in one row: the n-th
event of the expected trace and of the one that was seen, the n-th delivery of the guest and of its
native twin. Circles are interrupts, squares exceptions, diamonds arrivals; the thick part of a lane
shows where the processor is.
"""
from typing import List, Optional, Tuple

from ..judge.trace import Event, Kind, parse, rows
from ..record import dataclass, field
from .svg import LINE, Drawing, text_width, wrap

HEAD, FOOT, INDENT, GAP, MARGIN = 44, 14, 16, 26, 14
#: The least width of a guest's lane, so that the arrow of an exit has a visible length.
MIN_GUEST = 110


@dataclass
class Group:
    """One trace: its title, its events, the row of each, and its lanes."""
    title: str
    trace: List[Event]
    rows: List[int] = field(default_factory=list)
    guest_name: str = "guest"
    root: bool = False
    x: int = 0
    root_x: int = 0


def place_lines(event: Event) -> List[str]:
    """'RIP = GP_ENTRY', 'IF=1 RF=0': lines for the place and the details of an event, if it has any."""
    lines = wrap("RIP = " + event.place) if event.place else []
    flags = " ".join("%s=%s" % (key.upper(), value) for key, value in event.details.items())
    return lines + (wrap(flags) if flags else [])


def title_lines(event: Event) -> List[str]:
    """The event's name, in the words of the picture."""
    if event.kind is Kind.EXIT:
        return wrap("exit: " + event.name[len("EXIT("):-1])
    if event.kind is Kind.ENTRY:
        return ["enter, injecting"] + wrap(event.rest) if event.rest else ["enter"]
    return wrap(event.name)


def css_of(event: Event) -> str:
    """The CSS class of an event: irq (interrupts of all sorts), exc, or root."""
    return "root" if event.in_root else "exc" if event.kind is Kind.EXCEPTION else "irq"


def _groups(seen: List[Event], want: Optional[List[Event]], known: Optional[List[Event]],
            twin: Optional[List[Event]], arrives: Optional[int]) -> Tuple[List[Group], int]:
    """The groups from left to right with their rows, and how many rows there are."""
    def row(index: int) -> int:
        return index + (1 if arrives is not None and index >= arrives else 0)
    groups = [Group("expected", want)] if want is not None else []
    groups += [Group("known deviation", known)] if known is not None else []
    groups.append(Group("seen" if want is not None else "", seen))
    for group in groups:
        group.rows = [row(i) for i in range(len(group.trace))]
        group.root = any(event.in_root for event in group.trace)
    count = max([row(len(group.trace) - 1) + 1 for group in groups if group.trace]
                + [arrives + 1 if arrives is not None else 0])
    if twin is not None:
        first = groups[0]
        free = [r for r, event in zip(first.rows, first.trace) if not event.in_root]
        extra = max(0, len(twin) - len(free))
        groups.append(Group("", twin, free[:len(twin)] + list(range(count, count + extra)),
                            "native twin"))
        count += extra
    if not any(group.root for group in groups) and twin is None:
        for group in groups:
            group.guest_name = "processor"
    return groups, count


def _width(lines: List[str]) -> int:
    return INDENT + max([text_width(line) for line in lines] or [0])


def _place(groups: List[Group], arrives: Optional[int], note: List[str], in_root: bool) -> int:
    """Set x of every lane; returns the width of the picture."""
    x = MARGIN + (14 if arrives is not None else 0)
    for index, group in enumerate(groups):
        mine = arrives is not None and index == 0
        guest = [line for event in group.trace for line in place_lines(event)
                 + ([] if event.in_root else title_lines(event))]
        guest += [group.guest_name] + (note if mine and not in_root else [])
        group.x = x
        x += max(_width(guest), MIN_GUEST if group.root else 0) + GAP
        if group.root:
            root = [line for event in group.trace if event.in_root for line in title_lines(event)]
            group.root_x = x
            x += _width(root + ["hypervisor"] + (note if mine and in_root else [])) + GAP
    return x - GAP + MARGIN


def _heights(groups: List[Group], count: int, arrives: Optional[int], note: List[str]) -> List[int]:
    """y of the first line of every row, and of the end of the last row."""
    lines = [1] * count
    for group in groups:
        for row, event in zip(group.rows, group.trace):
            guest = len(place_lines(event)) + (1 if event.in_root else len(title_lines(event)))
            lines[row] = max(lines[row], guest, len(title_lines(event)) if event.in_root else 0)
    if arrives is not None:
        lines[arrives] = len(note)
    tops = [HEAD + 24]
    for number in lines:
        tops.append(tops[-1] + number * LINE + 14)
    return tops


def _mark(picture: Drawing, css: str, x: int, y: int) -> None:
    """Draw the sign of an event on its lane."""
    if css == "exc":
        picture.add("rect", "mark exc", x=x - 5, y=y - 5, width=10, height=10)
    elif css == "arrival":
        picture.add("path", "mark arrival", d="M%d %dl6 6l-6 6l-6 -6z" % (x, y - 6))
    else:
        picture.add("circle", "mark " + css, cx=x, cy=y, r=5)


def _labels(picture: Drawing, x: int, y: int, bold: List[str], plain: List[str], css: str) -> None:
    for index, line in enumerate(bold):
        picture.text("what " + css, x + INDENT, y + 4 + index * LINE, line)
    for index, line in enumerate(plain, len(bold)):
        picture.text("where", x + INDENT, y + 4 + index * LINE, line)


def _arrow(picture: Drawing, start: int, end: int, y: int) -> None:
    step = 1 if end > start else -1
    picture.line("arrow", start + 4 * step, y, end - 10 * step, y)
    picture.add("path", "head", d="M%d %dl%d -5l0 10z" % (end - 3 * step, y, -9 * step))


def _lanes(picture: Drawing, group: Group, tops: List[int]) -> None:
    """Draw titles and lanes: thin over the whole length, thick where the processor is."""
    bottom = tops[-1] - 8
    if group.title:
        picture.text("group", group.x - 4, 16, group.title)
    picture.text("lane-name", group.x - 4, 34, group.guest_name)
    picture.line("lane", group.x, HEAD, group.x, bottom)
    if group.root:
        picture.text("lane-name", group.root_x - 4, 34, "hypervisor")
        picture.line("lane", group.root_x, HEAD, group.root_x, bottom)
    first = next((event for event in group.trace if event.in_root), None)
    where, since = group.root_x if first and first.kind is Kind.ENTRY else group.x, HEAD
    for row, event in zip(group.rows, group.trace):
        if event.in_root:
            picture.line("busy", where, since, where, tops[row])
            where, since = group.root_x if event.kind is Kind.EXIT else group.x, tops[row]
    picture.line("busy", where, since, where, bottom)


def _event(picture: Drawing, group: Group, event: Event, y: int) -> None:
    if not event.in_root:
        _mark(picture, css_of(event), group.x, y)
        _labels(picture, group.x, y, title_lines(event), place_lines(event), css_of(event))
        return
    out = event.kind is Kind.EXIT
    _arrow(picture, group.x if out else group.root_x, group.root_x if out else group.x, y)
    _mark(picture, "root", group.root_x if out else group.x, y)
    _labels(picture, group.root_x, y, title_lines(event), [], "root")
    _labels(picture, group.x, y + LINE, [], place_lines(event), "")


def _links(picture: Drawing, groups: List[Group], tops: List[int]) -> None:
    """Draw dotted lines from the guest's deliveries to those of its twin."""
    left, twin = groups[-2], groups[-1]
    for row in twin.rows:
        if row in left.rows and not left.trace[left.rows.index(row)].in_root:
            event = left.trace[left.rows.index(row)]
            start = left.x + INDENT + max(text_width(line) for line in title_lines(event)) + 8
            if start < twin.x - 12:
                picture.line("same", start, tops[row], twin.x - 9, tops[row])


def _words(seen: str, want: Optional[str], twin: Optional[str], known: Optional[str]) -> List[str]:
    """The picture as text, for readers who do not see it."""
    parts = ["Expected: ", want or "nothing", ". "] if want is not None else []
    parts += ["Known deviation: ", known or "nothing", ". "] if known is not None else []
    parts.append("Seen: " if parts else "Order of events: ")
    parts.append(seen or "nothing")
    return parts + ([". Native twin: ", twin or "nothing"] if twin is not None else [])


def _differing(picture: Drawing, seen: str, want: str, group: Group, tops: List[int],
               end: int) -> None:
    """Shade the rows in which the trace differs from the want."""
    for row, pair in zip(group.rows, rows(want, seen)):
        if pair.differs:
            picture.add("rect", "differs", x=4, y=tops[row] - 14, width=end - 4,
                        height=tops[row + 1] - tops[row] - 4, rx=4)


def lanes(seen_trace: str, want_trace: Optional[str] = None, twin_trace: Optional[str] = None,
          arrives: Optional[int] = None, vector: str = "",
          known_trace: Optional[str] = None) -> Drawing:
    """The picture of one case. want_trace: a trace to draw beside seen_trace, with differing rows
    shaded; known_trace: one more, between the two. arrives: the interrupt `vector` becomes pending
    before the event with this index."""
    seen = parse(seen_trace)
    want = parse(want_trace) if want_trace is not None else None
    twin = parse(twin_trace) if twin_trace is not None else None
    known = parse(known_trace) if known_trace is not None else None
    groups, count = _groups(seen, want, known, twin, arrives)
    in_root = arrives is not None and 0 < arrives and seen[arrives - 1].kind is Kind.EXIT
    note = [vector + " arrives:", "interrupts are off", "here, so it waits"] if in_root else \
        [vector + " arrives"]
    picture = Drawing(_place(groups, arrives, note, in_root), 0,
                      _words(seen_trace, want_trace, twin_trace, known_trace))
    tops = _heights(groups, count, arrives, note)
    picture.height = tops[-1] + FOOT - 8
    if want_trace is not None:
        longer = max((g for g in groups if g.title), key=lambda group: len(group.rows))
        _differing(picture, seen_trace, want_trace, longer, tops,
                   groups[-1].x - 18 if twin is not None else picture.width - 4)
    for group in groups:
        _lanes(picture, group, tops)
    if arrives is not None:
        _arrival(picture, groups[0], tops, arrives, note, in_root)
    if twin is not None:
        _links(picture, groups, tops)
    for group in groups:
        for row, event in zip(group.rows, group.trace):
            _event(picture, group, event, tops[row])
    return picture


def _arrival(picture: Drawing, group: Group, tops: List[int], arrives: int, note: List[str],
             in_root: bool) -> None:
    """Draw the arrival, and a bar left of the guest's lane for the time the interrupt is pending."""
    x = group.root_x if in_root else group.x
    _mark(picture, "arrival", x, tops[arrives])
    _labels(picture, x, tops[arrives], note[:1], note[1:], "arrival")
    served = next((row for row, event in zip(group.rows, group.trace)
                   if row > arrives and event.kind in (Kind.IRQ, Kind.NMI)), None)
    if served is not None:
        picture.line("pending", group.x - 12, tops[arrives], group.x - 12, tops[served])
        picture.line("pending", group.x - 12, tops[served], group.x - 6, tops[served])
