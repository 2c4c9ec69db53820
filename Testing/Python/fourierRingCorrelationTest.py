"""Scanning Fourier ring correlation: an image is like itself, noise is not, and a repainted patch is named."""

import sys
from pathlib import Path

import numpy as np
import pytest
from headPhantom import acquire, headPhantom

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Benchmarks"))

from fourierRingCorrelation import judgeOutput, ringCorrelation, scanningRingCorrelation


@pytest.fixture(scope="module")
def scans():
    image, clean = acquire(headPhantom(), sigma=0.05)
    return image, clean


def test_an_image_correlates_fully_with_itself_at_any_scale(scans):
    patch = scans[1][36, 30:62, 30:62]
    assert ringCorrelation(patch, patch) == pytest.approx(1.0)
    assert ringCorrelation(patch, 3 * patch + 100) == pytest.approx(1.0)


def test_independent_noise_does_not_correlate():
    random = np.random.default_rng(0)
    correlations = [ringCorrelation(*random.standard_normal((2, 32, 32))) for _ in range(60)]
    assert abs(np.mean(correlations)) < 0.05


def test_noise_lowers_the_correlation_and_removing_it_raises_it(scans):
    image, clean = scans
    head = headPhantom() > 0.3
    noisy = scanningRingCorrelation(clean, image, mask=head).values
    half = scanningRingCorrelation(clean, (image + clean) / 2, mask=head).values
    assert np.nanmean(half) > np.nanmean(noisy)


def test_a_cleaner_image_passes(scans):
    image, clean = scans
    verdict = judgeOutput(clean, image, 0.3 * image + 0.7 * clean, mask=headPhantom() > 0.3)
    assert verdict.passed
    assert verdict.patches > 50


def test_a_repainted_patch_is_found_where_it_is(scans):
    image, clean = scans
    painted = clean.copy()
    painted[36, 32:64, 32:64] = clean[36, 32:64, 32:64][::-1, ::-1].T
    verdict = judgeOutput(clean, image, painted, mask=headPhantom() > 0.3)
    assert not verdict.passed
    assert verdict.worst == (36, 32, 32)
