"""From a volume to its enhanced volume: survey, tiles, blending, guard. Arrays only: no torch, no Slicer."""

import dataclasses
import logging
import time

import numpy as np

from .components import Components, sharedBox, within
from .guard import GuardReport, inspect
from .normalisation import normalised
from .progress import noProgress
from .restoration import restore, sharpCut
from .strengths import Strengths
from .survey import Survey, survey
from .tiles import SMALLEST_TILE, headWeight, planTiles
from .version import LABEL, VERSION
from .volume import Volume

logger = logging.getLogger(__name__)

NOISE_SHARE = 0.6  # of the progress bar, where k-space is to be continued after it
BLEND_SLAB = 2_000_000  # voxels blended at a time: keeps the temporary arrays in the processor's cache


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
    """Noise by one pass of the network over the head, then ringing and blur of what is left.

    The result does not depend on tile, the edge of the network's tiles in voxels. Out of memory halves the tile, then
    moves to the CPU. Voxels that are not finite or were blanked get no change.
    """
    weight, note = headWeight(found.head), ""
    box = weight.box or tuple(slice(0, 0) for _ in range(3))
    results = Components.empty(volume.voxels.shape, box, found.level - found.background)
    share = NOISE_SHARE if min(sharpCut(found)) < 1 else 1.0
    while True:
        tiles = planTiles(weight, margin=backend.margin, voxels=backend.tileVoxels, edge=tile)
        try:
            for number, (part, padded) in enumerate(tiles):
                report = _tileReport(_part(reportProgress, 0.0, share), number, len(tiles))
                core = sharedBox(part, box)
                noise = tileNoise(volume, found, backend, padded, report, weight=weight, core=core)
                results.put(core, noise[within(core, padded)], name="noise")
            break
        except MemoryError:
            tile, backend = _smaller(tiles, backend)
            note = f"There was too little memory, so smaller parts were computed on {backend.deviceName}."
            reportProgress(0.0, note)
    try:
        restore(results, volume, found, backend, weight, _part(reportProgress, share, 1.0))
    except MemoryError:
        if backend.deviceName == "CPU":
            raise
        note = "There was too little memory, so truncation ringing was computed on the CPU."
        restore(results, volume, found, backend.onCpu(), weight, _part(reportProgress, share, 1.0))
    return dataclasses.replace(results, device=backend.deviceName, note=note)


def tileNoise(volume, found, backend, padded, report, *, weight, core):
    """(k, j, i) float32 in units of the tissue level, times the weight, at three slices (padded) of the volume.

    Only that of the core counts; report(fraction) may raise.
    """
    image, isKept = normalised(volume, found, padded)
    sigma = found.noise.at(padded)
    sigma /= np.float32(found.level - found.background)
    share, inside = np.zeros(image.shape, np.float32), within(core, padded)
    share[inside] = weight.at(core)
    noise = backend.noise(image, sigma, found.support, volume.spacing[::-1], wanted=share > 0, reportProgress=report)
    noise *= share
    noise[isKept] = 0
    return noise


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
    voxels = volume.voxels.copy()
    if strengths.isIdentity:
        return volume.withVoxels(voxels), 0
    layers, *inPlane = components.box
    rows, limited = max(1, BLEND_SLAB // max(1, voxels[0].size)), 0
    for start in range(layers.start, layers.stop, rows):
        place = (slice(start, min(start + rows, layers.stop)), *inPlane)
        voxels[place], count = _applied(voxels[place], blendChange(components, strengths, place))
        limited += count
    return volume.withVoxels(voxels), limited


def blendChange(components, strengths, place):
    """What is added to the volume at these strengths, float32 (k, j, i), at three slices of it."""
    noise, ringing, blur = components.at(place)
    noise *= np.float32(-strengths.denoise)
    noise -= np.float32(strengths.dering) * ringing
    noise += np.float32(strengths.sharpen) * blur
    return noise


def _applied(voxels, change):
    """voxels + change in the type of voxels, and how many results had to be limited to its range."""
    if voxels.dtype.kind == "f":
        return (voxels + change).astype(voxels.dtype), 0
    limits = np.iinfo(voxels.dtype)
    # an integer of 32 bits does not fit a float32: round the change, not the sum
    total = voxels.astype(np.int64) + np.rint(change).astype(np.int64)
    low = 0 if limits.min == 0 else limits.min
    return np.clip(total, low, limits.max).astype(voxels.dtype), int(np.count_nonzero(total > limits.max))


def _part(reportProgress, start, stop):
    """The callback for a step that covers start to stop of the whole."""
    return lambda fraction, text: reportProgress(start + fraction * (stop - start), text)


def _tileReport(reportProgress, number, count):
    return lambda fraction: reportProgress((number + fraction) / count, f"Enhancing part {number + 1} of {count}")
