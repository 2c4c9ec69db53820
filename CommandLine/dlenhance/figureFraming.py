"""Where a figure looks: the slice through a lesion, the crop around the head, the window. Numpy and scipy only."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Frame:
    """A rectangle of a slice plane: its center (RAS mm) and its width and height in mm."""

    center: np.ndarray
    width: float
    height: float


def maskOf(region, volume) -> np.ndarray:
    """The region's voxels in the volume's grid, a boolean array (k, j, i)."""
    if hasattr(region, "maskOn"):
        return region.maskOn(volume).toArray()
    return np.asarray(region.mask, bool)


def colorOf(region):
    """Red, green, blue in 0..1."""
    return getattr(region, "color", None) or region.colour


def focusMask(regions, masks):
    """The largest connected part (k, j, i) of the largest lesion; without a lesion of the largest region; or None."""
    from scipy import ndimage

    sizes = [
        (region.role == "lesion", int(mask.sum()), n)
        for n, (region, mask) in enumerate(zip(regions, masks, strict=True))
    ]
    sizes = [entry for entry in sizes if entry[1]]
    if not sizes:
        return None
    labels, count = ndimage.label(masks[max(sizes)[2]], np.ones((3, 3, 3)))
    return labels == 1 + np.argmax(np.bincount(labels.ravel(), minlength=count + 1)[1:])


def middleVoxel(mask) -> np.ndarray:
    """Index (k, j, i) of the voxel of a mask nearest to its center of mass."""
    inside = np.argwhere(mask)
    return inside[np.argmin(((inside - inside.mean(axis=0)) ** 2).sum(axis=1))]


def toRAS(volume, indices) -> np.ndarray:
    """Points (n, 3) in RAS mm of voxel indices (n, 3) in k, j, i order."""
    indices = np.atleast_2d(np.asarray(indices, float))
    return indices[:, ::-1] @ volume.ijkToRAS[:3, :3].T + volume.ijkToRAS[:3, 3]


def sliceThrough(volume, axis, index) -> tuple:
    """What selects one slice of the grid, ``axis`` counted in k, j, i order."""
    selected = [slice(None)] * volume.voxels.ndim
    selected[axis] = int(index)
    return tuple(selected)


def nearestAxis(volume, normal) -> int:
    """The grid axis (in k, j, i order) that runs along a direction in RAS."""
    directions = volume.ijkToRAS[:3, :3] / volume.spacing
    return 2 - int(np.argmax(np.abs(np.asarray(normal) @ directions)))


def headPixels(image) -> np.ndarray:
    """True where a slice (2-D array) shows the head: the largest connected bright part, without specks of noise."""
    from scipy import ndimage

    image = ndimage.gaussian_filter(np.asarray(image, float), 1.5)
    bright = image > np.percentile(image, 2) + 0.12 * (np.percentile(image, 99.5) - np.percentile(image, 2))
    labels, count = ndimage.label(ndimage.binary_opening(bright, iterations=2))
    if count == 0:
        return np.ones(image.shape, bool)
    return labels == 1 + np.argmax(ndimage.sum_labels(bright, labels, range(1, count + 1)))


def frameAround(points, right, up, *, margin=0.05) -> Frame:
    """The smallest rectangle of a plane around points (n, 3; RAS mm); right and up are the plane's unit vectors."""
    across, along = points @ right, points @ up
    middle = points.mean(axis=0)
    middle = middle + right * ((across.min() + across.max()) / 2 - middle @ right)
    middle = middle + up * ((along.min() + along.max()) / 2 - middle @ up)
    wider = 1.0 + 2.0 * margin
    return Frame(middle, wider * (across.max() - across.min()), wider * (along.max() - along.min()))


def windowOf(image, head, lesion) -> tuple[float, float]:
    """Darkest and brightest value shown of a slice, by robust percentiles; all arguments are its 2-D arrays.

    The brightest is judged inside the head, away from the fat of the scalp, which would make the brain dark.
    """
    from scipy import ndimage

    depth = ndimage.distance_transform_edt(head)
    inner = image[(depth > 0.3 * depth.max()) | lesion]
    low, high = float(np.percentile(image, 1)), float(np.percentile(inner, 99.7)) if inner.size else float(image.max())
    if lesion.any():
        high = max(high, float(np.percentile(image[lesion], 99)))
    return (low, high) if high > low else (low, low + 1.0)


def sides(direction) -> str:
    """The letter of the patient's side towards which a RAS direction points."""
    axis = int(np.argmax(np.abs(direction)))
    return ("RL", "AP", "SI")[axis][0 if direction[axis] > 0 else 1]
