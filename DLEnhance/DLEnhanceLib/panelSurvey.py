"""Looks at the input volume in the background as soon as it is chosen and says what was found."""

from slicer.i18n import tr as _

from . import sceneVolumes
from .errors import DLEnhanceError
from .panelJob import JobView
from .panelTexts import paragraphs, surveyText


class SurveyView:
    """Fills a label. One survey a volume, made anew when its voxels have changed."""

    def __init__(self, logic, label):
        self._logic, self._label = logic, label
        self._view = JobView(self._onFinished)
        self._seen = None

    def show(self, inputNode):
        """Look at this node, unless that was done already; None empties the label."""
        seen = None if inputNode is None else (inputNode, sceneVolumes.contentStamp(inputNode))
        if seen == self._seen:
            return
        self._seen = seen
        self._view.drop()
        self._label.setText("" if inputNode is None else _("Looking at the volume..."))
        if inputNode is None:
            return
        try:
            pending = self._logic.startSurvey(inputNode)
        except DLEnhanceError as error:
            self._label.setText(paragraphs([str(error)]))
            return
        self._view.watch(pending.job, pending)

    def pause(self):
        """A run makes the survey itself when it is not there yet: do not keep the worker from it."""
        if self._view.isBusy:
            self._view.drop()
            self._seen = None

    def forget(self):
        """The scene closes."""
        self.show(None)

    def release(self):
        self._view.release()

    def _onFinished(self, pending):
        try:
            description, survey = self._logic.finishSurvey(pending)
        except DLEnhanceError as error:
            self._label.setText(paragraphs([str(error)]))
        else:
            self._label.setText(surveyText(description, survey))
