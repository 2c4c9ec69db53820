"""The reading panel in the stand-in host: blinding of every visible string (AT20), keys, completeness, lock, pause."""

from pathlib import Path

import pytest
from studySceneReadingTest import TELLING, imageStudy
from studySteps import TurnableClock, openSession

MODULE = Path(__file__).resolve().parents[2] / "DLEnhanceLesionMetrics"
UI_FILE = MODULE / "Resources" / "UI" / "DLEnhanceReading.ui"
PANEL_FILES = sorted((MODULE / "DLEnhanceLesionMetricsLib" / "study").glob("panel*.py"))


class Panel:
    """The loaded widget, its box and what it told the rest of the module."""

    def __init__(self, folder, clock):
        import slicer

        from DLEnhanceLesionMetricsLib.study.panelReading import ReadingBox

        self.root = slicer.util.loadUI(str(UI_FILE))
        self.othersVisible = True
        self.box = ReadingBox(
            self.root,
            setOthersVisible=lambda isVisible: setattr(self, "othersVisible", isVisible),
            openSession=lambda *args, **options: openSession(*args, clock=clock, **options),
        )
        self.ui = self.box.ui
        self.ui.studyFolderEdit.setText(str(folder))
        self.ui.readerEdit.setText("r1")
        self.root.show()

    def click(self, name):
        getattr(self.ui, name).click()

    def press(self, number):
        getattr(self.box.rows, f"on{number}")()

    def text(self, name):
        return getattr(self.ui, name).property("text")


@pytest.fixture
def clock():
    return TurnableClock()


@pytest.fixture
def panel(aHost, tmp_path, clock):
    made = Panel(imageStudy(tmp_path / "s"), clock)
    yield made
    made.box.release()


@pytest.fixture
def reading(panel):
    panel.click("startReadingButton")
    return panel


def shownStrings(root):
    """Texts, tool tips, titles, place holders and item texts of a widget and everything in it."""
    from PySide6 import QtCore, QtWidgets

    found = []
    for widget in [root, *QtCore.QObject.findChildren(root, QtWidgets.QWidget)]:
        for name in (
            "text",
            "toolTip",
            "title",
            "windowTitle",
            "placeholderText",
            "plainText",
            "statusTip",
            "whatsThis",
        ):
            found.append(str(widget.property(name) or ""))
        if isinstance(widget, QtWidgets.QComboBox):
            found += [widget.itemText(index) for index in range(widget.property("count"))]
    return [text for text in found if text]


def completeWithKeys(panel):
    """Three image scores by key, a mark in the scene, confidence and conspicuity by key."""
    for number in (4, 5, 3):
        panel.press(number)
    panel.box.reading.marksNode.AddControlPointWorld(-5.0, -6.0, 8.0)
    panel.press(4)
    panel.press(2)


def test_no_visible_string_tells_what_is_read(aHost, reading):
    """AT20: panel, window titles and scene, through all readings of the study."""
    import slicer

    from DLEnhanceLesionMetricsLib.study.sceneReading import sceneStrings

    for _ in range(4):
        completeWithKeys(reading)
        texts = shownStrings(reading.ui.readingWorkBox) + sceneStrings(slicer.mrmlScene)
        texts += [reading.text("readingMessageLabel"), str(aHost.mainWindow.property("windowTitle"))]
        assert [(word, text) for text in texts for word in TELLING if word in text.lower()] == []
        assert len(texts) > 40
        reading.click("submitReadingButton")
    assert reading.text("readingMessageLabel").startswith("All readings are done")


def test_rest_of_the_module_and_the_folder_are_hidden_while_reading(reading):
    assert reading.othersVisible is False
    assert not reading.ui.readingStartBox.isVisible()
    reading.click("endReadingButton")
    assert reading.othersVisible is True
    assert reading.ui.readingStartBox.isVisible()


def test_nothing_is_preselected(reading):
    from PySide6 import QtCore, QtWidgets

    buttons = QtCore.QObject.findChildren(reading.root, QtWidgets.QAbstractButton)
    assert [button.property("text") for button in buttons if button.isChecked()] == []
    assert reading.box.session.current.noLesion is None


def test_number_keys_answer_the_current_question_and_step_on(reading):
    reading.press(4)
    reading.press(2)
    current = reading.box.session.current
    assert (current.score("overall_image_quality"), current.score("noise")) == (4, 2)
    assert reading.box.rows.current == "artifacts/"


def test_key_without_a_score_does_nothing(reading):
    reading.press(9)
    assert reading.box.session.current.scores == ()


def test_score_button_shows_what_is_stored(reading):
    from PySide6 import QtCore, QtWidgets

    button = next(
        b
        for b in QtCore.QObject.findChildren(reading.root, QtWidgets.QPushButton)
        if b.property("objectName") == "score_noise/_3"
    )
    button.click()
    assert button.isChecked()
    assert reading.box.session.current.score("noise") == 3


def test_incomplete_reading_names_what_is_missing_and_cannot_be_submitted(reading):
    assert "Noise has no score." in reading.text("missingLabel")
    assert not reading.ui.submitReadingButton.isEnabled()
    completeWithKeys(reading)
    assert reading.text("missingLabel") == "Complete."
    assert reading.ui.submitReadingButton.isEnabled()


def test_submitting_opens_the_next_reading_empty(reading):
    completeWithKeys(reading)
    reading.ui.commentEdit.setPlainText("small vessel")
    reading.click("submitReadingButton")
    assert reading.text("readingLabel") == "Reading 2 of 4"
    assert reading.ui.commentEdit.property("plainText") == ""
    assert reading.box.session.current.scores == ()
    assert reading.box.session.submittedReadings()[0].comment == "small vessel"


def test_mark_appears_with_its_questions_and_can_be_removed(reading):
    reading.box.reading.marksNode.AddControlPointWorld(-5.0, -6.0, 8.0)
    assert reading.ui.markCombo.property("currentText") == "1"
    assert "confidence/1" in reading.box.rows._rows
    reading.click("removeMarkButton")
    assert reading.ui.markCombo.property("count") == 0
    assert reading.box.reading.marksNode.GetNumberOfControlPoints() == 0


def test_no_lesion_is_an_answer_and_closes_the_marks(reading):
    reading.click("noLesionCheckBox")
    assert reading.box.session.current.noLesion is True
    assert not reading.ui.placeMarkButton.isEnabled()


def test_pause_hides_image_and_answers_and_stops_the_time(reading, clock):
    import slicer

    clock.pass_(seconds=65)
    reading.click("pauseReadingButton")
    clock.pass_(seconds=500)
    reading.box.showTime()
    assert reading.text("readingTimeLabel") == "1:05"
    assert not reading.ui.answersBox.isVisible()
    composite = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLSliceCompositeNode")
    assert composite.GetBackgroundVolumeID() is None
    reading.click("pauseReadingButton")
    assert reading.ui.answersBox.isVisible()


def test_last_reading_can_be_corrected_only_between_readings_and_with_a_reason(reading):
    for _ in range(4):
        assert not reading.ui.amendReadingButton.isEnabled()
        completeWithKeys(reading)
        reading.click("submitReadingButton")
    reading.click("amendReadingButton")
    assert "needs a reason" in reading.text("readingMessageLabel")
    reading.ui.amendReasonEdit.setText("wrong key")
    reading.click("amendReadingButton")
    assert reading.box.session.current.version == 2


def test_wrong_reader_and_wrong_folder_are_one_sentence(panel, tmp_path):
    panel.ui.readerEdit.setText("r9")
    panel.click("startReadingButton")
    assert "Nobody in this study has the id 'r9'" in panel.text("readingMessageLabel")
    panel.ui.studyFolderEdit.setText(str(tmp_path))
    panel.click("startReadingButton")
    assert "holds no study.json" in panel.text("readingMessageLabel")
    assert panel.othersVisible is True


def test_ending_keeps_every_answer_for_the_next_time(reading):
    reading.press(4)
    reading.click("endReadingButton")
    reading.click("startReadingButton")
    assert reading.box.session.current.score("overall_image_quality") == 4


@pytest.mark.parametrize("path", PANEL_FILES, ids=lambda path: path.name)
def test_panel_sources_run_in_pythonqt(path):
    from DLEnhanceTestHost.sourceCheck import pythonQtProblems

    assert list(pythonQtProblems(path)) == []


def test_module_hides_itself_while_somebody_reads_and_ends_with_the_scene(aHost, tmp_path):
    widget = aHost.openModule("DLEnhanceLesionMetrics")
    widget.parent.show()
    ui = widget.readingBox.ui
    ui.studyFolderEdit.setText(str(imageStudy(tmp_path / "s")))
    ui.readerEdit.setText("r1")
    ui.startReadingButton.click()
    assert not widget.ui.regionTable.isVisible()
    shown = [text.lower() for text in shownStrings(widget.readingBox.ui.readingWorkBox)]
    assert not any(word in text for text in shown for word in TELLING)
    aHost.closeScene()
    assert widget.readingBox.session is None
    assert widget.ui.regionTable.isVisible()
