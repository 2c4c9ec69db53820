"""The simulated acquisition against what the physics of k-space says."""

import dataclasses

import numpy as np
import pytest
import torch

from DLEnhanceLib.restoration import CLEAN_SIGMA
from DLEnhanceTraining.acquisition import Protocol, addNoise, scan
from DLEnhanceTraining.pathology import Lesion, drawLesion

STILL = Protocol(phaseCycles=0.0)
ZERO_FILLED = {"support": (1.0, 0.7, 0.6)}


def step(n=96, width=48):
    """A slab of signal 1 across the last axis, away from the rim."""
    image = torch.zeros(n, n, n)
    image[8:-8, 8:-8, (n - width) // 2 : (n + width) // 2] = 1.0
    return image


def balls(n=64):
    """Nested balls on a background, so that no ringing falls below zero, which the magnitude would fold."""
    radius = sum(g**2 for g in torch.meshgrid(*[torch.linspace(-1, 1, n)] * 3, indexing="ij")).sqrt()
    return 2.0 + (radius < 0.8) * 0.6 + (radius < 0.45) * 0.4


def scanned(protocol, image=None):
    image = step() if image is None else image
    return scan(image, torch.zeros_like(image), protocol, np.random.default_rng(0))


def noiseFree(protocol, image=None):
    _, ringing, clean, full, _ = addNoise(scanned(protocol, image), 0.0, torch.Generator().manual_seed(0))
    return ringing, clean, full


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


def test_clean_image_is_no_blunter_than_the_ringing_one_and_the_full_one_as_sharp_as_the_object():
    images = noiseFree(dataclasses.replace(STILL, support=(1, 1, 0.25)))
    ringing, clean, full = (riseDistance(profile(image)) for image in images)
    assert ringing == pytest.approx(0.89 * 96 / 23, rel=0.05)  # 23 lines of k-space are left
    assert clean / ringing == pytest.approx(0.78, abs=0.03)
    assert full == pytest.approx(0.8, abs=1e-3)  # from 0 to 1 within a voxel


@pytest.mark.parametrize("window", ["none", "hamming", "decay"])
@pytest.mark.parametrize(
    "fields",
    [
        {**ZERO_FILLED, "isElliptic": True},
        {**ZERO_FILLED, "outFraction": (0.75, 0.75, 0.75)},
        {**ZERO_FILLED, "outFraction": (0.25, 1.0, 1.0), "sliceAxis": 0},
        {"partialFourier": 0.75},
    ],
    ids=["ellipse", "smaller matrix", "2D slices", "partial Fourier"],
)
def test_full_image_has_the_measured_k_space_and_more_where_nothing_was_filled(fields, window):
    one = scanned(dataclasses.replace(STILL, window=window, **fields), balls())
    isFilled = (one.transfer != 0).expand(one.measured.shape)
    added = torch.fft.fftn(one.full - one.measured).abs()
    assert float(added[isFilled].max()) < 1e-4 * float(torch.fft.fftn(one.measured).abs().max())
    assert float((added[~isFilled] > 0).float().mean()) > 0.99
    _, ringing, _, full, _ = addNoise(one, 0.0, torch.Generator())
    assert float((full - ringing).abs().max()) > 0.01


def test_full_image_in_the_objects_own_matrix_is_the_object():
    image = balls()
    ringing, clean, full = noiseFree(dataclasses.replace(STILL, **ZERO_FILLED), image)
    assert torch.allclose(full, image, atol=1e-5)
    assert float((ringing - image).abs().max()) > 0.05
    assert float((clean - image).abs().max()) > 0.05


@pytest.mark.parametrize("fraction", [1.0, 0.75])
def test_where_k_space_is_full_nothing_is_missing_and_ringing_is_blur(fraction):
    ringing, clean, full = noiseFree(Protocol(outFraction=(fraction,) * 3), balls())
    assert torch.allclose(full, ringing, atol=1e-5)
    assert float((clean - full).abs().max()) > 0.05


def test_clean_image_is_the_full_one_under_a_gaussian_of_acquired_voxels():
    one = scanned(dataclasses.replace(STILL, outFraction=(0.75, 0.75, 0.75), **ZERO_FILLED), balls())
    acquired = [torch.fft.fftfreq(48) / share for share in one.support]  # in cycles per acquired voxel
    squares = sum(f**2 for f in torch.meshgrid(*acquired, indexing="ij"))
    gaussian = torch.exp(-2 * (torch.pi * CLEAN_SIGMA) ** 2 * squares)
    assert torch.allclose(one.clean, torch.fft.ifftn(torch.fft.fftn(one.full) * gaussian), atol=1e-5)


@pytest.mark.parametrize(("window", "edge"), [("none", 1.0), ("hamming", 0.08), ("decay", np.exp(-0.9))])
def test_beyond_the_filled_part_the_window_of_the_full_image_stays_at_its_edge(window, edge):
    image = torch.zeros(64, 64, 64)
    image[32, 32, 32] = 1.0  # all of its k-space is 1
    one = scanned(dataclasses.replace(STILL, support=(1, 1, 0.5), window=window), image)
    line = torch.fft.fftn(one.full)[0, 0].abs()
    assert float(line[0]) == pytest.approx(1, abs=1e-4)
    assert line[16:49].numpy() == pytest.approx(edge, abs=1e-4)
    assert torch.fft.fftn(one.measured)[0, 0].abs()[16:49].numpy() == pytest.approx(0, abs=1e-4)


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
    image[32:64] = 1.0
    ringing, clean, full = noiseFree(dataclasses.replace(STILL, outFraction=(1 / 3, 1, 1), sliceAxis=0), image)
    assert ringing.shape == (32, 96, 96)
    assert torch.allclose(ringing, full, atol=1e-5)
    assert torch.allclose(ringing, clean, atol=1e-5)  # no Gaussian across slices
    assert float(ringing.max()) < 1.01
    assert 0.05 < float(ringing[10, 0, 0]) < 0.5  # the first slice beside the slab


def test_drawn_lesion_has_the_volume_and_contrast_asked_for():
    image = torch.zeros(48, 48, 48)
    drawLesion(image, Lesion((24.0, 24.3, 23.6), (6.0, 6.0, 6.0), 0.5))
    assert float(image.sum()) / 0.5 == pytest.approx(4 / 3 * np.pi * 6**3, rel=0.02)
    assert float(image.max()) == pytest.approx(0.5)
