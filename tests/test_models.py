# SPDX-License-Identifier: BSD-2-Clause
"""The CPU models of Bochs as platforms: names, what a name that is none is told, how the models are asked."""
import os
import shutil
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from ordeal import platforms
from ordeal.host import Host, find_host, version_of
from ordeal.model import Result, Stanza, UserError
from ordeal.plan import known
from ordeal.plan.excuse import Deviations
from ordeal.plan.seen import Ids
from ordeal.platforms import bochs_models
from ordeal.platforms.base import Job
from ordeal.platforms.bochs import Bochs, BochsAmd, BochsIntel
from ordeal.platforms.bochs_models import Model

sys.path.insert(0, os.path.join(ROOT, "scripts"))
import models as script  # noqa: E402

BUILD = os.environ.get("ORDEAL_BUILD", ROOT)
TSV = """# a comment
2.7\told\tno-boot
2.7\tsmall\tno-long-mode
2.7\tmixed\tAuthenticAMD\tvmx
2.7\tlake\tGenuineIntel\tvmx ept
2.7\twell\tGenuineIntel\tvmx ept timer
2.7\tzen\tAuthenticAMD\tsvm
3.0\tlake\tGenuineIntel\tvmx ept flag
3.0\twell\tGenuineIntel\tvmx ept timer
3.0\tzen\tAuthenticAMD\tsvm
3.0\tnewlake\tGenuineIntel\tvmx
"""
MODELS = bochs_models.parse(TSV)
DEFAULT = {"bochs-intel": "well", "bochs-amd": "zen"}


def test_the_list():
    """Every model of both versions; a model of both counts once."""
    assert MODELS[3] == Model("2.7", "lake", "GenuineIntel", ("vmx", "ept"))
    assert bochs_models.by_platform(MODELS) == {"bochs-intel": ["lake", "well", "newlake"],
                                                "bochs-amd": ["zen"]}
    assert script.listing(MODELS).endswith(TSV.partition("\n")[2])
    assert bochs_models.unguarded(MODELS)[0] == "mixed"


@pytest.mark.parametrize("name,words", [
    ("bochs-intel+lak", "near it are bochs-intel+lake bochs-intel+newlake"),
    ("bochs-intel+newlakes", "near it are bochs-intel+newlake"),
    ("bochs-intel+zen", "zen is bochs-amd"), ("bochs-amd+lake", "lake is bochs-intel+lake"),
    ("bochs-intel+well", "well is bochs-intel"), ("bochs-intel+old", "never entered"),
    ("bochs-amd+small+trixie", "no long mode"), ("bochs-amd+mixed", "no manual describes"),
    ("bochs-intel+lake+sid", "unknown suffix +sid"),
    # Names that are told something else, by the names of all platforms.
    ("bochs-intel+", ""), ("bochs-amd+lalala", ""), ("bochs-intel", ""), ("tcg+lake", "")])
def test_a_name_that_is_no_platform(name, words):
    found = bochs_models.hint(name, MODELS, DEFAULT)
    assert words in found if words else found == ""


@pytest.mark.parametrize("name,words", [
    ("bochs-intel+skylake", "bochs-intel+corei7_skylake_x"), ("bochs-intel+trixi", "bochs-intel+trixie"),
    ("bochs-intel+ryzen", "is bochs-amd"), ("tcg-intell", "did you mean tcg-intel")])
def test_an_unknown_name_ends_the_run(tree, name, words):
    done = tree.image("pass_a").run("-p", "tcg," + name)
    assert done.status == 2 and "unknown platform " + name in done.err and words in done.err
    assert len(done.err.splitlines()) == 1


def test_each_model_is_a_platform():
    """Named by its vendor; with that platform's file, stanzas and limits; never part of an ordinary run."""
    every = platforms.known()
    host = Host(ROOT, ROOT, {})
    for name, names in bochs_models.by_platform(bochs_models.listed()).items():
        assert names and every[name].model in names
        for model in names:
            for root in ("", "+trixie"):
                if model == every[name].model:
                    assert name + "+" + model + root not in every
                    continue
                platform = every[name + "+" + model + root]
                assert platform.variant_of == name + root and platform.model == model
                assert platform.slow and platform.expectations(host) == platform.accel == name
                assert bool(platform.defers) == bool(root)
    assert every["bochs-intel+core2_penryn_t9600"].silence and not every["bochs-intel+tigerlake"].silence


def test_an_entry_for_what_a_model_lacks():
    """Its case is skipped. That says nothing of the entry, which is there for another model."""
    entry = known.parse("[a]\ncases = s/a\nverdict = FAIL\nreason = r\ncite = c\n", "x")
    for verdict, said in (("SKIP", 0), ("PASS", 1)):
        listed = Deviations(entry, "p", "", "2026-01-01")
        listed.apply(Result("p", "s/a", verdict), "")
        assert len(listed.complaints(Ids(["s/a"]))) == said


def test_a_bochs_without_the_model(tree):
    """It names the program and the model; a Bochs that has it gets the model in its bochsrc."""
    path = tree.write("bochs", "#!/bin/sh\ncase $* in *--help*) echo Bochs x86 Emulator 2.7; echo tigerlake;"
                               " exit 0 ;; esac\ngrep -h ^cpu ${3} >%s/kept\n" % tree.path)
    os.chmod(path, 0o755)
    tree.env["BOCHS"] = path
    done = tree.image("pass_a").run("-p", "bochs-intel+corei3_cnl")
    assert done.status == 2 and "no CPU model corei3_cnl" in done.err and path in done.err
    tree.run("-p", "bochs-intel+tigerlake")
    with open(os.path.join(tree.path, "kept"), encoding="ascii") as stream:
        assert stream.read().startswith("cpu: model=tigerlake,")


def test_tcg_as_an_intel_cpu(tmp_path):
    """tcg but for the CPU; both have one file of deviations."""
    every = platforms.known()
    host = Host(ROOT, ROOT, {})
    for root in ("", "+trixie"):
        intel, tcg = every["tcg-intel" + root], every["tcg" + root]
        assert intel.slow and intel.variant_of == tcg.name
        assert intel.accel == tcg.accel and intel.extra == tcg.extra
        assert intel.expectations(host) == tcg.expectations(host) == "tcg"
    launch = every["tcg-intel"].launch(find_host(ROOT, dict(os.environ)), Job(
        Stanza("s", ""), "x.flat", False, ("1",), ()), [], str(tmp_path))
    assert launch.argv[launch.argv.index("-cpu") + 1] == "Skylake-Server-v1"


# -- asking -------------------------------------------------------------------------------------


def test_the_table():
    """A row for each model and answer, a column for what comes and goes together; reasons for the rest."""
    assert script.columns([m for m in MODELS if m.platform == "bochs-intel"]) == {
        "ept": ["ept"], "timer": ["timer"], "flag": ["flag"]}
    text = script.table([m for m in bochs_models.listed()])
    assert "| `bochs-intel+core2_penryn_t9600` | 2.7, 3.0 |" in text
    assert "| `bochs-intel` | 2.7 |" in text and "bochs-intel+corei7_haswell" not in text
    assert "vmx means vmx, true_controls, " in text and "(no long mode, which" in text
    for model in bochs_models.listed():
        assert model.name in text


def test_the_page_has_the_table_of_the_list():
    """Nobody edits one of the two."""
    page = Path(ROOT, "docs", "platforms.md").read_text(encoding="utf-8")
    assert script.MARKS[0] + script.table(bochs_models.listed()) + script.MARKS[1] in page
    assert Path(bochs_models.PATH).read_text(encoding="ascii") == script.listing(bochs_models.listed())


END = ("ENV: cpu=%s family=6\\nOBSERVED: capabilities.offered: vmx=1\\nOBSERVED: capabilities.offered: ept=0\\n"
       "END models cases=1 pass=1 fail=0\\n")


@pytest.mark.parametrize("script_text,want", [
    ("printf '%s' >$COM; sleep 60" % (END % "GenuineIntel"), Model("2.7", "m", "GenuineIntel", ("vmx",))),
    ("printf 'ABORT: this CPU has no long mode (CPUID' >$COM; sleep 60", Model("2.7", "m", "no-long-mode")),
    ("echo 'p[CPU0] >>PANIC<< 3rd (13) exception with no resolution' >$LOG; exit 1", Model("2.7", "m", "no-boot")),
    ("printf '%s' >$COM" % (END % "Centaur"), "its vendor is Centaur, not GenuineIntel or AuthenticAMD"),
    ("printf 'ENV: cpu=GenuineIntel x\\nEND models cases=1 pass=0\\n' >$COM", "no answer .* pass=0"),
    ("echo 'p[CPU0] >>PANIC<< what' >$LOG; exit 1", "the image said: nothing; Bochs: .*what")])
def test_what_a_model_says(tree, script_text, want):
    """An answer, one of the two reasons for none, or an error that quotes what there was."""
    path = tree.write("bochs", "#!/bin/sh\ncase $* in *--help*) echo Bochs x86 Emulator 2.7; echo m; exit 0 ;;"
                               " esac\nCOM=${3%%bochsrc}com1 LOG=${3%%bochsrc}bochs.log\n: >$LOG\n%s\n" % script_text)
    os.chmod(path, 0o755)
    host = find_host(ROOT, {**os.environ, "BOCHS": path})
    image = os.path.join(BUILD, "x86", "capabilities.flat")
    if isinstance(want, Model):
        assert script.ask(host, Bochs("", "m"), image) == want
    else:
        with pytest.raises(UserError, match=want):
            script.ask(host, Bochs("", "m"), image)


@pytest.mark.skipif(shutil.which("bochs-bin") is None, reason="no Bochs here")
def test_the_list_is_that_of_this_bochs(monkeypatch):
    """The names that it prints; and two models say the same as when the list was made."""
    monkeypatch.delenv("BOCHS", raising=False)
    host = find_host(ROOT, dict(os.environ))
    version = "%d.%d" % version_of(BochsIntel().version(host))[:2]
    mine = [m for m in bochs_models.listed() if m.version == version]
    if not mine:
        pytest.skip("the list has no Bochs %s: make models" % version)
    assert [m.name for m in mine] == Bochs().models(host)
    image = os.path.join(BUILD, "x86", "capabilities.flat")
    for name in (BochsAmd.model, "p2_klamath"):
        assert script.ask(host, Bochs("", name), image) == next(m for m in mine if m.name == name)
