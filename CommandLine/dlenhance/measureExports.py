"""The files of ``dlenhance measure``: planned before anything is read; of many cases one folder a kind."""

import dataclasses
from pathlib import Path

from DLEnhanceLib.errors import BadOption

from .figureRequirements import requireFigures
from .outputs import Outputs

TABLE_SUFFIXES = (".csv", ".json")
CHART_SUFFIXES = (".svg", ".png")
INDEX = "index.html"


@dataclasses.dataclass(frozen=True)
class Kind:
    """A file that each case has. option: its name in the parsed options; suffix: of the file."""

    option: str
    suffix: str
    help: str

    @property
    def flag(self) -> str:
        return f"--{self.option.replace('_', '-')}"


KINDS = (
    Kind("figure", ".png", "both volumes side by side with the regions"),
    Kind("gallery", ".png", "every lesion before and after on one sheet"),
    Kind("report_html", ".html", "one page with pictures, charts, all values, formulas and provenance"),
    Kind("sr", ".dcm", "DICOM structured report (TID 1500); both volumes must be DICOM"),
)


def addExportOptions(parser):
    group = parser.add_argument_group("what is written (with --cases, the options that end in DIR name a new folder)")
    group.add_argument("--out", metavar="TABLE", type=Path, required=True, help=".csv or .json, with every component")
    group.add_argument("--summary", metavar="CSV", type=Path, help="median and quartiles of the changes")
    group.add_argument("--json", metavar="JSON", type=Path, help="rows, changes, sizes, formulas and provenance in one")
    group.add_argument("--chart", metavar="SVG|PNG", type=Path, help="a line a lesion from standard to enhanced")
    for kind in KINDS:
        group.add_argument(kind.flag, metavar=f"{kind.suffix[1:].upper()}|DIR", type=Path, help=kind.help)
    group.add_argument("--reader", default="", metavar="ID", help="who measured, for --sr: an identifier, never a name")


class Exports:
    """Everything that one call writes. isMany: the cases of a list."""

    def __init__(self, outputs: Outputs, options, *, isMany: bool):
        self._outputs, self._options, self._isMany = outputs, options, isMany
        self._kinds = [kind for kind in KINDS if getattr(options, kind.option)]
        self._rows, self._diameters, self._documents, self._sections = [], {}, [], []
        self._plan()

    @property
    def paths(self) -> list[Path]:
        """What is written, in the order of the options."""
        names = ("out", "summary", "json", "chart", *(kind.option for kind in self._kinds))
        return [path for path in (getattr(self._options, name) for name in names) if path]

    @property
    def rows(self):
        return self._rows

    def _plan(self):
        """Refuse what cannot be written, before anything is read."""
        options = self._options
        wholes = (("summary", (".csv",)), ("json", (".json",)), ("chart", CHART_SUFFIXES))
        for name, suffixes in (("out", TABLE_SUFFIXES), *wholes):
            if getattr(options, name):
                self._outputs.addFile(getattr(options, name), suffixes=suffixes, option=f"--{name}")
        for kind in self._kinds:
            self._planKind(kind)
        if options.figure or options.gallery:
            requireFigures()
        if options.sr:
            from DLEnhanceLesionMetricsLib.structuredReport import requireHighdicom

            requireHighdicom()

    def _planKind(self, kind):
        path = getattr(self._options, kind.option)
        if not self._isMany:
            self._outputs.addFile(path, suffixes=(kind.suffix,), option=kind.flag)
            return
        if path.suffix.lower() == kind.suffix:
            raise BadOption(
                f"With --cases, {kind.flag} names a new folder for the files of all cases, not {path.name}."
            )
        self._outputs.addFolder(path, option=kind.flag)
        self._outputs.staged(path).mkdir()

    def add(self, measured):
        """Write the files of one case, and keep what the files of all cases need."""
        for kind in self._kinds:
            _WRITERS[kind.option](measured, self._placeOf(kind, measured.case), self._options)
        self._rows += measured.rows
        self._diameters |= measured.diameters
        if self._options.json:
            from DLEnhanceLesionMetricsLib.measurementDocument import caseDocument

            self._documents.append(caseDocument(measured))
        if self._isMany and self._options.report_html:
            self._sections.append((measured.case, len({row.lesion for row in measured.rows}), measured.changes()))

    def _placeOf(self, kind, case):
        staged = self._outputs.staged(getattr(self._options, kind.option))
        return staged / f"{case}{kind.suffix}" if self._isMany else staged

    def finish(self):
        """Write the files of all cases together."""
        from DLEnhanceLesionMetricsLib.charts import slopeCharts, writeCharts
        from DLEnhanceLesionMetricsLib.measurement import changes, summarise
        from DLEnhanceLesionMetricsLib.rows import writeCsv, writeTable

        options, staged = self._options, self._outputs.staged
        changeRows = changes(self._rows)
        writeTable(self._rows, staged(options.out))
        if options.summary:
            writeCsv(summarise(changeRows), staged(options.summary))
        if options.json:
            from DLEnhanceLesionMetricsLib.measurementDocument import writeDocument

            writeDocument(self._documents, self._rows, staged(options.json))
        if options.chart:
            title = f"{len({row.case for row in self._rows})} cases" if self._isMany else self._rows[0].case
            writeCharts(slopeCharts(changeRows, self._diameters), staged(options.chart), title=title)
        if self._sections:
            self._writeIndex(changeRows)

    def _writeIndex(self, changeRows):
        from .measureIndex import indexPage

        page = indexPage(self._sections, changeRows, self._diameters)
        folder = self._outputs.staged(self._options.report_html)
        (folder / INDEX).write_text(page, encoding="utf-8")


def _writeFigure(measured, path, _options):
    from .sliceViews import sideBySideFigure

    sideBySideFigure(measured.standard, measured.enhanced, measured.regions, path)


def _writeGallery(measured, path, _options):
    from DLEnhanceLesionMetricsLib.lesionGallery import lesionGallery
    from DLEnhanceLesionMetricsLib.regions import LESION, ROLE_COLORS
    from DLEnhanceLesionMetricsLib.sceneFigure import galleryPicture, writePng
    from DLEnhanceLesionMetricsLib.sceneResults import galleryCaptions, resultRows

    gallery = lesionGallery([measured.standard, measured.enhanced], measured.regions)
    captions = galleryCaptions(resultRows(measured.rows))
    writePng(galleryPicture(gallery, ("Standard", "Enhanced"), captions, color=ROLE_COLORS[LESION]), path)


def _writeReport(measured, path, _options):
    from DLEnhanceLesionMetricsLib.caseReport import writeCaseReport

    writeCaseReport(measured, path)


def _writeStructuredReport(measured, path, options):
    from DLEnhanceLesionMetricsLib.reportImages import volumeImages
    from DLEnhanceLesionMetricsLib.structuredReport import writeStructuredReport

    images = {"standard": volumeImages(measured.standard), "enhanced": volumeImages(measured.enhanced)}
    writeStructuredReport(
        measured.rows, path, images=images, regions=measured.regions, sizes=measured.sizes, reader=options.reader
    )


_WRITERS = {
    "figure": _writeFigure,
    "gallery": _writeGallery,
    "report_html": _writeReport,
    "sr": _writeStructuredReport,
}
