#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""docs/coverage.md from a run: which row of the case table is covered by which cases, with which
verdict on each platform; which section of the manuals they cite; which rows are not written, and why.

Usage: scripts/coverage.py RESULTS.jsonl >docs/coverage.md
The rows are the families of the case table with their sizes; a case names its row or rows itself.
Reasons for rows that are not written stand in docs/rows-not-written.tsv (row, tab, reason).
"""
import json
import os
import sys
from dataclasses import dataclass, field
from typing import Dict, Iterable, List, Tuple

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
#: Family, how many rows it has, what it is about.
FAMILIES: Tuple[Tuple[str, int, str], ...] = (
    ("A", 22, "interrupt against faults of execution"),
    ("B", 12, "interrupt and NMI against faults of fetch and decode"),
    ("C", 29, "debug events against everything"),
    ("D", 10, "NMI against interrupt, NMI blocking"),
    ("E", 26, "shadows of STI, MOV SS and POP SS"),
    ("F", 12, "RF and TF"),
    ("G", 8, "HLT and MWAIT"),
    ("H", 7, "repeated string instructions"),
    ("I", 15, "faults during delivery"),
    ("J", 7, "arbitration in the LAPIC"),
    ("K", 6, "task switch, machine check, SMI, INIT"),
    ("V", 112, "VMX"),
    ("S", 54, "SVM"),
    ("X", 12, "arrival sweeps"))
_LETTER = {"PASS": "P", "FAIL": "F", "XFAIL": "f", "SKIP": "-", "XPASS": "P!", "ERROR": "E"}


@dataclass
class Row:
    """What a run says of one row of the table, or of one section of a manual."""
    cases: List[str] = field(default_factory=list)
    verdicts: Dict[str, List[str]] = field(default_factory=dict)


    def add(self, record: dict) -> None:
        """Count one result."""
        if record["case"] not in self.cases:
            self.cases.append(record["case"])
        self.verdicts.setdefault(record["platform"], []).append(record["verdict"])


def collect(records: Iterable[dict]) -> Tuple[Dict[str, Row], Dict[str, Row], List[str]]:
    """Rows of the case table, sections of the manuals, and the platforms as they appear."""
    rows: Dict[str, Row] = {}
    sections: Dict[str, Row] = {}
    platforms: List[str] = []
    for record in records:
        if record.get("type") != "result":
            continue
        if record["platform"] not in platforms:
            platforms.append(record["platform"])
        for section in dict.fromkeys(record.get("citation", "").split("; ")):
            if section:
                sections.setdefault(section, Row()).add(record)
        for name in filter(None, record.get("row", "").split(",")):
            rows.setdefault(name, Row()).add(record)
    return rows, sections, platforms


def cell(verdicts: List[str]) -> str:
    """'P' if all passed; else each kind once, as in 'Pf'; a kind without a letter in full."""
    ran = [v for v in verdicts if v != "SKIP"] or verdicts
    return "".join(sorted({_LETTER.get(v, v) for v in ran}, reverse=False))


def counted(verdicts: List[str]) -> str:
    """How many of each kind: '12 P, 2 f'."""
    kinds = [_LETTER.get(v, v) for v in verdicts]
    return ", ".join("%d %s" % (kinds.count(kind), kind)
                     for kind in sorted(set(kinds), key=lambda k: (k == "-", k != "P", k)))


def families(cases: List[str]) -> str:
    """'`native/stories` 3, `hv/entry` 1': whose cases they are; the rows above name each."""
    owners = [case.rpartition(".")[0] for case in cases]
    return ", ".join("`%s` %d" % (owner, owners.count(owner)) for owner in dict.fromkeys(owners))


def all_rows() -> List[str]:
    """A01 ... X12."""
    return ["%s%02d" % (letter, i) for letter, count, _ in FAMILIES for i in range(1, count + 1)]


def reasons() -> Dict[str, str]:
    """Why a row is not written."""
    path = os.path.join(ROOT, "docs", "rows-not-written.tsv")
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as stream:
        pairs = [line.rstrip("\n").split("\t", 1) for line in stream if "\t" in line]
    return {pair[0]: pair[1] for pair in pairs}


def section_table(sections: Dict[str, Row], platforms: List[str]) -> List[str]:
    """Section of a manual, its cases, their verdicts on each platform."""
    lines = ["## Sections of the manuals", "",
             "How many cases cite it and how they end on each platform, and whose they are.", "",
             "| section | %s | cases |" % " | ".join(platforms),
             "|---|%s---|" % ("---|" * len(platforms))]
    for name, section in sorted(sections.items()):
        lines.append("| %s | %s | %s |" % (
            name, " | ".join(counted(section.verdicts.get(p, [])) for p in platforms),
            families(section.cases)))
    return lines


def page(records: Iterable[dict]) -> List[str]:
    """docs/coverage.md, line by line."""
    rows, sections, platforms = collect(records)
    known = all_rows()
    lines = ["# Coverage", "",
             "Written by `scripts/coverage.py` from a run; do not edit. P passed, f deviates as "
             "`expected/` lists it, F failed,", "E could not be judged, - skipped there; blank: not "
             "run there.", "",
             "%d of the %d rows of the case table have a case; %d cases in all." % (
                 sum(name in rows for name in known), len(known),
                 len({case for row in rows.values() for case in row.cases})), ""]
    for letter, count, about in FAMILIES:
        have = [name for name in known if name[0] == letter and name in rows]
        lines += ["## %s: %s (%d of %d)" % (letter, about, len(have), count), ""]
        if not have:
            continue
        lines += ["| row | %s | cases |" % " | ".join(platforms),
                  "|---|%s---|" % ("---|" * len(platforms))]
        for name in have:
            row = rows[name]
            lines.append("| %s | %s | %s |" % (
                name, " | ".join(cell(row.verdicts.get(p, [])) for p in platforms),
                " ".join("`%s`" % case for case in row.cases)))
        lines.append("")
    lines += section_table(sections, platforms)
    missing = [name for name in known if name not in rows]
    why = reasons()
    lines += ["", "## Rows without a case", ""]
    lines += ["- %s: %s" % (name, why[name]) for name in missing if name in why]
    later = [name for name in missing if name not in why]
    if later:
        lines += ["- not written yet: " + " ".join(later)]
    return lines


def main() -> int:
    """The page on standard output."""
    if len(sys.argv) != 2:
        sys.exit("usage: scripts/coverage.py RESULTS.jsonl >docs/coverage.md")
    with open(sys.argv[1], encoding="utf-8") as stream:
        print("\n".join(page(json.loads(line) for line in stream if line.strip())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
