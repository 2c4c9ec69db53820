"""Was the image already reconstructed or post-processed by deep learning? An answer from DICOM tags only.

Where the vendors write it (domain-brief 7.4, after the public samples neurolabusc/dcm_qa_cs_dl):
Siemens Deep Resolve: DRG, DRB, DRS in ImageType or in private (0021,1175), details in (0021,1176).
GE AIR Recon DL: private (0043,10CA), for example 0.75\\High; absent when off.
Philips SmartSpeed AI: private (2005,1110) contains CS_SENSE_AI.
"No" needs the place itself, or the vendor's private block it belongs to, to be there: stripped tags give "unknown".
"""

import dataclasses

PRODUCT_NAME = "DLEnhance"
SERIES_MARK = "DL-ENH"

_DEEP_RESOLVE = {"DRG": "Gain", "DRB": "Boost", "DRS": "Sharp"}
_POST_PROCESSORS = ("SwiftMR", "SubtleMR", "SubtleHD")
_RECONSTRUCTIONS = ("Deep Resolve", "AIR Recon DL", "SmartSpeed AI", "SmartSpeed Precise", "AiCE", "PIQE")
_FREE_TEXT = ("SeriesDescription", "ProtocolName", "DerivationDescription", "ImageComments", "ManufacturerModelName")


@dataclasses.dataclass(frozen=True)
class PriorDl:
    """answer: "yes", "no" or "unknown"; reason: a sentence; isOurOwn: the image came out of DLEnhance."""

    answer: str
    reason: str
    isOurOwn: bool = False


def dicomPriorDl(tags) -> tuple:
    """(answer, reason) for the tags of a Volume; answer is "yes", "no" or "unknown"."""
    found = priorDl(tags)
    return found.answer, found.reason


def isOurOwnOutput(tags) -> bool:
    """True for images that DLEnhance wrote; enhancing them again needs a confirmation."""
    return priorDl(tags).isOurOwn


def priorDl(tags) -> PriorDl:
    """The first that says something: our own mark, a post-processor, the vendor's tags, a vendor's name in text."""
    if not tags:
        return PriorDl("unknown", "The file carries no DICOM tags, so earlier deep-learning processing cannot be seen.")
    vendor = _vendorAnswer(tags)
    for candidate in (_ownOutput(tags), _named(tags, _POST_PROCESSORS)):
        if candidate:
            return candidate
    if vendor.answer == "unknown":
        return _named(tags, _RECONSTRUCTIONS) or vendor
    return vendor


def _ownOutput(tags):
    equipment = tags.get("ContributingEquipmentSequence", ())
    if any(item.get("ManufacturerModelName") == PRODUCT_NAME for item in equipment):
        return PriorDl("yes", "The image was already enhanced by DLEnhance (Contributing Equipment).", isOurOwn=True)
    if SERIES_MARK in str(tags.get("SeriesDescription", "")):
        return PriorDl("yes", f"The series description carries our mark {SERIES_MARK}.", isOurOwn=True)
    return None


def _named(tags, names):
    texts = {keyword: str(tags.get(keyword, "")) for keyword in _FREE_TEXT}
    for item in tags.get("ContributingEquipmentSequence", ()):
        texts["ContributingEquipmentSequence"] = (
            f"{item.get('Manufacturer', '')} {item.get('ManufacturerModelName', '')}"
        )
    for keyword, text in texts.items():
        for name in names:
            position = text.lower().find(name.lower())
            isOff = text.lower()[position + len(name) :].lstrip(" _-:=").startswith("off")
            if position >= 0 and not isOff:
                return PriorDl("yes", f"{keyword} names {name}.")
    return None


def _vendorAnswer(tags):
    manufacturer = str(tags.get("Manufacturer", "")).lower()
    for name, answer in (("siemens", _siemens), ("ge ", _generalElectric), ("philips", _philips)):
        if (manufacturer + " ").startswith(name):
            return answer(tags)
    shown = tags.get("Manufacturer") or "an unnamed manufacturer"
    return PriorDl("unknown", f"No place is known where {shown} records deep-learning reconstruction.")


def _siemens(tags):
    private = _values(tags, "Private_0021_1175")
    tokens = [token for token in (*_values(tags, "ImageType"), *private) if token in _DEEP_RESOLVE]
    if tokens:
        details = "\\".join(_values(tags, "Private_0021_1176"))
        names = ", ".join(dict.fromkeys(f"Deep Resolve {_DEEP_RESOLVE[token]}" for token in tokens))
        return PriorDl("yes", f"Siemens {names}{f' ({details})' if details else ''}.")
    if private:
        return PriorDl("no", "Siemens image type text (0021,1175) has no Deep Resolve token.")
    # Classic images carry the tokens in ImageType itself; Enhanced ones only in the private text.
    if _hasCreator(tags, "SIEMENS") and not tags.get("NumberOfFrames"):
        return PriorDl("no", "Siemens image type has no Deep Resolve token and the vendor's private tags are present.")
    return PriorDl("unknown", "The Siemens private tags that would record Deep Resolve are missing.")


def _generalElectric(tags):
    values = _values(tags, "Private_0043_10CA")
    if values:
        isOff = values[-1].strip().lower() in ("off", "none", "0", "0.0", "0.00")
        return PriorDl("no" if isOff else "yes", f"GE AIR Recon DL (0043,10CA) is {'/'.join(values)}.")
    if _hasCreator(tags, "GEMS_PARM_01"):
        return PriorDl("no", "GE private parameters are present and hold no AIR Recon DL level (0043,10CA).")
    return PriorDl("unknown", "The GE private tags that would record AIR Recon DL are missing.")


def _philips(tags):
    values = _values(tags, "Private_2005_1110")
    if any("CS_SENSE_AI" in value for value in values):
        return PriorDl("yes", "Philips (2005,1110) names CS_SENSE_AI (SmartSpeed AI).")
    if values:
        return PriorDl("no", f"Philips (2005,1110) is {'/'.join(values)}, not CS_SENSE_AI.")
    return PriorDl("unknown", "The Philips private tag (2005,1110) that would record SmartSpeed AI is missing.")


def _values(tags, key):
    value = tags.get(key, ())
    values = (value,) if isinstance(value, (str, int, float)) else tuple(value)
    return tuple(str(one).strip() for one in values if str(one).strip())


def _hasCreator(tags, prefix):
    return any(str(creator).upper().startswith(prefix) for creator in tags.get("PrivateCreators", ()))
