# SPDX-License-Identifier: BSD-2-Clause
"""Reads expected/PLATFORM.cfg: the known deviations of a platform (docs/results.md, section 7).

Both directions are strict: a listed case that passes is XPASS, a failure that is not listed is
unexpected, and an entry that excuses nothing any more, or has expired, is reported.
"""
import os
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Dict, Iterable, List, Sequence, Tuple

from ..host import version_of
from ..model import (CRASH, ERROR, FAIL, FLAKY, PASS, SKIP, TIMEOUT, XFAIL, XPASS, Result,
                     UserError)
from ..text import near
from . import cfg, renamed

KEYS = ("cases", "verdict", "reason", "cite", "versions", "cpu", "platforms", "expires",
        "intermittent")
LISTABLE = (FAIL, ERROR, CRASH, TIMEOUT, SKIP)
_OPERATORS = ("<=", ">=", "<", ">", "=")


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


def _version_term(term: str, where: str) -> Tuple[str, Tuple[int, ...]]:
    operator = next((op for op in _OPERATORS if term.startswith(op)), "")
    number = term[len(operator):].strip()
    if not operator or not all(part.isdigit() for part in number.split(".")):
        raise UserError("%s: bad version %r: write <=9.2, >=7.2 or =7.2, with blanks between terms"
                        % (where, term))
    return operator, tuple(int(part) for part in number.split("."))


def version_fits(terms: Sequence[str], version: Tuple[int, ...], where: str = "") -> bool:
    """Whether every term holds. Only as many numbers are compared as the term has, so that =7.2 and
    <=7.2 cover 7.2.22."""
    for term in terms:
        operator, number = _version_term(term, where)
        have = (version + (0, 0, 0))[:len(number)]
        holds = {"<=": have <= number, ">=": have >= number, "<": have < number,
                 ">": have > number, "=": have == number}[operator]
        if not holds or not version:
            return False
    return True


def _date(value: str, where: str) -> str:
    parts = value.split("-")
    if [len(p) for p in parts] != [4, 2, 2] or not all(p.isdigit() for p in parts):
        raise UserError("%s: bad date %r: write YYYY-MM-DD" % (where, value))
    return value


def parse(text: str, path: str) -> List[Deviation]:
    """All deviations of one file."""
    found = []
    for entry in cfg.sections(text, path, comments=False):
        where = "%s:%d" % (path, entry.line)
        for key, (_, line) in entry.keys.items():
            if key not in KEYS:
                raise UserError("%s:%d: unknown key %s%s" % (path, line, key, near(key, KEYS)))
        values = {key: value for key, (value, _) in entry.keys.items()}
        for key in ("cases", "verdict", "reason", "cite"):
            if not values.get(key):
                raise UserError("%s: [%s] lacks %s" % (where, entry.name, key))
        verdicts = tuple(values["verdict"].replace(",", " ").split())
        for verdict in verdicts:
            if verdict not in LISTABLE:
                raise UserError("%s: [%s]: verdict %s: write one of %s"
                                % (where, entry.name, verdict, " ".join(LISTABLE)))
        flag = values.get("intermittent", "no")
        if flag not in ("yes", "no"):
            raise UserError("%s: [%s]: intermittent = %s: write yes or no"
                            % (where, entry.name, flag))
        terms = values.get("versions", "").replace(",", " ")
        for operator in _OPERATORS:
            terms = terms.replace(operator + " ", operator)
        versions = tuple(terms.split())
        for term in versions:
            _version_term(term, where)
        found.append(Deviation(
            entry.name, where, tuple(values["cases"].split()), verdicts, values["reason"],
            values["cite"], versions, values.get("cpu", ""),
            tuple(values.get("platforms", "").replace(",", " ").split()),
            _date(values["expires"], where) if values.get("expires") else "", flag == "yes"))
    return found


def load(directory: str, stem: str) -> List[Deviation]:
    """The deviations of expected/STEM.cfg; none if there is no such file."""
    path = os.path.join(directory, stem + ".cfg")
    if not os.path.exists(path):
        return []
    return parse(cfg.read_text(path), path)


def seen_through(deviations: Iterable[Deviation], version: str, below: str) -> List[Deviation]:
    """The deviations of the emulator that runs a hypervisor. They may or may not show through the
    hypervisor, because it handles some events itself."""
    return [replace(d, name="%s:%s" % (below, d.name), intermittent=True, versions=(), platforms=())
            for d in deviations if version_fits(d.versions, version_of(version), d.where)]


def _may_fit(glob: str, name: str) -> bool:
    if name.endswith("/*"):
        return fnmatchcase(name[:-2], glob.split("/", 1)[0])
    return fnmatchcase(name, glob)


class Deviations:
    """The deviations that apply to one platform in this run, and which of them were used."""

    def __init__(self, deviations: Iterable[Deviation], platform: str, version: str,
                 today: str) -> None:
        self.today = today
        self.used: Dict[str, int] = {}
        self.touched: Dict[str, int] = {}
        self.deviations = [
            d for d in deviations
            if (not d.platforms or any(fnmatchcase(platform, p) for p in d.platforms))
            and version_fits(d.versions, version_of(version), d.where)]

    def _match(self, case: str, cpu: str) -> List[Deviation]:
        return [d for d in self.deviations if any(fnmatchcase(case, g) for g in d.cases)
                and (not d.cpu or any(fnmatchcase(cpu, glob) for glob in d.cpu.split("|")))]

    def apply(self, result: Result, cpu: str) -> None:
        """Replace the raw verdict by XFAIL or XPASS where a deviation says so, and set unexpected."""
        result.raw = result.verdict
        holding = [d for d in self._match(result.case, cpu)
                   if not d.expires or d.expires >= self.today]
        for deviation in holding:
            self.touched[deviation.name] = self.touched.get(deviation.name, 0) + 1
        listed = [d for d in holding if result.raw in d.verdicts
                  or (result.raw == FLAKY and d.intermittent)]
        if listed:
            deviation = listed[0]
            self.used[deviation.name] = self.used.get(deviation.name, 0) + 1
            result.deviation = "%s: %s [%s]" % (deviation.name, deviation.reason, deviation.cite)
            if result.raw != SKIP:
                result.verdict = XFAIL
        elif result.raw == PASS and any(not d.intermittent for d in holding):
            deviation = next(d for d in holding if not d.intermittent)
            result.verdict = XPASS
            result.deviation = "%s: %s [%s]" % (deviation.name, deviation.reason, deviation.cite)
            result.reason = "passes, but %s lists it as %s" % (
                deviation.where, " ".join(deviation.verdicts))
        result.unexpected = result.verdict not in (PASS, SKIP, XFAIL)

    def complaints(self, all_cases: Iterable[str]) -> List[str]:
        """A line for each entry that has expired, matches no existing case, or excused nothing
        although its cases ran. SUITE/* in all_cases stands for a suite whose cases were not read."""
        names = list(all_cases)
        said = []
        for d in self.deviations:
            if d.expires and d.expires < self.today:
                said.append("%s: [%s] expired on %s and excuses nothing" % (d.where, d.name,
                                                                          d.expires))
                continue
            idle = [glob for glob in d.cases if not any(_may_fit(glob, name) for name in names)]
            if idle:
                said.append("%s: [%s] matches no existing case: %s%s" % (
                    d.where, d.name, " ".join(idle),
                    renamed.hint(idle, d.where.rpartition(":")[0])))
            elif self.touched.get(d.name) and not self.used.get(d.name) and not d.intermittent:
                said.append("%s: [%s] was not needed" % (d.where, d.name))
        return said
