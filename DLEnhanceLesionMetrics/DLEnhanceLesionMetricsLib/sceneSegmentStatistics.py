"""SNR and CNR of segments in Slicer's own Segment Statistics module. Imported only where that module exists."""

import slicer
from SegmentStatisticsPlugins import SegmentStatisticsPluginBase
from slicer.i18n import tr as _

from DLEnhanceLib.errors import DLEnhanceError

from .measures import RegionSet, cnr, michelson, regionStatistics, snr
from .regions import REFERENCE
from .sceneRegions import SceneRegion
from .sceneShapes import ShapeReader, volumeView

_MEASURES = {
    "snr_roi_sd": lambda regions: snr(regions, "roi_sd"),
    "snr_tissue_sd": lambda regions: snr(regions, "tissue_sd"),
    "cnr_tissue_sd": lambda regions: cnr(regions, "tissue_sd"),
    "cr": michelson,
}


class LesionMetricsStatisticsPlugin(SegmentStatisticsPluginBase):
    """SNR by the segment's own SD; SNR, CNR and CR against the first segment with the role of a reference."""

    def __init__(self):
        super().__init__()
        self.name = "DL Enhance Lesion Metrics"
        self.title = _("Signal and contrast to noise")
        self.keys = list(_MEASURES)
        self.defaultKeys = self.keys

    def computeStatistics(self, segmentID):
        parameters = self.getParameterNode()
        node = slicer.mrmlScene.GetNodeByID(parameters.GetParameter("Segmentation"))
        volumeNode = slicer.mrmlScene.GetNodeByID(parameters.GetParameter("ScalarVolume"))
        wanted = [key for key in _MEASURES if key in self.getRequestedKeys()]
        if not wanted or node is None or volumeNode is None:
            return {}
        try:
            regions = self._regions(node, segmentID, volumeView(volumeNode))
        except DLEnhanceError:  # an empty segment, a label map, a scaling transform: no value
            return {}
        values = {key: _MEASURES[key](regions).value for key in wanted}
        return {key: value for key, value in values.items() if value is not None}

    @staticmethod
    def _regions(node, segmentID, volume):
        segmentIds = node.GetSegmentation().GetSegmentIDs()
        references = [other for other in segmentIds if SceneRegion(node, other).role == REFERENCE]
        reference = _statistics(node, references[0], volume) if references else None
        return RegionSet(_statistics(node, segmentID, volume), reference)

    def getMeasurementInfo(self, key):
        info = {
            "snr_roi_sd": ("SNR (own SD)", _("Mean over the standard deviation of the segment itself")),
            "snr_tissue_sd": ("SNR", _("Mean over the standard deviation of the reference segment")),
            "cnr_tissue_sd": ("CNR", _("Difference of means over the standard deviation of the reference segment")),
            "cr": ("CR", _("Difference of means over their sum")),
        }.get(key)
        if info is None:
            return None
        isSnr = key.startswith("snr")
        code = ("111787", "DCM", "Signal to Noise Ratio") if isSnr else (key.upper(), "99DLENHANCE", info[0])
        return self.createMeasurementInfo(
            name=info[0],
            title=info[0],
            description=info[1],
            units="1",
            quantityDicomCode=self.createCodedEntry(*code, True),
            unitsDicomCode=self.createCodedEntry("1", "UCUM", "no units", True),
        )


def _statistics(node, segmentId, volume):
    """Statistics of a segment, whatever its role; the role of the shape does not matter for its voxels."""
    shape = ShapeReader().shape(SceneRegion(node, segmentId))
    return regionStatistics(shape.maskOn(volume).values(volume.voxels), volume.voxelVolume)


def register():
    """Add the plugin to Segment Statistics; a second time does nothing."""
    from SegmentStatistics import SegmentStatisticsLogic

    SegmentStatisticsLogic.registerPlugin(LesionMetricsStatisticsPlugin())
