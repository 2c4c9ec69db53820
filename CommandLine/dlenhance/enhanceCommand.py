"""``dlenhance enhance``: one volume in, the enhanced volume out, with a report of how it was made."""

import argparse
import json
import sys
from pathlib import Path

from DLEnhanceLib.errors import BadOption
from DLEnhanceLib.version import LABEL, VERSION

from .outputs import Outputs
from .progressBar import portion, progressBar
from .seriesOptions import addSeriesOptions, chosenSeriesOptions, refuseSeriesOptions, writeSeries
from .strengthOptions import addStrengthOptions, chosenStrengths, describeStrengths

COMPONENTS = ("noise", "ringing", "blur")


def addParser(subParsers):
    parser = subParsers.add_parser(
        "enhance",
        help="enhance a volume",
        description=f"Remove noise and truncation ringing, undo blur. The input is never changed. {LABEL}",
    )
    parser.add_argument("input", metavar="IN", type=Path, help="NIfTI, NRRD, MetaImage, DICOM file or folder")
    parser.add_argument(
        "output", metavar="OUT", type=Path, help="a volume file; for DICOM input also a new folder for a derived series"
    )
    addStrengthOptions(parser)
    addComputingOptions(parser)
    parser.add_argument("--series", help="number or UID of one series of a DICOM folder")
    parser.add_argument(
        "--dtype",
        choices=("stored", "float32"),
        default="stored",
        help="keep the stored type (default) or write float32",
    )
    parser.add_argument("--again", action="store_true", help="enhance a volume that dlenhance made itself")
    parser.add_argument("--report", metavar="FILE.json", type=Path, help="every number of the run")
    parser.add_argument("--components", metavar="DIR", type=Path, help="new folder for noise, ringing and blur")
    parser.add_argument(
        "--evidence", metavar="FILE", type=Path, help="map of what noise does not explain, in noise SDs"
    )
    addSeriesOptions(parser)
    parser.set_defaults(run=run)


def addComputingOptions(parser):
    parser.add_argument("--profile", choices=("full", "fast"), default="full", help="which model (default full)")
    parser.add_argument("--device", default="auto", help="auto (default), cpu, cuda, cuda:N or mps")
    parser.add_argument("--threads", metavar="N", type=positiveInteger, help="CPU threads (default: all cores)")


def positiveInteger(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number of at least 1")
    return int(text)


def run(options) -> int:
    from DLEnhanceLib.reading import readVolume

    strengths = chosenStrengths(options)
    refuseImpossible(options)
    volume = readVolume(options.input, series=options.series)
    with Outputs(inputs=[options.input]) as outputs, progressBar("enhancing") as reportProgress:
        writesSeries = planOutput(outputs, options, isDicom=bool(volume.tags))
        if options.report:
            outputs.addFile(options.report, suffixes=(".json",), option="--report")
        if options.components:
            outputs.addFolder(options.components, option="--components")
        if options.evidence:
            outputs.addFile(options.evidence, suffixes=writableSuffixes(), option="--evidence")
        enhancement = enhanced(volume, options, strengths, portion(reportProgress, 0.0, 0.95))
        reportProgress(0.96, "writing")
        series = writeMain(outputs, options, enhancement, strengths, writesSeries=writesSeries)
        writeExtras(outputs, options, enhancement, series)
        outputs.commit()
    printSummary(options, enhancement, strengths, series)
    return 0


def refuseImpossible(options):
    """Before anything is read: options that only a DICOM series can follow, and choices it cannot follow."""
    if isVolumeFile(options.output):
        refuseSeriesOptions(options)
    else:
        chosenSeriesOptions(options)


def isVolumeFile(path: Path) -> bool:
    return path.name.lower().endswith(writableSuffixes())


def writableSuffixes() -> tuple[str, ...]:
    from DLEnhanceLib.writing import WRITABLE_SUFFIXES

    return WRITABLE_SUFFIXES


def planOutput(outputs, options, *, isDicom: bool) -> bool:
    """Plan OUT; True if it is a folder for a derived DICOM series."""
    from DLEnhanceLib.writing import WRITABLE_SUFFIXES

    if isVolumeFile(options.output):
        outputs.addFile(options.output, option="OUT")
        return False
    if not isDicom:
        raise BadOption(f"{options.output} (OUT) must end in {', '.join(WRITABLE_SUFFIXES)}: the input is not DICOM.")
    if options.output.suffix.lower() in (".dcm", ".ima"):
        raise BadOption(f"{options.output} (OUT) must be a folder, which receives the derived DICOM series.")
    if options.dtype != "stored":
        raise BadOption("A derived DICOM series keeps the stored type; leave --dtype out or write a volume file.")
    outputs.addFolder(options.output, option="OUT")
    return True


def enhanced(volume, options, strengths, reportProgress):
    """Run survey, network, blending and guard."""
    from DLEnhanceLib.enhancement import enhance
    from DLEnhanceLib.priorDl import isOurOwnOutput
    from DLEnhanceLib.survey import survey
    from DLEnhanceLib.torchBackend import makeBackend

    if options.dtype == "float32":
        volume = volume.withVoxels(volume.voxels.astype("float32"))
    if isOurOwnOutput(volume.tags) and not options.again:
        raise BadOption("The input was made by DLEnhance; use the original, or --again to enhance it all the same.")
    findings = survey(volume, reportProgress=portion(reportProgress, 0.0, 0.1))
    backend = makeBackend(profile=options.profile, device=options.device, threads=options.threads)
    return enhance(
        volume,
        backend,
        strengths=strengths,
        priorSurvey=findings,
        reportProgress=portion(reportProgress, 0.1, 1.0),
    )


def writeMain(outputs, options, enhancement, strengths, *, writesSeries: bool):
    """The enhanced volume as a file, or as a derived series; returns the DerivedSeries, None for a file."""
    target = outputs.staged(options.output)
    if writesSeries:
        return writeSeries(enhancement, options, target, strengths=strengths)
    from DLEnhanceLib.writing import writeVolume

    writeVolume(enhancement.volume, target, comment=LABEL)
    return None


def writeExtras(outputs, options, enhancement, series):
    """--components, --evidence and --report."""
    if options.components:
        from DLEnhanceLib.writing import writeVolume

        folder = outputs.staged(options.components)
        folder.mkdir()
        for name in COMPONENTS:
            voxels = getattr(enhancement.components, name)
            writeVolume(enhancement.volume.withVoxels(voxels, name=name), folder / f"{name}.nii.gz")
    if options.evidence:
        from DLEnhanceLib.writing import writeVolume

        voxels = evidenceOf(enhancement)
        writeVolume(enhancement.volume.withVoxels(voxels, name="evidence"), outputs.staged(options.evidence))
    if options.report:
        outputs.staged(options.report).write_text(json.dumps(reportOf(options, enhancement, series), indent=2) + "\n")


def evidenceOf(enhancement):
    """The guard's map of a run."""
    from DLEnhanceLib.guard import evidenceMap

    return evidenceMap(enhancement.source, enhancement.components, enhancement.strengths, enhancement.survey)


def reportOf(options, enhancement, series) -> dict:
    """Every number of the run, and what was asked for."""
    files = {"input": str(options.input), "output": str(options.output), "series": options.series}
    return {"dlenhance": VERSION, "label": LABEL} | files | describeSeries(series) | enhancement.report()


def describeSeries(series) -> dict:
    """What the derived series is called; empty for a volume file."""
    if series is None:
        return {}
    names = ("seriesUID", "seriesNumber", "seriesDescription", "notes")
    return {"derivedSeries": {name: getattr(series, name) for name in names}}


def printSummary(options, enhancement, strengths, series):
    lines = [
        f"{options.output} written: {describeStrengths(strengths)}, "
        f"model {enhancement.backend['modelId']}, {enhancement.seconds:.1f} s on {enhancement.backend['device']}.",
        *(f"note: {note}" for note in seriesNotes(series)),
        *(f"note: {note}" for note in enhancement.survey.notes),
        *(f"guard: {finding.sentence}" for finding in enhancement.guard.findings if not finding.passed),
        LABEL,
    ]
    sys.stdout.write("\n".join(lines) + "\n")


def seriesNotes(series) -> list[str]:
    """Number and description of the derived series, and what could not stay as in the source."""
    if series is None:
        return []
    named = f"DICOM series {series.seriesNumber}, '{series.seriesDescription}', {len(series.files)} files."
    return [named, *series.notes]
