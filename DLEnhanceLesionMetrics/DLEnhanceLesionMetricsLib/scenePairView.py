"""Pictures of a pair of volumes: what the comparison shows, or the same drawn where there are no views."""

import slicer

from DLEnhanceLib.errors import MissingPackage
from DLEnhanceLib.sceneComparison import CURTAIN, FLICKER

from .sceneFigure import capturedViews, labelledPicture, writePng
from .sceneRegions import hiddenRegions
from .sceneShapes import volumeView


def writeViews(comparison, pair, path):
    """What the views of a SliceComparison show now, as one labelled PNG; only in the application."""
    slicer.app.processEvents()
    slicer.util.forceRenderAllViews()
    pictures = capturedViews(comparison.sliceNodes)
    titles = viewTitles(comparison, *(node.GetName() for node in pair))
    return writePng(labelledPicture(titles[: len(pictures)], pictures), path)


def viewTitles(comparison, standard, enhanced):
    """What stands over the pictures of the views, left to right; standard and enhanced: names of the volumes."""
    second = standard if comparison.isOriginal else enhanced
    if comparison.layout == CURTAIN:
        return [standard if comparison.isOriginal else f"{standard} | {enhanced}"]
    if comparison.layout == FLICKER:
        return [second if comparison.isEnhancedSeen else standard]
    return [standard, second, "Residual"]


def drawnFigure(scene, pair, regions, path):
    """The two volume nodes with the core's regions through the largest lesion, drawn without the application's views.

    Raises MissingPackage in an application that has no views, where the command line's package is not installed.
    """
    try:
        from dlenhance.sliceViews import sideBySideFigure
    except ImportError:
        raise MissingPackage(
            "A figure needs Slicer's views: start Slicer with its main window, or pip install dlenhance[figures]."
        ) from None
    volumes, names = [volumeView(node) for node in pair], [node.GetName() for node in pair]
    with hiddenRegions(scene):  # the figure draws the regions itself
        return sideBySideFigure(*volumes, regions, path, labels=names)
