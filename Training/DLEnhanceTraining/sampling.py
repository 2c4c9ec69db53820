"""Endless random training samples: objects, protocols, artefacts, and a pool that reuses scans with fresh noise."""

import dataclasses

import numpy as np
import torch

from DLEnhanceLib.network import conditionVector

from .acquisition import Protocol, addNoise, scan
from .anatomy import Crop, smoothField
from .pathology import addPathology

OBJECT_SIZE = 64
SIGMA_ERROR = (0.0, 0.12)  # mean and SD of log(estimated / true sigma): surveyBenchmark.py
MARGIN = 8  # at the rim of the cube the object fades out; those voxels are not learned from


@dataclasses.dataclass(frozen=True)
class Sample:
    """What one training step sees, and what restoration is judged by; volumes (1, 1, k, j, i), conditions (1, 6)."""

    noisy: torch.Tensor
    sigmaGiven: torch.Tensor
    conditions: torch.Tensor
    ringing: torch.Tensor
    clean: torch.Tensor
    full: torch.Tensor
    sigma: torch.Tensor
    weight: torch.Tensor
    window: str  # of the protocol


def randomProtocol(rng) -> Protocol:
    """A protocol as clinical brain series have them; notes 2.4 for the ranges."""
    isSliced = rng.random() < 0.25
    sliceAxis = int(rng.integers(3)) if isSliced else None
    zeroFill = rng.random() < 0.55
    # below 1 the object has detail beyond the stored matrix, so that a full k-space rings too, as in a real scan
    out = [1.0 if rng.random() < 0.2 else float(rng.uniform(0.6, 0.87))] * 3
    support = [float(rng.uniform(0.5, 1.0)) if zeroFill and rng.random() < 0.75 else 1.0 for _ in range(3)]
    if isSliced:
        out[sliceAxis] = 1 / rng.integers(2, 6)
        support[sliceAxis] = 1.0
    out = [4 * round(f * OBJECT_SIZE / 4) / OBJECT_SIZE for f in out]
    return Protocol(
        outFraction=tuple(out),
        support=tuple(support),
        isElliptic=bool(zeroFill and rng.random() < 0.4),
        sliceAxis=sliceAxis,
        partialFourier=float(rng.uniform(0.7, 0.9)) if rng.random() < 0.12 else 1.0,
        partialAxis=int(rng.choice([a for a in range(3) if a != sliceAxis])),
        window=str(rng.choice(["none", "hamming", "fermi", "decay", "resampled"], p=[0.66, 0.06, 0.1, 0.1, 0.08])),
        gSpread=float(rng.uniform(1.3, 4.0)) if rng.random() < 0.4 else 1.0,
        channels=int(rng.choice([1, 2, 4], p=[0.92, 0.05, 0.03])),
        phaseCycles=float(rng.uniform(0, 3)),
        isMasked=bool(rng.random() < 0.15),
        quantisation=float(1 / rng.uniform(100, 2000)) if rng.random() < 0.3 else 0.0,
    )


def randomSigma(rng):
    """0.5 to 12 % of tissue, log-uniform; one in ten nearly clean."""
    return float(0.001 if rng.random() < 0.1 else np.exp(rng.uniform(np.log(0.004), np.log(0.12))))


def randomScan(source, rng):
    crop = source.draw(OBJECT_SIZE, rng)
    if rng.random() < 0.02:  # nothing but noise
        crop = Crop(torch.zeros_like(crop.image), crop.tissue)
    coverage = addPathology(crop, rng)
    image = crop.image * torch.exp(smoothField(crop.image.shape, rng, crop.image.device) * float(rng.uniform(0, 0.25)))
    image = addGhost(image, rng) * _fade(OBJECT_SIZE, image.device)
    return scan(image, coverage, randomProtocol(rng), rng)


def addGhost(image, rng):
    """Motion and pulsation ghosts belong to the object: they must pass through unchanged (Park 2025)."""
    if rng.random() > 0.12:
        return image
    axis, shift = int(rng.integers(3)), int(rng.integers(5, OBJECT_SIZE // 2))
    return image + float(rng.uniform(0.01, 0.08)) * torch.roll(image, shift, axis)


def _fade(n, device):
    """1 inside, falling to 0 over the margin, so that the periodic FFT sees no jump."""
    ramp = torch.arange(n, device=device)
    ramp = (torch.minimum(ramp, n - 1 - ramp).float() / (MARGIN - 1)).clamp(0, 1)
    ramp = 0.5 - 0.5 * torch.cos(torch.pi * ramp)
    return ramp[:, None, None] * ramp[None, :, None] * ramp[None, None, :]


def makeSample(scanned, rng) -> Sample:
    """Fresh noise on a scan, random flips, margins cut; the noise map given errs as the survey does."""
    device = scanned.measured.device
    generator = torch.Generator(device=device).manual_seed(int(rng.integers(2**62)))
    sigma = randomSigma(rng)
    images = addNoise(scanned, sigma, generator)
    flips = [axis for axis in range(3) if rng.random() < 0.5]
    order = [int(a) for a in rng.permutation(3)]
    cut = tuple(
        _inner(size, fraction) for size, fraction in zip(scanned.gMap.shape, scanned.protocol.outFraction, strict=True)
    )

    def prepare(x):
        return x[cut].flip(flips).permute(order).contiguous()[None, None].float()

    noisy, ringing, clean, full, sigmaMap = (prepare(x) for x in images)
    conditions = conditionVector(
        [scanned.support[a] for a in order], [1 / scanned.protocol.outFraction[a] for a in order]
    )[None].to(device)
    # the weight of lesions and of two voxels around them: what keeps 3-mm lesions from being read as noise
    near = torch.nn.functional.max_pool3d(prepare(scanned.coverage), 5, 1, 2)
    return Sample(
        noisy=noisy,
        sigmaGiven=sigmaMap * float(np.exp(rng.normal(*SIGMA_ERROR))),
        conditions=conditions,
        ringing=ringing,
        clean=clean,
        full=full,
        sigma=sigmaMap,
        weight=1 + 8 * near,
        window=scanned.protocol.window,
    )


def _inner(size, fraction):
    """Inside the margin, a multiple of 4 voxels long."""
    margin = int(np.ceil(MARGIN * fraction))
    length = (size - 2 * margin) // 4 * 4
    start = (size - length) // 2
    return slice(start, start + length)


class Pool:
    """Scans reused with fresh noise: simulating is dearer than training, so each scan serves several draws."""

    def __init__(self, source, rng, *, size=96, renewal=0.3):
        self._source, self._rng, self._size, self._renewal, self._scans = source, rng, size, renewal, []

    def draw(self) -> Sample:
        rng = self._rng
        if len(self._scans) < self._size:
            self._scans.append(randomScan(self._source, rng))
            return makeSample(self._scans[-1], rng)
        which = rng.integers(self._size)
        if rng.random() < self._renewal:
            self._scans[which] = randomScan(self._source, rng)
        return makeSample(self._scans[which], rng)
