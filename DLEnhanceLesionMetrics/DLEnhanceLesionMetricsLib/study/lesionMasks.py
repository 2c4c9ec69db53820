"""Whether a place lies in the mask of a lesion; label volumes are read once."""

from pathlib import Path

import numpy as np

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
