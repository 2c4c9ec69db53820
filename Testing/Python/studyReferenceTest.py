"""The reference standard, the size of lesions, the matching of marks and its adjudication."""

import numpy as np
import pytest
from studySteps import studyFolder

from DLEnhanceLesionMetricsLib.study import adjudication
from DLEnhanceLesionMetricsLib.study.errors import NotAllowed, StudyProblem
from DLEnhanceLesionMetricsLib.study.lesionMasks import LesionMasks, lesionOfMask
from DLEnhanceLesionMetricsLib.study.manifest import MatchingRules
from DLEnhanceLesionMetricsLib.study.matching import matchMarks
from DLEnhanceLesionMetricsLib.study.readings import Mark, Reading
from DLEnhanceLesionMetricsLib.study.reference import Lesion, ReferenceSession, enterTable, readReference
from DLEnhanceLib.volume import Volume
from DLEnhanceLib.writing import writeVolume


def lesion(name, ras, diameter, **fields):
    return Lesion(name, "c0", ras, diameter, "consensus", **fields)


def marks(*places):
    return [Mark(str(number), place, 3) for number, place in enumerate(places, start=1)]


def verdicts(places, lesions, **options):
    return [(m.verdict, m.lesionId) for m in matchMarks(marks(*places), lesions, **options)]


def test_reference_is_entered_corrected_and_withdrawn_without_losing_a_line(tmp_path):
    folder = studyFolder(tmp_path)
    with ReferenceSession(folder, "ref") as session:
        session.enter(lesion("L1", (1, 2, 3), 4.0))
        session.enter(lesion("L2", (9, 2, 3), 8.0))
        session.enter(lesion("L1", (1, 2, 3), 6.0))
        session.withdraw("c0", "L2", reason="a vessel on follow-up")
        session.confirmLesionFree("c1", evidence="follow-up of 6 months")
    standard = readReference(folder)
    assert [(found.id, found.longestDiameterMm, found.author) for found in standard.of("c0")] == [("L1", 6.0, "ref")]
    assert standard.of("c1") == ()
    assert standard.missing(["c0", "c1", "c2"]) == ["c2"]
    assert len(standard.logs.entries) == 6


def test_readers_cannot_enter_the_reference(tmp_path):
    with pytest.raises(NotAllowed, match="no reference role"):
        ReferenceSession(studyFolder(tmp_path), "r1")


def test_table_of_lesions_is_entered_whole_or_not_at_all(tmp_path):
    folder = studyFolder(tmp_path)
    head = "case_id,lesion_id,r,a,s,longest_diameter_mm,evidence\n"
    with ReferenceSession(folder, "ref") as session:
        with pytest.raises(StudyProblem) as problem:
            enterTable(session, head + "c0,L1,1,2,3,x,follow-up\nc9,L1,1,2,3,4,follow-up\nc0,L2,1,2,3,4,\n")
        assert "3 problem(s)" in str(problem.value)
        assert readReference(folder).lesions == {}
        assert enterTable(session, head + "c0,L1,1,2,3,4.5,follow-up\nc1,,,,,,no lesion in 6 months\n") == 2
    assert readReference(folder).of("c0")[0].sizeClass(5) == "<5 mm"
    assert readReference(folder).of("c1") == ()


def test_size_class_has_the_limit_in_the_larger_class():
    assert lesion("L", (0, 0, 0), 4.99).sizeClass(5) == "<5 mm"
    assert lesion("L", (0, 0, 0), 5.0).sizeClass(5) == ">=5 mm"


def test_lesion_is_placed_and_measured_from_its_mask(tmp_path):
    k, j, i = np.indices((20, 30, 30))
    inside = (i - 14) ** 2 + (j - 12) ** 2 + (k - 9) ** 2 <= 5**2
    matrix = np.diag([-1.0, -1.0, 1.0, 1.0])
    writeVolume(Volume((3 * inside).astype(np.uint8), matrix), tmp_path / "m.nii.gz")
    found = lesionOfMask(tmp_path, "c0", "L1", mask="m.nii.gz", label=3, evidence="consensus")
    assert found.ras == pytest.approx((-14, -12, 9))
    assert found.longestDiameterMm == pytest.approx(10, abs=1)
    assert found.volumeMm3 == inside.sum()
    with pytest.raises(StudyProblem, match="no voxel of label 7"):
        lesionOfMask(tmp_path, "c0", "L1", mask="m.nii.gz", label=7, evidence="consensus")


def test_mark_within_five_millimetres_of_a_small_lesion_finds_it():
    small = lesion("L1", (0, 0, 0), 2.0)
    assert verdicts([(0, 0, 4.9)], [small]) == [("LL", "L1")]
    assert verdicts([(0, 0, 5.1)], [small]) == [("NL", "")]


def test_reach_grows_with_the_radius_of_large_lesions():
    large = lesion("L1", (0, 0, 0), 20.0)
    assert verdicts([(12.9, 0, 0)], [large]) == [("LL", "L1")]
    assert verdicts([(13.1, 0, 0)], [large]) == [("NL", "")]


def test_second_mark_on_a_lesion_is_surplus_and_no_false_mark():
    found = verdicts([(3, 0, 0), (1, 0, 0), (40, 0, 0)], [lesion("L1", (0, 0, 0), 6.0)])
    assert found == [("surplus", "L1"), ("LL", "L1"), ("NL", "")]


def test_assignment_is_globally_nearest_and_finds_most_lesions():
    two = [lesion("L1", (0, 0, 0), 2.0), lesion("L2", (6, 0, 0), 2.0)]
    # The first mark is nearer to L2, but only it reaches L1.
    assert verdicts([(4.9, 0, 0), (10.9, 0, 0)], two) == [("LL", "L1"), ("LL", "L2")]


def test_mark_inside_a_mask_counts_however_far_the_center_is():
    banana = lesion("L1", (0, 0, 0), 10.0, mask="m.nii", label=2)
    place = (30.0, 0, 0)
    assert verdicts([place], [banana]) == [("NL", "")]
    assert verdicts([place], [banana], isInMask=lambda found, ras: ras == place) == [("LL", "L1")]


def test_mask_of_a_lesion_is_read_in_patient_coordinates(tmp_path):
    voxels = np.zeros((4, 5, 6), np.uint8)
    voxels[1, 2, 3] = 2
    matrix = np.diag([-2.0, -2.0, 3.0, 1.0])
    matrix[:3, 3] = (10, 20, 30)
    writeVolume(Volume(voxels, matrix), tmp_path / "m.nii.gz")
    masks = LesionMasks(tmp_path)
    found = lesion("L1", (0, 0, 0), 3.0, mask="m.nii.gz", label=2)
    assert masks.isInside(found, (10 - 6, 20 - 4, 33))
    assert not masks.isInside(found, (10 - 8, 20 - 4, 33))
    assert not masks.isInside(found, (500, 0, 0))


def test_doubtful_matches_are_listed_with_their_reason():
    two = [lesion("L1", (0, 0, 0), 2.0), lesion("L2", (6, 0, 0), 2.0)]
    between, edge, clear = matchMarks(marks((3, 0, 0), (0, 5.5, 0), (0, 40, 0)), two)
    assert between.doubt == "within reach of lesions L1, L2"
    assert "the limit is 5.0 mm" in edge.doubt
    assert clear.doubt == ""


def test_two_marks_equally_near_are_doubtful():
    pair = matchMarks(marks((2, 0, 0), (0, 2.2, 0)), [lesion("L1", (0, 0, 0), 2.0)])
    assert {m.verdict for m in pair} == {"LL", "surplus"}
    assert "another mark lies as near" in pair[1].doubt


def test_rules_are_configurable():
    strict = MatchingRules(minimumMm=1.0, marginMm=0.0)
    assert verdicts([(0, 0, 2)], [lesion("L1", (0, 0, 0), 2.0)], rules=strict) == [("NL", "")]


def test_images_without_marks_or_lesions_match_nothing():
    assert matchMarks([], [lesion("L1", (0, 0, 0), 2.0)]) == ()
    assert verdicts([(0, 0, 0)], []) == [("NL", "")]


def test_adjudication_list_hides_the_condition_and_its_decisions_come_back(tmp_path):
    reading = Reading("independent/c0/enhanced#1@m1.2", "r1", "m1", "independent", "c0", "enhanced", 1)
    two = [lesion("L1", (0, 0, 0), 2.0), lesion("L2", (6, 0, 0), 2.0)]
    matched = matchMarks(marks((3, 0, 0), (6, 1, 0)), two)
    path = adjudication.writeAdjudication(tmp_path, [(reading, matched[0])])
    text = path.read_text()
    assert "enhanced" not in text
    assert "r1" not in text
    path.write_text(text.replace("LL,L1,,", "LL,L1,NL,chair"))
    decisions = adjudication.readDecisions(tmp_path)
    assert [m.verdict for m in adjudication.decided(reading, matched, decisions)] == ["NL", "LL"]
    adjudication.writeAdjudication(tmp_path, [(reading, matched[0])])
    assert "NL,chair" in path.read_text()


def test_lesion_decided_to_one_mark_is_taken_from_the_other():
    reading = Reading("x#1@m1.2", "r1", "m1", "independent", "c0", "enhanced", 1)
    matched = matchMarks(marks((1, 0, 0), (2, 0, 0)), [lesion("L1", (0, 0, 0), 2.0)])
    decisions = {adjudication.markCode(reading, "2"): ("LL", "L1")}
    assert [m.verdict for m in adjudication.decided(reading, matched, decisions)] == ["surplus", "LL"]


def test_unknown_decision_is_named(tmp_path):
    (tmp_path / "adjudication.csv").write_text(",".join(adjudication.COLUMNS) + "\nabc,c0,0,0,0,x,LL,L1,maybe,chair\n")
    with pytest.raises(StudyProblem, match="rows abc"):
        adjudication.readDecisions(tmp_path)
