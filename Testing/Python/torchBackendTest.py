"""How far the network sees is measured, so that tiles hold all of it."""

import numpy as np
import pytest
import torch
from torch import nn

from DLEnhanceLib import blocks, groups
from DLEnhanceLib.network import MULTIPLE
from DLEnhanceLib.tiles import ALIGNMENT
from DLEnhanceLib.torchBackend import makeBackend, reachOf


class Local(nn.Module):
    """Convolutions of 3 voxels an axis with some dilation; sees that many voxels further."""

    def __init__(self, *dilations):
        super().__init__()
        self.layers = nn.Sequential(*[nn.Conv3d(1, 1, 3, padding=d, dilation=d) for d in dilations])

    def forward(self, image, sigma, conditions):
        return self.layers(image)


class Global(nn.Module):
    def forward(self, image, sigma, conditions):
        return image - image.mean()


@pytest.mark.parametrize("dilations", [(1,), (1, 1, 1), (4, 7), (90, 60)])
def test_reach_is_how_far_the_layers_see(dilations):
    assert reachOf(Local(*dilations)) == sum(dilations)


class Threshold(Local):
    """A comparison stops a not-a-number."""

    def forward(self, image, sigma, conditions):
        return torch.where(image > 0.5, self.layers(image), torch.zeros_like(image))


def test_reach_goes_through_comparisons():
    network = Threshold(1, 1)
    inner = Threshold(3)
    network.layers.append(inner.layers[0])
    assert reachOf(network) == 5


def test_network_that_sees_everything_gets_tiles_of_everything():
    assert reachOf(Global()) > 1000


def test_tiles_start_where_the_coarse_grids_of_the_network_do():
    assert ALIGNMENT % MULTIPLE == 0


@pytest.mark.parametrize("profile", ["fast", "full"])
def test_nothing_beyond_the_margin_changes_a_result(profile):
    backend = makeBackend(profile, "cpu", threads=1)
    size = 2 * -(-backend.margin // MULTIPLE) * MULTIPLE + 2 * MULTIPLE
    rng = np.random.default_rng(0)
    image = rng.normal(0.6, 0.1, (8, 8, size)).astype(np.float32)
    other = image.copy()
    other[:, :, -MULTIPLE:] += 5.0
    sigma = np.full_like(image, 0.05)
    first, second = (backend.noise(x, sigma, (1, 1, 1), (1, 1, 1)) for x in (image, other))
    apart = np.abs(first - second).max(axis=(0, 1))
    assert apart[: size - MULTIPLE - backend.margin].max() == 0
    assert apart[-MULTIPLE:].max() > 0


@pytest.mark.parametrize("profile", ["fast", "full"])
def test_wanted_voxels_are_those_of_a_run_where_all_are_wanted(monkeypatch, profile):
    """And what is far from them is left out; progress ends at 1 either way."""
    monkeypatch.setattr(blocks, "BLOCK", 32)
    monkeypatch.setattr(groups, "UNIT", (16, 32, 32))
    image = np.random.default_rng(0).normal(0.6, 0.1, (24, 70, 132)).astype(np.float32)
    wanted = np.zeros(image.shape, bool)
    wanted[5:14, 9:37, 3:22] = True
    wanted[17, 50, 30] = True
    backend, results, fractions = makeBackend(profile, "cpu", threads=1), [], []
    for where in (None, wanted):
        arguments = image, np.full_like(image, 0.05), (1, 0.7, 0.7), (1, 1, 1)
        results.append(backend.noise(*arguments, wanted=where, reportProgress=fractions.append))
        assert fractions[-1] == pytest.approx(1)
    whole, part = results
    assert np.abs(whole - part)[wanted].max() < 1e-6
    assert np.all(part[:, :, 64:] == 0)
    assert np.all(np.isfinite(part))


def test_a_single_slice_loses_most_of_its_noise():
    """The network repeats it to four; counted as four measured slices it would lose next to none."""
    sigma, size = 0.05, 64
    j, i = np.mgrid[:size, :size]
    truth = np.where(np.hypot(j - 32, i - 32) < 20, 1.0, 0.6).astype(np.float32)[None]
    noisy = truth + sigma * np.random.default_rng(1).standard_normal(truth.shape).astype(np.float32)
    noise = makeBackend("fast", "cpu", threads=1).noise(noisy, np.full_like(noisy, sigma), (1, 1, 1), (1, 1, 1))
    assert np.mean((noisy - noise - truth) ** 2) < 0.3 * sigma**2
