"""Error to a known truth and contrast kept in lesions of known size."""

import numpy as np
import pytest

from DLEnhanceLesionMetricsLib.truthComparison import contrastKept, truthError
from DLEnhanceLib.volume import Volume

SPACING = np.diag([1.0, 1.0, 2.0, 1.0])


def ball(center, radius, shape=(20, 40, 40)):
    k, j, i = np.indices(shape)
    squared = ((k - center[0]) * 2.0) ** 2 + (j - center[1]) ** 2 + (i - center[2]) ** 2
    return squared <= radius**2


@pytest.fixture
def truthWithTwoLesions():
    labels = np.zeros((20, 40, 40), np.uint8)
    labels[ball((10, 10, 10), 1.5)] = 1
    labels[ball((10, 28, 28), 4.0)] = 2
    truth = 100.0 + 50.0 * (labels > 0)
    return Volume(truth, SPACING), Volume(labels, SPACING), {1: 3.0, 2: 8.0}


def everywhere(volume):
    return np.ones(volume.voxels.shape, bool)


def test_psnr_of_a_constant_error_matches_the_formula(truthWithTwoLesions):
    truth, _, _ = truthWithTwoLesions
    error = truthError(truth.withVoxels(truth.voxels + 10.0), truth, everywhere(truth))
    assert error.rmsePercent == pytest.approx(100 * 10 / 100)
    assert error.psnr == pytest.approx(20.0)


def test_half_the_contrast_is_seen_in_the_class_that_lost_it(truthWithTwoLesions):
    truth, labels, diameters = truthWithTwoLesions
    voxels = truth.voxels.copy()
    voxels[labels.voxels == 1] = 125.0
    small, large = contrastKept(truth.withVoxels(voxels), truth, labels, diameters, everywhere(truth))
    assert (small.lesions, small.largest, large.smallest) == (1, 3.0, 8.0)
    assert small.slope == pytest.approx(0.5)
    assert large.slope == pytest.approx(1.0)
    assert small.rmsePercent == pytest.approx(25.0, rel=0.01)


def test_an_offset_is_no_loss_of_contrast(truthWithTwoLesions):
    truth, labels, diameters = truthWithTwoLesions
    kept = contrastKept(truth.withVoxels(truth.voxels + 30.0), truth, labels, diameters, everywhere(truth))
    assert [one.slope for one in kept] == pytest.approx([1.0, 1.0])
