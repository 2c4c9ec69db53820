"""The classes Slicer looks for in module Lesion Metrics; everything else is in DLEnhanceLesionMetricsLib.

Slicer runs this file at every start, so panel and logic are imported when somebody first wants them
(Docs/developer-guide.md, "Start-up").
"""

import logging

import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import ScriptedLoadableModule, ScriptedLoadableModuleTest


class DLEnhanceLesionMetrics(ScriptedLoadableModule):
    """What Slicer shows of the module; runs at every start of Slicer, so it does nothing else."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("DL Enhance Lesion Metrics")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Quantification")]
        self.parent.dependencies = []
        self.parent.contributors = ["DLEnhance developers"]
        self.parent.helpText = _(
            "Measures signal, noise and contrast of lesions in a standard and an enhanced MR volume alike: regions are "
            "placed once and measured in both while you drag them. Research use only. {start}Documentation{end}"
        ).format(start='<a href="https://github.com/DLEnhance/SlicerDLEnhance#DLEnhanceLesionMetrics">', end="</a>")
        self.parent.acknowledgementText = _(
            "Built with 3D Slicer. Formulas and their sources stand in the documentation of every measure."
        )
        slicer.app.connect("startupCompleted()", registerSegmentStatistics)


def registerSegmentStatistics():
    """SNR and CNR in Slicer's Segment Statistics; not where that module is switched off."""
    try:
        from DLEnhanceLesionMetricsLib import sceneSegmentStatistics

        sceneSegmentStatistics.register()
    except ImportError:
        logging.getLogger(__name__).debug("Segment Statistics is not available")


class DLEnhanceLesionMetricsWidget:
    """What Slicer calls when the module is first opened; gives the panel of DLEnhanceLesionMetricsLib.panel."""

    def __new__(cls, parent=None):
        from DLEnhanceLesionMetricsLib.panel import DLEnhanceLesionMetricsWidget

        return DLEnhanceLesionMetricsWidget(parent)


def __getattr__(name):
    """DLEnhanceLesionMetricsLogic for scripts: the class itself, imported by whoever asks for it."""
    if name == "DLEnhanceLesionMetricsLogic":
        from DLEnhanceLesionMetricsLib.logic import DLEnhanceLesionMetricsLogic

        return DLEnhanceLesionMetricsLogic
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class DLEnhanceLesionMetricsTest(ScriptedLoadableModuleTest):
    """Inside Slicer: a lesion of known contrast and noise, measured in a pair of volumes and dragged."""

    def setUp(self):
        slicer.mrmlScene.Clear()

    def test_known_lesion_is_measured_in_both_volumes(self):
        import numpy as np

        from DLEnhanceLesionMetricsLib.logic import DLEnhanceLesionMetricsLogic

        random = np.random.default_rng(1)
        k, j, i = np.mgrid[:32, :32, :32]
        truth = np.where((k - 16) ** 2 + (j - 16) ** 2 + (i - 8) ** 2 < 36, 800.0, 400.0)
        standardNode = slicer.util.addVolumeFromArray(truth + random.normal(0, 20, truth.shape), name="standard")
        enhancedNode = slicer.util.addVolumeFromArray(truth + random.normal(0, 10, truth.shape), name="enhanced")
        logic = DLEnhanceLesionMetricsLogic()
        logic.startLive()
        logic.setVolumes(standardNode, enhancedNode)
        lesion = logic.addRegion("lesion", (8, 16, 16), 8)
        logic.addRegion("reference", (24, 16, 16), 12)
        cnr = next(row for row in logic.outcome.results if row.standard.metric == "cnr")
        assert abs(cnr.standard.value - 20) < 2
        assert abs(cnr.percentChange - 100) < 20
        lesion.node.SetCenter(24, 16, 16)
        cnr = next(row for row in logic.outcome.results if row.standard.metric == "cnr")
        assert abs(cnr.standard.value) < 1
        logic.release()
