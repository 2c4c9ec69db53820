"""Edges of known blur, peaks of known width and truncation of known overshoot."""

import math

import numpy as np
import pytest
from scipy.special import erf

from DLEnhanceLesionMetricsLib.profiles import Profile, lineProfile
from DLEnhanceLesionMetricsLib.sharpness import edgeRise, peakWidth
from DLEnhanceLib.errors import BadOption
from DLEnhanceLib.volume import Volume

POSITIONS = np.linspace(0, 20, 401)


def edge(sigma, height=100.0, base=50.0, at=10.0):
    return Profile(POSITIONS, base + height * (1 + erf((POSITIONS - at) / (sigma * math.sqrt(2)))) / 2)


@pytest.mark.parametrize("sigma", [0.4, 1.0, 2.0])
@pytest.mark.parametrize("height", [100.0, -100.0])
def test_gaussian_edge_rises_in_two_and_a_half_sigma(sigma, height):
    found = edgeRise(edge(sigma, height, base=200.0))
    assert found.distance == pytest.approx(2.563 * sigma, rel=0.01)
    assert found.slope == pytest.approx(0.8 * 100 / found.distance, rel=1e-3)
    assert found.relativeSlope == pytest.approx(0.8 / found.distance)
    assert found.position == pytest.approx(10.0, abs=0.02)
    assert found.overshoot == pytest.approx(0.0, abs=0.002)


def test_narrower_fractions_give_the_narrower_distance():
    assert edgeRise(edge(1.0), low=0.2, high=0.8).distance == pytest.approx(2 * 0.8416, rel=0.01)


def test_noise_on_the_plateaus_hardly_moves_the_edge():
    noisy = Profile(POSITIONS, edge(1.0).values + np.random.default_rng(1).normal(0, 1.0, 401))
    assert edgeRise(noisy).distance == pytest.approx(2.563, rel=0.06)


@pytest.mark.parametrize("sign", [1, -1])
def test_truncated_edge_overshoots_by_nine_percent(sign):
    # Partial Fourier series of a step between -10 and 10 mm: Gibbs' overshoot is 8.949 % of the step.
    x = np.linspace(4, 16, 6001)
    series = 0.5 + sum(2 / (math.pi * n) * np.sin(n * math.pi * (x - 10) / 20) for n in range(1, 160, 2))
    assert edgeRise(Profile(x - 4, 100 + sign * 30 * series)).overshoot == pytest.approx(0.0895, abs=0.002)


@pytest.mark.parametrize("height", [80.0, -80.0])
def test_gaussian_peak_has_the_fwhm_of_the_formula(height):
    profile = Profile(POSITIONS, 100 + height * np.exp(-((POSITIONS - 9) ** 2) / (2 * 0.9**2)))
    found = peakWidth(profile)
    assert found.width == pytest.approx(2.3548 * 0.9, rel=0.01)
    assert (found.baseline, found.peak) == (pytest.approx(100, abs=0.1), pytest.approx(100 + height, abs=0.1))


@pytest.mark.parametrize("values", [np.full(401, 7.0), np.random.default_rng(2).normal(100, 5, 401)])
def test_no_edge_and_no_peak_give_a_reason_and_no_number(values):
    assert edgeRise(Profile(POSITIONS, values)).distance is None
    assert "draw it" in edgeRise(Profile(POSITIONS, values)).reason
    assert peakWidth(Profile(POSITIONS, np.full(401, 7.0))).width is None


def obliqueEdge(sigma):
    """A plane edge turned against an oblique, anisotropic grid, with the unit normal and a point on it."""
    angle = math.radians(25)
    axes = np.array([[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0], [0, 0, 1]])
    matrix = np.eye(4)
    matrix[:3, :3] = axes * [0.5, 0.6, 2.0]
    normal, point = np.array([0.8, 0.6, 0.0]), matrix[:3, :3] @ [40, 40, 5]
    k, j, i = np.indices((10, 80, 80))
    depth = np.stack([i, j, k], axis=-1) @ matrix[:3, :3].T @ normal - point @ normal
    return Volume((500 * (1 + erf(depth / (sigma * math.sqrt(2)))) / 2).astype(np.float32), matrix), normal, point


def test_line_through_an_oblique_volume_measures_the_edge_in_mm():
    volume, normal, point = obliqueEdge(1.0)
    profile = lineProfile(volume, point - 6 * normal, point + 6 * normal, width=3.0)
    assert edgeRise(profile).distance == pytest.approx(2.563, rel=0.02)
    assert edgeRise(profile).position == pytest.approx(6.0, abs=0.05)


def test_averaging_across_the_line_lowers_the_noise():
    volume, normal, point = obliqueEdge(1.0)
    noisy = volume.withVoxels(volume.voxels + np.random.default_rng(3).normal(0, 40, volume.voxels.shape).astype("f4"))
    ends = (point - 6 * normal, point + 6 * normal)
    clean = lineProfile(volume, *ends).values
    spread = [np.std(lineProfile(noisy, *ends, width=width).values - clean) for width in (0.0, 8.0)]
    assert spread[1] < 0.5 * spread[0]


def test_short_lines_and_lines_outside_are_refused():
    volume, normal, point = obliqueEdge(1.0)
    with pytest.raises(BadOption, match="shorter"):
        lineProfile(volume, point, point + normal)
    with pytest.raises(BadOption, match="leaves the image"):
        lineProfile(volume, point, point + 100 * normal)
