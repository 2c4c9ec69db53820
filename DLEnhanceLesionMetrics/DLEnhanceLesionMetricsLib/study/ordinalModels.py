"""An ordinal model of image scores clustered by patient: one cumulative odds ratio over all steps of the scale."""

import dataclasses
import math
import warnings

import numpy as np

from .clusteredModels import ROBUST, SMALL_SAMPLE, SMALL_SAMPLE_BELOW, Coefficient, GeeResult, coefficientsOf
from .optionalPackages import package
from .scales import IMAGE, ScoreItem
from .scoreComparisons import pairedScores
from .studyData import StudyData

ORDINAL = "ordinal"


@dataclasses.dataclass(frozen=True)
class OrdinalComparison:
    """The model score ~ condition + reader of one item, all readers together."""

    item: ScoreItem
    cases: int
    patients: int
    model: GeeResult

    @property
    def condition(self) -> Coefficient | None:
        return self.model.term("condition")


def fitOrdinal(scores, terms, clusters) -> GeeResult:
    """Proportional-odds GEE (statsmodels OrdinalGEE): logit P(score > k) = threshold k + terms.

    scores: whole numbers; terms: name to array. Working structure independence, which stays consistent and, unlike
    the global odds ratio, converges; standard errors as in fitGee. No convergence is a ``failure``, with the warnings.
    """
    scores = np.asarray(scores)
    groups = np.unique(np.asarray(clusters, str), return_inverse=True)[1]
    count = int(groups.max()) + 1 if len(groups) else 0
    errors = SMALL_SAMPLE if count < SMALL_SAMPLE_BELOW else ROBUST
    empty = GeeResult((), np.zeros((0, 0)), 0.0, len(scores), count, errors, ORDINAL)
    levels = len(np.unique(scores))
    if levels < 2:
        return dataclasses.replace(empty, failure="every score is the same")
    if count <= levels - 1 + len(terms):
        return dataclasses.replace(empty, failure=f"only {count} clusters for {levels - 1 + len(terms)} terms")
    return _fitted(scores, terms, groups, empty)


def _fitted(scores, terms, groups, empty):
    gee = package("statsmodels.genmod.generalized_estimating_equations")
    structures = package("statsmodels.genmod.cov_struct")
    design = np.column_stack([np.asarray(values, float) for values in terms.values()])
    kind = "bias_reduced" if empty.standardErrors == SMALL_SAMPLE else "robust"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model = gee.OrdinalGEE(scores, design, groups=groups, cov_struct=structures.Independence())
            fit = model.fit(maxiter=100, cov_type=kind)
        except (ValueError, np.linalg.LinAlgError, ZeroDivisionError) as error:
            return dataclasses.replace(empty, failure=f"the fit failed ({error})")
    notes = tuple(dict.fromkeys(str(warning.message).split("\n")[0] for warning in caught))
    estimates, covariance = np.asarray(fit.params), np.asarray(fit.cov_params())
    isFinite = np.all(np.isfinite(covariance)) and np.all(np.diag(covariance) > 0) and np.abs(estimates).max() < 15
    if not (fit.converged and isFinite):
        reason = "no finite estimate" if fit.converged else "the ordinal model did not converge"
        return dataclasses.replace(empty, notes=notes, failure=reason)
    names = [*(f"threshold {n + 1}" for n in range(len(estimates) - len(terms))), *terms]
    freedom = empty.clusters - len(names) if empty.standardErrors == SMALL_SAMPLE else math.inf
    return dataclasses.replace(
        empty,
        coefficients=coefficientsOf(names, estimates, covariance, freedom),
        covariance=covariance,
        degreesOfFreedom=freedom,
        notes=notes,
    )


def ordinalComparisons(data: StudyData) -> list[OrdinalComparison]:
    """Every image item over the cases that a reader scored in both conditions."""
    found = []
    for item in data.manifest.itemsOf(IMAGE):
        rows = [
            (reader, case, side, pair[side])
            for reader, scores in pairedScores(data, item).items()
            for (case, _), pair in scores.items()
            for side in (0, 1)
        ]
        if rows:
            cases = {row[1] for row in rows}
            patients = {data.patient(case) for case in cases}
            found.append(OrdinalComparison(item, len(cases), len(patients), _model(data, rows)))
    return found


def _model(data, rows):
    readers = sorted({row[0] for row in rows})
    terms = {"condition": [row[2] for row in rows]}
    terms |= {f"reader {name}": [float(row[0] == name) for row in rows] for name in readers[1:]}
    return fitOrdinal([row[3] for row in rows], terms, [data.patient(row[1]) for row in rows])
