"""Undo and redo of what is done to regions: placed, moved, resized, renamed, given another role, locked, removed.

The undo of the scene is off by default and, switched on, copies every node at every state, volumes included; it has led
to crashes in Slicer for years. Here a step holds only the regions it changed, before and after, and undoing it touches
only these and only in what differs: voxels drawn in the Segment Editor meanwhile, which has an undo of its own, stay.
A whole drag is one step. MRML only, no Qt.
"""

import contextlib
import dataclasses
from collections.abc import Callable

import slicer
import vtk
from slicer.util import VTKObservationMixin

from .sceneRegions import CURVE_CLASS, LINE_CLASS, ROI_CLASS, SceneRegion, regionsOf
from .sceneRegionState import RegionState, StateReader, changeRegion, makeRegion, plainSegments, unmakeRegion

MOST_STEPS = 200
MARKUPS_CLASSES = (ROI_CLASS, CURVE_CLASS, LINE_CLASS)


@dataclasses.dataclass(eq=False)
class Handle:
    """A region over all steps: a removed one that comes back is another node."""

    region: SceneRegion


@dataclasses.dataclass(frozen=True)
class Change:
    """One region before and after a step; None where it did not exist."""

    handle: Handle
    before: RegionState | None
    after: RegionState | None


@dataclasses.dataclass(frozen=True)
class Step:
    """What one action did. kind: "place", "move", "resize", "rename", "role", "lock", "outline" or "remove"."""

    kind: str
    changes: tuple[Change, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the regions, as they were after the step or, if they were gone, before it."""
        return tuple((change.after or change.before).name for change in self.changes)


class RegionHistory(VTKObservationMixin):
    """The steps that can be undone and those that can be redone, until release().

    onChange: called without arguments when either list changed.
    """

    def __init__(self, scene, onChange: Callable[[], None]):
        VTKObservationMixin.__init__(self)
        self._scene, self._onChange = scene, onChange
        self._reader = StateReader()
        self._handles: dict[tuple, Handle] = {}
        self._done: list[Step] = []
        self._undone: list[Step] = []
        self._isOpen, self._dragged = False, None
        self._followAll()
        self.addObserver(scene, scene.NodeAddedEvent, self._onNodeAdded)
        self.addObserver(scene, scene.EndImportEvent, self._onImported)
        self.addObserver(scene, scene.StartCloseEvent, self._onClosing)

    def release(self):
        self.removeObservers()

    @property
    def undoable(self) -> Step | None:
        """The step that undo() takes back, or None."""
        return self._done[-1] if self._done else None

    @property
    def redoable(self) -> Step | None:
        """The step that redo() does again, or None."""
        return self._undone[-1] if self._undone else None

    @property
    def isDragging(self) -> bool:
        return self._dragged is not None

    # Recording

    @contextlib.contextmanager
    def step(self, kind: str):
        """Everything that the block does to regions is one step; of nested blocks the outer one counts."""
        if self._isOpen:
            yield
            return
        self._endDrag()
        self._isOpen, before = True, self._states()
        try:
            yield
        finally:
            self._isOpen = False
            self._push(kind, before, self._states())

    def wasPlaced(self, region: SceneRegion):
        """Record a region that came to be by clicks of the user."""
        self._push("place", {}, {self._handleOf(region): self._reader.read(region)})

    def _push(self, kind, before, after):
        handles = list(dict.fromkeys([*before, *after]))
        changes = [Change(handle, before.get(handle), after.get(handle)) for handle in handles]
        changed = tuple(change for change in changes if change.before != change.after)
        if changed:
            self._done = [*self._done, Step(kind, changed)][-MOST_STEPS:]
            self._undone = []
            self._onChange()

    def _states(self):
        """State of every placed region, and of every segment that is none, by handle."""
        regions = [region for region in regionsOf(self._scene) if region.isPlaced] + plainSegments(self._scene)
        return {self._handleOf(region): self._reader.read(region) for region in regions}

    def _handleOf(self, region):
        known = self._handles.get(region.key)
        if known is None or known.region.node is not region.node:
            known = self._handles[region.key] = Handle(region)
        return known

    # Undo and redo

    def undo(self) -> Step | None:
        """Take the last step back and return it; None when there is none. Regions that are gone are skipped."""
        return self._turn(self._done, self._undone, isUndo=True)

    def redo(self) -> Step | None:
        """Do the step again that was undone last, and return it; None when there is none."""
        return self._turn(self._undone, self._done, isUndo=False)

    def _turn(self, source, target, *, isUndo):
        self._endDrag()
        while source:
            step = source.pop()
            turned = [self._applied(change, isUndo=isUndo) for change in step.changes]
            turned = tuple(change for change in turned if change is not None)
            if turned:
                target.append(Step(step.kind, turned))
                self._onChange()
                return target[-1]
        self._onChange()
        return None

    def _applied(self, change, *, isUndo):
        """The change after it was taken back (or done again), with what was there until now; None if it cannot be."""
        here, there = (change.after, change.before) if isUndo else (change.before, change.after)
        handle, now = change.handle, self._stateNow(change.handle)
        if (here is None) != (now is None):
            return None  # somebody else removed it, or put it back
        if here is None:
            handle.region = makeRegion(self._scene, handle.region, there)
            if handle.region is None:
                return None
            self._handles[handle.region.key] = handle
        elif there is None:
            unmakeRegion(self._scene, handle.region)
        else:
            changeRegion(handle.region, here, there)
            return change
        return Change(handle, there, now) if isUndo else Change(handle, now, there)

    def _stateNow(self, handle):
        region = handle.region
        if region.node.GetScene() is not self._scene:
            return None
        isGone = region.segmentId and region.node.GetSegmentation().GetSegment(region.segmentId) is None
        return None if isGone else self._reader.read(region)

    # Drags

    def _onDragStarted(self, node, _event=None):
        self._endDrag()
        region = SceneRegion(node)
        if region.role and region.isPlaced:
            self._dragged = (self._handleOf(region), self._reader.read(region))

    def _onDragEnded(self, _caller=None, _event=None):
        self._endDrag()

    def _endDrag(self):
        if self._dragged is None:
            return
        (handle, before), self._dragged = self._dragged, None
        after = self._stateNow(handle)
        if after is not None:
            self._push("move", {handle: before}, {handle: after})
        self._onChange()

    # Following the scene

    def _followAll(self):
        for className in MARKUPS_CLASSES:
            nodes = self._scene.GetNodesByClass(className)
            nodes.UnRegister(None)
            for n in range(nodes.GetNumberOfItems()):
                self._follow(nodes.GetItemAsObject(n))

    def _follow(self, node):
        markups = slicer.vtkMRMLMarkupsNode
        for event, method in (
            (markups.PointStartInteractionEvent, self._onDragStarted),
            (markups.PointEndInteractionEvent, self._onDragEnded),
        ):
            if not self.hasObserver(node, event, method):
                self.addObserver(node, event, method)

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _onNodeAdded(self, _caller, _event, node):
        if any(node.IsA(name) for name in MARKUPS_CLASSES):
            self._follow(node)

    def _onImported(self, _caller=None, _event=None):
        self._followAll()

    def _onClosing(self, _caller=None, _event=None):
        self._handles, self._done, self._undone, self._dragged = {}, [], [], None
        self._reader.forget()
        self._onChange()
