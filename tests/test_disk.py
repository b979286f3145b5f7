# SPDX-License-Identifier: BSD-2-Clause
"""The disk for any machine (scripts/make-image): what lies where, and that two builds are the same."""
import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("ORDEAL_BUILD", ROOT))
APPLICATION = BUILD / "loader/ordeal.efi"
PYTHON = "/usr/bin/python3"
MOST = 2 << 20


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
