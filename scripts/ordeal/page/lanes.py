# SPDX-License-Identifier: BSD-2-Clause
"""A case as lanes: guest and hypervisor, expected beside seen where they differ, the twin beside both.

Time runs downwards, one row for an event. What belongs together stands on one line: the n-th event of
what was expected and of what was seen, the n-th delivery of the guest and of its native twin. Circles are
interrupts, squares exceptions, diamonds arrivals; the thick part of a lane is where the processor is.
"""
from dataclasses import dataclass, field
from typing import List, Optional, Tuple

from ..report.timeline import events, is_root, split_event
from .svg import LINE, Drawing, text_width, wrap

HEAD, FOOT, INDENT, GAP, MARGIN = 44, 14, 16, 26, 14
#: An exit's arrow needs some way to go.
MIN_GUEST = 110


@dataclass
class Group:
    """One trace: its title, its events, the row of each, and its lanes."""
    title: str
    trace: List[str]
    rows: List[int] = field(default_factory=list)
    guest_name: str = "guest"
    root: bool = False
    x: int = 0
    root_x: int = 0


def place_lines(event: str) -> List[str]:
    """'RIP = GP_ENTRY', 'IF=1 RF=0' for an event that says so."""
    _, where = split_event(event)
    place, bracket, flags = where.partition("[")
    lines = wrap("RIP = " + place) if place else []
    if bracket:
        words = [word.partition("=") for word in flags.rstrip("]").split(",")]
        lines += wrap(" ".join(key.upper() + sign + value for key, sign, value in words))
    return lines


def title_lines(event: str) -> List[str]:
    """What happened, in the words of the picture."""
    what, _ = split_event(event)
    if what.startswith("EXIT("):
        return wrap("exit: " + what[5:-1])
    if what.startswith("ENTRY("):
        return ["enter, injecting"] + wrap(what[6:-1])
    return ["enter"] if what == "ENTRY" else wrap(what)


def kind(event: str) -> str:
    """Class of an event: irq (interrupts of all sorts), exc, or root."""
    if is_root(event):
        return "root"
    return "exc" if event.startswith("#") else "irq"


def fits(want: str, seen: str) -> bool:
    """Is this what was expected? What the expectation leaves open may be anything."""
    (what, where), (did, there) = split_event(want), split_event(seen)
    place, _, flags = where.partition("[")
    at, _, found = there.partition("[")
    asked = [word for word in flags.rstrip("]").split(",") if word]
    return what == did and (not place or place == at) and \
        all(word in found.rstrip("]").split(",") for word in asked)


def _groups(seen: List[str], want: Optional[List[str]], twin: Optional[List[str]],
            arrives: Optional[int]) -> Tuple[List[Group], int]:
    """The groups from left to right with their rows, and how many rows there are."""
    def row(index: int) -> int:
        return index + (1 if arrives is not None and index >= arrives else 0)
    groups = [Group("expected", want)] if want is not None else []
    groups.append(Group("seen" if want is not None else "", seen))
    for group in groups:
        group.rows = [row(i) for i in range(len(group.trace))]
        group.root = any(is_root(event) for event in group.trace)
    count = max([row(len(group.trace) - 1) + 1 for group in groups if group.trace]
                + [arrives + 1 if arrives is not None else 0])
    if twin is not None:
        first = groups[0]
        free = [r for r, event in zip(first.rows, first.trace) if not is_root(event)]
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
    """x of every lane; returns the width of the picture."""
    x = MARGIN + (14 if arrives is not None else 0)
    for index, group in enumerate(groups):
        mine = arrives is not None and index == 0
        guest = [line for event in group.trace for line in place_lines(event)
                 + ([] if is_root(event) else title_lines(event))]
        guest += [group.guest_name] + (note if mine and not in_root else [])
        group.x = x
        x += max(_width(guest), MIN_GUEST if group.root else 0) + GAP
        if group.root:
            root = [line for event in group.trace if is_root(event) for line in title_lines(event)]
            group.root_x = x
            x += _width(root + ["hypervisor"] + (note if mine and in_root else [])) + GAP
    return x - GAP + MARGIN


def _heights(groups: List[Group], count: int, arrives: Optional[int], note: List[str]) -> List[int]:
    """y of the first line of every row, and of what is below the last."""
    lines = [1] * count
    for group in groups:
        for row, event in zip(group.rows, group.trace):
            guest = len(place_lines(event)) + (1 if is_root(event) else len(title_lines(event)))
            lines[row] = max(lines[row], guest, len(title_lines(event)) if is_root(event) else 0)
    if arrives is not None:
        lines[arrives] = len(note)
    tops = [HEAD + 24]
    for number in lines:
        tops.append(tops[-1] + number * LINE + 14)
    return tops


def _mark(picture: Drawing, css: str, x: int, y: int) -> None:
    """The sign of an event on its lane."""
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
    """Titles and lanes: thin all the way, thick where the processor is."""
    bottom = tops[-1] - 8
    if group.title:
        picture.text("group", group.x - 4, 16, group.title)
    picture.text("lane-name", group.x - 4, 34, group.guest_name)
    picture.line("lane", group.x, HEAD, group.x, bottom)
    if group.root:
        picture.text("lane-name", group.root_x - 4, 34, "hypervisor")
        picture.line("lane", group.root_x, HEAD, group.root_x, bottom)
    first = next((event for event in group.trace if is_root(event)), "")
    where, since = group.root_x if first.startswith("ENTRY") else group.x, HEAD
    for row, event in zip(group.rows, group.trace):
        if is_root(event):
            picture.line("busy", where, since, where, tops[row])
            where, since = group.root_x if event.startswith("EXIT(") else group.x, tops[row]
    picture.line("busy", where, since, where, bottom)


def _event(picture: Drawing, group: Group, event: str, y: int) -> None:
    if not is_root(event):
        _mark(picture, kind(event), group.x, y)
        _labels(picture, group.x, y, title_lines(event), place_lines(event), kind(event))
        return
    out = event.startswith("EXIT(")
    _arrow(picture, group.x if out else group.root_x, group.root_x if out else group.x, y)
    _mark(picture, "root", group.root_x if out else group.x, y)
    _labels(picture, group.root_x, y, title_lines(event), [], "root")
    _labels(picture, group.x, y + LINE, [], place_lines(event), "")


def _links(picture: Drawing, groups: List[Group], tops: List[int]) -> None:
    """Dotted lines from the guest's deliveries to those of its twin."""
    left, twin = groups[-2], groups[-1]
    for row in twin.rows:
        if row in left.rows and not is_root(left.trace[left.rows.index(row)]):
            event = left.trace[left.rows.index(row)]
            start = left.x + INDENT + max(text_width(line) for line in title_lines(event)) + 8
            if start < twin.x - 12:
                picture.line("same", start, tops[row], twin.x - 9, tops[row])


def words(seen: List[str], want: Optional[List[str]], twin: Optional[List[str]]) -> str:
    """The picture for those who do not see it."""
    parts = ["Expected: " + "; ".join(want)] if want is not None else []
    parts.append(("Seen: " if parts else "Order of events: ") + ("; ".join(seen) or "nothing"))
    if twin is not None:
        parts.append("Native twin: " + ("; ".join(twin) or "nothing"))
    return ". ".join(parts)


def lanes(seen_trace: str, want_trace: Optional[str] = None, twin_trace: Optional[str] = None,
          arrives: Optional[int] = None, vector: str = "") -> Drawing:
    """The picture of one case. want_trace: draw it beside, with the rows that differ marked.
    arrives: the interrupt `vector` becomes pending before the event of that index."""
    seen = events(seen_trace)
    want = events(want_trace) if want_trace is not None else None
    twin = events(twin_trace) if twin_trace is not None else None
    groups, count = _groups(seen, want, twin, arrives)
    in_root = arrives is not None and 0 < arrives and seen[arrives - 1].startswith("EXIT(")
    note = [vector + " arrives:", "interrupts are off", "here, so it waits"] if in_root else \
        [vector + " arrives"]
    picture = Drawing(_place(groups, arrives, note, in_root), 0, words(seen, want, twin))
    tops = _heights(groups, count, arrives, note)
    picture.height = tops[-1] + FOOT - 8
    if want is not None:
        end = groups[-1].x - 18 if twin is not None else picture.width - 4
        for row in range(count):
            pair = [g.trace[g.rows.index(row)] if row in g.rows else "" for g in groups[:2]]
            if pair != ["", ""] and not (pair[0] and pair[1] and fits(*pair)):
                picture.add("rect", "differs", x=4, y=tops[row] - 14, width=end - 4,
                            height=tops[row + 1] - tops[row] - 4, rx=4)
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
    """The arrival, and how long the interrupt stays pending: a bar left of the guest's lane."""
    x = group.root_x if in_root else group.x
    _mark(picture, "arrival", x, tops[arrives])
    _labels(picture, x, tops[arrives], note[:1], note[1:], "arrival")
    served = next((row for row, event in zip(group.rows, group.trace)
                   if row > arrives and event.startswith(("IRQ(", "NMI"))), None)
    if served is not None:
        picture.line("pending", group.x - 12, tops[arrives], group.x - 12, tops[served])
        picture.line("pending", group.x - 12, tops[served], group.x - 6, tops[served])
