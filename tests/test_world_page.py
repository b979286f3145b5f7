# SPDX-License-Identifier: BSD-2-Clause
"""The generated world on the page: a map of openers and instructions, which leads to the model's
reasoning; and the same as text with -v."""
from typing import Any, Dict, List

import browser
import html_fixture as made
import pytest
from ordeal.judge.blocks import classes, of_quirks, total
from ordeal.model import result_from_record
from ordeal.page import page
from ordeal.report.worlds import explained

WHY = "order 1\n  #UD@UD2[if=1,rf=1]\n        a fault of decoding comes before those of executing"
needs_browser = pytest.mark.skipif(bool(browser.missing()), reason=browser.missing())


def block(**counts: Any) -> Dict[str, Any]:
    """A block's numbers; the legal situations are those that are left of 20."""
    found = {**total([]), "situations": 20, "rejudged": 2, "classes": [], **counts}
    found["legal"] = 20 - found["illegal"] - found["flaky"] - sum(found["quirks"].values())
    return found


def world() -> List[Dict[str, Any]]:
    """Four blocks on two platforms: good, wrong with two classes, as known, and skipped."""
    bad = block(illegal=7, classes=[
        {"name": "STI.UD2.tf", "count": 5, "explained": WHY.split("\n")},
        {"name": made.HOSTILE[0], "count": 2}])
    known = block(quirks={"a+b": 3}, classes=[
        {"name": "IF0.NOP.tf", "count": 3, "quirks": "a and b", "explained": ["L"]}])
    found = made.failing()
    for platform in ("p1", "p2"):
        found += [made.result("world/IF0.UD2", platform, block=block()),
                  made.result("world/STI.UD2", platform, "FAIL", block=bad, reason="7 of 20"),
                  made.result("world/IF0.NOP", platform, "XFAIL", block=known, deviation="a: known"),
                  made.result("world/STI.NOP", platform, "SKIP", reason="cannot stand together")]
    found[-2] = made.result("world/IF0.NOP", "p2", block=block())
    return made.whole(found, worlds=[{"suite": "world", "situations": 60, "all": 4000,
                                      "words": ["sample=64"]}])


@pytest.fixture
def view(chromium, tmp_path):
    """The page of world(), whose console must stay empty."""
    page.write(str(tmp_path), world(), None)
    chromium.devtools("Emulation.setDeviceMetricsOverride", width=1280, height=900,
                      deviceScaleFactor=1, mobile=False)
    chromium.console()
    chromium.open("file://%s/index.html" % tmp_path)
    yield chromium
    assert chromium.console() == [] and not chromium.run("return window.broken")


def fields(view: Any) -> List[List[str]]:
    """The text of each row of the map."""
    return view.run("return [...document.querySelectorAll('.map tbody tr')]"
                    ".map((row) => [...row.cells].map((cell) => cell.textContent))")


@needs_browser
def test_the_map_has_openers_across_and_instructions_down(view):
    heads = view.run("return [...document.querySelectorAll('.map thead th')].map((h) => h.textContent)")
    assert heads == ["IF0", "STI"]
    assert fields(view) == [["UD2", "\u2713", "7"], ["NOP", "3", "\u2013"]]
    kinds = view.run("return [...document.querySelectorAll('.map a')].map((a) => a.className)")
    assert kinds == ["cell PASS", "cell FAIL loud", "cell XFAIL", "cell SKIP"]
    assert "60 of 4,000 situations (sample=64): 50 legal, 3 as known quirks have it, 7 illegal in 2 classes" \
        in view.run("return document.getElementById('world').parentElement.innerText")


@needs_browser
def test_another_platform_has_another_map(view):
    view.run("const s = document.querySelector('#maps select'); s.value = '1';"
             "s.dispatchEvent(new Event('input', {bubbles: true}))")
    assert fields(view) == [["UD2", "\u2713", "7"], ["NOP", "\u2713", "\u2013"]]


@needs_browser
def test_a_click_shows_the_smallest_situation_and_why(view):
    view.run("document.querySelector('.map a.FAIL').click()")
    assert view.run("return decodeURIComponent(location.hash)") == "#world/STI.UD2@p1"
    text = view.run("return document.querySelector('tr.opened').innerText")
    assert "20 situations, 13 legal, 7 illegal, 2 judged again by the host" in text
    assert "5 like STI.UD2.tf" in text and WHY in text
    assert "2 like " + made.HOSTILE[0] in text


@needs_browser
def test_the_keyboard_alone_reaches_each_field(view):
    view.run("document.querySelector('#maps select').focus()")
    view.press("Tab")
    label = "return document.activeElement.getAttribute('aria-label')"
    assert view.run(label) == "IF0 UD2: PASS, 20 of 20 legal"
    view.press("ArrowRight")
    assert view.run(label) == "STI UD2: FAIL, 13 of 20 legal"
    view.press("ArrowDown", "ArrowLeft")
    assert view.run(label) == "IF0 NOP: XFAIL, 17 of 20 legal"
    assert view.run("return document.querySelectorAll('.map [tabindex=\"0\"]').length") == 1
    assert view.run("return getComputedStyle(document.activeElement).outlineStyle") == "solid"
    view.press("Enter")
    assert view.run("return document.querySelectorAll('tr.opened .class').length") == 1
    assert "(a and b)" in view.run("return document.querySelector('tr.opened').innerText")


@needs_browser
def test_a_narrow_window_scrolls_only_the_map(view):
    view.devtools("Emulation.setDeviceMetricsOverride", width=390, height=900,
                  deviceScaleFactor=1, mobile=False)
    assert view.run("return document.documentElement.scrollWidth") <= 390


def test_a_run_without_a_world_has_no_map():
    text = page.render(made.whole(made.failing()))
    assert 'id="maps"' not in text and 'href="#world"' not in text
    assert 'id="maps"' in page.render(world()) and 'href="#world"' in page.render(world())


def test_the_same_as_text():
    found = [result_from_record(r) for r in world() if r["type"] == "result" and "block" in r]
    bad = next(r for r in found if r.verdict == "FAIL")
    assert explained(bad)[:2] == ["20 situations: 13 legal, 7 illegal", "5 like STI.UD2.tf"]
    assert explained(bad)[2:5] == ["    " + line for line in WHY.split("\n")]
    known = next(r for r in found if r.verdict == "XFAIL")
    assert explained(known) == ["20 situations: 17 legal, 3 as known quirks have it",
                                "3 like IF0.NOP.tf (a and b)", "    L"]


def test_classes_are_read_from_the_guest_s_notes():
    notes = ["class of 8: STI.NOP.tf", "not legal, by a and b: 5, the first is IF0.NOP.irq60+irq90",
             "alone: x", "class of x: y"]
    assert classes(notes) == [(8, "STI.NOP.tf")]
    assert of_quirks(notes) == [(5, "IF0.NOP.irq60+irq90", "a and b")]
