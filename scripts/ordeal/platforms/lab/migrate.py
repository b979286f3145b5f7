# SPDX-License-Identifier: BSD-2-Clause
"""NAME+migrate: the lab's KVM, and every case played again with its virtual machine migrated.

The launcher (scripts/lab/vmm) saves all that KVM keeps of the virtual CPU, throws the virtual
machine away, makes a new one with the same memory, restores the state, and goes on; --migrate says
when. A case passes if its migrated plays are as the first one, whatever that was (judge/moves.py).
So these platforms have expectations of their own, and those of the emulator below do not matter.
"""
from typing import Dict, List, Tuple

from ...host import Host
from ...judge.moves import launcher_words
from ..base import Job, Launch
from .kvm import KvmAmdTcg
from .kvm_bochs import KvmIntelBochs

SUFFIX = "+migrate"


class _Migrates(KvmAmdTcg):
    """The common part: to be named before the platform that it changes."""

    #: The time limits are those of one case and all its plays.
    time_scale = 20.0

    def __init__(self, *args: str) -> None:
        super().__init__(*args)
        self.name = named(self.name, self.root)
        self.about += ", migrated"

    def expectations(self, host: Host) -> str:
        return super().expectations(host) + SUFFIX

    def below(self, host: Host) -> Tuple[str, str]:
        return "", ""

    def _choose(self, host: Host) -> None:
        self.migrates = host.lab.get("migrate") or "every-exit"
        self.launcher_words = tuple(launcher_words(self.migrates))

    def identity(self, host: Host) -> Dict[str, str]:
        self._choose(host)  # also for a boot from the cache, which is judged as a migrated one
        return {**super().identity(host), "launcher": " ".join(self.launcher_words)}

    def launch_many(self, host: Host, parts: List[Tuple[Job, List[str]]], word: str,
                    work: str) -> Launch:
        self._choose(host)
        return super().launch_many(host, parts, word, work)


class KvmAmdTcgMigrate(_Migrates, KvmAmdTcg):
    """kvm-amd@tcg, migrated."""


class KvmIntelBochsMigrate(_Migrates, KvmIntelBochs):
    """kvm-intel@bochs, migrated."""


def named(name: str, root: str) -> str:
    """The platform's name with the suffix, which stands before that of the root."""
    tail = "+" + root if root else ""
    return name[:len(name) - len(tail)] + SUFFIX + tail


def plain(name: str) -> str:
    """The name of the same platform without migration."""
    return name.replace(SUFFIX, "")
