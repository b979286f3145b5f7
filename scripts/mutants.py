#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""make mutants: tests that each case can fail, and that a listed case cannot fail as it likes.

This script runs the suite unchanged, then once for each mutation of the stage
(lib/x86/base/mutate.def) and once for each misbehaviour of the shim (lib/x86/hv/wrong.def).

The first score is of the cases that pass unchanged: a mutation kills a case that no longer passes.
A case that no mutation kills asserts nothing. A case counts on the platforms where it passes.

The second score is of the cases that expected/ lists. If a mutation changes what is seen in such a
case, it must become unexpected, unless a line of `seen` has what is seen now, in full. A changed
case that is excused by a wildcard, or by an entry that does not say what is seen, is a hole.

Usage: scripts/mutants.py [-p PLATFORM,...] [-l PLATFORM,...] [STANZA...]
  -p  the platforms of both scores
  -l  the platforms of the second score only, on which only listed cases run
Exit status: 0, 1 if a case survives or there is a hole, 2 after a bad word or a run that failed.
"""
import os
import re
import subprocess
import sys
import tempfile
from typing import Dict, List, Set, Tuple

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
#: An out-of-tree build has run_tests.sh as well.
BUILD = os.environ.get("ORDEAL_BUILD", ROOT)
sys.path.insert(0, os.path.join(ROOT, "scripts"))
from ordeal.report.formats import results  # noqa: E402
from ordeal.report.mutated import Key, Result, Scores, by_key, listed, passing  # noqa: E402
from ordeal.report.stream import read_records  # noqa: E402

#: unittests.cfg: the suites of an ordinary run, and those whose cases are guests of the shim.
with open(os.path.join(ROOT, "unittests.cfg"), encoding="utf-8") as _cfg:
    _GROUPS = {name: groups.split() for name, groups in re.findall(
        r"^\[([\w-]+)\]\n(?:[a-z_]+ = .*\n)*?groups = (.*)$", _cfg.read(), re.M)}
STANZAS = [name for name, groups in _GROUPS.items() if "nodefault" not in groups]
GUESTS = [name for name in STANZAS if "hv" in _GROUPS[name]]
#: Only the Bochs of the toolbox root has the monitor trap flag; without the root, the cases that
#: need the flag do not count.
PLATFORMS = "bochs-intel,bochs-amd,bochs-intel+trixie"
#: Nothing passes here that passes nowhere else, but many cases are listed.
LISTED_ONLY = "tcg,tcg+trixie,bochs-amd+trixie"
Found = Dict[Key, Result]


def names_in(path: str) -> List[str]:
    """The second column of a table of lib/x86: the values that the guest argument may have."""
    with open(os.path.join(ROOT, "lib/x86", path), encoding="ascii") as stream:
        return re.findall(r'^(?:MUTATION|WRONG)\(\w+, "([\w-]+)"', stream.read(), re.M)


def suite(case: str) -> str:
    """The stanza of a case."""
    return case.partition("/")[0]


def run(patterns: List[str], platforms: str, argument: str, work: str) -> Found:
    """The results of these cases when the guests get this argument."""
    if not patterns:
        return {}
    stream = os.path.join(work, "results.jsonl")
    command = [os.path.join(BUILD, "run_tests.sh"), "-p", platforms, "-j", "2", "--jsonl", stream,
               "--logs", os.path.join(work, "logs")]
    for stanza in dict.fromkeys(map(suite, patterns)) if argument else ():
        command += ["--set", "%s.test_args=%s" % (stanza, argument),
                    "--set", "%s.timeout=2" % stanza]  # a mutated HLT may wait for ever
    done = subprocess.run(command + patterns, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          check=False)
    if done.returncode not in (0, 1):
        sys.stderr.write("mutants: %s\n%s" % (" ".join(command),
                                              done.stderr.decode(errors="replace")))
        sys.exit(2)
    return by_key(results(read_records(stream)))


def plan(stanzas: List[str]) -> List[Tuple[str, List[str]]]:
    """Each value of the guest argument, and the suites that it concerns."""
    guests = [name for name in stanzas if name in GUESTS]
    return [("mutate=" + name, stanzas) for name in names_in("base/mutate.def")] + \
        [("wrong=" + name, guests) for name in names_in("hv/wrong.def") if guests]


def options(argv: List[str]) -> Tuple[str, str, List[str]]:
    """The platforms of both scores, those of the second score only, and the suites."""
    chosen = {"-p": PLATFORMS, "-l": LISTED_ONLY}
    while argv[:1] and argv[0] in chosen and len(argv) > 1:
        chosen[argv[0]], argv = argv[1], argv[2:]
    unknown = [word for word in argv if word not in _GROUPS]
    if unknown:
        sys.stderr.write("mutants: %s is no suite of unittests.cfg%s\n" % (
            unknown[0], "".join((__doc__ or "").partition("\nUsage: ")[1:])))
        sys.exit(2)
    return chosen["-p"], chosen["-l"], argv or list(STANZAS)


def main() -> int:
    """Run all mutations; print a line for each, then both scores and what is wrong with them."""
    platforms, only, stanzas = options(sys.argv[1:])
    killed: Set[str] = set()
    with tempfile.TemporaryDirectory(prefix="ordeal-mutants-") as work:
        honest = run(stanzas, platforms, "", work)
        alive = passing(honest)
        if not alive:
            sys.exit("mutants: nothing passes honestly on %s: run ./run_tests.sh" % platforms)
        extra = listed(run(stanzas, only, "", work)) if only else {}
        scores = Scores({**listed(honest), **extra})
        for argument, targets in plan(stanzas):
            mutated = run(targets, platforms, argument, work)
            aimed = {key for key in alive if suite(key[1]) in targets}
            dead = aimed - passing(mutated)
            killed |= {case for _, case in dead}
            cases = sorted({case for _, case in extra if suite(case) in targets})
            mutated.update(run(cases, only, argument, work))
            scores.add(argument, targets, mutated)
            print("%-24s kills %4d of %4d" % (argument, len(dead), len(aimed)), flush=True)
    cases_alive = {case for _, case in alive}
    for case in sorted(cases_alive - killed):
        print("survives: " + case)
    print("\n".join(scores.lines()))
    print("score: %d of %d cases that pass can fail (%.1f %%)" % (
        len(killed), len(cases_alive), 100.0 * len(killed) / len(cases_alive)))
    print(scores.last_line())
    return 0 if cases_alive == killed and not scores.holes else 1


if __name__ == "__main__":
    sys.exit(main())
