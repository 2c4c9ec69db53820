"""Enhanced minus standard as a hidden volume for the comparison: gray where nothing changed, blue and red where it did.

The window is three noise SDs to both sides, so what stands out is more than noise. Not saved with the scene.
"""

import numpy as np
import slicer

from DLEnhanceLib.errors import BadOption
from DLEnhanceLib.sceneVolumes import contentStamp, isInScene

WINDOW_IN_SD = 3.0
COLORS_NAME = "DLEnhance residual"
_BLUE, _GRAY, _RED = (0.10, 0.35, 1.0), (0.13, 0.13, 0.13), (1.0, 0.25, 0.10)


class Residual:
    """The residual node of one pair; made when it is first asked for, computed again only after voxels changed."""

    def __init__(self, scene):
        self._scene, self._node, self._state = scene, None, None

    def node(self, standardNode, enhancedNode, *, noise=None):
        """The up-to-date residual volume. noise: its SD in image units; estimated from the residual when None.

        Raises BadOption when the two volumes have different grids.
        """
        if standardNode.GetImageData().GetDimensions() != enhancedNode.GetImageData().GetDimensions():
            raise BadOption("The two volumes differ in size, so there is no residual; choose volumes of one grid.")
        state = (standardNode, contentStamp(standardNode), enhancedNode, contentStamp(enhancedNode))
        if not isInScene(self._node):
            self._node, self._state = _hiddenVolume(self._scene), None
        if state != self._state:
            self._fill(standardNode, enhancedNode)
            self._state = state
        self._setWindow(noise)
        return self._node

    def remove(self):
        if isInScene(self._node):
            self._scene.RemoveNode(self._node)
        self._node = self._state = None

    def _fill(self, standardNode, enhancedNode):
        standard, enhanced = (slicer.util.arrayFromVolume(node) for node in (standardNode, enhancedNode))
        with slicer.util.NodeModify(self._node):
            slicer.util.updateVolumeFromArray(self._node, np.subtract(enhanced, standard, dtype=np.float32))
            self._node.CopyOrientation(standardNode)
            self._node.SetAndObserveTransformNodeID(standardNode.GetTransformNodeID())
            self._node.SetName(f"{enhancedNode.GetName()} residual")

    def _setWindow(self, noise):
        half = WINDOW_IN_SD * (noise or _robustSd(slicer.util.arrayFromVolume(self._node)))
        display = self._node.GetDisplayNode()
        with slicer.util.NodeModify(display):
            display.SetAutoWindowLevel(False)
            display.SetWindowLevelMinMax(-half, half)


def _robustSd(residual):
    """From the median of the changed voxels' sizes; every voxel of a large volume is not needed for that."""
    sizes = np.abs(residual[::4, ::4, ::4])
    sizes = sizes[np.isfinite(sizes) & (sizes > 0)]
    return 1.4826 * float(np.median(sizes)) if sizes.size else 1.0


def _hiddenVolume(scene):
    node = slicer.vtkMRMLScalarVolumeNode()
    node.SetHideFromEditors(True)
    node.SetSaveWithScene(False)
    node.SetAttribute("SubjectHierarchy.ExcludeFromTree", "1")
    scene.AddNode(node)
    node.CreateDefaultDisplayNodes()
    node.GetDisplayNode().SetSaveWithScene(False)
    node.GetDisplayNode().SetAndObserveColorNodeID(_colors(scene).GetID())
    return node


def _colors(scene):
    """Blue over dark gray to red; one table in the scene."""
    found = scene.GetFirstNodeByName(COLORS_NAME)
    if found is not None and found.IsA("vtkMRMLColorTableNode"):
        return found
    node = slicer.vtkMRMLColorTableNode()
    node.SetName(COLORS_NAME)
    node.SetTypeToUser()
    node.SetHideFromEditors(True)
    node.SetSaveWithScene(False)
    node.SetNumberOfColors(256)
    for index in range(256):
        position = (index - 127.5) / 127.5
        end = _RED if position > 0 else _BLUE
        color = [gray + abs(position) * (target - gray) for gray, target in zip(_GRAY, end, strict=True)]
        node.SetColor(index, f"{3 * position:+.2f} SD", *color, 1.0)
    scene.AddNode(node)
    return node
