"""A drawing of lines, dots and texts, written as SVG or painted as a picture. No Slicer, no plotting package.

Coordinates in pixels, x to the right, y downwards. Slicer has no matplotlib; SVG needs nothing, PNG needs Pillow, which
Slicer and scikit-image bring along.
"""

import dataclasses
import html
import math
from collections.abc import Sequence

import numpy as np

from DLEnhanceLib.errors import MissingPackage

FONTS = "system-ui, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif"
# Painted larger and averaged: Pillow draws without smooth edges.
SUPERSAMPLING = 3
# The largest picture in pixels, so that a chart of very many panels cannot take all memory.
LARGEST_PICTURE = 60_000_000


@dataclasses.dataclass(frozen=True)
class Line:
    """From start to end (x, y); dash: length of dashes and gaps in pixels, 0 for a whole line."""

    start: tuple[float, float]
    end: tuple[float, float]
    color: str
    width: float = 1.0
    dash: float = 0.0


@dataclasses.dataclass(frozen=True)
class Dot:
    center: tuple[float, float]
    radius: float
    color: str


@dataclasses.dataclass(frozen=True)
class Text:
    """place: its left end, middle or right end (anchor "start", "middle", "end") on the baseline."""

    place: tuple[float, float]
    text: str
    size: float = 12.0
    anchor: str = "start"
    color: str = "#1d2530"
    isBold: bool = False


@dataclasses.dataclass(frozen=True)
class Drawing:
    """items: Line, Dot and Text, later ones over earlier ones. title: what it shows, for those who cannot see it."""

    width: float
    height: float
    items: Sequence
    title: str = ""


def stacked(drawings: Sequence[Drawing], *, title="") -> Drawing:
    """Drawings below each other."""
    items, top = [], 0.0
    for drawing in drawings:
        items += [moved(item, 0.0, top) for item in drawing.items]
        top += drawing.height
    return Drawing(max((drawing.width for drawing in drawings), default=0.0), top, tuple(items), title)


def beside(drawings: Sequence[Drawing]) -> Drawing:
    """Drawings in a row."""
    items, left = [], 0.0
    for drawing in drawings:
        items += [moved(item, left, 0.0) for item in drawing.items]
        left += drawing.width
    return Drawing(left, max((drawing.height for drawing in drawings), default=0.0), tuple(items))


def moved(item, right: float, down: float):
    def shifted(point):
        return point[0] + right, point[1] + down

    if isinstance(item, Line):
        return dataclasses.replace(item, start=shifted(item.start), end=shifted(item.end))
    if isinstance(item, Dot):
        return dataclasses.replace(item, center=shifted(item.center))
    return dataclasses.replace(item, place=shifted(item.place))


def svgText(drawing: Drawing) -> str:
    """A whole SVG document on white ground, equal for equal drawings."""
    width, height = _number(drawing.width), _number(drawing.height)
    body = "\n".join(_svgItem(item) for item in drawing.items)
    title = html.escape(drawing.title)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="{FONTS}" role="img">\n<title>{title}</title>\n'
        f'<rect width="100%" height="100%" fill="#ffffff"/>\n{body}\n</svg>\n'
    )


def _svgItem(item) -> str:
    if isinstance(item, Line):
        dash = f' stroke-dasharray="{_number(item.dash)}"' if item.dash else ""
        (x1, y1), (x2, y2) = (tuple(map(_number, point)) for point in (item.start, item.end))
        stroke = f'stroke="{item.color}" stroke-width="{_number(item.width)}" stroke-linecap="round"'
        return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" {stroke}{dash}/>'
    if isinstance(item, Dot):
        x, y = map(_number, item.center)
        return f'<circle cx="{x}" cy="{y}" r="{_number(item.radius)}" fill="{item.color}"/>'
    x, y = map(_number, item.place)
    weight = ' font-weight="600"' if item.isBold else ""
    look = f'font-size="{_number(item.size)}" text-anchor="{item.anchor}" fill="{item.color}"{weight}'
    return f'<text x="{x}" y="{y}" {look}>{_printable(item.text)}</text>'


def _printable(text):
    """Escaped, without the control characters that XML forbids."""
    return html.escape("".join(letter for letter in text if letter >= " "))


def _number(value) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def painted(drawing: Drawing, *, scale=2.0) -> np.ndarray:
    """The drawing as a picture: uint8 array (height, width, 3), top row first. Raises MissingPackage without Pillow."""
    try:
        from PIL import Image, ImageDraw
    except ImportError as error:
        raise MissingPackage("A chart as PNG needs the Python package Pillow; choose an .svg file instead.") from error
    fitting = math.sqrt(LARGEST_PICTURE / max(drawing.width * drawing.height * SUPERSAMPLING**2, 1.0))
    factor = min(scale, fitting) * SUPERSAMPLING
    size = tuple(max(round(length * factor), SUPERSAMPLING) for length in (drawing.width, drawing.height))
    canvas = Image.new("RGB", size, "#ffffff")
    painter = ImageDraw.Draw(canvas)
    for item in drawing.items:
        _paint(painter, item, factor)
    small = canvas.resize(tuple(max(length // SUPERSAMPLING, 1) for length in size), Image.Resampling.BOX)
    return np.asarray(small).copy()


def _paint(painter, item, factor):
    if isinstance(item, Line):
        for start, end in _dashes(item):
            points = [tuple(factor * value for value in point) for point in (start, end)]
            painter.line(points, fill=item.color, width=max(round(item.width * factor), 1))
    elif isinstance(item, Dot):
        x, y, r = (factor * value for value in (*item.center, item.radius))
        painter.ellipse((x - r, y - r, x + r, y + r), fill=item.color)
    else:
        place = tuple(factor * value for value in item.place)
        anchor = {"start": "ls", "middle": "ms", "end": "rs"}[item.anchor]
        text = "".join(letter for letter in item.text if letter >= " ")
        stroke = round(0.03 * item.size * factor) if item.isBold else 0
        painter.text(
            place,
            text,
            fill=item.color,
            font=_font(item.size * factor),
            anchor=anchor,
            stroke_width=stroke,
            stroke_fill=item.color,
        )


def _font(size):
    from PIL import ImageFont

    return ImageFont.load_default(size)


def _dashes(line: Line):
    """The pieces of a line that are drawn."""
    if not line.dash:
        return [(line.start, line.end)]
    start, end = np.asarray(line.start, float), np.asarray(line.end, float)
    length = float(np.linalg.norm(end - start))
    ends = np.append(np.arange(0.0, length, line.dash), length) / max(length, 1e-9)
    return [
        (tuple(start + a * (end - start)), tuple(start + b * (end - start)))
        for a, b in zip(ends[:-1:2], ends[1::2], strict=False)
    ]
