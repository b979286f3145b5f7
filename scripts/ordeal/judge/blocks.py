# SPDX-License-Identifier: BSD-2-Clause
"""BLOCK and PLAYED lines of the generated world: what a guest says of the situations of one block,
when that is a proof, and whether the host says the same. Pure functions.
"""
import re
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

_SET = r"[a-z0-9-]+(?:\+[a-z0-9-]+)*:\d+"
_LINE = re.compile(r"situations=(\d+) legal=(\d+) quirks=((?:%s(?:,%s)*)?) ambiguous=(\d+) illegal=(\d+)"
                   r" flaky=(\d+) unplayed=(\d+) hash=([0-9a-f]{8})" % (_SET, _SET))
_PLAYED = re.compile(r"([\w.+@-]+) (legal|by=[a-z0-9-]+(?:\+[a-z0-9-]+)*|illegal|flaky)"
                     r" ([0-9a-f]{8}) (.+)")
_CLASS = re.compile(r"class of (\d+): ([\w.+@-]+)(?: .*)?")
_SET_OF = re.compile(r"not legal, by (.+): (\d+), the first is ([\w.+@-]+)")
#: An event of a handler that no manual places: the model says this, and a guest one of these.
_SOMEWHERE = "0x0 (outside the scene)"
_IN_A_HANDLER = re.compile(r"0x[0-9a-f]+ \(.*\)|\w+_ENTRY\+.+|\w+ prologue.*")
#: How the model writes #DB that comes again and again, and how a guest ends a line that is cut.
_WITHOUT_END, _CUT = "...", "...(cut)"
_AT = re.compile(r"[^@]+@([^[]+)\[.*")
#: Quirks that no trace shows, because the event comes in the hypervisor (docs/guest-world.md).
TRACELESS = ("debug-trap-in-root",)
_WORD, _PRIME = 0xffffffff, 0x9e3779b1


def parse_block(text: str, before: Dict[str, Any]) -> Dict[str, Any]:
    """The fields of a BLOCK line; ValueError if it is malformed, a second one, or its sums do not agree."""
    if before:
        raise ValueError("a second BLOCK")
    found = _LINE.fullmatch(text)
    if not found:
        raise ValueError("malformed BLOCK")
    situations, legal, illegal, flaky, unplayed = (int(found.group(n)) for n in (1, 2, 5, 6, 7))
    quirks = {name: int(count) for name, _, count in
              (word.partition(":") for word in found.group(3).split(",") if word)}
    if situations != legal + sum(quirks.values()) + illegal + flaky + unplayed:
        raise ValueError("the sums of a BLOCK do not agree")
    if int(found.group(4)) > sum(quirks.values()) or 0 in quirks.values():
        raise ValueError("a BLOCK counts what is not there")
    return {"situations": situations, "legal": legal, "quirks": quirks,
            "ambiguous": int(found.group(4)), "illegal": illegal, "flaky": flaky,
            "unplayed": unplayed, "hash": found.group(8)}


def contradiction(block: Dict[str, Any], passed: bool) -> str:
    """Why this verdict cannot be that of the block; '' if it can."""
    good = block["legal"] > 0 and not block["illegal"] and not block["quirks"] and not block["flaky"]
    if passed and not good:
        return "PASS of a BLOCK that has illegal situations, or no legal one"
    return ""


def total(blocks: Sequence[Dict[str, Any]]) -> Dict[str, Any]:
    """Several parts as one block. The hash of a block is the sum of its situations' hashes."""
    quirks: Dict[str, int] = {}
    for block in blocks:
        for name, count in block["quirks"].items():
            quirks[name] = quirks.get(name, 0) + count
    counts = {key: sum(block[key] for block in blocks)
              for key in ("situations", "legal", "ambiguous", "illegal", "flaky", "unplayed")}
    return {**counts, "quirks": quirks,
            "hash": "%08x" % (sum(int(block["hash"], 16) for block in blocks) & _WORD)}


def of_quirks(notes: Sequence[str]) -> List[Tuple[int, str, str]]:
    """How many situations each set of quirks explains, the first of them, and the set."""
    found = [_SET_OF.fullmatch(note) for note in notes]
    return [(int(match.group(2)), match.group(3), match.group(1)) for match in found if match]


def classes(notes: Sequence[str]) -> List[Tuple[int, str]]:
    """How many situations each class of deviations has, and its smallest one, in the guest's order."""
    found = [_CLASS.fullmatch(note) for note in notes]
    return [(int(match.group(1)), match.group(2)) for match in found if match]


# -- the host's opinion -----------------------------------------------------------------------

class Played(NamedTuple):
    """A situation whose trace was logged: what the guest said of it (legal, illegal, flaky, or by=
    and quirks), and the hash of its trace."""
    name: str
    said: str
    digest: int
    trace: str

    @property
    def quirks(self) -> List[str]:
        """The quirks that explain its trace, as the guest says."""
        names = self.said[len("by="):].split("+") if self.said.startswith("by=") else []
        return [name for name in names if name not in TRACELESS]

    @property
    def is_legal(self) -> bool:
        """Whether the guest calls the trace legal."""
        return self.said == "legal" or self.said.startswith("by=") and not self.quirks


def parse_played(text: str) -> Played:
    """A PLAYED line; ValueError if it is malformed."""
    found = _PLAYED.fullmatch(text)
    if not found:
        raise ValueError("malformed PLAYED")
    name, said, digest, trace = found.groups()
    return Played(name, said, int(digest, 16), trace)


def _same_event(legal: str, seen: str) -> bool:
    if legal == seen:
        return True
    head, at, tail = legal.partition("@" + _SOMEWHERE)
    if not at or not seen.startswith(head + "@") or not seen.endswith(tail):
        return False
    return bool(_IN_A_HANDLER.fullmatch(seen[len(head) + 1:len(seen) - len(tail)]))


def is_among(legal: Sequence[str], seen: str) -> bool:
    """Whether a trace is one of these, event by event and to the letter."""
    events = seen.split("; ")
    for trace in legal:
        wanted = trace.split("; ")
        if wanted[-1] == _WITHOUT_END:
            wanted.pop()
            if not _is_endless(events[len(wanted):]):
                continue
        elif len(wanted) != len(events):
            continue
        if all(map(_same_event, wanted, events)):
            return True
    return False


def _is_endless(events: Sequence[str]) -> bool:
    """Whether this is #DB, and what its handler's IRET lets in, at one place until the log was full,
    and an NMI that was held back anywhere among them."""
    whole = events[:-1] if events and events[-1].endswith(_CUT) else events
    places = {_AT.sub(r"\1", event) for event in whole if not event.startswith("NMI@")}
    return len(places) == 1 and whole[0].startswith("#DB@")


def _mix(digest: int, word: int) -> int:
    digest = (digest ^ word) * _PRIME & _WORD
    return digest ^ digest >> 15


def hash_of(played: Sequence[Tuple[int, int]]) -> str:
    """The hash of a block from its situations: the hashes of their names and of their traces."""
    return "%08x" % (sum(_mix(_mix(0, name), trace) for name, trace in played) & _WORD)


def objection(played: Played, legal: Sequence[str], unknown: str,
              explained: Sequence[str] = ()) -> str:
    """What the host says against the guest's judgement of one situation; '' if it agrees. explained:
    the traces that the quirks allow which the guest names."""
    if unknown:
        return "%s was played, but the host's model does not know it: %s" % (played.name, unknown)
    is_legal = is_among(legal, played.trace)
    if played.is_legal and not is_legal:
        return "the guest calls %s legal, but on the host no legal order is %s" % (
            played.name, played.trace)
    if (played.said == "illegal" or played.quirks) and is_legal:
        return "the guest calls %s %s, but on the host this order is legal: %s" % (
            played.name, "legal only with quirks" if played.quirks else "illegal", played.trace)
    if played.quirks and not is_among(explained, played.trace):
        return "the guest explains %s by %s, but on the host these allow no order %s" % (
            played.name, " and ".join(played.quirks), played.trace)
    return ""


def miscount(block: Dict[str, Any], situations: int, outside: int) -> str:
    """What the host's enumeration says against the counts of a block; '' if nothing."""
    if block["situations"] != situations:
        return "the guest has %d situations in the block, the host %d" % (
            block["situations"], situations)
    if block["unplayed"] > outside:
        return "the guest left %d situations unplayed, but only %d may be outside the model's world" % (
            block["unplayed"], outside)
    return ""
