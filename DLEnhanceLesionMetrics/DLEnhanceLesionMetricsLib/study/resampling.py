"""Bootstrap intervals that resample patients, never lesions, and corrections for many tests."""

import dataclasses
import math

import numpy as np

from .analysisPlan import HOLM
from .optionalPackages import package


@dataclasses.dataclass(frozen=True)
class Interval:
    """A value with its BCa interval."""

    value: float
    low: float
    high: float
    resamples: int


def ratioDifference(hits, totals, *, seed: int, resamples: int = 2000) -> Interval:
    """Enhanced minus standard of sum(hits) / sum(totals), with a BCa interval over patients.

    hits: (patients, 2) sums for standard and enhanced; totals: (patients, 2) what they are shares of (lesions), or
    rates (images). The same patients are drawn for both conditions.
    """
    from scipy.stats import bootstrap

    hits, totals = np.asarray(hits, float), np.asarray(totals, float)

    def difference(index, axis=-1):
        shares = np.take(hits, index, axis=0).sum(axis=axis - 1) / np.take(totals, index, axis=0).sum(axis=axis - 1)
        return shares[..., 1] - shares[..., 0]

    value = float(difference(np.arange(len(hits))))
    if len(hits) < 3 or not np.ptp(hits[:, 1] - hits[:, 0]):
        return Interval(value, math.nan, math.nan, 0)
    found = bootstrap(
        (np.arange(len(hits)),),
        difference,
        n_resamples=resamples,
        method="BCa",
        vectorized=True,
        batch=200,
        rng=np.random.default_rng(seed),
    )
    return Interval(value, float(found.confidence_interval.low), float(found.confidence_interval.high), resamples)


@dataclasses.dataclass(frozen=True)
class FamilyMember:
    """A test of a family with its own and its corrected p."""

    name: str
    p: float
    corrected: float


def adjusted(tests: dict[str, float], *, method: str = HOLM) -> tuple[FamilyMember, ...]:
    """Correct the p values of one family by "holm" or "bonferroni"; the family is printed with the result.

    Tests that could not be made (NaN) stay NaN and do not count.
    """
    valid = {name: p for name, p in tests.items() if not math.isnan(p)}
    corrected = {}
    if valid:
        values = package("statsmodels.stats.multitest").multipletests(list(valid.values()), method=method)[1]
        corrected = dict(zip(valid, map(float, values), strict=True))
    return tuple(FamilyMember(name, p, corrected.get(name, math.nan)) for name, p in tests.items())
