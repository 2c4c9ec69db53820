"""The panel of Lesion Metrics: shows and edits what the logic does; computes nothing itself. Written for PythonQt."""

import qt
import slicer
import vtk
from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleWidget
from slicer.util import VTKObservationMixin

from DLEnhanceLib.panelShared import forgetPackage, runGuarded

from .logic import DLEnhanceLesionMetricsLogic
from .panelExport import ExportBox
from .panelPlacing import PlacingBox
from .panelRegions import RegionTable
from .panelResults import ResultTable
from .panelTexts import lesionSizeText
from .regions import LESION


class DLEnhanceLesionMetricsWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """Volumes, regions, live table, comparison, export. Survives no main window, no layout manager, no torch."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = self.ui = None
        self._parameters = self._guiTag = None
        self._lastStandard = None
        self._isJumping = True
        self._connections = []

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
        self._connect()
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
        self.regionTable = RegionTable(ui.regionTable, onChosen=self.onRegionChosen, onRenamed=self.onRegionRenamed)
        self.resultTable = ResultTable(ui)
        self.placingBox = PlacingBox(ui, root, self.logic, self.guarded, self.onRegionAdded)
        self.exportBox = ExportBox(ui, root, self.logic, self.guarded, self.showStatus)
        self._shortcuts = [
            self._shortcut(ui.regionTable, "Del", self.onDelete),
            self._shortcut(ui.regionTable, "Backspace", self.onDelete),
            self._shortcut(ui.regionTable, "Return", self.onJump),
        ]

    def _shortcut(self, widget, keys, slot):
        """A key that acts while the widget has the focus."""
        shortcut = qt.QShortcut(qt.QKeySequence(keys), widget)
        shortcut.setContext(qt.Qt.WidgetShortcut)
        self._connections.append((shortcut.activated, slot))
        return shortcut

    def _connect(self):
        ui = self.ui
        self._connections += [
            (ui.jumpRegionButton.clicked, self.onJump),
            (ui.lockRegionButton.clicked, self.onLock),
            (ui.deleteRegionButton.clicked, self.onDelete),
            (ui.diameterSpinBox.valueChanged, self.onDiameter),
            (ui.drawnSelector.currentNodeChanged, self.onDrawnChosen),
            (ui.useDrawnButton.clicked, self.onUseDrawn),
            (ui.suggestReferenceButton.clicked, self.onSuggestReference),
            (ui.suggestAirButton.clicked, self.onSuggestAir),
        ]
        for signal, slot in self._connections:
            signal.connect(slot)

    def cleanup(self):
        self.useParameters(None)
        self.removeObservers()
        if self.ui is None:
            return
        for signal, slot in self._connections:
            signal.disconnect(slot)
        for part in (self.readingBox, self.placingBox, self.exportBox, self.regionTable, self.resultTable):
            part.release()
        self.logic.onOutcome.clear()
        self.logic.release()

    def enter(self):
        self.placingBox.setActive(True)
        self.useParameters(self.logic.getParameterNode())
        self.exportBox.comeBack()

    def exit(self):
        """Handles, place mode and comparison go with the panel; the comparison comes back with it."""
        self.placingBox.setActive(False)
        self.exportBox.goAway()
        self.logic.editRegion(None)
        self.useParameters(None)

    def onReload(self):
        forgetPackage("DLEnhanceLesionMetricsLib")
        ScriptedLoadableModuleWidget.onReload(self)

    def onSceneStartClose(self, caller, event):
        self.readingBox.end()
        self.placingBox.forget()
        self.exportBox.forget()
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
        self.regionTable.show(self.logic.regions(), self.logic.outcome)
        self.resultTable.show(self.logic.outcome, allMetrics=self._parameters.allMeasures)
        self._updateButtons()

    def _updateButtons(self):
        ui, region = self.ui, self.regionTable.chosen
        hasDiameter = region is not None and region.shape in ("ellipsoid", "box") and region.isPlaced
        ui.jumpRegionButton.setEnabled(region is not None)
        ui.deleteRegionButton.setEnabled(region is not None)
        ui.lockRegionButton.setEnabled(region is not None and not region.segmentId)
        ui.lockRegionButton.setChecked(region is not None and region.isLocked)
        ui.diameterSpinBox.setEnabled(hasDiameter and not region.isLocked)
        if hasDiameter:
            self._showDiameter(max(region.node.GetSize()))
        size = lesionSizeText(self.logic.sizeOf(region)) if region is not None and region.role == LESION else ""
        ui.sizeLabel.setText(size)
        ui.sizeLabel.setVisible(bool(size))
        self._updateDrawnButton()
        self.exportBox.update(self._parameters)

    def _showDiameter(self, diameter):
        box = self.ui.diameterSpinBox
        wasBlocked = box.blockSignals(True)
        box.setValue(diameter)
        box.blockSignals(wasBlocked)

    def _updateDrawnButton(self):
        node = self.ui.drawnSelector.currentNode()
        self.ui.useDrawnButton.setEnabled(node is not None)
        self.ui.useDrawnButton.setToolTip(
            _("Choose a segmentation or a label map")
            if node is None
            else _("Every label or segment becomes a region; separate parts of a lesion label become separate lesions")
        )

    # Regions

    def onRegionAdded(self, region):
        """Choose a region that was just placed; the views stay where the user has clicked."""
        self._isJumping = False
        self.showOutcome()
        self.regionTable.choose(region)
        self._isJumping = True

    def onRegionChosen(self, region):
        self.logic.editRegion(region)
        if self._isJumping and region is not None and region.isPlaced:
            self.logic.jumpTo(region)
        self._updateButtons()

    def onRegionRenamed(self, region, name):
        self.guarded(lambda: self.logic.renameRegion(region, name))
        self.showOutcome()

    def onJump(self, checked=False):
        if self.regionTable.chosen is not None:
            self.logic.jumpTo(self.regionTable.chosen)

    def onLock(self, checked=False):
        region = self.regionTable.chosen
        self.guarded(lambda: self.logic.setLocked(region, not region.isLocked))
        self.logic.editRegion(region)
        self.showOutcome()

    def onDelete(self, checked=False):
        region = self.regionTable.chosen
        if region is not None:
            self.logic.removeRegion(region)
            self.showOutcome()

    def onDiameter(self, diameter=0.0):
        region = self.regionTable.chosen
        if region is not None:
            self.guarded(lambda: self.logic.resizeRegion(region, diameter))

    def onSuggestReference(self, checked=False):
        chosen = self.regionTable.chosen
        lesion = chosen if chosen is not None and chosen.role == LESION else None
        self.guarded(lambda: self._suggest(lambda: self.logic.suggestReference(lesion)))

    def onSuggestAir(self, checked=False):
        self.guarded(lambda: self._suggest(self.logic.suggestAir))

    def _suggest(self, find):
        with slicer.util.WaitCursor():
            region, sentence = find()
        self.onRegionAdded(region)
        self.logic.jumpTo(region)
        self.showStatus(f"{region.name}: {sentence}")

    def onDrawnChosen(self, node=None):
        self._updateDrawnButton()

    def onUseDrawn(self, checked=False):
        self.guarded(self._useDrawn)
        self.showOutcome()

    def _useDrawn(self):
        node = self.ui.drawnSelector.currentNode()
        isLabels = node.IsA("vtkMRMLLabelMapVolumeNode")
        add = self.logic.addRegionsFromLabelVolume if isLabels else self.logic.addRegionsFromSegmentation
        with slicer.util.WaitCursor():
            regions = add(node)
        self.ui.drawnSelector.setCurrentNode(None)
        self.showStatus(_("{count} regions from {name}").format(count=len(regions), name=node.GetName()))

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
