"""The one table of what a derived MR image keeps, changes, adds and removes. The writer obeys it, and the
conformance page in Docs/ is printed from it."""

import dataclasses
from collections.abc import Callable

from pydicom.dataset import Dataset

from . import dicomDerivation as derived
from .dicomDerivation import Derivation
from .dicomPrivate import removeUntruePrivate
from .dicomStored import Encoding, decimalText
from .priorDl import PRODUCT_NAME
from .version import VERSION


@dataclasses.dataclass(frozen=True, eq=False)
class Image:
    """One instance on its way: the source attributes being rewritten, and what the pixels say.

    frames: zero-based frame numbers of the source that are written, in file order; None for a classic image.
    sourceFrame: the source's frame number (from 1) when a classic image is made of one frame of an Enhanced one.
    positions: slice index k of each; smallest, largest: stored numbers in this instance; inSeries: in the series.
    """

    dataset: Dataset
    sourceClass: str
    sourceInstance: str
    sourceSeries: str
    instanceUID: str
    derivation: Derivation
    encoding: Encoding
    positions: tuple[int, ...]
    smallest: int
    largest: int
    inSeries: tuple[int, int]
    isLossy: bool
    frames: tuple[int, ...] | None = None
    sourceFrame: int | None = None

    @property
    def isEnhanced(self) -> bool:
        return self.frames is not None


@dataclasses.dataclass(frozen=True)
class Attribute:
    """A row: keyword (or words for a group), action, value in words, reason, and the function that does it.

    value returns what to set, or None to leave the attribute as it is; apply does something larger.
    objects: "all", "classic" or "enhanced".
    """

    keyword: str
    action: str
    what: str
    reason: str
    value: Callable[[Image], object] | None = None
    apply: Callable[[Image], None] | None = None
    objects: str = "all"

    def concerns(self, image: Image) -> bool:
        return self.objects in ("all", "enhanced" if image.isEnhanced else "classic")


def applyTable(image: Image):
    """Turn the source dataset of image into the derived one, row by row; pixels are added by the writer."""
    for row in TABLE:
        if row.concerns(image):
            _apply(row, image)


def _apply(row, image):
    if row.apply:
        row.apply(image)
    elif row.action == "removed":
        if row.keyword in image.dataset:
            delattr(image.dataset, row.keyword)
    elif row.value:
        value = row.value(image)
        if value is not None:
            setattr(image.dataset, row.keyword, value)
            _setSign(image.dataset[row.keyword], image.encoding)


def _setSign(element, encoding):
    """pydicom leaves the choice between US and SS open for what counts in stored numbers."""
    if element.VR == "US or SS":
        element.VR = "SS" if encoding.isSigned else "US"


def _removeBitOverlays(image):
    """Overlays in unused bits of the pixels have no data of their own (PS3.5 8.1.2, retired)."""
    dataset = image.dataset
    groups = {tag.group for tag in dataset.keys() if 0x6000 <= tag.group <= 0x60FF}  # noqa: SIM118 - tags, unparsed
    for group in groups:
        if (group, 0x3000) not in dataset:
            for element in list(dataset.group_dataset(group)):
                del dataset[element.tag]


def _removeSignatures(image):
    for tag in ((0xFFFA, 0xFFFA), (0xFFFC, 0xFFFC)):
        if tag in image.dataset:
            del image.dataset[tag]


def _contributingEquipment(image):
    earlier = list(image.dataset.get("ContributingEquipmentSequence") or [])
    if image.derivation.options.manufacturer == "product":
        earlier.append(derived.acquisitionEquipment(image.dataset))
    return [*earlier, derived.processingEquipment(image.derivation)]


def _ifProduct(value):
    return lambda image: value if image.derivation.options.manufacturer == "product" else None


def _ifNewRescale(value):
    return lambda image: value(image) if image.encoding.isNewRescale else None


def _classicRescale(attribute):
    return _ifNewRescale(lambda image: decimalText(getattr(image.encoding, attribute)[image.positions[0]]))


def _keepFrames(image):
    """Only the frames of the chosen stack, in the order of the source."""
    dataset = image.dataset
    perFrame = dataset.PerFrameFunctionalGroupsSequence
    dataset.PerFrameFunctionalGroupsSequence = [perFrame[index] for index in image.frames]
    dataset.NumberOfFrames = len(image.frames)


def _frameTypes(image):
    for holder in _holders(image):
        for item in holder.get("MRImageFrameTypeSequence") or []:
            item.FrameType = derived.imageType(item.get("FrameType"), image.derivation, isEnhanced=True)


def _holders(image):
    dataset = image.dataset
    return [*(dataset.get("SharedFunctionalGroupsSequence") or []), *dataset.PerFrameFunctionalGroupsSequence]


def _derivationImages(image):
    """A functional group may stand in the shared or in the per-frame items, not in both; ours differs by frame."""
    earlier = []
    for shared in image.dataset.get("SharedFunctionalGroupsSequence") or []:
        earlier += list(shared.get("DerivationImageSequence") or [])
        if "DerivationImageSequence" in shared:
            del shared.DerivationImageSequence
    for frame, holder in zip(image.frames, image.dataset.PerFrameFunctionalGroupsSequence, strict=True):
        item = Dataset()
        item.DerivationDescription = derived.derivationDescription("", image.derivation)
        item.DerivationCodeSequence = derived.derivationCodes(image.derivation.strengths)
        item.SourceImageSequence = [derived.sourceImageItem(image.sourceClass, image.sourceInstance, frame + 1)]
        holder.DerivationImageSequence = [*earlier, *(holder.get("DerivationImageSequence") or []), item]


def _sourceEvidence(image):
    """Required beside any Source Image Sequence of Enhanced MR (PS3.3 C.8.13.2.1): where the source is filed."""
    instance, series, study = Dataset(), Dataset(), Dataset()
    instance.ReferencedSOPClassUID, instance.ReferencedSOPInstanceUID = image.sourceClass, image.sourceInstance
    series.ReferencedSOPSequence, series.SeriesInstanceUID = [instance], image.sourceSeries
    study.ReferencedSeriesSequence, study.StudyInstanceUID = [series], image.dataset.StudyInstanceUID
    return [*(image.dataset.get("SourceImageEvidenceSequence") or []), study]


def _frameRescale(image):
    if not image.encoding.isNewRescale:
        return
    holders = [holder for holder in _holders(image) if holder.get("PixelValueTransformationSequence")]
    if not holders:
        holders = _sharedItem(image)
        holders[0].PixelValueTransformationSequence = [Dataset()]
    for holder in holders:
        item = holder.PixelValueTransformationSequence[0]
        item.RescaleSlope = decimalText(image.encoding.slopes[0])
        item.RescaleIntercept = decimalText(image.encoding.intercepts[0])
        item.RescaleType = item.get("RescaleType") or "US"


def _sharedItem(image):
    if not image.dataset.get("SharedFunctionalGroupsSequence"):
        image.dataset.SharedFunctionalGroupsSequence = [Dataset()]
    return [image.dataset.SharedFunctionalGroupsSequence[0]]


def _realWorldMapping(image):
    """A mapping of stored numbers to quantities is true only while the stored numbers mean the same."""
    if not image.encoding.isNewRescale:
        return
    for holder in [image.dataset, *(_holders(image) if image.isEnhanced else [])]:
        if "RealWorldValueMappingSequence" in holder:
            del holder.RealWorldValueMappingSequence


def _privateElements(image):
    removeUntruePrivate(image.dataset, isNewEncoding=image.encoding.isNewRescale)


def _seriesRange(position):
    def value(image):
        keyword = ("SmallestPixelValueInSeries", "LargestPixelValueInSeries")[position]
        return image.inSeries[position] if keyword in image.dataset else None

    return value


_KEEP = "kept"
_NEW = "new"
_CHANGED = "changed"
_REMOVED = "removed"

TABLE = (
    # Identity
    Attribute("SOPClassUID", _KEEP, "as in the source", "the object stays what it is; classic only if asked for"),
    Attribute("SOPInstanceUID", _CHANGED, "new", "a new image", lambda image: image.instanceUID),
    Attribute("SeriesInstanceUID", _CHANGED, "new", "a new series", lambda image: image.derivation.seriesUID),
    Attribute("StudyInstanceUID", _KEEP, "as in the source", "the result shows beside its source"),
    Attribute("Patient and study modules", _KEEP, "as in the source", "same patient, same examination"),
    Attribute("FrameOfReferenceUID", _KEEP, "as in the source", "images overlay and scroll together"),
    Attribute(
        "SeriesNumber",
        _CHANGED,
        "source x 100 + counter, above 100; 301 without a source number; or as given",
        "sorts behind the acquired series",
        lambda image: derived.seriesNumber(image.dataset.get("SeriesNumber"), image.derivation.options),
    ),
    Attribute(
        "SeriesDescription",
        _CHANGED,
        "source text + ' DL-ENH' + strengths; cut in the source part to 64 characters",
        "the label is seen wherever the series is listed",
        lambda image: derived.seriesDescription(str(image.dataset.get("SeriesDescription") or ""), image.derivation),
    ),
    Attribute("InstanceNumber", _KEEP, "as in the source", "same order in the viewer"),
    Attribute("InstanceCreatorUID", _REMOVED, "", "names the system that created the source"),
    # What it is
    Attribute(
        "ImageType",
        _CHANGED,
        "DERIVED, SECONDARY (option PRIMARY; Enhanced MR always PRIMARY), source value 3 onwards or OTHER",
        "a processed image must not call itself original",
        lambda image: derived.imageType(image.dataset.get("ImageType"), image.derivation, isEnhanced=image.isEnhanced),
    ),
    Attribute(
        "MRImageFrameTypeSequence > FrameType",
        _CHANGED,
        "DERIVED, PRIMARY, source value 3 onwards",
        "as Image Type, frame by frame",
        apply=_frameTypes,
        objects="enhanced",
    ),
    Attribute(
        "ContentQualification",
        _CHANGED,
        "RESEARCH",
        "research use only",
        lambda _: "RESEARCH",
        objects="enhanced",
    ),
    Attribute(
        "DerivationDescription",
        _NEW,
        "software, version, model, strengths, label; then the source's own text",
        "how the image was made, in words",
        lambda image: derived.derivationDescription(image.dataset.get("DerivationDescription"), image.derivation),
        objects="classic",
    ),
    Attribute(
        "DerivationCodeSequence",
        _NEW,
        "CID 7203: 113087 Smoothing, 113086 Edge enhancement; 99DLENHANCE items",
        "how the image was made, in codes; no standard code names deep learning",
        lambda image: derived.derivationCodes(image.derivation.strengths) or None,
        objects="classic",
    ),
    Attribute(
        "SourceImageSequence",
        _NEW,
        "source instance; purpose 121322; Spatial Locations Preserved = YES",
        "leads back to the original, pixel for pixel",
        lambda image: [derived.sourceImageItem(image.sourceClass, image.sourceInstance, image.sourceFrame)],
        objects="classic",
    ),
    Attribute(
        "PerFrameFunctionalGroupsSequence",
        _CHANGED,
        "the frames of the chosen stack",
        "a part of a series (one echo, say) may be enhanced alone",
        apply=_keepFrames,
        objects="enhanced",
    ),
    Attribute(
        "DerivationImageSequence",
        _NEW,
        "per frame: description, codes, source instance and frame number; earlier items stay",
        "the Enhanced form of the three attributes above",
        apply=_derivationImages,
        objects="enhanced",
    ),
    Attribute(
        "SourceImageEvidenceSequence",
        _NEW,
        "study, series and instance of the source; earlier items stay",
        "demanded beside a Source Image Sequence",
        _sourceEvidence,
        objects="enhanced",
    ),
    # Who
    Attribute(
        "ContributingEquipmentSequence",
        _NEW,
        "item 109102 Processing Equipment: us, version, time, description; earlier items stay; "
        "with the product option also 109101 Acquisition Equipment: the scanner",
        "who made the pixels; also how we know our own output again",
        _contributingEquipment,
    ),
    Attribute(
        "Manufacturer",
        _KEEP,
        "scanner; with the product option ours",
        "hanging protocols and stratification depend on the scanner",
        _ifProduct(derived.PRODUCT_MANUFACTURER),
    ),
    Attribute(
        "ManufacturerModelName",
        _KEEP,
        "scanner; with the product option ours",
        "as Manufacturer",
        _ifProduct(PRODUCT_NAME),
    ),
    Attribute(
        "SoftwareVersions", _KEEP, "scanner; with the product option ours", "as Manufacturer", _ifProduct(VERSION)
    ),
    Attribute(
        "DeviceSerialNumber",
        _KEEP,
        "scanner; with the product option the product name",
        "as Manufacturer; Enhanced MR demands a value",
        _ifProduct(PRODUCT_NAME),
    ),
    # When
    *(
        Attribute(f"{what}Date", _CHANGED, "now", "when this was made", lambda image: image.derivation.date)
        for what in ("InstanceCreation", "Content", "Series")
    ),
    *(
        Attribute(f"{what}Time", _CHANGED, "now", "when this was made", lambda image: image.derivation.time)
        for what in ("InstanceCreation", "Content", "Series")
    ),
    Attribute("Study and acquisition dates and times", _KEEP, "as in the source", "when the patient was examined"),
    # Acquisition and geometry
    Attribute("ImagePositionPatient, ImageOrientationPatient", _KEEP, "as in the source, digit by digit", "same grid"),
    Attribute("PixelSpacing, SliceThickness, SpacingBetweenSlices", _KEEP, "as in the source", "same grid"),
    Attribute("Acquisition parameters, contrast agent", _KEEP, "as in the source", "they still describe the image"),
    Attribute("ImageComments", _KEEP, "as in the source", "may hold what the technologist wrote"),
    Attribute("ReferencedImageSequence", _KEEP, "as in the source", "localizers stay linked"),
    # Pixels
    Attribute("Rows, Columns, SamplesPerPixel, PhotometricInterpretation", _KEEP, "as in the source", "same grid"),
    Attribute(
        "BitsAllocated",
        _KEEP,
        "as in the source; 16 if the values need it",
        "nothing is clipped",
        lambda image: image.encoding.bitsAllocated,
    ),
    Attribute(
        "BitsStored",
        _KEEP,
        "as in the source; all allocated bits if the values need them",
        "nothing is clipped",
        lambda image: image.encoding.bitsStored,
    ),
    Attribute("HighBit", _KEEP, "Bits Stored - 1", "nothing is clipped", lambda image: image.encoding.bitsStored - 1),
    Attribute(
        "PixelRepresentation",
        _KEEP,
        "as in the source; signed if values are negative",
        "nothing is clipped",
        lambda image: int(image.encoding.isSigned),
    ),
    Attribute(
        "RescaleIntercept",
        _KEEP,
        "as in the source; new for the whole series if 16 bits cannot hold the values otherwise",
        "nothing is clipped",
        _classicRescale("intercepts"),
        objects="classic",
    ),
    Attribute(
        "RescaleSlope",
        _KEEP,
        "as in the source; new for the whole series if 16 bits cannot hold the values otherwise",
        "nothing is clipped",
        _classicRescale("slopes"),
        objects="classic",
    ),
    Attribute(
        "RescaleType",
        _KEEP,
        "as in the source; US with a new rescale",
        "MR signal has no unit",
        _ifNewRescale(lambda _: "US"),
        objects="classic",
    ),
    Attribute(
        "PixelValueTransformationSequence",
        _KEEP,
        "as in the source; new slope and intercept only if 16 bits cannot hold the values otherwise",
        "nothing is clipped",
        apply=_frameRescale,
        objects="enhanced",
    ),
    Attribute(
        "RealWorldValueMappingSequence",
        _KEEP,
        "as in the source; removed with a new rescale",
        "maps stored numbers, so it holds while their meaning does",
        apply=_realWorldMapping,
    ),
    Attribute(
        "SmallestImagePixelValue",
        _CHANGED,
        "of the new pixels",
        "recomputed",
        lambda image: image.smallest,
    ),
    Attribute(
        "LargestImagePixelValue",
        _CHANGED,
        "of the new pixels",
        "recomputed",
        lambda image: image.largest,
    ),
    Attribute("SmallestPixelValueInSeries", _CHANGED, "recomputed where present", "recomputed", _seriesRange(0)),
    Attribute("LargestPixelValueInSeries", _CHANGED, "recomputed where present", "recomputed", _seriesRange(1)),
    Attribute("WindowCenter, WindowWidth", _KEEP, "as in the source", "both images open alike"),
    Attribute(
        "BurnedInAnnotation",
        _CHANGED,
        "NO, unless the source says YES",
        "we draw nothing into the pixels, and cannot take out what is there",
        lambda image: "YES" if image.dataset.get("BurnedInAnnotation") == "YES" else "NO",
    ),
    Attribute(
        "LossyImageCompression",
        _KEEP,
        "as in the source; 01 if its transfer syntax was lossy",
        "once lossy, always lossy",
        lambda image: "01" if image.isLossy else None,
    ),
    Attribute("PixelPaddingValue", _REMOVED, "", "enhanced pixels are values, not marks"),
    Attribute("PixelPaddingRangeLimit", _REMOVED, "", "enhanced pixels are values, not marks"),
    Attribute("IconImageSequence", _REMOVED, "", "a thumbnail of the source"),
    Attribute(
        "Overlays in unused pixel bits (60xx)",
        _REMOVED,
        "",
        "the bits they lived in are gone; overlays with data of their own stay",
        apply=_removeBitOverlays,
    ),
    Attribute("MACParametersSequence", _REMOVED, "", "belongs to the signatures"),
    Attribute(
        "Digital signatures, trailing padding",
        _REMOVED,
        "",
        "a signature of the source does not hold for the result",
        apply=_removeSignatures,
    ),
    # The rest
    Attribute("SpecificCharacterSet", _KEEP, "as in the source", "names keep their letters; our texts are ASCII"),
    Attribute(
        "Private elements",
        _KEEP,
        "all, but those that say ORIGINAL, raw-data copies (7FE1) and, with a new rescale, Philips' scale factors",
        "consoles and research tools need them; none may call the image unprocessed",
        apply=_privateElements,
    ),
    Attribute("Transfer Syntax UID (file meta)", _CHANGED, "Explicit VR Little Endian", "every archive reads it"),
    Attribute("everything else", _KEEP, "as in the source", ""),
)
