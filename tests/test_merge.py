# SPDX-License-Identifier: BSD-2-Clause
"""Campaigns: results put together whatever became of them, in memory that does not grow."""
import hashlib
import json
import os
import random
import subprocess
import sys

import pytest
from campaign_tree import SCRIPT, Campaign, timeless

from campaigning import frames, plan


@pytest.fixture
def campaign(tree):
    return Campaign(tree)


# -- what becomes of results --------------------------------------------------------------------


def whole(campaign, texts=("platforms = tcg\nsuites = a b c\n",)):
    """A campaign whose units all have their results; their bytes."""
    campaign.make(*texts)
    assert campaign.run().returncode == 0
    found = []
    for number in range(3):
        with open(campaign.place(number), "rb") as stream:
            found.append(stream.read())
    return found


def put(campaign, *pieces):
    """One file with these bytes in place of all results."""
    path = os.path.join(campaign.path, "spool.jsonl")
    with open(path, "wb") as out:
        out.write(b"".join(pieces))
    return (path,)


def test_results_in_one_file_and_in_any_order(campaign):
    a, b, c = whole(campaign)
    _, good = campaign.merge()
    _, records = campaign.merge(places=put(campaign, c, a, b))
    assert timeless(records) == timeless(good) and campaign.missing == ""


@pytest.mark.parametrize("spoil,said", [
    (lambda b: b[:len(b) // 2], "it ends before its last line"),
    (lambda b: b[:-1], "it ends before its last line"),
    (lambda b: b"".join(b.splitlines(True)[:3] + b.splitlines(True)[4:]), "lines, not"),
    (lambda b: b"".join([b.splitlines(True)[i] for i in (0, 1, 3, 2)] + b.splitlines(True)[4:]),
     "in another order"),
    (lambda b: b.replace(b'"verdict":"FAIL"', b'"verdict":"PASS"'), "not those that were written"),
    (lambda b: b.replace(b'"n":1,', b'"n":2,', 1), "its last line is of another unit"),
    (lambda b: b"".join(b.splitlines(True)[1:]), "lines outside of any result"),
    (lambda b: b"", "")])
def test_what_is_lost_or_damaged_is_planned_again(campaign, spoil, said):
    """Only this unit; the others count."""
    a, b, c = whole(campaign)
    for order in ((a, spoil(b), c), (spoil(b), c, a)):
        done, records = campaign.merge(places=put(campaign, *order))
        assert done.returncode == 1 and campaign.missing == "1", done.stdout
        assert said in done.stdout and "to run again: --units 1" in done.stdout
        assert {r["case"].partition("/")[0] for r in records if r["type"] == "result"} == {"a", "c"}
        assert records[-1]["interrupted"] and "units without a result: 1" in records[-1]["complaints"][0]


def test_lines_of_two_workers_in_one_another(campaign):
    """Two results whose lines were mixed are none."""
    a, b, c = whole(campaign)
    mixed = b"".join(line for pair in zip(a.splitlines(True), b.splitlines(True)) for line in pair)
    done, _ = campaign.merge(places=put(campaign, mixed, c))
    assert done.returncode == 1 and campaign.missing == "0-1"


def test_what_came_twice(campaign):
    """Once, if both say the same but for times; again, if they do not, whichever came first."""
    a, b, c = whole(campaign)
    os.unlink(campaign.place(1))
    campaign.run("--units", "1")
    with open(campaign.place(1), "rb") as stream:
        second = stream.read()
    assert second != b  # other times
    _, good = campaign.merge()
    done, records = campaign.merge(places=put(campaign, a, b, second, c, a))
    assert "2 doubled" in done.stdout and campaign.missing == ""
    assert timeless(records) == timeless(good)
    lines = b.splitlines(True)
    other = frames.framed(json.loads(lines[0])["plan"], 1, "s/tcg/b", [
        line.replace(b'"verdict":"FAIL"', b'"verdict":"PASS"') for line in lines[1:-1]])
    for order in ((a, b, other, c), (other, a, c, b)):
        done, _ = campaign.merge(places=put(campaign, *order))
        assert campaign.missing == "1" and "unit 1 differs from its result in" in done.stdout


def reframed(data, **changes):
    """The result with other fields in its fingerprint, whole all the same."""
    lines = data.splitlines(True)
    head = json.loads(lines[0])
    body = [json.dumps({**json.loads(line), **changes}, separators=(",", ":")).encode() + b"\n"
            if b'"type":"fingerprint"' in line else line for line in lines[1:-1]]
    return frames.framed(head["plan"], head["n"], head["name"], body)


def test_a_worker_with_another_commit_is_refused_unless_allowed_by_name(campaign):
    a, b, c = whole(campaign)
    other = reframed(b, commit="f" * 40, dirty=False)
    places = put(campaign, a, other, c)
    done, _ = campaign.merge(places=places)
    assert done.returncode == 1 and campaign.missing == "1" and "1 refused" in done.stdout
    assert "its worker has commit %s, the plan " % ("f" * 40) in done.stdout
    _, records = campaign.merge("--allow", "f" * 40, places=places)
    assert campaign.missing == "" and len(timeless(records)) == 9
    campaign.merge("--allow", "e" * 40, places=places)
    assert campaign.missing == "1"
    dirty = reframed(b, dirty=not json.loads(next(
        line for line in b.splitlines() if b"fingerprint" in line))["dirty"])
    campaign.merge(places=put(campaign, a, dirty, c))
    assert campaign.missing == "1"


def test_a_worker_with_another_compiler_is_refused_unless_allowed_by_name(campaign):
    a, b, c = whole(campaign)
    lines = b.splitlines(True)
    body = [line.replace(b'"env":[', b'"env":["build=x compiler=clang_19",') for line in lines[1:-1]]
    other = frames.framed(json.loads(lines[0])["plan"], 1, "s/tcg/b", body)
    assert other != b
    done, _ = campaign.merge(places=put(campaign, a, other, c))
    assert campaign.missing == "1" and "its images are of clang_19, the plan's of" in done.stdout
    campaign.merge("--allow", "clang_19", places=put(campaign, a, other, c))
    assert campaign.missing == ""


def test_results_of_another_plan_do_not_count(campaign):
    whole(campaign)
    campaign.make("platforms = tcg\nsuites = a b\n")
    done, _ = campaign.merge()
    assert campaign.missing == "0-1" and "3 foreign" in done.stdout and "is of another plan" in done.stdout
    assert "2 units ran" in campaign.run().stdout


def test_status_writes_nothing(campaign):
    campaign.make()
    campaign.run("--units", "0,2")
    done = campaign.call("status", campaign.plan, campaign.results)
    assert done.returncode == 1 and "3 units: 2 whole, 1 missing" in done.stdout
    assert "--units 1\n" in done.stdout
    campaign.run()
    done = campaign.call("status", campaign.plan, campaign.results)
    assert done.returncode == 0 and "3 units: 3 whole, 0 missing" in done.stdout


def test_a_merge_that_cannot_be_written(campaign):
    whole(campaign)
    done = campaign.call("merge", campaign.plan, campaign.results, "-o", "/nowhere/m")
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1 and "/nowhere/m" in done.stderr


# -- many ---------------------------------------------------------------------------------------

#: Peak memory as VmHWM: what getrusage() says begins with that of the process before exec.
MEASURE = """import runpy, sys, time
started = time.monotonic()
sys.argv = sys.argv[1:]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
except SystemExit as end:
    print("STATUS", end.code)
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print("PEAK", peak, time.monotonic() - started)
"""


def simulated(directory, count, files):
    """A plan of count units, and their results, each with one case, in so many files, in no order."""
    body = [plan.line(plan.Unit(n, "s/tcg/%d" % n, ("-p", "tcg", "a"))) for n in range(count)]
    digest = hashlib.sha256("".join(body).encode()).hexdigest()
    with open(directory / "plan", "w", encoding="ascii") as out:
        out.write(json.dumps({"type": "plan", "schema": 1, "name": "many", "units": count,
                              "digest": digest, "commit": "c", "compiler": "g"}) + "\n")
        out.writelines(body)
    order = list(range(count))
    random.Random(1).shuffle(order)
    result = b'{"type":"result","platform":"tcg","case":"a/x","verdict":"PASS","unexpected":false,' \
        b'"sentence":"' + b"s" * 200 + b'","index":0,"seconds":0.1}\n'
    head = [b'{"type":"start","platforms":[{"name":"tcg"}]}\n',
            b'{"type":"fingerprint","commit":"c","dirty":false}\n', result]
    for share in range(files):
        with open(directory / ("spool%d.jsonl" % share), "wb") as out:
            for number in order[share::files]:
                out.write(frames.framed(digest, number, "s/tcg/%d" % number, head))


def peak(directory, count, files=5):
    """Peak memory in KiB, and seconds, of merging so many results."""
    simulated(directory, count, files)
    done = subprocess.run([sys.executable, "-c", MEASURE, SCRIPT, "merge", str(directory / "plan"),
                           *[str(directory / ("spool%d.jsonl" % n)) for n in range(files)],
                           "-o", str(directory / "merged")], stdout=subprocess.PIPE, text=True,
                          check=True, timeout=1200)
    assert "STATUS 0" in done.stdout and "%d whole, 0 missing" % count in done.stdout, done.stdout
    with open(directory / "merged", "rb") as stream:
        indices = (json.loads(line)["index"] for line in stream if b'"type":"result"' in line)
        assert all(index == number for number, index in enumerate(indices))
    words = done.stdout.split("PEAK")[1].split()
    return int(words[0]), float(words[1])


def test_memory_does_not_grow_with_results(tmp_path):
    """Twenty times as many results, the same memory. With ORDEAL_SLOW a million; prints the figure."""
    few, many = tmp_path / "few", tmp_path / "many"
    few.mkdir()
    many.mkdir()
    count = 1000000 if os.environ.get("ORDEAL_SLOW") else 20000
    small, _ = peak(few, 1000)
    large, seconds = peak(many, count)
    print("merge of %d results: %.1f MiB at most, %.1f s; of 1000: %.1f MiB" % (
        count, large / 1024, seconds, small / 1024))
    assert large < small + 2048, (small, large)
