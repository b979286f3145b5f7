#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes into docs/findings/*.md what expected/*.cfg says is seen in each deviation.

    scripts/findings.py

An entry of a page is a heading or a list item with the names of sections. It gets a line for each
of them, and for each section without an entry that its text names in backquotes. The line begins
with the word Pattern and shows one line of `seen`, the shortest that tells most. Lines of before
are replaced. Run this after a change of expected/: a test compares.
"""
import glob
import os
import re
import sys
from typing import Dict, List, Sequence, Tuple

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from ordeal.model import UserError  # noqa: E402
from ordeal.plan import known  # noqa: E402
from ordeal.plan.known import Deviation  # noqa: E402
from ordeal.report.stream import write_file  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
#: The lists of the platforms that a page is about.
LISTS = {"qemu-tcg": ("tcg",), "bochs-intel": ("bochs-intel",), "bochs-amd": ("bochs-amd",),
         "kvm-pvm": ("kvm-pvm",), "lab": ("kvm-amd@tcg", "kvm-intel@bochs", "xen-amd@tcg",
                                      "kvm-amd@tcg+migrate", "kvm-intel@bochs+migrate")}
#: A line that this script has written.
_WRITTEN = re.compile(r"^ *- \*\*Pattern\b.*\n", re.M)
#: An entry with a heading of its own, and one that is an item of a list, with the names in bold.
_HEADING = re.compile(r"^## ([a-z0-9-]+)\n.*?(?=^## |\Z)", re.M | re.S)
_ITEM = re.compile(r"^- ((?:\*\*[a-z0-9-]+(?:, [a-z0-9-]+)*\.?\*\*(?:, )?)+).*?(?=^- |^#|^\n|\Z)",
                   re.M | re.S)
_SEEN = re.compile(r"^- \*\*Seen\.\*\*.*?(?=^- |^\n|^#|\Z)", re.M | re.S)
Listed = Dict[str, List[Tuple[str, Deviation]]]


def names_of(page: str) -> List[str]:
    """The names of a page's entries."""
    heads = [match.group(1) for match in _HEADING.finditer(page)]
    return heads + [name for match in _ITEM.finditer(page) for name in _bold(match.group(1))]


def _bold(text: str) -> List[str]:
    return [name for group in re.findall(r"\*\*([a-z0-9, -]+)\.?\*\*", text)
            for name in group.split(", ")]


def read_pages() -> Dict[str, str]:
    """The pages, by name."""
    found = {}
    for path in sorted(glob.glob(os.path.join(ROOT, "docs", "findings", "*.md"))):
        name = os.path.basename(path)[:-len(".md")]
        if name not in LISTS:
            raise UserError("%s explains no list of expected/: LISTS in findings.py has %s" % (
                path, " ".join(LISTS)))
        with open(path, encoding="utf-8") as stream:
            found[name] = stream.read()
    return found


def assigned(pages: Dict[str, str]) -> Dict[str, Listed]:
    """The sections that each page explains, by name, each with the list that it is in: those of the
    page's own lists, and those of others whose own page has no such entry."""
    names = {page: set(names_of(text)) for page, text in pages.items()}
    found: Dict[str, Listed] = {page: {} for page in pages}
    for page in pages:
        for name in LISTS[page]:
            for deviation in known.load(os.path.join(ROOT, "expected"), name):
                others = [other for other in pages if deviation.name in names[other]]
                home = page if deviation.name in names[page] or not others else others[0]
                found[home].setdefault(deviation.name, []).append((name, deviation))
    return found


def telling(deviation: Deviation) -> str:
    """The line that a page shows, as it is written: of those for the most platforms the shortest
    that has an event and no wildcard, as far as there is one; '' for a blank entry."""
    lines = sorted(deviation.lines(), key=lambda line: (
        bool(line.platforms), line.pattern.wild, line.text.split(" ")[0] == "nothing",
        len(line.text)))
    if not lines:
        return ""
    number = int(lines[0].where.rpartition(":")[2])
    return deviation.seen.splitlines()[number - deviation.seen_at].strip()


def shown(listed: Sequence[Tuple[str, Deviation]], indent: str = "") -> str:
    """The lines for these sections. Each is named if there are several, and so is its list if there
    are several of one name."""
    text = ""
    for name, deviation in listed:
        if not deviation.seen:
            continue
        names = [d.name for _, d in listed]
        title = " of `%s`" % deviation.name if len(set(names)) > 1 else ""
        title += " on `%s`" % name if names.count(deviation.name) > 1 else ""
        others = len(deviation.lines()) - 1
        text += "%s- **Pattern%s.** `%s`%s\n" % (indent, title, telling(deviation),
                                               " and %d more" % others if others else "")
    return text


def rewritten(page: str, listed: Listed) -> str:
    """The page with the patterns of today."""
    page = _WRITTEN.sub("", page)
    own = set(names_of(page))

    def sections(names: List[str], text: str) -> List[Tuple[str, Deviation]]:
        words = [word for word in re.findall(r"`([a-z0-9-]+)`", text) if word not in own]
        return [pair for name in dict.fromkeys(names + words) for pair in listed.get(name, [])]

    def heading(match: "re.Match[str]") -> str:
        mine = sections([match.group(1)], match.group(0))
        return _SEEN.sub(lambda seen: seen.group(0) + shown(mine), match.group(0), count=1)

    def item(match: "re.Match[str]") -> str:
        mine = sections(_bold(match.group(1)), match.group(0))
        return match.group(0) + shown(mine, "  ")
    return _ITEM.sub(item, _HEADING.sub(heading, page))


def main() -> int:
    """The exit status: 0, or 2 after one line about what is wrong."""
    try:
        pages = read_pages()
        for name, listed in assigned(pages).items():
            new = rewritten(pages[name], listed)
            if new != pages[name]:
                write_file(os.path.join(ROOT, "docs", "findings", name + ".md"), new)
                print("docs/findings/%s.md: rewritten" % name)
        return 0
    except (UserError, OSError) as error:
        sys.stderr.write("findings.py: %s\n" % error)
        return 2


if __name__ == "__main__":
    sys.exit(main())
