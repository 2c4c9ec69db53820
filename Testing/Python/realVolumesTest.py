"""The acceptance tests of geometry, identity, scale and seams (AT11, AT13-AT16) on real MR volumes of many kinds."""

import numpy as np
import pytest
from skimage.registration import phase_cross_correlation

from DLEnhanceLib.enhancement import computeComponents, enhance, reblend
from DLEnhanceLib.errors import UnsupportedVolume
from DLEnhanceLib.reading import readVolume
from DLEnhanceLib.strengths import PRESETS, Strengths
from DLEnhanceLib.torchBackend import makeBackend
from DLEnhanceLib.volume import Volume
from DLEnhanceLib.writing import writeVolume

VOLUMES = {
    "thick post-contrast T1, NRRD": "postcontrast_t1_axial_brain1/brain1_image.nrrd",
    "skull-stripped post-contrast T1": "glioma_upenn_00001/00001_t1c.nii.gz",
    "zero-filled DICOM series": "dicom_t1c_vs_seg_001",
    "enhanced multi-frame DICOM": "dicom_enhanced_multiframe_t1",
    "T2 head clipped at 12 bits": "t2w_head/T2w.nii.gz",
    "thick FLAIR": "flair_axial_fpg/t2.nii.gz",
    "8-bit FLAIR": "stroke_t1_t2_flair/FLAIR.nii.gz",
    "float T2": "stroke_t1_t2_flair/T2.nii.gz",
    "oblique T1": "anatomy_t1_studyforrest/studyforrest_sub-02_T1w_crop.nii.gz",
    "other storage order": "nifti_orientations/SAR.nii.gz",
    "ringing phantom": "phantom/Ph_801_WIP_B0_NS_e1.nii",
}
LARGEST = 96  # voxels of an edge that are used: the middle of the volume, to be quick


@pytest.fixture(scope="module")
def backend():
    return makeBackend("fast", "cpu", threads=1)


@pytest.fixture(scope="module", params=VOLUMES, ids=list(VOLUMES))
def run(request, realData, backend):
    volume = middle(readVolume(realData / VOLUMES[request.param]))
    return enhance(volume, backend, strengths=PRESETS["medium"])


def middle(volume):
    """The central part of a volume, on its place in space."""
    starts = [max(0, (n - LARGEST) // 2) for n in volume.voxels.shape]
    part = tuple(slice(start, start + LARGEST) for start in starts)
    matrix = volume.ijkToRAS.copy()
    matrix[:3, 3] = (volume.ijkToRAS @ [*starts[::-1], 1.0])[:3]
    return Volume(volume.voxels[part].copy(), matrix, volume.name, volume.tags, volume.source)


def test_at11_strength_zero_is_bit_identical(run):
    assert np.array_equal(reblend(run, Strengths(0, 0, 0)).volume.voxels, run.source.voxels)


def test_at13_grid_and_type_survive_writing(run, tmp_path):
    written = readVolume(writeVolume(run.volume, tmp_path / "out.nii.gz"))
    assert written.voxels.dtype == run.source.voxels.dtype
    assert written.voxels.shape == run.source.voxels.shape
    assert np.array_equal(written.voxels, run.volume.voxels)
    assert np.abs(written.ijkToRAS - run.source.ijkToRAS).max() < 1e-4  # NIfTI stores 32-bit floats


def test_at13_nothing_shifts(run):
    before, after = (volume.voxels.astype(np.float32) for volume in (run.source, run.volume))
    shift, *_ = phase_cross_correlation(before, after, upsample_factor=50, normalization=None)
    assert np.abs(shift).max() < 0.05


def test_a_background_that_software_blanked_stays_zero(run):
    isBlank = run.source.voxels == 0
    if isBlank.mean() > 0.2:
        assert not run.volume.voxels[isBlank].any()


def test_at14_tiles_leave_no_seam(run, backend):
    tiled = computeComponents(run.source, run.survey, backend, tile=48)
    difference = np.abs(tiled.stored - run.components.stored) * run.components.unit / run.survey.noise.median
    noise, *continued = difference
    assert noise.max() < 1e-3
    # the thresholds of the continued k-space are steps, which enlarge rounding in places
    assert np.max(continued) < 0.05
    assert np.mean(np.array(continued) > 1e-3) < 5e-3


def test_at16_twice_the_input_is_twice_the_output(run, backend):
    plain = run.source.withVoxels(run.source.voxels.astype(np.float32))
    single = enhance(plain, backend).volume.voxels
    double = enhance(plain.withVoxels(plain.voxels * 2), backend).volume.voxels
    assert np.abs(double - 2 * single).max() < 2e-3 * np.abs(single).max()


def test_tissue_keeps_its_intensity(run):
    """AT3: the mean of the head moves by less than 1 %."""
    before, after = (v.voxels[run.survey.head].astype(float) for v in (run.source, run.volume))
    assert after.mean() == pytest.approx(before.mean(), rel=0.01)


@pytest.mark.parametrize("name", ["repeats_epi/studyforrest_epi_vols11-30.nii.gz"])
def test_at15_volumes_over_time_are_refused(realData, name):
    with pytest.raises(UnsupportedVolume, match="4"):
        readVolume(realData / name)
