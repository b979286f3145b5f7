#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""make bench: what the suite and its runner cost, as medians of interleaved runs.

Most figures are ratios: seconds depend on the machine, but a ratio of two things measured in turn
hardly does. Usage: scripts/bench.py [-n RUNS] [PART]..., where PART is one of size, build, runner,
tcg, bochs, shim, sweeps and lab. The part lab measures sweeps under those hypervisors of the lab
that are set up; it runs only if it is named.
"""
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from fnmatch import fnmatchcase
from typing import Callable, Dict, List, Sequence

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RUN = os.path.join(ROOT, "run_tests.sh")
QEMU = ["qemu-system-x86_64", "-nodefaults", "-no-reboot", "-display", "none", "-serial", "stdio",
        "-device", "isa-debug-exit,iobase=0xf4,iosize=0x4", "-accel", "tcg", "-cpu", "max"]
#: The platform tcg boots with -icount, where time is the number of instructions.
ICOUNT = ["-icount", "shift=0,sleep=off"]
#: An image may have 96 KiB; the library at most 52: shimtest has all of it, and 2 KiB of cases.
IMAGE_LIMIT, LIMITS = 96 * 1024, {"shimtest.flat": 54 * 1024, "empty.flat": 32 * 1024}
#: Cases of the image hv that wait 2 ms for a timer on purpose.
WAITING = "stories.s2_timer.*"
#: An emulator that only records when it was started.
STUB = """#!/bin/sh
case $* in *--version*) echo QEMU emulator version 9.9.9; exit ;; esac
date +%s%N >>"$STAMPS"
"""


def quiet(argv: Sequence[str], **more) -> int:
    """Run a command and discard its output; returns its status."""
    return subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, check=False, **more).returncode


def interleaved(jobs: Dict[str, Callable[[], object]], runs: int) -> Dict[str, float]:
    """Median seconds of each job, the jobs taking turns."""
    times: Dict[str, List[float]] = {name: [] for name in jobs}
    for job in jobs.values():
        job()  # warm caches
    for _ in range(runs):
        for name, job in jobs.items():
            start = time.perf_counter()
            job()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def image(name: str) -> str:
    """The path of a built image."""
    path = os.path.join(ROOT, "x86", name + ".flat")
    if not os.path.exists(path):
        sys.exit("bench: %s is missing; run make" % path)
    return path


def runner(runs: int, work: str) -> None:
    """The time from start to first boot, the cost of a test, and the ratio to a bare loop over the
    same commands."""
    stub, stamps = os.path.join(work, "stub"), os.path.join(work, "stamps")
    with open(stub, "w", encoding="ascii") as out:
        out.write(STUB)
    os.chmod(stub, 0o755)
    count = 50
    for name, stanzas in (("one", 1), ("many", count)):
        with open(os.path.join(work, name + ".cfg"), "w", encoding="ascii") as out:
            out.write("".join("[t%d]\nfile = %s\n" % (i, image("native")) for i in range(stanzas)))

    def suite(name: str, env: Dict[str, str]) -> int:
        return quiet([RUN, "-p", "tcg", "--cfg", os.path.join(work, name + ".cfg"),
                      "--logs", os.path.join(work, "logs")], env=dict(os.environ, **env))
    fake = {"QEMU": stub, "STAMPS": stamps}
    first: List[float] = []

    def start() -> None:
        if os.path.exists(stamps):
            os.unlink(stamps)
        began = time.time()
        suite("one", fake)
        with open(stamps, encoding="ascii") as stream:
            first.append(int(stream.readline()) / 1e9 - began)

    def bare_stub() -> None:
        for _ in range(count):
            quiet([stub, "boot"], env=dict(os.environ, STAMPS=stamps))

    suite("one", {})
    with open(os.path.join(work, "logs", "results.jsonl"), encoding="ascii") as stream:
        argv = next(r["argv"] for r in map(json.loads, stream) if r["type"] == "boot")

    def bare_qemu() -> None:
        for _ in range(count):
            quiet(argv)
    times = interleaved({"start": start, "stubs": lambda: suite("many", fake),
                         "bare stubs": bare_stub}, runs)
    print("runner: start to first boot          %6.1f ms (limit 50)" % (
        statistics.median(first[1:]) * 1e3))
    print("runner: cost of a test               %6.2f ms (limit 5)" % (
        (times["stubs"] - times["bare stubs"] - statistics.median(first[1:])) / count * 1e3))
    times = interleaved({"suite": lambda: suite("many", {}), "bare": bare_qemu}, max(3, runs // 3))
    print("runner: %d boots on tcg, ratio to a bare loop over the same commands  %.3f" % (
        count, times["suite"] / times["bare"]))
    rooms(runs)


def rooms(runs: int) -> None:
    """What each room of the runner adds to its start, from Python's own account of imports."""
    times: Dict[str, List[float]] = {}
    script = "import sys; sys.path.insert(0, sys.argv[1]); import ordeal.app"
    for _ in range(runs):
        done = subprocess.run(["/usr/bin/python3", "-I", "-S", "-X", "importtime", "-c", script,
                               os.path.join(ROOT, "scripts")], stderr=subprocess.PIPE, check=True)
        sums: Dict[str, float] = {}
        for own, name in re.findall(r"^import time: +(\d+) \| +\d+ \| +(\S+)$",
                                    done.stderr.decode(), re.M):
            package, room = (name.split(".") + [""])[:2]
            if package != "ordeal":
                room = "library"
            elif not room or not os.path.isdir(os.path.join(ROOT, "scripts", "ordeal", room)):
                room = "spine"
            sums[room] = sums.get(room, 0) + int(own) / 1e3
        for room, milliseconds in sums.items():
            times.setdefault(room, []).append(milliseconds)
    print("runner: imports, ms: %s" % ", ".join(
        "%s %.1f" % (room, statistics.median(found)) for room, found in times.items()))


def build(runs: int, work: str) -> None:
    """The time of a clean out-of-tree build."""
    def once() -> None:
        where = tempfile.mkdtemp(dir=work)
        if quiet([os.path.join(ROOT, "configure")], cwd=where) or \
                quiet(["make", "-j", str(os.cpu_count() or 1)], cwd=where):
            sys.exit("bench: the clean build fails; try make clean, make")
        shutil.rmtree(where)
    print("build:  clean, make -j%-3d              %6.2f s" % (
        os.cpu_count() or 1, interleaved({"build": once}, runs)["build"]))


def size(_runs: int, _work: str) -> None:
    """The size of every image, without symbols, and of all of them together."""
    directory = os.path.join(ROOT, "x86")
    sizes = {name: os.path.getsize(os.path.join(directory, name))
             for name in sorted(os.listdir(directory)) if name.endswith(".flat")}
    for name, count in sizes.items():
        print("size:   %-28s %7d bytes (limit %d)" % (name, count, LIMITS.get(name, IMAGE_LIMIT)))
    print("size:   %-28s %7d bytes" % ("all %d images" % len(sizes), sum(sizes.values())))


def cases(name: str, but: str = "") -> int:
    """How many cases an image carries, but for those that match this glob."""
    sys.path.insert(0, os.path.join(ROOT, "scripts"))
    from ordeal.plan.image import read_cases
    return sum(not fnmatchcase(case.name, but) for case in read_cases(image(name)) or [])


def tcg(runs: int, _work: str) -> None:
    """The native suite against a guest that exits at once."""
    times = interleaved({name: lambda name=name: quiet(QEMU + ["-kernel", image(name)])
                         for name in ("empty", "native")}, runs)
    print("tcg:    native suite, boot to END, ratio to an empty guest  %.2f (limit 1.5)" % (
        times["native"] / times["empty"]))
    print("tcg:    cases a second               %6.0f" % (cases("native") / times["native"]))


def bochs(_runs: int, work: str) -> None:
    """Instructions per case: Bochs counts them exactly, so one run is enough."""
    ticks = {}
    for name in ("empty", "native"):
        cfg = os.path.join(work, name + ".cfg")
        with open(cfg, "w", encoding="ascii") as out:
            out.write("[%s]\nfile = %s\n" % (name, image(name)))
        logs = os.path.join(work, "logs-" + name)
        quiet([RUN, "-p", "bochs-intel", "--cfg", cfg, "--logs", logs])
        with open(os.path.join(logs, "bochs-intel", name + ".log"), "rb") as stream:
            found = re.findall(rb"^(\d+)p\[", stream.read(), re.M)
        if not found:
            sys.exit("bench: %s did not end as it should on Bochs" % name)
        ticks[name] = int(found[-1])
    print("bochs:  instructions per case        %6.0f" % (
        (ticks["native"] - ticks["empty"]) / cases("native")))


def fingerprints(platform: str, case: str, work: str) -> Dict[str, int]:
    """What a case of the bench image printed as name=number."""
    logs = os.path.join(work, "logs-bench-" + platform)
    quiet([RUN, "-p", platform, "--logs", logs, "bench/" + case])
    with open(os.path.join(logs, platform, "bench.log"), "rb") as stream:
        found = re.findall(rb"^OBSERVED: \S+ (.*)$", stream.read(), re.M)
    if not found:
        sys.exit("bench: bench/%s says nothing on %s" % (case, platform))
    return {k: int(v) for k, v in re.findall(r"(\w+)=(\d+)", found[-1].decode())}


def shim(runs: int, work: str) -> None:
    """An exit and a round trip in instructions on both vendors, and the shim's pace on tcg."""
    for platform in ("bochs-intel", "bochs-amd"):
        one = fingerprints(platform, "bench.exit", work)
        trip = fingerprints(platform, "bench.round_trip", work)
        ours = one["ticks_per_exit"] - one["of_the_guest"]
        print("shim:   %-11s exit, completed, resumed: %d instructions of ours, %d of the guest "
              "(aim 100 of ours)" % (platform, ours, one["of_the_guest"]))
        print("shim:   %-11s RDMSR to #GP handler: %d (to root %d, injection %d, to handler %d)" % (
            platform, trip["rdmsr_to_handler"], trip["guest_to_root"], trip["injection"],
            trip["root_to_handler"]))
    exits = 100000
    times = interleaved({
        "empty": lambda: quiet(QEMU + ["-kernel", image("empty")]),
        "exits": lambda: quiet(QEMU + ["-kernel", image("bench"),
                                       "-append", "bench.many_exits"]),
        "native": lambda: quiet(QEMU + ["-kernel", image("native")]),
        "hv": lambda: quiet(QEMU + ["-kernel", image("hv"), "-append", "exclude=" + WAITING])}, runs)
    print("shim:   exits a second on tcg        %6.0f" % (
        exits / (times["exits"] - times["empty"])))
    native = (times["native"] - times["empty"]) / cases("native")
    inside = (times["hv"] - times["empty"]) / cases("hv", WAITING)
    print("shim:   a case in the shim, ratio to a native one on tcg  %.2f (aim 3)" % (
        inside / native))


def pace(platform: str, case: str, work: str) -> str:
    """Samples a second and TSC ticks a sample, or why there are no such figures."""
    logs = os.path.join(work, "logs-pace")
    quiet([RUN, "-p", platform, "--logs", logs, "bench/" + case])
    with open(os.path.join(logs, "results.jsonl"), encoding="utf-8") as stream:
        found = [r for r in map(json.loads, stream) if r["type"] == "result"]
    if not found or found[0]["verdict"] != "PASS" or not found[0]["seconds"]:
        return "no figure: %s" % (found[0]["verdict"] + " " + found[0]["reason"] if found
                                  else "cannot run here")
    said = dict(re.findall(r"(\w+)=(\d+)", " ".join(found[0].get("fingerprints", []))))
    return "%6.0f a second, %s TSC ticks each" % (
        int(said["samples"]) / found[0]["seconds"], said["ticks_per_sample"])


def sweeps(runs: int, work: str) -> None:
    """Samples of a sweep, natively and in the shim: on tcg by the clock, on Bochs in instructions
    as well."""
    boots = {"empty": ["empty", ""], "native": ["bench", "bench.samples"],
             "shim": ["bench", "bench.guest_samples"], "whole": ["sweeps", "fault.ud.trap_gate"]}
    times = interleaved({name: lambda what=what: quiet(
        QEMU + ICOUNT + ["-kernel", image(what[0]), "-append", what[1]])
                         for name, what in boots.items()}, runs)
    for name, aim in (("native", " (aim 20000)"), ("shim", "")):
        print("sweeps: samples a second on tcg, %-6s %7.0f%s" % (
            name, 10000 / (times[name] - times["empty"]), aim))
    print("sweeps: a whole sweep of UD2 on tcg, with its boot  %.3f s, an empty guest %.3f s "
          "(aim: 0.2 s between them)" % (times["whole"], times["empty"]))
    for platform in ("bochs-intel", "bochs-amd"):
        for case in ("bench.samples", "bench.guest_samples"):
            print("sweeps: %-11s %-19s %s" % (platform, case, pace(platform, case, work)))


def lab(_runs: int, work: str) -> None:
    """Samples of a sweep under real hypervisors, from one run each."""
    for platform in ("kvm-amd@tcg", "xen-amd@tcg", "kvm-intel@bochs"):
        for case in ("bench.samples", "bench.guest_samples"):
            print("lab:    %-15s %-19s %s" % (platform, case, pace(platform, case, work)))


PARTS: Dict[str, Callable[[int, str], None]] = {
    "size": size, "build": build, "runner": runner, "tcg": tcg, "bochs": bochs,
    "shim": shim, "sweeps": sweeps, "lab": lab}


def main() -> None:
    """Measure all parts, or those that the command line names."""
    argv = sys.argv[1:]
    runs = 10
    if argv[:1] == ["-n"]:
        runs, argv = int(argv[1]), argv[2:]
    for name in argv:
        if name not in PARTS:
            sys.exit("bench: no part %s; there are: %s" % (name, " ".join(PARTS)))
    with tempfile.TemporaryDirectory(prefix="ordeal-bench-") as work:
        for name in argv or [name for name in PARTS if name != "lab"]:
            PARTS[name](runs, work)
            sys.stdout.flush()


if __name__ == "__main__":
    main()
