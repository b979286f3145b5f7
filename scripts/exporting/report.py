# SPDX-License-Identifier: BSD-2-Clause
"""A directory to mail to a maintainer: what the manual says, what was seen, and how to see it.

It holds the image with its arguments in it, the one command, and the log. The case is run by
./run_tests.sh first, then by the command of the directory, which must show the same trace.
"""
import os
import re
import shlex
import subprocess
import tempfile
import textwrap
from typing import Dict, List, NamedTuple, Sequence, Tuple

from ordeal.host import Host, version_of
from ordeal.model import FAIL, PASS, Result, UserError, result_from_record
from ordeal.plan.suites import expand
from ordeal.platforms import named
from ordeal.platforms.base import Job, Platform
from ordeal.platforms.bochs import MEMORY_MIB, Bochs, machine
from ordeal.platforms.bochs_disk import drive
from ordeal.platforms.qemu import Kvm, Qemu
from ordeal.report.stream import read_records, write_file

from . import baked
from .find import Found

IMAGE, DISK, RUN, BOCHSRC, LOG, README = "image", "disk.img", "run", "bochsrc", "log", "README"
RUN_BOCHS = "bochs -q -f " + BOCHSRC
#: How long the command of the directory may take, in seconds.
LIMIT = 120
_SEEN = re.compile(r"^SEEN: \S+: (.*?)\r?$", re.M)


class Ran(NamedTuple):
    """A result, and the version of the emulator or kernel that it is about."""
    result: Result
    version: str


def run_case(host: Host, platform: str, ident: str, logs: str) -> Ran:
    """Runs the case with ./run_tests.sh."""
    stream = os.path.join(logs, "stream.jsonl")
    done = subprocess.run(
        [os.path.join(host.root, "run_tests.sh"), "-p", platform, "--jsonl", stream,
         "--logs", os.path.join(logs, "logs"), ident], cwd=host.build, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, check=False)
    if done.returncode not in (0, 1):
        raise UserError("the case did not run: " + (done.stderr.strip().split("\n")[-1] or "no reason"))
    return from_stream(stream, ident)[0]


def from_stream(path: str, ident: str) -> List[Ran]:
    """What a stream of ./run_tests.sh --jsonl has of the case."""
    records = read_records(path)
    versions: Dict[str, str] = {one["name"]: one["version"] for record in records
                                if record["type"] == "start" for one in record["platforms"]}
    return [Ran(result_from_record(record), versions.get(record["platform"], ""))
            for record in records if record["type"] == "result" and record["case"] == ident]


def bad(result: Result) -> bool:
    """Whether the architecture says otherwise."""
    return (result.raw or result.verdict) not in (PASS, "SKIP", "NOTRUN")


def first_bad(tried: Sequence[Ran]) -> str:
    """The first version that shows the deviation, where an earlier one was seen not to."""
    by_version = sorted((one for one in tried if (one.result.raw or one.result.verdict) in (
        PASS, FAIL, "CRASH", "TIMEOUT", "ERROR")), key=lambda one: version_of(one.version))
    states = [(one, bad(one.result)) for one in by_version]
    for (before, was), (after, now) in zip(states, states[1:]):
        if now and not was:
            return "%s; the last good one tried is %s" % (after.version, before.version)
    return ""


def _arguments(host: Host, found: Found, platform: Platform) -> List[str]:
    """The guest's arguments that matter elsewhere, too: not which console the runner listens on."""
    words = [word for word in expand(found.stanza.test_args, host, found.stanza.where)
             if "=" in word]
    return [found.case.name] + words + [word for word in platform.guest_args
                                        if word != "console=virtio"]


def _qemu(host: Host, found: Found, platform: Qemu) -> Tuple[List[str], str]:
    """The command line, and the arguments for the image."""
    params = expand(found.stanza.params, host, found.stanza.where)
    job = Job(found.stanza, IMAGE, False, ("1",), params)
    argv = platform.launch(host, job, _arguments(host, found, platform), "").argv
    at = argv.index("-append")
    return ["qemu-system-x86_64"] + argv[1:at] + argv[at + 2:], argv[at + 1]


def _script(lines: Sequence[str]) -> str:
    return "#!/bin/sh\n# Boots the case; what it says goes to the terminal.\ncd \"$(dirname \"$0\")\" " \
        "|| exit 2\n" + "\n".join(lines) + "\n"


def _command(host: Host, found: Found, platform: Platform) -> Tuple[str, str, str]:
    """The command for a person, the script, and the arguments for the image."""
    if isinstance(platform, Qemu):
        argv, arguments = _qemu(host, found, platform)
        shown = " ".join(shlex.quote(word) for word in argv)
        return shown, _script(['exec "${QEMU:-%s}" %s </dev/null' % tuple(shown.split(" ", 1))]), \
            arguments
    if isinstance(platform, Bochs):
        return RUN_BOCHS, _script((
            'BXSHARE=${BXSHARE:-/usr/share/bochs}', "export BXSHARE",
            'bochs=${BOCHS:-$(command -v bochs-bin || echo bochs)}',
            "# A Bochs with a debugger waits for a command.",
            'if "$bochs" --help 2>&1 | grep -q -e "-rc"; then',
            "\tprintf 'c\\nq\\n' >commands", '\tset -- -rc commands', "fi",
            'exec "$bochs" -q -f bochsrc "$@" </dev/null')), ""
    raise UserError("%s: its guests run in the lab, and no one command shows them: name the emulator "
                    "or hypervisor on which the maintainer would look: tcg, kvm, bochs-intel or "
                    "bochs-amd" % platform.name)


def _bochs_files(host: Host, found: Found, platform: Bochs, directory: str) -> None:
    """The disk, and the bochsrc that names it."""
    path = os.path.join(host.build, "scripts", "lab", "bootdisk")
    if not os.path.exists(path):
        raise UserError("scripts/lab/bootdisk is not built; run make")
    with open(path, "rb") as stream:
        code = stream.read()
    with open(found.image, "rb") as stream:
        content = baked.disk(code, stream.read(), " ".join(_arguments(host, found, platform)))
    with open(os.path.join(directory, DISK), "wb") as out:
        out.write(content)
    _, vga = platform.roms(host)
    vga = "$BXSHARE/" + os.path.basename(vga) if "/bochs/" in vga else vga or "$BXSHARE/vgabios.bin"
    lines = ["port_e9_hack: enabled=1", drive(DISK, len(content)), "boot: disk"]
    write_file(os.path.join(directory, BOCHSRC), machine(
        "model=%s, count=1, ips=4000000, ignore_bad_msrs=0" % platform.model, MEMORY_MIB,
        ("$BXSHARE/BIOS-bochs-latest", vga), lines, "."))


def _columns(result: Result) -> List[str]:
    """Expected and seen, side by side, as the case itself printed them; else one below the other."""
    if any("|" in note for note in result.notes):
        return [note for note in result.notes if "|" in note or note.startswith("scene:")]
    return ["expected  " + " || ".join(result.expected), "seen      " + " || ".join(result.observed)]


def _wrapped(text: str) -> List[str]:
    return textwrap.wrap(text, 92)


def readme(found: Found, ran: Ran, command: str, tried: Sequence[Ran]) -> str:
    """The text for the maintainer."""
    result = ran.result
    lines = ["%s on %s" % (found.ident, ran.version or result.platform), "",
             *_wrapped("The manual: " + result.sentence + "."), *_wrapped("[%s]" % result.citation), ""]
    lines += _columns(result) + [""]
    if result.deviation:
        lines += _wrapped("What goes wrong: " + result.deviation) + [""]
    elif bad(result):
        lines += _wrapped("The verdict: %s: %s" % (result.verdict, result.reason)) + [""]
    else:
        lines += ["This platform does what the manual says.", ""]
    lines += ["To see it, in this directory:", "", "\t./" + RUN, "", "which is", "", "\t" + command, ""]
    if RUN_BOCHS == command:
        lines += ["A Bochs with a debugger waits for the command c.", ""]
    lines += _wrapped("The line that begins with SEEN has the events in the order in which they were "
                      "delivered: the event, @ the instruction whose address was saved, and flags "
                      "of the saved RFLAGS. WANT is what the manual asks for.") + [""]
    versions = ["\t%-8s %s: %s" % (one.result.raw or one.result.verdict, one.version,
                                   " || ".join(one.result.observed) or one.result.reason)
                for one in sorted(tried, key=lambda one: version_of(one.version))]
    lines += ["Versions tried:", ""] + versions + [""]
    lines += ["First bad version: " + (first_bad(tried) or "not known: no earlier version that does "
                                       "it right was tried"), ""]
    lines += _wrapped("Files: %s, the guest with its arguments in it (ELF64 with a PVH entry); %s, the "
                      "same for a BIOS, with %s for Bochs; %s, what the guest and the emulator said; "
                      "case.c, the source of the case." % (IMAGE, DISK, BOCHSRC, LOG))
    return "\n".join(lines) + "\n"


def reproduces(directory: str, result: Result) -> str:
    """Runs the command of the directory; returns its output. It must show the same trace."""
    try:
        done = subprocess.run(["./" + RUN], cwd=directory, stdin=subprocess.DEVNULL, timeout=LIMIT,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        said = done.stdout.decode("utf-8", "replace")
    except subprocess.TimeoutExpired as late:
        said = (late.stdout or b"").decode("utf-8", "replace")
    seen = _SEEN.findall(said)
    if not result.observed and bad(result) and "\nEND " in said:
        raise UserError("%s/%s does not reproduce it: ./run_tests.sh saw %s, the command ends as it "
                        "should" % (directory, RUN, result.verdict))
    if result.observed and not set(seen) & set(result.observed):
        raise UserError("%s/%s does not reproduce it: ./run_tests.sh saw %s, the command shows %s"
                        % (directory, RUN, " || ".join(result.observed),
                           " || ".join(seen) or "no SEEN line"))
    return said


def _platform(name: str) -> Platform:
    from ordeal.platforms import known, unknown
    platform = Kvm() if name == Kvm.name else named(name)
    if platform is None:
        raise UserError(unknown(name, known()))
    return platform


def write(host: Host, found: Found, name: str, directory: str, streams: Sequence[str]) -> str:
    """Makes the directory; returns a line for the user. streams: results of other versions."""
    if os.path.lexists(directory) and (not os.path.isdir(directory) or os.listdir(directory)):
        raise UserError("%s is there already and not empty: name another directory" % directory)
    platform = _platform(name)
    command, script, arguments = _command(host, found, platform)
    platform.check(host)
    tried = [ran for path in streams for ran in from_stream(path, found.ident)]
    with tempfile.TemporaryDirectory() as logs:
        ran = run_case(host, name, found.ident, logs)
        os.makedirs(directory, exist_ok=True)
        with open(os.path.join(logs, "logs", name, found.stanza.name + ".log"), "rb") as stream:
            log = stream.read()
    bochs = platform if isinstance(platform, Bochs) else named("bochs-intel")
    assert isinstance(bochs, Bochs)
    with open(found.image, "rb") as image:
        content = baked.elf(image.read(), arguments or found.case.name)
    with open(os.path.join(directory, IMAGE), "wb") as out:
        out.write(content)
    _bochs_files(host, found, bochs, directory)
    write_file(os.path.join(directory, RUN), script)
    os.chmod(os.path.join(directory, RUN), 0o755)
    if found.source:
        with open(os.path.join(host.root, found.source), encoding="utf-8") as source:
            write_file(os.path.join(directory, "case.c"), source.read())
    with open(os.path.join(directory, LOG), "wb") as out:
        out.write(log)
    write_file(os.path.join(directory, README),
               readme(found, ran, command, [ran] + tried))
    reproduces(directory, ran.result)
    for left in ("commands", "bochs.log"):
        if os.path.exists(os.path.join(directory, left)):
            os.unlink(os.path.join(directory, left))
    return "%s: %s on %s; %s/%s shows the same trace" % (
        directory, ran.result.raw or ran.result.verdict, ran.version or name, directory, RUN)
