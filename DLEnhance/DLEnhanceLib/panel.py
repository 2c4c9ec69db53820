"""The panel of DL Enhance: shows and edits what the logic does; computes nothing itself. Written for PythonQt."""

import contextlib

import qt
import slicer
import vtk
from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleWidget
from slicer.util import VTKObservationMixin

from .errors import DLEnhanceError
from .logic import DLEnhanceLogic
from .packages import Packages
from .panelDevices import DeviceBox
from .panelJob import JobView
from .panelPreview import PreviewBox
from .panelResult import ResultBox
from .panelSetup import SetupBox
from .panelShared import forgetPackage, runGuarded
from .panelSurvey import SurveyView
from .panelTexts import finishedText, progressText
from .panelViewLabels import ViewLabels
from .parameters import PresetLink, strengthsOf
from .sceneVolumes import isOurs
from .version import LABEL

REBLEND_MILLISECONDS = 30


class DLEnhanceWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """Input, output, strength, Apply and the result. Survives no main window, no layout manager, no torch."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = self.ui = None
        self._parameters = self._guiTag = self._presetLink = None
        self.askPath = self._askPath

    # Life cycle

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        root = slicer.util.loadUI(self.resourcePath("UI/DLEnhance.ui"))
        self.layout.addWidget(root)
        self.ui = slicer.util.childWidgetVariables(root)
        root.setMRMLScene(slicer.mrmlScene)
        self.logic = DLEnhanceLogic()
        self._makeParts(root)
        self._connections = [
            (self.ui.applyButton.clicked, self.onApply),
            (self.ui.enhanceAdvancedButton.contentsCollapsed, self.onAdvancedCollapsed),
            (self._reblendTimer.timeout, self._reblend),
        ]
        for signal, slot in self._connections:
            signal.connect(slot)
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(scene, scene.EndCloseEvent, self.onSceneEndClose)
        self.addObserver(scene, scene.NodeRemovedEvent, self.onNodeRemoved)
        self.useParameters(self.logic.getParameterNode())

    def _makeParts(self, root):
        self.ui.researchUseLabel.setText(_(LABEL))
        self.setupBox = SetupBox(self.ui, Packages(), self.updateButtons)
        self.deviceBox = DeviceBox(self.ui.deviceComboBox, self._onUnusedGpu)
        self.surveyView = SurveyView(self.logic, self.ui.surveyLabel)
        self.resultBox = ResultBox(root, self.ui, self.logic, self)
        self.viewLabels = ViewLabels(slicer.app.layoutManager())
        self.previewBox = PreviewBox(self.ui.previewButton, self)
        self.runView = JobView(self._onRunFinished, self._onRunProgress)
        self._reblendTimer = qt.QTimer()
        self._reblendTimer.setSingleShot(True)
        self._reblendTimer.setInterval(REBLEND_MILLISECONDS)

    def cleanup(self):
        self.useParameters(None)
        self.removeObservers()
        if self.ui is None:
            return
        self._reblendTimer.stop()
        for signal, slot in self._connections:
            signal.disconnect(slot)
        parts = (self.setupBox, self.deviceBox, self.surveyView, self.resultBox, self.previewBox, self.runView)
        for part in (*parts, self.viewLabels, self.logic):
            part.release()

    def enter(self):
        self.setupBox.update()
        parameters = self.logic.getParameterNode()
        if parameters.inputVolume is None:  # connectGui empties the selector of a scene loaded before
            parameters.inputVolume = self.logic.likelyInput()
        self.useParameters(parameters)
        self.resultBox.update()
        self.resultBox.comparisonBox.comeBack()

    def exit(self):
        """The user's layout returns; the comparison comes back with the panel."""
        self.previewBox.stop()
        self.resultBox.comparisonBox.goAway()
        self.useParameters(None)

    def onReload(self):
        forgetPackage("DLEnhanceLib")
        ScriptedLoadableModuleWidget.onReload(self)

    def onSceneStartClose(self, caller, event):
        """A run is stopped and its result dropped; nothing of the scene is kept."""
        self.runView.drop()
        self._reblendTimer.stop()
        self.previewBox.stop()
        self.useParameters(None)
        self.logic.forget()
        self.surveyView.show(None)
        self.resultBox.forget()
        self.showStatus("")
        self.updateButtons()

    def onSceneEndClose(self, caller, event):
        if self.parent.isEntered:
            self.useParameters(self.logic.getParameterNode())

    def onNodeRemoved(self, caller, event):
        """Perhaps a volume of the last run."""
        if not slicer.mrmlScene.IsClosing():
            self.resultBox.update()

    # Parameters

    def useParameters(self, parameters):
        """Show and edit this parameter node; None lets go of the one shown."""
        if self._parameters is not None:
            self._parameters.disconnectGui(self._guiTag)
            self.removeObserver(self._parameters, vtk.vtkCommand.ModifiedEvent, self.onParametersModified)
        self._parameters = parameters
        if parameters is not None:
            self._presetLink = PresetLink(parameters)
            self._guiTag = parameters.connectGui(self.ui)
            self.addObserver(parameters, vtk.vtkCommand.ModifiedEvent, self.onParametersModified)
            self.onParametersModified()

    def onParametersModified(self, caller=None, event=None):
        if self._parameters is None:
            return
        self._presetLink.update()
        self.surveyView.show(self._parameters.inputVolume)
        self.guarded(lambda: self.previewBox.onParametersModified(self._parameters, self.strengths()))
        self.updateButtons()
        if self._isLive() and strengthsOf(self._parameters) != self.logic.finished.run.strengths:
            self._scheduleReblend()

    def _isLive(self):
        return self.logic.isLive(self._parameters.inputVolume, self._parameters.outputVolume)

    def updateButtons(self):
        """Apply or Cancel, and why Apply is disabled."""
        ui, isRunning = self.ui, self.runView.isBusy
        obstacle = "" if isRunning else self._obstacle()
        ui.applyButton.setText(_("Cancel") if isRunning else _("Apply"))
        ui.applyButton.setEnabled(not obstacle)
        ui.applyButton.setToolTip(obstacle or (_("Stop; nothing is kept") if isRunning else _("Enhance the volume")))
        for widget in (ui.inputSelector, ui.outputSelector, ui.profileComboBox, ui.deviceComboBox):
            widget.setEnabled(not isRunning)
        ui.enhanceProgressBar.setVisible(isRunning)
        self.previewBox.update(_("A run is under way") if isRunning else obstacle)

    def _obstacle(self):
        """Why Apply cannot be pressed, for its tooltip; empty when it can."""
        parameters = self._parameters
        if self.setupBox.obstacle:
            return self.setupBox.obstacle
        if parameters is None or parameters.inputVolume is None:
            return _("Choose an input volume")
        if isOurs(parameters.inputVolume):
            return _("This volume was made by DL Enhance: choose the original volume")
        if parameters.inputVolume is parameters.outputVolume:
            return _("Choose another output volume: the input volume is never changed")
        return ""

    # What the preview asks for

    def newPreview(self):
        parameters = self._parameters
        self.showStatus(_("Loading the model..."))
        with slicer.util.WaitCursor(), self._brokenTorchExplained():
            node, profile = parameters.inputVolume, parameters.profile
            return (node, profile), self.logic.newPreview(node, profile=profile.value, device=self.deviceBox.deviceId)

    def strengths(self):
        return strengthsOf(self.logic.getParameterNode())

    def isSurveying(self):
        return self.surveyView.isBusy

    def knownSurvey(self):
        return self.logic.surveyOf(self._parameters.inputVolume)

    # Apply and cancel

    def onApply(self, checked=False):
        if self.runView.isBusy:
            self.showStatus(_("Stopping..."))
            self.runView.cancel()
        else:
            self.guarded(self._startRun)
        self.updateButtons()

    def _startRun(self):
        parameters = self._parameters
        self.previewBox.stop()
        self.showStatus(_("Loading the model..."))
        with slicer.util.WaitCursor():
            pending = self._pendingRun(parameters)
        self.surveyView.pause()
        self.runView.watch(pending.job, pending)

    def _pendingRun(self, parameters):
        with self._brokenTorchExplained():
            return self.logic.startRun(
                parameters.inputVolume,
                strengths=strengthsOf(parameters),
                profile=parameters.profile.value,
                device=self.deviceBox.deviceId,
                outputNode=parameters.outputVolume,
            )

    @contextlib.contextmanager
    def _brokenTorchExplained(self):
        """Leads to the repair when PyTorch is there and does not start."""
        try:
            yield
        except (ImportError, OSError) as error:  # what a damaged installation of PyTorch raises
            if not self.setupBox.packages.isTorchToBlame(error):
                raise
            self.setupBox.update()
            raise DLEnhanceError(self.setupBox.step.sentence) from error

    def _onRunProgress(self, job):
        self.ui.enhanceProgressBar.setValue(int(100 * job.fraction))
        if not job.cancelRequested:
            self.showStatus(progressText(job))

    def _onRunFinished(self, pending):
        self.showStatus("")
        self.guarded(lambda: self._finishRun(pending))
        self.resultBox.update()
        self.surveyView.resume()
        self.guarded(self.deviceBox.onRunFinished)
        self.updateButtons()

    def _finishRun(self, pending):
        parameters = self.logic.getParameterNode()
        outputNode = self.logic.finishRun(pending, strengths=strengthsOf(parameters))
        parameters.outputVolume = outputNode
        self.showStatus(finishedText(self.logic.finished.run))
        self.resultBox.onRunFinished(self.parent.isEntered)

    def _scheduleReblend(self):
        """A started timer is not started anew: during a drag the picture follows instead of waiting for its end."""
        if not self._reblendTimer.isActive():
            self._reblendTimer.start()

    def _reblend(self):
        if self._parameters is None or not self._isLive():
            return
        self.guarded(lambda: self.logic.reblend(strengthsOf(self._parameters)))
        self.resultBox.onReblended()

    # Devices

    def onAdvancedCollapsed(self, collapsed=False):
        """Listing the devices imports torch, so it waits until the list is wanted."""
        if collapsed or self.deviceBox.isFilled or self.setupBox.obstacle:
            return
        with slicer.util.WaitCursor():
            self.guarded(self._fillDevices)
        self.updateButtons()

    def _fillDevices(self):
        with self._brokenTorchExplained():
            self.deviceBox.fill()

    def _onUnusedGpu(self, reason):
        self.setupBox.packages.reportUnusedGpu(reason)
        self.setupBox.update()

    # What the user is told

    def guarded(self, action):
        """Run an action of the user; a failure is shown in a sentence instead of a traceback."""
        runGuarded(action, "DL Enhance", showStatus=self.showStatus, showError=self.showError)

    def showError(self, text):
        self.showStatus(text)
        slicer.util.errorDisplay(text)

    def showStatus(self, text):
        self.ui.enhanceStatusLabel.setText(text)

    def _askPath(self, title, name, nameFilter):
        """The chosen file or an empty string. PythonQt gives a string, PySide6 a pair."""
        chosen = qt.QFileDialog.getSaveFileName(self.parent, title, name, nameFilter)
        return chosen if isinstance(chosen, str) else chosen[0]
