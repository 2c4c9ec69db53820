"""Paired slope charts in Slicer's plot views: for each metric a table, a chart, and a series a size class. No Qt.

The nodes carry an attribute, so a scene that was saved and opened again keeps its charts, and they go on living.
"""

import math

import slicer
import vtk
from slicer.util import VTKObservationMixin

from .charts import CHARTED_METRICS, SlopeChart, axisTicks, sizeClasses

CHART_ATTRIBUTE = "DLEnhanceLesionMetrics.Chart"
CLASS_COLORS = {"< 5 mm": (0.85, 0.45, 0.05), ">= 5 mm": (0.17, 0.42, 0.64), "size unknown": (0.45, 0.45, 0.45)}
IMAGE_COLUMN, LESION_COLUMN = "image", "lesion"
X_TITLE = "0: standard    1: enhanced"
X_RANGE = (-0.25, 1.25)


class SceneCharts:
    """The chart nodes of a scene, made by fill() and brought up to date by it."""

    def __init__(self, scene):
        self._scene = scene

    @property
    def chartNodes(self) -> list:
        """One vtkMRMLPlotChartNode a metric, in the order in which they were made."""
        return self._nodes("vtkMRMLPlotChartNode")

    def fill(self, charts: list[SlopeChart], diameters):
        """Make the nodes show these charts. A chart whose metric has no value now is empty until it has one again.

        diameters: (case, lesion) to mm.
        """
        wanted = {chart.metric: chart for chart in charts if chart.metric in CHARTED_METRICS}
        for tableNode in self._nodes("vtkMRMLTableNode"):
            if tableNode.GetAttribute(CHART_ATTRIBUTE) not in wanted and tableNode.GetNumberOfRows():
                tableNode.SetAndObserveTable(slopeTable((), _classColumns(tableNode)))
        for chart in wanted.values():
            self._fillChart(chart, diameters)

    def chartNode(self, metric):
        """The chart of a metric, None where there is none."""
        return self._node("vtkMRMLPlotChartNode", metric)

    def _fillChart(self, chart, diameters):
        lines = chart.panels[0].lines
        classes = sizeClasses(lines, diameters)
        tableNode = self._made("vtkMRMLTableNode", chart.metric, f"{chart.title} chart")
        tableNode.SetAndObserveTable(slopeTable(lines, classes))
        chartNode = self._made("vtkMRMLPlotChartNode", chart.metric, chart.title)
        with slicer.util.NodeModify(chartNode):
            self._style(chartNode, chart)
            self._setSeries(chartNode, tableNode, chart.metric, classes)

    def _setSeries(self, chartNode, tableNode, metric, classes):
        series = [self._seriesNode(tableNode, metric, name) for name in classes]
        for node in self._nodes("vtkMRMLPlotSeriesNode"):
            if node.GetAttribute(CHART_ATTRIBUTE).startswith(f"{metric}/") and node not in series:
                self._scene.RemoveNode(node)
        wanted = [node.GetID() for node in series]
        shown = [chartNode.GetNthPlotSeriesNodeID(n) for n in range(chartNode.GetNumberOfPlotSeriesNodes())]
        if shown != wanted:
            chartNode.RemoveAllPlotSeriesNodeIDs()
            for nodeId in wanted:
                chartNode.AddAndObservePlotSeriesNodeID(nodeId)

    def _seriesNode(self, tableNode, metric, name):
        node = self._made("vtkMRMLPlotSeriesNode", f"{metric}/{name}", name)
        with slicer.util.NodeModify(node):
            node.SetPlotType(slicer.vtkMRMLPlotSeriesNode.PlotTypeScatter)
            node.SetAndObserveTableNodeID(tableNode.GetID())
            node.SetXColumnName(IMAGE_COLUMN)
            node.SetYColumnName(name)
            node.SetLabelColumnName(LESION_COLUMN)
            node.SetLineStyle(slicer.vtkMRMLPlotSeriesNode.LineStyleSolid)
            node.SetLineWidth(2)
            node.SetMarkerStyle(slicer.vtkMRMLPlotSeriesNode.MarkerStyleCircle)
            node.SetMarkerSize(8)
            node.SetColor(*CLASS_COLORS[name])
        return node

    @staticmethod
    def _style(chartNode, chart):
        values = [value for line in chart.panels[0].lines for value in (line.standard, line.enhanced)]
        ticks = axisTicks(min(0.0, *values), max(0.0, *values))
        chartNode.SetTitle(chart.title)
        chartNode.SetXAxisTitle(X_TITLE)
        chartNode.SetYAxisTitle(chart.title)
        chartNode.SetXAxisRangeAuto(False)
        chartNode.SetXAxisRange(*X_RANGE)
        chartNode.SetYAxisRangeAuto(False)
        chartNode.SetYAxisRange(ticks[0], ticks[-1])
        chartNode.SetLegendVisibility(True)

    def _made(self, className, key, name):
        node = self._node(className, key)
        if node is None:
            node = self._scene.AddNewNodeByClass(className)
            node.SetAttribute(CHART_ATTRIBUTE, key)
        if node.GetName() != name:
            node.SetName(name)
        return node

    def _node(self, className, key):
        found = (node for node in self._nodes(className) if node.GetAttribute(CHART_ATTRIBUTE) == key)
        return next(found, None)

    def _nodes(self, className):
        nodes = self._scene.GetNodesByClass(className)
        nodes.UnRegister(None)
        found = [nodes.GetItemAsObject(n) for n in range(nodes.GetNumberOfItems())]
        return [node for node in found if node.GetAttribute(CHART_ATTRIBUTE)]


def slopeTable(lines, classes):
    """Three rows a lesion: the standard image (0), the enhanced image (1), and a gap that ends its line.

    A column a size class; what belongs to another class is not a number, which plots leave out.
    """
    columns = {IMAGE_COLUMN: []} | {name: [] for name in classes} | {LESION_COLUMN: []}
    for line in lines:
        columns[IMAGE_COLUMN] += [0.0, 1.0, 1.0]
        columns[LESION_COLUMN] += [line.lesion] * 3
        for name, members in classes.items():
            columns[name] += [line.standard, line.enhanced, math.nan] if line in members else [math.nan] * 3
    table = vtk.vtkTable()
    for name, values in columns.items():
        column = vtk.vtkStringArray() if name == LESION_COLUMN else vtk.vtkDoubleArray()
        column.SetName(name)
        for value in values:
            column.InsertNextValue(value)
        table.AddColumn(column)
    return table


def _classColumns(tableNode):
    """The size classes that a table has columns for, each without a lesion."""
    names = (tableNode.GetColumnName(n) for n in range(tableNode.GetNumberOfColumns()))
    return {name: () for name in names if name not in (IMAGE_COLUMN, LESION_COLUMN)}


class ChartView(VTKObservationMixin):
    """Shows a chart node in a layout that has a plot view, and gives the user's layout back.

    onChange() is called when the chart appears or goes, also when the user chooses another layout.
    """

    def __init__(self, scene, onChange):
        VTKObservationMixin.__init__(self)
        self._scene, self._onChange = scene, onChange
        self._before = self._shownIn = None

    @property
    def isShown(self) -> bool:
        layout = self._layoutNode()
        return layout is not None and self._shownIn is not None and layout.GetViewArrangement() == self._shownIn

    def show(self, chartNode):
        """Without views (a script, a terminal) the chart is only chosen."""
        layout = self._layoutNode()
        before = self._before if self.isShown else layout and layout.GetViewArrangement()
        self._forget()
        slicer.modules.plots.logic().ShowChartInLayout(chartNode)
        if layout is not None:
            self._before, self._shownIn = before, layout.GetViewArrangement()
            self.addObserver(layout, vtk.vtkCommand.ModifiedEvent, self._onLayoutModified)
        self._onChange()

    def hide(self):
        """The user's layout comes back if the chart is still what is shown."""
        before = self._before if self.isShown else None
        self._forget()
        if before is not None:
            self._layoutNode().SetViewArrangement(before)
        self._onChange()

    def release(self):
        self._forget()

    def _forget(self):
        self.removeObservers()
        self._before = self._shownIn = None

    def _onLayoutModified(self, _caller=None, _event=None):
        if not self.isShown:
            self._forget()
            self._onChange()

    def _layoutNode(self):
        return self._scene.GetFirstNodeByClass("vtkMRMLLayoutNode")
