# SPDX-License-Identifier: BSD-2-Clause
"""KernelCI's API, as far as a lab that pulls needs it: events, nodes, and the /submit of KCIDB."""
import json
import os
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, Dict, List, NamedTuple

from ordeal.model import UserError

#: Before all events.
BEGINNING = "1970-01-01T00:00:00.000000"
#: A build is so many parents above a job at most.
MOST_PARENTS = 8
#: The origin under which KernelCI's own pipeline reports its builds.
PIPELINE = "maestro"


class Found(NamedTuple):
    """A job that is waiting: its node, the address of its definition, and the time of its event."""
    node: str
    definition: str
    timestamp: str


def get_json(address: str, timeout: float = 60) -> Any:
    """What an address answers."""
    try:
        with urllib.request.urlopen(address, timeout=timeout) as answer:
            return json.load(answer)
    except (urllib.error.URLError, OSError) as error:
        raise UserError("cannot ask %s: %s" % (address, error)) from None
    except ValueError as error:
        raise UserError("%s answers no JSON: %s" % (address, error)) from None


def waiting(api: str, runtime: str, since: str) -> List[Found]:
    """The jobs for this runtime (lab) since a time, in the order of their events."""
    query = urllib.parse.urlencode({"state": "done", "kind": "job", "limit": 1000,
                                    "recursive": "true", "from": since})
    events = get_json("%s/events?%s" % (api, query))
    if not isinstance(events, list):
        raise UserError("%s/events answers no list" % api)
    found = []
    for event in events:
        node = event.get("node") or {}
        data = (event.get("data") or {}).get("data") or node.get("data") or {}
        address = (node.get("artifacts") or {}).get("job_definition") or ""
        if data.get("runtime") == runtime and address.endswith(".json") and node.get("id"):
            found.append(Found(node["id"], address, event.get("timestamp", since)))
    return found


def build_of(api: str, node: str) -> str:
    """KCIDB's id of the build that a job tests: that of the kbuild node above it; '' if none is."""
    for _ in range(MOST_PARENTS):
        answer = get_json("%s/node/%s" % (api, urllib.parse.quote(node, safe="")))
        if not isinstance(answer, dict):
            return ""
        if answer.get("kind") == "kbuild":
            return "%s:%s" % (PIPELINE, answer.get("id", node))
        node = answer.get("parent") or ""
        if not node:
            return ""
    return ""


def submit(address: str, report: str, token: str, timeout: float = 60) -> None:
    """Sends a report."""
    request = urllib.request.Request(address, report.encode(), {"Content-Type": "application/json"})
    if token:
        request.add_header("Authorization", "Bearer " + token)
    try:
        with urllib.request.urlopen(request, timeout=timeout):
            pass
    except urllib.error.HTTPError as error:
        raise UserError("%s refuses the report: %d %s" % (address, error.code, error.read(
            200).decode("utf-8", "replace").replace("\n", " "))) from None
    except (urllib.error.URLError, OSError) as error:
        raise UserError("cannot submit to %s: %s" % (address, error)) from None


class State:
    """Which jobs were done, so that a lab that starts again does not repeat them."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.since, self.done = BEGINNING, set()  # type: str, set
        try:
            with open(path, encoding="utf-8") as stream:
                known: Dict[str, Any] = json.load(stream)
            self.since, self.done = known["since"], set(known["done"])
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError("%s is damaged (%s): remove it, and all jobs are looked at again"
                            % (path, error)) from None

    def finish(self, job: Found) -> None:
        """Remembers a job. Events of one moment may come apart, so ids are kept as well."""
        self.since = max(self.since, job.timestamp)
        self.done.add(job.node)
        part = self.path + ".part"
        with open(part, "w", encoding="utf-8") as out:
            json.dump({"since": self.since, "done": sorted(self.done)}, out)
        os.replace(part, self.path)
