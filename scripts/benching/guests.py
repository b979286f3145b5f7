# SPDX-License-Identifier: BSD-2-Clause
"""What the suite costs inside an emulator: cases, exits, entries and samples."""
import os
import re
import statistics
from typing import Dict

from ordeal.model import UserError

from .tree import Tree, timed

#: Cases of the image hv that wait 2 ms for a timer on purpose.
WAITING = "stories.s2_timer.*"
EXITS, SAMPLES, BOOTS = 100000, 10000, 7
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
