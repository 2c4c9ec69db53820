"""The first page of the reports of many cases: what happened over all of them, and a link to each."""

import dataclasses
from collections.abc import Sequence

from DLEnhanceLesionMetricsLib.caseReport import SYMBOLS
from DLEnhanceLesionMetricsLib.charts import CHARTED_METRICS, chartsDrawing, slopeCharts
from DLEnhanceLesionMetricsLib.drawing import svgText
from DLEnhanceLesionMetricsLib.htmlPage import Table, escaped, figureHtml, page, paragraph, pictureHtml, tableHtml
from DLEnhanceLesionMetricsLib.measurement import summarise
from DLEnhanceLib.version import LABEL, VERSION

from .summaryPage import summaryTable
from .textTable import signedPercent

TITLE = "Lesion metrics of many cases"


def indexPage(sections: Sequence, changeRows, diameters) -> str:
    """sections: (case, count of lesions, its change rows). The reports lie beside this page, named by case."""
    charts = [chart for chart in slopeCharts(changeRows, diameters) if chart.metric in CHARTED_METRICS]
    lesions = sum(count for _case, count, _rows in sections)
    body = [
        f"<h1>{TITLE}</h1>",
        paragraph(LABEL, "label"),
        paragraph(f"{len(sections)} cases, {lesions} lesions. Each case has a report of its own."),
        tableHtml(dataclasses.replace(summaryTable(summarise(changeRows)), explanation="")),
        *(_chartFigure(charts) if charts else ()),
        "<h2>Cases</h2>",
        _caseTable(sections),
        paragraph(SYMBOLS, "muted"),
        paragraph(f"Made by DLEnhance {VERSION}; nothing was sent anywhere.", "muted"),
    ]
    return page(TITLE, body)


def _chartFigure(charts):
    drawing = chartsDrawing(charts)
    image = pictureHtml(svgText(drawing).encode(), drawing.title, kind="svg+xml")
    return "<h2>Charts</h2>", figureHtml(image, "One line a lesion, by size class.", isNatural=True)


def _caseTable(sections):
    metrics = list(dict.fromkeys((row.metric, row.method) for _case, _count, rows in sections for row in rows))
    metrics = [key for key in metrics if key[0] in CHARTED_METRICS]
    header = ("case", "lesions", *(metric if method == "none" else f"{metric}, {method}" for metric, method in metrics))
    rows = []
    for case, count, changeRows in sections:
        medians = {(item.metric, item.method): item.median for item in summarise(changeRows)}
        rows.append((case, str(count), *(signedPercent(medians.get(key)) for key in metrics)))
    table = tableHtml(Table("", header, rows, "Median change of the lesions of each case."))
    for case, _count, _rows in sections:
        name = escaped(case)
        table = table.replace(f"<td>{name}</td>", f'<td><a href="{name}.html">{name}</a></td>', 1)
    return table
