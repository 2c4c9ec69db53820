"""The formulas of the domain brief's section 4 with its worked example, and the guards that refuse a value."""

import math

import numpy as np
import pytest

from DLEnhanceLesionMetricsLib import measures
from DLEnhanceLesionMetricsLib.measures import RegionSet, RegionStatistics, regionStatistics
from DLEnhanceLib.errors import BadOption


def statistics(mean, sd, **properties):
    values = {"median": mean, "minimum": mean - 2 * sd, "maximum": mean + 2 * sd, "mm3": 100.0}
    return RegionStatistics(count=100, mean=mean, sd=sd, **(values | properties))


@pytest.fixture
def workedExample():
    """S_L 850, SD_L 40, S_R 420, SD_R 14, SD_A 3.2 with the mean of Rayleigh air."""
    return RegionSet(statistics(850, 40), statistics(420, 14), statistics(6.122, 3.2))


@pytest.mark.parametrize(
    ("measure", "method", "expected"),
    [
        (measures.snr, "tissue_sd", 60.714),
        (measures.cnr, "tissue_sd", 30.714),
        (measures.referenceSnr, "tissue_sd", 30.0),
        (measures.snr, "roi_sd", 21.25),
        (measures.snr, "air_sd", 265.625),
        (measures.cnr, "air_sd", 134.375),
        (measures.snr, "air_rayleigh", 174.02),
        (measures.cnr, "pooled_sd", 14.349),
        (measures.cnr, "pooled_sd_sum", 10.146),
        (measures.cnr, "pooled_sd_sum_air", 430 / math.sqrt(40**2 + 14**2 + 3.2**2)),
    ],
)
def test_worked_example_to_four_digits(workedExample, measure, method, expected):
    assert measure(workedExample, method).value == pytest.approx(expected, rel=5e-5)
    assert measure(workedExample, method).warnings == ()


def test_worked_example_contrasts(workedExample):
    assert measures.michelson(workedExample).value == pytest.approx(0.33858, abs=5e-6)
    assert measures.contrastRatio(workedExample).value == pytest.approx(850 / 420)
    assert measures.percentContrast(workedExample).value == pytest.approx(100 * 430 / 420)


def test_rayleigh_factor_is_the_sd_of_rayleigh_air_over_sigma():
    noise = np.random.default_rng(3).normal(0, 5, (2, 400_000))
    assert pytest.approx(np.hypot(*noise).std() / 5, rel=0.005) == measures.RAYLEIGH_FACTOR


def test_cnr_keeps_its_sign_for_dark_lesions():
    regions = RegionSet(statistics(300, 10), statistics(400, 20))
    assert measures.cnr(regions, "tissue_sd").value == pytest.approx(-5.0)
    assert measures.percentChange(-5.0, -8.0) == pytest.approx(60.0)


def test_difference_method_gives_the_known_noise_of_two_repeats():
    rng = np.random.default_rng(4)
    anatomy = rng.normal(500, 80, 20_000)
    first, second = anatomy + rng.normal(0, 12, (2, 20_000))
    spread = float(np.std(first - second, ddof=1) / math.sqrt(2))
    regions = RegionSet(statistics(500, 80), difference=spread, repeatMeans=(500.0, 400.0))
    assert measures.snr(regions, "difference").value == pytest.approx(500 / 12, rel=0.02)


def test_pseudo_replica_divides_by_the_replica_noise(workedExample):
    regions = RegionSet(workedExample.lesion, workedExample.reference, replica=17.0)
    assert measures.snr(regions, "pseudo_replica").value == pytest.approx(50.0)
    assert measures.cnr(regions, "pseudo_replica").value == pytest.approx(430 / 17)


def test_region_statistics_use_the_sample_sd_and_report_sizes():
    found = regionStatistics(np.array([2, 4, 4, 6, 9], np.int16), 1.5, areaPerVoxel=0.5)
    assert (found.count, found.mean, found.median, found.minimum, found.maximum) == (5, 5.0, 4.0, 2.0, 9.0)
    assert found.sd == pytest.approx(math.sqrt(7.0))
    assert (found.mm3, found.mm2, found.step) == (7.5, 2.5, 2.0)
    assert "Only 5 voxels" in found.warnings[0]


def test_region_statistics_leave_out_nan_and_say_so():
    found = regionStatistics(np.array([1.0, np.nan, 3.0, np.inf]), 1.0)
    assert (found.count, found.mean, found.notFinite) == (2, 2.0, 2)
    assert "2 voxels are not a number" in found.warnings[0]


def test_region_statistics_of_large_16_bit_values_do_not_overflow():
    assert regionStatistics(np.full(100_000, 65_000, np.uint16), 1.0).mean == 65_000


def test_constant_reference_is_not_measurable():
    regions = RegionSet(statistics(850, 40), regionStatistics(np.full(50, 420.1, np.float32), 1.0))
    found = measures.snr(regions, "tissue_sd")
    assert found.value is None
    assert "constant" in found.reason


def test_sd_below_a_millionth_of_the_signal_is_not_measurable():
    values = 1e6 + np.random.default_rng(5).normal(0, 0.3, 500)
    assert measures.snr(RegionSet(statistics(9e5, 1), regionStatistics(values, 1.0)), "tissue_sd").value is None


def rayleighAir(sigma, count=2000):
    return np.hypot(*np.random.default_rng(6).normal(0, sigma, (2, count)))


def airSnr(values, method="air_sd"):
    return measures.snr(RegionSet(statistics(850, 40), air=regionStatistics(values, 1.0)), method)


def test_honest_air_gives_sigma_by_the_rayleigh_method():
    found = airSnr(rayleighAir(4.0), "air_rayleigh")
    assert found.value == pytest.approx(850 / 4.0, rel=0.04)
    assert found.warnings == ()


def test_air_stored_as_integers_is_measurable_while_steps_are_fine():
    assert airSnr(np.round(rayleighAir(2.0)).astype(np.int16)).value == pytest.approx(
        airSnr(rayleighAir(2.0)).value, rel=0.06
    )


@pytest.mark.parametrize(
    ("values", "word"),
    [
        (np.zeros(200), "masked"),
        (np.where(np.arange(2000) % 3 == 0, 0.0, rayleighAir(4.0)), "masked"),
        (np.round(rayleighAir(0.8)), "rounded"),
        (np.array([3.0]), "fewer than 2"),
        (rayleighAir(1e-5), "blanked"),
    ],
    ids=["zero", "partly zero", "quantized", "one voxel", "tiny"],
)
def test_blanked_or_rounded_air_is_refused_with_the_reason(values, word):
    found = airSnr(values)
    assert found.value is None
    assert word in found.reason


def test_many_coil_air_is_flagged_for_the_rayleigh_factor():
    coils = np.random.default_rng(7).normal(0, 4, (16, 2000))
    assert "1.91" in airSnr(np.sqrt((coils**2).sum(axis=0)), "air_rayleigh").warnings[0]


def test_missing_regions_are_named(workedExample):
    alone = RegionSet(workedExample.lesion)
    assert "reference" in measures.cnr(alone, "tissue_sd").reason
    assert "air" in measures.snr(alone, "air_sd").reason
    assert "repeat" in measures.snr(alone, "difference").reason
    assert "replica" in measures.snr(alone, "pseudo_replica").reason
    assert "defines no CNR" in measures.cnr(workedExample, "roi_sd").reason


def test_contrast_with_a_zero_reference_is_not_measurable():
    assert measures.contrastRatio(RegionSet(statistics(5, 1), statistics(0.0, 1))).value is None


def test_percent_change_of_equal_values_is_exactly_zero():
    assert measures.percentChange(0.1 + 0.2, 0.1 + 0.2) == 0.0
    assert measures.percentChange(0.0, 5.0) is None
    assert measures.percentChange(None, 5.0) is None


def test_unknown_method_is_refused_with_the_list():
    with pytest.raises(BadOption, match="tissue_sd, roi_sd"):
        measures.snr(RegionSet(statistics(1, 1)), "magic")
