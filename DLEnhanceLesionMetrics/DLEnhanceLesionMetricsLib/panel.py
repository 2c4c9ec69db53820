"""The panel of Lesion Metrics: shows and edits what the logic does; computes nothing itself. Written for PythonQt."""

import slicer
import vtk
from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleWidget
from slicer.util import VTKObservationMixin

from DLEnhanceLib.panelCompare import ComparisonBox
from DLEnhanceLib.panelShared import forgetPackage, runGuarded
from DLEnhanceLib.panelViewLabels import ViewLabels

from .logic import DLEnhanceLesionMetricsLogic
from .panelExport import ExportBox
from .panelNoise import NoiseBox
from .panelPlacing import PlacingBox
from .panelRegionBox import RegionBox
from .panelReports import ReportBox
from .panelResults import ResultTable


class DLEnhanceLesionMetricsWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """Volumes, regions, live table, comparison, export. Survives no main window, no layout manager, no torch."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = self.ui = None
        self._parameters = self._guiTag = None
        self._lastStandard = None

    # Life cycle

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        root = slicer.util.loadUI(self.resourcePath("UI/DLEnhanceLesionMetrics.ui"))
        self.layout.addWidget(root)
        self.ui = slicer.util.childWidgetVariables(root)
        root.setMRMLScene(slicer.mrmlScene)
        self.logic = DLEnhanceLesionMetricsLogic()
        self._makeParts(root)
        self._addReading(root)
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(scene, scene.EndCloseEvent, self.onSceneEndClose)
        self.logic.onOutcome.append(self.showOutcome)
        self.useParameters(self.logic.getParameterNode())

    def _addReading(self, root):
        """Blinded reading below; while somebody reads, the rest of the panel, which names volumes, is hidden."""
        from .study.panelReading import ReadingBox

        readingRoot = slicer.util.loadUI(self.resourcePath("UI/DLEnhanceReading.ui"))
        self.layout.addWidget(readingRoot)
        self.readingBox = ReadingBox(readingRoot, setOthersVisible=root.setVisible)

    def _makeParts(self, root):
        ui = self.ui
        self.regionBox = RegionBox(
            ui, root, self.logic, self.guarded, showStatus=self.showStatus, onShown=self.showOutcome
        )
        self.resultTable = ResultTable(ui)
        self.noiseBox = NoiseBox(ui, self.logic, self.guarded, self.showStatus)
        self.placingBox = PlacingBox(ui, root, self.logic, self.guarded, self.onRegionAdded)
        self.comparisonBox = ComparisonBox(
            ui.comparisonHolder, self.logic, self.guarded, self._whyNotCompare, withOriginalKey=True
        )
        self.viewLabels = ViewLabels(slicer.app.layoutManager())
        self.exportBox = ExportBox(ui, root, self.logic, self.guarded, self.showStatus)
        self.reportBox = ReportBox(ui, root, self.logic, self.guarded, self.showStatus)

    def cleanup(self):
        self.useParameters(None)
        self.removeObservers()
        if self.ui is None:
            return
        boxes = (self.readingBox, self.placingBox, self.exportBox, self.reportBox, self.regionBox, self.resultTable)
        for part in (*boxes, self.comparisonBox, self.noiseBox, self.viewLabels):
            part.release()
        self.logic.onOutcome.clear()
        self.logic.release()

    def enter(self):
        self.placingBox.setActive(True)
        self.regionBox.setActive(True)
        self.useParameters(self.logic.getParameterNode())
        self.comparisonBox.comeBack()
        self.reportBox.comeBack()

    def exit(self):
        """Handles, place mode and comparison go with the panel; the comparison comes back with it."""
        self.placingBox.setActive(False)
        self.regionBox.setActive(False)
        self.comparisonBox.goAway()
        self.reportBox.goAway()
        self.logic.editRegion(None)
        self.useParameters(None)

    def onReload(self):
        forgetPackage("DLEnhanceLesionMetricsLib")
        ScriptedLoadableModuleWidget.onReload(self)

    def onSceneStartClose(self, caller, event):
        self.readingBox.end()
        self.placingBox.forget()
        self.comparisonBox.forget()
        self.noiseBox.forget()
        self.reportBox.forget()
        self.useParameters(None)
        self._lastStandard = None
        self.showStatus("")

    def onSceneEndClose(self, caller, event):
        if self.parent.isEntered:
            self.useParameters(self.logic.getParameterNode())

    # Parameters

    def useParameters(self, parameters):
        """Show and edit this parameter node, measuring live; None lets go of the one shown."""
        if self._parameters is not None:
            self._parameters.disconnectGui(self._guiTag)
            self.removeObserver(self._parameters, vtk.vtkCommand.ModifiedEvent, self.onParametersModified)
        self._parameters = parameters
        if parameters is not None:
            self._guiTag = parameters.connectGui(self.ui)
            self.addObserver(parameters, vtk.vtkCommand.ModifiedEvent, self.onParametersModified)
            self.logic.startLive()
            self.onParametersModified()

    def onParametersModified(self, caller=None, event=None):
        if self._parameters is None:
            return
        self._suggestVolumes()
        noise = self._parameters.noise
        self.ui.noiseFormulaLabel.setText(f"{noise.formula()}\n{noise.caution()}")
        self.logic.update()
        self.showOutcome()

    def _suggestVolumes(self):
        """The likeliest standard volume where there is none; for a new one, the enhanced volume made from it."""
        parameters = self._parameters
        if parameters.standardVolume is None:
            parameters.standardVolume = self.logic.likelyStandard()
        standard = parameters.standardVolume
        isNew, self._lastStandard = standard is not self._lastStandard, standard
        made = self.logic.enhancedOf(standard) if isNew or parameters.enhancedVolume is None else None
        if made is not None and made is not parameters.enhancedVolume:
            parameters.enhancedVolume = made

    # What is shown

    def showOutcome(self):
        """The list of regions, the table and the buttons, as the logic has them now."""
        if self._parameters is None:
            return
        self.regionBox.show()
        self.placingBox.show()
        self.resultTable.show(self.logic.outcome, allMetrics=self._parameters.allMeasures)
        self.noiseBox.update(self._parameters)
        self.guarded(self.logic.refreshComparison)
        self.comparisonBox.update()
        self.exportBox.update(self._parameters)
        self.reportBox.update(self._parameters)

    def _whyNotCompare(self):
        parameters = self._parameters
        hasPair = parameters is not None and None not in (parameters.standardVolume, parameters.enhancedVolume)
        return "" if hasPair else _("Choose the standard and the enhanced volume first")

    def onRegionAdded(self, region):
        """Choose a region that was just placed; the views stay where the user has clicked."""
        self.regionBox.choose(region)

    # What the user is told

    def guarded(self, action):
        """Run an action of the user; a failure is shown in a sentence instead of a traceback."""
        runGuarded(action, "Lesion Metrics", showStatus=self.showStatus, showError=self.showError)

    def showError(self, text):
        self.showStatus(text)
        slicer.util.errorDisplay(text)

    def showStatus(self, text):
        self.ui.lesionStatusLabel.setText(text)
        self.ui.lesionStatusLabel.setVisible(bool(text))
