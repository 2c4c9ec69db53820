"""Reading of NIfTI, NRRD, MetaImage and label volumes: exact geometry, stored types, clear refusals."""

import gzip

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk

from DLEnhanceLib.errors import UnsupportedVolume
from DLEnhanceLib.reading import listSeries, readLabelVolume, readVolume

SHEARED = np.array([[-0.9, 0.2, 0.1, 12.5], [0.1, 1.1, -0.4, -7.25], [0.05, 0.3, 2.2, 3.125], [0, 0, 0, 1.0]])
TYPES = ("uint8", "int8", "int16", "uint16", "int32", "uint32", "int64", "float32", "float64")


def ramp(dtype="int16", shape=(3, 4, 5)):
    return np.arange(np.prod(shape)).reshape(shape).astype(dtype)


def saveNifti(path, voxels, affine=SHEARED, *, kind=nibabel.Nifti1Image, **scaling):
    image = kind(voxels.transpose(range(voxels.ndim)[::-1]), affine, dtype=voxels.dtype)
    image.header.set_slope_inter(*scaling.get("slopeInter", (None, None)))
    nibabel.save(image, path)
    return path


def saveItk(path, voxels, affineRas=SHEARED):
    image = sitk.GetImageFromArray(voxels)
    lps = np.diag([-1, -1, 1, 1]) @ affineRas
    spacing = np.linalg.norm(lps[:3, :3], axis=0)
    image.SetSpacing(spacing)
    image.SetDirection((lps[:3, :3] / spacing).ravel())
    image.SetOrigin(lps[:3, 3])
    sitk.WriteImage(image, str(path))
    return path


@pytest.mark.parametrize("dtype", TYPES)
def test_nifti_keeps_stored_type_order_and_affine(tmp_path, dtype):
    volume = readVolume(saveNifti(tmp_path / "a.nii.gz", ramp(dtype)))
    assert volume.voxels.dtype == dtype
    assert np.array_equal(volume.voxels, ramp(dtype))
    assert np.abs(volume.ijkToRAS - SHEARED.astype(np.float32)).max() == 0
    assert volume.name == "a"


def test_all_real_nifti_affines_agree_with_nibabel(realData):
    paths = [
        path for path in sorted(realData.rglob("*.nii*")) if "synthseg" not in str(path) and "epi" not in path.name
    ]
    assert len(paths) > 15
    for path in paths:
        volume, image = readVolume(path), nibabel.load(path)
        assert np.abs(volume.ijkToRAS - image.affine).max() < 1e-6, path.name
        assert np.allclose(volume.voxels.T, np.asanyarray(image.dataobj), rtol=1e-6, atol=0), path.name


def test_six_storage_orders_of_one_head_put_the_same_intensity_at_the_same_place(realData):
    values = []
    for order in ("RAS", "LPS", "LAS", "PIR", "ASL", "SAR"):
        volume = readVolume(realData / "nifti_orientations" / f"{order}.nii.gz")
        index = np.rint(np.linalg.inv(volume.ijkToRAS) @ [5.0, -20.0, 18.0, 1])[:3].astype(int)
        values.append(volume.voxels[tuple(index[::-1])])
    assert np.ptp(values) == 0
    assert values[0] > 0


def test_qform_with_negative_determinant_agrees_with_nibabel(tmp_path):
    rotation = nibabel.eulerangles.euler2mat(0.3, -0.2, 0.7)
    affine = nibabel.affines.from_matvec(rotation * [1.5, 0.8, -2.0], [10, -20, 30])
    image = nibabel.Nifti1Image(ramp(), None)
    image.set_sform(None, 0)
    image.set_qform(affine, 1)
    nibabel.save(image, tmp_path / "q.nii")
    found = readVolume(tmp_path / "q.nii").ijkToRAS
    assert np.linalg.det(found) < 0
    assert np.abs(found - nibabel.load(tmp_path / "q.nii").affine).max() < 1e-6


def test_half_turn_and_missing_orientation_agree_with_nibabel(tmp_path):
    for name, setter in (("half", lambda i: i.set_qform(np.diag([-1, 1, -1, 1.0]), 1)), ("none", lambda i: None)):
        image = nibabel.Nifti1Image(ramp(), None)
        setter(image)
        nibabel.save(image, tmp_path / f"{name}.nii")
        expected = nibabel.load(tmp_path / f"{name}.nii").affine
        assert np.abs(readVolume(tmp_path / f"{name}.nii").ijkToRAS - expected).max() < 1e-6, name


def test_scaled_nifti_gives_the_scaled_values_in_float32(tmp_path):
    path = saveNifti(tmp_path / "s.nii.gz", ramp(), slopeInter=(0.25, -3))
    volume = readVolume(path)
    assert volume.voxels.dtype == np.float32
    assert np.allclose(volume.voxels.T, nibabel.load(path).get_fdata())


def test_whole_number_scaling_stays_whole_numbers(tmp_path):
    volume = readVolume(saveNifti(tmp_path / "s.nii.gz", ramp(), slopeInter=(2, -3)))
    assert volume.voxels.dtype == np.int16
    assert np.array_equal(volume.voxels, ramp() * 2 - 3)


def test_nifti2_and_big_endian_are_read(tmp_path):
    saveNifti(tmp_path / "two.nii", ramp(), kind=nibabel.Nifti2Image)
    header = nibabel.Nifti1Header(endianness=">")
    header.set_data_dtype(np.int16)
    big = nibabel.Nifti1Image(ramp().T, SHEARED, header)
    nibabel.save(big, tmp_path / "big.nii")
    for name in ("two.nii", "big.nii"):
        volume = readVolume(tmp_path / name)
        assert np.array_equal(volume.voxels, ramp())
        assert volume.voxels.dtype == np.dtype("=i2")
        assert np.allclose(volume.ijkToRAS, SHEARED, atol=1e-6)


@pytest.mark.parametrize("suffix", [".nrrd", ".mha", ".mhd"])
def test_nrrd_and_metaimage_keep_type_and_a_sheared_affine(tmp_path, suffix):
    for dtype in ("int16", "uint8", "float32"):
        volume = readVolume(saveItk(tmp_path / f"a{suffix}", ramp(dtype)))
        assert volume.voxels.dtype == dtype
        assert np.array_equal(volume.voxels, ramp(dtype))
        assert np.abs(volume.ijkToRAS - SHEARED).max() < 1e-9


def test_compressed_metaimage_is_read(tmp_path):
    image = sitk.GetImageFromArray(ramp())
    sitk.WriteImage(image, str(tmp_path / "c.mha"), useCompression=True)
    assert np.array_equal(readVolume(tmp_path / "c.mha").voxels, ramp())


def test_real_nrrd_overlays_what_simpleitk_reads(realData):
    path = realData / "postcontrast_t1_axial_brain1" / "brain1_image.nrrd"
    image = sitk.ReadImage(str(path))
    corner = [255, 0, 24]
    expected = np.array(image.TransformIndexToPhysicalPoint(corner)) * [-1, -1, 1]
    assert np.allclose((readVolume(path).ijkToRAS @ [*corner, 1])[:3], expected, atol=1e-9)


def test_two_dimensional_images_are_one_slice(tmp_path):
    saveNifti(tmp_path / "flat.nii", ramp(shape=(4, 5)), np.diag([2, 3, 1, 1.0]))
    sitk.WriteImage(sitk.GetImageFromArray(ramp(shape=(4, 5))), str(tmp_path / "flat.mha"))
    sitk.WriteImage(sitk.GetImageFromArray(ramp(shape=(4, 5))), str(tmp_path / "flat.nrrd"))
    for name in ("flat.nii", "flat.mha", "flat.nrrd"):
        assert readVolume(tmp_path / name).voxels.shape == (1, 4, 5), name


def test_not_a_number_passes_the_reader(tmp_path):
    voxels = ramp("float32")
    voxels[1, 1, 1:3] = np.nan, np.inf
    found = readVolume(saveNifti(tmp_path / "nan.nii.gz", voxels)).voxels
    assert np.isnan(found).sum() == 1
    assert np.isinf(found).sum() == 1


def refusal(path, **options):
    with pytest.raises(UnsupportedVolume) as caught:
        readVolume(path, **options)
    text = str(caught.value)
    assert "\n" not in text
    assert text.endswith(".")
    return text


def test_refusals_say_what_is_wrong(tmp_path):
    assert "does not exist" in refusal(tmp_path / "no.nii")
    (tmp_path / "empty.nii").touch()
    assert "empty" in refusal(tmp_path / "empty.nii")
    (tmp_path / "notes.txt").write_text("Dear colleague")
    assert "not an image" in refusal(tmp_path / "notes.txt")
    for name in ("junk.nii", "junk.nii.gz", "junk.nrrd", "junk.mha", "junk.mhd", "junk.dcm"):
        (tmp_path / name).write_bytes(b"hello, this is no image" * 20)
        assert name in refusal(tmp_path / name)
    assert "4D (2 volumes)" in refusal(saveNifti(tmp_path / "4d.nii", ramp(shape=(2, 3, 4, 5))))
    assert "vectors" in refusal(saveNifti(tmp_path / "v.nii", ramp(shape=(3, 1, 3, 4, 5))))
    assert "complex" in refusal(saveNifti(tmp_path / "c.nii", ramp("complex64")))
    assert "no series to choose" in refusal(saveNifti(tmp_path / "x.nii", ramp()), series=3)


@pytest.mark.parametrize("suffix", [".nrrd", ".mha", ".mhd", ".nii.gz"])
def test_vector_and_four_dimensional_files_are_refused(tmp_path, suffix):
    vector = sitk.GetImageFromArray(ramp("uint8", (3, 4, 5, 3)), isVector=True)
    sitk.WriteImage(vector, str(tmp_path / f"rgb{suffix}"))
    assert "scalar" in refusal(tmp_path / f"rgb{suffix}") or "vectors" in refusal(tmp_path / f"rgb{suffix}")
    sitk.WriteImage(sitk.GetImageFromArray(ramp(shape=(2, 3, 4, 5)), isVector=False), str(tmp_path / f"4d{suffix}"))
    assert "4D" in refusal(tmp_path / f"4d{suffix}") or "4 axes" in refusal(tmp_path / f"4d{suffix}")


@pytest.mark.parametrize("suffix", [".nrrd", ".mha", ".mhd", ".nii", ".nii.gz"])
def test_truncated_files_are_refused_and_the_terminal_stays_clean(tmp_path, suffix, capfd):
    path = tmp_path / f"a{suffix}"
    saveItk(path, np.random.default_rng(1).integers(0, 999, (9, 30, 30)).astype("int16"), np.diag([2, 1, 1, 1.0]))
    broken = path.with_suffix(".raw") if suffix == ".mhd" else path
    broken.write_bytes(broken.read_bytes()[:-2000])
    assert "truncated" in refusal(path)
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


def test_metaimage_without_its_data_file_is_refused(tmp_path):
    saveItk(tmp_path / "a.mhd", ramp())
    (tmp_path / "a.raw").unlink()
    assert "a.raw" in refusal(tmp_path / "a.mhd")


def test_gzip_under_a_plain_name_is_read(tmp_path):
    saveNifti(tmp_path / "a.nii", ramp())
    (tmp_path / "b.nii").write_bytes(gzip.compress((tmp_path / "a.nii").read_bytes()))
    assert np.array_equal(readVolume(tmp_path / "b.nii").voxels, ramp())


def test_list_series_is_empty_for_other_formats(tmp_path):
    assert listSeries(saveNifti(tmp_path / "a.nii", ramp())) == []


def test_labels_stored_as_float_become_integers(tmp_path):
    labels = readLabelVolume(saveNifti(tmp_path / "l.nii.gz", (ramp() % 3).astype("float32")))
    assert labels.volume.voxels.dtype.kind == "i"
    assert dict(labels.names) == {1: "label 1", 2: "label 2"}
    assert labels.mask(2).sum() == 20


def test_an_image_is_not_a_label_volume(tmp_path):
    path = saveNifti(tmp_path / "l.nii.gz", ramp("float32") + 0.5)
    with pytest.raises(UnsupportedVolume, match="whole numbers"):
        readLabelVolume(path)


def writeSegmentation(path, layers, segments):
    """A .seg.nrrd as 3D Slicer writes it; segments: (name, layer, label value)."""
    image = sitk.GetImageFromArray(np.moveaxis(layers, 0, -1), isVector=True) if len(layers) > 1 else None
    image = image or sitk.GetImageFromArray(layers[0])
    image.SetSpacing((1.0, 2.0, 3.0))
    for index, (name, layer, value) in enumerate(segments):
        image.SetMetaData(f"Segment{index}_ID", f"Segment_{index}")
        image.SetMetaData(f"Segment{index}_Name", name)
        image.SetMetaData(f"Segment{index}_Layer", str(layer))
        image.SetMetaData(f"Segment{index}_LabelValue", str(value))
    sitk.WriteImage(image, str(path))
    return path


def test_segment_names_are_read(tmp_path):
    layer = np.zeros((3, 4, 5), np.uint8)
    layer[1, 1, 1:3], layer[2, 2, 2] = 1, 2
    labels = readLabelVolume(writeSegmentation(tmp_path / "s.seg.nrrd", layer[None], [("lesion", 0, 1), ("air", 0, 2)]))
    assert dict(labels.names) == {1: "lesion", 2: "air"}
    assert np.array_equal(labels.volume.voxels, layer)
    assert np.allclose(labels.volume.spacing, [1, 2, 3])


def test_overlapping_segments_in_layers_keep_their_own_masks(tmp_path):
    layers = np.zeros((2, 3, 4, 5), np.uint8)
    layers[0, 1, 1:3, 1:3], layers[1, 1, 2:4, 2:4] = 1, 1
    path = writeSegmentation(tmp_path / "s.seg.nrrd", layers, [("tumor", 0, 1), ("edema", 1, 1)])
    labels = readLabelVolume(path)
    assert dict(labels.names) == {1: "tumor", 2: "edema"}
    assert np.array_equal(labels.mask(1), layers[0] == 1)
    assert np.array_equal(labels.mask(2), layers[1] == 1)
    assert labels.volume.voxels[1, 2, 2] == 2
