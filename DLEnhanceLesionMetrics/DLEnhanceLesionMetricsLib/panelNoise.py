"""The part of the panel for noise that one image cannot tell: repeats, and the noise map with its progress."""

import qt
from slicer.i18n import tr as _

from DLEnhanceLib.errors import EnhancementCanceled
from DLEnhanceLib.panelJob import JobView

from .lesionNoise import Noise

REST_MILLISECONDS = 250
"""Nothing moved for so long: what waited is measured."""


class NoiseBox:
    """Shows what the chosen noise method needs, and starts and cancels the noise map."""

    def __init__(self, ui, logic, guarded, showStatus):
        self._ui, self._logic, self._guarded, self._showStatus = ui, logic, guarded, showStatus
        self._jobView = JobView(self._onFinished, self._onProgress)
        self._rest = qt.QTimer()
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MILLISECONDS)
        self._connections = [(ui.noiseMapButton.clicked, self.onNoiseMap), (self._rest.timeout, logic.settle)]
        for signal, slot in self._connections:
            signal.connect(slot)
        ui.noiseProgressBar.setVisible(False)

    def release(self):
        self._rest.stop()
        for signal, slot in self._connections:
            signal.disconnect(slot)
        self._jobView.release()

    def forget(self):
        """The scene is about to go: a running map is cancelled and never shown."""
        self._rest.stop()
        self._jobView.drop()
        self._ui.noiseProgressBar.setVisible(False)

    def update(self, parameters):
        """Show what belongs to the chosen method, and wait for rest if something was left out."""
        if self._logic.outcome.isUnsettled:
            self._rest.start()
        self._ui.repeatFrame.setVisible(parameters.noise is Noise.DIFFERENCE)
        self._ui.noiseMapFrame.setVisible(parameters.noise is Noise.PSEUDO_REPLICA)
        if parameters.noise is Noise.PSEUDO_REPLICA:
            self._showMap()

    def _showMap(self):
        ui, isBusy = self._ui, self._jobView.isBusy
        ui.noiseMapButton.setText(_("Cancel") if isBusy else _("Compute noise map"))
        ui.wholeHeadCheckBox.setEnabled(not isBusy)
        obstacle = "" if isBusy else self._logic.noiseMapObstacle()
        ui.noiseMapButton.setEnabled(not obstacle)
        ui.noiseMapButton.setToolTip(
            obstacle
            or _("Enhances 20 copies with other noise of the image's kind, and takes the SD over them in every voxel")
        )
        if not isBusy:
            ui.noiseMapLabel.setText(self._mapText(obstacle))

    def _mapText(self, obstacle):
        node = self._logic.noiseMapNode()
        if node is not None:
            return _("Noise map: {name}").format(name=node.GetName())
        return obstacle or _("No noise map yet.")

    def onNoiseMap(self, checked=False):
        if self._jobView.isBusy:
            self._jobView.cancel()
        else:
            self._guarded(self._start)

    def _start(self):
        import slicer

        with slicer.util.WaitCursor():
            pending = self._logic.startNoiseMap(wholeHead=self._logic.parameters.wholeHead)
        self._jobView.watch(pending.job, pending)
        self._ui.noiseProgressBar.setValue(0)
        self._ui.noiseProgressBar.setVisible(True)
        self._showMap()

    def _onProgress(self, job):
        from DLEnhanceLib.panelTexts import progressText

        self._ui.noiseProgressBar.setValue(int(100 * job.fraction))
        self._ui.noiseMapLabel.setText(progressText(job))

    def _onFinished(self, pending):
        self._ui.noiseProgressBar.setVisible(False)
        self._guarded(lambda: self._finish(pending))
        self._showMap()

    def _finish(self, pending):
        try:
            node = self._logic.finishNoiseMap(pending)
        except EnhancementCanceled as canceled:
            isAsked = pending.job.cancelRequested
            self._showStatus(_("The noise map was cancelled.") if isAsked else str(canceled))
            return
        self._showStatus(_("Noise map finished: {name}").format(name=node.GetName()))
