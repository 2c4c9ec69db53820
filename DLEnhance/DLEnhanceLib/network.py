"""The network: one pass gives the noise of an MR tile. Imports torch; import it lazily."""

import dataclasses

import torch
from torch import nn

from . import lapped
from .blocks import HALO, around, blockCount, inBlocks, layersAtOnce
from .lapped import COEFFICIENTS, STEP, fromCells, toCells, wienerGains
from .surprise import keptShare, surprise

CONDITIONS = 6  # share of k-space filled on k, j, i; log2 of the voxel size relative to the smallest on k, j, i
DETAILS = COEFFICIENTS - 1  # all but the mean of a window
DETAIL_GAIN = 2.0  # a magnitude image is nearly all mean: without this gain the optimiser does not see the details
SIGMA_FLOOR = 1e-3  # of the tissue level
SLOPE = 0.1  # of the leaky ReLU
CELL = STEP**3  # voxels of a cell of 2x2x2, the middle of a window of lattice B
FEATURES = 5 * DETAILS + 2 * CELL + 2 + CONDITIONS
LAYERS = 2  # of windows: few enough for the processor's cache
MULTIPLE = 4  # sizes of the tiles must be multiples of this


@dataclasses.dataclass(frozen=True)
class NetworkShape:
    """What must be known to build a network before its weights are loaded."""

    width: int
    blocks: int
    deepWidth: int = 0
    deepBlocks: int = 0


PROFILES = {
    "fast": NetworkShape(width=32, blocks=4),
    "full": NetworkShape(width=40, blocks=5, deepWidth=80, deepBlocks=3),
}


class ResidualBlock(nn.Module):
    """Two 3x3x3 convolutions around a leaky ReLU."""

    def __init__(self, width):
        super().__init__()
        self.first = nn.Conv3d(width, width, 3, padding=1)
        self.second = nn.Conv3d(width, width, 3, padding=1)

    def forward(self, x):
        return x + self.second(nn.functional.leaky_relu(self.first(x), SLOPE))


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

    def forward(self, image, sigma, conditions, cells=None):
        """image, sigma: (batch, 1, k, j, i) with tissue near 1, sizes multiples of 4; conditions: (batch, 6).

        cells: where the result is wanted, see blocks.wantedBoxes; elsewhere it is 0 or undefined.
        Returns (batch, 1, k, j, i): the noise in the units of the image, float32.
        """
        given = torch.cat([image, sigma.clamp_min(SIGMA_FLOOR)], 1)
        support, seen = conditions[:, :3], self._seen(cells)
        with torch.autocast(image.device.type, enabled=False):
            first = inBlocks(
                given,
                1,
                lambda part: lapped.firstEstimate(part[:, :1], part[:, 1:], support),
                cells=around(seen, HALO),
            )
        given = torch.cat([given, first], 1)
        x = self.body(inBlocks(given, 2, lambda part: self.head(self.features(part, conditions)), cells=seen))
        return inBlocks(given, 1, lambda part, inner: self.noise(part, inner, support), x, cells)

    def _seen(self, cells):
        """The cells whose features the body needs for the wanted ones."""
        fine, deep = len(self.down) + len(self.up), 0 if self.deep is None else len(self.deep) - 2
        return around(cells, HALO + 2 * STEP * fine + 2 * MULTIPLE * deep + MULTIPLE)

    def features(self, given, conditions):
        """What the network sees, one vector a window of lattice B. given: image, sigma and first estimate."""
        with torch.autocast(given.device.type, enabled=False):
            image, sigma, first = given.split(1, 1)
            estimate, sd = lapped.analyse(first, 1), lapped.noiseOn(1, sigma, conditions[:, :3])
            inSd = inNoiseUnits(lapped.analyse(image, 1), estimate, sd)
            constant = conditions[:, :, None, None, None].expand(-1, -1, *estimate.shape[2:])
            tissue = [estimate[:, 1:] * DETAIL_GAIN, estimate[:, :1] / 8 - 0.5]
            level = torch.log10(sd[:, :1]) + 1.5
            largest, smooth = surprise(image - first, sigma, conditions[:, :3])
            removed = [toCells(compressed(largest)), toCells(compressed(smooth))]
            return torch.cat([inSd, inSd.abs(), *removed, *tissue, level, constant], 1)

    def noise(self, given, x, support):
        """Noise (batch, 1, k, j, i) of a block; x: what the body made of its features."""
        image, sigma = given[:, :1], given[:, 1:2]
        shrunk = [self.shrunk(lattice, given, x, support) for lattice in (0, 1)]
        kept, bias = self.kept(x).float(), self.bias(x).float()
        with torch.autocast(given.device.type, enabled=False):
            removed = image - lapped.merge(shrunk)
            noise = removed * (1 - keptShare(surprise(removed, sigma, support)[0], fromCells(kept)))
            meanSd = lapped.windowMean(sigma, 1) * lapped.coefficientSd(support)[:, :1, None, None, None]
            return noise + lapped.spread(bias * meanSd / COEFFICIENTS, 1)

    def shrunk(self, lattice, given, x, support):
        """(coefficients of a lattice times their weight, weight), a few layers of windows at a time."""
        correction, guess = self.gates[lattice](x), self.guesses[lattice](x)
        with torch.autocast(given.device.type, enabled=False):
            image, sigma, first = given.split(1, 1)
            parts = [lapped.analyse(image, lattice), lapped.analyse(first, lattice), lapped.windowMean(sigma, lattice)]
        layers, sd = layersAtOnce(x, LAYERS), lapped.coefficientSd(support)
        pieces = zip(*(part.split(layers, 2) for part in (*parts, correction, guess)), strict=True)
        done = [self._shrunkLayers(*piece, sd) for piece in pieces]
        return [torch.cat(part, 2) for part in zip(*done, strict=True)]

    def _shrunkLayers(self, measured, estimate, sigma, correction, guess, coefficientSd):
        with torch.autocast(measured.device.type, enabled=False):
            sd = sigma * coefficientSd[:, :, None, None, None]
            size = inNoiseUnits(measured, estimate, sd).abs()
        correction = (correction + self.direct(size)).float()
        with torch.autocast(measured.device.type, enabled=False):
            gains = wienerGains(estimate, sd, correction)
            expected = self.trust * estimate[:, 1:] + guess.float() * sd[:, 1:]
            weight = lapped.windowWeight(gains, sd)
            return lapped.drawnTo(expected, measured, gains, sd) * weight, weight

    @property
    def countedLayers(self):
        """The convolutions that run as often as layerRuns tells: all but the one that runs for a few layers only."""
        return [m for m in self.modules() if isinstance(m, (nn.Conv3d, nn.ConvTranspose3d)) and m is not self.direct]

    def layerRuns(self, shape, cells=None):
        """How often countedLayers run for a tile of the shape (k, j, i): what a progress bar counts."""
        ofBlocks, device = [self.kept, self.bias, *self.gates, *self.guesses], self.trust.device
        once = len(self.countedLayers) - len(ofBlocks) - 1
        blocks = blockCount(shape, device, cells)
        return once + blockCount(shape, device, self._seen(cells)) + len(ofBlocks) * blocks

    def body(self, x):
        x = self.down(nn.functional.leaky_relu(x, SLOPE))
        if self.deep is not None:
            x = x + self.deep(x)
        return nn.functional.leaky_relu(self.up(x), SLOPE)


def inNoiseUnits(measured, estimate, sd):
    """Details measured and estimated in SD of their noise, compressed: (batch, 126, ...)."""
    return torch.cat([compressed(x[:, 1:] / sd[:, 1:]) for x in (measured, estimate)], 1)


def compressed(x):
    """Nearly x where noise and signal meet, never above 6: what is certain need not be told apart."""
    return x / (1 + x.abs() / 6)


def conditionVector(support, spacing):
    """The six conditions of a volume: support and spacing (mm) along k, j, i."""
    spacing = torch.tensor([float(size) for size in spacing])  # a reversed numpy array is no tensor
    return torch.cat([torch.as_tensor(support, dtype=torch.float32), torch.log2(spacing / spacing.min())])
