"""The average of measured values that look alike: what it gives back, and what it must not make of noise."""

import numpy as np
import pytest
import torch

from DLEnhanceLib import similar
from DLEnhanceLib.similar import averageOfSimilar, noiseOfSimilar

SIGMA = 0.05
LESION = (..., slice(20, 23), slice(22, 25), slice(10, 13))


def scene(shape=(40, 44, 48)):
    """(truth, noisy, sigma): two tissues and a lesion of three voxels an edge."""
    truth = torch.full((1, 1, *shape), 0.6)
    truth[..., 24:] = 1.0
    truth[LESION] += 0.25
    noise = SIGMA * torch.randn(truth.shape, generator=torch.Generator().manual_seed(1))
    return truth, truth + noise, torch.full_like(truth, SIGMA)


def faded(truth):
    """The truth with a third of the lesion's contrast lost: what a first filter does to it."""
    estimate = truth.clone()
    estimate[LESION] -= 0.08
    return estimate


def test_a_lesion_that_the_first_estimate_faded_comes_back():
    truth, noisy, sigma = scene()
    noise = noisy - faded(truth)
    better = noisy - noiseOfSimilar(noisy, noise, sigma)
    assert float(better[LESION].mean()) == pytest.approx(0.85, abs=0.02)
    assert float((better - truth).square().mean()) < 0.05 * SIGMA**2


def test_noise_is_averaged_over_all_neighbours_in_uniform_tissue():
    truth, noisy, sigma = scene()
    average = averageOfSimilar(noisy, truth, sigma)
    inside = (..., slice(4, 16), slice(4, 16), slice(4, 16))
    count = 1 + len(similar.SHIFTS)
    assert float((average - truth)[inside].std()) == pytest.approx(SIGMA / count**0.5, rel=0.1)


def test_an_edge_is_not_averaged_across():
    truth, noisy, sigma = scene()
    step = averageOfSimilar(noisy, truth, sigma)[..., 30:36, 30:36, 22:26].mean(dim=(0, 1, 2, 3))
    assert step.numpy() == pytest.approx([0.6, 0.6, 1.0, 1.0], abs=0.02)


def test_an_estimate_that_is_right_is_left_alone_but_for_its_share():
    """Where both agree the result is a mixture of the two: neither bias nor more noise than the average has."""
    truth, noisy, sigma = scene()
    better = noisy - noiseOfSimilar(noisy, noisy - truth, sigma)
    alone = averageOfSimilar(noisy, truth, sigma)
    assert float((better - truth).std()) < float((alone - truth).std())


def test_pure_noise_gets_no_peak_higher_than_it_had():
    noisy = 0.6 + SIGMA * torch.randn(1, 1, 40, 40, 40, generator=torch.Generator().manual_seed(2))
    sigma = torch.full_like(noisy, SIGMA)
    done = noisy - noiseOfSimilar(noisy, noisy - 0.6, sigma)
    assert float((done - 0.6).abs().max()) < 0.35 * float((noisy - 0.6).abs().max())


def test_slabs_do_not_change_the_average(monkeypatch):
    truth, noisy, sigma = scene()
    whole = averageOfSimilar(noisy, truth, sigma)
    monkeypatch.setattr(similar, "LAYERS", 7)
    assert torch.equal(averageOfSimilar(noisy, truth, sigma), whole)


def test_nothing_beyond_the_halo_counts():
    truth, noisy, sigma = scene((8, 8, 40))
    other = noisy.clone()
    other[..., 20:] += 3.0
    first, second = (noiseOfSimilar(x, x - truth[..., :8, :8, :40], sigma) for x in (noisy, other))
    apart = (first - second).abs().amax(dim=(0, 1, 2, 3)).numpy()
    assert apart[: 20 - similar.HALO].max() == 0
    assert np.any(apart[20 - similar.HALO :] > 0)


@pytest.mark.parametrize("snr", [1.5, 2.0, 5.0])
def test_the_average_of_magnitudes_has_their_bias_no_more(snr):
    real, imaginary = SIGMA * torch.randn(2, 1, 1, 40, 40, 40, generator=torch.Generator().manual_seed(4))
    image = torch.hypot(real + snr * SIGMA, imaginary)
    estimate, sigma = torch.full_like(image, snr * SIGMA), torch.full_like(image, SIGMA)
    bias = float((averageOfSimilar(image, estimate, sigma) - estimate).mean()) / SIGMA
    assert bias < 0.25 * (float(image.mean()) / SIGMA - snr) + 0.01
    assert bias > -0.02


def test_air_stays_smooth():
    """No specks where the root of what is left of the noise would be close to nothing."""
    real, imaginary = SIGMA * torch.randn(2, 1, 1, 40, 40, 40, generator=torch.Generator().manual_seed(4))
    image = torch.hypot(real, imaginary)
    average = averageOfSimilar(image, torch.full_like(image, SIGMA), torch.full_like(image, SIGMA))
    assert float(average.max()) < 2 * float(average.mean())


def test_a_neighbour_in_other_surroundings_counts_less():
    """Of equal value, but one amid bright tissue: the mean around a voxel tells them apart."""
    estimate = torch.full((1, 1, 12, 12, 24), 0.6)
    estimate[..., 14:] = 1.0  # the voxels at 13 have the value of those at 12, and brighter neighbours
    image = estimate.clone()
    image[..., 13] += 0.3
    found = averageOfSimilar(image, estimate, torch.full_like(image, SIGMA))[0, 0, 6, 6]
    assert float(found[12]) < 0.6 + 0.3 * 0.15
    assert float(found[13]) > 0.6 + 0.3 * 0.7
