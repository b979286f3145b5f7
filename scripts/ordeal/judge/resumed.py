# SPDX-License-Identifier: BSD-2-Clause
"""Several logs of one image as one: our loader enters an image that gave up again, behind the case in
which it did (loader/script.c). Pure functions.
"""
from typing import Dict, Sequence

from .session import CaseLog, Judgement, Session, BootPlan


def rest_of(session: Session, judged: Judgement) -> Session:
    """The judge of the log that follows this one: the same start, and the cases that are left."""
    return Session(BootPlan(session.plan.nonce, tuple(judged.rest)))


def joined(parts: Sequence[Judgement]) -> Judgement:
    """The judgement of all these logs together, in their order."""
    cases: Dict[str, CaseLog] = {}
    for part in parts:
        cases.update(part.cases)
    return Judgement(cases, parts[-1].rest, any(part.started for part in parts),
                     next((part.why for part in parts if part.why), ""), parts[0].env,
                     next((part.charged for part in parts if part.charged), ""))
