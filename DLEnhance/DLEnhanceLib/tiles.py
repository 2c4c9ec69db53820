"""Where the network runs: the head with a soft rim, cut into tiles whose number does not change the result.

A tile is computed with as much around it as the network can see. So the same numbers come out, to the last bit, for
any size of the tiles, and memory decides only how long it takes.
"""

import dataclasses
import itertools

import numpy as np
from scipy import ndimage

from .noiseMap import interpolatedAlong

ALIGNMENT = 8  # tiles start at multiples of this: the network's coarse grids fall on the same voxels whatever the tiles
FADE = 12  # voxels of air around the head over which the components fade out, so that no border shows
STEP = 4  # voxels of the grid on which the fade is known; it need not be exact to the voxel
SMALLEST_TILE = 32


@dataclasses.dataclass(frozen=True, eq=False)
class HeadWeight:
    """1 in the head, falling smoothly to 0 over the air around it.

    head: bool (k, j, i); coarse: the fade on cells of so many voxels an axis (steps), None when all is head.
    """

    head: np.ndarray
    coarse: np.ndarray | None
    steps: tuple[int, int, int]

    @property
    def box(self):
        """Three slices that hold all voxels of weight above 0; None when there are none."""
        if self.coarse is None:
            return tuple(slice(0, n) for n in self.head.shape)
        found = ndimage.find_objects((self.coarse > 0).view(np.int8))
        if not found or found[0] is None:
            return None
        # interpolation reaches to the centre of the next cell
        return tuple(
            slice(max(0, (cells.start - 1) * step), min(n, (cells.stop + 1) * step))
            for cells, step, n in zip(found[0], self.steps, self.head.shape, strict=True)
        )

    def at(self, place) -> np.ndarray:
        """float32 (k, j, i) for three slices of the volume."""
        if self.coarse is None:
            return np.ones([len(range(*p.indices(n))) for p, n in zip(place, self.head.shape, strict=True)], np.float32)
        weight = self.coarse
        for axis, (part, step) in enumerate(zip(place, self.steps, strict=True)):
            positions = (np.arange(*part.indices(self.head.shape[axis])) + 0.5) / step - 0.5
            weight = interpolatedAlong(weight, axis, positions)
        return np.maximum(weight, self.head[place])

    def touches(self, place) -> bool:
        """Whether any voxel of the place may have a weight above 0."""
        if self.coarse is None:
            return True
        cells = tuple(
            slice(max(0, p.start // step - 1), -(-p.stop // step) + 1)
            for p, step in zip(place, self.steps, strict=True)
        )
        return bool((self.coarse[cells] > 0).any())


def headWeight(head: np.ndarray) -> HeadWeight:
    """The weight for a mask of the head (k, j, i)."""
    if head.all():
        return HeadWeight(head, None, (1, 1, 1))
    steps = tuple(STEP if size >= 32 else 1 for size in head.shape)
    coarse = blockMaximum(head, steps)
    if not coarse.any():
        return HeadWeight(head, np.zeros(coarse.shape, np.float32), steps)
    distance = ndimage.distance_transform_edt(~coarse, sampling=steps)
    weight = 0.5 + 0.5 * np.cos(np.pi * np.clip((distance - STEP) / FADE, 0, 1))
    return HeadWeight(head, np.where(distance < STEP + FADE, weight, 0).astype(np.float32), steps)


def blockMaximum(mask, steps):
    """Whether any voxel of each cell is set; layer by layer, so that a large mask is never copied."""
    layers = []
    for start in range(0, mask.shape[0], steps[0]):
        layer = mask[start : start + steps[0]].any(axis=0)
        layer = np.pad(layer, [(0, -n % s) for n, s in zip(layer.shape, steps[1:], strict=True)])
        rows, columns = (n // s for n, s in zip(layer.shape, steps[1:], strict=True))
        layers.append(layer.reshape(rows, steps[1], columns, steps[2]).any(axis=(1, 3)))
    return np.stack(layers)


def planTiles(weight: HeadWeight, *, margin, voxels, edge=None):
    """Pairs (core, core with margin) of three slices; the cores cover all voxels of weight above 0 once.

    margin: voxels that the network sees around a voxel; voxels: the most a tile may have with its margins; edge: the
    size of the cores instead.
    """
    if weight.box is None:
        return []
    spans = [(part.start // ALIGNMENT * ALIGNMENT, part.stop) for part in weight.box]
    margin, shape = -(-margin // ALIGNMENT) * ALIGNMENT, weight.head.shape
    edges = _edgesWithin(spans, margin, voxels, shape)
    if edge is not None:
        edges = [max(1, edge // ALIGNMENT) * ALIGNMENT] * 3
    cores = itertools.product(*(_cut(span, edge) for span, edge in zip(spans, edges, strict=True)))
    return [_withMargin(core, margin, shape) for core in cores if weight.touches(core)]


def _edgesWithin(spans, margin, voxels, shape):
    """Edges of the cores on each axis: the cut with the least to compute among those that fit."""
    options = [_edgeOptions(span, margin, n) for span, n in zip(spans, shape, strict=True)]
    fitting = [
        choice
        for choice in itertools.product(*options)
        if choice[0].largest * choice[1].largest * choice[2].largest <= voxels
    ]
    if not fitting:
        return [axis[-1].edge for axis in options]
    best = min(fitting, key=lambda choice: (choice[0].all * choice[1].all * choice[2].all, choice[0].count))
    return [option.edge for option in best]


@dataclasses.dataclass(frozen=True)
class _Cut:
    """One way to cut an axis: edge of the cores, their number, voxels of the largest with margins, and of all."""

    edge: int
    count: int
    largest: int
    all: int


def _edgeOptions(span, margin, size):
    """Cuts of an axis into 1, 2, 3 ... equal parts, down to the smallest tile."""
    length, options = span[1] - span[0], []
    for count in range(1, 1 + max(1, length // SMALLEST_TILE)):
        edge = -(-length // (count * ALIGNMENT)) * ALIGNMENT
        lengths = [min(c.stop + margin, size) - max(c.start - margin, 0) for c in _cut(span, edge)]
        options.append(_Cut(edge, len(lengths), max(lengths), sum(lengths)))
    return options


def _cut(span, edge):
    return [slice(start, min(start + edge, span[1])) for start in range(span[0], span[1], edge)]


def _withMargin(core, margin, shape):
    stops = [-(-c.stop // ALIGNMENT) * ALIGNMENT + margin for c in core]
    padded = zip(core, stops, shape, strict=True)
    return core, tuple(slice(max(c.start - margin, 0), min(stop, n)) for c, stop, n in padded)
