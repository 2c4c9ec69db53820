"""One frame of an Enhanced MR object as a classic MR image, for viewers and archives that know only these."""

import copy

from pydicom.dataset import Dataset

from .dicomTags import functionalGroups

MR_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.4"
_MULTIFRAME_ONLY = (
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
    "NumberOfFrames",
    "DimensionOrganizationSequence",
    "DimensionIndexSequence",
    "DimensionOrganizationType",
    "ContentQualification",
    "ReferencedImageEvidenceSequence",
    "SourceImageEvidenceSequence",
    "PresentationLUTShape",
    "AcquisitionContextSequence",
    "IconImageSequence",
)
_FROM_GROUPS = (
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "SliceThickness",
    "SpacingBetweenSlices",
    "WindowCenter",
    "WindowWidth",
    "RescaleIntercept",
    "RescaleSlope",
    "RescaleType",
    "RepetitionTime",
    "FlipAngle",
    "EchoTrainLength",
    "NumberOfAverages",
    "PercentSampling",
    "PercentPhaseFieldOfView",
    "InPlanePhaseEncodingDirection",
    "PixelBandwidth",
    "TransmitCoilName",
    "ReceiveCoilName",
    "AnatomicRegionSequence",
    "ReferencedImageSequence",
)
_TYPE_2 = (
    "MRAcquisitionType",
    "ScanOptions",
    "EchoTime",
    "EchoTrainLength",
    "RepetitionTime",
    "PositionReferenceIndicator",
    "SliceThickness",
)
_SEQUENCES = {"SPIN": ["SE"], "GRADIENT": ["GR"], "BOTH": ["SE", "GR"]}


def classicFromEnhanced(dataset: Dataset, frameIndex: int, number: int) -> Dataset:
    """A new dataset for frame frameIndex (from 0) with InstanceNumber number; dataset itself stays as it is."""
    classic = Dataset()
    for element in dataset:
        if element.keyword not in _MULTIFRAME_ONLY:
            classic.add(copy.deepcopy(element))
    items = [item for group in functionalGroups(dataset, frameIndex) for item in group]
    for keyword in _FROM_GROUPS:
        element = next((item[keyword] for item in items if keyword in item), None)
        if element is not None:
            classic.add(copy.deepcopy(element))
    _addRenamed(classic, dataset, items)
    _addPrivate(classic, dataset, frameIndex)
    for keyword in _TYPE_2:
        if keyword not in classic:
            setattr(classic, keyword, None)
    classic.SOPClassUID, classic.InstanceNumber = MR_IMAGE_STORAGE, number
    return classic


def _addRenamed(classic, dataset, items):
    """Attributes that classic MR calls otherwise or writes in another form."""

    def value(keyword):
        return next((item.get(keyword) for item in (*items, dataset) if item.get(keyword) is not None), None)

    frameType, time, inversion = (
        value("FrameType"),
        str(value("FrameAcquisitionDateTime") or ""),
        value("InversionTimes"),
    )
    found = {
        "ImageType": list(frameType) if frameType else None,
        "EchoTime": value("EffectiveEchoTime"),
        "InversionTime": inversion[0] if isinstance(inversion, (list, tuple)) and inversion else inversion,
        "SequenceName": str(value("PulseSequenceName") or "")[:16] or None,
        "ScanningSequence": _scanningSequence(value),
        "SequenceVariant": _sequenceVariant(value),
        "AcquisitionDate": time[:8] or None,
        "AcquisitionTime": time[8:].split("+", maxsplit=1)[0].split("-", maxsplit=1)[0] or None,
        "MRAcquisitionType": value("MRAcquisitionType"),
        "ImagedNucleus": value("ResonantNucleus"),
        "ImagingFrequency": value("TransmitterFrequency"),
        "ContrastBolusAgent": _contrastAgent(value("ContrastBolusAgentSequence")),
    }
    for keyword, new in found.items():
        if new is not None:
            setattr(classic, keyword, new)


def _scanningSequence(value):
    sequence = list(_SEQUENCES.get(value("EchoPulseSequence"), []))
    sequence += ["IR"] if value("InversionRecovery") == "YES" else []
    sequence += ["EP"] if value("EchoPlanarPulseSequence") == "YES" else []
    return sequence or ["RM"]


def _sequenceVariant(value):
    variant = ["SK"] if value("SegmentedKSpaceTraversal") not in (None, "SINGLE") else []
    variant += ["MTC"] if value("MagnetizationTransfer") not in (None, "NONE") else []
    variant += ["SP"] if value("Spoiling") not in (None, "NONE") else []
    variant += ["SS"] if value("SteadyStatePulseSequence") not in (None, "NONE") else []
    return variant or ["NONE"]


def _contrastAgent(sequence):
    return ", ".join(item.get("CodeMeaning", "") for item in sequence or [])[:64] or None


def _addPrivate(classic, dataset, frameIndex):
    """Private elements of the frame and the shared ones, where their block is not taken by another creator."""
    perFrame = dataset.get("PerFrameFunctionalGroupsSequence") or []
    for holder in (*perFrame[frameIndex : frameIndex + 1], *(dataset.get("SharedFunctionalGroupsSequence") or [])):
        for element in holder:
            tag = element.tag
            if not tag.is_private or tag in classic:
                continue
            block = tag if tag.is_private_creator else (tag.group, tag.element >> 8)
            mine, theirs = holder.get(block), classic.get(block)
            if theirs is None or (mine is not None and theirs.value == mine.value):
                classic.add(copy.deepcopy(element))
