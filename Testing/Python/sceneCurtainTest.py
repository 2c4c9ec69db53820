"""Curtain, flicker and original in rendered slice views: which image is seen at which pixel."""

import numpy as np
import pytest

from DLEnhanceLib.volume import Volume

SIZE = (320, 200)
STANDARD, ENHANCED = 60, 200  # gray levels, as the window is 0..255
GRID = np.diag([-1.0, -1.0, 5.0, 1.0])


@pytest.fixture
def compared(aSlicerScene):
    """(comparison, look): the comparison draws its views; look() gives the gray levels along the middle row."""
    pytest.importorskip("slicer")
    from dlenhance.offscreenLayout import OffscreenLayoutManager
    from DLEnhanceLib.sceneComparison import SliceComparison

    manager = OffscreenLayoutManager(aSlicerScene, size=SIZE)
    comparison = SliceComparison(aSlicerScene.scene, manager, processEvents=manager.layOut)

    def look():
        row = manager.pixels(comparison.sliceNodes)[SIZE[1] // 4]  # away from the titles
        assert (row.max(axis=1) == row.min(axis=1)).mean() > 0.9
        return row[:, 0].astype(int)

    yield comparison, look
    comparison.release()
    manager.release()


@pytest.fixture
def pair(aSlicerScene):
    nodes = [
        aSlicerScene.addVolume(Volume(np.full((4, 200, 400), level, np.float32), GRID), f"{level}")
        for level in (STANDARD, ENHANCED)
    ]
    for node in nodes:
        node.GetDisplayNode().SetAutoWindowLevel(False)
        node.GetDisplayNode().SetWindowLevelMinMax(0, 255)
    return nodes


def borderOf(row):
    """The first pixel of the enhanced image."""
    return int(np.flatnonzero(row == ENHANCED)[0])


@pytest.mark.parametrize("position", [0.2, 0.5, 0.85])
def test_the_curtain_shows_the_standard_on_its_left_and_the_enhanced_on_its_right(compared, pair, position):
    comparison, look = compared
    comparison.show(*pair, layout="curtain")
    comparison.setCurtain(position)
    row, border = look(), round(position * SIZE[0])
    assert set(row[: border - 3]) == {STANDARD}
    assert set(row[border + 3 :]) == {ENHANCED}
    assert borderOf(row) == pytest.approx(border, abs=3)


def test_at_the_edges_one_image_fills_the_view(compared, pair):
    comparison, look = compared
    comparison.show(*pair, layout="curtain")
    comparison.setCurtain(0)
    assert set(look()[4:-4]) == {ENHANCED}
    comparison.setCurtain(1)
    assert set(look()[4:-4]) == {STANDARD}


def test_the_border_keeps_its_share_when_the_view_changes_its_size(compared, pair):
    comparison, look = compared
    comparison.show(*pair, layout="curtain")
    comparison.setCurtain(0.25)
    comparison._layoutManager.sliceWidget("DLEnhanceCurtain").view.resize(600, SIZE[1])
    assert borderOf(look()) == pytest.approx(150, abs=3)


def test_the_curtain_stays_while_the_slice_moves_and_zooms(compared, pair):
    comparison, look = compared
    comparison.show(*pair, layout="curtain")
    logic = comparison._logics[0]
    logic.StartSliceOffsetInteraction()
    logic.SetSliceOffset(logic.GetSliceOffset() + 5)
    logic.EndSliceOffsetInteraction()
    node = comparison.sliceNodes[0]
    node.SetFieldOfView(node.GetFieldOfView()[0] / 2, node.GetFieldOfView()[1] / 2, 1)
    assert borderOf(look()) == pytest.approx(SIZE[0] / 2, abs=3)


def test_no_volume_made_of_both_exists(compared, pair, aSlicerScene):
    comparison, look = compared
    comparison.show(*pair, layout="curtain")
    look()
    nodes = aSlicerScene.scene.GetNodesByClass("vtkMRMLVolumeNode")
    assert nodes.GetNumberOfItems() == 2
    assert [int(np.unique(aSlicerScene.volumeFrom(node).voxels)[0]) for node in pair] == [STANDARD, ENHANCED]


def test_after_hiding_the_view_blends_as_slicer_does(compared, pair):
    comparison, _look = compared
    comparison.show(*pair, layout="curtain")
    view = comparison._layoutManager.sliceWidget("DLEnhanceCurtain").view
    comparison.hide()
    view.compositeNode.SetForegroundOpacity(1.0)
    assert set(view.pixels()[20, :, 0]) == {ENHANCED}
    assert not [prop for prop in view.renderer.GetViewProps() if prop.IsA("vtkTextActor")]


def test_flicker_shows_one_image_then_the_other(compared, pair):
    comparison, look = compared
    comparison.show(*pair, layout="flicker")
    seen = []
    for _ in range(4):
        seen.append((set(look()), comparison.titles))
        comparison.flick()
    assert seen[0] == ({ENHANCED}, [["Enhanced"]])
    assert seen[1] == ({STANDARD}, [["Standard"]])
    assert seen[2:] == seen[:2]


def test_flicker_waits_while_the_original_is_held(compared, pair):
    comparison, look = compared
    comparison.show(*pair, layout="flicker")
    comparison.toggleOriginal()
    for _ in range(3):
        comparison.flick()
        assert set(look()) == {STANDARD}
    comparison.toggleOriginal()
    assert set(look()) == {ENHANCED}


@pytest.mark.parametrize("layout", ["sideBySide", "residual", "curtain", "flicker"])
def test_the_original_fills_every_layout_and_goes_again(compared, pair, layout):
    comparison, look = compared
    residual = pair[1] if layout == "residual" else None
    comparison.show(*pair, residual, layout=layout)
    before, count = look(), len(comparison.sliceNodes)
    comparison.toggleOriginal()
    seen = look()[: SIZE[0] * 2 // 3 - 4] if layout == "residual" else look()
    assert set(seen) - {0} == {STANDARD}  # 0: a narrow view sees beside the image
    assert all("Enhanced" not in titles for titles in comparison.titles)
    comparison.toggleOriginal()
    np.testing.assert_array_equal(look(), before)
    assert len(comparison.sliceNodes) == count


def test_titles_say_which_image_is_where(compared, pair):
    comparison, _look = compared
    comparison.show(*pair)
    assert comparison.titles == [["Standard"], ["Enhanced"]]
    comparison.show(*pair, layout="curtain")
    assert comparison.titles == [["Standard", "Enhanced"]]
    comparison.setCurtain(0.02)
    assert comparison.titles == [["Enhanced"]]
    comparison.show(*pair, pair[1], unit=4.0)
    assert comparison.titles[2] == ["Residual in noise SD (1 SD = 4)"]


def test_the_legend_counts_in_noise_sds(compared, pair):
    comparison, _look = compared
    pair[1].GetDisplayNode().SetAndObserveColorNodeID("vtkMRMLColorTableNodeGrey")
    comparison.show(pair[0], pair[0], pair[1], unit=50.0)
    assert comparison.legend.range == pytest.approx((0, 255 / 50))
    comparison.setUnit(25.0)
    assert comparison.legend.range == pytest.approx((0, 255 / 25))
    comparison.show(*pair)
    assert comparison.legend is None


def mouse(comparison, event, x):
    interactor = comparison._layoutManager.sliceWidget("DLEnhanceCurtain").renderWindow().GetInteractor()
    interactor.SetEventInformation(x, SIZE[1] // 2, 0, 0)
    interactor.InvokeEvent(event)


@pytest.fixture
def slicersOwn(compared, pair):
    """(comparison, list of mouse events that reach Slicer's own observers)."""
    comparison, _look = compared
    comparison.show(*pair, layout="curtain")
    interactor = comparison._layoutManager.sliceWidget("DLEnhanceCurtain").renderWindow().GetInteractor()
    reached = []
    interactor.SetInteractorStyle(None)
    for event in ("LeftButtonPressEvent", "MouseMoveEvent", "LeftButtonReleaseEvent"):
        interactor.AddObserver(event, lambda _caller, name: reached.append(name), 0.0)
    return comparison, reached


def test_the_mouse_drags_the_border_and_slicer_does_nothing_else(slicersOwn):
    comparison, reached = slicersOwn
    mouse(comparison, "LeftButtonPressEvent", SIZE[0] // 2 + 3)
    for x in (180, 220, 240):
        mouse(comparison, "MouseMoveEvent", x)
        assert comparison.curtain == pytest.approx(x / SIZE[0])
    mouse(comparison, "LeftButtonReleaseEvent", 240)
    assert reached == []
    mouse(comparison, "MouseMoveEvent", 20)
    assert comparison.curtain == pytest.approx(240 / SIZE[0])
    assert reached == ["MouseMoveEvent"]


def test_a_press_beside_the_border_is_slicers(slicersOwn):
    comparison, reached = slicersOwn
    for event in ("LeftButtonPressEvent", "MouseMoveEvent", "LeftButtonReleaseEvent"):
        mouse(comparison, event, 40)
    assert len(reached) == 3
    assert comparison.curtain == 0.5


def test_after_hiding_the_mouse_is_slicers(slicersOwn):
    comparison, reached = slicersOwn
    comparison.hide()
    mouse(comparison, "LeftButtonPressEvent", SIZE[0] // 2)
    assert reached == ["LeftButtonPressEvent"]


def test_a_dragged_border_is_told(slicersOwn):
    comparison, _reached = slicersOwn
    heard = []
    comparison.onChanged.append(lambda: heard.append(comparison.curtain))
    mouse(comparison, "LeftButtonPressEvent", SIZE[0] // 2)
    mouse(comparison, "MouseMoveEvent", 32)
    assert heard == [0.1]
