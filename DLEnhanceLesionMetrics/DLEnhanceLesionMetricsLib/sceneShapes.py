"""From nodes to what the measurements need: the regions' shapes in world RAS, and volumes without copying voxels.

The same shape is applied to every volume, so a region cannot differ between the standard and the enhanced image.
"""

import dataclasses

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from DLEnhanceLib.errors import BadOption, UnsupportedVolume
from DLEnhanceLib.sceneVolumes import ijkToLocal, localToWorld, requireScalarVolume
from DLEnhanceLib.volume import Volume

from .edgeRows import EdgeLine
from .masks import RegionMask, boundingBox, croppedMatrix
from .regions import Box, ClosedCurve, Ellipse, Ellipsoid, LabelShape, Region, Shape
from .sceneRegions import ROI_CLASS

# Rotations of real transforms are orthonormal to about 1e-6; a scale of 0.1 % changes a region's volume by 0.3 %.
RIGID_TOLERANCE = 1e-3


def volumeView(node) -> Volume:
    """The node's voxels, not copied (k, j, i), with their world geometry.

    Raises UnsupportedVolume when the node holds no gray-scale image or lies under a scaling or warping transform.
    """
    requireScalarVolume(node)
    parent = localToWorld(node)
    if not isRigid(parent):
        raise UnsupportedVolume(
            f"{node.GetName()} lies under a transform that scales or shears it: harden the transform first."
        )
    return Volume(slicer.util.arrayFromVolume(node), parent @ ijkToLocal(node), name=node.GetName() or "volume")


def isRigid(matrix) -> bool:
    """Whether a 4x4 matrix only rotates, mirrors and moves."""
    axes = matrix[:3, :3]
    return bool(np.abs(axes.T @ axes - np.eye(3)).max() <= RIGID_TOLERANCE)


@dataclasses.dataclass(eq=False)
class RememberedShape:
    """A shape that keeps its mask for the last grid: while one region is dragged, the others cost nothing."""

    shape: Shape
    _grid: tuple | None = None
    _mask: RegionMask | None = None

    @property
    def center(self):
        return self.shape.center

    def maskOn(self, volume: Volume) -> RegionMask:
        grid = (volume.voxels.shape, volume.ijkToRAS.tobytes())
        if grid != self._grid:
            self._mask, self._grid = self.shape.maskOn(volume), grid
        return self._mask


class ShapeReader:
    """Turns scene regions into measurable ones, and reads a region again only after it changed."""

    def __init__(self):
        self._known = {}

    def region(self, region) -> Region:
        """The region with its shape in world RAS mm. Raises what shape() raises."""
        return Region(region.name, region.role, self.shape(region))

    def shape(self, region) -> RememberedShape:
        """The shape in world RAS mm.

        Raises BadOption for an empty segment and for a region under a scaling or warping transform.
        """
        _requireRigidParent(region)
        stamp = _stamp(region)
        known = self._known.get(region.key)
        if known is None or known[0] != stamp:
            known = self._known[region.key] = (stamp, RememberedShape(_shapeOf(region)))
        return known[1]


def edgeLine(region) -> EdgeLine:
    """The line of a scene region, in world RAS mm. Raises BadOption under a scaling or warping transform."""
    _requireRigidParent(region)
    start, end = slicer.util.arrayFromMarkupsControlPoints(region.node, world=True)[:2]
    return EdgeLine(region.name, start, end)


def sliceAxesOf(sliceNode, volume: Volume) -> np.ndarray:
    """The directions of a slice in RAS as columns of a 3x3, its normal last; without a slice node, of the volume's own.

    The volume's own slices are those that diameters are measured on: axial, or the acquired ones of a thick stack.
    """
    if sliceNode is not None:
        axes = slicer.util.arrayFromVTKMatrix(sliceNode.GetSliceToRAS())[:3, :3].copy()
        return axes / np.linalg.norm(axes, axis=0)
    from .lesionSize import sliceAxis

    normal = sliceAxis(volume)
    directions = volume.ijkToRAS[:3, :3] / volume.spacing
    first, second = (directions[:, axis] for axis in range(3) if axis != normal)
    third = np.cross(first, second)
    return np.stack([first, np.cross(third, first), third / np.linalg.norm(third)], axis=1)


def thicknessAlong(volume: Volume, direction) -> float:
    """How thick one voxel of a volume is along a direction, in mm."""
    steps = np.linalg.inv(volume.ijkToRAS[:3, :3]) @ np.asarray(direction, float)
    return float(1.0 / np.abs(steps).max())


def _stamp(region):
    """Equal as long as the region's place and form are."""
    place = localToWorld(region.node).tobytes()
    return (region.shape, place, segmentTime(region) if region.segmentId else region.node.GetMTime())


def _requireRigidParent(region):
    parent = region.node.GetParentTransformNode()
    if parent is not None and (not parent.IsTransformToWorldLinear() or not isRigid(localToWorld(region.node))):
        raise BadOption(_scaledText(region))


def _shapeOf(region):
    if region.segmentId:
        return _segmentShape(region)
    return _roiShape(region) if region.node.IsA(ROI_CLASS) else _curveShape(region)


def _roiShape(region):
    objectToWorld = slicer.util.arrayFromVTKMatrix(region.node.GetObjectToWorldMatrix()).copy()
    if not isRigid(objectToWorld):
        raise BadOption(_scaledText(region))
    size = tuple(region.node.GetSize())
    if region.shape == "ellipse":
        return Ellipse(objectToWorld, size[:2])
    kind = Box if region.shape == "box" else Ellipsoid
    return kind(objectToWorld, size)


def _curveShape(region):
    return ClosedCurve(slicer.util.arrayFromMarkupsCurvePoints(region.node, world=True).copy())


def _scaledText(region):
    return f"{region.name} lies under a transform that scales or warps it: harden or remove the transform first."


def segmentTime(region):
    """Changes when something was drawn into a segment, or into one that shares its label map."""
    segmentation = region.node.GetSegmentation()
    representation = segmentation.GetSegment(region.segmentId).GetRepresentation(
        segmentation.GetSourceRepresentationName()
    )
    return representation.GetMTime() if representation is not None else 0


def _segmentShape(region):
    drawn = drawnVoxels(region)
    if drawn is None:
        raise BadOption(f"The segment {region.name} is empty: draw it first, or remove it from the list.")
    return LabelShape(drawn.inside, localToWorld(region.node) @ drawn.ijkToRAS)


def drawnVoxels(region):
    """The voxels of a segment as a LabelShape in its segmentation's own coordinates; None when it is empty."""
    segmentation = region.node.GetSegmentation()
    if not segmentation.ContainsRepresentation(slicer.vtkSegmentationConverter.GetBinaryLabelmapRepresentationName()):
        region.node.CreateBinaryLabelmapRepresentation()
    image = slicer.vtkOrientedImageData()
    region.node.GetBinaryLabelmapRepresentation(region.segmentId, image)
    inside = _imageArray(image) > 0
    box = boundingBox(inside) if inside.size else None
    return None if box is None else LabelShape(inside[box].copy(), croppedMatrix(_imageMatrix(image), box))


def drawVoxels(region, drawn):
    """Replace the voxels of a segment by those that drawnVoxels() gave; None empties it."""
    image = slicer.vtkOrientedImageData()
    inside = np.zeros((1, 1, 1), np.uint8) if drawn is None else drawn.inside.astype(np.uint8)
    image.SetDimensions(*inside.shape[::-1])
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    vtk_to_numpy(image.GetPointData().GetScalars())[:] = inside.ravel()
    if drawn is not None:
        image.SetImageToWorldMatrix(slicer.util.vtkMatrixFromArray(drawn.ijkToRAS))
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    logic.SetBinaryLabelmapToSegment(image, region.node, region.segmentId, logic.MODE_REPLACE)


def _imageArray(image):
    scalars = image.GetPointData().GetScalars()
    if scalars is None or image.IsEmpty():
        return np.zeros((0, 0, 0), bool)
    return vtk_to_numpy(scalars).reshape(image.GetDimensions()[::-1])


def _imageMatrix(image):
    """ijkToRAS of the array's first voxel; the image's own indices begin at its extent."""
    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    extent = image.GetExtent()
    start = tuple(slice(first, None) for first in (extent[4], extent[2], extent[0]))
    return croppedMatrix(slicer.util.arrayFromVTKMatrix(matrix), start)
