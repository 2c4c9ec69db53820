"""Stand-ins for the simple MRML widgets, and all stand-ins for qMRML and qSlicer widgets by class name."""

from PySide6 import QtCore, QtWidgets
from PySide6.QtCore import Signal

from . import markupsWidgets, nodeComboBox, nodeWidgets
from .ctkContainers import ctkCollapsibleButton
from .ctkNumbers import ctkDoubleSpinBox, ctkRangeWidget, ctkSliderWidget
from .pythonQt import StrictAttributes
from .stubBase import attribute


class qMRMLWidget(StrictAttributes, QtWidgets.QWidget):
    """Passes its scene on to the widgets that the .ui connects to it, and only to those."""

    mrmlSceneChanged = Signal(object)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._scene, self._receivers = None, ()

    def passSceneTo(self, names):
        self._receivers = tuple(names)

    def setMRMLScene(self, scene):
        self._scene = scene
        for child in QtCore.QObject.findChildren(self, QtWidgets.QWidget):
            if child.property("objectName") in self._receivers:
                child.setMRMLScene(scene)
        self.mrmlSceneChanged.emit(scene)

    def mrmlScene(self):
        return self._scene


class qSlicerWidget(qMRMLWidget):
    pass


class qSlicerScriptedLoadableModuleWidget(qMRMLWidget):
    """The parent of a module widget."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._isEntered = False

    isEntered = attribute(bool, "isEntered")


class qMRMLCollapsibleButton(ctkCollapsibleButton):
    pass


class qMRMLSpinBox(ctkDoubleSpinBox):
    def setMRMLScene(self, scene):
        pass


class qMRMLSliderWidget(ctkSliderWidget):
    def setMRMLScene(self, scene):
        pass


class qMRMLRangeWidget(ctkRangeWidget):
    def setMRMLScene(self, scene):
        pass


MRML_CLASSES = {
    name: kind
    for names in (globals(), vars(nodeComboBox), vars(nodeWidgets), vars(markupsWidgets))
    for name, kind in names.items()
    if name.startswith(("qMRML", "qSlicer"))
}
