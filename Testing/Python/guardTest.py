"""The guard lets an ideal denoiser pass and stops what removes, invents or blurs structures."""

import dataclasses
import json

import numpy as np
import pytest
from headPhantom import acquire, asVolume, coilMap, headPhantom
from scipy import ndimage

from DLEnhanceLib.components import Components
from DLEnhanceLib.guard import evidenceMap, inspect
from DLEnhanceLib.strengths import Strengths
from DLEnhanceLib.survey import survey

FULL = Strengths(denoise=1.0, dering=0.0, sharpen=0.0)
SIGMA = 50.0
CENTER = (36, 52, 70)  # in white matter of the phantom


@dataclasses.dataclass(frozen=True, eq=False)
class Case:
    """A noisy volume with its survey and its true noise."""

    volume: object
    survey: object
    noise: np.ndarray

    def inspect(self, removed=None, strengths=FULL):
        return inspect(self.volume, asComponents(self.noise if removed is None else removed), strengths, self.survey)


def asComponents(noise, ringing=None, blur=None):
    zero = np.zeros_like(noise)
    return Components.of(noise, zero if ringing is None else ringing, zero if blur is None else blur)


def makeCase(lesion=None, **acquisition):
    image, clean = acquire(headPhantom(), sigma=SIGMA / 1000, **acquisition)
    if lesion is not None:
        image = image + lesion
    volume = asVolume(image)
    return Case(volume, survey(volume), image - clean - (0 if lesion is None else lesion))


def spot(height, size=(1, 1, 3)):
    """A spot of so many voxels in the middle of white matter, zero elsewhere."""
    result = np.zeros(headPhantom().shape, np.float32)
    result[tuple(slice(c, c + s) for c, s in zip(CENTER, size, strict=True))] = height
    return result


@pytest.fixture(scope="module")
def case():
    return makeCase()


def finding(report, name):
    return next(f for f in report.findings if f.id == name)


@pytest.mark.parametrize("acquisition", [{}, {"support": (1.0, 0.7, 0.62)}, {"coil": coilMap()}, {"isElliptic": True}])
def test_removing_exactly_the_noise_passes(acquisition):
    report = makeCase(**acquisition).inspect()
    assert report.passed, [f.sentence for f in report.findings if not f.passed]


def test_removing_a_part_of_the_noise_passes(case):
    report = case.inspect(0.7 * case.noise, Strengths(0.75, 0.0, 0.0))
    assert report.passed
    assert finding(report, "residualSpread").value == pytest.approx(0.7 * 0.75, rel=0.15)


def test_removing_the_fine_grain_of_the_noise_passes(case):
    assert case.inspect(case.noise - ndimage.gaussian_filter(case.noise, 0.8)).passed


def test_doing_nothing_passes_and_looks_at_the_scope_only(case):
    report = case.inspect(strengths=Strengths(0.0, 0.0, 0.0))
    assert report.passed
    assert {f.id for f in report.findings} == {
        "scopeNoise",
        "scopeSpacing",
        "scopeMatrix",
        "scopeContents",
        "scopeContrast",
    }


def test_a_removed_lesion_of_three_voxels_is_reported_with_its_place():
    lesion = spot(10 * SIGMA)
    case = makeCase(lesion=lesion)
    report = case.inspect(case.noise + lesion)
    loss = finding(report, "smallStructureLoss")
    assert not loss.passed
    assert loss.value > loss.threshold + 1
    assert any(f"{CENTER[2] + i}, {CENTER[1]}, {CENTER[0]}" in loss.sentence for i in range(3))


def test_an_invented_spot_of_eight_voxels_is_reported(case):
    report = case.inspect(case.noise - spot(6 * SIGMA, (2, 2, 2)))
    assert not report.passed
    assert max(finding(report, n).value for n in ("newStructure", "smallStructureLoss")) > 8


def test_a_spot_hidden_in_the_ringing_component_is_reported(case):
    components = asComponents(case.noise, ringing=-spot(12 * SIGMA, (2, 2, 2)))
    report = inspect(case.volume, components, Strengths(1.0, 1.0, 0.0), case.survey)
    assert not finding(report, "newStructure").passed


def test_at9_ideal_result_holds_no_detail_beyond_the_input(case):
    found = finding(case.inspect(), "newDetail")
    assert 0.5 < found.value < 1.5  # the power of the noise at most (guardRings.py), but for chance


def test_at9_invented_texture_is_reported_with_its_place(case):
    texture = np.zeros_like(case.noise)
    rng = np.random.default_rng(1)
    texture[20:52, 40:64, 30:54] = 2.5 * SIGMA * ndimage.gaussian_filter(rng.standard_normal((32, 24, 24)), 1.0) / 0.2
    report = case.inspect(case.noise - texture)
    found = finding(report, "newDetail")
    assert not found.passed
    place = [int(part) for part in found.sentence.split("voxel ")[1].split(" (")[0].split(", ")]
    assert all(low - 16 <= at <= high + 16 for at, low, high in zip(place, (30, 40, 20), (54, 64, 52), strict=True))


def test_at9_copying_what_is_there_is_no_new_detail(case):
    amplified = -0.5 * (case.volume.voxels - ndimage.gaussian_filter(case.volume.voxels, 1.0))
    assert finding(case.inspect(amplified), "newDetail").value < 1.0


def test_phantom_without_contrast_is_out_of_scope():
    grid = np.stack(np.meshgrid(*[np.linspace(-1, 1, 64)] * 3))
    image = 1000.0 * ((grid**2).sum(0) < 0.7) * (1 + 0.1 * grid[0])
    volume = asVolume((image + np.random.default_rng(0).normal(0, 30, image.shape)).astype(np.float32))
    found = finding(inspect(volume, asComponents(image * 0), Strengths(0, 0, 0), survey(volume)), "scopeContrast")
    assert not found.passed
    assert "phantom" in found.sentence


def test_blurred_edges_are_reported(case):
    report = case.inspect(case.volume.voxels - ndimage.gaussian_filter(case.volume.voxels, 1.0))
    assert finding(report, "residualAnatomy").value > 0.2
    assert not finding(report, "residualAnatomy").passed
    assert not finding(report, "smallStructureLoss").passed


def test_removing_twice_the_noise_is_reported(case):
    report = case.inspect(2 * case.noise)
    assert finding(report, "residualSpread").value == pytest.approx(2.0, rel=0.15)
    assert not finding(report, "residualSpread").passed


def test_a_tiny_change_may_follow_the_anatomy():
    image = headPhantom() * 1000
    volume = asVolume(image)
    removed = 0.02 * (image - ndimage.gaussian_filter(image, 1.0))
    report = inspect(volume, asComponents(removed), FULL, survey(volume))
    assert finding(report, "residualAnatomy").value > 0.1
    assert finding(report, "residualAnatomy").passed


def test_evidence_shows_the_place_of_a_removed_lesion_and_little_else(case):
    lesion = spot(10 * SIGMA)
    evidence = evidenceMap(case.volume, asComponents(case.noise + lesion), FULL, case.survey)
    assert evidence.dtype == np.float32
    assert evidence.shape == case.volume.voxels.shape
    assert np.unravel_index(np.argmax(evidence), evidence.shape) in [(36, 52, i) for i in (70, 71, 72)]
    assert np.count_nonzero(evidence[case.survey.head]) < 0.03 * np.count_nonzero(case.survey.head)


def test_what_ringing_and_sharpening_may_do_is_no_evidence(case):
    strengths = Strengths(1.0, 1.0, 0.5)
    voxels = case.volume.voxels
    ringing = 0.05 * (voxels - ndimage.gaussian_filter(voxels, 1.5))
    evidence = evidenceMap(case.volume, asComponents(case.noise, ringing=ringing), strengths, case.survey)
    alone = evidenceMap(case.volume, asComponents(case.noise, ringing=ringing), FULL, case.survey)
    assert np.count_nonzero(evidence) <= np.count_nonzero(alone)


@pytest.mark.parametrize(
    ("spacing", "tags", "name"),
    [
        ((1.0, 1.0, 12.0), {}, "scopeSpacing"),
        ((0.1, 0.1, 0.1), {}, "scopeContents"),
        ((1.0, 1.0, 1.0), {"BodyPartExamined": "KNEE"}, "scopeContents"),
        ((1.0, 1.0, 1.0), {"Modality": "CT"}, "scopeContents"),
        ((1.0, 1.0, 1.0), {"SeriesDescription": "ep2d_diff"}, "scopeContents"),
    ],
)
def test_volumes_out_of_scope_are_named(case, spacing, tags, name):
    volume = asVolume(case.volume.voxels, spacing, tags=tags)
    report = inspect(volume, asComponents(case.noise), Strengths(0.0, 0.0, 0.0), survey(volume))
    assert not finding(report, name).passed


def test_pure_noise_is_out_of_scope():
    volume = asVolume(np.abs(np.random.default_rng(3).standard_normal((40, 64, 64))).astype(np.float32) * 50)
    report = inspect(volume, asComponents(np.zeros_like(volume.voxels)), FULL, survey(volume))
    assert not finding(report, "scopeNoise").passed


@pytest.mark.parametrize("part", [np.s_[36:37], np.s_[30:35, 20:60, 20:60], np.s_[:2, :2, :2]])
def test_slices_and_tiny_volumes_can_be_inspected(case, part):
    volume = asVolume(np.ascontiguousarray(case.volume.voxels[part]))
    report = inspect(volume, asComponents(case.noise[part]), FULL, survey(volume))
    assert all(np.isfinite(f.value) for f in report.findings)


def test_voxels_that_are_not_finite_do_not_disturb(case):
    holed = case.volume.voxels.copy()
    holed[30, 30:40, 40:50] = np.nan
    noise = np.where(np.isfinite(holed), case.noise, 0)
    volume = asVolume(holed)
    assert inspect(volume, asComponents(noise), FULL, survey(volume)).passed


def test_a_report_can_be_written_as_json(case):
    report = json.loads(json.dumps(case.inspect().asDict()))
    assert report["passed"] is True
    assert all(f["source"] and f["sentence"].endswith(".") for f in report["findings"])
