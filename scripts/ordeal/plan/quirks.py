# SPDX-License-Identifier: BSD-2-Clause
"""Known deviations as quirks of the model that judges the generated world (docs/results.md,
section 7).

A section of expected/ with quirk = yes allows the quirk of its name. The runner passes the names
of those that hold on a platform to the image, whose BLOCK lines say what each explains. Pure
functions.
"""
from typing import Any, Collection, Dict, List, Sequence, Tuple

from ..model import FAIL, NOTRUN, Result, UserError
from ..text import near
from .known import Deviation

ARGUMENT = "quirks="
#: What the name of a quirk begins with in it, by the section's `cpu`.
_VENDORS = {"GenuineIntel": "intel:", "AuthenticAMD": "amd:"}
#: Arguments with which an image does not play its whole world as it is.
_PARTIAL = ("law=", "sample=", "only=", "depth=", "axes=", "then=", "from=", "to=", "mutate=", "plant=",
            ARGUMENT)


def bare(deviation: Deviation) -> str:
    """The name in quirks.def, also of a section of the emulator below (EMULATOR:NAME)."""
    return deviation.name.rpartition(":")[2]


def check(listed: Sequence[Deviation], names: Sequence[str]) -> None:
    """A UserError for a quirk that the model does not know. names: all that it knows."""
    for deviation in listed:
        if deviation.quirk and bare(deviation) not in names:
            raise UserError("%s: [%s] has quirk = yes, but the model knows no such quirk%s; x86/explain "
                            "--list quirks lists them" % (deviation.where, bare(deviation),
                                                          near(bare(deviation), names)))


def argument(allowed: Sequence[Deviation], words: Sequence[str],
             guest: bool = False) -> Tuple[str, ...]:
    """What an image is told besides these words of its own. guest: it plays in a guest."""
    names = dict.fromkeys(_VENDORS.get(d.cpu, "") + bare(d) for d in allowed
                          if guest or d.quirk != "guest")
    if not names or any(word.startswith(ARGUMENT) for word in words):
        return ()
    return (ARGUMENT + ",".join(names),)


def used(block: Dict[str, Any]) -> List[str]:
    """The quirks that explain something in a block."""
    return list(dict.fromkeys(name for names in block.get("quirks", {}) for name in names.split("+")))


def excused(result: Result, allowed: Sequence[Deviation], cpu: str) -> List[Deviation]:
    """The deviations that explain everything that is not legal in a block; none if something else is
    wrong, too."""
    block, by_name = result.block, {bare(d): d for d in allowed if d.is_of(cpu)}
    count = sum(block.get("quirks", {}).values())
    if result.verdict != FAIL or not count or block["illegal"] or block["flaky"] or \
            result.reason != \
            "%d of %d situations are legal only with quirks" % (count, block["situations"]):
        return []
    names = used(block)
    return [by_name[name] for name in names] if set(names) <= set(by_name) else []


def unexplained(result: Result) -> bool:
    """Whether a block has situations that nothing explains: no entry for its case excuses them."""
    return bool(result.block and (result.block.get("illegal") or result.block.get("flaky")))


def title(deviations: Sequence[Deviation], block: Dict[str, Any]) -> Tuple[str, str]:
    """What is known of a block, and how much of it."""
    what = deviations[0].reason if len(deviations) == 1 else "quirks of this platform"
    return "%s: %s [%s]" % (", ".join(d.name for d in deviations), what,
                            "; ".join(dict.fromkeys(d.where.rpartition("/")[2].rpartition(":")[0]
                                                    for d in deviations))), \
        "quirks: " + ", ".join("%s %d" % pair for pair in block["quirks"].items())


def is_whole(cases: Sequence[str], words: Sequence[str], verdicts: Dict[str, str]) -> bool:
    """Whether the world with these cases was played as a whole. verdicts: of what ran."""
    return not any(word.startswith(_PARTIAL) for word in words) and \
        all(verdicts.get(case, NOTRUN) != NOTRUN for case in cases)


def idle(allowed: Sequence[Deviation], needed: Collection[str]) -> List[str]:
    """After the whole world, a line for each quirk that explained nothing."""
    return ["%s: [%s] was not needed: the generated world shows nothing that its quirk explains" % (
        d.where, d.name) for d in allowed
            if not d.intermittent and not d.cpu and d.quirk != "guest" and bare(d) not in needed]
