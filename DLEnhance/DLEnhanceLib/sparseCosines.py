"""An image from its large cosine coefficients, for many rounds on a large image. Imports torch; import it lazily.

The windows, lattices and weights of lapped.firstEstimate for one threshold everywhere, made for the processor's cache:
the image is parted into its eight phases, voxels of even and odd place along each axis, so that the windows' samples
lie side by side; a few thousand windows are handled at a time, and the factors of the cosines wait for the last step.
"""

import itertools
import math

import torch
from torch import nn

from .blocks import handledInTurn
from .lapped import LONG, PADS, SHORT, WINDOW

TILT = SHORT / LONG  # an odd coefficient over LONG is rise + TILT step, or TILT rise - step
EVEN, ODD = 0.5, LONG  # what coefficients are in units of, per axis
ODD_POWER = (ODD / EVEN) ** 2  # an image takes the factor of a coefficient twice: there and back
BEFORE, AFTER = ((0, 0, 0, 0, 1, 0), (0, 0, 1, 0), (1, 0)), ((0, 0, 0, 0, 0, 1), (0, 0, 0, 1), (0, 1))  # along k, j, i
PHASES = list(itertools.product((0, 1), repeat=3))
LAYERS, WINDOWS = 8, 8000  # layers of windows along k and windows handled at once by a core: 2 MB of coefficients
LARGE_LAYERS, LARGE_WINDOWS = 32, 500_000  # on other devices


def withoutSmallCosines(image, threshold):
    """image (k, j, i) from the cosine coefficients of absolute value above the threshold, sizes even.

    The mean of each window stays. A window counts by the inverse of the number of coefficients it keeps.
    """
    pad, sizes = PADS[0], [size // 2 + PADS[0] for size in image.shape]
    wide = nn.functional.pad(image[None, None], (pad,) * 6, mode="replicate")[0, 0]
    wide = wide.reshape([n for size in sizes for n in (size, 2)])
    phases = wide.permute(1, 3, 5, 0, 2, 4).contiguous()
    total, weight = torch.zeros_like(phases), torch.zeros_like(phases)
    parts = [(lattice, part) for lattice in (0, 1) for part in _parts([n - 1 - lattice for n in sizes], image.device)]

    def handle(part):
        seen = torch.stack(_ofWindows(phases, *part)).unflatten(0, (2, 2, 2))
        return _shrunk(seen, threshold)

    for part, (values, weights) in zip(parts, handledInTurn(handle, parts, image.device), strict=True):
        for into, phase in zip(_ofWindows(total, *part), values.flatten(0, 2), strict=True):
            into.add_(phase)
        for into in _ofWindows(weight, *part):
            into.add_(weights)
    inner = total.div_(weight).permute(3, 0, 4, 1, 5, 2).reshape([2 * n for n in sizes])
    return inner[pad:-pad, pad:-pad, pad:-pad]


def _parts(windows, device):
    """Slices along k and j that cut so many windows along k, j, i into what is handled at once."""
    layers, most = (LAYERS, WINDOWS) if device.type == "cpu" else (LARGE_LAYERS, LARGE_WINDOWS)
    rows = max(2, most // (layers * windows[2]))
    for k, j in itertools.product(range(0, windows[0], layers), range(0, windows[1], rows)):
        yield slice(k, min(k + layers, windows[0])), slice(j, min(j + rows, windows[1])), slice(0, windows[2])


def _ofWindows(phases, lattice, windows):
    """Views of the eight phases that some windows see; windows of lattice 1 begin one voxel later, at an odd place."""
    return [
        phases[tuple(phase ^ lattice for phase in odd)][
            tuple(slice(w.start + lattice * o, w.stop + 1 + lattice * o) for w, o in zip(windows, odd, strict=True))
        ]
        for odd in PHASES
    ]


def _shrunk(phases, threshold):
    """(sum of the weighted windows in eight phases, sum of their weights) of the phases (2, 2, 2, k, j, i)."""
    coefficients = phases
    for axis in (2, 1, 0):
        coefficients = _cosines(coefficients, axis)
    mean = coefficients[0, 0, 0].clone()
    for odd in PHASES:
        part = coefficients[tuple(slice(o, None, 2) for o in odd)]
        unit = math.prod(ODD if o else EVEN for o in odd)
        torch.ops.aten.hardshrink.out(part, threshold / unit, out=part)
    coefficients[0, 0, 0] = mean
    isKept = coefficients.bool()
    isKept[0, 0, 0] = True
    weight = 1 / isKept.view(torch.uint8).flatten(0, 2).sum(0, dtype=torch.uint8).float()
    values = coefficients.mul_(weight * EVEN**6)
    for axis in (0, 1, 2):
        values = _overlapped(values, axis)
        weight = nn.functional.pad(weight, BEFORE[axis]) + nn.functional.pad(weight, AFTER[axis])
    return values, weight


def _cosines(phases, axis):
    """Four coefficients instead of two phases along an axis (0, 1, 2): of windows of 4 at every second place."""
    even, odd = phases.unbind(axis)
    count, along = phases.shape[3 + axis] - 1, 2 + axis
    x0, x1, x2, x3 = (x.narrow(along, start, count) for start in (0, 1) for x in (even, odd))
    outer, inner, rise, step = x0 + x3, x1 + x2, x0 - x3, x1 - x2
    result = outer.new_empty((*outer.shape[:axis], WINDOW, *outer.shape[axis:]))
    mean, slope, bend, wave = result.unbind(axis)
    torch.add(outer, inner, out=mean)
    torch.add(rise, step, alpha=TILT, out=slope)
    torch.sub(outer, inner, out=bend)
    torch.sub(step, rise, alpha=TILT, out=wave)  # of opposite sign, here and in _overlapped
    return result


def _overlapped(coefficients, axis):
    """Two phases from the four coefficients along an axis of windows that overlap, summed."""
    mean, slope, bend, wave = coefficients.unbind(axis)
    even, odd = mean + bend, mean - bend
    rise, step = torch.sub(slope, wave, alpha=TILT), torch.add(wave, slope, alpha=TILT)
    count, along = coefficients.shape[3 + axis], 2 + axis
    shape = list(even.shape)
    shape[along] += 1
    result = even.new_empty((*shape[:axis], 2, *shape[axis:]))
    result.select(3 + axis, count).zero_()
    first, second = result.unbind(axis)
    torch.add(even, rise, alpha=ODD_POWER, out=first.narrow(along, 0, count))
    torch.add(odd, step, alpha=ODD_POWER, out=second.narrow(along, 0, count))
    first.narrow(along, 1, count).add_(odd).sub_(step, alpha=ODD_POWER)
    second.narrow(along, 1, count).add_(even).sub_(rise, alpha=ODD_POWER)
    return result
