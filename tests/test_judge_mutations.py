# SPDX-License-Identifier: BSD-2-Clause
"""10,000 mutations of good logs: no PASS that the log does not fully prove.

The proof is checked by an oracle that knows nothing of the judge's states: a case may pass only if
every line of the grammar up to its DONE, except ENV, is exactly the original's; all cases may pass
only if every line is.
"""
import random

import loglib
from ordeal.judge.scan import WORDS
from ordeal.judge.session import BootPlan, Ending, judge

SEED, ROUNDS = 20261122, 10000
NAMES = ("a", "bb", "c_c", "d")
ENDINGS = (Ending("exit", 0), Ending("exit", 1), Ending("off"), Ending("timeout"),
           Ending("signal"), Ending("vmm"), Ending("stopped"))


def original(rng, nonce="n1"):
    """A good log with random verdicts, and these. Another boot has another nonce."""
    cases = {name: rng.choice(("PASS", "PASS", "PASS", "FAIL", "SKIP")) for name in NAMES}
    lines = loglib.good_log(cases, nonce=nonce)
    for _ in range(rng.randrange(3)):
        lines.insert(rng.randrange(len(lines)), "firmware says %d" % rng.randrange(99))
    return loglib.data(lines), cases


def cut(rng, data):
    """Truncated at any byte."""
    return data[:rng.randrange(len(data))]


def drop(rng, data):
    """A line lost."""
    lines = data.split(b"\n")
    del lines[rng.randrange(len(lines))]
    return b"\n".join(lines)


def double(rng, data):
    """A line doubled."""
    lines = data.split(b"\n")
    at = rng.randrange(len(lines))
    return b"\n".join(lines[:at] + [lines[at]] + lines[at:])


def swap(rng, data):
    """Two lines swapped."""
    lines = data.split(b"\n")
    i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[i], lines[j] = lines[j], lines[i]
    return b"\n".join(lines)


def mix(rng, data):
    """Two consoles on one wire, piece by piece."""
    other, _ = original(rng, "n2")
    out = b""
    while data or other:
        size = rng.randrange(1, 200)
        out, data = out + data[:size], data[size:]
        size = rng.randrange(1, 200)
        out, other = out + other[:size], other[size:]
    return out


def noise(rng, data):
    """Random bytes anywhere."""
    at = rng.randrange(len(data))
    return data[:at] + bytes(rng.randrange(256) for _ in range(rng.randrange(1, 40))) + data[at:]


def flip(rng, data):
    """One bit flipped."""
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1:]


def stretch(rng, data):
    """Much without a line end."""
    at = rng.randrange(len(data))
    return data[:at] + rng.choice((b"x", b"\r", b"\0")) * rng.choice((70000, 300000)) + data[at:]


def forge(rng, data):
    """An END, a DONE or a whole verdict that nobody wrote."""
    lines = data.split(b"\n")
    line = rng.choice((b"END n1 cases=4 pass=4 fail=0 skip=0 error=0 crc=00000000",
                       b"DONE: bb crc=12345678", b"PASS: fake: c_c: the sentence",
                       b"SUMMARY: 4 tests", b"CASE: d", b"ORDEAL 1 suite=fake nonce=n1"))
    lines.insert(rng.randrange(len(lines)), line)
    return b"\n".join(lines)


def splice(rng, data):
    """The head of one log on the tail of another."""
    other, _ = original(rng, "n2")
    return data[:rng.randrange(len(data))] + other[rng.randrange(len(other)):]


MUTATIONS = (cut, drop, double, swap, mix, noise, flip, stretch, forge, splice)


def protocol(data):
    """The complete lines that begin with a word of the grammar."""
    lines = [line[:-1] if line.endswith(b"\r") else line for line in data.split(b"\n")[:-1]]
    return [line for line in lines if line.startswith(WORDS)]


def proved(before, after, cases):
    """The cases whose verdicts the mutated log proves, by comparison with the original."""
    whole = before == after
    # ENV lines prove nothing about a case; only END covers them, so only `whole` asks for them.
    before, after = [[line for line in lines if not line.startswith(b"ENV:")]
                     for lines in (before, after)]
    same = 0
    while same < min(len(before), len(after)) and before[same] == after[same]:
        same += 1
    done = {line.split()[1].decode(): i for i, line in enumerate(before)
            if line.startswith(b"DONE:")}
    return {name for name in cases if done[name] < same}, whole


def test_no_mutation_yields_a_pass_that_the_log_does_not_prove():
    rng = random.Random(SEED)
    greens = 0
    for number in range(ROUNDS):
        good, cases = original(rng)
        data = good
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            data = rng.choice(MUTATIONS)(rng, data) if data else data
        ending = rng.choice(ENDINGS)
        judgement = judge(data, ending, BootPlan("n1", NAMES))
        believed, whole = proved(protocol(good), protocol(data), cases)
        where = "round %d of seed %d" % (number, SEED)
        assert set(judgement.cases) | set(judgement.rest) == set(NAMES), where
        assert not set(judgement.cases) & set(judgement.rest), where
        for name, case in judgement.cases.items():
            if case.verdict in ("PASS", "SKIP", "FAIL"):
                assert name in believed and case.verdict == cases[name], where
        if not judgement.why:
            assert whole, where
            greens += 1
    # The test would prove nothing if nothing ever came through unharmed.
    assert greens > 50


def test_feeding_in_pieces_makes_no_difference():
    from ordeal.judge.session import Session
    rng = random.Random(SEED)
    for _ in range(200):
        data, _ = original(rng)
        data = rng.choice(MUTATIONS)(rng, data)
        session = Session(BootPlan("n1", NAMES))
        at = 0
        while at < len(data):
            size = rng.randrange(1, 5000)
            session.feed(data[at:at + size])
            at += size
        assert session.finish(ENDINGS[0]) == judge(data, ENDINGS[0], BootPlan("n1", NAMES))
