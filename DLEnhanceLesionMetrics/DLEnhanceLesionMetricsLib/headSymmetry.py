"""The head as a coarse mask along the RAS axes, and the plane that mirrors it. numpy and scipy."""

import dataclasses
import math

import numpy as np

from DLEnhanceLib.errors import BadOption
from DLEnhanceLib.volume import Volume

from .masks import toIJK, toRAS

STEP = 3.0  # mm of the coarse grid
SAMPLES = 6000  # points of the head that are compared with their mirror images
TURN_DOUBT = 2e-4  # correlation a square degree: a turn of 10 degrees must gain 0.02
LARGEST_TURN = 20.0  # degrees about S and about A that a head is turned in the scanner


@dataclasses.dataclass(frozen=True, eq=False)
class CoarseHead:
    """values, inside: float32 and bool arrays (S, A, R order) on a RAS-aligned grid; origin RAS of its first point."""

    values: np.ndarray
    inside: np.ndarray
    origin: np.ndarray
    step: float

    def points(self, indices: np.ndarray) -> np.ndarray:
        """(n, 3) indices in array order to RAS mm."""
        return indices[:, ::-1] * self.step + self.origin

    def valueAt(self, array: np.ndarray, point) -> float:
        """The value of an array on this grid nearest to a RAS point, clamped to the grid."""
        index = np.rint((np.asarray(point) - self.origin)[::-1] / self.step).astype(int)
        return float(array[tuple(np.clip(index, 0, np.array(array.shape) - 1))])


@dataclasses.dataclass(frozen=True, eq=False)
class MirrorPlane:
    """The midsagittal plane: a RAS point on it and its unit normal, pointing to the right."""

    point: np.ndarray
    normal: np.ndarray

    def distance(self, points: np.ndarray) -> np.ndarray:
        """mm of RAS points (n, 3) to the right of the plane."""
        return (points - self.point) @ self.normal

    def mirrored(self, point) -> np.ndarray:
        """The RAS point on the other side."""
        point = np.asarray(point, float)
        return point - 2 * ((point - self.point) @ self.normal) * self.normal


def headMask(volume: Volume, *, step: float = STEP) -> CoarseHead:
    """The head, skull-stripped or not, on a coarse grid. Raises BadOption when nothing stands out of the background."""
    from scipy import ndimage

    corners = np.array([[a, b, c] for a in (0, 1) for b in (0, 1) for c in (0, 1)]) * (
        np.array(volume.voxels.shape[::-1]) - 1
    )
    bounds = toRAS(volume, corners)
    origin, counts = bounds.min(axis=0), np.floor(np.ptp(bounds, axis=0) / step).astype(int) + 1
    values = _resampled(volume, origin, counts, step)
    threshold = _backgroundThreshold(values)
    above = ndimage.binary_opening(ndimage.gaussian_filter(values, 1.0) > threshold)
    parts, count = ndimage.label(above)
    if not count:
        raise BadOption("No head was found in the image; place the region by hand.")
    largest = parts == 1 + int(np.argmax(np.bincount(parts.ravel())[1:]))
    closed = ndimage.binary_closing(np.pad(largest, 4), iterations=3)[4:-4, 4:-4, 4:-4]
    inside = np.stack([ndimage.binary_fill_holes(plane) for plane in closed])
    return CoarseHead(values, inside, origin, step)


def mirrorPlane(head: CoarseHead) -> MirrorPlane:
    """The plane about which the head's intensities are most alike, found from its middle by small turns and shifts."""
    from scipy import ndimage, optimize

    smooth = ndimage.gaussian_filter(np.where(head.inside, head.values, 0.0), 1.5)
    indices = np.argwhere(head.inside)[:: max(1, int(head.inside.sum() // SAMPLES))]
    points = head.points(indices)
    center = head.points(np.argwhere(head.inside)).mean(axis=0)
    own = smooth[tuple(indices.T)]

    def unlikeness(parameters):
        plane = _planeOf(parameters, center)
        mirrored = points - 2 * plane.distance(points)[:, None] * plane.normal
        other = ndimage.map_coordinates(smooth, (mirrored - head.origin).T[::-1] / head.step, order=1)
        # One-sided disease can outweigh the anatomy, so a turned head must be likelier to be believed.
        doubt = TURN_DOUBT * (parameters[1] ** 2 + parameters[2] ** 2)
        return doubt - float(np.corrcoef(own, other)[0, 1])

    starts = [(shift, turn, 0.0) for shift in (-8.0, 0.0, 8.0) for turn in (-8.0, 0.0, 8.0)]
    best = min(starts, key=unlikeness)
    simplex = np.array(best) + np.vstack([np.zeros(3), np.diag([3.0, 4.0, 4.0])])  # mm, degrees, degrees
    options = {"xatol": 0.1, "fatol": 1e-5, "maxfev": 150, "initial_simplex": simplex}
    found = optimize.minimize(unlikeness, best, method="Nelder-Mead", options=options)
    return _planeOf(found.x, center)


def _planeOf(parameters, center):
    shift, aboutS, aboutA = parameters
    turn, tilt = (math.radians(max(-LARGEST_TURN, min(LARGEST_TURN, angle))) for angle in (aboutS, aboutA))
    normal = np.array([math.cos(turn) * math.cos(tilt), math.sin(turn) * math.cos(tilt), math.sin(tilt)])
    return MirrorPlane(center + shift * normal, normal)


def _resampled(volume, origin, counts, step):
    """The nearest voxels on a RAS-aligned grid, (S, A, R) order; 0 outside the image. Only for finding the way."""
    axes = [origin[axis] + step * np.arange(counts[axis]) for axis in range(3)]
    s, a, r = np.meshgrid(axes[2], axes[1], axes[0], indexing="ij")
    indices = np.floor(toIJK(volume, np.stack([r.ravel(), a.ravel(), s.ravel()], axis=1)) + 0.5).astype(int)
    valid = np.all((indices >= 0) & (indices < volume.voxels.shape[::-1]), axis=1)
    values = np.zeros(len(indices), np.float32)
    i, j, k = indices[valid].T
    values[valid] = np.nan_to_num(volume.voxels[k, j, i].astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    return values.reshape(s.shape)


def _backgroundThreshold(values):
    """Otsu's threshold on the values below the 98th percentile, lowered to keep dark tissue."""
    upper = np.quantile(values, 0.98)
    if upper <= values.min():
        return np.inf
    counts, edges = np.histogram(values[values <= upper], 256)
    middles = (edges[:-1] + edges[1:]) / 2
    below, sums = np.cumsum(counts), np.cumsum(counts * middles)
    above = below[-1] - below
    with np.errstate(invalid="ignore", divide="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    return 0.6 * float(middles[int(np.nanargmax(between))])
