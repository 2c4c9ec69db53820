"""Inside Slicer: regions placed, measured, compared side by side, exported, and given back by a saved scene."""

import tempfile
import unittest
from pathlib import Path

import numpy as np
import slicer
import vtk


def pairNodes():
    """A ball of 800 in 400, as standard with noise 20 and as enhanced with noise 10."""
    random = np.random.default_rng(1)
    k, j, i = np.mgrid[:32, :32, :32]
    truth = np.where((k - 16) ** 2 + (j - 16) ** 2 + (i - 8) ** 2 < 36, 800.0, 400.0)
    return [
        slicer.util.addVolumeFromArray(truth + random.normal(0, sigma, truth.shape), name=name)
        for name, sigma in (("standard", 20), ("enhanced", 10))
    ]


class DLEnhanceLesionMetricsSlicerTest(unittest.TestCase):
    def setUp(self):
        from DLEnhanceLesionMetrics import DLEnhanceLesionMetricsLogic

        slicer.mrmlScene.Clear()
        self.logic = DLEnhanceLesionMetricsLogic()
        self.addCleanup(self.logic.release)

    def measured(self):
        standardNode, enhancedNode = pairNodes()
        self.logic.setVolumes(standardNode, enhancedNode)
        lesion = self.logic.addRegion("lesion", (8, 16, 16), 8)
        self.logic.addRegion("reference", (24, 16, 16), 12)
        return lesion

    def cnr(self):
        return {row.condition: row.value for row in self.logic.measure() if row.metric == "cnr"}

    def test_panel_opens(self):
        self.assertIsNotNone(slicer.modules.dlenhancelesionmetrics.widgetRepresentation().self())

    def test_half_the_noise_is_twice_the_cnr(self):
        self.measured()
        cnr = self.cnr()
        self.assertAlmostEqual(cnr["standard"], 20, delta=2)
        self.assertAlmostEqual(cnr["enhanced"] / cnr["standard"], 2, delta=0.2)

    def test_side_by_side_gives_the_layout_back(self):
        if slicer.app.layoutManager() is None:
            self.skipTest("this Slicer runs without a main window")
        self.measured()
        before = slicer.app.layoutManager().layout
        self.logic.showComparison()
        slicer.app.processEvents()
        self.assertNotEqual(slicer.app.layoutManager().layout, before)
        self.logic.hideComparison()
        self.assertEqual(slicer.app.layoutManager().layout, before)

    def test_every_layout_of_the_comparison_appears_and_gives_the_layout_back(self):
        manager = slicer.app.layoutManager()
        if manager is None:
            self.skipTest("this Slicer runs without a main window")
        self.measured()
        before = manager.layout
        shown = []
        for layout in ("sideBySide", "residual", "curtain", "flicker"):
            self.logic.showComparison(layout)
            slicer.app.processEvents()
            shown.append(manager.layout)
        self.assertEqual(len({before, *shown}), 5)
        self.logic.hideComparison()
        self.assertEqual(manager.layout, before)

    def test_the_curtain_divides_the_view_and_is_dragged_by_the_mouse(self):
        """Which pixels come from which volume, as the slice view draws them."""
        if slicer.app.layoutManager() is None:
            self.skipTest("this Slicer runs without a main window")
        self.measured()
        self.logic.showComparison("curtain")
        self.addCleanup(self.logic.hideComparison)
        comparison = self.logic.comparison
        self.logic.parameters.standardVolume.GetDisplayNode().SetWindowLevelMinMax(-2, -1)  # white
        comparison.setLinks(window=False)
        self.logic.parameters.enhancedVolume.GetDisplayNode().SetWindowLevelMinMax(1e6, 2e6)  # black
        window = slicer.app.layoutManager().sliceWidget("DLEnhanceCurtain").sliceView().renderWindow()
        width, height = window.GetSize()
        interactor = window.GetInteractor()
        if interactor is None:
            self.skipTest("the stand-in host has views without a window")
        for event, x in (("LeftButtonPressEvent", 0.5), ("MouseMoveEvent", 0.6), ("LeftButtonReleaseEvent", 0.6)):
            interactor.SetEventInformation(round(x * width), height // 2, 0, 0)
            interactor.InvokeEvent(event)
        self.assertAlmostEqual(comparison.curtain, 0.6, delta=0.01)
        self.assertGreater(self.brightness(window, 0.55), 200)
        self.assertLess(self.brightness(window, 0.65), 50)

    def brightness(self, window, x):
        """Of a pixel above the regions, x: share of the width."""
        slicer.app.processEvents()
        grabber = vtk.vtkWindowToImageFilter()
        grabber.SetInput(window)
        grabber.ReadFrontBufferOff()
        grabber.Update()
        width, height, _depth = grabber.GetOutput().GetDimensions()
        return grabber.GetOutput().GetScalarComponentAsDouble(round(x * width), round(0.75 * height), 0, 0)

    def test_exports_and_saved_scene(self):
        self.measured()
        with tempfile.TemporaryDirectory() as folder:
            table = Path(self.logic.exportCsv(str(Path(folder) / "lesions.csv")))
            self.assertIn("cnr", table.read_text(encoding="utf-8"))
            scene = str(Path(folder) / "scene.mrb")
            self.assertTrue(slicer.util.saveScene(scene, {}))
            slicer.mrmlScene.Clear()
            slicer.util.loadScene(scene, {})
            roles = sorted(region.role for region in self.logic.regions())
            self.assertEqual(roles, ["lesion", "reference"])


if __name__ == "__main__":
    unittest.main()
