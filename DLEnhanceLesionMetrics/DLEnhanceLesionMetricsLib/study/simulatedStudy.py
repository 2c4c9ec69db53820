"""A whole study folder without humans, named as simulated: small images, reference standard, readings, measurements.

Simulated readers answer through the same session as people do, with a clock that is turned.
"""

import dataclasses
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np

from .caseList import Case, writeCases
from .manifest import ENHANCED, REFERENCE, Person, newManifest, writeManifest
from .reference import Lesion, ReferenceSession
from .session import ReadingSession
from .simulatedReaders import ReaderModel, SimulatedCase, SimulatedReader, simulatedCases
from .studyData import MEASUREMENTS_NAME

TITLE = "SIMULATED study (no human readers)"
GRID = (40, 44, 44)  # k, j, i
SPACING_MM = 1.8
TISSUE, LESION_CONTRAST, NOISE_SD = 400.0, 300.0, 24.0


class SimulatedClock:
    """Starts on a fixed day and moves when told."""

    def __init__(self):
        self.wall = datetime(2026, 1, 5, 8, 0, tzinfo=timezone.utc)
        self.seconds = 0.0

    def now(self) -> datetime:
        return self.wall

    def steady(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.seconds += seconds
        self.wall += timedelta(seconds=seconds)


@dataclasses.dataclass(frozen=True)
class Cohort:
    """What is simulated: how many cases and readers, the reader model, and the noise that the enhanced image keeps."""

    cases: int = 40
    readers: int = 2
    model: ReaderModel = dataclasses.field(default_factory=ReaderModel)
    noiseKept: float = 1 / 1.5
    withImages: bool = True


def simulateStudy(folder: Path, cohort: Cohort, *, seed: int = 1, preset: str = "oh2025") -> Path:
    """Write a complete study folder and return it. The manifest, the case list and the report say SIMULATED."""
    folder = Path(folder)
    random = np.random.default_rng(seed)
    people = [Person(f"sim{n + 1}") for n in range(cohort.readers)]
    people += [Person("truth", (REFERENCE,)), Person("coord", ("coordinator",))]
    note = f"Simulated lesions and readers, seed {seed}. noiseKept {cohort.noiseKept:.3g}, {cohort.model.text()}"
    writeManifest(newManifest(TITLE, people, preset=preset, seed=seed, simulated=note), folder)
    cases = simulatedCases(cohort.cases, cohort.model, random)
    _writeCaseList(folder, cases)
    if cohort.withImages:
        _writeImages(folder, cases, cohort, random)
    _enterReference(folder, cases)
    for number in range(cohort.readers):
        _read(folder, f"sim{number + 1}", SimulatedReader(cohort.model, random), {case.id: case for case in cases})
    return folder


def _writeCaseList(folder, cases):
    rows = []
    for number, case in enumerate(cases):
        covariates = {
            "institution": "AB"[number % 2],
            "sequence": "T1 black-blood",
            "vendor": ("Simulated X", "Simulated Y")[number // 2 % 2],
            "prior_dl": "yes" if number % 8 == 7 else "no",
        }
        paths = [f"images/{case.id}-{side}.nii.gz" for side in "ab"]
        rows.append(Case(case.id, *paths, f"patient{number + 1:03d}", tuple(covariates.items())))
    writeCases(rows, folder)


def _writeImages(folder, cases, cohort, random):
    """Spheres in noise, and their SNR and CNR measured as the project measures everything."""
    from DLEnhanceLib.writing import writeVolume

    from ..measurement import measurePair
    from ..rows import writeCsv

    (folder / "images").mkdir(exist_ok=True)
    rows = []
    for case in cases:
        standard, enhanced = _imagePair(case, cohort, random)
        writeVolume(standard, folder / f"images/{case.id}-a.nii.gz")
        writeVolume(enhanced, folder / f"images/{case.id}-b.nii.gz")
        if case.lesions:
            rows += measurePair(standard, enhanced, _regions(case), case=case.id)
    writeCsv(rows, folder / MEASUREMENTS_NAME)


def _imagePair(case: SimulatedCase, cohort, random):
    from DLEnhanceLib.volume import Volume

    matrix = np.diag([SPACING_MM, SPACING_MM, SPACING_MM, 1.0])
    matrix[:3, 3] = [-SPACING_MM * (size - 1) / 2 for size in GRID[::-1]]
    k, j, i = np.indices(GRID)
    ras = np.stack([i, j, k], axis=-1) * SPACING_MM + matrix[:3, 3]
    truth = np.full(GRID, TISSUE)
    for lesion in case.lesions:
        truth[np.linalg.norm(ras - lesion.ras, axis=-1) <= max(lesion.diameterMm / 2, SPACING_MM)] += LESION_CONTRAST
    noise = random.normal(0, NOISE_SD, GRID)
    standard = Volume((truth + noise).round().astype(np.int16), matrix, name=case.id)
    return standard, standard.withVoxels((truth + cohort.noiseKept * noise).round().astype(np.int16))


def _regions(case):
    from ..regions import Region, sphere

    lesions = [Region(x.id, "lesion", sphere(x.ras, max(x.diameterMm, 2 * SPACING_MM))) for x in case.lesions]
    corners = [np.array([r, a, 30.0]) for r in (-30, 30) for a in (-30, 30)]
    far = max(corners, key=lambda c: min(np.linalg.norm(c - np.array(x.ras)) for x in case.lesions))
    return [*lesions, Region("tissue", "reference", sphere(far, 12.0))]


def _enterReference(folder, cases):
    with ReferenceSession(folder, "truth", machine="simulated", clock=SimulatedClock(), durable=False) as session:
        for case in cases:
            for lesion in case.lesions:
                session.enter(Lesion(lesion.id, case.id, lesion.ras, lesion.diameterMm, "simulated"))
            if not case.lesions:
                session.confirmLesionFree(case.id, evidence="simulated")


def _read(folder, readerId, reader, cases):
    clock = SimulatedClock()
    options = {"machine": "simulated", "clock": clock, "durable": False, "checkPaths": False}
    with ReadingSession(folder, readerId, **options) as session:
        for _ in session.tasks:
            if not session.openNext():
                clock.advance((session.progress().opensAt - clock.now()).total_seconds())
                session.openNext()
            _answer(session, reader, cases[session.current.caseId], clock)


def _answer(session, reader, case, clock):
    isEnhanced = session.current.condition == ENHANCED
    clock.advance(reader.seconds())
    for item in session.manifest.itemsOf("image"):
        session.score(item.id, reader.score(case, isEnhanced, hasEffect="artifact" not in item.id))
    if session.manifest.detection:
        _mark(session, reader, case, isEnhanced)
    session.submit()


def _mark(session, reader, case, isEnhanced):
    marks = reader.marks(case, isEnhanced)
    for mark in marks:
        markId = session.placeMark(mark.ras, confidence=mark.confidence, diameterMm=mark.diameterMm)
        for item in session.manifest.itemsOf("lesion"):
            session.score(item.id, reader.score(case, isEnhanced), markId=markId)
    if not marks:
        session.answerNoLesion()
