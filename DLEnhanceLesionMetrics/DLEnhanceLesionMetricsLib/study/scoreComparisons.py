"""Scores: standard against enhanced for each item, and how well readers agree."""

import dataclasses
import math

import numpy as np

from .agreement import Agreement, gwetAc1, intraclassCorrelation, weightedKappa
from .clusteredModels import GeeResult
from .conditionModels import conditionModel
from .manifest import CONDITIONS, ENHANCED, STANDARD
from .pairedTests import WilcoxonResult, byCluster, wilcoxonTest
from .scales import ScoreItem
from .studyData import StudyData

READER_MEAN = "mean of readers"


@dataclasses.dataclass(frozen=True)
class ScoreComparison:
    """Scores of one item. counts: how often each score was given, by condition; shares: of the best score."""

    item: ScoreItem
    reader: str
    cases: int
    patients: int
    means: tuple[float, float]
    sds: tuple[float, float]
    bestShares: tuple[float, float]
    counts: tuple[tuple[int, ...], tuple[int, ...]]
    test: WilcoxonResult
    bestModel: GeeResult | None = None


@dataclasses.dataclass(frozen=True)
class AgreementRow:
    """Agreement of two readers (or of all) on an item in a condition."""

    item: str
    condition: str
    readers: str
    kappa: Agreement
    ac1: Agreement | None = None


def scoreComparisons(data: StudyData) -> list[ScoreComparison]:
    """Every item, first averaged over the readers, then reader by reader. Only cases scored in both conditions."""
    found = []
    for item in data.manifest.items:
        paired = pairedScores(data, item)
        if any(paired.values()):
            found.append(_meanOfReaders(data, item, paired))
            found += [_oneReader(data, item, r, paired[r]) for r in data.readers if paired[r]]
    return found


def pairedScores(data, item):
    """Reader to {(case, lesion): (standard, enhanced)}."""
    collected: dict[str, dict] = {reader: {} for reader in data.readers}
    for row in data.scores:
        if row.item == item.id:
            collected[row.reader].setdefault((row.case, row.lesion), {})[row.condition] = row.score
    return {
        reader: {key: (pair[STANDARD], pair[ENHANCED]) for key, pair in scores.items() if len(pair) == 2}
        for reader, scores in collected.items()
    }


def _oneReader(data, item, reader, scores):
    values = np.array(list(scores.values()), float)
    standard, enhanced = _patientMedians(data, item, scores)
    return _scoreComparison(data, item, reader, values, scores, wilcoxonTest(standard, enhanced))


def _patientMedians(data, item, scores):
    """Image scores go in case by case, lesion scores as the median of the patient."""
    if item.unit != "lesion":
        pairs = np.array(list(scores.values()), float)
        return pairs[:, 0], pairs[:, 1]
    patients = [data.patient(case) for case, _ in scores]
    sides = [byCluster([pair[side] for pair in scores.values()], patients) for side in (0, 1)]
    return [np.array([side[p] for p in sides[0]]) for side in sides]


def _meanOfReaders(data, item, paired):
    """The score of a case is the mean over the readers who scored it in both conditions."""
    together: dict = {}
    for scores in paired.values():
        for key, pair in scores.items():
            together.setdefault(key, []).append(pair)
    means = {key: tuple(np.mean(pairs, axis=0)) for key, pairs in together.items()}
    everything = np.array([pair for scores in paired.values() for pair in scores.values()], float)
    standard, enhanced = _patientMedians(data, item, means)
    result = _scoreComparison(data, item, READER_MEAN, everything, means, wilcoxonTest(standard, enhanced))
    return dataclasses.replace(result, bestModel=_bestScoreModel(data, item, paired))


def _bestScoreModel(data, item, paired):
    rows = [
        (reader, data.patient(key[0]), condition, pair[condition] == item.best)
        for reader, scores in paired.items()
        for key, pair in scores.items()
        for condition in (0, 1)
    ]
    return conditionModel(rows)


def _scoreComparison(data, item, reader, values, keys, test):
    cases = {case for case, _ in keys}
    counts = tuple(tuple(int(np.sum(values[:, side] == score)) for score in item.scores) for side in (0, 1))
    deviations = values.std(axis=0, ddof=1) if len(values) > 1 else (math.nan, math.nan)
    return ScoreComparison(
        item,
        reader,
        len(cases),
        len({data.patient(case) for case in cases}),
        tuple(map(float, values.mean(axis=0))),
        tuple(map(float, deviations)),
        tuple(float(np.mean(values[:, side] == item.best)) for side in (0, 1)),
        counts,
        test,
    )


def agreementRows(data: StudyData) -> list[AgreementRow]:
    """Pairs of readers on every image item, and ICC(2,1) of diameters of lesions that all readers measured."""
    found = []
    for item in data.manifest.itemsOf("image"):
        for condition in CONDITIONS:
            scores = {
                reader: {r.case: r.score for r in data.scores if _is(r, reader, condition, item.id)}
                for reader in data.readers
            }
            for index, first in enumerate(data.readers):
                for second in data.readers[index + 1 :]:
                    common = sorted(set(scores[first]) & set(scores[second]))
                    pair = [[scores[reader][case] for case in common] for reader in (first, second)]
                    if len(common) > 1:
                        kappa, ac1 = weightedKappa(*pair, item.scores), gwetAc1(*pair, item.scores)
                        found.append(AgreementRow(item.title, condition, f"{first}, {second}", kappa, ac1))
    return found + _diameterAgreement(data)


def _is(row, reader, condition, item):
    return (row.reader, row.condition, row.item) == (reader, condition, item)


def _diameterAgreement(data):
    found = []
    for condition in CONDITIONS if len(data.readers) > 1 else ():
        lesions: dict = {}
        for row in data.hits:
            if row.condition == condition and not math.isnan(row.diameterMm):
                lesions.setdefault((row.case, row.lesion), {})[row.reader] = row.diameterMm
        full = [[m[r] for r in data.readers] for m in lesions.values() if len(m) == len(data.readers)]
        if len(full) > 2:
            icc = intraclassCorrelation(full)
            found.append(AgreementRow("Longest diameter", condition, ", ".join(data.readers), icc))
    return found
