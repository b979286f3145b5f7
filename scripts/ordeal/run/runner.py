# SPDX-License-Identifier: BSD-2-Clause
"""Boots every planned case and gives each exactly one verdict.

A unit boots all its cases. When a boot breaks, the judge names the case to blame, and the unit
boots again with the cases that follow, until every case has a verdict or a boot reaches no case;
then the remaining cases are NOTRUN.
"""
import os
import zlib
from collections import deque
from typing import TYPE_CHECKING, Any, Callable, Deque, List, Optional, Tuple

from ..host import Host
from ..judge.kut import KutSession
from ..judge.session import BootPlan, CaseLog, Judgement, Session
from ..model import NOTRUN, SKIP, UserError
from ..plan import world
from ..platforms.base import Launch
from ..record import dataclass
from .engine import Boot, Engine
from .search import Search
from .shared_boot import SharedBoot, batches
from .unit import Unit

if TYPE_CHECKING:
    from .cache import Cache
    from .opinion import Reviewer

#: For how many seconds a guest may be silent for each situation, and at least, on a fast platform.
PATIENCE, LEAST_PATIENCE = 0.05, 10.0


def make_directory(prefix: str) -> str:
    """A new private directory. (tempfile takes longer to load than a guest to boot.)"""
    path = prefix + os.urandom(4).hex()
    os.mkdir(path, 0o700)
    return path


def remove_directory(path: str) -> None:
    """Remove a directory and everything in it; what cannot be removed stays."""
    try:
        for entry in list(os.scandir(path)):
            if entry.is_dir(follow_symlinks=False):
                remove_directory(entry.path)
            else:
                os.unlink(entry.path)
        os.rmdir(path)
    except OSError:
        pass


@dataclass(frozen=True)
class Apart:
    """How far apart cases are kept. units: units do not share boots; cases: cases do not, either;
    seed: of the order of the cases of a boot, 0 for the image's order."""
    units: bool = False
    cases: bool = False
    seed: int = 0


class Runner:
    """Boots units. on_boot() is called after each boot, on_unit() when a unit is over. cache: where
    boots are kept and found."""

    def __init__(self, host: Host, logs: str, slots: int,
                 on_boot: Callable[[Unit, Boot], None],
                 on_unit: Callable[[Unit], None], apart: Apart = Apart(),
                 cache: Optional["Cache"] = None) -> None:
        self.host, self.logs, self.apart, self.cache = host, logs, apart, cache
        self.engine = Engine(slots)
        self.on_boot, self.on_unit = on_boot, on_unit
        self.work = ""
        self._queue: Deque[List[Unit]] = deque()
        self._reviews: Optional["Reviewer"] = None

    def run(self, units: List[Unit]) -> None:
        """Boot all units in order, as many at a time as the engine has slots."""
        for unit in units:
            unit.left = [case.name for case in unit.cases]
            if unit.skip:
                unit.verdicts = {name: (CaseLog(name, SKIP, unit.skip), 0, 0.0)
                                 for name in unit.left}
                unit.left = []
        self.work = make_directory(os.path.join(os.environ.get("TMPDIR", "/tmp"), "ordeal-"))
        self.engine.guard.sweep(self.work)
        try:
            for unit in units:
                if not unit.left:
                    self._close(unit)
            self._queue.extend(batches([unit for unit in units if unit.left], self.apart.units))
            self.engine.run(self._queue, self._boot, self._finished)
        finally:
            self.engine.stop()
            remove_directory(self.work)
        for unit in units:
            if not unit.over:
                for name in unit.unsettled:
                    unit.verdicts[name] = (CaseLog(name, NOTRUN, "the run was interrupted"), 0, 0.0)
                self._close(unit)

    @staticmethod
    def _word(unit: Unit, what: str, key: str) -> str:
        """Eight hex digits: new for every boot; on a platform whose runs repeat instruction by
        instruction, a function of the plan alone; with the result cache, of the boot's key."""
        if not unit.platform.repeatable and not key:
            return os.urandom(4).hex()
        plan = (what, key or unit.label, unit.left, 0 if key else unit.boots)
        return "%08x" % zlib.crc32(repr(plan).encode())

    def _session(self, unit: Unit, key: str) -> Tuple[Any, List[str]]:
        """A new judge for one boot of the unit, and the image's arguments."""
        unit.boots += 1
        if unit.suite.foreign:
            return KutSession(), list(unit.suite.words)
        nonce = self._word(unit, "nonce", key)
        args = unit.arguments("nonce=" + nonce)
        return Session(BootPlan(nonce, tuple(unit.left or [unit.searches[0].case]))), args

    def _boot(self, units: List[Unit]) -> Optional[Boot]:
        """A boot for these units; None, and the units are over, if it could not be made."""
        platform = units[0].platform
        for unit in units:
            unit.plan(self.apart.seed, self.apart.cases)
        key = self.cache.key(units) if self.cache else ""
        # What decides where a log begins is asked before the boot is counted.
        place = self._place(units)
        word = self._word(units[0], "mark", key)
        sessions = [self._session(unit, key) for unit in units]
        entry = self.cache.find(key, sum(unit.limit for unit in units)) if self.cache else None
        if self.cache and entry and not self.cache.doubted():
            from .replay import replay
            boot = self._made(units, Launch(entry.argv), sessions, word, place, "")
            replay(boot, entry, key)
            self.cache.hits += 1
            self.engine.on_start()
            self._finished(boot)
            return None
        work = make_directory(self.work + "/")
        try:
            launch = platform.launch_many(
                self.host, [(unit.job, args) for unit, (_, args) in zip(units, sessions)], word,
                work) if platform.shares_boot else platform.launch(
                self.host, units[0].job, sessions[0][1], work)
        except UserError as error:
            remove_directory(work)
            if not platform.defers:
                raise
            self._give_up(units, str(error))
            return None
        boot = self._made(units, launch, sessions, word, place, work)
        boot.key, boot.entry = key, entry
        boot.console = bytearray() if key else None
        return boot

    def _place(self, units: List[Unit]) -> Tuple[str, bool]:
        """The path of the log, and whether the boot's is appended to it."""
        path = units[0].log_path(self.logs)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path, units[0].boots > 0 or units[0].round > 1 or units[0].platform.shares_boot

    def _made(self, units: List[Unit], launch: Launch, sessions: List[Tuple[Any, List[str]]],
              word: str, place: Tuple[str, bool], work: str) -> Boot:
        """The boot, which is not started yet."""
        platform, tag = units[0].platform, (units, work)
        if platform.shares_boot:
            return SharedBoot(word, [session for session, _ in sessions],
                              [unit.limit for unit in units], platform, launch, *place, tag)
        boot = Boot(platform, launch, sessions[0][0], units[0].limit, *place, tag)
        own = not units[0].suite.foreign and not self.host.env.get("TIMEOUT")
        boot.silence = (platform.silence or self._patience(units[0])) if own else 0.0
        return boot

    def _reviewer(self) -> "Reviewer":
        if self._reviews is None:
            from .opinion import Reviewer  # loaded for runs that play the generated world
            self._reviews = Reviewer(self.host)
        return self._reviews

    def _patience(self, unit: Unit) -> float:
        """For how long a guest of the generated world may say nothing; 0 for other images, of which
        only the limit counts. It speaks after each block, and most of its boots have many."""
        if not world.is_world(unit.suite.stanza):
            return 0.0
        first, last = unit.search.ahead() if unit.search else (
            1, self._reviewer().largest(unit.suite.words))
        return (LEAST_PATIENCE + (last - first) * PATIENCE) * max(1.0, unit.platform.time_scale)

    def _remember(self, units: List[Unit], boot: Boot) -> None:
        """Compare the boot with what the cache keeps of it, and keep it."""
        if not self.cache or not boot.key or boot.cached:
            return
        build = self.cache.image(units[0].job.image)[1]
        if not boot.entry or not self.cache.agrees(boot.entry, boot, build, units[0].label):
            self.cache.keep(boot.key, boot, build)

    def _give_up(self, units: List[Unit], why: str) -> None:
        """Give NOTRUN to every remaining case of these units."""
        for unit in units:
            for name in unit.unsettled:
                unit.verdicts[name] = (CaseLog(name, NOTRUN, why), 0, 0.0)
            unit.left, unit.later, unit.searches = [], [], []
            self._close(unit)

    def _finished(self, boot: Boot) -> None:
        units, work = boot.tag
        remove_directory(work)
        assert boot.judgement is not None
        self._remember(units, boot)
        from_start = self._stumbled(units[0], boot.judgement) or self._mended(units[0], boot)
        boot.unsaid = ["%s: %s" % (units[0].platform.name, boot.note)] if boot.note else []
        if from_start:
            self.on_boot(units[0], boot)
            self._queue.appendleft(units)
            return
        judged = [(units[0], boot.judgement)]
        if isinstance(boot, SharedBoot):
            judged = boot.judgements(units)
            boot.unsaid += [] if boot.cached else [boot.times()]
        if self.cache:
            boot.unsaid += self.cache.unsaid
            self.cache.unsaid = []
        cases = sum(len(judgement.cases) for _, judgement in judged)
        again = [unit for unit in units if unit not in [u for u, _ in judged]]
        for unit, judgement in judged:
            boot.judgement = judgement
            if self._settle(unit, boot, boot.seconds / max(1, cases)):
                again.append(unit)
        if again:
            self._queue.appendleft([unit for unit in units if unit in again])

    @staticmethod
    def _stumbled(unit: Unit, judgement: Judgement) -> bool:
        """Whether the machine failed to start for a passing reason; it is tried up to three times
        more."""
        return not judgement.started and unit.boots <= 3 and any(
            word in judgement.why for word in unit.platform.stumbles)

    @staticmethod
    def _mended(unit: Unit, boot: Boot) -> bool:
        """Whether nothing began because of the state that the machine started from, and that state
        was mended. This happens at most once."""
        assert boot.judgement is not None
        if boot.judgement.started or unit.boots > 1:
            return False
        fault = boot.launch.mend()
        boot.note = fault or boot.note
        return bool(fault)

    def _settle(self, unit: Unit, boot: Boot, share: float) -> bool:
        """Take the verdicts of a boot; returns whether the unit needs another boot."""
        judgement = boot.judgement
        assert judgement is not None
        if world.is_world(unit.suite.stanza):
            self._reviewer().review(unit.suite.words, judgement.env, list(judgement.cases.values()),
                                  unit.search.ahead() if unit.search else None)
        if unit.search:
            self._searched(unit, judgement, share)
        else:
            self._took(unit, judgement, share)
        unit.why = judgement.why or unit.why
        self.on_boot(unit, boot)
        if not judgement.started:
            for name in unit.left:
                unit.verdicts[name] = (CaseLog(name, NOTRUN, "its boot never reached it: "
                                               + judgement.why), unit.boots, 0.0)
            unit.left = []
        unit.left, unit.later = unit.left + unit.later, []
        if unit.unsettled:
            return True
        self._close(unit)
        return False

    def _took(self, unit: Unit, judgement: Judgement, share: float) -> None:
        """Take the verdicts of an ordinary boot. A block that ended it will be searched."""
        for name, log in judgement.cases.items():
            ended = name == judgement.charged and judgement.started and self._can_be_searched(unit)
            named = world.named(unit.suite.words) if ended else ""
            situations = [named] if named else \
                world.names(self.host, name, unit.suite.words) if ended else []
            if situations:
                unit.searches.append(Search(situations, log))
            elif unit.keep is None or unit.keep(name):
                unit.verdicts[name] = (log, unit.boots, share)
        searched = [search.case for search in unit.searches]
        unit.left = [name for name in judgement.rest
                     if name not in unit.verdicts and name not in searched]

    @staticmethod
    def _can_be_searched(unit: Unit) -> bool:
        return world.is_world(unit.suite.stanza) and not unit.suite.foreign and not any(
            word.startswith(("from=", "to=")) for word in unit.suite.words)

    @staticmethod
    def _searched(unit: Unit, judgement: Judgement, share: float) -> None:
        """Take what the boot of a part of a block showed."""
        search = unit.searches[0]
        log = judgement.cases.get(search.case, CaseLog(search.case, NOTRUN, judgement.why))
        if judgement.started:
            search.take(log, not judgement.charged)
        else:
            search.give_up(judgement.why)
        if search.over:
            unit.verdicts[search.case] = (search.result(), unit.boots, share)
            unit.searches.pop(0)

    def _close(self, unit: Unit) -> None:
        unit.over = True
        self.on_unit(unit)
