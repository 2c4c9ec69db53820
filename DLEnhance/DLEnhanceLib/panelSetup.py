"""The box that says what must be installed, with the one right button; invisible when nothing is missing."""

import slicer

from .errors import MissingPackage


class SetupBox:
    """packages: packages.Packages. onChanged() is called after the button did something.

    A failed installation is told in a message and stays readable in the box until a step succeeds.
    """

    def __init__(self, ui, packages, onChanged):
        self._ui, self.packages, self._onChanged = ui, packages, onChanged
        self.step, self._failure = None, ""
        ui.setupButton.clicked.connect(self._onClicked)
        self.update()

    @property
    def obstacle(self):
        """Why nothing can be enhanced yet; empty when it can."""
        return self.step.sentence if self.step is not None and self.step.blocks else ""

    def update(self):
        """Look anew what is missing."""
        self.step = self.packages.nextStep()
        self._ui.setupFrame.setVisible(self.step is not None)
        if self.step is not None:
            self._ui.setupLabel.setText(self._failure or self.step.sentence)
            self._ui.setupButton.setText(self.step.button)
            self._ui.setupButton.setToolTip(self.step.toolTip)

    def release(self):
        self._ui.setupButton.clicked.disconnect(self._onClicked)

    def _onClicked(self, checked=False):
        self._failure = self._perform()
        self.update()
        self._onChanged()
        if self._failure:
            slicer.util.errorDisplay(self._failure)

    def _perform(self):
        """Do the step; the sentence that tells why it failed, or an empty text."""
        try:
            with slicer.util.WaitCursor():
                self.packages.perform(self.step)
        except MissingPackage as error:
            return str(error)
        return ""
