"""Intensity scale of a volume and where its tissue and head are; no maximum and no bright vessel moves it."""

import dataclasses

import numpy as np
from scipy import ndimage

from .errors import UnsupportedVolume

MOST_SAMPLES = 4_000_000
CELL_MM = 2.0
BACKGROUND_PERCENTILE = 0.1  # of all voxels: near 0 for air noise, the constant of a masked background, -1024 of CT air
TISSUE_FROM = 0.25  # normalised intensity above which a cell counts as tissue for noise and spectra
HEAD_FROM = 0.20  # no cell brighter than this is left out of the head, however noisy the air
RIM_MM = 6.0


@dataclasses.dataclass(frozen=True, eq=False)
class SignalView:
    """Normalised blocks of a volume without a copy of the whole: background 0, tissue about 0.5 to 1.

    Voxels that are not finite read as 0.
    """

    voxels: np.ndarray
    background: float
    level: float

    @property
    def shape(self):
        return self.voxels.shape

    @property
    def size(self):
        return self.voxels.size

    def block(self, slices) -> np.ndarray:
        """float32 block of (x - background) / (level - background) for an index of slices."""
        part = self.voxels[slices]
        wide = np.float64 if part.dtype.itemsize > 2 and part.dtype != np.float32 else np.float32
        block = (part.astype(wide) - wide(self.background)) / wide(self.level - self.background)
        if part.dtype.kind == "f":
            block[~np.isfinite(block)] = 0
        return block.astype(np.float32, copy=False)


@dataclasses.dataclass(frozen=True, eq=False)
class TissueScale:
    """background and level in input units; tissue and head masks (k,j,i); hasAir: whether there is air around."""

    background: float
    level: float
    tissue: np.ndarray
    head: np.ndarray
    hasAir: bool


def tissueScale(voxels: np.ndarray, spacing) -> TissueScale:
    """Scale and masks of a volume (k,j,i), spacing in mm along k, j, i.

    Scaling or shifting the voxels scales or shifts background and level and leaves the masks as they are.
    Raises UnsupportedVolume for volumes without contrast.
    """
    background = checkedBackground(voxels)
    steps = [max(1, min(size, round(CELL_MM / mm))) for mm, size in zip(spacing, voxels.shape, strict=True)]
    cells = cellMeans(voxels, steps, background)
    level = tissueLevel(cells)
    normalised = cells / level
    tissue = intoVoxels(normalised > TISSUE_FROM, steps, voxels.shape)
    threshold, hasAir = airThreshold(normalised)
    cellMM = [mm * step for mm, step in zip(spacing, steps, strict=True)]
    head = headCells(normalised > threshold, cellMM) if hasAir else np.ones(cells.shape, bool)
    return TissueScale(background, background + level, tissue, intoVoxels(head, steps, voxels.shape), hasAir)


def checkedBackground(voxels):
    """Lowest intensity but for outliers. Raises UnsupportedVolume where there is nothing to see."""
    step = max(1, int(np.ceil((voxels.size / MOST_SAMPLES) ** (1 / 3))))
    sample = voxels[::step, ::step, ::step]
    if voxels.dtype.kind == "f":
        sample = sample[np.isfinite(sample)]
    if sample.size == 0:
        raise UnsupportedVolume("The volume holds no finite value; choose another volume.")
    sample = sample.astype(np.float64)
    low, high = sample.min(), sample.max()
    if low == high:
        what = "only zeros" if low == 0 else f"the same value ({low:g}) everywhere"
        raise UnsupportedVolume(f"The volume holds {what}, so there is nothing to enhance; choose another volume.")
    return float(np.percentile(sample, BACKGROUND_PERCENTILE, method="lower"))


def cellMeans(voxels, steps, background):
    """Means of cells of voxels above the background, slightly blurred; float32. Works layer by layer to save memory."""
    view = SignalView(voxels, background, background + 1.0)
    layers = []
    for start in range(0, voxels.shape[0], steps[0]):
        layer = view.block(np.s_[start : start + steps[0]]).mean(axis=0)
        padded = np.pad(
            layer, [(0, -size % step) for size, step in zip(layer.shape, steps[1:], strict=True)], mode="edge"
        )
        rows, columns = (size // step for size, step in zip(padded.shape, steps[1:], strict=True))
        layers.append(padded.reshape(rows, steps[1], columns, steps[2]).mean(axis=(1, 3)))
    return ndimage.gaussian_filter(np.stack(layers), 0.7, mode="nearest")


def intoVoxels(cells, steps, shape):
    """A mask of cells on the grid of the voxels."""
    for axis, (step, size) in enumerate(zip(steps, shape, strict=True)):
        cells = np.take(cells, np.arange(size) // step, axis=axis)
    return cells


def tissueLevel(cells):
    """99th percentile of tissue above the background, fat and vessels trimmed; cells: means above the background."""
    top = plausibleTop(cells)
    values = cells[cells > otsu(np.sqrt(np.clip(cells / top, 0, 1))) ** 2 * top]
    for _ in range(3):
        low, middle, high = np.percentile(values, (16, 50, 84))
        trimmed = values[values <= middle + 3.0 * min(middle - low, high - middle) + 0.05 * middle]
        if len(trimmed) == len(values) or len(trimmed) < 10:
            break
        values = trimmed
    return float(np.percentile(values, 99))


def plausibleTop(cells):
    """Intensity above which nothing is tissue: four times the middle of what is brighter than the mean."""
    top = float(np.percentile(cells, 99.9))
    if not top > 0:
        return float(cells.max())
    for _ in range(6):
        bright = cells[cells > np.minimum(cells, top).mean()]
        top = min(top, 4.0 * float(np.median(bright))) if bright.size else top
    return top


def otsu(values):
    """Threshold between two classes of values in 0..1 with the greatest variance between them."""
    histogram, edges = np.histogram(values, bins=256, range=(0.0, 1.0))
    weight = np.cumsum(histogram)
    mean = np.cumsum(histogram * (edges[:-1] + edges[1:]) / 2)
    rest = weight[-1] - weight
    with np.errstate(divide="ignore", invalid="ignore"):
        between = weight * rest * (mean / weight - (mean[-1] - mean) / rest) ** 2
    return float(edges[1:][np.argmax(np.nan_to_num(between))])


def airThreshold(normalised):
    """(threshold, hasAir): intensity between air and the darkest tissue that is kept."""
    dark = normalised[normalised < 0.9 * TISSUE_FROM]
    if dark.size < 0.02 * normalised.size:
        return 0.0, False
    # air is the darker part: its noise has a peak, dark tissue only a tail above it
    middle = np.percentile(dark, 30)
    below = middle - np.percentile(dark[dark <= middle], 16)
    return float(np.clip(middle + 6.0 * below + 0.02, 0.03, HEAD_FROM)), True


def headCells(bright, cellMM):
    """The bright cells without specks, with what they enclose, and with a rim around them."""
    labels, count = ndimage.label(bright)
    if count > 1:
        sizes = np.bincount(labels.ravel())
        sizes[0] = 0
        bright = (sizes >= max(4, 0.002 * sizes.max()))[labels]
    filled = ndimage.binary_fill_holes(bright)
    for axis in range(3):
        if bright.shape[axis] > 1:
            filled = filled | filledSlices(bright, axis)
    distance = ndimage.distance_transform_edt(~filled, sampling=cellMM) if not filled.all() else np.zeros(bright.shape)
    return distance <= max(RIM_MM, 1.01 * min(cellMM))


def filledSlices(mask, axis):
    """Holes filled slice by slice: sinuses and ventricles that are open at the end of the volume."""
    moved = np.moveaxis(mask, axis, 0)
    return np.moveaxis(np.stack([ndimage.binary_fill_holes(part) for part in moved]), 0, axis)
