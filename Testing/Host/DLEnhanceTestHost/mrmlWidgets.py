"""Stand-ins for Slicer's MRML widgets that our panels use, over real MRML nodes (guide 4.2)."""

import slicer
import vtk
from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import Property, Signal

from .ctkWidgets import _attribute, _row, ctkCollapsibleButton, ctkDoubleSpinBox, ctkRangeWidget, ctkSliderWidget
from .nodeComboBox import SceneWatcher, qMRMLNodeComboBox
from .pythonQt import StrictAttributes


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

    isEntered = _attribute(bool, "isEntered")


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


class NodeWatcher:
    """Calls a function when the node changes; another node replaces it."""

    def __init__(self, onChanged, *events):
        self._onChanged, self._events, self.node, self._tags = onChanged, events, None, []

    def watch(self, node):
        for tag in self._tags:
            self.node.RemoveObserver(tag)
        self.node = node
        self._tags = [] if node is None else [node.AddObserver(event, self._notify) for event in self._events]
        self._onChanged()

    def _notify(self, caller, event):
        self._onChanged()


class qMRMLTableView(StrictAttributes, QtWidgets.QTableView):
    """Shows the contents of a vtkMRMLTableNode."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self._transposed = self._firstRowLocked = self._firstColumnLocked = False
        self._model = QtGui.QStandardItemModel()
        self.setModel(self._model)
        self._watcher = NodeWatcher(self._fill, vtk.vtkCommand.ModifiedEvent)

    def setMRMLTableNode(self, node):
        self._watcher.watch(node)

    def mrmlTableNode(self):
        return self._watcher.node

    def setMRMLScene(self, scene):
        pass

    def cellText(self, row, column):
        """For tests: what stands in the cell."""
        return self._model.item(row, column).text()

    def _fill(self):
        self._model.clear()
        node = self._watcher.node
        table = node.GetTable() if node is not None else None
        if table is None:
            return
        columns = [node.GetColumnName(c) for c in range(table.GetNumberOfColumns())]
        self._model.setHorizontalHeaderLabels(columns)
        for row in range(table.GetNumberOfRows()):
            self._model.appendRow([self._item(node, row, column) for column in range(len(columns))])
        self.resizeColumnsToContents()

    @staticmethod
    def _item(node, row, column):
        item = QtGui.QStandardItem(node.GetCellText(row, column))
        isText = node.GetTable().GetColumn(column).IsA("vtkStringArray")
        item.setTextAlignment(QtCore.Qt.AlignVCenter | (QtCore.Qt.AlignLeft if isText else QtCore.Qt.AlignRight))
        return item

    transposed = _attribute(bool, "transposed")
    firstRowLocked = _attribute(bool, "firstRowLocked")
    firstColumnLocked = _attribute(bool, "firstColumnLocked")


class qMRMLPlotView(StrictAttributes, QtWidgets.QFrame):
    def __init__(self, parent=None):
        super().__init__(parent)
        self._node = None

    def setMRMLScene(self, scene):
        pass

    def setMRMLPlotViewNode(self, node):
        self._node = node

    def mrmlPlotViewNode(self):
        return self._node


class qMRMLWindowLevelWidget(StrictAttributes, QtWidgets.QWidget):
    windowLevelValuesChanged = Signal(float, float)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._window, self._level = QtWidgets.QDoubleSpinBox(), QtWidgets.QDoubleSpinBox()
        for box in (self._window, self._level):
            box.setRange(-1e6, 1e6)
            box.valueChanged.connect(self._onChanged)
        _row(self, self._window, self._level)
        self._watcher = NodeWatcher(self._show, vtk.vtkCommand.ModifiedEvent)
        self._busy = False

    def setMRMLVolumeNode(self, node):
        self._watcher.watch(node.GetDisplayNode() if node is not None else None)

    def setMRMLScene(self, scene):
        pass

    def _show(self):
        display = self._watcher.node
        if display is not None:
            self._busy = True
            self._window.setValue(display.GetWindow())
            self._level.setValue(display.GetLevel())
            self._busy = False

    def _onChanged(self, _value=0.0):
        display = self._watcher.node
        if display is not None and not self._busy:
            display.SetAutoWindowLevel(False)
            display.SetWindowLevel(self.window, self.level)
            self.windowLevelValuesChanged.emit(self.window, self.level)

    window = Property(float, lambda self: self._window.property("value"), lambda self, v: self._window.setValue(v))
    level = Property(float, lambda self: self._level.property("value"), lambda self, v: self._level.setValue(v))
    autoWindowLevel = _attribute(int, "autoWindowLevel")
    minimumValue = Property(float, lambda self: self.level - self.window / 2, lambda self, v: None)
    maximumValue = Property(float, lambda self: self.level + self.window / 2, lambda self, v: None)


class qMRMLSegmentSelectorWidget(StrictAttributes, QtWidgets.QWidget):
    """A node selector and a list of the segments of the chosen segmentation."""

    currentNodeChanged = Signal(object)
    currentSegmentChanged = Signal(str)
    segmentSelectionChanged = Signal("QStringList")

    def __init__(self, parent=None):
        super().__init__(parent)
        self._noneEnabled, self._segment, self._ids = False, "", []
        self._nodes, self._segments = qMRMLNodeComboBox(), QtWidgets.QComboBox()
        self._nodes.nodeTypes = ["vtkMRMLSegmentationNode"]
        _row(self, self._nodes, self._segments)
        self._nodes.currentNodeChanged.connect(self._onNode)
        self._segments.activated.connect(self._onActivated)
        self._watcher = NodeWatcher(self._fill, vtk.vtkCommand.ModifiedEvent)

    def setMRMLScene(self, scene):
        self._nodes.setMRMLScene(scene)

    def currentNode(self):
        return self._nodes.currentNode()

    def setCurrentNode(self, node):
        self._nodes.setCurrentNode(node)

    def currentSegmentID(self):
        return self._segment

    def setCurrentSegmentID(self, segmentId):
        changed, self._segment = segmentId != self._segment, segmentId
        self._segments.setCurrentIndex(self._ids.index(segmentId) if segmentId in self._ids else -1)
        if changed:
            self.currentSegmentChanged.emit(segmentId)
            self.segmentSelectionChanged.emit([segmentId] if segmentId else [])

    def selectedSegmentIDs(self):
        return (self._segment,) if self._segment else ()

    def _onNode(self, node):
        self._watcher.watch(node)
        self.currentNodeChanged.emit(node)

    def _onActivated(self, row):
        self.setCurrentSegmentID(self._ids[row])

    def _fill(self):
        node = self._watcher.node
        segmentation = node.GetSegmentation() if node is not None else None
        self._ids = list(segmentation.GetSegmentIDs()) if segmentation is not None else []
        if self._noneEnabled:
            self._ids.insert(0, "")
        self._segments.clear()
        for segmentId in self._ids:
            self._segments.addItem(segmentation.GetSegment(segmentId).GetName() if segmentId else "None")
        keep = self._segment if self._segment in self._ids else (self._ids[0] if self._ids else "")
        self.setCurrentSegmentID(keep)

    noneEnabled = _attribute(bool, "noneEnabled")
    editEnabled = _attribute(bool, "editEnabled")
    multiSelection = _attribute(bool, "multiSelection")
    horizontalLayout = _attribute(bool, "horizontalLayout")
    selectNodeUponCreation = _attribute(bool, "selectNodeUponCreation")
    segmentationNodeSelectorVisible = Property(
        bool, lambda self: not self._nodes.isHidden(), lambda self, value: self._nodes.setVisible(value)
    )


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
        _row(self, self._button)
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
    placeMultipleMarkups = _attribute(int, "placeMultipleMarkups")
    placeModePersistency = _attribute(bool, "placeModePersistency")
    buttonsVisible = Property(
        bool, lambda self: not self._button.isHidden(), lambda self, value: self._button.setVisible(value)
    )
    deleteAllControlPointsOptionVisible = _attribute(bool, "deleteAllControlPointsOptionVisible")
    deleteAllMarkupsOptionVisible = _attribute(bool, "deleteAllMarkupsOptionVisible")
    nodeColor = _attribute(QtGui.QColor, "nodeColor")
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

    enterPlaceModeOnNodeChange = _attribute(bool, "enterPlaceModeOnNodeChange")
    jumpToSliceEnabled = _attribute(bool, "jumpToSliceEnabled")
    optionsVisible = _attribute(bool, "optionsVisible")
    viewGroup = _attribute(int, "viewGroup")
    nodeSelectorVisible = Property(
        bool, lambda self: not self._nodes.isHidden(), lambda self, value: self._nodes.setVisible(value)
    )


MRML_CLASSES = {name: kind for name, kind in globals().items() if name.startswith(("qMRML", "qSlicer"))}
__all__ = ["MRML_CLASSES", "SceneWatcher"]
