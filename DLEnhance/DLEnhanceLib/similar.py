"""Measured values of voxels that look alike, averaged: what gives small lesions back. Imports torch; import it lazily.

Non-local means whose weights come from a first estimate almost without noise (Manjon 2012,
doi:10.1016/j.media.2011.04.003). Such weights hardly follow the noise, and what is averaged was measured: a lesion of
a few voxels keeps the contrast that a filter takes from it.
"""

import torch
from torch import nn

from .blocks import layersAtOnce, shiftsWithin
from .surprise import boxMean, smoothed

REACH, BALL = 2, 5  # voxels along an axis; squared distance: 56 neighbours, more would take more of lesions
HALO = 4  # voxels that the result depends on: the reach, the mean of a neighbour and one of smoothing
# SD of the noise by which two voxels may differ in the estimate and in its mean over 3x3x3 voxels. Wider takes more
# noise and more contrast: with 0.62, 0.68 and 0.72 for the value lesions of 2 mm (AT6, preset High, fast) keep 81.5,
# 80.2 and 79.4 %, and real heads with 6 % noise (peerBenchmark.py) differ by 0.08 and 0.13 dB from the first.
VALUE, MEAN = 0.58, 1.2
# Share of the average in the result: AT_LEAST where the two agree, all of it where they differ by more than about
# TURN SD, as in a lesion.
AT_LEAST, TURN, STEEPNESS = 0.25, 0.4, 10.0
SMOOTHING = 0.1
LEAST_KEPT = 0.6  # of a magnitude when its bias goes: a root close to nothing would turn noise of air into specks
TINY = 1e-20
LAYERS = 16  # of a slab
SHIFTS = [shift for shift in shiftsWithin(REACH, BALL) if any(shift)]
PAIRS = SHIFTS[len(SHIFTS) // 2 :]  # the others are these backwards


def noiseOfSimilar(image, noise, sigma):
    """A better estimate of the noise of an image, from a first one: all (batch, 1, k, j, i) in the same units."""
    other = image - averageOfSimilar(image, image - noise, sigma) - noise
    share = torch.sigmoid(STEEPNESS * (smoothed(other, SMOOTHING).abs() / sigma - TURN))
    return noise + (AT_LEAST + (1 - AT_LEAST) * share) * other


def averageOfSimilar(image, estimate, sigma):
    """The average of the image over each voxel and those around it that look alike in the estimate.

    Squares are averaged and 2 sigma^2 taken off, which frees it from the bias of magnitudes from an SNR of 1 on
    (Wiest-Daessle 2008, doi:10.1007/978-3-540-85990-1_21).
    A neighbour counts by (1 - d/4)^4, close to exp(-d) but never too small for fast arithmetic, where d is the sum of
    the squared differences, the same for both of a pair. In slabs and in place: the arithmetic is so little that the
    cache decides the time.
    """
    mean = boxMean(estimate, 1)
    features = [estimate / (2 * VALUE * sigma), mean / (2 * MEAN * sigma)]
    value, mean, power = (_wide(part, REACH) for part in (*features, image.square()))
    result = torch.empty_like(image)
    layers = layersAtOnce(image, LAYERS)
    for start in range(0, image.shape[2], layers):
        slab = (..., slice(start, start + layers), slice(None), slice(None))
        size = result[slab].shape[2:]

        def at(low, shape, start=start):
            corner = (REACH + start + low[0], REACH + low[1], REACH + low[2])
            return (..., *[slice(c, c + n) for c, n in zip(corner, shape, strict=True)])

        total = power[at((0, 0, 0), size)].clone()
        weights = torch.ones_like(total)
        for shift in PAIRS:
            # the first voxels of all pairs of which one lies in the slab
            low = [min(0, -s) for s in shift]
            shape = [n + abs(s) for n, s in zip(size, shift, strict=True)]
            first, second = at(low, shape), at([a + s for a, s in zip(low, shift, strict=True)], shape)
            weight, part = value[first] - value[second], mean[first] - mean[second]
            weight.square_().addcmul_(part, part).neg_().add_(1).clamp_min_(0).square_().square_()
            for sign in (1, -1):
                there = [max(0, sign * s) for s in shift]
                inside = (..., *[slice(t, t + n) for t, n in zip(there, size, strict=True)])
                counted = weight[inside]
                total.addcmul_(counted, power[at([sign * s for s in shift], size)])
                weights.add_(counted)
        result[slab] = total.div_(weights)
    kept = (1 - 2 * sigma.square() / result.clamp_min(TINY)).clamp_min_(LEAST_KEPT**2)
    return result.mul_(kept).sqrt_()


def _wide(tile, reach):
    return nn.functional.pad(tile, (reach,) * 6, mode="replicate")
