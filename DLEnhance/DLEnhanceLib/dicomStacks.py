"""From frames to stacks that are one volume each: split what differs, order by place, refuse what is not a grid."""

import dataclasses
from collections import defaultdict

import numpy as np

from .dicomFrames import TRAITS, Frame
from .errors import UnsupportedVolume
from .geometry import LPS_TO_RAS

_ALWAYS_APART = ("EchoTime", "EchoNumbers", "DiffusionBValue")
_SAME_PLACE = 1e-3
_SPACING_TOLERANCE = 0.01
_ORIENTATION_DIGITS = 4


@dataclasses.dataclass(frozen=True, eq=False)
class Stack:
    """Frames of one series that share orientation, matrix, spacing and contrast, ordered along the slice normal.

    part: 1, 2, ... within the series, 0 when the series is one stack; difference says what tells the parts apart;
    problem: why this stack cannot be a volume, empty when it can.
    """

    frames: tuple[Frame, ...]
    part: int = 0
    difference: str = ""
    problem: str = ""


def stacksOf(frames) -> list:
    """All stacks of all series, in the order of series number and first place in the list."""
    series = defaultdict(list)
    for frame in _withoutCopies(frames):
        series[frame.seriesUID].append(frame)
    ordered = sorted(series.values(), key=lambda frames: (frames[0].seriesNumber or 0, frames[0].seriesUID))
    return [stack for frames in ordered for stack in _stacksOfSeries(frames)]


def _withoutCopies(frames):
    """The same image may lie twice in a folder; one SOP Instance UID counts once, as DICOM defines it."""
    first = {}
    for frame in frames:
        key = (frame.instanceUID, frame.index)
        if key in first and not _isSamePlane(frame, first[key]):
            raise UnsupportedVolume(
                f"{first[key].path.name} and {frame.path.name} claim the same SOP Instance UID but differ; "
                "remove the one that does not belong here."
            )
        first.setdefault(key, frame)
    return list(first.values())


def _isSamePlane(frame, other):
    return np.abs(frame.position - other.position).max() < _SAME_PLACE and frame.traits == other.traits


def _stacksOfSeries(frames):
    groups = [_ordered(part) for group in _split(frames, _layoutKey) for part in _splitByTraits(group)]
    groups.sort(key=_listOrder)
    if len(groups) == 1:
        return [Stack(tuple(groups[0]), problem=_problem(groups[0]))]
    return [
        Stack(tuple(group), part, _difference(group, groups), _problem(group)) for part, group in enumerate(groups, 1)
    ]


def _listOrder(group):
    """Parts are numbered by what the scanner counted first, then by echo, b value and so on: never by file names."""
    values = [trait if isinstance(trait, float) else 0.0 for trait in group[0].traits]
    return min(frame.number for frame in group), values, [str(trait) for trait in group[0].traits]


def _split(frames, key):
    groups = defaultdict(list)
    for frame in frames:
        groups[key(frame)].append(frame)
    return list(groups.values())


def _layoutKey(frame):
    directions = np.round([*frame.row, *frame.column], _ORIENTATION_DIGITS) + 0.0
    return (*directions, *np.round(frame.pixelSpacing, 5), frame.rows, frame.columns, frame.component)


def _splitByTraits(frames):
    """Contrast always splits; time, acquisition and the like only where images would lie on each other."""
    groups = _split(frames, lambda frame: tuple(_traits(frame)[name] for name in _ALWAYS_APART))
    return [part for group in groups for part in _splitDuplicates(group, TRAITS)]


def _splitDuplicates(frames, names):
    if not names or not _hasDuplicates(frames):
        return [frames]
    parts = _split(frames, lambda frame: _traits(frame)[names[0]])
    isUseful = 1 < len(parts) < len(frames) or (len(parts) == len(frames) and _isOnePlace(frames))
    if not isUseful:
        parts = [frames]
    return [final for part in parts for final in _splitDuplicates(part, names[1:])]


def _traits(frame):
    return dict(zip(TRAITS, frame.traits, strict=True))


def _depths(frames):
    return np.array([frame.position for frame in frames]) @ frames[0].normal


def _hasDuplicates(frames):
    return bool((np.diff(np.sort(_depths(frames))) < _SAME_PLACE).any())


def _isOnePlace(frames):
    return np.ptp(_depths(frames)) < _SAME_PLACE


def _ordered(frames):
    order = np.argsort(_depths(frames), kind="stable")
    return [frames[index] for index in order]


def _difference(group, groups):
    """What this part is, in words that choose it: the traits that differ between the parts."""
    shown = [f"{group[0].component} image"] if len({g[0].component for g in groups}) > 1 else []
    for position, name in enumerate(TRAITS):
        values = {g[0].traits[position] for g in groups}
        if len(values) > 1 and group[0].traits[position] is not None:
            value = group[0].traits[position]
            shown.append(f"{name} {'/'.join(map(str, value)) if isinstance(value, tuple) else value}")
    if len({_layoutKey(g[0])[:6] for g in groups}) > 1:
        shown.append(_planeName(group[0]))
    return ", ".join(shown[:3]) or f"{group[0].columns} x {group[0].rows}"


def _planeName(frame):
    return ("sagittal", "coronal", "axial")[int(np.argmax(np.abs(frame.normal)))]


def _problem(frames):
    if frames[0].component != "magnitude":
        return f"it is a {frames[0].component} image; choose the magnitude image"
    if len(frames) == 1:
        return ""
    return _spacingProblem(frames) or _shearProblem(frames)


def _spacingProblem(frames):
    depths = _depths(frames)
    gaps = np.diff(depths)
    if gaps.min() < _SAME_PLACE:
        return f"two images lie at the same place ({depths[int(np.argmin(gaps))]:.2f} mm) and nothing tells them apart"
    usual = float(np.median(gaps))
    worst = int(np.argmax(np.abs(gaps - usual)))
    if abs(gaps[worst] - usual) > max(_SPACING_TOLERANCE, _SPACING_TOLERANCE * usual):
        return (
            f"its slices are not evenly spaced: {gaps[worst]:.3f} mm instead of {usual:.3f} mm between slices "
            f"{worst + 1} and {worst + 2}; slices are missing or doubled, so export the complete series"
        )
    return ""


def _shearProblem(frames):
    """Slices that slide sideways (gantry tilt): more than a tenth of a pixel over the whole stack."""
    first, last = frames[0], frames[-1]
    way = last.position - first.position
    sideways = np.linalg.norm(way - (way @ first.normal) * first.normal)
    if sideways > 0.1 * min(first.pixelSpacing):
        return f"its slices slide sideways by {sideways:.2f} mm over the stack (sheared grid); resample it first"
    return ""


def stackAffine(stack: Stack) -> np.ndarray:
    """ijkToRAS: i along columns, j along rows, k along the slices, from the unrounded DICOM values."""
    first, last = stack.frames[0], stack.frames[-1]
    affine = np.eye(4)
    affine[:3, 0] = first.row * first.pixelSpacing[1]
    affine[:3, 1] = first.column * first.pixelSpacing[0]
    steps = len(stack.frames) - 1
    affine[:3, 2] = (last.position - first.position) / steps if steps else first.normal * first.sliceSpacing
    affine[:3, 3] = first.position
    return LPS_TO_RAS @ affine
