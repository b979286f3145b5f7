# SPDX-License-Identifier: BSD-2-Clause
"""Time limits on a busy host: what a machine waits for a processor does not count."""
import os
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from conftest import ROOT

sys.path.insert(0, os.path.join(ROOT, "scripts"))
from ordeal.run import engine, patience  # noqa: E402

SPIN = "import os; os.sched_setaffinity(0, {%d})\nwhile True: pass"


@pytest.mark.skipif(not os.path.exists("/proc/self/schedstat"), reason="the kernel does not say")
def test_three_that_share_a_processor_wait():
    """Each is ready all the time, and runs for a third of it."""
    one = min(os.sched_getaffinity(0))
    began = time.monotonic()
    all_three = [subprocess.Popen([sys.executable, "-c", SPIN % one]) for _ in range(3)]
    try:
        while time.monotonic() < began + 30 and min(
                patience.held_up(p.pid) for p in all_three) < 0.2:
            time.sleep(0.05)
        waited = [patience.held_up(p.pid) for p in all_three]
    finally:
        for process in all_three:
            process.kill()
            process.wait()
    assert min(waited) >= 0.2 and max(waited) <= time.monotonic() - began
    assert patience.held_up(all_three[0].pid) == 0.0


def boot(limit, silence=0.0):
    """A boot that began at 100 and is over at 100 + limit."""
    launch = SimpleNamespace(note="")
    made = engine.Boot(SimpleNamespace(), launch, SimpleNamespace(), limit, "log", False, None)
    made.process = SimpleNamespace(pid=7)
    made.started, made.silence = 100.0, silence
    made.end_by(100.0 + limit)
    return made


def test_the_limit_is_longer_by_what_the_machine_was_held_up(monkeypatch):
    held = [5.0]
    monkeypatch.setattr(engine, "held_up", lambda pid: held[0])
    busy = boot(3.0)
    assert not busy.is_due(102.9) and busy.is_due(103.0)
    held[0] = 6.5
    assert not busy.is_due(104.4) and busy.is_due(104.5)
    busy.end_by(110.0)  # a new image of a shared boot: what was before does not count
    assert busy.held == 0.0 and busy.is_due(110.0)


def test_a_machine_that_has_not_started_is_not_asked():
    made = boot(3.0)
    made.process = None
    assert not made.is_due(102.0) and made.is_due(103.0)


@pytest.mark.parametrize("silence, heard, says", [
    (0.0, 101.0, "3 s"), (1.0, 101.0, "1 s of silence"), (2.5, 101.0, "3 s")])
def test_which_limit_it_was(silence, heard, says):
    made = boot(3.0, silence)
    made.heard, made.overdue, made.killed = heard, True, "timeout"
    assert engine.Engine._ending(made, -9, b"").text == says
