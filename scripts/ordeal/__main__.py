# SPDX-License-Identifier: BSD-2-Clause
"""The entry point, called by run_tests.sh: `python3 -I -S scripts/ordeal/__main__.py ARG...`.

This module keeps the one promise about errors: one line that says what is wrong, and exit status 2.
"""
import gc
import os
import sys
import time


def _package() -> None:
    """Add scripts/ to the import path, which `python3 -I` leaves out."""
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def main() -> int:
    """The exit status."""
    gc.disable()  # loading leaves no garbage; a run collects its garbage less often than usual
    from ordeal.agenda import Agenda
    from ordeal.app import run
    from ordeal.host import find_host
    from ordeal.model import UserError
    from ordeal.options import USAGE, parse
    started = time.monotonic()
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    try:
        options = parse(sys.argv[1:])
        if options.flag("help"):
            print(USAGE)
            return 0
        host = find_host(root, dict(os.environ))
        if options.flag("platforms"):
            from ordeal import listing
            listing.platforms(host)
            return 0
        if options.one("versions"):
            from ordeal import listing
            listing.versions(host, options.one("versions"))
            return 0
        if options.one("write-case"):
            from ordeal import listing
            listing.case_of(host, options.one("write-case"))
            return 0
        if options.one("history"):
            from ordeal.plan import versioned
            options.values["platform"] = versioned.timeline(host, options.one("history"))
        agenda = Agenda(host, options)
        if options.flag("list"):
            from ordeal import listing
            listing.tests(agenda)
            return 0
        agenda.load()
        if options.flag("list-cases"):
            from ordeal import listing
            listing.cases(agenda)
            return 0
        agenda.prepare()
        gc.set_threshold(50000)
        gc.enable()
        return run(agenda, sys.argv[1:], started)
    except UserError as error:
        sys.stdout.flush()
        sys.stderr.write("run_tests.sh: %s\n" % error)
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 2
    except OSError as error:
        sys.stderr.write("run_tests.sh: %s: %s\n" % (error.filename or "system", error.strerror))
        return 2


if __name__ == "__main__":
    if sys.version_info < (3, 9):
        sys.stderr.write("run_tests.sh: this Python is %d.%d; install 3.9 or later\n"
                         % sys.version_info[:2])
        sys.exit(2)
    _package()
    sys.exit(main())
