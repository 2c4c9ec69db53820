"""Sharpness on a line: edge rise distance and slope, full width at half maximum, Gibbs overshoot. numpy only.

Lower ERD and FWHM are sharper. SNR improves under any blur, so these stand beside it.
"""

import dataclasses

import numpy as np

from .profiles import Profile

# An edge must rise by this many SDs of its plateaus to be an edge.
LEAST_STEP_IN_SD = 4.0
PLATEAU_SHARE = 0.2


@dataclasses.dataclass(frozen=True)
class EdgeRise:
    """distance: mm between the two fractions of the step (ERD); slope: intensity per mm between them (ERS).

    relativeSlope: slope over the step height, 1/mm. overshoot: first peak beyond the edge on its high side over the
    step height, 0.089 for plain truncation (Gibbs). position: mm along the line of the half-height crossing.
    noise: the larger robust SD of the two plateaus, ringing left out as far as it is rare.
    All None with a reason when there is no clear edge.
    """

    distance: float | None = None
    slope: float | None = None
    relativeSlope: float | None = None
    overshoot: float | None = None
    step: float | None = None
    position: float | None = None
    noise: float | None = None
    reason: str = ""


@dataclasses.dataclass(frozen=True)
class PeakWidth:
    """width: full width in mm at half of peak minus baseline (FWHM); None with a reason when there is no clear peak."""

    width: float | None = None
    peak: float | None = None
    baseline: float | None = None
    noise: float | None = None
    reason: str = ""


def edgeRise(profile: Profile, *, low: float = 0.1, high: float = 0.9) -> EdgeRise:
    """The rise of a single edge between two plateaus, either way round; the fractions are 10-90 % or 20-80 %.

    The plateaus are the medians of the first and last fifth of the line; the crossings are those nearest to the middle
    of the edge, so ringing and noise on the plateaus do not count.
    """
    count = max(3, round(PLATEAU_SHARE * len(profile.values)))
    first, last = profile.values[:count], profile.values[-count:]
    step = float(np.median(last) - np.median(first))
    noise = max(_spread(first), _spread(last))
    if step == 0 or abs(step) < LEAST_STEP_IN_SD * noise:
        return EdgeRise(reason="The two ends of the line do not differ clearly; draw it across one edge.")
    values = (profile.values - np.median(first)) / step
    middle = _crossing(values, 0.5, int(np.argmax(_smoothed(np.diff(values), profile))))
    if middle is None:
        return EdgeRise(reason="The line crosses no single edge.")
    ends = [_crossing(values, fraction, round(middle), towards=side) for fraction, side in ((low, -1), (high, 1))]
    if None in ends:
        return EdgeRise(reason="The edge does not reach its plateaus inside the line; draw it longer.")
    distance = (ends[1] - ends[0]) * profile.step
    slope = (high - low) * abs(step) / distance
    return EdgeRise(
        distance=distance,
        slope=slope,
        relativeSlope=slope / abs(step),
        overshoot=_overshoot(
            values if step > 0 else 1 - values[::-1], middle if step > 0 else len(values) - 1 - middle
        ),
        step=abs(step),
        position=middle * profile.step,
        noise=noise,
    )


def peakWidth(profile: Profile) -> PeakWidth:
    """The FWHM of a small bright or dark target crossed by the line.

    The baseline is the median of the first and last fifth; the peak is the value farthest from it in the middle part.
    """
    count = max(3, round(PLATEAU_SHARE * len(profile.values)))
    ends = np.concatenate([profile.values[:count], profile.values[-count:]])
    baseline = float(np.median(ends))
    inner = profile.values[count:-count] - baseline
    if not inner.size:
        return PeakWidth(reason="The line is too short; draw it across the whole target.")
    top = int(np.argmax(np.abs(inner))) + count
    height = float(profile.values[top] - baseline)
    if height == 0 or abs(height) < LEAST_STEP_IN_SD * _spread(ends):
        return PeakWidth(reason="No clear peak stands out on the line; draw it across one small target.")
    values = (profile.values - baseline) / height
    left, right = (_crossing(values, 0.5, top, towards=side) for side in (-1, 1))
    if left is None or right is None:
        return PeakWidth(reason="The target does not fall to half of its height inside the line; draw it longer.")
    return PeakWidth((right - left) * profile.step, baseline + height, baseline, _spread(ends))


def _spread(values):
    """A robust SD: ringing on a plateau counts little."""
    return 1.4826 * float(np.median(np.abs(values - np.median(values))))


def _smoothed(slopes, profile):
    """Slopes averaged over a twentieth of the line, so that the steepest place is the edge and not noise."""
    width = max(1, len(profile.values) // 20)
    return np.convolve(slopes, np.ones(width) / width, mode="same")


def _crossing(values, level, start, *, towards=0):
    """Fractional index where the values cross a level, nearest to a start; towards -1 or 1 looks to one side only."""
    crossed = np.flatnonzero((values[:-1] < level) != (values[1:] < level))
    if towards:
        crossed = crossed[crossed < start] if towards < 0 else crossed[crossed >= start]
    if not crossed.size:
        return None
    index = int(crossed[np.argmin(np.abs(crossed - start))])
    return float(index + (level - values[index]) / (values[index + 1] - values[index]))


def _overshoot(values, middle):
    """The first maximum beyond the middle of a rising edge from 0 to 1, above 1; 0 when there is none."""
    beyond = values[int(np.ceil(middle)) :]
    peaks = np.flatnonzero((beyond[1:-1] >= beyond[:-2]) & (beyond[1:-1] > beyond[2:])) + 1
    high = [index for index in peaks if beyond[index] > 0.9]
    return max(0.0, float(beyond[high[0]]) - 1.0) if high else 0.0
