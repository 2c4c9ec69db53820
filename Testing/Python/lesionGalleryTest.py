"""The sheet of all lesions: what is seen, in which orientation, at which scale and window."""

import numpy as np
import pytest

from DLEnhanceLesionMetricsLib.lesionGallery import lesionGallery, withBorder
from DLEnhanceLesionMetricsLib.regions import Region, sphere
from DLEnhanceLib.errors import BadOption
from DLEnhanceLib.volume import Volume

RAS = np.array([[1, 0, 0, -40], [0, 1, 0, -40], [0, 0, 3, -30], [0, 0, 0, 1.0]])
LPS = np.array([[-1, 0, 0, 39], [0, -1, 0, 39], [0, 0, 3, -30], [0, 0, 0, 1.0]])


def phantom(ijkToRAS=RAS, lesionValue=300.0):
    """100 everywhere, a lesion around (10, 20, 0) and a bright spot 8 mm to the patient's left of it."""
    volume = Volume(np.full((20, 80, 80), 100.0, np.float32), ijkToRAS)
    for center, diameter, value in (((10, 20, 0), 8, lesionValue), ((2, 20, 0), 4, 500.0)):
        mask = sphere(center, diameter).maskOn(volume)
        volume.voxels[mask.slices][mask.inside] = value
    return volume


LESION = Region("L1", "lesion", sphere((10, 20, 0), 8))


def test_the_lesion_is_in_the_middle_and_the_patients_left_on_the_right():
    row = lesionGallery([phantom()], [LESION], pixels=96).rows[0]
    middle = row.pictures[0][48]
    perMm = 96 / 24
    assert middle[48] < middle[round(48 + 8 * perMm)]
    assert middle[round(48 - 8 * perMm)] < middle[48]


def test_the_picture_does_not_depend_on_how_the_voxels_are_stored():
    one, other = (lesionGallery([phantom(matrix)], [LESION]).rows[0].pictures[0] for matrix in (RAS, LPS))
    assert np.mean(one != other) < 0.02


def test_all_volumes_share_window_and_scale():
    gallery = lesionGallery([phantom(), phantom(lesionValue=200.0)], [LESION], window=(0.0, 600.0))
    standard, enhanced = gallery.rows[0].pictures
    assert (standard[110, 110], enhanced[110, 110]) == (round(255 * 300 / 600), round(255 * 200 / 600))


def test_a_large_lesion_widens_every_picture():
    large = Region("L2", "lesion", sphere((0, -10, 0), 20))
    gallery = lesionGallery([phantom()], [LESION, large])
    assert [row.name for row in gallery.rows] == ["L1", "L2"]
    assert gallery.side == pytest.approx(2.2 * 21, abs=3)


def test_the_border_runs_around_the_lesion():
    row = lesionGallery([phantom()], [LESION], pixels=240).rows[0]
    colored = withBorder(row, row.pictures[0], (1.0, 0.8, 0.0))
    isBorder = (colored == (255, 204, 0)).all(axis=2)
    assert isBorder.any(axis=0).sum() == pytest.approx(8 * 10, abs=14)
    assert not isBorder[120, 120]


def test_without_a_lesion_inside_the_image_there_is_no_gallery():
    with pytest.raises(BadOption, match="no lesion"):
        lesionGallery([phantom()], [Region("R1", "reference", sphere((0, 0, 0), 5))])
    with pytest.raises(BadOption, match="no lesion"):
        lesionGallery([phantom()], [Region("L1", "lesion", sphere((500, 0, 0), 5))])
