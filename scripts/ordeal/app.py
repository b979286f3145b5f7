# SPDX-License-Identifier: BSD-2-Clause
"""From a parsed command line to an exit status: the order of a whole run.

Everything is planned before anything boots. Results go to the stream as they come; what people and
machines read at the end is computed from the stream alone.
"""
import os
import signal
import sys
import time
from dataclasses import replace
from typing import Any, Dict, List, Optional, Sequence, Set, Tuple

from . import platforms
from .host import Host
from .judge.kut import MAX_SUBTESTS
from .model import SKIP, VERDICTS, Case, Result, UserError
from .options import LAB, REPORTS, Options
from .plan import known, suites
from .plan.select import Options as Selection
from .plan.select import Suite, check_stanzas, ident, result_filter, select, wanted
from .platforms.base import Platform
from .report.stream import SCHEMA, Stream, read_records, write_file
from .run.engine import Boot
from .run.logdir import LogDir
from .run.runner import Runner, Unit, merge_rounds, results_of
from .text import clean_text, shell_quote


def say(text: str) -> None:
    """One line on standard output, as far as its encoding goes."""
    sys.stdout.write(text.encode(sys.stdout.encoding or "ascii", "backslashreplace").decode(
        sys.stdout.encoding or "ascii") + "\n")


class Run:
    """One run of the suite; main() is its only caller."""

    def __init__(self, host: Host, options: Options, argv: Sequence[str]) -> None:
        self.host, self.options, self.argv = host, options, list(argv)
        host.lab = {name: options.one(name) for name in LAB if options.one(name)}
        self.own = not options.one("cfg")
        self.cfg = options.one("cfg") or os.path.join(host.root, suites.DEFAULT_CFG)
        self.units: List[Unit] = []
        self.judges: Dict[str, known.Judge] = {}
        self.cpus: Dict[str, str] = {}
        self.results: List[Result] = []
        self.found: Dict[int, Dict[int, Result]] = {}
        self.done: Set[int] = set()
        self.rounds: Dict[int, List[Unit]] = {}
        self.printed = 0
        self.said_fingerprint = False
        self.suites: List[Suite] = []
        self.unread: List[str] = []
        self.command = ""
        self.plan: List[Tuple[Suite, List[Case]]] = []
        self.platforms: List[Platform] = []
        self.quiet = options.flag("tap13") or "-" in [
            path for name in REPORTS + ("jsonl",) for path in options.values.get(name, [])]
        self.tty = sys.stderr.isatty()
        self.stream: Optional[Stream] = None
        self.runner: Optional[Runner] = None
        self.started = time.monotonic()

    # -- before ------------------------------------------------------------------------------

    def load(self) -> None:
        """Read the cfg and the images, and select."""
        stanzas = suites.read_stanzas(self.host, self.cfg, self.options.values.get("set", []))
        chosen = Selection(
            tuple(self.options.patterns), tuple(self.options.values.get("exclude", [])),
            tuple(self.options.words("group")), self.options.flag("all"), self.options.shard)
        check_stanzas(stanzas, chosen)
        self.unread = [s.name for s in stanzas if not wanted(s, chosen)]
        self.suites = suites.load(self.host, self.cfg,
                                  [s for s in stanzas if wanted(s, chosen)], self.own)
        self.plan = select(self.suites, chosen)

    def prepare(self) -> None:
        """Platforms, expectations, units; every planned case gets its index."""
        names = self.options.words("differential") or self.options.words("platform")
        self.platforms = platforms.choose(self.host, names)
        if not self.plan:
            raise UserError("nothing to run: the selection leaves no case")
        directory = os.path.join(os.path.dirname(os.path.abspath(self.cfg)), "expected")
        today = time.strftime("%Y-%m-%d")
        for platform in self.platforms:
            listed = known.load(directory, platform.expectations(self.host))
            stem, version = platform.below(self.host)
            if stem:
                listed += known.seen_through(known.load(directory, stem), version, stem)
            self.judges[platform.name] = known.Judge(
                listed, platform.name, platform.version(self.host), today)
        chosen = Selection(tuple(self.options.patterns),
                           tuple(self.options.values.get("exclude", [])))
        index = 0
        for platform in self.platforms:
            for suite, cases in self.plan:
                # All that can be wrong with a stanza is found here, before anything boots.
                job = suites.make_job(suite, self.host)
                limit = suites.time_limit(suite.stanza, platform, self.host)
                skip = suites.why_not(suite.stanza, platform, self.host)
                keep = result_filter(suite, chosen) if suite.foreign else None
                self.rounds[index] = [Unit(platform, suite, cases, index, number,
                                           replace(job, round=number), limit, skip, keep)
                                      for number in range(1, self.options.repeat + 1)]
                self.units += self.rounds[index]
                index += len(cases) if not suite.foreign else MAX_SUBTESTS + 1

    def repro(self, platform: str, case: str) -> str:
        """The one command that boots only this case."""
        if not self.command:
            words = [os.path.join(os.path.relpath(self.host.root), "run_tests.sh")]
            for name in ("cfg", "set") + LAB:
                for value in self.options.values.get(name, []):
                    words += ["--" + name, value]
            env = ["%s=%s" % (k, shell_quote([v])) for k, v in self.host.changed().items()]
            self.command = " ".join(env + [shell_quote(words)])
        return "%s %s" % (self.command, shell_quote(["-p", platform, case]))

    # -- during ------------------------------------------------------------------------------

    def on_boot(self, unit: Unit, boot: Boot) -> None:
        """A machine has stopped."""
        assert self.stream is not None and boot.judgement is not None
        env = dict(word.partition("=")[::2] for line in boot.judgement.env
                   for word in line.split())
        if env.get("cpu"):
            self.cpus[unit.platform.name] = env["cpu"]
        self.stream.add({
            "type": "boot", "platform": unit.platform.name, "suite": unit.suite.stanza.name,
            "boot": unit.boots, "round": unit.round, "argv": boot.launch.argv,
            "ending": {"kind": boot.ending.kind, "code": boot.ending.code,
                       "text": boot.ending.text},
            "seconds": round(boot.seconds, 3), "why": boot.judgement.why,
            "env": boot.judgement.env, "log": self.shown_log(boot.log_path),
            **({"note": boot.note} if boot.note else {})})
        if self.options.flag("verbose") and not self.quiet:
            say(shell_quote(boot.launch.argv))
        if boot.unsaid and not self.quiet:
            self.progress("")
            for line in boot.unsaid:
                say(line)
            boot.unsaid = []
        if unit.suite.foreign or self.options.repeat > 1:
            return  # nothing is final before the unit is over
        self._record(unit, results_of(unit, self.repro, self.shown_log(boot.log_path)))

    def shown_log(self, path: str) -> str:
        """A log's path relative to the current directory when it lies below it."""
        short = os.path.relpath(path)
        return path if short.startswith("..") else short

    def on_unit(self, unit: Unit) -> None:
        """A unit is over; print what is due, in the order of the plan."""
        rounds = self.rounds[unit.index]
        if not all(u.over for u in rounds):
            return
        assert self.runner is not None and self.stream is not None
        log = self.shown_log(self.runner.log_path(unit))
        self._record(unit, merge_rounds([results_of(u, self.repro, log) for u in rounds]))
        self.done.add(unit.index)
        self._print_due()

    def _record(self, unit: Unit, found: List[Result]) -> None:
        """Those that the stream has not got yet go there, as expectations see them."""
        assert self.stream is not None
        known = self.found.setdefault(unit.index, {})
        for result in found:
            if result.index in known:
                continue
            known[result.index] = result
            self.results.append(result)
            self.judges[unit.platform.name].apply(result, self.cpus.get(unit.platform.name, ""))
            words = result.reason.lower().replace(",", " ").replace(":", " ").split()
            if result.verdict == SKIP:
                for feature in self.options.words("require"):
                    if feature.lower() in words:
                        result.unexpected = True
                        result.reason += " (--require %s)" % feature
            self.stream.add(result.to_record())

    def _print_due(self) -> None:
        """Units are printed in plan order, however they finished."""
        while self.printed < len(self.units):
            unit = self.units[self.printed]
            if unit.index not in self.done:
                break
            found = [self.found[unit.index][i] for i in sorted(self.found[unit.index])]
            self.printed += len(self.rounds[unit.index])
            if self.quiet:
                continue
            from .report import person, timeline
            self.progress("")
            say(person.unit_line(unit.label, found))
            if self.options.flag("verbose"):
                for result in found:
                    say(person.case_line(result))
                    for line in timeline.of_case(result, self.results):
                        say("          " + clean_text(line))
            sys.stdout.flush()
        if self.printed < len(self.units):
            self.progress("[%d/%d] %s" % (self.printed + 1, len(self.units),
                                          self.units[self.printed].label))

    def progress(self, text: str) -> None:
        """A line that erases itself, on a terminal only."""
        if self.tty and not self.quiet:
            sys.stderr.write("\r\033[K" + text[:78])
            sys.stderr.flush()

    def execute(self) -> int:
        """Boot everything and report; the exit status."""
        logs = LogDir(self.options.one("logs") or os.path.join(self.host.build, "logs"))
        # Files of the user's are opened, and a baseline read, before anything boots.
        old = [] if not self.options.one("baseline") else [
            r for r in read_records(self.options.one("baseline")) if r["type"] == "result"]
        for directory in self.options.values.get("html", []):
            from .page import page
            page.prepare(directory)
        logs.open()
        try:
            self.stream = Stream([os.path.join(logs.path, "results.jsonl")]
                                 + self.options.values.get("jsonl", []))
            self.stream.add(self._start_record())
            if not self.quiet:
                for name, value in self.host.changed().items():
                    say("%s=%s (from the environment)" % (name, value))
            self.runner = Runner(self.host, logs.path, self.options.jobs, self.on_boot,
                                 self.on_unit, self.options.flag("isolate"))
            self._boot_all(self.runner)
            status = self._report(old)
            self.stream.close()
            return status
        finally:
            logs.close()

    def _boot_all(self, runner: Runner) -> None:
        engine = runner.engine

        def stop(number: int, _frame: Any) -> None:
            engine.interrupted = number
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, stop)

        def first_boot() -> None:
            if not self.said_fingerprint and self.stream is not None:
                self.said_fingerprint = True
                from .run.fingerprint import gather
                self.stream.add(gather(self.host, self.platforms,
                                       [suite for suite, _ in self.plan]))
        engine.on_start = first_boot
        self._print_due()
        runner.run(self.units)

    def _start_record(self) -> Dict[str, Any]:
        return {"type": "start", "schema": SCHEMA, "tool": "ordeal",
                "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "argv": self.argv,
                "cfg": os.path.relpath(self.cfg), "environment": self.host.changed(),
                "platforms": [{"name": p.name, "version": p.version(self.host),
                               "expectations": p.expectations(self.host)}
                              for p in self.platforms],
                "planned": sum(len(unit.cases) for unit in self.units if unit.round == 1),
                "repeat": self.options.repeat, "shard": list(self.options.shard)}

    # -- after -------------------------------------------------------------------------------

    def _complaints(self) -> List[str]:
        """About expectations that are stale."""
        every = [ident(suite, case) for suite in self.suites for case in suite.cases]
        every += [name + "/*" for name in self.unread + [s.stanza.name for s in self.suites
                                                         if s.foreign]]
        return [line for judge in self.judges.values() for line in judge.complaints(every)]

    def _report(self, old: List[Dict[str, Any]]) -> int:
        assert self.stream is not None and self.runner is not None
        from .report import compare, person, formats
        signalled = self.runner.engine.interrupted
        verdicts = [result.verdict for result in self.results]
        unexpected = sum(result.unexpected for result in self.results)
        lines: List[str] = []
        failing = self.options.words("fail-on") or ["unexpected"]
        status = 1 if unexpected and "unexpected" in failing else 0
        classes: Dict[str, List[str]] = {}
        if old:
            whole = not (self.options.patterns or self.options.values.get("exclude")
                         or self.options.words("group") or self.options.shard != (1, 1))
            classes = compare.classify(formats.results(old), self.results, whole,
                                       self.options.words("differential")
                                       or self.options.words("platform"))
            lines += compare.baseline_lines(classes)
            if any(classes.get(name) for name in failing):
                status = 1
        if self.options.one("differential"):
            more, _ = compare.differing(self.results, *self.options.words("differential"))
            lines += more
        if signalled:
            status = 130 if signalled == signal.SIGINT else 128 + signalled
        self.stream.add({
            "type": "summary", "total": len(verdicts), "unexpected": unexpected,
            "counts": {v: verdicts.count(v) for v in VERDICTS if v in verdicts},
            "seconds": round(time.monotonic() - self.started, 3), "interrupted": bool(signalled),
            "complaints": self._complaints(), "exit": status,
            **({"baseline": {k: len(v) for k, v in classes.items()}} if old else {})})
        self._write_reports(classes if old else None)
        self.progress("")
        if self.options.flag("tap13"):
            sys.stdout.write(formats.tap(self.stream.records))
        elif not self.quiet:
            for line in person.summary(self.stream.records) + lines:
                say(line)
        return status

    def _write_reports(self, classes: Optional[Dict[str, List[str]]]) -> None:
        from .report import formats
        assert self.stream is not None
        for name in REPORTS:
            for path in self.options.values.get(name, []):
                write_file(path, formats.FORMATS[name](self.stream.records))
        for directory in self.options.values.get("html", []):
            from .page import page
            page.write(directory, self.stream.records, classes)
        if self.options.one("save-baseline"):
            import json
            write_file(self.options.one("save-baseline"), "".join(
                json.dumps(r, separators=(",", ":")) + "\n" for r in self.stream.records
                if r["type"] in ("start", "fingerprint", "result", "summary")))
