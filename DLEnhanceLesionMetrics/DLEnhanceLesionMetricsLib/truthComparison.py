"""How far an image is from a known truth, and how much of each lesion's contrast it kept. For simulated volumes only.

numpy and scipy; no Slicer, no files.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from DLEnhanceLib.volume import Volume

SURROUND_MM = 2.0
SIZE_CLASSES = ((0.0, 3.5), (3.5, 5.5), (5.5, float("inf")))  # longest diameter in mm, [from, to)


@dataclasses.dataclass(frozen=True)
class TruthError:
    """psnr in dB = 20 log10(tissue maximum / RMSE); rmsePercent of the tissue maximum; both inside the mask."""

    psnr: float
    rmsePercent: float


@dataclasses.dataclass(frozen=True)
class ContrastKept:
    """Slope of the image on the truth in the lesions of a size class and their surround; 1.0 is all of the contrast.

    rmsePercent: error inside these lesions in percent of the tissue maximum.
    """

    lesions: int
    smallest: float
    largest: float
    slope: float
    rmsePercent: float


def tissueMaximum(truth: Volume, mask: np.ndarray) -> float:
    """The 99th percentile of the truth inside the mask, the range that errors are given in."""
    return float(np.percentile(truth.voxels[mask], 99))


def truthError(volume: Volume, truth: Volume, mask: np.ndarray) -> TruthError:
    """Error of a volume inside a boolean mask (k, j, i). An exact copy has an infinite psnr."""
    peak = tissueMaximum(truth, mask)
    rmse = _rmse(volume.voxels[mask], truth.voxels[mask])
    return TruthError(psnr=20 * np.log10(peak / rmse) if rmse else float("inf"), rmsePercent=100 * rmse / peak)


def contrastKept(
    volume: Volume, truth: Volume, lesions: Volume, diameters: dict[int, float], mask: np.ndarray
) -> list[ContrastKept]:
    """Contrast kept by size class.

    lesions: integer labels on the same grid; diameters: label to longest diameter in mm; mask: where tissue is.
    Each lesion is centred on its own mean, so that only its deviation from the surround counts.
    """
    peak = tissueMaximum(truth, mask)
    found = []
    for low, high in SIZE_CLASSES:
        labels = [label for label, diameter in diameters.items() if low <= diameter < high]
        if labels:
            found.append(_ofClass(volume, truth, lesions, labels, [diameters[label] for label in labels], peak))
    return found


def _ofClass(volume, truth, lesions, labels: Sequence[int], sizes, peak):
    products = squares = 0.0
    errors = []
    for label in labels:
        box, inside = _lesionBox(lesions, label)
        region = _withSurround(inside, lesions.spacing[::-1]) & np.isin(lesions.voxels[box], (0, label))
        image, target = (one.voxels[box].astype(np.float64) for one in (volume, truth))
        deviation = target[region] - target[region].mean()
        products += float(deviation @ image[region])
        squares += float(deviation @ deviation)
        errors.append(image[inside] - target[inside])
    rmse = float(np.sqrt(np.mean(np.concatenate(errors) ** 2)))
    return ContrastKept(len(labels), min(sizes), max(sizes), products / squares, 100 * rmse / peak)


def _lesionBox(lesions, label):
    """The slices around one lesion with room for its surround, and where it is in them."""
    inside = lesions.voxels == label
    room = np.ceil(SURROUND_MM / lesions.spacing[::-1]).astype(int) + 1
    (core,) = ndimage.find_objects(inside.astype(np.uint8))
    box = tuple(slice(max(part.start - pad, 0), part.stop + pad) for part, pad in zip(core, room, strict=True))
    return box, inside[box]


def _withSurround(inside, spacing):
    return ndimage.distance_transform_edt(~inside, sampling=spacing) <= SURROUND_MM


def _rmse(image, target):
    return float(np.sqrt(np.mean((image.astype(np.float64) - target.astype(np.float64)) ** 2)))
