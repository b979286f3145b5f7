# SPDX-License-Identifier: BSD-2-Clause
"""The generated world in numbers: what was played in full, what is a sample, and what came of it.
Pure functions of records.
"""
from typing import Any, Dict, List, Sequence

from ..model import Result

Record = Dict[str, Any]


def blocks(found: Sequence[Result], platform: str) -> List[Result]:
    """The results of this platform that are blocks of the generated world and were played."""
    return [result for result in found if result.platform == platform and result.block]


def numbers(found: Sequence[Result]) -> Dict[str, int]:
    """What the blocks add up to."""
    total = {key: sum(r.block.get(key, 0) for r in found)
             for key in ("situations", "legal", "illegal", "flaky", "unplayed", "left_out", "rejudged")}
    total["quirks"] = sum(sum(r.block["quirks"].values()) for r in found)
    total["ended"] = sum(len(r.block.get("ended", ())) for r in found)
    total["classes"] = sum("quirks" not in one for r in found for one in r.block.get("classes", ()))
    return total


def selected(world: Record) -> str:
    """'57,367 of the 463,746 situations that there are with depth=3 (sample=8)'."""
    words = " ".join(world["words"])
    if world["situations"] == world["all"]:
        return "all {:,} situations{}".format(world["all"], " (%s)" % words if words else "")
    return "{:,} of {:,} situations{}".format(world["situations"], world["all"],
                                              " (%s)" % words if words else "")


def told(records: Sequence[Record], found: Sequence[Result]) -> List[str]:
    """Lines for people; none if the run has no generated world."""
    start: Record = next((r for r in records if r["type"] == "start"), {})
    lines: List[str] = []
    for world in start.get("worlds", []):
        for platform in dict.fromkeys(r.platform for r in found):
            of_suite = [r for r in blocks(found, platform)
                        if r.case.startswith(world["suite"] + "/")]
            if of_suite:
                lines.append("  %s: %s" % (platform, _sentence(numbers(of_suite), world)))
    return ["", "Generated world:"] + lines if lines else []


def explained(result: Result) -> List[str]:
    """What -v prints of a block: its counts, and for each class of deviations the smallest situation,
    and the legal orders with the rule behind each event."""
    block = result.block
    numbers_ = {**block, "as known quirks have it": sum(block["quirks"].values())}
    lines = ["%d situations: " % block["situations"] + ", ".join(
        "%d %s" % (numbers_[key], key)
        for key in ("legal", "as known quirks have it", "illegal", "flaky", "unplayed")
        if numbers_[key])]
    for one in block.get("classes", []):
        lines.append("%d like %s%s" % (one["count"], one["name"],
                                       " (%s)" % one["quirks"] if "quirks" in one else ""))
        lines += ["    " + line for line in one.get("explained", [])]
    return lines


def _sentence(total: Dict[str, int], world: Record) -> str:
    parts = ["{:,} legal".format(total["legal"])]
    for key, text in (("quirks", "{:,} as known quirks have it"),
                      ("illegal", "{:,} illegal in %s classes" % "{classes:,}".format(**total)),
                      ("flaky", "{:,} flaky"), ("ended", "{:,} that end the boot"),
                      ("left_out", "{:,} left out after those"),
                      ("unplayed", "{:,} outside the model's world")):
        if total[key]:
            parts.append(text.format(total[key]))
    missing = world["situations"] - total["situations"]
    if missing > 0:
        parts.append("{:,} not reached".format(missing))
    return "%s: %s; the host judged %s again" % (
        selected(world), ", ".join(parts), "{:,}".format(total["rejudged"]))
