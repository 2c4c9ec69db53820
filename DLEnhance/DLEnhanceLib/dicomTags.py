"""DICOM attributes of one image as plain Python values by keyword, the form in which a Volume carries them.

Who the patient is stays in the files: names, identifiers and institutions are left out, so that nothing that is
written from a Volume's tags can tell.
"""

from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

_PRIVATE_KEY = {
    (0x0021, 0x75): "Private_0021_1175",
    (0x0021, 0x76): "Private_0021_1176",
    (0x0043, 0xCA): "Private_0043_10CA",
    (0x2005, 0x10): "Private_2005_1110",
}
"""Group and last two digits of the private elements that tell of deep-learning reconstruction (see priorDl.py), and
their keys, the same whichever block a file reserved (Philips' has been seen as (2005,1110) and as (2005,1710))."""

_PRIVATE_CREATOR = {0x0021: "SIEMENS", 0x0043: "GEMS", 0x2005: "PHILIPS"}
_KEPT_OF_PATIENT = {"PatientSex", "PatientAge", "PatientSize", "PatientWeight"}
_IDENTIFYING = {
    "AccessionNumber",
    "StudyID",
    "InstitutionName",
    "InstitutionAddress",
    "InstitutionalDepartmentName",
    "StationName",
    "DeviceSerialNumber",
    "RequestAttributesSequence",
    "ReferencedPatientSequence",
    "PersonIdentificationCodeSequence",
}
_BINARY = {"OB", "OW", "OF", "OD", "OL", "OV", "UN"}
_FRAME_SEQUENCES_LEFT_OUT = {"SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"}
_REFERENCES = {"ReferencedImageSequence", "DerivationImageSequence", "RealWorldValueMappingSequence"}
_ECHO_PULSE = {"SPIN": ("SE",), "GRADIENT": ("GR",), "BOTH": ("SE", "GR")}


def plainTags(dataset, frameIndex=None) -> dict:
    """Public attributes of the image (and, for Enhanced MR, of one frame) with classic names where both exist."""
    tags = _publicValues(dataset)
    if frameIndex is not None:
        for group in functionalGroups(dataset, frameIndex):
            for item in group:
                tags = {**_publicValues(item), **tags}
        tags = {**_classicNames(tags), **tags}
    creators, private = _privateValues(dataset, frameIndex)
    if creators:
        tags["PrivateCreators"] = creators
    return {**tags, **private}


def functionalGroups(dataset, frameIndex):
    """The items of all functional groups of one frame of an Enhanced image: its own first, then the shared ones."""
    perFrame = dataset.get("PerFrameFunctionalGroupsSequence") or []
    own = [perFrame[frameIndex]] if frameIndex < len(perFrame) else []
    for holder in (*own, *(dataset.get("SharedFunctionalGroupsSequence") or [])):
        for element in holder:
            if element.VR == "SQ" and not element.tag.is_private and element.keyword not in _REFERENCES:
                yield element.value


def _publicValues(dataset):
    values = {}
    for element in dataset:
        keyword = keyword_for_tag(element.tag)
        if element.tag.is_private or not keyword or keyword in _FRAME_SEQUENCES_LEFT_OUT or _isIdentifying(element):
            continue
        value = plainValue(element)
        if value is not None:
            values[keyword] = value
    return values


def _isIdentifying(element):
    keyword = element.keyword
    ofPatient = element.tag.group == 0x0010 and keyword not in _KEPT_OF_PATIENT
    return ofPatient or element.VR == "PN" or keyword in _IDENTIFYING


def plainValue(element):
    """str, int, float, tuple of them, or tuple of dictionaries for a sequence; None for empty and for binary values."""
    value = element.value
    if element.VR == "SQ":
        return tuple(_publicValues(item) for item in value)
    if element.VR in _BINARY or value is None or value == "":
        return None
    if isinstance(value, (MultiValue, list)):
        return tuple(_plain(one) for one in value) or None
    return _plain(value)


def _plain(value):
    if isinstance(value, (bool, str)):
        return str(value)
    if isinstance(value, int):
        return int(value)
    return float(value) if isinstance(value, float) or hasattr(value, "original_string") else str(value)


def _classicNames(tags):
    """Enhanced MR names many things anew; whoever guesses a sequence should not have to know both."""
    found = {
        "EchoTime": tags.get("EffectiveEchoTime"),
        "InversionTime": _first(tags.get("InversionTimes")),
        "SequenceName": tags.get("PulseSequenceName"),
        "ScanningSequence": _scanningSequence(tags),
        "ContrastBolusAgent": _contrastAgent(tags),
        "AcquisitionMatrix": _acquisitionMatrix(tags),
        "EchoTrainLength": tags.get("RFEchoTrainLength"),
    }
    return {keyword: value for keyword, value in found.items() if value is not None}


def _first(value):
    return value[0] if isinstance(value, tuple) and value else value


def _scanningSequence(tags):
    sequence = _ECHO_PULSE.get(tags.get("EchoPulseSequence"), ())
    sequence += ("IR",) if tags.get("InversionRecovery") == "YES" else ()
    sequence += ("EP",) if tags.get("EchoPlanarPulseSequence") == "YES" else ()
    return sequence or None


def _contrastAgent(tags):
    agents = [item.get("CodeMeaning", "") for item in tags.get("ContrastBolusAgentSequence", ())]
    return ", ".join(filter(None, agents)) or None


def _acquisitionMatrix(tags):
    frequency, phase = (
        tags.get("MRAcquisitionFrequencyEncodingSteps"),
        tags.get("MRAcquisitionPhaseEncodingStepsInPlane"),
    )
    if frequency is None or phase is None:
        return None
    return (0, frequency, phase, 0) if tags.get("InPlanePhaseEncodingDirection") == "ROW" else (frequency, 0, 0, phase)


def _privateValues(dataset, frameIndex):
    holders = [dataset]
    if frameIndex is not None:
        perFrame = dataset.get("PerFrameFunctionalGroupsSequence") or []
        holders += [*perFrame[frameIndex : frameIndex + 1], *(dataset.get("SharedFunctionalGroupsSequence") or [])]
    creators, values = [], {}
    for holder in holders:
        _collectPrivate(holder, creators, values)
    return tuple(dict.fromkeys(creators)), values


def _collectPrivate(dataset, creators, values):
    """Private elements may sit in private sequences (Siemens' (0021,11FE)), so those are searched too."""
    for element in dataset:
        tag = element.tag
        if not tag.is_private:
            continue
        if tag.is_private_creator:
            creators.append(str(element.value).strip())
        elif element.VR == "SQ":
            for item in element.value:
                _collectPrivate(item, creators, values)
        elif (tag.group, tag.element & 0xFF) in _PRIVATE_KEY and _isVendors(dataset, tag):
            text = _privateText(element)
            if any(character.isalpha() for part in text for character in part):
                values.setdefault(_PRIVATE_KEY[tag.group, tag.element & 0xFF], text)


def _isVendors(dataset, tag):
    creator = dataset.get((tag.group, tag.element >> 8))
    return creator is not None and str(creator.value).upper().startswith(_PRIVATE_CREATOR[tag.group])


def _privateText(element):
    value = element.value
    if isinstance(value, bytes):
        value = value.decode("latin-1").strip("\0 ").split("\\")
    if isinstance(value, Dataset) or value is None:
        return ()
    return tuple(str(one).strip() for one in value) if isinstance(value, (MultiValue, list)) else (str(value).strip(),)
