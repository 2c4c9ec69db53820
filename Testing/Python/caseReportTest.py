"""The report of one case: complete, true to the rows, in one file that needs no network."""

import base64
import dataclasses
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from DLEnhanceLesionMetricsLib import caseReport, measuredCase, measurement, provenance
from DLEnhanceLesionMetricsLib.edgeRows import EdgeLine, measureLines
from DLEnhanceLesionMetricsLib.measurementDocument import caseDocument, writeDocument
from DLEnhanceLesionMetricsLib.measures import NOISE_METHODS
from DLEnhanceLesionMetricsLib.metricDefinitions import DEFINITIONS
from DLEnhanceLesionMetricsLib.regions import Region, sphere
from DLEnhanceLesionMetricsLib.slicePictures import slicePictures
from DLEnhanceLib.errors import CannotWrite
from DLEnhanceLib.version import LABEL
from DLEnhanceLib.volume import Volume

GRID = np.array([[1, 0, 0, -30], [0, 1, 0, -30], [0, 0, 1, -15], [0, 0, 0, 1.0]])
LESION = Region("Metastasis <1>", "lesion", sphere((12, 4, 0), 9))
SMALL = Region("L2", "lesion", sphere((-12, 12, 2), 3))
REFERENCE = Region("NAWM", "reference", sphere((-12, -8, 0), 10))
METHODS = Path(__file__).resolve().parents[2] / "Docs" / "methods.md"


def head(noise, seed=0):
    voxels = np.random.default_rng(seed).normal(400, noise, (30, 60, 60)).astype(np.float32)
    for region in (LESION, SMALL):
        mask = region.maskOn(Volume(voxels, GRID))
        voxels[mask.slices][mask.inside] += 300
    return Volume(voxels, GRID, name="T1 post")


@pytest.fixture(scope="module")
def measured():
    standard = head(20.0)
    enhanced = standard.withVoxels(standard.voxels + np.float32(5), name="T1 enhanced")
    regions = (LESION, SMALL, REFERENCE)
    rows = measurement.measurePair(standard, enhanced, regions, noiseMethods=("tissue_sd", "pooled_sd"), case="p07")
    rows += measureLines(standard, enhanced, [EdgeLine("E1", (12, 4, 0), (26, 4, 0))], case="p07")
    facts = [
        *provenance.volumeFacts("standard image", standard),
        *provenance.enhancementFacts(ENHANCE_REPORT),
        *provenance.softwareFacts(),
    ]
    return measuredCase.MeasuredCase(
        "p07", standard, enhanced, regions, rows, measuredCase.lesionSizes(standard, regions), facts
    )


ENHANCE_REPORT = {
    "software": "DLEnhance 0.1.0",
    "model": {"modelId": "DLEnhance-full-1234", "profile": "full", "sha256": "ab" * 32},
    "strengths": {"denoise": 0.75, "dering": 0.25, "sharpen": 0.5},
    "guard": {"passed": True},
}


class Page(HTMLParser):
    """Texts, tags and addresses of a page."""

    def __init__(self, text):
        super().__init__()
        self.texts, self.tags, self.addresses = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href", "data", "action", "srcset")]

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture(scope="module")
def page(measured):
    return Page(caseReport.caseReportHtml(measured))


def pictures(page):
    content = [address.split(",", 1)[1] for address in page.addresses if address.startswith("data:image/png")]
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(text)))) for text in content]


def test_the_page_needs_no_network_and_runs_nothing(page, measured):
    assert all(address.startswith("data:image/") for address in page.addresses)
    assert not {"script", "link", "iframe", "object", "base"} & set(page.tags)
    assert not re.search(r"url\(|@import", caseReport.caseReportHtml(measured))


def test_every_value_stands_in_the_page_with_method_and_label(page, measured):
    for row in measured.changes():
        assert f"{row.standard:.4g}" in page.texts
        assert row.method in (*page.texts, "none")
    assert LABEL in page.texts
    for warning in {row.warning for row in measured.rows if row.warning}:
        assert warning in page.texts


def test_components_of_every_region_and_image_are_listed(page, measured):
    for row in measured.rows:
        if row.lesionStatistics is not None:
            assert f"{row.lesionStatistics.mean:.4g}" in page.texts
            assert f"{row.referenceStatistics.sd:.4g}" in page.texts
    assert page.texts.count("NAWM") == 2


def test_pictures_are_slices_of_both_images_and_the_residual_and_every_lesion(page):
    found = pictures(page)
    assert len(found) == 3 + 3 * 2
    assert [picture.shape for picture in found[:3]] == [(560, 560, 3)] * 3


def test_provenance_names_model_hash_strengths_and_input(page):
    text = "\n".join(page.texts)
    assert "DLEnhance-full-1234" in text
    assert "ab" * 32 in text
    assert "denoise 75 %, dering 25 %, sharpen 50 %" in text
    assert "T1 post: 60 x 60 x 30 voxels of 1 x 1 x 1 mm, float32" in text


def test_names_cannot_break_the_page(page, measured):
    assert "Metastasis <1>" in page.texts
    assert "<1>" not in caseReport.caseReportHtml(measured)


def test_formulas_are_those_of_the_methods_document(page):
    document = METHODS.read_text(encoding="utf-8")
    for method in ("tissue_sd", "pooled_sd"):
        assert NOISE_METHODS[method].formula in page.texts
        assert NOISE_METHODS[method].formula in document
    for metric in ("cr", "contrast_ratio", "percent_contrast", "ers"):
        assert DEFINITIONS[metric].formula in page.texts
        assert DEFINITIONS[metric].formula in document


def test_every_metric_that_is_measured_has_a_definition(measured):
    assert {row.metric for row in measured.rows} <= set(DEFINITIONS)


def test_one_image_alone_gives_a_report_too(measured):
    rows = [row for row in measured.rows if row.condition == "standard"]
    alone = dataclasses.replace(measured, enhanced=None, rows=rows)
    found = Page(caseReport.caseReportHtml(alone))
    assert "in one image" in " ".join(found.texts)
    assert len(pictures(found)) == 1 + 2 * 2
    assert not any("svg" in address for address in found.addresses)


def test_the_file_is_whole_or_not_there(measured, tmp_path):
    path = caseReport.writeCaseReport(measured, tmp_path / "report.html")
    assert path.read_text(encoding="utf-8").endswith("</html>\n")
    with pytest.raises(CannotWrite):
        caseReport.writeCaseReport(measured, tmp_path / "none" / "report.html")
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]


def test_the_slice_goes_through_the_largest_lesion_with_the_patients_right_on_the_left(measured):
    found = slicePictures(measured.standard, None, (LESION, REFERENCE), window=(300.0, 800.0))
    assert "Axial slice at S 0.0 mm" in found.caption
    gray = found.pictures[0].picture.mean(axis=2)
    perMm = 560 / 60
    x, y = round(280 - 12 * perMm), round(280 - 4 * perMm)  # R 12 mm is left of the middle, A 4 mm above it
    assert gray[y - 9 : y + 9, x - 9 : x + 9].mean() > 1.8 * gray[y - 9 : y + 9, 560 - x - 9 : 560 - x + 9].mean()


def test_the_residual_is_red_where_something_was_taken_away(measured):
    changed = measured.standard.voxels.copy()
    changed[:, :, :30] -= 60.0
    changed[:, :, 30:] += 60.0
    enhanced = measured.standard.withVoxels(changed)
    residual = slicePictures(measured.standard, enhanced, (LESION,), noise=20.0).pictures[2].picture.astype(int)
    patientsLeft, patientsRight = residual[280, 500], residual[280, 60]
    assert patientsLeft[0] > patientsLeft[2] + 100
    assert patientsRight[2] > patientsRight[0] + 100


def test_an_enhanced_image_on_another_grid_is_shown_in_place_without_a_residual(measured):
    finer = np.repeat(np.repeat(np.repeat(measured.standard.voxels, 2, 0), 2, 1), 2, 2)
    grid = measured.standard.ijkToRAS @ np.diag([0.5, 0.5, 0.5, 1.0])
    grid[:3, 3] -= 0.25
    found = slicePictures(measured.standard, Volume(finer, grid), (LESION, REFERENCE), window=(300.0, 800.0))
    assert [one.title for one in found.pictures] == ["Standard", "Enhanced"]
    assert "another grid" in found.caption
    standard, enhanced = (one.picture.mean(axis=2) for one in found.pictures)
    assert np.corrcoef(standard.ravel(), enhanced.ravel())[0, 1] > 0.9


def test_the_json_document_holds_rows_sizes_places_formulas_and_summary(measured, tmp_path):
    path = writeDocument([caseDocument(measured)], measured.rows, tmp_path / "run.json")
    content = json.loads(path.read_text(encoding="utf-8"))
    (case,) = content["cases"]
    assert len(case["rows"]) == len(measured.rows)
    assert case["sizes"]["L2"]["sizeClass"] == "<5 mm"
    assert case["regions"][0]["centerRAS"] == [12.0, 4.0, 0.0]
    assert case["provenance"]["model, SHA-256"] == "ab" * 32
    assert content["noiseMethods"]["tissue_sd"]["formula"] == NOISE_METHODS["tissue_sd"].formula
    assert {row["metric"] for row in content["summary"]} >= {"snr", "cnr", "cr"}
