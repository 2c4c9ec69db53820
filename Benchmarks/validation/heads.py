"""Simulated scans with known truth of heads that training never saw. All that is used of Training/ is imported here.

Label maps 19 and 20 are objects of 0.75 mm scanned at 1 mm, so that a full k-space truncates too; ICBM152 (1 mm) and
the glioma patient's real heads (brought to 1.25 mm and less noise) are scanned on their own grid.
"""

import dataclasses
import functools

import numpy as np
import torch
from scipy import ndimage

from DLEnhanceLib.noiseMap import interpolatedAlong
from DLEnhanceLib.reading import readVolume
from DLEnhanceLib.volume import Volume
from DLEnhanceTraining.acquisition import CLEAN_SIGMA, Protocol, addNoise, scan
from DLEnhanceTraining.anatomy import CONTRASTS, TISSUES, loadLabelMaps, shrink
from DLEnhanceTraining.pathology import Lesion, drawLesion, drawVessel
from DLEnhanceTraining.validation import icbm152

SCALE = 1000.0  # stored numbers at tissue level
STORED = (96, 108, 96)  # voxels k, j, i
FADE = 8  # stored voxels at the rim where the object vanishes, so that the periodic FFT sees no jump
LABEL_TEXTURE = 0.015  # SD of the texture inside the tissues of a label map
SKIN_MEANS = (0.15, 1.25)  # range for tissues outside the brain
GLIOMA = {"T1 post-contrast": "t1c", "T2": "t2w", "FLAIR": "t2f", "T1": "t1n"}
NOTHING = Protocol(phaseCycles=0.5)
CONDITIONS = {
    "white 2 %": {"sigma": 0.02},
    "white 6 %": {"sigma": 0.06},
    "white 10 %": {"sigma": 0.10},
    "g-map 6 %": {"sigma": 0.06, "gSpread": 3.3},
    "zero-filled 70 x 62 %, 6 %": {"sigma": 0.06, "support": (1.0, 0.70, 0.62)},
    "truncation 70 x 62 %, 1 %": {"sigma": 0.01, "support": (1.0, 0.70, 0.62)},
    "partial Fourier 6/8, 4 %": {"sigma": 0.04, "partialFourier": 0.75, "partialAxis": 1},
    "2D slices, 4 %": {"sigma": 0.04, "sliceAxis": 0},
    "near clean, 1 %": {"sigma": 0.01},
}
TRUTH = (
    "Truth: the scan without noise, had k-space been filled up to the voxel grid. Each preset is compared with what it "
    "aims at: the scan without noise, plus what de-ringing takes away and sharpening adds up to that truth. Both are "
    f"counted from the truth under a Gaussian of {CLEAN_SIGMA:g} acquired voxels, which hardly rings: at equal "
    "strengths the aim gains only what the cut left out of k-space."
)
QUICK_CONDITIONS = ("white 6 %", "zero-filled 70 x 62 %, 6 %", "truncation 70 x 62 %, 1 %", "near clean, 1 %")


@dataclasses.dataclass(frozen=True, eq=False)
class Head:
    """A noise-free object. image: float32 (k, j, i), tissue near 1, air 0; voxelMm: its voxels; outFraction: stored
    matrix over the object's. tissues: name to mask on the stored isotropic grid, two voxels inside their borders.
    """

    name: str
    image: np.ndarray
    voxelMm: float
    outFraction: float
    tissues: dict

    @property
    def storedMm(self) -> float:
        return self.voxelMm / self.outFraction


@dataclasses.dataclass(frozen=True, eq=False)
class Case:
    """A scan of a head. noisy: what the scanner stores; ringing: that without noise; full: had all k-space been filled;
    clean: full under a Gaussian; sigma: noise map; mask: tissue away from the rim. All but mask times SCALE.
    """

    head: Head
    condition: str
    noisy: Volume
    ringing: np.ndarray
    clean: np.ndarray
    full: np.ndarray
    sigma: np.ndarray
    mask: np.ndarray

    @property
    def name(self) -> str:
        return f"{self.head.name}, {self.condition}"

    def aim(self, strengths):
        """What an ideal enhancer of full denoising gives at these strengths: the blend of the true components."""
        removed = np.float32(strengths.dering) * (self.ringing - self.clean)
        return self.ringing - removed + np.float32(strengths.sharpen) * (self.full - self.clean)


def headNames(isQuick):
    names = (
        "ICBM152 T1",
        "map 19 T1 black-blood",
        "map 20 T2",
        "map 19 FLAIR",
        "glioma T1 post-contrast",
        "glioma FLAIR",
    )
    return names[:2] if isQuick else names


@functools.lru_cache(maxsize=8)
def makeHead(name, data, seed) -> Head:
    """name: "ICBM152 T1", "map N CONTRAST" or "glioma CONTRAST"."""
    if name.startswith("map "):
        return _labelHead(name, data, np.random.default_rng([seed, sum(map(ord, name))]))
    if name.startswith("glioma "):
        return _gliomaHead(name, data)
    image = _cropped(icbm152(), STORED)
    return Head(name, image * _rim(image.shape, FADE), 1.0, 1.0, _tissuesOfImage(image))


def _labelHead(name, data, rng):
    _, number, contrast = name.split(" ", 2)
    labels = loadLabelMaps(data / "anatomy_synthseg", [int(number)])[0]
    labels = _cropped(labels, STORED, inside=(labels > 0) & (labels < 500))
    means = rng.uniform(*SKIN_MEANS, 1024).astype(np.float32)
    means[0] = 0
    for tissue, numbers in TISSUES.items():
        means[list(numbers)] = CONTRASTS[contrast][tissue]
    image = means[np.clip(labels, 0, 1023)]
    texture = ndimage.gaussian_filter(rng.standard_normal(image.shape), 1.0)
    image *= (1 + LABEL_TEXTURE * texture / texture.std()).astype(np.float32)
    for axis, size in enumerate(image.shape):  # index s of the stored grid lies at 4/3 s of the object's
        image = interpolatedAlong(image, axis, np.arange(size * 4 // 3) * 0.75)
    tissues = {
        tissue: ndimage.binary_erosion(np.isin(labels, numbers), iterations=2 if tissue != "grey" else 1)
        for tissue, numbers in TISSUES.items()
    }
    return Head(name, image * _rim(image.shape, FADE * 4 / 3), 0.75, 0.75, tissues)


def _gliomaHead(name, data):
    voxels = readVolume(data / "glioma_upenn_00001" / f"00001_{GLIOMA[name[7:]]}.nii.gz").voxels
    small = np.clip(shrink(voxels, (0.8,) * 3), 0, None)
    small[ndimage.zoom(voxels, np.array(small.shape) / voxels.shape, order=0) == 0] = 0
    image = _cropped(small, STORED)
    image = (image / np.percentile(image[image > 0], 95)).astype(np.float32)
    return Head(name, image * _rim(image.shape, FADE), 1.25, 1.0, {})


def _tissuesOfImage(image):
    """White and grey matter of the ICBM152 template by its intensity, well inside."""
    smooth = ndimage.gaussian_filter(image, 1.0)
    inner = ndimage.distance_transform_edt(image > 0.2) > 12
    bands = {"white": (0.86, 0.97), "grey": (0.62, 0.76), "fluid": (0.1, 0.32)}
    return {
        name: ndimage.binary_erosion((smooth > low) & (smooth < high) & inner) for name, (low, high) in bands.items()
    }


def _cropped(voxels, size, inside=None):
    """A block of the size around the centre of what is inside."""
    centre = np.rint(ndimage.center_of_mass(voxels > 0 if inside is None else inside)).astype(int)
    starts = [min(max(c - n // 2, 0), m - n) for c, n, m in zip(centre, size, voxels.shape, strict=True)]
    return voxels[tuple(slice(s, s + n) for s, n in zip(starts, size, strict=True))].copy()


def _rim(shape, margin):
    """1 inside, falling to 0 at the border over the margin; float32."""
    rim = np.ones(shape, np.float32)
    for axis, size in enumerate(shape):
        steps = np.minimum(np.arange(size), size - 1 - np.arange(size)) / max(margin - 1, 1)
        ramp = 0.5 - 0.5 * np.cos(np.pi * np.clip(steps, 0, 1))
        rim *= ramp.reshape([-1 if a == axis else 1 for a in range(3)]).astype(np.float32)
    return rim


def protocolOf(head, condition) -> Protocol:
    """condition: a key of CONDITIONS or fields of Protocol."""
    fields = dict(CONDITIONS[condition] if isinstance(condition, str) else condition)
    fractions = [head.outFraction] * 3
    if fields.get("sliceAxis") is not None:
        fractions[fields["sliceAxis"]] = 0.25
    return dataclasses.replace(NOTHING, outFraction=tuple(fractions), **fields)


def scanHead(head: Head, condition, *, seed, image=None, name=None) -> Case:
    """The scan of a head, or of another image on its grid (with lesions, ghosts): equal seeds give equal noise."""
    protocol = protocolOf(head, condition)
    tensor = torch.from_numpy(np.ascontiguousarray(head.image if image is None else image, np.float32))
    scanned = scan(tensor, torch.zeros_like(tensor), protocol, np.random.default_rng(seed))
    images = addNoise(scanned, protocol.sigma, torch.Generator().manual_seed(seed))
    noisy, ringing, clean, full, sigma = (x.numpy().astype(np.float32) for x in images)
    spacing = [head.voxelMm / fraction for fraction in protocol.outFraction]
    label = name or (condition if isinstance(condition, str) else "scan")
    rim = _rim(clean.shape, FADE)
    rim = rim > 0.99 if protocol.sliceAxis is None else rim[clean.shape[0] // 2] > 0.99
    return Case(
        head=head,
        condition=label,
        noisy=Volume(noisy * np.float32(SCALE), np.diag([*spacing[::-1], 1.0]), label),
        ringing=ringing * np.float32(SCALE),
        clean=clean * np.float32(SCALE),
        full=full * np.float32(SCALE),
        sigma=sigma * np.float32(SCALE),
        mask=ndimage.binary_fill_holes(clean > 0.1) & rim,
    )


def drawBall(image, centre, radius, contrast):
    """A lesion in place, numpy: centre and radius in voxels of the image."""
    drawLesion(torch.from_numpy(image), Lesion(tuple(centre), (radius,) * 3, float(contrast)))


def drawTube(image, start, direction, radius, contrast, rng):
    """A vessel in place, numpy."""
    drawVessel(torch.from_numpy(image), start, direction, radius, contrast, rng)
