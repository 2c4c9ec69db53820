"""Metrics with a truth (enhancement-notes 3.3) of an output against a benchmark case."""

import numpy as np
from scipy import ndimage
from skimage.metrics import structural_similarity

SURROUND = (2, 5)  # voxels around a lesion that are its background


def scores(case, output):
    """One dictionary of numbers: PSNR and SSIM in the head, lesions, edges, residual."""
    truth, noisy, mask = case.truth, case.noisy.voxels, case.mask
    error = output - truth
    peak = float(np.percentile(truth[mask], 99))
    small = [label + 1 for label, d in enumerate(case.diametersMm) if d <= 4]
    large = [label + 1 for label, d in enumerate(case.diametersMm) if d > 4]
    return {
        "psnr": 20 * np.log10(peak / np.sqrt(np.mean(error[mask] ** 2))),
        "ssim": _ssim(output, truth, mask, peak),
        "kept<=4mm": contrastKept(case, output, small),
        "kept>4mm": contrastKept(case, output, large),
        "cnrGain": _cnrGain(case, output, small),
        "edgeSlope": edgeSlope(output, truth, mask),
        "residualAnatomy": residualAnatomy(noisy, output, truth, mask),
    }


def contrasts(case, image, labels):
    """Mean of each lesion above its surround."""
    result = []
    for label in labels:
        lesion = case.lesions == label
        part = tuple(slice(max(s.start - 7, 0), s.stop + 7) for s in ndimage.find_objects(lesion.astype(np.uint8))[0])
        distance = ndimage.distance_transform_edt(~lesion[part])
        around = (distance > SURROUND[0]) & (distance <= SURROUND[1]) & (case.lesions[part] == 0)
        result.append(image[part][lesion[part]].mean() - image[part][around].mean())
    return np.array(result)


def contrastKept(case, output, labels):
    """Slope of the regression, through the origin, of the output's lesion contrasts on the truth's."""
    truth, found = contrasts(case, case.truth, labels), contrasts(case, output, labels)
    return float((truth * found).sum() / (truth**2).sum())


def _cnrGain(case, output, labels):
    """Contrast kept over the share of the error's SD that is left, in and around the lesions."""
    near = ndimage.binary_dilation(np.isin(case.lesions, labels), iterations=4)
    before, after = ((image - case.truth)[near].std() for image in (case.noisy.voxels, output))
    kept = contrastKept(case, output, labels) / contrastKept(case, case.noisy.voxels, labels)
    return float(kept * before / after)


def edgeSlope(output, truth, mask):
    """Regression of the output's gradient on the truth's where that is strong: below 1 edges are blurred."""
    trueGradient = np.stack(np.gradient(truth))
    size = np.sqrt((trueGradient**2).sum(0))
    strong = mask & (size > np.percentile(size[mask], 90))
    found = np.stack(np.gradient(output))
    return float((found * trueGradient)[:, strong].sum() / (trueGradient**2)[:, strong].sum())


def residualAnatomy(noisy, output, truth, mask):
    """|correlation| of what was removed with the truth's Laplacian and gradient: 0 is honest noise."""
    removed = (noisy - output)[mask]
    maps = (ndimage.gaussian_laplace(truth, 1.0), ndimage.gaussian_gradient_magnitude(truth, 1.0))
    return float(max(abs(np.corrcoef(removed, anatomy[mask])[0, 1]) for anatomy in maps))


def _ssim(output, truth, mask, peak):
    _, full = structural_similarity(
        truth, output, data_range=peak, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True
    )
    return float(full[mask].mean())
