"""Draws the thumbnails of the Sample Data module from the volumes themselves: 260 x 280 pixels, gray.

    .venv/bin/python Resources/makeSampleThumbnails.py

Needs the volumes of ``shared/data`` (or DLENHANCE_DATA). They are found by their SHA-256.
"""

import hashlib
import os
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from PIL import Image

from DLEnhanceLib.sampleData import FOLDER, SAMPLES

DATA = Path(os.environ.get("DLENHANCE_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
SIZE = (260, 280)


def main():
    known = [path for folder in (DATA, FOLDER) for path in folder.rglob("*.n*") if path.is_file()]
    files = {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in known}
    for sample in SAMPLES:
        if sample.isShipped:
            noisy, truth, _regions = (FOLDER / file.path for file in sample.files)
            splitPicture(noisy, truth).save(sample.thumbnail, optimize=True)
            continue
        volumes = [files[file.sha256] for file in sample.files if file.kind == "VolumeFile"]
        drawn = [files[file.sha256] for file in sample.files if file.kind == "SegmentationFile"]
        picture(volumes, drawn).save(sample.thumbnail, optimize=True)


def picture(paths, drawn):
    """One axial slice of one to four volumes, in a grid; where the most is drawn, if something is."""
    columns = 1 if len(paths) == 1 else 2
    rows = -(-len(paths) // columns)
    size = (SIZE[0] // columns, SIZE[1] // rows)
    canvas = Image.new("L", SIZE)
    for number, path in enumerate(paths):
        tile = fitted(axialSlice(path, *drawn), size)
        corner = (number % columns * size[0], number // columns * size[1])
        canvas.paste(tile, tuple(c + (s - t) // 2 for c, s, t in zip(corner, size, tile.size, strict=True)))
    return canvas


def splitPicture(leftPath, rightPath, number=18):
    """One slice, its left half from the one volume and its right half from the other; 18 shows a lesion in each."""
    (left, _), (right, _) = axialVoxels(leftPath), axialVoxels(rightPath)
    inside = np.argwhere(right[number] > 0.1 * right[number].max())
    (top, start), (bottom, end) = inside.min(axis=0) - 4, inside.max(axis=0) + 5
    both = np.where(np.arange(right.shape[2]) < (start + end) // 2, left[number], right[number])[top:bottom, start:end]
    canvas = Image.new("L", SIZE)
    tile = fitted(Image.fromarray(np.uint8(255 * np.clip(both / (0.85 * right[number].max()), 0, 1))), SIZE)
    canvas.paste(tile, tuple((s - t) // 2 for s, t in zip(SIZE, tile.size, strict=True)))
    return canvas


def axialSlice(path, drawn=None):
    """The slice at 60 % of the head's height, square pixels, patient's right on the left."""
    voxels, spacing = axialVoxels(path)
    if drawn is not None:
        chosen = voxels[np.argmax((axialVoxels(drawn)[0] > 0).sum(axis=(1, 2)))]
    else:
        inside = np.argwhere(voxels > np.percentile(voxels, 99) * 0.2)
        low, high = np.percentile(inside[:, 0], (1, 99))
        chosen = voxels[round(low + 0.6 * (high - low))]
    rows, columns = (np.flatnonzero((chosen > chosen.max() * 0.1).any(axis=axis)) for axis in (1, 0))
    chosen = chosen[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    gray = np.clip(chosen / np.percentile(chosen, 97), 0, 1)
    pixels = Image.fromarray(np.uint8(255 * gray))
    return pixels.resize((round(pixels.width * spacing[0]), round(pixels.height * spacing[1])), Image.LANCZOS)


def axialVoxels(path):
    image = sitk.DICOMOrient(sitk.ReadImage(str(path)), "LPS")
    return sitk.GetArrayFromImage(image).astype(np.float32), image.GetSpacing()


def fitted(tile, size):
    factor = min(side / length for side, length in zip(size, tile.size, strict=True))
    return tile.resize(tuple(max(1, int(length * factor)) for length in tile.size), Image.LANCZOS)


if __name__ == "__main__":
    main()
