"""Lesion Metrics on MRML nodes: regions, live measurement, comparison, export. No Qt here."""

import dataclasses
import logging
from typing import Any

import slicer

from DLEnhanceLib.errors import BadOption, DLEnhanceError
from DLEnhanceLib.sceneVolumes import SOURCE_ROLE, isInScene

from . import sceneRegions, sceneSources
from .lesionNoise import Noise
from .measurement import STANDARD
from .regions import LESION
from .sceneGallery import writeGallery
from .sceneMeasuring import LiveMeasurement, Outcome, SceneMeasurement, measuredState
from .sceneOutlines import OutlineKeeper
from .scenePairView import PairView, drawnFigure, layoutManager
from .sceneResults import fillTable

try:
    from slicer.ScriptedLoadableModule import ScriptedLoadableModuleLogic
except ImportError:  # slicer-core has the scene but no scripted modules
    ScriptedLoadableModuleLogic = object

TABLE_NAME = "Lesion metrics"
_log = logging.getLogger(__name__)


@dataclasses.dataclass
class PlainParameters:
    """The fields of LesionParameters without a parameter node, for scripts on slicer-core."""

    standardVolume: Any = None
    enhancedVolume: Any = None
    noise: Noise = Noise.TISSUE_SD
    resultTable: Any = None
    allMeasures: bool = False
    withResidual: bool = False


class DLEnhanceLesionMetricsLogic(ScriptedLoadableModuleLogic):
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
        logic.showComparison()
        logic.exportFigure("/tmp/lesions.png")

    Call release() when the logic is no longer needed: it watches the scene.
    """

    def __init__(self, *, parameters=None):
        if ScriptedLoadableModuleLogic is not object:
            ScriptedLoadableModuleLogic.__init__(self)
        self._parameters = parameters
        self._measurement = SceneMeasurement(self.scene)
        self._outlines = OutlineKeeper(self.scene)
        self._outlines.sync()
        self._pairView = PairView(self.scene, self._reportComparison)
        self._live = self._state = None
        self.outcome = Outcome()
        self.onOutcome = []
        """Callables without arguments, called after the live measurement changed ``outcome``."""
        self.onComparison = []
        """Callables without arguments, called when the comparison appears or goes."""

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

        return LesionParameters(super().getParameterNode())

    def release(self):
        """Stop watching the scene; outlines stay where they are."""
        self.stopLive()
        self._pairView.release()
        self._outlines.release()

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

    # Regions

    def regions(self, role=None):
        """The regions of the scene: lesions, references, air; or those of one role."""
        return sceneRegions.regionsOf(self.scene, role)

    def addRegion(self, role, centerRAS=None, sizeMm=None, *, name=None, shape="ellipsoid"):
        """Add an ellipsoid (or "box") and return its SceneRegion.

        role: "lesion", "reference" or "air". centerRAS: mm; None puts it where the views look now. sizeMm: one diameter
        or three edge lengths in mm; the role's usual size when None.
        """
        if centerRAS is None:
            centerRAS = self.viewCenter()
        return self._added(sceneRegions.addRegion(self.scene, role, centerRAS, sizeMm, name=name, shape=shape))

    def addCurve(self, role, pointsRAS=(), *, name=None):
        """Add a closed curve through points in RAS mm (all near one plane) and return its SceneRegion."""
        return self._added(sceneRegions.addCurve(self.scene, role, pointsRAS, name=name))

    def addLine(self, pointsRAS=(), *, name=None):
        """Add a line across an edge (edge rise distance) or a small target (width at half maximum): two points, mm."""
        return self._added(sceneRegions.addLine(self.scene, pointsRAS, name=name))

    def adoptRegion(self, node, role, *, segmentId=""):
        """Make an existing box, closed curve or segment a region."""
        return self._added(sceneRegions.adoptRegion(node, role, segmentId=segmentId))

    def addRegionsFromSegmentation(self, segmentationNode, role=None, *, segmentIds=None):
        """Make segments regions, all of them when segmentIds is None; without a role their names tell it."""
        return self._added(sceneSources.addRegionsFromSegmentation(segmentationNode, role, segmentIds=segmentIds))

    def addRegionsFromLabelVolume(self, labelNode, *, lesionLabel=1, referenceLabel=2, airLabel=3):
        """Copy the labels of a label volume into regions; separate parts of the lesion label become L1, L2 ..."""
        return self._added(
            sceneSources.addRegionsFromLabelVolume(
                self.scene, labelNode, lesionLabel=lesionLabel, referenceLabel=referenceLabel, airLabel=airLabel
            )
        )

    def outlineLesion(self, pointRAS):
        """Outline the lesion around a point of the standard volume (RAS mm); (SceneRegion, lesionOutline.Outline).

        The outline is a segment, so it can be corrected in the Segment Editor; eraseRegion() rejects it. Raises
        BadOption when nothing stands out there.
        """
        region, outline = sceneSources.addOutlinedLesion(self.scene, self._standard(), pointRAS)
        return self._added(region), outline

    def suggestReference(self, lesion=None):
        """Add homogeneous normal tissue opposite a lesion (the first one): (SceneRegion, sentence about it)."""
        lesions = [region for region in self.regions(LESION) if region.isPlaced]
        if lesion is None and not lesions:
            raise BadOption("Place a lesion first: the reference is looked for opposite it.")
        core = self._measurement.coreRegion(lesion or lesions[0])
        region, sentence = sceneSources.addSuggestedReference(self.scene, self._standard(), core)
        return self._added(region), sentence

    def suggestAir(self):
        """Add a box of air with the lowest signal: (SceneRegion, sentence). Raises BadOption where air is masked."""
        region, sentence = sceneSources.addSuggestedAir(self.scene, self._standard())
        return self._added(region), sentence

    def sizeOf(self, region):
        """Diameters in mm and volume of a region in the grid of the standard volume; None where there is no size."""
        if not isInScene(self.parameters.standardVolume):
            return None
        return self._measurement.sizeOf(region, self.parameters.standardVolume)

    def _added(self, regions):
        self._outlines.sync()
        self.update()
        return regions

    def removeRegion(self, region):
        sceneRegions.removeRegion(self.scene, region)
        self._outlines.sync()
        self.update()

    def eraseRegion(self, region):
        """Remove a region with what was drawn, also a segment."""
        sceneRegions.eraseRegion(self.scene, region)
        self.update()

    def renameRegion(self, region, name):
        sceneRegions.renameRegion(self.scene, region, name)

    def resizeRegion(self, region, diameterMm):
        """Make an ellipsoid or box equally long along all axes."""
        sceneRegions.resizeRegion(region, diameterMm)

    def setLocked(self, region, isLocked):
        sceneRegions.setLocked(region, isLocked)

    def jumpTo(self, region):
        """Center all slice views on a region."""
        sceneRegions.jumpTo(self.scene, region)
        self._pairView.jumpTo(sceneRegions.centerRAS(region))

    def editRegion(self, region=None):
        """Show the handles of one region only; None hides all handles."""
        sceneRegions.showHandles(self.scene, region)

    def viewCenter(self):
        """Where the first shown slice view looks, else the center of the standard volume; RAS mm."""
        sliceNode = self._shownSliceNode()
        if sliceNode is not None:
            matrix = sliceNode.GetSliceToRAS()
            return tuple(matrix.GetElement(axis, 3) for axis in range(3))
        bounds = [0.0] * 6
        self._standard().GetRASBounds(bounds)
        return tuple((bounds[2 * axis] + bounds[2 * axis + 1]) / 2 for axis in range(3))

    def _shownSliceNode(self):
        nodes = self.scene.GetNodesByClass("vtkMRMLSliceNode")
        nodes.UnRegister(None)
        shown = [nodes.GetItemAsObject(n) for n in range(nodes.GetNumberOfItems())]
        return next((node for node in shown if node.IsMappedInLayout()), None)

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
        volumes = (self.parameters.standardVolume, self.parameters.enhancedVolume)
        if self._live is not None:
            self._live.follow(*volumes)
        state = (measuredState(self.scene, *volumes), self.parameters.noise)
        if state == self._state and not force:
            return
        self._state = state
        try:
            outcome = self._measured()
        except DLEnhanceError as error:
            outcome = self._measurement.unmeasured(volumes[0], str(error))
        self._publish(outcome)

    def _measured(self):
        parameters = self.parameters
        return self._measurement.measure(
            parameters.standardVolume, parameters.enhancedVolume, method=parameters.noise.value
        )

    def _publish(self, outcome):
        self.outcome = outcome
        if outcome.results or isInScene(self.parameters.resultTable):
            fillTable(self._tableNode(), outcome.results)
        self._pairView.updateResidual(self._noise())
        for callback in list(self.onOutcome):
            callback()

    def _tableNode(self):
        if not isInScene(self.parameters.resultTable):
            self.parameters.resultTable = self.scene.AddNewNodeByClass("vtkMRMLTableNode", TABLE_NAME)
        return self.parameters.resultTable

    # Export and comparison

    def exportCsv(self, path):
        """Measure and write one row per value, with method and components. Returns the path; raises DLEnhanceError."""
        from .rows import writeCsv

        rows = self.measure()
        written = writeCsv(rows, path)
        _log.info("Lesion metrics: %d rows written", len(rows))
        return written

    def exportFigure(self, path):
        """Write both volumes side by side with the regions as a PNG, and return its path.

        In the application it is what the comparison shows; without it, slices through the lesions by the same views.
        Raises CannotWrite, or BadOption without a pair of volumes.
        """
        pair = self._pair()
        if layoutManager() is None:
            return drawnFigure(self.scene, pair, self._measurement.coreRegions(), path)
        wasShown = self.isComparisonShown
        if not wasShown:
            self.showComparison()
        try:
            return self._pairView.writePicture(path)
        finally:
            if not wasShown:
                self.hideComparison()

    def exportGallery(self, path):
        """Write every lesion before and after on one sheet (PNG), with its CNR and their change. Returns the path.

        The window is the one in which the standard volume is shown. Raises BadOption without a pair or a lesion.
        """
        pair = self._pair()
        self.measure()
        return writeGallery(pair, self._measurement.coreRegions(), self.outcome.results, path)

    @property
    def isComparisonShown(self):
        return self._pairView.isShown

    def showComparison(self, *, withResidual=False):
        """Both volumes in linked views of an own layout, with one window and level; the residual beside them if wanted.

        The residual is enhanced minus standard, shown within three noise SDs.
        """
        self._pairView.show(*self._pair(), withResidual=withResidual, noise=self._noise())

    def refreshComparison(self, *, withResidual=False):
        """Show the comparison again if it is shown with other volumes than those chosen now."""
        chosen = (self.parameters.standardVolume, self.parameters.enhancedVolume)
        isOther = not self._pairView.shows(*chosen, withResidual=withResidual)
        if self.isComparisonShown and isOther and None not in chosen:
            self.showComparison(withResidual=withResidual)

    def hideComparison(self):
        """Back to the layout the user had before."""
        self._pairView.hide()

    def _reportComparison(self):
        for callback in list(self.onComparison):
            callback()

    def _noise(self):
        """SD of the noise of the standard image as it was measured last, in image units; None if it was not."""
        found = (row.noise for row in self.outcome.rows if row.condition == STANDARD and row.metric in ("snr", "cnr"))
        return next(found, None)

    def _standard(self):
        if not isInScene(self.parameters.standardVolume):
            raise BadOption("Choose the standard volume first.")
        return self.parameters.standardVolume

    def _pair(self):
        pair = (self.parameters.standardVolume, self.parameters.enhancedVolume)
        if not all(isInScene(node) for node in pair):
            raise BadOption("Choose the standard and the enhanced volume first.")
        return pair
