"""The panel of Lesion Metrics in the stand-in host: life cycle, placing, list, live table, comparison, export."""

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

MODULE = Path(__file__).resolve().parents[2] / "DLEnhanceLesionMetrics"
UI_FILE = MODULE / "Resources" / "UI" / "DLEnhanceLesionMetrics.ui"
PANEL_FILES = sorted((MODULE / "DLEnhanceLesionMetricsLib").glob("panel*.py"))
CONTROLS = ("QPushButton", "QComboBox", "QTableWidget", "QDoubleSpinBox", "QCheckBox", "qMRMLNodeComboBox")
LESION, REFERENCE, AIR = (10, 5, 0), (-10, 5, 0), (-24, -24, 0)


def headVoxels(noise):
    """A head of 400 with a lesion of 800 in air, 64 x 64 x 24 voxels of 1 x 1 x 2 mm around the origin."""
    k, j, i = np.mgrid[:24, :64, :64]
    ras = np.stack([i - 32, j - 32, 2 * k - 24], axis=-1)
    image = np.where(np.linalg.norm(ras, axis=-1) < 26, 400.0, 0.0)
    image[np.linalg.norm(ras - LESION, axis=-1) < 5] = 800.0
    return (image + np.random.default_rng(0).normal(0, noise, image.shape)).astype(np.float32)


def addVolume(name, noise):
    import slicer

    ijkToRAS = np.array([[1, 0, 0, -32], [0, 1, 0, -32], [0, 0, 2, -24], [0, 0, 0, 1.0]])
    return slicer.util.addVolumeFromArray(headVoxels(noise), ijkToRAS, name)


def addPair():
    standard, enhanced = addVolume("T1", 20.0), addVolume("T1 DL-ENH", 10.0)
    enhanced.SetNodeReferenceID("DLEnhance.Source", standard.GetID())
    return standard, enhanced


@pytest.fixture
def panel(aHost):
    """The open panel with a standard and an enhanced volume, no regions."""
    addPair()
    return aHost.openModule("DLEnhanceLesionMetrics")


@pytest.fixture
def measured(panel):
    """The panel with a lesion and a reference."""
    panel.logic.addRegion("lesion", LESION, 6)
    panel.logic.addRegion("reference", REFERENCE, 10)
    return panel


def click(host, panel, point):
    """What a click in a slice view does while something is being placed."""
    import slicer

    selection = slicer.mrmlScene.GetNodeByID("vtkMRMLSelectionNodeSingleton")
    slicer.mrmlScene.GetNodeByID(selection.GetActivePlaceNodeID()).AddControlPoint([float(value) for value in point])
    host.processEvents()


def escape(host):
    interaction = host.scene.GetNodeByID("vtkMRMLInteractionNodeSingleton")
    interaction.SetCurrentInteractionMode(interaction.ViewTransform)
    host.processEvents()


def cells(table):
    return [[table.item(row, column).text() for column in range(table.columnCount)] for row in range(table.rowCount)]


def resultCell(panel, metric, column):
    return next(row[column] for row in cells(panel.ui.resultTable) if row[1] == metric)


def regionNames(panel):
    return [row[0] for row in cells(panel.ui.regionTable)]


def textOf(element, name):
    return next((p.findtext("string") for p in element.findall("property") if p.get("name") == name), None)


# Opening and leaving


def test_module_describes_itself(aHost):
    parent = aHost.loadModule("DLEnhanceLesionMetrics")
    assert parent.categories == ["Quantification"]
    assert parent.contributors
    assert parent.acknowledgementText
    assert "Research use only" in parent.helpText


def test_opening_imports_neither_torch_nor_scipy():
    code = (
        f"import sys; sys.path[:0] = {[str(MODULE.parent / 'Testing' / 'Host'), str(MODULE)]!r}\n"
        "from DLEnhanceTestHost.session import startHost\n"
        "host = startHost(); before = set(sys.modules); host.openModule('DLEnhanceLesionMetrics')\n"
        "heavy = {'torch', 'scipy', 'skimage', 'pydicom', 'SimpleITK'} & (set(sys.modules) - before)\n"
        "host.close(); sys.exit(repr(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_panel_opens_measures_and_adds_without_main_window(aHostWithoutViews):
    addPair()
    panel = aHostWithoutViews.openModule("DLEnhanceLesionMetrics")
    panel.ui.addLesionButton.click()
    assert regionNames(panel) == ["L1"]


def test_an_empty_scene_says_what_to_do_first(aHost):
    panel = aHost.openModule("DLEnhanceLesionMetrics")
    assert "standard volume" in panel.ui.problemLabel.text
    assert not panel.ui.exportCsvButton.enabled
    assert not panel.comparisonBox.ui.sideBySideButton.enabled


def test_the_volume_made_from_the_standard_is_chosen_by_itself(panel):
    assert panel.ui.standardSelector.currentNode().GetName() == "T1"
    assert panel.ui.enhancedSelector.currentNode().GetName() == "T1 DL-ENH"


def test_closing_the_scene_empties_the_panel(aHost, measured):
    aHost.closeScene()
    assert cells(measured.ui.regionTable) == []
    assert cells(measured.ui.resultTable) == []
    assert "standard volume" in measured.ui.problemLabel.text


def test_closing_the_scene_while_another_module_is_shown(aHost, measured):
    aHost.selectModule("")
    aHost.closeScene()
    aHost.selectModule("DLEnhanceLesionMetrics")
    assert cells(measured.ui.regionTable) == []


def test_reloading_keeps_regions_and_table(oldModulesBack, aHost, measured):
    again = aHost.reloadModule("DLEnhanceLesionMetrics")
    assert regionNames(again) == ["L1", "R1"]
    assert resultCell(again, "CNR", 4) != ""


def test_changes_made_while_away_are_shown_on_return(aHost, measured):
    aHost.selectModule("")
    measured.logic.addRegion("lesion", (12, 5, 0), 4)
    aHost.selectModule("DLEnhanceLesionMetrics")
    assert regionNames(measured) == ["L1", "L2", "R1"]


# Placing


def test_a_click_places_a_lesion_of_the_usual_size_and_chooses_it(aHost, panel):
    panel.ui.addLesionButton.click()
    assert panel.ui.addLesionButton.checked
    click(aHost, panel, LESION)
    assert not panel.ui.addLesionButton.checked
    region = panel.logic.regions("lesion")[0]
    assert region.node.GetCenter() == pytest.approx(LESION)
    assert region.node.GetSize() == pytest.approx((5, 5, 5))
    assert panel.regionBox.chosen.key == region.key
    assert aHost.scene.GetNumberOfNodesByClass("vtkMRMLMarkupsFiducialNode") == 0


@pytest.mark.parametrize(("keys", "role"), [("Shift+L", "lesion"), ("Shift+R", "reference"), ("Shift+A", "air")])
def test_a_key_starts_placing_each_role(aHost, panel, keys, role):
    panel.placingBox._shortcuts[keys].activated.emit()
    click(aHost, panel, LESION)
    assert [region.role for region in panel.logic.regions()] == [role]


def test_keys_act_only_while_the_module_is_shown(aHost, panel):
    assert panel.placingBox._shortcuts["Shift+L"].property("enabled")
    aHost.selectModule("")
    assert not panel.placingBox._shortcuts["Shift+L"].property("enabled")


def test_escape_gives_up_and_leaves_nothing(aHost, panel):
    panel.ui.addAirButton.click()
    escape(aHost)
    assert not panel.ui.addAirButton.checked
    assert panel.logic.regions() == []
    assert aHost.scene.GetNumberOfNodesByClass("vtkMRMLMarkupsFiducialNode") == 0


def test_pressing_the_button_again_gives_up(aHost, panel):
    panel.ui.addAirButton.click()
    panel.ui.addAirButton.click()
    assert not panel.ui.addAirButton.checked
    assert panel.logic.regions() == []


def test_leaving_the_module_gives_up_placing(aHost, panel):
    panel.ui.addLesionButton.click()
    aHost.selectModule("")
    interaction = aHost.scene.GetNodeByID("vtkMRMLInteractionNodeSingleton")
    assert interaction.GetCurrentInteractionMode() == interaction.ViewTransform


def test_a_box_can_be_placed(aHost, panel):
    panel.ui.shapeCombo.setCurrentIndex(2)
    panel.ui.addReferenceButton.click()
    click(aHost, panel, REFERENCE)
    assert [region.shape for region in panel.logic.regions()] == ["box"]


def test_a_curve_is_drawn_point_by_point(aHost, panel):
    panel.ui.shapeCombo.setCurrentIndex(3)
    panel.ui.addLesionButton.click()
    for point in ((6, 5, 0), (10, 9, 0), (14, 5, 0), (10, 1, 0)):
        click(aHost, panel, point)
    escape(aHost)
    assert [(region.name, region.shape) for region in panel.logic.regions()] == [("L1", "curve")]
    assert panel.regionBox.chosen.shape == "curve"


def test_two_clicks_across_an_edge_show_its_rise_in_both_images(aHost, measured):
    measured.ui.addEdgeButton.click()
    click(aHost, measured, (10, 5, 0))
    click(aHost, measured, (20, 5, 0))
    escape(aHost)
    assert [region.shape for region in measured.logic.regions("edge")] == ["line"]
    row = next(row for row in cells(measured.ui.resultTable) if row[0] == "E1")
    assert row[1] == "Edge rise (ERD)"
    assert row[2].endswith(" mm")
    assert row[3].endswith(" mm")


def test_a_line_with_one_point_is_dropped(aHost, panel):
    panel.ui.addEdgeButton.click()
    click(aHost, panel, (10, 5, 0))
    escape(aHost)
    assert panel.logic.regions() == []


def test_a_curve_with_two_points_is_dropped(aHost, panel):
    panel.ui.shapeCombo.setCurrentIndex(3)
    panel.ui.addLesionButton.click()
    click(aHost, panel, (6, 5, 0))
    click(aHost, panel, (9, 5, 0))
    escape(aHost)
    assert panel.logic.regions() == []


def proposeLesion(host, panel):
    panel.ui.shapeCombo.setCurrentIndex(1)
    panel.ui.addLesionButton.click()
    click(host, panel, (9, 6, 0))


def test_one_click_outlines_the_lesion_and_asks(aHost, panel):
    proposeLesion(aHost, panel)
    region = panel.logic.regions("lesion")[0]
    assert panel.logic.sizeOf(region).longestDiameter == pytest.approx(10, abs=2)
    assert not panel.ui.proposalFrame.isHidden()
    assert "L1" in panel.ui.proposalLabel.text
    panel.ui.acceptButton.click()
    assert panel.ui.proposalFrame.isHidden()
    assert [other.key for other in panel.logic.regions()] == [region.key]


def test_a_rejected_outline_is_gone(aHost, panel):
    proposeLesion(aHost, panel)
    panel.ui.rejectButton.click()
    assert panel.logic.regions() == []
    assert panel.ui.proposalFrame.isHidden()
    segmentation = aHost.scene.GetFirstNodeByClass("vtkMRMLSegmentationNode").GetSegmentation()
    assert segmentation.GetNumberOfSegments() == 0


def test_a_click_where_nothing_stands_out_is_a_message(aHost, panel):
    panel.ui.shapeCombo.setCurrentIndex(1)
    panel.ui.addLesionButton.click()
    click(aHost, panel, (-10, -10, 0))
    assert "its middle" in aHost.messages[-1][1]
    assert panel.logic.regions() == []


def test_two_outlines_share_one_segmentation(aHost, panel):
    for _ in range(2):
        proposeLesion(aHost, panel)
        panel.ui.acceptButton.click()
    assert aHost.scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 1
    assert regionNames(panel) == ["L1", "L2"]


def test_the_chosen_region_tells_its_size_and_a_line_has_none(measured):
    measured.logic.addLine([(10, 5, 0), (20, 5, 0)])
    measured.ui.regionTable.selectRow(0)
    size = measured.logic.sizeOf(measured.logic.regions()[0])
    for value in (size.longestDiameter, size.perpendicularDiameter, size.diameter3D):
        assert f"{value:.1f} mm" in measured.ui.sizeLabel.text
    measured.ui.regionTable.selectRow(2)
    assert measured.ui.sizeLabel.text == ""


def test_a_suggested_reference_is_added_with_a_word_on_how_good_it_is(aHost, measured, monkeypatch):
    monkeypatch.setattr(measured.logic, "suggestReference", lambda lesion: (measured.logic.regions()[1], "SD 5 %."))
    measured.ui.suggestReferenceButton.click()
    assert measured.ui.lesionStatusLabel.text == "R1: SD 5 %."
    assert measured.regionBox.chosen.name == "R1"


def test_without_a_lesion_no_reference_is_looked_for(aHost, panel):
    panel.ui.suggestReferenceButton.click()
    assert "Place a lesion first" in aHost.messages[-1][1]


def test_air_of_a_volume_without_air_is_a_message(aHost, panel):
    import slicer

    full = slicer.util.addVolumeFromArray(np.full((8, 32, 32), 100.0, np.float32), None, "full")
    panel.ui.standardSelector.setCurrentNode(full)
    panel.ui.suggestAirButton.click()
    assert aHost.messages
    assert panel.logic.regions() == []


def test_labels_become_regions(aHost, panel):
    import slicer

    labels = np.zeros((24, 64, 64), np.uint8)
    labels[12, 36:40, 40:44] = 1
    labels[12, 36:40, 20:24] = 2
    standard = panel.ui.standardSelector.currentNode()
    node = slicer.util.addVolumeFromArray(labels, None, "mask", "vtkMRMLLabelMapVolumeNode")
    node.CopyOrientation(standard)
    panel.ui.drawnSelector.setCurrentNode(node)
    panel.ui.useDrawnButton.click()
    size = "4.0 \N{MULTIPLICATION SIGN} 4.0 \N{MULTIPLICATION SIGN} 2.0"
    assert cells(panel.ui.regionTable) == [["L1", "Lesion", size, "16"], ["R1", "Reference", size, "16"]]


def test_labels_of_another_meaning_are_refused_in_a_sentence(aHost, panel):
    import slicer

    node = slicer.util.addVolumeFromArray(np.full((4, 4, 4), 9, np.uint8), None, "x", "vtkMRMLLabelMapVolumeNode")
    panel.ui.drawnSelector.setCurrentNode(node)
    panel.ui.useDrawnButton.click()
    assert "none of the labels" in aHost.messages[-1][1]


# The list


def test_choosing_a_region_shows_its_handles_and_jumps_to_it(aHost, measured):
    measured.logic.addRegion("lesion", (0, -10, 8), 4)
    measured.ui.regionTable.selectRow(1)
    handles = {r.name: bool(r.node.GetDisplayNode().GetHandlesInteractive()) for r in measured.logic.regions()}
    assert handles == {"L1": False, "L2": True, "R1": False}
    offset = aHost.layoutManager.sliceWidget("Red").mrmlSliceNode().GetSliceOffset()
    assert offset == pytest.approx(8)


def test_the_views_stay_where_a_lesion_was_clicked(aHost, panel):
    sliceNode = aHost.layoutManager.sliceWidget("Red").mrmlSliceNode()
    sliceNode.JumpSliceByCentering(0, 0, 2)
    panel.ui.addLesionButton.click()
    click(aHost, panel, LESION)
    assert sliceNode.GetSliceOffset() == pytest.approx(2)


def test_leaving_the_module_hides_the_handles(aHost, measured):
    measured.ui.regionTable.selectRow(0)
    aHost.selectModule("")
    assert not measured.logic.regions()[0].node.GetDisplayNode().GetHandlesInteractive()


def test_typing_over_a_name_renames_the_region_and_its_rows(measured):
    measured.ui.regionTable.item(0, 0).setText("left frontal")
    assert measured.logic.regions()[0].name == "left frontal"
    assert cells(measured.ui.resultTable)[0][0] == "left frontal"


def test_a_name_in_use_is_refused_and_put_back(aHost, measured):
    measured.ui.regionTable.item(0, 0).setText("R1")
    assert regionNames(measured) == ["L1", "R1"]
    assert "already called" in aHost.messages[-1][1]


def test_the_delete_key_removes_the_chosen_region(measured):
    measured.ui.regionTable.selectRow(0)
    measured.regionBox.tableShortcuts["Del"].activated.emit()
    assert regionNames(measured) == ["R1"]
    assert "no lesion" in measured.ui.problemLabel.text


def test_the_diameter_of_the_chosen_region_can_be_typed(measured):
    measured.ui.regionTable.selectRow(0)
    measured.ui.diameterSpinBox.setValue(8.0)
    assert measured.logic.regions()[0].node.GetSize() == pytest.approx((8, 8, 8))
    assert "8.0" in cells(measured.ui.regionTable)[0][2]


def test_a_locked_region_cannot_be_dragged_or_resized(measured):
    measured.ui.regionTable.selectRow(0)
    measured.ui.lockRegionButton.click()
    node = measured.logic.regions()[0].node
    assert node.GetLocked()
    assert not node.GetDisplayNode().GetHandlesInteractive()
    assert not measured.ui.diameterSpinBox.enabled
    measured.ui.lockRegionButton.click()
    assert not node.GetLocked()


def test_a_region_deleted_elsewhere_disappears(aHost, measured):
    aHost.scene.RemoveNode(measured.logic.regions()[0].node)
    assert regionNames(measured) == ["R1"]


# The table


def test_the_table_shows_both_images_and_the_change(measured):
    assert float(resultCell(measured, "CNR", 2)) == pytest.approx(20, rel=0.1)
    assert float(resultCell(measured, "CNR", 3)) == pytest.approx(40, rel=0.1)
    assert resultCell(measured, "CNR", 4).startswith("+")


def test_the_table_follows_a_dragged_region(measured):
    before = resultCell(measured, "CNR", 2)
    measured.logic.regions()[0].node.SetCenter(-5, -5, 0)
    assert resultCell(measured, "CNR", 2) != before


def test_a_warning_stands_in_the_row_its_tooltip_and_the_details(measured):
    measured.logic.regions()[0].node.SetSize(1.5, 1.5, 1.5)
    measured.ui.resultTable.selectRow(1)
    assert "\N{WARNING SIGN}" in resultCell(measured, "CNR", 4)
    assert "voxels" in measured.ui.resultTable.item(1, 4).toolTip()
    assert "at least 9" in measured.ui.detailLabel.text


def test_the_chosen_row_explains_its_components(measured):
    measured.ui.resultTable.selectRow(1)
    text = measured.ui.detailLabel.text
    row = measured.logic.outcome.results[1].standard
    assert "(S_L - S_R) / SD_R" in text
    assert f"{row.lesionStatistics.count} voxels" in text
    assert "A1" not in text


def test_choosing_a_noise_method_explains_and_applies_it(measured):
    measured.logic.addRegion("air", AIR, 8)
    titles = [measured.ui.noiseCombo.itemText(n) for n in range(measured.ui.noiseCombo.count)]
    measured.ui.noiseCombo.setCurrentIndex(titles.index("SD of air"))
    assert "SD_A" in measured.ui.noiseFormulaLabel.text
    assert measured.logic.outcome.rows[0].method == "air_sd"


def test_all_measures_are_shown_on_demand(measured):
    few = measured.ui.resultTable.rowCount
    measured.ui.allMeasuresCheckBox.click()
    assert measured.ui.resultTable.rowCount == len(measured.logic.outcome.results) > few


def test_several_lesions_have_a_median_change(measured):
    assert measured.ui.summaryLabel.text == ""
    measured.logic.addRegion("lesion", (12, 5, 0), 4)
    assert "2 lesions" in measured.ui.summaryLabel.text
    assert "CNR +" in measured.ui.summaryLabel.text


def test_edge_lines_do_not_count_as_lesions(measured):
    measured.logic.addLine([(10, 5, 0), (20, 5, 0)])
    measured.logic.addRegion("lesion", (12, 5, 0), 4)
    assert "over 2 lesions" in measured.ui.summaryLabel.text


@pytest.mark.parametrize(
    ("value", "text"),
    [(60.714, "60.71"), (0.33858, "0.339"), (1234.5, "1234"), (174.02, "174.0"), (None, "\N{EN DASH}")],
)
def test_values_are_shown_with_three_or_four_digits(aHost, value, text):
    import types

    from DLEnhanceLesionMetricsLib.panelTexts import valueText

    assert valueText(types.SimpleNamespace(value=value, unit="1")) == text


@pytest.mark.parametrize(
    ("change", "text"), [(-0.02, "0.0 %"), (51.23, "+51.2 %"), (200.4, "+200 %"), (-7.06, "-7.1 %")]
)
def test_changes_are_shown_with_their_sign(aHost, change, text):
    from DLEnhanceLesionMetricsLib.panelTexts import changeText

    assert changeText(change) == text


def test_the_noise_method_is_kept_in_the_parameter_node(aHost, measured):
    measured.ui.noiseCombo.setCurrentIndex(1)
    node = measured.logic.getParameterNode().parameterNode
    assert node.GetParameter("noise") == "ROI_SD"


# Comparison and export


def test_side_by_side_comes_and_goes_with_the_button(aHost, measured):
    before = aHost.layoutManager.layout
    measured.comparisonBox.ui.sideBySideButton.click()
    assert measured.comparisonBox.ui.sideBySideButton.checked
    assert aHost.layoutManager.layout != before
    measured.comparisonBox.ui.sideBySideButton.click()
    assert not measured.comparisonBox.ui.sideBySideButton.checked
    assert aHost.layoutManager.layout == before


def test_leaving_the_module_restores_the_layout_and_returning_compares_again(aHost, measured):
    before = aHost.layoutManager.layout
    measured.comparisonBox.ui.sideBySideButton.click()
    aHost.selectModule("")
    assert aHost.layoutManager.layout == before
    aHost.selectModule("DLEnhanceLesionMetrics")
    assert measured.comparisonBox.ui.sideBySideButton.checked
    assert aHost.layoutManager.layout != before


def test_removing_the_enhanced_volume_ends_the_comparison(aHost, measured):
    measured.comparisonBox.ui.sideBySideButton.click()
    aHost.scene.RemoveNode(measured.ui.enhancedSelector.currentNode())
    assert not measured.comparisonBox.ui.sideBySideButton.checked
    assert not measured.comparisonBox.ui.sideBySideButton.enabled
    assert resultCell(measured, "CNR", 3) == "\N{EN DASH}"


def test_the_residual_comes_and_goes_with_its_button(aHost, measured):
    measured.comparisonBox.ui.sideBySideButton.click()
    without = aHost.layoutManager.layout
    measured.comparisonBox.ui.withResidualButton.click()
    assert aHost.layoutManager.layout != without
    measured.comparisonBox.ui.sideBySideButton.click()
    assert aHost.layoutManager.layout == without
    assert [n.GetName() for n in measured.logic._volumeNodes()] == ["T1", "T1 DL-ENH"]


def test_the_table_is_written_where_the_user_says(aHost, measured, tmp_path):
    measured.exportBox.askPath = lambda *_args: str(tmp_path / "table.csv")
    measured.ui.exportCsvButton.click()
    assert "noise_method" in (tmp_path / "table.csv").read_text(encoding="utf-8")
    assert "table.csv" in measured.ui.lesionStatusLabel.text


def test_an_unwritable_place_is_a_message(aHost, measured, tmp_path):
    measured.exportBox.askPath = lambda *_args: str(tmp_path / "missing" / "table.csv")
    measured.ui.exportCsvButton.click()
    assert "choose another folder" in aHost.messages[-1][1]


def test_a_cancelled_file_dialog_does_nothing(aHost, measured):
    measured.exportBox.askPath = lambda *_args: ""
    measured.ui.exportCsvButton.click()
    assert aHost.messages == []


# The files


def test_every_control_explains_itself():
    silent = [
        widget.get("name")
        for widget in ET.parse(UI_FILE).iter("widget")
        if widget.get("class") in CONTROLS and not textOf(widget, "toolTip")
    ]
    assert silent == []


def test_every_widget_used_in_python_exists_in_the_ui():
    names = {widget.get("name") for widget in ET.parse(UI_FILE).iter("widget")}
    used = set()
    for file in PANEL_FILES:
        used |= set(re.findall(r"\bui\.(\w+)", file.read_text(encoding="utf-8")))
    assert used
    assert used <= names


def test_parameter_names_of_the_ui_are_fields(aHost):
    from DLEnhanceLesionMetricsLib.lesionParameters import LesionParameters

    properties = [
        p.findtext("string")
        for p in ET.parse(UI_FILE).iter("property")
        if p.get("name") == "SlicerParameterName" and p.get("stdset") == "0"
    ]
    fields = set(LesionParameters.__annotations__) or {name for name, _ in LesionParameters.allParameters.items()}
    assert set(properties) == {
        *("standardVolume", "enhancedVolume", "standardRepeat", "enhancedRepeat", "noise"),
        *("allMeasures", "conspicuity", "noiseSpectrum", "wholeHead"),
    }
    assert set(properties) <= fields


@pytest.mark.parametrize("file", PANEL_FILES, ids=lambda file: file.name)
def test_panel_files_keep_the_rules_of_pythonqt(file):
    from DLEnhanceTestHost.sourceCheck import pythonQtProblems

    assert list(pythonQtProblems(file)) == []
