"""NRRD files as arrays in k, j, i order: read by SimpleITK, written here so that a failed write is seen."""

import dataclasses
import gzip
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from .errors import UnsupportedVolume
from .geometry import LPS_TO_RAS

_TYPES = {
    "i1": "signed char",
    "u1": "unsigned char",
    "i2": "short",
    "u2": "unsigned short",
    "i4": "int",
    "u4": "unsigned int",
    "i8": "long long",
    "u8": "unsigned long long",
    "f4": "float",
    "f8": "double",
}


@dataclasses.dataclass(frozen=True, eq=False)
class NrrdImage:
    """voxels: (k, j, i), or (k, j, i, layer) when the file has a list axis; fields: the key/value pairs."""

    voxels: np.ndarray
    ijkToRAS: np.ndarray
    fields: Mapping[str, str]


def readNrrd(path: Path) -> NrrdImage:
    """Stored type kept. Raises UnsupportedVolume for damaged, truncated, complex or more than 3D data."""
    import SimpleITK as sitk

    reader = sitk.ImageFileReader()
    reader.SetImageIO("NrrdImageIO")
    reader.SetFileName(str(path))
    try:
        image = reader.Execute()
    except RuntimeError as error:
        raise UnsupportedVolume(
            f"{path.name} is damaged, truncated or not a NRRD image; copy or export it again."
        ) from error
    if image.GetDimension() == 2:
        image = sitk.JoinSeries(image)
    if image.GetDimension() != 3:
        raise UnsupportedVolume(f"{path.name} has {image.GetDimension()} axes; save the volume you want as a 3D file.")
    if "complex" in image.GetPixelIDTypeAsString():
        raise UnsupportedVolume(f"{path.name} holds complex numbers; save the magnitude image and use that.")
    fields = {key: image.GetMetaData(key) for key in image.GetMetaDataKeys()}
    return NrrdImage(sitk.GetArrayFromImage(image), _affine(image), fields)


def _affine(image):
    lps = np.eye(4)
    lps[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    lps[:3, 3] = image.GetOrigin()
    return LPS_TO_RAS @ lps


def writeNrrd(path: Path, voxels, ijkToRAS, *, comment=""):
    """Write voxels (k, j, i) in their type, gzip-compressed, with full double precision of the geometry."""
    lps = LPS_TO_RAS @ ijkToRAS
    header = [
        "NRRD0005",
        f"type: {_TYPES[voxels.dtype.str[1:]]}",
        "dimension: 3",
        "space: left-posterior-superior",
        "sizes: " + " ".join(map(str, voxels.shape[::-1])),
        "space directions: " + " ".join(_vector(axis) for axis in lps[:3, :3].T),
        "kinds: domain domain domain",
        "endian: little",
        "encoding: gzip",
        f"space origin: {_vector(lps[:3, 3])}",
    ]
    if comment:
        header.append("comment:=" + comment.replace("\n", " "))
    little = voxels.dtype.newbyteorder("<")
    with path.open("wb") as file:
        file.write(("\n".join(header) + "\n\n").encode("utf-8"))
        with gzip.GzipFile("", "wb", 4, file, mtime=0) as stream:
            for slab in voxels:
                stream.write(np.ascontiguousarray(slab).astype(little, copy=False).tobytes())


def _vector(numbers):
    return "(" + ",".join(repr(float(number)) for number in numbers) + ")"
