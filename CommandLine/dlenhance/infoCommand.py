"""``dlenhance info``: what a volume is and what the survey finds in it."""

import json
import sys
from pathlib import Path


def addParser(subParsers):
    parser = subParsers.add_parser(
        "info",
        help="what a volume is: grid, sequence, noise, k-space support, prior deep learning",
        description="Say what a volume is. For a DICOM folder with several series, list them.",
    )
    parser.add_argument("input", metavar="IN", type=Path, help="NIfTI, NRRD, MetaImage, DICOM file or folder")
    parser.add_argument("--series", help="number or UID of one series of a DICOM folder")
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    parser.set_defaults(run=run)


def run(options) -> int:
    from DLEnhanceLib.reading import readVolume

    several = [] if options.series else severalSeries(options.input)
    if several:
        printSeries(several, asJson=options.json)
        return 0
    printVolume(readVolume(options.input, series=options.series), asJson=options.json)
    return 0


def severalSeries(path: Path) -> list:
    """The series of a DICOM folder or archive that holds more than one, else nothing."""
    from DLEnhanceLib.reading import listSeries

    series = listSeries(path)
    return series if len(series) > 1 else []


def printSeries(several, *, asJson: bool):
    if asJson:
        writeJson({"series": [seriesAsDict(series) for series in several]})
        return
    sys.stdout.write(f"{len(several)} series; choose one with --series:\n")
    for series in several:
        size = " x ".join(str(length) for length in series.size)
        sys.stdout.write(f"  {series.selector:>8}  {series.modality}  {size:16s}  {series.description}\n")
        sys.stdout.write(f"  {'':8}  {series.problem or series.uid}\n")


def seriesAsDict(series) -> dict:
    names = ("uid", "number", "description", "count", "size", "modality", "selector", "problem")
    return {name: getattr(series, name) for name in names}


def printVolume(volume, *, asJson: bool):
    from DLEnhanceLib.description import describe
    from DLEnhanceLib.survey import survey

    description, findings = describe(volume), survey(volume)
    if asJson:
        writeJson(description.asDict() | {"source": str(volume.source), "survey": findings.asDict()})
        return
    sys.stdout.write(f"{volume.source or volume.name}\n")
    for title, text in (*gridLines(description), *surveyLines(findings)):
        sys.stdout.write(f"  {title:10s} {text}\n")


def gridLines(description):
    """(title, text) of each line about the grid."""
    size = " x ".join(str(size) for size in description.size)
    spacing = " x ".join(f"{spacing:.2f}" for spacing in description.spacing)
    oblique = f", oblique by {description.obliqueDegrees:.1f} degrees" if description.obliqueDegrees > 0.1 else ""
    yield "grid", f"{size} voxels of {spacing} mm, {description.plane} ({description.axisCodes}{oblique})"
    yield "stored as", f"{description.storedType}, {description.minimum:g} to {description.maximum:g}"


def surveyLines(findings):
    """(title, text) of each line about what was estimated."""
    sigma = findings.noise.median
    support = " x ".join(f"{100 * share:.0f}" for share in reversed(findings.support))
    yield "sequence", f"{findings.sequence} ({sentence(findings.sequenceReason)})"
    yield (
        "noise",
        (
            f"SD {sigma:.4g}, {findings.noisePercent:.2f} % of tissue; varies by "
            f"{100 * findings.noise.relativeSpread:.0f} % over the head"
        ),
    )
    yield "k-space", f"{support} % of the axes i x j x k filled"
    yield "prior DL", f"{findings.priorDl} ({sentence(findings.priorDlReason)})"
    for note in findings.notes:
        yield "note", note


def sentence(text: str) -> str:
    """A sentence as it stands inside parentheses."""
    return text.rstrip(". ")


def writeJson(content: dict):
    json.dump(content, sys.stdout, indent=2)
    sys.stdout.write("\n")
