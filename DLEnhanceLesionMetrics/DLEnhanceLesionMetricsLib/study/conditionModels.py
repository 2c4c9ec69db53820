"""The model behind every rate: outcome ~ condition + reader (+ more), clustered by patient."""

from .clusteredModels import LOGISTIC, GeeResult, Marginal, fitGee, marginalMean


def conditionModel(rows, *, family: str = LOGISTIC, extra=None) -> GeeResult:
    """rows: (reader, patient, condition 0 or 1, outcome, ...); extra: further terms by name, one value a row."""
    readers = sorted({row[0] for row in rows})
    terms = {"condition": [row[2] for row in rows]}
    terms |= {f"reader {name}": [float(row[0] == name) for row in rows] for name in readers[1:]}
    terms |= extra or {}
    return fitGee([float(row[3]) for row in rows], terms, [row[1] for row in rows], family=family)


def marginals(model: GeeResult, rows) -> tuple[Marginal, Marginal]:
    """Mean outcome in standard and enhanced, averaged over the readers as they stand in the rows."""
    readers = sorted({row[0] for row in rows})
    both = []
    for condition in (0.0, 1.0):
        designs = [[condition, *(float(row[0] == name) for name in readers[1:])] for row in rows]
        both.append(marginalMean(model, designs))
    return tuple(both)
