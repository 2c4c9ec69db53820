"""The classes Slicer looks for in module DL Enhance; everything else is in DLEnhanceLib.

Slicer runs this file at every start, so panel and logic are imported when somebody first wants them
(Docs/developer-guide.md, "Start-up").
"""

import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import ScriptedLoadableModule, ScriptedLoadableModuleTest


class DLEnhance(ScriptedLoadableModule):
    """What Slicer shows of the module; runs at every start of Slicer, so it does nothing else."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("DL Enhance")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Filtering")]
        self.parent.dependencies = []
        self.parent.contributors = ["DLEnhance developers"]
        self.parent.helpText = _(
            "Removes noise and truncation ringing from MR volumes and undoes blur, each as strongly as you want, with "
            "the original one key away. Research use only. {start}Documentation{end}"
        ).format(start='<a href="https://github.com/DLEnhance/SlicerDLEnhance#DLEnhance">', end="</a>")
        self.parent.acknowledgementText = _(
            "Built with 3D Slicer, PyTorch and SimpleITK. The model was trained on simulated and public data only."
        )
        slicer.app.connect("startupCompleted()", registerSampleData)


def registerSampleData():
    """Offer public volumes in Slicer's Sample Data module; nothing is fetched before a click there."""
    from DLEnhanceLib.sampleData import registerSamples

    registerSamples(_("DL Enhance"))


class DLEnhanceWidget:
    """What Slicer calls when the module is first opened; gives the panel of DLEnhanceLib.panel."""

    def __new__(cls, parent=None):
        from DLEnhanceLib.panel import DLEnhanceWidget

        return DLEnhanceWidget(parent)


def __getattr__(name):
    """DLEnhanceLogic for scripts: the class itself, imported by whoever asks for it."""
    if name == "DLEnhanceLogic":
        from DLEnhanceLib.logic import DLEnhanceLogic

        return DLEnhanceLogic
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class DLEnhanceTest(ScriptedLoadableModuleTest):
    """Inside Slicer: a volume enhanced with the real model, beside its source and on its grid."""

    def setUp(self):
        slicer.mrmlScene.Clear()

    def test_enhanced_volume_lies_on_the_grid_of_its_source(self):
        import numpy as np

        from DLEnhanceLib.logic import DLEnhanceLogic

        k, j, i = np.mgrid[:24, :40, :36]
        head = ((k - 12) / 10) ** 2 + ((j - 20) / 16) ** 2 + ((i - 18) / 14) ** 2 < 1
        voxels = 1000.0 * head + np.random.default_rng(1).normal(0, 40, head.shape)
        inputNode = slicer.util.addVolumeFromArray(np.abs(voxels).astype(np.int16), name="phantom")
        before = slicer.util.arrayFromVolume(inputNode).copy()
        logic = DLEnhanceLogic()
        outputNode = logic.enhance(inputNode, profile="fast", device="cpu")
        assert np.array_equal(slicer.util.arrayFromVolume(inputNode), before)
        enhanced = slicer.util.arrayFromVolume(outputNode)
        assert enhanced.dtype == before.dtype
        inside = np.s_[8:16, 14:26, 12:24]
        assert enhanced[inside].std() < before[inside].std()
