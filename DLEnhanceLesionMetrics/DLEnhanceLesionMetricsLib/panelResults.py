"""The live table of the panel: lesions and measures, both images, percent change; details of the chosen row below."""

import qt
from slicer.i18n import tr as _

from .panelRegions import makeCompact
from .panelTexts import (
    WARNING,
    changeText,
    detailText,
    metricMeaning,
    metricTitle,
    shownResults,
    summaryText,
    valueText,
)

LESION, MEASURE, STANDARD, ENHANCED, CHANGE = range(5)


class ResultTable:
    """Shows an Outcome in the panel's widgets; cells are written only where their text changed, for smooth dragging."""

    def __init__(self, ui):
        self._ui, self._table = ui, ui.resultTable
        self._results, self._keys, self._items = [], [], {}
        header = self._table.horizontalHeader()
        header.setSectionResizeMode(qt.QHeaderView.Stretch)
        header.setSectionResizeMode(LESION, qt.QHeaderView.ResizeToContents)
        makeCompact(self._table)
        self._table.itemSelectionChanged.connect(self._showDetails)

    def release(self):
        self._table.itemSelectionChanged.disconnect(self._showDetails)

    def show(self, outcome, *, allMetrics):
        self._results = shownResults(outcome.results, allMetrics=allMetrics)
        keys = [result.key for result in self._results]
        if keys != self._keys:
            self._rebuild(keys)
        for row, result in enumerate(self._results):
            self._fillRow(row, result)
        self._ui.problemLabel.setText(outcome.problem)
        self._ui.problemLabel.setVisible(bool(outcome.problem))
        summary = summaryText(outcome.results, allMetrics=allMetrics)
        self._ui.summaryLabel.setText(summary)
        self._ui.summaryLabel.setVisible(bool(summary))
        self._showDetails()

    def _rebuild(self, keys):
        self._keys, self._items = keys, {}
        self._table.clearSpans()
        self._table.setRowCount(0)
        self._table.setRowCount(len(keys))
        for row, key in enumerate(keys):
            for column in range(5):
                item = qt.QTableWidgetItem("")
                isText = column in (LESION, MEASURE)
                item.setTextAlignment((qt.Qt.AlignLeft if isText else qt.Qt.AlignRight) | qt.Qt.AlignVCenter)
                self._table.setItem(row, column, item)
                self._items[row, column] = item
            first = [other[0] for other in keys].index(key[0])
            if row == first:
                self._spanLesion(row, [other[0] for other in keys].count(key[0]))

    def _spanLesion(self, row, count):
        if count > 1:
            self._table.setSpan(row, LESION, count, 1)

    def _fillRow(self, row, result):
        texts = (
            result.standard.lesion,
            metricTitle(result.standard.metric),
            valueText(result.standard),
            valueText(result.enhanced),
            changeText(result.percentChange) + (f"  {WARNING}" if result.warning else ""),
        )
        meaning = metricMeaning(result.standard.metric)
        toolTip = f"{meaning}\n\n{WARNING} {result.warning}" if result.warning else meaning
        for column, text in enumerate(texts):
            item = self._items[row, column]
            if item.text() != text:
                item.setText(text)
            item.setToolTip(toolTip)

    def _showDetails(self):
        rows = [item.row() for item in self._table.selectedItems()]
        isChosen = bool(rows) and rows[0] < len(self._results)
        hint = _("Choose a row to see what its value is made of.") if self._results else ""
        self._ui.detailLabel.setText(detailText(self._results[rows[0]]) if isChosen else hint)
