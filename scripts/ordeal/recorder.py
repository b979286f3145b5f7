# SPDX-License-Identifier: BSD-2-Clause
"""Turns what the runner finds into records for the stream and, at once, into lines for people."""
import os
import sys
from typing import Dict, List, Set

from .agenda import Agenda
from .model import SKIP, Result
from .report.stream import Stream
from .run.engine import Boot
from .run.unit import Unit, merge_rounds, results_of
from .text import clean_text, shell_quote


def say(text: str) -> None:
    """Print one line on standard output; what its encoding lacks is escaped."""
    if text.isascii():
        sys.stdout.write(text + "\n")
        return
    sys.stdout.write(text.encode(sys.stdout.encoding or "ascii", "backslashreplace").decode(
        sys.stdout.encoding or "ascii") + "\n")


def shown(path: str) -> str:
    """A path relative to the current directory when it lies below it."""
    short = os.path.relpath(path)
    return path if short.startswith("..") else short


class Recorder:
    """Records and prints results. on_boot() and on_unit() are the runner's callbacks. logs: the
    directory of the logs."""

    def __init__(self, agenda: Agenda, stream: Stream, logs: str) -> None:
        self.agenda, self.stream, self.logs = agenda, stream, logs
        self.quiet, self.verbose = agenda.options.quiet, agenda.options.flag("verbose")
        self.results: List[Result] = []
        self._units = agenda.units
        #: By the unit's index: its results, by their own index.
        self._found: Dict[int, Dict[int, Result]] = {}
        #: The indices of the units that are over.
        self._over: Set[int] = set()
        self._printed = 0
        self._cpus: Dict[str, str] = {}
        self._tty = sys.stderr.isatty()

    def on_boot(self, unit: Unit, boot: Boot) -> None:
        """A machine has stopped."""
        assert boot.judgement is not None
        env = dict(word.partition("=")[::2] for line in boot.judgement.env
                   for word in line.split())
        if env.get("cpu"):
            self._cpus[unit.platform.name] = env["cpu"]
        log = shown(boot.log_path)
        self.stream.add({
            "type": "boot", "platform": unit.platform.name, "suite": unit.suite.stanza.name,
            "boot": unit.boots, "round": unit.round, "argv": boot.launch.argv,
            "ending": {"kind": boot.ending.kind, "code": boot.ending.code,
                       "text": boot.ending.text},
            "seconds": round(boot.seconds, 3), "why": boot.judgement.why,
            "env": boot.judgement.env, "log": log, **({"note": boot.note} if boot.note else {}),
            **({"cached": boot.cached} if boot.cached else {})})
        if self.verbose and not self.quiet:
            say(shell_quote(boot.launch.argv))
        if boot.unsaid and not self.quiet:
            self.progress("")
            for line in boot.unsaid:
                say(line)
            boot.unsaid = []
        if unit.suite.foreign or self.agenda.options.repeat > 1:
            return  # nothing is final before the unit is over
        self._record(unit, results_of(unit, self.agenda.repro, log))

    def on_unit(self, unit: Unit) -> None:
        """A unit is over."""
        rounds = self.agenda.rounds[unit.index]
        if not all(u.over for u in rounds):
            return
        if len(self._found.get(unit.index, {})) < len(unit.verdicts):
            log = shown(unit.log_path(self.logs))
            self._record(unit, *[results_of(u, self.agenda.repro, log) for u in rounds])
        self._over.add(unit.index)
        self.print_due()

    def _record(self, unit: Unit, *rounds: List[Result]) -> None:
        """Add the results that the stream lacks, after the known deviations were applied to them, in
        each round by itself."""
        before = self._found.setdefault(unit.index, {})
        known, cpu = self.agenda.known[unit.platform.name], self._cpus.get(unit.platform.name, "")
        fresh = [[result for result in found if result.index not in before] for found in rounds]
        for result in [result for found in fresh for result in found]:
            known.apply(result, cpu)
        merged = merge_rounds(fresh, unit.platform.exact)
        for result in merged:
            before[result.index] = result
            self._require(result)
        self.results += merged
        self.stream.add(*[result.to_record() for result in merged])

    def _require(self, result: Result) -> None:
        """Mark a skip for a feature that --require names as unexpected."""
        if result.verdict != SKIP:
            return
        words = result.reason.lower().replace(",", " ").replace(":", " ").split()
        for feature in self.agenda.options.words("require"):
            if feature.lower() in words:
                result.unexpected = True
                result.reason += " (--require %s)" % feature

    def print_due(self) -> None:
        """Print the units that are over, in the order of the agenda, up to the first that is not."""
        while self._printed < len(self._units):
            unit = self._units[self._printed]
            if unit.index not in self._over:
                self.progress("[%d/%d] %s" % (self._printed + 1, len(self._units), unit.label))
                return
            self._printed += len(self.agenda.rounds[unit.index])
            if not self.quiet:
                self.progress("")
                self._print(unit)

    def _print(self, unit: Unit) -> None:
        from .report import person, timeline
        found = [self._found[unit.index][i] for i in sorted(self._found[unit.index])]
        say(person.unit_line(unit.label, found))
        for result in found if self.verbose else ():
            say(person.case_line(result))
            for line in person.known_lines(result):
                say("      " + clean_text(line))
            for line in timeline.of_case(result, self.results):
                say("          " + clean_text(line))
            if result.block:
                from .report.worlds import explained
                for line in explained(result):
                    say("      " + clean_text(line))
        sys.stdout.flush()

    def progress(self, text: str) -> None:
        """Show a line that the next output erases; only on a terminal."""
        if self._tty and not self.quiet:
            sys.stderr.write("\r\033[K" + text[:78])
            sys.stderr.flush()
