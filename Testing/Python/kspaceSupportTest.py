"""The filled share of k-space is found whatever the noise, the filter and the shape of the filled region."""

import numpy as np
import pytest
from headPhantom import acquire, asVolume, headPhantom, surveyOf
from scipy import ndimage

from DLEnhanceLib.survey import survey

TOLERANCE = 0.03


@pytest.fixture(scope="module")
def head():
    return headPhantom()


@pytest.mark.parametrize("sigma", [0.03, 0.1])
@pytest.mark.parametrize("support", [(1.0, 0.8, 0.7), (0.9, 0.6, 0.55)])
def test_zero_filling_is_found_within_three_percent(head, sigma, support):
    image, _ = acquire(head, sigma=sigma, support=support)
    assert surveyOf(image).support == pytest.approx(support, abs=TOLERANCE)


@pytest.mark.parametrize("sigma", [0.01, 0.06])
def test_full_kspace_is_not_taken_for_zero_filled(head, sigma):
    assert surveyOf(acquire(head, sigma=sigma)[0]).support == (1.0, 1.0, 1.0)


def test_apodised_kspace_is_measured_to_its_edge(head):
    image, _ = acquire(head, sigma=0.03, support=(1.0, 0.8, 0.65), alpha=0.7)
    assert surveyOf(image).support == pytest.approx((1.0, 0.8, 0.65), abs=TOLERANCE)


def test_elliptic_kspace_gives_its_axes(head):
    image, _ = acquire(head, sigma=0.03, support=(1.0, 0.75, 0.65), isElliptic=True)
    assert surveyOf(image).support == pytest.approx((1.0, 0.75, 0.65), abs=TOLERANCE)


def test_resampled_data_are_not_taken_for_strongly_zero_filled(head):
    image, _ = acquire(head, sigma=0.03)
    shifted = ndimage.shift(image, 0.5, order=1, mode="nearest")  # the worst case: no power is left at Nyquist
    assert min(surveyOf(shifted).support) > 0.85


def test_short_axes_and_single_slices_count_as_filled(head):
    image, _ = acquire(head, sigma=0.03, support=(1.0, 0.7, 0.7))
    assert surveyOf(image[30:31]).support[0] == 1.0
    assert surveyOf(image[:, :30, :20]).support[1:] == (1.0, 1.0)


def test_a_masked_background_does_not_hide_the_edge(head):
    image, clean = acquire(head, sigma=0.03, support=(1.0, 0.7, 0.6))
    assert surveyOf(np.where(clean > 60, image, 0)).support == pytest.approx((1.0, 0.7, 0.6), abs=0.05)


def test_support_follows_the_axes_of_the_volume(head):
    image, _ = acquire(head, sigma=0.03, support=(1.0, 0.7, 0.6))
    turned = survey(asVolume(np.ascontiguousarray(image.transpose(2, 0, 1)))).support
    assert turned == pytest.approx((0.6, 1.0, 0.7), abs=TOLERANCE)
