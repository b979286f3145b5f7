# SPDX-License-Identifier: BSD-2-Clause
"""A boot from the cache: its log is written and judged as if the machine had just printed it."""
from ..model import UserError
from .cache import Entry
from .engine import Boot, StoredLog, tail_of


def replay(boot: Boot, entry: Entry, key: str) -> None:
    """Give the boot the console and the end that the entry keeps."""
    boot.cached = {"key": key, "recorded": entry.recorded, "build": entry.build}
    head = "--- from the cache: key %s, recorded %s by build %s in %.3f s\n" % (
        key, entry.recorded, entry.build, entry.seconds)
    boot.seconds, boot.status, boot.stderr, boot.kept = \
        entry.seconds, entry.status, entry.stderr, entry.kept
    try:
        log = StoredLog(boot.log_path, boot.append, head)
        log.write(entry.console)
        boot.session.feed(entry.console)
        boot.ending = boot.platform.ending(entry.status, entry.stderr, entry.kept)
        boot.judgement = boot.session.finish(boot.ending)
        log.close(tail_of(boot))
    except OSError as error:
        raise UserError("cannot write %s: %s" % (boot.log_path, error.strerror)) from None
