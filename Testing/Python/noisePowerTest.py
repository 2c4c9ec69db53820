"""Spectra of noise whose power is known: white, smoothed, and on an anisotropic grid."""

import numpy as np
import pytest
from scipy import ndimage

from DLEnhanceLesionMetricsLib.noisePower import noisePower
from DLEnhanceLib.errors import BadOption

WHITE = np.random.default_rng(0).normal(0, 5, (12, 128, 128))


def test_white_noise_is_flat_with_its_variance_times_the_voxel_area():
    found = noisePower(WHITE, (0.5, 0.5))
    np.testing.assert_allclose(found.power[2:], 25 * 0.25, rtol=0.12)
    assert found.sd == pytest.approx(5, rel=0.02)
    # The mean radius of a disk of radius f is 2/3 f.
    assert found.meanFrequency == pytest.approx(2 / 3 * 1.0, rel=0.02)


def test_smoothing_lowers_the_mean_frequency_as_the_filter_says():
    smooth = ndimage.gaussian_filter(WHITE, (0, 1.0, 1.0))
    # Small patches read higher, because the cell at frequency zero is the mean that is taken out.
    found = noisePower(smooth, (0.5, 0.5), patch=128)
    f = np.linspace(0, 1.0, 4001)
    transfer = np.exp(-2 * (np.pi * f) ** 2 * 0.5**2) ** 2  # sigma of 1 voxel = 0.5 mm
    expected = np.sum(f**2 * transfer) / np.sum(f * transfer)
    assert found.meanFrequency == pytest.approx(expected, rel=0.04)
    assert found.meanFrequency < 0.7 * noisePower(WHITE, (0.5, 0.5)).meanFrequency


def test_frequencies_are_per_mm_and_stop_at_the_coarser_axis():
    found = noisePower(WHITE, (0.5, 1.0))
    assert found.frequencies.max() <= 0.5
    assert found.meanFrequency == pytest.approx(2 / 3 * 0.5, rel=0.05)


def test_periodic_noise_peaks_at_its_frequency():
    stripes = 20 * np.sin(2 * np.pi * np.arange(128) / 8)
    assert noisePower(WHITE + stripes, (0.5, 0.5)).peakFrequency == pytest.approx(1 / 4.0, rel=0.1)


def test_slope_and_mean_of_the_anatomy_do_not_count():
    shaded = WHITE + 300 + np.arange(128) * 2.0
    assert noisePower(shaded, (0.5, 0.5)).meanFrequency == pytest.approx(noisePower(WHITE, (0.5, 0.5)).meanFrequency)


def test_patches_shrink_until_they_fit_the_region():
    inside = np.zeros(WHITE.shape, bool)
    inside[3:9, 40:60, 50:70] = True
    found = noisePower(WHITE, (0.5, 0.5), inside=inside)
    assert found.patches > 0
    assert found.sd == pytest.approx(5, rel=0.1)


def ballOf(diameter):
    k, j, i = np.indices(WHITE.shape)
    return (k - 6) ** 2 + (j - 60) ** 2 + (i - 60) ** 2 <= (diameter / 2) ** 2


def test_a_ball_too_small_for_patches_still_tells_white_from_coarse_noise():
    coarse = ndimage.gaussian_filter(WHITE, (0, 1.0, 1.0))
    small = [noisePower(noise, (0.5, 0.5), inside=ballOf(8)) for noise in (WHITE, coarse)]
    whole = [noisePower(noise, (0.5, 0.5)) for noise in (WHITE, coarse)]
    assert not small[0].isWhole
    assert small[0].sd == pytest.approx(5, rel=0.1)
    assert small[0].meanFrequency == pytest.approx(whole[0].meanFrequency, rel=0.08)
    # Smeared, so the two are nearer to each other than they are (0.46), but apart.
    assert small[1].meanFrequency < 0.75 * small[0].meanFrequency


def test_patches_of_a_ball_ignore_what_lies_around_it():
    around = np.where(ballOf(8), WHITE, 1e6)
    found, alone = (noisePower(noise, (1, 1), inside=ballOf(8)) for noise in (around, WHITE))
    assert found.meanFrequency == alone.meanFrequency


def test_region_too_small_is_refused():
    with pytest.raises(BadOption, match="too small"):
        noisePower(WHITE, (1, 1), inside=ballOf(4))
    with pytest.raises(BadOption, match="too small"):
        noisePower(WHITE[:, :5, :5], (1, 1))


def test_difference_of_real_repeats_has_the_published_noise(realData):
    nibabel = pytest.importorskip("nibabel")
    repeats = nibabel.load(realData / "repeats_epi" / "studyforrest_epi_vols11-30.nii.gz")
    first, second = (np.asarray(repeats.dataobj[..., index], float).T for index in (0, 1))
    inside = first > 0.5 * np.percentile(first, 98)
    found = noisePower((first - second) / np.sqrt(2), (3, 3), inside=inside, patch=16)
    # SOURCES.md: repeat-to-repeat noise is 1.1 % of the signal.
    assert found.sd / first[inside].mean() == pytest.approx(0.011, rel=0.4)
    assert 0 < found.meanFrequency < 1 / 6
