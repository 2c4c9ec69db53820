"""Measured cases as one JSON document: rows, changes, sizes, regions, provenance, and the formulas of what is in it."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

from DLEnhanceLib.version import LABEL, VERSION

from .measuredCase import MeasuredCase
from .measurement import MeasurementRow, changes, summarise
from .measures import NOISE_METHODS
from .metricDefinitions import metricDefinition
from .rows import rowColumns, writeAtomically

_SIZES = ("longestDiameter", "perpendicularDiameter", "diameter3D", "volume", "sizeClass", "isMeasurable")


def caseDocument(measured: MeasuredCase) -> dict:
    """What is known of one case, ready for JSON. Lengths in mm, places in RAS mm."""
    return {
        "case": measured.case,
        "provenance": dict(measured.provenance),
        "regions": [
            {"name": region.name, "role": region.role, "centerRAS": [round(float(x), 3) for x in region.center]}
            for region in measured.regions
        ],
        "sizes": {name: _sizeDocument(size) for name, size in measured.sizes.items()},
        "rows": [rowColumns(row) for row in measured.rows],
        "changes": [rowColumns(row) for row in measured.changes()],
    }


def writeDocument(documents: Sequence[dict], rows: Sequence[MeasurementRow], path) -> Path:
    """Write the documents of all cases with the summary over their rows. Raises CannotWrite; nothing is left then."""
    methods = dict.fromkeys(row.method for row in rows if row.method in NOISE_METHODS)
    content = {
        "label": LABEL,
        "software": f"DLEnhance {VERSION}",
        "noiseMethods": {key: _methodDocument(NOISE_METHODS[key]) for key in methods},
        "metrics": {key: _metricDocument(key) for key in dict.fromkeys(row.metric for row in rows)},
        "summary": [rowColumns(row) for row in summarise(changes(rows))],
        "cases": list(documents),
    }
    return writeAtomically(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n", path)


def _sizeDocument(size):
    values = {name: getattr(size, name) for name in _SIZES}
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in values.items()
    }


def _methodDocument(method):
    return {"title": method.title, "formula": method.formula, "caution": method.caution}


def _metricDocument(metric):
    definition = metricDefinition(metric)
    return {"title": definition.title, "formula": definition.formula, "meaning": definition.meaning}
