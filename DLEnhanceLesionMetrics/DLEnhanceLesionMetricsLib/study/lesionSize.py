"""Size of a lesion from its mask, by the RANO-BM convention (Lancet Oncol 2015;16:e270)."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class LesionSize:
    """mm and mm3. longest: greatest diameter on any slice; shortAxis: greatest width perpendicular to it there."""

    longest: float
    shortAxis: float
    maximum3d: float
    volume: float
    center: tuple[float, float, float]


def lesionSize(inside: np.ndarray, ijkToRAS: np.ndarray) -> LesionSize:
    """Measure a boolean array (k, j, i); slices are along k. Diameters run between outer voxel edges.

    A diameter between voxel centres would call a one-voxel lesion 0 mm, so half a voxel is added at each end,
    along the diameter. Raises ValueError for an empty mask.
    """
    voxels = np.argwhere(inside)
    if not len(voxels):
        raise ValueError("the mask of a lesion has no voxel")
    matrix = np.asarray(ijkToRAS, float)
    points = voxels[:, ::-1] @ matrix[:3, :3].T + matrix[:3, 3]
    steps = matrix[:3, :3].T
    slices = [_sliceDiameters(points[voxels[:, 0] == k], steps[:2]) for k in np.unique(voxels[:, 0])]
    longest, shortAxis = max(slices)
    return LesionSize(
        longest,
        shortAxis,
        _diameter(points, steps)[0],
        len(points) * float(abs(np.linalg.det(matrix[:3, :3]))),
        tuple(float(value) for value in points.mean(axis=0)),
    )


def _sliceDiameters(points, steps):
    longest, direction = _diameter(points, steps)
    normal = np.cross(*steps)
    across = np.cross(normal / np.linalg.norm(normal), direction)
    return longest, _width(points, across, steps)


def _diameter(points, steps):
    """Greatest width over all pairs of points, and its direction."""
    from scipy.spatial.distance import pdist

    hull = _hullPoints(points)
    if len(hull) == 1:
        longestStep = steps[np.argmax(np.linalg.norm(steps, axis=1))]
        return float(np.linalg.norm(longestStep)), longestStep / np.linalg.norm(longestStep)
    distances = pdist(hull)
    first, second = (index[np.argmax(distances)] for index in np.triu_indices(len(hull), 1))
    direction = (hull[second] - hull[first]) / distances.max()
    return _width(points, direction, steps), direction


def _width(points, direction, steps):
    """Extent along a unit direction, with half a voxel's own extent at each end."""
    along = points @ direction
    return float(along.max() - along.min() + np.linalg.norm(steps @ direction))


def _hullPoints(points):
    """The corners of the convex hull; all points where they are too few or flat."""
    from scipy.spatial import ConvexHull, QhullError

    if len(points) < 50:
        return points
    _, values, axes = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)
    flat = points @ axes[values > 1e-9 * values[0]].T
    if flat.shape[1] < 2:
        return points[[flat.argmin(), flat.argmax()]]
    try:
        return points[ConvexHull(flat).vertices]
    except QhullError:
        return points
