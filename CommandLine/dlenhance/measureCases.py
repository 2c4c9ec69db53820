"""Reading and measuring the cases of ``dlenhance measure``, one after another: all are read before one is measured."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from DLEnhanceLib.errors import BadOption, DLEnhanceError

from .caseList import CaseInput, problemText
from .measureMethods import lineRows, noiseInputs, requireNoise, surroundRows, withWarning

if TYPE_CHECKING:  # the parser is made without numpy
    from DLEnhanceLib.volume import Volume


@dataclasses.dataclass(frozen=True, eq=False)
class ReadCase:
    """The volumes and regions of one case. repeats: condition to the second acquisition."""

    name: str
    standard: "Volume"
    enhanced: "Volume"
    regions: Sequence
    repeats: Mapping[str, "Volume"]
    enhanceReport: Mapping


def checkCases(cases: Sequence[CaseInput], options, *, listName: str, reportProgress):
    """Read every case and let it go again. Raises BadOption that names each case that cannot be measured."""
    problems = []
    for number, case in enumerate(cases):
        reportProgress(number / len(cases), f"checking {case.name}")
        try:
            requireMeasurable(readCase(case, options), options)
        except DLEnhanceError as problem:
            problems.append((case, str(problem)))
    if problems:
        raise BadOption(problemText(listName, problems))


def readCase(case: CaseInput, options) -> ReadCase:
    """Everything a case needs. Raises BadOption or UnsupportedVolume."""
    from DLEnhanceLib.reading import readVolume

    standard = readVolume(case.standard, series=case.series)
    repeats = {"standard": case.standardRepeat, "enhanced": case.enhancedRepeat}
    return ReadCase(
        name=case.name or standard.name,
        standard=standard,
        enhanced=readVolume(case.enhanced),
        regions=readRegionsFor(case.rois, standard, options),
        repeats={condition: readVolume(path) for condition, path in repeats.items() if path is not None},
        enhanceReport=readEnhanceReport(case.enhanceReport),
    )


def readEnhanceReport(path) -> Mapping:
    """What ``dlenhance enhance --report`` wrote; empty without a path. Raises BadOption for anything else."""
    if path is None:
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise BadOption(f"{path.name} is not a report of dlenhance enhance; name its JSON file.") from problem
    if not isinstance(content, dict) or "strengths" not in content:
        raise BadOption(f"{path.name} is not a report of dlenhance enhance; name its JSON file.")
    return content


def requireMeasurable(case: ReadCase, options):
    """Raise BadOption for what would fail later: other grids, no lesion, a method that lacks its input."""
    from DLEnhanceLesionMetricsLib.measurement import gridMismatch, pairedRegions

    for other in (case.enhanced, *case.repeats.values()):
        if not other.isOnGridOf(case.standard):
            raise BadOption(f"{gridMismatch(case.standard, other)}; all images of a case must have one grid.")
    pairedRegions(case.regions)
    requireNoise(case, options)
    if options.sr:
        requireDicom(case.standard)
        requireDicom(case.enhanced)


def requireDicom(volume):
    from DLEnhanceLesionMetricsLib.reportImages import NOT_DICOM

    if not volume.tags.get("SourceInstanceUIDs"):
        raise BadOption(NOT_DICOM.format(name=volume.source.name))


def measuredCase(case: ReadCase, options, *, reportProgress):
    """The case measured: a measuredCase.MeasuredCase."""
    from DLEnhanceLesionMetricsLib.measuredCase import MeasuredCase, lesionSizes
    from DLEnhanceLesionMetricsLib.measurement import measurePair

    requireMeasurable(case, options)
    noise = noiseInputs(case, options, reportProgress=reportProgress)
    rows = measurePair(
        case.standard,
        case.enhanced,
        case.regions,
        noiseMethods=options.methods,
        case=case.name,
        repeats=case.repeats,
        noiseMaps=noise.maps,
    )
    return MeasuredCase(
        case=case.name,
        standard=case.standard,
        enhanced=case.enhanced,
        regions=case.regions,
        rows=[*withWarning(rows, noise), *surroundRows(case, options, noise), *lineRows(case, options)],
        sizes=lesionSizes(case.standard, case.regions),
        provenance=caseFacts(case),
    )


def caseFacts(case: ReadCase) -> list[tuple[str, str]]:
    """Where images and numbers came from."""
    from DLEnhanceLesionMetricsLib.provenance import enhancementFacts, softwareFacts, volumeFacts

    facts = volumeFacts("standard image", case.standard) + volumeFacts("enhanced image", case.enhanced)
    for condition, volume in case.repeats.items():
        facts += volumeFacts(f"{condition} image, second acquisition", volume)
    return [*facts, *enhancementFacts(case.enhanceReport), *softwareFacts()]


def readRegionsFor(path, standard, options) -> list:
    from DLEnhanceLesionMetricsLib.regionFiles import readRegions

    labels = (*options.lesion_label, options.reference_label, options.air_label)
    given = [label for label in labels if label is not None]
    if len(set(given)) < len(given):
        raise BadOption("One label value is given two roles; lesions, reference and air need different ones.")
    return readRegions(
        path,
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
