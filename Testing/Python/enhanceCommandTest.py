"""``dlenhance enhance`` and ``info`` on files of each kind, with the released model."""

import hashlib
import json
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from dicomPhantom import writeSeries

from dlenhance.commandLine import main
from DLEnhanceLib.reading import listSeries, readVolume
from DLEnhanceLib.version import LABEL
from DLEnhanceLib.volume import Volume
from DLEnhanceLib.writing import writeVolume

OBLIQUE = np.array([[-0.9, 0.1, 0.0, 30.0], [0.1, 0.9, 0.0, -20.0], [0.0, 0.0, 2.0, 5.0], [0.0, 0.0, 0.0, 1.0]])
QUICK = ["--profile", "fast", "--device", "cpu", "--threads", "1"]


def head(shape=(12, 48, 40)):
    """A textured ellipsoid in noisy air; uint16."""
    rng = np.random.default_rng(3)
    k, j, i = (np.linspace(-1, 1, size) for size in shape)
    inside = k[:, None, None] ** 2 + j[:, None] ** 2 + i**2 < 0.8
    signal = inside * (500 + 100 * np.sin(9 * j)[:, None] * np.cos(7 * i))
    noise = rng.normal(0, 25, (2, *shape))
    return np.hypot(signal + noise[0], noise[1]).astype(np.uint16)


@pytest.fixture
def source(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    writeVolume(Volume(head(), OBLIQUE), tmp_path / "head.nii.gz")
    return readVolume(tmp_path / "head.nii.gz")


def enhance(*arguments):
    return main(["enhance", *map(str, arguments), *QUICK])


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def hashes(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
def test_grid_and_stored_type_stay_and_voxels_change(source, tmp_path, suffix, capsys):
    assert enhance("head.nii.gz", f"out{suffix}") == 0
    enhanced = readVolume(tmp_path / f"out{suffix}")
    assert enhanced.isOnGridOf(source, tolerance=1e-5)
    assert enhanced.voxels.dtype == source.voxels.dtype
    assert (enhanced.voxels != source.voxels).any()
    output = capsys.readouterr()
    assert output.err == ""
    assert output.out.rstrip().endswith(LABEL)


def test_strength_zero_gives_the_input_bit_for_bit(source, tmp_path):
    assert enhance("head.nii.gz", "out.nrrd", "--denoise", "0", "--dering", "0%", "--sharpen", "0") == 0
    assert np.array_equal(readVolume(tmp_path / "out.nrrd").voxels, source.voxels)


def test_report_holds_what_was_asked_and_found(source, tmp_path):
    assert enhance("head.nii.gz", "out.nrrd", "--preset", "high", "--sharpen", "10", "--report", "r.json") == 0
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["strengths"] == {"denoise": 1.0, "dering": 0.95, "sharpen": 0.1}
    assert (report["input"], report["output"], report["label"]) == ("head.nii.gz", "out.nrrd", LABEL)
    assert report["survey"]["noiseSigma"] == pytest.approx(25, rel=0.35)
    assert report["model"]["profile"] == "fast"


def test_components_make_up_the_difference(source, tmp_path):
    strengths = ["--denoise", "100", "--dering", "50", "--sharpen", "25"]
    assert enhance("head.nii.gz", "out.nrrd", "--dtype", "float32", "--components", "parts", *strengths) == 0
    noise, ringing, blur = (readVolume(tmp_path / "parts" / f"{n}.nii.gz").voxels for n in ("noise", "ringing", "blur"))
    enhanced = readVolume(tmp_path / "out.nrrd")
    assert enhanced.voxels.dtype == np.float32
    assert np.allclose(enhanced.voxels, source.voxels - noise - 0.5 * ringing + 0.25 * blur, atol=0.01)


def test_evidence_is_written_on_the_grid_of_the_volume(source, tmp_path):
    assert enhance("head.nii.gz", "out.nrrd", "--evidence", "evidence.nrrd") == 0
    evidence = readVolume(tmp_path / "evidence.nrrd")
    assert evidence.isOnGridOf(source)
    assert evidence.voxels.dtype == np.float32
    assert evidence.voxels.min() == 0
    assert enhance("head.nii.gz", "out2.nrrd", "--evidence", "evidence.txt") == 2


def test_a_second_run_replaces_the_first_whole_and_leaves_nothing_else(source, tmp_path):
    (tmp_path / "out.nrrd").write_bytes(b"x" * 10_000_000)
    assert enhance("head.nii.gz", "out.nrrd") == 0
    assert readVolume(tmp_path / "out.nrrd").isOnGridOf(source)
    assert names(tmp_path) == ["head.nii.gz", "out.nrrd"]


def test_dicom_gives_a_derived_series_and_leaves_the_source(tmp_path, capsys):
    series = tmp_path / "series"
    writeSeries(series, head((6, 48, 40)))
    before = hashes(series)
    assert enhance(series, tmp_path / "derived") == 0
    (found,) = listSeries(tmp_path / "derived")
    assert found.size == (40, 48, 6)
    assert "DL-ENH" in found.description
    assert readVolume(tmp_path / "derived").isOnGridOf(readVolume(series), tolerance=1e-4)
    assert hashes(series) == before
    assert enhance(series, tmp_path / "derived") == 2
    assert "not empty" in capsys.readouterr().err
    assert enhance(series, series / "derived") == 2
    assert hashes(series) == before


def test_our_own_output_is_enhanced_again_only_when_asked(tmp_path, capsys):
    writeSeries(tmp_path / "series", head((6, 48, 40)))
    assert enhance(tmp_path / "series", tmp_path / "derived") == 0
    capsys.readouterr()
    assert enhance(tmp_path / "derived", tmp_path / "twice.nrrd") == 2
    assert "--again" in capsys.readouterr().err
    assert not (tmp_path / "twice.nrrd").exists()
    assert enhance(tmp_path / "derived", tmp_path / "twice.nrrd", "--again") == 0


def test_one_series_of_several_is_listed_and_chosen(tmp_path, capsys):
    writeSeries(tmp_path / "in" / "a", head((6, 48, 40)))
    writeSeries(tmp_path / "in" / "b", head((8, 48, 40)), SeriesNumber=9, SeriesInstanceUID="1.2.3.1.9")
    assert enhance(tmp_path / "in", tmp_path / "out.nrrd") == 2
    assert "series" in capsys.readouterr().err
    assert main(["info", str(tmp_path / "in"), "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["series"]
    assert [series["number"] for series in listed] == [4, 9]
    assert enhance(tmp_path / "in", tmp_path / "out.nrrd", "--series", "9") == 0
    assert len(readVolume(tmp_path / "out.nrrd").voxels) == 8


def test_info_names_grid_noise_and_prior_processing(source, capsys):
    assert main(["info", "head.nii.gz"]) == 0
    text = capsys.readouterr().out
    assert "40 x 48 x 12 voxels of 0.91 x 0.91 x 2.00 mm, axial (LAS, oblique by 6.3 degrees)" in text
    assert "prior DL   unknown" in text
    assert main(["info", "head.nii.gz", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["size"], found["storedType"], found["plane"]) == ([40, 48, 12], "uint16", "axial")
    assert found["survey"]["priorDl"] == "unknown"


@pytest.mark.parametrize(
    "voxels",
    [
        np.full((8, 24, 20), np.nan, np.float32),
        np.zeros((8, 24, 20), np.int16),
        np.full((8, 24, 20), 7, np.int16),
    ],
)
def test_volumes_without_a_signal_are_refused(source, tmp_path, capsys, voxels):
    writeVolume(Volume(voxels, OBLIQUE), tmp_path / "odd.nrrd")
    before = names(tmp_path)
    assert enhance("odd.nrrd", "out.nrrd") == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert names(tmp_path) == before


@pytest.fixture
def interruptsHeard():
    """A shell starts background jobs, and so the tests and the programs they start, deaf to interrupts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.usefixtures("interruptsHeard")
def test_an_interrupt_leaves_nothing_behind(source, tmp_path, kind):
    writeVolume(Volume(head((72, 112, 112)), OBLIQUE), tmp_path / "large.nii.gz")
    before = names(tmp_path)
    # float volumes of the components keep it writing for long enough to be met while it writes
    options = ["out.nii.gz", "--components", "parts", "--dtype", "float32"]
    command = [sys.executable, "-m", "dlenhance.commandLine", "enhance", "large.nii.gz", *options]
    for _ in range(4):  # on a busy machine the signal may come when all is written
        process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        while process.poll() is None and not list(tmp_path.glob(".dlenhance-unfinished-*")):
            time.sleep(0.01)
        process.send_signal(kind)
        _, errors = process.communicate(timeout=60)
        if process.returncode:
            break
        shutil.rmtree(tmp_path / "parts")
        (tmp_path / "out.nii.gz").unlink()
    assert (process.returncode, errors) == (130, "dlenhance: Stopped; nothing was written.\n")
    assert names(tmp_path) == before
