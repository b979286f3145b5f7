# SPDX-License-Identifier: BSD-2-Clause
"""What a trace can show of one event (docs/results.md, section 1), so that a pattern which no trace
of any case can fit is bad input. The names are the guest's: lib/x86/order/vectors.c and exits.def.
Pure functions.
"""
import re
from typing import Callable, Dict, Iterator

from ..text import fits
from .trace import Event, Kind

#: The mnemonics of the exceptions, and of those that push an error code.
EXCEPTIONS = frozenset("DE DB BP OF BR UD NM DF TS NP SS GP PF MF AC MC XM VE CP HV VC SX".split())
WITH_CODE = frozenset("DF TS NP SS GP PF AC CP VC SX".split())
#: The neutral names of exits; ? is a reason that the guest does not know.
EXITS = frozenset(
    "? NONE EXCEPTION INTR NMI INTR_WINDOW NMI_WINDOW VINTR RDMSR WRMSR CPUID HLT RDTSC RDPMC PUSHF "
    "POPF RSM IRET SOFTWARE_INT INVLPG STGI CLGI WBINVD MONITOR XSETBV ICEBP HYPERCALL TRIPLE_FAULT "
    "PREEMPTION_TIMER MTF TPR_THRESHOLD NESTED_PAGE_FAULT INIT TASK_SWITCH IO CR_ACCESS DR_ACCESS "
    "APIC_WRITE VIRTUALIZED_EOI ENTRY_FAILED OTHER".split())
_HEX = re.compile(r"0x(?:0|[1-9a-f][0-9a-f]{0,15})")
_NUMBER = re.compile(r"(?:0x)?[0-9]{1,3}")
_VECTOR = re.compile(r"0x(?:0|[1-9a-f][0-9a-f]?)")
_INJECTED = re.compile(r"NMI|MTF|(?:INTR|INT)\((.*)\)|#(\w+|\?)(?:\((.*)\))?")
#: The values of the details that are no addresses or registers; a trace shows no other detail of 0.
_VALUES = {**dict.fromkeys(("if", "rf"), range(2)), "cpl": range(1, 4), "ist": range(1, 8)}
_SET = range(1, 2)


def _may_be(shape: "re.Pattern[str]", text: str) -> bool:
    """Whether some text of this shape fits; a text with a wildcard is not looked at."""
    return "*" in text or bool(shape.fullmatch(text))


def _of_exception(event: Event) -> str:
    codes = [name in WITH_CODE for name in EXCEPTIONS if fits(event.subject, name)]
    if not codes:
        return "there is no exception #%s" % event.subject
    if bool(event.rest) not in codes:
        return "#%s has %s error code" % (event.subject, "no" if event.rest else "an")
    if event.rest and not _may_be(_HEX, event.rest):
        return "the error code %s of #%s is not written as 0x18" % (event.rest, event.subject)
    return ""


def _of_vector(event: Event) -> str:
    return "" if _may_be(_VECTOR, event.subject) else \
        "the vector %s is not written as 0x60" % event.subject


def _of_injected(text: str) -> str:
    """What is wrong with an event that an exit interrupted, or that an entry injected."""
    found = _INJECTED.fullmatch(text)
    if "*" in text or not text:
        return ""
    if not found:
        return "no event is called %s" % text
    vector, mnemonic, code = found.groups()
    if vector is not None and not _VECTOR.fullmatch(vector):
        return "the vector %s is not written as 0x60" % vector
    if mnemonic and mnemonic != "?" and mnemonic not in EXCEPTIONS:
        return "there is no exception #%s" % mnemonic
    return "" if code is None or _HEX.fullmatch(code) else \
        "the error code %s of %s is not written as 0x18" % (code, text)


def _of_exit(event: Event) -> str:
    return _of_injected(event.rest) if any(fits(event.subject, name) for name in EXITS) else \
        "there is no exit %s" % event.subject


_OF_NAME: Dict[Kind, Callable[[Event], str]] = {
    Kind.EXCEPTION: _of_exception, Kind.IRQ: _of_vector, Kind.INT: _of_vector, Kind.EXIT: _of_exit,
    Kind.ENTRY: lambda event: _of_injected(event.rest), Kind.NMI: lambda event: ""}


def _of_details(event: Event) -> Iterator[str]:
    known = event.may_show()
    for key, value in event.details.items():
        allowed = _VALUES.get(key, _SET)
        if key not in known:
            yield "a trace shows no detail %s of %s (it may show %s)" % (
                key, event.name, " ".join(known))
        elif key in ("cr2", "dr6"):
            if "*" not in value and not value.startswith("0x"):
                yield "%s=%s is not written as 0x1000" % (key, value)
            elif not _may_be(_HEX, value):
                yield "%s=%s is no number" % (key, value)
        elif value != "*" and not _NUMBER.fullmatch(value):
            yield "%s=%s is no number" % (key, value)
        elif value != "*" and int(value, 0) not in allowed:
            yield "%s is never %s in a trace" % (key, value)
    if not event.text.endswith("[%s]" % ",".join("%s=%s" % pair for pair in event.details.items())) \
            and event.details:
        yield "a detail stands twice"
    always = () if event.in_root else ("if", "rf") + tuple(
        key for key in ("cr2", "dr6") if key in known)
    missing = [key for key in always if key not in event.details]
    if missing:
        yield "it says no %s: a trace shows it of every %s" % (
            " and no ".join(missing), "delivery" if missing[0] in ("if", "rf") else event.name)


def never(event: Event, details: bool) -> str:
    """Why no trace can show what this event of a pattern says; '' if one can. details: whether its
    details are compared."""
    wrong = _OF_NAME[event.kind](event)
    if not event.place:
        wrong = wrong or "it has no place: every event of a trace has one (@* stands for any)"
    if ";" in event.text:
        wrong = wrong or "a blank must follow each semicolon"
    if details:
        wrong = wrong or next(_of_details(event), "")
    return "%s: %s" % (event.text, wrong) if wrong else ""
