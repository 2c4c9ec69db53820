"""Regions as nodes of a real MRML scene: roles, names, outlines, masks in world space, transforms, saved scenes."""

import math

import numpy as np
import pytest

slicer = pytest.importorskip("slicer", reason="the scene floor is tested with slicer-core")

import vtk  # noqa: E402
from DLEnhanceTestHost.slicerModules import installSlicerModules  # noqa: E402

installSlicerModules()
from DLEnhanceLesionMetricsLib import sceneRegionEdits as edits  # noqa: E402
from DLEnhanceLesionMetricsLib import sceneRegions as regions  # noqa: E402
from DLEnhanceLesionMetricsLib.sceneOutlines import OutlineKeeper, outlineOf  # noqa: E402
from DLEnhanceLesionMetricsLib.sceneShapes import ShapeReader, volumeView  # noqa: E402
from DLEnhanceLib.errors import BadOption, UnsupportedVolume  # noqa: E402

OBLIQUE = np.array([[0.9, -0.1, 0.2, -20], [0.12, 0.88, -0.3, -25], [-0.1, 0.3, 1.1, -15], [0, 0, 0, 1.0]])


TURNED = np.array([[0.8, 0, 0.6], [0, 1, 0], [-0.6, 0, 0.8]])


def addVolume(scene, *, shape=(40, 50, 60), ijkToRAS=OBLIQUE):
    voxels = np.random.default_rng(0).normal(100, 5, shape).astype(np.float32)
    return slicer.util.addVolumeFromArray(voxels, ijkToRAS, "MR")


def addSegmentation(scene, volumeNode, mask, name="Mets"):
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    node.CreateDefaultDisplayNodes()
    node.SetReferenceImageGeometryParameterFromVolumeNode(volumeNode)
    segmentId = node.GetSegmentation().AddEmptySegment("met", "met", [1, 0, 0])
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask.astype(np.uint8), node, segmentId, volumeNode)
    return node, segmentId


def addTransform(scene, matrix):
    node = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "T")
    node.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(np.asarray(matrix, float)))
    return node


def count(region, volumeNode):
    return ShapeReader().region(region).maskOn(volumeView(volumeNode)).count


def outlines(scene):
    nodes = scene.GetNodesByClass("vtkMRMLModelNode")
    nodes.UnRegister(None)
    models = [nodes.GetItemAsObject(n) for n in range(nodes.GetNumberOfItems())]
    return [model for model in models if "outline" in model.GetName()]


def test_regions_are_numbered_by_role_and_listed_lesions_first(scene):
    for role in ("air", "lesion", "reference", "lesion"):
        regions.addRegion(scene, role, (0, 0, 0))
    assert [region.name for region in regions.regionsOf(scene)] == ["L1", "L2", "R1", "A1"]


def test_ten_lesions_are_listed_in_the_order_of_their_numbers(scene):
    for _ in range(11):
        regions.addRegion(scene, "lesion", (0, 0, 0))
    names = [region.name for region in regions.regionsOf(scene, "lesion")]
    assert names == [f"L{n}" for n in range(1, 12)]


def test_the_number_of_a_removed_lesion_is_used_again(scene):
    first = regions.addRegion(scene, "lesion", (0, 0, 0))
    regions.addRegion(scene, "lesion", (0, 0, 0))
    edits.removeRegion(scene, first)
    assert regions.addRegion(scene, "lesion", (0, 0, 0)).name == "L1"


def test_boxes_of_other_modules_are_not_regions(scene):
    scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "Crop box")
    assert regions.regionsOf(scene) == []


def test_an_ellipsoid_region_has_the_volume_of_the_formula_on_an_oblique_grid(scene):
    volumeNode = addVolume(scene)
    region = regions.addRegion(scene, "lesion", (5, 5, 5), (14, 18, 22))
    voxelVolume = volumeView(volumeNode).voxelVolume
    assert count(region, volumeNode) * voxelVolume == pytest.approx(math.pi / 6 * 14 * 18 * 22, rel=0.02)


def test_a_box_region_is_larger_than_the_ellipsoid_inside_it(scene):
    volumeNode = addVolume(scene)
    region = regions.addRegion(scene, "reference", (5, 5, 5), 12, shape="box")
    assert count(region, volumeNode) * volumeView(volumeNode).voxelVolume == pytest.approx(12**3, rel=0.05)


def test_a_circle_has_its_area_one_voxel_thick_in_any_plane_and_its_disk_shows_it(scene):
    volumeNode = addVolume(scene)
    for axes in (np.eye(3), TURNED):
        region = regions.addRegion(scene, "reference", (5, 0, 8), (12, 12, 1), shape="ellipse", axes=axes)
        mask = ShapeReader().region(region).maskOn(volumeView(volumeNode))
        assert mask.count * mask.areaPerVoxel == pytest.approx(math.pi * 36, rel=0.04)
    keeper = OutlineKeeper(scene)
    keeper.sync()
    disk = outlineOf(region.node).GetPolyData()
    extent = np.ptp(slicer.util.arrayFromModelPoints(outlineOf(region.node)) @ TURNED, axis=0)
    assert disk.GetNumberOfPoints() > 40
    assert extent == pytest.approx((12, 12, 1), rel=0.01)
    keeper.release()


def test_a_curve_encloses_its_area_on_one_slice(scene):
    volumeNode = addVolume(scene, ijkToRAS=np.diag([0.5, 0.5, 2, 1.0]))
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    points = np.stack([15 + 8 * np.cos(angles), 12 + 8 * np.sin(angles), np.full(24, 20.0)], axis=1)
    region = regions.addCurve(scene, "lesion", points)
    assert count(region, volumeNode) * 0.25 == pytest.approx(math.pi * 64, rel=0.02)


def test_a_curve_with_two_points_is_not_measured_yet(scene):
    region = regions.addCurve(scene, "lesion", [(0, 0, 0), (5, 0, 0)])
    assert not region.isPlaced
    region.node.AddControlPoint([0, 5, 0])
    assert region.isPlaced


def test_a_segment_keeps_every_voxel_it_was_drawn_with(scene):
    volumeNode = addVolume(scene)
    mask = np.zeros((40, 50, 60), bool)
    mask[10:14, 20:25, 30:37] = True
    node, segmentId = addSegmentation(scene, volumeNode, mask)
    region = regions.adoptRegion(node, "lesion", segmentId=segmentId)
    measured = ShapeReader().region(region).maskOn(volumeView(volumeNode)).toArray()
    np.testing.assert_array_equal(measured, mask)


def test_a_segment_is_read_again_after_it_was_painted(scene):
    volumeNode = addVolume(scene)
    mask = np.zeros((40, 50, 60), bool)
    mask[10:12, 20:22, 30:32] = True
    node, segmentId = addSegmentation(scene, volumeNode, mask)
    region = regions.adoptRegion(node, "lesion", segmentId=segmentId)
    reader, image = ShapeReader(), volumeView(volumeNode)
    assert reader.region(region).maskOn(image).count == 8
    mask[10:12, 20:22, 32:34] = True
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask.astype(np.uint8), node, segmentId, volumeNode)
    assert reader.region(region).maskOn(image).count == 16


def test_an_empty_segment_is_refused_by_name(scene):
    volumeNode = addVolume(scene)
    node, segmentId = addSegmentation(scene, volumeNode, np.zeros((40, 50, 60)))
    region = regions.adoptRegion(node, "lesion", segmentId=segmentId)
    with pytest.raises(BadOption, match="segment met is empty"):
        ShapeReader().region(region)


def test_region_and_volume_under_the_same_transform_give_the_same_mask(scene):
    volumeNode = addVolume(scene)
    region = regions.addRegion(scene, "lesion", (5, 5, 5), 12)
    before = count(region, volumeNode)
    turn = [[0, -1, 0, 30], [1, 0, 0, -7], [0, 0, 1, 12], [0, 0, 0, 1]]
    transform = addTransform(scene, turn)
    region.node.SetAndObserveTransformNodeID(transform.GetID())
    assert count(region, volumeNode) != before
    volumeNode.SetAndObserveTransformNodeID(transform.GetID())
    assert count(region, volumeNode) == before


def test_a_moved_segmentation_is_measured_where_it_is_shown(scene):
    volumeNode = addVolume(scene, ijkToRAS=np.eye(4))
    mask = np.zeros((40, 50, 60), bool)
    mask[10:14, 20:25, 30:37] = True
    node, segmentId = addSegmentation(scene, volumeNode, mask)
    region = regions.adoptRegion(node, "lesion", segmentId=segmentId)
    shift = np.eye(4)
    shift[:3, 3] = (3, 0, -2)
    node.SetAndObserveTransformNodeID(addTransform(scene, shift).GetID())
    measured = ShapeReader().region(region).maskOn(volumeView(volumeNode)).toArray()
    np.testing.assert_array_equal(measured, np.roll(mask, (-2, 3), axis=(0, 2)))
    assert regions.centerRAS(region) == pytest.approx((36, 22, 9.5), abs=0.51)


@pytest.mark.parametrize("kind", ["roi", "curve", "segment"])
def test_a_region_under_a_scaling_transform_is_refused(scene, kind):
    volumeNode = addVolume(scene)
    if kind == "roi":
        region = regions.addRegion(scene, "lesion", (0, 0, 0))
    elif kind == "curve":
        region = regions.addCurve(scene, "lesion", [(0, 0, 0), (5, 0, 0), (0, 5, 0)])
    else:
        node, segmentId = addSegmentation(scene, volumeNode, np.ones((40, 50, 60)))
        region = regions.adoptRegion(node, "lesion", segmentId=segmentId)
    region.node.SetAndObserveTransformNodeID(addTransform(scene, np.diag([1.1, 1, 1, 1])).GetID())
    with pytest.raises(BadOption, match="scales or warps"):
        ShapeReader().region(region)


def test_a_region_under_a_warp_is_refused(scene):
    region = regions.addRegion(scene, "lesion", (0, 0, 0))
    warp = scene.AddNewNodeByClass("vtkMRMLTransformNode", "Warp")
    warp.SetAndObserveTransformToParent(vtk.vtkThinPlateSplineTransform())
    region.node.SetAndObserveTransformNodeID(warp.GetID())
    with pytest.raises(BadOption, match="L1 lies under a transform"):
        ShapeReader().region(region)


def test_a_volume_under_a_scaling_transform_is_refused(scene):
    volumeNode = addVolume(scene)
    volumeNode.SetAndObserveTransformNodeID(addTransform(scene, np.diag([1, 1, 1.2, 1])).GetID())
    with pytest.raises(UnsupportedVolume, match="harden"):
        volumeView(volumeNode)


def test_two_regions_cannot_have_the_same_name(scene):
    first, second = (regions.addRegion(scene, "lesion", (0, 0, 0)) for _ in range(2))
    with pytest.raises(BadOption, match="already called"):
        edits.renameRegion(scene, second, first.name)
    edits.renameRegion(scene, second, " left frontal ")
    assert second.name == "left frontal"


def test_an_unknown_role_leaves_no_node(scene):
    with pytest.raises(BadOption, match="lesion"):
        regions.addRegion(scene, "tumour", (0, 0, 0))
    assert scene.GetNumberOfNodesByClass("vtkMRMLMarkupsROINode") == 0


def test_deleting_a_segment_region_keeps_the_drawn_segment(scene):
    volumeNode = addVolume(scene)
    node, segmentId = addSegmentation(scene, volumeNode, np.ones((40, 50, 60)))
    region = regions.adoptRegion(node, "lesion", segmentId=segmentId)
    edits.removeRegion(scene, region)
    assert regions.regionsOf(scene) == []
    assert node.GetSegmentation().GetNumberOfSegments() == 1


def test_only_the_edited_region_shows_handles_and_a_locked_one_never(scene):
    first, second = (regions.addRegion(scene, "lesion", (0, 0, 0)) for _ in range(2))
    edits.showHandles(scene, second)
    assert [bool(region.node.GetDisplayNode().GetHandlesInteractive()) for region in (first, second)] == [False, True]
    edits.setLocked(second, True)
    edits.showHandles(scene, second)
    assert not second.node.GetDisplayNode().GetHandlesInteractive()


def test_jumping_centers_the_slice_views_on_the_region(scene):
    sliceNode = scene.AddNode(slicer.vtkMRMLSliceNode())
    sliceNode.SetOrientationToAxial()
    regions.jumpTo(scene, regions.addRegion(scene, "lesion", (3, 4, 17)))
    assert sliceNode.GetSliceOffset() == pytest.approx(17)


def test_every_ellipsoid_has_one_outline_with_its_size_and_place(scene):
    keeper = OutlineKeeper(scene)
    region = regions.addRegion(scene, "lesion", (1, 2, 3), (4, 6, 8))
    regions.addRegion(scene, "air", (0, 0, 0), shape="box")
    keeper.sync()
    keeper.sync()
    assert len(outlines(scene)) == 1
    bounds = [0.0] * 6
    outlineOf(region.node).GetRASBounds(bounds)
    assert bounds == pytest.approx([-1, 3, -1, 5, -1, 7], abs=0.05)
    keeper.release()


def test_the_outline_follows_moves_resizes_and_visibility(scene):
    keeper = OutlineKeeper(scene)
    region = regions.addRegion(scene, "lesion", (0, 0, 0), 4)
    keeper.sync()
    region.node.SetCenter(10, 0, 0)
    region.node.SetSize(8, 8, 8)
    bounds = [0.0] * 6
    outlineOf(region.node).GetRASBounds(bounds)
    assert bounds[:2] == pytest.approx([6, 14], abs=0.05)
    region.node.GetDisplayNode().SetVisibility(False)
    assert not outlineOf(region.node).GetDisplayNode().GetVisibility()
    keeper.release()


def test_removing_the_region_removes_its_outline(scene):
    keeper = OutlineKeeper(scene)
    region = regions.addRegion(scene, "lesion", (0, 0, 0))
    keeper.sync()
    scene.RemoveNode(region.node)
    assert outlines(scene) == []
    keeper.release()


def test_a_saved_scene_comes_back_with_roles_names_and_outlines(scene, tmp_path):
    keeper = OutlineKeeper(scene)
    volumeNode = addVolume(scene)
    regions.addRegion(scene, "lesion", (1, 2, 3), (4, 6, 8))
    regions.addRegion(scene, "air", (0, 0, 0), shape="box")
    circle = regions.addRegion(scene, "reference", (0, 0, 0), (8, 8, 1), name="R2", shape="ellipse", axes=TURNED)
    voxels = count(circle, volumeNode)
    regions.addCurve(scene, "reference", [(0, 0, 0), (5, 0, 0), (0, 5, 0)])
    node, segmentId = addSegmentation(scene, volumeNode, np.ones((40, 50, 60)))
    regions.adoptRegion(node, "lesion", segmentId=segmentId)
    keeper.sync()
    before = [(region.name, region.role, region.shape) for region in regions.regionsOf(scene)]
    bundle = str(tmp_path / "case.mrb")
    assert scene.WriteToMRB(bundle)
    scene.Clear(False)
    assert scene.ReadFromMRB(bundle, True)
    after = [(region.name, region.role, region.shape) for region in regions.regionsOf(scene)]
    assert after == before
    assert after == [
        ("L1", "lesion", "ellipsoid"),
        ("met", "lesion", "segment"),
        ("R1", "reference", "curve"),
        ("R2", "reference", "ellipse"),
        ("A1", "air", "box"),
    ]
    assert sorted(model.GetName() for model in outlines(scene)) == ["L1 outline", "R2 outline"]
    volumeNode = scene.GetFirstNodeByName("MR")
    assert count(next(region for region in regions.regionsOf(scene) if region.name == "R2"), volumeNode) == voxels
    keeper.release()
