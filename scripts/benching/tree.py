# SPDX-License-Identifier: BSD-2-Clause
"""A built tree to measure, and the measuring of commands.

Guests are measured by processor time, which other work on the machine changes little; what a person
waits for is measured by the clock, as a ratio to something else that ran just before.
"""
import json
import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Dict, List, Sequence, Tuple

from ordeal.model import UserError
from ordeal.plan.image import read_cases

#: The environment variables that would change what is measured.
FOREIGN = ("QEMU", "BOCHS", "ACCEL", "MACHINE", "TIMEOUT", "CHECK", "MAKEFLAGS", "MFLAGS",
           "MAKELEVEL", "ORDEAL_BUILD")


#: No command of the bench takes as long; one that does hangs, and ends the bench. In seconds.
LIMIT = 240


def environment(**more: str) -> Dict[str, str]:
    """The caller's environment without FOREIGN, and with these."""
    env = {key: value for key, value in os.environ.items() if key not in FOREIGN}
    return {**env, **more}


def timed(argv: Sequence[str], env: Dict[str, str] = {}, cwd: str = "/") -> Tuple[float, float]:
    """Seconds by the clock and of the processors, of a command whose output is thrown away."""
    started = time.perf_counter()
    process = subprocess.Popen(argv, env=env or environment(), cwd=cwd, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    signal.signal(signal.SIGALRM, lambda *_: process.kill())
    signal.alarm(LIMIT)
    _, status, usage = os.wait4(process.pid, 0)
    if not signal.alarm(0):
        raise UserError("no end within %d s: %s" % (LIMIT, " ".join(argv)))
    process.returncode = os.waitstatus_to_exitcode(status)
    return time.perf_counter() - started, usage.ru_utime + usage.ru_stime


@dataclass
class Tree:
    """A source tree that is built in place. work: a directory for its files of this bench."""
    root: str
    work: str
    _argv: Dict[Tuple[str, ...], List[str]] = field(default_factory=dict)

    @property
    def run(self) -> str:
        """The runner."""
        return os.path.join(self.root, "run_tests.sh")

    def image(self, name: str) -> str:
        """The path of a built image."""
        path = os.path.join(self.root, "x86", name + ".flat")
        if not os.path.exists(path):
            raise UserError("%s is missing; run make" % path)
        return path

    def cases(self, name: str, but: str = "") -> int:
        """How many cases an image carries, but for those that match this glob."""
        return sum(not fnmatchcase(case.name, but) for case in read_cases(self.image(name)) or [])

    def cfg(self, name: str, stanzas: Dict[str, str]) -> str:
        """A file of stanzas, which name images."""
        path = os.path.join(self.work, name + ".cfg")
        with open(path, "w", encoding="ascii") as out:
            for stanza, of in stanzas.items():
                out.write("[%s]\nfile = %s\n" % (stanza, self.image(of)))
        return path

    def command(self, platform: str, image: str, *words: str) -> Tuple[List[str], str]:
        """A command line of the runner for one image, and its directory of logs."""
        logs = os.path.join(self.work, "logs-" + platform)
        # The runner takes the empty guest, which has no cases, for a foreign image, and does not
        # tell it how it ends its machine.
        end = ["--set", "empty.test_args=exit=bochs"] if (
            image == "empty" and platform.startswith("bochs")) else []
        return [self.run, "-p", platform, "--logs", logs, "--cfg",
                self.cfg(image, {image: image}), *end, *words], logs

    def cpu(self, platform: str, image: str, *words: str) -> float:
        """Processor time of a run of one image, the runner's own included."""
        return timed(self.command(platform, image, *words)[0])[1]

    def records(self, platform: str, image: str, *words: str) -> List[Dict[str, Any]]:
        """The stream of a run of one image."""
        argv, logs = self.command(platform, image, *words)
        timed(argv)
        try:
            with open(os.path.join(logs, "results.jsonl"), encoding="utf-8") as stream:
                return [json.loads(line) for line in stream]
        except OSError:
            raise UserError("%s printed no results" % " ".join(argv)) from None

    def guest(self, image: str, *words: str) -> List[str]:
        """The command line with which tcg boots an image."""
        key = (image,) + words
        if key not in self._argv:
            records = self.records("tcg", image, *words)
            self._argv[key] = next((r["argv"] for r in records if r["type"] == "boot"), [])
            if not self._argv[key]:
                raise UserError("%s boots nothing on tcg" % image)
        return list(self._argv[key])

    def plain(self, image: str, *words: str) -> List[str]:
        """The same without -icount, so that the guest goes as fast as it can, and without the
        argument that promises -icount."""
        argv = [word.replace(" settle=exact", "") for word in self.guest(image, *words)]
        if "-icount" in argv:
            place = argv.index("-icount")
            del argv[place:place + 2]
        return argv

    def said(self, platform: str, case: str) -> Dict[str, int]:
        """What a case of the bench image printed as name=number."""
        found = [r for r in self.records(platform, "bench", "bench/" + case)
                 if r["type"] == "result"]
        if not found or found[0]["verdict"] != "PASS":
            raise UserError("bench/%s on %s: %s" % (
                case, platform, found[0]["verdict"] + " " + found[0]["reason"] if found
                else "cannot run here"))
        text = " ".join(found[0].get("fingerprints", []))
        return {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", text)}
