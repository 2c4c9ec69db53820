"""``dlenhance enhance`` into a DICOM series: the choices of a site, de-identification, and where they are refused."""

import json
import sys

import numpy as np
import pydicom
import pytest
from dicomPhantom import MR, writeEnhanced, writeSeries
from enhanceSteps import SmoothingBackend, phantomVoxels

from dlenhance.commandLine import main
from DLEnhanceLib import torchBackend
from DLEnhanceLib.reading import readVolume

SHAPE = (6, 32, 28)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with a classic and an Enhanced series; the network is not what is tested here."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(torchBackend, "makeBackend", lambda **_: SmoothingBackend())
    voxels = phantomVoxels(SHAPE).astype(np.uint16)
    writeSeries(tmp_path / "series", voxels, DeviceSerialNumber="SN-4711")
    writeEnhanced(tmp_path / "enhanced" / "all.dcm", voxels)
    return tmp_path


def enhance(*arguments):
    return main(["enhance", *map(str, arguments)])


def images(folder):
    return [pydicom.dcmread(path) for path in sorted(folder.iterdir())]


def listed(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_defaults_are_those_of_the_library(folder):
    assert enhance("series", "out") == 0
    image = images(folder / "out")[0]
    assert (image.SeriesNumber, image.ImageType[1], image.Manufacturer) == (401, "SECONDARY", "SIEMENS")
    assert image.SeriesDescription.startswith("t1 post DL-ENH")
    assert SmoothingBackend.modelHash in image.DerivationDescription


def test_choices_of_the_site_are_written(folder, capsys):
    texts = ["--series-number", "77", "--description-suffix", "XQ"]
    assert enhance("series", "out", *texts, "--image-type", "primary", "--manufacturer", "product") == 0
    for image in images(folder / "out"):
        assert (image.SeriesNumber, image.SeriesDescription) == (77, "t1 post XQ")
        assert (image.ImageType[1], image.Manufacturer) == ("PRIMARY", "DLEnhance developers")
    assert "note: DICOM series 77, 't1 post XQ', 6 files." in capsys.readouterr().out


def test_enhanced_input_becomes_classic_only_when_asked(folder):
    assert enhance("enhanced", "same") == 0
    assert enhance("enhanced", "split", "--classic") == 0
    assert len(images(folder / "same")) == 1
    assert [image.SOPClassUID for image in images(folder / "split")] == [MR] * SHAPE[0]
    assert np.array_equal(readVolume(folder / "same").voxels, readVolume(folder / "split").voxels)


def test_notes_of_the_writer_are_printed_and_reported(folder, capsys):
    """Noise around a full range of 12 bits needs more than 12 bits after sharpening."""
    voxels = np.clip(phantomVoxels(SHAPE) * 4.0, 0, 4095).astype(np.uint16)
    writeSeries(folder / "narrow", voxels, BitsStored=12, HighBit=11)
    assert enhance("narrow", "out", "--sharpen", "100", "--report", "report.json") == 0
    (note,) = json.loads((folder / "report.json").read_text())["derivedSeries"]["notes"]
    assert "12 bits" in note
    assert f"note: {note}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "option",
    [
        "--series-number 7",
        "--description-suffix A",
        "--image-type primary",
        "--manufacturer scanner",
        "--classic",
        "--deidentify C7",
        "--classic --series-number 7",
    ],
)
def test_choices_without_a_dicom_series_are_refused(folder, capsys, option):
    before = listed(folder)
    assert enhance("series", "out.nrrd", *option.split()) == 2
    output = capsys.readouterr()
    assert output.err.count("\n") == 1
    assert output.out == ""
    assert [word in output.err for word in option.split() if word.startswith("--")] == [True] * option.count("--")
    assert "derived DICOM series" in output.err
    assert listed(folder) == before


@pytest.mark.parametrize(
    ("option", "word"),
    [(("--series-number", "0"), "series number 0"), (("--deidentify", " "), "pseudonym")],
)
def test_impossible_choices_are_refused_before_anything_is_computed(folder, capsys, option, word, monkeypatch):
    if "--deidentify" in option:
        pytest.importorskip("dicomanonymizer")
    monkeypatch.setattr(torchBackend, "makeBackend", None)
    before = listed(folder)
    assert enhance("series", "out", *option) == 2
    assert word in capsys.readouterr().err
    assert listed(folder) == before


# De-identification


def test_deidentified_series_holds_no_identity_and_the_same_image(folder, capsys):
    pytest.importorskip("dicomanonymizer")
    assert enhance("series", "plain") == 0
    capsys.readouterr()
    assert enhance("series", "out", "--deidentify", "C7", "--report", "report.json") == 0
    found = images(folder / "out")
    assert len(found) == SHAPE[0]
    for image, path in zip(found, sorted((folder / "out").iterdir()), strict=True):
        assert (image.PatientName, image.PatientID, image.PatientIdentityRemoved) == ("C7", "C7", "YES")
        assert not [
            word for word in (b"ller^Anna", b"19700101", b"SN-4711", b"1.2.3.1.4\0") if word in path.read_bytes()
        ]
    assert np.array_equal(readVolume(folder / "out").voxels, readVolume(folder / "plain").voxels)
    assert "faces and burned-in text remain" in capsys.readouterr().out
    series = json.loads((folder / "report.json").read_text())["derivedSeries"]
    assert series["seriesUID"] == found[0].SeriesInstanceUID
    assert listed(folder)[-1].startswith("series/"), "nothing but the outputs is left"
    assert not [name for name in listed(folder) if name.startswith((".", "tmp"))]


def test_failed_deidentification_leaves_no_series(folder, capsys, monkeypatch):
    """Above all not the one that still names the patient."""
    pytest.importorskip("dicomanonymizer")
    monkeypatch.setattr("DLEnhanceLib.dicomDeidentify.pydicom.dcmwrite", diskFull)
    before = listed(folder)
    assert enhance("series", "out", "--deidentify", "C7") == 2
    assert "No space" in capsys.readouterr().err
    assert listed(folder) == before


def diskFull(path, *_, **__):
    raise OSError(28, "No space left on device", str(path))


def test_missing_deidentifier_is_told_before_anything_is_computed(folder, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "dicomanonymizer.simpledicomanonymizer", None)
    monkeypatch.setattr(torchBackend, "makeBackend", None)
    assert enhance("series", "out", "--deidentify", "C7") == 2
    assert "pip install dicom-anonymizer" in capsys.readouterr().err
