"""Regression with generalized estimating equations: lesions and readings of one patient are not independent.

statsmodels does the estimation. Terms are plain arrays, so no formula language stands between the data and the model.
"""

import dataclasses
import math
import warnings

import numpy as np

from .analysisPlan import NEGATIVE_BINOMIAL, POISSON
from .optionalPackages import package

LOGISTIC = "logistic"
INDEPENDENCE, EXCHANGEABLE = "independence", "exchangeable"
ROBUST, SMALL_SAMPLE = "robust", "bias-reduced"
SMALL_SAMPLE_BELOW = 40
OVERDISPERSED = 1.2
SE_TEXTS = {
    ROBUST: "robust (sandwich) standard error, normal reference",
    SMALL_SAMPLE: "bias-reduced standard error (Mancl and DeRouen 2001), t reference with clusters - terms d.f.",
}


@dataclasses.dataclass(frozen=True)
class Coefficient:
    """A term on the scale of the link (log odds, log rate). ``ratio`` is the odds or rate ratio."""

    name: str
    estimate: float
    standardError: float
    low: float
    high: float
    p: float

    @property
    def ratio(self) -> tuple[float, float, float]:
        return tuple(math.exp(min(value, 700.0)) for value in (self.estimate, self.low, self.high))


@dataclasses.dataclass(frozen=True)
class GeeResult:
    """A fitted model, or why there is none: ``failure`` is then a sentence and ``coefficients`` is empty.

    correlation: working correlation within a cluster (0 for independence). notes: warnings of the fit, never swallowed.
    Of counts: dispersion, Pearson chi-square per degree of freedom under Poisson, and alpha of a negative binomial,
    whose variance is mean + alpha * mean^2.
    """

    coefficients: tuple[Coefficient, ...]
    covariance: np.ndarray
    correlation: float
    observations: int
    clusters: int
    standardErrors: str
    family: str
    degreesOfFreedom: float = math.inf
    notes: tuple[str, ...] = ()
    failure: str = ""
    dispersion: float = math.nan
    alpha: float = 0.0

    @property
    def isCount(self) -> bool:
        return self.family in (POISSON, NEGATIVE_BINOMIAL)

    def term(self, name: str) -> Coefficient | None:
        return next((coefficient for coefficient in self.coefficients if coefficient.name == name), None)

    @property
    def estimates(self) -> np.ndarray:
        return np.array([coefficient.estimate for coefficient in self.coefficients])


def fitGee(
    outcome,
    terms,
    clusters,
    *,
    family: str = LOGISTIC,
    correlation: str = EXCHANGEABLE,
    standardErrors: str = "auto",
    correctedMoments: bool = True,
) -> GeeResult:
    """Fit outcome ~ 1 + terms with clusters.

    outcome: 0/1, or counts (family "poisson" or "negative-binomial"; the second falls back to the first, and says so,
    where counts do not vary more than Poisson ones); terms: name to array; clusters: any labels.
    standardErrors "auto": bias-reduced with a t reference below 40 clusters, else robust with a normal one. A model
    that cannot be fitted (no variation, perfect separation) comes back with ``failure``; it is a finding of the study,
    not an error of the program.
    correctedMoments=False estimates the working correlation without subtracting the number of terms from the divisor,
    as R's geepack does; estimates then agree with it, otherwise they differ in the fourth digit for few clusters.
    """
    outcome = np.asarray(outcome, float)
    columns = {
        "intercept": np.ones(len(outcome)),
        **{name: np.asarray(values, float) for name, values in terms.items()},
    }
    groups = np.unique(np.asarray(clusters, str), return_inverse=True)[1]
    count = int(groups.max()) + 1 if len(groups) else 0
    if standardErrors == "auto":
        standardErrors = SMALL_SAMPLE if count < SMALL_SAMPLE_BELOW else ROBUST
    empty = GeeResult((), np.zeros((0, 0)), 0.0, len(outcome), count, standardErrors, family)
    failure = _impossible(outcome, columns, count)
    if failure:
        return dataclasses.replace(empty, failure=failure)
    if empty.isCount:
        empty = _withDispersion(outcome, columns, empty)
    return _fitted(outcome, columns, groups, empty, correlation=correlation, ddof=None if correctedMoments else 0)


def _impossible(outcome, columns, clusters):
    if not len(outcome):
        return "no observation"
    if np.ptp(outcome) == 0:
        return f"the outcome is {outcome[0]:g} everywhere"
    if np.linalg.matrix_rank(np.column_stack(list(columns.values()))) < len(columns):
        return "a term does not vary or repeats another"
    if clusters <= len(columns):
        return f"only {clusters} clusters for {len(columns)} terms"
    return _separated(outcome, columns)


def _separated(outcome, columns):
    """A group of a 0/1 term in which nothing happens, or always: its estimate would be infinite."""
    for name, values in columns.items():
        for level in (0, 1) if set(np.unique(values)) == {0, 1} else ():
            group = outcome[values == level]
            if group.max() == 0 or (group.min() == group.max() == outcome.max() == 1):
                return f"the outcome is {group[0]:g} wherever {name} is {level}"
    return ""


def _withDispersion(outcome, columns, empty):
    """The Poisson dispersion; for the negative binomial also its alpha by maximum likelihood, clusters ignored."""
    generalized = package("statsmodels.genmod.generalized_linear_model")
    discrete = package("statsmodels.discrete.discrete_model")
    families = package("statsmodels.genmod.families")
    design = np.column_stack(list(columns.values()))
    poisson = generalized.GLM(outcome, design, family=families.Poisson()).fit()
    dispersion = float(poisson.pearson_chi2 / poisson.df_resid) if poisson.df_resid > 0 else math.nan
    empty = dataclasses.replace(empty, dispersion=dispersion)
    if empty.family == POISSON:
        return empty
    alpha, notes = 0.0, ("counts do not vary more than Poisson ones: Poisson instead of negative binomial",)
    if dispersion > 1:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            start = [*poisson.params, 0.5]
            fit = discrete.NegativeBinomial(outcome, design).fit(start, disp=False, maxiter=200)
        if fit.mle_retvals["converged"] and fit.params[-1] > 1e-6:
            alpha, notes = float(fit.params[-1]), ()
        elif not fit.mle_retvals["converged"]:
            texts = dict.fromkeys(str(warning.message).split("\n")[0] for warning in caught)
            notes = ("alpha of the negative binomial did not converge: Poisson instead", *texts)
    return dataclasses.replace(empty, alpha=alpha, notes=notes, family=NEGATIVE_BINOMIAL if alpha else POISSON)


def _fitted(outcome, columns, groups, empty, *, correlation, ddof):
    design = np.column_stack(list(columns.values()))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            fit = _model(outcome, design, groups, empty, correlation).fit(
                cov_type="bias_reduced" if empty.standardErrors == SMALL_SAMPLE else "robust",
                maxiter=100,
                ddof_scale=ddof,
            )
        except (ValueError, np.linalg.LinAlgError, ZeroDivisionError) as error:
            return dataclasses.replace(empty, failure=f"the fit failed ({error})")
    notes = (*empty.notes, *dict.fromkeys(str(warning.message).split("\n")[0] for warning in caught))
    covariance = np.asarray(fit.cov_params())
    if not np.all(np.isfinite(covariance)) or np.abs(fit.params).max() > 15 or np.any(np.diag(covariance) <= 0):
        return dataclasses.replace(empty, notes=notes, failure="no finite estimate (a group has only one outcome)")
    freedom = empty.clusters - len(columns) if empty.standardErrors == SMALL_SAMPLE else math.inf
    dependence = float(np.ravel(fit.cov_struct.dep_params)[0]) if correlation == EXCHANGEABLE else 0.0
    return dataclasses.replace(
        empty,
        coefficients=coefficientsOf(list(columns), np.asarray(fit.params), covariance, freedom),
        covariance=covariance,
        correlation=dependence,
        degreesOfFreedom=freedom,
        notes=notes,
    )


def _model(outcome, design, groups, empty, correlation):
    sm = package("statsmodels.genmod.generalized_estimating_equations")
    families = package("statsmodels.genmod.families")
    structures = package("statsmodels.genmod.cov_struct")
    distribution = families.Binomial() if empty.family == LOGISTIC else families.Poisson()
    if empty.alpha:
        distribution = families.NegativeBinomial(alpha=empty.alpha)
    structure = structures.Exchangeable() if correlation == EXCHANGEABLE else structures.Independence()
    return sm.GEE(outcome, design, groups=groups, family=distribution, cov_struct=structure)


def _reference(freedom):
    from scipy import stats

    return stats.norm if math.isinf(freedom) else stats.t(freedom)


def coefficientsOf(names, estimates, covariance, freedom) -> tuple[Coefficient, ...]:
    """Estimates with 95 % intervals and p from a normal (freedom infinite) or t reference."""
    reference = _reference(freedom)
    reach = float(reference.ppf(0.975))
    errors = np.sqrt(np.diag(covariance))
    return tuple(
        Coefficient(
            name,
            float(estimate),
            float(error),
            float(estimate - reach * error),
            float(estimate + reach * error),
            float(2 * reference.sf(abs(estimate / error))),
        )
        for name, estimate, error in zip(names, estimates, errors, strict=True)
    )


@dataclasses.dataclass(frozen=True)
class Marginal:
    """A mean of the outcome (proportion or rate) with its 95 % interval."""

    mean: float
    low: float
    high: float


def marginalMean(result: GeeResult, designs) -> Marginal:
    """Mean of the outcome over rows of terms (n, terms) without the intercept, each row counted alike.

    The interval is that of the average linear predictor's mean, by the delta method on the link scale.
    """
    rows = np.column_stack([np.ones(len(designs)), np.asarray(designs, float)])
    if result.failure:
        return Marginal(math.nan, math.nan, math.nan)
    means, slopes = _inverseLink(rows @ result.estimates, result.family)
    mean = float(means.mean())
    gradient = (slopes[:, None] * rows).mean(axis=0)
    linkSlope = 1 / (mean * (1 - mean)) if result.family == LOGISTIC else 1 / mean
    error = linkSlope * math.sqrt(float(gradient @ result.covariance @ gradient))
    reach = float(_reference(result.degreesOfFreedom).ppf(0.975)) * error
    center = math.log(mean / (1 - mean)) if result.family == LOGISTIC else math.log(mean)
    low, high = _inverseLink(np.array([center - reach, center + reach]), result.family)[0]
    return Marginal(mean, float(low), float(high))


def _inverseLink(linear, family):
    """Means and their derivatives."""
    if family != LOGISTIC:
        rates = np.exp(linear)
        return rates, rates
    means = 1 / (1 + np.exp(-linear))
    return means, means * (1 - means)
