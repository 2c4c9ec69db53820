"""The result section: which image the views show, the comparison, the checks, components and the report."""

import qt
from slicer.i18n import tr as _

from . import sceneViews
from .panelCompare import ComparisonBox
from .panelEvidence import EvidenceBox
from .panelExport import SeriesExport
from .panelJob import JobView
from .panelTexts import guardDetails, guardText, paragraphs
from .sceneComparison import SIDE_BY_SIDE, WITH_RESIDUAL

GUARD_DELAY_MILLISECONDS = 400
KEY = "O"


class ResultBox:
    """Acts on the last run of the logic. host: the panel, which shows failures and status and asks for paths."""

    def __init__(self, root, ui, logic, host):
        self._ui, self._logic = ui, logic
        self._guarded, self._showStatus, self._host = host.guarded, host.showStatus, host
        self._guardView = JobView(self._onGuardFinished)
        self.comparisonBox = ComparisonBox(
            ui.comparisonHolder, logic, self._guarded, self._whyNotCompare, withOriginalKey=False
        )
        logic.onComparison.append(self._onCompareChanged)
        self._seriesExport = SeriesExport(ui, logic, host)
        self.evidenceBox = EvidenceBox(ui.showEvidenceButton, logic, host)
        self._guardTimer = qt.QTimer()
        self._guardTimer.setSingleShot(True)
        self._guardTimer.setInterval(GUARD_DELAY_MILLISECONDS)
        self.shortcut = qt.QShortcut(qt.QKeySequence(KEY), root)
        self._connections = [
            (self._guardTimer.timeout, self._startGuard),
            (self.shortcut.activated, self.toggleOriginal),
            (ui.showEnhancedButton.clicked, self.showEnhanced),
            (ui.showOriginalButton.clicked, self.showOriginal),
            (ui.showResidualButton.clicked, self.showResidual),
            (ui.noiseComponentButton.clicked, self._onNoise),
            (ui.ringingComponentButton.clicked, self._onRinging),
            (ui.blurComponentButton.clicked, self._onBlur),
            (ui.exportReportButton.clicked, self._onExport),
        ]
        for signal, slot in self._connections:
            signal.connect(slot)
        self.update()

    def release(self):
        for signal, slot in self._connections:
            signal.disconnect(slot)
        self._guardTimer.stop()
        self._guardView.release()
        self.comparisonBox.release()
        self._logic.onComparison.remove(self._onCompareChanged)
        self._seriesExport.release()
        self.evidenceBox.release()

    def forget(self):
        """The scene closes."""
        self.comparisonBox.forget()
        self._guardTimer.stop()
        self._guardView.drop()
        self.evidenceBox.drop()
        self.update()

    # What the views show

    def showEnhanced(self, checked=False):
        self._show(lambda: self._logic.finished.outputNode)

    def showOriginal(self, checked=False):
        self._show(lambda: self._logic.finished.inputNode)

    def showResidual(self, checked=False):
        """In the views; beside the pair when that is shown, and pressed again it goes there."""
        if self._logic.isComparisonShown:
            self._guarded(lambda: self._logic.showComparison(WITH_RESIDUAL if checked else SIDE_BY_SIDE))
        else:
            self._show(self._logic.residualNode)

    def toggleOriginal(self):
        """The key: original and back."""
        if not self._isAlive():
            return
        if self._logic.isComparisonShown:
            self._logic.toggleOriginal()
        elif sceneViews.shownIn(self._family()) is self._logic.finished.inputNode:
            self.showEnhanced()
        else:
            self.showOriginal()

    def _show(self, nodeOf):
        if self._isAlive():
            self._guarded(lambda: sceneViews.showInViews(nodeOf(), self._family()))
        self.update()

    def _family(self):
        finished = self._logic.finished
        return [finished.outputNode, finished.inputNode, *self._logic.derivedNodes()]

    # After a run and after each move of a slider

    def update(self):
        """Buttons and checks follow the last run; everything is disabled without one."""
        isAlive, ui = self._isAlive(), self._ui
        for button in (
            ui.showResidualButton,
            ui.noiseComponentButton,
            ui.ringingComponentButton,
            ui.blurComponentButton,
            ui.exportReportButton,
        ):
            button.setEnabled(isAlive)
        self.comparisonBox.update()
        self._seriesExport.update(isAlive)
        self.evidenceBox.update(isAlive)
        self._updateShown()
        self._updateChecks(isAlive)

    def onRunFinished(self, isEntered):
        """Show the new image where its source was, unless the user is elsewhere."""
        if self._logic.isComparisonShown:
            self._guarded(self._logic.showComparison)
        elif isEntered:
            self.showEnhanced()
        self.update()
        self.scheduleChecks()

    def onReblended(self):
        """The strengths have changed: the residual follows at once, the checks when the slider rests."""
        self._logic.updateResidual()
        self._updateChecks(True)
        self._guardTimer.start()
        self.evidenceBox.onReblended()

    def _onCompareChanged(self):
        self._ui.showResidualButton.setChecked(self._logic.shownLayout == WITH_RESIDUAL)
        self._updateShown()

    def _updateShown(self):
        """Which of the three buttons is down; side by side both images are there anyway."""
        ui, isAlive = self._ui, self._isAlive()
        isChoice = isAlive and not self._logic.isComparisonShown
        ui.showEnhancedButton.setEnabled(isChoice)
        ui.showOriginalButton.setEnabled(isChoice)
        if self._logic.isComparisonShown:
            return
        shown = sceneViews.shownIn(self._family()) if isAlive else None
        source, output = self._pair() or (None, None)
        ui.showEnhancedButton.setChecked(isAlive and shown is output)
        ui.showOriginalButton.setChecked(isAlive and shown is source)
        ui.showResidualButton.setChecked(shown is not None and shown not in (source, output))

    def _updateChecks(self, isAlive):
        if not isAlive:
            self._ui.guardLabel.setText(paragraphs([_("Nothing has been enhanced yet.")]))
        elif self._logic.finished.isChecked:
            guard = self._logic.finished.run.guard
            self._ui.guardLabel.setText(guardText(guard))
            self._ui.guardLabel.setToolTip(guardDetails(guard))
        else:
            self._ui.guardLabel.setText(paragraphs([_("Checking the new strength...")]))

    def scheduleChecks(self):
        """Check soon, if the strengths of the last run were not checked."""
        if self._isAlive() and not self._logic.finished.isChecked:
            self._guardTimer.start()

    def _startGuard(self):
        if self._isAlive() and not self._logic.finished.isChecked:
            self._guardView.watch(self._logic.startGuard())

    def _onGuardFinished(self, job):
        self._guarded(lambda: self._logic.finishGuard(job))
        self._updateChecks(self._isAlive())

    # Components and report

    def _onNoise(self, checked=False):
        self._show(lambda: self._logic.componentNode("noise"))

    def _onRinging(self, checked=False):
        self._show(lambda: self._logic.componentNode("ringing"))

    def _onBlur(self, checked=False):
        self._show(lambda: self._logic.componentNode("blur"))

    def _onExport(self, checked=False):
        path = self._host.askPath(_("Export report"), "DLEnhance-report.json", "JSON (*.json)")
        if path:
            self._guarded(lambda: self._showStatus(_("Written: {path}").format(path=self._logic.writeReport(path))))

    def _whyNotCompare(self):
        return "" if self._isAlive() else _("Enhance a volume first")

    def _pair(self):
        finished = self._logic.finished
        return (finished.inputNode, finished.outputNode) if self._isAlive() else None

    def _isAlive(self):
        finished = self._logic.finished
        return finished is not None and finished.isAlive()
