# SPDX-License-Identifier: BSD-2-Clause
"""A child that outlives us for a moment: it kills our emulators when the runner itself is killed,
and removes their temporary files.

It holds the reading end of a pipe. While the runner lives it is told which process groups run;
when the pipe closes for whatever reason, SIGKILL of the runner included, it kills those and ends.
"""
import os
import signal
from typing import Optional, Set


class Guard:
    """Started on the first watch(); stop() ends it."""

    def __init__(self) -> None:
        self._pipe: Optional[int] = None
        self._pid = 0

    def start(self) -> None:
        """Fork the guard; fork without exec costs about a millisecond."""
        if self._pipe is not None:
            return
        reading, writing = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            try:
                _serve(reading)
            finally:
                os._exit(0)
        os.close(reading)
        self._pipe = writing

    def watch(self, group: int) -> None:
        """This process group is ours and runs."""
        self.start()
        self._tell("+%d\n" % group)

    def forget(self, group: int) -> None:
        """It is gone."""
        self._tell("-%d\n" % group)

    def sweep(self, directory: str) -> None:
        """Remove this directory, too, if we are killed."""
        self.start()
        self._tell("/%s\n" % directory)

    def _tell(self, text: str) -> None:
        if self._pipe is not None:
            try:
                os.write(self._pipe, text.encode())
            except BrokenPipeError:
                pass

    def stop(self) -> None:
        """Close the pipe and wait for the guard's end."""
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None
            os.waitpid(self._pid, 0)


def _serve(reading: int) -> None:
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(reading, 3)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.closerange(4, 4096)
    groups: Set[int] = set()
    directory = ""
    text = b""
    while True:
        chunk = os.read(3, 4096)
        if not chunk:
            break
        *lines, text = (text + chunk).split(b"\n")
        for line in lines:
            if line[:1] == b"/":
                directory = os.fsdecode(line[1:])
                continue
            (groups.add if line[:1] == b"+" else groups.discard)(int(line[1:]))
    for group in groups:
        kill_group(group)
    if directory:
        import shutil
        shutil.rmtree(directory, ignore_errors=True)


def kill_group(group: int) -> None:
    """SIGKILL to a whole process group of ours; gone already is fine."""
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
