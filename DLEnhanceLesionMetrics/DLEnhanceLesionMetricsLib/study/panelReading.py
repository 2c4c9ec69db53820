"""The reading panel: shows the open reading and passes every answer on at once. Written for PythonQt.

Nothing here names a case, a patient, a file or a condition: the reader sees "Reading 7 of 40".
"""

import qt
import slicer
from slicer.i18n import tr as _

from DLEnhanceLib.errors import DLEnhanceError

from .manifest import MODES
from .panelQuestions import QuestionRows
from .sceneReading import SceneReading
from .session import ReadingSession


class ReadingBox:
    """The widgets of DLEnhanceReading.ui at work.

    root: the loaded widget. setOthersVisible(bool): hides the rest of the module while somebody reads, because it
    names volumes and shows results.
    """

    def __init__(self, root, *, setOthersVisible=lambda _: None, openSession=ReadingSession):
        self.ui = slicer.util.childWidgetVariables(root)
        self._setOthersVisible, self._openSession = setOthersVisible, openSession
        self.session = self.reading = None
        self._isShowing = False
        for mode in MODES:
            self.ui.readingModeCombo.addItem(mode)
        self.rows = QuestionRows(self.ui.questionsBox.layout(), root, guarded=self.guarded, onAnswered=self.refresh)
        self._timer = qt.QTimer()
        self._timer.setInterval(1000)
        self._connect()
        self.refresh()

    def _connect(self):
        ui = self.ui
        self._connections = [
            (ui.readingBrowseButton.clicked, self.onBrowse),
            (ui.startReadingButton.clicked, self.onStart),
            (ui.endReadingButton.clicked, self.onEnd),
            (ui.pauseReadingButton.clicked, self.onPause),
            (ui.placeMarkButton.clicked, self.onPlaceMark),
            (ui.measureMarkButton.clicked, self.onMeasureMark),
            (ui.jumpMarkButton.clicked, self.onJumpMark),
            (ui.removeMarkButton.clicked, self.onRemoveMark),
            (ui.noLesionCheckBox.clicked, self.onNoLesion),
            (ui.falseStructureCheckBox.clicked, self.onFalseStructure),
            (ui.submitReadingButton.clicked, self.onSubmit),
            (ui.amendReadingButton.clicked, self.onAmend),
            (self._timer.timeout, self.showTime),
        ]
        for signal, slot in self._connections:
            signal.connect(slot)

    def release(self):
        """End the session; every answer is stored already."""
        self.end()
        for signal, slot in self._connections:
            signal.disconnect(slot)
        self.rows.release()

    def guarded(self, action):
        """Run it; a refusal is shown as its sentence. Returns whether it was done."""
        try:
            action()
        except DLEnhanceError as refusal:
            self.say(str(refusal))
            return False
        return True

    def say(self, text):
        self.ui.readingMessageLabel.setText(text)

    # Begin and end

    def onBrowse(self, checked=False):
        folder = qt.QFileDialog.getExistingDirectory(None, _("Study folder"))
        if folder:
            self.ui.studyFolderEdit.setText(folder)

    def onStart(self, checked=False):
        self.say("")
        self.guarded(self.start)

    def start(self):
        """Open the session of the given folder, reader and mode. Raises a DLEnhanceError with the sentence to show."""
        ui = self.ui
        folder, reader = ui.studyFolderEdit.property("text").strip(), ui.readerEdit.property("text").strip()
        session = self._openSession(folder, reader, mode=ui.readingModeCombo.property("currentText"))
        try:
            self.reading = SceneReading(
                slicer.mrmlScene,
                session,
                layoutManager=slicer.app.layoutManager(),
                onChanged=self.refresh,
                onRefused=self.say,
            )
        except DLEnhanceError:
            session.close()
            raise
        self.session = session
        self._setOthersVisible(False)
        self._timer.start()
        if session.setAside is not None:
            self.say(_("The program ended while an answer was being written; all other answers are there."))
        self._openNext()

    def onEnd(self, checked=False):
        self.say("")
        self.end()

    def end(self):
        if self.session is None:
            return
        self._storeComment()
        self._timer.stop()
        self.reading.release()
        self.session.close()
        self.session = self.reading = None
        self._setOthersVisible(True)
        self.refresh()

    def _openNext(self):
        if not self.reading.openNext():
            self.say(self.session.waitingText())
        self._showTexts()
        self.refresh()

    # Answers

    def onPause(self, checked=False):
        isPaused = self.session.isPaused
        self._storeComment()
        self.guarded(self.reading.resume if isPaused else self.reading.pause)
        self.refresh()

    def onPlaceMark(self, checked=False):
        if not self.reading.placeMarks():
            self.say(_("Marks are placed in the slice views, which are not there."))

    def onMeasureMark(self, checked=False):
        mark = self._chosenMark()
        if mark:
            self.reading.measureDiameter(mark)

    def onJumpMark(self, checked=False):
        self.reading.jumpTo(self._chosenMark())

    def onRemoveMark(self, checked=False):
        mark = self._chosenMark()
        if mark:
            self.guarded(lambda: self.reading.removeMark(mark))

    def _chosenMark(self):
        return self.ui.markCombo.property("currentText").split(" ")[0]

    def onNoLesion(self, checked=False):
        self.guarded(lambda: self.session.answerNoLesion(self.ui.noLesionCheckBox.isChecked()))
        self.refresh()

    def onFalseStructure(self, checked=False):
        self.guarded(lambda: self.session.suspectFalseStructure(self.ui.falseStructureCheckBox.isChecked()))
        self.refresh()

    def _storeComment(self):
        """The comment is stored when the reader goes on, pauses or ends."""
        text = self.ui.commentEdit.property("plainText")
        reading = self.session.current if self.session else None
        if reading is not None and not self.session.isPaused and text != reading.comment:
            self.guarded(lambda: self.session.comment(text))

    def onSubmit(self, checked=False):
        self.say("")
        self._storeComment()
        if self.guarded(self.reading.submit):
            self._openNext()
        self.refresh()

    def onAmend(self, checked=False):
        """Open the reading that was submitted last as a new version; the reason stands in the field beside."""
        done = self.session.submittedReadings()
        reason = self.ui.amendReasonEdit.property("text")
        if not done:
            self.say(_("Nothing has been submitted yet."))
            return
        last = max(done, key=lambda reading: reading.submitted)
        if self.guarded(lambda: self.reading.amend(last.id, reason=reason)):
            self.ui.amendReasonEdit.setText("")
            self._showTexts()
        self.refresh()

    # Showing

    def refresh(self):
        """Everything on the panel from the session."""
        isOpen = self.session is not None and self.session.current is not None
        isPaused = isOpen and self.session.isPaused
        self.ui.readingStartBox.setVisible(self.session is None)
        self.ui.readingWorkBox.setVisible(self.session is not None)
        self.ui.answersBox.setVisible(isOpen and not isPaused)
        self.ui.pauseReadingButton.setEnabled(isOpen)
        self.ui.pauseReadingButton.setText(_("Go on reading") if isPaused else _("Pause"))
        self.rows.show(self.session if isOpen and not isPaused else None)
        if self.session is not None:
            self._showProgress()
        if isOpen:
            self._showMarks()
            self._showMissing()

    def _showProgress(self):
        progress, task = self.session.progress(), self.session.currentTask
        self.ui.readingProgressBar.setMaximum(progress.total)
        self.ui.readingProgressBar.setValue(progress.done)
        self.ui.readingLabel.setText(task.label if task is not None else "")
        canAmend = self.session.current is None
        self.ui.amendReadingButton.setEnabled(canAmend)
        self.ui.amendReasonEdit.setEnabled(canAmend)
        self.showTime()

    def showTime(self):
        seconds = int(self.session.activeSeconds) if self.session is not None and self.session.current else 0
        self.ui.readingTimeLabel.setText(f"{seconds // 60}:{seconds % 60:02d}")

    def _showTexts(self):
        """Comment and ticks of a reading that was just opened; nothing is ticked in a new one."""
        reading = self.session.current
        self.ui.commentEdit.setPlainText(reading.comment if reading else "")
        self.ui.falseStructureCheckBox.setChecked(bool(reading and reading.suspectedFalse))

    def _showMarks(self):
        reading = self.session.current
        hasMarks = self.session.manifest.detection and self.session.mode == MODES[0]
        self.ui.marksBox.setVisible(hasMarks)
        texts = [
            f"{mark.id} ({mark.diameterMm:.1f} mm)" if mark.diameterMm is not None else mark.id
            for mark in reading.marks
        ]
        chosen = self.ui.markCombo.property("currentIndex")
        isNew = len(texts) > self.ui.markCombo.property("count")
        self.ui.markCombo.clear()
        for text in texts:
            self.ui.markCombo.addItem(text)
        if texts:
            self.ui.markCombo.setCurrentIndex(len(texts) - 1 if isNew else min(max(chosen, 0), len(texts) - 1))
        for button in (self.ui.measureMarkButton, self.ui.jumpMarkButton, self.ui.removeMarkButton):
            button.setEnabled(bool(texts))
        self.ui.placeMarkButton.setEnabled(not reading.noLesion)
        self.ui.noLesionCheckBox.setEnabled(not texts)
        self.ui.noLesionCheckBox.setChecked(bool(reading.noLesion))

    def _showMissing(self):
        missing = self.session.missing()
        self.ui.submitReadingButton.setEnabled(not missing or bool(self.ui.commentEdit.property("plainText")))
        self.ui.missingLabel.setText(" ".join(missing) if missing else _("Complete."))
