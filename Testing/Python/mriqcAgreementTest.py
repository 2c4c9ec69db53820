"""Our measures against the published formulas of MRIQC (Esteban 2017; mriqc.qc.anatomical) on the same masks.

The expected values are computed here from the formulas alone, without any code of ours.
"""

import math

import numpy as np
import pytest

from DLEnhanceLesionMetricsLib import measurement, regions
from DLEnhanceLib.volume import Volume

MATRIX = np.diag([1.0, 1.0, 1.2, 1.0])
GRAY, WHITE = np.s_[8:20, 10:24, 8:22], np.s_[8:20, 10:24, 32:50]
AIR = np.s_[2:12, 40:58, 4:30]


@pytest.fixture(scope="module")
def head():
    """Gray and white matter of 600 and 850 in Rayleigh air of sigma 12; magnitude of complex noise."""
    random = np.random.default_rng(7)
    truth = np.zeros((24, 60, 60))
    truth[:, 5:35] = 700
    truth[GRAY], truth[WHITE] = 600, 850
    noise = random.normal(0, 12, (2, *truth.shape))
    return Volume(np.hypot(truth + noise[0], noise[1]).astype(np.float32), MATRIX, name="head")


@pytest.fixture(scope="module")
def rows(head):
    """Gray matter measured as a lesion against white matter and air."""

    def region(name, role, part):
        inside = np.zeros(head.voxels.shape, bool)
        inside[part] = True
        return regions.maskRegion(name, role, inside, head)

    found = [region("GM", "lesion", GRAY), region("WM", "reference", WHITE), region("air", "air", AIR)]
    methods = ("roi_sd", "air_rayleigh", "pooled_sd_sum_air", "tissue_sd")
    return measurement.measurePair(head, None, found, noiseMethods=methods)


def value(rows, metric, method="none"):
    return next(row.value for row in rows if (row.metric, row.method) == (metric, method))


def populationSd(values):
    return math.sqrt(sum((x - sum(values) / len(values)) ** 2 for x in values) / len(values))


def parts(head):
    return [head.voxels[part].astype(float).ravel().tolist() for part in (GRAY, WHITE, AIR)]


def test_snr_of_a_region_is_mriqcs_with_the_mean_for_its_median(head, rows):
    gray = parts(head)[0]
    n, sigma = len(gray), populationSd(gray)
    expected = (sum(gray) / n) / (sigma * math.sqrt(n / (n - 1)))
    assert value(rows, "snr", "roi_sd") == pytest.approx(expected, rel=1e-9)
    # MRIQC itself divides the median; in a homogeneous region the two hardly differ.
    withMedian = sorted(gray)[n // 2] / (sigma * math.sqrt(n / (n - 1)))
    assert value(rows, "snr", "roi_sd") == pytest.approx(withMedian, rel=0.005)


def test_snr_by_rayleigh_air_is_mriqcs_snr_dietrich(head, rows):
    gray, _, air = parts(head)
    factor = 1 / math.sqrt(2 / (4 - math.pi))
    expected = factor * (sum(gray) / len(gray)) / populationSd(air)
    # Ours takes the sample SD (n - 1): with 4680 voxels of air a difference of 0.01 %.
    assert value(rows, "snr", "air_rayleigh") == pytest.approx(expected, rel=2e-4)
    assert value(rows, "snr", "air_rayleigh") == pytest.approx(600 / 12, rel=0.05)


def test_cnr_over_all_variances_is_mriqcs_cnr_with_its_sign(head, rows):
    gray, white, air = parts(head)
    difference = sum(gray) / len(gray) - sum(white) / len(white)
    expected = difference / math.sqrt(sum(populationSd(part) ** 2 for part in (gray, white, air)))
    assert value(rows, "cnr", "pooled_sd_sum_air") == pytest.approx(expected, rel=5e-4)
    assert expected < 0


def test_coefficient_of_joint_variation_is_mriqcs(head, rows):
    gray, white, _ = parts(head)
    difference = abs(sum(gray) / len(gray) - sum(white) / len(white))
    expected = (populationSd(gray) + populationSd(white)) / difference
    assert value(rows, "cjv") == pytest.approx(expected, rel=5e-4)


def test_joint_variation_falls_with_the_noise_and_needs_a_contrast(head):
    from DLEnhanceLesionMetricsLib import measures

    lesion = measures.regionStatistics(np.array([10.0, 12, 14]), 1.0)
    far, near = (measures.regionStatistics(np.array([base, base + 2.0, base + 4]), 1.0) for base in (30.0, 13.0))
    of = {
        name: measures.jointVariation(measures.RegionSet(lesion, other))
        for name, other in (("far", far), ("near", near))
    }
    assert of["far"].value == pytest.approx(4 / 20)
    assert of["near"].value > of["far"].value
    assert measures.jointVariation(measures.RegionSet(lesion, lesion)).value is None
    assert "reference" in measures.jointVariation(measures.RegionSet(lesion)).reason
