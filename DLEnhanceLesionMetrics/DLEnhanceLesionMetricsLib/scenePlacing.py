"""Placing a region with the mouse through Slicer's own place mode. MRML only; without views nothing can be clicked."""

import slicer
from slicer.util import VTKObservationMixin

from .sceneRegions import EDGE, FEWEST_POINTS, SceneRegion, addCurve, addLine

POINT_CLASS = "vtkMRMLMarkupsFiducialNode"


def atOnce(action):
    """The way to defer an action where no event loop is needed."""
    action()


class Placing(VTKObservationMixin):
    """One region being placed: one click for an ellipsoid or a box, two for a line, any number for a curve.

    onPoint(role, pointRAS) is called for the click; onFinished() when place mode has ended, also when it was given up.
    defer(action): runs an action after the current event. Slicer's markups widget still uses the node while it reports
    the click, so in the application it must not be removed at once.
    """

    def __init__(self, scene, *, onPoint, onFinished, defer=atOnce):
        VTKObservationMixin.__init__(self)
        self._scene, self._onPoint, self._onFinished, self._defer = scene, onPoint, onFinished, defer
        self._interaction = scene.GetFirstNodeByClass("vtkMRMLInteractionNode")
        self._selection = scene.GetFirstNodeByClass("vtkMRMLSelectionNode")
        self._node = None
        self.role = ""
        self.drawn = None
        """The curve or line that was drawn last, None after a click or when it was given up."""
        if self._interaction is not None:
            event = slicer.vtkMRMLInteractionNode.InteractionModeChangedEvent
            self.addObserver(self._interaction, event, self._onModeChanged)

    @property
    def isPossible(self):
        """False in a scene without the application's interaction."""
        return self._interaction is not None and self._selection is not None

    @property
    def isActive(self):
        return self._node is not None

    def release(self):
        self.cancel()
        self.removeObservers()

    def start(self, role, *, asCurve=False):
        """Wait for clicks in the slice views."""
        self.cancel()
        self.role, self.drawn = role, None
        self._node = self._emptyNode(role, asCurve=asCurve)
        if self._node.IsA(POINT_CLASS):
            self.addObserver(self._node, self._node.PointPositionDefinedEvent, self._onClicked)
        self._selection.SetReferenceActivePlaceNodeClassName(self._node.GetClassName())
        self._selection.SetActivePlaceNodeID(self._node.GetID())
        self._interaction.SetPlaceModePersistence(0)
        self._interaction.SetCurrentInteractionMode(self._interaction.Place)

    def cancel(self):
        """Give up; a curve that encloses something already is kept."""
        if self._node is None:
            return
        self._end()
        self._interaction.SetCurrentInteractionMode(self._interaction.ViewTransform)
        self._onFinished()

    def _emptyNode(self, role, *, asCurve):
        if role == EDGE:
            return addLine(self._scene).node
        return addCurve(self._scene, role).node if asCurve else self._clickNode()

    def _clickNode(self):
        node = slicer.vtkMRMLMarkupsFiducialNode()
        node.SetName("Click")
        node.SetSaveWithScene(False)
        node.SetHideFromEditors(True)
        self._scene.AddNode(node)
        node.CreateDefaultDisplayNodes()
        return node

    def _onClicked(self, _caller=None, _event=None):
        self._defer(self._finishClick)

    def _finishClick(self):
        if self._node is None or not self._node.GetNumberOfDefinedControlPoints():
            return
        point = [0.0, 0.0, 0.0]
        self._node.GetNthControlPointPositionWorld(0, point)
        self.cancel()
        self._onPoint(self.role, tuple(point))

    def _onModeChanged(self, _caller=None, _event=None):
        """Place mode was left by a click, a double-click, the Escape key or another module."""
        if self._node is not None:
            self._defer(self._endIfLeft)

    def _endIfLeft(self):
        if self._node is None or self._interaction.GetCurrentInteractionMode() == self._interaction.Place:
            return
        isClicked = self._node.IsA(POINT_CLASS) and self._node.GetNumberOfDefinedControlPoints() > 0
        if not isClicked:  # else _finishClick comes
            self._end()
            self._onFinished()

    def _end(self):
        node, self._node = self._node, None
        if node.IsA(POINT_CLASS):
            self.removeObserver(node, node.PointPositionDefinedEvent, self._onClicked)
        fewest = FEWEST_POINTS.get(node.GetClassName())
        if fewest is None or node.GetNumberOfDefinedControlPoints() < fewest:
            self._scene.RemoveNode(node)
        else:
            self.drawn = SceneRegion(node)
