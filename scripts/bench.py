#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""make bench: what the suite and its runner cost, against the aims, or against another commit.

    bench.py [-n TURNS] [--against REV] [PART]...

Each figure is measured in TURNS turns (default 3) and printed as its median with the least and the
most. An aim that is missed is named and changes nothing; a limit that does not hold is a failure.
With --against, the tree of that commit is built in a temporary directory and measured in turns with
this one; the exit status is 1 if a figure is worse beyond the noise that was measured. PART is one
of size, exact, tcg, pace, world, rows, runner, build and lab; lab runs only if it is named.
"""
import os
import resource
import subprocess
import sys
import tempfile
import time
from typing import Callable, Dict, List, Tuple

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "scripts"))
sys.dont_write_bytecode = True

from benching import guests, host  # noqa: E402
from benching.figures import Values, compare, line, over_limit  # noqa: E402
from benching.tree import Tree, environment  # noqa: E402
from ordeal.model import UserError  # noqa: E402

#: The parts of a bench. What is exact needs one turn only.
PARTS: Dict[str, Callable[[Tree], Dict[str, float]]] = {
    "size": host.size, "exact": guests.exact, "tcg": guests.tcg, "pace": guests.pace,
    "world": guests.world,
    "rows": guests.rows, "runner": host.runner, "build": host.build, "lab": guests.lab}
ONCE = ("size", "exact", "lab")


def parse(argv: List[str]) -> Tuple[int, str, List[str]]:
    """The turns, the commit to compare with, and the parts; UserError for anything else."""
    turns, against, parts, argv = 3, "", [], list(argv)
    while argv:
        word = argv.pop(0)
        if word in ("-n", "--against") and not argv:
            raise UserError("%s needs a value" % word)
        if word == "-n":
            value = argv.pop(0)
            if not value.isdigit() or not 0 < int(value) < 1000:
                raise UserError("-n %s: give a number from 1 to 999" % value)
            turns = int(value)
        elif word == "--against":
            against = argv.pop(0)
        elif word in PARTS:
            parts.append(word)
        else:
            raise UserError("no part %s; there are: %s" % (word, " ".join(PARTS)))
    return turns, against, parts or [name for name in PARTS if name != "lab"]


def other_tree(rev: str, work: str) -> Tree:
    """The tree of a commit, built in a temporary directory."""
    commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--verify", "-q", rev + "^{commit}"],
                            stdout=subprocess.PIPE, text=True, check=False).stdout.strip()
    if not commit:
        raise UserError("--against %s: there is no such commit" % rev)
    root = os.path.join(work, "against")
    for argv in (["git", "-C", ROOT, "worktree", "add", "-q", "--detach", root, commit],
                 ["make", "-s", "-C", root, "-j", str(os.cpu_count() or 1)]):
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              env=environment(), check=False)
        if done.returncode:
            raise UserError("--against %s: %s failed: %s" % (
                rev, " ".join(argv[:2]), (done.stdout.strip().splitlines() or ["no message"])[-1]))
    os.makedirs(os.path.join(work, "old"))
    return Tree(root, os.path.join(work, "old"))


def measure(parts: List[str], turns: int, trees: List[Tree]) -> List[Values]:
    """The figures of each tree, the trees taking turns; those of the first are printed as they
    come."""
    found: List[Values] = [{} for _ in trees]
    printed = 0
    for part in parts:
        for _ in range(1 if part in ONCE else turns):
            for tree, values in zip(trees, found):
                for key, value in PARTS[part](tree).items():
                    values.setdefault(key, []).append(value)
        for key in list(found[0])[printed:]:
            print(line(key, found[0][key]), flush=True)
        printed = len(found[0])
    return found


def main() -> int:
    """Measure and print; returns the exit status."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ordeal-bench-") as work:
        try:
            turns, against, parts = parse(sys.argv[1:])
            os.makedirs(os.path.join(work, "new"))
            trees = [Tree(ROOT, os.path.join(work, "new"))]
            try:
                if against:
                    trees.append(other_tree(against, work))
                found = measure(parts, turns, trees)
            finally:
                if against:
                    subprocess.run(["git", "-C", ROOT, "worktree", "remove", "--force",
                                    os.path.join(work, "against")], check=False,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        except UserError as error:
            print("bench: %s" % error, file=sys.stderr)
            return 2
    failed = over_limit(found[0])
    if against:
        print("\nAgainst %s:" % against)
        for one in compare(*found):
            print(one)
            failed += [one.key] if one.worse else []
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    print("\n%.0f s, processor time %.0f s%s" % (
        time.monotonic() - started, usage.ru_utime + usage.ru_stime,
        "; FAILED: " + ", ".join(failed) if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
