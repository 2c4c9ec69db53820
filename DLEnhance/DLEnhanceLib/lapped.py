"""Overlapping 4x4x4 cosine transform of MR tiles and the shrinkage estimate it gives. Imports torch; import it lazily.

Windows of 4 voxels every 2 voxels, on two lattices that lie one voxel apart on each axis: 16 windows see a voxel. The
SD of the noise in each coefficient is known, also where zero-filling made noise correlated; that decides what is noise
(Yaroslavsky 2001; for MR Manjon 2012, doi:10.1016/j.media.2011.04.003; two steps as in Dabov 2007,
doi:10.1109/TIP.2007.901238).

Lattice 0 (A, pad 2) has size/2 + 1 windows along an axis, lattice 1 (B, pad 1) size/2; a window of B lies amid 8 of A.
Sums of whole arrays instead of convolutions give the same result to the last bit whatever the size of the tile.
"""

import math

import torch
from torch import nn

from .blocks import layersAtOnce

WINDOW, STEP = 4, 2
LAYERS = 2  # of windows
COEFFICIENTS = WINDOW**3
PADS = (2, 1)  # voxels before and behind a tile; the lattices A and B
HARD_THRESHOLD = 3.0  # in SD of the coefficient; 2.7, usual in block matching, lets more noise through to the groups
RAMP = 0.1  # SD over which the threshold sets in: at a step rounding would decide what a coefficient is
MOST_REMOVED = 4.0  # SD of the coefficient: whatever a network asks for, the result stays within noise of the scan
GAIN_FLOOR = 0.05  # of the power ratio: what the first estimate gives up must be able to come back
LONG, SHORT = math.cos(math.pi / 8) / math.sqrt(2), math.sin(math.pi / 8) / math.sqrt(2)  # of the odd cosines of 4
HALF = 0.5  # factor of the even cosines of 4; left out along each axis, so taken care of once, without rounding
SD_FLOOR = 0.02  # of a coefficient that a cut k-space leaves nearly without noise


def cosineMatrix():
    """The orthonormal DCT-II of 4 samples, rows are functions, (4, 4)."""
    n = torch.arange(WINDOW, dtype=torch.float64)
    rows = torch.cos(math.pi / WINDOW * (n + 0.5) * n[:, None]) * math.sqrt(2 / WINDOW)
    rows[0] /= math.sqrt(2)
    return rows.float()


def noiseCorrelation(support, count):
    """Autocorrelation of noise whose k-space is filled to the share support, sinc(support * lag), between count voxels.

    (batch, 3) -> (batch, 3, count, count).
    """
    n = torch.arange(count).to(support)
    return torch.sinc(support[:, :, None, None] * (n[:, None] - n))


def noiseCovariance(first, second, support):
    """Of two sums of noise of SD 1, weighted by first and second (count,) along each axis: (batch, 3) -> (batch,)."""
    correlation = noiseCorrelation(support, len(first))
    return torch.einsum("m,bxmn,n->bx", first, correlation, second).prod(1)


def coefficientSd(support):
    """SD of each coefficient for noise of SD 1, k-space filled to the share support: (batch, 3) -> (batch, 64)."""
    cosines, correlation = cosineMatrix().to(support), noiseCorrelation(support, WINDOW)
    sd = torch.einsum("am,bxmn,an->bxa", cosines, correlation, cosines).clamp_min(1e-6).sqrt()
    product = torch.einsum("ba,bc,bd->bacd", sd[:, 0], sd[:, 1], sd[:, 2])
    return product.reshape(-1, COEFFICIENTS).clamp_min(SD_FLOOR)


def analyse(tile, lattice):
    """(batch, 64, ...) coefficients of the windows of a lattice (0: A, 1: B); the k axis counts slowest."""
    return analysed(padded(tile, lattice))


def padded(tile, lattice):
    """The tile with as much around as the windows of a lattice reach beyond it, ready for analysed."""
    return nn.functional.pad(HALF**3 * tile, (PADS[lattice],) * 6, mode="replicate")


def inLayers(windows, work):
    """What work(place) gives for a few layers of windows at a time, which fit the processor's cache, joined along k.

    windows: (batch, channels, k, j, i), one value a window; place: the slice of its k axis. work gives several tensors.
    """
    layers, count = layersAtOnce(windows, LAYERS), windows.shape[2]
    done = [work(slice(start, min(start + layers, count))) for start in range(0, count, layers)]
    return [torch.cat(each, 2) for each in zip(*done, strict=True)]


def analysedAt(tile, place):
    """The coefficients of the layers of windows at a slice of the k axis of a tile from padded."""
    return analysed(tile[:, :, STEP * place.start : STEP * (place.stop - 1) + WINDOW])


def analysed(tile):
    for axis in (4, 3, 2):
        tile = _cosines(tile, axis)
    return tile


def synthesise(coefficients, lattice):
    """Sum of the windows, cut to the tile."""
    return _joined(planes(coefficients), lattice)


def planes(coefficients):
    """The windows (batch, 64, k, j, i) summed along j and i, still four coefficients along k: (batch, 4, k, j, i)."""
    rows = coefficients.unflatten(1, (WINDOW, WINDOW, WINDOW))
    columns = _overlapped(rows.unbind(2), -2)
    return _overlapped(columns.unbind(2), -1)


def _joined(layers, lattice):
    return HALF**3 * _cut(_overlapped(layers.split(1, 1), -3), lattice)


def merge(shrunk):
    """The tile from (planes of the coefficients times weight, weight) of the shrunk windows of lattices A and B."""
    whole, total = 0, 0
    for lattice, (weighted, weight) in enumerate(shrunk):
        whole, total = whole + _joined(weighted, lattice), total + spread(weight, lattice)
    return whole / total


def drawnTo(expected, inSd, gains, measured, sd):
    """Coefficients (batch, 64, ...) drawn to what is expected of them, by no more than noise explains; the mean stays.

    expected and inSd: what is expected and what was measured, in sd, and gains: of all but the mean (batch, 63, ...).
    A gain of 1 leaves the measured value, 0 gives the expected one. measured is overwritten.
    """
    removed = ((1 - gains) * (inSd - expected)).clamp(-MOST_REMOVED, MOST_REMOVED)
    measured[:, 1:].addcmul_(removed, sd[:, 1:], value=-1)
    return measured


def both(tile):
    """The coefficients of both lattices."""
    return [analyse(tile, lattice) for lattice in (0, 1)]


def firstEstimate(tile, sigma, support):
    """The tile (batch, 1, k, j, i) without the coefficients that noise explains; in SD, alike all over."""
    sd, inSd = coefficientSd(support)[:, :, None, None, None], tile / sigma
    return sigma * merge(_hardShrunk(inSd, sd, lattice) for lattice in (0, 1))  # in turn: less in the cache


def _hardShrunk(tile, sd, lattice):
    """(planes of the coefficients that noise does not explain times their weight, weight)."""
    tile = padded(tile, lattice)

    def work(place):
        coefficients = analysedAt(tile, place)
        gains = hardGains(coefficients, sd)
        weight = windowWeight(gains, sd)
        return planes(coefficients.mul_(gains.mul_(weight))), weight

    return inLayers(tile[:, :, : 1 - WINDOW : STEP], work)


def wiener(tile, sigma, support):
    """The tile (batch, 1, k, j, i) without noise by the fixed filter alone; sigma likewise, support (batch, 3)."""
    first, sd = firstEstimate(tile, sigma, support), coefficientSd(support)[:, :, None, None, None]

    def shrunk(lattice):
        measured, estimate, mean = analyse(tile, lattice), analyse(first, lattice), windowMean(sigma, lattice)
        inSd, estimate = ((x / (mean * sd))[:, 1:] for x in (measured, estimate))
        gains = wienerGains(estimate)
        weight = windowWeight(gains, sd) / mean.square()
        return planes(drawnTo(0.0, inSd, gains, measured, mean * sd) * weight), weight

    return merge(shrunk(lattice) for lattice in (0, 1))


def spread(weight, lattice):
    """Sum over the windows that see a voxel of a weight (batch, 1, ...) per window."""
    for axis in (-3, -2, -1):
        weight = _atBothEnds(weight, weight, axis).repeat_interleave(STEP, axis)
    return _cut(weight, lattice)


def _cosines(windows, axis):
    """The four coefficients over HALF along an axis of all windows of 4 that start at every second place."""
    even, odd = windows.unflatten(axis, (-1, STEP)).unbind(axis + 1)
    if axis == windows.ndim - 1:
        even, odd = even.contiguous(), odd.contiguous()  # arithmetic on rows with gaps is several times slower
    n = even.shape[axis] - 1
    x0, x1, x2, x3 = (part.narrow(axis, first, n) for first in (0, 1) for part in (even, odd))
    outer, inner, rise, step = x0 + x3, x1 + x2, x0 - x3, x1 - x2
    into = whole = None
    if not torch.is_grad_enabled():  # gradients do not pass what is written in place
        whole = outer.new_empty((len(outer), WINDOW * outer.shape[1], *outer.shape[2:]))
        into = whole.chunk(WINDOW, 1)
    done = [
        torch.add(outer, inner, out=into and into[0]),
        torch.add(LONG / HALF * rise, step, alpha=SHORT / HALF, out=into and into[1]),
        torch.sub(outer, inner, out=into and into[2]),
        torch.sub(SHORT / HALF * rise, step, alpha=LONG / HALF, out=into and into[3]),
    ]
    return torch.cat(done, 1) if whole is None else whole


def _overlapped(parts, axis):
    """Windows of 4 over HALF from their coefficients along an axis (-3, -2, -1), summed where they overlap."""
    mean, slope, bend, wave = parts
    even, odd = mean + bend, mean - bend
    rise = torch.add(LONG / HALF * slope, wave, alpha=SHORT / HALF)
    step = torch.sub(SHORT / HALF * slope, wave, alpha=LONG / HALF)
    pairs = _atBothEnds(even + rise, odd - step, axis), _atBothEnds(odd + step, even - rise, axis)
    return torch.stack(pairs, axis).flatten(axis - 1, axis)


def _atBothEnds(first, second, axis):
    """Window m adds first to the m-th pair of voxels along an axis and second to the pair after it."""
    n = first.shape[axis] - 1
    between = first.narrow(axis, 1, n) + second.narrow(axis, 0, n)
    return torch.cat([first.narrow(axis, 0, 1), between, second.narrow(axis, n, 1)], axis)


def _cut(padded, lattice):
    pad = PADS[lattice]
    return padded[..., pad:-pad, pad:-pad, pad:-pad]


def windowMean(tile, lattice):
    """Mean of the windows of a lattice, (batch, 1, ...)."""
    mean = nn.functional.pad(tile / COEFFICIENTS, (PADS[lattice],) * 6, mode="replicate")
    for axis in (4, 3, 2):  # faster than a pooling over the cube
        pairs = mean.unflatten(axis, (-1, STEP)).sum(axis + 1)
        mean = pairs.narrow(axis, 0, pairs.shape[axis] - 1) + pairs.narrow(axis, 1, pairs.shape[axis] - 1)
    return mean


def toCells(tile):
    """(b, 1, k, j, i) -> (b, 8, k/2, j/2, i/2)."""
    batch, _, k, j, i = tile.shape
    cells = tile.reshape(batch, k // 2, 2, j // 2, 2, i // 2, 2).permute(0, 2, 4, 6, 1, 3, 5)
    return cells.reshape(batch, STEP**3, k // 2, j // 2, i // 2)


def fromCells(cells):
    """(b, 8, k, j, i) -> (b, 1, 2k, 2j, 2i)."""
    batch, _, k, j, i = cells.shape
    tile = cells.reshape(batch, 2, 2, 2, k, j, i).permute(0, 4, 1, 5, 2, 6, 3)
    return tile.reshape(batch, 1, 2 * k, 2 * j, 2 * i)


def hardGains(coefficients, sd):
    """1 for a coefficient that noise does not explain, 0 for one that it does; the mean of a window is kept."""
    gains = coefficients.abs().mul_(1 / (RAMP * sd)).sub_(HARD_THRESHOLD / RAMP - 0.5).clamp_(0, 1)
    gains[:, 0] = 1
    return gains


def wienerGains(inSd, correction=0.0):
    """Gains 0 to 1 of coefficients whose first estimate is known in SD; without a correction Wiener's."""
    return torch.sigmoid((inSd.square() + GAIN_FLOOR).log_() + correction)


def windowWeight(gains, coefficientSd):
    """Windows count by the inverse of the noise that is left in them at SD 1, (batch, 1, ...).

    gains: of all coefficients or of all but the mean, which is kept.
    """
    kept = COEFFICIENTS - gains.shape[1]
    power, rest = (gains * coefficientSd[:, kept:]).square_(), coefficientSd[:, :kept].square().sum(1, keepdim=True)
    while (count := power.shape[1]) > 1:  # in a fixed order, unlike sum()
        if count % 2:
            rest = rest + power[:, -1:]
        power = power[:, : count // 2] + power[:, count // 2 : count // 2 * 2]
    return 1 / (power + rest)
