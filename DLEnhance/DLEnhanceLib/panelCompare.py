"""The button that shows input and output side by side, and the residual as a third view if wanted."""

import slicer

from .sceneComparison import SliceComparison


class CompareButton:
    """Follows the comparison, which the user can also end by choosing another layout.

    pair() -> (input node, output node) of the last run or None; onChanged() is called when it comes or goes.
    """

    def __init__(self, button, pair, onChanged):
        self._button, self._pair, self._onChanged = button, pair, onChanged
        manager = slicer.app.layoutManager()  # None without a main window
        self._comparison = None
        if manager is not None:
            self._comparison = SliceComparison(slicer.mrmlScene, manager, processEvents=slicer.app.processEvents)
            self._comparison.onShownChanged.append(self._onShownChanged)
        self._button.clicked.connect(self._onClicked)
        self.update()

    @property
    def isShown(self):
        return self._comparison is not None and self._comparison.isShown

    def show(self, residualNode=None):
        """Show the pair, or bring what is shown up to date."""
        pair = self._pair()
        if pair is not None and self._comparison is not None:
            self._comparison.show(*pair, residualNode)

    def update(self):
        """Enabled when there is a pair to compare and views to do it in."""
        isPossible = self._pair() is not None and self._comparison is not None
        self._button.setEnabled(isPossible)
        self._button.setChecked(self.isShown)

    def release(self):
        self._button.clicked.disconnect(self._onClicked)
        if self._comparison is not None:
            self._comparison.release()

    def _onClicked(self, checked=False):
        if self.isShown:
            self._comparison.hide()
        else:
            self.show()
        self.update()

    def _onShownChanged(self):
        self.update()
        self._onChanged()
