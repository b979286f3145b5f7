# SPDX-License-Identifier: BSD-2-Clause
"""The engines that run campaigns: what each is given must run, and merge to the run of one machine.

Slurm is a real one, with two nodes on this machine, of which one is killed; GNU parallel is real,
too, but its ssh is a script. Where one of them is not installed its tests are skipped, and say so.
"""
import os
import re
import shutil
import subprocess
import tempfile
import time

import pytest
import slurm
from campaign_tree import Campaign, timeless
from conftest import FAKE

#: Holds the emulator on the node n2 while a file exists.
QEMU = """#!/bin/sh
while [ -e %s/hold ] && [ "$SLURMD_NODENAME" = n2 ]; do sleep 0.1; done
exec %s "$@"
"""
SSH = """#!/bin/sh
while [ "${1#-}" != "$1" ]; do shift; done
host=$1; shift
[ "$1" != -- ] || shift
echo "$host" >>%s/hosts
exec sh -c "$*"
"""


@pytest.fixture
def campaign(tree):
    """A campaign of six units."""
    made = Campaign(tree)
    path = tree.write("qemu", QEMU % (tree.path, FAKE))
    os.chmod(path, 0o755)
    tree.env["QEMU"] = path
    made.make("platforms = tcg\nsuites = a b c\nshards = 2\n")
    return made


def single(campaign):
    """The result lines of the same units, run one after the other on one machine."""
    results = campaign.results
    campaign.results = os.path.join(campaign.path, "single")
    assert campaign.run().returncode == 0
    done, records = campaign.merge()
    campaign.results = results
    assert campaign.missing == "" and len(timeless(records)) == 9
    return timeless(records)


def engine(campaign, name, *words):
    """What the engine is given."""
    done = campaign.call("engine", name, campaign.plan, "--results", campaign.results, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


# -- Slurm --------------------------------------------------------------------------------------


@pytest.fixture
def cluster(campaign):
    lacking = slurm.missing()
    if lacking:
        pytest.skip("Slurm: " + lacking)
    # Not in pytest's directory, which munge's user may not enter.
    place = tempfile.mkdtemp(prefix="ordeal-slurm-")
    os.chmod(place, 0o755)
    made = slurm.Slurm(place, ("n1", "n2"))
    made.env.update(campaign.tree.environment({"PATH": made.env["PATH"],
                                               "SLURM_CONF": made.env["SLURM_CONF"]}))
    try:
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(place)


def submit(campaign, cluster, *words):
    """sbatch of the script for the campaign."""
    script = campaign.tree.write("job.sh", engine(campaign, "slurm", "-j", "2", *words))
    said = cluster.ask("sbatch", "--chdir", campaign.path, "-o", campaign.path + "/job-%a.txt", script)
    assert "Submitted batch job" in said, said


def wait(cluster, ready):
    """Until the queue is so."""
    deadline = time.monotonic() + 90
    while not ready(cluster.ask("squeue", "-h", "-r", "-o", "%T %N").splitlines()):
        assert time.monotonic() < deadline, cluster.said()
        time.sleep(0.2)


def test_slurm_with_a_node_that_is_killed(campaign, cluster):
    """Two nodes run the array; one dies in the middle of a unit. The units without a result are
    found, submitted again, and all is as on one machine."""
    want = single(campaign)
    open(os.path.join(campaign.path, "hold"), "w", encoding="ascii").close()
    submit(campaign, cluster)
    wait(cluster, lambda queue: queue == ["RUNNING n2"])
    assert len(cluster.steps("n2")) >= 3
    cluster.kill("n2")
    cluster.ask("scancel", "--user=root")
    os.unlink(os.path.join(campaign.path, "hold"))
    done, records = campaign.merge()
    assert done.returncode == 1 and re.fullmatch("[0-5]", campaign.missing), done.stdout
    assert "6 units: 5 whole, 1 missing" in done.stdout and timeless(records) != want
    submit(campaign, cluster, "--units", campaign.missing)
    wait(cluster, lambda queue: not [line for line in queue if line.endswith(" n1")]
         and os.path.exists(campaign.place(int(campaign.missing))))
    _, records = campaign.merge()
    assert campaign.missing == "" and timeless(records) == want


def test_slurm_with_several_units_in_a_task(campaign, cluster):
    """The last task has fewer."""
    want = single(campaign)
    submit(campaign, cluster, "--chunk", "4")
    wait(cluster, lambda queue: not queue and os.path.exists(campaign.place(5)))
    _, records = campaign.merge()
    assert campaign.missing == "" and timeless(records) == want


# -- GNU parallel -------------------------------------------------------------------------------


def parallel(campaign, *words):
    """Run the script for GNU parallel with these words for it."""
    if not shutil.which("parallel"):
        pytest.skip("GNU parallel is not installed; apt-get install parallel")
    path = campaign.tree.write("go.sh", engine(campaign, "parallel", "-j", "2"))
    ssh = campaign.tree.write("ssh", SSH % campaign.path)
    os.chmod(ssh, 0o755)
    done = subprocess.run(["sh", path, *words], cwd=campaign.path, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=120, check=False,
                          env=campaign.tree.environment({"PARALLEL_SSH": ssh, "HOME": campaign.path}))
    assert done.returncode == 0, done.stdout


def test_parallel_on_one_machine(campaign):
    want = single(campaign)
    parallel(campaign)
    _, records = campaign.merge()
    assert campaign.missing == "" and timeless(records) == want
    with open(campaign.results + ".joblog", encoding="ascii") as stream:
        assert len(stream.readlines()) == 7


def test_parallel_on_two_machines_by_ssh(campaign):
    """The machines are this one, twice, but everything goes through ssh."""
    want = single(campaign)
    parallel(campaign, "--sshlogin", "1/alpha,1/beta", "--workdir", campaign.path, "--env", "QEMU",
             "--env", "FAKE_STATE", "--env", "TMPDIR")
    _, records = campaign.merge()
    assert campaign.missing == "" and timeless(records) == want
    with open(os.path.join(campaign.path, "hosts"), encoding="ascii") as stream:
        assert {"alpha", "beta"} <= set(stream.read().split())


# -- GitLab and GitHub --------------------------------------------------------------------------


def commands(text, campaign):
    """The commands of scripts/campaign in a job, without list marks, for this campaign's directory."""
    found = [re.sub(r"^\s*-? ?(run: )?", "", line) for line in text.splitlines()
             if "scripts/campaign " in line]
    found = [line.replace("plan.jsonl", campaign.plan) for line in found]
    return [re.sub(r"(?<= )results(?= )", campaign.results, line) for line in found]


def carry_out(campaign, line, env=()):
    """One command, as the job's shell would."""
    return subprocess.run(["sh", "-c", line.replace("scripts/campaign", os.path.join(
        os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "scripts", "campaign"), 1)],
        cwd=campaign.path, env=campaign.tree.environment(dict(env)), stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=60, check=False)


@pytest.mark.parametrize("name", ["gitlab", "github"])
def test_jobs_of_a_forge(campaign, name):
    """Their commands, with the variables that the forge sets, each part by itself, then the merge."""
    want = single(campaign)
    text = engine(campaign, name, "--file", "c.campaign", "-j", "4")
    for number, line in enumerate(text.splitlines()):
        assert "\t" not in line and len(line) - len(line.lstrip()) in (0, 2, 4, 6, 8, 10), number
    plan, run, again, merge = commands(text, campaign)
    assert plan == again and "parallel: 4" in text or "part: [1, 2, 3, 4]" in text
    for part in range(1, 5):
        assert carry_out(campaign, plan).returncode == 0
        done = carry_out(campaign, run.replace("${{ matrix.part }}", str(part)),
                         {"CI_NODE_INDEX": str(part), "CI_NODE_TOTAL": "4"})
        assert done.returncode == 0 and "units ran, 0 of them without" in done.stdout, done.stdout
    done = carry_out(campaign, merge)
    assert "6 units: 6 whole, 0 missing" in done.stdout, done.stdout
    _, records = campaign.merge()
    assert timeless(records) == want


def test_a_part_that_is_no_part(campaign):
    for part in ("0/4", "5/4", "1", "a/b", "1/0"):
        done = campaign.run("--part", part)
        assert done.returncode == 2 and "give I/N" in done.stderr
