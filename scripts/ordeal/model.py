# SPDX-License-Identifier: BSD-2-Clause
"""The data types that every room shares: verdicts, cases, stanzas, results.

They are plain data with hardly any behaviour. A Result is the outcome of one case on one platform;
its to_record() is the JSONL line that docs/results.md describes.
"""
from typing import Any, Dict, List, Tuple

from .record import dataclass, field

PASS, FAIL, SKIP, XFAIL, XPASS = "PASS", "FAIL", "SKIP", "XFAIL", "XPASS"
ERROR, CRASH, TIMEOUT, NOTRUN, FLAKY = "ERROR", "CRASH", "TIMEOUT", "NOTRUN", "FLAKY"
VERDICTS = (PASS, FAIL, SKIP, XFAIL, XPASS, ERROR, CRASH, TIMEOUT, NOTRUN, FLAKY)
#: Verdicts from best to worst. The verdict of a whole image is the worst of its cases.
SEVERITY = (PASS, SKIP, XFAIL, NOTRUN, XPASS, FLAKY, FAIL, ERROR, TIMEOUT, CRASH)


class UserError(Exception):
    """Bad input. Its text is the one line that the user sees; the exit status is 2."""


@dataclass(frozen=True)
class Case:
    """One case as its image describes it (section .ordeal.cases)."""
    name: str
    row: str = ""
    sentence: str = ""
    citation: str = ""
    twin: str = ""


@dataclass(frozen=True)
class Stanza:
    """One section of unittests.cfg: an image and how to boot it."""
    name: str
    where: str
    file: str = ""
    smp: str = "1"
    test_args: str = ""
    params: str = ""
    groups: Tuple[str, ...] = ()
    accel: str = ""
    arch: str = ""
    machine: str = ""
    timeout: str = ""
    check: str = ""
    disabled_if: str = ""
    platforms: Tuple[str, ...] = ()


@dataclass
class Result:
    """The outcome of one case on one platform."""
    platform: str
    case: str
    verdict: str
    reason: str = ""
    row: str = ""
    sentence: str = ""
    citation: str = ""
    twin: str = ""
    raw: str = ""
    expected: List[str] = field(default_factory=list)
    observed: List[str] = field(default_factory=list)
    histogram: List[Tuple[int, str]] = field(default_factory=list)
    sweep: Dict[str, Any] = field(default_factory=dict)
    fingerprints: List[str] = field(default_factory=list)
    notes: List[str] = field(default_factory=list)
    unexpected: bool = False
    deviation: str = ""
    pattern: str = ""
    listed: str = ""
    seconds: float = 0.0
    boot: int = 0
    log: str = ""
    repro: str = ""
    index: int = 0
    runs: Dict[str, int] = field(default_factory=dict)
    rounds: List[Dict[str, Any]] = field(default_factory=list)
    migration: Dict[str, Any] = field(default_factory=dict)
    block: Dict[str, Any] = field(default_factory=dict)

    def to_record(self) -> Dict[str, Any]:
        """The JSONL line, fields in the order a reader wants them; empty ones are left out."""
        record: Dict[str, Any] = {
            "type": "result", "platform": self.platform, "case": self.case, "row": self.row,
            "verdict": self.verdict, "unexpected": self.unexpected, "expected": self.expected,
            "observed": self.observed, "reason": self.reason, "sentence": self.sentence,
            "index": self.index, "seconds": round(self.seconds, 3)}
        optional = {"raw": self.raw, "citation": self.citation, "twin": self.twin,
                    "histogram": [list(pair) for pair in self.histogram], "sweep": self.sweep,
                    "fingerprints": self.fingerprints, "notes": self.notes,
                    "deviation": self.deviation, "pattern": self.pattern, "listed": self.listed,
                    "boot": self.boot, "log": self.log,
                    "repro": self.repro, "runs": self.runs, "rounds": self.rounds,
                    "migration": self.migration, "block": self.block}
        record.update({key: value for key, value in optional.items() if value})
        return record


_FIELDS = frozenset(Result.__dataclass_fields__)


def result_from_record(record: Dict[str, Any]) -> Result:
    """The Result that a JSONL line describes. Unknown fields are ignored, so that this reader also
    reads the lines of newer writers."""
    known = dict(record)
    known.pop("type", None)
    if not known.keys() <= _FIELDS:
        known = {key: value for key, value in known.items() if key in _FIELDS}
    if "histogram" in known:
        known["histogram"] = [(int(count), str(trace)) for count, trace in known["histogram"]]
    return Result(**known)


def worst(verdicts: List[str]) -> str:
    """The verdict of a group: the worst of its members (NOTRUN for none)."""
    return max(verdicts, key=SEVERITY.index) if verdicts else NOTRUN
