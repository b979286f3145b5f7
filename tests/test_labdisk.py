# SPDX-License-Identifier: BSD-2-Clause
"""The disks that Bochs boots: where its loader finds what, and what Linux finds in memory."""
import gzip
import lzma
import shutil
import struct
import subprocess

import pytest

from ordeal.host import Host, version_of
from ordeal.model import UserError
from ordeal.platforms import bochs_disk, bochs_rom
from ordeal.platforms.lab import disk, stock
from ordeal.platforms.lab.kvm import KvmAmdTcg

SECTOR = 512
MEMORY = 256


def elf_with(entry):
    """An ELF file with one segment of three bytes at 16 MiB and, unless entry is 0, a PVH note."""
    note = struct.pack("<III4sI", 4, 4, 18, b"Xen\0", entry) if entry else b""
    head = b"\x7fELF\x02".ljust(32, b"\0") + struct.pack("<Q", 64) + b"\0" * 14
    head += struct.pack("<HH", 56, 2) + b"\0" * 6
    rows = struct.pack("<IIQQQQQQ", 1, 5, 4096, 0, 16 << 20, 3, 4096, 4096)
    rows += struct.pack("<IIQQQQQQ", 4, 4, 1024, 0, 0, len(note), len(note), 4)
    return (head + rows).ljust(1024, b"\0").ljust(1024, b"\0") + note.ljust(3072, b"\0") + b"abc"


def bzimage(payload):
    """A kernel whose protected-mode part is `code` and then this payload."""
    setup = bytearray(5 * SECTOR)
    setup[0x1f1] = 4
    setup[0x201:0x206] = b"\x6aHdrS"
    struct.pack_into("<H", setup, 0x206, 0x20f)
    struct.pack_into("<II", setup, 0x248, 4, len(payload))
    return bytes(setup) + b"code" + payload


def zstd(data):
    """Compress as the kernel's build does, with the length after the frame."""
    if not shutil.which("zstd"):
        pytest.skip("zstd is not installed; apt-get install zstd")
    done = subprocess.run(["zstd", "-qc"], input=data, stdout=subprocess.PIPE, check=True)
    return done.stdout + struct.pack("<I", len(data))


def test_what_a_kernel_calls_itself():
    """The setup header points at it; not every kernel says it, and not every file is a kernel."""
    kernel = bytearray(bzimage(b""))
    assert disk.version(bytes(kernel)) == ""
    struct.pack_into("<H", kernel, 0x20e, 0x300)
    kernel[0x500:0x516] = b"6.1.0-56-amd64 (me) #1"
    assert disk.version(bytes(kernel)) == "6.1.0-56-amd64"
    assert disk.version(b"\x7fELF" * 1000) == ""


def test_the_version_of_an_own_kernel_is_not_the_emulators(tmp_path, monkeypatch):
    """Entries of expected/ are chosen by it."""
    monkeypatch.setattr(KvmAmdTcg, "emulator", lambda self, host: "QEMU 7.2.22")
    path = tmp_path / "linux-9.9" / "bzImage"
    path.parent.mkdir()
    kernel = bytearray(bzimage(b""))
    host = Host("/", str(tmp_path), {}, lab={"kernel": str(path)})
    path.write_bytes(kernel)
    assert version_of(KvmAmdTcg().version(host)) == (0, 0)
    struct.pack_into("<H", kernel, 0x20e, 0x300)
    kernel[0x500:0x506] = b"6.1.7\0"
    path.write_bytes(kernel)
    assert KvmAmdTcg().version(host) == "Linux 6.1.7 on QEMU 7.2.22: Linux 6.1.7 (%s)" % path


@pytest.mark.parametrize("pack", [
    lambda data: lzma.compress(data) + struct.pack("<I", len(data)),
    lambda data: gzip.compress(data) + struct.pack("<I", len(data)), zstd])
def test_kernel_is_unpacked(pack):
    """Whatever it was compressed with."""
    assert disk.unpacked(bzimage(pack(elf_with(7)))) == elf_with(7)


@pytest.mark.parametrize("payload", [b"", b"\x02\x21\x4c\x18what", b"\xfd7zXZ\0broken",
                                     b"\x1f\x8bbroken", gzip.compress(b"no ELF")])
def test_kernel_that_we_cannot_unpack(payload):
    """Such a kernel is entered by the boot protocol, with its code at 1 MiB, and unpacks itself."""
    kernel = bzimage(payload)
    assert disk.unpacked(kernel) is None
    load = disk.linux(kernel, b"initrd", "a=b", MEMORY)
    parts = dict(load.parts)
    assert load.entry == 1 << 20 and parts[1 << 20] == b"code" + payload
    params = parts[load.information]
    address, size = struct.unpack_from("<II", params, 0x218)
    line, = struct.unpack_from("<I", params, 0x228)
    assert parts[address] == b"initrd" and size == 6 and parts[line] == b"a=b\0"
    assert params[0x202:0x206] == b"HdrS" and params[0x210] == 0xff
    count = params[0x1e8]
    table = [struct.unpack_from("<QQI", params, 0x2d0 + 20 * i) for i in range(count)]
    assert table == bochs_disk.memory_map(MEMORY)


def test_pvh():
    """Entered where its note says, with the start_info that Xen would give."""
    load = disk.linux(bzimage(gzip.compress(elf_with(0x1000a30))), b"initrd", "a=b", MEMORY)
    parts = dict(load.parts)
    assert load.entry == 0x1000a30 and parts[16 << 20] == b"abc"
    info = parts[load.information]
    magic, version, _, modules, module, line, _, table, entries = struct.unpack_from(
        "<IIIIQQQQI", info)
    assert (magic, version, modules, parts[line]) == (0x336ec578, 1, 1, b"a=b\0")
    start, size = struct.unpack_from("<QQ", info, module - load.information)
    assert parts[start][:size] == b"initrd"
    assert [struct.unpack_from("<QQI", parts[table], 24 * i) for i in range(entries)] \
        == bochs_disk.memory_map(MEMORY)


def test_no_pvh_note():
    """Unpacked but without the note: the boot protocol."""
    kernel = bzimage(gzip.compress(elf_with(0)))
    assert disk.linux(kernel, b"", "", MEMORY).entry == 1 << 20


def test_memory_map_has_no_holes_in_it():
    """Entries are in order and do not overlap; the last ends with the memory."""
    table = bochs_disk.memory_map(MEMORY)
    assert all(a[0] + a[1] <= b[0] for a, b in zip(table, table[1:]))
    assert sum(table[-1][:2]) == MEMORY << 20


@pytest.mark.parametrize("kernel, initrd, args, message", [
    pytest.param(b"no kernel" * 1000, b"", "", "not a bzImage", id="noise"),
    pytest.param(b"", b"", "", "not a bzImage", id="empty"),
    pytest.param(bzimage(b""), b"", "x" * 5000, "too long: 5001 bytes", id="line"),
    pytest.param(bzimage(b""), b"x" * (40 << 20), "", "do not fit in 64 MiB", id="memory")])
def test_what_does_not_work(kernel, initrd, args, message):
    """One line each."""
    with pytest.raises(UserError, match=message):
        disk.linux(kernel, initrd, args, 64)


def test_disk_as_loader_and_fetch_read_it():
    """scripts/lab/bootdisk.h: code, head, each part on a sector's start, the payload, whole cylinders."""
    load = bochs_disk.Loadable(((0x1000, b"one"), (0x2000, b"t" * 513)), 0x1234, 0x5678)
    content = bochs_disk.with_payload(bochs_disk.bootable(b"code", load), b"payload")
    assert content.startswith(b"code\0") and len(content) % (16 * 63 * SECTOR) == 0
    head = content[17 * SECTOR:18 * SECTOR]
    at, size, entry, information, count = struct.unpack_from("<IIIII", head, 8)
    assert head[:8] == b"ordeal\0\0" and (entry, information, count) == (0x1234, 0x5678, 2)
    assert content[at * SECTOR:at * SECTOR + size] == b"payload"
    for number, (address, data) in enumerate(load.parts):
        sector, length, where = struct.unpack_from("<III", head, 28 + 12 * number)
        assert where == address and content[sector * SECTOR:sector * SECTOR + length] == data


def test_rom_as_its_code_reads_it():
    """scripts/lab/rom.S: the parts; in the last 512 bytes below 4 GiB code, head and reset vector."""
    load = bochs_disk.Loadable(((0x1000, b"one"), (0x2000, b"t" * 70000)), 0x1234, 0x5678)
    code = bytes(range(256)) * 2
    content = bochs_rom.rom(code, load)
    assert len(content) == 1 << 17 and content[-16:] == code[-16:]
    assert content[-512:-256] == code[:256]
    entry, information, count = struct.unpack_from("<III", content, len(content) - 256)
    assert (entry, information, count) == (0x1234, 0x5678, 2)
    for number, (address, data) in enumerate(load.parts):
        at, words, where = struct.unpack_from("<III", content, len(content) - 244 + 12 * number)
        at -= (1 << 32) - len(content)
        assert where == address and content[at:at + 4 * words].rstrip(b"\0") == data


@pytest.mark.parametrize("code, parts", [
    (b"short", ()), (b"c" * 512, ((0, b"x" * (1 << 21)),)), (b"c" * 512, ((0, b"x"),) * 17)],
    ids=["code", "size", "parts"])
def test_what_a_rom_cannot_hold(code, parts):
    with pytest.raises(UserError, match="no room"):
        bochs_rom.rom(code, bochs_disk.Loadable(tuple(parts), 0, 0))


def test_too_many_parts():
    """The head has room for sixteen."""
    load = bochs_disk.Loadable(tuple((n, b"x") for n in range(17)), 0, 0)
    with pytest.raises(UserError, match="no room"):
        bochs_disk.bootable(b"", load)


def test_an_image_as_pvh_enters_it():
    """No modules, its command line, one RAM area above 1 MiB."""
    load = bochs_disk.by_pvh(elf_with(0x100040), b"a nonce=1\0", 64)
    parts = dict(load.parts)
    info = struct.unpack("<IIIIQQQQII", parts[load.information])
    assert info[:5] == (0x336ec578, 1, 0, 0, 0) and parts[info[5]] == b"a nonce=1\0"
    assert load.entry == 0x100040 and parts[16 << 20] == b"abc"


@pytest.mark.parametrize("content", [b"", b"\x7fELF\x01" + b"x" * 99, elf_with(7)[:90], elf_with(0)],
                         ids=["empty", "32-bit", "cut", "no note"])
def test_what_has_no_pvh_entry_goes_through_grub(content):
    assert not bochs_disk.has_pvh_entry(content) and bochs_disk.has_pvh_entry(elf_with(7))


def test_signature_is_cut_off():
    """Linux appends the signature, 12 bytes about it, and a magic; an unsigned module stays."""
    signed = b"module" + b"s" * 100 + b"\0" * 8 + struct.pack(">I", 100) \
        + b"~Module signature appended~\n"
    assert stock.without_signature(signed) == b"module"
    assert stock.without_signature(b"module") == b"module"
