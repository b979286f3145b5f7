# SPDX-License-Identifier: BSD-2-Clause
"""What every platform adapter offers; docs/platforms.md shows how to write one.

An adapter turns a job into a command line, says what it needs, and translates how its process
ended. It runs nothing itself.
"""
from dataclasses import dataclass, field
from typing import Callable, List, NamedTuple, Tuple

from ..host import Host
from ..judge.session import Ending
from ..model import Stanza, UserError


class Need(NamedTuple):
    """Something this machine lacks, and which package or setting gives it."""
    what: str
    fix: str


@dataclass(frozen=True)
class Job:
    """One image to boot. foreign: it is of kvm-unit-tests, not of ours. round: counts --repeat."""
    stanza: Stanza
    image: str
    foreign: bool
    smp: Tuple[str, ...]
    params: Tuple[str, ...]
    machine: str = ""
    round: int = 1


@dataclass
class Launch:
    """A ready command line. console: a FIFO the guest writes to instead of standard output;
    keep: files whose text is appended to the stored log; note: a line for a person, if there is
    something to say. mend: called when nothing of a first boot began; it mends what the machine
    started from and says what was wrong, and the boot is made again; '' if nothing was."""
    argv: List[str]
    console: str = ""
    keep: List[str] = field(default_factory=list)
    note: str = ""
    mend: Callable[[], str] = lambda: ""


class Platform:
    """Base class; see the four methods that raise NotImplementedError or have a default."""

    name = ""
    about = ""
    #: Not part of a run unless -p names it.
    slow = False
    #: What `accel =` in unittests.cfg calls this platform.
    accel = ""
    #: Multiplies the time limits of unittests.cfg.
    time_scale = 1.0
    #: The guest can end the machine by itself.
    exits = True
    #: Key=value words added to the guest's arguments.
    guest_args: Tuple[str, ...] = ()
    #: What an emulator says that could not start for a reason that is gone the next time.
    stumbles: Tuple[str, ...] = ()
    #: One machine runs all images of a run in turn (launch_many); lab/relay.py tells them apart.
    shares_boot = False
    #: With shares_boot: real seconds to the first image.
    boot_limit = 120.0
    #: The same command is the same run, instruction by instruction: nonces depend on the plan alone.
    repeatable = False
    #: Asked for where it cannot run, it is NOTRUN with one line, and the others run.
    defers = False
    #: The toolbox root that its emulator is from, '' for this machine's own (toolbox.py).
    root = ""

    def needs(self, host: Host) -> List[Need]:
        """What is missing on this machine; nothing when the platform can run."""
        raise NotImplementedError

    def check(self, host: Host) -> None:
        """Say what is missing, in one line."""
        for need in self.needs(host):
            raise UserError("%s cannot run here: %s; %s" % (self.name, need.what, need.fix))

    def version(self, host: Host) -> str:
        """The emulator's version, as it says it."""
        raise NotImplementedError

    def expectations(self, host: Host) -> str:
        """The stem of its file in expected/. An emulator from a root has that of this machine's:
        its entries have versions."""
        return self.name[:-len("+" + self.root)] if self.root else self.name

    def below(self, host: Host) -> Tuple[str, str]:
        """For a hypervisor in an emulator: the file in expected/ of the emulator's own deviations,
        which may show through, and its version."""
        return "", ""

    def launch(self, host: Host, job: Job, args: List[str], work: str) -> Launch:
        """The command that boots the job with these guest arguments. work: a directory for the
        files this boot needs, its own."""
        raise NotImplementedError

    def launch_many(self, host: Host, parts: List[Tuple[Job, List[str]]], word: str,
                    work: str) -> Launch:
        """With shares_boot: the command for a machine that runs each job with its arguments in turn,
        marked as lab/relay.py says. A UserError makes the parts NOTRUN, and the run goes on."""
        raise NotImplementedError

    def ending(self, status: int, stderr: bytes, kept: bytes) -> Ending:
        """What the process's exit status (negative: a signal) means."""
        raise NotImplementedError
