# SPDX-License-Identifier: BSD-2-Clause
"""The sections of the page that need no script: totals, stories, unexpected results, the run.

Each function takes records or results and returns HTML. Every string that is not written in this
file goes through esc().
"""
from typing import Any, Dict, List, Sequence
from urllib.parse import quote

from ..model import PASS, SKIP, VERDICTS, XFAIL, Result
from ..report.compare import Classes
from ..report.worlds import told
from ..text import plural
from .stories import STORIES, SWEEP, best_platform, picture, sweep_picture
from .svg import esc, svg

#: How many cases a list outside the matrix shows; the matrix has all.
LISTED = 200
Record = Dict[str, Any]


def anchor(case: str, platform: str = "") -> str:
    """The deep link of a case."""
    return "#" + quote(case, safe="/._-") + ("@" + quote(platform, safe="._-") if platform else "")


def case_link(case: str, platform: str = "", text: str = "") -> str:
    """A link that opens a case."""
    return '<a href="%s">%s</a>' % (esc(anchor(case, platform)), esc(text or case))


def badge(result: Result) -> str:
    """A verdict as a label."""
    return '<span class="badge %s%s">%s</span>' % (
        esc(result.verdict), " loud" if result.unexpected else "", esc(result.verdict))


def headline(results: Sequence[Result], interrupted: bool) -> str:
    """The run in one sentence."""
    bad = sum(result.unexpected for result in results)
    if not results:
        text = "Nothing ran"
    elif not any(result.verdict == PASS for result in results):
        text = "Nothing passed in this run"
    elif bad:
        text = "%d of %s unexpected" % (bad, plural(len(results), "result"))
    else:
        text = "%s, all as expected" % plural(len(results), "result")
    return text + (" (interrupted)" if interrupted else "")


def totals(results: Sequence[Result]) -> str:
    """A bar of shares, and the verdicts with their counts, which filter the matrix."""
    counts = {v: sum(r.verdict == v for r in results) for v in VERDICTS}
    counts = {v: n for v, n in counts.items() if n}
    whole, x, bars = max(1, len(results)), 0, []
    for verdict, number in counts.items():
        end = x + number * 1000 // whole
        bars.append('<rect class="%s" x="%d" width="%d" height="10"/>' % (verdict, x, max(3, end - x)))
        x = end
    chips = ["<li><a href=\"#matrix\" data-verdict=\"%s\"><span class=\"badge %s\">%s</span>"
             "<b>%d</b></a></li>" % (v, v, v, n) for v, n in counts.items()]
    return ('<svg class="share" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">'
            '%s</svg>\n<ul class="totals" aria-label="Results by verdict">%s</ul>'
            % ("".join(bars), "".join(chips)))


def _key() -> str:
    """The key of the drawings' signs."""
    signs = (('<circle class="mark irq" cx="7" cy="7" r="5"/>', "interrupt, delivered"),
             ('<rect class="mark exc" x="2" y="2" width="10" height="10"/>', "exception, delivered"),
             ('<path class="mark arrival" d="M7 1l6 6l-6 6l-6 -6z"/>',
              "the interrupt arrives; the bar at the left lasts while it is pending"),
             ('<path class="busy" d="M7 2v10"/>', "where the processor is: guest or hypervisor"))
    return '<ul class="key-list">%s</ul>' % "".join(
        '<li><svg class="drawing" viewBox="0 0 14 14" width="14" height="14" aria-hidden="true">%s'
        '</svg>%s</li>' % (sign, esc(text)) for sign, text in signs)


def stories(results: Sequence[Result]) -> str:
    """Three sentences and the pictures of the stories, from this run's own results."""
    platform = best_platform(results)
    head = ('<h2 id="stories">The order of simultaneous events</h2>\n'
            "<p>RDMSR of an MSR that does not exist raises #GP, and an interrupt comes at the same "
            "time: which of the two does the system see first? That depends on one thing: whether "
            "the interrupt was pending at the boundary before RDMSR, or came after that boundary. "
            "A guest must see what bare hardware would have shown it, so beside a guest's timeline "
            "stands that of its <em>native twin</em>.</p>\n")
    if not platform:
        return head + '<p class="soft">The stories are not in this run, or did not pass.</p>'
    cards = []
    for story in STORIES:
        drawing = picture(results, story, platform)
        if drawing is None:
            continue
        cards.append('<article class="story" id="%s"><h3><span class="key">%s</span>%s</h3>'
                     '<p>%s</p><figure><div class="scroll">%s</div><figcaption>Seen on %s: %s'
                     "</figcaption></figure></article>" % (
                         story.key, story.key, case_link(story.case, platform, story.title),
                         esc(story.why), svg(drawing), esc(platform),
                         case_link(story.case, platform)))
    sweep = sweep_picture(results, platform)
    if sweep is not None:
        cards.append('<article class="story" id="flip"><h3>%s</h3><p>A timer interrupt is moved, '
                     "sample by sample, across RDMSR. As long as it arrives in time for RDMSR's "
                     "boundary, it comes first; one step later, #GP comes first.</p>"
                     "<figure><div class=\"scroll\">%s</div><figcaption>Seen on %s; the width of a "
                     "stretch grows with the square root of its ticks: %s"
                     "</figcaption></figure></article>" % (
                         case_link(SWEEP, platform, "Where the order flips"), svg(sweep),
                         esc(platform), case_link(SWEEP, platform)))
    return head + _key() + '<div class="stories">%s</div>' % "\n".join(cards)


def unexpected(results: Sequence[Result]) -> str:
    """Every unexpected result as a link, with its reason."""
    found = [result for result in results if result.unexpected]
    if not found:
        return ""
    items = ["<li>%s %s <span class=\"soft\">on %s</span><p>%s</p><p class=\"soft\">%s</p></li>" % (
        badge(result), case_link(result.case, result.platform), esc(result.platform),
        esc(result.sentence), esc(result.reason)) for result in found[:LISTED]]
    more = len(found) - LISTED
    if more > 0:
        items.append('<li>%d more: <a href="#matrix" data-verdict="unexpected">show them in the '
                     "matrix</a></li>" % more)
    return '<h2 id="unexpected">Unexpected <span class="soft">%d</span></h2>\n<ul class="plain two">' \
        "%s</ul>" % (len(found), "\n".join(items))


def changes(results: Sequence[Result], classes: Classes, compared: bool) -> str:
    """The differences from the baseline, if there was one."""
    if not compared:
        return ""
    here = {(result.platform, result.case) for result in results}
    items = []
    for name, members in classes.items():
        for member in members:
            where, _, what = member.partition(": ")
            platform, _, case = where.partition(" ")
            shown = case_link(case, platform) if (platform, case) in here else esc(case)
            items.append('<li><b>%s</b> %s <span class="soft">on %s</span><p>%s</p></li>'
                         % (esc(name), shown, esc(platform), esc(what)))
    count = len(items)
    if count > LISTED:
        items = items[:LISTED] + ["<li>and %d more</li>" % (count - LISTED)]
    return '<h2 id="changes">Against the baseline <span class="soft">%d</span></h2>\n%s' % (
        count, '<ul class="plain">%s</ul>' % "\n".join(items) if items else "<p>No change.</p>")


def grouped(results: Sequence[Result], verdict: str, key: str, ident: str, title: str) -> str:
    """Skips or known deviations by reason: all are counted, and the first ones are linked."""
    groups: Dict[str, List[Result]] = {}
    for result in results:
        if result.verdict == verdict and not result.unexpected:
            groups.setdefault(getattr(result, key), []).append(result)
    if not groups:
        return ""
    items = []
    for reason, members in groups.items():
        links = " ".join(case_link(r.case, r.platform) for r in members[:40])
        rest = " and %d more" % (len(members) - 40) if len(members) > 40 else ""
        items.append("<li>%s<details class=\"names\"><summary>%s on %s</summary>%s%s</details></li>" % (
            esc(reason or "no reason given"), plural(len(members), "case"),
            esc(", ".join(dict.fromkeys(r.platform for r in members))), links, rest))
    return '<h2 id="%s">%s</h2>\n<ul class="plain">%s</ul>' % (ident, title, "\n".join(items))


def world(records: List[Record], results: Sequence[Result]) -> str:
    """The generated world in numbers, and the place of its map."""
    lines = told(records, results)
    if not lines:
        return ""
    return ('<h2 id="world" tabindex="-1">The generated world</h2>\n<p>Openers across, instructions '
            "down. A number counts the situations that are not legal. The arrow keys move, and Enter "
            "opens the block, with the smallest situation of each class and the rules that decide "
            "it.</p>\n<ul class=\"plain\">%s</ul>\n<noscript><p>The map needs the script of this "
            'page.</p></noscript>\n<div id="maps"></div>' % "".join(
                "<li>%s</li>" % esc(line.strip()) for line in lines[2:]))


def _row(name: str, value: object) -> str:
    text = esc(value)
    return '<tr><th scope="row">%s</th><td>%s</td></tr>' % (esc(name), text) if text else ""


def about(records: List[Record]) -> str:
    """The section about the run: arguments, commit, compilers, host, platforms."""
    by_type: Dict[str, Record] = {record["type"]: record for record in records}
    start, print_, end = (by_type.get(name, {}) for name in ("start", "fingerprint", "summary"))
    env: Dict[str, str] = {}
    for record in records:
        if record["type"] == "boot" and record.get("env"):
            env.setdefault(record["platform"], "; ".join(record["env"]))
    rows = [_row("Arguments", " ".join(map(str, start.get("argv", [])))), _row("Began", start.get("time", "")),
            _row("Commit", str(print_.get("commit", "")) + (", with changes" if print_.get("dirty") else "")),
            _row("Compilers", "; ".join(map(str, print_.get("compilers", [])))),
            _row("Host", "; ".join(str(print_[k]) for k in ("kernel", "host_cpu") if print_.get(k))),
            _row("Python", print_.get("python", "")),
            _row("Environment", " ".join("%s=%s" % pair for pair in start.get("environment", {}).items()))]
    for platform in start.get("platforms", []):
        rows.append(_row(platform.get("name", ""), platform.get("version", "")))
        rows.append(_row("%s, its guest" % platform.get("name", ""), env.get(platform.get("name", ""), "")))
    rows += [_row("About expectations", line) for line in end.get("complaints", [])]
    return '<h2 id="run">This run</h2>\n<table class="run"><tbody>%s</tbody></table>' % "".join(rows)


def navigation(sections: Sequence[str]) -> str:
    """Links to the sections that this page has."""
    names = (("stories", "The stories"), ("unexpected", "Unexpected"), ("changes", "Against the baseline"),
             ("world", "The generated world"), ("matrix", "Every case"),
             ("known", "Known deviations"), ("skipped", "Skipped"), ("run", "This run"))
    there = "".join(sections)
    return '<nav aria-label="Sections"><ul>%s</ul></nav>' % "".join(
        '<li><a href="#%s">%s</a></li>' % pair for pair in names
        if 'id="%s"' % pair[0] in there or pair[0] == "matrix")


KNOWN = (XFAIL, "deviation", "known", "Known deviations")
SKIPPED = (SKIP, "reason", "skipped", "Skipped")
