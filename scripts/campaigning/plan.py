# SPDX-License-Identifier: BSD-2-Clause
"""A plan: independent units, each of them one command line of run_tests.sh.

A plan is a file with one JSON object a line: a head, and a unit on each further line. The head has
the commit and the compiler of the images, and a digest of all units, by which their results are
known. Units are never held in memory all at once.
"""
import json
import re
from typing import Any, Callable, Dict, Iterator, List, Tuple

from ordeal.model import UserError
from ordeal.record import dataclass

SCHEMA = 1


@dataclass(frozen=True)
class Unit:
    """One unit. number: its place in the plan, from 0; argv: the words for run_tests.sh."""
    number: int
    name: str
    argv: Tuple[str, ...]


@dataclass(frozen=True)
class Head:
    """The first line of a plan."""
    name: str
    units: int
    digest: str
    commit: str
    compiler: str


def line(unit: Unit) -> str:
    """The unit's line in the plan."""
    return json.dumps({"type": "unit", "n": unit.number, "name": unit.name,
                       "argv": list(unit.argv)}, separators=(",", ":")) + "\n"


def commit_name(commit: str, dirty: bool) -> str:
    """The name of a tree: its commit, and whether it was changed since."""
    return commit + ("-dirty" if dirty else "")


def head_of(path: str) -> Head:
    """The head of a plan file."""
    try:
        with open(path, encoding="utf-8") as stream:
            data: Dict[str, Any] = json.loads(stream.readline())
        if data["type"] == "plan" and data["schema"] == SCHEMA:
            return Head(data["name"], data["units"], data["digest"], data["commit"],
                        data["compiler"])
    except OSError as error:
        raise UserError("cannot read %s: %s" % (path, error.strerror)) from None
    except (ValueError, KeyError, TypeError):
        pass
    raise UserError("%s is no plan; `campaign plan FILE -o PLAN` makes one" % path)


def units_of(path: str, wanted: Callable[[int], bool], last: int) -> Iterator[Unit]:
    """The units of a plan file that are wanted, none behind the last."""
    with open(path, encoding="utf-8") as stream:
        stream.readline()
        for number, text in enumerate(stream):
            if number > last:
                return
            if not wanted(number):
                continue  # without reading it: a plan may be long, and one unit be wanted
            try:
                data = json.loads(text)
                unit = Unit(int(data["n"]), str(data["name"]), tuple(map(str, data["argv"])))
            except (ValueError, KeyError, TypeError):
                unit = Unit(-1, "", ())
            if unit.number != number:
                raise UserError("%s:%d is not unit %d; make the plan again"
                                % (path, number + 2, number))
            yield unit


def numbers(text: str, count: int) -> List[Tuple[int, int]]:
    """The ranges of a list such as 3,7-9, each with its first and its last number."""
    found = []
    for word in text.split(","):
        match = re.fullmatch(r"(\d+)(?:-(\d+))?", word.strip())
        first = int(match.group(1)) if match else count
        last = int(match.group(2) or first) if match else count
        if not first <= last < count:
            raise UserError("--units %s: give numbers from 0 to %d, as in 3,7-9" % (text, count - 1))
        found.append((first, last))
    return found


class Ranges:
    """Writes numbers that come in rising order as a list such as 3,7-9."""

    def __init__(self) -> None:
        self.words: List[str] = []
        self._first = self._last = -2

    def add(self, number: int) -> None:
        """The next number."""
        if number != self._last + 1:
            self._close()
            self._first = number
        self._last = number

    def _close(self) -> None:
        if self._first >= 0:
            self.words.append(str(self._first) if self._first == self._last
                              else "%d-%d" % (self._first, self._last))

    def text(self) -> str:
        """The list."""
        self._close()
        self._first = self._last = -2
        return ",".join(self.words)
