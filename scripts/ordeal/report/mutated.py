# SPDX-License-Identifier: BSD-2-Clause
"""What mutated runs say about the cases that expected/ lists: whether an excuse covers more than
what is known.

A listed case is one that ends as XFAIL in the unchanged run. If a mutation changes what is seen in
it, it must become unexpected, unless what is seen now is listed in full. A changed case that is
excused by anything else is a hole. Pure functions and the sums of what they find."""
from typing import Collection, Dict, Iterable, List, Optional, Set, Tuple

from ..judge.pattern import parse_pattern, spelt
from ..model import PASS, SKIP, XFAIL, XPASS, Result
from ..record import dataclass, replace

Key = Tuple[str, str]  # platform, case
HEADS = ("listed", "changed", "unexpected", "skipped", "passes", "known", "holes")


def by_key(results: Iterable[Result]) -> Dict[Key, Result]:
    """The results by platform and case."""
    return {(result.platform, result.case): result for result in results}


def passing(results: Dict[Key, Result]) -> Set[Key]:
    """The cases that pass."""
    return {key for key, result in results.items() if result.verdict in (PASS, XPASS)}


def listed(results: Dict[Key, Result]) -> Dict[Key, Result]:
    """The cases that went wrong as expected/ lists them."""
    return {key: result for key, result in results.items() if result.verdict == XFAIL}


def sight(result: Result) -> List[str]:
    """What is seen in a case, as a line of `seen` would have it."""
    return spelt(replace(result, verdict=result.raw))


@dataclass
class Score:
    """How many listed cases there were, how many of them changed, and what became of those."""
    listed: int = 0
    changed: int = 0
    unexpected: int = 0
    skipped: int = 0
    passes: int = 0
    known: int = 0
    holes: int = 0

    def count(self, word: str) -> None:
        """Count one listed case; word is what judge() says of it."""
        self.listed += 1
        if word != "same":
            self.changed += 1
            setattr(self, word, getattr(self, word) + 1)

    def row(self, name: str) -> str:
        """A line of the table."""
        return "%-24s" % name + "".join("%11d" % getattr(self, head) for head in HEADS)


def judge(before: Result, after: Result) -> str:
    """What became of a listed case: same; unexpected; skipped, because the mutated scene cannot be
    judged; passes, if the entry allows that and what is seen now is the architecture's; known, if a
    line without a wildcard has what is seen now; or holes."""
    if sight(before) == sight(after):
        return "same"
    if after.unexpected:
        return "unexpected"
    if after.verdict == SKIP:
        return "skipped"
    if after.verdict == PASS:
        return "passes"
    return "known" if after.pattern and not parse_pattern(after.pattern).wild else "holes"


class Scores:
    """The scores of all mutations. honest: the listed cases of the unchanged run."""

    def __init__(self, honest: Dict[Key, Result]) -> None:
        self.honest = honest
        self.by_mutation: Dict[str, Score] = {}
        self.by_platform: Dict[str, Score] = {}
        #: A paragraph for each changed case that is excused, by the word of judge().
        self.excused: Dict[str, List[str]] = {"known": [], "holes": []}

    def add(self, mutation: str, suites: Collection[str], mutated: Dict[Key, Result]) -> None:
        """Count the listed cases of these suites. A case that the mutated run lacks is a hole."""
        for key, before in self.honest.items():
            if key[1].partition("/")[0] not in suites:
                continue
            after = mutated.get(key)
            word = judge(before, after) if after else "holes"
            self.by_mutation.setdefault(mutation, Score()).count(word)
            self.by_platform.setdefault(key[0], Score()).count(word)
            if word in self.excused:
                self.excused[word].append(_paragraph(mutation, key, after))

    @property
    def holes(self) -> List[str]:
        """The excuses that cover more than what is known."""
        return self.excused["holes"]

    def lines(self) -> List[str]:
        """Two tables, by mutation and by platform, and the excuses."""
        head = "%-24s" % "" + "".join("%11s" % word for word in HEADS)
        found = ["", "listed cases:", head]
        found += [score.row(name) for name, score in self.by_mutation.items()]
        found += ["", head] + [score.row(name) for name, score in self.by_platform.items()] + [""]
        found += ["known: " + line for line in self.excused["known"]]
        return found + ["hole: " + line for line in self.excused["holes"]]

    def last_line(self) -> str:
        """The second score."""
        every = list(self.by_mutation.values())
        changed = sum(score.changed for score in every)
        good = changed - sum(score.holes for score in every)
        return "listed: %d of %d changes of a listed case are noticed or known (%.1f %%)" % (
            good, changed, 100.0 * good / changed if changed else 0.0)


def _paragraph(mutation: str, key: Key, after: Optional[Result]) -> str:
    """The case, what is seen in it now, and what excuses it."""
    head = "%s on %s under %s" % (key[1], key[0], mutation)
    if after is None:
        return head + ": did not run"
    return "%s: %s %s\n      excused by %s" % (
        head, after.raw, " || ".join(after.observed) or after.reason,
        after.pattern or after.deviation or "nothing: it is " + after.verdict)
