"""The noise map is the marginal SD of the noise: white, correlated, filtered, locally amplified or near zero signal."""

import numpy as np
import pytest
from headPhantom import acquire, coilMap, headPhantom, surveyOf

from DLEnhanceLib.noiseColor import AxisFilter, NoiseColor, likely
from DLEnhanceLib.noiseMap import BlockStatistics, NoiseMap, estimateNoise, ricianReduction, shareOfNoise
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


@pytest.mark.parametrize(("sigma", "tolerance"), [(0.005, 0.15), (0.01, 0.08)])
def test_low_noise_is_not_overstated_because_of_anatomy(head, sigma, tolerance):
    errors = relativeErrors(head, sigma)
    assert abs(np.median(errors)) < tolerance
    assert np.percentile(np.abs(errors), 95) < 0.25


def test_low_noise_of_a_zero_filled_image_is_not_overstated(head):
    errors = relativeErrors(head, 0.01, support=(1.0, 0.7, 0.62))
    assert abs(np.median(errors)) < 0.10


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
    assert noise.median < 1.5


@pytest.mark.parametrize("snr", [0.0, 1.0, 2.0, 3.0, 6.0])
def test_the_sd_of_a_rician_magnitude_leads_back_to_that_of_its_channels(snr):
    random = np.random.default_rng(1)
    magnitude = np.abs(snr + random.standard_normal(400_000) + 1j * random.standard_normal(400_000))
    mean, sd = np.float32([magnitude.mean()]), np.float32([magnitude.std()])
    assert sd / ricianReduction(mean, sd) == pytest.approx(1.0, abs=0.02)


def test_tissue_of_twice_the_noise_does_not_lower_the_map():
    medians = []
    for seed in (2, 3, 4):
        random = np.random.default_rng(seed)
        real, imaginary = 0.5 * random.standard_normal((2, 48, 64, 64)).astype(np.float32)
        view = SignalView(np.abs(1.0 + real + 1j * imaginary), 0.0, 1.0)
        medians.append(estimateNoise(view, np.ones(view.shape, bool), support=(1.0, 1.0, 1.0), floor=1e-4).median)
    assert np.mean(medians) == pytest.approx(0.5, rel=0.06)  # the SD of the magnitude is 0.45


def test_the_map_follows_a_steep_rise_to_the_middle():
    """As with coils all around and much parallel imaging: 0.7 at the rim and 2.3 in the middle."""
    shape = (96, 96, 96)
    radius = np.sqrt(sum(axis**2 for axis in np.meshgrid(*[np.linspace(-1, 1, n) for n in shape]))) / np.sqrt(3)
    rise = 0.7 + 1.6 * np.cos(np.pi / 2 * radius) ** 2
    image = (1 + 0.04 * rise * np.random.default_rng(6).standard_normal(shape)).astype(np.float32)
    noise = estimateNoise(SignalView(image, 0.0, 1.0), np.ones(shape, bool), support=(1.0, 1.0, 1.0), floor=1e-4)
    ratio = noise.at(np.s_[:, :, :]) / (0.04 * rise)
    assert np.median(ratio[rise > 1.9]) == pytest.approx(1.0, abs=0.06)
    assert np.percentile(np.abs(ratio - 1), 90) < 0.2


def test_constant_parts_inside_the_tissue_do_not_end_the_noise(head):
    image, _ = acquire(head, sigma=0.04)
    image[30:42, 30:60, 30:60] = 700
    assert surveyOf(image).noise.median == pytest.approx(40, rel=0.2)


def blockStatistics(noise, anatomy, *, leak=0.05, ofNoise=1.5):
    """Statistics of blocks where anatomy of some activity leaks into the band; the busy voxels hold twice of it."""
    quiet, busy = (np.stack([noise + leak * a, ofNoise * noise + a]) for a in (anatomy, 2 * anatomy))
    return BlockStatistics(quiet, busy, np.ones_like(noise), np.ones_like(noise), (16, 16, 16))


def test_what_anatomy_leaks_into_the_band_is_taken_away():
    noise = np.full((3, 4, 5), 2.0)
    statistics = blockStatistics(noise, np.random.default_rng(3).uniform(1.0, 30.0, noise.shape))
    share = shareOfNoise(statistics, noise > 0, 1.5)
    np.testing.assert_allclose(statistics.quiet[0] * share, noise, rtol=1e-6)


def test_noise_without_anatomy_is_kept_whatever_the_leak_seems_to_be():
    noise = np.full((3, 4, 5), 2.0)
    statistics = blockStatistics(noise, np.zeros(noise.shape))
    chance = np.random.default_rng(4).uniform(0.1, 0.5, noise.shape)
    statistics.busy[:] += np.stack([0.02 * chance, chance])  # busy voxels by chance
    np.testing.assert_allclose(shareOfNoise(statistics, noise > 0, 1.5), 1.0, rtol=1e-6)


def test_no_block_is_left_without_noise():
    noise = np.full((3, 4, 5), 1.0)
    statistics = blockStatistics(noise, np.full(noise.shape, 5.0))
    statistics.quiet[:, 0, 0, 0] = (1.0, 1000.0)
    assert shareOfNoise(statistics, noise > 0, 1.5)[0, 0, 0] == pytest.approx(0.1)


def test_a_raw_filter_is_believed_along_two_axes():
    found = [AxisFilter(1.0, 1.0), AxisFilter(0.6, 1.5), AxisFilter(0.7, 2.0)]
    assert likely(found) == (1.0, 0.6, 0.7)


def test_a_fall_along_one_axis_is_anatomy_unless_all_segments_are_noise():
    assert likely([AxisFilter(1.0), AxisFilter(0.6, 1.4), AxisFilter(0.9, 1.4)]) == (1.0, 1.0, 1.0)
    assert likely([AxisFilter(1.0), AxisFilter(0.6, 1.1), AxisFilter(1.0)]) == (1.0, 0.6, 1.0)


def test_a_fall_where_anatomy_prevails_is_no_filter():
    assert likely([AxisFilter(0.6, 5.0), AxisFilter(0.6, 9.0), AxisFilter(0.7, 5.0)]) == (1.0, 1.0, 1.0)
