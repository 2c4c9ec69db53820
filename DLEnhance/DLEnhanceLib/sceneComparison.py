"""Standard and enhanced volume compared in layouts of our own: side by side, with their residual, under a curtain, or
flickering. Links, window and the original are switched here too. No Qt, no slicer.app here.

Example, in Slicer's Python console::

    comparison = SliceComparison(slicer.mrmlScene, slicer.app.layoutManager(), processEvents=slicer.app.processEvents)
    comparison.show(standardNode, enhancedNode)
    comparison.jumpTo((12.0, -30.5, 41.0))
    comparison.setLinks(zoom=False, windowMatch="percentile")
    comparison.show(standardNode, enhancedNode, layout=CURTAIN)
    comparison.setCurtain(0.25)                     # the border, from the left edge
    comparison.toggleOriginal()                     # the standard image everywhere, and back
    comparison.hide()                               # the user's layout is back
    comparison.release()                            # when the module goes
"""

import dataclasses

import slicer
import vtk
from slicer.util import VTKObservationMixin

from .sceneComparisonViews import ComparisonViews
from .sceneCurtain import STEP
from .sceneLayouts import (
    CURTAIN,
    FLICKER,
    LAYOUT_IDS,
    SIDE_BY_SIDE,
    VIEW_GROUP,
    VIEWS,
    WITH_RESIDUAL,
    ViewPlace,
    acquisitionPlane,
    isOurs,
    matchView,
    registerLayouts,
    sliceLogicOf,
    tagsOf,
)
from .sceneLinks import Links

__all__ = [
    "CURTAIN",
    "FLICKER",
    "SIDE_BY_SIDE",
    "WITH_RESIDUAL",
    "Links",
    "SliceComparison",
    "acquisitionPlane",
    "matchView",
    "sliceLogicOf",
]

_PREVIOUS_LAYOUT = "DLEnhance.PreviousLayout"


class SliceComparison(VTKObservationMixin):
    """The comparison of two volumes in slice views; at most one of a process is shown at a time.

    layoutManager: the application's, or None where there is none (then the same nodes are driven without it).
    processEvents: called between a change of layout and fitting the views, which have no true size before.
    """

    _owner = None

    def __init__(self, scene, layoutManager=None, *, processEvents=lambda: None):
        VTKObservationMixin.__init__(self)
        self._scene, self._layoutManager, self._processEvents = scene, layoutManager, processEvents
        self._layoutLogic = _layoutLogic(scene, layoutManager)
        self._volumes, self._views, self._logics = (), None, []
        self.layout = ""
        """The layout shown last: SIDE_BY_SIDE, WITH_RESIDUAL, CURTAIN or FLICKER."""
        self.links = Links()
        self.curtain = 0.5
        """Position of the border, 0 (left) to 1 (right); the enhanced image is on its right."""
        self.isOriginal = False
        """Whether the standard image stands where the enhanced one belongs."""
        self.isEnhancedSeen = True
        """Which of the two images a flickering view shows now."""
        self.onShownChanged = []
        """Callables without arguments, called when the comparison appears or goes, also by a change of layout."""
        self.onChanged = []
        """The same, after any change of layout, curtain, links or original."""
        self._wasShown = False
        self.addObserver(scene, scene.StartCloseEvent, self._onSceneStartClose)
        self.addObserver(scene, scene.NodeRemovedEvent, self._onNodeRemoved)
        self.addObserver(self.layoutNode, vtk.vtkCommand.ModifiedEvent, self._onLayoutModified)

    @property
    def layoutNode(self):
        return self._layoutLogic.GetLayoutNode()

    @property
    def isShown(self):
        """Whether one of our layouts is on the screen with the volumes of this object."""
        return SliceComparison._owner is self and isOurs(self.layoutNode)

    @property
    def sliceNodes(self):
        """The slice nodes in use, left to right; empty before show()."""
        return [logic.GetSliceNode() for logic in self._logics]

    @property
    def compositeNodes(self):
        return [logic.GetSliceCompositeNode() for logic in self._logics]

    @property
    def titles(self):
        """What is written into each view."""
        return self._views.titles if self._views is not None else []

    @property
    def legend(self):
        """The scale of the residual (sceneViewTexts.Legend), None where there is none."""
        return self._views.legend if self._views is not None else None

    def show(self, standardNode, enhancedNode, residualNode=None, *, layout=None, unit=None):
        """Choose a layout and show the volumes, fitted and linked. Position and zoom stay from layout to layout.

        layout: SIDE_BY_SIDE by default, WITH_RESIDUAL with a residual. The residual keeps the window of its own
        display, standard and enhanced share one; unit: one noise SD in image units, for the residual's legend.
        """
        layout = layout or (WITH_RESIDUAL if residualNode is not None else SIDE_BY_SIDE)
        volumes = (standardNode, enhancedNode, residualNode)[: max(2, len(VIEWS[layout]))]
        place = ViewPlace(self.sliceNodes[0]) if self.isShown and self._volumes[:1] == volumes[:1] else None
        isSameLayout = layout == self.layout
        isOther = not isSameLayout or self._volumes[1:2] != volumes[1:2]
        self._takeOver()
        self._releaseViews()
        self._volumes, self.layout = volumes, layout
        if isOther:
            self.isOriginal, self.isEnhancedSeen = False, True
        self._chooseLayout()
        self._logics = [self._sliceLogic(tag) for tag in tagsOf(layout)]
        self._views = ComparisonViews(
            layout, self._logics, volumes, self.links, views=self._viewWidgets(), onCurtainDragged=self.setCurtain
        )
        self._apply()
        self.setUnit(unit)
        if place is None:
            self.fit()
        elif not isSameLayout:
            for node in self.sliceNodes:
                place.giveTo(node)
        self._reportShown()
        self._report(self.onChanged)

    def fit(self):
        """The whole slice in every view, in the plane in which the volume was acquired, snapped to its voxels."""
        first = self._logics[0]
        first.GetSliceNode().SetOrientation(acquisitionPlane(self._volumes[0]))
        first.GetSliceNode().RotateToVolumePlane(self._volumes[0])
        first.FitSliceToBackground()
        self._snapAndMatch()

    def jumpTo(self, ras):
        """Center all views on a point (RAS mm), on the nearest acquired slice; also views that are not linked."""
        node = slicer.vtkMRMLSliceNode
        node.JumpAllSlices(self._scene, *map(float, ras), node.CenteredJumpSlice, VIEW_GROUP)
        self._snapAndMatch()

    def setInterpolation(self, interpolate):
        """False shows the voxels as squares; both volumes alike."""
        for volume in self._volumes:
            volume.GetDisplayNode().SetInterpolate(bool(interpolate))

    # What the user switches

    def setLinks(self, **changes):
        """Change fields of Links: position, zoom, window (bool), windowMatch ("value" or "percentile").

        Views whose position or zoom is linked again follow the first one.
        """
        before, self.links = self.links, dataclasses.replace(self.links, **changes)
        if self._views is not None:
            self._views.setLinks(self.links)
            regained = (self.links.position and not before.position) or (self.links.zoom and not before.zoom)
            if regained:
                self._matchAsLinked()
        self._report(self.onChanged)

    def setCurtain(self, position):
        """Where the border between standard (left) and enhanced (right) stands: 0 to 1 of the view's width."""
        self.curtain = min(max(float(position), 0.0), 1.0)
        self._apply()
        self._report(self.onChanged)

    def moveCurtain(self, steps):
        """Some steps to the right, negative ones to the left; a step is 2 % of the width."""
        self.setCurtain(self.curtain + steps * STEP)

    def flick(self):
        """Let a flickering view show the other image; a timer calls this. Waits while the original is held."""
        if self.layout == FLICKER and not self.isOriginal:
            self.isEnhancedSeen = not self.isEnhancedSeen
            self._apply()

    def setOriginal(self, isOriginal):
        """The standard image in place of the enhanced one, in every layout; the residual stays."""
        self.isOriginal = bool(isOriginal)
        self._apply()
        self._report(self.onChanged)

    def toggleOriginal(self):
        self.setOriginal(not self.isOriginal)

    def setUnit(self, unit):
        """One noise SD in image units, or None: the legend of the residual follows."""
        if self._views is not None:
            self._views.showLegend(unit)

    # The end

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
        self.onChanged.clear()
        self.removeObservers()

    def _takeOver(self):
        owner = SliceComparison._owner
        SliceComparison._owner = self
        if owner is not None and owner is not self:
            owner._dropVolumes()
            owner._reportShown()

    def _chooseLayout(self):
        registerLayouts(self.layoutNode)
        if not isOurs(self.layoutNode):  # kept in the node, because two modules may show one after the other
            self.layoutNode.SetAttribute(_PREVIOUS_LAYOUT, str(self.layoutNode.GetViewArrangement()))
        self.layoutNode.SetViewArrangement(LAYOUT_IDS[self.layout])
        self._processEvents()

    def _restoreLayout(self):
        previous = self.layoutNode.GetAttribute(_PREVIOUS_LAYOUT)
        if previous is not None:
            self.layoutNode.SetViewArrangement(int(previous))

    def _sliceLogic(self, tag):
        """The logic of a view, one that the application logic knows, because links need that."""
        if self._layoutManager is not None:
            return self._layoutManager.sliceWidget(tag).sliceLogic()
        return sliceLogicOf(self._scene.GetSingletonNode(tag, "vtkMRMLSliceNode"))

    def _viewWidgets(self):
        if self._layoutManager is None:
            return []
        return [self._layoutManager.sliceWidget(tag).sliceView() for tag in tagsOf(self.layout)]

    def _snapAndMatch(self):
        self._logics[0].SnapSliceOffsetToIJK()  # between two slices interpolation would change the apparent noise
        for node in self.sliceNodes[1:]:
            matchView(self.sliceNodes[0], node)

    def _matchAsLinked(self):
        first, *others = self.sliceNodes
        for node in others:
            if self.links.position and self.links.zoom:
                matchView(first, node)
        if self.links.position != self.links.zoom:
            first.Modified()  # the link copies what it links

    def _apply(self):
        if self._views is not None:
            self._views.show(isOriginal=self.isOriginal, isEnhancedSeen=self.isEnhancedSeen, curtain=self.curtain)

    def _releaseViews(self):
        if self._views is not None:
            self._views.release()
            self._views = None

    def _dropVolumes(self):
        self._releaseViews()
        self._volumes, self._logics = (), []
        self.isOriginal, self.isEnhancedSeen = False, True
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
        if self._volumes and self._wasShown and not isOurs(self.layoutNode):
            self._dropVolumes()  # the user chose another layout
        self._reportShown()

    def _reportShown(self):
        if self.isShown != self._wasShown:
            self._wasShown = self.isShown
            self._report(self.onShownChanged)
            self._report(self.onChanged)

    @staticmethod
    def _report(callbacks):
        for callback in list(callbacks):
            callback()


def _layoutLogic(scene, layoutManager):
    if layoutManager is not None:
        return layoutManager.layoutLogic()
    logic = slicer.vtkMRMLLayoutLogic()
    logic.SetMRMLScene(scene)
    return logic
