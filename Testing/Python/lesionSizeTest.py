"""Diameters and volume of known shapes on grids that hide their axes."""

import math

import numpy as np
import pytest

from DLEnhanceLesionMetricsLib import masks
from DLEnhanceLesionMetricsLib.lesionSize import lesionSize, sliceAxis
from DLEnhanceLib.volume import Volume


def turned(degrees, spacing, shape=(60, 80, 80)):
    angle = math.radians(degrees)
    axes = np.array([[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0], [0, 0, 1]])
    matrix = np.eye(4)
    matrix[:3, :3] = axes * np.asarray(spacing, float)
    return Volume(np.zeros(shape, np.uint8), matrix)


def middleOf(volume):
    return masks.toRAS(volume, np.array(volume.voxels.shape[::-1]) / 2 + 0.2)


@pytest.mark.parametrize("degrees", [0, 17, 45])
@pytest.mark.parametrize("diameter", [4.0, 9.0, 14.0])
def test_sphere_diameters_are_within_one_voxel_of_the_truth(degrees, diameter):
    volume = turned(degrees, (0.5, 0.5, 0.5))
    size = lesionSize(masks.sphereMask(volume, middleOf(volume), diameter), volume)
    for found in (size.longestDiameter, size.perpendicularDiameter, size.diameter3D):
        assert found == pytest.approx(diameter, abs=0.5)
    assert size.volume == pytest.approx(math.pi / 6 * diameter**3, rel=0.05)


def test_ellipsoid_gives_its_axes_across_and_through_the_slices():
    volume = turned(20, (0.5, 0.5, 0.5))
    objectToRAS = masks.translation(middleOf(volume))
    size = lesionSize(masks.ellipsoidMask(volume, objectToRAS, (12, 7, 18)), volume)
    assert size.longestDiameter == pytest.approx(12, abs=0.5)
    assert size.perpendicularDiameter == pytest.approx(7, abs=0.5)
    assert size.diameter3D == pytest.approx(18, abs=0.5)
    # Half a slice of the 36 the ellipsoid spans may be missed at either end.
    assert size.slices in (35, 36)


def test_end_points_lie_on_the_slice_and_at_right_angles():
    volume = turned(33, (0.6, 0.4, 2.0))
    size = lesionSize(masks.ellipsoidMask(volume, masks.translation(middleOf(volume)), (14, 8, 10)), volume)
    along, across = (ends[1] - ends[0] for ends in (size.longest, size.perpendicular))
    assert along @ across == pytest.approx(0, abs=1e-6)
    ends = masks.toIJK(volume, np.concatenate([size.longest, size.perpendicular]))
    np.testing.assert_allclose(ends[:, 2], size.sliceIndex, atol=1e-6)


def test_row_of_voxels_is_as_long_as_its_voxels():
    volume = turned(0, (0.7, 1.0, 1.0), shape=(5, 5, 20))
    inside = np.zeros(volume.voxels.shape, bool)
    inside[2, 2, 3:10] = True
    size = lesionSize(masks.maskFromArray(inside), volume)
    assert size.longestDiameter == pytest.approx(7 * 0.7)
    assert size.perpendicularDiameter == pytest.approx(1.0, abs=0.02)


def test_one_voxel_has_a_size_and_touches_no_border():
    volume = turned(0, (1, 1, 1), shape=(5, 5, 5))
    inside = np.zeros(volume.voxels.shape, bool)
    inside[2, 2, 2] = True
    size = lesionSize(masks.maskFromArray(inside), volume)
    assert (size.longestDiameter, size.volume, size.touchesBorder) == (1.0, 1.0, False)
    assert size.sizeClass == "<5 mm"


def test_measurable_disease_needs_ten_by_five_mm_on_two_slices():
    volume = turned(0, (0.5, 0.5, 0.5))
    sizes = {
        shape: lesionSize(masks.ellipsoidMask(volume, masks.translation(middleOf(volume)), shape), volume)
        for shape in ((12, 7, 9), (12, 4, 9), (8, 7, 9), (12, 7, 0.6))
    }
    assert [size.isMeasurable for size in sizes.values()] == [True, False, False, False]


def test_lesion_at_the_border_says_so():
    volume = turned(0, (1, 1, 1))
    assert lesionSize(masks.sphereMask(volume, [1, 40, 30], 10), volume).touchesBorder


def test_thick_slices_are_measured_as_acquired_and_others_axially():
    sagittal = np.array([[0, 0, 1.0], [1, 0, 0], [0, 1, 0]])
    for spacing, axis in (((1, 1, 1), 1), ((0.5, 0.5, 5), 2)):
        matrix = np.eye(4)
        matrix[:3, :3] = sagittal * spacing
        assert sliceAxis(Volume(np.zeros((4, 4, 4)), matrix)) == axis


def test_empty_region_has_no_size():
    volume = turned(0, (1, 1, 1))
    assert lesionSize(masks.sphereMask(volume, [999, 0, 0], 3), volume) is None
