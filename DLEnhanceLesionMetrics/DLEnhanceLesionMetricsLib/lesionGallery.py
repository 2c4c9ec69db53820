"""Every lesion before and after on one sheet: same slice, same window, same scale. numpy and scipy, no Slicer.

Slices are those of the acquisition; pictures are oriented as radiologists look at them (patient's right on the left).
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from DLEnhanceLib.errors import BadOption
from DLEnhanceLib.volume import Volume

from .lesionSize import sliceAxis
from .masks import toIJK
from .regions import LESION, Region

SMALLEST_SIDE = 24.0  # mm
SIDE_IN_LESIONS = 2.2
# Pictures run to the patient's left and downwards to the back; coronal and sagittal ones downwards to the feet.
_DIRECTIONS = {
    2: (np.array([-1.0, 0, 0]), np.array([0, -1.0, 0])),
    1: (np.array([-1.0, 0, 0]), np.array([0, 0, -1.0])),
    0: (np.array([0, -1.0, 0]), np.array([0, 0, -1.0])),
}


@dataclasses.dataclass(frozen=True, eq=False)
class GalleryRow:
    """One lesion: its pictures, uint8 arrays (pixels, pixels), one a volume, and the border of its mask in them."""

    name: str
    pictures: tuple[np.ndarray, ...]
    border: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class Gallery:
    """side: width of every picture in mm. window: (darkest, brightest) intensity in all of them."""

    rows: tuple[GalleryRow, ...]
    side: float
    window: tuple[float, float]


def lesionGallery(volumes: Sequence[Volume], regions: Sequence[Region], *, pixels=220, window=None) -> Gallery:
    """The pictures of every lesion in every volume, in slices of the first one, the standard; others are interpolated.

    window: (darkest, brightest); by default the 1st and 99.5th percentile of the standard's pictures.
    Raises BadOption without a lesion inside the image.
    """
    masks = {region: region.maskOn(volumes[0]) for region in regions if region.role == LESION}
    masks = {region: mask for region, mask in masks.items() if mask.count}
    if not masks:
        raise BadOption("There is no lesion inside the image; place one first.")
    extents = [_extent(mask, volumes[0]) for mask in masks.values()]
    side = max(SMALLEST_SIDE, SIDE_IN_LESIONS * max(extents))
    frames = [_framePoints(mask, volumes[0], side, pixels) for mask in masks.values()]
    sampled = [[sampledAt(volume.voxels, volume, frame) for volume in volumes] for frame in frames]
    low, high = window or np.nanpercentile([images[0] for images in sampled], (1.0, 99.5))
    rows = []
    for (region, mask), frame, images in zip(masks.items(), frames, sampled, strict=True):
        pictures = tuple(grayPicture(image, low, high) for image in images)
        inside = sampledAt(mask.toArray().astype(np.float32), volumes[0], frame) > 0.5
        rows.append(GalleryRow(region.name, pictures, borderOf(inside)))
    return Gallery(tuple(rows), float(side), (float(low), float(high)))


def withBorder(row: GalleryRow, picture, color) -> np.ndarray:
    """A picture in color, uint8 (pixels, pixels, 3), with the border of the lesion drawn in a color of 0..1."""
    colored = np.repeat(picture[..., None], 3, axis=2)
    colored[row.border] = np.round(255 * np.asarray(color)).astype(np.uint8)
    return colored


def _extent(mask, volume):
    """Longest edge in mm of the bounding box, seen in the slice."""
    lengths = np.array(mask.inside.shape[::-1]) * volume.spacing
    return float(np.delete(lengths, sliceAxis(volume)).max())


def _framePoints(mask, volume, side, pixels):
    """RAS mm, array (pixels, pixels, 3), of the picture's pixels: a square on an acquired slice."""
    axis = sliceAxis(volume)
    center = mask.centerIndex[::-1].copy()
    center[axis] = np.floor(center[axis] + 0.5)
    centerRAS = (volume.ijkToRAS @ np.append(center, 1.0))[:3]
    right, down = pictureAxes(volume, axis)
    steps = (np.arange(pixels) - (pixels - 1) / 2) * side / pixels
    return centerRAS + steps[None, :, None] * right + steps[:, None, None] * down


def pictureAxes(volume, axis):
    """Unit vectors (RAS) of the two voxel axes of a slice, right and down in the picture."""
    axes = volume.ijkToRAS[:3, :3] / volume.spacing
    normal = int(np.argmax(np.abs(axes[:, axis])))
    inPlane = [axes[:, other] for other in range(3) if other != axis]
    vectors = []
    for wanted in _DIRECTIONS[normal]:
        vector = max(inPlane, key=lambda one: abs(one @ wanted))
        inPlane = [one for one in inPlane if one is not vector]
        vectors.append(vector * np.sign(vector @ wanted))
    return vectors


def sampledAt(voxels, volume, points):
    """Linear interpolation of voxels (k, j, i) in a volume's grid at RAS mm (rows, columns, 3); zero outside.

    Only the part of the volume that is needed is read.
    """
    from scipy.ndimage import map_coordinates

    frame = toIJK(volume, points.reshape(-1, 3)).T[::-1].reshape(3, *points.shape[:2])
    shape = np.array(volume.voxels.shape)
    low = np.clip(np.floor(frame.min(axis=(1, 2))).astype(int) - 1, 0, shape - 1)
    high = np.clip(np.ceil(frame.max(axis=(1, 2))).astype(int) + 2, 1, shape)
    block = voxels[tuple(slice(a, b) for a, b in zip(low, high, strict=True))].astype(np.float64)
    return map_coordinates(block, frame - low[:, None, None], order=1, mode="constant", cval=0.0)


def grayPicture(image, low, high):
    """uint8 picture of intensities, black at low and white at high; what is not a number is black."""
    scaled = (image - low) / max(high - low, 1e-12)
    return np.round(255 * np.clip(np.nan_to_num(scaled), 0.0, 1.0)).astype(np.uint8)


def borderOf(inside):
    """The pixels just outside a boolean picture."""
    from scipy.ndimage import binary_dilation

    return binary_dilation(inside) & ~inside
