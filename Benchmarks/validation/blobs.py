"""Lesion-like blobs in the error of an image: does the enhanced one hold more, or new ones? (AT7)"""

import dataclasses

import numpy as np
from scipy import ndimage

LIMIT = 4.0  # SDs of the input's own filtered error
SILENT = 3.0  # below this the input shows nothing at a place
SCALES = ((0.8, 2.0), (1.6, 4.0))  # centre and surround in voxels: blobs of about 2 and 4 voxels


@dataclasses.dataclass(frozen=True)
class BlobCount:
    """Blobs beyond 4 SD in the error of input and output, and those of the output where the input shows none."""

    before: int
    after: int
    new: int


def countBlobs(noisy, output, truth, sigma, mask) -> BlobCount:
    """Local extremes of a difference of Gaussians of the errors relative to the local noise, both signs, all scales.

    One yardstick for both: the robust SD of the input's filtered error.
    """
    before = after = new = 0
    floor = 0.2 * np.median(sigma[mask]) + 1e-6
    relative = [(image - truth) / np.maximum(sigma, floor) for image in (noisy, output)]
    for scale in SCALES:
        first, second = (_filtered(error, scale) for error in relative)
        spread = 1.4826 * float(np.median(np.abs(first[mask])))
        peaks = [_peaks(filtered, spread, mask) for filtered in (first, second)]
        near = ndimage.maximum_filter(np.abs(first), 3)
        before, after = before + int(peaks[0].sum()), after + int(peaks[1].sum())
        new += int((peaks[1] & (near < SILENT * spread)).sum())
    return BlobCount(before, after, new)


def _filtered(error, scale):
    return ndimage.gaussian_filter(error, scale[0]) - ndimage.gaussian_filter(error, scale[1])


def _peaks(filtered, spread, mask):
    size = np.abs(filtered)
    return mask & (size > LIMIT * spread) & (size == ndimage.maximum_filter(size, 3))
