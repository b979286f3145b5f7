# SPDX-License-Identifier: BSD-2-Clause
"""The order of a whole run, from its agenda to its exit status.

Results go to the stream as they come. Every report at the end, for people or for machines, is
computed from the stream alone.
"""
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence

from .agenda import Agenda
from .model import VERDICTS, Result
from .options import REPORTS
from .recorder import Recorder, say
from .report.stream import SCHEMA, Stream, read_records, write_file
from .run.logdir import LogDir
from .run.runner import Apart, Runner
from .text import plural

if TYPE_CHECKING:
    from .run.captured import Judge
    from .run.cache import Cache

Records = List[Dict[str, Any]]


def run(agenda: Agenda, argv: Sequence[str], started: float) -> int:
    """Boot everything and report; returns the exit status. started: the time.monotonic() at which the
    program began."""
    options = agenda.options
    logs = LogDir(options.one("logs") or os.path.join(agenda.host.build, "logs"))
    # The user's files are opened, and the baseline is read, before anything boots.
    old = [] if not options.one("baseline") else [
        r for r in read_records(options.one("baseline")) if r["type"] == "result"]
    for directory in options.values.get("html", []):
        from .page import page
        page.prepare(directory)
    if options.one("kcidb"):
        from .report import kcidb
        kcidb.check(agenda.host.env)
    logs.open()
    try:
        stream = Stream([os.path.join(logs.path, "results.jsonl")]
                        + options.values.get("jsonl", []))
        stream.add(_start_record(agenda, argv))
        recorder = Recorder(agenda, stream, logs.path)
        if not recorder.quiet:
            for name, value in agenda.host.changed().items():
                say("%s=%s (from the environment)" % (name, value))
        cache = None
        if options.one("cache"):
            from .run.cache import Cache
            cache = Cache(agenda.host, options.one("cache"), options.cache_check)
        how = (agenda.host, logs.path, options.jobs, recorder.on_boot, recorder.on_unit,
               Apart(options.flag("isolate"), options.flag("isolate-cases"), options.shuffle), cache)
        judge = _judge(agenda, how) if agenda.captured else None
        runner = judge or Runner(*how)
        recorder.print_due()
        _boot_all(agenda, runner, stream)
        status = _report(recorder, old, runner.engine.interrupted, started, cache,
                         judge.faults if judge else [])
        stream.close()
        return status
    finally:
        logs.close()


def _judge(agenda: Agenda, how: Any) -> "Judge":
    """A runner that judges the captured logs."""
    from .run.captured import Judge
    assert agenda.captured
    return Judge(agenda.captured, agenda.options.whole, *how)


def _boot_all(agenda: Agenda, runner: Runner, stream: Stream) -> None:
    engine = runner.engine

    def stop(number: int, _frame: Any) -> None:
        engine.interrupted = number
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)

    def first_boot() -> None:
        engine.on_start = lambda: None
        # Modules that are not needed before the machine's first output are loaded while it starts.
        from .judge import recheck  # noqa: F401
        agenda.check_known()
        from .run.fingerprint import gather
        stream.add(gather(agenda.host, agenda.platforms, [suite for suite, _ in agenda.chosen]))
    engine.on_start = first_boot
    runner.run(agenda.units)
    if engine.on_start is first_boot:
        agenda.check_known()  # nothing booted


def _start_record(agenda: Agenda, argv: Sequence[str]) -> Dict[str, Any]:
    host, options, worlds = agenda.host, agenda.options, agenda.worlds()
    return {"type": "start", "schema": SCHEMA, "tool": "ordeal",
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "argv": list(argv),
            "cfg": os.path.relpath(agenda.cfg), "environment": host.changed(),
            "platforms": [{"name": p.name, "version": p.version(host),
                           "expectations": p.expectations(host)} for p in agenda.platforms],
            "planned": sum(len(unit.cases) for unit in agenda.units if unit.round == 1),
            **({"worlds": worlds} if worlds else {}),
            "repeat": options.repeat, "shard": list(options.shard)}


def _report(recorder: Recorder, old: Records, signalled: int, started: float,
            cache: Optional["Cache"], unjudged: List[str]) -> int:
    """Write the summary record and the reports; returns the exit status. old: the baseline's
    results; unjudged: what of a captured file was not judged."""
    from .report import compare, formats
    options, stream, results = recorder.agenda.options, recorder.stream, recorder.results
    verdicts = [result.verdict for result in results]
    unexpected = sum(result.unexpected for result in results)
    classes: Optional[Dict[str, List[str]]] = compare.classify(
        formats.results(old), results, options.whole, options.platforms) if old else None
    failing = options.words("fail-on") or ["unexpected"]
    faults, blank = recorder.agenda.faults(), formats.blank(results)
    unmet = unjudged + _unmet(recorder) + (cache.faults if cache else [])
    status = 1 if unmet else 0
    if "unexpected" in failing and unexpected or "blank" in failing and blank or \
            any((classes or {}).get(c) for c in failing):
        status = 1
    if faults:
        status = 2
    if signalled:
        status = 130 if signalled == signal.SIGINT else 128 + signalled
    stream.add({
        "type": "summary", "total": len(verdicts), "unexpected": unexpected,
        "counts": {v: verdicts.count(v) for v in VERDICTS if v in verdicts},
        "seconds": round(time.monotonic() - started, 3), "interrupted": bool(signalled),
        "complaints": faults + unmet + recorder.agenda.complaints(), "blank": len(blank), "exit": status,
        **({"cache": cache.counts()} if cache else {}),
        **({"baseline": {k: len(v) for k, v in classes.items()}} if classes is not None else {})})
    _write_reports(recorder, classes)
    _tell(recorder, classes, _renamed(options.one("baseline"), old, results),
          [cache.line()] if cache else [])
    for fault in faults:
        sys.stderr.write("run_tests.sh: %s\n" % fault)
    return status


def _unmet(recorder: Recorder) -> List[str]:
    """After a sweep of all cases, a line for each platform that was never migrated in some state: the
    sweep did not go where it has to."""
    options = recorder.agenda.options
    if not options.whole or options.one("migrate") != "sweep":
        return []
    from .judge import moves
    said = []
    for platform in dict.fromkeys(r.platform for r in recorder.results if "+migrate" in r.platform):
        never = moves.never_met(moves.total(r.migration for r in recorder.results
                                            if r.platform == platform))
        if never:
            said.append("%s: no case was migrated with its virtual CPU so: %s"
                        % (platform, ", ".join(never)))
    return said


def _renamed(path: str, old: Records, results: List[Result]) -> List[str]:
    """A line for a baseline that names cases by ids that have changed since."""
    unknown = {record["case"] for record in old} - {result.case for result in results}
    if not unknown:
        return []
    from .plan import renamed
    count = sum(renamed.table().get(case, case) != case for case in unknown)
    return ["%s of the baseline have new ids: scripts/renamed-cases %s rewrites them"
            % (plural(count, "case"), path)] if count else []


def _write_reports(recorder: Recorder, classes: Optional[Dict[str, List[str]]]) -> None:
    """Write the reports into the files that the command line names."""
    from .report import formats
    options, records = recorder.agenda.options, recorder.stream.records
    for name in REPORTS:
        for path in options.values.get(name, []):
            write_file(path, formats.FORMATS[name](records) if name in formats.FORMATS
                       else _of_others(recorder, name))
    for directory in options.values.get("html", []):
        from .page import page
        page.write(directory, records, classes)
    if options.one("save-baseline"):
        import json
        write_file(options.one("save-baseline"), "".join(
            json.dumps(r, separators=(",", ":")) + "\n" for r in records
            if r["type"] in ("start", "fingerprint", "result", "summary")))


def _of_others(recorder: Recorder, name: str) -> str:
    """A report for a system that collects them: kcidb or ctrf."""
    if name == "ctrf":
        from .report import ctrf
        return ctrf.ctrf(recorder.stream.records)
    from .report import kcidb
    host = recorder.agenda.host
    stems = [platform.expectations(host) for platform in recorder.agenda.platforms]
    stems += [platform.below(host)[0] for platform in recorder.agenda.platforms]
    return kcidb.kcidb(recorder.stream.records, kcidb.versions_of(host.root, stems),
                       kcidb.origin(host.env), kcidb.build_id(host.env))


def _tell(recorder: Recorder, classes: Optional[Dict[str, List[str]]], notes: List[str],
          last: List[str]) -> None:
    """Print the result of the run on standard output. notes: what is to be said of the baseline;
    last: more lines for the end."""
    from .report import compare, formats, person
    options, records = recorder.agenda.options, recorder.stream.records
    recorder.progress("")
    if options.flag("tap13"):
        sys.stdout.write(formats.tap(records))
    elif not recorder.quiet:
        lines = person.summary(records)
        lines += compare.baseline_lines(classes) + notes if classes is not None else []
        if options.one("history"):
            from .report import history
            lines += history.lines(recorder.results, options.platforms)
        if options.one("differential"):
            lines += compare.differing(recorder.results, *options.words("differential"))[0]
        say("\n".join(lines + last))
