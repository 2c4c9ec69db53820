"""Stand-in for slicer.app and for the functions of slicer.util that need the application (guide 3.9, 8.5, 8.6)."""

import contextlib
import importlib
import logging
import sys
import tempfile
import types

import qt
import slicer
from PySide6 import QtCore, QtWidgets

CONFIRMATIONS = ("confirmOkCancelDisplay", "confirmYesNoDisplay", "confirmRetryCloseDisplay")
DISPLAYS = {"infoDisplay": logging.INFO, "warningDisplay": logging.WARNING, "errorDisplay": logging.ERROR}


class Application:
    """The members of slicer.app that the extension may use; any other raises AttributeError."""

    applicationName = "Slicer"
    majorVersion, minorVersion = 5, 12

    def __init__(self, headless, layoutManager):
        self._headless, self._layoutManager = headless, layoutManager
        self._folder = tempfile.TemporaryDirectory(prefix="DLEnhanceTestHost-")
        self.temporaryPath = self._folder.name
        self.startupSlots = []

    def applicationLogic(self):
        return self._headless.appLogic

    def mrmlScene(self):
        return self._headless.scene

    def layoutManager(self):
        return self._layoutManager

    def testingEnabled(self):
        return True

    def extensionsManagerModel(self):
        return _ExtensionsManager()

    def connect(self, signal, slot):
        if signal != "startupCompleted()":
            raise AssertionError(f"slicer.app.connect({signal!r}) is unknown to the test host")
        self.startupSlots.append(slot)
        return True

    def userSettings(self):
        return qt.QSettings()

    def settings(self):
        return qt.QSettings()

    def processEvents(self, *args):
        QtWidgets.QApplication.processEvents()
        if self._layoutManager is not None:
            self._layoutManager.layOutViews()

    def setOverrideCursor(self, cursor):
        QtWidgets.QApplication.setOverrideCursor(cursor)

    def restoreOverrideCursor(self):
        QtWidgets.QApplication.restoreOverrideCursor()

    def pauseRender(self):
        pass

    def resumeRender(self):
        pass


class _ExtensionsManager:
    """No extension is installed, none can be."""

    def isExtensionInstalled(self, name):
        return False

    def installExtensionFromServer(self, name, *args):
        return False


class Messages(list):
    """(function name, text) of everything that would have been shown in a box."""

    def texts(self):
        return [text for _name, text in self]


def useTemporarySettings():
    """QSettings start empty in a fresh folder, as with --testing."""
    QtCore.QCoreApplication.setOrganizationName("DLEnhanceTestHost")
    QtCore.QCoreApplication.setApplicationName("Slicer")
    QtCore.QSettings.setDefaultFormat(QtCore.QSettings.IniFormat)
    folder = tempfile.TemporaryDirectory(prefix="DLEnhanceTestHost-")
    QtCore.QSettings.setPath(QtCore.QSettings.IniFormat, QtCore.QSettings.UserScope, folder.name)
    return folder


def installUtilities(host):
    """Functions of slicer.util as they act in testing mode: no box opens, every question is answered with False."""
    util = slicer.util
    for name, level in DISPLAYS.items():
        setattr(util, name, _display(host.messages, name, level))
    for name in CONFIRMATIONS:
        setattr(util, name, _confirmation(host.messages, name))
    util.mainWindow = lambda: host.mainWindow
    util.showStatusMessage = lambda message, duration=0: host.statusMessages.append(message)
    util.delayDisplay = lambda message, autoCloseMsec=1000, parent=None, **kwargs: None
    util.forceRenderAllViews = lambda: None
    util.modulePath = lambda name: str(host.moduleFile(name))
    util.selectModule = lambda module: host.selectModule(module if isinstance(module, str) else module.name)
    util.selectedModule = lambda: host.selectedModule
    util.getModuleWidget = lambda module: host.openModule(module if isinstance(module, str) else module.name)
    util.getModuleLogic = lambda module: host.openModule(module if isinstance(module, str) else module.name).logic
    util.reloadScriptedModule = host.reloadModule
    util.restart = lambda: host.messages.append(("restart", ""))
    util.pip_install = _refuseInstallation
    util.pip_uninstall = _refuseInstallation


def _refuseInstallation(*args, **kwargs):
    raise AssertionError("tests never install packages")


def _display(messages, name, level):
    def display(text, windowTitle=None, parent=None, standardButtons=None, **kwargs):
        messages.append((name, text))
        logging.getLogger("slicer").log(level, "%s", text)

    return display


def _confirmation(messages, name):
    def confirm(text, windowTitle=None, parent=None, **kwargs):
        messages.append((name, text))
        return False

    return confirm


def importFresh(name, folder):
    """The module file, imported anew; its Lib package stays cached as in Slicer."""
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    sys.modules.pop(name, None)
    return importlib.import_module(name)


def lookUpAsSlicer(python, name):
    """The names that qSlicerScriptedLoadableModule.cxx looks up in a module file at start-up, with PyObject_HasAttr.

    Raises AssertionError when there is no panel, or something that Slicer would take for a reader, writer or dialog.
    """
    found = {kind for kind in ("Widget", "FileDialog", "FileReader", "FileWriter") if hasattr(python, name + kind)}
    if found != {"Widget"}:
        raise AssertionError(f"Slicer would find in {name}: {sorted(found)}")


class SlotErrors:
    """Exceptions in slots and observers are printed and swallowed; here they are also kept."""

    def __init__(self):
        self.found, self._previous = [], sys.excepthook
        sys.excepthook = self._keep

    def _keep(self, kind, error, traceback):
        self.found.append(error)
        self._previous(kind, error, traceback)

    def release(self):
        sys.excepthook = self._previous


def moduleRecord(host, name):
    """What slicer.modules.<name> is."""
    return types.SimpleNamespace(
        name=name,
        title=name,
        path=str(host.moduleFile(name)),
        logic=lambda: host.openModule(name).logic,
        widgetRepresentation=lambda: types.SimpleNamespace(self=lambda: host.openModule(name)),
    )


@contextlib.contextmanager
def waitCursorGone():
    """Fails when a wait cursor is left behind."""
    yield
    if QtWidgets.QApplication.overrideCursor() is not None:
        raise AssertionError("the wait cursor was left on")
