"""Lesion Metrics on real MRML nodes without Slicer's application: what the panel does, and a script can do."""

import csv
import math

import numpy as np
import pytest

slicer = pytest.importorskip("slicer", reason="the scene floor is tested with slicer-core")

from DLEnhanceTestHost.slicerModules import installSlicerModules  # noqa: E402

installSlicerModules()
from DLEnhanceLesionMetricsLib.lesionNoise import Noise  # noqa: E402
from DLEnhanceLesionMetricsLib.logic import DLEnhanceLesionMetricsLogic, PlainParameters  # noqa: E402
from DLEnhanceLesionMetricsLib.measures import NOISE_METHODS  # noqa: E402
from DLEnhanceLib.errors import BadOption, CannotWrite, DLEnhanceError  # noqa: E402

SHAPE = (24, 64, 64)
IJK_TO_RAS = np.array([[1, 0, 0, -32], [0, 1, 0, -32], [0, 0, 2, -24], [0, 0, 0, 1.0]])
LESION, REFERENCE, AIR = (10, 5, 0), (-10, 5, 0), (-24, -24, 0)


@pytest.fixture
def logic(scene):
    logic = DLEnhanceLesionMetricsLogic(parameters=PlainParameters())
    yield logic
    logic.release()


def headVoxels(noise, seed=0):
    """A head of 400 with a lesion of 800, in air; normal noise of a known SD."""
    i, j, k = np.meshgrid(*(np.arange(n) for n in SHAPE[::-1]), indexing="ij")
    ras = np.stack([i - 32, j - 32, 2 * k - 24], axis=-1)
    image = np.where(np.linalg.norm(ras, axis=-1) < 26, 400.0, 0.0)
    image[np.linalg.norm(ras - LESION, axis=-1) < 5] = 800.0
    return (image.transpose(2, 1, 0) + np.random.default_rng(seed).normal(0, noise, SHAPE)).astype(np.float32)


def addVolume(name, voxels, ijkToRAS=IJK_TO_RAS):
    return slicer.util.addVolumeFromArray(voxels, ijkToRAS, name)


@pytest.fixture
def pair(scene):
    """A standard volume with noise of SD 20 and its enhanced copy with a third of it."""
    standard = addVolume("T1", headVoxels(20.0))
    enhanced = addVolume("T1 DL-ENH", headVoxels(20.0 / 3))
    enhanced.SetNodeReferenceID("DLEnhance.Source", standard.GetID())
    return standard, enhanced


@pytest.fixture
def measured(logic, pair):
    """A live logic with the pair, a lesion and a reference."""
    logic.startLive()
    logic.setVolumes(pair[0])
    logic.addRegion("lesion", LESION, 6)
    logic.addRegion("reference", REFERENCE, 10)
    return logic


def result(logic, metric, lesion="L1"):
    return next(row for row in logic.outcome.results if row.key[:2] == (lesion, metric))


def tableColumn(logic, name):
    column = logic.parameters.resultTable.GetTable().GetColumnByName(name)
    return [column.GetValue(row) for row in range(column.GetNumberOfValues())]


def test_the_volume_made_from_the_standard_is_the_enhanced_one(logic, pair):
    logic.setVolumes(pair[0])
    assert logic.parameters.enhancedVolume is pair[1]


def test_cnr_triples_when_the_noise_falls_to_a_third(measured):
    cnr = result(measured, "cnr")
    assert cnr.standard.value == pytest.approx(400 / 20, rel=0.1)
    assert cnr.enhanced.value == pytest.approx(3 * 400 / 20, rel=0.1)
    assert cnr.percentChange == pytest.approx(200, abs=20)


def test_the_table_node_has_a_row_for_each_lesion_and_metric_with_components(measured):
    measured.addRegion("lesion", (12, 5, 0), 4)
    keys = list(zip(tableColumn(measured, "lesion"), tableColumn(measured, "metric"), strict=True))
    assert len(set(keys)) == len(keys) == len(measured.outcome.results)
    assert {"L1", "L2"} == {lesion for lesion, _metric in keys}
    row = keys.index(("L1", "cnr"))
    parts = {
        name: tableColumn(measured, f"standard_{name}")[row] for name in ("lesion_mean", "reference_mean", "noise")
    }
    expected = (parts["lesion_mean"] - parts["reference_mean"]) / parts["noise"]
    assert tableColumn(measured, "standard")[row] == pytest.approx(expected)
    assert tableColumn(measured, "noise_method")[row] == "tissue_sd"


def test_dragging_a_lesion_changes_the_table(measured):
    before = result(measured, "cnr").standard.value
    measured.regions("lesion")[0].node.SetCenter(-5, -5, 0)
    assert abs(result(measured, "cnr").standard.value) < 0.2 * before
    assert tableColumn(measured, "standard")[1] == result(measured, "cnr").standard.value


def test_new_voxels_of_the_enhanced_volume_change_the_table(measured, pair):
    voxels = slicer.util.arrayFromVolume(pair[1])
    voxels[:] = slicer.util.arrayFromVolume(pair[0])
    slicer.util.arrayFromVolumeModified(pair[1])
    assert result(measured, "cnr").percentChange == 0.0


def test_an_event_that_changes_nothing_measures_nothing(measured):
    calls = []
    measured.onOutcome.append(lambda: calls.append(1))
    measured.regions("lesion")[0].node.InvokeEvent(slicer.vtkMRMLMarkupsNode.PointModifiedEvent)
    assert calls == []


def test_after_stopping_nothing_is_measured_any_more(measured):
    before = measured.outcome
    measured.stopLive()
    measured.regions("lesion")[0].node.SetCenter(-5, -5, 0)
    assert measured.outcome is before


def test_another_noise_method_stands_in_every_snr_row(measured):
    measured.addRegion("air", AIR, 8)
    measured.parameters.noise = Noise.AIR_SD
    measured.update()
    methods = {row.key[1]: row.key[2] for row in measured.outcome.results}
    assert methods["snr"] == methods["cnr"] == "air_sd"


def test_every_choice_of_noise_is_a_method_of_the_core_with_a_formula():
    for noise in Noise:
        assert noise.value in NOISE_METHODS
        assert "=" in noise.formula()
        assert noise.label()
        assert noise.caution()


def test_without_an_enhanced_volume_the_standard_is_measured_alone(logic, scene):
    logic.setVolumes(addVolume("T1", headVoxels(20.0)))
    logic.addRegion("lesion", LESION, 6)
    logic.addRegion("reference", REFERENCE, 10)
    logic.measure()
    cnr = result(logic, "cnr")
    assert cnr.enhanced is None
    assert cnr.percentChange is None
    assert math.isnan(tableColumn(logic, "enhanced")[0])


def test_removing_the_standard_volume_empties_the_table_and_says_so(measured, scene, pair):
    scene.RemoveNode(pair[0])
    assert measured.outcome.results == ()
    assert "standard volume" in measured.outcome.problem
    assert measured.parameters.resultTable.GetNumberOfRows() == 0


def test_removing_the_enhanced_volume_keeps_the_standard_values(measured, scene, pair):
    scene.RemoveNode(pair[1])
    assert result(measured, "cnr").enhanced is None
    assert result(measured, "cnr").standard.value is not None


def test_an_enhanced_volume_on_a_finer_grid_is_measured_on_it_and_says_so(measured, scene):
    fine = np.repeat(headVoxels(20.0 / 3), 2, axis=0)
    matrix = IJK_TO_RAS @ np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0.5, -0.25], [0, 0, 0, 1.0]])
    measured.setVolumes(measured.parameters.standardVolume, addVolume("other", fine, matrix))
    cnr = result(measured, "cnr")
    assert cnr.standard.warning == ""
    assert "differ in size" in cnr.enhanced.warning
    assert "no image was resampled" in cnr.enhanced.warning
    assert cnr.enhanced.lesionStatistics.mm3 == pytest.approx(math.pi / 6 * 6**3, rel=0.05)
    assert cnr.enhanced.lesionStatistics.count > 1.4 * cnr.standard.lesionStatistics.count


def test_the_same_volume_twice_is_refused(measured, pair):
    measured.setVolumes(pair[0], pair[0])
    assert "two different volumes" in measured.outcome.problem


def test_a_region_outside_the_volume_has_no_value_but_a_warning(measured):
    measured.regions("lesion")[0].node.SetCenter(500, 0, 0)
    cnr = result(measured, "cnr")
    assert cnr.standard.value is None
    assert "outside the image" in cnr.warning


def test_a_lesion_under_a_scaling_transform_is_left_out_and_named(measured, scene):
    measured.addRegion("lesion", (12, 5, 0), 4)
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    transform.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(np.diag([2, 1, 1, 1.0])))
    measured.regions("lesion")[1].node.SetAndObserveTransformNodeID(transform.GetID())
    assert {row.key[0] for row in measured.outcome.results} == {"L1"}
    assert "L2 lies under a transform" in measured.outcome.problem


def test_a_transform_above_the_volumes_is_followed(measured, scene, pair):
    before = result(measured, "cnr").standard.value
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    for node in pair:
        node.SetAndObserveTransformNodeID(transform.GetID())
    shift = np.eye(4)
    shift[0, 3] = 15
    transform.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(shift))
    assert abs(result(measured, "cnr").standard.value) < 0.2 * before


def test_closing_the_scene_leaves_an_empty_result(measured, scene):
    scene.Clear(False)
    assert measured.outcome.results == ()
    assert measured.regions() == []


def test_labels_become_separate_lesions_a_reference_and_air(logic, scene, pair):
    labels = np.zeros(SHAPE, np.uint8)
    labels[12, 36:40, 40:44] = 1
    labels[5:9, 20:30, 20:30] = 1
    labels[12, 36:40, 20:24] = 2
    labels[12, 2:8, 2:8] = 3
    node = slicer.util.addVolumeFromArray(labels, IJK_TO_RAS, "labels", "vtkMRMLLabelMapVolumeNode")
    logic.setVolumes(pair[0])
    added = logic.addRegionsFromLabelVolume(node)
    logic.measure()
    assert [(region.name, logic.outcome.voxels[region.key]) for region in added] == [
        ("L1", 400),
        ("L2", 16),
        ("R1", 16),
        ("A1", 36),
    ]


def test_a_label_full_of_specks_becomes_one_lesion(logic, scene):
    labels = np.zeros(SHAPE, np.uint8)
    labels[::4, ::8, ::8] = 1
    node = slicer.util.addVolumeFromArray(labels, IJK_TO_RAS, "labels", "vtkMRMLLabelMapVolumeNode")
    assert [region.name for region in logic.addRegionsFromLabelVolume(node)] == ["L1"]


def test_a_label_volume_without_our_labels_adds_nothing(logic, scene):
    node = slicer.util.addVolumeFromArray(np.full(SHAPE, 7, np.uint8), IJK_TO_RAS, "x", "vtkMRMLLabelMapVolumeNode")
    with pytest.raises(BadOption, match="none of the labels"):
        logic.addRegionsFromLabelVolume(node)
    assert scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 0


def test_all_segments_of_a_segmentation_become_lesions(logic, scene, pair):
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Mets")
    node.SetReferenceImageGeometryParameterFromVolumeNode(pair[0])
    for name in ("frontal", "parietal"):
        node.GetSegmentation().AddEmptySegment(name, name)
    logic.addRegionsFromSegmentation(node)
    assert [region.name for region in logic.regions("lesion")] == ["frontal", "parietal"]


def test_a_lesion_without_a_place_goes_where_the_views_look(logic, scene, pair):
    sliceNode = scene.AddNode(slicer.vtkMRMLSliceNode())
    sliceNode.SetMappedInLayout(1)
    sliceNode.JumpSliceByCentering(7, -3, 4)
    region = logic.addRegion("lesion")
    assert region.node.GetCenter() == pytest.approx((7, -3, 4))


def test_the_csv_has_a_line_per_value_with_method_and_components(measured, tmp_path):
    path = measured.exportCsv(tmp_path / "lesions.csv")
    with path.open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == len(measured.outcome.rows)
    assert {line["condition"] for line in lines} == {"standard", "enhanced"}
    cnr = next(line for line in lines if line["metric"] == "cnr")
    assert cnr["noise_method"] == "tissue_sd"
    assert float(cnr["lesion_mean"]) == pytest.approx(800, abs=10)


def test_exporting_without_a_lesion_writes_nothing(logic, pair, tmp_path):
    logic.setVolumes(pair[0])
    with pytest.raises(BadOption, match="no lesion"):
        logic.exportCsv(tmp_path / "lesions.csv")
    assert list(tmp_path.iterdir()) == []


def test_exporting_into_a_missing_folder_says_what_to_do(measured, tmp_path):
    with pytest.raises(CannotWrite, match="another folder"):
        measured.exportCsv(tmp_path / "missing" / "lesions.csv")


def test_measuring_without_volumes_raises_for_scripts_and_not_for_the_panel(logic):
    with pytest.raises(DLEnhanceError, match="standard volume"):
        logic.measure()
    logic.startLive()
    assert "standard volume" in logic.outcome.problem


def test_a_saved_scene_is_measured_again_after_loading(measured, scene, tmp_path):
    before = result(measured, "cnr").standard.value
    bundle = str(tmp_path / "case.mrb")
    assert scene.WriteToMRB(bundle)
    scene.Clear(False)
    assert scene.ReadFromMRB(bundle, True)
    measured.setVolumes(slicer.util.getNode("T1"))
    assert result(measured, "cnr").standard.value == pytest.approx(before, rel=1e-6)
    measured.regions("lesion")[0].node.SetCenter(-5, -5, 0)
    assert abs(result(measured, "cnr").standard.value) < 0.2 * before


def test_real_lesion_and_its_mask_are_measured(logic, scene, realData, headless):
    folder = realData / "postcontrast_t1_axial_brain1"
    import vtk

    volumes = headless.logics["Volumes"]
    standard = volumes.AddArchetypeVolume(str(folder / "brain1_image.nrrd"), "T1c", 0, vtk.vtkStringArray())
    labels = volumes.AddArchetypeVolume(str(folder / "brain1_label.nrrd"), "mask", 1, vtk.vtkStringArray())
    logic.setVolumes(standard)
    logic.addRegionsFromLabelVolume(labels)
    rows = logic.measure()
    assert rows[0].lesionStatistics.mean == pytest.approx(825, abs=40)


def test_the_figure_shows_both_volumes_with_the_regions(measured, tmp_path):
    from DLEnhanceLesionMetricsLib.sceneFigure import readPng

    path = measured.exportFigure(tmp_path / "pair.png")
    picture = readPng(path)
    half = picture.shape[1] // 2
    isYellow = (picture[..., 0] > 200) & (picture[..., 1] > 150) & (picture[..., 2] < 60)
    assert picture.shape[1] > 800
    assert isYellow[:, :half].sum() > 10
    assert isYellow[:, half:].sum() > 10


def test_a_figure_without_a_pair_is_refused(logic, tmp_path):
    with pytest.raises(BadOption, match="standard and the enhanced volume"):
        logic.exportFigure(tmp_path / "pair.png")
    assert list(tmp_path.iterdir()) == []


def test_labelled_pictures_stand_beside_each_other_under_their_titles():
    from DLEnhanceLesionMetricsLib.sceneFigure import STRIP_HEIGHT, labelledPicture

    red, green = (np.full((40, 60, 3), color, np.uint8) for color in ((255, 0, 0), (0, 255, 0)))
    page = labelledPicture(["Standard", "Enhanced"], [red, green[:30]])
    assert page.shape == (40 + 2 * STRIP_HEIGHT, 120, 3)
    assert (page[STRIP_HEIGHT, 0] == (255, 0, 0)).all()
    assert (page[STRIP_HEIGHT, 60] == (0, 255, 0)).all()
    assert page[:STRIP_HEIGHT].max() > 200


def test_a_picture_is_read_back_as_written(tmp_path):
    from DLEnhanceLesionMetricsLib.sceneFigure import readPng, writePng

    picture = np.random.default_rng(0).integers(0, 255, (20, 30, 3)).astype(np.uint8)
    np.testing.assert_array_equal(readPng(writePng(picture, tmp_path / "x.png")), picture)
    with pytest.raises(CannotWrite):
        writePng(picture, tmp_path / "missing" / "x.png")


def test_one_click_outlines_the_lesion_on_the_grid_of_the_standard(measured):
    region, outline = measured.outlineLesion((11, 4, 0))
    size = measured.sizeOf(region)
    assert size.longestDiameter == pytest.approx(10, abs=1.5)
    assert outline.isBright
    assert measured.outcome.voxels[region.key] * 2 == pytest.approx(4 / 3 * math.pi * 125, rel=0.2)


def test_a_click_on_nothing_leaves_no_node(measured, scene):
    with pytest.raises(BadOption):
        measured.outlineLesion((-12, -8, 2))
    assert scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 0


def test_suggested_regions_of_a_real_volume_lie_in_tissue_and_air(logic, scene, realData, headless):
    import vtk

    folder = realData / "postcontrast_t1_axial_brain1"
    volumes = headless.logics["Volumes"]
    standard = volumes.AddArchetypeVolume(str(folder / "brain1_image.nrrd"), "T1c", 0, vtk.vtkStringArray())
    labels = volumes.AddArchetypeVolume(str(folder / "brain1_label.nrrd"), "mask", 1, vtk.vtkStringArray())
    logic.setVolumes(standard)
    lesion = logic.addRegionsFromLabelVolume(labels)[0]
    reference, sentence = logic.suggestReference(lesion)
    air, _sentence = logic.suggestAir()
    row = next(row for row in logic.measure() if row.lesion == lesion.name)
    assert (row.reference, row.air) == (reference.name, air.name)
    assert sentence.endswith(".")
    assert row.referenceStatistics.mean > 20 * row.airStatistics.mean
    assert row.referenceStatistics.sd < 0.1 * row.referenceStatistics.mean


def test_the_gallery_has_a_row_of_pictures_for_every_lesion(measured, tmp_path):
    from DLEnhanceLesionMetricsLib.sceneFigure import readPng

    one = readPng(measured.exportGallery(tmp_path / "one.png"))
    measured.addRegion("lesion", (-3, -12, 4), 4)
    two = readPng(measured.exportGallery(tmp_path / "two.png"))
    assert two.shape[1] == one.shape[1]
    assert two.shape[0] > 1.7 * one.shape[0]
    isYellow = (two == (255, 204, 0)).all(axis=2)
    assert isYellow[:, : two.shape[1] // 3].sum() > 50
    assert not isYellow[:, two.shape[1] // 2 :].any()


def residualNode():
    return next(
        (node for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") if "residual" in node.GetName()), None
    )


def test_the_residual_is_standard_minus_enhanced_within_three_noise_sds(measured, pair):
    measured.showComparison("residual")
    node = residualNode()
    standard, enhanced = (slicer.util.arrayFromVolume(volume) for volume in pair)
    np.testing.assert_allclose(slicer.util.arrayFromVolume(node), standard - enhanced)
    noise = result(measured, "cnr").standard.noise
    assert node.GetDisplayNode().GetWindowLevelMax() == pytest.approx(3 * noise)
    assert node.GetDisplayNode().GetWindowLevelMin() == pytest.approx(-3 * noise)


def test_the_residual_follows_new_voxels_and_goes_with_the_comparison(measured, pair):
    measured.showComparison("residual")
    slicer.util.arrayFromVolume(pair[1])[:] = slicer.util.arrayFromVolume(pair[0])
    slicer.util.arrayFromVolumeModified(pair[1])
    assert not slicer.util.arrayFromVolume(residualNode()).any()
    measured.hideComparison()
    assert residualNode() is None


def test_the_residual_is_neither_saved_nor_offered_as_a_volume(measured, scene, tmp_path):
    measured.showComparison("residual")
    bundle = str(tmp_path / "case.mrb")
    assert scene.WriteToMRB(bundle)
    measured.hideComparison()
    scene.Clear(False)
    assert scene.ReadFromMRB(bundle, True)
    assert residualNode() is None
