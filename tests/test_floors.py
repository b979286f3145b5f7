# SPDX-License-Identifier: BSD-2-Clause
"""The floors of lib/x86 (docs/layout.md): what a file may include, and which objects need each other."""
import os
import re
import subprocess
from pathlib import Path
from typing import Dict, Iterator, List, Set, Tuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("ORDEAL_BUILD", ROOT))
#: The rooms from the ground up. A room may include itself and lower ones; vmx and svm share one.
FLOORS = (("base",), ("order",), ("model",), ("inner",), ("world",), ("machine",), ("report",), ("scene",),
          ("stage",), ("sweep",), ("hv",), ("vmx", "svm"), ("boot",))
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
#: All pairs of objects in which the first needs one of a higher room, each with its reason. Without
#: them no circle leaves a room.
CALLS_UP = {
    ("machine/entry", "scene/handler"):
        "every stub calls delivered(): where a handler returns to is the scene's business",
    ("hv/hv", "vmx/vmx"): "the shim chooses one of two tables of functions",
    ("hv/hv", "svm/svm"): "the shim chooses one of two tables of functions",
}
#: Objects of one room that need each other: all of them, each with its reason.
CIRCLES = {
    ("stage/case", "stage/reset"):
        "stage_run() resets the stage, and the reset plays a scene or ends the case",
}


def sources() -> List[Path]:
    """Every C and assembly file of the guest."""
    return sorted(path for top in ("lib/x86", "x86") for path in (ROOT / top).rglob("*")
                  if path.suffix in (".c", ".h", ".S", ".def"))


def room_of(path: Path) -> str:
    """"order" for lib/x86/order/log.h; "" for a file of cases, which stands above all rooms."""
    parts = path.relative_to(ROOT).parts
    return parts[2] if parts[0] == "lib" else ""


def includes(path: Path) -> Iterator[str]:
    """The rooms that a file includes something of."""
    for name in re.findall(r'^\s*#\s*include\s*["<]([^">]+)[">]', path.read_text(encoding="ascii"), re.M):
        if "/" in name:  # else it stands beside the file
            yield name.split("/")[0]


def test_every_room_has_a_floor():
    rooms = {path.name for path in (ROOT / "lib/x86").iterdir() if path.is_dir()}
    assert rooms == set(FLOOR)


def may_include(room: str, other: str) -> bool:
    """May a file of this room include one of the other?"""
    return not room or room == other or FLOOR[other] < FLOOR[room]


def test_every_include_goes_down():
    wrong = ["%s includes %s/" % (path.relative_to(ROOT), other) for path in sources()
             for other in includes(path)
             if other not in FLOOR or not may_include(room_of(path), other)]
    assert not wrong, "\n".join(wrong)
    assert not may_include("vmx", "svm") and not may_include("order", "machine")


def symbols(obj: Path) -> Tuple[Set[str], Set[str]]:
    """The symbols that an object defines for others, and those that it needs."""
    listed = subprocess.run(["nm", str(obj)], text=True, stdout=subprocess.PIPE, check=True).stdout
    found = re.findall(r"^[0-9a-f ]* ([A-Za-z]) (\S+)$", listed, re.M)
    return ({name for kind, name in found if kind in "TDBRCWV"},
            {name for kind, name in found if kind == "U"})


def needs() -> Dict[str, Set[str]]:
    """Which objects of the library each object needs, as "room/file"."""
    built = {"%s/%s" % (path.parent.name, path.stem): BUILD / path.relative_to(ROOT).with_suffix(".o")
             for path in sources() if path.suffix in (".c", ".S") and room_of(path)}
    objects = {name: symbols(obj) for name, obj in built.items() if obj.exists()}
    owner = {name: obj for obj, (defined, _) in objects.items() for name in defined}
    return {obj: {owner[name] for name in needed if name in owner} - {obj}
            for obj, (_, needed) in objects.items()}


def circles(graph: Dict[str, Set[str]]) -> Set[Tuple[str, ...]]:
    """The strongly connected components of more than one object."""
    def reach(start: str) -> Set[str]:
        seen: Set[str] = set()
        open_ = [start]
        while open_:
            for other in graph[open_.pop()] - seen:
                seen.add(other)
                open_.append(other)
        return seen
    reached = {node: reach(node) for node in graph}
    return {tuple(sorted(other for other in reached[node] if node in reached[other]))
            for node in graph if node in reached[node]}


def test_circles_are_found():
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set(), "e": {"f"}, "f": {"e"}}
    assert circles(graph) == {("b", "c"), ("e", "f")}


@pytest.fixture(name="graph")
def built_graph() -> Dict[str, Set[str]]:
    """Which object needs which, if the library is built."""
    graph = needs()
    if not graph:
        pytest.skip("nothing is built: run make")
    assert "order/trace" in graph["stage/case"]
    return graph


def test_every_need_goes_down_but_these(graph):
    up = {(obj, other) for obj, others in graph.items() for other in others
          if not may_include(obj.split("/")[0], other.split("/")[0])}
    assert up == set(CALLS_UP)


def test_no_circle_but_these(graph):
    for low, high in CALLS_UP:
        graph[low].remove(high)
    found = circles(graph)
    assert found == set(CIRCLES)
    assert all(len({obj.split("/")[0] for obj in circle}) == 1 for circle in found)


def page() -> str:
    """docs/layout.md."""
    return (ROOT / "docs/layout.md").read_text(encoding="utf-8")


def test_the_page_has_these_floors():
    rows = re.findall(r"^\| (\d+) \| ([^|]+) \|", page(), re.M)
    assert [tuple(re.findall(r"`(\w+)/`", rooms)) for _, rooms in reversed(rows)] == list(FLOORS)
    assert [int(number) for number, _ in reversed(rows)] == list(range(1, len(FLOORS) + 1))


def test_what_the_page_names_stands_there():
    table = page().partition("| what | where | by the words |\n|---|---|---|\n")[2].split("\n\n")[0]
    assert all(what in table for what in ("the slot in the event log", "EXITINTINFO", "what may include what"))
    for line in table.splitlines():
        row = re.fullmatch(r"\| [^|`]+ \| `([^`]+)` \| `([^`]+)` \|", line)
        assert row, line
        assert row.group(2) in (ROOT / row.group(1)).read_text(encoding="ascii"), line
