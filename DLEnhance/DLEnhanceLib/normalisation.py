"""A volume as the network sees it: tissue near 1, and which voxels are left as they are. Arrays only."""

import numpy as np

BLANKED_SHARE = 0.15  # of the voxels: magnitude noise of a scanner has fewer exact zeros


def normalised(volume, found, place):
    """(image, isKept) at three slices of the volume: float32 (k, j, i), background 0 and tissue near 1; bool.

    found: its Survey. Kept as they are, 0 in the image: what is no finite number. Kept too: a blanked background.
    """
    image = volume.voxels[place].astype(np.float32)  # in place from here on: tiles are large
    image -= np.float32(found.background)
    image /= np.float32(found.level - found.background)
    isNoNumber = ~np.isfinite(image)
    image[isNoNumber] = 0
    return image, isNoNumber | blankedVoxels(volume, place)


def blankedVoxels(volume, place):
    """Zeros of a background that software blanked, bool (k, j, i) at three slices: nothing was measured there.

    Few zeros are measured values: they count as blanked only in a volume that has many.
    """
    some = volume.voxels[tuple(slice(None, None, max(1, n // 64)) for n in volume.voxels.shape)]
    isBlank = volume.voxels[place] == 0
    return isBlank if np.count_nonzero(some == 0) > BLANKED_SHARE * some.size else np.zeros_like(isBlank)
