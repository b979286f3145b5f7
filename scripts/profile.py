#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""make profile: where the ticks of a case go, as a Markdown table. docs/speed.md keeps such tables.

Boots suites with the guest argument profile=yes (lib/x86/machine/profile.h). On Bochs and on tcg,
which runs with -icount, a tick is an instruction; the ticks of a halted processor count as well.
Of the generated world the ticks of a situation are told, not of a case.
Usage: scripts/profile.py [-p PLATFORM,...] [SUITE]... [KEY=VALUE of the guest]...
"""
import os
import re
import subprocess
import sys
import tempfile
from typing import Dict, List, NamedTuple, Tuple

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "scripts"))
from ordeal.model import UserError  # noqa: E402
from ordeal.plan.cfg import sections  # noqa: E402

DEFINITION = os.path.join("lib", "x86", "machine", "profile.def")
PLATFORMS, SUITES = "tcg,bochs-intel,bochs-amd", ("native", "hv")
#: The first section is what happened before the image began: it is not part of a case.
FIRMWARE = "firmware"
#: Ticks that happen once a boot, and are not divided by the number of cases.
ONCE = (FIRMWARE, "boot")


class Profile(NamedTuple):
    """One boot: the number of its cases, or of its situations of the generated world, and the ticks
    and beginnings of each section."""
    cases: int
    ticks: Dict[str, int]
    entered: Dict[str, int]


def meanings(text: str) -> List[Tuple[str, str]]:
    """Each section's name and what is charged to it, from profile.def."""
    return re.findall(r'^PROFILE\(\w+, "([^"]+)", "([^"]+)"\)$', text, re.M)


def read_profile(log: str, names: List[str]) -> Profile:
    """The profile that a boot printed; UserError if it is not there, or not whole."""
    found = re.findall(r"^PROFILE ([^:]+): ticks=(\d+) entered=(\d+)\r?$", log, re.M)
    end = re.search(r"^END \S+ cases=(\d+) ", log, re.M)
    if [name for name, _, _ in found] != names or not end:
        raise UserError("%d of %d lines PROFILE%s" % (
            len(found), len(names), "" if end else ", and no line END"))
    situations = re.findall(r"^BLOCK: \S+: situations=(\d+) ", log, re.M)
    return Profile(sum(map(int, situations)) or int(end.group(1)),
                   {name: int(ticks) for name, ticks, _ in found},
                   {name: int(entered) for name, _, entered in found})


def per_case(profile: Profile, name: str) -> float:
    """Ticks of a section for each case or situation; for a section of ONCE, for each boot."""
    return profile.ticks[name] / (1 if name in ONCE else max(1, profile.cases))


def table(profiles: Dict[str, Profile], definition: List[Tuple[str, str]]) -> List[str]:
    """The lines of the table: a row for each section, a column for each boot."""
    def row(title: str, what: str, values: List[float]) -> str:
        return "| %s | %s | %s |" % (title, what, " | ".join("{:,.0f}".format(v) for v in values))
    lines = ["| section | what is charged to it | %s |" % " | ".join(profiles),
             "|---|---|%s" % ("--:|" * len(profiles))]
    lines += [row(name + (", once" if name in ONCE else ""), what,
                  [per_case(profile, name) for profile in profiles.values()])
              for name, what in definition]
    lines.append(row("**a case**", "all sections but those that happen once",
                     [sum(per_case(profile, name) for name, _ in definition if name not in ONCE)
                      for profile in profiles.values()]))
    return lines


def write_cfg(path: str, suites: List[str], arguments: List[str]) -> None:
    """A configuration that boots these suites as unittests.cfg does, with profile=yes and these
    arguments of the guest."""
    source = os.path.join(ROOT, "unittests.cfg")
    with open(source, encoding="utf-8") as stream:
        known = {entry.name: entry.keys for entry in sections(stream.read(), source)}
    with open(path, "w", encoding="utf-8") as out:
        for suite in suites:
            if suite not in known:
                raise UserError("no suite %s; ./run_tests.sh --list names them" % suite)
            keys = {key: value for key, (value, _) in known[suite].items()}
            keys["file"] = os.path.join(ROOT, "x86", keys["file"])
            keys["test_args"] = " ".join([keys.get("test_args", ""), "profile=yes", *arguments]).strip()
            out.write("[%s]\n%s\n" % (suite, "\n".join("%s = %s" % item for item in keys.items())))


def measure(platforms: str, suites: List[str], arguments: List[str],
            names: List[str]) -> Dict[str, Profile]:
    """Boot the suites on the platforms; the profiles by "PLATFORM SUITE"."""
    profiles = {}
    with tempfile.TemporaryDirectory(prefix="ordeal-profile-") as work:
        cfg, logs = os.path.join(work, "unittests.cfg"), os.path.join(work, "logs")
        write_cfg(cfg, suites, arguments)
        # Its status says whether cases passed; expected/ does not lie beside this configuration.
        done = subprocess.run([os.path.join(ROOT, "run_tests.sh"), "-a", "-p", platforms, "--cfg",
                               cfg, "--logs", logs], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              check=False)
        if done.returncode not in (0, 1):
            raise UserError(done.stderr.decode("utf-8", "replace").strip())
        for platform in platforms.split(","):
            for suite in suites:
                path = os.path.join(logs, platform, suite + ".log")
                with open(path, encoding="utf-8", errors="replace") as stream:
                    try:
                        profiles["%s %s" % (platform, suite)] = read_profile(stream.read(), names)
                    except UserError as error:
                        raise UserError("%s on %s has no profile: %s" % (suite, platform, error)
                                        ) from None
    return profiles


def main(argv: List[str]) -> int:
    """Print the table. Exit status 2: a wrong argument, or a boot without a profile."""
    platforms = PLATFORMS
    if argv[:1] == ["-p"] and len(argv) > 1:
        platforms, argv = argv[1], argv[2:]
    if any(word.startswith("-") for word in argv):
        print("usage: scripts/profile.py [-p PLATFORM,...] [SUITE]... [KEY=VALUE]...",
              file=sys.stderr)
        return 2
    with open(os.path.join(ROOT, DEFINITION), encoding="ascii") as stream:
        definition = meanings(stream.read())
    try:
        profiles = measure(platforms, [word for word in argv if "=" not in word] or list(SUITES),
                           [word for word in argv if "=" in word], [name for name, _ in definition])
    except UserError as error:
        print("profile: %s" % error, file=sys.stderr)
        return 2
    print("\n".join(table(profiles, definition)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
