"""The whole analysis of a study: every comparison, for all cases and for each stratum, with its families of tests."""

import dataclasses
import math

from .caseList import COVARIATES
from .detectionComparisons import (
    RateComparison,
    falseMarkComparisons,
    figureComparisons,
    sensitivityComparisons,
    specificityComparisons,
)
from .freeResponse import Comparison
from .nonInferiority import MarginComparison, marginComparisons
from .ordinalModels import OrdinalComparison, ordinalComparisons
from .preferences import PreferenceComparison, preferenceComparisons
from .resampling import FamilyMember, adjusted
from .scoreComparisons import READER_MEAN, AgreementRow, ScoreComparison, agreementRows, scoreComparisons
from .studyData import StudyData
from .valueComparisons import SizeAgreement, ValueComparison, readingTimes, sizeAgreements, valueComparisons

ALL = "all cases"
SMALLEST_STRATUM = 5


@dataclasses.dataclass(frozen=True)
class Stratum:
    """The comparisons within some of the cases; name is "all cases" or "column = value"."""

    name: str
    data: StudyData
    scores: tuple[ScoreComparison, ...]
    rates: tuple[RateComparison, ...]
    figures: tuple[Comparison, ...]
    values: tuple[ValueComparison, ...]
    preferences: tuple[PreferenceComparison, ...] = ()


@dataclasses.dataclass(frozen=True)
class Family:
    """Tests that were corrected together, by the method of the plan (Holm or Bonferroni)."""

    name: str
    members: tuple[FamilyMember, ...]

    def corrected(self, name: str) -> float:
        return next((member.corrected for member in self.members if member.name == name), math.nan)


@dataclasses.dataclass(frozen=True)
class Analysis:
    """Everything that the report shows. strata[0] is all cases; left: strata that were too small, as sentences."""

    strata: tuple[Stratum, ...]
    families: tuple[Family, ...]
    agreement: tuple[AgreementRow, ...]
    sizes: tuple[SizeAgreement, ...]
    times: tuple[ValueComparison, ...]
    left: tuple[str, ...]
    margins: tuple[MarginComparison, ...] = ()
    ordinal: tuple[OrdinalComparison, ...] = ()

    @property
    def overall(self) -> Stratum:
        return self.strata[0]

    def family(self, name: str) -> Family:
        return next(family for family in self.families if family.name == name)

    def warnings(self) -> list[str]:
        """What the fits said, with the model that said it; nothing is swallowed."""
        found = []
        for stratum in self.strata:
            for rate in stratum.rates:
                texts = ([rate.model.failure] if rate.model.failure else []) + list(rate.model.notes)
                if texts:
                    what = f"{stratum.name}, {rate.question}, {rate.stratum}, {rate.reader}"
                    found.append(f"{what}: {'; '.join(texts)}")
        for row in self.ordinal:
            texts = ([row.model.failure] if row.model.failure else []) + list(row.model.notes)
            found += [f"ordinal model, {row.item.title}: {'; '.join(texts)}"] if texts else []
        tests = ((f"{row.item.title}, {row.reader}", row.test.failure) for row in self.margins)
        return found + [f"non-inferiority, {what}: {failure}" for what, failure in tests if failure]


IMAGE_SCORES, DETECTION, MEASUREMENTS, PREFERENCE = "image scores", "detection", "measurements", "preference"


def analyse(data: StudyData, *, ordinal: bool = False, reportProgress=lambda *_: None) -> Analysis:
    """Run everything; reportProgress(fraction, text) is called between the parts.

    ordinal: add the ordinal model although the plan does not hold it.
    """
    chosen, left = _strata(data)
    strata = []
    for number, (name, subset) in enumerate(chosen):
        reportProgress(number / (len(chosen) + 1), name)
        strata.append(_stratum(name, subset))
    reportProgress(len(chosen) / (len(chosen) + 1), "agreement")
    agreement, sizes, times = agreementRows(data), sizeAgreements(data), readingTimes(data)
    reportProgress(1.0, "done")
    return Analysis(
        tuple(strata),
        _families(strata[0]),
        tuple(agreement),
        tuple(sizes),
        tuple(times),
        tuple(left),
        tuple(marginComparisons(data)),
        tuple(ordinalComparisons(data)) if ordinal or data.manifest.analysis.ordinalModel else (),
    )


def _stratum(name, data):
    rates = (*sensitivityComparisons(data), *specificityComparisons(data), *falseMarkComparisons(data))
    return Stratum(
        name,
        data,
        tuple(scoreComparisons(data)),
        rates,
        tuple(figureComparisons(data)),
        tuple(valueComparisons(data)),
        tuple(preferenceComparisons(data)),
    )


def _strata(data):
    """All cases, then every value of every covariate that has several."""
    chosen, left = [(ALL, data)], []
    for column in COVARIATES:
        values = sorted({case.covariate(column) for case in data.cases.values()} - {""})
        for value in values if len(values) > 1 else ():
            subset = data.subset(lambda case, column=column, value=value: case.covariate(column) == value)
            patients = len({case.patientId for case in subset.cases.values()})
            if patients < SMALLEST_STRATUM:
                left.append(f"{column} = {value} has {patients} patient(s) and was not analysed alone.")
            else:
                chosen.append((f"{column} = {value}", subset))
    return chosen, left


def _families(overall):
    """Primary tests only: averaged readers, all readers, all sizes; strata and single readers are exploratory."""
    scores = {row.item.title: row.test.p for row in overall.scores if row.reader == READER_MEAN}
    detection = {}
    for rate in overall.rates:
        term = rate.model.term("condition")
        if rate.question not in detection:
            detection[rate.question] = term.p if term else math.nan
    for figure in overall.figures:
        if figure.figure == "wAFROC":
            detection["wAFROC"] = figure.p  # the last one: readers and cases, where there are several readers
    values = {f"{row.metric} ({row.method})": row.test.p for row in overall.values}
    preferred = {row.item.title: row.test.p for row in overall.preferences if row.reader == READER_MEAN}
    named = ((IMAGE_SCORES, scores), (DETECTION, detection), (MEASUREMENTS, values), (PREFERENCE, preferred))
    method = overall.data.manifest.analysis.multiplicity
    return tuple(Family(name, adjusted(tests, method=method)) for name, tests in named)
