"""Measures that look beyond the regions, as measurement rows: conspicuity and the color of the noise. No Slicer.

They take tens of milliseconds a lesion, so a dragged region is measured by them only when it rests.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from DLEnhanceLib.errors import BadOption
from DLEnhanceLib.volume import Volume

from .conspicuity import Conspicuity, conspicuity
from .masks import RegionMask
from .measurement import ENHANCED, NO_METHOD, STANDARD, MeasurementRow, pairedRegions
from .measures import FEWEST_VOXELS, LEAST_RELATIVE_SD
from .noisePower import PATCH, NoisePower, noisePower
from .regions import LESION, Region

CONSPICUITY, NOISE_FREQUENCY = "conspicuity", "noise_frequency"
SURROUND_METRICS = (CONSPICUITY, NOISE_FREQUENCY)
UNITS = {CONSPICUITY: "1", NOISE_FREQUENCY: "1/mm"}
# enhancement-notes 3.2: below this share of the input's mean frequency denoised images look like plastic.
COARSE_NOISE = 0.7
LARGEST_LEFT_OUT = 0.3  # of the surround
THICKNESS = 4  # slices to each side of a region from which noise without anatomy is taken


@dataclasses.dataclass(frozen=True, eq=False)
class NoiseImages:
    """Images of the noise alone: at(condition, box) gives a block (k, j, i), None or zeros where it is not known."""

    method: str
    at: Callable[[str, tuple], np.ndarray | None]


def measureSurround(
    standard: Volume,
    enhanced: Volume | None,
    regions: Sequence[Region],
    *,
    metrics: Sequence[str] = SURROUND_METRICS,
    case: str = "",
    references: Mapping[str, str] | None = None,
    noiseImages: Sequence[NoiseImages] = (),
) -> list[MeasurementRow]:
    """One row per lesion, condition and measure.

    metrics: of SURROUND_METRICS. noiseImages: noise without anatomy, from a repeat or from pseudo-replicas; without one
    the noise is what a linear slope leaves in the reference region. Raises BadOption for an unknown metric or without
    a lesion.
    """
    for metric in metrics:
        if metric not in SURROUND_METRICS:
            raise BadOption(f'There is no measure "{metric}"; choose from {", ".join(SURROUND_METRICS)}.')
    volumes = {STANDARD: standard} if enhanced is None else {STANDARD: standard, ENHANCED: enhanced}
    pairs = pairedRegions(regions, references)
    rows = []
    for pair in pairs:
        names = _Names(case, pair)
        if CONSPICUITY in metrics:
            others = [region for region in regions if region is not pair.lesion and region.role == LESION]
            rows += [_conspicuityRow(names, condition, volume, others) for condition, volume in volumes.items()]
        if NOISE_FREQUENCY in metrics:
            rows += _frequencyRows(names, volumes, pair, noiseImages)
    return rows


def differenceImages(pairs: Mapping[str, tuple[Volume, Volume]]) -> NoiseImages:
    """Noise images from two acquisitions a condition: (first - second) / sqrt 2."""

    def at(condition, box):
        if condition not in pairs:
            return None
        first, second = (volume.voxels[box].astype(np.float64) for volume in pairs[condition])
        return (first - second) / np.sqrt(2)

    return NoiseImages("difference", at)


def replicaImages(images: Mapping[str, np.ndarray]) -> NoiseImages:
    """Noise images (k, j, i) from pseudo-replicas, by condition."""
    return NoiseImages("pseudo_replica", lambda condition, box: images[condition][box] if condition in images else None)


@dataclasses.dataclass(frozen=True)
class _Names:
    case: str
    pair: object

    def row(self, condition, metric, value, **fields):
        empty = dict.fromkeys(("lesionStatistics", "referenceStatistics", "airStatistics"))
        fields = {"method": NO_METHOD, "noise": None, "air": "", "reference": "", "warning": ""} | empty | fields
        return MeasurementRow(
            case=self.case,
            lesion=self.pair.lesion.name,
            condition=condition,
            metric=metric,
            value=value,
            unit=UNITS[metric],
            **fields,
        )


def _conspicuityRow(names, condition, volume, others):
    mask = names.pair.lesion.maskOn(volume)
    found = conspicuity(volume, mask, excluded=[region.maskOn(volume) for region in others])
    parts = (("edge_slope", found.edgeSlope), ("complexity", found.complexity), ("surround", found.surroundVoxels))
    return names.row(
        condition,
        CONSPICUITY,
        found.index,
        warning=" ".join(_conspicuityTexts(found, mask)),
        voxels=mask.count,
        components=tuple((name, float(value)) for name, value in parts if value is not None),
    )


def _conspicuityTexts(found: Conspicuity, mask):
    if found.reason:
        yield f"Not measurable: {found.reason}"
        return
    if mask.count < FEWEST_VOXELS:
        yield f"Only {mask.count} voxels; at least {FEWEST_VOXELS} are needed for a value to trust."
    if mask.voxelsOutside:
        yield f"{mask.voxelsOutside} voxels of the region lie outside the image."
    if found.leftOut > LARGEST_LEFT_OUT:
        yield f"{100 * found.leftOut:.0f} % of the surround was left out, because other lesions lie there."


def _frequencyRows(names, volumes, pair, noiseImages):
    """By every noise image given, else by the reference region."""
    where, rows = pair.reference or pair.lesion, []
    masks = {condition: where.maskOn(volume) for condition, volume in volumes.items()}
    for source in noiseImages:
        found = {
            condition: _fromNoise(source, condition, masks[condition], volume) for condition, volume in volumes.items()
        }
        rows += _spectrumRows(names, found, where.name, source.method)
    if not noiseImages:
        found = {
            condition: _fromRegion(pair.reference, masks[condition], volume) for condition, volume in volumes.items()
        }
        rows += _spectrumRows(names, found, where.name if pair.reference else "", "tissue_sd")
    return rows


def _fromNoise(source, condition, mask, volume) -> NoisePower | str:
    part = source.at(condition, noiseBox(mask)) if mask.count else None
    if part is None or not np.any(part):
        return "There is no noise image of this volume there."
    return _spectrum(part, volume, None)


def noiseBox(mask: RegionMask) -> tuple[slice, ...]:
    """Around a region, as large as a patch of the noise spectrum: noise images hold no anatomy."""
    half = (THICKNESS, PATCH // 2, PATCH // 2)
    middle = [start + size // 2 for start, size in zip(mask.start, mask.inside.shape, strict=True)]
    return tuple(
        slice(max(0, min(m - h, n - 2 * h)), min(n, max(m + h, 2 * h)))
        for m, h, n in zip(middle, half, mask.gridShape, strict=True)
    )


def _fromRegion(reference, mask, volume) -> NoisePower | str:
    if reference is None:
        return "There is no reference region."
    return _spectrum(volume.voxels[mask.slices], volume, mask.inside)


def _spectrum(noise, volume, inside):
    if not noise.size:
        return "The region lies outside the image."
    try:
        found = noisePower(noise, volume.spacing, inside=inside)
    except BadOption as error:
        return str(error)
    isConstant = found.sd <= LEAST_RELATIVE_SD * float(np.nanmax(np.abs(noise)))
    return "The region is constant, so it shows no noise." if isConstant else found


def _spectrumRows(names, found, where, method):
    return [
        names.row(
            condition,
            NOISE_FREQUENCY,
            None if isinstance(power, str) else power.meanFrequency,
            method=method,
            reference=where,
            noise=None if isinstance(power, str) else power.sd,
            warning=" ".join(_spectrumTexts(power, found[STANDARD], method)),
            voxels=None if isinstance(power, str) else power.voxels,
            components=()
            if isinstance(power, str)
            else (("peak_frequency", power.peakFrequency), ("patches", float(power.patches))),
        )
        for condition, power in found.items()
    ]


def _spectrumTexts(power, standard, method):
    if isinstance(power, str):
        yield f"Not measurable: {power}"
        return
    if not power.isWhole:
        yield "The region is small, so its spectrum is smeared; compare the two images, not with other regions."
    if method == "tissue_sd":
        yield "The noise is what a slope leaves in the reference, which holds its texture too."
    if not isinstance(standard, str) and power.meanFrequency < COARSE_NOISE * standard.meanFrequency:
        share = 100 * power.meanFrequency / standard.meanFrequency
        yield f"The noise became coarse: {share:.0f} % of the standard's frequency; below 70 % it looks like plastic."
