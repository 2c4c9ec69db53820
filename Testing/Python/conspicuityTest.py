"""Conspicuity of a ramp-edged sphere whose edge slope and surround gradient are known."""

import numpy as np
import pytest

from DLEnhanceLesionMetricsLib.conspicuity import conspicuity
from DLEnhanceLesionMetricsLib.masks import RegionMask, sphereMask
from DLEnhanceLib.volume import Volume

CENTER = np.array([20.2, 19.7, 18.1])


def scene(*, contrast=100.0, width=3.0, background=5.0, spacing=(0.6, 0.6, 0.8), scale=1.0):
    """A sphere of 12 mm whose border falls by the contrast over a width in mm, on a background slope per mm along i."""
    shape = tuple(round(40 / size) for size in spacing[::-1])
    matrix = np.diag([*spacing, 1.0])
    k, j, i = np.indices(shape)
    points = np.stack([i, j, k], axis=-1) * spacing
    apart = np.linalg.norm(points - CENTER, axis=-1) - 6
    image = 200 + background * points[..., 0] + contrast * np.clip(0.5 - apart / width, 0, 1)
    return Volume(scale * image, matrix)


def found(**changes):
    volume = scene(**changes)
    return conspicuity(volume, sphereMask(volume, CENTER, 12))


def test_edge_slope_and_complexity_are_those_of_the_phantom():
    result = found()
    # The background's own slope cancels over the sphere's border; voxel staircases cost a few percent.
    assert result.edgeSlope == pytest.approx(100 / 3, rel=0.08)
    assert result.complexity == pytest.approx(5.0, rel=0.03)
    assert result.index == pytest.approx(result.edgeSlope / result.complexity)


def test_dark_lesions_have_a_negative_index():
    assert found(contrast=-100).index == pytest.approx(-found().index, rel=0.02)


def test_index_does_not_depend_on_the_scale():
    assert found(scale=7.0).index == pytest.approx(found().index)


def test_complex_surround_hides_the_lesion_and_blur_flattens_its_edge():
    assert found(background=10).index == pytest.approx(found().index / 2, rel=0.05)
    assert found(width=8).edgeSlope < 0.6 * found().edgeSlope


def test_noise_in_the_surround_lowers_the_index():
    volume = scene()
    noisy = volume.withVoxels(volume.voxels + np.random.default_rng(1).normal(0, 10, volume.voxels.shape))
    mask = sphereMask(volume, CENTER, 12)
    assert conspicuity(noisy, mask).index < 0.6 * conspicuity(volume, mask).index


def test_excluded_voxels_do_not_count_as_surround():
    volume = scene()
    voxels = volume.voxels.copy()
    vessel = np.zeros(voxels.shape, bool)
    vessel[:, :, 8:12] = True
    voxels[vessel] += 500
    mask = sphereMask(volume, CENTER, 12)
    wide = np.zeros_like(vessel)
    wide[:, :, :14] = True
    plain = conspicuity(volume, mask, excluded=[wide]).index
    changed = volume.withVoxels(voxels)
    assert conspicuity(changed, mask, excluded=[wide]).index == pytest.approx(plain, rel=0.02)
    assert conspicuity(changed, mask).index < 0.8 * plain


def test_single_slice_and_border_lesions_are_measured():
    volume = scene()
    plane = Volume(volume.voxels[22:23], volume.ijkToRAS)
    assert conspicuity(plane, sphereMask(plane, [20, 20, 0], 10)).index is not None


def test_constant_surround_and_tiny_lesions_give_a_reason():
    assert "constant" in found(background=0, width=0.5).reason
    empty = RegionMask(np.zeros((0, 0, 0), bool), (0, 0, 0), (50, 67, 67))
    assert "fewer than 2" in conspicuity(scene(), empty).reason
