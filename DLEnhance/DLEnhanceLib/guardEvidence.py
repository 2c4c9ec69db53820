"""How a change compares with what noise and truncation can explain, by slabs so that memory stays bounded.

Small structures are looked for with two blob filters: a weighted mean over about 3 (or 27) voxels less the mean of the
neighborhood. Their noise SD follows from the noise map and the colour of the noise.
"""

import dataclasses

import numpy as np
from scipy import ndimage

from .noiseColor import onAxis, response

SLAB = 32
HALO = 6
SURROUND = 7
RINGING_SHARE = 0.09  # overshoot of a truncated step (Gibbs), of the local intensity range
SMOOTHING_SHARE = 0.15  # of it, by the Gaussian that unequal de-ringing and sharpening leave (guardBenchmark.py)
LOWEST_SNR = 4.0  # of voxels whose noise counts; below it magnitude noise is not Gaussian
EXPLAINED = 3.0  # sigma of a single place that noise explains (0.27 % of the places)
MOST_PAIRS = 3_000_000
MOST_PLACES = 3000  # of one slab and scale
MARGIN = 2.0  # sigma beyond chance that a small structure may change (enhancement notes 2.1)
VOXELS_PER_PLACE = 8  # neighbouring voxels of a blob-filtered image are nearly the same place


@dataclasses.dataclass(frozen=True)
class Extreme:
    """The strongest of many places: value in SDs of the noise, place (k,j,i), and how many were above the limit."""

    value: float = 0.0
    place: tuple[int, int, int] = (0, 0, 0)
    count: int = 0


@dataclasses.dataclass(frozen=True)
class ChangeMeasures:
    """Numbers of one change.

    edgeCorrelation, magnitudeCorrelation: of the removed noise and of its magnitude with the edges, both relative to
    the local noise; removedSD: normalised; relativeSD: of that over the estimated noise; loss, gain: of the
    contrast of small structures; chance: what noise alone gives at the strongest of so many places.
    """

    places: float
    edgeCorrelation: float
    magnitudeCorrelation: float
    removedSD: float
    relativeSD: float
    loss: Extreme
    gain: Extreme

    @property
    def chance(self) -> float:
        return chanceLevel(self.places)


def chanceLevel(places):
    """Largest of so many independent normal deviates, about."""
    return float(np.sqrt(2 * np.log(max(places, 2.0))))


def measureChange(volume, components, strengths, survey) -> ChangeMeasures:
    """All measures of the change that the strengths make of the components."""
    places = np.count_nonzero(survey.head) / VOXELS_PER_PLACE
    kernels = blobKernels(volume, survey)
    pairs, losses, gains = PairSums(), Peaks(), Peaks()
    for slab in slabs(volume, components, strengths, survey):
        pairs.add(slab)
        for kernel in kernels:
            searchBlobs(slab, kernel, strengths, losses, gains)
    limit = chanceLevel(places) + MARGIN
    return ChangeMeasures(places, *pairs.measures(), loss=losses.extreme(limit), gain=gains.extreme(limit))


def evidenceMap(volume, components, strengths, survey) -> np.ndarray:
    """How far the change exceeds what noise (3 sigma) and truncation explain, in sigma of the noise; float32 (k,j,i).

    The larger of voxel, fine and coarse scale; 0 where everything is explained.
    """
    result = np.zeros(volume.voxels.shape, np.float32)
    kernels = blobKernels(volume, survey)
    for slab in slabs(volume, components, strengths, survey):
        allowed = toleranceEverywhere(slab, strengths)
        excess = np.abs(slab.change) - allowed
        best = excess / slab.sigma
        for kernel in kernels:
            best = np.maximum(best, (np.abs(kernel.contrast(slab.change)) - allowed) / (kernel.noise * slab.sigma))
        inside = np.where(slab.head, np.maximum(best - EXPLAINED, 0.0), 0.0)
        result[slab.box] = inside[slab.core]
    return result


@dataclasses.dataclass(frozen=True, eq=False)
class Slab:
    """Normalised float32 blocks with a halo along k; box: where the core lies in the volume; core: within the block."""

    image: np.ndarray
    change: np.ndarray
    removedNoise: np.ndarray
    cleaned: np.ndarray
    sigma: np.ndarray
    head: np.ndarray
    core: tuple[slice, slice, slice]
    box: tuple[slice, slice, slice]


def slabs(volume, components, strengths, survey):
    """The slabs of the head's bounding box."""
    found = ndimage.find_objects(survey.head.view(np.int8))
    if not found or found[0] is None:
        return
    box = [
        slice(max(0, p.start - HALO), min(n, p.stop + HALO)) for p, n in zip(found[0], survey.head.shape, strict=True)
    ]
    for start in range(box[0].start, box[0].stop, SLAB):
        stop = min(start + SLAB, box[0].stop)
        rows = slice(max(0, start - HALO), min(len(survey.head), stop + HALO))
        yield makeSlab(volume, components, strengths, survey, (rows, *box[1:]), slice(start, stop))


def makeSlab(volume, components, strengths, survey, block, core):
    scale = np.float32(1.0 / (survey.level - survey.background))
    image = (volume.voxels[block].astype(np.float32) - np.float32(survey.background)) * scale
    image[~np.isfinite(image)] = 0
    noise, ringing, blur = components.at(block) * scale
    change = -strengths.denoise * noise
    change -= strengths.dering * ringing
    change += strengths.sharpen * blur
    inner = slice(core.start - block[0].start, core.stop - block[0].start)
    return Slab(
        image=image,
        change=change,
        removedNoise=strengths.denoise * noise,
        cleaned=image - noise,
        sigma=np.maximum(survey.noise.at(block) * scale, 1e-6),
        head=survey.head[block],
        core=(inner, slice(None), slice(None)),
        box=(core, *block[1:]),
    )


class PairSums:
    """Collects pairs (edge strength, removed noise) over the slabs, thinned to a bounded number."""

    def __init__(self):
        self.edges, self.removed, self.relative = [], [], []

    def add(self, slab):
        """Take the voxels with signal from one slab; near zero signal noise has a mean, which edges would follow."""
        strength = edgeStrength(slab.cleaned)
        hasSignal = slab.head & (slab.cleaned > np.maximum(LOWEST_SNR * slab.sigma, 0.1))
        chosen = np.flatnonzero(hasSignal[slab.core])
        chosen = chosen[:: max(1, round(chosen.size * 8 / MOST_PAIRS))]
        removed, sigma = slab.removedNoise[slab.core].ravel()[chosen], slab.sigma[slab.core].ravel()[chosen]
        self.edges.append(strength[slab.core].ravel()[chosen])
        self.removed.append(removed)
        self.relative.append(removed / sigma)

    def measures(self):
        """(edge correlation, magnitude correlation, SD of what was removed, its RMS relative to the noise)."""
        edges, removed, relative = (
            np.concatenate(x) if x else np.zeros(0) for x in (self.edges, self.removed, self.relative)
        )
        if edges.size < 100:
            return 0.0, 0.0, 0.0, 0.0
        edges = np.minimum(edges, np.percentile(edges, 99))
        rms = float(np.sqrt(np.mean(relative**2)))
        return correlation(relative, edges), correlation(np.abs(relative), edges), float(removed.std()), rms


def correlation(first, second):
    spread = first.std() * second.std()
    return float(((first - first.mean()) * (second - second.mean())).mean() / spread) if spread > 0 else 0.0


def edgeStrength(image):
    """Length of the gradient of a slightly blurred image, per voxel."""
    smooth = alongAxes(image, np.float32([1, 2, 1]) / 4)
    total = np.zeros_like(image)
    for axis in range(3):
        if image.shape[axis] > 2:
            total += ndimage.correlate1d(smooth, np.float32([-0.5, 0, 0.5]), axis=axis, mode="nearest") ** 2
    return np.sqrt(total)


def alongAxes(image, *taps):
    """Separable filter; one set of taps for all axes, or one for each."""
    for axis, kernel in enumerate(taps if len(taps) == 3 else taps * 3):
        if len(kernel) > 1 and image.shape[axis] > 1:
            image = ndimage.correlate1d(image, kernel, axis=axis, mode="nearest")
    return image


@dataclasses.dataclass(frozen=True, eq=False)
class BlobKernel:
    """Weighted mean of a small neighborhood less the mean of a larger one; noise: its SD for noise of SD 1."""

    center: tuple[np.ndarray, np.ndarray, np.ndarray]
    surround: tuple[int, int, int]
    noise: float

    def contrast(self, image):
        """The blob contrast at every voxel."""
        return alongAxes(image, *self.center) - ndimage.uniform_filter(image, self.surround, mode="nearest")

    @property
    def footprint(self):
        """The kernel as an array, for a few places."""
        center = onAxis(self.center[0], 0) * onAxis(self.center[1], 1) * onAxis(self.center[2], 2)
        padding = [((large - small) // 2,) * 2 for large, small in zip(self.surround, center.shape, strict=True)]
        return np.pad(center, padding) - 1.0 / np.prod(self.surround)


def blobKernels(volume, survey):
    """A fine and a coarse blob filter; no averaging over slices that are much thicker than the pixels."""
    spacing = volume.spacing[::-1]
    isThin = [
        size >= SURROUND and mm < 2.0 * spacing.min() for mm, size in zip(spacing, survey.head.shape, strict=True)
    ]
    surround = tuple(
        SURROUND if thin else min(3, size | 1) for thin, size in zip(isThin, survey.head.shape, strict=True)
    )
    kernels = []
    for taps in ([1, 2, 1], [1, 4, 6, 4, 1]):
        center = tuple(np.float32(taps) / sum(taps) if thin else np.ones(1, np.float32) for thin in isThin)
        kernels.append(BlobKernel(center, surround, kernelNoise(center, surround, survey.noise.color)))
    return kernels


def kernelNoise(center, surround, color):
    """SD of the filtered noise for noise of marginal SD 1 and of the given colour."""
    frequencies, power = color.power(24)
    inner = outer = np.ones(())
    for axis in range(3):
        inner = inner * onAxis(response(center[axis], frequencies), axis)
        outer = outer * onAxis(response(np.ones(surround[axis]) / surround[axis], frequencies), axis)
    return float(np.sqrt((power * (inner - outer) ** 2).sum() / power.sum()))


class Peaks:
    """Collects places with their values."""

    def __init__(self):
        self.values, self.places = [np.zeros(0)], [np.zeros((0, 3), int)]

    def add(self, values, places):
        self.values.append(values)
        self.places.append(places)

    def extreme(self, limit) -> Extreme:
        """The strongest, and the number of separate structures above the limit."""
        values, places = np.concatenate(self.values), np.concatenate(self.places)
        if len(values) == 0 or values.max() <= 0:
            return Extreme()
        best = int(np.argmax(values))
        separate = np.unique(places[values > limit] // SURROUND, axis=0)
        return Extreme(float(values[best]), tuple(int(x) for x in places[best]), len(separate))


def searchBlobs(slab, kernel, strengths, losses, gains):
    """Losses and gains of blob contrast in one slab at the places that change the most.

    Ringing near an edge and sharpening explain a part of the local intensity range; that part does not count.
    """
    sigma = kernel.noise * slab.sigma[slab.core]
    changes = kernel.contrast(slab.change)[slab.core] / sigma * slab.head[slab.core]
    places = strongestPlaces(changes)
    if len(places) == 0:
        return
    index = tuple(places.T)
    windows = neighborhoods(slab.image, places + np.array([slab.core[0].start, 0, 0]), kernel.surround)
    before = (windows * kernel.footprint).sum(axis=(1, 2, 3)) / sigma[index]
    allowed = toleratedShare(strengths) * np.ptp(windows, axis=(1, 2, 3)) / sigma[index]
    towards = changes[index] * np.sign(before)
    lost = np.minimum(-towards, np.abs(before)) - allowed
    gained = np.where(towards > 0, towards, -towards - np.abs(before)) - allowed
    inVolume = places + [part.start for part in slab.box]
    losses.add(lost, inVolume)
    gains.add(gained, inVolume)


def strongestPlaces(changes):
    """Indices (n,3) of at most MOST_PLACES voxels with the largest change."""
    magnitude = np.abs(changes)
    limit = EXPLAINED
    if np.count_nonzero(magnitude > limit) > MOST_PLACES:
        limit = np.partition(magnitude.ravel(), -MOST_PLACES)[-MOST_PLACES]
    return np.argwhere(magnitude > limit)


def neighborhoods(image, places, size):
    """(n, *size) windows of the image around the places; the border is repeated."""
    axes = [
        np.clip(places[:, axis, None] + np.arange(width) - width // 2, 0, image.shape[axis] - 1)
        for axis, width in enumerate(size)
    ]
    return image[axes[0][:, :, None, None], axes[1][:, None, :, None], axes[2][:, None, None, :]]


def toleratedShare(strengths):
    """Share of the local intensity range that removing ringing and sharpening may change a structure by."""
    unequal = abs(strengths.dering - strengths.sharpen)
    return RINGING_SHARE * max(strengths.dering, strengths.sharpen) + SMOOTHING_SHARE * unequal


def toleranceEverywhere(slab, strengths):
    """What ringing and sharpening may change, per voxel, normalised."""
    share = toleratedShare(strengths)
    if share == 0:
        return np.float32(0)
    size = [min(SURROUND, n) for n in slab.image.shape]
    return share * (ndimage.maximum_filter(slab.image, size) - ndimage.minimum_filter(slab.image, size))
