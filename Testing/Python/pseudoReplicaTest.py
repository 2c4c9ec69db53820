"""The replica noise against the noise that is known analytically for linear filters."""

import numpy as np
import pytest
from scipy import ndimage

from DLEnhanceLesionMetricsLib.pseudoReplica import pseudoReplica
from DLEnhanceLib.errors import BadOption, EnhancementCanceled

SHAPE = (12, 40, 40)
IMAGE = np.random.default_rng(0).integers(200, 900, SHAPE).astype(np.int16)


def boxFilter(array):
    return ndimage.uniform_filter(array, 3)


def test_noise_of_the_identity_is_the_added_noise():
    found = pseudoReplica(IMAGE, lambda array: array, 12.0, replicas=20)
    assert found.within(np.ones(SHAPE, bool)) == pytest.approx(12.0, rel=0.01)
    assert found.noise.shape == SHAPE


def test_noise_of_a_linear_filter_is_within_five_percent_of_the_analytic_one():
    found = pseudoReplica(IMAGE, boxFilter, 12.0, replicas=20)
    inner = np.zeros(SHAPE, bool)
    inner[2:-2, 2:-2, 2:-2] = True
    assert found.within(inner) == pytest.approx(12.0 / np.sqrt(27), rel=0.02)


def test_noise_maps_follow_a_sigma_that_varies_over_the_image():
    sigma = np.where(np.arange(40) < 20, 5.0, 15.0)
    noise = pseudoReplica(IMAGE, lambda array: array, sigma, replicas=20).noise
    assert np.sqrt(np.mean(noise[..., :20] ** 2)) == pytest.approx(5.0, rel=0.02)
    assert np.sqrt(np.mean(noise[..., 20:] ** 2)) == pytest.approx(15.0, rel=0.02)


def test_noise_of_a_nonlinear_filter_differs_between_plain_and_edge():
    step = np.zeros(SHAPE, np.float32)
    step[..., 20:] = 1000.0
    noise = pseudoReplica(step, lambda array: ndimage.median_filter(array, 3), 10.0, replicas=20).noise
    assert noise[2:-2, 2:-2, 18:22].mean() > 1.1 * noise[2:-2, 2:-2, 5:15].mean()


def test_colored_noise_can_be_given():
    kernel = 1 / np.sqrt(27)
    draw = lambda random, shape: ndimage.uniform_filter(random.standard_normal(shape), 3) / kernel  # noqa: E731
    white, colored = (
        pseudoReplica(IMAGE, boxFilter, 12.0, replicas=10, makeNoise=make).within(np.ones(SHAPE, bool))
        for make in (None, draw)
    )
    assert colored > 2 * white


def shrinkage(array):
    """A filter that, as enhancers do, removes small deviations and keeps large ones: soft threshold at 2 SD of 10."""
    return np.sign(array) * np.maximum(np.abs(array) - 20.0, 0)


def test_exchanging_the_noise_gives_the_true_noise_of_a_filter_that_adding_overstates():
    random = np.random.default_rng(5)
    true = np.std(shrinkage(random.normal(0, 10, 400_000)))
    image = random.normal(0, 10, SHAPE)
    everywhere = np.ones(SHAPE, bool)
    added, exchanged = (
        pseudoReplica(image, shrinkage, 10.0, ownNoise=own, replicas=20).within(everywhere) for own in (None, image)
    )
    assert added > 1.5 * true
    assert exchanged == pytest.approx(true, rel=0.15)


def test_exchanging_the_noise_changes_nothing_for_a_linear_filter():
    own = np.random.default_rng(6).normal(0, 12, SHAPE)
    found = pseudoReplica(IMAGE + own, boxFilter, 12.0, ownNoise=own, replicas=20)
    inner = np.zeros(SHAPE, bool)
    inner[2:-2, 2:-2, 2:-2] = True
    assert found.within(inner) == pytest.approx(12.0 / np.sqrt(27), rel=0.02)
    assert found.sample[inner].std() == pytest.approx(12.0 / np.sqrt(27), rel=0.08)


def test_same_seed_gives_the_same_map_and_the_input_is_untouched():
    before = IMAGE.copy()
    first, second = (pseudoReplica(IMAGE, boxFilter, 5.0, replicas=3, seed=4).noise for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(IMAGE, before)


def test_progress_is_told_and_a_callback_cancels():
    seen = []
    pseudoReplica(IMAGE, boxFilter, 5.0, replicas=3, reportProgress=lambda fraction, text: seen.append(fraction))
    assert seen[0] == 0.0
    assert seen[-1] == 1.0
    assert seen == sorted(seen)

    def cancel(fraction, text):
        raise EnhancementCanceled

    with pytest.raises(EnhancementCanceled):
        pseudoReplica(IMAGE, boxFilter, 5.0, reportProgress=cancel)


@pytest.mark.parametrize(("sigma", "replicas"), [(0.0, 20), (float("nan"), 20), (5.0, 1)])
def test_impossible_options_are_refused(sigma, replicas):
    with pytest.raises(BadOption):
        pseudoReplica(IMAGE, boxFilter, sigma, replicas=replicas)
