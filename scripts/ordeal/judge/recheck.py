# SPDX-License-Identifier: BSD-2-Clause
"""A second opinion on a PASS: the runner compares SEEN with WANT itself, from their text.

The guest's matcher is one piece of code under every verdict; were it wrong, all would be green. This
one shares nothing with it but the notation of docs/results.md. It is the weaker of the two: what the
notation does not show (an interrupt stack, CR2 of anything but a #PF) it cannot check. Pure.
"""
import re
from dataclasses import dataclass
from typing import Dict, List, Sequence

#: Details that no trace shows, and what is compared in another way.
_NOT_SHOWN = ("ist", "page of cr2")
_DR6 = ("dr6", "dr6 without")
_DETAILS = re.compile(r"\[([^\]]*)\]$")


@dataclass(frozen=True)
class Event:
    """One event of a trace: '#GP(0x0)', 'RDMSR', {'if': '1'}; place '' where none is claimed."""
    name: str
    place: str
    details: Dict[str, str]


def parse(trace: str) -> List[Event]:
    """The events of 'IRQ(0x60)@RDMSR[if=1]; #GP(0x0)@RDMSR'."""
    return [] if trace == "nothing" else [_event(text) for text in trace.split("; ")]


def _event(text: str) -> Event:
    details: Dict[str, str] = {}
    found = _DETAILS.search(text)
    if found:
        text = text[:found.start()]
        details = dict(pair.partition("=")[::2] for pair in found.group(1).split(","))
    name, _, place = text.partition("@")
    return Event(name, place, details)


def _name_differs(want: str, seen: str) -> bool:
    """An error code, or a delivery under way, counts only where it is claimed."""
    if want == seen or (want.startswith("#") and "(" not in want and seen.startswith(want + "(")):
        return False
    return not (want.startswith("EXIT(") and seen.startswith(want[:-1] + " during "))


def _dr6_differs(want: Dict[str, str], seen: Dict[str, str]) -> bool:
    value = int(seen.get("dr6", "0"), 0)
    must, must_not = int(want.get("dr6", "0"), 0), int(want.get("dr6 without", "0"), 0)
    return value & must != must or bool(value & must_not)


def difference(want: Event, seen: Event) -> str:
    """What of the wanted event the seen one contradicts; '' if nothing."""
    if _name_differs(want.name, seen.name):
        return "event"
    if want.place and want.place != seen.place:
        return "place"
    for key, value in want.details.items():
        if key in _NOT_SHOWN or key in _DR6 or (key == "cr2" and key not in seen.details):
            continue
        if int(value, 0) != int(seen.details.get(key, "0"), 0):
            return key
    return "dr6" if _dr6_differs(want.details, seen.details) else ""


def matches(want: str, seen: str) -> bool:
    """Is @seen a trace that @want allows?"""
    wanted, found = parse(want), parse(seen)
    return len(wanted) == len(found) and not any(map(difference, wanted, found))


def contradiction(wants: Sequence[str], seen: Sequence[str]) -> str:
    """Why a PASS with these WANT and SEEN traces cannot be believed; '' if it can.

    SEEN may be several orders, as a sweep reports them: then each must be one of WANT.
    """
    for order in [one for line in seen for one in line.split(" || ")]:
        if not any(matches(want, order) for want in wants):
            return "the guest says PASS, but its SEEN is none of its WANT: " + order
    return ""
