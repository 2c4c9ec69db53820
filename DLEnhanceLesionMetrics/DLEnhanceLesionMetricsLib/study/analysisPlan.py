"""What of the statistics is decided before the first reading and stands in ``study.json`` as ``analysis``."""

import dataclasses
import hashlib
import json
import math

HOLM, BONFERRONI = "holm", "bonferroni"
POISSON, NEGATIVE_BINOMIAL = "poisson", "negative-binomial"


@dataclasses.dataclass(frozen=True)
class AnalysisPlan:
    """Choices that must not depend on the results.

    multiplicity: "holm" or "bonferroni", within each printed family.
    nonInferiorityMargin: points of the score that enhanced may lose at most; None: non-inferiority is not tested.
    falseMarks: "poisson", or "negative-binomial", which is used wherever counts vary more than Poisson ones.
    ordinalModel: add the ordinal model of the scores, clustered by patient.
    """

    multiplicity: str = HOLM
    nonInferiorityMargin: float | None = None
    falseMarks: str = POISSON
    ordinalModel: bool = False

    def problems(self) -> list[str]:
        """Every finding as a sentence."""
        found = []
        if self.multiplicity not in (HOLM, BONFERRONI):
            found.append(f"There is no correction {self.multiplicity!r}; use {HOLM} or {BONFERRONI}.")
        if self.falseMarks not in (POISSON, NEGATIVE_BINOMIAL):
            found.append(f"There is no model {self.falseMarks!r} of counts; use {POISSON} or {NEGATIVE_BINOMIAL}.")
        margin = self.nonInferiorityMargin
        if margin is not None and not (isinstance(margin, int | float) and math.isfinite(margin) and margin > 0):
            found.append("The non-inferiority margin must be a positive number of score points.")
        return found

    @property
    def multiplicityTitle(self) -> str:
        return self.multiplicity.capitalize()

    @property
    def digest(self) -> str:
        """A code of the plan; every reading session logs it, so that a plan changed later is seen."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]
