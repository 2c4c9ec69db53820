"""Paired slope charts: a line a lesion from the standard to the enhanced image, a chart a metric, a panel a size class.

Pure Python; drawing.py writes them as SVG or PNG, sceneCharts.py shows the same lines in Slicer's plot views.
"""

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from DLEnhanceLib.errors import BadOption
from DLEnhanceLib.version import LABEL

from .drawing import Dot, Drawing, Line, Text, beside, painted, stacked, svgText
from .lesionSize import SIZE_CLASS_BORDER
from .measurement import NO_METHOD, ChangeRow
from .metricDefinitions import metricDefinition

STANDARD_COLOR, ENHANCED_COLOR = "#2b6ca3", "#d9730d"
LINE_COLOR, FALLING_COLOR, AXIS_COLOR, TEXT_COLOR = "#8a94a0", "#b3403a", "#9aa3ad", "#1d2530"
PANEL_WIDTH, PANEL_HEIGHT = 270.0, 280.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 78.0, 66.0, 30.0
CHARTED_METRICS = ("snr", "cnr", "cr", "conspicuity", "noise_frequency", "erd", "fwhm")
MOST_PANELS = 4  # in a row
MOST_NAMES = 10  # more names beside a panel than this could not be read
CHART_SUFFIXES = (".svg", ".png")


@dataclasses.dataclass(frozen=True)
class SlopeLine:
    """One lesion: its value in both images."""

    case: str
    lesion: str
    standard: float
    enhanced: float
    percentChange: float | None


@dataclasses.dataclass(frozen=True)
class SlopePanel:
    """title: the size class, or all lesions."""

    title: str
    lines: tuple[SlopeLine, ...]


@dataclasses.dataclass(frozen=True)
class SlopeChart:
    """One metric by one noise method. unmeasured: lesions that have no value in one of the images."""

    metric: str
    method: str
    unit: str
    panels: tuple[SlopePanel, ...]
    unmeasured: int = 0

    @property
    def title(self) -> str:
        unit = "" if self.unit == "1" else f" in {self.unit}"
        method = "" if self.method == NO_METHOD else f", {self.method}"
        return f"{metricDefinition(self.metric).title}{unit}{method}"


def slopeCharts(
    changeRows: Iterable[ChangeRow], diameters: Mapping[tuple[str, str], float] | None = None
) -> list[SlopeChart]:
    """A chart for each metric and noise method that has a value in both images.

    diameters: (case, lesion) to the longest diameter in mm; with lesions of both size classes each class has a panel.
    """
    groups: dict[tuple[str, str], list[ChangeRow]] = {}
    for row in changeRows:
        groups.setdefault((row.metric, row.method), []).append(row)
    charts = []
    for (metric, method), rows in groups.items():
        lines = [_slopeLine(row) for row in rows if None not in (row.standard, row.enhanced)]
        if lines:
            panels = _panels(lines, diameters or {})
            charts.append(SlopeChart(metric, method, rows[0].unit, panels, len(rows) - len(lines)))
    return charts


def sizeClasses(lines: Sequence[SlopeLine], diameters) -> dict[str, tuple[SlopeLine, ...]]:
    """The lines by size class, smaller ones first; lesions of unknown size under "size unknown"."""
    found: dict[str, list[SlopeLine]] = {f"< {SIZE_CLASS_BORDER:g} mm": [], f">= {SIZE_CLASS_BORDER:g} mm": []}
    for line in lines:
        diameter = diameters.get((line.case, line.lesion))
        names = ("size unknown",) if diameter is None else tuple(found)[:2]
        found.setdefault(names[int(diameter is not None and diameter >= SIZE_CLASS_BORDER)], []).append(line)
    return {name: tuple(members) for name, members in found.items() if members}


def _panels(lines, diameters):
    classes = sizeClasses(lines, diameters)
    if len(classes) == 1:
        (name,) = classes
        return (SlopePanel("all lesions" if name == "size unknown" else f"all lesions ({name})", tuple(lines)),)
    return (SlopePanel("all lesions", tuple(lines)), *(SlopePanel(name, found) for name, found in classes.items()))


def _slopeLine(row):
    return SlopeLine(row.case, row.lesion, row.standard, row.enhanced, row.percentChange)


def writeCharts(charts: Sequence[SlopeChart], path, *, title="") -> Path:
    """Write charts as .svg or .png; the file appears whole or not at all.

    Raises BadOption without a chart or for another suffix, MissingPackage for a PNG without Pillow, CannotWrite.
    """
    from .pngFile import pngBytes
    from .rows import writeAtomically

    path = Path(path)
    if path.suffix.lower() not in CHART_SUFFIXES:
        raise BadOption(f"{path.name} must end in .svg or .png.")
    drawing = chartsDrawing(charts, title=title)
    isSvg = path.suffix.lower() == ".svg"
    return writeAtomically(svgText(drawing) if isSvg else pngBytes(painted(drawing)), path)


def chartsDrawing(charts: Sequence[SlopeChart], *, title="", footer=LABEL) -> Drawing:
    """All charts below each other, with a legend and the research-use label. Raises BadOption without a chart."""
    if not charts:
        raise BadOption("There is no value in both images, so there is nothing to draw; choose an enhanced volume.")
    rows = [beside(drawings) for drawings in _inRows([chartDrawing(chart) for chart in charts])]
    width = max(*(row.width for row in rows), 420.0)
    head = [_textLine(title, width, size=15, isBold=True)] if title else []
    legend = "one line a lesion; red and dashed: falls; black: median of the lesions"
    end = [_textLine(legend, width, size=11), _textLine(footer, width, size=11)]
    names = ", ".join(dict.fromkeys(chart.title for chart in charts))
    return stacked([*head, *rows, *end], title=f"Standard and enhanced image: {names}")


def _inRows(drawings):
    """Drawings in rows that are at most MOST_PANELS wide."""
    rows = []
    for drawing in drawings:
        if rows and sum(one.width for one in rows[-1]) + drawing.width <= MOST_PANELS * PANEL_WIDTH:
            rows[-1].append(drawing)
        else:
            rows.append([drawing])
    return rows


def chartDrawing(chart: SlopeChart) -> Drawing:
    """The panels of one metric in a row, all with the same axis, which contains zero so that slopes tell the truth."""
    values = [value for line in chart.panels[0].lines for value in (line.standard, line.enhanced)]
    ticks = axisTicks(min(0.0, *values), max(0.0, *values))
    note = f" ({chart.unmeasured} not measurable)" if chart.unmeasured else ""
    row = beside([_panelDrawing(panel, ticks) for panel in chart.panels])
    title = Text((10.0, 22.0), chart.title + note, 14.0, isBold=True)
    return Drawing(row.width, row.height, (title, *row.items))


def axisTicks(low: float, high: float, *, wanted=5) -> list[float]:
    """Round numbers (1, 2, 2.5, 5 times a power of ten) that enclose the values."""
    span = (high - low) or 1.0
    power = 10.0 ** math.floor(math.log10(span / wanted))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if span / (power * factor) <= wanted)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 12) for number in range(first, max(last, first + 1) + 1)]


def _panelDrawing(panel, ticks):
    bottom, left, right = PANEL_HEIGHT - BOTTOM, LEFT, PANEL_WIDTH - RIGHT
    perUnit = (bottom - TOP) / (ticks[-1] - ticks[0])

    def height(value):
        return bottom - (value - ticks[0]) * perUnit

    items = [
        Text((LEFT - 8.0, TOP - 24.0), f"{panel.title}, n = {len(panel.lines)}", 12.0),
        Text((LEFT - 8.0, TOP - 10.0), _gainText(panel.lines), 11.0, color="#5a6675"),
    ]
    for tick in ticks:
        items.append(Line((left, height(tick)), (right, height(tick)), AXIS_COLOR if tick == 0 else "#e4e8ee"))
        items.append(Text((left - 6.0, height(tick) + 4.0), f"{tick:g}", 10.0, "end", "#5a6675"))
    items += [
        Text((left, bottom + 18.0), "standard", 11.0, "middle", STANDARD_COLOR),
        Text((right, bottom + 18.0), "enhanced", 11.0, "middle", ENHANCED_COLOR),
    ]
    for line in panel.lines:
        items += _slope((left, height(line.standard)), (right, height(line.enhanced)), falls=_falls(line))
    if len(panel.lines) > 1:
        medians = [float(np.median([getattr(line, side) for line in panel.lines])) for side in ("standard", "enhanced")]
        items.append(Line((left, height(medians[0])), (right, height(medians[1])), "#000000", 2.2))
    return Drawing(PANEL_WIDTH, PANEL_HEIGHT, (*items, *_names(panel.lines, right + 8.0, height)))


def _slope(start, end, *, falls):
    return [
        Line(start, end, FALLING_COLOR if falls else LINE_COLOR, 1.2, 4.0 if falls else 0.0),
        Dot(start, 3.2, STANDARD_COLOR),
        Dot(end, 3.2, ENHANCED_COLOR),
    ]


def _falls(line):
    """Whether the magnitude falls: a CNR of -5 that becomes -8 has risen."""
    return abs(line.enhanced) < abs(line.standard)


def _gainText(lines):
    gains = [line.percentChange for line in lines if line.percentChange is not None]
    if not gains:
        return ""
    low, middle, high = np.percentile(gains, [25, 50, 75])
    if len(gains) == 1:
        return f"change {middle:+.1f} %"
    return f"median {middle:+.1f} % ({low:+.1f} to {high:+.1f})"


def _names(lines, left, height):
    """The lesions' names at their enhanced values, moved apart where they would overlap."""
    if len(lines) > MOST_NAMES:
        return []
    placed = sorted(lines, key=lambda line: height(line.enhanced))
    wanted = [height(line.enhanced) + 4.0 for line in placed]
    lowest = PANEL_HEIGHT - BOTTOM + 4.0
    heights = apart(wanted, 12.0, lowest)
    names = {line: _nameIn(lines, line) for line in placed}
    return [Text((left, y), names[line], 10.0, color="#5a6675") for line, y in zip(placed, heights, strict=True)]


def apart(wanted: Sequence[float], gap: float, last: float) -> list[float]:
    """Ascending numbers near the wanted ones, at least gap apart, none beyond last."""
    found = []
    for value in wanted:
        found.append(max(value, found[-1] + gap) if found else value)
    limit = last
    for n in reversed(range(len(found))):
        found[n] = min(found[n], limit)
        limit = found[n] - gap
    return found


def _nameIn(lines, line):
    """The lesion; with several cases the case, and its lesion if it has others; at most 13 letters."""
    cases = [one.case for one in lines]
    name = line.lesion
    if len(set(cases)) > 1:
        name = line.case if cases.count(line.case) == 1 else f"{line.case} {line.lesion}"
    return name if len(name) <= 13 else f"{name[:12]}\N{HORIZONTAL ELLIPSIS}"


def _textLine(text, width, *, size, isBold=False):
    room = max(int(width / (0.52 * size)), 1)
    words, lines = text.split(), [""]
    for word in words:
        if len(lines[-1]) + len(word) + 1 > room and lines[-1]:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    items = [
        Text((10.0, (n + 1) * 1.4 * size), line, size, color=TEXT_COLOR, isBold=isBold) for n, line in enumerate(lines)
    ]
    return Drawing(width, len(lines) * 1.4 * size + 8.0, tuple(items))
