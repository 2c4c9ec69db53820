"""A simulated post-contrast T1 head with known lesions, for demo and tests: the truth of every voxel is known."""

import dataclasses
import functools
import importlib.resources

import numpy as np
import SimpleITK as sitk
import torch
from scipy import ndimage

from DLEnhanceLib.volume import Volume

from .acquisition import Protocol, addNoise, scan
from .pathology import Lesion, drawLesion, drawVessel

STORED_VOXEL = 0.75  # of the object's k-space is stored: 1-mm voxels of an object known at 0.75 mm
BORDER = 4  # object voxels of air before the template: 3 stored voxels
SCALE = 1000  # stored integers at tissue level
DIAMETERS_MM = (2.0, 3.0, 4.0, 5.0, 6.0, 8.0)


@dataclasses.dataclass(frozen=True)
class KnownLesion:
    """What was drawn: label in the lesion volume, diameter in mm, signal added (white matter is 1), place in RAS."""

    label: int
    diameterMm: float
    contrast: float
    centreRAS: tuple[float, float, float]


@dataclasses.dataclass(frozen=True)
class SimulatedCase:
    """Volumes on one 1-mm grid, int16, white matter near 1000.

    noisy: what a scanner would store; truth: the same without noise, had k-space been filled up to the grid;
    lesions: labels 1...; reference: 1 in a patch of normal-appearing white matter. noiseSigma: SD of the noise, before
    the g-map.
    """

    noisy: Volume
    truth: Volume
    lesions: Volume
    reference: Volume
    knownLesions: tuple[KnownLesion, ...]
    noiseSigma: float
    protocol: Protocol


def makeCase(seed: int = 2026, *, noisePercent: float = 6.0, perSize: int = 3) -> SimulatedCase:
    """The ICBM152 head with enhancing lesions of 2 to 8 mm and vessels, coil noise and zero-filled truncation.

    ICBM152 is not training anatomy. The same seed gives the same case on one machine type.
    """
    rng = np.random.default_rng(seed)
    head, white, affine = _template()
    image = _object(head)
    lesions = _placeLesions(white, perSize, rng)
    coverage = torch.zeros_like(image)
    _drawVessels(image, rng)
    for centre, diameter, contrast in lesions:
        position = tuple(c / STORED_VOXEL + BORDER for c in centre)
        slices, inside = drawLesion(image, Lesion(position, (diameter / 2 / STORED_VOXEL,) * 3, contrast))
        coverage[slices] = torch.maximum(coverage[slices], inside)
    protocol = Protocol(
        outFraction=(STORED_VOXEL,) * 3,
        support=(1.0, 0.75, 0.7),
        sigma=noisePercent / 100,
        gSpread=2.0,
        phaseCycles=1.0,
    )
    scanned = scan(image, coverage, protocol, rng)
    noisy, *_, full, _ = addNoise(scanned, protocol.sigma, torch.Generator().manual_seed(seed))
    grid = affine @ _shift(-BORDER * STORED_VOXEL)
    known = tuple(
        KnownLesion(number, diameter, contrast, tuple((affine @ [*centre[::-1], 1.0])[:3].tolist()))
        for number, (centre, diameter, contrast) in enumerate(lesions, start=1)
    )
    labels = _labels(lesions, full.shape)
    return SimulatedCase(
        noisy=Volume(_stored(noisy), grid, "simulated head"),
        truth=Volume(_stored(full), grid, "simulated head, truth"),
        lesions=Volume(labels, grid, "lesions"),
        reference=Volume(_reference(white, labels), grid, "white-matter reference"),
        knownLesions=known,
        noiseSigma=protocol.sigma * SCALE,
        protocol=protocol,
    )


def _drawVessels(image, rng, count=14):
    """Bright post-contrast vessels, inside the head only."""
    tissue = image > 0.5
    places, vessels = torch.nonzero(tissue), torch.zeros_like(image)
    for place in places[rng.integers(0, len(places), count)].tolist():
        direction = rng.normal(size=3)
        direction /= np.linalg.norm(direction)
        drawVessel(vessels, place, direction, rng.uniform(0.6, 1.6), rng.uniform(0.3, 0.9), rng)
    image += vessels * tissue


@functools.cache
def _template():
    """ICBM152 T1 with white matter at 1, its white-matter probability, and ijk-to-RAS; both (k, j, i), 1 mm."""
    image, white = (_nilearn(f"mni_icbm152_{kind}_tal_nlin_sym_09a_converted.nii.gz") for kind in ("t1", "wm"))
    voxels = sitk.GetArrayFromImage(image).astype(np.float32)
    share = sitk.GetArrayFromImage(white).astype(np.float32)
    share /= share.max()
    affine = np.eye(4)
    affine[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * image.GetSpacing()
    affine[:3, 3] = image.GetOrigin()
    return voxels / np.median(voxels[share > 0.9]), share, np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine


def _nilearn(name):
    with importlib.resources.as_file(importlib.resources.files("nilearn.datasets.data") / name) as path:
        return sitk.ReadImage(str(path))


def _object(head):
    """The template on the finer grid of the object, with air around it; sizes whose stored sizes are even."""
    sizes = [8 * -(-int(np.ceil(n / STORED_VOXEL) + 2 * BORDER) // 8) for n in head.shape]
    result = head
    for axis, size in enumerate(sizes):
        positions = (np.arange(size) - BORDER) * STORED_VOXEL
        result = _cubicAlong(result, axis, positions)
    return torch.from_numpy(np.clip(result, 0, None).astype(np.float32))


def _cubicAlong(values, axis, positions):
    """Catmull-Rom interpolation along an axis, zero outside."""
    base = np.floor(positions).astype(int)
    t = (positions - base).reshape([-1 if a == axis else 1 for a in range(3)])
    weights = (
        ((2 - t) * t - 1) * t / 2,
        ((3 * t - 5) * t * t + 2) / 2,
        ((4 - 3 * t) * t + 1) * t / 2,
        (t - 1) * t * t / 2,
    )
    padded = np.pad(values, [(2, 3) if a == axis else (0, 0) for a in range(3)])
    total = 0
    for offset, weight in zip((-1, 0, 1, 2), weights, strict=True):
        total = total + np.take(padded, np.clip(base + offset + 2, 0, padded.shape[axis] - 1), axis) * weight.astype(
            np.float32
        )
    return total


def _placeLesions(white, perSize, rng):
    """(centre in template voxels k, j, i; diameter in mm; contrast): in white matter, 14 mm apart at least."""
    deep = ndimage.binary_erosion(white > 0.85, iterations=2)
    places, chosen = np.argwhere(deep), []
    for diameter in np.repeat(DIAMETERS_MM, perSize):
        while True:
            centre = places[rng.integers(len(places))] + rng.uniform(-0.5, 0.5, 3)
            if all(np.linalg.norm(centre - other) > 14 for other, _, _ in chosen):
                break
        chosen.append((centre, float(diameter), float(rng.uniform(0.35, 0.6))))
    return chosen


def _labels(lesions, shape):
    """Voxels whose centre lies in a lesion; every lesion has at least its central voxel."""
    labels = np.zeros(shape, np.uint8)
    offset = BORDER * STORED_VOXEL
    for number, (centre, diameter, _) in enumerate(lesions, start=1):
        labels[_distance(shape, centre + offset) <= diameter / 2] = number
        labels[tuple(np.rint(centre + offset).astype(int))] = number
    return labels


def _distance(shape, centre):
    k, j, i = np.ogrid[tuple(map(slice, shape))]
    return np.sqrt((k - centre[0]) ** 2 + (j - centre[1]) ** 2 + (i - centre[2]) ** 2)


def _reference(white, labels):
    """A ball of 10 mm in white matter, far from lesions."""
    depth = ndimage.distance_transform_edt(white > 0.9)
    away = ndimage.distance_transform_edt(labels == 0)
    offset = round(BORDER * STORED_VOXEL)
    inside = tuple(slice(offset, offset + n) for n in white.shape)
    depth[away[inside] < 9] = 0
    centre = np.array(np.unravel_index(np.argmax(depth), depth.shape)) + offset
    return (_distance(labels.shape, centre) <= 5).astype(np.uint8)


def _shift(voxels):
    matrix = np.eye(4)
    matrix[:3, 3] = voxels
    return matrix


def _stored(image):
    return np.rint(image.numpy() * SCALE).astype(np.int16)
