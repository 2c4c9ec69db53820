"""DL Enhance on real MRML without the application: runs, live strengths, findings, and nothing left after a failure."""

import json
import threading

import numpy as np
import pytest
from enhanceSteps import (
    BackendMaker,
    FailingBackend,
    SmoothingBackend,
    WaitingBackend,
    addPhantom,
    sceneNodes,
)

from DLEnhanceLib.errors import BadOption, CannotWrite, EnhancementCanceled, UnsupportedVolume
from DLEnhanceLib.strengths import Strengths
from DLEnhanceLib.version import LABEL

LONG = 20.0
HALF = Strengths(denoise=0.5, dering=0.5, sharpen=0.0)
NONE = Strengths(denoise=0.0, dering=0.0, sharpen=0.0)


def arrayOf(node):
    import slicer

    return slicer.util.arrayFromVolume(node)


@pytest.fixture
def backend():
    return SmoothingBackend()


@pytest.fixture
def logic(aSlicerScene, backend):
    from DLEnhanceLib.logic import DLEnhanceLogic

    return DLEnhanceLogic(makeBackend=BackendMaker(backend))


@pytest.fixture
def head(aSlicerScene):
    return addPhantom()


def logicWith(backend):
    from DLEnhanceLib.logic import DLEnhanceLogic

    return DLEnhanceLogic(makeBackend=BackendMaker(backend))


# A run


def test_enhanced_volume_has_less_noise_on_the_same_grid_in_the_same_type(logic, head):
    output = logic.enhance(head)
    before, after = arrayOf(head), arrayOf(output)
    core = np.s_[9:15, 28:38, 16:28]
    assert after[core].std() < 0.8 * before[core].std()
    assert (after.dtype, after.shape) == (before.dtype, before.shape)
    from DLEnhanceLib.sceneVolumes import ijkToLocal

    assert np.array_equal(ijkToLocal(output), ijkToLocal(head))


def test_input_is_unchanged_bit_for_bit(logic, head):
    before, stamp = arrayOf(head).copy(), head.GetMTime()
    logic.enhance(head)
    logic.reblend(HALF)
    logic.residualNode()
    assert np.array_equal(arrayOf(head), before)
    assert head.GetMTime() == stamp


def test_output_is_named_after_its_source_and_says_how_it_was_made(logic, head):
    output = logic.enhance(head, strengths=HALF)
    assert output.GetName() == "T1 post enhanced"
    assert output.GetNodeReference("DLEnhance.Source") is head
    found = {key: output.GetAttribute(f"DLEnhance.{key}") for key in ("Label", "Model", "Device", "DenoisePercent")}
    assert found == {"Label": LABEL, "Model": "smoothing-1", "Device": "CPU", "DenoisePercent": "50"}


def test_chosen_output_receives_the_result(logic, head):
    mine = addPhantom("mine", np.zeros((2, 2, 2), np.float32))
    assert logic.enhance(head, outputNode=mine) is mine
    assert arrayOf(mine).shape == arrayOf(head).shape
    assert mine.GetName() == "mine"


def test_profile_and_device_reach_the_backend_and_the_model_is_loaded_once(logic, head):
    logic.enhance(head, profile="fast", device="cpu")
    logic.enhance(head, profile="fast", device="cpu")
    assert logic.makeBackend.asked == [("fast", "cpu")]


def test_strength_zero_gives_the_input_bit_for_bit(logic, head):
    output = logic.enhance(head, strengths=NONE)
    assert np.array_equal(arrayOf(output), arrayOf(head))


def test_background_run_gives_the_same_voxels_as_the_blocking_one(logic, head):
    expected = arrayOf(logic.enhance(head)).copy()
    pending = logic.startRun(head)
    assert pending.job.done(LONG)
    assert np.array_equal(arrayOf(logic.finishRun(pending)), expected)


def test_strengths_moved_during_the_run_count(logic, head):
    pending = logic.startRun(head)
    assert pending.job.done(LONG)
    output = logic.finishRun(pending, strengths=NONE)
    assert np.array_equal(arrayOf(output), arrayOf(head))


def test_survey_made_before_is_used_by_the_run(logic, head):
    pending = logic.startSurvey(head)
    assert pending.job.done(LONG)
    _description, survey = logic.finishSurvey(pending)
    logic.enhance(head)
    assert logic.finished.run.survey is survey


def test_survey_of_voxels_that_changed_is_not_used(logic, head):
    import slicer

    pending = logic.startSurvey(head)
    assert pending.job.done(LONG)
    logic.finishSurvey(pending)
    arrayOf(head)[:] //= 2
    slicer.util.arrayFromVolumeModified(head)
    assert logic.surveyOf(head) is None


# A finished run


def test_new_strengths_need_no_second_pass(logic, backend, head):
    output = logic.enhance(head)
    logic.reblend(HALF)
    live = arrayOf(output).copy()
    assert backend.passes == 1
    assert np.array_equal(live, arrayOf(logic.enhance(head, strengths=HALF)))
    assert output.GetAttribute("DLEnhance.SharpenPercent") == "0"


def test_reblending_to_zero_restores_the_input(logic, head):
    output = logic.enhance(head)
    logic.reblend(NONE)
    assert np.array_equal(arrayOf(output), arrayOf(head))


def test_residual_is_input_minus_output_and_follows_the_strength(logic, head):
    output = logic.enhance(head)
    residual = logic.residualNode()
    assert np.allclose(arrayOf(residual), arrayOf(head).astype(float) - arrayOf(output))
    logic.reblend(HALF)
    assert logic.residualNode() is residual
    assert np.allclose(arrayOf(residual), arrayOf(head).astype(float) - arrayOf(output))


def test_residual_is_shown_around_gray(logic, head):
    logic.enhance(head)
    display = logic.residualNode().GetDisplayNode()
    assert display.GetLevel() == 0
    assert display.GetWindow() > 0


@pytest.mark.parametrize("component", ["noise", "ringing", "blur"])
def test_components_are_volumes_on_demand(logic, head, component):
    logic.enhance(head)
    assert logic.derivedNodes() == []
    node = logic.componentNode(component)
    assert np.array_equal(arrayOf(node), getattr(logic.finished.run.components, component))
    assert logic.derivedNodes() == [node]


def test_guard_is_asked_anew_after_new_strengths(logic, head):
    logic.enhance(head)
    assert logic.finished.isChecked
    logic.reblend(HALF)
    assert not logic.finished.isChecked
    job = logic.startGuard()
    assert job.done(LONG)
    assert logic.finishGuard(job)
    assert logic.finished.isChecked


def test_stale_findings_of_the_guard_are_dropped(logic, head):
    logic.enhance(head)
    logic.reblend(HALF)
    job = logic.startGuard()
    logic.reblend(NONE)
    assert job.done(LONG)
    assert not logic.finishGuard(job)
    assert not logic.finished.isChecked


def test_report_holds_the_strengths_shown_now(logic, head, tmp_path):
    logic.enhance(head)
    logic.reblend(HALF)
    report = json.loads(logic.writeReport(tmp_path / "report.json").read_text())
    assert report["strengths"] == {"denoise": 0.5, "dering": 0.5, "sharpen": 0.0}
    assert report["label"] == LABEL
    assert report["guard"]
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_run_is_live_until_one_of_its_nodes_goes(logic, head):
    import slicer

    output = logic.enhance(head)
    assert logic.isLive(head, output)
    assert not logic.isLive(output, head)
    slicer.mrmlScene.RemoveNode(output)
    assert not logic.isLive(head, output)
    with pytest.raises(BadOption, match="press Apply"):
        logic.reblend(HALF)


# Cancel and failures


def test_cancelled_run_leaves_nothing(aSlicerScene, head):
    backend = WaitingBackend()
    logic, before = logicWith(backend), sceneNodes()
    pending = logic.startRun(head)
    assert backend.reached.wait(LONG)
    pending.job.cancel()
    assert pending.job.done(LONG)
    with pytest.raises(EnhancementCanceled):
        logic.finishRun(pending)
    assert sceneNodes() == before
    assert logic.finished is None


def test_blocking_run_is_cancelled_by_its_callback(logic, head):
    def stop(fraction, text):
        raise EnhancementCanceled

    before = sceneNodes()
    with pytest.raises(EnhancementCanceled):
        logic.enhance(head, reportProgress=stop)
    assert sceneNodes() == before


def test_failed_run_leaves_an_existing_output_as_it_was(aSlicerScene, head):
    mine = addPhantom("mine")
    before, voxels = sceneNodes(), arrayOf(mine).copy()
    logic = logicWith(FailingBackend(RuntimeError("kernel missing")))
    with pytest.raises(RuntimeError, match="kernel missing"):
        logic.enhance(head, outputNode=mine)
    assert sceneNodes() == before
    assert np.array_equal(arrayOf(mine), voxels)


def test_scene_closed_during_the_run_drops_the_result(aSlicerScene, head):
    import slicer

    backend = WaitingBackend()
    logic = logicWith(backend)
    pending = logic.startRun(head)
    assert backend.reached.wait(LONG)
    slicer.mrmlScene.Clear(False)
    backend.goOn.set()
    assert pending.job.done(LONG)
    reborn = addPhantom()  # gets the id of the old one
    assert reborn.GetID() == head.GetID()
    before = sceneNodes()
    with pytest.raises(EnhancementCanceled, match="removed"):
        logic.finishRun(pending)
    assert sceneNodes() == before


def test_worker_sees_arrays_only(aSlicerScene, head):
    """The thread that runs the network never is the one that owns the scene."""
    threads = set()

    class Watching(SmoothingBackend):
        def noise(self, *arguments, **options):
            threads.add(threading.get_ident())
            return super().noise(*arguments, **options)

        def restored(self, *arguments, **options):
            threads.add(threading.get_ident())
            return super().restored(*arguments, **options)

    logic = logicWith(Watching())
    pending = logic.startRun(head)
    assert pending.job.done(LONG)
    logic.finishRun(pending)
    assert threading.get_ident() not in threads


def test_input_as_output_is_refused(logic, head):
    with pytest.raises(BadOption, match="never changed"):
        logic.enhance(head, outputNode=head)


def test_enhanced_volume_is_not_enhanced_again(logic, head):
    output = logic.enhance(head)
    for ours in (output, logic.residualNode()):
        with pytest.raises(BadOption, match="choose the original"):
            logic.enhance(ours)


def test_missing_input_is_refused(logic):
    with pytest.raises(UnsupportedVolume, match="Choose an input"):
        logic.enhance(None)


def test_unknown_component_is_refused(logic, head):
    logic.enhance(head)
    with pytest.raises(BadOption, match="noise, ringing, blur"):
        logic.componentNode("motion")


def test_report_to_an_impossible_place_is_refused(logic, head, tmp_path):
    logic.enhance(head)
    with pytest.raises(CannotWrite, match="choose another folder"):
        logic.writeReport(tmp_path / "absent" / "report.json")


@pytest.mark.parametrize("value", [np.nan, np.inf, 5.0])
def test_volume_without_an_image_is_refused_in_one_sentence(logic, value):
    node = addPhantom("odd", np.full((12, 16, 16), value, np.float32))
    before = sceneNodes()
    with pytest.raises(UnsupportedVolume) as refusal:
        logic.enhance(node)
    assert "\n" not in str(refusal.value)
    assert sceneNodes() == before
