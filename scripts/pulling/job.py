# SPDX-License-Identifier: BSD-2-Clause
"""A job of KernelCI's PULL_LABS protocol: what to fetch, and which cases to run.

A job comes from the network, so nothing in it becomes an option or a path: addresses must be
http(s), cases and platforms must look like such, and of the modules' archive only KVM's are taken.
"""
import os
import re
import shutil
import tarfile
import urllib.error
import urllib.request
from typing import Any, Dict, List, NamedTuple, Tuple

from ordeal.model import UserError

#: The type of a test that is for us. A job may have others, which are another lab's business.
TYPE = "ordeal"
#: What a kernel or an archive of modules may take, in bytes.
MOST = 2 << 30
DEFAULT_PLATFORMS = "kvm-amd@tcg,kvm-intel@bochs"
TIMEOUT = 7200
_CASES = re.compile(r"[a-z0-9_*?\[][\w.*?/\[\]-]*")
_PLATFORMS = re.compile(r"[a-z0-9][\w@+.,-]*")
_MODULE = re.compile(r"(?:irqbypass|kvm(?:[-_](?:amd|intel))?)\.ko(?:\.xz|\.zst)?")


class Test(NamedTuple):
    """One test of a job. cases: globs, none for all; timeout: in seconds."""
    ident: str
    cases: Tuple[str, ...]
    platforms: str
    timeout: int


class Job(NamedTuple):
    """A checked job. modules may be '' for a kernel with KVM built in."""
    kernel: str
    modules: str
    tests: Tuple[Test, ...]


def _text(given: Any, what: str, where: str) -> str:
    if not isinstance(given, str) or not given:
        raise UserError("%s: %s is %r: a job needs a text there" % (where, what, given))
    return given


def _address(given: Any, what: str, where: str) -> str:
    address = _text(given, what, where)
    if not address.startswith(("http://", "https://")):
        raise UserError("%s: %s is %s: only http and https are fetched" % (where, what, address))
    return address


def _parameters(given: Any, where: str) -> Dict[str, str]:
    """The words KEY=VALUE of a test's parameters."""
    words = given.split() if isinstance(given, str) else []
    if given not in (None, "") and not isinstance(given, str):
        raise UserError("%s: parameters is %r: give a text of words KEY=VALUE" % (where, given))
    found = dict(word.partition("=")[::2] for word in words)
    for key in found:
        if key != "platforms":
            raise UserError("%s: parameters has %s: there is only platforms=LIST" % (where, key))
    return found


def _test(given: Any, number: int, where: str) -> Test:
    if not isinstance(given, dict):
        raise UserError("%s: test %d is %r: give an object with id and type" % (where, number, given))
    ident = _text(given.get("id"), "the id of test %d" % number, where)
    where = "%s: test %s" % (where, ident)
    subset = given.get("subset", [])
    subset = [subset] if isinstance(subset, str) else subset
    if not isinstance(subset, list) or not all(
            isinstance(case, str) and _CASES.fullmatch(case) for case in subset):
        raise UserError("%s: subset is %r: give a list of cases, such as native/nmi.*" % (where, subset))
    platforms = _parameters(given.get("parameters"), where).get("platforms", DEFAULT_PLATFORMS)
    if not _PLATFORMS.fullmatch(platforms):
        raise UserError("%s: platforms=%s: ./run_tests.sh --platforms lists them" % (where, platforms))
    limit = given.get("timeout_s", TIMEOUT)
    if not isinstance(limit, int) or isinstance(limit, bool) or not 0 < limit <= 86400:
        raise UserError("%s: timeout_s is %r: give seconds, 1 to 86400" % (where, limit))
    return Test(ident, tuple(subset), platforms, limit)


def parse(definition: Any, where: str) -> Job:
    """The job of a definition. where: its address, for messages."""
    if not isinstance(definition, dict) or not isinstance(definition.get("artifacts"), dict):
        raise UserError("%s is no job definition: it lacks the object artifacts" % where)
    artifacts, tests = definition["artifacts"], definition.get("tests")
    if not isinstance(tests, list):
        raise UserError("%s is no job definition: it lacks the list tests" % where)
    mine = [_test(test, number, where) for number, test in enumerate(tests, 1)
            if not isinstance(test, dict) or test.get("type") == TYPE]
    if not mine:
        raise UserError("%s has no test of type %s" % (where, TYPE))
    return Job(_address(artifacts.get("kernel"), "artifacts.kernel", where),
               _address(artifacts["modules"], "artifacts.modules", where)
               if artifacts.get("modules") else "", tuple(mine))


def fetch(address: str, path: str, timeout: float = 60) -> None:
    """Downloads a file; a half one never gets the name."""
    try:
        with urllib.request.urlopen(address, timeout=timeout) as source, \
                open(path + ".part", "wb") as out:
            size = 0
            for block in iter(lambda: source.read(1 << 20), b""):
                size += len(block)
                if size > MOST:
                    raise UserError("%s is larger than %d MiB" % (address, MOST >> 20))
                out.write(block)
            said = source.headers.get("Content-Length")
            if said and int(said) != size:
                raise UserError("%s ended after %d of %s bytes" % (address, size, said))
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise UserError("cannot fetch %s: %s" % (address, error)) from None
    os.replace(path + ".part", path)


def unpack_modules(archive: str, place: str) -> None:
    """KVM's modules of an archive, side by side in a directory; nothing else of it."""
    os.makedirs(place)
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                name = os.path.basename(member.name)
                if member.isfile() and _MODULE.fullmatch(name):
                    source = tar.extractfile(member)
                    assert source is not None
                    with open(os.path.join(place, name), "wb") as out:
                        shutil.copyfileobj(source, out)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise UserError("%s is no archive of modules: %s" % (archive, error)) from None
    if not any(name.startswith("kvm.ko") for name in os.listdir(place)):
        raise UserError("%s holds no KVM modules (kvm.ko)" % archive)


def command(job: Job, test: Test, runner: str, work: str) -> List[str]:
    """The command line for one test. Its files are in the directory work."""
    words = [runner, "-p", test.platforms, "--kernel", os.path.join(work, "kernel")]
    if job.modules:
        words += ["--modules", os.path.join(work, "modules")]
    name = re.sub(r"[^\w-]", "_", test.ident)
    return words + ["--logs", os.path.join(work, "logs-" + name),
                    "--kcidb", os.path.join(work, name + ".json"), "--", *test.cases]
