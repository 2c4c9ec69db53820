"""Markups files as Slicer writes them: roles, geometry in RAS, and the spline through a curve's points."""

import json
import math

import numpy as np
import pytest

from DLEnhanceLesionMetricsLib import regions
from DLEnhanceLesionMetricsLib.markupsFiles import readMarkups, writeMarkups
from DLEnhanceLesionMetricsLib.roleNames import roleOfName
from DLEnhanceLib.errors import BadOption
from DLEnhanceLib.volume import Volume

VOLUME = Volume(np.zeros((40, 60, 60), np.uint8), np.diag([0.5, 0.5, 0.8, 1.0]))

# As Slicer 5.13 saved a box turned by 30 degrees about S and 20 about its own x axis, center RAS (10, 20, 30).
SLICER_ROI = {
    "type": "ROI",
    "coordinateSystem": "LPS",
    "roiType": "Box",
    "center": [-10.0, -20.0, 30.0],
    "orientation": [-0.8660254, 0.4698463, -0.1710101, -0.5, -0.8137977, 0.2961981, 0.0, 0.3420201, 0.9396926],
    "size": [5.0, 6.0, 7.0],
    "controlPoints": [{"label": "L1-1", "description": "", "position": [-10.0, -20.0, 30.0]}],
}


def written(path, *markups):
    path.write_text(json.dumps({"markups": markups}), encoding="utf-8")
    return path


def test_roi_saved_by_slicer_becomes_an_ellipsoid_in_ras(tmp_path):
    (region,) = readMarkups(written(tmp_path / "L1.mrk.json", SLICER_ROI))
    assert (region.name, region.role) == ("L1", "lesion")
    np.testing.assert_allclose(region.center, [10, 20, 30])
    np.testing.assert_allclose(region.shape.objectToRAS[0, :3], [0.8660254, -0.4698463, 0.1710101])
    assert isinstance(region.shape, regions.Ellipsoid)


def test_closed_curve_follows_slicers_spline(tmp_path):
    points = [[0, 0, 0], [-10, 0, 0], [-12, -15, 0], [0, -10, 0], [4, -4, 0]]
    curve = {"type": "ClosedCurve", "controlPoints": [{"label": "R2-1", "position": p} for p in points]}
    (region,) = readMarkups(written(tmp_path / "R2.mrk.json", curve))
    x, y, _ = region.shape.points.T
    area = abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) / 2
    assert area == pytest.approx(209.72, abs=0.01)  # GetClosedCurveSurfaceArea of Slicer 5.13 for these points
    assert region.role == "reference"


def test_every_markups_form_comes_back_as_it_was_written(tmp_path):
    turned = regions.translation([14, 15, 16])
    turned[:3, :3] = [[0.8, -0.6, 0], [0.6, 0.8, 0], [0, 0, 1]]
    originals = [
        regions.Region("one", "lesion", regions.sphere([12, 12, 12], 7)),
        regions.Region("two", "reference", regions.Box(turned, (9, 7, 6))),
        regions.Region("three", "air", regions.circle([15, 15, 16], [0, 0, 1], 9.3), (0.1, 0.2, 0.3)),
    ]
    found = readMarkups(writeMarkups(originals, tmp_path / "all.mrk.json"))
    for region, original in zip(found, originals, strict=True):
        assert (region.name, region.role, region.color) == (original.name, original.role, original.color)
        np.testing.assert_array_equal(region.maskOn(VOLUME).toArray(), original.maskOn(VOLUME).toArray())


def test_circle_written_as_a_curve_keeps_its_radius(tmp_path):
    original = regions.Region("c", "lesion", regions.circle([5, 5, 5], [1, 1, 1], 10))
    (region,) = readMarkups(writeMarkups([original], tmp_path / "c.mrk.json"))
    np.testing.assert_allclose(np.linalg.norm(region.shape.points - 5, axis=1), 5, atol=1e-3)


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Metastasis 2", "lesion"),
        ("L12", "lesion"),
        ("NAWM_left", "reference"),
        ("R1", "reference"),
        ("background air", "air"),
        ("Background", "reference"),
        ("A1", "air"),
        ("Left hand", None),
    ],
)
def test_roles_follow_from_telling_names(name, role):
    assert roleOfName(name) == role


@pytest.mark.parametrize(
    "text", ["", "{}", '{"markups": [{"type": "ROI"}]}', '{"markups": [{"type": "ROI", "center": 3}]}']
)
def test_damaged_files_are_refused(tmp_path, text):
    path = tmp_path / "bad.mrk.json"
    path.write_text(text)
    with pytest.raises(BadOption, match="damaged"):
        readMarkups(path)


def test_files_without_regions_are_refused(tmp_path):
    with pytest.raises(BadOption, match="no ROI box"):
        readMarkups(written(tmp_path / "points.mrk.json", {"type": "Fiducial", "controlPoints": []}))
    with pytest.raises(BadOption, match="cannot be read"):
        readMarkups(tmp_path / "missing.mrk.json")


def test_drawn_voxels_have_no_markups_form(tmp_path):
    inside = np.zeros(VOLUME.voxels.shape, bool)
    inside[3, 4, 5] = True
    with pytest.raises(BadOption, match="drawn in voxels"):
        writeMarkups([regions.maskRegion("drawn", "lesion", inside, VOLUME)], tmp_path / "x.mrk.json")
    assert math.isclose(regions.maskRegion("drawn", "lesion", inside, VOLUME).center[2], 3 * 0.8)
