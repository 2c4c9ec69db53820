"""How improbable it is that what a filter removed was noise, voxel by voxel. Imports torch; import it lazily."""

import torch
from torch import nn

from .lapped import noiseCovariance

WEIGHTS = (0.0, 0.1, 0.2)  # of the two neighbours along each axis: single voxels, lesions of two and of three voxels
SMOOTH = 1  # index of the weight whose map is given as it is
# Half of what lies LIMIT SD out is given back. Lower keeps more of lesions of 2 to 4 mm, but also single noise peaks
# that then stand out of a smooth surround: 3.0 and 3.8 kept 0.02 more and 0.02 less on two real heads with 6 % noise.
LIMIT, STEEPNESS = 3.2, 3.0


def surprise(removed, sigma, support):
    """(largest, smooth): the largest absolute value over the smoothings, in SD of the noise, and that of one of them.

    removed, sigma: (batch, 1, k, j, i); support (batch, 3) tells how far smoothing lowers the noise.
    """
    maps = [smoothed(removed, weight) / (sigma * smoothedSd(support, weight)) for weight in WEIGHTS]
    return torch.stack([m.abs() for m in maps]).amax(0), maps[SMOOTH]


def keptShare(largest, correction=0.0):
    """Share 0 to 1 of what was removed that is given back; without a correction by a soft threshold alone."""
    return torch.sigmoid(STEEPNESS * (largest - LIMIT) + correction)


def smoothed(image, weight):
    """image (batch, 1, k, j, i) under the kernel weight, 1 - 2 weight, weight along each axis."""
    if not weight:
        return image
    for axis in (2, 3, 4):
        last, mean = image.shape[axis] - 1, (1 - 2 * weight) * image
        for start, neighbour, count in ((1, 0, last), (0, 0, 1), (0, 1, last), (last, last, 1)):  # the ends repeated
            mean.narrow(axis, start, count).add_(image.narrow(axis, neighbour, count), alpha=weight)
        image = mean
    return image


def boxMean(image, reach):
    """The mean of image (batch, 1, k, j, i) over reach voxels to each side along each axis, the ends repeated."""
    count = 2 * reach + 1
    total = nn.functional.pad(image, (reach,) * 6, mode="replicate")
    for axis in (2, 3, 4):  # faster than a pooling over the cube
        size = total.shape[axis] - 2 * reach
        total = sum(total.narrow(axis, start, size) for start in range(count))
    return total / count**3


def smoothedSd(support, weight):
    """SD of smoothed noise of SD 1 whose k-space is filled to the share support, (batch, 3) -> (batch, 1, 1, 1, 1)."""
    kernel = support.new_tensor([weight, 1 - 2 * weight, weight])
    return noiseCovariance(kernel, kernel, support).sqrt().reshape(-1, 1, 1, 1, 1)
