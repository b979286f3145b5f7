# SPDX-License-Identifier: BSD-2-Clause
"""--html DIR: the run as one page, DIR/index.html, that needs no other file.

What a reader sees first is plain HTML made here; page/page.js draws the matrix and the details of
the cases from compact data, on demand. The page may load nothing and run nothing except its own
style and script: a content security policy names these by their hashes.
"""
import base64
import hashlib
import os
from typing import Any, Dict, List, Optional

from ..model import UserError
from ..report.compare import Classes
from ..report.formats import interrupted, results
from ..report.stream import write_file
from ..text import clean_text
from . import sections as parts
from .data import compact, embedded
from .svg import esc

ASSETS = os.path.dirname(os.path.abspath(__file__))
_FILTERS = """<form id="filters" role="search" aria-label="Filter the cases" hidden>
<label>Text <input type="search" name="text" placeholder="id, row, sentence, citation"></label>
<label>Verdict <select name="verdict"><option value="">any</option>
<option value="unexpected">unexpected</option></select></label>
<label>Platform <select name="platform"><option value="">all</option></select></label>
<label>Family <select name="family"><option value="">all</option></select></label>
<button type="reset">Show all</button>
</form>"""
_MATRIX = """<h2 id="matrix" tabindex="-1">Every case <span class="soft" id="shown" role="status"></span></h2>
<p>Open a case to see its timelines. In the matrix the arrow keys move, and Enter opens a case.</p>
<noscript><p>The matrix needs the script of this page; everything else works without.</p></noscript>
%s
<div id="families"></div>"""
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="%(policy)s">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>ordeal: %(headline)s</title>
<link rel="icon" href="data:,">
<style>%(style)s</style>
</head>
<body>
<a class="skip" href="#matrix">Skip to the matrix of cases</a>
<header>
<p class="brand">ordeal</p>
<h1>%(headline)s</h1>
<p class="meta">%(meta)s</p>
%(totals)s
%(nav)s
</header>
<main>
%(sections)s
</main>
<footer>ordeal's run_tests.sh made this page from the run's records. It is one file.</footer>
<script type="application/json" id="run-data">%(data)s</script>
<script>%(script)s</script>
</body>
</html>
"""


def asset(*names: str) -> str:
    """The text of these files of page/, joined."""
    texts = []
    for name in names:
        with open(os.path.join(ASSETS, name), encoding="utf-8") as stream:
            texts.append(stream.read())
    return "\n" + "".join(texts)


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return "'sha256-%s'" % base64.b64encode(digest).decode()


def policy(style: str, script: str) -> str:
    """A content security policy that allows only our own style and script."""
    return ("default-src 'none'; style-src %s; script-src %s; img-src data:; base-uri 'none'; "
            "form-action 'none'" % (_hash(style), _hash(script)))


def _meta(records: List[Dict[str, Any]]) -> str:
    """One line with time, commit, platforms and duration of the run."""
    by_type = {record["type"]: record for record in records}
    start, print_, end = (by_type.get(name, {}) for name in ("start", "fingerprint", "summary"))
    names = ", ".join(str(p.get("name", "")) for p in start.get("platforms", []))
    words = [str(start.get("time", "")), "commit " + str(print_.get("commit", ""))[:12]
             if print_.get("commit") else "", "on " + names if names else "",
             "%.1f s" % end["seconds"] if end.get("seconds") else ""]
    return esc(" \u00b7 ".join(word for word in words if word))


def printable(value: Any) -> Any:
    """The value with every string in it made printable."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {printable(key): printable(item) for key, item in value.items()}
    return [printable(item) for item in value] if isinstance(value, (list, tuple)) else value


def render(records: List[Dict[str, Any]], classes: Optional[Classes] = None) -> str:
    """The page of a run. classes: the differences from a baseline, if there was one."""
    records, classes = printable(records), printable(classes)
    found = results(records)
    style, script = asset("draw.css", "page.css", "map.css"), \
        asset("map.js", "page.js")
    sections = [part for part in (
        parts.stories(found), parts.unexpected(found),
        parts.changes(found, classes or {}, classes is not None),
        parts.world(records, found), _MATRIX % _FILTERS,
        parts.grouped(found, *parts.KNOWN), parts.grouped(found, *parts.SKIPPED),
        parts.about(records)) if part]
    return _PAGE % {
        "policy": esc(policy(style, script)), "style": style, "script": script,
        "headline": esc(parts.headline(found, interrupted(records))), "meta": _meta(records),
        "totals": parts.totals(found), "nav": parts.navigation(sections),
        "sections": "\n".join("<section>%s</section>" % part for part in sections),
        "data": embedded(compact(found, classes or {}))}


def prepare(directory: str) -> None:
    """Make the directory if needed, and test before anything boots that it can be written to."""
    try:
        os.makedirs(directory, exist_ok=True)
        if not os.access(directory, os.W_OK | os.X_OK):
            raise PermissionError(13, os.strerror(13))
    except OSError as error:
        raise UserError("--html: cannot write to %s: %s" % (directory, error.strerror)) from None


def write(directory: str, records: List[Dict[str, Any]], classes: Optional[Classes] = None) -> None:
    """Write DIR/index.html."""
    prepare(directory)
    write_file(os.path.join(directory, "index.html"), render(records, classes))
