"""The simulated study runs the whole chain: the effect put in comes out, and the exports have their formats."""

import csv
import json
import math

import numpy as np
import pytest

from DLEnhanceLesionMetricsLib.study import exports
from DLEnhanceLesionMetricsLib.study.detectionComparisons import (
    falseMarkComparisons,
    figureComparisons,
    sensitivityComparisons,
    specificityComparisons,
)
from DLEnhanceLesionMetricsLib.study.errors import DamagedLog, StudyProblem
from DLEnhanceLesionMetricsLib.study.manifest import readManifest
from DLEnhanceLesionMetricsLib.study.scoreComparisons import agreementRows, scoreComparisons
from DLEnhanceLesionMetricsLib.study.simulatedReaders import ReaderModel, SimulatedReader, simulatedCases
from DLEnhanceLesionMetricsLib.study.simulatedStudy import Cohort, simulateStudy
from DLEnhanceLesionMetricsLib.study.studyData import studyData
from DLEnhanceLesionMetricsLib.study.valueComparisons import readingTimes, sizeAgreements, valueComparisons


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    model = ReaderModel(visibility=0.3, detectionEffect=1.4, scoreEffect=0.8)
    return simulateStudy(tmp_path_factory.mktemp("study") / "s", Cohort(cases=60, readers=2, model=model), seed=5)


@pytest.fixture(scope="module")
def data(folder):
    return studyData(folder)


@pytest.fixture(scope="module")
def tables(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("tables")
    exports.writeTables(data, out)
    return out


def rowsOf(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_simulated_study_says_that_it_is_simulated(folder):
    manifest = readManifest(folder)
    assert "SIMULATED" in manifest.title
    assert "seed 5" in manifest.simulated
    assert "detectionEffect 1.4" in manifest.simulated


def test_chain_is_complete_and_undamaged(data):
    assert data.state.findings == ()
    assert len(data.images) == 60 * 2 * 2
    assert len(data.hits) == 2 * 2 * len(data.lesions)


def test_put_in_detection_effect_is_recovered(data):
    overall = sensitivityComparisons(data)[0]
    condition = overall.model.term("condition")
    # A marginal effect is smaller than the 1.4 put in for one patient: 1 / sqrt(1 + 0.346 * variance), Zeger 1988.
    marginal = 1.4 / math.sqrt(1 + 0.346 * (0.6**2 + 0.8**2 + 0.2**2))
    assert condition.low < marginal < condition.high
    assert condition.p < 0.05
    assert overall.bootstrap.low > 0
    assert overall.units == len(data.lesions)


def test_sensitivity_is_given_for_both_size_classes_and_each_reader(data):
    rows = [(row.stratum, row.reader) for row in sensitivityComparisons(data)]
    assert {stratum for stratum, _ in rows} == {"all sizes", "<5 mm", ">=5 mm"}
    assert [reader for stratum, reader in rows if stratum == "<5 mm"] == ["all readers", "sim1", "sim2"]


def test_sensitivity_before_the_model_is_hits_over_lesions(data):
    overall = sensitivityComparisons(data)[0]
    hits = [row.isHit for row in data.hits if row.condition == "standard"]
    assert overall.raw[0] == pytest.approx(np.mean(hits))
    assert overall.marginals[0].mean == pytest.approx(overall.raw[0], abs=0.03)


def test_put_in_score_effect_is_recovered_and_artifacts_do_not_move(data):
    scores = {(row.item.id, row.reader): row for row in scoreComparisons(data)}
    quality = scores["overall_image_quality", "mean of readers"]
    assert quality.test.p < 0.001
    assert quality.bestShares[1] > quality.bestShares[0]
    assert sum(quality.counts[0]) == 60 * 2
    assert scores["artifacts", "mean of readers"].test.p > 0.01


def test_put_in_gain_of_snr_is_recovered_with_its_noise_method(data):
    snr = next(row for row in valueComparisons(data) if row.metric == "snr")
    assert snr.method == "tissue_sd"
    assert snr.gain[0] == pytest.approx(50, abs=1)
    assert snr.patients == 30


def test_single_readers_get_mcnemar_for_shares_and_wilcoxon_for_counts(data):
    shares, counts = sensitivityComparisons(data)[1], falseMarkComparisons(data)[1]
    assert shares.paired.both + shares.paired.gained + shares.paired.lost + shares.paired.neither == shares.units
    assert counts.paired is None
    assert counts.wilcoxon.pairs == 60


def test_specificity_and_false_marks_use_the_right_cases(data):
    specificity, falseMarks = specificityComparisons(data)[0], falseMarkComparisons(data)[0]
    assert specificity.patients == 30
    assert falseMarks.patients == 60
    free = [row for row in data.images if row.lesions == 0 and row.condition == "standard"]
    assert specificity.raw[0] == pytest.approx(np.mean([not row.falseMarks for row in free]))


def test_figures_of_merit_generalise_to_cases_and_to_readers(data):
    kinds = [(row.figure, row.generalizesTo) for row in figureComparisons(data)]
    assert kinds == [(f, g) for f in ("wAFROC", "JAFROC") for g in ("cases", "readers and cases")]
    assert all(0.5 < value < 1 for row in figureComparisons(data) for value in (*row.standard, *row.enhanced))


def test_diameters_agree_as_well_as_the_model_says(data):
    row = next(row for row in sizeAgreements(data) if row.what == "enhanced minus standard")
    assert row.result.sd == pytest.approx(0.6 * math.sqrt(2), rel=0.35)


def test_agreement_covers_every_pair_of_readers_and_the_diameters(data):
    items = {row.item for row in agreementRows(data)}
    assert {"Overall image quality", "Noise", "Artifacts", "Longest diameter"} == items


def test_reading_time_is_compared_for_each_reader(data):
    assert [row.method for row in readingTimes(data)] == ["sim1", "sim2"]


def test_subset_leaves_out_the_same_cases_everywhere(data):
    subset = data.subset(lambda case: case.covariate("prior_dl") == "no")
    assert 0 < len(subset.cases) < 60
    assert {row.case for part in (subset.scores, subset.hits, subset.images) for row in part} <= set(subset.cases)


def test_nothing_is_found_where_nothing_was_put_in(tmp_path):
    model = ReaderModel().withoutEffect()
    cohort = Cohort(cases=60, model=model, withImages=False)
    data = studyData(simulateStudy(tmp_path / "null", cohort, seed=2))
    condition = sensitivityComparisons(data)[0].model.term("condition")
    assert condition.low < 0 < condition.high
    assert next(row for row in scoreComparisons(data)).test.p > 0.05


def test_simulation_repeats_with_its_seed():
    model = ReaderModel()
    cohorts = [simulatedCases(5, model, np.random.default_rng(3)) for _ in range(2)]
    assert cohorts[0] == cohorts[1]
    reader = SimulatedReader(model, np.random.default_rng(3))
    assert reader.score(cohorts[0][0], True) in range(1, 6)


def test_damaged_log_is_not_analysed_without_a_reason(tmp_path):
    folder = simulateStudy(tmp_path / "s", Cohort(cases=4, withImages=False))
    log = next((folder / "answers").glob("sim1*"))
    log.write_text(log.read_text().replace('"value":4', '"value":5', 1))
    with pytest.raises(DamagedLog, match="changed after it was written"):
        studyData(folder)
    assert "accepted: typo" in studyData(folder, acceptDamage="typo").notes[0]


def test_case_without_a_reference_is_named(tmp_path):
    folder = simulateStudy(tmp_path / "s", Cohort(cases=4, withImages=False))
    log = next((folder / "reference").glob("*.jsonl"))
    log.write_text("".join(line for line in log.read_text().splitlines(keepends=True) if "case004" not in line))
    with pytest.raises(StudyProblem, match=r"says nothing about 1 case\(s\): case004"):
        studyData(folder, acceptDamage="lines of a case were taken out for this test")


def test_wrong_measurements_are_named(tmp_path):
    folder = simulateStudy(tmp_path / "s", Cohort(cases=4, withImages=False))
    (folder / "measurements.csv").write_text("case,lesion,condition,metric,value\nnobody,L1,standard,snr,1\n")
    with pytest.raises(StudyProblem, match="line 2: case 'nobody'"):
        studyData(folder)


def test_scores_table_has_one_row_for_each_answer(data, tables):
    rows = rowsOf(tables / "scores.csv")
    assert len(rows) == len(data.scores)
    assert set(rows[0]) == {"reader", "case", "condition", "item", "score", "lesion", "wording"}


def test_missed_lesions_are_rows_with_empty_confidence(tables):
    rows = rowsOf(tables / "detections.csv")
    assert {row["hit"] for row in rows} == {"0", "1"}
    assert all((row["confidence"] == "") == (row["hit"] == "0") for row in rows)


def test_exports_hold_no_ids_of_cases_patients_or_paths(tables):
    for path in tables.iterdir():
        text = path.read_text(encoding="utf-8")
        assert "case0" not in text, path.name
        assert "patient0" not in text, path.name
        assert ".nii" not in text, path.name


def test_comments_are_exported_only_on_request(data, tmp_path):
    exports.writeTables(data, tmp_path, withComments=True)
    assert "comment" in rowsOf(tmp_path / "readings.csv")[0]


def test_manifest_export_carries_wording_seed_and_formulas_but_no_title(tables):
    fields = json.loads((tables / "manifest.json").read_text())
    assert fields["seed"] == 5
    assert fields["items"][0]["anchors"][0] == "non-diagnostic"
    assert "wAFROC" in fields["formulas"]
    assert "title" not in fields


def test_rjafroc_file_has_the_three_sheets_and_columns_of_the_format(data, tmp_path):
    import openpyxl

    workbook = openpyxl.load_workbook(exports.writeRjafroc(data, tmp_path / "froc.xlsx"))
    assert workbook.sheetnames == ["TP", "FP", "TRUTH"]
    true, false, truth = ([list(row) for row in sheet.iter_rows(values_only=True)] for sheet in workbook)
    assert true[0] == ["ReaderID", "ModalityID", "CaseID", "LesionID", "TP_Rating"]
    assert false[0] == ["ReaderID", "ModalityID", "CaseID", "FP_Rating"]
    assert truth[0] == ["CaseID", "LesionID", "Weight", "ReaderID", "ModalityID", "Paradigm"]
    assert [row[5] for row in truth[1:4]] == ["FROC", "FCTRL", None]
    assert len(true) - 1 == sum(row.isHit for row in data.hits)
    assert len(false) - 1 == sum(len(row.falseMarks) for row in data.images)
    weights = {}
    for case, lesion, weight, *_ in truth[1:]:
        weights[case] = weights.get(case, 0) + weight
        assert (lesion == 0) == (weight == 0)
    assert {round(total, 9) for total in weights.values()} == {0, 1}


def test_rjafroc_rows_are_sorted_because_it_names_readers_by_their_first_row(data, tmp_path):
    import openpyxl

    workbook = openpyxl.load_workbook(exports.writeRjafroc(data, tmp_path / "froc.xlsx"))
    for name in ("TP", "FP"):
        rows = list(workbook[name].iter_rows(min_row=2, values_only=True))
        assert rows == sorted(rows)
        assert rows[0][:2] == ("0", "0")


def test_imrmc_file_has_its_header_truth_and_one_rating_a_reading(data, tmp_path):
    lines = exports.writeImrmc(data, tmp_path / "study.imrmc").read_text().splitlines()
    assert lines[1:6] == ["N0: 30", "N1: 30", "NR: 2", "NM: 2", "BEGIN DATA:"]
    rows = [line.split(",") for line in lines[6:]]
    assert all(len(row) == 4 for row in rows)
    truth = [row for row in rows if row[0] == "-1"]
    assert len(truth) == 60
    assert {row[2] for row in truth} == {"truth"}
    assert len(rows) - len(truth) == 60 * 2 * 2
    assert {row[2] for row in rows if row[0] != "-1"} == {"1", "2"}
