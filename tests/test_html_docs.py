# SPDX-License-Identifier: BSD-2-Clause
"""The pictures of the documents: a run of today makes the same ones, and each has words for who cannot see it."""
import os
import re
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT
from test_images import BUILD

DOCS = os.path.join(ROOT, "docs")
NAMES = ("rdmsr-sweep.svg", "s1.svg", "s2.svg", "s3.svg", "s4.svg")


def picture(directory, name):
    """One picture's text."""
    with open(os.path.join(directory, name), encoding="utf-8") as stream:
        return stream.read()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A directory with the pictures that `make docs` makes."""
    if not shutil.which("bochs-bin"):
        pytest.skip("bochs is not installed")
    directory = str(tmp_path_factory.mktemp("pictures"))
    done = subprocess.run([sys.executable, os.path.join(ROOT, "scripts", "pictures.py"), directory], cwd=BUILD,
                          stderr=subprocess.PIPE, text=True, timeout=300, check=False)
    assert done.returncode == 0 and done.stderr == "" and sorted(os.listdir(directory)) == list(NAMES)
    return directory


@pytest.mark.parametrize("name", NAMES)
def test_a_run_of_today_makes_the_same_picture(made, name):
    old, new = picture(os.path.join(DOCS, "pictures"), name), picture(made, name)
    if "sweep" in name:  # where a sample lands depends on the compiler; which orders there are does not
        old, new = ([re.sub("[0-9]+", "", words) for words in re.findall("<text[^>]*>([^<]*)</text>", text)]
                    for text in (old, new))
    assert old == new, "run make docs"


def test_every_picture_is_shown_with_words():
    shown = {}
    for page, where in ((os.path.join(ROOT, "README.md"), ROOT), (os.path.join(DOCS, "ordering.md"), DOCS)):
        with open(page, encoding="utf-8") as stream:
            for words, path in re.findall(r"!\[([^\]]*)\]\(([^)]*\.svg)\)", stream.read()):
                shown[os.path.relpath(os.path.join(where, path), os.path.join(DOCS, "pictures"))] = words
    assert sorted(shown) == list(NAMES) and all(len(words) > 40 for words in shown.values())


def test_a_picture_needs_nothing_else():
    for name in NAMES:
        text = picture(os.path.join(DOCS, "pictures"), name)
        assert "<script" not in text and "url(" not in text and "href" not in text
        assert not re.search(r"20[0-9][0-9]-", text) and "aria-label=" in text
