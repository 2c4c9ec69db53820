"""What the DL Enhance panel offers after a run: the original one key away, residual, side by side, report, devices."""

import json
import sys
import types

import numpy as np
import pytest
from enhanceSteps import BackendMaker, SmoothingBackend, addPhantom

from DLEnhanceLib.version import LABEL

FOUR_UP = 3


@pytest.fixture
def panel(aHost):
    """The open panel beside the usual three slice views."""
    aHost.layoutManager.setLayout(FOUR_UP)
    aHost.processEvents()
    widget = aHost.openModule("DLEnhance")
    widget.logic.makeBackend = BackendMaker(SmoothingBackend())
    return widget


@pytest.fixture
def finished(aHost, panel):
    """(source, output) of a finished run, the source having been in all views before."""
    source = addPhantom()
    for composite in composites(aHost):
        composite.SetBackgroundVolumeID(source.GetID())
    panel.ui.applyButton.click()
    aHost.waitUntil(lambda: not panel.runView.isBusy)
    return source, panel.ui.outputSelector.currentNode()


def composites(host):
    return [host.layoutManager.sliceWidget(name).mrmlSliceCompositeNode() for name in ("Red", "Green", "Yellow")]


def shown(host):
    return {composite.GetBackgroundVolumeID() for composite in composites(host)}


def arrayOf(node):
    import slicer

    return slicer.util.arrayFromVolume(node)


def press(panel, key="O"):
    """What the key does; an off-screen window gets no key events."""
    assert panel.resultBox.shortcut.key.toString() == key
    panel.resultBox.shortcut.activated.emit()


def test_result_is_shown_where_its_source_was(aHost, panel, finished):
    assert shown(aHost) == {finished[1].GetID()}
    assert panel.ui.showEnhancedButton.checked


def test_views_that_show_something_else_are_left_alone(aHost, panel):
    source, other = addPhantom(), addPhantom("other")
    panel.ui.inputSelector.setCurrentNode(source)
    red, green, _yellow = composites(aHost)
    red.SetBackgroundVolumeID(source.GetID())
    green.SetBackgroundVolumeID(other.GetID())
    panel.ui.applyButton.click()
    aHost.waitUntil(lambda: not panel.runView.isBusy)
    assert red.GetBackgroundVolumeID() == panel.ui.outputSelector.currentNode().GetID()
    assert green.GetBackgroundVolumeID() == other.GetID()


def test_original_is_one_key_away_and_back(aHost, panel, finished):
    press(panel)
    assert shown(aHost) == {finished[0].GetID()}
    assert panel.ui.showOriginalButton.checked
    assert not panel.ui.showEnhancedButton.checked
    press(panel)
    assert shown(aHost) == {finished[1].GetID()}


def test_key_does_nothing_without_a_result(aHost, panel):
    press(panel)
    assert shown(aHost) == {None}


def test_residual_is_one_click_away_and_follows_the_sliders(aHost, panel, finished):
    panel.ui.showResidualButton.click()
    residual = panel.logic.residualNode()
    assert shown(aHost) == {residual.GetID()}
    assert arrayOf(residual).any()
    for slider in (panel.ui.denoiseSlider, panel.ui.deringSlider, panel.ui.sharpenSlider):
        slider.setValue(0)
    aHost.waitUntil(lambda: not arrayOf(residual).any())
    panel.ui.showEnhancedButton.click()
    assert shown(aHost) == {finished[1].GetID()}


@pytest.mark.parametrize("component", ["noise", "ringing", "blur"])
def test_components_are_shown_as_volumes(aHost, panel, finished, component):
    getattr(panel.ui, f"{component}ComponentButton").click()
    assert shown(aHost) == {panel.logic.componentNode(component).GetID()}


def test_pair_is_shown_side_by_side_and_the_layout_returns(aHost, panel, finished):
    panel.resultBox.comparisonBox.ui.sideBySideButton.click()
    pair = [aHost.layoutManager.sliceWidget(f"DLEnhance{name}") for name in ("Standard", "Enhanced")]
    assert [w.mrmlSliceCompositeNode().GetBackgroundVolumeID() for w in pair] == [node.GetID() for node in finished]
    assert panel.resultBox.comparisonBox.ui.sideBySideButton.checked
    assert not panel.ui.showOriginalButton.enabled
    panel.resultBox.comparisonBox.ui.sideBySideButton.click()
    assert aHost.layoutManager.layout == FOUR_UP
    assert not panel.resultBox.comparisonBox.ui.sideBySideButton.checked
    assert panel.ui.showOriginalButton.enabled


def test_residual_joins_the_pair_side_by_side(aHost, panel, finished):
    panel.resultBox.comparisonBox.ui.sideBySideButton.click()
    panel.ui.showResidualButton.click()
    third = aHost.layoutManager.sliceWidget("DLEnhanceResidual").mrmlSliceCompositeNode()
    assert third.GetBackgroundVolumeID() == panel.logic.residualNode().GetID()
    assert panel.ui.showResidualButton.checked


def test_layout_chosen_by_the_user_ends_the_comparison(aHost, panel, finished):
    panel.resultBox.comparisonBox.ui.sideBySideButton.click()
    aHost.layoutManager.setLayout(2)
    assert not panel.resultBox.comparisonBox.ui.sideBySideButton.checked
    assert panel.ui.showOriginalButton.enabled


def test_findings_of_the_checks_are_listed_and_renewed(aHost, panel, finished):
    findings = panel.logic.finished.run.guard.findings
    warnings = [finding.sentence for finding in findings if not finding.passed]
    assert findings
    assert panel.ui.guardLabel.text.count("Warning:") == len(warnings)
    assert f"{len(findings) - len(warnings)} " in panel.ui.guardLabel.text
    assert panel.ui.guardLabel.toolTip.count("<tr>") == len(findings)
    panel.ui.denoiseSlider.setValue(40)
    aHost.waitUntil(lambda: "Checking" in panel.ui.guardLabel.text)
    aHost.waitUntil(lambda: panel.logic.finished.isChecked)
    assert "Checking" not in panel.ui.guardLabel.text
    assert panel.logic.finished.run.strengths.denoise == pytest.approx(0.4)


def test_buttons_of_the_result_need_a_result(panel):
    names = ("showEnhanced", "showOriginal", "showResidual", "noiseComponent", "exportReport")
    assert not [name for name in names if getattr(panel.ui, f"{name}Button").enabled]
    assert "Nothing has been enhanced" in panel.ui.guardLabel.text


def test_report_is_written_where_the_user_says(aHost, panel, finished, tmp_path):
    panel.askPath = lambda title, name, nameFilter: str(tmp_path / name)
    panel.ui.exportReportButton.click()
    report = json.loads((tmp_path / "DLEnhance-report.json").read_text())
    assert report["label"] == LABEL
    assert "DLEnhance-report.json" in panel.ui.enhanceStatusLabel.text


def test_report_that_cannot_be_written_is_told(aHost, panel, finished, tmp_path):
    panel.askPath = lambda title, name, nameFilter: str(tmp_path / "absent" / name)
    panel.ui.exportReportButton.click()
    assert "choose another folder" in aHost.messages[-1][1]


def test_report_without_a_path_is_not_written(aHost, panel, finished):
    panel.askPath = lambda title, name, nameFilter: ""
    panel.ui.exportReportButton.click()
    assert not aHost.messages


def test_source_is_unchanged_by_all_of_it(aHost, panel, finished):
    source, _output = finished
    before, stamp = arrayOf(source).copy(), source.GetMTime()
    for name in ("showOriginal", "showResidual", "noiseComponent"):
        getattr(panel.ui, f"{name}Button").click()
    panel.ui.sharpenSlider.setValue(100)
    aHost.waitUntil(lambda: panel.logic.finished.run.strengths.sharpen == 1.0)
    assert np.array_equal(arrayOf(source), before)
    assert source.GetMTime() == stamp


# Devices


class Card:
    id, label, memory = "cuda:0", "NVIDIA RTX 4000", 20 * 2**30


class Processor:
    id, label, memory = "cpu", "CPU", 0


def deviceBox(comboBox, devices, reason="", shown=None):
    from DLEnhanceLib.panelDevices import DeviceBox

    return DeviceBox(comboBox, (shown if shown is not None else []).append, lambda: devices, lambda: reason)


def test_reason_for_an_unused_card_is_told_once_the_list_is_wanted(aHost):
    import qt

    shown = []
    box = deviceBox(qt.QComboBox(), [Processor], "There is an NVIDIA card, but PyTorch is the CPU build.", shown)
    assert shown == []
    box.fill()
    assert shown == ["There is an NVIDIA card, but PyTorch is the CPU build."]


def test_reason_for_an_unused_card_is_told_after_the_first_run(aHost, monkeypatch):
    import qt

    shown = []
    box = deviceBox(qt.QComboBox(), [Processor], "The CPU build.", shown)
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    box.onRunFinished()  # the run did not need torch: nothing imports it now
    assert shown == []
    monkeypatch.setitem(sys.modules, "torch", types.ModuleType("torch"))
    box.onRunFinished()
    box.onRunFinished()
    assert shown == ["The CPU build."]


def test_devices_are_listed_by_name_when_the_list_is_wanted(aHost, panel):
    assert panel.ui.deviceComboBox.count == 1
    panel.ui.enhanceAdvancedButton.setCollapsed(False)
    texts = [panel.ui.deviceComboBox.itemText(index) for index in range(panel.ui.deviceComboBox.count)]
    assert texts[0].startswith("Automatic (")
    assert texts[-1] == "CPU"


def test_chosen_device_is_remembered_on_the_machine(aHost):
    import qt

    first = deviceBox(qt.QComboBox(), [Card, Processor])
    assert first.deviceId == "auto"
    first.fill()
    first.box.setCurrentIndex(1)
    first.box.activated.emit(1)
    assert first.box.currentText == "NVIDIA RTX 4000, 20 GB"
    again = deviceBox(qt.QComboBox(), [Card, Processor])
    assert again.deviceId == "cuda:0"
    again.fill()
    assert again.deviceId == "cuda:0"


def test_remembered_device_that_is_gone_becomes_automatic(aHost):
    import qt

    qt.QSettings().setValue("DLEnhance/Device", "cuda:3")
    box = deviceBox(qt.QComboBox(), [Processor])
    box.fill()
    assert box.deviceId == "auto"


# The label in the views


def test_label_stands_in_every_view_that_shows_our_image_and_in_no_other(aHost, panel, finished):
    words = " ".join(panel.viewLabels.textIn("Red").split())
    assert words == LABEL
    press(panel)
    assert panel.viewLabels.textIn("Red") == ""
    panel.resultBox.comparisonBox.ui.sideBySideButton.click()
    assert panel.viewLabels.textIn("DLEnhanceStandard") == ""
    assert panel.viewLabels.textIn("DLEnhanceEnhanced") != ""


def test_label_stays_out_of_blinded_views(aHost, panel, finished):
    red = composites(aHost)[0]
    red.SetAttribute("DLEnhance.Blinded", "1")
    assert panel.viewLabels.textIn("Red") == ""
    assert panel.viewLabels.textIn("Green") != ""


def test_label_goes_with_the_scene(aHost, panel, finished):
    aHost.closeScene()
    assert panel.viewLabels.textIn("Red") == ""
