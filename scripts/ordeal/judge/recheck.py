# SPDX-License-Identifier: BSD-2-Clause
"""A second opinion on a PASS: the runner compares the text of SEEN and WANT itself.

All verdicts rest on the guest's matcher; if it were wrong, every case might pass. This comparison
shares only the notation of docs/results.md with the guest's matcher. It cannot check what the
notation does not show (see trace.py). Pure functions.
"""
from typing import Sequence

from .trace import closest, first_difference, orders, parse


def contradiction(wants: Sequence[str], seen: Sequence[str]) -> str:
    """Why a PASS with these WANT and SEEN traces cannot be believed; '' if it can.

    SEEN may list several orders, as a sweep reports them; then each must be one of WANT.
    """
    for event in [event for want in wants for event in parse(want)]:
        if event.unknown_claim():
            return "the guest says PASS, but its WANT claims [%s] of %s, which this runner cannot " \
                "compare (scripts/ordeal/judge/trace.py)" % (event.unknown_claim(), event.name)
    for order in [one for line in seen for one in orders(line)]:
        if all(first_difference(want, order) for want in wants):
            return "the guest says PASS, but its SEEN is none of its WANT: %s (%s)" % (
                order, first_difference(closest(wants, order), order))
    return ""
