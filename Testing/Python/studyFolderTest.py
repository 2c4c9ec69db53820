"""Manifest and case list: what a coordinator writes, and what is said when it is wrong."""

import dataclasses
import json

import pytest
from studySteps import studyFolder

from DLEnhanceLesionMetricsLib.study.caseList import casesDigest, readCases
from DLEnhanceLesionMetricsLib.study.errors import StudyProblem
from DLEnhanceLesionMetricsLib.study.manifest import Person, newManifest, readManifest, writeManifest
from DLEnhanceLesionMetricsLib.study.scales import CATALOGUE, PRESETS, ScoreItem, presetNamed


def test_manifest_comes_back_from_its_file_as_it_was_written(tmp_path):
    manifest = newManifest("Metastases", [Person("r1", institution="A"), Person("r2")], preset="park2025", seed=11)
    writeManifest(manifest, tmp_path)
    assert readManifest(tmp_path) == manifest


def test_manifest_file_holds_the_wording_that_readers_see(tmp_path):
    writeManifest(newManifest("Metastases", ["r1"], preset="Oh 2025"), tmp_path)
    fields = json.loads((tmp_path / "study.json").read_text())
    assert [item["id"] for item in fields["items"]] == [
        "overall_image_quality",
        "noise",
        "artifacts",
        "lesion_conspicuity",
    ]
    assert fields["items"][0]["anchors"][4] == "excellent"
    assert fields["scalesVersion"] == "1"


def test_park_preset_scores_the_seven_items_of_the_paper():
    items = [item.id for item in presetNamed("Park 2025").items]
    assert len(items) == 7
    assert {"motion_artifact", "pulsation_artifact", "truncation_artifact"} <= set(items)


def test_every_item_of_every_preset_is_in_the_catalogue_and_five_is_best():
    for preset in PRESETS.values():
        assert all(item.best == 5 for item in preset.items)
    assert list(CATALOGUE["preference"].scores) == [-2, -1, 0, 1, 2]


def test_scales_of_three_and_four_points_are_allowed():
    assert ScoreItem("x", "X", ("bad", "fair", "good")).best == 3
    with pytest.raises(StudyProblem, match="at least two"):
        ScoreItem("x", "X", ("good",))


@pytest.mark.parametrize(
    ("readers", "sentence"),
    [(["r1", "r1"], "Two people have the id 'r1'"), (["R1", "r1"], "Two people"), (["Dr. Smith"], "may only hold")],
)
def test_ids_of_readers_must_be_distinct_codes(readers, sentence):
    with pytest.raises(StudyProblem, match=sentence):
        newManifest("x", readers)


def test_a_short_washout_is_allowed_but_warned_of():
    assert newManifest("x", ["r1"]).warnings() == []
    assert "under 14" in newManifest("x", ["r1"], washoutDays=7).warnings()[0]


def test_all_findings_of_a_manifest_are_named_at_once():
    bad = dataclasses.replace(newManifest("x", ["r1"]), people=(Person("r1", ("boss",)),), modes=("both",))
    assert len(bad.problems()) == 3  # unknown role, no reader, unknown mode


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "not a DLEnhance study"),
        ('{"format": "dlenhance-study", "formatVersion": 99}', "format version 99"),
        ('{"format": "dlenhance-study", "formatVersion": 1, "colour": 1}', "unknown fields: colour"),
    ],
)
def test_broken_manifest_is_named(tmp_path, text, sentence):
    (tmp_path / "study.json").write_text(text)
    with pytest.raises(StudyProblem, match=sentence):
        readManifest(tmp_path)


def test_missing_study_says_how_to_make_one(tmp_path):
    with pytest.raises(StudyProblem, match="dlenhance study new"):
        readManifest(tmp_path)


def test_case_list_is_read_with_patients_and_covariates(tmp_path):
    cases = readCases(studyFolder(tmp_path))
    assert [case.id for case in cases] == ["c0", "c1", "c2", "c3"]
    assert cases[1].patientId == "p1"
    assert cases[1].covariate("institution") == "B"
    assert cases[1].path("enhanced", tmp_path) == tmp_path / "1b.nii"


def test_spreadsheet_with_semicolons_and_byte_order_mark_is_read(tmp_path):
    (tmp_path / "cases.csv").write_bytes("\ufeffcase_id;standard;enhanced\nä1;a;b\n".encode())
    case = readCases(tmp_path, checkPaths=False)[0]
    assert (case.id, case.patientId, case.covariate("prior_dl")) == ("ä1", "ä1", "unknown")


def test_all_faults_of_a_case_list_are_named_with_their_lines(tmp_path):
    (tmp_path / "a.nii").touch()
    lines = ["case_id,standard,enhanced,prior_dl", "c1,a.nii,a.nii,no", "c1,a.nii,b.nii,no", "c2,a.nii,,maybe"]
    (tmp_path / "cases.csv").write_text("\n".join(lines))
    with pytest.raises(StudyProblem) as problem:
        readCases(tmp_path)
    for sentence in ("same image", "'c1' stands already in line 2", "enhanced is empty", "prior_dl is 'maybe'"):
        assert sentence in str(problem.value)


def test_wrong_paths_are_named_unless_only_statistics_are_wanted(tmp_path):
    folder = studyFolder(tmp_path)
    (folder / "2b.nii").unlink()
    with pytest.raises(StudyProblem, match=r"c2: the enhanced image '2b.nii' does not exist"):
        readCases(folder)
    assert len(readCases(folder, checkPaths=False)) == 4


def test_missing_columns_are_named(tmp_path):
    (tmp_path / "cases.csv").write_text("case,standard\n1,a\n")
    with pytest.raises(StudyProblem, match="case_id, enhanced are missing"):
        readCases(tmp_path)


def test_digest_of_a_case_list_ignores_order_but_not_images(tmp_path):
    cases = readCases(studyFolder(tmp_path))
    assert casesDigest(cases) == casesDigest(cases[::-1])
    assert casesDigest(cases) != casesDigest([dataclasses.replace(cases[0], standard="x"), *cases[1:]])
