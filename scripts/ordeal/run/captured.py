# SPDX-License-Identifier: BSD-2-Clause
"""Judges logs that were captured elsewhere as if their machines had just printed them (--judge).

Nothing boots, so what no log shows has no second chance: its cases are NOTRUN. A suite has several
logs if our loader entered its image again behind a case in which it gave up (loader/script.c).
"""
import time
from typing import Any, Dict, List, Sequence, Tuple

from ..judge import captured
from ..judge.captured import Captured
from ..judge.resumed import joined
from ..judge.session import BootPlan, Ending, Judgement, Session
from ..model import UserError
from ..platforms.base import Launch
from ..platforms.lab.relay import read_exit
from .engine import Boot, StoredLog
from .runner import Runner
from .unit import Unit

#: The largest file that is read.
MOST = 1 << 30


def read(path: str) -> captured.Found:
    """The logs in this file; - is standard input. UserError if there is none."""
    try:
        with open(0 if path == "-" else path, "rb", closefd=path != "-") as stream:
            data = stream.read(MOST + 1)
    except OSError as error:
        raise UserError("--judge %s: %s" % (path, error.strerror)) from None
    if len(data) > MOST:
        raise UserError("--judge %s: larger than %d MiB; cut out the logs" % (path, MOST >> 20))
    found = captured.logs(data, "standard input" if path == "-" else path)
    if not found.logs:
        raise UserError("--judge %s; give the console of a machine that ran this suite"
                        % found.faults[0])
    return found


class Judge(Runner):
    """A runner that boots nothing: for each unit it judges the logs of its suite. found: the logs;
    whole: no suite was left out on purpose. faults: what was not judged."""

    def __init__(self, found: captured.Found, whole: bool, *args: Any) -> None:
        super().__init__(*args)
        self.faults = list(found.faults)
        self._logs: Dict[str, List[Captured]] = {}
        self._whole = whole
        for log in found.logs:
            self._logs.setdefault(log.suite, []).append(log)

    def run(self, units: List[Unit]) -> None:
        """Judge all units in order."""
        for unit in units:
            unit.left = [case.name for case in unit.cases]
            mine = self._logs.pop(unit.suite.stanza.name, [])
            if unit.suite.foreign:
                raise UserError("--judge: the image of suite %s does not list its cases; only logs "
                                "of our own images can be judged" % unit.suite.stanza.name)
            if not mine:
                self._give_up([unit], "there is no log of suite %s" % unit.suite.stanza.name)
                continue
            self.engine.on_start()
            self._judge(unit, mine)
        for logs in self._logs.values() if self._whole else ():
            self.faults.append("%s: a log of suite %s is not judged: name the suite"
                               % (logs[0].where, logs[0].suite))

    def _judge(self, unit: Unit, mine: Sequence[Captured]) -> None:
        began = time.monotonic()
        judgement, ending = self._judged(unit, mine)
        unit.boots += 1
        boot = Boot(unit.platform, Launch(["--judge", mine[0].where]), None, unit.limit,
                    *self._place([unit]), ([unit], ""))
        self._store(boot, mine)
        boot.judgement, boot.ending = judgement, ending
        wanted = {case.name for case in unit.cases}
        judgement.cases = {n: log for n, log in judgement.cases.items() if n in wanted}
        judgement.rest = [name for name in unit.left if name not in judgement.cases]
        boot.seconds = time.monotonic() - began
        if self._settle(unit, boot, 0.0):
            why = "the log does not reach it%s" % (judgement.why and ": " + judgement.why)
            self._give_up([unit], why)

    def _judged(self, unit: Unit, mine: Sequence[Captured]) -> Tuple[Judgement, Ending]:
        """What the logs of one suite say together, and how the last that counts ended."""
        whole = [case.name for case in unit.suite.carried]
        left, parts, ending = whole, [], Ending("stopped")
        for number, log in enumerate(mine):
            if parts and not (parts[-1].why and 0 < log.plan <= len(left) < len(whole)):
                self.faults.append("%s: another log of suite %s is not judged: judge its part of "
                                   "the file alone" % (log.where, log.suite))
                continue
            session = Session(BootPlan(log.nonce, tuple(captured.planned(log, left))))
            session.feed(log.data)
            ending = _ending(log, session, number + 1 < len(mine))
            parts.append(session.finish(ending))
            done = {name for part in parts for name in part.cases}
            left = [name for name in left if name not in done]
        return joined(parts), ending

    @staticmethod
    def _store(boot: Boot, mine: Sequence[Captured]) -> None:
        """Keep the log where that of a boot is kept."""
        try:
            stored = StoredLog(boot.log_path, boot.append, "--- from %s\n" % mine[0].where)
            for log in mine:
                stored.write(log.data)
            stored.close(b"")
        except OSError as error:
            raise UserError("cannot write %s: %s" % (boot.log_path, error.strerror)) from None

    @staticmethod
    def _can_be_searched(unit: Unit) -> bool:
        return False


def _ending(log: Captured, session: Session, more: bool) -> Ending:
    """How the boot ended: as the loader says; if it does not say, another log of the suite means that
    the machine began anew."""
    if log.how:
        return read_exit(log.how)
    if session.closed:
        return Ending("stopped")
    return Ending("off") if more else Ending("stopped", None, "its log ends there")
