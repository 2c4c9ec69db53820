"""Undo and redo of every action on regions, through the logic, on a real MRML scene; locks of segments."""

import numpy as np
import pytest

slicer = pytest.importorskip("slicer", reason="the scene floor is tested with slicer-core")

from DLEnhanceTestHost.slicerModules import installSlicerModules  # noqa: E402

installSlicerModules()
from DLEnhanceLesionMetricsLib.logic import DLEnhanceLesionMetricsLogic, PlainParameters  # noqa: E402
from DLEnhanceLesionMetricsLib.sceneOutlines import outlineOf  # noqa: E402
from DLEnhanceLesionMetricsLib.sceneRegions import adoptRegion, centerRAS  # noqa: E402
from DLEnhanceLib.errors import BadOption  # noqa: E402

IJK_TO_RAS = np.array([[1, 0, 0, -32], [0, 1, 0, -32], [0, 0, 2, -24], [0, 0, 0, 1.0]])
LESION = (10, 5, 0)
SQUARE = ((6, 5, 0), (10, 9, 0), (14, 5, 0), (10, 1, 0))


@pytest.fixture
def logic(scene):
    """A live logic with a volume of 400 that holds a ball of 800 at LESION."""
    k, j, i = np.mgrid[:24, :64, :64]
    apart = np.linalg.norm(np.stack([i - 32, j - 32, 2 * k - 24], axis=-1) - np.array(LESION), axis=-1)
    voxels = np.where(apart < 5, 800.0, 400.0) + np.random.default_rng(0).normal(0, 10, apart.shape)
    logic = DLEnhanceLesionMetricsLogic(parameters=PlainParameters())
    logic.startLive()
    logic.setVolumes(slicer.util.addVolumeFromArray(voxels.astype(np.float32), IJK_TO_RAS, "T1"))
    yield logic
    logic.release()


def names(logic):
    return [region.name for region in logic.regions()]


def only(logic):
    (region,) = logic.regions()
    return region


def count(logic, name="L1"):
    region = next(region for region in logic.regions() if region.name == name)
    return logic.outcome.voxels[region.key]


def drag(node, *centers):
    """What Slicer reports while a handle is dragged."""
    node.InvokeEvent(node.PointStartInteractionEvent)
    for center in centers:
        node.SetCenter(*center)
    node.InvokeEvent(node.PointEndInteractionEvent)


def segmentMask(logic, region):
    volume = logic.parameters.standardVolume
    return slicer.util.arrayFromSegmentBinaryLabelmap(region.node, region.segmentId, volume) > 0


def paint(logic, region, mask):
    """What the Segment Editor does: new voxels for a segment."""
    volume = logic.parameters.standardVolume
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask.astype(np.uint8), region.node, region.segmentId, volume)


# Undo and redo


@pytest.mark.parametrize("shape", ["ellipsoid", "ellipse", "box"])
def test_a_placed_region_goes_and_comes_back_as_it_was(logic, scene, shape):
    logic.addRegion("lesion", LESION, 6, shape=shape)
    before = count(logic)
    assert logic.undo().kind == "place"
    assert names(logic) == []
    assert scene.GetNumberOfNodesByClass("vtkMRMLMarkupsROINode") == 0
    assert logic.redo().names == ("L1",)
    region = only(logic)
    assert (region.name, region.role, region.shape) == ("L1", "lesion", shape)
    assert centerRAS(region) == pytest.approx(LESION)
    assert count(logic) == before
    assert (outlineOf(region.node) is not None) == (shape != "box")


def test_a_whole_drag_is_one_step_and_goes_both_ways(logic):
    node = logic.addRegion("lesion", LESION, 6).node
    drag(node, (9, 5, 0), (8, 5, 0), (0, 5, 0))
    assert logic.undoable.kind == "move"
    logic.undo()
    assert node.GetCenter() == pytest.approx(LESION)
    logic.redo()
    assert node.GetCenter() == pytest.approx((0, 5, 0))
    logic.undo()
    logic.undo()
    assert names(logic) == []


def test_a_resizing_drag_is_undone_with_its_size_and_its_measurement(logic):
    node = logic.addRegion("lesion", LESION, 6).node
    before = count(logic)
    node.InvokeEvent(node.PointStartInteractionEvent)
    node.SetSize(12, 6, 6)
    node.InvokeEvent(node.PointEndInteractionEvent)
    assert count(logic) > 1.5 * before
    logic.undo()
    assert node.GetSize() == pytest.approx((6, 6, 6))
    assert count(logic) == before


def test_a_click_on_a_handle_without_a_move_is_no_step(logic):
    node = logic.addRegion("lesion", LESION, 6).node
    drag(node)
    assert logic.undoable.kind == "place"


def test_a_drag_that_never_ended_is_closed_by_the_next_action(logic):
    region = logic.addRegion("lesion", LESION, 6)
    region.node.InvokeEvent(region.node.PointStartInteractionEvent)
    region.node.SetCenter(0, 0, 0)
    logic.renameRegion(region, "left")
    logic.undo()
    assert region.node.GetCenter() == pytest.approx((0, 0, 0))
    logic.undo()
    assert region.node.GetCenter() == pytest.approx(LESION)


def test_boxes_of_other_modules_are_no_steps(logic, scene):
    drag(scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "crop"), (1, 2, 3))
    assert logic.undoable is None


def test_a_typed_size_is_a_step(logic):
    region = logic.addRegion("lesion", LESION, 6)
    logic.resizeRegion(region, 9)
    logic.undo()
    assert region.node.GetSize() == pytest.approx((6, 6, 6))


def test_name_role_color_and_lock_are_undone_one_by_one(logic):
    region = logic.addRegion("lesion", LESION, 6)
    yellow = region.color
    logic.renameRegion(region, "left")
    logic.changeRole(region, "reference")
    logic.setLocked(region, True)
    assert (region.name, region.role, region.isLocked) == ("left", "reference", True)
    assert region.color != yellow
    logic.undo()
    assert not region.isLocked
    logic.undo()
    assert (region.role, region.color) == ("lesion", pytest.approx(yellow))
    logic.undo()
    assert region.name == "L1"
    for _ in range(3):
        logic.redo()
    assert (region.name, region.role, region.isLocked) == ("left", "reference", True)


def test_a_deleted_region_comes_back_with_everything_and_its_earlier_steps(logic, scene):
    region = logic.addRegion("lesion", LESION, (4, 6, 8))
    drag(region.node, (8, 5, 0))
    logic.renameRegion(region, "left")
    logic.removeRegion(region)
    logic.undo()
    back = only(logic)
    assert back.name == "left"
    assert back.node.GetCenter() == pytest.approx((8, 5, 0))
    assert back.node.GetSize() == pytest.approx((4, 6, 8))
    logic.undo()
    logic.undo()
    assert only(logic).node.GetCenter() == pytest.approx(LESION)
    assert only(logic).name == "L1"


def test_a_turned_box_under_a_transform_comes_back_in_its_place(logic, scene):
    turn = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "T")
    matrix = np.array([[0, -1, 0, 3], [1, 0, 0, 4], [0, 0, 1, 5], [0, 0, 0, 1.0]])
    turn.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(matrix))
    region = logic.addRegion("lesion", LESION, (4, 6, 8), shape="box")
    region.node.SetAndObserveTransformNodeID(turn.GetID())
    before = centerRAS(region)
    logic.removeRegion(region)
    logic.undo()
    assert centerRAS(only(logic)) == pytest.approx(before)


def test_curves_and_lines_come_back_with_their_points(logic):
    logic.addCurve("lesion", SQUARE)
    logic.addLine([(0, 0, 0), (10, 0, 0)])
    before = count(logic)
    for region in logic.regions():
        logic.removeRegion(region)
    logic.undo()
    logic.undo()
    assert [(region.name, region.shape) for region in logic.regions()] == [("L1", "curve"), ("E1", "line")]
    assert count(logic) == before
    line = logic.regions("edge")[0].node
    assert line.GetLineLengthWorld() == pytest.approx(10)


def test_a_curve_of_straight_lines_stays_straight(logic):
    region = logic.addCurve("lesion", SQUARE)
    region.node.SetCurveTypeToLinear()
    logic.removeRegion(region)
    logic.undo()
    assert only(logic).node.GetCurveTypeAsString(only(logic).node.GetCurveType()) == "linear"


def test_an_outline_goes_and_comes_back_with_its_voxels(logic):
    region, _ = logic.outlineLesion(LESION)
    drawn = segmentMask(logic, region)
    assert drawn.sum() > 100
    logic.undo()
    assert names(logic) == []
    assert region.node.GetSegmentation().GetNumberOfSegments() == 0
    logic.redo()
    back = only(logic)
    np.testing.assert_array_equal(segmentMask(logic, back), drawn)
    assert (back.name, back.role) == ("L1", "lesion")


def test_a_redrawn_outline_is_a_step_of_its_own(logic):
    region, outline = logic.outlineLesion(LESION)
    drawn = segmentMask(logic, region)
    logic.redrawOutline(region, LESION, outline.level + 0.45)
    assert 0 < segmentMask(logic, region).sum() == count(logic) < drawn.sum()
    logic.undo()
    np.testing.assert_array_equal(segmentMask(logic, region), drawn)
    assert count(logic) == drawn.sum()


def test_undoing_a_name_keeps_what_was_painted_meanwhile(logic):
    region, _ = logic.outlineLesion(LESION)
    logic.renameRegion(region, "left")
    painted = segmentMask(logic, region)
    painted[0, :5, :5] = True
    paint(logic, region, painted)
    logic.undo()
    assert region.name == "L1"
    np.testing.assert_array_equal(segmentMask(logic, region), painted)


def test_what_was_painted_before_an_outline_was_undone_comes_back_with_it(logic):
    region, _ = logic.outlineLesion(LESION)
    painted = segmentMask(logic, region)
    painted[0, :5, :5] = True
    paint(logic, region, painted)
    logic.undo()
    logic.redo()
    np.testing.assert_array_equal(segmentMask(logic, only(logic)), painted)


def test_a_segment_that_became_a_region_only_loses_its_role(logic, scene):
    region, _ = logic.outlineLesion(LESION)
    logic.removeRegion(region)
    assert names(logic) == []
    logic.adoptRegion(region.node, "reference", segmentId=region.segmentId)
    logic.undo()
    assert names(logic) == []
    assert region.node.GetSegmentation().GetNumberOfSegments() == 1
    logic.undo()
    assert only(logic).role == "lesion"


def test_an_erased_segment_beside_others_comes_back_alone(logic):
    first, _ = logic.outlineLesion(LESION)
    second, _ = logic.outlineLesion(LESION)
    drawn = segmentMask(logic, first)
    logic.eraseRegion(first)
    logic.undo()
    assert names(logic) == ["L1", "L2"]
    np.testing.assert_array_equal(segmentMask(logic, logic.regions()[0]), drawn)
    np.testing.assert_array_equal(segmentMask(logic, second), drawn)


def test_labels_of_one_volume_are_one_step(logic, scene):
    labels = np.zeros((24, 64, 64), np.uint8)
    labels[12, 36:40, 40:44], labels[12, 36:40, 20:24], labels[12, 10:12, 10:12] = 1, 2, 1
    node = slicer.util.addVolumeFromArray(labels, IJK_TO_RAS, "mask", "vtkMRMLLabelMapVolumeNode")
    logic.addRegionsFromLabelVolume(node)
    assert names(logic) == ["L1", "L2", "R1"]
    logic.undo()
    assert names(logic) == []
    logic.redo()
    assert [count(logic, name) for name in ("L1", "L2", "R1")] == [16, 4, 16]


def test_a_region_removed_elsewhere_is_skipped(logic, scene):
    first = logic.addRegion("lesion", LESION, 6)
    second = logic.addRegion("lesion", (0, 0, 0), 6)
    scene.RemoveNode(second.node)
    logic.undo()
    assert names(logic) == []
    logic.redo()
    assert names(logic) == ["L1"]
    assert first.node.GetScene() is None


def test_a_new_action_ends_what_can_be_redone(logic):
    logic.addRegion("lesion", LESION, 6)
    logic.undo()
    logic.addRegion("reference", LESION, 6)
    assert logic.redoable is None
    assert logic.redo() is None


def test_a_region_comes_back_under_a_free_name(logic, scene):
    logic.removeRegion(logic.addRegion("lesion", LESION, 6))
    other = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "L1")
    adoptRegion(other, "lesion")  # not by the logic, so it is no step
    logic.undo()
    assert names(logic) == ["L1", "L2"]


def test_closing_the_scene_forgets_all_steps(logic, scene):
    logic.addRegion("lesion", LESION, 6)
    scene.Clear(False)
    assert logic.undoable is None
    assert logic.undo() is None


def test_a_failed_action_leaves_no_step(logic):
    region = logic.addRegion("lesion", LESION, 6)
    with pytest.raises(BadOption):
        logic.renameRegion(region, " ")
    assert logic.undoable.kind == "place"


def test_listeners_hear_of_every_step(logic):
    heard = []
    logic.onHistory.append(lambda: heard.append((logic.undoable is not None, logic.redoable is not None)))
    logic.addRegion("lesion", LESION, 6)
    logic.undo()
    assert heard[0] == (True, False)
    assert heard[-1] == (False, True)


def test_a_saved_and_loaded_region_can_be_dragged_and_undone(logic, scene, tmp_path):
    logic.addRegion("lesion", LESION, 6)
    bundle = str(tmp_path / "scene.mrb")
    scene.SetRootDirectory(str(tmp_path))
    scene.SetURL(bundle)
    assert scene.WriteToMRB(bundle)
    scene.Clear(False)
    assert scene.ReadFromMRB(bundle, True)
    node = only(logic).node
    drag(node, (0, 0, 0))
    logic.undo()
    assert node.GetCenter() == pytest.approx(LESION)


# Locks


def test_a_locked_region_of_any_kind_cannot_be_removed_or_resized(logic):
    logic.addRegion("lesion", LESION, 6)
    logic.addCurve("lesion", SQUARE)
    logic.addLine([(0, 0, 0), (10, 0, 0)])
    logic.outlineLesion(LESION)
    for region in logic.regions():
        logic.setLocked(region, True)
        assert region.isLocked
        with pytest.raises(BadOption, match="unlock it first"):
            logic.removeRegion(region)
        with pytest.raises(BadOption, match="unlock it first"):
            logic.eraseRegion(region)
    with pytest.raises(BadOption, match="unlock it first"):
        logic.resizeRegion(logic.regions()[0], 8)
    assert len(names(logic)) == 4


def test_what_is_painted_into_a_locked_segment_is_taken_back(logic):
    region, _ = logic.outlineLesion(LESION)
    heard = []
    logic.onLockHeld.append(lambda held: heard.append(held.name))
    drawn = segmentMask(logic, region)
    logic.setLocked(region, True)
    paint(logic, region, np.zeros_like(drawn))
    np.testing.assert_array_equal(segmentMask(logic, region), drawn)
    assert heard == ["L1"]
    logic.setLocked(region, False)
    paint(logic, region, np.zeros_like(drawn))
    assert not segmentMask(logic, region).any()


def test_the_lock_leaves_the_other_segments_free(logic):
    first, _ = logic.outlineLesion(LESION)
    second, _ = logic.outlineLesion(LESION)
    logic.setLocked(first, True)
    drawn, other = segmentMask(logic, first), np.zeros((24, 64, 64), bool)
    other[3:6, 3:9, 3:9] = True
    paint(logic, second, other)
    np.testing.assert_array_equal(segmentMask(logic, second), other)
    np.testing.assert_array_equal(segmentMask(logic, first), drawn)


def test_taking_back_waits_for_the_event_to_be_over_where_there_is_an_event_loop(logic):
    region, _ = logic.outlineLesion(LESION)
    waiting = []
    logic.useEventLoop(waiting.append)
    logic.setLocked(region, True)
    drawn = segmentMask(logic, region)
    paint(logic, region, np.zeros_like(drawn))
    assert len(waiting) == 1
    waiting[0]()
    np.testing.assert_array_equal(segmentMask(logic, region), drawn)


def test_the_lock_of_a_segment_is_saved_with_the_scene(logic, scene, tmp_path):
    region, _ = logic.outlineLesion(LESION)
    logic.setLocked(region, True)
    bundle = str(tmp_path / "scene.mrb")
    scene.SetRootDirectory(str(tmp_path))
    scene.SetURL(bundle)
    assert scene.WriteToMRB(bundle)
    scene.Clear(False)
    assert scene.ReadFromMRB(bundle, True)
    back = only(logic)
    assert back.isLocked
    drawn = slicer.util.arrayFromSegmentBinaryLabelmap(back.node, back.segmentId).copy()
    slicer.util.updateSegmentBinaryLabelmapFromArray(np.zeros_like(drawn), back.node, back.segmentId)
    np.testing.assert_array_equal(slicer.util.arrayFromSegmentBinaryLabelmap(back.node, back.segmentId), drawn)


# Roles


def test_another_role_moves_the_region_to_the_other_side_of_the_contrast(logic):
    logic.addRegion("lesion", LESION, 6)
    reference = logic.addRegion("lesion", (-10, 5, 0), 10)
    logic.changeRole(reference, "reference")
    assert [region.role for region in logic.regions()] == ["lesion", "reference"]
    cnr = next(row for row in logic.outcome.results if row.key[1] == "cnr")
    assert cnr.standard.value == pytest.approx(40, rel=0.15)


def test_a_line_stays_an_edge_and_an_area_cannot_become_one(logic):
    line = logic.addLine([(0, 0, 0), (10, 0, 0)])
    with pytest.raises(BadOption, match="only be an edge"):
        logic.changeRole(line, "lesion")
    with pytest.raises(BadOption, match="add a line instead"):
        logic.changeRole(logic.addRegion("lesion", LESION, 6), "edge")


def test_a_segment_changes_its_role_and_color(logic):
    region, _ = logic.outlineLesion(LESION)
    logic.changeRole(region, "reference")
    assert region.role == "reference"
    assert region.color == pytest.approx((0.2, 0.75, 1.0), abs=0.01)
