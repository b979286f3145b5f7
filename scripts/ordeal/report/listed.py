# SPDX-License-Identifier: BSD-2-Clause
"""A result that an entry of expected/ lists, in three columns: what the architecture wants, what the
known deviation looks like, what was seen now. Pure functions from results to lines."""
from itertools import zip_longest
from typing import List

from ..judge.pattern import Form, beside, parse_pattern
from ..judge.trace import closest, parse, rows
from ..model import Result
from ..text import table

HEADS = ("the architecture", "known deviation", "seen now")


def columns(result: Result) -> List[str]:
    """The three columns. A mark stands between two events that differ: the one that is wanted and the
    one that was seen, or the one that is known and the one that was seen."""
    if result.block.get("quirks"):  # of a block of the generated world: which quirks, how often
        return ["    known deviation: %s" % result.pattern]
    known = parse_pattern(result.pattern)
    lines: List[str] = []
    seen = result.observed[0] if result.observed else ""
    if known.form in (Form.TRACE, Form.CHECK) and (result.expected or seen):
        want = closest(result.expected, seen)
        legal = rows(want, seen)
        listed = beside(known.trace, parse(seen)) if known.form is Form.TRACE else []
        lines += table([
            ((row.wanted.text if row and row.wanted else ""), bool(row and row.differs),
             pair[0] if pair else "", bool(pair and pair[1]),
             (row.seen.text if row and row.seen else ""))
            for row, pair in zip_longest(legal, listed)] or [("", False, "nothing", True, "")], HEADS)
    if known.form is not Form.TRACE:
        lines.append("    known deviation: %s" % result.pattern)
    elif known.message:
        lines.append("    known deviation: with check: %s" % known.message)
    return lines
