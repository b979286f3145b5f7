# SPDX-License-Identifier: BSD-2-Clause
"""The one parser of traces and wants; docs/results.md, section 1, has the grammar.

All comparisons of a want with a trace use differs_from(), which repeats the guest's matcher
(want_mismatch() of lib/x86/order/expect.c) on the text: in the same order, with the same words.
differs_from() is the weaker of the two, because it can compare only what the notation shows. Any
text can be parsed: text that is no event gets the kind OTHER. Pure functions.
"""
import re
from enum import Enum
from itertools import zip_longest
from typing import Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from ..record import dataclass

PAGE_SIZE = 4096


class Kind(Enum):
    """The sort of an event, as in the guest's enum want_kind."""
    IRQ = "IRQ"
    INT = "INT"
    NMI = "NMI"
    EXCEPTION = "#"
    EXIT = "EXIT"
    ENTRY = "ENTRY"
    OTHER = ""


#: Each pattern has as its groups the kind, the subject and the rest of an Event's name.
_NAMES = tuple(re.compile(pattern) for pattern in (
    r"(#)(\w+|\?)(?:\((.*)\))?", r"(IRQ|INT)\((.*)\)()", r"(NMI)()()",
    r"(EXIT)\((\w+|\?)(?: during (.*))?\)", r"(ENTRY)()(?:\((.*)\))?"))
_DETAILS = re.compile(r"[^][,=]+=[^][,=]*(?:,[^][,=]+=[^][,=]*)*")
#: The guest's words for a difference in the subject, which every want claims, and in the rest.
_WORDS = {Kind.EXIT: ("exit reason", "event being delivered"),
          Kind.ENTRY: ("event", "injected event"), Kind.OTHER: ("event", "event")}


def _same(claimed: int, shown: Optional[int]) -> bool:
    return claimed == (shown or 0)


def _same_if_shown(claimed: int, shown: Optional[int]) -> bool:
    return shown is None or claimed == shown


def _same_page_if_shown(claimed: int, shown: Optional[int]) -> bool:
    return shown is None or claimed // PAGE_SIZE == shown // PAGE_SIZE


def _all_bits(claimed: int, shown: Optional[int]) -> bool:
    return (shown or 0) & claimed == claimed


def _no_bit(claimed: int, shown: Optional[int]) -> bool:
    return not (shown or 0) & claimed


_Claims = Dict[str, Tuple[str, str, Callable[[int, Optional[int]], bool]]]
#: The details that a want may claim, in the order of comparison: for each detail the word for a
#: difference, the detail of the trace to compare with, and the comparison. A trace shows CR2 only
#: for #PF.
_OF_DELIVERY: _Claims = {
    "if": ("saved IF", "if", _same), "rf": ("saved RF", "rf", _same), "tf": ("saved TF", "tf", _same),
    "cr2": ("CR2", "cr2", _same_if_shown), "page of cr2": ("CR2", "cr2", _same_page_if_shown),
    "dr6": ("DR6", "dr6", _all_bits), "dr6 without": ("DR6", "dr6", _no_bit),
    "cpl": ("saved CPL", "cpl", _same), "ist": ("stack", "ist", _same)}
_OF_STATE: _Claims = {key: ("interruptibility", key, _same)
                      for key in ("sti", "movss", "smi", "nmi", "shadow")}


@dataclass(frozen=True)
class Event:
    """One event of a trace, or the claims of a want about one event."""
    text: str  # as it was written
    name: str  # "EXIT(RDMSR during NMI)"
    place: str  # "RDMSR"; "" where none is given
    details: Mapping[str, str]  # {"sti": "1"}, in the order of the text
    kind: Kind
    subject: str  # the vector, mnemonic or exit reason: "0x60", "GP", "RDMSR"
    rest: str  # the error code, the delivery under way, the injected event; "" if none

    @property
    def in_root(self) -> bool:
        """Whether this is an act of the hypervisor (an exit or an entry), not a delivery to the
        guest."""
        return self.kind in (Kind.EXIT, Kind.ENTRY)

    @property
    def where(self) -> str:
        """Place and details as they were written: "RDMSR[if=1]"."""
        return self.text[len(self.name):].partition("@")[2] or self.text[len(self.name):]

    def unknown_claim(self) -> str:
        """The first detail of this want that cannot be compared, because this kind of event has no
        such detail or its value is no number. '' if there is none."""
        known = {**({} if self.in_root else _OF_DELIVERY), **_OF_STATE}
        return next(("%s=%s" % pair for pair in self.details.items()
                     if pair[0] not in known or _number(pair[1]) is None), "")

    def may_show(self) -> Tuple[str, ...]:
        """The details that a trace may show of an event of this kind."""
        if self.in_root:
            return tuple(_OF_STATE)
        own = {"PF": ("cr2",), "DB": ("dr6",)}.get(self.subject, ())
        return ("if", "rf", "tf", "cpl") + own + ("ist",)

    def differs_from(self, wanted: "Event") -> str:
        """The first difference between this event and the claims of `wanted`, in the guest's words;
        '' if there is none."""
        unknown = wanted.unknown_claim()
        if unknown:
            return "a claim that cannot be compared, [%s]" % unknown
        return self._other_name(wanted) or self._other_detail(wanted, _OF_DELIVERY) or \
            ("place" if wanted.place not in ("", self.place) else "") or \
            self._other_detail(wanted, _OF_STATE)

    def _other_name(self, wanted: "Event") -> str:
        """The difference in the name. A want without an error code, or without an interrupted
        delivery, does not claim that there is none; an ENTRY without an injected event does."""
        subject, rest = _WORDS.get(wanted.kind, ("vector", "error code"))
        if self.kind is not wanted.kind:
            return "event"
        if self.subject != wanted.subject:
            return subject
        claimed = wanted.rest or wanted.kind is Kind.ENTRY
        return rest if claimed and self.rest != wanted.rest else ""

    def _other_detail(self, wanted: "Event", claims: _Claims) -> str:
        for key, (word, shown, holds) in claims.items():
            claim = _number(wanted.details.get(key, ""))
            if claim is None:
                continue
            text = self.details.get(shown)
            found = None if text is None else _number(text)
            if (found is None and text is not None) or not holds(claim, found):
                return word
        return ""


def claimed_of(claim: str) -> str:
    """The detail of a trace with which a claim of a want is compared."""
    return _OF_DELIVERY[claim][1] if claim in _OF_DELIVERY else claim


def _number(text: str) -> Optional[int]:
    try:
        return int(text, 0)
    except ValueError:
        return None


def _details(text: str) -> Tuple[str, Dict[str, str]]:
    """The text before the lists of details at its end, and the details. Other brackets belong to the
    place, as in "load ECX[0]=1 and no hints"."""
    found: List[str] = []
    while text.endswith("]"):
        before, bracket, inside = text[:-1].rpartition("[")
        if not bracket or not _DETAILS.fullmatch(inside):
            break
        text, found = before, inside.split(",") + found
    return text, dict(detail.split("=") for detail in found)


def _event(text: str) -> Event:
    """The event of 'IRQ(0x60)@RDMSR[if=1]'."""
    short, details = _details(text)
    name, _, place = short.partition("@")
    for pattern in _NAMES:
        parts = pattern.fullmatch(name)
        if parts:
            kind, subject, rest = parts.groups()
            return Event(text, name, place, details, Kind(kind), subject, rest or "")
    return Event(text, name, place, details, Kind.OTHER, name, "")


def parse(trace: str) -> List[Event]:
    """The events of 'IRQ(0x60)@RDMSR[if=1]; #GP(0x0)@RDMSR'; none for 'nothing'."""
    return [] if trace in ("", "nothing") else [_event(text) for text in trace.split("; ")]


def orders(line: str) -> List[str]:
    """The traces of a WANT line, or of a sweep's SEEN line: one for each order."""
    return line.split(" || ")


@dataclass(frozen=True)
class Row:
    """An event of the want beside one of the trace; None where one of them has no more events."""
    wanted: Optional[Event]
    seen: Optional[Event]

    @property
    def differs(self) -> str:
        """The difference in the guest's words; '' if the want is met."""
        if self.wanted is None:
            return "not expected"
        return "missing" if self.seen is None else self.seen.differs_from(self.wanted)


def rows(want: str, seen: str) -> List[Row]:
    """A want and a trace side by side, the n-th event of one beside the n-th event of the other."""
    return [Row(*pair) for pair in zip_longest(parse(want), parse(seen))]


def first_difference(want: str, seen: str) -> str:
    """The first difference, such as 'event 2: saved RF'; '' if the want allows the trace `seen`."""
    return next(("event %d: %s" % (number, row.differs)
                 for number, row in enumerate(rows(want, seen), 1) if row.differs), "")


def closest(wants: Sequence[str], seen: str) -> str:
    """The want that shares the longest beginning with the trace `seen`; '' if there is no want."""
    def met(want: str) -> int:
        table = rows(want, seen)
        return next((i for i, row in enumerate(table) if row.differs), len(table))
    return max(wants, key=met, default="")
