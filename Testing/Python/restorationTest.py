"""From the survey and the noise to ringing and blur of a whole volume: which axes, how smooth, slab by slab."""

import dataclasses
import functools

import numpy as np
import pytest
from enhanceSteps import SmoothingBackend
from extrapolationTest import blocks, cut
from headPhantom import acquire, asVolume, headPhantom

from DLEnhanceLib import restoration
from DLEnhanceLib.components import Components
from DLEnhanceLib.enhancement import blend, computeComponents
from DLEnhanceLib.restoration import CLEAN_SIGMA, HALO, cleanSigmas, restore, sharpCut, slabs
from DLEnhanceLib.strengths import Strengths
from DLEnhanceLib.survey import survey
from DLEnhanceLib.tiles import headWeight
from DLEnhanceLib.torchBackend import makeBackend

SUPPORT = (1.0, 0.7, 0.62)


@pytest.fixture(scope="module")
def backend():
    return makeBackend("fast", "cpu", threads=1)


@pytest.fixture(scope="module")
def truncated():
    """A zero-filled head with 2 % noise and its survey."""
    volume = asVolume(acquire(headPhantom((64, 88, 80)), sigma=0.02, support=SUPPORT)[0].astype(np.float32))
    return volume, survey(volume)


def withColor(found, **fields):
    noise = dataclasses.replace(found.noise, color=dataclasses.replace(found.noise.color, **fields))
    return dataclasses.replace(found, noise=noise)


def test_only_axes_with_a_clear_cut_are_continued(truncated):
    found = truncated[1]
    plain = withColor(found, apodization=(1.0, 1.0, 1.0))
    assert sharpCut(dataclasses.replace(plain, support=(1.0, 0.7, 0.9))) == (1.0, 0.7, 1.0)
    filtered = withColor(found, apodization=(1.0, 0.54, 0.9))
    assert sharpCut(dataclasses.replace(filtered, support=(1.0, 0.7, 0.6))) == (1.0, 1.0, 0.6)


def test_width_of_the_smoothing_follows_the_acquired_voxel():
    assert cleanSigmas((1.0, 0.5, 0.7), (1.0, 1.0, 1.0)) == pytest.approx((CLEAN_SIGMA, CLEAN_SIGMA / 0.5, 0.4))
    assert cleanSigmas((1.0, 1.0, 1.0), (5.0, 0.5, 0.5)) == pytest.approx((0.0, CLEAN_SIGMA, CLEAN_SIGMA))
    # 0.4 mm stored are 0.8 mm acquired, so slices of 1.5 mm are not thick
    assert cleanSigmas((1.0, 0.5, 0.5), (1.5, 0.4, 0.4))[0] == CLEAN_SIGMA


@pytest.mark.parametrize("shape", [(64, 64, 64), (300, 512, 512), (600, 1024, 1024), (0, 0, 0), (1, 3000, 3000)])
def test_slabs_cover_the_box_once_within_the_memory(shape):
    covered = 0
    for core, padded in slabs(shape, SUPPORT):
        sizes, around = ([p.stop - p.start for p in part] for part in (core, padded))
        covered += np.prod(sizes)
        assert np.prod(around) <= restoration.SLAB_VOXELS or min(sizes) <= HALO
        assert sum(a != b for a, b in zip(sizes, shape, strict=True)) <= 1
    assert covered == np.prod(shape)


def test_slabs_are_cut_across_the_axis_that_is_filled_most():
    core, _ = next(slabs((600, 600, 600), (0.7, 1.0, 0.62)))
    assert [p.stop - p.start for p in core].index(min(p.stop - p.start for p in core)) == 1


def test_equal_strengths_only_add_what_the_cut_left_out(truncated, backend):
    volume, found = truncated
    components = computeComponents(volume, found, backend)
    change = components.blur - components.ringing
    middle = tuple(slice(n // 4, -(n // 4)) for n in change.shape)
    window = functools.reduce(np.multiply.outer, map(np.hanning, change[middle].shape))
    spectrum = np.abs(np.fft.fftn(change[middle] * window))
    j, i = (np.abs(np.fft.fftfreq(n)) for n in spectrum.shape[1:])
    isInside = (j[:, None] < 0.5 * SUPPORT[1] - 0.08) & (i[None] < 0.5 * SUPPORT[2] - 0.08)
    assert np.sqrt((spectrum[:, isInside] ** 2).sum() / (spectrum**2).sum()) < 0.25
    assert np.abs(change).max() > 0


def test_full_k_space_gets_no_change_at_equal_strengths(backend):
    volume = asVolume(acquire(headPhantom((48, 64, 56)), sigma=0.03)[0].astype(np.float32))
    found = survey(volume)
    assert sharpCut(found) == (1.0, 1.0, 1.0)
    components = computeComponents(volume, found, backend)
    assert np.abs(components.ringing).max() > 0
    assert np.abs(components.ringing - components.blur).max() < 1e-3 * found.noise.median


def test_truncated_head_comes_nearer_to_the_truth(backend):
    truth = 1000 * headPhantom((64, 88, 80))
    volume = asVolume(acquire(truth / 1000, sigma=0.01, support=SUPPORT)[0].astype(np.float32))
    found = survey(volume)
    components = computeComponents(volume, found, backend)
    inside = truth > 0.1 * truth.max()
    errors = [
        np.sqrt(((blend(volume, components, Strengths(1, s, s)).voxels - truth)[inside] ** 2).mean()) for s in (0, 1)
    ]
    assert errors[1] < 0.9 * errors[0]


def test_slabs_hardly_change_the_result(backend, monkeypatch):
    image = np.tile(cut(blocks(), SUPPORT), (3, 1, 1))
    volume = asVolume((1000 * image).astype(np.float32))
    found = dataclasses.replace(survey(volume), support=SUPPORT)
    found = withColor(found, apodization=(1.0, 1.0, 1.0))
    weight = headWeight(np.ones(image.shape, bool))

    def ringing():
        components = Components.empty(image.shape, [slice(0, n) for n in image.shape], found.level - found.background)
        restore(components, volume, found, backend, weight, lambda *_: None)
        return components.ringing

    whole = ringing()
    monkeypatch.setattr(restoration, "SLAB_VOXELS", 56 * image[0].size)
    assert len(list(slabs(image.shape, SUPPORT))) == 5
    assert np.abs(ringing() - whole).max() < 0.05 * np.abs(whole).max()


def test_ringing_is_that_of_the_image_without_its_noise(truncated):
    volume, found = truncated
    seen = []

    class Watching(SmoothingBackend):
        def restored(self, image, *args, **kwargs):
            seen.append(image)
            return super().restored(image, *args, **kwargs)

    components = computeComponents(volume, found, Watching())
    level = found.level - found.background
    expected = (volume.voxels - found.background - components.noise)[components.box] / level
    assert components.noise.any()
    assert np.abs(seen[0] - expected).max() < 1e-4


def test_voxels_that_are_no_numbers_get_no_change(truncated, backend):
    volume, found = truncated
    voxels = volume.voxels.copy()
    voxels[30:33, 40, 40] = np.nan
    components = computeComponents(volume.withVoxels(voxels), found, backend)
    for part in (components.noise, components.ringing, components.blur):
        assert np.all(part[30:33, 40, 40] == 0)
        assert np.isfinite(part).all()


def test_progress_grows_to_one(truncated):
    volume, found = truncated
    seen = []
    components = computeComponents(
        volume, found, SmoothingBackend(), reportProgress=lambda fraction, _text: seen.append(fraction)
    )
    assert components.noise.any()
    assert seen == sorted(seen)
