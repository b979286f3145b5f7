# SPDX-License-Identifier: BSD-2-Clause
"""The rows prove the model of guests (docs/model.md): each order that a case of the shim wants is
legal for the model, the model allows nothing else, and each of its rules, made wrong, is noticed by
a case."""
import os
import shutil
import subprocess
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Dict, List, Set, Tuple

import pytest

from guestrows import FILE, PLATFORMS, SUITES, USUAL, Asked, read_run, recorded
from modelrows import run
from ordeal.judge.trace import first_difference, orders

ROOT = Path(__file__).resolve().parent.parent
EXPLAIN = Path(os.environ.get("ORDEAL_BUILD", ROOT)) / "x86/explain"
#: Why the model's world has no place for a case that is noted, with the number of such rows.
NOT_MODELLED = {
    "an instruction of the scene has no record": 17,
    "an instruction takes from the stack what the scene has not put there": 1,
    "too many handlers at once are on one interrupt stack": 2,
}
#: Why a case is not noted, with the number of such cases on the usual platforms.
OUTSIDE = {
    "CR4.TSD is not in the model's world": 1,
    "RDMSR reads an MSR of which the situation says nothing": 4,
    "a virtual APIC is not in the model's world": 19,
    "a virtual GIF is not in the model's world": 2,
    "an instruction of the scene has no record": 1,
    "its handlers do what the model does not know of": 7,
    "nested paging lacks a page that is neither the IDT's nor a stack's": 8,
    "root changes the guest's IDT": 2,
    "root enters in a shadow of its own": 2,
    "root is stepped": 1,
    "root itself takes an event": 2,
    "root leaves NMIs blocked": 1,
    "something has happened before the guest is entered": 3,
    "the I/O permission bit map is not in the model's world": 3,
    "the IRET of a handler exits": 1,
    "the guest has an IDT of its own": 1,
    "the stack is on a page of the playground": 2,
}
#: Cases that no platform here plays as the manuals say, so that no log has them: judged on the
#: host, from what they stage and want.
NOT_PLAYED = (
    Asked("entry/vmx_activity.hlt_injected_gp", "intel", "",
          "'L: NOP; NOP x2' --flags if --entry activity=hlt,inject=GP:0,set=rf",
          "ENTRY(#GP(0x0))@NOP#1; EXIT(ENTRY_FAILED)"),
    Asked("entry/vmx_ladder.init_before_mtf", "intel", "",
          "'L: NOP; NOP x2' --flags if,tf --gate DB=trap --handlers step-once --pending irq60 "
          "--entry timer-0,intr-exits,init,debug=bs,inject=mtf",
          "ENTRY(MTF)@NOP#1; EXIT(INIT)@NOP#1"),
    Asked("entry/vmx_ladder.with_init_without_timer", "intel", "",
          "'L: NOP; NOP x2' --flags if,tf --gate DB=trap --handlers step-once --pending irq60 "
          "--entry tpr-below,intr-window,intr-exits,init,debug=bs --entry intr-window,intr-exits "
          "--entry intr-window,intr-exits --entry intr-exits --entry plain",
          "EXIT(TPR_THRESHOLD)@NOP#1; ENTRY@NOP#1; EXIT(INIT)@NOP#1; ENTRY@NOP#1; #DB@NOP#1[tf=1]; "
          "EXIT(INTR_WINDOW)@DB_ENTRY; ENTRY@DB_ENTRY; EXIT(INTR)@DB_ENTRY; ENTRY@DB_ENTRY; "
          "IRQ(0x60)@DB_ENTRY[if=1]"),
    Asked("injection/svm_checks.br_in_64_bit_code", "amd", "",
          "'L: NOP; NOP' --flags if --pending irq60 --entry inject=exception:BR",
          "ENTRY(#BR)@NOP#1; EXIT(ENTRY_FAILED)"),
    Asked("stepping/vmx_stepping.blocked_by_sti", "intel", "",
          "'L: NOP; NOP' --flags if,tf --handlers step-once --entry blocking=sti --entry debug=bs",
          "EXIT(ENTRY_FAILED); ENTRY@NOP#1; #DB@NOP#1[tf=1,dr6=0x4000]"),
    Asked("stepping/vmx_stepping.blocked_by_mov_ss", "intel", "",
          "'L: NOP; NOP' --flags if,tf --handlers step-once --entry blocking=mov-ss --entry debug=bs",
          "EXIT(ENTRY_FAILED); ENTRY@NOP#1; #DB@NOP#2[tf=1,dr6=0x4000]"),
)
#: Rules whose wrong version no row notices, each with its reason.
REFUSED = "an entry that is refused leaves no trace in the shim's log: tests/c/inner.c"
NO_CASE = "no case stages it: tests/c/inner.c"
NOT_NOTICED = {
    "CHECK_TYPE": REFUSED,
    "CHECK_VECTOR": REFUSED,
    "CHECK_ERROR_CODE": REFUSED,
    "CHECK_LENGTH": REFUSED,
    "CHECK_NMI_CONTROLS": REFUSED,
    "CHECK_NMI_UNDER_STI": NO_CASE,
    "CHECK_VIRTUAL_NMI_BLOCKED": NO_CASE,
    "CHECK_SMI_BLOCKING": NO_CASE,
    "CHECK_SHUTDOWN_EVENTS": NO_CASE,
    "CHECK_SIPI_EVENTS": NO_CASE,
    "CHECK_SVM_TYPE": NO_CASE,
    "DEBUG_ASLEEP": NO_CASE,
    "SVM_TRAP": "an NMI that comes with a trap cannot be staged by one processor alone",
    "SVM_VINTR": NO_CASE,
    "EXIT_KEEPS_HLT": "the activity state is in no trace: the cases look at it by themselves",
    "TRIPLE_FAULT": "wants as text do not say that no interrupted event is named",
}
#: Answers to what the manuals leave open without which no row would miss anything, each with its
#: reason.
NOT_MISSED = {
    ("nmi-injected-under-sti", 0): "no case injects an NMI there",
    ("nmi-injected-under-sti", 1): "no case injects an NMI there",
    ("debug-over-int1", 0): "with the second #DB the case is outside the model's world",
    ("debug-over-int1", 1): "with the second #DB the case is outside the model's world",
}
difference = lru_cache(maxsize=None)(first_difference)


def explain(*args: str, text: str = "") -> subprocess.CompletedProcess:
    """One call of x86/explain."""
    return subprocess.run([str(EXPLAIN), *args], input=text, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False, timeout=60)


def answers(asked: List[Asked], options: str = "") -> List[List[str]]:
    """The legal traces of each row's guest."""
    lines = ["%s --vendor %s%s" % (row.guest, row.vendor, options) for row in asked]
    done = explain("--guest-batch", text="\n".join(lines) + "\n")
    assert done.returncode == 0, done.stderr
    found = [orders(line) for line in done.stdout.splitlines()]
    assert len(found) == len(asked)
    return found


def disagreements(row: Asked, legal: List[str]) -> List[str]:
    """What the case and these legal traces do not agree about."""
    if legal[0].startswith("?"):
        return ["not modelled: " + legal[0]]
    wants = orders(row.wants)
    return ["legal, and not wanted: " + trace for trace in legal
            if all(difference(want, trace) for want in wants)] + \
        ["wanted, and not legal: " + want for want in wants
         if all(difference(want, trace) for trace in legal)]


@pytest.fixture(name="asked", scope="module")
def all_rows() -> List[Asked]:
    """Every row that is in the model's world."""
    rows = recorded() + list(NOT_PLAYED)
    legal = answers(rows)
    outside = Counter(traces[0][2:] for traces in legal if traces[0].startswith("?"))
    assert dict(outside) == NOT_MODELLED
    return [row for row, traces in zip(rows, legal) if not traces[0].startswith("?")]


@pytest.fixture(name="right", scope="module")
def right_answers(asked) -> List[List[str]]:
    """What the model says to each of them."""
    return answers(asked)


def test_cases_and_model_agree(asked, right):
    wrong = ["%s for %s: %s" % (row.case, row.vendor, what)
             for row, legal in zip(asked, right) for what in disagreements(row, legal)]
    assert not wrong, "\n".join(wrong)
    page = (ROOT / "docs/model.md").read_text()
    for suite in SUITES:
        inside = sum(row.case.startswith(suite + "/") for row in asked if row not in NOT_PLAYED)
        assert "| `%s` | %d |" % (suite, inside) in page


def test_a_rule_of_bare_hardware_is_noticed_by_guests(asked, right):
    wrong = answers(asked, " --mutant GATE_TYPE")
    assert [row.case for row, before, after in zip(asked, right, wrong)
            if before != after and disagreements(row, after)]


def rules() -> List[str]:
    """Names of the rules of guests."""
    return [line.split("\t")[0] for line in explain("--list", "guest-rules").stdout.splitlines()]


def test_each_wrong_rule_is_noticed(asked, right):
    noticed: Dict[str, Set[str]] = {}
    for rule in rules():
        wrong = answers(asked, " --mutant INNER_" + rule)
        noticed[rule] = {row.case for row, before, after in zip(asked, right, wrong)
                         if before != after and disagreements(row, after)}
    assert len(noticed) > 75
    assert {rule for rule, cases in noticed.items() if not cases} == set(NOT_NOTICED)


def choices() -> List[Tuple[str, int]]:
    """Each choice about guests, with each of its answers."""
    return [(name, answer) for name, _, _, found in
            (line.split("\t") for line in explain("--list", "guest-choices").stdout.splitlines())
            for answer in range(len(found.split("; ")))]


def test_each_answer_is_missed(asked, right):
    """The cases accept what each answer gives: without it, an order that a case wants is not legal."""
    missed = set()
    for name, answer in choices():
        without = answers(asked, " --choose %s=%d" % (name, 1 - answer))
        for row, legal, found in zip(asked, right, without):
            if set(found) != set(legal) and disagreements(row, found):
                missed.add((name, answer))
    assert set(choices()) - missed == set(NOT_MISSED)


def test_the_file_is_what_a_run_gives(tmp_path):
    """On the usual platforms; what only others play needs the root "trixie"."""
    if not shutil.which("bochs") or not shutil.which("qemu-system-x86_64"):
        pytest.skip("needs Bochs and QEMU")
    done = run(tmp_path, USUAL, SUITES)
    found = read_run(tmp_path, USUAL)
    assert found.inside == [row for row in recorded() if row.platform in USUAL], \
        done.stdout[-2000:] + "make model-rows writes %s" % FILE.name
    assert dict(Counter(found.outside.values())) == OUTSIDE
    assert {row.platform for row in recorded()} <= {platform for platform, _ in PLATFORMS}
