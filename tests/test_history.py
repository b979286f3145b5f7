# SPDX-License-Identifier: BSD-2-Clause
"""A platform in many versions: which there are, what changed between them, and since when."""
import os
import subprocess
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader

import pytest
from conftest import FAKE, ROOT

from ordeal.host import Host
from ordeal.model import Result, UserError
from ordeal.plan import versioned
from ordeal.platforms.lab import choices
from ordeal.report import history

LOADER = SourceFileLoader("bisect_versions", os.path.join(ROOT, "scripts", "bisect-versions"))
bisect = module_from_spec(spec_from_loader("bisect_versions", LOADER))
LOADER.exec_module(bisect)
WRITER = SourceFileLoader("history_page", os.path.join(ROOT, "scripts", "history.py"))
writer = module_from_spec(spec_from_loader("history_page", WRITER))
WRITER.exec_module(writer)
NAMES = ["p+linux-1", "p+linux-2", "p+linux-3", "p+linux-4"]


def results(**cases):
    """Results of cases by their verdicts' first letters, - for no result."""
    verdicts = {"P": "PASS", "F": "FAIL", "S": "SKIP", "N": "NOTRUN"}
    return [Result(name, "s/" + case, "XFAIL" if letter == "F" else verdicts[letter],
                   raw=verdicts[letter], observed=["t"])
            for case, letters in cases.items() for name, letter in zip(NAMES, letters)
            if letter != "-"]


def test_first_bad_and_first_good():
    """Raw verdicts: an entry of expected/ hides nothing. What did not run says nothing."""
    rows = {row.case: row for row in history.rows(
        results(same="PPPP", bad="PPFF", good="FFFP", both="PFFP", gap="PN-F", skip="SSPP"), NAMES)}
    assert rows["s/same"].changes() == [] and rows["s/bad"].changes() == [(1, 2)]
    assert rows["s/good"].changes() == [(2, 3)] and rows["s/both"].changes() == [(0, 1), (2, 3)]
    assert rows["s/gap"].changes() == [(0, 3)] and rows["s/gap"].marks == ".--F"
    assert history.told(rows["s/bad"], NAMES) == "FAIL since linux-3 (PASS until linux-2)"
    assert history.told(rows["s/both"], NAMES) == \
        "FAIL since linux-2 (PASS until linux-1); PASS since linux-4 (FAIL until linux-3)"
    assert rows["s/skip"].marks == "ss.."


def test_what_changed_only_in_what_was_seen():
    found = results(a="FFFF", b="FFFF", c="PF")
    found[1].observed = ["another"]
    rows = {row.case: row for row in history.rows(found, NAMES)}
    assert rows["s/a"].seen_changes() and not rows["s/b"].seen_changes()
    assert not rows["s/c"].seen_changes()
    text = history.lines(found, NAMES)
    assert text[-1] == "3 cases: 1 changed their verdict; 1 only what was seen"
    assert "   1 p+linux-1" in text and any("s/c" in line and ".F--" in line for line in text)


def test_the_page_keeps_the_histories_of_other_platforms():
    page = "# Versions\n\nHead.\n\n## a\n\nold\n\n## b\n\nkept\n"
    assert writer.merged(page, ["\n## a\n\nnew\n", "\n## c\n\nmore\n"]) == \
        "## a\n\nnew\n\n## b\n\nkept\n\n## c\n\nmore"
    assert writer.merged("# Versions\n", ["\n## a\n\nnew\n"]) == "## a\n\nnew"


@pytest.fixture
def host(tmp_path, monkeypatch):
    """A machine with these kernels in its cache, all of which can run."""
    here = ["linux-6.12.90", "linux-6.12.118", "linux-6.1.170", "linux-7.3-rc7", "linux-7.3.4",
            "linux-7.2.6"]
    monkeypatch.setattr(choices, "fetched", lambda host, kind: here if kind == "linux" else [])
    monkeypatch.setattr("ordeal.platforms.lab.kvm.KvmAmdTcg.needs", lambda self, host: [])
    return Host(ROOT, str(tmp_path), {})


@pytest.mark.parametrize("span,want", [
    ("", "6.1.170 6.12.90 6.12.118 7.2.6 7.3-rc7 7.3.4"), ("=6.12..7.2", "6.12.90 6.12.118 7.2.6"),
    ("=7.3-rc7..", "7.3-rc7 7.3.4"), ("=..6.12", "6.1.170 6.12.90 6.12.118"),
    ("=6.12.118..7.3-rc7", "6.12.118 7.2.6 7.3-rc7")])
def test_which_versions(host, span, want):
    """Oldest first, a release candidate before its release; both ends belong to it."""
    assert versioned.timeline(host, "kvm-amd@tcg" + span) == [
        "kvm-amd@tcg+linux-" + word for word in want.split()]


@pytest.mark.parametrize("spec,said", [
    ("kvm", "give PLATFORM"), ("kvm-amd@tcg=7.3", "give PLATFORM"), ("nothing", "give PLATFORM"),
    ("kvm-amd@tcg=8..9", "no version is here"), ("kvm-amd@tcg=6.1..6.1", "only one version is here")])
def test_histories_that_cannot_be(host, spec, said):
    with pytest.raises(UserError, match=said):
        versioned.timeline(host, spec)


def test_history_names_the_platforms_itself(tree):
    done = tree.image("pass_a").run("-p", "tcg", "--history", "tcg")
    assert done.status == 2 and "leave out -p" in done.err


# -- bisection ----------------------------------------------------------------------------------


class Known(bisect.Versions):
    """Versions whose verdicts are known beforehand: a letter each, - for not run."""

    def __init__(self, letters):
        super().__init__(["p+linux-%d" % n for n in range(len(letters))], "s/c", [])
        self.letters, self.ran = letters, 0

    def verdict(self, number):
        if number not in self.known:
            self.ran += 1
            self.known[number] = self.letters[number].replace("-", "")
        return self.known[number]


@pytest.mark.parametrize("letters,first,last", [
    ("PPPPPPPPPPPPPPPPPPPF", 19, 18), ("PFFFFFFFFFFFFFFFFFFF", 1, 0), ("FFFFFFFPPPP", 7, 6),
    ("PF", 1, 0), ("PP----FF", 6, 1), ("--PPF---", 4, 3), ("P--------F", 9, 0)])
def test_the_first_version_with_the_verdict(letters, first, last, capsys):
    """What does not run is passed over; the boots are few."""
    versions = Known(letters)
    assert bisect.bisect(versions) == 0
    out = capsys.readouterr().out
    assert "first version with %s: p+linux-%d (%s on p+linux-%d)" % (
        letters[first], first, letters[last], last) in out
    assert "git bisect start v%d v%d" % (first, last) in out
    if "-" not in letters:
        assert versions.ran <= 2 + (len(letters) - 2).bit_length()


@pytest.mark.parametrize("letters", ["PPPP", "----", "--P-", "PFP"])
def test_no_change_between_the_ends(letters, capsys):
    assert bisect.bisect(Known(letters)) == 1
    assert "no change between" in capsys.readouterr().out


def test_bisect_without_versions(tmp_path):
    done = subprocess.run([os.path.join(ROOT, "scripts", "bisect"), "--versions", "kvm", "native/x"],
                          cwd=str(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False, env={**os.environ, "QEMU": FAKE})
    assert done.returncode == 2 and "give PLATFORM" in done.stderr
    assert len(done.stderr.splitlines()) == 1
