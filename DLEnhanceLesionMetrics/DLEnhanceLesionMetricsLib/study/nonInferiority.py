"""Non-inferiority and equivalence of image scores within a margin that was stated before the first reading."""

import dataclasses
import math

import numpy as np

from .optionalPackages import package
from .scales import IMAGE, ScoreItem
from .scoreComparisons import READER_MEAN, pairedScores
from .studyData import StudyData


@dataclasses.dataclass(frozen=True)
class MarginTest:
    """Two one-sided paired t tests (Schuirmann 1987) of enhanced - standard against -margin and +margin.

    difference with low and high: mean and its 90 % interval, whose ends decide the two tests at 5 %.
    p: not worse by the margin (lower test); equivalenceP: the larger of both. failure: a sentence where there is none.
    """

    patients: int
    margin: float
    difference: float
    low: float
    high: float
    p: float
    equivalenceP: float
    failure: str = ""


@dataclasses.dataclass(frozen=True)
class MarginComparison:
    """The test of one item for one reader or for the mean of the readers."""

    item: ScoreItem
    reader: str
    cases: int
    test: MarginTest


def marginTest(standard, enhanced, *, margin: float) -> MarginTest:
    """Paired values of independent units. Constant differences have no t statistic and give a failure."""
    standard, enhanced = np.asarray(standard, float), np.asarray(enhanced, float)
    differences = enhanced - standard
    n = len(differences)
    mean = float(differences.mean()) if n else math.nan
    nothing = MarginTest(n, margin, mean, *[math.nan] * 4)
    if n < 3:
        return dataclasses.replace(nothing, failure="fewer than three patients")
    if np.ptp(differences) < 1e-12:
        return dataclasses.replace(nothing, failure=f"every difference is {mean:g}: there is no t statistic")
    stats = package("statsmodels.stats.weightstats")
    both, lower, _ = stats.ttost_paired(enhanced, standard, -margin, margin)
    low, high = stats.DescrStatsW(differences).tconfint_mean(alpha=0.1)
    return MarginTest(n, margin, mean, float(low), float(high), float(lower[1]), float(both))


def marginComparisons(data: StudyData) -> list[MarginComparison]:
    """Every image item, mean of readers and each reader; nothing when the plan states no margin."""
    margin = data.manifest.analysis.nonInferiorityMargin
    found = []
    for item in data.manifest.itemsOf(IMAGE) if margin else ():
        paired = {reader: scores for reader, scores in pairedScores(data, item).items() if scores}
        if paired:
            found.append(_comparison(data, item, READER_MEAN, list(paired.values())))
            found += [_comparison(data, item, reader, [scores]) for reader, scores in paired.items()]
    return found


def _comparison(data, item, reader, readers):
    """Mean over readers for each case, then over the cases of each patient: one value a patient."""
    cases: dict = {}
    for scores in readers:
        for (case, _), pair in scores.items():
            cases.setdefault(case, []).append(pair)
    patients: dict = {}
    for case, pairs in cases.items():
        patients.setdefault(data.patient(case), []).append(np.mean(pairs, axis=0))
    values = np.array([np.mean(pairs, axis=0) for pairs in patients.values()])
    margin = data.manifest.analysis.nonInferiorityMargin
    return MarginComparison(item, reader, len(cases), marginTest(values[:, 0], values[:, 1], margin=margin))
