"""A real archive as the judge: Orthanc receives source and derived series and gives them back over C-GET alike."""

import contextlib
import json
import shutil
import socket
import subprocess
import time
import urllib.request

import numpy as np
import pydicom
import pytest

from DLEnhanceLib.dicomWriting import writeDerivedSeries
from DLEnhanceLib.reading import readVolume
from DLEnhanceLib.strengths import Strengths

pynetdicom = pytest.importorskip("pynetdicom", reason="the package pynetdicom is not installed")
STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"
STARTUP_SECONDS = 60


def freePort():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Archive:
    """An Orthanc of our own on loopback, with its storage in a temporary folder."""

    def __init__(self, folder):
        self.dicomPort, self.httpPort = freePort(), freePort()
        configuration = {
            "Name": "DLEnhance test",
            "StorageDirectory": str(folder),
            "IndexDirectory": str(folder),
            "DicomPort": self.dicomPort,
            "HttpPort": self.httpPort,
            "RemoteAccessAllowed": False,
            "DicomAlwaysAllowGet": True,
            "DicomAlwaysAllowStore": True,
            "DicomCheckCalledAet": False,
            "Plugins": [],
        }
        (folder / "orthanc.json").write_text(json.dumps(configuration))
        command = [shutil.which("Orthanc") or "/usr/sbin/Orthanc", str(folder / "orthanc.json")]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._waitUntilItAnswers()

    def _waitUntilItAnswers(self):
        deadline = time.monotonic() + STARTUP_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                self.ask("/system")
                return
            time.sleep(0.1)
        raise TimeoutError("Orthanc did not start")

    def ask(self, resource):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.httpPort}{resource}") as answer:
            return json.load(answer)

    def store(self, files):
        """C-STORE; returns the DICOM status codes."""
        datasets = [pydicom.dcmread(path) for path in files]
        entity = pynetdicom.AE()
        for dataset in datasets[:1]:
            entity.add_requested_context(dataset.SOPClassUID, dataset.file_meta.TransferSyntaxUID)
        association = entity.associate("127.0.0.1", self.dicomPort)
        assert association.is_established
        codes = [association.send_c_store(dataset).Status for dataset in datasets]
        association.release()
        return codes

    def get(self, studyUID, seriesUID, sopClass, syntax):
        """C-GET of one series; the datasets as they came over the network."""
        received = []

        def onStore(event):
            dataset = event.dataset
            dataset.file_meta = event.file_meta
            received.append(dataset)
            return 0x0000

        entity = pynetdicom.AE()
        entity.add_requested_context(STUDY_ROOT_GET)
        entity.add_requested_context(sopClass, syntax)
        role = pynetdicom.build_role(sopClass, scp_role=True)
        handlers = [(pynetdicom.evt.EVT_C_STORE, onStore)]
        association = entity.associate("127.0.0.1", self.dicomPort, ext_neg=[role], evt_handlers=handlers)
        assert association.is_established
        query = pydicom.Dataset()
        query.QueryRetrieveLevel, query.StudyInstanceUID, query.SeriesInstanceUID = "SERIES", studyUID, seriesUID
        statuses = [status.Status for status, _ in association.send_c_get(query, STUDY_ROOT_GET)]
        association.release()
        assert statuses[-1] == 0
        return received

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=30)


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    if not (shutil.which("Orthanc") or shutil.which("/usr/sbin/Orthanc")):
        pytest.skip("Orthanc is not installed (Debian package orthanc)")
    opened = Archive(tmp_path_factory.mktemp("orthanc"))
    yield opened
    opened.close()


@pytest.mark.parametrize("name", ["dicom_t1c_vs_seg_001", "dicom_enhanced_multiframe_t1"])
def test_source_and_derived_series_come_back_from_the_archive(realData, tmp_path, archive, name):
    source = realData / name
    volume = readVolume(source)
    enhanced = volume.withVoxels(volume.voxels // 2)
    series = writeDerivedSeries(enhanced, source, tmp_path / "out", strengths=Strengths(), modelId="full-1")
    sourceFiles = sorted(source.iterdir())
    assert set(archive.store(sourceFiles) + archive.store(series.files)) == {0x0000}

    written = {dataset.SOPInstanceUID: dataset for dataset in map(pydicom.dcmread, series.files)}
    first = next(iter(written.values()))
    returned = archive.get(
        first.StudyInstanceUID, series.seriesUID, first.SOPClassUID, first.file_meta.TransferSyntaxUID
    )
    assert {dataset.SOPInstanceUID for dataset in returned} == set(written)
    for dataset in returned:
        assert dataset.PixelData == written[dataset.SOPInstanceUID].PixelData
    assertSameVolume(returned, tmp_path / "returned", enhanced)
    assertStudyHolds(archive, first.StudyInstanceUID, {first.SeriesInstanceUID, volume.tags["SeriesInstanceUID"]})
    assertReferencesResolve(returned, {str(pydicom.dcmread(path).SOPInstanceUID) for path in sourceFiles})


def assertSameVolume(datasets, folder, expected):
    folder.mkdir()
    for number, dataset in enumerate(datasets):
        dataset.save_as(folder / f"{number}.dcm", enforce_file_format=True)
    found = readVolume(folder)
    assert np.array_equal(found.voxels, expected.voxels)
    assert found.isOnGridOf(expected, 1e-4)


def assertStudyHolds(archive, studyUID, seriesUIDs):
    studies = [archive.ask(f"/studies/{key}") for key in archive.ask("/studies")]
    (study,) = [study for study in studies if study["MainDicomTags"]["StudyInstanceUID"] == studyUID]
    found = {archive.ask(f"/series/{key}")["MainDicomTags"]["SeriesInstanceUID"] for key in study["Series"]}
    assert found == seriesUIDs


def assertReferencesResolve(datasets, sourceUIDs):
    for dataset in datasets:
        holders = [dataset]
        if "PerFrameFunctionalGroupsSequence" in dataset:
            holders = [item.DerivationImageSequence[0] for item in dataset.PerFrameFunctionalGroupsSequence]
        for holder in holders:
            assert holder.SourceImageSequence[0].ReferencedSOPInstanceUID in sourceUIDs
