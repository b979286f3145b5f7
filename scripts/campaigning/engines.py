# SPDX-License-Identifier: BSD-2-Clause
"""What an engine needs to run a plan: a script for GNU parallel, a job array for Slurm, a job with
`parallel` for GitLab, a matrix for GitHub. docs/campaigns/ has a page for each.
"""
from typing import Callable, Dict

from ordeal.record import dataclass
from ordeal.text import shell_quote

from . import plan


@dataclass(frozen=True)
class Order:
    """What is to run. campaign: the path of scripts/campaign; file: the campaign file; jobs:
    how many units, tasks or jobs at once; chunk: units in a task; units: the list of them, '' for
    all."""
    campaign: str
    file: str
    plan: str
    results: str
    head: plan.Head
    jobs: int
    chunk: int
    units: str

    def run(self, more: str) -> str:
        """The command that runs some of the units."""
        return "%s run %s --results %s %s" % (
            shell_quote([self.campaign]), shell_quote([self.plan]), shell_quote([self.results]),
            more)


def _numbers(order: Order) -> str:
    """A shell command that prints the numbers of the units, one a line."""
    words = order.units or "0-%d" % (order.head.units - 1)
    return "; ".join("seq %s" % word.replace("-", " ") if "-" in word else "echo %s" % word
                     for word in words.split(","))


def parallel(order: Order) -> str:
    """A script for GNU parallel; its arguments go to parallel (--sshlogin, --sshloginfile)."""
    return """#!/bin/sh
# Units of the campaign %s with GNU parallel; arguments of this script go to parallel.
set -eu
{ %s; } |
	parallel --halt never --jobs %d --joblog %s "$@" \\
		%s
""" % (order.head.name, _numbers(order), order.jobs, shell_quote([order.results + ".joblog"]),
        shell_quote([order.run("--units {}")]))


def slurm(order: Order) -> str:
    """A batch script for a job array; a task runs chunk units one after the other."""
    if order.chunk == 1:
        array, units = order.units or "0-%d" % (order.head.units - 1), '"$SLURM_ARRAY_TASK_ID"'
        body = "exec " + order.run("--units " + units)
    else:
        array = "0-%d" % ((order.head.units - 1) // order.chunk)
        body = """first=$((SLURM_ARRAY_TASK_ID * %d))
last=$((first + %d))
[ "$last" -lt %d ] || last=%d
exec %s""" % (order.chunk, order.chunk - 1, order.head.units, order.head.units - 1,
              order.run('--units "$first-$last"'))
    return """#!/bin/sh
#SBATCH --job-name=%s
#SBATCH --array=%s%%%d
#SBATCH --ntasks=1
#SBATCH --requeue
# Units of the campaign %s: sbatch SCRIPT. A task that is run twice does nothing twice.
set -eu
%s
""" % (order.head.name, array, order.jobs, order.head.name, body)


def gitlab(order: Order) -> str:
    """Jobs for .gitlab-ci.yml: parts of the plan, and one that merges them."""
    return """# Part of .gitlab-ci.yml: the campaign %(name)s in %(jobs)d jobs, and their merge.
%(name)s:
  image: debian:bookworm
  parallel: %(jobs)d
  before_script: &setup
    - apt-get update
    - apt-get install -y --no-install-recommends git make gcc libc6-dev ca-certificates
    - ./scripts/setup.sh --packages
    - ./configure && make -j 2
  script:
    - scripts/campaign plan %(file)s -o plan.jsonl
    - scripts/campaign run plan.jsonl --results results --part "$CI_NODE_INDEX/$CI_NODE_TOTAL"
  artifacts:
    when: always
    paths: [results/units/]

%(name)s-merge:
  image: debian:bookworm
  needs: [%(name)s]
  when: always
  before_script: *setup
  script:
    - scripts/campaign plan %(file)s -o plan.jsonl
    - scripts/campaign merge plan.jsonl results -o merged.jsonl
  artifacts:
    when: always
    paths: [merged.jsonl]
""" % {"name": order.head.name, "jobs": order.jobs, "file": order.file}


def github(order: Order) -> str:
    """A workflow: a matrix of parts of the plan, and a job that merges them."""
    return """# .github/workflows/%(name)s.yml: the campaign in %(jobs)d jobs, and their merge.
name: %(name)s
on: [workflow_dispatch]
jobs:
  run:
    runs-on: ubuntu-latest
    strategy:
      fail-fast: false
      matrix:
        part: [%(parts)s]
    steps:
      - uses: actions/checkout@v4
      - run: ./scripts/setup.sh --packages && ./configure && make -j 2
      - run: scripts/campaign plan %(file)s -o plan.jsonl
      - run: scripts/campaign run plan.jsonl --results results --part ${{ matrix.part }}/%(jobs)d
      - if: always()
        uses: actions/upload-artifact@v4
        with:
          name: results-${{ matrix.part }}
          path: results/
  merge:
    runs-on: ubuntu-latest
    needs: run
    if: always()
    steps:
      - uses: actions/checkout@v4
      - run: ./scripts/setup.sh --packages && ./configure && make -j 2
      - uses: actions/download-artifact@v4
        with:
          path: results
          pattern: results-*
          merge-multiple: true
      - run: scripts/campaign plan %(file)s -o plan.jsonl
      - run: scripts/campaign merge plan.jsonl results -o merged.jsonl
      - if: always()
        uses: actions/upload-artifact@v4
        with:
          name: merged
          path: merged.jsonl
""" % {"name": order.head.name, "jobs": order.jobs, "file": order.file,
        "parts": ", ".join(str(number) for number in range(1, order.jobs + 1))}


ENGINES: Dict[str, Callable[[Order], str]] = {
    "parallel": parallel, "slurm": slurm, "gitlab": gitlab, "github": github}
