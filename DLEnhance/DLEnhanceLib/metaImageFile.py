"""MetaImage files (.mha, .mhd with its raw file) as arrays in k, j, i order. Pure numpy, because ITK's reader writes
its complaints to the terminal. The geometry in the file is LPS; ours is RAS."""

import zlib
from pathlib import Path

import numpy as np

from .errors import UnsupportedVolume
from .geometry import LPS_TO_RAS

_TYPES = {
    "MET_CHAR": "i1",
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_INT": "i4",
    "MET_UINT": "u4",
    "MET_LONG": "i8" if np.dtype("l").itemsize == 8 else "i4",
    "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}
_MAX_HEADER = 65536


def readMetaImage(path: Path):
    """Voxels (k, j, i) in their stored type and ijkToRAS. Raises UnsupportedVolume."""
    content = path.read_bytes()
    header, start = _header(path, content)
    shape, dtype = _shape(path, header), _dtype(path, header)
    data = _data(path, header, content[start:])
    if header.get("CompressedData", "False").lower() == "true":
        data = _inflated(path, data)
    count = int(np.prod(shape))
    needed = count * dtype.itemsize
    if header.get("HeaderSize", "0") == "-1":
        data = data[max(0, len(data) - needed) :]
    else:
        data = data[int(header.get("HeaderSize", "0")) :]
    if len(data) < needed:
        raise UnsupportedVolume(f"{path.name} is truncated: {len(data)} of {needed} bytes of voxels; copy it again.")
    voxels = np.frombuffer(bytearray(data[:needed]), dtype).reshape(shape)
    return voxels.astype(dtype.newbyteorder("="), copy=False), _affine(path, header)


def _header(path, content):
    """Keys and values up to and including ElementDataFile, and the offset of the first byte behind them."""
    header, position = {}, 0
    while position < min(len(content), _MAX_HEADER):
        end = content.find(b"\n", position)
        end = len(content) if end < 0 else end
        key, separator, value = content[position:end].decode("latin-1").partition("=")
        position = end + 1
        if separator:
            header[key.strip()] = value.strip()
        if key.strip() == "ElementDataFile":
            return header, position
    raise UnsupportedVolume(f"{path.name} is not a MetaImage file (its header is missing or damaged).")


def _shape(path, header):
    sizes = [int(size) for size in _numbers(path, header.get("DimSize", ""))]
    sizes += [1] * (3 - len(sizes)) if sizes else []
    if not sizes or min(sizes) < 1:
        raise UnsupportedVolume(f"{path.name} has no voxels (DimSize is '{header.get('DimSize', '')}').")
    if max(sizes[3:], default=1) > 1:
        raise UnsupportedVolume(f"{path.name} is 4D ({sizes[3]} volumes); save the volume you want as a 3D file.")
    if int(header.get("ElementNumberOfChannels", "1")) > 1:
        raise UnsupportedVolume(f"{path.name} is a colour or vector image; a scalar MR volume is needed.")
    return tuple(sizes[2::-1])


def _dtype(path, header):
    kind = header.get("ElementType", "")
    if kind not in _TYPES or header.get("BinaryData", "True").lower() != "true":
        raise UnsupportedVolume(f"{path.name} stores voxels as '{kind}' in a way that is not supported.")
    bigEndian = header.get("BinaryDataByteOrderMSB", header.get("ElementByteOrderMSB", "False"))
    return np.dtype((">" if bigEndian.lower() == "true" else "<") + _TYPES[kind])


def _data(path, header, rest):
    name = header["ElementDataFile"]
    if name.upper() == "LOCAL":
        return rest
    try:
        return (path.parent / name).read_bytes()
    except OSError as error:
        raise UnsupportedVolume(f"{path.name} needs its data file '{name}' beside it, which cannot be read.") from error


def _inflated(path, data):
    try:
        return zlib.decompressobj().decompress(data)
    except zlib.error as error:
        raise UnsupportedVolume(f"{path.name} is damaged ({error}); copy it again.") from error


def _numbers(path, text):
    try:
        return [float(word) for word in text.split()]
    except ValueError as error:
        raise UnsupportedVolume(f"{path.name} has a damaged header: '{text}' are not numbers.") from error


def _affine(path, header):
    def first(*keys, default):
        found = next((header[key] for key in keys if key in header), default)
        return _numbers(path, found)

    count = len(_numbers(path, header["DimSize"]))
    zero = " ".join("0" * count)
    axes = first("TransformMatrix", "Rotation", "Orientation", default=" ".join(map(str, np.eye(count).ravel())))
    spacing = first("ElementSpacing", "ElementSize", default=" ".join("1" * count))
    origin = first("Offset", "Position", "Origin", default=zero)
    if len(axes) != count**2 or len(spacing) != count or len(origin) != count:
        raise UnsupportedVolume(f"{path.name} has a damaged header (geometry and DimSize disagree).")
    used = min(count, 3)
    affine = np.eye(4)
    affine[:used, :used] = (np.reshape(axes, (count, count)) * np.reshape(spacing, (-1, 1))).T[:used, :used]
    affine[:used, 3] = origin[:used]
    if np.linalg.det(affine) == 0:
        raise UnsupportedVolume(f"{path.name} has no usable geometry (its axes are not independent).")
    return LPS_TO_RAS @ affine


def writeMetaImage(path: Path, voxels, ijkToRAS, *, comment=""):
    """Write one .mha file (compressed) or a .mhd file with a .raw file (uncompressed) beside it."""
    isPair = path.suffix.lower() == ".mhd"
    lps = LPS_TO_RAS @ ijkToRAS
    spacing = np.linalg.norm(lps[:3, :3], axis=0)
    data = np.ascontiguousarray(voxels).astype(voxels.dtype.newbyteorder("<"), copy=False)
    packed = None if isPair else zlib.compress(data, 4)
    entries = {
        "ObjectType": "Image",
        "NDims": 3,
        "Comment": comment.replace("\n", " "),
        "BinaryData": "True",
        "BinaryDataByteOrderMSB": "False",
        "CompressedData": not isPair,
        "CompressedDataSize": 0 if isPair else len(packed),
        "TransformMatrix": _text((lps[:3, :3] / spacing).T.ravel()),
        "Offset": _text(lps[:3, 3]),
        "ElementSpacing": _text(spacing),
        "DimSize": " ".join(map(str, voxels.shape[::-1])),
        "ElementType": next(name for name, kind in _TYPES.items() if np.dtype(kind) == voxels.dtype),
        "ElementDataFile": path.with_suffix(".raw").name if isPair else "LOCAL",
    }
    optional = {"Comment": comment, "CompressedDataSize": packed}
    lines = [f"{key} = {value}\n" for key, value in entries.items() if optional.get(key, True)]
    header = "".join(lines).encode("utf-8")
    if isPair:
        path.with_suffix(".raw").write_bytes(data.data)
        path.write_bytes(header)
        return
    with path.open("wb") as stream:
        stream.write(header)
        stream.write(packed)


def _text(numbers):
    return " ".join(repr(float(number)) for number in numbers)
