"""The network: one pass gives the noise of an MR tile. Imports torch; import it lazily."""

import dataclasses
import itertools

import torch
from torch import nn

from . import lapped
from .blocks import HALO, around, blockCount, inBlocks
from .lapped import COEFFICIENTS, STEP, fromCells, toCells
from .surprise import keptShare, surprise

CONDITIONS = 6  # share of k-space filled on k, j, i; log2 of the voxel size relative to the smallest on k, j, i
DETAILS = COEFFICIENTS - 1  # all but the mean of a window
DETAIL_GAIN = 2.0  # a magnitude image is nearly all mean: without this gain the optimiser does not see the details
SIGMA_FLOOR = 1e-3  # of the tissue level
SLOPE = 0.1  # of the leaky ReLU
CELL = STEP**3  # voxels of a cell of 2x2x2, the middle of a window of lattice B
FEATURES = 5 * DETAILS + 2 * CELL + 2 + CONDITIONS
MULTIPLE = 4  # sizes of the tiles must be multiples of this


@dataclasses.dataclass(frozen=True)
class NetworkShape:
    """What must be known to build a network before its weights are loaded."""

    width: int
    blocks: int
    deepWidth: int = 0
    deepBlocks: int = 0


FULL = NetworkShape(width=40, blocks=5, deepWidth=80, deepBlocks=3)  # of the profile of that name


class ResidualBlock(nn.Module):
    """Two 3x3x3 convolutions around a leaky ReLU; in place, for new memory takes as long as the arithmetic."""

    def __init__(self, width):
        super().__init__()
        self.first = nn.Conv3d(width, width, 3, padding=1)
        self.second = nn.Conv3d(width, width, 3, padding=1)

    def forward(self, x):
        return convolved(self.second, nn.functional.leaky_relu_(convolved(self.first, x), SLOPE)).add_(x)


class Denoiser(nn.Module):
    """Learned Wiener filter on overlapping 4x4x4 cosine windows.

    A first estimate (hard threshold at the known noise of each coefficient) gives a Wiener gain per coefficient; what
    is removed but too large for noise, such as a lesion of two voxels, is given back voxel by voxel. From what lies
    around, the network corrects the gains and the share given back, and tells what value a coefficient is drawn to.
    No coefficient is moved by more than noise explains, and a network not yet trained is already a good filter. The
    network sees the coefficients in tissue units and, compressed, in units of the noise (SNR units, Xue 2025,
    doi:10.1148/ryai.250227).
    """

    def __init__(self, shape: NetworkShape):
        super().__init__()
        width = shape.width
        self.head = nn.Conv3d(FEATURES, width, 1)
        before = shape.blocks // 2
        self.down = nn.Sequential(*[ResidualBlock(width) for _ in range(before)])
        self.up = nn.Sequential(*[ResidualBlock(width) for _ in range(shape.blocks - before)])
        self.deep = None
        if shape.deepBlocks:
            self.deep = nn.Sequential(
                nn.Conv3d(width, shape.deepWidth, 2, stride=2),
                *[ResidualBlock(shape.deepWidth) for _ in range(shape.deepBlocks)],
                nn.ConvTranspose3d(shape.deepWidth, width, 2, stride=2),
            )
        self.direct = nn.Conv3d(2 * DETAILS, DETAILS, 1)  # gates from the size of the window's own coefficients
        # lattice A has a window more along each axis than lattice B, on which the network works
        self.gates = nn.ModuleList([nn.Conv3d(width, DETAILS, 2, padding=1), nn.Conv3d(width, DETAILS, 1)])
        self.guesses = nn.ModuleList([nn.Conv3d(width, DETAILS, 2, padding=1), nn.Conv3d(width, DETAILS, 1)])
        self.trust = nn.Parameter(torch.full((1, DETAILS, 1, 1, 1), 0.25))  # in the first estimate
        self.kept = nn.Conv3d(width, CELL, 1)
        self.bias = nn.Conv3d(width, 1, 1)
        self._initialise()

    def _initialise(self):
        for module in self.modules():
            if isinstance(module, (nn.Conv3d, nn.ConvTranspose3d)):
                nn.init.kaiming_normal_(module.weight, a=SLOPE)
                nn.init.zeros_(module.bias)
        for module in self.modules():
            if isinstance(module, ResidualBlock):
                module.second.weight.data.mul_(0.3)
        for last in (*self.gates, *self.guesses, self.kept, self.bias):
            nn.init.normal_(last.weight, std=0.003)
        nn.init.zeros_(self.direct.weight)

    def forward(self, image, sigma, conditions, *, cells=None, report=lambda: None):
        """image, sigma: (batch, 1, k, j, i) with tissue near 1, sizes multiples of 4; conditions: (batch, 6).

        cells: where the result is wanted, see blocks.wantedBoxes; elsewhere it is 0 or undefined.
        report() is called after each block and layer.
        Returns (batch, 1, k, j, i): the noise in the units of the image, float32.
        """
        given = torch.cat([image, sigma.clamp_min(SIGMA_FLOOR)], 1)
        support, seen = conditions[:, :3], self._seen(cells)

        def firstEstimate(part):
            with torch.autocast(image.device.type, enabled=False):
                return lapped.firstEstimate(*part.split(1, 1), support)

        first = inBlocks(given, 1, reporting(firstEstimate, report), cells=around(seen, HALO))
        given = torch.cat([given, first], 1)
        x = inBlocks(given, 2, reporting(lambda part: self.features(part, conditions), report), cells=seen)
        x = self.body(x, report)
        return inBlocks(given, 1, reporting(lambda *parts: self.noise(*parts, support), report), x, cells)

    def _seen(self, cells):
        """The cells whose features the body needs for the wanted ones."""
        fine, deep = len(self.down) + len(self.up), 0 if self.deep is None else len(self.deep) - 2
        return around(cells, HALO + 2 * STEP * fine + 2 * MULTIPLE * deep + MULTIPLE)

    def runs(self, shape, cells=None):
        """How often report is called for a tile of the shape (k, j, i)."""
        device, seen = self.trust.device, self._seen(cells)
        return len(self._steps) + sum(blockCount(shape, device, part) for part in (around(seen, HALO), seen, cells))

    def features(self, given, conditions):
        """What the network sees, a vector a window of lattice B, mixed. given: image, sigma and first estimate.

        These are the details measured and estimated, in SD and compressed, and their absolute values, how improbable
        the removed voxels are, the details in tissue units, the mean, the level of the noise and the conditions.
        """
        with torch.autocast(given.device.type, enabled=False):
            image, sigma, first = given.split(1, 1)
            largest, smooth = surprise(image - first, sigma, conditions[:, :3])
            removed = torch.cat([toCells(compressed(largest)), toCells(compressed(smooth))], 1)
            means, tiles = lapped.windowMean(sigma, 1), [lapped.padded(part, 1) for part in (image, first)]
            coefficientSd = lapped.coefficientSd(conditions[:, :3])[:, :, None, None, None]
        weights = self.head.weight.flatten(1).split([DETAILS] * 4 + [2 * CELL, DETAILS, 2, CONDITIONS], 1)
        constant = torch.addmm(self.head.bias, conditions, weights[-1].T)[:, :, None, None, None]

        def work(place):
            with torch.autocast(given.device.type, enabled=False):
                measured, estimate = (lapped.analysedAt(tile, place) for tile in tiles)
                sd = means[:, :, place] * coefficientSd
                inSd = [compressed(x[:, 1:] / sd[:, 1:]) for x in (measured, estimate)]
                rest = [estimate[:, :1] / 8 - 0.5, torch.log10(sd[:, :1]) + 1.5]
            seen = (
                *inSd,
                *(x.abs() for x in inSd),
                removed[:, :, place],
                DETAIL_GAIN * estimate[:, 1:],
                torch.cat(rest, 1),
            )
            mixed = constant.expand(-1, -1, *estimate.shape[2:])
            for part, weight in zip(seen, weights, strict=False):
                mixed = mixedIn(mixed, part, weight)
            return (mixed,)

        return nn.functional.leaky_relu_(lapped.inLayers(means, work)[0], SLOPE)

    def noise(self, given, x, support):
        """Noise (batch, 1, k, j, i) of a block; x: what the body made of its features."""
        image, sigma = given[:, :1], given[:, 1:2]
        x = x.contiguous()
        shrunk = [self.shrunk(lattice, given, x, support) for lattice in (0, 1)]
        kept, bias = (pointwise(layer, x).float() for layer in (self.kept, self.bias))
        with torch.autocast(given.device.type, enabled=False):
            removed = image - lapped.merge(shrunk)
            noise = removed * (1 - keptShare(surprise(removed, sigma, support)[0], fromCells(kept)))
            meanSd = lapped.windowMean(sigma, 1) * lapped.coefficientSd(support)[:, :1, None, None, None]
            return noise + lapped.spread(bias * meanSd / COEFFICIENTS, 1)

    def shrunk(self, lattice, given, x, support):
        """(planes of the coefficients of a lattice times their weight, weight), a few layers of windows at a time."""
        layers = self.gates[lattice], self.guesses[lattice]
        weight, bias = (torch.cat([getattr(layer, name) for layer in layers]) for name in ("weight", "bias"))
        around = nn.functional.pad(x, (1 - lattice,) * 6)
        with torch.autocast(given.device.type, enabled=False):
            image, sigma, first = given.split(1, 1)
            tiles = [lapped.padded(part, lattice) for part in (image, first)]
            means, sd = lapped.windowMean(sigma, lattice), lapped.coefficientSd(support)[:, :, None, None, None]

        def work(place):
            near = around[:, :, place.start : place.stop + 1 - lattice]
            asked = smallConvolution(near, weight, bias).chunk(2, 1)
            return self._shrunkLayers(
                *(lapped.analysedAt(tile, place) for tile in tiles), means[:, :, place], sd, *asked
            )

        return lapped.inLayers(means, work)

    def _shrunkLayers(self, measured, estimate, mean, coefficientSd, correction, guess):
        with torch.autocast(measured.device.type, enabled=False):
            sd = mean * coefficientSd
            inSd = [x[:, 1:] / sd[:, 1:] for x in (measured, estimate)]
            sizes = [compressed(x.abs()) for x in inSd]
        correction = correction + self.direct.bias[:, None, None, None]
        for size, weight in zip(sizes, self.direct.weight.flatten(1).split(DETAILS, 1), strict=True):
            correction = mixedIn(correction, size, weight)
        with torch.autocast(measured.device.type, enabled=False):
            gains = lapped.wienerGains(inSd[1], correction.float())
            expected = torch.addcmul(guess.float(), self.trust, inSd[1])
            weight = lapped.windowWeight(gains, coefficientSd) / mean.square()
            return lapped.planes(lapped.drawnTo(expected, inSd[0], gains, measured, sd) * weight), weight

    @property
    def _steps(self):
        """The layers of the body."""
        return [*self.down, *(self.deep or []), *self.up]

    def body(self, x, report):
        x = x.contiguous(memory_format=torch.channels_last_3d)
        x = reported(self.down, x, report)
        if self.deep is not None:
            x = reported(self.deep, x, report).add_(x)
        return nn.functional.leaky_relu_(reported(self.up, x, report), SLOPE)


def reporting(work, report):
    """work that reports when it is done."""

    def done(*parts):
        result = work(*parts)
        report()
        return result

    return done


def reported(layers, x, report):
    for layer in layers:
        x = reporting(layer, report)(x)
    return x


def convolved(layer, x):
    """layer(x); for small tiles torch on a processor would choose a way that takes five times longer."""
    if x.device.type != "cpu" or torch.is_grad_enabled() or not torch.backends.mkldnn.is_available():
        return layer(x)
    return torch.mkldnn_convolution(x, layer.weight, layer.bias, layer.padding, layer.stride, layer.dilation, 1)


def pointwise(layer, x):
    return smallConvolution(x, layer.weight, layer.bias)


def smallConvolution(x, weight, bias):
    """A convolution of 1x1x1 or 2x2x2 without padding, as a product of matrices: several times faster on thin slabs."""
    size = weight.shape[2]
    k, j, i = (n + 1 - size for n in x.shape[2:])
    corners = itertools.product(range(size), repeat=3)
    shifted = [x[:, :, c : c + k, b : b + j, a : a + i] for c, b, a in corners]
    near = torch.cat(shifted, 1) if size > 1 else x
    total = bias[:, None, None, None].expand(len(x), -1, k, j, i)
    return mixedIn(total, near, weight.permute(0, 2, 3, 4, 1).flatten(1))


def mixedIn(total, x, weight):
    """total (batch, n, k, j, i) and the channels of x (batch, m, k, j, i) mixed by weight (n, m)."""
    mixed = torch.baddbmm(total.flatten(2), weight.expand(len(x), -1, -1), x.flatten(2))
    return mixed.unflatten(2, total.shape[2:])


def compressed(x):
    """Nearly x where noise and signal meet, never above 6: what is certain need not be told apart."""
    return x / (1 + x.abs() / 6)


def conditionVector(support, spacing):
    """The six conditions of a volume: support and spacing (mm) along k, j, i."""
    spacing = torch.tensor([float(size) for size in spacing])  # a reversed numpy array is no tensor
    return torch.cat([torch.as_tensor(support, dtype=torch.float32), torch.log2(spacing / spacing.min())])
