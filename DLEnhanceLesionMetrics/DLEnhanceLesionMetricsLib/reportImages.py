"""The DICOM images behind measured volumes, as structured reports refer to them. Needs pydicom, no Slicer."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from DLEnhanceLib.errors import BadOption
from DLEnhanceLib.volume import Volume

NOT_DICOM = (
    "A structured report refers to DICOM images, but {name} is not DICOM: measure a DICOM series and the derived DICOM "
    "series made from it, or export CSV or JSON instead."
)


def volumeImages(volume: Volume) -> list:
    """The DICOM datasets, without pixels, that a volume was read from, in slice order. Raises BadOption."""
    uids = volume.tags.get("SourceInstanceUIDs", ())
    if not uids or volume.source is None:
        raise BadOption(NOT_DICOM.format(name=volume.name if volume.source is None else volume.source.name))
    from DLEnhanceLib.dicomFiles import dicomFiles

    with dicomFiles(volume.source) as files:
        return imagesOf(files, uids, name=volume.source.name)


def imagesOf(files: Iterable[Path], uids: Sequence[str], *, name: str) -> list:
    """The datasets with these SOP Instance UIDs, each once, in their order. Raises BadOption when one is missing."""
    from DLEnhanceLib.dicomFiles import readHeader
    from DLEnhanceLib.errors import UnsupportedVolume

    wanted, found = list(dict.fromkeys(uids)), {}
    for path in files:
        try:
            dataset = readHeader(path).dataset
        except UnsupportedVolume:  # another file in the folder
            continue
        if dataset.SOPInstanceUID in wanted:
            found[str(dataset.SOPInstanceUID)] = dataset
    missing = [uid for uid in wanted if uid not in found]
    if missing:
        raise BadOption(f"{len(missing)} of the {len(wanted)} DICOM images of {name} are missing; import them again.")
    return [found[uid] for uid in wanted]


def requireOneStudy(images: Mapping[str, Sequence]):
    """Raise BadOption unless the images of all conditions are of one patient, one study and one space."""
    everything = [image for condition in images.values() for image in condition]
    for keyword, what in (
        ("PatientID", "patients"),
        ("StudyInstanceUID", "studies"),
        ("FrameOfReferenceUID", "frames of reference"),
    ):
        if len({str(image.get(keyword, "")) for image in everything}) > 1:
            raise BadOption(
                f"The standard and the enhanced series are of different {what}; a structured report needs a series and "
                "the one derived from it."
            )
