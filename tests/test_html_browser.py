# SPDX-License-Identifier: BSD-2-Clause
"""The page in a real browser: no console error, every case reachable, keys, links, widths, and paint time."""
import re
import xml.dom.minidom

import browser
import html_fixture as made
import pytest
from ordeal.page import page
from ordeal.page.figures import figures
from ordeal.page.svg import svg
from ordeal.report import formats
from ordeal.report.timeline import find_twin
from test_trace import PROBES

pytestmark = pytest.mark.skipif(bool(browser.missing()), reason=browser.missing())


@pytest.fixture
def show(chromium, tmp_path):
    """Writes a page of these records, opens it, and returns the browser; the console must stay empty."""
    def function(records, hash_="", classes=None, width=1280):
        page.write(str(tmp_path), records, classes)
        chromium.devtools("Emulation.setDeviceMetricsOverride", width=width, height=900,
                          deviceScaleFactor=1, mobile=False)
        chromium.open("file://%s/index.html%s" % (tmp_path, hash_))
        return chromium
    chromium.console()
    yield function
    assert chromium.console() == []


def test_every_failing_case_is_reached_by_its_link(show):
    view = show(made.whole(made.failing()))
    links = view.run("return [...document.querySelectorAll('#unexpected ~ ul a')].map((a) => a.hash)")
    assert len(links) == 8
    for link in links:
        view.run("location.hash = arguments[0]", link)
        assert view.run("return document.querySelectorAll('tr.opened .result').length") >= 1
        case = link[1:].split("@")[0]
        assert view.run("return document.activeElement.textContent") == case.partition(".")[2]
        assert view.run("return document.activeElement.getAttribute('aria-expanded')") == "true"
    text = view.run("return document.getElementById('families').innerText")
    assert all("it was " + verdict in text for verdict in ("ERROR", "CRASH", "TIMEOUT", "NOTRUN", "FLAKY"))
    assert "event 1 is out of order" in text and "native/stories.sti_rdmsr.trap_gate" in text


def test_a_deep_link_opens_the_timeline_of_s2(show):
    view = show(made.whole(made.failing()), "#hv/stories.s2.trap_gate@p1")
    opened = "document.querySelector('tr.opened')"
    text = view.run("return %s.innerText" % opened)
    assert "The VM entry itself delivers the #GP that the hypervisor injects" in text
    labels = view.run("return [...%s.querySelectorAll('svg')].map((s) => s.textContent).join()" % opened)
    assert all(word in labels for word in ("native twin", "expected", "seen", "IRQ(0x60) arrives:"))
    assert view.run("return %s.querySelector('.result').dataset.on" % opened) == "p1"
    assert 0 <= view.run("return document.activeElement.getBoundingClientRect().top") < 900


def test_the_keyboard_alone_opens_a_case(show):
    view = show(made.whole(made.failing()))
    view.run("document.querySelector('#filters button').focus()")
    view.press("Tab", "ArrowDown", "Enter")
    assert view.run("return document.activeElement.textContent") == "sti_rdmsr.trap_gate"
    assert view.run("return document.querySelectorAll('tr.opened').length") == 1
    view.press("ArrowRight", "ArrowRight")
    assert view.run("return document.activeElement.getAttribute('aria-label')") == "PASS, on p2"
    outline = view.run("return getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    view.press("Enter")
    assert view.run("return decodeURIComponent(location.hash)") == "#native/stories.sti_rdmsr.trap_gate@p2"
    stops = view.run("return [...document.querySelectorAll('table.family')].map((t) => "
                     "t.querySelectorAll('tr:not(.opened) [tabindex=\"0\"]').length)")
    assert set(stops) == {1}


def test_the_skip_link_is_the_first_stop(show):
    view = show(made.whole(made.failing()))
    view.press("Tab")
    assert view.run("return document.activeElement.className") == "skip"
    view.press("Enter", "Tab")
    assert view.run("return document.activeElement.name") == "text"


def test_filters(show):
    view = show(made.whole(made.failing()))
    visible = ("return [...document.querySelectorAll('#families tbody tr')]"
               ".filter((r) => r.checkVisibility()).length")
    choose = ("const f = document.getElementById('filters'); f.elements[arguments[0]].value = arguments[1];"
              "f.dispatchEvent(new Event('input', {bubbles: true}))")
    assert view.run(visible) == 14
    for name, value, count in (("verdict", "unexpected", 8), ("verdict", "CRASH", 1), ("verdict", "", 14),
                               ("platform", "0", 5), ("platform", "", 14), ("family", "hv/stories", 2),
                               ("family", "", 14), ("text", "TIMEOUT case_", 1), ("text", "no such words", 0)):
        view.run(choose, name, value)
        assert view.run(visible) == count, (name, value)
    assert view.run("return document.getElementById('shown').textContent") == "0 of 14 cases"
    view.run("location.hash = '#hv/stories.s3.trap_gate'")
    assert view.run("return document.activeElement.textContent") == "s3.trap_gate"


def test_nothing_hostile_runs(show):
    changed = {"new-fail": ["p1 %s: x" % text for text in made.HOSTILE]}
    view = show(made.whole(made.hostile()), classes=changed)
    view.run("document.querySelectorAll('#families tbody button').forEach((b) => b.click())")
    view.run("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    assert view.run("return document.querySelectorAll('tr.opened .result').length") >= len(made.HOSTILE) * 3
    assert view.run("return window.broken") is None
    assert view.run("return document.querySelectorAll('img, script').length") == 2
    assert view.run("return [...document.links].every((a) => a.getAttribute('href').startsWith('#'))")


def _plain(text):
    """An SVG as tags, attributes in order, and text."""
    def walk(node):
        if node.nodeType == node.TEXT_NODE:
            return node.data.strip() or None
        return (node.tagName, sorted((k, v) for k, v in node.attributes.items() if k != "xmlns"),
                [w for w in map(walk, node.childNodes) if w])
    return walk(xml.dom.minidom.parseString(text).documentElement)


@pytest.mark.parametrize("run", [made.failing, made.hostile])
def test_the_page_inserts_the_drawings_that_python_made(show, run):
    records = made.whole(run())
    results = formats.results(page.printable(records))
    view = show(records)
    view.run("document.querySelectorAll('#families tbody button').forEach((b) => b.click())")
    drawn = view.run("return [...document.querySelectorAll('tr.opened svg')]"
                     ".map((s) => new XMLSerializer().serializeToString(s))")
    wanted = [svg(drawing) for result in results
              for _, drawing in figures(result, find_twin(result, results))]
    assert {str(_plain(text)) for text in drawn} == {str(_plain(text)) for text in wanted}
    assert any("differs" in text for text in drawn) and any("flip" in text for text in drawn)


def test_drawings_have_captions(show):
    view = show(made.whole(made.failing()))
    view.run("document.querySelectorAll('#families tbody button').forEach((b) => b.click())")
    captions = view.run("return [...document.querySelectorAll('tr.opened figcaption')].map((c) => c.textContent)")
    assert "Expected, and what was seen; beside it the native twin, native/stories.sti_rdmsr.trap_gate" in captions
    assert "What was seen; beside it the native twin, native/stories.sti_rdmsr.trap_gate" in captions
    assert sum(text.startswith("Orders seen as the arrival moves") for text in captions) == 1


def test_a_row_is_shaded_where_the_judge_finds_a_difference_and_nowhere_else(show):
    cases = [made.result("s/probe.p%d_%s" % (number, name), verdict="FAIL", expected=[want],
                         observed=[seen])
             for number, (want, good, bad, _) in enumerate(PROBES)
             for name, seen in (("good", good), ("bad", bad))]
    view = show(made.whole(cases))
    view.run("document.querySelectorAll('#families tbody button').forEach((b) => b.click())")
    assert view.run("return [...document.querySelectorAll('tr.opened')].map((row) => "
                    "row.querySelectorAll('.differs').length)") == [0, 1] * len(PROBES)
    words = view.run("return [...document.querySelectorAll('tr.opened')].map((row) => row.innerText)")
    assert all("First difference" not in text for text in words[::2])
    assert all("First difference, event 1: " + word in text for text, (_, _, _, word) in zip(words[1::2], PROBES))


def test_a_narrow_window_does_not_scroll_sideways(show):
    view = show(made.whole(made.failing()), "#hv/stories.s2.trap_gate", width=390)
    assert view.run("return document.documentElement.scrollWidth") <= 390


def test_printing_opens_what_went_wrong(show):
    view = show(made.whole(made.failing()))
    view.run("dispatchEvent(new Event('beforeprint'))")
    assert view.run("return document.querySelectorAll('tr.opened').length") == 8


def _contrast(first, second):
    def light(text):
        parts = [int(float(number)) / 255 for number in re.findall(r"[\d.]+", text)[:3]]
        linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    low, high = sorted((light(first), light(second)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_background(show, chromium, scheme):
    chromium.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    view = show(made.whole(made.failing()), "#hv/stories.s2.trap_gate@p2")
    pairs = view.run("""
        const back = (e) => { for (; e; e = e.parentElement) {
            const c = getComputedStyle(e).backgroundColor;
            if (!/, 0\\)$|^transparent$/.test(c)) return c; } return 'rgb(255, 255, 255)'; };
        const all = 'h1, h2, p, a, .soft, .badge, .cell, th, code, summary, button, .drawing text';
        return [...document.querySelectorAll(all)].filter((e) => e.checkVisibility())
            .map((e) =>
                [e.outerHTML.slice(0, 90),
                 e.matches('text') ? getComputedStyle(e).fill : getComputedStyle(e).color,
                 back(e)]);""")
    weak = {(round(_contrast(a, b), 2), name) for name, a, b in pairs if _contrast(a, b) < 4.5}
    chromium.devtools("Emulation.setEmulatedMedia", features=[])
    assert len(pairs) > 100 and not weak


def test_five_thousand_cases(show, capsys):
    view = show(made.whole(made.large()))
    paint = view.run("return performance.getEntriesByName('first-contentful-paint')[0].startTime")
    assert view.run("return document.querySelectorAll('#families tbody tr').length") == 5000
    took = view.run("""const f = document.getElementById('filters'), t = performance.now();
        f.elements.text.value = 'number_4999'; f.dispatchEvent(new Event('input', {bubbles: true}));
        document.body.getBoundingClientRect(); return performance.now() - t""")
    with capsys.disabled():
        print("\n5000 cases x 3 platforms: first paint after %.0f ms, a filter takes %.0f ms" % (paint, took))
