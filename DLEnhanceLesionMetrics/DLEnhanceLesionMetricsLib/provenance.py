"""Where images and numbers came from, as (name, value) for reports: names and UIDs, never a person and never a path."""

import platform
from collections.abc import Mapping

import numpy as np

from DLEnhanceLib.version import VERSION
from DLEnhanceLib.volume import Volume

_ACQUISITION = {
    "Manufacturer": "",
    "ManufacturerModelName": "",
    "MagneticFieldStrength": " T",
    "SequenceName": "",
    "RepetitionTime": " ms TR",
    "EchoTime": " ms TE",
    "InversionTime": " ms TI",
}


def volumeFacts(title: str, volume: Volume) -> list[tuple[str, str]]:
    """What a volume is: name, grid, voxels; series, acquisition and earlier deep learning where it has DICOM tags."""
    size = " x ".join(map(str, volume.voxels.shape[::-1]))
    spacing = " x ".join(f"{length:.4g}" for length in volume.spacing)
    name = volume.source.name if volume.source is not None else volume.name
    facts = [(title, f"{name}: {size} voxels of {spacing} mm, {volume.voxels.dtype}")]
    if volume.tags:
        facts += _dicomFacts(title, volume.tags)
    return facts


def _dicomFacts(title, tags):
    from DLEnhanceLib.priorDl import priorDl

    parts = [f"{tags[key]}{unit}" for key, unit in _ACQUISITION.items() if tags.get(key) not in (None, "", ())]
    prior = priorDl(tags)
    facts = [
        (f"{title}, series", str(tags.get("SeriesDescription", ""))),
        (f"{title}, series UID", str(tags.get("SeriesInstanceUID", ""))),
        (f"{title}, study UID", str(tags.get("StudyInstanceUID", ""))),
        (f"{title}, acquisition", ", ".join(parts)),
        (f"{title}, derivation", str(tags.get("DerivationDescription", ""))),
        (f"{title}, earlier deep learning", f"{prior.answer}: {prior.reason}"),
    ]
    return [(name, value) for name, value in facts if value]


def enhancementFacts(report: Mapping) -> list[tuple[str, str]]:
    """Model, hash, strengths and checks of the JSON report that ``dlenhance enhance --report`` writes."""
    model, strengths = report.get("model") or {}, report.get("strengths") or {}
    guard = report.get("guard") or {}
    facts = [
        ("enhanced by", str(report.get("software", ""))),
        ("model", " ".join(str(model[key]) for key in ("modelId", "profile") if model.get(key))),
        ("model, SHA-256", str(model.get("sha256", ""))),
        ("strengths", ", ".join(f"{name} {100 * value:g} %" for name, value in strengths.items())),
        ("checks of the enhancement", {True: "passed", False: "not passed"}.get(guard.get("passed"), "")),
    ]
    return [(name, value) for name, value in facts if value]


def softwareFacts() -> list[tuple[str, str]]:
    """What measured."""
    return [
        ("measured by", f"DLEnhance Lesion Metrics {VERSION}"),
        ("versions", f"Python {platform.python_version()}, numpy {np.__version__}"),
    ]
