# SPDX-License-Identifier: BSD-2-Clause
"""A Slurm of our own on this machine: munged, slurmctld, and a slurmd for each node.

Everything is in one directory and listens on ports of its own; everything is ended by its pid. It
needs root, as slurmd does.
"""
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from typing import Dict, List, Sequence

PROGRAMS = ("slurmctld", "slurmd", "sbatch", "squeue", "sinfo", "scancel", "munged", "mungekey")
CONF = """ClusterName=ordeal
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmctldPort={port}
SlurmctldPidFile={place}/slurmctld.pid
SlurmctldLogFile={place}/slurmctld.log
SlurmdPidFile={place}/slurmd-%n.pid
SlurmdLogFile={place}/slurmd-%n.log
SlurmdSpoolDir={place}/spool-%n
StateSaveLocation={place}/state
AuthType=auth/munge
AuthInfo=socket={place}/munge/socket
CryptoType=crypto/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
SlurmdTimeout=10
InactiveLimit=0
KillWait=2
MinJobAge=300
SchedulerParameters=sched_interval=1,batch_sched_delay=0
{nodes}
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> str:
    """What this machine lacks, in one line; '' for nothing."""
    lacking = [name for name in PROGRAMS if not shutil.which(name, path=_path())]
    if lacking:
        return "%s not installed; apt-get install slurmctld slurmd slurm-client munge" % " ".join(lacking)
    if not os.path.exists("/sys/fs/cgroup/cgroup.controllers") \
            and not os.path.isdir("/sys/fs/cgroup/freezer"):
        return "slurmd needs control groups, and none are mounted on /sys/fs/cgroup"
    return "" if os.getuid() == 0 else "slurmd needs root"


def _path() -> str:
    return os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def _ports(count: int) -> List[int]:
    """Free ports, all different."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Slurm:
    """The cluster: start(), then env for its clients; stop() ends all of it."""

    def __init__(self, place: str, nodes: Sequence[str]) -> None:
        self.place, self.nodes = place, list(nodes)
        self.env: Dict[str, str] = {**os.environ, "PATH": _path(),
                                    "SLURM_CONF": os.path.join(place, "slurm.conf")}
        self.processes: Dict[str, subprocess.Popen] = {}

    def _start(self, name: str, argv: List[str], user: str = "") -> None:
        with open(os.path.join(self.place, name + ".out"), "wb") as out:
            self.processes[name] = subprocess.Popen(
                argv, env=self.env, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                start_new_session=True, **({"user": user, "group": user} if user else {}))

    def start(self) -> None:
        """Start every daemon and wait until all nodes are idle."""
        munge = os.path.join(self.place, "munge")
        os.makedirs(munge)
        for sub in ["state"] + ["spool-" + node for node in self.nodes]:
            os.makedirs(os.path.join(self.place, sub))
        key = os.path.join(munge, "key")
        subprocess.run(["mungekey", "-c", "-k", key], env=self.env, check=True)
        owner = pwd.getpwnam("munge")
        for path in (munge, key):
            os.chown(path, owner.pw_uid, owner.pw_gid)
        os.chmod(munge, 0o755)
        self._start("munged", ["munged", "-F", "-f", "--key-file=" + key] + [
            "--%s=%s" % (option, os.path.join(munge, name)) for option, name in (
                ("socket", "socket"), ("pid-file", "pid"), ("log-file", "log"), ("seed-file", "seed"))],
            "munge")
        self._wait(lambda: os.path.exists(os.path.join(munge, "socket")), "munged")
        host = socket.gethostname().partition(".")[0]
        ports = _ports(len(self.nodes) + 1)
        nodes = "\n".join("NodeName=%s NodeHostname=%s NodeAddr=127.0.0.1 Port=%d CPUs=1 State=UNKNOWN"
                          % (node, host, port) for node, port in zip(self.nodes, ports[1:]))
        with open(self.env["SLURM_CONF"], "w", encoding="ascii") as out:
            out.write(CONF.format(host=host, port=ports[0], place=self.place, nodes=nodes))
        self._start("slurmctld", ["slurmctld", "-D"])
        for node in self.nodes:
            self._start(node, ["slurmd", "-D", "-N", node])
        self._wait(lambda: self.ask("sinfo", "-h", "-t", "idle", "-o", "%D").strip()
                   == str(len(self.nodes)), "slurmd")

    def _wait(self, ready, what: str) -> None:
        deadline = time.monotonic() + 60
        while not ready():
            ended = [name for name, process in self.processes.items() if process.poll() is not None]
            assert time.monotonic() < deadline and not ended, "%s: %s" % (ended or what, self.said())
            time.sleep(0.1)

    def said(self) -> str:
        """The end of what every daemon said."""
        text = ""
        for name in sorted(os.listdir(self.place)):
            if name.endswith((".out", ".log")):
                with open(os.path.join(self.place, name), errors="replace", encoding="utf-8") as stream:
                    text += "== %s\n%s\n" % (name, stream.read()[-600:])
        return text

    def ask(self, *argv: str) -> str:
        """The output of a client."""
        return subprocess.run(argv, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False, timeout=60).stdout

    def kill(self, node: str) -> None:
        """The node dies with all that runs on it: slurmd and the steps that it started."""
        process = self.processes.pop(node)
        process.kill()
        process.wait()
        while self.steps(node):
            for pid in self.steps(node):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.05)

    def steps(self, node: str) -> List[int]:
        """The processes of jobs on this node."""
        return _steps(self.env["SLURM_CONF"], node)

    def stop(self) -> None:
        """End every daemon, the steps first."""
        self.ask("scancel", "--user=root")
        for name in [*self.nodes, "slurmctld", "munged"]:
            process = self.processes.pop(name, None)
            if process:
                process.terminate()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def _steps(conf: str, node: str) -> List[int]:
    """The processes of jobs on this node of this cluster, and the slurmstepd that started each."""
    found = set()
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/environ" % name, "rb") as stream:
                words = stream.read().split(b"\0")
            if b"SLURMD_NODENAME=" + node.encode() in words and b"SLURM_CONF=" + conf.encode() in words:
                found.add(int(name))
                parent = _parent(int(name))
                with open("/proc/%d/cmdline" % parent, "rb") as stream:
                    if stream.read().startswith(b"slurmstepd"):
                        found.add(parent)
        except OSError:
            continue
    return sorted(found)


def _parent(pid: int) -> int:
    with open("/proc/%d/stat" % pid, "rb") as stream:
        return int(stream.read().rpartition(b")")[2].split()[1])
