# SPDX-License-Identifier: BSD-2-Clause
"""Shared by the tests of campaigns: a campaign on the fake emulator, in a directory of its own."""
import json
import os
import subprocess

from conftest import FAKE, ROOT

from campaigning import frames

SCRIPT = os.path.join(ROOT, "scripts", "campaign")
#: Fields that may differ between two runs of one plan.
TIMES = ("seconds", "log")


class Campaign:
    """A campaign on the fake emulator, in a directory of its own."""

    def __init__(self, tree):
        self.tree, self.path = tree, tree.path
        self.plan, self.results = os.path.join(tree.path, "plan"), os.path.join(tree.path, "results")
        for name in ("a", "b", "c"):
            tree.image("pass_%s1" % name, "pass_%s2" % name, "fail_%s3" % name, name=name + ".flat")
        tree.write("unittests.cfg", "".join("[%s]\nfile = %s.flat\ntimeout = 60\n" % (n, n)
                                            for n in "abc"))
        tree.env["QEMU"] = FAKE

    def call(self, *words, env=()):
        """scripts/campaign with these words."""
        return subprocess.run([SCRIPT, *words], cwd=self.path,
                              env=self.tree.environment(dict(env)), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=120, check=False)

    def make(self, text="platforms = tcg\nsuites = a b c\n"):
        """The plan of a campaign file with one section."""
        head = "[campaign]\noptions = --cache none --cfg %s\n[s]\n" % self.tree.cfg
        path = self.tree.write("c.campaign", head + text)
        done = self.call("plan", path, "-o", self.plan)
        assert done.returncode == 0, done.stderr
        return done

    def run(self, *words, **more):
        """Run units of the plan."""
        return self.call("run", self.plan, "--results", self.results, *words, **more)

    def merge(self, *words, places=()):
        """Merge the results; the exit status, the output, and the lines of the merged stream."""
        out = os.path.join(self.path, "merged")
        done = self.call("merge", self.plan, *(places or (self.results,)), "-o", out,
                         "--missing", os.path.join(self.path, "missing"), *words)
        with open(out, encoding="utf-8") as stream:
            records = [json.loads(line) for line in stream]
        with open(os.path.join(self.path, "missing"), encoding="ascii") as stream:
            self.missing = stream.read().strip()
        return done, records

    def place(self, number):
        """The file of a unit's result."""
        return frames.place_of(self.results, number)


def timeless(records):
    """The result lines in the order of the plan, without times."""
    return sorted(([{k: v for k, v in r.items() if k not in TIMES} for r in records
                    if r["type"] == "result"]), key=lambda r: r["index"])
