# SPDX-License-Identifier: BSD-2-Clause
"""The platform of a log that was captured elsewhere: it runs nothing, and its known deviations are
those of the platform that -p names.
"""
from typing import List, Optional, Tuple

from ..host import Host
from ..model import UserError
from .base import Need, Platform

#: What a machine is called that has no better name, and no known deviations.
PLAIN = "machine"


class CapturedPlatform(Platform):
    """Where a log was captured. like: the platform that it is, which need not be able to run here."""

    about = "a log that was captured elsewhere"

    def __init__(self, like: Optional[Platform] = None) -> None:
        self.like = like
        self.name = like.name if like else PLAIN
        self.accel = like.accel if like else PLAIN

    def needs(self, host: Host) -> List[Need]:
        return []

    def version(self, host: Host) -> str:
        """That of this machine's emulator, if there is one: a log does not say its own."""
        try:
            return self.like.version(host) if self.like else ""
        except (UserError, OSError, IndexError):
            return ""

    def expectations(self, host: Host) -> str:
        return self.like.expectations(host) if self.like else PLAIN

    def below(self, host: Host) -> Tuple[str, str]:
        return self.like.below(host) if self.like else ("", "")
