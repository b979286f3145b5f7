# SPDX-License-Identifier: BSD-2-Clause
"""Writes logs as a guest does (docs/results.md, section 1), for tests and for the fake emulator."""
import zlib
from typing import Dict, List, Optional, Sequence, Tuple

CODES = {"PASS": 0, "FAIL": 1, "SKIP": 77}


def crc(nonce: Optional[str], lines: Sequence[str]) -> str:
    """CRC-32 as zlib computes it, over the nonce first if there is one."""
    data = b"" if nonce is None else nonce.encode() + b"\n"
    return "%08x" % zlib.crc32(data + b"".join(line.encode("latin-1") + b"\n" for line in lines))


def case_lines(name: str, verdict: str = "PASS", suite: str = "fake", nonce: str = "n1",
               seen: str = "#UD@L", want: str = "#UD@L", extra: Sequence[str] = ()) -> List[str]:
    """One case from CASE to DONE."""
    text = {"PASS": "the sentence", "SKIP": "needs x2apic",
            "FAIL": "the sentence -- event 1 differs",
            "ERROR": "the sentence -- nothing was recorded"}[verdict]
    lines = ["CASE: " + name]
    if want:
        lines.append("WANT: %s: %s" % (name, want))
    if seen:
        lines.append("SEEN: %s: %s" % (name, seen))
    lines += list(extra)
    lines.append("%s: %s: %s: %s" % (verdict, suite, name, text))
    return lines + ["DONE: %s crc=%s" % (name, crc(nonce, lines))]


def close_lines(before: Sequence[str], verdicts: Sequence[str], nonce: str) -> List[str]:
    """SUMMARY and END for everything before them."""
    count = list(verdicts).count
    bad = count("FAIL") + count("ERROR")
    summary = "SUMMARY: %d tests" % len(verdicts)
    summary += ", %d unexpected failures" % bad if bad else ""
    summary += ", %d skipped" % count("SKIP") if count("SKIP") else ""
    end = "END %s cases=%d pass=%d fail=%d skip=%d error=%d crc=%s" % (
        nonce, len(verdicts), count("PASS"), count("FAIL"), count("SKIP"), count("ERROR"),
        crc(None, list(before) + [summary]))
    return [summary, end]


def head_lines(count: int, suite: str = "fake", nonce: str = "n1") -> List[str]:
    """ORDEAL, ENV, PLAN."""
    return ["ORDEAL 1 suite=%s nonce=%s" % (suite, nonce), "ENV: cpu=Fake vendor=Fake",
            "PLAN: %d" % count]


def good_log(cases: Dict[str, str], suite: str = "fake", nonce: str = "n1") -> List[str]:
    """A whole log; cases maps names to verdicts."""
    lines = head_lines(len(cases), suite, nonce)
    for name, verdict in cases.items():
        lines += case_lines(name, verdict, suite, nonce)
    return lines + close_lines(lines, list(cases.values()), nonce)


def data(lines: Sequence[str]) -> bytes:
    """The bytes on the console."""
    return b"".join(line.encode("latin-1") + b"\n" for line in lines)


def exit_code(verdicts: Sequence[str]) -> int:
    """The code that the guest writes to port 0xf4."""
    if "FAIL" in verdicts or "ERROR" in verdicts:
        return 1
    return 77 if all(verdict == "SKIP" for verdict in verdicts) else 0


def make_image(cases: Sequence[Tuple[str, ...]]) -> bytes:
    """The smallest ELF64 with a .ordeal.cases section: (name, row, sentence, citation, twin)."""
    import struct
    base, strings, table = 0x100000, b"\0", b""
    for case in cases:
        words = []
        for text in (tuple(case) + ("", "", "", ""))[:5]:
            words.append(base + 0x1000 + len(strings) if text else 0)
            strings += text.encode() + b"\0" if text else b""
        table += struct.pack("<8Q", *words, 0, 0, 0)
    names = b"\0.shstrtab\0.ordeal.cases\0"
    body = 0x1000
    end = body + len(strings) + len(table) + len(names)
    at_table, at_names = body + len(strings), body + len(strings) + len(table)
    ident = b"\x7fELF\x02\x01\x01" + 9 * b"\0"
    head = ident + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, base, 64, end, 0, 64, 56, 1, 64, 3, 1)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, base, base, end, end, 0x1000)
    sections = 64 * b"\0"
    sections += struct.pack("<IIQQQQIIQQ", 1, 3, 0, 0, at_names, len(names), 0, 0, 1, 0)
    sections += struct.pack("<IIQQQQIIQQ", 11, 1, 2, base + at_table, at_table, len(table),
                            0, 0, 8, 64)
    data_ = (head + segment).ljust(body, b"\0") + strings + table + names + sections
    return data_
