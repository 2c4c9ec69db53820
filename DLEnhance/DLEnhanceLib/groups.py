"""Small windows that look alike, gathered from around: each is drawn to what its group tells. Imports torch; lazily.

Non-local Bayes (Lebrun 2013, doi:10.1137/120874989) on windows of 4x4x4 voxels: the mean and the covariance of a group,
taken from a first estimate almost without noise, are the prior of its windows; the posterior mean of what was measured
is the better estimate. The group finds its own few patterns, so edges and folds keep what fixed cosines smooth.
"""

import itertools

import torch
from torch import nn

from .blocks import handledInTurn
from .lapped import WINDOW, noiseCorrelation

REACH, BALL = 3, 12  # voxels along an axis and squared distance at which windows are looked for
MEMBERS = 32  # of a group. More take more noise, and more of what is rare, such as a small lesion
UNIT = (16, 64, 64)  # voxels handled at once along k, j, i; multiples of WINDOW
HALO = 2 * REACH + WINDOW - 1  # voxels that a result depends on
NOISE_FLOOR = 0.03  # of the noise power, at frequencies of which a cut k-space leaves none
_STEPS = range(-REACH, REACH + 1)
SHIFTS = [shift for shift in itertools.product(_STEPS, repeat=3) if sum(s * s for s in shift) <= BALL]


def noiseOfGroups(image, noise, sigma, support, *, report=lambda: None):
    """A better estimate of the noise of an image, from a first one: all (1, 1, k, j, i) in the same units.

    sigma: SD of the noise; support: filled share of k-space, (1, 3). report() is called after each unit.
    """
    estimate = image - noise
    parts = image - magnitudeBias(estimate, sigma), estimate, sigma
    wide = [_wide(part)[0, 0] for part in parts]
    total, weights = torch.zeros_like(wide[0]), torch.zeros_like(wide[0])
    inverse = inverseCovariance(support)
    for place, sums in handledInTurn(lambda unit: _unit(wide, unit, inverse), units(image.shape[2:]), image.device):
        for whole, part in zip((total, weights), sums, strict=True):
            whole[place] += part
        report()
    inside = tuple(slice(HALO, HALO + n) for n in image.shape[2:])
    return image - total[inside] / weights[inside]


def units(shape):
    """The corners (start, stop) along k, j, i of the parts of a tile that are handled at once."""
    axes = [[(start, min(start + unit, n)) for start in range(0, n, unit)] for n, unit in zip(shape, UNIT, strict=True)]
    return list(itertools.product(*axes))


def magnitudeBias(signal, sigma):
    """About what magnitudes of noise of SD sigma lie above the signal in the mean."""
    return (signal.square() + sigma.square()).sqrt() - signal.clamp_min(0)


def inverseCovariance(support):
    """Inverse of the covariance of noise of SD 1 in a window, (64, 64); support: (1, 3)."""
    axes = noiseCorrelation(support.double(), WINDOW)[0]
    whole = torch.kron(torch.kron(axes[0], axes[1]), axes[2])
    floor = NOISE_FLOOR * torch.eye(len(whole), dtype=whole.dtype, device=whole.device)
    return torch.linalg.inv(whole + floor).to(support.dtype)


def _unit(wide, unit, inverse):
    """(place, (sum of the windows times their weights, sum of the weights)) of the groups of a unit."""
    place = tuple(slice(start + HALO - REACH, stop + HALO + REACH + WINDOW) for start, stop in unit)
    outer = tuple(slice(min(p.start, n), min(p.stop, n)) for p, n in zip(place, wide[0].shape, strict=True))
    image, estimate, sigma = (part[outer].contiguous() for part in wide)
    counts = [-(-(stop - start) // WINDOW) for start, stop in unit]
    members = _members(estimate, counts)
    steps = image.stride()
    window = _offsets(itertools.product(range(WINDOW), repeat=3), steps, image.device)
    index = (members[..., None] + window).flatten()
    shape = (*members.shape, len(window))
    measured, known = (part.flatten()[index].reshape(shape) for part in (image, estimate))
    power = sigma.flatten()[members + sum(steps) * (WINDOW // 2)].square().mean(1)[:, None, None]
    better = posterior(measured, known, power, inverse)
    weight = (1 / power).expand(shape)
    sums = [torch.zeros(image.numel(), dtype=image.dtype, device=image.device) for _ in range(2)]
    for one, values in zip(sums, (better * weight, weight), strict=True):
        one.scatter_add_(0, index, values.reshape(-1))
    return outer, [one.reshape(image.shape) for one in sums]


def _members(estimate, counts):
    """Where the windows start that look most like each reference window, (references, MEMBERS), in a flat estimate."""
    sizes = [count * WINDOW for count in counts]
    here = tuple(slice(REACH, REACH + n) for n in sizes)
    reference = estimate[here]
    distances = estimate.new_empty(len(SHIFTS), *counts)
    for distance, shift in zip(distances, SHIFTS, strict=True):
        there = tuple(slice(p.start + s, p.stop + s) for p, s in zip(here, shift, strict=True))
        difference = (estimate[there] - reference).square_()
        distance[:] = nn.functional.avg_pool3d(difference[None], WINDOW)[0]
    distances[SHIFTS.index((0, 0, 0))] = -1  # whatever else is equal, a window belongs to its own group
    nearest = distances.flatten(1).topk(MEMBERS, dim=0, largest=False).indices.T
    starts = itertools.product(*[range(REACH, REACH + n, WINDOW) for n in sizes])
    steps = estimate.stride()
    return _offsets(starts, steps, estimate.device)[:, None] + _offsets(SHIFTS, steps, estimate.device)[nearest]


def _offsets(places, steps, device):
    return torch.tensor(list(places), device=device) @ torch.tensor(steps, device=device)


def posterior(measured, known, power, inverse):
    """Mean of the windows given what was measured, (n, members, voxels); known: first estimate of them.

    power: of the noise, (n, 1, 1); inverse: of its covariance at power 1. With the m windows of a group less their mean
    as rows of Z, the covariance of the signal is C = Z'Z / (m - 1) and C (C + N)^-1 = Z' (Z N^-1 Z' + m - 1)^-1 Z N^-1,
    which needs the inverse of a matrix of m x m only.
    """
    mean = measured.mean(1, keepdim=True)
    patterns = known - known.mean(1, keepdim=True)
    weighed = patterns @ inverse
    gram = weighed @ patterns.transpose(1, 2)
    gram.diagonal(dim1=1, dim2=2).add_((MEMBERS - 1) * power[:, :, 0])
    shares = (measured - mean) @ weighed.transpose(1, 2)
    return mean + shares @ torch.cholesky_solve(patterns, torch.linalg.cholesky(gram))


def _wide(tile):
    return nn.functional.pad(tile, (HALO, HALO + WINDOW) * 3, mode="replicate")
