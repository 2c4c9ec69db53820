"""The differences between pydicom 3 (3D Slicer 5.12) and pydicom 2.4 (3D Slicer 5.10), in one place."""

import numpy as np
import pydicom

IS_VERSION_3 = int(pydicom.__version__.partition(".")[0]) >= 3


def writeExplicitLittleEndian(dataset, path):
    """Write a dataset whose file meta names an explicit little endian transfer syntax, whatever it was read from."""
    if IS_VERSION_3:
        pydicom.dcmwrite(path, dataset, enforce_file_format=True)
        return
    dataset.is_little_endian, dataset.is_implicit_VR = True, False
    pydicom.dcmwrite(path, dataset, write_like_original=False)


def storedPixelArray(dataset) -> np.ndarray:
    """pixel_array without what may lie in the unused high bits (PS3.5 8.1.1); version 3 clears them itself."""
    pixels = dataset.pixel_array
    unused = dataset.BitsAllocated - dataset.BitsStored
    if IS_VERSION_3 or not unused:
        return pixels
    pixels = pixels.astype(pixels.dtype.newbyteorder("="))
    return (pixels << unused) >> unused
