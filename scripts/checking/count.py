# SPDX-License-Identifier: BSD-2-Clause
"""What each kind of part counts as. A part that says nothing, or less than it should, has failed."""
import json
import os
import re
import xml.etree.ElementTree as ElementTree
from typing import Any, Dict, List, Set, Tuple

from .graph import Tally


def prepares(status: int, _output: str) -> Tally:
    """Of a part that only prepares others: nothing, if it succeeds."""
    return Tally(failed=int(status != 0))


def fetches(_status: int, _output: str) -> Tally:
    """Of a part that fetches what others need: nothing. What lacks it is NOTRUN, which counts as
    failed there."""
    return Tally()


def one(status: int, _output: str) -> Tally:
    """Of a command whose exit status is its only verdict."""
    return Tally(passed=1) if status == 0 else Tally(failed=1)


def compiled(status: int, output: str) -> Tally:
    """Of check-c: one for each program, which says how many checks it made and how many failed."""
    with open(output, encoding="utf-8", errors="replace") as stream:
        lines = stream.read().splitlines()
    good = sum(bool(re.match(r"\w+: [1-9]\d* checks, 0 failed$", line)) for line in lines)
    bad = sum(bool(re.match(r"\w+: \d+ checks, [1-9]\d* failed$", line)) for line in lines)
    return Tally(good, bad or int(status != 0 or not good))


def pytest(report: str) -> Any:
    """Of pytest with --junitxml=REPORT: each test, by what befell it."""
    def count(_status: int, _output: str) -> Tally:
        if not os.path.exists(report):
            return Tally(failed=1)
        tally, places = Tally(), []
        for case in ElementTree.parse(report).iter("testcase"):
            name = "%s::%s" % (case.get("classname", "").replace(".", "/") + ".py",
                               case.get("name", ""))
            skip = case.find("skipped")
            if case.find("failure") is not None or case.find("error") is not None:
                tally.failed += 1
            elif skip is not None:
                tally.skipped += 1
                tally.skips.append("%s: %s" % (name, skip.get("message", "")))
            else:
                tally.passed += 1
            places.append((float(case.get("time", "0")), name))
        tally.slowest = places
        tally.failed += not places
        return tally
    return count


def suite(stream: str) -> Any:
    """Of run_tests.sh with --jsonl STREAM: each case, by its verdict, and what is wrong with
    expected/, such as a line that was not needed."""
    def count(_status: int, _output: str) -> Tally:
        with open(stream, encoding="utf-8") as lines:
            records: List[Dict[str, Any]] = [json.loads(line) for line in lines]
        last = records[-1] if records else {}
        if last.get("type") != "summary" or not last["total"] or last["interrupted"]:
            return Tally(failed=1)
        skipped = sum(r["type"] == "result" and r["verdict"] == "SKIP" and not r["unexpected"]
                      for r in records)
        tally = Tally(last["total"] - last["unexpected"] - skipped,
                      last["unexpected"] + len(last["complaints"]), skipped)
        tally.slowest = _boots([record for record in records if record["type"] == "boot"])
        return tally
    return count


def _boots(records: List[Dict[str, Any]]) -> List[Tuple[float, str]]:
    """The seconds of all boots of a suite, or of a machine that ran several suites."""
    found: Dict[str, Dict[str, Set[Tuple[int, int, float]]]] = {}
    for record in records:
        found.setdefault(record["log"], {}).setdefault(record["suite"], set()).add(
            (record["round"], record["boot"], record["seconds"]))
    platform = {record["log"]: record["platform"] for record in records}
    return [(sum(boot[-1] for boot in set.union(*suites.values())),
             "%s on %s" % (" ".join(suites) if len(suites) == 1 else "a machine", platform[log]))
            for log, suites in found.items()]
