"""Faint structure that a filter took with the noise, given back. Imports torch; import it lazily.

A lesion of a few voxels at the level of the noise shows in no single voxel or coefficient, but in a mean of as many.
Where the mean of what was removed is improbable for noise, it comes back, with a small part of the noise. There is no
threshold that a lesion would have to pass.
"""

import torch

from .lapped import noiseCovariance
from .surprise import smoothed

WEIGHT = 0.25  # of the two neighbours along each axis in the mean
SMOOTHINGS = (1, 2)  # how often: lesions of two to three voxels, then those of three to five
HALO = sum(SMOOTHINGS)
# SD of the mean of noise at which half of the mean comes back. Lower keeps more of lesions and more noise: with 1.3,
# 1.6 and 2.0, used once, lesions of 2 mm at up to ten times the noise keep 69, 67 and 65 % of their contrast (AT6,
# preset High) and the PSNR of real heads differs by less than 0.1 dB. The mean of correlated noise still holds much of
# it: then more must stand out, by as much as that mean is noisier than the mean of white noise.
HALF_AT, EXPONENT = 1.5, 4


def noiseWithoutStructure(noise, sigma, support):
    """noise less what it holds of structure; noise, its SD sigma: (batch, 1, k, j, i); support: (batch, 3)."""
    for times in SMOOTHINGS:
        mean = noise
        for _ in range(times):
            mean = smoothed(mean, WEIGHT)
        sd = meanSd(support, times)
        halfAt = HALF_AT * sd / meanSd(torch.ones_like(support), times)
        power = (mean / (halfAt * sigma * sd)).pow_(EXPONENT)
        noise = noise - power / (power + 1) * mean
    return noise


def meanSd(support, times):
    """SD of noise of SD 1 smoothed so many times, (batch, 1, 1, 1, 1); support: filled share of k-space, (batch, 3)."""
    kernel = support.new_tensor({1: (1, 2, 1), 2: (1, 4, 6, 4, 1)}[times])
    kernel = kernel / kernel.sum()
    return noiseCovariance(kernel, kernel, support).sqrt().reshape(-1, 1, 1, 1, 1)
