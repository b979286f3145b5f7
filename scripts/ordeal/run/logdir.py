# SPDX-License-Identifier: BSD-2-Clause
"""The directory of logs: one run uses it at a time, and the previous run is kept as DIR.old.

The lock is a file beside the directory, held with flock, so that a killed runner holds no lock.
"""
import fcntl
import os

from ..model import UserError


class LogDir:
    """open() locks the directory; close(), or the end of the process, unlocks it."""

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(path)
        self._lock = -1

    def open(self) -> None:
        """Lock the directory, rename that of the previous run, create a new one."""
        lock = os.path.join(os.path.dirname(self.path), ".%s.lock" % os.path.basename(self.path))
        try:
            os.makedirs(os.path.dirname(self.path), exist_ok=True)
            self._lock = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                owner = os.read(self._lock, 20).decode("ascii", "replace").strip() or "unknown"
                raise UserError("another run (process %s) uses %s; wait for it, or give this one "
                                "--logs DIR" % (owner, self.path)) from None
            os.ftruncate(self._lock, 0)
            os.write(self._lock, b"%d\n" % os.getpid())
            if os.path.isdir(self.path):
                self._rotate()
            os.mkdir(self.path)
        except OSError as error:
            raise UserError("cannot make the log directory %s: %s; run from a build directory, or "
                            "give --logs DIR" % (self.path, error.strerror)) from None

    def _rotate(self) -> None:
        """Only a directory that a runner made (or an empty one) is moved aside."""
        names = os.listdir(self.path)
        if names and "results.jsonl" not in names and "SUMMARY" not in names:
            raise UserError("--logs %s: the directory is not empty and holds no earlier run; "
                            "name another" % self.path)
        if os.path.lexists(self.path + ".old"):
            import shutil
            shutil.rmtree(self.path + ".old", ignore_errors=True)
        os.rename(self.path, self.path + ".old")

    def close(self) -> None:
        """Unlock the directory."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1
