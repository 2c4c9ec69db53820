"""Private elements of the source: kept, because consoles and research tools need them, but for those that our pixels
would make untrue."""

from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.multival import MultiValue

_RAW_DATA_GROUP = 0x7FE1
_SCALE_CREATORS = ("PHILIPS MR IMAGING DD",)
_SCALE_ELEMENTS = {(0x2005, 0x0D), (0x2005, 0x0E), (0x2005, 0x09), (0x2005, 0x0A)}


def removeUntruePrivate(dataset, *, isNewEncoding: bool) -> int:
    """Remove, at any depth, private texts that call the image ORIGINAL, vendors' copies of raw data (group 7FE1) and,
    when the stored numbers mean something new, Philips' private scale factors. Returns how many were removed."""
    removed = 0
    for tag in list(dataset.keys()):  # values that nobody looks at stay unparsed, which is fast
        if not (tag.is_private or _isSequence(dataset, tag)):
            continue
        element = dataset[tag]
        if element.VR == "SQ":
            removed += sum(removeUntruePrivate(item, isNewEncoding=isNewEncoding) for item in element.value)
        if not tag.is_private or tag.is_private_creator:
            continue
        isScale = isNewEncoding and _isScaleFactor(dataset, tag)
        if tag.group == _RAW_DATA_GROUP or _saysOriginal(element.value) or isScale:
            del dataset[tag]
            removed += 1
    return removed


def _isSequence(dataset, tag):
    kind = dataset.get_item(tag).VR or (dictionary_VR(tag) if dictionary_has_tag(tag) else None)
    return kind == "SQ"


def _saysOriginal(value):
    if isinstance(value, bytes):
        return value[:8] == b"ORIGINAL"
    values = value if isinstance(value, (MultiValue, list, tuple)) else [value]
    return any(isinstance(one, str) and one.strip() == "ORIGINAL" for one in values)


def _isScaleFactor(dataset, tag):
    creator = dataset.get((tag.group, tag.element >> 8))
    isPhilips = creator is not None and str(creator.value).upper().startswith(_SCALE_CREATORS)
    return isPhilips and (tag.group, tag.element & 0xFF) in _SCALE_ELEMENTS
