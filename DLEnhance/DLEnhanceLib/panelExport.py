"""The button that writes the result as a DICOM series, and the check box that adds it to Slicer's database."""

import re

import slicer
from slicer.i18n import tr as _

from . import sceneDicom


class SeriesExport:
    """Acts on the last run of the logic. host: the panel, which shows failures and status and asks for paths."""

    def __init__(self, ui, logic, host):
        self._button, self._checkBox = ui.exportSeriesButton, ui.addToDatabaseCheckBox
        self._logic, self._host = logic, host
        self._tooltips = [(widget, widget.toolTip) for widget in (self._button, self._checkBox)]
        self._button.clicked.connect(self._onClicked)

    def update(self, isAlive):
        """Enabled when there is a result and its source is a DICOM series; else the tooltip says why not."""
        obstacle = self._obstacle(isAlive)
        for widget, tooltip in self._tooltips:
            widget.setEnabled(not obstacle)
            widget.setToolTip(obstacle or tooltip)

    def release(self):
        self._button.clicked.disconnect(self._onClicked)

    def _obstacle(self, isAlive):
        if not isAlive:
            return _("Enhance a volume first")
        return sceneDicom.exportObstacle(self._logic.finished.inputNode)

    def _onClicked(self, checked=False):
        folder = self._host.askPath(_("Export DICOM series into a new folder"), self._folderName(), "")
        if folder:
            self._host.guarded(lambda: self._export(folder))

    def _export(self, folder):
        isAdded = self._checkBox.isChecked()
        with slicer.util.WaitCursor():
            series = self._logic.exportDerivedSeries(folder, addToDatabase=isAdded)
        self._host.showStatus(exportedText(series, isAdded=isAdded))

    def _folderName(self):
        name = self._logic.finished.inputNode.GetName()
        return re.sub(r"[^\w.-]+", "-", f"{name} DL-ENH").strip("-.")


def exportedText(series, *, isAdded) -> str:
    """What was written where. series: DerivedSeries."""
    told = _("Written: DICOM series {number}, {description}, {count} files in {folder}.").format(
        number=series.seriesNumber,
        description=series.seriesDescription,
        count=len(series.files),
        folder=series.folder,
    )
    added = _("Slicer's DICOM database lists it and uses these files: keep the folder.") if isAdded else ""
    return " ".join(part for part in (told, added, *series.notes) if part)
