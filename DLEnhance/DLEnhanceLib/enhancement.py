"""From a volume to its enhanced volume: survey, tiles, blending, guard. Arrays only: no torch, no Slicer."""

import dataclasses
import itertools
import logging
import time

import numpy as np
from scipy import ndimage

from .guard import GuardReport, inspect
from .noiseMap import interpolatedAlong
from .progress import noProgress
from .strengths import Strengths
from .survey import Survey, survey
from .version import LABEL, VERSION
from .volume import Volume

logger = logging.getLogger(__name__)

ALIGNMENT = 4  # tiles start at multiples of this: the network's bands fall on the same voxels whatever the tiles
FADE = 12  # voxels of air around the head over which the components fade out, so that no border shows
SMALLEST_TILE = 32
BLEND_SLAB = 2_000_000  # voxels blended at a time: keeps the temporary arrays in the processor's cache


@dataclasses.dataclass(frozen=True, eq=False)
class Components:
    """What the network finds in a volume: float32 (k, j, i) each, in the volume's units, 0 away from the head.

    noise and ringing are what is to be taken away, blur is what is to be put back. device: where they were computed.
    note: what happened on the way that the user should know, or an empty text.
    """

    noise: np.ndarray
    ringing: np.ndarray
    blur: np.ndarray
    device: str = ""
    note: str = ""


@dataclasses.dataclass(frozen=True, eq=False)
class EnhancementRun:
    """An enhanced volume with everything that says how it was made."""

    source: Volume
    volume: Volume
    components: Components
    survey: Survey
    strengths: Strengths
    guard: GuardReport
    limitedVoxels: int
    backend: dict
    seconds: float

    def report(self) -> dict:
        """Every number of the run, ready for JSON."""
        return {
            "label": LABEL,
            "software": f"DLEnhance {VERSION}",
            "strengths": dataclasses.asdict(self.strengths),
            "model": self.backend,
            "survey": self.survey.asDict(),
            "guard": self.guard.asDict(),
            "limitedVoxels": self.limitedVoxels,
            "storedType": str(self.volume.voxels.dtype),
            "shapeKJI": list(self.volume.voxels.shape),
            "spacingMm": self.volume.spacing.tolist(),
            "seconds": round(self.seconds, 3),
        }


def enhance(
    volume, backend, *, strengths=None, reportProgress=noProgress, tile=None, priorSurvey=None
) -> EnhancementRun:
    """Enhance a volume; the input is not changed.

    backend: see torchBackend.TorchBackend. strengths: the medium preset by default. tile: edge of the tiles in voxels,
    chosen by memory when None. Raises UnsupportedVolume for what cannot be enhanced and whatever reportProgress raises.
    """
    started = time.monotonic()
    strengths = strengths or Strengths()
    found = priorSurvey or survey(volume, reportProgress=_part(reportProgress, 0.0, 0.15))
    components = computeComponents(volume, found, backend, tile=tile, reportProgress=_part(reportProgress, 0.15, 0.85))
    enhanced, limited = blendCounting(volume, components, strengths)
    reportProgress(0.88, "Checking the result")
    guard = inspect(volume, components, strengths, found)
    seconds = time.monotonic() - started
    logger.info("Enhanced %s voxels in %.1f s on %s", volume.voxels.size, seconds, backend.deviceName)
    reportProgress(1.0, "Done")
    return EnhancementRun(
        source=volume,
        volume=enhanced,
        components=components,
        survey=found,
        strengths=strengths,
        guard=guard,
        limitedVoxels=limited,
        backend={
            "modelId": backend.modelId,
            "sha256": backend.modelHash,
            "profile": backend.profile,
            "device": components.device,
            "note": components.note,
        },
        seconds=seconds,
    )


def reblend(run: EnhancementRun, strengths: Strengths) -> EnhancementRun:
    """The same run at other strengths: no second pass of the network."""
    enhanced, limited = blendCounting(run.source, run.components, strengths)
    guard = inspect(run.source, run.components, strengths, run.survey)
    return dataclasses.replace(run, volume=enhanced, strengths=strengths, guard=guard, limitedVoxels=limited)


def computeComponents(volume, found: Survey, backend, *, tile=None, reportProgress=noProgress) -> Components:
    """One pass of the network over the head.

    Out of memory halves the tile, then moves to the CPU. Voxels that are not finite get no change.
    """
    weight = headWeight(found.head)
    results, note = [np.zeros(volume.voxels.shape, np.float32) for _ in range(3)], ""
    while True:
        tiles = planTiles(weight, margin=backend.margin, voxels=backend.tileVoxels, edge=tile)
        try:
            for number, (core, padded) in enumerate(tiles):
                report = _tileReport(reportProgress, number, len(tiles))
                parts = _tileComponents(volume, found, backend, padded, report)
                inside = tuple(slice(c.start - p.start, c.stop - p.start) for c, p in zip(core, padded, strict=True))
                for result, part in zip(results, parts, strict=True):
                    result[core] = part[inside] * weight[core]
            return Components(*results, device=backend.deviceName, note=note)
        except MemoryError:
            tile, backend = _smaller(tiles, backend)
            note = f"There was too little memory, so smaller parts were computed on {backend.deviceName}."
            reportProgress(0.0, note)


def _tileComponents(volume, found, backend, padded, report):
    scale = found.level - found.background
    image = (volume.voxels[padded].astype(np.float32) - np.float32(found.background)) / np.float32(scale)
    isFinite = np.isfinite(image)
    image = np.where(isFinite, image, 0)
    sigma = found.noise.at(padded) / np.float32(scale)
    parts = backend.components(image, sigma, found.support, volume.spacing[::-1], reportProgress=report)
    return np.where(isFinite, parts, 0) * np.float32(scale)


def headWeight(head: np.ndarray) -> np.ndarray:
    """1 in the head, falling smoothly to 0 over the air around it; float32 (k, j, i)."""
    if head.all():
        return np.ones(head.shape, np.float32)
    # distances on a coarser grid: the fade need not be exact to the voxel
    steps = tuple(4 if size >= 32 else 1 for size in head.shape)
    coarse = _blockMaximum(head, steps)
    distance = ndimage.distance_transform_edt(~coarse, sampling=steps)
    weight = 0.5 + 0.5 * np.cos(np.pi * np.clip((distance - 4) / FADE, 0, 1))
    zoomed = weight.astype(np.float32)
    for axis, step in enumerate(steps):
        positions = (np.arange(head.shape[axis]) + 0.5) / step - 0.5
        zoomed = interpolatedAlong(zoomed, axis, positions)
    return np.maximum(zoomed, head)


def planTiles(weight, *, margin, voxels, edge=None):
    """Pairs (core, core with margin) of slices that cover all voxels of weight above 0 once."""
    box = ndimage.find_objects((weight > 0).astype(np.uint8))
    if not box:
        return []
    spans = [(part.start // ALIGNMENT * ALIGNMENT, part.stop) for part in box[0]]
    counts = [1, 1, 1]
    if edge is not None:
        counts = [-(-(stop - start) // edge) for start, stop in spans]
    else:
        while _largest(spans, counts, margin) > voxels and max(_lengths(spans, counts)) > SMALLEST_TILE:
            lengths = _lengths(spans, counts)
            counts[int(np.argmax(lengths))] += 1
    return [_withMargin(core, margin, weight.shape) for core in _cores(spans, counts) if weight[core].any()]


def _lengths(spans, counts):
    """Edge of the tiles on each axis when it is cut into so many."""
    parts = [-(-(stop - start) // count) for (start, stop), count in zip(spans, counts, strict=True)]
    return [-(-part // ALIGNMENT) * ALIGNMENT for part in parts]


def _largest(spans, counts, margin):
    """Voxels of the largest tile with its margins."""
    lengths = zip(_lengths(spans, counts), spans, strict=True)
    return np.prod([min(length + 2 * margin, stop - start) for length, (start, stop) in lengths])


def _cores(spans, counts):
    lengths = zip(_lengths(spans, counts), spans, strict=True)
    axes = [[slice(a, min(a + n, stop)) for a in range(start, stop, n)] for n, (start, stop) in lengths]
    return list(itertools.product(*axes))


def _withMargin(core, margin, shape):
    margin = -(-margin // ALIGNMENT) * ALIGNMENT
    padded = tuple(slice(max(c.start - margin, 0), min(c.stop + margin, n)) for c, n in zip(core, shape, strict=True))
    return core, padded


def _smaller(tiles, backend):
    """Half the tile; on the CPU once tiles cannot shrink further."""
    longest = max(part.stop - part.start for core, _ in tiles for part in core)
    if longest > SMALLEST_TILE:
        return max(SMALLEST_TILE, longest // 2), backend
    if backend.deviceName == "CPU":
        raise MemoryError("There is too little memory for the smallest tile; close other programs and try again.")
    logger.warning("Too little memory on %s: going on with the CPU", backend.deviceName)
    return None, backend.onCpu()


def blend(volume: Volume, components: Components, strengths: Strengths) -> Volume:
    """out = in - denoise * noise - dering * ringing + sharpen * blur, in the stored type of the volume."""
    return blendCounting(volume, components, strengths)[0]


def blendCounting(volume, components, strengths):
    """As blend, with the number of voxels whose change had to stop at the limit of an integer type.

    Nothing of the input is clipped: at strength 0 the output is the input bit for bit.
    """
    voxels = volume.voxels
    if strengths.isIdentity:
        return volume.withVoxels(voxels.copy()), 0
    output, limited = np.empty_like(voxels), 0
    rows = max(1, BLEND_SLAB // max(1, voxels[0].size))
    for start in range(0, len(voxels), rows):
        part = slice(start, start + rows)
        change = blendChange(components, strengths, part)
        output[part], count = _applied(voxels[part], change)
        limited += count
    return volume.withVoxels(output), limited


def blendChange(components, strengths, part=slice(None)):
    """What is added to the volume at these strengths, for a slice along k."""
    change = components.noise[part] * np.float32(-strengths.denoise)
    change -= components.ringing[part] * np.float32(strengths.dering)
    change += components.blur[part] * np.float32(strengths.sharpen)
    return change


def _applied(voxels, change):
    """voxels + change in the type of voxels, and how many results had to be limited to its range."""
    if voxels.dtype.kind == "f":
        return (voxels + change).astype(voxels.dtype), 0
    limits = np.iinfo(voxels.dtype)
    # an integer of 32 bits does not fit a float32: round the change, not the sum
    total = voxels.astype(np.int64) + np.rint(change).astype(np.int64)
    low = 0 if limits.min == 0 else limits.min
    return np.clip(total, low, limits.max).astype(voxels.dtype), int(np.count_nonzero(total > limits.max))


def _blockMaximum(mask, steps):
    padded = np.pad(mask, [(0, -n % s) for n, s in zip(mask.shape, steps, strict=True)])
    shape = [x for n, s in zip(padded.shape, steps, strict=True) for x in (n // s, s)]
    return padded.reshape(shape).any(axis=(1, 3, 5))


def _part(reportProgress, start, stop):
    """The callback for a step that covers start to stop of the whole."""
    return lambda fraction, text: reportProgress(start + fraction * (stop - start), text)


def _tileReport(reportProgress, number, count):
    return lambda fraction: reportProgress((number + fraction) / count, f"Enhancing part {number + 1} of {count}")
