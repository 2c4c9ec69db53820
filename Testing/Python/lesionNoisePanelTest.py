"""The noise part of the Lesion Metrics panel in the stand-in host: repeats, noise map with cancel, measures at rest."""

import time

import numpy as np
import pytest
from headPhantom import acquire, headPhantom

SHAPE = (40, 64, 56)
LESION, REFERENCE = (28, 24, 20), (36, 42, 20)
TRUTH = headPhantom(SHAPE)


@pytest.fixture
def panel(aHost):
    """The open panel with a volume and what the fast profile made of it, a lesion and a reference."""
    pytest.importorskip("torch", reason="the enhancer needs PyTorch")
    import slicer

    from DLEnhanceLib.logic import DLEnhanceLogic

    standard = slicer.util.addVolumeFromArray(acquire(TRUTH, sigma=0.05, seed=1)[0], np.eye(4), "T1")
    DLEnhanceLogic().enhance(standard, profile="fast", device="cpu")
    panel = aHost.openModule("DLEnhanceLesionMetrics")
    panel.logic.addRegion("lesion", LESION, 6)
    panel.logic.addRegion("reference", REFERENCE, 8)
    return panel


def chooseNoise(panel, beginning):
    combo = panel.ui.noiseCombo
    titles = [combo.itemText(n) for n in range(combo.count)]
    combo.setCurrentIndex(next(n for n, title in enumerate(titles) if title.startswith(beginning)))


def waitUntil(host, isDone, seconds=120):
    end = time.monotonic() + seconds
    while not isDone():
        assert time.monotonic() < end, "it took too long"
        host.processEvents()
        time.sleep(0.005)


def cell(panel, measure, column):
    table = panel.ui.resultTable
    texts = [[table.item(row, c).text() for c in range(table.columnCount)] for row in range(table.rowCount)]
    return next(row[column] for row in texts if row[1] == measure)


def test_only_what_the_method_needs_is_shown(panel):
    ui = panel.ui
    shown = {}
    for beginning in ("SD of the reference", "Difference", "Pseudo"):
        chooseNoise(panel, beginning)
        shown[beginning] = (not ui.repeatFrame.isHidden(), not ui.noiseMapFrame.isHidden())
    assert shown == {"SD of the reference": (False, False), "Difference": (True, False), "Pseudo": (False, True)}


def test_a_repeat_is_chosen_and_measured(aHost, panel):
    import slicer

    chooseNoise(panel, "Difference")
    assert cell(panel, "SNR", 2) == "–"
    repeat = slicer.util.addVolumeFromArray(acquire(TRUTH, sigma=0.05, seed=2)[0], np.eye(4), "T1 again")
    panel.ui.standardRepeatSelector.setCurrentNode(repeat)
    aHost.processEvents()
    assert panel.logic.parameters.standardRepeat is repeat
    assert cell(panel, "SNR", 2) != "–"


def test_the_noise_map_is_computed_with_progress_and_gives_both_snrs(aHost, panel):
    ui = panel.ui
    chooseNoise(panel, "Pseudo")
    assert ui.noiseMapButton.enabled
    assert cell(panel, "SNR", 3) == "–"
    ui.noiseMapButton.click()
    assert not ui.noiseProgressBar.isHidden()
    assert ui.noiseMapButton.text == "Cancel"
    assert not ui.wholeHeadCheckBox.enabled
    values = set()

    def isDone():
        values.add(ui.noiseProgressBar.value)
        return ui.noiseProgressBar.isHidden()

    waitUntil(aHost, isDone)
    assert len(values) > 3
    assert ui.noiseMapButton.text == "Compute noise map"
    assert "T1 enhanced noise SD" in ui.noiseMapLabel.text
    assert cell(panel, "SNR", 3) != "–"
    assert cell(panel, "SNR", 4).startswith("+")


def test_cancelling_leaves_no_map_and_a_word(aHost, panel):
    chooseNoise(panel, "Pseudo")
    panel.ui.wholeHeadCheckBox.click()
    panel.ui.noiseMapButton.click()
    aHost.processEvents()
    panel.ui.noiseMapButton.click()
    waitUntil(aHost, panel.ui.noiseProgressBar.isHidden)
    assert panel.logic.noiseMapNode() is None
    assert "cancelled" in panel.ui.lesionStatusLabel.text
    assert panel.ui.noiseMapButton.text == "Compute noise map"


def test_closing_the_scene_during_a_map_is_quiet(aHost, panel):
    import slicer

    chooseNoise(panel, "Pseudo")
    panel.ui.noiseMapButton.click()
    slicer.mrmlScene.Clear(False)
    for _ in range(20):
        aHost.processEvents()
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 0


def test_a_volume_of_other_software_says_why_not(aHost, panel):
    import slicer

    other = slicer.util.addVolumeFromArray(TRUTH, np.eye(4), "other software")
    chooseNoise(panel, "Pseudo")
    panel.ui.enhancedSelector.setCurrentNode(other)
    aHost.processEvents()
    assert not panel.ui.noiseMapButton.enabled
    assert "was not made by DL Enhance" in panel.ui.noiseMapLabel.text


def test_conspicuity_waits_for_rest_and_then_comes_by_itself(aHost, panel):
    panel.ui.conspicuityCheckBox.click()
    panel.ui.noiseSpectrumCheckBox.click()
    before = cell(panel, "Conspicuity", 2)
    assert before != "–"
    assert cell(panel, "Noise frequency", 2) != "–"
    panel.logic.regions("lesion")[0].node.SetCenter(30, 24, 20)
    assert cell(panel, "Conspicuity", 2) == "–"
    assert cell(panel, "SNR", 2) != "–"
    waitUntil(aHost, lambda: cell(panel, "Conspicuity", 2) != "–", seconds=10)


def test_the_details_of_conspicuity_name_its_parts(panel):
    panel.ui.conspicuityCheckBox.click()
    table = panel.ui.resultTable
    row = next(n for n in range(table.rowCount) if table.item(n, 1).text() == "Conspicuity")
    table.selectRow(row)
    assert "edge slope" in panel.ui.detailLabel.text
    assert "voxels" in panel.ui.detailLabel.text
