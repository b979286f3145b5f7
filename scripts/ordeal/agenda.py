# SPDX-License-Identifier: BSD-2-Clause
"""What a run is going to do: its cases, platforms and units, and the known deviations.

The agenda is complete before anything boots, so that every error in the input is reported first.
"""
import os
import time
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

from . import platforms
from .host import Host
from .judge.kut import MAX_SUBTESTS
from .model import Case, Stanza, UserError
from .options import LAB, WORLD, Options
from .plan import known, quirks, suites, world
from .plan.excuse import Deviations
from .plan.select import Selection, Suite, check_stanzas, ident, result_filter, select, wanted
from .platforms.base import Platform
from .record import replace
from .run.unit import Unit
from .text import shell_quote

if TYPE_CHECKING:
    from .judge.captured import Found
    from .plan.seen import Ids


class Agenda:
    """The plan of a run. load() and prepare() fill it; afterwards it does not change."""

    def __init__(self, host: Host, options: Options) -> None:
        self.host, self.options = host, options
        host.lab = {name: options.one(name) for name in LAB if options.one(name)}
        self.own = not options.one("cfg")
        self.cfg = options.one("cfg") or os.path.join(host.root, suites.DEFAULT_CFG)
        self.selection = Selection(
            tuple(options.patterns), tuple(options.values.get("exclude", [])),
            tuple(options.words("group")), options.flag("all"), options.shard)
        self.suites: List[Suite] = []
        self.chosen: List[Tuple[Suite, List[Case]]] = []
        self.platforms: List[Platform] = []
        #: The known deviations, by the platform's name.
        self.known: Dict[str, Deviations] = {}
        #: One unit for each round, by the index of the suite's first case on that platform.
        self.rounds: Dict[int, List[Unit]] = {}
        #: With --judge: the logs to judge.
        self.captured: Optional["Found"] = None
        self._unread: List[str] = []
        self._commands: Dict[Tuple[str, ...], str] = {}
        self._known_ids: Optional["Ids"] = None

    def load(self) -> None:
        """Read the cfg file and the images, and select the cases."""
        stanzas = suites.read_stanzas(self.host, self.cfg, self.options.values.get("set", []))
        stanzas = self._with_world(stanzas)
        check_stanzas(stanzas, self.selection)
        self._unread = [s.name for s in stanzas if not wanted(s, self.selection)]
        self.suites = suites.load(self.host, self.cfg,
                                  [s for s in stanzas if wanted(s, self.selection)], self.own)
        if any(world.is_world(suite.stanza) for suite in self.suites):
            world.check(self.host, self.suites)
        self.chosen = select(self.suites, self.selection)

    def _with_world(self, stanzas: List[Stanza]) -> List[Stanza]:
        """The stanzas with the options of the generated world. --only alone selects the block."""
        only = self.options.one("only")
        if only and not self.selection.patterns:
            self.selection = replace(self.selection, patterns=tuple(
                "%s/%s" % (s.name, world.block_of(only)) for s in stanzas
                if world.is_world(s) and not world.is_guest(s)))
            world.ask(self.host, ["--world-batch"], [only])  # before its block is looked for
        return world.with_options(stanzas, self.options.world,
                                  [s.name for s in stanzas if wanted(s, self.selection)])

    def prepare(self) -> None:
        """Choose the platforms, read the known deviations, and make the units."""
        if self.options.one("judge"):
            from .run import captured
            self.captured = captured.read(self.options.one("judge"))
            self.platforms = [platforms.captured(self.options.platforms)]
        else:
            self.platforms = platforms.choose(self.host, self.options.platforms)
        if not self.chosen:
            raise UserError("nothing to run: the selection leaves no case; --list-cases lists them")
        self._read_known()
        index = 0
        for platform in self.platforms:
            for suite, cases in self.chosen:
                self.rounds[index] = self._units(platform, suite, cases, index)
                index += len(cases) if not suite.foreign else MAX_SUBTESTS + 1

    def _read_known(self) -> None:
        directory = os.path.join(os.path.dirname(os.path.abspath(self.cfg)), "expected")
        today = time.strftime("%Y-%m-%d")
        for platform in self.platforms:
            listed = known.load(directory, platform.expectations(self.host))
            stem, version = platform.below(self.host)
            if stem:
                listed += known.seen_through(known.load(directory, stem), version, stem)
            self.known[platform.name] = Deviations(
                listed, platform.name, platform.version(self.host), today)

    def _units(self, platform: Platform, suite: Suite, cases: List[Case],
               index: int) -> List[Unit]:
        """One unit for each round. Every error in a stanza is found here."""
        job = suites.make_job(suite, self.host)
        limit = suites.time_limit(suite.stanza, platform, self.host)
        skip = suites.why_not(suite.stanza, platform, self.host)
        keep = result_filter(suite, self.selection) if suite.foreign else None
        told: Tuple[str, ...] = ()
        if suite.quirks:
            listed = self.known[platform.name]
            quirks.check(listed.listed, suite.quirks)
            told = quirks.argument(listed.quirks, suite.words, world.is_guest(suite.stanza))
        return [Unit(platform, suite, cases, index, number, replace(job, round=number), limit, skip,
                     told, keep) for number in range(1, self.options.repeat + 1)]

    def worlds(self) -> List[Dict[str, Any]]:
        """For each suite that plays the generated world: how many situations are selected of how
        many, and by which arguments."""
        found = []
        for suite, cases in self.chosen:
            if world.is_world(suite.stanza) and not suite.foreign:
                picked, every = world.extent(self.host, suite, [case.name for case in cases])
                found.append({
                    "suite": suite.stanza.name, "situations": picked, "all": every,
                    "words": [word for word in suite.words if word.split("=")[0] in WORLD]})
        return found

    @property
    def units(self) -> List[Unit]:
        """Every unit, in the order of the run."""
        return [unit for rounds in self.rounds.values() for unit in rounds]

    def repro(self, platform: str, case: str) -> str:
        """The one command that boots only this case, or (without a slash) only this situation of the
        generated world."""
        if self.captured:
            platform = (self.options.platforms or [""])[0]
        names = () if "/" not in case else WORLD
        words = (["-p", platform] if platform else []) + ([case] if names else ["--only", case])
        return "%s %s" % (self._command(names), shell_quote(words))

    def _command(self, names: Tuple[str, ...]) -> str:
        """run_tests.sh with the options of this run that change a guest, and these."""
        if names not in self._commands:
            words = [os.path.join(os.path.relpath(self.host.root), "run_tests.sh")]
            for name in ("cfg", "set", "judge") + LAB + names:
                for value in self.options.values.get(name, []):
                    words += ["--" + name, value]
            env = ["%s=%s" % (k, shell_quote([v])) for k, v in self.host.changed().items()]
            self._commands[names] = " ".join(env + [shell_quote(words)])
        return self._commands[names]

    def check_known(self) -> None:
        """Read what the known deviations say is seen. This is done while the first machine starts,
        because it takes longer than the rest of the agenda; a UserError ends the run."""
        names = list(platforms.known())
        for listed in self.known.values():
            listed.check(self._ids(), names)

    def _ids(self) -> "Ids":
        if not self._known_ids:
            from .plan.seen import Ids
            every = [ident(suite, case) for suite in self.suites for case in suite.cases]
            self._known_ids = Ids(every + [name + "/*" for name in self._unread + [
                s.stanza.name for s in self.suites if s.foreign]])
        return self._known_ids

    def complaints(self) -> List[str]:
        """Lines about known deviations that are stale."""
        ids = self._ids()
        lines = [line for listed in self.known.values() for line in listed.complaints(ids)]
        for suite in self.suites:
            cases = [ident(suite, case) for case in suite.carried] if suite.quirks else []
            for listed in self.known.values() if cases else ():
                if quirks.is_whole(cases, suite.words, listed.blocks):
                    lines += quirks.idle(listed.quirks, listed.needed)
        return lines

    def faults(self) -> List[str]:
        """What the results show to be wrong with the known deviations. Scenes that are changed on
        purpose show nothing, because another order is legal in them."""
        if any(word.startswith(("mutate=", "wrong=")) for suite in self.suites
               for word in suite.words):
            return []
        return sorted({fault for listed in self.known.values() for fault in listed.faults})
