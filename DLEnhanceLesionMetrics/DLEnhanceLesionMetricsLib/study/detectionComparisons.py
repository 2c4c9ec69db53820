"""Lesion detection: sensitivity, specificity, false marks and figures of merit, standard against enhanced."""

import dataclasses
import math

import numpy as np

from .clusteredModels import GeeResult, Marginal
from .conditionModels import conditionModel, marginals
from .freeResponse import FIGURES, CaseRatings, Comparison, compareReaders, figureOfMerit
from .manifest import CONDITIONS
from .pairedTests import McNemarResult, WilcoxonResult, mcNemar, wilcoxonTest
from .resampling import Interval, ratioDifference
from .studyData import StudyData

ALL_READERS = "all readers"
ALL_SIZES = "all sizes"


@dataclasses.dataclass(frozen=True)
class RateComparison:
    """A rate (sensitivity, specificity, false marks an image) of one reader or of all, by a GEE on patients.

    model holds the term ``condition``; marginals are standard and enhanced; bootstrap: of the raw difference, by
    patient; interactionP: of condition x size class, on the row of all sizes and readers.
    """

    question: str
    stratum: str
    reader: str
    units: int
    patients: int
    raw: tuple[float, float]
    marginals: tuple[Marginal, Marginal]
    model: GeeResult
    paired: McNemarResult | None = None
    interactionP: float = math.nan
    bootstrap: Interval | None = None
    wilcoxon: WilcoxonResult | None = None


def _rateComparison(question, stratum, reader, rows, *, family="logistic"):
    """rows: (reader, patient, condition 0/1, outcome, unit key)."""
    model = conditionModel(rows, family=family)
    raw = tuple(_mean([row[3] for row in rows if row[2] == side]) for side in (0, 1))
    return RateComparison(
        question,
        stratum,
        reader,
        len({row[4] for row in rows}),
        len({row[1] for row in rows}),
        raw,
        marginals(model, rows),
        model,
    )


def _mean(values):
    return float(np.mean(values)) if len(values) else math.nan


def sensitivityComparisons(data: StudyData) -> list[RateComparison]:
    """All sizes and each size class, all readers together and each alone (with McNemar, which ignores clusters)."""
    found = []
    classes = sorted({row.sizeClass for row in data.hits})
    for stratum in [ALL_SIZES, *classes]:
        hits = [row for row in data.hits if stratum in (ALL_SIZES, row.sizeClass)]
        rows = _hitTuples(data, hits)
        compared = _byReader(data, "sensitivity", stratum, rows)
        if compared:
            compared[0] = dataclasses.replace(compared[0], bootstrap=_bootstrap(rows, data.manifest.seed))
        found += compared
    if len(classes) == 2 and found:
        found[0] = dataclasses.replace(found[0], interactionP=_sizeInteraction(data, classes))
    return found


def _hitTuples(data, hits):
    return [
        (row.reader, data.patient(row.case), CONDITIONS.index(row.condition), row.isHit, (row.case, row.lesion))
        for row in hits
    ]


def _bootstrap(rows, seed):
    """Interval of the difference of the shares; patients are drawn with all their lesions, readers and conditions."""
    sums: dict = {}
    for _, patient, condition, outcome, _ in rows:
        hits, totals = sums.setdefault(patient, (np.zeros(2), np.zeros(2)))
        hits[condition] += outcome
        totals[condition] += 1
    hits, totals = (np.array([pair[part] for pair in sums.values()]) for part in (0, 1))
    return ratioDifference(hits, totals, seed=seed)


def _sizeInteraction(data, classes):
    rows = _hitTuples(data, data.hits)
    isLarge = np.array([float(row.sizeClass == classes[1]) for row in data.hits])
    condition = np.array([row[2] for row in rows], float)
    model = conditionModel(rows, extra={"size": isLarge, "condition x size": condition * isLarge})
    term = model.term("condition x size")
    return term.p if term else math.nan


def _byReader(data, question, stratum, rows, *, family="logistic"):
    """All readers, then each alone with its paired test."""
    if not rows:
        return []
    found = [_rateComparison(question, stratum, ALL_READERS, rows, family=family)]
    for reader in data.readers if len(data.readers) > 1 else []:
        own = [row for row in rows if row[0] == reader]
        if own:
            alone = _rateComparison(question, stratum, reader, own, family=family)
            found.append(_withPairedTest(alone, own))
    if len(data.readers) == 1:
        found[0] = _withPairedTest(found[0], rows)
    return found


def _withPairedTest(comparison, rows):
    """McNemar for shares, Wilcoxon for counts; only units that one reader judged in both conditions."""
    pairs: dict = {}
    for row in rows:
        pairs.setdefault(row[4], {})[row[2]] = row[3]
    complete = [pair for pair in pairs.values() if len(pair) == 2]
    standard, enhanced = ([pair[side] for pair in complete] for side in (0, 1))
    if comparison.model.isCount:
        return dataclasses.replace(comparison, wilcoxon=wilcoxonTest(standard, enhanced))
    return dataclasses.replace(comparison, paired=mcNemar(standard, enhanced))


def specificityComparisons(data: StudyData) -> list[RateComparison]:
    """Lesion-free cases without any mark."""
    free = [row for row in data.images if data.hasReference and row.lesions == 0]
    rows = [
        (row.reader, data.patient(row.case), CONDITIONS.index(row.condition), not row.falseMarks, row.case)
        for row in free
    ]
    return _byReader(data, "specificity", "lesion-free cases", rows)


def falseMarkComparisons(data: StudyData) -> list[RateComparison]:
    """False marks an image over all cases; Poisson (robust errors allow for overdispersion) or negative binomial."""
    if not data.hasReference:
        return []
    rows = [
        (row.reader, data.patient(row.case), CONDITIONS.index(row.condition), len(row.falseMarks), row.case)
        for row in data.images
    ]
    return _byReader(data, "false marks per image", "all cases", rows, family=data.manifest.analysis.falseMarks)


def ratingsOf(data: StudyData, reader: str, condition: str) -> list[CaseRatings]:
    """The readings of one reader in one condition for free-response analysis."""
    lesions: dict[str, list[float]] = {}
    for row in data.hits:
        if (row.reader, row.condition) == (reader, condition):
            lesions.setdefault(row.case, []).append(row.rating)
    return [
        CaseRatings(row.case, tuple(lesions.get(row.case, ())), row.falseMarks)
        for row in sorted(data.images, key=lambda row: row.case)
        if (row.reader, row.condition) == (reader, condition)
    ]


def figureComparisons(data: StudyData) -> list[Comparison]:
    """wAFROC and JAFROC over the cases that every reader read in both conditions."""
    if not data.hits:
        return []
    ratings = {(r, c): ratingsOf(data, r, c) for r in data.readers for c in CONDITIONS}
    common = set.intersection(*({case.caseId for case in cases} for cases in ratings.values()))
    found = []
    for name in FIGURES:
        figures = {
            key: figureOfMerit([case for case in cases if case.caseId in common], name=name)
            for key, cases in ratings.items()
        }
        sides = [[figures[reader, condition] for reader in data.readers] for condition in CONDITIONS]
        found += compareReaders(*sides)
    return found
