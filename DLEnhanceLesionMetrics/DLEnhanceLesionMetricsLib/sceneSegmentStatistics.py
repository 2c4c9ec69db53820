"""SNR and CNR of segments in Slicer's own Segment Statistics module. Imported only where that module exists.

Registered at every start of Slicer, so what computes is imported with the first computation.
"""

import slicer
from SegmentStatisticsPlugins import SegmentStatisticsPluginBase
from slicer.i18n import tr as _

KEYS = ("snr_roi_sd", "snr_tissue_sd", "cnr_tissue_sd", "cr")


class LesionMetricsStatisticsPlugin(SegmentStatisticsPluginBase):
    """SNR by the segment's own SD; SNR, CNR and CR against the first segment with the role of a reference."""

    def __init__(self):
        super().__init__()
        self.name = "DL Enhance Lesion Metrics"
        self.title = _("Signal and contrast to noise")
        self.keys = list(KEYS)
        self.defaultKeys = self.keys

    def computeStatistics(self, segmentID):
        parameters = self.getParameterNode()
        node = slicer.mrmlScene.GetNodeByID(parameters.GetParameter("Segmentation"))
        volumeNode = slicer.mrmlScene.GetNodeByID(parameters.GetParameter("ScalarVolume"))
        wanted = [key for key in KEYS if key in self.getRequestedKeys()]
        if not wanted or node is None or volumeNode is None:
            return {}
        from .sceneSegmentMeasures import segmentMeasures

        return segmentMeasures(node, segmentID, volumeNode, wanted)

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


def register():
    """Add the plugin to Segment Statistics; a second time does nothing."""
    from SegmentStatistics import SegmentStatisticsLogic

    SegmentStatisticsLogic.registerPlugin(LesionMetricsStatisticsPlugin())
