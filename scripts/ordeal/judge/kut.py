# SPDX-License-Identifier: BSD-2-Clause
"""The judge for images of kvm-unit-tests: PASS:/FAIL:/SKIP: lines and an exit status.

Such a log has no plan, nonce or END, so it proves less. Each line gives one verdict, and the end of
the machine gives the verdict `exit` of the whole image, which kvm-unit-tests' own runner prints.
"""
from typing import Dict, List, Tuple

from ..model import CRASH, ERROR, FAIL, PASS, SKIP, TIMEOUT, XFAIL, XPASS
from ..text import clean
from .scan import LineScanner
from .session import CODE_ABORT, CODE_PASS, CODE_SKIP, CaseLog, Ending, Judgement

#: The id, within its stanza, of the verdict over the whole image.
WHOLE = "exit"
_WORDS = {"PASS": PASS, "FAIL": FAIL, "SKIP": SKIP, "XFAIL": XFAIL, "XPASS": XPASS,
          "KFAIL": XFAIL}
_PREFIXES = tuple(word.encode() + b":" for word in list(_WORDS) + ["SUMMARY"])
_ID = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")
MAX_SUBTESTS = 200000


def slug(text: str, taken: Dict[str, int]) -> str:
    """A stable case name for a line of text; the second case of that name gets the suffix .2."""
    name = "".join(c if c in _ID else "_" for c in text.strip())
    while "__" in name:
        name = name.replace("__", "_")
    name = name.strip("_")[:120] or "unnamed"
    if name == WHOLE:
        name = WHOLE + "_"
    taken[name] = taken.get(name, 0) + 1
    return name if taken[name] == 1 else "%s.%d" % (name, taken[name])


class KutSession:
    """The judge of a log without a plan, with the interface of judge.session.Session."""

    closed = broken = False

    def __init__(self) -> None:
        self._scanner = LineScanner(_PREFIXES)
        self._taken: Dict[str, int] = {}
        self.cases: Dict[str, CaseLog] = {}
        self.summaries: List[str] = []

    def feed(self, chunk: bytes) -> None:
        """Read the lines that this chunk completes."""
        for line in self._scanner.feed(chunk):
            word, _, text = clean(line.data, 1000).partition(":")
            if word == "SUMMARY":
                self.summaries = [text.strip()]
            elif len(self.cases) < MAX_SUBTESTS:
                name = slug(text, self._taken)
                reason = "" if word == PASS else text.strip()
                self.cases[name] = CaseLog(name, _WORDS[word], reason)

    def finish(self, ending: Ending) -> Judgement:
        """The verdict of each line, and that of the whole image."""
        verdict, reason = self._whole(ending)
        cases = dict(self.cases)
        cases[WHOLE] = CaseLog(WHOLE, verdict, reason)
        why = reason if verdict not in (PASS, SKIP) else ""
        return Judgement(cases, [], True, why, [])

    def _whole(self, ending: Ending) -> Tuple[str, str]:
        verdicts = [case.verdict for case in self.cases.values()]
        said = "; ".join(self.summaries) or "no SUMMARY line"
        if ending.kind == "timeout":
            return TIMEOUT, "no end within the time limit (%s)" % said
        if ending.kind == "exit":
            if ending.code == CODE_PASS:
                if FAIL in verdicts or XPASS in verdicts:
                    return ERROR, "exit status 0 contradicts %d FAIL lines" % verdicts.count(FAIL)
                return PASS, ""
            if ending.code == CODE_SKIP:
                if FAIL in verdicts or XPASS in verdicts:
                    return ERROR, "exit status 77 (skipped) contradicts its FAIL lines"
                return SKIP, "every subtest was skipped (%s)" % said
            if ending.code == CODE_ABORT:
                return CRASH, "the guest aborted (%s)" % said
            return FAIL, "exit status %s (%s)" % (ending.code, said)
        if ending.kind == "off":
            return CRASH, "the machine reset or powered off without an exit status (%s)" % said
        if ending.kind == "signal":
            return CRASH, "the emulator died: %s" % ending.text
        return ERROR, ending.text or "the guest was stopped"
