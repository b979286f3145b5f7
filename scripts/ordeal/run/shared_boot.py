# SPDX-License-Identifier: BSD-2-Clause
"""Boots that run several images: units of one platform share a machine, but each has its verdicts.

A relay divides the console of such a boot into the consoles of the images, so that the ordinary
judge judges every unit. Units that a boot did not settle go into the next boot.
"""
import time
from typing import Any, List, Tuple

from ..judge.session import Judgement
from ..platforms.lab.relay import Relay, Slice
from .engine import Boot
from .unit import Unit


def batches(units: List[Unit], alone: bool) -> List[List[Unit]]:
    """Group neighbouring units of one platform and round, which may share a boot. alone: each unit
    boots by itself."""
    groups: List[List[Unit]] = []
    for unit in units:
        last = groups[-1][-1] if groups else None
        if (last is not None and not alone and unit.platform.shares_boot
                and last.platform is unit.platform and last.round == unit.round):
            groups[-1].append(unit)
        else:
            groups.append([unit])
    for group in groups:
        last = group[0].platform.last
        if last:
            group.sort(key=lambda unit: unit.suite.stanza.name in last)
    return groups


class SharedBoot(Boot):
    """A boot whose session is a relay; it remembers when its first image began."""

    def __init__(self, word: str, sessions: List[Any], limits: List[float], *args: Any) -> None:
        self.relay = Relay(word, [Slice(*pair) for pair in zip(sessions, limits)],
                           args[0].migrates)
        super().__init__(args[0], args[1], self.relay, args[0].boot_limit, *args[2:])
        self.first = 0.0
        self.relay.on_begin = self._begin

    def _begin(self, limit: float) -> None:
        """Start the time limit of an image when the image starts."""
        self.first = self.first or time.monotonic()
        self.limit = limit
        self.end_by(time.monotonic() + limit if limit else float("inf"))

    def judgements(self, units: List[Unit]) -> List[Tuple[Unit, Judgement]]:
        """The judgements of the units whose images began; if none did, of all units, with the
        reason."""
        found = [(unit, part.judgement) for unit, part in zip(units, self.relay.slices)
                 if part.judgement is not None]
        if found or self.judgement is None:
            return found
        why = self.judgement.why
        return [(unit, Judgement({}, list(unit.left), False, why, [])) for unit in units]

    def times(self) -> str:
        """How long the machine took to reach its first image, and how long the images took."""
        if not self.first:
            return "%s: no image began" % self.platform.name
        boot = self.first - self.started
        return "%s: %.1f s to the first image, %.1f s for %d of them" % (
            self.platform.name, boot, self.seconds - boot,
            sum(part.began for part in self.relay.slices))
