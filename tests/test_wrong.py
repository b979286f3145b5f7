# SPDX-License-Identifier: BSD-2-Clause
"""A shim that misbehaves is caught: each way of lib/x86/hv/wrong.def makes a case FAIL that passes
with the honest shim on the same platform. A suite that could not tell would prove nothing."""
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("ORDEAL_BUILD", ROOT))
WAYS = re.findall(r'^WRONG\(\w+, "([\w-]+)"', (ROOT / "lib/x86/hv/wrong.def").read_text(), re.M)
#: unittests.cfg: which suite's image boots with each way.
SUITES = {way: suite for way, suite in re.findall(
    r"^\[wrong-([\w-]+)\]\nfile = (\w+)\.flat\ntest_args = wrong=\1\n",
    (ROOT / "unittests.cfg").read_text(), re.M)}
#: The fastest first: a way is to be caught on at least one of them.
PLATFORMS = ("tcg", "bochs-intel", "bochs-amd")


def verdicts(stanza: str, platform: str, work: Path) -> dict:
    """Case name -> verdict before expectations are applied."""
    stream = work / ("%s-%s.jsonl" % (stanza, platform))
    subprocess.run([str(BUILD / "run_tests.sh"), "-p", platform, "--jsonl", str(stream),
                    "--logs", str(work / "logs"), stanza],
                   stdout=subprocess.DEVNULL, check=False, timeout=300)
    found = {}
    for line in stream.read_text().splitlines():
        record = json.loads(line)
        if record["type"] == "result":
            found[record["case"].split("/", 1)[1]] = record["verdict"]
    return found


@pytest.fixture(scope="module", name="honest")
def _honest(tmp_path_factory) -> dict:
    work = tmp_path_factory.mktemp("honest")
    return {(suite, platform): verdicts(suite, platform, work)
            for suite in sorted(set(SUITES.values())) for platform in PLATFORMS}


def test_the_stanzas_are_those_of_wrong_def():
    assert len(WAYS) >= 10
    assert sorted(SUITES) == sorted(WAYS)


@pytest.mark.parametrize("way", WAYS)
def test_caught(way: str, honest: dict, tmp_path: Path):
    for platform in PLATFORMS:
        right = honest[SUITES[way], platform]
        assert "PASS" in right.values(), "the honest shim passes nothing on " + platform
        wrong = verdicts("wrong-" + way, platform, tmp_path)
        caught = [case for case, verdict in wrong.items()
                  if verdict == "FAIL" and right.get(case) == "PASS"]
        if caught:
            return
    pytest.fail("no case notices a shim that is wrong by " + way)
