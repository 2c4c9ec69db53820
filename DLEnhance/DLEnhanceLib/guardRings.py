"""Scanning Fourier ring correlation of result and input: detail of the result that the input does not hold.

Acceptance test AT9 compares patches with a truth (Benchmarks/fourierRingCorrelation.py); here there is none, but noise
of known power. In each ring the power of the result splits into a part that is coherent with the input and the rest,
(1 - FRC^2) times its power. An ideal result S of an input S + N has a rest of S N / (S + N), at most the power N of the
noise: what exceeds the noise was not in the input.

Two changes are known and not looked at: the Gaussian between ringing and blur, and what continues k-space beyond its
cut, where the input holds nothing to compare with.
"""

import dataclasses

import numpy as np

from .restoration import sharpCut

PATCH, STEP = 32, 16
LOWEST_RING, HIGHEST_RING = 2, 10  # of 16 for the patch: coarser rings are contrast, finer ones are mostly noise
WINDOW_REACH = 2  # coefficients over which the window of a patch spreads each frequency
MOST_SLICES = 48


@dataclasses.dataclass(frozen=True)
class RingMeasure:
    """Over all patches: the largest incoherent power in units of the noise power, where (k,j,i), and how many patches.

    correlation: lowest FRC of result and input among the patches whose detail stands out of the noise, 1.0 without any.
    """

    excess: float
    place: tuple[int, int, int]
    patches: int
    correlation: float


def measureRings(volume, components, strengths, survey) -> RingMeasure:
    """Patches of evenly spaced slices across the axis with the fewest voxels, at least half in the head."""
    axis = int(np.argmin(survey.head.shape))
    plane = [a for a in range(3) if a != axis]
    patches, lowest, excess, where = 0, 1.0, 0.0, (0, 0, 0)
    if min(survey.head.shape[a] for a in plane) < PATCH:
        return RingMeasure(0.0, where, 0, 1.0)
    rings, expected = filledRings(survey, plane), noiseShape(survey.noise.color, axis)
    for index in sliceNumbers(survey.head, axis):
        place = tuple(slice(index, index + 1) if a == axis else slice(None) for a in range(3))
        found = slicePatches(volume, components, strengths, survey, place, axis)
        if found is None:
            continue
        corners, standard, change, sigma = found
        values, correlations, isClear = compared(standard, change, sigma, rings, expected)
        patches += len(values)
        best = int(np.argmax(values))
        if values[best] > excess:
            excess, where = float(values[best]), patchCenter(index, corners[best], axis)
        lowest = min([lowest, *correlations[isClear].tolist()])
    return RingMeasure(excess, where, patches, float(lowest))


def sliceNumbers(head, axis):
    """Evenly spaced slices that hold some of the head."""
    inside = np.flatnonzero(head.any(axis=tuple(a for a in range(3) if a != axis)))
    return inside[:: max(1, len(inside) // MOST_SLICES)]


def slicePatches(volume, components, strengths, survey, place, axis):
    """(corners, input, change, sigma): (n, 32, 32) patches of one slice in the volume's units; None without any."""
    head = np.squeeze(survey.head[place], axis)
    inside = windowed(head).mean(axis=(2, 3)) > 0.5
    if not inside.any():
        return None
    standard = np.squeeze(volume.voxels[place], axis).astype(np.float32)
    standard[~np.isfinite(standard)] = survey.background
    change = np.squeeze(unknownChange(components, strengths, place), axis)
    sigma = np.squeeze(survey.noise.at(place), axis)
    corners = np.argwhere(inside) * STEP
    return corners, windowed(standard)[inside], windowed(change)[inside], windowed(sigma)[inside].mean(axis=(1, 2))


def unknownChange(components, strengths, place):
    """What is added to the volume at three slices of it, but for the smoothing of unequal strengths."""
    noise, ringing, blur = components.at(place)
    return strengths.sharpen * (blur - ringing) - strengths.denoise * noise


def windowed(image):
    """(rows, columns, 32, 32) overlapping patches."""
    return np.lib.stride_tricks.sliding_window_view(image, (PATCH, PATCH))[::STEP, ::STEP]


def compared(standard, change, sigma, rings, expected):
    """(incoherent power over noise power, FRC, whether detail stands out of the noise) of each patch."""
    window = np.hanning(PATCH + 2)[1:-1].astype(np.float32)
    window = window[:, None] * window
    before, after = (spectrum(patches, window) for patches in (standard, standard + change))
    cross = ringSums((before * after.conj()).real, rings)
    powers = [ringSums(np.abs(part) ** 2, rings) for part in (before, after)]
    noise = (sigma**2 * (window**2).sum())[:, None] * ringSums(expected[None], rings)
    coherent = cross**2 / np.maximum(powers[0], 1e-30)
    total = np.maximum(noise.sum(axis=1), 1e-30)
    excess = (powers[1] - coherent).sum(axis=1) / total
    correlation = cross.sum(axis=1) / np.sqrt(np.maximum(powers[0].sum(axis=1) * powers[1].sum(axis=1), 1e-30))
    return excess, correlation, powers[0].sum(axis=1) > 3 * total


def spectrum(patches, window):
    return np.fft.fft2((patches - patches.mean(axis=(1, 2), keepdims=True)) * window)


def ringSums(values, rings):
    """(n, rings) sums over the rings that count; values (n, 32, 32)."""
    flat = values.reshape(len(values), -1)
    return np.stack([flat[:, rings == ring].sum(axis=1) for ring in range(LOWEST_RING, HIGHEST_RING + 1)], axis=1)


def filledRings(survey, plane):
    """Ring of every coefficient of a patch, flat; 16 is Nyquist, -1 where k-space was continued, window included."""
    frequency = np.fft.fftfreq(PATCH) * PATCH
    rings = np.rint(np.hypot(frequency[:, None], frequency)).astype(int)
    for axis, share in enumerate(sharpCut(survey)[a] for a in plane):
        if share < 1:
            isBeyond = np.abs(frequency) > share * PATCH / 2 - WINDOW_REACH
            rings[isBeyond if axis == 0 else (slice(None), isBeyond)] = -1
    return rings.ravel()


def noiseShape(color, axis):
    """(32, 32) noise power of a slice across the axis, mean 1 over all frequencies."""
    frequencies, power = color.power(24)
    flat = power.mean(axis=axis)
    index = np.minimum((np.abs(np.fft.fftfreq(PATCH)) * 2 * len(frequencies)).astype(int), len(frequencies) - 1)
    return flat[index][:, index] / flat.mean()


def patchCenter(index, corner, axis):
    """(k, j, i) of the middle of a patch."""
    inPlane = iter(int(c) + PATCH // 2 for c in corner)
    return tuple(int(index) if a == axis else next(inPlane) for a in range(3))
