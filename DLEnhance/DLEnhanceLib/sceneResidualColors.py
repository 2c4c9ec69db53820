"""The colors of a residual: gray where nothing changed, blue and red where it did, alike to both sides of zero."""

import slicer

from .sceneColorTables import colorTable

COLORS_NAME = "DLEnhance residual"
WINDOW_IN_SD = 3.0
_BLUE, _GRAY, _RED = (0.10, 0.35, 1.0), (0.13, 0.13, 0.13), (1.0, 0.25, 0.10)


def showAsResidual(volumeNode, noiseSd):
    """Display signed values within three noise SDs (image units) to both sides of zero."""
    display = volumeNode.GetDisplayNode()
    with slicer.util.NodeModify(display):
        display.SetAutoWindowLevel(False)
        display.SetWindowLevelMinMax(-WINDOW_IN_SD * noiseSd, WINDOW_IN_SD * noiseSd)
        display.SetAndObserveColorNodeID(residualColors(volumeNode.GetScene()).GetID())


def residualColors(scene):
    """Blue over dark gray to red."""
    return colorTable(scene, COLORS_NAME, _entryAt)


def _entryAt(position):
    side = 2 * position - 1
    end = _RED if side > 0 else _BLUE
    color = (gray + abs(side) * (target - gray) for gray, target in zip(_GRAY, end, strict=True))
    return f"{WINDOW_IN_SD * side:+.2f} SD", *color
