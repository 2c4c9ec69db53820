"""The one-page HTML summary of a demo: pictures embedded, numbers with their method, formulas and provenance."""

import base64
import dataclasses
import html
import math
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from DLEnhanceLib.version import LABEL, VERSION

from .textTable import isNumber, shortNumber, signedPercent


@dataclasses.dataclass(frozen=True)
class Table:
    """Cells as text; explanation stands below it."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    explanation: str = ""


@dataclasses.dataclass(frozen=True)
class Section:
    """One case of the page. lines: plain sentences; notes: those that warn."""

    title: str
    about: str
    figure: Path
    caption: str
    tables: Sequence[Table]
    lines: Sequence[str] = ()
    notes: Sequence[str] = ()


def summaryPage(title: str, introduction: str, sections: Sequence[Section], closing: Sequence[Table]) -> str:
    """A complete HTML document that needs no other file."""
    style = (files("dlenhance") / "summaryPage.css").read_text(encoding="utf-8")
    body = [
        f"<h1>{escaped(title)}</h1>",
        f'<p class="label">{escaped(LABEL)}</p>',
        f"<p>{escaped(introduction)}</p>",
        *(sectionHtml(section) for section in sections),
        "<h2>Formulas and provenance</h2>",
        *(tableHtml(table) for table in closing),
        f'<p class="muted">Made by dlenhance {VERSION} on this machine; nothing was sent anywhere.</p>',
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escaped(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def sectionHtml(section: Section) -> str:
    picture = base64.b64encode(section.figure.read_bytes()).decode("ascii")
    return "\n".join(
        [
            f"<h2>{escaped(section.title)}</h2>",
            f"<p>{escaped(section.about)}</p>",
            f'<figure><img alt="{escaped(section.caption)}" src="data:image/png;base64,{picture}">',
            f"<figcaption>{escaped(section.caption)}</figcaption></figure>",
            *(tableHtml(table) for table in section.tables),
            *(f'<p class="muted">{escaped(line)}</p>' for line in section.lines),
            *(f'<p class="note">{escaped(note)}</p>' for note in section.notes),
        ]
    )


def tableHtml(table: Table) -> str:
    head = "".join(
        f"<th{numberClass(column, table.rows)}>{escaped(name)}</th>" for column, name in enumerate(table.header)
    )
    rows = "\n".join(f"<tr>{''.join(cellHtml(cell) for cell in row)}</tr>" for row in table.rows)
    explanation = f'<p class="muted">{escaped(table.explanation)}</p>' if table.explanation else ""
    return (
        f"<h3>{escaped(table.title)}</h3>\n"
        f'<div class="wide"><table><thead><tr>{head}</tr></thead>\n<tbody>{rows}</tbody></table></div>{explanation}'
    )


def numberClass(column, rows) -> str:
    return ' class="number"' if rows and isNumber(rows[0][column]) else ""


def cellHtml(cell: str) -> str:
    if cell in ("passed", "failed"):
        return f'<td class="{cell}">{cell}</td>'
    return f'<td class="number">{escaped(cell)}</td>' if isNumber(cell) else f"<td>{escaped(cell)}</td>"


def escaped(text) -> str:
    return html.escape(str(text))


def changeTable(changeRows) -> Table:
    """Both conditions of each measured value and the percent change."""
    header = ("lesion", "metric", "noise method", "standard", "enhanced", "change")
    rows = [
        (
            row.lesion,
            METRIC_NAMES.get(row.metric, row.metric),
            "" if row.method == "none" else row.method,
            shortNumber(row.standard),
            shortNumber(row.enhanced),
            signedPercent(row.percentChange),
        )
        for row in changeRows
    ]
    return Table("Measured in the same regions before and after", header, rows)


def summaryTable(summaries) -> Table:
    """Median and quartiles of the percent changes over many lesions."""
    rows = [
        (
            METRIC_NAMES.get(row.metric, row.metric),
            "" if row.method == "none" else row.method,
            str(row.lesions),
            *(signedPercent(value) for value in (row.median, row.lowerQuartile, row.upperQuartile)),
        )
        for row in summaries
    ]
    header = ("metric", "noise method", "lesions", "median change", "25 %", "75 %")
    return Table("Measured in the same regions before and after", header, rows, "Each lesion is in measurements.csv.")


METRIC_NAMES = {
    "snr": "SNR of the lesion",
    "cnr": "CNR",
    "reference_snr": "SNR of the reference",
    "cr": "contrast ratio CR",
    "contrast_ratio": "lesion / reference",
    "percent_contrast": "contrast in %",
}


def truthTables(truth) -> list[Table]:
    """Error to the known truth and contrast kept by lesion size, before and after."""
    errors = [
        (name, decibels(error.psnr), f"{error.rmsePercent:.2f} %")
        for name, error in (("standard", truth.standardError), ("enhanced", truth.enhancedError))
    ]
    kept = [
        (
            f"{before.smallest:.1f} to {before.largest:.1f} mm",
            str(before.lesions),
            *(f"{one.slope:.3f}" for one in (before, after)),
            *(f"{one.rmsePercent:.2f} %" for one in (before, after)),
        )
        for before, after in zip(truth.standardKept, truth.enhancedKept, strict=True)
    ]
    return [
        Table(
            "Error to the known truth",
            ("volume", "PSNR in dB", "RMSE"),
            errors,
            "Inside the head; PSNR = 20 log10(tissue maximum / RMSE), RMSE in percent of the tissue maximum "
            "(99th percentile of the truth).",
        ),
        Table(
            "Lesions by size",
            ("longest diameter", "lesions", "contrast kept, standard", "enhanced", "error, standard", "enhanced"),
            kept,
            "Contrast kept: slope of the image on the truth in each lesion and 2 mm around it; 1 is all of it, "
            "more is the overshoot of truncation or sharpening. "
            "Error: RMSE inside the lesions in percent of the tissue maximum.",
        ),
    ]


def decibels(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else "exact"


def guardTable(guard) -> Table:
    """What must not have happened, with each number and its limit."""
    rows = [
        (
            finding.id,
            shortNumber(finding.value),
            shortNumber(finding.threshold),
            "passed" if finding.passed else "failed",
            finding.sentence,
        )
        for finding in guard.findings
    ]
    return Table("Guard", ("check", "value", "limit", "", "meaning"), rows)


def formulaTable(methods) -> Table:
    """The formula and the caution of each noise method used."""
    rows = [(method.id, method.formula, method.caution) for method in methods]
    return Table(
        "Noise methods",
        ("id", "formula", "caution"),
        rows,
        "S mean, SD sample standard deviation; L lesion, R reference tissue, A air. "
        "CR = (S_L - S_R) / (S_L + S_R) is free of noise and should hardly move. "
        "Change = 100 (enhanced - standard) / standard. SNR also rises under blur: read it together with the contrast "
        "and, where the truth is known, the error.",
    )
