"""The panel of DL Enhance in the stand-in host: life cycle, buttons, runs, cancel, presets, messages."""

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from enhanceSteps import BackendMaker, FailingBackend, SmoothingBackend, WaitingBackend, addPhantom, sceneNodes

from DLEnhanceLib.errors import UnsupportedVolume
from DLEnhanceLib.strengths import PRESETS
from DLEnhanceLib.version import LABEL

MODULE = Path(__file__).resolve().parents[2] / "DLEnhance"
UI_FILE = MODULE / "Resources" / "UI" / "DLEnhance.ui"
PANEL_FILES = sorted((MODULE / "DLEnhanceLib").glob("panel*.py"))
CONTROLS = ("QPushButton", "QComboBox", "ctkSliderWidget", "qMRMLNodeComboBox", "QProgressBar")


@pytest.fixture
def panel(aHost):
    """The open panel; its network only smooths."""
    return openPanel(aHost, SmoothingBackend())


def test_volume_loaded_before_the_module_is_chosen(aHost):
    from DLEnhanceLib.volume import Volume

    node = aHost.headless.addVolume(Volume(np.ones((4, 5, 6), np.int16), np.eye(4)), "loaded before")
    assert aHost.openModule("DLEnhance").ui.inputSelector.currentNode() is node


def openPanel(host, backend):
    widget = host.openModule("DLEnhance")
    widget.logic.makeBackend = BackendMaker(backend)
    return widget


def widgetsOfUi(*kinds):
    return [w for w in ET.parse(UI_FILE).iter("widget") if w.get("class") in kinds]


def textOf(element, name):
    return next((p.findtext("string") for p in element.findall("property") if p.get("name") == name), None)


def runToEnd(host, panel):
    panel.ui.applyButton.click()
    host.waitUntil(lambda: not panel.runView.isBusy)


def arrayOf(node):
    import slicer

    return slicer.util.arrayFromVolume(node)


# Opening


def test_module_describes_itself(aHost):
    parent = aHost.loadModule("DLEnhance")
    assert parent.title == "DL Enhance"
    assert parent.categories == ["Filtering"]
    assert parent.contributors
    assert parent.acknowledgementText
    assert "Research use only" in parent.helpText


def test_opening_imports_neither_torch_nor_scipy(aHost):
    """In this process other tests have imported them, so a fresh one looks."""
    code = (
        f"import sys; sys.path[:0] = {[str(MODULE.parent / 'Testing' / 'Host'), str(MODULE)]!r}\n"
        "from DLEnhanceTestHost.session import startHost\n"
        "host = startHost(); before = set(sys.modules); host.openModule('DLEnhance')\n"
        "heavy = {'torch', 'scipy', 'skimage', 'pydicom', 'SimpleITK'} & (set(sys.modules) - before)\n"
        "host.close(); sys.exit(repr(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_panel_opens_without_main_window_and_without_torch(aHostWithoutViews, monkeypatch):
    from DLEnhanceLib import packages

    monkeypatch.setattr(packages, "isImportable", lambda name: False)
    widget = aHostWithoutViews.openModule("DLEnhance")
    addPhantom()
    assert not widget.ui.applyButton.enabled
    assert "PyTorch is missing" in widget.ui.applyButton.toolTip
    assert not widget.ui.setupFrame.isHidden()
    assert widget.ui.setupButton.text == "Install PyTorch extension..."
    assert not widget.resultBox.comparisonBox.ui.sideBySideButton.enabled


def test_nothing_to_install_is_shown_when_nothing_is_missing(panel):
    assert panel.ui.setupFrame.isHidden()


def test_declined_installation_changes_nothing(aHost, monkeypatch):
    from DLEnhanceLib import packages

    monkeypatch.setattr(packages, "isImportable", lambda name: name == "PyTorchUtils")
    widget = aHost.openModule("DLEnhance")
    widget.ui.setupButton.click()  # the host answers every question with no
    assert [name for name, _text in aHost.messages] == ["confirmOkCancelDisplay"]
    assert widget.ui.setupButton.text == "Install PyTorch..."


def test_extension_that_cannot_be_fetched_is_told_in_a_sentence(aHost, monkeypatch):
    import slicer

    from DLEnhanceLib import packages

    monkeypatch.setattr(packages, "isImportable", lambda name: False)
    monkeypatch.setattr(slicer.util, "confirmOkCancelDisplay", lambda text: True)
    widget = aHost.openModule("DLEnhance")
    widget.ui.setupButton.click()
    assert aHost.messages[-1][0] == "errorDisplay"
    assert "network" in aHost.messages[-1][1]
    assert setupTexts(widget) == (aHost.messages[-1][1], "Install PyTorch extension...")


@pytest.mark.parametrize("answer", [False, True])
def test_failed_installation_stays_readable_beside_its_button(aHost, monkeypatch, answer):
    import slicer

    from DLEnhanceLib import packages

    def refuse(requirements):
        raise subprocess.CalledProcessError(1, "pip install")

    monkeypatch.setattr(packages, "isImportable", lambda name: name == "torch")
    monkeypatch.setattr(slicer.util, "confirmOkCancelDisplay", lambda text: answer)
    monkeypatch.setattr(slicer.util, "pip_install", refuse)
    widget = aHost.openModule("DLEnhance")
    widget.ui.setupButton.click()
    sentence, button = setupTexts(widget)
    assert ("could not be installed" in sentence) == answer
    assert button == "Install packages..."
    assert len(aHost.messages) == int(answer)


def test_unused_card_is_told_with_its_remedy_and_apply_stays_usable(aHost, panel):
    panel.deviceBox.whyNot = lambda: "There is an NVIDIA card, but PyTorch is the CPU build."
    panel.setupBox.packages._isFound = lambda name: True
    addPhantom()
    panel.ui.enhanceAdvancedButton.setCollapsed(False)
    assert not panel.ui.setupFrame.isHidden()
    assert setupTexts(panel) == ("There is an NVIDIA card, but PyTorch is the CPU build.", "Open PyTorch Utils")
    assert panel.ui.applyButton.enabled


def setupTexts(widget):
    """What the box of the installation says, and its button."""
    return widget.ui.setupLabel.text, widget.ui.setupButton.text


def test_research_use_label_is_always_visible(panel):
    assert panel.ui.researchUseLabel.text == LABEL
    assert not panel.ui.researchUseLabel.isHidden()


# The .ui file


def test_every_parameter_named_in_the_ui_exists(panel):
    names = [p.findtext("string") for p in ET.parse(UI_FILE).iter("property") if p.get("name") == "SlicerParameterName"]
    assert sorted(names) == sorted(type(panel.logic.getParameterNode()).allParameters)


def test_every_widget_used_by_the_panel_is_in_the_ui():
    files = (UI_FILE, UI_FILE.with_name("DLEnhanceComparison.ui"))
    inUi = {w.get("name") for file in files for w in ET.parse(file).iter("widget")}
    used = {name for path in PANEL_FILES for name in re.findall(r"\bui\.([A-Za-z]\w*)", path.read_text("utf-8"))}
    assert used
    assert used <= inUi


def test_every_control_explains_itself():
    assert not [w.get("name") for w in widgetsOfUi(*CONTROLS) if not textOf(w, "toolTip")]


def test_labels_of_rows_end_in_a_colon():
    rows = [item.find("widget") for item in ET.parse(UI_FILE).iter("item") if item.get("column") == "0"]
    assert rows
    assert not [textOf(label, "text") for label in rows if not textOf(label, "text").endswith(":")]


@pytest.mark.parametrize("path", PANEL_FILES, ids=lambda path: path.name)
def test_panel_files_keep_to_what_pythonqt_can_do(path):
    from DLEnhanceTestHost.sourceCheck import pythonQtProblems

    assert not list(pythonQtProblems(path))


# Inputs


def test_apply_needs_an_input(panel):
    assert not panel.ui.applyButton.enabled
    assert "Choose an input volume" in panel.ui.applyButton.toolTip
    addPhantom()
    assert panel.ui.applyButton.enabled
    assert "Enhance the volume" in panel.ui.applyButton.toolTip


def test_input_cannot_be_the_output(panel):
    node = addPhantom()
    panel.ui.outputSelector.setCurrentNode(node)
    assert not panel.ui.applyButton.enabled
    assert "never changed" in panel.ui.applyButton.toolTip


def test_enhanced_volume_is_not_enhanced_again(aHost, panel):
    addPhantom()
    runToEnd(aHost, panel)
    output = panel.ui.outputSelector.currentNode()
    panel.ui.outputSelector.setCurrentNode(None)
    panel.ui.inputSelector.setCurrentNode(output)
    assert not panel.ui.applyButton.enabled
    assert "choose the original" in panel.ui.applyButton.toolTip


def test_findings_about_the_input_appear(aHost, panel):
    addPhantom()
    assert "Looking" in panel.ui.surveyLabel.text
    aHost.waitUntil(lambda: "voxels of" in panel.ui.surveyLabel.text)
    assert "44 \N{MULTIPLICATION SIGN} 48 \N{MULTIPLICATION SIGN} 24 voxels" in panel.ui.surveyLabel.text
    assert "% of the tissue signal" in panel.ui.surveyLabel.text
    assert "DICOM" in panel.ui.surveyLabel.toolTip


def test_unsuitable_input_is_explained_where_findings_stand(aHost, panel):
    addPhantom(voxels=np.full((8, 8, 8), np.nan, np.float32))
    aHost.waitUntil(lambda: panel.ui.surveyLabel.text and "Looking" not in panel.ui.surveyLabel.text)
    assert "finite" in panel.ui.surveyLabel.text
    assert not aHost.messages


def test_label_maps_are_not_offered_as_input(panel):
    import slicer

    slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "labels")
    assert panel.ui.inputSelector.currentNode() is None


# Runs


def test_apply_makes_the_enhanced_volume(aHost, panel):
    source = addPhantom()
    before = arrayOf(source).copy()
    runToEnd(aHost, panel)
    output = panel.ui.outputSelector.currentNode()
    assert output.GetName() == "T1 post enhanced"
    assert arrayOf(output)[9:15, 28:38, 16:28].std() < before[9:15, 28:38, 16:28].std()
    assert np.array_equal(arrayOf(source), before)
    assert "Enhanced in" in panel.ui.enhanceStatusLabel.text
    assert panel.ui.enhanceProgressBar.isHidden()
    assert not aHost.messages


def test_apply_again_reuses_the_output(aHost, panel):
    addPhantom()
    runToEnd(aHost, panel)
    before = sceneNodes()
    runToEnd(aHost, panel)
    assert sceneNodes() == before


def test_profile_and_device_of_the_panel_are_used(aHost, panel):
    addPhantom()
    panel.ui.profileComboBox.setCurrentIndex(1)
    runToEnd(aHost, panel)
    assert panel.logic.makeBackend.asked == [("fast", "auto")]


def test_apply_turns_into_cancel_and_back(aHost):
    backend = WaitingBackend()
    panel = openPanel(aHost, backend)
    addPhantom()
    before = sceneNodes()
    panel.ui.applyButton.click()
    aHost.waitUntil(backend.reached.is_set)
    assert panel.ui.applyButton.text == "Cancel"
    assert not panel.ui.enhanceProgressBar.isHidden()
    assert not panel.ui.inputSelector.enabled
    aHost.waitUntil(lambda: panel.ui.enhanceProgressBar.value > 0)
    panel.ui.applyButton.click()
    aHost.waitUntil(lambda: not panel.runView.isBusy, seconds=2.0)
    assert panel.ui.applyButton.text == "Apply"
    assert panel.ui.inputSelector.enabled
    assert "cancelled" in panel.ui.enhanceStatusLabel.text
    assert sceneNodes() == before
    assert not aHost.messages
    backend.goOn.set()
    runToEnd(aHost, panel)
    assert panel.ui.outputSelector.currentNode() is not None


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (UnsupportedVolume("This volume holds no head: choose an MR volume."), "This volume holds no head"),
        (RuntimeError("no kernel image is available"), "DL Enhance failed: no kernel image"),
        (MemoryError("There is too little memory."), "DL Enhance failed: There is too little memory"),
    ],
)
def test_failure_is_told_in_a_sentence_and_leaves_nothing(aHost, failure, told):
    panel = openPanel(aHost, FailingBackend(failure))
    addPhantom()
    before = sceneNodes()
    runToEnd(aHost, panel)
    assert [name for name, _text in aHost.messages] == ["errorDisplay"]
    assert aHost.messages[0][1].startswith(told)
    assert "Traceback" not in aHost.messages[0][1]
    assert sceneNodes() == before
    assert panel.ui.applyButton.text == "Apply"
    assert panel.ui.applyButton.enabled


def test_torch_that_does_not_start_leads_to_its_repair(aHost, panel, monkeypatch):
    monkeypatch.delitem(sys.modules, "torch", raising=False)

    def broken(profile, device):
        raise ImportError("libcudnn.so.9: cannot open shared object file")

    panel.logic.makeBackend = broken
    panel.setupBox.packages._isFound = lambda name: True
    addPhantom()
    panel.ui.applyButton.click()
    assert "libcudnn" in aHost.messages[0][1]
    assert panel.ui.setupButton.text == "Open PyTorch Utils"
    assert not panel.ui.applyButton.enabled


def test_torch_that_does_not_start_leads_to_its_repair_from_the_devices_too(aHost, panel, monkeypatch):
    monkeypatch.delitem(sys.modules, "torch", raising=False)

    def broken():
        raise OSError("c10.dll: a routine failed")

    panel.deviceBox.usableDevices = broken
    panel.setupBox.packages._isFound = lambda name: True
    addPhantom()
    panel.ui.enhanceAdvancedButton.setCollapsed(False)
    assert setupTexts(panel) == (aHost.messages[0][1], "Open PyTorch Utils")
    assert "c10.dll" in aHost.messages[0][1]
    assert not panel.ui.applyButton.enabled


# Presets and sliders


def test_preset_sets_the_sliders(panel):
    panel.ui.presetComboBox.setCurrentIndex(2)
    assert (panel.ui.denoiseSlider.value, panel.ui.deringSlider.value, panel.ui.sharpenSlider.value) == (100, 95, 100)


def test_moved_slider_makes_the_preset_custom_and_back(panel):
    panel.ui.denoiseSlider.setValue(75)
    assert panel.ui.presetComboBox.currentText == "Custom"
    panel.ui.denoiseSlider.setValue(100 * PRESETS["medium"].denoise)
    assert panel.ui.presetComboBox.currentText == "Medium"


def test_custom_chosen_by_the_user_keeps_the_sliders(panel):
    panel.ui.presetComboBox.setCurrentIndex(3)
    assert panel.ui.presetComboBox.currentText == "Custom"
    assert panel.ui.denoiseSlider.value == 100 * PRESETS["medium"].denoise


def test_strength_is_stored_in_the_scene(panel):
    panel.ui.sharpenSlider.setValue(10)
    node = panel.logic.getParameterNode().parameterNode
    assert float(node.GetParameter("sharpenPercent")) == 10
    assert node.GetParameter("preset") == "CUSTOM"


def test_sliders_act_on_a_finished_run_without_apply(aHost, panel):
    source = addPhantom()
    runToEnd(aHost, panel)
    passes = panel.logic.makeBackend.backend.passes
    for slider in (panel.ui.denoiseSlider, panel.ui.deringSlider, panel.ui.sharpenSlider):
        slider.setValue(0)
    output = panel.ui.outputSelector.currentNode()
    aHost.waitUntil(lambda: np.array_equal(arrayOf(output), arrayOf(source)))
    assert panel.logic.makeBackend.backend.passes == passes


def test_strength_chosen_during_the_run_is_that_of_the_result(aHost):
    backend = WaitingBackend()
    panel = openPanel(aHost, backend)
    source = addPhantom()
    panel.ui.applyButton.click()
    aHost.waitUntil(backend.reached.is_set)
    for slider in (panel.ui.denoiseSlider, panel.ui.deringSlider, panel.ui.sharpenSlider):
        slider.setValue(0)
    backend.goOn.set()
    aHost.waitUntil(lambda: not panel.runView.isBusy)
    assert np.array_equal(arrayOf(panel.ui.outputSelector.currentNode()), arrayOf(source))


# Scene, leaving, reload


def test_scene_closed_during_a_run_stops_it(aHost):
    backend = WaitingBackend()
    panel = openPanel(aHost, backend)
    addPhantom()
    panel.ui.applyButton.click()
    aHost.waitUntil(backend.reached.is_set)
    aHost.closeScene()
    backend.goOn.set()
    assert panel.ui.applyButton.text == "Apply"
    assert not panel.ui.applyButton.enabled
    assert panel.ui.surveyLabel.text == ""
    before = sceneNodes()
    aHost.processEvents()
    assert sceneNodes() == before
    addPhantom()
    runToEnd(aHost, panel)
    assert panel.ui.outputSelector.currentNode() is not None


def test_scene_closed_while_another_module_is_shown(aHost, panel):
    addPhantom()
    runToEnd(aHost, panel)
    aHost.selectModule("")
    aHost.closeScene()
    aHost.selectModule("DLEnhance")
    assert not panel.ui.applyButton.enabled
    assert not panel.ui.showOriginalButton.enabled


def test_run_goes_on_while_another_module_is_shown(aHost):
    backend = WaitingBackend()
    panel = openPanel(aHost, backend)
    addPhantom()
    panel.ui.applyButton.click()
    aHost.waitUntil(backend.reached.is_set)
    aHost.selectModule("")
    backend.goOn.set()
    aHost.waitUntil(lambda: not panel.runView.isBusy)
    aHost.selectModule("DLEnhance")
    assert panel.ui.outputSelector.currentNode().GetName() == "T1 post enhanced"
    assert panel.ui.showOriginalButton.enabled


def test_removed_output_ends_the_live_strength(aHost, panel):
    import slicer

    addPhantom()
    runToEnd(aHost, panel)
    slicer.mrmlScene.RemoveNode(panel.ui.outputSelector.currentNode())
    assert not panel.ui.showOriginalButton.enabled
    panel.ui.denoiseSlider.setValue(10)
    aHost.processEvents()
    assert panel.ui.applyButton.enabled


def test_reload_keeps_the_parameters_and_works(oldModulesBack, aHost, panel):
    addPhantom()
    panel.ui.denoiseSlider.setValue(33)
    panel.onReload()
    fresh = aHost.openModule("DLEnhance")
    assert fresh is not panel
    assert fresh.ui.denoiseSlider.value == 33
    fresh.logic.makeBackend = BackendMaker(SmoothingBackend())
    runToEnd(aHost, fresh)
    assert fresh.ui.outputSelector.currentNode() is not None


def test_reload_during_a_run_drops_it(oldModulesBack, aHost):
    backend = WaitingBackend()
    panel = openPanel(aHost, backend)
    addPhantom()
    before = sceneNodes()
    panel.ui.applyButton.click()
    aHost.waitUntil(backend.reached.is_set)
    panel.onReload()
    backend.goOn.set()
    aHost.processEvents()
    assert sceneNodes() == before
