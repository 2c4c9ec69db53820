"""Regions from what is already drawn (segments, label volumes), and those that are found in the image."""

import numpy as np
import slicer

from DLEnhanceLib.errors import BadOption, DLEnhanceError

from .regions import AIR, LESION, REFERENCE, Box, Ellipse
from .roleNames import roleOfName
from .sceneRegions import SEGMENTATION_CLASS, addCurve, addRegion, adoptRegion, nextName

MOST_PARTS = 40
OUTLINED_VOLUME_REFERENCE = "DLEnhanceLesionMetrics.OutlinedVolume"


def addRegionsFromSegmentation(segmentationNode, role=None, *, segmentIds=None):
    """Make segments regions, all of them when segmentIds is None; they keep their names.

    role: None takes it from each segment's name ("NAWM", "air", ...), a lesion where the name does not tell.
    Raises BadOption when there is no segment.
    """
    if segmentationNode is None or not segmentationNode.IsA(SEGMENTATION_CLASS):
        raise BadOption("Choose a segmentation first.")
    wanted = list(segmentIds or segmentationNode.GetSegmentation().GetSegmentIDs())
    if not wanted:
        raise BadOption(f'The segmentation "{segmentationNode.GetName()}" has no segments: draw one first.')
    segmentation = segmentationNode.GetSegmentation()
    roles = [role or roleOfName(segmentation.GetSegment(segmentId).GetName()) or LESION for segmentId in wanted]
    return [
        adoptRegion(segmentationNode, chosen, segmentId=segmentId)
        for chosen, segmentId in zip(roles, wanted, strict=True)
    ]


def addRegionsFromLabelVolume(scene, labelNode, *, lesionLabel=1, referenceLabel=2, airLabel=3):
    """Copy a label volume into a new segmentation whose segments are regions: L1, L2 ... for separate lesions, R1, A1.

    Parts of the lesion label that do not touch (not even at a corner) become lesions of their own, largest first; a
    label in more than MOST_PARTS parts is full of specks and becomes one lesion. Other labels are left out.
    Raises BadOption when the volume holds none of the three labels; no node is left then.
    """
    if labelNode is None or labelNode.GetImageData() is None:
        raise BadOption("Choose a label volume first.")
    labels = slicer.util.arrayFromVolume(labelNode)
    parts = [(LESION, part) for part in separateParts(labels == lesionLabel)]
    for role, label in ((REFERENCE, referenceLabel), (AIR, airLabel)):
        if np.any(labels == label):
            parts.append((role, labels == label))
    if not parts:
        wanted = f"{lesionLabel}, {referenceLabel} and {airLabel}"
        raise BadOption(f'"{labelNode.GetName()}" holds none of the labels {wanted} (lesion, reference, air).')
    node = _newSegmentation(scene, labelNode)
    return [_addSegment(scene, node, labelNode, role, mask) for role, mask in parts]


def addOutlinedLesion(scene, volumeNode, pointRAS):
    """Outline the lesion around a point (RAS mm) and add it as a segment: (SceneRegion, the core's Outline).

    Raises BadOption when nothing stands out from its surround there; no node is left then.
    """
    from .lesionOutline import proposeOutline
    from .sceneShapes import volumeView

    volume = volumeView(volumeNode)
    outline = proposeOutline(volume, pointRAS)
    node = _outlinesNode(scene, volumeNode)
    mask = outline.region.maskOn(volume).toArray()
    return _addSegment(scene, node, volumeNode, LESION, mask), outline


def redrawOutline(region, volumeNode, pointRAS, level):
    """Replace the voxels of an outline by those at another level; the core's Outline. Raises BadOption if it leaks."""
    from .lesionOutline import proposeOutline
    from .sceneShapes import volumeView

    volume = volumeView(volumeNode)
    outline = proposeOutline(volume, pointRAS, level=level)
    mask = outline.region.maskOn(volume).toArray().astype(np.uint8)
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, region.node, region.segmentId, volumeNode)
    return outline


def fittingDiameter(volumeNode, pointRAS, largest):
    """Diameter in mm of the largest sphere around a point within the lesion there, at most ``largest``.

    ``largest`` where no lesion stands out, so that a click always gives a region.
    """
    from .lesionOutline import inscribedDiameter
    from .sceneShapes import volumeView

    try:
        return min(largest, inscribedDiameter(volumeView(volumeNode), pointRAS))
    except DLEnhanceError:
        return largest


def addSuggestedReference(scene, volumeNode, lesion):
    """Add a patch of normal-appearing white matter opposite a lesion (the core's Region): (SceneRegion, sentence).

    Raises BadOption when there is no place for one; no node is left then.
    """
    from .sceneShapes import volumeView
    from .suggestRegions import suggestReference

    suggestion = suggestReference(volumeView(volumeNode), lesion)
    return _addShape(scene, REFERENCE, suggestion.region.shape), suggestion.sentence


def addSuggestedAir(scene, volumeNode):
    """Add a box of air with the lowest signal: (SceneRegion, sentence). Raises BadOption when the air is masked."""
    from .sceneShapes import volumeView
    from .suggestRegions import suggestAir

    suggestion = suggestAir(volumeView(volumeNode))
    return _addShape(scene, AIR, suggestion.region.shape), suggestion.sentence


def _addShape(scene, role, shape):
    """A core shape as a markup: box and ellipsoid with their own axes, a flat ellipse as a closed curve."""
    if isinstance(shape, Ellipse):
        angles = np.linspace(0.0, 2.0 * np.pi, 16, endpoint=False)
        half = np.array(shape.size) / 2.0
        local = np.stack([half[0] * np.cos(angles), half[1] * np.sin(angles), 0 * angles, np.ones(16)])
        return addCurve(scene, role, (shape.planeToRAS @ local)[:3].T)
    kind = "box" if isinstance(shape, Box) else "ellipsoid"
    region = addRegion(scene, role, shape.center, shape.size, shape=kind)
    matrix = slicer.util.vtkMatrixFromArray(shape.objectToRAS)
    region.node.SetAndObserveObjectToNodeMatrix(matrix)
    return region


def _outlinesNode(scene, volumeNode):
    """The segmentation that collects the outlines found in a volume."""
    nodes = scene.GetNodesByClass(SEGMENTATION_CLASS)
    nodes.UnRegister(None)
    for node in (nodes.GetItemAsObject(n) for n in range(nodes.GetNumberOfItems())):
        isOurs = node.GetNodeReference(OUTLINED_VOLUME_REFERENCE) is volumeNode
        if isOurs and node.GetTransformNodeID() == volumeNode.GetTransformNodeID():
            return node
    node = _newSegmentation(scene, volumeNode)
    node.SetNodeReferenceID(OUTLINED_VOLUME_REFERENCE, volumeNode.GetID())
    return node


def separateParts(mask):
    """The connected parts of a boolean array (k, j, i), largest first; the whole if there are more than MOST_PARTS."""
    from scipy import ndimage

    numbered, count = ndimage.label(mask, np.ones((3, 3, 3)))
    if count > MOST_PARTS:
        return [mask]
    sizes = np.bincount(numbered.ravel(), minlength=count + 1)[1:]
    return [numbered == number + 1 for number in np.argsort(-sizes, kind="stable")]


def _newSegmentation(scene, labelNode):
    node = scene.AddNewNodeByClass(SEGMENTATION_CLASS, f"{labelNode.GetName()} regions")
    node.CreateDefaultDisplayNodes()
    node.SetReferenceImageGeometryParameterFromVolumeNode(labelNode)
    node.SetAndObserveTransformNodeID(labelNode.GetTransformNodeID())
    return node


def _addSegment(scene, node, labelNode, role, mask):
    name = nextName(scene, role)
    segmentId = node.GetSegmentation().AddEmptySegment(name, name)
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask.astype(np.uint8), node, segmentId, labelNode)
    return adoptRegion(node, role, segmentId=segmentId)
