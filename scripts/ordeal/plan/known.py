# SPDX-License-Identifier: BSD-2-Clause
"""Reads expected/PLATFORM.cfg: the known deviations of a platform (docs/results.md, section 7).

Both directions are strict: a listed case that passes is XPASS, a failure that is not listed is
unexpected, and an entry that excuses nothing any more, or has expired, is reported.
"""
import os
from fnmatch import fnmatchcase
from typing import Dict, Iterable, List, Mapping, Sequence, Tuple

from ..host import version_of
from ..model import (CRASH, ERROR, FAIL, FLAKY, PASS, SKIP, TIMEOUT, XFAIL, XPASS, Result,
                     UserError)
from ..record import dataclass, replace
from ..text import near
from . import cfg, renamed
from .versions import OPERATORS, check_term, version_fits

KEYS = ("cases", "verdict", "reason", "cite", "versions", "cpu", "platforms", "expires",
        "intermittent", "seen", "quirk")
#: How the reason of an entry begins that scripts/known has proposed and nobody has explained.
UNEXPLAINED = "not explained yet"
LISTABLE = (FAIL, ERROR, CRASH, TIMEOUT, SKIP)


@dataclass(frozen=True)
class Deviation:
    """One section of the file."""
    name: str
    where: str
    cases: Tuple[str, ...]
    verdicts: Tuple[str, ...]
    reason: str
    cite: str
    versions: Tuple[str, ...] = ()
    cpu: str = ""
    platforms: Tuple[str, ...] = ()
    expires: str = ""
    intermittent: bool = False
    seen: str = ""
    seen_at: int = 0  # the line of the file in which the value of `seen` begins
    #: The version that the lines of `seen` are about, if it is not the platform's.
    version: str = ""
    #: Whether the model of the generated world has a quirk of this name (quirks.py), and for which
    #: suites: "" (it has none), "yes" (all that play it) or "guest" (only those in a guest).
    quirk: str = ""

    def is_of(self, cpu: str) -> bool:
        """Whether the section holds on this CPU, which is ENV's cpu=."""
        return not self.cpu or any(fnmatchcase(cpu, glob) for glob in self.cpu.split("|"))

    @property
    def anywhere(self) -> bool:
        """Whether it says what may befall any of its cases, and of none what it is to show."""
        return bool(self.seen) and all(line.pattern.anywhere for line in self.lines())

    def lines(self) -> Sequence["Line"]:
        """What this deviation looks like; nothing if the entry is blank. A UserError names a bad line."""
        from .seen import read  # loaded while the first machine starts
        return read(self.seen, self.seen_at, self.where.rpartition(":")[0], self.name,
                    self.verdicts) if self.seen else ()


def _date(value: str, where: str) -> str:
    from time import strftime, strptime
    try:
        if strftime("%Y-%m-%d", strptime(value, "%Y-%m-%d")) == value:
            return value
    except ValueError:
        pass
    raise UserError("%s: bad date %r: write a day that there is as YYYY-MM-DD" % (where, value))


def _yes(values: Mapping[str, str], key: str, where: str, name: str) -> bool:
    """Whether a key says yes; one that is not there says no."""
    flag = values.get(key, "no")
    if flag not in ("yes", "no"):
        raise UserError("%s: [%s]: %s = %s: write yes or no" % (where, name, key, flag))
    return flag == "yes"


def parse(text: str, path: str) -> List[Deviation]:
    """All deviations of one file."""
    found = []
    for entry in cfg.sections(text, path, comments=False):
        where = "%s:%d" % (path, entry.line)
        for key, (_, line) in entry.keys.items():
            if key not in KEYS:
                raise UserError("%s:%d: unknown key %s%s" % (path, line, key, near(key, KEYS)))
        values = {key: value for key, (value, _) in entry.keys.items()}

        def at(key: str, lines: Mapping[str, Tuple[str, int]] = entry.keys) -> str:
            return "%s:%d" % (path, lines[key][1])
        quirk = values.get("quirk", "no").replace("no", "")
        if quirk not in ("", "yes", "guest"):
            raise UserError("%s: [%s]: quirk = %s: write yes, no or guest" % (
                at("quirk"), entry.name, quirk))
        alone = quirk and "cases" not in values
        for key in ("reason", "cite") if alone else ("cases", "verdict", "reason", "cite"):
            if not values.get(key):
                raise UserError("%s: [%s] lacks %s" % (where, entry.name, key))
        for key in ("verdict", "seen") if alone else ():
            if key in values:
                raise UserError("%s: [%s]: %s needs cases" % (at(key), entry.name, key))
        verdicts = tuple(values.get("verdict", "").replace(",", " ").split())
        for verdict in verdicts:
            if verdict not in LISTABLE:
                raise UserError("%s: [%s]: verdict %s: write one of %s"
                                % (at("verdict"), entry.name, verdict, " ".join(LISTABLE)))
        intermittent = _yes(values, "intermittent", at("intermittent")
                            if "intermittent" in values else where, entry.name)
        terms = values.get("versions", "").replace(",", " ")
        for operator in OPERATORS:
            terms = terms.replace(operator + " ", operator)
        versions = tuple(terms.split())
        for term in versions:
            check_term(term, at("versions"))
        found.append(Deviation(
            entry.name, where, tuple(values.get("cases", "").split()), verdicts, values["reason"],
            values["cite"], versions, values.get("cpu", ""),
            tuple(values.get("platforms", "").replace(",", " ").split()),
            _date(values["expires"], at("expires")) if values.get("expires") else "", intermittent,
            values.get("seen", ""), entry.keys.get("seen", ("", 0))[1], quirk=quirk))
        if "seen" in values and not values["seen"].strip():
            raise UserError("%s: [%s]: seen is empty" % (at("seen"), entry.name))
    return found


def load(directory: str, stem: str) -> List[Deviation]:
    """The deviations of expected/STEM.cfg; none if there is no such file."""
    path = os.path.join(directory, stem + ".cfg")
    if not os.path.exists(path):
        return []
    return parse(cfg.read_text(path), path)


def seen_through(deviations: Iterable[Deviation], version: str, below: str) -> List[Deviation]:
    """The deviations of the emulator that runs a hypervisor. They may or may not show through the
    hypervisor, because it handles some events itself. Those for named platforms hold only there."""
    return [replace(d, name="%s:%s" % (below, d.name), intermittent=True, versions=(),
                    version=version)
            for d in deviations if version_fits(d.versions, version_of(version), d.where)]
