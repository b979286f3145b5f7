# SPDX-License-Identifier: BSD-2-Clause
"""The interface of a platform adapter; docs/platforms.md shows how to write one.

An adapter turns a job into a command line, says what it needs, and translates the end of its
process. It runs nothing itself.
"""
from typing import Callable, Dict, List, NamedTuple, Tuple

from ..host import Host
from ..judge.session import Ending
from ..model import Stanza, UserError
from ..record import dataclass, field


class Need(NamedTuple):
    """Something that this machine lacks, and the package or setting that provides it."""
    what: str
    fix: str


@dataclass(frozen=True)
class Job:
    """One image to boot. foreign: it is an image of kvm-unit-tests. round: the round of --repeat,
    from 1."""
    stanza: Stanza
    image: str
    foreign: bool
    smp: Tuple[str, ...]
    params: Tuple[str, ...]
    machine: str = ""
    round: int = 1


@dataclass
class Launch:
    """A ready command line. console: a FIFO that the guest writes to instead of standard output, or
    with both: it may write to either.
    keep: files whose text is appended to the stored log. note: a line for a person, or ''. mend: a
    function that is called when nothing began in a first boot: it repairs the state that the
    machine starts from and returns what was wrong with it, and the boot is repeated; '' means that
    nothing was wrong. env: variables that are added to the environment."""
    argv: List[str]
    console: str = ""
    both: bool = False
    keep: List[str] = field(default_factory=list)
    note: str = ""
    mend: Callable[[], str] = lambda: ""
    env: Dict[str, str] = field(default_factory=dict)


class Platform:
    """The base class. An adapter defines the methods that raise NotImplementedError, and overrides
    others where their default does not suit it."""

    name = ""
    about = ""
    #: The platform runs only if -p names it.
    slow = False
    #: The name of this platform in `accel =` of unittests.cfg.
    accel = ""
    #: The factor for the time limits of unittests.cfg.
    time_scale = 1.0
    #: The least factor for that of the generated world, which is as large on all platforms.
    world_scale = 1.0
    #: How long a guest of ours that has begun may print nothing before it is taken to hang, in
    #: seconds; 0 stands for the time limit. A foreign image may be silent for as long as it likes.
    silence = 0.0
    #: The guest itself can end the machine.
    exits = True
    #: key=value words that are added to the guest's arguments.
    guest_args: Tuple[str, ...] = ()
    #: Messages of a start that failed for a passing reason; the boot is tried again.
    stumbles: Tuple[str, ...] = ()
    #: One machine runs all images of a run in turn (launch_many); lab/relay.py separates them.
    shares_boot = False
    #: With shares_boot: the suites that come last in a boot.
    last: Tuple[str, ...] = ()
    #: With shares_boot: the time limit for reaching the first image, in seconds.
    boot_limit = 120.0
    #: The same command repeats the same run, instruction by instruction, so nonces depend on the
    #: plan alone.
    repeatable = False
    #: If the platform is asked for but cannot run, its cases are NOTRUN with the reason, and the
    #: other platforms run. Where this is False, the run ends with an error instead.
    defers = False
    #: The platform of which this one is another CPU model, with the same expectations; '' for none.
    variant_of = ""
    #: Its guests are migrated when this says (judge/moves.py); '' if they are not.
    migrates = ""
    #: The toolbox root that holds its emulator, '' for this machine's own emulator (toolbox.py).
    root = ""

    @property
    def exact(self) -> bool:
        """Whether guests are told that time is their count of instructions, and --repeat holds the
        platform to it."""
        return "settle=exact" in self.guest_args

    @property
    def deterministic(self) -> bool:
        """Whether a boot is a function of image, arguments and machine."""
        return self.exact or self.repeatable

    def identity(self, host: Host) -> Dict[str, str]:
        """With deterministic: what a boot depends on besides its image and its arguments, by name;
        {} if that is not known, and the result cache is not used. May raise OSError or UserError."""
        return {}

    def needs(self, host: Host) -> List[Need]:
        """What is missing on this machine; an empty list if the platform can run."""
        raise NotImplementedError

    def check(self, host: Host) -> None:
        """Raise UserError, in one line, for the first thing that is missing."""
        for need in self.needs(host):
            raise UserError("%s cannot run here: %s; %s" % (self.name, need.what, need.fix))

    def version(self, host: Host) -> str:
        """The emulator's version, in its own words."""
        raise NotImplementedError

    def expectations(self, host: Host) -> str:
        """The stem of its file in expected/. An emulator from a root shares the file of this
        machine's own emulator, because the entries name versions."""
        return self.name[:-len("+" + self.root)] if self.root else self.name

    def below(self, host: Host) -> Tuple[str, str]:
        """For a hypervisor in an emulator: the stem of the file in expected/ with the emulator's own
        deviations, which may show through, and the emulator's version."""
        return "", ""

    def launch(self, host: Host, job: Job, args: List[str], work: str) -> Launch:
        """The command that boots the job with these guest arguments. work: a directory of its own
        for the files of this boot."""
        raise NotImplementedError

    def launch_many(self, host: Host, parts: List[Tuple[Job, List[str]]], word: str,
                    work: str) -> Launch:
        """With shares_boot: the command for a machine that runs each job with its arguments in turn,
        with marks as lab/relay.py describes. word: the marks' random word. A UserError makes the
        parts NOTRUN, and the run continues."""
        raise NotImplementedError

    def ending(self, status: int, stderr: bytes, kept: bytes) -> Ending:
        """The meaning of the process's exit status; a negative status is a signal. kept: the text of
        the launch's keep files."""
        raise NotImplementedError
