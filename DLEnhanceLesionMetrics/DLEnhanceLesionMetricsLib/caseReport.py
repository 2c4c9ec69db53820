"""The report of one measured case: a single HTML page with pictures, charts, every number, formulas and provenance.

No Slicer, no network, no script: the page opens anywhere and stays as it is.
"""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from DLEnhanceLib.version import LABEL, VERSION

from . import htmlPage
from .charts import CHARTED_METRICS, chartsDrawing, slopeCharts
from .drawing import svgText
from .htmlPage import Table
from .lesionGallery import lesionGallery, withBorder
from .measuredCase import MeasuredCase
from .measurement import NO_METHOD, STANDARD, summarise
from .measures import NOISE_METHODS
from .metricDefinitions import metricDefinition
from .numberTexts import shortNumber, signedPercent
from .pngFile import pngBytes
from .regions import LESION
from .rows import STATISTICS_COLUMNS, componentsText, writeAtomically
from .slicePictures import slicePictures

MOST_GALLERY_LESIONS = 40
SYMBOLS = (
    "S mean, SD sample standard deviation (n - 1); L lesion, R reference tissue, A air. "
    "Change = 100 (enhanced - standard) / standard. SNR also rises under any blur: read it together with CR and, "
    "where an edge was measured, its rise distance."
)


def writeCaseReport(measured: MeasuredCase, path, *, title="") -> Path:
    """Write the report as one HTML file, whole or not at all. Raises CannotWrite."""
    return writeAtomically(caseReportHtml(measured, title=title), path)


def caseReportHtml(measured: MeasuredCase, *, title="") -> str:
    """The whole document as text."""
    title = title or f"Lesion metrics: {measured.case or measured.standard.name}"
    now = dt.datetime.now(dt.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    body = [
        f"<h1>{htmlPage.escaped(title)}</h1>",
        htmlPage.paragraph(LABEL, "label"),
        htmlPage.paragraph(_introduction(measured)),
        *_summaryParts(measured),
        *_pictureParts(measured),
        *_chartParts(measured),
        *_tableParts(measured),
        *_methodParts(measured),
        "<h2>Provenance</h2>",
        htmlPage.tableHtml(Table("", ("", ""), list(measured.provenance))) if measured.provenance else "",
        htmlPage.paragraph(f"Made by DLEnhance {VERSION} on {now}; nothing was sent anywhere.", "muted"),
    ]
    return htmlPage.page(title, body)


def _introduction(measured):
    lesions = len({row.lesion for row in measured.rows if row.lesionStatistics is not None})
    both = "in the standard and the enhanced image" if measured.enhanced is not None else "in one image"
    what = "1 lesion was" if lesions == 1 else f"{lesions} lesions were"
    return f"{what} measured {both}; every region was placed once and applied to both alike."


def _summaryParts(measured):
    summaries = summarise(measured.changes())
    if not summaries:
        return []
    isSeveral = any(row.lesions > 1 for row in summaries)
    rows = [
        (
            metricDefinition(row.metric).title,
            _methodText(row.method),
            str(row.lesions),
            *map(signedPercent, (row.median, row.lowerQuartile, row.upperQuartile)[: 3 if isSeveral else 1]),
        )
        for row in summaries
    ]
    header = ("metric", "noise method", "lesions", *(("median change", "25 %", "75 %") if isSeveral else ("change",)))
    return ["<h2>Change from standard to enhanced</h2>", htmlPage.tableHtml(Table("", header, rows))]


def _pictureParts(measured):
    found = slicePictures(
        measured.standard, measured.enhanced, measured.regions, window=measured.window, noise=measured.noise
    )
    cells = [_pictureCell(one.picture, one.title) for one in found.pictures]
    caption = f"{found.caption} Outlines: lesions yellow, reference blue, air gray."
    return ["<h2>Side by side</h2>", htmlPage.figureHtml(_row(cells), caption), *_galleryParts(measured)]


def _galleryParts(measured):
    lesions = [region for region in measured.regions if region.role == LESION]
    lesions = [region for region in lesions if region.maskOn(measured.standard).count]
    if not lesions:
        return []
    volumes = [measured.standard] + ([measured.enhanced] if measured.enhanced is not None else [])
    gallery = lesionGallery(volumes, lesions[:MOST_GALLERY_LESIONS], window=measured.window)
    titles = ("Outline", "Standard", "Enhanced")
    blocks = []
    for region, row in zip(lesions, gallery.rows, strict=False):
        pictures = (withBorder(row, row.pictures[0], region.color), *row.pictures)
        cells = [_pictureCell(picture, name, row.name) for picture, name in zip(pictures, titles, strict=False)]
        blocks.append(htmlPage.figureHtml(_row(cells), _galleryCaption(measured, row.name)))
    low, high = gallery.window
    left = len(lesions) - len(gallery.rows)
    note = f"Every picture is {gallery.side:.0f} mm wide and shows {low:.4g} to {high:.4g}."
    note += f" {left} more lesions are in the tables only." if left else ""
    return ["<h2>Every lesion</h2>", f'<div class="blocks">{"".join(blocks)}</div>', htmlPage.paragraph(note, "muted")]


def _galleryCaption(measured, lesion):
    parts = [lesion]
    if lesion in measured.sizes:
        parts.append(f"{measured.sizes[lesion].longestDiameter:.1f} mm")
    found = [row for row in measured.changes() if row.lesion == lesion and row.metric == "cnr"]
    row = next((row for row in found if row.percentChange is not None), None)
    if row is not None:
        values = f"{shortNumber(row.standard)} to {shortNumber(row.enhanced)} ({signedPercent(row.percentChange)})"
        parts.append(f"CNR {values}, {row.method}")
    return ", ".join(parts)


def _pictureCell(picture, title, subject=""):
    description = f"{subject}: {title}" if subject else title
    return f"<div>{htmlPage.escaped(title)}{htmlPage.pictureHtml(pngBytes(picture), description)}</div>"


def _row(cells):
    return f'<div class="row">{"".join(cells)}</div>'


def _chartParts(measured):
    charts = [chart for chart in slopeCharts(measured.changes(), measured.diameters) if chart.metric in CHARTED_METRICS]
    if not charts:
        return []
    drawing = chartsDrawing(charts)
    image = htmlPage.pictureHtml(svgText(drawing).encode(), drawing.title, kind="svg+xml")
    return ["<h2>Charts</h2>", htmlPage.figureHtml(image, "One line a lesion, by size class.", isNatural=True)]


def _tableParts(measured):
    warnings = dict.fromkeys(row.warning for row in measured.rows if row.warning)
    return [
        "<h2>Values</h2>",
        htmlPage.tableHtml(_valueTable(measured)),
        *(htmlPage.paragraph(warning, "note") for warning in warnings),
        htmlPage.tableHtml(_componentTable(measured.rows)),
        htmlPage.tableHtml(_sizeTable(measured.sizes)) if measured.sizes else "",
    ]


def _valueTable(measured):
    byKey = {(row.lesion, row.metric, row.method, row.condition): row for row in measured.rows}
    changed = {(row.lesion, row.metric, row.method): row.percentChange for row in measured.changes()}
    rows = []
    for row in measured.rows:
        if row.condition != STANDARD:
            continue
        key = row.lesion, row.metric, row.method
        enhanced = byKey.get((*key, "enhanced"))
        rows.append(
            (
                row.lesion,
                metricDefinition(row.metric).title,
                _methodText(row.method),
                shortNumber(row.value),
                shortNumber(enhanced.value if enhanced else None),
                signedPercent(changed.get(key)),
                "" if row.unit == "1" else row.unit,
                shortNumber(row.noise),
                shortNumber(enhanced.noise if enhanced else None),
                componentsText(row.components),
            )
        )
    header = (
        "lesion",
        "metric",
        "noise method",
        "standard",
        "enhanced",
        "change",
        "unit",
        "noise SD",
        "enhanced SD",
        "",
    )
    return Table("Every value", header, rows, "The exported table (CSV, JSON) holds all digits.")


def _componentTable(rows):
    """The statistics of every region once an image: what the values are made of."""
    found = {}
    for row in rows:
        named = (
            (row.lesion, "lesion", row.lesionStatistics),
            (row.reference, "reference", row.referenceStatistics),
            (row.air, "air", row.airStatistics),
        )
        for name, role, statistics in named:
            if statistics is not None:
                found.setdefault((name, role, row.condition), statistics)
    header = ("region", "role", "image", *STATISTICS_COLUMNS)
    cells = [
        (*key, *(_statisticText(getattr(statistics, name)) for name in STATISTICS_COLUMNS.values()))
        for key, statistics in sorted(found.items(), key=lambda item: ("lesion", "reference", "air").index(item[0][1]))
    ]
    return Table("Components", header, cells, "Signals in units of the image; voxels whose center lies inside.")


def _statisticText(value):
    return "-" if value is None or value != value else shortNumber(value)  # noqa: PLR0124 - NaN is not itself


def _sizeTable(sizes):
    header = ("lesion", "longest, mm", "across, mm", "3D, mm", "volume, mm3", "size class", "RANO-BM")
    rows = [
        (
            lesion,
            *(f"{value:.1f}" for value in (size.longestDiameter, size.perpendicularDiameter, size.diameter3D)),
            shortNumber(size.volume),
            size.sizeClass,
            ("measurable" if size.isMeasurable else "not measurable")
            + (", touches the border" if size.touchesBorder else ""),
        )
        for lesion, size in sizes.items()
    ]
    return Table("Sizes", header, rows, "Longest diameter in a slice and its perpendicular; measured in the mask.")


def _methodParts(measured):
    methods = dict.fromkeys(row.method for row in measured.rows if row.method in NOISE_METHODS)
    metrics = dict.fromkeys(row.metric for row in measured.rows)
    used = [NOISE_METHODS[method] for method in methods]
    definitions = [metricDefinition(metric) for metric in metrics]
    return [
        "<h2>Methods</h2>",
        htmlPage.tableHtml(noiseMethodTable(used)) if used else "",
        htmlPage.tableHtml(
            Table(
                "Metrics",
                ("metric", "formula", "meaning"),
                [(one.title, one.formula or "by the noise method", one.meaning) for one in definitions],
                SYMBOLS,
            )
        ),
    ]


def noiseMethodTable(methods: Sequence) -> Table:
    """Formula and caution of noise methods."""
    rows = [(method.id, method.formula, method.caution) for method in methods]
    return Table("Noise methods", ("id", "formula", "caution"), rows)


def _methodText(method):
    return "" if method == NO_METHOD else method
