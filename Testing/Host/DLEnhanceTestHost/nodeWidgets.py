"""Stand-ins for widgets that show one MRML node: tables, segments, window and level (guide 4.2)."""

import vtk
from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import Property, Signal

from .nodeComboBox import qMRMLNodeComboBox
from .nodeWatcher import NodeWatcher
from .pythonQt import StrictAttributes
from .stubBase import attribute, inRow


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

    transposed = attribute(bool, "transposed")
    firstRowLocked = attribute(bool, "firstRowLocked")
    firstColumnLocked = attribute(bool, "firstColumnLocked")


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
        inRow(self, self._window, self._level)
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
    autoWindowLevel = attribute(int, "autoWindowLevel")
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
        inRow(self, self._nodes, self._segments)
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

    noneEnabled = attribute(bool, "noneEnabled")
    editEnabled = attribute(bool, "editEnabled")
    multiSelection = attribute(bool, "multiSelection")
    horizontalLayout = attribute(bool, "horizontalLayout")
    selectNodeUponCreation = attribute(bool, "selectNodeUponCreation")
    segmentationNodeSelectorVisible = Property(
        bool, lambda self: not self._nodes.isHidden(), lambda self, value: self._nodes.setVisible(value)
    )
