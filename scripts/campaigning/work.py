# SPDX-License-Identifier: BSD-2-Clause
"""Runs units of a plan: whatever engine called, each unit is one run of run_tests.sh, and its result
appears whole, under its own name, or not at all. A unit whose result is there is not run again.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from typing import Any, Callable, Iterator, List, Set

from ordeal.host import Host
from ordeal.model import UserError

from . import frames, plan

#: Statuses of run_tests.sh with which a unit is done: what it found is in its result.
DONE = (0, 1)


class Worker:
    """Runs units. say: prints one line."""

    def __init__(self, host: Host, path: str, results: str, say: Callable[[str], None]) -> None:
        self.host, self.path, self.results, self.say = host, path, results, say
        self.head = plan.head_of(path)
        self.ran = self.had = self.failed = 0
        self.stopped = 0
        self._running: Set[subprocess.Popen] = set()
        self._lock = threading.Lock()

    def run(self, units: Iterator[plan.Unit], jobs: int) -> int:
        """Run these units, jobs of them at once; returns the exit status."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop)
        if jobs == 1:
            for unit in units:
                self._one(unit)
        else:
            slots = threading.BoundedSemaphore(jobs * 2)  # so that a long plan is not queued whole

            def one(unit: plan.Unit) -> None:
                try:
                    self._one(unit)
                finally:
                    slots.release()
            from concurrent.futures import ThreadPoolExecutor  # not for a single unit: slow to load
            with ThreadPoolExecutor(jobs) as pool:
                for unit in units:
                    slots.acquire()
                    pool.submit(one, unit)
        return 130 if self.stopped else 1 if self.failed else 0

    def _stop(self, number: int, _frame: Any) -> None:
        """End what runs, and begin nothing more."""
        self.stopped = number
        for process in list(self._running):
            process.terminate()

    def _one(self, unit: plan.Unit) -> None:
        if self.stopped:
            return
        place = frames.place_of(self.results, unit.number)
        if self._have(place, unit.number):
            self.had += 1
            return
        why = self._boot(unit, place)
        if self.stopped:
            return
        with self._lock:
            self.ran += 1
            self.failed += bool(why)
        if why:
            self.say("unit %d, %s: %s" % (unit.number, unit.name, why))

    def _have(self, place: str, number: int) -> bool:
        """Whether a whole result of this plan's unit is there."""
        try:
            with open(place, "rb") as stream:
                found = list(frames.scan(stream))
        except OSError:
            return False
        return len(found) == 1 and isinstance(found[0], frames.Frame) \
            and found[0].plan == self.head.digest and found[0].number == number

    def _boot(self, unit: plan.Unit, place: str) -> str:
        """Run the unit and write its result; returns why there is none, or ''."""
        part = "%s.%s.%d.part" % (place, os.uname().nodename, os.getpid())
        os.makedirs(os.path.dirname(place), exist_ok=True)
        logs = os.path.join(self.results, "logs", "%07d" % unit.number)
        argv = [os.path.join(self.host.root, "run_tests.sh"), "--jsonl", part, "--logs", logs,
                *unit.argv]
        try:
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.PIPE)
            self._running.add(process)
            if self.stopped:
                process.terminate()
            _, err = process.communicate()
            self._running.discard(process)
            if process.returncode not in DONE:
                said = err.decode("utf-8", "replace").strip().splitlines()
                return "run_tests.sh ended with status %d%s" % (
                    process.returncode, ": " + said[-1] if said else "")
            with open(part, "rb") as stream:
                lines = stream.readlines()
            why = nothing_ran(lines)
            if why:
                return why
            with open(part, "wb") as out:
                out.write(frames.framed(self.head.digest, unit.number, unit.name, lines))
            os.replace(part, place)
            return ""
        except OSError as error:
            return "%s: %s" % (error.filename or place, error.strerror)
        finally:
            if os.path.exists(part):
                os.unlink(part)
            shutil.rmtree(logs + ".old", ignore_errors=True)


def nothing_ran(lines: List[bytes]) -> str:
    """Why no case was reached at all, which says something of this machine and nothing of the unit;
    '' if one was."""
    found = [line for line in lines if line.startswith(b'{"type":"result"')]
    if not found or not all(b'"verdict":"NOTRUN"' in line for line in found):
        return ""
    return "nothing ran: " + str(json.loads(found[0])["reason"])


def chosen(path: str, head: plan.Head, listed: str, part: str) -> Iterator[plan.Unit]:
    """The units that --units (3,7-9) or --part (I/N) names; all of them without either."""
    wanted = plan.numbers(listed, head.units) if listed else []
    index, total = 1, 1
    if part:
        words = part.split("/")
        if len(words) != 2 or not all(word.isdigit() for word in words) or \
                not 1 <= int(words[0]) <= int(words[1]):
            raise UserError("--part %s: give I/N, as in 1/4" % part)
        index, total = int(words[0]), int(words[1])
    return plan.units_of(
        path, lambda number: number % total == index - 1 and (not wanted or any(
            first <= number <= last for first, last in wanted)),
        max([last for _, last in wanted] or [head.units - 1]))


def run(host: Host, path: str, results: str, listed: str, part: str, jobs: int) -> int:
    """`campaign run`: the exit status, after a line about what was done."""
    def say(text: str) -> None:
        sys.stderr.write("campaign: %s\n" % text)
    worker = Worker(host, path, os.path.abspath(results), say)
    units: Iterator[plan.Unit] = chosen(path, worker.head, listed, part)
    status = worker.run(units, jobs)
    lines: List[str] = ["%d units ran, %d of them without a result; %d were there already%s" % (
        worker.ran, worker.failed, worker.had, "; interrupted" if worker.stopped else "")]
    print("campaign %s: %s" % (worker.head.name, lines[0]), flush=True)
    return status
