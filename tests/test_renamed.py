# SPDX-License-Identifier: BSD-2-Clause
"""scripts/renamed-cases: every id of before has one new id, users' files are rewritten by it, and
whoever still names a case by its old id is told so in one line."""
import json
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

import loglib
from ordeal.plan import known, renamed
from ordeal.plan.excuse import Deviations
from ordeal.plan.seen import Ids
from test_images import BUILD, case_ids

ROOT = Path(__file__).resolve().parent.parent
S2_OLD, S2_NEW = "hv/stories.s2_trap_gate", "hv/stories.s2.trap_gate"


def rewrite(*words) -> subprocess.CompletedProcess:
    """Runs the script."""
    return subprocess.run([sys.executable, str(ROOT / "scripts/renamed-cases"), *map(str, words)],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)


def run(*words) -> subprocess.CompletedProcess:
    """Runs the runner."""
    return subprocess.run([str(Path(BUILD) / "run_tests.sh"), *map(str, words)],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def test_every_old_id_has_one_new_one_which_exists():
    table = renamed.table()
    assert len(table) == 558 == len(set(table.values()))
    assert set(table.values()) <= set(case_ids())
    for old, new in table.items():
        assert renamed.rewrite(old) == (new, [])


def test_a_second_translation_of_an_id_changes_nothing():
    for new in renamed.table().values():
        assert renamed.rewrite(new) == (new, [])


@pytest.mark.parametrize("old,new", [
    (S2_OLD, S2_NEW), ("native/shadow.sti_nop", "native/shadow.sti_nop"),
    ("races/window.*", "sweeps/window.*"), ("svm/masking.*", "entry/svm_masking.*"),
    ("races/*", "sweeps/halt.* sweeps/latency.* sweeps/mmio.* sweeps/nmi.* sweeps/port.* "
     "sweeps/step.* sweeps/window.*"),
    ("vapic/virtual_*", "virtual/vmx_delivery.* vectoring/virtual.vmx_* virtual/vmx_instructions.*"),
    ("native/* docs/* x86/*/*.c", "native/* docs/* x86/*/*.c"),
    ("native/stories.sti_rdmsr_*_gate", "native/stories.sti_rdmsr.*_gate"),
    ("debug/traps.port_breakpoint_*", "debug/traps.port_breakpoint.*"),
    ("'vectoring/kept.*' a", "'injection/vmx_debug.int_n' 'injection/vmx_debug.int1' "
     "'injection/vmx_debug.breakpoint_on_handler' a"),
    ("See hv/stories.s3_trap_gate.", "See hv/stories.s3.trap_gate."),
    ("twin stories.sti_rdmsr_trap_gate", "twin stories.sti_rdmsr.trap_gate"),
    ("x86/hv/stories.c hv/stories.nothing foo/bar.baz", "x86/hv/stories.c hv/stories.nothing foo/bar.baz")])
def test_what_becomes_of_a_text(old, new):
    assert renamed.rewrite(old)[0] == new


def test_a_translated_glob_fits_the_same_cases():
    table = renamed.table()
    for family in sorted({old.partition(".")[0] for old in table}):
        for glob in (family + ".*", family.partition("/")[0] + "/*", family + ".*_gate", family + ".i*"):
            fitted = {table[old] for old in table if fnmatchcase(old, glob)}
            patterns = renamed.translate(glob).patterns
            now = {new for new in table.values()
                   if any(fnmatchcase(new, pattern) for pattern in patterns)}
            assert now == fitted or not fitted, glob


def test_every_glob_of_expected_fits_a_case():
    every, lists = case_ids(), sorted((ROOT / "expected").glob("*.cfg"))
    assert lists
    for path in lists:
        for deviation in known.parse(path.read_text(encoding="utf-8"), path.name):
            for glob in deviation.cases:
                assert any(fnmatchcase(case, glob) for case in every), (deviation.where, glob)


def test_a_glob_that_must_be_written_out_is_named(tmp_path):
    path = tmp_path / "p.cfg"
    path.write_text("cases = vmx/ladder.* native/shadow.*\n")
    done = rewrite(path)
    assert done.returncode == 0 and "no glob of today fits the cases of vmx/ladder.*" in done.stderr
    assert "native/shadow.*" in path.read_text() and "entry/vmx_ladder.whole" in path.read_text()
    assert "native" not in done.stderr


def test_a_glob_that_means_other_cases_today_is_named(tmp_path):
    path = tmp_path / "p.cfg"
    path.write_text("cases = sweeps/* races/* native/*\n")
    done = rewrite(path)
    assert "sweeps/* fits other cases today" in done.stderr and done.stderr.count("\n") == 1
    assert path.read_text().startswith("cases = sweeps/rep.* sweeps/fault.* sweeps/halt.*")


def test_a_dry_run_changes_nothing(tmp_path):
    path = tmp_path / "b.jsonl"
    path.write_text(json.dumps({"type": "result", "case": S2_OLD}) + "\n")
    before = path.read_text()
    done = rewrite("-n", path)
    assert done.returncode == 0 and S2_NEW in done.stdout and path.read_text() == before
    path.chmod(0o640)
    assert rewrite(path).returncode == 0
    assert json.loads(path.read_text())["case"] == S2_NEW
    assert path.stat().st_mode & 0o777 == 0o640
    assert "no old ids" in rewrite(path).stdout


def test_what_a_link_leads_to_is_rewritten_and_the_link_stays(tmp_path):
    real, link = tmp_path / "lists" / "real.cfg", tmp_path / "link.cfg"
    real.parent.mkdir()
    real.write_bytes(b"cases = svm/masking.*\r\n")
    link.symlink_to("lists/real.cfg")
    assert rewrite(link).returncode == 0 and link.is_symlink()
    assert real.read_bytes() == b"cases = entry/svm_masking.*\r\n"
    assert [path.name for path in real.parent.iterdir()] == ["real.cfg"]


def test_bad_input(tmp_path):
    (tmp_path / "binary").write_bytes(b"\xff\xfehv/stories.s2_trap_gate")
    for name, said in (("none", "none: No such file"), (".", "Is a directory"), ("binary", "no UTF-8 text")):
        done = rewrite(tmp_path / name)
        assert done.returncode == 2 and said in done.stderr and done.stderr.count("\n") == 1
    assert (tmp_path / "binary").read_bytes() == b"\xff\xfehv/stories.s2_trap_gate"
    assert rewrite().returncode == 2 and rewrite("--nonsense").returncode == 2


def test_an_old_pattern_is_told_its_new_id():
    done = run("-p", "tcg", S2_OLD)
    assert done.returncode == 2 and "renamed, see scripts/renamed-cases: " + S2_NEW in done.stdout
    done = run("-p", "tcg", "vapic/virtual_apic.*")
    assert done.returncode == 2 and "virtual/vmx_instructions.*" in done.stdout
    for words in (("races",), ("-x", "races"), ("-g", "svm")):
        done = run("-p", "tcg", *words)
        assert done.returncode == 2 and "renamed, see scripts/renamed-cases" in done.stdout, words
    assert "renamed" not in run("-p", "tcg", "nonsense").stdout


def test_an_old_expectation_is_told_the_script():
    listed = known.parse("[d]\ncases = races/window.mov_ss\nverdict = FAIL\nreason = r\ncite = c\n",
                         "expected/p.cfg")
    (said,) = Deviations(listed, "p", "1.0", "2026-01-01").complaints(Ids(["sweeps/window.mov_ss"]))
    assert "scripts/renamed-cases expected/p.cfg" in said
    listed = known.parse("[d]\ncases = native/none.*\nverdict = FAIL\nreason = r\ncite = c\n", "p")
    (said,) = Deviations(listed, "p", "1.0", "2026-01-01").complaints(Ids(["native/shadow.sti_nop"]))
    assert "renamed-cases" not in said


def test_an_old_baseline_is_told_the_script(tmp_path):
    new, old = tmp_path / "new.jsonl", tmp_path / "old.jsonl"
    run("-p", "tcg", "--logs", tmp_path / "logs", "--save-baseline", new, S2_NEW)
    old.write_text(new.read_text().replace(S2_NEW, S2_OLD))
    done = run("-p", "tcg", "--logs", tmp_path / "logs", "--baseline", old, S2_NEW)
    assert "scripts/renamed-cases %s" % old in done.stdout
    done = run("-p", "tcg", "--logs", tmp_path / "logs", "--baseline", new, S2_NEW)
    assert "renamed-cases" not in done.stdout and "no change" in done.stdout
    assert loglib  # the fixtures' path
