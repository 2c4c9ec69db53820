"""Whether a volume still holds what its DICOM source holds: copies and filtered copies name the same instances."""

import numpy as np

from .dicomReading import findStacks, readPixels
from .errors import UnsupportedVolume
from .volume import Volume

_RELATIVE, _OF_MAXIMUM = 1e-5, 1e-4
"""Rescaled values pass through single precision on one side or the other."""


def requireSameVoxels(volume: Volume, files):
    """Raise UnsupportedVolume unless the voxels (k, j, i) are those of a series in files, in either slice order.

    Says nothing when no series has the shape of the volume: the writer then tells what does not fit.
    """
    stacks = [stack for stack in findStacks(files).stacks if _shape(stack) == volume.voxels.shape]
    if stacks and not any(_isSame(volume.voxels, readPixels(stack)) for stack in stacks):
        raise UnsupportedVolume(
            f"{volume.name} no longer holds the voxels of its DICOM images (it was filtered or edited): enhance the "
            "volume as it is loaded from DICOM, or save the result as a volume file."
        )


def _shape(stack):
    return len(stack.frames), stack.frames[0].rows, stack.frames[0].columns


def _isSame(voxels, source):
    tolerance = _OF_MAXIMUM * float(np.abs(source).max())
    return any(
        all(np.allclose(ours, theirs, _RELATIVE, tolerance) for ours, theirs in zip(candidate, source, strict=True))
        for candidate in (voxels, voxels[::-1])
    )
