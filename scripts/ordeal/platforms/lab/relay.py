# SPDX-License-Identifier: BSD-2-Clause
"""Divides the console of a boot with several images among the judges of these images.

The launcher in the lab writes, around each image, the lines `TAG BEGIN` and `TAG EXIT KIND STATUS
TEXT`, where TAG is `LAB WORD NUMBER`; no image knows WORD, which differs between boots. KIND is a
kind of judge.session.Ending. An image that gave up may BEGIN once more, behind the case in which it
did (judge/resumed.py). `LAB WORD OVER` says that all images have had their turn. Between them it
says how the plays of migrated cases went (judge/moves.py).
"""
from typing import Callable, List, Optional, Union

from ...judge import moves, resumed
from ...judge.kut import KutSession
from ...judge.session import CODE_ABORT, Ending, Judgement, Session
from ...model import SKIP

_MAX_LINE = 8192
KINDS = ("exit", "off", "vmm")


def tag_of(word: str, number: int) -> str:
    """The tag that the launcher prints for this image."""
    return "LAB %s %d" % (word, number)


def over_of(word: str) -> str:
    """The line that the payload prints after all its images have had their turn."""
    return "LAB %s OVER" % word


class Slice:
    """One image's part of a boot."""

    def __init__(self, session: Union[Session, KutSession], limit: float) -> None:
        self.session, self.limit = session, limit
        self.began = False
        self.ending: Optional[Ending] = None
        self.judgement: Optional[Judgement] = None
        self.moves = moves.Moves()
        self._earlier: List[Judgement] = []

    def resume(self) -> bool:
        """The image begins once more; returns whether it may."""
        if not isinstance(self.session, Session) or self.ending is None or \
                self.ending.code != CODE_ABORT:
            return False
        judged = self.session.finish(self.ending)
        self._earlier.append(judged)
        self.session, self.ending = resumed.rest_of(self.session, judged), None
        return True

    def judge(self, ending: Ending, when: str) -> None:
        """Judge the image, which ended so. when: how its cases were migrated, '' if they were not."""
        self.judgement = resumed.joined(self._earlier + [self.session.finish(ending)])
        for log in self.judgement.cases.values() if when else ():
            if isinstance(self.session, KutSession):
                log.verdict, log.reason = SKIP, "an image without cases is not migrated"
            elif moves.is_over(log, self.moves, self.judgement.why):
                moves.apply(log, self.moves, when)


class Relay:
    """The session of such a boot, for the engine; finish() stores a judgement in each slice. when:
    how cases are migrated, '' if they are not."""

    def __init__(self, word: str, slices: List[Slice], when: str = "") -> None:
        self.slices, self.when = slices, when
        self.over = False
        self.broken = False
        #: Called with the time limit of each image that begins.
        self.on_begin: Callable[[float], None] = lambda limit: None
        self._mark = b"LAB %s " % word.encode()
        self._running: Optional[Slice] = None
        self._last: Optional[Slice] = None
        self._line = b""

    @property
    def closed(self) -> bool:
        """Whether every image has had its turn."""
        return self.over

    def feed(self, chunk: bytes) -> None:
        """Handle the lines that are marks, and pass all others to the running image's judge."""
        *lines, self._line = (self._line + chunk).split(b"\n")
        plain: List[bytes] = []
        for line in lines:
            if line.startswith(self._mark) and len(line) < _MAX_LINE:
                self._pass_on(plain)
                plain = []
                self._marked(line.rstrip(b"\r")[len(self._mark):].decode("ascii", "replace"))
            else:
                plain.append(line + b"\n")
        self._pass_on(plain)
        if len(self._line) > _MAX_LINE:
            self._pass_on([self._line])
            self._line = b""

    def _pass_on(self, lines: List[bytes]) -> None:
        if self._running is not None and lines:
            self._running.session.feed(b"".join(lines))

    def _marked(self, text: str) -> None:
        number, _, rest = text.partition(" ")
        what, _, detail = rest.partition(" ")
        if number == "OVER":
            if self._running is not None:
                self._ended(Ending("vmm", None, "the launcher died without an EXIT line"))
            self.over = True
        elif number.isdigit() and int(number) < len(self.slices):
            part = self.slices[int(number)]
            if what == "BEGIN" and (not part.began or self._running is None and part.resume()):
                if self._running is not None:
                    # The script starts an image when the launcher has ended, whatever it said.
                    self._ended(Ending("vmm", None, "the launcher died without an EXIT line"))
                part.began = True
                self._running = part
                self.on_begin(part.limit)
            elif what == "EXIT" and self._running is part:
                self._ended(read_exit(detail))
            elif self._running is part and part.moves.mark(what, detail):
                self.on_begin(part.limit)  # the plays of every case have the image's time limit

    def _ended(self, ending: Ending) -> None:
        assert self._running is not None
        self._running.ending = ending
        self._running, self._last = None, self._running

    def finish(self, ending: Ending) -> Judgement:
        """Judge every image that ended. The machine's ending is that of the image that was running.
        If none was running and the ending is a bad one, it counts as the ending of the image that
        ran last, which is the likeliest cause."""
        if self._running is not None:
            self._running.session.feed(self._line)
            self._running.ending = ending
        elif self._last is not None and not (ending.kind in ("off", "stopped", "exit")
                                             and (self.over or ending.kind != "exit")):
            self._last.ending = ending
        for part in self.slices:
            if part.ending is not None:
                part.judge(part.ending, self.when)
        judgements = [part.judgement for part in self.slices if part.judgement]
        why = next((j.why for j in judgements if j.why), "")
        return Judgement({}, [], bool(judgements), why or _cut(ending), [])


def read_exit(detail: str) -> Ending:
    """The ending that KIND STATUS TEXT describes."""
    kind, _, rest = detail.partition(" ")
    status, _, text = rest.partition(" ")
    if kind not in KINDS or not status.isdigit():
        return Ending("vmm", None, "the lab's launcher wrote a malformed EXIT line: run make lab")
    return Ending(kind, int(status) if kind == "exit" else None, text)


def _cut(ending: Ending) -> str:
    return "%s%s" % ("no end within the time limit" if ending.kind == "timeout"
                     else "the machine stopped", ": " + ending.text if ending.text else "")
