"""What a zero-filled image lacks: k-space beyond the cut, from the image itself. Imports torch; import it lazily.

Truncation ringing is what is missing there. Edges are sparse, rings are not: the image that has the measured k-space
and is sparsest in 4x4x4 cosine windows and in its gradient continues the spectrum (Guleryuz 2006,
doi:10.1109/TIP.2005.863057; with total variation Block 2008, doi:10.1007/s11263-008-0142-8). Nothing is trained, and
the filled part of k-space stays as it was measured.
"""

import numpy as np
import torch
from scipy.fft import next_fast_len

from .blocks import handledInTurn, layersAtOnce
from .sparseCosines import withoutSmallCosines

HIGHEST, LOWEST = 0.6, 0.03  # threshold of a cosine coefficient, of the tissue level: strong edges first, then fine
ROUNDS, COSINE_EVERY = 12, 3  # the two priors take turns; a round of cosines costs four of total variation
VARIATION = 1 / 6  # weight of the total variation relative to the threshold: both flatten about as much
STEPS, STEP_LENGTH = 3, 1 / 6  # of the total variation's dual; it need not converge, the next round goes on
SLAB, FOURIER_LAYERS = 32, 4  # layers that a core handles at once
SUPPORT_ERROR = 0.01  # of Nyquist that the survey may take for filled though it is empty; a gap would ring on
KERNEL_GRID, SHORTEST_REACH = 256, 4  # samples of a transfer function; voxels of its kernel on each side
RAMP = 16  # voxels over which the two ends of an axis pass into each other, since the Fourier transform is periodic


def beyondTheCut(image, support, *, rounds=ROUNDS, report=None):
    """What the empty part of k-space would have added, (k, j, i) float32 in the units of the image, tissue near 1.

    image: (k, j, i) float32 without noise; support: filled share of k-space along k, j, i, below 1 for one axis at
    least. report(fraction) is called after each round and may raise to stop.
    """
    axes = [axis for axis, share in enumerate(support) if share < 1]
    padded, inside = periodic(image, axes)
    current = padded
    for number, threshold in enumerate(np.geomspace(HIGHEST, LOWEST, rounds)):
        isCosine = number % COSINE_EVERY == COSINE_EVERY - 1
        sparse = withoutSmallCosines(current, threshold) if isCosine else flattened(current, threshold * VARIATION)
        current = sparse.sub_(measuredPart(sparse - padded, support, axes))
        if report is not None:
            report((number + 1) / rounds)
    return (current - padded)[inside]


def measuredPart(change, support, axes):
    """change (k, j, i) without the frequencies beyond the filled part of any of the axes, in place, in slabs."""
    for across, along in ((0, [axis for axis in axes if axis > 0]), (1, [axis for axis in axes if axis == 0])):
        if not along:
            continue
        isMeasured = filledPart(change.shape, support, along, change.device)
        sizes = [change.shape[axis] for axis in along]

        def work(slab, along=along, sizes=sizes, isMeasured=isMeasured):
            spectrum = torch.fft.rfftn(slab, dim=along)
            slab.copy_(torch.fft.irfftn(spectrum.mul_(isMeasured), s=sizes, dim=along))

        slabs = change.split(layersAtOnce(change, FOURIER_LAYERS, across), across)
        for _ in handledInTurn(work, slabs, change.device):
            pass
    return change


def filledPart(shape, support, axes, device):
    """1 for a frequency of rfftn over the axes in the filled part of all of them, else 0; float32."""
    result = torch.ones((), device=device)
    for axis in axes:
        frequencies = torch.fft.rfftfreq if axis == axes[-1] else torch.fft.fftfreq
        isFilled = frequencies(shape[axis], device=device).abs() <= (support[axis] - SUPPORT_ERROR) / 2
        result = result * isFilled.reshape([-1 if a == axis else 1 for a in range(3)])
    return result


def periodic(image, axes):
    """(padded, inside): image (k, j, i) that on the axes returns to its beginning, of even sizes; where the image lies.

    The others get one voxel more where that makes them even.
    """
    inside = []
    for axis, n in enumerate(image.shape):
        if axis in axes:
            before, missing = RAMP, 2 * next_fast_len(-(-n // 2) + RAMP, real=True) - n
            around = fromEndToStart(image, axis, missing)
        else:
            before, missing = 0, n % 2
            around = image.narrow(axis, n - 1, 1).repeat_interleave(missing, axis)
        parts = [around.narrow(axis, missing - before, before), image, around.narrow(axis, 0, missing - before)]
        image = torch.cat(parts, axis)
        inside.append(slice(before, before + n))
    return image, tuple(inside)


def fromEndToStart(image, axis, count):
    """So many layers that pass smoothly from the last layer of the image along an axis to its first."""
    first, last = image.narrow(axis, 0, 1), image.narrow(axis, image.shape[axis] - 1, 1)
    share = (torch.arange(count, device=image.device) + 0.5) / count
    share = (0.5 - 0.5 * torch.cos(torch.pi * share)).reshape([-1 if a == axis else 1 for a in range(3)])
    return last * (1 - share) + first * share


def flattened(image, weight):
    """image (k, j, i) with less total variation (Chambolle 2004, doi:10.1023/B:JMIV.0000011325.36760.1e), in slabs."""
    thickness = layersAtOnce(image, SLAB, 0)

    def work(start):
        first = max(start - STEPS, 0)  # a step sees one layer more on both sides
        flat = flattenedSlab(image[first : start + thickness + STEPS], weight)
        return flat[start - first :][:thickness]

    return torch.cat(list(handledInTurn(work, range(0, len(image), thickness), image.device)))


def flattenedSlab(image, weight):
    """As flattened, layer by layer, so that what a step needs stays in the processor's cache."""
    count, rate, layers = len(image), STEP_LENGTH / weight, layersAtOnce(image, 1, 0)
    dual = image.new_zeros(3, count + 1, *image.shape[1:])  # after a layer of zeros
    result = image.clone()
    for start in [*range(0, count, layers)] * STEPS:
        flat, below = result[start : start + layers], result[start + 1 : start + layers + 1]
        part = dual[:, start + 1 : start + len(flat) + 1]
        part[0, : len(below)].add_(below, alpha=rate).sub_(flat[: len(below)], alpha=rate)
        for axis in (1, 2):
            n = flat.shape[axis] - 1
            along = part[axis].narrow(axis, 0, n)
            along.add_(flat.narrow(axis, 1, n), alpha=rate).sub_(flat.narrow(axis, 0, n), alpha=rate)
        size = part[0].square().addcmul_(part[1], part[1]).addcmul_(part[2], part[2])
        part.mul_(size.rsqrt_().clamp_max_(1))
        torch.add(image[start : start + layers], part[0], alpha=weight, out=flat)
        flat.add_(part[1], alpha=weight).add_(part[2], alpha=weight)
        flat.sub_(dual[0, start : start + len(flat)], alpha=weight)
        for axis in (1, 2):
            n = flat.shape[axis] - 1
            flat.narrow(axis, 1, n).sub_(part[axis].narrow(axis, 0, n), alpha=weight)
    return result


def smoothedToAcquired(image, sigmas):
    """image (k, j, i) under Gaussians of so many voxels an axis (0 leaves it), its ends repeated.

    The kernel has the Gaussian's transfer function up to Nyquist, which samples of a narrow Gaussian have not.
    """
    for axis, sigma in enumerate(sigmas):
        if not sigma:
            continue
        kernel = gaussianKernel(sigma)
        n, reach = image.shape[axis], len(kernel) // 2
        ends = [image.narrow(axis, place, 1).repeat_interleave(reach, axis) for place in (0, n - 1)]
        wide = torch.cat([ends[0], image, ends[1]], axis)
        image = sum(weight * wide.narrow(axis, start, n) for start, weight in enumerate(kernel))
    return image


def gaussianKernel(sigma):
    """Weights, an odd number of them, whose transfer function is a Gaussian's up to Nyquist."""
    frequencies = np.fft.rfftfreq(KERNEL_GRID)
    reach = max(SHORTEST_REACH, int(np.ceil(4 * sigma)))
    half = np.fft.irfft(np.exp(-2 * (np.pi * sigma * frequencies) ** 2))[: reach + 1]
    kernel = np.concatenate([half[:0:-1], half])
    return (kernel / kernel.sum()).tolist()
