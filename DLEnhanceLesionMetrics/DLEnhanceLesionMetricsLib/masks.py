"""Boolean masks of shapes in a volume's grid, computed only inside the shape's bounding box. Pure numpy.

A voxel belongs to a shape when its center does. Points are millimetres in RAS; arrays are in k, j, i order.
Every function works in any grid: oblique, anisotropic, sheared, mirrored (negative determinant).
"""

import dataclasses
import math

import numpy as np

from DLEnhanceLib.errors import BadOption
from DLEnhanceLib.volume import Volume

# Above this many voxels a shape is cut at the image border before it is rasterised.
LARGEST_BOX = 2_000_000
# Keeps borders where they are when a face meets voxel centers up to rounding; in half edge lengths.
BORDER_TOLERANCE = 1e-9


@dataclasses.dataclass(frozen=True, eq=False)
class RegionMask:
    """The voxels of a region: a small boolean box and where it lies in the grid.

    inside: boolean array (k, j, i) of the bounding box, cut at the image border; may be empty.
    start: index (k, j, i) of the box's first voxel in the grid.
    gridShape: shape (k, j, i) of the grid.
    voxelsOutside: how many voxels of the shape fall outside the image (0: it lies inside as a whole).
    areaPerVoxel: mm2 of the shape's plane that a voxel stands for; None for solid shapes.
    notes: sentences for the user about how the mask came to be.
    """

    inside: np.ndarray
    start: tuple[int, int, int]
    gridShape: tuple[int, int, int]
    voxelsOutside: int = 0
    areaPerVoxel: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """Number of voxels inside the region and the image."""
        return int(np.count_nonzero(self.inside))

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """The bounding box as an index of the whole grid."""
        return tuple(slice(first, first + length) for first, length in zip(self.start, self.inside.shape, strict=True))

    @property
    def centerIndex(self) -> np.ndarray:
        """Mean index (k, j, i) of the voxels, NaN when there are none."""
        if not self.inside.any():
            return np.full(3, np.nan)
        return np.argwhere(self.inside).mean(axis=0) + self.start

    def values(self, voxels: np.ndarray) -> np.ndarray:
        """The voxels inside the region as a 1-D array in its stored type; voxels has the grid's shape."""
        if voxels.shape != self.gridShape:
            raise ValueError(f"an image of shape {voxels.shape} does not fit a mask for {self.gridShape}")
        return voxels[self.slices][self.inside]

    def toArray(self) -> np.ndarray:
        """Boolean array of the whole grid (k, j, i)."""
        whole = np.zeros(self.gridShape, bool)
        whole[self.slices] = self.inside
        return whole


def maskFromArray(inside: np.ndarray, **properties) -> RegionMask:
    """The mask of a boolean array that has the whole grid's shape (k, j, i)."""
    box = boundingBox(inside)
    if box is None:
        return _emptyMask(inside.shape, **properties)
    return RegionMask(inside[box].copy(), tuple(side.start for side in box), inside.shape, **properties)


def boundingBox(inside: np.ndarray) -> tuple[slice, slice, slice] | None:
    """The smallest box with all True voxels of a boolean array (k, j, i); None when there are none."""
    rows = inside.any(axis=2)
    kept = (rows.any(axis=1), rows.any(axis=0))
    if not kept[0].any():
        return None
    columns = inside[_span(kept[0])][:, _span(kept[1])].any(axis=(0, 1))
    return (_span(kept[0]), _span(kept[1]), _span(columns))


def sphereMask(volume: Volume, center, diameter: float) -> RegionMask:
    """Voxels in a sphere; center in RAS mm, diameter in mm."""
    return ellipsoidMask(volume, translation(center), (diameter,) * 3)


def ellipsoidMask(volume: Volume, objectToRAS: np.ndarray, size) -> RegionMask:
    """Voxels in the ellipsoid inscribed in a box handle.

    objectToRAS: 4x4, the handle's own axes to RAS mm (Slicer's ``GetObjectToWorldMatrix``).
    size: full axis lengths (x, y, z) in mm of the handle's frame.
    """
    scaledToIJK = _scaledToIJK(volume, objectToRAS, size)
    extent = np.linalg.norm(scaledToIJK[:3, :3], axis=1)

    def isInside(x, y, z):
        return x * x + y * y + z * z <= 1.0 + BORDER_TOLERANCE

    return _solidMask(volume, scaledToIJK, extent, isInside)


def boxMask(volume: Volume, objectToRAS: np.ndarray, size) -> RegionMask:
    """Voxels in a box, arguments as in ellipsoidMask.

    Lower faces belong to the box and upper faces do not, so boxes that touch share no voxel.
    """
    scaledToIJK = _scaledToIJK(volume, objectToRAS, size)
    extent = np.abs(scaledToIJK[:3, :3]).sum(axis=1)

    def isInside(*scaled):
        inside = True
        for value in scaled:
            inside = inside & (value >= -1.0 - BORDER_TOLERANCE) & (value < 1.0 - BORDER_TOLERANCE)
        return inside

    return _solidMask(volume, scaledToIJK, extent, isInside)


def ellipseMask(volume: Volume, planeToRAS: np.ndarray, size) -> RegionMask:
    """Voxels of a flat ellipse, one voxel thick.

    planeToRAS: 4x4; its first two axes span the plane, the origin is the center. size: axis lengths (x, y) in mm.
    Drawn as a polygon of 256 corners with the ellipse's exact area.
    """
    angles = np.arange(256) * (2 * math.pi / 256)
    # A regular n-gon of circumradius r has the area n/2 r^2 sin(2 pi / n).
    stretch = math.sqrt(2 * math.pi / 256 / math.sin(2 * math.pi / 256))
    half = np.abs(np.asarray(size, float)[:2]) / 2 * stretch
    corners = np.stack([half[0] * np.cos(angles), half[1] * np.sin(angles), 0 * angles, np.ones(256)])
    return closedCurveMask(volume, (np.asarray(planeToRAS, float) @ corners)[:3].T)


def closedCurveMask(volume: Volume, points: np.ndarray) -> RegionMask:
    """Voxels enclosed by a closed curve, one voxel thick, in any plane.

    points: (n, 3) RAS mm, n >= 3, in order; the last joins the first. Crossing parts follow the even-odd rule.
    The curve is seen along the voxel axis that its plane crosses most steeply. Each voxel column whose axis meets the
    plane inside the curve gives its nearest voxel, so the count times ``areaPerVoxel`` is the area in the plane.
    A curve that stays within one voxel of a slice takes that slice only.
    """
    points = np.asarray(points, float).reshape(-1, 3)
    center, normal, flatness = fittedPlane(points)
    if normal is None:
        return _emptyMask(volume.voxels.shape, notes=("The curve encloses no area.",))
    normalIJK = volume.ijkToRAS[:3, :3].T @ normal
    drop = int(np.argmax(np.abs(normalIJK)))
    keep = [axis for axis in range(3) if axis != drop]
    corners = toIJK(volume, points)
    notes = ()
    if flatness > abs(normalIJK[drop]):
        notes = (f"The curve is not flat: it leaves its plane by {flatness:.1f} mm; the fitted plane was measured.",)
    low = np.ceil(corners.min(axis=0)).astype(int)[keep]
    high = np.floor(corners.max(axis=0)).astype(int)[keep] + 1
    filled = _filledPolygon(corners[:, keep], low, high)
    columns = np.argwhere(filled) + low
    depth = _depthOfColumns(columns, corners[:, drop], toIJK(volume, center), normalIJK, drop, keep)
    indices = np.empty((len(columns), 3), int)
    indices[:, keep], indices[:, drop] = columns, depth
    area = volume.voxelVolume / abs(normalIJK[drop])
    return _maskFromIndices(volume, indices[:, ::-1], areaPerVoxel=area, notes=notes)


def labelMask(volume: Volume, labels: Volume, value: int = 1) -> RegionMask:
    """Voxels of one label. Labels on another grid are resampled to the image's by nearest voxel, never the image."""
    box = boundingBox(labels.voxels == value)
    if box is None:
        return _emptyMask(volume.voxels.shape, notes=(f"Label {value} has no voxels.",))
    return croppedLabelMask(volume, labels.voxels[box] == value, croppedMatrix(labels.ijkToRAS, box))


def croppedLabelMask(volume: Volume, inside: np.ndarray, ijkToRAS: np.ndarray) -> RegionMask:
    """Voxels of the image whose centers lie in True voxels of a small boolean array (k, j, i) with its own geometry."""
    imageToLabel = np.linalg.inv(ijkToRAS) @ volume.ijkToRAS
    labelToImage = np.linalg.inv(imageToLabel)
    if _isShift(imageToLabel, max(volume.voxels.shape)):
        shift = np.rint(labelToImage[:3, 3]).astype(int)
        return _maskFromIndices(volume, np.argwhere(inside) + shift[::-1])
    corners = _boxCorners(np.array(inside.shape[::-1]) / 2, np.array(inside.shape[::-1]) / 2 - 0.5)
    low, high = _bounds(labelToImage, corners)
    low, high = np.maximum(low, 0), np.minimum(high, volume.voxels.shape[::-1])
    notes = ("The region was drawn on another grid; its mask was resampled to the image by nearest voxel.",)
    outside = _countOutside(labelToImage, inside, volume.voxels.shape)
    if np.any(high <= low):
        return _emptyMask(volume.voxels.shape, voxelsOutside=outside, notes=notes)
    nearest = [np.floor(axis + 0.5).astype(int) for axis in _mappedGrid(imageToLabel, low, high)]
    valid = np.logical_and.reduce(
        [(axis >= 0) & (axis < n) for axis, n in zip(nearest, inside.shape[::-1], strict=True)]
    )
    i, j, k = (np.where(valid, axis, 0) for axis in nearest)
    found = inside[k, j, i] & valid
    return RegionMask(found, tuple(low[::-1].tolist()), volume.voxels.shape, outside, notes=notes)


def croppedMatrix(ijkToRAS: np.ndarray, box: tuple[slice, slice, slice]) -> np.ndarray:
    """The ijkToRAS matrix of an array's part; box in k, j, i order."""
    matrix = np.array(ijkToRAS, float)
    matrix[:3, 3] = (matrix @ [box[2].start, box[1].start, box[0].start, 1.0])[:3]
    return matrix


def translation(offset) -> np.ndarray:
    """4x4 matrix that moves by an offset in mm."""
    matrix = np.eye(4)
    matrix[:3, 3] = offset
    return matrix


def toIJK(volume: Volume, points) -> np.ndarray:
    """RAS mm, (3,) or (n, 3), to continuous voxel indices (i, j, k) of the same shape."""
    inverse = np.linalg.inv(volume.ijkToRAS)
    return np.asarray(points, float) @ inverse[:3, :3].T + inverse[:3, 3]


def toRAS(volume: Volume, indices) -> np.ndarray:
    """Voxel indices (i, j, k), (3,) or (n, 3), to RAS mm of the same shape."""
    return np.asarray(indices, float) @ volume.ijkToRAS[:3, :3].T + volume.ijkToRAS[:3, 3]


def fittedPlane(points: np.ndarray) -> tuple[np.ndarray, np.ndarray | None, float]:
    """Center, unit normal and largest distance in mm from the least-squares plane; normal None on a line or a point."""
    if len(points) < 3:
        return points.mean(axis=0) if len(points) else np.zeros(3), None, 0.0
    center = points.mean(axis=0)
    _, spread, axes = np.linalg.svd(points - center, full_matrices=False)
    if spread[1] <= 1e-9 * max(spread[0], 1e-12):
        return center, None, 0.0
    return center, axes[2], float(np.abs((points - center) @ axes[2]).max())


def _scaledToIJK(volume, objectToRAS, size):
    """4x4 from coordinates in which the box handle is [-1, 1]^3 to voxel indices (i, j, k)."""
    half = np.abs(np.asarray(size, float)) / 2
    if half.shape != (3,) or not np.isfinite(half).all() or half.min() <= 0:
        raise BadOption("A region needs three edge lengths above zero; give it a size first.")
    return np.linalg.inv(volume.ijkToRAS) @ np.asarray(objectToRAS, float) @ np.diag([*half, 1.0])


def _solidMask(volume, scaledToIJK, extent, isInside):
    center = scaledToIJK[:3, 3]
    low = np.ceil(center - extent - 1e-6).astype(int)
    high = np.floor(center + extent + 1e-6).astype(int) + 1
    clippedLow = np.maximum(low, 0)
    clippedHigh = np.minimum(high, volume.voxels.shape[::-1])
    isCut = bool(np.any(clippedLow != low) or np.any(clippedHigh != high))
    isHuge = np.prod(np.maximum(high - low, 0).astype(float)) > LARGEST_BOX
    if np.any(clippedHigh <= clippedLow):
        return _emptyMask(volume.voxels.shape, voxelsOutside=int(isCut))
    if isHuge:
        low, high = clippedLow, clippedHigh
    inside = isInside(*_mappedGrid(np.linalg.inv(scaledToIJK), low, high))
    crop = tuple(slice(a, b) for a, b in zip((clippedLow - low)[::-1], (clippedHigh - low)[::-1], strict=True))
    kept = inside[crop]
    outside = int(isCut) if isHuge else int(np.count_nonzero(inside) - np.count_nonzero(kept))
    return RegionMask(kept, tuple(clippedLow[::-1].tolist()), volume.voxels.shape, outside)


def _mappedGrid(matrix, low, high):
    """The three coordinates of every voxel low <= (i, j, k) < high under a 4x4 matrix, each an array (k, j, i)."""
    i, j, k = (np.arange(low[axis], high[axis], dtype=float) for axis in range(3))
    return [
        (row[2] * k + row[3])[:, None, None] + (row[1] * j)[None, :, None] + (row[0] * i)[None, None, :]
        for row in matrix[:3]
    ]


def _filledPolygon(corners, low, high):
    """Boolean grid of the integer points low <= (a, b) < high inside a polygon of (n, 2) corners, even-odd rule."""
    rows = np.arange(low[0], high[0], dtype=float)
    filled = np.zeros((max(high[0] - low[0], 0), max(high[1] - low[1], 0)), bool)
    if not filled.size:
        return filled
    following = np.roll(corners, -1, axis=0)
    # An edge counts for a row when exactly one of its ends is at or below the row: shared corners count once.
    edge, row = np.nonzero((corners[:, :1] <= rows) != (following[:, :1] <= rows))
    begin, end = corners[edge], following[edge]
    crossing = begin[:, 1] + (rows[row] - begin[:, 0]) / (end[:, 0] - begin[:, 0]) * (end[:, 1] - begin[:, 1])
    column = np.clip(np.ceil(crossing).astype(int) - low[1], 0, filled.shape[1])
    turns = np.zeros((filled.shape[0], filled.shape[1] + 1), int)
    np.add.at(turns, (row, column), 1)
    return np.cumsum(turns, axis=1)[:, :-1] % 2 == 1


def _depthOfColumns(columns, cornerDepths, centerIJK, normalIJK, drop, keep):
    """Index along the dropped axis of the voxel nearest to the plane in each column."""
    if np.ptp(cornerDepths) <= 1.0:
        return math.floor(centerIJK[drop] + 0.5)
    along = (columns - centerIJK[keep]) @ normalIJK[keep] / normalIJK[drop]
    return np.floor(centerIJK[drop] - along + 0.5).astype(int)


def _maskFromIndices(volume, indices, **properties):
    """Mask of voxels given as (n, 3) indices (k, j, i), those outside the image dropped and counted."""
    shape = volume.voxels.shape
    valid = np.all((indices >= 0) & (indices < shape), axis=1)
    kept = indices[valid]
    outside = int(len(indices) - len(kept))
    if not len(kept):
        return _emptyMask(shape, voxelsOutside=outside, **properties)
    start = kept.min(axis=0)
    inside = np.zeros(kept.max(axis=0) - start + 1, bool)
    inside[tuple((kept - start).T)] = True
    return RegionMask(inside, tuple(start.tolist()), shape, outside, **properties)


def _emptyMask(shape, **properties):
    return RegionMask(np.zeros((0, 0, 0), bool), (0, 0, 0), shape, **properties)


def _span(kept):
    positions = np.flatnonzero(kept)
    return slice(int(positions[0]), int(positions[-1]) + 1)


def _isShift(matrix, extent):
    """Whether a voxel-to-voxel matrix is a whole-voxel shift to 0.01 voxel over the extent."""
    turned = np.abs(matrix[:3, :3] - np.eye(3)).max() * extent
    shifted = np.abs(matrix[:3, 3] - np.rint(matrix[:3, 3])).max()
    return bool(turned < 0.01 and shifted < 0.01)


def _boxCorners(half, center):
    signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)
    return signs * half + center


def _bounds(matrix, corners):
    mapped = corners @ matrix[:3, :3].T + matrix[:3, 3]
    return np.ceil(mapped.min(axis=0)).astype(int), np.floor(mapped.max(axis=0)).astype(int) + 1


def _countOutside(labelToImage, inside, shape):
    indices = np.argwhere(inside)[:, ::-1] @ labelToImage[:3, :3].T + labelToImage[:3, 3]
    valid = np.all((indices >= -0.5) & (indices < np.array(shape[::-1]) - 0.5), axis=1)
    return int(np.count_nonzero(~valid))
