# SPDX-License-Identifier: BSD-2-Clause
"""The page in a real browser: no console error, every case reachable, keys, links, widths, and paint time."""
import re
import xml.dom.minidom

import browser
import html_fixture as made
import pytest
from ordeal.page import page, stories
from ordeal.page.lanes import lanes
from ordeal.page.phase import phase
from ordeal.page.svg import svg
from ordeal.report import formats
from ordeal.text import clean_text

pytestmark = pytest.mark.skipif(bool(browser.missing()), reason=browser.missing())


@pytest.fixture(scope="module")
def chromium():
    """One browser for all tests of this file."""
    found = browser.Browser()
    yield found
    found.close()


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
        assert view.run("return document.activeElement.textContent") == case.split(".")[1]
        assert view.run("return document.activeElement.getAttribute('aria-expanded')") == "true"
    text = view.run("return document.getElementById('families').innerText")
    assert all("it was " + verdict in text for verdict in ("ERROR", "CRASH", "TIMEOUT", "NOTRUN", "FLAKY"))
    assert "event 1 is out of order" in text and "native/stories.sti_rdmsr_trap_gate" in text


def test_a_deep_link_opens_the_timeline_of_s2(show):
    view = show(made.whole(made.failing()), "#hv/stories.s2_trap_gate@p1")
    opened = "document.querySelector('tr.opened')"
    text = view.run("return %s.innerText" % opened)
    assert "The #GP that the hypervisor injects is delivered by the entry itself" in text
    labels = view.run("return [...%s.querySelectorAll('svg')].map((s) => s.textContent).join()" % opened)
    assert all(word in labels for word in ("native twin", "expected", "seen", "IRQ(0x60) arrives:"))
    assert view.run("return %s.querySelector('.result').dataset.on" % opened) == "p1"
    assert 0 <= view.run("return document.activeElement.getBoundingClientRect().top") < 900


def test_the_keyboard_alone_opens_a_case(show):
    view = show(made.whole(made.failing()))
    view.run("document.querySelector('#filters button').focus()")
    view.press("Tab", "ArrowDown", "Enter")
    assert view.run("return document.activeElement.textContent") == "sti_rdmsr_trap_gate"
    assert view.run("return document.querySelectorAll('tr.opened').length") == 1
    view.press("ArrowRight", "ArrowRight")
    assert view.run("return document.activeElement.getAttribute('aria-label')") == "PASS, on p2"
    outline = view.run("return getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    view.press("Enter")
    assert view.run("return decodeURIComponent(location.hash)") == "#native/stories.sti_rdmsr_trap_gate@p2"
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
    view.run("location.hash = '#hv/stories.s3_trap_gate'")
    assert view.run("return document.activeElement.textContent") == "s3_trap_gate"


def test_nothing_hostile_runs(show):
    view = show(made.whole(made.hostile()), classes={"new-fail": ["p1 %s: x" % text for text in made.HOSTILE]})
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


def test_the_browser_draws_what_python_draws(show):
    view = show(made.whole(made.stories()))
    as_text = "return new XMLSerializer().serializeToString(draw.%s(...arguments).element())"
    long = "IRQ(0x60)@MOV from a not-present page[if=1,rf=0,cr2=0x100000000]; NMI; " + "#PF(0x3)@" + "x" * 50
    odd = ["%s@%s[%s]" % ((clean_text(text),) * 3) for text in made.HOSTILE]
    for args in ((made.S1, None, None, 0, "IRQ(0x60)"), (made.S2, None, made.N1, 1, "IRQ(0x60)"),
                 (made.S3, made.S2, made.N1, None, ""), ("nothing", made.S1, None, None, ""),
                 ("EXIT(NMI)@L; ENTRY@L[sti=1]", None, "", None, ""), (long, made.S2, long, None, ""),
                 (made.N1, made.S1, made.S1 + "; NMI@later", 2, "NMI"),
                 *((text, made.S2, text, 0, "x") for text in odd)):
        assert _plain(view.run(as_text % "lanes", *args)) == _plain(svg(lanes(*args))), args
    for counts in ((71, 1, 1, 141, 1, 41), (0, 0, 0, 0, 0, 5), (1, 0, 99999, 0, 0, 1)):
        histogram = [pair for pair in zip(counts, made.ZONES) if pair[0]] + [(2, "NMI@elsewhere")]
        assert _plain(view.run(as_text % "phase", histogram, made.ZONES, False)) == \
            _plain(svg(phase(histogram, made.ZONES, False)))
    odd_ticks = {**made.SWEEP, "step": 7, "repeat": 4, "incomplete": "its budget was used up " * 9,
                 "ticks": ["~5-900", "1", "12-14,18,20-99", "800", "", "901-99999"],
                 "first": [[1, made.HOSTILE[0]]]}
    for sweep in (made.SWEEP, odd_ticks, {}, {**odd_ticks, "ticks": []}):
        histogram = list(zip((1, 1, 1, 149, 1, 1), made.ZONES))
        assert _plain(view.run(as_text % "phase", histogram, made.ZONES, True, sweep)) == \
            _plain(svg(phase(histogram, made.ZONES, True, sweep)))
    found = formats.results(made.whole(made.stories()))
    view.run("location.hash = '#hv/stories.s2_trap_gate'")
    drawn = view.run("return new XMLSerializer().serializeToString(document.querySelector('tr.opened svg'))")
    assert _plain(drawn) == _plain(svg(stories.picture(found, stories.STORIES[1], "p1")))


def test_a_narrow_window_does_not_scroll_sideways(show):
    view = show(made.whole(made.failing()), "#hv/stories.s2_trap_gate", width=390)
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
    view = show(made.whole(made.failing()), "#hv/stories.s2_trap_gate@p2")
    pairs = view.run("""
        const back = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
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
