"""Everything known of one measured case, from which its exports are made: report, chart, JSON, structured report."""

import dataclasses
from collections.abc import Mapping, Sequence

from DLEnhanceLib.volume import Volume

from .lesionSize import LesionSize, lesionSize
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


def lesionSizes(standard: Volume, regions: Sequence[Region]) -> dict[str, LesionSize]:
    """The size of every lesion that has a voxel in the standard volume's grid, by name."""
    found = {region.name: lesionSize(region.maskOn(standard), standard) for region in regions if region.role == LESION}
    return {name: size for name, size in found.items() if size is not None}
