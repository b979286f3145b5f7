# SPDX-License-Identifier: BSD-2-Clause
"""The parts of `make check`, `make check-all` and `make quick`.

A part's seconds are those of a two-core machine, and decide only which part starts first. A test
file that is not named here is one of the short ones, which share a process.
"""
import glob
import os
import re
from dataclasses import replace
from typing import Dict, List, Sequence, Tuple

from ordeal import platforms
from ordeal.host import Host

from . import count
from .graph import Part

PYTHON = "/usr/bin/python3"
LAB = ("kvm-amd@tcg", "xen-amd@tcg", "kvm-intel@bochs")
ROOTED = ("tcg+trixie", "bochs-intel+trixie", "bochs-amd+trixie")
#: The lab with migration of its guests, on the emulator that loses no shadow by itself.
MIGRATED = "kvm-amd@tcg+migrate+trixie"
#: Other CPU models: they add the rules of Intel's manual, posted interrupts, no nested paging.
MODELS = ("tcg-intel", "bochs-intel+corei7_skylake_x+trixie", "bochs-amd+turion64_tyler")
#: The cases that `make check` runs on them.
MODEL_CASES = ("native/*", "exceptions/delivery.*", "sweeps/nmi.mov_ss", "sweeps/rep.movsb",
               "injection/*", "exit/*", "stepping/*", "virtual/*")
#: The test files that take long.
FILES = {
    "test_build.py": 16, "test_paths.py": 20, "test_shim.py": 8, "test_wrong.py": 9,
    "test_robust.py": 13, "test_races.py": 11, "test_html_browser.py": 10, "test_lab.py": 12,
    "test_lab_trouble.py": 12, "test_lab_state.py": 12, "test_moves.py": 20,
    "test_judge_mutations.py": 5, "test_one_file.py": 15, "test_disk.py": 2, "test_loader.py": 5,
    "test_mutants.py": 4, "test_shuffle.py": 16, "test_docs.py": 4, "test_bochs.py": 5, "test_run.py": 9,
    "test_toolbox.py": 5, "test_floors.py": 4, "test_html_docs.py": 3,
    "test_trace.py": 3, "test_html.py": 3, "test_style.py": 2}
LAB_PARTS = ("lab programs", "lab kernels")
#: How many processes the short ones share.
SHARES = 3
#: The platforms that play a sample of the generated world, one after the other, and the sample.
#: `make check-all` plays the whole (docs/model.md).
WORLD = "tcg,bochs-intel,bochs-amd"
WORLD_SAMPLE = ("--sample", "32", "--seed", "1", "world")
#: And of its pairs of instructions.
PAIRS_SAMPLE = ("--then", "all", "--depth", "1", "--sample", "80", "--seed", "1", "world")
#: And of the same in a guest, by each law of a hypervisor (docs/guest-world.md).
GUEST = "tcg"
GUEST_SAMPLE = ("--sample", "2048", "--seed", "1", "-g", "guest")
SUITES = {"kvm": 60, "tcg": 6, "bochs-intel": 8, "bochs-amd": 8, "tcg+trixie": 7,
          "bochs-intel+trixie": 9, "bochs-amd+trixie": 9, "kvm-amd@tcg": 35, "xen-amd@tcg": 25,
          "kvm-intel@bochs": 25, MIGRATED: 25, WORLD: 30, **{model: 6 for model in MODELS}}
#: Some guests of kvm_pvm wait for their time limit, so several of them take one slot.
MORE = {"kvm": ("-j", "3")}
#: What `make check` leaves to `make check-all`: a sweep, tick by tick, under a kernel takes minutes
#: on Bochs.
SAMPLE = {"kvm-intel@bochs": ("-x", "sweeps", "-x", "arrivals"), MIGRATED: ("native/*",),
          **{model: MODEL_CASES for model in MODELS}}
#: What `make check-all` leaves out: sweeps and arrivals under migration show failures whose causes
#: are not told apart (docs/platforms.md).
UNTRIAGED = {MIGRATED: ("-x", "sweeps", "-x", "arrivals")}
#: What `make check-all` repeats, and how often: nothing may vary.
REPEATS = {"tcg": 20, "bochs-intel": 20, "bochs-amd": 20, "kvm-amd@tcg": 3, "xen-amd@tcg": 3}
OTHER_KERNEL = "kvm-amd@tcg+linux-6.1"
#: `make quick`: the tests that start nothing, or little.
QUICK = ("test_compare.py", "test_findings.py", "test_judge.py", "test_known.py", "test_matrix.py",
         "test_promises.py", "test_recheck.py", "test_renamed.py", "test_reports.py",
         "test_rooms.py", "test_rows.py", "test_runner_docs.py", "test_style.py", "test_sweeps.py",
         "test_timeline.py")


class Plan:
    """Makes parts. work: where reports and logs go; temporary: where the tests make their files;
    jobs: how many compilers run at once."""

    def __init__(self, host: Host, work: str, temporary: str, jobs: int) -> None:
        self.host, self.work, self.temporary, self.jobs = host, work, temporary, jobs
        self.make = ("make", "-s", "-C", host.build)

    # -- single parts -----------------------------------------------------------------------

    def built(self) -> Part:
        """Every image, and the disk that holds them."""
        return Part("build", self.make + ("-j", str(self.jobs), "all", "image"), count.prepares,
                    self.host.build, seconds=5)

    def fetched(self) -> List[Part]:
        """The parts of the lab and the toolbox root, which other parts need."""
        def script(*words: str) -> Tuple[str, ...]:
            return (os.path.join(self.host.root, "scripts", words[0]),) + words[1:]
        return [Part("lab programs", self.make + ("lab",), count.prepares, self.host.build),
                Part("lab kernels", script("lab/fetch-stock", *LAB), count.fetches,
                     self.host.build, seconds=15, slotless=True),
                Part("toolbox root", script("make-root", "trixie"), count.fetches,
                     self.host.build, seconds=20, slotless=True)]

    def compiled(self) -> List[Part]:
        """The headers, the compiled tests and the shell files."""
        return [Part("headers", self.make + ("-k", "-j", "2", "check-headers"), count.one,
                     self.host.build, needs=("build",), seconds=2),
                Part("compiled tests", self.make + ("-j", "2", "check-c"), count.compiled,
                     self.host.build, needs=("build",), seconds=8),
                Part("shell files", self.make + ("check-shell",), count.one, self.host.build,
                     seconds=3)]

    def tests(self, name: str, files: Sequence[str], after: Sequence[str], seconds: float) -> Part:
        """Pytest on some files of tests/."""
        report = os.path.join(self.work, name.replace(" ", "-") + ".xml")
        argv = (PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml", report,
                "--basetemp", os.path.join(self.temporary, name.replace(" ", "-")))
        return Part(name, argv + tuple(os.path.join("tests", file) for file in files),
                    count.pytest(report), self.host.root, ("build",), tuple(after), seconds)

    def suite(self, platform: str, *words: str, name: str = "") -> Part:
        """run_tests.sh on a platform, with these words."""
        name = name or "suite " + platform
        stream = os.path.join(self.work, name.replace(" ", "-") + ".jsonl")
        argv = (os.path.join(self.host.root, "run_tests.sh"), "--jsonl", stream, "--logs",
                os.path.join(self.work, name.replace(" ", "-") + ".logs"))
        where = ("-p", platform) if platform else ()
        after = (LAB_PARTS if "@" in platform else ()) + (
            ("toolbox root",) if "+trixie" in platform else ())
        return Part(name, argv + where + MORE.get(platform, ()) + words, count.suite(stream),
                    self.host.build, ("build",), after, SUITES.get(platform, 20))

    # -- the three checks -------------------------------------------------------------------

    def pytest(self) -> List[Part]:
        """All of tests/: the long files each in a part, the others in SHARES parts."""
        found, short = [], []
        for path in sorted(glob.glob(os.path.join(self.host.root, "tests", "test_*.py"))):
            name = os.path.basename(path)
            with open(path, encoding="utf-8") as stream:
                text = stream.read()
            # What the tests of the lab tear and make again, nothing else may use at the time.
            after = [part for part in ("suite " + name for name in LAB)
                     if re.search(r"\blab_or_skip\(", text)]
            after += [part.name for part in found if after and set(after) <= set(part.after)]
            if re.search(r"\bdef real\(|\+trixie", text):
                after.append("toolbox root")
            if name in FILES or after:
                found.append(self.tests(name[:-3], [name], after, FILES.get(name, 3)))
            else:
                short.append(name)
        for share in range(SHARES):
            found.append(self.tests("short tests %d" % (share + 1), short[share::SHARES], (), 8))
        return found

    def suites(self) -> List[Part]:
        """The suite on every fast platform of this machine, in the toolbox root, a sample on
        other CPU models, and in the lab; and a sample of the generated world."""
        names = [platform.name for platform in platforms.choose(self.host, [])]
        return [self.suite(name, *SAMPLE.get(name, ()))
                for name in (*names, *ROOTED, *MODELS, *LAB, MIGRATED)] + [
            self.suite(WORLD, *WORLD_SAMPLE, name="suite world"),
            self.suite(WORLD, *PAIRS_SAMPLE, name="suite pairs"),
            self.suite(GUEST, *GUEST_SAMPLE, name="suite guest")]

    def check(self) -> List[Part]:
        """`make check`."""
        return [self.built(), *self.fetched(), *self.compiled(), *self.suites(), *self.pytest()]

    def only(self, words: Sequence[str]) -> List[Part]:
        """`make check ARGS=...`: the host side, and one run of run_tests.sh with these words."""
        kept = [part for part in self.check() if not part.name.startswith("suite ")]
        return [replace(part, after=tuple(name for name in part.after
                                          if not name.startswith("suite "))) for part in kept] + [
            self.suite("", *words, name="run_tests.sh")]

    def quick(self) -> List[Part]:
        """`make quick`."""
        runs = [self.suite(name, "native", "hv") for name in ("tcg", "bochs-intel")]
        return [self.built(), self.compiled()[1], *runs,
                self.tests("pure tests 1", QUICK[::2], (), 8),
                self.tests("pure tests 2", QUICK[1::2], (), 8)]

    def whole(self) -> List[Part]:
        """`make check-all`: what `make check` samples, in full, and what takes long."""
        whole = {part.name: part for part in self.check()}
        for name in SAMPLE:
            whole["suite " + name] = self.suite(name, *UNTRIAGED.get(name, ()))
        fetch = whole["lab kernels"]
        whole[fetch.name] = replace(fetch, argv=fetch.argv + (OTHER_KERNEL,))
        more = [self.suite(OTHER_KERNEL)]
        more += [self.suite(name, "--repeat", str(times), name="%d times %s" % (times, name))
                 for name, times in REPEATS.items()]
        more += [Part("whole world", self.make + ("world",), count.one, self.host.build,
                      ("build",), seconds=300)]
        more += [Part("mutants", self.make + ("mutants",), count.one, self.host.build,
                      ("build",), ("toolbox root",), seconds=900)]
        return [*whole.values(), *more]


def environment(host: Host, whole: bool) -> Dict[str, str]:
    """The environment of every part: without what make tells its own children."""
    env = {key: value for key, value in host.env.items()
           if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")}
    env["ORDEAL_BUILD"] = host.build
    # The same files are compiled in several trees: the directory is no reason to do it again.
    env.update(CCACHE_DIR=os.path.join(host.cache, "ccache"), CCACHE_NOHASHDIR="1",
               CCACHE_MAXSIZE="500M")
    if whole:
        env["ORDEAL_SLOW"] = "1"
    return env
