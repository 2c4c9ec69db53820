"""Looks at the input volume in the background as soon as it is chosen and says what was found."""

import logging

import qt
import slicer
from slicer.i18n import tr as _

from . import sceneVolumes
from .errors import DLEnhanceError
from .panelJob import JobView
from .panelTexts import paragraphs, surveyReasons, surveyText

_log = logging.getLogger(__name__)

DELAY_MILLISECONDS = 150
"""A volume that is being loaded is in the scene before its voxels are."""


class SurveyView:
    """Fills a label; looks again when the voxels of the node change."""

    def __init__(self, logic, label):
        self._logic, self._label = logic, label
        self._view = JobView(self._onFinished)
        self._node = self._tag = self._seen = None
        self._timer = qt.QTimer()
        self._timer.setSingleShot(True)
        self._timer.setInterval(DELAY_MILLISECONDS)
        self._timer.timeout.connect(self._look)

    @property
    def isBusy(self):
        """Whether a look is under way or about to start."""
        return self._view.isBusy or self._timer.isActive()

    def show(self, inputNode):
        """Look at this node; None empties the label."""
        if inputNode is self._node:
            return
        if self._node is not None:
            self._node.RemoveObserver(self._tag)
        self._node, self._seen = inputNode, None
        self._view.drop()
        if inputNode is None:
            self._timer.stop()
            self._label.setText("")
            return
        self._tag = inputNode.AddObserver(slicer.vtkMRMLVolumeNode.ImageDataModifiedEvent, self._onVoxelsModified)
        self._onVoxelsModified()

    def pause(self):
        """A run makes the survey itself when it is not there yet: do not keep the worker from it."""
        self._timer.stop()
        if self._view.isBusy:
            self._view.drop()
            self._seen = None

    def resume(self):
        """Look, unless that was done already."""
        if self._node is not None and self._seen is None:
            self._timer.start()

    def release(self):
        self.show(None)
        self._timer.timeout.disconnect(self._look)
        self._view.release()

    def _onVoxelsModified(self, caller=None, event=None):
        if self._node.GetImageData() is not None:
            self._label.setText(_("Looking at the volume..."))
            self._timer.start()

    def _look(self):
        stamp = sceneVolumes.contentStamp(self._node)
        if stamp == self._seen:
            return
        self._seen = stamp
        try:
            pending = self._logic.startSurvey(self._node)
        except DLEnhanceError as error:
            self._label.setText(paragraphs([str(error)]))
            return
        self._view.watch(pending.job, pending)

    def _onFinished(self, pending):
        try:
            description, survey = self._logic.finishSurvey(pending)
        except DLEnhanceError as error:
            self._label.setText(paragraphs([str(error)]))
        except Exception as error:
            _log.exception("The survey failed")
            self._label.setText(paragraphs([_("The volume could not be examined: {error}").format(error=error)]))
        else:
            self._label.setText(surveyText(description, survey))
            self._label.setToolTip(surveyReasons(survey))
