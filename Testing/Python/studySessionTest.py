"""The reading session: order, blinding, completeness, lock, washout, time."""

import pytest
from studySteps import TurnableClock, answerAll, openSession, readPeriod, studyFolder

from DLEnhanceLesionMetricsLib.study.errors import NotAllowed, StudyProblem
from DLEnhanceLesionMetricsLib.study.manifest import MarkRules, Person
from DLEnhanceLesionMetricsLib.study.mergedLogs import readLogs
from DLEnhanceLesionMetricsLib.study.progress import studyState
from DLEnhanceLesionMetricsLib.study.readingOrder import standardFirst, tasksFor
from DLEnhanceLesionMetricsLib.study.readings import ReadingBook

GOLDEN = [(c[:2], c[2]) for c in ["c1e", "c3s", "c0e", "c2s", "c1s", "c3e", "c0s", "c2e"]]
CASES = [f"c{number}" for number in range(40)]


@pytest.fixture
def clock():
    return TurnableClock()


@pytest.fixture
def folder(tmp_path):
    return studyFolder(tmp_path)


def test_each_reader_reads_each_case_once_in_each_condition():
    tasks = tasksFor("r1", CASES, seed=3, mode="independent")
    assert sorted((t.caseId, t.condition) for t in tasks) == sorted(
        (case, condition) for case in CASES for condition in ("standard", "enhanced")
    )
    assert [task.period for task in tasks] == [1] * 40 + [2] * 40


def test_half_of_the_cases_is_seen_standard_first():
    firsts = [task.condition for task in tasksFor("r1", CASES, seed=3, mode="independent")[:40]]
    assert firsts.count("standard") == 20
    assert {len(standardFirst(f"r{n}", CASES[:5], 3)) for n in range(20)} == {2, 3}


def test_order_depends_on_reader_and_seed_and_on_nothing_else():
    def order(reader, seed, cases=CASES):
        return [(t.caseId, t.condition) for t in tasksFor(reader, cases, seed=seed, mode="independent")]

    assert order("r1", 3) == order("r1", 3, CASES[::-1])
    assert order("r1", 3) != order("r2", 3)
    assert order("r1", 3) != order("r1", 4)


def test_stored_seed_gives_the_same_order_in_every_release():
    tasks = tasksFor("r1", CASES[:4], seed=7, mode="independent")
    assert [(t.caseId, t.condition[0]) for t in tasks] == GOLDEN


def test_second_order_is_not_the_first_one_again():
    tasks = tasksFor("r1", CASES, seed=3, mode="independent")
    assert [t.caseId for t in tasks[:40]] != [t.caseId for t in tasks[40:]]


def test_sides_are_balanced_in_side_by_side_reading():
    tasks = tasksFor("r1", CASES, seed=3, mode="side-by-side")
    assert len(tasks) == 40
    assert [task.left for task in tasks].count("standard") == 20


def test_label_of_a_task_tells_neither_case_nor_condition():
    for task in tasksFor("r1", CASES, seed=3, mode="independent"):
        assert task.label == f"Reading {task.number} of 80"


def test_nothing_is_preselected_and_everything_missing_is_named(folder, clock):
    with openSession(folder, clock=clock) as session:
        assert session.openNext()
        assert session.current.scores == ()
        assert session.current.noLesion is None
        assert session.missing() == [
            "Overall image quality has no score.",
            "Noise has no score.",
            "Artifacts has no score.",
            "Place a mark, or answer 'no lesion'.",
        ]
        with pytest.raises(NotAllowed, match="Not complete"):
            session.submit()


def test_marks_need_confidence_and_conspicuity(folder, clock):
    with openSession(folder, clock=clock) as session:
        session.openNext()
        for item in ("overall_image_quality", "noise", "artifacts"):
            session.score(item, 5)
        mark = session.placeMark((1, 2, 3))
        assert session.missing() == ["Mark 1 has no confidence.", "Mark 1 has no lesion conspicuity."]
        session.changeMark(mark, confidence=3, diameterMm=4.5)
        session.score("lesion_conspicuity", 2, markId=mark)
        reading = session.submit()
    assert reading.marks[0].confidence == 3
    assert reading.marks[0].diameterMm == 4.5
    assert reading.marks[0].score("lesion_conspicuity") == 2


def test_diameter_can_be_made_compulsory(tmp_path, clock):
    folder = studyFolder(tmp_path, marks=MarkRules(diameterRequired=True))
    with openSession(folder, clock=clock) as session:
        session.openNext()
        session.placeMark((1, 2, 3), confidence=5)
        assert "Mark 1 has no diameter." in session.missing()


def test_no_lesion_and_marks_exclude_each_other(folder, clock):
    with openSession(folder, clock=clock) as session:
        session.openNext()
        session.answerNoLesion()
        with pytest.raises(NotAllowed, match="No lesion"):
            session.placeMark((0, 0, 0))
        session.answerNoLesion(False)
        mark = session.placeMark((0, 0, 0))
        with pytest.raises(NotAllowed, match="remove them"):
            session.answerNoLesion()
        session.removeMark(mark)
        session.answerNoLesion()
        assert session.current.noLesion is True


@pytest.mark.parametrize(("item", "value"), [("noise", 0), ("noise", 6), ("colour", 3), ("lesion_conspicuity", 3)])
def test_scores_off_the_scale_are_refused(folder, clock, item, value):
    with openSession(folder, clock=clock) as session:
        session.openNext()
        with pytest.raises(NotAllowed):
            session.score(item, value)


def test_mark_without_finite_coordinates_is_refused(folder, clock):
    with openSession(folder, clock=clock) as session:
        session.openNext()
        with pytest.raises(NotAllowed, match="finite"):
            session.placeMark((0, float("nan"), 0))
        assert session.current.marks == ()


def test_suspected_false_structure_needs_a_word(folder, clock):
    with openSession(folder, clock=clock) as session:
        session.openNext()
        session.suspectFalseStructure(True, ras=(1, 2, 3))
        assert "Say in the comment" in session.missing()[-1]
        session.comment("vessel that is not there")
        assert "Say in the comment" not in " ".join(session.missing())
        assert session.current.suspectedAt == (1, 2, 3)


def test_closing_and_opening_resumes_the_open_reading_with_its_answers(folder, clock):
    with openSession(folder, clock=clock) as session:
        session.openNext()
        clock.pass_(seconds=10)
        session.score("noise", 2)
        key = session.current.key
    clock.pass_(days=2)
    with openSession(folder, clock=clock) as session:
        assert session.openNext()
        assert session.current.key == key
        assert session.current.score("noise") == 2
        assert session.activeSeconds == pytest.approx(10)


def test_submitted_reading_is_locked_and_amendment_is_a_new_version(folder, clock):
    with openSession(folder, clock=clock) as session:
        session.openNext()
        first = answerAll(session, score=3)
        with pytest.raises(NotAllowed, match="locked"):
            session.score("noise", 5)
        with pytest.raises(NotAllowed, match="reason"):
            session.amend(first.id, reason=" ")
        session.amend(first.id, reason="pressed the wrong key")
        session.score("noise", 5)
        second = session.submit()
        with pytest.raises(NotAllowed, match="amended already"):
            session.amend(first.id, reason="again")
        assert session.progress().done == 1
    book = ReadingBook(readLogs(folder / "answers").entries)
    assert [(r.version, r.score("noise")) for r in book.submitted()] == [(1, 3), (2, 5)]
    assert [r.id for r in book.latest()] == [second.id]
    assert second.reason == "pressed the wrong key"
    assert second.score("artifacts") == 3


def test_second_condition_waits_for_the_washout(folder, clock):
    with openSession(folder, clock=clock) as session:
        readPeriod(session, clock, 4)
        assert not session.openNext()
        assert "after the washout" in session.waitingText()
        clock.pass_(days=27)
        assert not session.openNext()
        clock.pass_(days=1)
        readPeriod(session, clock, 4)
        assert not session.openNext()
        assert session.waitingText() == "All readings are done. Thank you."
        assert session.progress().done == session.progress().total == 8


def test_setting_the_clock_back_does_not_reopen_the_washout(folder, clock):
    with openSession(folder, clock=clock) as session:
        readPeriod(session, clock, 4)
        clock.pass_(days=30)
        session.openNext()
        answerAll(session)
        clock.pass_(days=-30)
        assert session.openNext()


def test_only_the_coordinator_waives_the_washout_and_it_is_logged(folder, clock):
    with openSession(folder, clock=clock) as session:
        readPeriod(session, clock, 4)
        with pytest.raises(NotAllowed, match="no coordinator"):
            session.overrideWashout("r1", reason="in a hurry")
        session.overrideWashout("coord", reason="pilot")
        readPeriod(session, clock, 4)
    state = studyState(folder)
    assert state.readers[0].overrides == 1
    assert state.book.overrides[0].data == {"case": "*", "by": "coord", "reason": "pilot"}
    assert [r.washoutOverridden for r in state.book.latest()] == [False] * 4 + [True] * 4


def test_reading_time_stands_still_in_a_pause(folder, clock):
    with openSession(folder, clock=clock) as session:
        session.openNext()
        clock.pass_(seconds=20)
        session.pause()
        clock.pass_(seconds=1000)
        with pytest.raises(NotAllowed, match="paused"):
            session.score("noise", 3)
        session.resume()
        clock.pass_(seconds=5)
        reading = answerAll(session)
    assert reading.activeSeconds == pytest.approx(25)
    assert reading.pauses == 1


def test_side_by_side_opens_only_after_all_independent_readings(tmp_path, clock):
    folder = studyFolder(tmp_path, preset="park2025", modes=("independent", "side-by-side"), washoutDays=0)
    with pytest.raises(NotAllowed, match="0 of 8 are done"):
        openSession(folder, clock=clock, mode="side-by-side")
    with openSession(folder, clock=clock) as session:
        readPeriod(session, clock, 8)
    with openSession(folder, clock=clock, mode="side-by-side") as session:
        assert session.openNext()
        assert session.current.condition == ""


def test_a_mode_that_the_study_does_not_have_is_refused(folder, clock):
    with pytest.raises(NotAllowed, match="no side-by-side readings"):
        openSession(folder, clock=clock, mode="side-by-side")


def test_only_readers_read(folder, clock):
    with pytest.raises(NotAllowed, match="ref is not a reader"):
        openSession(folder, "ref", clock=clock)
    with pytest.raises(StudyProblem, match="Nobody in this study has the id 'r9'"):
        openSession(folder, "r9", clock=clock)


def test_reading_never_touches_the_reference_standard(folder, clock):
    (folder / "reference").write_text("a file where a folder should be: opening it would fail")
    (folder / "reference.csv").mkdir()
    with openSession(folder, clock=clock) as session:
        readPeriod(session, clock, 4)


def test_coordinator_sees_progress_of_all_readers_without_their_answers(folder, clock):
    with openSession(folder, clock=clock) as session:
        readPeriod(session, clock, 3)
    rows = [(row.reader, row.done, row.total) for row in studyState(folder).readers]
    assert rows == [("r1", 3, 8), ("r2", 0, 8)]
    assert studyState(folder).readers[0].medianMinutes == pytest.approx(0.5)


def test_case_list_changed_after_the_first_reading_is_named(folder, clock):
    with openSession(folder, clock=clock) as session:
        readPeriod(session, clock, 1)
    text = (folder / "cases.csv").read_text().replace("3b.nii", "2b.nii")
    (folder / "cases.csv").write_text(text)
    assert [finding.id for finding in studyState(folder).findings] == ["cases-changed"]


def test_reading_made_on_two_machines_is_kept_twice_counted_once_and_named(tmp_path, clock):
    homes = [studyFolder(tmp_path / name) for name in ("one", "two")]
    manifest = (homes[0] / "study.json").read_text()
    (homes[1] / "study.json").write_text(manifest)
    for number, home in enumerate(homes):
        with openSession(home, clock=clock, machine=f"m{number}") as session:
            session.openNext()
            answerAll(session, score=2 + number)
        clock.pass_(seconds=60)
    log = next((homes[1] / "answers").glob("*.jsonl"))
    log.rename(homes[0] / "answers" / log.name)
    state = studyState(homes[0])
    assert [finding.id for finding in state.findings] == ["two-machines", "read-twice"]
    assert [reading.score("noise") for reading in state.book.latest()] == [2]
    assert len(state.book.submitted()) == 2


def test_reading_continues_on_another_machine_that_has_the_first_ones_log(folder, clock):
    with openSession(folder, clock=clock, machine="m1") as session:
        session.openNext()
        session.score("noise", 2)
    clock.pass_(seconds=60)
    with openSession(folder, clock=clock, machine="m2") as session:
        session.openNext()
        assert session.current.score("noise") == 2
        answerAll(session)
    state = studyState(folder)
    assert state.findings == ()
    assert len(state.book.latest()) == 1


def test_log_of_somebody_who_is_no_reader_is_named(folder, clock):
    with openSession(folder, "r2", clock=clock) as session:
        session.openNext()
    manifest = (folder / "study.json").read_text().replace('"r2"', '"r3"')
    (folder / "study.json").write_text(manifest)
    assert [finding.id for finding in studyState(folder).findings] == ["unknown-reader"]


def test_reference_reader_may_also_read_when_given_both_roles(tmp_path, clock):
    folder = studyFolder(tmp_path, readers=[Person("r1", ("reader", "reference"))])
    with openSession(folder, clock=clock) as session:
        assert session.openNext()
