# SPDX-License-Identifier: BSD-2-Clause
"""What the suite costs inside an emulator: cases, exits, entries and samples."""
import os
import re
import statistics
import subprocess
from typing import Dict, Tuple

from ordeal.model import UserError

from .tree import Tree, environment, timed

#: Cases of the image hv that wait 2 ms for a timer on purpose.
WAITING = "stories.s2_timer.*"
EXITS, SAMPLES, BOOTS = 100000, 10000, 7
#: Blocks of the generated world that are played in full, some of each kind: 11,463 situations.
BLOCKS = "STI.D* STI.I* STI.R* IF1.F* MOV_SS.P* IRETQ.S*"
VENDORS = {"intel": "bochs-intel", "amd": "bochs-amd"}


def _tcg(tree: Tree, image: str, *words: str, plain: bool = True) -> float:
    """Processor time of a boot on tcg."""
    return timed((tree.plain if plain else tree.guest)(image, *words))[1]


def tcg(tree: Tree) -> Dict[str, float]:
    """Cases on tcg, natively and in the shim, against a guest that exits at once. These boots are
    short, so each is made several times."""
    boots = [(_tcg(tree, "empty"), _tcg(tree, "native"), _tcg(tree, "hv", "-x", "hv/" + WAITING))
             for _ in range(BOOTS)]
    empty, native, inside = (statistics.median(column) for column in zip(*boots))
    one = max(native - empty, 1e-4) / tree.cases("native")
    return {"tcg.native_ratio": native / empty, "tcg.cases": tree.cases("native") / native,
            "tcg.shim_ratio": max(inside - empty, 1e-4) / tree.cases("hv", WAITING) / one}


def pace(tree: Tree) -> Dict[str, float]:
    """Entries and samples a second, on tcg and on Bochs, without the boot."""
    found = {}
    boots = {"entries": ("bench.many_exits", EXITS, True),
             "samples.native": ("bench.samples", SAMPLES, False),
             "samples.shim": ("bench.guest_samples", SAMPLES, False)}
    bochs_boot = tree.cpu("bochs-intel", "empty")
    for name, (case, count, plain) in boots.items():
        spent = _tcg(tree, "bench", "bench/" + case, plain=plain) \
            - _tcg(tree, "empty", plain=plain)
        found[name + ".tcg"] = count / max(spent, 1e-4)
        spent = tree.cpu("bochs-intel", "bench", "bench/" + case) - bochs_boot
        found[name + ".bochs"] = count / max(spent, 1e-4)
    return found


def _world(tree: Tree, platform: str) -> Tuple[int, int, float]:
    """Some blocks of the generated world in full: situations, ticks, and processor time."""
    logs = os.path.join(tree.work, "logs-world-" + platform)
    argv = [tree.run, "-p", platform, "--logs", logs, "--set",
            "world.test_args=%s profile=yes" % BLOCKS, "world"]
    spent = timed(argv, cwd=tree.work)[1]
    try:
        with open(os.path.join(logs, platform, "world.log"), encoding="utf-8",
                  errors="replace") as stream:
            log = stream.read()
    except OSError:
        log = ""
    situations = sum(map(int, re.findall(r"^BLOCK: \S+ situations=(\d+) ", log, re.M)))
    ticks = {name: int(value) for name, value in re.findall(r"^PROFILE ([^:]+): ticks=(\d+) ",
                                                            log, re.M)}
    if not situations or not ticks:
        raise UserError("%s plays nothing of the generated world" % platform)
    return situations, sum(ticks.values()) - ticks["firmware"], spent


def world(tree: Tree) -> Dict[str, float]:
    """The generated world: what a situation costs in the guest, and a legal set on the host."""
    found = {}
    for name, platform in (("tcg", "tcg"), ("bochs", "bochs-intel")):
        situations, ticks, spent = _world(tree, platform)
        found["world.ticks." + name] = ticks / situations
        found["world.pace." + name] = situations / spent
    with open(os.path.join(tree.root, "tests", "model-rows.tsv"), encoding="utf-8") as stream:
        rows_of_model = [line.split("\t")[2] for line in stream if not line.startswith("#")]
    said = subprocess.run([os.path.join(tree.root, "x86", "explain"), "--bench"], check=False,
                          input="\n".join(" ++ ".join(rows_of_model).split(" ++ ")) + "\n",
                          stdout=subprocess.PIPE, text=True, env=environment()).stdout
    sets = re.search(r": (\d+) sets a second", said)
    if not sets:
        raise UserError("x86/explain --bench prints no legal sets a second")
    return {**found, "world.sets": float(sets.group(1))}


def rows(tree: Tree) -> Dict[str, float]:
    """The whole suite on one Bochs model."""
    argv = [tree.run, "-p", "bochs-intel", "--logs", os.path.join(tree.work, "logs-rows")]
    return {"bochs.rows": timed(argv, cwd=tree.work)[1]}


def _ticks(tree: Tree, image: str, *words: str) -> int:
    """The instructions of a boot on Bochs, which counts them exactly."""
    argv, logs = tree.command("bochs-intel", image, *words)
    timed(argv)
    with open(os.path.join(logs, "bochs-intel", image + ".log"), "rb") as stream:
        found = re.findall(rb"^(\d+)p\[", stream.read(), re.M)
    if not found:
        raise UserError("%s did not end as it should on Bochs" % image)
    return int(found[-1])


def exact(tree: Tree) -> Dict[str, float]:
    """Instructions, which Bochs counts: the same in every turn."""
    empty = _ticks(tree, "empty")
    found: Dict[str, float] = {
        "bochs.native": (_ticks(tree, "native") - empty) / tree.cases("native"),
        "bochs.shim": (_ticks(tree, "hv", "-x", "hv/" + WAITING) - empty)
        / tree.cases("hv", WAITING)}
    for vendor, platform in VENDORS.items():
        said = tree.said(platform, "bench.exit")
        found["exit." + vendor] = said["ticks_per_exit"] - said["of_the_guest"]
        found["trip." + vendor] = tree.said(platform, "bench.round_trip")["rdmsr_to_handler"]
    return found


def lab(tree: Tree) -> Dict[str, float]:
    """Samples of a sweep under real hypervisors: lines for a person, no figures."""
    for platform in ("kvm-amd@tcg", "xen-amd@tcg", "kvm-intel@bochs"):
        for case in ("bench.samples", "bench.guest_samples"):
            try:
                found = [r for r in tree.records(platform, "bench", "bench/" + case)
                         if r["type"] == "result"]
                seconds = found[0]["seconds"] if found else 0
                print("lab: %-15s %-19s %s" % (
                    platform, case, "%.0f samples a second" % (SAMPLES / seconds)
                    if seconds and found[0]["verdict"] == "PASS" else
                    "no figure: %s" % (found[0]["reason"] if found else "cannot run here")))
            except UserError as error:
                print("lab: %-15s %-19s no figure: %s" % (platform, case, error))
    return {}
