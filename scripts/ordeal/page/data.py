# SPDX-License-Identifier: BSD-2-Clause
"""A run as the compact data from which page.js builds its matrix and the details of a case.

Every string and every shape of a drawing is stored once, and equal results of a case on several
platforms are one outcome. This keeps the page of a large run small, and shows the reader which
platforms differ.
"""
import json
from typing import Any, Dict, Generic, Hashable, Iterable, List, Optional, Sequence, Tuple, TypeVar

from ..judge.trace import closest, first_difference, orders
from ..model import PASS, VERDICTS, Result
from ..report.compare import Classes
from ..report.timeline import find_twin, twin_trace
from .figures import figures, sample
from .stories import STORIES
from .svg import Drawing, Shape

#: Placeholders for the case's id and the platform's name in a repro command or a log's path.
CASE, PLATFORM = "\x01", "\x02"
Item = TypeVar("Item", bound=Hashable)


class Table(Generic[Item]):
    """Numbers items in the order in which they are first met."""

    def __init__(self, *first: Item) -> None:
        self.numbers: Dict[Item, int] = {item: number for number, item in enumerate(first)}

    def __call__(self, item: Item) -> int:
        return self.numbers.setdefault(item, len(self.numbers))

    def all(self, items: Iterable[Item]) -> List[int]:
        """The numbers of several items."""
        return [self(item) for item in items]


class Tables:
    """The tables of the page. strings: number 0 is the empty string. kinds: tag, class and names of
    the other attributes of shapes. shapes: kind, text and values of these attributes."""

    def __init__(self) -> None:
        self.strings: Table[str] = Table("")
        self.kinds: Table[Tuple[str, ...]] = Table()
        self.shapes: Table[Tuple[Any, ...]] = Table()

    def _shape(self, shape: Shape) -> int:
        tag, attributes, text = shape
        css, *values = attributes.values()
        kind = self.kinds((tag, css, *list(attributes)[1:]))
        return self.shapes((kind, text, *values))

    def drawing(self, drawing: Drawing) -> List[Any]:
        """A drawing as its width, its height, the numbers of its words, the numbers of its shapes."""
        return [drawing.width, drawing.height, self.strings.all(drawing.words),
                [self._shape(shape) for shape in drawing.shapes]]


def _outcome(result: Result, strings: Table[str]) -> Dict[str, Any]:
    """The outcome of a result, without empty fields."""
    command = result.repro.replace(result.case, CASE).replace(
        "-p %s" % result.platform, "-p " + PLATFORM)
    log = result.log.replace("/%s/" % result.platform, "/%s/" % PLATFORM)
    seen = sample(result) if result.verdict != PASS and result.expected else None
    many = "%d orders are legal; the closest is shown." % len(result.expected) if \
        len(result.expected) > 1 and seen is not None else ""
    # A sweep's wants are orders: their places sum up those of a trace.
    first = first_difference(closest(result.expected, seen), seen) if \
        seen is not None and not result.sweep else ""
    found = {"unexpected": int(result.unexpected), "want": strings.all(result.expected),
             "seen": strings.all(order for line in result.observed for order in orders(line)),
             "many": strings(many), "first": strings(first), "reason": strings(result.reason),
             "deviation": strings(result.deviation), "pattern": strings(result.pattern),
             "listed": strings(result.listed),
             "raw": result.raw if result.raw != result.verdict else "",
             "notes": strings.all([note for note in result.notes if " | " not in note]),
             "fingerprints": strings.all(result.fingerprints),
             "runs": result.runs, "repro": strings(command), "log": strings(log)}
    if result.block:
        found["block"] = _block(result.block, strings)
    return {"verdict": VERDICTS.index(result.verdict),
            **{key: value for key, value in found.items() if value}}


def _block(block: Dict[str, Any], strings: Table[str]) -> Dict[str, Any]:
    """What a block of the generated world came to, without what is 0, and its classes: name, count,
    quirks and reasoning."""
    found = {key: block.get(key, 0) for key in (
        "situations", "legal", "illegal", "flaky", "left_out", "unplayed", "rejudged")}
    found.update(quirks=sum(block["quirks"].values()), ended=len(block.get("ended", ())), classes=[
        [strings(one["name"]), one["count"], strings(one.get("quirks", "")),
         strings("\n".join(one.get("explained", ())))] for one in block.get("classes", ())])
    return {key: value for key, value in found.items() if value}


def _drawn(result: Result, twin: Optional[Result], tables: Tables) -> Dict[str, Any]:
    """The figures of an outcome, and the twin's trace."""
    beside = twin_trace(twin) if twin else None
    found = {"figures": [[tables.strings(caption), *tables.drawing(drawing)]
                         for caption, drawing in figures(result, twin)],
             "twin": tables.strings(beside) if beside else 0}
    return {key: value for key, value in found.items() if value}


def _key(result: Result, twin: Optional[Result], outcome: Dict[str, Any]) -> str:
    """A key that is equal for results that look the same on the page."""
    beside = [twin.verdict, twin.observed, twin.expected, twin.histogram, twin.sweep] \
        if twin else []
    return json.dumps([outcome, result.histogram, result.sweep, beside], sort_keys=True)


def _case(members: List[Result], order: Dict[str, int], named: Dict[str, List[Result]],
          tables: Tables) -> Dict[str, Any]:
    first, strings = members[0], tables.strings
    outcomes: Dict[str, Dict[str, Any]] = {}
    for result in members:
        twin = find_twin(result, named.get(result.twin, ()))
        outcome = _outcome(result, strings)
        key = _key(result, twin, outcome)
        if key not in outcomes:
            outcomes[key] = {"on": [], **outcome, **_drawn(result, twin, tables)}
        outcomes[key]["on"].append(order[result.platform])
    case = {"id": first.case, "row": first.row, "text": first.sentence,
            "cite": strings(first.citation), "twin": first.twin, "outcomes": list(outcomes.values())}
    return {key: value for key, value in case.items() if value}


def _changes(classes: Classes) -> Dict[str, List[List[str]]]:
    """By case: a list of class, platform and change."""
    changed: Dict[str, List[List[str]]] = {}
    for name, members in classes.items():
        for member in members:
            where, _, what = member.partition(": ")
            changed.setdefault(where.partition(" ")[2], []).append([name, where.split(" ")[0], what])
    return changed


def compact(results: Sequence[Result], classes: Classes) -> Dict[str, Any]:
    """The data of the whole run."""
    tables = Tables()
    platforms = list(dict.fromkeys(result.platform for result in results))
    order = {name: number for number, name in enumerate(platforms)}
    cases: Dict[str, List[Result]] = {}
    named: Dict[str, List[Result]] = {}
    for result in results:
        cases.setdefault(result.case, []).append(result)
        for name in (result.case, result.case.partition("/")[2]):
            named.setdefault(name, []).append(result)
    found = [_case(members, order, named, tables) for members in cases.values()]
    return {"worlds": list(dict.fromkeys(r.case.partition("/")[0] for r in results if r.block)),
            "verdicts": list(VERDICTS), "platforms": platforms, "cases": found,
            "changes": _changes(classes),
            "stories": [{"key": story.key, "case": story.case, "title": story.title,
                         "why": story.why} for story in STORIES],
            "strings": list(tables.strings.numbers), "kinds": list(tables.kinds.numbers),
            "shapes": list(tables.shapes.numbers)}


def embedded(data: Dict[str, Any]) -> str:
    """JSON that may stand inside a script element: <, > and & are escaped, as are line separators."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    for char in "<>&":
        text = text.replace(char, "\\u%04x" % ord(char))
    return text
