"""Edge lines from Slicer's markups files (.mrk.json): lines of two points, for sharpness. No Slicer."""

import json
from pathlib import Path

import numpy as np

from DLEnhanceLib.errors import BadOption

from .edgeRows import EdgeLine


def readLines(path) -> list[EdgeLine]:
    """The lines of a markups file, or of all in a folder; none in files of other kinds. Raises BadOption."""
    path = Path(path)
    if path.is_dir():
        return [line for file in sorted(path.glob("*.mrk.json")) for line in readLines(file)]
    if not path.name.lower().endswith(".json"):
        return []
    try:
        markups = json.loads(path.read_text(encoding="utf-8")).get("markups", [])
        lines = [markup for markup in markups if markup.get("type") == "Line"]
        return [_edgeLine(markup, path, number) for number, markup in enumerate(lines, start=1)]
    except (OSError, ValueError, AttributeError, KeyError, TypeError) as error:
        raise BadOption(f"The lines of {path.name} cannot be read; save the markups again in Slicer.") from error


def _edgeLine(markup, path, number):
    isLps = markup.get("coordinateSystem", "LPS") in ("LPS", "0", 0)
    sign = np.array([-1.0, -1.0, 1.0]) if isLps else np.ones(3)
    points = [np.asarray(point["position"], float) * sign for point in markup["controlPoints"]]
    if len(points) != 2:
        raise BadOption(f"A line of {path.name} has {len(points)} points; draw it with two.")
    name = markup.get("name") or path.name.removesuffix(".mrk.json")
    return EdgeLine(name if number == 1 else f"{name} {number}", *points)
