#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""make mutants: tests that each case can fail.

This script runs the suite unchanged, then once for each mutation of the stage
(lib/x86/base/mutate.def) and once for each misbehaviour of the shim (lib/x86/hv/wrong.def). A
mutation kills a case that passes in the unchanged run but not in the mutated one. A case that no
mutation kills asserts nothing.

Usage: scripts/mutants.py [-p PLATFORM,...] [STANZA...]; the exit status is 1 if a case survives.
A case counts on the platforms where it passes. A case that passes nowhere is left out: it has shown
that it can fail.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
from typing import Dict, List, Set, Tuple

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
#: unittests.cfg: the suites of an ordinary run, and those whose cases are guests of the shim.
with open(os.path.join(ROOT, "unittests.cfg"), encoding="utf-8") as _cfg:
    _GROUPS = {name: groups.split() for name, groups in re.findall(
        r"^\[([\w-]+)\]\n(?:[a-z_]+ = .*\n)*?groups = (.*)$", _cfg.read(), re.M)}
STANZAS = [name for name, groups in _GROUPS.items() if "nodefault" not in groups]
GUESTS = [name for name in STANZAS if "hv" in _GROUPS[name]]
#: Only the Bochs of the toolbox root has the monitor trap flag; without the root, the cases that
#: need the flag do not count.
PLATFORMS = "bochs-intel,bochs-amd,bochs-intel+trixie"
Key = Tuple[str, str]  # platform, case


def names_in(path: str) -> List[str]:
    """The second column of a table of lib/x86: the values that the guest argument may have."""
    with open(os.path.join(ROOT, "lib/x86", path), encoding="ascii") as stream:
        return re.findall(r'^(?:MUTATION|WRONG)\(\w+, "([\w-]+)"', stream.read(), re.M)


def passing(stanzas: List[str], platforms: str, argument: str, work: str) -> Set[Key]:
    """Which cases pass when the guests get this argument."""
    stream = os.path.join(work, "results.jsonl")
    command = [os.path.join(ROOT, "run_tests.sh"), "-p", platforms, "-j", "2", "--jsonl", stream,
               "--logs", os.path.join(work, "logs")]
    for stanza in stanzas:
        if argument:
            command += ["--set", "%s.test_args=%s" % (stanza, argument),
                        "--set", "%s.timeout=2" % stanza]  # a mutated HLT may wait for ever
    done = subprocess.run(command + stanzas, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          check=False)
    if done.returncode not in (0, 1):
        sys.exit("mutants: %s\n%s" % (" ".join(command), done.stderr.decode(errors="replace")))
    with open(stream, encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    return {(r["platform"], r["case"]) for r in records
            if r["type"] == "result" and r["verdict"] in ("PASS", "XPASS")}


def main() -> int:
    """Run all mutations; print a line for each, then the cases that survived."""
    argv, platforms = sys.argv[1:], PLATFORMS
    if argv[:1] == ["-p"]:
        platforms, argv = argv[1], argv[2:]
    stanzas = argv or list(STANZAS)
    killers: Dict[Key, List[str]] = {}
    with tempfile.TemporaryDirectory(prefix="ordeal-mutants-") as work:
        honest = passing(stanzas, platforms, "", work)
        if not honest:
            sys.exit("mutants: nothing passes honestly on %s: run ./run_tests.sh" % platforms)
        plan = [("mutate=" + name, stanzas) for name in names_in("base/mutate.def")]
        guests = [name for name in stanzas if name in GUESTS]
        plan += [("wrong=" + name, guests) for name in names_in("hv/wrong.def") if guests]
        for argument, targets in plan:
            alive = passing(targets, platforms, argument, work)
            aimed = {key for key in honest if key[1].split("/")[0] in targets}
            for key in aimed - alive:
                killers.setdefault(key, []).append(argument)
            print("%-24s kills %4d of %4d" % (argument, len(aimed - alive), len(aimed)),
                  flush=True)
    cases = {case for _, case in honest}
    killed = {case for (_, case) in killers}
    for case in sorted(cases - killed):
        print("survives: " + case)
    print("score: %d of %d cases that pass can fail (%.1f %%)" % (
        len(killed), len(cases), 100.0 * len(killed) / len(cases)))
    return 0 if cases == killed else 1


if __name__ == "__main__":
    sys.exit(main())
