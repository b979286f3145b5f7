#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Draws the pictures of the documents from a real run: `make docs`, or pictures.py [DIR [PLATFORM]].

This script runs the stories and the sweep of RDMSR on Bochs, which is deterministic, and draws what
was recorded. Nothing in a picture depends on the day or the machine: the same images give the same
bytes.
"""
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True

from ordeal.page import page, stories  # noqa: E402
from ordeal.page.svg import svg  # noqa: E402
from ordeal.report import formats  # noqa: E402
from ordeal.report.stream import read_records  # noqa: E402

WANTED = ("s1.svg", "s2.svg", "s3.svg", "s4.svg", "rdmsr-sweep.svg")


def run(platform: str) -> list:
    """The results of the cases that the pictures show, and of their twins."""
    with tempfile.TemporaryDirectory() as logs:
        cases = [story.case for story in stories.STORIES] + [
            stories.SWEEP, "native/stories.sti_rdmsr.trap_gate"]
        subprocess.run([os.path.join(HERE, os.pardir, "run_tests.sh"), "-p", platform, "--logs",
                        os.path.join(logs, "logs")] + cases, stdout=subprocess.DEVNULL, check=False)
        return formats.results(read_records(os.path.join(logs, "logs", "results.jsonl")))


def main() -> int:
    """The exit status: 1 if a picture could not be made because its case did not pass."""
    directory = sys.argv[1] if len(sys.argv) > 1 else os.path.join(
        HERE, os.pardir, "docs", "pictures")
    platform = sys.argv[2] if len(sys.argv) > 2 else "bochs-intel"
    drawings = dict(stories.pictures(run(platform), platform))
    style = re.sub(r"/\*.*?\*/\s*", "", page.asset("draw.css"), flags=re.S)
    os.makedirs(directory, exist_ok=True)
    for name, drawing in drawings.items():
        with open(os.path.join(directory, name), "w", encoding="utf-8") as stream:
            stream.write(svg(drawing, style))
    missing = [name for name in WANTED if name not in drawings]
    if missing:
        print("pictures.py: not made, because their cases did not pass on %s: %s"
              % (platform, " ".join(missing)), file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
