# SPDX-License-Identifier: BSD-2-Clause
"""Runs made up for the tests of the page: the stories, hostile strings, and 5,000 cases."""
from typing import Any, Dict, List

S1 = "IRQ(0x60)@RDMSR[if=1,rf=0]; #GP(0x0)@RDMSR[if=1,rf=1]"
N1 = "#GP(0x0)@RDMSR[if=1,rf=1]; IRQ(0x60)@GP_ENTRY[if=1,rf=0]"
S2 = "EXIT(RDMSR)@RDMSR; ENTRY(#GP(0x0))@RDMSR; " + N1
S3 = "IRQ(0x60)@RDMSR[if=1,rf=0]; EXIT(RDMSR)@RDMSR; ENTRY(#GP(0x0))@RDMSR; #GP(0x0)@RDMSR[if=1,rf=1]"
ZONES = ["IRQ(0x60)@before RDMSR; #GP(0x0)@RDMSR", "IRQ(0x60)@RDMSR; #GP(0x0)@RDMSR",
         "#GP(0x0)@RDMSR; IRQ(0x60)@GP_ENTRY", "#GP(0x0)@RDMSR; IRQ(0x60)@in the handler",
         "#GP(0x0)@RDMSR; IRQ(0x60)@after IRET", "#GP(0x0)@RDMSR; IRQ(0x60)@later"]
SWEEP = {"from": 93, "to": 246, "unit": "tick", "step": 1, "repeat": 1, "samples": 154, "searched": 36,
         "incomplete": "", "ticks": ["93", "94", "95", "96-244", "245", "246"],
         "first": [[93, "IRQ(0x60)@NOP#24[if=1,rf=0]; #GP(0x0)@RDMSR[if=1,rf=1]"], [94, S1], [95, N1],
                   [246, "#GP(0x0)@RDMSR[if=1,rf=1]"]]}
HOSTILE = ('</script><script>window.broken=1</script>', '<img src=x onerror="window.broken=1">',
           "\"'><svg onload=window.broken=1>", "]]>--><!--<script>", "{{7*7}}${window.broken=1}",
           "\u202e\u0000\x1b[2J\x07\u2028javascript:window.broken=1", "a" * 300 + " " + "b@[;;==||@")
Record = Dict[str, Any]


def result(case: str, platform: str = "p1", verdict: str = "PASS", **more: Any) -> Record:
    """One result line."""
    return {"type": "result", "platform": platform, "case": case, "row": "A01", "verdict": verdict,
            "unexpected": verdict not in ("PASS", "SKIP", "XFAIL"), "expected": [], "observed": [],
            "reason": "", "sentence": "the sentence of " + case, "index": 0, "seconds": 0.01,
            "citation": "SDM 3A, Priority Among Concurrent Events", "log": "logs/%s/s.log" % platform,
            "repro": "./run_tests.sh -p %s %s" % (platform, case), **more}


def whole(results: List[Record], **start: Any) -> List[Record]:
    """The records of a run around these results."""
    for index, record in enumerate(results):
        record["index"] = index
    names = list(dict.fromkeys(record["platform"] for record in results))
    return [{"type": "start", "schema": 1, "time": "2026-01-01T00:00:00Z", "argv": ["-p", ",".join(names)],
             "environment": {}, "platforms": [{"name": n, "version": "1.0"} for n in names], **start},
            {"type": "fingerprint", "commit": "0123456789abcdef", "dirty": False, "kernel": "Linux"},
            *results, {"type": "summary", "total": len(results), "seconds": 1.5, "interrupted": False}]


def stories(platform: str = "p1") -> List[Record]:
    """S1, S2, S3, N1 and the sweep, all as they should be."""
    def passed(case: str, trace: str, twin: str = "") -> Record:
        return result(case, platform, expected=[trace], observed=[trace], twin=twin)
    return [passed("native/stories.irq_before_rdmsr.trap_gate", S1),
            passed("native/stories.sti_rdmsr.trap_gate", N1),
            result("sweeps/fault.rdmsr.trap_gate", platform, expected=ZONES,
                   observed=[" || ".join(ZONES)], sweep=SWEEP,
                   histogram=[list(pair) for pair in zip((1, 1, 1, 149, 1, 1), ZONES)]),
            passed("hv/stories.s2.trap_gate", S2, "stories.sti_rdmsr.trap_gate"),
            passed("hv/stories.s3.trap_gate", S3, "stories.irq_before_rdmsr.trap_gate")]


def failing() -> List[Record]:
    """The stories on two platforms, and on the second what goes wrong, every verdict once."""
    found = stories() + stories("p2")
    found[-2].update(verdict="FAIL", unexpected=True, observed=[S3], reason="event 1 is out of order")
    for verdict in ("FAIL", "SKIP", "XFAIL", "XPASS", "ERROR", "CRASH", "TIMEOUT", "NOTRUN", "FLAKY"):
        found.append(result("native/bad.case_%s" % verdict.lower(), "p2", verdict, expected=[N1],
                            observed=[S1] if verdict in ("FAIL", "XFAIL") else [],
                            reason="it was " + verdict, notes=["scene: STI; L: RDMSR"],
                            deviation="listed: known" if verdict == "XFAIL" else ""))
    return found


def hostile() -> List[Record]:
    """Every field that can come from a log or a cfg holds something hostile."""
    found = stories()
    for number, text in enumerate(HOSTILE):
        for verdict in ("FAIL", "XFAIL", "SKIP"):
            found.append(result(
                "bad/%d%s.%s" % (number, verdict, text), "p<b>%d" % (number % 2), verdict, row=text,
                expected=["%s@%s[%s]" % (text, text, text), text], observed=[text + "; EXIT(" + text],
                reason=text, sentence=text, citation=text, twin=text, deviation=text, notes=[text],
                fingerprints=[text], histogram=[[3, text], [1, text + "2"]] if verdict == "FAIL" else [],
                log=text, repro=text, raw=text, runs={text: 2}))
    return found


def large(cases: int = 5000, platforms: int = 3) -> List[Record]:
    """So many cases in families of 50, each with traces and words of its own, some of them wrong."""
    found = []
    for platform in ["tcg", "bochs-intel", "bochs-amd", "kvm"][:platforms]:
        found += stories(platform)
        for number in range(cases - 5):
            bad = number % 97 == 0
            case = "suite%d/family%03d.case_number_%d" % (number // 1000, number // 50, number)
            want = "IRQ(0x%x)@place %d[if=1,rf=0]; #GP(0x%x)@place %d[if=1,rf=1]" % (
                number % 256, number, number, number)
            found.append(result(
                case, platform, "FAIL" if bad else "PASS", expected=[want], row="Q%d" % number,
                observed=[want.replace("rf=0", "rf=1") + "; NMI@later" if bad else want],
                sentence="a pending interrupt of kind %d is served before the fault of instruction %d, "
                "which is raised again" % (number % 256, number),
                reason="event 1 is not as the architecture orders it" if bad else ""))
    return found
