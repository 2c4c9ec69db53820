"""Local noise of a volume, also where zero-filling, filters or resampling made it correlated. No Slicer, no torch.

A separable band-pass filter near the end of the filled k-space sees noise and hardly any anatomy. Its SD in blocks, at
the voxels with the least anatomy around them and less what leaks in from it, gives the shape of the map; the colour of
the noise (noiseColor.py) tells how much of all the noise the band holds, so that the map is the marginal SD per voxel
whatever the scanner filled with zeros or filtered.
"""

import concurrent.futures
import dataclasses
import functools

import numpy as np
from scipy import ndimage
from scipy.special import ive

from .noiseColor import (
    ACTIVITY_WIDTH,
    CROP,
    HALF_TAPS,
    NoiseColor,
    activity,
    activityFilters,
    blurred,
    filtered,
    noiseColor,
    tissueCrop,
)

BLOCK = 16  # voxels an edge: small enough to follow the coils, 8 % error of one block
FEWEST_VOXELS = 500
STRONGEST_RISE = 3.0  # of the map above its lower fifth: coils and filters do no more, what is higher is anatomy
HALO = HALF_TAPS + ACTIVITY_WIDTH // 2
CONSTANT = 0.05  # times the usual noise: what is below is saturated or masked
WINDOW = 10
FEWEST_WINDOWS = 100
WINDOW_PERCENTILE = 5.0
WINDOW_BIAS = 1.22  # what the 5th percentile of windows of pure noise lies too low (simulated)
BLOCK_ERROR = 0.085  # of the logarithm in one block, from its quiet voxels (simulated)
OUTLIER = 0.12  # log units beyond that error from which a block counts less
QUIET_SHARE = 0.15  # voxels of a block with the least anatomy around them, whose noise is measured
BUSY_SHARE = 0.4  # the next ones, up to this share, tell how anatomy leaks into the measuring band
HIGHEST_LEAK = 0.3  # of the noise's own activity that would be taken for leaked anatomy
LOWEST_SHARE = 0.1  # of noise in a block's band; where anatomy prevails more, nothing can be told
MANY_VOXELS = 20_000_000  # above, only every second (fourth ...) layer of blocks is looked at
THREADS = 2  # layers of blocks at once: the filters wait for no interpreter, and memory holds two layers
MEAN_TO_SD = np.sqrt(np.pi / 2)  # of absolute values of a Gaussian
LOWER_BIAS = 1.02  # the lower side of the blocks is preferred: makes up for it (simulated)


@dataclasses.dataclass(frozen=True, eq=False)
class NoiseMap:
    """Marginal SD of the noise on a coarse grid, input units; smooth and positive everywhere.

    values: (K,J,I) float32 at the block centers; blocks: voxels per block along k, j, i; shape: the volume's grid.
    median and relativeSpread ((95th - 5th percentile) / median) describe the map inside the tissue; color: model of the
    noise spectrum.
    """

    values: np.ndarray
    blocks: tuple[int, int, int]
    shape: tuple[int, int, int]
    median: float
    relativeSpread: float
    color: NoiseColor

    def at(self, slices) -> np.ndarray:
        """float32 (k,j,i) sigma for a tuple of three slices of the volume's grid, linear between block centers."""
        result = self.values
        for axis, part in enumerate(slices):
            positions = (np.arange(*part.indices(self.shape[axis])) + 0.5) / self.blocks[axis] - 0.5
            result = interpolatedAlong(result, axis, positions)
        return np.ascontiguousarray(result, dtype=np.float32)

    def full(self) -> np.ndarray:
        """The map on the whole grid of the volume, float32 (k,j,i)."""
        return self.at((slice(None),) * 3)

    def scaled(self, factor: float) -> "NoiseMap":
        """The same map for a volume multiplied by a positive factor."""
        return dataclasses.replace(self, values=self.values * np.float32(factor), median=self.median * factor)


def interpolatedAlong(values, axis, positions):
    """Linear interpolation along one axis, constant beyond the ends."""
    last = values.shape[axis] - 1
    positions = np.clip(positions, 0, last)
    lower = np.minimum(positions.astype(int), max(last - 1, 0))
    weight = (positions - lower).astype(np.float32).reshape([-1 if a == axis else 1 for a in range(3)])
    return np.take(values, lower, axis) * (1 - weight) + np.take(values, np.minimum(lower + 1, last), axis) * weight


@dataclasses.dataclass(frozen=True, eq=False)
class BlockStatistics:
    """Per block, (K,J,I); NaN where there is too little tissue.

    quiet, busy: (2,K,J,I) power in the measuring band and activity, of the voxels with the least anatomy around them
    and of the ones next to them in this order; signal: median of the quiet ones; tissueShare: share of tissue.
    """

    quiet: np.ndarray
    busy: np.ndarray
    signal: np.ndarray
    tissueShare: np.ndarray
    blocks: tuple[int, int, int]


def estimateNoise(view, tissue: np.ndarray, *, support, floor: float) -> NoiseMap:
    """Noise map of a magnitude image, in normalised units.

    view: a SignalView; tissue: mask of the same shape; support: filled share of k-space along k, j, i;
    floor: smallest sigma to return (normalised), for noise-free images.
    """
    if tissue.sum() < FEWEST_VOXELS:
        tissue = np.ones(view.shape, bool)
    color = noiseColor(view, tissue, support=support)
    filters = color.bandFilters(view.shape)
    statistics = blockStatistics(view, tissue, color)
    known = blocksWithNoise(np.sqrt(statistics.quiet[0]))
    if not known.any():
        flat = np.full(known.shape, floor, np.float32)
        return NoiseMap(flat, statistics.blocks, tuple(view.shape), floor, 0.0, color)
    noiseShare = shareOfNoise(statistics, known, activityOfNoise(color, view.shape))
    weights = np.where(known, statistics.tissueShare * noiseShare**2, 0.0)
    bandMap = smoothLowerMap(np.sqrt(statistics.quiet[0] * noiseShare), weights)
    modelled = LOWER_BIAS * np.sqrt(color.gain(filters))
    ratio = np.clip(highestRatio(view, tissue, bandMap, statistics.blocks), modelled / 3, modelled)
    sigma = bandMap * ratio
    sigma = np.where(known, sigma / ricianReduction(statistics.signal, sigma), sigma)
    sigma = np.minimum(sigma, STRONGEST_RISE * np.percentile(sigma[known], 20))
    values = np.maximum(sigma, floor).astype(np.float32)
    low, median, high = np.percentile(values[known], (5, 50, 95))
    return NoiseMap(values, statistics.blocks, tuple(view.shape), float(median), float((high - low) / median), color)


def activityOfNoise(color, shape):
    """Activity where there is only noise, over the power of this noise in the measuring band."""
    return color.gain(color.bandFilters(shape)) / color.gain(activityFilters(shape, color.support, color.bandCenters()))


def shareOfNoise(statistics, known, ofNoise):
    """(K,J,I) how much of the power in the measuring band of quiet voxels is noise; the rest leaked in from anatomy.

    Power in the band rises with activity by the share of anatomy that leaks: median over the blocks of the difference
    of busy and quiet voxels. Without anatomy it does not rise, and nothing is taken away whatever the share.
    ofNoise: from activityOfNoise.
    """
    power, local = statistics.quiet
    rise, more = (statistics.busy - statistics.quiet)[:, known]
    if not (more > 0).any():
        return np.ones(known.shape)
    leak = np.clip(np.median(rise[more > 0] / more[more > 0]), 0.0, HIGHEST_LEAK / ofNoise)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (1 - leak * local / power) / (1 - leak * ofNoise)
    return np.clip(np.nan_to_num(share, nan=1.0), LOWEST_SHARE, None)


def blocksWithNoise(bandSD):
    """The blocks that were measured and are not constant, as saturated or masked ones are."""
    positive = bandSD[np.isfinite(bandSD) & (bandSD > 0)]
    if positive.size == 0:
        return np.zeros(bandSD.shape, bool)
    return np.nan_to_num(bandSD) > CONSTANT * np.median(positive)


def highestRatio(view, tissue, bandMap, blocks):
    """Upper limit of SD of all the noise over SD in the band, from the flattest small windows of tissue.

    Their SD, with all its frequencies, holds the noise and what anatomy is left; so no model of the colour of the noise
    may claim more.
    """
    part = tissueCrop(tissue, CROP)
    image, tissue = view.block(part), tissue[part]
    axes = np.argsort(image.shape)[::-1][:2]
    order = (*(a for a in range(3) if a not in axes), *sorted(axes))
    local = NoiseMap(bandMap, blocks, tuple(view.shape), 0.0, 0.0, NoiseColor((1.0, 1.0, 1.0))).at(part)
    windows, inside, band = (inWindows(np.transpose(x, order)) for x in (image, tissue, local))
    chosen = inside.all(axis=1) & (band.mean(axis=1) <= np.median(local[tissue]))
    if chosen.sum() < FEWEST_WINDOWS:
        return np.inf
    ratios = detrendedSD(windows[chosen]) / band[chosen].mean(axis=1)
    ratios = ratios[ratios > CONSTANT]
    if len(ratios) < FEWEST_WINDOWS:
        return np.inf
    return float(np.percentile(ratios, WINDOW_PERCENTILE) * WINDOW_BIAS)


def inWindows(image):
    """(n, WINDOW^2) windows of the last two axes."""
    rows, columns = (size // WINDOW for size in image.shape[1:])
    cut = image[:, : rows * WINDOW, : columns * WINDOW].reshape(-1, rows, WINDOW, columns, WINDOW)
    return cut.transpose(0, 1, 3, 2, 4).reshape(-1, WINDOW * WINDOW)


def detrendedSD(windows):
    """SD of each window around its own plane."""
    y, x = np.mgrid[:WINDOW, :WINDOW].reshape(2, -1) - (WINDOW - 1) / 2
    basis = np.stack([np.ones_like(x), x / np.linalg.norm(x), y / np.linalg.norm(y)]).astype(np.float32)
    basis[0] /= WINDOW
    rest = windows - (windows @ basis.T) @ basis
    return np.sqrt((rest**2).sum(axis=1) / (WINDOW * WINDOW - 3))


def blockEdges(size):
    """Voxels per block and number of blocks along one axis."""
    count = max(1, round(size / BLOCK))
    block = -(-size // count)
    return block, -(-size // block)


def blockStatistics(view, tissue, color):
    """Statistics of every block, one layer of blocks at a time so that memory stays bounded."""
    filters = color.bandFilters(view.shape)
    around = activityFilters(view.shape, color.support, color.bandCenters())
    blocks, counts = zip(*(blockEdges(size) for size in view.shape), strict=True)
    quiet, busy = (np.full((2, *counts), np.nan, np.float32) for _ in range(2))
    signal, share = np.full(counts, np.nan, np.float32), np.zeros(counts, np.float32)

    def handle(layer):
        first, last = layer * blocks[0], min((layer + 1) * blocks[0], view.shape[0])
        spans = [(first, last), *_spans(tissue[first:last].any(axis=0), blocks[1:])]
        if None in spans:
            return
        halo = tuple(slice(max(0, p - HALO), min(n, q + HALO)) for (p, q), n in zip(spans, view.shape, strict=True))
        core = tuple(slice(p - h.start, q - h.start) for (p, q), h in zip(spans, halo, strict=True))
        slab = view.block(halo)
        found = [one[core] for one in (filtered(slab, filters), activity(slab, around), blurred(slab))]
        inside = tissue[tuple(slice(*span) for span in spans)]
        parts = layerStatistics(*(intoBlocks(x, blocks) for x in (*found, inside)))
        place = (layer, *(slice(p // b, -(-q // b)) for (p, q), b in zip(spans[1:], blocks[1:], strict=True)))
        quiet[(slice(None), *place)], busy[(slice(None), *place)], signal[place], share[place] = parts

    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(handle, range(0, counts[0], max(1, round(view.size / MANY_VOXELS)))))
    return BlockStatistics(quiet, busy, signal, share, blocks)


def _spans(mask, blocks):
    """Along both axes of a mask the first and the last voxel, exclusive, of the blocks that hold some; or None."""
    for axis, (block, size) in enumerate(zip(blocks, mask.shape, strict=True)):
        found = np.flatnonzero(mask.any(axis=1 - axis))
        if len(found):
            yield found[0] // block * block, min((found[-1] // block + 1) * block, size)
        else:
            yield None


def intoBlocks(layer, blocks):
    """(J, I, voxels of the block) of one layer of blocks; missing voxels are 0."""
    padding = [(0, -size % block) for size, block in zip(layer.shape, blocks, strict=True)]
    padded = np.pad(layer, padding)
    rows, columns = padded.shape[1] // blocks[1], padded.shape[2] // blocks[2]
    cut = padded.reshape(blocks[0], rows, blocks[1], columns, blocks[2])
    return cut.transpose(1, 3, 0, 2, 4).reshape(rows, columns, -1)


def layerStatistics(band, local, smooth, tissue):
    """quiet and busy (2,J,I), signal and share of tissue (J,I) of one layer of blocks, as in BlockStatistics."""
    rows, columns, voxels = band.shape
    share = tissue.mean(axis=2)
    quiet, busy = (np.full((2, rows, columns), np.nan, np.float32) for _ in range(2))
    signal = np.full((rows, columns), np.nan, np.float32)
    for place in zip(*np.nonzero(share * voxels >= 96), strict=True):
        inside = tissue[place]
        values, activities, signals = (x[place][inside] for x in (band, local, smooth))
        first, second = int(QUIET_SHARE * len(values)), int(BUSY_SHARE * len(values))
        order = np.argpartition(activities, (first, second))
        quiet[(slice(None), *place)] = powers(values, activities, order[:first])
        busy[(slice(None), *place)] = powers(values, activities, order[first:second])
        signal[place] = np.median(signals[order[:first]])
    return quiet, busy, signal, share


def powers(band, local, chosen):
    """Power in the band, robustly, and mean activity of the chosen voxels.

    By the mean absolute value and not by the median: quiet voxels come in few clusters, whose median is biased.
    """
    return (MEAN_TO_SD * np.mean(np.abs(band[chosen]))) ** 2, np.mean(local[chosen])


def ricianReduction(mean, sd):
    """SD of a Rician magnitude over that of its channels, from its mean and SD (Koay and Basser 2006)."""
    snr = np.linspace(0, 8, 321)
    half = snr**2 / 4
    first = np.sqrt(np.pi / 2) * ((1 + 2 * half) * ive(0, half) + 2 * half * ive(1, half))
    reduction = np.sqrt(np.maximum(2 + snr**2 - first**2, 0))
    ratio = np.where(np.isfinite(mean) & (sd > 0), mean, 1.0) / np.where(sd > 0, sd, 1e-30)
    return np.interp(ratio, first / reduction, reduction).astype(np.float32)


def smoothLowerMap(sigma, weights):
    """Smooth map through the lower part of the block values (anatomy can only raise them), also where the weight is 0.

    Local quadratic fit of the logarithm, repeated with less weight for blocks far above the fit.
    """
    known = weights > 0
    logSigma = np.where(known, np.log(np.where(known, sigma, 1.0)), 0.0)
    smooth = locallyQuadratic(logSigma, weights)
    for _ in range(6):
        above = np.maximum(logSigma - smooth - BLOCK_ERROR, 0.0)
        smooth = locallyQuadratic(logSigma, weights / (1 + (above / OUTLIER) ** 2))
    return np.exp(np.clip(smooth, logSigma[known].min(), logSigma[known].max()))


def locallyQuadratic(values, weights, width=1.2):
    """Gaussian-weighted local regression on a grid, by a constant, slopes and curvatures along the axes.

    Unlike plain smoothing it does not flatten the rim, nor the top that parallel imaging makes in the middle. Far from
    any weight it fades into the weighted mean of all values.
    """
    axes = [a for a in range(3) if values.shape[a] > 1]
    offsets = np.meshgrid(*(np.arange(size) - size / 2 for size in values.shape), indexing="ij")
    basis = [np.ones(values.shape), *(offsets[a] for a in axes), *(offsets[a] ** 2 for a in axes)]
    smooth = functools.partial(ndimage.gaussian_filter, sigma=width, mode="constant", truncate=5)
    count = len(basis)
    moments, sums = np.zeros((*values.shape, count, count)), np.zeros((*values.shape, count))
    for row in range(count):
        sums[..., row] = smooth(weights * basis[row] * values)
        for column in range(row, count):
            moments[..., row, column] = moments[..., column, row] = smooth(weights * basis[row] * basis[column])
    return solvedAtCenters(moments, sums, [offsets[a] for a in axes], (values * weights).sum() / weights.sum())


def solvedAtCenters(moments, sums, here, average):
    """Value of each local fit at its own center; all but the constant is damped, and so is all far from any weight.

    here: the offsets of the centers along each axis.
    """
    axes, count = len(here), moments.shape[-1]
    # shift the origin of every fit to its own center, so that the damping acts on slopes and curvatures alone
    shift = np.broadcast_to(np.eye(count), moments.shape).copy()
    for axis, offset in enumerate(here, start=1):
        shift[..., axis, 0] = -offset
        shift[..., axes + axis, 0], shift[..., axes + axis, axis] = offset**2, -2 * offset
    moments = shift @ moments @ np.swapaxes(shift, -1, -2)
    sums = (shift @ sums[..., None])[..., 0]
    total = moments[..., :1, :1]
    damping = np.diag([0.0] + [0.1] * (count - 1)) * total + 1e-6 * np.eye(count)
    sums[..., 0] += 1e-6 * average
    return np.linalg.solve(moments + damping, sums[..., None])[..., 0, 0]
