"""A quick look: the enhancement of one slice and its neighbours, close to that of the whole volume. Arrays only."""

import dataclasses
import functools

import numpy as np

from .components import NAMES, Components, sharedBox, within
from .enhancement import blend, tileNoise
from .progress import noProgress
from .restoration import restore
from .survey import Survey
from .tiles import HeadWeight, headWeight
from .volume import Volume

MARGIN = 2  # slices around the core at least: what else is seen changes the slice in view by 0.03 to 0.05 SD of noise
QUICK_MARGIN = 0  # for a first look, without a network, in under a second: by 0.1 SD
ALIGNMENT = 2  # finer than that of tiles: 8 slices of any 3 in view, fewer count more here than the last bit
MULTIPLE = 4  # slices that the network repeats up to; real ones are better
ROUNDS = 3  # of continuing k-space; the whole volume gets more
BESIDE = 1  # slices on both sides of the one in view, so that a view can interpolate
AXES = ("k", "j", "i")


@dataclasses.dataclass(frozen=True, eq=False)
class Preview:
    """Components of a few slices. source: those slices of the input, on their place in space; isQuick: a first look."""

    source: Volume
    components: Components
    axis: int
    index: int
    isQuick: bool = False

    def at(self, strengths) -> Volume:
        """The slices at these strengths; fast enough for every move of a slider."""
        return blend(self.source, self.components, strengths)


@dataclasses.dataclass(frozen=True, eq=False)
class Previewer:
    """Makes previews of one volume; what all of them need is prepared once."""

    volume: Volume
    survey: Survey
    backend: object
    weight: HeadWeight

    @classmethod
    def of(cls, volume, found, backend) -> "Previewer":
        return cls(volume, found, backend, headWeight(found.head))

    def compute(self, axis: int, index: int, *, isQuick=False, reportProgress=noProgress) -> Preview:
        """The slice of this index along axis (0, 1, 2 for k, j, i). Raises what reportProgress raises."""
        margin, backend = (QUICK_MARGIN, self.backend.quick) if isQuick else (MARGIN, self.backend)
        core, padded = slicesAround(self.volume.voxels.shape, axis, index, margin)
        part = tuple(core if a == axis else slice(0, n) for a, n in enumerate(self.volume.voxels.shape))
        source = partOf(self.volume, part)
        components = Components.empty(source.voxels.shape, [slice(0, n) for n in source.voxels.shape], self._unit)
        tile = self._tile(axis, padded)
        inside = None if tile is None else sharedBox(part, tile)
        if inside is not None and self.weight.touches(inside):
            report = functools.partial(reportProgress, text="Preview")
            self._fill(components, backend, part, tile, inside, report)
        return Preview(source, components, axis, index, isQuick)

    @property
    def _unit(self):
        return self.survey.level - self.survey.background

    def _tile(self, axis, padded):
        """What the network is given: the slices with their margin, where the head is."""
        if self.weight.box is None:
            return None
        shape = self.volume.voxels.shape
        return tuple(
            padded if a == axis else aligned(part, n)
            for a, (part, n) in enumerate(zip(self.weight.box, shape, strict=True))
        )

    def _fill(self, components, backend, part, tile, inside, report):
        """On all slices that the network is given first: k-space is continued from more than those in view."""
        seen = Components.empty(self.volume.voxels.shape, tile, self._unit)
        noise = tileNoise(self.volume, self.survey, backend, tile, report, weight=self.weight, core=tile)
        seen.put(tile, noise, name="noise")
        restore(seen, self.volume, self.survey, backend, self.weight, noProgress, rounds=ROUNDS)
        for name, values in zip(NAMES, seen.stored, strict=True):
            components.put(within(inside, part), values[within(inside, tile)], name=name)


def slicesAround(shape, axis, index, margin=MARGIN):
    """(core, core with margin) as slices along the axis; an index outside the volume gives its first or last slice."""
    index = min(max(index, 0), shape[axis] - 1)
    core = slice(max(0, index - BESIDE), min(shape[axis], index + BESIDE + 1))
    padded = aligned(slice(max(0, core.start - margin), core.stop + margin), shape[axis])
    count = -(-(padded.stop - padded.start) // MULTIPLE) * MULTIPLE
    last = -(-shape[axis] // ALIGNMENT) * ALIGNMENT - count
    start = max(0, min(padded.start, last))
    return core, slice(start, min(start + count, shape[axis]))


def aligned(part, size):
    """Begins and ends where the network's grid of 2 voxels does, so that slices fall on it as in a whole run."""
    return slice(part.start // ALIGNMENT * ALIGNMENT, min(-(-part.stop // ALIGNMENT) * ALIGNMENT, size))


def partOf(volume, part) -> Volume:
    """Three slices of a volume as a volume of their own, on their place in space."""
    matrix = volume.ijkToRAS.copy()
    matrix[:3, 3] = (volume.ijkToRAS @ [*(p.start for p in reversed(part)), 1.0])[:3]
    return Volume(np.ascontiguousarray(volume.voxels[part]), matrix, volume.name, volume.tags, volume.source)
