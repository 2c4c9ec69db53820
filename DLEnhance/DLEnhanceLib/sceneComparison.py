"""Standard and enhanced volume side by side: own layout, linked views, one window and level. No Qt, no slicer.app here.

Example, in Slicer's Python console::

    comparison = SliceComparison(slicer.mrmlScene, slicer.app.layoutManager(), processEvents=slicer.app.processEvents)
    comparison.show(standardNode, enhancedNode)
    comparison.jumpTo((12.0, -30.5, 41.0))
    comparison.hide()                               # the user's layout is back
    comparison.release()                            # when the module goes
"""

import slicer
import vtk
from slicer.util import VTKObservationMixin

from .sceneLinks import PairGuard, WindowLevelLink

VIEW_GROUP = 71  # of our own, so that Red, Green and Yellow are never linked with our views
SIDE_BY_SIDE, WITH_RESIDUAL = 1501, 1502
VIEW_TAGS = ("DLEnhanceStandard", "DLEnhanceEnhanced", "DLEnhanceResidual")
_LABELS = ("S", "E", "R")
_COLORS = ("#6e9bd1", "#e0a030", "#9a9a9a")
_PREVIOUS_LAYOUT = "DLEnhance.PreviousLayout"


class SliceComparison(VTKObservationMixin):
    """The comparison of two volumes in linked slice views; at most one of a process is shown at a time.

    layoutManager: the application's, or None where there is none (then the same nodes are driven without it).
    processEvents: called between a change of layout and fitting the views, which have no true size before.
    """

    _owner = None

    def __init__(self, scene, layoutManager=None, *, processEvents=lambda: None):
        VTKObservationMixin.__init__(self)
        self._scene, self._layoutManager, self._processEvents = scene, layoutManager, processEvents
        self._layoutLogic = _layoutLogic(scene, layoutManager)
        self._volumes, self._guards, self._logics = (), [], {}
        self.onShownChanged = []
        """Callables without arguments, called when the comparison appears or goes, also by a change of layout."""
        self._wasShown = False
        self.addObserver(scene, scene.StartCloseEvent, self._onSceneStartClose)
        self.addObserver(scene, scene.NodeRemovedEvent, self._onNodeRemoved)
        self.addObserver(self.layoutNode, vtk.vtkCommand.ModifiedEvent, self._onLayoutModified)

    @property
    def layoutNode(self):
        return self._layoutLogic.GetLayoutNode()

    @property
    def isShown(self):
        """Whether our layout is on the screen with the volumes of this object."""
        return SliceComparison._owner is self and self._isOurLayout()

    @property
    def sliceNodes(self):
        """The slice nodes in use, left to right; empty before show()."""
        return [self._scene.GetSingletonNode(tag, "vtkMRMLSliceNode") for tag in self._tags()]

    @property
    def compositeNodes(self):
        return [self._logics[tag].GetSliceCompositeNode() for tag in self._tags()]

    def show(self, standardNode, enhancedNode, residualNode=None):
        """Choose our layout and show the volumes, fitted and linked. Called again, it keeps the view.

        The residual keeps the window of its own display; standard and enhanced share one.
        """
        volumes = tuple(node for node in (standardNode, enhancedNode, residualNode) if node is not None)
        keepsView = self.isShown and self._volumes[:1] == volumes[:1] and len(self._volumes) == len(volumes)
        self._takeOver()
        self._releaseGuards()
        self._volumes = volumes
        self._chooseLayout(WITH_RESIDUAL if residualNode is not None else SIDE_BY_SIDE)
        self._logics = {tag: self._sliceLogic(tag) for tag in self._tags()}
        self._showVolumes()
        if not keepsView:
            self.fit()
        self._reportShown()

    def fit(self):
        """The whole slice in every view, in the plane in which the volume was acquired, snapped to its voxels."""
        first = self._logics[VIEW_TAGS[0]]
        first.GetSliceNode().SetOrientation(acquisitionPlane(self._volumes[0]))
        first.GetSliceNode().RotateToVolumePlane(self._volumes[0])
        first.FitSliceToBackground()
        self._matchFirst()

    def jumpTo(self, ras):
        """Center all views on a point (RAS mm), on the nearest acquired slice."""
        node = slicer.vtkMRMLSliceNode
        node.JumpAllSlices(self._scene, *map(float, ras), node.CenteredJumpSlice, VIEW_GROUP)
        self._matchFirst()

    def setInterpolation(self, interpolate):
        """False shows the voxels as squares; both volumes alike."""
        for volume in self._volumes:
            volume.GetDisplayNode().SetInterpolate(bool(interpolate))

    def hide(self):
        """Give the user's layout back, unless he has chosen another one himself."""
        wasShown = self.isShown
        self._dropVolumes()
        if wasShown:
            self._restoreLayout()
        self._reportShown()

    def release(self):
        """hide(), and watch the scene no longer."""
        self.hide()
        self.onShownChanged.clear()
        self.removeObservers()

    def _tags(self):
        return VIEW_TAGS[: len(self._volumes)]

    def _isOurLayout(self):
        return self.layoutNode.GetViewArrangement() in (SIDE_BY_SIDE, WITH_RESIDUAL)

    def _takeOver(self):
        owner = SliceComparison._owner
        SliceComparison._owner = self
        if owner is not None and owner is not self:
            owner._dropVolumes()
            owner._reportShown()

    def _chooseLayout(self, layoutId):
        registerLayouts(self.layoutNode)
        if not self._isOurLayout():  # kept in the node, because two modules may show one after the other
            self.layoutNode.SetAttribute(_PREVIOUS_LAYOUT, str(self.layoutNode.GetViewArrangement()))
        self.layoutNode.SetViewArrangement(layoutId)
        self._processEvents()

    def _restoreLayout(self):
        previous = self.layoutNode.GetAttribute(_PREVIOUS_LAYOUT)
        if previous is not None:
            self.layoutNode.SetViewArrangement(int(previous))

    def _sliceLogic(self, tag):
        """The logic of a view, one that the application logic knows, because links need that."""
        if self._layoutManager is not None:
            return self._layoutManager.sliceWidget(tag).sliceLogic()
        node = self._scene.GetSingletonNode(tag, "vtkMRMLSliceNode")
        return sliceLogicOf(node)

    def _showVolumes(self):
        for composite, volume in zip(self.compositeNodes, self._volumes, strict=True):
            composite.SetBackgroundVolumeID(volume.GetID())
            composite.SetForegroundVolumeID(None)
            composite.SetLabelVolumeID(None)
        self._link()
        pairs = zip(self.compositeNodes, self._volumes, strict=True)
        self._guards = [PairGuard(dict(pairs)), WindowLevelLink(*self._volumes[:2])]

    def _link(self):
        for composite in self.compositeNodes:
            composite.SetLinkedControl(True)
            composite.SetHotLinkedControl(True)  # follow during the drag, not only at its end

    def _matchFirst(self):
        first = self._logics[VIEW_TAGS[0]]
        first.SnapSliceOffsetToIJK()  # between two slices interpolation would change the apparent noise
        for tag in self._tags()[1:]:
            matchView(first.GetSliceNode(), self._logics[tag].GetSliceNode())

    def _releaseGuards(self):
        for guard in self._guards:
            guard.release()
        self._guards = []

    def _dropVolumes(self):
        self._releaseGuards()
        self._volumes, self._logics = (), {}
        if SliceComparison._owner is self:
            SliceComparison._owner = None

    def _onSceneStartClose(self, _caller, _event):
        """Give the user's layout back now: Slicer keeps the layout, but not links and volumes, over the close."""
        self.hide()

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _onNodeRemoved(self, _caller, _event, node):
        if any(node is volume for volume in self._volumes) and not self._scene.IsClosing():
            self.hide()

    def _onLayoutModified(self, _caller, _event):
        if self._volumes and not self._isOurLayout() and self._wasShown:
            self._dropVolumes()  # the user chose another layout
        self._reportShown()

    def _reportShown(self):
        if self.isShown != self._wasShown:
            self._wasShown = self.isShown
            for callback in list(self.onShownChanged):
                callback()


def registerLayouts(layoutNode):
    """Make our two layouts known; again does no harm."""
    for layoutId, count in ((SIDE_BY_SIDE, 2), (WITH_RESIDUAL, 3)):
        xml = layoutXml(count)
        if not layoutNode.AddLayoutDescription(layoutId, xml):  # False when the id exists
            layoutNode.SetLayoutDescription(layoutId, xml)


def layoutXml(count):
    """The first ``count`` of our views in a row."""
    views = zip(VIEW_TAGS, _LABELS, _COLORS, strict=True)
    items = [_viewItem(*view) for view in views][:count]
    return '<layout type="horizontal" split="true">' + "".join(items) + "</layout>"


def _viewItem(tag, label, color):
    return (
        f'<item><view class="vtkMRMLSliceNode" singletontag="{tag}">'
        '<property name="orientation" action="default">Axial</property>'
        f'<property name="viewlabel" action="default">{label}</property>'
        f'<property name="viewcolor" action="default">{color}</property>'
        f'<property name="viewgroup" action="default">{VIEW_GROUP}</property></view></item>'
    )


def matchView(source, target):
    """Give the target slice node the position and zoom of the source, whatever the sizes of the two views."""
    width, height, _depth = target.GetDimensions()
    across = source.GetFieldOfView()[0]
    target.SetFieldOfView(across, across * height / width, source.GetFieldOfView()[2])
    target.SetXYZOrigin(*source.GetXYZOrigin())
    target.GetSliceToRAS().DeepCopy(source.GetSliceToRAS())
    target.UpdateMatrices()


def acquisitionPlane(volumeNode):
    """Axial, Coronal or Sagittal: across the axis of the thickest voxels; axial when all are about equal."""
    spacing = volumeNode.GetSpacing()
    thickest = max(range(3), key=lambda axis: spacing[axis])
    if spacing[thickest] < 1.2 * sorted(spacing)[1]:
        return "Axial"
    matrix = vtk.vtkMatrix4x4()
    volumeNode.GetIJKToRASMatrix(matrix)
    along = [abs(matrix.GetElement(row, thickest)) for row in range(3)]
    return ("Sagittal", "Coronal", "Axial")[along.index(max(along))]


def sliceLogicOf(sliceNode):
    """The slice logic that the application logic has for the node; made where no window made one."""
    factory = slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance()
    appLogic = factory.GetMRMLApplicationLogic()
    known = appLogic.GetSliceLogic(sliceNode)
    if known is not None:
        return known
    logic = slicer.vtkMRMLSliceLogic()
    logic.SetMRMLApplicationLogic(appLogic)
    appLogic.GetSliceLogics().AddItem(logic)
    logic.SetMRMLScene(sliceNode.GetScene())
    logic.SetSliceNode(sliceNode)
    return logic


def _layoutLogic(scene, layoutManager):
    if layoutManager is not None:
        return layoutManager.layoutLogic()
    logic = slicer.vtkMRMLLayoutLogic()
    logic.SetMRMLScene(scene)
    return logic
