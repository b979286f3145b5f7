#!/usr/bin/python3 -IS
# SPDX-License-Identifier: BSD-2-Clause
"""Stands for QEMU where the lab saves a machine's state and goes on from it.

Each state that it saves is the next word of the file $FAKE_STATES, and that word says how the state
behaves when it is loaded. What it is told over QMP goes, line by line, into the file $FAKE_SAID.
"""
import json
import os
import socket
import subprocess
import sys
import time


def option(name: str) -> str:
    """The word that follows this one on the command line; '' if there is none."""
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else ""


def load() -> int:
    """Go on from a state."""
    word = subprocess.run(["sh", "-c", option("-incoming")[len("exec:"):]],
                          stdout=subprocess.PIPE, check=True).stdout.decode()
    with open(option("-serial")[len("file:"):], "w", encoding="ascii") as console:
        if word == "torn":
            console.write("booting\n[    0.1] Oops: 0000 [#1]\n")
    if word == "refused":
        sys.stderr.write("qemu: load of migration failed: Invalid argument\n")
        return 1
    if word == "hangs":
        time.sleep(60)
    if word in ("good", "torn"):
        print("LAB empty OVER")
    return 0


def save() -> None:
    """Boot until READY, then do as the monitor says."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(option("-qmp")[len("unix:"):].partition(",")[0])
        listener.listen(1)
        print("READY", flush=True)
        stream = listener.accept()[0].makefile("rw")
    stream.write("{}\n")
    stream.flush()
    for line in stream:
        call = json.loads(line)
        with open(os.environ["FAKE_SAID"], "a", encoding="ascii") as said:
            said.write(" ".join([call["execute"], *sys.argv[1:]]) + "\n")
        if call["execute"] == "migrate":
            with open(os.environ["FAKE_STATES"], encoding="ascii") as states:
                word, *rest = states.read().split()
            with open(os.environ["FAKE_STATES"], "w", encoding="ascii") as states:
                states.write(" ".join(rest))
            subprocess.run(["sh", "-c", call["arguments"]["uri"][len("exec:"):]],
                           input=word.encode(), check=True)
        status = {"status": "completed"} if call["execute"] == "query-migrate" else {}
        stream.write(json.dumps({"return": status}) + "\n")
        stream.flush()
        if call["execute"] == "quit":
            return


if __name__ == "__main__":
    sys.exit(load() if "-incoming" in sys.argv else save())
