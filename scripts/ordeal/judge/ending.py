# SPDX-License-Identifier: BSD-2-Clause
"""How a machine stopped, what breaks a log, and the first word of a line: for session.py."""
from typing import Optional, Tuple

from ..model import CRASH, ERROR, TIMEOUT
from ..record import dataclass


@dataclass(frozen=True)
class Ending:
    """How the machine stopped. kind: exit (the guest wrote code), off (a power-off or reset, without
    a code), stopped (the runner stopped it after END or a broken log), signal (a signal killed the
    emulator), timeout, vmm (the emulator failed), dead (the hypervisor under test panicked)."""
    kind: str
    code: Optional[int] = None
    text: str = ""


class Violation(Exception):
    """The log breaks the grammar. charge: the case to blame, if it is not the current one."""

    def __init__(self, text: str, verdict: str = ERROR, charge: str = "") -> None:
        super().__init__(text)
        self.verdict, self.charge = verdict, charge


def split(line: str) -> Tuple[str, str]:
    """The first word of a line and the rest; a blank follows ORDEAL and END, ': ' any other word."""
    if line.startswith(("ORDEAL ", "END ")):
        word, _, rest = line.partition(" ")
    else:
        word, _, rest = line.partition(":")
        if not rest.startswith(" "):
            raise Violation("malformed line of the log: " + line[:120])
        rest = rest[1:]
    return word, rest


def cut(ending: Ending, place: str) -> Violation:
    """The violation of a log that simply stops, described by how the machine stopped."""
    detail = ": " + ending.text if ending.text else ""
    if ending.kind == "timeout":
        return Violation("no end within the time limit%s, %s" % (detail, place), TIMEOUT)
    if ending.kind == "signal":
        return Violation("the emulator died %s%s" % (place, detail), CRASH)
    if ending.kind == "dead":
        return Violation("the hypervisor under test died %s%s" % (place, detail), CRASH)
    if ending.kind == "off":
        return Violation("the machine reset or powered off %s (a triple fault looks like this)%s"
                          % (place, detail), CRASH)
    if ending.kind == "vmm":
        return Violation("the emulator failed %s%s" % (place, detail))
    if ending.kind == "exit":
        return Violation("the guest exited with status %s %s" % (ending.code, place))
    return Violation("the guest was stopped %s%s" % (place, detail))
