"""Size of a lesion from its mask: longest diameter, perpendicular, 3D diameter, volume. numpy and scipy.

Borders lie halfway between a voxel inside and its neighbor outside (the vertices of marching squares at one half), so
n voxels in a row are n voxels long; the longest of many chords then reads up to one voxel high on round shapes.
"""

import dataclasses

import numpy as np

from DLEnhanceLib.volume import Volume

from .masks import RegionMask, toRAS

# RANO-BM (Lin et al., Lancet Oncol 2015;16:e270): measurable is >= 10 mm, >= 5 mm across, seen on >= 2 slices.
MEASURABLE_LONGEST, MEASURABLE_ACROSS, MEASURABLE_SLICES = 10.0, 5.0, 2
SIZE_CLASS_BORDER = 5.0
# Above this ratio of spacings a volume is a stack of 2D slices, which are measured as they were acquired.
THICK_SLICE_RATIO = 1.5


@dataclasses.dataclass(frozen=True, eq=False)
class LesionSize:
    """Lengths in mm, volume in mm3.

    longest, perpendicular: RAS end points (2, 3) of the two diameters, both on slice ``sliceIndex`` of voxel axis
    ``sliceAxis`` (0 = i, 1 = j, 2 = k). The perpendicular is taken in the outline's convex hull.
    """

    longestDiameter: float
    perpendicularDiameter: float
    diameter3D: float
    volume: float
    longest: np.ndarray
    perpendicular: np.ndarray
    sliceAxis: int
    sliceIndex: int
    slices: int
    touchesBorder: bool

    @property
    def sizeClass(self) -> str:
        """ "<5 mm" or ">=5 mm", by the longest diameter."""
        return "<5 mm" if self.longestDiameter < SIZE_CLASS_BORDER else ">=5 mm"

    @property
    def isMeasurable(self) -> bool:
        """Measurable disease by RANO-BM."""
        return (
            self.longestDiameter >= MEASURABLE_LONGEST
            and self.perpendicularDiameter >= MEASURABLE_ACROSS
            and self.slices >= MEASURABLE_SLICES
        )


def lesionSize(mask: RegionMask, volume: Volume) -> LesionSize | None:
    """The size of a region in a volume's grid; None when it has no voxel.

    Diameters are measured on axial slices, or on the acquired slices of a volume with thick ones (RANO-BM).
    """
    if not mask.count:
        return None
    inside = np.pad(mask.inside, 1)
    axis = sliceAxis(volume)
    indices, outlines = _outlines(inside, axis)
    outlines = [_hullPoints(_inRAS(points, mask, volume)) for points in outlines]
    chords = [_longestChord(points) for points in outlines]
    best = int(np.argmax([np.linalg.norm(chord[1] - chord[0]) for chord in chords]))
    across = _perpendicularChord(outlines[best], chords[best])
    farthest = _longestChord(_hullPoints(_inRAS(_borderPoints(inside, range(3)), mask, volume)))
    return LesionSize(
        longestDiameter=_length(chords[best]),
        perpendicularDiameter=_length(across),
        diameter3D=_length(farthest),
        volume=mask.count * volume.voxelVolume,
        longest=chords[best],
        perpendicular=across,
        sliceAxis=axis,
        sliceIndex=int(indices[best]) - 1 + mask.start[2 - axis],
        slices=len(indices),
        touchesBorder=_touchesBorder(mask),
    )


def sliceAxis(volume: Volume) -> int:
    """The voxel axis (0 = i, 1 = j, 2 = k) across the slices that diameters are measured on."""
    spacing = volume.spacing
    thickest = int(np.argmax(spacing))
    if spacing[thickest] > THICK_SLICE_RATIO * np.median(spacing):
        return thickest
    return int(np.argmax(np.abs(volume.ijkToRAS[2, :3] / spacing)))


def _outlines(inside, axis):
    """The indices of the slices across a voxel axis that hold voxels, and the border points of each in its plane."""
    points = _borderPoints(inside, [direction for direction in range(3) if direction != axis])
    points = points[np.argsort(points[:, axis], kind="stable")]
    indices, firsts = np.unique(points[:, axis].astype(int), return_index=True)
    return indices, np.split(points, firsts[1:])


def _borderPoints(inside, directions):
    """Index points (n, 3) (i, j, k) halfway between neighbors inside and outside along some voxel axes."""
    points = []
    for direction in directions:
        changes = np.argwhere(np.diff(inside, axis=2 - direction))[:, ::-1].astype(float)
        changes[:, direction] += 0.5
        points.append(changes)
    return np.concatenate(points)


def _inRAS(points, mask, volume):
    return toRAS(volume, points - 1 + np.array(mask.start[::-1]))


def _hullPoints(points):
    """The corners of the convex hull of (n, 3) points that may all lie in one plane, ordered around a flat hull."""
    from scipy.spatial import ConvexHull

    center = points.mean(axis=0)
    _, spread, axes = np.linalg.svd(points - center, full_matrices=False)
    dimensions = 3 if spread[2] > 1e-6 * spread[0] else 2
    return points[ConvexHull((points - center) @ axes[:dimensions].T).vertices]


def _longestChord(points):
    middle = points - points.mean(axis=0)
    squares = np.einsum("ij,ij->i", middle, middle)
    apart = squares[:, None] + squares - 2.0 * middle @ middle.T  # squared; much faster than differences
    return points[list(np.unravel_index(np.argmax(apart), apart.shape))]


def _perpendicularChord(hull, longest):
    """The longest chord of a flat hull, ordered around it, at right angles to its longest one."""
    along = (longest[1] - longest[0]) / np.linalg.norm(longest[1] - longest[0])
    positions = (hull - longest[0]) @ along
    chords = [_chordAt(hull, positions, position) for position in positions]
    return max(chords, key=_length)


def _chordAt(hull, positions, position):
    """Where the line at a position along the longest diameter crosses the hull: the two crossings farthest apart."""
    following, nextPositions = np.roll(hull, -1, axis=0), np.roll(positions, -1)
    spans = (np.minimum(positions, nextPositions) <= position) & (np.maximum(positions, nextPositions) >= position)
    step = np.where(nextPositions == positions, 1.0, nextPositions - positions)
    fraction = np.clip((position - positions) / step, 0.0, 1.0)
    return _longestChord((hull + fraction[:, None] * (following - hull))[spans])


def _length(chord):
    return float(np.linalg.norm(chord[1] - chord[0]))


def _touchesBorder(mask):
    ends = [
        (start == 0, start + length == size)
        for start, length, size in zip(mask.start, mask.inside.shape, mask.gridShape, strict=True)
    ]
    return bool(mask.voxelsOutside or any(any(end) for end, size in zip(ends, mask.gridShape, strict=True) if size > 1))
