"""Noise from repeats and pseudo-replicas, and measures that wait for rest, through the logic on real MRML nodes."""

import numpy as np
import pytest

slicer = pytest.importorskip("slicer", reason="the scene floor is tested with slicer-core")

from DLEnhanceTestHost.slicerModules import installSlicerModules  # noqa: E402
from headPhantom import acquire, headPhantom  # noqa: E402

from dlenhance.headlessSlicer import HeadlessSlicer  # noqa: E402

installSlicerModules()
from DLEnhanceLesionMetricsLib.lesionNoise import Noise  # noqa: E402
from DLEnhanceLesionMetricsLib.logic import DLEnhanceLesionMetricsLogic, PlainParameters  # noqa: E402
from DLEnhanceLib.errors import BadOption, EnhancementCanceled  # noqa: E402

SHAPE = (40, 64, 56)
LESION, REFERENCE = (28, 24, 20), (36, 42, 20)
SIGMA = 0.05
TRUTH = headPhantom(SHAPE)


@pytest.fixture(scope="module")
def headless():
    return HeadlessSlicer()


def voxels(seed):
    return acquire(TRUTH, sigma=SIGMA, seed=seed)[0]


def addVolume(name, array):
    return slicer.util.addVolumeFromArray(array.astype(np.float32), np.eye(4), name)


@pytest.fixture
def logic(headless):
    """A live logic with a volume, what the fast profile at preset low made of it, a lesion and a reference."""
    pytest.importorskip("torch", reason="the enhancer needs PyTorch")
    from DLEnhanceLib.logic import DLEnhanceLogic
    from DLEnhanceLib.strengths import PRESETS

    headless.scene.Clear(False)
    standard = addVolume("T1", voxels(1))
    enhanced = DLEnhanceLogic().enhance(standard, strengths=PRESETS["medium"], profile="fast", device="cpu")
    logic = DLEnhanceLesionMetricsLogic(parameters=PlainParameters())
    logic.startLive()
    logic.setVolumes(standard, enhanced)
    logic.addRegion("lesion", LESION, 6)
    logic.addRegion("reference", REFERENCE, 8)
    yield logic
    logic.release()


def result(logic, metric):
    return next(row for row in logic.outcome.results if row.standard.metric == metric)


def choose(logic, **values):
    for name, value in values.items():
        setattr(logic.parameters, name, value)
    logic.update()


def test_a_repeat_gives_the_noise_of_either_image(logic):
    repeat = addVolume("T1 again", voxels(2))
    choose(logic, noise=Noise.DIFFERENCE, standardRepeat=repeat)
    found = result(logic, "snr")
    assert found.standard.noise == pytest.approx(1000 * SIGMA, rel=0.25)
    assert found.standard.method == "difference"
    assert found.enhanced.value is None
    assert "no repeated acquisition" in found.enhanced.warning
    repeat.SetAndObserveImageData(None)
    assert result(logic, "snr").standard.value is None
    assert "holds no voxels" in logic.outcome.problem


def test_a_repeat_that_is_the_image_itself_or_on_another_grid_is_told(logic):
    choose(logic, noise=Noise.DIFFERENCE, standardRepeat=logic.parameters.standardVolume)
    assert "its own second acquisition" in logic.outcome.problem
    choose(logic, standardRepeat=addVolume("small", voxels(2)[:-4]))
    assert "differ in size" in logic.outcome.problem
    assert result(logic, "snr").standard.value is None


def test_the_noise_map_stands_in_the_scene_and_in_the_rows(logic):
    choose(logic, noise=Noise.PSEUDO_REPLICA)
    assert "No pseudo-replica noise map" in result(logic, "snr").standard.warning
    node = logic.mapNoise(replicas=6)
    found = result(logic, "snr")
    assert found.standard.noise == pytest.approx(1000 * SIGMA, rel=0.1)
    assert 0.3 < found.enhanced.noise / found.standard.noise < 0.9
    assert logic.noiseMapNode() is node
    assert node.GetName() == "T1 enhanced noise SD"
    array = slicer.util.arrayFromVolume(node)
    assert array.shape == SHAPE
    assert array.max() > 0
    assert logic.outcome.problem == ""
    assert logic.enhancedOf(logic.parameters.standardVolume) is logic.parameters.enhancedVolume


def test_a_lesion_dragged_out_of_the_map_has_no_value(logic):
    choose(logic, noise=Noise.PSEUDO_REPLICA)
    logic.mapNoise(replicas=2)
    assert result(logic, "snr").standard.value is not None
    logic.regions("lesion")[0].node.SetCenter(8, 6, 36)
    assert result(logic, "snr").standard.value is None


def test_other_strengths_make_the_map_stale(logic):
    choose(logic, noise=Noise.PSEUDO_REPLICA)
    logic.mapNoise(replicas=2)
    enhanced = logic.parameters.enhancedVolume
    enhanced.SetAttribute("DLEnhance.DenoisePercent", "10")
    logic.update(force=True)
    assert "another state" in logic.outcome.problem
    assert result(logic, "snr").standard.value is None
    logic.mapNoise(replicas=2)
    # The voxels still are those of medium, and this is noticed.
    assert "noise SDs away" in logic.outcome.problem
    assert result(logic, "snr").standard.value is not None


def test_a_saved_scene_keeps_the_map(logic, headless, tmp_path):
    choose(logic, noise=Noise.PSEUDO_REPLICA)
    assert logic.mapNoise(replicas=2).GetAttribute("DLEnhance.Replicas") == "2"
    before = result(logic, "cnr").enhanced.value
    bundle = str(tmp_path / "case.mrb")
    assert headless.scene.WriteToMRB(bundle)
    headless.scene.Clear(False)
    assert headless.scene.ReadFromMRB(bundle, True)
    logic.setVolumes(slicer.util.getNode("T1"))
    assert logic.parameters.enhancedVolume.GetName() == "T1 enhanced"
    assert result(logic, "cnr").enhanced.value == pytest.approx(before, rel=1e-5)


def test_a_cancelled_map_leaves_nothing(logic):
    count = headlessVolumes()
    pending = logic.startNoiseMap(replicas=20, wholeHead=True)
    pending.job.cancel()
    while not pending.job.done(0.05):
        pass
    with pytest.raises(EnhancementCanceled):
        logic.finishNoiseMap(pending)
    assert headlessVolumes() == count
    assert logic.noiseMapNode() is None


def headlessVolumes():
    return slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")


def test_a_volume_removed_meanwhile_gets_no_map(logic, headless):
    pending = logic.startNoiseMap(replicas=2)
    while not pending.job.done(0.05):
        pass
    headless.scene.RemoveNode(logic.parameters.enhancedVolume)
    with pytest.raises(EnhancementCanceled, match="removed"):
        logic.finishNoiseMap(pending)


def test_what_is_not_ours_cannot_be_repeated(logic):
    assert logic.noiseMapObstacle() == ""
    logic.setVolumes(logic.parameters.standardVolume, addVolume("other software", voxels(3)))
    assert "was not made by DL Enhance" in logic.noiseMapObstacle()
    with pytest.raises(BadOption):
        logic.startNoiseMap()


def test_measures_of_the_surround_wait_while_a_region_moves(logic):
    choose(logic, conspicuity=True, noiseSpectrum=True)
    assert result(logic, "conspicuity").standard.value is not None
    assert result(logic, "noise_frequency").standard.method == "tissue_sd"
    assert not logic.outcome.isUnsettled
    logic.regions("lesion")[0].node.SetCenter(30, 24, 20)
    assert logic.outcome.isUnsettled
    assert result(logic, "conspicuity").standard.value is None
    assert "when nothing moves" in result(logic, "conspicuity").warning
    moved = result(logic, "snr").standard.value
    logic.settle()
    assert not logic.outcome.isUnsettled
    assert result(logic, "conspicuity").standard.value is not None
    assert result(logic, "snr").standard.value == moved
    assert [row for row in logic.measure() if row.metric == "conspicuity" and row.value is not None]


def test_the_noise_spectrum_uses_the_source_of_the_chosen_method(logic):
    repeat = addVolume("T1 again", voxels(2))
    choose(logic, noiseSpectrum=True, noise=Noise.DIFFERENCE, standardRepeat=repeat)
    assert result(logic, "noise_frequency").standard.method == "difference"
    assert result(logic, "noise_frequency").standard.value == pytest.approx(2 / 3 * 0.5, rel=0.1)
    choose(logic, noise=Noise.PSEUDO_REPLICA)
    logic.mapNoise(replicas=2)
    found = result(logic, "noise_frequency")
    assert found.standard.method == "pseudo_replica"
    assert found.standard.value == pytest.approx(2 / 3 * 0.5, rel=0.1)
    assert found.enhanced.value < found.standard.value


def test_a_line_follows_new_voxels_and_its_own_ends(logic):
    logic.addLine([(28, 4, 20), (28, 24, 20)])
    enhanced = logic.parameters.enhancedVolume
    array = slicer.util.arrayFromVolume(enhanced)
    # A smooth edge in the middle of the line, then a blurred one.
    for width in (0.8, 1.6):
        array[:] = 1000 / (1 + np.exp(-(np.arange(SHAPE[1]) - 14) / width))[:, None]
        slicer.util.arrayFromVolumeModified(enhanced)
        logic.setVolumes(enhanced)
        assert result(logic, "ers").standard.value == pytest.approx(0.8 / (4.394 * width), rel=0.15)
    before = result(logic, "ers").standard.value
    logic.regions("edge")[0].node.SetNthControlPointPosition(1, 34, 24, 20)
    assert result(logic, "ers").standard.value < 0.99 * before
