"""What a derived series says of itself: options, texts, codes and equipment items."""

import copy
import dataclasses
import datetime as dt

from pydicom.dataset import Dataset

from .errors import BadOption
from .priorDl import PRODUCT_NAME, SERIES_MARK
from .strengths import Strengths
from .version import LABEL, VERSION

PRODUCT_MANUFACTURER = "DLEnhance developers"
PRIVATE_SCHEME = "99DLENHANCE"
HOST_DEFAULT_SERIES_NUMBER = 301
_LARGEST_INTEGER_STRING = 2**31 - 1
_LO_LENGTH, _ST_LENGTH = 64, 1024


@dataclasses.dataclass(frozen=True)
class DerivedSeriesOptions:
    """Choices of the site; the defaults are the ones of the domain brief, section 7.2.

    seriesNumber: None = source number x 100 + counter. suffix: None = mark and strengths.
    imageTypeVariant: SECONDARY, or PRIMARY for viewers that hide SECONDARY; Enhanced MR allows only PRIMARY.
    manufacturer: "scanner" keeps the scanner in General Equipment; "product" puts us there, the scanner into
    Contributing Equipment. objects: "same" SOP class as the source, or "classic" to split Enhanced MR into MR Image.
    """

    seriesNumber: int | None = None
    counter: int = 1
    suffix: str | None = None
    imageTypeVariant: str = "SECONDARY"
    manufacturer: str = "scanner"
    objects: str = "same"

    def __post_init__(self):
        _oneOf("imageTypeVariant", self.imageTypeVariant, ("SECONDARY", "PRIMARY"))
        _oneOf("manufacturer", self.manufacturer, ("scanner", "product"))
        _oneOf("objects", self.objects, ("same", "classic"))
        if self.seriesNumber is not None and not 0 < self.seriesNumber <= _LARGEST_INTEGER_STRING:
            raise BadOption(f"The series number {self.seriesNumber} must lie between 1 and {_LARGEST_INTEGER_STRING}.")


def _oneOf(name, value, allowed):
    if value not in allowed:
        raise BadOption(f"{name} is '{value}' but must be one of {', '.join(allowed)}.")


@dataclasses.dataclass(frozen=True, eq=False)
class Derivation:
    """What is the same in all instances of one derived series."""

    seriesUID: str
    now: dt.datetime
    strengths: Strengths
    modelId: str
    modelHash: str = ""
    options: DerivedSeriesOptions = DerivedSeriesOptions()

    @property
    def date(self) -> str:
        return self.now.strftime("%Y%m%d")

    @property
    def time(self) -> str:
        return self.now.strftime("%H%M%S.%f")


def seriesNumber(source, options) -> int:
    """Source number x 100 + counter, always above 100; Slicer's 301 without a source number or if too long."""
    if options.seriesNumber is not None:
        return options.seriesNumber
    number = int(source or 0) * 100 + options.counter
    return number if 100 < number <= _LARGEST_INTEGER_STRING else HOST_DEFAULT_SERIES_NUMBER


def seriesDescription(source, derivation) -> str:
    """The source's text and our suffix in 64 characters; what is too long is cut from the source's part."""
    suffix = derivation.options.suffix
    suffix = _defaultSuffix(derivation.strengths) if suffix is None else _ascii(suffix).strip()
    suffix = f" {suffix}"[:_LO_LENGTH]
    return ((source or "")[: _LO_LENGTH - len(suffix)].rstrip() + suffix).strip()


def _defaultSuffix(strengths):
    parts = (("D", strengths.denoise), ("G", strengths.dering), ("S", strengths.sharpen))
    return " ".join([SERIES_MARK, *(f"{letter}{percent(value)}" for letter, value in parts if value > 0)])


def percent(fraction: float) -> str:
    return f"{100 * fraction:.4g}"


def _ascii(text):
    """Our own texts must be legal in whatever character set the source has."""
    return text.encode("ascii", "replace").decode("ascii").replace("\\", "/")


def imageType(source, derivation, *, isEnhanced: bool) -> list:
    """DERIVED, SECONDARY (or PRIMARY), then value 3 onwards of the source, OTHER where it has none."""
    # PS3.3 C.8.16.1.2: Enhanced images always have PRIMARY as value 2.
    variant = "PRIMARY" if isEnhanced else derivation.options.imageTypeVariant
    return ["DERIVED", variant, *(list(source or [])[2:] or ["OTHER"])]


def derivationDescription(source, derivation) -> str:
    """Software, version, model, strengths and label, then what the source said of its own derivation."""
    strengths = derivation.strengths
    model = f"model {derivation.modelId}" + (f" ({derivation.modelHash})" if derivation.modelHash else "")
    text = (
        f"Deep-learning enhancement by {PRODUCT_NAME} {VERSION}, {model}; denoise {percent(strengths.denoise)} %, "
        f"dering {percent(strengths.dering)} %, sharpen {percent(strengths.sharpen)} %. {LABEL}"
    )
    earlier = f" Source: {source}" if source else ""
    return (_ascii(text) + earlier)[:_ST_LENGTH]


def codeItem(value, scheme, meaning) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def derivationCodes(strengths) -> list:
    """CID 7203 has no code for deep learning: the nearest standard code, and our own for what was really done."""
    codes = []
    if strengths.denoise > 0:
        codes += [codeItem("113087", "DCM", "Smoothing")]
        codes += [codeItem("DLDENOISE", PRIVATE_SCHEME, "Deep learning denoising")]
    if strengths.dering > 0:
        codes += [codeItem("DLDERING", PRIVATE_SCHEME, "Deep learning removal of truncation artifact")]
    if strengths.sharpen > 0:
        codes += [codeItem("113086", "DCM", "Edge enhancement")]
        codes += [codeItem("DLSHARPEN", PRIVATE_SCHEME, "Deep learning sharpening")]
    return codes


def sourceImageItem(sopClass, instanceUID, frameNumber=None) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sopClass, instanceUID
    if frameNumber is not None:
        item.ReferencedFrameNumber = frameNumber
    item.SpatialLocationsPreserved = "YES"
    item.PurposeOfReferenceCodeSequence = [codeItem("121322", "DCM", "Source image for image processing operation")]
    return item


def processingEquipment(derivation) -> Dataset:
    item = Dataset()
    item.Manufacturer, item.ManufacturerModelName, item.SoftwareVersions = PRODUCT_MANUFACTURER, PRODUCT_NAME, VERSION
    item.ContributionDateTime = derivation.date + derivation.time
    item.ContributionDescription = derivationDescription("", derivation)
    item.PurposeOfReferenceCodeSequence = [codeItem("109102", "DCM", "Processing Equipment")]
    return item


_EQUIPMENT = (
    "Manufacturer",
    "InstitutionName",
    "InstitutionAddress",
    "StationName",
    "InstitutionalDepartmentName",
    "ManufacturerModelName",
    "DeviceSerialNumber",
    "SoftwareVersions",
)


def acquisitionEquipment(dataset) -> Dataset:
    """The scanner as General Equipment named it, for when we stand there."""
    item = Dataset()
    item.Manufacturer = ""
    for keyword in _EQUIPMENT:
        if dataset.get(keyword):
            item[keyword] = copy.deepcopy(dataset[keyword])
    item.PurposeOfReferenceCodeSequence = [codeItem("109101", "DCM", "Acquisition Equipment")]
    return item
