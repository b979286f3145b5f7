#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes the matrix of docs/platforms.md, case family by platform, from the results of a run.

    scripts/matrix.py RESULTS.jsonl [PAGE]

Without PAGE the table goes to standard output; with PAGE it replaces what stands between the two
marks of that page. `make matrix` runs every platform that needs no virtualization hardware, then
this script.
"""
import os
import sys
from typing import Any, Dict, Iterable, List, Tuple

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from ordeal.model import UserError  # noqa: E402
from ordeal.report.stream import read_records, write_file  # noqa: E402

BEGIN, END = "<!-- matrix: written by make matrix -->\n", "<!-- end of the matrix -->\n"
#: The verdicts that count as obeying, as a listed deviation, and as skipped; others are unexpected.
GOOD, LISTED, SKIPPED = ("PASS",), ("XFAIL",), ("SKIP",)
Counts = List[int]


def count(records: Iterable[Dict[str, Any]]) -> Tuple[List[str], Dict[str, Dict[str, Counts]]]:
    """The platforms in the order of the run, and for each family and platform the four counts."""
    platforms: List[str] = []
    families: Dict[str, Dict[str, Counts]] = {}
    for record in records:
        if record["type"] != "result":
            continue
        name, verdict = record["platform"], record["verdict"]
        if name not in platforms:
            platforms.append(name)
        family = record["case"].partition(".")[0]
        counts = families.setdefault(family, {}).setdefault(name, [0, 0, 0, 0])
        counts[0 if verdict in GOOD else 1 if verdict in LISTED else
               3 if verdict in SKIPPED else 2] += 1
    return platforms, families


def cell(counts: Counts) -> str:
    """`12`: all twelve obey; `9/12`: nine of the twelve that ran; `-`: none ran; `!`: unexpected."""
    good, listed, other, _ = counts
    ran = good + listed + other
    if not ran:
        return "-"
    return ("%d" % good if good == ran else "%d/%d" % (good, ran)) + ("!" if other else "")


def table(records: Iterable[Dict[str, Any]]) -> str:
    """The matrix as Markdown, followed by the list of versions."""
    records = list(records)
    platforms, families = count(records)
    lines = ["| family | %s |" % " | ".join("`%s`" % name for name in platforms),
             "|---" * (len(platforms) + 1) + "|"]
    suites = list(dict.fromkeys(family.partition("/")[0] for family in families))
    for family, cells in sorted(families.items(),
                                key=lambda item: suites.index(item[0].partition("/")[0])):
        lines.append("| %s | %s |" % (family, " | ".join(
            cell(cells.get(name, [0, 0, 0, 0])) for name in platforms)))
    total = {name: [sum(column) for column in zip(*(
        cells.get(name, [0, 0, 0, 0]) for cells in families.values()))] for name in platforms}
    lines.append("| **all** | %s |" % " | ".join("**%s**" % cell(total[name])
                                                 for name in platforms))
    lines += ["", "These were: " + "; ".join("`%s`: %s" % pair for pair in versions(records)) + "."]
    return "\n".join(lines) + "\n"


def versions(records: Iterable[Dict[str, Any]]) -> List[Tuple[str, str]]:
    """Each platform's version, cut at the first colon or bracket."""
    return [(p["name"], p["version"].split(":")[0].split("(")[0].split("Copyright")[0].strip())
            for record in records if record["type"] == "start"
            for p in record["platforms"]]


def insert(page: str, text: str, begin: str = BEGIN, end: str = END) -> str:
    """The page with this text between the two marks."""
    if page.count(begin) != 1 or page.count(end) != 1 or page.index(begin) > page.index(end):
        raise UserError("the page must have %r once, and after it %r once" % (begin, end))
    head, _, rest = page.partition(begin)
    return head + begin + text + end + rest.partition(end)[2]


def main(argv: List[str]) -> int:
    """The exit status: 0, or 2 after one line about what is wrong."""
    if len(argv) not in (2, 3):
        sys.stderr.write((__doc__ or "").split("\n\n")[1] + "\n")
        return 2
    try:
        matrix = table(read_records(argv[1]))
        if len(argv) == 2:
            sys.stdout.write(matrix)
            return 0
        with open(argv[2], encoding="utf-8") as stream:
            page = stream.read()
        write_file(argv[2], insert(page, matrix))
        return 0
    except (UserError, OSError) as error:
        sys.stderr.write("matrix.py: %s\n" % error)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv))
