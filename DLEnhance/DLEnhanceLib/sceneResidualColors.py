"""The colors of a residual: gray where nothing changed, blue and red where it did, alike to both sides of zero."""

import slicer

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
    """Blue over dark gray to red; one hidden table in the scene, not saved with it."""
    found = scene.GetFirstNodeByName(COLORS_NAME)
    if found is not None and found.IsA("vtkMRMLColorTableNode"):
        return found
    node = slicer.vtkMRMLColorTableNode()
    node.SetName(COLORS_NAME)
    node.SetTypeToUser()
    node.SetHideFromEditors(True)
    node.SetSaveWithScene(False)
    node.SetNumberOfColors(256)
    for index in range(256):
        position = (index - 127.5) / 127.5
        end = _RED if position > 0 else _BLUE
        color = [gray + abs(position) * (target - gray) for gray, target in zip(_GRAY, end, strict=True)]
        node.SetColor(index, f"{WINDOW_IN_SD * position:+.2f} SD", *color, 1.0)
    scene.AddNode(node)
    return node
