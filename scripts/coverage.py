#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes docs/coverage.md from a run: which cases cover each row of the case table, and their verdict
on each platform; which sections of the manuals they cite; which rows have no case, and why.

Usage: scripts/coverage.py RESULTS.jsonl >docs/coverage.md
The script reads the case table from docs/rows.md; each case names its row or rows itself.
"""
import json
import os
import re
import sys
from dataclasses import dataclass, field
from typing import Dict, Iterable, List, Tuple

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TABLE = os.path.join("docs", "rows.md")
_FAMILY = re.compile(r"## (?P<letter>[A-Z]): (?P<about>.+)")
_CLAIM = re.compile(r'\| <a id="(?P<anchor>\w+)"></a>(?P<row>\w+) \| (?P<sentence>[^|]+)'
                    r' \| (?P<sections>[^|]+) \|')
_HEAD = ("| row | claim | sections |", "|---|---|---|")
_REASON = re.compile(r"- (?P<row>\w+): (?P<reason>.+)")
_LETTER = {"PASS": "P", "FAIL": "F", "XFAIL": "f", "SKIP": "-", "XPASS": "P!", "ERROR": "E"}


@dataclass(frozen=True)
class Claim:
    """One row of the case table: its claim, and the sections of the manuals that the claim rests on."""
    row: str
    sentence: str
    sections: Tuple[str, ...]


@dataclass(frozen=True)
class CaseTable:
    """docs/rows.md: the subject of each letter, the claims in their order, and why some rows have no
    case."""
    families: Dict[str, str]
    claims: Tuple[Claim, ...]
    reasons: Dict[str, str]


@dataclass
class Row:
    """What a run tells about one row of the table, or about one section of a manual."""
    cases: List[str] = field(default_factory=list)
    verdicts: Dict[str, List[str]] = field(default_factory=dict)

    def add(self, record: dict) -> None:
        """Count one result."""
        if record["case"] not in self.cases:
            self.cases.append(record["case"])
        self.verdicts.setdefault(record["platform"], []).append(record["verdict"])


def collect(records: Iterable[dict]) -> Tuple[Dict[str, Row], Dict[str, Row], List[str]]:
    """Rows of the case table, sections of the manuals, and the platforms in order of appearance."""
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
    """'P' if all passed; otherwise each kind once, as in 'Pf'. A kind without a letter is spelt out."""
    ran = [v for v in verdicts if v != "SKIP"] or verdicts
    return "".join(sorted({_LETTER.get(v, v) for v in ran}, reverse=False))


def counted(verdicts: List[str]) -> str:
    """How many of each kind: '12 P, 2 f'."""
    kinds = [_LETTER.get(v, v) for v in verdicts]
    return ", ".join("%d %s" % (kinds.count(kind), kind)
                     for kind in sorted(set(kinds), key=lambda k: (k == "-", k != "P", k)))


def families(cases: List[str]) -> str:
    """'`native/stories` 3, `entry/blocking` 1': how many cases each family contributes."""
    owners = [case.partition(".")[0] for case in cases]
    return ", ".join("`%s` %d" % (owner, owners.count(owner)) for owner in dict.fromkeys(owners))


def read_table(text: str) -> CaseTable:
    """The case table of a page such as docs/rows.md; a table line that is no row is an error."""
    families: Dict[str, str] = {}
    claims: List[Claim] = []
    reasons: Dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), 1):
        family, claim, reason = (p.fullmatch(line) for p in (_FAMILY, _CLAIM, _REASON))
        if family:
            families[family["letter"]] = family["about"]
        elif reason:
            reasons[reason["row"]] = reason["reason"]
        elif claim and claim["anchor"] == claim["row"].lower() and claim["row"][0] in families:
            claims.append(Claim(claim["row"], claim["sentence"],
                                tuple(claim["sections"].split("; "))))
        elif line.startswith("|") and line not in _HEAD:
            raise ValueError('%s:%d is not a row: %s; write | <a id="v47"></a>V47 | claim | sections |,'
                             ' below a heading "## V: ..."' % (TABLE, number, line))
    return CaseTable(families, tuple(claims), reasons)


def case_table() -> CaseTable:
    """The project's own table."""
    with open(os.path.join(ROOT, TABLE), encoding="utf-8") as stream:
        return read_table(stream.read())


def linked(name: str) -> str:
    """A row's id as a link to its claim."""
    return "[%s](rows.md#%s)" % (name, name.lower())


def section_table(sections: Dict[str, Row], platforms: List[str]) -> List[str]:
    """The table of the sections of the manuals: verdicts on each platform, and families of cases."""
    lines = ["## Sections of the manuals", "",
             "For each section: how many cases that cite it end with which verdict on each platform, "
             "and the families", "of these cases.", "",
             "| section | %s | cases |" % " | ".join(platforms),
             "|---|%s---|" % ("---|" * len(platforms))]
    for name, section in sorted(sections.items()):
        lines.append("| %s | %s | %s |" % (
            name, " | ".join(counted(section.verdicts.get(p, [])) for p in platforms),
            families(section.cases)))
    return lines


def family_table(names: List[str], rows: Dict[str, Row], platforms: List[str]) -> List[str]:
    """The rows of one letter that have a case: verdicts on each platform, and the cases."""
    lines = ["| row | %s | cases |" % " | ".join(platforms),
             "|---|%s---|" % ("---|" * len(platforms))]
    for name in names:
        lines.append("| %s | %s | %s |" % (
            linked(name), " | ".join(cell(rows[name].verdicts.get(p, [])) for p in platforms),
            " ".join("`%s`" % case for case in rows[name].cases)))
    return lines + [""]


def page(records: Iterable[dict], table: CaseTable) -> List[str]:
    """docs/coverage.md, line by line."""
    rows, sections, platforms = collect(records)
    known = [claim.row for claim in table.claims]
    lines = ["# Coverage", "",
             "`scripts/coverage.py` writes this page from a run; do not edit it. P: passed. f: deviates "
             "as `expected/`", "lists. F: failed. E: could not be judged. -: skipped. Blank: not run. "
             "[rows.md](rows.md) says what each row", "claims.", "",
             "%d of the %d rows of the case table have a case; %d cases in all." % (
                 sum(name in rows for name in known), len(known),
                 len({case for row in rows.values() for case in row.cases})), ""]
    for letter, about in table.families.items():
        names = [name for name in known if name[0] == letter]
        have = [name for name in names if name in rows]
        lines += ["## %s: %s (%d of %d)" % (letter, about, len(have), len(names)), ""]
        lines += family_table(have, rows, platforms) if have else []
    lines += section_table(sections, platforms)
    missing = [name for name in known if name not in rows]
    lines += ["", "## Rows without a case", ""]
    lines += ["- %s: %s" % (linked(name), table.reasons[name])
              for name in missing if name in table.reasons]
    later = [linked(name) for name in missing if name not in table.reasons]
    if later:
        lines += ["- not in this run: " + " ".join(later)]
    return lines


def main() -> int:
    """Print the page on standard output."""
    if len(sys.argv) != 2:
        sys.exit("usage: scripts/coverage.py RESULTS.jsonl >docs/coverage.md")
    try:
        table = case_table()
    except ValueError as error:
        sys.exit(str(error))
    with open(sys.argv[1], encoding="utf-8") as stream:
        print("\n".join(page((json.loads(line) for line in stream if line.strip()), table)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
