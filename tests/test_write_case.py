# SPDX-License-Identifier: BSD-2-Clause
"""--write-case: a situation of the generated world becomes a case that compiles, and that has the
verdict which the world has."""
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Dict

import pytest

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("ORDEAL_BUILD", ROOT))
#: Between them they need each statement that a case can have: arrivals, both vendors' orders, CPL
#: 3, SYSCALL, stacks, TPR, EOI, gates, DR7.GD, a data breakpoint, TF, an NMI that is blocked, HLT.
NAMES = ("STI.RDMSR.irq60.tg", "STI.UD2.irq60+irq90.tpr6.bp.nmi@fault", "SYSCALL.LOAD.irq60.watch.ti",
         "IRETQ_CPL3.INT3.nmi+irq60", "IF1.HLT.tf", "IF0.MOV_FROM_DR7.gd.td", "POPF.UD2.irq60.istf.eoi",
         "IF0.UD2.nmib", "IF0.UD2.user.tf", "MOV_SS.MOV_DS_BEYOND.irq60+irq68.isti")


def write(name: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([str(BUILD / "run_tests.sh"), "--write-case", name], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)


def ident(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "_", name.lower())


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    """A tree with one image, into whose file the cases are pasted."""
    where = tmp_path_factory.mktemp("pasted") / "tree"
    (where / "x86" / "pasted").mkdir(parents=True)
    for name in ("lib", "scripts", "expected", "Makefile", "configure", "config.mak",
                 "run_tests.sh"):
        source = BUILD / name if (BUILD / name).exists() else ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, where / name)
    text = '#include "stage/case.h"\n' + "".join("\n" + write(name).stdout for name in NAMES)
    (where / "x86" / "pasted" / "world.c").write_text(text)
    (where / "unittests.cfg").write_text("[pasted]\nfile = pasted.flat\ntimeout = 60\n")
    env = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(["make", "-s", "-j2", "x86/pasted.flat"], cwd=where, env=env, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 0 and not done.stdout, done.stdout
    return where


def verdicts(directory: Path, stream: Path, *arguments: str) -> Dict[str, str]:
    """The verdicts of a run before known deviations were applied, by case."""
    subprocess.run(["./run_tests.sh", "--jsonl", str(stream), "--logs", str(stream) + ".logs",
                    *arguments], cwd=directory, stdout=subprocess.DEVNULL, check=False, timeout=300)
    records = [json.loads(line) for line in stream.read_text().splitlines()]
    return {r["case"].partition("/")[2]: r.get("raw") or r["verdict"]
            for r in records if r["type"] == "result"}


@pytest.mark.parametrize("platform", ["tcg", "bochs-intel"])
def test_the_cases_have_the_verdicts_of_the_world(tree: Path, tmp_path: Path, platform: str):
    found = verdicts(tree, tmp_path / "pasted.jsonl", "-p", platform, "pasted")
    assert set(found) == {"world." + ident(name) for name in NAMES}
    wanted: Dict[str, str] = {}
    for number, name in enumerate(NAMES):
        world = verdicts(BUILD, tmp_path / ("%d.jsonl" % number), "-p", platform, "--only", name)
        wanted["world." + ident(name)] = list(world.values())[0]
    assert found == wanted
    assert "PASS" in found.values()


def test_what_it_says():
    text = write(NAMES[0]).stdout
    assert text.startswith('CASE(sti_rdmsr_irq60_tg, "-",\n')
    for line in ("scene(STI, L(RDMSR), NOP);", "pend_irq(VEC);", "gate_type_set(GP_VECTOR, TRAP_GATE);",
                 "if (cpu_is_amd())", "IRQ(VEC, AT(ENTRY_OF(GP_VECTOR)), IF(1), RF(0), TF(0))",
                 "SDM 2B, STI-Set Interrupt Flag"):
        assert line in text, line


@pytest.mark.parametrize("name,said", [
    ("STJ.UD2", 'opener "STJ" is unknown; perhaps STI'),
    ("STI.NOP", "an order in which nothing is delivered needs a control of its own")])
def test_what_becomes_no_case(name: str, said: str):
    done = write(name)
    assert done.returncode == 2 and said in done.stderr and not done.stdout
