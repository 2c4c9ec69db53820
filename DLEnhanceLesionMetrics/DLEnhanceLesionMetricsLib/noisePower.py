"""Noise power spectrum of a noise image: its mean frequency says whether denoising made the noise coarse ("plastic").

numpy only. Noise comes from a repeat, (S1 - S2) / sqrt 2, from pseudo-replicas, or from a flat region less its slope.
"""

import dataclasses

import numpy as np

from DLEnhanceLib.errors import BadOption

PATCH = 32  # voxels
SMALLEST_PATCH = 8
FEWEST_IN_SLICE = 20  # voxels of a region too small for patches, and in all of its slices together:
FEWEST_VOXELS = 60


@dataclasses.dataclass(frozen=True, eq=False)
class NoisePower:
    """frequencies: cycles per mm of the rings; power: mean power density of each, image units^2 mm^2.

    meanFrequency, peakFrequency: cycles per mm; sd: of the noise within the patches; patches: how many were averaged;
    voxels: in them. isWhole: whether the patches are squares, and not slices of a small region, which leak.
    """

    frequencies: np.ndarray
    power: np.ndarray
    meanFrequency: float
    peakFrequency: float
    sd: float
    patches: int
    voxels: int = 0
    isWhole: bool = True


def noisePower(noise: np.ndarray, spacing, *, inside: np.ndarray | None = None, patch: int = PATCH) -> NoisePower:
    """The in-plane spectrum of noise (k, j, i), averaged over square patches and slices.

    spacing: mm along i, j (further entries are ignored). inside: bool (k, j, i); only patches that lie in it as a whole
    count, and the patch is halved down to 8 voxels until one fits. Where none fits, each slice of the region is a
    patch, zero outside: its spectrum is smeared. Each patch loses its mean and slopes, which belong to the anatomy. The
    mean frequency is weighted by the power of all cells of the 2D spectrum (ICRU 87), up to the lower of the two axes'
    Nyquist frequencies. Raises BadOption when the region is too small for that as well.
    """
    noise = np.asarray(noise, np.float64)
    size = min(patch, *noise.shape[1:])
    tiles = _tiles(noise, inside, size)
    while not tiles and size >= 2 * SMALLEST_PATCH:
        size //= 2
        tiles = _tiles(noise, inside, size)
    isWhole = bool(tiles) and size >= SMALLEST_PATCH
    if isWhole:
        flat, used = [_detrended(tile) for tile in tiles], len(tiles) * size**2
    else:
        flat, used = _regionSlices(noise, inside)
        size = len(flat[0])
    area = float(spacing[0] * spacing[1])
    power = np.sum([np.abs(np.fft.fft2(tile)) ** 2 for tile in flat], axis=0) * area / used
    radius = np.hypot(np.fft.fftfreq(size, spacing[1])[:, None], np.fft.fftfreq(size, spacing[0])[None, :])
    highest = 0.5 / max(spacing[0], spacing[1])
    counted = (radius > 0) & (radius <= highest)
    frequencies, rings = _ringMeans(radius[counted], power[counted], highest, size // 2)
    total = power[counted].sum()
    mean = float((radius[counted] * power[counted]).sum() / total) if total > 0 else float("nan")
    degrees = used if isWhole else used - 3 * len(flat)  # small regions lose much with mean and slopes
    sd = float(np.sqrt(np.square(flat).sum() / degrees))
    return NoisePower(frequencies, rings, mean, float(frequencies[np.argmax(rings)]), sd, len(flat), used, isWhole)


def _tiles(noise, inside, size):
    """Patches side by side, half overlapping, of all slices."""
    step = max(size // 2, 1)
    corners = [
        (k, j, i)
        for k in range(noise.shape[0])
        for j in range(0, noise.shape[1] - size + 1, step)
        for i in range(0, noise.shape[2] - size + 1, step)
    ]
    boxes = [np.s_[k, j : j + size, i : i + size] for k, j, i in corners]
    return [noise[box] for box in boxes if (inside is None or inside[box].all()) and np.isfinite(noise[box]).all()]


def _regionSlices(noise, inside):
    """(slices of a small region, zero outside and of one square shape; number of voxels). Raises BadOption."""
    masks = [] if inside is None else [mask & np.isfinite(part) for mask, part in zip(inside, noise, strict=True)]
    chosen = [(part, mask) for part, mask in zip(noise, masks, strict=False) if mask.sum() >= FEWEST_IN_SLICE]
    used = int(sum(mask.sum() for _, mask in chosen))
    if used < FEWEST_VOXELS:
        raise BadOption(
            f"The region is too small for a noise spectrum: {FEWEST_VOXELS} voxels are needed, best {SMALLEST_PATCH} "
            "and more a side in each slice."
        )
    bounds = [np.array([np.flatnonzero(mask.any(axis=axis))[[0, -1]] for axis in (1, 0)]) for _, mask in chosen]
    size = max(2 * SMALLEST_PATCH, *(int((high - low + 1).max()) for low, high in (bound.T for bound in bounds)))
    size += size % 2
    slices = []
    for (part, mask), bound in zip(chosen, bounds, strict=True):
        box = tuple(slice(low, high + 1) for low, high in bound)
        slices.append(np.pad(_detrended(part[box], mask[box]), [(0, size - (side.stop - side.start)) for side in box]))
    return slices, used


def _detrended(tile, inside=None):
    """The tile less its mean and slopes, zero outside a mask."""
    inside = np.ones(tile.shape, bool) if inside is None else inside
    j, i = np.nonzero(inside)
    basis = np.stack([np.ones(j.size), j, i], axis=1)
    values = tile[inside]
    fit, *_ = np.linalg.lstsq(basis, values, rcond=None)
    result = np.zeros(tile.shape)
    result[inside] = values - basis @ fit
    return result


def _ringMeans(radius, power, highest, count):
    """Mean frequency and power of count rings of equal width; empty rings are left out."""
    ring = np.minimum((radius / highest * count).astype(int), count - 1)
    members = np.bincount(ring, minlength=count)
    kept = members > 0
    sums = (np.bincount(ring, weights=values, minlength=count) for values in (radius, power))
    return tuple(total[kept] / members[kept] for total in sums)
