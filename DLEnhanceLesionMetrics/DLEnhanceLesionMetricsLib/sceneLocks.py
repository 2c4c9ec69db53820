"""The lock of segments, which Slicer lacks: what is drawn into a locked segment is taken back. MRML only, no Qt."""

import slicer
from slicer.util import VTKObservationMixin

from .regions import LabelShape
from .sceneRegionEdits import setLocked
from .sceneRegions import regionsOf
from .sceneRegionState import Drawn
from .sceneShapes import drawnVoxels, drawVoxels, segmentTime


def atOnce(action):
    """The way to defer an action where no event loop is needed."""
    action()


class SegmentLocks(VTKObservationMixin):
    """Keeps the voxels of every locked segment region as they were when it was locked, until release().

    onTakenBack(region): called after a change was taken back.
    defer(action): runs an action after the current event; the Segment Editor still works on a segment while it reports.
    """

    def __init__(self, scene, onTakenBack, *, defer=atOnce):
        VTKObservationMixin.__init__(self)
        self._scene, self._onTakenBack, self.defer = scene, onTakenBack, defer
        self._kept: dict[tuple, Drawn] = {}
        self._followed = []
        self._isPending = self._isDrawing = False
        self.addObserver(scene, scene.EndImportEvent, self._onImported)
        self.addObserver(scene, scene.StartCloseEvent, self._onClosing)
        self.sync()

    def release(self):
        self.removeObservers()

    def sync(self):
        """Take note of which segments are locked now."""
        locked = self._locked()
        self._kept = {key: self._kept.get(key) or _read(region) for key, region in locked.items()}
        nodes = {region.node for region in locked.values()}
        for node in nodes - set(self._followed):
            for event in _drawingEvents():
                self.addObserver(node, event, self._onDrawn)
        for node in set(self._followed) - nodes:
            for event in _drawingEvents():
                self.removeObserver(node, event, self._onDrawn)
        self._followed = list(nodes)

    def setLocked(self, region, isLocked):
        """Lock or unlock a segment."""
        setLocked(region, isLocked)
        self.sync()

    def _locked(self):
        return {region.key: region for region in regionsOf(self._scene) if region.segmentId and region.isLocked}

    def _onDrawn(self, _caller=None, _event=None):
        if not self._isPending and not self._isDrawing:
            self._isPending = True
            self.defer(self._takeBack)

    def _takeBack(self):
        self._isPending = False
        locked = self._locked()
        for key, kept in list(self._kept.items()):
            region = locked.get(key)
            if region is None:
                del self._kept[key]  # unlocked or removed
            elif segmentTime(region) != kept.time:
                self._restore(region, kept.voxels)

    def _restore(self, region, voxels: LabelShape | None):
        isChanged = _read(region) != Drawn(voxels, -1)
        if isChanged:
            self._isDrawing = True
            try:
                drawVoxels(region, voxels)
            finally:
                self._isDrawing = False
        self._kept[region.key] = Drawn(voxels, segmentTime(region))
        if isChanged:
            self._onTakenBack(region)

    def _onImported(self, _caller=None, _event=None):
        self.sync()

    def _onClosing(self, _caller=None, _event=None):
        self.removeObservers(self._onDrawn)
        self._kept, self._followed = {}, []


def _read(region):
    return Drawn(drawnVoxels(region), segmentTime(region))


def _drawingEvents():
    """A function, because this class may come after our module when Slicer starts."""
    return slicer.vtkSegmentation.SourceRepresentationModified, slicer.vtkSegmentation.SegmentModified
