# SPDX-License-Identifier: BSD-2-Clause
"""Saved machine states: a kernel boots in QEMU once, and every run starts from the saved state.

The state is saved while the lab's init waits for its payload, so it contains nothing of a run. The
machine is stopped meanwhile, because QEMU may save an inconsistent state of a running one. The
cache keeps the state under a name made from everything it depends on. The state gets this name
after an empty payload has run from it.
"""
import hashlib
import json
import os
import select
import socket
import subprocess
import tempfile
import time
from typing import Any, Dict, List, Tuple

from ...host import prune
from ...model import UserError
from ...record import dataclass
from ...text import clean, shell_quote
from .panic import panic_of

#: Seconds that a kernel may take to boot.
BOOT_LIMIT = 240.0
#: How many states the cache keeps, of about 90 MB each.
KEPT = 10
#: Seconds that loading a state and running an empty payload may take.
TRIAL_LIMIT = 60.0
#: How many states are made if QEMU refuses each; it refuses one of a CPU that was in guest mode.
ATTEMPTS = 5
#: How many of its last lines a kernel without a panic is quoted with.
LAST = 3
REFUSED = b"load of migration failed"
READY, TROUBLE = b"READY", b"TROUBLE "
#: The machine is stopped when it is saved, but must run when it is loaded.
SAVING = ["-global", "migration.store-global-state=off"]
#: The message about a bad state.
AGAIN = "an empty payload did not run from the saved state (%s); the state is made again"


class Refused(UserError):
    """QEMU does not load the state that it saved."""


@dataclass(frozen=True)
class Machine:
    """What a state is made from and tested with. files: the files in argv that the state depends on;
    empty: a payload without an image; over: what the machine prints after that payload."""
    argv: List[str]
    files: List[str]
    empty: bytes
    over: bytes


@dataclass(frozen=True)
class State:
    """A state in the cache. note: a line for a person about what went wrong when it was made, or ''."""
    machine: Machine
    path: str
    inode: int
    note: str = ""

    def mend(self) -> str:
        """Delete the state if an empty payload does not run from it, so that the next boot makes a
        new one. Returns what was wrong, '' if nothing was."""
        if not os.path.exists(self.path) or os.stat(self.path).st_ino != self.inode:
            return "another run has deleted the saved state; the state is made again"
        try:
            fault = trial(self.machine, self.path)
        except Refused as error:
            fault = str(error)
        if fault:
            os.unlink(self.path)
            fault = AGAIN % fault
        return fault


def key_of(machine: Machine) -> str:
    """A name that changes when the command line or one of the files changes."""
    digest = hashlib.sha256("\0".join(machine.argv + SAVING).encode())
    for path in machine.files:
        with open(path, "rb") as stream:
            digest.update(hashlib.sha256(stream.read()).digest())
    stat = os.stat(machine.argv[0])
    digest.update(b"%d %d" % (stat.st_size, stat.st_mtime_ns))
    return digest.hexdigest()[:32]


class _Monitor:
    """A client of QEMU's machine protocol (QMP), as far as saving needs it."""

    def __init__(self, path: str, deadline: float) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(max(1.0, deadline - time.monotonic()))
        self.socket.connect(path)
        self.stream = self.socket.makefile("rw")
        self.stream.readline()
        self.call("qmp_capabilities")

    def call(self, name: str, **arguments: Any) -> Dict[str, Any]:
        """Send one command; returns its return value."""
        self.stream.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self.stream.flush()
        while True:
            line = self.stream.readline()
            answer = json.loads(line) if line else {"error": {"desc": "QEMU has ended"}}
            if "error" in answer:
                raise UserError("QEMU: %s: %s" % (name, answer["error"].get("desc", "?")))
            if "return" in answer:
                return dict(answer["return"])

    def close(self) -> None:
        """Free the socket."""
        self.stream.close()
        self.socket.close()


def _wait_ready(process: subprocess.Popen, console: str, deadline: float) -> None:
    """Wait until init says READY on the debug console. A UserError repeats what init or the kernel
    said instead."""
    assert process.stdout is not None
    said = b""
    while READY not in said:
        if TROUBLE in said and said.endswith(b"\n"):
            raise UserError(clean(said[said.index(TROUBLE) + len(TROUBLE):].splitlines()[0], 200))
        ready, _, _ = select.select([process.stdout], [], [], max(0, deadline - time.monotonic()))
        chunk = os.read(process.stdout.fileno(), 4096) if ready else b""
        if not chunk:
            raise UserError(("the kernel did not boot within %g s" % BOOT_LIMIT if not ready
                             else "the kernel stopped before it had booted") + last_words(console))
        said += chunk


def read_console(path: str) -> bytes:
    """The content of the console's file; b"" if the machine did not create it."""
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError:
        return b""


def last_words(console: str) -> str:
    """What of the kernel's log tells most about why the kernel stopped: its panic, or its last lines,
    in one line."""
    text = read_console(console)
    lines = [clean(line, 200) for line in text.splitlines() if line.strip()]
    return ": " + (panic_of(text) or " / ".join(lines[-LAST:])) if lines else ""


def with_console(argv: List[str], path: str) -> List[str]:
    """The command with the hypervisor's own console, COM1, written into a file. COM1 is the first
    -serial."""
    return [argv[0], "-serial", "file:" + path, *argv[1:]]


def start(argv: List[str], console: str, archive: str, state: str) -> List[str]:
    """The command that continues from a saved state, with the payload in archive."""
    return with_console(argv, console) + ["-fw_cfg", "name=opt/ordeal/payload,file=" + archive,
                                          "-incoming", "exec:exec cat " + shell_quote([state])]


def state_of(directory: str, machine: Machine) -> State:
    """The state of this machine, from the cache or newly made."""
    key = key_of(machine)
    path, note = cached(directory, key), ""
    if not path:
        path, note = _make(machine, os.path.join(directory, key))
    os.utime(path)
    return State(machine, path, os.stat(path).st_ino, note)


def _make(machine: Machine, path: str) -> Tuple[str, str]:
    """Make states until an empty payload runs from one. Returns its path, and a note about a bad
    state before it, or ''."""
    made, note, refusals = "%s.part.%d" % (path, os.getpid()), "", 0
    try:
        while True:
            save(machine.argv, made)
            try:
                fault = trial(machine, made)
            except Refused:
                refusals += 1
                if refusals == ATTEMPTS:
                    raise
                continue
            if not fault:
                name = whole(made, path)
                prune(os.path.dirname(path), KEPT)
                return name, note
            if note:
                raise UserError("an empty payload ran from neither of two saved states: " + fault)
            note = AGAIN % fault
    finally:
        if os.path.exists(made):
            os.unlink(made)


def whole(made: str, path: str) -> str:
    """Rename a complete file to its final name in the cache, which ends with its size; returns the
    name."""
    name = "%s.%d" % (path, os.path.getsize(made))
    os.replace(made, name)
    return name


def cached(directory: str, key: str) -> str:
    """The path of the file with this key; '' if there is none. A truncated file is removed."""
    for name in os.listdir(directory) if os.path.isdir(directory) else ():
        path = os.path.join(directory, name)
        if name.startswith(key + ".") and ".part" not in name:
            if name == "%s.%d" % (key, os.path.getsize(path)):
                return path
            os.unlink(path)
    return ""


def trial(machine: Machine, path: str) -> str:
    """Run an empty payload from this state; returns what went wrong, '' if nothing did."""
    with tempfile.TemporaryDirectory(prefix="ordeal-state-") as work:
        console, empty = os.path.join(work, "console"), os.path.join(work, "payload")
        with open(empty, "wb") as out:
            out.write(machine.empty)
        try:
            done = subprocess.run(start(machine.argv, console, empty, path),
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, timeout=TRIAL_LIMIT, check=False)
        except subprocess.TimeoutExpired:
            return "no end within %g s%s" % (TRIAL_LIMIT, last_words(console))
        if REFUSED in done.stderr:
            raise Refused("QEMU does not load the state that it saved")
        panic = panic_of(read_console(console))
        if machine.over in done.stdout and not panic:
            return ""
        said = clean((done.stderr.strip().splitlines() or [b""])[-1], 200)
        return panic or "QEMU ended with status %d%s" % (done.returncode,
                                                         ": " + said if said else "")


def save(argv: List[str], path: str) -> None:
    """Boot this machine until it is ready, and write its state to path."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    deadline = time.monotonic() + BOOT_LIMIT
    with tempfile.TemporaryDirectory(prefix="ordeal-state-") as work:
        console, control = os.path.join(work, "kernel"), os.path.join(work, "qmp")
        part = os.path.join(work, "state")
        with open(os.path.join(work, "errors"), "w+b") as errors:
            process = subprocess.Popen(
                with_console(argv, console) + SAVING
                + ["-qmp", "unix:%s,server=on,wait=off" % control],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors)
            try:
                _wait_ready(process, console, deadline)
                monitor = _Monitor(control, deadline)
                # The state goes through a pipe, because older QEMUs cannot save to a file.
                monitor.call("migrate-set-parameters", **{"max-bandwidth": 1 << 33})
                monitor.call("stop")
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
    """Move the state into the cache whole, or not at all."""
    import shutil
    try:
        shutil.move(part, path)
    except OSError as error:
        if os.path.exists(path):
            os.unlink(path)
        raise UserError("cannot keep the machine's state: %s" % error.strerror) from None
