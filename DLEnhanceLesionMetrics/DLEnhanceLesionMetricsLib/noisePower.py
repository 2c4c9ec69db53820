"""Noise power spectrum of a noise image: its mean frequency says whether denoising made the noise coarse ("plastic").

numpy only. Noise comes from a repeat, (S1 - S2) / sqrt 2, from pseudo-replicas, or from a flat region less its slope.
"""

import dataclasses

import numpy as np

from DLEnhanceLib.errors import BadOption

PATCH = 32  # voxels
SMALLEST_PATCH = 8


@dataclasses.dataclass(frozen=True, eq=False)
class NoisePower:
    """frequencies: cycles per mm of the rings; power: mean power density of each, image units^2 mm^2.

    meanFrequency, peakFrequency: cycles per mm; sd: of the noise within the patches; patches: how many were averaged.
    """

    frequencies: np.ndarray
    power: np.ndarray
    meanFrequency: float
    peakFrequency: float
    sd: float
    patches: int


def noisePower(noise: np.ndarray, spacing, *, inside: np.ndarray | None = None, patch: int = PATCH) -> NoisePower:
    """The in-plane spectrum of noise (k, j, i), averaged over square patches and slices.

    spacing: mm along i, j (further entries are ignored). inside: bool (k, j, i); only patches that lie in it as a whole
    count, and the patch is halved down to 8 voxels until one fits. Each patch loses its mean and slopes, which belong
    to the anatomy. The mean frequency is weighted by the power of all cells of the 2D spectrum (ICRU 87), up to
    the lower of the two axes' Nyquist frequencies. Raises BadOption when no patch fits.
    """
    noise = np.asarray(noise, np.float64)
    size = min(patch, *noise.shape[1:])
    tiles = _tiles(noise, inside, size)
    while not tiles and size >= 2 * SMALLEST_PATCH:
        size //= 2
        tiles = _tiles(noise, inside, size)
    if not tiles or size < SMALLEST_PATCH:
        raise BadOption(f"The region is too small for a noise spectrum: {SMALLEST_PATCH} voxels a side are needed.")
    flat = [_detrended(tile) for tile in tiles]
    area = float(spacing[0] * spacing[1])
    power = np.mean([np.abs(np.fft.fft2(tile)) ** 2 for tile in flat], axis=0) * area / size**2
    radius = np.hypot(np.fft.fftfreq(size, spacing[1])[:, None], np.fft.fftfreq(size, spacing[0])[None, :])
    highest = 0.5 / max(spacing[0], spacing[1])
    used = (radius > 0) & (radius <= highest)
    frequencies, rings = _ringMeans(radius[used], power[used], highest, size // 2)
    total = power[used].sum()
    mean = float((radius[used] * power[used]).sum() / total) if total > 0 else float("nan")
    sd = float(np.sqrt(np.mean(np.square(flat))))
    return NoisePower(frequencies, rings, mean, float(frequencies[np.argmax(rings)]), sd, len(tiles))


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


def _detrended(tile):
    j, i = np.indices(tile.shape)
    basis = np.stack([np.ones(tile.size), j.ravel(), i.ravel()], axis=1)
    fit, *_ = np.linalg.lstsq(basis, tile.ravel(), rcond=None)
    return tile - (basis @ fit).reshape(tile.shape)


def _ringMeans(radius, power, highest, count):
    """Mean frequency and power of count rings of equal width; empty rings are left out."""
    ring = np.minimum((radius / highest * count).astype(int), count - 1)
    members = np.bincount(ring, minlength=count)
    kept = members > 0
    sums = (np.bincount(ring, weights=values, minlength=count) for values in (radius, power))
    return tuple(total[kept] / members[kept] for total in sums)
