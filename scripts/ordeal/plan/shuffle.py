# SPDX-License-Identifier: BSD-2-Clause
"""Another order of a boot's cases, the same for the same seed, as the guest computes it
(lib/x86/boot/shuffle.c)."""
from typing import List, Sequence

_MULTIPLIER, _INCREMENT, _USED_FROM = 1664525, 1013904223, 16


def shuffled(names: Sequence[str], seed: int) -> List[str]:
    """The names in the order that belongs to the seed."""
    order = list(names)
    for left in range(len(order), 1, -1):
        seed = (seed * _MULTIPLIER + _INCREMENT) % (1 << 32)
        chosen = (seed >> _USED_FROM) % left
        order[left - 1], order[chosen] = order[chosen], order[left - 1]
    return order
