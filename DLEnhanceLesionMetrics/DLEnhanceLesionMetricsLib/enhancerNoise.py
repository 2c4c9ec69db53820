"""The noise of a volume and of what our enhancer makes of it, by pseudo-replicas with noise like the volume's own.

numpy and the enhancement core; no Slicer, no files. The noise follows the survey: its map, and its correlation where
the image was interpolated. Either the whole head is mapped, or only boxes around regions, which takes seconds.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from DLEnhanceLib.enhancement import blendChange, computeComponents
from DLEnhanceLib.noiseMap import NoiseMap
from DLEnhanceLib.progress import noProgress
from DLEnhanceLib.strengths import Strengths
from DLEnhanceLib.survey import Survey, survey
from DLEnhanceLib.tiles import ALIGNMENT, FADE
from DLEnhanceLib.volume import Volume

from .coloredNoise import ColoredNoise
from .masks import boundingBox
from .pseudoReplica import DEFAULT_REPLICAS, pseudoReplica
from .regions import Region

SURVEY_SHARE = 0.05  # of the progress
AROUND = (4, 18, 18)  # voxels to each side of a region's middle at least: patches of 32 for the noise spectrum fit
# RMS of (volume - what the strengths give), in noise SDs, above which a volume was made in another way.
LARGEST_MISMATCH = 0.1
EVERYWHERE = (slice(None),) * 3


@dataclasses.dataclass(frozen=True, eq=False)
class EnhancerNoise:
    """Noise maps and one noise image of both conditions; float32 (k, j, i) in image units, 0 where not computed.

    standard, enhanced: SD per voxel. standardSample, enhancedSample: images of that noise, for spectra.
    mismatch: RMS difference between the enhanced volume given and what the strengths give, in noise SDs; None if none
    was given.
    """

    standard: np.ndarray
    enhanced: np.ndarray
    standardSample: np.ndarray
    enhancedSample: np.ndarray
    replicas: int
    strengths: Strengths
    modelId: str
    mismatch: float | None = None

    @property
    def warning(self) -> str:
        """A sentence when the maps may not be those of the enhanced volume."""
        if self.mismatch is None or self.mismatch <= LARGEST_MISMATCH:
            return ""
        return (
            f"The enhanced volume is {self.mismatch:.1f} noise SDs away from what these strengths and this model give, "
            "so the noise may not be its own."
        )


def enhancerNoise(
    volume: Volume,
    backend,
    strengths: Strengths,
    *,
    regions: Sequence[Region] | None = None,
    enhanced: Volume | None = None,
    replicas: int = DEFAULT_REPLICAS,
    priorSurvey: Survey | None = None,
    reportProgress=noProgress,
) -> EnhancerNoise:
    """Map the noise of a volume before and after enhancement.

    backend: see DLEnhanceLib.torchBackend. regions: only boxes around these, the whole head when None. enhanced: the
    volume that is measured, to compare with what the strengths give. A progress callback cancels by raising.
    Raises BadOption for fewer than 2 replicas and UnsupportedVolume for what cannot be surveyed.
    """
    found = priorSurvey or survey(volume, reportProgress=_within(reportProgress, 0.0, SURVEY_SHARE))
    boxes = [boundingBox(found.head)] if regions is None else regionBoxes(volume, regions)
    maps = [np.zeros(volume.voxels.shape, np.float32) for _ in range(4)]
    apart = []
    for number, box in enumerate(boxes):
        start, stop = (SURVEY_SHARE + (1 - SURVEY_SHARE) * (number + n) / len(boxes) for n in (0, 1))
        options = {"replicas": replicas, "seed": number, "report": _within(reportProgress, start, stop)}
        parts, result, sigma = _boxNoise(volume, found, backend, strengths, box, **options)
        for whole, part in zip(maps, parts, strict=True):
            whole[box] = part
        if enhanced is not None:
            difference = (enhanced.voxels[box].astype(np.float32) - result)[found.head[box]] / sigma[found.head[box]]
            apart.append(float(np.sqrt(np.nanmean(np.square(difference)))) if difference.size else 0.0)
    reportProgress(1.0, "Noise map finished")
    return EnhancerNoise(*maps, replicas, strengths, backend.modelId, max(apart) if apart else None)


def regionBoxes(volume: Volume, regions: Sequence[Region]) -> list[tuple[slice, ...]]:
    """The boxes of the regions' masks with room around them; regions without a voxel in the image have none."""
    masks = [region.maskOn(volume) for region in regions]
    return [_roomyBox(mask, volume.voxels.shape) for mask in masks if mask.count]


def _roomyBox(mask, shape):
    box = []
    for start, size, length, around in zip(mask.start, mask.inside.shape, shape, AROUND, strict=True):
        middle = start + size // 2
        box.append(slice(max(0, min(start, middle - around)), min(length, max(start + size, middle + around))))
    return tuple(box)


def _boxNoise(volume, found, backend, strengths, box, *, replicas, seed, report):
    """The four maps in a box, the enhanced voxels and the SD of the noise in it."""
    outer, inner = _withMargin(box, volume.voxels.shape, max(backend.margin, FADE + 4))
    part = Volume(volume.voxels[outer].astype(np.float32), volume.ijkToRAS, volume.name)
    local = surveyOfPart(found, outer)
    passes, done = replicas + 1, 0

    def enhanced(array):
        nonlocal done
        share = _within(report, done / passes, (done + 1) / passes)
        text = f"Replica {done} of {replicas}" if done else "Own noise"
        components = computeComponents(
            part.withVoxels(array), local, backend, reportProgress=lambda fraction, _: share(fraction, text)
        )
        done += 1
        return array + blendChange(components, strengths, EVERYWHERE), components

    result, own = enhanced(part.voxels)
    sigma, draw = local.noise.full(), ColoredNoise(found.noise.color, part.voxels.shape)
    replica = pseudoReplica(
        part.voxels,
        lambda array: enhanced(array)[0],
        sigma,
        ownNoise=own.noise,
        replicas=replicas,
        seed=seed,
        makeNoise=draw,
    )
    sample = sigma * draw(np.random.default_rng(seed + 1))
    maps = [np.nan_to_num(array[inner]) for array in (sigma, replica.noise, sample, replica.sample)]
    return maps, result[inner], sigma[inner]


def _withMargin(box, shape, margin):
    """The box with a margin, from multiples of the tiles' alignment, and where the box lies in it."""
    outer = tuple(
        slice(max(0, (part.start - margin) // ALIGNMENT * ALIGNMENT), min(size, part.stop + margin))
        for part, size in zip(box, shape, strict=True)
    )
    inner = tuple(slice(b.start - o.start, b.stop - o.start) for b, o in zip(box, outer, strict=True))
    return outer, inner


def surveyOfPart(found: Survey, box) -> Survey:
    """The survey of a part of the volume."""
    sigma = found.noise.at(box)
    noise = NoiseMap(sigma, (1, 1, 1), sigma.shape, found.noise.median, found.noise.relativeSpread, found.noise.color)
    return dataclasses.replace(found, noise=noise, head=found.head[box])


def _within(report, start, stop):
    return lambda fraction, text: report(start + fraction * (stop - start), text)
