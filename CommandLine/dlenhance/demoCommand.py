"""``dlenhance demo``: the main job from a noisy volume to the summary page, on what this machine has."""

import dataclasses
import json
import sys
import time
from pathlib import Path

from DLEnhanceLib.strengths import PRESETS
from DLEnhanceLib.version import LABEL, VERSION

from .enhanceCommand import addComputingOptions
from .figureRequirements import requireFigures
from .outputs import Outputs
from .progressBar import portion, progressBar
from .strengthOptions import describeStrengths
from .textTable import signedPercent, textTable

PAGE = "summary.html"
PRESET = "medium"
CAPTION = (
    "The same slice, window and level in every view; below, the lesion enlarged without outlines. "
    "Outlines: lesions yellow, reference blue, air gray. "
    "The third view is the truth where it is known, else the residual."
)


def addParser(subParsers):
    parser = subParsers.add_parser(
        "demo",
        help="enhance, measure and compare example volumes",
        description="Enhance a simulated head with known truth and, where their data are present, two real volumes; "
        "measure their lesions, draw both side by side, and sum it up on one page.",
    )
    parser.add_argument(
        "--out", metavar="DIR", type=Path, default=Path("demo-output"), help="a new folder (default demo-output)"
    )
    addComputingOptions(parser)
    parser.set_defaults(run=run)


@dataclasses.dataclass(frozen=True, eq=False)
class CaseResult:
    """One case after the main job. truth: TruthResult for simulated cases."""

    case: object
    enhancement: object
    rows: list
    folder: Path
    figure: Path
    truth: object = None


@dataclasses.dataclass(frozen=True)
class TruthResult:
    standardError: object
    enhancedError: object
    standardKept: list
    enhancedKept: list


def run(options) -> int:
    from DLEnhanceLib.torchBackend import makeBackend

    from .demoCases import demoCases

    started = time.monotonic()
    cases = demoCases()
    with Outputs() as outputs, progressBar("demo") as reportProgress:
        place = outputs.addFolder(options.out, option="--out", replaceIfItHolds=PAGE)
        requireFigures()
        folder = outputs.staged(place)
        folder.mkdir()
        backend = makeBackend(profile=options.profile, device=options.device, threads=options.threads)
        results = []
        for number, (title, make) in enumerate(cases):
            report = portion(reportProgress, number / len(cases), (number + 1) / len(cases), f"{title}: ")
            results.append(caseResult(make, backend, folder, report))
        writeSummary(results, folder)
        outputs.commit()
    printSummary(results, place, time.monotonic() - started)
    return 0


def caseResult(make, backend, folder: Path, reportProgress) -> CaseResult:
    """Make one case, enhance it, measure it, draw it, and write all of it into a folder of its own."""
    from DLEnhanceLesionMetricsLib.measurement import measurePair
    from DLEnhanceLib.enhancement import enhance

    reportProgress(0.0, "preparing")
    case = make()
    folder = folder / case.id
    folder.mkdir()
    enhancement = enhance(
        case.volume, backend, strengths=PRESETS[PRESET], reportProgress=portion(reportProgress, 0.25, 0.85)
    )
    reportProgress(0.85, "measuring")
    rows = measurePair(case.volume, enhancement.volume, case.regions, noiseMethods=case.noiseMethods, case=case.id)
    reportProgress(0.88, "drawing")
    figure = drawFigure(case, enhancement.volume, folder / "side-by-side.png")
    reportProgress(0.92, "writing")
    writeCase(case, enhancement, rows, folder)
    return CaseResult(case, enhancement, rows, folder, figure, truthResult(case, enhancement.volume))


def drawFigure(case, enhanced, path: Path) -> Path:
    """Both volumes side by side by Slicer's slice views, regions drawn; the truth or the residual as a third view."""
    from .sliceViews import Panel, sideBySideFigure

    if case.truth:
        third = Panel(case.truth.volume, "Truth")
    else:
        third = Panel(residual(case.volume, enhanced), "Residual: standard - enhanced", isResidual=True)
    return sideBySideFigure(case.volume, enhanced, case.regions, path, panels=(third,), center=case.lookAt)


def residual(standard, enhanced):
    return standard.withVoxels(standard.voxels.astype("float32") - enhanced.voxels.astype("float32"), name="residual")


def writeCase(case, enhancement, rows, folder: Path):
    """The volumes, the table, the report; a derived series where the source is DICOM."""
    from DLEnhanceLesionMetricsLib.rows import writeCsv
    from DLEnhanceLib.writing import writeVolume

    writeVolume(case.volume, folder / "standard.nii.gz")
    writeVolume(enhancement.volume, folder / "enhanced.nii.gz", comment=LABEL)
    if case.truth:
        writeVolume(case.truth.volume, folder / "truth.nii.gz")
        writeVolume(case.truth.lesions, folder / "lesions.nii.gz")
    if case.source:
        from DLEnhanceLib.dicomWriting import writeDerivedSeries

        writeDerivedSeries(
            enhancement.volume,
            case.source,
            folder / "derived-series",
            strengths=enhancement.strengths,
            modelId=enhancement.backend["modelId"],
            modelHash=enhancement.backend["sha256"],
        )
    writeCsv(rows, folder / "measurements.csv")
    (folder / "report.json").write_text(json.dumps(enhancement.report(), indent=2) + "\n", encoding="utf-8")


def truthResult(case, enhanced):
    """Error and contrast kept against the truth, None where nobody knows it."""
    if case.truth is None:
        return None
    from DLEnhanceLesionMetricsLib.truthComparison import contrastKept, truthError

    truth = case.truth
    errors = [truthError(volume, truth.volume, truth.tissue) for volume in (case.volume, enhanced)]
    kept = [
        contrastKept(volume, truth.volume, truth.lesions, truth.diameters, truth.tissue)
        for volume in (case.volume, enhanced)
    ]
    return TruthResult(*errors, *kept)


def writeSummary(results, folder: Path):
    """All rows in one table, and the page."""
    from DLEnhanceLesionMetricsLib.measures import NOISE_METHODS
    from DLEnhanceLesionMetricsLib.rows import writeCsv

    from .summaryPage import formulaTable, summaryPage

    writeCsv([row for result in results for row in result.rows], folder / "measurements.csv")
    used = dict.fromkeys(method for result in results for method in result.case.noiseMethods)
    page = summaryPage(
        "DLEnhance: noisy MR volumes enhanced, measured and compared",
        f"Preset {PRESET}: {describeStrengths(PRESETS[PRESET])}. Each pair of pictures shows the standard volume on "
        "the left and the enhanced one on the right, at the same place, window and level, "
        "rendered by 3D Slicer's slice views.",
        [section(result) for result in results],
        [formulaTable([NOISE_METHODS[method] for method in used]), provenance(results[0].enhancement)],
    )
    (folder / PAGE).write_text(page, encoding="utf-8")


def section(result: CaseResult):
    """The part of the page about one case."""
    from DLEnhanceLesionMetricsLib.measurement import changes, summarise

    from .infoCommand import surveyLines
    from .summaryPage import Section, Table, changeTable, guardTable, summaryTable, truthTables

    changeRows = changes(result.rows)
    isLong = len({row.lesion for row in changeRows}) > 3
    return Section(
        title=result.case.title,
        about=result.case.about,
        figure=result.figure,
        caption=CAPTION,
        tables=[
            *(truthTables(result.truth) if result.truth else []),
            summaryTable(summarise(changeRows)) if isLong else changeTable(changeRows),
            Table("What the survey found", ("", ""), list(surveyLines(result.enhancement.survey))),
            guardTable(result.enhancement.guard),
        ],
        lines=[f"Enhanced in {result.enhancement.seconds:.1f} s on {result.enhancement.backend['device']}."],
        notes=[] if isLong else list(dict.fromkeys(row.warning for row in changeRows if row.warning)),
    )


def provenance(enhancement):
    from .summaryPage import Table

    backend = enhancement.backend
    rows = [
        ("software", f"DLEnhance {VERSION}"),
        ("model", f"{backend['modelId']} (profile {backend['profile']})"),
        ("weights, SHA-256", backend["sha256"] or "none: a fixed filter"),
        ("device", backend["device"]),
    ]
    return Table("Provenance", ("", ""), rows)


def printSummary(results, place: Path, seconds: float):
    """The main numbers of each case, then what was written."""
    from DLEnhanceLesionMetricsLib.measurement import changes, summarise

    cells = [
        (
            result.case.id,
            row.metric,
            row.method,
            str(row.lesions),
            *map(signedPercent, (row.median, row.lowerQuartile, row.upperQuartile)),
        )
        for result in results
        for row in summarise(changes(result.rows))
    ]
    header = ("case", "metric", "noise method", "lesions", "median change", "25 %", "75 %")
    sys.stdout.write(textTable(header, cells))
    for result in results:
        if result.truth:
            before, after = result.truth.standardError, result.truth.enhancedError
            sys.stdout.write(f"error to the truth, {result.case.id}: {before.psnr:.2f} dB -> {after.psnr:.2f} dB\n")
    sys.stdout.write(f"\nWritten in {seconds:.0f} s (research use only):\n")
    for path in (PAGE, "measurements.csv", *(f"{result.case.id}/" for result in results)):
        sys.stdout.write(f"  {place / path}\n")
