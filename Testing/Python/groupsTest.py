"""Groups of windows that look alike: the posterior's arithmetic, and what a group gives and keeps."""

import numpy as np
import pytest
import torch

from DLEnhanceLib import groups
from DLEnhanceLib.groups import inverseCovariance, magnitudeBias, noiseOfGroups, posterior
from DLEnhanceTraining.acquisition import Protocol, addNoise, scan

SIGMA = 0.05
WHITE = torch.ones(1, 3)
LESION = (..., slice(20, 23), slice(22, 25), slice(10, 13))


def noiseLike(image, seed=1):
    return SIGMA * torch.randn(image.shape, generator=torch.Generator().manual_seed(seed))


def folds(shape=(32, 36, 40)):
    """Curved folds two to four voxels wide, as of cortex."""
    k, j, i = (torch.arange(n, dtype=torch.float32) for n in shape)
    wave = torch.sin(0.9 * i[None, None] + 2 * torch.sin(0.2 * j)[None, :, None] + 0.3 * k[:, None, None])
    return (1 + 0.25 * torch.tanh(4 * wave))[None, None]


def better(image, estimate, support=WHITE):
    return image - noiseOfGroups(image, image - estimate, torch.full_like(image, SIGMA), support)


def error(image, truth):
    return float((image - truth)[..., 4:-4, 4:-4, 4:-4].square().mean().sqrt())


@pytest.mark.parametrize("support", [(1.0, 1.0, 1.0), (1.0, 0.7, 0.62)])
def test_the_posterior_is_that_of_the_textbook(support):
    """m + C (C + N)^-1 (y - m) with the whole matrices of 64 x 64, in double precision; with shares, of shares."""
    generator = torch.Generator().manual_seed(0)
    measured, known = torch.randn(2, 3, groups.MEMBERS, 64, generator=generator, dtype=torch.float64)
    shares = torch.rand(3, groups.MEMBERS, generator=generator, dtype=torch.float64)
    power = torch.tensor([[0.1], [0.5], [2.0]], dtype=torch.float64)
    inverse = inverseCovariance(torch.tensor([support], dtype=torch.float64))
    found = posterior(measured, known, shares, power, inverse)
    whole = torch.linalg.inv(inverse) if inverse.ndim else torch.eye(64, dtype=torch.float64) / inverse
    for n in range(3):
        weights = shares[n].numpy()
        scatter = np.cov(known[n].numpy(), rowvar=False, aweights=weights, ddof=0) * weights.sum()
        covariance = torch.from_numpy(scatter / (weights.sum() - 1))
        mean = (measured[n] * shares[n][:, None]).sum(0) / shares[n].sum()
        expected = mean + (measured[n] - mean) @ torch.linalg.solve(covariance + power[n] * whole, covariance)
        assert torch.allclose(found[n], expected, atol=1e-8)


def test_the_inverse_is_of_the_noise_that_a_scanner_makes():
    support = (1.0, 0.7, 0.62)
    image = torch.full((64, 64, 64), 10.0)
    scanned = scan(image, torch.zeros_like(image), Protocol(support=support, phaseCycles=0.5), np.random.default_rng(3))
    noisy, ringing, *_ = addNoise(scanned, SIGMA, torch.Generator().manual_seed(2))
    windows = ((noisy - ringing) / SIGMA).unfold(0, 4, 4).unfold(1, 4, 4).unfold(2, 4, 4).reshape(-1, 64).numpy()
    modelled = torch.linalg.inv(inverseCovariance(torch.tensor([support]))).numpy() - groups.NOISE_FLOOR * np.eye(64)
    assert np.abs(np.cov(windows, rowvar=False) - modelled).max() < 0.1


def test_no_rounding_decides_who_belongs_to_a_group():
    """When the estimate changes a little, no window joins or leaves a group at once."""
    estimate = noiseLike(torch.zeros(48, 48, 48))
    change = 3e-3 * noiseLike(estimate, seed=2)
    shares = []
    for one in (estimate, estimate + change):
        members, share = groups._members(one, torch.full((one.numel(),), SIGMA**2), [10, 10, 10], None)
        whole = torch.zeros(len(members), one.numel())
        shares.append(whole.scatter_(1, members, share))
    assert float((shares[0] - shares[1]).abs().max()) < 0.2
    assert float(shares[0].sum(1).min()) > 0.5 * groups.MEMBERS


def test_folds_smoothed_a_little_become_sharper_and_cleaner():
    truth = folds()
    image = truth + noiseLike(truth)
    estimate = torch.nn.functional.avg_pool3d(image, 3, stride=1, padding=1, count_include_pad=False)
    estimate = 0.5 * estimate + 0.5 * truth
    assert error(better(image, estimate), truth) < 0.8 * error(estimate, truth)


def test_uniform_tissue_keeps_little_of_its_noise():
    truth = torch.full((1, 1, 32, 32, 32), 0.8)
    image = truth + noiseLike(truth)
    assert error(better(image, truth), truth) < 0.25 * SIGMA


def test_a_lesion_of_three_voxels_keeps_its_contrast():
    truth = torch.full((1, 1, 40, 44, 48), 0.8)
    truth[LESION] += 5 * SIGMA
    image = truth + noiseLike(truth)
    found = better(image, truth) - better(image - truth + 0.8, torch.full_like(truth, 0.8))
    assert float(found[LESION].mean()) > 0.85 * 5 * SIGMA


def test_zero_filled_noise_is_taken_for_what_it_is():
    """Told that noise is white, the same groups keep more of it."""
    support = torch.tensor([(1.0, 0.6, 0.6)])
    image = torch.full((40, 40, 40), 1.0)
    scanned = scan(
        image, torch.zeros_like(image), Protocol(support=tuple(support[0].tolist())), np.random.default_rng(3)
    )
    noisy, ringing, *_ = addNoise(scanned, SIGMA, torch.Generator().manual_seed(2))
    noisy, ringing = noisy[None, None], ringing[None, None]
    rough = ringing + 0.3 * (noisy - ringing)  # a first estimate that still holds some of the noise
    assert error(better(noisy, rough, support), ringing) < 0.9 * error(better(noisy, rough), ringing)


def test_magnitudes_lose_their_bias():
    real, imaginary = SIGMA * torch.randn(2, 1, 1, 40, 40, 40, generator=torch.Generator().manual_seed(4))
    truth = torch.full_like(real, 2 * SIGMA)
    image = torch.hypot(real + truth, imaginary)
    before, after = (float((x - truth).mean()) / SIGMA for x in (image, better(image, truth)))
    assert before > 0.25
    assert abs(after) < 0.06


def test_the_bias_vanishes_far_above_the_noise_and_is_never_negative():
    signal = torch.linspace(-1, 20, 50)
    bias = magnitudeBias(signal, torch.ones(50))
    assert float(bias.min()) > 0
    assert float(bias[-1]) < 0.03


def test_units_do_not_change_the_result(monkeypatch):
    truth = folds()
    image = truth + noiseLike(truth)
    whole = better(image, truth)
    monkeypatch.setattr(groups, "UNIT", (8, 16, 12))
    assert torch.allclose(better(image, truth), whole, atol=1e-5)


def test_threads_do_not_change_the_result():
    truth = folds((32, 80, 80))
    image = truth + noiseLike(truth)
    results, threads = [], torch.get_num_threads()
    for count in (1, 2):
        torch.set_num_threads(count)
        with torch.inference_mode():
            results.append(better(image, truth))
    torch.set_num_threads(threads)
    assert torch.equal(*results)


def test_wanted_cells_are_those_of_a_whole_run():
    """What is far from them keeps the first estimate."""
    truth = folds((32, 36, 80))
    image, cells = truth + noiseLike(truth), np.zeros((8, 9, 20), bool)
    cells[2:5, 3, 4:6] = cells[7, 8, 1] = True
    whole = image - better(image, truth)
    part = noiseOfGroups(image, image - truth, torch.full_like(image, SIGMA), WHITE, cells=cells)
    wanted = torch.from_numpy(cells.repeat(4, 0).repeat(4, 1).repeat(4, 2))[None, None]
    assert (whole - part)[wanted].abs().max() < 1e-6
    assert torch.equal(part[..., 48:], (image - truth)[..., 48:])


def test_nothing_beyond_the_halo_counts():
    truth = torch.full((1, 1, 8, 8, 64), 0.8)
    image = truth + noiseLike(truth)
    other = image.clone()
    other[..., 32:] += 3.0
    first, second = (better(x, 0.5 * x + 0.4) for x in (image, other))
    apart = (first - second).abs().amax(dim=(0, 1, 2, 3)).numpy()
    assert apart[: 32 - groups.HALO].max() == 0
    assert np.any(apart[32 - groups.HALO :] > 0)


@pytest.mark.parametrize("shape", [(1, 1, 4), (4, 5, 7), (3, 40, 40)])
def test_volumes_smaller_than_a_window_keep_their_shape(shape):
    image = torch.full((1, 1, *shape), 0.8)
    image = image + noiseLike(image)
    found = better(image, torch.full_like(image, 0.8))
    assert found.shape == image.shape
    assert bool(torch.isfinite(found).all())
