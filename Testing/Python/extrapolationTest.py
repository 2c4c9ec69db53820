"""Continuing the k-space of zero-filled images: the measured part stays, rings fall, edges gain. The truth is known."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from DLEnhanceLib import extrapolation
from DLEnhanceLib.errors import EnhancementCanceled
from DLEnhanceLib.extrapolation import (
    RAMP,
    beyondTheCut,
    flattened,
    gaussianKernel,
    measuredPart,
    periodic,
    smoothedToAcquired,
)

SHAPE = (40, 48, 44)


@pytest.fixture(autouse=True)
def _noGradients():
    with torch.inference_mode():
        yield


def blocks(seed=0):
    """Boxes of different intensities in air, (k, j, i), edges softened by half a voxel."""
    rng = np.random.default_rng(seed)
    image = np.zeros(SHAPE, np.float32)
    for _ in range(12):
        low = rng.integers(6, 20, 3)
        high = low + rng.integers(5, 16, 3)
        image[tuple(slice(a, min(b, n - 6)) for a, b, n in zip(low, high, SHAPE, strict=True))] = rng.uniform(0.3, 1)
    return ndimage.gaussian_filter(image, 0.4)


def cut(image, support):
    """The image with k-space filled up to the shares along k, j, i."""
    spectrum = np.fft.fftn(image)
    for axis, (n, share) in enumerate(zip(image.shape, support, strict=True)):
        keep = np.abs(np.fft.fftfreq(n)) <= share / 2 if share < 1 else np.ones(n, bool)
        spectrum *= keep.reshape([-1 if a == axis else 1 for a in range(3)])
    return np.fft.ifftn(spectrum).real.astype(np.float32)


def restored(image, support, **options):
    return image + beyondTheCut(torch.from_numpy(image), support, **options).numpy()


@pytest.mark.parametrize("support", [(1.0, 0.7, 0.62), (0.6, 1.0, 1.0), (1.0, 1.0, 0.5), (0.65, 0.65, 0.65)])
def test_result_is_nearer_to_the_whole_k_space(support):
    truth = blocks()
    image = cut(truth, support)
    before, after = (np.sqrt(((x - truth) ** 2).mean()) for x in (image, restored(image, support)))
    assert after < 0.75 * before


def test_rings_beside_an_edge_fall_to_less_than_half():
    truth = np.zeros(SHAPE, np.float32)
    truth[10:30, 12:36, 10:34] = 1.0
    image = cut(truth, (1.0, 1.0, 0.6))
    flat = np.s_[14:26, 16:32, 13:31]
    before, after = (np.abs(x - truth)[flat].max() for x in (image, restored(image, (1.0, 1.0, 0.6))))
    assert before > 0.03
    assert after < 0.5 * before


def test_filled_k_space_stays_as_it_was_measured():
    support = (1.0, 0.7, 0.62)
    image = cut(blocks(), support)
    change = restored(image, support) - image
    # the borders of the padding blur the edge of the cut a little, so well inside it
    inside = np.abs(np.fft.fftn(cut(change, (1.0, 0.6, 0.52))))
    assert inside.max() < 0.04 * np.abs(np.fft.fftn(change)).max()


def test_a_smooth_image_is_left_alone():
    image = ndimage.gaussian_filter(blocks(), 2.5)
    assert np.abs(restored(image, (1.0, 0.7, 0.7)) - image).max() < 0.01


def test_ends_of_an_axis_need_not_agree():
    ramp = np.broadcast_to(np.linspace(0.2, 1.0, SHAPE[2], dtype=np.float32), SHAPE).copy()
    change = restored(ramp, (1.0, 1.0, 0.6)) - ramp
    assert np.abs(change[:, :, 4:-4]).max() < 0.01


def test_more_rounds_are_better_than_few():
    truth, support = blocks(), (1.0, 0.7, 0.62)
    image = cut(truth, support)
    few, many = (np.abs(restored(image, support, rounds=n) - truth).mean() for n in (3, 12))
    assert many < few


def test_progress_is_reported_and_may_stop_the_work():
    image, seen = cut(blocks(), (1.0, 1.0, 0.6)), []
    restored(image, (1.0, 1.0, 0.6), rounds=4, report=seen.append)
    assert seen == [0.25, 0.5, 0.75, 1.0]

    def stop(_fraction):
        raise EnhancementCanceled

    with pytest.raises(EnhancementCanceled):
        restored(image, (1.0, 1.0, 0.6), report=stop)


@pytest.mark.parametrize("axes", [[0], [1, 2], [0, 1, 2]])
def test_periodic_image_holds_the_image_and_joins_its_ends(axes):
    rise = sum(np.linspace(0, 1, n).reshape([-1 if a == axis else 1 for a in range(3)]) for axis, n in enumerate(SHAPE))
    image = torch.from_numpy(rise.astype(np.float32)[:37, :, :41])
    padded, inside = periodic(image, axes)
    assert torch.equal(padded[inside], image)
    assert all(n % 2 == 0 for n in padded.shape)
    for axis in axes:
        assert padded.shape[axis] >= image.shape[axis] + 2 * RAMP
        steps = (padded - padded.roll(1, axis)).abs()
        assert steps.max() < 2.5 / RAMP  # of a rise by 1 that comes back over two ramps; a jump would be near 1


def test_flattening_lowers_the_total_variation_and_keeps_the_mean():
    image = torch.from_numpy(blocks() + np.random.default_rng(1).normal(0, 0.05, SHAPE).astype(np.float32))
    flat = flattened(image, 0.05)

    def variation(x):
        return sum(float(x.diff(dim=axis).abs().sum()) for axis in range(3))

    assert variation(flat) < 0.8 * variation(image)
    assert abs(float((flat - image).mean())) < 1e-5


def test_slabs_and_layers_give_the_flattening_of_whole_arrays(monkeypatch):
    image = torch.from_numpy(blocks() + np.random.default_rng(2).normal(0, 0.05, SHAPE).astype(np.float32))
    weight, dual, expected = 0.05, [torch.zeros(SHAPE) for _ in range(3)], image
    for _ in range(extrapolation.STEPS):
        slopes = [expected.diff(dim=a, append=expected.narrow(a, SHAPE[a] - 1, 1)) for a in range(3)]
        dual = [part + extrapolation.STEP_LENGTH / weight * slope for part, slope in zip(dual, slopes, strict=True)]
        size = sum(part.square() for part in dual).sqrt().clamp_min(1)
        dual = [part / size for part in dual]
        rises = [part.diff(dim=a, prepend=torch.zeros_like(part.narrow(a, 0, 1))) for a, part in enumerate(dual)]
        expected = image + weight * sum(rises)
    for slab in (7, 100):
        monkeypatch.setattr(extrapolation, "SLAB", slab)
        assert torch.allclose(flattened(image, weight), expected, atol=1e-6)


@pytest.mark.parametrize("support", [(1.0, 0.7, 0.62), (0.6, 1.0, 1.0), (0.65, 0.65, 0.65)])
def test_measured_part_is_what_the_filled_k_space_holds(support):
    axes = [axis for axis, share in enumerate(support) if share < 1]
    image = torch.rand(SHAPE, generator=torch.Generator().manual_seed(0))
    expected = cut(image.numpy(), [share - extrapolation.SUPPORT_ERROR if share < 1 else 1 for share in support])
    assert np.allclose(measuredPart(image.clone(), support, axes).numpy(), expected, atol=1e-5)


@pytest.mark.parametrize("sigma", [0.28, 0.45, 1.2])
def test_kernel_has_the_transfer_function_of_a_gaussian(sigma):
    kernel = np.array(gaussianKernel(sigma))
    offsets = np.arange(len(kernel)) - len(kernel) // 2
    for frequency in (0.1, 0.25, 0.4):
        found = (kernel * np.cos(2 * np.pi * frequency * offsets)).sum()
        assert found == pytest.approx(np.exp(-2 * (np.pi * sigma * frequency) ** 2), abs=0.02)


def test_smoothing_leaves_axes_without_a_width_and_constants():
    image = torch.from_numpy(blocks())
    assert torch.equal(smoothedToAcquired(image, (0.0, 0.0, 0.0)), image)
    along = smoothedToAcquired(image, (0.0, 0.0, 0.6))
    assert torch.allclose(along.sum(2)[10:30, 10:30], image.sum(2)[10:30, 10:30], rtol=1e-3)
    assert torch.allclose(smoothedToAcquired(torch.ones(SHAPE), (0.3, 0.5, 0.9)), torch.ones(SHAPE), atol=1e-5)
