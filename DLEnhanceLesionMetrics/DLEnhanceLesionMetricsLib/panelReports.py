"""The part of the panel for charts and reports: the chart in a plot view; chart, page and DICOM report as files."""

import importlib.util

import qt
from slicer.i18n import tr as _

from .panelExport import enable, withSuffix


class ReportBox:
    """askPath can be replaced for tests."""

    def __init__(self, ui, root, logic, guarded, showStatus):
        self._ui, self._root, self._logic = ui, root, logic
        self._guarded, self._showStatus = guarded, showStatus
        self._isWanted = False
        self.askPath = self._askPath
        # Slicer before 5.12 has no highdicom, and it must not be installed unasked (guide 7.4).
        ui.exportStructuredReportButton.setVisible(importlib.util.find_spec("highdicom") is not None)
        self._connections = [
            (ui.showChartButton.clicked, self.onShowChart),
            (ui.exportChartButton.clicked, self.onExportChart),
            (ui.exportReportButton.clicked, self.onExportReport),
            (ui.exportStructuredReportButton.clicked, self.onExportStructuredReport),
        ]
        for signal, slot in self._connections:
            signal.connect(slot)
        logic.onChart.append(self._showState)

    def release(self):
        for signal, slot in self._connections:
            signal.disconnect(slot)
        self._logic.onChart.clear()

    def update(self, parameters):
        """What can be pressed now, and why not."""
        ui = self._ui
        hasPair = None not in (parameters.standardVolume, parameters.enhancedVolume)
        hasRows = bool(self._logic.outcome.rows)
        lesionFirst = _("Place a lesion first")
        chartObstacle = lesionFirst if hasPair else _("Choose the standard and the enhanced volume first")
        chartText = _(
            "Each lesion as a line from the standard to the enhanced image, in a plot view; follows the table"
        )
        enable(ui.showChartButton, hasPair and hasRows, chartText, chartObstacle)
        filesText = _("The lines of every measure, with a panel for each size class (SVG or PNG)")
        enable(ui.exportChartButton, hasPair and hasRows, filesText, chartObstacle)
        reportText = _("One page with pictures, charts, every value, formulas and provenance (HTML)")
        enable(ui.exportReportButton, hasRows, reportText, lesionFirst)
        obstacle = self._logic.structuredReportObstacle() if hasRows else lesionFirst
        codedText = _("Every value with its code for other systems (DICOM SR, TID 1500)")
        enable(ui.exportStructuredReportButton, not obstacle, codedText, obstacle)
        self._showState()

    def comeBack(self):
        """The module is entered again."""
        if self._isWanted and self._ui.showChartButton.enabled:
            self._guarded(self._logic.showChart)
        self._isWanted = False

    def goAway(self):
        """The module is left: the user's layout returns."""
        self._isWanted = self._logic.isChartShown
        if self._isWanted:
            self._logic.hideChart()

    def forget(self):
        """The scene is about to go."""
        self._logic.hideChart()
        self._isWanted = False

    def onShowChart(self, checked=False):
        if self._logic.isChartShown:
            self._logic.hideChart()
        else:
            self._guarded(self._logic.showChart)
        self._showState()

    def onExportChart(self, checked=False):
        path = self.askPath(_("Export chart"), "lesion-chart.svg", "SVG (*.svg);;PNG (*.png)")
        self._export(self._logic.exportChart, path)

    def onExportReport(self, checked=False):
        path = self.askPath(_("Export report"), "lesion-report.html", "HTML (*.html)")
        self._export(self._logic.exportReport, path)

    def onExportStructuredReport(self, checked=False):
        path = self.askPath(_("Export DICOM report"), "lesion-report.dcm", "DICOM (*.dcm)")
        self._export(self._logic.exportStructuredReport, path)

    def _export(self, write, path):
        if path:
            self._guarded(lambda: self._showStatus(_("Written: {path}").format(path=write(path))))

    def _showState(self):
        isShown = self._logic.isChartShown
        self._ui.showChartButton.setChecked(isShown)
        self._ui.showChartButton.setText(_("Leave chart") if isShown else _("Show chart"))

    def _askPath(self, title, name, nameFilter):
        """The chosen file or an empty string. PythonQt gives a string, PySide6 a pair."""
        chosen = qt.QFileDialog.getSaveFileName(self._root, title, name, nameFilter)
        return withSuffix(chosen if isinstance(chosen, str) else chosen[0], name)
