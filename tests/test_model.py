# SPDX-License-Identifier: BSD-2-Clause
"""The rows prove the model (docs/model.md): each order that a native case wants is legal for the
model, the model allows nothing else, and each of its rules, made wrong, is noticed by a case."""
import itertools
import os
import re
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import Dict, List, NamedTuple, Set, Tuple

import pytest

from modelrows import PLATFORMS, Asked, read_run, recorded, run, written
from ordeal.judge.trace import first_difference, orders

ROOT = Path(__file__).resolve().parent.parent
EXPLAIN = Path(os.environ.get("ORDEAL_BUILD", ROOT)) / "x86/explain"
#: Rules whose wrong version no deterministic case can notice, each with its reason.
NOT_NOTICED = {
    "MOV_SS_HOLDS_NMI": "an NMI right after MOV SS cannot be staged: sweeps/nmi.mov_ss sweeps over it",
    "GATE_TYPE": "guests stage it: test_inner.py",
}
#: How many cases may be outside the model's world.
OUTSIDE = {"native/arbitration.tpr_raised": "the spurious vector is not in the model's world"}
#: What no platform of that vendor plays, judged on the host: the other vendor's situation, and the
#: wants that the case has for this one ("": the same).
NOT_PLAYED = (
    ("debug/step.branches", "amd", "intel", ""),
    ("native/shadow.sti_self_ipi", "intel", "amd",
     "IRQ(0x90)@NOP#1[if=1]; IRQ(0x60)@NOP#1[if=1] || IRQ(0x60)@NOP#1[if=1]; IRQ(0x90)[if=1]"),
)
#: Answers to what the manuals leave open without which no case would miss anything, each with its
#: reason. A case misses one if it accepts an order that only this answer gives.
NOT_MISSED = {
    ("shadow-over-step", 1): "the case's second order names no place, so that it accepts the first",
    ("nmi-not-delivered", 1): "the cases' second order names no place, so that it accepts the first",
    ("eoi-opens", 0): "the case's second order names no place, so that it accepts the first",
    ("rf-between-iterations", 0): "no case claims RF there on AMD",
    ("rf-between-iterations", 1): "no case claims RF there on AMD",
    ("merged-breakpoint", 0): "the cases accept B0 in the first #DB, and do not ask for it",
    ("merged-breakpoint", 1): "the cases accept B0 in the first #DB, and do not ask for it",
    ("merged-while-rf", 0): "the cases accept B0 in that #DB, and do not ask for it",
    ("merged-while-rf", 1): "the cases accept B0 in that #DB, and do not ask for it",
    ("rf-of-general-detect", 1): "the case takes it for answered: debug/breakpoints.guard",
    ("nmi-in-sti-shadow", 0): "such an NMI cannot be staged: sweeps/nmi.sti sweeps over it",
    ("nmi-in-sti-shadow", 1): "such an NMI cannot be staged: sweeps/nmi.sti sweeps over it",
    ("nmi-in-mov-ss-shadow", 0): "such an NMI cannot be staged: sweeps/nmi.mov_ss sweeps over it",
    ("nmi-in-mov-ss-shadow", 1): "such an NMI cannot be staged: sweeps/nmi.mov_ss sweeps over it",
    ("irq-after-nmi", 2): "the case's third order names no place, so that it accepts the others",
    ("irq-after-nmi", 3): "the case's third order names no place, so that it accepts the others",
}
difference = lru_cache(maxsize=None)(first_difference)


class Question(NamedTuple):
    """One row for one vendor."""
    asked: Asked
    vendor: str


def questions() -> List[Question]:
    """Every row, once for each vendor that it is of, and what no platform plays."""
    rows = recorded()
    asked = [Question(row, vendor) for row in rows for vendor in ("intel", "amd")
             if row.vendor in (vendor, "both")]
    for case, of, vendor, wants in NOT_PLAYED:
        (row,) = [row for row in rows if row.case == case]
        assert row.vendor == of
        asked.append(Question(row._replace(wants=wants or row.wants), vendor))
    return asked


def explain(*args: str, text: str = "") -> subprocess.CompletedProcess:
    """One call of x86/explain."""
    return subprocess.run([str(EXPLAIN), *args], input=text, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False, timeout=60)


def answers(asked: List[Question], mutant: str = "", options: str = "") -> List[List[str]]:
    """The legal traces of each question; of two plays, one after the other."""
    lines = ["%s --vendor %s%s" % (play, q.vendor, options) for q in asked for play in q.asked.plays]
    done = explain("--batch", *([mutant] if mutant else []), text="\n".join(lines) + "\n")
    assert done.returncode == 0, done.stderr
    sets = iter(done.stdout.splitlines())
    found = []
    for question in asked:
        parts = [orders(next(sets)) for _ in question.asked.plays]
        found.append(["; ".join(t for t in traces if t != "nothing") or "nothing"
                      for traces in itertools.product(*parts)])
    assert next(sets, None) is None
    return found


def disagreements(question: Question, legal: List[str]) -> List[str]:
    """What the case and these legal traces do not agree about."""
    if legal[0].startswith("?"):
        return ["not modelled: " + legal[0]]
    wants = orders(question.asked.wants)
    return ["legal, and not wanted: " + trace for trace in legal
            if all(difference(want, trace) for want in wants)] + \
        ["wanted, and not legal: " + want for want in wants
         if all(difference(want, trace) for trace in legal)]


@pytest.fixture(name="asked", scope="module")
def all_questions() -> List[Question]:
    """Every question of the file."""
    found = questions()
    assert len(found) > 380
    return found


@pytest.fixture(name="right", scope="module")
def right_answers(asked) -> List[List[str]]:
    """What the model says to each of them."""
    return answers(asked)


def test_cases_and_model_agree(asked, right):
    wrong = ["%s for %s: %s" % (q.asked.case, q.vendor, what)
             for q, legal in zip(asked, right) for what in disagreements(q, legal)]
    assert not wrong, "\n".join(wrong)


def rules() -> List[str]:
    """Names of the rules."""
    return [line.split("\t")[0] for line in explain("--list", "rules").stdout.splitlines()]


def test_each_wrong_rule_is_noticed(asked, right):
    noticed: Dict[str, Set[str]] = {}
    for rule in rules():
        wrong = answers(asked, rule)
        noticed[rule] = {q.asked.case for q, before, after in zip(asked, right, wrong)
                         if before != after and disagreements(q, after)}
    assert len(noticed) > 70
    assert {rule for rule, cases in noticed.items() if not cases} == set(NOT_NOTICED)


def choices() -> List[Tuple[str, int]]:
    """Each choice, with each of its answers."""
    return [(name, answer) for name, _, _, found in
            (line.split("\t") for line in explain("--list", "choices").stdout.splitlines())
            for answer in range(len(found.split("; ")))]


def test_each_answer_is_missed(asked, right):
    """The cases accept what each answer gives: without it, an order that a case wants is not legal."""
    known = choices()
    missed = set()
    for name, answer in known:
        others = [other for choice, other in known if choice == name and other != answer]
        without = zip(*(answers(asked, options=" --choose %s=%d" % (name, other)) for other in others))
        for question, legal, sets in zip(asked, right, without):
            found = [trace for traces in sets for trace in traces]
            if set(found) != set(legal) and disagreements(question, found):
                missed.add((name, answer))
    assert len(known) > 45
    assert set(known) - missed == set(NOT_MISSED)


def test_the_file_is_what_a_run_gives(tmp_path):
    if not shutil.which("bochs") or not shutil.which("qemu-system-x86_64"):
        pytest.skip("needs Bochs and QEMU")
    done = run(tmp_path, [platform for platform, _ in PLATFORMS])
    found = read_run(tmp_path)
    assert written(found.inside) == written(recorded()), done.stdout[-2000:] + "make model-rows writes it"
    assert found.outside == OUTSIDE
    assert "the model" not in done.stdout


def test_the_documents_show_what_explain_says():
    shown = []
    for page in ("README.md", "docs/model.md"):
        shown += re.findall(r"^```\n\$ \./x86/explain (.*?)\n(.*?)^```$", (ROOT / page).read_text(),
                            re.S | re.M)
    assert len(shown) >= 2
    for words, output in shown:
        done = subprocess.run("%s %s" % (EXPLAIN, words), shell=True, stdout=subprocess.PIPE, text=True,
                              check=False)
        assert done.stdout == output


@pytest.mark.parametrize("words,said", [
    (["STI; RDMRS"], 'instruction "RDMRS" is unknown; perhaps RDMSR'),
    (["STI", "--pendign", "irq60"], 'option "--pendign" is unknown; perhaps --pending'),
    (["STI", "--pending", "irg60"], 'event or vector "irg60" is unknown; perhaps irq60'),
    (["STI", "--gate", "GP=tarp"], 'gate "tarp" is unknown; perhaps trap'),
    (["STI", "--cpl", "2"], 'CPL is 0 or 3, not "2"'),
    (["STI", "--tpr", "16"], 'the class of the TPR is 0 to 15, not "16"'),
    (["STI", "--gate"], "--gate needs a value, such as GP=trap"),
    (["HLT"], "not modelled: nothing ends the wait of HLT or MWAIT"),
    (["STI", "--choose", "mov-ss-after-sti=7"], "mov-ss-after-sti=0: it has none"),
    (["--list", "rulez"], 'list "rulez" is unknown; perhaps rules'),
    ([], "Usage: x86/explain SCENE"),
    (["--guest", "NOP", "--entry", "intr-windwo"],
     'word of --entry "intr-windwo" is unknown; perhaps intr-window'),
    (["--guest", "NOP", "--entry", "blocking=stj"], 'blocking "stj" is unknown; perhaps sti'),
    (["--guest", "NOP", "--entry", "v-irq=irq70,mtf", "--vendor", "amd"], "mtf is of VMX: write --vendor intel"),
    (["--guest", "HLT"], "not modelled: nothing ends the guest's wait"),
    (["NOP", "--entry", "nmi"], "--entry is for a guest: begin with --guest"),
])
def test_bad_input_ends_with_2_and_says_what_is_wrong(words, said):
    done = explain(*words)
    assert done.returncode == 2 and said in done.stderr, done.stderr


def test_every_option_is_in_the_document():
    page = (ROOT / "docs/model.md").read_text()
    options = set(re.findall(r'^\t\{ "(--[a-z-]+)"', (ROOT / "scripts/explain/options.c").read_text(), re.M))
    assert len(options) > 15 and not {o for o in options - {"--there-bytes"} if "`%s`" % o not in page}
