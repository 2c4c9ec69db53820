"""Equal percentiles of two images of different scale: the map between their intensities."""

import numpy as np
import pytest

from DLEnhanceLib.windowMatch import PercentileMap


@pytest.fixture
def image():
    return np.random.default_rng(0).gamma(2.0, 50.0, (20, 40, 40))


def test_an_image_of_another_scale_and_offset_is_mapped_by_these(image):
    mapped = PercentileMap(image, 12.0 * image - 300.0)
    for value in (0.0, 60.0, 150.0, 400.0, 900.0):
        assert mapped.toSecond(value) == pytest.approx(12.0 * value - 300.0, rel=1e-3, abs=1.0)


def test_as_many_voxels_lie_below_the_mapped_value_when_the_relation_is_curved(image):
    other = np.sqrt(image)
    limit = PercentileMap(image, other).toSecond(170.0)
    assert np.mean(other < limit) == pytest.approx(np.mean(image < 170.0), abs=0.004)
    assert limit == pytest.approx(np.sqrt(170.0), rel=0.01)


@pytest.mark.parametrize("value", [-500.0, 3.0, 99.0, 310.0, 5000.0])
def test_a_value_comes_back_unchanged_also_from_outside_the_images(image, value):
    mapped = PercentileMap(image, np.sqrt(image))
    assert mapped.toFirst(mapped.toSecond(value)) == pytest.approx(value, rel=1e-6)


def test_a_masked_background_does_not_pull_the_tissue(image):
    masked = np.where(np.arange(image.size).reshape(image.shape) % 5 < 3, 0.0, image + 100.0)
    mapped = PercentileMap(masked, 3.0 * masked)
    assert [mapped.toSecond(value) for value in (150.0, 300.0)] == pytest.approx([450.0, 900.0], rel=5e-3)


def test_values_of_few_levels_stay_in_order(image):
    mapped = PercentileMap(np.round(image / 40), image)
    values = [mapped.toSecond(value) for value in np.linspace(0, 12, 40)]
    assert np.all(np.diff(values) > 0)


def test_not_finite_voxels_are_left_out(image):
    spoiled = image.copy()
    spoiled[0] = np.nan
    spoiled[1] = np.inf
    assert PercentileMap(spoiled, 2 * image).toSecond(100.0) == pytest.approx(200.0, rel=0.03)


@pytest.mark.parametrize("shape", [(1,), (3, 3, 3)])
def test_constant_images_are_mapped_by_their_difference(shape):
    mapped = PercentileMap(np.full(shape, 5.0), np.full(shape, 30.0))
    assert (mapped.toSecond(7.0), mapped.toFirst(30.0)) == (32.0, 5.0)


def test_a_large_image_is_sampled_over_its_whole_width():
    columns = np.tile(np.arange(1024, dtype=np.float32), (1500, 1))
    assert PercentileMap(columns, columns * 2).toSecond(512.0) == pytest.approx(1024.0, rel=0.01)
