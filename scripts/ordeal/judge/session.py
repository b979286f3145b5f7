# SPDX-License-Identifier: BSD-2-Clause
"""The judge: from the console's bytes, the end of the machine and the plan, it derives the verdicts.

The judge is a pure state machine over the grammar of docs/results.md. Its one law: the log is
believed up to its first violation, and a case is believed only if its block is whole (a CRC over
the nonce and every line) and everything before it was in order. A violation is charged to the case
that was running, or to the last one that ran; the later cases are the `rest`, to be booted again.
"""
import zlib
from typing import Any, Dict, List, Optional, Tuple

from ..model import CRASH, ERROR, FAIL, PASS, SKIP
from ..record import dataclass, field
from ..text import clean
from .ending import Ending, Violation, cut, split
from .scan import LineScanner
from .sweeps import parse_hist, parse_sample, parse_sweep

#: Exit codes a guest may write to port 0xf4.
CODE_PASS, CODE_FAIL, CODE_SKIP, CODE_ABORT = 0, 1, 77, 127
#: How often a guest may play a case again (lib/x86/stage/case.c).
MOST_REPLAYS = 3
#: Bytes of protocol lines in one boot; a log with more is not read on.
MAX_LOG = 64 << 20
#: Where a boot broke in which no case began.
NOT_BEGUN = ("before the first line of its log", "before its first case")
_VERDICT_WORDS = (PASS, FAIL, SKIP, ERROR)


@dataclass(frozen=True)
class BootPlan:
    """The cases that a boot was asked to run, in the image's order."""
    nonce: str
    cases: Tuple[str, ...]


@dataclass
class CaseLog:
    """What the log proves about one case."""
    name: str
    verdict: str = ""
    reason: str = ""
    want: List[str] = field(default_factory=list)
    seen: List[str] = field(default_factory=list)
    hist: List[Tuple[int, str]] = field(default_factory=list)
    sweep: Dict[str, Any] = field(default_factory=dict)
    fingerprints: List[str] = field(default_factory=list)
    notes: List[str] = field(default_factory=list)
    #: Why it was played again, once for each time.
    replays: List[str] = field(default_factory=list)
    #: What moves.py says of a case that was played again, migrated.
    migration: Dict[str, Any] = field(default_factory=dict)
    #: What blocks.py says of a block of the generated world, and of its PLAYED lines.
    block: Dict[str, Any] = field(default_factory=dict)
    played: List[Any] = field(default_factory=list)


@dataclass
class Judgement:
    """The verdicts by case. rest: the cases without one; started: whether a case began; why: why the
    log ended early, '' if it did not; charged: the case to which that is charged."""
    cases: Dict[str, CaseLog]
    rest: List[str]
    started: bool
    why: str
    env: List[str]
    charged: str = ""


class Session:
    """The judge of one boot: feed() the console as it comes, then call finish()."""

    def __init__(self, plan: BootPlan) -> None:
        self.plan = plan
        self.env: List[str] = []
        self.done: List[CaseLog] = []
        self.current: Optional[CaseLog] = None
        self.state = "start"
        self._scanner = LineScanner()
        self._case_crc = 0
        self._crc = 0
        self._room = MAX_LOG
        self._broken: Optional[Violation] = None

    @property
    def closed(self) -> bool:
        """Whether a valid END line was seen, and no protocol line after it."""
        return self.state == "closed" and self._broken is None

    @property
    def broken(self) -> bool:
        """Whether the log broke the grammar, so that nothing that follows is believed."""
        return self._broken is not None

    def feed(self, chunk: bytes) -> None:
        """Judge the lines that this chunk of the console completes."""
        for line in self._scanner.feed(chunk):
            if self._broken is not None:
                return
            try:
                self._line(line.data, line.whole)
            except Violation as violation:
                self._broken = violation

    # -- one line ---------------------------------------------------------------------------

    def _line(self, data: bytes, whole: bool) -> None:
        shown = clean(data, 120)
        self._room -= len(data)
        if self._room < 0:
            raise Violation("the guest's log is longer than %d MiB" % (MAX_LOG >> 20))
        if not whole:
            raise Violation("a line of the log is too long: " + shown)
        if any(byte < 0x20 or byte > 0x7E for byte in data):
            raise Violation("unprintable byte in a line of the log: " + shown)
        line = data.decode("ascii")
        word, rest = split(line)
        if word == "ORDEAL" and self.state != "start":
            raise Violation("the guest booted a second time", CRASH)
        if word == "ABORT":
            raise Violation("the guest gave up: " + rest)
        if self.state == "closed":
            raise Violation("the log goes on after END: " + shown)
        if word != "END":
            self._crc = zlib.crc32(data + b"\n", self._crc)
        handler = getattr(self, "_in_" + self.state)
        handler(word, rest, data, shown)

    def _in_start(self, word: str, rest: str, data: bytes, shown: str) -> None:
        if word != "ORDEAL":
            raise Violation("the log does not begin with ORDEAL but with: " + shown)
        parts = rest.split(" ")
        fields = dict(part.partition("=")[::2] for part in parts[1:])
        if parts[0] != "1":
            raise Violation("log version %s; this runner reads version 1: run make" % parts[0])
        if list(fields) != ["suite", "nonce"] or not fields["suite"]:
            raise Violation("malformed ORDEAL line: " + shown)
        if fields["nonce"] != self.plan.nonce:
            raise Violation("nonce %s is not this boot's (%s): a log of another run"
                             % (fields["nonce"], self.plan.nonce))
        self.suite = fields["suite"]
        self.state = "head"

    def _in_head(self, word: str, rest: str, data: bytes, shown: str) -> None:
        if word == "ENV":
            self.env.append(rest)
            return
        if word != "PLAN":
            raise Violation("expected ENV or PLAN, found: " + shown)
        if rest != str(len(self.plan.cases)):
            raise Violation("the guest plans %s cases, it was asked for %d"
                             % (rest, len(self.plan.cases)))
        self.state = "between"

    def _in_between(self, word: str, rest: str, data: bytes, shown: str) -> None:
        ahead = self._next()
        if ahead and word == "CASE":
            if rest != ahead:
                raise Violation("expected case %s, found case %s" % (ahead, clean(rest.encode())),
                                 charge=ahead)
            self.current = CaseLog(rest)
            self._case_crc = zlib.crc32(data + b"\n", zlib.crc32(self.plan.nonce.encode() + b"\n"))
            self.state = "case"
        elif not ahead and word == "SUMMARY":
            self._summary(rest)
        else:
            raise Violation("expected %s, found: %s" % ("case " + ahead if ahead else "SUMMARY",
                                                         shown), charge=ahead)

    def _in_case(self, word: str, rest: str, data: bytes, shown: str) -> None:
        case = self.current
        assert case is not None
        if word == "DONE":
            self._done(case, rest)
            return
        if case.verdict:
            raise Violation("a line between verdict and DONE: " + shown)
        self._case_crc = zlib.crc32(data + b"\n", self._case_crc)
        name, colon, text = rest.partition(": ")
        if word in _VERDICT_WORDS:
            suite, name = name, text.partition(": ")[0]
            text = text.partition(": ")[2]
            if suite != self.suite or name != case.name:
                raise Violation("a verdict for %s: %s inside case %s" % (suite, name, case.name))
            self._verdict(case, word, text)
        elif word == "REPLAY" and colon and name == case.name:
            self._replay(case, text)
        elif word not in ("WANT", "SEEN", "BLOCK", "PLAYED", "SWEEP", "SAMPLE", "HIST", "OBSERVED",
                          "NOTE") or not colon or name != case.name:
            raise Violation("inside case %s: %s" % (case.name, shown))
        elif word == "WANT":
            from .trace import orders  # loaded once a machine has started
            case.want += orders(text)
        elif word == "SEEN":
            case.seen.append(text)
        elif word in ("BLOCK", "PLAYED", "SWEEP", "SAMPLE", "HIST"):
            try:
                (self._of_block if word in ("BLOCK", "PLAYED") else self._of_sweep)(case, word, text)
            except ValueError as problem:
                raise Violation("%s: %s" % (problem, shown)) from None
        else:
            (case.fingerprints if word == "OBSERVED" else case.notes).append(text)

    def _replay(self, case: CaseLog, text: str) -> None:
        """What the case has shown so far does not count."""
        if len(case.replays) == MOST_REPLAYS:
            raise Violation("case %s is played again for the %dth time"
                             % (case.name, MOST_REPLAYS + 1))
        again = case.replays + ["played again: " + text]
        self.current = CaseLog(case.name, notes=list(again), replays=again)

    @staticmethod
    def _of_block(case: CaseLog, word: str, text: str) -> None:
        from .blocks import parse_block, parse_played  # loaded for images that have blocks
        if word == "BLOCK":
            case.block = parse_block(text, case.block)
        else:
            case.played.append(parse_played(text))

    @staticmethod
    def _of_sweep(case: CaseLog, word: str, text: str) -> None:
        if word == "SWEEP":
            if "from" in case.sweep:
                raise ValueError("a second SWEEP")
            case.sweep.update(parse_sweep(text))
        elif word == "SAMPLE":
            case.sweep.setdefault("first", []).append(list(parse_sample(text)))
        else:
            count, ticks, trace = parse_hist(text)
            case.hist.append((count, trace))
            case.sweep.setdefault("ticks", []).append(ticks)

    @staticmethod
    def _verdict(case: CaseLog, word: str, text: str) -> None:
        if case.block:
            from .blocks import contradiction  # loaded for images that have blocks
            reason = contradiction(case.block, word == PASS)
            if reason:
                raise Violation(reason)
        elif word == PASS:
            Session._proves(case)
        case.verdict = word
        if word == SKIP:
            case.reason = text
        elif word in (FAIL, ERROR):
            case.reason = text.partition(" -- ")[2] or text

    @staticmethod
    def _proves(case: CaseLog) -> None:
        if not (case.want and all(w.strip() for w in case.want)):
            raise Violation("PASS without a WANT line: nothing was claimed")
        if not (len(case.seen) == 1 and case.seen[0].strip()):
            raise Violation("PASS without one SEEN line: nothing was recorded")

    def _done(self, case: CaseLog, rest: str) -> None:
        if not case.verdict:
            raise Violation("case %s is over without a verdict" % case.name)
        if rest != "%s crc=%08x" % (case.name, self._case_crc) and \
                rest != "%s crc=%08X" % (case.name, self._case_crc):
            raise Violation("the checksum of case %s is wrong: part of its log is lost or altered"
                             % case.name)
        self.done.append(case)
        self.current = None
        self.state = "between"

    def _counts(self) -> Tuple[int, int, int, int]:
        verdicts = [case.verdict for case in self.done]
        return (verdicts.count(PASS), verdicts.count(FAIL), verdicts.count(SKIP),
                verdicts.count(ERROR))

    def _summary(self, rest: str) -> None:
        _, failed, skipped, errors = self._counts()
        want = "%d tests" % len(self.done)
        if failed + errors:
            want += ", %d unexpected failures" % (failed + errors)
        if skipped:
            want += ", %d skipped" % skipped
        if rest != want:
            raise Violation("SUMMARY says %r, the log says %r" % (rest, want))
        self.state = "end"

    def _in_end(self, word: str, rest: str, data: bytes, shown: str) -> None:
        passed, failed, skipped, errors = self._counts()
        want = "%s cases=%d pass=%d fail=%d skip=%d error=%d crc=" % (
            self.plan.nonce, len(self.done), passed, failed, skipped, errors)
        if word != "END":
            raise Violation("expected END, found: " + shown)
        if rest not in (want + "%08x" % self._crc, want + "%08X" % self._crc):
            raise Violation("the END line does not close this log: " + shown)
        self.state = "closed"

    # -- the verdicts -----------------------------------------------------------------------

    def _next(self) -> str:
        return self.plan.cases[len(self.done)] if len(self.done) < len(self.plan.cases) else ""

    def _exit_problem(self, ending: Ending) -> Optional[Violation]:
        """The contradiction between the end of the machine and a closed log, if there is one."""
        _, failed, skipped, errors = self._counts()
        want = CODE_PASS
        if failed + errors:
            want = CODE_FAIL
        elif skipped == len(self.done):
            want = CODE_SKIP
        if ending.kind == "exit" and ending.code != want:
            return Violation("exit status %s contradicts the log, which means %d"
                              % (ending.code, want))
        if ending.kind in ("exit", "off", "stopped"):
            return None
        return cut(ending, "after its END line")

    def finish(self, ending: Ending) -> Judgement:
        """The verdicts, after the machine has stopped."""
        broken = self._broken
        if broken is None and self.state == "closed":
            broken = self._exit_problem(ending)
        elif broken is None:
            broken = cut(ending, self._place())
        for case in self.done:
            _second_opinion(case)
        cases = {case.name: case for case in self.done}
        why = charged = ""
        if broken is not None:
            why = str(broken)
            charged = self._charge(cases, broken)
        rest = [name for name in self.plan.cases if name not in cases]
        started = bool(self.done) or self.current is not None
        return Judgement(cases, rest, started, why, list(self.env), charged)

    def _charge(self, cases: Dict[str, CaseLog], broken: Violation) -> str:
        """Charge the case that was running, was due, or ran last without a SKIP. Returns its name."""
        if self.current is not None:
            cases[self.current.name] = self.current
            name = self.current.name
        elif broken.charge or not self.done:
            name = broken.charge or self._next()
            cases[name] = CaseLog(name)
        else:
            name = ([case for case in self.done if case.verdict != SKIP] or self.done)[-1].name
        cases[name].verdict, cases[name].reason = broken.verdict, str(broken)
        return name

    def _place(self) -> str:
        if self.current is not None:
            return "in case " + self.current.name
        if self.done:
            return "after case %s was over" % self.done[-1].name
        if self.state == "start":
            return NOT_BEGUN[0]
        return NOT_BEGUN[1]


def _second_opinion(case: CaseLog) -> None:
    """Turn a PASS whose SEEN differs from its WANT into ERROR: the guest compared wrongly."""
    from .recheck import contradiction  # loaded once a machine has started
    # A block is judged again by the host's model (run/opinion.py).
    reason = contradiction(case.want, case.seen) if case.verdict == PASS and not case.block else ""
    if reason:
        case.verdict, case.reason = ERROR, reason


def judge(log: bytes, ending: Ending, plan: BootPlan) -> Judgement:
    """The judgement of a complete log."""
    session = Session(plan)
    session.feed(log)
    return session.finish(ending)
