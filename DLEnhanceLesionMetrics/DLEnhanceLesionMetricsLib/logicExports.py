"""The part of the logic that takes measurements out: tables, charts, report, structured report. No Qt."""

import logging

from DLEnhanceLib.errors import BadOption
from DLEnhanceLib.sceneVolumes import isInScene

from .measuredCase import LiveDiameters
from .measurement import ENHANCED, STANDARD, changes
from .sceneCharts import ChartView, SceneCharts
from .sceneGallery import shownWindow
from .sceneShapes import volumeView

_log = logging.getLogger(__name__)


class ExportActions:
    """What can be made of a measurement; a part of DLEnhanceLesionMetricsLogic.

    Needs of its owner: scene, parameters, measure(), outcome, _measurement, hideComparison(), _standard() and _pair().
    Everything is measured anew before it is written. All raise a DLEnhanceError with the sentence for the user.
    """

    def _startExports(self):
        self._charts = SceneCharts(self.scene)
        self._chartView = ChartView(self.scene, self._reportChart)
        self.onChart = []
        """Callables without arguments, called when the chart appears or goes."""
        self._diameters = LiveDiameters()

    def _endExports(self):
        self._chartView.release()

    # Files

    def exportTable(self, path):
        """Write one row per value, with method and components, as .csv or .json. Returns the path."""
        from .rows import writeTable

        rows = self.measure()
        written = writeTable(rows, path)
        _log.info("Lesion metrics: %d rows written", len(rows))
        return written

    exportCsv = exportTable  # its name before there was JSON

    def exportChart(self, path):
        """Write the paired slope charts, one a metric with a panel a size class, as .svg or .png."""
        from .charts import slopeCharts, writeCharts

        self._pair()
        measured = self.measuredCase()
        return writeCharts(slopeCharts(measured.changes(), measured.diameters), path, title=measured.case)

    def exportReport(self, path):
        """Write everything about this pair as one HTML page that needs no other file and no network."""
        from .caseReport import writeCaseReport

        return writeCaseReport(self.measuredCase(), path)

    def exportStructuredReport(self, path, *, reader=""):
        """Write the measurements as a DICOM structured report (TID 1500). reader: an identifier, never a name.

        Both volumes must have been loaded from DICOM.
        """
        from .sceneProvenance import nodeImages
        from .structuredReport import writeStructuredReport

        images = {
            condition: nodeImages(node)
            for condition, node in zip((STANDARD, ENHANCED), self._measuredNodes(), strict=True)
            if node is not None
        }
        measured = self.measuredCase()
        return writeStructuredReport(
            measured.rows, path, images=images, regions=measured.regions, sizes=measured.sizes, reader=reader
        )

    def structuredReportObstacle(self) -> str:
        """Why no structured report can be written, for the user; empty when it can be."""
        from .sceneProvenance import imageObstacle

        nodes = [node for node in self._measuredNodes() if node is not None]
        return next((obstacle for obstacle in map(imageObstacle, nodes) if obstacle), "")

    def measuredCase(self):
        """The pair measured now, with regions, sizes and provenance: a measuredCase.MeasuredCase."""
        from .measuredCase import MeasuredCase, lesionSizes
        from .sceneProvenance import sceneFacts

        rows = self.measure()
        nodes = self._measuredNodes()
        standard, enhanced = (None if node is None else volumeView(node) for node in nodes)
        regions = self._measurement.coreRegions()
        return MeasuredCase(
            case=standard.name,
            standard=standard,
            enhanced=enhanced,
            regions=regions,
            rows=rows,
            sizes=lesionSizes(standard, regions),
            provenance=sceneFacts(*nodes, (standard, enhanced)),
            window=shownWindow(nodes[0]),
        )

    def _measuredNodes(self):
        """The standard and the enhanced node; None where there is no enhanced one."""
        enhanced = self.parameters.enhancedVolume
        return self._standard(), enhanced if isInScene(enhanced) else None

    # Charts in the plot views

    @property
    def isChartShown(self):
        return self._chartView.isShown

    def showChart(self, metric="cnr"):
        """Show a paired slope chart in the plot view; the charts of the other metrics can be chosen there.

        It follows the measurement. Without that metric the first one that was measured is shown. Returns its node.
        Raises BadOption when nothing was measured in both images.
        """
        self._pair()
        if self.isComparisonShown:
            self.hideComparison()
        self.measure()
        self._fillCharts()
        node = self._charts.chartNode(metric) or next(iter(self._charts.chartNodes), None)
        if node is None:
            raise BadOption("There is no value in both images, so there is nothing to draw; place a lesion first.")
        self._chartView.show(node)
        return node

    def hideChart(self):
        """Back to the layout the user had before; the chart stays in the scene."""
        self._chartView.hide()

    def _reportChart(self):
        for callback in list(self.onChart):
            callback()

    def _updateCharts(self):
        """After a measurement: charts that are in the scene follow it."""
        if self._charts.chartNodes:
            self._fillCharts()

    def _fillCharts(self):
        from .charts import slopeCharts

        rows = changes(self.outcome.rows)
        if not rows:
            self._charts.fill([], {})
            return
        diameters = self._diameters.of(volumeView(self._standard()), self._measurement.coreRegions())
        self._charts.fill(slopeCharts(rows, diameters), diameters)
