# SPDX-License-Identifier: BSD-2-Clause
"""Reads unittests.cfg: which images to boot, how, and in which groups (docs/unittests-cfg.md).

The format is that of kvm-unit-tests: [name], then KEY = VALUE lines; a value that opens with
three double quotes runs to the next three. kvm-unit-tests silently ignores an unknown key, and a
line that is neither a head nor KEY = VALUE; here each is an error that names file and line.
"""
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

from ..model import Stanza, UserError
from ..record import replace
from ..text import near

KEYS = ("file", "smp", "test_args", "qemu_params", "extra_params", "groups", "accel", "arch",
        "machine", "timeout", "check", "disabled_if", "platforms")
#: Keys of kvm-unit-tests for other VMMs: they are accepted and ignored.
FOREIGN_KEYS = ("kvmtool_params",)
_QUOTES = '"""'
_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")


class Entry(NamedTuple):
    """One section: its name, its line number, and its keys, each with its value and line number."""
    name: str
    line: int
    keys: Dict[str, Tuple[str, int]]


def read_text(path: str, newline: Optional[str] = None) -> str:
    """The text of a configuration file; a UserError says why it cannot be read. newline: as open()
    takes it; '' keeps line ends as they are."""
    try:
        with open(path, encoding="utf-8", newline=newline) as stream:
            return stream.read()
    except OSError as error:
        raise UserError("cannot read %s: %s" % (path, error.strerror)) from None
    except UnicodeDecodeError as error:
        raise UserError("%s is not UTF-8 text (byte %d)" % (path, error.start)) from None


def _multi_line(first: str, lines: Iterator[Tuple[int, str]], path: str, number: int) -> str:
    """The rest of a three-quoted value. An odd number of backslashes joins two lines."""
    value = first
    while _QUOTES not in value:
        ahead = next(lines, None)
        if ahead is None:
            raise UserError('%s:%d: the """ of this value is never closed' % (path, number))
        stripped = value.rstrip("\\")
        if (len(value) - len(stripped)) % 2:
            value = value[:-1] + ahead[1]
        else:
            value += "\n" + ahead[1]
    value, after = value.split(_QUOTES, 1)
    if after.strip():
        raise UserError('%s:%d: text after the closing """: %s' % (path, number, after.strip()))
    return value


def _uncomment(value: str) -> str:
    """The value without a trailing comment; a quoted value keeps everything."""
    return value if "'" in value or '"' in value else value.split(" #", 1)[0]


def sections(text: str, path: str, comments: bool = True) -> List[Entry]:
    """Sections with their keys in the order of the file. This function does not check the keys.
    comments: a blank and # end a value."""
    found: List[Entry] = []
    names: Dict[str, int] = {}
    lines = iter(enumerate(text.splitlines(), 1))
    for number, line in lines:
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            if not line.endswith("]") or not line[1:-1].strip():
                raise UserError("%s:%d: malformed section head: %s" % (path, number, line))
            name = line[1:-1].strip()
            if name in names:
                raise UserError("%s:%d: a second [%s]; the first is in line %d"
                                % (path, number, name, names[name]))
            names[name] = number
            found.append(Entry(name, number, {}))
            continue
        key, equals, value = line.partition("=")
        key, value = key.strip(), (_uncomment(value) if comments else value).strip()
        if not equals or not key:
            raise UserError("%s:%d: neither [section] nor KEY = VALUE: %s" % (path, number, line))
        if not found:
            raise UserError("%s:%d: %s stands before the first [section]" % (path, number, key))
        if value.startswith(_QUOTES):
            value = _multi_line(value[3:], lines, path, number)
        if key in found[-1].keys:
            raise UserError("%s:%d: %s is set twice in [%s]" % (path, number, key, found[-1].name))
        found[-1].keys[key] = (value, number)
    return found


def apply(stanza: Stanza, key: str, value: str, where: str) -> Stanza:
    """The stanza with one key set. where: the file and line, or the option, that an error names."""
    if key in FOREIGN_KEYS:
        return stanza
    if key not in KEYS:
        raise UserError("%s: unknown key %s%s" % (where, key, near(key, KEYS)))
    if key == "timeout":
        seconds(value, where)
    if key in ("qemu_params", "extra_params"):
        return replace(stanza, params=value)
    if key in ("groups", "platforms"):
        words = tuple(value.replace(",", " ").split())
        return replace(stanza, **{key: words})
    return replace(stanza, **{key: value})


def parse(text: str, path: str) -> List[Stanza]:
    """All stanzas of one unittests.cfg, in order."""
    stanzas = []
    for entry in sections(text, path):
        if not set(entry.name) <= _NAME:
            raise UserError("%s:%d: [%s]: a name has only letters, digits and _ . -"
                            % (path, entry.line, entry.name))
        stanza = Stanza(entry.name, "%s:%d" % (path, entry.line))
        for key, (value, line) in entry.keys.items():
            stanza = apply(stanza, key, value, "%s:%d" % (path, line))
        if not stanza.file:
            raise UserError("%s: [%s] lacks file = IMAGE" % (stanza.where, stanza.name))
        stanzas.append(stanza)
    if not stanzas:
        raise UserError("%s has no [section]" % path)
    return stanzas


def seconds(value: str, where: str) -> float:
    """A duration as timeout(1) reads it (90, 90s, 2m, 1h), in seconds; 0 means no limit."""
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    text, unit = value.strip(), 1
    if text[-1:] in units:
        text, unit = text[:-1], units[text[-1]]
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < 1e9:
        raise UserError("%s: bad time limit %r: give a duration such as 90, 90s or 2m"
                        % (where, value))
    return number * unit


def override(stanzas: List[Stanza], setting: str) -> List[Stanza]:
    """The stanzas after --set TEST.KEY=VALUE. TEST may contain dots, KEY may not."""
    target, equals, value = setting.partition("=")
    name, dot, key = target.rpartition(".")
    where = "--set %s" % setting
    if not equals or not dot or not name:
        raise UserError("%s: give TEST.KEY=VALUE" % where)
    if name not in [s.name for s in stanzas]:
        raise UserError("%s: no test %s%s" % (where, name, near(name, [s.name for s in stanzas])))
    return [apply(s, key, value, where) if s.name == name else s for s in stanzas]
