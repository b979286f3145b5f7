# SPDX-License-Identifier: BSD-2-Clause
"""What the cases with guests put to the model, from the logs of the images that note it. `make
model-rows` writes tests/guest-rows.tsv from a run; test_inner.py reads it."""
import re
import sys
import tempfile
from pathlib import Path
from typing import Dict, Iterable, List, NamedTuple, Sequence, Tuple

from modelrows import ROOT, run, without_vendor

FILE = ROOT / "tests/guest-rows.tsv"
SUITES = ("entry", "exit", "hv", "injection", "stepping", "vectoring", "virtual")
#: The first platform on which a case was judged gives its row. The later ones need the root "trixie":
#: they play what Bochs 2.7 does wrong, or has not.
PLATFORMS = (("bochs-intel", "intel"), ("bochs-amd", "amd"), ("tcg", "amd"),
             ("bochs-intel+arrow_lake+trixie", "intel"), ("bochs-amd+trixie", "amd"), ("tcg+trixie", "amd"))
#: Those that every machine has on which `make check` runs.
USUAL = tuple(platform for platform, _ in PLATFORMS[:3])
HEAD = "# case\tvendor\tplatform\tguest: arguments of x86/explain --guest\twants. Written by make model-rows.\n"


class Asked(NamedTuple):
    """One case for one vendor: what it played, and what it wants."""
    case: str
    vendor: str
    platform: str  # of which this row is
    guest: str
    wants: str


class Answers(NamedTuple):
    """The cases that were judged: those that the model is asked about, and why not the others, for
    each vendor."""
    inside: List[Asked]
    outside: Dict[Tuple[str, str], str]


def read_log(lines: Iterable[str], suite: str, vendor: str, platform: str) -> Answers:
    """The notes in one log."""
    wants: Dict[str, str] = {}
    inside: List[Asked] = []
    outside: Dict[Tuple[str, str], str] = {}
    for line in lines:
        line = line.rstrip("\r\n")
        want = re.match(r"WANT: (\S+): (.*)", line)
        note = re.match(r"NOTE: (\S+): (guest|model): (.*)", line)
        if want:
            wants[want.group(1)] = want.group(2)
        elif note and note.group(2) == "guest":
            inside.append(Asked("%s/%s" % (suite, note.group(1)), vendor, platform,
                                without_vendor(note.group(3)), wants[note.group(1)]))
        elif note:
            outside["%s/%s" % (suite, note.group(1)), vendor] = note.group(3)[len("outside: "):]
    return Answers(inside, outside)


def read_run(logs: Path, platforms: Sequence[str]) -> Answers:
    """The rows of a run on these platforms, one for each case and vendor, sorted."""
    found: Dict[Tuple[str, str], Asked] = {}
    outside: Dict[Tuple[str, str], str] = {}
    for platform, vendor in PLATFORMS:
        for suite in SUITES if platform in platforms else ():
            with (logs / platform / (suite + ".log")).open(errors="replace") as lines:
                answers = read_log(lines, suite, vendor, platform)
            for key, why in answers.outside.items():
                outside.setdefault(key, why)
            for asked in answers.inside:
                found.setdefault((asked.case, vendor), asked)
    return Answers(sorted(found.values()), outside)


def written(rows: Iterable[Asked]) -> str:
    """The rows as the file has them."""
    return HEAD + "".join("%s\t%s\t%s\t%s\t%s\n" % row for row in rows)


def recorded() -> List[Asked]:
    """The rows of the file."""
    return [Asked(*line.split("\t")) for line in FILE.read_text(encoding="ascii").splitlines()[1:]]


def main() -> None:
    """Writes the file."""
    platforms = [platform for platform, _ in PLATFORMS]
    with tempfile.TemporaryDirectory() as logs:
        done = run(Path(logs), platforms, SUITES)
        if done.returncode not in (0, 1):
            sys.exit(done.stdout)
        answers = read_run(Path(logs), platforms)
    FILE.write_text(written(answers.inside), encoding="ascii")
    print("%d rows; outside the model's world:" % len(answers.inside))
    for (case, vendor), why in sorted(answers.outside.items()):
        print("  %s on %s: %s" % (case, vendor, why))


if __name__ == "__main__":
    main()
