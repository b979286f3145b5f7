# SPDX-License-Identifier: BSD-2-Clause
"""The built images: what loaders and the runner read in them, and the ways they boot."""
import glob
import os
import re
import struct
import subprocess
from typing import Dict, List, NamedTuple, Tuple

import pytest

from benching.figures import figure
from ordeal.plan.image import read_cases

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("ORDEAL_BUILD", ROOT)
QEMU = ["qemu-system-x86_64", "-nodefaults", "-no-reboot", "-display", "none", "-serial", "stdio",
        "-device", "isa-debug-exit,iobase=0xf4,iosize=0x4", "-accel", "tcg"]

MULTIBOOT_MAGIC, MULTIBOOT_SEARCH, MULTIBOOT_ADDRESSES = 0x1BADB002, 8192, 1 << 16
XEN_PHYS32_ENTRY = 18
PT_LOAD, PT_NOTE = 1, 4


class Segment(NamedTuple):
    """A program header."""
    kind: int
    flags: int
    offset: int
    vaddr: int
    paddr: int
    file_size: int
    mem_size: int
    align: int


class Elf:
    """As much of an ELF64 file as these tests look at."""

    def __init__(self, path: str) -> None:
        with open(path, "rb") as stream:
            self.data = stream.read()
        assert self.data[:6] == b"\x7fELF\x02\x01"
        (self.machine,) = struct.unpack_from("<H", self.data, 18)
        self.entry, phoff, shoff = struct.unpack_from("<QQQ", self.data, 24)
        size, count, shsize, shcount, shstr = struct.unpack_from("<HHHHH", self.data, 54)
        self.segments = [Segment(*struct.unpack_from("<IIQQQQQQ", self.data, phoff + i * size))
                         for i in range(count)]
        headers = [struct.unpack_from("<IIQQQQ", self.data, shoff + i * shsize)
                   for i in range(shcount)]
        names = headers[shstr][4]
        self.sections: Dict[str, Tuple[int, int, int]] = {
            self.text(names + h[0]): (h[3], h[4], h[5]) for h in headers}

    def text(self, offset: int) -> str:
        """The NUL-terminated string at a file offset."""
        return self.data[offset:self.data.index(b"\0", offset)].decode()

    def of_kind(self, kind: int) -> List[Segment]:
        """Program headers of one type."""
        return [s for s in self.segments if s.kind == kind]


def images() -> List[str]:
    """Every image that the Makefile builds."""
    names = [os.path.splitext(p)[0] for p in glob.glob(os.path.join(ROOT, "x86", "*.c"))]
    names += [os.path.dirname(p) for p in glob.glob(os.path.join(ROOT, "x86", "*", "*.c"))]
    return sorted({os.path.basename(n) for n in names})


@pytest.fixture(params=images())
def flat(request) -> str:
    """Path of each image in turn."""
    path = os.path.join(BUILD, "x86", request.param + ".flat")
    assert os.path.exists(path), "not built: run make"
    return path


def multiboot_header(data: bytes) -> int:
    """The offset of the section, or -1."""
    for offset in range(0, min(len(data), MULTIBOOT_SEARCH) - 47, 4):
        if struct.unpack_from("<I", data, offset)[0] == MULTIBOOT_MAGIC:
            return offset
    return -1


def boot(path: str, *args: str) -> subprocess.CompletedProcess:
    """One boot on TCG. QEMU gets the file's short name, because it puts the name before the
    arguments, and the guest would take part of a path with a blank for the first argument."""
    where, name = os.path.split(path)
    return subprocess.run(QEMU + ["-kernel", name] + list(args), cwd=where, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, text=True,
                          errors="replace", check=False)


def test_there_are_images():
    assert "native" in images() and "empty" in images()


def test_small(flat):
    limit = figure("image." + os.path.basename(flat)[:-len(".flat")]).limit
    assert limit and os.path.getsize(flat) <= limit


def test_one_load_segment(flat):
    elf = Elf(flat)
    (load,) = elf.of_kind(PT_LOAD)
    assert elf.machine == 62
    assert load.vaddr == load.paddr == 0x100000
    assert load.file_size <= load.mem_size
    (note,) = elf.of_kind(PT_NOTE)
    assert note.vaddr - note.offset == load.vaddr - load.offset
    for name, (address, offset, size) in elf.sections.items():
        if address and name != ".bss":
            assert address - offset == load.vaddr - load.offset, name
            assert load.vaddr <= address and address + size <= load.vaddr + load.file_size, name


def test_multiboot_header(flat):
    elf = Elf(flat)
    (load,) = elf.of_kind(PT_LOAD)
    offset = multiboot_header(elf.data)
    assert offset >= 0
    magic, flags, checksum, header, start, load_end, bss_end, entry = struct.unpack_from(
        "<8I", elf.data, offset)
    assert (magic + flags + checksum) % 2**32 == 0
    assert flags & MULTIBOOT_ADDRESSES
    assert header == load.vaddr + offset - load.offset
    assert start == load.vaddr
    assert load_end - start == load.file_size
    assert load.mem_size <= bss_end - start < load.mem_size + 4096  # to the end of the page
    assert entry == elf.entry and start <= entry < load_end


def test_pvh_note(flat):
    elf = Elf(flat)
    (load,) = elf.of_kind(PT_LOAD)
    (note,) = elf.of_kind(PT_NOTE)
    name_size, size, kind = struct.unpack_from("<3I", elf.data, note.offset)
    assert kind == XEN_PHYS32_ENTRY and size == 4
    assert elf.data[note.offset + 12:note.offset + 12 + name_size] == b"Xen\0"
    (entry,) = struct.unpack_from("<I", elf.data, note.offset + 16)
    assert load.vaddr <= entry < load.vaddr + load.file_size and entry != elf.entry


def test_case_records(flat):
    _, _, size = Elf(flat).sections.get(".ordeal.cases", (0, 0, 0))
    assert size % 64 == 0
    assert (size == 0) == (os.path.basename(flat) == "empty.flat")


#: The ids of the generated world begin with this. Its blocks share one sentence and citation.
WORLD = ("world/", "guest/")


def case_ids() -> List[str]:
    """SUITE/FILE.CASE of every case in a built image."""
    return ["%s/%s" % (name, case.name) for name in images()
            for case in read_cases(os.path.join(BUILD, "x86", name + ".flat")) or []]


def source_of(ident: str) -> str:
    """The file that a case's id names, without comments; for a block of the generated world,
    WORLD/OPENER.INSTRUCTION, the lists of both."""
    if ident.startswith(WORLD):
        return "".join(open(os.path.join(ROOT, "lib/x86", path), encoding="utf-8").read()
                       for path in ("world/alphabet.h", "order/fragments.def"))
    name = ident.partition(".")[0]
    for path in (name, os.path.dirname(name)):  # a suite of one file has no directory
        path = os.path.join(ROOT, "x86", path + ".c")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as stream:
                return re.sub(r"/\*.*?\*/", "", stream.read(), flags=re.S)
    pytest.fail("%s: there is no x86/%s.c" % (ident, name))
    return ""


def test_every_case_id_can_be_found():
    """FILE is a file's name, and every other part of an id stands as a word in that file: no macro
    makes one up, but for the two gates of CASE_BOTH_GATES."""
    with open(os.path.join(ROOT, "lib/x86/stage/case.h"), encoding="utf-8") as stream:
        gates = re.findall(r'"\.(\w+)", run_', stream.read())
    assert sorted(gates) == ["interrupt_gate", "trap_gate"]
    ids = case_ids()
    assert len(ids) > 558 and len(set(ids)) == len(ids)
    lost = [(ident, part) for ident in ids if not ident.startswith(WORLD)
            for part in ident.split(".")[1:]
            if part not in gates and not re.search(r"\b%s\b" % part, source_of(ident))]
    words = {part for ident in ids if ident.startswith(WORLD)
             for part in ident.partition("/")[2].split(".")}
    lost += [(WORLD[0], word) for word in words
             if not re.search(r"\b%s\b" % word, source_of(WORLD[0]))]
    assert not lost, lost


def test_every_twin_is_a_native_case():
    """A twin is named without its suite, so that only one case may bear the name."""
    native = ("native", "debug", "exceptions", "sweeps")
    names = [ident.partition("/")[2] for ident in case_ids() if ident.startswith(native)]
    twins = {case.twin for name in images()
             for case in read_cases(os.path.join(BUILD, "x86", name + ".flat")) or [] if case.twin}
    assert len(twins) > 10 and all(names.count(twin) == 1 for twin in twins), twins - set(names)


def test_every_sentence_is_whole():
    """Each sentence makes sense without its neighbours, and no suite has one twice, but for the
    generated world, whose blocks share theirs."""
    for name in images():
        found = [case.sentence for case in
                 read_cases(os.path.join(BUILD, "x86", name + ".flat")) or []]
        leaning = [s for s in found
                   if re.match(r"(the same|it|one|but|that|then)\b", s) or "behind" in s]
        assert not leaning, leaning
        assert len(set(found)) == len(found) or name + "/" in WORLD, \
            sorted(s for s in found if found.count(s) > 1)


def test_no_symbols_in_flat_but_in_elf(flat):
    assert ".symtab" not in Elf(flat).sections
    assert ".symtab" in Elf(flat[:-len("flat")] + "elf").sections


def test_boots_by_multiboot():
    done = boot(os.path.join(BUILD, "x86", "native.flat"), "-append", "shadow.sti_nop")
    assert " boot=multiboot " in done.stdout
    assert done.returncode == 1 and "PASS: native: shadow.sti_nop: " in done.stdout


def test_boots_by_pvh(tmp_path):
    with open(os.path.join(BUILD, "x86", "native.flat"), "rb") as stream:
        data = bytearray(stream.read())
    data[multiboot_header(data)] ^= 0xFF
    path = str(tmp_path / "pvh.flat")
    with open(path, "wb") as stream:
        stream.write(data)
    done = boot(path, "-append", "shadow.sti_nop nonce=n7")
    assert " boot=pvh " in done.stdout
    assert done.returncode == 1 and "PASS: native: shadow.sti_nop: " in done.stdout
    assert "\nEND n7 cases=1 " in done.stdout.replace("\r", "")


def test_no_long_mode():
    done = boot(os.path.join(BUILD, "x86", "native.flat"), "-cpu", "qemu32")
    assert done.returncode == 255
    assert done.stdout.startswith("ABORT: this CPU has no long mode")
    assert done.stdout.count("\n") == 1
