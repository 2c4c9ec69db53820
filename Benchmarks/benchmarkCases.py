"""Test volumes with known truth: real heads that training never saw, given lesions, noise and k-space cuts."""

import dataclasses
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage

from DLEnhanceLib.reading import readVolume
from DLEnhanceLib.volume import Volume
from DLEnhanceTraining.acquisition import Protocol, addNoise, scan
from DLEnhanceTraining.anatomy import shrink
from DLEnhanceTraining.pathology import Lesion, drawLesion

SHRINK = 0.8  # fewer voxels, higher SNR: the head that serves as truth is cleaner than what is to be reached
SIZE = (96, 112, 96)
LESIONS_MM = (2.0, 3.0, 4.0, 6.0, 8.0, 10.0)
HEADS = {
    "T1 post-contrast": "glioma_upenn_00001/00001_t1c.nii.gz",
    "T1": "glioma_upenn_00001/00001_t1n.nii.gz",
    "T2": "glioma_upenn_00001/00001_t2w.nii.gz",
    "FLAIR": "glioma_upenn_00001/00001_t2f.nii.gz",
}
CONDITIONS = {
    "white 3 %": Protocol(sigma=0.03),
    "white 6 %": Protocol(sigma=0.06),
    "white 10 %": Protocol(sigma=0.10),
    "g-map 6 %": Protocol(sigma=0.06, gSpread=3.3),
    "g-map 6 % x 0.7 to 2.3": Protocol(sigma=0.06),
    "zero-filled 70 x 62 %, 6 %": Protocol(sigma=0.06, support=(1.0, 0.70, 0.62)),
    "truncation 70 x 62 %, 1 %": Protocol(sigma=0.01, support=(1.0, 0.70, 0.62)),
    "near clean, 1 %": Protocol(sigma=0.01),
}


G_RANGES = {"g-map 6 % x 0.7 to 2.3": (0.7, 2.3)}  # of the g-map, at the rim and in the middle


@dataclasses.dataclass(frozen=True, eq=False)
class Case:
    """noisy and truth: volumes on one grid, tissue near 1000. lesions: labels; diametersMm of labels 1..."""

    head: str
    condition: str
    noisy: Volume
    truth: np.ndarray
    lesions: np.ndarray
    diametersMm: tuple[float, ...]
    sigma: np.ndarray
    mask: np.ndarray


def makeCases(dataFolder: Path, heads=tuple(HEADS), conditions=tuple(CONDITIONS)):
    """Yields the cases; the truth is the object itself at full resolution, before any cut of k-space."""
    for head in heads:
        voxels = readVolume(dataFolder / HEADS[head]).voxels
        for condition in conditions:
            yield makeCase(voxels, head, condition)


def makeCase(voxels, head, condition, seed=7) -> Case:
    rng = np.random.default_rng(seed)
    image = _truth(voxels)
    lesions, diameters = _insertLesions(image, rng)
    protocol = dataclasses.replace(CONDITIONS[condition], phaseCycles=0.5)
    scanned = scan(image, torch.zeros_like(image), protocol, rng)
    if condition in G_RANGES:
        scanned = dataclasses.replace(scanned, gMap=centralMap(scanned.gMap.shape, *G_RANGES[condition]))
    noisy, *_, sigma = addNoise(scanned, protocol.sigma, torch.Generator().manual_seed(seed))
    truth = image.numpy()
    spacing = 1 / SHRINK
    return Case(
        head=head,
        condition=condition,
        noisy=Volume((noisy.numpy() * 1000).astype(np.float32), np.diag([spacing, spacing, spacing, 1]), head),
        truth=truth * 1000,
        lesions=lesions,
        diametersMm=diameters,
        sigma=sigma.numpy() * 1000,
        mask=ndimage.binary_fill_holes(truth > 0.1),
    )


def centralMap(shape, rim, middle):
    """A g-map (k, j, i) as of parallel imaging with coils all around: it rises from the rim to the middle."""
    axes = torch.meshgrid(*[torch.linspace(-1, 1, n) for n in shape], indexing="ij")
    radius = sum(axis.square() for axis in axes).sqrt() / 3**0.5
    return rim + (middle - rim) * (torch.pi / 2 * radius).cos().square()


def _truth(voxels):
    """A part of the head around its centre, brought to less noise, tissue (99th percentile trimmed of vessels) at 1."""
    small = np.clip(shrink(voxels, (SHRINK,) * 3), 0, None)
    small[ndimage.zoom(voxels, np.array(small.shape) / voxels.shape, order=0) == 0] = 0
    centre = np.rint(ndimage.center_of_mass(small > 0)).astype(int)
    part = tuple(slice(max(c - n // 2, 0), max(c - n // 2, 0) + n) for c, n in zip(centre, SIZE, strict=True))
    block = small[part]
    return torch.from_numpy((block / np.percentile(block[block > 0], 95)).astype(np.float32))


def _insertLesions(image, rng):
    inside = ndimage.distance_transform_edt(image.numpy() > 0.4) > 4
    places, labels, diameters, centres = np.argwhere(inside), np.zeros(image.shape, np.uint8), [], []
    for diameter in np.repeat(LESIONS_MM, 4):
        for _ in range(200):
            centre = places[rng.integers(len(places))] + rng.uniform(-0.5, 0.5, 3)
            if all(np.linalg.norm(centre - other) > 12 for other in centres):
                break
        else:
            continue
        radius = diameter / 2 * SHRINK
        slices, coverage = drawLesion(image, Lesion(tuple(centre), (radius,) * 3, float(rng.uniform(0.25, 0.5))))
        centres.append(centre)
        diameters.append(float(diameter))
        labels[slices][(coverage >= 0.5).numpy()] = len(diameters)
    return labels, tuple(diameters)
