# SPDX-License-Identifier: BSD-2-Clause
"""The page and its drawings, as far as they are pure: what is on it, that it is safe, small and the same."""
import base64
import hashlib
import html.parser
import json
import os
import re
import xml.dom.minidom

import html_fixture as made
import pytest
from conftest import ROOT
from ordeal.judge.trace import parse
from ordeal.model import VERDICTS
from ordeal.page import page, stories
from ordeal.page.data import compact
from ordeal.page.lanes import lanes, place_lines, title_lines
from ordeal.page.phase import phase
from ordeal.page.svg import esc, svg, text_width, wrap
from ordeal.report import formats

VOID = {"meta", "link", "input", "br"}


class Reader(html.parser.HTMLParser):
    """Collects elements, and complains about those that do not nest."""

    def __init__(self, text):
        super().__init__()
        self.stack, self.elements, self.scripts = [], [], []
        self.feed(text)
        self.close()
        assert self.stack == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.stack and self.stack.pop() == tag, tag

    def handle_data(self, data):
        if self.stack and self.stack[-1] in ("script", "style"):
            self.scripts.append((self.stack[-1], data))

    def all(self, name):
        """The attributes of every element of that name."""
        return [attributes for tag, attributes in self.elements if tag == name]


def data_of(text):
    """The embedded data."""
    pattern = r'<script type="application/json" id="run-data">(.*?)</script>'
    return json.loads(re.search(pattern, text, re.S).group(1))


def test_every_case_verdict_and_trace_is_on_the_page():
    records = made.whole(made.failing())
    data = data_of(page.render(records))
    seen = {(case["id"], data["platforms"][n], data["verdicts"][o["verdict"]])
            for case in data["cases"] for o in case["outcomes"] for n in o["on"]}
    assert seen == {(r.case, r.platform, r.verdict) for r in formats.results(records)}
    assert {made.S1, made.S2, made.S3, made.N1, *made.ZONES} <= set(data["strings"])
    assert set(VERDICTS) == {verdict for _, _, verdict in seen}


def test_alike_results_are_one_outcome():
    data = compact(formats.results(made.whole(made.stories("a") + made.stories("b"))), {})
    assert [case["outcomes"][0]["on"] for case in data["cases"]] == [[0, 1]] * 5


def test_the_page_has_headings_a_language_a_title_and_a_skip_link():
    reader = Reader(page.render(made.whole(made.failing())))
    tags = [tag for tag, _ in reader.elements]
    assert tags.count("h1") == 1 and tags.count("main") == 1 and {"nav", "header", "footer"} <= set(tags)
    assert reader.all("html")[0]["lang"] == "en"
    assert reader.all("a")[0] == {"class": "skip", "href": "#matrix"}
    ids = [attributes["id"] for _, attributes in reader.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for link in reader.all("a"):
        target = link["href"][1:]
        assert target in ids or "/" in target, target
    for drawing in reader.all("svg"):
        assert drawing.get("aria-label") or drawing.get("aria-hidden") == "true"


def test_the_page_needs_nothing_else_and_runs_nothing_else():
    text = page.render(made.whole(made.failing()))
    reader = Reader(text)
    rules = next(m["content"] for m in reader.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert rules.startswith("default-src 'none'; ")
    for kind, body in reader.scripts:
        if not body.startswith("{"):
            digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
            assert "%s-src 'sha256-%s'" % (kind, digest) in rules
    for _, attributes in reader.elements:
        assert "style" not in attributes and not any(name.startswith("on") for name in attributes)
        assert not attributes.get("src") and not attributes.get("href", "#").startswith("http")
    code = page.asset("page.js")
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "fetch(", "DOMParser"):
        assert word not in code


def test_hostile_strings_stay_strings():
    text = page.render(made.whole(made.hostile()), {"new-fail": ["p1 %s: was %s" % (s, s) for s in made.HOSTILE]})
    reader = Reader(text)
    assert {tag for tag, _ in reader.elements} <= {
        "html", "head", "meta", "title", "link", "style", "body", "a", "header", "p", "h1", "h2", "h3",
        "svg", "rect", "circle", "path", "line", "text", "ul", "li", "span", "b", "nav", "main",
        "section", "em", "article", "figure", "figcaption", "div", "form", "label", "input", "select",
        "option", "button", "noscript", "details", "summary", "table", "tbody", "tr", "th", "td",
        "footer", "script"}
    assert len(reader.all("script")) == 2 and not reader.all("img")
    assert "\x00" not in text and "\x1b" not in text and "\u202e" not in text
    assert made.HOSTILE[0] in data_of(text)["strings"]


@pytest.mark.parametrize("text", made.HOSTILE)
def test_hostile_traces_can_be_drawn(text):
    for trace in (text, "%s@%s[%s]; ENTRY(%s)@%s" % ((text,) * 5), "EXIT(" + text):
        for drawing in (lanes(trace, made.S2, made.N1, 0, text),
                        phase([(1, trace)], [text], False)):
            xml.dom.minidom.parseString(svg(drawing, "a > b { }"))


def test_esc():
    assert esc("<a b='c' d=\"e\">&\x00\u202e") == "&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;\\x00\\x202e"


def test_wrap():
    assert wrap("RIP = MOV from a not-present page") == ["RIP = MOV from a", "not-present page"]
    assert wrap("x" * 45) == ["x" * 20, "x" * 20, "x" * 5] and wrap("") == [""]
    assert len(wrap("x " * 500)) == 6 and all(len(line) <= 20 for line in wrap("ab cde " * 500))


def test_words_of_an_event():
    inject, enter, leave, fault, nmi = parse(
        "ENTRY(#GP(0x0))@RDMSR; ENTRY@RDMSR; EXIT(NPF during NMI)@L; #GP(0x0)@RDMSR[if=1,rf=1]; NMI")
    assert title_lines(inject) == ["enter, injecting", "#GP(0x0)"] and title_lines(enter) == ["enter"]
    assert title_lines(leave) == ["exit: NPF during NMI"]
    assert place_lines(fault) == ["RIP = RDMSR", "IF=1 RF=1"] and place_lines(nmi) == []


def rows_of(drawing, text):
    """The y of every label with that text."""
    return [shape[1]["y"] for shape in drawing.shapes if shape[0] == "text" and shape[2] == text]


def test_the_twins_deliveries_stand_on_the_lines_of_the_guests():
    drawing = lanes(made.S2, None, made.N1, 1, "IRQ(0x60)")
    for text in ("#GP(0x0)", "IRQ(0x60)"):
        assert len(set(rows_of(drawing, text)[-2:])) == 1
    assert rows_of(drawing, "exit: RDMSR") < rows_of(drawing, "IRQ(0x60) arrives:") < \
        rows_of(drawing, "enter, injecting") < rows_of(drawing, "RIP = GP_ENTRY")[:1]


def test_rows_that_differ_are_marked_and_no_others():
    def marked(seen):
        return sum(shape[1]["class"] == "differs" for shape in lanes(seen, made.S1).shapes)
    assert marked(made.S1) == 0 and marked(made.S1.split("; ")[0]) == 1 and marked(made.N1) == 2
    assert marked("nothing") == 2


def test_labels_lie_within_the_picture():
    for drawing in (lanes(made.S2, made.S3, made.N1), lanes(made.S1, None, None, 0, "IRQ(0x60)"),
                    lanes("nothing")):
        for tag, at, text in drawing.shapes:
            if tag == "text":
                assert 0 <= at["x"] and at["x"] + text_width(text) <= drawing.width
                assert at["y"] < drawing.height


SWEEP = list(zip((71, 1, 1, 141, 1, 41), made.ZONES))


def test_the_flip_is_at_one_place():
    drawing = phase(SWEEP, made.ZONES, True)
    bars = [s[1] for s in drawing.shapes if s[1]["class"].startswith("band ")]
    assert [bar["class"] for bar in bars] == ["band irq"] * 2 + ["band exc"] * 4
    assert all(a["x"] + a["width"] == b["x"] for a, b in zip(bars, bars[1:]))
    assert min(b["width"] for b in bars) >= 6


def test_the_axis_has_ticks_and_instructions():
    drawing = phase(list(zip((1, 1, 1, 149, 1, 1), made.ZONES)), made.ZONES, True, made.SWEEP)
    at = [(s[1]["x"], s[2]) for s in drawing.shapes if s[1]["class"] == "tick"]
    assert [text for _, text in at] == ["93 NOP#24", "94 RDMSR", "95 GP_ENTRY", "96 in the handler",
                                        "245 after IRET", "246 later"]
    bars = [s[1] for s in drawing.shapes if s[1]["class"].startswith("band ")]
    flip = next(s[1] for s in drawing.shapes if s[1]["class"] == "flip")
    assert flip["x1"] == bars[2]["x"] == at[2][0] and min(bar["width"] for bar in bars) >= 14
    assert all(a["x"] + a["width"] == b["x"] for a, b in zip(bars, bars[1:]))
    assert "ticks 93-246" in "".join(drawing.words) and " 149 (96-244): " in drawing.words


def test_an_incomplete_sweep_says_so_in_the_picture():
    sweep = {**made.SWEEP, "step": 7, "incomplete": "its budget was used up"}
    drawing = phase(list(zip((1, 1, 1, 149, 1, 1), made.ZONES)), made.ZONES, True, sweep)
    texts = {s[1]["class"]: s[2] for s in drawing.shapes if s[0] == "text"}
    assert texts["where incomplete"] == "INCOMPLETE: its budget was used up" and "INCOMPLETE" in "".join(drawing.words)


def test_mixed_orders_overlap():
    sweep = {**made.SWEEP, "ticks": ["~5-90", "~20-100"]}
    drawing = phase([(4, made.ZONES[0]), (9, made.ZONES[2])], made.ZONES, True, sweep)
    bars = [s[1] for s in drawing.shapes if s[1]["class"].startswith("band ")]
    assert [bar["class"] for bar in bars] == ["band irq mixed", "band exc mixed"]
    assert bars[0]["x"] < bars[1]["x"] < bars[0]["x"] + bars[0]["width"]


def test_orders_that_were_not_met_and_orders_that_are_not_legal():
    classes = [s[1]["class"] for s in phase([(2, "NMI@L")], made.ZONES[:2], False).shapes]
    assert "band illegal" in classes and classes.count("count none") == 2


def test_the_stories_come_from_a_platform_where_they_passed():
    found = formats.results(made.whole(made.failing()))
    assert stories.best_platform(found) == "p1"
    assert [name for name, _ in stories.pictures(found, "p1")] == [
        "s1.svg", "s2.svg", "s3.svg", "rdmsr-sweep.svg"]
    assert "s2.svg" not in [name for name, _ in stories.pictures(found, "p2")]
    assert stories.best_platform([]) == ""


@pytest.mark.parametrize("records,words", [
    ([], "Nothing ran"), (made.whole([]), "Nothing ran"),
    (made.whole(made.stories()), "5 results, all as expected"),
    (made.whole(made.stories())[:-1], "(interrupted)"), (made.whole(made.failing()), "8 of 19 results unexpected"),
    (made.whole([made.result("s/c", verdict="SKIP")]), "Nothing passed")])
def test_headline(records, words):
    text = page.render(records)
    assert Reader(text) and words in re.search("<h1>(.*?)</h1>", text).group(1)


def test_the_differences_from_a_baseline():
    classes = {"new-fail": ["p2 native/bad.case_fail: was PASS, is FAIL (x)"],
               "vanished": ["p1 a/b: was PASS"], "fixed": []}
    text = page.render(made.whole(made.failing()), classes)
    assert 'id="changes"' in text and 'href="#native/bad.case_fail@p2"' in text and 'href="#a/b' not in text
    assert data_of(text)["changes"]["native/bad.case_fail"] == [["new-fail", "p2", "was PASS, is FAIL (x)"]]
    assert "No change." in page.render(made.whole(made.stories()), {})
    assert 'id="changes"' not in page.render(made.whole(made.stories()))


def test_five_thousand_cases_on_three_platforms_stay_under_5_mb():
    size = len(page.render(made.whole(made.large())).encode())
    print("5000 cases x 3 platforms: %.2f MB" % (size / 1e6))
    assert size < 5e6


def test_same_input_same_bytes():
    records = made.whole(made.failing())
    assert page.render(records) == page.render(json.loads(json.dumps(records)))


def test_the_runner_writes_the_page(tree):
    done = tree.image("pass_a", "fail_b").run("--html", os.path.join(tree.path, "deep", "page"))
    assert done.status == 1, done.err
    with open(os.path.join(tree.path, "deep", "page", "index.html"), encoding="utf-8") as stream:
        text = stream.read()
    assert [case["id"] for case in data_of(text)["cases"]] == ["fake/pass_a", "fake/fail_b"]
    assert os.listdir(os.path.join(tree.path, "deep", "page")) == ["index.html"]


def test_a_page_that_cannot_be_written_is_refused_before_anything_boots(tree):
    tree.write("file", "")
    done = tree.image("pass_a").run("--html", os.path.join(tree.path, "file"))
    assert done.status == 2 and "--html" in done.err and not os.path.exists(tree.logs)


def test_assets_have_the_licence_and_no_long_file():
    directory = os.path.join(ROOT, "scripts", "ordeal", "page")
    assets = [name for name in os.listdir(directory) if name.endswith((".js", ".css"))]
    assert "page.js" in assets
    for name in assets:
        with open(os.path.join(directory, name), encoding="utf-8") as stream:
            text = stream.read()
        assert "SPDX-License-Identifier: BSD-2-Clause" in text.split("\n")[0] and text.count("\n") <= 400, name
