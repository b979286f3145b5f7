# SPDX-License-Identifier: BSD-2-Clause
"""CTRF, the Common Test Report Format (https://ctrf.io, 0.0.0), a pure function of a run's records.

A known deviation is "other", because it is neither a pass nor something that somebody has to look
at; rawStatus has our own word for each.
"""
import calendar
import json
import time
from typing import Any, Dict, List

from ..model import (CRASH, ERROR, FAIL, FLAKY, NOTRUN, PASS, SKIP, TIMEOUT, XFAIL, XPASS, Result)
from .formats import interrupted, results

Record = Dict[str, Any]
STATUS = {PASS: "passed", FAIL: "failed", SKIP: "skipped", XFAIL: "other", XPASS: "failed",
          ERROR: "failed", CRASH: "failed", TIMEOUT: "failed", NOTRUN: "pending", FLAKY: "failed"}
SUMMARY = ("passed", "failed", "skipped", "pending", "other")


def _test(result: Result) -> Record:
    suite, _, name = result.case.partition("/")
    labels = {"row": result.row, "citation": result.citation, "deviation": result.deviation,
              "again": result.repro}
    trace = "\n".join(["expected: " + one for one in result.expected]
                      + ["observed: " + one for one in result.observed] + result.notes)
    record: Record = {
        "name": name or suite, "suite": [result.platform, suite],
        "testId": "%s/%s" % (result.platform, result.case), "status": STATUS[result.verdict],
        "rawStatus": result.verdict, "duration": round(result.seconds * 1000),
        "message": result.reason, "trace": trace if result.verdict not in (PASS, SKIP) else "",
        "flaky": result.verdict == FLAKY, "filePath": result.log,
        "labels": {key: value for key, value in labels.items() if value},
        "parameters": {"sentence": result.sentence} if result.sentence else {}}
    return {key: value for key, value in record.items() if value not in ("", {}, False)}


def ctrf(records: List[Record]) -> str:
    """The report."""
    start = next(r for r in records if r["type"] == "start")
    ends = [r for r in records if r["type"] == "summary"]
    finger = next((r for r in records if r["type"] == "fingerprint"), {})
    begin = calendar.timegm(time.strptime(start["time"], "%Y-%m-%dT%H:%M:%SZ")) * 1000
    length = round(ends[-1]["seconds"] * 1000) if ends else 0
    found = results(records)
    tests = [_test(result) for result in found]
    counts = {word: sum(test["status"] == word for test in tests) for word in SUMMARY}
    environment = {"commit": finger.get("commit", ""), "osRelease": finger.get("kernel", ""),
                   "testEnvironment": "; ".join("%s: %s" % (one["name"], one["version"])
                                                for one in start["platforms"])}
    report = {
        "reportFormat": "CTRF", "specVersion": "0.0.0", "timestamp": start["time"],
        "generatedBy": start["tool"],
        "results": {
            "tool": {"name": start["tool"]},
            "summary": {"tests": len(tests), **counts, "start": begin, "stop": begin + length,
                        "flaky": sum(result.verdict == FLAKY for result in found)},
            "tests": tests,
            "environment": {**{key: value for key, value in environment.items() if value},
                            "healthy": not interrupted(records)}}}
    return json.dumps(report, indent=1) + "\n"
