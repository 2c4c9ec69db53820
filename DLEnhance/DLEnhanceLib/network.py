"""The network: one pass gives noise, truncation ringing and blur of an MR tile. Imports torch; import it lazily."""

import dataclasses

import torch
from torch import nn

from .lapped import COEFFICIENTS, LappedTransform, wienerGains

COMPONENTS = ("noise", "ringing", "blur")
CONDITIONS = 6  # share of k-space filled on k, j, i; log2 of the voxel size relative to the smallest on k, j, i
DETAILS = COEFFICIENTS - 1  # all but the mean of a window
DETAIL_GAIN = 2.0  # a magnitude image is nearly all mean: without this gain the optimiser does not see the details
SIGMA_FLOOR = 1e-3  # of the tissue level
SLOPE = 0.1  # of the leaky ReLU
PEAKS = 4  # brightest and darkest voxel of what the first estimate took away, as it is and smoothed
FEATURES = 5 * DETAILS + PEAKS + 2 + CONDITIONS
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


class Enhancer(nn.Module):
    """Learned Wiener filter on overlapping 4x4x4 cosine windows, with two more heads for ringing and blur.

    A first estimate (hard threshold at the known noise of each coefficient) gives a Wiener gain per coefficient; the
    network corrects the gains from what lies around. So noise removal can only keep or lessen what was measured, never
    add to it, but for the mean of a window (the bias of magnitude images), and a network not yet trained is already a
    good filter. The network sees the coefficients in tissue units and, compressed, in units of the noise (SNR units,
    Xue 2025, doi:10.1148/ryai.250227).
    """

    def __init__(self, shape: NetworkShape):
        super().__init__()
        self.lapped = LappedTransform()
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
        self.bias = nn.Conv3d(width, 1, 1)
        self.added = nn.Conv3d(width, 2 * COEFFICIENTS, 1)
        self.scaled = nn.Conv3d(width, 2 * DETAILS, 1)
        self._initialise()

    def _initialise(self):
        for module in self.modules():
            if isinstance(module, (nn.Conv3d, nn.ConvTranspose3d)):
                nn.init.kaiming_normal_(module.weight, a=SLOPE)
                nn.init.zeros_(module.bias)
        for module in self.modules():
            if isinstance(module, ResidualBlock):
                module.second.weight.data.mul_(0.3)
        for last in (*self.gates, self.bias, self.added, self.scaled):
            nn.init.normal_(last.weight, std=0.003)
        nn.init.zeros_(self.direct.weight)

    def forward(self, image, sigma, conditions):
        """image, sigma: (batch, 1, k, j, i) with tissue near 1, sizes multiples of 4; conditions: (batch, 6).

        Returns (batch, 3, k, j, i): noise, ringing and blur in the units of the image, float32.
        """
        sigma = sigma.clamp_min(SIGMA_FLOOR)
        with torch.autocast(image.device.type, enabled=False):
            first, measured, estimate, sd = self.lapped.firstEstimate(image, sigma, conditions[:, :3])
            inSd = [inNoiseUnits(*parts) for parts in zip(measured, estimate, sd, strict=True)]
            peaks = peaksOf((image - first) / sigma)
            features = self.features(inSd[1], peaks, estimate[1], sd[1], conditions)
        x = self.body(features)
        corrections = [gate(x) + self.direct(size.abs()) for gate, size in zip(self.gates, inSd, strict=True)]
        bias, added, scaled = (layer(x).float() for layer in (self.bias, self.added, self.scaled))
        with torch.autocast(image.device.type, enabled=False):
            gains = [wienerGains(q, s, c.float()) for q, s, c in zip(estimate, sd, corrections, strict=True)]
            denoised = self.lapped.merge(measured, gains, sd)
            offset = self.lapped.spread(bias * sd[1][:, :1] / COEFFICIENTS, 1)
            others = [
                self._other(measured[1] * gains[1], *parts)
                for parts in zip(added.chunk(2, 1), scaled.chunk(2, 1), strict=True)
            ]
        return torch.cat([image - denoised + offset, *others], 1)

    def features(self, inSd, peaks, estimate, sd, conditions):
        """What the first convolution sees, one vector a window of lattice B."""
        constant = conditions[:, :, None, None, None].expand(-1, -1, *estimate.shape[2:])
        level = torch.log10(sd[:, :1]) + 1.5
        tissue = [estimate[:, 1:] * DETAIL_GAIN, estimate[:, :1] / 8 - 0.5]
        return torch.cat([inSd, inSd.abs(), peaks, *tissue, level, constant], 1)

    def body(self, features):
        x = self.down(nn.functional.leaky_relu(self.head(features), SLOPE))
        if self.deep is not None:
            x = x + self.deep(x)
        return nn.functional.leaky_relu(self.up(x), SLOPE)

    def _other(self, denoised, added, scaled):
        """A component that is partly a change of what is there, partly free; eight windows see a voxel."""
        free = added / DETAIL_GAIN
        coefficients = torch.cat([free[:, :1], free[:, 1:] + scaled * denoised[:, 1:]], 1)
        return self.lapped.synthesise(coefficients, 1) / 8


def inNoiseUnits(measured, estimate, sd):
    """Details measured and estimated in SD of their noise, compressed: (batch, 126, ...)."""
    return torch.cat([torch.asinh(x[:, 1:] / sd[:, 1:]) for x in (measured, estimate)], 1)


def peaksOf(removed):
    """Highest and lowest value in each window of lattice B, of what was removed in SD and of its mean over 2x2x2 voxels.

    A lesion of two voxels that the first estimate took for noise shows here.
    """
    padded = nn.functional.pad(removed, (1,) * 6, mode="replicate")
    smooth = nn.functional.avg_pool3d(padded, 2, stride=1) * 8**0.5
    parts = [(padded, 4), (-padded, 4), (smooth, 3), (-smooth, 3)]
    return torch.cat([torch.asinh(nn.functional.max_pool3d(x, size, stride=2)) for x, size in parts], 1)


def conditionVector(support, spacing):
    """The six conditions of a volume: support and spacing (mm) along k, j, i."""
    spacing = torch.tensor([float(size) for size in spacing])  # a reversed numpy array is no tensor
    return torch.cat([torch.as_tensor(support, dtype=torch.float32), torch.log2(spacing / spacing.min())])
