"""The ellipsoids and flat ellipses of the regions, drawn as models, because Slicer has only boxes to drag.

The model follows its ROI, is not saved with the scene (it is rebuilt on loading) and goes when its ROI goes.
"""

import slicer
import vtk
from slicer.util import VTKObservationMixin

from .sceneRegions import SHAPE_ATTRIBUTE, regionsOf

OUTLINE_REFERENCE = "DLEnhanceLesionMetrics.Outline"
OUTLINED_SHAPES = ("ellipsoid", "ellipse")
OUTLINE_OF_ATTRIBUTE = "DLEnhanceLesionMetrics.OutlineOf"


def outlineOf(roiNode):
    """The outline model of a ROI, or None.

    The reference alone is no proof: after loading a scene its id may belong to another model.
    """
    model = roiNode.GetNodeReference(OUTLINE_REFERENCE)
    isOurs = model is not None and model.GetAttribute(OUTLINE_OF_ATTRIBUTE) == roiNode.GetID()
    return model if isOurs else None


class OutlineKeeper(VTKObservationMixin):
    """Keeps one outline model for every ellipsoid and every ellipse of a scene until release()."""

    def __init__(self, scene):
        VTKObservationMixin.__init__(self)
        self._scene = scene
        self.addObserver(scene, scene.NodeRemovedEvent, self._onNodeRemoved)
        self.addObserver(scene, scene.EndImportEvent, self._onSceneChanged)

    def release(self):
        self.removeObservers()

    def sync(self):
        """Draw the regions that have no outline yet, and remove outlines without a region."""
        drawn = [region for region in regionsOf(self._scene) if region.shape in OUTLINED_SHAPES]
        wanted = {region.node.GetID(): region.node for region in drawn}
        for model in self._outlineModels():
            if model.GetAttribute(OUTLINE_OF_ATTRIBUTE) not in wanted:
                self._scene.RemoveNode(model)
        for node in wanted.values():
            if outlineOf(node) is None:
                addOutline(self._scene, node)

    def _outlineModels(self):
        nodes = self._scene.GetNodesByClass("vtkMRMLModelNode")
        nodes.UnRegister(None)
        models = [nodes.GetItemAsObject(n) for n in range(nodes.GetNumberOfItems())]
        return [model for model in models if model.GetAttribute(OUTLINE_OF_ATTRIBUTE)]

    def _onSceneChanged(self, _caller=None, _event=None):
        self.sync()

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _onNodeRemoved(self, _caller, _event, node):
        if node.IsA("vtkMRMLMarkupsROINode") and not self._scene.IsClosing():
            self.sync()


def addOutline(scene, roiNode):
    """Add the model of what is inscribed in a ROI; it follows the ROI as long as both exist."""
    form = _disk() if roiNode.GetAttribute(SHAPE_ATTRIBUTE) == "ellipse" else _ball()
    shaper = vtk.vtkTransformPolyDataFilter()
    shaper.SetInputConnection(form.GetOutputPort())
    shaper.SetTransform(vtk.vtkTransform())
    model = _hiddenModel(scene, roiNode)
    model.SetPolyDataConnection(shaper.GetOutputPort())
    roiNode.SetNodeReferenceID(OUTLINE_REFERENCE, model.GetID())
    follower = _Follower(roiNode, model, shaper)
    for event in (roiNode.PointModifiedEvent, roiNode.TransformModifiedEvent, roiNode.DisplayModifiedEvent):
        roiNode.AddObserver(event, follower.update)  # the ROI keeps the follower alive
    follower.update()
    return model


def _ball():
    """A sphere of diameter 1."""
    sphere = vtk.vtkSphereSource()
    sphere.SetRadius(0.5)
    sphere.SetThetaResolution(48)
    sphere.SetPhiResolution(24)
    return sphere


def _disk():
    """A disk of diameter and thickness 1 about the z axis: slices within its thickness show its full size."""
    cylinder = vtk.vtkCylinderSource()
    cylinder.SetRadius(0.5)
    cylinder.SetHeight(1.0)
    cylinder.SetResolution(48)
    turn = vtk.vtkTransform()
    turn.RotateX(90)
    turned = vtk.vtkTransformPolyDataFilter()
    turned.SetTransform(turn)
    turned.SetInputConnection(cylinder.GetOutputPort())
    return turned


def _hiddenModel(scene, roiNode):
    model = slicer.vtkMRMLModelNode()
    model.SetName(roiNode.GetName() + " outline")
    model.SetSaveWithScene(False)
    model.SetHideFromEditors(True)
    model.SetAttribute("SubjectHierarchy.ExcludeFromTree", "1")
    model.SetAttribute(OUTLINE_OF_ATTRIBUTE, roiNode.GetID())
    scene.AddNode(model)
    model.CreateDefaultDisplayNodes()
    display = model.GetDisplayNode()
    display.SetSaveWithScene(False)
    display.SetVisibility2D(True)
    display.SetSliceIntersectionThickness(2)
    display.SetOpacity(0.35)
    display.SetSliceIntersectionOpacity(1.0)
    return model


class _Follower:
    """Carries place, size, color and visibility of a ROI to its model."""

    def __init__(self, roiNode, model, shaper):
        self._roi, self._model, self._shaper = roiNode, model, shaper

    def update(self, _caller=None, _event=None):
        self._followShape()
        self._followDisplay()

    def _followShape(self):
        place = vtk.vtkTransform()
        place.Concatenate(self._roi.GetObjectToWorldMatrix())
        place.Scale(*self._roi.GetSize())
        if not _sameMatrix(place.GetMatrix(), self._shaper.GetTransform().GetMatrix()):
            self._shaper.GetTransform().SetMatrix(place.GetMatrix())

    def _followDisplay(self):
        source, target = self._roi.GetDisplayNode(), self._model.GetDisplayNode()
        if source is None or target is None:
            return
        isShown = bool(source.GetVisibility()) and min(self._roi.GetSize()) > 0
        if bool(target.GetVisibility()) != isShown:
            target.SetVisibility(isShown)
        if target.GetColor() != source.GetSelectedColor():
            target.SetColor(*source.GetSelectedColor())


def _sameMatrix(one, other):
    return all(one.GetElement(i, j) == other.GetElement(i, j) for i in range(4) for j in range(4))
