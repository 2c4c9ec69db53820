"""Regions in the panel of Lesion Metrics, by buttons and by keys: undo, role, lock, size, outline, suggestions."""

from pathlib import Path

import numpy as np
import pytest

LESION, REFERENCE = (10, 5, 0), (-10, 5, 0)
GUIDE = Path(__file__).resolve().parents[2] / "Docs" / "user-guide.md"


def addVolume(name, noise):
    """A head of 400 with a lesion of 800 in air, 64 x 64 x 24 voxels of 1 x 1 x 2 mm around the origin."""
    import slicer

    k, j, i = np.mgrid[:24, :64, :64]
    ras = np.stack([i - 32, j - 32, 2 * k - 24], axis=-1)
    image = np.where(np.linalg.norm(ras, axis=-1) < 26, 400.0, 0.0)
    image[np.linalg.norm(ras - LESION, axis=-1) < 5] = 800.0
    image += np.random.default_rng(0).normal(0, noise, image.shape)
    ijkToRAS = np.array([[1, 0, 0, -32], [0, 1, 0, -32], [0, 0, 2, -24], [0, 0, 0, 1.0]])
    return slicer.util.addVolumeFromArray(image.astype(np.float32), ijkToRAS, name)


@pytest.fixture
def panel(aHost):
    """The open panel with a standard and an enhanced volume, shown in the main window, no regions."""
    standard, enhanced = addVolume("T1", 20.0), addVolume("T1 DL-ENH", 10.0)
    enhanced.SetNodeReferenceID("DLEnhance.Source", standard.GetID())
    return aHost.openModule("DLEnhanceLesionMetrics")


@pytest.fixture
def measured(panel):
    """The panel with L1 (chosen) and R1."""
    panel.logic.addRegion("lesion", LESION, 6)
    panel.logic.addRegion("reference", REFERENCE, 10)
    panel.ui.regionTable.selectRow(0)
    return panel


def click(host, point):
    """What a click in a slice view does while something is being placed."""
    import slicer

    selection = slicer.mrmlScene.GetNodeByID("vtkMRMLSelectionNodeSingleton")
    slicer.mrmlScene.GetNodeByID(selection.GetActivePlaceNodeID()).AddControlPoint([float(value) for value in point])
    host.processEvents()


def press(panel, keys):
    """The key as Qt delivers it to the shortcut that holds it; fails when the shortcut does not act now."""
    boxes = (panel.regionBox.shortcuts, panel.regionBox.tableShortcuts, panel.placingBox._shortcuts)
    (shortcut,) = [box[keys] for box in boxes if keys in box]
    assert shortcut.property("enabled")
    shortcut.activated.emit()


def names(panel):
    table = panel.ui.regionTable
    return [table.item(row, 0).text() for row in range(table.rowCount)]


def size(panel, row=0):
    return panel.ui.regionTable.item(row, 2).text()


def outline(host, panel):
    panel.ui.shapeCombo.setCurrentIndex(1)
    panel.ui.addLesionButton.click()
    click(host, (9, 6, 0))
    return panel.logic.regions("lesion")[-1]


# Undo


def test_the_undo_button_tells_what_it_takes_back(measured):
    assert "place R1" in measured.ui.undoRegionButton.toolTip
    assert not measured.ui.redoRegionButton.enabled
    measured.ui.undoRegionButton.click()
    assert names(measured) == ["L1"]
    assert "place R1" in measured.ui.redoRegionButton.toolTip
    measured.ui.redoRegionButton.click()
    assert names(measured) == ["L1", "R1"]
    assert measured.regionBox.chosen.name == "R1"
    assert "place R1" in measured.ui.lesionStatusLabel.text


@pytest.mark.parametrize("redoKeys", ["Ctrl+Y", "Ctrl+Shift+Z"])
def test_ctrl_z_takes_a_drag_back_and_a_second_key_repeats_it(measured, redoKeys):
    node = measured.logic.regions()[0].node
    node.InvokeEvent(node.PointStartInteractionEvent)
    for x in (8, 4, 0):
        node.SetCenter(x, 5, 0)
    node.InvokeEvent(node.PointEndInteractionEvent)
    press(measured, "Ctrl+Z")
    assert node.GetCenter() == pytest.approx(LESION)
    press(measured, redoKeys)
    assert node.GetCenter() == pytest.approx((0, 5, 0))


def test_deleting_renaming_resizing_and_role_are_taken_back_one_by_one(measured):
    measured.ui.regionTable.item(0, 0).setText("left")
    measured.ui.diameterSpinBox.setValue(9.0)
    press(measured, "Ctrl+Shift+R")
    assert [region.role for region in measured.logic.regions()] == ["reference", "reference"]
    measured.ui.regionTable.selectRow(names(measured).index("left"))
    press(measured, "Del")
    assert names(measured) == ["R1"]
    press(measured, "Ctrl+Z")
    assert set(names(measured)) == {"left", "R1"}
    press(measured, "Ctrl+Z")
    assert names(measured) == ["left", "R1"]
    press(measured, "Ctrl+Z")
    assert "6.0" in size(measured)
    press(measured, "Ctrl+Z")
    assert names(measured) == ["L1", "R1"]


def test_nothing_to_undo_is_said_and_harmless(panel):
    assert not panel.ui.undoRegionButton.enabled
    assert "Nothing" in panel.ui.undoRegionButton.toolTip
    press(panel, "Ctrl+Z")
    press(panel, "Ctrl+Y")
    assert names(panel) == []


def test_closing_the_scene_leaves_nothing_to_undo(aHost, measured):
    aHost.closeScene()
    assert not measured.ui.undoRegionButton.enabled
    press(measured, "Ctrl+Z")


def test_a_curve_placed_by_clicks_is_one_step(aHost, panel):
    panel.ui.shapeCombo.setCurrentIndex(3)
    press(panel, "Shift+L")
    for point in ((6, 5, 0), (10, 9, 0), (14, 5, 0), (10, 1, 0)):
        click(aHost, point)
    interaction = aHost.scene.GetNodeByID("vtkMRMLInteractionNodeSingleton")
    interaction.SetCurrentInteractionMode(interaction.ViewTransform)
    aHost.processEvents()
    press(panel, "Ctrl+Z")
    assert names(panel) == []
    press(panel, "Ctrl+Y")
    assert [region.shape for region in panel.logic.regions()] == ["curve"]


def test_keys_sleep_while_another_module_is_shown(aHost, measured):
    aHost.selectModule("")
    shortcuts = [*measured.regionBox.shortcuts.values(), *measured.placingBox._shortcuts.values()]
    assert not any(shortcut.property("enabled") for shortcut in shortcuts)
    aHost.selectModule("DLEnhanceLesionMetrics")
    assert all(shortcut.property("enabled") for shortcut in measured.regionBox.shortcuts.values())


@pytest.fixture
def typing(aHost, measured):
    """Types keys into the list of regions in the shown main window: typing("Z", "Control")."""
    from PySide6 import QtCore, QtTest

    window, table = aHost.mainWindow, measured.ui.regionTable
    window.setCentralWidget(measured.parent)
    window.show()
    window.activateWindow()
    aHost.processEvents()

    def typed(key, *modifiers):
        table.setFocus()
        held = QtCore.Qt.NoModifier
        for name in modifiers:
            held |= getattr(QtCore.Qt, f"{name}Modifier")
        QtTest.QTest.keyClick(table, getattr(QtCore.Qt, f"Key_{key}"), held)
        aHost.processEvents()

    yield typed
    window.takeCentralWidget()


def test_a_session_by_the_keyboard_alone(measured, typing):
    typing("N", "Shift")
    assert measured.regionBox.chosen.name == "R1"
    typing("Delete")
    assert names(measured) == ["L1"]
    typing("Z", "Control")
    assert names(measured) == ["L1", "R1"]
    typing("Y", "Control")
    assert names(measured) == ["L1"]
    typing("Z", "Control")
    measured.ui.regionTable.selectRow(0)
    typing("Plus")
    assert "6.5" in size(measured)
    typing("R", "Control", "Shift")
    assert [region.role for region in measured.logic.regions()] == ["reference", "reference"]
    typing("K", "Shift")
    assert measured.regionBox.chosen.isLocked
    typing("L", "Shift")
    assert measured.ui.addLesionButton.checked
    typing("Escape")
    assert not measured.ui.addLesionButton.checked


# Role, lock, size, list


def test_the_role_is_chosen_in_the_row_of_the_region(measured):
    combo = measured.ui.regionTable.cellWidget(1, 1)
    assert [combo.itemText(n) for n in range(combo.count)] == ["Lesion", "Reference", "Air"]
    combo.setCurrentIndex(0)
    combo.activated.emit(0)
    assert [region.role for region in measured.logic.regions()] == ["lesion", "lesion"]
    assert names(measured) == ["L1", "R1"]
    assert measured.regionBox.chosen.name == "R1"
    assert "no reference" in measured.ui.problemLabel.text or measured.logic.outcome.rows[0].value is None


@pytest.mark.parametrize(("keys", "role"), [("Ctrl+Shift+R", "reference"), ("Ctrl+Shift+A", "air")])
def test_a_key_changes_the_role_of_the_chosen_region(measured, keys, role):
    press(measured, keys)
    assert next(region.role for region in measured.logic.regions() if region.name == "L1") == role
    press(measured, "Ctrl+Shift+L")
    assert measured.logic.regions("lesion")[0].name == "L1"


def test_an_edge_line_has_no_other_role(measured):
    measured.logic.addLine([(0, 0, 0), (10, 0, 0)])
    combo = measured.ui.regionTable.cellWidget(2, 1)
    assert [combo.itemText(n) for n in range(combo.count)] == ["Edge line"]
    assert not combo.enabled


def test_the_square_before_the_name_has_the_color_of_the_region(measured):
    def color():
        return measured.ui.regionTable.item(0, 0).icon().pixmap(8, 8).toImage().pixelColor(3, 3).getRgb()[:3]

    assert color() == (255, 204, 0)
    press(measured, "Ctrl+Shift+A")
    row = names(measured).index("L1")
    image = measured.ui.regionTable.item(row, 0).icon().pixmap(8, 8).toImage()
    assert image.pixelColor(3, 3).getRgb()[:3] == (178, 178, 178)


@pytest.mark.parametrize("kind", ["ellipsoid", "curve", "line", "segment"])
def test_every_kind_of_region_is_locked_by_its_key(aHost, panel, kind):
    {
        "ellipsoid": lambda: panel.logic.addRegion("lesion", LESION, 6),
        "curve": lambda: panel.logic.addCurve("lesion", ((6, 5, 0), (10, 9, 0), (14, 5, 0), (10, 1, 0))),
        "line": lambda: panel.logic.addLine([(0, 0, 0), (10, 0, 0)]),
        "segment": lambda: panel.logic.outlineLesion(LESION),
    }[kind]()
    panel.ui.regionTable.selectRow(0)
    press(panel, "Shift+K")
    assert panel.ui.lockRegionButton.checked
    assert not panel.ui.deleteRegionButton.enabled
    assert "locked" in size(panel)
    press(panel, "Del")
    assert "unlock it first" in aHost.messages[-1][1]
    assert len(names(panel)) == 1
    press(panel, "Shift+K")
    press(panel, "Del")
    assert names(panel) == []


def test_painting_into_a_locked_segment_is_taken_back_and_said(aHost, panel):
    import slicer

    region, _ = panel.logic.outlineLesion(LESION)
    panel.ui.regionTable.selectRow(0)
    before = panel.ui.regionTable.item(0, 3).text()
    panel.ui.lockRegionButton.click()
    volume = panel.logic.parameters.standardVolume
    empty = np.zeros((24, 64, 64), np.uint8)
    slicer.util.updateSegmentBinaryLabelmapFromArray(empty, region.node, region.segmentId, volume)
    aHost.processEvents()
    assert panel.ui.regionTable.item(0, 3).text() == before
    assert "L1 is locked" in panel.ui.lesionStatusLabel.text


def test_plus_and_minus_change_the_diameter_by_half_a_millimeter(measured):
    press(measured, "+")
    press(measured, "+")
    assert "7.0" in size(measured)
    press(measured, "-")
    assert "6.5" in size(measured)


def test_keys_go_from_region_to_region_and_around(measured):
    press(measured, "Shift+N")
    assert measured.regionBox.chosen.name == "R1"
    press(measured, "Shift+N")
    assert measured.regionBox.chosen.name == "L1"
    press(measured, "Shift+P")
    assert measured.regionBox.chosen.name == "R1"


def test_the_first_next_key_chooses_the_first_region(panel):
    press(panel, "Shift+N")
    panel.logic.addRegion("lesion", LESION, 6)
    panel.logic.addRegion("reference", REFERENCE, 6)
    panel.ui.regionTable.clearSelection()
    press(panel, "Shift+N")
    assert panel.regionBox.chosen.name == "L1"


def test_return_in_the_list_jumps_to_the_region(aHost, measured):
    sliceNode = aHost.layoutManager.sliceWidget("Red").mrmlSliceNode()
    sliceNode.JumpSliceByCentering(0, 0, 8)
    press(measured, "Return")
    assert sliceNode.GetSliceOffset() == pytest.approx(0)


def test_the_size_of_a_large_region_waits_for_the_end_of_the_drag(measured):
    node = measured.logic.regions()[0].node
    node.InvokeEvent(node.PointStartInteractionEvent)
    node.SetSize(30, 30, 30)
    assert measured.ui.sizeLabel.text == ""
    node.InvokeEvent(node.PointEndInteractionEvent)
    assert "Longest 3" in measured.ui.sizeLabel.text


# Shapes


def test_a_circle_lies_in_the_slices_of_the_volume_and_is_one_voxel_thick(aHost, panel):
    panel.ui.shapeCombo.setCurrentIndex(4)
    panel.ui.addReferenceButton.click()
    click(aHost, REFERENCE)
    (region,) = panel.logic.regions()
    assert region.shape == "ellipse"
    assert size(panel) == "\N{DIAMETER SIGN} 8.0"
    assert int(panel.ui.regionTable.item(0, 3).text()) == pytest.approx(np.pi * 16, rel=0.1)
    panel.ui.diameterSpinBox.setValue(10.0)
    assert region.node.GetSize()[2] == pytest.approx(2.0)
    assert int(panel.ui.regionTable.item(0, 3).text()) == pytest.approx(np.pi * 25, rel=0.1)


def test_a_circle_lies_in_the_view_under_the_mouse(aHost, panel):
    green = aHost.layoutManager.sliceWidget("Green").mrmlSliceNode()
    aHost.scene.GetFirstNodeByClass("vtkMRMLCrosshairNode").SetCursorPositionXYZ([10, 10, 0], green)
    panel.ui.shapeCombo.setCurrentIndex(4)
    panel.ui.addReferenceButton.click()
    click(aHost, REFERENCE)
    matrix = panel.logic.regions()[0].node.GetObjectToWorldMatrix()
    assert abs(matrix.GetElement(1, 2)) == pytest.approx(1)


def test_a_click_on_a_small_lesion_places_what_fits_into_it(aHost, panel):
    import slicer

    small = slicer.util.arrayFromVolume(panel.logic.parameters.standardVolume)
    k, j, i = np.mgrid[:24, :64, :64]
    small[np.linalg.norm(np.stack([i - 32 + 12, j - 32 - 4, 2 * k - 24], axis=-1), axis=-1) < 2.2] = 900.0
    slicer.util.arrayFromVolumeModified(panel.logic.parameters.standardVolume)
    for point in ((-12, 4, 0), LESION):
        panel.ui.addLesionButton.click()
        click(aHost, point)
    first, second = panel.logic.regions("lesion")
    assert first.node.GetSize()[0] < 4.0
    assert second.node.GetSize() == pytest.approx((5, 5, 5))


def test_the_shape_key_goes_through_all_shapes(panel):
    shapes = []
    for _ in range(panel.ui.shapeCombo.count):
        shapes.append(panel.ui.shapeCombo.currentText)
        press(panel, "Shift+S")
    assert len(set(shapes)) == 5
    assert panel.ui.shapeCombo.currentText == shapes[0]


# The outline found by itself


def test_the_outline_is_accepted_by_a_key_and_undone_as_a_whole(aHost, panel):
    outline(aHost, panel)
    press(panel, "Shift+Y")
    assert panel.ui.proposalFrame.isHidden()
    assert names(panel) == ["L1"]
    press(panel, "Ctrl+Z")
    assert names(panel) == []
    press(panel, "Ctrl+Y")
    assert names(panel) == ["L1"]
    assert panel.logic.outcome.voxels[panel.logic.regions()[0].key] > 100


def test_escape_rejects_the_outline(aHost, panel):
    outline(aHost, panel)
    press(panel, "Esc")
    assert names(panel) == []
    assert panel.ui.proposalFrame.isHidden()


def test_undoing_a_proposal_takes_the_question_away(aHost, panel):
    outline(aHost, panel)
    press(panel, "Ctrl+Z")
    assert names(panel) == []
    assert panel.ui.proposalFrame.isHidden()


def test_the_outline_is_drawn_closer_and_wider_before_it_is_accepted(aHost, panel):
    import slicer
    from scipy.ndimage import gaussian_filter

    volume = panel.logic.parameters.standardVolume
    slicer.util.updateVolumeFromArray(volume, gaussian_filter(slicer.util.arrayFromVolume(volume), 1.5))
    region = outline(aHost, panel)
    counts = [panel.logic.outcome.voxels[region.key]]
    for button in (panel.ui.closerButton, panel.ui.closerButton, panel.ui.widerButton):
        for _ in range(2):
            button.click()
        counts.append(panel.logic.outcome.voxels[region.key])
    assert counts[2] <= counts[1] <= counts[0]
    assert counts[2] < counts[0]
    assert counts[3] >= counts[2]
    assert not panel.ui.proposalFrame.isHidden()


def test_only_an_unlocked_segment_can_be_edited_and_opens_with_its_volume(aHost, measured):
    opened = []
    measured.regionBox.openEditor = lambda region, volume: opened.append((region.name, volume.GetName()))
    assert not measured.ui.drawRegionButton.enabled
    outline(aHost, measured)
    assert measured.regionBox.chosen.shape == "segment"
    measured.ui.drawRegionButton.click()
    assert opened == [("L2", "T1")]
    press(measured, "Shift+K")
    assert not measured.ui.drawRegionButton.enabled


def test_the_segment_editor_is_shown_with_segmentation_volume_and_segment(aHost, panel, monkeypatch):
    import types

    import slicer

    from DLEnhanceLesionMetricsLib.panelSegmentEditor import openSegmentEditor

    called = []
    names_ = ("setSegmentationNode", "setSourceVolumeNode", "setCurrentSegmentID")
    editor = types.SimpleNamespace(**{name: lambda value, name=name: called.append((name, value)) for name in names_})
    monkeypatch.setattr(slicer.util, "selectModule", lambda name: called.append(("selectModule", name)))
    monkeypatch.setattr(slicer.util, "getModuleWidget", lambda _name: types.SimpleNamespace(editor=editor))
    region, _ = panel.logic.outlineLesion(LESION)
    volume = panel.logic.parameters.standardVolume
    openSegmentEditor(region, volume)
    wanted = zip(names_, (region.node, volume, region.segmentId), strict=True)
    assert called == [("selectModule", "SegmentEditor"), *wanted]


# Suggestions


def test_keys_suggest_reference_and_air(aHost, measured):
    press(measured, "Shift+B")
    told = measured.ui.lesionStatusLabel.text + "".join(text for _name, text in aHost.messages)
    assert "air" in told.lower()
    press(measured, "Shift+W")
    assert len(names(measured)) >= 3 or aHost.messages


# The guide


def test_every_key_of_the_panel_stands_in_the_user_guide(panel):
    text = GUIDE.read_text(encoding="utf-8")
    boxes = (panel.regionBox.shortcuts, panel.regionBox.tableShortcuts, panel.placingBox._shortcuts)
    assert [keys for box in boxes for keys in box if f"`{keys}`" not in text] == []
