# SPDX-License-Identifier: BSD-2-Clause
"""The lab's saved states: one that is torn gets no name, is thrown away, and is made again."""
import os

import pytest

from ordeal.host import Host, find_host
from ordeal.judge.session import Ending
from ordeal.model import Case, Stanza, UserError
from ordeal.plan.select import Suite
from ordeal.platforms.base import Job, Launch, Platform
from ordeal.platforms.lab import state
from ordeal.run.runner import Runner
from ordeal.run.unit import Unit
from test_lab import ROOT, lab_or_skip, run

FAKE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fake_lab.py")


@pytest.fixture
def made(tmp_path, monkeypatch):
    """made(WORDS): the state of a machine whose saved states behave as these words say, in turn."""
    monkeypatch.setenv("FAKE_STATES", str(tmp_path / "words"))
    monkeypatch.setenv("FAKE_SAID", str(tmp_path / "said"))
    monkeypatch.setattr(state, "TRIAL_LIMIT", 1.0)
    (tmp_path / "kernel").write_bytes(b"")

    def make(words):
        (tmp_path / "words").write_text(words, encoding="ascii")
        return state.state_of(str(tmp_path / "states"), state.Machine(
            [FAKE], [str(tmp_path / "kernel")], b"payload", b"LAB empty OVER"))
    return make


def kept(tmp_path):
    """The files in the cache."""
    return sorted(os.listdir(tmp_path / "states"))


def test_machine_is_stopped_before_it_is_saved(made, tmp_path):
    """And is not told to stay so when it is loaded."""
    assert made("good").note == ""
    said = (tmp_path / "said").read_text(encoding="ascii").splitlines()
    names = [line.split()[0] for line in said]
    assert names.index("stop") < names.index("migrate") < names.index("quit")
    assert all(line.endswith("-global migration.store-global-state=off" + line.partition("=off")[2])
               for line in said)


@pytest.mark.parametrize("words, note", [
    ("good", ""),
    ("torn good", "[    0.1] Oops: 0000 [#1]"),
    ("silent good", "QEMU ended with status 0"),
    ("hangs good", "no end within 1 s"),
    ("refused refused refused refused good", "")])
def test_only_a_whole_state_gets_a_name(made, tmp_path, words, note):
    """One that is not is made again and said; one that QEMU refuses is made again up to four times."""
    found = made(words)
    assert (tmp_path / "words").read_text(encoding="ascii") == ""
    assert kept(tmp_path) == [os.path.basename(found.path)] and found.path.endswith(".4")
    with open(found.path, "rb") as stream:
        assert stream.read() == b"good"
    assert found.note == (state.AGAIN % note if note else "")


@pytest.mark.parametrize("words, reason", [
    ("torn torn good", "from neither of two saved states: .*Oops: 0000"),
    ("torn silent good", "from neither of two saved states: QEMU ended with status 0"),
    ("refused " * 5 + "good", "QEMU does not load the state that it saved")])
def test_made_again_once(made, tmp_path, words, reason):
    """Then it is one line, and nothing is left in the cache."""
    with pytest.raises(UserError, match=reason):
        made(words)
    assert kept(tmp_path) == []


def test_a_state_that_has_gone_bad_is_thrown_away(made, tmp_path):
    """Only if an empty payload does not run from it; the next boot makes it again."""
    found = made("good")
    assert found.mend() == "" and kept(tmp_path) == [os.path.basename(found.path)]
    with open(found.path, "r+b") as stream:
        stream.write(b"torn")
    assert found.mend() == state.AGAIN % "[    0.1] Oops: 0000 [#1]" and kept(tmp_path) == []
    assert found.mend() == "another run has deleted the saved state; the state is made again"
    assert made("good").mend() == ""


class Sunken(Platform):
    """Nothing of it ever begins, and it always finds something to mend."""

    name, starts, mends = "sunken", 0, 0

    def launch(self, host, job, args, work):
        self.starts += 1
        return Launch(["sh", "-c", "exit 3"], mend=self.mend)

    def mend(self):
        """What the runner asks for."""
        self.mends += 1
        return "its floor was gone"

    def ending(self, status, stderr, kept):
        return Ending("vmm", None, "status %d" % status)


def test_runner_mends_once(tmp_path):
    """The boot is made again, and its record says why; the second time nothing is mended."""
    platform, stanza, notes = Sunken(), Stanza("s", "f:1"), []
    unit = Unit(platform, Suite(stanza, "image", False, (Case("a"),), ()), [Case("a")], 0, 1,
                Job(stanza, "image", False, ("1",), ()))
    runner = Runner(Host(ROOT, str(tmp_path), {}), str(tmp_path / "logs"), 1,
                    lambda _, boot: notes.append((boot.note, boot.unsaid)), lambda _: None)
    runner.run([unit])
    assert (platform.starts, platform.mends) == (2, 1)
    assert notes == [("its floor was gone", ["sunken: its floor was gone"]), ("", [])]
    assert unit.verdicts["a"][0].verdict == "ERROR" and unit.boots == 2


def test_torn_on_purpose(tmp_path):
    """The real thing: a state in the cache is torn, and the run that starts from it mends it."""
    lab_or_skip("kvm-amd@tcg")
    words = ("-p", "kvm-amd@tcg", "native/stories.sti_rdmsr.trap_gate", "--logs", str(tmp_path / "l"))
    run(*words)
    directory = os.path.join(find_host(ROOT, dict(os.environ)).cache, "lab", "states")
    newest = max((os.path.join(directory, name) for name in os.listdir(directory)),
                 key=os.path.getmtime)
    with open(newest, "r+b") as stream:
        for at in range(os.path.getsize(newest) // 4, os.path.getsize(newest) // 2, 5000):
            stream.seek(at)
            stream.write(b"\xcc" * 500)
    done, records = run(*words)
    first, second = [r for r in records if r["type"] == "boot"]
    assert [r["verdict"] for r in records if r["type"] == "result"] == ["PASS"], done.stdout
    assert "the state is made again" in first["note"] and first["note"].encode() in done.stdout
    assert "note" not in second
