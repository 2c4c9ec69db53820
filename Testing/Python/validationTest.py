"""The acceptance tests' own measures: each must notice the harm that it is there to notice."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from DLEnhanceLib.strengths import PRESETS, Strengths
from DLEnhanceLib.volume import Volume

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Benchmarks"))

import validate
from validation.artefacts import _energyChange
from validation.blobs import countBlobs
from validation.detection import _patches, _volume, observe
from validation.edgePhantom import phantom, samplings, sharpness
from validation.heads import SCALE, scanHead
from validation.invariance import _borderExcess
from validation.learning import _curve, conclusion
from validation.lesions import Inserted, _recoveries, drawLesions
from validation.page import document, summary, verdict, writePage
from validation.realMeasures import edgeWidths
from validation.results import Check, GroupResult, Picture


@pytest.fixture(scope="module")
def head():
    return phantom()


@pytest.fixture(scope="module")
def truncated(head):
    return scanHead(head, {"sigma": 0.005, "support": (1.0, 0.7, 0.62)}, seed=1, name="truncated")


def check(value, relation="<=", threshold=1.0, preset="low"):
    return Check("AT2", "error", "full", preset, value, "", relation, threshold, "source")


def test_a_check_passes_on_the_right_side_of_its_threshold_and_never_without_a_value():
    assert check(1.0).passed
    assert not check(1.01).passed
    assert not check(0.9, ">=").passed
    assert not check(float("nan")).passed
    assert check(5.0, "", None).passed is None


def test_one_failed_number_fails_the_test_and_information_does_not():
    assert verdict([check(0.5), check(2.0)]) == "fail"
    assert verdict([check(0.5), check(2.0, "", None)]) == "pass"
    assert verdict([check(2.0, "", None)]) == "info"


def test_blobs_painted_into_the_output_are_counted_as_new():
    random = np.random.default_rng(1)
    truth = np.full((32, 48, 48), 500.0)
    noisy = truth + random.normal(0, 30, truth.shape)
    output = truth + 0.4 * (noisy - truth)
    sigma, mask = np.full(truth.shape, 30.0), np.ones(truth.shape, bool)
    assert countBlobs(noisy, output, truth, sigma, mask).new == 0
    output[15:18, 20:23, 20:23] += 120
    assert countBlobs(noisy, output, truth, sigma, mask).new >= 1


def test_a_lesion_at_half_of_its_contrast_is_recovered_by_half(head):
    lesions = [Inserted((48.0, 35.2, 61.7), 3.0, 5.0), Inserted((30.3, 60.0, 36.0), 8.0, -4.0)]
    bare, lesioned = (scanHead(head, {"sigma": 0.05}, seed=3, image=x) for x in (None, drawLesions(head, lesions)))
    aims = [case.aim(PRESETS["low"]) for case in (bare, lesioned)]
    half = aims[0] + 0.5 * (aims[1] - aims[0])
    found = list(_recoveries(lesions, bare, lesioned, (aims[0], half), profile="full", preset="low"))
    assert [one.percent for one in found] == pytest.approx([50, 50], abs=0.1)
    assert [one.shown for one in found] == pytest.approx([0.5, 0.5], abs=0.001)
    images = bare.noisy.voxels, lesioned.noisy.voxels
    noisy = list(_recoveries(lesions, bare, lesioned, images, profile="full", preset="low"))
    assert [one.percent for one in noisy] == pytest.approx([100, 100], abs=13)


def test_a_preset_aims_at_the_blend_of_the_true_components(truncated):
    assert np.array_equal(truncated.aim(Strengths(1.0, 0.0, 0.0)), truncated.ringing)
    for strengths, aim in (((1, 1, 1), truncated.full), ((1, 1, 0), truncated.clean)):
        assert truncated.aim(Strengths(*strengths)) == pytest.approx(aim, abs=1e-2)
    missing = truncated.full - truncated.ringing
    assert truncated.aim(Strengths(1, 0.5, 0.5)) - truncated.ringing == pytest.approx(0.5 * missing, abs=1e-2)
    assert np.abs(missing).max() > 0.1 * SCALE


def test_the_edge_phantom_rings_by_the_gibbs_overshoot_and_hardly_under_the_gaussian(truncated):
    across = [one for one in samplings(truncated.full.shape) if not one.isTube and one.axis > 0]
    images = truncated.noisy.voxels, truncated.clean, truncated.full
    ringing, clean, full = ([sharpness(image, one) for one in across] for image in images)
    assert np.mean([one.overshoot for one in ringing]) == pytest.approx(0.08, abs=0.02)
    assert np.mean([one.overshoot for one in clean]) < 0.02
    # the truth ends at the grid's own k-space: its edges are sharper, and ring a little, at Nyquist
    assert np.mean([one.rise for one in full]) < 0.8 * np.mean([one.rise for one in ringing])
    assert np.mean([one.overshoot for one in full]) < 0.8 * np.mean([one.overshoot for one in ringing])


def test_blur_shows_as_wider_edges_and_tubes(truncated):
    blurred = ndimage.gaussian_filter(truncated.clean, 0.8)
    for one in samplings(truncated.clean.shape):
        before, after = sharpness(truncated.clean, one), sharpness(blurred, one)
        name = "width" if one.isTube else "rise"
        assert getattr(after, name) > 1.05 * getattr(before, name), one.name


def test_edges_of_a_blurred_real_volume_are_wider(truncated):
    inside = truncated.clean > 0.2 * SCALE
    blurred = truncated.noisy.withVoxels(ndimage.gaussian_filter(truncated.noisy.voxels, 1.0))
    widths = edgeWidths(truncated.noisy, blurred, inside, np.random.default_rng(1))
    assert widths.count > 20
    assert widths.ratio > 1.2
    same = edgeWidths(truncated.noisy, truncated.noisy, inside, np.random.default_rng(1))
    assert same.ratio == 1.0


def test_a_weaker_ghost_has_less_energy():
    ghost = np.zeros((4, 20, 20))
    ghost[:, 5:9, 5:9] = 60
    assert _energyChange(ghost, ghost, ghost) == 0
    assert _energyChange(ghost, 0.9 * ghost, ghost) == pytest.approx(-19)


def test_a_step_at_a_tile_border_stands_out():
    change = ndimage.gaussian_filter(np.random.default_rng(2).normal(0, 5, (48, 48, 48)), 1.0)
    cores = [(slice(0, 48), slice(0, 24), slice(0, 48)), (slice(0, 48), slice(24, 48), slice(0, 48))]
    assert _borderExcess(change, cores) < 3
    change[:, 24:] += 0.5
    assert _borderExcess(change, cores) > 3


def test_the_observer_tells_a_strong_lesion_and_not_an_absent_one():
    random = np.random.default_rng(5)
    sets = {}
    for name, cnr, isPresent in (("absent", 0, False), ("again", 0, False), ("strong", 8.0, True)):
        sets[name] = np.concatenate(
            [
                _patches(volume.voxels, centres)
                for volume, centres in (_volume(random, 4.0, cnr, isPresent) for _ in "ab")
            ]
        )
    assert observe(sets["strong"], sets["absent"], 4.0).auc > 0.9
    assert observe(sets["again"], sets["absent"], 4.0).auc == pytest.approx(0.5, abs=0.15)


def test_a_curve_says_whether_it_still_rises():
    rows = [{"step": 10 * n, "minutes": n, "loss": 1, "denoiseHigh": 3 - 2 / n} for n in range(1, 11)]
    assert "still rises" in conclusion(_curve("full", rows))
    flat = [{**row, "denoiseHigh": 3.0} for row in rows]
    assert "is flat" in conclusion(_curve("full", [*flat, {"step": "", "minutes": "", "loss": "", "denoiseHigh": ""}]))


def test_a_group_that_cannot_run_fails_its_tests_and_says_why(monkeypatch):
    def broken(_session):
        raise ValueError("no such volume")

    monkeypatch.setitem(validate.GROUPS, "ringing", (broken, ("AT4", "AT5")))
    session = type("Session", (), {"backends": {"full": None}})()
    (found,) = validate.runGroup("ringing", session)
    assert [(one.test, one.passed) for one in found.checks] == [("AT4", False), ("AT5", False)]
    assert "no such volume" in found.notes[0]


def test_page_and_json_hold_everything_and_need_nothing_beside_them(tmp_path):
    group = GroupResult("Group", (check(2.0), check(float("nan"), preset="high")), pictures=(Picture("a", b"png"),))
    run = validate.ValidationRun([group], {"quick": True}, {"full": {"modelId": "m", "sha256": "0"}})
    found = json.loads(json.dumps(document(run), allow_nan=False))
    assert found["summary"]["full"]["AT2"] == {"low": "fail", "high": "fail"}
    assert found["checks"][1]["value"] is None
    writePage(run, tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "FAIL" in text
    assert "data:image/png;base64," in text
    assert 'src="http' not in text
    assert "href" not in text


def test_the_summary_is_by_profile(tmp_path):
    assert summary([check(0.5)], "full") == {"AT2": {"low": "pass"}}
    assert summary([check(0.5)], "fast") == {}


def test_equal_seeds_give_equal_scans(head):
    first, again = (scanHead(head, {"sigma": 0.05, "gSpread": 3.0}, seed=9) for _ in range(2))
    assert isinstance(first.noisy, Volume)
    assert first.noisy.voxels.tobytes() == again.noisy.voxels.tobytes()
