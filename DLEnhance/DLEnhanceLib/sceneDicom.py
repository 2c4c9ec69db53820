"""From a volume node to its DICOM images and back into Slicer's DICOM database (slicer.dicomDatabase)."""

from pathlib import Path

import slicer

from .errors import CannotWrite, UnsupportedVolume

INSTANCES_ATTRIBUTE = "DICOM.instanceUIDs"
"""Slicer's DICOM module names here the SOP Instance UIDs a volume was loaded from, separated by spaces."""


def exportDerivedSeries(node, run, folder, *, options=None, addToDatabase=False):
    """Write run (EnhancementRun) as a new series derived from the images that node was loaded from.

    folder: new or empty, appears whole or not at all. options: DerivedSeriesOptions. addToDatabase: Slicer's database
    then lists the series beside its source; it refers to the files in folder. Returns the DerivedSeries.
    Raises UnsupportedVolume and CannotWrite, with the sentence for the user.
    """
    from .dicomSource import requireSameVoxels  # here and not above: Slicer must start fast
    from .dicomWriting import writeDerivedSeries

    if addToDatabase:
        _requireOpenDatabase()
    files = sourceFiles(node)
    requireSameVoxels(run.source, files)
    series = writeDerivedSeries(
        run.volume,
        files,
        folder,
        strengths=run.strengths,
        modelId=run.backend["modelId"],
        modelHash=run.backend["sha256"],
        options=options,
    )
    if addToDatabase:
        _addToDatabase(series)
    return series


def sourceFiles(node) -> list[Path]:
    """The DICOM files that node was loaded from, each once. Raises UnsupportedVolume when they are not all there."""
    if obstacle := exportObstacle(node):
        raise UnsupportedVolume(obstacle)
    names = dict.fromkeys(slicer.dicomDatabase.fileForInstance(uid) for uid in _instanceUIDs(node))
    missing = [name for name in names if not name or not Path(name).is_file()]
    if missing:
        raise UnsupportedVolume(
            f"{len(missing)} of the {len(names)} DICOM files of {node.GetName()} are no longer where Slicer's DICOM "
            "database says: import their folder again in the DICOM module."
        )
    return [Path(name) for name in names]


def exportObstacle(node) -> str:
    """Why no DICOM series can be derived from this node, with what to do; empty when the source is known."""
    if not _instanceUIDs(node):
        return (
            f"{node.GetName()} was not loaded through Slicer's DICOM module, so its DICOM images are unknown: import "
            "their folder there, load the series and enhance that volume."
        )
    if _database() is None:
        return "This Slicer has no DICOM database: use dlenhance enhance on the DICOM folder instead."
    return ""


def canAddToDatabase() -> bool:
    """Whether this Slicer has an open DICOM database and can import into it."""
    database = _database()
    return database is not None and bool(database.isOpen) and _dicomUtils() is not None


def _requireOpenDatabase():
    if not canAddToDatabase():
        raise CannotWrite(
            "Slicer's DICOM database is not open: open the DICOM module once, or export to the folder only."
        )


def _addToDatabase(series):
    _dicomUtils().importDicom(str(series.folder))  # tells failures in the log only
    if not slicer.dicomDatabase.filesForSeries(series.seriesUID):
        raise CannotWrite(
            f"The series is complete in {series.folder}, but Slicer's DICOM database did not take it: import that "
            "folder in the DICOM module."
        )


def _instanceUIDs(node):
    return (node.GetAttribute(INSTANCES_ATTRIBUTE) or "").split()


def _database():
    return getattr(slicer, "dicomDatabase", None)


def _dicomUtils():
    try:
        from DICOMLib import DICOMUtils
    except ImportError:  # slicer-core, or a Slicer built without DICOM
        return None
    return DICOMUtils
