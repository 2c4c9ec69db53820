"""Suggested reference and air in a simulated head, turned in the scanner, and in real ones."""

import functools
import math

import numpy as np
import pytest

from DLEnhanceLesionMetricsLib import masks, regions
from DLEnhanceLesionMetricsLib.headSymmetry import headMask, mirrorPlane
from DLEnhanceLesionMetricsLib.suggestRegions import suggestAir, suggestReference
from DLEnhanceLib.errors import BadOption
from DLEnhanceLib.volume import Volume

TURN, SHIFT = math.radians(8), np.array([6.0, -4.0, 3.0])
AXES = np.array([[math.cos(TURN), -math.sin(TURN), 0], [math.sin(TURN), math.cos(TURN), 0], [0, 0, 1]])


def headFrame(x, y, z, matrix=AXES):
    """4x4 of an object at (x, y, z) mm right, front, up in the turned head."""
    frame = masks.translation(matrix @ [x, y, z] + SHIFT)
    frame[:3, :3] = matrix
    return frame


@functools.cache
def simulatedHead(*, spacing=(1.2, 1.2, 3.0), air=True):
    """Skull, cortex, white matter (500), ventricles and a lesion at 32 mm left of the middle; Rician noise of 8."""
    counts = [round(length / size) for length, size in zip((190, 220, 90), spacing, strict=True)]
    matrix = np.diag([*spacing, 1.0])
    matrix[:3, 3] = [-95, -110, -45]
    volume = Volume(np.zeros(counts[::-1], np.float32), matrix)
    parts = [
        ((0, 0, 0), (150, 180, 240), 250.0),
        ((0, 0, 0), (135, 165, 220), 90.0),
        ((0, 0, 0), (130, 160, 210), 330.0),
        ((0, 0, 0), (112, 142, 190), 500.0),
        ((9, 0, 0), (10, 40, 60), 120.0),
        ((-9, 0, 0), (10, 40, 60), 120.0),
        ((22, -30, 0), (14, 18, 40), 300.0),
        ((-32, 10, 5), (9, 9, 9), 900.0),
    ]
    image = np.zeros(volume.voxels.shape)
    for center, size, value in parts:
        image[masks.ellipsoidMask(volume, headFrame(*center), size).toArray()] = value
    noise = np.random.default_rng(5).normal(0, 8, (2, *image.shape))
    noisy = np.hypot(image + noise[0], noise[1])
    return volume.withVoxels(np.where((image > 0) | air, noisy, 0).astype(np.float32))


LESION = regions.Region("L1", "lesion", regions.Ellipsoid(headFrame(-32, 10, 5), (9, 9, 9)))


def inHead(point):
    return AXES.T @ (np.asarray(point) - SHIFT)


def test_mirror_plane_of_a_turned_head_is_found():
    plane = mirrorPlane(headMask(simulatedHead()))
    assert math.degrees(math.acos(plane.normal @ AXES[:, 0])) < 3.0
    assert abs(plane.distance(SHIFT[None])[0]) < 1.5
    np.testing.assert_allclose(inHead(plane.mirrored(LESION.center)), [32, 10, 5], atol=3.0)


@pytest.mark.parametrize("spacing", [(1.2, 1.2, 3.0), (0.9, 0.9, 6.0)], ids=str)
def test_reference_is_white_matter_opposite_the_lesion_at_its_level(spacing):
    volume = simulatedHead(spacing=spacing)
    found = suggestReference(volume, LESION)
    right, _, up = inHead(found.region.center)
    assert right > 8
    assert up == pytest.approx(5, abs=9)
    assert found.statistics.mean == pytest.approx(500, rel=0.01)
    assert found.statistics.sd == pytest.approx(8, rel=0.5)
    assert found.region.role == "reference"
    assert found.statistics.count >= 9


def test_reference_follows_the_contrast_whatever_it_is():
    bright = simulatedHead()
    dark = bright.withVoxels(np.where(bright.voxels > 60, 1200 - bright.voxels, bright.voxels))
    assert suggestReference(dark, LESION).statistics.mean == pytest.approx(700, rel=0.02)


def test_lesion_at_the_midline_gets_a_reference_on_either_side_away_from_it():
    central = regions.Region("L", "lesion", regions.Ellipsoid(headFrame(2, 30, 5), (9, 9, 9)))
    found = suggestReference(simulatedHead(), central)
    assert np.linalg.norm(found.region.center - central.center) >= 10
    assert found.statistics.mean == pytest.approx(500, rel=0.01)


def test_air_is_outside_the_head_and_shows_the_noise():
    volume = simulatedHead()
    found = suggestAir(volume)
    assert found.statistics.sd == pytest.approx(0.655 * 8, rel=0.1)
    assert "1.91" not in found.sentence
    assert not headMask(volume).valueAt(headMask(volume).inside, found.region.center)


def test_air_avoids_ghosts():
    volume = simulatedHead()
    ghosted = volume.voxels.copy()
    ghosted[:, :, 40:120] = np.hypot(ghosted[:, :, 40:120], 20)  # a band of ghosts along the phase-encoding axis
    found = suggestAir(volume.withVoxels(ghosted))
    assert found.statistics.sd == pytest.approx(0.655 * 8, rel=0.1)
    assert "Ghosts seem to run from front to back" in found.sentence
    assert "Ghosts" not in suggestAir(volume).sentence


def test_masked_background_is_refused_with_the_reason():
    with pytest.raises(BadOption, match="background is masked"):
        suggestAir(simulatedHead(air=False))


def test_image_without_a_head_is_refused():
    noise = np.abs(np.random.default_rng(1).normal(0, 5, (20, 40, 40)))
    with pytest.raises(BadOption):
        suggestReference(Volume(np.zeros_like(noise), np.eye(4)), LESION)


def test_real_post_contrast_head_gets_a_reference_opposite_its_tumor(realData):
    from DLEnhanceLesionMetricsLib.regionFiles import readRegions
    from DLEnhanceLib.reading import readVolume

    folder = realData / "postcontrast_t1_axial_brain1"
    volume = readVolume(folder / "brain1_image.nrrd")
    (tumor,) = readRegions(folder / "brain1_label.nrrd", volume)
    found = suggestReference(volume, tumor)
    assert found.region.center[0] > 20 > -20 > tumor.center[0]
    # White matter around the tumor has 554 by SOURCES.md, with an SD of 139; a homogeneous patch must be far below.
    assert found.statistics.mean == pytest.approx(550, rel=0.05)
    assert found.statistics.sd < 15
    assert 7 < suggestAir(volume).statistics.sd < 12


def test_real_skull_stripped_image_has_no_air(realData):
    from DLEnhanceLib.reading import readVolume

    with pytest.raises(BadOption, match="masked"):
        suggestAir(readVolume(realData / "stroke_t1_t2_flair" / "FLAIR.nii.gz"))


# Real heads by folder or file, and whether their air is masked (SOURCES.md).
REAL_HEADS = {
    "t2w_head/T2w.nii.gz": False,
    "flair_axial_fpg/t2.nii.gz": False,
    "glioma_upenn_00001/00001_t2f.nii.gz": True,
    "stroke_t1_t2_flair/T1.nii.gz": True,
    "stroke_t1_t2_flair/FLAIR.nii.gz": True,
    "dicom_enhanced_multiframe_t1": False,
}


@pytest.mark.parametrize("name", REAL_HEADS)
def test_real_heads_of_every_contrast_get_a_homogeneous_reference_and_air_or_a_refusal(realData, name):
    from DLEnhanceLib.reading import readVolume

    volume = readVolume(realData / name)
    head = headMask(volume)
    middle = head.points(np.argwhere(head.inside)).mean(axis=0)
    lesion = regions.Region("L", "lesion", regions.sphere(np.add(middle, [-30, 0, 10]), 6))
    found = suggestReference(volume, lesion)
    assert found.region.center[0] > middle[0] + 5
    assert found.region.center[2] == pytest.approx(lesion.center[2], abs=12)
    assert head.valueAt(head.inside, found.region.center)
    assert found.statistics.sd < 0.08 * found.statistics.mean
    assert found.statistics.count >= 9
    if REAL_HEADS[name]:
        with pytest.raises(BadOption, match="background is masked"):
            suggestAir(volume)
    else:
        air = suggestAir(volume)
        assert not head.valueAt(head.inside, air.region.center)
        assert air.statistics.mean < 0.05 * found.statistics.mean
