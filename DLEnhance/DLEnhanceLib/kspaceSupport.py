"""How much of k-space a volume really fills: zero-filled series carry correlated noise and wide ringing."""

import numpy as np
from scipy import fft

from .noiseColor import bandFilter, filtered, tissueCrop

CROP = 256  # voxels an axis that are looked at
LONGEST_WINDOW = 128
SHORTEST_AXIS = 40  # shorter axes have too few frequencies to tell an edge from the fall of the anatomy
WANTED_SEGMENTS = 6000
FEWEST_SEGMENTS = 30
LOWEST_SUPPORT = 0.4
HIGHEST_SUPPORT = 0.96  # an edge nearer to the end than the window's own width cannot be told from no edge
CONFIRMING_BAND = 0.4  # of Nyquist: within the filled part of the other axes, whatever they hold
CONFIRMING_DROP = 4.0
SMALLEST_DROP = np.log(
    5.0
)  # apodised or resampled edges fall by less than zero-filled ones, anatomy by much less over 0.1


def kspaceSupport(view, tissue: np.ndarray) -> tuple[float, float, float]:
    """Share of k-space that is filled along k, j, i; 1.0 where nothing is clearly empty.

    view: a SignalView; tissue: boolean mask (k,j,i) of the same shape. Only line segments inside tissue are used: in
    air the magnitude operation spreads the noise to twice the acquired band and hides the edge.
    """
    part = tissueCrop(tissue, CROP)
    image, tissue = view.block(part), tissue[part]
    return tuple(axisSupport(image, tissue, axis) for axis in range(3))


def axisSupport(image, tissue, axis):
    """Filled share of one axis, 1.0 when there is no clear edge in the spectrum."""
    power = tissuePowerSpectrum(image, tissue, axis)
    edge = 1.0 if power is None else edgeOfSpectrum(power)
    return edge if edge == 1.0 or isEmptyBeyond(image, tissue, axis, edge) else 1.0


def isEmptyBeyond(image, tissue, axis, edge):
    """Whether power is missing beyond the edge also where there is little anatomy: high frequencies of the other axes.

    Steep anatomy that ends in the noise looks like an edge along one axis; there the noise is white and shows none.
    """
    filters = [bandFilter(size, 1.0, CONFIRMING_BAND) for size in image.shape]
    filters[axis] = np.ones(1, np.float32)
    power = tissuePowerSpectrum(filtered(image, filters), tissue, axis)
    frequency = np.linspace(0.0, 1.0, len(power))
    inside = (frequency > 0.5 * edge) & (frequency < 0.8 * edge)
    beyond = frequency > min(edge + 2.0 / (len(power) - 1), 1.0 - 1e-6)
    return np.median(power[inside]) > CONFIRMING_DROP * np.median(power[beyond])


def tissuePowerSpectrum(image, tissue, axis):
    """Median power over Hann-windowed line segments inside tissue, frequency 0 to Nyquist; None when they are too few.

    The median, because a few segments with strong edges or vessels would lift the empty part (window side lobes).
    """
    size = image.shape[axis]
    length = min(LONGEST_WINDOW, size)
    while length >= SHORTEST_AXIS:
        segments = tissueSegments(image, tissue, axis, length)
        if len(segments) >= FEWEST_SEGMENTS:
            window = np.hanning(length + 2)[1:-1].astype(np.float32)
            centered = segments - (segments @ window / window.sum())[:, None]
            return np.median(np.abs(fft.rfft(centered * window, axis=1)) ** 2, axis=0)
        length = length * 3 // 4
    return None


def tissueSegments(image, tissue, axis, length):
    """Line segments (n, length) float32 that lie at least 85 % in tissue, evenly thinned to a bounded number."""
    lines, masks = np.moveaxis(image, axis, 2), np.moveaxis(tissue, axis, 2)
    starts = range(0, image.shape[axis] - length + 1, max(1, length // 2))
    found = []
    for start in starts:
        inside = masks[:, :, start : start + length : 4].mean(axis=2) >= 0.85
        rows, columns = np.nonzero(inside)
        step = max(1, len(rows) * len(starts) // WANTED_SEGMENTS)
        found.append(lines[rows[::step], columns[::step], start : start + length])
    return np.concatenate(found).astype(np.float32)


def edgeOfSpectrum(power):
    """Relative frequency where the power falls off a cliff and stays down, 1.0 when it does not.

    A band-limited spectrum seen through a window is at half its inner level at the true edge.
    """
    frequency = np.linspace(0.0, 1.0, len(power))
    logPower = np.log(np.maximum(power, max(power.max() * 1e-12, 1e-30)))
    width = 2.0 / (len(power) - 1)  # half width of the Hann lobe
    best, bestDrop = 1.0, SMALLEST_DROP
    for candidate in np.arange(LOWEST_SUPPORT, HIGHEST_SUPPORT + 1e-9, 0.005):
        drop = dropAt(frequency, logPower, candidate, width=width)
        if drop > bestDrop:
            best, bestDrop = candidate, drop
    edge = halfPowerPoint(frequency, logPower, best, width) if best < 1.0 else 1.0
    return edge if edge <= HIGHEST_SUPPORT else 1.0


def dropAt(frequency, logPower, candidate, *, width):
    """Fall of log power across the candidate beyond what the slope and the roughness before it explain.

    0 if there is too little to judge by, or if the power comes back.
    """
    before = (frequency > candidate - 0.2 - width) & (frequency < candidate - width)
    behind = (frequency > candidate + width) & (frequency < candidate + width + 0.08)
    beyond = frequency > candidate + width
    if before.sum() < 3 or not beyond.any():
        return 0.0
    slope, level = np.polyfit(frequency[before] - candidate, logPower[before], 1)
    roughness = np.std(logPower[before] - level - slope * (frequency[before] - candidate))
    steepest = min(slope, slopeOf(frequency, logPower, candidate - 0.1 - width, candidate - width), 0.0)
    behindLevel = logPower[behind].mean() if behind.any() else logPower[beyond].mean()
    drop = level + 2.0 * width * steepest - behindLevel - 2.0 * roughness
    staysDown = logPower[beyond].max() < level - 0.6 * drop
    return float(drop) if staysDown else 0.0


def slopeOf(frequency, logPower, start, stop):
    """Slope of log power between two frequencies, 0 when they are too close."""
    part = (frequency > start) & (frequency < stop)
    return np.polyfit(frequency[part], logPower[part], 1)[0] if part.sum() >= 3 else 0.0


def halfPowerPoint(frequency, logPower, candidate, width):
    """Where the power crosses half of what the frequencies before the cliff promise, nearest to the empty part."""
    before = (frequency > candidate - 0.15 - width) & (frequency < candidate - width)
    slope, level = np.polyfit(frequency[before] - candidate, logPower[before], 1)
    roughness = np.std(logPower[before] - level - slope * (frequency[before] - candidate))
    near = np.linspace(candidate - 2 * width, min(1.0, candidate + 4 * width), 301)
    expected = level + min(slope, 0.0) * (near - candidate) - np.log(2.0) - 1.5 * roughness
    below = np.interp(near, frequency, logPower) < expected
    return float(near[np.nonzero(~below)[0].max()]) if not below.all() else float(candidate)
