# SPDX-License-Identifier: BSD-2-Clause
"""A mutated scene may wait for ever (HLT with IF=0). That costs one case its time limit, the log
names the case, and every other case gets its verdict, so that `make mutants` counts all cases."""
import json
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("ORDEAL_BUILD", ROOT))


def test_a_case_that_hangs_when_mutated_is_killed_and_the_rest_runs(tmp_path: Path):
    stream = tmp_path / "results.jsonl"
    subprocess.run([str(BUILD / "run_tests.sh"), "-p", "tcg", "--jsonl", str(stream), "--logs",
                    str(tmp_path / "logs"), "--set", "native.test_args=mutate=if-clear", "--set",
                    "native.timeout=1", "native/halt.*", "native/flags.*"],
                   stdout=subprocess.DEVNULL, check=False, timeout=100)
    records = [json.loads(line) for line in stream.read_text().splitlines()]
    verdicts = {r["case"]: r["verdict"] for r in records if r["type"] == "result"}
    assert verdicts["native/halt.sti_hlt"] == "TIMEOUT"
    assert not set(verdicts.values()) & {"NOTRUN", "CRASH"}
    assert any(case.startswith("native/flags.") for case in verdicts)
    reasons = [r["reason"] for r in records if r["type"] == "result" and r["verdict"] == "TIMEOUT"]
    assert all("no end within the time limit" in reason for reason in reasons)
