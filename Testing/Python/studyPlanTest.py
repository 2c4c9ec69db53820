"""What the plan of a study adds to its statistics, each against a value that another program or a hand computed."""

import csv
import dataclasses
import json
import math

import numpy as np
import pytest
from studySteps import answerAll, openSession, studyFolder

from DLEnhanceLesionMetricsLib.study import exports
from DLEnhanceLesionMetricsLib.study.analysis import analyse
from DLEnhanceLesionMetricsLib.study.analysisPlan import AnalysisPlan
from DLEnhanceLesionMetricsLib.study.clusteredModels import fitGee, marginalMean
from DLEnhanceLesionMetricsLib.study.detectionComparisons import falseMarkComparisons
from DLEnhanceLesionMetricsLib.study.errors import StudyProblem
from DLEnhanceLesionMetricsLib.study.htmlReport import writeReport
from DLEnhanceLesionMetricsLib.study.manifest import newManifest, readManifest, writeManifest
from DLEnhanceLesionMetricsLib.study.nonInferiority import marginTest
from DLEnhanceLesionMetricsLib.study.ordinalModels import fitOrdinal
from DLEnhanceLesionMetricsLib.study.preferences import preferenceComparisons, preferenceRows
from DLEnhanceLesionMetricsLib.study.progress import studyState
from DLEnhanceLesionMetricsLib.study.resampling import adjusted
from DLEnhanceLesionMetricsLib.study.resultTables import resultTables
from DLEnhanceLesionMetricsLib.study.scales import CATALOGUE, OVERALL
from DLEnhanceLesionMetricsLib.study.simulatedReaders import ReaderModel
from DLEnhanceLesionMetricsLib.study.simulatedStudy import Cohort, simulateStudy
from DLEnhanceLesionMetricsLib.study.studyData import studyData

PREFERRED = {"r1": (1, 2, 0, 1, -1, 2), "r2": (1, 1, 0, 0, -1, 1)}  # cases c0 to c5, positive: enhanced
COUNTS_STANDARD = [0, 3, 0, 7, 1, 0, 2, 0, 9, 0, 1, 4]
COUNTS_ENHANCED = [1, 5, 0, 11, 0, 0, 6, 1, 12, 0, 3, 2]
ORDINAL_STANDARD = "324352344133245324334235143234432534234314352"
ORDINAL_ENHANCED = "434353445234255414435335234335443524344425353"


@pytest.fixture(scope="module")
def preferred(tmp_path_factory):
    """Six cases read side by side by two readers; the sides are drawn by the study, the answers follow them."""
    decisions = {"modes": ("side-by-side",), "detection": False, "items": (CATALOGUE["preference"],)}
    folder = studyFolder(tmp_path_factory.mktemp("preference") / "s", cases=6, **decisions)
    for reader, wanted in PREFERRED.items():
        with openSession(folder, reader, mode="side-by-side") as session:
            while session.openNext():
                value = wanted[int(session.current.caseId[1])]
                session.score("preference", value if session.current.left == "standard" else -value)
                session.submit()
    return studyData(folder)


def interleaved(standard, enhanced):
    """Outcome, condition and patient of pairs."""
    n = len(standard)
    return np.ravel(np.column_stack([standard, enhanced])), np.tile([0, 1], n), np.repeat(np.arange(n), 2)


def test_readers_who_share_a_machine_lose_no_reading(preferred):
    """Both read the same cases with equally many answers, so that the ids of their readings can be equal."""
    assert len(preferred.readings) == 12
    assert len({reading.place for reading in preferred.readings}) == 12
    assert len({reading.id for reading in preferred.readings}) < 12


def test_preference_is_counted_for_the_image_and_not_for_its_side(preferred):
    rows = {(row.reader, row.case): row for row in preferenceRows(preferred)}
    assert {row.left for row in rows.values()} == {"standard", "enhanced"}
    for reader, wanted in PREFERRED.items():
        assert [rows[reader, f"c{n}"].preference for n in range(6)] == list(wanted)


def test_pooled_preference_equals_the_signed_ranks_made_by_hand(preferred):
    """Case means 1, 1.5, 0, 0.5, -1, 1.5: ranks 2.5, 4.5, -, 1, 2.5, 4.5; W- = 2.5; 4 of 32 patterns are as small."""
    pooled = preferenceComparisons(preferred)[0]
    assert (pooled.reader, pooled.answers, pooled.cases, pooled.patients) == ("mean of readers", 12, 6, 6)
    assert pooled.shares == pytest.approx((7 / 12, 3 / 12, 2 / 12))
    assert pooled.net.value == pytest.approx(5 / 12)
    assert (pooled.test.statistic, pooled.test.zeros, pooled.test.p) == (2.5, 1, 0.25)
    assert pooled.test.effectSize == pytest.approx(10 / 15)
    assert "dropped" in pooled.test.zeroHandling


def test_preference_of_each_reader_is_tested_alone(preferred):
    """r1: 1, 2, 1, -1, 2 without the zero; W- = 2; the empty pattern and three single ranks of 2 are as small."""
    first = preferenceComparisons(preferred)[1]
    assert (first.reader, first.test.statistic, first.test.p) == ("r1", 2.0, 0.25)
    assert first.shares == pytest.approx((4 / 6, 1 / 6, 1 / 6))
    assert first.mean == pytest.approx(5 / 6)


def test_cases_of_one_patient_enter_the_preference_test_once(preferred):
    """c0 and c1 become 1.25: ranks 0.5 1, -1 2, 1.25 3, 1.5 4; W- = 2; 3 of 16 patterns are as small."""
    cases = preferred.cases | {"c1": dataclasses.replace(preferred.cases["c1"], patientId="p0")}
    pooled = preferenceComparisons(dataclasses.replace(preferred, cases=cases))[0]
    assert (pooled.cases, pooled.patients, pooled.test.statistic, pooled.test.p) == (6, 5, 2.0, 0.375)


def test_habit_of_a_side_is_shown(preferred):
    lefts = [
        (row.preference < 0) == (row.left == "standard") for row in preferenceRows(preferred) if row.preference != 0
    ]
    assert preferenceComparisons(preferred)[0].leftShare == pytest.approx(np.mean(lefts))


def test_preference_is_exported_unblinded_with_what_was_answered(preferred, tmp_path):
    exports.writeTables(preferred, tmp_path)
    with (tmp_path / "preferences.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 12
    for row in rows:
        wanted = PREFERRED[row["reader"]][int(row["case"]) - 1]
        assert int(row["preference"]) == wanted
        assert row["prefers"] == {1: "enhanced", 0: "none", -1: "standard"}[int(np.sign(wanted))]
        assert int(row["answered"]) == (wanted if row["left"] == "standard" else -wanted)


def test_report_of_a_side_by_side_study_has_the_preference_and_its_family(preferred, tmp_path):
    analysis = analyse(preferred)
    page = writeReport(analysis, tmp_path).read_text(encoding="utf-8")
    assert "Side-by-side preference" in page
    assert "The study is not complete" not in page
    table = next(table for table in resultTables(analysis) if table.id == "preference")
    assert table.rows[0][4:7] == ("58 %", "25 %", "17 %")
    assert analysis.family("preference").corrected("Preference") == 0.25


def test_bonferroni_multiplies_by_the_size_of_the_family():
    """R: p.adjust(c(.01, .04, .03), "bonferroni"); the test that could not be made does not count."""
    tests = {"a": 0.01, "b": 0.04, "c": 0.03, "d": math.nan}
    found = {member.name: member.corrected for member in adjusted(tests, method="bonferroni")}
    assert [found[name] for name in "abc"] == pytest.approx([0.03, 0.12, 0.09])
    assert math.isnan(found["d"])


def test_two_one_sided_tests_match_r():
    """R 4.2.2: t.test(b, a, paired = TRUE, mu = -0.25, alternative = "greater"), and mu = 0.25 with "less"."""
    standard = [3.5, 4, 3, 4.5, 3, 2.5, 4, 3.5, 3, 4]
    enhanced = [4, 4, 3.5, 4, 3, 3, 4.5, 3.5, 3.5, 4]
    result = marginTest(standard, enhanced, margin=0.25)
    assert (result.p, result.equivalenceP) == pytest.approx((0.00139897718, 0.330890165), abs=1e-9)
    assert (result.low, result.high) == pytest.approx((-0.00265825987, 0.40265825987), abs=1e-9)
    assert marginTest(enhanced, standard, margin=0.25).p == pytest.approx(0.330890165)


def test_margin_test_without_variation_says_why():
    assert "every difference is 1" in marginTest([1, 2, 3], [2, 3, 4], margin=0.5).failure
    assert "fewer than three" in marginTest([1, 2], [2, 2], margin=0.5).failure


def test_negative_binomial_matches_r():
    """R 4.2.2, MASS glm.nb with the sandwich by patient; the Poisson dispersion from residuals of type "pearson"."""
    outcome, condition, patient = interleaved(COUNTS_STANDARD, COUNTS_ENHANCED)
    options = {"correlation": "independence", "standardErrors": "robust"}
    result = fitGee(outcome, {"condition": condition}, patient, family="negative-binomial", **options)
    assert result.family == "negative-binomial"
    assert result.dispersion == pytest.approx(4.69820153, abs=1e-7)
    assert result.alpha == pytest.approx(1.70198386, abs=1e-4)
    term = result.term("condition")
    assert (term.estimate, term.standardError) == pytest.approx((0.417735201, 0.144274834), abs=1e-5)
    assert marginalMean(result, [[0]]).mean == pytest.approx(np.mean(COUNTS_STANDARD), rel=1e-5)


def test_counts_that_vary_less_than_poisson_stay_poisson_and_say_so():
    outcome, condition, patient = interleaved([1, 0, 1, 1, 0, 1] * 3, [1, 1, 2, 1, 0, 1] * 3)
    result = fitGee(outcome, {"condition": condition}, patient, family="negative-binomial")
    assert (result.family, result.alpha) == ("poisson", 0.0)
    assert result.dispersion < 1
    assert "Poisson instead" in result.notes[0]


def ordinalByHand(scores, condition, patients):
    """Newton's method for the stacked indicators score > k, and their sandwich by patient."""
    levels = np.unique(scores)[:-1]
    y = np.concatenate([scores > level for level in levels]).astype(float)
    design = np.kron(np.eye(len(levels)), np.ones((len(scores), 1)))
    design = np.column_stack([design, np.tile(condition, len(levels))])
    beta = np.zeros(design.shape[1])
    for _ in range(50):
        mean = 1 / (1 + np.exp(-design @ beta))
        bread = np.linalg.inv(design.T @ (design * (mean * (1 - mean))[:, None]))
        beta = beta + bread @ design.T @ (y - mean)
    steps = design * (y - mean)[:, None]
    sums = np.array([steps[np.tile(patients, len(levels)) == p].sum(axis=0) for p in np.unique(patients)])
    return beta, np.sqrt(np.diag(bread @ sums.T @ sums @ bread))


def ordinalFixture():
    return interleaved([int(c) for c in ORDINAL_STANDARD], [int(c) for c in ORDINAL_ENHANCED])


def test_ordinal_model_matches_the_stacked_sandwich_and_geepack():
    """R's geepack 1.3.9: geeglm of the stacked indicators, independence; the error of the condition is 0.18391975."""
    scores, condition, patients = ordinalFixture()
    result = fitOrdinal(scores, {"condition": condition}, patients)
    estimates, errors = ordinalByHand(scores, condition, patients)
    assert result.estimates == pytest.approx(estimates, abs=1e-5)
    assert [c.standardError for c in result.coefficients] == pytest.approx(errors, abs=1e-5)
    assert result.estimates == pytest.approx(
        [2.736314538, 1.030460028, -0.544037444, -2.068806522, 0.809930838], abs=1e-4
    )
    assert result.term("condition").standardError == pytest.approx(0.183919750, abs=1e-5)


def test_ordinal_model_without_an_answer_says_why():
    scores, condition, patients = ordinalFixture()
    assert "every score is the same" in fitOrdinal([4] * 90, {"condition": condition}, patients).failure
    assert "only 2 clusters" in fitOrdinal(scores, {"condition": condition}, patients % 2).failure
    separated = fitOrdinal(np.where(condition, 5, 3), {"condition": condition}, patients)
    assert separated.failure
    assert separated.term("condition") is None


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """Twelve cases, two readers, all with a plan; the enhanced image is better in some."""
    plan = AnalysisPlan(multiplicity="bonferroni", nonInferiorityMargin=0.5, ordinalModel=True)
    decisions = {"preset": "custom", "detection": False, "washoutDays": 0, "analysis": plan}
    folder = studyFolder(tmp_path_factory.mktemp("planned") / "s", cases=12, **decisions)
    for reader in ("r1", "r2"):
        with openSession(folder, reader) as session:
            while session.openNext():
                case, isEnhanced = int(session.current.caseId[1:]), session.current.condition == "enhanced"
                severity = reader == "r2" and case % 5 == 0
                answerAll(session, score=2 + case % 3 + severity + (isEnhanced and case % 4 == 0))
    return folder


def test_plan_comes_back_from_its_file_and_old_studies_have_the_default(planned, tmp_path):
    assert readManifest(planned).analysis.nonInferiorityMargin == 0.5
    fields = json.loads((planned / "study.json").read_text())
    del fields["analysis"]
    (tmp_path / "study.json").write_text(json.dumps(fields))
    assert readManifest(tmp_path).analysis == AnalysisPlan()


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        (AnalysisPlan(multiplicity="none"), "no correction 'none'"),
        (AnalysisPlan(nonInferiorityMargin=-1), "positive number"),
        (AnalysisPlan(falseMarks="zip"), "no model 'zip'"),
    ],
)
def test_impossible_plan_is_named(plan, sentence):
    with pytest.raises(StudyProblem, match=sentence):
        newManifest("x", ["r1"], analysis=plan)


def test_plan_changed_after_the_first_reading_is_named(planned, tmp_path):
    assert [f.id for f in studyState(planned).findings] == []
    manifest = readManifest(planned)
    changed = dataclasses.replace(manifest, analysis=dataclasses.replace(manifest.analysis, nonInferiorityMargin=1.0))
    writeManifest(changed, planned)
    assert [f.id for f in studyState(planned).findings] == ["plan-changed"]
    writeManifest(manifest, planned)


def test_report_shows_what_the_plan_asks_for(planned, tmp_path):
    analysis = analyse(studyData(planned))
    tables = {table.id: table for table in resultTables(analysis)}
    assert "p (Bonferroni)" in tables["scores"].columns
    margin = tables["non_inferiority"]
    assert margin.rows[0][:3] == (OVERALL.title, "mean of readers", "12 (12)")
    assert margin.rows[0][-1] == "yes"
    assert analysis.margins[0].test.difference == pytest.approx(3 / 12)
    assert "converged" in tables["ordinal"].rows[0][-1]
    assert analysis.ordinal[0].condition.estimate > 0


def test_report_without_a_plan_has_no_tables_of_it(planned):
    data = studyData(planned)
    bare = dataclasses.replace(data.state.manifest, analysis=AnalysisPlan())
    data = dataclasses.replace(data, state=dataclasses.replace(data.state, manifest=bare))
    assert {"non_inferiority", "ordinal", "preference"}.isdisjoint(t.id for t in resultTables(analyse(data)))
    assert "ordinal" in {t.id for t in resultTables(analyse(data, ordinal=True))}


def test_overdispersed_false_marks_get_the_model_of_the_plan(tmp_path):
    model = ReaderModel(falseRate=0.6, falsePatientSd=1.6)
    data = studyData(simulateStudy(tmp_path / "s", Cohort(cases=50, model=model, withImages=False), seed=3))
    poisson = falseMarkComparisons(data)[0].model
    assert (poisson.family, poisson.dispersion > 1.2) == ("poisson", True)
    manifest = dataclasses.replace(data.state.manifest, analysis=AnalysisPlan(falseMarks="negative-binomial"))
    data = dataclasses.replace(data, state=dataclasses.replace(data.state, manifest=manifest))
    planned = falseMarkComparisons(data)[0]
    assert planned.model.family == "negative-binomial"
    assert planned.model.alpha > 0
    assert planned.marginals[0].mean == pytest.approx(planned.raw[0], rel=0.2)
    note = next(table.note for table in resultTables(analyse(data)) if table.id == "detection")
    assert "negative-binomial GEE, alpha" in note
    assert falseMarkComparisons(data)[1].wilcoxon.pairs == 50
