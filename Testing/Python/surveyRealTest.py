"""The survey on real volumes, against what data/SOURCES.md says of their acquisition and of the noise in their air."""

import pytest

from DLEnhanceLib.reading import readVolume
from DLEnhanceLib.survey import survey


@pytest.fixture(scope="module")
def zeroFilledSeries(realData):
    return survey(readVolume(realData / "dicom_t1c_vs_seg_001"))


def test_the_zero_filled_series_was_acquired_at_half_its_matrix(zeroFilledSeries):
    assert zeroFilledSeries.support[1:] == pytest.approx((0.5, 0.5), abs=0.05)
    assert zeroFilledSeries.support[0] > 0.85


def test_noise_of_the_zero_filled_series_agrees_with_its_air(zeroFilledSeries):
    assert zeroFilledSeries.noise.median == pytest.approx(21.2, rel=0.15)  # Rayleigh sigma of the air


def test_the_zero_filled_series_is_t1_by_its_tags(zeroFilledSeries):
    assert zeroFilledSeries.sequence.startswith("T1")
    assert 400 < zeroFilledSeries.level < 1000  # median of the head is 470


def test_noise_of_the_multiframe_volume_agrees_with_its_air(realData):
    found = survey(readVolume(realData / "dicom_enhanced_multiframe_t1"))
    assert found.noise.median == pytest.approx(8.3, rel=0.20)


def test_a_skull_stripped_brain_keeps_its_zero_background(realData):
    volume = readVolume(realData / "glioma_upenn_00001" / "00001_t1c.nii.gz")
    found = survey(volume)
    assert found.background == 0
    assert found.head[volume.voxels > 0].all()
    assert 0.2 < found.head.mean() < 0.35


def test_thick_slices_of_a_whole_head_have_the_noise_of_their_air_within_a_factor(realData):
    found = survey(readVolume(realData / "postcontrast_t1_axial_brain1" / "brain1_image.nrrd"))
    assert 10 < found.noise.median < 22  # mean of the air 16 to 20, so its sigma is 13 to 16; anatomy adds to it
