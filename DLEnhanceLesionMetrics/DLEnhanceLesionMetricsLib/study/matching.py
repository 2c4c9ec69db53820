"""Which mark belongs to which lesion (brief R13), and which decisions a human must take.

A mark is a lesion localization (LL) when it lies within max(5 mm, lesion radius + 3 mm) of the lesion's center, or in
its mask. Each lesion takes at most one mark; of all such assignments the one with most matches and then the smallest
sum of distances is taken. Further marks on a matched lesion are surplus: counted, not scored. All others are
non-lesion localizations (NL).
"""

import dataclasses
import math
from collections.abc import Callable

import numpy as np

from .manifest import MatchingRules
from .readings import Mark
from .reference import Lesion

LL, NL, SURPLUS = "LL", "NL", "surplus"
DEFAULT_RULES = MatchingRules()


@dataclasses.dataclass(frozen=True)
class MatchedMark:
    """A mark with its verdict. lesionId: for LL and surplus; distanceMm: to the nearest lesion's center, inf without.

    doubt: why a human must decide, or empty.
    """

    mark: Mark
    verdict: str
    lesionId: str = ""
    distanceMm: float = math.inf
    doubt: str = ""


def matchMarks(
    marks, lesions, *, rules: MatchingRules = DEFAULT_RULES, isInMask: Callable[[Lesion, tuple], bool] | None = None
) -> tuple[MatchedMark, ...]:
    """Verdicts in the order of the marks. isInMask(lesion, ras) is asked for lesions that have a mask."""
    if not marks or not lesions:
        return tuple(MatchedMark(mark, NL) for mark in marks)
    distances = _distances(marks, lesions)
    accepted = _accepted(marks, lesions, distances, rules, isInMask)
    taken = _assignment(distances, accepted)
    return tuple(_verdict(row, marks, lesions, distances, accepted, taken, rules) for row in range(len(marks)))


def acceptanceMm(lesion: Lesion, rules: MatchingRules) -> float:
    """Greatest distance from the lesion's center at which a mark still belongs to it."""
    return max(rules.minimumMm, lesion.radiusMm + rules.marginMm)


def _distances(marks, lesions):
    places = np.array([mark.ras for mark in marks], float)
    centers = np.array([lesion.ras for lesion in lesions], float)
    return np.linalg.norm(places[:, None] - centers[None], axis=2)


def _accepted(marks, lesions, distances, rules, isInMask):
    limits = np.array([acceptanceMm(lesion, rules) for lesion in lesions])
    accepted = distances <= limits
    if isInMask is not None:
        for column, lesion in enumerate(lesions):
            if lesion.mask:
                accepted[:, column] |= [isInMask(lesion, mark.ras) for mark in marks]
    return accepted


def _assignment(distances, accepted):
    """Mark index to lesion index. A forbidden pair costs more than all allowed ones together."""
    from scipy.optimize import linear_sum_assignment

    forbidden = 1.0 + distances[accepted].sum() if accepted.any() else 1.0
    rows, columns = linear_sum_assignment(np.where(accepted, distances, forbidden))
    return {int(row): int(column) for row, column in zip(rows, columns, strict=True) if accepted[row, column]}


def _verdict(row, marks, lesions, distances, accepted, taken, rules):
    nearest = float(distances[row].min())
    doubt = _doubt(row, lesions, distances, accepted, taken, rules)
    if row in taken:
        return MatchedMark(marks[row], LL, lesions[taken[row]].id, float(distances[row, taken[row]]), doubt)
    candidates = np.flatnonzero(accepted[row])
    if len(candidates):
        best = candidates[distances[row, candidates].argmin()]
        return MatchedMark(marks[row], SURPLUS, lesions[best].id, float(distances[row, best]), doubt)
    return MatchedMark(marks[row], NL, "", nearest, doubt)


def _doubt(row, lesions, distances, accepted, taken, rules):
    candidates = np.flatnonzero(accepted[row])
    if len(candidates) > 1:
        return "within reach of lesions " + ", ".join(lesions[column].id for column in candidates)
    limits = np.array([acceptanceMm(lesion, rules) for lesion in lesions])
    near = np.flatnonzero(np.abs(distances[row] - limits) < rules.ambiguousMm)
    if len(near):
        column = near[0]
        return f"{distances[row, column]:.1f} mm from lesion {lesions[column].id}; the limit is {limits[column]:.1f} mm"
    rivals = [other for other in taken if other != row and len(candidates) and taken[other] == candidates[0]]
    if rivals and abs(distances[rivals[0], candidates[0]] - distances[row, candidates[0]]) < rules.ambiguousMm:
        return f"another mark lies as near to lesion {lesions[candidates[0]].id}"
    return ""
