"""Everything known of one measured case, from which its exports are made: report, chart, JSON, structured report."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from DLEnhanceLib.volume import Volume

from .lesionSize import SIZE_CLASS_BORDER, LesionSize, lesionSize, sliceAxis
from .masks import RegionMask
from .measurement import STANDARD, MeasurementRow, changes
from .regions import LESION, Region


@dataclasses.dataclass(frozen=True, eq=False)
class MeasuredCase:
    """One pair of images with its regions and rows.

    sizes: by lesion name. provenance: (name, value) of what made the images and the table. window: (darkest, brightest)
    of the pictures, None to take it from the standard image.
    """

    case: str
    standard: Volume
    enhanced: Volume | None
    regions: Sequence[Region]
    rows: Sequence[MeasurementRow]
    sizes: Mapping[str, LesionSize]
    provenance: Sequence[tuple[str, str]] = ()
    window: tuple[float, float] | None = None

    @property
    def noise(self) -> float | None:
        """SD of the noise of the standard image by the first method measured; None when there is none."""
        found = (row.noise for row in self.rows if row.condition == STANDARD and row.metric in ("snr", "cnr"))
        return next((noise for noise in found if noise), None)

    @property
    def diameters(self) -> dict[tuple[str, str], float]:
        """(case, lesion) to the longest diameter in mm, as charts want it."""
        return {(self.case, lesion): size.longestDiameter for lesion, size in self.sizes.items()}

    def changes(self):
        """Both images side by side; empty without an enhanced image."""
        return changes(self.rows)


class LiveDiameters:
    """Longest diameters in mm while regions are dragged, quick and good enough to tell the size class.

    A region whose mask is the same object is not measured again. The exact diameter takes up to 30 ms, so a lesion
    whose bounding box leaves no doubt of its class gets the longest edge of that box instead.
    """

    def __init__(self):
        self._known: dict[str, tuple[RegionMask, float]] = {}

    def of(self, standard: Volume, regions: Sequence[Region]) -> dict[tuple[str, str], float]:
        """(case, lesion) to mm, for every lesion that has a voxel; the case is the name of the volume."""
        masks = {region.name: region.maskOn(standard) for region in regions if region.role == LESION}
        self._known = {name: self._measured(name, mask, standard) for name, mask in masks.items() if mask.count}
        return {(standard.name, name): diameter for name, (_mask, diameter) in self._known.items()}

    def _measured(self, name, mask, standard):
        known = self._known.get(name)
        if known is not None and known[0] is mask:
            return known
        edges = np.delete(mask.inside.shape[::-1] * standard.spacing, sliceAxis(standard))
        if edges.max() >= 1.5 * SIZE_CLASS_BORDER or np.linalg.norm(edges) < SIZE_CLASS_BORDER:
            return mask, float(edges.max())
        return mask, lesionSize(mask, standard).longestDiameter


def lesionSizes(standard: Volume, regions: Sequence[Region]) -> dict[str, LesionSize]:
    """The size of every lesion that has a voxel in the standard volume's grid, by name."""
    found = {region.name: lesionSize(region.maskOn(standard), standard) for region in regions if region.role == LESION}
    return {name: size for name, size in found.items() if size is not None}
