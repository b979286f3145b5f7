#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Asks every CPU model of Bochs what it offers, and writes the list of models and its table.

    scripts/models.py

Boots x86/capabilities.flat on each model that `bochs --help cpu` lists, on this machine's Bochs and
on that of each toolbox root (scripts/make-root), and writes what the models said into
scripts/ordeal/platforms/bochs_models.tsv, which makes each model a platform, and into the table of
docs/platforms.md. `make models` builds the image first.
"""
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from typing import Dict, Iterable, Iterator, List, Sequence, Tuple

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "scripts"))
from matrix import insert  # noqa: E402
from ordeal.host import Host, find_host, version_of  # noqa: E402
from ordeal.judge.session import Ending  # noqa: E402
from ordeal.model import Stanza, UserError  # noqa: E402
from ordeal.platforms import BOCHS, toolbox  # noqa: E402
from ordeal.platforms.base import Job  # noqa: E402
from ordeal.platforms.bochs import Bochs  # noqa: E402
from ordeal.platforms.bochs_models import (  # noqa: E402
    NO_BOOT, NO_LONG_MODE, PATH, VENDORS, Model)
from ordeal.report.stream import write_file  # noqa: E402
from ordeal.text import clean  # noqa: E402

PAGE = os.path.join(ROOT, "docs", "platforms.md")
MARKS = ("<!-- models: written by make models -->\n", "<!-- end of the models -->\n")
HEAD = ("# The CPU models of Bochs, written by make models: version, model, vendor (or why there is\n"
        "# none), and what it offers, by the names of x86/capabilities.c.\n")
#: What the image prints on a CPU without long mode (lib/x86/boot/boot.S).
SAYS_NO_LONG_MODE = b"ABORT: this CPU has no long mode"
#: Seconds for a boot; the longest takes about one.
LIMIT = 30.0


def console(argv: Sequence[str], fifo: str) -> Tuple[bytes, int]:
    """What a machine writes until it ends, until its END line, or until it says that it cannot run;
    and its exit status."""
    text, fd = b"", os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
    deadline = time.monotonic() + LIMIT
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        while time.monotonic() < deadline:
            ended = process.poll() is not None
            try:
                text += os.read(fd, 1 << 16)
            except BlockingIOError:
                if ended:
                    break
                time.sleep(0.01)
            if re.search(rb"^END .*\n", text, re.M) or SAYS_NO_LONG_MODE in text:
                break
    finally:
        os.close(fd)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return text, process.returncode


def ask(host: Host, bochs: Bochs, image: str) -> Model:
    """Boot one model and read its answer. UserError if there is none."""
    what = "%s, model %s" % (bochs.version(host), bochs.model)
    version = "%d.%d" % version_of(bochs.version(host))[:2]
    said, ending = b"", Ending("vmm")
    for _ in range(3):
        with tempfile.TemporaryDirectory() as work:
            job = Job(Stanza("capabilities", ""), image, False, ("1",), ())
            # The console is COM1, which the message of a CPU without long mode also goes to.
            args = ["nonce=models", *(w for w in bochs.guest_args if w.startswith("exit="))]
            launch = bochs.launch(host, job, args, work)
            said, status = console(launch.argv, launch.console)
            with open(launch.keep[0], "rb") as stream:
                ending = bochs.ending(status, b"", stream.read())
        if not any(word in ending.text for word in bochs.stumbles):
            break
    if SAYS_NO_LONG_MODE in said:
        return Model(version, bochs.model, NO_LONG_MODE)
    if not said and ending.kind == "off":
        return Model(version, bochs.model, NO_BOOT)
    text = said.decode("ascii", "replace")
    vendor = re.search(r"^ENV: cpu=(\S+) ", text, re.M)
    if not vendor or not re.search(r"^END models cases=1 pass=1 ", text, re.M):
        raise UserError("%s: no answer within %d s; the image said: %s; Bochs: %s" % (
            what, LIMIT, clean(said[-200:], 200) or "nothing", ending.text or "nothing"))
    if vendor.group(1) not in VENDORS:
        raise UserError("%s: its vendor is %s, not %s" % (what, vendor[1], " or ".join(VENDORS)))
    return Model(version, bochs.model, vendor.group(1), tuple(
        re.findall(r"^OBSERVED: capabilities\.offered: (\w+)=1\b", text, re.M)))


def ask_all(host: Host, root: str, image: str) -> Iterator[Model]:
    """What every model of one Bochs says, in Bochs' order."""
    for model in Bochs(root).models(host):
        yield ask(host, Bochs(root, model), image)


def listing(models: Iterable[Model]) -> str:
    """The text of bochs_models.tsv."""
    return HEAD + "".join("\t".join((m.version, m.name, m.cpu, " ".join(m.offers))).rstrip() + "\n"
                          for m in models)


def columns(models: Sequence[Model]) -> Dict[str, List[str]]:
    """What some of the models offer and some do not: the first name of each column, and all names
    that come and go with it."""
    kinds: Dict[Tuple[bool, ...], List[str]] = {}
    for word in dict.fromkeys(word for model in models for word in model.offers):
        kinds.setdefault(tuple(word in model.offers for model in models), []).append(word)
    return {words[0]: words for kind, words in kinds.items() if not all(kind)}


def rows(models: Sequence[Model], heads: Iterable[str], default: str) -> Iterator[str]:
    """The rows of one platform's models, a row for each different answer of a model."""
    answers: Dict[Tuple[str, Tuple[str, ...]], List[str]] = {}
    for model in models:
        answers.setdefault((model.name, model.offers), []).append(model.version)
    for (name, offers), versions in answers.items():
        yield "| `%s` | %s | %s |" % (
            models[0].platform + ("" if name == default else "+" + name), ", ".join(versions),
            " | ".join("yes" if word in offers else "-" for word in heads))


def table(models: Sequence[Model]) -> str:
    """For each vendor a table of what its models offer, and what its columns stand for."""
    lines: List[str] = []
    for bochs in BOCHS:
        order = list(dict.fromkeys(m.name for m in models))
        mine = sorted((m for m in models if m.platform == bochs.name),
                      key=lambda m: order.index(m.name))
        heads = columns(mine)
        always = [word for word in mine[0].offers if all(word in m.offers for m in mine)]
        wide = ["%s means %s" % (head, ", ".join(words)) for head, words in heads.items()
                if len(words) > 1]
        lines += ["| platform | Bochs | %s |" % " | ".join(heads),
                  "|---" * (len(heads) + 2) + "|", *rows(mine, heads, bochs.model), "",
                  "".join("%s. " % text for text in wide)
                  + "All of these models offer %s. `%s` itself is %s."
                  % (", ".join(always), bochs.name, bochs.model), ""]
    others = {why: ", ".join(dict.fromkeys(m.name for m in models if m.why_not() == why))
              for why in dict.fromkeys(m.why_not() for m in models) if why}
    return "\n".join(lines + ["Models that are no platforms: %s." % "; ".join(
        "%s (%s)" % (names, why) for why, names in others.items()), ""])


def main(argv: List[str]) -> int:
    """The exit status: 0, or 2 after one line about what is wrong."""
    if len(argv) != 1:
        sys.stderr.write((__doc__ or "").split("\n\n")[1] + "\n")
        return 2
    host = find_host(ROOT, dict(os.environ))
    image = os.path.join(host.build, "x86", "capabilities.flat")
    models: List[Model] = []
    try:
        roots = ("", *toolbox.LISTED)
        for root in roots:
            BOCHS[0](root).check(host)
        for root in roots:
            models += ask_all(host, root, image)
        with open(PAGE, encoding="utf-8") as stream:
            page = stream.read()
        write_file(PAGE, insert(page, table(models), *MARKS))
        write_file(PATH, listing(models))
        return 0
    except (UserError, OSError) as error:
        sys.stderr.write("models.py: %s\n" % error)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv))
