"""Measuring a pair of volumes: tidy rows with their components, pairing, change, agreement with SimpleITK."""

import csv
import dataclasses
import io
import json
import math

import numpy as np
import pytest
import SimpleITK as sitk

from DLEnhanceLesionMetricsLib import measurement, regions, rows
from DLEnhanceLesionMetricsLib.measures import NOISE_METHODS
from DLEnhanceLib.errors import BadOption, CannotWrite
from DLEnhanceLib.volume import Volume

MATRIX = np.diag([0.8, 0.8, 2.0, 1.0])


def noisyHead(sigma, seed=0):
    """Two bright lesions (850) at different levels in tissue (420) of known Gaussian noise."""
    rng = np.random.default_rng(seed)
    truth = np.full((30, 64, 64), 420.0)
    for region in REGIONS[:2]:
        truth[region.maskOn(Volume(truth, MATRIX)).toArray()] = 850.0
    return Volume((truth + rng.normal(0, sigma, truth.shape)).astype(np.float32), MATRIX, name=f"head {sigma}")


REGIONS = [
    regions.Region("low", "lesion", regions.sphere([15, 20, 16], 8)),
    regions.Region("high", "lesion", regions.sphere([15, 20, 44], 8)),
    regions.Region("WM high", "reference", regions.sphere([36, 20, 44], 10)),
    regions.Region("WM low", "reference", regions.sphere([36, 36, 18], 10)),
]


def valueOf(found, **wanted):
    matching = [row for row in found if all(getattr(row, name) == value for name, value in wanted.items())]
    assert len(matching) == 1, f"{len(matching)} rows for {wanted}"
    return matching[0].value


def test_known_noise_gives_the_known_snr_and_cnr_in_both_conditions():
    found = measurement.measurePair(noisyHead(14), noisyHead(7, seed=1), REGIONS, case="c1")
    for condition, sigma in (("standard", 14), ("enhanced", 7)):
        wanted = {"lesion": "low", "condition": condition, "method": "tissue_sd"}
        # The SD of about 400 voxels is known to 3.5 %.
        assert valueOf(found, metric="snr", **wanted) == pytest.approx(850 / sigma, rel=0.12)
        assert valueOf(found, metric="cnr", **wanted) == pytest.approx(430 / sigma, rel=0.12)
        assert valueOf(found, metric="reference_snr", **wanted) == pytest.approx(420 / sigma, rel=0.12)


def test_every_row_carries_method_unit_and_all_components():
    row = measurement.measurePair(noisyHead(14), None, REGIONS, case="c1")[0]
    columns = rows.rowColumns(row)
    assert columns["case"] == "c1"
    assert columns["noise_method"] == "tissue_sd"
    assert columns["unit"] == "1"
    assert columns["value"] == pytest.approx(columns["lesion_mean"] / columns["reference_sd"])
    assert columns["noise"] == columns["reference_sd"]
    assert columns["lesion_mm3"] == pytest.approx(columns["lesion_voxels"] * 0.8 * 0.8 * 2)
    assert columns["air_mean"] is None


def test_identical_volumes_change_by_exactly_zero_percent():
    volume = noisyHead(14)
    found = measurement.measurePair(volume, volume, REGIONS, noiseMethods=("tissue_sd", "roi_sd", "pooled_sd"))
    changes = measurement.changes(found)
    assert changes
    assert all(change.percentChange == 0.0 for change in changes)


def test_lesions_take_the_reference_at_their_level_or_the_one_named():
    pairs = measurement.pairedRegions(REGIONS)
    assert [pair.reference.name for pair in pairs] == ["WM low", "WM high"]
    above = regions.Region("near but above", "reference", regions.sphere([15, 20, 26], 6))
    beside = regions.Region("far but level", "reference", regions.sphere([45, 20, 16], 6))
    assert measurement.pairedRegions([REGIONS[0], above, beside])[0].reference is beside
    named = measurement.pairedRegions(REGIONS, {"low": "WM high"})
    assert [pair.reference.name for pair in named] == ["WM high", "WM high"]


def test_repeats_give_the_noise_without_the_anatomy():
    textured = noisyHead(60, seed=2)
    first, second = (
        textured.withVoxels(textured.voxels + np.random.default_rng(seed).normal(0, 10, (30, 64, 64)).astype("f4"))
        for seed in (3, 4)
    )
    found = measurement.measurePair(first, None, REGIONS, noiseMethods=("difference",), repeats={"standard": second})
    # The SD of about 200 voxels is known to 5 %.
    assert valueOf(found, lesion="low", metric="snr") == pytest.approx(850 / 10, rel=0.15)


def test_noise_maps_give_pseudo_replica_values():
    volume = noisyHead(14)
    noise = {"standard": np.full(volume.voxels.shape, 17.0, np.float32)}
    found = measurement.measurePair(volume, volume, REGIONS, noiseMethods=("pseudo_replica",), noiseMaps=noise)
    assert valueOf(found, lesion="low", condition="standard", metric="snr") == pytest.approx(850 / 17, rel=0.01)
    assert valueOf(found, lesion="low", condition="enhanced", metric="snr") is None


def test_statistics_agree_with_simpleitk_on_the_same_mask():
    volume = noisyHead(14)
    for region in REGIONS:
        mask = region.maskOn(volume)
        filter_ = sitk.LabelStatisticsImageFilter()
        labels = sitk.GetImageFromArray(mask.toArray().astype(np.uint8))
        filter_.Execute(sitk.GetImageFromArray(volume.voxels), labels)
        own = measurement.measurePair(volume, None, [dataclasses.replace(region, role="lesion")])[0].lesionStatistics
        assert own.count == filter_.GetCount(1)
        assert own.mean == pytest.approx(filter_.GetMean(1), rel=1e-9)
        assert own.sd == pytest.approx(filter_.GetSigma(1), rel=1e-6)
        assert (own.minimum, own.maximum) == (filter_.GetMinimum(1), filter_.GetMaximum(1))


def test_moving_a_region_moves_it_in_both_images():
    volume, other = noisyHead(14), noisyHead(7)
    found = measurement.measurePair(volume, other, REGIONS)
    counts = {(row.lesion, row.lesionStatistics.count) for row in found}
    assert len(counts) == 2


def test_missing_reference_is_a_reason_and_not_a_number():
    found = measurement.measurePair(noisyHead(14), None, REGIONS[:1], noiseMethods=("tissue_sd", "roi_sd"))
    warning = next(row.warning for row in found if row.metric == "snr" and row.method == "tissue_sd")
    assert "no reference region" in warning
    assert valueOf(found, metric="snr", method="roi_sd") is not None


def test_shading_across_the_reference_is_flagged():
    volume = noisyHead(5)
    shaded = volume.withVoxels(volume.voxels + np.arange(64, dtype=np.float32) * 4)
    plain = measurement.measurePair(volume, None, REGIONS)
    assert all("slopes" not in row.warning for row in plain)
    row = measurement.measurePair(shaded, None, REGIONS)[0]
    assert '"WM low" slopes' in row.warning


def test_region_outside_the_image_is_a_warning_while_measuring():
    outside = regions.Region("far", "lesion", regions.sphere([500, 0, 0], 8))
    row = measurement.measurePair(noisyHead(14), None, [outside, *REGIONS[2:]])[0]
    assert row.value is None
    assert "outside the image" in row.warning


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda v: Volume(v.voxels[:-1], v.ijkToRAS), "differ in size"),
        (lambda v: Volume(v.voxels, v.ijkToRAS @ np.diag([1.1, 1, 1, 1])), "voxels of unequal size is not comparable"),
        (lambda v: Volume(v.voxels, v.ijkToRAS @ np.diag([-1, 1, 1, 1])), "differ in orientation"),
        (lambda v: Volume(v.voxels, regions.translation([0, 0, 3]) @ v.ijkToRAS), "3 mm apart"),
    ],
)
def test_a_repeat_on_another_grid_is_refused_and_an_enhanced_volume_is_measured_with_a_warning(change, words):
    volume = noisyHead(14)
    for row in measurement.measurePair(volume, change(volume), REGIONS):
        assert ("no image was resampled" in row.warning) == (row.condition == "enhanced")
        assert (words in row.warning) == (row.condition == "enhanced")
    with pytest.raises(BadOption, match="a repeat must have the grid of its image"):
        measurement.measurePair(volume, None, REGIONS, repeats={"standard": change(volume)})


def test_an_image_stored_in_another_order_gives_the_same_values():
    volume = noisyHead(14)
    slices = volume.voxels.shape[0]
    newToOld = np.array([[0, 0, 1, 0], [0, 1, 0, 0], [-1, 0, 0, slices - 1], [0, 0, 0, 1.0]])
    turned = Volume(volume.voxels.transpose(2, 1, 0)[:, :, ::-1].copy(), volume.ijkToRAS @ newToOld)
    found = measurement.measurePair(volume, turned, REGIONS)
    half = len(found) // 2
    for row, other in zip(found[:half], found[half:], strict=True):
        assert other.value == pytest.approx(row.value, rel=1e-6)
        assert other.lesionStatistics.count == row.lesionStatistics.count
        assert "differ in" in other.warning


def test_without_a_lesion_or_with_an_unknown_name_it_refuses():
    with pytest.raises(BadOption, match="no lesion region"):
        measurement.measurePair(noisyHead(14), None, REGIONS[2:])
    with pytest.raises(BadOption, match='"WM left"'):
        measurement.measurePair(noisyHead(14), None, REGIONS, references={"low": "WM left"})
    with pytest.raises(BadOption, match="noise method"):
        measurement.measurePair(noisyHead(14), None, REGIONS, noiseMethods=("sd",))


def test_summary_is_the_median_of_the_lesions_and_not_of_the_means():
    template = measurement.ChangeRow("c", "l", "snr", "tissue_sd", "1", 1.0, 2.0, 100.0, "")
    changes = [dataclasses.replace(template, case=str(n), percentChange=n) for n in (0.0, 10.0, 20.0, 30.0, 500.0)]
    summary = measurement.summarise([*changes, dataclasses.replace(template, percentChange=None)])[0]
    assert (summary.median, summary.lowerQuartile, summary.upperQuartile) == (20.0, 10.0, 30.0)
    assert (summary.lesions, summary.cases) == (5, 5)


def test_csv_reads_back_with_one_header_and_empty_cells_for_no_value(tmp_path):
    found = measurement.measurePair(
        noisyHead(14), noisyHead(7), REGIONS[:1], case="Müller", noiseMethods=tuple(NOISE_METHODS)
    )
    path = rows.writeCsv(found, tmp_path / "table.csv")
    back = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    assert len(back) == len(found)
    assert back[0]["case"] == "Müller"
    assert {row["value"] == "" for row in back if row["metric"] == "cnr"} == {True}
    assert float(back[0]["lesion_mean"]) == found[0].lesionStatistics.mean
    assert [file.name for file in tmp_path.iterdir()] == ["table.csv"]


def test_json_holds_the_same_values(tmp_path):
    found = measurement.measurePair(noisyHead(14), None, REGIONS)
    back = json.loads(rows.writeJson(found, tmp_path / "table.json").read_text(encoding="utf-8"))
    assert [row["value"] for row in back] == [row.value for row in found]
    assert not any(isinstance(value, float) and math.isnan(value) for row in back for value in row.values())


def test_table_in_a_missing_folder_is_refused_and_leaves_nothing(tmp_path):
    with pytest.raises(CannotWrite, match="cannot be written"):
        rows.writeCsv([], tmp_path / "none" / "table.csv")
    assert list(tmp_path.iterdir()) == []
