#!/usr/bin/python3 -IS
# SPDX-License-Identifier: BSD-2-Clause
"""Writes docs/history.md from runs with --history: history.py STREAM...

Each STREAM is the --jsonl file of a run; its platforms are one history, in their order, and take
the place of what the page had of them. Histories of other platforms stay. The names and SHA-256
of each column's packages come from the parts and roots in the cache, because the archive
drops versions. A column in which not every case has a result is left out, and said.
"""
import os
import re
import sys
from typing import Any, Dict, List

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "scripts"))
sys.dont_write_bytecode = True

from ordeal import platforms  # noqa: E402
from ordeal.host import Host, find_host  # noqa: E402
from ordeal.model import NOTRUN, Result, UserError, result_from_record  # noqa: E402
from ordeal.platforms import toolbox  # noqa: E402
from ordeal.platforms.lab import stock  # noqa: E402
from ordeal.report import history  # noqa: E402
from ordeal.report.stream import read_records, write_file  # noqa: E402

PAGE = os.path.join(ROOT, "docs", "history.md")
HEAD = """# Versions side by side

Which cases changed their verdict from one version to another, from real runs, and which packages
the columns are: the archive drops versions. `scripts/history.py` writes this page from the streams
of runs with `--history` ([platforms.md](platforms.md)). Only cases whose raw verdict (before known
deviations) changed are shown. %s.
"""


def sums_of(host: Host, name: str) -> List[List[str]]:
    """SHA-256 and name of the packages that a platform is made of, as far as the cache says."""
    platform = platforms.named(name)
    paths = [os.path.join(toolbox.place_of(host, platform.root), toolbox.SUMS)] \
        if platform and platform.root else []
    kind = getattr(platform, "kernel", getattr(platform, "xen", ""))
    paths += [os.path.join(stock.place_of(host, kind), stock.SUMS)] if kind else []
    emulator = ("bochs_", "bochsbios_") if "bochs" in name else ("qemu-system-x86_", "seabios_")
    found = []
    for path in filter(os.path.exists, paths):
        with open(path, encoding="ascii") as stream:
            found += [line.split() for line in stream]
    return [[digest, package] for digest, package in found
            if not platform or not platform.root or package.startswith(emulator + ("linux-", "xen-"))]


def columns(records: List[Dict[str, Any]], results: List[Result]) -> List[str]:
    """The platforms of the run that have a result for every case."""
    cases = {result.case for result in results}
    ran = {name: {r.case for r in results if r.platform == name and r.verdict != NOTRUN}
           for name in (p["name"] for p in records[0]["platforms"])}
    for name, some in ran.items():
        if some != cases:
            sys.stderr.write("history.py: %s is left out: %d of %d cases have a result\n"
                             % (name, len(some), len(cases)))
    return [name for name, some in ran.items() if some == cases]


def section(host: Host, records: List[Dict[str, Any]]) -> str:
    """The part of the page for one run."""
    results = [result_from_record(r) for r in records if r["type"] == "result"]
    names = columns(records, results)
    every = history.rows(results, names)
    changed = [row for row in every if row.changes()]
    base = names[0].split("+")[0] if names else "nothing"
    commit = next((r["commit"][:12] for r in records if r["type"] == "fingerprint"), "")
    said = ["", "## %s" % base, "", "%d versions, %d cases, of which %d changed their verdict and %d "
            "only what was seen; commit %s." % (len(names), len(every), len(changed), sum(
                row.seen_changes() for row in every), commit), "",
            "| column | version | packages (SHA-256) |", "|---|---|---|"]
    versions = {p["name"]: p["version"].partition(": ")[0] for p in records[0]["platforms"]}
    for number, name in enumerate(names, 1):
        said.append("| %d | `%s`: %s | %s |" % (number, name, versions[name], "<br>".join(
            "`%s` %s" % (package, digest) for digest, package in sums_of(host, name)) or "this machine's"))
    if changed:
        said += ["", "| case | verdicts | changes |", "|---|---|---|"]
    said += ["| `%s` | `%s` | %s |" % (row.case, row.marks, history.told(row, names))
             for row in changed]
    return "\n".join(said) + "\n"


def merged(page: str, told: List[str]) -> str:
    """The sections of the page, with these in the place of those with their headings, or behind all
    others."""
    parts = [part.strip("\n") for part in re.split(r"^(?=## )", page, flags=re.M)[1:]]
    sections = {part.partition("\n")[0]: part for part in parts}
    sections.update({text.strip("\n").partition("\n")[0]: text.strip("\n") for text in told})
    return "\n\n".join(sections.values())


def main(argv: List[str]) -> int:
    """The exit status: 0, or 2 after one line about what is wrong."""
    if not argv:
        sys.stderr.write("usage: history.py STREAM...\n")
        return 2
    host = find_host(ROOT, dict(os.environ))
    try:
        told = [section(host, read_records(path)) for path in argv]
        with open(PAGE, encoding="utf-8") as stream:
            page = stream.read()
        write_file(PAGE, HEAD % history.LEGEND + "\n" + merged(page, told) + "\n")
        return 0
    except (UserError, OSError) as error:
        sys.stderr.write("history.py: %s\n" % error)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
