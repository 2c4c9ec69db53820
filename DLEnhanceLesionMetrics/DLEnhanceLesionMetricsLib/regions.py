"""Regions of interest: a shape in RAS millimetres with a name and a role. Placed once, measured in every image alike.

No Slicer, no files. The shape is kept, so that a region can be rasterised again in the grid of any volume.
"""

import dataclasses
from typing import Protocol

import numpy as np

from DLEnhanceLib.errors import BadOption
from DLEnhanceLib.volume import Volume

from .masks import (
    RegionMask,
    boundingBox,
    boxMask,
    closedCurveMask,
    croppedLabelMask,
    croppedMatrix,
    ellipseMask,
    ellipsoidMask,
    labelMask,
    maskFromArray,
    sphereMask,
    translation,
)

__all__ = [
    "ROLES",
    "Box",
    "ClosedCurve",
    "Ellipse",
    "Ellipsoid",
    "LabelShape",
    "Region",
    "RegionMask",
    "boxMask",
    "circle",
    "closedCurveMask",
    "ellipseMask",
    "ellipsoidMask",
    "labelMask",
    "labelRegion",
    "maskFromArray",
    "maskRegion",
    "sphere",
    "sphereMask",
]

LESION, REFERENCE, AIR = "lesion", "reference", "air"
ROLES = (LESION, REFERENCE, AIR)
ROLE_COLORS = {LESION: (1.0, 0.80, 0.0), REFERENCE: (0.20, 0.75, 1.0), AIR: (0.70, 0.70, 0.70)}


class Shape(Protocol):
    """Something that can be rasterised in a volume's grid."""

    def maskOn(self, volume: Volume) -> RegionMask: ...

    @property
    def center(self) -> np.ndarray:
        """RAS mm."""
        ...


@dataclasses.dataclass(frozen=True, eq=False)
class Ellipsoid:
    """The ellipsoid inscribed in a box handle: objectToRAS 4x4, size full axis lengths (x, y, z) in mm."""

    objectToRAS: np.ndarray
    size: tuple[float, float, float]

    def maskOn(self, volume: Volume) -> RegionMask:
        return ellipsoidMask(volume, self.objectToRAS, self.size)

    @property
    def center(self) -> np.ndarray:
        return np.asarray(self.objectToRAS, float)[:3, 3]


@dataclasses.dataclass(frozen=True, eq=False)
class Box:
    """A box: objectToRAS 4x4, size full edge lengths (x, y, z) in mm."""

    objectToRAS: np.ndarray
    size: tuple[float, float, float]

    def maskOn(self, volume: Volume) -> RegionMask:
        return boxMask(volume, self.objectToRAS, self.size)

    @property
    def center(self) -> np.ndarray:
        return np.asarray(self.objectToRAS, float)[:3, 3]


@dataclasses.dataclass(frozen=True, eq=False)
class Ellipse:
    """A flat ellipse one voxel thick: planeToRAS 4x4 (x, y in the plane), size axis lengths (x, y) in mm."""

    planeToRAS: np.ndarray
    size: tuple[float, float]

    def maskOn(self, volume: Volume) -> RegionMask:
        return ellipseMask(volume, self.planeToRAS, self.size)

    @property
    def center(self) -> np.ndarray:
        return np.asarray(self.planeToRAS, float)[:3, 3]


@dataclasses.dataclass(frozen=True, eq=False)
class ClosedCurve:
    """What a flat closed curve encloses, one voxel thick: points (n, 3) in RAS mm."""

    points: np.ndarray

    def maskOn(self, volume: Volume) -> RegionMask:
        return closedCurveMask(volume, self.points)

    @property
    def center(self) -> np.ndarray:
        return np.asarray(self.points, float).mean(axis=0)


@dataclasses.dataclass(frozen=True, eq=False)
class LabelShape:
    """Drawn voxels: a small boolean array (k, j, i) with the ijkToRAS matrix of its first voxel."""

    inside: np.ndarray
    ijkToRAS: np.ndarray

    def maskOn(self, volume: Volume) -> RegionMask:
        return croppedLabelMask(volume, self.inside, self.ijkToRAS)

    @property
    def center(self) -> np.ndarray:
        index = np.append(np.argwhere(self.inside).mean(axis=0)[::-1], 1.0)
        return (self.ijkToRAS @ index)[:3]


@dataclasses.dataclass(frozen=True, eq=False)
class Region:
    """A named shape with its role ("lesion", "reference" or "air") and display color (red, green, blue in 0..1)."""

    name: str
    role: str
    shape: Shape
    color: tuple[float, float, float] | None = None

    def __post_init__(self):
        if self.role not in ROLES:
            raise BadOption(f'The role of region "{self.name}" must be lesion, reference or air, not "{self.role}".')
        if self.color is None:
            object.__setattr__(self, "color", ROLE_COLORS[self.role])

    @property
    def center(self) -> np.ndarray:
        """RAS mm."""
        return self.shape.center

    def maskOn(self, volume: Volume) -> RegionMask:
        """The voxels of the region in the grid of a volume."""
        return self.shape.maskOn(volume)


def sphere(center, diameter: float) -> Ellipsoid:
    """A sphere; center in RAS mm, diameter in mm."""
    return Ellipsoid(translation(center), (diameter,) * 3)


def circle(center, normal, diameter: float) -> Ellipse:
    """A flat circle; center in RAS mm, normal any length, diameter in mm."""
    normal = np.asarray(normal, float) / np.linalg.norm(normal)
    first = np.cross(normal, np.eye(3)[np.argmin(np.abs(normal))])
    first /= np.linalg.norm(first)
    plane = translation(center)
    plane[:3, :3] = np.stack([first, np.cross(normal, first), normal], axis=1)
    return Ellipse(plane, (diameter, diameter))


def maskRegion(name: str, role: str, inside: np.ndarray, volume: Volume, *, color=None) -> Region:
    """A region of drawn voxels: boolean array (k, j, i) in the grid of a volume. Raises BadOption when it is empty."""
    box = boundingBox(inside)
    if box is None:
        raise BadOption(f'The region "{name}" has no voxels; draw it first.')
    return Region(name, role, LabelShape(inside[box].copy(), croppedMatrix(volume.ijkToRAS, box)), color)


def labelRegion(name: str, role: str, labels: Volume, value: int, *, color=None) -> Region:
    """The region of one label value of a label volume. Raises BadOption when the label has no voxels."""
    return maskRegion(name, role, labels.voxels == value, labels, color=color)
