"""Regions from label volumes, segmentations, markups and folders, checked against the volume they are meant for."""

import numpy as np
import pytest
import SimpleITK as sitk

from DLEnhanceLesionMetricsLib import regions
from DLEnhanceLesionMetricsLib.markupsFiles import writeMarkups
from DLEnhanceLesionMetricsLib.regionFiles import connectedRegions, readRegions
from DLEnhanceLib.errors import BadOption
from DLEnhanceLib.volume import Volume

MATRIX = np.diag([-0.5, -0.5, 0.8, 1.0])  # the plain LPS axes of a file written without a direction
VOLUME = Volume(np.zeros((20, 30, 40), np.int16), MATRIX, name="head")


def labelFile(path, **fields):
    """Label 1: a block and a larger block apart from it; label 2 and 3: one block each; label 7: one voxel."""
    labels = np.zeros(VOLUME.voxels.shape, np.uint8)
    labels[3:5, 3:5, 3:5] = 1
    labels[8:12, 8:12, 8:12] = 1
    labels[15, 5:9, 5:9] = 2
    labels[0, :, 35:] = 3
    labels[19, 29, 39] = 7
    image = sitk.GetImageFromArray(labels)
    image.SetSpacing([0.5, 0.5, 0.8])
    for key, value in fields.items():
        image.SetMetaData(key, value)
    sitk.WriteImage(image, str(path))
    return path, labels


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd"])
def test_label_numbers_give_the_roles(tmp_path, suffix):
    path, labels = labelFile(tmp_path / f"labels{suffix}")
    found = readRegions(path, VOLUME)
    assert [(region.name, region.role) for region in found] == [
        ("lesion", "lesion"),
        ("reference", "reference"),
        ("air", "air"),
    ]
    for region, value in zip(found, (1, 2, 3), strict=True):
        np.testing.assert_array_equal(region.maskOn(VOLUME).toArray(), labels == value)


def test_other_label_numbers_can_be_asked_for(tmp_path):
    path, _ = labelFile(tmp_path / "labels.nrrd")
    found = readRegions(path, VOLUME, lesionLabel=(2, 7), referenceLabel=3, airLabel=None)
    assert [(region.name, region.role) for region in found] == [
        ("lesion 2", "lesion"),
        ("reference", "reference"),
        ("lesion 7", "lesion"),
    ]


def test_lesions_can_be_split_into_connected_parts(tmp_path):
    path, _ = labelFile(tmp_path / "labels.nrrd")
    found = [region for region in readRegions(path, VOLUME, splitLesions=True) if region.role == "lesion"]
    assert [(region.name, region.maskOn(VOLUME).count) for region in found] == [("lesion 1", 64), ("lesion 2", 8)]


def test_parts_that_touch_at_a_corner_stay_one():
    inside = np.zeros(VOLUME.voxels.shape, bool)
    inside[3, 3, 3] = inside[4, 4, 4] = True
    assert len(connectedRegions(regions.maskRegion("x", "lesion", inside, VOLUME), VOLUME)) == 1


def test_segment_names_of_a_segmentation_give_names_and_roles(tmp_path):
    fields = {
        "Segment0_ID": "a",
        "Segment0_Name": "NAWM right",
        "Segment0_LabelValue": "1",
        "Segment0_Layer": "0",
        "Segment1_ID": "b",
        "Segment1_Name": "Metastasis",
        "Segment1_LabelValue": "2",
        "Segment1_Layer": "0",
    }
    path, labels = labelFile(tmp_path / "drawn.seg.nrrd", **fields)
    byName = {region.name: region for region in readRegions(path, VOLUME)}
    assert byName["NAWM right"].role == "reference"
    assert byName["Metastasis"].role == "lesion"
    assert byName["Metastasis"].maskOn(VOLUME).count == np.count_nonzero(labels == 2)


def test_markups_and_folders_are_read(tmp_path):
    lesion = regions.Region("L1", "lesion", regions.sphere([-10, -7, 8], 6))
    reference = regions.Region("R1", "reference", regions.sphere([-5, -7, 8], 4))
    writeMarkups([lesion], tmp_path / "L1.mrk.json")
    writeMarkups([reference], tmp_path / "R1.mrk.json")
    assert [region.role for region in readRegions(tmp_path / "L1.mrk.json", VOLUME)] == ["lesion"]
    assert [region.role for region in readRegions(tmp_path, VOLUME)] == ["lesion", "reference"]


def test_drawn_mask_of_the_real_volume_has_the_published_count(realData):
    folder = realData / "postcontrast_t1_axial_brain1"
    from DLEnhanceLib.reading import readVolume

    volume = readVolume(folder / "brain1_image.nrrd")
    (lesion,) = readRegions(folder / "brain1_label.nrrd", volume)
    mask = lesion.maskOn(volume)
    assert mask.count == 4137
    assert mask.values(volume.voxels).mean() == pytest.approx(825, abs=0.5)


def test_region_outside_the_volume_is_refused(tmp_path):
    path = writeMarkups([regions.Region("L1", "lesion", regions.sphere([90, 90, 90], 6))], tmp_path / "L1.mrk.json")
    with pytest.raises(BadOption, match='outside the volume "head"'):
        readRegions(path, VOLUME)


def test_region_between_voxel_centers_is_refused(tmp_path):
    path = writeMarkups(
        [regions.Region("L1", "lesion", regions.sphere([-9.75, -7.2, 8.4], 0.1))], tmp_path / "a.mrk.json"
    )
    with pytest.raises(BadOption, match="enlarge"):
        readRegions(path, VOLUME)


def test_labels_without_a_lesion_are_refused_with_the_labels_found(tmp_path):
    path, _ = labelFile(tmp_path / "labels.nrrd")
    with pytest.raises(BadOption, match="labels found: 1, 2, 3, 7"):
        readRegions(path, VOLUME, lesionLabel=5, airLabel=None)


def test_empty_folder_is_refused(tmp_path):
    with pytest.raises(BadOption, match=r"holds no \.mrk\.json"):
        readRegions(tmp_path, VOLUME)
