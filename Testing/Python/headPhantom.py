"""A small head with known truth, and the scanner that makes noisy, truncated, filtered magnitude images of it."""

import numpy as np
from scipy import fft, ndimage

from DLEnhanceLib.survey import survey
from DLEnhanceLib.volume import Volume

SHAPE = (72, 104, 96)


def headPhantom(shape=SHAPE, seed=1):
    """Clean head (k,j,i), tissue about 0.5 to 1, air 0: scalp, skull, cortex folded around white matter, ventricles."""
    grids = np.meshgrid(*(np.linspace(-1, 1, size) for size in shape), indexing="ij")
    radius = np.sqrt(sum(grid**2 for grid in grids)) / 0.92
    random = np.random.default_rng(seed)
    folds = ndimage.gaussian_filter(random.standard_normal(shape), 3.0)
    brain = np.where(radius * (1 + 2.0 * folds / np.abs(folds).max() * 0.2) < 0.55, 0.85, 0.6)
    ventricles = (grids[0] / 0.3) ** 2 + (grids[1] / 0.35) ** 2 + ((np.abs(grids[2]) - 0.1) / 0.1) ** 2 < 1
    brain[ventricles] = 0.2
    head = np.select([radius < 0.78, radius < 0.88, radius < 1.0], [brain, 0.1, 1.1], 0.0)
    return ndimage.gaussian_filter(head, 0.6).astype(np.float32)


def coilMap(shape=SHAPE, lowest=0.7, highest=2.3):
    """A smooth noise amplification with its peak off the middle."""
    k, j, i = np.meshgrid(*(np.linspace(-1, 1, size) for size in shape), indexing="ij")
    bump = np.exp(-(0.6 * k**2 + (j - 0.1) ** 2 + (i + 0.2) ** 2))
    return (lowest + (highest - lowest) * (bump - bump.min()) / np.ptp(bump)).astype(np.float32)


def kspaceWeights(shape, support, *, alpha=1.0, isElliptic=False):
    """Filled part of k-space, with the raw filter alpha + (1 - alpha) cos."""
    relative = [np.abs(fft.fftfreq(size)) * 2 / share for size, share in zip(shape, support, strict=True)]
    weights = np.ones(())
    for axis in relative:
        weights = np.multiply.outer(weights, np.where(axis <= 1, alpha + (1 - alpha) * np.cos(np.pi * axis), 0.0))
    if isElliptic:
        weights = weights * (relative[1][:, None] ** 2 + relative[2][None] ** 2 <= 1)
    return weights.astype(np.float32)


def acquire(truth, *, sigma, support=(1, 1, 1), coil=1.0, scale=1000.0, seed=0, **kspace):
    """(magnitude image, image without noise): complex noise of marginal SD sigma x coil before the magnitude."""
    random = np.random.default_rng(seed)
    k, j, i = np.meshgrid(*(np.linspace(-1, 1, size) for size in truth.shape), indexing="ij")
    phase = np.exp(1j * (1.5 * k + 2 * j * i + i))
    weights = kspaceWeights(truth.shape, support, **kspace)
    noise = (random.standard_normal(truth.shape) + 1j * random.standard_normal(truth.shape)) * sigma * coil
    clean, noise = (fft.ifftn(fft.fftn(part) * weights) for part in (truth * phase, noise))
    noise /= np.sqrt((weights**2).mean())
    return (np.abs(clean + noise) * scale).astype(np.float32), (np.abs(clean) * scale).astype(np.float32)


def asVolume(voxels, spacing=(1.0, 1.0, 1.0), **fields):
    """A Volume with voxels of i, j, k spacing in mm."""
    return Volume(voxels, np.diag([*spacing, 1.0]), **fields)


def surveyOf(voxels, **fields):
    return survey(asVolume(voxels, **fields))
