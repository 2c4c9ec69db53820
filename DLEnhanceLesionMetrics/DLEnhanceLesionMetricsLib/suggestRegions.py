"""Suggestions for the reference (white matter opposite the lesion) and the air region. numpy and scipy, any contrast.

A suggestion is a region to look at and move, with a sentence on how good it is; nothing here is measured unseen.
"""

import dataclasses

import numpy as np

from DLEnhanceLib.errors import BadOption
from DLEnhanceLib.volume import Volume

from .headSymmetry import MirrorPlane, headMask, mirrorPlane
from .masks import RegionMask, toIJK, toRAS, translation
from .measures import RAYLEIGH_MEAN_OVER_SD, RegionSet, RegionStatistics, regionStatistics, snr
from .regions import AIR, REFERENCE, Box, Region, circle, sphere

REFERENCE_DIAMETER = 8.0  # mm; at least 5 in the brief (R16)
LEVEL_REACH = 6.0  # mm above and below the lesion that still counts as its level
MIDLINE_MARGIN = 8.0  # mm kept free of the falx and the medial cortex
LESION_MARGIN = 10.0  # mm between the lesion's center and the reference, on the same side of a midline lesion
DEEP = 15.0  # mm below the surface of the head, or of a skull-stripped brain, where white matter is
AIR_EDGE = 15.0  # mm
GHOST_NAMES = ("from left to right", "from front to back", "from head to foot")  # R, A, S axes
GHOST_RATIO = 1.3  # air with ghosts over air without
AIR_GAP = 8.0  # mm between air and head, beyond which skin and its ringing are gone


@dataclasses.dataclass(frozen=True, eq=False)
class Suggestion:
    """A region and one sentence for the user; statistics as they would be measured."""

    region: Region
    statistics: RegionStatistics
    sentence: str


def suggestReference(
    volume: Volume, lesion: Region, *, name: str = "Reference", diameter: float = REFERENCE_DIAMETER
) -> Suggestion:
    """A homogeneous patch of normal-appearing white matter in the other hemisphere at the lesion's level.

    White matter is the tissue deep in the head that forms the most of the homogeneous patches at that level, so no
    contrast is assumed; of its patches the one with the smallest SD near the lesion's mirror image is taken.
    Raises BadOption when the head or a patch cannot be found.
    """
    from scipy.ndimage import distance_transform_edt

    head = headMask(volume)
    plane = mirrorPlane(head)
    depth = distance_transform_edt(np.pad(head.inside, 1, constant_values=False), sampling=head.step)[1:-1, 1:-1, 1:-1]
    centers = _candidates(head, depth, lesion, plane)
    if not len(centers):
        raise BadOption("No place for a reference was found opposite the lesion; place it by hand in white matter.")
    centers, means, spreads = _patches(volume, centers, _patchShape(volume, diameter))
    if len(centers) < 3:
        raise BadOption("No place for a reference was found opposite the lesion; place it by hand in white matter.")
    best = _bestPatch(centers, means, spreads, plane.mirrored(lesion.center))
    region = Region(name, REFERENCE, _patchShape(volume, diameter)(centers[best]))
    found = _measured(region.maskOn(volume), volume)
    percent = 100 * found.sd / abs(found.mean) if found.mean else np.inf
    sentence = f"Homogeneous tissue opposite the lesion, SD {percent:.1f} % of its mean; check that it is white matter."
    return Suggestion(region, found, sentence)


def suggestAir(volume: Volume, *, name: str = "Air", edge: float = AIR_EDGE) -> Suggestion:
    """A box of air away from the head where signal, ghosts included, is lowest.

    Raises BadOption when the background is masked, or no air lies around the head.
    """
    head = headMask(volume)
    boxes = _airBoxes(volume, head, edge)
    if not boxes:
        raise BadOption("There is no air around the head in this image; methods that need air cannot be used.")
    found = [(box, _measured(box.maskOn(volume), volume)) for box in boxes]
    usable = [(box, values) for box, values in found if snr(RegionSet(values, air=values), "air_sd").value is not None]
    if not usable:
        raise BadOption("The background is masked: the air holds no noise, so methods that need air cannot be used.")
    box, values = min(usable, key=lambda pair: pair[1].mean)
    ratio = values.mean / values.sd
    sentence = "Air with the lowest signal, free of the head."
    if not RAYLEIGH_MEAN_OVER_SD[0] <= ratio <= RAYLEIGH_MEAN_OVER_SD[1]:
        sentence = f"Mean over SD is {ratio:.2f} and not 1.91: several coils, a filter or ghosts; do not trust its SD."
    ghosts = _ghostDirection(head, usable, values.mean)
    if ghosts:
        sentence += f" Ghosts seem to run {ghosts} (phase encoding): keep air away from there."
    return Suggestion(Region(name, AIR, box), values, sentence)


def _ghostDirection(head, boxes, lowest):
    """How the axis is called along which air in line with the head is brighter than elsewhere; empty if none is."""
    center = head.points(np.argwhere(head.inside)).mean(axis=0)
    levels = {}
    for axis, name in enumerate(GHOST_NAMES):
        beside = []
        for box, values in boxes:
            moved = box.center.copy()
            moved[axis] = center[axis]
            if head.valueAt(head.inside, moved):
                beside.append(values.mean)
        levels[name] = float(np.median(beside)) if beside else 0.0
    brightest, second = sorted(levels, key=levels.get)[:0:-1]
    isClear = levels[brightest] > GHOST_RATIO * lowest and levels[brightest] > GHOST_RATIO * levels[second]
    return brightest if isClear and levels[second] > 0 else ""


def _candidates(head, depth, lesion, plane: MirrorPlane):
    """RAS points (n, 3) on the coarse grid that may be the center of a reference."""
    points = head.points(np.argwhere(depth >= min(DEEP, 0.6 * depth.max())))
    side = plane.distance(points)
    own = plane.distance(lesion.center[None])[0]
    opposite = np.abs(side) >= MIDLINE_MARGIN
    if abs(own) >= MIDLINE_MARGIN:
        opposite &= np.sign(side) != np.sign(own)
    level = np.abs(points[:, 2] - plane.mirrored(lesion.center)[2]) <= LEVEL_REACH
    away = np.linalg.norm(points - lesion.center, axis=1) >= LESION_MARGIN
    return points[opposite & level & away]


def _patchShape(volume, diameter):
    """Spheres in volumes with thin slices; circles on the slice where slices are thicker than half the diameter."""
    normal = volume.ijkToRAS[:3, int(np.argmax(volume.spacing))]
    if volume.spacing.max() <= diameter / 2:
        return lambda center: sphere(center, diameter)
    return lambda center: circle(_onSlice(volume, center), normal, diameter)


def _onSlice(volume, center):
    axis = int(np.argmax(volume.spacing))
    index = toIJK(volume, center)
    index[axis] = np.floor(index[axis] + 0.5)
    return toRAS(volume, index)


def _measured(mask: RegionMask, volume) -> RegionStatistics:
    return regionStatistics(
        mask.values(volume.voxels), volume.voxelVolume, areaPerVoxel=mask.areaPerVoxel, voxelsOutside=mask.voxelsOutside
    )


def _patches(volume, centers, shape):
    """Centers moved to voxel centers, with the mean and SD of the patch around each; those that leave the image go.

    The patch is rasterised once and shifted, which is exact for centers on the voxel grid.
    """
    indices = np.unique(np.floor(toIJK(volume, centers) + 0.5).astype(int), axis=0)[:, ::-1]
    middle = np.array(volume.voxels.shape) // 2
    mask = shape(toRAS(volume, middle[::-1])).maskOn(volume)
    offsets = np.argwhere(mask.inside) + mask.start - middle
    last = np.array(volume.voxels.shape) - 1
    fits = np.all((indices + offsets.min(axis=0) >= 0) & (indices + offsets.max(axis=0) <= last), axis=1)
    indices = indices[fits]
    values = volume.voxels[tuple((indices[:, None] + offsets).transpose(2, 0, 1))].astype(np.float64)
    usable = np.isfinite(values).all(axis=1) & (values.shape[1] > 1)
    indices, values = indices[usable], values[usable]
    return toRAS(volume, indices[:, ::-1]), values.mean(axis=1), values.std(axis=1, ddof=1)


def _bestPatch(centers, means, spreads, mirrored):
    homogeneous = spreads <= np.quantile(spreads, 0.3)
    tissue = _mostFrequent(means[homogeneous])
    isTissue = np.abs(means - tissue) <= 2.0 * np.median(spreads[homogeneous])
    apart = np.linalg.norm(centers - mirrored, axis=1)
    # A patch 40 mm farther from the mirror image must be half as noisy to be taken.
    return int(np.argmin(np.where(isTissue, spreads * (1 + apart / 40.0), np.inf)))


def _mostFrequent(values):
    """The middle of the shortest interval that holds half of the values (the half-sample mode's first step)."""
    ordered = np.sort(values)
    half = max(len(ordered) // 2, 1)
    widths = ordered[half:] - ordered[:-half] if len(ordered) > half else np.array([0.0])
    first = int(np.argmin(widths))
    return float(np.median(ordered[first : first + half + 1]))


def _airBoxes(volume, head, edge):
    """Boxes along the image axes, one slice thick at least, all of them further than AIR_GAP from the head."""
    from scipy.ndimage import distance_transform_edt

    size = volume.spacing * np.array(volume.voxels.shape[::-1])
    lengths = np.minimum(edge, size)
    apart = distance_transform_edt(np.pad(~head.inside, 1, constant_values=True), sampling=head.step)[1:-1, 1:-1, 1:-1]
    axes = volume.ijkToRAS[:3, :3] / volume.spacing
    boxes = []
    for index in _boxCenters(volume, lengths):
        center = toRAS(volume, index)
        if head.valueAt(apart, center) < AIR_GAP + np.linalg.norm(lengths) / 2:
            continue
        matrix = translation(center)
        matrix[:3, :3] = axes
        boxes.append(Box(matrix, tuple(lengths)))
    return boxes


def _boxCenters(volume, lengths):
    """Indices (i, j, k) of box centers: five positions an axis, the outermost as near to the border as boxes fit.

    Two voxels are left at the border in the image plane, where scanners and resampling leave zeros.
    """
    counts = np.array(volume.voxels.shape[::-1])
    half = lengths / volume.spacing / 2
    positions = []
    for axis in range(3):
        margin = min(half[axis] + 2, counts[axis] / 2) - 0.5
        positions.append(np.unique(np.linspace(margin, max(counts[axis] - 1 - margin, margin), 5)))
    return [np.array([i, j, k]) for i in positions[0] for j in positions[1] for k in positions[2]]
