"""The acquisition chain (enhancement-notes 2.4) on the complex image: k-space cut, noise, zero-filling, magnitude.

Four images of one object come out: noisy (what the scanner stores), ringing (the same without noise), full (as if all
k-space of the stored grid had been filled) and clean (that under a Gaussian, without ringing). The network learns the
noise = noisy - ringing; ringing - clean and full - clean are what restoration.py is to find.
"""

import dataclasses
import math

import numpy as np
import torch

from DLEnhanceLib.restoration import CLEAN_SIGMA

from .anatomy import smoothField

SLICE_SIGMA = 0.4  # of the slice distance: profile of a 2D slice


@dataclasses.dataclass(frozen=True)
class Protocol:
    """Scan parameters. Axes are k, j, i; fractions are of the object's own k-space (its n voxels an edge).

    outFraction: stored matrix / n. support: filled share of the stored k-space, at most 1. sliceAxis: the axis of a 2D
    acquisition with a slice profile instead of a k-space cut, or None. partialFourier: share kept of partialAxis.
    sigma: noise SD of one channel relative to the tissue level; gSpread: the noise grows up to this factor in places.
    """

    outFraction: tuple[float, float, float] = (1.0, 1.0, 1.0)
    support: tuple[float, float, float] = (1.0, 1.0, 1.0)
    isElliptic: bool = False
    sliceAxis: int | None = None
    partialFourier: float = 1.0
    partialAxis: int = 1
    window: str = "none"  # none, hamming, fermi, decay (T2 along the echo train), resampled
    sigma: float = 0.05
    gSpread: float = 1.0
    channels: int = 1
    phaseCycles: float = 1.0
    isMasked: bool = False
    quantisation: float = 0.0  # step of the stored integers in tissue levels; 0 for none


@dataclasses.dataclass(frozen=True)
class Scan:
    """Everything about a scanned object that does not depend on the noise draw. All (k, j, i) on the stored grid.

    measured, full and clean are complex and without noise: k-space as it was filled, all of it, that under a Gaussian.
    """

    protocol: Protocol
    measured: torch.Tensor
    full: torch.Tensor
    clean: torch.Tensor
    transfer: torch.Tensor  # k-space filter seen by the noise, FFT order
    gMap: torch.Tensor
    coverage: torch.Tensor  # of lesions, 0 to 1
    artefact: torch.Tensor  # complex: spikes, added to all images alike
    mask: torch.Tensor

    @property
    def support(self):
        return self.protocol.support


def scan(image, coverage, protocol: Protocol, rng) -> Scan:
    """Scans image (k, j, i), tissue near 1. Its sizes and their products with outFraction must be even."""
    shape, device = image.shape, image.device
    sizes = [2 * round(n * f / 2) for n, f in zip(shape, protocol.outFraction, strict=True)]
    phase = smoothField(image.shape, rng, device, knots=4) * (math.pi * protocol.phaseCycles)
    spectrum = torch.fft.fftshift(torch.fft.fftn(torch.polar(image, phase)))
    profiles = [_axisProfiles(axis, shape[axis], m, protocol) for axis, m in enumerate(sizes)]
    transfer = _separable([p.cut for p in profiles], device)
    if protocol.isElliptic:
        transfer = transfer * _ellipse(sizes, protocol, device)
    isSlice = [axis == protocol.sliceAxis for axis in range(3)]
    kept = spectrum
    for axis, m in enumerate(sizes):
        if isSlice[axis]:
            kept = _fold(kept * _along(profiles[axis].across, axis, device), axis, m)
        else:
            kept = _crop(kept, axis, m)
    whole = kept * _separable([p.full for p in profiles], device)
    smoothed = whole * _separable([p.smooth for p in profiles], device)
    measured, full, clean = (_toImage(part, shape) for part in (kept * transfer, whole, smoothed))
    small = torch.nn.functional.interpolate(coverage[None, None], size=tuple(sizes), mode="trilinear")[0, 0]
    mask = torch.ones(sizes, device=device)
    if protocol.isMasked:
        outline = _sampled(spectrum, [p.outline for p in profiles], sizes)
        mask = torch.nn.functional.max_pool3d((outline > 0.1).float()[None, None], 5, 1, 2)[0, 0]
    return Scan(
        protocol=protocol,
        measured=measured,
        full=full,
        clean=clean,
        transfer=torch.fft.ifftshift(transfer),
        gMap=_gMap(sizes, protocol, rng, device),
        coverage=small,
        artefact=_spikes(sizes, rng, device) if rng.random() < 0.05 else torch.zeros((), dtype=torch.complex64),
        mask=mask,
    )


def addNoise(scanned: Scan, sigma, generator):
    """One noise draw: (noisy, ringing, clean, full, sigma map), each (k, j, i) float32.

    Complex white noise is multiplied by the g-map and passed through the same k-space filter as the signal: it is
    correlated where the scanner's would be. Its SD is corrected so that the map is the SD that ends up in a voxel.
    """
    shape, device = scanned.measured.shape, scanned.measured.device
    white = torch.view_as_complex(torch.randn(*shape, 2, generator=generator, device=device))
    power = scanned.transfer.square().mean().sqrt()
    filtered = torch.fft.ifftn(torch.fft.fftn(white * scanned.gMap) * scanned.transfer)
    signal = scanned.measured + scanned.artefact
    noisy = (signal + filtered * (sigma / power)).abs()
    for _ in range(scanned.protocol.channels - 1):  # the other channels of a root sum of squares hold noise only
        other = torch.randn(*shape, 2, generator=generator, device=device) * (sigma * scanned.gMap)[..., None]
        noisy = (noisy.square() + other.square().sum(-1)).sqrt()
    ringing, clean, full = (_withArtefact(x, scanned) for x in (scanned.measured, scanned.clean, scanned.full))
    if scanned.protocol.quantisation:
        noisy = torch.round(noisy / scanned.protocol.quantisation) * scanned.protocol.quantisation
    return noisy * scanned.mask, ringing, clean, full, scanned.gMap * sigma


def _withArtefact(image, scanned):
    return (image + scanned.artefact).abs() * scanned.mask


@dataclasses.dataclass(frozen=True)
class _Profile:
    """Filters along one axis, on the stored grid's k-space: cut (as measured), full (all of it), smooth (from full to
    clean); on the object's: outline (of the image that tells head from air), across (profile of a 2D slice, or None).
    """

    cut: np.ndarray
    full: np.ndarray
    smooth: np.ndarray
    outline: np.ndarray
    across: np.ndarray | None = None


def _axisProfiles(axis, n, m, protocol: Protocol):
    fine = (np.arange(n) - n // 2) / n
    if axis == protocol.sliceAxis:
        profile = _gaussian(fine, SLICE_SIGMA * n / m)
        return _Profile(np.ones(m), np.ones(m), np.ones(m), profile, profile)
    k = np.arange(m) - m // 2
    half = protocol.support[axis] * m / 2
    cut = (np.abs(k) <= half - 0.5 + 1e-9 if protocol.support[axis] < 1 else np.abs(k) <= half).astype(float)
    # beyond the filled part the window stays at its edge: what it filters to nothing does not ring, nothing is missing
    full = _window(np.clip(k / half, -1, 1), protocol.window)
    cut *= full
    if axis == protocol.partialAxis and protocol.partialFourier < 1:
        cut *= k < half * (2 * protocol.partialFourier - 1)
    smooth = _gaussian(k / m, CLEAN_SIGMA / protocol.support[axis])
    isWhole = m == n and np.all(cut == 1)
    # as sharp as measured: in the object's voxels, the acquired one, which a window widens by the mean of the window
    outline = np.ones(n) if isWhole else _gaussian(fine, CLEAN_SIGMA * n / max(cut.sum(), 1.0))
    return _Profile(cut, full, smooth, outline)


def _window(u, kind):
    """Filters along an axis at u = k / kmax."""
    u = np.abs(u)
    if kind == "hamming":
        return 0.54 + 0.46 * np.cos(np.pi * np.minimum(u, 1))
    if kind == "fermi":
        return 1 / (1 + np.exp((u - 0.9) / 0.06))
    if kind == "decay":
        return np.exp(-0.9 * u)
    if kind == "resampled":
        return np.cos(np.pi * np.minimum(u, 1) * 0.35)
    return np.ones_like(u)


def _gaussian(frequency, sigma):
    return np.exp(-2 * (np.pi * sigma * frequency) ** 2)


def _along(values, axis, device):
    shape = [-1 if a == axis else 1 for a in range(3)]
    return torch.as_tensor(np.asarray(values, np.float32), device=device).reshape(shape)


def _separable(profiles, device):
    x, y, z = (_along(p, axis, device) for axis, p in enumerate(profiles))
    return x * y * z


def _ellipse(sizes, protocol, device):
    """Corners of k-space left out in two axes (never the slice axis)."""
    axes = [axis for axis in range(3) if axis != protocol.sliceAxis][:2]
    radius = 0
    for axis in axes:
        k = np.arange(sizes[axis]) - sizes[axis] // 2
        radius = radius + _along((k / (protocol.support[axis] * sizes[axis] / 2)) ** 2, axis, device)
    return (radius <= 1).float()


def _crop(spectrum, axis, m):
    start = (spectrum.shape[axis] - m) // 2
    return spectrum.narrow(axis, start, m)


def _fold(spectrum, axis, m):
    """The spectrum of the image sampled at m places: exact, frequencies beyond the new limit fold back."""
    n = spectrum.shape[axis]
    if n == m:
        return spectrum
    target = torch.as_tensor((np.arange(n) - n // 2 + m // 2) % m, device=spectrum.device)
    shape = list(spectrum.shape)
    shape[axis] = m
    return torch.zeros(shape, dtype=spectrum.dtype, device=spectrum.device).index_add_(axis, target, spectrum)


def _toImage(spectrum, objectShape):
    scale = float(np.prod(spectrum.shape)) / float(np.prod(objectShape))
    return torch.fft.ifftn(torch.fft.ifftshift(spectrum)) * scale


def _sampled(spectrum, filters, sizes):
    for axis, (values, m) in enumerate(zip(filters, sizes, strict=True)):
        spectrum = _fold(spectrum * _along(values, axis, spectrum.device), axis, m)
    return _toImage(spectrum, [len(values) for values in filters]).abs()


def _gMap(sizes, protocol, rng, device):
    if protocol.gSpread <= 1:
        return torch.ones(sizes, device=device)
    field = smoothField(sizes, rng, device, knots=3)
    return torch.exp(field * math.log(protocol.gSpread) / 2)


def _spikes(sizes, rng, device):
    """A spurious k-space sample: a stripe pattern that enhancement must leave alone."""
    wave = 0
    for axis, size in enumerate(sizes):
        steps = np.arange(size) / size * rng.integers(-size // 3, size // 3)
        wave = wave + _along(steps, axis, device)
    return torch.polar(torch.full_like(wave, float(rng.uniform(0.005, 0.04))), wave * (2 * math.pi))
