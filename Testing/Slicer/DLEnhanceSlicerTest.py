"""Inside Slicer: the DL Enhance module with its real panel and, where PyTorch is installed, its real network."""

import importlib.util
import unittest

import numpy as np
import slicer


def phantomNode(name="phantom"):
    """A noisy ball, 48 x 64 x 56 voxels of 1 mm."""
    k, j, i = np.mgrid[:48, :64, :56]
    ball = ((k - 24) / 20) ** 2 + ((j - 32) / 26) ** 2 + ((i - 28) / 22) ** 2 < 1
    voxels = np.abs(1000.0 * ball + np.random.default_rng(1).normal(0, 50, ball.shape)).astype(np.int16)
    return slicer.util.addVolumeFromArray(voxels, name=name)


class DLEnhanceSlicerTest(unittest.TestCase):
    def setUp(self):
        slicer.mrmlScene.Clear()

    def panel(self):
        return slicer.modules.dlenhance.widgetRepresentation().self()

    def test_panel_opens_and_survives_a_closed_scene(self):
        panel = self.panel()
        phantomNode()
        slicer.mrmlScene.Clear()
        slicer.app.processEvents()
        self.assertIsNotNone(panel)

    def test_parameters_are_kept_in_the_scene(self):
        from DLEnhance import DLEnhanceLogic

        node = phantomNode()
        parameters = DLEnhanceLogic().getParameterNode()
        parameters.inputVolume = node
        self.assertEqual(DLEnhanceLogic().getParameterNode().inputVolume.GetID(), node.GetID())

    @unittest.skipUnless(importlib.util.find_spec("torch"), "PyTorch is not installed in this Slicer")
    def test_enhanced_volume_lies_beside_its_source(self):
        from DLEnhance import DLEnhanceLogic

        inputNode = phantomNode()
        before = slicer.util.arrayFromVolume(inputNode).copy()
        outputNode = DLEnhanceLogic().enhance(inputNode, profile="fast", device="cpu")
        self.assertTrue(np.array_equal(before, slicer.util.arrayFromVolume(inputNode)))
        enhanced = slicer.util.arrayFromVolume(outputNode)
        self.assertEqual(enhanced.dtype, before.dtype)
        core = np.s_[16:32, 20:44, 18:38]
        self.assertLess(enhanced[core].std(), 0.8 * before[core].std())
        hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
        parents = [hierarchy.GetItemParent(hierarchy.GetItemByDataNode(n)) for n in (inputNode, outputNode)]
        self.assertEqual(parents[0], parents[1])


if __name__ == "__main__":
    unittest.main()
