# SPDX-License-Identifier: BSD-2-Clause
"""BLOCK lines of the generated world: what a guest says of all situations of one block, and when
that is a proof. Pure functions.
"""
import re
from typing import Any, Dict

_SET = r"[a-z0-9-]+(?:\+[a-z0-9-]+)*:\d+"
_LINE = re.compile(r"situations=(\d+) legal=(\d+) quirks=((?:%s(?:,%s)*)?) ambiguous=(\d+) illegal=(\d+)"
                   r" unplayed=(\d+) hash=([0-9a-f]{8})" % (_SET, _SET))


def parse_block(text: str, before: Dict[str, Any]) -> Dict[str, Any]:
    """The fields of a BLOCK line; ValueError if it is malformed, a second one, or its sums do not agree."""
    if before:
        raise ValueError("a second BLOCK")
    found = _LINE.fullmatch(text)
    if not found:
        raise ValueError("malformed BLOCK")
    situations, legal, illegal, unplayed = (int(found.group(n)) for n in (1, 2, 5, 6))
    quirks = {name: int(count) for name, _, count in
              (word.partition(":") for word in found.group(3).split(",") if word)}
    if situations != legal + sum(quirks.values()) + illegal + unplayed:
        raise ValueError("the sums of a BLOCK do not agree")
    if int(found.group(4)) > sum(quirks.values()) or 0 in quirks.values():
        raise ValueError("a BLOCK counts what is not there")
    return {"situations": situations, "legal": legal, "quirks": quirks,
            "ambiguous": int(found.group(4)), "illegal": illegal, "unplayed": unplayed,
            "hash": found.group(7)}


def contradiction(block: Dict[str, Any], passed: bool) -> str:
    """Why this verdict cannot be that of the block; '' if it can."""
    good = block["legal"] > 0 and not block["illegal"] and not block["quirks"]
    if passed and not good:
        return "PASS of a BLOCK that has illegal situations, or no legal one"
    return ""
