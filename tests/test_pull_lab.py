# SPDX-License-Identifier: BSD-2-Clause
"""scripts/pull-lab against a KernelCI of its own: events, nodes, a job, a kernel, KCIDB's /submit.

The cases run on QEMU's translator, which needs no kernel: what is tested is the way in and the way
out. What a kernel does in the lab is tested by the lab's own tests.
"""
import http.server
import io
import json
import os
import subprocess
import tarfile
import threading
from typing import Any, Dict, Iterator, List

import pytest
from conftest import ROOT
from kcidb_schema import SCHEMA
from ordeal.model import UserError
from pulling import api, job

PULL = os.path.join(ROOT, "scripts", "pull-lab")
BUILD = os.environ.get("ORDEAL_BUILD", ROOT)
KERNEL = b"a kernel " * 1000


def modules(*names: str) -> bytes:
    """An archive with these files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:xz") as tar:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = 4
            tar.addfile(member, io.BytesIO(b"\x7fELF"))
    return out.getvalue()


class Server:
    """Answers by path, and keeps what is submitted."""

    def __init__(self) -> None:
        self.answers: Dict[str, bytes] = {}
        self.asked: List[str] = []
        self.reports: List[Any] = []
        self.tokens: List[str] = []
        self.refuse = False
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            """One request."""

            def do_GET(self) -> None:  # pylint: disable=invalid-name
                """An answer, or 404."""
                server.asked.append(self.path)
                body = server.answers.get(self.path.partition("?")[0])
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def do_POST(self) -> None:  # pylint: disable=invalid-name
                """A report."""
                body = self.rfile.read(int(self.headers["Content-Length"]))
                server.reports.append(json.loads(body))
                server.tokens.append(self.headers.get("Authorization", ""))
                self.send_response(403 if server.refuse else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None:  # pylint: disable=arguments-differ
                """Nothing is printed."""

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def give(self, path: str, answer: Any) -> None:
        """What a path answers: bytes, or JSON."""
        self.answers[path] = answer if isinstance(answer, bytes) else json.dumps(answer).encode()

    def job(self, **changes: Any) -> Dict[str, Any]:
        """A job definition of this server, for the translator."""
        self.give("/bzImage", KERNEL)
        self.give("/modules.tar.xz", modules("lib/modules/6.1/kernel/kvm/kvm.ko", "lib/x.ko"))
        made: Dict[str, Any] = {
            "artifacts": {"kernel": self.url + "/bzImage", "modules": self.url + "/modules.tar.xz"},
            "tests": [{"id": "order", "type": "ordeal", "depends": [], "timeout_s": 300,
                       "subset": ["native/nmi.b*"], "parameters": "platforms=tcg"},
                      {"id": "boot", "type": "baseline", "depends": [], "timeout_s": 600}]}
        made.update(changes)
        return made

    def event(self, node: str, runtime: str, when: str,
              definition: str = "/job.json") -> Dict[str, Any]:
        """An event about a job."""
        return {"timestamp": when, "data": {"data": {"runtime": runtime, "platform": "x86"}},
                "node": {"id": node, "artifacts": {"job_definition": self.url + definition}}}


@pytest.fixture(name="server")
def fixture_server() -> Iterator[Server]:
    """A KernelCI."""
    server = Server()
    yield server
    server.http.shutdown()
    server.http.server_close()


def pull(*words: str, cwd: str, **env: str) -> subprocess.CompletedProcess:
    """scripts/pull-lab with these words."""
    return subprocess.run([PULL, *words], cwd=cwd, env={**os.environ, **env}, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300, check=False)


def test_a_job_comes_in_and_its_results_go_out(server, tmp_path):
    import jsonschema
    server.give("/latest/events", [
        server.event("66aa", "other-lab", "2026-11-27T10:00:00"),
        server.event("66bb", "my-lab", "2026-11-27T11:00:00"),
        {"timestamp": "2026-11-27T11:30:00", "node": {"id": "66cc", "artifacts": None}}])
    server.give("/latest/node/66bb", {"id": "66bb", "kind": "job", "parent": "66b0"})
    server.give("/latest/node/66b0", {"id": "66b0", "kind": "kbuild", "parent": "6600"})
    server.give("/job.json", server.job())
    words = ("--poll", server.url + "/latest/", "--runtime", "my-lab", "--once", "--submit",
             server.url + "/submit")
    done = pull(*words, cwd=str(tmp_path), KCIDB_ORIGIN="my_lab", KCIDB_TOKEN="secret")
    assert done.returncode == 0, done.stderr
    report, = server.reports
    jsonschema.validate(report, SCHEMA, cls=jsonschema.Draft7Validator)
    assert {test["build_id"] for test in report["tests"]} == {"maestro:66b0"}
    assert {test["path"] for test in report["tests"]} == {"ordeal.native.nmi.before_irq",
                                                         "ordeal.native.nmi.before_irq_trap_gate"}
    assert all(test["status"] == "PASS" and test["origin"] == "my_lab" for test in report["tests"])
    assert server.tokens == ["Bearer secret"]
    work = os.path.join(str(tmp_path), "pull-lab", "66bb")
    assert os.listdir(os.path.join(work, "modules")) == ["kvm.ko"]
    with open(os.path.join(work, "kernel"), "rb") as stream:
        assert stream.read() == KERNEL
    # Asked again, the lab knows what it has done, also after a start.
    server.asked.clear()
    assert pull(*words, cwd=str(tmp_path)).returncode == 0
    assert len(server.reports) == 1 and server.asked == [
        "/latest/events?state=done&kind=job&limit=1000&recursive=true&from=2026-11-27T11%3A00%3A00"]


def test_a_job_that_cannot_be_run_does_not_stop_the_others(server, tmp_path):
    server.give("/latest/events", [
        server.event("66aa", "my-lab", "2026-11-27T10:00:00", "/bad.json"),
        server.event("66bb", "my-lab", "2026-11-27T11:00:00")])
    server.give("/bad.json", server.job(artifacts={"kernel": server.url + "/nothing"}))
    server.give("/job.json", server.job())
    for node in ("66aa", "66bb"):
        server.give("/latest/node/" + node, {"id": node, "kind": "job"})
    done = pull("--poll", server.url + "/latest", "--runtime", "my-lab", "--once", "--submit",
                server.url + "/submit", cwd=str(tmp_path))
    assert done.returncode == 1 and "job 66aa: cannot fetch" in done.stderr, done.stderr
    report, = server.reports
    assert report["builds"] and report["tests"][0]["build_id"] == report["builds"][0]["id"], \
        "without a build of KernelCI's the report has one of ours"


def test_a_job_from_a_file_and_a_build_that_is_named(server, tmp_path):
    (tmp_path / "job.json").write_text(json.dumps(server.job()), encoding="ascii")
    done = pull("--job", "job.json", "--build", "maestro:1", "--work", "here", cwd=str(tmp_path))
    assert done.returncode == 0 and "order: " in done.stdout, done.stderr
    with open(os.path.join(str(tmp_path), "here", "order.json"), encoding="ascii") as stream:
        assert json.load(stream)["tests"][0]["build_id"] == "maestro:1"
    server.refuse = True
    done = pull("--job", "job.json", "--work", "there", "--submit", server.url + "/submit",
                cwd=str(tmp_path))
    assert done.returncode == 2 and "refuses the report: 403" in done.stderr


def test_a_test_that_takes_too_long_is_stopped_and_reported(server, tmp_path):
    tests = [{"id": "long", "type": "ordeal", "timeout_s": 1, "parameters": "platforms=tcg",
              "subset": ["world/*", "sweeps/*"]}]
    (tmp_path / "job.json").write_text(json.dumps(server.job(tests=tests)), encoding="ascii")
    done = pull("--job", "job.json", "--submit", server.url + "/submit", cwd=str(tmp_path))
    assert done.returncode == 1 and "test long: stopped after 1 s" in done.stderr, done.stderr
    assert server.reports[0]["tests"]


@pytest.mark.parametrize("change, wrong", [
    ({"artifacts": None}, "lacks the object artifacts"), ({"tests": {}}, "lacks the list tests"),
    ({"artifacts": {}}, "artifacts.kernel is None"), ({"tests": []}, "no test of type ordeal"),
    ({"artifacts": {"kernel": "file:///etc/passwd"}}, "only http and https"),
    ({"artifacts": {"kernel": "http://x/k", "modules": "/etc"}}, "artifacts.modules is /etc"),
    ({"tests": ["x"]}, "test 1 is 'x'"), ({"tests": [{"type": "ordeal"}]}, "the id of test 1 is None"),
    ({"tests": [{"id": "a", "type": "ordeal", "subset": ["--exec"]}]}, "subset is"),
    ({"tests": [{"id": "a", "type": "ordeal", "subset": ["native/$(id)"]}]}, "subset is"),
    ({"tests": [{"id": "a", "type": "ordeal", "subset": 7}]}, "subset is 7"),
    ({"tests": [{"id": "a", "type": "ordeal", "parameters": "logs=/etc"}]}, "parameters has logs"),
    ({"tests": [{"id": "a", "type": "ordeal", "parameters": ["x"]}]}, "parameters is"),
    ({"tests": [{"id": "a", "type": "ordeal", "parameters": "platforms=-x"}]}, "platforms=-x"),
    ({"tests": [{"id": "a", "type": "ordeal", "timeout_s": 0}]}, "timeout_s is 0"),
    ({"tests": [{"id": "a", "type": "ordeal", "timeout_s": True}]}, "timeout_s is True")])
def test_a_bad_job_is_refused_and_says_what_is_wrong(change, wrong):
    good = {"artifacts": {"kernel": "http://x/k"}, "tests": [{"id": "a", "type": "ordeal"}]}
    assert job.parse(good, "here").tests[0].platforms == job.DEFAULT_PLATFORMS
    with pytest.raises(UserError) as error:
        job.parse({**good, **change}, "here")
    assert wrong in str(error.value) and "here" in str(error.value)


def test_nothing_of_an_archive_but_kvm_s_modules_is_unpacked(tmp_path):
    archive = str(tmp_path / "m.tar")
    with open(archive, "wb") as out:
        out.write(modules("../../kvm.ko", "/etc/kvm-amd.ko.xz", "lib/kvm_intel.ko", "kvm.ko.sh", "evil"))
    job.unpack_modules(archive, str(tmp_path / "m"))
    assert sorted(os.listdir(str(tmp_path / "m"))) == ["kvm-amd.ko.xz", "kvm.ko", "kvm_intel.ko"]
    for number, content in enumerate((modules("other.ko"), b"no archive", modules("kvm.ko")[:60])):
        with open(archive, "wb") as out:
            out.write(content)
        with pytest.raises(UserError, match="m.tar"):
            job.unpack_modules(archive, str(tmp_path / str(number)))


def test_a_download_is_whole_or_not_there(server, tmp_path):
    path = str(tmp_path / "file")
    server.give("/file", b"content")
    job.fetch(server.url + "/file", path)
    with pytest.raises(UserError, match="404"):
        job.fetch(server.url + "/none", path + "2")
    assert sorted(os.listdir(str(tmp_path))) == ["file"]


@pytest.mark.parametrize("words, wrong", [
    ((), "either --job or --poll"), (("--job", "x", "--poll", "y"), "either --job or --poll"),
    (("--poll", "http://127.0.0.1:1/latest"), "needs --runtime"), (("--job",), "needs a value"),
    (("--jop", "x"), "unknown word --jop"), (("--job", "/nowhere"), "cannot read the job /nowhere"),
    (("--job", "x", "--interval", "soon"), "--interval soon"),
    (("--poll", "http://127.0.0.1:1/latest", "--runtime", "me", "--once"), "cannot ask http://127.0.0.1")])
def test_bad_words_are_one_line(tmp_path, words, wrong):
    done = pull(*words, cwd=str(tmp_path))
    assert done.returncode == 2 and wrong in done.stderr and done.stderr.count("\n") == 1, done.stderr


def test_a_damaged_state_is_said(tmp_path):
    path = str(tmp_path / "state.json")
    with open(path, "w", encoding="ascii") as out:
        out.write("{")
    with pytest.raises(UserError, match="remove it"):
        api.State(path)
