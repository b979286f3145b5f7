# SPDX-License-Identifier: BSD-2-Clause
"""The runner's rooms: each imports only what stands before it, and no modules import each other."""
import ast
import os
import subprocess
from typing import Dict, List, Set

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PACKAGE = os.path.join(ROOT, "scripts", "ordeal")
#: From the ground up. A word is a room (a directory) or a module that stands in none. The last ones
#: are the spine; `platforms` itself is the list of all platforms, which knows the lab's, too.
ROOMS = ("record", "model", "text", "options", "host", "judge", "platforms/", "platforms/lab", "platforms",
         "plan", "run", "report", "page", "agenda", "recorder", "listing", "app", "__main__")


def modules(root: str) -> Dict[str, str]:
    """Path of each module by its dotted name within the package, '' for the package itself."""
    found = {}
    for directory, _, names in os.walk(root):
        for name in names:
            if name.endswith(".py"):
                path = os.path.join(directory, name)
                parts = os.path.relpath(path, root)[:-3].split(os.sep)
                found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(root: str) -> Dict[str, Set[str]]:
    """What each module of the package imports of the package, also inside functions."""
    every = modules(root)
    graph: Dict[str, Set[str]] = {name: set() for name in every}
    for name, path in every.items():
        with open(path, encoding="utf-8") as stream:
            tree = ast.parse(stream.read())
        package = name.split(".") if path.endswith("__init__.py") else name.split(".")[:-1]
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                source = (node.module or "").split(".") if node.module else []
                if node.level:
                    source = [p for p in package if p][:len(package) - node.level + 1] + source
                elif source[:1] == ["ordeal"]:
                    source = source[1:]
                else:
                    continue
                for alias in node.names:
                    whole = ".".join(source + [alias.name])
                    graph[name].add(whole if whole in every else ".".join(source))
            elif isinstance(node, ast.Import):
                graph[name].update(alias.name[len("ordeal."):] for alias in node.names
                                   if alias.name.startswith("ordeal."))
    return graph


def room_of(name: str) -> str:
    """The word of ROOMS for a module; '' if it stands in none."""
    if name.startswith("platforms.lab"):
        return "platforms/lab"
    if name.startswith("platforms."):
        return "platforms/"
    head = name.split(".")[0]
    return head if head in ROOMS else ""


def upward(graph: Dict[str, Set[str]]) -> List[str]:
    """Each import of something that stands in a later room, and each module without a room."""
    found = ["%s stands in no room" % name for name in graph if name and not room_of(name)]
    for name, wanted in graph.items():
        for other in wanted:
            if room_of(name) and room_of(other) and \
                    ROOMS.index(room_of(other)) > ROOMS.index(room_of(name)):
                found.append("%s imports %s" % (name, other))
    return sorted(found)


def circles(graph: Dict[str, Set[str]]) -> List[str]:
    """The modules in circles, and what lies between two: what is left once all that import nothing
    of what is left, and all that nothing left imports, are taken away."""
    left = {name: set(wanted) & set(graph) - {""} for name, wanted in graph.items()}
    while True:
        used = {other for wanted in left.values() for other in wanted}
        ends = {name for name, wanted in left.items() if not wanted or name not in used}
        if not ends:
            return sorted(left)
        left = {name: wanted - ends for name, wanted in left.items() if name not in ends}


def test_no_import_goes_up():
    graph = imports(PACKAGE)
    assert {"agenda", "judge.session", "platforms.lab.state"} <= set(graph)
    assert "platforms.lab.state" in graph["platforms.lab.kvm"], "an import inside a function counts"
    assert not upward(graph)


def test_no_circle_of_modules():
    assert not circles(imports(PACKAGE))


@pytest.mark.parametrize("where, text, wrong", [
    ("judge/session.py", "from ..run.unit import Unit\n", "judge.session imports run.unit"),
    ("judge/session.py", "def f():\n    from .. import app\n", "judge.session imports app"),
    ("text.py", "from ordeal.judge import session\n", "text imports judge.session"),
    ("text.py", "import ordeal.app\n", "text imports app"),
    ("platforms/base.py", "from .lab import kvm\n", "platforms.base imports platforms.lab.kvm"),
    ("attic/old.py", "", "attic.old stands in no room"), ("old.py", "", "old stands in no room")])
def test_what_is_wrong_is_found(tmp_path, where, text, wrong):
    """In a small package with one fault."""
    for path in ("text", "app", "judge/session", "run/unit", "platforms/base", "platforms/lab/kvm",
                 where[:-3]):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / (path + ".py")).write_text("", encoding="ascii")
    (tmp_path / where).write_text(text, encoding="ascii")
    assert upward(imports(str(tmp_path))) == [wrong]


def test_a_circle_is_found(tmp_path):
    """Of three, one arrow of it inside a function; what only leads to it or from it is not in it."""
    for name, text in (("a", "from .b import x"), ("b", "def f():\n    from . import c"),
                       ("c", "from .a import y\nfrom .leaf import z"), ("leaf", ""),
                       ("top", "from . import a")):
        (tmp_path / (name + ".py")).write_text(text + "\n", encoding="ascii")
    assert circles(imports(str(tmp_path))) == ["a", "b", "c"]


def test_a_run_starts_without_what_it_does_not_need():
    """What is imported before the first boot: not dataclasses, which takes longer to load than a
    guest to boot, and nothing of the lab's platforms."""
    done = subprocess.run(
        ["/usr/bin/python3", "-I", "-S", "-c", "import sys; sys.path.insert(0, sys.argv[1]); "
         "import ordeal.app; from ordeal import host, platforms; "
         "platforms.choose(host.Host('/', '/', {}), ['tcg']); print(*sys.modules)",
         os.path.join(ROOT, "scripts")], stdout=subprocess.PIPE, text=True, check=True)
    loaded = done.stdout.split()
    assert "ordeal.app" in loaded and "ordeal.record" in loaded
    for name in ("dataclasses", "inspect", "tempfile", "shutil", "difflib", "ordeal.page.page",
                 "ordeal.platforms.lab.kvm", "ordeal.report.person"):
        assert name not in loaded, name


def test_the_page_names_every_room():
    with open(os.path.join(ROOT, "docs", "layout.md"), encoding="utf-8") as stream:
        page = stream.read()
    for room in ROOMS:
        word = room.rstrip("/")
        assert "`%s`" % word in page or "`%s/`" % word in page, room
