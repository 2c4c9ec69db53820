"""Whole slices of both images and of their residual as pictures for reports: one slice, one window. No Slicer."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from DLEnhanceLib.volume import Volume

from .lesionGallery import borderOf, grayPicture, pictureAxes, sampledAt
from .lesionSize import sliceAxis
from .regions import LESION, Region

LONGEST_SIDE = 560  # pixels
RESIDUAL_WINDOW = 3.0  # noise SDs to both sides
BLUE, MIDDLE, RED = (0.10, 0.35, 1.0), (0.13, 0.13, 0.13), (1.0, 0.25, 0.10)
_PLANES = {0: ("sagittal", "R"), 1: ("coronal", "A"), 2: ("axial", "S")}


@dataclasses.dataclass(frozen=True, eq=False)
class SlicePicture:
    """uint8 array (height, width, 3), with the borders of the regions."""

    title: str
    picture: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class SlicePictures:
    """caption: which slice, which window."""

    pictures: tuple[SlicePicture, ...]
    caption: str


def slicePictures(
    standard: Volume, enhanced: Volume | None, regions: Sequence[Region], *, window=None, noise=None
) -> SlicePictures:
    """The slice through the largest lesion in both images and in standard minus enhanced.

    window: (darkest, brightest); by default the 1st and 99th percentile of the standard's slice. noise: SD in image
    units, the unit of the residual's colors; estimated from the residual when None.
    """
    masks = [(region, region.maskOn(standard)) for region in regions]
    masks = [(region, mask) for region, mask in masks if mask.count]
    axis, frame, place = _frame(standard, masks)
    first = sampledAt(standard.voxels, standard, frame)
    low, high = window or np.nanpercentile(first, (1.0, 99.0))
    borders = [(region.color, borderOf(_inFrame(mask, standard, frame))) for region, mask in masks]
    pictures = [SlicePicture("Standard", _withBorders(grayPicture(first, low, high), borders))]
    caption = f"{_PLANES[axis][0].capitalize()} slice at {place}, window {low:.4g} to {high:.4g}."
    if enhanced is not None:
        second = sampledAt(enhanced.voxels, enhanced, frame)
        pictures.append(SlicePicture("Enhanced", _withBorders(grayPicture(second, low, high), borders)))
    if enhanced is not None and not enhanced.isOnGridOf(standard):
        caption += " The enhanced image has another grid, so it is interpolated here and has no residual."
    elif enhanced is not None:
        residual = first - second
        sd = noise or 1.4826 * float(np.median(np.abs(residual[residual != 0]))) if residual.any() else 1.0
        pictures.append(SlicePicture("Residual: standard - enhanced", _diverging(residual / sd)))
        caption += " Residual: red was taken away, blue added, full color at"
        caption += f" {RESIDUAL_WINDOW:g} noise SDs ({sd:.4g} each)."
    return SlicePictures(tuple(pictures), caption)


def _frame(volume, masks):
    """The anatomical axis across the slice, its pixels in RAS mm (rows, columns, 3), and where it lies."""
    across = sliceAxis(volume)
    lesions = [mask for region, mask in masks if region.role == LESION] or [mask for _region, mask in masks]
    middle = (np.array(volume.voxels.shape[::-1]) - 1) / 2
    index = middle.copy()
    if lesions:
        index[across] = max(lesions, key=lambda mask: mask.count).centerIndex[::-1][across]
    index[across] = np.floor(index[across] + 0.5)
    center = (volume.ijkToRAS @ np.append(index, 1.0))[:3]
    right, down = pictureAxes(volume, across)
    width, height = (_length(volume, vector) for vector in (right, down))
    step = max(width, height) / LONGEST_SIDE
    columns, rows = (max(round(length / step), 1) for length in (width, height))
    x, y = ((np.arange(count) - (count - 1) / 2) * step for count in (columns, rows))
    points = center + x[None, :, None] * right + y[:, None, None] * down
    normal = int(np.argmax(np.abs(volume.ijkToRAS[:3, across])))
    return normal, points, f"{_PLANES[normal][1]} {center[normal]:.1f} mm"


def _length(volume, vector):
    """How long the grid is in mm along one of its axes, given as a unit vector."""
    axes = volume.ijkToRAS[:3, :3] / volume.spacing
    axis = int(np.argmax(np.abs(vector @ axes)))
    return volume.voxels.shape[::-1][axis] * volume.spacing[axis]


def _inFrame(mask, volume, frame):
    return sampledAt(mask.toArray().astype(np.float32), volume, frame) > 0.5


def _withBorders(picture, borders):
    colored = np.repeat(picture[..., None], 3, axis=2)
    for color, border in borders:
        colored[border] = np.round(255 * np.asarray(color)).astype(np.uint8)
    return colored


def _diverging(inSd):
    """Blue below zero, dark gray at zero, red above; uint8 (height, width, 3)."""
    share = np.clip(np.nan_to_num(inSd) / RESIDUAL_WINDOW, -1.0, 1.0)[..., None]
    colors = np.where(share < 0, np.asarray(BLUE), np.asarray(RED))
    return np.round(255 * (np.asarray(MIDDLE) + np.abs(share) * (colors - np.asarray(MIDDLE)))).astype(np.uint8)
