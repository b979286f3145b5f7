# SPDX-License-Identifier: BSD-2-Clause
"""The runner's pages say what the runner does: fields, keys, options, and the adapter that can be copied."""
import os
import re

from conftest import ROOT
from ordeal import options, platforms
from ordeal.host import Host
from ordeal.judge.session import Ending
from ordeal.model import VERDICTS, Stanza
from ordeal.plan import cfg, known
from ordeal.platforms.base import Job, Launch, Need, Platform


def page(name):
    """A page of docs/."""
    with open(os.path.join(ROOT, "docs", name), encoding="utf-8") as stream:
        return stream.read()


def test_every_field_of_the_stream_is_documented(tree):
    text = page("results.md")
    done = tree.image("pass_a", "fail_b", "flaky_c").run("--repeat", "2")
    for record in done.records():
        for field in list(record) + list(record.get("ending", {})):
            assert "`%s`" % field in text, "%s of %s" % (field, record["type"])


def test_every_key_and_verdict_is_documented():
    for key in cfg.KEYS:
        assert "`%s`" % key in page("unittests-cfg.md"), key
    for key in known.KEYS:
        assert re.search("^%s = " % key, page("results.md"), re.M), key
    for verdict in VERDICTS:
        assert re.search(r"^\| %s \|" % verdict, page("results.md"), re.M), verdict
    for name in options.CLASSES:
        assert "`%s`" % name in page("results.md"), name


def test_every_platform_is_documented():
    """A further CPU model with a root is in the table under its name without the root."""
    for name, platform in platforms.known().items():
        shown = name[:-len("+" + platform.root)] if platform.variant_of and platform.root else name
        assert re.search(r"^\| `%s` \|" % re.escape(shown), page("platforms.md"), re.M), name


def test_options_in_the_ci_recipes_exist():
    directory = os.path.join(ROOT, "docs", "ci")
    known = {"--" + option.name for option in options.TABLE}
    for name in os.listdir(directory):
        with open(os.path.join(directory, name), encoding="utf-8") as stream:
            text = stream.read()
        # As far as the next key, list item or comment.
        calls = re.findall(r"run_tests\.sh((?:\s+(?!\||&|#|- |[a-z-]+:)[^\s|]+)+)", text)
        assert calls, name
        for call in calls:
            for word in re.findall(r"--[a-z-]+", call):
                assert word in known, (name, word)


def test_the_adapter_of_the_page_works(tmp_path):
    code = re.search(r"^```python\n(.*?)^```$", page("platforms.md"), re.S | re.M).group(1)
    names = {"Platform": Platform, "Need": Need, "Launch": Launch, "Ending": Ending}
    exec(code, names)
    foo = names["Foo"]()
    host = Host(ROOT, str(tmp_path), {})
    assert foo.needs(host)[0].what == "foovmm is not installed"
    vmm = tmp_path / "foovmm"
    vmm.write_text("#!/bin/sh\necho foovmm 1.2.3\n")
    vmm.chmod(0o755)
    host.env["FOOVMM"] = str(vmm)
    assert foo.needs(host) == [] and foo.version(host) == "foovmm 1.2.3"
    job = Job(Stanza("s", "f:1"), "x.flat", False, ("1",), ())
    assert foo.launch(host, job, ["a", "b"], str(tmp_path)).argv == [
        str(vmm), "--kernel", "x.flat", "--append", "a b"]
    assert [foo.ending(s, b"", b"").kind for s in (0, 1, -9)] == ["off", "vmm", "signal"]
