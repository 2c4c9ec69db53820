"""What a volume is before anything is estimated from it: grid, orientation, stored type, range. Pure numpy."""

import dataclasses

import numpy as np

from .volume import Volume

DIRECTIONS = ("RL", "AP", "SI")  # where the positive and the negative R, A, S axis point
PLANES = ("sagittal", "coronal", "axial")


@dataclasses.dataclass(frozen=True)
class VolumeDescription:
    """size and spacing (mm) run along i, j, k.

    axisCodes: where each of these points ("LPS": left, posterior, superior).
    """

    name: str
    size: tuple[int, int, int]
    spacing: tuple[float, float, float]
    axisCodes: str
    plane: str
    obliqueDegrees: float
    storedType: str
    minimum: float
    maximum: float

    def asDict(self) -> dict:
        return dataclasses.asdict(self)


def describe(volume: Volume) -> VolumeDescription:
    """The description of a volume."""
    directions = volume.ijkToRAS[:3, :3] / volume.spacing
    return VolumeDescription(
        name=volume.name,
        size=tuple(int(size) for size in volume.voxels.shape[::-1]),
        spacing=tuple(round(float(spacing), 6) for spacing in volume.spacing),
        axisCodes=axisCodes(directions),
        plane=PLANES[int(np.abs(directions[:, 2]).argmax())],
        obliqueDegrees=obliqueDegrees(directions),
        storedType=str(volume.voxels.dtype),
        minimum=float(volume.voxels.min()),
        maximum=float(volume.voxels.max()),
    )


def axisCodes(directions: np.ndarray) -> str:
    """One letter an axis i, j, k: the patient direction it is nearest to; each patient axis is given once.

    directions: 3x3, columns are the unit vectors of i, j, k in RAS.
    """
    remaining, codes = np.abs(directions).copy(), [""] * 3
    for _ in range(3):
        patientAxis, voxelAxis = np.unravel_index(remaining.argmax(), remaining.shape)
        positive, negative = DIRECTIONS[patientAxis]
        codes[voxelAxis] = positive if directions[patientAxis, voxelAxis] > 0 else negative
        remaining[patientAxis, :] = remaining[:, voxelAxis] = -1.0
    return "".join(codes)


def obliqueDegrees(directions: np.ndarray) -> float:
    """The largest angle between an axis of the grid and the patient axis nearest to it."""
    cosines = np.clip(np.abs(directions).max(axis=0), 0.0, 1.0)
    return round(float(np.degrees(np.arccos(cosines.min()))), 3)
