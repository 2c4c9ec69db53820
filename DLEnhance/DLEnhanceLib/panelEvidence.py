"""The button that lays the guard's evidence map over the image."""

import qt
from slicer.i18n import tr as _

from .panelJob import JobView

DELAY_MILLISECONDS = 400


class EvidenceBox:
    """Computes the map in the background when it is wanted, and anew when the strengths have changed."""

    def __init__(self, button, logic, host):
        self._button, self._logic, self._host = button, logic, host
        self._view = JobView(self._onComputed)
        self._timer = qt.QTimer()
        self._timer.setSingleShot(True)
        self._timer.setInterval(DELAY_MILLISECONDS)
        self._timer.timeout.connect(self._compute)
        self._button.clicked.connect(self._onClicked)

    @property
    def isBusy(self):
        return self._view.isBusy or self._timer.isActive()

    def update(self, isAlive):
        """isAlive: whether there is a finished run."""
        self._button.setEnabled(isAlive)
        self._button.setChecked(isAlive and (self._view.isBusy or self._logic.isEvidenceShown))

    def onReblended(self):
        """The map follows when the slider rests."""
        if self._button.checked:
            self._timer.start()

    def drop(self):
        """The scene closes."""
        self._timer.stop()
        self._view.drop()
        self._button.setChecked(False)

    def release(self):
        self.drop()
        self._timer.timeout.disconnect(self._compute)
        self._button.clicked.disconnect(self._onClicked)
        self._view.release()

    def _onClicked(self, checked=False):
        if checked:
            self._compute()
        else:
            self._timer.stop()
            self._view.drop()
            self._logic.hideEvidence()

    def _compute(self):
        if self._logic.isEvidenceCurrent:
            self._show()
        else:
            self._host.guarded(self._start)

    def _start(self):
        self._host.showStatus(_("Looking for changes that noise does not explain..."))
        self._view.watch(self._logic.startEvidence())

    def _onComputed(self, job):
        self._host.showStatus("")
        self._host.guarded(lambda: self._finish(job))

    def _finish(self, job):
        if self._logic.finishEvidence(job) is None:
            self._timer.start()  # the strengths have changed meanwhile
        elif self._button.checked:
            self._show()

    def _show(self):
        if self._logic.isComparisonShown:
            self._logic.hideComparison()
        self._host.guarded(self._logic.showEvidence)
        self._button.setChecked(self._logic.isEvidenceShown)
        if not self._button.checked:
            self._host.showStatus(_("No slice view shows the image; show it first."))
