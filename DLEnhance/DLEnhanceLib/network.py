"""The network: one pass gives noise, truncation ringing and blur of an MR tile. Imports torch; import it lazily."""

import dataclasses

import torch
from torch import nn

COMPONENTS = ("noise", "ringing", "blur")
BANDS, DETAILS = 8, 7  # of one 2x2x2 Haar step
CONDITIONS = 6  # share of k-space filled on k, j, i; log2 of the voxel size relative to the smallest on k, j, i
DETAIL_GAIN = 6.0  # a magnitude image is nearly all mean: without this gain the optimiser does not see the detail bands
SIGMA_FLOOR = 1e-3  # of the tissue level
SLOPE = 0.1  # of the leaky ReLU
FEATURES = BANDS + DETAILS + 1 + CONDITIONS
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


def haarKernel():
    """The 8 orthonormal 2x2x2 Haar functions as a convolution kernel, (8, 1, 2, 2, 2); the first is the mean."""
    low, high = torch.tensor([1.0, 1.0]) / 2**0.5, torch.tensor([1.0, -1.0]) / 2**0.5
    bands = [torch.einsum("a,b,c->abc", x, y, z) for x in (low, high) for y in (low, high) for z in (low, high)]
    return torch.stack(bands)[:, None]


class ResidualBlock(nn.Module):
    """Two 3x3x3 convolutions around a leaky ReLU."""

    def __init__(self, width):
        super().__init__()
        self.first = nn.Conv3d(width, width, 3, padding=1)
        self.second = nn.Conv3d(width, width, 3, padding=1)

    def forward(self, x):
        return x + self.second(nn.functional.leaky_relu(self.first(x), SLOPE))


class Enhancer(nn.Module):
    """Residual network on the 2x2x2 Haar bands (enhancement-notes 2.2), with three component heads.

    It starts as a wavelet shrinkage, a denoiser known to be good, and learns when not to trust it: a tenth of the steps
    of learning it from nothing. The noise head is multiplied by the noise map: its size is known beforehand and a clean
    image stays as it is. The network sees the bands in tissue units and, compressed, in units of the noise (SNR units,
    Xue 2025, doi:10.1148/ryai.250227).
    """

    def __init__(self, shape: NetworkShape):
        super().__init__()
        self.register_buffer("haar", haarKernel(), persistent=False)
        width = shape.width
        self.head = nn.Conv3d(FEATURES, width, 3, padding=1)
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
        self.tail = nn.Conv3d(width, BANDS * len(COMPONENTS), 3, padding=1)
        self.gate = nn.Conv3d(width, DETAILS, 3, padding=1)
        self.direct = nn.Conv3d(FEATURES, BANDS * len(COMPONENTS), 1)
        self._initialise()

    def _initialise(self):
        for module in self.modules():
            if isinstance(module, (nn.Conv3d, nn.ConvTranspose3d)):
                nn.init.kaiming_normal_(module.weight, a=SLOPE)
                nn.init.zeros_(module.bias)
        for module in self.modules():
            if isinstance(module, ResidualBlock):
                module.second.weight.data.mul_(0.3)
        for last in (self.tail, self.gate):
            nn.init.normal_(last.weight, std=0.003)
        nn.init.constant_(self.gate.bias, 0.7)
        nn.init.zeros_(self.direct.weight)

    def forward(self, image, sigma, conditions):
        """image, sigma: (batch, 1, k, j, i) with tissue near 1, sizes multiples of 4; conditions: (batch, 6).

        Returns (batch, 3, k, j, i): noise, ringing and blur in the units of the image, float32.
        """
        sigma = sigma.clamp_min(SIGMA_FLOOR)
        bands = nn.functional.conv3d(image, self.haar, stride=2)
        coarseSigma = nn.functional.avg_pool3d(sigma, 2)
        inSigma = bands[:, 1:] / coarseSigma
        inner = self.body(self.features(bands, inSigma, coarseSigma, conditions), shrinkage(inSigma))
        noise, others = inner[:, :BANDS] * coarseSigma, inner[:, BANDS:] / DETAIL_GAIN
        batch = image.shape[0]
        parts = torch.cat([noise, others], 1).reshape(batch * len(COMPONENTS), BANDS, *bands.shape[2:])
        whole = nn.functional.conv_transpose3d(parts, self.haar, stride=2)
        return whole.reshape(batch, len(COMPONENTS), *image.shape[2:])

    def features(self, bands, inSigma, coarseSigma, conditions):
        """What the first convolution sees, at half the grid."""
        low, detail = bands[:, :1] / 8**0.5 - 0.5, bands[:, 1:] * DETAIL_GAIN
        constant = conditions[:, :, None, None, None].expand(-1, -1, *bands.shape[2:])
        return torch.cat([low, detail, torch.asinh(inSigma), torch.log10(coarseSigma) + 1.5, constant], 1)

    def body(self, features, shrunk):
        """Bands of the components: noise in units of the noise, ringing and blur in units of the features; float32."""
        x = self.down(nn.functional.leaky_relu(self.head(features), SLOPE))
        if self.deep is not None:
            x = x + self.deep(x)
        x = nn.functional.leaky_relu(self.up(x), SLOPE)
        inner = self.tail(x).float() + self.direct(features).float()
        gated = inner[:, 1:BANDS] + self.gate(x).float() * shrunk
        return torch.cat([inner[:, :1], gated, inner[:, BANDS:]], 1)


def shrinkage(inSigma):
    """The part of a detail coefficient that is likely noise: all of a small one, nothing of one far beyond 3 sigma."""
    return inSigma * torch.exp(-inSigma.square() / 18)


def conditionVector(support, spacing):
    """The six conditions of a volume: support and spacing (mm) along k, j, i."""
    spacing = torch.tensor([float(size) for size in spacing])  # a reversed numpy array is no tensor
    return torch.cat([torch.as_tensor(support, dtype=torch.float32), torch.log2(spacing / spacing.min())])
