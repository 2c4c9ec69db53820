"""Truncation ringing and blur of a volume, once its noise is known: slabs of it, given to the device. Arrays only."""

import numpy as np

from .components import NAMES, within
from .noiseColor import CLEARLY_FILTERED
from .normalisation import normalised

# A cut k-space rises from 10 to 90 % of an edge in 0.89 acquired voxels, a Gaussian in 2.563 sigma: at 0.28 voxels an
# image of the whole k-space has 80 % of that edge rise distance and does not ring.
CLEAN_SIGMA = 0.28
MOST_FILLED = 0.85  # of an axis: beyond, little is missing, and what looks like a cut may be the soft end of a filter
THICK = 2.0  # times the smallest acquired voxel: thicker slices are taken for a 2D scan, which is not cut across them
SLAB_VOXELS = 32_000_000  # bounds the memory to about 1.5 GB
HALO = 16  # slices around a slab; beyond, its result no longer shows them


def cleanSigmas(support, spacing):
    """SD in voxels along k, j, i of the Gaussian that leaves an image without ringing; 0 across thick slices.

    support: filled share of k-space, spacing in mm, both along k, j, i.
    """
    acquired = [size / share for size, share in zip(spacing, support, strict=True)]
    thick = THICK * min(acquired)
    return tuple(0.0 if a > thick else CLEAN_SIGMA / share for a, share in zip(acquired, support, strict=True))


def endsInCut(share, alpha):
    """Whether an axis of this filled share and raw filter (alpha of a NoiseColor) rings enough to be continued."""
    return share <= MOST_FILLED and alpha >= CLEARLY_FILTERED


def sharpCut(found):
    """Filled share of k-space along k, j, i where it ends in a cut, which rings; 1 where it is full or fades out."""
    return tuple(
        share if endsInCut(share, alpha) else 1.0
        for share, alpha in zip(found.support, found.noise.color.apodization, strict=True)
    )


def slabs(shape, support):
    """Pairs (core, core with halo) of three slices of a box; cut across the axis of the largest support."""
    axis = max(range(3), key=lambda a: (support[a], shape[a]))
    n, area = shape[axis], max(1, np.prod(shape) // max(1, shape[axis]))
    thickness = max(1, n) if n * area <= SLAB_VOXELS else max(HALO, int(SLAB_VOXELS // area) - 2 * HALO)
    for start in range(0, n, thickness):
        stop = min(start + thickness, n)
        ends = (start, stop), (max(0, start - HALO), min(n, stop + HALO))
        yield tuple(tuple(slice(*part) if a == axis else slice(0, shape[a]) for a in range(3)) for part in ends)


def restore(components, volume, found, backend, weight, reportProgress, **options):
    """Fills ringing and blur of the components, whose noise is known; weight: a HeadWeight. options: of the backend.

    Raises MemoryError when a slab is too large for the device.
    """
    box = components.box
    support, sigmas = sharpCut(found), cleanSigmas(found.support, volume.spacing[::-1])
    plan = list(slabs([part.stop - part.start for part in box], support))
    for number, (core, padded) in enumerate(plan):
        place, around = (
            tuple(slice(b.start + p.start, b.start + p.stop) for b, p in zip(box, part, strict=True))
            for part in (core, padded)
        )
        image, isKept = normalised(volume, found, around)
        image -= components.stored[NAMES.index("noise")][padded]

        def report(fraction, number=number):
            reportProgress((number + fraction) / len(plan), "Continuing k-space")

        parts = backend.restored(image, support, sigmas, reportProgress=report, **options)
        parts[:, isKept] = 0
        for name, part in zip(("ringing", "blur"), parts, strict=True):
            components.put(place, part[within(core, padded)] * weight.at(place), name=name)
