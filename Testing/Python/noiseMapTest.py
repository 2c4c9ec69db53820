"""The noise map is the marginal SD of the noise: white, correlated, filtered, locally amplified or near zero signal."""

import numpy as np
import pytest
from headPhantom import acquire, coilMap, headPhantom, surveyOf

from DLEnhanceLib.noiseColor import NoiseColor
from DLEnhanceLib.noiseMap import NoiseMap, estimateNoise, ricianReduction
from DLEnhanceLib.tissueLevel import SignalView


@pytest.fixture(scope="module")
def head():
    return headPhantom()


def relativeErrors(head, sigma, **acquisition):
    """Errors of the map in tissue, relative to the truth."""
    image, _ = acquire(head, sigma=sigma, **acquisition)
    truth = sigma * 1000.0 * np.broadcast_to(acquisition.get("coil", 1.0), head.shape)
    return (surveyOf(image).noise.full() / truth - 1)[head > 0.3]


@pytest.mark.parametrize("sigma", [0.02, 0.06, 0.12])
def test_white_noise_is_measured_within_ten_percent(head, sigma):
    errors = relativeErrors(head, sigma)
    assert abs(np.median(errors)) < 0.10
    assert np.percentile(np.abs(errors), 95) < 0.20


def test_noise_of_a_zero_filled_image_is_its_marginal_sd(head):
    errors = relativeErrors(head, 0.06, support=(1.0, 0.7, 0.62))
    assert abs(np.median(errors)) < 0.10


def test_noise_under_a_raw_filter_is_its_marginal_sd(head):
    errors = relativeErrors(head, 0.05, alpha=0.6)
    assert abs(np.median(errors)) < 0.15  # a white model would read 60 % too low


def test_noise_in_an_elliptic_kspace_is_its_marginal_sd(head):
    errors = relativeErrors(head, 0.06, isElliptic=True)
    assert abs(np.median(errors)) < 0.15  # in the outer corners there is no noise at all


def test_the_map_follows_the_coils(head):
    coil = coilMap(head.shape)
    image, _ = acquire(head, sigma=0.04, coil=coil)
    noiseMap, inside = surveyOf(image).noise.full(), head > 0.3
    assert np.corrcoef(noiseMap[inside], coil[inside])[0, 1] > 0.9
    assert np.percentile(np.abs(noiseMap / (40 * coil) - 1)[inside], 90) < 0.20


def test_a_map_without_coils_is_flat(head):
    image, _ = acquire(head, sigma=0.06)
    assert surveyOf(image).noise.relativeSpread < 0.25


def test_a_block_of_the_map_is_the_same_as_the_part_of_the_whole(head):
    noise = surveyOf(acquire(head, sigma=0.04, coil=coilMap(head.shape))[0]).noise
    part = np.s_[3:40, 50:51, 17:90]
    np.testing.assert_array_equal(noise.at(part), noise.full()[part])
    assert noise.at(part).dtype == np.float32


def test_the_map_is_linear_between_block_centers():
    values = np.arange(4, dtype=np.float32).reshape(1, 1, 4)
    noise = NoiseMap(values, (5, 5, 10), (5, 5, 40), 1.0, 0.0, NoiseColor((1.0, 1.0, 1.0)))
    line = noise.full()[0, 0]
    assert line[[4, 5]].mean() == pytest.approx(0.0, abs=0.06)
    assert np.diff(line[5:35]) == pytest.approx(0.1, abs=1e-5)
    assert line[0] == 0
    assert line[-1] == 3


def test_noise_free_images_have_a_small_positive_sigma(head):
    noise = surveyOf(head * 1000).noise
    assert noise.full().min() > 0
    assert noise.median < 12


@pytest.mark.parametrize("snr", [0.0, 1.0, 2.0, 3.0, 6.0])
def test_the_sd_of_a_rician_magnitude_leads_back_to_that_of_its_channels(snr):
    random = np.random.default_rng(1)
    magnitude = np.abs(snr + random.standard_normal(400_000) + 1j * random.standard_normal(400_000))
    mean, sd = np.float32([magnitude.mean()]), np.float32([magnitude.std()])
    assert sd / ricianReduction(mean, sd) == pytest.approx(1.0, abs=0.02)


def test_tissue_of_twice_the_noise_does_not_lower_the_map():
    random = np.random.default_rng(2)
    real, imaginary = 0.5 * random.standard_normal((2, 48, 64, 64)).astype(np.float32)
    view = SignalView(np.abs(1.0 + real + 1j * imaginary), 0.0, 1.0)
    noise = estimateNoise(view, np.ones(view.shape, bool), support=(1.0, 1.0, 1.0), floor=1e-4)
    assert noise.median == pytest.approx(0.5, rel=0.06)  # the SD of the magnitude is 0.45


def test_constant_parts_inside_the_tissue_do_not_end_the_noise(head):
    image, _ = acquire(head, sigma=0.04)
    image[30:42, 30:60, 30:60] = 700
    assert surveyOf(image).noise.median == pytest.approx(40, rel=0.2)
