"""Takes the pictures of both panels and of the two images side by side: the real panels, run on a real volume.

    QT_QPA_PLATFORM=offscreen .venv/bin/python Resources/makeScreenshots.py

The host that stands in for Slicer's window is Testing/Host. Needs the volumes of ``shared/data`` (or DLENHANCE_DATA).
Image: pyradiomics test data, Harvard, BSD-3-Clause.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Testing" / "Host"))
PICTURES = ROOT / "Resources" / "Screenshots"
PANEL_SIZE = (500, 900)


def main():
    from DLEnhanceTestHost.session import startHost

    from dlenhance.demoCases import dataFolder, drawnLesionCase
    from dlenhance.sliceViews import sideBySideFigure

    case = drawnLesionCase(dataFolder() / "postcontrast_t1_axial_brain1")
    host = startHost()
    inputNode = host.headless.addVolume(case.volume, "T1 post-contrast")
    outputNode, run = enhanceInPanel(host, inputNode)
    sideBySideFigure(case.volume, run.volume, case.regions, PICTURES / "side-by-side.png")
    measureInPanel(host, inputNode, outputNode, case)
    host.close()


def enhanceInPanel(host, inputNode):
    """Press Apply as a user does, wait, and take the picture."""
    panel = host.openModule("DLEnhance")
    panel.ui.inputSelector.setCurrentNode(inputNode)
    host.waitUntil(panel.ui.applyButton.isEnabled, seconds=60)
    panel.ui.applyButton.click()
    host.waitUntil(lambda: panel.logic.finished is not None and panel.logic.finished.isChecked, seconds=300)
    host.waitUntil(lambda: "voxels" in panel.ui.surveyLabel.text, seconds=60)
    host.processEvents()
    host.grab(panel, str(PICTURES / "panel-enhance.png"), size=PANEL_SIZE)
    return panel.logic.finished.outputNode, panel.logic.finished.run


def measureInPanel(host, inputNode, outputNode, case):
    """The regions of the case, measured in both volumes; the drawn lesion as a ball of 12 mm around its center."""
    panel = host.openModule("DLEnhanceLesionMetrics")
    panel.logic.setVolumes(inputNode, outputNode)
    for region in case.regions:
        size = getattr(region.shape, "size", (12.0,))
        panel.logic.addRegion(region.role, tuple(region.center), size[0])
    host.processEvents()
    host.grab(panel, str(PICTURES / "panel-lesion-metrics.png"), size=(540, 1200))


if __name__ == "__main__":
    main()
