"""The rows of questions with their score buttons, and the number keys. Written for PythonQt."""

import qt
from slicer.i18n import tr as _

from .questions import firstOpen, questionsOf


class _ScoreButton:
    """One score of one question; a class because PythonQt fills default arguments of slots with the signal's value."""

    def __init__(self, question, value, anchor, onAnswered):
        self.question, self.value, self._onAnswered = question, value, onAnswered
        self.button = qt.QPushButton(str(value))
        self.button.setObjectName(f"score_{question.id}_{value}")
        self.button.setCheckable(True)
        self.button.setMaximumWidth(36)
        self.button.setToolTip(f"{value}: {anchor}" if anchor else str(value))
        self.button.setFocusPolicy(qt.Qt.NoFocus)
        self.button.clicked.connect(self.onClicked)

    def onClicked(self, checked=False):
        self._onAnswered(self.question.id, self.value)


class QuestionRows:
    """Shows the questions of a session in a layout. guarded(action) runs an action and shows its refusal."""

    def __init__(self, layout, root, *, guarded, onAnswered):
        self._layout, self._guarded, self._onAnswered = layout, guarded, onAnswered
        self._session, self._rows, self._ids = None, {}, []
        self.current = ""
        self._keys = [self._shortcut(str(number), root) for number in range(1, 10)]
        slots = (self.on1, self.on2, self.on3, self.on4, self.on5, self.on6, self.on7, self.on8, self.on9)
        self._connections = [(key.activated, slot) for key, slot in zip(self._keys, slots, strict=True)]
        for signal, slot in self._connections:
            signal.connect(slot)

    def _shortcut(self, key, root):
        shortcut = qt.QShortcut(qt.QKeySequence(key), root)
        shortcut.setContext(qt.Qt.WidgetWithChildrenShortcut)
        return shortcut

    def release(self):
        for signal, slot in self._connections:
            signal.disconnect(slot)
        self.show(None)

    def show(self, session):
        """Make or refresh the rows; None removes them."""
        self._session = session
        questions = questionsOf(session) if session is not None else []
        ids = [question.id for question in questions]
        if ids != self._ids:
            self._rebuild(questions)
        open_ = firstOpen(questions, after=self.current)
        isAnswered = all(question.value is not None for question in questions if question.id == self.current)
        if isAnswered and (open_ or self.current not in ids):  # a new mark brings new questions
            self.current = open_
        for question in questions:
            self._refresh(question)

    def _rebuild(self, questions):
        for widget, _label, _buttons in self._rows.values():
            self._layout.removeWidget(widget)
            widget.hide()
            widget.deleteLater()
        self._rows, self._ids = {}, [question.id for question in questions]
        for question in questions:
            self._rows[question.id] = self._row(question)

    def _row(self, question):
        widget = qt.QWidget()
        box = qt.QHBoxLayout(widget)
        box.setContentsMargins(0, 0, 0, 0)
        label = qt.QLabel(question.title)
        box.addWidget(label, 1)
        pairs = zip(question.scores, question.anchors, strict=True)
        buttons = [_ScoreButton(question, value, anchor, self.answer) for value, anchor in pairs]
        for button in buttons:
            box.addWidget(button.button)
        self._layout.addWidget(widget)
        return widget, label, buttons

    def _refresh(self, question):
        _widget, label, buttons = self._rows[question.id]
        for button in buttons:
            button.button.setChecked(button.value == question.value)
        isCurrent = question.id == self.current
        label.setText(f"<b>{question.title}</b>" if isCurrent else question.title)
        label.setToolTip(_("The number keys answer this question") if isCurrent else "")

    def answer(self, questionId, value):
        """Give an answer and step to the next open question."""
        question = next((q for q in questionsOf(self._session) if q.id == questionId), None)
        if question is not None:
            self._guarded(lambda: question.answer(value))
            self.current = firstOpen(questionsOf(self._session), after=questionId) or questionId
        self._onAnswered()

    def _onKey(self, number):
        """Key n gives the nth score of the current question, so -2..2 are the keys 1 to 5."""
        question = (
            next((q for q in questionsOf(self._session) if q.id == self.current), None) if self._session else None
        )
        if question is not None and number <= len(question.scores):
            self.answer(question.id, question.scores[number - 1])

    def on1(self):
        self._onKey(1)

    def on2(self):
        self._onKey(2)

    def on3(self):
        self._onKey(3)

    def on4(self):
        self._onKey(4)

    def on5(self):
        self._onKey(5)

    def on6(self):
        self._onKey(6)

    def on7(self):
        self._onKey(7)

    def on8(self):
        self._onKey(8)

    def on9(self):
        self._onKey(9)
