"""Reading of DICOM series: exact geometry from the headers, splitting, choosing, and refusals with their reason."""

import shutil
import zipfile

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from dicomPhantom import ENHANCED_MR, affineLps, image, position, ramp, writeEnhanced, writeSeries
from pydicom.fileset import FileSet
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless, generate_uid

from DLEnhanceLib.errors import UnsupportedVolume
from DLEnhanceLib.reading import listSeries, readVolume

RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def refusal(path, **options):
    with pytest.raises(UnsupportedVolume) as caught:
        readVolume(path, **options)
    text = str(caught.value)
    assert "\n" not in text
    assert text.endswith(".")
    return text


def test_classic_series_has_its_exact_affine_and_order(tmp_path):
    writeSeries(tmp_path / "s", ramp())
    volume = readVolume(tmp_path / "s")
    assert volume.voxels.dtype == np.uint16
    assert np.array_equal(volume.voxels, ramp())
    assert np.abs(volume.ijkToRAS - RAS @ affineLps()).max() < 1e-8
    assert volume.name == "t1 post"


def test_enhanced_frames_are_ordered_by_place(tmp_path):
    path = writeEnhanced(tmp_path / "e.dcm", ramp(), order=[3, 0, 4, 2, 1])
    volume = readVolume(path)
    assert np.array_equal(volume.voxels, ramp())
    assert np.abs(volume.ijkToRAS - RAS @ affineLps()).max() < 1e-8
    assert volume.tags["SourceFrameNumbers"] == (2, 5, 4, 1, 3)
    assert len(set(volume.tags["SourceInstanceUIDs"])) == 1


def test_real_series_lie_where_simpleitk_puts_them(realData):
    folder = realData / "dicom_t1c_vs_seg_001"
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    expected = reader.Execute()
    volume = readVolume(folder)
    assert np.array_equal(volume.voxels, sitk.GetArrayFromImage(expected))
    for index in ([0, 0, 0], [511, 3, 47], [17, 500, 20]):
        point = np.array(expected.TransformContinuousIndexToPhysicalPoint([float(i) for i in index])) * [-1, -1, 1]
        assert np.allclose((volume.ijkToRAS @ [*index, 1])[:3], point, atol=1e-4)


def test_real_enhanced_series_is_exact_per_frame(realData):
    path = next((realData / "dicom_enhanced_multiframe_t1").glob("*.dcm"))
    dataset, volume = pydicom.dcmread(path), readVolume(path)
    for k, number in enumerate(volume.tags["SourceFrameNumbers"]):
        frame = dataset.PerFrameFunctionalGroupsSequence[number - 1]
        place = np.array(frame.PlanePositionSequence[0].ImagePositionPatient, float) * [-1, -1, 1]
        assert np.allclose((volume.ijkToRAS @ [0, 0, k, 1])[:3], place, atol=1e-4)
        assert np.array_equal(volume.voxels[k], dataset.pixel_array[number - 1])


def test_a_file_path_means_that_image_alone(tmp_path):
    paths = writeSeries(tmp_path, ramp())
    volume = readVolume(paths[3])
    assert np.array_equal(volume.voxels, ramp()[3:4])
    assert np.allclose(volume.ijkToRAS[:3, 3], position(3) * [-1, -1, 1])
    assert np.isclose(volume.spacing[2], 2.5)


def test_source_instances_are_listed_in_slice_order(tmp_path):
    paths = writeSeries(tmp_path, ramp())
    uids = [str(pydicom.dcmread(path).SOPInstanceUID) for path in paths]
    assert list(readVolume(tmp_path).tags["SourceInstanceUIDs"]) == uids


def test_tags_are_plain_and_tell_nothing_of_the_patient(tmp_path):
    writeSeries(tmp_path, ramp(), InstitutionName="St. Elsewhere", OperatorsName="Doe")
    tags = readVolume(tmp_path).tags
    assert tags["EchoTime"] == 2.5
    assert tags["ImageType"] == ("ORIGINAL", "PRIMARY", "M", "ND")
    text = str(dict(tags))
    for secret in ("Müller", "P1'", "19700101", "A7", "St. Elsewhere", "Doe"):
        assert secret not in text


def test_enhanced_tags_have_the_classic_names(realData):
    tags = readVolume(realData / "dicom_enhanced_multiframe_t1").tags
    assert tags["EchoTime"] == 2.41
    assert tags["ScanningSequence"] == ("GR", "IR")
    assert tags["AcquisitionMatrix"] == (0, 128, 128, 0)
    assert tags["Private_0021_1175"] == ("ORIGINAL", "PRIMARY", "M", "NORM", "DIS2D")


def test_private_tags_are_found_in_any_block_and_in_implicit_files(tmp_path):
    (path,) = writeSeries(tmp_path, ramp((1, 6, 7)))
    dataset = pydicom.dcmread(path)
    dataset.add_new((0x0043, 0x0012), "LO", "GEMS_PARM_01")
    dataset.add_new((0x0043, 0x12CA), "UN", b"0.75\\High ")
    dataset.save_as(path)
    assert readVolume(path).tags["Private_0043_10CA"] == ("0.75", "High")


# Values


def test_stored_bits_and_signs_are_kept(tmp_path):
    signed = ramp(dtype=np.int16) - 100
    writeSeries(tmp_path / "signed", signed)
    assert np.array_equal(readVolume(tmp_path / "signed").voxels, signed)
    overlaid = ramp() | 0xF000
    writeSeries(tmp_path / "twelve", overlaid, BitsStored=12, HighBit=11)
    assert np.array_equal(readVolume(tmp_path / "twelve").voxels, ramp())
    writeSeries(tmp_path / "eight", ramp(dtype=np.uint8))
    assert readVolume(tmp_path / "eight").voxels.dtype == np.uint8


def test_rescale_of_each_slice_is_applied(tmp_path):
    writeSeries(tmp_path, ramp(), RescaleSlope=lambda k: 0.5 * (k + 1), RescaleIntercept=-2, RescaleType="US")
    volume = readVolume(tmp_path)
    factors = 0.5 * np.arange(1, 6).reshape(-1, 1, 1)
    assert volume.voxels.dtype == np.float32
    assert np.allclose(volume.voxels, ramp() * factors - 2)


def test_whole_number_rescale_stays_whole(tmp_path):
    writeSeries(tmp_path, ramp(), RescaleSlope=1, RescaleIntercept=-1024, RescaleType="US")
    volume = readVolume(tmp_path)
    assert volume.voxels.dtype == np.int16
    assert np.array_equal(volume.voxels, ramp().astype(int) - 1024)


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless], ids=lambda uid: uid.keyword)
def test_compressed_series_are_read(tmp_path, syntax):
    voxels = ramp((3, 64, 64))
    for path in writeSeries(tmp_path, voxels):
        dataset = pydicom.dcmread(path)
        dataset.compress(syntax)
        dataset.save_as(path)
    assert np.array_equal(readVolume(tmp_path).voxels, voxels)


# Containers


def test_zip_dicomdir_and_folders_below_give_the_same(tmp_path):
    writeSeries(tmp_path / "cd" / "IMAGES", ramp(), names="IM{:03}")
    (tmp_path / "cd" / "readme.txt").write_text("Viewer: double-click")
    archive = shutil.make_archive(str(tmp_path / "study"), "zip", tmp_path / "cd")
    fileSet = FileSet()
    for path in (tmp_path / "cd" / "IMAGES").iterdir():
        fileSet.add(path)
    fileSet.write(tmp_path / "medium")
    for source in (tmp_path / "cd", archive, tmp_path / "medium", tmp_path / "medium" / "DICOMDIR"):
        assert np.array_equal(readVolume(source).voxels, ramp()), source


def test_a_dicomdir_with_missing_images_is_refused(tmp_path):
    fileSet = FileSet()
    for path in writeSeries(tmp_path / "s", ramp()):
        fileSet.add(path)
    fileSet.write(tmp_path / "medium")
    next(p for p in (tmp_path / "medium").rglob("*") if p.is_file() and p.name != "DICOMDIR").unlink()
    assert "1 of 5 images that are not there" in refusal(tmp_path / "medium" / "DICOMDIR")


def test_damaged_zip_is_refused(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"PK\3\4 this is not really one")
    refusal(tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("hello.txt", "nothing to see")
    assert "no DICOM images" in refusal(tmp_path / "b.zip")


def test_files_without_preamble_are_read(tmp_path):
    for path in writeSeries(tmp_path, ramp()):
        path.write_bytes(path.read_bytes()[132:])
    assert np.array_equal(readVolume(tmp_path).voxels, ramp())


# Choosing


def test_several_series_are_listed_and_chosen_by_number_or_uid(tmp_path):
    writeSeries(tmp_path / "a", ramp())
    writeSeries(tmp_path / "b", ramp() + 500, SeriesInstanceUID="1.2.3.1.9", SeriesNumber=9, SeriesDescription="t2")
    text = refusal(tmp_path)
    assert "4 = 4 't1 post' (5 slices)" in text
    assert "9 = 9 't2' (5 slices)" in text
    for choice in (9, "9", "1.2.3.1.9"):
        assert readVolume(tmp_path, series=choice).voxels.min() == 503
    assert "There is no series 7" in refusal(tmp_path, series=7)
    summaries = listSeries(tmp_path)
    assert [(s.number, s.count, s.size, s.modality, s.selector) for s in summaries] == [
        (4, 5, (7, 6, 5), "MR", "4"),
        (9, 5, (7, 6, 5), "MR", "9"),
    ]


def test_equal_series_numbers_are_told_apart_by_uid(tmp_path):
    writeSeries(tmp_path / "a", ramp())
    writeSeries(tmp_path / "b", ramp() + 500, SeriesInstanceUID="1.2.3.1.9")
    assert "choose one by its number or UID" in refusal(tmp_path, series=4)
    assert readVolume(tmp_path, series=listSeries(tmp_path)[1].selector).voxels.min() == 503


def test_two_echoes_are_split_and_chosen(tmp_path):
    writeSeries(tmp_path, ramp(), EchoTime=10, EchoNumbers=1)
    writeSeries(tmp_path, ramp() + 500, names="second{}.dcm", EchoTime=80, EchoNumbers=2)
    assert "EchoTime 80" in refusal(tmp_path)
    assert readVolume(tmp_path, series="4#2").voxels.min() == 503
    assert readVolume(tmp_path, series="4#2").tags["SeriesSelector"] == "4#2"


def test_repetitions_at_one_place_are_split_in_time(tmp_path):
    for time in (1, 2, 3):
        writeSeries(tmp_path, ramp() + 500 * time, names=f"t{time}_{{}}.dcm", TemporalPositionIdentifier=time)
    assert [summary.count for summary in listSeries(tmp_path)] == [5, 5, 5]
    assert readVolume(tmp_path, series="4#3").voxels.min() == 1503


def test_orientations_of_a_localizer_are_split(tmp_path):
    writeSeries(tmp_path, ramp((3, 6, 6)))
    sagittal = {"orientation": ((0, 1, 0), (0, 0, -1))}
    numbers = {"InstanceNumber": lambda k: k + 4}
    writeSeries(tmp_path, ramp((3, 6, 6)) + 500, names="sag{}.dcm", geometry=sagittal, **numbers)
    assert "sagittal" in refusal(tmp_path)
    assert readVolume(tmp_path, series="4#2").voxels.min() == 503


def test_phase_images_are_not_enhanced(tmp_path):
    writeSeries(tmp_path, ramp(), names="m{}.dcm")
    writeSeries(tmp_path, ramp() + 500, names="p{}.dcm", ImageType=["ORIGINAL", "PRIMARY", "P", "ND"])
    assert readVolume(tmp_path, series="4#1").voxels.min() == 3
    assert "phase image" in refusal(tmp_path, series="4#2")


def test_enhanced_echoes_are_split(tmp_path):
    def secondEcho(number, item):
        item.MREchoSequence[0].EffectiveEchoTime = 10 if number < 5 else 80

    path = writeEnhanced(tmp_path / "e.dcm", ramp(), order=[*range(5), *range(5)], perFrame=secondEcho)
    assert len(listSeries(path)) == 2
    assert readVolume(path, series="4#2").tags["SourceFrameNumbers"] == (6, 7, 8, 9, 10)


# Refusals


def test_gaps_duplicates_and_shear_are_refused(tmp_path):
    writeSeries(tmp_path / "gap", ramp(), indices=[0, 1, 3, 4])
    assert "5.000 mm instead of 2.500 mm between slices 2 and 3" in refusal(tmp_path / "gap")
    writeSeries(tmp_path / "double", ramp())
    writeSeries(tmp_path / "double", ramp() + 1, indices=[2], names="again{}.dcm", InstanceNumber=3)
    assert "nothing tells them apart" in refusal(tmp_path / "double")
    sheared = {"ImagePositionPatient": lambda k: [float(v) for v in position(k) + k * affineLps()[:3, 1]]}
    writeSeries(tmp_path / "shear", ramp(), **sheared)
    assert "sideways" in refusal(tmp_path / "shear")


def test_the_same_file_twice_counts_once(tmp_path):
    writeSeries(tmp_path / "a", ramp())
    shutil.copytree(tmp_path / "a", tmp_path / "copy")
    assert np.array_equal(readVolume(tmp_path).voxels, ramp())


def test_one_uid_on_two_different_images_is_refused(tmp_path):
    writeSeries(tmp_path, ramp(), SOPInstanceUID="1.2.3.4")
    assert "same SOP Instance UID" in refusal(tmp_path)


CHANGES = {
    "PixelSpacing": None,
    "ImagePositionPatient": None,
    "ImageOrientationPatient": None,
    "SeriesInstanceUID": None,
    "SOPClassUID": "1.2.840.10008.5.1.4.1.1.2",
    "Modality": "CT",
    "SamplesPerPixel": 3,
    "Rows": 0,
    "PixelData": None,
    "ImageType": ["ORIGINAL", "PRIMARY", "M", "MOSAIC"],
}


@pytest.mark.parametrize("keyword", CHANGES)
def test_unusable_images_are_refused(tmp_path, keyword, capfd):
    writeSeries(tmp_path, ramp((1, 6, 7)), **{keyword: CHANGES[keyword]})
    text = refusal(tmp_path)
    named = {"PixelData": "pixel data", "SOPClassUID": "CT Image Storage", "SamplesPerPixel": "color"}
    assert named.get(keyword, {"ImageType": "mosaic", "Rows": "matrix", "Modality": "CT"}.get(keyword, keyword)) in text
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


def test_impossible_directions_and_spacing_are_refused(tmp_path):
    writeSeries(tmp_path / "d", ramp((1, 6, 7)), ImageOrientationPatient=[1, 0, 0, 1, 0, 0])
    assert "perpendicular" in refusal(tmp_path / "d")
    writeSeries(tmp_path / "s", ramp((1, 6, 7)), PixelSpacing=[0, 0])
    assert "pixel spacing" in refusal(tmp_path / "s")


def test_enhanced_without_frames_is_refused(tmp_path):
    writeEnhanced(tmp_path / "e.dcm", ramp(), NumberOfFrames=0)
    assert "0 frames" in refusal(tmp_path / "e.dcm")


@pytest.mark.parametrize("kept", [40, 200, 700, -20])
def test_truncated_files_are_refused_wherever_they_end(tmp_path, kept, capfd):
    paths = writeSeries(tmp_path, ramp((5, 30, 40)))
    paths[2].write_bytes(paths[2].read_bytes()[:kept])
    assert paths[2].name in refusal(paths[2])
    refusal(tmp_path)
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


def test_private_transfer_syntax_is_refused_by_name(tmp_path):
    for path in writeSeries(tmp_path, ramp((1, 6, 7))):
        dataset = pydicom.dcmread(path)
        dataset.compress(RLELossless)
        dataset.file_meta.TransferSyntaxUID = "1.2.999.4711"
        dataset.save_as(path, implicit_vr=False, little_endian=True, enforce_file_format=False)
    assert "1.2.999.4711" in refusal(tmp_path)


def test_illegal_character_set_does_not_stop_reading(tmp_path, capfd):
    for path in writeSeries(tmp_path, ramp()):
        content = path.read_bytes()
        path.write_bytes(content.replace(b"ISO_IR 192", b"KLINGON_9 "))
    assert np.array_equal(readVolume(tmp_path).voxels, ramp())
    assert capfd.readouterr().err == ""


def test_a_series_that_changes_while_read_is_refused(tmp_path):
    from DLEnhanceLib.dicomReading import findStacks, storedPixels

    paths = writeSeries(tmp_path, ramp())
    stack = findStacks(paths).stacks[0]
    replaced = image(ramp()[0], position(0), SOPInstanceUID=generate_uid())
    replaced.save_as(paths[0], enforce_file_format=True)
    with pytest.raises(UnsupportedVolume, match="changed while it was read"):
        storedPixels(stack)
    paths[0].unlink()
    with pytest.raises(UnsupportedVolume, match="cannot be read any more"):
        storedPixels(stack)


def test_reading_leaves_sources_untouched(tmp_path):
    paths = writeSeries(tmp_path, ramp())
    before = [(path.read_bytes(), path.stat().st_mtime_ns) for path in paths]
    readVolume(tmp_path)
    assert [(path.read_bytes(), path.stat().st_mtime_ns) for path in paths] == before


def test_other_objects_beside_the_series_do_not_disturb(tmp_path):
    writeSeries(tmp_path, ramp())
    writeSeries(
        tmp_path, ramp((1, 6, 7)), names="report.dcm", SOPClassUID="1.2.840.10008.5.1.4.1.1.88.22", Modality="SR"
    )
    assert np.array_equal(readVolume(tmp_path).voxels, ramp())
    assert ENHANCED_MR not in {summary.uid for summary in listSeries(tmp_path)}
