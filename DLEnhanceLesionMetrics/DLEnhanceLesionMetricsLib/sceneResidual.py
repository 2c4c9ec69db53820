"""Standard minus enhanced as a hidden volume for the comparison: what the processing took away, in color.

The window is three noise SDs to both sides, so what stands out is more than noise. Not saved with the scene.
"""

import numpy as np
import slicer
import vtk

from DLEnhanceLib.errors import BadOption
from DLEnhanceLib.sceneResidualColors import showAsResidual
from DLEnhanceLib.sceneVolumes import contentStamp, isInScene


class Residual:
    """The residual node of one pair; made when it is first asked for, computed again only after voxels changed."""

    def __init__(self, scene):
        self._scene, self._node, self._state = scene, None, None
        self.unit = None
        """One noise SD in image units, as the window of the node has it; None before there is a node."""

    def node(self, standardNode, enhancedNode, *, noise=None):
        """The up-to-date residual volume. noise: its SD in image units; estimated from the residual when None.

        Raises BadOption when the two volumes have different grids.
        """
        if not _sameGrid(standardNode, enhancedNode):
            raise BadOption("These volumes have different grids, so there is no residual: choose volumes of one grid.")
        state = (standardNode, contentStamp(standardNode), enhancedNode, contentStamp(enhancedNode))
        if not isInScene(self._node):
            self._node, self._state = _hiddenVolume(self._scene), None
        if state != self._state:
            self._fill(standardNode, enhancedNode)
            self._state = state
        self.unit = noise or _robustSd(slicer.util.arrayFromVolume(self._node))
        showAsResidual(self._node, self.unit)
        return self._node

    def remove(self):
        if isInScene(self._node):
            self._scene.RemoveNode(self._node)
        self._node = self._state = self.unit = None

    def _fill(self, standardNode, enhancedNode):
        standard, enhanced = (slicer.util.arrayFromVolume(node) for node in (standardNode, enhancedNode))
        with slicer.util.NodeModify(self._node):
            slicer.util.updateVolumeFromArray(self._node, np.subtract(standard, enhanced, dtype=np.float32))
            self._node.CopyOrientation(standardNode)
            self._node.SetAndObserveTransformNodeID(standardNode.GetTransformNodeID())
            self._node.SetName(f"{enhancedNode.GetName()} residual")


def _sameGrid(standardNode, enhancedNode):
    """Same size, and voxels at the same places to a hundredth of a millimeter per voxel."""
    matrices = []
    for node in (standardNode, enhancedNode):
        matrix = vtk.vtkMatrix4x4()
        node.GetIJKToRASMatrix(matrix)
        matrices.append(slicer.util.arrayFromVTKMatrix(matrix))
    sizes = {node.GetImageData().GetDimensions() for node in (standardNode, enhancedNode)}
    return len(sizes) == 1 and np.allclose(*matrices, atol=1e-2)


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
    return node
