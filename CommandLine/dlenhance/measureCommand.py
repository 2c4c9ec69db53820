"""``dlenhance measure``: the same regions in the standard and the enhanced volume, for one case or a list of cases."""

import sys
from pathlib import Path

from DLEnhanceLib.errors import BadOption

from .caseList import CaseInput, CaseList, readCaseList
from .measureCases import checkCases, measuredCase, readCase
from .measureExports import Exports, addExportOptions
from .measureMethods import addMethodOptions, chosenMethods, requireMethods
from .outputs import Outputs
from .progressBar import portion, progressBar
from .textTable import shortNumber, signedPercent, textTable

HEADER = ("lesion", "metric", "noise method", "standard", "enhanced", "change")
SUMMARY_HEADER = ("metric", "noise method", "lesions", "cases", "median change", "25 %", "75 %")
ONE_CASE = {
    "standard": "--standard",
    "enhanced": "--enhanced",
    "rois": "--rois",
    "series": "--series",
    "case": "--case",
    "standard_repeat": "--standard-repeat",
    "enhanced_repeat": "--enhanced-repeat",
    "enhance_report": "--enhance-report",
}
"""Options that name the files of one case: name in the parsed options, and on the command line."""


def addParser(subParsers):
    parser = subParsers.add_parser(
        "measure",
        help="measure lesions in the standard and the enhanced volume",
        description="SNR, CNR and contrast of each lesion in both volumes; regions are placed once, for both alike.",
    )
    addCaseOptions(parser)
    addRegionOptions(parser)
    addMethodOptions(parser)
    addExportOptions(parser)
    parser.set_defaults(run=run)


def addCaseOptions(parser):
    group = parser.add_argument_group("one case, or a list of cases")
    group.add_argument("--standard", metavar="A", type=Path, help="the volume before enhancement")
    group.add_argument("--enhanced", metavar="B", type=Path, help="the enhanced volume on the same grid")
    group.add_argument(
        "--rois", metavar="R", type=Path, help="label volume, segmentation (.seg.nrrd) or markups (.mrk.json)"
    )
    group.add_argument("--series", help="number or UID of the series of A, if A is a DICOM folder with several")
    group.add_argument("--case", help="name of the case in the table (default: name of the standard volume)")
    group.add_argument("--standard-repeat", metavar="A2", type=Path, help="a second acquisition, for difference")
    group.add_argument("--enhanced-repeat", metavar="B2", type=Path, help="the second acquisition, enhanced likewise")
    group.add_argument(
        "--enhance-report", metavar="JSON", type=Path, help="what 'enhance --report' wrote, for model and strengths"
    )
    group.add_argument(
        "--cases",
        metavar="CSV",
        type=Path,
        help="many cases instead: a table with the columns case, standard, enhanced, rois and, where needed, series, "
        "standard_repeat, enhanced_repeat, enhance_report; paths relative to the table",
    )


def addRegionOptions(parser):
    group = parser.add_argument_group("regions")
    group.add_argument(
        "--lesion-label", metavar="N", type=int, nargs="+", default=[1], help="label values of lesions (default 1)"
    )
    group.add_argument("--split-lesions", action="store_true", help="each connected part of a label is a lesion")
    group.add_argument("--reference-label", metavar="N", type=int, help="of the reference tissue (default 2)")
    group.add_argument("--air-label", metavar="N", type=int, help="of air (default 3)")


def run(options) -> int:
    options.methods = chosenMethods(options.noise_method)
    requireMethods(options)
    found = chosenCases(options)
    isMany = options.cases is not None
    inputs = [path for case in found.cases for path in case.paths] + ([options.cases] if isMany else [])
    with Outputs(inputs=inputs) as outputs, progressBar("measuring") as reportProgress:
        exports = Exports(outputs, options, isMany=isMany)
        if options.noise_map:
            outputs.addFile(options.noise_map, suffixes=(".nii.gz", ".nii", ".nrrd"), option="--noise-map")
            options.stagedNoiseMap = outputs.staged(options.noise_map)
        checkedShare = 0.4 if isMany else 0.0
        if isMany:
            report = portion(reportProgress, 0.0, checkedShare)
            checkCases(found.cases, options, listName=options.cases.name, reportProgress=report)
        for number, case in enumerate(found.cases):
            start, stop = (checkedShare + (1 - checkedShare) * (number + n) / len(found.cases) for n in (0, 1))
            report = portion(reportProgress, start, stop, f"{case.name} ")
            report(0.0)
            exports.add(measuredCase(readCase(case, options), options, reportProgress=report))
        exports.finish()
        outputs.commit()
    printRows(exports.rows, isMany=isMany)
    if found.unused:
        sys.stdout.write(f"note: {options.cases.name} has columns that are not used: {', '.join(found.unused)}.\n")
    first, *others = exports.paths
    sys.stdout.write(f"\n{first} written{''.join(f', {path}' for path in others)}{' too' if others else ''}.\n")
    return 0


def chosenCases(options) -> CaseList:
    """The case of the command line, or those of the list. Raises BadOption."""
    given = [flag for name, flag in ONE_CASE.items() if getattr(options, name) is not None]
    if options.cases is not None:
        if given:
            raise BadOption(f"--cases names the files of every case; leave {', '.join(given)} out.")
        return readCaseList(options.cases)
    if missing := [f"--{name}" for name in ("standard", "enhanced", "rois") if getattr(options, name) is None]:
        raise BadOption(f"{', '.join(missing)} missing; name the files of one case, or a list of cases with --cases.")
    return CaseList(
        (
            CaseInput(
                name=options.case or "",
                standard=options.standard,
                enhanced=options.enhanced,
                rois=options.rois,
                standardRepeat=options.standard_repeat,
                enhancedRepeat=options.enhanced_repeat,
                enhanceReport=options.enhance_report,
                series=options.series,
            ),
        )
    )


def printRows(rows, *, isMany: bool):
    """Both conditions and the change of each value, or the median changes of many cases; then the warnings, each once.

    Warnings of many cases stand in the table, with their lesion.
    """
    from DLEnhanceLesionMetricsLib.measurement import changes

    changeRows = changes(rows)
    sys.stdout.write(summaryText(changeRows) if isMany else changeText(changeRows))
    warnings = list(dict.fromkeys(row.warning for row in changeRows if row.warning))
    if isMany and warnings:
        sys.stdout.write(
            f"note: {sum(bool(row.warning) for row in changeRows)} values have a warning; see the table.\n"
        )
        return
    for warning in warnings:
        sys.stdout.write(f"note: {warning}\n")


def changeText(changeRows) -> str:
    cells = [
        (
            row.lesion,
            row.metric,
            row.method,
            shortNumber(row.standard),
            shortNumber(row.enhanced),
            signedPercent(row.percentChange),
        )
        for row in changeRows
    ]
    return textTable(HEADER, cells)


def summaryText(changeRows) -> str:
    from DLEnhanceLesionMetricsLib.measurement import summarise

    cells = [
        (
            row.metric,
            row.method,
            str(row.lesions),
            str(row.cases),
            *map(signedPercent, (row.median, row.lowerQuartile, row.upperQuartile)),
        )
        for row in summarise(changeRows)
    ]
    return textTable(SUMMARY_HEADER, cells)
