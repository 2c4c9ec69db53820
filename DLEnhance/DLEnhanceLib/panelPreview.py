"""The button that enhances only the slice in view, to try strengths before the whole volume is computed."""

import qt
import slicer
import vtk
from slicer.i18n import tr as _

from .panelJob import JobView
from .sceneComparison import SliceComparison

DELAY_MILLISECONDS = 60
"""After the last move through the slices; also how often is asked whether the survey is done."""


class PreviewBox:
    """Shows input and preview side by side and follows the slice in view; all of it goes when the button is released.

    host: the panel. Its newPreview() gives (input node, profile) and the ScenePreview of them; strengths() and
    knownSurvey() tell how things are now, isSurveying() whether to wait for the latter.
    """

    def __init__(self, button, host):
        self._button, self._host = button, host
        self._preview = self._chosen = self._point = self._sliceNode = self._tag = None
        self._isRefining = False
        self._view = JobView(self._onComputed)
        self._timer = qt.QTimer()
        self._timer.setSingleShot(True)
        self._timer.setInterval(DELAY_MILLISECONDS)
        self._timer.timeout.connect(self._compute)
        manager = slicer.app.layoutManager()  # None without a main window
        self.comparison = None
        if manager is not None:
            self.comparison = SliceComparison(slicer.mrmlScene, manager, processEvents=slicer.app.processEvents)
            self.comparison.onShownChanged.append(self._onShownChanged)
        self._button.clicked.connect(self._onClicked)

    @property
    def isOn(self):
        return self._preview is not None

    @property
    def isBusy(self):
        """Whether a slice is being computed or waits for it."""
        return self._view.isBusy or self._timer.isActive()

    @property
    def node(self):
        return self._preview.node if self._preview is not None else None

    @property
    def place(self):
        """(axis, index) of the slice that is shown; None before the first."""
        return self._preview.place if self._preview is not None else None

    def update(self, obstacle):
        """obstacle: why the input cannot be enhanced, empty when it can."""
        if self.comparison is None:
            obstacle = obstacle or _("There are no slice views to show a preview in")
        self._button.setEnabled(self.isOn or not obstacle)
        self._button.setChecked(self.isOn)
        self._button.setToolTip(obstacle or _("Enhance only the slice in view, beside the original; nothing is kept"))

    def onParametersModified(self, parameters, strengths):
        """Sliders act at once; another input or profile ends the preview."""
        if self.isOn and ((parameters.inputVolume, parameters.profile) != self._chosen or not self._preview.isCurrent):
            self.stop()
        elif self.isOn:
            self._preview.reblend(strengths)

    def stop(self):
        """Discard the preview and give the views back."""
        preview, self._preview = self._preview, None
        self._timer.stop()
        self._view.drop()
        self._unwatch()
        if self.comparison is not None:
            self.comparison.hide()
        if preview is not None:
            preview.remove()
        self._button.setChecked(False)

    def release(self):
        self.stop()
        self._timer.timeout.disconnect(self._compute)
        self._button.clicked.disconnect(self._onClicked)
        self._view.release()
        if self.comparison is not None:
            self.comparison.release()

    def _onClicked(self, checked=False):
        if self.isOn:
            self.stop()
        else:
            self._host.guarded(self._start)
        self._button.setChecked(self.isOn)

    def _start(self):
        self._chosen, self._preview = self._host.newPreview()
        self._point = self._preview.pointInView()
        self._host.showStatus(_("Preview..."))
        self._timer.start()

    def _compute(self):
        """Compute the slice in view, first quickly, then well, unless that is what is shown."""
        if not self.isOn or (self._view.isBusy and not self._isRefining):
            return
        if self._host.isSurveying():  # its result is needed first
            self._timer.start()
            return
        if not self._preview.isCurrent:
            self.stop()
            return
        place = self._placeInView()
        isNew = place != self._preview.place
        if isNew or (self._preview.isQuick and not self._view.isBusy):
            self._preview.useSurvey(self._host.knownSurvey())
            self._isRefining = not isNew
            pending = self._preview.start(*place, isQuick=isNew)
            self._view.watch(pending.job, pending)

    def _placeInView(self):
        """(axis, index) in our view once it is shown; before, where the user looked at the input."""
        if self._sliceNode is None:
            return self._preview.sliceAt(self._point)
        return self._preview.sliceIn(self._sliceNode)

    def _onComputed(self, pending):
        if not self.isOn:
            return
        self._host.guarded(lambda: self._show(pending))
        if self._preview is not None and self._preview.place is None:
            self.stop()  # it failed

    def _show(self, pending):
        self._preview.finish(pending, self._host.strengths())
        if not self.comparison.isShown:
            self._showViews()
        self._host.showStatus(_("Preview of the slice in view. Apply enhances the whole volume."))
        self._timer.start()  # the view may have moved on

    def _showViews(self):
        self.comparison.show(self._preview.inputNode, self._preview.node)
        self.comparison.jumpTo(self._point)
        self._sliceNode = self.comparison.sliceNodes[0]
        self._tag = self._sliceNode.AddObserver(vtk.vtkCommand.ModifiedEvent, self._onViewMoved)

    def _onViewMoved(self, caller=None, event=None):
        self._timer.start()

    def _unwatch(self):
        if self._sliceNode is not None:
            self._sliceNode.RemoveObserver(self._tag)
        self._sliceNode = self._tag = None

    def _onShownChanged(self):
        """The user chose another layout, or another comparison took over the views."""
        if self.isOn and self._sliceNode is not None and not self.comparison.isShown:
            self.stop()
