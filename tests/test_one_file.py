# SPDX-License-Identifier: BSD-2-Clause
"""The platforms `uefi@tcg` and `bios@tcg`: one boot of the disk for any machine, with the verdicts
and the traces of `tcg`. `make check` plays a sample; ORDEAL_SLOW=1 plays every suite.
"""
import json
import os
import subprocess
from pathlib import Path

import pytest

import loglib
from ordeal.host import find_host
from ordeal.judge.session import BootPlan, Ending, Session
from ordeal.model import Stanza, UserError
from ordeal.platforms import one_file, packed
from ordeal.platforms.base import Job
from ordeal.platforms.lab.relay import Relay, Slice

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("ORDEAL_BUILD", ROOT))
SAMPLE = ["native/f*", "debug/traps.*", "hv/stories.s2.*", "injection/e*"]
PLATFORMS = ("tcg", "uefi@tcg", "bios@tcg")


def host_of(build):
    """A host whose build directory is this one."""
    host = find_host(str(ROOT), {})
    host.build = str(build)
    return host


def job(image) -> Job:
    return Job(Stanza("native", "x"), str(image), False, ("1",), ())


def needs_image() -> Path:
    disk = BUILD / "ordeal.img"
    if not disk.exists():
        pytest.skip("ordeal.img is not built: make image")
    return disk


def test_verdicts_and_traces_are_those_of_tcg(tmp_path):
    needs_image()
    for name in PLATFORMS[1:]:
        missing = one_file.UefiTcg().needs(host_of(BUILD))
        if missing:
            pytest.skip("%s: %s" % missing[0])
    stream = tmp_path / "stream"
    words = [] if os.environ.get("ORDEAL_SLOW") else SAMPLE
    done = subprocess.run([str(ROOT / "run_tests.sh"), "-p", ",".join(PLATFORMS), "--logs",
                           str(tmp_path / "logs"), "--jsonl", str(stream), *words], cwd=BUILD,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    records = [json.loads(line) for line in stream.read_text().splitlines()]
    found = {name: {r["case"]: (r["verdict"], r.get("raw"), r["observed"]) for r in records
                    if r["type"] == "result" and r["platform"] == name} for name in PLATFORMS}
    assert done.returncode == 0 and len(found["tcg"]) > 30, done.stdout
    assert found["uefi@tcg"] == found["tcg"] and found["bios@tcg"] == found["tcg"]
    if words:  # the last boot of a suite that ends QEMU is not in the sample
        for name in PLATFORMS[1:]:
            assert len({(r["suite"], r["boot"]) for r in records
                        if r["type"] == "boot" and r["platform"] == name}) == len(
                            {case.split("/")[0] for case in found[name]})


def console(*parts) -> bytes:
    text = b"firmware says [2J something\r\n\r\n"
    for number, data, ending in parts:
        text += b"LAB w %d BEGIN\r\n" % number + data
        text += b"LAB w %d EXIT %s\r\n" % (number, ending) if ending else b""
    return text


def log_of(cases, total=0):
    """The log of a boot; total: of so many cases that were planned, the last of which gave up."""
    lines = loglib.good_log(cases)
    if not total:
        return loglib.data(lines)
    cut = next(i for i, line in enumerate(lines) if line.startswith("SUMMARY"))
    lines = [("PLAN: %d" % total) if line.startswith("PLAN") else line for line in lines[:cut]]
    return loglib.data(lines + ["CASE: b", "ABORT: enough"])


def relay_of(*cases) -> Relay:
    return Relay("w", [Slice(Session(BootPlan("n1", tuple(names))), 30.0)
                       for names in cases])


def verdicts(relay):
    return [{n: c.verdict for n, c in part.judgement.cases.items()} if part.judgement else None
            for part in relay.slices]


def test_an_image_that_is_entered_again_goes_on_behind_the_case():
    relay = relay_of(("a", "b", "c"), ("d",))
    relay.feed(console((0, log_of({"a": "PASS"}, 3), b"exit 127"),
                       (0, log_of({"c": "PASS"}), b"exit 0"),
                       (1, log_of({"d": "PASS"}), b"exit 0")) + b"LAB w OVER\r\n")
    relay.finish(Ending("exit", 0))
    assert relay.closed
    assert verdicts(relay) == [{"a": "PASS", "b": "ERROR", "c": "PASS"}, {"d": "PASS"}]
    assert "enough" in relay.slices[0].judgement.why and not relay.slices[0].judgement.rest


def test_only_an_image_that_gave_up_begins_again():
    """A second log after a good end would replace verdicts."""
    relay = relay_of(("a",))
    relay.feed(console((0, log_of({"a": "FAIL"}), b"exit 1"), (0, log_of({"a": "PASS"}), b"exit 0"))
               + b"LAB w OVER\r\n")
    relay.finish(Ending("exit", 0))
    assert verdicts(relay) == [{"a": "FAIL"}]


def test_a_suite_that_never_began_is_left():
    relay = relay_of(("a",), ("b",))
    relay.feed(console((0, log_of({"a": "PASS"}), b"exit 0")))
    relay.finish(Ending("exit", 0))
    assert verdicts(relay) == [{"a": "PASS"}, None]


def test_the_disk_of_another_build_is_refused(tmp_path):
    """What boots is what the runner believes to boot."""
    disk, platform = needs_image(), one_file.BiosTcg()
    native = (BUILD / "x86/native.flat").read_bytes()
    assert packed.images(disk.read_bytes())["native"] == native
    for name, said in (("native.flat", "holds another native.flat: make image"),
                       ("selftest.flat", "holds no selftest.flat: make image")):
        (tmp_path / name).write_bytes(native + b"\0")
        with pytest.raises(UserError, match=said):
            platform.contents(host_of(BUILD), [(job(tmp_path / name), [])], "w")
    script = platform.contents(host_of(BUILD), [(job(BUILD / "x86/native.flat"), ["nonce=1"])], "w")
    assert packed.TITLE + b"w\nnative nonce=1\n\0" in script and len(script) == disk.stat().st_size


def test_what_is_missing_is_named(tmp_path):
    assert [need.fix for need in one_file.BiosTcg().needs(host_of(tmp_path))] == ["make image"]


def test_damaged_packed_images_are_none():
    data = bytearray(packed.blob({"one": b"1" * 99, "two": b"2" * 1000}))
    assert packed.images(bytes(data)) == {"one": b"1" * 99, "two": b"2" * 1000}
    data[-9] ^= 1
    assert packed.images(bytes(data)) == {} == packed.images(b"nothing")
    with pytest.raises(UserError, match="no script"):
        packed.with_script(b"nothing", ["w"])
    with pytest.raises(UserError, match="there is room for"):
        packed.with_script(packed.TITLE + bytes(packed.ROOM), ["x" * packed.ROOM])
