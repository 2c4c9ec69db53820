"""What is not a good MR volume of a head: done right, or declined with a reason (issue 3, AT15)."""

import numpy as np
import pytest
from headPhantom import acquire, asVolume, headPhantom

from DLEnhanceLib.enhancement import enhance
from DLEnhanceLib.errors import UnsupportedVolume
from DLEnhanceLib.guardScope import scopeFindings
from DLEnhanceLib.reading import readVolume
from DLEnhanceLib.strengths import PRESETS, Strengths
from DLEnhanceLib.survey import survey
from DLEnhanceLib.tiles import headWeight, planTiles
from DLEnhanceLib.torchBackend import makeBackend

SHAPE = (48, 64, 56)
HIGH = Strengths(1.0, 1.0, 1.0)


@pytest.fixture(scope="module")
def backend():
    return makeBackend("fast", "cpu", threads=1)


@pytest.fixture(scope="module")
def noisy():
    """A head with 5 % noise, float32, tissue near 1000."""
    return acquire(headPhantom(SHAPE), sigma=0.05)[0]


def finding(report, name):
    return next(f for f in report.findings if f.id == name)


@pytest.mark.parametrize(
    ("voxels", "reason"),
    [
        (np.zeros((5, 40, 40), np.int16), "only zeros"),
        (np.full((5, 40, 40), 200, np.uint8), "the same value"),
        (np.full((5, 40, 40), np.nan, np.float32), "no finite value"),
    ],
    ids=["zeros", "constant", "no number"],
)
def test_volume_without_anything_in_it_is_declined_with_a_reason(backend, voxels, reason):
    with pytest.raises(UnsupportedVolume, match=reason):
        enhance(asVolume(voxels), backend)


def test_pure_noise_gets_no_structure_and_a_warning(backend):
    voxels = np.hypot(*np.random.default_rng(3).standard_normal((2, 40, 64, 64))).astype(np.float32) * 50
    run = enhance(asVolume(voxels), backend, strengths=PRESETS["high"])
    assert not run.guard.passed
    assert not finding(run.guard, "scopeNoise").passed
    assert run.volume.voxels.std() < voxels.std()
    assert finding(run.guard, "newStructure").passed
    assert finding(run.guard, "newDetail").passed


def test_8_bit_volume_stays_8_bit_and_is_not_limited(backend, noisy):
    voxels = np.clip(np.rint(noisy / noisy.max() * 255), 0, 255).astype(np.uint8)
    run = enhance(asVolume(voxels), backend)
    assert run.volume.voxels.dtype == np.uint8
    assert run.limitedVoxels < 1e-3 * voxels.size
    asFloat = enhance(asVolume(voxels.astype(np.float32)), backend).volume.voxels
    assert np.abs(run.volume.voxels - asFloat).max() <= 0.51 + (asFloat < 0).max() * abs(asFloat.min())


def test_coarsely_quantised_volume_is_named(noisy):
    voxels = np.rint(noisy / 1000 * 30).astype(np.uint8)
    assert any("intensity steps" in note for note in survey(asVolume(voxels)).notes)


def test_denoised_volume_is_named_and_hardly_changed(backend):
    clean = (headPhantom() * 1000).astype(np.float32)
    run = enhance(asVolume(clean), backend, strengths=Strengths(1.0, 0.0, 0.0))
    assert any("already denoised" in note for note in run.survey.notes)
    change = run.volume.voxels - clean
    assert np.sqrt((change[run.survey.head] ** 2).mean()) < 0.003 * 1000


@pytest.mark.parametrize("part", [np.s_[20:25, 10:50, 8:48], np.s_[24:25], np.s_[:, 30:31], np.s_[20:22, :3, :3]])
def test_tiny_volumes_and_single_slices_come_back_whole(backend, noisy, part):
    voxels = np.ascontiguousarray(noisy[part])
    run = enhance(asVolume(voxels), backend, strengths=HIGH)
    assert run.volume.voxels.shape == voxels.shape
    assert np.isfinite(run.volume.voxels).all()
    assert np.abs(run.volume.voxels - voxels).max() < 0.6 * np.ptp(noisy)
    assert all(np.isfinite(f.value) for f in run.guard.findings)


def test_single_slice_is_named(noisy):
    assert any("single slice" in note for note in survey(asVolume(noisy[24:25])).notes)


def test_huge_volume_is_cut_into_parts_of_bounded_size():
    mask = np.zeros((60, 1024, 1024), bool)  # a tenth of 1024 x 1024 x 600; the cut depends on the box of the head
    mask[2:58, 100:900, 100:900] = True
    tiles = planTiles(headWeight(mask), margin=56, voxels=16_000_000)
    assert len(tiles) > 2
    assert max(np.prod([p.stop - p.start for p in padded]) for _, padded in tiles) <= 16_000_000


def test_volume_of_a_phantom_is_named(realData):
    volume = readVolume(realData / "phantom" / "Ph_201_T1W_TSE_Sno_CSno_CSAIno.nii.gz")
    found = {values[0]: values for values in scopeFindings(volume, survey(volume), lambda *values: values)}
    assert not found["scopeContrast"][3]


def test_head_of_low_contrast_is_not_taken_for_a_phantom(realData):
    volume = readVolume(realData / "stroke_t1_t2_flair" / "FLAIR.nii.gz")
    found = {values[0]: values for values in scopeFindings(volume, survey(volume), lambda *values: values)}
    assert found["scopeContrast"][3]
