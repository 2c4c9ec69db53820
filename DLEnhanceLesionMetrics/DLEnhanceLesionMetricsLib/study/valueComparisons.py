"""Measurements, diameters and reading times: standard against enhanced."""

import dataclasses
import math

import numpy as np

from .agreement import BlandAltman, blandAltman
from .manifest import ENHANCED, STANDARD
from .pairedTests import WilcoxonResult, byCluster, wilcoxonTest
from .studyData import StudyData


@dataclasses.dataclass(frozen=True)
class ValueComparison:
    """A measurement. One value a patient (the median of its lesions); gain: percent change, median and quartiles."""

    metric: str
    method: str
    lesions: int
    patients: int
    standard: tuple[float, float, float]
    enhanced: tuple[float, float, float]
    gain: tuple[float, float, float]
    test: WilcoxonResult
    normalityP: float
    pairedTP: float


@dataclasses.dataclass(frozen=True)
class SizeAgreement:
    """Bland-Altman of diameters of the same lesions; what: what is subtracted from what."""

    what: str
    reader: str
    result: BlandAltman
    pairs: tuple[tuple[float, float], ...]


def valueComparisons(data: StudyData) -> list[ValueComparison]:
    """Every metric with every noise method, lesions measured in both conditions."""
    groups: dict = {}
    for row in data.values:
        groups.setdefault((row.metric, row.method), {}).setdefault((row.case, row.lesion), {})[row.condition] = (
            row.value
        )
    found = []
    for (metric, method), lesions in groups.items():
        pairs = {key: (p[STANDARD], p[ENHANCED]) for key, p in lesions.items() if len(p) == 2}
        if pairs:
            found.append(_valueComparison(data, metric, method, pairs))
    return found


def _valueComparison(data, metric, method, pairs):
    standard, enhanced = patientPairs(data, pairs)
    with np.errstate(divide="ignore", invalid="ignore"):
        gains = 100 * (enhanced - standard) / standard
    normality, pairedT = _pairedT(standard, enhanced)
    return ValueComparison(
        metric,
        method,
        len(pairs),
        len(standard),
        _quartiles(standard),
        _quartiles(enhanced),
        _quartiles(gains[np.isfinite(gains)]),
        wilcoxonTest(standard, enhanced),
        normality,
        pairedT,
    )


def patientPairs(data: StudyData, pairs) -> tuple[np.ndarray, np.ndarray]:
    """Median over the lesions of a patient, for both conditions; pairs: (case, lesion) to (standard, enhanced)."""
    patients = [data.patient(case) for case, _ in pairs]
    sides = [byCluster([pair[side] for pair in pairs.values()], patients) for side in (0, 1)]
    return tuple(np.array([side[patient] for patient in sides[0]]) for side in sides)


def _pairedT(standard, enhanced):
    """Shapiro-Wilk p of the differences and the p of the paired t test, which counts only when the first is large."""
    from scipy import stats

    differences = enhanced - standard
    if len(differences) < 3 or np.ptp(differences) == 0:
        return math.nan, math.nan
    return float(stats.shapiro(differences).pvalue), float(stats.ttest_rel(enhanced, standard).pvalue)


def _quartiles(values):
    if not len(values):
        return (math.nan,) * 3
    low, median, high = np.percentile(values, [25, 50, 75])
    return float(median), float(low), float(high)


def sizeAgreements(data: StudyData) -> list[SizeAgreement]:
    """Diameters that a reader gave to the same lesion: enhanced minus standard, and each minus the reference."""
    found = []
    for reader in data.readers:
        lesions: dict = {}
        for row in data.hits:
            if row.reader == reader and not math.isnan(row.diameterMm):
                lesions.setdefault((row.case, row.lesion), {})[row.condition] = row.diameterMm
                lesions[row.case, row.lesion]["reference"] = row.referenceMm
        for first, second in ((STANDARD, ENHANCED), ("reference", STANDARD), ("reference", ENHANCED)):
            pairs = tuple((m[first], m[second]) for m in lesions.values() if first in m and second in m)
            if len(pairs) > 2:
                result = blandAltman([p[0] for p in pairs], [p[1] for p in pairs])
                found.append(SizeAgreement(f"{second} minus {first}", reader, result, pairs))
    return found


def readingTimes(data: StudyData) -> list[ValueComparison]:
    """Seconds a reading, for each reader, as a comparison of cases."""
    found = []
    for reader in data.readers:
        cases: dict = {}
        for row in data.images:
            if row.reader == reader:
                cases.setdefault((row.case, ""), {})[row.condition] = row.seconds
        pairs = {key: (p[STANDARD], p[ENHANCED]) for key, p in cases.items() if len(p) == 2}
        if pairs:
            found.append(_valueComparison(data, "reading time (s)", reader, pairs))
    return found
