"""How far the volume or area of a mask is from the formula of its shape, on every kind of grid: a Markdown table.

    python Benchmarks/maskBenchmark.py [--positions 50]

Each shape is put at random places within a voxel and counted by voxel centers. The error of one mask is
(counted - formula) / formula; the table gives its mean over the places (bias) and its largest size.
"""

import argparse
import math

import numpy as np

from DLEnhanceLesionMetricsLib import masks
from DLEnhanceLesionMetricsLib.markupsFiles import splinePoints
from DLEnhanceLib.volume import Volume

SHAPE = (48, 88, 96)  # k, j, i


def turn(degreesX, degreesY, degreesZ):
    """3x3 rotation about R, then A, then S."""
    x, y, z = np.radians([degreesX, degreesY, degreesZ])
    aboutX = np.array([[1, 0, 0], [0, math.cos(x), -math.sin(x)], [0, math.sin(x), math.cos(x)]])
    aboutY = np.array([[math.cos(y), 0, math.sin(y)], [0, 1, 0], [-math.sin(y), 0, math.cos(y)]])
    aboutZ = np.array([[math.cos(z), -math.sin(z), 0], [math.sin(z), math.cos(z), 0], [0, 0, 1]])
    return aboutZ @ aboutY @ aboutX


def grid(axes, spacing):
    matrix = np.eye(4)
    matrix[:3, :3] = axes * np.asarray(spacing, float)
    matrix[:3, 3] = -matrix[:3, :3] @ (np.array(SHAPE[::-1]) / 2)
    return Volume(np.zeros(SHAPE, np.uint8), matrix)


GRIDS = {
    "axial, 1 x 1 x 1 mm": grid(np.eye(3), (1, 1, 1)),
    "oblique, 0.5 x 0.5 x 0.5 mm": grid(turn(20, -15, 35), (0.5, 0.5, 0.5)),
    "thick slices, 0.45 x 0.45 x 3 mm": grid(np.eye(3), (0.45, 0.45, 3)),
    "oblique thick, 0.6 x 0.6 x 2 mm": grid(turn(-12, 30, 8), (0.6, 0.6, 2)),
    "mirrored oblique, 0.5 x 0.4 x 0.8 mm": grid(turn(5, 10, 15) @ np.diag([-1, 1, 1]), (0.5, 0.4, 0.8)),
}


def frame(center, axes=None):
    """4x4 of an object at a RAS point."""
    matrix = masks.translation(center)
    matrix[:3, :3] = turn(25, 40, -10) if axes is None else axes
    return matrix


def solid(size):
    """Error of an ellipsoid of full axis lengths in mm, turned."""

    def error(volume, center):
        mask = masks.ellipsoidMask(volume, frame(center), size)
        return mask.count * volume.voxelVolume / (math.pi / 6 * math.prod(size)) - 1, mask.count

    return error


def circle(diameter, *, onSlice):
    """Error of the area of a circle, in a slice of the grid or in an oblique plane."""

    def error(volume, center):
        axes = volume.ijkToRAS[:3, :3] / volume.spacing if onSlice else turn(30, 20, 10)
        mask = masks.ellipseMask(volume, frame(center, axes), (diameter, diameter))
        return mask.count * mask.areaPerVoxel / (math.pi / 4 * diameter**2) - 1, mask.count

    return error


def curve(volume, center):
    """Error of the area inside the closed curve that Slicer draws through eight points of an 14 x 10 mm ellipse."""
    angles = np.arange(24) * (2 * math.pi / 24)
    axes = turn(30, 20, 10)
    points = splinePoints(center + np.stack([7 * np.cos(angles), 5 * np.sin(angles)], axis=1) @ axes[:, :2].T)
    mask = masks.closedCurveMask(volume, points)
    return mask.count * mask.areaPerVoxel / (math.pi * 7 * 5) - 1, mask.count


SHAPES = {
    "sphere 3 mm": solid((3, 3, 3)),
    "sphere 5 mm": solid((5, 5, 5)),
    "sphere 10 mm": solid((10, 10, 10)),
    "sphere 20 mm": solid((20, 20, 20)),
    "ellipsoid 20 x 14 x 10 mm, turned": solid((20, 14, 10)),
    "circle 5 mm on a slice": circle(5, onSlice=True),
    "circle 8 mm on a slice": circle(8, onSlice=True),
    "circle 16 mm in an oblique plane": circle(16, onSlice=False),
    "closed curve 14 x 10 mm in an oblique plane": curve,
}


def errors(shape, volume, *, positions):
    """(relative errors, voxel counts) of a shape at random places within a voxel around the middle of a volume."""
    places = np.random.default_rng(0).uniform(-0.5, 0.5, (positions, 3)) @ volume.ijkToRAS[:3, :3].T
    found = np.array([SHAPES[shape](volume, place) for place in places])
    return found[:, 0], found[:, 1]


def table(*, positions=50):
    """Lines of the Markdown table: bias and largest error in percent, and the mean count of voxels."""
    yield "| shape | " + " | ".join(GRIDS) + " |"
    yield "|---" * (len(GRIDS) + 1) + "|"
    for shape in SHAPES:
        cells = []
        for volume in GRIDS.values():
            found, counts = errors(shape, volume, positions=positions)
            cells.append(f"{100 * found.mean():+.1f}, {100 * np.abs(found).max():.1f} ({counts.mean():.0f})")
        yield f"| {shape} | " + " | ".join(cells) + " |"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--positions", type=int, default=50)
    print("\n".join(table(positions=parser.parse_args().positions)))
