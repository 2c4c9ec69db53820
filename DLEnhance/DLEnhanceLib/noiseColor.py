"""Colour of the noise: which part of the filled k-space holds how much of it.

Noise is white where the scanner measured, zero where it did not, weighted by a raw filter if one was used. Knowing
that, the SD in one narrow band tells the SD of all the noise. What cannot be told from anatomy counts as white.
"""

import concurrent.futures
import dataclasses

import numpy as np
from scipy import fft, ndimage
from scipy.optimize import nnls

SEGMENT = 48
SHORTEST_SEGMENT = 24
FLAT_SEGMENTS = 0.06  # share of the segments with the least anatomy, where noise outweighs anatomy the soonest
NEXT_SEGMENTS = 0.20  # up to this share: segments with somewhat more anatomy, to compare
FEWEST_SEGMENTS = 50
CROP = 160  # voxels an axis that are looked at
MEDIAN_OF_EXPONENTIAL = np.log(2.0)
HALF_TAPS = 6
INNER_BAND, OUTER_BAND = 0.60, 0.80  # centers, in parts of the filled band; the inner one also lies inside an ellipse
BAND_WIDTH = 0.11
ACTIVITY_SHARE = 0.5  # of a band's center: near enough to see the anatomy that leaks into it, but none of its noise
ACTIVITY_WIDTH = 5  # voxels an edge over which that is averaged
CLEARLY_FILTERED = 0.85  # alpha of an axis; at low noise anatomy alone reads 0.86 to 0.92 in places
RISE_OF_NOISE = 1.15  # largest rise of noise alone, whose power is the same in all segments but for chance
RISE_OF_COILS = 4.0  # ... where coils amplify it unevenly and anatomy adds a little; above, it is anatomy
LOW_ALPHA = 0.75  # raw filters below it leave too little noise in the outer band
NARROWER_FOR_ELLIPSE = 0.12  # difference of alpha, inner less outer band; 0.24 for an ellipse, 0 for a box
ALPHA_OF_ELLIPSE = 0.82  # what the fit of one axis gives for an unfiltered ellipse (simulated)


@dataclasses.dataclass(frozen=True)
class NoiseColor:
    """Model of the noise power spectrum.

    support: filled share along k, j, i; apodization: alpha per axis of the raw filter
    alpha + (1 - alpha) cos(pi f / support), 1 for none and 0.54 for Hamming's; ellipses: pairs of axes in which the
    filled region is an ellipse, not a box.
    """

    support: tuple[float, float, float]
    apodization: tuple[float, float, float] = (1.0, 1.0, 1.0)
    ellipses: tuple[tuple[int, int], ...] = ()

    def bandFilters(self, shape):
        """Band-pass filters to measure in, one an axis: as far from the anatomy as there is noise."""
        return tuple(map(bandFilter, shape, self.support, self.bandCenters()))

    def bandCenters(self):
        """Where these bands lie along k, j, i, in parts of the filled band."""
        rounded = {axis for pair in self.ellipses for axis in pair}
        isInner = [axis in rounded or alpha < LOW_ALPHA for axis, alpha in enumerate(self.apodization)]
        return tuple(INNER_BAND if inner else OUTER_BAND for inner in isInner)

    def power(self, count=48):
        """(frequencies, power on their (count, count, count) grid); frequencies from 0 to 1 (Nyquist), cell centers."""
        frequencies = (np.arange(count) + 0.5) / count
        power = np.ones(())
        for share, alpha in zip(self.support, self.apodization, strict=True):
            power = np.multiply.outer(power, filterPower(frequencies / share, alpha))
        for pair in self.ellipses:
            radius = sum((onAxis(frequencies, axis) / self.support[axis]) ** 2 for axis in pair)
            power = power * (radius <= 1.0)
        return frequencies, power

    def gain(self, filters):
        """Variance of all the noise over the variance of what three separable filters let through."""
        frequencies, power = self.power()
        passed = power
        for axis, taps in enumerate(filters):
            passed = passed * onAxis(response(taps, frequencies) ** 2, axis)
        return float(power.sum() / passed.sum())


def onAxis(values, axis):
    return np.reshape(values, [-1 if a == axis else 1 for a in range(3)])


def filterPower(relative, alpha):
    """Power of the raw filter at frequencies relative to the edge of the filled band; 0 beyond."""
    return np.where(relative <= 1.0, (alpha + (1 - alpha) * np.cos(np.pi * np.minimum(relative, 1.0))) ** 2, 0.0)


def bandFilter(size, share, center):
    """Symmetric unit-power taps of a band-pass along one axis; a single 1 along axes too short to filter."""
    if size < 4:
        return np.ones(1, np.float32)
    half = min(HALF_TAPS, (size - 1) // 2)
    frequency = np.linspace(0, 1, 257)
    offsets = np.arange(-half, half + 1)
    hann = np.hanning(2 * half + 3)[1:-1]
    wanted = np.exp(-0.5 * ((frequency - center * share) / (BAND_WIDTH * share)) ** 2)
    taps = (wanted * np.cos(np.pi * offsets[:, None] * frequency)).sum(axis=1) * hann
    taps -= taps.sum() * hann / hann.sum()  # no response to constants
    return (taps / np.sqrt((taps**2).sum())).astype(np.float32)


def response(taps, frequencies):
    """Gain of symmetric taps at frequencies relative to Nyquist."""
    offsets = np.arange(len(taps)) - len(taps) // 2
    return (taps * np.cos(np.pi * np.multiply.outer(frequencies, offsets))).sum(axis=-1)


def filtered(image, filters):
    """Separable filtering with mirrored borders; axes with a single tap stay as they are."""
    for axis, taps in enumerate(filters):
        if len(taps) > 1:
            image = ndimage.correlate1d(image, taps, axis=axis, mode="reflect")
    return image


def blurred(slab):
    """Low frequencies only, independent of the noise in the bands."""
    binomial = np.float32([1, 4, 6, 4, 1]) / 16
    return filtered(slab, [binomial if size >= 4 else np.ones(1, np.float32) for size in slab.shape])


def activity(slab, filters):
    """Local power (k,j,i) in the bands of activityFilters: fine anatomy, and noise."""
    return ndimage.uniform_filter(filtered(slab, filters) ** 2, ACTIVITY_WIDTH)


def activityFilters(shape, support, centers):
    """Bands at half the frequencies of the measuring bands with these centers.

    The two share no noise. So a choice of places by the one does not bias the noise in the other, while anatomy that
    leaks into the other goes with the power in this one.
    """
    return tuple(
        bandFilter(size, share, ACTIVITY_SHARE * center)
        for size, share, center in zip(shape, support, centers, strict=True)
    )


def noiseColor(view, tissue: np.ndarray, *, support) -> NoiseColor:
    """Model fitted to a central crop of a SignalView inside the tissue mask (k,j,i).

    Each axis is looked at with the others filtered to the outer band, where anatomy disturbs least, and to the inner
    band. A box looks alike in both; an ellipse is narrower in the outer band, in both of its axes.
    """
    part = tissueCrop(tissue, CROP)
    image, tissue = view.block(part), tissue[part]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:  # the filters wait for no interpreter
        bands = INNER_BAND, OUTER_BAND
        inner, outer = pool.map(lambda band: axisFilters(image, tissue, support=support, band=band), bands)
    narrower = [i.alpha - o.alpha for i, o in zip(inner, outer, strict=True)]
    pair = tuple(sorted(np.argsort(narrower)[1:].tolist()))
    if min(narrower[axis] for axis in pair) > NARROWER_FOR_ELLIPSE:
        alphas = tuple(min(1.0, a / ALPHA_OF_ELLIPSE) if axis in pair else a for axis, a in enumerate(likely(inner)))
        return NoiseColor(tuple(support), alphas, (pair,))
    found = [dataclasses.replace(o, alpha=max(i.alpha, o.alpha)) for i, o in zip(inner, outer, strict=True)]
    return NoiseColor(tuple(support), likely(found))


@dataclasses.dataclass(frozen=True)
class AxisFilter:
    """Raw filter found along one axis; rise: power of segments with more anatomy over that of the flattest ones."""

    alpha: float = 1.0
    rise: float = 1.0


def likely(found):
    """alpha of the axes whose filter is credible, 1.0 of the others.

    Scanners filter two or three axes alike. A fall along a single axis is more often anatomy in a volume with little
    noise, which the fit cannot tell from a filter; it counts only if all segments have the same power, so are noise.
    """
    possible = [axis for axis, one in enumerate(found) if one.alpha <= CLEARLY_FILTERED and one.rise <= RISE_OF_COILS]
    highest = RISE_OF_COILS if len(possible) >= 2 else RISE_OF_NOISE
    return tuple(one.alpha if one.rise <= highest else 1.0 for one in found)


def tissueCrop(tissue, crop):
    """Slices of at most crop voxels an axis around the middle of the tissue."""
    parts = []
    for axis, size in enumerate(tissue.shape):
        amount = tissue.any(axis=tuple(a for a in range(3) if a != axis)).nonzero()[0]
        middle = int(amount.mean()) if len(amount) else size // 2
        start = min(max(0, middle - crop // 2), max(0, size - crop))
        parts.append(slice(start, min(size, start + crop)))
    return tuple(parts)


def axisFilters(image, tissue, *, support, band):
    """AxisFilter of each axis, the other axes filtered to one band."""
    power = activity(image, activityFilters(image.shape, support, (band,) * 3))
    return [axisFilter(image, tissue, power, support=support, axis=axis, band=band) for axis in range(3)]


def axisFilter(image, tissue, power, *, support, axis, band):
    """The raw filter along one axis; none unless the spectrum of flat tissue clearly falls towards the edge."""
    length = min(SEGMENT, image.shape[axis])
    if length < SHORTEST_SEGMENT:
        return AxisFilter()
    filters = [bandFilter(size, share, band) for size, share in zip(image.shape, support, strict=True)]
    filters[axis] = np.ones(1, np.float32)
    flat, next_ = flatSegments(filtered(image, filters), tissue, power, axis=axis, length=length)
    if len(flat) < FEWEST_SEGMENTS or len(next_) < FEWEST_SEGMENTS:
        return AxisFilter()
    window = np.hanning(length + 2)[1:-1].astype(np.float32)
    spectra, others = (np.abs(fft.rfft(segments * window, axis=1)) ** 2 for segments in (flat, next_))
    relative = np.linspace(0, 1, spectra.shape[1]) / support[axis]
    middle = (relative > 0.25) & (relative < 0.5)
    usual, more = (np.median(one[:, middle].mean(axis=1)) for one in (spectra, others))
    return AxisFilter(fittedAlpha(spectra, support[axis]), float(more / max(usual, 1e-30)))


def flatSegments(band, tissue, power, *, axis, length):
    """The line segments (n, length) inside tissue with the lowest mean activity, and the ones next to them."""
    band, tissue, power = (np.moveaxis(x, axis, 2) for x in (band, tissue, power))
    found, activities = [], []
    for start in range(0, band.shape[2] - length + 1, length // 2):
        part = slice(start, start + length)
        rows, columns = np.nonzero(tissue[:, :, part].mean(axis=2) >= 0.95)
        found.append(band[rows, columns, part])
        activities.append(power[rows, columns, part].mean(axis=1))
    found, activities = np.concatenate(found), np.concatenate(activities)
    first, second = (
        max(least, int(share * len(found))) for least, share in ((100, FLAT_SEGMENTS), (200, NEXT_SEGMENTS))
    )
    order = np.argsort(activities)
    return found[order[:first]], found[order[first:second]]


def fittedAlpha(power, share):
    """Fit of filtered white noise plus falling anatomy (1/f^2, 1/f^4) to the median spectrum of the segments."""
    relative = np.linspace(0, 1, power.shape[1]) / share
    inner = (relative > 0.45) & (relative < 0.8)
    used = (relative > 0.2) & (relative < 0.85)
    if inner.sum() < 3:
        return 1.0
    weights = 1.0 / np.maximum(power[:, inner].mean(axis=1, keepdims=True), 1e-30)
    spectrum = np.median(power * weights, axis=0) / MEDIAN_OF_EXPONENTIAL
    x, y = relative[used], spectrum[used]
    alphas = np.arange(1.0, 0.49, -0.02)
    errors = np.array([fitError(x, y, alpha) for alpha in alphas])
    return float(alphas[np.argmax(errors <= 1.15 * errors.min() + 1e-4)])  # the one nearest to white of the good ones


def fitError(x, y, alpha):
    bases = np.stack([filterPower(x, alpha), 0.1 * x**-2, 0.01 * x**-4], axis=1) / y[:, None]
    return nnls(bases, np.ones(len(y)))[1] ** 2 / len(y)
