"""NIfTI-1 and NIfTI-2 files as arrays in k, j, i order with an exact affine; pure numpy, so that nothing rounds it.

Field offsets and the quaternion formula are those of nifti1.h and nifti2.h (NIMH, nifti.nimh.nih.gov).
"""

import dataclasses
import gzip
import zlib
from pathlib import Path

import numpy as np

from .errors import UnsupportedVolume
from .rescale import rescaled

_NIFTI1_FIELDS = (
    ("sizeof_hdr", "i4", 0),
    ("dim", "8i2", 40),
    ("datatype", "i2", 70),
    ("bitpix", "i2", 72),
    ("pixdim", "8f4", 76),
    ("vox_offset", "f4", 108),
    ("scl_slope", "f4", 112),
    ("scl_inter", "f4", 116),
    ("xyzt_units", "u1", 123),
    ("descrip", "S80", 148),
    ("qform_code", "i2", 252),
    ("sform_code", "i2", 254),
    ("quatern", "3f4", 256),
    ("qoffset", "3f4", 268),
    ("srow", "(3,4)f4", 280),
    ("magic", "S4", 344),
)
_NIFTI2_FIELDS = (
    ("sizeof_hdr", "i4", 0),
    ("magic", "S8", 4),
    ("datatype", "i2", 12),
    ("bitpix", "i2", 14),
    ("dim", "8i8", 16),
    ("pixdim", "8f8", 104),
    ("vox_offset", "i8", 168),
    ("scl_slope", "f8", 176),
    ("scl_inter", "f8", 184),
    ("descrip", "S80", 240),
    ("qform_code", "i4", 344),
    ("sform_code", "i4", 348),
    ("quatern", "3f8", 352),
    ("qoffset", "3f8", 376),
    ("srow", "(3,4)f8", 400),
    ("xyzt_units", "i4", 500),
)


def _dtype(fields, itemsize):
    names, formats, offsets = map(list, zip(*fields, strict=True))
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": itemsize})


_NIFTI1, _NIFTI2 = _dtype(_NIFTI1_FIELDS, 348), _dtype(_NIFTI2_FIELDS, 540)
_TYPES = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8"}
_COMPLEX = (32, 1792, 2048)
_COLOUR = (128, 2304)
_MILLIMETRES = {1: 1000.0, 2: 1.0, 3: 0.001}
_COMMENT_EXTENSION = 6


@dataclasses.dataclass(frozen=True)
class _Layout:
    """What the header says of the voxels: stored type with byte order, shape (k, j, i), first byte, rescale."""

    dtype: np.dtype
    shape: tuple
    offset: int
    slope: float
    intercept: float


def readNifti(path: Path):
    """Voxels (k, j, i) and ijkToRAS of a NIfTI file.

    The stored type is kept unless the header has a slope and an intercept other than 1 and 0; see rescaled().
    Sform is preferred to qform as nibabel and Slicer do. NaN and infinity pass; whoever computes must look.
    Raises UnsupportedVolume for anything that is not one whole scalar three-dimensional image.
    """
    content = _content(path)
    header, order = _header(path, content)
    layout = _layout(path, header, order)
    count = int(np.prod(layout.shape))
    end = layout.offset + count * layout.dtype.itemsize
    if len(content) < end:
        raise UnsupportedVolume(
            f"{path.name} is truncated: it has {len(content)} of {end} bytes; copy or download it again."
        )
    stored = np.frombuffer(content, layout.dtype, count, layout.offset).reshape(layout.shape)
    stored = stored.astype(layout.dtype.newbyteorder("="), copy=False)
    return rescaled(stored, layout.slope, layout.intercept), _affine(path, header)


def _content(path):
    try:
        content = bytearray(path.read_bytes())
        if content[:2] == b"\x1f\x8b":
            content = bytearray(gzip.decompress(content))
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UnsupportedVolume(
            f"{path.name} is truncated or damaged (gzip: {error}); copy or download it again."
        ) from error
    return content


def _header(path, content):
    for layout, magic in ((_NIFTI1, b"n+1"), (_NIFTI2, b"n+2")):
        for order in "<>":
            if len(content) < layout.itemsize:
                continue
            header = np.frombuffer(content, layout.newbyteorder(order), 1)[0]
            if header["sizeof_hdr"] == layout.itemsize and header["magic"].startswith(magic):
                return header, order
    raise UnsupportedVolume(f"{path.name} is not a NIfTI image (its header is missing or damaged).")


def _layout(path, header, order):
    code = int(header["datatype"])
    if code in _COMPLEX:
        raise UnsupportedVolume(f"{path.name} holds complex numbers; save the magnitude image and use that.")
    if code in _COLOUR:
        raise UnsupportedVolume(f"{path.name} is a colour (RGB) image; a scalar MR volume is needed.")
    if code not in _TYPES:
        raise UnsupportedVolume(f"{path.name} stores voxels as NIfTI type {code}, which is not supported.")
    slope, intercept = float(header["scl_slope"]), float(header["scl_inter"])
    if not np.isfinite([slope, intercept]).all() or slope == 0:
        slope, intercept = 1.0, 0.0
    return _Layout(np.dtype(order + _TYPES[code]), _shape(path, header), int(header["vox_offset"]), slope, intercept)


def _shape(path, header):
    axes = int(header["dim"][0])
    if not 1 <= axes <= 7:
        raise UnsupportedVolume(f"{path.name} has a damaged NIfTI header ({axes} axes).")
    sizes = [int(size) for size in header["dim"][1 : axes + 1]] + [1] * (3 - min(axes, 3))
    if min(sizes) < 1:
        raise UnsupportedVolume(f"{path.name} has no voxels (size {' x '.join(map(str, sizes))}).")
    if max(sizes[4:], default=1) > 1:
        raise UnsupportedVolume(f"{path.name} holds vectors, not one value per voxel; save one component alone.")
    if max(sizes[3:], default=1) > 1:
        raise UnsupportedVolume(f"{path.name} is 4D ({sizes[3]} volumes); save the volume you want as a 3D file.")
    return tuple(sizes[2::-1])


def _affine(path, header):
    if header["sform_code"] > 0:
        affine = np.vstack([header["srow"].astype(np.float64), [0, 0, 0, 1]])
    elif header["qform_code"] > 0:
        affine = _qform(header)
    else:
        affine = _baseAffine(header)
    affine[:3] *= _MILLIMETRES.get(int(header["xyzt_units"]) & 7, 1.0)
    if not np.isfinite(affine).all() or np.linalg.det(affine) == 0:
        raise UnsupportedVolume(f"{path.name} has no usable geometry (its voxel-to-world matrix is singular).")
    return affine


def _qform(header):
    b, c, d = header["quatern"].astype(np.float64)
    a = np.sqrt(max(0.0, 1.0 - (b * b + c * c + d * d)))
    if a == 0.0:
        b, c, d = np.array([b, c, d]) / np.linalg.norm([b, c, d])
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * b * c - 2 * a * d, 2 * b * d + 2 * a * c],
            [2 * b * c + 2 * a * d, a * a + c * c - b * b - d * d, 2 * c * d - 2 * a * b],
            [2 * b * d - 2 * a * c, 2 * c * d + 2 * a * b, a * a + d * d - c * c - b * b],
        ]
    )
    zooms = header["pixdim"][1:4].astype(np.float64)
    zooms[2] *= -1.0 if header["pixdim"][0] < 0 else 1.0
    affine = np.eye(4)
    affine[:3, :3] = rotation * zooms
    affine[:3, 3] = header["qoffset"]
    return affine


def _baseAffine(header):
    """Without any orientation code: the first axis to the left, the origin in the middle, as nibabel and SPM assume."""
    zooms = np.where(header["pixdim"][1:4] == 0, 1.0, header["pixdim"][1:4]).astype(np.float64) * [-1, 1, 1]
    affine = np.diag([*zooms, 1.0])
    affine[:3, 3] = -zooms * (np.maximum(header["dim"][1:4], 1) - 1) / 2
    return affine


def writeNifti(path: Path, voxels, ijkToRAS, *, comment=""):
    """Write voxels (k, j, i) in their type, compressed when the name ends in .gz; the comment becomes an extension."""
    header = _headerFor(voxels, ijkToRAS, comment)
    extension = _extension(comment)
    header["vox_offset"] = 352 + len(extension)
    content = header.tobytes() + (b"\1\0\0\0" if extension else bytes(4)) + extension
    if path.name.endswith(".gz"):
        with path.open("wb") as file, gzip.GzipFile("", "wb", 4, file, mtime=0) as stream:
            _writeAll(stream, content, voxels)
    else:
        with path.open("wb") as stream:
            _writeAll(stream, content, voxels)


def _writeAll(stream, content, voxels):
    stream.write(content)
    for slab in voxels:
        stream.write(np.ascontiguousarray(slab).tobytes())


def _headerFor(voxels, ijkToRAS, comment):
    header = np.zeros((), _NIFTI1)
    header["sizeof_hdr"], header["magic"], header["xyzt_units"] = 348, b"n+1", 2
    header["dim"] = [3, *voxels.shape[::-1], 1, 1, 1, 1]
    header["datatype"] = next(code for code, kind in _TYPES.items() if np.dtype(kind) == voxels.dtype)
    header["bitpix"] = voxels.dtype.itemsize * 8
    header["descrip"] = comment.encode("ascii", "replace")[:79]
    header["sform_code"], header["srow"] = 1, ijkToRAS[:3]
    _setQform(header, ijkToRAS)
    return header


def _setQform(header, ijkToRAS):
    """The qform can say rotations only; on a sheared grid it stays unset and the sform alone counts."""
    zooms = np.linalg.norm(ijkToRAS[:3, :3], axis=0)
    handed = -1.0 if np.linalg.det(ijkToRAS[:3, :3]) < 0 else 1.0
    header["pixdim"] = [handed, *zooms, 1, 1, 1, 1]
    rotation = ijkToRAS[:3, :3] / zooms * [1, 1, handed]
    if np.allclose(rotation.T @ rotation, np.eye(3), atol=1e-5):
        header["qform_code"], header["quatern"], header["qoffset"] = 1, _quaternion(rotation), ijkToRAS[:3, 3]


def _quaternion(rotation):
    """b, c, d of the unit quaternion with a >= 0: eigenvector of the largest eigenvalue (Bar-Itzhack 2000)."""
    m = rotation
    k = np.array(
        [
            [m[0, 0] - m[1, 1] - m[2, 2], 0, 0, 0],
            [m[1, 0] + m[0, 1], m[1, 1] - m[0, 0] - m[2, 2], 0, 0],
            [m[2, 0] + m[0, 2], m[2, 1] + m[1, 2], m[2, 2] - m[0, 0] - m[1, 1], 0],
            [m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1], m[0, 0] + m[1, 1] + m[2, 2]],
        ]
    )
    vector = np.linalg.eigh(k / 3.0)[1][:, -1]
    return vector[:3] if vector[3] >= 0 else -vector[:3]


def _extension(comment):
    if not comment:
        return b""
    text = comment.encode("utf-8")
    size = -(-(8 + len(text)) // 16) * 16
    return np.array([size, _COMMENT_EXTENSION], "<i4").tobytes() + text.ljust(size - 8, b"\0")
