"""A stated model of lesions and readers, for the worked example, the regression test and power. No human reads here.

Detection of lesion l of patient p by reader r in condition c (logistic noise e, new for every reading)::

    t = visibility + sizeSlope * ln(diameter / 5 mm) + detectionEffect * [c is enhanced] + u_p + v_l + w_r + e

It is marked when t > 0; the confidence is 1 plus the number of 0.7, 1.5, 2.5 and 3.5 that t exceeds. u, v, w are normal
with the given standard deviations; u and v are shared by all readings of the patient and lesion, so the data are
clustered and paired as real ones are. False marks are Poisson with the rate
exp(ln(falseRate) + falseEffect * [enhanced] + u'_p + w_r). A score is the level of a normal latent value:
scoreMean + scoreEffect * [enhanced] + case + reader + noise, cut at 1.5, 2.5, 3.5 and 4.5; artifacts have no effect.
"""

import dataclasses

import numpy as np

CONFIDENCE_CUTS = (0.7, 1.5, 2.5, 3.5)
SCORE_CUTS = (1.5, 2.5, 3.5, 4.5)


@dataclasses.dataclass(frozen=True)
class ReaderModel:
    """Sizes of the effects and of the variation. The defaults are near Oh 2025; ``withoutEffect`` puts none in."""

    visibility: float = 1.5
    sizeSlope: float = 1.5
    detectionEffect: float = 0.7
    patientSd: float = 0.6
    lesionSd: float = 0.8
    readerSd: float = 0.2
    falseRate: float = 0.35
    falseEffect: float = 0.0
    falsePatientSd: float = 0.5
    scoreMean: float = 3.9
    scoreEffect: float = 0.5
    scoreCaseSd: float = 0.5
    scoreReaderSd: float = 0.2
    scoreNoiseSd: float = 0.5
    placeSdMm: float = 0.9
    diameterSdMm: float = 0.6
    secondsMedian: float = 75.0

    def withoutEffect(self) -> "ReaderModel":
        return dataclasses.replace(self, detectionEffect=0.0, falseEffect=0.0, scoreEffect=0.0)

    def text(self) -> str:
        """All parameters in a line, for the manifest."""
        return ", ".join(f"{field.name} {getattr(self, field.name):g}" for field in dataclasses.fields(self))


@dataclasses.dataclass(frozen=True)
class SimulatedLesion:
    """effect: u_p + v_l of the model."""

    id: str
    ras: tuple[float, float, float]
    diameterMm: float
    effect: float


@dataclasses.dataclass(frozen=True)
class SimulatedCase:
    """falseEffect and scoreEffect: the case's own deviations."""

    id: str
    lesions: tuple[SimulatedLesion, ...]
    falseEffect: float
    scoreEffect: float


@dataclasses.dataclass(frozen=True)
class SimulatedMark:
    """lesion is empty for a false mark."""

    ras: tuple[float, float, float]
    confidence: int
    diameterMm: float
    lesion: str = ""


def simulatedCases(count: int, model: ReaderModel, random, *, lesionFreeShare=0.5, halfSizeMm=28.0):
    """Cases with 1 to 4 lesions of 2 to 14 mm (log-normal around 5 mm), or none; at least 16 mm between lesions."""
    free = round(count * lesionFreeShare)
    cases = []
    for number in range(count):
        patient = random.normal(0, model.patientSd)
        lesionCount = 0 if number < free else 1 + min(int(random.poisson(0.9)), 3)
        places = _places(lesionCount, random, halfSizeMm)
        diameters = np.clip(random.lognormal(np.log(5.2), 0.45, lesionCount), 2, 14)
        effects = patient + random.normal(0, model.lesionSd, lesionCount)
        lesions = tuple(
            SimulatedLesion(f"L{k + 1}", places[k], round(float(diameters[k]), 1), float(effects[k]))
            for k in range(lesionCount)
        )
        deviations = random.normal(0, model.falsePatientSd), random.normal(0, model.scoreCaseSd)
        cases.append(SimulatedCase(f"case{number + 1:03d}", lesions, *map(float, deviations)))
    return cases


def _places(count, random, half):
    places = []
    while len(places) < count:
        place = random.uniform(-half, half, 3)
        if all(np.linalg.norm(place - other) >= 16 for other in places):
            places.append(place.round(2))
    return [tuple(map(float, place)) for place in places]


class SimulatedReader:
    """One reader with own skill and severity. Every call draws a new reading."""

    def __init__(self, model: ReaderModel, random):
        self.model, self.random = model, random
        self.skill = random.normal(0, model.readerSd)
        self.severity = random.normal(0, model.scoreReaderSd)

    def marks(self, case: SimulatedCase, isEnhanced: bool) -> list[SimulatedMark]:
        model, random = self.model, self.random
        found = []
        for lesion in case.lesions:
            size = model.sizeSlope * np.log(lesion.diameterMm / 5)
            visible = model.visibility + size + model.detectionEffect * isEnhanced + lesion.effect + self.skill
            latent = visible + random.logistic()
            if latent > 0:
                found.append(self._trueMark(lesion, latent))
        rate = np.log(model.falseRate) + model.falseEffect * isEnhanced + case.falseEffect + self.skill
        return found + [self._falseMark(case) for _ in range(random.poisson(np.exp(rate)))]

    def _trueMark(self, lesion, latent):
        place = np.array(lesion.ras) + self.random.normal(0, self.model.placeSdMm, 3)
        diameter = max(lesion.diameterMm + self.random.normal(0, self.model.diameterSdMm), 0.8)
        confidence = 1 + sum(bool(latent > cut) for cut in CONFIDENCE_CUTS)
        return SimulatedMark(tuple(map(float, place)), confidence, round(float(diameter), 1), lesion.id)

    def _falseMark(self, case):
        """Anywhere at least 15 mm from every lesion, so that the model's truth needs no matching."""
        while True:
            place = self.random.uniform(-60, 60, 3)
            if all(np.linalg.norm(place - np.array(lesion.ras)) > 15 for lesion in case.lesions):
                break
        confidence = 1 + int(self.random.binomial(3, 0.35))
        return SimulatedMark(tuple(map(float, place)), confidence, round(float(self.random.uniform(2, 6)), 1))

    def score(self, case: SimulatedCase, isEnhanced: bool, *, hasEffect: bool = True) -> int:
        model = self.model
        shift = model.scoreEffect * (isEnhanced and hasEffect)
        noise = self.random.normal(0, model.scoreNoiseSd)
        latent = model.scoreMean + shift + case.scoreEffect + self.severity + noise
        return 1 + sum(bool(latent > cut) for cut in SCORE_CUTS)

    def seconds(self) -> float:
        return float(self.random.lognormal(np.log(self.model.secondsMedian), 0.4))
