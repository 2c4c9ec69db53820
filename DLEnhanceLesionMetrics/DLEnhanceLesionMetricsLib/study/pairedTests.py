"""Paired comparisons of standard and enhanced: Wilcoxon, Hodges-Lehmann, McNemar."""

import dataclasses
import math

import numpy as np

DROP_ZEROS, PRATT_ZEROS = "wilcox", "pratt"
ZERO_TEXTS = {
    DROP_ZEROS: "pairs without difference dropped (Wilcoxon)",
    PRATT_ZEROS: "pairs without difference ranked, then dropped (Pratt)",
}
EXACT_UP_TO = 50


@dataclasses.dataclass(frozen=True)
class WilcoxonResult:
    """Two-sided signed-rank test of enhanced - standard.

    statistic: the smaller rank sum; method: "exact" or "normal" (tie-corrected, without continuity correction);
    effectSize: matched-pairs rank-biserial correlation in -1..1 (Kerby 2014), positive when enhanced is higher.
    shift, low, high: Hodges-Lehmann estimate with its 95 % interval.
    """

    pairs: int
    zeros: int
    zeroHandling: str
    statistic: float
    p: float
    method: str
    effectSize: float
    shift: float
    low: float
    high: float


@dataclasses.dataclass(frozen=True)
class McNemarResult:
    """gained: hit in enhanced only; lost: hit in standard only. Clustering of lesions in patients is ignored."""

    both: int
    gained: int
    lost: int
    neither: int
    exactP: float
    midP: float


def wilcoxonTest(standard, enhanced, *, zeros: str = DROP_ZEROS, method: str = "auto") -> WilcoxonResult:
    """Compare paired values; pairs with a missing value are left out.

    method "auto": exact over all sign patterns up to 50 differences, with ties or without; else "normal".
    With no difference at all p is 1.
    """
    differences = _differences(standard, enhanced)
    zeroCount = int(np.sum(differences == 0))
    shift, low, high = hodgesLehmann(differences)
    ranksUp, ranksDown = _rankSums(differences, zeros)
    total = ranksUp + ranksDown
    statistic, p, used = _signedRankTest(differences, zeros, method)
    effect = (ranksUp - ranksDown) / total if total else 0.0
    return WilcoxonResult(len(differences), zeroCount, ZERO_TEXTS[zeros], statistic, p, used, effect, shift, low, high)


def _differences(standard, enhanced):
    differences = np.asarray(enhanced, float) - np.asarray(standard, float)
    return differences[np.isfinite(differences)]


def _rankSums(differences, zeros):
    from scipy.stats import rankdata

    kept = differences if zeros == PRATT_ZEROS else differences[differences != 0]
    ranks = rankdata(np.abs(kept))
    return float(ranks[kept > 0].sum()), float(ranks[kept < 0].sum())


def _signedRankTest(differences, zeros, method):
    from scipy import stats

    nonzero = int(np.sum(differences != 0))
    if nonzero == 0:
        return 0.0, 1.0, "none differ"
    if method == "auto" and nonzero <= EXACT_UP_TO:
        return (*_exactSignedRank(differences, zeros), "exact")
    used = differences if zeros == PRATT_ZEROS else differences[differences != 0]
    result = stats.wilcoxon(used, zero_method=zeros, method="asymptotic", correction=False)
    return float(result.statistic), float(result.pvalue), "normal"


def _exactSignedRank(differences, zeros):
    """Smaller rank sum and twice its tail over all sign patterns, ties included.

    scipy counts tied patterns only by drawing each of them (0.1 s for 13 pairs); adding rank by rank gives the same
    distribution at once. Ranks are doubled, so that those of ties are whole numbers.
    """
    from scipy.stats import rankdata

    kept = differences if zeros == PRATT_ZEROS else differences[differences != 0]
    ranks = rankdata(np.abs(kept))[kept != 0]
    smaller = min(ranks[kept[kept != 0] > 0].sum(), ranks[kept[kept != 0] < 0].sum())
    counts = np.zeros(round(2 * ranks.sum()) + 1)
    counts[0] = 1
    for rank in np.rint(2 * ranks).astype(int):
        counts[rank:] = counts[rank:] + counts[: len(counts) - rank]
    tail = counts[: round(2 * smaller) + 1].sum() / 2.0 ** len(ranks)
    return float(smaller), float(min(2 * tail, 1.0))


def hodgesLehmann(differences, *, confidence: float = 0.95) -> tuple[float, float, float]:
    """Median of the Walsh averages, with the interval that inverts the signed-rank test.

    Ranks of the interval: exact distribution up to 100 differences, else its normal approximation (Hollander, Wolfe
    and Chicken 2014, 3.2-3.3). NaN without differences; with few of them the interval is the whole range.
    """
    differences = np.asarray(differences, float)
    n = len(differences)
    if n == 0:
        return math.nan, math.nan, math.nan
    first, second = np.triu_indices(n)
    walsh = np.sort((differences[first] + differences[second]) / 2)
    place = max(_criticalPlace(n, 1 - confidence), 1)
    return float(np.median(walsh)), float(walsh[place - 1]), float(walsh[len(walsh) - place])


def _criticalPlace(n, alpha):
    """Place (from 1) of the interval's lower end among the sorted Walsh averages: the alpha / 2 quantile of W+."""
    if n > 100:
        from scipy.stats import norm

        spread = math.sqrt(n * (n + 1) * (2 * n + 1) / 24)
        return math.floor(n * (n + 1) / 4 - norm.ppf(1 - alpha / 2) * spread)
    counts = np.zeros(n * (n + 1) // 2 + 1)
    counts[0] = 1
    for rank in range(1, n + 1):
        counts[rank:] = counts[rank:] + counts[: len(counts) - rank]
    below = np.cumsum(counts) / 2**n
    return int(np.sum(below < alpha / 2))


def mcNemar(standard, enhanced) -> McNemarResult:
    """Exact conditional and mid-P McNemar test of paired hits (booleans).

    mid-P = exact two-sided p - P(exactly the observed split) (Fagerland, Lydersen and Laake 2013).
    """
    from scipy.stats import binom

    before, after = np.asarray(standard, bool), np.asarray(enhanced, bool)
    gained, lost = int(np.sum(~before & after)), int(np.sum(before & ~after))
    discordant = gained + lost
    exact, mid = 1.0, 1.0
    if discordant:
        fewer = min(gained, lost)
        doubled = 2 * binom.cdf(fewer, discordant, 0.5)
        exact = float(min(doubled, 1.0))
        mid = float(doubled - binom.pmf(fewer, discordant, 0.5))
    return McNemarResult(int(np.sum(before & after)), gained, lost, int(np.sum(~before & ~after)), exact, mid)


def byCluster(values, clusters) -> dict:
    """Median of several values of one patient: one value a patient enters the test."""
    grouped = {}
    for value, cluster in zip(values, clusters, strict=True):
        grouped.setdefault(cluster, []).append(value)
    return {cluster: float(np.median(members)) for cluster, members in grouped.items()}
