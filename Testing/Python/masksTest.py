"""Masks against formulas on oblique, anisotropic and mirrored grids, where every voxel stands for its center.

Counting voxel centers misses a volume by a random amount that shrinks with the number of voxels at the border; the
tolerances below are at least twice the largest error seen in these cases.
"""

import math

import numpy as np
import pytest
import SimpleITK as sitk

from DLEnhanceLesionMetricsLib import masks, regions
from DLEnhanceLesionMetricsLib.measures import regionStatistics
from DLEnhanceLib.errors import BadOption
from DLEnhanceLib.volume import Volume


def rotation(degreesX, degreesY, degreesZ):
    x, y, z = np.radians([degreesX, degreesY, degreesZ])
    aboutX = np.array([[1, 0, 0], [0, math.cos(x), -math.sin(x)], [0, math.sin(x), math.cos(x)]])
    aboutY = np.array([[math.cos(y), 0, math.sin(y)], [0, 1, 0], [-math.sin(y), 0, math.cos(y)]])
    aboutZ = np.array([[math.cos(z), -math.sin(z), 0], [math.sin(z), math.cos(z), 0], [0, 0, 1]])
    return aboutZ @ aboutY @ aboutX


def grid(axes, spacing, shape=(60, 80, 90)):
    """An empty volume whose middle voxel lies at RAS (11, -7, 23)."""
    matrix = np.eye(4)
    matrix[:3, :3] = axes * np.asarray(spacing, float)
    matrix[:3, 3] = np.array([11.0, -7.0, 23.0]) - matrix[:3, :3] @ (np.array(shape[::-1]) / 2 - 0.3)
    return Volume(np.zeros(shape, np.uint8), matrix)


MIDDLE = np.array([11.0, -7.0, 23.0])
GRIDS = {
    "axial isotropic": grid(np.eye(3), (0.5, 0.5, 0.5)),
    "oblique": grid(rotation(20, -15, 35), (0.5, 0.5, 0.5)),
    "anisotropic": grid(np.eye(3), (0.4, 0.4, 1.5)),
    "oblique anisotropic": grid(rotation(-12, 30, 8), (0.4, 0.6, 1.2)),
    "mirrored": grid(rotation(5, 10, 15) @ np.diag([-1, 1, 1]), (0.5, 0.4, 0.8)),
    "sagittal": grid(np.array([[0, 0, -1], [1, 0, 0], [0, 1, 0]]), (0.5, 0.5, 0.7)),
}
everyGrid = pytest.mark.parametrize("volume", GRIDS.values(), ids=GRIDS)


def mm3(mask, volume):
    return mask.count * volume.voxelVolume


def slowMask(volume, isInside):
    """The definition, voxel by voxel: isInside takes (n, 3) RAS points."""
    k, j, i = np.indices(volume.voxels.shape).reshape(3, -1)
    return isInside(masks.toRAS(volume, np.stack([i, j, k], axis=1))).reshape(volume.voxels.shape)


@everyGrid
def test_sphere_volume_is_within_one_percent_of_the_formula(volume):
    mask = masks.sphereMask(volume, MIDDLE, 18.0)
    assert mm3(mask, volume) == pytest.approx(math.pi / 6 * 18**3, rel=0.01)


@everyGrid
def test_sphere_has_exactly_the_voxels_whose_centers_are_inside(volume):
    mask = masks.sphereMask(volume, MIDDLE + 0.17, 9.0)
    expected = slowMask(volume, lambda points: np.linalg.norm(points - MIDDLE - 0.17, axis=1) <= 4.5)
    np.testing.assert_array_equal(mask.toArray(), expected)


@everyGrid
def test_turned_ellipsoid_volume_is_within_two_percent_of_the_formula(volume):
    objectToRAS = masks.translation(MIDDLE)
    objectToRAS[:3, :3] = rotation(25, 40, -10)
    mask = masks.ellipsoidMask(volume, objectToRAS, (20, 14, 10))
    assert mm3(mask, volume) == pytest.approx(math.pi / 6 * 20 * 14 * 10, rel=0.02)


@everyGrid
def test_turned_box_volume_is_within_three_percent_of_the_formula(volume):
    objectToRAS = masks.translation(MIDDLE)
    objectToRAS[:3, :3] = rotation(25, 40, -10)
    assert mm3(masks.boxMask(volume, objectToRAS, (14, 13, 12)), volume) == pytest.approx(14 * 13 * 12, rel=0.03)


def test_boxes_that_touch_share_no_voxel_and_leave_no_gap():
    volume = Volume(np.zeros((4, 6, 10)), np.eye(4))
    left = masks.boxMask(volume, masks.translation([2.0, 2.5, 1.5]), (4, 6, 4)).toArray()
    right = masks.boxMask(volume, masks.translation([6.0, 2.5, 1.5]), (4, 6, 4)).toArray()
    assert not (left & right).any()
    assert np.count_nonzero(left | right) == 8 * 6 * 4


@pytest.mark.parametrize("spacing", [0.1, 0.3, 0.7, 1.1])
def test_half_open_box_has_edge_over_spacing_voxels_whatever_the_rounding(spacing):
    volume = Volume(np.zeros((20, 20, 20)), np.diag([spacing, spacing, spacing, 1]))
    mask = masks.boxMask(volume, masks.translation([8 * spacing] * 3), (6 * spacing,) * 3)
    assert mask.count == 6**3


def test_mirroring_the_grid_keeps_the_physical_voxels_of_a_box():
    plain = Volume(np.zeros((10, 10, 10)), np.eye(4))
    mirrored = Volume(np.zeros((10, 10, 10)), np.diag([-1.0, 1, 1, 1]) @ masks.translation([-9, 0, 0]))
    expected = masks.boxMask(plain, masks.translation([4, 5, 5]), (4, 4, 4)).toArray()
    np.testing.assert_array_equal(
        masks.boxMask(mirrored, masks.translation([4, 5, 5]), (4, 4, 4)).toArray(), expected[:, :, ::-1]
    )


def planeOf(axes):
    plane = masks.translation(MIDDLE)
    plane[:3, :3] = axes
    return plane


@everyGrid
@pytest.mark.parametrize("angles", [(0, 0, 0), (90, 0, 0), (0, 90, 0), (30, 20, 10)], ids=str)
def test_circle_area_in_any_plane_is_within_three_percent_of_the_formula(volume, angles):
    mask = masks.ellipseMask(volume, planeOf(rotation(*angles)), (16, 16))
    assert mask.count * mask.areaPerVoxel == pytest.approx(math.pi * 64, rel=0.03)


@everyGrid
def test_flat_ellipse_lies_within_half_a_voxel_of_its_plane(volume):
    axes = rotation(30, 20, 10)
    mask = masks.ellipseMask(volume, planeOf(axes), (16, 10))
    points = masks.toRAS(volume, np.argwhere(mask.toArray())[:, ::-1])
    thickness = np.abs(volume.ijkToRAS[:3, :3].T @ axes[:, 2]).max()
    assert np.abs((points - MIDDLE) @ axes[:, 2]).max() <= thickness / 2 + 1e-6


def test_circle_on_a_slice_fills_that_slice_only():
    volume = GRIDS["anisotropic"]
    center = masks.toRAS(volume, [45, 40, 22.4])
    plane = masks.translation(center)
    mask = masks.ellipseMask(volume, plane, (8, 8))
    assert mask.inside.shape[0] == 1
    assert mask.start[0] == 22


def test_polygon_follows_the_even_odd_rule_and_concave_borders():
    volume = Volume(np.zeros((3, 20, 20)), np.eye(4))
    letterL = np.array([[2, 2], [12, 2], [12, 6], [6, 6], [6, 14], [2, 14]], float) - 0.5
    mask = masks.closedCurveMask(volume, np.c_[letterL, np.ones(6)])
    assert mask.count == 10 * 4 + 4 * 8
    assert not mask.toArray()[1, 10, 10]


def test_curve_that_leaves_its_plane_is_measured_with_a_note():
    angles = np.linspace(0, 2 * math.pi, 40, endpoint=False)
    points = np.c_[8 * np.cos(angles), 8 * np.sin(angles), 3 * np.cos(2 * angles)] + 15
    mask = masks.closedCurveMask(Volume(np.zeros((30, 30, 30)), np.eye(4)), points)
    assert mask.count > 0
    assert "not flat" in mask.notes[0]


def test_curve_on_a_line_encloses_nothing():
    volume = Volume(np.zeros((5, 5, 5)), np.eye(4))
    assert masks.closedCurveMask(volume, [[0, 0, 0], [1, 1, 1], [3, 3, 3]]).count == 0


def test_labels_on_the_image_grid_are_taken_as_they_are():
    volume = GRIDS["mirrored"]
    drawn = np.random.default_rng(1).integers(0, 3, volume.voxels.shape).astype(np.uint8)
    mask = masks.labelMask(volume, volume.withVoxels(drawn), 2)
    np.testing.assert_array_equal(mask.toArray(), drawn == 2)
    assert mask.notes == ()


def test_labels_on_a_shifted_crop_of_the_grid_are_moved_by_whole_voxels():
    volume = GRIDS["oblique"]
    whole = masks.sphereMask(volume, MIDDLE, 10).toArray()
    box = (slice(10, 55), slice(5, 70), slice(20, 85))
    cropped = Volume(whole[box].astype(np.uint8), masks.croppedMatrix(volume.ijkToRAS, box))
    mask = masks.labelMask(volume, cropped)
    np.testing.assert_array_equal(mask.toArray(), whole)
    assert mask.notes == ()


def test_labels_on_another_grid_are_resampled_by_nearest_voxel_and_say_so():
    labels = GRIDS["oblique"]
    drawn = masks.sphereMask(labels, MIDDLE, 16).toArray().astype(np.uint8)
    volume = GRIDS["oblique anisotropic"]
    mask = masks.labelMask(volume, labels.withVoxels(drawn))
    assert mm3(mask, volume) == pytest.approx(math.pi / 6 * 16**3, rel=0.02)
    assert "resampled" in mask.notes[0]

    def nearestIsDrawn(points):
        index = np.floor(masks.toIJK(labels, points) + 0.5).astype(int)
        valid = np.all((index >= 0) & (index < labels.voxels.shape[::-1]), axis=1)
        i, j, k = np.where(valid, index.T, 0)
        return valid & (drawn[k, j, i] == 1)

    np.testing.assert_array_equal(mask.toArray(), slowMask(volume, nearestIsDrawn))


def test_region_partly_outside_counts_its_lost_voxels():
    volume = Volume(np.zeros((10, 10, 10)), np.eye(4))
    mask = masks.boxMask(volume, masks.translation([-0.5, 4.5, 4.5]), (4, 4, 4))
    assert (mask.count, mask.voxelsOutside) == (2 * 16, 2 * 16)


def test_region_outside_the_image_is_empty_and_says_so():
    volume = Volume(np.zeros((10, 10, 10)), np.eye(4))
    for mask in (
        masks.sphereMask(volume, [100, 0, 0], 5),
        masks.ellipseMask(volume, masks.translation([5, 5, 40]), (6, 6)),
        masks.labelMask(volume, Volume(np.ones((2, 2, 2), int), masks.translation([50.3, 0, 0]))),
    ):
        assert mask.count == 0
        assert mask.voxelsOutside > 0
        assert mask.values(volume.voxels).size == 0


def test_huge_region_is_cut_at_the_image():
    volume = Volume(np.zeros((10, 10, 10)), np.eye(4))
    mask = masks.sphereMask(volume, [5, 5, 5], 4000)
    assert mask.count == 1000
    assert mask.voxelsOutside > 0


def test_values_and_bounding_box_give_the_voxels_of_the_whole_mask():
    volume = GRIDS["sagittal"].withVoxels(np.random.default_rng(2).integers(0, 99, (60, 80, 90)).astype(np.uint8))
    mask = masks.sphereMask(volume, MIDDLE, 7)
    np.testing.assert_array_equal(mask.values(volume.voxels), volume.voxels[mask.toArray()])
    np.testing.assert_array_equal(masks.maskFromArray(mask.toArray()).inside.sum(), mask.count)


def test_single_slice_images_can_be_measured():
    volume = Volume(np.zeros((1, 50, 50)), np.diag([1, 1, 5.0, 1]))
    onTheBorder = 12  # (5, 0), (3, 4) and (4, 3) with all signs belong to a circle of radius 5
    assert masks.sphereMask(volume, [25, 25, 0], 10).count == 69 + onTheBorder


@pytest.mark.parametrize("size", [(0, 1, 1), (1, float("nan"), 1)])
def test_region_without_a_size_is_refused(size):
    with pytest.raises(BadOption, match="size"):
        masks.boxMask(Volume(np.zeros((5, 5, 5)), np.eye(4)), np.eye(4), size)


SHAPES = {
    "sphere": regions.sphere(MIDDLE, 12.0),
    "ellipsoid": regions.Ellipsoid(masks.translation(MIDDLE), (14.0, 10.0, 8.0)),
    "box": regions.Box(masks.translation(MIDDLE), (11.0, 9.0, 7.0)),
    "circle": regions.circle(MIDDLE, [0.2, -0.3, 1.0], 14.0),
    "curve": regions.ClosedCurve(MIDDLE + np.array([[8, 0, 1], [5, 7, 2], [-6, 6, 0], [-8, -4, -2], [3, -7, 0]])),
}


@everyGrid
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_statistics_of_every_shape_agree_with_simpleitk_on_every_grid(volume, shape):
    voxels = np.random.default_rng(3).normal(500, 40, volume.voxels.shape).astype(np.float32)
    mask = shape.maskOn(volume)
    found = regionStatistics(mask.values(voxels), volume.voxelVolume)
    measured = sitk.LabelStatisticsImageFilter()
    measured.Execute(sitk.GetImageFromArray(voxels), sitk.GetImageFromArray(mask.toArray().astype(np.uint8)))
    assert found.count == measured.GetCount(1) > 50
    assert found.mean == pytest.approx(measured.GetMean(1), rel=1e-9)
    assert found.sd == pytest.approx(measured.GetSigma(1), rel=1e-6)
    assert (found.minimum, found.maximum) == (measured.GetMinimum(1), measured.GetMaximum(1))


@everyGrid
def test_masks_have_no_bias_wherever_in_a_voxel_the_shape_lies(volume):
    places = np.random.default_rng(0).uniform(-0.5, 0.5, (40, 3)) @ volume.ijkToRAS[:3, :3].T + MIDDLE
    sphere = [mm3(masks.sphereMask(volume, place, 6.0), volume) for place in places]
    assert np.mean(sphere) == pytest.approx(math.pi / 6 * 6**3, rel=0.02)
    circles = [regions.circle(place, [0.2, -0.3, 1.0], 8.0).maskOn(volume) for place in places]
    assert np.mean([mask.count * mask.areaPerVoxel for mask in circles]) == pytest.approx(math.pi * 16, rel=0.02)
