"""The scene without the application: volumes in and out, several scenes one after another, quiet refusals."""

import numpy as np
import pytest

from dlenhance.headlessSlicer import HeadlessSlicer, importSlicer, sceneVoxels
from DLEnhanceLib.errors import DLEnhanceError, MissingPackage
from DLEnhanceLib.volume import Volume

OBLIQUE = np.array([[-0.9, 0.1, 0.6, 12.0], [0.2, -0.8, 1.1, -30.5], [0.05, 0.3, 5.9, 41.0], [0, 0, 0, 1]])


@pytest.mark.parametrize("kind", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
def test_a_volume_comes_back_with_its_voxels_type_and_grid(aSlicerScene, kind):
    voxels = np.arange(2 * 3 * 4).reshape(2, 3, 4).astype(kind)
    back = aSlicerScene.volumeFrom(aSlicerScene.addVolume(Volume(voxels, OBLIQUE, name="T1")))
    assert back.voxels.dtype == voxels.dtype
    np.testing.assert_array_equal(back.voxels, voxels)
    np.testing.assert_allclose(back.ijkToRAS, OBLIQUE, atol=1e-12)
    assert back.name == "T1"


def test_a_mirrored_grid_stays_mirrored(aSlicerScene):
    mirrored = np.diag([1.0, -1.0, 2.0, 1.0])
    back = aSlicerScene.volumeFrom(aSlicerScene.addVolume(Volume(np.zeros((2, 3, 4), np.float32), mirrored)))
    np.testing.assert_allclose(back.ijkToRAS, mirrored)


def test_the_node_does_not_share_voxels_with_the_volume(aSlicerScene):
    volume = Volume(np.zeros((2, 3, 4), np.float32), np.eye(4))
    node = aSlicerScene.addVolume(volume)
    aSlicerScene.volumeFrom(node).voxels[:] = 1
    volume.voxels[:] = 2
    assert not aSlicerScene.volumeFrom(node).voxels.any()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (np.array([True, False]), "uint8"),
        (np.array([0.5], np.float16), "float32"),
        (np.array([-7], np.int64), "int32"),
        (np.array([2**40]), "float64"),
        (np.array([1], ">i2"), "int16"),
    ],
)
def test_types_that_mrml_refuses_become_ones_that_hold_the_values(given, kept):
    converted = sceneVoxels(given)
    assert converted.dtype == np.dtype(kept)
    assert converted.dtype.isnative
    np.testing.assert_array_equal(converted, given)


def test_a_second_scene_takes_the_place_of_the_first():
    slicer = importSlicer()
    first, second = HeadlessSlicer(), HeadlessSlicer()
    assert slicer.mrmlScene is second.scene
    assert slicer.mrmlScene is not first.scene
    assert HeadlessSlicer.current() is second


def test_module_logics_are_where_slicer_has_them(aSlicerScene):
    slicer = importSlicer()
    assert slicer.modules.segmentations.logic() is aSlicerScene.logics["Segmentations"]
    assert aSlicerScene.appLogic.GetModuleLogic("Volumes") is aSlicerScene.logics["Volumes"]


def test_a_scene_bundle_is_written_and_read_back(aSlicerScene, tmp_path):
    aSlicerScene.addVolume(Volume(np.full((2, 3, 4), 7, np.int16), OBLIQUE, name="T1"))
    scene, bundle = aSlicerScene.scene, str(tmp_path / "scene.mrb")
    scene.SetRootDirectory(str(tmp_path))
    scene.SetURL(bundle)
    assert scene.WriteToMRB(bundle)
    scene.Clear(False)
    assert scene.ReadFromMRB(bundle, True)
    node = scene.GetFirstNodeByName("T1")
    assert (aSlicerScene.volumeFrom(node).voxels == 7).all()


def test_inside_slicer_itself_it_refuses_to_make_a_second_scene(monkeypatch):
    import sys

    importSlicer()
    monkeypatch.delitem(sys.modules, "slicer_core")
    with pytest.raises(DLEnhanceError, match=r"slicer\.mrmlScene"):
        HeadlessSlicer()


def test_without_the_wheel_the_message_says_what_to_install(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "slicer", None)
    with pytest.raises(MissingPackage, match="pip install slicer-core"):
        HeadlessSlicer.current()
