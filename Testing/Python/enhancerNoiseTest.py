"""Noise of a simulated head before and after our enhancer: strength 0, boxes around regions, color, cancel."""

import dataclasses

import numpy as np
import pytest
from headPhantom import acquire, asVolume, headPhantom

from DLEnhanceLesionMetricsLib import regions
from DLEnhanceLesionMetricsLib.coloredNoise import ColoredNoise, isWhite
from DLEnhanceLesionMetricsLib.enhancerNoise import enhancerNoise, regionBoxes
from DLEnhanceLib.enhancement import blend, computeComponents
from DLEnhanceLib.errors import EnhancementCanceled
from DLEnhanceLib.noiseColor import NoiseColor
from DLEnhanceLib.strengths import PRESETS, Strengths
from DLEnhanceLib.survey import survey

torch = pytest.importorskip("torch", reason="the enhancer needs PyTorch")

SIGMA = 0.05
SHAPE = (48, 72, 64)
TRUTH = headPhantom(SHAPE)


@pytest.fixture(scope="module")
def backend():
    from DLEnhanceLib.torchBackend import makeBackend

    return makeBackend("fast", "cpu")


@pytest.fixture(scope="module")
def head():
    """A volume with noise of SD 50, its survey, and a lesion region inside the brain."""
    volume = asVolume(acquire(TRUTH, sigma=SIGMA)[0])
    lesion = regions.Region("L1", "lesion", regions.sphere((32, 36, 24), 6))
    return volume, survey(volume), lesion


def rms(array):
    return float(np.sqrt(np.mean(np.square(array, dtype=np.float64))))


def test_colored_noise_has_unit_variance_and_the_spectrum_of_its_model():
    color = NoiseColor((1.0, 0.7, 0.6), (1.0, 1.0, 0.7), ((1, 2),))
    draw = ColoredNoise(color, (24, 40, 31))
    random = np.random.default_rng(1)
    noise = np.stack([draw(random) for _ in range(6)])
    assert noise.std() == pytest.approx(1.0, rel=0.02)
    power = np.mean(np.abs(np.fft.fftn(noise, axes=(1, 2, 3))) ** 2, axis=0)
    j, i = np.abs(np.fft.fftfreq(40))[:, None] * 2, np.abs(np.fft.fftfreq(31))[None] * 2
    outside = (j / 0.7) ** 2 + (i / 0.6) ** 2 > 1
    assert power[:, outside].max() < 1e-6 * power.max()
    falling = power[:, 0, :][:, [1, 8]].mean(axis=0)
    expected = [(0.7 + 0.3 * np.cos(np.pi * f / 0.6)) ** 2 for f in (2 / 31, 16 / 31)]
    assert falling[1] / falling[0] == pytest.approx(expected[1] / expected[0], rel=0.35)


def test_noise_without_a_color_is_white():
    assert isWhite(NoiseColor((1.0, 1.0, 1.0)))
    noise = ColoredNoise(NoiseColor((1.0, 1.0, 1.0)), (16, 32, 32))(np.random.default_rng(2))
    assert np.corrcoef(noise[..., 1:].ravel(), noise[..., :-1].ravel())[0, 1] == pytest.approx(0, abs=0.03)


def test_at_strength_zero_both_noises_are_the_surveyed_one(head, backend):
    volume, found, lesion = head
    noise = enhancerNoise(volume, backend, Strengths(0, 0, 0), regions=[lesion], replicas=8, priorSurvey=found)
    box = regionBoxes(volume, [lesion])[0]
    np.testing.assert_allclose(noise.standard[box], found.noise.at(box), rtol=1e-4)
    assert rms(noise.enhanced[box]) == pytest.approx(rms(noise.standard[box]), rel=0.02)
    assert rms(noise.enhancedSample[box]) == pytest.approx(rms(noise.standard[box]), rel=0.05)
    assert rms(noise.standardSample[box]) == pytest.approx(rms(noise.standard[box]), rel=0.05)


def test_noise_of_the_enhancer_agrees_with_many_simulated_acquisitions(head, backend):
    """A small form of Benchmarks/pseudoReplicaBenchmark.py."""
    volume, found, lesion = head
    strengths = PRESETS["medium"]
    noise = enhancerNoise(volume, backend, strengths, regions=[lesion], replicas=12, priorSurvey=found)
    box = regionBoxes(volume, [lesion])[0]
    draws = []
    for seed in range(12):
        other = asVolume(acquire(TRUTH, sigma=SIGMA, seed=100 + seed)[0])
        draws.append(blend(other, computeComponents(other, found, backend), strengths).voxels[box])
    true = rms(np.std(draws, axis=0, ddof=1))
    assert rms(noise.enhanced[box]) == pytest.approx(true, rel=0.06)
    assert true < 0.8 * rms(noise.standard[box])


def test_boxes_give_what_the_whole_head_gives(head, backend):
    volume, found, lesion = head
    options = {"replicas": 4, "priorSurvey": found}
    whole = enhancerNoise(volume, backend, PRESETS["high"], **options)
    part = enhancerNoise(volume, backend, PRESETS["high"], regions=[lesion], **options)
    box = regionBoxes(volume, [lesion])[0]
    assert rms(part.enhanced[box]) == pytest.approx(rms(whole.enhanced[box]), rel=0.03)
    assert np.count_nonzero(part.enhanced) == np.prod([side.stop - side.start for side in box])
    assert np.count_nonzero(whole.enhanced) > 1.5 * np.count_nonzero(part.enhanced)


def test_a_volume_made_at_other_strengths_is_told(head, backend):
    volume, found, lesion = head
    components = computeComponents(volume, found, backend)
    options = {"regions": [lesion], "replicas": 2, "priorSurvey": found}
    same, other = (
        enhancerNoise(volume, backend, PRESETS["low"], enhanced=blend(volume, components, PRESETS[preset]), **options)
        for preset in ("low", "high")
    )
    assert same.mismatch < 0.02
    assert same.warning == ""
    assert "noise SDs away" in other.warning


def test_voxels_that_are_not_finite_have_no_noise_and_harm_no_other(head, backend):
    volume, found, lesion = head
    voxels = volume.voxels.copy()
    voxels[24, 36, 32] = np.nan
    noise = enhancerNoise(
        volume.withVoxels(voxels), backend, PRESETS["low"], regions=[lesion], replicas=2, priorSurvey=found
    )
    assert np.isfinite(noise.enhanced).all()
    assert noise.enhanced[24, 36, 32] == 0
    assert noise.enhanced[24, 36, 34] > 0


def test_progress_rises_and_a_callback_cancels_within_a_pass(head, backend):
    volume, _, lesion = head
    seen = []

    def watch(fraction, text):
        seen.append((fraction, text))
        if fraction > 0.4:
            raise EnhancementCanceled

    with pytest.raises(EnhancementCanceled):
        enhancerNoise(volume, backend, PRESETS["low"], regions=[lesion], replicas=3, reportProgress=watch)
    fractions = [fraction for fraction, _ in seen]
    assert fractions == sorted(fractions)
    assert len(fractions) > 20
    assert any("Replica 1 of 3" in text for _, text in seen)


def test_regions_outside_the_image_have_no_box(head):
    volume, _, lesion = head
    outside = dataclasses.replace(lesion, shape=regions.sphere((-500, 0, 0), 5))
    assert regionBoxes(volume, [outside]) == []
    for size, side in zip(volume.voxels.shape, regionBoxes(volume, [lesion])[0], strict=True):
        assert 0 <= side.start < side.stop <= size
