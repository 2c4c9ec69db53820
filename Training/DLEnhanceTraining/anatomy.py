"""Noise-free objects to be scanned: cubes cut from label maps with random contrast, or from real heads."""

import dataclasses
from pathlib import Path

import numpy as np
import SimpleITK as sitk
import torch

# FreeSurfer numbers by tissue; labels of both sides share a tissue. 5xx are tissues outside the brain (SynthSeg maps).
TISSUES = {
    "white": (2, 41, 7, 46, 16, 28, 60, 85, 77),
    "grey": (3, 42, 8, 47, 17, 53, 18, 54, 26, 58),
    "deep": (10, 49, 11, 50, 12, 51, 13, 52),
    "fluid": (4, 43, 5, 44, 14, 15, 24),
}
# Mean of each tissue relative to the brightest of white and grey matter, before jitter: field knowledge, not measured.
CONTRASTS = {
    "T1": {"white": 1.0, "grey": 0.72, "deep": 0.82, "fluid": 0.25},
    "T1 black-blood": {"white": 1.0, "grey": 0.85, "deep": 0.9, "fluid": 0.4},
    "T2": {"white": 0.55, "grey": 0.8, "deep": 0.65, "fluid": 1.6},
    "FLAIR": {"white": 0.8, "grey": 1.0, "deep": 0.9, "fluid": 0.2},
}
MAX_LABEL = 1024
REAL_SHARE = 0.8  # of the cubes: label maps teach that tissue is smooth
NATIVE_SHARE = 0.6  # of the real cubes: on their own grid, since interpolation too makes tissue smooth


@dataclasses.dataclass(frozen=True)
class Crop:
    """image: (n, n, n) float32, main tissue near 1, air 0. tissue: bool, where lesions may lie."""

    image: torch.Tensor
    tissue: torch.Tensor


def loadLabelMaps(folder: Path, numbers):
    """Label maps of SynthSeg (SOURCES.md) as int16 arrays (k, j, i), 1 mm."""
    return [_readArray(folder / f"training_seg_{number:02d}.nii.gz").astype(np.int16) for number in numbers]


def loadRealHeads(dataFolder: Path):
    """The two heads that SOURCES.md names for training, at about 1 mm, tissue near 1, float32 (k, j, i)."""
    studyforrest = _readArray(dataFolder / "anatomy_t1_studyforrest" / "studyforrest_sub-02_T1w_crop.nii.gz")
    uih = _readArray(dataFolder / "anatomy_t1_uih" / "uih_t1_gre_fsp_crop.nii.gz")
    heads = [shrink(studyforrest, (0.7, 0.667, 0.667)), shrink(uih, (1.0, 0.5, 0.5))]
    return [np.clip(head / np.percentile(head, 99), 0, None).astype(np.float32) for head in heads]


def shrink(voxels, factors):
    """Fewer voxels by cutting k-space to the factors: SNR rises, targets are cleaner than what is to be reached."""
    spectrum = np.fft.fftshift(np.fft.fftn(voxels.astype(np.float32)))
    sizes = [round(n * f / 4) * 4 for n, f in zip(voxels.shape, factors, strict=True)]
    cut = tuple(slice((n - m) // 2, (n - m) // 2 + m) for n, m in zip(voxels.shape, sizes, strict=True))
    # a soft edge of the window keeps the reduced head from ringing
    window = np.ones(())
    for axis, (n, m) in enumerate(zip(voxels.shape, sizes, strict=True)):
        edge = np.ones(m) if m == n else np.clip((1 - np.abs(np.linspace(-1, 1, m))) * 6, 0, 1)
        window = window * edge.reshape([-1 if a == axis else 1 for a in range(3)])
    small = np.fft.ifftn(np.fft.ifftshift(spectrum[cut] * window)).real
    return small * (np.prod(sizes) / np.prod(voxels.shape))


class AnatomySource:
    """Random cubes of n voxels an edge; from real heads, where there are any, more often than from label maps."""

    def __init__(self, labelMaps, realHeads=(), device="cpu"):
        self.labelMaps = [torch.as_tensor(m, device=device) for m in labelMaps]
        self.brainCentres = [_centres(m > 0) for m in self.labelMaps]
        self.realHeads = [torch.as_tensor(h, device=device) for h in realHeads]
        self.headCentres = [_centres(h > 0.25) for h in self.realHeads]
        self.device = device

    def draw(self, n, rng) -> Crop:
        if self.realHeads and rng.random() < REAL_SHARE:
            return self._fromHead(n, rng)
        return self._fromLabels(n, rng)

    def _fromLabels(self, n, rng):
        which = rng.integers(len(self.labelMaps))
        means = torch.as_tensor(randomMeans(rng), device=self.device)
        block, grid = _blockAndGrid(self.labelMaps[which], self.brainCentres[which], n, rng)
        labels = block.long().clamp(0, MAX_LABEL - 1)
        image = _sample(means[labels], grid, n)
        tissue = _sample((labels > 0).float(), grid, n) > 0.9
        sizes = rng.uniform(0.0, 0.06, 4)
        fields = [band * size for band, size in zip(textureBands(n, rng, self.device), sizes, strict=True)]
        # texture differs between tissues: weight by a smooth function of the intensity itself
        weight = 0.5 + 0.5 * torch.cos(image * float(rng.uniform(2, 9)) + float(rng.uniform(0, 6)))
        image = image * (1 + weight * (fields[0] + fields[1]) + (1 - weight) * (fields[2] + fields[3]))
        return Crop((image * _tissueFade(image)).clamp_min(0), tissue)

    def _fromHead(self, n, rng):
        which = rng.integers(len(self.realHeads))
        isNative = rng.random() < NATIVE_SHARE
        block, grid = _blockAndGrid(self.realHeads[which], self.headCentres[which], n, rng, isNative=isNative)
        image = _sample(block, grid, n).clamp_min(0)
        tissue = image > 0.15
        if rng.random() < 0.3:  # inverted contrast: fluid bright, as in T2
            image = torch.where(tissue, (1.45 - image).clamp_min(0.05), image * 0.3)
        gamma = float(np.exp(rng.uniform(-0.5, 0.5)))
        return Crop(image.clamp_min(1e-6) ** gamma * float(rng.uniform(0.8, 1.2)), tissue)


def _tissueFade(image):
    """1 for tissue, 0 for numerical dust, so that air stays air."""
    return (image * 50).clamp(0, 1)


def randomMeans(rng):
    """A mean per label: half of the time a known contrast with jitter, else anything; vessels and fat far outside."""
    means = rng.uniform(0.02, 1.3, MAX_LABEL)
    means[0] = 0.0
    if rng.random() < 0.75:
        contrast = CONTRASTS[list(CONTRASTS)[rng.integers(len(CONTRASTS))]]
        for tissue, labels in TISSUES.items():
            base = contrast[tissue] * rng.uniform(0.8, 1.2)
            for label in labels:
                means[label] = base * rng.uniform(0.96, 1.04)
    else:
        for labels in TISSUES.values():
            means[list(labels)] = rng.uniform(0.05, 1.1) * rng.uniform(0.95, 1.05, len(labels))
    if rng.random() < 0.4:  # subcutaneous fat and marrow much brighter than brain
        means[rng.integers(500, 531, 3)] = rng.uniform(1.3, 2.5, 3)
    return (means * rng.uniform(0.8, 1.15)).astype(np.float32)


def textureBands(n, rng, device):
    """Four fields of SD 1 with structure of about 1, 2, 4 and 8 voxels."""
    generator = torch.Generator(device=device).manual_seed(int(rng.integers(2**62)))
    for size in (1, 2, 4, 8):
        m = -(-n // size) + 2
        field = torch.randn(1, 1, m, m, m, generator=generator, device=device)
        if size > 1:
            field = torch.nn.functional.interpolate(field, scale_factor=size, mode="trilinear")
        field = field[0, 0, :n, :n, :n]
        yield field / field.std()


def smoothField(shape, rng, device, knots=4):
    """A smooth random field between about -1 and 1 over the shape (k, j, i)."""
    coarse = torch.as_tensor(rng.uniform(-1, 1, (1, 1, knots, knots, knots)).astype(np.float32), device=device)
    return torch.nn.functional.interpolate(coarse, size=tuple(shape), mode="trilinear", align_corners=True)[0, 0]


def _readArray(path):
    return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))


def _centres(mask):
    """Some thousand places inside the mask, as crop centres."""
    found = torch.nonzero(mask)
    return found[torch.linspace(0, len(found) - 1, 4000).long()]


def _blockAndGrid(volume, centres, n, rng, *, isNative=False):
    """A block of the volume around a random place and the grid that samples an n-cube from it, turned and zoomed.

    isNative: only axes are swapped and mirrored, and the grid lies on voxels (n even).
    """
    matrix = _axisPermutation(rng)
    if not isNative:
        matrix = rotation(rng.normal(0, 0.12, 3)) @ matrix * rng.uniform(0.7, 1.35)
    centre = centres[rng.integers(len(centres))].tolist()
    reach = int(np.ceil(np.abs(matrix).sum(axis=1).max() * n / 2)) + 2
    block = volume[tuple(slice(max(c - reach, 0), c + reach) for c in centre)]
    start = [max(c - reach, 0) for c in centre]
    steps = torch.arange(n, dtype=torch.float32, device=volume.device) - (n - 1) / 2
    m = torch.as_tensor(matrix, dtype=torch.float32, device=volume.device)
    points = (
        steps[:, None, None, None] * m[:, 0]
        + steps[None, :, None, None] * m[:, 1]
        + steps[None, None, :, None] * m[:, 2]
    )
    offset = 0.5 if isNative else 0.0
    local = torch.tensor([c - s + offset for c, s in zip(centre, start, strict=True)], device=volume.device) + points
    size = torch.tensor(block.shape, device=volume.device)
    return block, (local / (size - 1) * 2 - 1).flip(-1)[None]


def _sample(block, grid, n):
    return torch.nn.functional.grid_sample(block[None, None].float(), grid, align_corners=True)[0, 0].reshape(n, n, n)


def rotation(angles):
    """Turns by the angles (radians) about the three axes, one after the other, (3, 3)."""
    result = np.eye(3)
    for axis, angle in enumerate(angles):
        a, b = [x for x in range(3) if x != axis]
        turn = np.eye(3)
        turn[a, a] = turn[b, b] = np.cos(angle)
        turn[a, b], turn[b, a] = -np.sin(angle), np.sin(angle)
        result = result @ turn
    return result


def _axisPermutation(rng):
    return np.eye(3)[rng.permutation(3)] * rng.choice([-1, 1], 3)
