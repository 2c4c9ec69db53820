"""The command's contract: exit codes, one line on stderr, nothing written on bad input."""

import csv
import errno
import os
import subprocess
import sys

import numpy as np
import pytest

from dlenhance.commandLine import explained, main, quietLibraries
from dlenhance.strengthOptions import percent
from DLEnhanceLib.errors import EnhancementCanceled, UnsupportedVolume
from DLEnhanceLib.reading import readVolume
from DLEnhanceLib.volume import Volume
from DLEnhanceLib.writing import writeVolume

SHAPE = (12, 24, 20)


def headWithNoise(seed=1):
    """A bright ellipsoid in noisy air; int16."""
    k, j, i = np.indices(SHAPE)
    inside = ((k - 6) / 5) ** 2 + ((j - 12) / 10) ** 2 + ((i - 10) / 8) ** 2 < 1
    noise = np.random.default_rng(seed).normal(0, 20, (2, *SHAPE))
    return np.hypot(600 * inside + noise[0], noise[1]).astype(np.int16)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with a standard and an enhanced volume and a label volume with lesion, reference and air."""
    monkeypatch.chdir(tmp_path)
    grid = np.diag([-1.0, -1.0, 2.0, 1.0])
    labels = np.zeros(SHAPE, np.uint8)
    labels[5:8, 8:11, 8:11], labels[5:8, 14:17, 8:11], labels[0:2, 0:4, 0:4] = 1, 2, 3
    standard = headWithNoise()
    standard[labels == 1] += 200
    enhanced, mean = standard.copy(), standard[labels == 2].mean()
    enhanced[labels == 2] = mean + 0.5 * (standard[labels == 2] - mean)
    for name, voxels in (("standard", standard), ("enhanced", enhanced), ("regions", labels)):
        writeVolume(Volume(voxels, grid), tmp_path / f"{name}.nii.gz")
    return tmp_path


def listed(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def assertRefused(folder, capsys, arguments, *words):
    """Exit code 2, one line with these words on stderr, nothing on stdout, no file more or less than before."""
    before = listed(folder)
    assert main(arguments.split()) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    assert output.err.startswith("dlenhance: ")
    for word in words:
        assert word in output.err
    assert listed(folder) == before


MEASURE = "measure --standard standard.nii.gz --enhanced enhanced.nii.gz --rois regions.nii.gz"


def test_measure_writes_every_row_and_prints_the_change(folder, capsys):
    assert main([*MEASURE.split(), "--out", "t.csv", "--noise-method", "tissue_sd", "air_sd"]) == 0
    with (folder / "t.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    cnr = {
        row["condition"]: float(row["value"])
        for row in rows
        if (row["metric"], row["noise_method"]) == ("cnr", "tissue_sd")
    }
    for condition, value in cnr.items():
        assert value == pytest.approx(cnrOf(folder / f"{condition}.nii.gz", folder / "regions.nii.gz"))
    change = 100 * (cnr["enhanced"] / cnr["standard"] - 1)
    output = capsys.readouterr()
    assert output.err == ""
    assert any(
        line.split()[1:3] == ["cnr", "tissue_sd"] and f"{change:+.1f} %" in line for line in output.out.splitlines()
    )
    assert {row["noise_method"] for row in rows} == {"tissue_sd", "air_sd", "none"}


def cnrOf(volumePath, labelPath):
    """(S_L - S_R) / SD_R straight from the files."""
    voxels, labels = (readVolume(path).voxels.astype(float) for path in (volumePath, labelPath))
    lesion, reference = voxels[labels == 1], voxels[labels == 2]
    return (lesion.mean() - reference.mean()) / reference.std(ddof=1)


def test_a_lesion_label_of_3_is_not_taken_for_air(folder, capsys):
    assert main([*MEASURE.split(), "--lesion-label", "3", "1", "--out", "t.csv", "--noise-method", "air_sd"]) == 0
    assert "There is no air region" in capsys.readouterr().out
    lesions = {line.split(",")[1] for line in (folder / "t.csv").read_text().splitlines()[1:]}
    assert len(lesions) == 2


def test_measure_writes_json_by_suffix(folder):
    assert main([*MEASURE.split(), "--out", "t.json"]) == 0
    assert (folder / "t.json").read_text().startswith("[")


def test_equal_volumes_change_by_exactly_zero(folder, capsys):
    arguments = "measure --standard standard.nii.gz --enhanced standard.nii.gz --rois regions.nii.gz --out t.csv"
    assert main(arguments.split()) == 0
    changes = [line.split()[-2] for line in capsys.readouterr().out.splitlines() if line.endswith("%")]
    assert changes
    assert set(changes) == {"+0.0"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("", ("COMMAND",)),
        ("improve a b", ("improve",)),
        ("enhance standard.nii.gz", ("OUT", "--help")),
        ("enhance absent.nii.gz out.nii.gz", ("absent.nii.gz", "does not exist")),
        ("enhance standard.nii.gz out.nii.gz --denoise 101", ("--denoise", "0 to 100")),
        ("enhance standard.nii.gz out.nii.gz --sharpen nan", ("--sharpen",)),
        ("enhance standard.nii.gz out.nii.gz --threads 0", ("--threads",)),
        ("enhance standard.nii.gz out.nii.gz --preset extreme", ("--preset",)),
        ("enhance standard.nii.gz out.jpg", ("out.jpg", ".nii.gz")),
        ("enhance standard.nii.gz absent/out.nii.gz", ("absent", "does not exist")),
        ("enhance standard.nii.gz standard.nii.gz", ("input",)),
        ("enhance standard.nii.gz out.nii.gz --report report.txt", ("--report", ".json")),
        ("enhance standard.nii.gz out.nii.gz --components .", ("--components",)),
        ("enhance standard.nii.gz out.nii.gz --series 3", ("series",)),
        (f"{MEASURE} --out t.xlsx", (".csv or .json",)),
        (f"{MEASURE} --out t.csv --noise-method best", ("best", "tissue_sd")),
        (f"{MEASURE} --out t.csv --figure f.jpg", (".png",)),
        (f"{MEASURE} --out regions.nii.gz", ("must end in",)),
        (f"{MEASURE} --out t.csv --lesion-label 3 --air-label 3", ("two roles",)),
        (f"{MEASURE} --out t.csv --lesion-label 9 --reference-label 8 --air-label 7", ("regions.nii.gz",)),
        ("info regions", ("regions", "does not exist")),
        ("demo --out regions.nii.gz", ("--out", "folder")),
        ("demo --out .", ("not empty",)),
    ],
)
def test_bad_input_is_refused_in_one_line_with_nothing_written(folder, capsys, arguments, words):
    assertRefused(folder, capsys, arguments, *words)


def test_grids_that_differ_are_refused(folder, capsys):
    writeVolume(Volume(headWithNoise()[:, :, :-1].copy(), np.eye(4)), folder / "other.nii.gz")
    assertRefused(folder, capsys, f"{MEASURE} --out t.csv".replace("enhanced.nii.gz", "other.nii.gz"), "size")


def test_a_truncated_file_is_refused(folder, capsys):
    whole = (folder / "standard.nii.gz").read_bytes()
    (folder / "cut.nii.gz").write_bytes(whole[: len(whole) // 2])
    assertRefused(folder, capsys, "enhance cut.nii.gz out.nii.gz", "cut.nii.gz")


def test_a_disk_that_takes_no_more_is_told_and_leaves_nothing(folder):
    """A limit on file sizes stands for the full disk: the same failure of the same write."""
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))\n"
    arguments = [*MEASURE.split(), "--out", "t.csv"]
    before = listed(folder)
    done = inProcess(f"{limit}import sys; from dlenhance.commandLine import main; sys.exit(main({arguments}))")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "t.csv" in done.stderr
    assert listed(folder) == before


@pytest.mark.parametrize(
    ("problem", "exitCode", "words"),
    [
        (UnsupportedVolume("in.nii is a color image; use a scalar MR volume."), 2, "color image"),
        (PermissionError(errno.EACCES, "Permission denied", "x.nii"), 2, "x.nii: permission denied"),
        (OSError(errno.ENOSPC, "No space left on device", "out.nii.gz"), 2, "out.nii.gz: the disk is full"),
        (MemoryError(), 2, "memory"),
        (KeyboardInterrupt(), 130, "nothing was written"),
        (EnhancementCanceled(), 130, "nothing was written"),
        (ZeroDivisionError("division by zero"), 1, "DLENHANCE_DEBUG=1"),
        (OSError(errno.EIO, "Input/output error"), 1, "in dlenhance itself"),
    ],
)
def test_each_kind_of_failure_has_its_code_and_sentence(problem, exitCode, words):
    code, text = explained(problem)
    assert code == exitCode
    assert words in text
    assert "\n" not in text


@pytest.mark.parametrize(("text", "fraction"), [("75", 0.75), ("75%", 0.75), ("0", 0.0), ("100", 1.0), ("12.5", 0.125)])
def test_percent_is_read_as_a_fraction(text, fraction):
    assert percent(text) == fraction


def inProcess(code, **environment):
    """Python code in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=os.environ | environment
    )


def test_help_imports_neither_torch_nor_numpy():
    heavy = "('torch', 'numpy', 'scipy', 'SimpleITK', 'pydicom', 'slicer', 'rich')"
    code = (
        "import sys; from dlenhance.commandLine import makeParser; makeParser().format_help()\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    assert inProcess(code).stdout.strip() == "[]"


def test_messages_of_libraries_stay_off_the_terminal_and_ours_arrive():
    code = (
        "import os, sys; from dlenhance.commandLine import quietLibraries\n"
        "with quietLibraries():\n    os.write(2, b'chatter of ITK\\n'); sys.stderr.write('our line\\n')\n"
        "os.write(2, b'afterwards\\n')"
    )
    assert inProcess(code).stderr == "our line\nafterwards\n"
    assert "chatter" in inProcess(code, DLENHANCE_DEBUG="1").stderr


def test_a_test_that_captures_stderr_is_left_alone(capsys):
    with quietLibraries():
        sys.stderr.write("seen")
    assert capsys.readouterr().err == "seen"


def test_a_reader_that_stops_early_is_no_error(folder):
    command = f"{sys.executable} -m dlenhance.commandLine"
    done = subprocess.run(f"{command} --help | head -c 1", shell=True, capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_measure_draws_the_figure_it_is_asked_for(folder):
    assert main([*MEASURE.split(), "--out", "t.csv", "--figure", "f.png"]) == 0
    assert (folder / "f.png").read_bytes().startswith(b"\x89PNG")


def test_a_machine_without_slicer_core_is_told_before_any_work(folder):
    """An import hook stands for the missing package."""
    arguments = [*MEASURE.split(), "--out", "t.csv", "--figure", "f.png"]
    before = listed(folder)
    done = inProcess(
        f"import sys; sys.modules['slicer'] = None\nfrom dlenhance.commandLine import main; sys.exit(main({arguments}))"
    )
    assert done.returncode == 2
    assert "slicer-core" in done.stderr
    assert done.stderr.count("\n") == 1
    assert listed(folder) == before
