"""The demo: one small case from the simulator's kind of data to the summary page."""

import csv
import html.parser
import re

import numpy as np
import pytest

from dlenhance import demoCommand
from dlenhance.commandLine import main
from dlenhance.demoCases import DemoCase, Truth, dataFolder, demoCases, dicomCase, drawnLesionCase
from DLEnhanceLesionMetricsLib.regions import LESION, REFERENCE, labelRegion
from DLEnhanceLib.reading import readVolume
from DLEnhanceLib.torchBackend import makeBackend
from DLEnhanceLib.version import LABEL
from DLEnhanceLib.volume import Volume

GRID = np.diag([-1.0, -1.0, 1.0, 1.0])
SHAPE = (24, 48, 40)


def smallCase():
    """A ball of tissue with lesions of 3 and 6 mm, noise added; the truth is known."""
    k, j, i = np.indices(SHAPE)

    def ball(center, radius):
        return (k - center[0]) ** 2 + (j - center[1]) ** 2 + (i - center[2]) ** 2 <= radius**2

    labels = np.zeros(SHAPE, np.uint8)
    labels[ball((12, 16, 14), 1.5)], labels[ball((12, 16, 26), 3)], labels[ball((12, 32, 20), 4)] = 1, 2, 9
    tissue = ball((12, 24, 20), 18)
    truth = (1000 * tissue + 400 * np.isin(labels, (1, 2))).astype(np.int16)
    noise = np.random.default_rng(1).normal(0, 60, (2, *SHAPE))
    noisy = np.hypot(truth + noise[0], noise[1]).astype(np.int16)
    volume, labelVolume = Volume(noisy, GRID, "small"), Volume(labels, GRID)
    regions = [labelRegion(f"lesion {label}", LESION, labelVolume, label) for label in (1, 2)]
    regions.append(labelRegion("white matter", REFERENCE, labelVolume, 9))
    lesions = labelVolume.withVoxels(np.where(labels == 9, 0, labels))
    known = Truth(volume.withVoxels(truth), lesions, {1: 3.0, 2: 6.0}, tissue)
    return DemoCase("small", "Small <case>", "Made by the test.", volume, regions, ("tissue_sd",), truth=known)


@pytest.fixture(scope="module")
def demoFolder(tmp_path_factory):
    """What the demo writes for one case, and its result."""
    folder = tmp_path_factory.mktemp("demo")
    result = demoCommand.caseResult(smallCase, makeBackend("fast", "cpu"), folder, lambda fraction, text: None)
    demoCommand.writeSummary([result], folder)
    return folder, result


def test_each_case_has_its_volumes_table_report_and_figure(demoFolder):
    folder, _ = demoFolder
    wanted = {"standard.nii.gz", "enhanced.nii.gz", "truth.nii.gz", "lesions.nii.gz", "measurements.csv", "report.json"}
    assert {path.name for path in (folder / "small").iterdir()} == wanted | {"side-by-side.png"}
    assert readVolume(folder / "small" / "enhanced.nii.gz").isOnGridOf(readVolume(folder / "small" / "standard.nii.gz"))


def test_the_table_of_all_cases_holds_both_conditions(demoFolder):
    with (demoFolder[0] / "measurements.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["condition"] for row in rows} == {"standard", "enhanced"}
    assert {row["case"] for row in rows} == {"small"}


def test_error_to_the_truth_is_that_of_the_noise(demoFolder):
    standard = demoFolder[1].truth.standardError
    assert standard.rmsePercent == pytest.approx(6.0, rel=0.1)
    assert [kept.lesions for kept in demoFolder[1].truth.enhancedKept] == [1, 1]


class Balanced(html.parser.HTMLParser):
    """Checks that every element is closed and collects what would be fetched."""

    def __init__(self):
        super().__init__()
        self.open, self.fetched = [], []

    def handle_starttag(self, tag, attrs):
        self.fetched += [value for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_no_other_file(demoFolder):
    text = (demoFolder[0] / "summary.html").read_text()
    page = Balanced()
    page.feed(text)
    assert page.open == []
    assert page.fetched
    assert all(source.startswith("data:image/png;base64,") for source in page.fetched)
    assert not re.search(r"https?://|@import|url\(", text)


def test_the_page_tells_label_model_formula_and_truth(demoFolder):
    folder, result = demoFolder
    text = (folder / "summary.html").read_text()
    shown = (LABEL, result.enhancement.backend["sha256"], "CNR = (S_L - S_R) / SD_R", "Small &lt;case&gt;")
    for expected in (*shown, f"{result.truth.enhancedError.psnr:.2f}"):
        assert expected in text


def test_without_real_data_only_the_simulated_case_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("DLENHANCE_DATA", str(tmp_path))
    assert [title for title, _ in demoCases()] == ["simulated head"]


@pytest.mark.parametrize(
    ("make", "folder"), [(drawnLesionCase, "postcontrast_t1_axial_brain1"), (dicomCase, "dicom_t1c_vs_seg_001")]
)
def test_regions_of_the_real_cases_lie_on_what_they_name(realData, monkeypatch, make, folder):
    monkeypatch.setenv("DLENHANCE_DATA", str(realData))
    case = make(dataFolder() / folder)
    mean = {region.role: region.maskOn(case.volume).values(case.volume.voxels).mean() for region in case.regions}
    assert mean["lesion"] > 1.2 * mean["reference"] > 5 * mean["air"]


def test_a_folder_that_is_no_earlier_demo_is_refused(tmp_path, capsys):
    (tmp_path / "thesis.txt").write_text("x")
    assert main(["demo", "--out", str(tmp_path)]) == 2
    assert "not empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
