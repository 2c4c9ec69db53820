"""A reading session on MRML nodes: neutral images, marks and their lines, the same first view for both conditions.

No Qt here. Nothing that the scene holds tells case, patient, series, file or condition: volumes are built from arrays,
so they have no storage node and no DICOM attributes, and their names are "Image", "Left" and "Right".
"""

import numpy as np
import slicer
from slicer.util import VTKObservationMixin

from DLEnhanceLib.sceneComparison import acquisitionPlane, matchView, sliceLogicOf

from .errors import NotAllowed
from .manifest import SIDE_BY_SIDE, STANDARD

IMAGE, LEFT, RIGHT, MARKS, DIAMETER = "Image", "Left", "Right", "Marks", "Diameter"
VIEWS = ("Red", "Yellow")
WINDOW_PERCENTILES = (1.0, 99.5)


class SceneReading(VTKObservationMixin):
    """Shows the open reading of a ReadingSession and turns marks in the views into answers.

    layoutManager: the application's, or None where there is none. onChanged: called without arguments when an answer
    came from the scene; onRefused(sentence): when the session refused one.
    Raises NotAllowed when the scene already holds volumes: their names could tell what is read.
    """

    def __init__(self, scene, session, *, layoutManager=None, onChanged=lambda: None, onRefused=lambda _: None):
        VTKObservationMixin.__init__(self)
        if scene.GetNumberOfNodesByClass("vtkMRMLVolumeNode"):
            raise NotAllowed("Close the scene before reading: the names of its volumes could tell what is read.")
        self._scene, self.session, self._layoutManager = scene, session, layoutManager
        self._onChanged, self._onRefused = onChanged, onRefused
        self._nodes, self._isUpdating, self._lineMark = [], False, ""
        self.marksNode = self.lineNode = None
        self._layoutNode = scene.GetFirstNodeByClass("vtkMRMLLayoutNode")
        self._userLayout = self._layoutNode.GetViewArrangement() if self._layoutNode else None

    # Readings

    def openNext(self) -> bool:
        """Show the next reading, or the unfinished one with its marks. False: none is open; the views are empty."""
        self._clear()
        if not self.session.openNext():
            return False
        self._show()
        return True

    def amend(self, readingId, *, reason) -> None:
        """Show a submitted reading again, as a new version."""
        self.session.amend(readingId, reason=reason)
        self._clear()
        self._show()

    def submit(self):
        """Lock the reading and take its image away. Raises NotAllowed when something is missing."""
        locked = self.session.submit()
        self._clear()
        return locked

    def pause(self):
        """Stop the time and hide the image: nobody reads in a pause."""
        self.session.pause()
        self._setVisible(False)

    def resume(self):
        self.session.resume()
        self._setVisible(True)

    def release(self):
        """Remove our nodes and give the user's layout back. The session stays open."""
        self._clear()
        if self._layoutNode is not None and self._userLayout is not None:
            self._layoutNode.SetViewArrangement(self._userLayout)

    def _show(self):
        from DLEnhanceLib.reading import readVolume  # loads SimpleITK, which Slicer's start-up must not

        reading, case = self.session.current, self.session.cases[self.session.current.caseId]
        isPair = reading.mode == SIDE_BY_SIDE
        other = {"standard": "enhanced", "enhanced": "standard"}
        conditions = (reading.left, other[reading.left]) if isPair else (reading.condition,)
        names = (LEFT, RIGHT) if isPair else (IMAGE,)
        volumes = {c: readVolume(case.path(c, self.session.folder)) for c in {*conditions, STANDARD}}
        window = np.percentile(volumes[STANDARD].voxels, WINDOW_PERCENTILES)
        shown = [self._addVolume(volumes[c], n, window) for c, n in zip(conditions, names, strict=True)]
        self._chooseLayout(isPair)
        self._showInViews(shown)
        if self.session.manifest.detection and not isPair:
            self._addMarks(reading.marks)

    def _addVolume(self, volume, name, window):
        voxels = volume.voxels
        if voxels.dtype in (np.bool_, np.float16, np.int64, np.uint64):  # types that VTK volumes do not have
            voxels = voxels.astype(np.float32)
        node = slicer.util.addVolumeFromArray(np.ascontiguousarray(voxels), volume.ijkToRAS, name)
        display = node.GetDisplayNode()
        display.AutoWindowLevelOff()
        display.SetWindowLevelMinMax(float(window[0]), float(max(window[1], window[0] + 1e-6)))
        self._nodes.append(node)
        return node

    def _chooseLayout(self, isPair):
        if self._layoutNode is not None:
            node = slicer.vtkMRMLLayoutNode
            layout = node.SlicerLayoutSideBySideView if isPair else node.SlicerLayoutOneUpRedSliceView
            self._layoutNode.SetViewArrangement(layout)

    def _showInViews(self, volumes):
        """Whole slice, acquired plane, middle of the volume: alike for both conditions, as they share the grid."""
        logics = [self._sliceLogic(view) for view, _ in zip(VIEWS, volumes, strict=False)]
        if None in logics:
            return
        for logic, volume in zip(logics, volumes, strict=True):
            composite = logic.GetSliceCompositeNode()
            composite.SetBackgroundVolumeID(volume.GetID())
            composite.SetForegroundVolumeID(None)
            composite.SetLabelVolumeID(None)
            composite.SetLinkedControl(len(volumes) > 1)
        first = logics[0].GetSliceNode()
        first.SetOrientation(acquisitionPlane(volumes[0]))
        first.RotateToVolumePlane(volumes[0])
        logics[0].FitSliceToBackground()
        for logic in logics[1:]:
            matchView(first, logic.GetSliceNode())

    def _sliceLogic(self, view):
        if self._layoutManager is not None:
            return self._layoutManager.sliceWidget(view).sliceLogic()
        node = self._scene.GetSingletonNode(view, "vtkMRMLSliceNode")
        return sliceLogicOf(node) if node else None

    def _setVisible(self, isVisible):
        for view, node in zip(VIEWS, self._volumes(), strict=False):
            logic = self._sliceLogic(view)
            if logic is not None:
                logic.GetSliceCompositeNode().SetBackgroundVolumeID(node.GetID() if isVisible else None)
        if self.marksNode is not None:
            self.marksNode.SetDisplayVisibility(isVisible)

    def _volumes(self):
        return [node for node in self._nodes if node.IsA("vtkMRMLVolumeNode")]

    def _clear(self):
        self.removeObservers()
        self.marksNode = self.lineNode = None
        nodes, self._nodes = self._nodes, []
        for node in nodes:
            if self._scene.IsNodePresent(node):
                self._scene.RemoveNode(node)

    # Marks

    def placeMarks(self) -> bool:
        """Let the mouse place marks; False in a scene without the application's interaction."""
        return self._startPlacing(self.marksNode)

    def measureDiameter(self, markId) -> bool:
        """Let the mouse draw the diameter line of a mark: two clicks."""
        self._lineMark = markId
        self._removeLine()
        self.lineNode = self._addMarkups("vtkMRMLMarkupsLineNode", DIAMETER)
        self.addObserver(self.lineNode, self.lineNode.PointPositionDefinedEvent, self._onLine)
        return self._startPlacing(self.lineNode)

    def jumpTo(self, markId):
        """Center the view on a mark."""
        for mark in self.session.current.marks:
            logic = self._sliceLogic(VIEWS[0])
            if mark.id == markId and logic is not None:
                logic.GetSliceNode().JumpSliceByCentering(*mark.ras)

    def removeMark(self, markId):
        """Take a mark and its point away."""
        self.session.removeMark(markId)
        self._isUpdating = True
        index = self._labels().index(markId)
        self.marksNode.RemoveNthControlPoint(index)
        self._isUpdating = False
        self._onChanged()

    def _addMarks(self, marks):
        self.marksNode = node = self._addMarkups("vtkMRMLMarkupsFiducialNode", MARKS)
        for mark in marks:
            node.SetNthControlPointLabel(node.AddControlPointWorld(*mark.ras), mark.id)
        self.addObserver(node, node.PointPositionDefinedEvent, self._onPlaced)
        self.addObserver(node, node.PointEndInteractionEvent, self._onMoved)
        self.addObserver(node, node.PointRemovedEvent, self._onRemoved)

    def _addMarkups(self, kind, name):
        node = self._scene.AddNewNodeByClass(kind, name)
        node.CreateDefaultDisplayNodes()
        node.SetSaveWithScene(False)
        self._nodes.append(node)
        return node

    def _startPlacing(self, node):
        interaction = self._scene.GetFirstNodeByClass("vtkMRMLInteractionNode")
        selection = self._scene.GetFirstNodeByClass("vtkMRMLSelectionNode")
        if node is None or interaction is None or selection is None:
            return False
        selection.SetReferenceActivePlaceNodeClassName(node.GetClassName())
        selection.SetActivePlaceNodeID(node.GetID())
        interaction.SetPlaceModePersistence(0)
        interaction.SetCurrentInteractionMode(interaction.Place)
        return True

    def _labels(self):
        return [self.marksNode.GetNthControlPointLabel(n) for n in range(self.marksNode.GetNumberOfControlPoints())]

    def _positions(self):
        """Label to RAS mm of the defined points."""
        node, found = self.marksNode, {}
        for index, label in enumerate(self._labels()):
            if node.GetNthControlPointPositionStatus(index) == node.PositionDefined:
                point = [0.0, 0.0, 0.0]
                node.GetNthControlPointPositionWorld(index, point)
                found[label] = tuple(point)
        return found

    def _onPlaced(self, _caller=None, _event=None):
        """A click: the new point is the last one, with a label that Slicer gave it; it gets the mark's id."""
        if self._isUpdating:
            return
        index = self.marksNode.GetNumberOfControlPoints() - 1
        point = [0.0, 0.0, 0.0]
        self.marksNode.GetNthControlPointPositionWorld(index, point)
        try:
            self.marksNode.SetNthControlPointLabel(index, self.session.placeMark(point))
        except NotAllowed as refusal:
            self._isUpdating = True
            self.marksNode.RemoveNthControlPoint(index)
            self._isUpdating = False
            self._onRefused(str(refusal))
        self._onChanged()

    def _onMoved(self, _caller=None, _event=None):
        places = self._positions()
        for mark in self.session.current.marks:
            place = places.get(mark.id)
            if place is not None and np.linalg.norm(np.subtract(place, mark.ras)) > 0.01:
                self.session.changeMark(mark.id, ras=place)
        self._onChanged()

    def _onRemoved(self, _caller=None, _event=None):
        """A point deleted in the view or in the Markups module."""
        if self._isUpdating or self.session.current is None:
            return
        labels = self._labels()
        for mark in self.session.current.marks:
            if mark.id not in labels:
                self.session.removeMark(mark.id)
        self._onChanged()

    def _onLine(self, _caller=None, _event=None):
        if self.lineNode.GetNumberOfDefinedControlPoints() < 2:
            return
        ends = np.zeros((2, 3))
        for index in range(2):
            self.lineNode.GetNthControlPointPositionWorld(index, ends[index])
        self.session.changeMark(self._lineMark, diameterMm=round(float(np.linalg.norm(ends[1] - ends[0])), 2))
        self._onChanged()

    def _removeLine(self):
        if self.lineNode is not None:
            self.removeObserver(self.lineNode, self.lineNode.PointPositionDefinedEvent, self._onLine)
            self._nodes.remove(self.lineNode)
            self._scene.RemoveNode(self.lineNode)
            self.lineNode = None


def sceneStrings(scene) -> list[str]:
    """Every text of the scene that a window could show: names, descriptions, attributes, file names, point labels.

    Slicer's own color tables, which are the same in every scene, are left out.
    """
    texts = []
    for node in (scene.GetNthNode(index) for index in range(scene.GetNumberOfNodes())):
        if node.IsA("vtkMRMLColorNode"):
            continue
        texts += [node.GetName() or "", node.GetDescription() or ""]
        texts += [node.GetAttribute(name) or "" for name in node.GetAttributeNames()]
        if node.IsA("vtkMRMLStorageNode"):
            texts.append(node.GetFileName() or "")
        if node.IsA("vtkMRMLMarkupsNode"):
            texts += [node.GetNthControlPointLabel(n) for n in range(node.GetNumberOfControlPoints())]
    return texts
