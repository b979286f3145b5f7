# SPDX-License-Identifier: BSD-2-Clause
"""Splits a C file of this project into chunks: one declaration, definition or macro each.

No C parser: it relies on the house style (clang-format, headers with guards, one level of
conditionals), which tests/test_style.py holds. A chunk knows which names it defines and which it
mentions, so that a file can be taken apart and put together again from what is needed.
"""
import re
from typing import Dict, Iterator, List, NamedTuple, Set, Tuple

#: Words at the top level that are no names: what declarations carry.
_DECORATION = re.compile(r"\b(?:PAGE_ALIGNED|NORETURN|NOINLINE|IN_SOURCE_ORDER|ALWAYS_INLINE)\b")
_TOKEN = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'|[A-Za-z_]\w*|\s+|.', re.S)
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
_PASTE = re.compile(r"(\w+)\s*##\s*(\w+)(?:\s*##\s*(\w+))?")
_DEF = re.compile(r'^#include "([\w/]+\.def)"\n', re.M)


class Chunk:
    """A piece of a file. kind: define, function, prototype, data, type, assertion, invocation, asm."""

    def __init__(self, path: str, kind: str, text: str, comment: str = "") -> None:
        self.path, self.kind, self.text, self.comment = path, kind, text, comment
        self.names: Set[str] = set()
        self.mentions: Set[str] = set(identifiers(text))

    @property
    def defs(self) -> List[str]:
        """The lists (.def files) that the chunk includes."""
        return _DEF.findall(self.text)

    def __repr__(self) -> str:
        return "%s %s %s" % (self.path, self.kind, sorted(self.names))


def tokens(text: str) -> Iterator[str]:
    """Comments, strings, identifiers, blanks, and every other character by itself."""
    for match in _TOKEN.finditer(text):
        yield match.group(0)


def identifiers(text: str) -> Iterator[str]:
    """The identifiers, without those in comments and strings, and without members."""
    before = ""
    for token in tokens(text):
        if _IDENTIFIER.fullmatch(token) and before not in (".", "->"):
            yield token
        if token.strip():
            before = before + token if (before, token) == ("-", ">") else token


def _end_of_directive(text: str, start: int) -> int:
    end = text.find("\n", start)
    while end > 0 and text[end - 1] == "\\":
        end = text.find("\n", end + 1)
    return len(text) if end < 0 else end + 1


def _strip(text: str) -> str:
    """A declaration without comments, and without what stands in braces, brackets or parentheses."""
    kept: List[str] = []
    depth = 0
    for token in tokens(re.sub(r"^#.*\n", "", text, flags=re.M)):
        if token in "([{":
            depth += 1
            if depth == 1:
                kept.append({"(": "()", "[": "", "{": "{}"}[token])
        elif token in ")]}":
            depth -= 1
        elif depth == 0 and not token.startswith("/*"):
            kept.append(token)
    return _DECORATION.sub("", re.sub(r"\b(?:__attribute__|PRINTF)\s*\(\)", "", "".join(kept)))


def _enumerators(text: str) -> Set[str]:
    body = text[text.index("{"):]
    body = re.sub(r"/\*.*?\*/|^#(?:[^\n]*\\\n)*[^\n]*\n", "", body, flags=re.M | re.S)
    return set(re.findall(r"[{,]\s*([A-Za-z_]\w*)", body))


def _declared(skeleton: str, text: str) -> Set[str]:
    """The variables of a declaration."""
    found = set()
    pointer = re.search(r"\(\s*\*\s*(\w+)\)\s*\(", text)
    if pointer and re.match(r"[\w\s*]*\(\)\s*\(\)", skeleton):
        return {pointer.group(1)}
    for part in skeleton.rstrip().rstrip(";").split(","):
        words = _IDENTIFIER.findall(part.partition("=")[0])
        if len(words) > 1 or (words and "{}" in part) or (words and found):
            found.add(words[-1])
    return found


def _classify(chunk: Chunk) -> None:
    """Fills in kind and names of a chunk of code."""
    skeleton = _strip(chunk.text)
    if skeleton.startswith("_Static_assert"):
        chunk.kind = "assertion"
        return
    if skeleton.startswith("asm"):
        chunk.kind = "asm"
        return
    if skeleton.startswith("typedef"):
        chunk.kind = "type"
        chunk.names = set(_IDENTIFIER.findall(skeleton)[-1:])
        return
    tag = re.match(r"\s*(?:typedef )?(?:static )?(?:const )?(struct|union|enum)\s*(\w*)\s*\{\}(.*)",
                   skeleton, re.S)
    if tag:
        chunk.kind = "type" if not tag.group(3).strip(" ;\n") else "data"
        chunk.names |= {tag.group(2)} - {""}
        chunk.names |= _declared("int " + tag.group(3), chunk.text) if chunk.kind == "data" else set()
        if tag.group(1) == "enum":
            chunk.names |= _enumerators(chunk.text)
        return
    if re.match(r"\s*(?:struct|union|enum)\s+\w+;", skeleton):
        chunk.kind = "type"
        chunk.names = set(_IDENTIFIER.findall(skeleton)[1:])
        return
    call = re.match(r"([^=]*?)(\w+)\s*\(\)", skeleton)
    if call and not re.match(r"[\w\s*]*\(\)\s*\(\)", skeleton):
        invoked = not call.group(1).strip()
        chunk.kind = "invocation" if invoked else "function" if "{}" in skeleton else "prototype"
        chunk.names = set() if invoked else {call.group(2)}
        return
    chunk.kind = "data"
    chunk.names = _declared(skeleton, chunk.text)


def _code_end(text: str, start: int) -> int:
    """Where the declaration that begins at start ends, with the comment behind it on its line."""
    depth, seen, position, body = 0, "", start, False
    for token in tokens(text[start:]):
        position += len(token)
        if token in "([{":
            depth += 1
            if depth == 1:
                body = token == "{" and seen == ")"
            seen = token
        elif token in ")]}":
            depth -= 1
            seen = token
            if depth == 0 and token == "}" and body:
                break
        elif token == ";" and depth == 0:
            break
        elif token == "\n" or token.startswith("\n"):
            after = text[position:position + 1]
            if depth == 0 and seen == ")" and (after not in " \t{" or token.startswith("\n\n")):
                break
        elif token.strip() and not token.startswith("/*"):
            seen = token
    rest = re.match(r"[ \t]*(/\*.*?\*/)?[ \t]*\n", text[position:], re.S)
    return position + rest.end() if rest else position


class _Source(NamedTuple):
    includes: List[str]
    chunks: List[Chunk]
    opening: str


def _conditional(text: str, start: int) -> Tuple[str, int]:
    """The text of #if ... #endif and where it ends."""
    depth, position = 0, start
    while True:
        end = _end_of_directive(text, position)
        line = text[position:end]
        depth += len(re.findall(r"^#\s*if", line)) - len(re.findall(r"^#\s*endif", line))
        position = end
        if depth == 0 or end >= len(text):
            return text[start:end], end


def _opening(text: str) -> Tuple[str, int]:
    """The paragraph at the top of a file, without its signs, and where the code begins."""
    match = re.match(r"/\* SPDX[^\n]*\n/\*\n(.*?)\n ?\*/\n", text, re.S)
    if not match:
        return "", 0
    return re.sub(r"^ \* ?", "", match.group(1), flags=re.M), match.end()


def _expand_lists(text: str, start: int, end: int) -> int:
    """A #define right before an #include of a list belongs to it, up to the #undef behind it."""
    following = re.match(r'(?:#define (?:[^\n]*\\\n)*[^\n]*\n)*#include "[\w/]+\.def"\n'
                         r"(?:#undef \w+\n)?", text[start:])
    return start + following.end() if following else end


def split(path: str, text: str) -> _Source:
    """Takes a file apart. What only an assembler would read is left out."""
    opening, position = _opening(text)
    includes: List[str] = []
    chunks: List[Chunk] = []
    comment = ""
    guard = re.search(r"^#ifndef ORDEAL_\w+_H\n#define ORDEAL_\w+\n", text, re.M)
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        if text.startswith("/*", position):
            end = text.index("*/", position) + 2
            comment = text[position:end] + "\n"
            position = end
            continue
        if text[position] != "#":
            end = _code_end(text, position)
            chunk = Chunk(path, "data", text[position:end].rstrip("\n") + "\n", comment)
            _classify(chunk)
            chunks.append(chunk)
            position, comment = end, ""
            continue
        end = _end_of_directive(text, position)
        line = text[position:end]
        if guard and position == guard.start():
            position, comment = guard.end(), ""
            continue
        if line.startswith("#if"):
            block, position = _conditional(text, position)
            if "__ASSEMBLER__" not in line:
                chunk = Chunk(path, "define", block, comment)
                chunk.names = set(re.findall(r"^#define (\w+)", block, re.M))
                chunks.append(chunk)
            comment = ""
            continue
        if line.startswith("#define"):
            end = _expand_lists(text, position, end)
            chunk = Chunk(path, "define", text[position:end], comment)
            if chunk.defs:
                chunk.kind = "asm"
            else:
                chunk.names = set(re.findall(r"^#define (\w+)", line))
            chunks.append(chunk)
        elif line.startswith("#include"):
            includes += re.findall(r'^#include ("[^"]+"|<[^>]+>)', line)
        position, comment = end, ""
    return _Source(includes, chunks, opening)


def arguments(text: str) -> List[str]:
    """What stands in the first parentheses of text, split at its commas."""
    found, current, depth = [], "", 0
    for token in tokens(text[text.index("("):]):
        if token in "([{":
            depth += 1
            if depth == 1:
                continue
        elif token in ")]}":
            depth -= 1
            if depth == 0:
                break
        if token == "," and depth == 1:
            found.append(current.strip())
            current = ""
        else:
            current += token
    return found + [current.strip()]


def pasted(macro: str, given: List[str]) -> Set[str]:
    """The names that a macro makes with ## of its arguments. macro: its #define."""
    head = re.match(r"#define \w+\(([^)]*)\)", macro)
    if not head:
        return set()
    names = [name.strip() for name in head.group(1).split(",")]
    values: Dict[str, str] = dict(zip(names, given))
    return {"".join(values.get(part, part) for part in match if part)
            for match in _PASTE.findall(macro[head.end():])}
