"""The evidence map over the image: where a change exceeds what noise explains, in color, with a legend. No Qt.

Only the ordinary slice views: those of a comparison keep their pair.
"""

import slicer

from .sceneColorTables import colorTable
from .sceneViews import ordinaryViews

COLORS_NAME = "DLEnhance evidence"
LEGEND_TITLE = "Unexplained change (noise SD)"
HIGHEST = 6.0  # noise SDs beyond the explained ones at the end of the color scale
LOWEST_SHOWN = 0.5
OPACITY = 0.7
_YELLOW, _RED, _MAGENTA = (1.0, 0.9, 0.2), (0.95, 0.2, 0.1), (0.75, 0.0, 0.6)


def showAsEvidence(volumeNode):
    """Colors from yellow to magenta, nothing where the change is explained; a legend beside it."""
    display = volumeNode.GetDisplayNode()
    with slicer.util.NodeModify(display):
        display.SetAutoWindowLevel(False)
        display.SetWindowLevelMinMax(0.0, HIGHEST)
        display.SetAutoThreshold(False)
        display.SetThreshold(LOWEST_SHOWN, 1e9)
        display.SetApplyThreshold(True)
        display.SetInterpolate(False)
        display.SetAndObserveColorNodeID(evidenceColors(volumeNode.GetScene()).GetID())
    legend = slicer.vtkSlicerColorLogic.AddDefaultColorLegendDisplayNode(volumeNode)
    if legend is not None:
        legend.SetTitleText(LEGEND_TITLE)
        legend.SetNumberOfLabels(4)


def evidenceColors(scene):
    """Yellow over red to magenta."""
    return colorTable(scene, COLORS_NAME, _entryAt)


def _entryAt(position):
    first, second, share = (_YELLOW, _RED, 2 * position) if position < 0.5 else (_RED, _MAGENTA, 2 * position - 1)
    return f"{HIGHEST * position:.2f} SD", *(a + share * (b - a) for a, b in zip(first, second, strict=True))


def showOver(node, family):
    """Lay the map over the views that show one of the family; over none in views that show something else."""
    ids = {member.GetID() for member in family}
    for composite in ordinaryViews():
        if composite.GetBackgroundVolumeID() in ids:
            composite.SetForegroundVolumeID(node.GetID())
            composite.SetForegroundOpacity(OPACITY)


def hide(node):
    """Take the map out of all ordinary views."""
    for composite in ordinaryViews():
        if node is not None and composite.GetForegroundVolumeID() == node.GetID():
            composite.SetForegroundVolumeID(None)
            composite.SetForegroundOpacity(0.0)


def isShown(node):
    """Whether any ordinary view shows the map."""
    return node is not None and any(c.GetForegroundVolumeID() == node.GetID() for c in ordinaryViews())
