# SPDX-License-Identifier: BSD-2-Clause
"""What a run's results depend on: sources, compiler, emulators, kernel, processor, environment.

The fingerprint is gathered after the first machine has started, because asking git takes too long
to let that machine wait.
"""
import os
import subprocess
import sys
from typing import Any, Dict, Sequence, Tuple

from ..host import Host
from ..plan.image import compiler
from ..plan.select import Suite
from ..platforms.base import Platform


def _git(root: str, *words: str) -> str:
    try:
        done = subprocess.run(["git", "-C", root, *words], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False,
                              timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else ""


def tree(root: str) -> Tuple[str, bool]:
    """The commit of the source tree, and whether a file of it was changed since."""
    return _git(root, "rev-parse", "HEAD"), bool(
        _git(root, "status", "--porcelain", "--untracked-files=no"))


def _cpu_model() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as stream:
            for line in stream:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return ""


def gather(host: Host, platforms: Sequence[Platform], suites: Sequence[Suite]) -> Dict[str, Any]:
    """The fingerprint record."""
    kernel = os.uname()
    compilers = sorted({compiler(suite.image) for suite in suites} - {""})
    commit, dirty = tree(host.root)
    return {"type": "fingerprint", "commit": commit, "dirty": dirty,
            "compilers": compilers,
            "kernel": "%s %s" % (kernel.sysname, kernel.release), "python": sys.version.split()[0],
            "host_cpu": _cpu_model(),
            "emulators": {p.name: p.version(host) for p in platforms},
            "environment": host.changed()}
