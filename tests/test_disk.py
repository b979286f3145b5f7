# SPDX-License-Identifier: BSD-2-Clause
"""The disk for any machine (scripts/make-image): what lies where, and that two builds are the same;
and the disk as clouds take it (scripts/make-cloud)."""
import gzip
import os
import shutil
import struct
import subprocess
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("ORDEAL_BUILD", ROOT))
APPLICATION = BUILD / "loader/ordeal.efi"
PYTHON = "/usr/bin/python3"
MOST, GIB = 2 << 20, 1 << 30


def made(out: Path, application: Path = APPLICATION, **env: str) -> subprocess.CompletedProcess:
    if not shutil.which("mformat") or not os.path.exists("/usr/lib/grub/i386-pc"):
        pytest.skip("mtools and grub-pc-bin are not here: scripts/setup.sh --packages")
    return subprocess.run([PYTHON, str(ROOT / "scripts/make-image"), str(out), str(application)],
                          text=True, stderr=subprocess.PIPE, check=False, env={**os.environ, **env})


def test_the_disk_is_small_and_its_partition_holds_the_file(tmp_path):
    disk = tmp_path / "disk"
    assert made(disk).returncode == 0
    data = disk.read_bytes()
    assert len(data) <= MOST and data[510:512] == b"\x55\xaa"
    active, kind, start, sectors = struct.unpack_from("<B3xB3xII", data, 446)
    assert (active, kind) == (0x80, 0xef) and not any(data[462:510])
    assert (start + sectors) * 512 == len(data)
    copy = tmp_path / "copy"
    subprocess.run(["mcopy", "-i", "%s@@%d" % (disk, start * 512), "::EFI/BOOT/BOOTX64.EFI",
                    str(copy)], check=True, env={**os.environ, "MTOOLS_SKIP_CHECK": "1"})
    assert copy.read_bytes() == APPLICATION.read_bytes()
    assert data.count(APPLICATION.read_bytes()) == 1, "it lies in one piece"


def test_two_builds_are_the_same(tmp_path):
    later = tmp_path / "later.efi"
    shutil.copy(APPLICATION, later)
    os.utime(later, (2_000_000_000, 2_000_000_000))
    assert made(tmp_path / "a").returncode == 0
    assert made(tmp_path / "b", later, TZ="Pacific/Auckland", SOURCE_DATE_EPOCH="").returncode == 0
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_missing_tool_is_named(tmp_path):
    done = made(tmp_path / "disk", PATH=str(tmp_path))
    assert done.returncode == 1 and not (tmp_path / "disk").exists()
    assert "grub-mkimage" in done.stderr and "setup.sh --packages" in done.stderr


def clouds(directory: Path, disk: bytes) -> Path:
    source = directory / "ordeal.img"
    source.write_bytes(disk)
    subprocess.run([PYTHON, str(ROOT / "scripts/make-cloud"), str(directory / "cloud"),
                    str(source)], check=True)
    return directory / "cloud"


DISK = bytes(range(256)) * 4096 + b"end".ljust(4096, b"\0")


def test_gce_gets_a_disk_of_whole_gibibytes(tmp_path):
    packed = clouds(tmp_path, DISK) / "ordeal-gce.tar.gz"
    with tarfile.open(packed) as tar:
        (member,) = tar.getmembers()
        assert member.name == "disk.raw" and member.size == GIB
        assert tar.extractfile(member).read(len(DISK) + 512) == DISK + bytes(512)
    with gzip.open(packed) as stream:
        header = stream.read(512)
    assert header[257:265] == b"ustar  \0", "the old GNU form"
    (tmp_path / "again").mkdir()
    again = clouds(tmp_path / "again", DISK) / "ordeal-gce.tar.gz"
    assert again.read_bytes() == packed.read_bytes()


def test_azure_gets_a_fixed_vhd(tmp_path):
    vhd = clouds(tmp_path, DISK) / "ordeal.vhd"
    with open(vhd, "rb") as stream:
        assert stream.read(len(DISK) + 512) == DISK + bytes(512)
        stream.seek(-512, os.SEEK_END)
        assert stream.tell() == GIB
        footer = stream.read()
    original, size, cylinders, heads, sectors, kind, checksum = struct.unpack_from(
        ">QQHBBII", footer, 40)
    assert footer[:8] == b"conectix" and (original, size, kind) == (GIB, GIB, 2)
    assert 0 <= GIB // 512 - cylinders * heads * sectors < heads * sectors
    assert checksum == ~(sum(footer) - sum(footer[64:68])) & 0xffffffff
    assert vhd.stat().st_blocks * 512 < 2 * len(DISK), "holes"


def test_qemu_reads_the_vhd_as_the_disk(tmp_path):
    if not shutil.which("qemu-img"):
        pytest.skip("qemu-img is not here: install qemu-utils")
    vhd, raw = clouds(tmp_path, DISK) / "ordeal.vhd", tmp_path / "raw"
    raw.write_bytes(DISK)
    os.truncate(raw, GIB)
    done = subprocess.run(["qemu-img", "compare", "-f", "vpc", "-F", "raw", str(vhd), str(raw)],
                          text=True, stdout=subprocess.PIPE, check=False)
    assert done.returncode == 0 and "identical" in done.stdout
