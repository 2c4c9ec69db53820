"""The state of a region as plain values: read, compared, and put back into the scene."""

import dataclasses

import numpy as np
import slicer

from .regions import LabelShape
from .sceneRegionEdits import setLocked, setName
from .sceneRegions import (
    CURVE_CLASS,
    LOCK_TAG,
    ROI_CLASS,
    ROLE_ATTRIBUTE,
    ROLE_STYLES,
    SEGMENTATION_CLASS,
    SHAPE_ATTRIBUTE,
    SceneRegion,
    adoptLine,
    adoptRegion,
    regionsOf,
)
from .sceneShapes import drawnVoxels, drawVoxels, segmentTime


@dataclasses.dataclass(frozen=True, eq=False)
class Drawn:
    """The voxels of a segment; equal to others in the same place. time: when they were read."""

    voxels: LabelShape | None
    time: int

    def __eq__(self, other):
        if self.time == other.time or self.voxels is None or other.voxels is None:
            return self.time == other.time or self.voxels is other.voxels
        same = np.allclose(self.voxels.ijkToRAS, other.voxels.ijkToRAS)
        return same and np.array_equal(self.voxels.inside, other.voxels.inside)

    __hash__ = None


@dataclasses.dataclass(frozen=True)
class RegionState:
    """place: box matrix and size, control points in the node's own mm, or the voxels drawn.

    curveType: how a curve is drawn through its points. parent: id of the transform above.
    role is empty for a segment that is no region.
    """

    className: str
    name: str
    role: str
    shape: str
    color: tuple[float, ...]
    isLocked: bool
    place: tuple | Drawn
    curveType: int = 0
    parent: str = ""


def plainSegments(scene):
    """Every segment of the scene that is no region, as a SceneRegion without a role."""
    nodes = scene.GetNodesByClass(SEGMENTATION_CLASS)
    nodes.UnRegister(None)
    found = [
        SceneRegion(node, segmentId)
        for node in (nodes.GetItemAsObject(n) for n in range(nodes.GetNumberOfItems()))
        for segmentId in node.GetSegmentation().GetSegmentIDs()
    ]
    return [region for region in found if not region.role]


class StateReader:
    """Reads states; the voxels of a segment only after something was drawn."""

    def __init__(self):
        self._lastRead: dict[tuple, Drawn] = {}

    def read(self, region) -> RegionState:
        """The state of a region as it is now."""
        return _state(region, self._drawn(region) if region.segmentId else _markupPlace(region.node))

    def forget(self):
        self._lastRead = {}

    def _drawn(self, region):
        time = segmentTime(region)
        known = self._lastRead.get(region.key)
        if known is None or known.time != time:
            known = self._lastRead[region.key] = Drawn(drawnVoxels(region), time)
        return known


def _state(region, place):
    node = region.node
    return RegionState(
        className=node.GetClassName(),
        name=region.name,
        role=region.role,
        shape=region.shape,
        color=region.color if region.role or region.segmentId else (),
        isLocked=region.isLocked,
        place=place,
        curveType=node.GetCurveType() if node.IsA(CURVE_CLASS) else 0,
        parent=node.GetTransformNodeID() or "",
    )


def _markupPlace(node):
    if node.IsA(ROI_CLASS):
        matrix = slicer.util.arrayFromVTKMatrix(node.GetObjectToNodeMatrix())
        return tuple(matrix.ravel().tolist()), tuple(node.GetSize())
    return tuple(map(tuple, slicer.util.arrayFromMarkupsControlPoints(node).tolist()))


def changeRegion(region, before: RegionState, after: RegionState):
    """Give a region what differs between two of its states; everything else stays as it is now."""
    if before.role != after.role:
        _setRole(region, after.role)
    if before.color != after.color:
        _setColor(region, after.color)
    if before.place != after.place:
        _setPlace(region, after.place)
    if before.name != after.name:
        setName(region, _freeName(region, after.name))
    if before.isLocked != after.isLocked:
        setLocked(region, after.isLocked)


def makeRegion(scene, was: SceneRegion, state: RegionState) -> SceneRegion | None:
    """A region that was removed, again; None when the segmentation it was part of is gone."""
    region = _emptySegment(scene, was, state) if was.segmentId else _emptyMarkup(scene, state)
    if region is None:
        return None
    _setPlace(region, state.place)
    if state.role:
        _setRole(region, state.role)
    _setColor(region, state.color)
    setName(region, _freeName(region, state.name))
    if state.isLocked:
        setLocked(region, True)
    return region


def unmakeRegion(scene, region):
    """Remove a region with what was drawn, locked or not."""
    if region.segmentId:
        region.node.GetSegmentation().RemoveSegment(region.segmentId)
    else:
        scene.RemoveNode(region.node)


def _emptyMarkup(scene, state):
    node = scene.CreateNodeByClass(state.className)
    node.UnRegister(None)
    node.SetName(state.name)
    if state.className == ROI_CLASS:
        node.SetAttribute(SHAPE_ATTRIBUTE, state.shape)
    if state.className == CURVE_CLASS:
        node.SetCurveType(state.curveType)
    scene.AddNode(node)
    if state.parent and scene.GetNodeByID(state.parent):
        node.SetAndObserveTransformNodeID(state.parent)
    return SceneRegion(node)


def _emptySegment(scene, was, state):
    if was.node.GetScene() is not scene:
        return None
    was.node.GetSegmentation().AddEmptySegment(was.segmentId, state.name)
    return SceneRegion(was.node, was.segmentId)


def _setRole(region, role):
    if region.shape == "line":
        adoptLine(region.node)
    elif role:
        adoptRegion(region.node, role, segmentId=region.segmentId)
    elif region.segmentId:
        segment = region.node.GetSegmentation().GetSegment(region.segmentId)
        segment.RemoveTag(ROLE_ATTRIBUTE)
        segment.RemoveTag(LOCK_TAG)


def _setColor(region, color):
    if not color:
        return
    if region.segmentId:
        region.node.GetSegmentation().GetSegment(region.segmentId).SetColor(*color)
    elif region.node.GetDisplayNode() is not None:
        region.node.GetDisplayNode().SetSelectedColor(*color)
        region.node.GetDisplayNode().SetColor(*color)


def _setPlace(region, place):
    if region.segmentId:
        drawVoxels(region, place.voxels)
    elif region.node.IsA(ROI_CLASS):
        matrix, size = place
        with slicer.util.NodeModify(region.node):
            region.node.SetAndObserveObjectToNodeMatrix(slicer.util.vtkMatrixFromArray(np.reshape(matrix, (4, 4))))
            region.node.SetSize(*size)
    else:
        slicer.util.updateMarkupsControlPointsFromArray(region.node, np.array(place, float))


def _freeName(region, name):
    """The name, or the next free one of the role when another region has taken it meanwhile."""
    from .sceneRegions import nextName

    scene = region.node.GetScene()
    taken = {other.name for other in regionsOf(scene) if other.key != region.key}
    return nextName(scene, region.role) if name in taken and region.role in ROLE_STYLES else name
