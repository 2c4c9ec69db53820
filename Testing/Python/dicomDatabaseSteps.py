"""A small stand-in for slicer.dicomDatabase and DICOMLib, and volumes loaded from it as Slicer's DICOM module does."""

import sys
import types

import pydicom


class DatabaseStandIn:
    """Knows the files that were imported, by instance and by series UID; as strict in types as PythonQt."""

    def __init__(self):
        self.isOpen, self._instances, self._series = True, {}, {}

    def fileForInstance(self, uid):
        return self._instances.get(uid, "")

    def filesForSeries(self, uid):
        return tuple(self._series.get(uid, ()))

    def add(self, folder):
        for path in sorted(folder.rglob("*.dcm")):
            header = pydicom.dcmread(path, stop_before_pixels=True)
            self._instances[str(header.SOPInstanceUID)] = str(path)
            self._series.setdefault(str(header.SeriesInstanceUID), []).append(str(path))


def installDatabase(monkeypatch, *, takesImports=True):
    """The stand-in under slicer.dicomDatabase, and DICOMLib.DICOMUtils.importDicom that fills it."""
    from pathlib import Path

    import slicer

    database, library = DatabaseStandIn(), types.ModuleType("DICOMLib")

    def importDicom(folder):
        assert isinstance(folder, str), "ctkDICOMIndexer takes no Path"
        if takesImports:
            database.add(Path(folder))
        return takesImports

    library.DICOMUtils = types.SimpleNamespace(importDicom=importDicom)
    monkeypatch.setattr(slicer, "dicomDatabase", database, raising=False)
    monkeypatch.setitem(sys.modules, "DICOMLib", library)
    return database


def loadSeries(database, folder, *, isReversed=False):
    """A volume node with the voxels, grid and instance UIDs of the series; isReversed: slices from the other end."""
    import numpy as np
    import slicer

    from DLEnhanceLib.reading import readVolume

    database.add(folder)
    volume = readVolume(folder)
    voxels, affine = volume.voxels, volume.ijkToRAS
    if isReversed:
        voxels, flip = voxels[::-1], np.diag([1.0, 1.0, -1.0, 1.0])
        flip[2, 3] = len(voxels) - 1
        affine = affine @ flip
    node = slicer.util.addVolumeFromArray(np.ascontiguousarray(voxels), affine, "4: t1 post")
    uids = dict.fromkeys(volume.tags["SourceInstanceUIDs"])
    node.SetAttribute("DICOM.instanceUIDs", " ".join(uids))
    return node
