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


def noisy(volume, sd):
    """The volume with noise along the line only, so that averaging over parallel lines does not take it out."""
    noise = np.random.default_rng(2).normal(0, sd, volume.voxels.shape[2])
    return volume.withVoxels(volume.voxels + noise)


def rowOf(rows, metric):
    return next(row for row in rows if row.metric == metric)


def test_every_row_tells_its_parts_and_voxels():
    row = rowOf(measureLines(edgeVolume(1.5), None, [line(20.0, 40.0)]), "erd")
    parts = dict(row.components)
    assert parts["step"] == pytest.approx(200, rel=0.01)
    assert (parts["low"], parts["high"]) == (0.1, 0.9)
    assert parts["position"] == pytest.approx(9.75, abs=0.3)
    # 20 mm of 0.5-mm voxels, three lines beside each other
    assert row.voxels == pytest.approx(3 * 41, abs=6)
    assert row.warning == ""


def test_an_edge_as_sharp_as_the_grid_is_flagged():
    found = measureLines(edgeVolume(0.05), None, [line(20.0, 40.0)])
    assert "grid sets the value" in rowOf(found, "erd").warning


def test_a_noisy_edge_and_a_noisy_target_are_flagged():
    edge = measureLines(noisy(edgeVolume(1.5), 25.0), None, [line(20.0, 40.0)])
    assert "not clear of the noise" in rowOf(edge, "erd").warning
    target = measureLines(noisy(targetVolume(3.0), 45.0), None, [line(20.0, 40.0)])
    assert "not clear of the noise" in rowOf(target, "fwhm").warning
    assert dict(rowOf(target, "fwhm").components)["baseline"] == pytest.approx(100, abs=60)


def test_a_target_narrower_than_two_voxels_is_flagged():
    found = measureLines(targetVolume(0.6), None, [line(20.0, 40.0)])
    assert "narrower than two voxels" in rowOf(found, "fwhm").warning


def test_an_overshoot_within_the_noise_is_flagged_and_a_clear_one_is_not():
    spectrum = np.fft.fft(np.where(np.arange(120) < 60, 100.0, 300.0))
    spectrum[18:-17] = 0  # truncation: Gibbs' 8.9 %
    ringing = np.broadcast_to(np.fft.ifft(spectrum).real, (20, 20, 120)).copy()
    clean = edgeVolume(1.0).withVoxels(ringing)
    clear = rowOf(measureLines(clean, None, [line(22.0, 38.0)]), "overshoot")
    assert clear.value == pytest.approx(8.9, abs=3.0)
    noise = rowOf(measureLines(noisy(edgeVolume(1.0), 12.0), None, [line(20.0, 40.0)]), "overshoot")
    assert "within the noise" in noise.warning
