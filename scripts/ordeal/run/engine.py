# SPDX-License-Identifier: BSD-2-Clause
"""Boots machines in one event loop, without threads, as many at once as -j says.

Every machine is a process group of its own with a time limit, in which the time does not count that
the host keeps it waiting for a processor. Its console is fed to a judge's
session as it comes, and stored up to a cap. The loop ends a machine by killing its group.
"""
import os
import selectors
import subprocess
import time
from typing import Any, BinaryIO, Callable, Deque, Dict, List, Optional

from ..judge.session import Ending, Judgement
from ..model import UserError
from ..platforms.base import Launch, Platform
from ..text import shell_quote
from .guard import Guard, kill_group
from .patience import held_up

#: Bytes of console that a log file keeps of each boot.
LOG_CAP = 8 << 20
STDERR_CAP = 64 << 10
#: How long a machine may take to stop after its END line.
GRACE = 5.0
#: How long a machine may go on after its log broke the grammar (a dump may follow).
BROKEN_GRACE = 1.0
#: How long a console may fill its pipe before the loop reads it again.
PAUSE = 0.002
_CHUNK = 1 << 18


class StoredLog:
    """A log file that keeps LOG_CAP bytes and says how many it dropped."""

    def __init__(self, path: str, append: bool, head: str) -> None:
        self.path = path
        self._room, self._dropped = LOG_CAP, 0
        self._stream: BinaryIO = open(path, "ab" if append else "wb", buffering=0)
        self._stream.write(head.encode("utf-8", "surrogateescape"))

    def write(self, chunk: bytes) -> None:
        """Store the part of chunk that fits."""
        kept = chunk[:self._room]
        self._room -= len(kept)
        self._dropped += len(chunk) - len(kept)
        if kept:
            self._stream.write(kept)

    def close(self, tail: bytes) -> None:
        """Add the emulator's own output and close."""
        if self._dropped:
            self._stream.write(b"\n--- %d more bytes of console were not stored\n" % self._dropped)
        self._stream.write(tail)
        self._stream.close()


class Boot:
    """One machine, from its command line to its judgement."""

    def __init__(self, platform: Platform, launch: Launch, session: Any,
                 limit: float, log_path: str, append: bool, tag: Any) -> None:
        self.platform, self.launch, self.session = platform, launch, session
        self.limit, self.log_path, self.append, self.tag = limit, log_path, append, tag
        #: Seconds without output, once there was some, after which the machine hangs; 0 if only the
        #: limit counts.
        self.silence = 0.0
        self.heard = float("inf")
        self.judgement: Optional[Judgement] = None
        self.ending = Ending("vmm")
        self.seconds = 0.0
        self.stderr = b""
        #: What went wrong before this boot and was mended; '' if nothing did.
        self.note = launch.note
        #: Lines about this boot that have not been printed yet.
        self.unsaid: List[str] = []
        #: The exit status of the emulator, and the text of the launch's keep files.
        self.status = 0
        self.kept = b""
        #: The whole console, if it is wanted.
        self.console: Optional[bytearray] = None
        #: Where this boot was found, if it was not made: key, recorded, build.
        self.cached: Dict[str, str] = {}
        #: Under which key this boot may be kept, and what is kept there already (cache.py).
        self.key, self.entry = "", None
        self.process: Optional[subprocess.Popen] = None
        self.open_fds: List[int] = []
        self.deadline = self.started = 0.0
        #: Seconds for which the host has kept it waiting for a processor, before the deadline was
        #: set, and since.
        self.held_before = self.held = 0.0
        self.killed = ""
        self.overdue = False
        self.log: Optional[StoredLog] = None

    def until(self) -> float:
        """The time.monotonic() at which the machine is ended unless it says more."""
        return self.held + (min(self.deadline, self.heard + self.silence) if self.silence
                            else self.deadline)

    def end_by(self, when: float) -> None:
        """Set the deadline to this time.monotonic(), and count from now how long it is held up."""
        self.deadline, self.held = when, 0.0
        self.held_before = held_up(self.process.pid) if self.process else 0.0

    def is_due(self, now: float) -> bool:
        """Whether its time is over."""
        if now >= self.until() and self.process:
            self.held = held_up(self.process.pid) - self.held_before
        return now >= self.until()


class Engine:
    """Runs machines. slots: how many at once."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.guard = Guard()
        self.selector = selectors.DefaultSelector()
        #: Only the ends of processes, which may end the wait while a chatty console fills its pipe.
        self._ends = selectors.DefaultSelector()
        self._chatty = False
        self.running: List[Boot] = []
        #: Set by a signal handler: the signal that ends the run at the next safe moment.
        self.interrupted = 0
        #: Called after each start, while the machine boots.
        self.on_start: Callable[[], None] = lambda: None

    def run(self, queue: Deque[Any], make: Callable[[Any], Optional[Boot]],
            finished: Callable[[Boot], None]) -> None:
        """Boot what make() makes of each item of the queue, and pass each finished Boot to
        finished(), until the queue is empty and nothing runs. finished() may add to the queue, and
        is called while the next machines boot; make() may return None."""
        over: List[Boot] = []
        try:
            while (queue or self.running or over) and not self.interrupted:
                while queue and len(self.running) < self.slots and not self.interrupted:
                    boot = make(queue.popleft())
                    if boot is not None:
                        self._start(boot)
                        self.on_start()
                for boot in over:
                    finished(boot)
                over = self._wait() if self.running else []
            for boot in over:
                finished(boot)
        except BaseException:
            self.kill_all()
            raise

    def kill_all(self) -> List[Boot]:
        """Stop every machine; returns the boots that were under way."""
        stopped, self.running = self.running, []
        for boot in stopped:
            if boot.process:
                kill_group(boot.process.pid)
                boot.process.wait()
                self._close(boot)
        return stopped

    def stop(self) -> None:
        """Stop every machine and the guard."""
        self.kill_all()
        self.guard.stop()

    # -- start ------------------------------------------------------------------------------

    def _start(self, boot: Boot) -> None:
        words = ["%s=%s" % pair for pair in boot.launch.env.items()] + boot.launch.argv
        head = "--- %s\n" % shell_quote(words)
        try:
            boot.log = StoredLog(boot.log_path, boot.append, head)
        except OSError as error:
            raise UserError("cannot write %s: %s" % (boot.log_path, error.strerror)) from None
        boot.started = time.monotonic()
        boot.deadline = boot.started + boot.limit if boot.limit else float("inf")
        self.guard.start()
        fifo = -1
        if boot.launch.console:
            fifo = os.open(boot.launch.console, os.O_RDWR | os.O_NONBLOCK)
        try:
            boot.process = subprocess.Popen(
                boot.launch.argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, start_new_session=True,
                env={**os.environ, **boot.launch.env} if boot.launch.env else None)
        except OSError as error:
            if fifo >= 0:
                os.close(fifo)
            raise UserError("cannot start %s: %s"
                            % (boot.launch.argv[0], error.strerror)) from None
        self.guard.watch(boot.process.pid)
        self.running.append(boot)
        assert boot.process.stdout and boot.process.stderr
        self._listen(boot, boot.process.stdout.fileno(),
                     "out" if fifo < 0 or boot.launch.both else "err")
        self._listen(boot, boot.process.stderr.fileno(), "err")
        if fifo >= 0:
            self._listen(boot, fifo, "out")
        try:
            self._listen(boot, os.pidfd_open(boot.process.pid), "end")
        except (AttributeError, OSError):
            pass  # an old kernel has no pidfd; _wait() polls instead

    def _listen(self, boot: Boot, fd: int, kind: str) -> None:
        if kind != "end":
            os.set_blocking(fd, False)
        boot.open_fds.append(fd)
        self.selector.register(fd, selectors.EVENT_READ, (boot, kind))
        if kind == "end":
            self._ends.register(fd, selectors.EVENT_READ)

    # -- run --------------------------------------------------------------------------------

    def _wait(self) -> List[Boot]:
        """Sleep until something happens; returns the boots that are over."""
        if self._chatty and len(self._ends.get_map()) == len(self.running):
            # A serial port delivers single bytes; waking for each would cost more than the guest.
            self._ends.select(PAUSE)
        self._chatty = False
        now = time.monotonic()
        patience = min([boot.until() - now for boot in self.running] + [0.25])
        for key, _ in self.selector.select(max(0.0, patience)):
            boot, kind = key.data
            if kind != "end":
                self._read(boot, key.fd, kind, once=True)
        over = []
        now = time.monotonic()
        for boot in list(self.running):
            assert boot.process is not None
            if boot.session.closed and not boot.killed:
                boot.killed = "closed"
                boot.end_by(min(boot.deadline, now + (GRACE if boot.platform.exits else 0.2)))
            elif boot.session.broken and not boot.killed:
                boot.killed = "broken"
                boot.end_by(min(boot.deadline, now + BROKEN_GRACE))
            status = boot.process.poll()
            if status is None and boot.is_due(now):
                boot.killed = boot.killed or "timeout"
                boot.overdue = True
                kill_group(boot.process.pid)
                status = boot.process.wait()
            if status is not None:
                self._finish(boot, status)
                over.append(boot)
        return over

    def _read(self, boot: Boot, fd: int, kind: str, once: bool = False) -> None:
        """Read what is available; at the end of a stream stop listening to it."""
        while True:
            try:
                chunk = os.read(fd, _CHUNK)
            except BlockingIOError:
                return
            except OSError:
                chunk = b""
            if not chunk:
                if fd in boot.open_fds and once:
                    self.selector.unregister(fd)
                    boot.open_fds.remove(fd)
                return
            self._chatty = len(chunk) < 4096
            if kind == "err":
                boot.stderr += chunk[:max(0, STDERR_CAP - len(boot.stderr))]
            else:
                boot.heard = time.monotonic()
                self._store(boot, chunk)
                if boot.console is not None:
                    boot.console += chunk
                boot.session.feed(chunk)
            if once:
                return

    @staticmethod
    def _store(boot: Boot, chunk: bytes) -> None:
        assert boot.log is not None
        try:
            boot.log.write(chunk)
        except OSError as error:
            raise UserError("cannot write %s: %s" % (boot.log_path, error.strerror)) from None

    def _finish(self, boot: Boot, status: int) -> None:
        """After the end of the process: read the rest, judge, free everything."""
        assert boot.process is not None and boot.log is not None
        kill_group(boot.process.pid)  # processes that it may have left in its group
        for fd in list(boot.open_fds):
            kind = self.selector.get_key(fd).data[1]
            if kind != "end":
                self._read(boot, fd, kind)
        boot.seconds = time.monotonic() - boot.started
        boot.status = status
        boot.kept = b"".join(_tail(path) for path in boot.launch.keep)
        boot.ending = self._ending(boot, status, boot.kept)
        boot.judgement = boot.session.finish(boot.ending)
        try:
            boot.log.close(tail_of(boot))
        except OSError as error:
            raise UserError("cannot write %s: %s" % (boot.log_path, error.strerror)) from None
        self.running.remove(boot)
        self._close(boot)

    @staticmethod
    def _ending(boot: Boot, status: int, kept: bytes) -> Ending:
        if boot.overdue and boot.killed == "timeout":
            silent = boot.silence and boot.heard + boot.silence < boot.deadline
            return Ending("timeout", None, "%g s of silence" % boot.silence if silent
                          else "%g s" % boot.limit)
        if boot.overdue and boot.killed == "broken":
            return Ending("stopped", None, "its log is broken")
        if boot.overdue:
            if boot.platform.exits:
                return Ending("timeout", None, "the machine did not stop %g s after END" % GRACE)
            return Ending("stopped")
        return boot.platform.ending(status, boot.stderr, kept)

    def _close(self, boot: Boot) -> None:
        assert boot.process is not None
        self.guard.forget(boot.process.pid)
        assert boot.process.stdout and boot.process.stderr
        streams = (boot.process.stdout.fileno(), boot.process.stderr.fileno())
        for fd in boot.open_fds:
            if self.selector.unregister(fd).data[1] == "end":
                self._ends.unregister(fd)
            if fd not in streams:
                os.close(fd)
        boot.open_fds = []
        boot.process.stdout.close()
        boot.process.stderr.close()


def tail_of(boot: Boot) -> bytes:
    """The end of the boot's log: the emulator's own output and its end."""
    tail = b""
    for title, text in ((b"standard error", boot.stderr), (b"the emulator's log", boot.kept)):
        if text:
            tail += b"\n--- " + title + b"\n" + text
    return tail + b"\n--- status %d after %.3f s\n" % (boot.status, boot.seconds)


def _tail(path: str) -> bytes:
    """The end of a file that the emulator wrote; b"" if there is none."""
    try:
        with open(path, "rb") as stream:
            stream.seek(max(0, os.fstat(stream.fileno()).st_size - STDERR_CAP))
            return stream.read()
    except OSError:
        return b""
