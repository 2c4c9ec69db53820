"""``dlenhance measure`` with pseudo-replicas, noise spectrum, conspicuity and lines, on a small simulated head."""

import csv
import json

import numpy as np
import pytest
from headPhantom import acquire, asVolume, headPhantom

from dlenhance.commandLine import main
from DLEnhanceLib.reading import readVolume
from DLEnhanceLib.writing import writeVolume

SHAPE = (40, 64, 56)


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """A folder with standard and enhanced volume, report, labels and a line across the lesion's border."""
    pytest.importorskip("torch", reason="the enhancer needs PyTorch")
    folder = tmp_path_factory.mktemp("case")
    truth = headPhantom(SHAPE)
    k, j, i = np.indices(SHAPE)
    lesion = (k - 20) ** 2 + (j - 24) ** 2 + (i - 28) ** 2 <= 9
    reference = (k - 20) ** 2 + (j - 42) ** 2 + (i - 36) ** 2 <= 16
    truth[lesion] += 0.8
    writeVolume(asVolume(acquire(truth, sigma=0.03)[0]), folder / "a.nrrd")
    writeVolume(asVolume((lesion + 2 * reference).astype(np.uint8)), folder / "rois.nrrd")
    options = ["--profile", "fast", "--device", "cpu", "--report", str(folder / "report.json")]
    assert main(["enhance", str(folder / "a.nrrd"), str(folder / "b.nrrd"), *options]) == 0
    points = [{"position": [-position, -24.0, 20.0]} for position in (20.0, 36.0)]  # LPS
    line = {"markups": [{"type": "Line", "coordinateSystem": "LPS", "name": "E1", "controlPoints": points}]}
    (folder / "line.mrk.json").write_text(json.dumps(line), encoding="utf-8")
    return folder


def measure(case, *options):
    files = {"standard": "a.nrrd", "enhanced": "b.nrrd", "rois": "rois.nrrd"}
    given = [text for name, file in files.items() for text in (f"--{name}", str(case / file))]
    return main(["measure", *given, "--out", str(case / "t.csv"), *options])


def rowsOf(case):
    with (case / "t.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_all_that_needs_computing_stands_in_one_table(case):
    replicas = ("--noise-method", "pseudo_replica", "--replicas", "3", "--enhance-report", str(case / "report.json"))
    more = ("--conspicuity", "--noise-spectrum", "--lines", str(case / "line.mrk.json"), "--device", "cpu")
    assert measure(case, *replicas, *more, "--noise-map", str(case / "noise.nii.gz")) == 0
    found = {(row["metric"], row["condition"]): row for row in rowsOf(case)}
    assert found["noise_frequency", "enhanced"]["noise_method"] == "pseudo_replica"
    assert "edge_slope=" in found["conspicuity", "standard"]["components"]
    assert 2 < float(found["fwhm", "standard"]["value"]) < 9
    assert found["fwhm", "standard"]["lesion"] == "E1"
    assert int(found["fwhm", "standard"]["voxels"]) > 10
    noise = readVolume(case / "noise.nii.gz")
    assert noise.voxels.shape == SHAPE
    flat = readVolume(case / "rois.nrrd").voxels == 2
    assert 3 < noise.voxels[flat].mean() < 20  # of 30 in the standard image
    assert noise.voxels[20, 24, 28] == pytest.approx(float(found["snr", "enhanced"]["noise"]), rel=0.9)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--noise-map", "n.nii.gz"), "add --noise-method pseudo_replica"),
        (("--noise-method", "pseudo_replica"), "--enhance-report"),
        (("--lines", "rois.nrrd"), "holds no line"),
    ],
)
def test_options_that_lack_something_are_refused(case, capsys, monkeypatch, options, words):
    monkeypatch.chdir(case)
    assert measure(case, *options) == 2
    assert words in capsys.readouterr().err


def test_lines_of_three_points_and_damaged_files_are_refused(case, capsys):
    damaged = case / "bad.mrk.json"
    damaged.write_text("{", encoding="utf-8")
    assert measure(case, "--lines", str(damaged)) == 2
    points = [{"position": [0, 0, n]} for n in range(3)]
    damaged.write_text(json.dumps({"markups": [{"type": "Line", "controlPoints": points}]}), encoding="utf-8")
    assert measure(case, "--lines", str(damaged)) == 2
    assert "draw it with two" in capsys.readouterr().err
