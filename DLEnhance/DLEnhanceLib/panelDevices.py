"""The device box: Automatic and each device by its name. The choice belongs to the machine, not to the scene."""

import sys

import qt
from slicer.i18n import tr as _

AUTOMATIC = "auto"
SETTING = "DLEnhance/Device"


class DeviceBox:
    """Fills a combo box; listing the devices imports torch, so it happens only when ``fill`` is called.

    usableDevices() -> list of Device(id, label, memory), each proved by a computation; whyNot() -> why a graphics card
    of this machine is missing from it, or an empty text; showReason(text) is called with it once it is known.
    """

    def __init__(self, comboBox, showReason, usableDevices=None, whyNot=None):
        self.box, self._showReason = comboBox, showReason
        self.usableDevices, self.whyNot = usableDevices or _usableDevices, whyNot or _unusedGpuReason
        self._ids, self.isFilled, self._isExplained = [AUTOMATIC], False, False
        self.box.addItem(_("Automatic"))
        self.box.activated.connect(self._onActivated)

    @property
    def deviceId(self):
        """ "auto", or the id of the chosen device; "auto" too when a stored one is gone."""
        if self.isFilled:
            return self._ids[self.box.currentIndex]
        return str(qt.QSettings().value(SETTING) or AUTOMATIC)

    def fill(self):
        """List what this machine has; takes seconds the first time."""
        devices = self.usableDevices()
        wanted = str(qt.QSettings().value(SETTING) or AUTOMATIC)
        self._ids = [AUTOMATIC, *(device.id for device in devices)]
        self.box.clear()
        self.box.addItem(_("Automatic ({device})").format(device=devices[0].label))
        for device in devices:
            self.box.addItem(_label(device))
        self.box.setCurrentIndex(self._ids.index(wanted) if wanted in self._ids else 0)
        self.isFilled = True
        self._explain()

    def onRunFinished(self):
        """After a first run torch is there, so that looking for an unused card costs nothing more."""
        if "torch" in sys.modules and not self._isExplained:
            self._explain()

    def release(self):
        self.box.activated.disconnect(self._onActivated)

    def _explain(self):
        self._isExplained = True
        self._showReason(self.whyNot())

    def _onActivated(self, _chosen=None):
        """The signal carries a number or, in Qt 5, a text: the box itself knows."""
        qt.QSettings().setValue(SETTING, self._ids[self.box.currentIndex])


def _label(device):
    if not device.memory:
        return device.label
    return _("{device}, {memory:.0f} GB").format(device=device.label, memory=device.memory / 2**30)


def _usableDevices():
    from .devices import usableDevices

    return usableDevices()


def _unusedGpuReason():
    from .devices import unusedGpuReason

    return unusedGpuReason()
