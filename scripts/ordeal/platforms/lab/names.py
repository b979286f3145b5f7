# SPDX-License-Identifier: BSD-2-Clause
"""The lab's platforms by the words of their names, also those that no list has: any kernel, any Xen."""
from typing import List, Sequence

from ..base import Platform
from . import stock
from .kvm import DEFAULT_KERNEL, KvmAmdTcg
from .kvm_bochs import KvmIntelBochs
from .kvm_qemu import KvmAmdTcgQemu
from .migrate import SUFFIX, KvmAmdTcgMigrate, KvmIntelBochsMigrate
from .xen import DEFAULT_XEN, XenAmdTcg

KVM = {KvmAmdTcg.name: (KvmAmdTcg, KvmAmdTcgMigrate),
       KvmIntelBochs.name: (KvmIntelBochs, KvmIntelBochsMigrate)}


def kind_of(base: str) -> str:
    """What the versions of this platform are versions of: linux, xen, or '' for an emulator."""
    return "linux" if base in KVM else "xen" if base == XenAmdTcg.name else ""


def of(base: str, words: Sequence[str], root: str) -> List[Platform]:
    """The platform of this base, with these suffixes in any order and this root; none if a word means
    nothing here, or two mean the same."""
    versions = [word for word in words if stock.VERSION.fullmatch(word)
                and word.startswith(kind_of(base) + "-")]
    others = [word for word in words if word not in versions]
    if len(versions) > 1:
        return []
    if base == XenAmdTcg.name:
        return [] if others else [XenAmdTcg(root, *versions or (DEFAULT_XEN,))]
    if others == ["qemu"] and not versions and not root and base == KvmAmdTcg.name:
        return [KvmAmdTcgQemu()]
    if base not in KVM or others not in ([], [SUFFIX[1:]]):
        return []
    return [KVM[base][bool(others)](*versions or (DEFAULT_KERNEL,), root)]
