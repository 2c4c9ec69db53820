"""What independent judges say: dciodvfy and Slicer's reader; and that the page in Docs is the code's own table."""

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from dicomPhantom import ramp, writeEnhanced, writeSeries

from DLEnhanceLib.dicomDerivation import DerivedSeriesOptions
from DLEnhanceLib.dicomWriting import writeDerivedSeries
from DLEnhanceLib.reading import readVolume
from DLEnhanceLib.strengths import Strengths

DOCS = Path(__file__).resolve().parents[2] / "Docs"
FALSE_ALARM = re.compile(r"Attribute present when condition unsatisfied .* Module=<MRPulseSequence>")
"""dciodvfy forbids the pulse sequence attributes in derived Enhanced images; PS3.3 C.8.13.4 says of each of them
"Required if Image Type Value 1 is ORIGINAL or MIXED. May be present otherwise", and they tell how the image arose."""


def errors(path):
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy is not installed (Debian package dicom3tools)")
    done = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, errors="replace", check=False)
    text = done.stdout + done.stderr
    assert "Image" in text, f"dciodvfy did not recognize the object: {text[:500]}"
    found = {line.strip() for line in text.splitlines() if line.startswith("Error")}
    return {line for line in found if not FALSE_ALARM.search(line)}


def newErrors(source, folder, **options):
    """Errors of any derived object that no source object has."""
    volume = readVolume(source)
    series = writeDerivedSeries(
        volume, source, folder, strengths=Strengths(), modelId="full-1", options=DerivedSeriesOptions(**options)
    )
    ofSource = set().union(*(errors(path) for path in (source.iterdir() if source.is_dir() else [source])))
    return set().union(*(errors(path) for path in series.files)) - ofSource


@pytest.mark.parametrize(
    "options", [{}, {"manufacturer": "product"}, {"imageTypeVariant": "PRIMARY"}], ids=["default", "product", "primary"]
)
def test_classic_objects_have_no_new_errors(tmp_path, options):
    writeSeries(tmp_path / "s", ramp((2, 6, 7)), Laterality="")
    assert newErrors(tmp_path / "s", tmp_path / "out", **options) == set()


@pytest.mark.parametrize("objects", ["same", "classic"])
def test_enhanced_objects_have_no_new_errors(tmp_path, objects):
    path = writeEnhanced(tmp_path / "s" / "e.dcm", ramp((3, 6, 7)))
    assert newErrors(path, tmp_path / "out", objects=objects) == set()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("dicom_t1c_vs_seg_001", {}),
        ("dicom_enhanced_multiframe_t1", {}),
        ("dicom_enhanced_multiframe_t1", {"objects": "classic"}),
    ],
    ids=["classic", "enhanced", "enhanced to classic"],
)
def test_real_objects_have_no_new_errors(realData, tmp_path, name, options):
    assert newErrors(realData / name, tmp_path / "out", **options) == set()


def test_an_object_with_an_error_would_be_seen(tmp_path):
    (path,) = writeSeries(tmp_path, ramp((1, 6, 7)), Laterality="", ScanningSequence=None)
    assert any("ScanningSequence" in line for line in errors(path))


@pytest.mark.parametrize("name", ["dicom_t1c_vs_seg_001", "dicom_enhanced_multiframe_t1"])
def test_slicers_own_reader_puts_the_result_over_the_source(realData, tmp_path, name):
    pytest.importorskip("slicer_core", reason="slicer-core is not installed")
    from dlenhance.headlessSlicer import HeadlessSlicer

    volume = readVolume(realData / name)
    series = writeDerivedSeries(volume, realData / name, tmp_path / "out", strengths=Strengths(), modelId="m")
    node = loadInSlicer(HeadlessSlicer.current(), series.files)
    found = HeadlessSlicer.current().volumeFrom(node)
    corners = np.array([[0, 0, 0, 1], [volume.voxels.shape[2] - 1, 0, len(volume.voxels) - 1, 1]]).T
    inSlicer = np.linalg.inv(found.ijkToRAS) @ volume.ijkToRAS @ corners
    assert np.abs(inSlicer - np.rint(inSlicer)).max() < 1e-3
    for corner, index in zip(corners.T, np.rint(inSlicer).astype(int).T, strict=True):
        assert found.voxels[tuple(index[2::-1])] == volume.voxels[tuple(corner[2::-1])]


def loadInSlicer(host, files):
    import vtk

    names = vtk.vtkStringArray()
    for path in files:
        names.InsertNextValue(str(path))
    return host.logics["Volumes"].AddArchetypeVolume(str(files[0]), "derived", 0, names)


def test_the_conformance_page_is_the_codes_table():
    script = DOCS / "makeDicomConformance.py"
    spec = importlib.util.spec_from_file_location("makeDicomConformance", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (DOCS / "dicom-conformance.md").read_text(encoding="utf-8") == module.page(), f"run {script.name}"
