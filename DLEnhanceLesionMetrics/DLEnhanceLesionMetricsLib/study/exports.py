"""Tables for other programs: tidy CSV, the de-identified manifest, RJafroc's Excel file and iMRMC's text.

People and cases carry study codes. Covariates are exported only when they are strata of the protocol (brief R3);
free columns of the case list, paths and comments stay at home unless asked for.
"""

import csv
import dataclasses
import io
import json
import math
from pathlib import Path

from .caseList import COVARIATES
from .manifest import CONDITIONS, ENHANCED, Manifest, writeWhole
from .optionalPackages import package
from .preferences import preferenceRows
from .scales import LESION
from .studyData import StudyData

TP_HEAD = ("ReaderID", "ModalityID", "CaseID", "LesionID", "TP_Rating")
FP_HEAD = ("ReaderID", "ModalityID", "CaseID", "FP_Rating")
FORMULAS = {
    "wAFROC": "(1 / (N0 N1)) sum over normal i, abnormal j, lesions l of w_jl psi(LL_jl, FP_i), w_jl = 1 / n_j",
    "JAFROC": "as wAFROC, every lesion with the weight 1 / all lesions",
    "percent_change": "100 (enhanced - standard) / standard for each patient, then median and quartiles",
    "sensitivity": "logistic GEE, cluster patient, exchangeable, terms condition and reader",
    "preference": "side-by-side score minus the middle of its scale, positive for enhanced",
    "false_marks": "Poisson (by plan negative-binomial) GEE, cluster patient, exchangeable, terms condition and reader",
}


def writeTables(data: StudyData, folder: Path, *, withComments: bool = False) -> list[Path]:
    """The tidy tables that have rows and manifest.json, each whole or not at all; returns their paths."""
    folder = Path(folder)
    codes = caseCodes(data)
    tables = {
        "scores.csv": _scoreTable(data, codes),
        "marks.csv": _markTable(data, codes),
        "lesions.csv": _lesionTable(data, codes),
        "detections.csv": _detectionTable(data, codes),
        "readings.csv": _readingTable(data, codes, withComments),
        "cases.csv": _caseTable(data, codes),
        "preferences.csv": _preferenceTable(data, codes),
        "measurements.csv": _valueTable(data, codes),
    }
    written = [writeWhole(folder / name, csvText(rows)) for name, rows in tables.items() if len(rows) > 1]
    return [*written, writeWhole(folder / "manifest.json", manifestText(data.manifest))]


def caseCodes(data: StudyData) -> dict[str, str]:
    """Case id to a number in the order of the list: ids of hospitals often hold patient numbers."""
    return {case.id: str(number) for number, case in enumerate(data.state.cases, start=1)}


def patientCodes(data: StudyData) -> dict[str, str]:
    """Patient id to a number, in the order of the list."""
    patients = dict.fromkeys(case.patientId for case in data.state.cases)
    return {patient: str(number) for number, patient in enumerate(patients, start=1)}


def csvText(rows) -> str:
    """Rows as CSV; missing values (None, NaN) are empty, as R reads them."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([_cell(value) for value in row] for row in rows)
    return stream.getvalue()


def _cell(value):
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    return int(value) if isinstance(value, bool) else value


def _scoreTable(data, codes):
    """One row a reader, case, condition and item; conspicuity of found lesions names the lesion."""
    head = ("reader", "case", "condition", "item", "score", "lesion", "wording")
    return [head, *((r.reader, codes[r.case], r.condition, r.item, r.score, r.lesion, r.wording) for r in data.scores)]


def _markTable(data, codes):
    items = data.manifest.itemsOf(LESION)
    head = ("reader", "case", "condition", "mark", "r", "a", "s", "confidence", "diameter_mm", "verdict", "lesion")
    rows = [(*head, "distance_mm", "doubt", *(item.id for item in items))]
    for row in data.marks:
        reading, match = row.reading, row.match
        rows.append(
            (
                reading.reader,
                codes[reading.caseId],
                reading.condition,
                match.mark.id,
                *match.mark.ras,
                match.mark.confidence,
                match.mark.diameterMm,
                match.verdict,
                match.lesionId,
                match.distanceMm,
                match.doubt,
                *(match.mark.score(item.id) for item in items),
            )
        )
    return rows


def _lesionTable(data, codes):
    head = ("case", "lesion", "r", "a", "s", "longest_diameter_mm", "short_axis_mm", "volume_mm3", "size_class")
    limit = data.manifest.sizeLimitMm
    return [
        head,
        *(
            (codes[x.caseId], x.id, *x.ras, x.longestDiameterMm, x.shortAxisMm, x.volumeMm3, x.sizeClass(limit))
            for x in data.lesions
        ),
    ]


def _detectionTable(data, codes):
    """One row a reader, case, condition and lesion: the table for a GEE elsewhere."""
    patients = patientCodes(data)
    head = ("reader", "patient", "case", "condition", "lesion", "size_class", "hit", "confidence", "diameter_mm")
    return [
        head,
        *(
            (
                row.reader,
                patients[data.patient(row.case)],
                codes[row.case],
                row.condition,
                row.lesion,
                row.sizeClass,
                row.isHit,
                row.rating,
                row.diameterMm,
            )
            for row in data.hits
        ),
    ]


def _readingTable(data, codes, withComments):
    images = {(row.reader, row.case, row.condition): row for row in data.images}
    head = ("reader", "case", "condition", "mode", "number", "period", "version", "seconds", "pauses", "no_lesion")
    rows = [(*head, "lesions", "false_marks", "surplus_marks", "suspected_false_structure", "washout_overridden")]
    if withComments:
        rows[0] = (*rows[0], "comment", "amendment_reason")
    for r in data.readings:
        image = images.get((r.reader, r.caseId, r.condition))
        counts = (image.lesions, len(image.falseMarks), image.surplus) if image else (None, None, None)
        row = (r.reader, codes[r.caseId], r.condition, r.mode, r.number, r.period, r.version, r.activeSeconds, r.pauses)
        row = (*row, r.noLesion, *counts, r.suspectedFalse, r.washoutOverridden)
        rows.append((*row, r.comment, r.reason) if withComments else row)
    return rows


def _caseTable(data, codes):
    patients = patientCodes(data)
    names = [name for name in COVARIATES if any(case.covariate(name) for case in data.state.cases)]
    return [
        ("case", "patient", *names),
        *((codes[c.id], patients[c.patientId], *map(c.covariate, names)) for c in data.state.cases),
    ]


def _preferenceTable(data, codes):
    """One row a side-by-side answer; preference is positive for enhanced, answered is what the reader gave."""
    patients = patientCodes(data)
    head = ("reader", "patient", "case", "item", "preference", "prefers", "answered", "left", "wording")
    rows = [head]
    for row in preferenceRows(data):
        prefers = "none" if row.preference == 0 else CONDITIONS[row.preference > 0]
        place = (row.reader, patients[data.patient(row.case)], codes[row.case], row.item)
        rows.append((*place, f"{row.preference:g}", prefers, row.answered, row.left, row.wording))
    return rows


def _valueTable(data, codes):
    head = ("case", "lesion", "condition", "metric", "noise_method", "value")
    return [head, *((codes[r.case], r.lesion, r.condition, r.metric, r.method, r.value) for r in data.values)]


def manifestText(manifest: Manifest) -> str:
    """Versions, seed, wording, formulas and settings as JSON; the title is left out, institutions become letters."""
    fields = dataclasses.asdict(manifest)
    fields.pop("title")
    for wording in fields["earlierWordings"]:
        wording.pop("reason")
    places = dict.fromkeys(person.institution for person in manifest.people if person.institution)
    letters = {place: f"institution {number}" for number, place in enumerate(places, start=1)}
    for person in fields["people"]:
        person["institution"] = letters.get(person["institution"], "")
    return json.dumps({**fields, "formulas": FORMULAS}, indent=2, ensure_ascii=False) + "\n"


def writeRjafroc(data: StudyData, path: Path) -> Path:
    """RJafroc's Excel file (DfReadDataFile, newExcelFileFormat = TRUE): sheets TP, FP and TRUTH.

    Readers and modalities are "0", "1", ... in the order of the manifest and standard, enhanced; cases are numbers.
    False marks on cases with lesions are included: RJafroc decides by the figure of merit which count.
    """
    workbook = package("openpyxl").Workbook()
    workbook.remove(workbook.active)
    for name, rows in _rjafrocSheets(data).items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
    path = Path(path)
    beside = path.with_name(f".{path.name}")
    path.parent.mkdir(parents=True, exist_ok=True)
    workbook.save(beside)
    return beside.replace(path)


def _rjafrocSheets(data):
    readers = {reader: str(number) for number, reader in enumerate(data.readers)}
    modalities = {condition: str(number) for number, condition in enumerate(CONDITIONS)}
    codes = {case: int(code) for case, code in caseCodes(data).items()}
    lesions = _lesionNumbers(data)
    true, false = [], []
    for row in data.hits:
        if row.isHit:
            place = readers[row.reader], modalities[row.condition], codes[row.case]
            true.append((*place, lesions[row.case, row.lesion], row.rating))
    for image in data.images:
        place = readers[image.reader], modalities[image.condition], codes[image.case]
        false += [(*place, rating) for rating in image.falseMarks]
    truth = _truthSheet(data, readers, modalities, codes, lesions)
    # RJafroc 2.1.2 names readers and modalities by their first row but sorts the ratings: unsorted rows swap the names.
    return {"TP": [TP_HEAD, *sorted(true)], "FP": [FP_HEAD, *sorted(false)], "TRUTH": truth}


def _lesionNumbers(data):
    numbers, counts = {}, {}
    for lesion in data.lesions:
        counts[lesion.caseId] = counts.get(lesion.caseId, 0) + 1
        numbers[lesion.caseId, lesion.id] = counts[lesion.caseId]
    return numbers


def _truthSheet(data, readers, modalities, codes, lesions):
    """Normal cases have lesion 0 and weight 0; the first two rows of the last column name the paradigm and design."""
    everybody, both = ",".join(readers.values()), ",".join(modalities.values())
    perCase = {case: [n for (c, _), n in lesions.items() if c == case] for case in data.cases}
    rows = []
    for case in data.cases:
        found = perCase[case]
        rows += [(codes[case], n, 1 / len(found), everybody, both) for n in found]
        rows += [] if found else [(codes[case], 0, 0, everybody, both)]
    paradigm = ("FROC", "FCTRL", *[None] * len(rows))
    head = ("CaseID", "LesionID", "Weight", "ReaderID", "ModalityID", "Paradigm")
    return [head, *((*row, word) for row, word in zip(rows, paradigm, strict=False))]


def writeImrmc(data: StudyData, path: Path) -> Path:
    """iMRMC's text: the highest confidence in a case as its rating (0 without marks), truth rows of reader -1."""
    codes = caseCodes(data)
    abnormal = {lesion.caseId for lesion in data.lesions}
    ratings = {(r.reader, r.condition, r.caseId): 0 for r in data.readings if r.caseId in data.cases and r.condition}
    for row in data.marks:
        if row.match.verdict:
            key = (row.reading.reader, row.reading.condition, row.reading.caseId)
            ratings[key] = max(ratings[key], row.match.mark.confidence)
    lines = [
        "DLEnhance reader study" + (" (SIMULATED)" if data.manifest.simulated else ""),
        f"N0: {len(data.cases) - len(abnormal)}",
        f"N1: {len(abnormal)}",
        f"NR: {len(data.readers)}",
        f"NM: {len(CONDITIONS)}",
        "BEGIN DATA:",
        *(f"-1,{codes[case]},truth,{int(case in abnormal)}" for case in data.cases),
        *(
            f"{_number(data, reader)},{codes[case]},{_modality(c)},{value}"
            for (reader, c, case), value in ratings.items()
        ),
    ]
    return writeWhole(Path(path), "\n".join(lines) + "\n")


def _number(data, reader):
    return data.readers.index(reader) + 1


def _modality(condition):
    """iMRMC readers of other programs want integers: 1 standard, 2 enhanced."""
    return 2 if condition == ENHANCED else 1
