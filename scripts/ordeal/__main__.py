# SPDX-License-Identifier: BSD-2-Clause
"""The entry: `python3 scripts/ordeal`, called by run_tests.sh with the source tree's path.

Keeps the one promise about errors: one line that says what is wrong, and exit status 2.
"""
import os
import sys


def _package() -> None:
    """Started as a directory, Python puts that directory on the path; we want its parent."""
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def main() -> int:
    """The exit status."""
    from ordeal import listing
    from ordeal.app import Run
    from ordeal.host import find_host
    from ordeal.model import UserError
    from ordeal.options import USAGE, parse
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    try:
        options = parse(sys.argv[1:])
        if options.flag("help"):
            print(USAGE)
            return 0
        host = find_host(root, dict(os.environ))
        if options.flag("platforms"):
            listing.platforms(host)
            return 0
        run = Run(host, options, sys.argv[1:])
        if options.flag("list"):
            listing.tests(run)
            return 0
        run.load()
        if options.flag("list-cases"):
            listing.cases(run)
            return 0
        run.prepare()
        return run.execute()
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
    _package()
    sys.exit(main())
