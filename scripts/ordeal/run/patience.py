# SPDX-License-Identifier: BSD-2-Clause
"""How long the host kept a machine waiting for a processor. Other work on the host is no fault of the
guest's, so that this time counts for no time limit."""
import glob

NANOSECONDS = 1e9


def held_up(pid: int) -> float:
    """The seconds that the thread which waited longest has been ready to run, but was not running;
    0.0 if the kernel does not say, or the process is gone."""
    longest = 0
    for path in glob.glob("/proc/%d/task/*/schedstat" % pid):
        try:
            with open(path, encoding="ascii") as stream:
                longest = max(longest, int(stream.read().split()[1]))
        except (OSError, ValueError, IndexError):
            pass
    return longest / NANOSECONDS
