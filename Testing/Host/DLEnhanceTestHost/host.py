"""The host: one stand-in Slicer session with modules, scene, messages and screenshots."""

import sys
import time
import types
from pathlib import Path

import ctk
import qt
import slicer
from PySide6 import QtWidgets

from dlenhance.headlessSlicer import HeadlessSlicer

from .application import (
    Application,
    Messages,
    SlotErrors,
    importFresh,
    installUtilities,
    lookUpAsSlicer,
    moduleRecord,
    useTemporarySettings,
)
from .files import installFileFunctions
from .layoutManager import LayoutManager
from .mrmlWidgets import qSlicerScriptedLoadableModuleWidget
from .nodeComboBox import SceneWatcher

ROOT = Path(__file__).resolve().parents[3]
_ = ctk


class Host:
    """See the package's docstring for how tests use it."""

    def __init__(self, *, mainWindow=True):
        self.headless = HeadlessSlicer()
        self.scene, self.appLogic = self.headless.scene, self.headless.appLogic
        self.layoutManager = LayoutManager(self.headless) if mainWindow else None
        self.mainWindow = qt.QMainWindow() if mainWindow else None
        self.app = slicer.app = Application(self.headless, self.layoutManager)
        self.messages, self.statusMessages, self.selectedModule = Messages(), [], ""
        self._settings, self._errors, self._modules = useTemporarySettings(), SlotErrors(), {}
        self.exitCode = None
        installUtilities(self)
        installFileFunctions(self)

    def moduleFile(self, name):
        return ROOT / name / f"{name}.py"

    def loadModule(self, name):
        """What Slicer does at start-up: import the file, make the module class. The returned object is its parent."""
        python = importFresh(name, self.moduleFile(name).parent)
        lookUpAsSlicer(python, name)
        parent = types.SimpleNamespace(path=str(self.moduleFile(name)), icon=None)
        parent.module = getattr(python, name)(parent)
        parent.python = python
        setattr(slicer.modules, name.lower(), moduleRecord(self, name))
        for slot in self.app.startupSlots:
            slot()
        self.app.startupSlots.clear()
        return parent

    def openModule(self, name):
        """The module's widget object, set up and entered; the same one when it is open already."""
        if name not in self._modules:
            parent = qSlicerScriptedLoadableModuleWidget()
            parent.setLayout(qt.QVBoxLayout())
            parent.setMRMLScene(self.scene)
            if not hasattr(slicer.modules, name.lower()):
                self.loadModule(name)
            widget = getattr(sys.modules[name], f"{name}Widget")(parent)
            widget.setup()
            self._modules[name] = widget
        self.selectModule(name)
        return self._modules[name]

    def selectModule(self, name):
        """Leave the shown module and enter this one; an empty name leaves only."""
        if name == self.selectedModule:
            return
        if self.selectedModule in self._modules:
            self._enter(self._modules[self.selectedModule], entered=False)
        self.selectedModule = name
        if name and name not in self._modules:
            self.openModule(name)
        elif name:
            self._enter(self._modules[name], entered=True)

    @staticmethod
    def _enter(widget, *, entered):
        widget.parent.setProperty("isEntered", entered)
        getattr(widget, "enter" if entered else "exit", lambda: None)()

    def reloadModule(self, name):
        """The order of slicer.util: the module file runs anew, the old widget gets ``cleanup``, a new one is made.

        Parameter values stay in the scene.
        """
        self.selectModule("")
        importFresh(name, self.moduleFile(name).parent)
        old = self._modules.pop(name, None)
        if old is not None:
            old.cleanup()
            old.parent.deleteLater()
        return self.openModule(name)

    def closeScene(self):
        """File > Close scene: singletons stay, their links and backgrounds go."""
        self.scene.Clear(False)

    def processEvents(self):
        self.app.processEvents()

    def waitUntil(self, condition, seconds=20.0):
        """Runs the event loop until the condition holds. Raises AssertionError when it never does."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"the awaited condition did not come within {seconds} s")
            self.processEvents()
            time.sleep(0.002)

    def grab(self, widget, path, size=None):
        """Write a PNG of a panel. ``widget`` is a module's widget object or a Qt widget; size is (width, height)."""
        shown = widget if hasattr(widget, "isWidgetType") else widget.parent
        if size is not None:
            shown.resize(*size)
        shown.show()
        self.processEvents()
        if not QtWidgets.QWidget.grab(shown).save(str(path)):
            raise OSError(f"could not write {path}")
        return Path(path)

    def takeSlotErrors(self):
        """The exceptions raised in slots and observers so far, which then no longer fail the test at its end."""
        found, self._errors.found = self._errors.found, []
        return found

    def close(self):
        """End the session: modules are left and cleaned up. Raises AssertionError for exceptions in slots."""
        self.selectModule("")
        for widget in self._modules.values():
            widget.cleanup()
            widget.parent.deleteLater()
        self._modules.clear()
        self.processEvents()
        if self.layoutManager is not None:
            self.layoutManager.release()
        self.headless.close()
        SceneWatcher.releaseAll()
        self._errors.release()
        slicer.app = types.SimpleNamespace()
        sys.modules.pop("slicer.app", None)
        errors = self.takeSlotErrors()
        if errors:
            raise AssertionError(f"exceptions in slots or observers: {errors!r}")
