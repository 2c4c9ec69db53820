"""Agreement between readers and between methods."""

import dataclasses
import math
import warnings

import numpy as np

from .optionalPackages import package


@dataclasses.dataclass(frozen=True)
class Agreement:
    """A coefficient with its 95 % interval; n: the number of things that both judged."""

    name: str
    value: float
    low: float
    high: float
    n: int


@dataclasses.dataclass(frozen=True)
class BlandAltman:
    """Bias (second minus first) and 95 % limits, each with a 95 % interval (Bland and Altman 1999)."""

    n: int
    bias: float
    sd: float
    biasInterval: tuple[float, float]
    lower: float
    upper: float
    lowerInterval: tuple[float, float]
    upperInterval: tuple[float, float]


def weightedKappa(first, second, levels) -> Agreement:
    """Quadratic-weighted Cohen kappa with its asymptotic interval (Fleiss, Cohen and Everitt 1969).

    levels: every score of the scale, so that unused ones keep their distance. NaN when nobody varies.
    """
    table = contingency(first, second, levels)
    if len(first) == 0 or np.count_nonzero(table.sum(axis=0) + table.sum(axis=1)) < 2:
        return Agreement("quadratic-weighted kappa", math.nan, math.nan, math.nan, len(first))
    result = package("statsmodels.stats.inter_rater").cohens_kappa(table, wt="quadratic")
    reach = 1.959963984540054 * float(np.sqrt(max(result.var_kappa, 0.0)))
    value = float(result.kappa)
    return Agreement("quadratic-weighted kappa", value, max(value - reach, -1), min(value + reach, 1), len(first))


def gwetAc1(first, second, levels) -> Agreement:
    """Gwet's AC1: steady where one score dominates and kappa collapses (Gwet 2008, with its large-sample variance)."""
    table = contingency(first, second, levels) / max(len(first), 1)
    n, q = len(first), len(levels)
    prevalence = (table.sum(axis=0) + table.sum(axis=1)) / 2
    observed = float(np.trace(table))
    chance = float(np.sum(prevalence * (1 - prevalence)) / (q - 1))
    value = (observed - chance) / (1 - chance)
    means = (prevalence[:, None] + prevalence[None]) / 2
    cross = float(np.sum(np.diag(table) * (1 - prevalence)) / (q - 1))
    spread = float(np.sum(table * (1 - means) ** 2) / (q - 1) ** 2)
    variance = observed * (1 - observed) - 4 * (1 - value) * (cross - observed * chance)
    variance = (variance + 4 * (1 - value) ** 2 * (spread - chance**2)) / (n * (1 - chance) ** 2)
    reach = 1.959963984540054 * math.sqrt(max(variance, 0.0))
    return Agreement("Gwet AC1", value, value - reach, min(value + reach, 1.0), n)


def contingency(first, second, levels) -> np.ndarray:
    """Counts by score of the first (rows) and the second judge."""
    place = {level: index for index, level in enumerate(levels)}
    table = np.zeros((len(place), len(place)))
    for a, b in zip(first, second, strict=True):
        table[place[a], place[b]] += 1
    return table


def intraclassCorrelation(values) -> Agreement:
    """ICC(2,1): two-way random effects, absolute agreement, single measurement (Shrout and Fleiss 1979).

    values: (targets, raters) without gaps.
    """
    values = np.asarray(values, float)
    targets, raters = values.shape
    if targets < 3 or np.ptp(values) == 0:
        return Agreement("ICC(2,1)", math.nan, math.nan, math.nan, targets)
    pandas = package("pandas")
    table = pandas.DataFrame(
        {
            "target": np.repeat(np.arange(targets), raters),
            "rater": np.tile(np.arange(raters), targets),
            "value": values.ravel(),
        }
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # pingouin 0.7 against pandas 3, about its own calls
        found = package("pingouin").intraclass_corr(table, targets="target", raters="rater", ratings="value")
    row = found.iloc[1]  # single raters, random: ICC2, called ICC(A,1) by newer releases
    interval = next(row[name] for name in found.columns if str(name).startswith("CI95"))
    return Agreement("ICC(2,1)", float(row["ICC"]), float(interval[0]), float(interval[1]), targets)


def blandAltman(first, second) -> BlandAltman:
    """Bias and limits of agreement of paired measurements; NaN where there are fewer than three pairs."""
    from scipy import stats

    differences = np.asarray(second, float) - np.asarray(first, float)
    differences = differences[np.isfinite(differences)]
    n = len(differences)
    if n < 3:
        nothing = (math.nan, math.nan)
        return BlandAltman(n, math.nan, math.nan, nothing, math.nan, math.nan, nothing, nothing)
    bias, sd = float(differences.mean()), float(differences.std(ddof=1))
    t = float(stats.t.ppf(0.975, n - 1))
    lower, upper = bias - 1.96 * sd, bias + 1.96 * sd
    reachBias = t * sd / math.sqrt(n)
    reachLimit = t * sd * math.sqrt(1 / n + 1.96**2 / (2 * (n - 1)))
    return BlandAltman(
        n,
        bias,
        sd,
        (bias - reachBias, bias + reachBias),
        lower,
        upper,
        (lower - reachLimit, lower + reachLimit),
        (upper - reachLimit, upper + reachLimit),
    )
