"""Inside Slicer, the whole job as a user does it: load, enhance, place regions, measure, compare, export, close.

Needs no network: the volume is the sample that comes with the extension. Where PyTorch is missing, a smoothed copy
stands for the enhanced volume, and the job goes on from there. ``pictures`` may be set to a folder for a picture after
each step.
"""

import importlib.util
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

import numpy as np
import slicer
import vtk

PART = np.s_[4:40, 70:160, 50:140]  # of the sample: an 8-mm lesion, the reference, and what lies around them
LESION, REFERENCE = (-29.7, -45.6, 23.7), (-29.0, -8.0, 33.0)  # RAS, mm
HAS_TORCH = importlib.util.find_spec("torch") is not None


class DLEnhanceSelfTest(unittest.TestCase):
    pictures = None

    def setUp(self):
        """Boxes for the user would wait for ever: they are kept, and none may come."""
        slicer.mrmlScene.Clear()
        self.boxes = []
        for name in ("errorDisplay", "warningDisplay", "infoDisplay"):
            patched = mock.patch.object(slicer.util, name, lambda text, *args, **options: self.boxes.append(text))
            patched.start()
            self.addCleanup(patched.stop)

    def test_the_whole_job(self):
        standardNode = self.loadedPart()
        enhancedNode = self.enhanced(standardNode) if HAS_TORCH else self.smoothed(standardNode)
        logic = self.measuredPair(standardNode, enhancedNode)
        self.checkTable(logic)
        self.checkComparison(logic, standardNode, enhancedNode)
        self.checkExports(logic)
        self.checkClosedScene(logic)
        self.assertEqual(self.boxes, [])

    # Steps

    def loadedPart(self):
        """A part of the simulated head, so that the network takes seconds."""
        folder = Path(slicer.util.modulePath("DLEnhance")).parent / "Resources" / "SampleData"
        loadedNode = slicer.util.loadVolume(str(folder / "SimulatedHead.nrrd"))
        voxels = slicer.util.arrayFromVolume(loadedNode)
        self.assertEqual(voxels.shape, (48, 240, 204))
        matrix = vtk.vtkMatrix4x4()
        loadedNode.GetIJKToRASMatrix(matrix)
        grid = slicer.util.arrayFromVTKMatrix(matrix)
        grid[:3, 3] = (grid @ [*[part.start for part in PART[::-1]], 1])[:3]
        partNode = slicer.util.addVolumeFromArray(voxels[PART].copy(), grid, "head")
        slicer.mrmlScene.RemoveNode(loadedNode)
        return partNode

    def enhanced(self, inputNode):
        """By the panel's button; then the sliders, down to the input itself and back."""
        panel = self.openModule("DLEnhance")
        from DLEnhanceLib.parameters import Preset, Profile

        before = slicer.util.arrayFromVolume(inputNode).copy()
        parameters = panel.logic.getParameterNode()
        parameters.inputVolume, parameters.profile = inputNode, Profile.FAST
        self.waitUntil(panel.ui.applyButton.isEnabled, 300)
        panel.ui.applyButton.click()
        self.waitUntil(lambda: panel.logic.finished is not None and not panel.runView.isBusy, 600)
        outputNode = panel.logic.finished.outputNode
        self.takePicture("1-enhanced")
        result = slicer.util.arrayFromVolume(outputNode).copy()
        self.assertTrue(np.array_equal(slicer.util.arrayFromVolume(inputNode), before))
        self.assertLess(self.whiteMatter(result).std(), 0.8 * self.whiteMatter(before).std())
        for name in ("denoisePercent", "deringPercent", "sharpenPercent"):
            setattr(parameters, name, 0.0)
        self.waitUntil(lambda: np.array_equal(slicer.util.arrayFromVolume(outputNode), before), 300)
        parameters.preset = Preset.MEDIUM
        self.waitUntil(lambda: np.array_equal(slicer.util.arrayFromVolume(outputNode), result), 300)
        return outputNode

    def smoothed(self, inputNode):
        from scipy import ndimage

        voxels = ndimage.gaussian_filter(slicer.util.arrayFromVolume(inputNode).astype(np.float32), 0.8)
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "head smoothed")
        node.CopyOrientation(inputNode)
        slicer.util.updateVolumeFromArray(node, voxels)
        return node

    def measuredPair(self, standardNode, enhancedNode):
        logic = self.openModule("DLEnhanceLesionMetrics").logic
        logic.setVolumes(standardNode, enhancedNode)
        logic.addRegion("lesion", LESION, 7)
        logic.addRegion("reference", REFERENCE, 9)
        self.waitUntil(lambda: any(row.standard.metric == "cnr" for row in logic.outcome.results), 300)
        return logic

    def checkTable(self, logic):
        """The table node of the scene: CNR rose, and the values are those of the logic."""
        table = logic.parameters.resultTable.GetTable()
        column = {name: table.GetColumnByName(name).GetValue for name in ("metric", "standard", "enhanced")}
        row = [column["metric"](row) for row in range(table.GetNumberOfRows())].index("cnr")
        standard, enhanced = column["standard"](row), column["enhanced"](row)
        self.assertGreater(standard, 2)
        self.assertGreater(enhanced, 1.2 * standard)
        measured = {row.condition: row.value for row in logic.measure() if row.metric == "cnr"}
        self.assertAlmostEqual(measured["standard"], standard, places=6)

    def checkComparison(self, logic, standardNode, enhancedNode):
        """Two linked views, and the user's layout afterwards."""
        manager = slicer.app.layoutManager()
        if manager is None:
            return
        before = manager.layout
        logic.showComparison()
        slicer.app.processEvents()
        self.takePicture("2-compared")
        shown = {}
        for name in manager.sliceViewNames():
            widget = manager.sliceWidget(name)
            shown.setdefault(widget.mrmlSliceCompositeNode().GetBackgroundVolumeID(), widget)
        views = [shown[node.GetID()] for node in (standardNode, enhancedNode)]
        offset = views[0].mrmlSliceNode().GetSliceOffset() + 3
        views[0].sliceController().setSliceOffsetValue(offset)
        slicer.app.processEvents()
        self.assertAlmostEqual(views[1].mrmlSliceNode().GetSliceOffset(), offset, places=3)
        logic.hideComparison()
        self.assertEqual(manager.layout, before)

    def checkExports(self, logic):
        with tempfile.TemporaryDirectory() as folder:
            table = Path(logic.exportCsv(str(Path(folder) / "lesions.csv")))
            self.assertIn("cnr", table.read_text(encoding="utf-8"))
            picture = Path(logic.exportFigure(str(Path(folder) / "figure.png")))
            self.assertEqual(picture.read_bytes()[:4], b"\x89PNG")

    def checkClosedScene(self, logic):
        """Nothing of ours is left, and both panels open again."""
        self.takePicture("3-measured")
        slicer.mrmlScene.Clear()
        slicer.app.processEvents()
        self.assertEqual(logic.regions(), [])
        for name in ("vtkMRMLScalarVolumeNode", "vtkMRMLMarkupsROINode", "vtkMRMLTableNode", "vtkMRMLModelNode"):
            hidden = [node.GetName() for node in slicer.util.getNodesByClass(name) if not node.GetSingletonTag()]
            self.assertEqual([node for node in hidden if not node.endswith("Volume Slice")], [], name)
        panel = self.openModule("DLEnhance")
        self.assertFalse(panel.ui.applyButton.isEnabled())
        self.assertIsNone(panel.logic.getParameterNode().inputVolume)

    # Help

    def whiteMatter(self, voxels):
        """10 x 10 x 10 mm around the reference, of an array of the part."""
        return voxels[17:27, 54:64, 17:27]

    def openModule(self, name):
        """Its panel, entered where Slicer has a window."""
        if slicer.util.mainWindow() is not None:
            slicer.util.selectModule(name)
        slicer.app.processEvents()
        return slicer.util.getModuleWidget(name)

    def waitUntil(self, condition, seconds):
        end = time.monotonic() + seconds
        while not condition():
            self.assertEqual(self.boxes, [])
            self.assertLess(time.monotonic(), end, f"waited {seconds} s in vain")
            slicer.app.processEvents()
            time.sleep(0.02)

    def takePicture(self, name):
        window = slicer.util.mainWindow()
        if self.pictures is not None and window is not None:
            slicer.app.processEvents()
            slicer.util.forceRenderAllViews()
            window.grab().save(str(Path(self.pictures) / f"{name}.png"))


if __name__ == "__main__":
    unittest.main()
