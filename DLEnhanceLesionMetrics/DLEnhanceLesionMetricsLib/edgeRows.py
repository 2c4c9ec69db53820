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
LOW, HIGH = 0.1, 0.9  # of the step
EDGE_UNITS = {"erd": "mm", "ers": "1/mm", "overshoot": "%"}
# Below this step in SDs of its plateaus the two crossings of an edge wander by more than a tenth.
CLEAR_STEP_IN_SD = 10.0
SHORTEST_RISE = 1.2  # voxels along the line; an ideal truncated edge rises in 0.9
NARROWEST_TARGET = 2.0  # voxels along the line


@dataclasses.dataclass(frozen=True, eq=False)
class EdgeLine:
    """A named line from start to end, RAS mm."""

    name: str
    start: np.ndarray
    end: np.ndarray


@dataclasses.dataclass(frozen=True)
class LineValue:
    """One value along a line, what it is made of and what speaks against it."""

    metric: str
    value: float | None
    unit: str
    warning: str
    components: tuple[tuple[str, float], ...] = ()


def measureLines(standard: Volume, enhanced: Volume | None, lines, *, case="") -> list[MeasurementRow]:
    """One row per line, condition and measure: erd, ers and overshoot of an edge, or fwhm of a target.

    erd: mm; ers: slope over step height, 1/mm; overshoot: percent of the step; fwhm: mm. What cannot be measured has no
    value and says why.
    """
    volumes = {STANDARD: standard} if enhanced is None else {STANDARD: standard, ENHANCED: enhanced}
    rows = []
    for line in lines:
        profiles = {condition: _profile(volume, line) for condition, volume in volumes.items()}
        voxel = _voxelAlong(standard, line)
        isTarget = _isTarget(profiles[STANDARD])
        for condition, profile in profiles.items():
            values = _targetValues(profile, voxel) if isTarget else _edgeValues(profile, voxel)
            count = None if isinstance(profile, str) else profile.voxels
            rows += [_row(case, line.name, condition, value, count) for value in values]
    return rows


def _profile(volume, line) -> Profile | str:
    """The intensities along a line, or why there are none."""
    try:
        return lineProfile(volume, line.start, line.end, width=LINE_WIDTH)
    except BadOption as error:
        return str(error)


def _voxelAlong(volume, line):
    """mm between two voxels along the line: the voxel edge of the axis that the line passes fastest."""
    direction = np.subtract(line.end, line.start)
    steps = np.linalg.solve(volume.ijkToRAS[:3, :3], direction)
    return float(np.linalg.norm(direction) / max(np.linalg.norm(steps), 1e-12))


def _isTarget(profile):
    if isinstance(profile, str) or edgeRise(profile, low=LOW, high=HIGH).distance is not None:
        return False
    return peakWidth(profile).width is not None


def _targetValues(profile, voxel):
    if isinstance(profile, str):
        return [LineValue("fwhm", None, "mm", _notMeasurable(profile))]
    found = peakWidth(profile)
    if found.width is None:
        return [LineValue("fwhm", None, "mm", _notMeasurable(found.reason))]
    parts = (("peak", found.peak), ("baseline", found.baseline), ("baseline_sd", found.noise))
    texts = []
    if abs(found.peak - found.baseline) < CLEAR_STEP_IN_SD * found.noise:
        texts.append("The target is not clear of the noise; the width is uncertain.")
    if found.width < NARROWEST_TARGET * voxel:
        texts.append("The target is narrower than two voxels; the width is that of the voxels.")
    return [LineValue("fwhm", found.width, "mm", " ".join(texts), parts)]


def _edgeValues(profile, voxel):
    if isinstance(profile, str):
        return [LineValue(metric, None, unit, _notMeasurable(profile)) for metric, unit in EDGE_UNITS.items()]
    found = edgeRise(profile, low=LOW, high=HIGH)
    if found.distance is None:
        return [LineValue(metric, None, unit, _notMeasurable(found.reason)) for metric, unit in EDGE_UNITS.items()]
    parts = (("step", found.step), ("plateau_sd", found.noise), ("low", LOW), ("high", HIGH))
    noisy = "The step is not clear of the noise; the value is uncertain." if _isNoisy(found) else ""
    rise = [noisy] if noisy else []
    if found.distance < SHORTEST_RISE * voxel:
        rise.append("The edge rises within about one voxel; the grid sets the value.")
    over = [noisy] if noisy else []
    if 0 < found.overshoot * found.step < 2 * found.noise:
        over.append("The overshoot is within the noise of the plateau.")
    values = (
        (found.distance, rise, (*parts, ("position", found.position))),
        (found.relativeSlope, rise, (*parts, ("slope", found.slope))),
        (100.0 * found.overshoot, over, parts),
    )
    return [
        LineValue(metric, value, unit, " ".join(texts), components)
        for (metric, unit), (value, texts, components) in zip(EDGE_UNITS.items(), values, strict=True)
    ]


def _isNoisy(found):
    return found.step < CLEAR_STEP_IN_SD * found.noise


def _notMeasurable(reason):
    return f"Not measurable: {reason}"


def _row(case, name, condition, found, count):
    return MeasurementRow(
        case=case,
        lesion=name,
        condition=condition,
        metric=found.metric,
        method=NO_METHOD,
        value=found.value,
        unit=found.unit,
        noise=None,
        warning=found.warning,
        reference="",
        air="",
        lesionStatistics=None,
        referenceStatistics=None,
        airStatistics=None,
        voxels=count,
        components=found.components,
    )
