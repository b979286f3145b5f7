# SPDX-License-Identifier: BSD-2-Clause
"""A case as one C file for kvm-unit-tests.

The file includes nothing of that tree but calls its puts(), report(), report_skip(),
report_summary() and exit(), and its memory and string functions. Everything else is the suite's
own, as far as the case needs it; exporting/kut/ has the entry in place of boot/ and the console.
"""
import os
import re
from typing import Dict, List, Set

from ordeal.model import Case, UserError

from .amalgam import Library, Selection, Writer, assembled
from .chunks import Chunk, arguments, identifiers

ENTRY, MEMORY = "kut/entry.c", "kut/memory.S"
#: Rooms of which an export takes what it needs, from the ground up.
ROOMS = ("base", "order", "machine", "scene", "stage")
#: What stands in other rooms and is needed as well; and what of ROOMS the entry replaces.
EXTRA = ("boot/probe.c",)
REPLACED = ("base/string.c", "base/mutate.c", "base/mutate.h", "machine/profile.c",
            "machine/profile.h", "machine/memory.S", "stage/ask.c")
#: What the tree has: base/string.h declares it, or kut/entry.c.
THEIRS = {"memcpy", "memmove", "memset", "memcmp", "strlen", "strcmp", "report", "report_skip",
          "report_summary", "puts", "exit", "main"}
#: Why a case stays here, by the room whose function it calls.
REASONS = {
    "hv": "it plays inside the hypervisor shim, whose guests need the suite's own memory layout",
    "vmx": "it plays inside the hypervisor shim, whose guests need the suite's own memory layout",
    "svm": "it plays inside the hypervisor shim, whose guests need the suite's own memory layout",
    "sweep": "it is a sweep, which plays a scene thousands of times and is judged by the runner",
    "report": "it uses the UART of the suite's console",
    "boot": "it asks what the boot loader said, and kvm-unit-tests does not hand that on",
}
_VARIANTS = ("interrupt_gate", "trap_gate")
_KINDS = ("CASE", "CASE_BOTH_GATES", "TABLE", "TABLE_BOTH_GATES")


def _case_chunk(library: Library, path: str, case: Case) -> Chunk:
    """The chunk of a file that makes the case."""
    ident = case.name.partition(".")[2]
    for chunk in library.chunks[path]:
        called = chunk.text.partition("(")[0].strip()
        if called not in _KINDS:
            continue
        name = arguments(chunk.text)[0]
        if ident == name or (called.endswith("BOTH_GATES") and
                             ident in [name + "." + variant for variant in _VARIANTS]):
            return chunk
    raise UserError("%s: no CASE or TABLE there makes %s, so it cannot be cut out" % (path, case.name))


def _labels(library: Library, path: str) -> Set[str]:
    with open(library.path_of(path), encoding="utf-8") as stream:
        return set(re.findall(r"^([a-z]\w*):", stream.read(), re.M))


def _files(root: str, end: str) -> List[str]:
    """The files of ROOMS with this end, but for those that the entry replaces."""
    return [path for room in ROOMS
            for path in ("%s/%s" % (room, name)
                         for name in sorted(os.listdir(os.path.join(root, "lib", "x86", room))))
            if path.endswith(end) and path not in REPLACED]


class _KutLibrary(Library):
    """kut/ lies beside this file."""

    def path_of(self, name: str) -> str:
        if name.startswith("kut/"):
            return os.path.join(self.root, "scripts", "exporting", name)
        return super().path_of(name)


def _refuse_what_is_missing(selection: Selection, case: str) -> None:
    """Nothing may be declared that neither the file nor the tree defines."""
    defined = {name for chunk in selection.kept if chunk.kind in ("function", "data", "invocation")
               and not chunk.text.startswith("extern") for name in chunk.names}
    defined |= {label for path in selection.objects for label in selection.assembly[path]} | THEIRS
    for chunk in sorted(selection.kept, key=lambda one: one.path):
        if "this_cpu.boot" in chunk.text:
            raise UserError("%s cannot leave: %s (this_cpu.boot in %s)" % (case, REASONS["boot"],
                                                                         chunk.path))
        declared = chunk.kind == "prototype" or chunk.text.startswith("extern")
        if not declared or "__attribute__((weak))" in chunk.text:
            continue
        for name in sorted(chunk.names - defined):
            room = chunk.path.partition("/")[0]
            raise UserError("%s cannot leave: %s (%s of %s)" % (
                case, REASONS.get(room, "kvm-unit-tests has nothing that does what it calls"),
                name + "()" if chunk.kind == "prototype" else name, chunk.path))


def c_name(case_id: str) -> str:
    """The file's name in kvm-unit-tests, without .c."""
    return "ordeal_" + re.sub(r"\W", "_", case_id)


def _comment(text: str) -> str:
    return "".join((" * " + line).rstrip() + "\n" for line in text.strip("\n").split("\n"))


def _fill(text: str, width: int = 96) -> str:
    lines, current = [], ""
    for word in text.split():
        if current and len(current) + 1 + len(word) > width:
            lines.append(current)
            current = word
        else:
            current = (current + " " + word).strip()
    return "\n".join(lines + [current])


def _head(root: str, case_id: str, case: Case, build: str) -> str:
    name = c_name(case_id)
    with open(os.path.join(root, "LICENSE"), encoding="utf-8") as stream:
        licence = stream.read().strip()
    return "/* SPDX-License-Identifier: BSD-2-Clause */\n/*\n" + _comment("\n".join((
        _fill("%s: %s" % (case_id, case.sentence)), "", _fill("Says: " + case.citation), "",
        _fill("A test for kvm-unit-tests, x86-64, without EFI. Save it as x86/%s.c in a configured "
              "tree, then:" % name), "",
        "\tmake x86/%s.flat" % name,
        "\tACCEL=tcg ./x86/run x86/%s.flat -cpu max" % name, "",
        _fill("To stay there it needs $(TEST_DIR)/%s.$(exe) among the tests of x86/Makefile.x86_64, "
              "and a stanza in x86/unittests.cfg. The case itself is at the end of this file; what "
              "stands before it is the library of the suite that it comes from, as far as it needs "
              "it." % name), "",
        "Written by Ordeal's scripts/export from commit %s." % build, "", licence))) + " */\n"


class Exporter:
    """Exports cases of one tree. compiler: what preprocesses assembly; build: the tree's commit."""

    def __init__(self, root: str, compiler: str, build: str) -> None:
        self.root, self.compiler, self.build = root, compiler, build
        self.library = _KutLibrary(root, REPLACED)
        self.sources = _files(root, ".c") + list(EXTRA) + [ENTRY]
        for name in self.sources:
            self.library.read(name)
        self.assembly: Dict[str, Set[str]] = {
            name: _labels(self.library, name) for name in _files(root, ".S") + [MEMORY]}

    def export(self, source: str, case_id: str, case: Case) -> str:
        """The text of the file. source: the C file of the case, from the root; case_id: SUITE/NAME."""
        if not source:
            raise UserError("%s cannot leave: it is generated, and no C file has its name" % case_id)
        self.library.read(source)
        sources = self.sources + [source]
        selection = Selection(self.library, sources, self.assembly)
        selection.need(_case_chunk(self.library, source, case))
        for chunk in self.library.chunks[ENTRY]:
            if "main" in chunk.names:
                selection.need(chunk)
        _refuse_what_is_missing(selection, case_id)
        selection.settle()
        text = self._text(Writer(selection, [ENTRY, source]), sources, case)
        return _head(self.root, case_id, case, self.build) + text

    def _text(self, writer: Writer, sources: List[str], case: Case) -> str:
        order = writer.order(sources)
        clashes = writer.clashes(order)
        record = "case_record_" + case.name.partition(".")[2].replace(".", "_")
        headers = sorted({word for name in order for word in _angled(self.library, name)})
        out = ["\n" + "".join("#include <%s>\n" % word for word in headers),
               "\n/* The suite's own tests change the stage here. */\n#define mutated(which) false\n",
               '#define FAMILY "%s"\n' % case.name.partition(".")[0]]
        titles = {ENTRY: "kvm-unit-tests", sources[-1]: "the case: " + sources[-1]}
        for name in order:
            if name == ENTRY:
                out.append("\n" + assembled(self.compiler, self.library,
                                            sorted(writer.selection.objects)))
                out.append("\nstatic const struct test_case %s;\n" % record)
            out.append(writer.section(name, clashes.get(name, {}), titles.get(name)))
        return re.sub(r"\bTHE_CASE\b", record, "".join(out))


def _angled(library: Library, name: str) -> List[str]:
    with open(library.path_of(name), encoding="utf-8") as stream:
        return re.findall(r"^#include <([^>]+)>", stream.read(), re.M)
