# SPDX-License-Identifier: BSD-2-Clause
"""Shared by the host tests: the package on the path, and a tree to run the runner in."""
import json
import os
import subprocess
import sys
from typing import Any, Dict, List, Sequence

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
sys.path[:0] = [HERE, os.path.join(ROOT, "scripts")]
sys.dont_write_bytecode = True

import browser  # noqa: E402
import loglib  # noqa: E402

FAKE = os.path.join(HERE, "fake_vmm.py")


class Outcome:
    """The result of one call of run_tests.sh."""

    def __init__(self, done: subprocess.CompletedProcess, logs: str) -> None:
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr
        self.logs = logs

    def records(self) -> List[Dict[str, Any]]:
        """The run's JSONL stream."""
        with open(os.path.join(self.logs, "results.jsonl"), encoding="ascii") as stream:
            return [json.loads(line) for line in stream]

    def verdicts(self) -> Dict[str, str]:
        """Verdicts by case id."""
        return {r["case"]: r["verdict"] for r in self.records() if r["type"] == "result"}

    def result(self, case: str) -> Dict[str, Any]:
        """One case's record."""
        return next(r for r in self.records() if r["type"] == "result" and r["case"] == case)

    def boots(self) -> List[Dict[str, Any]]:
        """The boot records."""
        return [r for r in self.records() if r["type"] == "boot"]


class Tree:
    """A directory with images and a cfg of its own, and the runner pointed at it."""

    def __init__(self, path: str) -> None:
        self.path, self.cfg = path, os.path.join(path, "unittests.cfg")
        self.logs = os.path.join(path, "logs")
        self.temporary = os.path.join(path, "tmp")
        self.env: Dict[str, str] = {"QEMU": FAKE, "FAKE_STATE": os.path.join(path, "state"),
                                    "TMPDIR": self.temporary}
        os.makedirs(os.path.join(path, "x86"), exist_ok=True)
        os.makedirs(self.temporary, exist_ok=True)
        os.chmod(self.temporary, 0o777)

    def write(self, name: str, text: str) -> str:
        """A text file of the tree."""
        path = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(text)
        return path

    def image(self, *names: str, name: str = "fake.flat") -> "Tree":
        """An image whose cases do what their names say."""
        cases = [(n, "A%02d" % i, "the sentence of " + n, "SDM") for i, n in enumerate(names, 1)]
        with open(os.path.join(self.path, "x86", name), "wb") as stream:
            stream.write(loglib.make_image(cases))
        if not os.path.exists(self.cfg):
            self.write("unittests.cfg", "[fake]\nfile = %s\ntimeout = 2\n" % name)
        return self

    def command(self, *args: str) -> List[str]:
        """The command line."""
        where = [] if "--cfg" in args else ["--cfg", self.cfg]
        logs = [] if "--logs" in args else ["--logs", self.logs]
        platform = [] if {"-p", "--differential"} & set(args) else ["-p", "tcg"]
        return [os.path.join(ROOT, "run_tests.sh")] + where + logs + platform + list(args)

    def environment(self, extra: Dict[str, str]) -> Dict[str, str]:
        """This test's environment, without what the caller's would change."""
        env = {k: v for k, v in os.environ.items()
               if k not in ("QEMU", "BOCHS", "ACCEL", "MACHINE", "TIMEOUT", "CHECK")}
        return {**env, **self.env, **extra}

    def run(self, *args: str, env: Sequence = (), timeout: float = 60) -> Outcome:
        """./run_tests.sh to its end."""
        done = subprocess.run(self.command(*args), env=self.environment(dict(env)), cwd=self.path,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout,
                              text=True, errors="surrogateescape", check=False)
        return Outcome(done, self.logs)


@pytest.fixture
def tree(tmp_path) -> Tree:
    """An empty tree of its own for each test."""
    return Tree(str(tmp_path))


@pytest.fixture(scope="module")
def chromium():
    """One browser for all tests of this file."""
    found = browser.Browser()
    yield found
    found.close()
