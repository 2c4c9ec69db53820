"""Small windows that look alike, gathered from around: each is drawn to what its group tells. Imports torch; lazily.

Non-local Bayes (Lebrun 2013, doi:10.1137/120874989) on windows of 4x4x4 voxels: the mean and the covariance of a group,
taken from a first estimate almost without noise, are the prior of its windows; the posterior mean of what was measured
is the better estimate. The group finds its own few patterns, so edges and folds keep what fixed cosines smooth.
"""

import itertools

import numpy as np
import torch
from torch import nn

from .blocks import around, handledInTurn, layersAtOnce, shiftsWithin, wantedBoxes
from .lapped import WINDOW, noiseCorrelation

REACH, BALL = 3, 9  # voxels along an axis and squared distance at which windows are looked for
MEMBERS = 32  # of a group. More take more noise, and more of what is rare, such as a small lesion
# Members nearly as unlike as the first that is left out count less, down to nothing, over this share of its distance:
# else rounding would decide who belongs to a group, and voxels would move by 0.2 % of tissue when the scale changes.
RIM = 0.05
TIE = 1e-6  # of the noise power: distances that differ by less are equal, as where an estimate is flat
UNIT = (16, 128, 128)  # voxels handled at once along k, j, i; multiples of WINDOW
AT_ONCE = 128  # groups: few enough for the processor's cache
HALO = 2 * REACH + WINDOW - 1  # voxels that a result depends on
NOISE_FLOOR = 0.03  # of the noise power, at frequencies of which a cut k-space leaves none
SHIFTS = shiftsWithin(REACH, BALL)


def noiseOfGroups(image, noise, sigma, support, *, cells=None, report=lambda: None):
    """A better estimate of the noise of an image, from a first one: all (1, 1, k, j, i) in the same units.

    sigma: SD of the noise; support: filled share of k-space, (1, 3); cells: where the result is wanted, see
    blocks.wantedBoxes. What no group holds keeps the first estimate. report() is called after each unit.
    """
    estimate = image - noise
    parts = image - magnitudeBias(estimate, sigma), estimate, sigma
    wide = [_wide(part)[0, 0] for part in parts]
    total, weights = torch.zeros_like(wide[0]), torch.zeros_like(wide[0])
    inverse, chosen = inverseCovariance(support), references(cells)
    handled = handledInTurn(
        lambda unit: _unit(wide, unit, chosen, inverse), units(image.shape[2:], cells), image.device
    )
    for place, sums in handled:
        for whole, part in zip((total, weights), sums, strict=True):
            whole[place] += part
        report()
    inside = tuple(slice(HALO, HALO + n) for n in image.shape[2:])
    total, weights = total[inside], weights[inside]
    return torch.where(weights > 0, image - total / weights, noise)


def references(cells):
    """The cells whose windows have groups that reach the wanted cells; each reference window is a cell."""
    return around(cells, REACH)


def seen(cells):
    """The cells whose estimate counts for the wanted ones."""
    return around(references(cells), REACH)


def units(shape, cells=None):
    """The boxes, as pairs of start and stop along k, j, i, of the parts of a tile that are handled at once."""
    return wantedBoxes(shape, UNIT, references(cells))


def magnitudeBias(signal, sigma):
    """About what magnitudes of noise of SD sigma lie above the signal in the mean."""
    return (signal.square() + sigma.square()).sqrt() - signal.clamp_min(0)


def inverseCovariance(support):
    """Inverse of the covariance of noise of SD 1 in a window, (64, 64), a number where it is white; support: (1, 3)."""
    if bool((support == 1).all()):
        return torch.full_like(support[0, 0], 1 / (1 + NOISE_FLOOR))
    axes = noiseCorrelation(support.double(), WINDOW)[0]
    whole = torch.kron(torch.kron(axes[0], axes[1]), axes[2])
    floor = NOISE_FLOOR * torch.eye(len(whole), dtype=whole.dtype, device=whole.device)
    return torch.linalg.inv(whole + floor).to(support.dtype)


def _unit(wide, unit, chosen, inverse):
    """(place, (sum of the windows times their weights, sum of the weights)) of the groups of a unit."""
    place = tuple(slice(start + HALO - REACH, stop + HALO + REACH + WINDOW) for start, stop in unit)
    outer = tuple(slice(min(p.start, n), min(p.stop, n)) for p, n in zip(place, wide[0].shape, strict=True))
    image, estimate, sigma = (part[outer].contiguous() for part in wide)
    counts = [-(-(stop - start) // WINDOW) for start, stop in unit]
    if chosen is not None:
        first = [start // WINDOW for start, _ in unit]
        chosen = chosen[tuple(slice(f, f + n) for f, n in zip(first, counts, strict=True))]
        chosen = torch.from_numpy(np.flatnonzero(chosen)).to(image.device)
    steps = image.stride()
    middles = sigma.square().flatten()[sum(steps) * (WINDOW // 2) :]
    members, shares = _members(estimate, middles, counts, chosen)
    power = middles[members].mean(1, keepdim=True)
    window = _offsets(itertools.product(range(WINDOW), repeat=3), steps, image.device)
    total, weights = torch.zeros_like(image), torch.zeros_like(image)
    together = (part.split(layersAtOnce(members, AT_ONCE, 0)) for part in (members, shares, power))
    for some, share, at in zip(*together, strict=True):
        index = (some[..., None] + window).flatten()
        parts = (part.flatten().index_select(0, index).reshape(*some.shape, -1) for part in (image, estimate))
        better = posterior(*parts, share, at, inverse).mul_((share / at)[..., None])
        total.flatten().scatter_add_(0, index, better.flatten())
    weights.flatten().scatter_add_(0, members.flatten(), (shares / power).flatten())
    return outer, [total, _overWindows(weights)]


def _overWindows(starts):
    """What stands where windows start, (k, j, i), at all voxels of these windows."""
    for axis, n in enumerate(starts.shape):
        before = nn.functional.pad(starts, [0, 0] * (2 - axis) + [WINDOW - 1, 0])
        starts = sum(before.narrow(axis, start, n) for start in range(WINDOW))
    return starts


def _members(estimate, power, counts, chosen):
    """Where the windows start that look most like each reference window, and the share 0 to 1 by which they belong.

    Both (references, MEMBERS), in a flat estimate; power: of the noise amid the window that starts at a voxel, flat;
    chosen: numbers of the reference windows, None for all.
    """
    sizes = [count * WINDOW for count in counts]
    here = tuple(slice(REACH, REACH + n) for n in sizes)
    reference = estimate[here]
    distances, difference = estimate.new_empty(len(SHIFTS), *counts), torch.empty_like(reference)
    for distance, shift in zip(distances, SHIFTS, strict=True):
        there = tuple(slice(p.start + s, p.stop + s) for p, s in zip(here, shift, strict=True))
        torch.sub(estimate[there], reference, out=difference).square_()
        distance[:] = nn.functional.avg_pool3d(difference[None], WINDOW)[0]
    distances[SHIFTS.index((0, 0, 0))] = -1  # whatever else is equal, a window belongs to its own group
    steps = estimate.stride()
    starts = _offsets(itertools.product(*[range(REACH, REACH + n, WINDOW) for n in sizes]), steps, estimate.device)
    distances = distances.flatten(1)
    if chosen is not None:
        distances, starts = distances[:, chosen], starts[chosen]
    nearest = distances.topk(MEMBERS + 1, dim=0, largest=False)
    near, limit = nearest.values[:-1], nearest.values[-1]
    tie = TIE * power[starts]
    shares = (limit - near).add_(tie).div_(RIM * limit + tie).clamp_(0, 1)
    return starts[:, None] + _offsets(SHIFTS, steps, estimate.device)[nearest.indices[:-1].T], shares.T.contiguous()


def _offsets(places, steps, device):
    return torch.tensor(list(places), device=device) @ torch.tensor(steps, device=device)


def posterior(measured, known, shares, power, inverse):
    """Mean of the windows given what was measured, (n, members, voxels); known: first estimate of them.

    shares: 0 to 1, by which each belongs to its group, (n, members); power: of the noise, (n, 1); inverse: of its
    covariance at power 1. With the windows of a group less their mean, times the roots of their shares, as rows of Z,
    the covariance of the signal is C = Z'Z / m, where m is the sum of the shares less 1, and C (C + N)^-1 =
    Z' (Z N^-1 Z' + m)^-1 Z N^-1, which needs the inverse of a matrix of the members only, half the voxels of a window.
    """
    count = shares.sum(1)[:, None, None]
    mean, expected = (shares[:, None] @ windows / count for windows in (measured, known))
    patterns = (known - expected).mul_(shares[..., None].sqrt())
    weighed = patterns @ inverse if inverse.ndim else patterns * inverse
    gram = weighed @ patterns.transpose(1, 2)
    gram.diagonal(dim1=1, dim2=2).add_((count[:, 0] - 1).clamp_min(1) * power)
    alike = weighed @ (measured - mean).transpose(1, 2)
    solved = torch.cholesky_solve(alike, torch.linalg.cholesky_ex(gram)[0])
    return torch.baddbmm(mean, solved.transpose(1, 2), patterns)


def _wide(tile):
    return nn.functional.pad(tile, (HALO, HALO + WINDOW) * 3, mode="replicate")
