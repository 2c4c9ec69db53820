"""The controls of a comparison in both panels: every button, switch and key, and what leaving the module does."""

import numpy as np
import pytest
from enhanceSteps import BackendMaker, SmoothingBackend, addPhantom

FOUR_UP, OWN = 3, {"sideBySide": 1501, "residual": 1502, "curtain": 1503, "flicker": 1504}
BUTTONS = {
    "sideBySide": "sideBySideButton",
    "residual": "withResidualButton",
    "curtain": "curtainButton",
    "flicker": "flickerButton",
}
KEYS = {"sideBySide": "Shift+T", "residual": "Shift+D", "curtain": "Shift+C", "flicker": "Shift+F"}
everyLayout = pytest.mark.parametrize("layout", list(OWN))


class Opened:
    """A panel with a pair to compare."""

    def __init__(self, host, module, panel, box, pair):
        self.host, self.module, self.panel, self.box, self.pair = host, module, panel, box, pair
        self.ui, self.logic = box.ui, panel.logic

    @property
    def layout(self):
        return self.host.layoutManager.layout

    def press(self, keys):
        """What a key does while it is enabled; an off-screen window gets no key events."""
        shortcut = self.box.shortcuts[keys]
        assert shortcut.key.toString() == keys
        if shortcut.property("enabled"):
            shortcut.activated.emit()

    def start(self, layout):
        getattr(self.ui, BUTTONS[layout]).click()
        return self.logic.comparison


def openEnhance(host):
    panel = host.openModule("DLEnhance")
    panel.logic.makeBackend = BackendMaker(SmoothingBackend())
    source = addPhantom()
    panel.ui.inputSelector.setCurrentNode(source)
    panel.ui.applyButton.click()
    host.waitUntil(lambda: not panel.runView.isBusy)
    pair = source, panel.ui.outputSelector.currentNode()
    return Opened(host, "DLEnhance", panel, panel.resultBox.comparisonBox, pair)


def openLesionMetrics(host):
    import slicer

    voxels = np.random.default_rng(0).normal(200, 20, (12, 40, 40)).astype(np.float32)
    pair = [slicer.util.addVolumeFromArray(voxels * factor, name=name) for factor, name in ((1, "T1"), (0.9, "DL"))]
    pair[1].SetNodeReferenceID("DLEnhance.Source", pair[0].GetID())
    panel = host.openModule("DLEnhanceLesionMetrics")
    return Opened(host, "DLEnhanceLesionMetrics", panel, panel.comparisonBox, tuple(pair))


@pytest.fixture(params=[openEnhance, openLesionMetrics], ids=["DLEnhance", "DLEnhanceLesionMetrics"])
def opened(request, aHost):
    aHost.layoutManager.setLayout(FOUR_UP)
    aHost.processEvents()
    return request.param(aHost)


@everyLayout
def test_a_button_shows_its_layout_and_pressed_again_gives_the_users_back(opened, layout):
    button = getattr(opened.ui, BUTTONS[layout])
    button.click()
    assert opened.layout == OWN[layout]
    assert [name for name in BUTTONS if getattr(opened.ui, BUTTONS[name]).checked] == [layout]
    button.click()
    assert opened.layout == FOUR_UP
    assert not button.checked


@everyLayout
def test_a_key_does_what_the_button_does(opened, layout):
    opened.press(KEYS[layout])
    assert opened.layout == OWN[layout]
    opened.press(KEYS[layout])
    assert opened.layout == FOUR_UP


def test_one_layout_follows_another_and_the_users_comes_back(opened):
    for layout in (*OWN, "sideBySide"):
        opened.press(KEYS[layout])
        assert opened.layout == OWN[layout]
    opened.press("Shift+T")
    assert opened.layout == FOUR_UP


@pytest.mark.parametrize("layout", ["residual", "curtain"])
def test_leaving_restores_the_users_layout_and_returning_compares_again(opened, layout):
    opened.start(layout)
    opened.host.selectModule("")
    assert opened.layout == FOUR_UP
    opened.host.selectModule(opened.module)
    assert opened.layout == OWN[layout]


def test_keys_do_nothing_while_another_module_is_shown(opened):
    opened.host.selectModule("")
    for keys in opened.box.shortcuts:
        opened.press(keys)
    assert opened.layout == FOUR_UP


def test_the_slider_moves_the_border_and_follows_it(opened):
    comparison = opened.start("curtain")
    opened.ui.curtainSlider.setValue(250)
    assert comparison.curtain == 0.25
    comparison.setCurtain(0.8)  # as the mouse does
    assert opened.ui.curtainSlider.value == 800


def test_keys_move_the_border(opened):
    comparison = opened.start("curtain")
    for _ in range(3):
        opened.press("Shift+Right")
    opened.press("Shift+Left")
    assert comparison.curtain == pytest.approx(0.54)
    assert opened.ui.curtainSlider.value == 540


def test_flicker_alternates_by_itself_and_stops_on_leaving(opened):
    comparison = opened.start("flicker")
    opened.ui.flickerRateSpinBox.setValue(8.0)
    seen = set()
    opened.host.waitUntil(lambda: seen.add(comparison.compositeNodes[0].GetForegroundOpacity()) or seen == {0.0, 1.0})
    opened.host.selectModule("")
    assert not opened.box._timer.isActive()


def test_flicker_stops_when_another_layout_is_chosen(opened):
    opened.start("flicker")
    assert opened.box._timer.isActive()
    opened.start("curtain")
    assert not opened.box._timer.isActive()


def test_the_rate_is_changes_per_second(opened):
    opened.start("flicker")
    for rate, interval in ((0.5, 2000), (4.0, 250)):
        opened.ui.flickerRateSpinBox.setValue(rate)
        assert opened.box._timer.interval == interval


def test_the_original_is_one_button_away(opened):
    comparison = opened.start("flicker")
    opened.ui.holdOriginalButton.click()
    assert comparison.isOriginal
    assert opened.ui.holdOriginalButton.checked
    opened.ui.holdOriginalButton.click()
    assert not comparison.isOriginal


@everyLayout
def test_the_original_is_one_key_away(opened, layout):
    comparison = opened.start(layout)
    shortcut = opened.box.shortcuts.get("O") or opened.panel.resultBox.shortcut
    shortcut.activated.emit()
    assert comparison.isOriginal
    assert opened.ui.holdOriginalButton.checked
    shortcut.activated.emit()
    assert not comparison.isOriginal


def test_the_key_changes_to_the_original_in_slicers_own_views_too(opened):
    views = [opened.host.layoutManager.sliceWidget(name).mrmlSliceCompositeNode() for name in ("Red", "Green")]
    for composite in views:
        composite.SetBackgroundVolumeID(opened.pair[1].GetID())
    shortcut = opened.box.shortcuts.get("O") or opened.panel.resultBox.shortcut
    for wanted in (opened.pair[0], opened.pair[1]):
        shortcut.activated.emit()
        assert {composite.GetBackgroundVolumeID() for composite in views} == {wanted.GetID()}


@pytest.mark.parametrize("field", ["position", "zoom", "window"])
def test_each_link_has_its_switch(opened, field):
    comparison = opened.start("sideBySide")
    box = getattr(opened.ui, f"link{field.capitalize()}CheckBox")
    assert box.checked
    box.click()
    assert [name for name in ("position", "zoom", "window") if not getattr(comparison.links, name)] == [field]
    box.click()
    assert all((comparison.links.position, comparison.links.zoom, comparison.links.window))


def test_the_window_is_matched_by_value_or_percentile(opened):
    comparison = opened.start("sideBySide")
    opened.ui.windowMatchCombo.setCurrentIndex(1)
    assert comparison.links.windowMatch == "percentile"
    opened.ui.linkWindowCheckBox.click()
    assert not opened.ui.windowMatchCombo.enabled
    opened.ui.linkWindowCheckBox.click()
    opened.ui.windowMatchCombo.setCurrentIndex(0)
    assert comparison.links.windowMatch == "value"


@everyLayout
def test_only_the_options_of_the_layout_are_seen(opened, layout):
    assert opened.ui.comparisonOptions.isHidden()
    opened.start(layout)
    assert not opened.ui.comparisonOptions.isHidden()
    assert opened.ui.curtainSlider.isHidden() == (layout != "curtain")
    assert opened.ui.flickerRateSpinBox.isHidden() == (layout != "flicker")
    assert opened.ui.linkZoomCheckBox.enabled == (layout in ("sideBySide", "residual"))


def test_the_residual_is_in_noise_sds(opened):
    comparison = opened.start("residual")
    unit = float(comparison.titles[2][0].split("=")[1].rstrip(") "))
    display = comparison._volumes[2].GetDisplayNode()
    assert display.GetWindowLevelMax() == pytest.approx(3 * unit, rel=1e-2)
    assert display.GetWindowLevelMin() == -display.GetWindowLevelMax()
    assert comparison.legend.range == pytest.approx((-3, 3))


@pytest.mark.parametrize("layout", ["residual", "flicker"])
def test_closing_the_scene_ends_it(opened, layout):
    opened.start(layout)
    opened.host.closeScene()
    assert opened.layout == FOUR_UP
    assert not getattr(opened.ui, BUTTONS[layout]).enabled
    assert not opened.box._timer.isActive()


def test_the_users_own_choice_of_layout_ends_it(opened):
    opened.start("flicker")
    opened.host.layoutManager.setLayout(6)
    assert not opened.ui.flickerButton.checked
    assert not opened.box._timer.isActive()
    assert opened.layout == 6


def test_the_curtain_makes_no_volume(opened):
    count = opened.host.scene.GetNumberOfNodesByClass("vtkMRMLVolumeNode")
    opened.start("curtain")
    assert opened.host.scene.GetNumberOfNodesByClass("vtkMRMLVolumeNode") == count


@everyLayout
def test_the_enhanced_image_carries_its_label(opened, layout):
    from DLEnhanceLib.sceneVolumes import LABEL_ATTRIBUTE

    opened.pair[1].SetAttribute(LABEL_ATTRIBUTE, "Research use only. AI-modified.")
    comparison = opened.start(layout)
    names = [node.GetLayoutName() for node in comparison.sliceNodes]
    shown = names[min(1, len(names) - 1)]
    assert "AI-modified" in opened.panel.viewLabels.textIn(shown)
    comparison.toggleOriginal()
    assert opened.panel.viewLabels.textIn(shown) == ""


def test_the_label_stands_still_while_the_images_flicker(opened):
    from DLEnhanceLib.sceneVolumes import LABEL_ATTRIBUTE

    opened.pair[1].SetAttribute(LABEL_ATTRIBUTE, "Research use only. AI-modified.")
    comparison = opened.start("flicker")
    comparison.flick()
    assert comparison.titles == [["Standard"]]
    assert "AI-modified" in opened.panel.viewLabels.textIn("DLEnhanceFlicker")


def test_two_panels_label_a_view_once(aHost):
    from DLEnhanceLib.version import LABEL

    openEnhance(aHost).start("curtain")
    aHost.openModule("DLEnhanceLesionMetrics").comparisonBox.ui.curtainButton.click()
    window = aHost.layoutManager.sliceWidget("DLEnhanceCurtain").renderWindow()
    props = list(window.GetRenderers().GetItemAsObject(0).GetViewProps())
    texts = [" ".join(prop.GetInput().split()) for prop in props if prop.IsA("vtkTextActor") and prop.GetInput()]
    assert texts.count(LABEL) == 1


@pytest.mark.parametrize("change", ["turned", "smaller"])
def test_volumes_of_different_grids_have_no_residual_and_say_so(aHost, change):
    import slicer

    opened = openLesionMetrics(aHost)
    voxels = np.full((12, 40, 30 if change == "smaller" else 40), 100, np.float32)
    grid = np.diag([-1.0, -1.0, 1.0, 1.0]) if change == "turned" else np.eye(4)
    opened.panel.logic.setVolumes(opened.pair[0], slicer.util.addVolumeFromArray(voxels, grid, "other"))
    opened.start("residual")
    assert "different grids" in aHost.messages[-1][1]
    assert not opened.ui.withResidualButton.checked
    opened.start("curtain")
    assert opened.layout == OWN["curtain"]


def test_scripts_are_told_which_layouts_there_are(opened):
    from DLEnhanceLib.errors import BadOption

    with pytest.raises(BadOption, match="curtain, flicker"):
        opened.logic.showComparison("swipe")


def test_every_control_explains_itself(aHost):
    ui = openLesionMetrics(aHost).ui
    controls = [name for name in vars(ui) if name.endswith(("Button", "Slider", "SpinBox", "CheckBox", "Combo"))]
    assert len(controls) == 11
    assert [name for name in controls if not getattr(ui, name).toolTip] == []


def test_without_views_the_buttons_say_why_not(aHostWithoutViews):
    opened = openLesionMetrics(aHostWithoutViews)
    for name in BUTTONS.values():
        assert not getattr(opened.ui, name).enabled
        assert "main window" in getattr(opened.ui, name).toolTip
