"""The comparison layout: linked views, one window, volumes apart, and the user's layout back afterwards."""

import numpy as np
import pytest

from DLEnhanceLib.volume import Volume

FOUR_UP, RED_ONLY = 3, 6
THICK_AXIAL = np.array([[-1.0, 0, 0, 30], [0, -1.0, 0, 40], [0, 0, 5.0, -20], [0, 0, 0, 1]])


@pytest.fixture(params=["with a layout manager", "headless"])
def aComparison(request, aHost):
    from DLEnhanceLib.sceneComparison import SliceComparison

    aHost.layoutManager.setLayout(FOUR_UP)
    manager = aHost.layoutManager if request.param == "with a layout manager" else None
    comparison = SliceComparison(aHost.scene, manager, processEvents=aHost.processEvents)
    yield comparison
    comparison.release()


@pytest.fixture
def aPair(aHost):
    return addVolume(aHost, "standard"), addVolume(aHost, "enhanced")


def addVolume(host, name, ijkToRAS=THICK_AXIAL):
    voxels = np.random.default_rng(0).normal(100, 10, (10, 50, 40)).astype(np.float32)
    return host.headless.addVolume(Volume(voxels, ijkToRAS, name=name))


def backgrounds(comparison):
    return [composite.GetBackgroundVolumeID() for composite in comparison.compositeNodes]


def moveByHand(comparison, view, offset):
    from DLEnhanceLib.sceneComparison import sliceLogicOf

    logic = sliceLogicOf(comparison.sliceNodes[view])
    logic.StartSliceOffsetInteraction()
    logic.SetSliceOffset(offset)
    logic.EndSliceOffsetInteraction()


def test_each_view_shows_its_own_volume_at_the_same_place(aComparison, aPair):
    aComparison.show(*aPair)
    first, second = aComparison.sliceNodes
    assert aComparison.isShown
    assert backgrounds(aComparison) == [node.GetID() for node in aPair]
    assert first.GetFieldOfView() == pytest.approx(second.GetFieldOfView())
    assert first.GetSliceOffset() == pytest.approx(second.GetSliceOffset())


def test_views_belong_to_a_group_of_their_own_and_are_linked(aComparison, aPair):
    aComparison.show(*aPair)
    assert {node.GetViewGroup() for node in aComparison.sliceNodes} == {71}
    moveByHand(aComparison, 0, 15.0)
    assert [node.GetSliceOffset() for node in aComparison.sliceNodes] == pytest.approx([15.0, 15.0])
    moveByHand(aComparison, 1, 5.0)
    assert [node.GetSliceOffset() for node in aComparison.sliceNodes] == pytest.approx([5.0, 5.0])


def test_a_residual_gets_a_third_view_and_keeps_its_own_window(aComparison, aPair, aHost):
    residual = addVolume(aHost, "residual")
    residual.GetDisplayNode().SetAutoWindowLevel(False)
    residual.GetDisplayNode().SetWindowLevelMinMax(-3, 3)
    aComparison.show(*aPair, residual)
    aPair[0].GetDisplayNode().SetWindowLevel(77, 55)
    assert len(aComparison.sliceNodes) == 3
    assert residual.GetDisplayNode().GetWindow() == 6


def test_window_and_level_follow_in_both_directions(aComparison, aPair):
    aComparison.show(*aPair)
    displays = [node.GetDisplayNode() for node in aPair]
    for source, target in (displays, displays[::-1]):
        source.SetWindowLevel(source.GetWindow() + 11, source.GetLevel() - 3)
        assert (target.GetWindow(), target.GetLevel()) == (source.GetWindow(), source.GetLevel())
        assert not target.GetAutoWindowLevel()


def test_a_volume_chosen_for_all_views_does_not_replace_the_pair(aComparison, aPair):
    aComparison.show(*aPair)
    for composite in aComparison.compositeNodes:
        composite.SetBackgroundVolumeID(aPair[0].GetID())
    assert backgrounds(aComparison) == [node.GetID() for node in aPair]


def test_jumping_centers_a_point_on_an_acquired_slice(aComparison, aPair):
    aComparison.show(*aPair)
    aComparison.jumpTo((10.0, 20.0, 11.3))  # slices lie at -20, -15, ... 10, 15
    for node in aComparison.sliceNodes:
        assert node.GetSliceOffset() == pytest.approx(10.0)
        center = [node.GetSliceToRAS().GetElement(row, 3) for row in range(2)]
        assert center == pytest.approx([10.0, 20.0])


@pytest.mark.parametrize(
    ("axis", "orientation"), [(0, "Sagittal"), (1, "Coronal"), (2, "Axial")], ids=["sagittal", "coronal", "axial"]
)
def test_thick_slices_are_shown_in_the_plane_of_their_acquisition(aComparison, aHost, axis, orientation):
    grid = np.eye(4)
    grid[:3, :3] = np.eye(3)[:, [(axis + 1) % 3, (axis + 2) % 3, axis]] @ np.diag([1.0, 1.0, 5.0])
    pair = addVolume(aHost, "standard", grid), addVolume(aHost, "enhanced", grid)
    aComparison.show(*pair)
    assert aComparison.sliceNodes[0].GetOrientation() == orientation


def test_an_oblique_volume_is_shown_along_its_own_slices(aComparison, aHost):
    angle = np.radians(17)
    tilt = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
    grid = np.eye(4)
    grid[:3, :3] = tilt @ np.diag([-1.0, -1.0, 5.0])
    aComparison.show(addVolume(aHost, "standard", grid), addVolume(aHost, "enhanced", grid))
    for node in aComparison.sliceNodes:
        normal = [node.GetSliceToRAS().GetElement(row, 2) for row in range(3)]
        assert abs(np.dot(normal, tilt[:, 2])) == pytest.approx(1.0, abs=1e-6)


def test_hiding_gives_the_users_layout_back(aComparison, aPair, aHost):
    aComparison.show(*aPair)
    assert aHost.layoutManager.layout != FOUR_UP
    aComparison.hide()
    assert aHost.layoutManager.layout == FOUR_UP
    assert not aComparison.isShown


def test_a_layout_that_the_user_chose_meanwhile_is_kept(aComparison, aPair, aHost):
    aComparison.show(*aPair)
    aHost.layoutManager.setLayout(RED_ONLY)
    assert not aComparison.isShown
    aComparison.hide()
    assert aHost.layoutManager.layout == RED_ONLY


def test_showing_other_volumes_of_the_same_scan_keeps_the_view(aComparison, aPair, aHost):
    aComparison.show(*aPair)
    aComparison.jumpTo((10.0, 20.0, 10.0))
    again = addVolume(aHost, "enhanced again")
    aComparison.show(aPair[0], again)
    assert [node.GetSliceOffset() for node in aComparison.sliceNodes] == pytest.approx([10.0, 10.0])
    assert backgrounds(aComparison)[1] == again.GetID()


def test_removing_a_volume_ends_the_comparison(aComparison, aPair, aHost):
    aComparison.show(*aPair)
    aHost.scene.RemoveNode(aPair[1])
    assert not aComparison.isShown
    assert aHost.layoutManager.layout == FOUR_UP


def test_closing_the_scene_ends_it_and_it_can_be_shown_anew(aComparison, aPair, aHost):
    aComparison.show(*aPair)
    aHost.closeScene()
    assert not aComparison.isShown
    assert aHost.layoutManager.layout == FOUR_UP
    aComparison.show(addVolume(aHost, "standard"), addVolume(aHost, "enhanced"))
    assert all(composite.GetLinkedControl() for composite in aComparison.compositeNodes)


def test_a_second_comparison_takes_the_views_over_and_returns_the_users_layout(aComparison, aPair, aHost):
    from DLEnhanceLib.sceneComparison import SliceComparison

    other = SliceComparison(aHost.scene, aHost.layoutManager)
    aComparison.show(*aPair)
    other.show(aPair[1], aPair[0])
    assert (aComparison.isShown, other.isShown) == (False, True)
    assert backgrounds(other) == [aPair[1].GetID(), aPair[0].GetID()]
    other.release()
    assert aHost.layoutManager.layout == FOUR_UP


def test_listeners_hear_when_it_appears_and_goes(aComparison, aPair, aHost):
    heard = []
    aComparison.onShownChanged.append(lambda: heard.append(aComparison.isShown))
    aComparison.show(*aPair)
    aHost.layoutManager.setLayout(RED_ONLY)
    aComparison.show(*aPair)
    aComparison.hide()
    assert heard == [True, False, True, False]


def test_after_release_the_volumes_are_independent(aComparison, aPair):
    aComparison.show(*aPair)
    aComparison.release()
    aPair[0].GetDisplayNode().SetWindowLevel(5, 5)
    assert aPair[1].GetDisplayNode().GetWindow() != 5


def test_both_volumes_lose_interpolation_alike(aComparison, aPair):
    aComparison.show(*aPair)
    aComparison.setInterpolation(False)
    assert [node.GetDisplayNode().GetInterpolate() for node in aPair] == [0, 0]
