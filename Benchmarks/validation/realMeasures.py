"""Numbers of a real volume before and after: SNR, CNR and contrast of a lesion or of two tissues, width of edges."""

import dataclasses

import numpy as np
from scipy import ndimage

from DLEnhanceLesionMetricsLib.profiles import lineProfile
from DLEnhanceLesionMetricsLib.sharpness import edgeRise
from DLEnhanceLib.errors import BadOption

EDGES = 120
HALF_LINE = 4.5  # voxels to both sides of an edge


@dataclasses.dataclass(frozen=True, eq=False)
class Regions:
    """reference: slices of a flat patch of tissue; other: mask of the lesion or slices of another tissue's patch."""

    reference: tuple
    other: object
    isLesion: bool


def chooseRegions(volume, head, lesion) -> Regions:
    """The flattest patch deep in the head; beside it the lesion or the flattest patch of other brightness."""
    image = volume.voxels.astype(np.float32)
    depth = ndimage.distance_transform_edt(head, sampling=volume.spacing[::-1])
    deep = depth > 0.35 * depth.max()
    if lesion is not None:
        deep &= ~ndimage.binary_dilation(lesion, iterations=6)
    size = [3 if volume.spacing[2] < 2.5 else 1, 7, 7]
    mean, spread = _patchStatistics(image, size, deep, volume.spacing[::-1])
    reference = _patch(mean, spread, size)
    if lesion is not None:
        return Regions(reference, lesion, True)
    level = image[reference].mean()
    spread[np.abs(mean / level - 1) < 0.2] = np.inf
    other = _patch(mean, spread, size) if np.isfinite(spread).any() else reference
    return Regions(reference, other, False)


def _patchStatistics(image, size, deep, spacing):
    """Mean and relative SD of the blurred image in patches; infinite SD outside. Blurred, so that anatomy decides."""
    smooth = ndimage.gaussian_filter(image, [0.7 if s < 2.5 else 0 for s in spacing])
    mean = ndimage.uniform_filter(smooth, size)
    variance = ndimage.uniform_filter(smooth.astype(np.float64) ** 2, size) - mean.astype(np.float64) ** 2
    inside = ndimage.minimum_filter(deep, size)
    bright = mean > 0.3 * np.percentile(image[deep], 95)
    return mean, np.where(inside & bright, np.sqrt(np.maximum(variance, 0)) / np.maximum(mean, 1e-6), np.inf)


def _patch(mean, spread, size):
    centre = np.unravel_index(int(np.argmin(spread)), mean.shape)
    return tuple(slice(max(c - n // 2, 0), c - n // 2 + n) for c, n in zip(centre, size, strict=True))


@dataclasses.dataclass(frozen=True)
class Values:
    """tissue_sd: SNR and CNR of the lesion (or second tissue) over the SD of the reference; ratio: its mean over the
    reference's."""

    snr: float
    cnr: float
    ratio: float


def values(image, regions: Regions) -> Values:
    image = image.astype(np.float64)
    signal, reference = image[regions.other].mean(), image[regions.reference]
    noise = reference.std(ddof=1)
    return Values(signal / noise, abs(signal - reference.mean()) / noise, signal / reference.mean())


@dataclasses.dataclass(frozen=True)
class EdgeWidths:
    """Median 10-90 % rise in mm of the same edges in two images; ratio: median of the single ratios."""

    count: int
    before: float
    after: float
    ratio: float


def edgeWidths(volume, output, head, random) -> EdgeWidths:
    """Lines across strong edges of the standard image, in the slice; both images are measured on the same lines."""
    lines = list(_lines(volume, head, random))
    pairs = []
    for start, end in lines:
        rises = [_rise(one, start, end) for one in (volume, output)]
        if None not in rises:
            pairs.append(rises)
    if len(pairs) < 5:
        return EdgeWidths(len(pairs), np.nan, np.nan, np.nan)
    pairs = np.array(pairs)
    return EdgeWidths(len(pairs), *np.median(pairs, axis=0), float(np.median(pairs[:, 1] / pairs[:, 0])))


def _rise(volume, start, end):
    try:
        return edgeRise(lineProfile(volume, start, end)).distance
    except BadOption:
        return None


def _lines(volume, head, random):
    smooth = ndimage.gaussian_filter(volume.voxels.astype(np.float32), (0, 1, 1))
    slopes = np.stack([ndimage.sobel(smooth, axis) for axis in (1, 2)])
    strength = np.hypot(*slopes)
    border = np.zeros(head.shape, bool)
    border[:, 8:-8, 8:-8] = True
    inside = head & border
    if not inside.any():
        return
    strong = np.argwhere(inside & (strength > np.percentile(strength[inside], 97)))
    for k, j, i in strong[random.permutation(len(strong))[: 4 * EDGES]]:
        direction = slopes[:, k, j, i] / strength[k, j, i] * HALF_LINE
        ends = np.array([[i - direction[1], j - direction[0], k, 1], [i + direction[1], j + direction[0], k, 1]])
        yield tuple((ends @ volume.ijkToRAS.T)[:, :3])
