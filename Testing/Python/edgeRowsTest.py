"""Edge rise and width of lines in a pair of volumes, on blurred edges with known answers."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from DLEnhanceLesionMetricsLib.edgeRows import EdgeLine, measureLines
from DLEnhanceLib.volume import Volume

SPACING = 0.5
RISE_OF_GAUSS = 2 * 1.2816  # 10-90 % of a step blurred by a Gaussian, in its SDs


def edgeVolume(sigmaMm):
    profile = gaussian_filter1d(np.where(np.arange(120) < 60, 100.0, 300.0), sigmaMm / SPACING)
    return Volume(np.broadcast_to(profile, (20, 20, 120)).copy(), np.diag([SPACING, SPACING, SPACING, 1.0]))


def targetVolume(widthMm):
    sigma = widthMm / 2.3548
    x = (np.arange(120) - 60) * SPACING
    return Volume(
        np.broadcast_to(100 + 400 * np.exp(-(x**2) / 2 / sigma**2), (20, 20, 120)).copy(),
        np.diag([SPACING, SPACING, SPACING, 1.0]),
    )


def line(start, end):
    return EdgeLine("E1", np.array([start, 5.0, 5.0]), np.array([end, 5.0, 5.0]))


def valuesOf(rows, metric):
    return {row.condition: row.value for row in rows if row.metric == metric}


def test_edge_rise_of_both_images_matches_their_blur():
    rows = measureLines(edgeVolume(1.5), edgeVolume(1.0), [line(20.0, 40.0)])
    rise = valuesOf(rows, "erd")
    assert rise["standard"] == pytest.approx(1.5 * RISE_OF_GAUSS, rel=0.03)
    assert rise["enhanced"] == pytest.approx(1.0 * RISE_OF_GAUSS, rel=0.03)
    assert {row.unit for row in rows if row.metric == "erd"} == {"mm"}


def test_a_small_target_gives_its_width_instead():
    rows = measureLines(targetVolume(4.0), targetVolume(3.0), [line(20.0, 40.0)])
    assert {row.metric for row in rows} == {"fwhm"}
    assert valuesOf(rows, "fwhm") == pytest.approx({"standard": 4.0, "enhanced": 3.0}, rel=0.03)


def test_the_standard_image_alone_is_measured_too():
    assert {row.condition for row in measureLines(edgeVolume(1.0), None, [line(20.0, 40.0)])} == {"standard"}


def test_a_line_outside_the_image_has_no_value_but_a_reason():
    rows = measureLines(edgeVolume(1.0), None, [line(50.0, 90.0)])
    assert all(row.value is None for row in rows)
    assert "leaves the image" in rows[0].warning


def test_a_line_through_flat_tissue_has_no_value_but_a_reason():
    rows = measureLines(edgeVolume(1.0), None, [line(2.0, 15.0)])
    assert [row.value for row in rows] == [None] * 3
    assert "do not differ" in rows[0].warning
