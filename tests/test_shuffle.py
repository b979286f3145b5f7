# SPDX-License-Identifier: BSD-2-Clause
"""Cases do not depend on each other: VMX or SVM stays on between the guests of a boot, and a case in
another order of cases, or in a boot of its own, sees what it sees in the image's order."""
import json
import os
import random
import re
import subprocess
from pathlib import Path
from typing import Dict, List, Tuple

import pytest

from ordeal.model import Case
from ordeal.plan.image import read_cases
from ordeal.plan.select import in_order_of

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("ORDEAL_BUILD", ROOT))
SUITES = ("hv", "injection", "exit", "stepping")
#: Words that the guest's command line certainly holds.
CHUNK = 30
#: QEMU sets bits 3:0 of DR6 for breakpoints of earlier cases, which are not enabled any more.
OTHER_BREAKPOINTS = re.compile(r"(?<=dr6=0xffff.f.)\d")
ADDRESS = re.compile(r"0x1[0-9a-f]{5}\b")
Seen = Dict[str, Tuple[str, List[str]]]


def names(suite: str) -> List[str]:
    """The cases of a suite in the order of its image."""
    return [case.name for case in read_cases(str(BUILD / "x86" / (suite + ".flat"))) or []]


def run(orders: Dict[str, List[str]], size: int, work: Path) -> Seen:
    """Raw verdict and traces by case; each boot runs as many cases as size, in the given order."""
    cfg, stream = work / "orders.cfg", work / "results.jsonl"
    stanzas = []
    for suite, cases in orders.items():
        for at in range(0, len(cases), size):
            stanzas.append("[%s-%d]\nfile = %s\ntest_args = \"%s\"\n" % (
                suite, at, BUILD / "x86" / (suite + ".flat"), " ".join(cases[at:at + size])))
    cfg.write_text("".join(stanzas), encoding="ascii")
    subprocess.run([str(BUILD / "run_tests.sh"), "-p", "tcg", "--cfg", str(cfg), "--jsonl",
                    str(stream), "--logs", str(work / "logs")], stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, check=False, timeout=300)
    found: Seen = {}
    for line in stream.read_text(encoding="ascii").splitlines():
        r = json.loads(line)
        if r["type"] == "result":
            name = re.sub(r"-\d+/", "/", r["case"])
            found[name] = (r["verdict"], [OTHER_BREAKPOINTS.sub("_", ADDRESS.sub("_", trace))
                                          for trace in r["observed"]])
    return found


@pytest.fixture(scope="module", name="usual")
def _usual(tmp_path_factory) -> Seen:
    return run({suite: names(suite) for suite in SUITES}, CHUNK, tmp_path_factory.mktemp("usual"))


def test_a_plan_has_the_order_in_which_an_image_runs():
    cases = [Case(name, "A01", "s", "c") for name in ("a.1", "a.2", "b.1", "c.1")]
    assert [c.name for c in in_order_of(("b.*", "a.2", "*.1"), cases)] == [
        "b.1", "a.2", "a.1", "c.1"]
    assert not in_order_of(("d.*",), cases)


@pytest.mark.parametrize("seed", [1])
def test_shuffled(seed: int, usual: Seen, tmp_path: Path):
    shuffled = {suite: random.Random(seed).sample(names(suite), len(names(suite)))
                for suite in SUITES}
    found = run(shuffled, CHUNK, tmp_path)
    assert len(found) == sum(map(len, shuffled.values())) > 150
    assert {name: (usual[name], seen) for name, seen in found.items() if usual[name] != seen} == {}


def test_each_in_its_own_boot(usual: Seen, tmp_path: Path):
    found = run({"injection": names("injection")}, 1, tmp_path)
    assert len(found) == len(names("injection")) > 30
    assert {name: (usual[name], seen) for name, seen in found.items() if usual[name] != seen} == {}
