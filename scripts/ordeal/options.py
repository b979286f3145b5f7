# SPDX-License-Identifier: BSD-2-Clause
"""The command line: the letters of kvm-unit-tests with their meanings, and this runner's own options.

A table and a small getopt replace argparse: they halve the start-up time, take no abbreviations,
and report every error in one line that names the word at fault.
"""
from typing import Dict, List, NamedTuple, Tuple

from .model import UserError
from .record import dataclass, field
from .text import near

USAGE = """\
usage: ./run_tests.sh [OPTION]... [TEST-GLOB | TEST/CASE-GLOB]...

What to run
  -a, --all               also run the tests of group nodefault
  -g, --group GROUP       run only tests of this group (repeatable)
  -x, --exclude GLOB      leave out a TEST-GLOB or TEST/CASE-GLOB (repeatable)
  -p, --platform LIST     platforms, comma-separated (repeatable); default: all that this
                          machine can run, except slow ones
      --shard I/N         run the I-th of N equal parts of the cases
      --cfg FILE          read another unittests.cfg; it may be one of kvm-unit-tests
      --set TEST.KEY=VAL  override a key of unittests.cfg (repeatable)
      --repeat N          run everything N times; a case that varies is FLAKY
      --sample N          the generated world: one situation of N, by the hash of its name;
      --seed S            S mixes the hashes, so that other situations are taken
      --depth N           ... with at most N axes that are not as usual (default: 3)
      --axes LIST         ... in which only these axes are not as usual, such as PENDING,TF
      --then LIST         ... with another instruction behind the first: all, or some, such as
                          RDMSR,INT3
      --only NAME         ... this situation alone, such as STI.RDMSR.irq60.tg
      --write-case NAME   print a CASE in C that stages this situation, or this class, and exit

How to run
  -j, --parallel N        run N machines at once
  -v, --verbose           show every case, and the command lines
      --logs DIR          where logs go (default: logs; the previous run is in logs.old)
      --isolate           the lab: boot a machine for each test, not one for all
      --isolate-cases     boot a machine for each case
      --shuffle SEED      run the cases of each boot in another order, the one of this number
      --kernel FILE  --modules DIR  --kernel-args ARGS  --module-args "kvm_amd nested=0 ..."
                          the lab: your own bzImage, KVM modules and their arguments
      --xen FILE          the lab: your own Xen (uncompressed)
      --migrate WHEN      platforms NAME+migrate: every-exit (default), sweep, or where a run said
                          that a case differs: exit:N, or a time N in nanoseconds
      --cache DIR         take boots of deterministic platforms from there, if nothing that they
                          depend on has changed, and keep new ones; none: only give them nonces
                          that follow from the plan
      --cache-check N     boot one in N of those all the same, at random (default 50): the same
                          bytes must come
      --setup             install missing packages (apt), configure, build, then run

What to report
  -l, --list              list the tests and exit
      --list-cases        list the cases (id, row, sentence; tab-separated) and exit;
                          docs/rows.md says what each row claims
      --platforms         list the platforms, with what is missing here, and exit
      --versions PLATFORM  ask Debian's archive: list the kernels, Xens or emulators that
                          PLATFORM+VERSION can be, and which are here, and exit
  -t, --tap13             print TAP instead of the report for people
      --tap F  --ktap F  --junit F  --lava F  --jsonl F
                          write reports into files (- is standard output)
      --kcidb F           write KernelCI's report (KCIDB 5.3); KCIDB_ORIGIN names the origin
      --ctrf F            write a report in the Common Test Report Format
      --html DIR          write a page, DIR/index.html: matrix, timelines, phase diagrams
      --judge FILE        boot nothing: judge the logs in FILE, the captured console of a machine,
                          by the known deviations of the platform that -p names, or by none;
                          - is standard input (docs/your-machine.md)
      --require LIST      treat a skip that names one of these features as unexpected
      --save-baseline F   save the results, to compare later runs with them
      --baseline F        compare with the results in such a file
      --fail-on CLASSES   exit 1 exactly for these classes: unexpected blank new-fail fixed
                          new-skip vanished appeared slower (default: unexpected)
      --history PLATFORM[=FROM..TO]
                          run all its versions that are here (--versions), and show which cases
                          changed: first bad, first good
      --differential P,Q  run on two platforms and show where their traces differ;
                          NAME+trixie is NAME on the emulator of Debian 13
  -h, --help              print this text
      --probe-maxsmp      accepted because kvm-unit-tests has it; does nothing

Environment: QEMU, BOCHS (other binaries), ACCEL, MACHINE, TIMEOUT, CHECK (as in kvm-unit-tests),
ORDEAL_ROOTS, ORDEAL_MIRROR (toolbox roots, docs/platforms.md).
Exit status: 0 all as expected, 1 something unexpected, 2 an error in the command line, the
configuration or the build, 130 interrupted."""


class Option(NamedTuple):
    """An option: its letter, its long name, and its kind: flag, one (the last value wins) or many."""
    letter: str
    name: str
    kind: str


TABLE = (
    Option("h", "help", "flag"), Option("v", "verbose", "flag"), Option("a", "all", "flag"),
    Option("l", "list", "flag"), Option("t", "tap13", "flag"), Option("g", "group", "many"),
    Option("j", "parallel", "one"), Option("p", "platform", "many"), Option("x", "exclude", "many"),
    Option("", "list-cases", "flag"), Option("", "platforms", "flag"), Option("", "setup", "flag"),
    Option("", "probe-maxsmp", "flag"), Option("", "tap", "many"), Option("", "ktap", "many"),
    Option("", "junit", "many"), Option("", "lava", "many"),
    Option("", "kcidb", "many"), Option("", "ctrf", "many"), Option("", "jsonl", "many"),
    Option("", "html", "many"), Option("", "require", "many"), Option("", "baseline", "one"),
    Option("", "save-baseline", "one"), Option("", "fail-on", "many"), Option("", "repeat", "one"),
    Option("", "shard", "one"), Option("", "set", "many"), Option("", "cfg", "one"),
    Option("", "isolate", "flag"), Option("", "isolate-cases", "flag"),
    Option("", "shuffle", "one"), Option("", "kernel", "one"), Option("", "modules", "one"),
    Option("", "kernel-args", "one"), Option("", "module-args", "one"), Option("", "xen", "one"),
    Option("", "versions", "one"), Option("", "history", "one"), Option("", "migrate", "one"),
    Option("", "judge", "one"), Option("", "cache", "one"), Option("", "cache-check", "one"),
    Option("", "sample", "one"), Option("", "seed", "one"), Option("", "depth", "one"),
    Option("", "axes", "one"), Option("", "then", "one"), Option("", "only", "one"),
    Option("", "write-case", "one"),
    Option("", "logs", "one"), Option("", "differential", "one"))
CLASSES = ("unexpected", "blank", "new-fail", "fixed", "new-skip", "vanished", "appeared", "slower")
LAB = ("kernel", "modules", "kernel-args", "module-args", "xen", "migrate")
#: Arguments of the generated world's guests, too (docs/model.md).
WORLD = ("sample", "seed", "depth", "axes", "then", "only")
#: What --migrate takes, and what follows it in the project's own tests.
WHEN = "(every-exit|sweep|exit:[0-9]+|[0-9]+)(,wrong=[a-z-]+)?"
REPORTS = ("tap", "ktap", "junit", "lava", "kcidb", "ctrf")


@dataclass
class Options:
    """The parsed command line, checked as far as it can be without looking at files."""
    flags: Dict[str, bool] = field(default_factory=dict)
    values: Dict[str, List[str]] = field(default_factory=dict)
    patterns: List[str] = field(default_factory=list)
    jobs: int = 1
    repeat: int = 1
    #: The seed of the cases' order, 0 for the image's order.
    shuffle: int = 0
    shard: Tuple[int, int] = (1, 1)
    cache_check: int = 50

    def flag(self, name: str) -> bool:
        """Whether the flag was given."""
        return self.flags.get(name, False)

    def one(self, name: str) -> str:
        """The value given last, '' for none."""
        return self.values.get(name, [""])[-1]

    def words(self, name: str) -> List[str]:
        """All values of a repeatable, comma-separated option."""
        return [word for value in self.values.get(name, []) for word in value.split(",") if word]

    @property
    def world(self) -> Dict[str, str]:
        """The options of the generated world that were given."""
        return {name: self.one(name) for name in WORLD if self.one(name)}

    @property
    def platforms(self) -> List[str]:
        """The platforms that are named; an empty list stands for all that can run here."""
        return self.words("differential") or self.words("platform")

    @property
    def whole(self) -> bool:
        """Whether every case of the suites is to run."""
        return not (self.patterns or self.values.get("exclude") or self.words("group")
                    or self.world or self.shard != (1, 1))

    @property
    def quiet(self) -> bool:
        """Whether standard output belongs to a report for machines."""
        return self.flag("tap13") or "-" in [
            path for name in REPORTS + ("jsonl",) for path in self.values.get(name, [])]


def _take(argv: List[str], option: Option, shown: str) -> str:
    if not argv:
        raise UserError("option %s needs a value; see -h" % shown)
    return argv.pop(0)


def _long(options: Options, word: str, argv: List[str]) -> None:
    name, equals, value = word[2:].partition("=")
    option = next((o for o in TABLE if o.name == name), None)
    if option is None:
        raise UserError("unknown option --%s%s; see -h"
                        % (name, near("--" + name, ["--" + o.name for o in TABLE])))
    if option.kind == "flag":
        if equals:
            raise UserError("option --%s takes no value; see -h" % name)
        options.flags[name] = True
        return
    if not equals:
        value = _take(argv, option, "--" + name)
    options.values.setdefault(name, []).append(value)


def _short(options: Options, word: str, argv: List[str]) -> None:
    letters = word[1:]
    while letters:
        letter, letters = letters[0], letters[1:]
        option = next((o for o in TABLE if o.letter == letter), None)
        if option is None:
            raise UserError("unknown option -%s; see -h" % letter)
        if option.kind == "flag":
            options.flags[option.name] = True
            continue
        value = letters or _take(argv, option, "-" + letter)
        options.values.setdefault(option.name, []).append(value)
        return


def _number(text: str, what: str) -> int:
    if not (text.isascii() and text.isdigit()) or not 0 < int(text) <= 100000:
        raise UserError("%s %s: give a number from 1 to 100000" % (what, text))
    return int(text)


def parse(argv: List[str]) -> Options:
    """Parse options and patterns in any order; -- ends the options."""
    options, argv = Options(), list(argv)
    while argv:
        word = argv.pop(0)
        if word == "--":
            options.patterns += argv
            break
        if word.startswith("--"):
            _long(options, word, argv)
        elif word.startswith("-") and len(word) > 1:
            _short(options, word, argv)
        else:
            options.patterns.append(word)
    return _check(options)


def _check_judge(options: Options) -> None:
    for name in ("repeat", "shuffle", "shard", "isolate", "isolate-cases", "cache", "history",
                 "differential", "migrate"):
        if options.one(name) or options.flag(name):
            raise UserError("--judge boots nothing; leave out --%s" % name)
    if len(options.words("platform")) > 1:
        raise UserError("--judge: a log is of one platform; name one with -p")


def _check(options: Options) -> Options:
    if options.one("parallel"):
        options.jobs = _number(options.one("parallel"), "-j")
    if options.one("repeat"):
        options.repeat = _number(options.one("repeat"), "--repeat")
    if options.one("cache-check"):
        options.cache_check = _number(options.one("cache-check"), "--cache-check")
    if options.one("shuffle"):
        options.shuffle = _number(options.one("shuffle"), "--shuffle")
    if options.one("shard"):
        index, slash, count = options.one("shard").partition("/")
        if not slash:
            raise UserError("--shard %s: give I/N, as in 1/4" % options.one("shard"))
        options.shard = _number(index, "--shard"), _number(count, "--shard")
        if options.shard[0] > options.shard[1]:
            raise UserError("--shard %s: I is larger than N; give a part from 1 to N"
                            % options.one("shard"))
    if options.one("migrate"):
        import re
        if not re.fullmatch(WHEN, options.one("migrate")):
            raise UserError("--migrate %s: give every-exit, sweep, exit:N or a number of nanoseconds"
                            % options.one("migrate"))
        if not any("+migrate" in name for name in options.platforms):
            raise UserError("--migrate %s: no platform of this run migrates; name one with -p, such as "
                            "kvm-amd@tcg+migrate" % options.one("migrate"))
    for name in options.words("fail-on"):
        if name not in CLASSES:
            raise UserError("--fail-on %s: unknown class%s; there are: %s"
                            % (name, near(name, CLASSES), " ".join(CLASSES)))
    for name in ("new-fail", "fixed", "new-skip", "vanished", "appeared", "slower"):
        if name in options.words("fail-on") and not options.one("baseline"):
            raise UserError("--fail-on %s needs --baseline F to compare with" % name)
    if options.one("judge"):
        _check_judge(options)
    if options.one("history") and options.platforms:
        raise UserError("--history names the platforms itself; leave out -p and --differential")
    if options.one("differential"):
        names = options.words("differential")
        if len(set(names)) != 2:
            raise UserError("--differential %s: name two platforms, P,Q"
                            % options.one("differential"))
        if options.words("platform"):
            raise UserError("--differential names the platforms itself; leave out -p")
    return options
