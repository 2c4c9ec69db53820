"""The sheet of all lesions of a pair of volume nodes as a PNG."""

from .lesionGallery import lesionGallery
from .regions import LESION
from .sceneFigure import galleryPicture, writePng
from .sceneRegions import ROLE_STYLES
from .sceneResults import galleryCaptions
from .sceneShapes import volumeView


def writeGallery(pair, regions, results, path):
    """Every lesion of the core's regions in both volume nodes; results give the CNR above each. Returns the path."""
    gallery = lesionGallery([volumeView(node) for node in pair], regions, window=shownWindow(pair[0]))
    picture = galleryPicture(
        gallery, ("Standard", "Enhanced"), galleryCaptions(results), color=ROLE_STYLES[LESION].color
    )
    return writePng(picture, path)


def shownWindow(volumeNode):
    """(darkest, brightest) of the display, None while it has not been chosen."""
    display = volumeNode.GetDisplayNode()
    if display is None or display.GetAutoWindowLevel() or display.GetWindow() <= 0:
        return None
    return display.GetWindowLevelMin(), display.GetWindowLevelMax()
