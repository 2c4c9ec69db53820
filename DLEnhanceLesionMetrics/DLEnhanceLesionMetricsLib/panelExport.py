"""The files that leave the module: table, figure and gallery."""

import qt
from slicer.i18n import tr as _


class ExportBox:
    """The section of the panel for exporting; askPath can be replaced for tests."""

    def __init__(self, ui, root, logic, guarded, showStatus):
        self._ui, self._root, self._logic = ui, root, logic
        self._guarded, self._showStatus = guarded, showStatus
        self.askPath = self._askPath
        self._connections = [
            (ui.exportCsvButton.clicked, self.onExportCsv),
            (ui.exportFigureButton.clicked, self.onExportFigure),
            (ui.exportGalleryButton.clicked, self.onExportGallery),
        ]
        for signal, slot in self._connections:
            signal.connect(slot)

    def release(self):
        for signal, slot in self._connections:
            signal.disconnect(slot)

    def update(self, parameters):
        """What can be pressed now, and why not."""
        hasPair = None not in (parameters.standardVolume, parameters.enhancedVolume)
        hasRows = bool(self._logic.outcome.rows)
        pairFirst = _("Choose the standard and the enhanced volume first")
        enable(self._ui.exportFigureButton, hasPair, _("Both volumes with the regions as a PNG picture"), pairFirst)
        galleryText = _("Every lesion before and after on one sheet: same slice, window and scale (PNG)")
        enable(self._ui.exportGalleryButton, hasPair and hasRows, galleryText, _("Place a lesion first"))
        csvText = _("One line for each value, with noise method and components (CSV or JSON)")
        enable(self._ui.exportCsvButton, hasRows, csvText, _("Place a lesion first"))

    def onExportCsv(self, checked=False):
        path = self.askPath(_("Export table"), "lesion-metrics.csv", "CSV (*.csv);;JSON (*.json)")
        if path:
            self._guarded(lambda: self._export(self._logic.exportTable, path))

    def onExportFigure(self, checked=False):
        path = self.askPath(_("Export figure"), "lesion-metrics.png", "PNG (*.png)")
        if path:
            self._guarded(lambda: self._export(self._logic.exportFigure, path))

    def onExportGallery(self, checked=False):
        path = self.askPath(_("Export gallery"), "lesion-gallery.png", "PNG (*.png)")
        if path:
            self._guarded(lambda: self._export(self._logic.exportGallery, path))

    def _export(self, write, path):
        written = write(path)
        self._showStatus(_("Written: {path}").format(path=written))

    def _askPath(self, title, name, nameFilter):
        """The chosen file or an empty string. PythonQt gives a string, PySide6 a pair."""
        chosen = qt.QFileDialog.getSaveFileName(self._root, title, name, nameFilter)
        return withSuffix(chosen if isinstance(chosen, str) else chosen[0], name)


def withSuffix(path, proposed):
    """A chosen path, with the ending of the proposed name where the user typed none; empty stays empty."""
    name = path.replace("\\", "/").rsplit("/", 1)[-1]
    return path + proposed[proposed.rindex(".") :] if name and "." not in name else path


def enable(button, isPossible, toolTip, obstacle):
    """Enable a button, or disable it with the reason as its tool tip."""
    button.setEnabled(isPossible)
    button.setToolTip(toolTip if isPossible else obstacle)
