"""Figures of merit and curves of free-response reading, with jackknife and Obuchowski-Rockette analysis.

Definitions as in Chakraborty, Observer Performance Methods (2017), and the RJafroc source: an unmarked lesion or an
unmarked image has the rating minus infinity, and equal ratings, also minus infinity, count one half.
"""

import dataclasses
import math

import numpy as np

WAFROC, JAFROC = "wAFROC", "JAFROC"
FIGURES = (WAFROC, JAFROC)
UNMARKED = -math.inf


@dataclasses.dataclass(frozen=True)
class CaseRatings:
    """One case read once: ratings of its lesions (-inf unmarked) and of the false marks. No lesions: a normal case."""

    caseId: str
    lesions: tuple[float, ...]
    falseMarks: tuple[float, ...] = ()

    @property
    def highestFalse(self) -> float:
        return max(self.falseMarks, default=UNMARKED)


@dataclasses.dataclass(frozen=True)
class FigureOfMerit:
    """value for all cases; jackknife: the value without each case, in the order of ``caseIds``."""

    name: str
    value: float
    caseIds: tuple[str, ...]
    jackknife: np.ndarray

    @property
    def standardError(self) -> float:
        """Jackknife over cases."""
        k = len(self.jackknife)
        return float(np.sqrt((k - 1) / k * np.sum((self.jackknife - self.jackknife.mean()) ** 2)))


def figureOfMerit(cases, *, name: str = WAFROC) -> FigureOfMerit:
    """wAFROC (every case with lesions counts alike) or JAFROC (every lesion counts alike); NaN without normal
    or without abnormal cases. False marks on cases with lesions do not enter either.
    """
    cases = list(cases)
    normal = [case for case in cases if not case.lesions]
    abnormal = [case for case in cases if case.lesions]
    ids = tuple(case.caseId for case in (*normal, *abnormal))
    if not normal or not abnormal:
        return FigureOfMerit(name, math.nan, ids, np.full(len(ids), math.nan))
    credits_ = np.array([_credit(case.lesions, [n.highestFalse for n in normal]) for case in abnormal])
    weights = np.ones(len(abnormal)) if name == WAFROC else np.array([len(case.lesions) for case in abnormal], float)
    return FigureOfMerit(name, _mean(credits_, weights), ids, _jackknife(credits_, weights))


def _credit(lesions, highestFalse):
    """For each normal case the mean over the lesions of 1, 1/2 or 0 for a higher, equal or lower lesion rating."""
    above = np.greater.outer(lesions, highestFalse)
    equal = np.equal.outer(lesions, highestFalse)
    return (above + 0.5 * equal).mean(axis=0)


def _mean(credits_, weights):
    return float((weights @ credits_).mean() / weights.sum())


def _jackknife(credits_, weights):
    """The mean without each normal, then without each abnormal case; NaN where none would be left."""
    with np.errstate(divide="ignore", invalid="ignore"):
        perNormal = weights @ credits_ / weights.sum()
        withoutNormal = (perNormal.sum() - perNormal) / (len(perNormal) - 1)
        perAbnormal = weights * credits_.mean(axis=1)
        withoutAbnormal = (perAbnormal.sum() - perAbnormal) / (weights.sum() - weights)
    return np.concatenate([withoutNormal, withoutAbnormal])


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Enhanced minus standard by Obuchowski-Rockette with Hillis' degrees of freedom.

    generalizesTo: "readers and cases" (RRRC) or "cases" (FRRC; the only one possible with one reader).
    """

    figure: str
    standard: tuple[float, ...]
    enhanced: tuple[float, ...]
    difference: float
    standardError: float
    low: float
    high: float
    degreesOfFreedom: float
    p: float
    generalizesTo: str


def compareReaders(standard, enhanced) -> tuple[Comparison, ...]:
    """Compare figures of merit, one a reader and in the same order of cases, between the conditions.

    Returns the analysis for the population of cases (FRRC) and, with two readers or more, of readers and cases (RRRC).
    Formulas: Hillis 2007 and Chakraborty 2017, chapter 10; covariances from the jackknife.
    """
    values = np.array([[fom.value for fom in standard], [fom.value for fom in enhanced]])
    replicas = np.array([[fom.jackknife for fom in standard], [fom.jackknife for fom in enhanced]])
    if not (np.all(np.isfinite(values)) and np.all(np.isfinite(replicas))):
        return ()
    readers = values.shape[1]
    variance, cov1, cov2, cov3 = _covariances(replicas)
    fixed = variance - cov1 + (readers - 1) * max(cov2 - cov3, 0.0)
    found = [_comparison(standard[0].name, values, fixed, math.inf, "cases")]
    if readers > 1:
        deviations = values - values.mean(axis=0) - values.mean(axis=1, keepdims=True) + values.mean()
        interaction = float(np.sum(deviations**2)) / (readers - 1)
        random = interaction + readers * max(cov2 - cov3, 0.0)
        freedom = random**2 / (interaction**2 / (readers - 1)) if interaction > 0 else math.inf
        found.append(_comparison(standard[0].name, values, random, freedom, "readers and cases"))
    return tuple(found)


def _covariances(replicas):
    """Error variance and the three covariances of Obuchowski and Rockette, averaged over their pairs.

    replicas: (2 conditions, readers, cases).
    """
    conditions, readers, cases = replicas.shape
    flat = replicas.reshape(conditions * readers, cases)
    covariance = np.atleast_2d(np.cov(flat)) * (cases - 1) ** 2 / cases
    condition, reader = np.divmod(np.arange(conditions * readers), readers)
    sameCondition = condition[:, None] == condition[None]
    sameReader = reader[:, None] == reader[None]
    kinds = (sameCondition & sameReader, ~sameCondition & sameReader, sameCondition & ~sameReader)
    kinds = (*kinds, ~sameCondition & ~sameReader)
    return tuple(float(covariance[kind].mean()) if kind.any() else 0.0 for kind in kinds)


def _comparison(name, values, denominator, freedom, population):
    from scipy import stats

    reference = stats.norm if math.isinf(freedom) else stats.t(freedom)
    difference = float(values[1].mean() - values[0].mean())
    error = math.sqrt(max(2 / values.shape[1] * denominator, 0.0))
    reach = float(reference.ppf(0.975)) * error
    p = float(2 * reference.sf(abs(difference) / error)) if error > 0 else float(difference == 0)
    return Comparison(
        name,
        tuple(map(float, values[0])),
        tuple(map(float, values[1])),
        difference,
        error,
        difference - reach,
        difference + reach,
        freedom,
        p,
        population,
    )


def frocCurve(cases) -> tuple[np.ndarray, np.ndarray]:
    """False marks per case (all cases) and share of lesions found, at each rating threshold, from (0, 0) up."""
    cases = list(cases)
    falseMarks = np.array([rating for case in cases for rating in case.falseMarks])
    lesions = np.array([rating for case in cases for rating in case.lesions])
    thresholds = np.unique(np.concatenate([falseMarks, lesions[np.isfinite(lesions)]]))[::-1]
    x = [np.sum(falseMarks >= threshold) / len(cases) for threshold in thresholds]
    y = [np.sum(lesions >= threshold) / max(len(lesions), 1) for threshold in thresholds]
    return np.array([0.0, *x]), np.array([0.0, *y])
