"""One click on a lesion: its outline by local growing, limited to what is brighter or darker than its surround.

A proposal to be accepted or edited. numpy and scipy; works on any contrast because the level is taken from the place.
"""

import dataclasses
import math

import numpy as np

from DLEnhanceLib.errors import BadOption
from DLEnhanceLib.volume import Volume

from .masks import boundingBox, croppedMatrix, toIJK, toRAS
from .regions import LESION, LabelShape, Region

LARGEST_DIAMETER = 40.0  # mm
SNAP_DISTANCE = 2.0  # mm a click may miss the lesion's core by
SMOOTHING = 0.4  # mm, at most half a voxel: enough against single-voxel noise, little for a 2 mm lesion
# The outline is where the intensity has fallen half way to the surround (as for FWHM); growing that leaks into
# vessels or cortex is repeated with stricter levels.
LEVELS = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85)
SURROUND_REACH = 4.0  # mm beyond the outline where the surround is sampled
RINGS = (3.0, 6.0, 10.0, 14.0, 20.0)  # mm from the click where the surround is first looked for
RING_WIDTH = 3.0
LEAST_CONTRAST_IN_NOISE = 3.0
LEAST_CONTRAST_IN_SPREAD = 1.5  # of the surround's own structure
ROUNDS = 6


@dataclasses.dataclass(frozen=True, eq=False)
class Outline:
    """A proposed lesion. isBright: against its surround. level: fraction of the contrast at the border, 0.5 unless the
    lesion touches something as bright. inner, outer: median intensity of lesion core and surround. note: for the user.
    """

    region: Region
    isBright: bool
    level: float
    inner: float
    outer: float
    note: str = ""


def proposeOutline(
    volume: Volume,
    seed,
    *,
    name: str = "Lesion",
    isBright: bool | None = None,
    largestDiameter=LARGEST_DIAMETER,
    level: float | None = None,
) -> Outline:
    """The lesion around a click at a RAS point.

    isBright: look for a lesion brighter (True) or darker (False) than its surround; None decides by what is there.
    level: fraction of the contrast at the border, above 0 and below 1; None takes the lowest of LEVELS that does not
    leak.
    Raises BadOption when the click lies outside the image, or nothing stands out from its surround within
    largestDiameter in mm.
    """
    block = _localBlock(volume, seed, largestDiameter)
    wanted = _likelyDirections(block) if isBright is None else (isBright,)
    found = []
    for direction in wanted:
        grown = _strictlyGrown(block, direction, largestDiameter, LEVELS if level is None else (level,))
        found += [grown] if grown else []
        if grown and grown.level == LEVELS[0]:
            break  # the likelier direction with the cleanest border: no need to look at the other
    if found:
        return _outline(volume, block, min(found, key=lambda grown: grown.level), name)
    word = {None: "brighter or darker", True: "brighter", False: "darker"}[isBright]
    raise BadOption(f"Nothing {word} than its surround ends near the click; click its middle or draw it by hand.")


def inscribedDiameter(volume: Volume, seed) -> float:
    """Diameter in mm of the largest sphere around a click that lies in the lesion there; one voxel at least.

    Raises BadOption when nothing stands out there.
    """
    mask = proposeOutline(volume, seed).region.maskOn(volume)
    box = np.argwhere(np.pad(~mask.inside, 1, constant_values=True)) - 1 + mask.start
    apart = np.linalg.norm(toRAS(volume, box[:, ::-1]) - np.asarray(seed, float), axis=1)
    return 2.0 * max(float(apart.min()) - float(volume.spacing.min()) / 2, float(volume.spacing.min()) / 2)


@dataclasses.dataclass(frozen=True, eq=False)
class _Block:
    """The part of the volume around a click: smooth (k, j, i) float64, start and seed index (k, j, i), spacing in mm.

    distance: mm of every voxel from the click.
    """

    smooth: np.ndarray
    start: np.ndarray
    seed: tuple[int, int, int]
    spacing: np.ndarray
    distance: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class _Grown:
    """inside: bool (k, j, i) of the block; the other fields as in Outline."""

    inside: np.ndarray
    isBright: bool
    level: float
    inner: float
    outer: float


def _localBlock(volume, seed, largestDiameter):
    from scipy.ndimage import gaussian_filter

    shape = np.array(volume.voxels.shape)
    index = np.floor(toIJK(volume, seed)[::-1] + 0.5).astype(int)
    if np.any(index < 0) or np.any(index >= shape):
        raise BadOption("The click lies outside the image; click on the lesion.")
    spacing = volume.spacing[::-1]
    reach = np.ceil((largestDiameter / 2 + 2 * SURROUND_REACH) / spacing).astype(int)
    low, high = np.maximum(index - reach, 0), np.minimum(index + reach + 1, shape)
    voxels = volume.voxels[tuple(slice(a, b) for a, b in zip(low, high, strict=True))].astype(np.float64)
    voxels = np.nan_to_num(voxels, nan=0.0, posinf=0.0, neginf=0.0)
    smooth = gaussian_filter(voxels, np.minimum(SMOOTHING / spacing, 0.5), mode="nearest")
    position = tuple((index - low).tolist())
    grids = np.ogrid[tuple(slice(0, n) for n in smooth.shape)]
    steps = [(grid - center) * size for grid, center, size in zip(grids, position, spacing, strict=True)]
    distance = np.sqrt(sum(step**2 for step in steps))
    return _Block(smooth, low, position, spacing, distance)


def _ringLevels(block):
    """Medians of the rings around the click."""
    rings = [(block.distance > radius) & (block.distance <= radius + RING_WIDTH) for radius in RINGS]
    return [float(np.median(block.smooth[ring])) for ring in rings if ring.any()]


def _likelyDirections(block):
    """(bright first or dark first), by the ring that differs most from the middle."""
    center = np.median(block.smooth[block.distance <= max(1.0, block.spacing.max())])
    isBright = bool(max((center - level for level in _ringLevels(block)), key=abs) > 0)
    return isBright, not isBright


def _strictlyGrown(block, isBright, largestDiameter, levels):
    """Growing at the first of the levels at which it does not leak; None when it leaks at all of them."""
    sign = 1.0 if isBright else -1.0
    signed = sign * block.smooth
    start, outer = _snapped(signed, block), min(sign * level for level in _ringLevels(block))
    for level in levels:
        found = _grow(signed, start, outer, block, level, largestDiameter)
        if found is not None:
            inside, inner, surround = found
            return _Grown(inside, isBright, level, sign * inner, sign * surround)
    return None


def _snapped(signed, block):
    """Index of the highest voxel within reach of the click."""
    near = np.where(block.distance <= max(SNAP_DISTANCE, block.spacing.min()), signed, -np.inf)
    return np.unravel_index(int(np.argmax(near)), near.shape)


def _grow(signed, start, outer, block, level, largestDiameter):
    """The connected part above a level between surround and core, both updated from the part itself; None if it leaks.

    The core is the upper half of the part, so a small lesion is measured against its peak and a large one against
    its plateau.
    """
    inner = float(signed[start])
    previous = None
    for _ in range(ROUNDS):
        if inner <= outer:
            return None
        inside = _filled(_connected(signed > outer + level * (inner - outer), start))
        if not inside.any():
            return None
        if _leaks(inside, block, largestDiameter):
            return None
        if previous is not None and np.array_equal(inside, previous):
            break
        previous = inside
        core = signed[inside]
        inner = float(np.median(core[core >= np.median(core)]))
        surround = _surround(inside, block)
        outer = float(np.median(signed[surround]))
    return _checked(signed, inside, surround, inner, outer)


def _checked(signed, inside, surround, inner, outer):
    """The part, when it stands out from the noise and from the structure of its surround."""
    spread = _robustSD(signed[surround] - outer)
    if inner - outer < max(LEAST_CONTRAST_IN_NOISE * _noise(signed), LEAST_CONTRAST_IN_SPREAD * spread):
        return None
    return inside, inner, outer


def _noise(image):
    """Noise SD from second differences along i, in which smooth anatomy cancels; white noise has their SD / sqrt 6."""
    if image.shape[2] < 3:
        return 0.0
    return _robustSD(image[..., :-2] - 2 * image[..., 1:-1] + image[..., 2:]) / math.sqrt(6)


def _robustSD(values):
    return 1.4826 * float(np.median(np.abs(values - np.median(values))))


def _connected(above, start):
    """The connected part of a boolean array that holds the start; nothing when the start is not above."""
    from scipy.ndimage import label

    parts, _ = label(above)
    return (parts == parts[start]) & above


def _filled(inside):
    """With what is enclosed on a slice: the dark middle of a ring-enhancing lesion belongs to it."""
    from scipy.ndimage import binary_fill_holes

    return np.stack([binary_fill_holes(plane) for plane in inside])


def _leaks(inside, block, largestDiameter):
    """Whether the part is too long, or far too large for its length in the image plane."""
    indices = np.argwhere(inside)
    extent = (np.ptp(indices, axis=0) + 1) * block.spacing
    if extent.max() > largestDiameter:
        return True
    # A compact lesion fills about half of its bounding box; vessels and cortex fill little of a large one.
    filled = len(indices) * float(np.prod(block.spacing)) / float(np.prod(extent))
    return bool(filled < 0.15 and math.prod(inside.shape) > 1 and extent.max() > 10.0)


def _surround(inside, block):
    """Voxels between 1.5 and 4 mm (at least 2 and 5 voxels in plane) beyond the outline, clear of its blur."""
    from scipy.ndimage import distance_transform_edt

    finest = float(block.spacing.min())
    near, far = max(1.5, 2.5 * finest), max(SURROUND_REACH, 5.0 * finest)
    reach = np.ceil(far / block.spacing).astype(int)
    box = tuple(
        slice(max(side.start - margin, 0), side.stop + margin)
        for side, margin in zip(boundingBox(inside), reach, strict=True)
    )
    apart = distance_transform_edt(~inside[box], sampling=block.spacing)
    surround = np.zeros_like(inside)
    surround[box] = (apart > near) & (apart <= far)
    return surround


def _outline(volume, block, grown, name):
    box = boundingBox(grown.inside)
    inBlock = tuple(slice(s.start + int(o), s.stop + int(o)) for s, o in zip(box, block.start, strict=True))
    shape = LabelShape(grown.inside[box].copy(), croppedMatrix(volume.ijkToRAS, inBlock))
    note = "" if grown.level == LEVELS[0] else "It touches something of like intensity: check the outline there."
    return Outline(Region(name, LESION, shape), grown.isBright, grown.level, grown.inner, grown.outer, note)
