"""Intensities along a line through a volume, for sharpness measures. numpy and scipy."""

import dataclasses

import numpy as np

from DLEnhanceLib.errors import BadOption
from DLEnhanceLib.volume import Volume

from .masks import toIJK

MARGIN = 12  # voxels around the line that the spline needs; its weights fall by 0.27 a voxel


@dataclasses.dataclass(frozen=True, eq=False)
class Profile:
    """positions: mm from the start, evenly spaced; values: intensities, float64; voxels: how many they were read in."""

    positions: np.ndarray
    values: np.ndarray
    voxels: int = 0

    @property
    def step(self) -> float:
        return float(self.positions[1] - self.positions[0])


def lineProfile(volume: Volume, start, end, *, width: float = 0.0, step: float | None = None) -> Profile:
    """Intensities from start to end (RAS mm) by cubic splines, which blur less than linear interpolation.

    width: mm across the line, in the slice that holds it best, over which parallel lines are averaged.
    step: mm between samples, default a fifth of the smallest voxel size.
    Raises BadOption when the line is shorter than three voxels or leaves the image.
    """
    from scipy.ndimage import map_coordinates

    start, end = np.asarray(start, float), np.asarray(end, float)
    length = float(np.linalg.norm(end - start))
    smallest = float(volume.spacing.min())
    if length < 3 * smallest:
        raise BadOption("The edge line is shorter than three voxels; draw it across the whole edge.")
    count = int(np.ceil(length / (step or smallest / 5))) + 1
    positions = np.linspace(0.0, length, count)
    direction = (end - start) / length
    offsets = _offsets(width, smallest)
    points = start + positions[None, :, None] * direction + offsets[:, None, None] * _across(volume, direction)
    indices = toIJK(volume, points.reshape(-1, 3))[:, ::-1]
    shape = np.array(volume.voxels.shape)
    if np.any(indices < -0.5) or np.any(indices > shape - 0.5):
        raise BadOption("The edge line leaves the image; draw it inside.")
    low = np.maximum(np.floor(indices.min(axis=0)).astype(int) - MARGIN, 0)
    high = np.minimum(np.ceil(indices.max(axis=0)).astype(int) + MARGIN + 1, shape)
    block = volume.voxels[tuple(slice(a, b) for a, b in zip(low, high, strict=True))].astype(np.float64)
    values = map_coordinates(block, (indices - low).T, order=3, mode="nearest")
    voxels = len(np.unique(np.rint(indices).astype(int), axis=0))
    return Profile(positions, values.reshape(len(offsets), count).mean(axis=0), voxels)


def _offsets(width, spacing):
    lines = 2 * int(np.floor(width / 2 / spacing + 1e-9)) + 1
    return (np.arange(lines) - lines // 2) * spacing


def _across(volume, direction):
    """Unit vector at right angles to the line, in the plane of the slices unless the line crosses them."""
    normal = np.cross(volume.ijkToRAS[:3, 0], volume.ijkToRAS[:3, 1])
    normal /= np.linalg.norm(normal)
    if abs(normal @ direction) > 0.7:
        normal = volume.ijkToRAS[:3, 0] / volume.spacing[0]
    across = np.cross(normal, direction)
    return across / np.linalg.norm(across)
