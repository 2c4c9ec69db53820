"""Writing of NIfTI, NRRD and MetaImage: what is written is read back exactly, and appears whole or not at all."""

import resource
import subprocess
import sys

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk

from DLEnhanceLib.errors import CannotWrite
from DLEnhanceLib.reading import readVolume
from DLEnhanceLib.volume import Volume
from DLEnhanceLib.writing import WRITABLE_SUFFIXES, writeVolume

OBLIQUE = np.array([[-1.2, 0.3, 0.1, 100.1], [0.25, 0.9, -0.7, -63.7], [0.2, 0.45, 2.1, 41.3], [0, 0, 0, 1.0]])
TYPES = ("uint8", "int8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64")


def volumeOf(dtype="int16", affine=OBLIQUE):
    return Volume(np.arange(60).reshape(3, 4, 5).astype(dtype), affine)


@pytest.mark.parametrize("suffix", WRITABLE_SUFFIXES)
def test_every_type_comes_back_exactly(tmp_path, suffix):
    for dtype in TYPES:
        path = writeVolume(volumeOf(dtype), tmp_path / f"a{suffix}", comment="research use only")
        back = readVolume(path)
        assert back.voxels.dtype == dtype
        assert np.array_equal(back.voxels, volumeOf(dtype).voxels)
        # NIfTI-1 stores float32: half a unit in the last place of 100 mm is 4e-6 mm.
        assert np.abs(back.ijkToRAS - OBLIQUE).max() < (5e-6 if "nii" in suffix else 1e-12)


def test_nothing_but_the_file_remains(tmp_path):
    for suffix in WRITABLE_SUFFIXES:
        writeVolume(volumeOf(), tmp_path / f"a{suffix}")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*(f"a{s}" for s in WRITABLE_SUFFIXES), "a.raw"])


@pytest.mark.parametrize("sign", [1, -1])
def test_qform_and_sform_agree_for_other_programs(tmp_path, sign):
    rotation = nibabel.eulerangles.euler2mat(0.4, -0.6, 1.1)
    affine = nibabel.affines.from_matvec(rotation * [0.7, 0.9, sign * 3.0], [10, 20, -30])
    path = writeVolume(volumeOf(affine=affine), tmp_path / "a.nii.gz")
    header = nibabel.load(path).header
    assert np.allclose(header.get_qform(), affine, atol=1e-5)
    assert np.allclose(header.get_sform(), affine, atol=1e-5)
    image = sitk.ReadImage(str(path))
    point = np.array(image.TransformIndexToPhysicalPoint([4, 3, 2])) * [-1, -1, 1]
    assert np.allclose(point, (affine @ [4, 3, 2, 1])[:3], atol=1e-4)


def test_sheared_grids_have_no_qform(tmp_path):
    header = nibabel.load(writeVolume(volumeOf(), tmp_path / "a.nii")).header
    assert header["qform_code"] == 0
    assert header["sform_code"] == 1


def test_real_volumes_survive_a_round_trip_bit_by_bit(realData, tmp_path):
    for name in ("nifti_orientations/PIR.nii.gz", "stroke_t1_t2_flair/T1.nii.gz"):
        volume = readVolume(realData / name)
        back = readVolume(writeVolume(volume, tmp_path / "x.nii.gz"))
        assert np.array_equal(back.ijkToRAS, volume.ijkToRAS)
        assert np.array_equal(back.voxels, volume.voxels)
        assert back.voxels.dtype == volume.voxels.dtype


def test_the_comment_is_in_every_format(tmp_path):
    text = "Research use only. Not for diagnostic use. AI-modified image: compare with original."
    for suffix in (".nii", ".nrrd", ".mha", ".mhd"):
        path = writeVolume(volumeOf(), tmp_path / f"a{suffix}", comment=text)
        assert text.encode() in path.read_bytes()
    assert nibabel.load(tmp_path / "a.nii").header.extensions[0].get_content().decode().strip("\0") == text
    assert np.array_equal(sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "a.mha"))), volumeOf().voxels)


def test_bool_and_half_precision_find_a_type(tmp_path):
    assert readVolume(writeVolume(volumeOf("bool"), tmp_path / "b.nii")).voxels.dtype == np.uint8
    assert readVolume(writeVolume(volumeOf("float16"), tmp_path / "h.nrrd")).voxels.dtype == np.float32


def test_writing_twice_gives_the_same_bytes(tmp_path):
    for suffix in WRITABLE_SUFFIXES:
        first = writeVolume(volumeOf(), tmp_path / f"a{suffix}").read_bytes()
        assert writeVolume(volumeOf(), tmp_path / f"a{suffix}").read_bytes() == first


def test_the_input_file_is_never_overwritten(tmp_path):
    path = writeVolume(volumeOf(), tmp_path / "a.nii.gz")
    before = path.read_bytes()
    volume = readVolume(path)
    with pytest.raises(CannotWrite, match="input itself"):
        writeVolume(volume.withVoxels(volume.voxels + 1), path)
    assert path.read_bytes() == before


def test_refusals_leave_nothing_behind(tmp_path):
    for target in ("a.png", ".nii", "a", "missing/a.nii"):
        with pytest.raises(CannotWrite):
            writeVolume(volumeOf(), tmp_path / target)
    with pytest.raises(CannotWrite, match="complex"):
        writeVolume(volumeOf("complex64"), tmp_path / "a.nii")
    assert list(tmp_path.iterdir()) == []


SCRIPT = """
import resource, sys, numpy as np
from DLEnhanceLib.errors import CannotWrite
from DLEnhanceLib.volume import Volume
from DLEnhanceLib.writing import writeVolume
volume = Volume(np.random.default_rng(0).integers(0, 30000, (40, 64, 64)).astype("int16"), np.eye(4))
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    writeVolume(volume, sys.argv[1])
except CannotWrite as error:
    sys.exit(f"refused: {error}")
"""


@pytest.mark.parametrize("suffix", WRITABLE_SUFFIXES)
def test_a_full_disk_keeps_the_old_file_and_leaves_no_rest(tmp_path, suffix):
    """The limit on file size makes the operating system fail in the middle of a write, as a full disk does."""
    path = writeVolume(volumeOf(), tmp_path / f"a{suffix}")
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(path)], capture_output=True, text=True, check=False)
    assert done.stderr.startswith("refused: "), done.stderr
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 100_000
