"""Sharpness along lines in a standard and an enhanced volume, as measurement rows. No Slicer, no files.

A line across an edge gives the edge rise distance (10-90 %), its slope and the overshoot; a line across a small target
gives its full width at half maximum. The standard volume decides which of the two it is.
"""

import dataclasses

import numpy as np

from DLEnhanceLib.errors import BadOption
from DLEnhanceLib.volume import Volume

from .measurement import ENHANCED, NO_METHOD, STANDARD, MeasurementRow
from .profiles import Profile, lineProfile
from .sharpness import edgeRise, peakWidth

# Lines beside each other are averaged over this width: less noise, and on lesion borders hardly any more blur.
LINE_WIDTH = 1.0  # mm
EDGE_UNITS = {"erd": "mm", "ers": "1/mm", "overshoot": "%"}


@dataclasses.dataclass(frozen=True, eq=False)
class EdgeLine:
    """A named line from start to end, RAS mm."""

    name: str
    start: np.ndarray
    end: np.ndarray


def measureLines(standard: Volume, enhanced: Volume | None, lines, *, case="") -> list[MeasurementRow]:
    """One row per line, condition and measure: erd, ers and overshoot of an edge, or fwhm of a target.

    erd: mm; ers: slope over step height, 1/mm; overshoot: percent of the step; fwhm: mm. What cannot be measured has no
    value and says why.
    """
    volumes = {STANDARD: standard} if enhanced is None else {STANDARD: standard, ENHANCED: enhanced}
    rows = []
    for line in lines:
        profiles = {condition: _profile(volume, line) for condition, volume in volumes.items()}
        isTarget = _isTarget(profiles[STANDARD])
        for condition, profile in profiles.items():
            values = _targetValues(profile) if isTarget else _edgeValues(profile)
            rows += [_row(case, line.name, condition, *value) for value in values]
    return rows


def _profile(volume, line) -> Profile | str:
    """The intensities along a line, or why there are none."""
    try:
        return lineProfile(volume, line.start, line.end, width=LINE_WIDTH)
    except BadOption as error:
        return str(error)


def _isTarget(profile):
    if isinstance(profile, str) or edgeRise(profile).distance is not None:
        return False
    return peakWidth(profile).width is not None


def _targetValues(profile):
    if isinstance(profile, str):
        return [("fwhm", None, "mm", profile)]
    found = peakWidth(profile)
    return [("fwhm", found.width, "mm", found.reason)]


def _edgeValues(profile):
    if isinstance(profile, str):
        return [(metric, None, unit, profile) for metric, unit in EDGE_UNITS.items()]
    found = edgeRise(profile)
    overshoot = None if found.overshoot is None else 100.0 * found.overshoot
    values = (found.distance, found.relativeSlope, overshoot)
    return [
        (metric, value, unit, found.reason) for (metric, unit), value in zip(EDGE_UNITS.items(), values, strict=True)
    ]


def _row(case, name, condition, metric, value, unit, reason):
    return MeasurementRow(
        case=case,
        lesion=name,
        condition=condition,
        metric=metric,
        method=NO_METHOD,
        value=value,
        unit=unit,
        noise=None,
        warning=f"Not measurable: {reason}" if value is None and reason else "",
        reference="",
        air="",
        lesionStatistics=None,
        referenceStatistics=None,
        airStatistics=None,
    )
