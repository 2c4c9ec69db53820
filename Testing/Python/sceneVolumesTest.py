"""Volume nodes and back, on real MRML without Slicer's application."""

import hashlib
import types

import numpy as np
import pytest

from dlenhance.headlessSlicer import HeadlessSlicer

slicer = pytest.importorskip("slicer", reason="slicer-core is not installed")

from DLEnhanceLib import sceneVolumes  # noqa: E402 - needs slicer
from DLEnhanceLib.errors import UnsupportedVolume  # noqa: E402
from DLEnhanceLib.version import LABEL  # noqa: E402
from DLEnhanceLib.volume import Volume  # noqa: E402

# Oblique, anisotropic, left-handed: what a sagittal black-blood volume on a tilted head looks like.
OBLIQUE = np.array(
    [[0.05, 0.1, -1.19, 80.0], [0.78, -0.15, 0.1, -95.0], [-0.12, -0.79, -0.05, 110.0], [0, 0, 0, 1]], dtype=float
)


@pytest.fixture
def app():
    return HeadlessSlicer()


@pytest.fixture
def voxels():
    return np.random.default_rng(3).integers(-500, 3000, (4, 6, 5)).astype(np.int16)


@pytest.fixture
def head(app, voxels):
    """An MR volume node with a window of its own, in a study of the subject hierarchy."""
    node = slicer.util.addVolumeFromArray(voxels, OBLIQUE, "T1 post")
    node.GetDisplayNode().SetAutoWindowLevel(False)
    node.GetDisplayNode().SetWindowLevel(1234.0, 567.0)
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    patient = hierarchy.CreateSubjectItem(hierarchy.GetSceneItemID(), "P1")
    hierarchy.CreateItem(hierarchy.CreateStudyItem(patient, "Study"), node)
    return node


def linearTransform(*, scale=1.0):
    matrix = np.eye(4) * [scale, scale, scale, 1.0]
    matrix[:3, 3] = (10.0, -20.0, 5.0)
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    node.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(matrix))
    return node, matrix


def fingerprint(node):
    matrix = sceneVolumes.ijkToLocal(node).tobytes()
    return hashlib.sha256(slicer.util.arrayFromVolume(node).tobytes() + matrix).hexdigest(), node.GetMTime()


def test_volume_has_the_voxels_type_and_affine_of_the_node(head, voxels):
    volume = sceneVolumes.volumeFromNode(head)
    assert volume.voxels.dtype == np.int16
    assert np.array_equal(volume.voxels, voxels)
    assert np.allclose(volume.ijkToRAS, OBLIQUE, atol=1e-9)
    assert volume.name == "T1 post"


def test_volume_is_a_copy(head):
    volume = sceneVolumes.volumeFromNode(head)
    volume.voxels[:] = 0
    assert slicer.util.arrayFromVolume(head).any()


def test_parent_transforms_count_only_in_world(head):
    inner, innerMatrix = linearTransform()
    outer, outerMatrix = linearTransform(scale=2.0)
    inner.SetAndObserveTransformNodeID(outer.GetID())
    head.SetAndObserveTransformNodeID(inner.GetID())
    assert np.allclose(sceneVolumes.volumeFromNode(head).ijkToRAS, OBLIQUE)
    world = sceneVolumes.volumeFromNode(head, inWorld=True).ijkToRAS
    assert np.allclose(world, outerMatrix @ innerMatrix @ OBLIQUE)


def test_output_lies_on_the_grid_of_its_source_under_the_same_transform(head):
    transformNode, _matrix = linearTransform()
    head.SetAndObserveTransformNodeID(transformNode.GetID())
    volume = sceneVolumes.volumeFromNode(head)
    output = sceneVolumes.addVolumeNode(volume.withVoxels(volume.voxels + 1), "T1 post enhanced", source=head)
    assert np.array_equal(sceneVolumes.ijkToLocal(output), sceneVolumes.ijkToLocal(head))
    assert output.GetParentTransformNode() is transformNode
    assert slicer.util.arrayFromVolume(output).dtype == np.int16


def test_output_stands_beside_its_source_in_the_subject_hierarchy(head):
    output = sceneVolumes.addVolumeNode(sceneVolumes.volumeFromNode(head), "out", source=head)
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    parent = hierarchy.GetItemParent(hierarchy.GetItemByDataNode(output))
    assert parent == hierarchy.GetItemParent(hierarchy.GetItemByDataNode(head))
    assert hierarchy.GetItemName(parent) == "Study"


def test_output_refers_to_its_source_and_carries_the_label(head):
    output = sceneVolumes.addVolumeNode(sceneVolumes.volumeFromNode(head), "out", source=head)
    sceneVolumes.setProvenance(output, {"Model": "full-1", "DenoisePercent": 75})
    assert sceneVolumes.sourceOf(output) is head
    assert sceneVolumes.sourceOf(head) is None
    assert output.GetAttribute("DLEnhance.Label") == LABEL
    assert output.GetAttribute("DLEnhance.DenoisePercent") == "75"


def test_output_is_shown_with_the_window_of_its_source(head):
    output = sceneVolumes.addVolumeNode(sceneVolumes.volumeFromNode(head), "out", source=head)
    displayNode = output.GetDisplayNode()
    assert displayNode is not head.GetDisplayNode()
    assert (displayNode.GetWindow(), displayNode.GetLevel()) == (1234.0, 567.0)
    assert not displayNode.GetAutoWindowLevel()
    assert displayNode.GetColorNodeID() == head.GetDisplayNode().GetColorNodeID()


def test_source_is_unchanged_bit_for_bit(head):
    before = fingerprint(head)
    volume = sceneVolumes.volumeFromNode(head)
    output = sceneVolumes.addVolumeNode(volume, "out", source=head)
    sceneVolumes.setVoxels(output, volume.voxels * 0)
    sceneVolumes.setProvenance(output, {"Model": "x"})
    assert fingerprint(head) == before


def test_existing_output_is_replaced_whatever_it_held(head):
    other = slicer.util.addVolumeFromArray(np.ones((2, 2, 2), np.float32), name="kept name")
    volume = sceneVolumes.volumeFromNode(head)
    sceneVolumes.fillVolumeNode(other, volume, source=head)
    assert np.array_equal(slicer.util.arrayFromVolume(other), volume.voxels)
    assert other.GetName() == "kept name"


def test_names_of_outputs_are_unique(head):
    volume = sceneVolumes.volumeFromNode(head)
    names = {sceneVolumes.addVolumeNode(volume, "enhanced", source=head).GetName() for _ in range(3)}
    assert len(names) == 3


def test_new_voxels_are_seen_by_observers(head, voxels):
    output = sceneVolumes.addVolumeNode(sceneVolumes.volumeFromNode(head), "out", source=head)
    stamp = sceneVolumes.contentStamp(output)
    sceneVolumes.setVoxels(output, voxels + 5)
    assert np.array_equal(slicer.util.arrayFromVolume(output), voxels + 5)
    assert sceneVolumes.contentStamp(output) > stamp


def test_node_of_a_closed_scene_is_not_in_the_scene(head):
    assert sceneVolumes.isInScene(head)
    slicer.mrmlScene.Clear(False)
    assert not sceneVolumes.isInScene(head)
    assert not sceneVolumes.isInScene(None)


def test_modality_of_the_subject_hierarchy_reaches_the_tags(head):
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    hierarchy.SetItemAttribute(hierarchy.GetItemByDataNode(head), "DICOM.Modality", "CT")
    assert sceneVolumes.volumeFromNode(head).tags["Modality"] == "CT"


def test_tags_of_a_volume_from_the_dicom_database_are_read_from_its_files(head, realData, monkeypatch):
    path = next((realData / "dicom_t1c_vs_seg_001").glob("*.dcm"))
    database = types.SimpleNamespace(fileForInstance={"1.2.3": str(path)}.get)
    monkeypatch.setattr(slicer, "dicomDatabase", database, raising=False)
    head.SetAttribute("DICOM.instanceUIDs", "1.2.3 1.2.4")
    tags = sceneVolumes.volumeFromNode(head).tags
    assert (tags["Modality"], tags["Manufacturer"]) == ("MR", "SIEMENS")
    assert "PatientName" not in tags


def test_tags_of_a_volume_read_from_a_dicom_file_are_found(app, realData):
    path = next((realData / "dicom_enhanced_multiframe_t1").glob("*.dcm"))
    node = app.addVolume(Volume(np.zeros((2, 2, 2), np.int16), np.eye(4)), "3: T1")
    node.AddDefaultStorageNode()
    node.GetStorageNode().SetFileName(str(path))
    assert sceneVolumes.volumeFromNode(node).tags["Modality"] == "MR"


@pytest.mark.parametrize(
    "name",
    [
        "postcontrast_t1_axial_brain1/brain1_image.nrrd",
        "glioma_upenn_00001/00001_t1c.nii.gz",
        "anatomy_t1_uih",
    ],
)
def test_real_volume_keeps_every_voxel_and_its_grid_in_the_scene(app, realData, name):
    from DLEnhanceLib.reading import readVolume

    path = realData / name
    original = readVolume(path if path.is_file() else next(path.glob("*.nii*")))
    node = app.addVolume(original)
    output = sceneVolumes.addVolumeNode(sceneVolumes.volumeFromNode(node), "out", source=node)
    again = sceneVolumes.volumeFromNode(output)
    assert np.array_equal(again.voxels, original.voxels)
    assert np.abs(again.ijkToRAS - original.ijkToRAS).max() < 1e-6


def test_writing_over_the_source_is_refused(head):
    before = fingerprint(head)
    with pytest.raises(UnsupportedVolume, match="never changed"):
        sceneVolumes.fillVolumeNode(head, sceneVolumes.volumeFromNode(head), source=head)
    assert fingerprint(head) == before


def test_failure_while_filling_leaves_no_node(head):
    impossible = Volume(np.zeros((2, 2, 2), np.float16), np.eye(4))  # no voxel type of VTK
    before = slicer.mrmlScene.GetNumberOfNodes()
    with pytest.raises(Exception, match=r"."):
        sceneVolumes.addVolumeNode(impossible, "out", source=head)
    assert slicer.mrmlScene.GetNumberOfNodes() == before


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("vtkMRMLLabelMapVolumeNode", "label map"),
        ("vtkMRMLVectorVolumeNode", "several values a voxel"),
        ("vtkMRMLScalarVolumeNode", "no voxels"),
    ],
)
def test_node_without_intensities_is_refused(app, kind, sentence):
    node = slicer.mrmlScene.AddNewNodeByClass(kind, "odd")
    if kind == "vtkMRMLVectorVolumeNode":
        slicer.util.updateVolumeFromArray(node, np.zeros((2, 2, 2, 3), np.uint8))
    with pytest.raises(UnsupportedVolume, match=sentence):
        sceneVolumes.volumeFromNode(node)


def test_missing_node_is_refused(app):
    with pytest.raises(UnsupportedVolume, match="Choose an input"):
        sceneVolumes.volumeFromNode(None)


def test_warping_transform_is_refused_in_world_only(head):
    warp = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLBSplineTransformNode")
    import vtk

    bspline = vtk.vtkBSplineTransform()
    coefficients = vtk.vtkImageData()
    coefficients.SetDimensions(4, 4, 4)
    coefficients.AllocateScalars(vtk.VTK_DOUBLE, 3)
    bspline.SetCoefficientData(coefficients)
    warp.SetAndObserveTransformToParent(bspline)
    head.SetAndObserveTransformNodeID(warp.GetID())
    sceneVolumes.volumeFromNode(head)
    with pytest.raises(UnsupportedVolume, match="warping"):
        sceneVolumes.volumeFromNode(head, inWorld=True)
