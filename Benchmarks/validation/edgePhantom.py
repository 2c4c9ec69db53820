"""A head-like phantom of slanted blocks and thin tubes whose edges are known to a fraction of a voxel.

Distances of voxels from a known plane give a finely sampled edge profile (the slanted-edge method of ISO 12233), so
that edge rise, width and overshoot are measured without interpolation.
"""

import dataclasses

import numpy as np

from DLEnhanceLesionMetricsLib.profiles import Profile
from DLEnhanceLesionMetricsLib.sharpness import edgeRise, peakWidth
from DLEnhanceTraining.anatomy import rotation

from .heads import Head

SIZE = 128  # object voxels an edge, 0.75 mm each; 96 stored ones of 1 mm
FRACTION = 0.75
BIN = 0.2  # stored voxels
REACH = 9.0  # stored voxels to both sides of an edge
TUBE_REACH = 6.0
BACKGROUND = 0.55


@dataclasses.dataclass(frozen=True)
class Structure:
    """A block (halfEdge > 0) or a tube along its third axis (radius > 0). centre, sizes in object voxels.

    axes: rows are unit vectors of the structure; contrast: added to the background.
    """

    centre: tuple[float, float, float]
    axes: np.ndarray
    contrast: float
    halfEdge: float = 0.0
    radius: float = 0.0


def structures():
    """Two blocks (brighter and darker) and six tubes (two along each axis)."""
    turned = rotation((0.06, 0.09, -0.07))
    yield Structure((64.0, 47.0, 47.0), turned, 0.45, halfEdge=13.0)
    yield Structure((64.0, 81.0, 81.0), rotation((-0.05, 0.08, 0.06)), -0.3, halfEdge=13.0)
    places = ((64.0, 89.3, 39.0), (90.0, 64.0, 80.3), (38.2, 80.0, 64.0))
    for number in range(6):
        along, side = number % 3, 1 if number < 3 else -1
        centre = [
            c if axis == along or c in (90.0, 38.2) else 64 + side * (c - 64) for axis, c in enumerate(places[along])
        ]
        axes = np.roll(turned, -(along + 1), axis=0)  # the third row points along the tube
        yield Structure(tuple(centre), axes, 0.7, radius=(1.0, 1.4)[number // 3])


def phantom() -> Head:
    """The phantom as an object to be scanned; edges are soft over one object voxel."""
    points = np.stack(np.meshgrid(*[np.arange(SIZE, dtype=np.float32)] * 3, indexing="ij"))
    centred = (points - SIZE / 2) / (0.44 * SIZE)
    distance = (1 - np.sqrt((centred**2).sum(0))) * 0.44 * SIZE
    image = BACKGROUND * np.clip(distance + 0.5, 0, 1)
    for one in structures():
        image += one.contrast * _coverage(one, points)
    return Head("edge phantom", image.astype(np.float32), 0.75, FRACTION, {})


def _local(one, points):
    """Coordinates (3, ...) along the structure's axes, object voxels."""
    offset = points - np.asarray(one.centre, np.float32).reshape(3, *[1] * (points.ndim - 1))
    return np.tensordot(one.axes.astype(np.float32), offset, axes=1)


def _coverage(one, points):
    local = _local(one, points)
    if one.halfEdge:
        return np.prod(np.clip(one.halfEdge - np.abs(local) + 0.5, 0, 1), axis=0)
    radial = np.sqrt((local[:2] ** 2).sum(0))
    return np.clip(one.radius - radial + 0.5, 0, 1) * np.clip(30 - np.abs(local[2]) + 0.5, 0, 1)


@dataclasses.dataclass(frozen=True, eq=False)
class Sampling:
    """Voxels (flat indices) near an edge or a tube with their signed distance in stored voxels. axis: of the normal."""

    name: str
    axis: int
    isTube: bool
    voxels: np.ndarray
    distances: np.ndarray


def samplings(storedShape):
    """All faces of the blocks, and of every tube its two cross directions."""
    points = np.stack(np.meshgrid(*[np.arange(n, dtype=np.float32) / FRACTION for n in storedShape], indexing="ij"))
    for number, one in enumerate(structures()):
        local = _local(one, points)
        yield from (_faces if one.halfEdge else _crossings)(one, local, number)


def _faces(one, local, number):
    for row in range(3):
        others = [np.abs(local[r]) < one.halfEdge - 5 for r in range(3) if r != row]
        axis = int(np.argmax(np.abs(one.axes[row])))
        for side in (-1, 1):
            distance = (side * local[row] - one.halfEdge) * FRACTION
            chosen = np.flatnonzero(others[0] & others[1] & (np.abs(distance) < REACH))
            yield Sampling(f"block {number} {'kji'[axis]}{side:+d}", axis, False, chosen, distance.ravel()[chosen])


def _crossings(one, local, number):
    for row in (0, 1):
        axis = int(np.argmax(np.abs(one.axes[row])))
        distance = local[row] * FRACTION
        near = (np.abs(local[1 - row]) < 0.7) & (np.abs(local[2]) < 22)
        chosen = np.flatnonzero(near & (np.abs(distance) < TUBE_REACH))
        yield Sampling(f"tube {number} {'kji'[axis]}", axis, True, chosen, distance.ravel()[chosen])


def profileOf(image, sampling: Sampling) -> Profile:
    """Mean intensity by distance in bins of a fifth of a voxel (mm = stored voxels)."""
    reach = TUBE_REACH if sampling.isTube else REACH
    count = round(2 * reach / BIN)
    numbers = np.clip(((sampling.distances + reach) / BIN).astype(int), 0, count - 1)
    sums = np.bincount(numbers, image.ravel()[sampling.voxels], count)
    counts = np.bincount(numbers, minlength=count)
    positions = (np.arange(count) + 0.5) * BIN
    filled = counts > 0
    values = np.interp(positions, positions[filled], sums[filled] / counts[filled])
    return Profile(positions, np.convolve(np.pad(values, 1, mode="edge"), (0.25, 0.5, 0.25), mode="valid"))


@dataclasses.dataclass(frozen=True)
class Sharpness:
    """Edge rise distance in mm and overshoot as a share of the step, or FWHM of a tube in mm; NaN if unmeasurable."""

    rise: float = np.nan
    overshoot: float = np.nan
    width: float = np.nan


def sharpness(image, sampling) -> Sharpness:
    profile = profileOf(image, sampling)
    if sampling.isTube:
        width = peakWidth(profile).width
        return Sharpness(width=np.nan if width is None else width)
    found = edgeRise(profile)
    if found.distance is None:
        return Sharpness()
    return Sharpness(rise=found.distance, overshoot=found.overshoot)
