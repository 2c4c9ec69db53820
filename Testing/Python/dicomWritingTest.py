"""Derived series, tag by tag after section 7.2 of the domain brief: what stays, what changes, nothing is lost."""

import hashlib
import subprocess
import sys

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from dicomPhantom import affineLps, position, ramp, writeEnhanced, writeSeries
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.uid import JPEG2000, JPEGLSNearLossless, RLELossless

from DLEnhanceLib.dicomDerivation import DerivedSeriesOptions
from DLEnhanceLib.dicomWriting import writeDerivedSeries
from DLEnhanceLib.errors import BadOption, CannotWrite, UnsupportedVolume
from DLEnhanceLib.priorDl import dicomPriorDl, isOurOwnOutput
from DLEnhanceLib.reading import readVolume
from DLEnhanceLib.strengths import Strengths
from DLEnhanceLib.volume import Volume

KEPT = [
    "StudyInstanceUID",
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "FrameOfReferenceUID",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "SliceThickness",
    "EchoTime",
    "RepetitionTime",
    "FlipAngle",
    "ScanningSequence",
    "MRAcquisitionType",
    "InstanceNumber",
    "SOPClassUID",
    "StudyDate",
    "StudyTime",
    "AcquisitionDate",
    "AcquisitionTime",
    "AccessionNumber",
    "Manufacturer",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "SpecificCharacterSet",
    "ContrastBolusAgent",
    "ImageComments",
    "WindowCenter",
    "WindowWidth",
]
EXTRAS = {
    "ContrastBolusAgent": "Gadobutrol",
    "ImageComments": "moved a little",
    "WindowCenter": 120,
    "WindowWidth": 240,
    "ManufacturerModelName": "Skyra",
    "SmallestImagePixelValue": 3,
    "IconImageSequence": [Dataset()],
    "PixelPaddingValue": 0,
}


def derive(source, out, *, change=None, strengths=None, **options):
    """Read, change the voxels, write back; returns the datasets in file order."""
    volume = readVolume(source)
    volume = volume.withVoxels(change(volume.voxels)) if change else volume
    strengths = strengths or Strengths(denoise=0.5, dering=0.0, sharpen=0.2)
    series = writeDerivedSeries(
        volume, source, out, strengths=strengths, modelId="full-1", options=DerivedSeriesOptions(**options)
    )
    return [pydicom.dcmread(path) for path in series.files], series


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A classic source with everything in it, and what was derived from it, both in slice order."""
    folder = tmp_path_factory.mktemp("pair")
    paths = writeSeries(folder / "source", ramp(), **EXTRAS)
    before = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    derived, series = derive(folder / "source", folder / "out", change=lambda voxels: voxels + np.uint16(1))
    assert [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths] == before, "the source was touched"
    return [pydicom.dcmread(path) for path in paths], derived, series


@pytest.mark.parametrize("keyword", KEPT)
def test_kept(pair, keyword):
    for source, derived in zip(*pair[:2], strict=True):
        assert derived[keyword].value == source[keyword].value
        assert derived[keyword].VR == source[keyword].VR


def test_one_new_instance_for_each_source_instance(pair):
    sources, derived, series = pair
    assert len(derived) == len(sources) == 5
    uids = {dataset.SOPInstanceUID for dataset in derived}
    assert len(uids) == 5
    assert not uids & {dataset.SOPInstanceUID for dataset in sources}
    assert {dataset.SeriesInstanceUID for dataset in derived} == {series.seriesUID}
    assert series.seriesUID != sources[0].SeriesInstanceUID
    assert all(dataset.file_meta.MediaStorageSOPInstanceUID == dataset.SOPInstanceUID for dataset in derived)
    assert all(dataset.file_meta.TransferSyntaxUID.name == "Explicit VR Little Endian" for dataset in derived)


def test_series_is_named_and_numbered_as_derived(pair):
    derived = pair[1][0]
    assert derived.SeriesNumber == 401
    assert derived.SeriesDescription == "t1 post DL-ENH D50 S20"
    assert list(derived.ImageType) == ["DERIVED", "SECONDARY", "M", "ND"]
    assert derived.BurnedInAnnotation == "NO"


def test_derivation_is_told_in_words_and_codes(pair):
    derived = pair[1][0]
    for word in ("DLEnhance", "full-1", "denoise 50 %", "dering 0 %", "sharpen 20 %", "Research use only"):
        assert word in derived.DerivationDescription
    codes = [(item.CodeValue, item.CodingSchemeDesignator) for item in derived.DerivationCodeSequence]
    assert codes == [
        ("113087", "DCM"),
        ("DLDENOISE", "99DLENHANCE"),
        ("113086", "DCM"),
        ("DLSHARPEN", "99DLENHANCE"),
    ]


def test_each_image_leads_back_to_its_own_source(pair):
    for source, derived in zip(*pair[:2], strict=True):
        (item,) = derived.SourceImageSequence
        assert item.ReferencedSOPInstanceUID == source.SOPInstanceUID
        assert item.ReferencedSOPClassUID == source.SOPClassUID
        assert item.SpatialLocationsPreserved == "YES"
        purpose = item.PurposeOfReferenceCodeSequence[0]
        assert (purpose.CodeValue, purpose.CodingSchemeDesignator) == ("121322", "DCM")


def test_we_are_named_as_processing_equipment(pair):
    (item,) = pair[1][0].ContributingEquipmentSequence
    assert item.PurposeOfReferenceCodeSequence[0].CodeValue == "109102"
    assert (item.ManufacturerModelName, item.Manufacturer) == ("DLEnhance", "DLEnhance developers")
    assert item.SoftwareVersions
    assert len(item.ContributionDateTime) >= 14
    assert "full-1" in item.ContributionDescription


def test_creation_is_now_and_examination_is_then(pair):
    source, derived = pair[0][0], pair[1][0]
    for what in ("InstanceCreation", "Content", "Series"):
        assert derived[f"{what}Date"].value > source.StudyDate
        assert derived[f"{what}Time"].value
    assert derived.StudyDate == "20240102"


def test_pixels_are_the_given_ones_and_their_range_is_recomputed(pair):
    voxels = np.array([dataset.pixel_array for dataset in pair[1]])
    assert np.array_equal(voxels, ramp() + 1)
    for dataset, plane in zip(pair[1], voxels, strict=True):
        assert (dataset.SmallestImagePixelValue, dataset.LargestImagePixelValue) == (plane.min(), plane.max())


def test_what_belongs_to_the_old_pixels_is_gone(pair):
    assert "IconImageSequence" not in pair[1][0]
    assert "PixelPaddingValue" not in pair[1][0]


def test_our_own_output_is_known_again(tmp_path):
    writeSeries(tmp_path / "s", ramp())
    derive(tmp_path / "s", tmp_path / "out")
    volume = readVolume(tmp_path / "out")
    assert isOurOwnOutput(volume.tags)
    assert dicomPriorDl(volume.tags)[0] == "yes"
    second, _ = derive(tmp_path / "out", tmp_path / "again")
    assert len(second[0].ContributingEquipmentSequence) == 2


# Options


def test_long_descriptions_lose_the_source_part_not_the_suffix(tmp_path):
    writeSeries(tmp_path / "s", ramp(), SeriesDescription="x" * 64)
    derived, _ = derive(tmp_path / "s", tmp_path / "out")
    assert derived[0].SeriesDescription == "x" * (64 - len(" DL-ENH D50 S20")) + " DL-ENH D50 S20"


def test_site_options(tmp_path):
    writeSeries(tmp_path / "s", ramp(), ManufacturerModelName="Skyra", DeviceSerialNumber="123")
    derived, _ = derive(
        tmp_path / "s",
        tmp_path / "out",
        imageTypeVariant="PRIMARY",
        seriesNumber=777,
        suffix="AI déjà",
        manufacturer="product",
    )
    first = derived[0]
    assert list(first.ImageType)[:2] == ["DERIVED", "PRIMARY"]
    assert first.SeriesNumber == 777
    assert first.SeriesDescription == "t1 post AI d?j?"
    assert (first.Manufacturer, first.ManufacturerModelName) == ("DLEnhance developers", "DLEnhance")
    scanner, we = first.ContributingEquipmentSequence
    assert scanner.PurposeOfReferenceCodeSequence[0].CodeValue == "109101"
    assert (scanner.Manufacturer, scanner.ManufacturerModelName) == ("SIEMENS", "Skyra")
    assert scanner.DeviceSerialNumber == "123"
    assert we.PurposeOfReferenceCodeSequence[0].CodeValue == "109102"


@pytest.mark.parametrize(("source", "expected"), [(None, 301), (0, 301), (1, 101), (2**30, 301)])
def test_series_numbers_lie_above_100_and_fit_the_standard(tmp_path, source, expected):
    writeSeries(tmp_path / "s", ramp((1, 6, 7)), SeriesNumber=source)
    assert derive(tmp_path / "s", tmp_path / "out")[1].seriesNumber == expected


def test_missing_image_type_value_becomes_other(tmp_path):
    writeSeries(tmp_path / "s", ramp(), ImageType=["ORIGINAL", "PRIMARY"])
    assert list(derive(tmp_path / "s", tmp_path / "out")[0][0].ImageType) == ["DERIVED", "SECONDARY", "OTHER"]


def test_impossible_options_are_refused():
    for wrong in ({"imageTypeVariant": "TERTIARY"}, {"manufacturer": "nobody"}, {"seriesNumber": 0}):
        with pytest.raises(BadOption):
            DerivedSeriesOptions(**wrong)


# Nothing is clipped


@pytest.mark.parametrize(
    ("source", "change", "expected"),
    [
        (ramp(dtype=np.uint16), lambda v: v.astype(np.int32) - 100, (16, 16, 1)),
        (ramp(dtype=np.uint8), lambda v: v.astype(np.int32) * 5, (16, 16, 0)),
        (ramp(dtype=np.int16), lambda v: v.astype(np.int32) * 2, (16, 16, 1)),
    ],
    ids=["negative", "8 to 16 bits", "signed stays"],
)
def test_values_that_do_not_fit_get_more_bits_and_the_same_rescale(tmp_path, source, change, expected):
    writeSeries(tmp_path / "s", source)
    derived, series = derive(tmp_path / "s", tmp_path / "out", change=change)
    assert (derived[0].BitsAllocated, derived[0].BitsStored, derived[0].PixelRepresentation) == expected
    assert np.array_equal(readVolume(tmp_path / "out").voxels, change(source))
    assert bool(series.notes) == (source.dtype != np.int16)
    assert "RescaleSlope" not in derived[0]


def test_twelve_bits_grow_only_when_needed(tmp_path):
    writeSeries(tmp_path / "s", ramp() + 3883, BitsStored=12, HighBit=11)
    kept, _ = derive(tmp_path / "s", tmp_path / "kept", change=lambda v: v - np.uint16(1))
    assert (kept[0].BitsStored, kept[0].HighBit) == (12, 11)
    grown, series = derive(tmp_path / "s", tmp_path / "grown", change=lambda v: v + np.uint16(1))
    assert (grown[0].BitsStored, grown[0].HighBit) == (16, 15)
    assert readVolume(tmp_path / "grown").voxels.max() == 4096
    assert "16 bits" in series.notes[0]


def test_values_beyond_16_bits_get_a_new_rescale_and_no_more_than_half_a_step_of_error(tmp_path):
    writeSeries(tmp_path / "s", ramp(), WindowCenter=5, WindowWidth=9)

    def change(voxels):
        return voxels.astype(np.float32) * 777.7 - 1234.5

    derived, series = derive(tmp_path / "s", tmp_path / "out", change=change)
    back = readVolume(tmp_path / "out").voxels
    step = float(derived[0].RescaleSlope)
    assert np.abs(back - change(ramp())).max() <= step / 2 * 1.001
    assert step < 1.001 * np.ptp(change(ramp())) / 65535
    assert "slope" in series.notes[0]
    assert len({dataset.RescaleSlope for dataset in derived}) == 1


def test_rescale_of_each_slice_is_undone_exactly(tmp_path):
    writeSeries(tmp_path / "s", ramp(), RescaleSlope=lambda k: 0.37 * (k + 1), RescaleIntercept=-2, RescaleType="US")
    derived, _ = derive(tmp_path / "s", tmp_path / "out")
    assert np.array_equal([dataset.pixel_array for dataset in derived], ramp())
    assert np.allclose([float(dataset.RescaleSlope) for dataset in derived], [0.37, 0.74, 1.11, 1.48, 1.85])


def test_not_a_number_cannot_be_stored(tmp_path):
    writeSeries(tmp_path / "s", ramp())
    with pytest.raises(CannotWrite, match="not numbers"):
        derive(tmp_path / "s", tmp_path / "out", change=lambda v: np.where(v == 7, np.nan, v))
    assert not (tmp_path / "out").exists()


# Private elements, overlays, character sets, transfer syntaxes


def test_private_elements_stay_but_for_those_that_say_original(tmp_path):
    (path,) = writeSeries(tmp_path / "s", ramp((1, 6, 7)))
    dataset, nested = pydicom.dcmread(path), Dataset()
    for target in (dataset, nested):
        target.add_new((0x0021, 0x0011), "LO", "SIEMENS MR SDI 02")
        target.add_new((0x0021, 0x1175), "CS", ["ORIGINAL", "PRIMARY", "M"])
        target.add_new((0x0021, 0x1176), "LO", ["ACCAlgo:9"])
    dataset.add_new((0x0021, 0x11FE), "SQ", [nested])
    dataset.add_new((0x7FE1, 0x0010), "LO", "SIEMENS CSA NON-IMAGE")
    dataset.add_new((0x7FE1, 0x1010), "OB", b"rawdata!")
    dataset.save_as(path)
    (derived,), _ = derive(tmp_path / "s", tmp_path / "out")
    assert (0x0021, 0x1175) not in derived
    assert (0x0021, 0x1175) not in derived[0x0021, 0x11FE][0]
    assert derived[0x0021, 0x1176].value == derived[0x0021, 0x11FE][0][0x0021, 0x1176].value == "ACCAlgo:9"
    assert (0x7FE1, 0x1010) not in derived


def test_philips_scale_goes_only_with_a_new_rescale(tmp_path):
    (path,) = writeSeries(tmp_path / "s", ramp((1, 6, 7)))
    dataset = pydicom.dcmread(path)
    dataset.add_new((0x2005, 0x0010), "LO", "Philips MR Imaging DD 001")
    dataset.add_new((0x2005, 0x100E), "FL", 0.5)
    dataset.save_as(path)
    assert (0x2005, 0x100E) in derive(tmp_path / "s", tmp_path / "same")[0][0]
    changed = derive(tmp_path / "s", tmp_path / "new", change=lambda v: v * 5000.5)[0][0]
    assert (0x2005, 0x100E) not in changed


def test_overlays_in_pixel_bits_go_and_overlays_with_data_stay(tmp_path):
    (path,) = writeSeries(tmp_path / "s", ramp((1, 6, 7)), BitsStored=12, HighBit=11)
    dataset = pydicom.dcmread(path)
    dataset.add_new((0x6000, 0x0102), "US", 12)
    dataset.add_new((0x6002, 0x0102), "US", 0)
    dataset.add_new((0x6002, 0x3000), "OW", b"\1\0")
    dataset.save_as(path)
    (derived,), _ = derive(tmp_path / "s", tmp_path / "out")
    assert (0x6000, 0x0102) not in derived
    assert derived[0x6002, 0x3000].value == b"\1\0"


@pytest.mark.parametrize("charset", ["ISO_IR 192", "ISO_IR 100", None])
def test_names_keep_their_letters(tmp_path, charset):
    name = "Müller^Anna" if charset else "Mueller^Anna"
    writeSeries(tmp_path / "s", ramp(), SpecificCharacterSet=charset, PatientName=name)
    assert derive(tmp_path / "s", tmp_path / "out")[0][0].PatientName == name


def test_illegal_character_set_is_carried_through_byte_by_byte(tmp_path, capfd):
    for path in writeSeries(tmp_path / "s", ramp()):
        path.write_bytes(path.read_bytes().replace(b"ISO_IR 192", b"KLINGON_9 "))
    _, series = derive(tmp_path / "s", tmp_path / "out")
    assert "Müller^Anna".encode() in series.files[0].read_bytes()
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000, JPEGLSNearLossless], ids=lambda uid: uid.keyword)
def test_compressed_sources_become_uncompressed_and_lossy_stays_said(tmp_path, syntax):
    voxels = ramp((2, 64, 64))
    options = {JPEG2000: {"j2k_cr": [2]}, JPEGLSNearLossless: {"jls_error": 1}}.get(syntax, {})
    for path in writeSeries(tmp_path / "s", voxels):
        dataset = pydicom.dcmread(path)
        dataset.compress(syntax, **options)
        dataset.save_as(path)
    derived, _ = derive(tmp_path / "s", tmp_path / "out")
    assert not derived[0].file_meta.TransferSyntaxUID.is_compressed
    assert np.array_equal(readVolume(tmp_path / "out").voxels, readVolume(tmp_path / "s").voxels)
    assert derived[0].get("LossyImageCompression", "00") == ("00" if syntax == RLELossless else "01")


def test_big_and_implicit_endian_sources(tmp_path):
    names = ("MR_small_bigendian.dcm", "MR_small.dcm")
    big, little = (derive(get_testdata_file(name), tmp_path / name)[0][0] for name in names)
    assert np.array_equal(big.pixel_array, little.pixel_array)
    assert big.ImagePositionPatient == little.ImagePositionPatient
    assert (big.RepetitionTime, big.Rows) == (little.RepetitionTime, little.Rows)


# Enhanced MR


def test_enhanced_becomes_an_enhanced_derived_object(tmp_path):
    source = writeEnhanced(tmp_path / "s" / "e.dcm", ramp(), order=[3, 0, 4, 2, 1])
    (derived,), _ = derive(source, tmp_path / "out", change=lambda v: v + np.uint16(1))
    original = pydicom.dcmread(source)
    assert derived.SOPClassUID == original.SOPClassUID
    assert list(derived.ImageType) == ["DERIVED", "PRIMARY", "M", "ND"]
    shared = derived.SharedFunctionalGroupsSequence[0]
    assert list(shared.MRImageFrameTypeSequence[0].FrameType) == ["DERIVED", "PRIMARY", "M", "NONE"]
    assert derived.ContentQualification == "RESEARCH"
    assert np.array_equal(derived.pixel_array, original.pixel_array + 1)
    for number, item in enumerate(derived.PerFrameFunctionalGroupsSequence, 1):
        assert item.PlanePositionSequence == original.PerFrameFunctionalGroupsSequence[number - 1].PlanePositionSequence
        (source,) = item.DerivationImageSequence[0].SourceImageSequence
        assert (source.ReferencedSOPInstanceUID, source.ReferencedFrameNumber) == (original.SOPInstanceUID, number)
    evidence = derived.SourceImageEvidenceSequence[0].ReferencedSeriesSequence[0]
    assert evidence.SeriesInstanceUID == original.SeriesInstanceUID


def test_one_echo_of_an_enhanced_object_is_written_alone(tmp_path):
    def secondEcho(number, item):
        item.MREchoSequence[0].EffectiveEchoTime = 10 if number % 2 else 80

    source = writeEnhanced(tmp_path / "e.dcm", ramp(), order=[0, 0, 1, 1, 2, 2, 3, 3, 4, 4], perFrame=secondEcho)
    volume = readVolume(source, series="4#1")
    series = writeDerivedSeries(volume, source, tmp_path / "out", strengths=Strengths(), modelId="m")
    derived = pydicom.dcmread(series.files[0])
    assert derived.NumberOfFrames == 5
    echo = volume.tags["EchoTime"]
    assert {item.MREchoSequence[0].EffectiveEchoTime for item in derived.PerFrameFunctionalGroupsSequence} == {echo}
    assert np.array_equal(readVolume(tmp_path / "out").voxels, ramp())


def test_enhanced_becomes_classic_only_when_asked(tmp_path):
    source = writeEnhanced(tmp_path / "s" / "e.dcm", ramp(), order=[3, 0, 4, 2, 1])
    derived, _ = derive(source, tmp_path / "out", objects="classic")
    assert [dataset.SOPClassUID.name for dataset in derived] == ["MR Image Storage"] * 5
    assert [dataset.SourceImageSequence[0].ReferencedFrameNumber for dataset in derived] == [1, 2, 3, 4, 5]
    assert (derived[0].EchoTime, derived[0].RepetitionTime) == (2.41, 1800)
    assert np.allclose(derived[0].ImagePositionPatient, position(3))
    assert np.array_equal(readVolume(tmp_path / "out").voxels, ramp())
    assert np.allclose(readVolume(tmp_path / "out").ijkToRAS, np.diag([-1, -1, 1, 1]) @ affineLps())


def test_new_rescale_of_an_enhanced_object(tmp_path):
    source = writeEnhanced(tmp_path / "s" / "e.dcm", ramp())
    derive(source, tmp_path / "out", change=lambda v: v * 1234.5)
    assert np.allclose(readVolume(tmp_path / "out").voxels, ramp() * 1234.5, atol=2)


# Matching volume and source


def test_a_volume_without_tags_is_matched_by_its_grid_in_either_direction(tmp_path):
    writeSeries(tmp_path / "s", ramp())
    volume = readVolume(tmp_path / "s")
    flip = np.diag([1.0, 1, -1, 1])
    flip[2, 3] = 4
    for name, plain in (
        ("same", Volume(volume.voxels, volume.ijkToRAS)),
        ("reversed", Volume(volume.voxels[::-1], volume.ijkToRAS @ flip)),
    ):
        writeDerivedSeries(plain, tmp_path / "s", tmp_path / name, strengths=Strengths(), modelId="m")
        assert np.array_equal(readVolume(tmp_path / name).voxels, ramp()), name


def test_another_grid_is_refused(tmp_path):
    writeSeries(tmp_path / "s", ramp())
    volume = readVolume(tmp_path / "s")
    moved = volume.ijkToRAS.copy()
    moved[0, 3] += 0.5
    for wrong in (Volume(volume.voxels, moved), Volume(volume.voxels[1:], volume.ijkToRAS)):
        with pytest.raises(CannotWrite, match="grid"):
            writeDerivedSeries(wrong, tmp_path / "s", tmp_path / "out", strengths=Strengths(), modelId="m")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s"]


def test_a_source_that_lost_a_slice_is_refused(tmp_path):
    paths = writeSeries(tmp_path / "s", ramp())
    volume = readVolume(tmp_path / "s")
    paths[0].unlink()
    with pytest.raises(UnsupportedVolume, match="changed"):
        writeDerivedSeries(volume, tmp_path / "s", tmp_path / "out", strengths=Strengths(), modelId="m")


def test_a_list_of_files_is_a_source(tmp_path):
    paths = writeSeries(tmp_path / "s", ramp())
    volume = readVolume(tmp_path / "s")
    series = writeDerivedSeries(volume, paths, tmp_path / "out", strengths=Strengths(), modelId="m")
    assert len(series.files) == 5


# Whole or not at all


def test_existing_folders_and_the_source_are_never_written_into(tmp_path):
    writeSeries(tmp_path / "s", ramp())
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "old.txt").touch()
    (tmp_path / "file").touch()
    for target in ("full", "file", "s", "missing/out"):
        with pytest.raises(CannotWrite):
            derive(tmp_path / "s", tmp_path / target)
    (tmp_path / "empty").mkdir()
    derive(tmp_path / "s", tmp_path / "empty")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "file", "full", "s"]


SCRIPT = """
import resource, sys
from DLEnhanceLib.dicomWriting import writeDerivedSeries
from DLEnhanceLib.errors import CannotWrite
from DLEnhanceLib.reading import readVolume
from DLEnhanceLib.strengths import Strengths
volume = readVolume(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
try:
    writeDerivedSeries(volume, sys.argv[1], sys.argv[2], strengths=Strengths(), modelId="m")
except CannotWrite as error:
    sys.exit(f"refused: {error}")
"""


def test_a_full_disk_leaves_no_partial_series(tmp_path):
    writeSeries(tmp_path / "s", ramp((3, 40, 40)))
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "s"), str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr.startswith("refused: "), done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


# Other programs


@pytest.mark.parametrize("name", ["dicom_t1c_vs_seg_001", "dicom_enhanced_multiframe_t1"])
def test_real_series_open_in_simpleitk_over_their_source(realData, tmp_path, name):
    source = realData / name
    derive(source, tmp_path / "out")
    expected, found = readVolume(source), readVolume(tmp_path / "out")
    assert np.array_equal(found.voxels, expected.voxels)
    assert found.isOnGridOf(expected, 1e-6)
    image = sitkVolume(tmp_path / "out")
    for i, j, k in ((0, 0, 0), (image.GetWidth() - 1, 5, image.GetDepth() - 1)):
        point = np.array([*image.TransformIndexToPhysicalPoint((i, j, k)), 1]) * [-1, -1, 1, 1]
        index = np.linalg.inv(expected.ijkToRAS) @ point
        assert np.abs(index - np.rint(index)).max() < 1e-3
        assert image.GetPixel(i, j, k) == expected.voxels[tuple(np.rint(index[:3]).astype(int)[::-1])]


def sitkVolume(folder):
    reader = sitk.ImageSeriesReader()
    files = reader.GetGDCMSeriesFileNames(str(folder))
    if len(files) == 1:
        return sitk.ReadImage(files[0])
    reader.SetFileNames(files)
    return reader.Execute()
