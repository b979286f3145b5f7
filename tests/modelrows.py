# SPDX-License-Identifier: BSD-2-Clause
"""What the native cases put to the model, from the logs of the images that ask it. `make model-rows`
writes tests/model-rows.tsv from a run; test_model.py reads it."""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Dict, Iterable, List, NamedTuple, Sequence, Tuple

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("ORDEAL_BUILD", ROOT))
FILE = ROOT / "tests/model-rows.tsv"
SUITES = ("native", "debug", "exceptions")
#: The first platform on which a case was judged gives its row; QEMU leaves out some situations.
PLATFORMS = (("bochs-intel", "intel"), ("bochs-amd", "amd"), ("tcg", "amd"))
HEAD = "# case\tvendor\tsituations, joined by ' ++ ': arguments of x86/explain\twants. Written by make model-rows.\n"


class Asked(NamedTuple):
    """One case of one vendor: what it played, and what it wants."""
    case: str
    vendor: str  # "intel", "amd"; "both" if they are the same
    plays: Tuple[str, ...]
    wants: str


class Answers(NamedTuple):
    """What the model said in one log: the cases that are inside, and why the others are not."""
    inside: List[Asked]
    outside: Dict[str, str]


def without_vendor(situation: str) -> str:
    """The situation without the word that makes it AMD's."""
    return re.sub(r" --state amd(?=,)", " --state ", situation).replace(" --state amd", "") \
        .replace(" --state ,", " --state ")


def read_log(lines: Iterable[str], suite: str, vendor: str) -> Answers:
    """The answers in one log."""
    wants: Dict[str, str] = {}
    plays: Dict[str, List[str]] = {}
    inside, outside = [], {}
    for line in lines:
        line = line.rstrip("\r\n")
        want = re.match(r"WANT: (\S+): (.*)", line)
        note = re.match(r"NOTE: (\S+): (situation|model): (.*)", line)
        if want:
            wants[want.group(1)], plays[want.group(1)] = want.group(2), []
        elif note and note.group(2) == "situation":
            plays[note.group(1)].append(without_vendor(note.group(3)))
        elif note and note.group(3).startswith("inside, "):
            name = note.group(1)
            inside.append(Asked("%s/%s" % (suite, name), vendor, tuple(plays[name]), wants[name]))
        elif note and note.group(3).startswith("outside: "):
            outside["%s/%s" % (suite, note.group(1))] = note.group(3)[len("outside: "):]
    return Answers(inside, outside)


def run(logs: Path, platforms: Iterable[str],
        suites: Sequence[str] = SUITES) -> subprocess.CompletedProcess:
    """Runs the images of these suites that ask the model, or note what it is to be asked; their logs
    go to a directory for each platform."""
    images = [word for suite in suites
              for word in ("--set", "%s.file=%s.model.flat" % (suite, suite),
                           "--set", "%s.timeout=180" % suite)]
    return subprocess.run([str(BUILD / "run_tests.sh"), "-p", ",".join(platforms), "--logs", str(logs)]
                          + images + list(suites), cwd=BUILD, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, timeout=600)


def read_run(logs: Path) -> Answers:
    """The rows of a run, one for each case and vendor, or for both vendors, sorted."""
    found: Dict[Tuple[str, str], Asked] = {}
    outside: Dict[str, str] = {}
    for platform, vendor in PLATFORMS:
        for suite in SUITES:
            with (logs / platform / (suite + ".log")).open(errors="replace") as lines:
                answers = read_log(lines, suite, vendor)
            outside.update(answers.outside)
            for asked in answers.inside:
                found.setdefault((asked.case, vendor), asked)
    rows = []
    for (case, vendor), asked in found.items():
        other = found.get((case, "amd" if vendor == "intel" else "intel"))
        same = other and (other.plays, other.wants) == (asked.plays, asked.wants)
        if not same:
            rows.append(asked)
        elif vendor == "intel":
            rows.append(asked._replace(vendor="both"))
    return Answers(sorted(rows), outside)


def written(rows: Iterable[Asked]) -> str:
    """The rows as the file has them."""
    return HEAD + "".join("%s\t%s\t%s\t%s\n" % (r.case, r.vendor, " ++ ".join(r.plays), r.wants)
                          for r in rows)


def recorded() -> List[Asked]:
    """The rows of the file."""
    rows = []
    for line in FILE.read_text(encoding="ascii").splitlines()[1:]:
        case, vendor, plays, wants = line.split("\t")
        rows.append(Asked(case, vendor, tuple(plays.split(" ++ ")), wants))
    return rows


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as LOGS:
        DONE = run(Path(LOGS), [platform for platform, _ in PLATFORMS])
        if DONE.returncode not in (0, 1):
            sys.exit(DONE.stdout)
        ANSWERS = read_run(Path(LOGS))
    FILE.write_text(written(ANSWERS.inside), encoding="ascii")
    print("%d rows; outside the model's world: %s" % (len(ANSWERS.inside), ANSWERS.outside))
