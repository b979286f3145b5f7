# SPDX-License-Identifier: BSD-2-Clause
"""A child process that kills the emulators and removes their temporary files when the runner is
killed.

The guard holds the reading end of a pipe, through which the runner says which process groups run.
When the pipe closes for whatever reason, SIGKILL of the runner included, the guard kills these
groups and ends.
"""
import os
import signal
from typing import Optional, Set


class Guard:
    """The runner's side of the guard. start() forks the guard, stop() ends it."""

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
        """Tell the guard that this process group runs."""
        self.start()
        self._tell("+%d\n" % group)

    def forget(self, group: int) -> None:
        """Tell the guard that this process group has ended."""
        self._tell("-%d\n" % group)

    def sweep(self, directory: str) -> None:
        """Have the guard remove this directory if the runner is killed."""
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
    """Send SIGKILL to a process group of ours, which may have ended already."""
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
