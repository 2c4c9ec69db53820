"""Scale, head and notes of a survey; what it refuses."""

import json

import numpy as np
import pytest
from headPhantom import acquire, asVolume, headPhantom, surveyOf
from scipy import ndimage

from DLEnhanceLib.errors import EnhancementCanceled, UnsupportedVolume
from DLEnhanceLib.survey import survey


@pytest.fixture(scope="module")
def head():
    return headPhantom()


@pytest.fixture(scope="module")
def image(head):
    return acquire(head, sigma=0.04)[0]


@pytest.fixture(scope="module")
def found(image):
    return surveyOf(image)


def normalised(voxels, result):
    return (voxels.astype(np.float64) - result.background) / (result.level - result.background)


def test_air_is_the_background_and_white_matter_lies_near_one(image, head, found):
    values = normalised(image, found)
    assert abs(np.percentile(values[head == 0], 1)) < 0.02
    assert 0.7 < np.median(values[(head > 0.8) & (head < 0.9)]) < 1.0


@pytest.mark.parametrize(("factor", "offset"), [(3.7, 0.0), (1e-6, 0.0), (1.0, 500.0), (2e6, 1e8), (0.01, -20.0)])
def test_scaled_and_shifted_input_gives_the_same_normalised_image(image, found, factor, offset):
    other = surveyOf(image.astype(np.float64) * factor + offset)
    shown = normalised(image.astype(np.float64) * factor + offset, other)
    np.testing.assert_allclose(shown, normalised(image, found), atol=1e-3)
    assert other.noisePercent == pytest.approx(found.noisePercent, rel=1e-3)
    np.testing.assert_array_equal(other.head, found.head)
    assert other.support == found.support


def test_a_fat_blob_and_a_vessel_do_not_move_the_level(image, found):
    bright = image.copy()
    bright[20:36, 70:80, 40:60] = 5000
    bright[30, 30:90, 48] = 30000
    assert surveyOf(bright).level == pytest.approx(found.level, rel=0.03)


def test_the_head_has_all_tissue_with_its_rim_and_leaves_out_air(head, found):
    assert found.head[head > 0.05].all()
    assert not found.head[:6, :6, :6].any()


def test_a_slab_of_twenty_times_the_intensity_does_not_move_the_level(image, found):
    bright = image.copy()
    bright[-2:] = 20 * bright[36:38]
    assert surveyOf(bright).level == pytest.approx(found.level, rel=0.05)


def test_the_head_has_some_millimetres_of_air_around_it_and_no_more(head, image):
    result = surveyOf(np.pad(np.where(head > 0.05, image, 0), 20))
    distance = ndimage.distance_transform_edt(np.pad(head <= 0.05, 20, constant_values=True))
    assert result.head[distance <= 4].all()
    assert not result.head[distance > 14].any()


def test_a_stripped_brain_is_found_in_its_zero_background(head, image):
    brain = np.where((head > 0.15) & (head < 1.0), image, 0)
    result = surveyOf(np.pad(brain, 20))
    assert result.background == 0
    assert result.head[np.pad(brain, 20) > 0].all()
    assert result.head.mean() < 0.7


def test_a_volume_cut_out_of_the_brain_is_all_head(image):
    result = surveyOf(image[24:48, 30:74, 30:66])
    assert result.head.all()
    assert result.noisePercent == pytest.approx(4.0, rel=0.35)


@pytest.mark.parametrize("part", [np.s_[36:37], np.s_[::6], np.s_[30:35, 20:60, 20:60], np.s_[:2, :2, :2]])
def test_slices_thick_slices_and_tiny_volumes_are_surveyed(image, part):
    voxels = np.ascontiguousarray(image[part])
    result = surveyOf(voxels)
    assert result.level > result.background
    assert result.noise.full().shape == voxels.shape
    assert (result.noise.full() > 0).all()


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint16, np.int32, np.float16, np.float64])
def test_the_stored_type_does_not_matter(image, found, kind):
    scale = 250 / image.max() if kind == np.uint8 else 1.0
    result = surveyOf((image * scale).astype(kind))
    assert result.level == pytest.approx(found.level * scale, rel=0.02)
    assert result.noisePercent == pytest.approx(found.noisePercent, rel=0.10)


def test_values_that_are_not_finite_are_left_out_and_noted(image, found):
    holed = image.copy()
    holed[30, 40:50, 40:50] = np.nan
    holed[0, 0, 0] = np.inf
    result = surveyOf(holed)
    assert result.level == pytest.approx(found.level, rel=0.01)
    assert result.noise.median == pytest.approx(found.noise.median, rel=0.02)
    assert any("101 voxels are not finite" in note for note in result.notes)


def test_values_below_zero_are_noted(image):
    assert any("below zero" in note for note in surveyOf(image - 1024).notes)


def test_a_report_can_be_written_as_json(found):
    report = json.loads(json.dumps(found.asDict()))
    assert report["kspaceSupportKJI"] == [1.0, 1.0, 1.0]
    assert report["noisePercentOfTissue"] == pytest.approx(4.0, rel=0.2)


def test_tags_tell_sequence_and_prior_reconstruction(image):
    result = survey(asVolume(image, tags={"SeriesDescription": "t1_mprage_sag", "ContrastBolusAgent": "Gadovist"}))
    assert result.sequence == "T1 post-contrast"
    assert result.priorDl == "unknown"


def test_a_callback_that_raises_stops_the_survey(image):
    def cancel(fraction, text):
        raise EnhancementCanceled

    with pytest.raises(EnhancementCanceled):
        survey(asVolume(image), reportProgress=cancel)


@pytest.mark.parametrize(
    ("voxels", "words"),
    [
        (np.full((4, 5, 6), np.nan), "no finite value"),
        (np.zeros((4, 5, 6), np.int16), "only zeros"),
        (np.full((4, 5, 6), 7), "the same value"),
    ],
)
def test_volumes_without_contrast_are_refused_with_a_reason(voxels, words):
    with pytest.raises(UnsupportedVolume, match=words):
        surveyOf(voxels)
