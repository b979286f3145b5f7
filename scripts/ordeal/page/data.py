# SPDX-License-Identifier: BSD-2-Clause
"""A run as the compact data that the page draws its matrix and its details from.

Every string is stored once, and results of one case that are alike on several platforms are one
outcome: that keeps the page of a large run small, and tells the reader what differs.
"""
import json
from typing import Any, Dict, List, Sequence, Tuple

from ..model import VERDICTS, Result
from ..report.compare import Classes
from ..report.person import closest
from .stories import STORIES

#: Stand for the case's id and the platform's name inside a repro command or a log's path.
CASE, PLATFORM = "\x01", "\x02"


class Strings:
    """Texts by number; the empty one is 0."""

    def __init__(self) -> None:
        self.numbers: Dict[str, int] = {"": 0}

    def __call__(self, text: str) -> int:
        return self.numbers.setdefault(text, len(self.numbers))

    def all(self, texts: Sequence[str]) -> List[int]:
        """The numbers of several."""
        return [self(text) for text in texts]


def _sweep(result: Result, strings: Strings) -> Dict[str, Any]:
    """The sweep without what the page does not show."""
    found = {key: value for key, value in result.sweep.items() if key != "searched"}
    if "first" in found:
        found["first"] = [[tick, strings(trace)] for tick, trace in found["first"]]
    return found


def _outcome(result: Result, strings: Strings) -> Dict[str, Any]:
    """What one platform (or several) got, without empty fields."""
    command = result.repro.replace(result.case, CASE).replace(
        "-p %s" % result.platform, "-p " + PLATFORM)
    log = result.log.replace("/%s/" % result.platform, "/%s/" % PLATFORM)
    near = result.expected.index(closest(result)) if len(result.expected) > 1 else 0
    found = {"unexpected": int(result.unexpected), "want": strings.all(result.expected),
             "near": near, "seen": strings.all(result.observed), "reason": strings(result.reason),
             "deviation": strings(result.deviation),
             "raw": result.raw if result.raw != result.verdict else "",
             "notes": strings.all([note for note in result.notes if " | " not in note]),
             "fingerprints": strings.all(result.fingerprints),
             "histogram": [[count, strings(trace)] for count, trace in result.histogram],
             "sweep": _sweep(result, strings),
             "runs": result.runs, "repro": strings(command), "log": strings(log)}
    return {"verdict": VERDICTS.index(result.verdict),
            **{key: value for key, value in found.items() if value}}


def _case(members: List[Result], order: Dict[str, int], strings: Strings) -> Dict[str, Any]:
    first = members[0]
    outcomes: Dict[str, Tuple[List[int], Dict[str, Any]]] = {}
    for result in members:
        outcome = _outcome(result, strings)
        outcomes.setdefault(json.dumps(outcome, sort_keys=True), ([], outcome))[0].append(
            order[result.platform])
    case = {"id": first.case, "row": first.row, "text": first.sentence,
            "cite": strings(first.citation), "twin": first.twin,
            "outcomes": [{"on": on, **outcome} for on, outcome in outcomes.values()]}
    return {key: value for key, value in case.items() if value}


def compact(results: Sequence[Result], classes: Classes) -> Dict[str, Any]:
    """The whole run."""
    strings = Strings()
    platforms = list(dict.fromkeys(result.platform for result in results))
    order = {name: number for number, name in enumerate(platforms)}
    cases: Dict[str, List[Result]] = {}
    for result in results:
        cases.setdefault(result.case, []).append(result)
    changed: Dict[str, List[List[str]]] = {}
    for name, members in classes.items():
        for member in members:
            where, _, what = member.partition(": ")
            changed.setdefault(where.partition(" ")[2], []).append([name, where.split(" ")[0], what])
    found = [_case(members, order, strings) for members in cases.values()]
    return {"verdicts": list(VERDICTS), "platforms": platforms, "cases": found, "changes": changed,
            "stories": [{"key": story.key, "case": story.case, "title": story.title,
                         "why": story.why, "after_exit": story.after_exit} for story in STORIES],
            "strings": list(strings.numbers)}


def embedded(data: Dict[str, Any]) -> str:
    """JSON that may stand inside a script element: no < or & survives, nor a line separator."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    for char in "<>&":
        text = text.replace(char, "\\u%04x" % ord(char))
    return text
