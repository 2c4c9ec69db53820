"""The side-by-side figure, read back from its PNG: right slice, right shape, right side, same window, labels, quiet."""

import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage

from dlenhance import sliceViews
from dlenhance.headlessSlicer import HeadlessSlicer
from DLEnhanceLib.volume import Volume

YELLOW, BLUE = (1.0, 0.8, 0.0), (0.2, 0.75, 1.0)
HEAD_RADII = (70.0, 90.0, 60.0)  # mm, right-left, front-back, up-down
LESION_CENTER, LESION_RADIUS = (-30.0, 20.0, -15.0), 8.0  # RAS mm: on the patient's left, in front, low


def phantom(ijkToRAS, shape, *, noise=0.0):
    """An ellipsoid head of 100 with a lesion of 200 in a grid, and the lesion's mask."""
    k, j, i = np.meshgrid(*(np.arange(size) for size in shape), indexing="ij")
    points = np.stack([i, j, k], axis=-1) @ ijkToRAS[:3, :3].T + ijkToRAS[:3, 3]
    head = ((points / HEAD_RADII) ** 2).sum(axis=-1) <= 1
    lesion = ((points - LESION_CENTER) ** 2).sum(axis=-1) <= LESION_RADIUS**2
    voxels = np.where(lesion, 200.0, np.where(head, 100.0, 0.0))
    voxels += np.random.default_rng(1).normal(0, noise, shape)
    return Volume(voxels.astype(np.float32), ijkToRAS, name="phantom"), lesion


def grid(spacing, shape, rotation=None):
    """ijkToRAS of a centered grid; spacing and shape in i, j, k order."""
    matrix = np.eye(4)
    matrix[:3, :3] = (np.eye(3) if rotation is None else rotation) @ np.diag(spacing)
    matrix[:3, 3] = -matrix[:3, :3] @ (np.array(shape) - 1) / 2
    return matrix


def tilt(degrees):
    angle = np.radians(degrees)
    return np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])


GRIDS = {
    "thick axial": (grid((-1.5, -1.5, 6.0), (110, 140, 24)), (24, 140, 110)),
    "oblong pixels": (grid((-2.4, -1.2, 5.0), (70, 170, 28)), (28, 170, 70)),
    "oblique": (grid((-1.5, -1.5, 6.0), (110, 140, 26), tilt(20)), (26, 140, 110)),
    "isotropic": (grid((2.0, 2.0, 2.0), (80, 100, 70)), (70, 100, 80)),
}


def lesionRegion(mask):
    return SimpleNamespace(name="Lesion", role="lesion", colour=YELLOW, mask=mask)


def draw(tmp_path, standard, enhanced=None, regions=(), **options):
    path = sliceViews.sideBySideFigure(standard, enhanced or standard, regions, tmp_path / "figure.png", **options)
    return sitk.GetArrayFromImage(sitk.ReadImage(str(path))).astype(int)


def view(page, column, *, title=False):
    """The pixels of a main view, without the strip below it."""
    top = sliceViews.CAPTION + sliceViews.GAP + (26 if title else 0)
    left = sliceViews.GAP + column * (sliceViews.CELL_WIDTH + sliceViews.GAP)
    strip = np.flatnonzero(page[top:, left].sum(axis=-1) == 3 * 18 + 2)  # the page's own color
    return page[top : top + strip[0] - sliceViews.STRIP, left : left + sliceViews.CELL_WIDTH]


def colored(pixels, color):
    return (np.abs(pixels - np.rint(255 * np.array(color))) < 12).all(axis=-1)


def extent(mask):
    """(width, height) of the bounding box of the largest connected part: letters at the border do not count."""
    labels, _count = ndimage.label(mask)
    rows, columns = np.nonzero(labels == 1 + np.argmax(np.bincount(labels.ravel())[1:]))
    return columns.max() - columns.min() + 1, rows.max() - rows.min() + 1


@pytest.fixture(params=GRIDS, scope="module")
def aDrawnPhantom(request, tmp_path_factory):
    volume, mask = phantom(*GRIDS[request.param])
    page = draw(tmp_path_factory.mktemp("figure"), volume, regions=[lesionRegion(mask)])
    return SimpleNamespace(first=view(page, 0), second=view(page, 1), page=page)


def test_a_round_lesion_is_round_in_every_grid(aDrawnPhantom):
    width, height = extent(colored(aDrawnPhantom.second, YELLOW))
    assert width / height == pytest.approx(1.0, abs=0.25)  # 16 mm across, voxels up to 2.4 mm


def test_the_slice_goes_through_the_middle_of_the_lesion(aDrawnPhantom):
    bright = (aDrawnPhantom.second > 190).all(axis=-1)  # half way between tissue and lesion
    pixels = sliceViews.CELL_WIDTH / headWidth(aDrawnPhantom.second)
    diameter = extent(bright)[0] / pixels
    assert diameter == pytest.approx(2 * LESION_RADIUS, abs=3.5)


def headWidth(pixels):
    """Millimeters across the view, judged by the head's known width at the lesion's height."""
    across = 2 * HEAD_RADII[0] * np.sqrt(1 - (LESION_CENTER[2] / HEAD_RADII[2]) ** 2)
    return sliceViews.CELL_WIDTH * across / extent((pixels > 60).all(axis=-1))[0]


def test_the_patients_left_is_on_the_right_of_the_picture_and_front_is_up(aDrawnPhantom):
    rows, columns = np.nonzero(colored(aDrawnPhantom.second, YELLOW))
    height, width = aDrawnPhantom.second.shape[:2]
    assert columns.mean() > 0.6 * width
    assert rows.mean() < 0.48 * height


def test_the_head_fills_the_view(aDrawnPhantom):
    width, height = extent((aDrawnPhantom.second > 60).all(axis=-1))
    assert max(width / aDrawnPhantom.second.shape[1], height / aDrawnPhantom.second.shape[0]) > 0.85
    assert max(width / aDrawnPhantom.second.shape[1], height / aDrawnPhantom.second.shape[0]) <= 0.97


def test_equal_volumes_look_equal(aDrawnPhantom):
    gray = (aDrawnPhantom.first.max(axis=-1) - aDrawnPhantom.first.min(axis=-1)) == 0  # not the name's colored pixels
    different = (aDrawnPhantom.first != aDrawnPhantom.second).any(axis=-1)
    assert np.count_nonzero(different & gray) < 0.005 * gray.size  # the shadow of the name


def test_the_enhanced_view_is_shown_with_the_window_of_the_standard(tmp_path):
    volume, mask = phantom(*GRIDS["thick axial"])
    page = draw(
        tmp_path, volume, volume.withVoxels(volume.voxels * 0.5), [lesionRegion(mask)], window=(0, 200), zoom=False
    )
    middle = tuple(np.array(view(page, 0).shape[:2]) // 2)
    assert view(page, 0)[middle].mean() == pytest.approx(127, abs=2)
    assert view(page, 1)[middle].mean() == pytest.approx(64, abs=2)


def test_only_the_enhanced_image_carries_the_research_label(aDrawnPhantom):
    strips = [stripBelow(aDrawnPhantom.page, column) for column in (0, 1)]
    assert strips[0].max() == 0
    assert np.count_nonzero(strips[1] > 120) > 300


def stripBelow(page, column):
    top = sliceViews.CAPTION + sliceViews.GAP + view(page, column).shape[0]
    left = sliceViews.GAP + column * (sliceViews.CELL_WIDTH + sliceViews.GAP)
    return page[top : top + sliceViews.STRIP, left : left + sliceViews.CELL_WIDTH]


def test_the_enlarged_part_has_no_outline_over_the_lesion(aDrawnPhantom):
    top = sliceViews.CAPTION + sliceViews.GAP + len(aDrawnPhantom.first) + sliceViews.STRIP + sliceViews.GAP
    below = aDrawnPhantom.page[top:]
    assert not colored(below, YELLOW).any()
    assert np.count_nonzero((below > 250).all(axis=-1)) > 2000  # the lesion, enlarged


@pytest.fixture(scope="module")
def aFigureWithResidual(tmp_path_factory):
    volume, mask = phantom(*GRIDS["thick axial"])
    reference = SimpleNamespace(name="Reference", role="reference", color=BLUE, mask=np.flip(mask, axis=2))
    residual = volume.withVoxels(np.where(mask, 10.0, 0.0).astype(np.float32))
    panels = [sliceViews.Panel(residual, "Residual", isResidual=True)]
    regions = [lesionRegion(mask), reference]
    return draw(tmp_path_factory.mktemp("figure"), volume, regions=regions, panels=panels, zoom=False)


def test_each_region_has_its_own_color(aFigureWithResidual):
    pixels = view(aFigureWithResidual, 1)
    assert colored(pixels, YELLOW).sum() > 50
    assert colored(pixels, BLUE).sum() > 50


def test_a_residual_is_gray_where_nothing_changed(aFigureWithResidual):
    pixels = view(aFigureWithResidual, 2)
    assert np.median(pixels) == pytest.approx(127, abs=2)
    assert (pixels > 250).all(axis=-1).any()


def test_a_volume_without_regions_is_drawn_in_its_middle(tmp_path):
    volume, _mask = phantom(*GRIDS["thick axial"])
    assert view(draw(tmp_path, volume, zoom=False), 1).max() > 60


def test_an_asked_for_center_chooses_the_slice(tmp_path):
    volume, mask = phantom(*GRIDS["thick axial"])
    page = draw(tmp_path, volume, regions=[lesionRegion(mask)], center=(0, 0, -30), zoom=False)
    assert not colored(view(page, 1), YELLOW).any()


def test_the_scene_is_left_as_it_was(tmp_path, aSlicerScene):
    volume, mask = phantom(*GRIDS["thick axial"])
    kept = aSlicerScene.addVolume(volume)
    before = sceneIds(aSlicerScene.scene)
    draw(tmp_path, volume, regions=[lesionRegion(mask)])
    assert sceneIds(aSlicerScene.scene) == before
    assert aSlicerScene.scene.IsNodePresent(kept)
    assert HeadlessSlicer.current() is aSlicerScene


def sceneIds(scene):
    return [scene.GetNthNode(n).GetID() for n in range(scene.GetNumberOfNodes())]


def test_real_thick_slices_show_the_drawn_lesion(tmp_path, realData):
    folder = realData / "postcontrast_t1_axial_brain1"
    image, label = (sitk.ReadImage(str(folder / f"brain1_{kind}.nrrd")) for kind in ("image", "label"))
    matrix = np.eye(4)
    matrix[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    matrix[:3, 3] = image.GetOrigin()
    volume = Volume(sitk.GetArrayFromImage(image), np.diag([-1, -1, 1, 1]) @ matrix)
    page = draw(tmp_path, volume, regions=[lesionRegion(sitk.GetArrayFromImage(label) > 0)])
    assert colored(view(page, 1), YELLOW).sum() > 200
    head = extent((view(page, 1) > 60).all(axis=-1))
    assert head[0] / head[1] == pytest.approx(0.82, abs=0.08)  # a head seen from above, not stretched by 6.5 mm slices


def test_drawing_says_nothing_on_stderr(tmp_path):
    code = (
        "import sys, numpy as np\n"
        "from DLEnhanceLib.volume import Volume\n"
        "from dlenhance.sliceViews import sideBySideFigure\n"
        "volume = Volume(np.ones((4, 20, 20), np.float32), np.diag([-1, -1, 3, 1.0]))\n"
        "sideBySideFigure(volume, volume, [], sys.argv[1])\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    command = [sys.executable, "-c", code, str(tmp_path / "quiet.png")]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")
    assert (tmp_path / "quiet.png").stat().st_size > 1000
