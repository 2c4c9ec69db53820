"""Stand-ins for the widgets that place markups and list their points (guide 4.2, 5.3)."""

import slicer
import vtk
from PySide6 import QtGui, QtWidgets
from PySide6.QtCore import Property, Signal

from .nodeComboBox import qMRMLNodeComboBox
from .nodeWatcher import NodeWatcher
from .pythonQt import StrictAttributes
from .stubBase import attribute, inRow


class qSlicerMarkupsPlaceWidget(StrictAttributes, QtWidgets.QWidget):
    """A button that starts placing points of the current markup; ``place`` does what a click in a view does."""

    activeMarkupsPlaceModeChanged = Signal(bool)
    activeMarkupsFiducialPlaceModeChanged = Signal(bool)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._scene = self._node = None
        self._placeMultipleMarkups, self._placeModePersistency, self._buttonsVisible = 0, False, True
        self._deleteAllControlPointsOptionVisible = True
        self._button = QtWidgets.QToolButton()
        self._button.setCheckable(True)
        self._button.setEnabled(False)
        self._button.setText("\N{BULLSEYE}")
        inRow(self, self._button)
        self._button.toggled.connect(self._onToggled)

    def _onToggled(self, checked):
        self.activeMarkupsPlaceModeChanged.emit(checked)

    def setMRMLScene(self, scene):
        self._scene = scene
        self._button.setEnabled(self._scene is not None and self._node is not None)

    def setCurrentNode(self, node):
        self._node = node
        self._button.setEnabled(self._scene is not None and node is not None)
        if node is None:
            self._button.setChecked(False)

    def currentNode(self):
        return self._node

    def setInteractionNode(self, node):
        pass

    def placeButton(self):
        return self._button

    def setPlaceModeEnabled(self, enabled):
        """Nothing happens without scene or node, as in Slicer."""
        self._button.setChecked(bool(enabled) and self._scene is not None and self._node is not None)

    def place(self, *points):
        """For tests: click at these RAS points; place mode then ends by itself unless it persists."""
        for point in points:
            self._node.AddControlPointWorld(vtk.vtkVector3d(*point))
        if not self._placeModePersistency and not self._placeMultipleMarkups:
            self._button.setChecked(False)

    placeModeEnabled = Property(bool, lambda self: self._button.isChecked(), setPlaceModeEnabled)
    currentNodeActive = Property(bool, lambda self: self._node is not None, lambda self, value: None)
    placeMultipleMarkups = attribute(int, "placeMultipleMarkups")
    placeModePersistency = attribute(bool, "placeModePersistency")
    buttonsVisible = Property(
        bool, lambda self: not self._button.isHidden(), lambda self, value: self._button.setVisible(value)
    )
    deleteAllControlPointsOptionVisible = attribute(bool, "deleteAllControlPointsOptionVisible")
    deleteAllMarkupsOptionVisible = attribute(bool, "deleteAllMarkupsOptionVisible")
    nodeColor = attribute(QtGui.QColor, "nodeColor")
    (
        ForcePlaceSingleMarkup,
        ForcePlaceMultipleMarkups,
        ShowPlaceMultipleMarkupsOption,
        HidePlaceMultipleMarkupsOption,
    ) = range(4)


class qSlicerSimpleMarkupsWidget(StrictAttributes, QtWidgets.QWidget):
    """A markups selector over a table of its control points."""

    markupsNodeChanged = Signal()

    def __init__(self, parent=None):
        super().__init__(parent)
        self._nodes, self._place, self._table = (
            qMRMLNodeComboBox(),
            qSlicerMarkupsPlaceWidget(),
            QtWidgets.QTableWidget(),
        )
        self._nodes.nodeTypes = ["vtkMRMLMarkupsNode"]
        layout = QtWidgets.QVBoxLayout(self)
        top = QtWidgets.QHBoxLayout()
        top.addWidget(self._nodes)
        top.addWidget(self._place)
        layout.addLayout(top)
        layout.addWidget(self._table)
        self._nodes.currentNodeChanged.connect(self._onNode)
        self._watcher = NodeWatcher(
            self._fill, vtk.vtkCommand.ModifiedEvent, slicer.vtkMRMLMarkupsNode.PointModifiedEvent
        )

    def setMRMLScene(self, scene):
        self._nodes.setMRMLScene(scene)
        self._place.setMRMLScene(scene)

    def setCurrentNode(self, node):
        self._nodes.setCurrentNode(node)

    def currentNode(self):
        return self._nodes.currentNode()

    def markupsPlaceWidget(self):
        return self._place

    def markupsSelectorComboBox(self):
        return self._nodes

    def tableWidget(self):
        return self._table

    def _onNode(self, node):
        self._place.setCurrentNode(node)
        self._watcher.watch(node)
        self.markupsNodeChanged.emit()

    def _fill(self):
        node = self._watcher.node
        count = node.GetNumberOfControlPoints() if node is not None else 0
        self._table.setColumnCount(4)
        self._table.setRowCount(count)
        self._table.setHorizontalHeaderLabels(["Label", "R", "A", "S"])
        for row in range(count):
            texts = [
                node.GetNthControlPointLabel(row),
                *(f"{c:.1f}" for c in node.GetNthControlPointPositionWorld(row)),
            ]
            for column, text in enumerate(texts):
                self._table.setItem(row, column, QtWidgets.QTableWidgetItem(text))

    enterPlaceModeOnNodeChange = attribute(bool, "enterPlaceModeOnNodeChange")
    jumpToSliceEnabled = attribute(bool, "jumpToSliceEnabled")
    optionsVisible = attribute(bool, "optionsVisible")
    viewGroup = attribute(int, "viewGroup")
    nodeSelectorVisible = Property(
        bool, lambda self: not self._nodes.isHidden(), lambda self, value: self._nodes.setVisible(value)
    )
