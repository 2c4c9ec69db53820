"""The survey on real volumes, against what data/SOURCES.md says of their acquisition and of the noise in their air."""

import numpy as np
import pytest
import SimpleITK as sitk
from headPhantom import asVolume

from DLEnhanceLib.reading import readVolume
from DLEnhanceLib.survey import survey


@pytest.fixture(scope="module")
def zeroFilledSeries(realData):
    return survey(readVolume(realData / "dicom_t1c_vs_seg_001"))


def test_the_zero_filled_series_was_acquired_at_half_its_matrix(zeroFilledSeries):
    assert zeroFilledSeries.support[1:] == pytest.approx((0.5, 0.5), abs=0.05)
    assert zeroFilledSeries.support[0] > 0.85


def test_noise_of_the_zero_filled_series_agrees_with_its_air(zeroFilledSeries):
    # Rayleigh sigma of the air; the estimate errs to the lower side, which removes less
    assert 0.7 * 21.2 < zeroFilledSeries.noise.median < 1.15 * 21.2


def test_the_zero_filled_series_is_t1_by_its_tags(zeroFilledSeries):
    assert zeroFilledSeries.sequence.startswith("T1")
    assert 400 < zeroFilledSeries.level < 1000  # median of the head is 470


def test_noise_of_the_multiframe_volume_is_far_below_the_ghosts_in_its_air(realData):
    found = survey(readVolume(realData / "dicom_enhanced_multiframe_t1"))
    # half of the air is zero, the rest 2.5 (not Rayleigh); its brightest corner, 8.3, holds ghosts
    assert 2.0 < found.noise.median < 6.0


def test_noise_of_an_echo_planar_volume_is_near_that_of_its_repeats(realData):
    image = sitk.ReadImage(str(realData / "repeats_epi" / "studyforrest_epi_vols11-30.nii.gz"))
    repeats = sitk.GetArrayFromImage(image).astype(np.float32)
    found = survey(asVolume(repeats[0], (3.0, 3.0, 3.3)))
    brain = repeats.mean(axis=0) > 0.5 * found.level
    truth = np.median(np.diff(repeats, axis=0).std(axis=0)[brain]) / np.sqrt(2)
    assert 0.8 < found.noise.median / truth < 2.0  # folded cortex at 3 mm is hard to tell from noise


def test_a_skull_stripped_brain_keeps_its_zero_background(realData):
    volume = readVolume(realData / "glioma_upenn_00001" / "00001_t1c.nii.gz")
    found = survey(volume)
    assert found.background == 0
    assert found.head[volume.voxels > 0].all()
    assert 0.2 < found.head.mean() < 0.35


def test_thick_slices_of_a_whole_head_have_the_noise_of_their_air_within_a_factor(realData):
    found = survey(readVolume(realData / "postcontrast_t1_axial_brain1" / "brain1_image.nrrd"))
    assert 10 < found.noise.median < 22  # mean of the air 16 to 20, so its sigma is 13 to 16; anatomy adds to it
