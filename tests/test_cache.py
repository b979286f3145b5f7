# SPDX-License-Identifier: BSD-2-Clause
"""The result cache: what is the same boot, what is kept, and what is not believed."""
import json
import os
import zlib

import pytest
from conftest import FAKE, ROOT

from ordeal import platforms
from ordeal.host import Host
from ordeal.judge.session import Ending, Judgement
from ordeal.plan.image import masked
from ordeal.platforms import identity
from ordeal.platforms.base import Launch
from ordeal.run import cache
from ordeal.run.engine import Boot

#: What a run may say twice and still be the same run.
TIMES = ("seconds", "log")


@pytest.fixture
def kept(tree):
    """Runs the tree with its cache: kept(ARG...). What it returns outlives the next run. No hit is
    booted again by chance."""
    def call(*args, **more):
        done = tree.run("--cache", os.path.join(tree.path, "cache"), "--cache-check", "100000",
                        *args, **more)
        records = done.records()
        done.records = lambda: records
        return done
    call.directory = os.path.join(tree.path, "cache")
    return call


def entries(directory):
    """The paths of all files of the cache."""
    return sorted(os.path.join(where, name) for where, _, names in os.walk(directory)
                  for name in names)


def summary(done):
    """The counts of the cache in a run's summary."""
    return done.records()[-1]["cache"]


def results(done):
    """The result lines without times."""
    return [{key: value for key, value in record.items() if key not in TIMES}
            for record in done.records() if record["type"] == "result"]


def test_a_second_run_boots_nothing(tree, kept):
    """Line by line the same but for times; the log and the record say where they are from."""
    tree.image("pass_a", "fail_b", "skip_c")
    first = kept()
    env = {"QEMU": tree.write("qemu", "#!/bin/sh\nexec %s \"$@\"\n" % FAKE)}
    os.chmod(env["QEMU"], 0o755)
    second = kept()
    assert summary(first) == {"directory": kept.directory, "hits": 0, "checked": 0, "stored": 1}
    assert summary(second)["hits"] == 1 and second.status == first.status == 1
    assert results(second) == results(first) and len(results(first)) == 3
    boot, old = second.boots()[0], first.boots()[0]
    assert boot["cached"]["key"] == os.path.basename(entries(kept.directory)[0])
    assert boot["argv"] == old["argv"] and boot["env"] == old["env"] and "cached" not in old
    with open(os.path.join(tree.path, boot["log"]), encoding="ascii") as stream:
        log = stream.read()
    assert log.startswith("--- from the cache: key ") and "END " in log
    assert "cache: 1 boot from it" in second.out
    # Another program, though it does the same, is another machine.
    assert summary(kept(env=env))["hits"] == 0


def test_what_makes_another_boot(tree, kept):
    """The cases, their order, the arguments, the image: each changes the key."""
    tree.image("pass_a", "pass_b")
    kept()
    assert summary(kept())["hits"] == 1
    assert summary(kept("fake/pass_a"))["hits"] == 0
    assert summary(kept("--set", "fake.smp=2"))["hits"] == 0
    assert summary(kept("--shuffle", "1"))["hits"] == 0
    assert summary(kept("--shuffle", "2"))["hits"] == 0
    assert summary(kept("--isolate-cases"))["hits"] == 1  # the boot of the first case alone
    assert summary(kept("--repeat", "2"))["hits"] == 1  # the first round
    tree.image("pass_a", "pass_c")
    assert summary(kept())["hits"] == 0
    tree.image("pass_a", "pass_b")
    assert summary(kept())["hits"] == 1


@pytest.mark.parametrize("name,kind", [("hang_a", "TIMEOUT"), ("segv_a", "CRASH")])
def test_what_ends_by_the_clock_or_a_signal_is_not_kept(tree, kept, name, kind):
    tree.write("unittests.cfg", "[fake]\nfile = fake.flat\ntimeout = 0.5\n")
    tree.image(name)
    for _ in range(2):
        done = kept()
        assert done.verdicts() == {"fake/" + name: kind}
        assert summary(done)["hits"] == summary(done)["stored"] == 0
    assert not entries(kept.directory)


def test_a_boot_that_took_longer_than_the_limit_is_made(tree, kept):
    tree.image("pass_a")
    kept()
    path, = entries(kept.directory)
    with open(path, "rb") as stream:
        entry = cache.unpack(os.path.basename(path), stream.read())
    with open(path, "wb") as out:
        out.write(cache.pack(os.path.basename(path), cache.Entry(
            entry.argv, entry.status, 3.5, entry.recorded, entry.build, entry.console, entry.kept,
            entry.stderr)))
    assert summary(kept())["hits"] == 0  # timeout = 2
    assert summary(kept(env={"TIMEOUT": "0"}))["hits"] == 1


def damage(path, kind):
    """Spoil an entry in some way."""
    with open(path, "rb") as stream:
        data = stream.read()
    head, body = data[len(cache.MAGIC):].split(b"\n", 1)
    fields = json.loads(head)
    changed = {"empty": b"", "half": data[:-7], "garbage": os.urandom(300), "text": b"hello\n",
               "another": cache.MAGIC + json.dumps({**fields, "key": "0" * 64}).encode() + b"\n" + body,
               "short": cache.MAGIC + json.dumps({**fields, "sizes": [1, 2, 3]}).encode() + b"\n" + body,
               "bare": cache.MAGIC + b"{}\n" + body,
               "future": data.replace(b"cache 1", b"cache 2")}[kind]
    with open(path, "wb") as out:
        out.write(changed)


@pytest.mark.parametrize("kind", ["empty", "half", "garbage", "text", "another", "short", "bare",
                                  "future"])
def test_a_broken_or_foreign_entry_is_ignored_and_said(tree, kept, kind):
    """The boot is made, and its entry is whole again."""
    tree.image("pass_a")
    kept()
    path, = entries(kept.directory)
    damage(path, kind)
    done = kept()
    assert done.status == 0 and summary(done)["hits"] == 0 and summary(done)["stored"] == 1
    assert "cache: %s: " % path in done.out and "; ignored" in done.out
    assert summary(kept())["hits"] == 1


def test_a_hit_that_is_booted_again_must_be_the_same(tree, kept):
    """A lie that is well made is found by the check alone: the run fails, and the entry is replaced."""
    tree.image("pass_a", "pass_b")
    kept()
    good = kept("--cache-check", "1")
    assert summary(good) == {"directory": kept.directory, "hits": 0, "checked": 1, "stored": 0}
    assert good.status == 0
    path, = entries(kept.directory)
    key = os.path.basename(path)
    with open(path, "rb") as stream:
        entry = cache.unpack(key, stream.read())
    with open(path, "wb") as out:
        out.write(cache.pack(key, cache.Entry(
            entry.argv, entry.status, entry.seconds, entry.recorded, entry.build,
            b"noise\n" + entry.console, entry.kept, entry.stderr)))
    assert kept().status == 0
    bad = kept("--cache-check", "1")
    assert bad.status == 1 and "not to be trusted: tcg fake: booted again" in \
        bad.records()[-1]["complaints"][0]
    assert "byte 0 of" in bad.records()[-1]["complaints"][0]
    again = kept("--cache-check", "1")
    assert again.status == 0 and summary(again)["checked"] == 1


def test_nonces_follow_from_the_plan_without_a_directory(tree):
    """--cache none: the same console twice, and nothing is kept."""
    tree.image("pass_a")
    lines = []
    for _ in range(2):
        done = tree.run("--cache", "none")
        assert summary(done) == {"directory": "none", "hits": 0, "checked": 0, "stored": 0}
        with open(os.path.join(tree.path, done.boots()[0]["log"]), encoding="ascii") as stream:
            lines.append([line for line in stream if line.startswith(("ORDEAL", "END"))])
    assert lines[0] == lines[1] and len(lines[0]) == 2
    assert not os.path.exists(os.path.join(tree.path, "none"))


def test_a_directory_that_cannot_be(tree):
    done = tree.image("pass_a").run("--cache", os.path.join(tree.cfg, "x"))
    assert done.status == 2 and "--cache " in done.err and len(done.err.splitlines()) == 1
    done = tree.run("--cache", "none", "--cache-check", "0")
    assert done.status == 2 and "give a number" in done.err


def finished(**changes):
    """A boot that ended by itself, but for the changes."""
    boot = Boot(platforms.known()["tcg"], Launch(["q"]), None, 1.0, "", False, None)
    boot.console, boot.judgement = bytearray(b"x"), Judgement({}, [], True, "", [])
    boot.ending = Ending("exit", 0)
    for name, value in changes.items():
        setattr(boot, name, value)
    return boot


def test_a_full_disk_is_said_once_and_harms_nothing(tmp_path, monkeypatch):
    """No half an entry stays."""
    store = cache.Cache(Host(ROOT, str(tmp_path), {}), str(tmp_path / "c"), 50)

    def full(_path, _target):
        raise OSError(28, "No space left on device")
    monkeypatch.setattr(cache.os, "replace", full)
    for key in ("a" * 64, "b" * 64):
        store.keep(key, finished(), "")
    assert len(store.unsaid) == 1 and "No space left on device; nothing more is kept" in store.unsaid[0]
    assert store.stored == 0 and not entries(str(tmp_path / "c"))


def test_what_is_not_whole_is_not_kept(tmp_path):
    store = cache.Cache(Host(ROOT, str(tmp_path), {}), str(tmp_path / "c"), 50)
    for changes in ({"overdue": True}, {"status": -11}, {"console": None}, {"judgement": None},
                    {"judgement": Judgement({}, [], False, "", [])}):
        store.keep("a" * 64, finished(**changes), "")
    assert store.stored == 0
    store.keep("a" * 64, finished(), "")
    assert store.stored == 1 and store.find("a" * 64, 1.0).console == b"x"


def test_two_commits_of_one_image_are_the_same_boot():
    """Only the characters of the commit, and END's checksum over them, may differ."""
    def console(build, noise=b""):
        return b"ORDEAL 1\nENV: build=%s compiler=c\n%sEND n cases=1 pass=1 crc=%08x\n" % (
            build, noise, zlib.crc32(build))
    entry = cache.Entry([], 0, 1.0, "", "aaaa", console(b"aaaa"), b"", b"")
    assert cache.difference(entry, console(b"aaaa"), "aaaa") == ""
    assert cache.difference(entry, console(b"bbbb"), "bbbb") == ""
    assert cache.difference(entry, console(b"bbbb"), "aaaa") != ""
    assert cache.difference(entry, console(b"bbbb", b"x\n"), "bbbb") != ""
    assert cache.difference(entry, console(b"aaaa")[:-3], "aaaa") != ""


def test_the_commit_of_an_image_does_not_count():
    """In the images as they are built: masked, nothing of the commit is left, and nothing else is
    changed; an image without the section stays as it is."""
    path = os.path.join(ROOT, "x86", "native.flat")
    with open(path, "rb") as stream:
        data = stream.read()
    plain, build = masked(data, path)
    assert build and build.encode() in data and build.encode() not in plain
    assert len(plain) == len(data) and plain == data.replace(build.encode(), b"*" * len(build))
    other = data.replace(build.encode(), build[::-1].encode())
    assert masked(other, path) == (plain, build[::-1])
    assert masked(b"no image", "x") == (b"no image", "")


def test_only_deterministic_platforms_have_keys():
    """The others, and those that do not say what they depend on, are never kept."""
    known = platforms.known()
    assert not known["kvm"].deterministic
    for name in ("tcg", "bochs-amd", "kvm-amd@tcg", "kvm-intel@bochs", "xen-amd@tcg",
                 "kvm-amd@tcg+migrate"):
        assert known[name].deterministic, name
        assert type(known[name]).identity is not platforms.Platform.identity, name


def test_the_identity_follows_the_contents(tmp_path):
    """Of an emulator's file, of its firmware, of a root's packages; not of where a root is."""
    host = Host(ROOT, str(tmp_path), {"ORDEAL_ROOTS": str(tmp_path / "r")})
    program, firmware = tmp_path / "qemu", tmp_path / "firmware"
    firmware.mkdir()
    (firmware / "bios").write_text("1")
    program.write_text("#!/bin/sh\n")

    def now():
        return identity.emulator(host, str(program), "", (str(firmware),))
    seen = {now()}
    for change in (lambda: program.write_text("#!/bin/sh\n#\n"),
                   lambda: (firmware / "bios").write_text("22"),
                   lambda: (firmware / "more").write_text("")):
        change()
        seen.add(now())
    assert len(seen) == 4 and now() in seen
    found = set()
    for place in ("r", "s"):
        root = tmp_path / place / "sid"
        root.mkdir(parents=True)
        (root / "packages").write_text("0123  qemu_1_amd64\n")
        host.env["ORDEAL_ROOTS"] = str(tmp_path / place)
        found.add(identity.emulator(host, "q", "sid", ()))
    assert len(found) == 1
    (root / "packages").write_text("0124  qemu_2_amd64\n")
    assert identity.emulator(host, "q", "sid", ()) not in found
