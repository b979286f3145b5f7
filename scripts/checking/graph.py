# SPDX-License-Identifier: BSD-2-Clause
"""Runs the parts of a check side by side: as many at once as there are slots, the longest way first.

Each part is a process in a session of its own, and its output goes into a file. A part waits for
the parts that it names, and is started once. When the check is interrupted or killed, every part is
ended.
"""
import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from ordeal.run.guard import Guard, kill_group

#: How long a part may take to end after SIGINT, in seconds.
GRACE = 5.0
#: How often ended parts are looked for, in seconds.
PAUSE = 0.02


@dataclass
class Tally:
    """What a part found. slowest: seconds and the name of what took them. skips: lines with
    reasons."""
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    slowest: List[Tuple[float, str]] = field(default_factory=list)
    skips: List[str] = field(default_factory=list)

    def __str__(self) -> str:
        return ", ".join("%d %s" % (count, word) for count, word in (
            (self.passed, "passed"), (self.failed, "failed"), (self.skipped, "skipped"))
            if count) or "nothing counted"


@dataclass(frozen=True)
class Part:
    """One process of a check. count: its tally, from its exit status and the path of its output.
    needs: the parts that must have succeeded before; after: those that must be over. seconds: how
    long it may take, which decides only the order. slotless: it waits for the network, and runs
    beside the others."""
    name: str
    argv: Tuple[str, ...]
    count: Callable[[int, str], Tally]
    cwd: str
    needs: Tuple[str, ...] = ()
    after: Tuple[str, ...] = ()
    seconds: float = 1.0
    slotless: bool = False


@dataclass
class Done:
    """A part that is over. status: its exit status, negative for a signal, None if it did not run."""
    part: Part
    tally: Tally
    status: Optional[int]
    seconds: float
    output: str


def ways(parts: Sequence[Part]) -> Dict[str, float]:
    """For each part, the seconds of the longest way that begins with it."""
    found: Dict[str, float] = {}
    for part in reversed(parts):  # a part stands behind those that it waits for
        later = [found[other.name] for other in parts
                 if part.name in other.needs + other.after and other.name in found]
        found[part.name] = part.seconds + max(later, default=0.0)
    return found


def check_order(parts: Sequence[Part]) -> None:
    """Raise ValueError if a name is there twice, or a part stands before one that it waits for."""
    seen: List[str] = []
    for part in parts:
        for name in part.needs + part.after:
            if name not in seen:
                raise ValueError("%s waits for %s, which does not stand before it"
                                 % (part.name, name))
        if part.name in seen:
            raise ValueError("two parts are called %s" % part.name)
        seen.append(part.name)


class Graph:
    """Runs parts. directory: where their output goes. told: called with each part that is over."""

    def __init__(self, parts: Sequence[Part], slots: int, directory: str, env: Dict[str, str],
                 told: Callable[[Done], None]) -> None:
        check_order(parts)
        self.slots, self.directory, self.env, self.told = slots, directory, env, told
        self.waiting = sorted(parts, key=lambda part: -ways(parts)[part.name])
        self.done: Dict[str, Done] = {}
        self.interrupted = 0
        self._running: Dict[str, Tuple[Part, Any, float]] = {}
        self._guard = Guard()

    def run(self) -> List[Done]:
        """Every part, in the order of their ends; if interrupted, those that were over."""
        before = {number: signal.signal(number, self._stop)
                  for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        self._guard.start()
        try:
            while (self.waiting or self._running) and not self.interrupted:
                self._start_due()
                time.sleep(PAUSE)
                self._collect()
        finally:
            self._end_all()
            self._guard.stop()
            for number, handler in before.items():
                signal.signal(number, handler)
        return list(self.done.values())

    def _stop(self, number: int, _frame: Any) -> None:
        self.interrupted = number

    def _start_due(self) -> None:
        for part in list(self.waiting):
            if any(name not in self.done for name in part.needs + part.after):
                continue
            broken = [name for name in part.needs if self.done[name].status != 0]
            if broken:
                self.waiting.remove(part)
                self._over(Done(part, Tally(failed=1), None, 0.0,
                                "not run, because %s failed\n" % broken[0]))
            elif part.slotless or self._taken() < self.slots:
                self.waiting.remove(part)
                self._start(part)

    def _taken(self) -> int:
        return sum(not part.slotless for part, _, _ in self._running.values())

    def path(self, part: Part) -> str:
        """The file with a part's output."""
        return os.path.join(self.directory, part.name.replace("/", "-").replace(" ", "-") + ".out")

    def _start(self, part: Part) -> None:
        with open(self.path(part), "wb") as out:
            process = subprocess.Popen(part.argv, cwd=part.cwd, env=self.env, stdout=out,
                                       stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT,
                                       start_new_session=True)
        self._guard.watch(process.pid)
        self._running[part.name] = part, process, time.monotonic()

    def _collect(self) -> None:
        for part, process, started in list(self._running.values()):
            status = process.poll()
            if status is None:
                continue
            del self._running[part.name]
            kill_group(process.pid)  # what it may have left in its group
            self._guard.forget(process.pid)
            with open(self.path(part), encoding="utf-8", errors="replace") as stream:
                output = stream.read()
            tally = self._counted(part, status)
            self._over(Done(part, tally, status, time.monotonic() - started, output))

    def _counted(self, part: Part, status: int) -> Tally:
        """The part's tally. One that failed without a failure that was counted has one."""
        try:
            tally = part.count(status, self.path(part))
        except (OSError, ValueError, KeyError, SyntaxError) as error:  # SyntaxError: of XML
            return Tally(failed=1, skips=["%s: its result cannot be read: %s" % (part.name, error)])
        if status != 0 and not tally.failed:
            tally.failed = 1
        return tally

    def _over(self, done: Done) -> None:
        self.done[done.part.name] = done
        self.told(done)

    def _end_all(self) -> None:
        """End what still runs: first as Ctrl-C does, then by force."""
        for number in (signal.SIGINT, signal.SIGKILL):
            for _, process, _ in self._running.values():
                try:
                    os.killpg(process.pid, number)
                except ProcessLookupError:
                    pass
            end = time.monotonic() + GRACE
            while time.monotonic() < end and any(
                    process.poll() is None for _, process, _ in self._running.values()):
                time.sleep(PAUSE)
        self._running.clear()
