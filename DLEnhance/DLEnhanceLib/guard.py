"""What must not have happened to an enhanced image: checks with number, threshold, its source and a plain sentence."""

import dataclasses

from .guardEvidence import MARGIN, evidenceMap, measureChange
from .guardRings import measureRings
from .guardScope import scopeFindings

CORRELATION_LIMIT = 0.10
SPREAD_LIMIT = 1.5
BLOB_LIMIT = 4.0
HARMLESS_CHANGE = 0.003
RING_LIMIT = 1.5

__all__ = ["Finding", "GuardReport", "evidenceMap", "inspect"]


@dataclasses.dataclass(frozen=True)
class Finding:
    """One check. passed is True where the value is within the threshold; source says where the threshold comes from."""

    id: str
    value: float
    threshold: float
    passed: bool
    sentence: str
    source: str


@dataclasses.dataclass(frozen=True)
class GuardReport:
    """All findings of one enhanced image."""

    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        return all(finding.passed for finding in self.findings)

    def asDict(self) -> dict:
        """For JSON and reports."""
        return {"passed": self.passed, "findings": [dataclasses.asdict(finding) for finding in self.findings]}


def inspect(volume, components, strengths, survey) -> GuardReport:
    """Check an enhancement: volume and its Survey before, the three components (k,j,i) and the strengths applied."""
    findings = list(scopeFindings(volume, survey, Finding))
    if not strengths.isIdentity:
        change = measureChange(volume, components, strengths, survey)
        findings += [anatomyFinding(change), spreadFinding(change), lossFinding(change), inventionFinding(change)]
        findings.append(ringFinding(measureRings(volume, components, strengths, survey)))
    return GuardReport(tuple(findings))


def anatomyFinding(change):
    """Removed noise must not follow the edges of the image."""
    value = max(abs(change.edgeCorrelation), change.magnitudeCorrelation)
    harmless = change.removedSD <= HARMLESS_CHANGE
    passed = value <= CORRELATION_LIMIT or harmless
    sentence = "What was removed as noise does not follow the anatomy."
    if harmless and value > CORRELATION_LIMIT:
        sentence = "What was removed follows the anatomy, but it is less than 0.3 % of the tissue intensity."
    elif not passed:
        sentence = "What was removed as noise follows edges of the anatomy: look at the difference image."
    source = (
        "Acceptance test AT8: correlation with the edge map at most 0.1 (after MRtrix' advice to look at residuals)"
    )
    return Finding("residualAnatomy", value, CORRELATION_LIMIT, passed, sentence, source)


def spreadFinding(change):
    """No more may be removed than there was noise."""
    passed = change.relativeSD <= SPREAD_LIMIT
    if passed:
        sentence = f"The removed noise has {change.relativeSD:.2f} times the standard deviation that was estimated."
    else:
        sentence = f"{change.relativeSD:.1f} times more was removed than the noise that was estimated."
    source = "Enhancement notes 2.1: warn above about 1.5 times the estimated noise"
    return Finding("residualSpread", change.relativeSD, SPREAD_LIMIT, passed, sentence, source)


def lossFinding(change):
    """No small structure may lose more contrast than chance explains."""
    threshold = change.chance + MARGIN
    passed = change.loss.value <= threshold
    sentence = "No small structure lost more contrast than noise explains."
    if not passed:
        sentence = (
            f"{change.loss.count} small structure(s) lost contrast, most at voxel {place(change.loss.place)} (i, j, k)."
        )
    source = f"2 sigma (enhancement notes 2.1) beyond the largest of {change.places:.0f} places by chance"
    return Finding("smallStructureLoss", change.loss.value, threshold, passed, sentence, source)


def inventionFinding(change):
    """No small structure may appear that the input does not show."""
    threshold = max(BLOB_LIMIT, change.chance + MARGIN)
    passed = change.gain.value <= threshold
    sentence = "No small structure appeared that the input does not show."
    if not passed:
        where = place(change.gain.place)
        sentence = f"{change.gain.count} small structure(s) appeared or grew, most at voxel {where} (i, j, k)."
    source = (
        f"Acceptance test AT7: no new blob above 4 sigma, beyond the largest of {change.places:.0f} places by chance"
    )
    return Finding("newStructure", change.gain.value, threshold, passed, sentence, source)


def ringFinding(rings):
    """In no patch may detail differ from the input's by more than noise: neither invented nor taken away."""
    passed = rings.excess <= RING_LIMIT
    sentence = "The detail of the result is that of the input, less noise."
    if not passed:
        sentence = (
            f"The result shows detail that is not in the input, most around voxel {place(rings.place)} (i, j, k)."
        )
    source = (
        "Scanning Fourier ring correlation (acceptance test AT9): incoherent power of a patch, at most the noise power "
        "for an ideal result; limit above all harmless results of Benchmarks/guardBenchmark.py"
    )
    return Finding("newDetail", rings.excess, RING_LIMIT, passed, sentence, source)


def place(index):
    return ", ".join(str(part) for part in reversed(index))
