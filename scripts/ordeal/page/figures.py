# SPDX-License-Identifier: BSD-2-Clause
"""The drawings that the page shows for one result when its case is opened, each with a caption."""
from typing import List, Optional, Tuple

from ..judge.pattern import CHECK, Form, parse_pattern
from ..judge.trace import closest, orders
from ..model import PASS, Result
from ..report.timeline import twin_name, twin_trace
from .lanes import lanes
from .phase import phase
from .stories import arrival, story_of, vector_of
from .svg import Drawing

Figure = Tuple[str, Drawing]
_PHASE = "Orders seen as the arrival moves; under the axis, the tick and the instruction at which each " \
    "order begins. The width of a stretch grows with the square root of its ticks."


def sample(result: Result) -> Optional[str]:
    """The one trace that was recorded; None if there is none, or if the line lists a sweep's orders."""
    found = orders(result.observed[0]) if result.observed else []
    return found[0] if len(found) == 1 else None


def _phase(result: Result) -> Drawing:
    return phase(result.histogram, result.expected, result.verdict == PASS, result.sweep)


def _lanes(result: Result, seen: str, twin: Optional[Result]) -> Figure:
    passed = result.verdict == PASS
    want = closest(result.expected, seen) if result.expected and not passed else None
    beside = twin_trace(twin) if twin else None
    known = result.pattern.partition(CHECK)[0] if result.listed and want is not None and \
        parse_pattern(result.pattern).form is Form.TRACE else None
    caption = "What was seen" if want is None else "Expected, and what was seen" if known is None \
        else "Expected, what the known deviation looks like, and what was seen"
    if twin and beside is not None:
        caption += "; beside it the native twin, " + twin_name(twin)
    story = story_of(result.case) if passed else None
    return caption, lanes(seen, want, beside, arrival(story, seen), vector_of(seen), known)


def figures(result: Result, twin: Optional[Result]) -> List[Figure]:
    """For a sweep its phase diagram, with that of its twin; then the recorded trace, unless it is one
    of the sweep's legal orders."""
    found = [(_PHASE, _phase(result))] if result.histogram else []
    if found and twin and twin.histogram:
        found.append(("Its native twin, " + twin.case, _phase(twin)))
    seen = sample(result)
    if seen is not None and not (result.histogram and seen in result.expected):
        found.append(_lanes(result, seen, twin))
    return found
