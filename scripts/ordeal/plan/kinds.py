# SPDX-License-Identifier: BSD-2-Clause
"""In which way a case went wrong, in words that cases share which went wrong in the same way.

scripts/known makes one section of expected/ from the cases of one kind. Pure functions.
"""
import re
from typing import Optional

from ..judge.trace import Event, Kind, Row, closest, rows
from ..model import FAIL, Result
from ..record import dataclass

_KINDS = {Kind.IRQ: "an interrupt", Kind.INT: "a virtual interrupt", Kind.NMI: "an NMI",
          Kind.EXCEPTION: "an exception", Kind.EXIT: "an exit", Kind.ENTRY: "an entry",
          Kind.OTHER: "an event"}
#: A sweep says at which count it met the illegal sample.
_COUNT = re.compile(r"(?:timer|instruction) count \d+: ")
_NUMBER = re.compile(r"\b(?:0x[0-9a-fA-F]+|\d+)\b")
#: A name has at most so many words.
_WORDS = 6


@dataclass(frozen=True)
class Kinship:
    """What cases of one kind have in common."""
    name: str  # a name for a section of expected/
    text: str  # a sentence


def kinship(result: Result) -> Kinship:
    """The kind of a result that is not good. Its verdict is that of the log."""
    row = None if result.verdict != FAIL or result.sweep else _first(result)
    text = _of_reason(result) if row is None else _of_row(row)
    words = re.sub(r"[^a-z0-9]+", " ", text.lower().replace("#", "")).split()
    words = [word for word in words if word not in ("a", "an", "the", "is", "in", "of")]
    return Kinship("-".join(words[:_WORDS]) or "without-reason", text)


def _first(result: Result) -> Optional[Row]:
    """The first row in which the trace differs from the closest want; None if they do not
    differ."""
    if not result.expected or not result.observed:
        return None
    seen = result.observed[0]
    return next((row for row in rows(closest(result.expected, seen), seen) if row.differs), None)


def _short(event: Event) -> str:
    """An event without its details: "#GP", "IRQ", "EXIT(RDMSR)"."""
    if event.kind is Kind.EXCEPTION:
        return "#" + event.subject
    return event.name if event.kind in (Kind.EXIT, Kind.OTHER) else event.kind.value


def _of_row(row: Row) -> str:
    wanted, seen = row.wanted, row.seen
    if wanted is None:
        assert seen is not None
        return "%s comes in addition" % _short(seen)
    if seen is None:
        return "%s is missing" % _short(wanted)
    if row.differs in ("event", "vector", "exit reason"):
        return "%s comes instead of %s" % (_short(seen), _short(wanted))
    if row.differs == "place":
        return "%s comes at another place" % _KINDS[wanted.kind]
    return "%s of %s differs" % (row.differs, _KINDS[wanted.kind])


def _of_reason(result: Result) -> str:
    """The reason without what differs from case to case and from run to run: numbers, the case's
    own name, the emulator's log."""
    case = result.case.partition("/")[2] or result.case
    reason = result.reason.replace(" in case " + case, "").replace(case, "CASE")
    reason = _NUMBER.sub("N", _COUNT.sub("", reason))
    return reason if result.verdict == FAIL else "%s: %s" % (result.verdict, reason)
