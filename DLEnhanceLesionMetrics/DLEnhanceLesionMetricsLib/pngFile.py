"""Pictures as PNG bytes with nothing but Python's zlib: needs no Slicer and no imaging package."""

import struct
import zlib

import numpy as np

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def pngBytes(picture: np.ndarray) -> bytes:
    """A PNG file of a uint8 array, gray (height, width) or color (height, width, 3), top row first."""
    picture = np.ascontiguousarray(picture, np.uint8)
    height, width = picture.shape[:2]
    colorType = 2 if picture.ndim == 3 else 0
    header = struct.pack(">IIBBBBB", width, height, 8, colorType, 0, 0, 0)
    lines = _filtered(picture.reshape(height, -1))
    return b"".join(
        (
            _SIGNATURE,
            _chunk(b"IHDR", header),
            _chunk(b"IDAT", zlib.compress(lines.tobytes(), 6)),
            _chunk(b"IEND", b""),
        )
    )


def _filtered(lines):
    """Each line as its difference to the one above ("Up", filter 2), which compresses images of anatomy better."""
    above = np.vstack([np.zeros_like(lines[:1]), lines[:-1]])
    return np.hstack([np.full((len(lines), 1), 2, np.uint8), lines - above])


def _chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
