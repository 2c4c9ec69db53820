"""Writes the research-use label into every slice view that shows a volume of ours. VTK and MRML, no Qt.

Blinded reading must not be unblinded by it: a view whose composite node has the attribute BLINDED_ATTRIBUTE gets none.
"""

import vtk

from .sceneVolumes import LABEL_ATTRIBUTE

BLINDED_ATTRIBUTE = "DLEnhance.Blinded"
ALTERNATES_ATTRIBUTE = "DLEnhance.Alternates"  # of a flickering view, whose label stands still
FONT_PIXELS = 12


class ViewLabel:
    """The label in one view; follows what the view shows.

    renderer: of the slice view; requestRender() is called when the text comes or goes.
    """

    def __init__(self, renderer, compositeNode, requestRender):
        self._renderer, self._composite, self._requestRender = renderer, compositeNode, requestRender
        self._actor = _textActor()
        self._renderer.AddViewProp(self._actor)
        self._tag = compositeNode.AddObserver(vtk.vtkCommand.ModifiedEvent, self.update)
        self.update()

    @property
    def text(self) -> str:
        """What stands in the view now; empty when nothing does."""
        return self._actor.GetInput() if self._actor.GetVisibility() else ""

    def update(self, _caller=None, _event=None):
        text = "" if self._composite.GetAttribute(BLINDED_ATTRIBUTE) else labelOfShown(self._composite)
        if text == self.text:
            return
        self._actor.SetInput(text)
        self._actor.SetVisibility(bool(text))
        self._requestRender()

    def release(self):
        self._composite.RemoveObserver(self._tag)
        self._renderer.RemoveViewProp(self._actor)


def labelOfShown(compositeNode) -> str:
    """The label of the background, or of a foreground that is not transparent; empty for volumes that are not ours."""
    ids = [compositeNode.GetBackgroundVolumeID()]
    if compositeNode.GetForegroundOpacity() > 0 or compositeNode.GetAttribute(ALTERNATES_ATTRIBUTE):
        ids.append(compositeNode.GetForegroundVolumeID())
    nodes = [compositeNode.GetScene().GetNodeByID(nodeId) for nodeId in ids if nodeId]
    labels = [node.GetAttribute(LABEL_ATTRIBUTE) for node in nodes if node is not None]
    return next(filter(None, labels), "").replace(". AI", ".\nAI")  # two lines fit a narrow view


def _textActor():
    """At the middle of the upper edge: Slicer itself writes into the corners."""
    actor = vtk.vtkTextActor()
    style = actor.GetTextProperty()
    style.SetFontSize(FONT_PIXELS)
    style.SetColor(1.0, 0.8, 0.2)
    style.SetShadow(True)
    style.SetJustificationToCentered()
    style.SetVerticalJustificationToTop()
    position = actor.GetPositionCoordinate()
    position.SetCoordinateSystemToNormalizedViewport()
    position.SetValue(0.5, 0.985)
    actor.VisibilityOff()
    return actor
