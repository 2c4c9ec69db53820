"""Small measures that several groups share; arrays are (k, j, i)."""

import numpy as np
from scipy import ndimage
from skimage.metrics import structural_similarity

ROI_EDGE = 7  # voxels of the cube in which tissue is looked at as homogeneous


def rmse(image, truth, mask):
    return float(np.sqrt(np.mean((image[mask].astype(np.float64) - truth[mask]) ** 2)))


def ssim(image, truth, mask, peak):
    """Mean 3D SSIM (Gaussian window of 1.5 voxels) inside the mask; thin stacks are compared slice by slice."""
    settings = {
        "data_range": peak,
        "gaussian_weights": True,
        "sigma": 1.5,
        "use_sample_covariance": False,
        "full": True,
    }
    if min(truth.shape) >= 11:
        return float(structural_similarity(truth, image, **settings)[1][mask].mean())
    maps = [structural_similarity(a, b, **settings)[1] for a, b in zip(truth, image, strict=True)]
    return float(np.stack(maps)[mask].mean())


def flattestCube(truth, mask, edge=ROI_EDGE):
    """Slices of the cube in which the truth varies least, well inside the mask."""
    size = [min(edge, n) for n in truth.shape]
    mean = ndimage.uniform_filter(truth.astype(np.float64), size)
    variance = ndimage.uniform_filter(truth.astype(np.float64) ** 2, size) - mean**2
    level = np.percentile(truth[mask], 60)
    spread = np.sqrt(np.maximum(variance, 0)) / np.maximum(mean, 1e-6)
    inside = ndimage.uniform_filter(mask.astype(np.float32), size) > 0.999
    spread[~inside | (mean < 0.5 * level)] = np.inf
    centre = np.unravel_index(int(np.argmin(spread)), spread.shape)
    return tuple(slice(max(c - n // 2, 0), c - n // 2 + n) for c, n in zip(centre, size, strict=True))


def tissueSnr(image, region):
    """tissue_sd: mean over SD of a homogeneous region."""
    return float(image[region].mean() / image[region].std(ddof=1))


def correlation(first, second):
    first, second = first - first.mean(), second - second.mean()
    spread = np.sqrt((first**2).sum() * (second**2).sum())
    return float((first * second).sum() / spread) if spread > 0 else 0.0


def residualCorrelations(removed, truth, mask):
    """|correlation| of what was removed with the truth's edge map (gradient length) and with its Laplacian."""
    edges, curvature = ndimage.gaussian_gradient_magnitude(truth, 1.0), ndimage.gaussian_laplace(truth, 1.0)
    return abs(correlation(removed[mask], edges[mask])), abs(correlation(removed[mask], curvature[mask]))
