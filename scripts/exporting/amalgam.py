# SPDX-License-Identifier: BSD-2-Clause
"""Makes one C file of what a case needs of the library: from roots, everything that is mentioned.

The files keep their order (a room after those below it, a header before its first user), their
comments and their words. Three things change. Functions become static, so that nothing meets the
functions of the tree that the file goes to. A name that two C files have for themselves is told
apart. And of a list (a .def file) only the entries that are named stay.
"""
import os
import re
import subprocess
import tempfile
from typing import Dict, Iterable, List, Optional, Set, Tuple

from ordeal.model import UserError

from .chunks import Chunk, arguments, identifiers, pasted, split, tokens

#: Lines that charge time to a section of the profile (machine/profile.h), which no export has.
_PROFILE = re.compile(r"^\t+(?:enum profile_section before = )?profile_(?:enter|leave)\(.*\);\n"
                      r"(?:\n(?=\t*\w))?", re.M)
_ENTRY = re.compile(r"^([A-Z_]+)\(", re.M)


def is_static(chunk: Chunk) -> bool:
    """Whether a function or variable is its file's own."""
    return "static" in re.split(r"[({=;]", chunk.text, 1)[0].split()


class Library:
    """The sources, taken apart. replaced: files that the export brings its own of."""

    def __init__(self, root: str, replaced: Iterable[str]) -> None:
        self.root = root
        self.replaced = set(replaced)
        self.chunks: Dict[str, List[Chunk]] = {}
        self.openings: Dict[str, str] = {}
        self.includes: Dict[str, List[str]] = {}
        self._visible: Dict[str, Dict[str, List[Chunk]]] = {}

    def path_of(self, name: str) -> str:
        """The file that an #include names."""
        if name.startswith("x86/"):
            return os.path.join(self.root, name)
        return os.path.join(self.root, "lib", "x86", name)

    def _beside(self, name: str, included: str) -> str:
        """What a file includes: of the library, or what lies beside the file."""
        near = os.path.join(os.path.dirname(name), included)
        return included if os.path.exists(self.path_of(included)) else near

    def read(self, name: str) -> None:
        """Takes a file apart, and all that it includes. Headers of a compiler are left alone."""
        if name in self.chunks:
            return
        with open(self.path_of(name), encoding="utf-8") as stream:
            source = split(name, _PROFILE.sub("", stream.read()))
        self.chunks[name] = source.chunks
        self.openings[name] = source.opening
        self.includes[name] = [self._beside(name, quoted.strip('"')) for quoted in source.includes
                               if quoted[0] == '"' and quoted.strip('"') not in self.replaced]
        for other in self.includes[name]:
            if not other.endswith(".def"):
                self.read(other)
        for chunk in self.chunks[name]:
            self._name_generated(name, chunk)

    def _name_generated(self, name: str, chunk: Chunk) -> None:
        """Adds the names that a macro makes, and those that a list makes."""
        if chunk.kind == "invocation":
            called = chunk.text.partition("(")[0].strip()
            for other in self.visible(name).get(called, []):
                chunk.names |= pasted(other.text, arguments(chunk.text))
        for listed in chunk.defs:
            macro = re.search(r"#define (\w+)\((\w+)[^)]*\)(.*)", chunk.text)
            for entry, text in self.entries(listed):
                del entry
                if macro:
                    given = arguments(text)
                    chunk.names |= pasted("#define " + macro.group(0)[8:], given)
                    chunk.names |= {given[0]} if re.search(r"^ %s = " % macro.group(2),
                                                           macro.group(3)) else set()

    def entries(self, listed: str) -> List[Tuple[str, str]]:
        """The entries of a list: the name of the macro, and the whole entry."""
        with open(self.path_of(listed), encoding="utf-8") as stream:
            text = stream.read()
        found = []
        for match in _ENTRY.finditer(text):
            end, depth = match.end(), 1
            for token in tokens(text[end:]):
                depth += token == "("
                depth -= token == ")"
                end += len(token)
                if not depth:
                    break
            found.append((match.group(1), text[match.start():end]))
        return found

    def closure(self, name: str) -> List[str]:
        """A file and the headers that it sees, each before its first user."""
        found: List[str] = []

        def walk(current: str) -> None:
            for other in self.includes.get(current, []):
                if other in self.chunks and other not in found:
                    walk(other)
            if current not in found:
                found.append(current)

        walk(name)
        return found

    def visible(self, name: str) -> Dict[str, List[Chunk]]:
        """By name, the chunks that a file sees: its own and those of its headers."""
        if name not in self._visible:
            table: Dict[str, List[Chunk]] = {}
            for path in self.closure(name):
                for chunk in self.chunks[path]:
                    for word in chunk.names:
                        table.setdefault(word, []).append(chunk)
            self._visible[name] = table
        return self._visible[name]


def mentioned(entry: Tuple[str, str], words: Set[str]) -> bool:
    """Whether an entry of a list is named: RDMSR by RDMSR or FRAGMENT_RDMSR."""
    name = arguments(entry[1])[0]
    return name in words or any(word.endswith("_" + name) for word in words)


class Selection:
    """The chunks that are needed, beginning with roots."""

    def __init__(self, library: Library, sources: List[str], assembly: Dict[str, Set[str]]) -> None:
        self.library, self.assembly = library, assembly
        self.kept: Set[Chunk] = set()
        self.objects: Set[str] = set()  # .S files
        self.words: Set[str] = set()
        self._definitions: Dict[str, List[Chunk]] = {}
        for name in sources:
            for chunk in library.chunks[name]:
                if chunk.kind in ("function", "data") and not is_static(chunk):
                    for word in chunk.names:
                        self._definitions.setdefault(word, []).append(chunk)

    def need(self, chunk: Chunk) -> None:
        """Keeps a chunk and all that it mentions."""
        todo = [chunk]
        while todo:
            current = todo.pop()
            if current in self.kept:
                continue
            self.kept.add(current)
            words = current.mentions
            for listed in current.defs:
                for entry in self.library.entries(listed):
                    if mentioned(entry, self.words | words):
                        words = words | set(identifiers(entry[1]))
                todo += [other for other in self.library.chunks[current.path]
                         if other.kind == "asm" and listed in other.defs]
            self.words |= words
            todo += self._behind(current, words)

    def _behind(self, chunk: Chunk, words: Set[str]) -> List[Chunk]:
        found: List[Chunk] = []
        table = self.library.visible(chunk.path)
        for word in words:
            found += table.get(word, [])
            if word in table and not word.isupper():
                found += self._definitions.get(word, [])
            for path, labels in self.assembly.items():
                if word in labels and word in table and path not in self.objects:
                    self.objects.add(path)
                    found += self._called_from(path)
        return found

    def _called_from(self, path: str) -> List[Chunk]:
        """What assembly mentions of C."""
        with open(self.library.path_of(path), encoding="utf-8") as stream:
            words = set(identifiers(stream.read()))
        found = [chunk for word in words for chunk in self._definitions.get(word, [])]
        for other, labels in self.assembly.items():
            if other not in self.objects and labels & words - self.assembly[path]:
                self.objects.add(other)
                found += self._called_from(other)
        return found

    def settle(self) -> None:
        """Keeps the assertions and generated tables about what is kept."""
        for path, chunks in self.library.chunks.items():
            kept = {name for chunk in self.kept for name in chunk.names}
            for chunk in chunks:
                if chunk.kind == "assertion" and self._is_about(chunk, path, kept):
                    self.need(chunk)

    def _is_about(self, chunk: Chunk, path: str, kept: Set[str]) -> bool:
        known = {word for word in chunk.mentions if word in self.library.visible(path)}
        return bool(known) and known <= kept


def assembled(compiler: str, library: Library, paths: Iterable[str]) -> str:
    """The .S files as one statement of C, their macros of the C preprocessor expanded."""
    with tempfile.NamedTemporaryFile("w", suffix=".S", encoding="ascii") as stream:
        for path in paths:
            stream.write('#include "%s"\n' % path)
        stream.flush()
        done = subprocess.run(
            [compiler, "-E", "-P", "-iquote", os.path.join(library.root, "lib", "x86"),
             "-iquote", os.path.join(library.root, "scripts", "exporting"), stream.name],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, check=False)
    if done.returncode:
        raise UserError("%s cannot preprocess %s: %s" % (compiler, " ".join(paths),
                                                         done.stderr.strip().split("\n")[-1]))
    text = re.sub(r"^\.globl .*\n", "", done.stdout, flags=re.M)
    for macro in re.findall(r"^\.macro (\w+)", text, re.M):
        rest = re.sub(r"^\.macro %s\b.*?^\.endm\n" % macro, "", text, flags=re.M | re.S)
        if not re.search(r"\b%s\b" % macro, rest):
            text = rest
    lines = ["\t" + line.strip() if line[:1].isspace() else line for line in text.split("\n") if line]
    quoted = "\n".join('    "%s\\n"' % line.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
                       for line in lines)
    return "asm(\n" + quoted + '\n    ".text\\n");\n'


def _renamed(text: str, names: Dict[str, str]) -> str:
    """Other names, but for members: those after a point or an arrow."""
    done: List[str] = []
    before = ""
    for token in tokens(text):
        if token in names and not before.endswith((".", "->")):
            token = names[token]
        done.append(token)
        if token.strip():
            before = (before + token)[-2:] if token in "->" else token
    return "".join(done)


class Writer:
    """Puts the chosen chunks in order, and changes them as the module says."""

    def __init__(self, selection: Selection, own: List[str]) -> None:
        """own: the files whose names stay, because a person reads them first."""
        self.selection, self.library, self.own = selection, selection.library, own
        self.labels = {label for path in selection.objects for label in selection.assembly[path]}
        self.used_by_assembly: Set[str] = set()
        for path in selection.objects:
            with open(self.library.path_of(path), encoding="utf-8") as stream:
                self.used_by_assembly |= set(identifiers(stream.read()))

    def clashes(self, order: List[str]) -> Dict[str, Dict[str, str]]:
        """For each C file, its own names that another file has, too, and what they become."""
        owners: Dict[str, Set[str]] = {}
        for path in order:
            for chunk in self.library.chunks[path]:
                if chunk in self.selection.kept:
                    for name in chunk.names - self.labels:
                        owners.setdefault(name, set()).add(path)
        found: Dict[str, Dict[str, str]] = {}
        for path in order:
            if path.endswith(".h") or path in self.own:
                continue
            seen = {word for other in self.library.closure(path)[:-1]
                    for chunk in self.library.chunks[other] for word in chunk.names}
            stem = os.path.splitext(os.path.basename(path))[0]
            for chunk in self.library.chunks[path]:
                for name in chunk.names if chunk in self.selection.kept else ():
                    if len(owners.get(name, ())) > 1 and name not in seen:
                        new = "%s_%s" % (stem.upper() if name.isupper() else stem, name)
                        found.setdefault(path, {})[name] = new
        return found

    def _with_lists(self, text: str) -> str:
        """The #include of a list becomes its entries that are named."""
        def entries(match: "re.Match[str]") -> str:
            before = text[:match.start()]
            kept = []
            for name, entry in self.library.entries(match.group(1)):
                if not mentioned((name, entry), self.selection.words):
                    continue
                macro = re.findall(r"#define %s\(([^)]*)\)" % name, before)
                given = arguments(entry)
                if not macro:  # LAPIC_FRAGMENT is FRAGMENT where nobody says otherwise
                    name, given = "FRAGMENT", given[:3]
                    macro = re.findall(r"#define FRAGMENT\(([^)]*)\)", before)
                count = len([word for word in macro[-1].split(",") if word.strip() != "..."])
                kept.append("%s(%s)\n" % (name, ", ".join(
                    re.sub(r"\s*\n\s*", " ", word) for word in given[:count])))
            if "#define LAPIC_FRAGMENT" in before:  # the list itself takes this one back
                kept.append("#undef LAPIC_FRAGMENT\n")
            return "".join(kept)

        return re.sub(r'^#include "([\w/]+\.def)"\n', entries, text, flags=re.M)

    def _static(self, chunk: Chunk, text: str) -> str:
        if is_static(chunk) or "__attribute__((weak))" in text or chunk.names & self.labels:
            return text
        if chunk.kind in ("prototype", "function"):
            if chunk.path == "base/string.h" or chunk.path in self.own:
                return text
            used = "__attribute__((used)) " if chunk.names & self.used_by_assembly else ""
            return "static " + used + text
        if chunk.kind == "data":
            used = "__attribute__((used)) " if chunk.names & self.used_by_assembly else ""
            return "static " + used + re.sub(r"^extern ", "", text)
        return text

    def order(self, sources: List[str]) -> List[str]:
        """Every file of which something is kept: a header before its first user."""
        found: List[str] = []
        for source in sources:
            if any(chunk in self.selection.kept for chunk in self.library.chunks[source]):
                found += [path for path in self.library.closure(source) if path not in found]
        return [path for path in found
                if any(chunk in self.selection.kept for chunk in self.library.chunks[path])]

    def section(self, path: str, names: Dict[str, str], title: Optional[str] = None) -> str:
        """What is kept of one file."""
        out = ""
        before = ""
        for chunk in self.library.chunks[path]:
            if chunk not in self.selection.kept:
                continue
            text = self._static(chunk, self._with_lists(chunk.text))
            text = chunk.comment + (_renamed(text, names) if names else text)
            short = chunk.kind in ("define", "prototype", "assertion") and not chunk.comment
            out += ("" if short and before == chunk.kind else "\n") + text
            before = chunk.kind if short else ""
        head = "\n/*\n * --- %s ---\n" % (title or path)
        head += "".join((" * " + line).rstrip() + "\n"
                        for line in self.library.openings[path].strip().split("\n"))
        return head + " */\n" + out
