"""The simulated acquisition against what the physics of k-space says."""

import dataclasses

import numpy as np
import pytest
import torch

from DLEnhanceTraining.acquisition import Protocol, addNoise, scan
from DLEnhanceTraining.pathology import Lesion, drawLesion

STILL = Protocol(phaseCycles=0.0)


def step(n=96, width=48):
    """A slab of signal 1 across the last axis, away from the rim."""
    image = torch.zeros(n, n, n)
    image[8:-8, 8:-8, (n - width) // 2 : (n + width) // 2] = 1.0
    return image


def scanned(protocol, image=None):
    image = step() if image is None else image
    return scan(image, torch.zeros_like(image), protocol, np.random.default_rng(0))


def noiseFree(protocol, image=None):
    _, ringing, clean, sharp, _ = addNoise(scanned(protocol, image), 0.0, torch.Generator().manual_seed(0))
    return ringing, clean, sharp


def profile(image):
    return image[image.shape[0] // 2, image.shape[1] // 2].numpy()


def test_cut_k_space_rings_nine_percent_and_the_clean_image_does_not():
    ringing, clean, _ = noiseFree(dataclasses.replace(STILL, outFraction=(1, 1, 1), support=(1, 1, 0.25)))
    assert profile(ringing).max() - 1 == pytest.approx(0.089, abs=0.02)
    assert profile(clean).max() - 1 < 0.01


def riseDistance(values):
    """10 to 90 % of the left edge of the slab, in voxels; crossings nearest to the middle of the edge."""
    middle = int(np.argmax(values > 0.5))
    below = middle - int(np.argmax(values[middle::-1] < 0.1))
    above = middle + int(np.argmax(values[middle:] > 0.9))
    low = below + (0.1 - values[below]) / (values[below + 1] - values[below])
    return above - (values[above] - 0.9) / (values[above] - values[above - 1]) - low


def test_clean_image_is_no_blunter_than_the_ringing_one_and_sharp_is_1_3_times_sharper():
    images = noiseFree(dataclasses.replace(STILL, support=(1, 1, 0.25)))
    ringing, clean, sharp = (riseDistance(profile(image)) for image in images)
    assert ringing == pytest.approx(0.89 * 96 / 23, rel=0.05)  # 23 lines of k-space are left
    assert clean / ringing == pytest.approx(0.80, abs=0.04)
    assert 1.15 < clean / sharp < 1.3  # the object's own edge is not infinitely sharp


def test_fully_resolved_object_has_no_ringing_and_nothing_to_sharpen():
    ringing, clean, sharp = noiseFree(STILL)
    assert torch.allclose(ringing, clean, atol=1e-5)
    assert torch.allclose(sharp, clean, atol=1e-5)


def test_noise_in_tissue_has_the_stated_sd_also_when_zero_filled():
    image = torch.ones(64, 64, 64)
    zeroFilled = dataclasses.replace(STILL, support=(1.0, 0.7, 0.62), isElliptic=True)
    noisy, ringing, *_, sigma = addNoise(scanned(zeroFilled, image), 0.05, torch.Generator().manual_seed(1))
    assert float((noisy - ringing).std()) == pytest.approx(float(sigma.mean()), rel=0.03)


def test_noise_follows_the_g_map():
    image = torch.ones(96, 96, 96)
    noisy, ringing, *_, sigma = addNoise(
        scanned(dataclasses.replace(STILL, gSpread=4.0), image), 0.02, torch.Generator().manual_seed(1)
    )
    quiet, loud = sigma < 0.017, sigma > 0.024
    noise = noisy - ringing
    assert float(noise[quiet].std()) == pytest.approx(float(sigma[quiet].square().mean().sqrt()), rel=0.05)
    assert float(noise[loud].std()) == pytest.approx(float(sigma[loud].square().mean().sqrt()), rel=0.05)


def test_zero_filled_k_space_is_empty_outside_the_support():
    image = torch.ones(64, 64, 64)
    measured = scanned(dataclasses.replace(STILL, support=(1, 1, 0.5)), image)
    noise = torch.fft.ifftn(torch.fft.fftn(torch.randn(64, 64, 64)) * measured.transfer)
    power = torch.fft.fftshift(torch.fft.fftn(noise)).abs().square().mean((0, 1))
    assert float(power[:15].max()) < 1e-6 * float(power[32])


def test_air_holds_rayleigh_noise():
    image = torch.zeros(64, 64, 64)
    noisy, *_ = addNoise(scanned(STILL, image), 0.03, torch.Generator().manual_seed(2))
    assert float(noisy.mean()) == pytest.approx(0.03 * np.sqrt(np.pi / 2), rel=0.02)


def test_slice_axis_has_a_profile_and_no_ringing():
    image = torch.zeros(96, 96, 96)
    image[32:64, 8:-8, 8:-8] = 1.0
    ringing, clean, _ = noiseFree(dataclasses.replace(STILL, outFraction=(1 / 3, 1, 1), sliceAxis=0), image)
    assert ringing.shape == (32, 96, 96)
    assert torch.allclose(ringing, clean, atol=0.02)


def test_drawn_lesion_has_the_volume_and_contrast_asked_for():
    image = torch.zeros(48, 48, 48)
    drawLesion(image, Lesion((24.0, 24.3, 23.6), (6.0, 6.0, 6.0), 0.5))
    assert float(image.sum()) / 0.5 == pytest.approx(4 / 3 * np.pi * 6**3, rel=0.02)
    assert float(image.max()) == pytest.approx(0.5)
