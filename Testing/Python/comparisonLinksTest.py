"""Per-action links of a comparison: slice, zoom and window, each alone; the window by value or by percentile."""

import numpy as np
import pytest

from DLEnhanceLib.volume import Volume

GRID = np.array([[-1.0, 0, 0, 30], [0, -1.0, 0, 40], [0, 0, 5.0, -20], [0, 0, 0, 1]])


def addVolume(host, voxels, name):
    node = host.headless.addVolume(Volume(voxels.astype(np.float32), GRID, name=name))
    node.GetDisplayNode().SetAutoWindowLevel(False)
    node.GetDisplayNode().SetWindowLevelMinMax(0, 200)
    return node


@pytest.fixture
def compared(aHost):
    """A comparison of a volume with one of ten times its scale, side by side."""
    from DLEnhanceLib.sceneComparison import SliceComparison

    voxels = np.random.default_rng(0).gamma(3.0, 30.0, (10, 50, 40))
    comparison = SliceComparison(aHost.scene, aHost.layoutManager, processEvents=aHost.processEvents)
    pair = addVolume(aHost, voxels, "standard"), addVolume(aHost, 10 * voxels, "enhanced")
    comparison.show(*pair)
    comparison.pair = pair
    yield comparison
    comparison.release()


def scroll(comparison, view, offset):
    logic = comparison._logics[view]
    logic.StartSliceOffsetInteraction()
    logic.SetSliceOffset(offset)
    logic.EndSliceOffsetInteraction()


def zoom(comparison, view, factor):
    """What the right mouse button does."""
    logic, node = comparison._logics[view], comparison.sliceNodes[view]
    logic.StartSliceNodeInteraction(node.FieldOfViewFlag)
    field = node.GetFieldOfView()
    node.SetFieldOfView(field[0] * factor, field[1] * factor, field[2])
    node.UpdateMatrices()
    logic.EndSliceNodeInteraction()


def offsets(comparison):
    return [node.GetSliceOffset() for node in comparison.sliceNodes]


def widths(comparison):
    return [node.GetFieldOfView()[0] for node in comparison.sliceNodes]


def windows(comparison):
    displays = [node.GetDisplayNode() for node in comparison.pair]
    return [(display.GetWindowLevelMin(), display.GetWindowLevelMax()) for display in displays]


@pytest.mark.parametrize("view", [0, 1])
@pytest.mark.parametrize(("position", "zooming"), [(True, True), (True, False), (False, True), (False, False)])
def test_each_link_follows_its_own_action_only(compared, view, position, zooming):
    compared.setLinks(position=position, zoom=zooming)
    width = widths(compared)[0]
    scroll(compared, view, 15.0)
    zoom(compared, view, 0.5)
    assert (offsets(compared)[0] == pytest.approx(offsets(compared)[1])) == position
    assert (widths(compared)[0] == pytest.approx(widths(compared)[1])) == zooming
    assert offsets(compared)[view] == pytest.approx(15.0)
    assert widths(compared)[view] == pytest.approx(width / 2)


def test_pan_goes_with_zoom_and_not_with_the_slice(compared):
    compared.setLinks(position=False)
    first, second = compared.sliceNodes
    scroll(compared, 0, 15.0)
    first.SetXYZOrigin(7, -3, 0)
    assert second.GetXYZOrigin()[:2] == (7, -3)
    compared.setLinks(position=True, zoom=False)
    first.SetXYZOrigin(1, 1, 0)
    assert second.GetXYZOrigin()[:2] == (7, -3)


def centers(comparison):
    """Of what each view shows, before a pan by hand: RAS mm."""
    return [[node.GetSliceToRAS().GetElement(row, 3) for row in range(3)] for node in comparison.sliceNodes]


def test_links_of_slice_alone_keep_the_part_that_each_view_shows(compared):
    compared.setLinks(zoom=False)
    before = centers(compared)[0]
    compared.sliceNodes[1].JumpSliceByCentering(20, 30, 15.0)
    assert centers(compared)[0] == pytest.approx([*before[:2], 15.0])
    assert centers(compared)[1] == pytest.approx([20, 30, 15.0])
    scroll(compared, 0, 10.0)
    assert centers(compared)[1] == pytest.approx([20, 30, 10.0])


def test_links_of_zoom_alone_center_the_same_part_on_each_slice(compared):
    compared.setLinks(position=False)
    scroll(compared, 0, 10.0)
    compared.sliceNodes[1].JumpSliceByCentering(20, 30, 15.0)
    assert centers(compared) == [pytest.approx([20, 30, 10.0]), pytest.approx([20, 30, 15.0])]


def test_views_linked_again_follow_the_first(compared):
    compared.setLinks(position=False, zoom=False)
    scroll(compared, 1, 15.0)
    zoom(compared, 1, 0.25)
    compared.setLinks(position=True)
    assert offsets(compared)[1] == pytest.approx(offsets(compared)[0])
    assert widths(compared)[1] != pytest.approx(widths(compared)[0])
    compared.setLinks(zoom=True)
    assert widths(compared)[1] == pytest.approx(widths(compared)[0])


def test_volumes_stay_apart_whatever_is_linked(compared):
    for composite in compared.compositeNodes:
        composite.SetBackgroundVolumeID(compared.pair[0].GetID())
    assert [c.GetBackgroundVolumeID() for c in compared.compositeNodes] == [node.GetID() for node in compared.pair]


def test_windows_are_equal_while_linked_and_apart_when_not(compared):
    compared.pair[1].GetDisplayNode().SetWindowLevelMinMax(20, 120)
    assert windows(compared) == [(20, 120), (20, 120)]
    compared.setLinks(window=False)
    compared.pair[1].GetDisplayNode().SetWindowLevelMinMax(0, 1500)
    assert windows(compared) == [(20, 120), (0, 1500)]
    compared.setLinks(window=True)
    assert windows(compared) == [(20, 120), (20, 120)]


@pytest.mark.parametrize("dragged", [0, 1])
def test_by_percentile_a_volume_of_another_scale_gets_its_own_window(compared, dragged):
    compared.setLinks(windowMatch="percentile")
    assert windows(compared)[1] == pytest.approx((0, 2000), rel=0.01, abs=1)
    limits = (30, 160) if dragged == 0 else (300, 1600)
    compared.pair[dragged].GetDisplayNode().SetWindowLevelMinMax(*limits)
    assert windows(compared)[0] == pytest.approx((30, 160), rel=0.01)
    assert windows(compared)[1] == pytest.approx((300, 1600), rel=0.01)


def test_the_links_stay_from_layout_to_layout(compared):
    compared.setLinks(zoom=False, windowMatch="percentile")
    compared.show(*compared.pair, layout="curtain")
    compared.show(*compared.pair)
    assert not compared.compositeNodes[0].GetLinkedControl()
    assert windows(compared)[1] == pytest.approx((0, 2000), rel=0.01, abs=1)


def test_the_place_is_kept_from_layout_to_layout(compared):
    compared.jumpTo((5.0, 12.0, 10.0))
    zoom(compared, 0, 0.5)
    shorter = min(compared.sliceNodes[0].GetFieldOfView()[:2])
    for layout in ("curtain", "flicker", "sideBySide"):
        compared.show(*compared.pair, layout=layout)
        for node in compared.sliceNodes:
            assert min(node.GetFieldOfView()[:2]) == pytest.approx(shorter)
            center = [node.GetSliceToRAS().GetElement(row, 3) for row in range(3)]
            assert center == pytest.approx([5.0, 12.0, 10.0])
