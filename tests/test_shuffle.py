# SPDX-License-Identifier: BSD-2-Clause
"""Cases do not depend on each other: VMX or SVM stays on between the guests of a boot, and a case in
another order of cases, or in a boot of its own, sees what it sees in the image's order.

make check-all compares all suites, in three other orders, and each case in its own boot; make check
compares one order of some of them.
"""
import json
import os
import subprocess
from pathlib import Path
from typing import Dict, List, Tuple

import pytest

from ordeal.model import Case
from ordeal.plan.image import read_cases
from ordeal.plan.select import in_order_of
from ordeal.plan.shuffle import shuffled

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("ORDEAL_BUILD", ROOT))
WHOLE = bool(os.environ.get("ORDEAL_SLOW"))
PLATFORMS = ("tcg", "bochs-intel", "bochs-amd")
#: What make check compares: the platform that keeps most between cases, and its suites.
SAMPLE, SUITES = "tcg", ("native", "debug", "vectoring", "stepping", "virtual")
#: What each of these sees in the boot that it is alone in, make check compares, too.
ALONE = ("virtual/svm_blocking.*", "native/nmi.*", "vectoring/virtual.*")
#: The orders that a sweep meets depend on when it begins, so only their verdicts are compared.
SWEEPS = ("sweeps/", "arrivals/")
Seen = Dict[Tuple[str, str], Tuple[str, List[str]]]


def run(work: Path, *words: str) -> Seen:
    """Raw verdict and traces of each case on each platform."""
    stream = work / "results.jsonl"
    subprocess.run([str(BUILD / "run_tests.sh"), "--jsonl", str(stream), "--logs",
                    str(work / "logs"), *words], stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, check=False, timeout=1200)
    found: Seen = {}
    for line in stream.read_text(encoding="ascii").splitlines():
        r = json.loads(line)
        if r["type"] == "result":
            traces = [] if r["case"].startswith(SWEEPS) else r["observed"]
            found[r["platform"], r["case"]] = (r["raw"], traces)
    return found


def differing(usual: Seen, found: Seen) -> Dict[Tuple[str, str], object]:
    """What was seen otherwise than usually, or not at all."""
    return {key: (usual.get(key), seen) for key, seen in found.items() if usual.get(key) != seen}


@pytest.fixture(scope="module", name="usual", params=PLATFORMS if WHOLE else (SAMPLE,))
def _usual(request, tmp_path_factory) -> Tuple[str, Seen]:
    return request.param, run(tmp_path_factory.mktemp("usual"), "-p", request.param,
                              *(() if WHOLE else SUITES))


def test_a_plan_has_the_order_in_which_an_image_runs():
    cases = [Case(name, "A01", "s", "c") for name in ("a.1", "a.2", "b.1", "c.1")]
    assert [c.name for c in in_order_of(("b.*", "a.2", "*.1"), cases)] == [
        "b.1", "a.2", "a.1", "c.1"]
    assert not in_order_of(("d.*",), cases)


def test_the_guest_and_the_runner_compute_the_same_order():
    """tests/c/shuffle.c has these numbers, too."""
    assert shuffled(list("0123456789"), 1) == list("4357102986")
    assert shuffled(["a"], 7) == ["a"] and shuffled([], 7) == []


@pytest.mark.parametrize("seed", [1, 2, 3] if WHOLE else [1])
def test_shuffled(seed: int, usual: Tuple[str, Seen], tmp_path: Path):
    platform, seen = usual
    found = run(tmp_path, "-p", platform, "--shuffle", str(seed), *(() if WHOLE else SUITES))
    assert len(found) == len(seen) > (500 if WHOLE else 200)
    assert differing(seen, found) == {}


def test_each_in_its_own_boot(usual: Tuple[str, Seen], tmp_path: Path):
    platform, seen = usual
    if platform != SAMPLE:
        pytest.skip("one platform is enough: %s" % SAMPLE)
    found = run(tmp_path, "-p", platform, "--isolate-cases", *(() if WHOLE else ALONE))
    assert len(found) == (len(seen) if WHOLE else len(set(found) & set(seen))) > 15
    assert differing(seen, found) == {}


def names(suite: str) -> List[str]:
    """The cases of a suite in the order of its image."""
    return [case.name for case in read_cases(str(BUILD / "x86" / (suite + ".flat"))) or []]


def test_a_boot_that_breaks_goes_on_in_another_order(tree):
    """Each boot shuffles what is left, and each case has its verdict."""
    cases = ["pass_%d" % i for i in range(8)] + ["segv_a", "segv_b", "fail_a"]
    done = tree.image(*cases).run("--shuffle", "5")
    assert done.verdicts() == {"fake/" + name: {"p": "PASS", "s": "CRASH", "f": "FAIL"}[name[0]]
                               for name in cases}
    words = [" ".join(boot["argv"]) for boot in done.boots()]
    assert len(words) == 3 and all("shuffle=5" in word for word in words)
    begun = [line[len("CASE: "):] for line in (Path(done.logs) / "tcg" / "fake.log").read_text(
        encoding="latin-1").splitlines() if line.startswith("CASE: ")]
    first = shuffled(cases, 5)
    assert begun[:first.index(begun[0]) + 2] == first[:2] and sorted(begun) == sorted(cases)


def test_each_case_of_an_image_has_its_boot(tree):
    cases = ("pass_a", "hang_b", "segv_c", "fail_d")
    done = tree.image(*cases).run("--isolate-cases", "--set", "fake.timeout=1")
    assert done.verdicts() == {"fake/pass_a": "PASS", "fake/hang_b": "TIMEOUT",
                               "fake/segv_c": "CRASH", "fake/fail_d": "FAIL"}
    assert [boot["boot"] for boot in done.boots()] == [1, 2, 3, 4]


def test_a_machine_that_does_not_start_ends_no_other_case(tree):
    """Each case was tried, and each has a reason."""
    done = tree.image("pass_a", "pass_b").run("--isolate-cases", env={"FAKE_REFUSE": "1"}.items())
    assert set(done.verdicts().values()) == {"ERROR"}
    assert len(done.boots()) == 2
    assert "qemu: could not do that" in done.result("fake/pass_b")["reason"]


@pytest.mark.parametrize("value", ["0", "x", "-1"])
def test_a_seed_is_a_number(tree, value):
    done = tree.image("pass_a").run("--shuffle", value)
    assert done.status == 2 and "--shuffle" in done.err
