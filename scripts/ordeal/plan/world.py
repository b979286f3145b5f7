# SPDX-License-Identifier: BSD-2-Clause
"""The generated world as the host knows it: x86/explain enumerates it, checks names, and has the
legal sets (docs/model.md). A stanza of group world boots an image of it.
"""
import os
import re
import subprocess
from typing import Dict, List, NamedTuple, Sequence, Tuple

from ..host import Host
from ..model import Stanza, UserError
from ..options import WORLD
from ..record import replace
from .select import Suite

GROUP, GUEST = "world", "guest"
#: The guest's arguments that select situations; the others of WORLD name one.
_SELECTS = ("sample=", "seed=", "depth=", "axes=", "then=", "from=", "to=")


class Block(NamedTuple):
    """What a block has of a selection. outside: how many situations the model may not know; -1 if it
    was not asked. excluded: why it has none."""
    situations: int
    outside: int
    excluded: str


class Opinion(NamedTuple):
    """What the host says of a situation: the hash of its name, its words for x86/explain, and its
    legal traces. unknown: why it is not in the model's world, or ''."""
    digest: int
    words: str
    legal: List[str]
    unknown: str


def is_guest(stanza: Stanza) -> bool:
    """Whether it plays that in a guest of the shim (docs/guest-world.md)."""
    return GUEST in stanza.groups


def is_world(stanza: Stanza) -> bool:
    """Whether the stanza's image plays the generated world."""
    return GROUP in stanza.groups


def ask(host: Host, words: Sequence[str], lines: Sequence[str] = ()) -> List[str]:
    """The lines that x86/explain answers; what it objects to is a UserError."""
    program = os.path.join(host.build, "x86", "explain")
    if not os.path.exists(program):
        raise UserError("%s is missing, which knows the generated world; run make" % program)
    done = subprocess.run([program, *words], input="".join(line + "\n" for line in lines),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, text=True)
    if done.returncode:
        said = re.sub(r"^x86/explain: (line \d+: )?", "", done.stderr.strip())
        raise UserError("generated world: %s" % (said or "x86/explain ended with status %d"
                                                 % done.returncode))
    return done.stdout.splitlines()


def selecting(words: Sequence[str]) -> List[str]:
    """Those of a guest's arguments that select situations."""
    return [word for word in words if word.startswith(_SELECTS)]


def law(words: Sequence[str]) -> List[str]:
    """What a guest's arguments say of the law by which a hypervisor plays: options of x86/explain."""
    return ["--law " + word[len("law="):] for word in words if word.startswith("law=")]


def named(words: Sequence[str]) -> str:
    """The one situation that a guest's arguments name, or ''."""
    return next((word[len("only="):] for word in words if word.startswith("only=")), "")


def blocks(host: Host, words: Sequence[str], vendor: str = "") -> Dict[str, Block]:
    """The blocks with what these arguments select of them. vendor: amd or intel, to count what may be
    outside the model's world."""
    found = {}
    for line in ask(host, ["--world-blocks", *selecting(words)]
                    + (["vendor=" + vendor] if vendor else [])):
        name, situations, outside, excluded = line.split("\t")
        found[name] = Block(int(situations), -1 if outside == "-" else int(outside), excluded)
    return found


def names(host: Host, block: str, words: Sequence[str]) -> List[str]:
    """The situations of a block that these arguments select, in the guest's order; of a block whose
    opener and instruction cannot stand together, none."""
    if blocks(host, ["depth=1"])[block].excluded:  # whatever is selected
        return []
    return ask(host, ["--world-names", block, *selecting(words)])


def opinions(host: Host, situations: Sequence[str], options: Sequence[str]) -> Dict[str, Opinion]:
    """The host's opinion of these situations. options: of x86/explain, for the processor."""
    found = {}
    for name, line in zip(situations, ask(host, ["--world-batch"], _lines(situations, options))):
        digest, words, traces = line.split("\t")
        unknown = traces[2:] if traces.startswith("? ") else ""
        found[name] = Opinion(int(digest, 16), words,
                              [] if unknown else traces.split(" || "), unknown)
    return found


def with_quirks(host: Host, quirks: Dict[str, Sequence[str]],
                options: Sequence[str]) -> Dict[str, List[str]]:
    """The traces of each situation with the quirks that are given for it; the legal ones are among
    them."""
    lines = [" ".join([name, *options] + ["--quirk " + quirk for quirk in some])
             for name, some in quirks.items()]
    return {name: line.split("\t")[2].split(" || ")
            for name, line in zip(quirks, ask(host, ["--world-batch"], lines))}


def explained(host: Host, situations: Sequence[str], options: Sequence[str]) -> List[List[str]]:
    """For each situation its legal orders, with the rule and the section behind each event."""
    found: List[List[str]] = [[]]
    for line in ask(host, ["--world-explain"], _lines(situations, options)):
        if line == "--":
            found.append([])
        else:
            found[-1].append(line)
    return found[:-1]


def _lines(situations: Sequence[str], options: Sequence[str]) -> List[str]:
    return [" ".join([name, *options]) for name in situations]


def block_of(situation: str) -> str:
    """'STI.RDMSR' of 'STI.RDMSR.irq60.tg'."""
    return ".".join(situation.split(".")[:2])


def with_options(stanzas: Sequence[Stanza], values: Dict[str, str],
                 wanted: Sequence[str]) -> List[Stanza]:
    """The stanzas, with these options of the command line among the arguments of those that play the
    world. wanted: the names of the stanzas that run."""
    if not values:
        return list(stanzas)
    if not any(is_world(s) and s.name in wanted for s in stanzas):
        raise UserError("--%s is for the generated world, which this run leaves out: name its test, "
                        "as in ./run_tests.sh --sample 16 world" % next(iter(values)))
    words = " ".join("%s=%s" % pair for pair in values.items())
    return [replace(s, test_args=(s.test_args + " " + words).strip()) if is_world(s) else s
            for s in stanzas]


def check(host: Host, suites: Sequence[Suite]) -> None:
    """Raise UserError for a name, an axis or a number that there is not, before anything boots."""
    for suite in suites:
        if is_world(suite.stanza) and not suite.foreign:
            if named(suite.words):
                ask(host, ["--world-batch"], [named(suite.words)])
            ask(host, ["--world-names", "IF0.NOP", *selecting(suite.words)])


def extent(host: Host, suite: Suite, cases: Sequence[str]) -> Tuple[int, int]:
    """How many situations these blocks have of what the suite's arguments select, and how many of the
    same depth and with the same second instructions there are in all blocks."""
    words = selecting(suite.words)
    same = [word for word in words if word.startswith(("depth=", "then="))]
    chosen = blocks(host, words)
    every = blocks(host, same) if words != same else chosen
    picked = 1 if named(suite.words) else sum(
        chosen[case].situations for case in cases if case in chosen)
    return picked, sum(block.situations for block in every.values())


assert set(WORLD) == {"only"} | {word[:-1] for word in _SELECTS[:5]}
