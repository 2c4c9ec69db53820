"""Faint structure that a filter took with the noise, given back. Imports torch; import it lazily.

A lesion of three voxels at the level of the noise shows in no single voxel or coefficient, but in a mean of as many.
The more such a mean stands out of what is around it, the more of the mean of what was removed there comes back, with
a fifth of the noise. There is no threshold that a lesion would have to pass.
"""

import torch

from .lapped import noiseCovariance
from .surprise import boxMean, smoothed

WEIGHT = 0.25  # of the two neighbours along each axis in the mean: lesions of two and three voxels
AROUND = 2  # voxels on each side: what the mean is compared with is that of 5x5x5
HALO = AROUND
# SD of the noise of that difference at which half of the mean comes back. Lesions of 3 mm at twice the noise keep 0.70
# of their contrast with it and 0.54 without (AT6, preset High); the PSNR of heads does not change.
HALF_AT = 1.5
# The mean of correlated noise, as zero-filling makes it, still holds much of it: then more must stand out. Exponent of
# the SD relative to that of white noise; without it simulated zero-filled heads lose 0.5 dB.
RELATIVE = 3


def noiseWithoutStructure(image, noise, sigma, support):
    """noise less what it holds of structure; image, noise, sigma: (batch, 1, k, j, i); support: (batch, 3)."""
    difference = smoothed(image, WEIGHT) - boxMean(image, AROUND)
    sd = differenceSd(support)
    halfAt = HALF_AT * (sd / differenceSd(torch.ones_like(support))) ** RELATIVE
    power = (difference / (halfAt * sigma * sd)).square_()
    return noise - power / (power + 1) * smoothed(noise, WEIGHT)


def differenceSd(support):
    """SD of the difference for noise of SD 1, (batch, 1, 1, 1, 1); support: filled share of k-space, (batch, 3)."""
    count = 2 * AROUND + 1
    inner, outer = support.new_zeros(count), support.new_full((count,), 1 / count)
    inner[AROUND - 1 : AROUND + 2] = support.new_tensor([WEIGHT, 1 - 2 * WEIGHT, WEIGHT])
    terms = ((inner, inner, 1), (outer, outer, 1), (inner, outer, -2))
    variance = sum(sign * noiseCovariance(first, second, support) for first, second, sign in terms)
    return variance.sqrt().reshape(-1, 1, 1, 1, 1)
