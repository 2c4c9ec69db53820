"""Measurements as a DICOM structured report (TID 1500, Comprehensive 3D SR) that other systems can read.

One measurement group per lesion and condition; a lesion has the same tracking identifier and UID in both. Needs
highdicom, which is imported only here and only when a report is written. Values that were not measurable are left out.
"""

import contextlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from DLEnhanceLib.errors import BadOption, CannotWrite, MissingPackage
from DLEnhanceLib.version import LABEL, VERSION

from . import reportCodes as codes
from .lesionSize import LesionSize
from .measurement import NO_METHOD, MeasurementRow
from .measures import NOISE_METHODS
from .regions import ClosedCurve, Ellipse, Ellipsoid, Region
from .reportImages import requireOneStudy

RAS_TO_LPS = np.array([-1.0, -1.0, 1.0])
SERIES_NUMBER = 950


def writeStructuredReport(
    rows: Sequence[MeasurementRow],
    path,
    *,
    images: Mapping[str, Sequence],
    regions: Sequence[Region] = (),
    sizes: Mapping[str, LesionSize] | None = None,
    reader: str = "",
) -> Path:
    """Write measurement rows as a structured report.

    images: condition to the DICOM datasets (pixel data not needed) of the measured series, all of one study.
    regions: ellipsoids and closed curves among them are stored as RAS geometry. sizes: by lesion name.
    reader: the reader's identifier, never a name. Raises BadOption without rows or images of a measured condition,
    MissingPackage without highdicom, CannotWrite when the file cannot be written; nothing is left then.
    """
    conditions = list(dict.fromkeys(row.condition for row in rows))
    missing = [condition for condition in conditions if not images.get(condition)]
    if not rows or missing:
        what = f"the DICOM images of the {missing[0]} series" if missing else "measurements"
        raise BadOption(f"A structured report needs {what}; measure volumes that were loaded from DICOM.")
    requireOneStudy({condition: images[condition] for condition in conditions})
    hd = requireHighdicom()
    shapes = {region.name: bareShape(region.shape) for region in regions}
    tracking = {row.lesion: hd.UID() for row in rows}
    groups = [
        _group(hd, lesion, condition, members, images[condition], tracking[lesion], shapes.get(lesion), sizes or {})
        for (lesion, condition), members in _byLesionAndCondition(rows).items()
    ]
    evidence = [image for condition in conditions for image in images[condition]]
    return _save(_document(hd, groups, evidence, reader), Path(path))


def requireHighdicom():
    """The package highdicom. Raises MissingPackage."""
    try:
        import highdicom
    except ImportError as error:
        raise MissingPackage(
            "Structured reports need the Python package highdicom; install it with pip install highdicom."
        ) from error
    return highdicom


def _byLesionAndCondition(rows):
    groups: dict[tuple[str, str], list[MeasurementRow]] = {}
    for row in rows:
        groups.setdefault((row.lesion, row.condition), []).append(row)
    return groups


def _group(hd, lesion, condition, rows, images, trackingUid, shape, sizes):
    """One measurement group: on the region's geometry where the report can hold it, else on the images."""
    common = {
        "tracking_identifier": hd.sr.TrackingIdentifier(uid=trackingUid, identifier=lesion),
        "finding_type": _code(hd, codes.LESION if rows[0].lesionStatistics else codes.EDGE),
        "measurements": [*_signals(hd, rows[0]), *_ratios(hd, rows), *_sizes(hd, sizes.get(lesion), rows[0])],
        "qualitative_evaluations": [
            hd.sr.QualitativeEvaluation(_code(hd, codes.CONDITION), _code(hd, codes.CONDITIONS[condition]))
        ],
    }
    frame = images[0].FrameOfReferenceUID
    if isinstance(shape, Ellipsoid):
        sources = [hd.sr.SourceImageForSegmentation.from_source_image(image) for image in images]
        surface = hd.sr.VolumeSurface("ELLIPSOID", _ellipsoidPoints(shape), frame, source_images=sources)
        return hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations(referenced_volume_surface=surface, **common)
    if isinstance(shape, ClosedCurve | Ellipse):
        kind, points = ("ELLIPSE", _ellipsePoints) if isinstance(shape, Ellipse) else ("POLYGON", _polygonPoints)
        region = hd.sr.ImageRegion3D(kind, points(shape), frame)
        return hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations(referenced_region=region, **common)
    sources = [hd.sr.SourceImageForMeasurementGroup.from_source_image(image) for image in images]
    return hd.sr.MeasurementsAndQualitativeEvaluations(source_images=sources, **common)


def _signals(hd, row):
    statistics = row.lesionStatistics
    if statistics is None:  # a line across an edge
        return []
    return [
        hd.sr.Measurement(
            _code(hd, codes.SIGNAL_INTENSITY),
            getattr(statistics, name),
            _code(hd, codes.UNITS["1"]),
            derivation=_code(hd, derivation),
        )
        for name, derivation in codes.DERIVATIONS.items()
        if np.isfinite(getattr(statistics, name))
    ]


def _ratios(hd, rows):
    measurements = []
    for row in rows:
        if row.value is None:
            continue
        method = None
        if row.method != NO_METHOD:
            method = _code(hd, codes.noiseMethodCode(row.method, NOISE_METHODS[row.method].title))
        name, unit = _code(hd, codes.metricCode(row.metric)), _code(hd, codes.unitCode(row.unit))
        measurements.append(hd.sr.Measurement(name, row.value, unit, method=method))
    return measurements


def _sizes(hd, size: LesionSize | None, row):
    """Diameters and volume from the mask; the area of a flat region, which has no volume to speak of."""
    if size is None:
        return []
    area = row.lesionStatistics.mm2 if row.lesionStatistics else None
    values = {name: getattr(size, name) for name in codes.SIZES if name != "area"}
    if area is not None:
        values = {"area": area} | {
            name: value for name, value in values.items() if name not in ("volume", "diameter3D")
        }
    return [
        hd.sr.Measurement(
            _code(hd, codes.SIZES[name]), value, _code(hd, codes.unitCode(codes.SIZE_UNITS.get(name, "mm")))
        )
        for name, value in values.items()
    ]


def bareShape(shape):
    """The shape inside one that only remembers its mask, as the scene's regions do."""
    return getattr(shape, "shape", shape)


def _document(hd, groups, evidence, reader):
    context = hd.sr.ObservationContext(
        observer_person_context=_person(hd, reader) if reader else None,
        observer_device_context=hd.sr.ObserverContext(
            observer_type=_code(hd, ("121007", "DCM", "Device")),
            observer_identifying_attributes=hd.sr.DeviceObserverIdentifyingAttributes(
                uid=hd.UID(), name="DLEnhance", manufacturer_name="DLEnhance", model_name=f"DLEnhance {VERSION}"
            ),
        ),
    )
    report = hd.sr.MeasurementReport(
        observation_context=context,
        procedure_reported=_code(hd, codes.PROCEDURE),
        imaging_measurements=groups,
        title=_code(hd, codes.REPORT_TITLE),
    )
    return hd.sr.Comprehensive3DSR(
        evidence=evidence,
        content=report[0],
        series_instance_uid=hd.UID(),
        series_number=SERIES_NUMBER,
        sop_instance_uid=hd.UID(),
        instance_number=1,
        manufacturer="DLEnhance",
        is_complete=True,
        manufacturer_model_name="DLEnhance Lesion Metrics",
        software_versions=VERSION,
        device_serial_number="0",
        series_description=LABEL[:64],
    )


def _person(hd, reader):
    return hd.sr.ObserverContext(
        observer_type=_code(hd, ("121006", "DCM", "Person")),
        # An identifier stands where the family name would; the caret says that it is meant so.
        observer_identifying_attributes=hd.sr.PersonObserverIdentifyingAttributes(name=f"{reader}^"),
    )


def _code(hd, entry):
    return hd.sr.CodedConcept(value=entry[0], scheme_designator=entry[1], meaning=entry[2])


def _ellipsoidPoints(shape: Ellipsoid):
    """The two ends of each axis (6, 3) in LPS mm, longest axis first as PS3.3 C.18.9 wants them."""
    half = np.asarray(shape.size, float) / 2
    matrix = np.asarray(shape.objectToRAS, float)
    axes = (matrix[:3, :3] * half).T[np.argsort(-half, kind="stable")]
    return np.concatenate([[matrix[:3, 3] - axis, matrix[:3, 3] + axis] for axis in axes]) * RAS_TO_LPS


def _ellipsePoints(shape: Ellipse):
    """The two ends of each axis (4, 3) in LPS mm, longer axis first as PS3.3 C.18.9 wants them."""
    plane = np.asarray(shape.planeToRAS, float)
    half = np.asarray(shape.size, float) / 2
    axes = (plane[:3, :2] * half).T[np.argsort(-half, kind="stable")]
    return np.concatenate([[plane[:3, 3] - axis, plane[:3, 3] + axis] for axis in axes]) * RAS_TO_LPS


def _polygonPoints(shape: ClosedCurve):
    """The closed polygon (n + 1, 3) in LPS mm, moved into its plane exactly as a planar region must be."""
    from .masks import fittedPlane

    points = np.asarray(shape.points, float)
    center, normal, _ = fittedPlane(points)
    flat = points - ((points - center) @ normal)[:, None] * normal
    return np.vstack([flat, flat[:1]]) * RAS_TO_LPS


def _save(document, path):
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        document.save_as(temporary)
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise CannotWrite(f"{path} cannot be written ({error.strerror or error}); choose another folder.") from error
    return path
