# SPDX-License-Identifier: BSD-2-Clause
"""Drawings as lists of shapes, and shapes as SVG text.

A shape is (tag, attributes, text). The modules that draw compute shapes with whole numbers only, so
that the same input gives the same bytes everywhere. page/page.js inserts these shapes when a case
is opened, and computes none. Colours come from classes: page/draw.css.
"""
from typing import Any, Dict, List, Tuple

from ..record import dataclass, field

Shape = Tuple[str, Dict[str, Any], str]

#: Widths of labels are computed, not measured, because labels use a monospaced font of 12 px.
LINE, TOP_LABEL = 16, 12
WRAP, MAX_LINES = 20, 6


def esc(text: object) -> str:
    """The one function through which every string goes into HTML, XML and SVG."""
    safe = "".join(c if c in "\n\t" or c.isprintable() else "\\x%02x" % ord(c) for c in str(text))
    for char, name in (("&", "amp"), ("<", "lt"), (">", "gt"), ('"', "quot"), ("'", "#39")):
        safe = safe.replace(char, "&%s;" % name)
    return safe


@dataclass
class Drawing:
    """A picture: its size, its description in words, and its shapes. Each trace in the words is an
    item of its own, so that the page can store it once."""
    width: int
    height: int
    words: List[str]
    shapes: List[Shape] = field(default_factory=list)

    def add(self, tag: str, css: str, text: str = "", **attributes: Any) -> None:
        """Add a shape; an underscore in an attribute's name stands for a hyphen."""
        named = {key.replace("_", "-"): value for key, value in attributes.items()}
        self.shapes.append((tag, {"class": css, **named}, text))

    def line(self, css: str, x1: int, y1: int, x2: int, y2: int) -> None:
        """Add a straight line."""
        self.add("line", css, x1=x1, y1=y1, x2=x2, y2=y2)

    def text(self, css: str, x: int, y: int, text: str) -> None:
        """Add text that begins at x, on the base line y."""
        self.add("text", css, text, x=x, y=y)


def text_width(text: str) -> int:
    """The width of a label in pixels."""
    return (len(text) * 73 + 9) // 10


def wrap(text: str, width: int = WRAP) -> List[str]:
    """The text in lines of at most width characters, broken at blanks where possible."""
    lines: List[str] = []
    line = ""
    for word in text.split(" "):
        while len(word) > width:
            if line:
                lines.append(line)
            line, word = word[:width], word[width:]
            lines.append(line)
            line = ""
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = line + " " + word if line else word
    if line or not lines:
        lines.append(line)
    if len(lines) > MAX_LINES:
        lines = lines[:MAX_LINES - 1] + ["..."]
    return lines


def _shape(shape: Shape) -> str:
    tag, attributes, text = shape
    words = "".join(' %s="%s"' % (key, esc(value)) for key, value in attributes.items())
    return "<%s%s>%s</%s>" % (tag, words, esc(text), tag) if text else "<%s%s/>" % (tag, words)


def svg(drawing: Drawing, style: str = "") -> str:
    """The picture as an svg element; with a style sheet it is a file of its own."""
    head = '<svg xmlns="http://www.w3.org/2000/svg" class="drawing" role="img" width="%d" height="%d" ' \
           'viewBox="0 0 %d %d" aria-label="%s">' % (
               drawing.width, drawing.height, drawing.width, drawing.height,
               esc("".join(drawing.words)))
    inner = ["<style>%s</style>" % esc(style), '<rect class="paper" width="%d" height="%d" rx="8"/>'
             % (drawing.width, drawing.height)] if style else []
    return "\n".join([head] + inner + [_shape(shape) for shape in drawing.shapes] + ["</svg>"]) + "\n"
