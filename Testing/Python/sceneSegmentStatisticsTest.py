"""The plugin for Segment Statistics on real segments; only that module's base class is stood in for (guide 5.6)."""

import importlib
import sys
import types

import numpy as np
import pytest

slicer = pytest.importorskip("slicer", reason="the scene floor is tested with slicer-core")


class PluginBase:
    """What the plugin uses of SegmentStatisticsPluginBase."""

    def __init__(self):
        self.keys, self.requested = [], None
        self.parameters = slicer.vtkMRMLScriptedModuleNode()

    def getParameterNode(self):
        return self.parameters

    def getRequestedKeys(self):
        return self.keys if self.requested is None else self.requested

    def createCodedEntry(self, *parts):
        return parts

    def createMeasurementInfo(self, **info):
        return info


@pytest.fixture
def plugin(aSlicerScene, monkeypatch):
    module = types.ModuleType("SegmentStatisticsPlugins")
    module.SegmentStatisticsPluginBase = PluginBase
    monkeypatch.setitem(sys.modules, "SegmentStatisticsPlugins", module)
    monkeypatch.delitem(sys.modules, "DLEnhanceLesionMetricsLib.sceneSegmentStatistics", raising=False)
    return importlib.import_module("DLEnhanceLesionMetricsLib.sceneSegmentStatistics").LesionMetricsStatisticsPlugin()


@pytest.fixture
def segmentation(aSlicerScene, plugin):
    """A volume of 400 +- 20 with a lesion of 800, and a segment on each."""
    voxels = np.random.default_rng(0).normal(400, 20, (20, 40, 40))
    voxels[5:15, 5:15, 5:15] += 400
    volumeNode = slicer.util.addVolumeFromArray(voxels.astype(np.float32))
    node = aSlicerScene.scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    node.SetReferenceImageGeometryParameterFromVolumeNode(volumeNode)
    for name, start in (("lesion", 5), ("tissue", 25)):
        mask = np.zeros(voxels.shape, np.uint8)
        mask[5:15, 5:15, start : start + 10] = 1
        segmentId = node.GetSegmentation().AddEmptySegment(name, name)
        slicer.util.updateSegmentBinaryLabelmapFromArray(mask, node, segmentId, volumeNode)
    plugin.parameters.SetParameter("Segmentation", node.GetID())
    plugin.parameters.SetParameter("ScalarVolume", volumeNode.GetID())
    return node


def test_a_reference_segment_gives_snr_cnr_and_contrast(plugin, segmentation):
    from DLEnhanceLesionMetricsLib.sceneRegions import adoptRegion

    adoptRegion(segmentation, "reference", segmentId="tissue")
    values = plugin.computeStatistics("lesion")
    assert values["cnr_tissue_sd"] == pytest.approx(20, rel=0.05)
    assert values["snr_tissue_sd"] == pytest.approx(40, rel=0.05)
    assert values["cr"] == pytest.approx(1 / 3, rel=0.02)


def test_without_a_reference_only_the_segments_own_snr_is_given(plugin, segmentation):
    assert set(plugin.computeStatistics("lesion")) == {"snr_roi_sd"}


def test_an_empty_segment_has_no_values(plugin, segmentation):
    segmentation.GetSegmentation().AddEmptySegment("empty", "empty")
    assert plugin.computeStatistics("empty") == {}


def test_only_requested_keys_are_computed(plugin, segmentation):
    plugin.requested = ["snr_roi_sd"]
    assert set(plugin.computeStatistics("tissue")) == {"snr_roi_sd"}
    plugin.requested = []
    assert plugin.computeStatistics("tissue") == {}


def test_every_key_has_a_name_a_unit_and_no_dot(plugin):
    for key in plugin.keys:
        assert "." not in key
        info = plugin.getMeasurementInfo(key)
        assert info["name"]
        assert info["units"] == "1"
    assert plugin.getMeasurementInfo("volume") is None
