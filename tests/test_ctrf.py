# SPDX-License-Identifier: BSD-2-Clause
"""--ctrf: valid by CTRF's own schema, which is data here (tests/ctrf-schema-0.0.json says from where)."""
import json
import os
from typing import Any, Dict

import jsonschema
import pytest
from conftest import HERE
from ordeal.model import VERDICTS
from ordeal.report import ctrf
from test_kcidb import NASTY, record, start

with open(os.path.join(HERE, "ctrf-schema-0.0.json"), encoding="utf-8") as _stream:
    SCHEMA = json.load(_stream)


def of(*records: Dict[str, Any]) -> Dict[str, Any]:
    """The report of a run, which must be valid."""
    end = {"type": "summary", "seconds": 1.5, "interrupted": False}
    report = json.loads(ctrf.ctrf([{**start("tcg"), "tool": "ordeal"}, *records, end]))
    jsonschema.validate(report, SCHEMA, cls=jsonschema.Draft7Validator)
    return report


def test_every_verdict_has_its_status_and_is_counted():
    results = of(*[record(i, verdict) for i, verdict in enumerate(VERDICTS)])["results"]
    found = {test["rawStatus"]: test["status"] for test in results["tests"]}
    assert found == ctrf.STATUS and found["XFAIL"] == "other" and found["XPASS"] == "failed"
    summary = results["summary"]
    assert summary["tests"] == len(VERDICTS) == sum(summary[word] for word in ctrf.SUMMARY)
    assert (summary["passed"], summary["failed"], summary["flaky"]) == (1, 6, 1)
    assert summary["stop"] - summary["start"] == 1500


def test_a_failure_shows_both_traces_and_its_name_is_the_case_s():
    test = of(record(0, "FAIL"))["results"]["tests"][0]
    assert test["suite"] == ["tcg", "s"] and test["name"] == "f.c0" and test["duration"] == 500
    assert test["trace"] == "expected: #UD@L\nobserved: IRQ(0x60)@L" and test["message"] == "because"


def test_text_of_any_kind_and_a_foreign_image_are_valid():
    of(record(0, "FAIL", reason=NASTY, sentence=NASTY, notes=[NASTY], case="kut"))


def test_a_run_that_did_not_end_is_not_healthy():
    report = json.loads(ctrf.ctrf([{**start("tcg"), "tool": "ordeal"}, record(0, "PASS")]))
    jsonschema.validate(report, SCHEMA, cls=jsonschema.Draft7Validator)
    assert report["results"]["environment"]["healthy"] is False


def test_the_schema_refuses_what_is_wrong():
    report = of(record(0, "PASS"))
    report["results"]["tests"][0]["status"] = "good"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(report, SCHEMA, cls=jsonschema.Draft7Validator)


def test_the_runner_writes_it(tree):
    tree.image("pass_a", "fail_b", "skip_c")
    path = os.path.join(tree.path, "c.json")
    assert tree.run("--ctrf", path).status == 1
    with open(path, encoding="ascii") as stream:
        report = json.load(stream)
    jsonschema.validate(report, SCHEMA, cls=jsonschema.Draft7Validator)
    assert [test["status"] for test in report["results"]["tests"]] == ["passed", "failed", "skipped"]
