# SPDX-License-Identifier: BSD-2-Clause
"""A headless Chromium for the tests of the page, driven through chromedriver with the standard library."""
import json
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from typing import Any, List

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--window-size=1280,900"]
KEYS = {"Tab": "\ue004", "Enter": "\ue007", "ArrowDown": "\ue015", "ArrowRight": "\ue014",
        "ArrowLeft": "\ue012", "ArrowUp": "\ue013", "End": "\ue010"}


def missing() -> str:
    """The packages that have to be installed, or ''."""
    names = [name for name in ("chromium", "chromedriver") if not shutil.which(name)]
    return " and ".join(names) and "%s not installed: apt-get install chromium chromium-driver" \
        % " and ".join(names)


class Browser:
    """One browser with a profile of its own; close() ends both of its processes."""

    def __init__(self) -> None:
        self.profile = tempfile.mkdtemp()
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL, text=True)
        assert self.driver.stdout is not None
        self.base = ""
        for line in self.driver.stdout:
            if "started successfully on port" in line:
                self.base = "http://127.0.0.1:%s" % line.strip().rstrip(".").split(" ")[-1]
                break
        options = {"binary": shutil.which("chromium"), "args": FLAGS + ["--user-data-dir=" + self.profile]}
        self.session = ""
        try:
            made = self._call("POST", "/session", {"capabilities": {"alwaysMatch": {
                "goog:loggingPrefs": {"browser": "ALL"}, "goog:chromeOptions": options}}})
        except Exception:
            self.close()
            raise
        self.session = "/session/" + made["sessionId"]

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            self.base + path, method=method, headers={"Content-Type": "application/json"},
            data=None if body is None else json.dumps(body).encode())
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from None

    def open(self, url: str, ready: str = "return document.documentElement.dataset.ready") -> None:
        """Load a page and wait until its matrix is built. A blank one in between makes it load anew."""
        self._call("POST", self.session + "/url", {"url": "about:blank"})
        self._call("POST", self.session + "/url", {"url": url})
        end = time.monotonic() + 30
        while not self.run(ready):
            assert time.monotonic() < end, "the page did not become ready"
            time.sleep(0.02)

    def run(self, script: str, *arguments: Any) -> Any:
        """The value of a script's return statement."""
        return self._call("POST", self.session + "/execute/sync", {"script": script, "args": list(arguments)})

    def press(self, *names: str) -> None:
        """Keys, one after the other."""
        actions = [{"type": kind, "value": KEYS[name]} for name in names for kind in ("keyDown", "keyUp")]
        self._call("POST", self.session + "/actions", {"actions": [
            {"type": "key", "id": "keyboard", "actions": actions}]})

    def devtools(self, command: str, **parameters: Any) -> Any:
        """A command of the DevTools protocol."""
        return self._call("POST", self.session + "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def console(self) -> List[str]:
        """The console's messages since the last call: errors, refused loads, broken policy."""
        entries = self._call("POST", self.session + "/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries]

    def close(self) -> None:
        """End the browser, its driver, and remove the profile."""
        try:
            if self.session:
                self._call("DELETE", self.session)
        finally:
            self.driver.terminate()
            self.driver.wait()
            if self.driver.stdout:
                self.driver.stdout.close()
            shutil.rmtree(self.profile, ignore_errors=True)
