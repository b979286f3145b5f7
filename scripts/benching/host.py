# SPDX-License-Identifier: BSD-2-Clause
"""What the host's side costs: the build, the images' sizes, the runner's start and its tests."""
import os
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from typing import Dict, List, Tuple

from ordeal.model import UserError

from .tree import Tree, environment, timed

PYTHON = "/usr/bin/python3"
#: An emulator that only records when it was started.
STUB = """#!/bin/sh
case $* in *--version*) echo QEMU emulator version 9.9.9; exit ;; esac
date +%s%N >>"$STAMPS"
"""
TESTS, BOOTS = 100, 50


def size(tree: Tree) -> Dict[str, float]:
    """The size of every image, without symbols."""
    names = [name[:-5] for name in sorted(os.listdir(os.path.join(tree.root, "x86")))
             if name.endswith(".flat")]
    return {"image." + name: float(os.path.getsize(tree.image(name))) for name in names}


def build(tree: Tree) -> Dict[str, float]:
    """A clean out-of-tree build without ccache, and its compilations alone, each source once."""
    where, jobs = tempfile.mkdtemp(dir=tree.work), str(os.cpu_count() or 1)
    options = ["--disable-ccache"] if b"--disable-ccache" in subprocess.run(
        [os.path.join(tree.root, "configure"), "--help"], stdout=subprocess.PIPE,
        check=False).stdout else []
    timed([os.path.join(tree.root, "configure"), *options], cwd=where)
    listed = subprocess.run(["make", "-n", "all"], cwd=where, stdout=subprocess.PIPE, text=True,
                            env=environment(), check=False).stdout.replace("\\\n", " ")
    once = {line.split()[-1]: line for line in listed.splitlines() if " -c -o " in line}
    if len(once) < 50:
        raise UserError("make -n names %d compilations in %s" % (len(once), tree.root))
    with open(os.path.join(where, "commands"), "w", encoding="utf-8") as out:
        out.write("\0".join(once.values()))
    clock, cpu = timed(["make", "-s", "-j", jobs, "all"], cwd=where)
    if not os.path.exists(os.path.join(where, "x86", "native.flat")):
        raise UserError("the clean build of %s fails; try make clean, make" % tree.root)
    alone, _ = timed(["xargs", "-a", "commands", "-0", "-P", jobs, "-n", "1", "sh", "-c"], cwd=where)
    shutil.rmtree(where)
    return {"build.ratio": clock / alone, "build.seconds": cpu}


def runner(tree: Tree) -> Dict[str, float]:
    """From start to first boot, the cost of a test, and the ratio to a bare loop over the same
    commands."""
    stub, stamps = os.path.join(tree.work, "stub"), os.path.join(tree.work, "stamps")
    with open(stub, "w", encoding="ascii") as out:
        out.write(STUB)
    os.chmod(stub, 0o755)
    fake = environment(QEMU=stub, STAMPS=stamps)

    def suite(count: int, env: Dict[str, str]) -> Tuple[float, float]:
        cfg = tree.cfg("t%d" % count, {"t%d" % i: "native" for i in range(count)})
        return timed([tree.run, "-p", "tcg", "--cfg", cfg, "--logs",
                      os.path.join(tree.work, "logs-runner")], env)
    starts, python, ones = [], [], []
    suite(1, fake)
    for _ in range(5):
        os.unlink(stamps)
        python.append(timed([PYTHON, "-c", "pass"]))
        began = time.time()
        ones.append(suite(1, fake)[1])
        with open(stamps, encoding="ascii") as stream:
            starts.append(int(stream.readline()) / 1e9 - began)
    start, one = statistics.median(starts), statistics.median(ones)
    pass_clock, pass_cpu = (statistics.median(column) for column in zip(*python))
    many = suite(TESTS, fake)
    bare = [sum(column) for column in zip(*[timed([stub, "boot"], fake) for _ in range(TESTS)])]
    command = tree.guest("native")
    real = suite(BOOTS, environment())[0]
    loop = sum(timed(command)[0] for _ in range(BOOTS))
    return {"runner.start": start * 1e3, "runner.start_ratio": start / pass_clock,
            "runner.cpu_ratio": one / pass_cpu, "runner.loop_ratio": real / loop,
            "runner.test": (many[0] - bare[0] - start) / TESTS * 1e3,
            "runner.test_cpu": (many[1] - bare[1] - one) / TESTS * 1e3, **rooms(tree)}


def rooms(tree: Tree) -> Dict[str, float]:
    """What each room of the runner adds to its start, from Python's own account of imports."""
    times: Dict[str, List[float]] = {}
    script = "import sys; sys.path.insert(0, sys.argv[1]); import ordeal.app"
    for _ in range(3):
        done = subprocess.run([PYTHON, "-I", "-S", "-X", "importtime", "-c", script,
                               os.path.join(tree.root, "scripts")], stderr=subprocess.PIPE,
                              check=True)
        sums: Dict[str, float] = {}
        for own, name in re.findall(r"^import time: +(\d+) \| +\d+ \| +(\S+)$",
                                    done.stderr.decode(), re.M):
            package, room = (name.split(".") + [""])[:2]
            if package != "ordeal":
                room = "Python's own"
            elif not room or not os.path.isdir(
                    os.path.join(tree.root, "scripts", "ordeal", room)):
                room = "spine"
            sums[room] = sums.get(room, 0) + int(own) / 1e3
        for room, milliseconds in sums.items():
            times.setdefault(room, []).append(milliseconds)
    return {"import." + room: statistics.median(found) for room, found in times.items()}
