"""Conspicuity and noise color of lesions in a pair of volumes: known noise, known slopes, and every warning."""

import numpy as np
import pytest
from scipy import ndimage

from DLEnhanceLesionMetricsLib import regions, rows, surroundRows
from DLEnhanceLesionMetricsLib.surroundRows import differenceImages, measureSurround, replicaImages
from DLEnhanceLib.errors import BadOption
from DLEnhanceLib.volume import Volume

MATRIX = np.diag([0.8, 0.8, 1.0, 1.0])
SHAPE = (40, 64, 64)
LESION = regions.Region("L1", "lesion", regions.sphere([15, 20, 20], 8))
REFERENCE = regions.Region("WM", "reference", regions.sphere([36, 26, 20], 10))
BLOCK = regions.Region("WM", "reference", regions.Box(regions.translation([36, 26, 20]), (16, 16, 8)))


def tissue(contrast=300.0):
    """Tissue of 400 with a slope of 4 per mm and a soft lesion."""
    inside = LESION.maskOn(Volume(np.zeros(SHAPE), MATRIX)).toArray().astype(float)
    slope = 4 * 0.8 * np.arange(SHAPE[2])
    return 400 + slope + contrast * ndimage.gaussian_filter(inside, 1.0)


def noise(seed, sigma=20.0, blur=0.0):
    white = np.random.default_rng(seed).normal(0, 1, SHAPE)
    smooth = ndimage.gaussian_filter(white, (0, blur, blur)) if blur else white
    return sigma * smooth / smooth.std()


def volume(array):
    return Volume(array.astype(np.float32), MATRIX, name="head")


def row(found, condition, metric, lesion="L1"):
    matching = [item for item in found if (item.condition, item.metric, item.lesion) == (condition, metric, lesion)]
    assert len(matching) == 1
    return matching[0]


def test_denoising_raises_conspicuity_and_every_part_is_told():
    found = measureSurround(volume(tissue() + noise(0)), volume(tissue() + noise(0, 7.0)), [LESION, REFERENCE])
    before, after = (row(found, condition, "conspicuity") for condition in ("standard", "enhanced"))
    assert after.value > 1.5 * before.value
    parts = dict(before.components)
    assert before.value == pytest.approx(parts["edge_slope"] / parts["complexity"])
    assert before.voxels == LESION.maskOn(volume(tissue())).count
    assert before.unit == "1"
    assert "edge_slope=" in rows.rowColumns(before)["components"]


def test_the_complexity_without_noise_is_the_slope_of_the_tissue():
    parts = dict(row(measureSurround(volume(tissue()), None, [LESION]), "standard", "conspicuity").components)
    # The blurred border of the lesion reaches a little into the surround.
    assert parts["complexity"] == pytest.approx(4.0, rel=0.25)


def test_another_lesion_does_not_count_as_surround():
    other = regions.Region("L2", "lesion", regions.sphere([24, 20, 20], 6))
    image = tissue()
    image[other.maskOn(volume(image)).toArray()] += 2000
    alone, both = (
        row(measureSurround(volume(image), None, list(which)), "standard", "conspicuity")
        for which in ([LESION], [LESION, other])
    )
    # The border of the other lesion still has a slope in its outer voxels.
    assert dict(both.components)["complexity"] < 0.7 * dict(alone.components)["complexity"]
    assert dict(both.components)["surround"] < dict(alone.components)["surround"]


def test_a_lesion_of_few_voxels_is_flagged_and_an_empty_one_has_a_reason():
    tiny = regions.Region("L1", "lesion", regions.sphere([15, 20, 20], 1.8))
    assert "Only" in row(measureSurround(volume(tissue()), None, [tiny]), "standard", "conspicuity").warning
    outside = regions.Region("L1", "lesion", regions.sphere([-50, 20, 20], 4))
    lost = row(measureSurround(volume(tissue()), None, [outside]), "standard", "conspicuity")
    assert lost.value is None
    assert lost.warning.startswith("Not measurable")


def test_coarse_noise_is_told_by_the_reference_region():
    found = measureSurround(volume(tissue() + noise(0)), volume(tissue() + noise(1, blur=1.2)), [LESION, BLOCK])
    before, after = (row(found, condition, "noise_frequency") for condition in ("standard", "enhanced"))
    # White noise: two thirds of the highest frequency, 1 / (2 x 0.8 mm).
    assert before.value == pytest.approx(2 / 3 * 0.625, rel=0.08)
    assert before.noise == pytest.approx(20.0, rel=0.08)
    assert (before.method, before.reference, before.unit) == ("tissue_sd", "WM", "1/mm")
    assert "coarse" in after.warning
    assert "coarse" not in before.warning
    assert "texture" in before.warning


def test_a_small_reference_is_measured_with_a_warning():
    small = regions.Region("WM", "reference", regions.sphere([36, 26, 20], 6.2))
    found = row(measureSurround(volume(tissue() + noise(0)), None, [LESION, small]), "standard", "noise_frequency")
    assert found.value == pytest.approx(2 / 3 * 0.625, rel=0.15)
    assert "smeared" in found.warning


def test_a_repeat_gives_the_spectrum_without_the_anatomy():
    texture = noise(9, 60.0, blur=2.0)
    first, second = (volume(tissue() + texture + noise(seed)) for seed in (1, 2))
    source = differenceImages({"standard": (first, second)})
    found = row(measureSurround(first, None, [LESION, BLOCK], noiseImages=[source]), "standard", "noise_frequency")
    assert found.method == "difference"
    assert found.value == pytest.approx(2 / 3 * 0.625, rel=0.05)
    assert found.noise == pytest.approx(20.0, rel=0.05)
    assert found.warning == ""
    anatomy = row(measureSurround(first, None, [LESION, BLOCK]), "standard", "noise_frequency")
    assert anatomy.value < 0.8 * found.value


def test_noise_images_of_replicas_are_used_where_they_are():
    image = np.zeros(SHAPE, np.float32)
    here = surroundRows.noiseBox(REFERENCE.maskOn(volume(tissue())))
    image[here] = noise(3, 12.0)[here]
    source = replicaImages({"standard": image})
    found = measureSurround(volume(tissue()), volume(tissue()), [LESION, REFERENCE], noiseImages=[source])
    assert row(found, "standard", "noise_frequency").noise == pytest.approx(12.0, rel=0.05)
    assert "no noise image" in row(found, "enhanced", "noise_frequency").warning
    assert row(found, "enhanced", "noise_frequency").value is None


def test_noise_boxes_stay_in_the_image_and_keep_their_size():
    for center in ([1, 1, 1], [26, 26, 20], [50, 50, 38]):
        mask = regions.Region("x", "lesion", regions.sphere(center, 4)).maskOn(volume(tissue()))
        box = surroundRows.noiseBox(mask)
        assert [part.stop - part.start for part in box] == [8, 32, 32]
        assert all(part.start >= 0 and part.stop <= n for part, n in zip(box, SHAPE, strict=True))


def test_missing_and_constant_references_have_a_reason():
    alone = row(measureSurround(volume(tissue()), None, [LESION]), "standard", "noise_frequency")
    assert "no reference" in alone.warning
    flat = volume(np.full(SHAPE, 7.0))
    found = row(measureSurround(flat, None, [LESION, REFERENCE]), "standard", "noise_frequency")
    assert found.value is None
    assert "constant" in found.warning


def test_an_image_on_another_grid_is_measured_in_its_own():
    finer = Volume(ndimage.zoom(tissue() + noise(0), (1, 2, 2), order=1), np.diag([0.4, 0.4, 1.0, 1.0]))
    found = measureSurround(volume(tissue() + noise(0)), finer, [LESION], metrics=["conspicuity"])
    assert row(found, "enhanced", "conspicuity").voxels > 3 * row(found, "standard", "conspicuity").voxels


def test_unknown_measures_are_refused():
    with pytest.raises(BadOption, match="conspicuity"):
        measureSurround(volume(tissue()), None, [LESION], metrics=["beauty"])
