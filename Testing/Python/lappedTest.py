"""The lapped cosine transform, its noise, and the network as a correction of the filter it starts from."""

import numpy as np
import pytest
import torch

from DLEnhanceLib import blocks, lapped
from DLEnhanceLib.fixedFilter import FixedFilter
from DLEnhanceLib.lapped import coefficientSd, wienerGains
from DLEnhanceLib.network import Denoiser, NetworkShape, conditionVector
from DLEnhanceLib.surprise import keptShare, surprise
from DLEnhanceTraining.acquisition import Protocol, addNoise, scan

WHITE = torch.ones(1, 3)
CONDITIONS = conditionVector((1.0, 0.7, 0.62), (1.0, 1.0, 1.2))[None]


def headTile(shape=(40, 44, 48)):
    """Two nested balls with a bright spot of two voxels."""
    grids = torch.meshgrid(*[torch.linspace(-1, 1, n) for n in shape], indexing="ij")
    radius = sum(g**2 for g in grids).sqrt()
    tile = torch.where(radius < 0.45, 1.0, 0.6) * (radius < 0.8)
    tile[20:22, 22:24, 24:26] += 0.5
    return tile[None, None]


@pytest.mark.parametrize("lattice", [0, 1])
def test_windows_of_a_lattice_give_the_tile_back(lattice):
    tile = torch.rand(2, 1, 8, 12, 10)
    inside = (..., slice(1, -1), slice(1, -1), slice(1, -1))  # one window less sees the outermost voxels of lattice B
    back = lapped.synthesise(lapped.analyse(tile, lattice), lattice) / 8
    assert torch.allclose(back[inside], tile[inside], atol=1e-5)


def test_merging_unchanged_windows_gives_the_tile_back():
    tile = torch.rand(1, 1, 12, 12, 16)
    windows = [(lapped.planes(measured), torch.ones_like(measured[:, :1])) for measured in lapped.both(tile)]
    assert torch.allclose(lapped.merge(windows), tile, atol=1e-5)


@pytest.mark.parametrize("support", [(1.0, 1.0, 1.0), (1.0, 0.7, 0.62), (0.5, 0.8, 1.0)])
def test_sd_of_each_coefficient_is_that_of_scanned_noise(support):
    """Noise of a simulated, zero-filled scan of a bright object, against the formula."""
    protocol = Protocol(support=support, phaseCycles=0.5)
    image = torch.full((64, 64, 64), 10.0)  # far above the noise: the magnitude adds none of its own
    scanned = scan(image, torch.zeros_like(image), protocol, np.random.default_rng(3))
    found = 0
    for seed in range(2):
        noisy, ringing, *_ = addNoise(scanned, 0.05, torch.Generator().manual_seed(seed))
        noise = ((noisy - ringing) / 0.05)[8:-8, 8:-8, 8:-8]
        found = found + lapped.analyse(noise[None, None].contiguous(), 1)[0, :, 1:-1, 1:-1, 1:-1].flatten(1).var(1) / 2
    expected = coefficientSd(torch.tensor([support]))[0]
    isLoud = expected > 0.1
    ratio = found[isLoud].sqrt() / expected[isLoud]
    assert float((ratio - 1).abs().mean()) < 0.05
    assert float(found[~isLoud].sqrt().max() if (~isLoud).any() else 0) < 0.15


def test_the_fixed_filter_lowers_white_noise_and_leaves_a_clean_tile():
    truth, sigma = headTile(), 0.05
    noisy = truth + sigma * torch.randn(truth.shape, generator=torch.Generator().manual_seed(1))
    done = lapped.wiener(noisy, torch.full_like(truth, sigma), WHITE)
    assert (done - truth).square().mean() < 0.2 * (noisy - truth).square().mean()
    clean = lapped.wiener(truth, torch.full_like(truth, 1e-3), WHITE)
    assert (clean - truth).abs().max() < 3e-3


def test_gains_lie_between_nothing_and_all():
    gains = wienerGains(torch.randn(1, 63, 3, 3, 3) * 5, 20 * torch.randn(1, 63, 3, 3, 3))
    assert gains.min() >= 0
    assert gains.max() <= 1


def untrained(seed=1, scale=0.0):
    """A network whose last layers are silent, or random with scale."""
    torch.manual_seed(seed)
    result = Denoiser(NetworkShape(32, 4)).eval()
    for layer in (*result.gates, *result.guesses, result.kept, result.bias, result.direct):
        layer.weight.data.mul_(0).add_(scale * torch.randn_like(layer.weight))
    result.trust.data.zero_()
    return result


def test_a_silent_network_is_the_fixed_filter_with_its_surprises_given_back():
    noise = 0.05 * torch.randn(1, 1, 40, 44, 48, generator=torch.Generator().manual_seed(4))
    tile, sigma = headTile() + noise, torch.full_like(noise, 0.05)
    with torch.inference_mode():
        found = untrained()(tile, sigma, CONDITIONS)
        removed = tile - lapped.wiener(tile, sigma, CONDITIONS[:, :3])
        expected = removed * (1 - keptShare(surprise(removed, sigma, CONDITIONS[:, :3])[0]))
    assert torch.allclose(found, expected, atol=1e-5)


def test_whatever_the_weights_are_no_coefficient_moves_further_than_noise_explains():
    generator = torch.Generator().manual_seed(5)
    measured, expected = (10 * torch.randn(1, n, 3, 3, 3, generator=generator) for n in (64, 63))
    sd, gains = torch.full_like(measured, 0.5), torch.rand(expected.shape, generator=generator)
    moved = lapped.drawnTo(expected, measured[:, 1:] / 0.5, gains, measured.clone(), sd) - measured
    assert (moved[:, 0] == 0).all()
    assert moved.abs().max() == pytest.approx(lapped.MOST_REMOVED * 0.5)


def test_a_gain_of_one_leaves_the_measured_value_and_of_nothing_gives_the_expected_one():
    measured, sd = torch.randn(1, 64, 3, 3, 3), torch.full((1, 64, 3, 3, 3), 2.0)
    inSd, gains = measured[:, 1:] / 2, torch.ones(1, 63, 3, 3, 3)
    expected = inSd + 0.5
    assert torch.equal(lapped.drawnTo(expected, inSd, gains, measured.clone(), sd), measured)
    drawn = lapped.drawnTo(expected, inSd, 0 * gains, measured.clone(), sd)
    assert torch.allclose(drawn[:, 1:], 2 * expected, atol=1e-6)


def test_blocks_do_not_change_the_result(monkeypatch):
    aNetwork = untrained(scale=0.02)
    tile = torch.rand(1, 1, 40, 44, 48)
    sigma = torch.full_like(tile, 0.05)
    with torch.inference_mode():
        whole = aNetwork(tile, sigma, CONDITIONS)
        monkeypatch.setattr(blocks, "BLOCK", 16)
        monkeypatch.setattr(lapped, "LAYERS", 3)
        assert torch.allclose(aNetwork(tile, sigma, CONDITIONS), whole, atol=1e-6)


@pytest.mark.parametrize("threads", [2, 3])
def test_blocks_in_several_threads_give_the_same_result_to_the_last_bit(monkeypatch, threads):
    monkeypatch.setattr(blocks, "BLOCK", 16)
    aNetwork, before = untrained(scale=0.02), torch.get_num_threads()
    tile = torch.rand(1, 1, 40, 44, 48)
    sigma, results = torch.full_like(tile, 0.05), []
    try:
        for count in (1, threads):
            torch.set_num_threads(count)
            with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
                results.append(aNetwork(tile, sigma, CONDITIONS))
            assert torch.get_num_threads() == count
    finally:
        torch.set_num_threads(before)
    assert torch.equal(*results)


def test_a_failure_in_one_of_several_threads_is_raised(monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 16)
    before = torch.get_num_threads()

    def fail(_part):
        raise MemoryError("too little")

    try:
        torch.set_num_threads(2)
        with torch.inference_mode(), pytest.raises(MemoryError):
            blocks.inBlocks(torch.rand(1, 1, 40, 44, 48), 1, fail)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_a_mirrored_tile_gives_the_mirrored_result():
    """But for the few coefficients that rounding lifts over the threshold."""
    tile = headTile() + 0.05 * torch.randn(1, 1, 40, 44, 48, generator=torch.Generator().manual_seed(2))
    sigma = torch.full_like(tile, 0.05)
    there = lapped.wiener(tile, sigma, WHITE)
    mirrored = lapped.wiener(tile.flip(3), sigma, WHITE).flip(3)
    assert float(((there - mirrored).abs() > 1e-4).float().mean()) < 0.01


def test_a_lesion_of_two_voxels_far_beyond_the_noise_is_given_back():
    noise = 0.05 * torch.randn(1, 1, 40, 44, 48, generator=torch.Generator().manual_seed(3))
    tile, sigma = headTile() + noise, torch.full_like(noise, 0.05)
    tile[..., 20:22, 22:24, 10] += 0.3  # six SD
    with torch.inference_mode():
        fixed = lapped.wiener(tile, sigma, WHITE)
        given = keptShare(surprise(tile - fixed, sigma, WHITE)[0]) * (tile - fixed)
    there = (..., slice(20, 22), slice(22, 24), 10)
    assert float(given[there].mean()) > 0.3 * float((tile - fixed)[there].mean())
    assert float(given.abs().mean()) < 0.04 * float((tile - fixed).abs().mean())


@pytest.mark.parametrize("support", [(1.0, 1.0, 1.0), (1.0, 0.7, 0.62)])
def test_surprise_of_pure_noise_has_the_sd_of_one(support):
    protocol = Protocol(support=support, phaseCycles=0.5)
    image = torch.full((48, 48, 48), 10.0)
    scanned = scan(image, torch.zeros_like(image), protocol, np.random.default_rng(3))
    noisy, ringing, *_ = addNoise(scanned, 0.05, torch.Generator().manual_seed(1))
    removed = (noisy - ringing)[None, None]
    smooth = surprise(removed, torch.full_like(removed, 0.05), torch.tensor([support]))[1]
    assert float(smooth[..., 6:-6, 6:-6, 6:-6].std()) == pytest.approx(1, abs=0.05)


def test_no_rounding_decides_what_the_threshold_keeps():
    """Coefficients at the threshold are kept in part, those beyond the ramp wholly or not at all."""
    sd = torch.ones(1, 64, 1, 1, 5)
    low, high = (lapped.HARD_THRESHOLD + sign * lapped.RAMP for sign in (-1, 1))
    coefficients = torch.linspace(low, high, 5).expand(1, 64, 1, 1, 5)
    gains = lapped.hardGains(coefficients, sd)[0, 1:, 0, 0]
    assert torch.allclose(gains, torch.tensor([0, 0, 0.5, 1, 1]).expand(63, 5), atol=1e-4)


def test_the_fixed_filter_takes_noise_and_leaves_a_voxel_that_is_no_noise():
    generator, sigma, reported = torch.Generator().manual_seed(6), 0.05, []
    tile = 0.8 + sigma * torch.randn(1, 1, 32, 36, 40, generator=generator)
    tile[..., 16, 18, 20] = 0.8 + 10 * sigma
    filtering, white = FixedFilter(), conditionVector((1.0, 1.0, 1.0), (1.0, 1.0, 1.0))[None]
    with torch.inference_mode():
        noise = filtering(tile, torch.full_like(tile, sigma), white, report=lambda: reported.append(1))
    left = (tile - noise - 0.8) / sigma
    assert float(left[..., 16, 18, 20]) > 8
    left[..., 12:21, 14:23, 16:25] = 0
    assert float(left[..., 4:-4, 4:-4, 4:-4].std()) < 0.25
    assert len(reported) == filtering.runs(tile.shape[2:])
