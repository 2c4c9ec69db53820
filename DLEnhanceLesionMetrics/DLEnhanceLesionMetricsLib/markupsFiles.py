"""Regions as Slicer markups files (.mrk.json): ROI boxes and closed curves. No Slicer.

The file format keeps neither the node's name nor its attributes, so the role and the shape stand in the description of
the first control point ("lesion ellipsoid"); without it they follow from the name.
"""

import json
import re
from pathlib import Path

import numpy as np

from DLEnhanceLib.errors import BadOption

from .regions import ROLES, Box, ClosedCurve, Ellipse, Ellipsoid, Region
from .roleNames import roleOfName
from .rows import writeAtomically

SCHEMA = (
    "https://raw.githubusercontent.com/slicer/slicer/master/Modules/Loadable/Markups/Resources/Schema/"
    "markups-schema-v1.0.3.json#"
)
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0])
POINTS_PER_SEGMENT = 10  # as Slicer draws curves
ELLIPSE_POINTS = 24  # a spline through them stays within 1e-5 of the radius


def readMarkups(path) -> list[Region]:
    """The boxes and closed curves of a markups file. Raises BadOption when it holds none or is damaged."""
    path = Path(path)
    try:
        markups = json.loads(path.read_text(encoding="utf-8"))["markups"]
        kept = [markup for markup in markups if markup["type"] in _READERS]
        regions = [_region(markup, path, alone=len(kept) == 1) for markup in kept]
    except OSError as error:
        raise BadOption(f"{path} cannot be read ({error.strerror}); check the name.") from error
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise BadOption(f"{path} is damaged or no Slicer markups file; save it again from Slicer.") from error
    if not regions:
        raise BadOption(f"{path} holds no ROI box and no closed curve; only these are regions.")
    return regions


def writeMarkups(regions, path) -> Path:
    """Write regions as one markups file. Raises BadOption for drawn voxels, CannotWrite when it cannot be written."""
    document = {"@schema": SCHEMA, "markups": [_markup(region) for region in regions]}
    return writeAtomically(json.dumps(document, indent=1) + "\n", path)


def splinePoints(points: np.ndarray) -> np.ndarray:
    """The closed curve that Slicer draws through (n, 3) control points: a periodic cubic spline over their index."""
    from scipy.interpolate import CubicSpline

    if len(points) < 3:
        return points
    closed = np.vstack([points, points[:1]])
    position = np.arange(len(points) * POINTS_PER_SEGMENT) / POINTS_PER_SEGMENT
    return CubicSpline(np.arange(len(closed)), closed, bc_type="periodic")(position)


def _region(markup, path, *, alone):
    points = [point for point in markup.get("controlPoints", []) if point.get("positionStatus", "defined") == "defined"]
    label = re.sub(r"-\d+$", "", points[0].get("label", "")) if points else ""
    stem = path.name.removesuffix(".json").removesuffix(".mrk")
    name = stem if alone and not label else label or stem
    words = (points[0].get("description", "") if points else "").split()
    role = words[0] if words and words[0] in ROLES else roleOfName(name) or roleOfName(stem) or "lesion"
    shape = _READERS[markup["type"]](markup, points, isBox="box" in words)
    color = markup.get("display", {}).get("selectedColor") if words else None
    return Region(name, role, shape, tuple(color) if color else None)


def _roi(markup, _points, *, isBox):
    toRAS = _toRAS(markup)
    matrix = np.eye(4)
    matrix[:3, :3] = toRAS @ np.reshape(markup.get("orientation", toRAS.ravel()), (3, 3))
    matrix[:3, 3] = toRAS @ markup["center"]
    return (Box if isBox else Ellipsoid)(matrix, tuple(float(length) for length in markup["size"]))


def _closedCurve(markup, points, *, isBox):  # noqa: ARG001 both readers are called alike
    return ClosedCurve(splinePoints(np.array([point["position"] for point in points], float) @ _toRAS(markup)))


_READERS = {"ROI": _roi, "ClosedCurve": _closedCurve}


def _toRAS(markup):
    return LPS_TO_RAS if markup.get("coordinateSystem", "LPS") in ("LPS", "0") else np.eye(3)


def _markup(region: Region):
    shape = region.shape
    if isinstance(shape, Ellipsoid | Box):
        center = (LPS_TO_RAS @ shape.center).tolist()
        orientation = (LPS_TO_RAS @ np.asarray(shape.objectToRAS, float)[:3, :3]).ravel().tolist()
        form = {"type": "ROI", "roiType": "Box", "center": center, "orientation": orientation, "insideOut": False}
        return _common(region, form | {"size": list(map(float, shape.size))}, [shape.center])
    if isinstance(shape, Ellipse):
        return _common(region, {"type": "ClosedCurve"}, _ellipsePoints(shape))
    if isinstance(shape, ClosedCurve):
        return _common(region, {"type": "ClosedCurve"}, np.asarray(shape.points, float))
    raise BadOption(f'"{region.name}" is drawn in voxels and has no markups form; save it as a segmentation.')


def _common(region, form, points):
    description = f"{region.role} {type(region.shape).__name__.lower()}"
    controlPoints = [
        {
            "id": str(number),
            "label": f"{region.name}-{number}",
            "description": description if number == 1 else "",
            "position": (LPS_TO_RAS @ point).tolist(),
            "positionStatus": "defined",
        }
        for number, point in enumerate(points, start=1)
    ]
    display = {"color": list(region.color), "selectedColor": list(region.color)}
    common = {"coordinateSystem": "LPS", "coordinateUnits": "mm", "labelFormat": "%N-%d"}
    return form | common | {"controlPoints": controlPoints, "display": display}


def _ellipsePoints(shape: Ellipse):
    angles = np.arange(ELLIPSE_POINTS) * (2 * np.pi / ELLIPSE_POINTS)
    flat = np.stack([shape.size[0] / 2 * np.cos(angles), shape.size[1] / 2 * np.sin(angles)], axis=1)
    matrix = np.asarray(shape.planeToRAS, float)
    return flat @ matrix[:3, :2].T + matrix[:3, 3]
