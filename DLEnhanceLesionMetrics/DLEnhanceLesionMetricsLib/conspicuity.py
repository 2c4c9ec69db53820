"""Lesion conspicuity after Revesz, Kundel and Graber 1974: edge contrast of a lesion over the complexity around it.

numpy and scipy. Their index divides the density change across the lesion's border by the mean density change in its
surround. Here both are slopes in image units per mm: the mean inward slope on the border, and the mean gradient
magnitude between 2 and 8 mm outside it, so the index has no unit and does not depend on the image's scale.
"""

import dataclasses

import numpy as np

from DLEnhanceLib.volume import Volume

from .masks import RegionMask

NEAR, FAR = 2.0, 8.0  # mm outside the border that count as the surround
FEWEST_SURROUND_VOXELS = 30


@dataclasses.dataclass(frozen=True)
class Conspicuity:
    """index: edgeSlope / complexity, negative for dark lesions; edgeSlope, complexity: image units per mm.

    None with a reason when not measurable. Noise in the surround counts as complexity, so denoising raises the index;
    blurring lowers both parts. surroundVoxels: in how many voxels the complexity was measured; leftOut: share of the
    surround that was excluded or is not finite.
    """

    index: float | None = None
    edgeSlope: float | None = None
    complexity: float | None = None
    reason: str = ""
    surroundVoxels: int = 0
    leftOut: float = 0.0


def conspicuity(volume: Volume, mask: RegionMask, *, excluded=()) -> Conspicuity:
    """The conspicuity of a lesion's mask. excluded: masks or bool arrays (k, j, i) of the grid, such as other lesions.

    Voxel axes are taken to be at right angles. On volumes with one slice the slopes are those in the plane.
    """
    from scipy.ndimage import distance_transform_edt

    if mask.count < 2:
        return Conspicuity(reason="The lesion has fewer than 2 voxels.")
    box, inside = _grownBox(mask, volume)
    image = volume.voxels[box].astype(np.float64)
    spacing = volume.spacing[::-1]
    signedDistance = distance_transform_edt(~inside, sampling=spacing) - distance_transform_edt(
        inside, sampling=spacing
    )
    gradient, outward = _gradient(image, spacing), _gradient(signedDistance, spacing)
    border = np.abs(signedDistance) <= spacing.min() * 1.01
    ring = (signedDistance >= NEAR) & (signedDistance <= FAR)
    surround = ring & np.isfinite(image)
    for part in excluded:
        surround &= ~_inBox(part, box)
    count = int(surround.sum())
    if count < FEWEST_SURROUND_VOXELS:
        return Conspicuity(reason="There is too little tissue around the lesion.")
    measured = {"surroundVoxels": count, "leftOut": 1 - count / int(ring.sum())}
    length = np.sqrt((outward**2).sum(axis=0))
    inwardSlope = -(gradient * outward).sum(axis=0) / np.where(length > 0, length, 1.0)
    edgeSlope = float(inwardSlope[border].mean())
    complexity = float(np.sqrt((gradient**2).sum(axis=0))[surround].mean())
    if not np.isfinite(edgeSlope + complexity) or complexity <= 1e-9 * max(abs(edgeSlope), 1e-300):
        return Conspicuity(None, edgeSlope, complexity, "The surround is constant, so it has no complexity.")
    return Conspicuity(edgeSlope / complexity, edgeSlope, complexity, **measured)


def _inBox(part, box):
    """A RegionMask or a boolean array of the whole grid, inside a box of it."""
    if not isinstance(part, RegionMask):
        return part[box]
    inside = np.zeros([side.stop - side.start for side in box], bool)
    starts = [max(a.start, b.start) for a, b in zip(part.slices, box, strict=True)]
    stops = [min(a.stop, b.stop) for a, b in zip(part.slices, box, strict=True)]
    if all(start < stop for start, stop in zip(starts, stops, strict=True)):
        shared = [slice(start, stop) for start, stop in zip(starts, stops, strict=True)]
        here, there = (
            tuple(slice(s.start - o.start, s.stop - o.start) for s, o in zip(shared, other, strict=True))
            for other in (box, part.slices)
        )
        inside[here] = part.inside[there]
    return inside


def _grownBox(mask, volume):
    """The mask's box with room for the surround, as slices of the grid, and the mask in it."""
    margin = np.ceil((FAR + 1.0) / volume.spacing[::-1]).astype(int) + 1
    low = np.maximum(np.array(mask.start) - margin, 0)
    high = np.minimum(np.array(mask.start) + mask.inside.shape + margin, mask.gridShape)
    inside = np.zeros(high - low, bool)
    first = np.array(mask.start) - low
    inside[tuple(slice(a, a + n) for a, n in zip(first, mask.inside.shape, strict=True))] = mask.inside
    return tuple(slice(a, b) for a, b in zip(low, high, strict=True)), inside


def _gradient(image, spacing):
    """Central differences (3, k, j, i) per mm; 0 along an axis of one voxel."""
    return np.stack(
        [
            np.gradient(image, step, axis=axis) if image.shape[axis] > 1 else np.zeros_like(image)
            for axis, step in enumerate(spacing)
        ]
    )
