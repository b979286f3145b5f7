# SPDX-License-Identifier: BSD-2-Clause
"""The figures of `make bench`, their aims, and the comparison of two trees. Pure functions.

A figure is measured several times, in turns with the other tree if there is one. What varies in one
tree from one turn to the next is the noise, and only a change beyond it is a regression.
"""
import math
import statistics
from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence

Values = Dict[str, List[float]]
#: What is no regression in any case: a part of the figure.
TOLERANCE = 0.02
#: A change counts beyond this many times the noise.
BEYOND = 3.0


@dataclass(frozen=True)
class Figure:
    """What a number means. more: more of it is better. aim: the number to reach, None if there is
    none; limit: one that must hold."""
    text: str
    unit: str = ""
    aim: Optional[float] = None
    more: bool = False
    limit: Optional[float] = None

    def reaches(self, value: float, bound: float) -> bool:
        """Whether a value is as good as the bound."""
        return value >= bound if self.more else value <= bound


FIGURES: Dict[str, Figure] = {
    "build.ratio": Figure("clean build, to compiling each file once", "times", 1.5),
    "build.seconds": Figure("clean build, processor time", "s"),
    "runner.start": Figure("start to first boot", "ms", 50),
    "runner.start_ratio": Figure("start to first boot, to `python3 -c pass`", "times"),
    "runner.cpu_ratio": Figure("a run of one test, to `python3 -c pass`, processor time", "times"),
    "runner.test": Figure("cost of a test, beyond a bare loop", "ms", 3),
    "runner.test_cpu": Figure("the same, processor time", "ms", 3),
    "runner.loop_ratio": Figure("50 boots on tcg, to a bare loop over the same commands", "times"),
    "tcg.native_ratio": Figure("native suite, boot to END, to an empty guest on tcg", "times", 1.2),
    "tcg.cases": Figure("cases a second, native, tcg", "", None, True),
    "tcg.shim_ratio": Figure("a case in the shim, to a native one, tcg", "times", 3),
    "bochs.native": Figure("instructions a case, Bochs, native", "", 20000),
    "bochs.shim": Figure("instructions a case, Bochs, shim", "", 30000),
    "world.ticks.tcg": Figure("instructions a situation of the generated world, tcg", "", 8000),
    "world.ticks.bochs": Figure("the same, bochs-intel", "", 15000),
    "world.pace.tcg": Figure("situations a second, boot included, tcg", "", 12500, True),
    "world.pace.bochs": Figure("the same, bochs-intel", "", 6250, True),
    "world.sets": Figure("legal sets a second, on the host", "", None, True),
    "bochs.rows": Figure("all rows on bochs-intel, processor time", "s", 1.5),
    "exit.intel": Figure("exit to entry, instructions of ours, bochs-intel", "", 100),
    "exit.amd": Figure("exit to entry, instructions of ours, bochs-amd", "", 100),
    "trip.intel": Figure("RDMSR to the handler of #GP, instructions, bochs-intel"),
    "trip.amd": Figure("RDMSR to the handler of #GP, instructions, bochs-amd"),
    "entries.tcg": Figure("entries a second, tcg", "", 250000, True),
    "entries.bochs": Figure("entries a second, bochs-intel", "", 60000, True),
    "samples.native.tcg": Figure("samples a second, native, tcg", "", 150000, True),
    "samples.native.bochs": Figure("samples a second, native, bochs-intel", "", 50000, True),
    "samples.shim.tcg": Figure("samples a second, shim, tcg", "", 40000, True),
    "samples.shim.bochs": Figure("samples a second, shim, bochs-intel", "", 20000, True),
}


def figure(key: str) -> Figure:
    """The figure for a key; image.NAME and import.ROOM are made here."""
    kind, _, name = key.partition(".")
    if kind == "image":
        # shimtest is the whole library and two cases; 3 KiB of it, and of every image, make the
        # machine ours. The model with its quirks is 56 KiB of an image that asks it; a guest of
        # the world has the shim besides. Half of the generated world's image are the records and
        # names of its 1197 blocks.
        limit = {"shimtest": 62, "empty": 36, "world": 232, "guest": 288}.get(
            name, 140 if name.endswith(".model") else 96)
        return Figure("size of %s" % name, "bytes", limit=limit * 1024)
    if kind == "import":
        return Figure("start of the runner: imports, %s" % name, "ms")
    return FIGURES[key]


def number(value: float) -> str:
    """A value in four digits or more."""
    if abs(value) >= 1000 or value == int(value):
        return "{:,.0f}".format(value)
    return "%.1f" % value if abs(value) >= 100 else "%.2f" % value


def spread(values: Sequence[float]) -> str:
    """The least and the most of several values, '' if they are the same."""
    low, high = number(min(values)), number(max(values))
    return "" if low == high else "%s to %s" % (low, high)


def line(key: str, values: Sequence[float]) -> str:
    """What a person reads of a figure: its median, its spread, and an aim that is missed."""
    what, middle = figure(key), statistics.median(values)
    words = "%-58s %12s %-5s %-20s" % (what.text, number(middle), what.unit, spread(values))
    if what.aim is not None and not what.reaches(middle, what.aim):
        words += " MISSED: the aim is %s" % number(what.aim)
    if what.limit is not None and not what.reaches(middle, what.limit):
        words += " FAILED: the limit is %s" % number(what.limit)
    return words.rstrip()


def over_limit(measured: Values) -> List[str]:
    """The figures whose limit does not hold."""
    found = []
    for key, values in measured.items():
        what = figure(key)
        if what.limit is not None and not what.reaches(statistics.median(values), what.limit):
            found.append(key)
    return found


def noise(one: Sequence[float], other: Sequence[float]) -> float:
    """How much a figure changes in one tree from one turn to the next, as a part of it: the largest
    change of both trees, because a few turns show little of what can happen."""
    steps = [abs(math.log(b / a)) for values in (one, other) for a, b in zip(values, values[1:])
             if a > 0 and b > 0]
    return max(steps, default=0.0) / math.sqrt(max(1, min(len(one), len(other))))


@dataclass(frozen=True)
class Comparison:
    """A figure of two trees. ratio: new to old, the median of the pairs; bounds: what is no change."""
    key: str
    ratio: float
    bound: float

    @property
    def worse(self) -> bool:
        """Whether the new tree is worse beyond noise and tolerance."""
        change = -math.log(self.ratio) if figure(self.key).more else math.log(self.ratio)
        return change > self.bound

    @property
    def better(self) -> bool:
        """Whether it is better beyond them."""
        change = -math.log(self.ratio) if figure(self.key).more else math.log(self.ratio)
        return -change > self.bound

    def __str__(self) -> str:
        verdict = "WORSE" if self.worse else "better" if self.better else "no change"
        return "%-58s new/old %.3f, beyond %.1f %% counts: %s" % (
            figure(self.key).text, self.ratio, 100 * self.bound, verdict)


def compare(new: Values, old: Values) -> List[Comparison]:
    """Every figure that both trees have, pair by pair."""
    found = []
    for key, values in new.items():
        pairs = [(a, b) for a, b in zip(values, old.get(key, [])) if a > 0 and b > 0]
        if pairs:
            bound = max(math.log(1 + TOLERANCE),
                        BEYOND * noise([a for a, _ in pairs], [b for _, b in pairs]))
            found.append(Comparison(key, statistics.median(a / b for a, b in pairs), bound))
    return found
