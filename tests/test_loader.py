# SPDX-License-Identifier: BSD-2-Clause
"""The file for any machine (loader/): its form, and that its images run one after the other."""
import os
import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from ordeal.platforms import packed

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("ORDEAL_BUILD", ROOT))
FILE = BUILD / "loader/ordeal.efi"


def with_script(*lines: str) -> bytes:
    """The file with another script."""
    return packed.with_script(FILE.read_bytes(), lines)


def test_the_file_is_small_and_whole():
    data = FILE.read_bytes()
    assert len(data) <= 512 << 10 and len(data) % 4096 == 0
    pe, = struct.unpack_from("<I", data, 0x3c)
    assert data[:2] == b"MZ" and data[pe:pe + 4] == b"PE\0\0"
    machine, count = struct.unpack_from("<HH", data, pe + 4)
    size, = struct.unpack_from("<H", data, pe + 20)
    assert machine == 0x8664 and size == 160
    end = 4096
    for number in range(count):
        in_memory, address, in_file, offset = struct.unpack_from(
            "<IIII", data, pe + 24 + size + 40 * number + 8)
        assert offset == address == end and in_memory >= in_file
        end = address + in_file
    assert end == len(data)


def test_no_code_has_an_address_in_it():
    """Only head.S may: for GRUB, which loads the file where it is linked."""
    wrong = []
    for obj in sorted((BUILD / "loader/obj").rglob("*.o")):
        listed = subprocess.run(["readelf", "-Wr", str(obj)], text=True, check=True,
                                stdout=subprocess.PIPE).stdout
        for section in listed.split("Relocation section ")[1:]:
            if obj.name != "head.o" and ".debug" not in section.split("\n")[0]:
                wrong += ["%s: %s" % (obj.name, line) for line in section.split("\n")
                          if re.search(r"R_X86_64_(64|32S?|\w*GOT\w*)\s", line)]
    assert not wrong, "\n".join(wrong)


def boot(path: Path, *words: str, com: str = "stdio") -> str:
    """The console of a machine that starts the file as a Multiboot kernel."""
    qemu = os.environ.get("QEMU") or shutil.which("qemu-system-x86_64")
    if not qemu:
        pytest.skip("qemu-system-x86_64 is not installed")
    done = subprocess.run(
        [qemu, "-nodefaults", "-no-reboot", "-display", "none", "-serial", com, "-device",
         "isa-debug-exit,iobase=0xf4,iosize=0x4", "-cpu", "max", "-accel", "tcg", "-icount",
         "shift=0,sleep=off", "-kernel", str(path), *words], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
    return done.stdout.decode("ascii", "replace")


def test_images_run_one_after_the_other(tmp_path):
    path = tmp_path / "ordeal.efi"
    path.write_bytes(with_script(
        "word", "hv nonce=1 stories.s2.*", "missing", "native nonce=2 flags.rf_of_irq"))
    text = boot(path)
    assert marks_of(text) == ["0 BEGIN", "0 EXIT exit 0", "1 BEGIN",
                              "1 EXIT vmm 0 the file has no such image", "2 BEGIN",
                              "2 EXIT exit 0", "OVER"], text
    assert "boot=pvh" in text


def marks_of(text: str) -> list:
    """The loader's own lines, without their first two words."""
    return re.findall(r"^LAB \S+ (.*?)(?=\r?$)", text, re.M)


def test_an_image_that_gave_up_is_entered_again_behind_the_case(tmp_path):
    """On tcg, traps.step_and_data_breakpoint ends a boot (expected/tcg.cfg)."""
    path = tmp_path / "ordeal.efi"
    path.write_bytes(with_script("word", "debug nonce=1 traps.*", "hv nonce=2 stories.s2.*"))
    text = boot(path)
    if "ABORT" not in text:
        pytest.skip("this QEMU ends no boot in debug/traps.step_and_data_breakpoint")
    assert marks_of(text) == ["0 BEGIN", "0 EXIT exit 127", "0 BEGIN", "0 EXIT exit 1", "1 BEGIN",
                              "1 EXIT exit 0", "OVER"], text
    begun = re.findall(r"^CASE: (\S+)", text, re.M)
    assert len(begun) == len(set(begun))
    planned = [int(number) for number in re.findall(r"^PLAN: (\d+)", text, re.M)]
    assert planned[0] - planned[1] == text[:text.index("ABORT")].count("\nCASE: ")


def test_a_command_line_chooses_suites_and_cases():
    """QEMU puts the file's name first, as a UEFI shell does."""
    text = boot(FILE, "-append", "hv/stories.s2.* native/flags.* nonce=abc exit=debug")
    assert re.findall(r"^ORDEAL 1 suite=(\w+) nonce=abc", text, re.M) == ["native"], text
    text = boot(FILE, "-append", "hv/stories.s2.* native/flags.rf_of_irq nonce=abc")
    assert re.findall(r"^ORDEAL 1 suite=(\w+) nonce=abc", text, re.M) == ["native", "hv"], text
    assert re.findall(r"^CASE: (\S+)", text, re.M) == [
        "flags.rf_of_irq", "stories.s2.interrupt_gate", "stories.s2.trap_gate"]
    assert marks_of(text)[-1] == "OVER"


def test_a_suite_that_there_is_not_is_named():
    assert "ABORT: the file has no suite nativ, which" in boot(FILE, "-append", "hv nativ")


def test_the_loader_speaks_where_the_suites_do():
    text = boot(FILE, "-append", "console=com2 native/flags.rf_of_irq", "-serial", "none",
                com="none")
    assert text == ""
    text = boot(FILE, "-append", "console=com2 native/flags.rf_of_irq", "-serial", "stdio",
                com="null")
    assert marks_of(text)[-1] == "OVER" and "CASE: flags.rf_of_irq" in text


def test_a_damaged_file_says_so(tmp_path):
    data = bytearray(with_script("word", "native"))
    middle = len(data) // 2
    data[middle:middle + 64] = bytes(64)
    path = tmp_path / "ordeal.efi"
    path.write_bytes(data)
    assert "ABORT: the packed images are damaged" in boot(path)
