"""From nodes to what the measurements need: the regions' shapes in world RAS, and volumes without copying voxels.

The same shape is applied to every volume, so a region cannot differ between the standard and the enhanced image.
"""

import numpy as np
import slicer
import vtk
from DLEnhanceLib.errors import BadOption, UnsupportedVolume
from DLEnhanceLib.sceneVolumes import ijkToLocal, localToWorld, requireScalarVolume
from DLEnhanceLib.volume import Volume

from .masks import boundingBox, croppedMatrix
from .regions import Box, ClosedCurve, Ellipsoid, LabelShape, Region
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


class ShapeReader:
    """Turns scene regions into measurable ones; the voxels of a segment are read again only after they changed."""

    def __init__(self):
        self._segments = {}

    def regions(self, sceneRegions) -> list[Region]:
        """The placed regions, in the same order. Raises BadOption for a region under a scaling or warping transform."""
        return [self.region(region) for region in sceneRegions if region.isPlaced]

    def region(self, region) -> Region:
        if region.segmentId:
            shape = self._segmentShape(region)
        elif region.node.IsA(ROI_CLASS):
            shape = _roiShape(region)
        else:
            shape = _curveShape(region)
        return Region(region.name, region.role, shape)

    def _segmentShape(self, region):
        _requireRigidParent(region)
        stamp = _segmentStamp(region)
        known = self._segments.get(region.key)
        if known is None or known[0] != stamp:
            known = self._segments[region.key] = (stamp, _labelShape(region))
        inside, ijkToNode = known[1]
        return LabelShape(inside, localToWorld(region.node) @ ijkToNode)


def _roiShape(region):
    objectToWorld = slicer.util.arrayFromVTKMatrix(region.node.GetObjectToWorldMatrix()).copy()
    _requireRigidParent(region)
    if not isRigid(objectToWorld):
        raise BadOption(_scaledText(region))
    kind = Box if region.shape == "box" else Ellipsoid
    return kind(objectToWorld, tuple(region.node.GetSize()))


def _curveShape(region):
    _requireRigidParent(region)
    return ClosedCurve(slicer.util.arrayFromMarkupsCurvePoints(region.node, world=True).copy())


def _requireRigidParent(region):
    parent = region.node.GetParentTransformNode()
    if parent is None:
        return
    if not parent.IsTransformToWorldLinear() or not isRigid(localToWorld(region.node)):
        raise BadOption(_scaledText(region))


def _scaledText(region):
    return f"{region.name} lies under a transform that scales or warps it: harden or remove the transform first."


def _segmentStamp(region):
    segmentation = region.node.GetSegmentation()
    representation = segmentation.GetSegment(region.segmentId).GetRepresentation(
        segmentation.GetSourceRepresentationName()
    )
    return representation.GetMTime() if representation is not None else 0


def _labelShape(region):
    """Boolean box (k, j, i) of a segment's voxels and the matrix of its first voxel in the node's own mm."""
    segmentation = region.node.GetSegmentation()
    if not segmentation.ContainsRepresentation(slicer.vtkSegmentationConverter.GetBinaryLabelmapRepresentationName()):
        region.node.CreateBinaryLabelmapRepresentation()
    image = slicer.vtkOrientedImageData()
    region.node.GetBinaryLabelmapRepresentation(region.segmentId, image)
    inside = _imageArray(image) > 0
    box = boundingBox(inside) if inside.size else None
    if box is None:
        raise BadOption(f"The segment {region.name} is empty: draw it first, or remove it from the list.")
    return inside[box].copy(), croppedMatrix(_imageMatrix(image), box)


def _imageArray(image):
    scalars = image.GetPointData().GetScalars()
    if scalars is None or image.IsEmpty():
        return np.zeros((0, 0, 0), bool)
    return vtk.util.numpy_support.vtk_to_numpy(scalars).reshape(image.GetDimensions()[::-1])


def _imageMatrix(image):
    """ijkToRAS of the array's first voxel; the image's own indices begin at its extent."""
    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    extent = image.GetExtent()
    start = tuple(slice(first, None) for first in (extent[4], extent[2], extent[0]))
    return croppedMatrix(slicer.util.arrayFromVTKMatrix(matrix), start)
