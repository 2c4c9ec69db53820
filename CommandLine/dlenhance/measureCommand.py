"""``dlenhance measure``: the same regions in the standard and the enhanced volume, as a table and a figure."""

import sys
from pathlib import Path

from DLEnhanceLib.errors import BadOption

from .figureRequirements import requireFigures
from .outputs import Outputs
from .textTable import shortNumber, signedPercent, textTable

TABLE_SUFFIXES = (".csv", ".json")
DEFAULT_METHODS = ("tissue_sd",)
HEADER = ("lesion", "metric", "noise method", "standard", "enhanced", "change")


def addParser(subParsers):
    parser = subParsers.add_parser(
        "measure",
        help="measure lesions in the standard and the enhanced volume",
        description="SNR, CNR and contrast of each lesion in both volumes; regions are placed once, for both alike.",
    )
    parser.add_argument("--standard", metavar="A", type=Path, required=True, help="the volume before enhancement")
    parser.add_argument(
        "--enhanced", metavar="B", type=Path, required=True, help="the enhanced volume on the same grid"
    )
    parser.add_argument(
        "--rois",
        metavar="R",
        type=Path,
        required=True,
        help="label volume, segmentation (.seg.nrrd) or markups (.mrk.json)",
    )
    parser.add_argument(
        "--lesion-label",
        metavar="N",
        type=int,
        nargs="+",
        default=[1],
        help="label values of lesions (default 1)",
    )
    parser.add_argument("--split-lesions", action="store_true", help="each connected part of a label is a lesion")
    parser.add_argument("--reference-label", metavar="N", type=int, help="of the reference tissue (default 2)")
    parser.add_argument("--air-label", metavar="N", type=int, help="of air (default 3)")
    parser.add_argument(
        "--noise-method",
        metavar="ID",
        action="extend",
        nargs="+",
        help="tissue_sd (default) or others; 'all' for every one that needs no repeat",
    )
    parser.add_argument("--series", help="number or UID of the series of A, if A is a DICOM folder with several")
    parser.add_argument(
        "--case", default="", help="name of the case in the table (default: name of the standard volume)"
    )
    parser.add_argument("--out", metavar="TABLE", type=Path, required=True, help=".csv or .json, with every component")
    parser.add_argument("--figure", metavar="FIG.png", type=Path, help="both volumes side by side with the regions")
    parser.set_defaults(run=run)


def run(options) -> int:
    from DLEnhanceLesionMetricsLib.measurement import measurePair
    from DLEnhanceLib.reading import readVolume

    inputs = [options.standard, options.enhanced, options.rois]
    with Outputs(inputs=inputs) as outputs:
        outputs.addFile(options.out, suffixes=TABLE_SUFFIXES, option="--out")
        if options.figure:
            outputs.addFile(options.figure, suffixes=(".png",), option="--figure")
            requireFigures()
        methods = chosenMethods(options.noise_method)
        standard = readVolume(options.standard, series=options.series)
        enhanced = readVolume(options.enhanced)
        regions = readRegionsFor(standard, options)
        rows = measurePair(standard, enhanced, regions, noiseMethods=methods, case=options.case or standard.name)
        writeRows(rows, outputs.staged(options.out))
        if options.figure:
            from .sliceViews import sideBySideFigure

            sideBySideFigure(standard, enhanced, regions, outputs.staged(options.figure))
        outputs.commit()
    printRows(rows)
    sys.stdout.write(f"\n{options.out} written{f', {options.figure} too' if options.figure else ''}.\n")
    return 0


def chosenMethods(given) -> tuple[str, ...]:
    """The ids asked for, each once; 'all' stands for those that need one image only. Raises BadOption for others."""
    from DLEnhanceLesionMetricsLib.measures import NOISE_METHODS, noiseMethod

    given = given or DEFAULT_METHODS
    if "all" in given:
        return tuple(method for method in NOISE_METHODS if method not in ("difference", "pseudo_replica"))
    return tuple(dict.fromkeys(noiseMethod(method).id for method in given))


def readRegionsFor(standard, options) -> list:
    from DLEnhanceLesionMetricsLib.regionFiles import readRegions

    labels = (*options.lesion_label, options.reference_label, options.air_label)
    given = [label for label in labels if label is not None]
    if len(set(given)) < len(given):
        raise BadOption("One label value is given two roles; lesions, reference and air need different ones.")
    return readRegions(
        options.rois,
        standard,
        lesionLabel=options.lesion_label,
        referenceLabel=labelOrDefault(options.reference_label, 2, given),
        airLabel=labelOrDefault(options.air_label, 3, given),
        splitLesions=options.split_lesions,
    )


def labelOrDefault(label: int | None, default: int, given) -> int | None:
    """The label asked for, else the default; none where the default was given to another role."""
    if label is None and default not in given:
        return default
    return label


def writeRows(rows, path):
    """A tidy table in the format of the suffix."""
    from DLEnhanceLesionMetricsLib.rows import writeCsv, writeJson

    writeJson(rows, path) if path.suffix.lower() == ".json" else writeCsv(rows, path)


def printRows(rows):
    """Both conditions and the change of each value, then the warnings, each once."""
    from DLEnhanceLesionMetricsLib.measurement import changes

    changeRows = changes(rows)
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
    sys.stdout.write(textTable(HEADER, cells))
    for warning in dict.fromkeys(row.warning for row in changeRows if row.warning):
        sys.stdout.write(f"note: {warning}\n")
