# SPDX-License-Identifier: BSD-2-Clause
"""--kcidb: what KernelCI takes, by KCIDB's schema; verdicts and known deviations as it has them.

The validator is Debian's python3-jsonschema, which set-up installs. KCIDB_IO=DIR names a checkout
of kernelci/kcidb-io, whose own schema is then compared with the one here.
"""
import copy
import json
import os
import subprocess
import sys
from typing import Any, Dict, List

import pytest
from kcidb_schema import SCHEMA
from ordeal.model import VERDICTS, Result, UserError
from ordeal.report import kcidb

KCIDB_IO = os.environ.get("KCIDB_IO", "")
NASTY = "a\0b \\ <x>&\"' \x1b[31m \x7f \u00e9 \ud800"
LISTED = "bad-gate: the wrong gate [SDM 3A, Priority]"


def start(*platforms: str) -> Dict[str, Any]:
    """The first record of a run."""
    return {"type": "start", "schema": 1, "time": "2026-11-27T12:00:00Z", "argv": [],
            "platforms": [{"name": name, "version": "QEMU 7.2 of " + name,
                           "expectations": name.partition("+")[0]} for name in platforms]}


def record(index: int, verdict: str, **more: Any) -> Dict[str, Any]:
    """One result."""
    given: Dict[str, Any] = dict(platform="tcg", case="s/f.c%d" % index, verdict=verdict, index=index,
                                 reason="because", sentence="it holds", seconds=0.5,
                                 expected=["#UD@L"], observed=["IRQ(0x60)@L"],
                                 deviation=LISTED if verdict in ("XFAIL", "XPASS") else "",
                                 raw="FAIL" if verdict == "XFAIL" else "")
    given.update(more)
    return Result(**given).to_record()


def validate(report: Any) -> None:
    """Raises the validator's error unless the report is one."""
    import jsonschema
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    jsonschema.validate(report, SCHEMA, cls=jsonschema.Draft7Validator)


def of(*records: Dict[str, Any], platforms: Any = ("tcg",), **more: Any) -> Dict[str, Any]:
    """The report of a run, which must be valid."""
    text = kcidb.kcidb([start(*platforms), *records], {"tcg": 7, "kvm-amd@tcg": 3}, **more)
    report = json.loads(text)
    validate(report)
    return report


def test_every_verdict_has_its_status_and_the_report_is_valid():
    report = of(*[record(i, verdict) for i, verdict in enumerate(VERDICTS)])
    found = {test["misc"]["verdict"]: test["status"] for test in report["tests"]}
    assert found == {"PASS": "PASS", "FAIL": "FAIL", "SKIP": "SKIP", "XFAIL": "FAIL", "XPASS": "PASS",
                     "ERROR": "ERROR", "CRASH": "ERROR", "TIMEOUT": "ERROR", "NOTRUN": "MISS",
                     "FLAKY": "FAIL"}
    assert report["version"] == {"major": 5, "minor": 3}
    assert len({test["id"] for test in report["tests"]}) == len(VERDICTS)
    assert report["tests"][0]["path"] == "ordeal.s.f.c0" and report["tests"][0]["duration"] == 0.5
    assert "expected: #UD@L\nobserved: IRQ(0x60)@L" in report["tests"][0]["log_excerpt"]


def test_a_known_deviation_is_an_issue_with_incidents():
    report = of(record(0, "XFAIL"), record(1, "XFAIL", pattern="IRQ"), record(2, "XPASS"),
                record(3, "FAIL"), record(4, "XFAIL", raw="SKIP"))
    issue, = report["issues"]
    assert issue == {"id": "ordeal:tcg/bad-gate", "version": 7, "origin": "ordeal",
                     "report_subject": "bad-gate: the wrong gate", "comment": "SDM 3A, Priority",
                     "culprit": {"code": False, "tool": True, "harness": False}}
    assert [(one["test_id"][-3:], one["present"]) for one in report["incidents"]] == [
        ("f.c0"[-3:], True), (".c1", True), (".c2", False), (".c4", True)]
    assert all(one["issue_id"] == issue["id"] and one["issue_version"] == 7
               for one in report["incidents"])
    assert report["incidents"][1]["comment"] == "IRQ" and report["tests"][4]["status"] == "SKIP"


def test_a_hypervisor_is_the_tested_code_and_the_emulator_below_it_a_tool():
    lab = "kvm-amd@tcg"
    report = of(record(0, "XFAIL", platform=lab), record(1, "XFAIL", platform=lab,
                                                         deviation="tcg:slow: it is slow [x]"),
                platforms=(lab, "tcg"))
    assert [(one["id"], one["version"], one["culprit"]["code"]) for one in report["issues"]] == [
        ("ordeal:kvm-amd@tcg/bad-gate", 3, True), ("ordeal:tcg/slow", 7, False)]
    assert {one["comment"] for one in report["builds"]} == {"QEMU 7.2 of tcg",
                                                            "QEMU 7.2 of kvm-amd@tcg"}


def test_a_block_of_the_generated_world_may_have_several_issues():
    report = of(record(0, "XFAIL", deviation="one, two: quirks of this platform [tcg.cfg]"))
    assert [one["id"] for one in report["issues"]] == ["ordeal:tcg/one", "ordeal:tcg/two"]
    assert len({one["id"] for one in report["incidents"]}) == 2


def test_text_of_any_kind_is_valid_and_long_text_is_cut():
    report = of(record(0, "FAIL", reason=NASTY, notes=["x" * 20000], case="kut/a b: (c)"))
    test = report["tests"][0]
    assert test["path"] == "ordeal.kut.a_b___c_" and len(test["log_excerpt"]) == 16384
    assert test["log_excerpt"].endswith("\n[cut]\n")


def test_ids_hold_together_and_come_again_only_for_the_same_run():
    report = of(record(0, "PASS"), name="lab_1")
    assert report["builds"][0]["checkout_id"] == report["checkouts"][0]["id"]
    assert report["tests"][0]["build_id"] == report["builds"][0]["id"]
    assert all(one["id"].startswith("lab_1:") and one["origin"] == "lab_1"
               for kind in ("checkouts", "builds", "tests") for one in report[kind])
    assert of(record(0, "PASS"), name="lab_1") == report
    later = {**start("tcg"), "time": "2026-11-28T12:00:00Z"}
    other = json.loads(kcidb.kcidb([later, record(0, "PASS")], {}, "lab_1"))
    assert other["tests"][0]["id"] != report["tests"][0]["id"]
    assert other["builds"] == report["builds"], "the same emulator is the same build"


def test_tests_may_belong_to_a_build_of_somebody_else():
    report = of(record(0, "PASS"), build="maestro:123")
    assert report["tests"][0]["build_id"] == "maestro:123"
    assert not report["builds"] and not report["checkouts"]


@pytest.mark.parametrize("change", [
    lambda r: r["tests"][0].update(status="GOOD"), lambda r: r["tests"][0].update(id="x"),
    lambda r: r["tests"][0].pop("build_id"), lambda r: r["tests"][0].update(path="a..b"),
    lambda r: r["tests"][0].update(log_excerpt="x" * 16385), lambda r: r["tests"][0].update(extra=1),
    lambda r: r["issues"][0].pop("version"), lambda r: r["incidents"][0].update(present="yes"),
    lambda r: r["version"].update(minor=4), lambda r: r.update(results=[])])
def test_the_schema_refuses_what_is_wrong(change):
    """Else a report would be valid whatever is in it."""
    import jsonschema
    report = of(record(0, "XFAIL"))
    changed = copy.deepcopy(report)
    change(changed)
    with pytest.raises(jsonschema.ValidationError):
        validate(changed)


@pytest.mark.parametrize("name, value, wrong", [
    ("KCIDB_ORIGIN", "My-Lab", "only a-z, 0-9 and _"), ("KCIDB_BUILD", "123", "give ORIGIN:ID")])
def test_a_bad_name_is_refused_before_anything_boots(tree, name, value, wrong):
    with pytest.raises(UserError, match=wrong):
        kcidb.check({name: value})
    tree.image("pass_a")
    done = tree.run("--kcidb", os.path.join(tree.path, "k"), env={name: value}.items())
    assert done.status == 2 and wrong in done.err and done.err.count("\n") == 1
    assert not os.path.exists(tree.logs)


def test_the_runner_writes_it(tree):
    tree.image("pass_a", "fail_b", "skip_c")
    tree.write("expected/tcg.cfg", "[wrong-b]\ncases = fake/fail_b\nverdict = FAIL\n"
                                   "reason = b is wrong\ncite = SDM\n")
    path = os.path.join(tree.path, "k.json")
    assert tree.run("--kcidb", path, env={"KCIDB_ORIGIN": "here"}.items()).status == 0
    with open(path, encoding="ascii") as stream:
        report = json.load(stream)
    validate(report)
    assert [test["status"] for test in report["tests"]] == ["PASS", "FAIL", "SKIP"]
    assert [issue["id"] for issue in report["issues"]] == ["here:tcg/wrong-b"]
    assert report["incidents"][0]["test_id"] == report["tests"][1]["id"]


def bare(schema: Any) -> Any:
    """A schema without what only explains it."""
    if isinstance(schema, list):
        return [bare(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: bare(value) for key, value in schema.items() if key != "$schema" and not (
        key in ("description", "title", "examples") and not isinstance(value, dict))}


@pytest.mark.skipif(not KCIDB_IO, reason="KCIDB_IO names no checkout of kernelci/kcidb-io: not "
                    "compared with the published schema")
def test_the_schema_here_is_the_published_one():
    text = subprocess.run(
        [sys.executable, "-c", "import json, kcidb_io.schema.v05_03 as v; "
         "print(json.dumps(v.Version.json))"], cwd=KCIDB_IO, stdout=subprocess.PIPE, check=True).stdout
    assert bare(json.loads(text)) == bare(SCHEMA)


def test_a_list_s_version_is_how_often_it_was_changed(tmp_path):
    def git(*words: str) -> None:
        subprocess.run(["git", "-c", "user.name=n", "-c", "user.email=e", *words], cwd=str(tmp_path),
                       check=True, stdout=subprocess.DEVNULL)
    git("init", "-q")
    (tmp_path / "expected").mkdir()
    for text in ("1", "2"):
        (tmp_path / "expected" / "tcg.cfg").write_text(text, encoding="ascii")
        git("add", "-A")
        git("commit", "-qm", text)
    stems: List[str] = ["tcg", "tcg", "", "other"]
    assert kcidb.versions_of(str(tmp_path), stems) == {"tcg": 2, "other": 0}
    assert kcidb.versions_of(str(tmp_path / "none"), ["tcg"]) == {"tcg": 0}
