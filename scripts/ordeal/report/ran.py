# SPDX-License-Identifier: BSD-2-Clause
"""Reads from streams of runs what scripts/known needs: for each platform, what its cases showed
before anything was excused."""
import re
from typing import Any, Dict, List, Sequence

from ..model import Result, UserError, result_from_record
from ..options import parse
from ..plan.evidence import Ran
from ..record import replace
from .stream import SCHEMA, read_records

Record = Dict[str, Any]
_CHANGES = re.compile(r"\b(?:mutate|wrong)=[\w-]+")


def read(paths: Sequence[str], only: Sequence[str] = ()) -> Dict[str, List[Ran]]:
    """The platforms of these streams, by the name of their list of known deviations. only:
    platforms, if not all. Several streams are rounds of one run."""
    found: Dict[str, Dict[str, Ran]] = {}
    named = set()
    for path in paths:
        records = read_records(path)
        start = next((r for r in records if r["type"] == "start"), None)
        if start is None or start.get("schema") != SCHEMA or "platforms" not in start:
            raise UserError("%s is no stream of schema %d: write it with this tree's "
                            "./run_tests.sh --jsonl FILE" % (path, SCHEMA))
        changed = _changed(start, records)
        if changed:
            raise UserError("%s is of a run whose scenes were changed (%s): what they show is no "
                            "deviation of the platform" % (path, changed))
        try:
            for platform in start["platforms"]:
                named.add(platform["name"])
                if only and platform["name"] not in only:
                    continue
                ran = _of_platform(platform, records, _whole(start, records))
                stem, name = found.setdefault(_stem(platform), {}), ran.platform
                stem[name] = _joined(stem[name], ran) if name in stem else ran
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise UserError("%s is damaged: a record lacks a field, or has something else there (%s)"
                            % (path, error)) from None
    strange = [name for name in only if name not in named]
    if strange:
        raise UserError("no results of %s: the run has %s" % (strange[0], ", ".join(sorted(named))))
    empty = [ran.platform for stem in found.values() for ran in stem.values() if not ran.results]
    if empty:
        raise UserError("no results of %s in %s: let the run end, or name other platforms with -p"
                        % (empty[0], " ".join(paths)))
    return {name: list(stem.values()) for name, stem in found.items()}


def _changed(start: Record, records: Sequence[Record]) -> str:
    """The guest argument that made the scenes, or the shim, other than they are; '' if there is
    none."""
    words = [str(start.get("argv"))] + [str(r.get("argv")) for r in records if r["type"] == "boot"]
    found = next(filter(None, (_CHANGES.search(text) for text in words)), None)
    return found.group() if found else ""


def _stem(platform: Record) -> str:
    stem = platform["expectations"]
    if not isinstance(stem, str) or not stem or "/" in stem:
        raise ValueError("expectations=%r" % stem)
    return stem


def _whole(start: Record, records: Sequence[Record]) -> bool:
    """Whether every case was to run, and the run reached its end."""
    ends = [r for r in records if r["type"] == "summary"]
    try:
        return bool(ends) and not ends[-1].get("interrupted") and parse(start["argv"]).whole
    except UserError:
        return False


def _of_platform(platform: Record, records: Sequence[Record], whole: bool) -> Ran:
    name, cpu, results = platform["name"], "", []
    for record in records:
        if record.get("platform") != name:
            continue
        if record["type"] == "boot":
            words = dict(w.partition("=")[::2] for line in record["env"] for w in line.split())
            cpu = words.get("cpu", cpu)
        if record["type"] == "result" and not _shines_through(record):
            results += _rounds(result_from_record(_checked(record)))
    return Ran(name, platform["version"], cpu, tuple(results), whole)


def _checked(record: Record) -> Record:
    """The record of a result; a ValueError names a field that has no text, or no list of texts."""
    for key in ("case", "verdict", "reason"):
        if not isinstance(record.get(key, ""), str):
            raise ValueError("%s=%r" % (key, record[key]))
    for key in ("expected", "observed"):
        texts = record.get(key, [])
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise ValueError("%s=%r" % (key, texts))
    return record


def _shines_through(record: Record) -> bool:
    """Whether the list of the emulator below excuses the result; its entries are called
    LIST:NAME."""
    return ":" in record.get("deviation", "").partition(": ")[0] and not record["unexpected"]


def _rounds(result: Result) -> List[Result]:
    """What each round showed, with the verdicts of the log."""
    plain = replace(result, verdict=result.raw or result.verdict, raw="", deviation="", pattern="",
                    listed="", unexpected=False, rounds=[])
    return [replace(plain, observed=one.get("observed", []), expected=one.get("expected", []),
                    reason=one.get("reason", ""), verdict=one["verdict"],
                    histogram=[(count, order) for count, order in one.get("histogram", [])])
            for one in result.rounds] or [plain]


def _joined(one: Ran, other: Ran) -> Ran:
    return replace(one, results=one.results + other.results, whole=one.whole and other.whole)


def title(runs: Sequence[Ran]) -> str:
    """What the first line of a new list says that it is about."""
    seen = [(ran.platform, ran.version.split("(")[0].strip()) for ran in runs]
    return "; ".join("%s, seen on %s" % pair if pair[1] else pair[0] for pair in seen)
