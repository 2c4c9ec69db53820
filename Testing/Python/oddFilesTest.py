"""Every odd file of pydicom's and nibabel's test data has the outcome that the documentation promises."""

import gzip
import importlib.util
import shutil
from pathlib import Path

import nibabel.nicom.dicomwrappers
import numpy as np
import pydicom
import pytest
from oddFiles import NIBABEL, OUTCOMES

from DLEnhanceLib.errors import UnsupportedVolume
from DLEnhanceLib.priorDl import dicomPriorDl
from DLEnhanceLib.reading import readVolume


def pathOf(package, name):
    path = Path(importlib.util.find_spec(package).origin).parent / name
    if not path.exists():
        pytest.skip(f"this version of {package} has no {name}")
    return path


def outcome(path):
    try:
        volume = readVolume(path)
    except UnsupportedVolume as error:
        return f"refused: {error}"
    return f"{' x '.join(map(str, volume.voxels.shape[::-1]))} {volume.voxels.dtype}"


def unpacked(package, name, folder):
    target = folder / Path(name).stem
    with gzip.open(pathOf(package, name)) as packed, target.open("wb") as file:
        shutil.copyfileobj(packed, file)
    return target


@pytest.mark.parametrize(("package", "name"), OUTCOMES, ids=lambda part: Path(part).name)
def test_outcome(package, name, tmp_path, capfd):
    path = pathOf(package, name)
    first, _, then = OUTCOMES[package, name].partition("; unpacked: ")
    checks = [(path, first)] + ([(unpacked(package, name, tmp_path), then)] if then else [])
    for file, expected in checks:
        found = outcome(file)
        if expected.startswith("refused: "):
            assert found.startswith("refused: ")
            assert expected.removeprefix("refused: ") in found
        else:
            assert found == expected
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


def test_the_different_encodings_of_one_image_agree():
    names = [name for package, name in OUTCOMES if "MR_small" in name]
    volumes = [readVolume(pathOf("pydicom", name)) for name in names]
    assert len(volumes) == 8
    for volume in volumes:
        assert np.array_equal(volume.voxels, volumes[0].voxels)
        assert volume.isOnGridOf(volumes[0])


def test_a_philips_enhanced_volume_lies_where_nibabel_puts_it(tmp_path):
    path = unpacked(NIBABEL, "nicom/tests/data/philips_mprage.dcm.gz", tmp_path)
    volume = readVolume(path)
    wrapper = nibabel.nicom.dicomwrappers.wrapper_from_data(pydicom.dcmread(path))
    theirs = np.diag([-1, -1, 1, 1]) @ wrapper.affine
    # nibabel indexes (row, column, slice); its slice order may run the other way.
    shape = np.array(volume.voxels.shape)
    for i, j, k in ((0, 0, 0), (200, 3, 100), (255, 255, 175)):
        place = volume.ijkToRAS @ [i, j, k, 1]
        row, column, slab, _ = np.linalg.inv(theirs) @ place
        assert np.allclose([row, column], [j, i], atol=1e-2)
        assert min(abs(slab - k), abs(slab - (shape[0] - 1 - k))) < 1e-2
    assert dicomPriorDl(volume.tags)[0] == "unknown"
