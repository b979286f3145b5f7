#!/usr/bin/python3 -IS
# SPDX-License-Identifier: BSD-2-Clause
"""A fake QEMU: `boots` the images of tests/loglib.py. What a case does is in its name.

pass_ fail_ skip_ error_ write that verdict; crash_ resets, segv_ kills the emulator, hang_ never
ends, abort_ gives up, again_ boots a second time, late_ writes a wrong exit status, flaky_ fails
every other time (state file FAKE_STATE), flood_ prints FAKE_FLOOD bytes of noise first, evil_
prints control bytes, xml and html, stop_ cuts its log in the middle of a line.
"""
import os
import signal
import sys
import time
from fnmatch import fnmatchcase

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "scripts"))
import loglib  # noqa: E402
from ordeal.plan.image import read_cases  # noqa: E402
from ordeal.plan.shuffle import shuffled  # noqa: E402


def out(text):
    """To the console, at once."""
    os.write(1, text.encode("latin-1"))


def option(name):
    """The word after this option on the command line."""
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else ""


def flaky():
    """Fails every other time."""
    path = os.environ["FAKE_STATE"]
    count = int(open(path, encoding="ascii").read()) if os.path.exists(path) else 0
    with open(path, "w", encoding="ascii") as stream:
        stream.write(str(count + 1))
    return "FAIL" if count % 2 else "PASS"


def flood():
    """Noise, in megabyte pieces of short lines."""
    left = int(os.environ.get("FAKE_FLOOD", "1000000"))
    piece = b"noise noise noise noise noise noise noise noise noise noise\n" * 17476
    while left > 0:
        os.write(1, piece[:left])
        left -= len(piece)
    os.write(1, b"\n")


def misbehave(kind, lines, name):
    """The kinds that do not come back."""
    if kind not in ("crash", "segv", "hang", "abort", "again", "stop"):
        return
    out("".join(line + "\n" for line in lines[:3]))
    if kind == "crash":
        sys.exit(0)
    if kind == "segv":
        os.kill(os.getpid(), signal.SIGSEGV)
    if kind == "hang":
        time.sleep(1000)
    if kind == "abort":
        out("ABORT: page fault nobody expected\nrip=1234\n")
        sys.exit(255)
    if kind == "again":
        out("ORDEAL 1 suite=fake nonce=%s\n" % name)
        sys.exit(1)
    if kind == "stop":
        out(lines[3][:5])
        sys.exit(1)


def main():
    """Boot."""
    if "--version" in sys.argv:
        print(os.environ.get("FAKE_VERSION", "QEMU emulator version 7.2.0 (fake)"))
        return 0
    if os.environ.get("FAKE_SPAWN"):  # a child that would outlive a careless runner
        if os.fork() == 0:
            time.sleep(1000)
    if os.environ.get("FAKE_REFUSE"):
        sys.stderr.write("qemu: could not do that\n")
        return 1
    if os.environ.get("FAKE_SILENT"):
        return int(os.environ["FAKE_SILENT"])
    words = option("-append").split()
    keys = dict(word.split("=", 1) for word in words if "=" in word)
    globs = [word for word in words if "=" not in word] or ["*"]
    excluded = keys.get("exclude", "").split(",")
    names = [case.name for case in read_cases(option("-kernel"))]
    names = [n for n in names if any(fnmatchcase(n, g) for g in globs)
             and not any(fnmatchcase(n, g) for g in excluded if g)]
    if "shuffle" in keys:
        names = shuffled(names, int(keys["shuffle"]))
    nonce = keys.get("nonce", "-")
    lines = loglib.head_lines(len(names), nonce=nonce)
    out("SeaBIOS (noise)\n" + "".join(line + "\n" for line in lines))
    verdicts = []
    for name in names:
        kind = name.split("_")[0]
        verdict = {"fail": "FAIL", "skip": "SKIP", "error": "ERROR"}.get(kind, "PASS")
        verdict = flaky() if kind == "flaky" else verdict
        case = loglib.case_lines(name, verdict, nonce=nonce,
                                 seen="#UD@M[if=1,rf=0]" if verdict == "FAIL" else "#UD@L")
        if kind == "flood":
            flood()
        if kind == "evil":
            out("\x1b[31mred\x07 \x00<b>&]]></failure>\xff\n")
        misbehave(kind, case, name)
        out("".join(line + "\n" for line in case))
        lines += case
        verdicts.append(verdict)
    out("".join(line + "\n" for line in loglib.close_lines(lines, verdicts, nonce)))
    code = loglib.exit_code(verdicts)
    if any(name.startswith("late_") for name in names):
        code = 3
    return code << 1 | 1


if __name__ == "__main__":
    sys.exit(main())
