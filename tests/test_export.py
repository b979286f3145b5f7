# SPDX-License-Identifier: BSD-2-Clause
"""Cases that leave the house: scripts/export.

A case as a file of kvm-unit-tests is built and run in a tree that KUT names, with its Makefile and
x86/run, and the verdict there is compared with the verdict here. No such tree is part of this
project, so without KUT that is skipped. KUT_ALL=1 takes every case.
"""
import os
import re
import subprocess
from typing import List

import pytest
from conftest import ROOT
from exporting import chunks, kut
from ordeal.model import Case, UserError
from ordeal.plan.image import read_cases

BUILD = os.environ.get("ORDEAL_BUILD", ROOT)
EXPORT = os.path.join(ROOT, "scripts", "export")
KUT = os.environ.get("KUT", "")
#: Images without the shim, whose cases can all leave.
FAMILIES = ("native", "exceptions", "debug")
LINE = re.compile(r"^(PASS|FAIL|SKIP|ABORT): ", re.M)
#: The one case of these that cannot.
STAYS = "native/instructions.untouched"
#: Of so many cases of each image one is tried.
EVERY = 1 if os.environ.get("KUT_ALL") else 4


def export(*words: str) -> subprocess.CompletedProcess:
    """scripts/export with these words."""
    return subprocess.run([EXPORT, *words], cwd=BUILD, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)


def cases_of(image: str) -> List[Case]:
    """The cases of an image."""
    return read_cases(os.path.join(BUILD, "x86", image + ".flat")) or []


def source_of(image: str, case: Case) -> str:
    """The file of a case."""
    return "x86/%s/%s.c" % (image, case.name.partition(".")[0])


@pytest.fixture(scope="module", name="exporter")
def fixture_exporter() -> kut.Exporter:
    """One for all tests: it reads the library once."""
    return kut.Exporter(ROOT, "cc", "test")


def split(text: str) -> List[chunks.Chunk]:
    """The chunks of a small file."""
    return chunks.split("x.c", text).chunks


@pytest.mark.parametrize("text, kind, names", [
    ("#define A(x) \\\n\tB(x)\n", "define", {"A"}),
    ("static u64 a, b = 2;\n", "data", {"a", "b"}),
    ("extern const u8 a[], b[];\n", "data", {"a", "b"}),
    ("static void (*leave)(const char *why);\n", "data", {"leave"}),
    ("typedef uint8_t u8;\n", "type", {"u8"}),
    ("struct args;\n", "type", {"args"}),
    ("struct s {\n\tint member;\n} __attribute__((packed));\n", "type", {"s"}),
    ("static struct {\n\tint member;\n} state = { 1 };\n", "data", {"state"}),
    ("enum e {\n\tONE = 1, /* a comment, with a comma */\n\tTWO,\n};\n", "type", {"e", "ONE", "TWO"}),
    ("u32 f(u32 a,\n\tu32 b);\n", "prototype", {"f"}),
    ("NORETURN void f(const char *s, ...) PRINTF(1, 2);\n", "prototype", {"f"}),
    ("static int f(void)\n{\n\tif (1) {\n\t}\n\treturn '}';\n}\n", "function", {"f"}),
    ("_Static_assert(sizeof(int) == 4, \"x\");\n", "assertion", set()),
    ("TABLE(id, \"row\", \"sentence\", CITED, function, .a = 1);\n", "invocation", set()),
    ("CASE(id, \"row\")\n{\n\tscene(NOP);\n}\n", "invocation", set()),
    ("CONTROL_REGISTER(cr0)\n", "invocation", set())])
def test_what_a_chunk_is(text, kind, names):
    found = split("int before;\n\n/* About it. */\n" + text + "\nint after;\n")
    assert [chunk.kind for chunk in found] == ["data", kind, "data"]
    assert found[1].names == names and found[1].comment == "/* About it. */\n"
    assert found[1].text == text and found[2].names == {"after"}


def test_what_a_chunk_mentions():
    one, = split("static int f(struct s *s)\n{\n\treturn s->member + other.field + g(\"text\"); /* h */\n}\n")
    assert {"s", "g", "other", "f"} <= one.mentions
    assert not one.mentions & {"member", "field", "text", "h"}


@pytest.mark.parametrize("words, wrong", [
    (("native/nmi.before_irk", "--as", "kut"), "did you mean native/nmi.before_irq?"),
    (("native", "--as", "kut"), "an id has a slash"), (("nativ/x", "--as", "kut"), "unknown test nativ"),
    (("native/nmi.before_irq",), "--as : give kut"), (("native/nmi.before_irq", "--as"), "needs a value"),
    (("--as", "kut"), "name one case, not 0"), (("-z",), "unknown option -z"),
    (("hv/stories.s2.trap_gate", "--as", "kut"), "cannot leave: it plays inside the hypervisor shim"),
    (("sweeps/fault.ud.trap_gate", "--as", "kut"), "cannot leave: it is a sweep"),
    (("world/IF1.STI", "--as", "kut"), "cannot leave: it is generated"),
    (("native/instructions.untouched", "--as", "kut"), "cannot leave: it asks what the boot loader"),
    (("native/nmi.before_irq", "--as", "kut", "-o", "/nowhere/x.c"), "/nowhere/x.c")])
def test_what_cannot_be_done_is_said_in_one_line(words, wrong):
    done = export(*words)
    assert done.returncode == 2 and wrong in done.stderr and done.stderr.count("\n") == 1, done.stderr
    assert not done.stdout


def test_a_file_holds_its_case_and_no_other_and_includes_no_file_of_ours(exporter):
    case = next(one for one in cases_of("native") if one.name == "nmi.before_irq")
    text = exporter.export("x86/native/nmi.c", "native/nmi.before_irq", case)
    assert case.sentence in " ".join(text.replace("\n * ", " ").split())
    assert "CASE(before_irq," in text and "CASE(three," not in text
    assert "Redistribution and use in source and binary forms" in text
    assert re.findall(r"^#include (.*)$", text, re.M) == ["<stdarg.h>", "<stdbool.h>", "<stddef.h>",
                                                         "<stdint.h>"]
    assert not re.search(r"\b(?:profile_enter|hv_start)\b", text)


def test_every_case_without_the_shim_can_leave(exporter):
    """Here a sample, a file of each image; the others differ in what they call, not in how."""
    for image in FAMILIES:
        for case in [case for case in cases_of(image) if case.name not in STAYS][::12]:
            assert "CASE" in exporter.export(source_of(image, case), "%s/%s" % (image, case.name), case)
    with pytest.raises(UserError, match="cannot leave"):
        case = cases_of("hv")[0]
        exporter.export(source_of("hv", case), "hv/" + case.name, case)


def verdict_here(image: str, name: str) -> str:
    """What our own image says on the same machine. Not the platform tcg: that counts instructions
    (-icount), which kvm-unit-tests' runner does not, and one deviation shows only then."""
    done = subprocess.run([os.path.join(ROOT, "x86", "run"), "x86/%s.flat" % image, name], cwd=BUILD,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT, errors="replace", check=False)
    found = LINE.findall(done.stdout)
    assert found, done.stdout[-2000:]
    return found[-1]


def verdict_there(tree: str, name: str) -> str:
    """The verdict of the test x86/NAME.c of a kvm-unit-tests tree, by its own Makefile and runner."""
    made = subprocess.run(["make", "-s", "x86/%s.flat" % name], cwd=tree, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    assert made.returncode == 0, made.stdout[-2000:]
    ran = subprocess.run(["./x86/run", "x86/%s.flat" % name, "-cpu", "max"], cwd=tree,
                         env={**os.environ, "ACCEL": "tcg", "TIMEOUT": "60s"},
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    found = LINE.findall(ran.stdout)
    assert found, ran.stdout[-2000:]
    assert (ran.returncode == 0) == (found[-1] == "PASS"), ran.stdout[-2000:]
    assert (ran.returncode == 77) == (found[-1] == "SKIP"), ran.stdout[-2000:]
    return found[-1]


@pytest.mark.skipif(not KUT, reason="KUT names no tree of kvm-unit-tests: not tried whether exported "
                    "cases agree there")
def test_exported_cases_give_the_same_verdict_in_kvm_unit_tests(exporter):
    assert os.path.isfile(os.path.join(KUT, "config.mak")), \
        "KUT=%s is no configured tree of kvm-unit-tests: run ./configure and make there" % KUT
    differ, tried = [], 0
    for image in FAMILIES:
        for case in cases_of(image)[::EVERY]:
            ident = "%s/%s" % (image, case.name)
            name = kut.c_name(ident)
            if ident == STAYS:
                continue
            path = os.path.join(KUT, "x86", name + ".c")
            with open(path, "w", encoding="utf-8") as stream:
                stream.write(exporter.export(source_of(image, case), ident, case))
            try:
                there = verdict_there(KUT, name)
            finally:
                for made in [path[:-2] + end for end in (".c", ".o", ".elf", ".flat")] + [
                        os.path.join(KUT, "x86", ".%s.d" % name)]:
                    if os.path.exists(made):
                        os.unlink(made)
            tried += 1
            here = verdict_here(image, case.name)
            if here != there:
                differ.append("%s: %s here, %s there" % (ident, here, there))
    assert tried >= 50 and not differ, "\n".join(differ)
