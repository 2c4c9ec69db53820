"""The answers of a study as plain rows: scores, lesions hit or missed, images with their false marks, measurements."""

import csv
import dataclasses
import io
import math
from collections.abc import Callable
from pathlib import Path

from .adjudication import decided, readDecisions
from .caseList import Case
from .errors import DamagedLog, StudyProblem
from .lesionMasks import LesionMasks
from .manifest import CONDITIONS, INDEPENDENT, Manifest
from .matching import LL, NL, SURPLUS, MatchedMark, matchMarks
from .progress import StudyState, studyState
from .readings import Reading
from .reference import readReference

MEASUREMENTS_NAME = "measurements.csv"
LATEST, FIRST = "latest", "first"


@dataclasses.dataclass(frozen=True)
class ScoreRow:
    """A score of a reader for an image (lesion empty) or for a lesion of the reference standard that was found."""

    reader: str
    case: str
    condition: str
    item: str
    score: int
    lesion: str = ""
    wording: str = ""


@dataclasses.dataclass(frozen=True)
class HitRow:
    """A lesion of the reference standard in one reading. rating: confidence, -inf when missed."""

    reader: str
    case: str
    condition: str
    lesion: str
    sizeClass: str
    isHit: bool
    rating: float
    diameterMm: float
    referenceMm: float


@dataclasses.dataclass(frozen=True)
class ImageRow:
    """One reading: its false marks (ratings), how many lesions the case has and how long it took."""

    reader: str
    case: str
    condition: str
    falseMarks: tuple[float, ...]
    surplus: int
    lesions: int
    seconds: float


@dataclasses.dataclass(frozen=True)
class ValueRow:
    """A measurement. method: the noise method, which never leaves its number."""

    case: str
    lesion: str
    condition: str
    metric: str
    method: str
    value: float


@dataclasses.dataclass(frozen=True)
class MarkRow:
    """A mark with its verdict."""

    reading: Reading
    match: MatchedMark


@dataclasses.dataclass(frozen=True)
class StudyData:
    """Everything that the statistics use. Rows of cases outside a subset are left out of all parts alike."""

    state: StudyState
    cases: dict[str, Case]
    readings: tuple[Reading, ...]
    scores: tuple[ScoreRow, ...]
    hits: tuple[HitRow, ...]
    images: tuple[ImageRow, ...]
    values: tuple[ValueRow, ...]
    marks: tuple[MarkRow, ...]
    notes: tuple[str, ...] = ()
    hasReference: bool = False
    lesions: tuple = ()

    @property
    def manifest(self) -> Manifest:
        return self.state.manifest

    @property
    def readers(self) -> list[str]:
        return [r for r in self.manifest.readers if any(reading.reader == r for reading in self.readings)]

    @property
    def doubtful(self) -> list[MarkRow]:
        return [row for row in self.marks if row.match.doubt]

    def patient(self, caseId: str) -> str:
        return self.cases[caseId].patientId

    def subset(self, isWanted: Callable[[Case], bool]) -> "StudyData":
        """The same study with some of its cases."""
        kept = {caseId: case for caseId, case in self.cases.items() if isWanted(case)}
        return dataclasses.replace(
            self,
            cases=kept,
            readings=tuple(r for r in self.readings if r.caseId in kept),
            marks=tuple(r for r in self.marks if r.reading.caseId in kept),
            lesions=tuple(lesion for lesion in self.lesions if lesion.caseId in kept),
            **{
                name: tuple(row for row in getattr(self, name) if row.case in kept)
                for name in ("scores", "hits", "images", "values")
            },
        )


def studyData(folder, *, versions: str = LATEST, acceptDamage: str = "", checkPaths: bool = False) -> StudyData:
    """Read a study for its statistics.

    versions: "latest" counts amended versions, "first" what was submitted first. acceptDamage: the reason why logs
    with damage are analysed all the same; it goes into the report. Raises DamagedLog without a reason, StudyProblem
    when a case has no reference standard although others have.
    """
    folder = Path(folder)
    state = studyState(folder, checkPaths=checkPaths)
    reference = readReference(folder)
    damage = [*state.damage, *reference.logs.damage]
    if damage and not acceptDamage:
        sentences = " ".join(finding.sentence for finding in damage)
        raise DamagedLog(f"{sentences} Restore the logs from a copy, or analyse with a reason (--accept-damage).")
    notes = [f"Damaged logs were accepted: {acceptDamage}."] if damage else []
    readings = _counted(state, versions)
    rows, referenceNotes = _detectionRows(folder, state, readings, reference)
    return StudyData(
        state,
        {case.id: case for case in state.cases},
        tuple(readings),
        tuple(_scoreRows(readings, rows)),
        tuple(row for row in _hitRows(state.manifest, readings, reference, rows)),
        tuple(_imageRows(readings, reference, rows)),
        tuple(_values(folder, state)),
        tuple(row for found in rows.values() for row in found),
        (*notes, *referenceNotes),
        bool(reference.lesions) and state.manifest.detection,
        tuple(lesion for lesions in reference.lesions.values() for lesion in lesions),
    )


def _counted(state, versions):
    if versions == FIRST:
        return [reading for reading in state.book.submitted() if reading.version == 1 and not _isTwin(reading, state)]
    return state.book.latest()


def _isTwin(reading, state):
    return reading.place in {twin.place for twin in state.book.madeTwice()}


def _detectionRows(folder, state, readings, reference):
    """Marks with verdicts by reading; needs a reference standard for every case, or for none."""
    if not state.manifest.detection or not reference.lesions:
        return {}, ["There is no reference standard: no sensitivity."] if state.manifest.detection else []
    missing = reference.missing(case.id for case in state.cases)
    if missing:
        raise StudyProblem(
            f"The reference standard says nothing about {len(missing)} case(s): {', '.join(missing[:10])}; "
            "enter their lesions or confirm that they have none."
        )
    masks, decisions = LesionMasks(folder), readDecisions(folder)
    rows = {}
    for reading in readings:
        if reading.mode == INDEPENDENT:
            lesions = reference.of(reading.caseId)
            matched = matchMarks(reading.marks, lesions, rules=state.manifest.matching, isInMask=masks.isInside)
            rows[reading.place] = [MarkRow(reading, match) for match in decided(reading, matched, decisions)]
    return rows, []


def _scoreRows(readings, rows):
    for reading in readings:
        if reading.mode != INDEPENDENT:
            continue
        place = (reading.reader, reading.caseId, reading.condition)
        for item, score in reading.scores:
            yield ScoreRow(*place, item, score, wording=reading.wordingOf(item))
        for row in rows.get(reading.place, ()):
            if row.match.verdict == LL:
                mark = row.match.mark
                for item, score in mark.scores:
                    yield ScoreRow(*place, item, score, row.match.lesionId, reading.wordingOf(item, mark.id))


def _hitRows(manifest, readings, reference, rows):
    for reading in readings:
        if reading.place not in rows:
            continue
        hits = {row.match.lesionId: row.match.mark for row in rows[reading.place] if row.match.verdict == LL}
        for lesion in reference.of(reading.caseId):
            mark = hits.get(lesion.id)
            diameter = mark.diameterMm if mark and mark.diameterMm is not None else math.nan
            yield HitRow(
                reading.reader,
                reading.caseId,
                reading.condition,
                lesion.id,
                lesion.sizeClass(manifest.sizeLimitMm),
                mark is not None,
                float(mark.confidence) if mark else -math.inf,
                diameter,
                lesion.longestDiameterMm,
            )


def _imageRows(readings, reference, rows):
    for reading in readings:
        if reading.mode != INDEPENDENT:
            continue
        found = rows.get(reading.place, ())
        yield ImageRow(
            reading.reader,
            reading.caseId,
            reading.condition,
            tuple(float(row.match.mark.confidence) for row in found if row.match.verdict == NL),
            sum(row.match.verdict == SURPLUS for row in found),
            len(reference.of(reading.caseId)) if reading.place in rows else 0,
            reading.activeSeconds,
        )


def _values(folder, state):
    """Rows of measurements.csv (columns of 'dlenhance measure'); rows without a value are left out."""
    path = folder / MEASUREMENTS_NAME
    if not path.exists():
        return
    table = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")))
    missing = [name for name in ("case", "lesion", "condition", "metric", "value") if name not in table.fieldnames]
    if missing:
        raise StudyProblem(f"{MEASUREMENTS_NAME} lacks the columns {', '.join(missing)}.")
    known = {case.id for case in state.cases}
    for row in table:
        if row["case"] not in known or row["condition"] not in CONDITIONS:
            raise StudyProblem(
                f"{MEASUREMENTS_NAME}, line {table.line_num}: case {row['case']!r} or condition "
                f"{row['condition']!r} is not of this study."
            )
        if row["value"]:
            method = row.get("noise_method", "")
            yield ValueRow(row["case"], row["lesion"], row["condition"], row["metric"], method, float(row["value"]))
