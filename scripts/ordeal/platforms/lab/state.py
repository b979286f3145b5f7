# SPDX-License-Identifier: BSD-2-Clause
"""Saved machine states: a kernel is booted in QEMU once, and every run starts from there.

The state is taken while the lab's init waits for its payload, so nothing of a run is in it. It is
kept in the cache under a name made from everything it depends on.
"""
import hashlib
import json
import os
import select
import socket
import subprocess
import tempfile
import time
from typing import Any, Dict, List

from ...host import prune
from ...model import UserError
from ...text import clean, shell_quote

#: Real seconds a kernel may take to boot.
BOOT_LIMIT = 240.0
#: How many states the cache keeps, of about 90 MB each.
KEPT = 10
#: Real seconds a state may take to load, and how often one is made anew that does not load.
LOAD_LIMIT = 30.0
ATTEMPTS = 5
READY, TROUBLE = b"READY", b"TROUBLE "


def key_of(argv: List[str], files: List[str]) -> str:
    """A name that changes when the command line or one of the files does."""
    digest = hashlib.sha256("\0".join(argv).encode())
    for path in files:
        with open(path, "rb") as stream:
            digest.update(hashlib.sha256(stream.read()).digest())
    stat = os.stat(argv[0])
    digest.update(b"%d %d" % (stat.st_size, stat.st_mtime_ns))
    return digest.hexdigest()[:32]


class _Monitor:
    """QEMU's machine protocol, as much of it as saving needs."""

    def __init__(self, path: str, deadline: float) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(max(1.0, deadline - time.monotonic()))
        self.socket.connect(path)
        self.stream = self.socket.makefile("rw")
        self.stream.readline()
        self.call("qmp_capabilities")

    def call(self, name: str, **arguments: Any) -> Dict[str, Any]:
        """One command; its return value."""
        self.stream.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self.stream.flush()
        while True:
            line = self.stream.readline()
            answer = json.loads(line) if line else {"error": {"desc": "it has gone"}}
            if "error" in answer:
                raise UserError("QEMU: %s: %s" % (name, answer["error"].get("desc", "?")))
            if "return" in answer:
                return dict(answer["return"])

    def close(self) -> None:
        """Free the socket."""
        self.stream.close()
        self.socket.close()


def _wait_ready(process: subprocess.Popen, console: str, deadline: float) -> None:
    """Until init says READY on the debug console; otherwise what it, or the kernel, said."""
    assert process.stdout is not None
    said = b""
    while READY not in said:
        if TROUBLE in said and said.endswith(b"\n"):
            raise UserError(clean(said[said.index(TROUBLE) + len(TROUBLE):].splitlines()[0], 200))
        ready, _, _ = select.select([process.stdout], [], [], max(0, deadline - time.monotonic()))
        chunk = os.read(process.stdout.fileno(), 4096) if ready else b""
        if not chunk:
            raise UserError(("the kernel was not up after %g s" % BOOT_LIMIT if not ready
                             else "the kernel stopped before it was up") + last_words(console))
        said += chunk


def last_words(console: str) -> str:
    """The line of a kernel's log that says best why it stopped."""
    try:
        with open(console, "rb") as stream:
            lines = [line for line in stream.read().splitlines() if line.strip()]
    except OSError:
        return ""
    from .kvm import PANICS
    bad = [line for line in lines if any(word in line for word in PANICS)]
    return ": " + clean((bad or lines)[0 if bad else -1], 200) if lines else ""


def with_console(argv: List[str], path: str) -> List[str]:
    """The hypervisor's own console, COM1, into a file: the first -serial of all."""
    return [argv[0], "-serial", "file:" + path, *argv[1:]]


def start(argv: List[str], console: str, archive: str, state: str) -> List[str]:
    """The command that goes on from a saved state, with a payload."""
    return with_console(argv, console) + ["-fw_cfg", "name=opt/ordeal/payload,file=" + archive,
                                          "-incoming", "exec:exec cat " + shell_quote([state])]


def state_of(directory: str, argv: List[str], files: List[str]) -> str:
    """The path of this machine's state, made if it is not in the cache."""
    key = key_of(argv, files)
    attempts = ATTEMPTS
    path = cached(directory, key)
    while not path:
        if not attempts:
            raise UserError("QEMU does not load the state it saved")
        attempts -= 1
        made = os.path.join(directory, key)
        save(argv, made)
        if loads(argv, made):
            path = whole(made)
    os.utime(path)
    return path


def whole(path: str) -> str:
    """Give a file of the cache its final name, which ends with its size; that name."""
    name = "%s.%d" % (path, os.path.getsize(path))
    os.replace(path, name)
    return name


def cached(directory: str, key: str) -> str:
    """The file of this key; '' if there is none. One that was cut short is removed."""
    for name in os.listdir(directory) if os.path.isdir(directory) else ():
        path = os.path.join(directory, name)
        if name.startswith(key + ".") and ".part" not in name:
            if name == "%s.%d" % (key, os.path.getsize(path)):
                return path
            os.unlink(path)
    return ""


def loads(argv: List[str], path: str) -> bool:
    """QEMU takes the state back; it does not if the CPU was in guest mode. If not, it is removed."""
    with tempfile.TemporaryDirectory(prefix="ordeal-state-") as work:
        control = os.path.join(work, "qmp")
        process = subprocess.Popen(
            start(argv, os.path.join(work, "console"), os.devnull, path)
            + ["-S", "-qmp", "unix:%s,server=on,wait=on" % control],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + LOAD_LIMIT
            while not os.path.exists(control) and process.poll() is None:
                time.sleep(0.01)
            monitor = _Monitor(control, deadline)
            while monitor.call("query-status").get("status") == "inmigrate":
                time.sleep(0.02)
            monitor.close()
            return True
        except (UserError, OSError):
            os.unlink(path)
            return False
        finally:
            process.kill()
            process.wait()


def save(argv: List[str], path: str) -> None:
    """Boot this machine until it is ready, and write its state to path."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    deadline = time.monotonic() + BOOT_LIMIT
    with tempfile.TemporaryDirectory(prefix="ordeal-state-") as work:
        console, control = os.path.join(work, "kernel"), os.path.join(work, "qmp")
        part = os.path.join(work, "state")
        with open(os.path.join(work, "errors"), "w+b") as errors:
            process = subprocess.Popen(
                with_console(argv, console) + ["-qmp", "unix:%s,server=on,wait=off" % control],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors)
            try:
                _wait_ready(process, console, deadline)
                monitor = _Monitor(control, deadline)
                # Pipes, not files, because older QEMUs know nothing else.
                monitor.call("migrate-set-parameters", **{"max-bandwidth": 1 << 33})
                monitor.call("migrate", uri="exec:cat >%s" % part)
                while True:
                    status = monitor.call("query-migrate").get("status", "")
                    if status == "completed":
                        break
                    if status in ("failed", "cancelled") or time.monotonic() > deadline:
                        raise UserError("QEMU could not save the machine's state (%s)" % status)
                    time.sleep(0.02)
                monitor.call("quit")
                monitor.close()
                process.wait(10)
            except (UserError, OSError, subprocess.TimeoutExpired) as error:
                errors.seek(0)
                said = errors.read().strip().splitlines()
                raise UserError("%s%s" % (error, ": " + clean(said[-1], 200) if said else "")) \
                    from None
            finally:
                process.kill()
                process.wait()
        _move(part, path)


def _move(part: str, path: str) -> None:
    """Into the cache under a temporary name first, then complete under its own."""
    import shutil
    near = "%s.part.%d" % (path, os.getpid())
    try:
        shutil.move(part, near)
        os.replace(near, path)
    except OSError as error:
        raise UserError("cannot keep the machine's state: %s" % error.strerror) from None
    finally:
        if os.path.exists(near):
            os.unlink(near)
    prune(os.path.dirname(path), KEPT)
