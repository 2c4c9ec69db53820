"""One image plane of classic or Enhanced MR: where it is, how its numbers scale, what tells it from its neighbours."""

import dataclasses
from pathlib import Path

import numpy as np

from .dicomTags import functionalGroups
from .errors import UnsupportedVolume

MR_CLASSES = {
    "1.2.840.10008.5.1.4.1.1.4": "MR",
    "1.2.840.10008.5.1.4.1.1.4.1": "Enhanced MR",
    "1.2.840.10008.5.1.4.1.1.4.4": "Legacy Converted Enhanced MR",
}
_COMPONENTS = {"P": "phase", "PHASE": "phase", "PHASE MAP": "phase", "I": "imaginary", "IMAGINARY": "imaginary"}
_NEEDED_UIDS = ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")
_UNIT_TOLERANCE = 1e-3


@dataclasses.dataclass(frozen=True, eq=False)
class Frame:
    """A plane. position, row, column: mm, LPS; row and column are the directions of growing column and row number.

    index is the zero-based frame number in the file, None for a classic image; number is the frame or instance number
    that counts from 1. traits are the values by which images
    at the same place can differ (echo, diffusion, time ...).
    """

    path: Path
    index: int | None
    number: int
    instanceUID: str
    seriesUID: str
    seriesNumber: int | None
    description: str
    rows: int
    columns: int
    position: np.ndarray
    row: np.ndarray
    column: np.ndarray
    pixelSpacing: tuple
    sliceSpacing: float
    slope: float
    intercept: float
    component: str
    imageType: tuple
    traits: tuple

    @property
    def normal(self) -> np.ndarray:
        return np.cross(self.row, self.column)


TRAITS = (
    "EchoTime",
    "EchoNumbers",
    "DiffusionBValue",
    "InversionTime",
    "FlipAngle",
    "ImageType",
    "DiffusionGradientOrientation",
    "TemporalPositionIdentifier",
    "TriggerTime",
    "StackID",
    "AcquisitionNumber",
    "AcquisitionTime",
)
"""Values that may tell two images at one place apart, the physically meaningful first."""

_TRAIT_ALIASES = {
    "EchoTime": ("EchoTime", "EffectiveEchoTime"),
    "InversionTime": ("InversionTime", "InversionTimes"),
    "ImageType": ("FrameType", "ImageType"),
    "TemporalPositionIdentifier": ("TemporalPositionIdentifier", "TemporalPositionIndex"),
    "TriggerTime": ("TriggerTime", "NominalCardiacTriggerDelayTime"),
    "AcquisitionNumber": ("FrameAcquisitionNumber", "AcquisitionNumber"),
    "AcquisitionTime": ("FrameAcquisitionDateTime", "AcquisitionTime"),
}


def framesOf(header) -> list:
    """The frames of one file. Raises UnsupportedVolume with the reason for everything that is not a scalar MR image."""
    dataset = header.dataset
    _refuseOthers(header.path, dataset)
    if dataset.SOPClassUID == "1.2.840.10008.5.1.4.1.1.4":
        return [_frame(header, None, [dataset])]
    count = int(dataset.get("NumberOfFrames") or 0)
    perFrame = dataset.get("PerFrameFunctionalGroupsSequence") or []
    if count < 1 or len(perFrame) != count:
        raise UnsupportedVolume(
            f"{header.path.name} has {count} frames and descriptions of {len(perFrame)}; export it again."
        )
    return [_frame(header, index, _places(dataset, index)) for index in range(count)]


def _places(dataset, index):
    groups = [item for group in functionalGroups(dataset, index) for item in group]
    return [*groups, dataset]


def _refuseOthers(path, dataset):
    missing = [uid for uid in ("SOPClassUID", *_NEEDED_UIDS) if not dataset.get(uid)]
    if missing:
        raise UnsupportedVolume(f"{path.name} is not a valid DICOM image: {missing[0]} is missing; export it again.")
    modality = dataset.get("Modality") or "unknown"
    if dataset.SOPClassUID not in MR_CLASSES:
        raise UnsupportedVolume(
            f"{path.name} is not an MR image but {dataset.SOPClassUID.name} (modality {modality}); choose an MR series."
        )
    if modality != "MR":
        raise UnsupportedVolume(f"{path.name} has the modality {modality}, not MR; choose an MR series.")
    if int(dataset.get("SamplesPerPixel") or 1) != 1:
        raise UnsupportedVolume(f"{path.name} is a color image; a scalar MR series is needed.")
    if not dataset.get("Rows") or not dataset.get("Columns"):
        raise UnsupportedVolume(f"{path.name} has no image matrix (Rows or Columns is missing or 0).")
    if "MOSAIC" in (dataset.get("ImageType") or []):
        raise UnsupportedVolume(f"{path.name} is a Siemens mosaic (many slices in one tile image); convert it first.")
    if dataset.get("ModalityLUTSequence"):
        raise UnsupportedVolume(f"{path.name} maps its values by a table (Modality LUT), which is not supported.")


def _frame(header, index, places):
    path, dataset = header.path, header.dataset
    row, column = _directions(path, _value(places, "ImageOrientationPatient"))
    position = _numbers(path, "ImagePositionPatient", _value(places, "ImagePositionPatient"), 3)
    spacing = _numbers(path, "PixelSpacing", _value(places, "PixelSpacing"), 2)
    if spacing.min() <= 0:
        raise UnsupportedVolume(f"{path.name} has no usable pixel spacing ({spacing[0]:g} x {spacing[1]:g} mm).")
    imageType = tuple(_value(places, "FrameType", "ImageType") or ())
    between = _value(places, "SpacingBetweenSlices") or _value(places, "SliceThickness")
    return Frame(
        path=path,
        index=index,
        number=int(dataset.get("InstanceNumber") or 0) if index is None else index + 1,
        instanceUID=str(dataset.SOPInstanceUID),
        seriesUID=str(dataset.SeriesInstanceUID),
        seriesNumber=None if dataset.get("SeriesNumber") is None else int(dataset.SeriesNumber),
        description=str(dataset.get("SeriesDescription") or ""),
        rows=int(dataset.Rows),
        columns=int(dataset.Columns),
        position=position,
        row=row,
        column=column,
        pixelSpacing=tuple(spacing),
        sliceSpacing=abs(float(between)) if between else 1.0,
        slope=_scale(places, "RescaleSlope", 1.0),
        intercept=_scale(places, "RescaleIntercept", 0.0),
        component=_component(_value(places, "ComplexImageComponent"), imageType),
        imageType=imageType,
        traits=tuple(_trait(_value(places, *_TRAIT_ALIASES.get(name, (name,)))) for name in TRAITS),
    )


def _value(places, *keywords):
    for keyword in keywords:
        for place in places:
            value = place.get(keyword)
            if value is not None and value != "":
                return value
    return None


def _numbers(path, keyword, value, count):
    if value is None:
        raise UnsupportedVolume(f"{path.name} has no {keyword}, so its geometry is unknown; export it again.")
    numbers = np.array(value, dtype=np.float64).ravel()
    if len(numbers) != count or not np.isfinite(numbers).all():
        raise UnsupportedVolume(f"{path.name} has a damaged {keyword}; export it again.")
    return numbers


def _directions(path, value):
    numbers = _numbers(path, "ImageOrientationPatient", value, 6)
    row, column = numbers[:3], numbers[3:]
    lengths = np.linalg.norm([row, column], axis=1)
    if np.abs(lengths - 1).max() > _UNIT_TOLERANCE or abs(row @ column) > _UNIT_TOLERANCE:
        raise UnsupportedVolume(
            f"{path.name} has an ImageOrientationPatient that is no pair of perpendicular directions."
        )
    return row, column


def _scale(places, keyword, default):
    value = _value(places, keyword)
    return default if value is None else float(value)


def _component(value, imageType):
    for token in (value, *imageType[2:]):
        if token in _COMPONENTS:
            return _COMPONENTS[token]
    return "magnitude"


def _trait(value):
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (int, float)):
        return round(float(value), 3)
    return tuple(one if isinstance(one, str) else round(float(one), 4) for one in value)
