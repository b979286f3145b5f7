# SPDX-License-Identifier: BSD-2-Clause
"""KCIDB's report, format 5.3: what KernelCI and CKI collect results in.

Each platform is a checkout and a build, whose comment is the version of the emulator or kernel.
Each case is a test. An entry of expected/ that applied is an issue, and each case that it explains
is an incident of it: present, or not any more (XPASS). A pure function of a run's records and of
the versions of the lists in expected/.
"""
import hashlib
import json
import re
import subprocess
from typing import Any, Dict, Iterable, List, Mapping

from ..model import (CRASH, ERROR, FAIL, FLAKY, NOTRUN, PASS, SKIP, TIMEOUT, XFAIL, XPASS, Result,
                     UserError)
from .formats import results

Record = Dict[str, Any]
VARIABLE, DEFAULT_ORIGIN = "KCIDB_ORIGIN", "ordeal"
#: A build that the tests belong to, instead of one of ours: what a lab of KernelCI was given.
BUILD_VARIABLE = "KCIDB_BUILD"
MOST_EXCERPT = 16384
STATUS = {PASS: "PASS", XPASS: "PASS", FAIL: "FAIL", XFAIL: "FAIL", FLAKY: "FAIL", SKIP: "SKIP",
          ERROR: "ERROR", CRASH: "ERROR", TIMEOUT: "ERROR", NOTRUN: "MISS"}


def origin(env: Mapping[str, str]) -> str:
    """The name of the CI system, which is the first part of every id."""
    name = env.get(VARIABLE) or DEFAULT_ORIGIN
    if not re.fullmatch("[a-z0-9_]+", name):
        raise UserError("%s=%s: KCIDB allows only a-z, 0-9 and _ in an origin" % (VARIABLE, name))
    return name


def build_id(env: Mapping[str, str]) -> str:
    """The build that somebody else has reported; '' for our own."""
    name = env.get(BUILD_VARIABLE, "")
    if name and not re.fullmatch("[a-z0-9_]+:.*", name):
        raise UserError("%s=%s: give ORIGIN:ID, as the build was reported" % (BUILD_VARIABLE, name))
    return name


def check(env: Mapping[str, str]) -> None:
    """Raise UserError before anything boots."""
    origin(env)
    build_id(env)


def _digest(*words: str) -> str:
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:16]


def path_of(case: str) -> str:
    """The test's place in the tree of all tests: native/nmi.three is ordeal.native.nmi.three."""
    parts = re.split(r"[/.]", re.sub(r"[^A-Za-z0-9_./-]", "_", case))
    return ".".join(["ordeal"] + [part for part in parts if part])


def status_of(result: Result) -> str:
    """The word for a verdict. A crash or hang that an entry explains is a fault of the tested code."""
    if result.verdict == XFAIL:
        return "SKIP" if result.raw == SKIP else "FAIL"
    return STATUS[result.verdict]


def excerpt(result: Result) -> str:
    """What a person has to see of the log."""
    lines = [result.reason] if result.reason else []
    lines += ["expected: " + trace for trace in result.expected]
    lines += ["observed: " + trace for trace in result.observed] + result.notes
    text = "\n".join(lines).replace("\0", "")
    return text if len(text) <= MOST_EXCERPT else text[:MOST_EXCERPT - 7] + "\n[cut]\n"


def culprit(platform: str, name: str) -> Dict[str, bool]:
    """Who is at fault: the tested code (a hypervisor), or a tool (the emulator, also the one below a
    hypervisor)."""
    hypervisor = "@" in platform or platform.startswith("kvm")
    code = hypervisor and ":" not in name
    return {"code": code, "tool": not code, "harness": False}


class _Writer:
    """Collects the objects of one report."""

    def __init__(self, records: List[Record], lists: Mapping[str, int], name: str,
                 build: str) -> None:
        self.origin, self.build, self.lists = name, build, lists
        self.start = next(r for r in records if r["type"] == "start")
        self.commit = next((r.get("commit", "") for r in records if r["type"] == "fingerprint"), "")
        self.cpus = {r["platform"]: " ".join(r.get("env", [])[:1]) for r in records
                     if r["type"] == "boot" and r.get("env")}
        self.platforms = {one["name"]: one for one in self.start["platforms"]}
        self.run = _digest(json.dumps(self.start, sort_keys=True), self.commit)
        self.issues: Dict[str, Record] = {}
        self.incidents: List[Record] = []

    def ident(self, *words: str) -> str:
        """An id of ours."""
        return "%s:%s" % (self.origin, "/".join(words))

    def _of_platform(self, name: str) -> str:
        return self.ident(name, _digest(name, self.platforms[name]["version"]))

    def checkout(self, name: str) -> Record:
        """What is tested on a platform."""
        return {"id": self._of_platform(name), "origin": self.origin, "valid": True,
                "comment": self.platforms[name]["version"], "misc": {"platform": name}}

    def build_of(self, name: str) -> Record:
        """The same as a build: packages, whose builds were somebody else's."""
        return {"id": self._of_platform(name), "checkout_id": self._of_platform(name),
                "origin": self.origin, "architecture": "x86_64", "status": "PASS",
                "comment": self.platforms[name]["version"]}

    def test(self, result: Result) -> Record:
        """One case."""
        version = self.platforms[result.platform]["version"]
        record = {
            "id": self.ident(self.run, result.platform, result.case), "origin": self.origin,
            "build_id": self.build or self._of_platform(result.platform),
            "path": path_of(result.case), "status": status_of(result),
            "comment": result.sentence, "start_time": self.start["time"],
            "duration": round(result.seconds, 3), "log_excerpt": excerpt(result),
            "environment": {"comment": "%s: %s" % (result.platform, version),
                            "misc": {"platform": result.platform, "version": version,
                                     "cpu": self.cpus.get(result.platform, "")}},
            "misc": {"verdict": result.verdict, "row": result.row, "citation": result.citation,
                     "again": result.repro, "ordeal_commit": self.commit}}
        return {key: value for key, value in record.items() if value != ""}

    def excuse(self, result: Result, test: str) -> None:
        """The issues that explain a result, and its incidents. A generated block may have several."""
        names, _, text = result.deviation.partition(": ")
        for name in names.split(", "):
            self._incident(result, test, name, text if ", " not in names else "")

    def _incident(self, result: Result, test: str, name: str, text: str) -> None:
        stem = self.platforms[result.platform]["expectations"]
        below, colon, own = name.partition(":")
        issue = self.ident(below if colon else stem, own or name)
        version = self.lists.get(below if colon else stem, 0)
        reason, _, cited = text.partition(" [")
        self.issues.setdefault(issue, {
            "id": issue, "version": version, "origin": self.origin,
            "report_subject": "%s: %s" % (own or name, reason) if reason else own or name,
            "culprit": culprit(result.platform, name), "comment": cited.rstrip("]")})
        self.incidents.append({
            "id": self.ident(_digest(issue, test)), "origin": self.origin, "issue_id": issue,
            "issue_version": version, "test_id": test, "present": result.verdict != XPASS,
            "comment": result.pattern or result.reason})


def kcidb(records: List[Record], lists: Mapping[str, int], name: str = DEFAULT_ORIGIN,
          build: str = "") -> str:
    """The report. lists: how often each list in expected/ has changed, by its stem; name: the origin;
    build: the id of somebody else's build."""
    writer = _Writer(records, lists, name, build)
    tests = []
    for result in results(records):
        test = writer.test(result)
        tests.append(test)
        if result.deviation and result.verdict in (XFAIL, XPASS):
            writer.excuse(result, test["id"])
    names = [] if build else sorted(writer.platforms)
    report = {"version": {"major": 5, "minor": 3},
              "checkouts": [writer.checkout(one) for one in names],
              "builds": [writer.build_of(one) for one in names], "tests": tests,
              "issues": list(writer.issues.values()), "incidents": writer.incidents}
    return json.dumps(report, indent=1) + "\n"


def versions_of(root: str, stems: Iterable[str]) -> Dict[str, int]:
    """How many commits have changed each list: the version of its issues, which only rises. 0 where
    there is no repository."""
    found = {}
    for stem in sorted(set(stems) - {""}):
        try:
            done = subprocess.run(
                ["git", "-C", root, "rev-list", "--count", "HEAD", "--", "expected/%s.cfg" % stem],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                check=False, timeout=10)
            found[stem] = int(done.stdout or b"0")
        except (OSError, ValueError, subprocess.TimeoutExpired):
            found[stem] = 0
    return found
