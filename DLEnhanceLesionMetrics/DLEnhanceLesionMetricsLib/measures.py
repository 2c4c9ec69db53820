"""Statistics of a region and the ratios made of them: SNR and CNR by every noise method, contrast. Pure numpy.

Every result is a Measure: a value or the reason why there is none, the noise it was divided by, warnings. Formulas:
S_L, SD_L lesion; S_R, SD_R reference tissue; S_A, SD_A air; SD is the sample SD (n - 1). References: Dietrich et al.
2007 (doi:10.1002/jmri.20969) for the methods and their limits, Gudbjartsson and Patz 1995 for the Rayleigh factor.
"""

import dataclasses
import math
from collections.abc import Callable

import numpy as np

from DLEnhanceLib.errors import BadOption

RAYLEIGH_FACTOR = math.sqrt(2 - math.pi / 2)  # SD of a Rayleigh background over sigma, 0.65514
FEWEST_VOXELS = 9
LEAST_RELATIVE_SD = 1e-6
# Air with more than this share of its smallest value was blanked by the scanner or a program; unblanked Rayleigh noise
# that passes LEAST_SD_IN_STEPS rounds to zero in at most 20 % of the voxels.
LARGEST_BLANK_SHARE = 0.25
# Rounding to steps adds step^2 / 12 of variance; below this SD in steps more than a tenth of the SD is rounding.
LEAST_SD_IN_STEPS = 0.75
# Mean over SD of a Rayleigh background is 1.913; several coils, filters and ghosts leave this range.
RAYLEIGH_MEAN_OVER_SD = (1.70, 2.15)


@dataclasses.dataclass(frozen=True)
class RegionStatistics:
    """What the voxels of one region say. Intensities in image units; NaN where there are too few voxels.

    count: finite voxels measured; notFinite: NaN or infinite voxels left out; voxelsOutside: those beyond the image.
    sd: sample SD (n - 1). mm2: area, for flat regions. blankShare: share of voxels that equal the smallest
    value, 0 when it occurs once. step: smallest difference between two values, 0 when all are equal.
    warnings: sentences about the region.
    """

    count: int
    mean: float
    sd: float
    median: float
    minimum: float
    maximum: float
    mm3: float
    mm2: float | None = None
    notFinite: int = 0
    voxelsOutside: int = 0
    blankShare: float = 0.0
    step: float = 0.0
    warnings: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Measure:
    """A value, or None with the reason. noise: the SD in the denominator, None for noise-free measures."""

    value: float | None
    noise: float | None = None
    reason: str = ""
    warnings: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class RegionSet:
    """The statistics a measure may need, of one image. difference: SD of (first - second) / sqrt 2 in the lesion.

    mean of the repeats in the lesion and the reference: repeatMeans (lesion, reference).
    replica: root mean square over the lesion of a noise map from pseudo-replicas, in image units.
    """

    lesion: RegionStatistics
    reference: RegionStatistics | None = None
    air: RegionStatistics | None = None
    difference: float | None = None
    repeatMeans: tuple[float, float | None] | None = None
    replica: float | None = None


@dataclasses.dataclass(frozen=True)
class NoiseMethod:
    """One definition of the noise. gives: which of "snr" and "cnr" it defines. factor: multiplies the ratio."""

    id: str
    title: str
    formula: str
    caution: str
    noise: Callable[[RegionSet], Measure]
    gives: tuple[str, ...] = ("snr", "cnr")
    factor: float = 1.0


def regionStatistics(values: np.ndarray, voxelVolume: float, *, areaPerVoxel=None, voxelsOutside=0, notes=()):
    """RegionStatistics of the voxels of a region, a 1-D array of any numeric type; voxelVolume in mm3."""
    values = np.asarray(values)
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    count, notFinite = int(finite.size), int(values.size - finite.size)
    warnings = (*notes, *_regionWarnings(count, notFinite, voxelsOutside))
    mm2 = None if areaPerVoxel is None else count * areaPerVoxel
    sizes = {"mm3": count * voxelVolume, "mm2": mm2, "notFinite": notFinite, "voxelsOutside": voxelsOutside}
    if not count:
        return RegionStatistics(0, *(math.nan,) * 5, **sizes, warnings=warnings)
    ordered = np.sort(finite).astype(np.float64)
    steps = np.diff(ordered)
    lowest = int(np.searchsorted(ordered, ordered[0], side="right"))
    return RegionStatistics(
        count=count,
        mean=float(ordered.mean()),
        sd=float(ordered.std(ddof=1)) if count > 1 else math.nan,
        median=float(np.median(ordered)),
        minimum=float(ordered[0]),
        maximum=float(ordered[-1]),
        blankShare=lowest / count if lowest > 1 else 0.0,
        step=float(steps[steps > 0].min()) if steps.any() else 0.0,
        warnings=warnings,
        **sizes,
    )


def snr(regions: RegionSet, method: str) -> Measure:
    """Signal-to-noise ratio of the lesion by a noise method's id."""
    signal = regions.lesion.mean
    if method == "difference" and regions.repeatMeans:
        signal = regions.repeatMeans[0]
    return _ratio(signal, regions, noiseMethod(method), "snr")


def referenceSnr(regions: RegionSet, method: str) -> Measure:
    """Signal-to-noise ratio of the reference tissue, with the same noise as the lesion's."""
    if regions.reference is None:
        return _missing("reference")
    return _ratio(regions.reference.mean, regions, noiseMethod(method), "snr")


def cnr(regions: RegionSet, method: str) -> Measure:
    """Signed contrast-to-noise ratio (S_L - S_R) / noise; negative for lesions darker than the reference."""
    if regions.reference is None:
        return _missing("reference")
    contrast = regions.lesion.mean - regions.reference.mean
    if method == "difference" and regions.repeatMeans:
        contrast = regions.repeatMeans[0] - regions.repeatMeans[1]
    return _ratio(contrast, regions, noiseMethod(method), "cnr")


def michelson(regions: RegionSet) -> Measure:
    """CR = (S_L - S_R) / (S_L + S_R): free of noise, and should hardly move under denoising."""
    return _contrast(regions, lambda lesion, reference: (lesion - reference, lesion + reference))


def contrastRatio(regions: RegionSet) -> Measure:
    """S_L / S_R, the lesion-to-background ratio."""
    return _contrast(regions, lambda lesion, reference: (lesion, reference))


def percentContrast(regions: RegionSet) -> Measure:
    """100 (S_L - S_R) / S_R in percent."""
    return _contrast(regions, lambda lesion, reference: (100.0 * (lesion - reference), reference))


def jointVariation(regions: RegionSet) -> Measure:
    """CJV = (SD_L + SD_R) / |S_L - S_R| (Ganzetti 2016, as in MRIQC): lower is better, also where air is masked."""
    noises = [_tissueNoise(getattr(regions, role), role) for role in ("lesion", "reference")]
    for noise in noises:
        if noise.value is None:
            return noise
    contrast = abs(regions.lesion.mean - regions.reference.mean)
    if contrast <= LEAST_RELATIVE_SD * max(abs(regions.lesion.mean), abs(regions.reference.mean)):
        return Measure(None, reason="Lesion and reference are equally bright.")
    texts = tuple(text for noise in noises for text in noise.warnings)
    return Measure(sum(noise.value for noise in noises) / contrast, warnings=texts)


def percentChange(standard: float | None, enhanced: float | None) -> float | None:
    """100 (enhanced - standard) / standard; None without both values or from zero. Equal values give exactly 0."""
    if standard is None or enhanced is None or standard == 0.0:
        return None
    return 100.0 * (enhanced - standard) / standard


def noiseMethod(method: str) -> NoiseMethod:
    """The noise method of an id. Raises BadOption that lists the ids."""
    if method not in NOISE_METHODS:
        raise BadOption(f'There is no noise method "{method}"; choose from {", ".join(NOISE_METHODS)}.')
    return NOISE_METHODS[method]


def _regionWarnings(count, notFinite, voxelsOutside):
    if voxelsOutside:
        where = f"{voxelsOutside} voxels of the region lie" if count else "The whole region lies"
        yield f"{where} outside the image."
    elif not count and not notFinite:
        yield "No voxel center lies inside the region."
    if notFinite:
        yield f"{notFinite} voxels are not a number and were left out."
    if 0 < count < FEWEST_VOXELS:
        yield f"Only {count} voxels; at least {FEWEST_VOXELS} are needed for a value to trust."


def _missing(role):
    return Measure(None, reason=f"There is no {role} region.")


def _tissueNoise(statistics: RegionStatistics | None, role: str) -> Measure:
    """The SD of a tissue region as a noise, or why it is none."""
    if statistics is None:
        return _missing(role)
    if statistics.count < 2:
        return Measure(None, reason=f"The {role} region has fewer than 2 voxels.")
    if statistics.sd <= LEAST_RELATIVE_SD * max(abs(statistics.minimum), abs(statistics.maximum)):
        return Measure(None, reason=f"The {role} region is constant, so it shows no noise.")
    warnings = ()
    if statistics.sd < LEAST_SD_IN_STEPS * statistics.step:
        warnings = (f"The SD of the {role} region is below one stored step; rounding inflates or hides it.",)
    return Measure(statistics.sd, statistics.sd, warnings=warnings)


def _airNoise(regions: RegionSet) -> Measure:
    """The SD of air as a noise; refuses blanked or coarsely rounded air."""
    air = regions.air
    if air is None:
        return _missing("air")
    if air.count < 2:
        return Measure(None, reason="The air region has fewer than 2 voxels.")
    if air.blankShare > LARGEST_BLANK_SHARE:
        share = 100 * air.blankShare
        return Measure(None, reason=f"The background is masked: {share:.0f} % of the air voxels are {air.minimum:g}.")
    if air.sd < LEAST_SD_IN_STEPS * air.step:
        return Measure(None, reason="The air is rounded to so few steps that its SD is not the noise.")
    if air.sd <= LEAST_RELATIVE_SD * abs(regions.lesion.mean):
        return Measure(None, reason="The SD of the air is zero against the signal: the background was blanked.")
    return Measure(air.sd, air.sd)


def _rayleighNoise(regions: RegionSet) -> Measure:
    noise = _airNoise(regions)
    if noise.value is None:
        return noise
    ratio = regions.air.mean / regions.air.sd
    if RAYLEIGH_MEAN_OVER_SD[0] <= ratio <= RAYLEIGH_MEAN_OVER_SD[1]:
        return noise
    text = f"Mean over SD of the air is {ratio:.2f} and not the 1.91 of one coil: the factor 0.655 does not hold."
    return dataclasses.replace(noise, warnings=(text,))


def _pooled(*wanted: str, divisor: float) -> Callable[[RegionSet], Measure]:
    """sqrt of the sum of the regions' variances over a divisor."""

    def noise(regions: RegionSet) -> Measure:
        parts = [_airNoise(regions) if role == "air" else _tissueNoise(getattr(regions, role), role) for role in wanted]
        for part in parts:
            if part.value is None:
                return part
        value = math.sqrt(sum(part.value**2 for part in parts) / divisor)
        return Measure(value, value, warnings=tuple(text for part in parts for text in part.warnings))

    return noise


def _differenceNoise(regions: RegionSet) -> Measure:
    if regions.difference is None:
        return Measure(None, reason="There is no repeated acquisition.")
    return _givenNoise(regions, regions.difference, "The two acquisitions are identical in the lesion.")


def _replicaNoise(regions: RegionSet) -> Measure:
    if regions.replica is None:
        return Measure(None, reason="No pseudo-replica noise map covers the lesion; compute one.")
    return _givenNoise(regions, regions.replica, "The replicas show no noise in the lesion.")


def _givenNoise(regions, noise, reason):
    if not math.isfinite(noise):
        return Measure(None, reason="The lesion region has fewer than 2 voxels.")
    if noise <= LEAST_RELATIVE_SD * abs(regions.lesion.mean):
        return Measure(None, reason=reason)
    return Measure(noise, noise)


def _ratio(signal, regions, method, kind):
    if kind not in method.gives:
        return Measure(None, reason=f"{method.title} defines no {kind.upper()}.")
    noise = method.noise(regions)
    if noise.value is None:
        return noise
    if not math.isfinite(signal):
        return Measure(None, noise.noise, "A region has no voxels.", noise.warnings)
    return dataclasses.replace(noise, value=method.factor * signal / noise.value)


def _contrast(regions, parts):
    if regions.reference is None:
        return _missing("reference")
    if not regions.lesion.count or not regions.reference.count:
        return Measure(None, reason="A region has no voxels.")
    numerator, denominator = parts(regions.lesion.mean, regions.reference.mean)
    if abs(denominator) <= LEAST_RELATIVE_SD * max(abs(regions.lesion.mean), abs(regions.reference.mean), 1e-300):
        return Measure(None, reason="The signal it is divided by is zero.")
    warnings = ()
    if min(regions.lesion.mean, regions.reference.mean) < 0:
        warnings = ("A mean signal is negative, so a ratio of signals has no meaning.",)
    return Measure(numerator / denominator, warnings=warnings)


_METHODS = (
    NoiseMethod(
        "tissue_sd",
        "SD of the reference tissue",
        "SNR = S_L / SD_R; CNR = (S_L - S_R) / SD_R",
        "The SD includes anatomy: the reference must look homogeneous.",
        lambda regions: _tissueNoise(regions.reference, "reference"),
    ),
    NoiseMethod(
        "roi_sd",
        "SD of the lesion itself",
        "SNR = S_L / SD_L",
        "Penalizes real heterogeneity of the lesion.",
        lambda regions: _tissueNoise(regions.lesion, "lesion"),
        gives=("snr",),
    ),
    NoiseMethod(
        "air_sd",
        "SD of air",
        "SNR = S_L / SD_A; CNR = (S_L - S_R) / SD_A",
        "For comparison with published tables only; many scanners and programs blank or filter the air.",
        _airNoise,
    ),
    NoiseMethod(
        "air_rayleigh",
        "SD of air, Rayleigh corrected",
        "SNR = 0.655 S_L / SD_A; CNR = 0.655 (S_L - S_R) / SD_A; 0.655 = sqrt(2 - pi/2)",
        "One coil and magnitude images only; invalid after parallel imaging, filtering or deep learning.",
        _rayleighNoise,
        factor=RAYLEIGH_FACTOR,
    ),
    NoiseMethod(
        "pooled_sd",
        "Pooled SD of lesion and reference",
        "CNR = (S_L - S_R) / sqrt((SD_L^2 + SD_R^2) / 2)",
        "Contains the heterogeneity of lesion and reference.",
        _pooled("lesion", "reference", divisor=2.0),
        gives=("cnr",),
    ),
    NoiseMethod(
        "pooled_sd_sum",
        "Summed variances of lesion and reference",
        "CNR = (S_L - S_R) / sqrt(SD_L^2 + SD_R^2)",
        "The fBIRN form; smaller than pooled_sd by sqrt 2.",
        _pooled("lesion", "reference", divisor=1.0),
        gives=("cnr",),
    ),
    NoiseMethod(
        "pooled_sd_sum_air",
        "Summed variances of lesion, reference and air",
        "CNR = (S_L - S_R) / sqrt(SD_L^2 + SD_R^2 + SD_A^2)",
        "The form of Magnotta and Friedman 2006; refuses blanked air.",
        _pooled("lesion", "reference", "air", divisor=1.0),
        gives=("cnr",),
    ),
    NoiseMethod(
        "difference",
        "Difference of two acquisitions",
        "SNR = mean(S1 + S2) / 2 / (SD(S1 - S2) / sqrt 2), both in the lesion; CNR with the same noise",
        "Needs a repeat without motion; the method to trust.",
        _differenceNoise,
    ),
    NoiseMethod(
        "pseudo_replica",
        "Pseudo-replicas",
        "SNR = S_L / RMS over the lesion of the SD over k >= 20 enhanced copies with other noise of known SD",
        "The true noise of a nonlinear enhancer, as far as the surveyed noise is the image's own.",
        _replicaNoise,
    ),
)
NOISE_METHODS = {method.id: method for method in _METHODS}
