"""The evidence map over the image: logic, panel and colors. The map itself is tested in guardTest."""

import numpy as np
import pytest
from enhanceSteps import BackendMaker, SmoothingBackend, addPhantom

from DLEnhanceLib.strengths import Strengths

LONG = 60
WEAK = Strengths(0.3, 0.25, 0.5)


class RemovingBackend(SmoothingBackend):
    """Takes a bright block away as if it were noise."""

    def noise(self, image, sigma, support, spacing, *, wanted=None, reportProgress=None):
        noise = super().noise(image, sigma, support, spacing, reportProgress=reportProgress)
        noise[12, 22:25, 20:23] = 0.5
        return noise


@pytest.fixture
def logic(aSlicerScene):
    from DLEnhanceLib.logic import DLEnhanceLogic

    return DLEnhanceLogic(makeBackend=BackendMaker(RemovingBackend()))


def arrayOf(node):
    import slicer

    return slicer.util.arrayFromVolume(node)


def views():
    """Composite nodes of two ordinary views and one of a comparison."""
    import slicer

    nodes = []
    for name in ("Red", "Green", "DLEnhanceStandard"):
        node = slicer.vtkMRMLSliceCompositeNode()
        node.SetSingletonTag(name)
        node.SetLayoutName(name)
        nodes.append(slicer.mrmlScene.AddNode(node))
    return nodes


def test_map_shows_what_was_taken_away(logic):
    logic.enhance(addPhantom())
    values = arrayOf(logic.evidenceNode())
    assert np.unravel_index(np.argmax(values), values.shape)[0] in (11, 12, 13)
    assert values[11:14, 22:25, 20:23].max() > 3
    assert (values == 0).mean() > 0.9


def test_map_lies_over_the_views_that_show_the_image(logic):
    source, other = addPhantom(), addPhantom("other")
    logic.enhance(source)
    red, green, compared = views()
    red.SetBackgroundVolumeID(source.GetID())
    green.SetBackgroundVolumeID(other.GetID())
    compared.SetBackgroundVolumeID(source.GetID())
    logic.showEvidence()
    node = logic.evidenceNode()
    assert [view.GetForegroundVolumeID() for view in (red, green, compared)] == [node.GetID(), None, None]
    assert 0 < red.GetForegroundOpacity() < 1
    assert logic.isEvidenceShown
    logic.hideEvidence()
    assert red.GetForegroundVolumeID() is None
    assert not logic.isEvidenceShown


def test_map_follows_the_strength(logic):
    logic.enhance(addPhantom())
    node = logic.evidenceNode()
    before = arrayOf(node).max()
    logic.reblend(WEAK)
    assert not logic.isEvidenceCurrent
    assert logic.evidenceNode() is node
    assert logic.isEvidenceCurrent
    assert arrayOf(node).max() < before


def test_map_of_strengths_that_have_changed_is_dropped(logic):
    logic.enhance(addPhantom())
    job = logic.startEvidence()
    logic.reblend(WEAK)
    assert job.done(LONG)
    assert logic.finishEvidence(job) is None


def test_explained_voxels_are_transparent_and_colors_have_a_legend(logic):
    import slicer

    from DLEnhanceLib.sceneEvidence import LEGEND_TITLE

    logic.enhance(addPhantom())
    node = logic.evidenceNode()
    display = node.GetDisplayNode()
    assert display.GetApplyThreshold()
    assert display.GetLowerThreshold() > 0
    assert display.GetColorNode().GetNumberOfColors() == 256
    assert slicer.vtkSlicerColorLogic.GetColorLegendDisplayNode(node).GetTitleText() == LEGEND_TITLE


# Panel


@pytest.fixture
def panel(aHost):
    aHost.layoutManager.setLayout(3)
    aHost.processEvents()
    widget = aHost.openModule("DLEnhance")
    widget.logic.makeBackend = BackendMaker(RemovingBackend())
    source = addPhantom()
    for name in ("Red", "Green", "Yellow"):
        aHost.layoutManager.sliceWidget(name).mrmlSliceCompositeNode().SetBackgroundVolumeID(source.GetID())
    assert not widget.ui.showEvidenceButton.enabled
    widget.ui.inputSelector.setCurrentNode(source)
    widget.ui.applyButton.click()
    aHost.waitUntil(lambda: not widget.runView.isBusy)
    return widget


def press(host, panel):
    panel.ui.showEvidenceButton.click()
    host.waitUntil(lambda: not panel.resultBox.evidenceBox.isBusy)


def red(host):
    return host.layoutManager.sliceWidget("Red").mrmlSliceCompositeNode()


def test_button_lays_the_map_over_the_image_and_takes_it_away(aHost, panel):
    press(aHost, panel)
    assert red(aHost).GetForegroundVolumeID() == panel.logic.evidenceNode().GetID()
    assert panel.ui.showEvidenceButton.checked
    press(aHost, panel)
    assert red(aHost).GetForegroundVolumeID() is None
    assert not panel.ui.showEvidenceButton.checked


def test_map_follows_the_sliders(aHost, panel):
    press(aHost, panel)
    panel.ui.denoiseSlider.setValue(10)
    aHost.waitUntil(lambda: not panel._reblendTimer.isActive())
    aHost.waitUntil(lambda: not panel.resultBox.evidenceBox.isBusy)
    assert panel.logic.isEvidenceCurrent


def test_comparison_gives_way_to_the_map(aHost, panel):
    panel.logic.showComparison("sideBySide")
    press(aHost, panel)
    assert not panel.logic.isComparisonShown
    assert panel.ui.showEvidenceButton.checked


def test_closed_scene_leaves_no_map(aHost, panel):
    import slicer

    press(aHost, panel)
    slicer.mrmlScene.Clear(False)
    assert not panel.ui.showEvidenceButton.enabled
    assert not panel.ui.showEvidenceButton.checked
