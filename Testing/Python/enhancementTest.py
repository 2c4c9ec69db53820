"""Tiles, blending and the run as a whole, with the released network and with backends whose answer is known."""

import dataclasses
import itertools

import numpy as np
import pytest
from scipy import ndimage
from skimage.registration import phase_cross_correlation

from DLEnhanceLib.components import NAMES, Components
from DLEnhanceLib.enhancement import blend, computeComponents, enhance, reblend
from DLEnhanceLib.errors import EnhancementCanceled, UnsupportedVolume
from DLEnhanceLib.strengths import PRESETS, Strengths
from DLEnhanceLib.tiles import headWeight, planTiles
from DLEnhanceLib.torchBackend import makeBackend
from DLEnhanceLib.volume import Volume
from DLEnhanceTraining.acquisition import Protocol, addNoise, scan

FULL = Strengths(1.0, 1.0, 1.0)


@pytest.fixture(scope="module")
def backend():
    return makeBackend("fast", "cpu", threads=1)


@pytest.fixture(scope="module")
def noisyHead():
    return Volume(phantom(), np.diag([1.0, 1.0, 1.2, 1.0]), "phantom")


@pytest.fixture(scope="module")
def run(noisyHead, backend):
    return enhance(noisyHead, backend, strengths=PRESETS["medium"])


def phantom(shape=(64, 80, 72), seed=0, sigma=0.05):
    """An ellipsoid of tissue with structures of two sizes, scanned with noise; int16, tissue near 1000."""
    import torch

    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij"))
    inside = (grid**2).sum(0) < 0.7
    texture = ndimage.gaussian_filter(rng.normal(size=shape), 3)
    image = inside * (0.8 + 0.25 * np.sign(texture) + 0.1 * (np.sin(grid[2] * 30) > 0))
    image = torch.from_numpy(ndimage.gaussian_filter(image, 0.5).astype(np.float32))
    scanned = scan(image, torch.zeros_like(image), Protocol(sigma=sigma, phaseCycles=0.5), rng)
    noisy = addNoise(scanned, sigma, torch.Generator().manual_seed(seed))[0]
    return np.rint(noisy.numpy() * 1000).astype(np.int16)


class SmoothingBackend:
    """Calls the difference to a small blur noise: local, so that tiles of any size must agree exactly."""

    margin, tileVoxels, deviceName, profile, modelId, modelHash = 8, 10**7, "CPU", "fake", "smoothing", "0"

    def noise(self, image, sigma, support, spacing, *, wanted=None, reportProgress=None):
        reportProgress(1.0)
        return image - ndimage.uniform_filter(image, 3, mode="nearest")

    def restored(self, image, support, sigmas, *, reportProgress=None):
        return np.zeros((2, *image.shape), np.float32)

    def onCpu(self):
        return self


class SmallMemoryBackend(SmoothingBackend):
    """Fits tiles of up to 40 voxels an edge only, or nothing until it is moved to the CPU."""

    def __init__(self, largest=40, deviceName="GPU"):
        self.largest, self.deviceName, self.seen = largest, deviceName, []

    def noise(self, image, sigma, support, spacing, *, wanted=None, reportProgress=None):
        self.seen.append(image.shape)
        if max(image.shape) > self.largest + 2 * self.margin:
            raise MemoryError
        return super().noise(image, sigma, support, spacing, reportProgress=reportProgress)

    def onCpu(self):
        return SmallMemoryBackend(10**6, "CPU")


def test_noise_in_flat_tissue_falls(noisyHead, run):
    high = reblend(run, PRESETS["high"])
    removed = np.std(high.volume.voxels.astype(float) - noisyHead.voxels, where=run.survey.head)
    assert removed > 0.3 * run.survey.noise.median


def test_output_keeps_grid_type_and_input(noisyHead, run):
    assert run.volume.voxels.dtype == noisyHead.voxels.dtype
    assert run.volume.voxels.shape == noisyHead.voxels.shape
    assert np.array_equal(run.volume.ijkToRAS, noisyHead.ijkToRAS)
    assert np.array_equal(noisyHead.voxels, phantom())


def test_at11_strength_zero_is_bit_identical(run):
    assert np.array_equal(reblend(run, Strengths(0, 0, 0)).volume.voxels, run.source.voxels)


def test_at11_noise_in_flat_tissue_falls_monotonically_with_strength(backend):
    rng = np.random.default_rng(4)
    inside = (np.stack(np.meshgrid(*[np.linspace(-1, 1, 64)] * 3)) ** 2).sum(0) < 0.7
    noise = rng.normal(0, 50, (2, 64, 64, 64))
    run = enhance(Volume(np.hypot(1000.0 * inside + noise[0], noise[1]).astype(np.float32), np.eye(4)), backend)
    flat = ndimage.binary_erosion(inside, iterations=6)
    steps = [Strengths(denoise, 0, 0) for denoise in (0.0, 0.25, 0.5, 0.75, 1.0)]
    spreads = [blend(run.source, run.components, step).voxels[flat].std() for step in steps]
    assert all(after < 0.97 * before for before, after in itertools.pairwise(spreads))


def test_at12_same_input_twice_is_identical(noisyHead, run, backend):
    again = enhance(noisyHead, backend, strengths=PRESETS["medium"])
    assert np.array_equal(again.volume.voxels, run.volume.voxels)


def test_at13_structures_do_not_shift(run):
    before, after = (volume.voxels.astype(np.float32) for volume in (run.source, run.volume))
    shift, *_ = phase_cross_correlation(before, after, upsample_factor=50, normalization=None)
    assert np.abs(shift).max() < 0.05


@pytest.mark.parametrize(("profile", "edge"), [("fast", 24), ("fast", 48), ("full", 40)])
def test_at14_result_is_the_same_but_for_rounding_for_any_tiles(noisyHead, run, profile, edge):
    backend = makeBackend(profile, "cpu", threads=1)
    whole = computeComponents(noisyHead, run.survey, backend, tile=10**4)
    tiled = computeComponents(noisyHead, run.survey, backend, tile=edge)
    difference = np.abs(tiled.stored - whole.stored).max() * whole.unit
    assert difference < 1e-4 * run.survey.noise.median


def test_result_does_not_depend_on_the_threads(noisyHead, run):
    import torch

    backend = makeBackend("fast", "cpu", threads=2)
    try:
        assert np.array_equal(computeComponents(noisyHead, run.survey, backend).stored, run.components.stored)
    finally:
        torch.set_num_threads(1)


def test_at14_tiles_of_a_local_filter_agree_to_the_last_bit(noisyHead, run):
    whole = computeComponents(noisyHead, run.survey, SmoothingBackend())
    tiled = computeComponents(noisyHead, run.survey, SmoothingBackend(), tile=32)
    assert np.array_equal(whole.noise, tiled.noise)
    assert np.abs(whole.noise).max() > 0


@pytest.mark.parametrize("factor", [0.01, 1.0, 37.0])
def test_at16_output_scales_with_the_input(noisyHead, backend, factor):
    plain = noisyHead.withVoxels(noisyHead.voxels.astype(np.float32))
    scaled = plain.withVoxels(plain.voxels * np.float32(factor))
    reference = enhance(plain, backend).volume.voxels * factor
    found = enhance(scaled, backend).volume.voxels
    assert np.abs(found - reference).max() < 1e-3 * reference.max()


def test_at16_offset_passes_through(noisyHead, backend):
    plain = noisyHead.withVoxels(noisyHead.voxels.astype(np.float32))
    shifted = plain.withVoxels(plain.voxels + 500)
    apart = enhance(shifted, backend).volume.voxels - 500 - enhance(plain, backend).volume.voxels
    assert np.abs(apart).max() < 1e-3 * plain.voxels.max()


def test_out_of_memory_takes_smaller_tiles_and_then_the_cpu(noisyHead, run):
    messages = []
    small = SmallMemoryBackend(40)
    found = computeComponents(noisyHead, run.survey, small, reportProgress=lambda _f, text: messages.append(text))
    assert np.array_equal(found.noise, computeComponents(noisyHead, run.survey, SmoothingBackend()).noise)
    assert any("memory" in message for message in messages)
    none = SmallMemoryBackend(1)
    found = computeComponents(noisyHead, run.survey, none)
    assert np.abs(found.noise).max() > 0
    assert found.device == "CPU"
    assert "memory" in found.note


def test_cancel_stops_between_layers(noisyHead, backend):
    def cancel(fraction, text):
        if fraction > 0.3:
            raise EnhancementCanceled

    with pytest.raises(EnhancementCanceled):
        enhance(noisyHead, backend, reportProgress=cancel)


def test_progress_rises_to_one(noisyHead, backend):
    fractions = []
    enhance(noisyHead, backend, reportProgress=lambda fraction, _text: fractions.append(fraction))
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_blend_is_the_formula_of_the_design():
    shape = (4, 5, 6)
    rng = np.random.default_rng(1)
    volume = Volume(rng.normal(size=shape).astype(np.float32), np.eye(4))
    parts = Components.of(*(rng.normal(size=shape).astype(np.float32) for _ in range(3)))
    out = blend(volume, parts, Strengths(0.5, 0.25, 0.75)).voxels
    expected = volume.voxels - 0.5 * parts.noise - 0.25 * parts.ringing + 0.75 * parts.blur
    assert np.allclose(out, expected, atol=1e-6)


def test_integer_results_stay_in_their_range_and_are_counted(run):
    shape = (2, 2, 2)
    volume = Volume(np.full(shape, 250, np.uint8), np.eye(4))
    parts = Components.of(np.zeros(shape, np.float32), np.zeros(shape, np.float32), np.full(shape, 20, np.float32))
    assert blend(volume, parts, FULL).voxels.max() == 255
    limited = dataclasses.replace(run, source=volume, components=parts)
    from DLEnhanceLib.enhancement import blendCounting

    assert blendCounting(limited.source, parts, FULL)[1] == 8


def test_tiles_cover_every_voxel_of_the_head_once():
    weight = headWeight(boxMask((70, 50, 90), np.s_[5:66, 3:40, 20:81]))
    count = np.zeros(weight.head.shape, int)
    for core, padded in planTiles(weight, margin=10, voxels=10**9, edge=32):
        count[core] += 1
        assert all(p.start <= c.start and p.stop >= c.stop for c, p in zip(core, padded, strict=True))
    assert (count[weight.at(np.s_[:, :, :]) > 0] == 1).all()


def test_large_volumes_are_cut_to_the_memory_given():
    tiles = planTiles(headWeight(np.ones((200, 200, 200), bool)), margin=16, voxels=2_000_000)
    assert max(np.prod([p.stop - p.start for p in padded]) for _, padded in tiles) <= 2_000_000


def test_the_cut_with_the_least_to_compute_is_taken():
    tiles = planTiles(headWeight(np.ones((64, 256, 256), bool)), margin=24, voxels=2_500_000)
    assert sum(np.prod([p.stop - p.start for p in padded]) for _, padded in tiles) < 1.45 * 64 * 256 * 256
    assert all(core[0] == slice(0, 64) for core, _ in tiles)


def test_nothing_is_computed_where_there_is_no_head():
    assert planTiles(headWeight(np.zeros((64, 64, 64), bool)), margin=8, voxels=10**9) == []
    weight = headWeight(boxMask((64, 64, 256), np.s_[10:20, 10:20, 240:250]))
    assert all(core[2].start >= 208 for core, _ in planTiles(weight, margin=8, voxels=10**9, edge=16))


def boxMask(shape, box):
    mask = np.zeros(shape, bool)
    mask[box] = True
    return mask


def test_change_fades_out_in_the_air():
    part = headWeight(boxMask((64, 64, 64), np.s_[24:40, 24:40, 24:40]))
    weight = part.at(np.s_[:, :, :])
    assert (weight[part.head] == 1).all()
    assert weight[0].max() == 0
    assert np.abs(np.diff(weight, axis=0)).max() < 0.3
    outside = np.ones(part.head.shape, bool)
    outside[part.box] = False
    assert weight[outside].max() == 0


def test_weight_of_a_part_is_the_part_of_the_weight():
    weight = headWeight(boxMask((40, 50, 60), np.s_[13:27, 20:40, 22:31]))
    place = np.s_[9:31, 5:50, 17:42]
    assert np.array_equal(weight.at(place), weight.at(np.s_[:, :, :])[place])


def test_large_components_take_half_the_memory_and_stay_true():
    shape, box = (100, 300, 800), np.s_[10:90, 0:300, 0:800]
    rng = np.random.default_rng(3)
    values = rng.normal(0, 0.03, (3, 4, 300, 800)).astype(np.float32)
    kept = Components.empty(shape, box, unit=1200.0)
    kept = dataclasses.replace(kept, stored=kept.stored.astype(np.float16))
    for name, part in zip(NAMES, values, strict=True):
        kept.put(np.s_[20:24, 0:300, 0:800], part, name=name)
    found = kept.at(np.s_[20:24, 0:300, 0:800])
    assert np.abs(found - 1200 * values).max() < 5e-3 * 1200 * 0.03  # of sigma, at deviations of 4 sigma and more
    assert np.sqrt(np.mean((found - 1200 * values) ** 2)) < 3e-4 * 1200 * 0.03
    assert kept.at(np.s_[0:12, :, :])[:, :10].max() == 0
    assert Components.empty((1, 5000, 5000), np.s_[0:1, 0:5000, 0:5000], 1.0).stored.dtype == np.float16


def test_components_of_a_part_are_the_part_of_the_components(run):
    place = np.s_[5:40, 30:80, 0:33]
    parts = run.components.at(place)
    for part, whole in zip(parts, (run.components.noise, run.components.ringing, run.components.blur), strict=True):
        assert np.array_equal(part, whole[place])


def test_voxels_that_are_not_numbers_stay_and_spoil_nothing(backend, noisyHead):
    voxels = noisyHead.voxels.astype(np.float32)
    voxels[30, 30:33, 30] = np.nan
    out = enhance(noisyHead.withVoxels(voxels), backend).volume.voxels
    assert np.array_equal(np.isnan(out), np.isnan(voxels))


@pytest.mark.parametrize("shape", [(1, 64, 64), (5, 41, 43), (33, 35, 37)])
def test_at15_odd_and_thin_shapes_come_back_whole(backend, shape):
    voxels = np.abs(phantom()[: shape[0], : shape[1], : shape[2]] if shape[0] > 1 else phantom()[32:33, :64, :64])
    run = enhance(Volume(voxels, np.eye(4)), backend)
    assert run.volume.voxels.shape == voxels.shape
    assert np.isfinite(run.volume.voxels.astype(float)).all()


@pytest.mark.parametrize("value", [0, 7])
def test_at15_constant_volumes_are_refused(backend, value):
    with pytest.raises(UnsupportedVolume):
        enhance(Volume(np.full((16, 16, 16), value, np.int16), np.eye(4)), backend)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64])
def test_at15_stored_types_are_kept(backend, dtype):
    voxels = (phantom((32, 40, 36)) / 8).astype(dtype)
    assert enhance(Volume(voxels, np.eye(4)), backend).volume.voxels.dtype == dtype


def test_report_holds_every_number_of_the_run(run):
    report = run.report()
    assert report["strengths"] == dataclasses.asdict(PRESETS["medium"])
    assert report["model"]["sha256"] == makeBackend("fast", "cpu").modelHash
    assert report["survey"]["noisePercentOfTissue"] == pytest.approx(run.survey.noisePercent)
    assert len(report["guard"]["findings"]) > 0


def test_changed_weights_are_refused(tmp_path, monkeypatch):
    from DLEnhanceLib import modelFiles
    from DLEnhanceLib.errors import MissingPackage

    source = modelFiles.findModel("full")
    (tmp_path / "DLEnhance-full.json").write_text((source.weights.with_suffix(".json")).read_text())
    (tmp_path / "DLEnhance-full.safetensors").write_bytes(source.weights.read_bytes()[:-1] + b"x")
    assert not modelFiles.findModel("full", tmp_path).isIntact()
    with pytest.raises(MissingPackage):
        modelFiles.findModel("fast", tmp_path)
    (tmp_path / "DLEnhance-full.safetensors").unlink()
    with pytest.raises(MissingPackage):
        modelFiles.findModel("full", tmp_path)
