"""Lesion, reference and air regions as nodes of the scene: made, listed, renamed, locked, shown and removed.

A region is a markups ROI (a box that stands for the ellipsoid inscribed in it), a closed curve, one segment of a
segmentation, or a line across an edge. What makes it a region is its role: a node attribute, or a tag of the segment.
Both survive a saved scene.
No Qt here, and no arithmetic on voxels.
"""

import contextlib
import dataclasses
import re

import slicer
import vtk

from DLEnhanceLib.errors import BadOption

from .regions import AIR, LESION, REFERENCE, ROLE_COLORS

ROLE_ATTRIBUTE = "DLEnhanceLesionMetrics.Role"
SHAPE_ATTRIBUTE = "DLEnhanceLesionMetrics.Shape"
ROI_CLASS = "vtkMRMLMarkupsROINode"
CURVE_CLASS = "vtkMRMLMarkupsClosedCurveNode"
LINE_CLASS = "vtkMRMLMarkupsLineNode"
SEGMENTATION_CLASS = "vtkMRMLSegmentationNode"
EDGE = "edge"
"""The role of lines; they have a sharpness and no voxels."""
FEWEST_POINTS = {CURVE_CLASS: 3, LINE_CLASS: 2}


@dataclasses.dataclass(frozen=True)
class RoleStyle:
    """How the regions of one role are named, drawn and, unless said otherwise, sized."""

    prefix: str
    color: tuple[float, float, float]
    sizeMm: float


ROLE_STYLES = {
    LESION: RoleStyle("L", ROLE_COLORS[LESION], 5.0),
    REFERENCE: RoleStyle("R", ROLE_COLORS[REFERENCE], 8.0),
    AIR: RoleStyle("A", ROLE_COLORS[AIR], 15.0),
    EDGE: RoleStyle("E", (0.45, 0.90, 0.45), 0.0),
}


@dataclasses.dataclass(frozen=True)
class SceneRegion:
    """One region of the scene; segmentId is empty except for a segment of a segmentation node."""

    node: slicer.vtkMRMLNode
    segmentId: str = ""

    @property
    def key(self):
        return self.node.GetID(), self.segmentId

    @property
    def name(self):
        return self._segment.GetName() if self.segmentId else self.node.GetName()

    @property
    def role(self):
        return _segmentTag(self._segment) if self.segmentId else self.node.GetAttribute(ROLE_ATTRIBUTE) or ""

    @property
    def shape(self):
        """ "ellipsoid", "box", "curve", "segment" or "line"."""
        if self.segmentId:
            return "segment"
        if self.node.IsA(CURVE_CLASS) or self.node.IsA(LINE_CLASS):
            return "curve" if self.node.IsA(CURVE_CLASS) else "line"
        return self.node.GetAttribute(SHAPE_ATTRIBUTE) or "ellipsoid"

    @property
    def isLocked(self):
        return not self.segmentId and bool(self.node.GetLocked())

    @property
    def isPlaced(self):
        """False while the user still clicks the points of a new region, and for an empty segment list."""
        if self.segmentId:
            return True
        fewest = FEWEST_POINTS.get(self.node.GetClassName())
        if fewest is not None:
            return self.node.GetNumberOfDefinedControlPoints() >= fewest
        return min(self.node.GetSize()) > 0

    @property
    def _segment(self):
        return self.node.GetSegmentation().GetSegment(self.segmentId)


def _segmentTag(segment):
    value = vtk.mutable("")
    return str(value) if segment is not None and segment.GetTag(ROLE_ATTRIBUTE, value) else ""


def regionsOf(scene, role=None):
    """The regions of the scene in the order lesions, references, air, lines, each by name (L2 before L10)."""
    found = [*_markupsRegions(scene), *_segmentRegions(scene)]
    roles = list(ROLE_STYLES)
    wanted = [region for region in found if region.role in ([role] if role else roles)]
    return sorted(wanted, key=lambda region: (roles.index(region.role), _naturalOrder(region.name)))


def _markupsRegions(scene):
    for className in (ROI_CLASS, CURVE_CLASS, LINE_CLASS):
        nodes = scene.GetNodesByClass(className)
        nodes.UnRegister(None)
        yield from (SceneRegion(nodes.GetItemAsObject(n)) for n in range(nodes.GetNumberOfItems()))


def _segmentRegions(scene):
    nodes = scene.GetNodesByClass(SEGMENTATION_CLASS)
    nodes.UnRegister(None)
    for n in range(nodes.GetNumberOfItems()):
        node = nodes.GetItemAsObject(n)
        yield from (SceneRegion(node, segmentId) for segmentId in node.GetSegmentation().GetSegmentIDs())


def _naturalOrder(name):
    return [(not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in re.split(r"(\d+)", name)]


def nextName(scene, role):
    """The first free name of a role: L1, L2 ... for lesions, R1 ... for references, A1 ... for air."""
    taken = {region.name for region in regionsOf(scene)}
    prefix = _style(role).prefix
    return next(f"{prefix}{n}" for n in range(1, len(taken) + 2) if f"{prefix}{n}" not in taken)


def _style(role):
    try:
        return ROLE_STYLES[role]
    except KeyError:
        raise BadOption(f'A region is "lesion", "reference" or "air", not "{role}".') from None


def addRegion(scene, role, centerRAS=None, sizeMm=None, *, name=None, shape="ellipsoid"):
    """Add a ROI with the given role.

    centerRAS: millimetres in RAS; None leaves the ROI without a place, for placing it with the mouse.
    sizeMm: full edge lengths in mm, one number or three; the role's usual size when None.
    shape: "ellipsoid" (inscribed in the box) or "box".
    """
    style = _areaStyle(role)
    if shape not in ("ellipsoid", "box"):
        raise BadOption(f'The shape of a new region is "ellipsoid" or "box", not "{shape}".')
    sizes = _threeSizes(style.sizeMm if sizeMm is None else sizeMm)
    node = scene.AddNewNodeByClass(ROI_CLASS, name or nextName(scene, role))
    node.SetAttribute(SHAPE_ATTRIBUTE, shape)
    region = adoptRegion(node, role)
    if centerRAS is not None:
        node.SetCenter(*(float(value) for value in centerRAS))
        node.SetSize(*sizes)
    return region


def _threeSizes(sizeMm):
    sizes = [float(sizeMm)] * 3 if isinstance(sizeMm, int | float) else [float(value) for value in sizeMm]
    if len(sizes) != 3 or min(sizes) <= 0:
        raise BadOption("The size of a region is one or three lengths in mm, each greater than zero.")
    return sizes


def addCurve(scene, role, pointsRAS=(), *, name=None):
    """Add a closed curve with the given role; pointsRAS are control points in mm, more can be placed by mouse."""
    _areaStyle(role)
    node = scene.AddNewNodeByClass(CURVE_CLASS, name or nextName(scene, role))
    for point in pointsRAS:
        node.AddControlPoint([float(value) for value in point])
    return adoptRegion(node, role)


def addLine(scene, pointsRAS=(), *, name=None):
    """Add a line across an edge, or across a small target; pointsRAS are its two ends in mm."""
    node = scene.AddNewNodeByClass(LINE_CLASS, name or nextName(scene, EDGE))
    for point in pointsRAS:
        node.AddControlPoint([float(value) for value in point])
    node.SetAttribute(ROLE_ATTRIBUTE, EDGE)
    _drawMarkups(node, ROLE_STYLES[EDGE].color, "line")
    return SceneRegion(node)


def _areaStyle(role):
    style = _style(role)
    if role == EDGE:
        raise BadOption("An edge is measured along a line; add a line instead.")
    return style


def adoptRegion(node, role, *, segmentId=""):
    """Give a markups ROI, a closed curve or a segment its role, and with it the color of the role."""
    style = _areaStyle(role)
    region = SceneRegion(node, segmentId)
    if segmentId:
        _adoptSegment(node, segmentId, style, role)
    elif node.IsA(ROI_CLASS) or node.IsA(CURVE_CLASS):
        node.SetAttribute(ROLE_ATTRIBUTE, role)
        _drawMarkups(node, style.color, region.shape)
    else:
        raise BadOption("Only a box, a closed curve or a segment can become a region.")
    return region


def _adoptSegment(node, segmentId, style, role):
    segment = node.GetSegmentation().GetSegment(segmentId)
    if segment is None:
        raise BadOption(
            f'The segmentation "{node.GetName()}" has no segment "{segmentId}"; choose one of its segments.'
        )
    segment.SetTag(ROLE_ATTRIBUTE, role)
    segment.SetColor(*style.color)
    node.CreateDefaultDisplayNodes()
    node.GetDisplayNode().SetSegmentOpacity2DFill(segmentId, 0.0)  # the lesion itself stays visible


def _drawMarkups(node, color, shape):
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    with slicer.util.NodeModify(display):
        display.SetSelectedColor(*color)
        display.SetColor(*color)
        display.SetFillVisibility(False)
        display.SetOutlineVisibility(shape != "ellipsoid")  # the ellipsoid has its own outline model
        display.SetPropertiesLabelVisibility(True)
        display.SetPointLabelsVisibility(False)
        display.SetTextScale(2.5)
        display.SetGlyphScale(1.2)
        display.SetHandlesInteractive(False)


def showHandles(scene, edited=None):
    """Show the dragging handles of one region and hide those of all others; None hides all."""
    for region in regionsOf(scene):
        if region.segmentId or region.node.GetDisplayNode() is None:
            continue
        isEdited = edited is not None and region.key == edited.key and not region.isLocked
        display = region.node.GetDisplayNode()
        if bool(display.GetHandlesInteractive()) != isEdited:
            display.SetHandlesInteractive(isEdited)


@contextlib.contextmanager
def hiddenRegions(scene):
    """Keeps all regions out of the views for a block of code."""
    displays = {region.node.GetDisplayNode() for region in regionsOf(scene)} - {None}
    shown = [display for display in displays if display.GetVisibility()]
    for display in shown:
        display.SetVisibility(False)
    try:
        yield
    finally:
        for display in shown:
            display.SetVisibility(True)


def renameRegion(scene, region, name):
    """Give a region another name; refused when it is empty or already in use, since rows are told apart by it."""
    name = name.strip()
    if not name:
        raise BadOption("A region needs a name.")
    if any(other.name == name for other in regionsOf(scene) if other.key != region.key):
        raise BadOption(f'Another region is already called "{name}"; choose a different name.')
    if region.segmentId:
        region.node.GetSegmentation().GetSegment(region.segmentId).SetName(name)
    else:
        region.node.SetName(name)


def resizeRegion(region, diameterMm):
    """Make a ROI a sphere or cube of this diameter. Raises BadOption for other shapes and for a locked region."""
    if region.segmentId or not region.node.IsA(ROI_CLASS):
        raise BadOption(f"{region.name} was drawn by hand; only ellipsoids and boxes have a diameter.")
    if region.isLocked:
        raise BadOption(f"{region.name} is locked; unlock it first.")
    region.node.SetSize(*_threeSizes(float(diameterMm)))


def setLocked(region, isLocked):
    """Lock a ROI or curve against dragging. A segment has no lock of its own."""
    if region.segmentId:
        raise BadOption("A segment cannot be locked here; lock it in the Segment Editor.")
    region.node.SetLocked(bool(isLocked))
    if isLocked and region.node.GetDisplayNode():
        region.node.GetDisplayNode().SetHandlesInteractive(False)


def removeRegion(scene, region):
    """Remove a markups region; a segment only loses its role and stays in its segmentation."""
    if region.segmentId:
        region.node.GetSegmentation().GetSegment(region.segmentId).RemoveTag(ROLE_ATTRIBUTE)
    else:
        scene.RemoveNode(region.node)


def eraseRegion(scene, region):
    """Remove a region with what was drawn, also a segment."""
    if region.segmentId:
        region.node.GetSegmentation().RemoveSegment(region.segmentId)
    else:
        scene.RemoveNode(region.node)


def centerRAS(region):
    """The center of a region in mm, world RAS."""
    if region.segmentId:
        return tuple(region.node.GetSegmentCenterRAS(region.segmentId))
    if region.node.GetClassName() in FEWEST_POINTS:
        return tuple(slicer.util.arrayFromMarkupsControlPoints(region.node, world=True).mean(axis=0).tolist())
    center = [0.0, 0.0, 0.0]
    region.node.GetCenterWorld(center)
    return tuple(center)


def sizeMm(region):
    """In mm: edge lengths of the box of a ROI, length of a line, bounding box along R, A, S of a curve.

    Nothing for a segment, whose voxels have to be read for that.
    """
    if region.segmentId:
        return ()
    if region.shape == "line":
        return (region.node.GetLineLengthWorld(),)
    if region.node.IsA(ROI_CLASS):
        return tuple(region.node.GetSize())
    bounds = [0.0] * 6
    region.node.GetRASBounds(bounds)
    return tuple(max(0.0, bounds[2 * axis + 1] - bounds[2 * axis]) for axis in range(3))


def jumpTo(scene, region):
    """Center all slice views on a region."""
    mode = slicer.vtkMRMLSliceNode.CenteredJumpSlice
    slicer.vtkMRMLSliceNode.JumpAllSlices(scene, *centerRAS(region), mode, -1)
