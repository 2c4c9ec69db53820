"""Faint structure given back: how much of a lesion at the level of the noise, and how little of the noise."""

import numpy as np
import pytest
import torch

from DLEnhanceLib.faint import HALO, SMOOTHINGS, WEIGHT, meanSd, noiseWithoutStructure
from DLEnhanceLib.surprise import smoothed
from DLEnhanceTraining.acquisition import Protocol, addNoise, scan

SIGMA = 0.05
WHITE = torch.ones(1, 3)
LESION = (..., slice(20, 23), slice(22, 25), slice(10, 13))


def noiseOf(shape=(40, 44, 48), seed=1):
    return SIGMA * torch.randn(1, 1, *shape, generator=torch.Generator().manual_seed(seed))


def test_a_faint_lesion_that_was_removed_altogether_comes_back():
    lesion = torch.zeros(1, 1, 40, 44, 48)
    lesion[LESION] = 1.5 * SIGMA
    noise = lesion + noiseOf()  # a filter that sees none of it
    found = noise - noiseWithoutStructure(noise, torch.full_like(noise, SIGMA), WHITE)
    assert float(found[LESION][..., 1, 1, 1]) > 0.7 * 1.5 * SIGMA


def test_pure_noise_stays_removed_but_for_a_sixth():
    noise = noiseOf()
    found = noise - noiseWithoutStructure(noise, torch.full_like(noise, SIGMA), WHITE)
    assert float(found.std()) < 0.18 * SIGMA


@pytest.mark.parametrize("times", SMOOTHINGS)
@pytest.mark.parametrize("support", [(1.0, 1.0, 1.0), (1.0, 0.7, 0.62)])
def test_the_sd_is_that_of_scanned_noise(support, times):
    image = torch.full((64, 64, 64), 10.0)  # far above the noise: the magnitude adds none of its own
    scanned = scan(image, torch.zeros_like(image), Protocol(support=support, phaseCycles=0.5), np.random.default_rng(3))
    noisy, ringing, *_ = addNoise(scanned, 0.05, torch.Generator().manual_seed(2))
    mean = ((noisy - ringing) / 0.05)[None, None]
    for _ in range(times):
        mean = smoothed(mean, WEIGHT)
    found = float(mean[..., 8:-8, 8:-8, 8:-8].std())
    assert found == pytest.approx(float(meanSd(torch.tensor([support]), times)), rel=0.05)


def test_nothing_beyond_the_halo_counts():
    noise = noiseOf((8, 8, 40))
    other = noise.clone()
    other[..., 20:] += 3.0
    sigma = torch.full_like(noise, SIGMA)
    first, second = (noiseWithoutStructure(x, sigma, WHITE) for x in (noise, other))
    apart = (first - second).abs().amax(dim=(0, 1, 2, 3)).numpy()
    assert apart[: 20 - HALO].max() == 0
    assert apart[20 - HALO] > 0


def test_correlated_noise_hardly_passes_for_structure_more_than_white_noise_does():
    """Zero-filled noise does not average out in three voxels: more must stand out before any comes back."""
    image = torch.full((64, 64, 64), 10.0)
    shares = []
    for support in ((1.0, 1.0, 1.0), (0.6, 0.6, 0.6)):
        scanned = scan(image, torch.zeros_like(image), Protocol(support=support), np.random.default_rng(3))
        noisy, ringing, *_ = addNoise(scanned, SIGMA, torch.Generator().manual_seed(2))
        noise = (noisy - ringing)[None, None]
        left = noiseWithoutStructure(noise, torch.full_like(noise, SIGMA), torch.tensor([support]))
        shares.append(float((noise - left).std()) / SIGMA)
    assert shares[1] < 1.5 * shares[0]
