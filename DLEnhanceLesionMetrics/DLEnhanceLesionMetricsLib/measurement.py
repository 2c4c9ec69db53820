"""Measuring regions in a standard and an enhanced volume: one tidy row per value, with all of its components.

numpy only; no Slicer, no files. The masks are made once, in the standard volume's grid, and applied to both volumes; an
enhanced volume on another grid gets masks of the same regions in its own grid, since images are never resampled.
"""

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from DLEnhanceLib.errors import BadOption
from DLEnhanceLib.volume import Volume

from . import measures
from .masks import RegionMask
from .measures import Measure, RegionSet, RegionStatistics
from .regions import AIR, LESION, REFERENCE, Region

STANDARD, ENHANCED = "standard", "enhanced"
NO_METHOD = "none"
CONTRASTS = {
    "cr": (measures.michelson, "1"),
    "contrast_ratio": (measures.contrastRatio, "1"),
    "percent_contrast": (measures.percentContrast, "%"),
    "cjv": (measures.jointVariation, "1"),
}
RATIOS = {"snr": measures.snr, "cnr": measures.cnr, "reference_snr": measures.referenceSnr}
# A reference whose SD falls by more than this when a linear slope is taken out contains shading or anatomy.
LARGEST_TREND_SHARE = 0.15


@dataclasses.dataclass(frozen=True)
class MeasurementRow:
    """One value: which case, lesion and condition, by which metric and noise method, and everything it is made of.

    value: None when not measurable; the warning then says why. unit: UCUM ("1", "%", "mm").
    noise: the SD in the denominator, None for noise-free metrics. voxels: how many the value was measured in.
    components: (name, number) of what else the value is made of, in image units and mm.
    """

    case: str
    lesion: str
    condition: str
    metric: str
    method: str
    value: float | None
    unit: str
    noise: float | None
    warning: str
    reference: str
    air: str
    lesionStatistics: RegionStatistics
    referenceStatistics: RegionStatistics | None
    airStatistics: RegionStatistics | None
    voxels: int | None = None
    components: tuple[tuple[str, float], ...] = ()


@dataclasses.dataclass(frozen=True)
class ChangeRow:
    """The same value in both conditions and the change 100 (enhanced - standard) / standard; None if not measurable."""

    case: str
    lesion: str
    metric: str
    method: str
    unit: str
    standard: float | None
    enhanced: float | None
    percentChange: float | None
    warning: str


@dataclasses.dataclass(frozen=True)
class Summary:
    """Percent changes of one metric over the lesions of all cases: median and interquartile range, never of means."""

    metric: str
    method: str
    lesions: int
    cases: int
    median: float
    lowerQuartile: float
    upperQuartile: float


def measurePair(
    standard: Volume,
    enhanced: Volume | None,
    regions: Sequence[Region],
    *,
    noiseMethods: Sequence[str] = ("tissue_sd",),
    case: str = "",
    references: Mapping[str, str] | None = None,
    repeats: Mapping[str, Volume] | None = None,
    noiseMaps: Mapping[str, np.ndarray] | None = None,
) -> list[MeasurementRow]:
    """Measure every lesion in both volumes; the enhanced one may be None.

    references: lesion name to reference name; lesions that are not in it take the reference nearest to their level.
    repeats: condition to a second acquisition, for ``difference``. noiseMaps: condition to an array (k, j, i) of the
    noise SD in image units, for ``pseudo_replica``. Each on the grid of its condition's volume.
    Raises BadOption when there is no lesion, a name or method is unknown, or a repeat has another grid.
    """
    for method in noiseMethods:
        measures.noiseMethod(method)
    volumes = {STANDARD: standard} if enhanced is None else {STANDARD: standard, ENHANCED: enhanced}
    _requireOneGrid(volumes, repeats or {})
    pairs = pairedRegions(regions, references)
    masks = _masks(pairs, standard)
    rows = []
    for condition, volume in volumes.items():
        gridNotes = () if volume.isOnGridOf(standard) else (_ownGridText(standard, volume),)
        if gridNotes:
            masks = _masks(pairs, volume)
        measured = {key: _statistics(mask, volume) for key, mask in masks.items()}
        for pair in pairs:
            extra = _extras(pair, masks, volume, (repeats or {}).get(condition), (noiseMaps or {}).get(condition))
            regionSet = RegionSet(*(measured.get(id(region)) for region in pair), **extra)
            notes = _trendWarnings(masks.get(id(pair.reference)), volume, pair.reference)
            rows += _rows(case, condition, pair, regionSet, noiseMethods, notes, gridNotes=gridNotes)
    return rows


def _masks(pairs, volume):
    return {id(region): region.maskOn(volume) for pair in pairs for region in pair if region is not None}


def _ownGridText(standard, volume):
    """What to know of values from an enhanced volume whose grid is not that of the standard one."""
    text = f"{gridMismatch(standard, volume)}: the regions were put on either grid, and no image was resampled."
    if not np.isclose(standard.voxelVolume, volume.voxelVolume, rtol=1e-3):
        text += " The noise of voxels of unequal size is not comparable."
    return text


@dataclasses.dataclass(frozen=True)
class RegionPair:
    """A lesion with the reference and the air it is measured against."""

    lesion: Region
    reference: Region | None
    air: Region | None

    def __iter__(self):
        return iter((self.lesion, self.reference, self.air))


def pairedRegions(regions: Sequence[Region], references: Mapping[str, str] | None = None) -> list[RegionPair]:
    """Each lesion with its reference: the one named for it, else the nearest in height (S axis, then distance)."""
    byRole = {role: [region for region in regions if region.role == role] for role in (LESION, REFERENCE, AIR)}
    if not byRole[LESION]:
        raise BadOption("There is no lesion region; place one on a lesion first.")
    air = byRole[AIR][0] if byRole[AIR] else None
    named = {region.name: region for region in byRole[REFERENCE]}
    pairs = []
    for lesion in byRole[LESION]:
        wanted = (references or {}).get(lesion.name)
        if wanted is not None and wanted not in named:
            raise BadOption(f'There is no reference region "{wanted}" for the lesion "{lesion.name}".')
        pairs.append(RegionPair(lesion, named[wanted] if wanted else _nearest(lesion, byRole[REFERENCE]), air))
    return pairs


def changes(rows: Iterable[MeasurementRow]) -> list[ChangeRow]:
    """Both conditions of each value side by side, in the order of the standard rows; only pairs are returned."""
    rows = list(rows)
    enhanced = {_key(row): row for row in rows if row.condition == ENHANCED}
    found = [(row, enhanced.get(_key(row))) for row in rows if row.condition == STANDARD]
    return [_change(standard, other) for standard, other in found if other is not None]


def summarise(changeRows: Iterable[ChangeRow]) -> list[Summary]:
    """Median and quartiles of the percent change of each metric and method over all measurable lesions."""
    groups: dict[tuple[str, str], list[ChangeRow]] = {}
    for row in changeRows:
        if row.percentChange is not None:
            groups.setdefault((row.metric, row.method), []).append(row)
    summaries = []
    for (metric, method), members in groups.items():
        lower, median, upper = np.percentile([row.percentChange for row in members], [25, 50, 75])
        cases = len({row.case for row in members})
        summaries.append(Summary(metric, method, len(members), cases, float(median), float(lower), float(upper)))
    return summaries


def _requireOneGrid(volumes, repeats):
    for condition, repeat in repeats.items():
        volume = volumes.get(condition)
        if volume is not None and not repeat.isOnGridOf(volume):
            raise BadOption(f"{gridMismatch(volume, repeat)}; a repeat must have the grid of its image.")


def gridMismatch(first: Volume, second: Volume) -> str:
    """What differs between the grids of two volumes, for the user."""
    names = f'"{first.name}" and "{second.name}"'
    if first.voxels.shape != second.voxels.shape:
        sizes = (" x ".join(map(str, volume.voxels.shape[::-1])) for volume in (first, second))
        return f"{names} differ in size ({' and '.join(sizes)} voxels)"
    if not np.allclose(first.spacing, second.spacing, rtol=1e-4):
        sizes = (" x ".join(f"{size:.4g}" for size in volume.spacing) for volume in (first, second))
        return f"{names} differ in voxel size ({' and '.join(sizes)} mm)"
    if not np.allclose(first.ijkToRAS[:3, :3] / first.spacing, second.ijkToRAS[:3, :3] / second.spacing, atol=1e-4):
        return f"{names} differ in orientation"
    apart = np.linalg.norm(first.ijkToRAS[:3, 3] - second.ijkToRAS[:3, 3])
    return f"{names} are {apart:.3g} mm apart"


def _nearest(lesion, references):
    def distance(reference):
        apart = reference.center - lesion.center
        return (round(abs(float(apart[2])), 3), float(np.linalg.norm(apart)))

    return min(references, key=distance, default=None)


def _statistics(mask: RegionMask, volume: Volume) -> RegionStatistics:
    return measures.regionStatistics(
        mask.values(volume.voxels),
        volume.voxelVolume,
        areaPerVoxel=mask.areaPerVoxel,
        voxelsOutside=mask.voxelsOutside,
        notes=mask.notes,
    )


def _extras(pair, masks, volume, repeat, noiseMap):
    extra = {}
    lesion, reference = masks[id(pair.lesion)], masks.get(id(pair.reference))
    if repeat is not None:
        first, second = (lesion.values(image.voxels).astype(np.float64) for image in (volume, repeat))
        spread = float(np.std(first - second, ddof=1)) if first.size > 1 else math.nan
        means = [_meanOfBoth(mask, volume, repeat) for mask in (lesion, reference)]
        extra = {"difference": spread / math.sqrt(2), "repeatMeans": tuple(means)}
    if noiseMap is not None and lesion.count and lesion.values(noiseMap).min() > 0:
        # Zero: not mapped. The root mean square is unbiased, unlike the mean of SDs over a few replicas.
        extra["replica"] = float(np.sqrt(np.mean(np.square(lesion.values(noiseMap), dtype=np.float64))))
    return extra


def _meanOfBoth(mask, volume, repeat):
    if mask is None or not mask.count:
        return math.nan
    return float(np.mean([mask.values(volume.voxels), mask.values(repeat.voxels)], dtype=np.float64))


def _trendWarnings(mask, volume, reference):
    """Whether a reference's SD comes from a linear slope (shading, a tissue border) rather than from noise."""
    if mask is None or mask.count < 2 * measures.FEWEST_VOXELS:
        return ()
    values = mask.values(volume.voxels).astype(np.float64)
    positions = np.argwhere(mask.inside) - np.argwhere(mask.inside).mean(axis=0)
    usable = np.isfinite(values)
    values, positions = values[usable], positions[usable]
    slopes, _, rank, _ = np.linalg.lstsq(positions, values - values.mean(), rcond=None)
    left = values - values.mean() - positions @ slopes
    detrended = math.sqrt((left @ left) / max(len(values) - 1 - rank, 1))
    if detrended >= (1 - LARGEST_TREND_SHARE) * np.std(values, ddof=1):
        return ()
    return (f'The intensity of "{reference.name}" slopes across the region, which inflates its SD.',)


def _rows(case, condition, pair, regionSet, noiseMethods, notes, *, gridNotes=()):
    found: list[tuple[str, str, Measure, str]] = []
    for method in noiseMethods:
        gives = measures.noiseMethod(method).gives
        wanted = [metric for metric in RATIOS if metric.removeprefix("reference_") in gives]
        if method not in ("tissue_sd", "air_sd", "air_rayleigh"):
            wanted = [metric for metric in wanted if metric != "reference_snr"]
        found += [(metric, method, RATIOS[metric](regionSet, method), "1") for metric in wanted]
    found += [(metric, NO_METHOD, measure(regionSet), unit) for metric, (measure, unit) in CONTRASTS.items()]
    return [
        MeasurementRow(
            case=case,
            lesion=pair.lesion.name,
            condition=condition,
            metric=metric,
            method=method,
            value=measure.value,
            unit=unit,
            noise=measure.noise,
            warning=_warning(
                measure, regionSet, pair, (*(notes if method in ("tissue_sd", "pooled_sd") else ()), *gridNotes)
            ),
            reference=pair.reference.name if pair.reference else "",
            air=pair.air.name if pair.air else "",
            lesionStatistics=regionSet.lesion,
            referenceStatistics=regionSet.reference,
            airStatistics=regionSet.air,
            voxels=regionSet.lesion.count,
        )
        for metric, method, measure, unit in found
    ]


def _warning(measure, regionSet, pair, notes):
    texts = [f"Not measurable: {measure.reason}"] if measure.reason else []
    texts += [*measure.warnings, *notes]
    for region, statistics in zip(pair, (regionSet.lesion, regionSet.reference, regionSet.air), strict=True):
        texts += [f"{region.name}: {text}" for text in statistics.warnings] if statistics else []
    return " ".join(dict.fromkeys(texts))


def _key(row):
    return (row.case, row.lesion, row.metric, row.method)


def _change(standard, enhanced):
    texts = [row.warning for row in (standard, enhanced) if row.warning]
    values = (standard.value, enhanced.value)
    if None not in values and values[0] * values[1] < 0:
        texts.insert(0, "The sign changed, so the percent change has no plain meaning.")
    return ChangeRow(
        *_key(standard)[:2],
        standard.metric,
        standard.method,
        standard.unit,
        *values,
        measures.percentChange(*values),
        " ".join(dict.fromkeys(texts)),
    )
