"""The one-page HTML summary of a demo: pictures embedded, numbers with their method, formulas and provenance."""

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path

from DLEnhanceLesionMetricsLib.caseReport import SYMBOLS, noiseMethodTable
from DLEnhanceLesionMetricsLib.htmlPage import Table, escaped, figureHtml, page, paragraph, pictureHtml, tableHtml
from DLEnhanceLib.version import LABEL, VERSION

from .textTable import shortNumber, signedPercent


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
    body = [
        f"<h1>{escaped(title)}</h1>",
        paragraph(LABEL, "label"),
        paragraph(introduction),
        *(sectionHtml(section) for section in sections),
        "<h2>Formulas and provenance</h2>",
        *(tableHtml(table) for table in closing),
        paragraph(f"Made by dlenhance {VERSION} on this machine; nothing was sent anywhere.", "muted"),
    ]
    return page(title, body)


def sectionHtml(section: Section) -> str:
    return "\n".join(
        [
            f"<h2>{escaped(section.title)}</h2>",
            paragraph(section.about),
            figureHtml(pictureHtml(section.figure.read_bytes(), section.caption), section.caption),
            *(tableHtml(table) for table in section.tables),
            *(paragraph(line, "muted") for line in section.lines),
            *(paragraph(note, "note") for note in section.notes),
        ]
    )


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
    return dataclasses.replace(noiseMethodTable(methods), explanation=SYMBOLS_WITH_TRUTH)


SYMBOLS_WITH_TRUTH = f"{SYMBOLS} Where the truth is known, read it together with the error too."
