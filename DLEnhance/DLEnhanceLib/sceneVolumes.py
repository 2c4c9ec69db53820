"""Volume nodes to arrays and back: the only file that touches volume nodes, and it never changes an input."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import slicer
import vtk

from .errors import UnsupportedVolume
from .version import LABEL
from .volume import Volume

SOURCE_ROLE = "DLEnhance.Source"
"""Node reference from a volume that we made to the volume it was made from."""
LABEL_ATTRIBUTE = "DLEnhance.Label"
DICOM_SUFFIXES = (".dcm", ".ima", ".dicom")


def volumeFromNode(node, *, inWorld=False) -> Volume:
    """The node's voxels (a copy, k, j, i order, stored type) and geometry.

    inWorld: False gives the acquired grid, which is what enhancement needs; True applies the parent transforms, so that
    regions in world coordinates fit. Raises UnsupportedVolume when there is no node, no voxels, colors or labels
    instead of intensities, or a parent transform that is not linear (inWorld only).
    """
    requireScalarVolume(node)
    ijkToRAS = localToWorld(node) @ ijkToLocal(node) if inWorld else ijkToLocal(node)
    voxels = slicer.util.arrayFromVolume(node).copy()
    return Volume(voxels, ijkToRAS, name=node.GetName() or "volume", tags=dicomTags(node))


def requireScalarVolume(node):
    """Raises UnsupportedVolume, with the sentence for the user, unless the node holds one intensity a voxel."""
    if node is None:
        raise UnsupportedVolume("Choose an input volume first.")
    name = node.GetName()
    if node.IsA("vtkMRMLLabelMapVolumeNode"):
        raise UnsupportedVolume(f"{name} is a label map: choose the MR volume it was drawn on.")
    image = node.GetImageData()
    if image is None or image.GetPointData().GetScalars() is None or image.GetNumberOfPoints() == 0:
        raise UnsupportedVolume(f"{name} holds no voxels: load it again or choose another volume.")
    if image.GetNumberOfScalarComponents() != 1:
        raise UnsupportedVolume(f"{name} has several values a voxel (color or vectors): choose a gray-scale MR volume.")


def ijkToLocal(node) -> np.ndarray:
    """4x4 from voxel index (i, j, k, 1) to mm, without parent transforms."""
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix).copy()


def localToWorld(node) -> np.ndarray:
    """4x4 of all parent transforms together. Raises UnsupportedVolume when one of them is not linear."""
    transformNode = node.GetParentTransformNode()
    if transformNode is None:
        return np.eye(4)
    if not transformNode.IsTransformToWorldLinear():
        raise UnsupportedVolume(
            f"{node.GetName()} lies under a warping transform: harden or remove the transform first."
        )
    matrix = vtk.vtkMatrix4x4()
    transformNode.GetMatrixTransformToWorld(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix).copy()


def addVolumeNode(volume: Volume, name: str, *, source):
    """A new scalar volume node that holds the volume's voxels beside its source node. Leaves nothing when it fails."""
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", slicer.mrmlScene.GenerateUniqueName(name))
    try:
        fillVolumeNode(node, volume, source=source)
    except BaseException:
        slicer.mrmlScene.RemoveNode(node)
        raise
    return node


def fillVolumeNode(node, volume: Volume, *, source):
    """Make the node a volume beside its source: voxels, grid and parent transform, place in the tree, window and level.

    Grid, transform and window come from the source node, so they are equal to the last bit. Raises UnsupportedVolume
    when node and source are the same: the source is never changed.
    """
    if node is source:
        raise UnsupportedVolume(
            "The output volume is the input volume: choose another one, the input is never changed."
        )
    with slicer.util.NodeModify(node):
        slicer.util.updateVolumeFromArray(node, np.ascontiguousarray(volume.voxels))
        node.CopyOrientation(source)
        node.SetAndObserveTransformNodeID(source.GetTransformNodeID())
        node.SetNodeReferenceID(SOURCE_ROLE, source.GetID())
        node.SetAttribute(LABEL_ATTRIBUTE, LABEL)
    _displayLike(node, source)
    _placeBeside(node, source)


def setVoxels(node, voxels: np.ndarray):
    """Replace the voxels of a node that we made; fast enough for every move of a slider (k, j, i; same shape)."""
    current = slicer.util.arrayFromVolume(node)
    if current.dtype != voxels.dtype or current.shape != voxels.shape:
        slicer.util.updateVolumeFromArray(node, np.ascontiguousarray(voxels))
        return
    np.copyto(current, voxels)
    slicer.util.arrayFromVolumeModified(node)


def setProvenance(node, values: Mapping[str, str]):
    """Store how the node was made as attributes ``DLEnhance.<key>``; they live in the scene file."""
    with slicer.util.NodeModify(node):
        for key, value in values.items():
            node.SetAttribute(f"DLEnhance.{key}", str(value))


def isOurs(node) -> bool:
    """Whether we made it: enhanced volume, residual or component."""
    return bool(node.GetAttribute(LABEL_ATTRIBUTE))


def firstForeignVolume():
    """The first scalar volume of the scene that is no label map and not ours; None without one."""
    nodes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    return next((node for node in nodes if not node.IsA("vtkMRMLLabelMapVolumeNode") and not isOurs(node)), None)


def sourceOf(node):
    """The node it was made from; None for a volume that we did not make."""
    return node.GetNodeReference(SOURCE_ROLE) if node is not None else None


def derivedNode(node, kind: str):
    """The volume of this kind ("residual", "noise", ...) that was made for the node; None when there is none."""
    return node.GetNodeReference(f"DLEnhance.{kind}")


def setDerivedNode(node, kind: str, derived):
    node.SetNodeReferenceID(f"DLEnhance.{kind}", derived.GetID())


def isInScene(node) -> bool:
    """Whether the node object still belongs to the scene. Ids are reused after a close, so they prove nothing."""
    return node is not None and bool(slicer.mrmlScene.IsNodePresent(node))


def removeNode(node):
    if isInScene(node):
        slicer.mrmlScene.RemoveNode(node)


def showSymmetric(node, halfWidth: float):
    """Display signed values: gray at zero, the same distance to both ends (input units)."""
    displayNode = node.GetDisplayNode()
    with slicer.util.NodeModify(displayNode):
        displayNode.SetAutoWindowLevel(False)
        displayNode.SetWindowLevelMinMax(-halfWidth, halfWidth)


def contentStamp(node) -> int:
    """A number that grows whenever the voxels change."""
    image = node.GetImageData()
    return image.GetMTime() if image is not None else 0


def dicomTags(node) -> dict:
    """Acquisition attributes by DICOM keyword, as far as they can be found; empty for a volume without DICOM."""
    path = _dicomFile(node)
    if path is not None:
        return _tagsOfFile(path)
    modality = _hierarchyAttribute(node, "DICOM.Modality")
    return {"Modality": modality} if modality else {}


def _tagsOfFile(path):
    import pydicom  # here and not above: Slicer must start fast

    from .dicomTags import plainTags

    return plainTags(pydicom.dcmread(path, stop_before_pixels=True))


def _dicomFile(node):
    """One DICOM file of the node: from the database where it was loaded from there, else the file it was read from."""
    uids = (node.GetAttribute("DICOM.instanceUIDs") or "").split()
    database = getattr(slicer, "dicomDatabase", None)
    if uids and database is not None:
        path = database.fileForInstance(uids[0])
        return Path(path) if path and Path(path).is_file() else None
    storageNode = node.GetStorageNode()
    path = Path(storageNode.GetFileName() or "") if storageNode is not None else None
    return path if path is not None and path.suffix.lower() in DICOM_SUFFIXES and path.is_file() else None


def _hierarchyAttribute(node, name):
    hierarchy = _hierarchy()
    item = hierarchy.GetItemByDataNode(node)
    return hierarchy.GetItemAttribute(item, name) if item else ""


def _hierarchy():
    return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)


def _placeBeside(node, source):
    """The node's item gets the parent of its source's item. Without the application no items appear by themselves."""
    hierarchy = _hierarchy()
    parent = hierarchy.GetItemParent(_itemOf(hierarchy, source))
    hierarchy.SetItemParent(_itemOf(hierarchy, node), parent)


def _itemOf(hierarchy, node):
    return hierarchy.GetItemByDataNode(node) or hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)


def _displayLike(node, source):
    """Same colors, window and level as the source, so that a difference on the screen is one of the image."""
    node.CreateDefaultDisplayNodes()
    ours, theirs = node.GetDisplayNode(), source.GetDisplayNode()
    if ours is None or theirs is None:
        return
    with slicer.util.NodeModify(ours):
        ours.SetAndObserveColorNodeID(theirs.GetColorNodeID())
        ours.SetInterpolate(theirs.GetInterpolate())
        if theirs.GetWindow() > 0:  # 0 means that it was never shown and has no window yet
            ours.SetAutoWindowLevel(False)
            ours.SetWindowLevel(theirs.GetWindow(), theirs.GetLevel())
