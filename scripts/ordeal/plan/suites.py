# SPDX-License-Identifier: BSD-2-Clause
"""Makes suites from stanzas: finds images, expands arguments, checks the conditions of a stanza.

kvm-unit-tests passes these values to a shell, so $MAX_SMP, `backticks` and quotes work here as
well. A value without such characters is split without a shell.
"""
import os
import subprocess
from typing import Dict, List, Optional, Sequence, Tuple

from ..host import Host
from ..judge.kut import WHOLE
from ..model import Case, Stanza, UserError
from ..platforms.base import Job, Platform
from ..record import replace
from . import cfg, world
from .image import read_image
from .select import Suite

DEFAULT_CFG = "unittests.cfg"
DEFAULT_TIMEOUT = "90s"


def expand(text: str, host: Host, where: str) -> Tuple[str, ...]:
    """The words of a value, as a shell would split it."""
    if not text.strip():
        return ()
    try:
        if not set("$`'\"\\#") & set(text):
            return tuple(text.split())
        if not set("$`") & set(text):
            import shlex
            return tuple(shlex.split(text, comments=True))
    except ValueError as error:
        raise UserError("%s: %s in: %s" % (where, error, text)) from None
    env = dict(host.env, **host.config)
    env.setdefault("MAX_SMP", str(os.cpu_count() or 1))
    done = subprocess.run(["bash", "-c", "printf '%s\\0' " + text], env=env,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, timeout=60)
    if done.returncode:
        raise UserError("%s: the shell refuses: %s" % (where, text))
    return tuple(word.decode("utf-8", "surrogateescape")
                 for word in done.stdout.split(b"\0")[:-1])


def find_image(host: Host, cfg_path: str, stanza: Stanza, own: bool) -> str:
    """The path of the stanza's image. A missing image is an error, never a skip."""
    places = [os.path.join(os.path.dirname(cfg_path), sub, stanza.file) for sub in ("", "x86")]
    if own:
        places.insert(0, os.path.join(host.build, "x86", stanza.file))
    for place in places:
        if os.path.isfile(place):
            return os.path.abspath(place)
    raise UserError("%s: [%s]: image %s is missing (looked for %s); run make, or "
                    "./run_tests.sh --setup" % (stanza.where, stanza.name, stanza.file, places[0]))


def read_stanzas(host: Host, cfg_path: str, settings: Sequence[str]) -> List[Stanza]:
    """The stanzas of the cfg file after --set."""
    shown = os.path.relpath(cfg_path) if not os.path.isabs(cfg_path) else cfg_path
    stanzas = cfg.parse(cfg.read_text(cfg_path), shown)
    for setting in settings:
        stanzas = cfg.override(stanzas, setting)
    return stanzas


def load(host: Host, cfg_path: str, stanzas: Sequence[Stanza], own: bool) -> List[Suite]:
    """All suites of a cfg file; every image is read once."""
    carried: Dict[str, Tuple[Optional[List[Case]], Tuple[str, ...]]] = {}
    suites = []
    for stanza in stanzas:
        image = find_image(host, cfg_path, stanza, own)
        if image not in carried:
            carried[image] = read_image(image)
        cases, quirks = carried[image]
        words = expand(stanza.test_args, host, stanza.where)
        if cases is not None:
            words = tuple(word for text in words for word in text.split())
            suite = Suite(stanza, image, False, tuple(cases), words, quirks)
            if not suite.cases:
                raise UserError("%s: [%s]: test_args leave no case of %s"
                                % (stanza.where, stanza.name, stanza.file))
        else:
            suite = Suite(replace(stanza, test_args=""), image, True,
                          (Case(WHOLE, sentence="the image as a whole"),), words)
        suites.append(suite)
    return suites


def make_job(suite: Suite, host: Host) -> Job:
    """What a platform's adapter needs to know to boot the suite."""
    stanza = suite.stanza
    return Job(stanza, suite.image, suite.foreign, expand(stanza.smp, host, stanza.where) or ("1",),
               expand(stanza.params, host, stanza.where),
               host.env.get("MACHINE", "") or stanza.machine)


def time_limit(stanza: Stanza, platform: Platform, host: Host) -> float:
    """The time limit in seconds; 0 means none. The platform scales a stanza's limit, but not that of
    the variable TIMEOUT."""
    if host.env.get("TIMEOUT"):
        return cfg.seconds(host.env["TIMEOUT"], "TIMEOUT=" + host.env["TIMEOUT"])
    scale = platform.time_scale
    if world.is_world(stanza):
        scale = max(scale, platform.world_scale)
    return cfg.seconds(stanza.timeout or DEFAULT_TIMEOUT, stanza.where) * scale


def why_not(stanza: Stanza, platform: Platform, host: Host) -> str:
    """The reason why this stanza is skipped on this platform, '' when it runs."""
    from fnmatch import fnmatchcase
    if stanza.arch and stanza.arch != "x86_64":
        return "%s only" % stanza.arch
    if stanza.accel and platform.accel not in stanza.accel.replace("|", " ").split():
        return "%s only" % stanza.accel
    if stanza.platforms and not any(fnmatchcase(platform.name, p) for p in stanza.platforms):
        return "only for platforms %s" % " ".join(stanza.platforms)
    machine = host.env.get("MACHINE", "")
    if stanza.machine and machine and machine != stanza.machine:
        return "%s only, but MACHINE=%s" % (stanza.machine, machine)
    for item in (host.env.get("CHECK", "") or stanza.check).split():
        path, equals, value = item.partition("=")
        if not equals:
            raise UserError("%s: check = %s: write PATH=VALUE" % (stanza.where, item))
        try:
            with open(path, encoding="utf-8", errors="replace") as stream:
                found = stream.read().rstrip("\n")
        except OSError:
            found = ""
        if found != value:
            return "%s not equal to %s" % (path, value)
    if stanza.disabled_if:
        done = subprocess.run(["bash", "-c", "if %s; then exit 3; else exit 4; fi"
                               % stanza.disabled_if], env=dict(host.env, **host.config),
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=False, timeout=60)
        if done.returncode == 3:
            return "disabled because: " + stanza.disabled_if
        if done.returncode != 4:
            raise UserError("%s: [%s]: bash cannot read disabled_if = %s"
                            % (stanza.where, stanza.name, stanza.disabled_if))
    return ""
