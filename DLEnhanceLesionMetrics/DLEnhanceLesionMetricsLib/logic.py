"""Lesion Metrics on MRML nodes: regions, live measurement, comparison, export. No Qt here."""

import dataclasses
from typing import Any

import slicer

from DLEnhanceLib.errors import BadOption, DLEnhanceError
from DLEnhanceLib.sceneVolumes import SOURCE_ROLE, isInScene

from .lesionNoise import Noise
from .logicComparison import LesionComparisonActions
from .logicExports import ExportActions
from .logicNoise import NoiseActions
from .logicRegions import RegionActions
from .sceneMeasuring import LiveMeasurement, Outcome, SceneMeasurement, measuredState
from .sceneOldParameters import ParameterRepair
from .sceneResults import fillTable
from .sceneSurround import SURROUND_METRICS

try:
    from slicer.ScriptedLoadableModule import ScriptedLoadableModuleLogic
except ImportError:  # slicer-core has the scene but no scripted modules
    ScriptedLoadableModuleLogic = object

TABLE_NAME = "Lesion metrics"


@dataclasses.dataclass
class PlainParameters:
    """The fields of LesionParameters without a parameter node, for scripts on slicer-core."""

    standardVolume: Any = None
    enhancedVolume: Any = None
    noise: Noise = Noise.TISSUE_SD
    resultTable: Any = None
    allMeasures: bool = False
    standardRepeat: Any = None
    enhancedRepeat: Any = None
    conspicuity: bool = False
    noiseSpectrum: bool = False
    wholeHead: bool = False


class DLEnhanceLesionMetricsLogic(
    RegionActions, NoiseActions, ExportActions, LesionComparisonActions, ScriptedLoadableModuleLogic
):
    """Puts regions on a pair of MR volumes and measures both alike.

    Example, in Slicer's Python console::

        from DLEnhanceLesionMetrics import DLEnhanceLesionMetricsLogic

        logic = DLEnhanceLesionMetricsLogic()
        logic.setVolumes(slicer.util.getNode("T1 post"), slicer.util.getNode("T1 post DL-ENH"))
        logic.addRegion("lesion", (-21.6, 6.9, -45.6), 5.0)          # center in RAS mm, diameter in mm
        logic.addRegion("reference", (22.0, 10.0, -45.6), 8.0)
        for row in logic.measure():
            print(row.lesion, row.condition, row.metric, row.method, row.value, row.warning)
        logic.exportCsv("/tmp/lesions.csv")
        logic.showComparison("curtain")
        logic.exportFigure("/tmp/lesions.png")

    Call release() when the logic is no longer needed: it watches the scene.
    """

    def __init__(self, *, parameters=None):
        if ScriptedLoadableModuleLogic is not object:
            ScriptedLoadableModuleLogic.__init__(self)
        self._parameters = parameters
        self._repair = ParameterRepair()
        self._measurement = SceneMeasurement(self.scene)
        self._startRegions()
        self._startNoise()
        self._startExports()
        self._startComparison()
        self._live = self._state = None
        self.outcome = Outcome()
        self.onOutcome = []
        """Callables without arguments, called after the live measurement changed ``outcome``."""

    @property
    def scene(self):
        return slicer.mrmlScene

    @property
    def parameters(self):
        if self._parameters is None:
            hasNode = ScriptedLoadableModuleLogic is not object
            self._parameters = self.getParameterNode() if hasNode else PlainParameters()
        return self._parameters

    def getParameterNode(self):
        from .lesionParameters import LesionParameters

        return LesionParameters(self._repair.watch(super().getParameterNode()))

    def release(self):
        """Stop watching the scene; outlines stay where they are."""
        self.stopLive()
        self._repair.release()
        self._endComparison()
        self._endRegions()
        self._endExports()

    # Volumes

    def setVolumes(self, standardNode, enhancedNode=None):
        """Choose the pair; without an enhanced volume, the newest that was made from the standard is taken."""
        self.parameters.standardVolume = standardNode
        self.parameters.enhancedVolume = enhancedNode or self.enhancedOf(standardNode)
        self.update()

    def enhancedOf(self, standardNode):
        """The newest volume of the scene that refers to this one as its source, or None."""
        if not isInScene(standardNode):
            return None
        made = [node for node in self._volumeNodes() if node.GetNodeReference(SOURCE_ROLE) is standardNode]
        return made[-1] if made else None

    def likelyStandard(self):
        """The first volume that another was made from, else the first one in the scene; None in an empty scene."""
        volumes = self._volumeNodes()
        sources = [node.GetNodeReference(SOURCE_ROLE) for node in volumes]
        return next((node for node in [*sources, *volumes] if node is not None), None)

    def _volumeNodes(self):
        nodes = self.scene.GetNodesByClass("vtkMRMLScalarVolumeNode")
        nodes.UnRegister(None)
        volumes = [nodes.GetItemAsObject(n) for n in range(nodes.GetNumberOfItems())]
        return [node for node in volumes if not node.IsA("vtkMRMLLabelMapVolumeNode")]

    # Measuring

    def measure(self):
        """Measure every lesion in both volumes: a list of MeasurementRow. Fills the table of the scene too.

        Raises a DLEnhanceError with the sentence for the user when nothing can be measured.
        """
        self._publish(self._measured())
        return list(self.outcome.rows)

    def startLive(self):
        """Keep ``outcome`` and the table up to date while regions are dragged and volumes change."""
        if self._live is None:
            self._live = LiveMeasurement(self.scene, self.update)
        self.update()

    def stopLive(self):
        if self._live is not None:
            self._live.release()
            self._live = None

    def update(self, *, force=False):
        """Measure again if anything changed since. Never raises: what is wrong stands in ``outcome.problem``."""
        if self._live is None and not force:
            return
        self._repair.check()
        parameters = self.parameters
        volumes = (parameters.standardVolume, parameters.enhancedVolume)
        repeats = (parameters.standardRepeat, parameters.enhancedRepeat)
        if self._live is not None:
            self._live.follow(*volumes, *repeats)
        state = (
            measuredState(self.scene, *volumes, *repeats),
            (parameters.noise, parameters.conspicuity, parameters.noiseSpectrum),
        )
        if state == self._state and not force:
            return
        self._state = state
        try:
            outcome = self._measured(isDragged=not force)
        except DLEnhanceError as error:
            outcome = self._measurement.unmeasured(volumes[0], str(error))
        self._publish(outcome)

    def settle(self):
        """Measure what ``update`` left out because a region was moving; see ``outcome.isUnsettled``."""
        if self.outcome.isUnsettled:
            self.update(force=True)

    def _measured(self, *, isDragged=False):
        parameters = self.parameters
        return self._measurement.measure(
            parameters.standardVolume,
            parameters.enhancedVolume,
            method=parameters.noise.value,
            sources=self._noiseSources(),
            surround=tuple(
                metric
                for metric, isWanted in zip(
                    SURROUND_METRICS, (parameters.conspicuity, parameters.noiseSpectrum), strict=True
                )
                if isWanted
            ),
            isDragged=isDragged,
        )

    def _publish(self, outcome):
        self.outcome = outcome
        if outcome.results or isInScene(self.parameters.resultTable):
            fillTable(self._tableNode(), outcome.results)
        self._updateResidual()
        self._updateCharts()
        for callback in list(self.onOutcome):
            callback()

    def _tableNode(self):
        if not isInScene(self.parameters.resultTable):
            self.parameters.resultTable = self.scene.AddNewNodeByClass("vtkMRMLTableNode", TABLE_NAME)
        return self.parameters.resultTable

    def _standard(self):
        if not isInScene(self.parameters.standardVolume):
            raise BadOption("Choose the standard volume first.")
        return self.parameters.standardVolume

    def _pair(self):
        pair = (self.parameters.standardVolume, self.parameters.enhancedVolume)
        if not all(isInScene(node) for node in pair):
            raise BadOption("Choose the standard and the enhanced volume first.")
        return pair
