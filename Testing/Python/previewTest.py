"""The preview: close to the whole run, on its place in space, following view and sliders, gone without a trace."""

import numpy as np
import pytest
from enhanceSteps import BackendMaker, FailingBackend, SmoothingBackend, addPhantom, phantomVoxels, sceneNodes
from headPhantom import acquire, asVolume, headPhantom

from DLEnhanceLib.enhancement import computeComponents
from DLEnhanceLib.preview import MARGIN, Previewer, slicesAround
from DLEnhanceLib.strengths import PRESETS, Strengths
from DLEnhanceLib.survey import survey

LONG = 60
HALF = Strengths(0.5, 0.5, 0.0)


@pytest.fixture(scope="module")
def head():
    """(volume, survey, backend, whole components) with the released network."""
    from DLEnhanceLib.torchBackend import makeBackend

    volume = asVolume(acquire(headPhantom(), sigma=0.05)[0])
    backend, found = makeBackend("fast", "cpu", threads=1), survey(volume)
    return volume, found, backend, computeComponents(volume, found, backend)


@pytest.mark.parametrize(("isQuick", "limit"), [(False, 0.05), (True, 0.13)])
@pytest.mark.parametrize(("axis", "index"), [(0, 36), (1, 50), (2, 0)])
def test_preview_is_close_to_the_whole_run(head, axis, index, isQuick, limit):
    volume, found, backend, whole = head
    preview = Previewer.of(volume, found, backend).compute(axis, index, isQuick=isQuick)
    place = tuple(slicesAround(volume.voxels.shape, axis, index)[0] if a == axis else slice(None) for a in range(3))
    apart = preview.components.at(np.s_[:, :, :]) - whole.at(place)
    assert np.sqrt((apart**2).mean()) < limit * found.noise.median
    assert np.array_equal(preview.source.voxels, volume.voxels[place])


def test_network_sees_only_slices_near_the_one_in_view(head):
    volume, found, *_ = head
    sizes = []

    class Watching(SmoothingBackend):
        def noise(self, image, *args, **kwargs):
            sizes.append(image.shape)
            return super().noise(image, *args, **kwargs)

    previewer = Previewer.of(volume, found, Watching())
    previewer.compute(0, 36)
    previewer.compute(0, 36, isQuick=True)
    assert sizes[0][0] <= 8
    assert sizes[1][0] == 4


@pytest.mark.parametrize("size", [1, 3, 8, 23, 48])
def test_every_slice_is_computed_with_its_margin_among_at_most_eight(size):
    for index in range(size):
        core, padded = slicesAround((size, 64, 64), 0, index)
        assert padded.start % 2 == 0
        assert padded.stop - padded.start <= 8
        assert 0 <= padded.start <= max(0, core.start - MARGIN)
        assert min(size, core.stop + MARGIN) <= padded.stop <= size
        assert padded.stop - padded.start >= min(size, 4)


def test_slices_lie_on_their_place_in_space(head):
    volume, found, *_ = head
    source = Previewer.of(volume, found, SmoothingBackend()).compute(1, 50).source
    assert np.allclose(source.ijkToRAS @ [3, 1, 5, 1], volume.ijkToRAS @ [3, 50, 5, 1])


def test_slices_outside_the_head_stay_as_they_are():
    voxels = np.zeros((64, 64, 96), np.float32)
    voxels[:, :, :48] = acquire(headPhantom((64, 64, 48)), sigma=0.05)[0]
    volume = asVolume(voxels)
    preview = Previewer.of(volume, survey(volume), SmoothingBackend()).compute(2, 94)
    assert np.array_equal(preview.at(PRESETS["high"]).voxels, preview.source.voxels)


# Scene


@pytest.fixture
def logic(aSlicerScene):
    from DLEnhanceLib.logic import DLEnhanceLogic

    return DLEnhanceLogic(makeBackend=BackendMaker(SmoothingBackend()))


def computed(preview, axis, index, strengths=HALF):
    pending = preview.start(axis, index)
    assert pending.job.done(LONG)
    return preview.finish(pending, strengths)


def arrayOf(node):
    import slicer

    return slicer.util.arrayFromVolume(node)


def test_node_shows_the_slices_and_the_slider_acts_at_once(logic):
    source = addPhantom()
    preview = logic.newPreview(source)
    node = computed(preview, 0, 12)
    whole = arrayOf(logic.enhance(source, strengths=HALF))[11:14]
    assert np.mean(arrayOf(node) != whole) < 0.03
    passes = logic.makeBackend.backend.passes
    preview.reblend(Strengths(0, 0, 0))
    assert np.array_equal(arrayOf(node), arrayOf(source)[11:14])
    assert logic.makeBackend.backend.passes == passes


def test_node_lies_where_its_slices_lie(logic):
    import slicer
    import vtk

    source = addPhantom()
    node = computed(logic.newPreview(source), 1, 30)
    matrices = []
    for each in (source, node):
        matrix = vtk.vtkMatrix4x4()
        each.GetIJKToRASMatrix(matrix)
        matrices.append(slicer.util.arrayFromVTKMatrix(matrix).copy())
    assert np.allclose(matrices[1] @ [5, 1, 7, 1], matrices[0] @ [5, 30, 7, 1])


def test_next_slice_takes_the_same_node(logic):
    preview = logic.newPreview(addPhantom())
    node = computed(preview, 0, 12)
    assert computed(preview, 2, 20) is node
    assert preview.place == (2, 20)
    assert arrayOf(node).shape[2] == 3


def test_nothing_is_left_of_a_preview(logic):
    source = addPhantom()
    before = sceneNodes()
    preview = logic.newPreview(source)
    node = computed(preview, 0, 12)
    assert not node.GetSaveWithScene()
    displayId, storage = node.GetDisplayNodeID(), arrayOf(source).copy()
    preview.remove()
    import slicer

    slicer.mrmlScene.RemoveNode(slicer.mrmlScene.GetNodeByID(displayId))
    assert sceneNodes() - before == set()
    assert np.array_equal(arrayOf(source), storage)


def test_failed_preview_leaves_nothing(aSlicerScene):
    from DLEnhanceLib.logic import DLEnhanceLogic

    preview = DLEnhanceLogic(makeBackend=BackendMaker(FailingBackend(OSError("disk")))).newPreview(addPhantom())
    pending = preview.start(0, 12)
    assert pending.job.done(LONG)
    with pytest.raises(OSError, match="disk"):
        preview.finish(pending, HALF)
    assert preview.node is None


# Panel


@pytest.fixture
def panel(aHost):
    aHost.layoutManager.setLayout(3)
    aHost.processEvents()
    widget = aHost.openModule("DLEnhance")
    widget.logic.makeBackend = BackendMaker(SmoothingBackend())
    return widget


def switchOn(host, panel, voxels=None):
    source = addPhantom(voxels=voxels)
    panel.ui.inputSelector.setCurrentNode(source)
    assert panel.ui.previewButton.enabled
    panel.ui.previewButton.click()
    host.waitUntil(lambda: panel.previewBox.node is not None and not panel.previewBox.isBusy)
    return source


def test_preview_stands_beside_the_original(aHost, panel):
    source = switchOn(aHost, panel)
    comparison = panel.previewBox.comparison
    assert comparison.isShown
    shown = [composite.GetBackgroundVolumeID() for composite in comparison.compositeNodes]
    assert shown == [source.GetID(), panel.previewBox.node.GetID()]


def test_preview_follows_the_view(aHost, panel):
    switchOn(aHost, panel)
    sliceNode = panel.previewBox.comparison.sliceNodes[0]
    before = panel.previewBox.place
    sliceNode.SetSliceOffset(sliceNode.GetSliceOffset() + 5)
    aHost.waitUntil(lambda: panel.previewBox.place != before and not panel.previewBox.isBusy)
    assert panel.previewBox.place[0] == before[0]
    assert panel.previewBox.place[1] != before[1]


def test_a_quick_preview_is_refined_and_gives_way_to_the_next_slice(aHost, panel):
    """The first look is shown at once; a move through the slices does not wait for the better one."""
    preview = switchOn(aHost, panel) and panel.previewBox._preview
    assert not preview.isQuick
    started, start = [], preview.start

    def watched(axis, index, *, isQuick=False):
        started.append(isQuick)
        return start(axis, index, isQuick=isQuick)

    preview.start = watched
    sliceNode = panel.previewBox.comparison.sliceNodes[0]
    sliceNode.SetSliceOffset(sliceNode.GetSliceOffset() + 5)
    aHost.waitUntil(lambda: preview.isQuick and panel.previewBox._isRefining)
    sliceNode.SetSliceOffset(sliceNode.GetSliceOffset() + 5)
    aHost.waitUntil(lambda: not panel.previewBox.isBusy and not preview.isQuick)
    assert started[:2] == [True, False]
    assert started[-2:] == [True, False]
    assert preview.place == preview.sliceIn(sliceNode)


def test_sliders_act_on_the_preview(aHost, panel):
    switchOn(aHost, panel)
    before = arrayOf(panel.previewBox.node).copy()
    panel.ui.denoiseSlider.setValue(0)
    panel.ui.deringSlider.setValue(0)
    panel.ui.sharpenSlider.setValue(0)
    place = panel.previewBox.place
    source = arrayOf(panel.ui.inputSelector.currentNode())
    assert np.array_equal(arrayOf(panel.previewBox.node), source.take(range(place[1] - 1, place[1] + 2), place[0]))
    assert not np.array_equal(before, arrayOf(panel.previewBox.node))


@pytest.mark.parametrize("leave", ["button", "apply", "input", "exit", "layout", "close"])
def test_leaving_discards_the_preview(aHost, panel, leave):
    import slicer

    switchOn(aHost, panel)
    node = panel.previewBox.node
    if leave == "button":
        panel.ui.previewButton.click()
    elif leave == "apply":
        panel.ui.applyButton.click()
        aHost.waitUntil(lambda: not panel.runView.isBusy)
    elif leave == "input":
        panel.ui.inputSelector.setCurrentNode(addPhantom("other"))
    elif leave == "exit":
        panel.exit()
    elif leave == "layout":
        aHost.layoutManager.setLayout(3)
    else:
        slicer.mrmlScene.Clear(False)
    assert not slicer.mrmlScene.IsNodePresent(node)
    assert not panel.ui.previewButton.checked
    assert not panel.previewBox.isOn
    assert not panel.previewBox.comparison.isShown


def test_failure_is_told_and_ends_the_preview(aHost, panel):
    panel.logic.makeBackend = BackendMaker(FailingBackend(OSError("disk")))
    panel.ui.inputSelector.setCurrentNode(addPhantom())
    panel.ui.previewButton.click()
    aHost.waitUntil(lambda: not panel.previewBox.isOn)
    assert any("disk" in text for _name, text in aHost.messages)
    assert not panel.ui.previewButton.checked


def test_without_views_there_is_no_preview(aHostWithoutViews):
    widget = aHostWithoutViews.openModule("DLEnhance")
    widget.ui.inputSelector.setCurrentNode(addPhantom())
    assert not widget.ui.previewButton.enabled


def test_constant_volume_is_declined_with_a_reason(aHost, panel):
    panel.ui.inputSelector.setCurrentNode(addPhantom(voxels=np.full_like(phantomVoxels(), 7)))
    panel.ui.previewButton.click()
    aHost.waitUntil(lambda: not panel.previewBox.isOn)
    assert any("nothing to enhance" in text for _name, text in aHost.messages)
