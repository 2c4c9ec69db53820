"""The first estimate of the noise without a network: a threshold that is the same for all. Imports torch; lazily."""

import torch
from torch import nn

from . import lapped
from .blocks import blockCount, inBlocks
from .network import SIGMA_FLOOR, reporting
from .surprise import keptShare, surprise


class FixedFilter(nn.Module):
    """What Denoiser starts from: the hard threshold of lapped.py, what is too large for noise given back.

    It has no weights, so none that training could have got wrong. The steps that follow need little more: with them the
    network adds about 0.1 dB, at twice the time of the whole run (Benchmarks/results/steps.md).
    """

    def __init__(self):
        super().__init__()
        self.register_buffer("here", torch.empty(0), persistent=False)  # knows the device, for want of weights

    def forward(self, image, sigma, conditions, *, cells=None, report=lambda: None):
        """As Denoiser.forward; works block by block, and reports after each."""
        support = conditions[:, :3]

        def noise(part):
            image, sigma = part.split(1, 1)
            removed = image - lapped.firstEstimate(image, sigma, support)
            return removed * (1 - keptShare(surprise(removed, sigma, support)[0]))

        given = torch.cat([image, sigma.clamp_min(SIGMA_FLOOR)], 1)
        with torch.autocast(image.device.type, enabled=False):
            return inBlocks(given, 1, reporting(noise, report), cells=cells)

    def runs(self, shape, cells=None):
        """How often report is called for a tile of the shape (k, j, i)."""
        return blockCount(shape, self.here.device, cells)
