"""Options of ``dlenhance enhance`` for a derived DICOM series, and writing it, de-identified when asked."""

import dataclasses
import tempfile
from pathlib import Path

from DLEnhanceLib.errors import BadOption

FLAGS = {
    "series_number": "--series-number",
    "description_suffix": "--description-suffix",
    "image_type": "--image-type",
    "manufacturer": "--manufacturer",
    "classic": "--classic",
    "deidentify": "--deidentify",
}
"""Name in the parsed options (None when not given) and on the command line."""


def addSeriesOptions(parser):
    group = parser.add_argument_group("derived DICOM series (OUT is a folder)")
    group.add_argument(
        "--series-number", metavar="N", type=int, help="series number (default: the source's number x 100 + 1)"
    )
    group.add_argument(
        "--description-suffix",
        metavar="TEXT",
        help="end of the series description (default: DL-ENH and the strengths)",
    )
    group.add_argument(
        "--image-type",
        choices=("secondary", "primary"),
        help="second value of Image Type (default secondary; Enhanced MR objects always say primary)",
    )
    group.add_argument(
        "--manufacturer",
        choices=("scanner", "product"),
        help="the equipment: the scanner (default), or DLEnhance with the scanner as contributing equipment",
    )
    group.add_argument(
        "--classic",
        action="store_true",
        default=None,
        help="write classic MR images from an Enhanced multi-frame source (default: the kind of the source)",
    )
    group.add_argument(
        "--deidentify",
        metavar="PSEUDONYM",
        help="remove the patient's identity from the written series and put this name and ID in its place",
    )


def givenFlags(options) -> list[str]:
    """The flags above that were given."""
    return [flag for name, flag in FLAGS.items() if getattr(options, name) is not None]


def refuseSeriesOptions(options):
    """OUT is a volume file: raises BadOption if an option was given that only a DICOM series can follow."""
    if flags := givenFlags(options):
        raise BadOption(
            f"{', '.join(flags)} can be used only when OUT is a folder for a derived DICOM series; "
            f"{options.output.name} is a volume file."
        )


def chosenSeriesOptions(options):
    """DerivedSeriesOptions for what was given. Raises BadOption, and MissingPackage when it cannot de-identify."""
    from DLEnhanceLib.dicomDerivation import DerivedSeriesOptions

    if options.deidentify is not None:
        _requireDeidentification(options.deidentify)
    chosen = {
        "seriesNumber": options.series_number,
        "suffix": options.description_suffix,
        "imageTypeVariant": options.image_type and options.image_type.upper(),
        "manufacturer": options.manufacturer,
        "objects": options.classic and "classic",
    }
    return DerivedSeriesOptions(**{name: value for name, value in chosen.items() if value is not None})


def _requireDeidentification(pseudonym):
    from DLEnhanceLib.dicomDeidentify import requireActions

    if not pseudonym.strip() or len(pseudonym) > 64 or "\\" in pseudonym:
        raise BadOption("--deidentify needs a pseudonym of 1 to 64 characters without a backslash.")
    requireActions()


def writeSeries(enhancement, options, folder: Path, *, strengths):
    """Write the derived series into the new folder, which appears whole or not at all; returns the DerivedSeries."""
    from DLEnhanceLib.dicomWriting import writeDerivedSeries

    def write(target):
        return writeDerivedSeries(
            enhancement.volume,
            options.input,
            target,
            strengths=strengths,
            modelId=enhancement.backend["modelId"],
            modelHash=enhancement.backend["sha256"],
            options=chosenSeriesOptions(options),
        )

    if options.deidentify is None:
        return write(folder)
    # What still names the patient lives beside the output only until the de-identified series is complete.
    with tempfile.TemporaryDirectory(dir=folder.parent) as identified:
        return _deidentified(write(Path(identified) / "series"), folder, options.deidentify)


def _deidentified(series, folder, pseudonym):
    import pydicom

    from DLEnhanceLib.dicomDeidentify import deidentifySeries

    written = deidentifySeries(series.folder, folder, patientName=pseudonym, patientID=pseudonym)
    header = pydicom.dcmread(written.files[0], stop_before_pixels=True)
    notes = ("The identity was removed from the attributes, not from the image: faces and burned-in text remain.",)
    return dataclasses.replace(
        series,
        folder=written.folder,
        files=written.files,
        seriesUID=str(header.SeriesInstanceUID),
        seriesNumber=int(header.get("SeriesNumber") or 0),
        seriesDescription=str(header.get("SeriesDescription") or ""),
        notes=(*series.notes, *notes),
    )
