"""Finding DICOM images below a path and reading their headers; no pixels and no geometry here.

A path is a file, a folder (searched with all below it), a DICOMDIR, a zip archive, or a sequence of files.
"""

import contextlib
import dataclasses
import logging
import shutil
import tempfile
import warnings
import zipfile
from pathlib import Path

import pydicom
from pydicom.errors import InvalidDicomError

from .errors import UnsupportedVolume

DICOMDIR_CLASS = "1.2.840.10008.1.3.10"
_SUFFIXES = (".dcm", ".ima", ".dicom", ".mr", "")
_FIRST_GROUPS = (b"\x08\x00", b"\x02\x00", b"\x00\x08")


@dataclasses.dataclass(frozen=True, eq=False)
class Header:
    """The attributes of one DICOM file, without its pixels."""

    path: Path
    dataset: pydicom.Dataset


@contextlib.contextmanager
def quietPydicom():
    """pydicom tells of odd values through warnings and its logger; what matters to us is checked and raised."""
    logger = logging.getLogger("pydicom")
    level = logger.level
    with warnings.catch_warnings(), pydicom.config.disable_value_validation():
        warnings.simplefilter("ignore")
        logger.setLevel(logging.CRITICAL)
        try:
            yield
        finally:
            logger.setLevel(level)


def looksLikeDicom(path: Path) -> bool:
    """A preamble with DICM, or the start of a data set in a file whose name does not speak against it."""
    with path.open("rb") as file:
        start = file.read(132)
    return start[128:132] == b"DICM" or (path.suffix.lower() in _SUFFIXES and _startsLikeDataset(start))


def _startsLikeDataset(start):
    return start[:2] in _FIRST_GROUPS and len(start) > 8


@contextlib.contextmanager
def dicomFiles(source):
    """The candidate files of source as a list; those of a zip archive exist only inside the block."""
    if isinstance(source, (list, tuple)):
        yield [Path(path) for path in source]
        return
    path = Path(source)
    if path.is_dir():
        yield _filesBelow(path)
    elif zipfile.is_zipfile(path):
        with _unpacked(path) as folder:
            yield _filesBelow(folder)
    elif isDicomdir(path):
        yield _filesOfDicomdir(path)
    else:
        yield [path]


def _filesBelow(folder):
    found = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith(".")]
    return [path for path in found if path.name.upper() != "DICOMDIR" and _readable(path)]


def _readable(path):
    try:
        return looksLikeDicom(path)
    except OSError:
        return False


@contextlib.contextmanager
def _unpacked(archive):
    folder = Path(tempfile.mkdtemp(prefix="dlenhance-zip-"))
    try:
        with zipfile.ZipFile(archive) as opened:
            needed = sum(entry.file_size for entry in opened.infolist())
            if needed > shutil.disk_usage(folder).free:
                raise UnsupportedVolume(f"{archive.name} needs {needed / 1e9:.1f} GB to unpack; unpack it elsewhere.")
            opened.extractall(folder)
        yield folder
    except (zipfile.BadZipFile, EOFError, RuntimeError, NotImplementedError) as error:
        raise UnsupportedVolume(f"{archive.name} cannot be unpacked ({error}); unpack it yourself first.") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def isDicomdir(path: Path) -> bool:
    if path.name.upper() != "DICOMDIR" and path.suffix:
        return False
    with quietPydicom(), contextlib.suppress(InvalidDicomError, OSError):
        return pydicom.filereader.read_file_meta_info(path).get("MediaStorageSOPClassUID") == DICOMDIR_CLASS
    return False


def _filesOfDicomdir(path):
    """The image files that the DICOMDIR names; upper and lower case on disk may differ from it."""
    with quietPydicom():
        records = pydicom.dcmread(path).get("DirectoryRecordSequence") or []
        names = [record.ReferencedFileID for record in records if record.get("DirectoryRecordType") == "IMAGE"]
    files = [_resolved(path.parent, name) for name in names if name]
    missing = [file for file in files if not file.is_file()]
    if missing:
        raise UnsupportedVolume(
            f"{path.name} names {len(missing)} of {len(files)} images that are not there (first: {missing[0].name}); "
            "copy the whole medium, or give the folder of the images instead."
        )
    return files


def _resolved(folder, name):
    parts = [name] if isinstance(name, str) else list(name)
    for part in parts:
        exact = folder / part
        folder = (
            exact if exact.exists() else next((f for f in _entries(folder) if f.name.upper() == part.upper()), exact)
        )
    return folder


def _entries(folder):
    return folder.iterdir() if folder.is_dir() else ()


def readHeader(path: Path) -> Header:
    """All attributes but the pixels. Raises UnsupportedVolume when the file is not DICOM, damaged or unreadable."""
    try:
        with quietPydicom():
            dataset = pydicom.dcmread(path, stop_before_pixels=True, force=looksLikeDicom(path))
            _ = [dataset.get(keyword) for keyword in ("SOPClassUID", "Modality", "Rows", "NumberOfFrames")]
    except InvalidDicomError as error:
        raise UnsupportedVolume(f"{path.name} is not a DICOM file.") from error
    except OSError as error:
        raise UnsupportedVolume(f"{path.name} cannot be read: {error.strerror or error}.") from error
    except Exception as error:  # pydicom raises many kinds on damaged files: struct.error, KeyError, ValueError ...
        raise UnsupportedVolume(
            f"{path.name} is a damaged or truncated DICOM file ({error}); copy it again."
        ) from error
    if not len(dataset):
        raise UnsupportedVolume(f"{path.name} is a damaged or truncated DICOM file (no attributes); copy it again.")
    return Header(path, dataset)
