"""Lesion, reference and air regions as nodes of the scene: made, listed, shown. What is done to them: sceneRegionEdits.

A region is a markups ROI (a box that stands for the ellipsoid or the flat ellipse inscribed in it), a closed curve, one
segment of a segmentation, or a line across an edge. What makes it a region is its role: a node attribute, or a tag of
the segment. Both survive a saved scene.
No Qt here, and no arithmetic on voxels.
"""

import contextlib
import dataclasses
import re

import numpy as np
import slicer
import vtk

from DLEnhanceLib.errors import BadOption

from .regions import AIR, LESION, REFERENCE, ROLE_COLORS
from .roleNames import roleOfName

ROLE_ATTRIBUTE = "DLEnhanceLesionMetrics.Role"
SHAPE_ATTRIBUTE = "DLEnhanceLesionMetrics.Shape"
LOCK_TAG = "DLEnhanceLesionMetrics.Locked"
ROI_SHAPES = ("ellipsoid", "ellipse", "box")
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
        """ "lesion", "reference", "air" or "edge"; empty for what is no region.

        A role that this version does not know (an older scene, another program) follows from the name.
        """
        role = _segmentTag(self._segment, ROLE_ATTRIBUTE) if self.segmentId else _markupRole(self.node)
        return role if not role or role in ROLE_STYLES else roleOfName(self.name) or LESION

    @property
    def shape(self):
        """ "ellipsoid", "ellipse" (flat, on a slice), "box", "curve", "segment" or "line"."""
        if self.segmentId:
            return "segment"
        if self.node.IsA(CURVE_CLASS) or self.node.IsA(LINE_CLASS):
            return "curve" if self.node.IsA(CURVE_CLASS) else "line"
        shape = self.node.GetAttribute(SHAPE_ATTRIBUTE)
        return shape if shape in ROI_SHAPES else "ellipsoid"

    @property
    def color(self):
        """(red, green, blue) in 0..1 as drawn."""
        if self.segmentId:
            return tuple(self._segment.GetColor())
        display = self.node.GetDisplayNode()
        return tuple(display.GetSelectedColor()) if display else ROLE_STYLES[self.role].color

    @property
    def isLocked(self):
        if self.segmentId:
            return bool(_segmentTag(self._segment, LOCK_TAG))
        return bool(self.node.GetLocked())

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


def _markupRole(node):
    """The role as stored; lines are edges, and a box with a shape of ours whose role is missing has an unknown one."""
    role = node.GetAttribute(ROLE_ATTRIBUTE)
    if role and node.IsA(LINE_CLASS):
        return EDGE
    return role or ("unknown" if node.GetAttribute(SHAPE_ATTRIBUTE) else "")


def _segmentTag(segment, tag):
    value = vtk.mutable("")
    return str(value) if segment is not None and segment.GetTag(tag, value) else ""


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


def addRegion(scene, role, centerRAS=None, sizeMm=None, *, name=None, shape="ellipsoid", axes=None):
    """Add a ROI with the given role.

    centerRAS: millimetres in RAS; None leaves the ROI without a place, for placing it with the mouse.
    sizeMm: full edge lengths in mm, one number or three; the role's usual size when None.
    shape: "ellipsoid" (inscribed in the box), "ellipse" (flat, in the plane of the box's first two axes) or "box".
    axes: 3x3, the directions of the box in RAS as columns; along R, A, S when None.
    """
    style = _areaStyle(role)
    if shape not in ROI_SHAPES:
        raise BadOption(f'The shape of a new region is "ellipsoid", "ellipse" or "box", not "{shape}".')
    sizes = threeSizes(style.sizeMm if sizeMm is None else sizeMm)
    node = scene.AddNewNodeByClass(ROI_CLASS, name or nextName(scene, role))
    node.SetAttribute(SHAPE_ATTRIBUTE, shape)
    region = adoptRegion(node, role)
    if centerRAS is not None:
        _placeBox(node, centerRAS, sizes, axes)
    return region


def _placeBox(node, centerRAS, sizes, axes):
    if axes is not None:
        matrix = np.eye(4)
        matrix[:3, :3] = axes
        node.SetAndObserveObjectToNodeMatrix(slicer.util.vtkMatrixFromArray(matrix))
    node.SetCenter(*(float(value) for value in centerRAS))
    node.SetSize(*sizes)


def usualSize(role):
    """The usual size in mm of a new region. Raises BadOption for a role without one."""
    return _areaStyle(role).sizeMm


def threeSizes(sizeMm):
    """One length or three in mm as a list of three. Raises BadOption unless all are above zero."""
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
    return adoptLine(node)


def adoptLine(node):
    """Make a line an edge."""
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
        display.SetOutlineVisibility(shape not in ("ellipsoid", "ellipse"))  # those have an outline model
        display.SetPropertiesLabelVisibility(True)
        display.SetPointLabelsVisibility(False)
        display.SetTextScale(2.5)
        display.SetGlyphScale(1.2)
        display.SetHandlesInteractive(False)


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
