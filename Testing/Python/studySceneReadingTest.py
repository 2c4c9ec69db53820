"""Reading on MRML nodes: neutral names, the same first view for both conditions, marks from the views (AT20)."""

import numpy as np
import pytest
from studySteps import TurnableClock, openSession

from DLEnhanceLesionMetricsLib.study.caseList import Case, writeCases
from DLEnhanceLesionMetricsLib.study.errors import NotAllowed
from DLEnhanceLesionMetricsLib.study.manifest import Person, newManifest, writeManifest
from DLEnhanceLib.volume import Volume
from DLEnhanceLib.writing import writeVolume

TELLING = ("patient", "smith", "t1-", "standard", "enhanced", "dl-enh", "case-", ".nii", "institution")


def imageStudy(folder, **decisions):
    """Two cases of one patient each, whose ids, files and covariates would tell everything."""
    folder.mkdir(exist_ok=True)
    random = np.random.default_rng(1)
    matrix = np.diag([-1.0, -1.0, 2.0, 1.0])
    cases = []
    for number in range(2):
        truth = 300 + 100 * number + random.normal(0, 30, (10, 24, 20))
        for name, voxels in (("T1-smith", truth), ("T1-smith-DL-ENH", 0.5 * truth + 150)):
            writeVolume(Volume(voxels.astype(np.float32), matrix), folder / f"{name}-{number}.nii.gz")
        paths = (f"T1-smith-{number}.nii.gz", f"T1-smith-DL-ENH-{number}.nii.gz")
        cases.append(
            Case(f"case-smith-{number}", *paths, f"patient-smith-{number}", (("institution", "institution X"),))
        )
    writeCases(cases, folder)
    options = {"preset": "oh2025", "seed": 5, "washoutDays": 0} | decisions
    writeManifest(newManifest("Smith study", [Person("r1")], **options), folder)
    return folder


@pytest.fixture
def reading(aSlicerScene, tmp_path):
    import slicer

    from DLEnhanceLesionMetricsLib.study.sceneReading import SceneReading

    with openSession(imageStudy(tmp_path / "s"), clock=TurnableClock()) as session:
        sceneReading = SceneReading(slicer.mrmlScene, session)
        assert sceneReading.openNext()
        yield sceneReading
        sceneReading.release()


def volumeNodes():
    import slicer

    return slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")


def complete(reading):
    """Answer everything with one mark."""
    session = reading.session
    for item in session.manifest.itemsOf("image"):
        session.score(item.id, 3)
    reading.marksNode.AddControlPointWorld(-5.0, -6.0, 8.0)
    mark = session.current.marks[0].id
    session.changeMark(mark, confidence=4)
    session.score("lesion_conspicuity", 4, markId=mark)


def test_nothing_in_the_scene_tells_what_is_read(reading):
    """AT20 for the scene: every text of every node, in all readings of the study."""
    import slicer

    from DLEnhanceLesionMetricsLib.study.sceneReading import sceneStrings

    for _ in range(4):
        complete(reading)
        texts = [text.lower() for text in sceneStrings(slicer.mrmlScene)]
        assert [(word, text) for text in texts for word in TELLING if word in text] == []
        assert [node.GetName() for node in volumeNodes()] == ["Image"]
        assert volumeNodes()[0].GetStorageNode() is None
        reading.submit()
        reading.openNext()
    assert volumeNodes() == []


def test_both_conditions_of_a_case_start_with_the_same_window(reading):
    windows = {}
    for _ in range(4):
        display = volumeNodes()[0].GetDisplayNode()
        key = reading.session.current.caseId
        windows.setdefault(key, []).append((display.GetWindowLevelMin(), display.GetWindowLevelMax()))
        complete(reading)
        reading.submit()
        reading.openNext()
    for first, second in windows.values():
        assert first == pytest.approx(second)


def test_the_image_of_the_condition_is_shown(reading):
    import slicer

    condition = reading.session.current.condition
    spread = slicer.util.arrayFromVolume(volumeNodes()[0]).std()
    assert spread == pytest.approx(30 if condition == "standard" else 15, rel=0.05)


def test_click_is_a_mark_and_its_label_is_the_marks_id(reading):
    reading.marksNode.AddControlPointWorld(-5.0, -6.0, 8.0)
    (mark,) = reading.session.current.marks
    assert mark.ras == pytest.approx((-5, -6, 8))
    assert reading.marksNode.GetNthControlPointLabel(0) == mark.id


def test_moving_and_deleting_a_point_changes_the_mark(reading):
    node = reading.marksNode
    node.AddControlPointWorld(-5.0, -6.0, 8.0)
    node.SetNthControlPointPositionWorld(0, -7.0, -6.0, 8.0)
    node.InvokeEvent(node.PointEndInteractionEvent)
    assert reading.session.current.marks[0].ras == pytest.approx((-7, -6, 8))
    node.RemoveNthControlPoint(0)
    assert reading.session.current.marks == ()


def test_mark_is_refused_after_no_lesion_and_the_point_goes(reading):
    refusals = []
    reading._onRefused = refusals.append
    reading.session.answerNoLesion()
    reading.marksNode.AddControlPointWorld(-5.0, -6.0, 8.0)
    assert reading.marksNode.GetNumberOfControlPoints() == 0
    assert "No lesion" in refusals[0]


def test_diameter_line_is_the_length_in_patient_millimetres(reading):
    reading.marksNode.AddControlPointWorld(-5.0, -6.0, 8.0)
    reading.measureDiameter("1")
    reading.lineNode.AddControlPointWorld(-5.0, -6.0, 8.0)
    reading.lineNode.AddControlPointWorld(-8.0, -10.0, 8.0)
    assert reading.session.current.marks[0].diameterMm == pytest.approx(5.0)


def test_reopened_reading_shows_its_marks_again(reading):
    import slicer

    from DLEnhanceLesionMetricsLib.study.sceneReading import SceneReading

    reading.marksNode.AddControlPointWorld(-5.0, -6.0, 8.0)
    folder = reading.session.folder
    reading.release()
    reading.session.close()
    with openSession(folder, clock=TurnableClock()) as session:
        again = SceneReading(slicer.mrmlScene, session)
        again.openNext()
        assert again.marksNode.GetNumberOfControlPoints() == 1
        assert len(session.current.marks) == 1
        again.release()


def test_scene_with_other_volumes_is_refused(aSlicerScene, tmp_path):
    import slicer

    from DLEnhanceLesionMetricsLib.study.sceneReading import SceneReading

    slicer.util.addVolumeFromArray(np.zeros((3, 3, 3), np.int16), np.eye(4), "T1 smith")
    with openSession(imageStudy(tmp_path / "s")) as session, pytest.raises(NotAllowed, match="Close the scene"):
        SceneReading(slicer.mrmlScene, session)


def test_side_by_side_shows_both_under_neutral_names(aSlicerScene, tmp_path):
    import slicer

    from DLEnhanceLesionMetricsLib.study.sceneReading import SceneReading, sceneStrings

    folder = imageStudy(tmp_path / "s", modes=("side-by-side",), detection=False)
    with openSession(folder, mode="side-by-side") as session:
        reading = SceneReading(slicer.mrmlScene, session)
        assert reading.openNext()
        nodes = {node.GetName(): slicer.util.arrayFromVolume(node).std() for node in volumeNodes()}
        left = 30 if session.current.left == "standard" else 15
        assert nodes["Left"] == pytest.approx(left, rel=0.05)
        assert nodes["Right"] == pytest.approx(45 - left, rel=0.05)
        texts = " ".join(sceneStrings(slicer.mrmlScene)).lower()
        assert not any(word in texts for word in TELLING)
        reading.release()


def test_releasing_leaves_no_node_behind(reading):
    import slicer

    reading.marksNode.AddControlPointWorld(-5.0, -6.0, 8.0)
    reading.measureDiameter("1")
    reading.release()
    assert volumeNodes() == []
    assert slicer.util.getNodesByClass("vtkMRMLMarkupsNode") == []
