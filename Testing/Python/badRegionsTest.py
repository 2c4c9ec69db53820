"""Regions and volumes that cannot be measured: each is a plain sentence, never a wrong number and never a traceback."""

import math

import numpy as np
import pytest

slicer = pytest.importorskip("slicer", reason="the scene floor is tested with slicer-core")

from DLEnhanceTestHost.slicerModules import installSlicerModules  # noqa: E402

installSlicerModules()
from DLEnhanceLesionMetricsLib.logic import DLEnhanceLesionMetricsLogic, PlainParameters  # noqa: E402
from DLEnhanceLesionMetricsLib.sceneRegions import ROLE_ATTRIBUTE, SHAPE_ATTRIBUTE  # noqa: E402
from DLEnhanceLib.errors import BadOption  # noqa: E402

SHAPE = (24, 64, 64)
IJK_TO_RAS = np.array([[1, 0, 0, -32], [0, 1, 0, -32], [0, 0, 2, -24], [0, 0, 0, 1.0]])
LESION, REFERENCE, AIR = (10, 5, 0), (-10, 5, 0), (-24, -24, 0)


def headVoxels(*, noise=20.0, air=0.0):
    """A head of 400 with a lesion of 800; outside it air with its own noise, 0 when masked."""
    k, j, i = np.mgrid[:24, :64, :64]
    ras = np.stack([i - 32, j - 32, 2 * k - 24], axis=-1)
    isHead = np.linalg.norm(ras, axis=-1) < 26
    random = np.random.default_rng(0)
    image = np.where(isHead, 400.0 + random.normal(0, noise, SHAPE), np.abs(random.normal(0, 1, SHAPE)) * air)
    image[np.linalg.norm(ras - LESION, axis=-1) < 5] += 400.0
    return image.astype(np.float32)


def addVolume(name, voxels, ijkToRAS=IJK_TO_RAS):
    return slicer.util.addVolumeFromArray(voxels, ijkToRAS, name)


@pytest.fixture
def logic(scene):
    logic = DLEnhanceLesionMetricsLogic(parameters=PlainParameters())
    logic.startLive()
    logic.setVolumes(addVolume("T1", headVoxels()), addVolume("T1 DL-ENH", headVoxels(noise=10.0)))
    yield logic
    logic.release()


@pytest.fixture
def measured(logic):
    logic.addRegion("lesion", LESION, 6)
    logic.addRegion("reference", REFERENCE, 10)
    return logic


def result(logic, metric="cnr", lesion="L1"):
    return next(row for row in logic.outcome.results if row.key[:2] == (lesion, metric))


def assertNotMeasurable(row, *words):
    assert row.standard.value is None
    for word in words:
        assert word in row.warning


# Where the region is


def test_a_region_outside_the_image_has_no_value_and_says_so(measured):
    measured.regions("lesion")[0].node.SetCenter(500, 0, 0)
    assertNotMeasurable(result(measured), "outside the image")
    assert measured.outcome.voxels[measured.regions("lesion")[0].key] == 0
    assert measured.sizeOf(measured.regions("lesion")[0]) is None


@pytest.mark.parametrize("method", ["AIR_SD", "AIR_RAYLEIGH"])
def test_air_in_a_masked_background_is_not_measurable_and_says_why(measured, method):
    from DLEnhanceLesionMetricsLib.lesionNoise import Noise

    measured.addRegion("air", AIR, 8)
    measured.parameters.noise = Noise[method]
    measured.update()
    assertNotMeasurable(result(measured), "masked")


def test_a_reference_in_a_masked_background_gives_no_infinite_snr(measured):
    measured.regions("reference")[0].node.SetCenter(*AIR)
    assertNotMeasurable(result(measured), "Not measurable")


def test_no_reference_is_suggested_and_no_air_found_without_a_head(scene, logic):
    logic.setVolumes(addVolume("constant", np.full(SHAPE, 7.0, np.float32)))
    logic.addRegion("lesion", LESION, 6)
    with pytest.raises(BadOption, match=r"\.$"):
        logic.suggestReference()
    with pytest.raises(BadOption, match=r"\.$"):
        logic.suggestAir()
    with pytest.raises(BadOption, match="Nothing brighter or darker"):
        logic.outlineLesion(LESION)
    assert len(logic.regions()) == 1


def test_a_click_outside_the_image_outlines_nothing_but_still_places_a_region(logic):
    with pytest.raises(BadOption, match="outside the image"):
        logic.outlineLesion((500, 0, 0))
    region = logic.placeRegion("lesion", (500, 0, 0))
    assert region.node.GetSize() == pytest.approx((5, 5, 5))
    assertNotMeasurable(result(logic), "outside the image")


def test_a_lesion_at_the_border_is_measured_where_it_is_and_says_so(measured):
    lesion = measured.regions("lesion")[0]
    lesion.node.SetCenter(-32, 5, 0)
    row = result(measured)
    assert row.standard.lesionStatistics.count > 20
    assert "outside the image" in row.warning
    assert measured.sizeOf(lesion).touchesBorder


# How large it is


def test_a_lesion_of_one_voxel_has_a_mean_and_a_warning_and_no_sd(measured):
    from DLEnhanceLesionMetricsLib.lesionNoise import Noise

    lesion = measured.regions("lesion")[0]
    lesion.node.SetSize(0.9, 0.9, 0.9)
    row = result(measured)
    assert row.standard.lesionStatistics.count == 1
    assert row.standard.value is not None
    assert "at least 9" in row.warning
    size = measured.sizeOf(lesion)
    assert (size.volume, size.diameter3D) == (2.0, pytest.approx(2.0, abs=0.01))
    measured.parameters.noise = Noise.ROI_SD
    measured.update()
    assertNotMeasurable(result(measured, "snr"), "Not measurable")


def test_a_lesion_between_the_voxel_centers_is_told_apart_from_one_outside(measured):
    lesion = measured.regions("lesion")[0]
    lesion.node.SetCenter(10.5, 5.5, 1)
    lesion.node.SetSize(0.5, 0.5, 0.5)
    row = result(measured)
    assert row.standard.value is None
    assert "outside the image" not in row.warning


# What is in the image


def test_a_constant_image_has_no_snr_and_no_division_by_zero(scene, logic):
    logic.setVolumes(addVolume("constant", np.full(SHAPE, 7.0, np.float32)))
    logic.addRegion("lesion", LESION, 6)
    logic.addRegion("reference", REFERENCE, 10)
    for metric in ("snr", "cnr"):
        assertNotMeasurable(result(logic, metric), "Not measurable")
    assert result(logic, "cr").standard.value == pytest.approx(0.0)


def test_voxels_that_are_not_numbers_are_a_warning(measured):
    volume = measured.parameters.standardVolume
    slicer.util.arrayFromVolume(volume)[12, 37, 42] = np.nan
    slicer.util.arrayFromVolumeModified(volume)
    row = result(measured)
    assert row.warning
    assert row.standard.value is None or math.isfinite(row.standard.value)


def test_a_volume_of_a_single_slice_can_be_measured_in_all_shapes(scene, logic):
    flat = addVolume("slice", headVoxels()[12:13], IJK_TO_RAS @ np.array(np.diag([1, 1, 1, 1.0])))
    logic.setVolumes(flat)
    center = (10, 5, -24)
    logic.addRegion("lesion", center, 6)
    logic.addRegion("lesion", center, 6, shape="ellipse")
    logic.addRegion("lesion", center, 6, shape="box")
    logic.addCurve("lesion", [(7, 5, -24), (10, 8, -24), (13, 5, -24), (10, 2, -24)])
    logic.outlineLesion(center)
    logic.addRegion("reference", (-10, 5, -24), 10)
    for number in range(1, 6):
        row = result(logic, lesion=f"L{number}")
        assert row.standard.value == pytest.approx(20, rel=0.25), number
        assert row.standard.lesionStatistics.count >= 20


# Grids


def test_a_mask_drawn_on_another_grid_is_resampled_and_says_so(measured, scene):
    turn = np.radians(20)
    axes = np.array([[math.cos(turn), -math.sin(turn), 0], [math.sin(turn), math.cos(turn), 0], [0, 0, 1]])
    matrix = np.eye(4)
    matrix[:3, :3] = axes * 0.7
    matrix[:3, 3] = np.array(LESION) - matrix[:3, :3] @ [10, 10, 10]
    labels = np.zeros((21, 21, 21), np.uint8)
    k, j, i = np.indices(labels.shape) - 10
    labels[np.sqrt(k**2 + j**2 + i**2) * 0.7 <= 4] = 1
    before = slicer.util.arrayFromVolume(measured.parameters.standardVolume).copy()
    node = slicer.util.addVolumeFromArray(labels, matrix, "drawn elsewhere", "vtkMRMLLabelMapVolumeNode")
    (region,) = measured.addRegionsFromLabelVolume(node)
    row = result(measured, lesion=region.name)
    assert "drawn on another grid" in row.warning
    # Slices of 2 mm; the masks of test grids, which are finer, agree with the formula to 1 %.
    assert row.standard.lesionStatistics.mm3 == pytest.approx(math.pi / 6 * 8**3, rel=0.25)
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(measured.parameters.standardVolume), before)


def test_a_segmentation_without_reference_geometry_is_measured_where_it_was_drawn(measured, scene):
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "bare")
    ball = slicer.vtkOrientedImageData()
    ball.SetDimensions(9, 9, 9)
    ball.AllocateScalars(3, 1)
    from vtk.util.numpy_support import vtk_to_numpy

    vtk_to_numpy(ball.GetPointData().GetScalars())[:] = 1
    ball.SetOrigin(*(np.array(LESION) - 2))
    ball.SetSpacing(0.5, 0.5, 0.5)
    node.AddSegmentFromBinaryLabelmapRepresentation(ball, "lesion A")
    (region,) = measured.addRegionsFromSegmentation(node)
    row = result(measured, lesion=region.name)
    assert row.standard.lesionStatistics.mean == pytest.approx(800, rel=0.03)
    assert row.standard.lesionStatistics.count == 5 * 5 * 3  # of 1 x 1 x 2 mm within 4.5 mm
    measured.renameRegion(region, "B")
    measured.setLocked(region, True)
    measured.undo()
    measured.undo()
    assert (region.name, region.isLocked) == ("lesion A", False)


def test_an_empty_segment_is_named_and_the_others_are_measured(measured, scene):
    region, _ = measured.outlineLesion(LESION)
    empty = region.node.GetSegmentation().AddEmptySegment("empty", "empty one")
    measured.adoptRegion(region.node, "lesion", segmentId=empty)
    assert "empty one is empty" in measured.outcome.problem
    assert result(measured).standard.value is not None
    measured.setLocked(measured.regions("lesion")[0], True)
    measured.removeRegion(next(region for region in measured.regions() if region.name == "empty one"))
    assert measured.outcome.problem == ""


# What happens meanwhile


def test_deleting_the_standard_volume_while_it_is_measured(measured, scene):
    scene.RemoveNode(measured.parameters.standardVolume)
    assert "standard volume" in measured.outcome.problem
    assert measured.outcome.results == ()
    lesion = measured.regions("lesion")[0]
    assert measured.sizeOf(lesion) is None
    lesion.node.InvokeEvent(lesion.node.PointStartInteractionEvent)
    lesion.node.SetCenter(0, 0, 0)
    lesion.node.InvokeEvent(lesion.node.PointEndInteractionEvent)
    measured.undo()
    assert lesion.node.GetCenter() == pytest.approx(LESION)
    for action in (measured.suggestAir, lambda: measured.outlineLesion(LESION), measured.measure):
        with pytest.raises(BadOption, match="standard volume"):
            action()


def test_deleting_the_volume_in_the_middle_of_a_drag(measured, scene):
    node = measured.regions("lesion")[0].node
    node.InvokeEvent(node.PointStartInteractionEvent)
    node.SetCenter(9, 5, 0)
    scene.RemoveNode(measured.parameters.enhancedVolume)
    node.SetCenter(8, 5, 0)
    node.InvokeEvent(node.PointEndInteractionEvent)
    assert result(measured).enhanced is None
    measured.undo()
    assert node.GetCenter() == pytest.approx(LESION)


def test_deleting_the_dragged_region(measured, scene):
    node = measured.regions("lesion")[0].node
    node.InvokeEvent(node.PointStartInteractionEvent)
    scene.RemoveNode(node)
    measured.addRegion("lesion", LESION, 4)
    assert [region.name for region in measured.regions("lesion")] == ["L1"]
    measured.undo()
    assert measured.regions("lesion") == []


# Both images alike


def test_a_region_exists_once_and_moves_in_both_images(measured, scene):
    def expected(volume, region):
        mask = measured._measurement.coreRegion(region).maskOn(_view(volume))
        return float(mask.values(slicer.util.arrayFromVolume(volume)).mean(dtype=np.float64))

    from DLEnhanceLesionMetricsLib.sceneShapes import volumeView as _view

    lesion = measured.regions("lesion")[0]
    for center in (LESION, (5, 5, 0), (0, -8, 4)):
        lesion.node.SetCenter(*center)
        row = result(measured)
        for side, volume in (
            (row.standard, measured.parameters.standardVolume),
            (row.enhanced, measured.parameters.enhancedVolume),
        ):
            assert side.lesionStatistics.mean == pytest.approx(expected(volume, lesion))
            assert side.lesionStatistics.count == row.standard.lesionStatistics.count
    assert scene.GetNumberOfNodesByClass("vtkMRMLMarkupsROINode") == 2


def test_no_region_belongs_to_one_view_or_one_volume(measured):
    measured.addCurve("lesion", [(6, 5, 0), (10, 9, 0), (14, 5, 0)])
    for region in measured.regions():
        assert region.node.GetDisplayNode().GetNumberOfViewNodeIDs() == 0
        assert region.node.GetTransformNodeID() is None


# Scenes of other versions


def test_a_region_without_a_known_role_gets_one_from_its_name(measured, scene):
    for name, role in (("NAWM left", "tissue"), ("old met", None), ("air corner", "")):
        node = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", name)
        node.SetSize(5, 5, 5)
        node.SetAttribute(SHAPE_ATTRIBUTE, "egg")
        if role is not None:
            node.SetAttribute(ROLE_ATTRIBUTE, role)
    found = {region.name: (region.role, region.shape) for region in measured.regions()}
    assert found["NAWM left"] == ("reference", "ellipsoid")
    assert found["old met"] == ("lesion", "ellipsoid")
    assert found["air corner"] == ("air", "ellipsoid")


def test_a_choice_of_noise_from_another_version_becomes_the_usual_one(aHost):
    addVolume("T1", headVoxels())
    panel = aHost.openModule("DLEnhanceLesionMetrics")
    node = panel.logic.getParameterNode().parameterNode
    node.SetParameter("noise", "NOISE_OF_THE_FUTURE")
    node.SetParameter("unknownChoice", "whatever")
    assert node.GetParameter("noise") == "TISSUE_SD"
    assert panel.ui.noiseCombo.currentText == "SD of the reference tissue"
    node.UnsetParameter("noise")
    node.UnsetParameter("allMeasures")
    panel.logic.addRegion("lesion", LESION, 6)
    assert panel.logic.outcome.rows[0].method == "tissue_sd"


def test_a_saved_scene_of_another_version_opens_and_is_measured(aHost, tmp_path):
    addVolume("T1", headVoxels())
    panel = aHost.openModule("DLEnhanceLesionMetrics")
    panel.logic.addRegion("lesion", LESION, 6)
    panel.logic.addRegion("reference", REFERENCE, 10)
    scene = aHost.scene
    bundle = str(tmp_path / "old.mrb")
    scene.SetRootDirectory(str(tmp_path))
    scene.SetURL(bundle)
    parameters = panel.logic.getParameterNode().parameterNode
    panel.logic._repair.release()  # so that the unknown choice gets into the file
    aHost.selectModule("")
    parameters.SetParameter("noise", "NOISE_OF_THE_FUTURE")
    parameters.UnsetParameter("allMeasures")
    for region in panel.logic.regions("lesion"):
        region.node.SetAttribute(ROLE_ATTRIBUTE, "target")
    panel.logic.stopLive()
    assert scene.WriteToMRB(bundle)
    scene.Clear(False)
    aHost.selectModule("DLEnhanceLesionMetrics")
    assert scene.ReadFromMRB(bundle, True)
    assert [region.role for region in panel.logic.regions()] == ["lesion", "reference"]
    assert panel.logic.outcome.rows[0].method == "tissue_sd"
    assert result(panel.logic).standard.value == pytest.approx(20, rel=0.2)
