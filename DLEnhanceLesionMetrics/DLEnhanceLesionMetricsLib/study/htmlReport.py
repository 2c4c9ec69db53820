"""The report: one HTML file without any other file, and one CSV for each of its tables."""

import base64
import datetime as dt
import html
from pathlib import Path

from DLEnhanceLib.version import LABEL, VERSION

from .analysis import Analysis
from .exports import csvText
from .figures import Figure, reportFigures
from .manifest import INDEPENDENT, presetTitle, writeWhole
from .resultTables import Table, resultTables

STYLE = """
body { font: 15px/1.45 "Segoe UI", system-ui, sans-serif; color: #1c2530; margin: 0 auto; max-width: 1180px;
  padding: 24px; background: #fff; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 19px; margin: 34px 0 8px; border-bottom: 1px solid #d5dbe1;
  padding-bottom: 4px; }
.banner { background: #b3261e; color: #fff; font-weight: 600; padding: 10px 14px; margin: 0 0 16px; }
.label { color: #5b6672; margin: 0 0 18px; } .scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; width: 100%; }
th { text-align: left; border-bottom: 2px solid #1c2530; border-top: 2px solid #1c2530; padding: 4px 8px; }
td { padding: 3px 8px; border-bottom: 1px solid #e6eaee; vertical-align: top; font-variant-numeric: tabular-nums; }
tr.strong td { font-weight: 600; background: #f4f7fa; } .note { color: #5b6672; font-size: 13px; margin: 6px 0 0; }
figure { margin: 12px 0 24px; } figure img { max-width: 100%; } figcaption { color: #5b6672; font-size: 13px; }
ul { margin: 4px 0; padding-left: 20px; } .facts { display: grid;
  grid-template-columns: repeat(auto-fit, minmax(210px, 1fr)); gap: 8px 20px; margin: 14px 0; }
.facts div b { display: block; font-size: 18px; }
@media print { .scroll { overflow: visible; } table { font-size: 9px; } }
"""
FIGURE_AFTER = {
    "scores": "scores",
    "detection": "forest",
    "froc": "froc",
    "measurements": "slopes",
    "diameters": "bland_altman",
}


def writeReport(analysis: Analysis, folder: Path) -> Path:
    """Write report.html and tables/*.csv into the folder; returns the path of the HTML."""
    folder = Path(folder)
    tables = resultTables(analysis)
    for table in tables:
        writeWhole(folder / "tables" / f"{table.id}.csv", csvText([table.columns, *table.rows]))
    return writeWhole(folder / "report.html", reportHtml(analysis, tables, reportFigures(analysis)))


def reportHtml(analysis: Analysis, tables: list[Table], figures: list[Figure]) -> str:
    """The whole document as text."""
    manifest = analysis.overall.data.manifest
    byId = {figure.id: figure for figure in figures}
    body = [_head(manifest), _facts(analysis)]
    body.append(_listSection("What must be known before reading on", _findings(analysis)))
    for table in tables:
        body.append(_tableHtml(table))
        if FIGURE_AFTER.get(table.id) in byId:
            body.append(_figureHtml(byId[FIGURE_AFTER[table.id]]))
    body.append(_listSection("Models without an estimate or with a warning", analysis.warnings()))
    body.append(_listSection("Methods", _methods(analysis)))
    body += [_wording(version, items) for version, items in manifest.wordings.items()]
    title = html.escape(manifest.title)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{STYLE}</style></head><body>{''.join(body)}</body></html>\n"
    )


def _head(manifest):
    banner = '<p class="banner">SIMULATED data: no human read anything here.</p>' if manifest.simulated else ""
    now = dt.datetime.now(dt.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    label = f"Reader study, preset {presetTitle(manifest.preset)}. Analysed {now} by DLEnhance {VERSION}. {LABEL}"
    return f'{banner}<h1>{html.escape(manifest.title)}</h1><p class="label">{html.escape(label)}</p>'


def _facts(analysis):
    data = analysis.overall.data
    patients = len({case.patientId for case in data.cases.values()})
    withLesions = len({lesion.caseId for lesion in data.lesions})
    made, expected = _readingCounts(data)
    facts = (
        ("Cases (patients)", f"{len(data.cases)} ({patients})"),
        ("Cases with lesions", str(withLesions) if data.hasReference else "no reference"),
        ("Lesions", str(len(data.lesions))),
        ("Readers", str(len(data.readers))),
        ("Readings", f"{made} of {expected}"),
        ("Already DL-processed", str(sum(c.covariate("prior_dl") == "yes" for c in data.cases.values()))),
    )
    cells = "".join(f"<div><b>{html.escape(value)}</b>{html.escape(name)}</div>" for name, value in facts)
    return f'<div class="facts">{cells}</div>'


def _readingCounts(data):
    """Readings of all modes that were submitted, and how many the whole study has."""
    perCase = sum(2 if mode == INDEPENDENT else 1 for mode in data.manifest.modes)
    return len(data.readings), perCase * len(data.cases) * len(data.manifest.readers)


def _findings(analysis):
    data = analysis.overall.data
    found = [*data.notes, *(finding.sentence for finding in data.state.findings), *analysis.left]
    made, expected = _readingCounts(data)
    found += [f"The study is not complete: {made} of {expected} readings."] if made < expected else []
    unknown = sum(case.covariate("prior_dl") == "unknown" for case in data.cases.values())
    found += [f"For {unknown} case(s) it is unknown whether the input was already DL-reconstructed."] if unknown else []
    amended = sum(reading.version > 1 for reading in data.readings)
    found += [f"{amended} reading(s) were amended; the newest version counts."] if amended else []
    waived = sum(reading.washoutOverridden for reading in data.readings)
    found += (
        [f"{waived} reading(s) were made before the end of the washout, waived by a coordinator."] if waived else []
    )
    if data.doubtful:
        found.append(f"{len(data.doubtful)} mark(s) wait for adjudication (adjudication.csv); the proposal counts.")
    suspected = sum(bool(reading.suspectedFalse) for reading in data.readings)
    found += [f"In {suspected} reading(s) a false structure was suspected."] if suspected else []
    found += wordingFindings(data)
    found += data.manifest.warnings()
    fits = len(analysis.warnings())
    return found + (
        [f"{fits} model(s) gave no estimate or a warning; they are listed below the tables."] if fits else []
    )


def wordingFindings(data) -> list[str]:
    """How many scores were given under each wording, when there was more than one."""
    versions = [row.wording for row in data.scores]
    counts = "; ".join(f"{versions.count(version)} under version {version}" for version in sorted(set(versions)))
    text = f"The wording of the scales changed during the study; scores were given {counts} (column wording)."
    return [text] if data.manifest.earlierWordings and versions else []


def _methods(analysis):
    manifest = analysis.overall.data.manifest
    rules = manifest.matching
    methods = [
        f"Seed {manifest.seed}; each reader had an own random order with half of the cases standard-first; washout "
        f"{manifest.washoutDays:g} days.",
        f"A mark belongs to a lesion within max({rules.minimumMm:g} mm, radius + {rules.marginMm:g} mm) of its center "
        "or in its mask, one to one, globally nearest; further marks on a found lesion are not false marks.",
        f"Size class by the reference standard's longest diameter, limit {manifest.sizeLimitMm:g} mm.",
        "GEE by statsmodels, cluster patient, exchangeable working correlation. Below 40 patients bias-reduced "
        "standard errors (Mancl and DeRouen 2001) with a t reference, else robust ones with a normal reference.",
        "Wilcoxon signed-rank test, exact over all sign patterns up to 50 differing pairs, else normal with tie "
        "correction and without continuity correction; Hodges-Lehmann interval inverts the test.",
        "wAFROC and JAFROC: unmarked is minus infinity, equal ratings count one half.",
    ]
    return methods + ([f"Simulation: {manifest.simulated}"] if manifest.simulated else [])


def _listSection(title, sentences):
    items = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in sentences) or "<li>Nothing was found.</li>"
    return f"<h2>{html.escape(title)}</h2><ul>{items}</ul>"


def _wording(version, items):
    levels = max((len(item.anchors) for item in items), default=0)
    columns = ("Item", *(f"step {n + 1}" for n in range(levels)))
    rows = tuple((item.title, *(f"{s}: {a}" for s, a in zip(item.scores, item.anchors, strict=True))) for item in items)
    rows = tuple(row + ("",) * (len(columns) - len(row)) for row in rows)
    return _tableHtml(Table("wording", f"Wording of the scales, version {version}", columns, rows))


def _tableHtml(table):
    head = "".join(f"<th>{html.escape(column)}</th>" for column in table.columns)
    rows = "".join(
        f"<tr{' class=strong' if place in table.strong else ''}>"
        + "".join(f"<td>{html.escape(cell)}</td>" for cell in row)
        + "</tr>"
        for place, row in enumerate(table.rows)
    )
    note = f'<p class="note">{html.escape(table.note)}</p>' if table.note else ""
    grid = f'<div class="scroll"><table><tr>{head}</tr>{rows}</table></div>'
    return f"<h2>{html.escape(table.title)}</h2>{grid}{note}"


def _figureHtml(figure):
    data = base64.b64encode(figure.svg.encode()).decode()
    alt = html.escape(f"{figure.title}. {figure.caption}")
    image = f'<img alt="{alt}" src="data:image/svg+xml;base64,{data}">'
    return f"<figure>{image}<figcaption>{html.escape(figure.caption)}</figcaption></figure>"
