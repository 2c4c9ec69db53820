"""The volume that flows through the house: voxels, geometry and what is known of the acquisition. Pure numpy."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Volume:
    """A scalar MR volume.

    voxels: array in k, j, i order (slowest to fastest), in its stored type; at least 1 voxel an axis.
    ijkToRAS: 4x4 float64, voxel index (i, j, k, 1) to millimetres in RAS.
    tags: DICOM attributes by keyword (``Manufacturer``, ...), plain Python values; empty without DICOM.
    source: the file or folder it was read from.
    """

    voxels: np.ndarray
    ijkToRAS: np.ndarray
    name: str = "volume"
    tags: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    source: Path | None = None

    def __post_init__(self):
        object.__setattr__(self, "ijkToRAS", np.array(self.ijkToRAS, dtype=np.float64))
        object.__setattr__(self, "tags", MappingProxyType(dict(self.tags)))
        if self.voxels.ndim != 3 or 0 in self.voxels.shape:
            raise ValueError(f"a volume needs three axes of at least one voxel, not the shape {self.voxels.shape}")
        if self.ijkToRAS.shape != (4, 4):
            raise ValueError("ijkToRAS must be a 4x4 matrix")

    @property
    def spacing(self) -> np.ndarray:
        """Voxel size in mm along i, j, k."""
        return np.linalg.norm(self.ijkToRAS[:3, :3], axis=0)

    @property
    def voxelVolume(self) -> float:
        """mm3 of one voxel, also for sheared grids."""
        return float(abs(np.linalg.det(self.ijkToRAS[:3, :3])))

    def withVoxels(self, voxels: np.ndarray, name: str | None = None) -> "Volume":
        """The same grid and tags with other voxels of the same shape."""
        if voxels.shape != self.voxels.shape:
            raise ValueError(f"shape {voxels.shape} does not fit the grid {self.voxels.shape}")
        return dataclasses.replace(self, voxels=voxels, name=name or self.name)

    def isOnGridOf(self, other: "Volume", tolerance: float = 1e-4) -> bool:
        """Same shape, and no voxel corner further apart than the tolerance in mm."""
        if self.voxels.shape != other.voxels.shape:
            return False
        sizes = np.array(self.voxels.shape[::-1]) - 1
        corners = np.array([[a, b, c, 1.0] for a in (0, sizes[0]) for b in (0, sizes[1]) for c in (0, sizes[2])]).T
        apart = (self.ijkToRAS - other.ijkToRAS) @ corners
        return bool(np.abs(apart[:3]).max() <= tolerance)
