"""Statistics against the fixtures of the domain brief, published examples, and R where the libraries differ."""

import math

import numpy as np
import pytest

from DLEnhanceLesionMetricsLib.study import clusteredModels, freeResponse
from DLEnhanceLesionMetricsLib.study.agreement import blandAltman, gwetAc1, intraclassCorrelation, weightedKappa
from DLEnhanceLesionMetricsLib.study.freeResponse import CaseRatings, compareReaders, figureOfMerit, frocCurve
from DLEnhanceLesionMetricsLib.study.pairedTests import byCluster, hodgesLehmann, mcNemar, wilcoxonTest
from DLEnhanceLesionMetricsLib.study.resampling import adjusted, ratioDifference

STANDARD = [3, 3, 4, 2, 3, 4, 3, 2, 4, 3]
ENHANCED = [4, 4, 4, 4, 5, 4, 4, 3, 5, 5]
LESIONS = ["01 11 11", "00", "11 11", "01 01 11 11", "11", "10 11", "11 01", "01 00 11", "11", "01 11 11"]
FALSE_MARKS = ["0/1", "1/1", "0/0", "2/1", "0/0", "1/2", "0/0", "0/1", "1/0", "0/0"]
UNMARKED = freeResponse.UNMARKED
FROC_CASES = [
    CaseRatings("n1", ()),
    CaseRatings("n2", (), (2,)),
    CaseRatings("n3", ()),
    CaseRatings("n4", (), (4,)),
    CaseRatings("a1", (5, 3)),
    CaseRatings("a2", (UNMARKED,)),
    CaseRatings("a3", (4, UNMARKED, 2)),
]


def hits():
    """Rows of (patient, condition, hit) of the brief's GEE fixture."""
    return np.array(
        [
            (patient, condition, int(lesion[condition]))
            for patient, lesions in enumerate(LESIONS)
            for lesion in lesions.split()
            for condition in (0, 1)
        ]
    )


def fitHits(correlation, standardErrors="robust"):
    rows = hits()
    return clusteredModels.fitGee(
        rows[:, 2], {"condition": rows[:, 1]}, rows[:, 0], correlation=correlation, standardErrors=standardErrors
    )


def test_wilcoxon_exact_drops_two_zeros():
    result = wilcoxonTest(STANDARD, ENHANCED)
    assert (result.statistic, result.zeros, result.method) == (0, 2, "exact")
    assert result.p == pytest.approx(0.0078125, abs=1e-9)
    assert "dropped (Wilcoxon)" in result.zeroHandling
    assert result.effectSize == 1.0


def test_wilcoxon_normal_approximation_without_continuity_correction():
    assert wilcoxonTest(STANDARD, ENHANCED, method="normal").p == pytest.approx(0.009375, abs=5e-7)


def test_wilcoxon_with_zeros_after_pratt():
    result = wilcoxonTest(STANDARD, ENHANCED, zeros="pratt", method="normal")
    assert result.p == pytest.approx(0.006714, abs=5e-7)
    assert "Pratt" in result.zeroHandling


@pytest.mark.parametrize("zeros", ["wilcox", "pratt"])
def test_exact_wilcoxon_with_ties_equals_all_sign_patterns_of_scipy(zeros):
    from scipy import stats

    differences = np.array([1, -1, 2, 2, 0, 3, 1, -2, 4, 0.5])
    everything = stats.PermutationMethod(n_resamples=np.inf)
    expected = stats.wilcoxon(differences, zero_method=zeros, method=everything)
    result = wilcoxonTest(np.zeros(10), differences, zeros=zeros)
    assert (result.statistic, result.p) == pytest.approx((expected.statistic, expected.pvalue), abs=1e-12)


def test_wilcoxon_effect_changes_sign_with_the_direction():
    assert wilcoxonTest(ENHANCED, STANDARD).effectSize == -1.0
    assert wilcoxonTest(ENHANCED, STANDARD).shift == -wilcoxonTest(STANDARD, ENHANCED).shift


def test_identical_scores_are_no_difference_and_no_error():
    result = wilcoxonTest([3, 3, 4], [3, 3, 4])
    assert (result.p, result.zeros, result.effectSize, result.shift) == (1.0, 3, 0.0, 0.0)


def test_missing_values_leave_their_pair_out():
    assert wilcoxonTest([*STANDARD, math.nan], [*ENHANCED, 3]).pairs == 10


def test_hodges_lehmann_interval_of_the_depression_data():
    """Hollander and Wolfe, example 3.1; R: wilcox.test(x, y, paired = TRUE, conf.int = TRUE)."""
    x = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]
    y = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]
    assert hodgesLehmann(np.subtract(x, y)) == pytest.approx((0.46, 0.010, 0.786), abs=1e-9)
    assert wilcoxonTest(y, x).p == pytest.approx(0.0390625)


def test_hodges_lehmann_interval_of_larger_samples_matches_r():
    """R 4.2.2: wilcox.test(d, conf.int = TRUE, exact = TRUE)."""
    d = [-3.11, 0.42, 1.23, 2.27, 5.19, -0.33, 0.95, 1.74, 2.96, 3.37, 4.18, -1.45, 0.11, 2.63]
    d += [1.98, 0.72, -0.81, 3.84, 1.16, 2.49, 0.29, 4.65, -2.24, 1.57, 2.06, 0.61, 3.03, 1.36]
    assert hodgesLehmann(np.array(d)) == pytest.approx((1.51, 0.730, 2.275), abs=1e-9)


def test_mcnemar_example_of_fagerland():
    """Airway hyper-responsiveness before and after stem cell transplantation (Bentur 2009): 1 against 7."""
    result = mcNemar([0] * 7 + [1] + [1] * 3, [1] * 7 + [0] + [1] * 3)
    assert (result.gained, result.lost, result.both) == (7, 1, 3)
    assert result.exactP == pytest.approx(0.0703125)
    assert result.midP == pytest.approx(0.0390625)


def test_mcnemar_with_an_even_split_is_one():
    assert mcNemar([1, 1, 0, 0], [0, 0, 1, 1]).exactP == 1.0
    assert mcNemar([1], [1]).midP == 1.0


def test_patient_median_gives_one_value_a_patient():
    assert byCluster([1, 2, 9, 4], ["a", "a", "a", "b"]) == {"a": 2.0, "b": 4.0}


def test_logistic_gee_with_independence_matches_the_fixture():
    result = fitHits("independence")
    intercept, condition = result.coefficients
    assert (intercept.estimate, intercept.standardError) == pytest.approx((0.559616, 0.336928), abs=5e-7)
    assert (condition.estimate, condition.standardError) == pytest.approx((1.286211, 0.626688), abs=5e-7)
    assert condition.ratio[0] == pytest.approx(3.6190, abs=5e-5)
    assert condition.p == pytest.approx(0.040131, abs=5e-7)
    assert (result.clusters, result.observations) == (10, 44)


def test_logistic_gee_with_exchangeable_correlation_matches_the_fixture():
    result = fitHits("exchangeable")
    condition = result.term("condition")
    assert (condition.estimate, condition.standardError) == pytest.approx((1.287434, 0.627078), abs=5e-7)
    assert condition.p == pytest.approx(0.040066, abs=5e-7)
    assert result.correlation == pytest.approx(-0.01966, abs=5e-6)


def test_poisson_gee_matches_the_fixture():
    counts = [int(value) for pair in FALSE_MARKS for value in pair.split("/")]
    result = clusteredModels.fitGee(
        counts,
        {"condition": [0, 1] * 10},
        np.repeat(np.arange(10), 2),
        family="poisson",
        correlation="independence",
        standardErrors="robust",
    )
    condition = result.term("condition")
    assert (condition.estimate, condition.standardError) == pytest.approx((0.182322, 0.410961), abs=5e-7)
    assert condition.p == pytest.approx(0.657298, abs=5e-7)


def test_few_clusters_get_a_larger_corrected_standard_error():
    corrected = fitHits("exchangeable", standardErrors="auto")
    assert corrected.standardErrors == "bias-reduced"
    assert corrected.degreesOfFreedom == 8
    assert corrected.term("condition").standardError > 0.627078
    assert corrected.term("condition").p > 0.0401


def test_marginal_sensitivity_is_the_observed_share_with_an_interval():
    fit = fitHits("independence")
    standard = clusteredModels.marginalMean(fit, [[0]])
    enhanced = clusteredModels.marginalMean(fit, [[1]])
    assert standard.mean == pytest.approx(14 / 22)
    assert enhanced.mean == pytest.approx(19 / 22)
    assert standard.low < 14 / 22 < standard.high


def test_model_without_an_estimate_says_why():
    clusters = np.arange(20)
    assert "everywhere" in clusteredModels.fitGee(np.ones(20), {"x": clusters}, clusters).failure
    assert "does not vary" in clusteredModels.fitGee(clusters % 2, {"x": np.ones(20)}, clusters).failure
    separated = clusteredModels.fitGee(clusters >= 10, {"x": clusters >= 10}, clusters)
    assert separated.failure
    assert math.isnan(clusteredModels.marginalMean(separated, [[0]]).mean)
    assert "no observation" in clusteredModels.fitGee([], {"x": []}, []).failure


def test_figures_of_merit_match_the_fixture():
    assert figureOfMerit(FROC_CASES).value == pytest.approx(0.56944, abs=5e-6)
    assert figureOfMerit(FROC_CASES, name="JAFROC").value == pytest.approx(0.62500, abs=5e-6)


@pytest.mark.parametrize("name", freeResponse.FIGURES)
def test_jackknife_is_the_figure_without_each_case(name):
    result = figureOfMerit(FROC_CASES, name=name)
    by = dict(zip(result.caseIds, result.jackknife, strict=True))
    for left in FROC_CASES:
        rest = [case for case in FROC_CASES if case is not left]
        assert by[left.caseId] == pytest.approx(figureOfMerit(rest, name=name).value)


def test_figure_needs_normal_and_abnormal_cases():
    assert math.isnan(figureOfMerit(FROC_CASES[:4]).value)
    assert compareReaders([figureOfMerit(FROC_CASES[:4])], [figureOfMerit(FROC_CASES[:4])]) == ()


def test_equal_readings_are_no_difference():
    fom = figureOfMerit(FROC_CASES)
    (found,) = compareReaders([fom], [fom])
    assert (found.difference, found.p, found.generalizesTo) == (0.0, 1.0, "cases")


def test_froc_curve_climbs_to_all_marks():
    x, y = frocCurve(FROC_CASES)
    assert (x[0], y[0]) == (0, 0)
    assert (x[-1], y[-1]) == pytest.approx((2 / 7, 4 / 6))
    assert np.all(np.diff(x) >= 0)
    assert np.all(np.diff(y) >= 0)


def test_intraclass_correlation_of_shrout_and_fleiss():
    values = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    assert intraclassCorrelation(values).value == pytest.approx(0.29, abs=0.005)


def test_bland_altman_of_the_peak_flow_meters():
    """Bland and Altman 1986: mean difference -2.1 l/min, SD 38.8."""
    wright = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
    mini = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]
    result = blandAltman(mini, wright)
    assert (result.bias, result.sd) == pytest.approx((-2.1, 38.8), abs=0.05)
    assert result.biasInterval == pytest.approx((-22.0, 17.8), abs=0.1)
    assert (result.lower, result.upper) == pytest.approx((-78.1, 73.9), abs=0.1)


def test_quadratic_kappa_agrees_with_scikit_learn():
    from sklearn.metrics import cohen_kappa_score

    result = weightedKappa(STANDARD, ENHANCED, range(1, 6))
    expected = cohen_kappa_score(STANDARD, ENHANCED, weights="quadratic", labels=[1, 2, 3, 4, 5])
    assert result.value == pytest.approx(expected)
    assert result.low < result.value < result.high


def test_kappa_without_variation_is_not_a_number_where_ac1_is_one():
    assert math.isnan(weightedKappa([5] * 9, [5] * 9, range(1, 6)).value)
    assert gwetAc1([5] * 9, [5] * 9, range(1, 6)).value == pytest.approx(1.0)


def test_ac1_of_gwets_paradox_table_stays_high():
    """118 + 2 agreements of 125, prevalence near 1: AC1 = (p - q) / (1 - q) with q from the mean margins."""
    first = [1] * 118 + [1] * 5 + [2] * 2 + [2] * 0
    second = [1] * 118 + [2] * 5 + [1] * 2
    margin = (123 + 120) / 250
    chance = 2 * margin * (1 - margin)
    expected = (118 / 125 - chance) / (1 - chance)
    assert gwetAc1(first, second, (1, 2)).value == pytest.approx(expected)
    assert weightedKappa(first, second, (1, 2)).value < 0


def test_bootstrap_resamples_patients_and_repeats_with_its_seed():
    rows = hits()
    sums = np.array([[rows[(rows[:, 0] == p) & (rows[:, 1] == c), 2].sum() for c in (0, 1)] for p in range(10)])
    totals = np.array([[len(lesions.split())] * 2 for lesions in LESIONS])
    result = ratioDifference(sums, totals, seed=3)
    assert result.value == pytest.approx(5 / 22)
    assert -0.1 < result.low < 5 / 22 < result.high < 0.6
    assert ratioDifference(sums, totals, seed=3) == result


def test_holm_corrects_within_the_family_and_leaves_failed_tests_out():
    family = {member.name: member.corrected for member in adjusted({"a": 0.01, "b": 0.04, "c": 0.03, "d": math.nan})}
    assert (family["a"], family["b"], family["c"]) == pytest.approx((0.03, 0.06, 0.06))
    assert math.isnan(family["d"])
