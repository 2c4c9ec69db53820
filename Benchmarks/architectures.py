"""Networks that were tried, with the interface of DLEnhanceLib.network.Denoiser."""

import itertools

import torch
from torch import nn

from DLEnhanceLib.network import CONDITIONS, SIGMA_FLOOR, SLOPE, Denoiser, NetworkShape, ResidualBlock

BANDS, DETAILS = 8, 7  # of one 2x2x2 Haar step
DETAIL_GAIN = 6.0
FEATURES = BANDS + DETAILS + 1 + CONDITIONS


class HaarDenoiser(nn.Module):
    """Residual network on the 2x2x2 Haar bands (enhancement-notes 2.2); shrinks: it starts as a wavelet filter."""

    def __init__(self, width, blocks, *, shrinks):
        super().__init__()
        self.register_buffer("haar", haarKernel(), persistent=False)
        self.head = nn.Conv3d(FEATURES, width, 3, padding=1)
        self.blocks = nn.Sequential(*[ResidualBlock(width) for _ in range(blocks)])
        self.tail = nn.Conv3d(width, BANDS, 3, padding=1)
        self.gate = nn.Conv3d(width, DETAILS, 3, padding=1) if shrinks else None
        for layer in self.modules():
            if isinstance(layer, nn.Conv3d):
                nn.init.kaiming_normal_(layer.weight, a=SLOPE)
                nn.init.zeros_(layer.bias)
        for block in self.blocks:
            block.second.weight.data.mul_(0.3)
        nn.init.normal_(self.tail.weight, std=0.003)
        if shrinks:
            nn.init.normal_(self.gate.weight, std=0.003)
            nn.init.constant_(self.gate.bias, 0.7)

    def forward(self, image, sigma, conditions):
        bands = nn.functional.conv3d(image, self.haar, stride=2)
        coarse = nn.functional.avg_pool3d(sigma.clamp_min(SIGMA_FLOOR), 2)
        inSigma = bands[:, 1:] / coarse
        constant = conditions[:, :, None, None, None].expand(-1, -1, *bands.shape[2:])
        low = bands[:, :1] / 8**0.5 - 0.5
        parts = [low, bands[:, 1:] * DETAIL_GAIN, torch.asinh(inSigma), torch.log10(coarse) + 1.5, constant]
        x = nn.functional.leaky_relu(
            self.blocks(nn.functional.leaky_relu(self.head(torch.cat(parts, 1)), SLOPE)), SLOPE
        )
        noise = self.tail(x).float()
        if self.gate is not None:
            likely = inSigma * torch.exp(-inSigma.square() / 18)  # all of a small coefficient, nothing of a large one
            noise = torch.cat([noise[:, :1], noise[:, 1:] + self.gate(x).float() * likely], 1)
        return nn.functional.conv_transpose3d(noise * coarse, self.haar, stride=2)


def haarKernel():
    """The 8 orthonormal 2x2x2 Haar functions as a convolution kernel, (8, 1, 2, 2, 2); the first is the mean."""
    low, high = torch.tensor([1.0, 1.0]) / 2**0.5, torch.tensor([1.0, -1.0]) / 2**0.5
    functions = [torch.einsum("a,b,c->abc", *axes) for axes in itertools.product((low, high), repeat=3)]
    return torch.stack(functions)[:, None]


ARCHITECTURES = {
    "Haar bands, from nothing": lambda: HaarDenoiser(32, 4, shrinks=False),
    "Haar bands, starts as wavelet shrinkage": lambda: HaarDenoiser(32, 4, shrinks=True),
    "lapped Wiener, narrow (24 channels, 3 blocks)": lambda: Denoiser(NetworkShape(24, 3)),
    "lapped Wiener (32 channels, 4 blocks)": lambda: Denoiser(NetworkShape(32, 4)),
    "lapped Wiener with a deeper level (full)": lambda: Denoiser(NetworkShape(40, 5, 80, 3)),
}
