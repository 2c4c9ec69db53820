"""De-identification removes who the patient is at every depth, keeps the image, its links and our label."""

import numpy as np
import pydicom
import pytest
from dicomPhantom import ramp, writeEnhanced, writeSeries
from pydicom.dataset import Dataset

from DLEnhanceLib.dicomDeidentify import deidentifySeries
from DLEnhanceLib.dicomWriting import writeDerivedSeries
from DLEnhanceLib.errors import CannotWrite, UnsupportedVolume
from DLEnhanceLib.priorDl import isOurOwnOutput
from DLEnhanceLib.reading import readVolume
from DLEnhanceLib.strengths import Strengths

pytest.importorskip("dicomanonymizer", reason="the package dicom-anonymizer is not installed")

SECRETS = ("Müller", "19700101", "20240102", "St. Elsewhere", "Dr. House", "ring the husband", "1.2.3.1.4", "SN-4711")
PSEUDONYM = {"patientName": "Case 7", "patientID": "C7"}


def identifiedSeries(folder):
    request = Dataset()
    request.RequestedProcedureDescription, request.RequestingPhysician = "ring the husband", "Dr. House"
    paths = writeSeries(
        folder,
        ramp(),
        InstitutionName="St. Elsewhere",
        OperatorsName="Dr. House",
        DeviceSerialNumber="SN-4711",
        ImageComments="ring the husband",
        RequestAttributesSequence=[request],
    )
    for path in paths:
        dataset = pydicom.dcmread(path)
        dataset.add_new((0x0029, 0x0010), "LO", "SIEMENS CSA HEADER")
        dataset.add_new((0x0029, 0x1010), "OB", b"Dr. House ")
        dataset.save_as(path)
    return paths


def assertNoSecrets(files):
    for path in files:
        content = path.read_bytes()
        for secret in SECRETS:
            # a UID is a secret as a whole: 1.2.3.1.4 must not stand alone between non-digits
            assert secret.encode() not in content, f"{secret} in {path.name}"


def test_no_identity_is_left_and_the_image_is_the_same(tmp_path):
    paths = identifiedSeries(tmp_path / "s")
    before = [path.read_bytes() for path in paths]
    result = deidentifySeries(tmp_path / "s", tmp_path / "out", **PSEUDONYM)
    assertNoSecrets(result.files)
    assert [path.read_bytes() for path in paths] == before
    found, expected = readVolume(tmp_path / "out"), readVolume(tmp_path / "s")
    assert np.array_equal(found.voxels, expected.voxels)
    assert found.isOnGridOf(expected, 1e-9)
    dataset = pydicom.dcmread(result.files[0])
    assert (dataset.PatientName, dataset.PatientID, dataset.PatientIdentityRemoved) == ("Case 7", "C7", "YES")
    assert dataset.DeidentificationMethodCodeSequence[0].CodeValue == "113100"
    assert (dataset.EchoTime, dataset.MagneticFieldStrength) == (2.5, 3)


def test_the_slices_stay_one_series_with_new_uids(tmp_path):
    identifiedSeries(tmp_path / "s")
    result = deidentifySeries(tmp_path / "s", tmp_path / "out", **PSEUDONYM)
    datasets = [pydicom.dcmread(path) for path in result.files]
    assert len({dataset.SeriesInstanceUID for dataset in datasets}) == 1
    assert len({dataset.SOPInstanceUID for dataset in datasets}) == 5
    assert all(dataset.SOPInstanceUID == dataset.file_meta.MediaStorageSOPInstanceUID for dataset in datasets)
    assert datasets[0].StudyInstanceUID == result.newUIDs["1.2.3.1"]


@pytest.mark.parametrize("kind", ["classic", "enhanced"])
def test_our_label_survives_and_still_points_to_its_source(tmp_path, kind):
    if kind == "classic":
        identifiedSeries(tmp_path / "s")
    else:
        writeEnhanced(tmp_path / "s" / "e.dcm", ramp())
    volume = readVolume(tmp_path / "s")
    writeDerivedSeries(
        volume, tmp_path / "s", tmp_path / "enhanced", strengths=Strengths(denoise=0.85), modelId="full-1"
    )
    first = deidentifySeries(tmp_path / "s", tmp_path / "a", **PSEUDONYM)
    second = deidentifySeries(tmp_path / "enhanced", tmp_path / "b", **PSEUDONYM, newUIDs=first.newUIDs)
    assertNoSecrets([path for path in second.files if kind == "classic"])
    derived = pydicom.dcmread(second.files[0])
    assert derived.SeriesDescription == "DL-ENH D85 G95 S100"
    assert isOurOwnOutput(readVolume(tmp_path / "b").tags)
    assert derived.ImageType[0] == "DERIVED"
    holder = derived
    if kind == "enhanced":
        holder = derived.PerFrameFunctionalGroupsSequence[0].DerivationImageSequence[0]
    sources = {pydicom.dcmread(path).SOPInstanceUID for path in first.files}
    assert holder.SourceImageSequence[0].ReferencedSOPInstanceUID in sources
    assert holder.SourceImageSequence[0].PurposeOfReferenceCodeSequence[0].CodeValue == "121322"
    assert "full-1" in holder.DerivationDescription


def test_dates_inside_enhanced_frames_are_gone(tmp_path):
    def dated(number, item):
        item.FrameContentSequence[0].FrameAcquisitionDateTime = "20240102101112"

    writeEnhanced(tmp_path / "e.dcm", ramp(), perFrame=dated)
    result = deidentifySeries(tmp_path / "e.dcm", tmp_path / "out", **PSEUDONYM)
    assert b"20240102" not in result.files[0].read_bytes()
    assert np.array_equal(readVolume(tmp_path / "out").voxels, ramp())


def test_what_cannot_be_done_leaves_nothing(tmp_path):
    (tmp_path / "a.dcm").write_text("not DICOM at all")
    with pytest.raises(UnsupportedVolume):
        deidentifySeries(tmp_path / "a.dcm", tmp_path / "out", **PSEUDONYM)
    writeSeries(tmp_path / "s", ramp())
    with pytest.raises(CannotWrite):
        deidentifySeries(tmp_path / "s", tmp_path / "s", **PSEUDONYM)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.dcm", "s"]
