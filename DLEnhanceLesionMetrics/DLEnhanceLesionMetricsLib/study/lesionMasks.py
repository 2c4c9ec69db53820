"""Masks of lesions: whether a place lies in one, and a lesion measured from one. Label volumes are read once."""

from pathlib import Path

import numpy as np

from .errors import StudyProblem
from .reference import Lesion


class LesionMasks:
    def __init__(self, folder: Path):
        self.folder = Path(folder)
        self._volumes = {}

    def isInside(self, lesion: Lesion, ras) -> bool:
        """Raises UnsupportedVolume when the mask cannot be read."""
        volume = self._volume(lesion.mask)
        i, j, k = np.rint(np.linalg.inv(volume.ijkToRAS) @ (*ras, 1.0))[:3].astype(int)
        isInGrid = all(0 <= index < size for index, size in zip((k, j, i), volume.voxels.shape, strict=True))
        return bool(isInGrid and volume.voxels[k, j, i] == lesion.label)

    def _volume(self, name):
        from DLEnhanceLib.reading import readLabelVolume

        if name not in self._volumes:
            self._volumes[name] = readLabelVolume(self.folder / name).volume
        return self._volumes[name]


def lesionOfMask(folder: Path, caseId: str, lesionId: str, *, mask: str, label: int, evidence: str) -> Lesion:
    """A lesion of the reference standard, placed and measured (RANO-BM) from a label volume in the study folder.

    Raises StudyProblem when the label has no voxel, UnsupportedVolume when the file cannot be read.
    """
    from DLEnhanceLib.reading import readLabelVolume

    from ..lesionSize import lesionSize
    from ..masks import maskFromArray, toRAS

    volume = readLabelVolume(Path(folder) / mask).volume
    region = maskFromArray(volume.voxels == label)
    size = lesionSize(region, volume)
    if size is None:
        raise StudyProblem(f"The mask {mask} of lesion {lesionId} has no voxel of label {label}.")
    center = toRAS(volume, region.centerIndex[None, ::-1])[0]
    return Lesion(
        lesionId,
        caseId,
        tuple(round(float(value), 2) for value in center),
        round(size.longestDiameter, 2),
        evidence,
        shortAxisMm=round(size.perpendicularDiameter, 2),
        maximumDiameter3dMm=round(size.diameter3D, 2),
        volumeMm3=round(size.volume, 2),
        mask=mask,
        label=label,
    )
