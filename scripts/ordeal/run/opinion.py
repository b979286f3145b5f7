# SPDX-License-Identifier: BSD-2-Clause
"""The host judges again what a guest says of the generated world. x86/explain has the same model,
built for the host, and enumerates the same names; where the two disagree, one of them is wrong, and
the case is an ERROR.
"""
from typing import Dict, List, Optional, Sequence, Tuple

from ..host import Host
from ..judge.blocks import Played, classes, hash_of, miscount, objection, of_quirks
from ..judge.session import CaseLog
from ..model import ERROR, FAIL, FLAKY, SKIP
from ..plan import world

_AMD = ("AuthenticAMD", "HygonGenuine")
#: Classes of one block whose reasoning a report shows, and its lines.
EXPLAINED, EXPLAINED_LINES = 4, 60
_COMMAND = "./x86/explain "


def processor(env: Sequence[str]) -> Tuple[str, List[str]]:
    """The vendor, and the options of x86/explain that describe the processor, from ENV lines."""
    words = dict(word.partition("=")[::2] for line in env for word in line.split())
    vendor = "amd" if words.get("cpu") in _AMD else "intel"
    return vendor, ["--vendor", vendor] + ["--state", "nxe"] * (words.get("nxe") == "1")


class Reviewer:
    """Reviews the blocks of one run. What the host has counted is kept between boots."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._counted: Dict[Tuple[str, ...], Dict[str, world.Block]] = {}

    def review(self, words: Sequence[str], env: Sequence[str], cases: Sequence[CaseLog],
               span: Optional[Tuple[int, int]] = None) -> None:
        """Give ERROR to each case that the host objects to, and FLAKY where only a second try
        differed; note classes and their reasoning. words: the guest's arguments; span: from= and
        to= of a boot that played a part of a block."""
        cases = [case for case in cases if case.block]
        vendor, options = processor(env)
        if not cases:
            return
        options = [*options, *world.law(words)]
        # Scenes that are changed on purpose are not what their names say.
        changed = any(word.startswith("mutate=") for word in words)
        played = {case.name: [] if changed else _played(case) for case in cases}
        asked = list(dict.fromkeys(one.name for found in played.values() for one in found))
        opinions = world.opinions(self._host, asked, options)
        named = {one.name: one.quirks for found in played.values() for one in found if one.quirks}
        quirky = world.with_quirks(self._host, named, options)
        for case in cases:
            text = self._miscount(case, words, vendor, span) or \
                _objections(played[case.name], opinions, quirky) or \
                ("" if changed else _other_hash(case, words, opinions))
            if text and case.verdict != ERROR:
                case.verdict, case.reason = ERROR, "guest and host disagree: " + text
            elif case.verdict == FAIL and case.block["flaky"] and not case.block["illegal"]:
                case.verdict = FLAKY
            case.block["rejudged"] = len(played[case.name])
        self._explain(cases, options)

    def largest(self, words: Sequence[str]) -> int:
        """How many situations the largest block has of what these arguments select."""
        key = ("", *world.selecting(words))
        if key not in self._counted:
            self._counted[key] = world.blocks(self._host, words)
        return max(block.situations for block in self._counted[key].values())

    def _miscount(self, case: CaseLog, words: Sequence[str], vendor: str,
                  span: Optional[Tuple[int, int]]) -> str:
        key = (vendor, *world.selecting(words))
        if key not in self._counted:
            self._counted[key] = world.blocks(self._host, words, vendor)
        counted = self._counted[key].get(case.name)
        if counted is None:
            return "the host knows no block %s" % case.name
        situations = counted.situations
        if span:
            situations = span[1] - span[0] + 1
        if world.named(words):
            situations = 1
        return miscount(case.block, situations, counted.outside)

    def _explain(self, cases: Sequence[CaseLog], options: Sequence[str]) -> None:
        found = {case.name: [(count, name, "") for count, name in classes(case.notes)]
                 + of_quirks(case.notes) for case in cases}
        names = [name for some in found.values() for _, name, _ in some[:EXPLAINED]]
        texts = dict(zip(names, world.explained(self._host, names, options)))
        for case in cases:
            case.block["classes"] = [
                {"name": name, "count": count, **({"quirks": quirks} if quirks else {}), **(
                    {"explained": texts[name][:EXPLAINED_LINES]} if name in texts else {})}
                for count, name, quirks in found[case.name]]


def _played(case: CaseLog) -> List[Played]:
    """The situations of a case whose traces were logged: a sample, and the first class."""
    found: List[Played] = list(case.played)
    some = classes(case.notes)
    if some and case.verdict == FAIL and len(case.seen) == 1:
        found.append(Played(some[0][1], "illegal", -1, case.seen[0]))
    return found


def _objections(played: Sequence[Played], opinions: Dict[str, world.Opinion],
                quirky: Dict[str, List[str]]) -> str:
    objections = [objection(one, opinions[one.name].legal, opinions[one.name].unknown,
                            quirky.get(one.name, ())) for one in played]
    found = list(filter(None, objections))
    return found[0] + (" (and %d more)" % (len(found) - 1) if len(found) > 1 else "") if found else ""


def _other_hash(case: CaseLog, words: Sequence[str], opinions: Dict[str, world.Opinion]) -> str:
    """Where every trace was logged, the hash of the block is known to the host as well."""
    logged: List[Played] = case.played
    if "show=1" not in words or case.verdict == SKIP:
        return ""
    if len(logged) != case.block["situations"] - case.block["unplayed"]:
        return "%d traces are logged, of %d situations that were played" % (
            len(logged), case.block["situations"] - case.block["unplayed"])
    if len({one.name for one in logged}) != len(logged):
        return "a situation was played twice"
    own = hash_of([(opinions[one.name].digest, one.digest) for one in logged])
    return "" if own == case.block["hash"] else \
        "the hash of the logged traces is %s, not %s" % (own, case.block["hash"])
