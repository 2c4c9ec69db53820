"""The part of the logic that puts regions into the scene, finds them, changes them, and takes changes back. No Qt."""

from DLEnhanceLib.errors import BadOption
from DLEnhanceLib.sceneVolumes import isInScene

from . import sceneRegionEdits, sceneRegions, sceneSources
from .regions import LESION
from .sceneHistory import RegionHistory, Step
from .sceneLocks import SegmentLocks
from .sceneOutlines import OutlineKeeper


class RegionActions:
    """What can be done to regions; a part of DLEnhanceLesionMetricsLogic. Every action is one step that can be undone.

    Needs of its owner: scene, parameters, update(), outcome, _measurement, comparison
    and _standard().
    """

    def _startRegions(self):
        self.onHistory = []
        """Callables without arguments, called when there is another step to undo or to redo."""
        self.onLockHeld = []
        """Callables that get the locked segment region from which a change was taken back."""
        self._outlines = OutlineKeeper(self.scene)
        self._outlines.sync()
        self._history = RegionHistory(self.scene, self._tellHistory)
        self._locks = SegmentLocks(self.scene, self._tellLockHeld)

    def _endRegions(self):
        for part in (self._outlines, self._history, self._locks):
            part.release()

    def useEventLoop(self, defer):
        """defer(action): runs an action after the current event; the panel gives it, scripts need none."""
        self._locks.defer = defer

    # Listing

    def regions(self, role=None):
        """The regions of the scene: lesions, references, air, edges; or those of one role."""
        return sceneRegions.regionsOf(self.scene, role)

    def sizeOf(self, region):
        """Diameters in mm and volume of a region in the grid of the standard volume; None where there is no size.

        While a large region is dragged it has none, since that would not be smooth.
        """
        if not isInScene(self.parameters.standardVolume):
            return None
        return self._measurement.sizeOf(region, self.parameters.standardVolume, isDragged=self._history.isDragging)

    # Placing

    def addRegion(self, role, centerRAS=None, sizeMm=None, *, name=None, shape="ellipsoid"):
        """Add an ellipsoid, a flat "ellipse" on a slice, or a "box", and return its SceneRegion.

        role: "lesion", "reference" or "air". centerRAS: mm; None puts it where the views look now. sizeMm: one diameter
        or three edge lengths in mm; the role's usual size when None.
        An ellipse lies in the slice view under the mouse, without one in the slices of the standard volume.
        """
        if centerRAS is None:
            centerRAS = self.viewCenter()
        axes = None
        if shape == "ellipse":
            axes, thickness = self._slicePlane()
            size = sceneRegions.usualSize(role) if sizeMm is None else sizeMm
            sizeMm = (*sceneRegions.threeSizes(size)[:2], thickness)
        with self._history.step("place"):
            region = sceneRegions.addRegion(self.scene, role, centerRAS, sizeMm, name=name, shape=shape, axes=axes)
        return self._added(region)

    def placeRegion(self, role, centerRAS, *, shape="ellipsoid"):
        """What a click does: a region of the role's usual size, or the largest that fits into a smaller lesion."""
        size = None
        if role == LESION and shape != "box":
            size = sceneSources.fittingDiameter(self._standard(), centerRAS, sceneRegions.usualSize(role))
        return self.addRegion(role, centerRAS, size, shape=shape)

    def addCurve(self, role, pointsRAS=(), *, name=None):
        """Add a closed curve through points in RAS mm (all near one plane) and return its SceneRegion."""
        with self._history.step("place"):
            region = sceneRegions.addCurve(self.scene, role, pointsRAS, name=name)
        return self._added(region)

    def addLine(self, pointsRAS=(), *, name=None):
        """Add a line across an edge (edge rise distance) or a small target (width at half maximum): two points, mm."""
        with self._history.step("place"):
            region = sceneRegions.addLine(self.scene, pointsRAS, name=name)
        return self._added(region)

    def wasDrawn(self, region):
        """Take note of a curve or a line that the user has drawn by clicks, so that it can be undone."""
        self._history.wasPlaced(region)
        return self._added(region)

    def adoptRegion(self, node, role, *, segmentId=""):
        """Make an existing box, closed curve or segment a region."""
        with self._history.step("place"):
            region = sceneRegions.adoptRegion(node, role, segmentId=segmentId)
        return self._added(region)

    def addRegionsFromSegmentation(self, segmentationNode, role=None, *, segmentIds=None):
        """Make segments regions, all of them when segmentIds is None; without a role their names tell it."""
        with self._history.step("place"):
            regions = sceneSources.addRegionsFromSegmentation(segmentationNode, role, segmentIds=segmentIds)
        return self._added(regions)

    def addRegionsFromLabelVolume(self, labelNode, *, lesionLabel=1, referenceLabel=2, airLabel=3):
        """Copy the labels of a label volume into regions; separate parts of the lesion label become L1, L2 ..."""
        labels = {"lesionLabel": lesionLabel, "referenceLabel": referenceLabel, "airLabel": airLabel}
        with self._history.step("place"):
            regions = sceneSources.addRegionsFromLabelVolume(self.scene, labelNode, **labels)
        return self._added(regions)

    # Finding

    def outlineLesion(self, pointRAS):
        """Outline the lesion around a point of the standard volume (RAS mm); (SceneRegion, lesionOutline.Outline).

        The outline is a segment, so it can be corrected in the Segment Editor; eraseRegion() rejects it, and
        redrawOutline() draws it closer or wider. Raises BadOption when nothing stands out there.
        """
        with self._history.step("outline"):
            region, outline = sceneSources.addOutlinedLesion(self.scene, self._standard(), pointRAS)
        return self._added(region), outline

    def redrawOutline(self, region, pointRAS, level):
        """Outline the same lesion at another level between surround (0) and lesion (1): its lesionOutline.Outline.

        Raises BadOption, and leaves the outline as it is, when it would leak into the surround or hold nothing.
        """
        sceneRegionEdits.requireUnlocked(region)
        with self._history.step("outline"):
            outline = sceneSources.redrawOutline(region, self._standard(), pointRAS, level)
        self.update()
        return outline

    def suggestReference(self, lesion=None):
        """Add homogeneous normal tissue opposite a lesion (the first one): (SceneRegion, sentence about it)."""
        lesions = [region for region in self.regions(LESION) if region.isPlaced]
        if lesion is None and not lesions:
            raise BadOption("Place a lesion first: the reference is looked for opposite it.")
        core = self._measurement.coreRegion(lesion or lesions[0])
        with self._history.step("place"):
            region, sentence = sceneSources.addSuggestedReference(self.scene, self._standard(), core)
        return self._added(region), sentence

    def suggestAir(self):
        """Add a box of air with the lowest signal: (SceneRegion, sentence). Raises BadOption where air is masked."""
        with self._history.step("place"):
            region, sentence = sceneSources.addSuggestedAir(self.scene, self._standard())
        return self._added(region), sentence

    # Changing

    def removeRegion(self, region):
        """Remove a region; a segment stays in its segmentation. Raises BadOption for a locked one."""
        with self._history.step("remove"):
            sceneRegionEdits.removeRegion(self.scene, region)
        self._added(None)

    def eraseRegion(self, region):
        """Remove a region with what was drawn, also a segment. Raises BadOption for a locked one."""
        with self._history.step("remove"):
            sceneRegionEdits.eraseRegion(self.scene, region)
        self._added(None)

    def renameRegion(self, region, name):
        with self._history.step("rename"):
            sceneRegionEdits.renameRegion(self.scene, region, name)

    def changeRole(self, region, role):
        """Make a region a "lesion", "reference" or "air"; a line stays an edge."""
        with self._history.step("role"):
            sceneRegionEdits.changeRole(region, role)
        self._added(region)

    def resizeRegion(self, region, diameterMm):
        """Make an ellipsoid, ellipse or box equally long along all axes."""
        with self._history.step("resize"):
            sceneRegionEdits.resizeRegion(region, diameterMm)

    def setLocked(self, region, isLocked):
        """Protect place and form of a region, and the region against removal."""
        with self._history.step("lock"):
            sceneRegionEdits.setLocked(region, isLocked)
        self._locks.sync()

    # Taking back

    @property
    def undoable(self) -> Step | None:
        """The step that undo() takes back, or None."""
        return self._history.undoable

    @property
    def redoable(self) -> Step | None:
        """The step that redo() does again, or None."""
        return self._history.redoable

    def undo(self) -> Step | None:
        """Take back what was last done to regions, and return it; None when there is nothing left."""
        return self._turned(self._history.undo())

    def redo(self) -> Step | None:
        """Do again what was taken back last, and return it; None when there is nothing."""
        return self._turned(self._history.redo())

    def _turned(self, step):
        self._locks.sync()
        self._added(None)
        return step

    def _added(self, regions):
        self._outlines.sync()
        self.update()
        return regions

    def _tellHistory(self):
        for callback in list(self.onHistory):
            callback()

    def _tellLockHeld(self, region):
        for callback in list(self.onLockHeld):
            callback(region)

    # Looking

    def jumpTo(self, region):
        """Center all slice views on a region."""
        sceneRegions.jumpTo(self.scene, region)
        if self.isComparisonShown:
            self.comparison.jumpTo(sceneRegions.centerRAS(region))

    def editRegion(self, region=None):
        """Show the handles of one region only; None hides all handles."""
        sceneRegionEdits.showHandles(self.scene, region)

    def viewCenter(self):
        """Where the first shown slice view looks, else the center of the standard volume; RAS mm."""
        sliceNode = self._shownSliceNode()
        if sliceNode is not None:
            matrix = sliceNode.GetSliceToRAS()
            return tuple(matrix.GetElement(axis, 3) for axis in range(3))
        bounds = [0.0] * 6
        self._standard().GetRASBounds(bounds)
        return tuple((bounds[2 * axis] + bounds[2 * axis + 1]) / 2 for axis in range(3))

    def _shownSliceNode(self):
        nodes = self.scene.GetNodesByClass("vtkMRMLSliceNode")
        nodes.UnRegister(None)
        shown = [nodes.GetItemAsObject(n) for n in range(nodes.GetNumberOfItems())]
        return next((node for node in shown if node.IsMappedInLayout()), None)

    def _slicePlane(self):
        """Axes (3x3, columns; the last is the normal) of the slice for a flat region, and its thickness in mm."""
        from .sceneShapes import sliceAxesOf, thicknessAlong, volumeView

        volume = volumeView(self._standard())
        axes = sliceAxesOf(self._sliceNodeUnderMouse(), volume)
        return axes, thicknessAlong(volume, axes[:, 2])

    def _sliceNodeUnderMouse(self):
        crosshair = self.scene.GetFirstNodeByClass("vtkMRMLCrosshairNode")
        return crosshair.GetCursorPositionXYZ([0.0, 0.0, 0.0]) if crosshair is not None else None
