# SPDX-License-Identifier: BSD-2-Clause
"""The patterns of known deviations: the lines of the key `seen` (docs/results.md, section 7).

A line is [SCOPE: ]PATTERN[ -- WHY]. Its traces are written and read as those of the log (trace.py);
this module adds wildcards, and says which line, if any, is what a result shows. Pure functions.
"""
import re
from enum import Enum
from typing import Callable, Iterable, List, Optional, Sequence, Tuple

from ..model import CRASH, ERROR, FAIL, SKIP, TIMEOUT, Result
from ..record import dataclass, replace
from ..text import fits
from .grammar import never
from .trace import Event, Kind, claimed_of, first_difference, parse

ANY = "..."  # any number of events
ANY_DETAILS = "[*]"
CHECK = " with check: "
_TIMER = re.compile(r"timer count \d+: ")
#: What the guest says of a trace that is none of the legal ones. It adds nothing to the trace.
_OF_THE_TRACE = re.compile(r"event \d+ is not as the architecture orders it|nothing was recorded|")
#: So many letters of a text with wildcards are no wildcards.
_LEAST_TEXT = 6
_CUT = "...(cut)"  # the end of a trace that was too long for its line of the log


class Form(Enum):
    """What a pattern is compared with; all but the first four: the reason of that verdict."""
    TRACE = "trace"
    ORDER = "order"
    CHECK = "check"
    AGAIN = "again"
    ERROR = ERROR
    CRASH = CRASH
    TIMEOUT = TIMEOUT
    SKIP = SKIP

    @property
    def verdict(self) -> str:
        """The verdict that such a line excuses."""
        return FAIL if self in (Form.TRACE, Form.ORDER, Form.CHECK, Form.AGAIN) else self.value


_WORDS = {form.value + ": ": form for form in Form if form is not Form.TRACE}


class BadPattern(ValueError):
    """What is wrong with a pattern."""


def _same_value(wanted: Optional[str], shown: Optional[str]) -> bool:
    """Whether a detail is as the pattern says. A lone * allows that it is not shown."""
    if wanted is None or shown is None:
        return wanted == shown or wanted == "*"
    if "*" in wanted:
        return fits(wanted, shown)
    try:
        return int(wanted, 0) == int(shown, 0)
    except ValueError:
        return wanted == shown


@dataclass(frozen=True)
class EventPattern:
    """One event of a pattern. any: ANY. details: whether the details are compared."""
    event: Optional[Event]
    details: bool = True

    @property
    def text(self) -> str:
        """As it was written."""
        return ANY if self.event is None else self.event.text + ("" if self.details else ANY_DETAILS)

    @property
    def any(self) -> bool:
        """Whether this stands for any number of events."""
        return self.event is None

    @property
    def solid(self) -> bool:
        """Whether this says more than which event it is."""
        return self.event is not None and bool(
            self.event.place.strip("*") or any(v != "*" for v in self.event.details.values()))

    def fits(self, seen: Event) -> bool:
        """Whether the event of a trace is this one."""
        mine = self.event
        return mine is not None and mine.kind is seen.kind and fits(mine.subject, seen.subject) \
            and fits(mine.rest, seen.rest) and fits(mine.place, seen.place) and (
                not self.details or all(
                    _same_value(mine.details.get(key), seen.details.get(key))
                    for key in {**mine.details, **seen.details}))

    def may_meet(self, want: Event) -> bool:
        """Whether some event that fits this pattern is what the want allows."""
        mine = self.event
        if mine is None or mine.kind is not want.kind or not fits(mine.subject, want.subject) or \
                (want.rest or mine.kind is Kind.ENTRY) and not fits(mine.rest, want.rest) or \
                want.place and not fits(mine.place, want.place):
            return False
        open_keys = {key for key, value in mine.details.items() if "*" in value}
        claims = {key: value for key, value in want.details.items()
                  if self.details and claimed_of(key) not in open_keys}
        like = replace(mine, subject=want.subject, rest=want.rest, place=want.place)
        return not like.differs_from(replace(want, details=claims))


def _event(text: str) -> EventPattern:
    if text == ANY:
        return EventPattern(None)
    details = not text.endswith(ANY_DETAILS)
    event = next(iter(parse(text if details else text[:-len(ANY_DETAILS)])), None)
    if event is None or event.kind is Kind.OTHER:
        raise BadPattern("no event of a trace: %r (write it as the log does, such as "
                         "IRQ(0x60)@NOP#1[if=1,rf=0])" % text)
    wrong = never(event, details)
    if wrong:
        raise BadPattern(wrong)
    return EventPattern(event, details)


def events(trace: str) -> Tuple[EventPattern, ...]:
    """The events of a pattern of a trace; a BadPattern says what is wrong with it."""
    if trace == "nothing":
        return ()
    return tuple(_event(part) for part in trace.split("; "))


def _sequence(mine: Sequence[EventPattern], theirs: Sequence[Event],
              same: Callable[[EventPattern, Event], bool]) -> bool:
    """Whether the events are those of the pattern, in order."""
    reached = {0}
    for pattern in mine:
        if pattern.any:
            reached = set(range(min(reached), len(theirs) + 1)) if reached else reached
        else:
            reached = {at + 1 for at in reached if at < len(theirs) and same(pattern, theirs[at])}
    return len(theirs) in reached


@dataclass(frozen=True)
class Pattern:
    """What a line says is seen. message: of a check(), or the reason of a verdict, or the order."""
    form: Form
    trace: Tuple[EventPattern, ...] = ()
    message: str = ""

    @property
    def anywhere(self) -> bool:
        """Whether it is about what may befall any case, and says nothing of a single one."""
        return self.form is Form.AGAIN

    @property
    def wild(self) -> bool:
        """Whether it has a wildcard."""
        return "*" in self.message or any(
            e.event is None or not e.details or "*" in e.event.text for e in self.trace)

    def _fits_trace(self, seen: str) -> bool:
        return _sequence(self.trace, parse(seen), EventPattern.fits)

    def _fits_again(self, result: Result) -> bool:
        """Whether the trace is a legal one but for this event, which came right behind its like."""
        if len(result.observed) != 1 or is_sweep(result) or message_of(result):
            return False
        seen = parse(result.observed[0])
        for at in range(1, len(seen)):
            rest = "; ".join(event.text for event in seen[:at] + seen[at + 1:])
            if self.trace[0].fits(seen[at]) and seen[at - 1].kind is seen[at].kind and \
                    seen[at - 1].subject == seen[at].subject and \
                    any(not first_difference(want, rest) for want in result.expected):
                return True
        return False

    def fits(self, result: Result) -> bool:
        """Whether this is what a result shows. (An order: whether it is one of those shown.)"""
        if self.form.verdict != result.verdict:
            return False
        if self.form is Form.AGAIN:
            return self._fits_again(result)
        if self.form is Form.ORDER:
            return any(fits(self.message, order) for order in illegal_orders(result))
        if self.form is Form.CHECK:
            return judged_by_message(result) and fits(self.message, message_of(result))
        if self.form is Form.TRACE:
            return len(result.observed) == 1 and not illegal_orders(result) and \
                not judged_by_message(result) and fits(self.message, message_of(result)) and \
                self._fits_trace(result.observed[0])
        return fits(self.message, result.reason)

    def legal(self, result: Result) -> str:
        """The legal trace, or the legal order of a sweep, that this pattern also fits, whatever
        message it has; '' if there is none."""
        if self.form is Form.ORDER:
            return next((want for want in result.expected if fits(self.message, want)), "")
        if self.form is not Form.TRACE or is_sweep(result):
            return ""
        return next((want for want in result.expected
                     if _sequence(self.trace, parse(want), EventPattern.may_meet)), "")


def _says_something(message: str) -> bool:
    """Whether a text with wildcards says enough to be told from others."""
    left = message.replace("*", "").replace(" ", "")
    return len(left) >= (_LEAST_TEXT if "*" in message else 1)


def parse_pattern(text: str) -> Pattern:
    """The pattern of a line without its scope and reason; a BadPattern says what is wrong."""
    word = next((word for word in _WORDS if text.startswith(word)), "")
    if word and _WORDS[word] is Form.AGAIN:
        found = Pattern(Form.AGAIN, events(text[len(word):].strip()))
        if len(found.trace) != 1 or found.trace[0].any:
            raise BadPattern("%r: again: is about one event" % text)
    elif word:
        found = Pattern(_WORDS[word], message=text[len(word):].strip())
        if not _says_something(found.message):
            raise BadPattern("%r says nothing: write the text that is seen" % text)
    else:
        trace, _, message = text.partition(CHECK)
        found = Pattern(Form.TRACE, events(trace.strip()), message.strip())
        if CHECK in text and not _says_something(found.message):
            raise BadPattern("%r says no text of the check" % text)
    if found.trace and not any(event.solid for event in found.trace):
        raise BadPattern("%r consists of wildcards only: write what is seen" % text)
    return found


def is_sweep(result: Result) -> bool:
    """Whether the result is that of a sweep."""
    return bool(result.sweep or result.histogram or _TIMER.match(result.reason))


def message_of(result: Result) -> str:
    """What a check() said, without the timer count of a sweep; '' if the trace says it all."""
    said = _TIMER.sub("", result.reason, count=1) if is_sweep(result) else result.reason
    return "" if _OF_THE_TRACE.fullmatch(said) else said


def illegal_orders(result: Result) -> List[str]:
    """The orders of a sweep's histogram that are not legal."""
    return [order for _, order in result.histogram if order not in result.expected]


def judged_by_message(result: Result) -> bool:
    """Whether only a check() has failed, because the trace is a legal one or was not recorded."""
    if not message_of(result):
        return False
    if not result.observed:
        return True
    return not is_sweep(result) and any(not first_difference(want, result.observed[0])
                                        for want in result.expected)


def explains(patterns: Iterable[Pattern], result: Result) -> Optional[Pattern]:
    """The pattern that is what the result shows, None if none of them is. If the result has several
    illegal orders, each must be listed; the pattern of the first is returned."""
    mine = list(patterns)
    found = next((pattern for pattern in mine if pattern.fits(result)), None)
    if found and found.form is Form.ORDER and not all(
            any(p.form is Form.ORDER and fits(p.message, order) for p in mine)
            for order in illegal_orders(result)):
        return None
    return found


def spelt(result: Result) -> List[str]:
    """The patterns, without wildcards, that say what a result shows: one, or one for each illegal
    order of a sweep. Only a trace that its line of the log cuts ends in a wildcard."""
    if result.verdict != FAIL:
        return ["%s: %s" % (result.verdict, result.reason)]
    if illegal_orders(result):
        return ["order: " + order for order in illegal_orders(result)]
    said = message_of(result)
    if judged_by_message(result):
        return ["check: " + said]
    trace = result.observed[0] if result.observed else "nothing"
    if trace.endswith(_CUT):
        trace = trace.rpartition("; ")[0] + "; " + ANY
    return [trace + (CHECK + said if said else "")]


def beside(mine: Sequence[EventPattern], seen: Sequence[Event]) -> List[Tuple[str, bool]]:
    """The pattern's events, each beside the one of the trace, and whether the two differ. ANY stands
    beside whatever its neighbours leave."""
    anys = [index for index, pattern in enumerate(mine) if pattern.any]
    if anys:
        tail = len(mine) - anys[-1] - 1
        gap = max(1, len(seen) - anys[0] - tail)
        between = list(mine[anys[0]:anys[-1] + 1])
        mine = list(mine[:anys[0]]) + (between + between[-1:] * gap)[:max(gap, len(between))] + \
            list(mine[anys[-1] + 1:])
    table = []
    for index in range(max(len(mine), len(seen))):
        pattern = mine[index] if index < len(mine) else None
        event = seen[index] if index < len(seen) else None
        same = pattern is not None and (pattern.any or event is not None and pattern.fits(event))
        table.append((pattern.text if pattern else "", not same))
    return table


def nearest(patterns: Sequence[Pattern], result: Result) -> int:
    """The index of the pattern that shares the longest beginning with what the result shows."""
    seen = parse(result.observed[0]) if result.observed else []

    def met(pattern: Pattern) -> Tuple[bool, int]:
        count = next((i for i, (mine, shown) in enumerate(zip(pattern.trace, seen))
                      if not mine.fits(shown)), min(len(pattern.trace), len(seen)))
        return pattern.form.verdict == result.verdict, count
    return max(range(len(patterns)), key=lambda index: met(patterns[index]))


def unfit(pattern: Pattern, result: Result) -> str:
    """Why this pattern must not, or cannot, list the case of a PASS or FAIL; '' if it may."""
    if pattern.form is Form.ORDER and not is_sweep(result):
        return "an order: is for a sweep, and the case is none"
    if pattern.form is Form.TRACE and is_sweep(result) and not pattern.message:
        return "what a sweep finds illegal has a message: write 'TRACE%sTEXT'" % CHECK
    legal = pattern.legal(result)
    if pattern.message and pattern.form is Form.TRACE:
        return "this trace is legal there (%s), so only the check tells: write 'check: %s'" % (
            legal, pattern.message) if legal and not pattern.wild else ""
    if legal and pattern.fits(result) and not first_difference(legal, result.observed[0]):
        return ""  # the guest, which sees more than the text, said so
    return "this line also fits what is legal there: %s" % legal if legal else ""
