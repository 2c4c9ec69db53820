"""An image from its large cosine coefficients: the filter of lapped.py, by another way."""

import pytest
import torch
from extrapolationTest import SHAPE, blocks

from DLEnhanceLib import lapped, sparseCosines
from DLEnhanceLib.sparseCosines import withoutSmallCosines


@pytest.fixture(autouse=True)
def _noGradients():
    with torch.inference_mode():
        yield


def noisy():
    return torch.from_numpy(blocks()) + 0.05 * torch.randn(SHAPE, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("threshold", [0.03, 0.15, 0.6])
def test_result_is_the_first_estimate_of_white_noise(threshold, monkeypatch):
    monkeypatch.setattr(lapped, "RAMP", 1e-6)  # here the threshold is a step
    image, sigma = noisy(), threshold / lapped.HARD_THRESHOLD
    expected = lapped.firstEstimate(image[None, None], torch.full((1, 1, *SHAPE), sigma), torch.ones(1, 3))[0, 0]
    apart = (withoutSmallCosines(image, threshold) - expected).abs()
    # rounding takes a coefficient that lies at the threshold across it
    assert apart.median() < 1e-6
    assert (apart > 1e-5).float().mean() < 0.01
    assert apart.max() < threshold / 8


def test_nothing_below_the_threshold_gives_the_image_back():
    image = noisy()
    assert torch.allclose(withoutSmallCosines(image, 0.0), image, atol=1e-5)


@pytest.mark.parametrize(("layers", "windows"), [(1, 1), (3, 200), (100, 10**6)])
def test_parts_and_threads_do_not_change_the_result(monkeypatch, layers, windows):
    image, threads = noisy(), torch.get_num_threads()
    whole = withoutSmallCosines(image, 0.1)
    monkeypatch.setattr(sparseCosines, "LAYERS", layers)
    monkeypatch.setattr(sparseCosines, "WINDOWS", windows)
    torch.set_num_threads(3)
    try:
        assert torch.allclose(withoutSmallCosines(image, 0.1), whole, atol=1e-5)
    finally:
        torch.set_num_threads(threads)
