"""The box that says what must be installed, with the one right button; invisible when nothing is missing."""

import slicer

from .errors import MissingPackage


class SetupBox:
    """packages: packages.Packages. onChanged() is called after the button did something; showError(text) on failure."""

    def __init__(self, ui, packages, onChanged, showError):
        self._ui, self.packages = ui, packages
        self._onChanged, self._showError = onChanged, showError
        self.step = None
        ui.setupButton.clicked.connect(self._onClicked)
        self.update()

    def update(self):
        """Look anew what is missing."""
        self.step = self.packages.nextStep()
        self._ui.setupFrame.setVisible(self.step is not None)
        if self.step is not None:
            self._ui.setupLabel.setText(self.step.sentence)
            self._ui.setupButton.setText(self.step.button)
            self._ui.setupButton.setToolTip(self.step.toolTip)

    def release(self):
        self._ui.setupButton.clicked.disconnect(self._onClicked)

    def _onClicked(self, checked=False):
        try:
            with slicer.util.WaitCursor():
                self.packages.perform(self.step)
        except MissingPackage as error:
            self._showError(str(error))
        self.update()
        self._onChanged()
